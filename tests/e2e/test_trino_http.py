"""The Trino protocol below its clients: links, tokens, headers, refusals, back-pressure, as raw HTTP."""

import base64
import http.client
import json
import re
import socket
import time
import urllib.parse
import uuid

import pytest


FINAL = 30  # seconds that a query may take here


class Client:
    """One connection; every answer as (status, headers, document)."""

    def __init__(self, port):
        self.port = port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=FINAL)

    def request(self, method, path, body=None, **headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body=body, headers=names)
        answer = self.connection.getresponse()
        raw = answer.read()
        self.raw = raw
        return answer.status, answer.headers, json.loads(raw) if raw.startswith(b"{") else raw.decode()

    def post(self, sql, **headers):
        return self.request("POST", "/v1/statement", sql, **{"X_Trino_User": "tester", "X_Trino_Transaction_Id": "NONE", **headers})

    def get(self, link, method="GET", **headers):
        return self.request(method, urllib.parse.urlsplit(link).path, **headers)

    def run(self, sql, **headers):
        """To the end: (last document, its headers, all rows, number of pages)."""
        status, fields, document = self.post(sql, **headers)
        assert status == 200, document
        rows, pages = [], 0
        while "nextUri" in document:
            status, fields, document = self.get(document["nextUri"])
            assert status == 200, document
            rows += document.get("data", [])
            pages += 1
        return document, fields, rows, pages


def pages_of(client, sql):
    """All pages' bytes."""
    document, pages = client.post(sql)[2], b""
    while "nextUri" in document:
        document = client.get(document["nextUri"])[2]
        pages += client.raw
    return pages


@pytest.fixture
def client(engine):
    return Client(engine.proxy.trino_port)


@pytest.mark.quick
def test_a_query(client):
    status, headers, first = client.post("SELECT 1 AS one")
    assert status == 200 and headers["Content-Type"] == "application/json"
    assert first["stats"]["state"] == "QUEUED" and "data" not in first and "columns" not in first
    assert re.fullmatch(r"\d{8}_\d{6}_\d{5}_[0-9a-z]{5}", first["id"])
    document, _, rows, _ = client.run("SELECT 1 AS one")
    assert rows == [[1]] and document["stats"]["state"] == "FINISHED" and "error" not in document
    assert document["columns"][0]["name"] == "one" and document["columns"][0]["typeSignature"]["arguments"] == []
    for needed in ("infoUri", "warnings", "stats"):
        assert needed in document
    for needed in ("queued", "scheduled", "nodes", "totalSplits", "cpuTimeMillis", "wallTimeMillis", "elapsedTimeMillis", "processedRows",
                   "processedBytes", "physicalInputBytes", "peakMemoryBytes"):
        assert needed in document["stats"]


def test_tokens(engine, client):
    """The same page again is the same bytes, an older one is gone, one that is too new is not there."""
    document = client.post(engine.sql("series", n=300000))[2]
    first = document["nextUri"]
    assert client.get(first)[0] == 200
    once = client.raw
    document = json.loads(once)
    assert client.get(first)[0] == 200 and client.raw == once
    other = Client(client.port)  # perhaps another worker's
    assert other.get(first)[0] == 200 and other.raw == once
    second = document["nextUri"]
    status, _, document = client.get(second)
    assert status == 200 and client.get(first)[0] == 410
    assert client.get(re.sub(r"\d+$", "999", second))[0] == 404
    assert client.get(second.replace("/y", "/z"))[0] == 404
    assert client.get(second, "DELETE")[0] == 204
    assert client.get(second, "DELETE")[0] == 204
    engine.proxy.wait_for(lambda: not engine.proxy.running_queries(), what="the query is cancelled")


