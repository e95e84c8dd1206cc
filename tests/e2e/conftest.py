"""Fixtures of the end-to-end tests. Every test has a time-out; what this machine lacks is skipped with the reason."""

import os
import shutil
import subprocess

import pytest

import engines
import mysql_server as mysql_module
import proxy as proxy_module
import servers
import trino_server as trino_module
import wire

TIMEOUT = 300  # seconds per test, for a hang: machines may be slow and busy; @pytest.mark.timeout(n) for others


def pytest_configure(config):
    config.addinivalue_line("markers", "quick: part of the smoke subset, under a minute in all")
    config.addinivalue_line("markers", "slow: needs a release build, or a minute")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(TIMEOUT))
        item.add_marker(pytest.mark.xdist_group(group_of(item)))
    items.sort(key=lambda item: group_of(item) != "trino")  # the longest first: it must not be what the others wait for


def group_of(item):
    """What is run by one process, in this order (pytest -n 2 --dist loadgroup): a module, and all that need the one Trino."""
    name = item.path.stem
    return "trino" if "trino_server" in item.fixturenames or name.startswith("test_trino") else name


@pytest.fixture(scope="session")
def tool():
    """tool("psql"): its path; skips where it is not installed."""
    def find(name):
        path = shutil.which(name)
        if not path:
            pytest.skip(f"{name} is not installed")
        return path
    return find


@pytest.fixture(scope="session")
def postgres_server():
    """One PostgreSQL for all tests; make databases of your own on it."""
    try:
        server = servers.PostgresServer().start()
    except servers.Unavailable as reason:
        pytest.skip(str(reason))
    yield server
    server.stop()


def family(server_class):
    try:
        server = server_class().start()
    except servers.Unavailable as reason:
        pytest.skip(str(reason))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mariadb_server():
    """One MariaDB for all tests; make databases of your own on it."""
    yield from family(mysql_module.MariaDbServer)


@pytest.fixture(scope="session")
def mysql_server():
    """The same with MySQL 8."""
    yield from family(mysql_module.MySqlServer)


@pytest.fixture(scope="session")
def trino_server():
    """One Trino for all tests: about a quarter of a minute until it answers, so it is started by the first that needs it."""
    try:
        server = trino_module.TrinoServer().start()
    except servers.Unavailable as reason:
        pytest.skip(str(reason))
    yield server
    server.stop()


def have_duckdb():
    named = os.environ.get("TURNOUT_LIBDUCKDB")
    places = [named] if named else [os.path.join(proxy_module.ROOT, "build", "cache", "duckdb"),
                                    os.path.join(os.path.dirname(proxy_module.binary()), "libduckdb.so")]
    return any(os.path.exists(place) for place in places)


@pytest.fixture(scope="session")
def make_engine(request, tmp_path_factory):
    """make_engine("duckDb"): an engines.Engine with a fresh database, no proxy yet."""
    def make(name):
        if name == "postgres":
            return engines.Postgres(request.getfixturevalue("postgres_server"))
        if name == "mysql":
            return engines.MariaDb(request.getfixturevalue("mariadb_server"))
        if name == "sqlite":
            return engines.Sqlite(str(tmp_path_factory.mktemp("sqlite")))
        if not have_duckdb():
            pytest.skip("DuckDB's library is not here: tools/fetch_duckdb gets it")
        return engines.DuckDb(str(tmp_path_factory.mktemp("duckdb")))
    return make


def pytest_generate_tests(metafunc):
    """`engine`, where a module has none of its own, is each of the module's ENGINES."""
    if "engine" in metafunc.fixturenames and not hasattr(metafunc.module, "engine"):
        metafunc.parametrize("engine", getattr(metafunc.module, "ENGINES", engines.ENGINES), indirect=True, scope="module")


@pytest.fixture(scope="module")
def engine(request, make_engine):
    """Each engine in turn: a fresh database behind a proxy, both for the module. Tests take tables of their own."""
    made = make_engine(request.param)
    with proxy_module.Proxy(made.config()) as started:
        made.proxy = started
        yield made


@pytest.fixture(autouse=True)
def sound(request):
    """A test leaves the engine's proxy alive and without a sanitizer's report."""
    yield
    if "engine" in request.fixturenames:
        proxy = request.getfixturevalue("engine").proxy
        if proxy.process is not None:
            assert proxy.running(), proxy.tail()
            proxy.check_sanitizers()


@pytest.fixture
def proxies():
    """proxies(config): starts a proxy that ends, checked, with the test."""
    started = []

    def start(config, **more):
        one = proxy_module.Proxy(config, **more)
        started.append(one)
        return one.start()
    yield start
    problems = []
    for one in started:
        try:
            one.__exit__(None, None, None)
        except proxy_module.Failed as problem:
            problems.append(problem)
    if problems:
        raise problems[0]


@pytest.fixture
def connect(engine):
    """connect(**startup): a wire.Wire to the engine's proxy that is closed with the test."""
    opened = []

    def make(**more):
        one = wire.Wire(engine.proxy.port, **more)
        opened.append(one)
        return one
    yield make
    for one in opened:
        one.close()


@pytest.fixture
def client(connect):
    """A connection to the engine's proxy."""
    return connect()


@pytest.fixture
def table(engine, client):
    """A table (id integer primary key, name text) of three rows: 1 'one', 2 'two', 3 NULL."""
    name = engine.new_table()
    client.run(engine.sql("id table", t=name))
    client.run(f"INSERT INTO {name} VALUES (1, 'one'), (2, 'two'), (3, NULL)")
    return name


JARS = os.path.join(proxy_module.ROOT, "build", "clients", "trino")


@pytest.fixture(scope="session")
def jar():
    """jar("trino-jdbc", ...): the file, from Maven's repository at the first time; what could not be had is not asked for again."""
    missing = {}

    def get(*names):
        artifact = ":".join(("io.trino", *names))
        try:
            if artifact not in missing:
                return trino_module.fetch(artifact, JARS)
        except servers.Unavailable as reason:
            missing[artifact] = str(reason)
        pytest.skip(missing[artifact])
    return get


@pytest.fixture(scope="session")
def trino_suite(tool, jar):
    """trino_suite(PORT, ENGINE, [SCHEMA]): clients/trino/Suite.java, Trino's JDBC driver, as it ended."""
    def run(port, engine, *schema):
        java, javac, driver = tool("java"), tool("javac"), jar("trino-jdbc", "476", "jar")
        source, classes = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients", "trino", "Suite.java"), os.path.join(JARS, "Suite.class")
        if not os.path.exists(classes) or os.path.getmtime(classes) < os.path.getmtime(source):
            subprocess.run([javac, "-cp", driver, "-d", JARS, source], check=True, timeout=120)
        return subprocess.run([java, "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", f"{driver}:{JARS}", "Suite", str(port), engine, *schema],
                              capture_output=True, text=True, timeout=200, check=False)
    return run
