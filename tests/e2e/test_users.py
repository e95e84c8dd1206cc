"""Three of the people whom this program is for, end to end, with DuckDB, SQLite and PostgreSQL: what each of them does with nothing
but a client and a configuration, and where their queries end up.

Which engine is right is fixed by how the data lies there - an index or none, a view that sleeps, one that counts to a million - and
the differences are of tens of times, so that no test depends on how fast the machine is."""

import contextlib
import itertools
import json
import sqlite3
import threading
import time

import psycopg
import pytest

import ops
import proxy as proxy_module

POINTS = 20_000
FACTS = 200_000


def make_sqlite(path):
    """Look-ups by key are its strength; its aggregates count through a recursion."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE points (k integer PRIMARY KEY, v text)")
        db.executemany("INSERT INTO points VALUES (?, ?)", ((k, f"value {k}") for k in range(POINTS)))
        db.execute("CREATE VIEW facts AS WITH RECURSIVE t(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM t WHERE i < 1000000) "
                   "SELECT i, i % 7 AS g FROM t")
        db.execute("CREATE VIEW nightly AS WITH RECURSIVE t(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM t WHERE i < 300000) "
                   "SELECT count(*) AS n FROM t")
        db.commit()
    return {"engine": "sqlite", "databasePath": path, "readOnly": True}


def make_duckdb(path):
    """Columns: the aggregate is quick, and there is no index for a key."""
    return {"engine": "duckDb", "databasePath": path, "threads": 1, "initSql": [
        f"CREATE TABLE IF NOT EXISTS facts AS SELECT i, i % 7 AS g FROM range({FACTS}) t(i)",
        f"CREATE VIEW IF NOT EXISTS points AS SELECT i AS k, 'value ' || i AS v FROM range({POINTS}) t(i), "
        "(SELECT count(*) AS c FROM range(20000000) r(j) WHERE hash(j) % 7 = 3) WHERE c > 0",
        "CREATE VIEW IF NOT EXISTS nightly AS SELECT 300001 AS n",
        "CREATE VIEW IF NOT EXISTS report AS SELECT 42 AS n"]}


def make_postgres(server):
    """Everything takes a known time there, asleep."""
    database = server.create_database(f"users_{time.monotonic_ns()}")
    server.sql("CREATE VIEW nightly AS SELECT 300001 AS n FROM pg_sleep(.04); CREATE VIEW report AS SELECT 42 AS n FROM pg_sleep(2); "
               "CREATE VIEW points AS SELECT i AS k, 'value ' || i AS v FROM generate_series(0, 400000) AS t(i), pg_sleep(.2); "
               "CREATE VIEW facts AS SELECT i, i % 7 AS g FROM generate_series(0, 199999) AS t(i), pg_sleep(1); "
               "CREATE VIEW batch AS SELECT 1 AS n FROM pg_sleep(2)", database=database)
    return server.cluster(database)


@pytest.fixture(scope="module")
def engines(tmp_path_factory, make_engine, postgres_server):
    make_engine("duckDb")  # skips where it is not there
    folder = tmp_path_factory.mktemp("users")
    return {"duckdb-1": make_duckdb(str(folder / "data.duckdb")), "sqlite-1": make_sqlite(str(folder / "data.sqlite")),
            "pg-1": make_postgres(postgres_server)}


def chosen(records, text, last):
    """Clusters of the LAST statements with TEXT, newest first."""
    return [r["cluster"] for r in records if text in r["text"]][:last]


def mostly(clusters, name):
    """A few of them may be looks at another engine."""
    return clusters.count(name) >= .8 * len(clusters) > 0


# ---- ETL ----

def etl_config(engines):
    clusters = {"pg-1": {**engines["pg-1"], "price": {"type": "perSecond", "usdPerHour": 0.01, "slots": 1}},
                "duckdb-1": {**engines["duckdb-1"], "price": {"type": "perSecond", "usdPerHour": 10, "slots": 1}}}
    return {"clusters": clusters, "routingFallback": "interactive",
            "clusterGroups": {"etl": {"members": list(clusters), "strategy": {"type": "cost", "maxP95Ms": 1000}},
                              "interactive": {"members": list(clusters), "strategy": {"type": "latency"}}},
            "routers": [{"type": "tags", "rules": [{"tags": {"etl": None}, "targetGroup": "etl"}]},
                        {"type": "header", "headerName": "application_name", "headerValueToGroup": {"nightly-load": "etl"}}]}


def test_etl_is_cheap_within_its_promise(engines):
    """`nightly` is ten times slower and far cheaper in PostgreSQL: good enough. `report` would be cheaper there too, but not in time."""
    with proxy_module.Proxy(etl_config(engines)) as proxy, ops.connect(proxy) as tagged, \
            ops.connect(proxy, application_name="nightly-load") as named, ops.connect(proxy) as person:
        tagged.execute("SET turnout.tags = 'etl,team:data'")
        def round_(count):
            for n in range(count // 90 * 40):
                assert ops.ask((tagged, named)[n % 2], f"SELECT n FROM nightly WHERE n > {n}") == 300001
                if n % 4 == 0:
                    assert ops.ask(tagged, f"SELECT n FROM report WHERE n > {n % 40}") == 42
                assert ops.ask(person, f"SELECT n + 0 FROM nightly WHERE n > {n}") == 300001

        def where(records, group, table):
            return [r["cluster"] for r in records if r["group"] == group and f"FROM {table}" in r["text"]]

        def right(records):
            return mostly(where(records, "etl", "nightly")[:20], "pg-1") and mostly(where(records, "etl", "report")[:6], "duckdb-1") and \
                mostly(where(records, "interactive", "nightly")[:20], "duckdb-1")
        records = ops.until_records(proxy, round_, right, step=90, most=540)
        times = len(records) // 90
        assert [len(where(records, *what)) for what in (("etl", "nightly"), ("etl", "report"), ("interactive", "nightly"))] == [40 * times, 10 * times, 40 * times]
        assert all("etl" in r.get("tags", "") for r in records if r["group"] == "etl" and r.get("application") != "nightly-load")


# ---- dashboard ----

def dashboard_config(engines):
    """Both may use PostgreSQL's three slots; the batch group holds at most two of them and waits in its own line."""
    clusters = {"sqlite-1": engines["sqlite-1"], "pg-1": {**engines["pg-1"], "maxRunningQueries": 2}, "duckdb-1": engines["duckdb-1"]}
    return {"clusters": clusters, "routingFallback": "dashboards", "turnout": {"workers": 2},
            "clusterGroups": {"dashboards": {"members": list(clusters), "strategy": {"type": "latency"}},
                              "batch": {"members": ["pg-1"], "maxRunningQueries": 2, "maxQueuedQueries": 100}},
            "routers": [{"type": "header", "headerName": "application_name", "headerValueToGroup": {"batch": "batch"}}]}


