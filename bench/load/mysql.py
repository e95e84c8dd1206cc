#!/usr/bin/env python3
"""What stands before a MariaDB costs: sysbench asks the server itself, through HAProxy (which passes bytes and reads nothing) and through
Turnout's MySQL frontend, in alternating rounds of one run, with one client library for all of them.

usage: bench/load/mysql.py [--seconds 3] [--rounds 5] [--clients 1,32] [--tests point_select,read_only] [--tls] [--rate N]
One JSON object a line: per side the median over the rounds of p50 and p95 of a query in microseconds (of read_only: of a transaction, divided by
its 16 statements), CPU of the process between per query, and the median of what it added over direct in the same round.
--rate: so many transactions a second from all clients together; without it each client asks again at once, and with more clients than the machine
can serve p50 tells how much of it a query takes, whoever stands between.
`prepared` is COM_STMT_EXECUTE, `simple` COM_QUERY. Needs `tools/setup bench test`."""
import argparse, os, re, subprocess, sys

from common import Turnout, cpu_exact_ms, free_port, HAProxy, median, raise_files, say

from mysql_server import MariaDbServer

ROWS = 10000
STATEMENTS = {"point_select": 1, "read_only": 16}  # of a transaction: BEGIN, 10 look-ups, 4 ranges, COMMIT

parser = argparse.ArgumentParser()
parser.add_argument("--seconds", type=float, default=3)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--clients", default="1,32")
parser.add_argument("--tests", default="point_select,read_only")
parser.add_argument("--tls", action="store_true", help="TLS between Turnout and the server")
parser.add_argument("--rate", type=int, default=0, help="transactions a second; 0: as fast as it goes")
args = parser.parse_args()


def sysbench(test, port, user, password, clients, *more):
    done = subprocess.run(["sysbench", f"oltp_{test}", "--db-driver=mysql", "--mysql-host=127.0.0.1", f"--mysql-port={port}", f"--mysql-user={user}",
                           f"--mysql-password={password}", "--mysql-db=bench", "--mysql-ssl=off", "--tables=1", f"--table-size={ROWS}",
                           f"--threads={clients}", f"--rate={args.rate}", f"--time={args.seconds:g}", *more], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"sysbench: {done.stdout[-600:]}{done.stderr[-600:]}")
    return done.stdout


def measure(test, side, clients, prepared):
    """p50 and p95 of a statement in us, statements, CPU of the process between in us."""
    port, user, password, pid = side
    before = cpu_exact_ms(pid) if pid else 0
    out = sysbench(test, port, user, password, clients, f"--db-ps-mode={'auto' if prepared else 'disable'}", "--histogram=on", "run")
    cpu = (cpu_exact_ms(pid) - before) * 1000 if pid else 0
    bins = [(float(ms), int(count)) for ms, count in re.findall(r"^\s*([\d.]+) \|.*?(\d+)$", out, re.M)]
    total = sum(count for _, count in bins)

    def quantile(q):
        seen = 0
        for ms, count in bins:
            seen += count
            if seen >= q * total:
                return ms * 1000 / STATEMENTS[test]
        return 0
    return quantile(0.5), quantile(0.95), total * STATEMENTS[test], cpu


def compare(test, sides, clients, prepared):
    rounds = [{name: measure(test, side, clients, prepared) for name, side in sides.items()} for _ in range(args.rounds)]
    for name in sides:
        mine = [r[name] for r in rounds]
        more = {} if name == "direct" else {
            "cpu_us_a_query": round(median([cpu / count for _, _, count, cpu in mine]), 1),
            "added_p50_us": round(median([r[name][0] - r["direct"][0] for r in rounds]), 1),
            "added_p95_us": round(median([r[name][1] - r["direct"][1] for r in rounds]), 1)}
        say(bench="mysql", test=test, way="prepared" if prepared else "simple", clients=clients, **({"rate": args.rate} if args.rate else {}), side=name, p50_us=round(median([m[0] for m in mine]), 1),
            p95_us=round(median([m[1] for m in mine]), 1), queries_per_s=round(median([m[2] for m in mine]) / args.seconds), **more,
            load=round(os.getloadavg()[0], 1))


def main():
    raise_files(4096)
    with MariaDbServer([] if args.tls else ["--skip-ssl"]) as server:
        server.create_database("bench")
        server.sql("CREATE USER bench IDENTIFIED BY 'bench'", "bench")
        server.sql("GRANT ALL ON bench.* TO bench", "bench")
        sysbench("point_select", server.port, "bench", "bench", 1, "prepare")
        config = (f"clusters:\n  m: {{ engine: mysql, endpoint: \"{server.endpoint('bench')}\", sslMode: {'require' if args.tls else 'disable'},\n"
                  f"       auth: {{ type: basic, username: {server.user}, password: {server.password} }} }}\n"
                  "clusterGroups:\n  all: { members: [m] }\nroutingFallback: all\n")
        port = free_port()
        between = f"  bind 127.0.0.1:{{port}}\n  mode tcp\n  default_backend b\nbackend b\n  mode tcp\n  server s 127.0.0.1:{server.port}\n"
        with Turnout(config, http=f"mysqlWire: {{ port: {port} }}, trinoHttp: {{ enabled: false }}") as turnout, HAProxy(between) as haproxy:
            sides = {"direct": (server.port, "bench", "bench", 0), "haproxy": (haproxy.port, "bench", "bench", haproxy.pid),
                     "turnout": (port, "bench", "", turnout.pid)}
            for test in args.tests.split(","):
                for clients in args.clients.split(","):
                    for prepared in (False, True):
                        compare(test, sides, int(clients), prepared)


main()
