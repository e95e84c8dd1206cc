"""TLS on every listener, with real clients: SSLRequest and direct TLS, certificates of server and client, reload, and those who
mean no good."""

import base64
import contextlib
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import urllib.error
import urllib.request

import asyncpg
import pg8000.dbapi
import psycopg
import psycopg2
import pytest

import certificates
import ops
import proxy as proxy_module
import wire
from test_clients import BUILD, jdbc_suite, node_suite, pgx_suite  # noqa: F401  fixtures

USERS = {"alice": {"password": "secret", "groups": ["bi"], "roles": ["admin"]}, "bob": {"password": "pencil"}, "carol": {"groups": ["ops"]}}
BIG = "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 60000) SELECT i, printf('%0200d', i) AS v FROM t"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return certificates.Authority(tmp_path_factory.mktemp("ca"), "test CA")


@pytest.fixture(scope="module")
def server_cert(authority):
    return authority.issue("server", "/CN=localhost", "DNS:localhost,IP:127.0.0.1", algorithm=("rsa:2048",))


def config_of(tls, users=None, admin_tls=None, **pg):
    return proxy_module.one_cluster(
        "lite", {"engine": "sqlite"}, frontends={"postgresWire": {"tls": tls, **pg}}, adminApi={"tls": admin_tls or {}},
        auth={"provider": "static", "staticUsers": {"users": USERS if users is None else users}})


@pytest.fixture(scope="module")
def secure(server_cert):
    """TLS allowed everywhere; users log in."""
    tls = {"certFile": server_cert.cert, "keyFile": server_cert.key}
    with proxy_module.Proxy(config_of(tls, admin_tls=tls)) as started:
        yield started


def connect(proxy, user="alice", password="secret", host="localhost", **more):
    more.setdefault("sslmode", "require")
    return psycopg.connect(host=host, port=proxy.port, user=user, password=password, dbname="test", autocommit=True, connect_timeout=60,
                           gssencmode="disable", **more)


# ---- clients ----


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"])
def test_sslmode(secure, authority, mode):
    with connect(secure, sslmode=mode, sslrootcert=authority.cert) as client:
        assert client.pgconn.ssl_in_use == (mode not in ("disable", "allow"))
        assert client.execute("SELECT 1").fetchone() == (1,)


def test_psql(secure, authority, tool):
    done = subprocess.run([tool("psql"), "-XAt", "-c", "SELECT 1", "-c", r"\conninfo",
                           f"host=localhost port={secure.port} user=alice dbname=x sslmode=verify-full sslrootcert={authority.cert} channel_binding=require"],
                          capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "PGPASSWORD": "secret"})
    assert done.stdout.startswith("1\n") and "TLSv1.3" in done.stdout, done.stderr


def test_direct_tls(secure, authority):
    """Without an SSLRequest, and with the protocol's name in the handshake."""
    with connect(secure, sslmode="verify-full", sslrootcert=authority.cert, sslnegotiation="direct") as client:
        assert client.execute("SELECT count(*) FROM (" + BIG + ")").fetchone() == (60000,)


def test_channel_binding(secure):
    with connect(secure, channel_binding="require") as client:
        assert client.execute("SELECT 1").fetchone() == (1,)
    assert secure.log_contains("session start .*proof=scram-plus tls=TLSv1.3")
    with connect(secure, sslmode="disable", channel_binding="disable"):
        pass
    assert secure.log_contains('session start .*proof=scram tls=""')
    with pytest.raises(psycopg.OperationalError, match="channel binding"):
        connect(secure, sslmode="disable", channel_binding="require")


def test_tls_1_2(secure):
    with connect(secure, ssl_max_protocol_version="TLSv1.2", channel_binding="require") as client:
        assert client.execute("SELECT 1").fetchone() == (1,)


