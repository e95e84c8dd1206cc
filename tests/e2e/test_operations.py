"""What an operator does: check, start, watch, change, look back; by command line, HTTP, signals and log."""

import base64
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

import ops
import proxy as proxy_module
import servers
import wire

ROOT = proxy_module.ROOT
COMMANDS = ("serve", "check", "user", "reload", "status", "history", "explain", "shapes", "reset", "freeze", "translate", "compare", "replay", "simulate",
            "cancel", "maintenance", "version", "help")


def turnout(*arguments, env=None, cwd=None):
    """The program by itself; its CompletedProcess."""
    return subprocess.run([proxy_module.binary(), *arguments], capture_output=True, text=True, timeout=100, check=False, cwd=cwd,
                          env={**os.environ, **(env or {})})


# ---- check ----

GOOD = """\
turnout:
  frontends: { postgresWire: { port: 0 } }
  adminApi: { port: 0 }
clusters:
  a: { engine: sqlite }
clusterGroups:
  g: { members: [a] }
routingFallback: g
"""

# name: the file, and for each of its errors: line, key path, words of the text
BAD = {
    "unknown_keys": (GOOD.replace("engine: sqlite", "engine: sqlite, databasPath: x").replace("turnout:", "turnout:\n  worker: 2", 1), [
        (2, "turnout.worker", "did you mean `workers`"), (6, "clusters.a.databasPath", "did you mean `databasePath`")]),
    "dangling": (GOOD.replace("members: [a]", "members: [a, bb]").replace("routingFallback: g", "routingFallback: gg") +
                 "routers:\n  - { type: protocolBased, postgresWire: h }\n", [
        (7, "clusterGroups.g.members", "bb"), (8, "routingFallback", "gg"), (10, "routers[0].postgresWire", "h")]),
    "duplicate_names": (GOOD.replace("  a: { engine: sqlite }", "  a: { engine: sqlite }\n  a: { engine: sqlite }"), [
        (6, "clusters.a", "twice")]),
    "duplicate_ports": (GOOD.replace("port: 0", "port: 7800"), [(3, "turnout.adminApi.port", "same address and port")]),
    "regex": (GOOD + "routers:\n  - type: queryRegex\n    rules:\n      - { regex: \"^(SELECT\", targetGroup: g }\n", [
        (12, "routers[0].rules[0].regex", "parenthes")]),
    "sizes": (GOOD.replace("adminApi:", "history: { maxSize: 10XB, maxAge: soon }\n  shutdownTimeout: -3s\n  adminApi:"), [
        (3, "turnout.history.maxSize", "10MB"), (3, "turnout.history.maxAge", "30s"), (4, "turnout.shutdownTimeout", "-3s")]),
    "types": (GOOD.replace("engine: sqlite", "engine: sqllite, readOnly: perhaps, poolSize: many"), [
        (5, "clusters.a.engine", "did you mean `sqlite`"), (5, "clusters.a.readOnly", "true or false"), (5, "clusters.a.poolSize", "many")]),
    "range": (GOOD.replace("port: 0 } }", "port: 70000 } }"), [(2, "turnout.frontends.postgresWire.port", "65535")]),
    "secret": (GOOD.replace("adminApi: {", "adminApi: { username: u, password: ${NO_SUCH_VARIABLE},"), [
        (3, "turnout.adminApi.password", "NO_SUCH_VARIABLE")]),
    "secret_file": (GOOD.replace("adminApi: {", "adminApi: { username: u, password: {file: /no/such/file},"), [
        (3, "turnout.adminApi.password", "/no/such/file")]),
    "router_type": (GOOD + "routers:\n  - { type: queryRegexp, rules: [] }\n", [(10, "routers[0].type", "did you mean `queryRegex`")]),
    "yaml": (GOOD + "routers: [ {\n", [(None, "", "")]),
    "empty": ("", [(1, "", "empty")]),
    "fallback_cycle": (GOOD.replace("members: [a]", "members: [a], fallbackGroup: g"), [(7, "clusterGroups.g.fallbackGroup", "")]),
    "no_fallback": (GOOD.replace("routingFallback: g\n", ""), [(None, "routingFallback", "")]),
    "one_file": (GOOD.replace("adminApi:", "persistence: { path: kept.db }\n  statistics: { path: ./kept.db }\n  adminApi:"), [(4, "turnout.statistics.path", "persistence.path")]),
    "endpoint": (GOOD.replace("engine: sqlite", "engine: postgres"), [(5, "clusters.a.endpoint", "postgresql://")]),
}


@pytest.mark.parametrize("name", BAD)
def test_check_finds_all(name, tmp_path):
    text, expected = BAD[name]
    path = tmp_path / f"{name}.yaml"
    path.write_text(text)
    plain = turnout("check", str(path))
    assert plain.returncode == 1
    answer = json.loads(turnout("check", "--json", str(path)).stdout)
    assert (answer["ok"], answer["errors"]) == (False, len(expected)), answer
    found = [p for p in answer["problems"] if p["kind"] == "error"]
    for line, key, words in expected:
        match = [p for p in found if p["path"].startswith(key) and (line is None or p["line"] == line) and words in p["text"]]
        assert match, (line, key, words, found)
        if match[0]["line"] > 0:
            assert f"{path}:{match[0]['line']}: error: " in plain.stdout
        assert match[0]["text"] in plain.stdout
    assert f"{path}: {len(expected)} error" in plain.stdout
    # and serve refuses it with the very same words
    serve = turnout("serve", "--config", str(path))
    assert serve.returncode == 1
    assert found[0]["text"] in serve.stderr


