"""Groups that learn: what one member cannot do runs on another, and statements that were described are not tied to where that was."""

import os
import threading

import psycopg
import pytest

import ops
import proxy as proxy_module
import wire

ROWS = 50_000


def member(path, key, value, index):
    """What type the columns have, and whether there is an index, differs from member to member."""
    return ops.points_member(path, ROWS, index, f"k {key}, v {value}", lambda k: str(k + 1))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("elsewhere"))
    return {"scans": member(os.path.join(folder, "scans.sqlite"), "integer", "text", False),
            "seeks": member(os.path.join(folder, "seeks.sqlite"), "integer", "text", True),
            "numbers": member(os.path.join(folder, "numbers.sqlite"), "integer", "integer", True)}


def config(clusters, **explore):
    return ops.learning(clusters, explore)


def described(client, sql, where):
    """SQL as prepared statement `s`, described by member WHERE."""
    client.run(f"SET turnout.cluster = '{where}'")
    client.send(wire.parse(sql, "s"), wire.describe("S", "s"), wire.SYNC)
    messages = wire.check(client.until("Z"))
    client.run("RESET turnout.cluster")
    assert "T" in wire.types(messages)


def execute(client, *values):
    client.send(wire.bind(values, statement="s"), wire.execute(), wire.SYNC)
    return wire.texts(wire.check(client.until("Z")))


def look_up(client, count):
    for n in range(count):
        k = n * 997 % ROWS
        assert execute(client, str(k)) == [[str(k + 1)]]


def test_a_described_statement_moves_to_the_better_member(files):
    with proxy_module.Proxy(config({name: files[name] for name in ("scans", "seeks")})) as proxy, wire.Wire(proxy.port) as client:
        described(client, "SELECT v FROM points WHERE k = $1", "scans")
        ops.until_records(proxy, lambda count: look_up(client, count), ops.mostly("seeks"))


def test_rows_of_other_types_than_were_described_never_come(files):
    with proxy_module.Proxy(config({name: files[name] for name in ("scans", "numbers")})) as proxy, wire.Wire(proxy.port) as client:
        described(client, "SELECT v FROM points WHERE k = $1", "scans")
        tried = len(ops.until_records(proxy, lambda count: look_up(client, count), lambda records: [r for r in records if r["attempts"] > 1]))
        look_up(client, 30)
        records = ops.history(proxy, tried + 30)
        assert {r["cluster"] for r in records} == {"scans"}
        moved = len([r for r in records if r["attempts"] > 1])
        assert 1 <= moved <= 2 + ops.metric(proxy, "turnout_attempts_cut_total")  # then it is known
        with ops.connect(proxy) as simple:  # who was told nothing is not held to it
            def ask(count):
                for n in range(count):
                    assert ops.ask(simple, f"SELECT v FROM points WHERE k = {n}") in (n + 1, str(n + 1))
            ops.until_records(proxy, ask, ops.mostly("numbers"), 20, count=tried + 30)
        look_up(client, 5)
        client.run("DEALLOCATE s")
        described(client, "SELECT v FROM points WHERE k = $1", "numbers")
        look_up(client, 20)


def test_nothing_moves_where_results_are_not_held_back(files):
    with proxy_module.Proxy(config({name: files[name] for name in ("scans", "seeks")}, holdBack=False)) as proxy:
        with wire.Wire(proxy.port) as client:
            described(client, "SELECT v FROM points WHERE k = $1", "scans")
            look_up(client, 40)
            assert {r["cluster"] for r in ops.history(proxy, 40)} == {"scans"}


def test_parameters_mean_the_same_elsewhere(files, postgres_server):
    """Described by SQLite they are texts, which PostgreSQL does not compare with integers: it is asked once or twice, nobody is told."""
    database = postgres_server.create_database("elsewhere_parameters")
    postgres_server.sql("CREATE TABLE points (k integer PRIMARY KEY, v text);"
                        f"INSERT INTO points SELECT k, (k + 1)::text FROM generate_series(0, {ROWS - 1}) k", database=database)
    clusters = {"scans": files["scans"], "pg": postgres_server.cluster(database)}
    with proxy_module.Proxy(config(clusters)) as proxy:
        for where in clusters:
            with wire.Wire(proxy.port) as client:
                described(client, "SELECT v FROM points WHERE k = $1", where)
                look_up(client, 30)


