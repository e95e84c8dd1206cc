"""No StarRocks: a server written by hand that speaks MySQL's protocol and replays what StarRocks' documentation shows of it, for the parts
that differ from MySQL. It proves that Turnout asks and reads as documented, not that a StarRocks answers so.

    with StarRocksContract() as server:
        server.cluster()            # for clusters:

Replayed: SHOW PROC '/current_queries' (docs.starrocks.io, "View Running Queries", version 3.4: the names of columns and the forms of
values), the version that a front end announces, and a connection id in KILL QUERY. No prepared statements, no COM_RESET_CONNECTION."""

import socketserver
import struct
import threading
import time

PROC_COLUMNS = ["StartTime", "feIp", "QueryId", "ConnectionId", "Database", "User", "ScanBytes", "ScanRows", "MemoryUsage", "DiskSpillSize", "CPUTime",
                "ExecTime", "Warehouse", "CustomQueryId", "ResourceGroup"]
VERSION = b"5.1.0"  # what StarRocks tells MySQL's clients
CAPABILITIES = 0x0001 | 0x0002 | 0x0008 | 0x0200 | 0x2000 | 0x8000 | 0x80000  # no SSL, no DEPRECATE_EOF, no session tracking


def proc_row(connection):
    """The documentation's example, for this connection."""
    return ["2025-03-07 02:16:04", "172.26.92.227", "10db481c-fab7-11ef-8063-461f20abc3f0", str(connection), "tpcds_2", "root", "120.573 MB", "5859503 rows",
            "225.893 MB", "0.000 B", "47.878 s", "4.077 s", "default_warehouse", "", "rg1"]


def lenenc(data):
    return bytes([len(data)]) + data if len(data) < 251 else b"\xfc" + struct.pack("<H", len(data)) + data


class Handler(socketserver.BaseRequestHandler):
    def setup(self):
        self.sequence = 0
        with self.server.lock:
            self.server.connections += 1
            self.id = 12 + self.server.connections
        self.killed = threading.Event()
        self.server.running[self.id] = self.killed

    def finish(self):
        self.server.running.pop(self.id, None)

    def send(self, payload):
        self.request.sendall(struct.pack("<I", len(payload))[:3] + bytes([self.sequence]) + payload)
        self.sequence = (self.sequence + 1) % 256

    def receive(self):
        head = b""
        while len(head) < 4:
            more = self.request.recv(4 - len(head))
            if not more:
                return None
            head += more
        size, self.sequence = int.from_bytes(head[:3], "little"), (head[3] + 1) % 256
        body = b""
        while len(body) < size:
            body += self.request.recv(size - len(body))
        return body

    def ok(self):
        self.send(b"\x00\x00\x00\x02\x00\x00\x00")

    def eof(self):
        self.send(b"\xfe\x00\x00\x02\x00")

    def error(self, code, state, text):
        self.send(b"\xff" + struct.pack("<H", code) + b"#" + state + text)

    def rows(self, names, rows):
        self.send(bytes([len(names)]))
        for name in names:
            self.send(lenenc(b"def") + lenenc(b"") * 3 + lenenc(name.encode()) * 2 + b"\x0c" + struct.pack("<HIBHB", 33, 1024, 253, 0, 0) + b"\x00\x00")
        self.eof()
        for row in rows:
            self.send(b"".join(lenenc(value.encode()) for value in row))
        self.eof()

    def handle(self):
        self.send(b"\x0a" + VERSION + b"\x00" + struct.pack("<I", self.id) + b"12345678\x00" + struct.pack("<HBH", CAPABILITIES & 0xffff, 33, 2) +
                  struct.pack("<H", CAPABILITIES >> 16) + b"\x15" + b"\x00" * 10 + b"123456789012\x00" + b"mysql_native_password\x00")
        if self.receive() is None:
            return
        self.ok()
        while (command := self.receive()) is not None and command[:1] != b"\x01":
            self.answer(command[0], command[1:].decode())

    def answer(self, command, text):
        self.server.said.append((self.id, command, text))
        upper = text.upper()
        if command == 0x0e:  # ping
            self.ok()
        elif command != 0x03:
            self.error(1047, b"08S01", b"Unknown command")
        elif upper.startswith("SHOW PROC '/CURRENT_QUERIES'"):
            self.rows(PROC_COLUMNS, [proc_row(connection) for connection in list(self.server.busy)])
        elif upper.startswith("KILL QUERY "):
            self.server.running[int(text.split()[-1])].set()
            self.ok()
        elif upper.startswith("SELECT SLEEP"):
            self.server.busy.add(self.id)
            killed = self.killed.wait(2.5)
            self.server.busy.discard(self.id)
            self.killed.clear()
            if killed:
                self.error(1317, b"70100", b"Query execution was interrupted")
            else:
                self.rows(["sleep(2.5)"], [["1"]])
        elif upper.startswith("SELECT"):
            self.rows(["answer"], [[text]])
        else:
            self.ok()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class StarRocksContract:
    def __enter__(self):
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.lock, self.server.connections, self.server.running, self.server.busy, self.server.said = threading.Lock(), 0, {}, set(), []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def said(self):
        return self.server.said

    def cluster(self, **more):
        return {"engine": "starRocks", "endpoint": f"mysql://127.0.0.1:{self.server.server_address[1]}", "auth": {"type": "basic", "username": "root", "password": ""}, **more}

    def wait_until(self, condition, seconds=20):
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until
            time.sleep(0.05)