def test_check_of_good_files(tmp_path):
    for name in ("demo.yaml", "example.yaml"):
        with open(os.path.join(ROOT, "config", name), encoding="utf-8") as file:
            (tmp_path / name).write_text(file.read().replace("build/python/bin/python", sys.executable))  # tools/run makes that one
        done = turnout("check", str(tmp_path / name), cwd=ROOT)
        assert done.returncode == 0, done.stdout
        assert "error" not in done.stdout and "warning" not in done.stdout
    path = tmp_path / "good.yaml"
    path.write_text(GOOD)
    done = turnout("check", str(path))
    assert (done.returncode, done.stdout) == (0, f"{path}: ok: 1 cluster, 1 group, 0 routers\n")
    assert turnout("check", str(tmp_path / "missing.yaml")).returncode == 1
    assert "missing.yaml" in turnout("check", str(tmp_path / "missing.yaml")).stdout


QUERYFLUX = """\
queryflux:
  externalAddress: http://localhost:8080
  frontends:
    trinoHttp:    { enabled: true, port: 8080 }
    postgresWire: { enabled: true, port: 5432 }
    mysqlWire:    { enabled: true, port: 3306, maxConnections: 500 }
    mcp:          { enabled: true, port: 8811 }
  persistence: { type: inMemory }
  adminApi: { port: 9000, username: admin, password: change-me }
clusters:
  trino-1:  { engine: trino, endpoint: http://trino:8080, auth: { type: basic, username: svc, password: pw-svc } }
  duckdb-1: { engine: duckDb, databasePath: /data/a.duckdb }
clusterGroups:
  heavy:
    members: [trino-1]
    maxRunningQueries: 100
    maxQueuedQueries: 500
    strategy: { type: leastLoaded }
    circuitBreaker: { windowSecs: 60, minRequests: 10, failureRatePercent: 50 }
  fast:
    members: [duckdb-1]
    maxRunningQueries: 4
    cache: { enabled: true, ttlSecs: 300 }
    defaultTags: { env: prod }
routers:
  - { type: protocolBased, mysqlWire: fast, mcp: fast }
  - type: queryRegex
    rules:
      - { regex: "(?i)^drop ", action: deny, error: "DDL is not allowed" }
      - { regex: "(?i)join", targetGroup: heavy }
  - type: tags
    rules: [ { tags: { batch: null }, targetGroup: heavy } ]
routingFallback: fast
guardrails:
  global: [ { kind: built_in, name: read_only } ]
  groups: { fast: [ { kind: built_in, name: row_limit, max_rows: 5000 } ] }
"""


def test_check_of_a_file_of_queryflux(tmp_path, proxies, make_engine):
    path = tmp_path / "queryflux.yaml"
    path.write_text(QUERYFLUX)
    done = turnout("check", str(path))
    assert done.returncode == 1
    for line, key, kind in ((2, "queryflux.externalAddress", "warning"),
                            (7, "queryflux.frontends.mcp", "warning"),
                            (19, "clusterGroups.heavy.circuitBreaker", "warning"),
                            (23, "clusterGroups.fast.cache", "warning"), (34, "guardrails", "error")):
        assert re.search(rf"{path}:{line}: {kind}: {re.escape(key)}: .*known, not supported yet", done.stdout), (key, done.stdout)
    assert re.search(rf"{path}:11: warning: clusters.trino-1.endpoint: the password or token is sent in the clear", done.stdout)
    assert "change-me" not in done.stdout and "pw-svc" not in done.stdout
    assert "unknown key" not in done.stdout
    # without what is not served the rest means what it says
    make_engine("duckDb")
    text = re.sub(r"(?s)guardrails:.*", "", QUERYFLUX).replace("  trino-1:  { engine: trino, endpoint: http://trino:8080, auth: "
                  "{ type: basic, username: svc, password: pw-svc } }", f"  trino-1: {{ engine: duckDb, databasePath: {tmp_path}/h.duckdb }}")
    text = text.replace("/data/a.duckdb", f"{tmp_path}/a.duckdb").replace("port: 5432", "port: 0").replace("port: 3306", "port: 0").replace("port: 9000", "port: 0")
    proxy = proxies(text)
    with wire.Wire(proxy.port) as client:
        assert client.fails("drop table x").message == "DDL is not allowed"
        assert client.value("SELECT 1 AS a") == "1"
        assert client.value("SELECT count(*) FROM (SELECT 1 AS i) a JOIN (SELECT 1 AS i) b USING (i)") == "1"
    headers = {"Authorization": "Basic " + base64.b64encode(b"admin:change-me").decode()}
    records = proxy.wait_for(lambda: (lambda found: found if len(found) == 3 else None)(
        proxy.admin("/admin/history", headers=headers)[1]["records"]), what="three records")
    assert [(record["group"], record["outcome"], record["tags"]) for record in records] == \
        [("heavy", "ok", ""), ("fast", "ok", "env:prod"), ("", "denied", "")]


# ---- the command line ----

def test_help_and_version():
    top = turnout("--help")
    assert top.returncode == 0
    assert re.findall(r"^  (\w+) ", top.stdout.split("\nCommands:\n")[1].split("\n\n")[0], re.M) == list(COMMANDS)
    for command in COMMANDS:
        for arguments in ((command, "--help"), (command, "-h"), ("help", command)):
            done = turnout(*arguments)
            assert (done.returncode, done.stderr) == (0, "")
            assert f"turnout {command}" in done.stdout and "\n\nUsage:" in done.stdout and "\n\nOptions:\n" in done.stdout
            assert re.search(r"[^\n]\n$", done.stdout)
    version = turnout("version")
    assert re.fullmatch(r"turnout \d+\.\d+\.\d+\n", version.stdout)
    assert turnout("--version").stdout == version.stdout
    assert json.loads(turnout("version", "--json").stdout)["version"] == version.stdout.split()[1]


@pytest.mark.parametrize("arguments", [
    (), ("serv",), ("--nonsense",), ("serve",), ("serve", "--confg", "x"), ("check",), ("check", "a", "b"), ("history", "--since", "yore"),
    ("history", "--limit", "many"), ("history", "--outcome", "fine"), ("cancel",), ("cancel", "x"), ("maintenance", "maybe", "a"),
    ("maintenance", "on"), ("status", "--json=yes"), ("status", "extra"), ("version", "-x"), ("reload", "--admin"),
], ids=" ".join)
def test_wrong_use_exits_with_2(arguments):
    done = turnout(*arguments)
    assert done.returncode == 2
    assert done.stdout == "" and done.stderr.strip()
    if arguments == ("serv",):
        assert "did you mean `serve`" in done.stderr
    if "--confg" in arguments:
        assert "did you mean --config" in done.stderr


