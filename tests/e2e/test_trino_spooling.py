"""Spooled results of a real Trino through Turnout: the segments lie in an object store (an emulator, s3_server.py), its coordinator hands
them out, or tells the client where in the store they are."""

import base64
import json
import re
import urllib.error
import urllib.request

import pytest

import proxy as proxy_module
import s3_server
import servers
import trino_server

trino = pytest.importorskip("trino")
zstandard = pytest.importorskip("zstandard")
block = pytest.importorskip("lz4.block")

ROWS = 60175
SQL = "SELECT orderkey, linenumber, comment FROM tpch.tiny.lineitem"
ENCODINGS = ("json", "json+zstd", "json+lz4")


@pytest.fixture(scope="module")
def store():
    try:
        with s3_server.S3Server() as one:
            yield one
    except servers.Unavailable as why:
        pytest.skip(str(why))


def spooling(store, retrieval, manager=None):
    try:
        return trino_server.SpoolingTrinoServer(store, retrieval, manager=manager).start()
    except servers.Unavailable as why:
        pytest.skip(str(why))


@pytest.fixture(scope="module")
def server(store):
    one = spooling(store, "coordinator_proxy")
    yield one
    one.stop()


@pytest.fixture(scope="module")
def proxy(server):
    with proxy_module.Proxy(proxy_module.one_cluster("t", server.cluster())) as one:
        yield one
        one.check_sanitizers()


def rows(port, encoding, sql=SQL):
    with trino.dbapi.connect(host="127.0.0.1", port=port, user="me", encoding=encoding) as conn:
        cursor = conn.cursor()
        cursor.execute(sql)
        return sorted(cursor.fetchall())


def ask(url, body=None, method=None, **headers):
    """(status, headers, body)"""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, {"X-Trino-User": "me", **headers}, method=method), timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read()


def segments(port, encoding="json"):
    """Of all pages of a query."""
    out = []
    page = json.loads(ask(f"http://127.0.0.1:{port}/v1/statement", SQL.encode(), **{"X-Trino-Query-Data-Encoding": encoding})[2])
    while True:
        assert "error" not in page, page["error"]
        if "data" in page:
            assert page["data"]["encoding"] == encoding
            out += page["data"]["segments"]
        if "nextUri" not in page:
            return out
        page = json.loads(ask(page["nextUri"])[2])


def own_headers(segment):
    return {name: ", ".join(values) for name, values in (segment.get("headers") or {}).items()}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_rows_are_those_of_the_trino_itself(server, proxy, encoding):
    assert rows(proxy.trino_port, encoding) == rows(server.port, encoding)


def content(segment):
    """The rows of a segment, which short ones hold themselves."""
    if segment["type"] == "inline":
        return json.loads(base64.b64decode(segment["data"]))
    status, headers, body = ask(segment["uri"], **own_headers(segment))
    assert (status, len(body), headers["Content-Type"]) == (200, segment["metadata"]["segmentSize"], "application/octet-stream")
    assert ask(segment["uri"], **own_headers(segment))[2] == body  # until it is acknowledged
    return json.loads(body)


def test_segments_come_from_turnout_byte_for_byte(server, proxy, store):
    through, direct = segments(proxy.trino_port), segments(server.port)
    spooled = [segment for segment in through if segment["type"] == "spooled"]
    assert spooled
    for segment in spooled:
        assert segment["uri"].startswith(f"http://127.0.0.1:{proxy.trino_port}/v1/spooled/") and segment["ackUri"].startswith(f"http://127.0.0.1:{proxy.trino_port}/v1/spooled/")
    got = sorted(row for segment in through for row in content(segment))
    assert got == sorted(row for segment in direct for row in content(segment)) and len(got) == ROWS
    before = store.objects()
    for segment in spooled:
        assert ask(segment["ackUri"], **own_headers(segment))[0] in (200, 204)
    proxy.wait_for(lambda: store.objects() <= before - len(spooled), what="acknowledged segments are gone")
    assert ask(spooled[0]["uri"], **own_headers(spooled[0]))[0] >= 400


