"""What queries cost: bills of every price model as a client's queries settle them, average and marginal, and where they are told."""

import json
import os
import threading
import time

import psycopg
import pytest

import engines
import ops
import proxy as proxy_module
import trino_contract

MICRO = 1e-6  # records are whole micro-dollars, rounded by lot


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return ops.points_member(os.path.join(str(tmp_path_factory.mktemp("prices")), "points.sqlite"), 20_000, True)


def config(file, price, **more):
    return ops.learning({"one": {**file, "price": price}}, **more)


def ran(proxy, *queries):
    """Records of QUERIES, each run once, in their order."""
    with ops.connect(proxy) as connection:
        for query in queries:
            connection.execute(query).fetchall()
    return list(reversed(ops.history(proxy, len(queries))))


def run_one(proxy, query):
    with ops.connect(proxy) as connection:
        connection.execute(query).fetchall()


def engine_s(record):
    return record["engineMs"] / 1e3


@pytest.mark.parametrize("price, seconds, fixed, marginal", [
    ({"type": "free"}, 0, 0, 0),
    ({}, 0, 0, 0),
    ({"type": "perSecond", "usdPerHour": 3600}, 1, 0, .1),                 # idle: a tenth of what is paid anyway
    ({"type": "perSecond", "usdPerHour": 3600, "slots": 4}, .25, 0, .1),
    ({"type": "perSecond", "usdPerHour": 3600, "mode": "marginal"}, 1, 0, .1),
    ({"type": "perQuery", "usdPerQuery": 0.25}, 0, .25, 1),
    ({"type": "perScan", "usdPerTb": 5, "minBytes": "10MB"}, 0, 5e-5, 1),  # this engine does not say what it read
    ({"type": "perScan", "usdPerTb": 5, "minBytes": "10MB", "roundBytes": "3MB", "usdPerQuery": 0.5}, 0, .5 + 6e-5, 1),
    ({"type": "perScan", "usdPerTb": 5}, 0, 0, 1),
])
def test_bills(file, proxies, price, seconds, fixed, marginal):
    proxy = proxies(config(file, price))
    for record in ran(proxy, "SELECT count(*) FROM points", "SELECT v FROM points WHERE k = 7", "SELECT sum(k) FROM points"):
        want = seconds * engine_s(record) + fixed
        assert record["usd"] == pytest.approx(want, rel=.25, abs=2 * MICRO)  # the record's milliseconds have the waits of a slow client in them
        assert record["marginalUsd"] == pytest.approx(record["usd"] * marginal, rel=1e-3, abs=2 * MICRO)


def test_a_cluster_that_suspends(file, proxies):
    """The first query pays the start, the next only what it prolongs, and one after the idle time a start again."""
    proxy = proxies(config(file, {"type": "autoSuspend", "creditsPerHour": 3600, "usdPerCredit": 1, "slots": 2, "minSeconds": "60s", "idleSeconds": "4s"}))
    first, second = ran(proxy, "SELECT count(*) FROM points", "SELECT sum(k) FROM points")
    assert first["marginalUsd"] == pytest.approx(60, abs=1e-3)  # a credit a second: a dollar
    assert second["marginalUsd"] == 0                          # within what is paid for
    assert first["usd"] == pytest.approx(engine_s(first) / 2, rel=.25, abs=2 * MICRO)
    with ops.connect(proxy) as connection:
        proxy.wait_for(lambda: awake_ms(connection) == 0, what="it suspends")
        connection.execute("SELECT max(k) FROM points").fetchall()
        assert 0 < awake_ms(connection) <= 4000
    [third] = ops.history(proxy, 1, text="max(k)")
    assert third["marginalUsd"] == pytest.approx(60, abs=1e-3)


def test_what_runs_keeps_it_awake(file, proxies):
    """For longer than the idle time, and over a reload that makes the cluster anew."""
    def told(least):
        return config(file, {"type": "autoSuspend", "creditsPerHour": 3600, "usdPerCredit": 1, "minSeconds": least, "idleSeconds": "200ms"})

    proxy = proxies(told("60s"))
    with ops.connect(proxy) as slow, ops.connect(proxy) as connection:
        running = threading.Thread(target=lambda: pytest.raises(psycopg.Error, slow.execute, engines.Sqlite.SPELLING["long"]))
        running.start()
        proxy.wait_for(lambda: any(query["ageMs"] > 500 for query in proxy.running_queries()), what="it runs longer than the idle time")
        assert awake_ms(connection) == pytest.approx(200)
        proxy.reload(told("50s"))
        assert awake_ms(connection) == pytest.approx(200)
        connection.execute("SELECT max(k) FROM points").fetchall()
        slow.cancel()
        running.join()
        proxy.wait_for(lambda: awake_ms(connection) == 0, what="it suspends")
    [short] = ops.history(proxy, 1, text="max(k)")
    assert short["marginalUsd"] < 10, "no start"


