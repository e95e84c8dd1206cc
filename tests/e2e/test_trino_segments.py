"""Large results of Trino clients that ask for segments, where the engine is not Trino: files on the disk, fetched and acknowledged by
links of Turnout's own. What is small, and relayed segments, are in test_trino_http.py and test_trino_links.py."""

import base64
import fcntl
import json
import os
import re
import time
import urllib.error
import urllib.request

import pytest

import proxy as proxy_module

trino = pytest.importorskip("trino")

ROWS = 250000  # 5 MB of JSON
SQL = f"SELECT i, 'row ' || (i * 7919 % 1000003) AS t FROM range({ROWS}) AS r(i)"
SEGMENT = re.compile(r"[0-9a-f]{32}\.segment")


def configuration(make_engine, **more):
    return proxy_module.one_cluster("duck", make_engine("duckDb").cluster(), frontends={"trinoHttp": {"spoolPath": "segments", **more}})


@pytest.fixture(scope="module")
def proxy(make_engine):
    with proxy_module.Proxy(configuration(make_engine)) as started:
        yield started


def files(proxy):
    folder = proxy.path("segments")
    return sorted(name for name in os.listdir(folder) if SEGMENT.fullmatch(name)) if os.path.isdir(folder) else []


def no_files(proxy):
    proxy.wait_for(lambda: not files(proxy), what="all segments are gone")


def get(url, headers=None):
    """(status, body)"""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read()


