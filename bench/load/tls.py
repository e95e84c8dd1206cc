#!/usr/bin/env python3
"""What TLS costs: handshakes, full and resumed; a keep-alive GET and a look-up with and without it. Baseline of HTTP: HAProxy.

usage: bench/load/tls.py [--rounds 3] [--seconds 2]
CPU of the server. A handshake is measured with one GET behind it (openssl s_time -www, which asks by HTTP/1.0 on a new connection
each time); keep-alive by wrk; a look-up by pgbench over SQLite. Key: P-256. Needs the packages haproxy and wrk."""
import argparse, os, re, subprocess, tempfile

from common import HAProxy, Turnout, certificate, cpu_exact_ms, engine_config, http_port, median, say, wrk

parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--seconds", type=float, default=2)
args = parser.parse_args()

RETURN = "  bind 127.0.0.1:{port} ssl crt %s\n  http-request return status 200 content-type application/json string \"{}\"\n"
PGBENCH = "/usr/lib/postgresql/15/bin/pgbench"


def handshakes(port, pid, version, kind):
    """CPU in us per connection, connections per second."""
    before = cpu_exact_ms(pid)
    out = subprocess.run(["openssl", "s_time", "-connect", f"127.0.0.1:{port}", f"-{version}", f"-{kind}", "-www", "/healthz", "-time", str(max(1, round(args.seconds)))],
                         check=True, capture_output=True, text=True).stdout
    cpu = cpu_exact_ms(pid) - before
    count, seconds = map(int, re.search(r"(\d+) connections in (\d+) real seconds", out).groups())
    return cpu * 1000 / count, count / seconds


def look_ups(port, pid, mode, script):
    before = cpu_exact_ms(pid)
    out = subprocess.run([PGBENCH, "-n", "-M", "prepared", "-f", script, "-c", "8", "-j", "1", "-T", str(max(1, round(args.seconds))), "-h", "127.0.0.1", "-p", str(port),
                          "-U", "bench", "bench"], check=True, capture_output=True, text=True, env=dict(os.environ, PGSSLMODE=mode)).stdout
    cpu = cpu_exact_ms(pid) - before
    count = int(re.search(r"actually processed: (\d+)", out)[1])
    return cpu * 1000 / count, count / args.seconds


def main():
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        cert, key = certificate(folder)
        script = f"{folder}/one.sql"
        with open(script, "w") as file:
            file.write("SELECT 1;\n")
        tls = f", tls: {{ certFile: {cert}, keyFile: {key} }}"
        with Turnout(engine_config("sqlite", ":memory:").replace(", readOnly: true", ""), pg=tls, admin=tls) as turnout, \
                HAProxy(RETURN % f"{folder}/both.pem") as haproxy:
            port = http_port(turnout, "adminApi")
            for _ in range(args.rounds):
                for name, to, pid in (("turnout", port, turnout.pid), ("haproxy", haproxy.port, haproxy.pid)):
                    for version in ("tls1_3", "tls1_2"):
                        for kind in ("new", "reuse"):
                            results.setdefault((f"handshake {version} {kind}", name), []).append(handshakes(to, pid, version, kind))
                    results.setdefault(("keep-alive GET, https", name), []).append(wrk(f"https://127.0.0.1:{to}/healthz", args.seconds, 32, pid)[:2])
                results.setdefault(("keep-alive GET, http", "turnout"), []).append(wrk(f"http://127.0.0.1:{port}/healthz", args.seconds, 32, turnout.pid)[:2])
                for mode in ("disable", "require"):
                    results.setdefault((f"look-up, sslmode {mode}", "turnout"), []).append(look_ups(turnout.port, turnout.pid, mode, script))
    for (what, name), rounds in results.items():
        say(bench="tls", what=what, server=name, cpu_us=round(median([r[0] for r in rounds]), 1), per_second=round(median([r[1] for r in rounds])))


main()