def test_behind_the_last_page(client):
    """There is none, however often it is asked for."""
    document = client.post("SELECT 1")[2]
    while "nextUri" in document:
        link = document["nextUri"]
        document = client.get(link)[2]
    once = client.raw
    behind = re.sub(r"\d+$", lambda found: str(int(found.group()) + 1), link)
    assert [client.get(behind)[0] for _ in range(3)] == [404] * 3
    assert client.get(link)[0] == 200 and client.raw == once


def test_the_last_page_again(client):
    document = client.post("SELECT 1")[2]
    while "nextUri" in document:
        link = document["nextUri"]
        document = client.get(link)[2]
    once = client.raw
    assert client.get(link)[0] == 200 and client.raw == once
    assert client.get(link, "DELETE")[0] == 204


def test_other_workers(engine):
    """Every request on a connection of its own."""
    for _ in range(20):
        document = Client(engine.proxy.trino_port).post("SELECT 42 AS a")[2]
        rows = []
        while "nextUri" in document:
            document = Client(engine.proxy.trino_port).get(document["nextUri"])[2]
            rows += document.get("data", [])
        assert rows == [[42]]


def test_links(client):
    document = client.post("SELECT 1", Host="front.example:99")[2]
    assert document["nextUri"].startswith("http://front.example:99/v1/statement/")
    forwarded = {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "db.example", "X_Forwarded_Port": "8443", "X_Forwarded_Prefix": "/trino/"}
    document = client.post("SELECT 1", **forwarded)[2]
    assert document["nextUri"].startswith("https://db.example:8443/trino/v1/statement/queued/")
    path = urllib.parse.urlsplit(document["nextUri"]).path[len("/trino"):]
    assert client.request("GET", path, **forwarded)[2]["infoUri"].startswith("https://db.example:8443/trino/ui/")
    document = client.post("SELECT 1", **{**forwarded, "X_Forwarded_Port": "443", "X_Forwarded_Prefix": "javascript:alert(1)"})[2]
    assert document["nextUri"].startswith("https://db.example/v1/statement/")
    document = client.post("SELECT 1", X_Forwarded_Host="a b\"c")[2]
    assert document["nextUri"].startswith(f"http://127.0.0.1:{client.port}/")


def test_links_lead_where_the_post_led(client):
    """A page is kept for who asks again: another who has the link does not say where it leads, and with it the client's log-in."""
    document = client.post("SELECT 1")[2]
    path = urllib.parse.urlsplit(document["nextUri"]).path
    while True:
        seen = client.request("GET", path, X_Forwarded_Host="evil.example", X_Forwarded_Proto="https")[2]
        assert "evil.example" not in json.dumps(seen) and client.request("GET", path)[2] == seen
        if "nextUri" not in seen:
            break
        path = urllib.parse.urlsplit(seen["nextUri"]).path


def test_refusals(client):
    assert client.request("POST", "/v1/statement", "SELECT 1")[0] == 401
    assert client.post("  \n ")[0] == 400
    assert client.request("GET", "/v1/statement")[0] == 405
    assert client.request("GET", "/v1/nothing")[0] == 404
    assert client.request("GET", "/v1/statement/executing/20260101_000000_00000_00aaa/yx/1")[0] == 404
    # web pages of other sites, also under a name of their own that points here
    assert client.post("SELECT 1", Origin="http://evil.example")[0] == 403
    assert client.post("SELECT 1", Sec_Fetch_Site="cross-site")[0] == 403
    assert client.post("SELECT 1", Host="evil.example:7080", Origin="http://evil.example:7080", Sec_Fetch_Site="same-origin")[0] == 403
    assert client.post("SELECT 1", Origin=f"http://127.0.0.1:{client.port}", Sec_Fetch_Site="same-origin")[0] == 200
    assert client.post("SELECT 1", X_Trino_Session="a")[0] == 400
    assert client.post("SELECT 1", X_Trino_Session="a=%zz")[0] == 400
    assert client.run(b"SELECT '\xff\xfe'")[0]["error"]["errorName"] == "INVALID_FUNCTION_ARGUMENT"
    assert client.run("SELECT 1", X_Trino_Transaction_Id="no-such")[0]["error"]["errorName"] == "UNKNOWN_TRANSACTION"
    assert client.run("-- nothing")[0]["error"]["errorName"] == "SYNTAX_ERROR"


