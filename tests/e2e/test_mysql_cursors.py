"""Cursors of MySQL's prepared statements (COM_STMT_EXECUTE with CURSOR_TYPE_READ_ONLY, COM_STMT_FETCH), packet by packet: what Connector/J does
with useCursorFetch=true and the C client with STMT_ATTR_CURSOR_TYPE."""

import struct
import time

import pytest

import engines
import proxy as proxy_module

pymysql = pytest.importorskip("pymysql")

CURSOR_EXISTS, LAST_ROW_SENT, IN_TRANSACTION, DEPRECATE_EOF = 0x40, 0x80, 0x01, 1 << 24


@pytest.fixture(scope="module", params=engines.WITH_MYSQL)
def engine(request, make_engine):
    made = make_engine(request.param)
    with proxy_module.Proxy(made.config(frontends={"mysqlWire": {"port": 0, "maxBuffered": "512KiB"}}, workers=1)) as started:
        made.proxy = started
        yield made


@pytest.fixture(params=[0, DEPRECATE_EOF], ids=["eof", "no_eof"])
def client(request, engine):
    with pymysql.connect(host="127.0.0.1", port=engine.proxy.mysql_port, user="me", database="shop", autocommit=True, read_timeout=60,
                         defer_connect=True) as connection:
        connection.client_flag |= request.param
        connection.connect()
        yield connection


class Statement:
    """One that was prepared; the columns that it is told of are not looked at."""

    def __init__(self, connection, sql):
        self.connection = connection
        self.deprecated = connection.client_flag & DEPRECATE_EOF
        connection._execute_command(0x16, sql)
        data = connection._read_packet().get_all_data()
        self.id, columns, params = struct.unpack_from("<IHH", data, 1)
        for count in (params, columns):
            for _ in range(count + (count > 0 and not self.deprecated)):
                connection._read_packet()

    def execute(self, flags=1):
        """The status that the execution ends with; without a cursor None, and the rows are dropped."""
        self.connection._execute_command(0x17, struct.pack("<IBI", self.id, flags, 1))
        packet = self.connection._read_packet()
        if packet.is_ok_packet():
            return None
        for _ in range(packet.get_all_data()[0]):
            self.connection._read_packet()
        return self.status(self.connection._read_packet())

    def status(self, packet):
        data = packet.get_all_data()
        assert data[0] == 0xFE, data
        return struct.unpack_from("<H", data, 3)[0]  # an OK has two zeros for EOF's warnings

    def fetch(self, count):
        """The numbers in the first column, and the status."""
        self.connection._execute_command(0x1C, struct.pack("<II", self.id, count))
        rows = []
        while True:
            data = (packet := self.connection._read_packet()).get_all_data()
            if data[0] == 0xFE and len(data) < 16:
                return rows, self.status(packet)
            rows.append(int.from_bytes(data[2:6], "little"))

    def end(self, command):
        self.connection._execute_command(command, struct.pack("<I", self.id))
        if command == 0x1A:
            assert self.connection._read_packet().is_ok_packet()


def query(connection, sql):
    """One row of one short column, as text; PyMySQL itself always waits for EOF packets."""
    connection._execute_command(0x03, sql)
    for _ in range(1 + 1 + (not connection.client_flag & DEPRECATE_EOF)):
        connection._read_packet()
    value = connection._read_packet().get_all_data()[1:]
    assert connection._read_packet().get_all_data()[0] == 0xFE
    return value.decode()


def series(engine, n):
    """Numbers of which PostgreSQL makes one after the other, too."""
    return f"SELECT generate_series(1, {n})" if engine.name == "postgres" else engine.sql("series", n=n)


def number(error):
    return error.value.args[0]


def test_rows_come_in_portions(engine, client):
    statement = Statement(client, series(engine, 10))
    assert statement.execute() & CURSOR_EXISTS
    assert statement.fetch(4) == ([1, 2, 3, 4], 0x42)
    assert statement.fetch(0) == ([], 0x42)
    assert statement.fetch(6) == ([5, 6, 7, 8, 9, 10], 0x42)  # as MySQL: only the next one finds that there are no more
    assert statement.fetch(1) == ([], 0x82)
    with pytest.raises(pymysql.MySQLError) as error:
        statement.fetch(1)
    assert number(error) == 1421
    assert statement.execute() & CURSOR_EXISTS and statement.fetch(3)[0] == [1, 2, 3]
    assert statement.execute() & CURSOR_EXISTS and statement.fetch(2)[0] == [1, 2]  # anew
    assert statement.fetch(0xFFFFFFFF) == (list(range(3, 11)), 0x82)
    assert query(client, "SELECT 1") == "1"


