"""The query REST API on every engine: rows, formats, parameters, errors, asynchronous queries, and clients that leave."""

import csv
import gzip
import http.client
import io
import json
import os
import resource
import socket
import threading
import time
import urllib.error
import uuid

import pytest

import engines
import ops
import proxy as proxy_module
from rest import Rest

FRONTENDS = {"restHttp": {"port": 0, "resultPath": "results"}}


@pytest.fixture(scope="module", params=engines.ENGINES)
def engine(request, make_engine):
    engine = make_engine(request.param)
    with proxy_module.Proxy(engine.config(frontends=FRONTENDS)) as proxy:
        engine.proxy = proxy
        engine.rest = Rest(proxy)
        yield engine
    engine.drop()


@pytest.fixture(scope="module")
def duck(make_engine):
    """One more with DuckDB, for what does not depend on the engine."""
    engine = make_engine("duckDb")
    with proxy_module.Proxy(engine.config(frontends=FRONTENDS)) as proxy:
        engine.proxy = proxy
        engine.rest = Rest(proxy)
        yield engine
    engine.drop()


# ---- rows ----

def test_document(engine):
    answer = engine.rest.execute("SELECT 42 AS n, 'it''s' AS t")
    document = answer.json
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert document["data"] == [{"n": 42, "t": "it's"}]
    assert [column["name"] for column in document["columns"]] == ["n", "t"]
    assert document["columns"][1]["type"] == "VARCHAR"
    assert (document["status"], document["rowCount"], document["totalRows"], document["hasMore"]) == ("COMPLETED", 1, 1, False)
    assert document["engineType"] == engine.name.upper()
    assert document["routing"]["router"] == "routingFallback" and document["routing"]["clusterGroup"] == "all"
    assert "routingFallback" in document["routingReason"]
    assert document["cacheHit"] is False and document["statistics"]["outputRows"] == 1
    uuid.UUID(document["executionId"])
    assert document["submittedAt"] <= document["completedAt"]


def test_formats(engine):
    sql = "SELECT 1 AS a, 'x,\"y\"\nz' AS b, NULL AS c, '' AS d"
    assert engine.rest.execute(sql, "?format=arrays").json["data"] == [[1, 'x,"y"\nz', None, ""]]
    lines = engine.rest.execute(sql, headers={"Accept": "application/x-ndjson"})
    assert [json.loads(line) for line in lines.text.splitlines()] == [{"a": 1, "b": 'x,"y"\nz', "c": None, "d": ""}]
    text = engine.rest.execute(sql, headers={"Accept": "text/csv"})
    assert text.headers["Content-Type"].startswith("text/csv")
    assert list(csv.reader(io.StringIO(text.text, newline=""))) == [["a", "b", "c", "d"], ["1", 'x,"y"\nz', "", ""]]
    assert text.text.endswith(',,""\r\n')  # null, and an empty text
    assert engine.rest.execute(sql, headers={"Accept": "image/png"}).status == 406
    assert engine.rest.execute(sql, headers={"Accept": "image/png, text/*;q=0.5"}).headers["Content-Type"].startswith("text/csv")


def test_limit_and_offset(engine):
    sql = engine.sql("series", n=50) + " ORDER BY 1"
    document = engine.rest.execute(sql, limit=3, offset=10).json
    assert [row["i"] for row in document["data"]] == [11, 12, 13]
    assert (document["rowCount"], document["hasMore"]) == (3, True)
    document = engine.rest.execute(sql, limit=50).json
    assert (document["rowCount"], document["totalRows"], document["hasMore"]) == (50, 50, False)
    document = engine.rest.execute(sql, limit=0).json
    assert (document["data"], document["hasMore"]) == ([], True)
    assert engine.rest.execute(sql, offset=1000).json["data"] == []


def test_default_limit(engine):
    document = engine.rest.execute(engine.sql("series", n=10001)).json
    assert (document["rowCount"], document["hasMore"]) == (10000, True)


def test_many_rows(engine):
    """Far more than any buffer, whole and in order, compressed and not."""
    sql = engine.sql("series", n=200000) + " ORDER BY 1"
    for encoding in ("identity", "gzip"):
        answer = engine.rest.execute(sql, "?format=csv", {"Accept-Encoding": encoding}, limit=1000000)
        text = gzip.decompress(answer.body) if encoding == "gzip" else answer.body
        assert answer.headers.get("Content-Encoding", "identity") == encoding
        assert text.decode().split() == ["i", *map(str, range(1, 200001))]


