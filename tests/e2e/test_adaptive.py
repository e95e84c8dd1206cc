"""Groups that learn: where queries end up, what is cut and cancelled, what is never tried twice, what survives."""

import contextlib
import json
import os
import sqlite3
import threading
import time

import psycopg
import pymysql
import pytest
import trino

import ops
import proxy as proxy_module
import wire

ROWS = 100_000


def member(path, index):
    return ops.points_member(path, ROWS, index)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("adaptive"))
    return {"scans": member(os.path.join(folder, "scans.sqlite"), False), "seeks": member(os.path.join(folder, "seeks.sqlite"), True)}


config = ops.learning


def look_up(connection, count, first=0):
    for k in range(first, first + count):
        assert ops.ask(connection, f"SELECT v FROM points WHERE k = {k * 997 % ROWS}") == f"value {k * 997 % ROWS}"


def learned(proxy, connection, cluster="seeks", share=.85, **more):
    """Look-ups until more than that SHARE of the last 20 run on CLUSTER. All records."""
    return ops.until_records(proxy, lambda count: look_up(connection, count), ops.mostly(cluster, share), step=20, **more)


def explained(connection):
    return "\n".join(row[0] for row in connection.execute("EXPLAIN ROUTE SELECT v FROM points WHERE k = 5").fetchall())


def clusters_of(proxy, count=None, **filters):
    return [r["cluster"] for r in ops.history(proxy, count, **filters)]


def test_look_ups_go_where_the_index_is(files):
    with proxy_module.Proxy(config(files)) as proxy, ops.connect(proxy) as connection:
        records = learned(proxy, connection)
        assert all(r["outcome"] == "ok" for r in records)
        assert records[0]["reason"].split()[0] in ("best", "pinned", "explore")
        columns = "plan, rung, shape, predicted_ms, usd_micros"
        with ops.connect(proxy, dbname="turnout") as console:
            decided = console.execute(f"SELECT cluster, {columns} FROM decisions WHERE plan <> '' AND cluster = 'seeks' AND attempts = 1 LIMIT 1").fetchone()
        assert decided[1].split("@")[0].split(",")[0] == decided[0] == "seeks" and decided[2] in ("shape", "exact") and len(decided[3]) == 32
        assert 0 < decided[4] < 10 * max(r["totalMs"] for r in records)  # milliseconds, as they are
        plan = explained(connection)
        assert decided[3] in plan
        reasons = ("best", "pinned", "explore", "firstSight")
        assert sum(ops.metric(proxy, "turnout_decisions_total", reason=reason) for reason in reasons) == len(records)
        assert ops.metric(proxy, "turnout_statistics_shapes") >= 1
        assert f"seen {len(records)} times" in plan and "seeks" in plan
        assert "seeks" in proxy.cli("shapes", "--json", "--admin", proxy.admin_url).stdout


def test_the_same_text_with_other_aliases_is_the_same_shape(files):
    with proxy_module.Proxy(config(files)) as proxy, ops.connect(proxy) as connection:
        for k, alias in enumerate("abcdefghij"):
            ops.ask(connection, f"SELECT {alias}.v FROM points AS {alias} /* agent {k} */ WHERE {alias}.k = {k}")
        plan = "\n".join(row[0] for row in connection.execute("EXPLAIN ROUTE SELECT zz.v FROM points zz WHERE zz.k = 3").fetchall())
        assert "seen 10 times" in plan


def test_a_loud_user_teaches_his_share(files):
    """At most a quarter of what is learned of a shape within a minute comes from one user, of two the half; alone he teaches all."""
    with proxy_module.Proxy(config(files)) as proxy, ops.connect(proxy) as connection:
        look_up(connection, 40)
        assert ops.metric(proxy, "turnout_statistics_refused_lessons_total") == 0
        with ops.connect(proxy, user="another") as another:
            look_up(another, 5)
        assert ops.metric(proxy, "turnout_statistics_refused_lessons_total") == 0
        look_up(connection, 40)
        refused = ops.metric(proxy, "turnout_statistics_refused_lessons_total")
        assert 20 <= refused <= 40


