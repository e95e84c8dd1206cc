"""Trino in front and behind: what a client of Trino's protocol gets through Turnout from a real Trino 476 is what it gets from
it directly, down to the JSON of columns and rows; what its session says reaches that Trino."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

import proxy as proxy_module
import wire
from trino_contract import BIGINT, Answer, Contract
from trino_server import VERSION

trino = pytest.importorskip("trino")
pytestmark = pytest.mark.timeout(600)  # whichever runs first fetches Trino and waits for its start

PARAMETRIC = {"X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME"}


@pytest.fixture(scope="module")
def proxy(trino_server):
    with proxy_module.Proxy(proxy_module.one_cluster("trino-1", trino_server.cluster())) as started:
        yield started
        started.check_sanitizers()


class Session:
    """A client of the bare protocol that keeps what answers tell it to keep."""

    def __init__(self, port, **headers):
        self.base = f"http://127.0.0.1:{port}"
        self.headers = {"X-Trino-User": "tester", **PARAMETRIC, **{name.replace("_", "-"): value for name, value in headers.items()}}

    def ask(self, link, method="GET", body=None):
        request = urllib.request.Request(link, data=body, method=method, headers=self.headers)
        for attempt in range(600):
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    self.keep(answer.headers)
                    return json.loads(answer.read() or b"{}")
            except urllib.error.HTTPError as error:
                if error.code != 503 or attempt == 599:
                    raise
                time.sleep(0.1)

    def keep(self, fields):
        if fields["X-Trino-Set-Catalog"]:
            self.headers["X-Trino-Catalog"] = fields["X-Trino-Set-Catalog"]
        if fields["X-Trino-Set-Schema"]:
            self.headers["X-Trino-Schema"] = fields["X-Trino-Set-Schema"]
        if fields["X-Trino-Set-Path"]:
            self.headers["X-Trino-Path"] = fields["X-Trino-Set-Path"]
        if fields["X-Trino-Set-Session"]:
            self.headers["X-Trino-Session"] = ",".join(filter(None, (self.headers.get("X-Trino-Session"), fields["X-Trino-Set-Session"])))
        if fields["X-Trino-Clear-Session"]:
            items = self.headers.get("X-Trino-Session", "").split(",")
            self.headers["X-Trino-Session"] = ",".join(i for i in items if i.split("=")[0] != fields["X-Trino-Clear-Session"])
        if fields["X-Trino-Added-Prepare"]:
            self.headers["X-Trino-Prepared-Statement"] = fields["X-Trino-Added-Prepare"]

    def post(self, sql):
        return self.ask(self.base + "/v1/statement", "POST", sql.encode())

    def run(self, sql):
        """(columns, rows, the last page, how many pages had rows)"""
        page, rows, columns, pages = self.post(sql), [], None, 0
        while True:
            columns = columns or page.get("columns")
            rows += page.get("data") or []
            pages += bool(page.get("data"))
            if "nextUri" not in page:
                return columns, rows, page, pages
            page = self.ask(page["nextUri"])

    def rows(self, sql):
        _, rows, page, _ = self.run(sql)
        assert "error" not in page, page["error"]
        return rows


@pytest.fixture
def both(proxy, trino_server):
    """both(**headers): the same session directly and through Turnout."""
    def make(**headers):
        where = {"X_Trino_Catalog": "tpch", "X_Trino_Schema": "tiny", "X_Trino_Time_Zone": "Europe/Berlin", **headers}
        return Session(trino_server.port, **where), Session(proxy.trino_port, **where)
    return make


# ---- rows ----

TYPES = [
    "true", "TINYINT '-5'", "SMALLINT '7'", "2147483647", "BIGINT '-9223372036854775808'", "9007199254740993", "REAL '1.5'", "DOUBLE '0.1'",
    "infinity()", "-infinity()", "nan()", "REAL 'NaN'", "DECIMAL '-12.340'", "DECIMAL '12345678901234567890123456789012345.678'",
    "'it''s ☃ \\ \"q\" [{]},'", "''", "U&'\\0001\\000a\\0009'", "CAST('ab' AS char(4))", "CAST('ab' AS varchar(7))", "X'00ff10'", "DATE '2024-02-29'",
    "DATE '-0044-03-15'", "TIME '10:11:12.5'", "TIME '10:11:12.123456789012'", "TIME '10:11:12.5+02:30'", "TIMESTAMP '2024-01-01 01:02:03'",
    "TIMESTAMP '2024-01-01 01:02:03.123456789012'", "TIMESTAMP '2024-07-01 12:00:00 Europe/Berlin'", "TIMESTAMP '2024-07-01 12:00:00.25 -03:30'",
    "INTERVAL '3' DAY", "INTERVAL -'1 02:03:04.5' DAY TO SECOND", "INTERVAL '14' MONTH", "UUID '12151fd2-7586-11e9-8f9e-2a86e4085a59'",
    "IPADDRESS '2001:db8::1'", "JSON '{\"a\": [1, null]}'", "NULL", "ARRAY[1, NULL, 3]", "ARRAY[]", "ARRAY[ARRAY['a', 'é\"'], NULL]",
    "MAP(ARRAY['k'], ARRAY[1.50])", "MAP()", "MAP(ARRAY[1, 2], ARRAY[TIMESTAMP '2024-01-01 01:02:03.123456', NULL])",
    "CAST(ROW(1, 'x', ROW(2.5, NULL)) AS ROW(a integer, \"b c\" varchar, d ROW(e decimal(3,1), f bigint)))", "ROW(1, 'x')",
    "CAST(NULL AS ROW(a integer))", "approx_set(1)", "current_timezone()", "qdigest_agg(1)", "tdigest_agg(1)",
]


@pytest.mark.parametrize("zone", ["UTC", "America/St_Johns"])
def test_types(both, zone):
    direct, through = both(X_Trino_Time_Zone=zone)
    sql = "SELECT " + ", ".join(f"{text} AS c{i}" for i, text in enumerate(TYPES)) + " FROM (VALUES 1) t"
    expected, got = direct.run(sql), through.run(sql)
    assert "error" not in expected[2], expected[2]
    assert got[0] == expected[0]
    for text, ours, theirs in zip(TYPES, got[1][0], expected[1][0]):
        assert json.dumps(ours) == json.dumps(theirs), text
    assert len(got[1]) == len(expected[1]) == 1


def test_a_client_of_old(both):
    """Without PARAMETRIC_DATETIME the rows are not those that Turnout asks Trino for: they are made anew, as Trino would."""
    sql = "SELECT TIMESTAMP '2024-01-01 01:02:03.123456' AS a, TIME '10:11:12.5' AS b, TIMESTAMP '2024-07-01 12:00:00 UTC' AS c, DECIMAL '1.20' AS d, CAST('x' AS varchar) AS e"
    direct, through = both(X_Trino_Client_Capabilities="PATH", X_Trino_Time_Zone="UTC")
    expected, got = direct.run(sql), through.run(sql)
    assert [column["type"] for column in got[0]] == [column["type"] for column in expected[0]]
    assert got[1] == expected[1]


def test_empty_results(both):
    direct, through = both()
    for sql in ("SELECT nationkey, name FROM nation WHERE nationkey < 0", "SELECT * FROM (VALUES (1, 'x')) t(a, b) WHERE a > 1"):
        expected, got = direct.run(sql), through.run(sql)
        assert got[:2] == expected[:2] and got[0] and not got[1]


def test_many_pages(both):
    """All rows, none twice, whatever pages they come in."""
    sql = "SELECT orderkey, linenumber, comment, shipdate, extendedprice FROM lineitem"
    direct, through = both()
    expected, got = direct.run(sql), through.run(sql)
    assert got[0] == expected[0]
    assert sorted(map(tuple, got[1])) == sorted(map(tuple, expected[1]))
    assert got[3] > 1


def test_one_row_larger_than_a_page(both):
    _, through = both()
    assert [len(row[0]) for row in through.rows("SELECT array_join(transform(sequence(1, 200), i -> array_join(repeat('éx', 5000), '')), '') FROM (VALUES 1, 2) t")] == [2000000] * 2


def test_error_in_mid_result(both):
    _, rows, page, pages = both()[1].run(  # more than what Trino has room for before it
        "SELECT array_join(repeat(comment, 40), '') AS x, 1 / (orderkey - 64000) AS y FROM tpch.sf1.orders")
    error = page["error"]
    assert rows and pages > 1
    assert (error["errorCode"], error["errorName"], error["errorType"], error["message"]) == (8, "DIVISION_BY_ZERO", "USER_ERROR", "Division by zero")


@pytest.mark.parametrize("sql", ["SELEC 1", "SELECT\n  nope FROM nation", "SELECT * FROM no_such_table", "SELECT 1 / 0", "SELECT * FROM nope.a.b",
                                 "SELECT repeat('x', 100000)", "SELECT CAST('x' AS integer)", "SELECT name FROM nation a, nation b"])
def test_errors(both, sql):
    direct, through = both()
    expected, got = direct.run(sql)[2]["error"], through.run(sql)[2]["error"]
    for key in ("message", "errorCode", "errorName", "errorType", "errorLocation", "sqlState"):
        assert got.get(key) == expected.get(key), (got, expected)


@pytest.mark.parametrize("statements", [
    ["\n\n  SELECT nosuch"], ["-- c\nSELECT\n nosuch"], ["EXECUTE IMMEDIATE 'SELECT nosuch FROM nation'"], ["EXECUTE IMMEDIATE 'SELECT nosuch FROM nation WHERE nationkey = ?' USING 1"],
    ["EXECUTE IMMEDIATE 'SELECT ''a'', nosuch FROM nation'"], ["EXECUTE IMMEDIATE\n 'SELECT\n  nosuch FROM nation'"], ["EXECUTE IMMEDIATE 'SELEC 1'"], ["EXECUTE IMMEDIATE 'SELECT 1 FROM'"],
    ["EXECUTE IMMEDIATE 'SELECT ? + nosuch' USING 10"], ["PREPARE p FROM SELECT name, nosuch FROM nation WHERE nationkey = ?", "EXECUTE p USING 3"],
    ["PREPARE p FROM SELECT ?,\n nosuch", "EXECUTE p USING 1000"], ["PREPARE p FROM SELECT nosuch", "EXECUTE p"], ["PREPARE p FROM SELECT 1", "EXECUTE p USING 3"],
    ["PREPARE p FROM SELECT ?", "EXECUTE p"], ["USE nosuch.x"], ["SHOW SCHEMAS FROM nosuch"], ["START TRANSACTION READ ONLY, READ WRITE"], ["START TRANSACTION READ ONLY READ WRITE"]], ids=lambda all: all[-1][:40])
def test_places(both, statements):
    """Of errors in prepared statements, too, which reach a Trino in other texts: where a direct client is told that they are."""
    told = []
    for session in both(X_Trino_Transaction_Id="NONE"):
        page = [session.run(sql)[2] for sql in statements][-1]
        told.append({key: page["error"].get(key) for key in ("message", "errorCode", "errorName", "errorLocation")})
    assert told[0] == told[1]


def test_names_of_columns(both, trino_server):
    told = [session.run("SELECT current_user, current_user AS u, current_catalog, version()")[0] for session in both()]
    assert [column["name"] for column in told[0]] == [column["name"] for column in told[1]]
    assert both()[1].rows("SELECT version() AS whose_version") == [[VERSION]]
    asked = trino_server.queries("query LIKE '%whose_version%' AND query NOT LIKE '%runtime%'")
    assert [row[3] for row in asked] == ["SELECT version() AS whose_version"]  # which it is, it says itself


def test_numbers_are_sent_as_they_came(both, trino_server):
    """A statement of the greatest length is no longer there."""
    said = "EXECUTE IMMEDIATE 'SELECT ? AS bare_number' USING 42"
    assert both()[1].rows(said) == [[42]]
    assert [row[3] for row in trino_server.queries("query LIKE '%bare_number%' AND query NOT LIKE '%runtime%'")] == [said]


def test_changes(both):
    table = "memory.default.relayed"
    _, through = both()
    for sql, kind, count, rows in ((f"CREATE TABLE {table} (id bigint, name varchar)", "CREATE TABLE", None, []),
                                   (f"INSERT INTO {table} VALUES (1, 'one'), (2, NULL)", "INSERT", 2, [[2]]),
                                   (f"SELECT * FROM {table} ORDER BY id", None, None, [[1, "one"], [2, None]]),
                                   (f"INSERT INTO {table} SELECT * FROM {table} WHERE id < 0", "INSERT", 0, [[0]]),
                                   (f"DROP TABLE {table}", "DROP TABLE", None, [])):
        _, got, page, _ = through.run(sql)
        assert "error" not in page, page
        assert (page.get("updateType"), page.get("updateCount"), got) == (kind, count, rows), sql


def test_back_pressure(proxy, trino_server):
    """10 million rows that nobody fetches: Trino waits, and Turnout's memory stays."""
    through = Session(proxy.trino_port)
    through.rows("SELECT 1")
    before = proxy.memory()
    page = through.post("SELECT orderkey, comment, /* unread */ linenumber FROM tpch.sf10.lineitem LIMIT 10000000")
    while not page.get("data"):
        page = through.ask(page["nextUri"])
    time.sleep(2)
    assert trino_server.queries("query LIKE '%unread%' AND query NOT LIKE '%runtime.queries%'")[0][1] != "FINISHED"
    assert proxy.memory() - before < 96 << 20
    through.ask(page["nextUri"], "DELETE")
    proxy.wait_for(lambda: not proxy.running_queries(), what="it is over")
    proxy.wait_for(lambda: trino_server.queries("query LIKE '%unread%' AND query NOT LIKE '%runtime.queries%'")[0][1] == "FAILED", what="it is over there")