def test_long_values(engine):
    """Each larger than a chunk of rows mostly is."""
    text = "printf('%.300000c', 'x')" if engine.name == "sqlite" else "repeat('x', 300000)"
    answer = engine.rest.execute(f"SELECT 1 AS n, {text} AS t UNION ALL SELECT 2, {text} ORDER BY 1")
    assert answer.status == 200, answer.body[:300]
    assert answer.json["data"] == [{"n": 1, "t": "x" * 300000}, {"n": 2, "t": "x" * 300000}]


def test_writes(engine):
    table = engine.new_table()
    assert engine.rest.execute(engine.sql("id table", t=table)).status == 200
    answer = engine.rest.execute(f"INSERT INTO {table} VALUES (1, 'one'), (2, 'two')").json
    assert (answer["rowsAffected"], answer["data"]) == (2, [])
    assert engine.rest.rows(f"SELECT name FROM {table} ORDER BY id") == [{"name": "one"}, {"name": "two"}]


# ---- parameters ----

HOSTILE = "'; DROP TABLE x; -- $1 :a \\ \"q\" \u00e9\U0001F600"


def test_named_parameters(engine):
    rows = engine.rest.rows("SELECT :text AS t, CAST(:number AS integer) + 1 AS n, :text AS again, ':text' AS literal",
                            parameters={"text": HOSTILE, "number": 41})
    assert rows == [{"t": HOSTILE, "n": 42, "again": HOSTILE, "literal": ":text"}]


def test_listed_parameters(engine):
    assert engine.rest.rows("SELECT $2 AS b, CAST($1 AS integer) AS a", parameters=[7, "x"]) == [{"b": "x", "a": 7}]
    marks = "SELECT CAST(? AS integer) AS a, '?' AS q WHERE 'x'=? -- ?"
    assert engine.rest.rows(marks, parameters=[7, "x"]) == [{"a": 7, "q": "?"}] and engine.rest.rows(marks, parameters=[7, "y"]) == []


def test_bands_of_parameters(duck):
    """A LIMIT that comes as a value has the band of one that is written, however its place is marked."""
    mark = f"bands_{uuid.uuid4().hex}"
    for limit in (5, 50_000):
        for place, given in ((str(limit), None), (":p", {"p": limit}), ("$1", [limit]), ("?", [limit])):
            duck.rest.rows(f"SELECT 1 AS a LIMIT {place} -- {mark}", **({"parameters": given} if given else {}))

    bands = [record["band"] for record in reversed(ops.history(duck.proxy, 8, text=mark))]
    assert bands[0] != bands[4] and bands == [bands[0]] * 4 + [bands[4]] * 4


def test_typed_parameters(engine):
    big = 9007199254740993
    rows = engine.rest.rows("SELECT CAST(:big AS bigint) AS big, :none AS none, CAST(:day AS varchar) AS day",
                            parameters={"big": big, "none": None, "day": {"type": "varchar", "value": "2026-01-31"}})
    assert rows == [{"big": big, "none": None, "day": "2026-01-31"}]


def test_names_of_types(engine):
    """A precision inside of a type's name is left out, not what is behind it."""
    def column(kind, value):
        return engine.rest.rows("SELECT :p AS b", parameters={"p": {"type": kind, "value": value}})

    moment = "2024-02-29 12:34:56+02"
    assert column("timestamp(3) with time zone", moment) == column("TIMESTAMP WITH TIME ZONE", moment) == column("timestamptz", moment)
    assert column("timestamp(3) with time zone", moment) != column("timestamp", moment)
    assert column("decimal( 10 , 2 )", "1.5") == column("decimal", "1.5")
    for unknown in ("", "(3)", "timestamp(3", "timestamp(3) with", "date(" + 200 * "9" + ") with time zone", 100 * "date "):
        refused = engine.rest.execute("SELECT :p AS b", parameters={"p": {"type": unknown, "value": moment}})
        assert (refused.status, refused.json["code"]) == (400, "42704"), unknown


