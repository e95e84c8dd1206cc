"""Clients that do the unexpected at the worst moment: each case once broke something, or could."""

import contextlib
import threading
import time

import pytest

import ops
import proxy as proxy_module
import wire


def wait_idle(proxy, seconds=60):
    """Until no query runs."""
    end = time.monotonic() + seconds
    while proxy.running_queries():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def suspend(client, sql, name="", limit=1, values=()):
    """A portal of which LIMIT rows were fetched, without a Sync."""
    client.send(wire.parse(sql, name), wire.bind(values, name, name), wire.execute(name, limit), wire.FLUSH)
    return client.until("s")


def test_commit_with_a_suspended_portal_as_the_first_statement(engine, client, table):
    """A client with a fetch size that does not read to the end, as pgjdbc does."""
    client.run("BEGIN")
    suspend(client, engine.sql("series", n=200000), "c")
    assert wire.tags(client.ask(wire.parse("COMMIT"), wire.bind(), wire.execute())) == ["COMMIT"]
    assert wait_idle(engine.proxy)
    assert client.run(f"INSERT INTO {table} VALUES (4, 'four')") == ["INSERT 0 1"]


def test_rollback_with_a_suspended_portal(engine, client, table):
    client.run("BEGIN")
    client.run(f"INSERT INTO {table} VALUES (4, 'four')")
    suspend(client, engine.sql("series", n=3000000), "c")
    client.send(wire.SYNC)
    client.until("Z")
    assert client.run("ROLLBACK") == ["ROLLBACK"]
    assert wait_idle(engine.proxy)
    assert client.value(f"SELECT count(*) FROM {table}") == "3"


def test_a_write_as_the_first_statement_suspended_and_committed(engine, client):
    name = engine.new_table()
    client.run(f"CREATE TABLE {name} (a integer)")
    client.run("BEGIN")
    suspend(client, f"INSERT INTO {name} VALUES (1), (2), (3) RETURNING a", "w")
    client.send(wire.SYNC)
    client.until("Z")
    assert client.run("COMMIT") == ["COMMIT"]
    assert client.value(f"SELECT count(*) FROM {name}") == "3"


def test_the_second_limited_portal_of_a_transaction(engine, client):
    """It waits until the first one's rows are in; closing it while it is suspended itself."""
    client.run("BEGIN")
    suspend(client, engine.sql("series", n=100000), "a")
    suspend(client, engine.sql("series", n=90000), "")
    messages = client.ask(wire.close("P"), wire.parse("SELECT 7"), wire.bind(), wire.execute())
    assert wire.types(messages) == "312DCZ"
    assert client.run("COMMIT") == ["COMMIT"]
    assert wait_idle(engine.proxy)


def test_portals_left_open_by_a_client_that_goes(engine, connect):
    client = connect()
    for name in "abc":
        suspend(client, engine.sql("series", n=500000), name)
    client.close()
    assert wait_idle(engine.proxy)


def test_sync_ends_every_suspended_portal(engine, client):
    for name in ("", "a", "b"):
        suspend(client, engine.sql("series", n=500000), name)
    client.send(wire.SYNC)
    client.until("Z")
    assert wait_idle(engine.proxy)
    assert client.value("SELECT 1") == "1"


def test_a_session_connection_with_a_suspended_portal(engine, client):
    """A temporary table binds the connection to the session: a second statement cannot run beside the suspended one."""
    name = engine.new_table()
    client.run(f"CREATE TEMP TABLE {name} (a integer)")
    client.run(f"INSERT INTO {name} VALUES (1), (2), (3)")
    suspend(client, engine.sql("series", n=100000), "a")
    messages = client.ask(wire.parse(f"SELECT a FROM {name} ORDER BY a"), wire.bind(), wire.execute())
    assert wire.texts(messages) == [["1"], ["2"], ["3"]]
    suspend(client, engine.sql("series", n=100000), "b")
    assert wire.tags(client.query("DISCARD ALL")) == ["DISCARD ALL"]
    client.send(wire.SYNC)
    client.until("Z")
    assert wait_idle(engine.proxy)
    assert client.fails(f"SELECT * FROM {name}").sqlstate == "42P01"


