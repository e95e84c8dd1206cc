#!/usr/bin/env python3
"""A keep-alive GET answered from memory: Turnout's /healthz, and as baseline HAProxy's `http-request return`.

usage: bench/load/http.py [--rounds 5] [--seconds 3] [--connections 32] [--threads 2]
wrk asks, on one thread; both servers have as many threads and answer with the same bytes of body. Rounds alternate; CPU of the
server per request is what counts. Needs the packages haproxy and wrk."""
import argparse, pathlib, re, socket, subprocess, tempfile, time

from common import Turnout, cpu_exact_ms, engine_config, http_port, median, say

parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--seconds", type=float, default=3)
parser.add_argument("--connections", type=int, default=32)
parser.add_argument("--threads", type=int, default=2)
args = parser.parse_args()

HAPROXY = r"""global
  nbthread {threads}
  maxconn 9000
defaults
  mode http
  timeout client 60s
  timeout connect 10s
  timeout server 60s
frontend memory
  bind 127.0.0.1:{port}
  http-request return status 200 content-type application/json string "{{\"status\":\"ok\"}}"
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class HAProxy:
    def __init__(self):
        self.dir = tempfile.TemporaryDirectory(prefix="haproxy-")
        self.port = free_port()
        config = pathlib.Path(self.dir.name, "haproxy.cfg")
        config.write_text(HAPROXY.format(threads=args.threads, port=self.port))
        self.process = subprocess.Popen(["haproxy", "-db", "-f", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.pid = self.process.pid
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(self.process.stderr.read().decode())
                time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.terminate()
        self.process.wait(20)
        self.dir.cleanup()


def load(url, pid):
    """CPU of the server in us per request, requests per second."""
    before = cpu_exact_ms(pid)
    out = subprocess.run(["wrk", "-t1", f"-c{args.connections}", f"-d{args.seconds:g}s", url], check=True, capture_output=True, text=True).stdout
    cpu = cpu_exact_ms(pid) - before
    requests = int(re.search(r"(\d+) requests in", out)[1])
    if "Non-2xx" in out or "Socket errors" in out:
        raise RuntimeError(out)
    return cpu * 1000 / requests, requests / args.seconds


def main():
    results = {"turnout": [], "haproxy": []}
    with Turnout(engine_config("sqlite", ":memory:").replace(", readOnly: true", ""), f"  workers: {args.threads}\n") as turnout, HAProxy() as haproxy:
        targets = {"turnout": (f"http://127.0.0.1:{http_port(turnout, 'adminApi')}/healthz", turnout.pid),
                   "haproxy": (f"http://127.0.0.1:{haproxy.port}/healthz", haproxy.pid)}
        for _ in range(args.rounds):
            for name, target in targets.items():
                results[name].append(load(*target))
    for name, rounds in results.items():
        say(bench="http", server=name, connections=args.connections, cpu_us=round(median([cpu for cpu, _ in rounds]), 2),
            requests_per_second=round(median([rate for _, rate in rounds])))
    say(bench="http", cpu_ratio=round(median([t[0] / h[0] for t, h in zip(results["turnout"], results["haproxy"])]), 2), goal=1.5)


main()
