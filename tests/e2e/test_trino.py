"""Trino as an engine: a real Trino 476 (tpch, memory) behind Turnout, asked over the PostgreSQL protocol by psycopg, asyncpg
and the tests' own wire client, compared with what Trino's Python client gets from it directly."""

import datetime
import decimal
import re
import threading
import time
import uuid

import psycopg
import pytest

import ops
import proxy as proxy_module
import wire
from test_tpch import data, queries as tpch_queries  # pylint: disable=unused-import

trino = pytest.importorskip("trino")
pytestmark = pytest.mark.timeout(600)  # whichever runs first fetches Trino and waits for its start

LONG = "SELECT count(*) FROM tpch.sf100.lineitem a CROSS JOIN tpch.sf1.lineitem b WHERE a.orderkey + b.orderkey = -1"


def config(server, **cluster):
    return proxy_module.one_cluster("trino-1", server.cluster(**cluster))


@pytest.fixture(scope="module")
def proxy(trino_server):
    with proxy_module.Proxy(config(trino_server)) as started:
        yield started


@pytest.fixture
def client(proxy):
    with ops.connect(proxy) as connection:
        yield connection


@pytest.fixture
def raw(proxy):
    with wire.Wire(proxy.port) as connection:
        yield connection


@pytest.fixture
def direct(trino_server):
    connection = trino.dbapi.connect(host="127.0.0.1", port=trino_server.port, user="direct", catalog="tpch", schema="tiny", timezone="UTC")
    yield connection.cursor()
    connection.close()


def ended(server, marker, seconds=60):
    """Until Trino has no living query that holds MARKER; the states of those that were."""
    end = time.monotonic() + seconds
    while True:
        rows = server.queries(f"query LIKE '%{marker}%' AND query NOT LIKE '%runtime.queries%'")
        if rows and all(row[1] in ("FINISHED", "FAILED") for row in rows):
            return [row[1] for row in rows]
        assert time.monotonic() < end, rows
        time.sleep(0.1)


def runs(proxy, server, marker):
    """Trino works on the query that holds MARKER."""
    proxy.wait_for(lambda: [q for q in server.queries(f"query LIKE '%{marker}%' AND query NOT LIKE '%runtime.queries%'") if q[1] == "RUNNING"],
                   what=f"{marker} runs")


# ---- values ----