def test_a_temporary_table_made_beside_a_suspended_portal(engine, client):
    name = engine.new_table()
    suspend(client, engine.sql("series", n=100000), "a")
    wire.check(client.ask(wire.parse(f"CREATE TEMP TABLE {name} (a integer)"), wire.bind(), wire.execute()))
    assert client.run(f"INSERT INTO {name} VALUES (1)") == ["INSERT 0 1"]
    assert client.value(f"SELECT count(*) FROM {name}") == "1"


def test_settings_change_while_a_portal_is_suspended(engine, client):
    client.run("BEGIN")
    client.send(wire.parse(engine.sql("series", n=50000), "a"), wire.bind((), "a", "a"))
    client.send(wire.parse("SET application_name = 'one'"), wire.bind(), wire.execute())
    client.send(wire.execute("a", 1), wire.FLUSH)
    client.until("s")
    for i in range(20):
        client.send(wire.parse(f"SET application_name = 'two {i} {'x' * 5000}'"), wire.bind(), wire.execute())
    messages = client.ask(wire.execute("a"))
    assert wire.types(messages).endswith("DCZ")
    assert client.run("COMMIT") == ["COMMIT"]


def test_returning_rows_of_exactly_the_limit(engine, client):
    name = engine.new_table()
    client.run(f"CREATE TABLE {name} (a integer)")
    client.run("BEGIN")
    suspend(client, f"INSERT INTO {name} VALUES (1), (2) RETURNING a", "w", 2)
    messages = client.ask(wire.execute("w", 2))
    assert wire.types(messages) == "CZ" and wire.tags(messages)[0].startswith("INSERT 0 2")
    client.run("COMMIT")


def test_executing_a_portal_that_is_through(client, table):
    client.run("BEGIN")
    messages = client.ask(wire.parse(f"SELECT id FROM {table}"), wire.bind(), wire.execute(), wire.execute())
    assert wire.tags(messages) == ["SELECT 3", "SELECT 0"]
    messages = client.ask(wire.parse(""), wire.bind(), wire.execute(), wire.execute())
    assert wire.types(messages) == "12IIZ"
    messages = client.ask(wire.parse("SELECT * FROM no_such_table", "x"), wire.bind((), "x", "p"), wire.execute("p"))
    assert wire.status(messages) == "E"
    assert wire.error(client.ask(wire.execute("p"))).sqlstate in ("25P02", "34000")
    client.run("ROLLBACK")


def test_half_of_a_text_is_never_committed(engine, connect, table):
    """The client goes while the first statement runs."""
    client = connect()
    slow = engine.sql("long")
    client.send(wire.query(f"INSERT INTO {table} VALUES (10, 'ten'); {slow}; INSERT INTO {table} VALUES (11, 'eleven')"))
    engine.proxy.wait_for(lambda: [q for q in engine.proxy.running_queries() if q["state"] == "running" and q["text"].strip() == slow], what="the slow one runs")
    client.reset()
    assert wait_idle(engine.proxy)
    other = connect()
    assert other.value(f"SELECT count(*) FROM {table}") == "3"


def test_endless_commands_in_one_text(engine, connect):
    """Tens of thousands of SHOW in one Query of a client that does not read: bounded, and others go on."""
    client, other = connect(), connect()
    count = 60000
    client.send(wire.query("SHOW DateStyle;" * count))
    for _ in range(30):
        assert other.value("SHOW bytea_output") == "hex"
    messages = client.until("Z")
    assert len(wire.tags(messages)) == count


def test_names_of_settings_are_names(client, table):
    error = client.fails(f'SET "x = 1; DROP TABLE {table}; --" = 1')
    assert error.sqlstate == "42704", error
    assert client.value(f"SELECT count(*) FROM {table}") == "3"


def states(proxy):
    return sorted(query["state"] for query in proxy.running_queries())


