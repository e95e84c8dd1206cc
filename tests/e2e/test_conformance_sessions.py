"""The engine conformance suite, fourth part: transactions, settings, what sticks to a session."""

import pytest

import engines
import proxy as proxy_module
import wire

ENGINES = engines.WITH_MYSQL


@pytest.mark.quick
def test_transaction(client, connect, table):
    other = connect()
    messages = client.query("BEGIN")
    assert (wire.types(messages), wire.tags(messages), wire.status(messages)) == ("CZ", ["BEGIN"], "T")
    messages = client.query(f"INSERT INTO {table} VALUES (4, 'x')")
    assert wire.status(wire.check(messages)) == "T"
    assert client.value(f"SELECT count(*) FROM {table}") == "4"
    assert other.value(f"SELECT count(*) FROM {table}") == "3"
    messages = client.query("COMMIT")
    assert (wire.tags(messages), wire.status(messages)) == (["COMMIT"], "I")
    assert other.value(f"SELECT count(*) FROM {table}") == "4"


@pytest.mark.quick
def test_rollback(client, table):
    client.run("BEGIN")
    client.run(f"DELETE FROM {table}")
    assert client.value(f"SELECT count(*) FROM {table}") == "0"
    messages = client.query("ROLLBACK")
    assert (wire.tags(messages), wire.status(messages)) == (["ROLLBACK"], "I")
    assert client.value(f"SELECT count(*) FROM {table}") == "3"


@pytest.mark.parametrize("begin, end", [("BEGIN", "END"), ("START TRANSACTION", "COMMIT WORK"), ("begin transaction", "commit transaction"),
                                        ("BEGIN ISOLATION LEVEL SERIALIZABLE", "COMMIT"), ("BEGIN READ WRITE;", "COMMIT;"),
                                        ("BEGIN TRANSACTION READ ONLY", "ABORT")])
def test_spellings(client, table, begin, end):
    assert wire.status(wire.check(client.query(begin))) == "T"
    assert client.value(f"SELECT count(*) FROM {table}") == "3"
    assert wire.status(wire.check(client.query(end))) == "I"


def test_read_only_transaction(engine, client, table):
    client.run("BEGIN READ ONLY")
    assert client.fails(f"INSERT INTO {table} VALUES (4, 'x')").sqlstate == "25006"
    assert wire.status(client.query("ROLLBACK")) == "I"
    assert client.value(f"SELECT count(*) FROM {table}") == "3"
    client.run("SET default_transaction_read_only = on")
    assert client.value("SHOW transaction_read_only") == "on"
    assert client.fails(f"DELETE FROM {table}").sqlstate == "25006"
    client.run("BEGIN")
    assert client.fails(f"DELETE FROM {table}").sqlstate == "25006"
    client.run("ROLLBACK")
    client.run("BEGIN READ WRITE")
    assert client.run(f"DELETE FROM {table}") == ["DELETE 3"]
    client.run("ROLLBACK")
    client.run("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")
    assert client.run(f"DELETE FROM {table}") == ["DELETE 3"]


@pytest.mark.quick
def test_failed_transaction(client, table):
    client.run("BEGIN")
    client.run(f"INSERT INTO {table} VALUES (4, 'x')")
    messages = client.query("SELECT no_such_column")
    assert wire.status(messages) == "E"
    for messages in (client.query("SELECT 1"), client.extended("SELECT 1"), client.query(f"INSERT INTO {table} VALUES (5, 'y')"),
                     client.ask(wire.parse("SELECT 1"), wire.describe("S"))):
        assert wire.error(messages).sqlstate == "25P02"
        assert wire.status(messages) == "E"
    messages = client.query("COMMIT")
    assert (wire.tags(messages), wire.status(messages)) == (["ROLLBACK"], "I")
    assert client.value(f"SELECT count(*) FROM {table}") == "3"


def test_failed_at_once(client):
    client.run("BEGIN")
    assert wire.status(client.query("SELEC")) == "E"
    assert wire.error(client.query("SELECT 1")).sqlstate == "25P02"
    messages = client.extended("ROLLBACK")
    assert (wire.tags(messages), wire.status(messages)) == (["ROLLBACK"], "I")
    assert client.value("SELECT 1") == "1"