def test_several_at_once(engine, client):
    one, two = Statement(client, series(engine, 100_000)), Statement(client, series(engine, 5))
    assert one.execute() & CURSOR_EXISTS and two.execute() & CURSOR_EXISTS
    got = []
    for _ in range(3):
        got += one.fetch(20_000)[0]
        assert two.fetch(1)[0]
        assert query(client, "SELECT 1") == "1"
    assert two.fetch(10) == ([4, 5], 0x82)
    rest, status = one.fetch(100_000)
    assert got + rest == list(range(1, 100_001)) and status == 0x82


def test_within_a_transaction(engine, client):
    """Its statements share a connection: the rows come in before the next one, and outlive the end."""
    statement = Statement(client, series(engine, 20_000))
    client.begin()
    assert statement.execute() & (CURSOR_EXISTS | IN_TRANSACTION) == CURSOR_EXISTS | IN_TRANSACTION
    assert statement.fetch(2)[0] == [1, 2]
    assert query(client, "SELECT 5") == "5"
    assert statement.fetch(2)[0] == [3, 4]
    client.commit()
    rest, status = statement.fetch(1_000_000)
    assert rest == list(range(5, 20_001)) and status == 0x82
    client.begin()
    statement.execute()
    statement.fetch(2)
    statement.end(0x19)  # closed: the transaction goes on
    assert query(client, "SELECT 6") == "6"
    client.rollback()


def test_what_does_not_fit_is_told(engine, client):
    statement = Statement(client, series(engine, 300_000))
    client.begin()
    statement.execute()
    assert statement.fetch(2)[0] == [1, 2]
    assert query(client, "SELECT 5") == "5"
    with pytest.raises(pymysql.MySQLError, match="maxBuffered"):
        while not statement.fetch(50_000)[1] & LAST_ROW_SENT:
            pass
    assert query(client, "SELECT 6") == "6"
    client.rollback()


def cursor_in_the_way(engine, client):
    statement = Statement(client, series(engine, 300_000))
    statement.execute()
    assert statement.fetch(2)[0] == [1, 2]
    return statement


def test_commands_wait_for_the_connection_too(engine, client):
    """What is not said in the statement's text: COM_INIT_DB, COM_FIELD_LIST."""
    table = engine.new_table()
    assert Statement(client, f"CREATE TABLE {table} (a integer)").execute() is None
    client.begin()
    cursor_in_the_way(engine, client)
    client.select_db(getattr(engine, "database", "shop"))
    client.rollback()
    client.begin()
    cursor_in_the_way(engine, client)
    client._execute_command(0x04, table + "\0")
    assert b"a" in client._read_packet().get_all_data()
    assert client._read_packet().get_all_data()[0] == 0xFE
    client.rollback()


@pytest.mark.parametrize("keeps", ["transaction", "temporary table"])
def test_statements_about_tables_wait_for_the_connection_too(engine, client, keeps):
    if keeps == "transaction":
        client.begin()
    else:
        assert Statement(client, engine.sql("temporary", t=engine.new_table())).execute() is None
    cursor_in_the_way(engine, client)
    assert query(client, "SELECT 'x' FROM information_schema.tables LIMIT 1") == "x"
    assert query(client, "SELECT 6") == "6"
    client.rollback()


def test_engine_waits(engine, client):
    """A billion rows are not kept here, and nobody computes them when they are not wanted any more."""
    begun = time.monotonic()
    statement = Statement(client, series(engine, 1_000_000_000))
    statement.execute()
    assert statement.fetch(3)[0] == [1, 2, 3]
    assert query(client, "SELECT 5") == "5"
    assert statement.fetch(2)[0] == [4, 5]
    statement.end(0x1A)  # COM_STMT_RESET
    with pytest.raises(pymysql.MySQLError) as error:
        statement.fetch(1)
    assert number(error) == 1421
    statement.execute()
    client.ping()
    statement.end(0x19)
    with pytest.raises(pymysql.MySQLError) as error:
        statement.fetch(1)
    assert number(error) == 1243
    assert time.monotonic() - begun < 90  # all of them take minutes


def test_no_rows_no_cursor(engine, client):
    table = engine.new_table()
    assert Statement(client, f"CREATE TABLE {table} (a integer)").execute() is None
    with pytest.raises(pymysql.MySQLError) as error:
        Statement(client, f"INSERT INTO {table} VALUES (1/'x', 2, 3)").execute()
    assert number(error) != 2013
    empty = Statement(client, f"SELECT a FROM {table}")
    assert empty.execute() & CURSOR_EXISTS and empty.fetch(5) == ([], 0x82)
    open_ones = [Statement(client, f"SELECT a FROM {table}") for _ in range(70)]
    with pytest.raises(pymysql.MySQLError) as error:
        for statement in open_ones:
            statement.execute()
    assert number(error) == 1461
    client.ping()