def test_large_requests(client):
    text = "x" * (5 * 1024 * 1024)
    assert client.run(f"SELECT length('{text}')")[2] == [[len(text)]]
    assert client.post(f"SELECT '{'x' * (17 * 1024 * 1024)}'")[0] == 413
    client = Client(client.port)
    many = ",".join(f"property{i}=" + "v" * 100 for i in range(500))
    document, _, rows, _ = client.run("SHOW SESSION LIKE 'property499'", X_Trino_Session=many)
    assert rows[0][1] == "v" * 100
    assert client.post("SELECT 1", X_Trino_Session=many * 2)[0] in (400, 431)


def test_presto_headers(client):
    status, _, document = client.request("POST", "/v1/statement", "SET SESSION turnout.priority = 'low'", X_Presto_User="tester")
    assert status == 200
    while "nextUri" in document:
        _, headers, document = client.get(document["nextUri"])
    assert headers["X-Presto-Set-Session"] == "turnout.priority=low" and document["updateType"] == "SET SESSION"


def test_presto_types(engine, client):
    """Presto's clients read a decimal's type without a blank in it, and fail for one."""
    if engine.name == "sqlite":
        pytest.skip("its expressions have no types")
    for name, told in (("X_Presto_User", "decimal(10,2)"), ("X_Trino_User", "decimal(10, 2)")):
        columns = None
        _, _, document = client.request("POST", "/v1/statement", "SELECT CAST(1.5 AS decimal(10,2)) AS a", **{name: "tester"})
        while "nextUri" in document:
            _, _, document = client.get(document["nextUri"])
            columns = document.get("columns", columns)
        assert columns[0]["type"] == told


def test_session_headers(engine, client):
    def headers(sql, **more):
        document, fields, _, _ = client.run(sql, **more)
        assert "error" not in document, document["error"]
        return document, fields
    document, fields = headers('USE "system".Runtime')
    assert (fields["X-Trino-Set-Catalog"], fields["X-Trino-Set-Schema"], document["updateType"]) == ("system", "runtime", "USE")
    assert document["columns"] == [] and "data" not in document
    assert headers("SET SESSION a.b = 'x y,z'")[1]["X-Trino-Set-Session"] == "a.b=x+y%2Cz"
    assert headers("SET SESSION n = 30")[1]["X-Trino-Set-Session"] == "n=30"
    assert headers("RESET SESSION a.b")[1]["X-Trino-Clear-Session"] == "a.b"
    assert headers("PREPARE p FROM SELECT ?, 'a'")[1]["X-Trino-Added-Prepare"] == "p=SELECT+%3F%2C+%27a%27"
    assert headers("DEALLOCATE PREPARE p", X_Trino_Prepared_Statement="p=SELECT+1")[1]["X-Trino-Deallocated-Prepare"] == "p"
    assert headers("SET ROLE admin")[1]["X-Trino-Set-Role"] == "system=ROLE%7B%22admin%22%7D"
    assert headers("SET PATH a")[1]["X-Trino-Set-Path"] == "a"
    assert headers("SET SESSION AUTHORIZATION Bob")[1]["X-Trino-Set-Authorization-User"] == "bob"  # nobody is asked who he is here
    assert headers("RESET SESSION AUTHORIZATION")[1]["X-Trino-Reset-Authorization-User"] == "true"
    document, fields = headers("START TRANSACTION READ ONLY")
    transaction = fields["X-Trino-Started-Transaction-Id"]
    assert uuid.UUID(transaction).version == 4
    for _ in range(4):  # each on a worker of its own; the transaction has one
        assert Client(client.port).run("SELECT 1", X_Trino_Transaction_Id=transaction)[2] == [[1]]
    other = client.run("SELECT 1", X_Trino_User="somebody", X_Trino_Transaction_Id=transaction)[0]
    assert other["error"]["errorName"] == "UNKNOWN_TRANSACTION"
    assert headers("COMMIT", X_Trino_Transaction_Id=transaction)[1]["X-Trino-Clear-Transaction-Id"] == "true"
    assert client.run("COMMIT")[0]["error"]["errorName"] == "NOT_IN_TRANSACTION"