def test_another_protocol_beside_it(proxy):
    """Rows are decoded for a client of PostgreSQL's protocol, in the same moment."""
    through = Session(proxy.trino_port)
    with wire.Wire(proxy.port) as client:
        sql = "SELECT nationkey, name, DATE '2024-02-29', DECIMAL '1.20' FROM nation ORDER BY 1 LIMIT 2"
        assert client.rows(sql) == [["0", "ALGERIA", "2024-02-29", "1.20"], ["1", "ARGENTINA", "2024-02-29", "1.20"]]
        assert through.rows(sql) == [[0, "ALGERIA", "2024-02-29", "1.20"], [1, "ARGENTINA", "2024-02-29", "1.20"]]
        client.finish()


# ---- sessions ----

def test_use_and_properties(both):
    for session in both():
        session.rows("USE memory.default")
        assert session.rows("SHOW TABLES FROM tpch.tiny LIKE 'nat%'") == [["nation"]]
        session.rows("CREATE TABLE IF NOT EXISTS placed (a bigint)")
        assert session.rows("SELECT table_schema FROM memory.information_schema.tables WHERE table_name = 'placed'") == [["default"]]
        session.rows("DROP TABLE placed")
        session.rows("SET SESSION query_max_planning_time = '7m'")
        assert [row[1] for row in session.rows("SHOW SESSION LIKE 'query_max_planning_time'")] == ["7m"]
        session.rows("SET SESSION task_concurrency = 32")
        plan = session.rows("EXPLAIN (TYPE DISTRIBUTED) SELECT count(*) FROM tpch.tiny.nation GROUP BY name")
        assert plan
        session.rows("RESET SESSION task_concurrency")
        session.rows("SET SESSION query_max_execution_time = '1ms'")  # Trino itself ends it, or Turnout: it reached somebody
        assert "error" in session.run("SELECT count(*) FROM tpch.sf1.lineitem")[2]


