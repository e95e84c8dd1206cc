"""The engine mysql against real servers: MariaDB 10.11 and MySQL 8.0.15. What it has in common with the others is in the conformance suite."""

import contextlib
import os
import signal
import socket
import struct
import threading

import pytest

import engines
import mysql_server as mysql_server_module
import proxy as proxy_module
import servers
import wire

SERVERS = ("mariadb", "mysql")


@pytest.fixture(scope="module", params=SERVERS)
def backend(request):
    """Each of the servers, with a database and a proxy of its own."""
    server = request.getfixturevalue(f"{request.param}_server")
    engine = engines.MariaDb(server)
    config = proxy_module.one_cluster("m", server.cluster(engine.database))
    with proxy_module.Proxy(config) as proxy:
        engine.proxy = proxy
        yield engine


@pytest.fixture
def client(backend):
    with wire.Wire(backend.proxy.port) as one:
        yield one


def one(client, sql, results=(), values=(), oids=()):
    """Text of the only value, its type, and, by a prepared statement, its bytes in the format."""
    messages = wire.check(client.query(sql) if not values and not results else client.extended(sql, values, oids=oids, results=results))
    ((value,),) = wire.values(messages)
    return value, wire.columns(messages)[0].oid


DAY = 86400 * 1_000_000
OID = wire.OID
# column type, literal, PostgreSQL's type, text, binary
TYPES = [
    ("tinyint", "-128", OID["int2"], "-128", struct.pack("!h", -128)),
    ("tinyint unsigned", "255", OID["int2"], "255", struct.pack("!h", 255)),
    ("tinyint(1)", "1", OID["int2"], "1", struct.pack("!h", 1)),
    ("smallint unsigned", "65535", OID["int4"], "65535", struct.pack("!i", 65535)),
    ("mediumint", "-8388608", OID["int4"], "-8388608", struct.pack("!i", -8388608)),
    ("mediumint unsigned", "16777215", None, "16777215", None),
    ("int unsigned", "4294967295", OID["int8"], "4294967295", struct.pack("!q", 4294967295)),
    ("bigint", "-9223372036854775808", OID["int8"], "-9223372036854775808", struct.pack("!q", -9223372036854775808)),
    ("bigint unsigned", "18446744073709551615", OID["numeric"], "18446744073709551615", None),
    ("decimal(65,30)", "12345678901234567890123456789012345.123456789012345678901234567890", OID["numeric"],
     "12345678901234567890123456789012345.123456789012345678901234567890", None),
    ("float", "1.5", OID["float4"], "1.5", struct.pack("!f", 1.5)),
    ("double", "1e308", OID["float8"], "1e+308", struct.pack("!d", 1e308)),
    ("date", "'9999-12-31'", OID["date"], "9999-12-31", None),
    ("datetime(6)", "'1000-01-01 00:00:00.000001'", OID["timestamp"], "1000-01-01 00:00:00.000001", None),
    ("timestamp(3)", "'2024-02-29 12:00:00.5'", OID["timestamptz"], "2024-02-29 12:00:00.5+00", None),
    ("time", "'12:34:56'", OID["interval"], "12:34:56", struct.pack("!qii", 45296 * 1_000_000, 0, 0)),
    ("time(6)", "'-838:59:58.999999'", OID["interval"], "-838:59:58.999999", None),
    ("time", "'838:59:59'", OID["interval"], "838:59:59", None),
    ("year", "2024", OID["int2"], "2024", struct.pack("!h", 2024)),
    ("bit(1)", "b'1'", OID["bool"], "t", b"\1"),
    ("bit(10)", "b'1000000001'", OID["int8"], "513", struct.pack("!q", 513)),
    ("bit(64)", "b'" + "1" * 64 + "'", OID["numeric"], "18446744073709551615", None),
    ("enum('a','b☃')", "'b☃'", OID["text"], "b☃", "b☃".encode()),
    ("set('x','y','z')", "'x,z'", OID["text"], "x,z", b"x,z"),
    ("char(5)", "'ab'", OID["text"], "ab", b"ab"),
    ("varchar(20) character set latin1", "'é'", OID["text"], "é", "é".encode()),
    ("longtext", "'𝄞'", OID["text"], "𝄞", "𝄞".encode()),
    ("binary(4)", "x'00ff'", OID["bytea"], r"\x00ff0000", b"\0\xff\0\0"),
    ("varbinary(4)", "x'00ff'", OID["bytea"], r"\x00ff", b"\0\xff"),
    ("longblob", "x'00'", OID["bytea"], r"\x00", b"\0"),
    ("json", "'{\"a\": [1, null]}'", None, '{"a": [1, null]}', None),
    ("point", "ST_GeomFromText('POINT(1 2)')", OID["bytea"], None, None),
]


