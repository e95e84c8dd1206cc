"""Who MySQL clients are: caching_sha2_password in all its ways, passwords as they are over TLS, refusals, limits."""

import concurrent.futures
import ssl
import subprocess

import psycopg
import pytest

import certificates
import engines
import proxy as proxy_module

pymysql = pytest.importorskip("pymysql")
pytestmark = pytest.mark.timeout(120)

USERS = {"alice": {"password": "open sesame", "groups": ["bi"]}, "bob": {"password": "b" * 60}}


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mysql")
    authority = certificates.Authority(folder / "ca", "test CA")
    server = authority.issue("server", "/CN=localhost", "DNS:localhost,IP:127.0.0.1")
    tls = {"certFile": server.cert, "keyFile": server.key}
    config = proxy_module.one_cluster("lite", engines.Sqlite(str(folder)).cluster(), frontends={"mysqlWire": {"port": 0, "maxConnectionsPerUser": 5, "tls": tls}},
                                      auth={"provider": "static", "maxFailures": 1000, "staticUsers": {"users": USERS}})
    with proxy_module.Proxy(config) as started:
        started.authority = authority
        yield started


def log_in(proxy, user="alice", password="open sesame", **more):
    """What CURRENT_USER() says, or the error's number."""
    try:
        connection = pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, user=user, password=password, **more)
    except pymysql.err.OperationalError as error:
        return error.args[0]
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT CURRENT_USER()")
        return cursor.fetchone()[0]


def test_without_tls_the_password_is_encrypted(proxy):
    assert log_in(proxy, ssl_disabled=True) == "alice@%"      # with the server's key
    assert log_in(proxy, ssl_disabled=True) == "alice@%"      # from memory
    assert log_in(proxy, password="open", ssl_disabled=True) == 1045
    assert log_in(proxy, "bob", "b" * 60, ssl_disabled=True) == "bob@%"


def test_over_tls(proxy):
    context = ssl.create_default_context(cafile=proxy.authority.cert)
    assert log_in(proxy, ssl=context) == "alice@%"
    assert log_in(proxy, ssl=context) == "alice@%"
    assert log_in(proxy, password="", ssl=context) == 1045
    assert log_in(proxy, "nobody", "x", ssl=context) == 1045
    assert log_in(proxy, "bob", "b" * 59, ssl=context) == 1045
    assert "open sesame" not in proxy.log()


def change_user(connection, user):
    """COM_CHANGE_USER with a wrong password: what it ends with."""
    connection._execute_command(0x11, user + b"\0\0\0" + b"\x2d\0" + b"mysql_native_password\0")
    try:
        connection._read_packet()  # another plugin is asked for
        for answer in (b"z" * 32, b"\x02", b"z" * 256):
            connection.write_packet(answer)
            connection._read_packet()
    except pymysql.err.OperationalError as error:
        return error.args[0]
    return None


def test_change_to_another_user_without_its_password(proxy):
    for _ in range(4):  # from the third on the answer waits a moment
        connection = pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, user="alice", password="open sesame", ssl_disabled=True, read_timeout=30)
        assert change_user(connection, b"mallory") == 1045
        connection._force_close()


def program(proxy, tool, *arguments):
    return subprocess.run([tool("mariadb"), "--no-defaults", "-h", "127.0.0.1", "-P", str(proxy.mysql_port), "-u", "alice", "-popen sesame", *arguments, "-e",
                           "SELECT CURRENT_USER()"], capture_output=True, text=True, timeout=60, check=False)


def test_mariadb_program(proxy, tool):
    assert "alice@%" in program(proxy, tool, "--ssl").stdout
    assert "alice@%" in program(proxy, tool, "--ssl", "--default-auth=mysql_clear_password").stdout
    assert "alice@%" in program(proxy, tool, "--skip-ssl", "--default-auth=mysql_native_password").stdout  # it is asked for the other one