def test_two_that_wake_it_at_once(proxies):
    """Both hold a slot before either runs: one of them pays the start, and nobody what lies before it."""
    open_door = threading.Event()

    def info():
        open_door.wait(60)
        return {"nodeVersion": {"version": "476"}, "environment": "contract", "coordinator": True, "starting": False}

    with trino_contract.Contract(info=info) as contract:
        price = {"type": "autoSuspend", "creditsPerHour": 3600, "usdPerCredit": 1, "minSeconds": "60s", "idleSeconds": "4s"}
        proxy = proxies(ops.learning({"one": contract.cluster(price=price, healthCheck={"enabled": False})}))
        threads = [threading.Thread(target=run_one, args=(proxy, f"SELECT {i} AS n")) for i in (8, 9)]
        for thread in threads:
            thread.start()
        proxy.wait_for(lambda: len([q for q in proxy.running_queries() if q["state"] == "connecting"]) == 2, what="both hold a slot")
        open_door.set()
        for thread in threads:
            thread.join()
        bills = sorted(record["marginalUsd"] for record in ops.history(proxy, 2))
    assert bills[1] == pytest.approx(60, abs=1e-3) and bills[0] < 10, bills


def test_a_start_is_not_learned(file, proxies):
    """How long a cluster takes that has to wake up says nothing of the statement."""
    proxy = proxies(config(file, {"type": "autoSuspend", "creditsPerHour": 1, "usdPerCredit": 1, "idleSeconds": "1h"}))

    def runs():
        with ops.connect(proxy) as connection:
            plan = connection.execute("EXPLAIN (FORMAT JSON) ROUTE SELECT max(k) FROM points").fetchone()[0]
        return (plan if isinstance(plan, dict) else json.loads(plan))["groups"][0]["members"][0]["n"]
    ran(proxy, "SELECT max(k) FROM points")
    assert runs() == 0
    ran(proxy, "SELECT max(k) FROM points")
    assert runs() == 1


def test_a_cluster_that_always_sleeps_is_known(file, proxies):
    """It wakes up for every query: as it is while it sleeps it is a cluster of its own to who learns, and what it shows awake stays apart."""
    proxy = proxies(config(file, {"type": "autoSuspend", "creditsPerHour": 1, "usdPerCredit": 1, "minSeconds": "0s", "idleSeconds": "0s"}))
    ran(proxy, *["SELECT max(k) FROM points"] * 6)
    with ops.connect(proxy) as connection:
        plan = connection.execute("EXPLAIN (FORMAT JSON) ROUTE SELECT max(k) FROM points").fetchone()[0]
    member = (plan if isinstance(plan, dict) else json.loads(plan))["groups"][0]["members"][0]
    assert member["awakeMs"] == 0 and member["n"] == 6, member
    shapes = json.loads(proxy.cli("shapes", "--json", "--admin", proxy.admin_url).stdout)["shapes"]
    assert [(cell["cluster"], cell["n"]) for cell in shapes[0]["clusters"]] == [("one (asleep)", 6)], shapes


def test_who_waits_for_a_start_teaches_nothing(proxies):
    """The second one comes while the cluster starts for the first: what it took is neither what it takes awake nor a start of its own."""
    started = threading.Event()

    def pages(_path, _count):
        started.wait(60)
        return {"columns": trino_contract.BIGINT, "data": [[1]]}

    with trino_contract.Contract(pages=pages) as contract:
        price = {"type": "autoSuspend", "creditsPerHour": 1, "usdPerCredit": 1, "idleSeconds": "1h"}
        proxy = proxies(ops.learning({"one": contract.cluster(price=price, healthCheck={"enabled": False})}))
        threads = [threading.Thread(target=run_one, args=(proxy, "SELECT n FROM points")) for _ in range(2)]
        for count, thread in enumerate(threads, 1):
            thread.start()
            proxy.wait_for(lambda count=count: len(contract.of("POST")) == count, what="it waits for the start")
        started.set()
        for thread in threads:
            thread.join()
        run_one(proxy, "SELECT n FROM points")
        shapes = json.loads(proxy.cli("shapes", "--json", "--admin", proxy.admin_url).stdout)["shapes"]
    assert sorted((cell["cluster"], cell["n"]) for cell in shapes[0]["clusters"]) == [("one", 1), ("one (asleep)", 1)], shapes


