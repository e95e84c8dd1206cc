#!/usr/bin/env python3
"""DuckDB to the PostgreSQL wire: all rows of TPC-H lineitem (6 million at scale 1) to one client that counts them.

usage: bench/load/stream.py [--scale 1] [--rounds 3] [--sql "SELECT * FROM lineitem"]
Baseline in the same run: DuckDB's own API fetching (and dropping) all chunks of the same query in one process. CPU is that
of the whole proxy (DuckDB's threads, encoding, sending); rows per core second = rows / CPU seconds."""
import argparse, json, subprocess

from common import Turnout, cpu_us, engine_config, median, micro, say, tpch

parser = argparse.ArgumentParser()
parser.add_argument("--scale", default="1")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--sql", default="SELECT * FROM lineitem")
args = parser.parse_args()


def drain(turnout, binary):
    before = cpu_us(turnout.pid)
    out = subprocess.run([micro("pg_drain"), str(turnout.port), *(["--binary"] if binary else []), args.sql], check=True,
                         capture_output=True, text=True).stdout
    return {**json.loads(out), "cpu_s": (cpu_us(turnout.pid) - before) / 1e6}


def baseline(path):
    out = subprocess.run([micro("duckdb_scan"), str(path), "1", args.sql], check=True, capture_output=True, text=True).stdout
    return json.loads(out)


def main():
    path = tpch(args.scale)
    rounds = {"text": [], "binary": [], "duckdb": []}
    with Turnout(engine_config("duckDb", path)) as turnout:
        drain(turnout, False)  # the file into memory
        for _ in range(args.rounds):
            rounds["text"].append(drain(turnout, False))
            rounds["binary"].append(drain(turnout, True))
            rounds["duckdb"].append(baseline(path))
    api = {key: round(median([r[key] for r in rounds["duckdb"]]), 1) for key in rounds["duckdb"][0] if key.endswith("_cpu_ns_per_row")}
    say(bench="stream", format="none", what="DuckDB's own API", rows=rounds["duckdb"][0]["rows"], **api,
        rows_per_core_second=round(1e9 / api["scan_cpu_ns_per_row"]))
    for name in ("text", "binary"):
        runs = rounds[name]
        rows, cpu = runs[0]["rows"], median([r["cpu_s"] for r in runs])
        say(bench="stream", format=name, rows=rows, mb=round(runs[0]["bytes"] / 1e6), cpu_ns_per_row=round(cpu * 1e9 / rows, 1),
            rows_per_core_second=round(rows / cpu), goal=1_000_000, seconds=round(median([r["seconds"] for r in runs]), 2),
            first_row_ms=round(median([r["first_row_ms"] for r in runs]), 1))


main()
