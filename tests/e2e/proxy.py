"""A Turnout of the test's own: on free ports, in a folder of its own, watched for what the sanitizers say.

    with Proxy({"clusters": {...}, "clusterGroups": {...}, "routingFallback": "g"}) as proxy:
        psycopg.connect(proxy.dsn())
        proxy.admin("/admin/queries")

The configuration is a dictionary (ports default to 0 = any free one, persistence to inMemory, log level to debug) or the
text of a YAML file, taken as it stands. The binary is $TURNOUT_BINARY, else the newest below build/. The end of the
`with` block stops it with SIGTERM and fails when it exits with other than 0 or when a sanitizer reported anything.
"""

import copy
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

PATIENCE = 60  # seconds that anything may take that is waited for: how fast a machine is says nothing about us
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|WARNING: \w+Sanitizer|runtime error:|SUMMARY: \w+Sanitizer")


def binary():
    """What is tested."""
    given = os.environ.get("TURNOUT_BINARY")
    if given:
        return os.path.abspath(given)
    found = sorted(glob.glob(os.path.join(ROOT, "build", "*", "turnout")), key=os.path.getmtime)
    if not found:
        raise RuntimeError("no build/*/turnout: build it, or set TURNOUT_BINARY")
    return found[-1]


def merge(base, more):
    """MORE over BASE, section by section."""
    result = copy.deepcopy(base)
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merge(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


DEFAULTS = {
    "turnout": {
        "frontends": {"postgresWire": {"port": 0}, "trinoHttp": {"port": 0}},
        "adminApi": {"port": 0},
        "persistence": {"type": "inMemory"},
        "log": {"level": "debug"},
        "workers": 2,
        "shutdownTimeout": "2s",
    }
}


def one_cluster(name, cluster, **turnout):
    """A configuration of the one CLUSTER called NAME, in a group "all"; TURNOUT: more below turnout:."""
    return {
        "turnout": turnout,
        "clusters": {name: cluster},
        "clusterGroups": {"all": {"members": [name]}},
        "routingFallback": "all",
    }


class Failed(AssertionError):
    """The proxy did not start, did not end well, or a sanitizer found something. The log is in the text."""


class Proxy:
    def __init__(self, config, env=None):
        self.config = config
        self.env = env or {}
        self.dir = tempfile.mkdtemp(prefix="tn-proxy-")
        self.process = None
        self.port = self.admin_port = self.trino_port = self.mysql_port = None
        self.starts = 0

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self.stop()
            else:
                self.kill()
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)

    # files

    def path(self, *parts):
        """Of a file in the proxy's working directory."""
        return os.path.join(self.dir, *parts)

    def write_config(self, config):
        """What the next start() or reload() reads."""
        if not isinstance(config, str):
            config = json.dumps(merge(DEFAULTS, config), indent=1)  # JSON is YAML
        with open(self.path("turnout.yaml"), "w", encoding="utf-8") as file:
            file.write(config)

    def log(self):
        """Everything it has logged so far."""
        try:
            with open(self.path("log"), encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def log_contains(self, pattern, seconds=PATIENCE):
        """Waits until a line matches the regular expression PATTERN; the match, None = there is none."""
        end = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.log(), re.M)
            if found or time.monotonic() > end:
                return found
            time.sleep(0.02)

    # life

    def environment(self):
        env = dict(os.environ)
        env.setdefault("ASAN_OPTIONS", "detect_leaks=1:quarantine_size_mb=16:malloc_context_size=8")
        env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
        env.update(self.env)
        return env

    def start(self, seconds=PATIENCE):
        """Starts and waits until it listens."""
        self.write_config(self.config)
        seen = len(self.log())
        with open(self.path("log"), "ab") as log:
            self.process = subprocess.Popen([binary(), "serve", "--config", self.path("turnout.yaml")], cwd=self.dir,
                                            env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True)
        self.starts += 1
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            text = self.log()[seen:]
            if re.search(r"^\S+ info +ready|\"ready\"", text, re.M):
                self.port = self.read_port(text, "postgresWire")
                self.admin_port = self.read_port(text, "adminApi")
                self.trino_port = self.read_port(text, "trinoHttp")
                self.mysql_port = self.read_port(text, "mysqlWire")
                return self
            if self.process.poll() is not None:
                raise Failed(f"turnout ended with {self.process.returncode} instead of starting:\n{text}")
            time.sleep(0.01)
        self.kill()
        raise Failed(f"turnout is not ready after {seconds} s:\n{self.log()}")

    @staticmethod
    def read_port(text, protocol):
        found = re.search(rf"protocol\"?[=:]\"?{protocol}\b.*?port\"?[=:]\"?(\d+)", text)
        return int(found.group(1)) if found else None

    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, how=signal.SIGTERM, seconds=PATIENCE):
        """Ends it as an operator does and checks that it ended well."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"turnout did not stop within {seconds} s:\n{self.tail()}") from None
        self.process = None
        self.check_sanitizers()
        if code != 0:
            raise Failed(f"turnout exited with {code}:\n{self.tail()}")

    def kill(self):
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def restart(self):
        """On the same ports."""
        self.stop()
        self.start()

    def reload(self, config=None, seconds=PATIENCE):
        """Writes CONFIG if given (a dictionary is taken as it is for start()), SIGHUP; the log line it ends with."""
        if config is not None:
            if not isinstance(config, str):
                config = merge(config, {"turnout": {"frontends": {"postgresWire": {"port": self.config_port("postgresWire")}}}})
            self.write_config(config)
        seen = len(self.log())
        self.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = re.search(r"^.*(configuration|reload).*$", self.log()[seen:], re.M)
            if found:
                return found.group(0)
            time.sleep(0.02)
        raise Failed(f"nothing was logged about the reload:\n{self.tail()}")

    def config_port(self, frontend):
        if isinstance(self.config, str):
            return 0
        return merge(DEFAULTS, self.config)["turnout"]["frontends"][frontend]["port"]

    def check_sanitizers(self):
        text = self.log()
        found = SANITIZER.search(text)
        if found:
            raise Failed("a sanitizer reported:\n" + text[max(0, found.start() - 500):found.start() + 6000])

    def tail(self, size=4000):
        return self.log()[-size:]

    def memory(self, field="VmRSS"):
        """Bytes of FIELD in /proc/PID/status."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            found = re.search(rf"^{field}:\s+(\d+) kB", file.read(), re.M)
        return int(found.group(1)) * 1024

    def cpu_seconds(self):
        """What it has used since its start."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def is_quiet(self, seconds=0.3):
        """Hardly used for so long from now on."""
        used = self.cpu_seconds()
        time.sleep(seconds)
        return self.cpu_seconds() - used < seconds / 7

    # how to reach it

    def dsn(self, user="tester", database="test", **parameters):
        """For libpq and what is like it."""
        query = "&".join(f"{key}={value}" for key, value in {"sslmode": "disable", **parameters}.items())
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}?{query}"

    @property
    def admin_url(self):
        return f"http://127.0.0.1:{self.admin_port}"

    def admin(self, path, method="GET", headers=None):
        """(status, body); a JSON body as what it means."""
        request = urllib.request.Request(self.admin_url + path, method=method, headers=headers or {},
                                         data=b"" if method == "POST" else None)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                status, body, kind = answer.status, answer.read(), answer.headers.get("Content-Type", "")
        except urllib.error.HTTPError as answer:
            status, body, kind = answer.code, answer.read(), answer.headers.get("Content-Type", "")
        return status, json.loads(body) if "json" in kind else body.decode()

    def running_queries(self):
        """The queries that run or wait now, as the admin API tells them."""
        body = self.admin("/admin/queries?text=1")[1]
        return body["queries"]

    def wait_for(self, condition, seconds=PATIENCE, what="condition"):
        """Until CONDITION() is true; its value."""
        end = time.monotonic() + seconds
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > end:
                raise Failed(f"{what}: not within {seconds} s\n{self.tail()}")
            time.sleep(0.02)

    def cli(self, *arguments, check=True):
        """`turnout ARGUMENTS` in its folder; a CompletedProcess."""
        done = subprocess.run([binary(), *arguments], cwd=self.dir, env=self.environment(), capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
        if check and done.returncode != 0:
            raise Failed(f"turnout {' '.join(arguments)} exited with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done
