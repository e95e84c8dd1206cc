"""A server that speaks MySQL's protocol and means ill, or is broken: what it says wrong is an error of its statement, and of nobody else's."""

import socket
import struct
import threading
import time

import pytest

import my_wire
import proxy as proxy_module
import starrocks_contract
import wire


ENDLESS = b"".join(struct.pack("<I", 6)[:3] + bytes([number % 256]) + b"\5hello" for number in range(4, 260)) * 16


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

    def columns(self, *names):
        self.send(bytes([len(names)]))
        for name in names:
            self.send(definition(name))
        self.eof()

    def out_of_order(self):
        self.columns(b"a")
        self.sequence += 7
        self.send(b"\1x")
        self.eof()

    def all_numbered_zero(self):
        for part in (b"\1", definition(b"a"), b"\xfe\0\0\2\0", b"\1x", b"\xfe\0\0\2\0"):
            self.sequence = 0
            self.send(part)

    def no_definition(self):
        self.send(b"\1")
        self.send(b"\xfe" + b"\xff" * 8)
        self.eof()

    def short_row(self):
        self.columns(b"a", b"b")
        self.send(b"\1x")
        self.eof()

    def no_row(self):
        """To a client it would be the end, and the next ones the answer to its next command."""
        self.columns(b"a")
        self.send(b"\xfe" + b"\0" * 10)
        self.send(b"\6stolen")
        self.eof()

    def empty_row(self):
        self.columns(b"a")
        self.send(b"")
        self.eof()

    def too_many(self):
        self.send(b"\xfe" + struct.pack("<Q", 1 << 63))

    def wants_files(self):
        for _ in range(20):
            self.send(b"\xfb/etc/passwd")
            assert self.receive() == b""
        self.ok()

    def ends_in_a_row(self):
        self.columns(b"a")
        self.request.sendall(b"\xff\xff\x7f" + bytes([self.sequence]) + b"abc")
        self.request.shutdown(socket.SHUT_RDWR)

    def goes_on(self):
        """For a while, though it was killed."""
        self.killed.wait(20)
        self.killed.clear()
        time.sleep(1)
        self.error(1317, b"70100", b"Query execution was interrupted")

    def says_nothing_readable(self):
        self.send(b"\xff\x10\x04#HY000" + b"\xf0\x9f" + b"x\r\n\0" * 300000)

    def says_more(self):
        """Its rows, and at once the answer to a question that nobody has asked."""
        message = struct.pack("<I", 1)[:3] + b"\1\1" + b"".join(
            struct.pack("<I", len(part))[:3] + bytes([2 + number]) + part
            for number, part in enumerate((definition(b"a"), b"\xfe\0\0\2\0", b"\6stolen", b"\xfe\0\0\2\0")))
        self.request.sendall(message * 2)


CASES = {"definitions": Handler.stops_in_definitions, "behind": Handler.stops_behind_definitions, "number": Handler.number, "warns": Handler.warns,
         "more": Handler.says_more, "long": Handler.long_name, "deaf": Handler.goes_on}
LIES = {"order": (Handler.out_of_order, "08006"), "zero": (Handler.all_numbered_zero, "08006"), "definition": (Handler.no_definition, "08P01"),
        "short": (Handler.short_row, "08P01"), "row": (Handler.no_row, "08P01"), "empty": (Handler.empty_row, "08P01"), "count": (Handler.too_many, "08006"),
        "files": (Handler.wants_files, "0A000"), "end": (Handler.ends_in_a_row, "08006"), "unreadable": (Handler.says_nothing_readable, "53300")}
RELAYED = {"order", "zero", "definition", "row", "empty", "count", "files", "end", "unreadable"}  # the width of a row is its client's to see
CASES.update({name: lie for name, (lie, _) in LIES.items()})


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