def test_empty_transactions(client):
    for end, tag in (("COMMIT", "COMMIT"), ("ROLLBACK", "ROLLBACK")):
        client.run("BEGIN")
        assert wire.tags(client.query(end)) == [tag]
    messages = client.query("COMMIT")  # outside of one: a warning, as PostgreSQL
    assert wire.tags(messages) == ["COMMIT"] and wire.notices(messages)[0]["sqlstate"] == "25P01"
    client.run("BEGIN")
    messages = client.query("BEGIN")
    assert wire.notices(messages)[0]["sqlstate"] == "25001" and wire.status(messages) == "T"
    client.run("ROLLBACK")


def test_savepoints(engine, client, table):
    client.run("BEGIN")
    if engine.name == "duckDb":  # it has none: one around statements about the catalog is Turnout's, one after a statement of its own is refused
        assert client.run("SAVEPOINT s") == ["SAVEPOINT"]
        assert wire.status(client.query("SELECT nope FROM pg_catalog.pg_class")) == "E"
        messages = client.query("ROLLBACK TO SAVEPOINT s")
        assert (wire.tags(messages), wire.status(messages)) == (["ROLLBACK"], "T")
        assert client.run("RELEASE SAVEPOINT s; SAVEPOINT s") == ["RELEASE", "SAVEPOINT"]
        client.run(f"INSERT INTO {table} VALUES (4, 'x')")
        found = client.fails("SAVEPOINT t")
        assert found.sqlstate == "0A000"
        assert client.fails("ROLLBACK TO SAVEPOINT s").sqlstate == "0A000"  # not a part of the change alone
        assert wire.status(client.query("ROLLBACK")) == "I"
        return
    client.run(f"INSERT INTO {table} VALUES (4, 'x')")
    assert client.run("SAVEPOINT s") == ["SAVEPOINT"]
    client.run(f"INSERT INTO {table} VALUES (5, 'y')")
    assert wire.status(client.query("SELECT nope")) == "E"
    messages = client.query("ROLLBACK TO SAVEPOINT s")
    assert (wire.tags(messages), wire.status(messages)) == (["ROLLBACK"], "T")
    assert client.value(f"SELECT count(*) FROM {table}") == "4"
    assert client.run("RELEASE SAVEPOINT s") == ["RELEASE"]
    assert client.run("SAVEPOINT \"_pg3_1\"; SAVEPOINT inner_one") == ["SAVEPOINT", "SAVEPOINT"]
    assert client.run("ROLLBACK TO \"_pg3_1\"") == ["ROLLBACK"]
    assert client.run("RELEASE \"_pg3_1\"") == ["RELEASE"]
    assert client.run("COMMIT") == ["COMMIT"]
    assert client.value(f"SELECT count(*) FROM {table}") == "4"


def test_savepoint_errors(engine, client):
    if engine.name == "duckDb":
        pytest.skip("DuckDB has no savepoints")
    assert client.fails("SAVEPOINT s").sqlstate == "25P01"
    client.run("BEGIN")
    assert client.fails("ROLLBACK TO no_such_savepoint").sqlstate == "3B001"
    assert wire.status(client.query("SELECT 1")) == "E"
    client.run("ROLLBACK")


def test_cursors_of_a_session(engine, client):
    """PostgreSQL's alone: others refuse them in its words, not with a syntax error."""
    client.run("BEGIN")
    if engine.name == "postgres":
        assert client.run("DECLARE c CURSOR FOR SELECT 1; FETCH c; CLOSE c") == ["DECLARE CURSOR", "FETCH 1", "CLOSE CURSOR"]
    else:
        for sql in ("DECLARE c CURSOR FOR SELECT 1", "FETCH c", "LISTEN a"):
            assert client.fails(sql).sqlstate == "0A000", sql
            client.run("ROLLBACK; BEGIN")
    client.run("ROLLBACK")


def test_client_that_leaves_in_a_transaction(engine, connect, table):
    leaver = connect()
    leaver.run("BEGIN")
    leaver.run(f"UPDATE {table} SET name = 'gone' WHERE id = 1")
    leaver.reset()
    other = connect()
    def updated():
        return other.query(f"UPDATE {table} SET name = 'new' WHERE id = 1")[-2].type == "C"
    engine.proxy.wait_for(updated, what="the row is free")
    assert other.value(f"SELECT name FROM {table} WHERE id = 1") == "new"


