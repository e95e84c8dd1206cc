#!/usr/bin/env python3
"""What stands before a Trino costs: the same clients ask it directly, through HAProxy, through Turnout and through Trino Gateway, in
alternating rounds of one run. Whole protocol (POST, then every link until there is none), one kept connection a client.

usage: bench/load/trino_http.py mock [--gets N]    a mock Trino (bench/micro/trino_mock.c): what is between is all there is to see;
                                                  --gets 0: the answer to POST holds the row, as the nearest peer's benchmark has it
       bench/load/trino_http.py trino              a real Trino 476: SELECT 1, and 100,000 rows of tpch.sf1.orders
       --clients 1,32  --rounds 7  --queries 20000  --gateway JAR (with-dependencies, of io.trino.gateway:gateway-ha:20; needs PostgreSQL)

One JSON object a line: per side and number of clients the median over the rounds of p50 and p95 of a query and of its requests in
microseconds, CPU of the process between per request, and what it added over direct in the same round."""
import argparse, contextlib, json, os, pathlib, re, subprocess, sys, tempfile, time, urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import common

SQL = {"SELECT 1": "SELECT 1", "100,000 rows": "SELECT orderkey, custkey, orderstatus, totalprice, orderdate, clerk, comment FROM tpch.sf1.orders LIMIT 100000"}


@contextlib.contextmanager
def process(*command, **more):
    """A program that is ended with the block."""
    with subprocess.Popen(command, **more) as running:
        try:
            yield running
        finally:
            running.terminate()


def wait_for(url, seconds=120):
    end = time.monotonic() + seconds
    while True:
        try:
            return urllib.request.urlopen(url, timeout=5).read()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def mock(gets):
    with process(common.micro("trino_mock"), "0", str(gets), stdout=subprocess.PIPE, text=True) as running:
        yield int(running.stdout.readline())


@contextlib.contextmanager
def real():
    import trino_server  # of the end-to-end tests
    with trino_server.TrinoServer() as server:
        yield server.port


@contextlib.contextmanager
def haproxy(target, folder):
    port = free_port()
    path = pathlib.Path(folder, "haproxy.cfg")
    path.write_text(f"""global
  nbthread 1
  maxconn 2000
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  http-reuse always
frontend f
  bind 127.0.0.1:{port}
  default_backend b
backend b
  option forwardfor
  server s 127.0.0.1:{target}
""")
    with process("haproxy", "-db", "-q", "-f", str(path)) as running:
        wait_for(f"http://127.0.0.1:{port}/v1/info")
        yield port, running.pid


@contextlib.contextmanager
def turnout(target, folder):
    config = f"""clusters:
  t: {{ engine: trino, endpoint: "http://127.0.0.1:{target}" }}
clusterGroups:
  all: {{ members: [t], maxRunningQueries: 1000 }}
routingFallback: all
"""
    with common.Turnout(config, http="trinoHttp: { port: 0 }") as proxy:
        port = proxy.port_of("trinoHttp")
        end = time.monotonic() + 60
        while "now=up" not in proxy.log.read_text() and time.monotonic() < end:
            time.sleep(0.1)
        yield port, proxy.pid


@contextlib.contextmanager
def gateway(target, folder, jar):
    """Trino Gateway with a PostgreSQL of its own."""
    import servers, trino_server
    port = free_port()
    with servers.PostgresServer() as store:
        path = pathlib.Path(folder, "gateway.yaml")
        path.write_text(f"""serverConfig: {{ node.environment: bench, node.bind-ip: 127.0.0.1, http-server.http.port: {port} }}
routingRules: {{ rulesEngineEnabled: False }}
dataStore: {{ jdbcUrl: "jdbc:postgresql://127.0.0.1:{store.port}/postgres", user: {store.user}, password: "{store.password}", driver: org.postgresql.Driver, queryHistoryHoursRetention: 24 }}
clusterStatsConfiguration: {{ monitorType: INFO_API }}
monitor: {{ taskDelay: 5s }}
extraWhitelistPaths: [/v1/spooled/.*]
""")
        java = os.path.join(trino_server.java_home(), "bin", "java")
        with open(pathlib.Path(folder, "gateway.log"), "w") as log, process(java, "-Xmx1g", "-jar", os.path.abspath(jar), str(path), stdout=log, stderr=log, cwd=folder) as running:
            wait_for(f"http://127.0.0.1:{port}/trino-gateway/livez")
            body = json.dumps({"name": "t", "proxyTo": f"http://127.0.0.1:{target}", "active": True, "routingGroup": "adhoc"}).encode()
            urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/gateway/backend/modify/add", body, {"Content-Type": "application/json"}))
            time.sleep(12)  # two rounds of its monitor
            yield port, running.pid


