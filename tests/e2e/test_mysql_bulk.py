"""COM_STMT_BULK_EXECUTE, which clients of MariaDB send for executemany() and batches: one statement, many rows of parameters, some of them
without a value of their own (NULL, DEFAULT, IGNORE). The same statements are sent to a MariaDB itself and through Turnout to every engine."""

import contextlib
import socket
import struct
import sys
import threading

import pytest

import engines
import my_wire
import proxy as proxy_module

pymysql = pytest.importorskip("pymysql")
pytest.importorskip("sqlglot")

pytestmark = pytest.mark.timeout(300)

BULK, TYPES = 0xFA, 128
LONG, VAR_STRING = 3, 253
NULL, DEFAULT, IGNORE = 1, 2, 3
ENGINES = ["mariadb", "mysql", *(name for name in engines.ENGINES if name not in ("mariadb", "mysql"))]


class Indicator(int):
    """A parameter without a value: NULL, DEFAULT, IGNORE."""


class Client(my_wire.MyWire):
    """Outcomes as values: (affected, info), rows, or (error, message)."""

    def bulk(self, sql, rows, types=None, flags=TYPES, number=None):
        number = self.prepare(sql)[0] if number is None else number
        types = types or [LONG if any(type(row[i]) is int for row in rows) else VAR_STRING for i in range(len(rows[0]))]
        body = struct.pack("<IH", number, flags) + (b"".join(struct.pack("<H", kind) for kind in types) if flags & TYPES else b"")
        for row in rows:
            for value in row:
                if isinstance(value, Indicator):
                    body += bytes([value])
                elif isinstance(value, int):
                    body += b"\0" + struct.pack("<i", value)
                else:
                    body += b"\0" + bytes([len(value)]) + value.encode()
        return self.outcome(lambda: self.result(self.command(BULK, body)))

    def outcome(self, do):
        try:
            return do()
        except my_wire.Failed as error:
            return error.args

    def say(self, sql):
        return self.outcome(lambda: self.query(sql))

    def rows(self, sql):
        found = []
        for row in self.query(sql)[1]:
            values, at = [], 0
            while at < len(row):
                if row[at] == 0xFB:
                    values.append(None)
                    at += 1
                else:
                    value, at = my_wire.text(row, at)
                    values.append(value.decode())
            found.append(tuple(values))
        return found


class Place:
    def __init__(self, request, name, make_engine):
        self.name, self.maria = name, request.getfixturevalue("mariadb_server")
        self.database = self.maria.create_database(f"bulk_{name}".lower())
        self.server = None
        frontends = {"mysqlWire": {"port": 0}}
        if name in ("mariadb", "mysql"):
            self.server = request.getfixturevalue(f"{name}_server")
            config = proxy_module.one_cluster("m", self.server.cluster(self.server.create_database(f"through_{name}")))
            config.setdefault("turnout", {})["frontends"] = frontends
        else:
            config = make_engine(name).config(frontends=frontends, translation={"python": sys.executable, "timeoutMs": 20000})
        self.proxy = proxy_module.Proxy(config)

    def direct(self):
        self.maria.sql("CREATE USER IF NOT EXISTS bulk@localhost", root=True)
        self.maria.sql("GRANT ALL ON *.* TO bulk@localhost", root=True)
        return Client(path=self.maria.path("sock"), user="bulk", database=self.database, capabilities=my_wire.DEPRECATE_EOF, upper=my_wire.BULK)

    def through(self, **more):
        return Client(self.proxy.mysql_port, user="tester", **{"capabilities": my_wire.DEPRECATE_EOF, "upper": my_wire.BULK, **more})


@pytest.fixture(scope="module", params=ENGINES)
def place(request, make_engine):
    made = Place(request, request.param, make_engine)
    with made.proxy:
        yield made
        made.proxy.check_sanitizers()


TABLE = "CREATE TABLE t (id int NOT NULL PRIMARY KEY, name varchar(20) DEFAULT 'none', n int DEFAULT 7)"
ALL = "SELECT id, name, n FROM t ORDER BY id"


def begin(client):
    client.say("DROP TABLE t")
    client.query(TABLE)


def insert(client):
    begin(client)
    return [client.bulk("INSERT INTO t (id, name, n) VALUES (?, ?, ?)", [(1, "a", 1), (2, Indicator(NULL), Indicator(DEFAULT)), (3, Indicator(DEFAULT), Indicator(IGNORE))]),
            client.bulk("INSERT INTO t VALUES (?, concat(?, 'x'), 5)", [(4, "d"), (5, Indicator(NULL))]),
            client.bulk("INSERT INTO t (id) VALUES (?)", [(6,)]), client.rows(ALL)]


def insert_fails(client):
    """All of an INSERT or nothing; what was before it in its transaction stays."""
    begin(client)
    said = [client.bulk("INSERT INTO t (id, name) VALUES (?, ?)", [(1, "a"), (2, "b"), (1, "c"), (4, "d")])[0], client.rows(ALL)]
    client.query("BEGIN")
    client.query("INSERT INTO t (id) VALUES (9)")
    said += [client.bulk("INSERT INTO t (id) VALUES (?)", [(10,), (11,)])[0], client.rows(ALL)]
    client.query("ROLLBACK")
    return said + [client.rows(ALL)]


