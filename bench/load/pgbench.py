#!/usr/bin/env python3
"""pgbench select-only over 8 connections: direct, through PgBouncer, through Turnout; alternating rounds, medians.

usage: bench/load/pgbench.py [--seconds 4] [--rounds 5] [--clients 8] [--modes simple,extended,prepared]
CPU is the proxy's own (user + system) per query, so it says more than throughput on a busy machine."""
import argparse, re, subprocess

from common import Turnout, cpu_us, median, postgres_config, say
from servers import PgBouncer, PostgresServer

parser = argparse.ArgumentParser()
parser.add_argument("--seconds", type=int, default=4)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--clients", type=int, default=8)
parser.add_argument("--modes", default="simple,extended,prepared")
args = parser.parse_args()


def pgbench(dsn, mode):
    out = subprocess.run(["pgbench", "-n", "-S", "-M", mode, "-c", str(args.clients), "-j", "1", "-T", str(args.seconds), dsn],
                         capture_output=True, text=True, check=True).stdout
    return int(re.search(r"actually processed: (\d+)", out)[1]), float(re.search(r"tps = ([\d.]+)", out)[1])


def main():
    with PostgresServer() as server:
        subprocess.run(["pgbench", "-i", "-q", "-s", "10", server.dsn()], check=True, capture_output=True)
        with PgBouncer(server, pool_mode="session") as bouncer, Turnout(postgres_config(server)) as turnout:
            targets = {"direct": (server.dsn(), None), "pgbouncer": (bouncer.dsn(), bouncer.pid()),
                       "turnout": (f"postgresql://u@127.0.0.1:{turnout.port}/postgres", turnout.pid)}
            for mode in args.modes.split(","):
                rounds = {name: [] for name in targets}
                for _ in range(args.rounds):
                    for name, (dsn, pid) in targets.items():
                        before = cpu_us(pid) if pid else 0
                        count, tps = pgbench(dsn, mode)
                        rounds[name].append((tps, (cpu_us(pid) - before) / count if pid else 0))
                result = {name: {"tps": round(median([r[0] for r in rows])), "cpu_us": round(median([r[1] for r in rows]), 1)}
                          for name, rows in rounds.items()}
                ratio = median([t[1] / p[1] for t, p in zip(rounds["turnout"], rounds["pgbouncer"])])
                say(bench="pgbench", mode=mode, **result, cpu_ratio=round(ratio, 2), goal=1.5)


main()