def bands(proxy, text, count):
    """The band of each of the COUNT records with TEXT in it, oldest first."""
    return [record["band"] for record in reversed(ops.history(proxy, count, text=text))]


def cell(proxy, part, cluster):
    """What CLUSTER showed on the shape with PART in its text."""
    shapes = json.loads(proxy.cli("shapes", "--json", "--limit", "500", "--admin", proxy.admin_url).stdout)["shapes"]
    return next(c for s in shapes if part in s["text"] for c in s["clusters"] if c["cluster"] == cluster)


def test_waiting_for_a_slot_is_not_learned(files):
    """Queueing says how busy we are, not how fast the engine is (adaptive G9, double-counted queueing)."""
    wanted = config({"seeks": {**files["seeks"], "maxRunningQueries": 1}})
    with proxy_module.Proxy(wanted) as proxy, ops.connect(proxy) as connection:
        with ops.connect(proxy, autocommit=False) as holder:
            ops.ask(holder, "SELECT v FROM points WHERE k = 1")
            waits = threading.Thread(target=connection.execute, args=("SELECT length(v) AS waited FROM points WHERE k = 3",))
            waits.start()
            proxy.wait_for(lambda: ops.group(proxy, "all")["queued"] == 1, what="it waits")
            time.sleep(1.5)
            holder.rollback()
            waits.join(60)
        [record] = ops.history(proxy, 1, text="waited")
        assert record["queueMs"] >= 1500 and record["engineMs"] + 1400 < record["totalMs"]
        learned_of = cell(proxy, "length", "seeks")
        assert learned_of["n"] == 1 and learned_of["p50Ms"] <= record["engineMs"] + 1


def test_a_client_that_reads_slowly_is_not_learned(files):
    """Nor how fast its client reads (adaptive G9, client backpressure)."""
    rows = "SELECT a.k AS slowly, 'some text that fills what is between us and the client, again and again, until the engine has to stop' FROM points a, points b WHERE b.k < 6"
    with proxy_module.Proxy(config({"seeks": files["seeks"]})) as proxy, wire.Wire(proxy.port) as client:
        client.send(wire.query(rows))
        proxy.wait_for(lambda: ops.metric(proxy, "turnout_client_pauses_total") > 0, what="the engine is stopped")
        time.sleep(1.5)
        client.finish()
        [record] = ops.history(proxy, 1, text="slowly")
        learned_of = cell(proxy, "slowly", "seeks")
        assert record["outcome"] == "ok" and record["totalMs"] > 1500 and learned_of["n"] == 1
        assert learned_of["p50Ms"] < record["totalMs"] - 1400, (record, learned_of)


def test_what_is_prepared_counts_for_its_text(files):
    """One shape with the plain text, parsed once and executed often (adaptive G9, EXECUTE of prepared statements)."""
    with proxy_module.Proxy(config({"seeks": files["seeks"]})) as proxy, ops.connect(proxy) as connection:
        for k in range(5):
            assert ops.ask(connection, "SELECT v AS executed FROM points WHERE k = %s", (k,)) == f"value {k}"
        for k in range(5):
            connection.execute("SELECT v AS executed FROM points WHERE k = %s", (k,), prepare=True)
        connection.execute("SELECT v AS executed FROM points WHERE k = 7")
        shapes = [s for s in json.loads(proxy.cli("shapes", "--json", "--admin", proxy.admin_url).stdout)["shapes"] if "executed" in s["text"]]
        assert [s["calls"] for s in shapes] == [11], shapes