VALUES = {
    "true": (16, True), "TINYINT '-5'": (21, -5), "SMALLINT '7'": (21, 7), "2147483647": (23, 2147483647),
    "BIGINT '-9223372036854775808'": (20, -2**63), "9007199254740993": (20, 9007199254740993), "REAL '1.5'": (700, 1.5),
    "DOUBLE '0.1'": (701, 0.1), "infinity()": (701, float("inf")), "DECIMAL '-12.340'": (1700, decimal.Decimal("-12.340")),
    "DECIMAL '12345678901234567890123456789012345.678'": (1700, decimal.Decimal("12345678901234567890123456789012345.678")),
    "'it''s ☃ \\\\ \"q\"'": (25, "it's ☃ \\\\ \"q\""), "''": (25, ""), "CAST('ab' AS char(4))": (25, "ab  "), "X'00ff10'": (17, b"\x00\xff\x10"),
    "DATE '2024-02-29'": (1082, datetime.date(2024, 2, 29)), "DATE '0001-01-01'": (1082, datetime.date(1, 1, 1)),
    "TIME '10:11:12.5'": (1083, datetime.time(10, 11, 12, 500000)),
    "TIME '10:11:12.5+02:30'": (1266, datetime.time(10, 11, 12, 500000, datetime.timezone(datetime.timedelta(minutes=150)))),
    "TIMESTAMP '2024-01-01 01:02:03'": (1114, datetime.datetime(2024, 1, 1, 1, 2, 3)),
    "TIMESTAMP '1969-12-31 23:59:59.999999'": (1114, datetime.datetime(1969, 12, 31, 23, 59, 59, 999999)),
    "TIMESTAMP '2024-01-01 01:02:03.1234567'": (1114, datetime.datetime(2024, 1, 1, 1, 2, 3, 123457)),
    "TIMESTAMP '2024-07-01 12:00:00 Europe/Berlin'": (1184, datetime.datetime(2024, 7, 1, 10, tzinfo=datetime.timezone.utc)),
    "TIMESTAMP '2024-07-01 12:00:00.25 -03:30'": (1184, datetime.datetime(2024, 7, 1, 15, 30, 0, 250000, tzinfo=datetime.timezone.utc)),
    "INTERVAL '3' DAY": (1186, datetime.timedelta(3)), "INTERVAL -'1 02:03:04.5' DAY TO SECOND": (1186, -datetime.timedelta(1, 7384.5)),
    "UUID '12151fd2-7586-11e9-8f9e-2a86e4085a59'": (2950, uuid.UUID("12151fd2-7586-11e9-8f9e-2a86e4085a59")),
    "IPADDRESS '10.0.0.1'": (25, "10.0.0.1"), "JSON '{\"a\": [1, null]}'": (114, {"a": [1, None]}), "NULL": (25, None),
    "ARRAY[1, NULL, 3]": (114, [1, None, 3]), "ARRAY[ARRAY['a', 'é\"']]": (114, [["a", "é\""]]),
    "MAP(ARRAY['k'], ARRAY[1.50])": (114, {"k": 1.5}),
    "CAST(ROW(1, 'x', ROW(2.5, NULL)) AS ROW(a integer, \"b c\" varchar, d ROW(e decimal(3,1), f bigint)))":
        (114, {"a": 1, "b c": "x", "d": {"e": 2.5, "f": None}}),
    "ROW(1, 'x')": (114, [1, "x"]), "CAST(NULL AS ROW(a integer))": (114, None),
}


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_types(client, binary):
    """Every type in one statement: its OID, and the value that a client makes of it."""
    with client.cursor(binary=binary) as cursor:
        cursor.execute("SELECT " + ", ".join(f"{sql} AS c{i}" for i, sql in enumerate(VALUES)))
        (row,) = cursor.fetchall()
        for (sql, (oid, expected)), column, value in zip(VALUES.items(), cursor.description, row):
            assert column.type_code == oid, sql
            assert value == expected and type(value) is type(expected), (sql, value)


def test_months(raw):
    assert raw.rows("SELECT INTERVAL '14' MONTH, INTERVAL -'1' YEAR, nan(), -infinity()") == [["1 year 2 mons", "-1 years", "NaN", "-Infinity"]]


def test_empty_results(raw):
    messages = wire.check(raw.query("SELECT nationkey, name FROM nation WHERE nationkey < 0"))
    assert wire.types(messages) == "TCZ"
    assert [(c.name, c.oid) for c in wire.columns(messages)] == [("nationkey", 20), ("name", 25)]


def test_large_result_and_slow_client(proxy, trino_server, direct):
    """240,000 rows, all of them and in order; while the client does not read, Trino waits and Turnout's memory stays."""
    sql = "SELECT orderkey, comment, /* slow reader */ linenumber FROM tpch.sf1.lineitem LIMIT 240000"
    with wire.Wire(proxy.port) as slow:
        slow.send(wire.query(sql))
        proxy.wait_for(lambda: any(q["state"] == "running" for q in proxy.running_queries()), what="it runs")
        before = proxy.memory()
        time.sleep(2)
        assert trino_server.queries("query LIKE '%slow reader%' AND query NOT LIKE '%runtime.queries%'")[0][1] != "FINISHED"
        assert proxy.memory() - before < 64 << 20
        rows = wire.values(wire.check(slow.until()))
        slow.finish()
    assert len(rows) == 240000 and len({(row[0], row[2]) for row in rows}) == 240000


# ---- statements ----