@pytest.mark.parametrize("case", LIES)
def test_lies(hostile, client, case):
    """An error at once, which says what it is; not the time of a statement that does not heed its cancel."""
    before, begun = hostile.memory(), time.monotonic()
    failed = client.fails(f"SELECT '{case}'")
    assert failed.sqlstate == LIES[case][1] and failed.message
    assert client.value("SELECT 1") == "SELECT 1"
    with my_wire.MyWire(hostile.mysql_port) as mysql:
        if case in RELAYED:
            with pytest.raises(my_wire.Failed) as error:
                mysql.query(f"SELECT '{case}' FROM t")
            assert error.value.args[1]
        assert mysql.query("SELECT 1 FROM t")[1] == [b"\x0fSELECT 1 FROM t"]
    assert time.monotonic() - begun < 8 and hostile.memory() - before < 64 << 20


ENCRYPTED_KEY = (b"-----BEGIN PUBLIC KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0123456789ABCDEF0123456789ABCDEF\n\n"
                 b"MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAK==\n-----END PUBLIC KEY-----\n")
LOGINS = {  # what is said behind the greeting, the state of the error, a word of it
    "clear": ([b"\xfemysql_clear_password\0"], "28000", "in the clear"),
    "old": ([b"\xfe"], "28000", "mysql_old_password"),
    "dialog": ([b"\xfedialog\0Password:"], "28000", "dialog"),
    "nonce": ([b"\xfemysql_native_password\0abc"], "08P01", "too short"),
    "switches": ([b"\xfecaching_sha2_password\x0012345678901234567890\0"] * 20, "08P01", "does not come to an end"),
    "file": ([b"\xfb/etc/passwd"], "08P01", "not understood"),
    "key": ([b"\xfecaching_sha2_password\x0012345678901234567890\0", b"\1\4", b"\1-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"], "08P01", "public key"),
    "encrypted": ([b"\xfecaching_sha2_password\x0012345678901234567890\0", b"\1\4", b"\1" + ENCRYPTED_KEY], "08P01", "public key"),
    "silent": ([None], "08001", "connectTimeout"),
    "rows": ([b"\0\0\0\2\0\0\0", ENDLESS], "08001", "connectTimeout"),
}


class Login(Handler):
    """The password is never among what it hears."""

    def handle(self):
        capabilities = starrocks_contract.CAPABILITIES
        self.send(b"\x0a8.0.30\0" + struct.pack("<I", self.id) + b"12345678\0" + struct.pack("<HBH", capabilities & 0xffff, 45, 2) +
                  struct.pack("<H", capabilities >> 16) + b"\x15" + b"\0" * 10 + b"123456789012\0mysql_native_password\0")
        for part in LOGINS[self.server.case][0]:
            heard = self.receive()
            self.server.heard.append(heard)
            if heard is None or part is None:
                break
            if part is ENDLESS:
                self.columns(b"a")
                while True:
                    self.request.sendall(ENDLESS)
            self.send(part)
        self.server.heard.append(self.receive())


@pytest.mark.parametrize("case", LOGINS)
def test_logins(proxies, case):
    parts, sqlstate, word = LOGINS[case]
    with Hostile() as server:
        server.server.RequestHandlerClass, server.server.case, server.server.heard = Login, case, []
        cluster = server.cluster(auth={"type": "basic", "username": "root", "password": "s3cret"}, connectTimeout="1s", sslMode="disable")
        proxy = proxies(proxy_module.one_cluster("m", cluster))
        before = proxy.memory()
        with wire.Wire(proxy.port) as client:
            failed = client.fails("SELECT 1")
        assert failed.sqlstate == sqlstate and word in failed.message and proxy.memory() - before < 64 << 20
        assert not any(b"s3cret" in heard for heard in server.server.heard if heard)