def test_a_transactions_failures(client):
    """Modes that contradict each other begin none; whatever fails in one ends it."""
    for modes, message in (("READ ONLY, READ WRITE", "line 1:1: Multiple transaction read modes specified"), ("READ ONLY, READ ONLY", "line 1:1: Multiple transaction read modes specified"),
                           ("ISOLATION LEVEL SERIALIZABLE, READ WRITE, ISOLATION LEVEL READ COMMITTED", "line 1:1: Multiple transaction isolation levels specified"),
                           ("ONLY READ", "line 1:19: mismatched input 'ONLY'. Expecting: 'ISOLATION', 'READ', <EOF>"), ("READ ONLY READ WRITE", "line 1:29: mismatched input 'READ'. Expecting: ',', <EOF>"),
                           ("READ ONLY,", "line 1:29: mismatched input '<EOF>'. Expecting: 'ISOLATION', 'READ'"), ("ISOLATION LEVEL x", "line 1:35: mismatched input 'x'. Expecting: 'READ', 'REPEATABLE', 'SERIALIZABLE'")):
        document, fields, _, _ = client.run(f"START TRANSACTION {modes}")
        assert (document["error"]["errorName"], document["error"]["message"]) == ("SYNTAX_ERROR", message) and "X-Trino-Started-Transaction-Id" not in fields
    for modes in ("", "READ WRITE", "ISOLATION LEVEL REPEATABLE READ, READ ONLY", "READ ONLY, ISOLATION LEVEL READ UNCOMMITTED", "ISOLATION LEVEL SERIALIZABLE"):
        transaction = {"X_Trino_Transaction_Id": client.run(f"START TRANSACTION {modes}")[1]["X-Trino-Started-Transaction-Id"]}
        bad = client.run("SET SESSION AUTHORIZATION bob" if modes else "START TRANSACTION", **transaction)[0]["error"]
        assert "in the middle of a transaction" in bad["message"] if modes else "Nested" in bad["message"]
        assert client.run("SELECT 1", **transaction)[0]["error"]["errorName"] == "TRANSACTION_ALREADY_ABORTED"
        assert client.run("ROLLBACK", **transaction)[1]["X-Trino-Clear-Transaction-Id"] == "true"


def test_transaction_of_a_client_that_has_none(client):
    """One that never sends the header would not send it with the next statement either."""
    document = client.request("POST", "/v1/statement", "START TRANSACTION", X_Trino_User="tester")[2]
    while "nextUri" in document:
        _, fields, document = client.get(document["nextUri"])
    error = document["error"]
    assert (error["message"], error["errorCode"], error["errorName"]) == ("Client does not support transactions", 27, "INCOMPATIBLE_CLIENT")
    assert "X-Trino-Started-Transaction-Id" not in fields


def test_update_type_of_what_failed(engine, client):
    t = engine.new_table()
    for sql, kind in ((f"DROP TABLE no{t}", "DROP TABLE"), (f"DROP VIEW no{t}", "DROP VIEW"), (f"CREATE TABLE {t} AS SELECT x FROM no{t}", "CREATE TABLE"), (f"SELECT x FROM no{t}", None)):
        document = client.run(sql)[0]
        assert (document["stats"]["state"], document.get("updateType"), "updateCount" in document) == ("FAILED", kind, False), sql


