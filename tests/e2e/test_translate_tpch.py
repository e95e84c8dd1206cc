"""The 22 queries of TPC-H in PostgreSQL's, Trino's and MySQL's words, each by a client of that protocol, over every engine that has the
data (scale 0.01; Trino's tpch connector makes it itself): the rows of PostgreSQL, in its order.

What types make of numbers is not compared: DECIMAL, DOUBLE and integers are numbers, equal to a millionth."""
import ast
import contextlib
import csv
import datetime
import decimal
import math
import os
import sqlite3
import sys

import psycopg
import pymysql
import pytest
import trino

import proxy as proxy_module
import tpch_dialects

pytest.importorskip("sqlglot")

duckdb = pytest.importorskip("duckdb")

WHOLE = os.environ.get("TURNOUT_CORPUS") == "all"  # else each query on each engine in one of the dialects that are not its own, in turn
CACHE = os.path.join(proxy_module.ROOT, "build", "cache", "tpch-tiny")
TABLES = ("region", "nation", "supplier", "part", "partsupp", "customer", "orders", "lineitem")
ENGINES = ("duckdb", "sqlite", "postgres", "mariadb", "trino")
DIALECTS = ("postgres", "trino", "mysql")
OWN = {"postgres": "postgres", "mariadb": "mysql", "trino": "trino"}


def written(table, path, server):
    """TABLE of Trino's own as CSV."""
    with contextlib.closing(trino.dbapi.connect(host="127.0.0.1", port=server.port, user="me", catalog="tpchstd", schema="tiny")) as conn, \
            open(path + ".new", "w", newline="", encoding="utf-8") as file:
        cursor = conn.cursor()
        cursor.execute(f"SELECT * FROM {table}")
        csv.writer(file).writerows(cursor.fetchall())
    os.rename(path + ".new", path)


@pytest.fixture(scope="module")
def data(trino_server):
    """The statements that make the tables; their rows lie in CACHE, made once."""
    with open(os.path.join(proxy_module.ROOT, "tools", "make_demo.py"), encoding="utf-8") as file:
        tables = next(ast.literal_eval(node.value) for node in ast.parse(file.read()).body if isinstance(node, ast.Assign) and node.targets[0].id == "TABLES")
    os.makedirs(CACHE, exist_ok=True)
    for table in TABLES:
        if not os.path.exists(os.path.join(CACHE, f"{table}.csv")):
            written(table, os.path.join(CACHE, f"{table}.csv"), trino_server)
    return [f"CREATE TABLE {table} ({columns}, PRIMARY KEY ({key}))" for table, (columns, key, _) in tables.items()] + [
        f"CREATE INDEX {table}_{i} ON {table} ({columns})" for table, (_, _, indexes) in tables.items() for i, columns in enumerate(indexes)]


