"""Clients of the MySQL protocol that are not Python's, on every engine and on MariaDB: Connector/J, MariaDB Connector/J, mysql2 and
go-sql-driver/mysql (programs in clients/), and what a dump by the mariadb programs is worth. Their own suites: docs/mysql-clients.md."""

import os
import subprocess

import pytest

import engines
import proxy as proxy_module

from test_clients import build, suite

pymysql = pytest.importorskip("pymysql")
pytestmark = pytest.mark.timeout(400)

CLIENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients")
BUILD = os.path.join(proxy_module.ROOT, "build", "clients")
JARS = ("com.mysql:mysql-connector-j:9.5.0", "org.mariadb.jdbc:mariadb-java-client:3.5.6", "org.slf4j:slf4j-api:2.0.16")


class PlainMariaDb(engines.MariaDb):
    """As its clients know it: its own sql_mode, and a database of the name that they give."""

    def __init__(self, server):
        super().__init__(server)
        self.database = "test"
        server.sql("CREATE DATABASE IF NOT EXISTS test")

    def cluster(self, **more):
        return self.server.cluster(self.database, **more)


@pytest.fixture(scope="module", params=engines.WITH_MYSQL)
def engine(request, make_engine):
    made = PlainMariaDb(request.getfixturevalue("mariadb_server")) if request.param == "mysql" else make_engine(request.param)
    with proxy_module.Proxy(made.config(frontends={"mysqlWire": {"port": 0}})) as started:
        made.proxy = started
        yield made


@pytest.fixture(scope="session")
def java_suite(tool):
    javac, java, source = tool("javac"), tool("java"), os.path.join(CLIENTS, "mysql", "Suite.java")
    folder = os.path.join(BUILD, "mysql")
    os.makedirs(folder, exist_ok=True)
    jars = [os.path.join(folder, "-".join(name.split(":")[1:]) + ".jar") for name in JARS]
    for name, jar in zip(JARS, jars):
        if not os.path.exists(jar):
            build([tool("mvn"), "-q", "-B", "dependency:copy", f"-Dartifact={name}", f"-DoutputDirectory={folder}"], folder)
    path, classes = ":".join([*jars, folder]), os.path.join(folder, "Suite.class")
    if not os.path.exists(classes) or os.path.getmtime(classes) < os.path.getmtime(source):
        build([javac, "-cp", path, "-d", folder, source], folder)
    return [java, "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", path, "Suite"]


@pytest.mark.parametrize("driver", ["mysql", "mariadb"])
def test_jdbc(engine, java_suite, driver):
    suite([*java_suite, driver, str(engine.proxy.mysql_port), engine.name])


@pytest.fixture(scope="session")
def node_suite(tool):
    node, npm = tool("node"), tool("npm")
    folder = os.path.join(BUILD, "mysql2")
    os.makedirs(folder, exist_ok=True)
    if not os.path.exists(os.path.join(folder, "node_modules", "mysql2", "package.json")):
        build([npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", folder, "mysql2@3.23.4"], folder)
    return [node, os.path.join(CLIENTS, "mysql", "suite.js")], {"NODE_PATH": os.path.join(folder, "node_modules")}


def test_mysql2(engine, node_suite):
    command, env = node_suite
    suite([*command, str(engine.proxy.mysql_port), engine.name], env=env)


@pytest.fixture(scope="session")
def go_suite(tool):
    program, folder = os.path.join(BUILD, "gomysql-suite"), os.path.join(CLIENTS, "gomysql")
    sources = [os.path.join(folder, name) for name in ("main.go", "go.mod", "go.sum")]
    if not os.path.exists(program) or os.path.getmtime(program) < max(map(os.path.getmtime, sources)):
        os.makedirs(BUILD, exist_ok=True)
        build([tool("go"), "build", "-o", program, "."], folder)
    return program


def test_go(engine, go_suite):
    suite([go_suite, str(engine.proxy.mysql_port), engine.name])
