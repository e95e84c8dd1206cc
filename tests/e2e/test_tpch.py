"""The 22 queries of TPC-H at scale 0.1 give the same rows, types and order included, through Turnout as from each engine's
own API: DuckDB's Python package, the sqlite3 module, psycopg on PostgreSQL.

DuckDB and PostgreSQL run all 22 as DuckDB's tpch extension has them. SQLite has no DATE literal, no CAST AS date that keeps
a date (it makes 1994 of '1994-01-01'), no extract() and no substring FROM: such places are respelled, and then it runs all
but those in SQLITE_CANNOT."""

import contextlib
import datetime
import decimal
import fcntl
import glob
import os
import re
import sqlite3
import subprocess

import psycopg
import pytest

import ops
import proxy as proxy_module

duckdb = pytest.importorskip("duckdb")

CACHE = os.path.join(proxy_module.ROOT, "build", "cache", "tpch")
TABLES = ("region", "nation", "supplier", "part", "partsupp", "customer", "orders", "lineitem")
NUMBERS = range(1, 23)
SQLITE_CANNOT = {
    13: "a list of column names behind a subquery's alias is not in SQLite's grammar",
}
RESPELLINGS = [
    (r"(?i)CAST\(('[0-9-]+') AS date\)", r"\1"),
    (r"(?i)\bdate ('[0-9-]+')", r"\1"),
    (r"(?i)extract\(year FROM (\w+)\)", r"CAST(strftime('%Y', \1) AS integer)"),
    (r"(?i)substring\((\w+) FROM (\d+) FOR (\d+)\)", r"substr(\1, \2, \3)"),
]

# PostgreSQL's OID of what DuckDB calls a column
DUCKDB_OID = {"INTEGER": 23, "BIGINT": 20, "HUGEINT": 1700, "DOUBLE": 701, "VARCHAR": 25, "DATE": 1082}


def own_duckdb(**more):
    return duckdb.connect(os.path.join(CACHE, "tpch.duckdb"), read_only=True, config={"threads": "1", **more})


