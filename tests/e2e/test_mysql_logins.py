"""Who MySQL clients are: caching_sha2_password in all its ways, passwords as they are over TLS, refusals, limits."""

import base64
import concurrent.futures
import hashlib
import hmac
import socket
import ssl
import subprocess

import psycopg
import pytest

import certificates
import engines
import proxy as proxy_module

pymysql = pytest.importorskip("pymysql")
connector = pytest.importorskip("mysql.connector")

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
        connection = pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, user="alice", password="open sesame", ssl_disabled=True, read_timeout=60)
        assert change_user(connection, b"mallory") == 1045
        connection._force_close()


@pytest.fixture(scope="module")
def open_to_all():
    with proxy_module.Proxy(proxy_module.one_cluster("lite", {"engine": "sqlite"}, frontends={"mysqlWire": {"port": 0}})) as started:
        yield started


def program(proxy, tool, *arguments):
    return subprocess.run([tool("mariadb"), "--no-defaults", "-h", "127.0.0.1", "-P", str(proxy.mysql_port), "-u", "alice", "-popen sesame", *arguments, "-e",
                           "SELECT CURRENT_USER()"], capture_output=True, text=True, timeout=60, check=False)


def test_mariadb_program(proxy, tool):
    assert "alice@%" in program(proxy, tool, "--ssl").stdout
    assert "alice@%" in program(proxy, tool, "--ssl", "--default-auth=mysql_clear_password").stdout
    assert "alice@%" in program(proxy, tool, "--skip-ssl", "--default-auth=mysql_native_password").stdout  # it is asked for the other one


def test_mariadb_program_where_nobody_asks_for_its_password(open_to_all, tool):
    for way in ("--skip-ssl", "--default-auth=mysql_native_password", "--default-auth=caching_sha2_password"):
        assert "alice@%" in program(open_to_all, tool, way).stdout


