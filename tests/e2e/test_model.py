"""The model of the text in the server: it is trained from what clients ask, kept, and used for statements never seen before."""

import contextlib
import itertools
import json
import sqlite3
import time

import pytest

import ops
import proxy as proxy_module

ROWS = 20_000
FUNCTIONS = ("abs(k)", "length(v)", "upper(v)", "k + 1", "v || 'x'", "hex(v)", "k % 7", "lower(v)")


def texts():
    """255 shapes: which columns are asked for; look-ups and sums of everything by turns."""
    for count in range(1, len(FUNCTIONS) + 1):
        for n, columns in enumerate(itertools.combinations(FUNCTIONS, count)):
            yield f"SELECT {', '.join(columns)} FROM points WHERE k = {n}" if n % 2 else \
                f"SELECT {', '.join(f'max({column})' for column in columns)} FROM points"


@pytest.fixture
def served(tmp_path):
    clusters = {name: ops.points_member(str(tmp_path / name), ROWS, name == "seeks") for name in ("scans", "seeks")}
    config = ops.learning(clusters, turnout={"persistence": {"type": "sqlite", "path": "turnout.db"}})
    with proxy_module.Proxy(config) as proxy:
        if proxy.log_contains("built without XGBoost", seconds=0):
            pytest.skip("built without XGBoost: nothing is trained")
        yield proxy


def trained(proxy):
    return proxy.log_contains("model of the text trained", seconds=0)


def test_trained_kept_and_used(served):
    with ops.connect(served) as connection:
        for sql in texts():
            connection.execute(sql).fetchall()
            if trained(served):
                break
        served.wait_for(lambda: trained(served), seconds=120, what="a model")
        for sql in itertools.islice(texts(), 40, 90):  # some of them new
            connection.execute(sql + " -- with it").fetchall()
    served.restart()
    assert not served.log_contains("left out", seconds=0)
    with contextlib.closing(sqlite3.connect(served.path("turnout.db.stats"))) as db:
        assert {"model", "samples", "world"} <= {name for name, in db.execute("SELECT name FROM blob")}
    with ops.connect(served) as connection:
        assert ops.ask(connection, "SELECT count(*), min(v) FROM points WHERE k < 100") == 100


# ---- what it changes ----

WORDS = ("abs(k)", "length(v)", "upper(v)", "k + 1", "v || 'x'", "md5(v)", "k % 7", "lower(v)", "reverse(v)", "k - 2")


def sides(first, count):
    """COUNT shapes that ask for one of two views by turns, from the FIRST on."""
    columns = itertools.chain.from_iterable(itertools.combinations(WORDS, n) for n in range(1, len(WORDS) + 1))
    for n, words in enumerate(itertools.islice(columns, first, first + count)):
        yield f"SELECT {', '.join(words)} FROM {('leftside', 'rightside')[n % 2]} WHERE k > {n % 5 + 1}"


def sided(server, quick):
    """A cluster where one of the views is there at once, and the other takes a third of a second."""
    database = server.create_database(f"model_{quick}_{time.monotonic_ns()}")
    for view in ("leftside", "rightside"):
        server.sql(f"CREATE VIEW {view} AS SELECT 7 AS k, 'x'::text AS v FROM pg_sleep({0 if view == quick else .3})", database=database)
    return server.cluster(database, maxRunningQueries=16)


def explained(connection, sql):
    return json.loads("".join(row[0] for row in connection.execute("EXPLAIN (FORMAT JSON) ROUTE " + sql).fetchall()))


def test_a_prediction_changes_a_decision(postgres_server):
    """Of 200 texts it is known what they take on both. For a new one the model says where; the class alone does not know."""
    config = ops.learning({"left": sided(postgres_server, "leftside"), "right": sided(postgres_server, "rightside")},
                          explore={"holdBack": False},  # no deadline: a slow machine changes nothing
                          turnout={"persistence": {"type": "sqlite", "path": "turnout.db"}})
    new = list(sides(400, 6))
    with proxy_module.Proxy(config) as proxy:
        if proxy.log_contains("built without XGBoost", seconds=0):
            pytest.skip("built without XGBoost: nothing is trained")
        with open(proxy.path("history.sql"), "w", encoding="utf-8") as file:
            file.write(";\n".join(sides(0, 200)))
        proxy.cli("compare", "--run", "history.sql", "--clusters", "left,right", "--connect", proxy.dsn(), "--admin", proxy.admin_url, "--repeat", "1",
                  "--warmup", "0", "--concurrency", "8")
        proxy.wait_for(lambda: trained(proxy), seconds=200, what="a model")
        with ops.connect(proxy) as connection:
            for sql in new:
                right = "left" if "leftside" in sql else "right"
                told = explained(connection, sql)
                members = {m["cluster"]: m for m in told["groups"][0]["members"]}
                assert told["groups"][0]["decision"]["rung"] == members[right]["rung"] == "similar", told
                assert told["cluster"] == right
                assert members["left" if right == "right" else "right"]["p50Ms"] > 3 * members[right]["p50Ms"], members
                text = "\n".join(row[0] for row in connection.execute("EXPLAIN ROUTE " + sql).fetchall())
                assert "known from: similar" in text and f"->  {right}" in text, text
                connection.execute(sql).fetchall()
                record = ops.history(proxy, 1, text=sql)[0]
                assert record["cluster"] == right, record
        proxy.stop()
        proxy.config["turnout"]["statistics"] = {"model": "off"}
        proxy.start()
        with ops.connect(proxy) as connection:
            others = list(sides(600, 6))
            plans = [explained(connection, sql) for sql in others]
            assert {plan["groups"][0]["decision"]["rung"] for plan in plans} == {"class"}, plans
            wrong = [sql for sql, plan in zip(others, plans) if plan["cluster"] != ("left" if "leftside" in sql else "right")]
            assert wrong, "without a model nothing tells one view from the other"