def test_execute_in_sql_counts_for_what_it_names(files, postgres_server):
    """With its values, on the cluster that the session is bound to; names come and go as on the engine."""
    database = postgres_server.create_database(f"named_{time.monotonic_ns()}")
    postgres_server.sql("CREATE TABLE points (k integer, v text); INSERT INTO points SELECT i, 'value ' || i FROM generate_series(0, 99) AS t(i)", database=database)
    with proxy_module.Proxy(config({"pg": postgres_server.cluster(database)})) as proxy, ops.connect(proxy) as connection:
        def calls(part):
            shapes = json.loads(proxy.cli("shapes", "--json", "--limit", "500", "--admin", proxy.admin_url).stdout)["shapes"]
            return {s["text"]: sum(c["n"] for c in s["clusters"]) for s in shapes if part in s["text"]}
        connection.execute("PREPARE one (integer, text) AS SELECT reverse(v) FROM points WHERE k = $1 AND v <> $2")
        for k in range(3):
            assert ops.ask(connection, f"EXECUTE One({k}, concat('a,)', 'b'))") == f"value {k}"[::-1]
        connection.execute("SELECT reverse(v) FROM points WHERE k = 4 AND v <> concat('a', 'c')").fetchall()
        assert calls("reverse") == {"SELECT reverse(v) FROM points WHERE k = ? AND v <> concat(?, ?)": 4}, calls("")
        with pytest.raises(psycopg.Error):
            connection.execute("PREPARE one AS SELECT upper(v) FROM points")
        assert ops.ask(connection, "EXECUTE one(5, 'x')") == "5 eulav"
        assert connection.execute("EXECUTE one(5, 'x')", (), prepare=True).fetchone()[0] == "5 eulav"  # by the other way of the protocol
        connection.execute("DEALLOCATE one")
        for way in ({}, {"params": (), "prepare": True}):  # what the engine refused has no name, by both ways of the protocol
            with pytest.raises(psycopg.errors.UndefinedColumn):
                connection.execute("PREPARE one AS SELECT lower(nowhere) FROM points", **way)
        connection.execute("PREPARE one AS SELECT upper(v) FROM points WHERE k = 1")
        assert ops.ask(connection, "EXECUTE one") == "VALUE 1"
        assert sum(calls("reverse").values()) == 6 and sum(calls("upper").values()) == 1, calls("")
        connection.execute("DISCARD ALL")
        with pytest.raises(psycopg.Error):
            connection.execute("EXECUTE one")
        assert sum(calls("upper").values()) == 1 and not calls("EXECUTE"), calls("")


def test_execute_of_mysql_counts_for_what_it_names(mariadb_server):
    """The same with MySQL's own PREPARE .. FROM, whose values are the session's variables, and with MariaDB's EXECUTE IMMEDIATE."""
    pymysql = pytest.importorskip("pymysql")
    database = mariadb_server.create_database(f"named_{time.monotonic_ns()}")
    mariadb_server.sql("CREATE TABLE points SELECT seq AS k, concat('value ', seq) AS v FROM seq_0_to_99", database=database)
    made = config({"m": mariadb_server.cluster(database)})
    made["turnout"]["frontends"] = {**made["turnout"].get("frontends", {}), "mysqlWire": {"port": 0}}
    with proxy_module.Proxy(made) as proxy, \
            pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, user="me", database=database, autocommit=True).cursor() as cursor:
        def run(sql):
            cursor.execute(sql)
            return cursor.fetchall()
        run("PREPARE one FROM 'SELECT reverse(v) FROM points WHERE k >= ? AND v <> ? LIMIT ?'")
        for size in (1, 50_000, 1):
            run(f"SET @k = 7, @v = 'it\\'s', @size = {size}")
            assert run("EXECUTE One USING @k, @v, @size")[0] == ("7 eulav",)
        keep = "SET @k = 7, @sql = \"SELECT reverse(v) FROM points WHERE k >= ? AND v <> 'x' LIMIT 1\""
        run(keep)
        assert run("EXECUTE IMMEDIATE @sql USING @k") == (("7 eulav",),)
        assert run("SELECT reverse(v) FROM points WHERE k >= 7 AND v <> 'it''s' LIMIT 1") == (("7 eulav",),)
        for sql in ("PREPARE one FROM 'SELECT lower(nowhere) FROM points'", "EXECUTE one"):  # what was named before is gone
            with pytest.raises(pymysql.MySQLError):
                run(sql)
        run(keep)
        run("PREPARE one FROM @sql")
        run("SET @k = 7")
        assert run("EXECUTE one USING @k") == (("7 eulav",),)
        run("DEALLOCATE PREPARE one")
        with pytest.raises(pymysql.MySQLError):
            run("EXECUTE one USING @k")
        records = [r for r in reversed(ops.history(proxy, 12)) if "shape" in r]
        assert [(r["text"].split()[0], r["band"]) for r in records] == [("EXECUTE", band) for band in (1, 3, 1, 1)] + [("SELECT", 1), ("EXECUTE", 1)], records
        assert len({r["shape"] for r in records}) == 1, records


