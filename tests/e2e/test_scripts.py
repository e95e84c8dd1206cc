"""Scripts of the operator: routers and strategies that ask Python, and what a script may do without harm for anybody else."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

import psycopg
import pymysql
import pytest
import trino

import proxy as proxy_module
import rest as rest_module

# What a router's script may do, each on statements with that word.
ROUTE = '''
import os, sys, time

def deeper(n):
    return deeper(n + 1)

def route(query, ctx):
    if "tell_ctx" in query:
        import json
        what = query.split("'")[1]
        return {"deny": json.dumps(eval(what, {"ctx": ctx, "query": query}))}
    if "to_duck" in query:
        return "d"
    if "with_reason" in query:
        return {"group": "d", "reason": "it said so"}
    if "refused" in query:
        return {"deny": "not today", "sqlstate": "28000"}
    if "not_allowed" in query:
        return {"action": "deny", "reason": "by the book"}
    if "nowhere" in query:
        return "nowhere"
    if "a_number" in query:
        return 17
    if "a_set" in query:
        return {"d"}
    if "odd_dict" in query:
        return {"grup": "d"}
    if "surrogate" in query:
        return "\\ud800"
    if "very_long" in query:
        return "d" * 100000
    if "raises" in query:
        raise ValueError("it is raised")
    if "swallows" in query:
        while True:
            try:
                time.sleep(0.01)
            except BaseException:
                pass
    if "asleep" in query:
        time.sleep(1000)
    if "endless" in query:
        while True:
            pass
    if "recurses" in query:
        return deeper(0)
    if "hungry" in query:
        return len([bytearray(1 << 30) for _ in range(10)])
    if "dies" in query:
        os._exit(1)
    if "leaves" in query:
        sys.exit(0)
    if "prints" in query:
        print("what is this" * 1000, flush=True)
        os.write(1, b"what is this" * 1000)
        return "d"
    if "reads" in query:
        return "d" if sys.stdin.read() == "" else "nowhere"
    if "garbage" in query:
        for fd in range(3, 10):
            try:
                os.write(fd, b"what is this" * 1000)
            except OSError:
                pass
    if "writes_a_file" in query:
        with open(__file__ + ".out", "w") as file:
            file.write("x")
    if "imports" in query:
        import no_such_module
    return None
'''

KEPT = '''
CACHE = ("shape", "user")

def route(query, ctx):
    if "kept" in query:
        return "d" if ctx["user"] != "bob" else "s"
'''

CHOOSE = '''
def choose(query, candidates, ctx):
    if "tell_ctx" in query:
        import json
        what = query.split("'")[1]
        return {"cluster": None, "reason": json.dumps(eval(what, {"ctx": ctx, "c": candidates}))}
    if "second" in query:
        return {"cluster": candidates[1]["name"], "reason": "the second"}
    if "stranger" in query:
        return "duck"
    if "raises" in query:
        raise ValueError("it is raised")
    if "asleep" in query:
        import time
        time.sleep(1000)
'''

pytestmark = pytest.mark.skipif(shutil.which("psql") is None, reason="no psql")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("scripts")


def write(path, text):
    path.write_text(text)
    return str(path)


def configuration(folder, routers, **groups):
    lite = {"engine": "sqlite", "databasePath": str(folder / "lite.db")}
    return {"turnout": {"translation": {"python": sys.executable, "mode": "off"}, "frontends": {"mysqlWire": {"port": 0}, "restHttp": {"port": 0}}},
            "clusters": {"duck": {"engine": "duckDb"}, "lite": lite, "lite-2": dict(lite), "lite-3": dict(lite)},
            "clusterGroups": {"d": {"members": ["duck"]}, "s": {"members": ["lite"]}, **groups},
            "routers": routers, "routingFallback": "s"}


@pytest.fixture(scope="module")
def proxy(folder, make_engine):
    make_engine("duckDb")
    group = {"members": ["lite", "lite-2", "lite-3"], "strategy": {"type": "pythonScript", "scriptFile": write(folder / "choose.py", CHOOSE), "timeoutMs": 1000}}
    routers = [{"type": "pythonScript", "scriptFile": write(folder / "route.py", ROUTE), "timeoutMs": 1500},
               {"type": "pythonScript", "scriptFile": write(folder / "kept.py", KEPT)}]
    with proxy_module.Proxy(configuration(folder, routers, chosen=group)) as started:
        yield started
        started.check_sanitizers()


def connect(proxy, user="tester", **settings):
    conn = psycopg.connect(proxy.dsn(user=user), autocommit=True)
    for name, value in settings.items():
        conn.execute(f"SET turnout.{name} = '{value}'")
    return conn


def explained(conn, sql):
    return "\n".join(line for (line,) in conn.execute("EXPLAIN ROUTE " + sql))


def counts(proxy):
    return {line.split()[0]: float(line.split()[1]) for line in proxy.admin("/metrics")[1].splitlines() if line.startswith("turnout_script_")}


def engine(conn, word, number=1):
    """Where a statement with WORD ran."""
    return {"integer": "s", "INTEGER": "d"}[conn.execute(f"SELECT typeof({number}) AS {word}").fetchone()[0]]


# ---- routing ----

def test_every_client(proxy):
    done = subprocess.run(["psql", proxy.dsn(), "-AtX", "-c", "SELECT typeof(1) AS to_duck", "-c", "SELECT typeof(1) AS other"],
                          capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["INTEGER", "integer"]
    conn = connect(proxy)
    assert engine(conn, "to_duck") == "d" and engine(conn, "other") == "s"
    assert conn.execute("SELECT typeof(%s::int) AS to_duck", (1,), prepare=True).fetchone() == ("INTEGER",)
    with conn.transaction():
        assert engine(conn, "to_duck") == "d"
        assert engine(conn, "other") == "d"  # the transaction stays where it is
    with pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, user="me", autocommit=True) as mysql, mysql.cursor() as cursor:
        for word, want in (("to_duck", "INTEGER"), ("other", "integer")):
            cursor.execute(f"SELECT typeof(1) AS {word}")
            assert cursor.fetchone() == (want,)
        with pytest.raises(pymysql.MySQLError, match="not today"):
            cursor.execute("SELECT 1 AS refused")
        cursor.execute("SHOW TABLES")  # whose text is made for an engine before a script can be asked
    with trino.dbapi.connect(host="127.0.0.1", port=proxy.trino_port, user="me") as conn:
        cursor = conn.cursor()
        cursor.execute("SELECT typeof(1) AS to_duck")
        assert cursor.fetchone() == ["INTEGER"]
    assert rest_module.Rest(proxy).rows("SELECT typeof(1) AS to_duck") == [{"to_duck": "INTEGER"}]


def test_denials(proxy):
    conn = connect(proxy)
    with pytest.raises(psycopg.Error, match="not today") as error:
        conn.execute("SELECT 1 AS refused")
    assert error.value.sqlstate == "28000"
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="by the book"):
        conn.execute("SELECT 1 AS not_allowed")
    with pytest.raises(psycopg.Error, match="not today"):  # a hint does not lift it
        connect(proxy, group="d").execute("SELECT 1 AS refused")
    assert engine(connect(proxy, group="s"), "to_duck") == "s"


def test_what_it_is_told(proxy):
    conn = psycopg.connect(proxy.dsn(user="alice", database="shop", application_name="nightly"), autocommit=True)
    conn.execute("SET turnout.tags = 'team:bi,night'")
    conn.execute("SET search_path = 'sales'")

    def told(what, sql="SELECT 1 FROM t JOIN u ON true WHERE x > 3 LIMIT 5", conn=conn):
        with pytest.raises(psycopg.Error) as error:
            conn.execute(f"{sql} /* tell_ctx '{what}' */")
        return json.loads(error.value.diag.message_primary)

    assert told('[ctx[k] for k in ("user", "database", "application", "protocol", "dialect")]') == ["alice", "shop", "nightly", "postgresWire", "postgres"]
    assert told('ctx["tags"]') == {"team": "bi", "night": None}
    assert told('ctx["auth"]') == {"user": "alice", "groups": [], "roles": []}
    assert told('ctx["settings"]')["search_path"] and told('ctx["headers"]')["application_name"] == "nightly"
    assert told('ctx["extra"] == ctx["headers"] == ctx["sessionParams"] and query == ctx["sql"]') is True
    statement = told('ctx["statement"]')
    assert (statement["class"], statement["tables"], statement["joins"], statement["limit"]) == ("read", ["t", "u"], 1, True)
    assert told("ctx[\"clientAddress\"]").startswith("127.0.0.1:") and len(told("ctx[\"template\"]")) == 16
    assert told('ctx["inTransaction"]') is False and abs(told('ctx["time"]') - time.time()) < 60
    with trino.dbapi.connect(host="127.0.0.1", port=proxy.trino_port, user="me", http_headers={"X-Team": "bi", "X-Api-Key": "hidden", "Cookie": "a=b"}) as other:
        cursor = other.cursor()
        with pytest.raises(trino.exceptions.TrinoQueryError) as error:
            cursor.execute("SELECT 1 /* tell_ctx 'ctx[\"headers\"]' */")
            cursor.fetchall()
        told_headers = json.loads(error.value.message.splitlines()[0])
        assert told_headers["x-team"] == "bi" and "hidden" not in str(told_headers) and "cookie" not in told_headers


# What goes wrong, and what is said of it.
FAULTS = {
    "nowhere": "route.. named group `nowhere`, which does not exist",
    "a_number": "route.py: line \\d+: route.. gave int",
    "a_set": "route.py: line \\d+: route.. gave set",
    "odd_dict": "gave a dict with 'grup'",
    "surrogate": "which does not exist",
    "very_long": "route.. named group `ddd",
    "raises": f"route.py: line {ROUTE[:ROUTE.index('raise ValueError')].count(chr(10)) + 1}: ValueError: it is raised",
    "asleep": "route.py: line \\d+: route.. did not come to an end within 1500 ms",
    "endless": "route.py: line \\d+: route.. did not come to an end within 1500 ms",
    "swallows": "route.. did not come to an end within 1500 ms",
    "recurses": "route.py: line \\d+: RecursionError",
    "hungry": "route.py: line \\d+: MemoryError",
    "dies": "route.. was the end of its process",
    "leaves": "route.py: line \\d+: SystemExit",
    "garbage": "route.. was the end of its process",
    "writes_a_file": "route.py: line \\d+: OSError",
    "imports": "route.py: line \\d+: ModuleNotFoundError: No module named 'no_such_module'",
}


@pytest.mark.parametrize("word", list(FAULTS))
def test_a_script_that_fails(proxy, folder, word):
    """The next router is asked; EXPLAIN ROUTE says script, line and why; others are served."""
    conn = connect(proxy)
    assert engine(conn, word) == "s"
    text = explained(conn, f"SELECT typeof(1) AS {word}").replace(str(folder) + "/", "")
    failed = next(line for line in text.splitlines() if "failed" in line)
    assert re.search(FAULTS[word], failed), text
    assert engine(conn, "to_duck") == "d"


def test_failures_are_logged_and_counted(proxy):
    def lines():
        return len(re.findall(r"warn +a script failed.*route\.py: line \d+: ValueError: it is raised", proxy.log()))
    conn = connect(proxy)
    before, said, asked = counts(proxy), lines(), 0
    while lines() == said:  # one line a second
        asked += 1
        assert asked < 1000 and engine(conn, f"raises_{asked}") == "s"
    assert counts(proxy)["turnout_script_failed_total"] == before["turnout_script_failed_total"] + asked


def test_output_is_not_the_protocol(proxy):
    conn = connect(proxy)
    assert [engine(conn, word) for word in ("prints", "reads", "prints", "to_duck")] == ["d", "d", "d", "d"]


def test_explained(proxy):
    conn = connect(proxy)
    assert "-> pythonScript" in explained(conn, "SELECT 1 AS to_duck") and "said d" in explained(conn, "SELECT 1 AS to_duck")
    assert "said d: it said so" in explained(conn, "SELECT 1 AS with_reason")
    assert "route.py said nothing" in explained(conn, "SELECT 1 AS other")
    assert "Refused:   28000: not today" in explained(conn, "SELECT 1 AS refused")
    (plan,) = conn.execute("EXPLAIN (FORMAT JSON) ROUTE SELECT 1 AS to_duck", prepare=True).fetchone()
    assert (plan if isinstance(plan, dict) else json.loads(plan))["router"] == "pythonScript"
    with pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, user="me", autocommit=True) as mysql, mysql.cursor() as cursor:
        cursor.execute("EXPLAIN ROUTE SELECT 1 AS to_duck")
        assert "said d" in "\n".join(line for (line,) in cursor.fetchall())
    with trino.dbapi.connect(host="127.0.0.1", port=proxy.trino_port, user="me") as other:
        cursor = other.cursor()
        cursor.execute("EXPLAIN ROUTE SELECT 1 AS to_duck")
        assert "said d" in "\n".join(line for (line,) in cursor.fetchall())
    rest = rest_module.Rest(proxy)
    told = rest.call("POST", "/v1/queries/explain-route", {"sql": "SELECT 1 AS to_duck"}).json
    assert told["router"] == "pythonScript" and told["group"] == "d"
    status, told = proxy.admin("/admin/explain?sql=SELECT%201%20AS%20to_duck")
    assert status == 200 and told["routers"][0]["why"].endswith("said d")
    assert "said d" in proxy.cli("explain", "--admin", proxy.admin_url, "SELECT 1 AS to_duck").stdout
    done = subprocess.run(["psql", proxy.dsn(), "-AtX", "-c", "EXPLAIN ROUTE SELECT 1 AS asleep2; SELECT 7"], capture_output=True, text=True, timeout=60, check=True)
    assert "did not come to an end" in done.stdout and done.stdout.endswith("7\n")


@pytest.mark.parametrize("sql", ["SELECT %d AS asleep_%d_%d", "EXPLAIN ROUTE SELECT %d AS asleep_%d_%d_e"])
def test_who_waits_may_cancel_or_go(proxy, sql):
    conns, ends = [connect(proxy) for _ in range(4)], []

    def wait(i, conn):
        try:
            conn.execute(sql % (i, i, os.getpid()))
        except psycopg.Error as error:
            ends.append(error.sqlstate)

    threads = [threading.Thread(target=wait, args=each) for each in enumerate(conns)]
    for thread in threads:
        thread.start()
    proxy.wait_for(lambda: counts(proxy)["turnout_script_waiting"] == 2, what="two are asked, and two wait for that")
    for conn in conns[:2]:
        conn.cancel()
    for conn in conns[2:]:
        with socket.socket(fileno=os.dup(conn.fileno())) as cut:
            cut.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join()
    assert sorted(map(str, ends)) == ["57014", "57014", "None", "None"]
    for conn in conns[:2]:
        proxy.wait_for(lambda conn=conn: engine(conn, "to_duck") == "d", what="the scripts of who went are over")


# ---- kept answers ----

def test_kept_answers(proxy):
    alice, bob = connect(proxy, user="alice"), connect(proxy, user="bob")
    assert engine(alice, "kept", 1) == "d" and engine(bob, "kept", 1) == "s"
    before = counts(proxy)
    for i in range(20):
        assert engine(alice, "kept", i) == "d" and engine(bob, "kept", i) == "s"
    after = counts(proxy)
    assert after["turnout_script_asked_total"] - before["turnout_script_asked_total"] == 40  # route.py keeps nothing
    assert after["turnout_script_cache_hits_total"] - before["turnout_script_cache_hits_total"] == 40
    assert "kept.py said d (cached)" in explained(alice, "SELECT typeof(3) AS kept")
    assert "kept.py said d ->" not in explained(connect(proxy, user="carol"), "SELECT typeof(3) AS kept")


# ---- members ----

def test_members(proxy):
    conn = connect(proxy, group="chosen")
    for _ in range(3):
        text = explained(conn, "SELECT 1 AS second")
        assert "said lite-2: the second" in text and "Choice:    lite-2 (pythonScript: the script named it)" in text
        conn.execute("SELECT 1 AS second")
    text = explained(conn, "SELECT 1 /* tell_ctx '[(x[\"name\"], x[\"engineType\"], x[\"runningQueries\"]) for x in c]' */")
    assert '[["lite", "sqlite", 0], ["lite-2", "sqlite", 0], ["lite-3", "sqlite", 0]]' in text
    text = explained(conn, "SELECT 1 AS second /* tell_ctx '(ctx[\"group\"], c[1][\"estimatedMs\"] is not None, c[1][\"runs\"])' */")
    assert '["chosen", ' in text
    assert "named nobody" in explained(conn, "SELECT 1 AS other") and "the script named nobody; roundRobin" in explained(conn, "SELECT 1 AS other")
    assert "whom the script named may not take it" in explained(conn, "SELECT 1 AS stranger")
    assert "ValueError: it is raised" in explained(conn, "SELECT 1 AS raises_")
    assert "did not come to an end within 1000 ms" in explained(conn, "SELECT 1 AS asleep_")
    assert conn.execute("SELECT 2 AS asleep_").fetchone() == (2,)
    assert "strategy roundRobin, asked for by the client" in explained(connect(proxy, group="chosen", strategy="roundRobin"), "SELECT 1 AS second")
    plan = json.loads(conn.execute("EXPLAIN (FORMAT JSON) ROUTE SELECT 1 AS second").fetchone()[0])
    assert plan["groups"][0]["script"].endswith("choose.py said lite-2: the second") and plan["cluster"] == "lite-2"


# ---- the document ----

def test_the_scripts_of_the_document(folder, make_engine):
    make_engine("duckDb")
    with open(os.path.join(proxy_module.ROOT, "docs", "scripts.md"), encoding="utf-8") as file:
        route, choose = re.search(r"```python\n# route.py\n(.*?)# choose.py\n(.*?)```", file.read(), re.S).groups()
    group = {"members": ["lite", "lite-2"], "strategy": {"type": "pythonScript", "scriptFile": write(folder / "readme_choose.py", choose), "timeoutMs": 60000}}
    router = {"type": "pythonScript", "scriptFile": write(folder / "readme_route.py", route), "timeoutMs": 60000}
    with proxy_module.Proxy(configuration(folder, [router], etl=group)) as proxy:
        looker = psycopg.connect(proxy.dsn(application_name="looker"), autocommit=True)
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="dashboards only read"):
            looker.execute("DELETE FROM orders")
        joined = "SELECT 1 FROM orders a, orders b, orders c, orders d, orders e WHERE a.x = 3"
        text = explained(looker, joined)
        assert "readme_route.py said etl" in text and re.search("readme_choose.py (said lite|named nobody)", text), text
        assert "said etl (cached)" in explained(looker, joined.replace("3", "4"))
        conn = connect(proxy, group="etl")
        for _ in range(12):
            assert conn.execute("SELECT count(*) FROM (SELECT 1 AS a UNION SELECT 2) t WHERE a > 0").fetchone() == (2,)
        assert re.search("readme_choose.py said lite", explained(conn, "SELECT count(*) FROM (SELECT 1 AS a UNION SELECT 2) t WHERE a > 0"))


# ---- many clients ----

def test_a_hanging_script_keeps_nobody_waiting(folder, make_engine):
    """100 clients whose statements hang the script: those that do not need it are served as ever, and the others in about its time."""
    make_engine("duckDb")
    routers = [{"type": "tags", "rules": [{"tags": {"plain": None}, "targetGroup": "d"}]},
               {"type": "pythonScript", "scriptFile": write(folder / "hang.py", "import time\ndef route(query, ctx):\n    time.sleep(1000)\n"), "timeoutMs": 500}]
    with proxy_module.Proxy(configuration(folder, routers)) as proxy:
        other = connect(proxy, tags="plain")
        conns = [connect(proxy) for _ in range(100)]
        took, slow, usual = [], [], []

        def select(i, times):
            begin = time.monotonic()
            assert other.execute(f"SELECT {i}").fetchone() == (i,)
            times.append(time.monotonic() - begin)

        def hang(i):
            begin = time.monotonic()
            assert conns[i].execute(f"SELECT {i} AS shape_{i}").fetchone() == (i,)
            took.append(time.monotonic() - begin)

        for i in range(50):
            select(i, usual)
        threads = [threading.Thread(target=hang, args=(i,)) for i in range(100)]
        for thread in threads:
            thread.start()
        for i in range(50):
            select(i, slow)
        for thread in threads:
            thread.join()
        assert len(took) == 100 and max(took) < 25, max(took)  # one after the other, by two processes, would be 25 s and more
        assert sorted(slow)[len(slow) // 2] < 0.5 + 20 * sorted(usual)[len(usual) // 2], (sorted(slow), sorted(usual))
        assert "no process had time" in proxy.log() or "did not come to an end" in proxy.log()
        text = [explained(conns[0], f"SELECT {i} AS again") for i in range(2)]
        assert "did not come to an end within 500 ms" in text[0] and text[0] == text[1].replace("SELECT 1", "SELECT 0")
        before = counts(proxy)["turnout_script_asked_total"]
        assert conns[0].execute("SELECT 5 AS again").fetchone() == (5,)  # this shape is known to hang it
        assert counts(proxy)["turnout_script_asked_total"] == before


# ---- configuration ----

def test_on_error_deny_and_reload(folder, make_engine):
    make_engine("duckDb")
    script = folder / "changes.py"
    write(script, "CACHE = True\ndef route(query, ctx):\n    return 'd'\n")
    routers = [{"type": "pythonScript", "scriptFile": str(script), "onError": "deny"}]
    with proxy_module.Proxy(configuration(folder, routers)) as proxy:
        conn = connect(proxy)
        assert [engine(conn, "x", i) for i in range(3)] == ["d"] * 3
        write(script, "CACHE = True\ndef route(query, ctx):\n    return 's'\n")
        assert engine(conn, "x") == "d"  # read with the configuration
        assert "configuration reloaded" in proxy.reload()
        proxy.wait_for(lambda: engine(connect(proxy), "x") == "s", what="the new script")
        write(script, "def route(query, ctx):\n    return 's'\n\nif True\n    pass\n")
        proxy.reload()
        assert proxy.log_contains(r"changes\.py: line 4: ")
        assert engine(connect(proxy), "x") == "s"  # nothing was changed
        write(script, "def route(query, ctx):\n    raise KeyError('a')\n")
        proxy.reload()
        proxy.log_contains("configuration reloaded")
        with pytest.raises(psycopg.Error, match=r"the routing script failed: .*changes.py: line 2: KeyError") as error:
            end = time.monotonic() + proxy_module.PATIENCE
            while time.monotonic() < end:
                connect(proxy).execute("SELECT 1")
                time.sleep(0.02)
        assert error.value.sqlstate == "38000"


def test_check_says_where(folder):
    write(folder / "good.py", "from os import path as route\n")
    write(folder / "syntax.py", "def route(query, ctx):\n    return (\n")
    write(folder / "nothing.py", "def root(query, ctx):\n    pass\n")
    (folder / "latin.py").write_bytes(b"# one\n# caf\xe9\ndef route(query, ctx): pass\n")
    write(folder / "anybody.py", "def route(query, ctx): pass\n")
    os.chmod(folder / "anybody.py", 0o666)
    names = ("good", "syntax", "nothing", "latin", "anybody", "missing")
    config = configuration(folder, [{"type": "pythonScript", "scriptFile": str(folder / f"{name}.py")} for name in names] + [{"type": "pythonScript", "scriptFile": str(folder)}],
                           g={"members": ["lite"], "strategy": {"type": "pythonScript", "script": "def choose(a, b):\n  return 1 +\n"},
                              "translation": {"pythonScripts": ["def transform(ast, src, dst):\n    return\n  x\n", str(folder / "nothing.py")]}})
    proxy = proxy_module.Proxy(config)
    try:
        proxy.write_config(config)
        done = proxy.cli("check", "turnout.yaml", check=False)
        said = done.stdout + done.stderr
        assert done.returncode == 1
        assert "routers[0]" not in said
        for text in ("syntax.py: line 2: ", "nothing.py: line 1: there is no function route()", "latin.py: line 2: not UTF-8 text",
                     "everybody may write to it, so it is not run; chmod o-w", "missing.py: No such file or directory", "Is a directory"):
            assert text in said, (text, said)
        config["routers"] = config["routers"][:1]
        proxy.write_config(config)
        said = proxy.cli("check", "turnout.yaml", check=False).stdout
        for text in ("clusterGroups.g.strategy.script: line 2: invalid syntax", "clusterGroups.g.translation.pythonScripts[0]: line 3: ",
                     "nothing.py: line 1: there is no function transform()"):
            assert text in said, (text, said)
    finally:
        shutil.rmtree(proxy.dir)


def test_without_python(folder):
    routers = [{"type": "pythonScript", "scriptFile": write(folder / "fine.py", "def route(query, ctx):\n    return 'd'\n")}]
    config = configuration(folder, routers)
    config["turnout"]["translation"] = {"enabled": False, "python": "/nowhere/python3"}
    with proxy_module.Proxy(config) as proxy:
        assert proxy.log_contains("/nowhere/python3: No such file or directory")
        conn = connect(proxy)
        assert engine(conn, "x") == "s"
        assert "failed: /nowhere/python3: No such file or directory" in explained(conn, "SELECT 1")
        done = proxy.cli("check", "turnout.yaml")
        assert "warning: routers[0]: no script can be run, nor be checked: /nowhere/python3" in done.stdout
        assert counts(proxy)["turnout_script_available"] == 0
