"""Who may log in, as whom, and what that opens: users of the configuration and of the users file, passwords, tokens, groups."""

import base64
import concurrent.futures
import contextlib
import hashlib
import hmac
import json
import os
import pty
import re
import shutil
import signal
import stat
import subprocess
import termios
import time
import urllib.error
import urllib.request

import psycopg
import pytest

import proxy as proxy_module
import wire
from rest import Rest

TOKEN = "0123456789abcdefghij"


def verifier(password, iterations=4096, salt=b"0123456789abcdef"):
    """What PostgreSQL would keep of it, by Python's own means."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client = hmac.digest(salted, b"Client Key", "sha256")
    return (f"SCRAM-SHA-256${iterations}:{base64.b64encode(salt).decode()}${base64.b64encode(hashlib.sha256(client).digest()).decode()}:"
            f"{base64.b64encode(hmac.digest(salted, b'Server Key', 'sha256')).decode()}")


USERS = {
    "alice": {"password": "secret", "groups": ["bi"], "roles": ["admin"], "attributes": {"team": "sales"}},
    "bob": {"password": verifier("pencil", 5000), "groups": ["etl"]},
    "carol": {"tokens": [TOKEN]},
    "dave": {"password": "\u2168 \u00adx", "roles": ["operator"]},  # SASLprep makes "IX x" of it
    "O'Hara \u00e9\"": {"password": "a b,c=d"},
}


def config_of(users=None, auth=None, pg=None, **more):
    config = proxy_module.one_cluster("lite", {"engine": "sqlite"}, frontends={"postgresWire": pg or {}},
                                      auth={"provider": "static", "staticUsers": {"users": USERS if users is None else users}, **(auth or {})})
    return proxy_module.merge(config, more)


@pytest.fixture(scope="module")
def proxy():
    with proxy_module.Proxy(config_of()) as started:
        yield started


def connect(proxy, user, password, **more):
    return psycopg.connect(host="127.0.0.1", port=proxy.port, user=user, password=password, dbname=more.pop("dbname", "test"), autocommit=True,
                           sslmode="disable", gssencmode="disable", connect_timeout=60, **more)


def refused(proxy, user, password, **more):
    with pytest.raises(psycopg.OperationalError) as failed:
        connect(proxy, user, password, **more)
    return str(failed.value)


# ---- passwords ----


@pytest.mark.parametrize("user, password", [("alice", "secret"), ("bob", "pencil"), ("dave", "IX x"), ("dave", "\u2168 \u00adx"),
                                            ("O'Hara \u00e9\"", "a b,c=d")])
def test_right(proxy, user, password):
    with connect(proxy, user, password) as client:
        assert client.execute("SELECT 1").fetchone() == (1,)
        assert client.info.parameter_status("session_authorization") == user


def test_wrong(proxy):
    """The same answer whether there is such a user or not, and one line each in the log, without the password."""
    for user in ("alice", "bob", "carol", "nobody", "Alice"):
        seen = len(proxy.log())
        text = refused(proxy, user, "hunter2")
        assert f'FATAL:  password authentication failed for user "{user}"' in text
        assert "hunter2" not in proxy.log()
        assert len(re.findall(" warn +log-in failed", proxy.log()[seen:])) == 1
    with wire.Wire(proxy.port, login=False) as client:
        client.send(wire.startup_packet({"user": "alice"}))
        got = client.read()
        assert got.type == "R" and got.body == b"\0\0\0\x0aSCRAM-SHA-256\0\0"  # no -PLUS without TLS


def sasl(client, user="alice", mechanism=b"SCRAM-SHA-256", first=b"n,,n=,r=abcdef"):
    client.send(wire.startup_packet({"user": user}))
    assert client.read().code == 10
    client.send(wire.message("p", mechanism + b"\0" + len(first).to_bytes(4, "big") + first))
    return client.read()


def test_salt_of_nobody(proxy):
    """It stays the same, as a real one would, and has as many iterations as that of somebody."""
    salts = {}
    for user in ("nobody", "nobody", "somebody", "alice", "alice"):
        with wire.Wire(proxy.port, login=False) as client:
            got = sasl(client, user)
            salts.setdefault(user, set()).add(re.search(rb",s=([^,]+),i=(?:4096|5000)$", got.body)[1])
    assert all(len(found) == 1 for found in salts.values()) and len(set.union(*salts.values())) == 3


@pytest.mark.parametrize("mechanism, first, sqlstate", [
    (b"SCRAM-SHA-256-PLUS", b"p=tls-server-end-point,,n=,r=abc", "08P01"),
    (b"PLAIN", b"n,,n=,r=abc", "08P01"),
    (b"SCRAM-SHA-256", b"p=tls-server-end-point,,n=,r=abc", "08P01"),
    (b"SCRAM-SHA-256", b"n,a=alice,n=,r=abc", "0A000"),
    (b"SCRAM-SHA-256", b"n,,m=x,n=,r=abc", "0A000"),
    (b"SCRAM-SHA-256", b"n,,n=,r=", "08P01"),
    (b"SCRAM-SHA-256", b"n,,n=,r=a b", "08P01"),
    (b"SCRAM-SHA-256", b"n,,n=,r=" + b"x" * 3000, "08P01"),
    (b"SCRAM-SHA-256", b"", "08P01"),
    (b"SCRAM-SHA-256", b"\0" * 100, "08P01"),
    (b"SCRAM-SHA-256", b"x" * 12000, "08P01"),
])
def test_malformed_first(proxy, mechanism, first, sqlstate):
    with wire.Wire(proxy.port, login=False) as client:
        got = sasl(client, "alice", mechanism, first)
        assert (got.type, got.fields["severity"], got.fields["sqlstate"]) == ("E", "FATAL", sqlstate)
        assert client.at_end()


@pytest.mark.parametrize("final", [b"", b"c=biws", b"c=eSws,r=%s,p=AAAA", b"c=biws,r=other,p=AAAA", b"c=biws,r=%s", b"c=biws,r=%s,p=AAAA",
                                   b"c=biws,r=%s,p=" + b"A" * 44, b"c=biws,r=%s,p=" + base64.b64encode(b"x" * 32) + b",x=y", b"\0", b"," * 5000])
def test_malformed_final(proxy, final):
    with wire.Wire(proxy.port, login=False) as client:
        nonce = re.match(rb"r=([^,]+)", sasl(client, "bob").body[4:])[1]
        client.send(wire.message("p", final.replace(b"%s", nonce)))
        got = client.read()
        assert (got.type, got.fields["sqlstate"]) == ("E", "08P01")
        assert client.at_end()


def test_before_the_log_in(proxy):
    """Nothing but an answer is taken."""
    for message in (wire.query("SELECT 1"), wire.parse("SELECT 1") + wire.SYNC, wire.message("p", b"x" * 20000), b"p\0\0\0\x01", b"p\x7f\xff\xff\xff"):
        with wire.Wire(proxy.port, login=False) as client:
            client.send(wire.startup_packet({"user": "alice"}), message)
            assert client.read().type == "R"
            got = client.read()
            assert (got.type, got.fields["severity"]) == ("E", "FATAL") and got.fields["sqlstate"] in ("08P01", "54000")
            assert client.at_end()


def test_log_in_and_hang(proxies):
    proxy = proxies(config_of(pg={"loginTimeout": "4s"}))
    with wire.Wire(proxy.port, login=False) as client:
        sasl(client)
        got = client.read()
        assert got.fields["sqlstate"] == "57014" and "loginTimeout" in got.fields["message"]
        assert client.at_end()


def test_rate_limit(proxies):
    """After so many failures even the right password has to wait; others need not, and it is over after a while."""
    proxy = proxies(config_of(auth={"maxFailures": 4, "failureWindow": "1h"}))
    for _ in range(4):
        assert "password authentication failed" in refused(proxy, "alice", "wrong")
    text = refused(proxy, "alice", "secret")
    assert "too many failed log-ins" in text and "maxFailures" in text
    assert proxy.log_contains('log-in failed .*user=alice why="too many failures"')
    assert proxy.admin("/admin/status", headers=basic("alice", "secret"))[0] == 429
    with connect(proxy, "bob", "pencil"):
        pass
    proxy = proxies(config_of(auth={"maxFailures": 1, "failureWindow": "1s"}))
    assert "password authentication failed" in refused(proxy, "alice", "wrong")
    proxy.wait_for(lambda: try_connect(proxy, "alice", "secret"), seconds=60, what="the window is over")


def try_connect(proxy, user, password):
    try:
        connect(proxy, user, password).close()
        return True
    except psycopg.OperationalError:
        return False


def test_guessing_at_once(proxies):
    """Attempts at the same time do not outrun the count."""
    proxy = proxies(config_of(auth={"maxFailures": 5, "failureWindow": "1h"}))
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        texts = list(pool.map(lambda i: refused(proxy, "alice", f"guess {i}"), range(30)))
    assert sum("password authentication failed" in text for text in texts) == 5
    assert sum("too many failed log-ins" in text for text in texts) == 25


def test_many_at_once(proxies):
    """Log-ins that have only begun are no failures: a pool that opens all its connections at the same time gets them."""
    proxy = proxies(config_of(auth={"maxFailures": 2, "failureWindow": "1h"}))
    clients = [wire.Wire(proxy.port, login=False) for _ in range(30)]
    assert all(b",i=4096" in sasl(client).body for client in clients)  # each waits for the proof
    with connect(proxy, "alice", "secret") as client:
        assert client.execute("SELECT 1").fetchone() == (1,)
    for client in clients:
        client.close()


def test_guessing_beside_the_right_one(proxies):
    """A password that was seen lately needs no work; but a guess must not get through where the limit is reached."""
    proxy = proxies(config_of(auth={"maxFailures": 3, "failureWindow": "1h"}))
    status = lambda user, password: proxy.admin("/admin/status", headers=basic(user, password))[0]  # noqa: E731
    assert status("alice", "secret") == 200
    assert [status("alice", f"guess {i}") for i in range(5)] == [401, 401, 401, 429, 429]
    assert status("alice", "secret") == 429


def test_rounds_of_nobody(proxies):
    """Where all users have more rounds of hashing than usual, one who does not exist has as many."""
    proxy = proxies(config_of(users={"bob": {"password": verifier("pencil", 7777)}, "carol": {"tokens": [TOKEN]}}))
    for user in ("bob", "nobody", "carol", "somebody"):
        with wire.Wire(proxy.port, login=False) as client:
            assert sasl(client, user).body.endswith(b",i=7777")


# ---- HTTP ----


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_admin_api(proxy):
    status = lambda headers=None: proxy.admin("/admin/status", headers=headers)[0]  # noqa: E731
    assert (proxy.admin("/readyz")[0], proxy.admin("/metrics")[0]) == (200, 200)
    assert [status(), status(basic("alice", "secret")), status(basic("alice", "wrong")), status(basic("bob", "pencil")),
            status({"Authorization": f"Bearer {TOKEN}"}), status({"Authorization": "Bearer no"})] == [401, 200, 401, 403, 403, 401]
    done = subprocess.run([proxy_module.binary(), "status", "--admin", proxy.admin_url, "--user", "alice"], capture_output=True, text=True, timeout=60,
                          check=False, env={**os.environ, "TURNOUT_ADMIN_PASSWORD": "secret"})
    assert done.returncode == 0, done.stderr


def test_compare_logs_in(proxy, tmp_path):
    """With libpq's own means; without them it says which there are."""
    (tmp_path / "q.sql").write_text("SELECT 1")
    for password in (None, "wrong"):
        env = {key: value for key, value in os.environ.items() if not key.startswith("PG")} | ({"PGPASSWORD": password} if password else {})
        done = subprocess.run([proxy_module.binary(), "compare", "--run", str(tmp_path / "q.sql"), "--clusters", "a", "--connect",
                               f"postgresql://alice@127.0.0.1:{proxy.port}/db"], capture_output=True, text=True, timeout=60, check=False, env=env)
        assert done.returncode == 1 and "PGUSER and PGPASSWORD" in done.stderr, done.stderr