@pytest.mark.parametrize("large", [True, False])
def test_statement_after_one_that_was_not_read_to_its_end(engine, client, large):
    """In a transaction there is one after the other: the second waits for the first, whose rows nobody comes for, to be over."""
    transaction = client.run("START TRANSACTION READ ONLY")[1]["X-Trino-Started-Transaction-Id"]
    first = client.post(engine.sql("series", n=1000000) if large else "SELECT 1", X_Trino_Transaction_Id=transaction)[2]
    first = client.get(first["nextUri"])[2] if large else first
    assert "nextUri" in first, first
    other = Client(client.port)
    document, _, rows, _ = other.run("SELECT 2", X_Trino_Transaction_Id=transaction)
    assert rows == [[2]], document
    if large:
        assert Client(client.port).get(first["nextUri"])[0] == 410
    third, fourth = (Client(client.port).post(f"SELECT {n}", X_Trino_Transaction_Id=transaction)[2] for n in (3, 4))
    assert client.get(fourth["nextUri"], "DELETE")[0] == 204  # perhaps while it waits
    while "nextUri" in third:
        status, _, third = client.get(third["nextUri"])
        assert status == 200 and third.get("data", [[3]]) == [[3]]
    document, fields, _, _ = client.run("ROLLBACK", X_Trino_Transaction_Id=transaction)
    assert fields["X-Trino-Clear-Transaction-Id"] == "true", document


def test_state_is_the_querys(engine, client):
    """What a GET says of a session changes nothing; what its POST said holds."""
    document = client.post("SHOW SESSION LIKE 'own'", X_Trino_Session="own=mine")[2]
    rows = []
    while "nextUri" in document:
        document = client.get(document["nextUri"], X_Trino_User="another", X_Trino_Session="own=other")[2]
        rows += document.get("data", [])
    assert rows[0][:2] == ["own", "mine"]


def test_datetimes_without_the_capability(engine, client):
    if engine.name == "sqlite":
        pytest.skip("SQLite has no such literals")
    sql = "SELECT TIMESTAMP '2020-01-02 03:04:05.678901' AS t, TIME '01:02:03.5' AS c"
    document, _, rows, _ = client.run(sql)
    assert rows == [["2020-01-02 03:04:05.678", "01:02:03.500"]]
    assert [column["type"] for column in document["columns"]] == ["timestamp", "time"]
    assert document["columns"][0]["typeSignature"] == {"rawType": "timestamp", "arguments": []}
    document, _, rows, _ = client.run(sql, X_Trino_Client_Capabilities="PARAMETRIC_DATETIME")
    assert rows == [["2020-01-02 03:04:05.678901", "01:02:03.500000"]]
    assert document["columns"][0]["typeSignature"] == {"rawType": "timestamp", "arguments": [{"kind": "LONG", "value": 6}]}


def test_errors(engine, client):
    document = client.run("SELECT *\nFROM nowhere_to_be_found")[0]
    error = document["error"]
    assert (error["errorName"], error["errorCode"], error["errorType"]) == ("TABLE_NOT_FOUND", 46, "USER_ERROR")
    assert document["stats"]["state"] == "FAILED" and "nowhere_to_be_found" in error["message"]
    assert error["failureInfo"]["type"] and error["failureInfo"]["stack"] == [] and error["failureInfo"]["suppressed"] == []
    assert error["errorLocation"] == {"lineNumber": 2, "columnNumber": 6}
    for sql, place in (("SELECT 1 +", (1, 11)), ("DROP TABLE\n nowhere", (2, 2)), ("SELECT 'é', nowhere", (1, 13)), ("SHOW COLUMNS FROM nowhere", (1, 19))):
        found = client.run(sql.encode())[0]["error"]["errorLocation"]
        assert (found["lineNumber"], found["columnNumber"]) == place, sql
    error = client.run("USE a.b.c.d")[0]["error"]
    assert error["errorName"] == "SYNTAX_ERROR" and error["errorLocation"]["lineNumber"] == 1