def test_a_dashboard_is_not_held_up_by_batch_load(engines, postgres_server):
    """What only PostgreSQL is quick at: while batch work fills it, the dashboard's reads go to an engine that has room."""
    config = dashboard_config(engines)
    database = postgres_server.create_database(f"dashboard_{time.monotonic_ns()}")
    postgres_server.sql("CREATE TABLE nightly AS SELECT 300001 AS n; CREATE VIEW batch AS SELECT 1 AS n FROM pg_sleep(2)", database=database)
    config["clusters"]["pg-1"] = postgres_server.cluster(database, maxRunningQueries=2)
    config["clusterGroups"]["dashboards"]["members"] = ["sqlite-1", "pg-1"]  # there it is a recursion of many steps
    with proxy_module.Proxy(config) as proxy, ops.connect(proxy) as dashboard:
        def ask(count):
            for n in range(count):
                ops.ask(dashboard, f"SELECT n FROM nightly WHERE n > {n}")
        known = len(ops.until_records(proxy, ask, lambda records: mostly(chosen(records, "nightly", 15), "pg-1"), step=25))
        batch, failed = [], []

        def load():
            try:
                with ops.connect(proxy, application_name="batch") as connection:
                    for _ in range(2):
                        batch.append(ops.ask(connection, "SELECT n FROM batch"))
            except psycopg.Error as problem:
                failed.append(problem)

        threads = [threading.Thread(target=load, daemon=True) for _ in range(6)]
        for thread in threads:
            thread.start()
        proxy.wait_for(lambda: ops.group(proxy, "batch")["running"] == 2 and ops.group(proxy, "batch")["queued"] >= 2, what="batch load")
        beside = 0
        while ops.group(proxy, "batch")["queued"] > 0:
            ops.ask(dashboard, f"SELECT n FROM nightly WHERE n > {100 + beside}")
            beside += 1
        for thread in threads:
            thread.join(200)
        assert not failed and len(batch) == 12, failed  # nobody starves the other way round either
        records = ops.history(proxy, known + beside + 12)
        of_dashboard = [r for r in records if r["group"] == "dashboards"][:beside]
        of_batch = [r for r in records if r["group"] == "batch"]
        assert beside > 0, [(r["cluster"], r["queueMs"], r["totalMs"], r["reason"]) for r in of_dashboard]
        assert [r for r in of_dashboard if r["cluster"] == "sqlite-1"], "nobody went where there was room"
        # two seconds for each of the batch, and what it waited: none of the dashboard's took its place in that line
        worst = max(r["queueMs"] for r in of_dashboard)
        assert worst < max(r["queueMs"] for r in of_batch), (worst, of_dashboard)
        slow = sorted(r["totalMs"] for r in of_batch)
        p95 = sorted(r["totalMs"] for r in of_dashboard)[int(.95 * beside)]
        assert p95 < slow[int(.95 * len(slow))], (p95, slow)