def test_use_of_what_is_not_there(both):
    errors = []
    for session in both():
        session.rows("USE tpch.tiny")
        errors.append([(error["errorName"], error["message"]) for error in (session.run(sql)[2]["error"] for sql in ("USE tpcds.sf1", "USE tpch.nowhere", "USE nowhere"))])
        assert session.rows("SELECT count(*) FROM nation") == [[25]]
    assert errors[0] == errors[1] and [name for name, _ in errors[0]] == ["CATALOG_NOT_FOUND", "NOT_FOUND", "NOT_FOUND"]


def test_a_property_that_trino_refuses(both):
    """It knows best: no such property, no such catalog."""
    for headers in ({"X_Trino_Session": "no_such_property=1"}, {"X_Trino_Catalog": "nope", "X_Trino_Schema": "x"}):
        _, through = both(**headers)
        page = through.run("SELECT * FROM nation")[2]
        assert "no_such_property" in page["error"]["message"] or "nope" in page["error"]["message"], page["error"]


def kept(session):
    """What a client's session has: each page of an answer may tell it again."""
    return set(session.headers["X-Trino-Session"].split(","))


def test_properties_are_checked_at_once(both):
    """Names, types and values, as a direct client is told; expressions have their worth; what was said reaches later statements."""
    bad = ("SET SESSION nosuch = 1", "SET SESSION nosuch.prop = 1", "SET SESSION query_max_run_time = 7", "SET SESSION join_distribution_type = 'SIDEWAYS'",
           "SET SESSION task_concurrency = 3", "RESET SESSION nosuch", "SET ROLE nosuch", "SET ROLE x IN tpch", "SET PATH a.b.c", "SET TIME ZONE 'No/Where'",
           "SET TIME ZONE INTERVAL '20' HOUR", "PREPARE p FROM SELEC 1", "PREPARE p FROM PREPARE q FROM SELECT 1", "SET SESSION task_concurrency", "SET SESSION task_concurrency = 1 +")
    told = []
    for session in both():
        errors = [session.run(sql)[2].get("error") for sql in bad]
        assert all(errors), [sql for sql, error in zip(bad, errors) if not error]
        _, _, page, _ = session.run("SET SESSION query_max_run_time = concat('4', '2m')")
        assert page["updateType"] == "SET SESSION" and kept(session) == {"query_max_run_time=42m"}
        session.rows("SET SESSION task_concurrency = 8 * 4")
        assert session.rows("SHOW SESSION LIKE 'query_max_run_time'")[0][1] == "42m"
        assert session.rows("SELECT count(*) FROM tpch.tiny.nation") == [[25]]
        assert len(session.rows("SHOW SESSION")) > 100
        session.rows("RESET SESSION query_max_run_time")
        session.rows("PREPARE p FROM SELECT ? -- not the last word\n")
        assert session.rows("EXECUTE p USING 5") == [[5]]
        session.rows("PREPARE p FROM SELECT ? + 1")
        assert session.rows("EXECUTE p USING 5") == [[6]] and session.rows("DESCRIBE INPUT p") == [[0, "integer"]]
        assert kept(session) == {"task_concurrency=32"}
        told.append([(error["errorName"], error["message"]) for error in errors])
    assert told[0] == told[1]