def test_long_poll_and_cancel(engine, client):
    document = client.post(engine.sql("long"))[2]
    began = time.monotonic()
    status, _, document = client.get(document["nextUri"])
    assert status == 200 and "nextUri" in document and time.monotonic() - began > 0.5
    assert client.get(document["nextUri"], "HEAD")[0] == 200
    waiting = socket.create_connection(("127.0.0.1", client.port), timeout=FINAL)
    path = urllib.parse.urlsplit(document["nextUri"]).path
    waiting.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    other = Client(client.port)
    assert other.get(document["nextUri"], "DELETE")[0] == 204
    answer = b"".join(iter(lambda: waiting.recv(65536), b""))
    waiting.close()
    while b'"nextUri"' in answer:  # the cancel was slower than its poll
        link = json.loads(answer[answer.index(b"{"):])["nextUri"]
        answer = json.dumps(client.get(link)[2]).encode()
    assert b'"USER_CANCELED"' in answer
    engine.proxy.wait_for(lambda: not engine.proxy.running_queries(), what="the query is gone")


def test_a_client_gone_while_it_waits(engine, client):
    """A time-out shorter than a long poll: the same page is asked again."""
    document = client.post(engine.sql("long"))[2]
    path = urllib.parse.urlsplit(document["nextUri"]).path
    for _ in range(3):
        waiting = socket.create_connection(("127.0.0.1", client.port), timeout=FINAL)
        waiting.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        time.sleep(0.05)
        waiting.close()
    status, _, document = client.get(document["nextUri"])
    assert status == 200 and "nextUri" in document
    assert client.get(document["nextUri"], "DELETE")[0] == 204
    engine.proxy.wait_for(lambda: not engine.proxy.running_queries(), what="the query is gone")


def test_partial_cancel(engine, client):
    document = client.post(engine.sql("series", n=3000000))[2]
    while "data" not in document:
        document = client.get(document["nextUri"])[2]
    assert client.get(document["partialCancelUri"], "DELETE")[0] == 204
    while "nextUri" in document:
        document = client.get(document["nextUri"])[2]
    assert "error" not in document and document["stats"]["state"] == "FINISHED"


def test_back_pressure(engine, client):
    """Pages that nobody fetches stop the engine."""
    before = engine.proxy.memory()
    document = client.post(engine.sql("series", n=30000000))[2]
    while "data" not in document:
        document = client.get(document["nextUri"])[2]
    time.sleep(1.5)
    assert len(engine.proxy.running_queries()) == 1
    grown = engine.proxy.memory() - before
    assert grown < 400 * 1024 * 1024, grown
    assert client.get(document["nextUri"], "DELETE")[0] == 204
    engine.proxy.wait_for(lambda: not engine.proxy.running_queries(), what="the query is gone")


def test_segments(client):
    """The first encoding of the client's that is known; what is short stays as it is; nothing known: as if none had been asked for."""
    def data(encodings, sql="SELECT 1"):
        document = client.post(sql, X_Trino_Query_Data_Encoding=encodings)[2]
        while "data" not in document:
            document = client.get(document["nextUri"])[2]
        return document["data"]
    for encodings, chosen in (("json+zstd,json+lz4,json", "json+zstd"), ("arrow, json+lz4 ,json", "json+lz4"), ("json", "json")):
        found = data(encodings)
        assert found == {"encoding": chosen, "segments": [{"type": "inline", "data": base64.b64encode(b"[[1]]").decode(),
                                                           "metadata": {"rowOffset": 0, "rowsCount": 1, "segmentSize": 5}}]}
    assert data("arrow,JSON") == [[1]] and data("") == [[1]]
    assert isinstance(data("json", "SHOW SESSION"), list)
    assert client.run("SELECT 1", X_Trino_Query_Data_Encoding="json")[1]["X-Trino-Query-Data-Encoding"] == "json"