def test_tags(raw):
    t = "memory.default.tags"
    assert raw.run(f"CREATE TABLE {t} (id bigint, name varchar)") == ["CREATE TABLE"]
    assert raw.run(f"INSERT INTO {t} VALUES (1, 'one'), (2, NULL)") == ["INSERT 0 2"]
    assert raw.run(f"SELECT * FROM {t}") == ["SELECT 2"]
    assert raw.run(f"INSERT INTO {t} SELECT nationkey, name FROM nation WHERE nationkey < 0") == ["INSERT 0 0"]
    assert raw.run(f"CREATE VIEW {t}_v AS SELECT id FROM {t}") == ["CREATE VIEW"]
    assert raw.run(f"DROP VIEW {t}_v") == ["DROP VIEW"]
    assert raw.run(f"ALTER TABLE {t} RENAME TO {t}2") == ["ALTER TABLE"]
    assert raw.run(f"DROP TABLE {t}2") == ["DROP TABLE"]
    assert wire.tags(wire.check(raw.query("EXPLAIN SELECT 1"))) == ["EXPLAIN"]
    assert raw.rows("SHOW CATALOGS")[0] == ["memory"]


ERRORS = {
    "SELEC 1": "42601", "SELECT * FROM no_such_table": "42P01", "SELECT * FROM no_schema.t": "3F000", "SELECT * FROM nope.a.b": "3D000",
    "SELECT no_such_column FROM nation": "42703", "SELECT no_such_function(1)": "42883", "SELECT 1 / 0": "22012",
    "SELECT CAST('x' AS integer)": "22P02", "SELECT name FROM nation a, nation b": "42702", "SELECT 1 + 'x'": "42804",
    "SELECT regionkey, count(*) FROM nation": "42803", "DELETE FROM nation": "0A000", "SELECT BIGINT '9223372036854775807' + 1": "22003",
}


@pytest.mark.parametrize("sql", ERRORS)
def test_errors(raw, sql):
    for found in (raw.fails(sql), wire.error(raw.extended(sql))):
        assert found.sqlstate == ERRORS[sql], found
        assert "Trino error " in found.fields["detail"] and "_ERROR" in found.fields["detail"]
    assert raw.value("SELECT 1") == "1"


def test_error_positions(raw):
    sql = "SELECT 'é',\n  nope FROM nation"
    assert int(raw.fails(sql).fields["position"]) == sql.index("nope") + 1
    for sql in ("SELECT $1, 'it''s', nope FROM nation", "SELECT $1,\n  'é', nope FROM nation"):
        found = wire.error(raw.extended(sql, ["a"], oids=[25]))
        assert int(found.fields["position"]) == sql.index("nope") + 1


def test_copy_and_savepoints_are_refused(raw):
    assert raw.fails("COPY nation TO STDOUT").sqlstate == "0A000"
    raw.run("BEGIN")
    assert raw.run("SAVEPOINT s; RELEASE s") == ["SAVEPOINT", "RELEASE"]  # before the first statement Trino need not know of it
    raw.run("SELECT 1")
    found = raw.fails("SAVEPOINT s")
    assert found.sqlstate == "42601" and "SAVEPOINT" in found.message  # Trino's own words
    raw.run("ROLLBACK")
    assert raw.value("SELECT 1") == "1"


def test_a_setting_smuggles_no_header(raw):
    raw.run("SET application_name = 'a\r\nX-Trino-User: root'")
    assert raw.value("SELECT current_user") == "turnout"
    raw.run("RESET application_name")
    raw.run("SET TIME ZONE 'UTC'")
    assert raw.fails("SET query_max_run_time = 'a\r\nb: c'").sqlstate == "22023"


def test_statement_of_4_mb(raw):
    assert len(raw.value("SELECT '" + "xy" * (2 << 20) + "'")) == 4 << 20
    assert raw.fails("SELECT '" + "xy" * (3 << 20) + "'").sqlstate == "54000"  # query.max-length of this server


# ---- parameters ----