def test_a_shorter_time_out_is_no_shorter_run(files):
    """What was given up after a moment took longer than that (adaptive G9, time-outs shorter on one engine)."""
    slow = "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 1000000000) SELECT count(*) AS brief FROM t"
    with proxy_module.Proxy(config({"seeks": files["seeks"]})) as proxy, ops.connect(proxy) as connection:
        connection.execute("SET statement_timeout = 300")
        for _ in range(2):
            with pytest.raises(psycopg.errors.QueryCanceled):
                connection.execute(slow)
        learned_of = cell(proxy, "brief", "seeks")
        assert learned_of["n"] == 0 and learned_of.get("p50Ms") is None, learned_of
        plan = connection.execute("EXPLAIN (FORMAT JSON) ROUTE " + slow).fetchone()[0]
        one = (plan if isinstance(plan, dict) else json.loads(plan))["groups"][0]["members"][0]
        assert one["p50Ms"] > 250, one


def test_values_of_parameters_choose_the_band(files):
    """As literals do, whether they come as text or binary, in a statement that is prepared or not."""
    def asked(connection, sql, *values):
        for binary in (True, False):
            with connection.cursor(binary=binary) as cursor:
                placeholder = "%b" if binary else "%t"
                cursor.execute(sql.replace("%s", placeholder), values)
                cursor.fetchall()
    with proxy_module.Proxy(config(files)) as proxy, ops.connect(proxy) as connection:
        for limit in (5, 50_000):
            connection.execute(f"SELECT v FROM points LIMIT {limit} -- written.").fetchall()
            asked(connection, "SELECT v FROM points LIMIT %s -- bound.", limit)
        for low, high in ((1, 5), (1, 90_000)):
            connection.execute(f"SELECT v FROM points WHERE k BETWEEN {low} AND {high} -- range written.").fetchall()
            asked(connection, "SELECT v FROM points WHERE k BETWEEN %s AND %s -- range bound.", low, high)
        for limit in (5, 50_000) * 4:  # prepared from the second on
            connection.execute("SELECT k FROM points LIMIT %s -- prepared.", (limit,), prepare=True).fetchall()
        connection.execute("SET search_path = other")  # another shape from now on
        connection.execute("SELECT k FROM points LIMIT %s -- prepared.", (5,), prepare=True).fetchall()
        small, large = bands(proxy, "-- written.", 2)
        assert small != large
        assert bands(proxy, "-- bound.", 4) == [small, small, large, large]
        small, large = bands(proxy, "-- range written.", 2)
        assert small != large
        assert bands(proxy, "-- range bound.", 4) == [small, small, large, large]
        prepared = bands(proxy, "-- prepared.", 9)
        assert prepared[:8] == prepared[:2] * 4 and prepared[0] != prepared[1]
        shapes = [record["shape"] for record in reversed(ops.history(proxy, 9, text="-- prepared."))]
        assert len(set(shapes[:8])) == 1 and shapes[8] != shapes[0]