def test_ddl_in_a_transaction(engine, client):
    if engine.name == "mysql":
        pytest.skip("MySQL commits before and after DDL")
    t = engine.new_table()
    client.run("BEGIN")
    client.run(f"CREATE TABLE {t} (a integer)")
    client.run(f"INSERT INTO {t} VALUES (1)")
    client.run("ROLLBACK")
    assert client.fails(f"SELECT * FROM {t}").sqlstate == "42P01"


def test_every_status_byte(client, table):
    seen = []
    for sql in ("SELECT 1", "BEGIN", "SELECT 1", "", f"INSERT INTO {table} VALUES (9, 'x')", "SELECT nope", "", "ROLLBACK", "SELECT 1",
                "BEGIN; SELECT 1", "ROLLBACK; SELECT 1", "BEGIN; SELECT nope", "ROLLBACK"):
        seen.append(wire.status(client.query(sql)))
    assert "".join(seen) == "ITTTTEEIITIEI"
    seen = [wire.status(client.extended(sql)) for sql in ("BEGIN", "SELECT 1", "SELECT nope", "SELECT 1", "ROLLBACK", "SELECT 1")]
    assert "".join(seen) == "TTEEII"


# settings


@pytest.mark.quick
def test_set_show_reset(client):
    assert client.run("SET application_name = 'mine'") == ["SET"]
    assert client.value("SHOW application_name") == "mine"
    assert client.parameters["application_name"] == "mine"
    assert client.run("RESET application_name") == ["RESET"]
    assert client.value("SHOW application_name") == ""
    for name, value, shown in (("DateStyle", "ISO, MDY", "ISO, MDY"), ("statement_timeout", "5s", "5s"), ("extra_float_digits", "3", "3"),
                               ("timezone", "Europe/Berlin", "Europe/Berlin"), ("search_path", "a, b", "a, b")):
        client.run(f"SET {name} TO {', '.join(chr(39) + v.strip() + chr(39) for v in value.split(',')) if name == 'search_path' else chr(39) + value + chr(39)}")
        assert client.value(f"SHOW {name}").replace('"', "") == shown
    client.run("RESET ALL")
    assert client.value("SHOW timezone") == "UTC"
    assert client.value("SHOW statement_timeout") == "0"


def test_offsets_from_utc(engine, client):
    """Hours behind letters are west, as PostgreSQL has them, whatever the engine would make of the same text."""
    for zone, hour in (("UTC+3", "2023-12-31 21"), ("UTC-3", "2024-01-01 03"), ("-07", "2023-12-31 17"), ("ABC-5:30", "2024-01-01 05"), ("Etc/GMT+5", "2023-12-31 19")):
        client.run(f"SET timezone = '{zone}'")
        if engine.name in ("duckdb", "postgres"):
            there, = client.rows("SELECT timestamptz '2024-01-01 00:00:00+00' AS t, CAST(timestamptz '2024-01-01 00:00:00+00' AS timestamp) AS u")
            assert all(text.startswith(hour) for text in there), (zone, there)


def test_show_in_the_extended_protocol(client):
    messages = wire.check(client.extended("SHOW server_version"))
    assert wire.types(messages) == "12TDCZ"
    assert wire.texts(messages)[0][0] == client.parameters["server_version"]
    messages = wire.check(client.ask(wire.parse("SHOW TRANSACTION ISOLATION LEVEL"), wire.describe("S"), wire.bind(), wire.execute()))
    assert wire.texts(messages) == [["read committed"]]
    rows = client.rows("SHOW ALL")
    assert len(rows) > 20 and ["TimeZone", "UTC"] in [row[:2] for row in rows]


def test_bad_settings(client):
    assert client.fails("SET timezone = 'Nowhere/Land'").sqlstate == "22023"
    assert client.fails("SET client_encoding = 'LATIN1'").sqlstate in ("22023", "0A000")
    assert client.fails("SET server_version = '1'").sqlstate == "55P02"
    assert client.fails("SET turnout.group = 'nowhere'").sqlstate == "42704"
    assert client.fails("SET turnout.nonsense = 1").sqlstate == "42704"
    assert client.fails("SHOW no_such_setting").sqlstate in ("42704", "42601")  # as the engine says: SQLite has no SHOW
    assert client.fails("SET").sqlstate == "42601"
    assert client.value("SELECT 1") == "1"


