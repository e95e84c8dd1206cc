"""Random conversations over three engines behind one group: valid messages in any order, pieces, cancels, resets. After each
the proxy must still answer in order, and in the end nothing may run and no sanitizer may have spoken.

SEED is printed with a failure; `TURNOUT_SEED=n` repeats it."""

import os
import random

import pytest

import wire

CONVERSATIONS = 150
SEED = int(os.environ.get("TURNOUT_SEED", "20260101"))

SQL = [
    "SELECT 1", "SELECT $1", "SELECT CAST($1 AS integer), $2", "SELECT 1; SELECT 2", "SELEC", "", "SELECT * FROM nowhere", "EXPLAIN SELECT 1",
    "SELECT i FROM generate_series(1, 5000) AS t(i)", "SELECT repeat('x', 700000)",
    "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 3000) SELECT i FROM t",
    "CREATE TABLE IF NOT EXISTS t (a integer)", "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES ($1)", "INSERT INTO t VALUES (2); SELEC",
    "CREATE TEMP TABLE IF NOT EXISTS tt (a integer)", "BEGIN", "BEGIN READ ONLY", "COMMIT", "END", "ROLLBACK", "ABORT", "COMMIT AND CHAIN",
    "SAVEPOINT a", "ROLLBACK TO a", "RELEASE a", "SET TRANSACTION READ ONLY", "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "SET timezone = 'Asia/Tokyo'", "SET LOCAL timezone = 'UTC'", "SET work_mem = '1MB'", "SHOW timezone", "SHOW ALL", "RESET ALL", "DISCARD ALL",
    "DEALLOCATE ALL", "COPY t TO STDOUT", "LISTEN x", "DECLARE c CURSOR FOR SELECT 1", "FETCH 1 FROM c", "CLOSE c",
    "SET turnout.cluster = 's'", "RESET turnout.cluster", "/*+ turnout(cluster=p) */ SELECT 1", "/*+ turnout(cluster=d) */ SELECT $1",
]
NAMES = ["", "a", "b"]


def some_message(dice):
    name = dice.choice(NAMES)
    kind = dice.randrange(12)
    if kind < 2:
        return wire.query(dice.choice(SQL))
    if kind < 4:
        return wire.parse(dice.choice(SQL), name, dice.choice([(), (23,), (25,), (0,), (23, 25), (1700, 0, 0)]))
    if kind < 6:
        return wire.bind(dice.choice([[], ["1"], [None], ["1", "x"], [b"\0\0\0\1"]]), name, dice.choice(NAMES),
                         dice.choice([(), (0,), (1,)]), dice.choice([(), (0,), (1,), (0, 1)]))
    if kind == 6:
        return wire.describe(dice.choice("SP"), name)
    if kind < 9:
        return wire.execute(name, dice.choice([0, 0, 1, 3, 100]))
    if kind == 9:
        return wire.close(dice.choice("SP"), name)
    return wire.SYNC if dice.random() < 0.9 else wire.FLUSH


def converse(dice, port):
    """One connection; False: it went away without a word."""
    client = wire.Wire(port)
    for _ in range(dice.randrange(1, 12)):
        data = b"".join(some_message(dice) for _ in range(dice.randrange(1, 8)))
        piece = 50 if dice.random() < 0.3 else len(data)
        for at in range(0, len(data), piece):
            client.send(data[at:at + piece])
        if dice.random() < 0.15:
            client.cancel()
        if dice.random() < 0.1:
            client.reset()
            return
    client.send(wire.SYNC, wire.query("ROLLBACK"), wire.query("SHOW server_version_num"))
    while True:
        got = client.read()
        if got.type == "T" and [column.name for column in got.columns] == ["server_version_num"]:
            break
    assert wire.status(client.until()) == "I"
    client.close()


def test_conversations(make_engine, proxies):
    members = {"d": make_engine("duckDb"), "s": make_engine("sqlite"), "p": make_engine("postgres")}
    proxy = proxies({
        "clusters": {name: made.cluster() for name, made in members.items()},
        "clusterGroups": {"g": {"members": list(members)}},
        "routingFallback": "g",
    })
    dice = random.Random(SEED)
    for number in range(CONVERSATIONS):
        try:
            converse(dice, proxy.port)
        except (TimeoutError, wire.Closed, ConnectionError, AssertionError) as problem:
            pytest.fail(f"SEED {SEED}, conversation {number}: {problem!r}\n{proxy.tail()}")
        assert proxy.running(), proxy.tail()
    proxy.wait_for(lambda: not proxy.running_queries(), what="no query runs")