def test_python_drivers(secure, authority):
    with contextlib.closing(psycopg2.connect(host="localhost", port=secure.port, user="bob", password="pencil", dbname="d", sslmode="verify-full",
                                             sslrootcert=authority.cert)) as client, client.cursor() as cursor:
        cursor.execute("SELECT 2")
        assert cursor.fetchone() == (2,)
    context = ssl.create_default_context(cafile=authority.cert)
    with contextlib.closing(pg8000.dbapi.connect(host="localhost", port=secure.port, user="bob", password="pencil", database="d",
                                                 ssl_context=context)) as client:
        cursor = client.cursor()
        cursor.execute("SELECT 3")
        assert list(cursor.fetchone()) == [3]

    async def ask():
        client = await asyncpg.connect(host="localhost", port=secure.port, user="bob", password="pencil", database="d", ssl=context)
        try:
            return await client.fetchval("SELECT 4")
        finally:
            await client.close()
    import asyncio
    assert asyncio.run(ask()) == 4


NODE = """const {Client} = require('pg');
const fs = require('fs');
(async () => {
  const c = new Client({host: 'localhost', port: +process.argv[1], user: 'alice', password: 'secret', database: 'd',
                        ssl: {ca: fs.readFileSync(process.argv[2])}, enableChannelBinding: true});
  await c.connect();
  console.log((await c.query('SELECT $1 AS v', ['node'])).rows[0].v);
  await c.end();
})().catch(e => { console.error(e); process.exit(1); });"""


@pytest.mark.timeout(400)
def test_node(secure, authority, node_suite):  # noqa: F811
    command, env = node_suite
    done = subprocess.run([command[0], "-e", NODE, str(secure.port), authority.cert], capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, **env})
    assert done.stdout == "node\n", done.stderr


JAVA = """import java.sql.*;
public class Tls {
  public static void main(String[] a) throws Exception {
    try (Connection c = DriverManager.getConnection("jdbc:postgresql://localhost:" + a[0] + "/d?user=alice&password=secret&sslmode=verify-full"
           + "&channelBinding=" + a[2] + "&sslrootcert=" + a[1]);
         PreparedStatement s = c.prepareStatement("SELECT ?")) {
      s.setString(1, "java");
      try (ResultSet r = s.executeQuery()) { r.next(); System.out.println(r.getString(1)); }
    }
  }
}"""


@pytest.mark.timeout(400)
def test_pgjdbc(secure, authority, jdbc_suite, tmp_path):  # noqa: F811
    source = tmp_path / "Tls.java"
    source.write_text(JAVA)
    jar = os.path.join(BUILD, "jdbc", "postgresql-42.7.14.jar")
    done = subprocess.run([jdbc_suite[0], "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", jar, str(source), str(secure.port), authority.cert,
                           "require"], capture_output=True, text=True, timeout=100, check=False)
    assert done.stdout == "java\n", done.stderr


def test_much_in_both_directions(secure):
    """More than any buffer, and read slowly: nothing is lost, doubled or changed."""
    text = "x" * (3 << 20)
    with connect(secure) as tls, connect(secure, sslmode="disable") as plain:
        assert tls.execute("SELECT length(%s), %s", (text, text)).fetchone() == (len(text), text)
        assert tls.execute(BIG).fetchall() == plain.execute(BIG).fetchall()
        with tls.pipeline():
            cursors = [tls.execute("SELECT %s", (f"{i}" * 5000,)) for i in range(200)]
        assert [c.fetchone()[0] for c in cursors] == [f"{i}" * 5000 for i in range(200)]


def test_a_slow_reader_stops_its_engine(secure):
    slow = connect(secure)
    try:
        slow.pgconn.send_query(BIG.replace("60000", "2000000").encode())  # 400 MB
        before = secure.memory()
        with connect(secure) as other:
            for _ in range(20):
                assert other.execute("SELECT 1").fetchone() == (1,)
        assert secure.memory() - before < 200 << 20
    finally:
        slow.close()
    secure.wait_for(lambda: connections(secure) == 0, what="its query is cancelled")