def test_psycopg_parameters(client):
    values = [5, 2**40, -2**63, 1.25, decimal.Decimal("-1.50"), "it's ☃ ' '' -- \\", b"\x00'\xff", True, datetime.date(2024, 2, 29),
              datetime.datetime(2024, 1, 2, 3, 4, 5, 678901), datetime.time(1, 2, 3),
              datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc), uuid.UUID(int=5), datetime.timedelta(2, 3)]
    for binary in (False, True):
        with client.cursor(binary=binary) as cursor:
            cursor.execute("SELECT " + ", ".join(["%s"] * len(values)), values, binary=binary)
            assert list(cursor.fetchone()) == values
            assert cursor.execute("SELECT name FROM nation WHERE nationkey IN (%s, %s) AND name <> %s ORDER BY 1", (1, 2, "x' OR '1'='1")).fetchall() \
                == [("ARGENTINA",), ("BRAZIL",)]
            assert cursor.execute("SELECT CAST(%s AS bigint) IS NULL, contains(%s, 2)", (None, [1, 2])).fetchone() == (True, True)


def test_a_parameter_is_used_twice(raw):
    messages = wire.check(raw.extended("SELECT $2, $1, $2, '$1', \"$3\" FROM (VALUES 7) t(\"$3\")", ["a'b", "2"], oids=[25, 20]))
    assert wire.texts(messages) == [["2", "a'b", "2", "$1", "7"]]


def test_describe(raw):
    raw.send(wire.parse("SELECT name, abs($1) = regionkey AS r, CAST(1 AS decimal(5,2)) FROM nation WHERE nationkey = $2 AND name LIKE $3", "s"),
             wire.describe("S", "s"), wire.SYNC)
    messages = wire.check(raw.until())
    assert next(m for m in messages if m.type == "t").oids == [21, 20, 25]
    assert [(c.name, c.oid) for c in wire.columns(messages)] == [("name", 25), ("r", 16), ("_col2", 1700)]
    raw.send(wire.parse("INSERT INTO memory.default.no VALUES 1", "i"), wire.describe("S", "i"), wire.SYNC)
    assert wire.error(raw.until()).sqlstate == "42P01"


def test_asyncpg(proxy):
    """Describes first and binds everything in binary."""
    import asyncio  # pylint: disable=import-outside-toplevel

    import asyncpg  # pylint: disable=import-outside-toplevel

    async def talk():
        connection = await asyncpg.connect(proxy.dsn())
        try:
            found = await connection.fetch("SELECT name FROM nation WHERE nationkey = $1 OR name = $2 ORDER BY 1", 3, "PERU")
            assert [row["name"] for row in found] == ["CANADA", "PERU"]
            assert await connection.fetchval("SELECT max(orderdate) FROM orders WHERE orderdate < $1", datetime.date(1992, 1, 3)) == datetime.date(1992, 1, 2)
        finally:
            await connection.close()
    asyncio.run(talk())


# ---- sessions ----

def test_session_properties(proxy):
    with wire.Wire(proxy.port) as one, wire.Wire(proxy.port) as other:
        ask = "SHOW SESSION LIKE 'query_max_run_time'"
        one.run("SET query_max_run_time = '31m'")
        one.run("SET SESSION query_max_planning_time = '7m'")
        assert one.rows(ask)[0][1] == "31m"
        assert one.rows("SHOW SESSION LIKE 'query_max_planning_time'")[0][1] == "7m"
        assert other.rows(ask)[0][1] != "31m"
        assert one.fails("SET no_such_property = 1").sqlstate == "22023"
        one.run("RESET query_max_run_time")
        assert one.rows(ask)[0][1] != "31m"
        one.run("SET TIME ZONE 'Asia/Kathmandu'")
        assert one.value("SELECT current_timezone()") == "Asia/Kathmandu"
        assert one.value("SELECT TIMESTAMP '2024-01-01 00:00:00 UTC'") == "2024-01-01 05:45:00+05:45"
        one.finish()
        other.finish()