def test_numbers(engine, client):
    """A double without a point is refused by the driver for Java."""
    client.run("SELECT CAST(17 AS double precision), CAST(-3 AS real), CAST(1e300 AS double precision)")
    assert re.search(rb'"data":\[\[17\.0,-3(\.0)?,1e\+?300\]\]', pages_of(client, "SELECT CAST(17 AS double precision), CAST(-3 AS real), CAST(1e300 AS double precision)"))


def test_ways_to_write_it(client):
    """Comments and quotes as Trino reads them, and as the engines do."""
    assert client.run("SELECT 'a\\' AS \"x;\"\"y\" -- ; SELECT 2")[2] == [["a\\"]]
    assert client.run("SELECT /* ; */ ';' ;")[2] == [[";"]]
    assert client.run("SELECT 1; SELECT 2")[0]["error"]["errorName"] == "SYNTAX_ERROR"


def test_methods(client):
    for method, path, allowed in (("GET", "/v1/statement", "POST, HEAD"), ("PUT", "/v1/statement", "POST, HEAD"), ("POST", "/v1/info", "GET, HEAD"),
                                  ("POST", "/v1/statement/queued/a/b/1", "GET, HEAD, DELETE")):
        status, headers, _ = client.request(method, path)
        assert (status, headers["Allow"]) == (405, allowed), (method, path)
    assert client.post("SELECT 1", Content_Encoding="gzip")[0] == 415
    for method in ("GET", "HEAD"):
        assert client.request(method, "/v1/info/coordinator")[0] == 200


def test_info(client):
    status, _, document = client.request("GET", "/v1/info")
    assert status == 200 and document["starting"] is False and document["nodeVersion"]["version"] and document["coordinator"] is True
    assert client.request("HEAD", "/v1/status")[0] == 200
    assert client.request("GET", "/v1/info/state")[2] == '"ACTIVE"'
    document = client.run("SELECT 1", X_Trino_Source="here", X_Trino_Client_Tags="foo %20, bar=test")[0]
    assert client.request("GET", f"/v1/query/{document['id']}")[0] == 401
    assert client.request("GET", f"/v1/query/{document['id']}", X_Trino_User="another")[0] == 404
    status, _, info = client.request("GET", f"/v1/query/{document['id']}", X_Trino_User="tester")
    assert status == 200 and info["queryId"] == document["id"] and info["session"]["source"] == "here" and info["query"] == "SELECT 1"
    assert "failureInfo" not in info and info["session"]["clientTags"] == ["foo %20", "bar=test"]
    for asked in (f"http://127.0.0.1:{client.port}/ui/api/query/{document['id']}", f"//evil.example/ui/api/query/{document['id']}&x=y"):
        status, fields, _ = client.request("POST", "/ui/login", f"username=admin&redirectPath={urllib.parse.quote(asked, safe='')}")
        assert (status, fields["Location"]) == (303, f"/ui/api/query/{document['id']}")
    status, _, shown = client.request("GET", fields["Location"])  # a suite's way to what it sent
    assert status == 200 and shown == info
    assert client.request("GET", "/ui/api/query/20260101_000000_00000_aaaaa")[0] == 404
    document = client.post("SELECT nosuch FROM nowhere")[2]
    while "nextUri" in document:
        document = client.get(document["nextUri"])[2]
    info = client.request("GET", f"/v1/query/{document['id']}", X_Trino_User="tester")[2]
    assert info["state"] == "FAILED" and info["query"] == "SELECT nosuch FROM nowhere" and info["failureInfo"]["message"] == document["error"]["message"] and info["failureInfo"]["errorInfo"]["name"] == "TABLE_NOT_FOUND"


def test_words_of_the_session(client):
    rows = client.run("SELECT current_user AS u, current_catalog AS c, version() AS v", X_Trino_Catalog="it's")[2]
    assert rows == [["tester", "it's", "476"]]