def awake_ms(connection):
    plan = connection.execute("EXPLAIN (FORMAT JSON) ROUTE SELECT max(k) FROM points").fetchone()[0]
    return (plan if isinstance(plan, dict) else json.loads(plan))["groups"][0]["members"][0]["awakeMs"]


def test_a_start_is_expected(file, proxies):
    """By who counts what is paid more: the whole start while it sleeps, next to nothing while it is awake for others anyway."""
    proxy = proxies(config(file, {"type": "autoSuspend", "creditsPerHour": 3600, "usdPerCredit": 1, "mode": "marginal", "idleSeconds": "1h"}))

    def expected():
        with ops.connect(proxy) as connection:
            plan = connection.execute("EXPLAIN (FORMAT JSON) ROUTE SELECT max(k) FROM points").fetchone()[0]
        return (plan if isinstance(plan, dict) else json.loads(plan))["groups"][0]["members"][0]["usd"]
    [first] = ran(proxy, "SELECT max(k) FROM points")
    assert first["predictedUsd"] >= 3600 and first["marginalUsd"] >= 3600
    assert expected() < 100  # seconds of a guess, and what has passed of the hour


def test_idle_time_is_paid_once(file, proxies):
    """All marginal bills together are the cluster's own: from the first query to the idle time after the last."""
    proxy = proxies(config(file, {"type": "autoSuspend", "creditsPerHour": 1800, "usdPerCredit": 2, "minSeconds": "0s", "idleSeconds": "1h"}))
    begun = time.monotonic()
    records = ran(proxy, *[f"SELECT count(*) FROM points WHERE k > {k}" for k in range(20)])
    took = time.monotonic() - begun
    total = sum(record["marginalUsd"] for record in records)
    assert 3600 <= total <= 3600 + took
    assert total - 3600 >= sum(engine_s(record) for record in records[1:]) * .9 - 1e-3
    assert sum(record["usd"] for record in records) < took


def test_told_everywhere(file, proxies):
    proxy = proxies(config(file, {"type": "perSecond", "usdPerHour": 36000, "slots": 2, "mode": "marginal"},
                           turnout={"persistence": {"type": "sqlite", "path": "turnout.db"}}))
    [record] = ran(proxy, "SELECT count(*) AS everywhere FROM points")
    assert record["usd"] > record["marginalUsd"] > 0
    shown = proxy.cli("history", "--id", str(record["id"])).stdout
    assert f"{record['usd']:.6f} USD on average, {record['marginalUsd']:.6f} USD marginal" in shown
    with ops.connect(proxy, dbname="turnout") as console:
        [row] = console.execute("SELECT usd_micros, marginal_usd_micros FROM decisions WHERE id = %s", (record["id"],)).fetchall()
    assert row == (round(record["usd"] / MICRO), round(record["marginalUsd"] / MICRO))
    with ops.connect(proxy) as connection:
        plan = connection.execute("EXPLAIN (FORMAT JSON) ROUTE SELECT count(*) AS everywhere FROM points").fetchone()[0]
        plan = plan if isinstance(plan, dict) else json.loads(plan)
        text = "\n".join(line for line, in connection.execute("EXPLAIN ROUTE SELECT count(*) AS everywhere FROM points").fetchall())
    [member] = plan["groups"][0]["members"]
    assert member["price"] == "perSecond" and member["usdIs"] == "marginal"
    assert "marginal" in text


@pytest.mark.parametrize("price, words", [
    ({"type": "perSecond", "usdPerHour": -1}, "usdPerHour"),
    ({"type": "perSecond", "usdPerHour": 1, "slots": 0}, "slots"),
    ({"type": "perScan", "usdPerTb": 5, "minBytes": -1}, "minBytes"),
    ({"type": "perWeek"}, "expected one of"),
    ({"type": "autoSuspend", "idleSeconds": "-1s"}, "idleSeconds"),
])
def test_what_cannot_be_is_refused(file, tmp_path, price, words):
    proxy = proxy_module.Proxy(config(file, price))
    proxy.write_config(proxy.config)
    done = proxy.cli("check", "turnout.yaml", check=False)
    assert done.returncode == 1 and "clusters.one.price." in done.stderr + done.stdout and words in done.stderr + done.stdout