def test_failures_exit_with_1(tmp_path):
    port = servers.free_port()
    for arguments in (("status",), ("reload",), ("cancel", "1"), ("maintenance", "on", "a")):
        done = turnout(*arguments, "--admin", f"http://127.0.0.1:{port}")
        assert done.returncode == 1 and str(port) in done.stderr, done
    done = turnout("history", "--file", str(tmp_path / "none.db"))
    assert done.returncode == 1 and "none.db" in done.stderr
    done = turnout("serve", "--config", str(tmp_path / "none.yaml"))
    assert done.returncode == 1 and "none.yaml" in done.stderr


@pytest.mark.parametrize("section", ["adminApi", "frontends.postgresWire", "frontends.mysqlWire", "frontends.trinoHttp", "frontends.restHttp"])
def test_what_keeps_it_from_starting_is_named(section, tmp_path):
    """A port in use: the section that asks for it; a database that is not there: its cluster, once."""
    door = {"port": 0}
    doors = {"adminApi": dict(door), "frontends": {name: dict(door) for name in ("postgresWire", "mysqlWire", "trinoHttp", "restHttp")}}
    config = {"turnout": {**doors, "persistence": {"type": "inMemory"}}, "clusters": {"a": {"engine": "sqlite"}},
              "clusterGroups": {"g": {"members": ["a"]}}, "routingFallback": "g"}
    path = tmp_path / "taken.yaml"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = config["turnout"]
        for key in section.split("."):
            place = place[key]
        place["port"] = taken.getsockname()[1]
        path.write_text(json.dumps(config))
        done = turnout("serve", "--config", str(path), cwd=tmp_path)
        assert done.returncode == 1
        assert f"turnout: turnout.{section}: cannot listen on 127.0.0.1:{place['port']}: Address already in use" in done.stderr
    config["clusters"]["a"] = {"engine": "sqlite", "databasePath": "no/where.db"}
    path.write_text(json.dumps(config))
    done = turnout("serve", "--config", str(path), cwd=tmp_path)
    assert done.returncode == 1 and "turnout: cluster a: cannot open" in done.stderr and done.stderr.count("cluster a: ") == 1


# ---- a running proxy: status, metrics, JSON, history ----

SECRET = "s3cret-of-the-admin"
BASIC = {"Authorization": "Basic " + base64.b64encode(f"root:{SECRET}".encode()).decode()}


@pytest.fixture(scope="module")
def operated(tmp_path_factory):
    """A proxy with a history in SQLite that has seen a few queries of three users."""
    folder = str(tmp_path_factory.mktemp("operated"))
    config = {
        "turnout": {"persistence": {"type": "sqlite", "path": "turnout.db"}, "log": {"level": "info"}},
        "clusters": {"a": ops.sqlite_member(folder, "a", rows=50), "b": ops.sqlite_member(folder, "b", readOnly=True)},
        "clusterGroups": {"main": {"members": ["a", "b"], "strategy": {"type": "failover"}}, "other": {"members": ["b"]}},
        "routers": [{"type": "deny", "class": "ddl", "message": "no ddl"}],
        "routingFallback": "main",
    }
    with proxy_module.Proxy(config) as started:
        for user in ("ann", "bob", "cyd"):
            with wire.Wire(started.port, user=user, application_name=f"app-{user}") as client:
                client.run("SET turnout.tags = 'team:x'")
                for number in range(5):
                    client.value(f"SELECT count(*) FROM n WHERE i > {number} -- {user}.")
                client.fails("SELECT nonsense")
                client.fails("CREATE TABLE t (i integer)")
                client.extended("SELECT i FROM n WHERE i < $1", ["11"], oids=[23])
        ops.history(started, 24)
        yield started
        started.wait_for(lambda: ops.metric(started, "turnout_queries_in_flight") == 0, what="no query is left")


def cli(proxy, *arguments, env=None):
    return turnout(*arguments, env={"TURNOUT_ADMIN": proxy.admin_url, **(env or {})}, cwd=proxy.dir)


def test_health(operated):
    assert operated.admin("/healthz") == (200, {"status": "ok"})
    assert operated.admin("/readyz") == (200, {"status": "ready"})
    for name in "ab":
        operated.admin(f"/admin/clusters/{name}/maintenance?on=true", "POST")
    status, body = operated.admin("/readyz")
    assert status == 503 and "usable" in body["reason"]
    assert operated.admin("/healthz")[0] == 200
    for name in "ab":
        operated.admin(f"/admin/clusters/{name}/maintenance?on=false", "POST")
    assert operated.admin("/readyz")[0] == 200


