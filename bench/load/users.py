#!/usr/bin/env python3
"""The three users of README.md on the demo of `tools/run`: a pipeline that is tagged `etl`, a dashboard alone and beside batch load, an agent with one
template in thirty spellings. Prints what the console says of their queries. Wants psycopg (build/venv has it).

usage: bench/load/users.py [--port 7432] [etl | dashboard | agent]..."""

import argparse
import random
import threading
import time

import psycopg

DASHBOARD = ("SELECT o_totalprice, o_orderdate FROM orders WHERE o_orderkey = %d", "SELECT c_name, c_acctbal FROM customer WHERE c_custkey = %d",
             "SELECT count(*) FROM orders WHERE o_orderdate = date '1995-01-%02d'",
             "SELECT n_name, count(*) FROM customer, nation WHERE c_nationkey = n_nationkey AND c_custkey < %d GROUP BY 1")
SCAN = "/*+ turnout(cluster=sqlite-1) */ SELECT l_suppkey, sum(l_extendedprice * l_discount) FROM lineitem GROUP BY 1"
port = 7432


def connect(application, database="demo"):
    return psycopg.connect(f"host=127.0.0.1 port={port} dbname={database} application_name={application}", autocommit=True, prepare_threshold=None)


def show(sql):
    with connect("users", "turnout") as console:
        cursor = console.execute(sql)
        rows = [[column.name for column in cursor.description]] + [["" if value is None else str(value) for value in row] for row in cursor.fetchall()]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    print("\n".join(" | ".join(value.ljust(width) for value, width in zip(row, widths)).rstrip() for row in rows), end="\n\n")


def etl():
    """Twenty runs of one statement, tagged and not tagged."""
    with connect("etl-tagged") as tagged, connect("etl-not-tagged") as plain:
        tagged.execute("SET turnout.tags = 'etl'")
        for start in range(20):
            for client in (tagged, plain):
                client.execute(f"SELECT count(*), sum(o_totalprice) FROM orders WHERE o_custkey BETWEEN {start} AND {start + 100}").fetchall()
    time.sleep(3)  # history is written behind the queries
    show("SELECT cluster_group, cluster, count(*) AS queries, round(avg(total_ms), 1) AS ms FROM history WHERE application LIKE 'etl-%' "
         "GROUP BY 1, 2 ORDER BY 1, 3 DESC")


def look(application):
    with connect(application) as client:
        for number in range(50):
            client.execute(DASHBOARD[number % len(DASHBOARD)] % random.randrange(1, 28)).fetchall()


def scan():
    with connect("batch") as client:
        client.execute("SET turnout.group = 'etl'")
        client.execute(SCAN).fetchall()


def dashboard():
    """Fifty queries of four kinds, alone, and beside eight clients that scan; the group `etl` runs four of them at once."""
    look("dashboard-alone")
    scans = [threading.Thread(target=scan) for _ in range(8)]
    for thread in scans:
        thread.start()
    time.sleep(0.3)
    look("dashboard")
    for thread in scans:
        thread.join()
    time.sleep(3)
    show("SELECT application, cluster, count(*) AS queries, round(avg(queue_ms), 1) AS queued_ms, round(avg(total_ms), 1) AS ms, "
         "round(max(total_ms), 1) AS worst_ms FROM history WHERE application LIKE 'dashboard%' OR application = 'batch' GROUP BY 1, 2 ORDER BY 1, 2")


def agent():
    """Thirty look-ups: five aliases, with and without a comment, upper and lower case."""
    with connect("agent") as client:
        for step in range(30):
            name, key = ("ord", "t1", "o", "x", "src")[step % 5], random.randrange(1, 600000)
            client.execute((f"SELECT {name}.o_totalprice FROM orders AS {name} WHERE {name}.o_orderkey = {key}",
                            f"-- step {step}: the order's price\nselect {name}.o_totalprice from orders {name} where {name}.o_orderkey={key}")[step % 2]).fetchall()
    show("SELECT s.text, s.calls, c.cluster, c.n, round(c.p50_ms, 2) AS p50_ms, c.longer_than_ms FROM shapes s JOIN cells c USING (shape) "
         "WHERE s.text LIKE '%ord.o_totalprice%' AND s.band IS NULL")


def main():
    global port
    users = {"etl": etl, "dashboard": dashboard, "agent": agent}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=port, help="of the demo's PostgreSQL listener")
    parser.add_argument("users", nargs="*", choices=[*users, []], help="all of them unless named")
    arguments = parser.parse_args()
    port = arguments.port
    for name in arguments.users or users:
        users[name]()


if __name__ == "__main__":
    main()