@pytest.mark.parametrize("kind, literal, oid, text, binary", TYPES, ids=[f"{t[0]} {t[1]}"[:40] for t in TYPES])
def test_types(backend, client, kind, literal, oid, text, binary):
    t = backend.new_table()
    client.run(f"CREATE TABLE {t} (v {kind})")
    client.run(f"INSERT INTO {t} VALUES ({literal}), (NULL)")
    sql = f"SELECT v FROM {t} ORDER BY v IS NULL LIMIT 1"
    value, told = one(client, sql)
    assert oid is None or told == oid
    assert text is None or value.decode() == text
    plain = value
    value, told = one(client, sql + " OFFSET $1", results=[0], values=["0"], oids=[23])  # prepared: the binary protocol
    assert value == plain and (oid is None or told == oid)
    if binary is not None:
        assert one(client, sql, results=[1])[0] == binary
        assert one(client, sql + " OFFSET $1", results=[1], values=["0"], oids=[23])[0] == binary
    assert one(client, f"SELECT v FROM {t} ORDER BY v IS NULL DESC LIMIT 1")[0] is None
    assert one(client, f"SELECT v FROM {t} ORDER BY v IS NULL DESC LIMIT 1 OFFSET $1", values=["0"], oids=[23])[0] is None


def test_zero_dates_are_null_and_said_so(backend, client):
    t = backend.new_table()
    client.run(f"CREATE TABLE {t} (i int, d date, dt datetime)")
    client.run("SET sql_mode = ''")
    client.run(f"INSERT INTO {t} VALUES (1, '0000-00-00', '0000-00-00 00:00:00'), (2, '2024-00-10', '2024-05-00 01:02:03'), (3, '2024-05-06', NULL)")
    for messages in (client.query(f"SELECT * FROM {t} ORDER BY i"), client.extended(f"SELECT * FROM {t} WHERE i < $1 ORDER BY i", ["9"], oids=[23])):
        assert wire.texts(wire.check(messages)) == [["1", None, None], ["2", None, None], ["3", "2024-05-06", None]]
        assert [n["sqlstate"] for n in wire.notices(messages)] == ["22007"]