def test_an_attempt_that_is_cut_ends_on_the_engine(files, postgres_server):
    """What sleeps in PostgreSQL is a plain view in SQLite: the chain gets its answer there, and PostgreSQL is cancelled."""
    database = postgres_server.create_database(f"adaptive_{time.monotonic_ns()}")
    postgres_server.sql("CREATE VIEW slow AS SELECT 7 AS v FROM pg_sleep(60); CREATE TABLE quick (v int); INSERT INTO quick VALUES (1)",
                        database=database)
    with contextlib.closing(sqlite3.connect(files["seeks"]["databasePath"])) as db:
        db.executescript("DROP VIEW IF EXISTS slow; CREATE VIEW slow AS SELECT 7 AS v; CREATE TABLE IF NOT EXISTS quick (v int); DELETE FROM quick; "
                         "INSERT INTO quick VALUES (1)")
    clusters = {"seeks": files["seeks"], "pg": postgres_server.cluster(database)}
    with proxy_module.Proxy(config(clusters)) as proxy, ops.connect(proxy) as connection:
        for n in range(40):  # how fast the two are: so that deadlines are short
            ops.ask(connection, f"SELECT v + {n} AS c{n} FROM quick WHERE v{' + 1' * (n % 8)} > {n} - 99 OR v = {n}")
        for n in range(60):
            assert ops.ask(connection, "SELECT v" + ", v + 1" * n + " FROM slow") == 7
            if ops.metric(proxy, "turnout_attempts_cut_total") > 0:
                break
        assert ops.metric(proxy, "turnout_attempts_cut_total") > 0
        running = "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%slow%' AND state = 'active' AND pid <> pg_backend_pid()"
        proxy.wait_for(lambda: not postgres_server.sql(running), seconds=30, what="its end on the engine")  # by itself after a minute
        assert all(r["outcome"] == "ok" for r in ops.history(proxy))


def test_a_write_runs_once(files):
    with proxy_module.Proxy(config(files)) as proxy, ops.connect(proxy) as connection:
        for n in range(50):
            connection.execute(f"INSERT INTO log VALUES ({n})")
        rows = 0
        for cluster in files.values():
            with contextlib.closing(sqlite3.connect(cluster["databasePath"])) as db:
                rows += db.execute("SELECT count(*) FROM log").fetchone()[0]
                db.execute("DELETE FROM log")
                db.commit()
        assert rows == 50
        assert ops.metric(proxy, "turnout_attempts_cut_total") == 0
        assert not [r for r in ops.history(proxy, 50) if "explore" in r["reason"] or "@" in r["reason"]]


def test_a_transaction_stays_where_it_began(files):
    with proxy_module.Proxy(config(files)) as proxy, ops.connect(proxy, autocommit=False) as connection:
        for _ in range(5):
            look_up(connection, 4)
            connection.commit()
        records = [r for r in reversed(ops.history(proxy, 25)) if "points" in r["text"]]
        for i in range(0, 20, 4):
            assert len({r["cluster"] for r in records[i:i + 4]}) == 1
        assert not [r for r in records if "@" in r["reason"]]


def test_a_transaction_teaches(files):
    """Whatever it runs, where it runs: most drivers are never outside of one."""
    with proxy_module.Proxy(config({"seeks": files["seeks"]})) as proxy:
        with ops.connect(proxy, autocommit=False) as connection:
            for k in range(4):
                ops.ask(connection, f"SELECT upper(v) FROM points WHERE k = {k}")
            with pytest.raises(psycopg.Error):
                connection.execute("SELECT nothing_of_the_kind(v) FROM points")
            with pytest.raises(psycopg.Error):
                connection.execute("SELECT upper(v) FROM points WHERE k = 9")  # of a transaction that failed: not run
            connection.rollback()
        learned_of = cell(proxy, "upper", "seeks")
        assert learned_of["n"] == 4 and learned_of["success"] == 1, learned_of
        assert [r["reason"] for r in ops.history(proxy, 4, text="upper(v) FROM points WHERE k = ", outcome="ok")][:3] == ["pinned to the session"] * 3