@pytest.mark.quick
def test_settings_by_calls(client):
    """set_config() and current_setting() alone are SET and SHOW on every engine: Django sets the time zone so."""
    assert client.value("SELECT set_config('TimeZone', 'Europe/Berlin', false)") == "Europe/Berlin"
    assert client.value("SHOW timezone") == "Europe/Berlin"
    assert client.value("SELECT pg_catalog.current_setting('timezone') AS zone;") == "Europe/Berlin"
    messages = wire.check(client.extended("SELECT set_config('application_name', 'it''s', false) AS \"set it\""))
    assert wire.texts(messages) == [["it's"]] and wire.columns(messages)[0].name == "set it"
    assert client.value("SHOW application_name") == "it's"
    assert client.fails("SELECT set_config('TimeZone', 'Nowhere/Else', false)").sqlstate == "22023"
    client.run("BEGIN")
    assert client.value("SELECT set_config('application_name', 'inside', true)") == "inside"
    assert client.value("SELECT current_setting('application_name', true)") == "inside"
    client.run("ROLLBACK")
    assert client.value("SHOW application_name") == "it's"


def test_settings_and_transactions(client):
    client.run("BEGIN")
    client.run("SET application_name = 'inside'")
    client.run("SET LOCAL timezone = 'Asia/Tokyo'")
    assert client.value("SHOW timezone") == "Asia/Tokyo"
    client.run("ROLLBACK")
    assert client.value("SHOW application_name") == ""
    client.run("BEGIN")
    client.run("SET LOCAL timezone = 'Asia/Tokyo'")
    client.run("SET application_name = 'kept'")
    client.run("COMMIT")
    assert (client.value("SHOW timezone"), client.value("SHOW application_name")) == ("UTC", "kept")


def test_discard_all(engine, client):
    wire.check(client.ask(wire.parse("SELECT 1", "s")))
    client.run("SET timezone = 'Asia/Tokyo'")
    assert client.run("DISCARD ALL") == ["DISCARD ALL"]
    assert client.value("SHOW timezone") == "UTC"
    assert wire.error(client.ask(wire.bind(statement="s"))).sqlstate == "26000"
    client.run("BEGIN")
    assert client.fails("DISCARD ALL").sqlstate == "25001"
    client.run("ROLLBACK")


def test_reset_of_pools(client):
    """asyncpg on release, one text of four statements."""
    client.run("SET timezone = 'Asia/Tokyo'")
    messages = client.query("SELECT pg_advisory_unlock_all();\nCLOSE ALL;\nUNLISTEN *;\nRESET ALL;")
    assert [m.body for m in wire.check(messages) if m.type == "C"] == [b"SELECT 1\0", b"CLOSE CURSOR ALL\0", b"UNLISTEN\0", b"RESET\0"]
    assert wire.status(messages) == "I"
    assert client.run("BEGIN; SELECT 1; SELECT pg_catalog.pg_advisory_unlock_all(); ROLLBACK")[-1] == "ROLLBACK"


def test_close_without_a_cursor(client):
    for begin, end in (("SELECT 1", "SELECT 1"), ("BEGIN", "ROLLBACK"), ("BEGIN; SELECT 1", "ROLLBACK")):
        client.run(begin)
        assert client.run("CLOSE ALL") == ["CLOSE CURSOR ALL"]
        assert client.fails("CLOSE c").sqlstate == "34000"
        client.run(end)


def test_time_zone_reaches_the_engine(engine, client):
    if engine.name in ("sqlite", "mysql"):
        pytest.skip("there are no literals with a time zone (test_mysql.py has columns with one)")
    for zone, shown in (("Asia/Tokyo", "2024-01-01 09:00:00+09"), ("UTC", "2024-01-01 00:00:00+00"),
                        ("America/New_York", "2023-12-31 19:00:00-05")):
        client.run(f"SET TIME ZONE '{zone}'")
        assert client.value("SELECT TIMESTAMPTZ '2024-01-01 00:00:00+00'") == shown
        assert client.value("SELECT CAST(TIMESTAMPTZ '2024-01-01 00:00:00+00' AS text)") == shown
        # a time without a zone is one of the session's
        assert client.value("SELECT TIMESTAMPTZ '2024-07-01 12:00:00' = TIMESTAMPTZ '2024-07-01 12:00:00+00'") == ("t" if zone == "UTC" else "f")


