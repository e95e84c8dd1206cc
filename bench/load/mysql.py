#!/usr/bin/env python3
"""What Turnout adds to a small query on MariaDB, through a PostgreSQL client: p50 beside a MySQL client that asks the server itself, and
CPU of Turnout's process a query. Simple and prepared, one client and several; the two ways take turns.

usage: bench/load/mysql.py [--seconds 3] [--rounds 3] [--clients 1 32] [--tls]
The direct client is PyMySQL without TLS on 127.0.0.1; through Turnout the same machine's psycopg asks, so the difference holds both clients, too:
CPU a query is the figure to look at."""
import argparse, os, sys, threading, time

from common import Turnout, cpu_exact_ms, median, say

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "e2e"))
import psycopg  # noqa: E402
from mysql_server import MariaDbServer  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--seconds", type=float, default=3)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--clients", type=int, nargs="+", default=[1, 32])
parser.add_argument("--tls", action="store_true", help="TLS between Turnout and the server")
args = parser.parse_args()
SQL = "SELECT id, name FROM b WHERE id = {}"


def direct(server):
    connection = server.connect("bench")
    cursor = connection.cursor()

    def ask(i):
        cursor.execute(SQL.format(i % 1000))
        return cursor.fetchall()
    return ask


def through(port, prepared):
    connection = psycopg.connect(host="127.0.0.1", port=port, user="bench", dbname="bench", autocommit=True)
    cursor = connection.cursor(binary=prepared)

    def ask(i):
        if prepared:
            cursor.execute(SQL.format("%s"), (i % 1000,), prepare=True, binary=True)
        else:
            cursor.execute(SQL.format(i % 1000), prepare=False)
        return cursor.fetchall()
    return ask


def load(make, clients):
    """Microseconds of each query of all clients."""
    times, end = [], time.monotonic() + args.seconds

    def client():
        ask, mine, i = make(), [], 0
        while time.monotonic() < end:
            start = time.perf_counter()
            ask(i)
            mine.append((time.perf_counter() - start) * 1e6)
            i += 1
        times.extend(mine)
    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def main():
    with MariaDbServer(["--skip-ssl"] if not args.tls else []) as server:
        server.create_database("bench")
        server.sql("CREATE TABLE b (id int PRIMARY KEY, name varchar(40))", "bench")
        server.sql("INSERT INTO b SELECT seq, concat('name ', seq) FROM seq_0_to_999", "bench")
        config = (f"clusters:\n  m: {{ engine: mysql, endpoint: \"{server.endpoint('bench')}\", sslMode: {'require' if args.tls else 'disable'},\n"
                  f"       auth: {{ type: basic, username: {server.user}, password: {server.password} }} }}\n"
                  "clusterGroups:\n  all: { members: [m] }\nroutingFallback: all\n")
        with Turnout(config) as turnout:
            for clients in args.clients:
                for prepared in (False, True):
                    base, ours, cpu, count = [], [], 0, 0
                    for _ in range(args.rounds):
                        base += load(lambda: direct(server), clients)
                        before = cpu_exact_ms(turnout.pid)
                        got = load(lambda: through(turnout.port, prepared), clients)
                        cpu += cpu_exact_ms(turnout.pid) - before
                        count += len(got)
                        ours += got
                    say(bench="mysql", clients=clients, way="prepared" if prepared else "simple", queries=count,
                        turnout_cpu_us_a_query=round(cpu * 1000 / count, 1), p50_us=round(median(ours)), direct_p50_us=round(median(base)),
                        load=round(os.getloadavg()[0], 1))


main()
