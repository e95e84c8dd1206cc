"""Private servers for the end-to-end tests and benchmarks: PostgreSQL 15 and PgBouncer from the distribution's packages.

    with PostgresServer() as server:
        server.sql("CREATE TABLE t (a int)")
        print(server.endpoint(), server.dsn())

Each has a folder of its own below the temporary folder, listens on a free port of 127.0.0.1 only, and ends with its
process: `stop()` (or the end of the `with` block) signals exactly the process that `start()` began.
"""

import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

POSTGRES_BIN = "/usr/lib/postgresql/15/bin"
PGBOUNCER = "/usr/sbin/pgbouncer"


# Of clusters on a machine that is busy: what is down refuses at once.
PATIENT = {"connectTimeout": "60s", "healthCheck": {"timeout": "60s"}}


class Unavailable(Exception):
    """The package is not installed: skip with this reason."""


def local_ports():
    """The first and the last port that the system gives to connections and to servers that ask for any."""
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
            low, high = map(int, file.read().split())
        return low, high
    except OSError:
        return 32768, 60999


def free_port():
    """A port of 127.0.0.1 that nothing listens on now, and that nobody is given who asks for any: while its server is down it stays free."""
    low, high = local_ports()
    others = [port for port in range(10000, 65536) if not low <= port <= high]
    for port in random.SystemRandom().sample(others, min(200, len(others))) + [0]:
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return s.getsockname()[1]
    raise RuntimeError("no port is free")


def unprivileged(command):
    """COMMAND as user postgres when we are root (the servers refuse root), and ended with us if we die."""
    if os.geteuid() != 0:
        return list(command)
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig", "INT", *command]


def own(*paths):
    """Gives PATHS to the user that the servers run as."""
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        for path in paths:
            os.chown(path, user.pw_uid, user.pw_gid)


class Server:
    """What the two have in common: a folder, a port, a process."""

    name = "server"

    def __init__(self):
        self.port = free_port()
        self.dir = None
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()

    def make_dir(self):
        self.dir = tempfile.mkdtemp(prefix=f"tn-{self.name}-")
        os.chmod(self.dir, 0o755)
        own(self.dir)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, text, mode=0o600):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)
        own(self.path(name))

    def log(self):
        """What the server has written so far."""
        try:
            with open(self.path("server.log"), encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def spawn(self, command):
        with open(self.path("server.log"), "ab") as log:
            own(self.path("server.log"))
            self.process = subprocess.Popen(unprivileged(command), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            cwd=self.dir, start_new_session=True)

    def wait_until(self, ready, seconds=120):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}:\n{self.log()}")
            if ready():
                return
            time.sleep(0.05)
        raise RuntimeError(f"{self.name} is not ready after {seconds} s:\n{self.log()}")

    def listens(self):
        with socket.socket() as s:
            s.settimeout(1)
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def pid(self):
        return self.process.pid

    def end_process(self, how):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def stop(self):
        """Ends the process and removes the folder."""
        self.end_process(signal.SIGINT)
        if self.dir:
            shutil.rmtree(self.dir, ignore_errors=True)