def test_a_plugin_that_the_client_could_not_load(proxy):
    """Nobody asks for a password. libmariadb then names a plugin of its own that ends the log-in unless it is asked for another one."""
    with proxy_module.Proxy(proxy_module.one_cluster("lite", {"engine": "sqlite"}, frontends={"mysqlWire": {"port": 0}})) as open_to_all:
        client = pymysql.connections.Connection(host="127.0.0.1", port=open_to_all.mysql_port, user="me", defer_connect=True)
        hello = client.write_packet
        client.write_packet = lambda body: hello(body.replace(b"caching_sha2_password", b"dummy_fallback_auth"))
        answer, asked = client._process_auth, []
        client._process_auth = lambda name, *more: asked.append(name) or answer(name, *more)
        client.connect()
        assert asked == [b"caching_sha2_password"]
        with client, client.cursor() as cursor:
            assert cursor.execute("SELECT 41 + 1") == 1 and cursor.fetchone() == (42,)


def test_connections_of_one_user(proxy):
    taken = [pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, user="bob", password="b" * 60) for _ in range(5)]
    assert log_in(proxy, "bob", "b" * 60) == 1040
    assert log_in(proxy) == "alice@%"
    for connection in taken:
        connection.close()
    proxy.wait_for(lambda: log_in(proxy, "bob", "b" * 60) == "bob@%", what="places are free again")


def test_tls_may_be_required(proxy):
    tls = {"certFile": proxy.authority.path("server.pem"), "keyFile": proxy.authority.path("server.key"), "mode": "require"}
    config = proxy_module.one_cluster("lite", {"engine": "sqlite"}, frontends={"mysqlWire": {"port": 0, "tls": tls}})
    with proxy_module.Proxy(config) as strict:
        assert log_in(strict, "me", "", ssl_disabled=True) == 1045
        assert log_in(strict, "me", "", ssl=ssl.create_default_context(cafile=proxy.authority.cert)) == "me@%"


@pytest.fixture(scope="module")
def limited():
    limits = {"maxConnections": 3, "maxConnectionsPerAddress": 2, "maxConnectionsPerUser": 2}
    config = proxy_module.one_cluster("lite", {"engine": "sqlite"}, frontends={"postgresWire": limits, "mysqlWire": {"port": 0, **limits}},
                                      auth={"provider": "static", "staticUsers": {"users": USERS}})
    with proxy_module.Proxy(config) as started:
        yield started


class Leaver(pymysql.connections.Connection):
    """Asks for the server's key and does not wait for it."""

    def write_packet(self, payload):
        super().write_packet(payload)
        if payload == b"\x02":
            raise pymysql.err.OperationalError(0, "left")


def test_the_first_clients_wait_for_the_key(limited):
    """It is made when one asks; who leaves meanwhile is no harm."""
    with pytest.raises(pymysql.err.OperationalError, match="left"):
        Leaver(host="127.0.0.1", port=limited.mysql_port, user="alice", password="open sesame", ssl_disabled=True)
    limited.wait_for(lambda: log_in(limited, ssl_disabled=True) == "alice@%", what="the first one's place is free")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda user: log_in(limited, *user, ssl_disabled=True), [("alice", "open sesame"), ("bob", "b" * 60)])) == ["alice@%", "bob@%"]


def test_each_listener_counts_its_own(limited):
    def of_mysql():
        return pymysql.connect(host="127.0.0.1", port=limited.mysql_port, user="alice", password="open sesame")

    def of_postgres():
        return psycopg.connect(host="127.0.0.1", port=limited.port, user="alice", password="open sesame", dbname="test", sslmode="disable")

    limited.wait_for(lambda: log_in(limited) == log_in(limited, "bob", "b" * 60).replace("bob", "alice"), what="places are free")
    taken = [of_mysql(), of_postgres()]
    limited.wait_for(lambda: log_in(limited) == "alice@%", what="one place is free")
    taken += [of_postgres(), of_mysql()]
    with pytest.raises(pymysql.err.OperationalError, match="1040.*from this address.*mysqlWire.maxConnectionsPerAddress"):
        of_mysql()
    with pytest.raises(psycopg.OperationalError, match="from this address.*postgresWire.maxConnectionsPerAddress"):
        of_postgres()
    for connection in taken:
        connection.close()