def test_own_user_of_the_admin_api(proxies):
    """adminApi.username is as good as before, beside the users."""
    proxy = proxies(config_of(turnout={"adminApi": {"username": "root", "password": "toor"}}))
    status = lambda user, password: proxy.admin("/admin/status", headers=basic(user, password))[0]  # noqa: E731
    assert [status("root", "toor"), status("root", "x"), status("alice", "secret"), status("bob", "pencil")] == [200, 401, 200, 403]


def test_no_administrator(proxies):
    """As long as no user is one, whoever works on this machine may, as before there were users."""
    proxy = proxies(config_of(users={"bob": USERS["bob"]}))
    assert proxy.admin("/admin/status")[0] == 200
    assert "no user is an administrator" in proxy.log()
    with connect(proxy, "bob", "pencil", dbname="turnout") as client:
        assert client.execute("SELECT count(*) FROM clusters").fetchone() == (1,)


def test_console(proxy):
    with connect(proxy, "alice", "secret", dbname="turnout") as client:
        assert client.execute("SELECT count(*) FROM clusters").fetchone() == (1,)
    assert "no administrator" in refused(proxy, "bob", "pencil", dbname="turnout")


# ---- the users file ----


def user(proxy, *arguments, password=None, check=True):
    done = subprocess.run([proxy_module.binary(), "user", *arguments, "--file", proxy.path("users.yaml")], input=password and password + "\n",
                          capture_output=True, text=True, timeout=60, check=False, stdin=None if password else subprocess.DEVNULL)
    assert not check or done.returncode == 0, done.stderr
    assert not proxy_module.SANITIZER.search(done.stderr), done.stderr
    return done