def test_a_plugin_that_the_client_could_not_load(open_to_all):
    """Nobody asks for a password. libmariadb then names a plugin of its own that ends the log-in unless it is asked for another one."""
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
    both = [("alice", "open sesame"), ("bob", "b" * 60)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        limited.wait_for(lambda: list(pool.map(lambda user: log_in(limited, *user, ssl_disabled=True), both)) == ["alice@%", "bob@%"],
                         what="two at once, when the places of those before are free")


def test_each_listener_counts_its_own(limited):
    def of_mysql():
        return pymysql.connect(host="127.0.0.1", port=limited.mysql_port, user="alice", password="open sesame")

    def of_postgres():
        return psycopg.connect(host="127.0.0.1", port=limited.port, user="alice", password="open sesame", dbname="test", sslmode="disable")

    taken = [of_postgres(), of_postgres()]

    def took_one():  # places of clients before may not be free yet
        try:
            taken.append(of_mysql())
        except pymysql.err.OperationalError:
            return False
        return True

    for _ in range(2):
        limited.wait_for(took_one, what="a place is free")
    with pytest.raises(pymysql.err.OperationalError, match="1040.*from this address.*mysqlWire.maxConnectionsPerAddress"):
        of_mysql()
    with pytest.raises(psycopg.OperationalError, match="from this address.*postgresWire.maxConnectionsPerAddress"):
        of_postgres()
    for connection in taken:
        connection.close()


def verifier(password):
    """As `turnout user` keeps it."""
    salted = hashlib.pbkdf2_hmac("sha256", password, b"saltsaltsaltsalt", 4096)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    salt, stored, server = (base64.b64encode(part).decode() for part in (b"saltsaltsaltsalt", stored, hmac.digest(salted, b"Server Key", "sha256")))
    return f"SCRAM-SHA-256$4096:{salt}${stored}:{server}"


NATIVE = "*" + hashlib.sha1(hashlib.sha1(b"old habits").digest()).hexdigest().upper()


@pytest.fixture(scope="module")
def native(tmp_path_factory):
    """carol has both, dave nothing but the hash, erin a verifier only (of "wonderland")."""
    folder = tmp_path_factory.mktemp("native")
    users = {"alice": USERS["alice"], "carol": {"password": "old habits", "nativePassword": NATIVE}, "dave": {"nativePassword": NATIVE},
             "erin": {"password": verifier(b"wonderland")}}
    config = proxy_module.one_cluster("lite", engines.Sqlite(str(folder)).cluster(), frontends={"mysqlWire": {"port": 0, "nativePassword": True}},
                                      auth={"provider": "static", "maxFailures": 1000, "staticUsers": {"users": users}})
    with proxy_module.Proxy(config) as started:
        yield started


def test_native_passwords_by_switch(proxy, native, tool):
    """PyMySQL names the plugin that the greeting names; the mariadb program the one it is told to."""
    def by_native(where, user, password):
        done = subprocess.run([tool("mariadb"), "--no-defaults", "-h", "127.0.0.1", "-P", str(where.mysql_port), "-u", user, f"-p{password}", "--skip-ssl",
                               "--default-auth=mysql_native_password", "-e", "SELECT CURRENT_USER()"], capture_output=True, text=True, timeout=60, check=False)
        return done.stdout.split()[-1] if done.returncode == 0 else int(done.stderr.split()[1])

    assert by_native(native, "carol", "old habits") == "carol@%"
    assert by_native(native, "alice", "open sesame") == "alice@%"  # her hash is known: her password is
    assert by_native(native, "dave", "old habits") == "dave@%"
    assert by_native(native, "carol", "new ones") == 1045 and by_native(native, "dave", "new ones") == 1045 and by_native(native, "nobody", "x") == 1045
    assert by_native(native, "erin", "wonderland") == "erin@%"     # is asked for the other one
    assert log_in(native, "dave", "old habits") == "dave@%"        # is asked for this one
    assert log_in(native, "dave", "new ones") == 1045 and log_in(native, "dave", "") == 1045
    assert log_in(native, "carol", "old habits") == "carol@%" and log_in(native, "erin", "wonderland") == "erin@%"
    assert log_in(proxy, "bob", "b" * 60) == "bob@%"
    connection = connector.connect(host="127.0.0.1", port=native.mysql_port, user="carol", password="old habits", auth_plugin="mysql_native_password", use_pure=True)
    connection.cmd_change_user("dave", "old habits", "")
    with pytest.raises(connector.Error):
        connection.cmd_change_user("dave", "new ones", "")
    connection.close()


def test_keys_of_servers_and_whom_they_are_given(proxies, mysql_server, tmp_path):
    """A MySQL whose user proves itself by caching_sha2_password, without TLS: on loopback its key is taken; a wrong one from a file is not."""
    root = mysql_server.connect(None, unix_socket=mysql_server.path("sock"))
    with root, root.cursor() as cursor:
        cursor.execute("CREATE USER sha2@'%' IDENTIFIED WITH caching_sha2_password BY 'whole-word'")
        cursor.execute("GRANT ALL ON *.* TO sha2@'%'")
        cursor.execute("SHOW STATUS LIKE 'Caching_sha2_password_rsa_public_key'")
        key = cursor.fetchone()[1]
    (tmp_path / "right.pem").write_text(key)
    (tmp_path / "none.pem").write_text("nothing")
    cluster = {**mysql_server.cluster("mysql"), "sslMode": "disable"}
    cluster["auth"] = {"type": "basic", "username": "sha2", "password": "whole-word"}
    for auth in ({"serverPublicKeyFile": str(tmp_path / "right.pem")}, {}):
        made = {**cluster, "auth": {**cluster["auth"], **auth}}
        started = proxies(proxy_module.one_cluster("m", made, frontends={"mysqlWire": {"port": 0}}))
        with pymysql.connect(host="127.0.0.1", port=started.mysql_port, user="me") as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 41 + 1")
            assert cursor.fetchall() == ((42,),)
        with mysql_server.connect(None, unix_socket=mysql_server.path("sock")) as again:
            again.cursor().execute("FLUSH PRIVILEGES")  # forgets who was there
    cluster["auth"]["serverPublicKeyFile"] = str(tmp_path / "none.pem")
    with pytest.raises(proxy_module.Failed, match="serverPublicKeyFile"):
        proxy_module.Proxy(proxy_module.one_cluster("m", cluster, frontends={"mysqlWire": {"port": 0}})).start()


def own_address():
    """Of this machine, not loopback; None: it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
        except OSError:
            return None
        return None if probe.getsockname()[0].startswith("127.") else probe.getsockname()[0]


def test_keys_beyond_loopback(proxies, tmp_path):
    """One Turnout is the other one's MySQL, over an address that is not loopback: neither gives nor takes a key there unless it is told to."""
    address = own_address()
    if address is None:
        pytest.skip("this machine has no address but loopback")

    def server(**options):
        return proxies(proxy_module.one_cluster("lite", engines.Sqlite(str(tmp_path)).cluster(),
                                                frontends={"mysqlWire": {"port": 0, "host": address, **options}},
                                                auth={"provider": "static", "staticUsers": {"users": USERS}}))

    def ask(port, **auth):
        cluster = {"engine": "mysql", "endpoint": f"mysql://{address}:{port}/", "sslMode": "disable",
                   "auth": {"type": "basic", "username": "alice", "password": "open sesame", **auth}}
        client = proxies(proxy_module.one_cluster("m", cluster, frontends={"mysqlWire": {"port": 0}}))
        with pymysql.connect(host="127.0.0.1", port=client.mysql_port, user="me") as connection, connection.cursor() as cursor:
            try:
                cursor.execute("SELECT 41 + 1 AS n")
                return cursor.fetchall()
            except pymysql.MySQLError as error:
                return error.args[1]

    generous, careful = server(publicKeyBeyondLoopback=True).mysql_port, server().mysql_port
    assert "allowPublicKeyRetrieval" in ask(generous)
    assert ask(generous, allowPublicKeyRetrieval=True) == ((42,),)
    assert "publicKeyBeyondLoopback" in ask(careful, allowPublicKeyRetrieval=True)