class PostgresServer(Server):
    """TLS on (self-signed for localhost), SCRAM over TCP, trust over the socket in its folder."""

    name = "postgres"

    def __init__(self, user="tester", password="s3cret-word", settings=None):
        super().__init__()
        self.user = user
        self.password = password
        self.settings = settings or {}

    @staticmethod
    def require():
        if not os.access(f"{POSTGRES_BIN}/initdb", os.X_OK):
            raise Unavailable("PostgreSQL 15 is not installed (package postgresql-15)")

    def start(self):
        self.require()
        self.make_dir()
        try:
            self.init()
            self.up()
        except BaseException:
            self.stop()
            raise
        return self

    def run(self, *command):
        done = subprocess.run(unprivileged(command), cwd=self.dir, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")

    def init(self):
        self.write("pw", self.password + "\n")
        self.run(f"{POSTGRES_BIN}/initdb", "-D", self.path("data"), "-U", self.user, f"--pwfile={self.path('pw')}",
                 "--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "-N")
        self.run("openssl", "req", "-new", "-x509", "-days", "3650", "-nodes", "-subj", "/CN=localhost",
                 "-out", self.path("server.crt"), "-keyout", self.path("server.key"))
        os.chmod(self.path("server.key"), 0o600)
        settings = {
            "listen_addresses": "127.0.0.1", "unix_socket_directories": self.dir, "ssl": "on",
            "ssl_cert_file": self.path("server.crt"), "ssl_key_file": self.path("server.key"),
            "max_connections": "300", "max_prepared_transactions": "20", "fsync": "off", "synchronous_commit": "off",
            "full_page_writes": "off", "timezone": "UTC", **self.settings,
        }
        with open(self.path("data", "postgresql.conf"), "a", encoding="utf-8") as file:
            file.writelines(f"{key} = '{value}'\n" for key, value in settings.items())

    def up(self):
        """Starts (again) on the same folder and port."""
        self.spawn([f"{POSTGRES_BIN}/postgres", "-D", self.path("data"), "-p", str(self.port)])
        self.wait_until(self.answers)

    def down(self, how=signal.SIGINT):
        """SIGINT: fast shutdown; SIGQUIT: as if it had crashed. The folder stays, for up()."""
        self.end_process(how)

    def stop(self):
        """At once: nobody reads the folder again."""
        self.end_process(signal.SIGQUIT)
        super().stop()

    def answers(self):
        return subprocess.run([f"{POSTGRES_BIN}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)],
                              check=False).returncode == 0

    def endpoint(self, database="postgres"):
        """For a cluster's `endpoint`: without credentials."""
        return f"postgresql://127.0.0.1:{self.port}/{database}"

    def dsn(self, database="postgres"):
        """For a client."""
        return f"postgresql://{self.user}:{self.password}@127.0.0.1:{self.port}/{database}"

    def cluster(self, database="postgres", **more):
        """A cluster of Turnout's configuration, as a dictionary."""
        return {"engine": "postgres", "endpoint": self.endpoint(database), **PATIENT,
                "auth": {"type": "basic", "username": self.user, "password": self.password}, **more}

    def psql(self, *arguments, database="postgres", text=None):
        """psql over TCP with ARGUMENTS, TEXT on its input; its CompletedProcess."""
        return subprocess.run([f"{POSTGRES_BIN}/psql", "-X", "-v", "ON_ERROR_STOP=1", *arguments, self.dsn(database)],
                              input=text, capture_output=True, text=True, check=False)

    def sql(self, text, database="postgres"):
        """Runs TEXT; the rows as lists of text, without a client library."""
        done = self.psql("-A", "-t", "-F", "\t", "-f", "-", database=database, text=text)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def create_database(self, name):
        self.sql(f'CREATE DATABASE "{name}"')
        return name


class PgBouncer(Server):
    """A pooler in front of SERVER, the baseline of the benchmarks."""

    name = "pgbouncer"

    def __init__(self, server, pool_mode="transaction", pool_size=20, settings=None):
        super().__init__()
        self.server = server
        self.pool_mode = pool_mode
        self.pool_size = pool_size
        self.settings = settings or {}

    @staticmethod
    def require():
        if not os.access(PGBOUNCER, os.X_OK):
            raise Unavailable("PgBouncer is not installed (package pgbouncer)")

    def start(self):
        self.require()
        self.make_dir()
        try:
            self.init()
            self.up()
        except BaseException:
            self.stop()
            raise
        return self

    def init(self):
        # the password in plain text: it must log in to the server, too
        self.write("users.txt", f'"{self.server.user}" "{self.server.password}"\n')
        settings = {
            "listen_addr": "127.0.0.1", "listen_port": self.port, "unix_socket_dir": self.dir, "auth_type": "scram-sha-256",
            "auth_file": self.path("users.txt"), "pool_mode": self.pool_mode, "default_pool_size": self.pool_size,
            "max_client_conn": 10000, "server_tls_sslmode": "disable", "logfile": self.path("pgbouncer.log"),
            "pidfile": self.path("pgbouncer.pid"), "ignore_startup_parameters": "extra_float_digits,options",
            "admin_users": self.server.user, "log_connections": 0, "log_disconnections": 0, **self.settings,
        }
        lines = [f"* = host=127.0.0.1 port={self.server.port}"]
        self.write("pgbouncer.ini", "[databases]\n" + "\n".join(lines) + "\n[pgbouncer]\n" +
                   "".join(f"{key} = {value}\n" for key, value in settings.items()))

    def up(self):
        self.spawn([PGBOUNCER, self.path("pgbouncer.ini")])
        self.wait_until(self.listens)

    def dsn(self, database="postgres"):
        return f"postgresql://{self.server.user}:{self.server.password}@127.0.0.1:{self.port}/{database}?sslmode=disable"