def test_what_one_member_cannot_do_runs_on_another(files, postgres_server):
    clusters = {"scans": files["scans"], "pg": postgres_server.cluster(postgres_server.create_database("elsewhere_functions"))}
    with proxy_module.Proxy(config(clusters)) as proxy, ops.connect(proxy) as connection:
        for n in range(20):
            assert ops.ask(connection, f"SELECT to_char({n}, 'FM00')") == f"{n:02}"  # PostgreSQL's
            assert ops.ask(connection, f"SELECT group_concat(v) FROM (SELECT v FROM points WHERE k = {n}) x") == str(n + 1)  # SQLite's
        records = ops.history(proxy, 40)
        assert {r["cluster"] for r in records if "to_char" in r["text"]} == {"pg"}
        assert {r["cluster"] for r in records if "group_concat" in r["text"]} == {"scans"}
        moved = len([r for r in records if r["attempts"] > 1])
        assert 1 <= moved <= 2 + ops.metric(proxy, "turnout_attempts_cut_total")  # after the first time it is known
        for sql, state in (("SELECT * FROM nowhere", "42P01"), ("SELECT nonsense()", "42883"), ("SELECT 1 / 0 FROM", "42601")):
            with pytest.raises(psycopg.Error) as error:  # nobody can: it is told
                connection.execute(sql)
            assert error.value.sqlstate == state, sql
        plan = "\n".join(row[0] for row in connection.execute("EXPLAIN ROUTE SELECT to_char(5, 'FM00')").fetchall())
        assert "->  pg" in plan


def test_who_failed_is_not_waited_for_beside_the_one_that_is_full(files, postgres_server):
    """The best member has lost its table, and the other one has no slot free: the query waits for that."""
    database = postgres_server.create_database("elsewhere_full")
    postgres_server.sql(f"CREATE TABLE points (k integer PRIMARY KEY, v text); INSERT INTO points SELECT k, k + 1 FROM generate_series(0, {ROWS - 1}) k",
                        database=database)
    clusters = {"scans": {**files["scans"], "maxRunningQueries": 1}, "pg": postgres_server.cluster(database)}
    with proxy_module.Proxy(config(clusters, mode="off")) as proxy, ops.connect(proxy) as connection, ops.connect(proxy, autocommit=False) as holder:
        for cluster in clusters:
            connection.execute(f"SET turnout.cluster = '{cluster}'")
            for n in range(10):
                ops.ask(connection, f"SELECT v FROM points WHERE k = {n}")
        connection.execute("RESET turnout.cluster")
        assert ops.ask(connection, "SELECT v FROM points WHERE k = 7") == "8"
        assert ops.history(proxy, 21)[0]["cluster"] == "pg"
        postgres_server.sql("DROP TABLE points", database=database)
        holder.execute("/*+ turnout(cluster=scans) */ SELECT 1")
        answers = []
        asking = threading.Thread(target=lambda: answers.append(ops.ask(connection, "SELECT v FROM points WHERE k = 7")), daemon=True)
        asking.start()
        proxy.wait_for(lambda: not asking.is_alive() or [q for q in proxy.running_queries() if q["state"] == "queued"], what="the query in line")
        holder.rollback()
        asking.join(60)
        assert answers == ["8"]
        record = next(r for r in ops.history(proxy, 24) if r["attempts"] > 1)
        assert record["attempts"] == 2 and record["cluster"] == "scans"


def test_a_write_is_not_tried_elsewhere(files, postgres_server):
    clusters = {"scans": files["scans"], "pg": postgres_server.cluster(postgres_server.create_database("elsewhere_writes"))}
    with proxy_module.Proxy(config(clusters)) as proxy, ops.connect(proxy) as connection:
        for _ in range(3):
            with pytest.raises(psycopg.Error):
                connection.execute("INSERT INTO nowhere VALUES (1)")
        assert {r["attempts"] for r in ops.history(proxy, 3)} == {1}
