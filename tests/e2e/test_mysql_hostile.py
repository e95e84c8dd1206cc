"""A server that speaks MySQL's protocol and means ill, or is broken: what it says wrong is an error of its statement, and of nobody else's."""

import socket
import struct
import threading

import pytest

import my_wire
import proxy as proxy_module
import starrocks_contract
import wire



def definition(name, kind=253, collation=45):
    word = starrocks_contract.lenenc
    return word(b"def") + word(b"") * 3 + word(name) * 2 + b"\x0c" + struct.pack("<HIBHB", collation, 1024, kind, 0, 0) + b"\0\0"


class Handler(starrocks_contract.Handler):
    """A MySQL that cannot prepare."""

    def answer(self, command, text):
        case = next((case for case in CASES if f"'{case}'" in text), None)
        if command == 0x16:
            self.error(1295, b"HY000", b"This command is not supported in the prepared statement protocol yet")
        elif command == 0x1F:
            self.ok()
        elif case is not None and command == 0x03:
            CASES[case](self)
        elif text.startswith("SHOW WARNINGS"):
            self.send(b"\3")
            for name in (b"Level", b"Code", b"Message"):
                self.send(definition(name))
            self.eof()
            for number in range(5000):
                self.send(b"".join(starrocks_contract.lenenc(value) for value in (b"Warning", b"1000", b"%d" % number)))
            self.eof()
        else:
            super().answer(command, text)

    def stops_in_definitions(self):
        self.send(b"\2")
        self.send(definition(b"a"))
        self.error(1317, b"70100", b"stopped in between")

    def stops_behind_definitions(self):
        self.send(b"\1")
        self.send(definition(b"a"))
        self.error(1317, b"70100", b"stopped in between")

    def number(self):
        self.send(b"\1")
        self.send(definition(b"n", 246, 63))
        self.eof()
        self.send(starrocks_contract.lenenc(b'1,"x":2'))
        self.eof()

    def warns(self):
        self.send(b"\1")
        self.send(definition(b"a"))
        self.eof()
        self.send(b"\1a")
        self.send(b"\xfe\x01\x00\x02\x00")

    def long_name(self):
        """A definition of 17 MB: two frames."""
        body = definition(b"x")
        body = body[:7] + b"\xfd" + (17 << 20).to_bytes(3, "little") + b"x" * (17 << 20) + body[9:]
        self.send(b"\1")
        self.request.sendall(b"\xff\xff\xff" + bytes([self.sequence]) + body[:0xFFFFFF])
        self.sequence += 1
        self.send(body[0xFFFFFF:])
        self.eof()
        self.send(b"\1a")
        self.eof()

    def says_more(self):
        """Its rows, and at once the answer to a question that nobody has asked."""
        message = struct.pack("<I", 1)[:3] + b"\1\1" + b"".join(
            struct.pack("<I", len(part))[:3] + bytes([2 + number]) + part
            for number, part in enumerate((definition(b"a"), b"\xfe\0\0\2\0", b"\6stolen", b"\xfe\0\0\2\0")))
        self.request.sendall(message * 2)


CASES = {"definitions": Handler.stops_in_definitions, "behind": Handler.stops_behind_definitions, "number": Handler.number, "warns": Handler.warns,
         "more": Handler.says_more, "long": Handler.long_name}


class Hostile(starrocks_contract.StarRocksContract):
    def __enter__(self):
        super().__enter__()
        self.server.RequestHandlerClass = Handler
        return self

    def cluster(self, **more):
        return super().cluster(**{"engine": "mysql", "healthCheck": {"enabled": False}, "circuitBreaker": {"consecutiveFailures": 1000}, **more})


@pytest.fixture(scope="module")
def hostile():
    with Hostile() as server, proxy_module.Proxy(proxy_module.one_cluster("m", server.cluster(), frontends={"mysqlWire": {"port": 0}}, workers=1)) as proxy:
        yield proxy


@pytest.fixture
def client(hostile):
    with wire.Wire(hostile.port) as connection:
        yield connection


@pytest.mark.parametrize("case", ["definitions", "behind"])
def test_an_error_among_definitions(hostile, client, case):
    """It ends the answer; what comes next is understood."""
    for _ in range(3):
        assert client.fails(f"SELECT '{case}'").message == "stopped in between"
        assert client.value("SELECT 1") == "SELECT 1"
    with my_wire.MyWire(hostile.mysql_port) as mysql:
        with pytest.raises(my_wire.Failed) as error:
            mysql.query(f"SELECT '{case}' FROM t")
        assert error.value.args == (1317, "stopped in between")


def test_a_number_that_is_none(client):
    assert client.fails("SELECT 'number'").sqlstate == "08P01"
    assert client.value("SELECT 1") == "SELECT 1"


def test_more_warnings_than_were_asked_for(client):
    messages = client.query("SELECT 'warns'")
    assert 1 <= sum(message.type == "N" for message in messages) <= 64
    assert wire.values(messages) == [[b"a"]]


def test_a_definition_of_several_frames(hostile, client):
    assert client.fails("SELECT 'long'").sqlstate[:2] == "08"
    with my_wire.MyWire(hostile.mysql_port) as mysql, pytest.raises(my_wire.Failed):
        mysql.query("SELECT 'long' FROM t")
    assert client.value("SELECT 1") == "SELECT 1"


def test_answers_to_nobodys_question(hostile):
    """Never the answer to the next one's, on whatever connection."""
    with wire.Wire(hostile.port) as first, wire.Wire(hostile.port) as second:
        for _ in range(10):
            first.send(wire.query("BEGIN; SELECT 'more'; SELECT 2; COMMIT"))
            second.send(wire.query("SELECT 'more'"), wire.query("SELECT 3"))
            first.until("Z")
            answers = wire.values(second.until("Z")) + wire.values(second.until("Z"))
            assert answers == [[b"stolen"], [b"SELECT 3"]]
            assert second.value("SELECT 1") == "SELECT 1"


def test_a_greeting_without_an_end(proxies):
    """Nobody has proved who is there: it is not listened to for long."""
    taken = []

    def talk(connection):
        frame = b"\xff\xff\xff\0" + b"\x0a" * 0xFFFFFF
        connection.settimeout(60)
        with connection:
            try:
                while True:
                    taken.append(connection.send(frame))
            except OSError:
                return

    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(60)
    cluster = {"engine": "mysql", "endpoint": f"mysql://127.0.0.1:{listener.getsockname()[1]}", "sslMode": "disable", "healthCheck": {"enabled": False}}
    with listener:
        proxy = proxies(proxy_module.one_cluster("m", cluster))
        with wire.Wire(proxy.port) as client:
            client.send(wire.query("SELECT 1"))
            thread = threading.Thread(target=talk, args=(listener.accept()[0],))
            thread.start()
            assert wire.error(client.until("Z")).sqlstate[:2] == "08"
            thread.join(60)
            assert not thread.is_alive() and sum(taken) < 16 << 20