@pytest.mark.parametrize("name", ["p", "\"Odd name, = ' \"\" %\"", "\"☃\""])
def test_prepared(both, name):
    described = []
    for session in both():
        session.rows(f"PREPARE {name} FROM SELECT name, ? FROM nation WHERE nationkey = ? OR name = ?")
        assert session.rows(f"EXECUTE {name} USING 'it''s ?', 1 + 1, 'x'' OR ''1''=''1'") == [["BRAZIL", "it's ?"]]
        described.append([session.rows(f"DESCRIBE INPUT {name}"), session.rows(f"DESCRIBE OUTPUT {name}")])
        assert described[-1][0][1] == [1, "bigint"] and described[-1][1][0][:4] == ["name", "tpch", "tiny", "nation"]
        for bad in ("1) OR (1 = 1", "(1", "1]", "1, 2", "1, 2, 3, 4"):
            assert "error" in session.run(f"EXECUTE {name} USING {bad}")[2], bad
    assert described[0] == described[1]


def test_python_client(proxy, trino_server):
    """Parameters, a transaction, tags and the cursor's own view of types."""
    sql = "SELECT name, ?, ?, ? FROM nation WHERE nationkey = ?"
    values = ("it's", 1.5, None, 3)
    seen = []
    for port in (trino_server.port, proxy.trino_port):
        with trino.dbapi.connect(host="127.0.0.1", port=port, user="tester", catalog="tpch", schema="tiny", client_tags=["a"],
                                 isolation_level=trino.transaction.IsolationLevel.READ_UNCOMMITTED) as connection:
            cursor = connection.cursor()
            cursor.execute(sql, values)
            seen.append((cursor.fetchall(), [tuple(column)[:2] for column in cursor.description]))
            cursor.execute("SELECT count(*) FROM region")
            assert cursor.fetchall() == [[5]]
            connection.commit()
    assert seen[0] == seen[1]