def test_settings_of_the_start_up(engine, connect):
    client = connect(options="-c timezone=Asia/Tokyo -c statement_timeout=7s", application_name="starter", client_encoding="'utf-8'")
    assert client.parameters["TimeZone"] == "Asia/Tokyo"
    assert client.parameters["client_encoding"] == "UTF8"
    assert client.value("SHOW statement_timeout") == "7s"
    client.run("SET timezone = 'UTC'")
    client.run("RESET application_name")
    assert client.value("SHOW application_name") == "starter"


def test_settings_follow_the_session(make_engine, proxies):
    """Two members of different kinds: what was SET holds on whichever serves the next statement."""
    duck, pg = make_engine("duckDb"), make_engine("postgres")
    config = {"clusters": {"d": duck.cluster(), "p": pg.cluster()}, "clusterGroups": {"g": {"members": ["d", "p"]}}, "routingFallback": "g"}
    proxy = proxies(config)
    with wire.Wire(proxy.port) as client:
        client.run("SET timezone = 'Asia/Tokyo'")
        for name in ("d", "p", "d", "p"):
            client.run(f"SET turnout.cluster = '{name}'")
            assert client.value("SELECT TIMESTAMPTZ '2024-01-01 00:00:00+00'") == "2024-01-01 09:00:00+09"
        client.run("RESET turnout.cluster")
        assert client.value("/*+ turnout(cluster=d) */ SELECT version()").startswith("PostgreSQL")  # what a client of PostgreSQL relies on, wherever it is
        client.run("SET turnout.dialect = 'engine'")  # else none but PostgreSQL's member is asked
        wheres = {client.value("SELECT CASE WHEN version() LIKE 'PostgreSQL%' THEN 'p' ELSE 'd' END") for _ in range(8)}
        assert wheres == {"d", "p"}
        assert client.value("/*+ turnout(cluster=d) */ SELECT version()").startswith("v1.")
        assert client.value("/*+ turnout(cluster=p) */ SELECT version()").startswith("PostgreSQL")


def test_settings_do_not_leak(engine, connect):
    """Through pooled connections: the next client finds none of the last one's."""
    if engine.name in ("sqlite", "mysql"):
        pytest.skip("SQLite has no settings of a session that clients set; MySQL's are in test_mysql.py")
    first = connect()
    first.run("SET timezone = 'Asia/Tokyo'")
    if engine.name == "postgres":
        first.run("SET work_mem = '7MB'")
        first.run("SET search_path = nowhere")
        assert first.value("SHOW work_mem") == "7MB"
        assert first.value("SELECT current_setting('work_mem')") == "7MB"
    assert first.value("SELECT 1") == "1"
    first.finish()
    for _ in range(4):
        other = connect()
        assert other.value("SELECT TIMESTAMPTZ '2024-01-01 00:00:00+00'") == "2024-01-01 00:00:00+00"
        if engine.name == "postgres":
            assert other.value("SELECT current_setting('work_mem')") == "4MB"
            assert other.value("SELECT current_setting('search_path')") == '"$user", public'


def test_search_path(engine, client):
    if engine.name != "postgres":
        pytest.skip("PostgreSQL's")
    client.run("CREATE SCHEMA other_schema; CREATE TABLE other_schema.only_there (a integer); INSERT INTO other_schema.only_there VALUES (5)")
    assert client.fails("SELECT a FROM only_there").sqlstate == "42P01"
    client.run("SET search_path = other_schema, public")
    for _ in range(4):
        assert client.value("SELECT a FROM only_there") == "5"
    client.run("RESET search_path")
    assert client.fails("SELECT a FROM only_there").sqlstate == "42P01"


# what sticks