def in_transactions(client):
    begin(client)
    client.query("BEGIN")
    said = [client.bulk("INSERT INTO t (id) VALUES (?)", [(1,), (1,)])[0]]
    client.bulk("INSERT INTO t (id) VALUES (?)", [(1,), (2,)])
    client.query("ROLLBACK")
    said.append(client.rows(ALL))
    client.query("SET autocommit = 0")
    client.bulk("INSERT INTO t (id) VALUES (?)", [(1,), (2,)])
    client.query("ROLLBACK")
    said.append(client.rows(ALL))
    client.bulk("INSERT INTO t (id) VALUES (?)", [(3,), (4,)])
    client.query("COMMIT")
    client.query("SET autocommit = 1")
    return said + [client.rows(ALL)]


def change(client):
    begin(client)
    client.bulk("INSERT INTO t (id, name, n) VALUES (?, ?, ?)", [(1, "a", 1), (2, "b", 2), (3, "c", 3), (4, "d", 4)])
    return [client.bulk("UPDATE t SET name = ?, n = ? WHERE id = ?", [("x", 10, 1), (Indicator(IGNORE), Indicator(NULL), 2), (Indicator(DEFAULT), Indicator(IGNORE), 3)])[0],
            client.bulk("DELETE FROM t WHERE id = ?", [(4,), (77,)])[0], client.rows(ALL)]


def update_fails(client):
    """Each row of an UPDATE is a statement of its own."""
    begin(client)
    client.bulk("INSERT INTO t (id) VALUES (?)", [(1,), (2,), (3,)])
    return [client.bulk("UPDATE t SET id = ? WHERE id = ?", [(10, 1), (3, 2), (30, 3)])[0], client.rows(ALL)]


def wrong(client):
    begin(client)
    number = client.prepare("INSERT INTO t (id, name) VALUES (?, ?)")[0]
    good = [(1, "a")]
    return [client.bulk("", good, number=number, flags=0)[0], client.bulk("", good, number=number)[0], client.bulk("", [(2, "b")], number=number, flags=0)[0],
            client.bulk("", good, number=4711)[0],
            client.bulk("SELECT id FROM t WHERE id = ?", [(1,)])[0], client.bulk("INSERT INTO t (id) VALUES (7)", [()], types=[])[0],
            client.bulk("INSERT INTO t (id, n) VALUES (?, ? + 1)", [(5, Indicator(DEFAULT))])[0], client.rows(ALL)]


@pytest.mark.parametrize("script", [insert, insert_fails, in_transactions, change, update_fails, wrong], ids=lambda script: script.__name__)
def test_as_on_mariadb(place, script):
    with place.direct() as direct, place.through() as through:
        there, here = script(direct), script(through)
    assert here == there


def test_an_execution_right_behind_its_prepare(place):
    """Connector/C does not wait for the number: 0xFFFFFFFF is the statement that was prepared last, if it could be."""
    last = struct.pack("<I", 0xFFFFFFFF)
    with place.through() as client:
        begin(client)
        client.send(bytes([my_wire.PREPARE]) + b"INSERT INTO t (id) VALUES (?)")
        client.send(bytes([BULK]) + last + struct.pack("<HH", TYPES, LONG) + struct.pack("<BiBi", 0, 1, 0, 2))
        client.send(bytes([my_wire.PREPARE]) + b"SELECT count(*) FROM t")
        client.send(bytes([my_wire.EXECUTE]) + last + struct.pack("<BI", 0, 1))
        client.send(bytes([my_wire.PREPARE]) + b"SELEC 1")
        client.send(bytes([my_wire.EXECUTE]) + last + struct.pack("<BI", 0, 1))
        for kind in ("insert", "select"):
            columns, params = struct.unpack_from("<HH", client.check(client.packet()), 5)
            client.columns(params)
            client.columns(columns)
            result = client.result(client.check(client.packet()))
            assert result[0] == 2 if kind == "insert" else struct.unpack("<q", result[1][0][2:]) == (2,)
        with pytest.raises(my_wire.Failed):
            client.check(client.packet())
        with pytest.raises(my_wire.Failed, match="Unknown prepared statement handler"):
            client.check(client.packet())
        assert client.rows(ALL) == [("1", "none", "7"), ("2", "none", "7")]


@contextlib.contextmanager
def cut_at(port, words):
    """A port in front of PORT that hangs up, on both sides, when a client says WORDS."""
    def pass_on(start, end, watch):
        with contextlib.suppress(OSError):
            while (data := start.recv(1 << 16)) and not (watch and words in data):
                end.sendall(data)
        for side in (start, end):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                client = listener.accept()[0]
                server = socket.create_connection(("127.0.0.1", port))
                for ends in ((client, server, True), (server, client, False)):
                    threading.Thread(target=pass_on, args=ends, daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def test_rows_that_are_lost_at_the_end(postgres_server, make_engine):
    """Their transaction went with the connection: nobody is told that they are there."""
    engine = make_engine("postgres")
    with cut_at(postgres_server.port, b"RELEASE SAVEPOINT turnout_bulk") as port:
        config = engine.config(frontends={"mysqlWire": {"port": 0}}, translation={"python": sys.executable, "timeoutMs": 20000})
        cluster, = config["clusters"].values()
        cluster["endpoint"] = cluster["endpoint"].replace(f":{postgres_server.port}/", f":{port}/")
        cluster["sslMode"] = "disable"
        with proxy_module.Proxy(config) as proxy, Client(proxy.mysql_port, user="tester", capabilities=my_wire.DEPRECATE_EOF, upper=my_wire.BULK) as client:
            begin(client)
            client.query("BEGIN")
            client.query("INSERT INTO t (id) VALUES (9)")
            said = client.bulk("INSERT INTO t (id) VALUES (?)", [(10,), (11,)])
            assert said[0] > 1000, said
            assert client.say("COMMIT")[0] == 1180
            assert client.rows(ALL) == []