def test_the_next_statement_of_a_transaction(proxy):
    """It comes while the one before it has rows that its client does not fetch: it waits for its end, which does not end the transaction."""
    with trino.dbapi.connect(host="127.0.0.1", port=proxy.trino_port, user="tester", catalog="tpch", schema="sf1",
                             isolation_level=trino.transaction.IsolationLevel.READ_UNCOMMITTED) as connection:
        first, second = connection.cursor(), connection.cursor()
        first.execute("SELECT orderkey, comment FROM lineitem LIMIT 200000")
        assert first.fetchone() is not None
        second.execute("SELECT count(*) FROM region")
        assert second.fetchall() == [[5]]
        connection.commit()


# ---- ends ----

def test_pages_at_once_from_several_connections(proxy):
    """The same page on four connections at once: the same bytes, and no row is lost."""
    from concurrent.futures import ThreadPoolExecutor  # pylint: disable=import-outside-toplevel

    through = Session(proxy.trino_port)
    page, rows = through.post("SELECT orderkey, comment FROM tpch.tiny.lineitem"), 0

    def fetch(link):
        with urllib.request.urlopen(link, timeout=60) as answer:
            return answer.read()
    with ThreadPoolExecutor(4) as pool:
        while "nextUri" in page:
            answers = list(pool.map(fetch, [page["nextUri"]] * 4))
            assert len(set(answers)) == 1
            page = json.loads(answers[0])
            rows += len(page.get("data", []))
    assert rows == 60175


