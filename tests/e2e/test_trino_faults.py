"""What Turnout makes of a Trino that misbehaves: against a hand-written contract server (trino_contract.py), since a real one
does not do these things when asked."""

import base64
import gzip
import io
import json
import threading

import pytest

import ops
import proxy as proxy_module
import wire
from trino_contract import BIGINT, Answer, Contract


@pytest.fixture
def through(proxies):
    """through(contract, ...): a wire client of a proxy before CONTRACT, and the proxy."""
    opened = []

    def make(contract, more=None, **cluster):
        proxy = proxies({**proxy_module.one_cluster("t-1", contract.cluster(**cluster)), **(more or {})})
        client = wire.Wire(proxy.port)
        opened.append(client)
        return client, proxy
    yield make
    for client in opened:
        client.close()


def test_headers_and_links(through):
    """Credentials go to the endpoint only, whatever host a link names; a GET carries them, too."""
    def pages(path, count):
        if path == "/v1/statement/queued/q/y/1":
            return {"nextUri": "http://169.254.169.254/v1/statement/executing/q/y/0?x=1"}
        return {"columns": BIGINT, "data": [[9007199254740993], [None]]}
    with Contract(pages) as contract:
        client, _ = through(contract, catalog="c", schema="s", auth={"type": "basic", "username": "u", "password": "pä:ss"})
        client.run("SET turnout.tags = 'team:bi,nightly'")
        client.run("SET application_name = 'report'")
        assert client.rows("SELECT n FROM t") == [["9007199254740993"], [None]]
        (post,) = contract.of("POST")
        assert post[3] == b"SELECT n FROM t"
        for name, value in {"X-Trino-User": "u", "X-Trino-Catalog": "c", "X-Trino-Schema": "s", "X-Trino-Source": "turnout",
                            "X-Trino-Time-Zone": "UTC", "X-Trino-Client-Tags": "team:bi,nightly", "X-Trino-Client-Info": "report", "X-Trino-Transaction-Id": "NONE", "Content-Type": "text/plain; charset=utf-8"}.items():
            assert post[2][name] == value
        assert "Expect" not in post[2]
        assert [get[1] for get in contract.of("GET")] == ["/v1/statement/queued/q/y/1", "/v1/statement/executing/q/y/0?x=1"]
        for request in contract.requests:
            assert base64.b64decode(request[2]["Authorization"].removeprefix("Basic ")).decode() == "u:pä:ss"


def test_a_token(through):
    with Contract() as contract:
        client, proxy = through(contract, auth={"type": "jwt", "token": "ey.secret.token"})
        assert client.rows("SELECT n") == [["1"]]
        assert contract.of("POST")[0][2]["Authorization"] == "Bearer ey.secret.token"
        assert "X-Trino-User" not in contract.of("POST")[0][2]
        assert "secret" not in proxy.log()