def test_bytes_come_back(engine):
    """What a result shows as bytes is the same as a parameter."""
    given = {"type": "varbinary", "value": "AP+AQSc="}
    assert engine.rest.rows("SELECT :p AS b", parameters={"p": given}) == [{"b": given["value"]}]
    assert engine.rest.rows("SELECT :p AS b", parameters={"p": {**given, "value": "\\x00ff804127"}}) == [{"b": given["value"]}]
    refused = engine.rest.execute("SELECT :p AS b", parameters={"p": {**given, "value": "AP+"}})
    assert refused.status == 400 and "base64" in refused.json["detail"]


def test_wrong_parameters(engine):
    def problem(**members):
        answer = engine.rest.execute("SELECT :a", **members)
        assert answer.status == 400 and answer.headers["Content-Type"] == "application/problem+json"
        return answer.json["detail"]

    assert "`b` is not used" in problem(parameters={"a": 1, "b": 2})
    assert "no type" in problem(parameters={"a": {"type": "thing", "value": 1}})
    assert 'parameter `a`: invalid input syntax for type integer: "x"' in problem(parameters={"a": {"type": "integer", "value": "x"}})
    assert "one type" in problem(parameters={"a": [1, "x"]})


def test_wrong_number_of_parameters(engine):
    for sql, values, words in (("SELECT $2 AS a", [5], "$2"), ("SELECT $1 AS a", [5, 6], "`$2` is not used"), ("SELECT 1 AS a", [5], "`$1` is not used"),
                               ("SELECT 1 AS a WHERE 1=? -- ?", [1, 2], "2 values, and the statement 1 ?"), ("SELECT $3 AS a, '$4' AS b", [1, 2], "$3")):
        answer = engine.rest.execute(sql, parameters=values)
        assert (answer.status, answer.json["code"]) == (400, "22023") and words in answer.json["detail"], answer.body
    assert engine.rest.rows("SELECT $1 AS a, '$2' AS b", parameters=["x"]) == [{"a": "x", "b": "$2"}]


def test_colons_that_begin_no_parameter(duck):
    """Slices and members, whose names are those of parameters."""
    assert duck.rest.rows("SELECT [1,2,3][1:n] AS a, {'n':n}.n AS b, x[n:n] AS d, [1,2,3][(1):n] AS e FROM (SELECT 2 AS n, [8,9] AS x) AS s WHERE n=:n", parameters={"n": 2}) == [{"a": "[1,2]", "b": 2, "d": "[9]", "e": "[1,2]"}]


# ---- what is wrong ----

def test_engine_error(engine):
    answer = engine.rest.execute("SELECT nothing_here FROM nowhere_at_all")
    problem = answer.json
    assert (answer.status, problem["status"], problem["origin"]) == (400, 400, "engine")
    assert problem["code"] in ("42P01", "42703") and "nowhere_at_all" in problem["detail"]
    assert problem["title"] == "Bad Request" and uuid.UUID(problem["executionId"])


def test_time_out(engine):
    answer = engine.rest.execute(engine.sql("long"), timeoutSeconds=1)
    assert (answer.status, answer.json["code"]) == (504, "57014")
    assert engine.rest.call("GET", f"/v1/queries/{answer.json['executionId']}").json["status"] == "TIMEOUT"


@pytest.mark.parametrize("body, words", [
    (b"", "JSON"), (b"[]", "object"), (b"{", "JSON"), (b'{"sql": 1}', "string"), (b'{"sql": ""}', "required"), (b'{"sql": "  "}', "required"),
    (b'{"sql": "SELECT 1", "sqll": 1}', "did you mean"), (b'{"sql": "SELECT 1", "limit": -1}', "integer"), (b'{"sql": "SELECT 1", "limit": "1"}', "integer"),
    (b'{"sql": "SELECT 1; SELECT 2"}', "one statement"), (b'{"sql": "SELECT 1", "sql": "SELECT 2"}', "twice"), (b'{"sql": "\xff"}', "UTF-8"),
    (b'{"sql": "SELECT \\u0000"}', "NUL"), (b'{"sql": "SELECT 1", "useCache": 1}', "true or false"), (b'{"sql": "BEGIN"}', "session"),
    (b'{"sql": "SELECT 1", "sessionProperties": {"turnout.group": "none"}}', "none"), (b'{"sql": "/*+ turnout(group=none) */ SELECT 1"}', "none"),
    (json.dumps({"sql": "SELECT 1 --" + "x" * 100000}).encode(), "100000"), (b"[" * 100000, "deep"),
])
def test_bad_requests(duck, body, words):
    answer = duck.rest.call("POST", "/v1/queries/execute", body)
    problem = answer.json
    assert answer.status in (400, 413, 422), problem
    assert words.lower() in (problem["detail"] + problem.get("hint", "")).lower()