@pytest.fixture
def with_file():
    config = config_of(users={}, auth={"usersFile": "users.yaml"})
    proxy = proxy_module.Proxy(config)
    user(proxy, "add", "alice", "--groups", "bi, etl", "--roles", "admin", "--attribute", "team=a", "--attribute", "x=y z", password="first")
    with proxy:
        yield proxy


def test_users_file(with_file):
    proxy = with_file
    assert stat.S_IMODE(os.stat(proxy.path("users.yaml")).st_mode) == 0o600
    with connect(proxy, "alice", "first") as before:
        user(proxy, "add", "alice", password="second")  # what is not given stays
        user(proxy, "add", "eve 'x' \u00e9", "--groups", "ops", password="pw")
        token = user(proxy, "token", "alice").stdout.strip()
        assert json.loads(user(proxy, "list", "--json").stdout) == [
            {"name": "alice", "password": True, "tokens": 1, "groups": ["bi", "etl"], "roles": ["admin"]},
            {"name": "eve 'x' \u00e9", "password": True, "tokens": 0, "groups": ["ops"], "roles": []}]
        assert "second" not in open(proxy.path("users.yaml"), encoding="utf-8").read()
        connect(proxy, "alice", "first").close()  # not read yet
        assert "configuration reloaded" in proxy.reload()
        assert before.execute("SELECT 1").fetchone() == (1,)
        connect(proxy, "alice", "second").close()
        connect(proxy, "eve 'x' \u00e9", "pw").close()
        assert "password authentication failed" in refused(proxy, "alice", "first")
        assert proxy.admin("/admin/status", headers={"Authorization": f"Bearer {token}"})[0] == 200
        user(proxy, "add", "alice", "--no-password", "--no-tokens")
        assert "reloaded" in proxy.reload()
        assert proxy.admin("/admin/status", headers={"Authorization": f"Bearer {token}"})[0] == 401
        connect(proxy, "alice", "second").close()
        user(proxy, "remove", "alice")
        assert "reloaded" in proxy.reload()
        assert "password authentication failed" in refused(proxy, "alice", "second")
        assert before.execute("SELECT 1").fetchone() == (1,)  # who is in stays in
    with open(proxy.path("users.yaml"), "w", encoding="utf-8") as file:
        file.write("users: {eve: {pasword: x}}\n")
    proxy.process.send_signal(1)
    assert proxy.log_contains("reload refused, nothing changed")
    assert proxy.log_contains("users.yaml:1: users.eve.pasword: unknown key; did you mean `password`")
    connect(proxy, "eve 'x' \u00e9", "pw").close()


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM])
def test_a_password_that_is_not_typed(ended_by, tmp_path):
    """Who ends the program at its prompt has a terminal with an echo."""
    mine, theirs = pty.openpty()

    def echoes():
        return termios.tcgetattr(theirs)[3] & termios.ECHO != 0

    try:
        for typed in (False, True):
            with subprocess.Popen([proxy_module.binary(), "user", "add", "x", "--file", str(tmp_path / "users.yaml")], stdin=theirs, stderr=subprocess.PIPE,
                                  preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as asking:  # a shell's background ignores it
                assert asking.stderr.read(10) == b"Password: "
                end = time.monotonic() + proxy_module.PATIENCE
                while echoes() and time.monotonic() < end:
                    time.sleep(.01)
                assert not echoes()
                if typed:
                    os.write(mine, b"pw\n")
                    assert asking.stderr.read(12) == b"\nOnce more: "
                    while echoes() and time.monotonic() < end:
                        time.sleep(.01)
                    os.write(mine, b"pw\n")
                else:
                    asking.send_signal(ended_by)
                assert asking.wait(proxy_module.PATIENCE) == (0 if typed else -ended_by)
            assert echoes()
    finally:
        os.close(mine)
        os.close(theirs)
    assert "SCRAM-SHA-256" in (tmp_path / "users.yaml").read_text()


def test_user_command(with_file):
    proxy = with_file
    fails = lambda *arguments, **more: user(proxy, *arguments, check=False, **more)  # noqa: E731
    assert "there is no user nobody" in fails("remove", "nobody").stderr
    assert "there is no user nobody" in fails("token", "nobody").stderr
    assert "no password" in fails("add", "x").stderr
    assert "NUL" in fails("add", "x", password="p\0w").stderr  # not the password "p"
    assert "colon" in fails("add", "a:b", password="x").stderr
    assert "expected add, remove, list or token" in fails("ad", "x").stderr
    assert "needs NAME" in fails("add").stderr
    assert [u["name"] for u in json.loads(user(proxy, "list", "--json").stdout)] == ["alice"]
    assert "given twice" in fails("add", "x", "--no-password", "--attribute", "a=1", "--attribute", "a=2").stderr
    assert "nothing was changed" in fails("add", "x", "--no-password", "--groups", b"\xff").stderr  # no UTF-8: nobody could read the file
    user(proxy, "add", "alice", "--no-password", "--groups", "bi,etl", "--attribute", "k=a\u0085b")
    assert [u["name"] for u in json.loads(user(proxy, "list", "--json").stdout)] == ["alice"]
    odd = ["a \u2028 b", "a \u2029b", "\ufeffbom", "c1 \u0080\u009f", "\ufffe\uffff", "? x", "#", "~", "null", "yes", "0x10", "'\"\\", "a, b]}", "\U0001f600", " lead and end ", "users"]
    for name in odd:
        user(proxy, "add", name, "--no-password", "--groups", f"g{name}".replace(",", ";"))
    assert {u["name"]: u["groups"] for u in json.loads(user(proxy, "list", "--json").stdout)} == {
        "alice": ["bi", "etl"], **{name: [f"g{name}".replace(",", ";").strip(" ")] for name in odd}}
    for name in odd:
        user(proxy, "remove", name)
    assert sorted(name for name in os.listdir(proxy.path()) if name.startswith("users.yaml")) == ["users.yaml", "users.yaml.lock"]
    done = proxy.cli("user", "list", "--config", "turnout.yaml")
    assert done.stdout.startswith("alice  groups bi,etl  roles admin")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:  # each keeps what the others wrote
        list(pool.map(lambda i: user(proxy, "add", f"u{i:02}", "--no-password", "--groups", f"g{i}"), range(16)))
    assert sorted(u["name"] for u in json.loads(user(proxy, "list", "--json").stdout)) == ["alice"] + [f"u{i:02}" for i in range(16)]


def test_users_file_by_a_link(tmp_path):
    """The file that a link leads to is changed; the link stays one."""
    file, link = tmp_path / "users.yaml", tmp_path / "link.yaml"
    run = lambda *arguments: subprocess.run([proxy_module.binary(), "user", *arguments, "--file", str(link)], check=True, capture_output=True, text=True).stdout  # noqa: E731
    file.write_text("users: {alice: {groups: [bi]}}\n")
    link.symlink_to(file)
    run("add", "bob", "--no-password")
    assert link.is_symlink() and "bob" in file.read_text()
    assert [line.split()[0] for line in run("list").splitlines()] == ["alice", "bob"]


def test_where_a_password_comes_from_stays(tmp_path):
    """A file that another program renews is not made a verifier of what it has now, and need not be there."""
    file = tmp_path / "users.yaml"
    run = lambda *arguments, **more: subprocess.run([proxy_module.binary(), "user", *arguments, "--file", str(file)], check=True, capture_output=True, text=True, **more).stdout  # noqa: E731
    file.write_text("users: {alice: {password: {file: nowhere/alice.pw}, groups: [bi]}}\n")
    run("add", "carol", "--no-password")
    text = file.read_text()
    assert '{file: "nowhere/alice.pw"}' in text and "SCRAM" not in text and "nativePassword" not in text
    assert [line.split()[0] for line in run("list").splitlines()] == ["alice", "carol"] and run("list").count("no password") == 1
    run("add", "alice", input="new\n")
    assert "nowhere" not in file.read_text() and file.read_text().count("SCRAM") == 1


def test_a_verifier_of_postgresql(with_file, postgres_server):
    """What pg_authid has can be taken over, and the other way round."""
    postgres_server.sql("CREATE ROLE verified LOGIN PASSWORD 'from there \u2168'")
    text = postgres_server.sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'verified'")
    text = text if isinstance(text, str) else text[0][0]
    user(with_file, "add", "verified", password=text.strip())
    with_file.reload()
    connect(with_file, "verified", "from there \u2168").close()
    connect(with_file, "verified", "from there IX").close()
    ours = re.search(r"\"verified\":\n    password: \"(.*)\"", open(with_file.path("users.yaml"), encoding="utf-8").read())[1]
    assert ours == text.strip()


# ---- what it opens ----


@pytest.fixture(scope="module")
def divided():
    """Two groups: everybody's, and one for the group bi and for bob."""
    config = {
        "turnout": {"frontends": {"mysqlWire": {"port": 0}}, "auth": {"provider": "static", "hintGroups": ["bi"], "staticUsers": {"users": {
            **{name: {"password": name, "groups": groups} for name, groups in
               {"alice": ["bi"], "bob": [], "eve": ["etl"], "root": ["bi", "etl"]}.items()}, "boss": {"password": "boss", "roles": ["admin"]}}}}},
        "clusters": {"open": {"engine": "sqlite"}, "closed": {"engine": "sqlite"}},
        "clusterGroups": {"all": {"members": ["open"]}, "few": {"members": ["closed"], "allowedGroups": ["bi"], "allowedUsers": ["bob"]}},
        "routers": [{"type": "userGroup", "groups": {"etl": "few"}}, {"type": "queryRegex", "rules": [{"regex": "few", "targetGroup": "few"}]}],
        "routingFallback": "all",
    }
    with proxy_module.Proxy(config) as started:
        yield started


def where(proxy, user, sql, setting=None):
    with connect(proxy, user, user) as client:
        if setting:
            client.execute(f"SET turnout.{setting}")
        client.execute(sql)
        lines = [line for line in proxy.log().splitlines() if " query end " in line]
        return re.search("group=(\\S+)", lines[-1])[1]


def test_groups(divided):
    assert where(divided, "alice", "SELECT 1") == "all"
    assert where(divided, "alice", "SELECT 1 /* few */") == "few"
    assert where(divided, "bob", "SELECT 1 /* few */") == "few"
    assert where(divided, "root", "SELECT 1") == "few"  # by the router userGroup
    for sql in ("SELECT 1", "SELECT 2 /* few */"):
        with connect(divided, "eve", "eve") as client, pytest.raises(psycopg.errors.InsufficientPrivilege) as denied:
            client.execute(sql)
        assert 'user "eve" may not use group "few"' in str(denied.value) and "allowedUsers" in denied.value.diag.message_hint
    with connect(divided, "eve", "eve") as client:
        text = "\n".join(row[0] for row in client.execute("EXPLAIN ROUTE SELECT 1").fetchall())
        assert "may not use group" in text


def test_the_end_of_a_transaction_there(divided):
    """It is the user's who began it, in whichever protocol."""
    pymysql = pytest.importorskip("pymysql")
    mysql = pymysql.connect(host="127.0.0.1", port=divided.mysql_port, user="root", password="root", ssl_disabled=True)
    with mysql, mysql.cursor() as cursor, connect(divided, "root", "root") as client:
        cursor.execute("CREATE TABLE ended (a integer)")
        cursor.execute("INSERT INTO ended VALUES (1)")
        mysql.commit()
        cursor.execute("INSERT INTO ended VALUES (2)")
        mysql.rollback()
        assert client.execute("SELECT a FROM ended").fetchall() == [(1,)]


def test_hints(divided):
    assert where(divided, "alice", "SELECT 1", "group = 'few'") == "few"
    assert where(divided, "alice", "/*+ turnout(group=few) */ SELECT 1") == "few"
    for prepare, sql in (("SET turnout.group = 'all'", "SELECT 1"), (None, "/*+ turnout(group=all) */ SELECT 1"),
                         (None, "/*+ turnout(cluster=open) */ SELECT 1")):
        with connect(divided, "bob", "bob") as client:
            if prepare:
                client.execute(prepare)
            with pytest.raises(psycopg.errors.InsufficientPrivilege) as denied:
                client.execute(sql)
            assert "may not say where a query goes" in str(denied.value) and denied.value.diag.message_hint


def test_history_knows_who(divided):
    with connect(divided, "root", "root") as client:
        client.execute("SELECT 4711 AS v")
    def found():
        return [q for q in divided.admin("/admin/history", headers=basic("boss", "boss"))[1]["records"] if "4711" in q.get("sql", q.get("text", ""))]
    assert divided.wait_for(found, what="it is recorded")[0]["user"] == "root"


def test_current_user(divided):
    """What the session says, not the account that an engine is asked with; in any way of asking."""
    with connect(divided, "alice", "alice") as client:
        for sql, column in (("SELECT current_user", "current_user"), ("select session_user;", "session_user"),
                            ("SELECT CURRENT_USER AS me", "me"), ("SHOW session_authorization", "session_authorization")):
            for prepare in (False, True):
                cursor = client.execute(sql, prepare=prepare)
                assert (cursor.fetchone(), cursor.description[0].name) == (("alice",), column)


# ---- limits ----


def test_limits_of_user_and_address(proxies):
    proxy = proxies(config_of(pg={"maxConnectionsPerUser": 2, "maxConnectionsPerAddress": 3}))
    held = [connect(proxy, "alice", "secret"), connect(proxy, "alice", "secret")]
    text = refused(proxy, "alice", "secret")
    assert 'too many connections of user "alice"' in text and "maxConnectionsPerUser" in text
    held.append(connect(proxy, "bob", "pencil"))
    with wire.Wire(proxy.port, login=False) as client:
        got = client.read()
        assert got.fields["sqlstate"] == "53300" and "maxConnectionsPerAddress" in got.fields["message"]
    held.pop(0).close()
    proxy.wait_for(lambda: try_connect(proxy, "alice", "secret"), what="a place is free")
    for client in held:
        client.close()


def test_proofs_are_kept_nowhere(proxies):
    """Passwords, right and wrong, tokens and credentials that clients send: not in the log at its most talkative, nor in the files or answers."""
    right, wrong, token, passed_on = "Right-7f3a91", "Wrong-55c0de", "Token-0123456789abcdef", "Extra-9b1d44"
    users = {"ann": {"password": right, "roles": ["admin"], "tokens": [token]}}
    proxy = proxies(config_of(users, turnout={"persistence": {"type": "sqlite", "path": "kept.db"}, "log": {"level": "debug"},
                                              "frontends": {"mysqlWire": {"port": 0, "nativePassword": True}, "restHttp": {"port": 0}, "trinoHttp": {"port": 0}}}))
    rest, said = Rest(proxy), []
    connect(proxy, "ann", right).execute("SELECT 1 AS by_postgres")
    said.append(refused(proxy, "ann", wrong))
    pymysql = pytest.importorskip("pymysql")
    with pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, user="ann", password=right) as client:
        client.cursor().execute("SELECT 1 AS by_mysql")
    with pytest.raises(pymysql.err.OperationalError) as failed:
        pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, user="ann", password=wrong)
    said.append(str(failed.value))
    proofs = [f"Bearer {token}", f"Bearer {wrong}", basic("ann", right)["Authorization"], basic("ann", wrong)["Authorization"]]
    for proof in proofs:
        headers = {"Authorization": proof, "X-Trino-User": "ann", "X-Trino-Extra-Credential": f"key={passed_on}"}
        answer = rest.execute("SELECT 1 AS by_rest", headers={"Authorization": proof})
        said += [answer.text, str(answer.headers)]
        request = urllib.request.Request(f"http://127.0.0.1:{proxy.trino_port}/v1/statement", b"SELECT 1 AS by_trino", headers)
        with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(request, timeout=100) as answer:
            said.append(answer.read().decode())
        said.append(str(proxy.admin("/admin/status", headers={"Authorization": proof})))
    def told(path):
        return str(proxy.admin(path, headers=basic("ann", right)))
    proxy.wait_for(lambda: all(f"by_{client}" in told("/admin/history") for client in ("postgres", "mysql", "rest", "trino")), what="each client has a record")
    said += [told(path) for path in ("/metrics", "/admin/history", "/admin/queries?text=1")]
    proxy.stop()
    said.append(proxy.log())
    assert said[-1].count("log-in failed") >= 4
    for file in ("kept.db", "kept.db.stats"):
        with open(proxy.path(file), "rb") as kept:
            said.append(kept.read().decode("latin-1"))
    for secret in (right, wrong, token, passed_on, *(proof.split()[1] for proof in proofs)):
        for text in said:
            assert secret not in text, text[max(0, text.find(secret) - 300):text.find(secret) + 100]