def test_cancel(secure):
    """By a connection of its own, encrypted as libpq 17 has it, and plain as all others."""
    for plain in (True, False):
        with connect(secure) as client:
            cancel = client.pgconn.get_cancel().cancel if plain else lambda c=client: c.cancel_safe(timeout=60)
            with ops.repeated(cancel), pytest.raises(psycopg.errors.QueryCanceled):
                client.execute("WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t) SELECT count(*) FROM t")


# ---- who must use it ----


def test_required(proxies, server_cert, authority):
    proxy = proxies(config_of({"certFile": server_cert.cert, "keyFile": server_cert.key, "mode": "require", "minVersion": "1.3"}))
    with pytest.raises(psycopg.OperationalError, match="TLS only") as refused:
        connect(proxy, sslmode="disable")
    assert "sslmode=require" in str(refused.value)
    with wire.Wire(proxy.port, login=False) as plain:
        plain.send(wire.startup_packet({"user": "alice"}))
        got = plain.read()
        assert (got.fields["severity"], got.fields["sqlstate"]) == ("FATAL", "28000") and got.fields["hint"]
        assert plain.at_end()
    with pytest.raises(psycopg.OperationalError, match="version"):
        connect(proxy, ssl_max_protocol_version="TLSv1.2")
    with connect(proxy, sslmode="verify-full", sslrootcert=authority.cert) as client:
        assert client.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("tls", [None, {"mode": "disable"}])
def test_not_there(proxies, server_cert, tls):
    """Without a certificate, and where it is switched off: SSLRequest is answered with N, direct TLS is not understood."""
    proxy = proxies(config_of({} if tls is None else {"certFile": server_cert.cert, "keyFile": server_cert.key, **tls}))
    with connect(proxy, sslmode="prefer") as client:
        assert not client.pgconn.ssl_in_use
    with pytest.raises(psycopg.OperationalError, match="does not support SSL"):
        connect(proxy, sslmode="require")
    with pytest.raises(psycopg.OperationalError):
        connect(proxy, sslnegotiation="direct")


# ---- certificates ----


@pytest.mark.parametrize("kind", [("ed25519",), ("ec", "-pkeyopt", "ec_paramgen_curve:P-384"), ("rsa:3072",)])
@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_kinds_of_certificates(proxies, authority, kind, digest):
    """Channel binding hashes the certificate with its own signature's hash."""
    made = authority.issue(f"{kind[0]}-{digest}".replace(":", ""), "/CN=localhost", "DNS:localhost", algorithm=kind, digest=digest)
    proxy = proxies(config_of({"certFile": made.cert, "keyFile": made.key}))
    with connect(proxy, sslmode="verify-full", sslrootcert=authority.cert, channel_binding="require") as client:
        assert client.execute("SELECT 1").fetchone() == (1,)


def test_a_chain(proxies, tmp_path):
    root = certificates.Authority(tmp_path / "root", "root")
    middle = certificates.Authority(tmp_path / "middle", "middle")
    request, extensions = str(tmp_path / "m.csr"), tmp_path / "m.ext"
    certificates.openssl("req", "-new", "-key", middle.key, "-subj", "/CN=middle", "-out", request)
    extensions.write_text("basicConstraints=critical,CA:TRUE\n")
    certificates.openssl("x509", "-req", "-in", request, "-CA", root.cert, "-CAkey", root.key, "-CAcreateserial", "-days", "2", "-extfile",
                         str(extensions), "-out", middle.cert)
    leaf = middle.issue("leaf", "/CN=localhost", "DNS:localhost")
    together = tmp_path / "all.pem"  # the key as well: keyFile may be left out
    together.write_bytes(b"".join(open(path, "rb").read() for path in (leaf.cert, middle.cert, leaf.key)))
    os.chmod(together, 0o600)
    proxy = proxies(config_of({"certFile": str(together)}))
    with connect(proxy, sslmode="verify-full", sslrootcert=root.cert) as client:
        assert client.execute("SELECT 1").fetchone() == (1,)