def test_a_statement_that_was_prepared_otherwise(proxies):
    """With more parameters than it has: an error each time, and never the execution of what the server has understood."""
    executed = []

    class Prepares(Handler):
        def receive(self):
            command = super().receive()
            return command if command is None or command[0] not in (0x16, 0x17, 0x19) else self.prepared(command)

        def prepared(self, command):
            if command[0] == 0x16:
                self.send(struct.pack("<BIHHBH", 0, 1, 0, 2, 0, 0))
                self.send(definition(b"?"))
                self.send(definition(b"?"))
                self.eof()
            elif command[0] == 0x17:
                executed.append(command)
                self.ok()
            return self.receive()

    with Hostile() as server:
        server.server.RequestHandlerClass = Prepares
        proxy = proxies(proxy_module.one_cluster("m", server.cluster()))
        with wire.Wire(proxy.port) as client:
            for _ in range(3):
                client.send(wire.parse("SELECT $1"), wire.bind(["1"]), wire.execute(), wire.SYNC)
                assert "the server sees 2 parameters" in wire.error(client.until("Z")).message
        assert not executed


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


def ends_with(connection, number):
    with pytest.raises(my_wire.Failed) as error:
        connection.check(connection.packet())
    assert error.value.args[0] == number
    assert connection.socket.recv(1) == b""


@pytest.mark.parametrize("first", [0, 2, 255])
def test_a_client_out_of_order(hostile, first):
    """Its log-in and its commands are numbered, or it is no client: as a server has it."""
    with socket.create_connection(("127.0.0.1", hostile.mysql_port), timeout=60) as plain:
        plain.recv(4096)
        body = struct.pack("<IIB23x", my_wire.ALWAYS, 1 << 24, 45) + b"root\0\0mysql_native_password\0"
        plain.sendall(struct.pack("<I", len(body))[:3] + bytes([first]) + body)
        answer = plain.recv(4096)
        assert answer[4] == 0xFF and struct.unpack_from("<H", answer, 5)[0] == 1156 and answer[7:13] == b"#08S01", answer
        assert plain.recv(1) == b""
    if first > 0:
        with my_wire.MyWire(hostile.mysql_port) as mysql:
            mysql.query("SELECT 1 FROM t")
            mysql.send(b"\3SELECT 1 FROM t", first)
            ends_with(mysql, 1156)


def test_a_killed_statement_is_not_listed(hostile):
    """From the answer to KILL QUERY on, whatever time its server takes."""
    def listed(client):
        return [row for row in client.query("SHOW FULL PROCESSLIST")[1] if b"'deaf'" in row]

    with my_wire.MyWire(hostile.mysql_port) as victim, my_wire.MyWire(hostile.mysql_port) as other:
        number = my_wire.text(victim.query("SELECT CONNECTION_ID()")[1][0], 0)[0].decode()
        victim.send(b"\3SELECT 'deaf' FROM t")
        hostile.wait_for(lambda: listed(other), what="it is listed")
        other.query(f"KILL QUERY {number}")
        assert not listed(other) and any(b"Killed" in row for row in other.query("SHOW PROCESSLIST")[1])
        with pytest.raises(my_wire.Failed) as error:
            victim.check(victim.packet())
        assert error.value.args[0] == 1317
        assert not any(b"Killed" in row for row in other.query("SHOW PROCESSLIST")[1])


@pytest.mark.parametrize("endless", [False, True])
def test_a_reset_that_does_not_end(proxies, endless):
    """It is not waited for beyond connectTimeout, by whoever comes next; then there is another connection."""
    class NeverReset(Handler):
        def answer(self, command, text):
            if command != 0x1F:
                super().answer(command, text)
            elif endless:
                self.columns(b"a")
                while True:
                    self.request.sendall(ENDLESS)
            else:
                self.receive()

    with Hostile() as server:
        server.server.RequestHandlerClass = NeverReset
        proxy = proxies(proxy_module.one_cluster("m", server.cluster(poolSize=1, connectTimeout="1s"), frontends={"mysqlWire": {"port": 0}}, workers=1))
        with my_wire.MyWire(proxy.mysql_port) as first:
            first.query("UPDATE t SET a = @x := 1")
        begun = time.monotonic()
        with wire.Wire(proxy.port) as client:
            client.send(wire.query("INSERT INTO t VALUES (1)"))
            told = wire.types(client.until("Z"))
            assert client.value("SELECT 1") == "SELECT 1"
        assert list(told) in (["E", "Z"], ["C", "Z"]) and time.monotonic() - begun < 5