def test_the_environments_proxy_is_not_used(proxies):
    with Contract() as contract:
        proxy = proxies(proxy_module.one_cluster("t-1", contract.cluster()),
                        env={name: "http://127.0.0.1:9" for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")})
        with wire.Wire(proxy.port) as client:
            assert client.rows("SELECT n") == [["1"]]
            client.finish()


def test_503_is_asked_again(through):
    with Contract(pages=lambda path, count: Answer(b"busy", (502, 503, 504)[count - 1]) if count < 4 else {"columns": BIGINT, "data": [[5]]},
                  posts=lambda count: Answer(b"", 503) if count < 3 else {}) as contract:
        client, _ = through(contract)
        assert client.rows("SELECT n") == [["5"]]
        assert len(contract.of("POST")) == 3 and len(contract.of("GET")) == 4


def test_503_for_ever_goes_elsewhere(proxies):
    with Contract(posts=lambda count: Answer(b"", 503)) as busy, Contract() as good:
        proxy = proxies({"clusters": {"busy": busy.cluster(), "good": good.cluster()}, "routingFallback": "all",
                         "clusterGroups": {"all": {"members": ["busy", "good"], "strategy": {"type": "failover"}}}})
        with wire.Wire(proxy.port) as client, wire.Wire(proxy.port) as other:  # at once: each waits for as long as the server may be busy
            other.send(wire.query("INSERT INTO t VALUES (1)"))
            assert client.rows("SELECT n") == [["1"]]
            assert wire.error(other.until()).sqlstate == "08006"  # never twice
            client.finish()
            other.finish()
        assert [post[3] for post in good.of("POST")] == [b"SELECT n"]


@pytest.mark.parametrize("status, sqlstate", [(401, "28000"), (404, "08006"), (431, "54000"), (302, "08006"), (500, "08006"), (400, "42601")])
def test_other_statuses(through, status, sqlstate):
    with Contract(posts=lambda count: Answer(b"why it is so", status, {"Location": "http://127.0.0.1:9/"})) as contract:
        client, _ = through(contract)
        found = client.fails("SELECT n")
        assert found.sqlstate == sqlstate and "why it is so" in found.fields["detail"]


def test_a_query_that_is_forgotten(through):
    with Contract(pages=lambda path, count: Answer(b"", 404)) as contract:
        client, _ = through(contract)
        found = client.fails("SELECT n")
        assert found.sqlstate == "08006" and "does not know the query" in found.message


def bomb():
    """64 MiB of blanks in 64 KiB."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb") as packed:
        packed.write(b'{"id":"q","a":"')
        for _ in range(64):
            packed.write(b" " * (1 << 20))
        packed.write(b'"}')
    return out.getvalue()


GARBAGE = {
    "no JSON": (Answer(b"<html>proxy error</html>"), "08P01"),
    "nothing": (Answer(b""), "08P01"),
    "cut": (Answer(b'{"id":"q","columns":[{"na'), "08P01"),
    "not UTF-8": (Answer(b'{"id":"q","columns":[{"name":"\xff","type":"bigint"}]}'), "08P01"),
    "another JSON": (Answer([1, 2]), "08P01"),
    "rows without columns": ({"data": [[1]]}, "08P01"),
    "a row too short": ({"columns": BIGINT, "data": [[]]}, "08P01"),
    "a row too long": ({"columns": BIGINT, "data": [[1, 2]]}, "08P01"),
    "a wrong value": ({"columns": BIGINT, "data": [["x"]]}, "08P01"),
    "spooled segments": ({"columns": BIGINT, "data": {"encoding": "json", "segments": []}}, "08P01"),
    "a link that is none": ({"nextUri": "file:///etc/passwd"}, "08P01"),
    "a link with a line break": ({"nextUri": "http://h/v1\r\nX-Trino-User: root"}, "08P01"),
    "a name twice": (Answer(b'{"id":"q","nextUri":"http://h/v1/a","nextUri":"http://h/v1/b"}'), "08P01"),
    "a number where a date belongs": ({"columns": [{"name": "d", "type": "date"}], "data": [[2147483647]]}, "08P01"),
    "a number where a time belongs": ({"columns": [{"name": "t", "type": "time(6)"}], "data": [[9223372036854775807]]}, "08P01"),
    "a number where a timestamp belongs": ({"columns": [{"name": "t", "type": "timestamp(3)"}], "data": [[-9223372036854775808]]}, "08P01"),
    "a number where an interval belongs": ({"columns": [{"name": "i", "type": "interval day to second"}], "data": [[1]]}, "08P01"),
    "a number where a uuid belongs": ({"columns": [{"name": "u", "type": "uuid"}], "data": [[1]]}, "08P01"),
    "not gzip": (Answer(b"x", headers={"Content-Encoding": "gzip"}), "08P01"),
    "a gzip bomb": (Answer(packed=bomb()), "54000"),
    "a long head": (Answer(b"{}", headers={f"X-Trino-Set-Session-{i}": "x" * 60000 for i in range(6)}), "54000"),
}


GOES_ON = {"no JSON", "nothing", "cut", "not UTF-8", "another JSON", "a link that is none", "a link with a line break", "a name twice", "not gzip",
           "a gzip bomb", "a long head"}  # for all that anybody knows: it has to be ended over there


@pytest.mark.parametrize("what", GARBAGE)
def test_garbage(through, what):
    answer, sqlstate = GARBAGE[what]
    with Contract(pages=lambda path, count: answer if count == 1 else {"columns": BIGINT, "data": [[4]]}) as contract:
        client, proxy = through(contract, more={"turnout": {"workers": 1}})
        before = proxy.memory()
        found = client.fails("INSERT INTO n VALUES (1)")  # what may not be run again elsewhere
        assert found.sqlstate == sqlstate, found
        assert proxy.memory() - before < 150 << 20  # sanitizers keep what was freed
        assert [one[1] for one in contract.of("DELETE")] == ["/v1/statement/queued/q/y/1"] * (what in GOES_ON)
        assert client.rows("SELECT n") == [["4"]]


@pytest.mark.parametrize("body", [b"<html>who are you?</html>", b'{"id":"q","nextUri":"file:///etc/passwd"}'])
def test_garbage_instead_of_a_first_answer(through, body):
    """There is no link yet that the query could be ended by, and nothing else is asked to end."""
    with Contract(posts=lambda count: Answer(body) if count == 1 else {}) as contract:
        client, _ = through(contract)
        assert client.fails("INSERT INTO n VALUES (1)").sqlstate == "08P01"
        assert client.rows("SELECT n") == [["1"]] and not contract.of("DELETE")


def test_names_with_a_nul(through):
    """What stands behind it is no part of another field of the client's protocol."""
    with Contract(pages=lambda path, count: {"columns": [{"name": "a\0\0\0\0\x01b", "type": "bigint"}, {"name": "c", "type": "varchar"}], "data": [[1, "x\0y"]]}) as contract:
        client, _ = through(contract)
        messages = wire.check(client.query("SELECT n"))
        assert [(one.name, one.oid) for one in wire.columns(messages)] == [("a", 20), ("c", 25)] and wire.texts(messages) == [["1", "x\ufffdy"]]


@pytest.mark.parametrize("stats", [{"queuedTimeMillis": 2 ** 64 - 1, "cpuTimeMillis": 2 ** 63 - 1, "processedBytes": 10 ** 40, "peakMemoryBytes": -5, "processedRows": 1.5e300}])
def test_huge_numbers(proxies, stats):
    """They are no numbers of anything; none of them is negative in what is kept."""
    with Contract(pages=lambda path, count: {"columns": BIGINT, "data": [[1]], "updateCount": 2 ** 63, "stats": {"state": "FINISHED", **stats}}) as contract:
        proxy = proxies(proxy_module.one_cluster("t-1", contract.cluster(), persistence={"type": "sqlite", "path": "turnout.db"}))
        with wire.Wire(proxy.port) as client:
            assert client.rows("SELECT n") == [["1"]]
            client.finish()
        (record,) = ops.history(proxy, 1)
        assert all(value >= 0 for value in record.values() if isinstance(value, (int, float)))


def test_a_huge_page(through):
    """10 MB in one answer: taken in parts, and others are served meanwhile."""
    columns = [{"name": "s", "type": "varchar"}]
    rows = [["%07d" % i + "x" * 93] for i in range(100000)]
    with Contract(pages=lambda path, count: {"columns": columns, "data": rows}) as contract:
        client, _ = through(contract)
        got = wire.values(wire.check(client.query("SELECT s")))
        assert len(got) == 100000 and got[0][0] == rows[0][0].encode() and got[-1][0] == rows[-1][0].encode()


def test_one_huge_value(through):
    with Contract(pages=lambda path, count: {"columns": [{"name": "s", "type": "varchar"}], "data": [["é" * (4 << 20)], ["z"]]}) as contract:
        client, _ = through(contract)
        (first,), (second,) = wire.values(wire.check(client.query("SELECT s")))
        assert first.decode() == "é" * (4 << 20) and second == b"z"


def test_many_small_pages(through):
    def pages(path, count):
        return {"columns": BIGINT, "data": [[count]], **({"nextUri": f"http://h/v1/statement/executing/q/y/{count}"} if count < 300 else {})}
    with Contract(pages) as contract:
        client, _ = through(contract)
        assert client.rows("SELECT n") == [[str(i)] for i in range(1, 301)]


def test_cancel_before_the_post_is_answered(through):
    """Nobody knows the query's link yet: it is ended as soon as there is one."""
    answer = threading.Event()
    with Contract(posts=lambda count: answer.wait(60) and {}) as contract:
        client, proxy = through(contract)
        client.send(wire.query("SELECT n"))
        proxy.wait_for(lambda: contract.of("POST"), what="the statement was sent")
        client.cancel()
        answer.set()
        assert wire.error(client.until()).sqlstate == "57014"
        proxy.wait_for(lambda: contract.of("DELETE"), what="it was ended over there")
        assert contract.of("DELETE")[0][1] == "/v1/statement/queued/q/y/1" and not contract.of("GET")
        assert client.rows("SELECT 1") == [["1"]]


def test_cancel_of_one_that_never_answers(through):
    with Contract(pages=lambda path, count: None) as contract:
        client, proxy = through(contract)
        client.send(wire.query("SELECT n"))
        proxy.wait_for(lambda: contract.of("GET"), what="the page was asked for")
        client.cancel()
        assert wire.error(client.until()).sqlstate == "57014"
        assert contract.of("DELETE")[0][1] == "/v1/statement/queued/q/y/1"
        assert client.rows("SELECT 1") == [["1"]]


def test_health(proxies):
    """Starting, a worker, something else: each says what it is."""
    state = {"coordinator": True, "starting": True}
    with Contract(info=lambda: state) as contract:
        proxy = proxies(proxy_module.one_cluster("t-1", contract.cluster(healthCheck={"interval": "100ms"})))

        def note(text):
            return lambda: text in str(proxy.admin("/admin/clusters")[1][0]["note"])
        proxy.wait_for(note("Trino is starting"), what="starting")
        state.update(starting=False, coordinator=False)
        proxy.wait_for(note("worker, not the coordinator"), what="a worker")
        state.clear()
        proxy.wait_for(note("Trino is starting"), what="not said")  # no `starting`: not ready
        state.update(starting=False, coordinator=True)
        proxy.wait_for(lambda: proxy.admin("/admin/clusters")[1][0]["health"] == "up", what="up")


def test_tls(proxies, tmp_path):
    """https with the server's own certificate: refused, accepted with its CA, accepted without checks; a client's certificate."""
    import ssl  # pylint: disable=import-outside-toplevel
    import subprocess  # pylint: disable=import-outside-toplevel

    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"], check=True, capture_output=True)
    with Contract() as contract:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
        context.load_verify_locations(tmp_path / "cert.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        contract.server.socket = context.wrap_socket(contract.server.socket, server_side=True)
        port = contract.server.server_address[1]
        ours = {"certFile": str(tmp_path / "cert.pem"), "keyFile": str(tmp_path / "key.pem")}

        def cluster(host, **tls):
            return {"engine": "trino", "endpoint": f"https://{host}:{port}", "tls": {**ours, **tls}, "healthCheck": {"enabled": False}}
        clusters = {"unknown": cluster("localhost"), "good": cluster("localhost", caFile=str(tmp_path / "cert.pem")),
                    "name": cluster("127.0.0.1", caFile=str(tmp_path / "cert.pem")), "any": cluster("127.0.0.1", verify=False)}
        proxy = proxies({"clusters": clusters, "clusterGroups": {name: {"members": [name]} for name in clusters}, "routingFallback": "good"})
        with wire.Wire(proxy.port) as client:
            for name, works in (("good", True), ("any", True), ("unknown", False), ("name", False)):
                client.run(f"SET turnout.group = '{name}'")
                if works:
                    assert client.rows("SELECT n") == [["1"]]
                else:
                    found = client.fails("SELECT n")
                    assert found.sqlstate == "08001" and "certificate" in found.message, found
            client.run("SET turnout.group = 'good'")
            # Python closes without TLS's farewell, as anybody between the two could: such an end ends no body, and is asked again
            contract.counts["GET"] = 0
            contract.pages = lambda path, count: Answer(contract.page({"columns": BIGINT, "data": [[count]]}), endless=count == 1)
            assert client.rows("SELECT n") == [["2"]]
            client.finish()


def test_a_connection_that_is_made_again(through, tmp_path):
    """A kept connection ends instead of an answer, and the next one's handshake does not come: connectTimeout is for that one, too."""
    import socket  # pylint: disable=import-outside-toplevel
    import ssl  # pylint: disable=import-outside-toplevel
    import time  # pylint: disable=import-outside-toplevel
    import certificates  # pylint: disable=import-outside-toplevel

    authority = certificates.Authority(tmp_path, "test CA")
    server = authority.issue("server", "/CN=localhost", "DNS:localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.cert, server.key)
    listening, held, deaf = socket.create_server(("127.0.0.1", 0)), [], threading.Event()
    told = Contract()
    told.server.server_close()

    def answer(body):
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    def serve(plain):
        with context.wrap_socket(plain, server_side=True) as client:
            while True:
                asked = client.recv(65536)
                if asked.startswith(b"GET /v1/info"):
                    client.sendall(answer(json.dumps(told.info()).encode()))
                elif asked.startswith(b"POST"):
                    client.sendall(answer(json.dumps(told.page({}, "/v1/statement/queued/q/y/1")).encode()))
                else:
                    deaf.set()
                    time.sleep(1.2)  # the time of the first connection is over
                    return

    def accept():
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            if deaf.is_set():
                held.append(client)
            else:
                threading.Thread(target=serve, args=(client,), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
    told.cluster = lambda **more: {"engine": "trino", "endpoint": f"https://localhost:{listening.getsockname()[1]}", **more}
    client, _ = through(told, connectTimeout="1s", tls={"caFile": authority.cert}, healthCheck={"enabled": False})
    begun = time.monotonic()
    found = client.fails("SELECT n")
    assert found.sqlstate == "08001" and "in time" in found.message and time.monotonic() - begun < 60, found
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    for one in held:
        one.close()
