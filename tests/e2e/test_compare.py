"""turnout compare: fresh runs through DuckDB, SQLite and PostgreSQL behind one Turnout, and reports from what history kept."""

import csv
import html.parser
import io
import json
import os
import signal
import subprocess
import time

import pytest

import ops
import proxy as proxy_module

ROWS = 400
PRICES = {"d": {"type": "perSecond", "usdPerHour": 2, "slots": 4}, "s": {"type": "perSecond", "usdPerHour": 0.2}, "p": {"type": "perQuery", "usdPerQuery": 0.0004}}
READS = """-- a look-up; with a semicolon
SELECT name FROM orders WHERE id = 7;
SELECT kind, count(*), sum(amount) FROM orders GROUP BY kind; /* ; */
SELECT id, name FROM orders WHERE name <> 'a;b' ORDER BY id LIMIT 50;
"""


class World:
    """Three engines with the same table behind one Turnout."""

    def __init__(self, make_engine, turnout=None):
        self.engines = {"d": make_engine("duckDb"), "s": make_engine("sqlite"), "p": make_engine("postgres")}
        clusters = {name: engine.cluster(price=PRICES[name]) for name, engine in self.engines.items()}
        self.proxy = proxy_module.Proxy({"turnout": {"persistence": {"type": "sqlite", "path": "turnout.db"}, **(turnout or {})}, "clusters": clusters,
                                         "clusterGroups": {"all": {"members": list(clusters), "strategy": {"type": "latency"}}},
                                         "routingFallback": "all"})

    def fill(self):
        values = ", ".join(f"({i}, 'name {i}', {i % 5}, {i}.50)" for i in range(1, ROWS + 1))
        self.everywhere("CREATE TABLE orders (id integer, name text, kind integer, amount double precision)")
        self.everywhere(f"INSERT INTO orders VALUES {values}")
        return self

    def everywhere(self, sql, names="dsp"):
        with ops.connect(self.proxy) as connection:
            for name in names:
                connection.execute(f"/*+ turnout(cluster={name}) */ {sql}")

    def arguments(self, *more):
        return ("compare", *more, "--admin", self.proxy.admin_url, "--config", "turnout.yaml")

    def run(self, sql, *more, clusters="d,s,p", check=True):
        with open(self.proxy.path("q.sql"), "w", encoding="utf-8") as file:
            file.write(sql)
        return self.proxy.cli(*self.arguments("--run", "q.sql", "--clusters", clusters, "--connect", self.proxy.dsn(), *more), check=check)


@pytest.fixture(scope="module")
def world(make_engine):
    made = World(make_engine)
    with made.proxy:
        yield made.fill()


def test_a_run(world):
    done = world.run(READS, "--repeat", "4", "--warmup", "1", "--concurrency", "2")
    print(done.stdout, done.stderr)
    assert 0