def test_metrics(operated, tool):
    text = operated.admin("/metrics")[1]
    done = subprocess.run([tool("promtool"), "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    bounds = [float(bound) for bound in re.findall(r'turnout_query_duration_seconds_bucket\{le="([0-9.e-]+)"', text)]
    assert bounds == sorted(bounds) and sum(bound < 0.001 for bound in bounds) >= 3
    assert ops.metric(operated, "turnout_queries_total", outcome="ok") >= 18
    assert ops.metric(operated, "turnout_queries_total", outcome="error") == 3
    assert ops.metric(operated, "turnout_queries_total", outcome="denied") == 3
    assert ops.metric(operated, "turnout_rows_sent_total") >= 45
    assert ops.metric(operated, "turnout_query_duration_seconds_count") >= 24
    for stage in ("shape", "route", "choose", "admit", "run", "record"):
        assert ops.metric(operated, "turnout_stage_duration_seconds_count", stage=stage) > 0
    for name in re.findall(r"^# TYPE (\S+) counter$", text, re.M):
        assert name.endswith("_total")
    documented = open(os.path.join(ROOT, "docs", "operations.md"), encoding="utf-8").read()
    for name in re.findall(r"^\| `([a-z_]+)` \|", documented.split("## Counters")[1].split("##")[0], re.M):
        assert f"turnout_{name}_total " in text, name


def test_json_endpoints(operated):
    listed = operated.admin("/admin")[1]
    for endpoint in listed:
        if endpoint["method"] == "GET" and endpoint["path"].startswith("/admin"):
            status, body = operated.admin(endpoint["path"] + ("?sql=SELECT%201" if endpoint["path"] == "/admin/explain" else ""))
            assert status == 200 and body, endpoint
    assert {e["path"] for e in listed} >= {"/healthz", "/readyz", "/metrics", "/admin/clusters", "/admin/groups", "/admin/queries",
                                           "/admin/history", "/admin/reload"}
    status = operated.admin("/admin/status")[1]
    assert (status["state"], status["pid"], status["workers"]) == ("ready", operated.process.pid, 2)
    assert [c["name"] for c in operated.admin("/admin/clusters")[1]] == ["a", "b"]
    assert ops.cluster(operated, "b")["readOnly"] is True
    assert ops.group(operated, "main")["members"] == ["a", "b"]
    for path, method, code in (("/admin/nothing", "GET", 404), ("/admin/clusters", "POST", 405), ("/admin/reload", "GET", 405),
                               ("/admin/clusters/zz/maintenance?on=true", "POST", 404), ("/admin/clusters/a/maintenance", "POST", 400),
                               ("/admin/clusters/a/maintenance?on=maybe", "POST", 400), ("/admin/queries/99999999/cancel", "POST", 404),
                               ("/admin/queries/x/cancel", "POST", 400), ("/admin/history?limit=x", "GET", 400),
                               ("/admin/history?nonsense=1", "GET", 400), ("/admin/history?since=yore", "GET", 400)):
        got, body = operated.admin(path, method)
        assert got == code and body, (path, got, body)


def test_another_host_and_other_sites_are_refused(operated):
    assert operated.admin("/admin/status", headers={"Host": "evil.example"})[0] == 403
    assert operated.admin("/admin/reload", "POST", headers={"Origin": "http://evil.example"})[0] == 403
    assert operated.admin("/admin/status", headers={"Host": f"localhost:{operated.admin_port}"})[0] == 200


def test_status_command(operated):
    with ops.Holder(operated), wire.Wire(operated.port) as busy:
        busy.send(wire.query(ops.ENDLESS))
        operated.wait_for(lambda: any(q["state"] == "running" for q in operated.running_queries()), what="a query")
        plain = cli(operated, "status", "--queries")
        assert plain.returncode == 0, plain.stderr
        for word in ("ready", "CLUSTER", "GROUP", "main", "a, b", "WITH RECURSIVE"):
            assert word in plain.stdout
        answer = json.loads(cli(operated, "status", "--json", "--queries").stdout)
        assert answer["status"]["state"] == "ready"
        query, = answer["running"]["queries"]
        assert query["text"] == ops.ENDLESS and query["cluster"] == "a"
        done = cli(operated, "cancel", str(query["id"]))
        assert done.returncode == 0 and "cancelled" in done.stdout
        error = wire.error(busy.until("Z"))
        assert error.sqlstate == "57014" and "administrator" in error.message
        done = cli(operated, "cancel", str(query["id"]))
        assert done.returncode == 1 and str(query["id"]) in done.stderr


def test_history_command(operated):
    def history(*arguments):
        done = turnout("history", "--config", "turnout.yaml", "--json", *arguments, cwd=operated.dir)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    end = ops.history(operated, 1, limit=1)[0]["id"] + 1  # what comes later does not disturb
    ids = [record["id"] for record in history("--limit", "10000", "--before", str(end))]
    assert ids == sorted(ids, reverse=True) and len(ids) >= 24
    # pages cover everything once
    paged, before = [], []
    while True:
        page = history("--limit", "7", *before)
        paged += [record["id"] for record in page]
        if len(page) < 7:
            break
        before = ["--before", str(page[-1]["id"])]
    assert [i for i in paged if i <= ids[0]] == ids
    assert {record["user"] for record in history("--user", "bob")} == {"bob"}
    assert len(history("--user", "bob")) == 8
    assert len(history("--text", "-- CYD.")) == 5  # in any case
    assert {record["sqlstate"] for record in history("--outcome", "error", "--until", "1s")} <= {"42703"}
    assert len(history("--outcome", "denied")) == 3
    assert history("--since", "2099-01-01") == [] and history("--until", "2001-01-01T00:00:00Z") == []
    assert len(history("--since", "1h", "--limit", "10000", "--before", str(end))) == len(ids)
    assert history("--group", "other") == [] and history("--cluster", "zz") == []
    plain = turnout("history", "--file", "turnout.db", "--limit", "3", cwd=operated.dir)
    assert len(plain.stdout.splitlines()) == 4 and "--before" in plain.stderr
    record = history("--text", "-- ann.", "--limit", "1")[0]
    one = turnout("history", "--file", "turnout.db", "--id", str(record["id"]), cwd=operated.dir)
    for word in (record["text"], "routingFallback", "trace", "app-ann", "team:x", "first byte"):
        assert word in one.stdout
    assert turnout("history", "--file", "turnout.db", "--id", "99999999", cwd=operated.dir).returncode == 1


def test_a_record_has_it_all(operated):
    record = ops.history(operated, text="-- ann.", limit=1)[0]
    assert record["startedAt"].startswith("20") and record["client"].startswith("127.0.0.1:")
    assert (record["user"], record["protocol"], record["application"], record["database"]) == ("ann", "postgresWire", "app-ann", "test")
    assert (record["group"], record["router"], record["cluster"], record["engine"]) == ("main", "routingFallback", "a", "sqlite")
    assert "failover" in record["reason"] and "deny" in record["trace"]
    assert (record["outcome"], record["sqlstate"], record["rows"], record["attempts"], record["tags"]) == ("ok", "", 1, 1, "team:x")
    assert record["class"] == "read" and record["text"].startswith("SELECT count(*)") and record["textSize"] == len(record["text"])
    assert 0 < record["firstByteMs"] <= record["totalMs"] < 10000 and record["engineMs"] > 0 and record["bytes"] > 0
    error = ops.history(operated, outcome="error", limit=1)[0]
    assert error["sqlstate"] == "42703" and "nonsense" in error["error"]


def test_log_lines(operated):
    log = operated.log()
    assert "FROM n WHERE" not in log and "nonsense" not in log  # SQL text only at debug
    starts = re.findall(r'^\S+ info +session start session=(\d+) peer=127.0.0.1:\d+ user=bob .*application=app-bob$', log, re.M)
    assert len(starts) == 1
    assert operated.log_contains(rf'session end session={starts[0]} .*user=bob reason=".+" statements=\d+ bytes_in=\d+ bytes_out=\d+')
    assert len(re.findall(rf"session end session={starts[0]} .*user=bob", operated.log())) == 1


ENDS = {
    "good-bye": (lambda c: c.finish(), "client said good-bye"),
    "closed": (lambda c: c.close(), "client closed the connection"),
    "reset": (lambda c: c.reset(), "connection lost|client closed the connection"),
    "nonsense": (lambda c: c.send(b"\x00\x00\x00\x00\x00"), "invalid message type|malformed message"),
    "silent": (lambda c: c.at_end(), "idle for too long"),
}


def test_every_session_ends_with_one_line_and_its_reason(tmp_path, proxies):
    config = proxy_module.one_cluster("a", ops.sqlite_member(str(tmp_path), "a"), log={"format": "json", "level": "info"},
                                      frontends={"postgresWire": {"idleTimeout": "3s"}}, otlpEndpoint="http://127.0.0.1:1")
    proxy = proxies(config)
    proxy.write_config({**config, "routingFallback": "nowhere"})
    assert proxy.admin("/admin/reload", "POST")[0] == 422
    for name, (end, _) in ENDS.items():
        client = wire.Wire(proxy.port, user=name)
        client.value(ops.WHO)
        end(client)
        client.close()
    assert proxy.log_contains('"silent".*"session end"|session end.*silent')
    events = [json.loads(line) for line in proxy.log().splitlines()]
    for event in events:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", event["time"])
        assert event["level"] in ("debug", "info", "warn", "error") and event["event"]
    problems = [(event["level"], event["key"]) for event in events if event["event"] == "configuration problem"]
    assert problems[0] == ("warn", "turnout.otlpEndpoint") and ("error", "routingFallback") in problems
    for name, (_, reason) in ENDS.items():
        end, = [event for event in events if event["event"] == "session end" and event["user"] == name]
        assert re.fullmatch(reason, end["reason"]), end
        assert (end["statements"], end["peer"].split(":")[0]) == (1, "127.0.0.1")
    assert ops.metric(proxy, "turnout_sessions_idled_out_total") == 1


def test_what_the_history_keeps_of_a_text(tmp_path, proxies):
    member = ops.sqlite_member(str(tmp_path), "a")
    proxy = proxies(proxy_module.one_cluster("a", member, history={"literals": False, "maxTextSize": "100"}))
    with wire.Wire(proxy.port) as client:
        assert client.value("SELECT 'top-secret-4711' || 42 || x'00' AS kept") != ""
        client.rows("SELECT name FROM me WHERE name <> 'y' AND 1 < 2 " + "AND true " * 40)
        client.run("SET application_name = 'word-of-a-setting'")
    first, second = reversed(ops.history(proxy, 2))
    assert "4711" not in first["text"] and "42" not in first["text"] and "kept" in first["text"] and "?" in first["text"]
    assert len(second["text"]) <= 100 < second["textSize"]
    config = proxy_module.merge(proxy.config, {"turnout": {"history": {"enabled": False}}})
    proxy.reload(config)
    with wire.Wire(proxy.port) as client:
        client.value("SELECT 5")
    time.sleep(0.3)
    assert len(ops.history(proxy)) == 2


# ---- secrets ----

def test_secrets_are_shown_nowhere(tmp_path, proxies, postgres_server):
    secrets = [SECRET, "s3cret-of-the-file", "s3cret-of-the-endpoint", postgres_server.password]
    (tmp_path / "password").write_text(secrets[1] + "\n")
    good = ops.postgres_member(postgres_server, "pg")
    config = {
        "turnout": {"adminApi": {"username": "root", "password": "${ADMIN_PASSWORD}"}, "log": {"level": "debug"},
                    "persistence": {"type": "sqlite", "path": "turnout.db"}},
        "clusters": {
            "good": good,
            "wrong": {**good, "auth": {"type": "basic", "username": "tester", "password": {"file": str(tmp_path / "password")}}},
        },
        "clusterGroups": {"good": {"members": ["good"]}, "wrong": {"members": ["wrong"]}},
        "routingFallback": "good",
    }
    proxy = proxies(config, env={"ADMIN_PASSWORD": SECRET})
    said = []
    with wire.Wire(proxy.port) as client:
        assert client.value(ops.WHO) == "pg"
        error = client.fails("/*+ turnout(group=wrong) */ SELECT 1")
        assert error.sqlstate == "28P01"
        said.append(str(error.fields))
        said.append(str(client.query("SHOW ALL")))
    for path in ("/metrics", "/admin", "/admin/status", "/admin/clusters", "/admin/groups", "/admin/queries?text=1", "/admin/history"):
        status, body = proxy.admin(path, headers=BASIC)
        assert status == 200
        said.append(str(body))
    said.append(str(proxy.admin("/admin/status")))
    said.append(str(proxy.admin("/admin/status", headers={"Authorization": "Basic " + base64.b64encode(b"root:wrong").decode()})))
    for arguments in (("status", "--queries"), ("status", "--json"), ("reload",), ("check", "turnout.yaml"), ("check", "--json", "turnout.yaml")):
        done = turnout(*arguments, cwd=proxy.dir, env={"TURNOUT_ADMIN": proxy.admin_url, "TURNOUT_ADMIN_USER": "root",
                                                       "TURNOUT_ADMIN_PASSWORD": SECRET, "ADMIN_PASSWORD": SECRET})
        assert done.returncode == 0, done
        said.append(done.stdout + done.stderr)
    broken = json.loads(json.dumps(proxy_module.merge(proxy_module.DEFAULTS, config)))
    broken["clusters"]["wrong"].update(endpoint="postgresql://u:s3cret-of-the-endpoint@[::1:x/db", auth={"type": "basic", "password": SECRET, "pass": SECRET})
    broken["turnout"]["adminApi"]["password"] = {"text": secrets[1]}
    (tmp_path / "broken.yaml").write_text(json.dumps(broken))
    done = turnout("check", str(tmp_path / "broken.yaml"))
    assert done.returncode == 1
    said.append(done.stdout + done.stderr)
    with open(f"/proc/{proxy.process.pid}/cmdline", "rb") as file:
        said.append(file.read().decode())
    proxy.stop()
    said.append(proxy.log())
    with open(proxy.path("turnout.db"), "rb") as file:
        said.append(file.read().decode("latin-1"))
    for secret in secrets:
        for text in said:
            assert secret not in text, text[max(0, text.find(secret) - 300):text.find(secret) + 100]


# ---- credentials and exposure ----

def test_basic_authentication(proxies, tmp_path):
    proxy = proxies(proxy_module.one_cluster("a", ops.sqlite_member(str(tmp_path), "a"), adminApi={"username": "root", "password": SECRET}))
    assert proxy.admin("/healthz")[0] == proxy.admin("/readyz")[0] == proxy.admin("/metrics")[0] == 200  # as documented
    for headers in ({}, {"Authorization": "Basic !!!"}, {"Authorization": "Bearer " + SECRET},
                    {"Authorization": "Basic " + base64.b64encode(b"root:").decode()},
                    {"Authorization": "Basic " + base64.b64encode(f"admin:{SECRET}".encode()).decode()}):
        for path, method in (("/admin/status", "GET"), ("/admin/reload", "POST"), ("/admin/queries?text=1", "GET")):
            assert proxy.admin(path, method, headers)[0] == 401, (path, headers)
    assert proxy.admin("/admin/status", headers=BASIC)[0] == 200
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(proxy.admin_url + "/admin/status", timeout=60)
    assert refused.value.headers["WWW-Authenticate"].startswith("Basic")
    assert cli(proxy, "status", env={"TURNOUT_ADMIN_USER": "root", "TURNOUT_ADMIN_PASSWORD": SECRET}).returncode == 0
    done = cli(proxy, "status", env={"TURNOUT_ADMIN_USER": "root", "TURNOUT_ADMIN_PASSWORD": "wrong"})
    assert done.returncode == 1 and "401" in done.stderr + done.stdout or "password" in done.stderr
    assert "--user NAME, or TURNOUT_ADMIN_USER" in cli(proxy, "status").stderr
    assert proxy.log_contains("admin: wrong credentials")
    assert ops.metric(proxy, "turnout_http_requests_denied_total") >= 15


@pytest.mark.parametrize("section, words", [
    ({"adminApi": {"host": "0.0.0.0"}}, "adminApi.host: off loopback .*username and adminApi.password"),
    ({"adminApi": {"host": "0.0.0.0", "username": "u"}}, "password"),
    ({"frontends": {"postgresWire": {"host": "0.0.0.0"}}}, "auth.force"),
], ids=["admin", "admin with half of it", "postgres"])
def test_refuses_to_start_off_loopback(section, words):
    with pytest.raises(proxy_module.Failed) as failed:
        with proxy_module.Proxy(proxy_module.one_cluster("a", {"engine": "sqlite"}, **section)):
            pass
    assert "ended with 1" in str(failed.value) and re.search(words, str(failed.value))


def test_starts_off_loopback_when_told_to(proxies):
    proxy = proxies(proxy_module.one_cluster("a", {"engine": "sqlite"}, auth={"force": True},
                                             frontends={"postgresWire": {"host": "0.0.0.0"}},
                                             adminApi={"host": "0.0.0.0", "username": "root", "password": SECRET}))
    assert proxy.admin("/admin/status", headers=BASIC)[0] == 200
    with wire.Wire(proxy.port) as client:
        assert client.value("SELECT 1") == "1"


# ---- reload ----

def by_signal(proxy):
    proxy.process.send_signal(signal.SIGHUP)


def by_command(proxy):
    cli(proxy, "reload")


def by_http(proxy):
    proxy.admin("/admin/reload", "POST")


def reload_with(proxy, config, how, ok=True):
    proxy.write_config(config)
    key = "reloads" if ok else "failedReloads"
    before = proxy.admin("/admin/status")[1]["config"][key]
    how(proxy)
    proxy.wait_for(lambda: proxy.admin("/admin/status")[1]["config"][key] == before + 1, what="the reload")


@pytest.mark.parametrize("how", [by_signal, by_command, by_http])
def test_reload(how, tmp_path, proxies):
    """Clusters come, change and go while clients work, and none of them notices."""
    members = {name: ops.sqlite_member(str(tmp_path), name, rows=100) for name in "abc"}

    def config(names, **turnout):
        return {"turnout": turnout, "clusters": {name: members[name] for name in names},
                "clusterGroups": {"g": {"members": list(names)}}, "routingFallback": "g"}
    proxy = proxies(config("ab"))

    def job(connection, number):
        if number % 2:
            assert connection.execute("SELECT i FROM n WHERE i <= %s", (number * 10,)).fetchall() == [(i,) for i in range(1, number * 10 + 1)]
        else:
            with connection.transaction():
                first = ops.ask(connection, "INSERT INTO seen (who) SELECT name FROM me RETURNING who")
                assert ops.ask(connection, ops.WHO) == first
    long = wire.Wire(proxy.port, timeout=100)
    held = wire.Wire(proxy.port)
    held.run("BEGIN")
    member = held.value(ops.WHO)
    long.send(wire.query(ops.ENDLESS.replace("1000000000000", "3000000")))
    proxy.wait_for(lambda: long.ready() or any(q["state"] == "running" for q in proxy.running_queries()), what="the long query")
    with ops.Hammer(proxy, job, clients=4, least=40) as hammer:
        for names in ("abc", "c", "ca", "b", "bc", "abc"):
            if names == "bc":
                members["b"]["maxRunningQueries"] = 7  # changed, not only added
            reload_with(proxy, config(names), how)
            assert [c["name"] for c in proxy.admin("/admin/clusters")[1]] == sorted(names) or \
                [c["name"] for c in proxy.admin("/admin/clusters")[1]] == list(names)
            with wire.Wire(proxy.port) as client:
                assert {client.value(ops.WHO) for _ in range(40)} == set(names)
    assert hammer.failures == [] and hammer.done >= 40
    assert held.value(ops.WHO) == member  # its cluster was removed meanwhile; it ends with its transaction
    assert held.run("COMMIT") == ["COMMIT"]
    assert wire.texts(wire.check(long.until("Z"))) == [["3000000"]]
    assert ops.cluster(proxy, "b")["maxRunning"] == 7
    for one in (held, long):
        one.close()
    proxy.wait_for(lambda: ops.quiet(proxy), what="free slots")


@pytest.mark.parametrize("how", [by_signal, by_command, by_http])
def test_a_bad_file_changes_nothing_and_says_why(how, operated):
    good = open(operated.path("turnout.yaml"), encoding="utf-8").read()
    before = operated.admin("/admin/clusters")[1]
    try:
        reload_with(operated, good.replace('"routingFallback": "main"', '"routingFallback": "mainn"'), how, ok=False)
        assert operated.log_contains(r"configuration problem file=\S+turnout.yaml line=\d+ key=routingFallback text=.*mainn")
        assert operated.log_contains("reload refused, nothing changed")
        assert [c["name"] for c in operated.admin("/admin/clusters")[1]] == [c["name"] for c in before]
        with wire.Wire(operated.port) as client:
            assert client.value(ops.WHO) == "a"
        done = cli(operated, "reload")
        assert done.returncode == 1 and re.search(r"turnout.yaml:\d+: error: routingFallback: .*`mainn`.*did you mean `main`", done.stdout + done.stderr)
        status, body = operated.admin("/admin/reload", "POST")
        assert status == 422 and body["reloaded"] is False and body["problems"][0]["path"] == "routingFallback"
        os.unlink(operated.path("turnout.yaml"))
        assert operated.admin("/admin/reload", "POST")[0] == 422
    finally:
        reload_with(operated, good, by_http)


def test_a_file_that_an_engine_refuses_changes_nothing(operated):
    good = open(operated.path("turnout.yaml"), encoding="utf-8").read()
    config = json.loads(good)
    config["clusters"]["z"] = {"engine": "sqlite", "databasePath": "missing/z.sqlite", "readOnly": True}
    config["clusterGroups"]["main"]["members"].append("z")
    try:
        operated.write_config(json.dumps(config))
        status, body = operated.admin("/admin/reload", "POST")
        assert status == 422 and "missing/z.sqlite" in json.dumps(body)
        assert [c["name"] for c in operated.admin("/admin/clusters")[1]] == ["a", "b"]
    finally:
        reload_with(operated, good, by_http)


def test_what_needs_a_restart_is_named(operated):
    good = open(operated.path("turnout.yaml"), encoding="utf-8").read()
    config = json.loads(good)
    config["turnout"].update(workers=3, persistence={"type": "sqlite", "path": "elsewhere.db"}, queryTimeout="1h")
    try:
        operated.write_config(json.dumps(config))
        status, body = operated.admin("/admin/reload", "POST")
        assert status == 200 and sorted(body["needsRestart"]) == ["turnout.persistence.path", "turnout.workers"], body
        assert operated.log_contains("configuration reloaded .*needs_restart=.*workers")
        done = cli(operated, "reload")
        assert done.returncode == 0 and "needs a restart: turnout.workers" in done.stdout
        assert operated.admin("/admin/status")[1]["workers"] == 2
    finally:
        reload_with(operated, good, by_http)


def test_reload_changes_limits_and_routers_at_once(tmp_path, proxies):
    member = ops.sqlite_member(str(tmp_path), "a")

    def config(limit, **more):
        return {"clusters": {"a": member}, "clusterGroups": {"g": {"members": ["a"], "maxRunningQueries": limit}}, "routingFallback": "g",
                **more}
    proxy = proxies(config(1))
    with ops.Holder(proxy), wire.Wire(proxy.port) as client:
        client.send(wire.query(ops.WHO))
        proxy.wait_for(lambda: ops.group(proxy, "g")["queued"] == 1, what="it waits")
        reload_with(proxy, config(2, turnout={"log": {"level": "warn"}}), by_http)
        assert wire.texts(wire.check(client.until("Z"))) == [["a"]]  # what waited got the new slot
        reload_with(proxy, config(2, routers=[{"type": "deny", "class": "write", "message": "frozen"}]), by_http)
        assert client.fails("DELETE FROM seen").message == "frozen"


# ---- maintenance ----

def test_maintenance_and_drain(operated):
    done = cli(operated, "maintenance", "on", "a")
    assert done.returncode == 0 and "in maintenance" in done.stdout
    try:
        with wire.Wire(operated.port) as client:
            assert client.value(ops.WHO) == "b"
            assert ops.cluster(operated, "a")["reason"].find("maintenance") >= 0
            reload_with(operated, open(operated.path("turnout.yaml"), encoding="utf-8").read(), by_http)
            assert client.value(ops.WHO) == "b"  # it stays so over a reload
        assert ops.metric(operated, "turnout_cluster_maintenance", cluster="a", engine="sqlite") == 1
    finally:
        assert cli(operated, "maintenance", "off", "a", "--json").returncode == 0
    with ops.Holder(operated) as holder:
        assert holder.member == "a"
        status, body = operated.admin("/admin/clusters/a/drain", "POST")
        assert (status, body["running"], body["drained"]) == (200, 1, False)
        assert holder.wire.value(ops.WHO) == "a"  # what runs there goes on
        waiting = subprocess.Popen([proxy_module.binary(), "maintenance", "on", "a", "--wait"], stdout=subprocess.PIPE, text=True,
                                   env={**os.environ, "TURNOUT_ADMIN": operated.admin_url})
        time.sleep(0.3)
        assert waiting.poll() is None
        holder.release()
        assert waiting.wait(60) == 0 and "0 queries running" in waiting.stdout.read()
        waiting.stdout.close()
        assert operated.admin("/admin/clusters/a/drain", "POST")[1]["drained"] is True
        assert holder.wire.value(ops.WHO) == "b"
    cli(operated, "maintenance", "off", "a")
    with wire.Wire(operated.port) as client:
        assert client.value(ops.WHO) == "a"
    assert operated.log_contains("admin action=maintenance target=a .*result=on")


# ---- limits of the history ----

def test_history_is_bounded_by_size(tmp_path, proxies):
    proxy = proxies(proxy_module.one_cluster("a", ops.sqlite_member(str(tmp_path), "a"), history={"maxSize": "1MiB"},
                                             persistence={"type": "sqlite", "path": "turnout.db"}, log={"level": "info"}))
    with wire.Wire(proxy.port) as client:
        for number in range(400):
            client.value(f"SELECT name FROM me -- {number:05} {'x' * 12000}")
        ops.history(proxy, 1, text="-- 00399")
        proxy.wait_for(lambda: ops.history(proxy, text="-- 00000") == [], what="the oldest are gone")
        kept = sum(record["textSize"] for record in ops.history(proxy))
        assert kept < 1.3 * (1 << 20)
        assert ops.metric(proxy, "turnout_history_records_pruned_total") >= 400 - kept / 12000
        for number in range(400, 800):
            client.value(f"SELECT name FROM me -- {number:05} {'x' * 12000}")
        ops.history(proxy, 1, text="-- 00799")
        assert os.path.getsize(proxy.path("turnout.db")) < 1.5 * 400 * 16384  # one burst's worth of pages of 8 KB: its space is used again


def test_history_belongs_to_its_owner(operated):
    assert os.stat(operated.path("turnout.db")).st_mode & 0o077 == 0


# ---- tools/run ----

@pytest.mark.slow
@pytest.mark.timeout(300)
def test_one_server_writes_a_file(tmp_path, proxies):
    """Another one with the same file, by whatever name, does not start and changes nothing; the end of the first, however it ends, frees it."""
    config = proxy_module.one_cluster("one", ops.sqlite_member(str(tmp_path), "one"), persistence={"type": "sqlite", "path": str(tmp_path / "kept.db")})
    first = proxies(config)
    with ops.connect(first) as connection:
        connection.execute(ops.WHO).fetchall()
    for name in ("kept.db", "kept.db.stats"):
        os.symlink(tmp_path / name, tmp_path / name.replace("kept", "link"))
    for more in ({}, {"persistence": {"path": str(tmp_path / "link.db")}}, {"persistence": {"path": str(tmp_path / "own.db")}, "statistics": {"path": str(tmp_path / "link.db.stats")}}):
        second = proxy_module.Proxy(config)
        second.write_config(proxy_module.merge(config, {"turnout": more}))
        done = second.cli("serve", "--config", "turnout.yaml", check=False)
        assert done.returncode == 1 and "is in use by another Turnout" in done.stderr, done.stderr
    assert [r["text"] for r in ops.history(first, 1)] == [ops.WHO]
    first.process.kill()
    first.process.wait()
    first.start()
    assert [r["text"] for r in ops.history(first, 1)] == [ops.WHO]


def test_tools_run():
    if not os.path.exists(os.path.join(ROOT, "build", "release", "turnout")) or not os.path.exists(os.path.join(ROOT, ".demo", "tpch.sqlite")):
        pytest.skip("no release build with demo data: `tools/run` makes both")
    if os.path.exists(os.path.join(ROOT, ".demo", "turnout.pid")):
        pytest.skip("a demo is running")
    port = servers.free_port()
    run = os.path.join(ROOT, "tools", "run")
    psql = shutil.which("psql")
    try:
        done = subprocess.run([run, "--port", str(port)], capture_output=True, text=True, timeout=280, check=False, cwd="/")
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"psql -h 127.0.0.1 -p {port}" in done.stdout
        for line in re.findall(r"^    (?:SELECT|/\*).*?;", done.stdout, re.M):  # the queries worth trying
            with wire.Wire(port) as client:
                assert client.rows(line)
        if psql:
            asked = subprocess.run([psql, "-X", "-A", "-t", "-h", "127.0.0.1", "-p", str(port), "-c", "SELECT count(*) FROM lineitem"],
                                   capture_output=True, text=True, check=False)
            assert asked.stdout == "600572\n", asked.stderr
        begin = time.monotonic()
        done = subprocess.run([run, "--port", str(port)], capture_output=True, text=True, timeout=100, check=False)
        seconds = time.monotonic() - begin
        # a busy machine needs longer, and says nothing about us
        assert done.returncode == 0 and seconds < (3 if os.getloadavg()[0] < 2 else 12)
    finally:
        stopped = subprocess.run([run, "--stop"], capture_output=True, text=True, timeout=100, check=False)
    assert "stopped" in stopped.stdout
    with socket.socket() as closed:
        assert closed.connect_ex(("127.0.0.1", port)) != 0
    assert not os.path.exists(os.path.join(ROOT, ".demo", "turnout.pid"))


def test_history_file_is_readable_by_others_while_it_is_written(operated):
    with contextlib.closing(sqlite3.connect(f"file:{operated.path('turnout.db')}?mode=ro", uri=True)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA quick_check").fetchone() == ("ok",)