def test_killed(client):
    """As tools for a Trino end a query: by a PUT, and by its own user alone."""
    document = client.post("SELECT 1")[2]
    killed = f"/v1/query/{document['id']}/killed"
    assert client.request("PUT", killed, "why", X_Trino_User="another")[0] == 404
    assert client.request("PUT", killed, "why", X_Trino_User="tester")[0] == 204
    assert client.request("PUT", killed.replace("killed", "nosuch"), X_Trino_User="tester")[0] == 404


def test_abandoned(proxies, make_engine):
    made = make_engine("sqlite")
    proxy = proxies(made.config(frontends={"trinoHttp": {"clientTimeout": "2s"}}))
    client = Client(proxy.trino_port)
    document = client.post(made.sql("long"))[2]
    proxy.wait_for(proxy.running_queries, what="it runs")
    proxy.wait_for(lambda: not proxy.running_queries(), what="it is dropped")
    assert client.get(document["nextUri"])[0] == 404
    assert proxy.log_contains("trino query abandoned")


def test_ended_queries_are_no_burden(proxies, make_engine):
    """What is kept of them for a repeated GET is bounded, statements included: the oldest go."""
    proxy = proxies(make_engine("sqlite").config(workers=1))
    client = Client(proxy.trino_port)

    def last_link(sql):
        document = client.post(sql)[2]
        while "nextUri" in document:
            link = document["nextUri"]
            document = client.get(link)[2]
        return link
    first = last_link("SELECT 1")
    assert client.get(first)[0] == 200
    for _ in range(18):
        link = last_link("SELECT 1 /* " + "x" * (4 << 20) + " */")
    assert client.get(link)[0] == 200 and client.get(first)[0] == 404


def test_stop_while_clients_wait(proxies, make_engine):
    """Queries that run, pages that nobody fetched, open transactions and waiting GETs: the end is orderly (the fixture looks)."""
    made = make_engine("sqlite")
    proxy = proxies(made.config(shutdownTimeout="1s"))
    client = Client(proxy.trino_port)
    client.run("START TRANSACTION")
    client.post(made.sql("series", n=3000000))
    client.run("SELECT 1")
    waiting = []
    for _ in range(4):
        document = Client(proxy.trino_port).post(made.sql("long"))[2]
        one = socket.create_connection(("127.0.0.1", proxy.trino_port), timeout=FINAL)
        one.sendall(f"GET {urllib.parse.urlsplit(document['nextUri']).path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        waiting.append(one)
    proxy.wait_for(proxy.running_queries, what="they run")
    proxy.stop()
    for one in waiting:
        one.close()


def test_routing(proxies, make_engine):
    """Tags, source and SET SESSION turnout.* reach the routers."""
    one, two = make_engine("sqlite"), make_engine("sqlite")
    config = {
        "clusters": {"one": one.cluster(), "two": two.cluster()},
        "clusterGroups": {"plain": {"members": ["one"]}, "etl": {"members": ["two"]}},
        "routers": [{"type": "protocolBased", "postgresWire": "etl"}, {"type": "tags", "rules": [{"tags": {"etl": None}, "targetGroup": "etl"}]},
                    {"type": "header", "headerName": "X-Trino-Source", "headerValueToGroup": {"nightly": "etl"}}],
        "routingFallback": "plain",
    }
    proxy = proxies(config)
    client = Client(proxy.trino_port)

    def group(**headers):
        text = "\n".join(row[0] for row in client.run("EXPLAIN ROUTE SELECT 1", **headers)[2])
        return re.search(r"^Group: +(\w+)", text, re.M).group(1)
    assert group() == "plain"
    assert group(X_Trino_Client_Tags="etl,x") == "etl"
    assert group(X_Trino_Session="turnout.tags=etl") == "etl"
    assert group(X_Trino_Session="turnout.group=etl") == "etl"
    assert group(X_Trino_Source="nightly") == "etl"
