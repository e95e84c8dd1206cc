#!/usr/bin/env python3
"""Hostile clients of the HTTP listener, on loopback, and how a well-behaved one fares meanwhile.

usage: bench/load/hostile.py [--seconds 4] [--rounds 3] [--kinds half,lengths,drip,flood,renegotiate,logins,many,hang] [--connections 10000]
For each kind rounds with and without it alternate; the well-behaved clients are four connections of h2load (HTTP/1.1) with 100
requests per second each: p50, p99 and the longest in us, of all rounds together. Also the server's CPU per second and its memory
after it. An attack is bounded in time, connections and requests per second (--rate), so that it is the server that is measured
and not the lack of cores: the attackers' CPU is told, too. Needs the package nghttp2-client."""
import argparse, base64, os, resource, socket, ssl, subprocess, sys, tempfile, time

from common import Turnout, certificate, cpu_exact_ms, engine_config, http_port, median, memory_mb, raise_files, say

KINDS = ["half", "lengths", "drip", "flood", "renegotiate", "logins", "many", "hang"]
parser = argparse.ArgumentParser()
parser.add_argument("--seconds", type=float, default=4)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--kinds", default=",".join(KINDS))
parser.add_argument("--connections", type=int, default=10000, help="of `many`")
parser.add_argument("--rate", type=int, default=500, help="requests per second of lengths, flood and logins")
parser.add_argument("--attack", help=argparse.SUPPRESS)
parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
args = parser.parse_args()

