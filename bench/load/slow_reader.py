#!/usr/bin/env python3
"""What is kept in memory for a client that asks for a huge result and does not read it.

usage: bench/load/slow_reader.py [--seconds 4] [--engines duckDb,sqlite,postgres]
For each engine and width of rows: growth of the proxy's peak resident memory from before the query to the end of a wait
in which the client reads nothing. An embedded engine's own memory is in it. For DuckDB a baseline: the same growth in a
process that has fetched the first chunk by DuckDB's own API and stands still."""
import argparse, json, os, sqlite3, subprocess, tempfile, time

from common import Client, Turnout, engine_config, forget_peak, memory_mb, micro, postgres_config, say
from servers import PostgresServer

parser = argparse.ArgumentParser()
parser.add_argument("--seconds", type=float, default=4)
parser.add_argument("--engines", default="duckDb,sqlite,postgres")
args = parser.parse_args()

WIDTHS = {100: 20_000_000, 10_000: 200_000, 1_000_000: 2_000}
SQL = {
    "duckDb": "SELECT i, repeat('x', {width}) FROM range({rows}) t(i)",
    "sqlite": "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < {rows}) SELECT i, replace(hex(zeroblob({width} / 2)), '00', 'xx') FROM t",
    "postgres": "SELECT i, repeat('x', {width}) FROM generate_series(1, {rows}) i",
}

def measure(engine, turnout, width, engines_own):
    sql = SQL[engine].format(width=width, rows=WIDTHS[width])
    warm = Client(turnout.port)
    warm.ask(SQL[engine].format(width=100, rows=10))
    client = Client(turnout.port, receive_buffer=64 * 1024)
    before = memory_mb(turnout.pid)
    forget_peak(turnout.pid)
    client.send(sql)
    time.sleep(args.seconds)
    peak, now = memory_mb(turnout.pid, "VmHWM"), memory_mb(turnout.pid)
    client.close()  # which stops the engine
    warm.close()
    say(bench="slow_reader", engine=engine, row_bytes=width, result_mb=round(width * WIDTHS[width] / 1e6), growth_mb=round(now - before, 1),
        peak_growth_mb=round(peak - before, 1), beyond_the_engine_mb=round(peak - before - engines_own, 1), goal_mb=8)


def baseline(width):
    sql = SQL["duckDb"].format(width=width, rows=WIDTHS[width])
    out = subprocess.run([micro("duckdb_hold"), str(int(args.seconds)), sql], check=True, capture_output=True, text=True).stdout
    growth = json.loads(out)["growth_mb"]
    say(bench="slow_reader", engine="duckDb's own API", row_bytes=width, growth_mb=growth)
    return growth


def run(engine, config):
    for width in WIDTHS:
        engines_own = baseline(width) if engine == "duckDb" else 0
        with Turnout(config) as turnout:  # a new one: memory that the allocator keeps would hide growth
            measure(engine, turnout, width, engines_own)


def main():
    engines = args.engines.split(",")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "one.sqlite")
        sqlite3.connect(path).execute("CREATE TABLE t (a int)")
        if "duckDb" in engines:
            run("duckDb", engine_config("duckDb", ":memory:").replace(", readOnly: true", ""))
        if "sqlite" in engines:
            run("sqlite", engine_config("sqlite", path))
    if "postgres" in engines:
        with PostgresServer() as server:
            run("postgres", postgres_config(server))


main()