def load(port, clients, queries, sql):
    done = subprocess.run([common.micro("trino_load"), str(port), str(clients), str(queries), sql, "tpch"], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def measure(sides, clients, queries, sql, rounds):
    taken = {name: [] for name in sides}
    for name, (port, _) in sides.items():
        load(port, clients, max(clients, queries // 10), sql)
    for number in range(rounds):
        names = list(sides) if number % 2 == 0 else list(sides)[::-1]
        for name in names:
            port, pid = sides[name]
            before = common.cpu_exact_ms(pid) if pid else 0
            result = load(port, clients, queries, sql)
            result["cpu_us"] = (common.cpu_exact_ms(pid) - before) * 1000 / result["requests"] if pid else 0
            result["cpu_us_query"] = (common.cpu_exact_ms(pid) - before) * 1000 / result["query"]["n"] if pid else 0
            taken[name].append(result)
    return taken


def tell(what, clients, taken):
    direct = taken["direct"]
    for name, results in taken.items():
        def mid(get):
            return round(common.median([get(result) for result in results]), 1)

        def added(p):
            pairs = zip(results, direct)
            return round(common.median([(r["query"][p] - d["query"][p]) / (d["requests"] / d["query"]["n"]) for r, d in pairs]), 1)
        line = {"what": what, "side": name, "clients": clients, "query_p50_us": mid(lambda r: r["query"]["p50"]), "query_p95_us": mid(lambda r: r["query"]["p95"]),
                "post_p50_us": mid(lambda r: r["post"]["p50"]), "requests_per_query": mid(lambda r: r["requests"] / r["query"]["n"]),
                "cpu_us_per_request": mid(lambda r: r["cpu_us"]), "cpu_us_per_query": mid(lambda r: r["cpu_us_query"]),
                "queries_per_s": mid(lambda r: r["query"]["n"] / r["seconds"])}
        if all("p50" in r["get"] for r in results):
            line |= {"get_p50_us": mid(lambda r: r["get"]["p50"]), "get_p95_us": mid(lambda r: r["get"]["p95"])}
        if name != "direct":
            line |= {"added_p50_us_per_direct_request": added("p50"), "added_p95_us_per_direct_request": added("p95")}
        common.say(**line)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=["mock", "trino"])
    parser.add_argument("--gets", type=int, default=2)
    parser.add_argument("--clients", default="1,32")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--queries", type=int, default=20000)
    parser.add_argument("--gateway")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="turnout-bench-"))
        target = stack.enter_context(mock(options.gets) if options.target == "mock" else real())
        sides = {"direct": (target, 0), "haproxy": stack.enter_context(haproxy(target, folder)), "turnout": stack.enter_context(turnout(target, folder))}
        if options.gateway:
            sides["gateway"] = stack.enter_context(gateway(target, folder, options.gateway))
        for what, sql in list(SQL.items())[:1 if options.target == "mock" else 2]:
            for clients in map(int, options.clients.split(",")):
                queries = max(clients, options.queries // (1 if options.target == "mock" else 200) // (1 if what == "SELECT 1" else 10))
                tell(f"{options.target} {what}" + (f" gets={options.gets}" if options.target == "mock" else ""), clients,
                     measure(sides, clients, queries, sql, options.rounds))


if __name__ == "__main__":
    main()
