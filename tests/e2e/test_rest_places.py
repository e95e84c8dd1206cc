"""Where names of a request's statement are looked for (`catalog`, `schema`), and session properties of a Trino: of that request only."""

import proxy as proxy_module
from rest import Rest

FRONTENDS = {"restHttp": {"port": 0, "resultPath": "results"}}


def start(cluster):
    return proxy_module.Proxy(proxy_module.one_cluster("one", cluster, frontends=FRONTENDS))


def test_trino(trino_server):
    with start(trino_server.cluster()) as proxy:
        rest = Rest(proxy)
        count = "SELECT count(*) AS n FROM customer"
        assert rest.rows(count, schema="sf1") == [{"n": 150000}]
        assert rest.rows(count) == [{"n": 1500}]  # the cluster's own again
        assert rest.rows("SELECT current_catalog AS c, current_schema AS s", catalog="memory", schema="default") == [{"c": "memory", "s": "default"}]
        assert rest.rows("SELECT current_schema AS s", sessionProperties={"search_path": "sf1"}) == [{"s": "sf1"}]
        refused = rest.execute(count, schema="nowhere")
        assert refused.status == 400 and "nowhere" in refused.json["detail"]
        execution = rest.submit(count, catalog="tpch", schema="sf1").json["executionId"]
        assert rest.wait(execution)["status"] == "COMPLETED"
        assert rest.call("GET", f"/v1/queries/{execution}/results").json["data"] == [{"n": 150000}]

        told = rest.execute("SELECT max(orderkey) AS n FROM orders").json["statistics"]
        assert told["analysisTimeMs"] >= 0 and told["planningTimeMs"] > 0 and told["completedSplits"] > 0 and told["inputRows"] == 15000, told
        assert rest.wait(execution)["statistics"]["completedSplits"] > 0

        def run_time(**members):
            return [row["Value"] for row in rest.rows("SHOW SESSION LIKE 'query_max_run_time'", **members)]

        usual = run_time()
        assert run_time(sessionProperties={"query_max_run_time": "17m"}) == ["17m"] and run_time() == usual != ["17m"]
        refused = rest.execute("SELECT 1", sessionProperties={"query_max_run_time": "x"})
        assert refused.status == 400 and "query_max_run_time" in refused.json["detail"]
        assert rest.rows("SELECT 1 AS a", sessionProperties={"work_mem": "1MB"}) == [{"a": 1}]  # PostgreSQL's


def test_duckdb(make_engine):
    engine = make_engine("duckDb")
    with start(engine.cluster()) as proxy:
        rest = Rest(proxy)
        for sql in ("CREATE TABLE t (a integer)", "INSERT INTO t VALUES (1)", 'CREATE SCHEMA "s 2"', 'CREATE TABLE "s 2".t (a integer)',
                    'INSERT INTO "s 2".t VALUES (2)', "ATTACH ':memory:' AS other", "CREATE TABLE other.t (a integer)", "INSERT INTO other.t VALUES (3)"):
            rest.rows(sql)
        for members, value in (({"schema": "s 2"}, 2), ({}, 1), ({"catalog": "other"}, 3), ({"catalog": "other", "schema": "main"}, 3), ({"schema": "main"}, 1)):
            assert rest.rows("SELECT a FROM t", **members) == [{"a": value}], members
    engine.drop()


def test_postgres(make_engine):
    engine = make_engine("postgres")
    with start(engine.cluster()) as proxy:
        rest = Rest(proxy)
        for sql in ("CREATE TABLE t (a integer)", "INSERT INTO t VALUES (1)", 'CREATE SCHEMA "s "" 2"', 'CREATE TABLE "s "" 2".t (a integer)', 'INSERT INTO "s "" 2".t VALUES (2)'):
            rest.rows(sql)
        for members, value in (({"schema": 's " 2'}, 2), ({}, 1)):
            assert rest.rows("SELECT a FROM t", **members) == [{"a": value}], members
    engine.drop()


def test_mysql(make_engine):
    engine = make_engine("mysql")
    with start(engine.cluster()) as proxy:
        rest = Rest(proxy)
        other = f"{engine.database}_2"
        for sql in ("CREATE TABLE t (a integer)", "INSERT INTO t VALUES (1)", f"CREATE DATABASE {other}", f"CREATE TABLE {other}.t (a integer)", f"INSERT INTO {other}.t VALUES (2)"):
            rest.rows(sql)
        for members, value in (({"schema": other}, 2), ({}, 1)):
            assert rest.rows("SELECT a FROM t", **members) == [{"a": value}], members
        refused = rest.execute("SELECT 1", schema="nowhere")
        assert refused.status == 400 and "nowhere" in refused.json["detail"]
        rest.rows(f"DROP DATABASE {other}")
    engine.drop()