def test_reload(proxies, authority, tmp_path):
    """A new certificate under the old name: those who are connected stay, those who come see the new one; a bad one changes nothing."""
    other = certificates.Authority(tmp_path / "other", "other CA")
    old, new = authority.issue("old", "/CN=localhost", "DNS:localhost"), other.issue("new", "/CN=localhost", "DNS:localhost")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"

    def put(made):
        for source, target in ((made.cert, cert), (made.key, key)):
            shutil.copy(source, f"{target}.new")
            os.rename(f"{target}.new", target)
    put(old)
    proxy = proxies(config_of({"certFile": str(cert), "keyFile": str(key)}, admin_tls={"certFile": str(cert), "keyFile": str(key)}))
    with connect(proxy, sslmode="verify-full", sslrootcert=authority.cert) as before:
        put(new)
        assert "configuration reloaded" in proxy.reload()
        with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
            connect(proxy, sslmode="verify-full", sslrootcert=authority.cert)
        with connect(proxy, sslmode="verify-full", sslrootcert=other.cert) as after:
            assert after.execute("SELECT 1").fetchone() == (1,)
        with urllib.request.urlopen(f"https://localhost:{proxy.admin_port}/readyz", timeout=60,
                                    context=ssl.create_default_context(cafile=other.cert)) as answer:
            assert answer.status == 200
        shutil.copy(old.cert, cert)  # the key of the other
        proxy.process.send_signal(1)
        assert proxy.log_contains("reload refused, nothing changed") and proxy.log_contains("does not fit the certificate")
        with connect(proxy, sslmode="verify-full", sslrootcert=other.cert) as after:
            assert after.execute("SELECT 1").fetchone() == (1,)
        assert before.execute(BIG.replace("60000", "1000")).fetchall()[-1][0] == 1000