def test_use_stays_with_its_session(proxy):
    with wire.Wire(proxy.port) as one, wire.Wire(proxy.port) as other:
        one.run("USE memory.default")
        assert one.rows("SELECT current_catalog, current_schema") == [["memory", "default"]]
        assert other.rows("SELECT current_catalog, current_schema") == [["tpch", "tiny"]]
        one.finish()
        other.finish()
    with wire.Wire(proxy.port) as next_one:
        assert next_one.rows("SELECT current_catalog, current_schema") == [["tpch", "tiny"]]
        next_one.finish()


def test_transactions(raw):
    raw.run("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY")
    assert raw.value("SELECT count(*) FROM nation") == "25"
    assert wire.status(raw.query("SELECT count(*) FROM region")) == "T"
    assert raw.run("COMMIT") == ["COMMIT"]
    raw.run("START TRANSACTION")
    assert raw.value("SELECT 1") == "1"
    assert wire.status(raw.query("SELECT nope")) == "E"
    assert raw.fails("SELECT 1").sqlstate == "25P02"
    assert raw.run("ROLLBACK") == ["ROLLBACK"]
    assert raw.value("SELECT 1") == "1"


def test_init_sql(trino_server, proxies):
    proxy = proxies(config(trino_server, initSql=["USE memory.default", "SET SESSION query_max_run_time = '42m'"]))
    with wire.Wire(proxy.port) as client:
        assert client.rows("SELECT current_catalog") == [["memory"]]
        assert client.rows("SHOW SESSION LIKE 'query_max_run_time'")[0][1] == "42m"
        client.run("USE tpch.tiny")
        client.run("SET query_max_run_time = '43m'")  # over what initSql set, on the connection that USE made the session's own
        client.run("SET query_max_planning_time = '8m'")
        assert client.rows("SHOW SESSION LIKE 'query_max_run_time'")[0][1] == "43m"
        client.run("RESET query_max_run_time")
        client.run("RESET query_max_planning_time")
        assert client.rows("SHOW SESSION LIKE 'query_max_run_time'")[0][1] == "42m"
        assert client.rows("SHOW SESSION LIKE 'query_max_planning_time'")[0][1] != "8m"
        assert client.rows("SELECT current_catalog") == [["tpch"]]
        client.finish()
    with wire.Wire(proxy.port) as client:
        assert client.rows("SELECT current_catalog") == [["memory"]]
        client.finish()


# ---- ends ----

def test_cancel(proxy, raw, trino_server):
    for _ in range(2):
        raw.send(wire.query(LONG + " /* to cancel */"))
        runs(proxy, trino_server, "to cancel")
        raw.cancel()
        assert wire.error(raw.until()).sqlstate == "57014"  # by itself it takes hours
        assert set(ended(trino_server, "to cancel")) == {"FAILED"}
    assert raw.value("SELECT 1") == "1"


def test_cancel_before_the_first_page(proxy, raw, trino_server):
    for _ in range(5):
        raw.send(wire.query(LONG + " /* at once */"))
        proxy.wait_for(proxy.running_queries, what="the query runs")
        raw.cancel()
        assert wire.error(raw.until()).sqlstate == "57014"
    assert raw.value("SELECT 1") == "1"
    rows = trino_server.queries("query LIKE '%at once%' AND query NOT LIKE '%runtime.queries%'")
    assert not rows or set(ended(trino_server, "at once")) == {"FAILED"}


def test_a_client_that_leaves(proxy, trino_server):
    client = wire.Wire(proxy.port)
    client.send(wire.query(LONG + " /* left alone */"))
    runs(proxy, trino_server, "left alone")
    client.close()
    assert ended(trino_server, "left alone") == ["FAILED"]


def test_statement_timeout(proxy, raw, trino_server):
    raw.run("SET statement_timeout = '1500ms'")
    assert raw.fails(LONG + " /* out of time */").sqlstate == "57014"
    raw.run("RESET statement_timeout")
    rows = trino_server.queries("query LIKE '%out of time%' AND query NOT LIKE '%runtime.queries%'")
    assert not rows or ended(trino_server, "out of time") == ["FAILED"]


