"""A small client of the PostgreSQL wire protocol that sends exactly what it is told and hides nothing of the answer."""

import select
import socket
import struct
import time

PROTOCOL_30 = 3 << 16
PROTOCOL_32 = 3 << 16 | 2
SSL_REQUEST = 80877103
GSSENC_REQUEST = 80877104
CANCEL_REQUEST = 80877102

OID = {"bool": 16, "bytea": 17, "int8": 20, "int2": 21, "int4": 23, "text": 25, "json": 114, "float4": 700, "float8": 701,
       "unknown": 705, "bpchar": 1042, "varchar": 1043, "date": 1082, "time": 1083, "timestamp": 1114, "timestamptz": 1184,
       "interval": 1186, "timetz": 1266, "numeric": 1700, "uuid": 2950, "jsonb": 3802}

ERROR_FIELDS = {"S": "severity", "V": "severity_en", "C": "sqlstate", "M": "message", "D": "detail", "H": "hint",
                "P": "position", "p": "internal_position", "q": "internal_query", "W": "where", "s": "schema", "t": "table",
                "c": "column", "d": "type", "n": "constraint", "F": "file", "L": "line", "R": "routine"}


class Closed(Exception):
    """The other side closed the connection."""


class ServerError(Exception):
    """An ErrorResponse where none was expected."""

    def __init__(self, fields):
        super().__init__(f"{fields.get('sqlstate')}: {fields.get('message')}")
        self.fields = fields
        self.sqlstate = fields.get("sqlstate")
        self.message = fields.get("message")


class Column:
    def __init__(self, name, table, attribute, oid, size, typmod, text_format):
        self.name, self.table, self.attribute = name, table, attribute
        self.oid, self.size, self.typmod, self.format = oid, size, typmod, text_format

    def __repr__(self):
        return f"Column({self.name!r}, oid={self.oid}, format={self.format})"


class Message:
    """One message of the server: `type` (a character), `body` (bytes), and what it says as attributes, decoded when asked."""

    def __init__(self, kind, body):
        self.type = kind
        self.body = body

    def __getattr__(self, name):
        decode = None if name.startswith("decode_") else getattr(self, "decode_" + SAME.get(self.type, self.type), None)
        if decode and "decoded" not in self.__dict__:
            self.decoded = True
            decode(self.body)
            return getattr(self, name)
        raise AttributeError(f"message {self.type} has no {name}")

    def __repr__(self):
        return f"<{self.type} {self.body!r}>" if len(self.body) < 200 else f"<{self.type} {len(self.body)} bytes>"

    def decode_T(self, body):
        (count,) = struct.unpack_from("!H", body)
        at, self.columns = 2, []
        for _ in range(count):
            end = body.index(b"\0", at)
            self.columns.append(Column(body[at:end].decode(), *struct.unpack_from("!IhIhih", body, end + 1)))
            at = end + 19
        assert at == len(body), "bytes after the last column"

    def decode_t(self, body):
        (count,) = struct.unpack_from("!H", body)
        self.oids = list(struct.unpack_from(f"!{count}I", body, 2))
        assert len(body) == 2 + 4 * count

    def decode_D(self, body):
        (count,) = struct.unpack_from("!H", body)
        at, self.values = 2, []
        for _ in range(count):
            (size,) = struct.unpack_from("!i", body, at)
            at += 4
            if size < 0:
                self.values.append(None)
            else:
                assert at + size <= len(body), "a value beyond the row"
                self.values.append(body[at:at + size])
                at += size
        assert at == len(body), "bytes after the last value"

    def decode_error(self, body):
        self.fields = {}
        for part in body.rstrip(b"\0").split(b"\0"):
            self.fields[ERROR_FIELDS[chr(part[0])]] = part[1:].decode()

    def decode_C(self, body):
        assert body.endswith(b"\0")
        self.tag = body[:-1].decode()

    def decode_Z(self, body):
        assert len(body) == 1
        self.status = body.decode()

    def decode_S(self, body):
        self.name, self.value = (part.decode() for part in body[:-1].split(b"\0"))

    def decode_R(self, body):
        (self.code,) = struct.unpack_from("!I", body)

    def decode_K(self, body):
        (self.pid,) = struct.unpack_from("!I", body)
        self.key = body[4:]

    def decode_v(self, body):
        self.newest_minor, count = struct.unpack_from("!II", body)
        self.options = [part.decode() for part in body[8:].split(b"\0")[:count]]


SAME = {"E": "error", "N": "error"}


def string(text):
    return (text if isinstance(text, bytes) else text.encode()) + b"\0"


def message(kind, body=b""):
    return kind.encode() + struct.pack("!I", len(body) + 4) + body


def startup_packet(parameters, protocol=PROTOCOL_30):
    body = struct.pack("!I", protocol) + b"".join(string(k) + string(v) for k, v in parameters.items()) + b"\0"
    return struct.pack("!I", len(body) + 4) + body


def query(sql):
    return message("Q", string(sql))


def parse(sql, name="", oids=()):
    return message("P", string(name) + string(sql) + struct.pack(f"!H{len(oids)}I", len(oids), *oids))


def bind(values=(), statement="", portal="", formats=(), results=()):
    """VALUES: bytes, str (as text) or None. FORMATS, RESULTS: none, one for all, or one each; 0 text, 1 binary."""
    body = string(portal) + string(statement) + struct.pack(f"!H{len(formats)}H", len(formats), *formats)
    body += struct.pack("!H", len(values))
    for value in values:
        if value is None:
            body += struct.pack("!i", -1)
        else:
            value = value.encode() if isinstance(value, str) else value
            body += struct.pack("!I", len(value)) + value
    return message("B", body + struct.pack(f"!H{len(results)}H", len(results), *results))


