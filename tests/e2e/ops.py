"""What the tests of routing, faults and operating share: small clusters that say who they are, and views of a proxy."""

import contextlib
import os
import sqlite3
import threading
import time
import urllib.parse

import psycopg

import wire

ENDLESS = "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 1000000000000) SELECT count(*) FROM t"
WHO = "SELECT name FROM me"


def sqlite_member(folder, name, rows=0, **more):
    """A cluster of its own file: table me (name) has NAME, table seen is for writes, table n has 1 to ROWS."""
    path = os.path.join(folder, name + ".sqlite")
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE me (name text)")
        db.execute("INSERT INTO me VALUES (?)", (name,))
        db.execute("CREATE TABLE seen (id integer PRIMARY KEY, who text)")
        db.execute("CREATE TABLE n (i integer)")
        db.executemany("INSERT INTO n VALUES (?)", ((i,) for i in range(1, rows + 1)))
        db.execute("PRAGMA journal_mode=WAL")
        db.commit()
    return {"engine": "sqlite", "databasePath": path, **more}


def duckdb_member(folder, name, **more):
    """The same in DuckDB, filled by initSql (its Python API need not be there)."""
    path = os.path.join(folder, name + ".duckdb")
    return {"engine": "duckDb", "databasePath": path, "threads": 1,
            "initSql": [f"CREATE OR REPLACE VIEW me AS SELECT '{name}' AS name"], **more}


def postgres_member(server, name, **more):
    """The same in a database of its own on SERVER."""
    database = server.create_database(f"member_{name.replace('-', '_')}_{time.monotonic_ns()}")
    server.sql(f"CREATE TABLE me (name text); INSERT INTO me VALUES ('{name}'); CREATE TABLE seen (id serial, who text);",
               database=database)
    return server.cluster(database, **more)


def points_member(path, rows, index, columns="k integer, v text", value=lambda k: f"value {k}"):
    """SQLite with a table `points` of keys 0 .. ROWS - 1 and their VALUE, with an index or without; `log` is for writes."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(f"CREATE TABLE points ({columns})")
        db.execute("CREATE TABLE log (n integer)")
        db.executemany("INSERT INTO points VALUES (?, ?)", ((k, value(k)) for k in range(rows)))
        if index:
            db.execute("CREATE INDEX points_k ON points (k)")
        db.commit()
    return {"engine": "sqlite", "databasePath": path}


def learning(clusters, explore=None, turnout=None, **strategy):
    """One group that learns; no lots."""
    return {"turnout": turnout or {}, "clusters": clusters, "routingFallback": "all",
            "clusterGroups": {"all": {"members": list(clusters), "strategy": {"type": "latency", **strategy},
                                      "explore": {"uniformPercent": 0, **(explore or {})}}}}


def connect(proxy, user="tester", **more):
    """psycopg, autocommit."""
    more.setdefault("autocommit", True)
    return psycopg.connect(proxy.dsn(user=user), **more)


def ask(connection, sql, parameters=None):
    """The one value."""
    return connection.execute(sql, parameters).fetchone()[0]


def group(proxy, name):
    return next(g for g in proxy.admin("/admin/groups")[1] if g["name"] == name)


def cluster(proxy, name):
    return next(c for c in proxy.admin("/admin/clusters")[1] if c["name"] == name)


def history(proxy, count=None, seconds=60, **filters):
    """Records, newest first; waits until there are COUNT (records are written within two seconds)."""
    query = urllib.parse.urlencode({"limit": 1000, **filters})
    end = time.monotonic() + seconds
    while True:
        status, body = proxy.admin("/admin/history?" + query)
        assert status == 200, body
        records = body["records"]
        if count is None or len(records) >= count or time.monotonic() > end:
            assert count is None or len(records) == count, f"{len(records)} records instead of {count}: {records}"
            return records
        time.sleep(0.05)


def until_records(proxy, ask, found, step=30, most=900, count=0, **filters):
    """ASK(STEP) again until FOUND(the last STEP records), newest first, or for MOST queries. All records.

    What is learned depends on how busy the machine is: a trial that it cut short comes again when its budget is there.
    COUNT: how many records there are before it begins."""
    for done in range(step, most + 1, step):
        ask(step)
        records = history(proxy, count + done, **filters)
        if found(records[:step]):
            return records
    raise AssertionError(f"not within {most} queries: {[(r['cluster'], r['reason']) for r in records[:2 * step]]}")


def mostly(cluster, share=.5):
    """For until_records(): more than that SHARE of them ran on CLUSTER."""
    return lambda records: [r["cluster"] for r in records].count(cluster) > share * len(records)


def metric(proxy, name, **labels):
    """The value of one sample of /metrics."""
    want = "{" + ",".join(f'{k}="{v}"' for k, v in labels.items()) + "}" if labels else ""
    for line in proxy.admin("/metrics")[1].splitlines():
        if line.startswith(name + want + " "):
            return float(line.rsplit(" ", 1)[1])
    raise AssertionError(f"no sample {name}{want}")


def quiet(proxy):
    """True when no slot is held and nobody waits."""
    return all(g["running"] == 0 and g["queued"] == 0 for g in proxy.admin("/admin/groups")[1]) and \
        all(c["running"] == 0 for c in proxy.admin("/admin/clusters")[1])


@contextlib.contextmanager
def repeated(job, seconds=.3):
    """JOB() every so often while what is inside runs: a cancel may come before the query that it is for."""
    over = threading.Event()

    def run():
        while not over.wait(seconds):
            job()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class Holder:
    """Holds a slot without using the processor: an open transaction."""

    def __init__(self, proxy, hint="", user="holder"):
        self.wire = wire.Wire(proxy.port, user=user)
        self.wire.run("BEGIN")
        self.member = self.wire.value(hint + WHO)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.wire.close()

    def release(self):
        self.wire.run("ROLLBACK")


class Hammer:
    """Clients that run JOB(connection, number) over and over; `failures` has what went wrong.
    They go on until `least` of them are done, however slow the machine is, or one failed."""

    def __init__(self, proxy, job, clients=4, least=0, **more):
        self.stopped, self.least = threading.Event(), least
        self.failures, self.done = [], 0
        self.threads = [threading.Thread(target=self.run, args=(proxy, job, n, more), daemon=True) for n in range(clients)]

    def run(self, proxy, job, number, more):
        try:
            with connect(proxy, **more) as connection:
                while not self.stopped.is_set():
                    job(connection, number)
                    self.done += 1
        except Exception as problem:  # pylint: disable=broad-except
            self.failures.append(repr(problem))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exc):
        end = time.monotonic() + 120
        while exc[0] is None and not self.failures and self.done < self.least and time.monotonic() < end:
            time.sleep(0.01)
        self.stopped.set()
        for thread in self.threads:
            thread.join(100)
        assert not any(thread.is_alive() for thread in self.threads), "a client hangs"