def pages(proxy, sql, encoding="json", method="GET", **headers):
    """All documents of a query."""
    headers = {"X-Trino-User": "tester", "X-Trino-Query-Data-Encoding": encoding, **headers}
    request = urllib.request.Request(f"http://127.0.0.1:{proxy.trino_port}/v1/statement", sql.encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        document = json.load(answer)
    yield document
    while "nextUri" in document:
        with urllib.request.urlopen(document["nextUri"], timeout=60) as answer:
            document = json.load(answer)
        yield document


def segments(documents):
    return [segment for document in documents for segment in document.get("data", {"segments": []})["segments"]]


@pytest.mark.parametrize("encoding", ["json", "json+zstd", "json+lz4"])
def test_spooled(proxy, encoding):
    """Every row, in order; the client acknowledges, and the files go."""
    connection = trino.dbapi.connect(host="127.0.0.1", port=proxy.trino_port, user="tester", encoding=encoding)
    cursor = connection.cursor()
    cursor.execute(SQL)
    assert cursor.fetchall() == [[i, f"row {i * 7919 % 1000003}"] for i in range(ROWS)]
    no_files(proxy)
    cursor = connection.cursor("segment")
    cursor.execute(SQL)
    found = [one.segment for one in cursor.fetchall()]
    assert sum(one.metadata["rowsCount"] for one in found) == ROWS and [one._segment["type"] for one in found].count("spooled") >= 2
    for one in found:
        packed = "uncompressedSize" in one.metadata  # what is small is not
        assert len(one.data) == one.metadata["segmentSize"]
        assert not packed if encoding == "json" else packed or len(one.data) < 8192
        if one._segment["type"] == "spooled":
            assert one.metadata["expiresAt"] > time.strftime("%Y-%m-%dT%H:%M", time.gmtime())
            one.acknowledge()
    no_files(proxy)


def test_runs_ahead(proxy):
    """The engine is free before the client has asked for the first page; who asks late has missed nothing."""
    query = pages(proxy, SQL)
    next(query)
    proxy.wait_for(lambda: not proxy.running_queries() and files(proxy), what="the engine is done")
    assert os.stat(proxy.path("segments")).st_mode & 0o77 == 0
    assert all(os.stat(proxy.path("segments", name)).st_mode & 0o77 == 0 for name in files(proxy))
    found = segments(query)
    assert found[0]["type"] == "spooled" and [one["metadata"]["rowOffset"] for one in found] == [
        sum(one["metadata"]["rowsCount"] for one in found[:i]) for i in range(len(found))]
    rows = [row for one in found for row in json.loads(get(one["uri"])[1] if one["type"] == "spooled" else base64.b64decode(one["data"]))]
    assert [row[0] for row in rows] == list(range(ROWS))
    for one in found:
        if one["type"] == "spooled":
            assert get(one["ackUri"])[0] == 204 and get(one["ackUri"])[0] == 204
            status, text = get(one["uri"])
            assert status == 410 and b"acknowledged" in text
    no_files(proxy)


def test_does_not_run_too_far_ahead(proxy):
    """64 MB and the engine waits; a client that leaves has its files removed."""
    document = next(pages(proxy, f"SELECT i, repeat('x', 1000) FROM range(1000000000) AS r(i)"))
    proxy.wait_for(lambda: len(files(proxy)) >= 32, what="32 segments")
    time.sleep(0.3)
    assert len(files(proxy)) == 32 and len(proxy.running_queries()) == 1
    with urllib.request.urlopen(urllib.request.Request(document["nextUri"], method="DELETE"), timeout=60) as answer:
        assert answer.status == 204
    no_files(proxy)
    proxy.wait_for(lambda: not proxy.running_queries(), what="the query is gone")


def test_an_error_behind_rows(proxy):
    """Rows that were written before it are not for anybody."""
    last = list(pages(proxy, f"SELECT CASE WHEN i < {ROWS} THEN i ELSE error('no more') END FROM range({ROWS} + 1) AS r(i)"))[-1]
    assert "no more" in last["error"]["message"] and "data" not in last
    told = [one for one in files(proxy)]
    assert len(told) <= 8  # those that the client was told of before


def test_links(proxy):
    one = segments(pages(proxy, SQL))[0]
    base, sealed = one["uri"].rsplit("/", 1)
    ack = one["ackUri"].rsplit("/", 1)[1]
    assert base == f"http://127.0.0.1:{proxy.trino_port}/v1/spooled/download" and sealed != ack
    changed = sealed[:-1] + ("A" if sealed[-1] != "A" else "B")
    for wrong in (changed, ack, "", "x", sealed + "AAAA", "%2e%2e%2f", files(proxy)[0], "A" * 5000):
        assert get(f"{base}/{wrong}")[0] in (404, 414), wrong
    assert get(one["ackUri"].replace(ack, sealed))[0] == 404
    status, body = get(one["uri"], {"Accept-Encoding": "gzip"})
    assert status == 200 and len(body) == one["metadata"]["segmentSize"]
    request = urllib.request.Request(one["uri"], method="POST", data=b"")
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(request, timeout=60)


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_users(make_engine):
    """Whoever says who he is must be the one whose result it is; the link alone is enough, as drivers fetch without a log-in."""
    config = proxy_module.merge(configuration(make_engine), {"turnout": {"auth": {"provider": "static", "staticUsers": {"users": {
        "alice": {"password": "secret"}, "bob": {"password": "pencil"}}}}}})
    with proxy_module.Proxy(config) as proxy:
        one = segments(pages(proxy, SQL, **basic("alice", "secret"), **{"X-Trino-User": "alice"}))[0]
        assert get(one["uri"], basic("bob", "pencil")) == (403, b"this segment is of another user's result\n")
        assert get(one["ackUri"], basic("bob", "pencil"))[0] == 403 and get(one["uri"], basic("alice", "wrong"))[0] == 401
        assert get(one["uri"], basic("alice", "secret"))[0] == 200 and get(one["uri"])[0] == 200
        assert get(one["ackUri"], basic("alice", "secret"))[0] == 204 and get(one["uri"])[0] == 410


@pytest.mark.parametrize("why", ["full", "not writable", "off"])
def test_no_room(make_engine, why):
    """Rows go in the pages, all of them, and the client is told why."""
    more = {"full": {"maxSpoolSize": "3MiB"}, "not writable": {"spoolPath": "turnout.yaml/segments"}, "off": {"maxSpoolSize": 0}}[why]
    with proxy_module.Proxy(configuration(make_engine, **more)) as proxy:
        documents = list(pages(proxy, SQL))
        found = segments(documents)
        assert ("spooled" in [one["type"] for one in found]) == (why == "full") and found[-1]["type"] == "inline"
        assert sum(os.path.getsize(proxy.path("segments", name)) for name in files(proxy)) <= 3 * 1024 * 1024
        rows = [row for one in found for row in json.loads(get(one["uri"])[1] if one["type"] == "spooled" else base64.b64decode(one["data"]))]
        assert [row[0] for row in rows] == list(range(ROWS))
        warnings = [one["message"] for one in documents[-1]["warnings"]]
        assert {"full": "maxSpoolSize", "not writable": "cannot write", "off": ""}[why] in "".join(warnings) and bool(warnings) == (why != "off")
        if why == "full":
            assert all(get(one["ackUri"])[0] == 204 for one in found if one["type"] == "spooled")
            assert segments(pages(proxy, SQL))[0]["type"] == "spooled"  # there is room again


def test_none_outlives_the_program(make_engine):
    """Neither an end in order nor another leaves segments; nor do those stay that are too old, whoever has left them."""
    proxy = proxy_module.Proxy(configuration(make_engine))
    with proxy:
        segments(pages(proxy, SQL))
        assert files(proxy)
        proxy.kill()
        left = files(proxy)
        open(proxy.path("segments", "notes.txt"), "w", encoding="utf-8").close()
        proxy.start()
        assert left and not files(proxy)
        segments(pages(proxy, SQL))
        assert files(proxy)
        proxy.stop()
        assert os.listdir(proxy.path("segments")) == ["notes.txt"]
        other = os.open(proxy.path("segments"), os.O_RDONLY)
        fcntl.flock(other, fcntl.LOCK_SH)  # as another Turnout there would
        for name, age in (("a" * 32, 7200), ("b" * 32, 60)):
            with open(proxy.path("segments", name + ".segment"), "w", encoding="utf-8") as file:
                file.write("[[1]]")
            os.utime(file.name, (time.time() - age,) * 2)
        proxy.start()
        proxy.wait_for(lambda: files(proxy) == ["b" * 32 + ".segment"], what="the old one goes")
        os.close(other)