def test_sql_of_the_greatest_length(duck):
    sql = "SELECT '" + "\u00e9" * (100000 - 9) + "'"
    assert len(sql) == 100000
    assert len(duck.rest.execute(sql, "?format=arrays").json["data"][0][0]) == 100000 - 9


def test_refused_heads(duck):
    call = duck.rest.call
    assert call("POST", "/v1/queries/execute", b"{}", {"Content-Type": "text/plain"}).status == 415
    assert call("GET", "/v1/queries/execute").status == 405 and call("GET", "/v1/queries/EXECUTE").status == 404  # an id is a UUID
    assert call("PUT", "/v1/queries/history").status == 405
    assert call("GET", "/nothing").status == 404
    assert call("GET", "/v1/queries/history?x=1").status == 400
    assert call("GET", f"/v1/queries/{uuid.uuid4()}").status == 404
    assert call("GET", "/v1/queries/..%2f..%2fetc%2fpasswd").status == 404
    assert call("POST", "/v1/queries/execute", {"sql": "SELECT 1"}, {"Origin": "http://evil.example"}).status == 403


# ---- routing ----

def test_metadata_routes():
    config = {
        "turnout": {"frontends": FRONTENDS},
        "clusters": {"a": {"engine": "sqlite"}, "b": {"engine": "sqlite"}},
        "clusterGroups": {"one": {"members": ["a"]}, "two": {"members": ["b"]}},
        "routers": [{"type": "tags", "rules": [{"tags": {"workloadType": "etl"}, "targetGroup": "two"}]},
                    {"type": "protocolBased", "restHttp": "one"},
                    {"type": "header", "headerName": "X-Team", "headerValueToGroup": {"blue": "two"}}],
        "routingFallback": "two",
    }
    with proxy_module.Proxy(config) as proxy:
        rest = Rest(proxy)
        assert rest.execute("SELECT 1").json["routing"]["clusterGroup"] == "one"
        assert rest.execute("SELECT 1", metadata={"workloadType": "etl", "costCenter": 7}).json["routing"]["clusterGroup"] == "two"
        assert rest.execute("SELECT 1", metadata={"tags": {"workloadType": "etl"}}).json["routing"]["cluster"] == "b"
        assert rest.execute("SELECT 1", sessionProperties={"turnout.group": "two"}).json["routing"]["router"] == "hint"
        explained = rest.call("POST", "/v1/queries/explain-route", {"sql": "SELECT 1", "metadata": {"workloadType": "etl"}}).json
        assert explained["groups"][0]["name"] == "two"
        assert explained["reason"] == "roundRobin: next in turn"  # and no spill
        lines = [row["ROUTE PLAN"] for row in rest.rows("EXPLAIN ROUTE SELECT 1")]
        assert any("protocolBased" in line for line in lines)
        records = proxy.wait_for(lambda: [r for r in rest.call("GET", "/v1/queries/history?search=SELECT").json["queries"] if "costCenter" in r["tags"]],
                                 what="history")
        assert records[0]["protocol"] == "restHttp" and "workloadType:etl" in records[0]["tags"]


def test_validate(engine):
    call = engine.rest.call
    good = call("POST", "/v1/queries/validate", {"sql": "SELECT 1 AS a"}).json
    assert good["valid"] is True and good["columns"][0]["name"] == "a" and good["statementClass"] == "read"
    bad = call("POST", "/v1/queries/validate", {"sql": "SELECT missing_column FROM missing_table"}).json
    assert bad["valid"] is False and bad["error"]["origin"] == "engine"
    for sql, count in (("SELECT 1 AS a", 0), ("SELECT $1 AS a, $2 AS b", 2), *([("SELECT ? AS a WHERE 1 = ?", 2)] if engine.name != "postgres" else [])):
        assert call("POST", "/v1/queries/validate", {"sql": sql}).json["parameterCount"] == count, sql