# ---- configuration ----


def test_check(tmp_path):
    path = tmp_path / "check.yaml"

    def check(auth, more=""):
        path.write_text(f"turnout:\n  auth: {auth}\n{more}clusters: {{ l: {{ engine: sqlite }} }}\nclusterGroups: {{ g: {{ members: [l] }} }}\n"
                        "routingFallback: g\n", encoding="utf-8")
        done = subprocess.run([proxy_module.binary(), "check", str(path)], capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout
    code, text = check("{ provider: static, staticUsers: { users: { alice: { password: secret, roles: [admin] } } } }")
    assert code == 0 and ":2: warning: turnout.auth.staticUsers.users.alice.password: whoever reads this file can log in" in text
    code, text = check(f"{{ provider: static, staticUsers: {{ users: {{ alice: {{ password: '{verifier('x')}', roles: [admin] }} }} }} }}")
    assert code == 0 and "warning" not in text
    for auth, said in {"{ provider: static, usersFile: nowhere.yaml }": "turnout.auth.usersFile: there is no file",
                       "{ provider: static, staticUsers: { users: { a: { password: 'SCRAM-SHA-256$1' } } } }": "begins as a verifier",
                       "{ provider: oidc }": "known, not supported yet"}.items():
        code, text = check(auth)
        assert code == 1 and said in text, text
    code, text = check("{ provider: static }")
    assert code == 0 and "nobody can log in" in text
    users = tmp_path / "users.yaml"
    users.write_text("users: {a: {roles: [admin]}}\n")
    for mode, said in ((0o644, True), (0o640, False), (0o600, False)):
        users.chmod(mode)
        code, text = check("{ provider: static, usersFile: users.yaml }")
        assert code == 0 and ("everybody on this machine can read" in text) == said, text
    users.write_text("users: {a: {}, a: {}}\n")
    code, text = check("{ provider: static, usersFile: users.yaml }")
    assert code == 1 and text.count("error: ") == 1 and "given twice" in text, text
    away = "  frontends: { postgresWire: { host: 0.0.0.0 } }\n"
    assert check("{ provider: none }", away)[0] == 1
    assert check("{ provider: none, force: true }", away)[0] == 0
    assert check("{ provider: static, staticUsers: { users: { a: { password: x, roles: [admin] } } } }", away)[0] == 0
    assert check("{ provider: static, staticUsers: { users: { a: { password: x } } } }", "  adminApi: { host: 0.0.0.0 }\n")[0] == 1


def test_the_peers_form(proxies):
    """`auth:` and `authorization:` as files of QueryFlux have them."""
    config = {
        "queryflux": {}, "auth": {"provider": "static", "required": True, "staticUsers": {"users": {"alice": {"password": "secret", "groups": ["g"]}}}},
        "clusters": {"lite": {"engine": "sqlite"}},
        "clusterGroups": {"all": {"members": ["lite"], "authorization": {"allowGroups": ["g"], "allowUsers": []}}}, "routingFallback": "all"}
    text = json.dumps(config).replace('"queryflux": {}', '"queryflux": {"frontends": {"postgresWire": {"port": 0}}, "adminApi": {"port": 0}, '
                                      '"persistence": {"type": "inMemory"}, "log": {"level": "debug"}}')
    proxy = proxies(text)
    with connect(proxy, "alice", "secret") as client:
        assert client.execute("SELECT 1").fetchone() == (1,)
    assert "password authentication failed" in refused(proxy, "alice", "x")


@pytest.mark.skipif(not shutil.which("psql"), reason="psql is not installed")
def test_psql(proxy):
    done = subprocess.run(["psql", "-XAtc", "SELECT 1", f"host=127.0.0.1 port={proxy.port} user=bob dbname=x"], capture_output=True, text=True,
                          timeout=60, check=False, env={**os.environ, "PGPASSWORD": "pencil"})
    assert done.stdout == "1\n", done.stderr
