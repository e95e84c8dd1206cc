#!/usr/bin/env python3
"""What learning costs a query: pgbench select-only through three Turnouts over one PostgreSQL, alternating rounds, medians of CPU.

usage: bench/load/learning.py [--seconds 4] [--rounds 5] [--clients 8] [--modes simple,prepared]
  off      statistics.enabled: false
  static   strategy roundRobin: every run is learned, nothing is decided by it
  latency  strategy latency: every query is decided and learned"""
import argparse, contextlib, re, subprocess

from common import Turnout, cpu_us, median, postgres_config, say
from servers import PostgresServer

parser = argparse.ArgumentParser()
parser.add_argument("--seconds", type=int, default=4)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--clients", type=int, default=8)
parser.add_argument("--modes", default="simple,prepared")
args = parser.parse_args()
VARIANTS = {"off": ("false", "roundRobin"), "static": ("true", "roundRobin"), "latency": ("true", "latency")}


def turnout(server, statistics, strategy):
    config = postgres_config(server).replace("members: [pg]", f"members: [pg], strategy: {{ type: {strategy} }}")
    return Turnout(config, f"  statistics: {{ enabled: {statistics} }}\n")


def pgbench(port, mode):
    out = subprocess.run(["pgbench", "-n", "-S", "-M", mode, "-c", str(args.clients), "-j", "1", "-T", str(args.seconds),
                          f"postgresql://u@127.0.0.1:{port}/postgres"], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"actually processed: (\d+)", out)[1])


def main():
    with PostgresServer() as server, contextlib.ExitStack() as stack:
        subprocess.run(["pgbench", "-i", "-q", "-s", "10", server.dsn()], check=True, capture_output=True)
        targets = {name: stack.enter_context(turnout(server, *variant)) for name, variant in VARIANTS.items()}
        for mode in args.modes.split(","):
            rounds = {name: [] for name in targets}
            for _ in range(args.rounds):
                for name, target in targets.items():
                    before = cpu_us(target.pid)
                    count = pgbench(target.port, mode)
                    rounds[name].append((cpu_us(target.pid) - before) / count)
            more = {name: round(median([a - b for a, b in zip(rounds[name], rounds["off"])]), 1) for name in ("static", "latency")}
            say(bench="learning", mode=mode, cpu_us={name: round(median(values), 1) for name, values in rounds.items()}, more_us=more, goal_us=2)


main()