def test_history_and_statistics(duck):
    mark = f"mark_{uuid.uuid4().hex}"
    for center in ("7", "7", "8"):
        duck.rest.rows(f"SELECT 1 AS {mark}", metadata={"costCenter": f"{mark}:{center}", "tags": ["x,y"]})
    assert duck.rest.execute(f"SELECT {mark} FROM nowhere").status == 400

    def read(query=""):
        return duck.rest.call("GET", f"/v1/queries/history?search={mark}{query}").json["queries"]

    duck.proxy.wait_for(lambda: len(read()) == 4, what="history")
    assert len(read("&status=FAILED")) == 1 and len(read("&status=COMPLETED")) == 3
    first = duck.rest.call("GET", f"/v1/queries/history?search={mark}&limit=3").json
    assert first["count"] == 3
    second = duck.rest.call("GET", f"/v1/queries/history?search={mark}&limit=3&before={first['before']}").json
    assert [record["id"] for record in second["queries"]] == [min(record["id"] for record in read())]
    pages = [duck.rest.call("GET", f"/v1/queries/history?search={mark}&limit=1&offset={at}").json["queries"] for at in range(5)]
    assert pages == [[record] for record in read()] + [[]]
    assert duck.rest.call("GET", "/v1/queries/history?offset=-1").status == 400
    assert [len(read(f"&tag={tag}")) for tag in (f"costCenter:{mark}:7", f"costCenter:{mark}", "costCenter", "x,y", mark)] == [2, 0, 3, 3, 0]
    numbers = duck.rest.call("GET", f"/v1/queries/statistics?since=1h&tag=costCenter:{mark}:7").json
    assert (numbers["totalQueries"], numbers["successRate"], numbers["totalRows"]) == (2, 1, 2)
    numbers = duck.rest.call("GET", "/v1/queries/statistics?since=1h").json
    assert numbers["totalQueries"] >= 4 and 0 < numbers["successRate"] < 1 and numbers["p50TimeMs"] <= numbers["p99TimeMs"]
    assert [one["engineType"] for one in numbers["engines"]] == ["DUCKDB"]


# ---- asynchronous queries ----

def test_async(engine):
    rest = engine.rest
    answer = rest.submit(engine.sql("series", n=30000) + " ORDER BY 1")
    assert answer.status == 202 and answer.headers["Location"].endswith(answer.json["executionId"])
    execution = answer.json["executionId"]
    status = rest.wait(execution)
    assert (status["status"], status["totalRows"]) == ("COMPLETED", 30000)
    page = rest.call("GET", f"/v1/queries/{execution}/results?offset=29990&limit=100").json
    assert [row["i"] for row in page["data"]] == list(range(29991, 30001))
    assert (page["rowCount"], page["totalRows"], page["hasMore"], page["offset"]) == (10, 30000, False, 29990)
    page = rest.call("GET", f"/v1/queries/{execution}/results").json
    assert (page["rowCount"], page["hasMore"]) == (10000, True)
    text = rest.call("GET", f"/v1/queries/{execution}/results?format=csv&limit=30000").text
    assert text.split() == ["i", *map(str, range(1, 30001))]
    assert rest.call("DELETE", f"/v1/queries/{execution}").status == 200
    assert rest.call("GET", f"/v1/queries/{execution}/results").status == 404


def test_async_error(engine):
    execution = engine.rest.submit("SELECT * FROM nowhere_at_all").json["executionId"]
    status = engine.rest.wait(execution)
    assert status["status"] == "FAILED" and "nowhere_at_all" in status["error"]["message"]
    answer = engine.rest.call("GET", f"/v1/queries/{execution}/results")
    assert answer.status == 409 and "FAILED" in answer.json["detail"]


def test_ids_in_upper_case(duck):
    """A UUID is the same in whatever case it is written (RFC 9562)."""
    execution = duck.rest.submit("SELECT 7 AS i").json["executionId"]
    duck.rest.wait(execution)
    for text in (execution.upper(), execution.title()):
        assert duck.rest.call("GET", f"/v1/queries/{text}").json["executionId"] == execution
        assert duck.rest.call("GET", f"/v1/queries/{text}/results").json["data"] == [{"i": 7}]
    assert duck.rest.call("GET", f"/v1/queries/{execution.replace('-', '')}").status == 404
    assert duck.rest.call("DELETE", f"/v1/queries/{execution.upper()}").status == 200
    assert duck.rest.call("GET", f"/v1/queries/{execution}").status == 404