@pytest.fixture(scope="session")
def data():
    """The folder with the three forms of the data, made once."""
    os.makedirs(CACHE, exist_ok=True)
    wanted = [os.path.join(CACHE, name) for name in ("tpch.duckdb", "tpch.sqlite", "csv/schema.sql", "csv/lineitem.csv")]
    with open(os.path.join(CACHE, ".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not all(os.path.exists(path) for path in wanted):
            done = subprocess.run([os.path.join(proxy_module.ROOT, "tools", "make_demo"), "--dir", CACHE, "--scale", "0.1", "--csv",
                                   os.path.join(CACHE, "csv")], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                pytest.skip(f"no demo data: {done.stderr.strip()[-300:]}")
    return CACHE


@pytest.fixture(scope="session")
def queries(data):  # pylint: disable=unused-argument
    """Number -> text, as the extension has them."""
    found = glob.glob(os.path.join(proxy_module.ROOT, "build", "cache", "duckdb", "extensions", "v" + duckdb.__version__,
                                   "**", "tpch.duckdb_extension"), recursive=True)
    if not found:
        pytest.skip(f"no tpch extension for DuckDB {duckdb.__version__}: `tools/fetch_duckdb tpch` gets it")
    with duckdb.connect(config={"allow_unsigned_extensions": "true"}) as db:
        db.execute(f"LOAD '{found[0]}'")
        texts = dict(db.execute("SELECT query_nr, query FROM tpch_queries()").fetchall())
    assert sorted(texts) == list(NUMBERS)
    return texts


def compare(got, expected):
    """Row by row, value by value, Python types included: 1 is not 1.0 and not Decimal(1)."""
    assert len(got) == len(expected)
    for number, (row, own) in enumerate(zip(got, expected)):
        assert [(type(value), value) for value in row] == [(type(value), value) for value in own], f"row {number}"
    assert len(got) > 0, "nothing was compared"


# ---- DuckDB ----

@pytest.fixture(scope="module")
def through_duckdb(data):
    config = proxy_module.one_cluster("duckdb-1", {"engine": "duckDb", "databasePath": os.path.join(data, "tpch.duckdb"), "readOnly": True,
                                                   "threads": 1})
    with proxy_module.Proxy(config) as started, ops.connect(started) as connection:
        yield connection


@pytest.fixture(scope="module")
def direct_duckdb(data):  # pylint: disable=unused-argument
    with own_duckdb() as connection:
        yield connection




@pytest.mark.parametrize("number", NUMBERS)
def test_duckdb(queries, direct_duckdb, through_duckdb, number):
    own = direct_duckdb.execute(queries[number])
    names = [column[0] for column in own.description]
    types = [str(column[1]) for column in own.description]
    rows = own.fetchall()
    expected = [tuple(decimal.Decimal(value) if kind == "HUGEINT" and value is not None else value
                      for kind, value in zip(types, row)) for row in rows]
    for binary in (False, True):
        with through_duckdb.cursor(binary=binary) as cursor:
            cursor.execute(queries[number])
            compare(cursor.fetchall(), expected)
            assert [column.name for column in cursor.description] == names
            for column, kind in zip(cursor.description, types):
                if kind.startswith("DECIMAL"):
                    precision, scale = map(int, re.findall(r"\d+", kind))
                    assert (column.type_code, column.precision, column.scale) == (1700, precision, scale), column.name
                else:
                    assert column.type_code == DUCKDB_OID[kind], column.name


# ---- SQLite ----

@pytest.fixture(scope="module")
def through_sqlite(data):
    config = proxy_module.one_cluster("sqlite-1", {"engine": "sqlite", "databasePath": os.path.join(data, "tpch.sqlite"), "readOnly": True})
    with proxy_module.Proxy(config) as started, ops.connect(started) as connection:
        yield connection


@pytest.fixture(scope="module")
def direct_sqlite(data):
    with contextlib.closing(sqlite3.connect(f"file:{data}/tpch.sqlite?mode=ro", uri=True)) as connection:
        yield connection


def respell(sql):
    for pattern, replacement in RESPELLINGS:
        sql = re.sub(pattern, replacement, sql)
    return sql


# What the client makes of a column of each type, from SQLite's own int, float or str.
FROM_SQLITE = {
    20: int, 25: str, 701: float,
    1082: datetime.date.fromisoformat,
    1700: lambda value: decimal.Decimal(repr(value)),
}


def declared(connection):
    """Column name -> OID of its declared type."""
    oids = {}
    for table in TABLES:
        for _, name, kind, *_ in connection.execute(f"PRAGMA table_info({table})"):
            kind = kind.upper()
            oids[name] = 1082 if kind == "DATE" else 1700 if kind.startswith("DECIMAL") else 25 if kind.startswith("VARCHAR") else 20
    return oids


@pytest.mark.parametrize("number", NUMBERS)
def test_sqlite(queries, direct_sqlite, through_sqlite, number):
    sql = respell(queries[number])
    if number in SQLITE_CANNOT:
        with pytest.raises(sqlite3.OperationalError):
            direct_sqlite.execute(sql)
        with pytest.raises(psycopg.errors.SyntaxError):
            through_sqlite.execute(sql)
        pytest.skip(SQLITE_CANNOT[number])
    own = direct_sqlite.execute(sql)
    names = [column[0] for column in own.description]
    rows = own.fetchall()
    oids = declared(direct_sqlite)
    with through_sqlite.cursor(binary=number % 2 == 0) as cursor:  # half of them in either format: time
        cursor.execute(sql)
        got = cursor.fetchall()
        columns = cursor.description
    assert [column.name for column in columns] == names
    for at, column in enumerate(columns):
        kinds = {type(row[at]) for row in rows}
        if column.name in oids:
            assert column.type_code == oids[column.name], column.name
        else:  # an expression: as its values are
            assert column.type_code == (20 if kinds == {int} else 25 if kinds == {str} else 701), (column.name, kinds)
    compare(got, [tuple(None if value is None else FROM_SQLITE[column.type_code](value) for column, value in zip(columns, row))
                  for row in rows])


# ---- PostgreSQL ----

@pytest.fixture(scope="module")
def tpch_server(data, postgres_server):
    """A database on the tests' server with the data loaded, analysed and in one process per query."""
    name = postgres_server.create_database("tpch")
    with open(os.path.join(data, "csv", "schema.sql"), encoding="utf-8") as file:
        schema = file.read()
    tables = [line for line in schema.splitlines() if not line.startswith("CREATE INDEX")]
    indexes = [line for line in schema.splitlines() if line.startswith("CREATE INDEX")]
    copies = [f"\\copy {table} FROM '{data}/csv/{table}.csv' CSV" for table in TABLES]
    settings = [f"ALTER DATABASE {name} SET {setting}" for setting in
                ("max_parallel_workers_per_gather = 0", "work_mem = '64MB'", "jit = off", "statement_timeout = '30s'")]
    done = postgres_server.psql("-q", "-f", "-", database=name,
                                text="\n".join(tables + copies + ["SET maintenance_work_mem = '128MB';"] + indexes +
                                               ["ANALYZE;"] + [s + ";" for s in settings]))
    assert done.returncode == 0, done.stderr
    yield name


@pytest.fixture(scope="module")
def through_postgres(postgres_server, tpch_server):
    config = proxy_module.one_cluster("pg-1", postgres_server.cluster(tpch_server))
    with proxy_module.Proxy(config) as started, ops.connect(started) as connection:
        yield connection


@pytest.fixture(scope="module")
def direct_postgres(postgres_server, tpch_server):
    with psycopg.connect(postgres_server.dsn(tpch_server), autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("number", NUMBERS)
def test_postgres(queries, direct_postgres, through_postgres, number):
    for binary in (False, True) if number % 5 == 0 else (number % 2 == 0,):
        with direct_postgres.cursor(binary=binary) as own, through_postgres.cursor(binary=binary) as cursor:
            own.execute(queries[number])
            cursor.execute(queries[number])
            compare(cursor.fetchall(), own.fetchall())
            assert [(c.name, c.type_code, c.precision, c.scale, c.internal_size) for c in cursor.description] == \
                [(c.name, c.type_code, c.precision, c.scale, c.internal_size) for c in own.description]
