"""What the load benchmarks share: servers, a Turnout of the release build, CPU time and memory of a process."""
import os, pathlib, re, signal, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
BINARY = os.environ.get("TURNOUT_BINARY", str(ROOT / "build" / "release" / "turnout"))
TICK = os.sysconf("SC_CLK_TCK")


def cpu_us(pid):
    """User and system time of a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1_000_000 / TICK


def rss_mb(pid, what="VmRSS"):
    return int(re.search(what + r":\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def median(values):
    values = sorted(values)
    return values[len(values) // 2]


class Turnout:
    """A proxy of the release build over CONFIG (YAML below `clusters:` and so on), on free ports."""

    def __init__(self, config, settings=""):
        self.dir = tempfile.TemporaryDirectory(prefix="turnout-bench-")
        self.log = os.path.join(self.dir.name, "log")
        path = os.path.join(self.dir.name, "turnout.yaml")
        pathlib.Path(path).write_text(f"""turnout:
  frontends: {{ postgresWire: {{ port: 0, maxConnections: 20000 }} }}
  adminApi: {{ port: 0 }}
  persistence: {{ type: sqlite, path: {self.dir.name}/turnout.db }}
  log: {{ level: warn }}
{settings}{config}""")
        text = pathlib.Path(path).read_text().replace("  log: { level: warn }\n", "")
        pathlib.Path(path).write_text(text)
        started = time.monotonic()
        self.process = subprocess.Popen([BINARY, "serve", "--config", path], stderr=open(self.log, "w"), cwd=ROOT)
        while not (found := re.search(r"protocol=postgresWire .*port=(\d+)", pathlib.Path(self.log).read_text())):
            if self.process.poll() is not None or time.monotonic() - started > 20:
                raise RuntimeError(pathlib.Path(self.log).read_text())
            time.sleep(0.002)
        self.port = int(found[1])
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(40)
        self.dir.cleanup()