def elsewhere(contract, made):
    return {"clusters": {"bad": contract.cluster(), "good": made.cluster()}, "routingFallback": "all",
            "clusterGroups": {"all": {"members": ["bad", "good"], "strategy": {"type": "failover"}}}}


def test_columns_of_the_engine_that_answers(proxies, make_engine):
    """A Trino is gone before it told columns: they are another engine's, and so are the rows; the query is still the same one."""
    def pages(path, count):
        if path.endswith("/1"):
            return {"nextUri": "http://h/v1/statement/executing/q/y/2"}
        return Answer(b"", 404)
    with Contract(pages) as contract:
        proxy = proxies(elsewhere(contract, make_engine("sqlite")))
        through = Session(proxy.trino_port)
        first = through.post("SELECT 2 AS n /* twice */")
        page, seen = first, []
        while "nextUri" in page:
            page = through.ask(page["nextUri"])
            seen.append(page)
        assert "error" not in page and [row for one in seen for row in one.get("data", [])] == [[2]] and len(contract.of("GET")) == 2
        assert [(column["name"], column["type"]) for one in seen if "columns" in one for column in one["columns"]][0] == ("n", "bigint")
        assert {one["id"] for one in seen} == {first["id"]}


def test_gone_after_columns(proxies, make_engine):
    def pages(path, count):
        return {"columns": BIGINT, "nextUri": "http://h/v1/statement/executing/q/y/2"} if path.endswith("/1") else Answer(b"", 404)
    with Contract(pages) as contract:
        proxy = proxies(elsewhere(contract, make_engine("sqlite")))
        assert "does not know the query" in Session(proxy.trino_port).run("SELECT 2 AS n")[2]["error"]["message"]


def test_gone_after_rows(proxies, make_engine):
    """Rows were told: nobody else is asked, and the client learns of it."""
    def pages(path, count):
        if path.endswith("/1"):
            return {"columns": BIGINT, "data": [[1]], "nextUri": "http://h/v1/statement/executing/q/y/2"}
        return Answer(b"", 404)
    with Contract(pages) as contract:
        proxy = proxies(elsewhere(contract, make_engine("sqlite")))
        page = Session(proxy.trino_port).run("SELECT 2 AS n")[2]
        assert "does not know the query" in page["error"]["message"]


@pytest.mark.parametrize("data", [[1, 2], [[1], "x"], [{"a": 1}], {"encoding": "json", "segments": []}, "x", 7])
def test_rows_that_are_none(proxies, data):
    with Contract(lambda path, count: {"columns": BIGINT, "data": data}) as contract:
        proxy = proxies(proxy_module.one_cluster("t-1", contract.cluster()))
        through = Session(proxy.trino_port)
        _, rows, page, _ = through.run("INSERT INTO t VALUES (1) /* never twice */")
        assert "error" in page and rows == [], page


def test_links_lead_to_turnout(proxies):
    """Whatever links the engine gives, a client is given Turnout's own."""
    def pages(path, count):
        link = {"nextUri": f"http://169.254.169.254/v1/statement/executing/q/y/{count}", "partialCancelUri": "http://169.254.169.254/x"}
        return {"columns": BIGINT, "data": [[count]], **(link if count < 5 else {})}
    with Contract(pages) as contract:
        proxy = proxies(proxy_module.one_cluster("t-1", contract.cluster()))
        through = Session(proxy.trino_port)
        page, rows = through.post("SELECT n"), []
        while True:
            assert "169.254" not in json.dumps(page)
            rows += page.get("data", [])
            if "nextUri" not in page:
                break
            assert urllib.parse.urlsplit(page["nextUri"]).port == proxy.trino_port
            page = through.ask(page["nextUri"])
        assert rows == [[i] for i in range(1, 6)]


