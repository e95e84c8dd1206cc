#!/usr/bin/env python3
"""From the start of the process to the first row of SELECT 1 through the PostgreSQL wire, over embedded engines.

usage: bench/load/cold_start.py [--rounds 11]
Each round has a new history database (the first start there is) and then starts once more with that one. CPU is the
process's own until that row: what a busy machine does not change.
Baselines: PgBouncer in front of a running PostgreSQL; and DuckDB's library opened by its API in a new process."""
import argparse, os, sqlite3, subprocess, tempfile, time

from common import Client, Turnout, cpu_exact_ms, engine_config, median, micro, say, tpch
from servers import PgBouncer, PostgresServer, free_port

parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int, default=11)
args = parser.parse_args()


def first_row(port, user="bench"):
    end = time.monotonic() + 20
    while True:
        try:
            client = Client(port, user)
            break
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.0005)
    client.send("SELECT 1")
    client.until(b"D")
    return client


def start_once(config, history):
    port = free_port()
    start = time.monotonic()
    with Turnout(config, port=port, wait=False, history=history) as turnout:
        client = first_row(port)
        taken = time.monotonic() - start, cpu_exact_ms(turnout.pid)
        client.close()
    return taken[0] * 1000, taken[1]


def turnout(what, config):
    first, again = [], []
    for _ in range(args.rounds):
        with tempfile.TemporaryDirectory() as folder:
            history = os.path.join(folder, "turnout.db")
            first.append(start_once(config, history))
            again.append(start_once(config, history))
    for name, runs in (("first start", first), ("started again", again)):
        tell(f"{what}, {name}", [run[0] for run in runs], cpu_ms=round(median([run[1] for run in runs]), 1), goal_ms=100)


def pgbouncer_once(server):
    bouncer = PgBouncer(server, settings={"auth_type": "trust"})
    bouncer.make_dir()
    bouncer.init()
    start = time.monotonic()
    bouncer.spawn(["/usr/sbin/pgbouncer", bouncer.path("pgbouncer.ini")])
    client = first_row(bouncer.port, server.user)
    taken = time.monotonic() - start
    client.close()
    bouncer.stop()
    return taken * 1000


def duckdb_once(path):
    program = micro("duckdb_scan")
    start = time.monotonic()
    subprocess.run([program, str(path), "1", "SELECT 1"], check=True, capture_output=True)
    return (time.monotonic() - start) * 1000


def tell(what, times, **more):
    say(bench="cold_start", what=what, median_ms=round(median(times), 1), best_ms=round(min(times), 1), worst_ms=round(max(times), 1), **more)


def main():
    duckdb = tpch("0.1") if not os.path.exists(".demo/tpch.duckdb") else os.path.abspath(".demo/tpch.duckdb")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "one.sqlite")
        sqlite3.connect(path).execute("CREATE TABLE t (a int)")
        turnout("turnout over sqlite", engine_config("sqlite", path))
        turnout("turnout over duckDb", engine_config("duckDb", duckdb))
    tell("DuckDB's API in a new process", [duckdb_once(duckdb) for _ in range(args.rounds)])
    with PostgresServer() as server:
        tell("pgbouncer over a running postgres", [pgbouncer_once(server) for _ in range(args.rounds)])


main()