def test_temporary_tables(engine, client, connect):
    t = engine.new_table()
    client.run(engine.sql("temporary", t=t))
    client.run(f"INSERT INTO {t} VALUES (1), (2)")
    others = [connect() for _ in range(3)]
    for other in others:
        assert other.fails(f"SELECT * FROM {t}").sqlstate == "42P01"
    for _ in range(5):
        assert client.value(f"SELECT count(*) FROM {t}") == "2"
    client.run("DISCARD ALL")
    assert client.fails(f"SELECT * FROM {t}").sqlstate == "42P01"
    client.run(engine.sql("temporary", t=t))
    client.finish()
    for other in others:
        assert other.fails(f"SELECT * FROM {t}").sqlstate == "42P01"


def test_advisory_locks(engine, client, connect):
    if engine.name != "postgres":
        pytest.skip("PostgreSQL's")
    other = connect()
    assert client.value("SELECT pg_try_advisory_lock(4711)") == "t"
    for _ in range(3):
        assert other.value("SELECT pg_try_advisory_lock(4711)") == "f"
    assert client.value("SELECT pg_advisory_unlock(4711)") == "t"
    client.value("SELECT pg_try_advisory_lock(4711)")
    client.finish()
    engine.proxy.wait_for(lambda: other.value("SELECT pg_try_advisory_lock(4711)") == "t", what="the lock of a client that left")


def test_prepare_and_cursors_in_sql(engine, client):
    if engine.name != "postgres":
        pytest.skip("PostgreSQL's")
    client.run("PREPARE plan (int) AS SELECT $1 + 1")
    for _ in range(3):
        assert client.value("EXECUTE plan (41)") == "42"
    client.run("DEALLOCATE plan")
    assert client.fails("EXECUTE plan (1)").sqlstate == "26000"
    client.run("BEGIN")
    client.run("DECLARE c CURSOR FOR SELECT * FROM generate_series(1, 10)")
    assert client.rows("FETCH FORWARD 3 FROM c") == [["1"], ["2"], ["3"]]
    messages = wire.check(client.query("FETCH 2 FROM c"))
    assert wire.tags(messages) == ["FETCH 2"]
    assert client.run("CLOSE c") == ["CLOSE CURSOR"]
    client.run("COMMIT")


def test_a_killed_server_session(engine, client, postgres_server):
    """57P01 from the server reaches its client, and the next statement gets another connection."""
    if engine.name != "postgres":
        pytest.skip("PostgreSQL's")
    client.run("BEGIN")
    pid = client.value("SELECT pg_backend_pid()")
    postgres_server.sql(f"SELECT pg_terminate_backend({pid})")
    found = client.fails("SELECT 1")
    assert found.sqlstate in ("57P01", "08006"), found
    client.query("ROLLBACK")
    assert client.value("SELECT 1") == "1"


def test_groups_and_tags(make_engine, proxies):
    one, two = make_engine("sqlite"), make_engine("sqlite")
    proxy = proxies({
        "clusters": {"one": one.cluster(), "two": two.cluster()},
        "clusterGroups": {"first": {"members": ["one"]}, "second": {"members": ["two"]}},
        "routers": [{"type": "tags", "rules": [{"tags": {"team": "two"}, "targetGroup": "second"}]}],
        "routingFallback": "first",
    })
    with wire.Wire(proxy.port) as client:
        client.run("CREATE TABLE here (a text)")
        client.run("INSERT INTO here VALUES ('one')")
        client.run("SET turnout.group = 'second'")
        assert client.fails("SELECT a FROM here").sqlstate == "42P01"
        client.run("CREATE TABLE here (a text)")
        client.run("INSERT INTO here VALUES ('two')")
        client.run("RESET turnout.group")
        assert client.value("SELECT a FROM here") == "one"
        client.run("SET turnout.tags = 'team:two'")
        assert client.value("SELECT a FROM here") == "two"
        assert client.value("/*+ turnout(group=first) */ SELECT a FROM here") == "one"
        assert client.value("/*+ turnout(cluster=one) */ SELECT a FROM here") == "one"
        client.run("BEGIN")
        assert client.value("SELECT a FROM here") == "two"
        client.run("COMMIT")
    with wire.Wire(proxy.port, options="-c turnout.group=second") as client:
        assert client.value("SELECT a FROM here") == "two"
    with wire.Wire(proxy.port, query_tags="team:two") as client:
        assert client.value("SELECT a FROM here") == "two"
