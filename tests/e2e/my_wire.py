"""A small client of MySQL's protocol that asks for the capabilities it is told and shows the definitions of columns byte by byte."""

import socket
import struct

LONG_PASSWORD, FOUND_ROWS, SESSION_TRACK, DEPRECATE_EOF = 1, 2, 1 << 23, 1 << 24
BULK, EXTENDED_METADATA = 4, 8  # of MariaDB's upper half
ALWAYS = 0x0004 | 0x0200 | 0x2000 | 0x8000 | 0x20000 | 0x40000 | 0x80000  # LONG_FLAG, PROTOCOL_41 .. PLUGIN_AUTH
BINARY = 63
QUERY, FIELD_LIST, PREPARE, EXECUTE, RESET_CONNECTION = 0x03, 0x04, 0x16, 0x17, 0x1F


class Failed(Exception):
    """An ERR: args are its number and its message."""


def lenenc(data, at):
    first = data[at]
    size = {0xFC: 2, 0xFD: 3, 0xFE: 8}.get(first, 0)
    return (first, at + 1) if size == 0 else (int.from_bytes(data[at + 1:at + 1 + size], "little"), at + 1 + size)


def text(data, at):
    size, at = lenenc(data, at)
    assert at + size <= len(data), "a text beyond its packet"
    return data[at:at + size], at + size


class Column:
    """One definition: `data`, its bytes; `metadata`, MariaDB's pairs by kind (0 name, 1 format), None where there is none."""

    def __init__(self, data, extended):
        self.data, at, names = data, 0, []
        for _ in range(6):
            name, at = text(data, at)
            names.append(name.decode(errors="surrogateescape"))
        self.schema, self.table, self.name = names[1], names[2], names[4]
        self.metadata = None
        if extended:
            pairs, at = text(data, at)
            self.metadata, place = {}, 0
            while place < len(pairs):
                value, end = text(pairs, place + 1)
                self.metadata[pairs[place]] = value.decode()
                place = end
        assert data[at] == 12, "the rest of a definition has 12 bytes"
        self.collation, self.length, self.type, self.flags, self.decimals = struct.unpack_from("<HIBHB", data, at + 1)
        self.rest = data[at + 13:]


class MyWire:
    """Logged in as USER, who has no password."""

    def __init__(self, port=None, path=None, user="root", database="", capabilities=LONG_PASSWORD | DEPRECATE_EOF, upper=0, collation=45):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60) if path is None else socket.socket(socket.AF_UNIX)
        if path is not None:
            self.socket.connect(path)
        self.input = b""
        self.sequence = 0
        self.read_greeting(self.packet())
        self.capabilities = ALWAYS | capabilities | (8 if database else 0)
        self.extended = bool(upper & EXTENDED_METADATA) and not capabilities & LONG_PASSWORD
        body = struct.pack("<IIB19xI", self.capabilities, 1 << 24, collation, upper) + user.encode() + b"\0\0"
        self.send(body + (database.encode() + b"\0" if database else b"") + b"mysql_native_password\0", 1)
        while (answer := self.packet())[0] != 0:
            self.check(answer)
            self.send(b"", self.sequence + 1)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def read_greeting(self, data):
        self.check(data)
        end = data.index(b"\0", 1)
        self.version = data[1:end].decode()
        low, _, _, high = struct.unpack_from("<HBHH", data, end + 14)
        self.offered = low | high << 16
        assert data[end + 22:end + 28] == bytes(6), "reserved bytes"
        (self.upper,) = struct.unpack_from("<I", data, end + 28)

    def packet(self):
        while len(self.input) < 4 or len(self.input) < 4 + int.from_bytes(self.input[:3], "little"):
            more = self.socket.recv(1 << 16)
            assert more, "the server hung up"
            self.input += more
        size = int.from_bytes(self.input[:3], "little")
        self.sequence, data, self.input = self.input[3], self.input[4:4 + size], self.input[4 + size:]
        return data

    def send(self, body, sequence=0):
        self.socket.sendall(len(body).to_bytes(3, "little") + bytes([sequence]) + body)

    def command(self, number, body=b""):
        """The first packet of the answer."""
        self.send(bytes([number]) + (body if isinstance(body, bytes) else body.encode()))
        return self.check(self.packet())

    def check(self, data):
        if data[0] == 0xFF:
            raise Failed(*struct.unpack_from("<H", data, 1), data[9:].decode(errors="surrogateescape"))
        return data

    def columns(self, count):
        found = [Column(self.packet(), self.extended) for _ in range(count)]
        if count > 0 and not self.capabilities & DEPRECATE_EOF:
            assert self.packet()[0] == 0xFE
        return found

    def result(self, first):
        """(columns, rows), or (affected, info) of a statement without rows."""
        if first[0] == 0:
            affected, at = lenenc(first, 1)
            _, at = lenenc(first, at)
            return affected, text(first, at + 4)[0].decode() if len(first) > at + 4 else ""
        columns, rows = self.columns(lenenc(first, 0)[0]), []
        while (row := self.check(self.packet()))[0] != 0xFE:
            rows.append(row)
        return columns, rows

    def changes(self, ok):
        """What an OK tells of the session: pairs of kind and bytes."""
        _, at = lenenc(ok, 1)
        _, at = lenenc(ok, at)
        if not int.from_bytes(ok[at:at + 2], "little") & 0x4000:
            return []
        _, at = text(ok, at + 4)
        body, at, found = text(ok, at)[0], 0, []
        while at < len(body):
            kind, (value, at) = body[at], text(body, at + 1)
            found.append((kind, value))
        return found

    def query(self, sql):
        return self.result(self.command(QUERY, sql))

    def prepare(self, sql):
        """(number, parameters, columns)"""
        number, columns, params = struct.unpack_from("<IHH", self.command(PREPARE, sql), 1)
        return number, self.columns(params), self.columns(columns)

    def execute(self, number, cursor=False):
        """Without parameters."""
        return self.result(self.command(EXECUTE, struct.pack("<IBI", number, int(cursor), 1)))

    def fields(self, table):
        first, found = self.command(FIELD_LIST, table.encode() + b"\0"), []
        while first[0] != 0xFE:
            found.append(Column(first, self.extended))
            first = self.packet()
        return found