def test_a_cancelled_wait_of_a_session_that_keeps_its_connection(engine, proxies):
    """Its place in the line is given up, though its connection stays."""
    proxy = proxies({"turnout": {}, "clusters": {"one": engine.cluster()},
                     "clusterGroups": {"all": {"members": ["one"], "maxRunningQueries": 1, "maxQueuedQueries": 10}},
                     "routingFallback": "all"}) if engine.name != "duckDb" else None
    if proxy is None:
        pytest.skip("a DuckDB file has one owner")
    with wire.Wire(proxy.port) as holder, wire.Wire(proxy.port) as sticky:
        sticky.run("CREATE TEMP TABLE kept (a integer)")
        for _ in range(3):
            holder.send(wire.query(engine.sql("long")))
            proxy.wait_for(lambda: states(proxy) == ["running"], what="the slot is taken")
            sticky.send(wire.query("SELECT count(*) FROM kept"))
            proxy.wait_for(lambda: states(proxy) == ["queued", "running"], what="the other waits")
            sticky.cancel()
            assert wire.error(sticky.until("Z")).sqlstate == "57014"
            holder.cancel()
            assert wire.error(holder.until("Z")).sqlstate == "57014"
            assert sticky.value("SELECT count(*) FROM kept") == "0"


def test_notices_for_a_client_that_does_not_read(postgres_server, proxies):
    """A flood of notices is bounded, and the statement ends."""
    database = postgres_server.create_database("hostile_notices")
    proxy = proxies(proxy_module.one_cluster("pg", postgres_server.cluster(database)))
    with wire.Wire(proxy.port, timeout=100) as client:
        before = proxy.memory()
        client.send(wire.query("DO $$ BEGIN FOR i IN 1..150000 LOOP RAISE NOTICE '%', repeat('n', 1000); END LOOP; END $$"))
        proxy.wait_for(proxy.running_queries, what="it runs")
        waits = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'DO $$%' AND wait_event = 'ClientWrite'"
        proxy.wait_for(lambda: postgres_server.sql(waits, database=database) or not proxy.running_queries(), what="its end, or PostgreSQL waits for the client")
        assert proxy.memory() - before < 96 << 20  # of 150 MB, with what the sanitizer holds back
        assert wire.tags(client.until("Z")) == ["DO"]


def test_a_pipeline_of_thousands(client):
    count = 5000
    parts = []
    for i in range(count):
        parts += [wire.parse("SHOW DateStyle"), wire.bind(), wire.describe("P"), wire.execute()]
    thread = threading.Thread(target=client.send, args=parts + [wire.SYNC])
    thread.start()
    messages = client.until("Z")
    thread.join()
    assert len(wire.tags(messages)) == count


@pytest.mark.parametrize("how", ["running", "suspended"])
def test_the_program_ends_in_the_middle_of_a_text(tmp_path, proxies, how):
    """Between two statements of a text no query runs, but the session is not idle: all of it is done, or nothing."""
    config = proxy_module.one_cluster("lite", {"engine": "sqlite", "databasePath": str(tmp_path / "x.sqlite")}, shutdownTimeout="1s")
    proxy = proxies(config)
    client = wire.Wire(proxy.port)
    client.run("CREATE TABLE t (a integer)")
    if how == "suspended":
        suspend(client, "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t) SELECT i FROM t", "a")
    client.send(wire.query("INSERT INTO t VALUES (1);" * 60000))
    if how == "suspended":
        time.sleep(1)  # all of it waits for rows without an end: there is nothing to be seen
    else:
        proxy.wait_for(lambda: [q for q in proxy.running_queries() if q["text"].startswith("INSERT")], what="one of them runs")
    proxy.restart()
    with wire.Wire(proxy.port) as other:
        assert other.value("SELECT count(*) FROM t") in ("0", "60000")