def rows_of(table):
    with open(os.path.join(CACHE, f"{table}.csv"), newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


@pytest.fixture(scope="module")
def files(data, tmp_path_factory):
    """A database of SQLite and one of DuckDB."""
    folder = tmp_path_factory.mktemp("tpch")
    with contextlib.closing(sqlite3.connect(folder / "tpch.sqlite")) as lite, duckdb.connect(str(folder / "tpch.duckdb")) as duck:
        for statement in data:
            lite.execute(statement)
            duck.execute(statement)
        for table in TABLES:
            rows = rows_of(table)
            lite.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
            duck.execute(f"COPY {table} FROM '{os.path.join(CACHE, table + '.csv')}' (FORMAT csv)")
        lite.commit()
        lite.execute("ANALYZE")
    return folder


@pytest.fixture(scope="module")
def postgres_database(data, postgres_server):
    name = postgres_server.create_database("tpch_small")
    with psycopg.connect(postgres_server.dsn(name), autocommit=True) as conn:
        for statement in data:
            conn.execute(statement)
        for table in TABLES:
            with open(os.path.join(CACHE, f"{table}.csv"), "rb") as file, conn.cursor().copy(f"COPY {table} FROM STDIN CSV") as copy:
                copy.write(file.read())
        conn.execute("ANALYZE")
    return name


@pytest.fixture(scope="module")
def mariadb_database(data, mariadb_server):
    name = mariadb_server.create_database("tpch_small")
    with mariadb_server.connect(name, local_infile=True) as conn, conn.cursor() as cursor:
        for statement in data:
            cursor.execute(statement)
        for table in TABLES:
            cursor.execute(f"LOAD DATA LOCAL INFILE '{os.path.join(CACHE, table + '.csv')}' INTO TABLE {table} "
                           "FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' LINES TERMINATED BY '\\r\\n'")
            cursor.execute(f"ANALYZE TABLE {table}")
    return name


@pytest.fixture(scope="module")
def proxy(make_engine, files, postgres_server, postgres_database, mariadb_server, mariadb_database, trino_server):
    make_engine("duckDb")
    clusters = {"duckdb": {"engine": "duckDb", "databasePath": str(files / "tpch.duckdb"), "readOnly": True, "threads": 1},
                "sqlite": {"engine": "sqlite", "databasePath": str(files / "tpch.sqlite"), "readOnly": True},
                "postgres": postgres_server.cluster(postgres_database), "mariadb": mariadb_server.cluster(mariadb_database),
                "trino": trino_server.cluster(catalog="tpchstd", schema="tiny")}
    with proxy_module.Proxy({
        "turnout": {"translation": {"python": sys.executable, "timeoutMs": 20000}, "frontends": {"mysqlWire": {"port": 0}}},
        "clusters": clusters, "clusterGroups": {name: {"members": [name]} for name in clusters}, "routingFallback": "postgres",
    }) as started:
        yield started
        started.check_sanitizers()


@pytest.fixture(scope="module")
def clients(proxy):
    """ask(dialect, engine, sql) -> rows, by a client of the dialect's protocol."""
    opened = {}

    def ask(dialect, engine, sql):
        if (dialect, engine) not in opened:
            if dialect == "postgres":
                conn = psycopg.connect(proxy.dsn(), autocommit=True)
                conn.execute(f"SET turnout.group = '{engine}'")
            elif dialect == "mysql":
                conn = pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, user="me", autocommit=True)
                conn.cursor().execute(f"SET @turnout_group = '{engine}'")
            else:
                conn = trino.dbapi.connect(host="127.0.0.1", port=proxy.trino_port, user="me", session_properties={"turnout.group": engine})
            opened[dialect, engine] = conn
        with opened[dialect, engine].cursor() as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]
    yield ask
    for conn in opened.values():
        conn.close()


@pytest.fixture(scope="module")
def expected(postgres_server, postgres_database):
    with psycopg.connect(postgres_server.dsn(postgres_database)) as conn:
        return {number: conn.execute(sql).fetchall() for number, sql in tpch_dialects.queries("postgres").items()}


def same(got, want, cents=1e-6):
    if got is None or want is None:
        return got is want
    if isinstance(want, (int, float, decimal.Decimal)):
        return math.isclose(float(got), float(want), rel_tol=1e-6, abs_tol=cents)
    if isinstance(want, datetime.date):
        return str(got)[:10] == want.isoformat()
    return got == want


def turns(where, number):
    """The dialects in which the query is asked of that engine."""
    if WHOLE:
        return DIALECTS
    foreign = [dialect for dialect in DIALECTS if dialect != OWN.get(where)]
    return [foreign[number % len(foreign)]]


@pytest.mark.parametrize("where", ENGINES)
def test_tpch(clients, expected, where):
    wrong, texts = [], {dialect: tpch_dialects.queries(dialect) for dialect in DIALECTS}
    for number, want in expected.items():
        for dialect in turns(where, number):
            cents = 0.006 if dialect == "trino" else 1e-6  # its averages and quotients of decimals have no more digits than those
            try:
                got = clients(dialect, where, texts[dialect][number])
            except Exception as error:  # a client's own: all of them are told
                wrong.append(f"{dialect} {number}: {error}")
                continue
            if len(got) != len(want) or not all(len(a) == len(b) and all(same(x, y, cents) for x, y in zip(a, b)) for a, b in zip(got, want)):
                wrong.append(f"{dialect} {number}: {got[:3]}... instead of {want[:3]}...")
    assert not wrong, "\n".join(wrong)
    assert sum(map(len, expected.values())) > 100
