#!/usr/bin/env python3
"""Memory of idle client connections: logged in, then after one query each; Turnout and, as baseline, PgBouncer.

usage: bench/load/idle.py [--connections 10000]
Resident memory of the proxy; what the kernel keeps for sockets is not in it for either."""
import argparse, tempfile, os, sqlite3, time

from common import Client, Turnout, engine_config, memory_mb, raise_files, say
from servers import PgBouncer, PostgresServer

parser = argparse.ArgumentParser()
parser.add_argument("--connections", type=int, default=10000)
args = parser.parse_args()


def measure(name, pid, connect, goal=None):
    start = memory_mb(pid)
    begin = time.monotonic()
    clients = [connect() for _ in range(args.connections)]
    seconds = time.monotonic() - begin
    idle = memory_mb(pid)
    for client in clients:
        client.ask("SELECT 1")
    asked = memory_mb(pid)
    say(bench="idle", proxy=name, connections=len(clients), start_mb=round(start, 1), idle_mb=round(idle, 1),
        after_a_query_mb=round(asked, 1), kb_per_connection=round((asked - start) * 1024 / len(clients), 2),
        connects_per_second=round(len(clients) / seconds), **({"goal_mb": goal} if goal else {}))
    for client in clients:
        client.close()


def main():
    room = raise_files(args.connections + 500)
    if room < args.connections + 500:
        args.connections = room - 500
        say(bench="idle", note=f"ulimit -n allows {room} files: {args.connections} connections")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "one.sqlite")
        sqlite3.connect(path).execute("CREATE TABLE t (a int)")
        with Turnout(engine_config("sqlite", path)) as turnout:
            measure("turnout", turnout.pid, lambda: Client(turnout.port), goal=200)
    with PostgresServer() as server, PgBouncer(server, settings={"auth_type": "trust", "max_client_conn": args.connections + 100}) as bouncer:
        measure("pgbouncer", bouncer.pid(), lambda: Client(bouncer.port, user=server.user))


main()