def check(tmp_path, tls):
    path = tmp_path / "check.yaml"
    path.write_text(f"""turnout:
  frontends:
    postgresWire:
      port: 0
      tls: {tls}
clusters: {{ lite: {{ engine: sqlite }} }}
clusterGroups: {{ g: {{ members: [lite] }} }}
routingFallback: g
""")
    done = subprocess.run([proxy_module.binary(), "check", str(path)], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout


def test_check(tmp_path, authority, server_cert):
    other = authority.issue("unrelated", "/CN=x")
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("no certificate\n")
    pipe = str(tmp_path / "pipe.pem")
    os.mkfifo(pipe)
    locked = str(tmp_path / "locked.key")
    certificates.openssl("genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:x", "-out", locked)
    at = "check.yaml:5: error: turnout.frontends.postgresWire.tls"
    for tls, said in {
            f"{{ certFile: {server_cert.cert}, keyFile: {server_cert.key} }}": None,
            f"{{ certFile: /no/such.pem, keyFile: {server_cert.key} }}": f"{at}.certFile: cannot read /no/such.pem: No such file or directory",
            f"{{ certFile: {pipe}, keyFile: {server_cert.key} }}": f"{at}.certFile: cannot read {pipe}: it is no file",
            f"{{ certFile: {garbage}, keyFile: {server_cert.key} }}": f"{at}.certFile: {garbage}: no certificate in PEM form",
            f"{{ certFile: {server_cert.cert}, keyFile: /no/such.key }}": f"{at}.keyFile: cannot read /no/such.key",
            f"{{ certFile: {server_cert.cert}, keyFile: {garbage} }}": f"{at}.keyFile: {garbage}: no private key in PEM form",
            f"{{ certFile: {server_cert.cert}, keyFile: {other.key} }}": f"{at}.keyFile: {other.key}: the private key does not fit the certificate",
            f"{{ certFile: {server_cert.cert}, keyFile: {locked} }}": f"{at}.keyFile: {locked}: the private key has a passphrase",
            f"{{ certFile: {server_cert.cert}, keyFile: {server_cert.key}, clientCaFile: {garbage} }}": f"{at}.clientCaFile: {garbage}: no certificates",
            "{ mode: require }": f"{at}.mode: TLS needs a certificate",
            f"{{ keyFile: {server_cert.key} }}": f"{at}.keyFile: a key without its certificate",
            "{ mode: always }": f"{at}.mode: expected one of disable, allow, require; got `always`",
            f"{{ certFile: {server_cert.cert}, keyFile: {server_cert.key}, minVersion: 1.1 }}": f"{at}.minVersion: expected one of 1.2, 1.3",
    }.items():
        code, text = check(tmp_path, tls)
        assert (code, said is None or said in text) == (0 if said is None else 1, True), text
    os.chmod(server_cert.key, 0o644)
    code, text = check(tmp_path, f"{{ certFile: {server_cert.cert}, keyFile: {server_cert.key} }}")
    os.chmod(server_cert.key, 0o600)
    assert code == 0 and "warning" in text and "chmod 600" in text


# ---- certificates of clients ----


@pytest.fixture(scope="module")
def clients(authority, tmp_path_factory):
    stranger = certificates.Authority(tmp_path_factory.mktemp("stranger"), "test CA")  # the same name, another key
    return {"carol": authority.issue("carol", "/O=x/CN=carol"), "mail": authority.issue("mail", "/O=x", "email:carol@example.com,DNS:carol"),
            "nobody": authority.issue("nobody", "/CN=nobody"), "forged": stranger.issue("forged", "/CN=carol")}


def with_cert(made):
    return {"sslcert": made.cert, "sslkey": made.key}


def test_client_certificates(proxies, authority, server_cert, clients):
    """A certificate proves the user that it names; without one there is the password."""
    proxy = proxies(config_of({"certFile": server_cert.cert, "keyFile": server_cert.key, "clientCaFile": authority.cert}))
    for name in ("carol", "mail"):
        with connect(proxy, "carol", None, **with_cert(clients[name])) as client:
            assert client.execute("SELECT 1").fetchone() == (1,)
    assert proxy.log_contains("session start .*user=carol .*proof=certificate")
    with connect(proxy) as client:  # no certificate: the password
        assert client.execute("SELECT 1").fetchone() == (1,)
    with connect(proxy, **with_cert(clients["carol"])):  # another's: the password all the same
        pass
    for user, name in (("carol", "forged"), ("alice", "carol"), ("nobody", "nobody"), ("carol", "nobody")):
        with pytest.raises(psycopg.OperationalError):
            connect(proxy, user, "wrong", **with_cert(clients[name]))


def test_client_certificates_required(proxies, authority, server_cert, clients):
    tls = {"certFile": server_cert.cert, "keyFile": server_cert.key, "clientCaFile": authority.cert}
    strict = proxies(config_of({**tls, "clientCert": "require"}))
    open_config = config_of(tls)
    open_config["turnout"]["auth"] = {"provider": "none"}
    anybody = proxies(open_config)  # nobody is asked, but for the certificate
    for proxy in (strict, anybody):
        with connect(proxy, **with_cert(clients["carol"])) as client:
            assert client.execute("SELECT 1").fetchone() == (1,)
        for more in ({}, {"sslmode": "disable"}, with_cert(clients["forged"])):
            with pytest.raises(psycopg.OperationalError):
                connect(proxy, **more)


def test_client_certificates_over_http(proxies, authority, server_cert, clients):
    """The same certificates prove users to the HTTP listeners, and to MySQL's; passwords and headers overrule none of it."""
    tls = {"certFile": server_cert.cert, "keyFile": server_cert.key, "clientCaFile": authority.cert, "mode": "require"}
    config = config_of(tls, users={**USERS, "carol": {"roles": ["admin"]}}, admin_tls=tls)
    config["turnout"]["frontends"].update({name: {"port": 0, "tls": tls} for name in ("trinoHttp", "restHttp", "mysqlWire")})
    proxy = proxies(config)
    rest, mysql = (proxy.read_port(proxy.log(), protocol) for protocol in ("restHttp", "mysqlWire"))

    def ask(port, path, name=None, body=None, **headers):
        context = ssl.create_default_context(cafile=authority.cert)
        if name:
            context.load_cert_chain(clients[name].cert, clients[name].key)
        request = urllib.request.Request(f"https://localhost:{port}{path}", body and body.encode(), {key.replace("_", "-"): value for key, value in headers.items()})
        try:
            with urllib.request.urlopen(request, timeout=60, context=context) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as answer:
            return answer.code, None

    def trino(name, **headers):
        status, page = ask(proxy.trino_port, "/v1/statement", name, "SELECT current_user", **headers)
        rows = []
        while status == 200:
            rows += page.get("data", [])
            if "nextUri" not in page:
                return rows
            status, page = ask(proxy.trino_port, page["nextUri"].split(str(proxy.trino_port))[1], name)
        return status

    sql = json.dumps({"sql": "SELECT current_user AS me"})
    me = {"Authorization": "Basic " + base64.b64encode(b"alice:secret").decode()}
    assert trino("carol") == trino("carol", X_Trino_User="carol") == [["carol"]]
    assert trino("mail", X_Trino_User="carol") == [["carol"]]  # one of its names; the first of them is no user's
    assert trino("mail") == 401
    status, document = ask(rest, "/v1/queries/execute", "carol", sql, Content_Type="application/json")
    assert (status, document["data"]) == (200, [{"me": "carol"}])
    assert ask(proxy.admin_port, "/admin/status", "carol")[0] == 200
    assert trino("carol", X_Trino_User="alice") == 403
    assert trino("carol", **me) == [["alice"]]  # who says who he is, is it
    assert trino("carol", Authorization="Basic " + base64.b64encode(b"alice:wrong").decode()) == 401
    for port, path, body in ((proxy.trino_port, "/v1/statement", "SELECT 1"), (rest, "/v1/queries/execute", sql), (proxy.admin_port, "/admin/status", None)):
        for name in (None, "nobody"):
            assert ask(port, path, name, body, Content_Type="application/json")[0] == 401, (path, name)
        with pytest.raises((ssl.SSLError, ConnectionError, urllib.error.URLError)):
            ask(port, path, "forged", body, Content_Type="application/json")
    pymysql = pytest.importorskip("pymysql")
    more = {"host": "localhost", "port": mysql, "ssl_ca": authority.cert, "ssl_cert": clients["carol"].cert, "ssl_key": clients["carol"].key}
    client = pymysql.connect(user="carol", **more)
    client.close()
    for user in ("alice", "nobody"):
        with pytest.raises(pymysql.err.OperationalError):
            pymysql.connect(user=user, **more)


def test_segments_of_certified_users(make_engine, authority, server_cert, clients):
    """Who may ask by one of the names of a certificate may fetch what he gets, and nobody else's."""
    tls = {"certFile": server_cert.cert, "keyFile": server_cert.key, "clientCaFile": authority.cert, "mode": "require"}
    config = proxy_module.one_cluster("duck", make_engine("duckDb").cluster(), frontends={"trinoHttp": {"spoolPath": "segments", "tls": tls}},
                                      auth={"provider": "static", "staticUsers": {"users": {"carol": {}, "nobody": {}}}})

    def ask(url, name, body=None, **headers):
        context = ssl.create_default_context(cafile=authority.cert)
        context.load_cert_chain(clients[name].cert, clients[name].key)
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60, context=context) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read()

    with proxy_module.Proxy(config) as proxy:
        url, body, found = f"https://localhost:{proxy.trino_port}/v1/statement", b"SELECT i, 'row ' || i AS t FROM range(250000) AS r(i)", []
        while url:
            status, text = ask(url, "mail", body, **{"X-Trino-User": "carol", "X-Trino-Query-Data-Encoding": "json"})
            assert status == 200, text
            document, body = json.loads(text), None
            found += document.get("data", {"segments": []})["segments"]
            url = document.get("nextUri")
        one = next(segment for segment in found if segment["type"] == "spooled")
        assert ask(one["uri"], "nobody")[0] == 403
        assert ask(one["uri"], "mail", **{"X-Trino-User": "nobody"})[0] == 200  # whoever it says he is, the segment is carol's
        assert json.loads(ask(one["uri"], "mail")[1])[0] == [0, "row 0"]
        assert ask(one["ackUri"], "nobody")[0] == 403 and ask(one["ackUri"], "mail")[0] == 204


