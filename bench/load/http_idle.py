#!/usr/bin/env python3
"""Memory of idle HTTP connections: connected, then after one GET each; plain, and with TLS. Baseline: HAProxy.

usage: bench/load/http_idle.py [--connections 10000] [--tls 2000]
Resident memory of the server; what the kernel keeps for sockets is not in it for either."""
import argparse, socket, ssl, tempfile

from common import HAProxy, Turnout, certificate, engine_config, http_port, memory_mb, raise_files, say

parser = argparse.ArgumentParser()
parser.add_argument("--connections", type=int, default=10000)
parser.add_argument("--tls", type=int, default=2000)
args = parser.parse_args()

RETURN = "  bind 127.0.0.1:{port}%s\n  http-request return status 200 content-type application/json string \"{}\"\n"


def ask(client):
    client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n")
    assert client.recv(4096).startswith(b"HTTP/1.1 200")


def measure(server, name, pid, port, count, context=None, goal=None):
    def connect():
        client = socket.create_connection(("127.0.0.1", port))
        return context.wrap_socket(client, server_hostname="localhost") if context else client

    ask(connect())
    start = memory_mb(pid)
    clients = [connect() for _ in range(count)]
    idle = memory_mb(pid)
    for client in clients:
        ask(client)
    asked = memory_mb(pid)
    say(bench="http_idle", server=server, kind=name, connections=count, start_mb=round(start, 1), idle_mb=round(idle, 1), after_a_get_mb=round(asked, 1),
        kb_per_connection=round((asked - start) * 1024 / count, 2), **({"goal_mb": goal} if goal else {}))
    for client in clients:
        client.close()


def main():
    room = raise_files(2 * args.connections + 100) - 500
    count = min(args.connections, room)
    context = ssl._create_unverified_context()
    with tempfile.TemporaryDirectory() as folder:
        cert, key = certificate(folder)
        config = engine_config("sqlite", ":memory:").replace(", readOnly: true", "")
        admin = f", maxConnections: 20000, idleTimeout: 1h, tls: {{ certFile: {cert}, keyFile: {key} }}"
        for name, number, tls in (("plain", count, None), ("TLS 1.3", args.tls, context)):  # new servers: an allocator keeps memory
            with Turnout(config, admin=admin) as turnout:
                measure("turnout", name, turnout.pid, http_port(turnout, "adminApi"), number, tls, 150 if tls is None else None)
            with HAProxy(RETURN % (f" ssl crt {folder}/both.pem" if tls else "")) as haproxy:
                measure("haproxy", name, haproxy.pid, haproxy.port, min(number, 8900), tls)


main()