PARAMETERS = [
    ("bool", "t", "tinyint", "1"), ("int2", "-7", "smallint", "-7"), ("int4", "2147483647", "int", "2147483647"),
    ("int8", "-9223372036854775808", "bigint", "-9223372036854775808"), ("float4", "1.5", "float", "1.5"), ("float8", "-0.25", "double", "-0.25"),
    ("numeric", "12345.678", "decimal(10,3)", "12345.678"), ("text", "o'n\\e ☃", "varchar(20)", "o'n\\e ☃"), ("bytea", r"\x00ff27", "blob", r"\x00ff27"),
    ("date", "2024-02-29", "date", "2024-02-29"), ("time", "12:34:56.5", "time(6)", "12:34:56.5"),
    ("timestamp", "2024-02-29 12:34:56.789012", "datetime(6)", "2024-02-29 12:34:56.789012"),
    ("timestamptz", "2024-02-29 12:34:56+02", "timestamp", "2024-02-29 10:34:56+00"), ("interval", "-100:00:01", "time", "-100:00:01"),
    ("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "char(36)", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    (0, "17", "int", "17"), (0, "2024-01-02", "date", "2024-01-02"),
]


@pytest.mark.parametrize("kind, given, column, text", PARAMETERS, ids=[f"{p[0]}-{p[2]}" for p in PARAMETERS])
def test_parameters(backend, client, kind, given, column, text):
    t = backend.new_table()
    client.run(f"CREATE TABLE {t} (n int, v {column})")
    oid = OID.get(kind, kind)
    wire.check(client.extended(f"INSERT INTO {t} VALUES ($2, $1)", [given, "1"], oids=[oid, 23]))
    wire.check(client.extended(f"INSERT INTO {t} VALUES ($2, $1)", [None, "2"], oids=[oid, 23]))
    wire.check(client.extended(f"INSERT INTO {t} VALUES ($2, $1)", [given, "3"], oids=[oid, 23]))
    assert client.rows(f"SELECT v FROM {t} ORDER BY n") == [[text], [None], [text]]
    if kind not in ("float4",):
        assert wire.texts(wire.check(client.extended(f"SELECT count(*) FROM {t} WHERE v = $1", [given], oids=[oid]))) == [["2"]]


def test_what_does_not_fit_is_refused(client):
    for given, oid in (("{1,2}", 1007), ("infinity", OID["date"]), ("1 year", OID["interval"]), ("12:00:00+02", OID["timetz"])):
        found = wire.error(client.extended("SELECT $1", [given], oids=[oid]))
        assert found.sqlstate == "0A000", (given, found)
    assert client.value("SELECT 1") == "1"


def test_markers_in_strings_and_comments_are_none(client):
    messages = client.extended("SELECT '$1', $1 /* $2 ? */, `x$1` FROM (SELECT 5 AS `x$1`) AS s WHERE '?' <> $1 -- $3", ["a"], oids=[25])
    assert wire.texts(wire.check(messages)) == [["$1", "a", "5"]]
    messages = client.extended("SELECT '\\'$1', $1", ["a"], oids=[25])  # \' is a quote here
    assert wire.texts(wire.check(messages)) == [["'$1", "a"]]


def test_describe(backend, client):
    t = backend.new_table()
    client.run(f"CREATE TABLE {t} (id int, name varchar(9), d decimal(7,2))")
    messages = wire.check(client.ask(wire.parse(f"SELECT * FROM {t} WHERE id = $1 AND name = $2", "s"), wire.describe("S", "s")))
    assert len(messages[1].oids) == 2
    assert [(c.name, c.oid) for c in wire.columns(messages)] == [("id", OID["int4"]), ("name", OID["text"]), ("d", OID["numeric"])]
    messages = wire.check(client.ask(wire.parse(f"INSERT INTO {t} VALUES ($1, $2, $3)", "i"), wire.describe("S", "i")))
    assert wire.types(messages) == "1tnZ"
    for _ in range(3):
        wire.check(client.ask(wire.bind(["1", "n", "0.5"], "i"), wire.execute()))
    assert client.value(f"SELECT count(*) FROM {t}") == "3"


def test_many_prepared_statements(backend, client):
    """More of them than a connection keeps: the oldest are closed at the server, and prepared again when they are needed."""
    for _ in range(2):
        for i in range(150):
            assert wire.texts(wire.check(client.extended(f"SELECT $1 + {i}", ["1"], oids=[23]))) == [[str(i + 1)]]
    count = int(dict(backend.server.sql("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'"))["Prepared_stmt_count"])
    assert count <= 2 * 110


def test_a_table_that_changes_under_a_prepared_statement(backend, client):
    t = backend.new_table()
    client.run(f"CREATE TABLE {t} (a int)")
    client.run(f"INSERT INTO {t} VALUES (1)")
    sql = f"SELECT * FROM {t} WHERE a = $1"
    assert wire.texts(wire.check(client.extended(sql, ["1"], oids=[23]))) == [["1"]]
    client.run(f"ALTER TABLE {t} ADD COLUMN b text")
    assert wire.texts(wire.check(client.extended(sql, ["1"], oids=[23]))) == [["1", None]]


def test_warnings_are_notices(backend, client):
    t = backend.new_table()
    client.run(f"CREATE TABLE {t} (a tinyint)")
    client.run("SET sql_mode = ''")
    messages = wire.check(client.query(f"INSERT INTO {t} VALUES (1000), ('x')"))
    assert wire.tags(messages) == ["INSERT 0 2"]
    notices = wire.notices(messages)
    assert [n["severity"] for n in notices] == ["WARNING", "WARNING"]
    assert "Out of range" in notices[0]["message"] and notices[0]["sqlstate"] == "22003"


ERRORS = [
    ("42P01", "SELECT * FROM nowhere"), ("42703", "SELECT nothing"), ("42601", "SELEC 1"), ("42883", "SELECT nofunc(1)"), ("42P07", "CREATE TABLE {t} (a int)"),
    ("23505", "INSERT INTO {t} VALUES (1, 1)"), ("23502", "INSERT INTO {t} VALUES (NULL, 1)"), ("22003", "SELECT 9223372036854775807 + 1"),
    ("21000", "SELECT (SELECT 1 UNION SELECT 2)"), ("3D000", "USE nowhere_at_all"), ("42702", "SELECT a FROM {t} AS x, {t} AS y"),
    ("22001", "INSERT INTO {t} VALUES (5, 'too long')"),
]


def test_errors(backend, client):
    t = backend.new_table()
    client.run(f"CREATE TABLE {t} (a int PRIMARY KEY, b varchar(3))")
    client.run(f"INSERT INTO {t} VALUES (1, 'x')")
    for sqlstate, sql in ERRORS:
        assert client.fails(sql.format(t=t)).sqlstate == sqlstate, sql
        assert wire.error(client.extended(sql.format(t=t))).sqlstate == sqlstate, sql
    assert client.value("SELECT 1") == "1"


def test_foreign_keys_and_deadlock(backend, client):
    t = backend.new_table()
    client.run(f"CREATE TABLE {t} (a int PRIMARY KEY); CREATE TABLE {t}c (a int, FOREIGN KEY (a) REFERENCES {t} (a))")
    assert client.fails(f"INSERT INTO {t}c VALUES (1)").sqlstate == "23503"
    client.run(f"INSERT INTO {t} VALUES (1), (2); INSERT INTO {t}c VALUES (1)")
    assert client.fails(f"DELETE FROM {t} WHERE a = 1").sqlstate == "23503"
    client.run("SET innodb_lock_wait_timeout = 1")
    with wire.Wire(backend.proxy.port) as other:
        other.run("BEGIN")
        other.run(f"UPDATE {t} SET a = a + 100 WHERE a = 2")
        assert client.fails(f"UPDATE {t} SET a = 3 WHERE a = 2").sqlstate == "55P03"
        other.run("ROLLBACK")


def test_transaction_modes(backend, client):
    variable = "tx_isolation" if "Maria" in type(backend.server).__name__ else "transaction_isolation"
    client.run("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY, NOT DEFERRABLE")
    assert client.value("SELECT 1") == "1"
    client.run("COMMIT")
    client.run("SET default_transaction_isolation = 'serializable'")
    assert client.value(f"SELECT @@{variable}") == "SERIALIZABLE"
    client.run("RESET default_transaction_isolation")
    assert client.value(f"SELECT @@{variable}") == "REPEATABLE-READ"
    client.run("START TRANSACTION ISOLATION LEVEL READ COMMITTED")
    assert client.value("SELECT 2") == "2"
    client.run("ROLLBACK")


def test_time_zones(backend, client):
    """By name, though the server has no table of zones; a moment comes back as it went in."""
    t = backend.new_table()
    client.run(f"CREATE TABLE {t} (m timestamp)")
    wire.check(client.extended(f"INSERT INTO {t} VALUES ($1)", ["2024-02-29 12:00:00+00"], oids=[OID["timestamptz"]]))
    for zone, shown, offset in (("Asia/Tokyo", "2024-02-29 21:00:00+09", "+09:00"), ("UTC", "2024-02-29 12:00:00+00", "+00:00"),
                                ("+05:30", "2024-02-29 17:30:00+05:30", "+05:30")):
        client.run(f"SET TIME ZONE '{zone}'")
        assert client.value(f"SELECT m FROM {t}") == shown
        assert wire.texts(wire.check(client.extended(f"SELECT m FROM {t} WHERE m = $1", ["2024-02-29 12:00:00+00"], oids=[OID["timestamptz"]]))) == [[shown]]
        assert client.value("SELECT @@time_zone") == offset
    with wire.Wire(backend.proxy.port) as other:
        assert other.value("SELECT @@time_zone") == "+00:00"


def test_settings_and_state_do_not_leak(backend):
    """What a session leaves on its connection is gone for the next: variables, temporary tables, locks, settings, the database."""
    with wire.Wire(backend.proxy.port) as first:
        first.run("SET group_concat_max_len = 7")
        assert first.value("SELECT @@group_concat_max_len") == "7"
        assert first.value("SELECT @mine := 42") == "42"  # not even for the session itself: nothing says that it wants this connection again
        first.run("CREATE TEMPORARY TABLE only_mine (a int)")
        assert first.value("SELECT GET_LOCK('n6-lock', 0)") == "1"
        first.run("USE mysql")
        assert first.value("SELECT database()") == "mysql"
    for _ in range(4):
        with wire.Wire(backend.proxy.port) as other:
            assert other.value("SELECT database()") == backend.database
            assert other.value("SELECT @mine") is None
            assert other.value("SELECT @@group_concat_max_len") != "7"
            assert other.fails("SELECT * FROM only_mine").sqlstate == "42P01"
    backend.proxy.wait_for(lambda: backend.server.sql("SELECT IS_FREE_LOCK('n6-lock')") == ((1,),), what="the lock is free")


def test_call(backend, client):
    p = f"p_{backend.new_table()}"
    backend.server.sql(f"CREATE PROCEDURE {p}(n int) SELECT n + 1 AS a", backend.database)
    assert wire.texts(wire.check(client.query(f"CALL {p}(4)"))) == [["5"]]
    assert wire.texts(wire.check(client.extended(f"CALL {p}($1)", ["4"], oids=[23]))) == [["5"]]
    backend.server.sql(f"CREATE PROCEDURE {p}2() BEGIN SELECT 1; SELECT 2; END", backend.database)
    assert client.fails(f"CALL {p}2()").sqlstate == "0A000"
    assert client.value("SELECT 7") == "7"


def test_load_data_local_is_refused(backend, client, tmp_path):
    t = backend.new_table()
    client.run(f"CREATE TABLE {t} (a text)")
    path = tmp_path / "secret"
    path.write_text("secret\n")
    found = client.fails(f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE {t}")
    assert found.sqlstate
    assert client.value(f"SELECT count(*) FROM {t}") == "0"


def test_large_statements_and_rows(client):
    """Packets of 16 MB and more, both ways."""
    size = (1 << 24) + 5
    messages = wire.check(client.query("SELECT length('" + "x" * size + "')"))
    assert wire.texts(messages) == [[str(size)]]
    ((value,),) = wire.values(wire.check(client.query(f"SELECT repeat('y', {size})")))
    assert len(value) == size
    ((value,),) = wire.values(wire.check(client.extended("SELECT $1", ["z" * size], oids=[25])))
    assert len(value) == size


def test_statement_timeout(client):
    client.run("SET statement_timeout = '300ms'")
    assert client.fails("SELECT sleep(30)").sqlstate == "57014"
    assert client.fails("SELECT benchmark(1000000000000, 1 + 1)").sqlstate == "57014"
    client.run("RESET statement_timeout")
    assert client.value("SELECT 1") == "1"


# ---- logging in ----


@pytest.fixture
def asked(proxies):
    """asked(cluster): the value of SELECT current_user(), or the error, through a proxy with that cluster."""
    def ask(cluster, sql="SELECT current_user()"):
        proxy = proxies(proxy_module.one_cluster("m", cluster))
        with wire.Wire(proxy.port) as client:
            messages = client.query(sql)
            failures = [m for m in messages if m.type == "E"]
            return wire.texts(messages)[0][0] if not failures else wire.error(messages)
    return ask


def basic(name, word):
    return {"type": "basic", "username": name, "password": word}


@pytest.mark.parametrize("mode", ["disable", "require"])
def test_caching_sha2(mysql_server, asked, mode):
    """The first login of a user needs the password itself: encrypted by TLS, or for the server's RSA key."""
    name = f"sha2_{mode}"
    mysql_server.sql(f"CREATE USER '{name}'@'%' IDENTIFIED WITH caching_sha2_password BY 'p w☃'", root=True)
    for _ in range(2):  # then the fast way
        assert asked(mysql_server.cluster("", sslMode=mode, auth=basic(name, "p w☃"))) == f"{name}@%"
    assert asked(mysql_server.cluster("", sslMode=mode, auth=basic(name, "wrong"))).sqlstate == "28P01"


def test_switch_and_empty_password(mysql_server, asked):
    """The server's default is caching_sha2_password; this user has another."""
    mysql_server.sql("CREATE USER 'old'@'%' IDENTIFIED WITH mysql_native_password BY 'word'", root=True)
    mysql_server.sql("CREATE USER 'bare'@'%' IDENTIFIED WITH caching_sha2_password BY ''", root=True)
    assert asked(mysql_server.cluster("", auth=basic("old", "word"))) == "old@%"
    assert asked(mysql_server.cluster("", auth=basic("bare", ""))) == "bare@%"


@pytest.mark.parametrize("mode, ok", [("disable", True), ("prefer", True), ("require", True), ("verify-ca", True), ("verify-full", True)])
def test_tls(mariadb_server, asked, mode, ok):
    cluster = mariadb_server.cluster("", sslMode=mode, tls={"caFile": mariadb_server.ca})
    cipher = asked(cluster, "SELECT variable_value FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher'")
    assert (cipher != "") == (mode != "disable") and ok


def test_tls_does_not_believe_everybody(mariadb_server, asked, tmp_path):
    import certificates  # pylint: disable=import-outside-toplevel
    stranger = certificates.Authority(tmp_path / "stranger", "stranger")
    found = asked(mariadb_server.cluster("", sslMode="verify-ca", tls={"caFile": stranger.cert}))
    assert found.sqlstate == "08001" and "certificate" in found.message + str(found.fields.get("detail")), found
    other_name = mariadb_server.cluster("", sslMode="verify-full", tls={"caFile": mariadb_server.ca})
    other_name["endpoint"] = other_name["endpoint"].replace("127.0.0.1", "127.0.0.2")
    assert asked(other_name).sqlstate == "08001"


def test_unix_socket(mariadb_server, asked):
    cluster = mariadb_server.cluster("")
    cluster["endpoint"] = f"mysql://localhost/?socket={mariadb_server.path('sock')}"
    assert asked(cluster) == "tester@%"


def test_nobody_listens(asked):
    found = asked({"engine": "mysql", "endpoint": "mysql://127.0.0.1:1/x"})
    assert found.sqlstate == "08001" and "refused" in found.message


def test_read_only_cluster(mariadb_server, asked, proxies):
    database = mariadb_server.create_database(f"ro_{os.getpid()}")
    mariadb_server.sql("CREATE TABLE t (a int)", database)
    proxy = proxies(proxy_module.one_cluster("m", mariadb_server.cluster(database, readOnly=True)))
    with wire.Wire(proxy.port) as client:
        assert client.value("SELECT count(*) FROM t") == "0"
        for sql in ("INSERT INTO t VALUES (1)", "SET SESSION TRANSACTION READ WRITE", "SET tx_read_only = 0", "SET @@session.tx_read_only = 0"):
            assert client.fails(sql).sqlstate, sql
    assert mariadb_server.sql("SELECT count(*) FROM t", database) == ((0,),)


# ---- faults ----


class Between:
    """A TCP proxy before the server that does to the server's bytes what `mangle(number of the connection, bytes so far, bytes)` says: it yields
    pieces to be sent, None closes."""

    def __init__(self, port, mangle):
        self.target, self.mangle, self.count, self.open = port, mangle, 0, True
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.open = False
        self.listener.close()

    def accept(self):
        while self.open:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            self.count += 1
            threading.Thread(target=self.down, args=(server, client, self.count), daemon=True).start()
            threading.Thread(target=self.up, args=(client, server), daemon=True).start()

    @staticmethod
    def up(client, server):
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                server.sendall(data)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)

    def down(self, server, client, number):
        seen = 0
        with contextlib.suppress(OSError), server, client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := server.recv(65536):
                for piece in self.mangle(number, seen, data):
                    if piece is None:
                        client.shutdown(socket.SHUT_RDWR)
                        return
                    client.sendall(piece)
                seen += len(data)


@pytest.fixture
def through(mariadb_server, proxies):
    """through(mangle): a proxy whose server is behind such a one."""
    opened = []

    def make(mangle, server=mariadb_server, **more):
        between = Between(server.port, mangle)
        opened.append(between)
        cluster = {**server.cluster("", sslMode="disable", healthCheck={"enabled": False}), "endpoint": f"mysql://127.0.0.1:{between.port}/mysql", **more}
        return proxies(proxy_module.one_cluster("m", cluster))
    yield make
    for between in opened:
        between.__exit__()


def test_byte_by_byte(through):
    proxy = through(lambda number, seen, data: (data[i:i + 1] for i in range(len(data))))
    with wire.Wire(proxy.port) as client:
        assert len(client.rows("SELECT seq, repeat('x', 50) FROM seq_1_to_100")) == 100
        assert wire.texts(wire.check(client.extended("SELECT $1, repeat('x', 300)", ["a"], oids=[25]))) == [["a", "x" * 300]]
        assert client.fails("SELECT nope").sqlstate == "42703"


def test_tls_byte_by_byte(through, mysql_server):
    """The handshake of a TLS 1.2 may end while an answer is looked for, which comes only after what waited for that end. Each client is the first
    one of a connection."""
    proxy = through(lambda number, seen, data: (data[i:i + 1] for i in range(len(data))), mysql_server, sslMode="require", initSql=["SET @new = 1"], connectTimeout="5s")
    for _ in range(40):
        with wire.Wire(proxy.port) as client:
            assert client.value("SELECT @new := @new + 1") == "2"


def test_cut_off_anywhere(through):
    """The server's bytes end after n of them: an error each time, and the proxy lives."""
    limits = iter([0, 1, 3, 4, 40, 100, 110, 130, 150, 170, 190, 200, 210, 220, 230, 250, 300, 400, 1000, 100000])

    cuts = {}

    def mangle(number, seen, data):
        limit = cuts.setdefault(number, next(limits, None))
        if limit is None or seen + len(data) < limit:
            yield data
        else:
            yield data[:limit - seen]
            yield None
    proxy = through(mangle, circuitBreaker={"consecutiveFailures": 1000})
    good = 0
    with wire.Wire(proxy.port) as client:
        for _ in range(24):
            messages = client.query("SELECT seq, repeat('x', 100) FROM seq_1_to_3000")
            failures = [m for m in messages if m.type == "E"]
            if failures:
                assert wire.error(messages).sqlstate[:2] == "08", wire.error(messages)
            else:
                good += 1
                assert len(wire.values(messages)) == 3000
    assert good >= 1


@pytest.fixture(scope="module")
def victim():
    try:
        with mysql_server_module.MariaDbServer() as server:
            yield server
    except servers.Unavailable as reason:
        pytest.skip(str(reason))


def test_killed_in_mid_result(victim, proxies):
    """The rows that came are followed by an error of the connection; a server that is up again serves again."""
    database = victim.create_database("mid")
    proxy = proxies(proxy_module.one_cluster("m", victim.cluster(database, circuitBreaker={"backoff": "100ms"})))
    with wire.Wire(proxy.port) as client:
        client.send(wire.query("SELECT seq, repeat('x', 1000) FROM seq_1_to_10000000"))
        assert client.read().type == "T"
        assert client.read().type == "D"
        victim.down(signal.SIGKILL)
        messages = client.until("Z")
        assert wire.error(messages).sqlstate[:2] in ("08", "57"), wire.error(messages)
        victim.up()

        def serves():
            return client.query("SELECT 1")[-2].type == "C"
        proxy.wait_for(serves, what="the server is used again")


def test_killed_connection(backend, client):
    """An administrator ends the connections that wait in the pool: at most the statement that comes at that moment is told."""
    ids = [row[0] for row in backend.server.sql("SELECT id FROM information_schema.processlist WHERE user = 'tester' AND command = 'Sleep'")]
    for one_id in ids:
        with contextlib.suppress(Exception):
            backend.server.sql(f"KILL {one_id}", root=True)

    def serves():
        messages = client.query("SELECT 1")
        return messages[-2].type == "C" or wire.error(messages).sqlstate[:2] not in ("08", "57")
    backend.proxy.wait_for(serves, what="new connections")
    assert client.value("SELECT 1") == "1"