def test_a_finished_query_holds_no_slot(proxies):
    """Who does not fetch the last page of what Trino has finished keeps nobody waiting."""
    def pages(path, count):
        more = {"nextUri": "http://h/v1/statement/executing/q/y/9"} if path.endswith("/1") else {}
        return {"columns": BIGINT, "data": [[count]], "stats": {"state": "FINISHED"}, **more}
    with Contract(pages) as contract:
        settings = proxy_module.one_cluster("t-1", contract.cluster())
        for group in settings["clusterGroups"].values():
            group.update(maxRunningQueries=1, maxQueuedQueries=0)
        through = Session(proxies(settings).trino_port)
        page = through.ask(through.post("SELECT n FROM slow")["nextUri"])
        assert page["data"] and "nextUri" in page
        for _ in range(3):
            assert len(through.rows("SELECT n FROM other")) == 2
        assert "nextUri" not in through.ask(page["nextUri"])


def test_by_the_engines_own_id(proxies):
    """The id that a client was told is one to ask and to end a query by, whichever worker has it."""
    def pages(path, count):
        return {"columns": BIGINT, "data": [[count]], "nextUri": "http://h/v1/statement/executing/q/y/9"}
    with Contract(pages) as contract:
        proxy = proxies({**proxy_module.one_cluster("t-1", contract.cluster()), "turnout": {"workers": 3}})
        through, other = Session(proxy.trino_port), Session(proxy.trino_port, X_Trino_User="other")
        page = through.post("SELECT n FROM t")
        link = f"{through.base}/v1/query/{page['id']}"
        for _ in range(6):
            found = through.ask(link)
            assert found["queryId"] == page["id"] and found["state"] == "RUNNING"
        for asks, wrong in ((other, link), (through, link + "x"), (through, f"{through.base}/v1/query/")):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                asks.ask(wrong)
        listed, = through.ask(f"{through.base}/v1/query")
        assert (listed["queryId"], listed["self"], listed["state"]) == (page["id"], link, "RUNNING")
        through.ask(link, "DELETE")
        assert through.ask(link)["state"] == "FAILED"  # at once, whatever the Trino still does
        proxy.wait_for(lambda: not proxy.running_queries(), what="it is over")


def test_gzip_only_over_a_network_and_for_those_who_take_it(proxies):
    with Contract() as contract:
        there = contract.url.replace("127.0.0.1", "0.0.0.0")  # not a loopback's name, but here
        settings = {"clusters": {"near": contract.cluster(), "far": contract.cluster(endpoint=there)}, "routingFallback": "far",
                    "clusterGroups": {"near": {"members": ["near"]}, "far": {"members": ["far"]}}}
        proxy = proxies(settings)
        for takes, group, asked in (("gzip", "far", "gzip"), ("gzip;q=0", "far", "identity"), ("identity", "far", "identity"), ("zstd, br", "far", "gzip"),
                                    ("gzip", "near", "identity")):
            Session(proxy.trino_port, Accept_Encoding=takes, X_Trino_Session=f"turnout.group={group}").post("SELECT n FROM t")
            assert contract.of("POST")[-1][2]["Accept-Encoding"] == asked, (takes, group)
        with wire.Wire(proxy.port) as client:
            assert client.rows("SELECT n") == [["1"]]
            assert contract.of("POST")[-1][2]["Accept-Encoding"] == "gzip"
            client.finish()


@pytest.mark.parametrize("when", ["stop", "reload"])
def test_stop_and_reload_in_mid_query(proxies, trino_server, when):
    proxy = proxies({**proxy_module.one_cluster("trino-1", trino_server.cluster()), "turnout": {"shutdownTimeout": "1s"}})
    through = Session(proxy.trino_port)
    page = through.post("SELECT orderkey, comment FROM tpch.sf1.lineitem LIMIT 100000")
    while not page.get("data"):
        page = through.ask(page["nextUri"])
    if when == "stop":
        proxy.stop()
        return
    proxy.reload()
    rows = len(page["data"])
    while "nextUri" in page:
        page = through.ask(page["nextUri"])
        rows += len(page.get("data") or [])
    assert "error" not in page and rows == 100000