def test_advice_changes_nothing(files):
    with proxy_module.Proxy(config(files, mode="advise")) as proxy, ops.connect(proxy) as connection:
        look_up(connection, 30)
        records = ops.history(proxy, 30)
        assert clusters_of(proxy, 30).count("seeks") == 15
        assert all("advises" in r["reason"] for r in records)
        ops.until_records(proxy, lambda count: look_up(connection, count), lambda last: "advises seeks" in last[0]["reason"], count=30)
        assert ops.metric(proxy, "turnout_attempts_cut_total") == 0


def test_mode_off_is_round_robin(files):
    with proxy_module.Proxy(config(files, mode="off")) as proxy, ops.connect(proxy) as connection:
        look_up(connection, 20)
        assert clusters_of(proxy, 20).count("seeks") == 10


def test_nothing_is_held_back(files):
    with proxy_module.Proxy(config(files, explore={"holdBack": False})) as proxy, ops.connect(proxy) as connection:
        look_up(connection, 30)
        assert not [r for r in ops.history(proxy, 30) if "@" in r["reason"]]


def test_a_request_names_its_strategy(files):
    with proxy_module.Proxy(config(files)) as proxy, ops.connect(proxy) as connection:
        connection.execute("SET turnout.strategy = 'failover'")
        look_up(connection, 10)
        assert set(clusters_of(proxy, 10)) == {"scans"}
    with proxy_module.Proxy(config(files, override=False)) as proxy, ops.connect(proxy) as connection:
        asked = len(learned(proxy, connection))
        connection.execute("SET turnout.strategy = 'failover'")  # its first choice is the other one
        learned(proxy, connection, count=asked)


def test_frozen_groups_learn_nothing(files):
    with proxy_module.Proxy(config(files)) as proxy, ops.connect(proxy) as connection:
        asked = len(learned(proxy, connection))
        proxy.cli("freeze", "all", "--admin", proxy.admin_url)
        look_up(connection, 20)
        assert set(clusters_of(proxy, asked + 20)[:20]) == {"seeks"}


def seen(connection):
    plan = explained(connection)
    return int(plan.split("seen ")[1].split()[0]) if "seen " in plan else 0


def test_statistics_survive(files):
    with proxy_module.Proxy(config(files, turnout={"persistence": {"type": "sqlite", "path": "turnout.db"}})) as proxy:
        with ops.connect(proxy) as connection:
            look_up(connection, 20)
        proxy.restart()
        with ops.connect(proxy) as connection:
            assert seen(connection) == 20
            look_up(connection, 10)
            proxy.wait_for(lambda: ops.metric(proxy, "turnout_statistics_unsaved_shapes") == 0, what="they are written")  # soon, without being asked to
            look_up(connection, 5)
        for _ in range(3):
            proxy.kill()
            with contextlib.closing(sqlite3.connect(proxy.path("turnout.db.stats"))) as db:
                assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            proxy.start()
            with ops.connect(proxy) as connection:
                assert 30 <= seen(connection) <= 35
        with ops.connect(proxy) as connection:
            learned(proxy, connection, share=.5, count=len(ops.history(proxy)))


def test_a_group_of_many(tmp_path):
    """More members than outlooks are kept of."""
    clusters = {f"m{n:02}": member(str(tmp_path / f"m{n}.sqlite"), n == 11) for n in range(12)}
    with proxy_module.Proxy(config(clusters)) as proxy, ops.connect(proxy) as connection:
        learned(proxy, connection, "m11", share=.7)


