"""What the load benchmarks share: servers, a Turnout of the release build, CPU time and memory of a process, a raw client."""
import json, os, pathlib, re, resource, signal, socket, struct, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
BUILD = pathlib.Path(os.environ.get("TURNOUT_BUILD", str(ROOT / "build" / "release")))
BINARY = os.environ.get("TURNOUT_BINARY", str(BUILD / "turnout"))
TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class HAProxy:
    """FRONTEND: the lines of one that listens on {port}."""

    def __init__(self, frontend, threads=2):
        self.dir = tempfile.TemporaryDirectory(prefix="haproxy-")
        self.port = free_port()
        config = pathlib.Path(self.dir.name, "haproxy.cfg")
        config.write_text(f"global\n  nbthread {threads}\n  maxconn 9000\n  ssl-default-bind-options ssl-min-ver TLSv1.2\n"
                          "defaults\n  mode http\n  timeout client 60s\n  timeout connect 10s\n  timeout server 60s\n"
                          "frontend f\n" + frontend.replace("{port}", str(self.port)))
        self.process = subprocess.Popen(["haproxy", "-db", "-f", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.pid = self.process.pid
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(self.process.stderr.read().decode())
                time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.terminate()
        self.process.wait(20)
        self.dir.cleanup()


def wrk(url, seconds, connections, pid):
    """CPU of the server in us per request, requests per second, p50 and p99 in us."""
    before = cpu_exact_ms(pid)
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency", url], check=True, capture_output=True, text=True).stdout
    cpu = cpu_exact_ms(pid) - before
    requests = int(re.search(r"(\d+) requests in", out)[1])
    if "Non-2xx" in out or "Socket errors" in out:
        raise RuntimeError(out)
    p50, p99 = (float(re.search(rf"{p}%\s+([\d.]+)(us|ms|s)", out)[1]) * {"us": 1, "ms": 1e3, "s": 1e6}[re.search(rf"{p}%\s+([\d.]+)(us|ms|s)", out)[2]]
                for p in (50, 99))
    return cpu * 1000 / requests, requests / seconds, p50, p99


def certificate(folder):
    """Files of a certificate for localhost and of its key, P-256."""
    cert, key = f"{folder}/cert.pem", f"{folder}/key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout", key, "-out", cert,
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    pathlib.Path(folder, "both.pem").write_text(pathlib.Path(cert).read_text() + pathlib.Path(key).read_text())
    return cert, key


def cpu_us(pid):
    """User and system time of a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1_000_000 / TICK


def cpu_exact_ms(pid):
    """The same in milliseconds, not in ticks: of the threads that still run."""
    return sum(int(path.read_text().split()[0]) for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e6


def memory_mb(pid, what="VmRSS"):
    """VmRSS, or VmHWM for the most so far."""
    return int(re.search(what + r":\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def forget_peak(pid):
    """VmHWM begins again at VmRSS."""
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def median(values):
    values = sorted(values)
    return values[len(values) // 2]


def say(**result):
    print(json.dumps(result), flush=True)


def raise_files(wanted):
    """Room for WANTED open files here and in the servers that are started from here; how many there is room for."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < wanted:
        try:
            hard = wanted
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
        except (ValueError, PermissionError):
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


def micro(name):
    """The program of bench/micro/NAME.c, built now if it is not."""
    subprocess.run(["ninja", "-C", str(BUILD), f"bench_{name}"], check=True, capture_output=True)
    return str(BUILD / f"bench_{name}")


def tpch(scale):
    """The DuckDB file of TPC-H at SCALE, made once."""
    folder = ROOT / "build" / "cache" / f"tpch{scale}"
    subprocess.run([str(ROOT / "tools" / "make_demo"), "--no-sqlite", "--scale", str(scale), "--dir", str(folder)], check=True,
                   stdout=sys.stderr)
    return folder / "tpch.duckdb"


class Turnout:
    """A proxy of the release build over CONFIG (YAML below `clusters:` and so on), on PORT or a free one. PG, ADMIN: further
    options of these listeners."""

    def __init__(self, config, settings="", port=0, wait=True, history=None, pg="", admin="", http="trinoHttp: { enabled: false }"):
        self.dir = tempfile.TemporaryDirectory(prefix="turnout-bench-")
        self.log = pathlib.Path(self.dir.name, "log")
        path = pathlib.Path(self.dir.name, "turnout.yaml")
        path.write_text(f"""turnout:
  frontends: {{ postgresWire: {{ port: {port}, maxConnections: 20000{pg} }}, {http} }}
  adminApi: {{ port: 0{admin} }}
  persistence: {{ type: sqlite, path: {history or self.dir.name + "/turnout.db"} }}
{settings}{config}""")
        started = time.monotonic()
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([BINARY, "serve", "--config", str(path)], stderr=log, cwd=ROOT)
        self.port = port
        self.pid = self.process.pid
        while wait and not (found := re.search(r"protocol=postgresWire .*port=(\d+)", self.log.read_text())):
            if self.process.poll() is not None or time.monotonic() - started > 20:
                raise RuntimeError(self.log.read_text())
            time.sleep(0.002)
        if wait:
            self.port = int(found[1])

    def port_of(self, protocol):
        return int(re.search(rf"protocol={protocol} .*port=(\d+)", self.log.read_text())[1])

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(40)
        self.dir.cleanup()


def http_port(turnout, listener):
    """Of "adminApi", "restHttp" or "trinoHttp"."""
    until = time.monotonic() + 20
    while not (found := re.search(rf"protocol={listener} .*port=(\d+)", turnout.log.read_text())):
        if time.monotonic() > until:
            raise RuntimeError(turnout.log.read_text())
        time.sleep(0.01)
    return int(found[1])


def engine_config(engine, path):
    return f"""clusters:
  one: {{ engine: {engine}, databasePath: "{path}", readOnly: true }}
clusterGroups:
  all: {{ members: [one] }}
routingFallback: all
"""


def postgres_config(server):
    return f"""clusters:
  pg: {{ engine: postgres, endpoint: "{server.endpoint()}", sslMode: disable, auth: {{ type: basic, username: {server.user}, password: {server.password} }} }}
clusterGroups:
  all: {{ members: [pg] }}
routingFallback: all
"""


class Client:
    """As little of a PostgreSQL client as is needed to log in without a password and to ask."""

    def __init__(self, port, user="bench", receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(60)
        self.input = b""
        body = struct.pack("!I", 196608) + b"user\0" + user.encode() + b"\0database\0postgres\0\0"
        self.socket.sendall(struct.pack("!I", len(body) + 4) + body)
        self.until(b"Z")

    def send(self, sql):
        body = sql.encode() + b"\0"
        self.socket.sendall(b"Q" + struct.pack("!I", len(body) + 4) + body)

    def message(self):
        while len(self.input) < 5 or len(self.input) < 1 + struct.unpack("!I", self.input[1:5])[0]:
            data = self.socket.recv(1 << 18)
            if not data:
                raise ConnectionError("the server closed the connection")
            self.input += data
        end = 1 + struct.unpack("!I", self.input[1:5])[0]
        kind, body, self.input = self.input[:1], self.input[5:end], self.input[end:]
        if kind == b"E":
            raise RuntimeError(body.replace(b"\0", b" ").decode(errors="replace"))
        return kind, body

    def until(self, wanted):
        while True:
            kind, body = self.message()
            if kind == wanted:
                return body

    def ask(self, sql):
        self.send(sql)
        self.until(b"Z")

    def close(self):
        self.socket.close()