def describe(kind, name=""):
    return message("D", kind.encode() + string(name))


def execute(portal="", limit=0):
    return message("E", string(portal) + struct.pack("!i", limit))


def close(kind, name=""):
    return message("C", kind.encode() + string(name))


SYNC = message("S")
FLUSH = message("H")
TERMINATE = message("X")


class Wire:
    """One connection. With LOGIN (the default) it is ready for queries; `parameters` has what the server reported."""

    def __init__(self, port, user="tester", database="test", protocol=PROTOCOL_30, login=True, timeout=100, **startup):
        self.port = port
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = bytearray()
        self.parameters = {}
        self.pid = self.key = self.negotiated = None
        if login:
            self.send(startup_packet({"user": user, "database": database, **startup}, protocol))
            self.login = self.finish_login()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        """Without a good-bye."""
        self.socket.close()

    def reset(self):
        """As a client that dies: RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def finish(self):
        """Terminate, then until the other side closes."""
        self.send(TERMINATE)
        assert self.at_end()
        self.close()

    def send(self, *messages):
        self.socket.sendall(b"".join(messages))

    def need(self, size):
        while len(self.input) < size:
            some = self.socket.recv(1 << 18)
            if not some:
                raise Closed(bytes(self.input))
            self.input += some

    def read_bytes(self, size):
        self.need(size)
        result = bytes(self.input[:size])
        del self.input[:size]
        return result

    def read(self):
        """The next message."""
        kind, size = struct.unpack("!cI", self.read_bytes(5))
        return Message(kind.decode("latin-1"), self.read_bytes(size - 4))

    def until(self, kind="Z"):
        """Messages up to and with the next of KIND."""
        result = []
        while not result or result[-1].type != kind:
            result.append(self.read())
            if result[-1].type == "S" and kind != "S":
                self.parameters[result[-1].name] = result[-1].value
        return result

    def quiet(self, seconds=0.3):
        """True when nothing comes for so long."""
        self.socket.settimeout(seconds)
        try:
            self.need(1)
            return False
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(100)

    def ready(self):
        """True when something of the server's is there to be read."""
        return bool(self.input) or bool(select.select([self.socket], [], [], 0)[0])

    def at_end(self, seconds=60):
        """True when the other side closes (whatever it still says); False when it does not within SECONDS."""
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(65536):
                pass
            return True
        except TimeoutError:
            return False
        except ConnectionError:
            return True

    def finish_login(self):
        messages = []
        while True:
            messages.append(self.read())
            got = messages[-1]
            if got.type == "S":
                self.parameters[got.name] = got.value
            elif got.type == "K":
                self.pid, self.key = got.pid, got.key
            elif got.type == "v":
                self.negotiated = got
            elif got.type == "E":
                raise ServerError(got.fields)
            elif got.type == "Z":
                return messages

    # answers in short

    def query(self, sql):
        """The simple protocol; all messages."""
        self.send(query(sql))
        return self.until("Z")

    def ask(self, *messages):
        """MESSAGES and Sync; all messages of the answer."""
        self.send(*messages, SYNC)
        return self.until("Z")

    def rows(self, sql):
        """Rows of text of a simple query that must succeed."""
        messages = self.query(sql)
        check(messages)
        return [[None if v is None else v.decode() for v in m.values] for m in messages if m.type == "D"]

    def value(self, sql):
        """The one value."""
        ((value,),) = self.rows(sql)
        return value

    def run(self, sql):
        """The tags of a simple query that must succeed."""
        messages = self.query(sql)
        check(messages)
        return [m.tag for m in messages if m.type == "C"]

    def fails(self, sql):
        """The error of a simple query that must fail."""
        return error(self.query(sql))

    def extended(self, sql, values=(), oids=(), formats=(), results=(), limit=0):
        """P B D E S; all messages."""
        return self.ask(parse(sql, oids=oids), bind(values, formats=formats, results=results), describe("P"), execute(limit=limit))

    def cancel(self, pid=None, key=None, wait=True):
        """A CancelRequest for this connection on one of its own."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as other:
            key = self.key if key is None else key
            body = struct.pack("!II", CANCEL_REQUEST, self.pid if pid is None else pid) + key
            other.sendall(struct.pack("!I", len(body) + 4) + body)
            if wait:
                assert other.recv(1) == b""  # it closes without an answer


def types(messages):
    """'TDDCZ': the shape of an answer, without notices and parameter changes."""
    return "".join(m.type for m in messages if m.type not in "NS")


def check(messages):
    """Raises the first ErrorResponse."""
    for got in messages:
        if got.type == "E":
            raise ServerError(got.fields)
    return messages


def error(messages):
    """The fields of the one ErrorResponse that must be there, as an object with .sqlstate and .message."""
    found = [ServerError(m.fields) for m in messages if m.type == "E"]
    assert len(found) == 1, f"one error expected: {messages}"
    return found[0]


def values(messages):
    """Rows as lists of bytes."""
    return [m.values for m in messages if m.type == "D"]


def texts(messages):
    """Rows as lists of text."""
    return [[None if v is None else v.decode() for v in row] for row in values(messages)]


def tags(messages):
    return [m.tag for m in messages if m.type == "C"]


def columns(messages):
    """Of the first RowDescription."""
    return next(m.columns for m in messages if m.type == "T")


def status(messages):
    """The byte of the last ReadyForQuery."""
    return [m.status for m in messages if m.type == "Z"][-1]


def notices(messages):
    return [m.fields for m in messages if m.type == "N"]


def elapsed(function, *arguments):
    """(seconds, result)."""
    begin = time.monotonic()
    result = function(*arguments)
    return time.monotonic() - begin, result
