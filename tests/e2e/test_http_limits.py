"""Limits of the HTTP listeners, each with its option in the answer, and log-ins over HTTP that other threads look at."""

import base64
import contextlib
import http.client
import socket
import ssl

import pytest

import certificates
import proxy as proxy_module

USERS = {"alice": {"password": "secret", "roles": ["admin"]}, "bob": {"password": "pencil"}}
LIMITS = {"maxConnectionsPerUser": 2, "maxConnectionsPerAddress": 20, "maxHeaderSize": "2KiB"}


def config_of(**limits):
    limits = {**LIMITS, **limits}
    return proxy_module.one_cluster(
        "lite", {"engine": "sqlite"}, auth={"provider": "static", "maxFailures": 3, "failureWindow": "1h", "staticUsers": {"users": USERS}},
        frontends={"restHttp": {"port": 0, "maxBodySize": "64KiB", **limits}, "trinoHttp": {"port": 0, "maxStatementSize": "64KiB", **limits}},
        adminApi={"port": 0, "maxBodySize": "64KiB", **limits})


@pytest.fixture(scope="module")
def proxy():
    with proxy_module.Proxy(config_of()) as started:
        yield started


LISTENERS = {"restHttp": ("POST /v1/queries/execute", "Content-Type: application/json", b'{"sql": "SELECT 1"}', "frontends.restHttp"),
             "trinoHttp": ("POST /v1/statement", "X-Trino-User: {user}", b"SELECT 1", "frontends.trinoHttp"),
             "adminApi": ("POST /admin/explain", "Content-Type: application/json", b'{"sql": "SELECT 1"}', "adminApi")}


