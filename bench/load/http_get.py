#!/usr/bin/env python3
"""A keep-alive GET answered from memory: Turnout's /healthz, and as baseline HAProxy's `http-request return`.

usage: bench/load/http_get.py [--rounds 5] [--seconds 3] [--connections 32] [--threads 2]
wrk asks, on one thread; both servers have as many threads and answer with the same bytes of body. Rounds alternate; CPU of the
server per request is what counts. Needs the packages haproxy and wrk."""
import argparse

from common import HAProxy, Turnout, engine_config, http_port, median, say, wrk

parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--seconds", type=float, default=3)
parser.add_argument("--connections", type=int, default=32)
parser.add_argument("--threads", type=int, default=2)
args = parser.parse_args()

RETURN = """  bind 127.0.0.1:{port}
  http-request return status 200 content-type application/json string "{\\"status\\":\\"ok\\"}"
"""


def main():
    results = {"turnout": [], "haproxy": []}
    with Turnout(engine_config("sqlite", ":memory:").replace(", readOnly: true", ""), f"  workers: {args.threads}\n") as turnout, HAProxy(RETURN, args.threads) as haproxy:
        targets = {"turnout": (f"http://127.0.0.1:{http_port(turnout, 'adminApi')}/healthz", turnout.pid),
                   "haproxy": (f"http://127.0.0.1:{haproxy.port}/healthz", haproxy.pid)}
        for _ in range(args.rounds):
            for name, (url, pid) in targets.items():
                results[name].append(wrk(url, args.seconds, args.connections, pid))
    for name, rounds in results.items():
        say(bench="http", server=name, connections=args.connections, cpu_us=round(median([r[0] for r in rounds]), 2),
            requests_per_second=round(median([r[1] for r in rounds])))
    say(bench="http", cpu_ratio=round(median([t[0] / h[0] for t, h in zip(results["turnout"], results["haproxy"])]), 2), goal=1.5)


main()