def test_what_would_wait_goes_to_the_fallback_group(files):
    """As with any other strategy."""
    wanted = config(files)
    wanted["clusterGroups"]["all"].update(maxRunningQueries=1, fallbackGroup="other")
    wanted["clusterGroups"]["other"] = {"members": ["scans"]}
    with proxy_module.Proxy(wanted) as proxy, ops.connect(proxy) as connection, ops.connect(proxy) as busy:
        look_up(connection, 5)
        ended = []

        def run():
            with pytest.raises(psycopg.errors.QueryCanceled):
                busy.execute(ops.ENDLESS)
            ended.append(True)
        runs = threading.Thread(target=run)
        runs.start()
        proxy.wait_for(lambda: ops.group(proxy, "all")["running"] == 1, what="the group is full")
        look_up(connection, 3)
        busy.cancel()
        runs.join(60)
        assert ended
        records = [r for r in ops.history(proxy, 9) if "points" in r["text"]]
        assert [r["group"] for r in records] == ["other"] * 3 + ["all"] * 5
        assert records[0]["reason"].startswith("spilled")


def test_an_unknown_strategy_is_refused(files):
    with proxy_module.Proxy(config(files)) as proxy, ops.connect(proxy) as connection:
        with pytest.raises(psycopg.Error) as refused:
            connection.execute("/*+ turnout(strategy=latancy) */ SELECT 1")
        assert refused.value.sqlstate == "22023" and "latency" in str(refused.value)


@pytest.mark.parametrize("strategy", ["latency", "roundRobin"])
def test_a_slip_of_the_pen_is_told_by_the_engine(files, strategy):
    """Nobody may write there, and nobody knows the verb: the engine says what is wrong."""
    with proxy_module.Proxy(config({name: {**cluster, "readOnly": True} for name, cluster in files.items()}, type=strategy)) as proxy, \
            ops.connect(proxy) as connection:
        with pytest.raises(psycopg.Error) as slip:
            connection.execute("selec 1")
        assert slip.value.sqlstate == "42601" and "selec" in str(slip.value)
        with pytest.raises(psycopg.Error) as write:
            connection.execute("INSERT INTO log VALUES (1)")
        assert write.value.sqlstate == "25006"


def test_what_clients_ask_of_tables_teaches_nothing(files):
    """Turnout asks a member what it has for a catalog's image: no shape of the client's, no word about the member."""
    frontends = {"mysqlWire": {"enabled": True, "port": 0}, "trinoHttp": {"enabled": True, "port": 0}}
    with proxy_module.Proxy(config(files, turnout={"frontends": frontends})) as proxy, ops.connect(proxy) as connection:
        assert connection.execute("SELECT relname FROM pg_class WHERE relname = 'points'").fetchall() == [("points",)]
        with pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, user="tester") as mysql, mysql.cursor() as cursor:
            cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_name = 'points'")
            assert cursor.fetchall() == (("points",),)
        with contextlib.closing(trino.dbapi.connect(host="127.0.0.1", port=proxy.trino_port, user="tester", catalog="test", schema="main")) as other:
            cursor = other.cursor()
            cursor.execute("SHOW TABLES")
            assert ["points"] in cursor.fetchall()
        with ops.connect(proxy, dbname="turnout") as console:
            assert console.execute("SELECT text FROM shapes").fetchall() == []


def test_nothing_is_learned_without_statistics(files):
    config_ = config(files, turnout={"statistics": {"enabled": False}}, type="roundRobin")
    with proxy_module.Proxy(config_) as proxy, ops.connect(proxy) as connection:
        look_up(connection, 10)
        connection.execute("SET turnout.strategy = 'latency'")  # has nothing to go by
        look_up(connection, 10)
        records = ops.history(proxy, 20)
        assert {r["cluster"] for r in records} == set(files) and not any("shape" in r for r in records)
        assert "nothing is learned" in proxy.cli("shapes", "--admin", proxy.admin_url, check=False).stderr
        assert not os.path.exists(proxy.path("turnout.db.stats"))
        plan = connection.execute("EXPLAIN ROUTE SELECT v FROM points WHERE k = 5").fetchall()
        assert plan
        with ops.connect(proxy, dbname="turnout") as console:
            assert console.execute("SELECT count(*) FROM shapes").fetchone() == (0,)
            console.execute("FREEZE all")
        assert proxy.admin("/metrics")[0] == 200