def path_there(link):
    """Of a segment's link: what is sealed in it is no secret."""
    sealed = link.rsplit("/", 1)[1]
    return re.search(rb"/v1/spooled/\S+", base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4)))[0].decode()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_bytes_are_the_coordinators_own(server, proxy, encoding):
    """Segments are not packed or unpacked on the way, whatever a client says that it takes."""
    spooled = [segment for segment in segments(proxy.trino_port, encoding) if segment["type"] == "spooled"]
    assert spooled
    for segment in spooled[:3]:
        status, headers, direct = ask(server.url() + path_there(segment["uri"]), **own_headers(segment))
        assert status == 200 and len(direct) == segment["metadata"]["segmentSize"]
        for more in ({}, {"Accept-Encoding": "gzip, deflate, zstd"}):
            through = ask(segment["uri"], **own_headers(segment), **more)
            assert (through[0], through[1]["Content-Type"], through[1]["Content-Encoding"]) == (200, headers["Content-Type"], None) and through[2] == direct
        plain = {"json": lambda data: data, "json+zstd": lambda data: zstandard.ZstdDecompressor().decompress(data, 1 << 24),
                 "json+lz4": lambda data: block.decompress(data, uncompressed_size=segment["metadata"]["uncompressedSize"])}[encoding](direct)
        assert len(json.loads(plain)) == segment["metadata"]["rowsCount"]
    for segment in spooled:
        assert ask(segment["ackUri"], **own_headers(segment))[0] in (200, 204)


def test_segments_that_are_gone(server, proxy, store):
    """Removed from the store before their client came: it is told what that Trino tells, and so at its acknowledgement."""
    spooled = [segment for segment in segments(proxy.trino_port) if segment["type"] == "spooled"]
    store.clear()
    for segment in spooled[:3]:
        for link in (segment["uri"], segment["ackUri"]):
            direct, through = ask(server.url() + path_there(link), **own_headers(segment))[0], ask(link, **own_headers(segment))[0]
            assert through == direct >= 400 or (link == segment["ackUri"] and {through, direct} <= {200, 204}), (link, direct, through)


@pytest.mark.timeout(400)
def test_jdbc(proxy, trino_suite):
    done = trino_suite(proxy.trino_port, "spooling")
    assert done.returncode == 0 and len(re.findall("^ok ", done.stdout, re.M)) == 4, done.stdout + done.stderr


def test_wrong_links(proxy):
    segment = next(segment for segment in segments(proxy.trino_port) if segment["type"] == "spooled")
    other = re.sub(r".$", lambda found: "A" if found[0] != "A" else "B", segment["uri"])
    assert ask(other, **own_headers(segment))[0] == 404
    assert ask(segment["uri"], b"", "POST")[0] in (404, 405)
    assert ask(segment["ackUri"], **own_headers(segment))[0] in (200, 204)


def test_a_client_that_acknowledges_nothing_is_kept_by_the_trino_alone(proxy):
    assert segments(proxy.trino_port)
    before = proxy.memory()
    for _ in range(10):
        assert sum(segment["metadata"]["rowsCount"] for segment in segments(proxy.trino_port)) == ROWS
    assert proxy.memory() < before + 32 * 1024 * 1024


def test_retrieval_from_the_store_itself(store):
    """Links into the store are signed for the client and stay as they are; acknowledgements go through Turnout."""
    server = spooling(store, "storage")
    try:
        with proxy_module.Proxy(proxy_module.one_cluster("t", server.cluster())) as one:
            for encoding in ENCODINGS:
                assert rows(one.trino_port, encoding) == rows(server.port, encoding)
            spooled = [segment for segment in segments(one.trino_port) if segment["type"] == "spooled"]
            assert spooled and all(segment["uri"].startswith(store.url()) and segment["ackUri"].startswith(f"http://127.0.0.1:{one.trino_port}/v1/spooled/") for segment in spooled)
            for segment in spooled:
                assert len(ask(segment["uri"], **own_headers(segment))[2]) == segment["metadata"]["segmentSize"]
                assert ask(segment["ackUri"], **own_headers(segment))[0] in (200, 204)
            one.check_sanitizers()
    finally:
        server.stop()


def test_sent_on_to_the_store(store):
    """Links lead to the coordinator, which sends its clients to the store; a segment that is too old for that Trino is too old here."""
    server = spooling(store, "coordinator_storage_redirect", {"fs.segment.ttl": "15s"})
    try:
        with proxy_module.Proxy(proxy_module.one_cluster("t", server.cluster())) as one:
            assert rows(one.trino_port, "json+zstd") == rows(server.port, "json+zstd")
            segment = next(segment for segment in segments(one.trino_port) if segment["type"] == "spooled")
            direct = server.url() + path_there(segment["uri"])
            assert len(ask(segment["uri"], **own_headers(segment))[2]) == segment["metadata"]["segmentSize"]
            one.wait_for(lambda: ask(direct, **own_headers(segment))[0] >= 400, what="the segment is too old")
            assert ask(segment["uri"], **own_headers(segment))[0] == ask(direct, **own_headers(segment))[0]
            one.check_sanitizers()
    finally:
        server.stop()