def test_the_program_ends_before_a_text_has_begun(tmp_path, proxies):
    """It waits for rows that nobody fetches; their query is cancelled, and then the text is."""
    config = proxy_module.one_cluster("lite", {"engine": "sqlite", "databasePath": str(tmp_path / "x.sqlite")}, shutdownTimeout="300ms")
    proxy = proxies(config)
    with wire.Wire(proxy.port) as client:
        suspend(client, "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t) SELECT i FROM t", "a")
        client.send(wire.query("SELECT 1 WHERE false;" * 20000 + ops.ENDLESS))
        proxy.stop()
        told = []
        with contextlib.suppress(wire.Closed):
            while True:
                told.append(client.read())
    errors = [(m.fields["severity"], m.fields["sqlstate"]) for m in told if m.type == "E"]
    assert errors in ([("ERROR", "57P01"), ("FATAL", "57P01")], [("FATAL", "57P01")])  # it had begun by then, or not


def test_a_change_behind_what_is_a_comment_elsewhere(engine, client, table):
    """Where comments do not nest it would be run, though it was judged as a SELECT (a deny rule, a read-only group, a second try)."""
    for sql in (f"/* /* */ DELETE FROM {table} -- */ SELECT 1", f"SELECT 1 /* /* */ ; DELETE FROM {table} -- */"):
        client.send(wire.query(sql))
        kinds = wire.types(client.until("Z"))
        assert "E" in kinds if engine.name == "sqlite" else "D" in kinds
        assert client.value(f"SELECT count(*) FROM {table}") == "3"
    assert client.value("SELECT /* a /* b */ c */ 5 -- d") == "5" if engine.name != "sqlite" else client.value("SELECT /* a */ 5 -- d") == "5"


def test_a_client_does_not_switch_the_logs_of_a_database(engine, connect):
    """With a file that may not be written, every connection after it ended the process; without one they show what others ask."""
    if engine.name != "duckDb":
        pytest.skip("only DuckDB has them")
    for sql in ("CALL enable_logging(storage='file', storage_path='/nowhere')", "SELECT * FROM query('FROM enable_' || 'logging()')", "CALL enable_peg_parser()",
                "SET enable_http_logging = true", "SET profiling_output = '/nowhere'", "PRAGMA enable_profiling", "SET max_expression_depth = 0"):
        assert connect().fails(sql).sqlstate == "42501"
    for blank in ("\u00a0", "\u2003", "\ufeff"):
        assert connect().fails(f"CALL enable_logging{blank}()").sqlstate == "42601"
    parsed = "{" + connect().value("SELECT json_serialize_sql('FROM enable_logging()')")[1:]
    assert connect().fails(f"FROM json_execute_serialized_sql('{parsed}')").sqlstate == "42501"
    assert connect().value("SELECT current_setting('enable_logging')") in ("0", "false", "f")
    holders = [connect() for _ in range(4)]
    for holder in holders:  # connections to the database that there were not before
        holder.run("BEGIN")
        assert holder.value("SELECT count(*) FROM duckdb_logs()") == "0"


def test_what_a_client_sets_is_nobody_elses(tmp_path, proxies, make_engine):
    """SET as the last thing that a client says; the next has its connection to the database, or another would answer 3."""
    duckdb = make_engine("duckDb")
    proxy = proxies(proxy_module.one_cluster("duck", duckdb.cluster(poolSize=1), workers=1))
    with wire.Wire(proxy.port) as client:
        assert client.value("SELECT 7 / 2") == "3.5"
        client.run("SET integer_division = true")
        assert client.value("SELECT 7 / 2") == "3"
        client.run("SET integer_division = true")
    with wire.Wire(proxy.port) as client:
        assert client.value("SELECT 7 / 2") == "3.5"
        assert "EMPTY_RESULT" in plan_of(client)
        client.run("PRAGMA disable_optimizer")
    with wire.Wire(proxy.port) as other:
        assert "EMPTY_RESULT" in plan_of(other)


def plan_of(client):
    """Of a query that an optimizer sees to be empty."""
    return " ".join(cell for row in client.rows("EXPLAIN SELECT * FROM range(10) WHERE 1 = 2") for cell in row)