# ---- those who mean no good ----


def tls_context(alpn=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


SSL_REQUEST = struct.pack("!II", 8, wire.SSL_REQUEST)


def test_nothing_before_tls_is_believed(secure):
    """CVE-2021-23222: bytes that came in the clear behind the SSLRequest are not part of the encrypted session."""
    with socket.create_connection(("127.0.0.1", secure.port), timeout=60) as client:
        client.sendall(SSL_REQUEST + wire.startup_packet({"user": "alice"}))
        assert client.recv(100) == b""
    assert secure.log_contains('reason="data behind an encryption request"')
    with socket.create_connection(("127.0.0.1", secure.port), timeout=60) as client:
        client.sendall(SSL_REQUEST)
        assert client.recv(1) == b"S"
        with tls_context().wrap_socket(client) as encrypted:
            encrypted.sendall(SSL_REQUEST)  # once more, inside
            assert b"08P01" in encrypted.recv(1000)


def test_direct_tls_needs_the_name_of_the_protocol(secure):
    for alpn in (None, ["postgresql"], ["h2", "postgresql"], ["http/1.1"]):
        with socket.create_connection(("127.0.0.1", secure.port), timeout=60) as client:
            try:
                with tls_context(alpn).wrap_socket(client) as encrypted:
                    encrypted.sendall(wire.startup_packet({"user": "alice"}))
                    got = encrypted.recv(1000)
            except ssl.SSLError as error:
                assert alpn == ["http/1.1"] and "NO_APPLICATION_PROTOCOL" in str(error).upper().replace(" ", "_")
                continue
        assert got.startswith(b"R") if alpn else b"ALPN" in got


def test_half_handshakes_and_garbage(proxies, server_cert):
    """None of them keeps anybody from anything, and all are gone after the log-in time-out."""
    secure = proxies(config_of({"certFile": server_cert.cert, "keyFile": server_cert.key}, loginTimeout="4s"))
    hello = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        tls_context(["postgresql"]).wrap_bio(ssl.MemoryBIO(), hello).do_handshake()
    hello = hello.read()
    openings = [hello[:n] for n in (1, 2, 5, 6, 40, len(hello) - 1, len(hello))] + [
        SSL_REQUEST, SSL_REQUEST[:5], b"\x16\x03\x01\xff\xff" + b"\0" * 100, b"\x16" * 3000, b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
        hello[:60] + b"\xff" * 200, b"\x15\x03\x01\x00\x02\x02\x28", b"\x80\x2e\x01\x00\x02"]
    waiting = []
    for opening in openings:
        for times in range(3):
            client = socket.create_connection(("127.0.0.1", secure.port), timeout=60)
            client.sendall(opening)
            waiting.append(client)
            if times == 1:
                client.shutdown(socket.SHUT_WR)
    for garbage in (b"\x00" * 64, os.urandom(300), b"\x17\x03\x03\x00\x10" + b"x" * 16, b"GET / HTTP/1.1\r\n\r\n"):
        client = socket.create_connection(("127.0.0.1", secure.port), timeout=60)
        client.sendall(SSL_REQUEST)
        assert client.recv(1) == b"S"
        client.sendall(garbage)
        waiting.append(client)
    with connect(secure) as other:
        assert other.execute("SELECT 1").fetchone() == (1,)
    for client in waiting:
        with contextlib.suppress(ConnectionError):
            while client.recv(65536):
                pass
        client.close()
    secure.wait_for(lambda: connections(secure) == 0, what="they are gone")


def connections(proxy):
    request = urllib.request.Request(f"http://localhost:{proxy.admin_port}/admin/status", headers=basic("alice", "secret"))
    import json
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["sessions"]


def test_no_renegotiation(secure, tool):
    """A client that asks for it again and again (TLS 1.2) gets nowhere."""
    done = subprocess.run([tool("openssl"), "s_client", "-tls1_2", "-starttls", "postgres", "-connect", f"127.0.0.1:{secure.port}"],
                          input="R\n", capture_output=True, text=True, timeout=60, check=False)
    assert "no renegotiation" in (done.stdout + done.stderr).lower(), done.stdout + done.stderr
    with connect(secure) as client:
        assert client.execute("SELECT 1").fetchone() == (1,)


def test_lost_at_every_byte(secure):
    """A client that dies anywhere in the handshake or the log-in leaves nothing."""
    for upto in range(0, 900, 13):
        client = socket.create_connection(("127.0.0.1", secure.port), timeout=60)
        client.sendall(SSL_REQUEST)
        assert client.recv(1) == b"S"
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = tls_context().wrap_bio(incoming, outgoing)
        left, ended = upto, False
        with contextlib.suppress(ConnectionError):
            while left > 0 and not ended:
                try:
                    tls.do_handshake()
                    tls.write(wire.startup_packet({"user": "alice"}))
                    ended = True
                except ssl.SSLWantReadError:
                    pass
                some = outgoing.read()
                client.sendall(some[:left])
                left -= len(some)
                if left > 0 and not ended:
                    incoming.write(client.recv(65536))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    secure.wait_for(lambda: connections(secure) == 0, what="they are gone")


# ---- HTTPS ----


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def https(proxy, path, authority=None, scheme="https", headers=None):
    context = ssl.create_default_context(cafile=authority.cert) if authority else None
    request = urllib.request.Request(f"{scheme}://localhost:{proxy.admin_port}{path}", headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60, context=context) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode(), dict(answer.headers)


def test_https(secure, authority, tool):
    assert https(secure, "/readyz", authority)[0] == 200
    assert https(secure, "/readyz", scheme="http")[0] == 200  # mode: allow, on the same port
    assert https(secure, "/metrics", authority)[1].startswith("# HELP")
    done = subprocess.run([tool("curl"), "-s", "--cacert", authority.cert, "-u", "alice:secret", "--parallel",
                           *[f"https://localhost:{secure.admin_port}/admin/{path}" for path in ("status", "clusters", "groups", "queries")]],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and '"version"' in done.stdout


def test_https_only(proxies, server_cert, authority):
    tls = {"certFile": server_cert.cert, "keyFile": server_cert.key, "mode": "require"}
    proxy = proxies(config_of({}, admin_tls=tls))
    status, body, _ = https(proxy, "/readyz", scheme="http")
    assert status == 400 and "HTTPS" in body
    assert https(proxy, "/readyz", authority)[0] == 200
    for more, good in ((("--ca", authority.cert), True), ((), False)):
        done = subprocess.run([proxy_module.binary(), "status", "--admin", f"https://localhost:{proxy.admin_port}", "--user", "alice", *more],
                              capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "TURNOUT_ADMIN_PASSWORD": "secret"})
        assert (done.returncode == 0) == good and ("--ca FILE" in done.stderr) != good, done.stderr


# ---- towards engines ----


def test_engine(proxies, postgres_server, authority):
    """The server's certificate is looked at: the right authority, a wrong one, a file that is not there."""
    made = postgres_server.cluster(endpoint=f"postgresql://localhost:{postgres_server.port}/postgres", sslMode="verify-full",
                                   healthCheck={"enabled": False}, tls={"caFile": postgres_server.path("server.crt")})
    good = proxies(proxy_module.one_cluster("pg", made))
    with psycopg.connect(good.dsn(), autocommit=True) as client:
        assert client.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone() == (True,)
    bad = proxies(proxy_module.one_cluster("pg", {**made, "tls": {"caFile": authority.cert}}))
    with psycopg.connect(bad.dsn(), autocommit=True) as client, pytest.raises(psycopg.Error, match="certificate verify failed"):
        client.execute("SELECT 1")
    with pytest.raises(proxy_module.Failed, match="clusters.pg.tls.caFile: cannot read /no/such.pem"), \
            proxy_module.Proxy(proxy_module.one_cluster("pg", {**made, "tls": {"caFile": "/no/such.pem"}})):
        pass