# ---- agent ----

def agent_statements(count, first):
    """The same question as a model writes it: other literals, aliases, spacing, comments."""
    for n in range(first, first + count):
        alias = ("p", "pts", "t1", "lookup", "x_" + "abcdefg"[n % 7])[n % 5]
        key = n * 7919 % POINTS
        yield f"value {key}", (f"SELECT {alias}.v FROM points AS {alias} WHERE {alias}.k = {key}" if n % 2 else
                               f"-- step {n}: look it up\nselect {alias}.v\n  from points {alias}\n where {alias}.k = {key}")


def agent_aggregates(count, first):
    for n in range(first, first + count):
        alias = "fgh"[n % 3]
        yield f"SELECT {alias}.g, count(*) FROM facts {alias} WHERE {alias}.i < {100_000 + n} GROUP BY {alias}.g ORDER BY {alias}.g"


def test_an_agents_templates_are_one_shape_each(engines):
    config = {"clusters": engines, "routingFallback": "agents",
              "clusterGroups": {"agents": {"members": list(engines), "strategy": {"type": "latency"}}}}
    with proxy_module.Proxy(config) as proxy, ops.connect(proxy, application_name="agent") as agent:
        rounds = itertools.count()

        def ask(count):
            for number in itertools.islice(rounds, count // 25):
                for expected, sql in agent_statements(15, number * 15):
                    assert ops.ask(agent, sql) == expected
                for sql in agent_aggregates(10, number * 10):
                    assert len(agent.execute(sql).fetchall()) == 7
        records = ops.until_records(proxy, ask, lambda last: mostly(chosen(last, "points", 30), "sqlite-1") and mostly(chosen(last, "facts", 20), "duckdb-1"),
                                    step=100, most=600)
        times = len(records) // 100
        listed = json.loads(proxy.cli("shapes", "--json", "--admin", proxy.admin_url).stdout)["shapes"]
        assert sorted((s["calls"], "points" in s["text"]) for s in listed) == [(40 * times, False), (60 * times, True)], listed
        shown = proxy.cli("shapes", "--admin", proxy.admin_url).stdout
        assert "2 of 2 shapes" in shown
        look_up = next(s for s in listed if "points" in s["text"])
        assert look_up["cluster"] == "sqlite-1", look_up