class Client:
    def __init__(self, proxy, listener, source="127.0.0.1"):
        self.listener = listener
        self.socket = socket.create_connection(("127.0.0.1", proxy.read_port(proxy.log(), listener)), 60, (source, 0))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def answer(self):
        """Status and text of one answer."""
        response = http.client.HTTPResponse(self.socket)
        response.begin()
        return response.status, response.read().decode()

    def ask(self, user="alice", password="secret", more="", body=None):
        line, field, usual, _ = LISTENERS[self.listener]
        body = usual if body is None else body
        proof = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.send(f"{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {proof}\r\n{field.format(user=user)}\r\n{more}"
                  f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        return self.answer()


@pytest.mark.parametrize("listener", LISTENERS)
def test_each_says_its_option(proxy, listener):
    path = LISTENERS[listener][3]
    body = "maxStatementSize" if listener == "trinoHttp" else "maxBodySize"
    with Client(proxy, listener) as client:
        status, text = client.ask(more=f"X: {'x' * 3000}\r\n")
        assert (status, f"at most 2048 bytes ({path}.maxHeaderSize)" in text) == (431, True), text
    with Client(proxy, listener) as client:
        status, text = client.ask(body=b" " * 65537)
        assert (status, f"65536 bytes ({path}.{body})" in text) == (413, True), text


def test_each_says_its_time():
    with proxy_module.Proxy(config_of(headerTimeout="500ms", bodyTimeout="500ms")) as proxy:
        for listener, (line, _, _, path) in LISTENERS.items():
            with Client(proxy, listener) as head, Client(proxy, listener) as body:
                head.send(b"GET / HTTP/1.1\r\nHost:")
                status, text = head.answer()
                assert (status, f"({path}.headerTimeout)" in text) == (408, True), text


@pytest.mark.parametrize("listener", LISTENERS)
def test_connections_of_a_user(proxy, listener):
    path = LISTENERS[listener][3]
    with Client(proxy, listener) as first, Client(proxy, listener) as second, Client(proxy, listener) as third:
        for client in (first, second, first):
            assert client.ask()[0] == 200
        status, text = third.ask()
        assert (status, f"too many connections of user alice ({path}.maxConnectionsPerUser)" in text) == (429, True), text


@pytest.mark.parametrize("listener", LISTENERS)
def test_connections_of_an_address(proxy, listener):
    path = LISTENERS[listener][3]
    clients = [Client(proxy, listener, "127.0.0.3") for _ in range(20)]
    try:
        for client in clients[:2]:  # both workers have seen theirs
            client.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            client.answer()

        def refused():
            with Client(proxy, listener, "127.0.0.3") as more:
                more.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                return more.answer()

        proxy.wait_for(lambda: refused()[0] == 429, what="a refusal")
        assert f"({path}.maxConnectionsPerAddress)" in refused()[1]
        assert proxy.log_contains(f"connection refused listener={path} peer=127.0.0.3:.*limit=maxConnectionsPerAddress")
        with Client(proxy, listener) as other:
            assert other.ask()[0] == 200
    finally:
        for client in clients:
            client.socket.close()


def test_reload():
    with proxy_module.Proxy(config_of()) as proxy:
        def third():
            with Client(proxy, "restHttp") as one, Client(proxy, "restHttp") as two, Client(proxy, "restHttp") as three:
                return one.ask()[0], two.ask()[0], three.ask()[0]

        proxy.wait_for(lambda: third() == (200, 200, 429), what="the limit of the start")
        proxy.reload(config_of(maxConnectionsPerUser=0))
        proxy.wait_for(lambda: third() == (200, 200, 200), what="the new limit")
        proxy.reload(config_of(maxConnections=1))
        with Client(proxy, "restHttp") as one:
            proxy.wait_for(lambda: one.ask()[0] == 200, what="a place")
            with Client(proxy, "restHttp") as two:
                status, text = two.ask()
                assert (status, "too many connections (frontends.restHttp.maxConnections)" in text) == (503, True), text


@pytest.mark.parametrize("listener", LISTENERS)
def test_wrong_passwords_from_many_addresses(proxy, listener):
    user = f"nobody-{listener}"
    for i in range(3):
        with Client(proxy, listener, "127.0.1.1") as client:
            assert client.ask(user, "wrong")[0] == 401
    with Client(proxy, listener, "127.0.1.1") as client:
        assert client.ask(user, "wrong")[0] == 429
    for i in range(27):
        with Client(proxy, listener, f"127.0.2.{i + 1}") as client:
            assert client.ask(user, "wrong")[0] == 401
    with Client(proxy, listener, "127.0.3.1") as client:
        assert client.ask(user, "wrong")[0] == 429


def test_clients_that_leave_during_a_log_in(proxy):
    """Their passwords are looked at all the same; nobody else notices."""
    for listener in LISTENERS:
        for i in range(10):
            with Client(proxy, listener, f"127.0.4.{i + 1}") as client:
                line, field, body, _ = LISTENERS[listener]
                proof = base64.b64encode(f"leaver-{i}:x".encode()).decode()
                client.send(f"{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {proof}\r\n{field.format(user='leaver')}\r\n"
                            f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                if i % 2:
                    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    for i in range(10):
        assert proxy.log_contains(f"user=leaver-{i} ")
    with Client(proxy, "restHttp") as client:
        assert client.ask()[0] == 200


def test_a_body_sent_during_a_log_in(proxy):
    """What comes while the password is looked at is not lost, nor is the next request."""
    for listener, (line, field, body, _) in LISTENERS.items():
        with Client(proxy, listener) as client:
            proof = base64.b64encode(b"bob:pencil" if listener != "adminApi" else b"alice:secret").decode()
            head = (f"{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {proof}\r\n{field.format(user='bob')}\r\n"
                    f"Transfer-Encoding: chunked\r\n\r\n").encode()
            whole = head + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
            client.send(whole + whole)
            data = b""
            while data.count(b"HTTP/1.1 200 OK") < 2:
                part = client.socket.recv(65536)
                assert part, data
                data += part


def test_many_handshakes_at_once(tmp_path):
    """More than are done in one turn of the loop: each has its turn, some leave before it."""
    server = certificates.Authority(tmp_path, "CA").issue("server", "/CN=localhost")
    context = ssl._create_unverified_context()
    config = proxy_module.one_cluster("lite", {"engine": "sqlite"}, workers=1, adminApi={"port": 0, "tls": {"certFile": server.cert, "keyFile": server.key}})
    with proxy_module.Proxy(config) as proxy:
        port = proxy.read_port(proxy.log(), "adminApi")
        clients = []
        for i in range(60):
            client = socket.create_connection(("127.0.0.1", port), 60)
            client.setblocking(False)
            wrapped = context.wrap_socket(client, server_hostname="localhost", do_handshake_on_connect=False)
            clients.append(wrapped)
        for client in clients:
            with contextlib.suppress(ssl.SSLWantReadError):  # not raised where the server was faster
                client.do_handshake()
        for client in clients[::3]:
            client.close()
        for i, client in enumerate(clients):
            if i % 3:
                client.settimeout(60)
                client.do_handshake()
                client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert client.recv(100).startswith(b"HTTP/1.1 200 OK")
                client.close()