def test_async_cancel(engine):
    execution = engine.rest.submit(engine.sql("long")).json["executionId"]
    answer = engine.rest.call("GET", f"/v1/queries/{execution}/results")
    engine.proxy.wait_for(lambda: engine.rest.call("GET", f"/v1/queries/{execution}").json["status"] == "RUNNING", what="running")
    assert engine.rest.call("DELETE", f"/v1/queries/{execution}").status == 202
    assert engine.rest.wait(execution)["status"] == "CANCELLED"
    assert answer.status == 409 # asked last: the query must not stay for the tests behind this one


def test_a_result_is_not_there_yet(duck):
    """Asked for at once, again and again: also before a thread has written the first of it."""
    for _ in range(60):
        execution = duck.rest.submit(duck.sql("long")).json["executionId"]
        answer = duck.rest.call("GET", f"/v1/queries/{execution}/results")
        assert duck.rest.call("DELETE", f"/v1/queries/{execution}").status == 202
        assert answer.status == 409


def test_async_large(engine):
    """About as large as what may wait for the disk: the engine may have nothing more when the last rows are written."""
    for n in (1040, 1060, 9000):
        execution = engine.rest.submit(f"SELECT i, '{'x' * 1000}' AS t FROM ({engine.sql('series', n=n)}) AS s").json["executionId"]
        status = engine.rest.wait(execution)
        assert (status["status"], status["totalRows"]) == ("COMPLETED", n)
        lines = engine.rest.call("GET", f"/v1/queries/{execution}/results?limit=100000&format=csv").text.splitlines()
        assert len(lines) == n + 1 and len({line.split(",")[0] for line in lines[1:]}) == n
    assert engine.rest.submit("SELECT 1").status == 202  # none of them is counted as running any more