WRONG = [b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
         b"Content-Length: -1\r\n\r\n", b"Content-Length: 99999999999999999999\r\n\r\n", b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
         b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n", b"Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", b"X: a\r\n b\r\n\r\n", b"X: a\n\n"]
POST = b"POST /healthz HTTP/1.1\r\nHost: localhost\r\n"


# ---- the attacks: generators that do a little and say how long to rest ----

def dial(source="127.0.0.1"):
    client = socket.socket()
    client.bind((source, 0))
    client.setblocking(False)
    client.connect_ex(("127.0.0.1", args.port))
    return client


def push(client, data):
    """False: the server has ended it."""
    try:
        client.send(data)
        return True
    except BlockingIOError:
        return True
    except OSError:
        client.close()
        return False


def held(count, first, then=None, every=1.0):
    """COUNT connections at once, each begun with FIRST, and THEN byte by byte."""
    clients = {}
    while True:
        while len(clients) < count:
            client = dial()
            clients[client] = 0
            if len(clients) % 50 == 0:
                yield 0.01
        yield 0.05
        begin = time.monotonic()
        for client in list(clients):
            if clients[client] == 0:
                ok = push(client, first)
            else:
                ok = push(client, then[clients[client] % len(then):][:1]) if then else True
            clients[client] += 1
            if not ok:
                del clients[client]
        yield max(0.05, every - (time.monotonic() - begin))


def each(data_of):
    """One connection for each request, at the rate."""
    number = 0
    open_ones = []
    while True:
        client = dial(f"127.0.{1 + number // 250 % 250}.{1 + number % 250}")
        client.setblocking(True)
        client.settimeout(5)
        push(client, data_of(number))
        open_ones.append(client)
        if len(open_ones) > 200:
            open_ones.pop(0).close()
        number += 1
        yield 1 / args.rate


def wrong_login(number):
    proof = base64.b64encode(b"user%d:guess%d" % (number % 50, number)).decode()
    return f"GET /admin/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {proof}\r\n\r\n".encode()


CHILDREN = []


def renegotiate():
    """Four at once, four times a second: starting openssl costs more than it does to the server."""
    while True:
        CHILDREN[:] = [c for c in CHILDREN if c.poll() is None]
        while len(CHILDREN) < 4:
            CHILDREN.append(subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{args.port}", "-tls1_2"], stdin=subprocess.PIPE,
                                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        yield 0.1
        for client in CHILDREN:
            try:
                client.stdin.write(b"R\n")
                client.stdin.flush()
            except OSError:
                client.kill()
        yield 0.15


def hang():
    """TLS: half of a ClientHello; or the whole, and then silence."""
    hello = ssl.MemoryBIO()
    session = ssl._create_unverified_context().wrap_bio(ssl.MemoryBIO(), hello)
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        pass
    whole = hello.read()
    return held(300, whole[:len(whole) // 2]), held(300, whole)


def many():
    clients = []
    while len(clients) < args.connections:
        clients.append(dial())
        push(clients[-1], b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" if len(clients) % 2 else b"")
        if len(clients) % 20 == 0:
            yield 0.004
    while True:
        yield 1


ATTACKS = {"half": lambda: [held(500, b"GET /healthz HTTP/1.1\r\nHost: loc")],
           "lengths": lambda: [each(lambda n: POST + WRONG[n % len(WRONG)])],
           "drip": lambda: [held(500, b"POST /heal", b"thz HTTP/1.1\r\nHost: localhost\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyyy")],
           "flood": lambda: [each(lambda n: b"GET / HTTP/1.1\r\nHost: localhost\r\n" + (b"A: b\r\n" * 200 if n % 2 else b"A: " + b"b" * 70000))],
           "renegotiate": lambda: [renegotiate()],
           "logins": lambda: [each(wrong_login)],
           "many": lambda: [many()],
           "hang": lambda: list(hang())}


def attack():
    raise_files(args.connections + 1000)
    until = time.monotonic() + args.seconds
    steps = [(0.0, step) for step in ATTACKS[args.attack]()]
    while time.monotonic() < until:
        now = time.monotonic()
        steps = [(now + next(step) if due <= now else due, step) for due, step in steps]
        time.sleep(max(0.0, min(due for due, _ in steps) - time.monotonic()))
    for child in CHILDREN:
        child.kill()
        child.wait()
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(sum(u.ru_utime + u.ru_stime for u in usage), flush=True)
    os._exit(0)  # the kernel closes what is open


# ---- measuring ----

def behave(port, pid, folder):
    """us of each request; CPU of the server per second."""
    log = os.path.join(folder, "log")
    open(log, "w").close()
    before = cpu_exact_ms(pid)
    subprocess.run(["h2load", "--h1", "-t1", "-c4", "--rps=100", f"-D{args.seconds:g}", f"--log-file={log}", f"http://127.0.0.1:{port}/healthz"], check=True,
                   capture_output=True)
    lines = [line.split() for line in open(log)]
    assert lines and all(status == "200" for _, status, _ in lines), lines[:3]
    return [int(us) for _, _, us in lines], (cpu_exact_ms(pid) - before) / args.seconds


def figures(rounds):
    us = sorted(us for of_round, _ in rounds for us in of_round)
    return {"p50_us": us[len(us) // 2], "p99_us": us[len(us) * 99 // 100], "longest_us": us[-1], "requests": len(us),
            "server_cpu_ms_per_s": round(median([cpu for _, cpu in rounds]), 1)}


def run(kind, turnout, port, folder):
    rounds, attackers = {"without": [], "with": []}, []
    for _ in range(args.rounds):
        rounds["without"].append(behave(port, turnout.pid, folder))
        process = subprocess.Popen([sys.executable, __file__, "--attack", kind, "--port", str(port), "--seconds", str(args.seconds * 1.5 + 1), "--rate", str(args.rate),
                                    "--connections", str(args.connections)], stdout=subprocess.PIPE, text=True)
        time.sleep(0.5 + args.seconds * 0.25)
        rounds["with"].append(behave(port, turnout.pid, folder))
        attackers.append(float(process.communicate(timeout=60)[0] or 0))
    row = {name: figures(results) for name, results in rounds.items()}
    say(bench="hostile", kind=kind, **row, p99_ratio=round(row["with"]["p99_us"] / row["without"]["p99_us"], 2), attackers_cpu=round(median(attackers) / (args.seconds * 1.5 + 1), 2), memory_mb=round(memory_mb(turnout.pid), 1))


def main():
    room = raise_files(args.connections + 1000)
    args.connections = min(args.connections, room - 1000)
    with tempfile.TemporaryDirectory() as folder:
        cert, key = certificate(folder)
        users = "  auth: { provider: static, staticUsers: { users: { alice: { password: secret, roles: [admin] } } } }\n"
        admin = f", maxConnections: 20000, tls: {{ certFile: {cert}, keyFile: {key} }}"
        for kind in args.kinds.split(","):
            with Turnout(engine_config("sqlite", ":memory:").replace(", readOnly: true", ""), users, admin=admin) as turnout:
                run(kind, turnout, http_port(turnout, "adminApi"), folder)


if args.attack:
    attack()
else:
    main()