def test_killed_by_trinos_administrator(proxy, raw, trino_server):
    raw.send(wire.query(LONG + " /* to kill */"))
    runs(proxy, trino_server, "to kill")
    (found,) = [q for q in trino_server.queries("query LIKE '%to kill%' AND query NOT LIKE '%runtime.queries%'") if q[1] == "RUNNING"]
    trino_server.sql(f"CALL system.runtime.kill_query(query_id => '{found[0]}', message => 'go away')")
    error = wire.error(raw.until())
    assert error.sqlstate == "57014" and "go away" in error.message


def test_statistics(proxy, raw):
    raw.value("SELECT sum(quantity) FROM lineitem WHERE orderkey > 42 /* measured */")
    record = proxy.wait_for(lambda: [r for r in proxy.admin("/admin/history?limit=5")[1]["records"] if "measured" in r["text"]])[0]
    assert record["outcome"] == "ok" and record["engine"] == "trino"
    assert record["rowsRead"] == 60175, record


# ---- the 22 queries ----

TPCH_SCHEMA = {"catalog": "tpchstd", "schema": "tiny"}


@pytest.fixture(scope="module")
def tpch_proxy(trino_server):
    with proxy_module.Proxy(config(trino_server, **TPCH_SCHEMA)) as started:
        yield started


@pytest.mark.parametrize("number", range(1, 23))
def test_tpch(tpch_queries, trino_server, tpch_proxy, number):
    """The same rows, types and order included, as Trino's own client gets: with PostgreSQL's protocol and with Trino's."""
    sql = re.sub(r"GROUP BY\s+supplier_no", "GROUP BY l_suppkey", tpch_queries[number].strip().rstrip(";"))  # Trino groups by no alias
    own = trino.dbapi.connect(host="127.0.0.1", port=trino_server.port, user="direct", **TPCH_SCHEMA).cursor()
    own.execute(sql)
    expected = [tuple(row) for row in own.fetchall()]
    relayed = trino.dbapi.connect(host="127.0.0.1", port=tpch_proxy.trino_port, user="direct", **TPCH_SCHEMA).cursor()
    relayed.execute(sql)
    assert [tuple(row) for row in relayed.fetchall()] == expected
    assert relayed.description == own.description
    with ops.connect(tpch_proxy) as connection, connection.cursor(binary=number % 2 == 0) as cursor:
        cursor.execute(sql)
        got = cursor.fetchall()
        assert [column.name for column in cursor.description] == [column[0] for column in own.description]
    assert [[(type(v), v) for v in row] for row in got] == [[(type(v), v) for v in row] for row in expected]


# ---- the coordinator goes away and comes back; last, for it is the one server of all these tests ----

@pytest.mark.timeout(600)
def test_restart(trino_server, proxies):
    proxy = proxies(proxy_module.one_cluster("trino-1", trino_server.cluster(healthCheck={"interval": "300ms", "timeout": "20s"})))
    with wire.Wire(proxy.port) as client:
        client.send(wire.query(LONG + " /* dies */"))
        runs(proxy, trino_server, "dies")
        trino_server.down()
        found = wire.error(client.until())
        assert found.sqlstate in ("08006", "08001"), found
        proxy.wait_for(lambda: proxy.admin("/admin/clusters")[1][0]["health"] == "down", 60, "it is seen to be down")
        notes = set()
        over = threading.Event()

        def watch():
            while not over.wait(0.1):
                notes.add(proxy.admin("/admin/clusters")[1][0]["note"])
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            trino_server.up()  # not from the other thread: it would end with that
        finally:
            over.set()
            watcher.join()
        assert any("Trino is starting" in (note or "") for note in notes), notes
        proxy.wait_for(lambda: proxy.admin("/admin/clusters")[1][0]["health"] == "up", 60, "it is up again")
        assert client.value("SELECT count(*) FROM nation") == "25"
        client.finish()