def test_results_that_lost_rows(duck):
    """A file that is cut short must not look like the whole result."""
    execution = duck.rest.submit("SELECT range AS i, repeat('x', 1000) AS t FROM range(20000)").json["executionId"]
    assert duck.rest.wait(execution)["status"] == "COMPLETED"
    path = duck.proxy.path("results", execution + ".rows")
    size = os.path.getsize(path)
    for left in (size // 2, 0):
        os.truncate(path, left)
        for form in ("json", "ndjson", "csv"):
            try:
                assert duck.rest.call("GET", f"/v1/queries/{execution}/results?limit=100000&format={form}").status == 500
            except (http.client.IncompleteRead, ConnectionError, urllib.error.URLError):
                pass
    assert duck.rest.call("GET", f"/v1/queries/{execution}/results?limit=0").status == 200


def test_disk_full(make_engine):
    """The error says why, nothing half is left behind, and it goes on when there is room again."""
    engine = make_engine("duckDb")
    with proxy_module.Proxy(engine.config(frontends=FRONTENDS)) as proxy:
        rest = Rest(proxy)
        os.makedirs(proxy.path("results"), exist_ok=True)
        hard = resource.prlimit(proxy.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(proxy.process.pid, resource.RLIMIT_FSIZE, (0, hard))  # as a full disk: no byte of a file can be written
        execution = rest.submit("SELECT 1 AS a").json["executionId"]
        status = rest.wait(execution)
        assert status["status"] == "FAILED" and "File too large" in status["error"]["message"]
        assert not [name for name in os.listdir(proxy.path("results")) if not name.endswith(".claim")]
        problem = rest.call("GET", f"/v1/queries/{execution}/results")
        assert (problem.status, problem.headers["Content-Type"]) == (409, "application/problem+json")
        assert "FAILED" in problem.json["detail"] and "File too large" in problem.json["detail"]
        resource.prlimit(proxy.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        assert rest.wait(rest.submit("SELECT 1 AS a").json["executionId"])["status"] == "COMPLETED"
    engine.drop()


def test_async_convert(engine):
    """What is kept as arrays reads as what came at once."""
    sql = "SELECT 1 AS a, 'x\ty,\"\\\n\u00e9\u0001' AS b, NULL AS a, '' AS c"
    execution = engine.rest.submit(sql).json["executionId"]
    assert engine.rest.wait(execution)["status"] == "COMPLETED"
    for form in ("json", "arrays"):
        assert engine.rest.call("GET", f"/v1/queries/{execution}/results?format={form}").json["data"] == engine.rest.execute(sql, f"?format={form}").json["data"]
    for form in ("ndjson", "csv"):
        assert engine.rest.call("GET", f"/v1/queries/{execution}/results?format={form}").text == engine.rest.execute(sql, f"?format={form}").text


def test_idempotency(duck):
    def submit(sql, key):
        return duck.rest.submit(sql, {"Idempotency-Key": key})

    key = uuid.uuid4().hex
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(submit("SELECT 1 AS a", key))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again = submit("SELECT 1 AS a", key)
    assert sorted({answer.status for answer in answers}) == [200, 202]
    ids = {answer.json["executionId"] for answer in [*answers, again]}
    assert len(ids) == 1 and again.status == 200
    assert submit("SELECT 2 AS a", key).status == 422
    assert submit("SELECT 1 AS a", uuid.uuid4().hex).json["executionId"] not in ids
    duck.rest.wait(again.json["executionId"])
    assert duck.rest.call("DELETE", f"/v1/queries/{again.json['executionId']}").status == 200
    removed = submit("SELECT 1 AS a", key)
    assert removed.status == 409 and "another key" in removed.json["detail"], removed.body


def test_a_key_that_nobody_keeps(duck):
    """At once no key is kept: what may change something is not run, and its client does not believe that it can be repeated."""
    table, key = duck.new_table(), {"Idempotency-Key": "k"}
    refused = duck.rest.execute(f"CREATE TABLE {table} (a integer)", headers=key)
    assert refused.status == 400 and "execute/async" in refused.json["detail"], refused.body
    assert duck.rest.execute("SELECT 1 AS a", headers=key).json["data"] == [{"a": 1}]
    assert duck.rest.execute(f"SELECT * FROM {table}").status == 400


def test_restart(make_engine):
    engine = make_engine("duckDb")
    with proxy_module.Proxy(engine.config(frontends=FRONTENDS)) as proxy:
        rest = Rest(proxy)
        key = {"Idempotency-Key": "once"}
        kept = rest.submit("SELECT range AS i FROM range(5)", key).json["executionId"]
        assert rest.wait(kept)["status"] == "COMPLETED"
        cut = rest.submit(engine.sql("long"), {"Idempotency-Key": "cut"}).json["executionId"]
        proxy.wait_for(lambda: rest.call("GET", f"/v1/queries/{cut}").json["status"] == "RUNNING", what="running")
        proxy.kill()
        proxy.start()
        rest = Rest(proxy)
        assert [row["i"] for row in rest.call("GET", f"/v1/queries/{kept}/results?offset=3").json["data"]] == [3, 4]
        assert rest.call("GET", f"/v1/queries/{kept}").json["status"] == "COMPLETED"
        assert rest.submit("SELECT range AS i FROM range(5)", key).json["executionId"] == kept
        status = rest.call("GET", f"/v1/queries/{cut}").json
        assert (status["status"], status["error"]["code"]) == ("FAILED", "57P01")
        assert rest.call("GET", f"/v1/queries/{cut}/results").status == 409
        assert rest.submit(engine.sql("long"), {"Idempotency-Key": "cut"}).json["executionId"] == cut
    engine.drop()


def test_async_limits(make_engine):
    engine = make_engine("duckDb")
    frontends = {"restHttp": {"port": 0, "resultPath": "results", "maxResultSize": "1MiB", "maxAsyncQueries": 2}}
    with proxy_module.Proxy(engine.config(frontends=frontends)) as proxy:
        rest = Rest(proxy)
        execution = rest.submit("SELECT repeat('x', 1000) AS t FROM range(100000)").json["executionId"]
        status = rest.wait(execution)
        assert status["status"] == "FAILED" and "maxResultSize" in status["error"]["message"]
        running = [rest.submit(engine.sql("long")).json["executionId"] for _ in range(2)]
        refused = rest.submit("SELECT 1")
        assert refused.status == 429 and refused.headers["Retry-After"]
        for execution in running:
            rest.call("DELETE", f"/v1/queries/{execution}")
            rest.wait(execution)
        assert rest.submit("SELECT 1").status == 202
    engine.drop()


# ---- clients that leave, or do not read ----

def begin(rest, sql, **members):
    """A request on a socket of its own, whose answer nobody reads yet."""
    body = json.dumps({"sql": sql, **members}).encode()
    sock = socket.create_connection(("127.0.0.1", rest.port))
    sock.sendall(b"POST /v1/queries/execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    return sock


@pytest.mark.parametrize("how", ["close", "half"])
def test_lost_client_cancels(engine, how):
    sock = begin(engine.rest, engine.sql("long"))
    engine.proxy.wait_for(engine.proxy.running_queries, what="the query")
    if how == "half":
        sock.shutdown(socket.SHUT_WR)
    else:
        sock.close()
    engine.proxy.wait_for(lambda: not engine.proxy.running_queries(), what="its end")
    sock.close()


def test_lost_client_that_sent_ahead(duck):
    """More requests behind the one that runs than are read: that the client has gone is noticed all the same."""
    sock = begin(duck.rest, duck.sql("long"))
    duck.proxy.wait_for(duck.proxy.running_queries, what="the query")
    sock.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1800)  # 80 KB
    time.sleep(0.5)
    assert duck.proxy.running_queries()
    sock.close()
    duck.proxy.wait_for(lambda: not duck.proxy.running_queries(), what="its end")


def test_slow_client_stops_the_engine(duck):
    """A result of 1 GB to a client that does not read takes a few MB, and is whole when it reads on."""
    before = duck.proxy.memory()
    sock = begin(duck.rest, "SELECT range AS i, repeat('x', 10000) AS t FROM range(100000)", limit=200000)
    time.sleep(2)
    assert duck.proxy.memory() - before < 200 * 1024 * 1024
    assert duck.proxy.running_queries()
    sock.close()
    duck.proxy.wait_for(lambda: not duck.proxy.running_queries(), what="its end")


@pytest.mark.parametrize("name", ["postgres", "mysql"])
def test_a_client_that_reads_slowly(make_engine, name):
    """Its engine is never far ahead of it, and another client of the same worker is answered: rows that a server has ready come at once when
    they are asked for, and all of them were taken and kept as soon as there was room for one."""
    engine = make_engine(name)
    with proxy_module.Proxy(engine.config(frontends=FRONTENDS, workers=1)) as proxy:
        rest = Rest(proxy)
        before = proxy.memory()
        sock = begin(rest, f"SELECT s.i, {engine.sql('repeat', what='x', n=10000)} AS t FROM ({engine.sql('series', n=40000)}) AS s", limit=100000)
        end = time.monotonic() + 10
        read = 0
        while read < 60_000_000 and time.monotonic() < end:
            read += len(sock.recv(1 << 20))
            assert proxy.memory() - before < 100 * 1024 * 1024, f"after {read} bytes"
        assert rest.call("GET", "/openapi.json").status == 200
        sock.close()
        proxy.wait_for(lambda: not proxy.running_queries(), what="its end")
    engine.drop()


def test_failure_in_the_middle_breaks_the_answer(duck):
    """An error behind the first rows: the answer must not look whole."""
    connection = http.client.HTTPConnection("127.0.0.1", duck.rest.port, timeout=50)
    sql = "SELECT CASE WHEN range < 900000 THEN range ELSE error('late')::bigint END AS i FROM range(1000000)"
    connection.request("POST", "/v1/queries/execute?format=ndjson", json.dumps({"sql": sql, "limit": 10000000}), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    if answer.status == 200:
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            answer.read()
    else:
        assert answer.status == 400
    connection.close()


def test_pipelined_and_kept_alive(duck):
    connection = http.client.HTTPConnection("127.0.0.1", duck.rest.port, timeout=50)
    for n in range(5):
        connection.request("POST", "/v1/queries/execute?format=arrays", json.dumps({"sql": f"SELECT {n} AS n"}), {"Content-Type": "application/json"})
        assert json.loads(connection.getresponse().read())["data"] == [[n]]
    connection.request("HEAD", "/openapi.json")
    answer = connection.getresponse()
    assert answer.read() == b"" and int(answer.headers["Content-Length"]) > 1000
    connection.close()
