"""The engines that the shared suites run on: how to make a fresh database of each, and how each spells what differs.

To add an engine: a class with `name`, `cluster()` and whatever of SQL it says differently, and its name in ENGINES.
"""

import itertools
import os

import proxy as proxy_module

COUNTER = itertools.count()


class Engine:
    """A fresh database behind a proxy of its own. `sql(key)`: SPELLING of the engine, else of Engine; None = it cannot."""

    name = "engine"
    SPELLING = {
        "series": "SELECT i FROM generate_series(1, {n}) AS t(i)",
        "long": "SELECT count(*) FROM generate_series(1, 10000000000) AS t(i) WHERE i % 7 = 3",
        "divide": "SELECT 1 / 0",
        "repeat": "repeat('{what}', {n})",
        "id table": "CREATE TABLE {t} (id integer PRIMARY KEY, name text)",
        "drop index": "DROP INDEX {i}",
        "text": "text",  # as in CAST(x AS text)
        "integer": "integer",
        "temporary": "CREATE TEMP TABLE {t} (a integer)",
        "moment": "SELECT TIMESTAMPTZ '{what}+00'",  # a timestamptz of that time in UTC
    }

    def __init__(self):
        self.proxy = None
        self.tables = itertools.count(1)

    def cluster(self, **more):
        raise NotImplementedError

    def drop(self):
        """What the database leaves behind."""

    def sql(self, key, **values):
        text = self.SPELLING[key] if key in self.SPELLING else Engine.SPELLING[key]
        return text if text is None else text.format(**values)

    def new_table(self):
        """A name that no other test uses."""
        return f"t{next(self.tables)}"

    def config(self, **turnout):
        return proxy_module.one_cluster(f"{self.name.lower()}-1", self.cluster(), **turnout)


class DuckDb(Engine):
    name = "duckDb"
    SPELLING = {
        "long": "SELECT count(*) FROM range(100000000000) AS t(i) WHERE hash(i) % 7 = 3",
        "divide": "SELECT error('Division by zero')",
    }

    def __init__(self, folder):
        super().__init__()
        self.path = os.path.join(folder, f"d{next(COUNTER)}.duckdb")

    def cluster(self, **more):
        return {"engine": "duckDb", "databasePath": self.path, "threads": 1, **more}


class Sqlite(Engine):
    name = "sqlite"
    SPELLING = {
        "series": "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < {n}) SELECT i FROM t",
        "long": "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 10000000000) SELECT count(*) FROM t",
        "divide": None,  # SQLite gives NULL
        "repeat": "replace(hex(zeroblob({n})), '00', '{what}')",
    }

    def __init__(self, folder):
        super().__init__()
        self.path = os.path.join(folder, f"s{next(COUNTER)}.sqlite")

    def cluster(self, **more):
        return {"engine": "sqlite", "databasePath": self.path, **more}


class Postgres(Engine):
    name = "postgres"

    def __init__(self, server):
        super().__init__()
        self.server = server
        self.database = server.create_database(f"db{next(COUNTER)}")

    def cluster(self, **more):
        return self.server.cluster(self.database, **more)


class MariaDb(Engine):
    """With the sql_mode that reads the suites' SQL as they mean it."""

    name = "mysql"
    MODE = "ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,IGNORE_SPACE"
    SPELLING = {
        "series": "SELECT seq AS i FROM seq_1_to_{n}",
        "long": "SELECT count(*) FROM seq_1_to_10000000 AS a, seq_1_to_1000000 AS b WHERE (a.seq * b.seq) % 7 = 3",
        "divide": None,  # NULL
        "id table": "CREATE TABLE {t} (id integer PRIMARY KEY, name longtext)",
        "drop index": "DROP INDEX {i} ON {t}",
        "text": "char",
        "integer": "signed",
        "temporary": "CREATE TEMPORARY TABLE {t} (a integer)",
        "moment": "SELECT a FROM (SELECT CAST('{what}' AS datetime) AS a) AS s",
    }

    def __init__(self, server):
        super().__init__()
        self.server = server
        self.database = server.create_database(f"db{next(COUNTER)}")

    def cluster(self, **more):
        return self.server.cluster(self.database, sqlMode=self.MODE, **more)


ENGINES = ("duckDb", "sqlite", "postgres")
WITH_MYSQL = (*ENGINES, "mysql")  # suites whose SQL it reads, too: a module that says `ENGINES = engines.WITH_MYSQL`
