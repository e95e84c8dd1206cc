"""EXPLAIN ROUTE, /admin/explain and `turnout explain`: what would become of a statement. Nothing runs, nothing changes."""

import json
import subprocess
import time
import urllib.parse

import psycopg
import pytest

import proxy as proxy_module
import wire

CONFIG = {
    "turnout": {"frontends": {"mysqlWire": {"port": 0}}},
    "clusters": {
        "duck-1": {"engine": "duckDb", "healthCheck": {"enabled": False}, "price": {"type": "perSecond", "usdPerHour": 0.001}},
        "lite-1": {"engine": "sqlite", "healthCheck": {"enabled": False}},
        "lite-2": {"engine": "sqlite", "healthCheck": {"enabled": False}, "readOnly": False},
        "off-1": {"engine": "sqlite", "enabled": False},
    },
    "clusterGroups": {
        "main": {"members": ["lite-1", "lite-2", "off-1"]},
        "etl": {"members": ["lite-2"], "fallbackGroup": "main"},
        "gone": {"members": ["off-1"]},
        "closed": {"members": ["lite-1"], "enabled": False},
        "learner": {"members": ["lite-1", "lite-2", "off-1"], "strategy": {"type": "latency"}},
        "ducks": {"members": ["duck-1", "lite-1"], "strategy": {"type": "latency"}},
        "adviser": {"members": ["lite-1", "lite-2"], "strategy": {"type": "latency", "mode": "advise"}},
    },
    "routers": [
        {"type": "queryRegex", "rules": [{"regex": "(?i)forbidden", "action": "deny", "error": "not here"}, {"regex": "(?i)nowhere", "targetGroup": "gone"}]},
        {"type": "tags", "rules": [{"tags": {"job": "etl"}, "targetGroup": "etl"}]},
        {"type": "userGroup", "userToGroup": {"closer": "closed"}},
    ],
    "routingFallback": "main",
}


@pytest.fixture(scope="module")
def server():
    with proxy_module.Proxy(CONFIG) as started:
        yield started


@pytest.fixture
def client(server):
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        yield connection
    server.check_sanitizers()


def plan(connection, sql, *values, **more):
    """EXPLAIN (FORMAT JSON) ROUTE SQL as what it means."""
    return json.loads(connection.execute(f"EXPLAIN (FORMAT JSON) ROUTE {sql}", *values, **more).fetchone()[0])


def lines(connection, sql, *values, **more):
    cursor = connection.execute(sql, *values, **more)
    assert [column.name for column in cursor.description] == ["ROUTE PLAN"] and cursor.statusmessage == "EXPLAIN"
    return [line for line, in cursor.fetchall()]


# ---- what it says ----

@pytest.mark.quick
def test_text(client):
    told = lines(client, "EXPLAIN ROUTE SELECT count(*) FROM orders JOIN l ON a = b WHERE c = 'secret' GROUP BY 1")
    text = "\n".join(told)
    assert told[0].startswith("Query:") and "c = ?" in told[0] and "secret" not in text
    assert "tables orders, l" in text and "1 join" in text and "aggregate" in text
    assert "routingFallback" in text and "main (strategy" in text
    assert "off-1" in text and "disabled by configuration" in text
    assert sum("->" in line for line in told) == 2  # the router and the member
    assert any(line.startswith("Choice:") and "lite-" in line for line in told)


def test_json(client):
    told = plan(client, "SELECT a FROM t WHERE b > 5 ORDER BY a LIMIT 3")
    assert told["statement"]["class"] == "read" and told["statement"]["tables"] == ["t"] and told["statement"]["limit"]
    assert told["template"] == "SELECT a FROM t WHERE b > ? ORDER BY a LIMIT ?"
    assert [step["router"] for step in told["routers"]] == ["queryRegex", "tags", "userGroup", "routingFallback"]
    assert told["router"] == "routingFallback" and told["denied"] is False and told["error"] is None
    [group] = told["groups"]
    assert group["name"] == told["group"] == "main" and group["outcome"] == "chosen"
    members = {member["cluster"]: member for member in group["members"]}
    assert set(members) == {"lite-1", "lite-2", "off-1"}
    assert not members["off-1"]["eligible"] and "disabled" in members["off-1"]["refused"]
    assert members["lite-1"]["eligible"] and members["lite-1"]["refused"] is None
    assert [name for name, member in members.items() if member["chosen"]] == [told["cluster"]]
    assert told["outcome"] == "runs"


def test_denied(client):
    told = plan(client, "SELECT 'FORBIDDEN' FROM t")
    assert told["denied"] and told["outcome"] == "refused" and told["cluster"] is None and told["groups"] == []
    assert told["error"]["sqlstate"] == "42501" and told["error"]["message"] == "not here" and told["router"] == "queryRegex" and told["rule"] == 1
    text = lines(client, "EXPLAIN ROUTE SELECT 'forbidden'")
    assert any(line.startswith("Refused:") and "42501: not here" in line for line in text)
    with pytest.raises(psycopg.Error) as problem:  # and it is true
        client.execute("SELECT 'FORBIDDEN' FROM t")
    assert problem.value.sqlstate == "42501"


def test_nobody(client):
    told = plan(client, "SELECT 'nowhere'")
    assert told["outcome"] == "refused" and told["error"]["sqlstate"] == "57P03" and told["groups"][0]["name"] == "gone"
    assert not any(member["eligible"] for member in told["groups"][0]["members"])


def test_disabled_group(server):
    with psycopg.connect(server.dsn(user="closer"), autocommit=True) as closer:
        told = plan(closer, "SELECT 1")
        assert told["outcome"] == "refused" and "disabled" in told["error"]["message"] and told["router"] == "userGroup"


def test_hints_and_tags(client):
    assert plan(client, "/*+ turnout(cluster=lite-2) */ SELECT 1")["cluster"] == "lite-2"
    told = json.loads(client.execute("/*+ turnout(group=etl) */ EXPLAIN (FORMAT JSON) ROUTE SELECT 1").fetchone()[0])
    assert told["group"] == "etl" and told["router"] == "hint"
    client.execute("SET turnout.tags = 'job:etl'")
    assert plan(client, "SELECT 1")["group"] == "etl"
    client.execute("SET turnout.strategy = 'failover'")
    group = plan(client, "SELECT 1")["groups"][0]
    assert group["strategy"] == "failover" and group["strategyHint"]
    client.execute("RESET ALL")
    with pytest.raises(psycopg.Error) as problem:
        client.execute("EXPLAIN ROUTE /*+ turnout(cluster=lite-9) */ SELECT 1")
    assert problem.value.sqlstate == "42704"


def test_fallback(server, client):
    """A member in maintenance: the fallback takes it, and both groups are told."""
    assert server.admin("/admin/clusters/lite-2/maintenance?on=true", "POST")[0] == 200
    try:
        client.execute("SET turnout.group = 'etl'")
        told = plan(client, "SELECT 1")
        assert [(group["name"], group["outcome"]) for group in told["groups"]] == [("etl", "refused"), ("main", "chosen")]
        assert (told["group"], told["cluster"]) == ("main", "lite-1") and "spilled" in told["reason"]
        assert "maintenance" in told["groups"][0]["members"][0]["refused"]
        assert any(line.startswith("Fallback:") for line in lines(client, "EXPLAIN ROUTE SELECT 1"))
    finally:
        server.admin("/admin/clusters/lite-2/maintenance?on=false", "POST")


def test_transaction(server):
    with psycopg.connect(server.dsn()) as connection:
        connection.execute("SELECT 1")
        told = plan(connection, "SELECT 2")
        assert told["outcome"] == "pinned" and told["cluster"] in ("lite-1", "lite-2")
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        with pytest.raises(psycopg.Error):
            connection.execute("EXPLAIN ROUTE")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            connection.execute("EXPLAIN ROUTE SELECT 1")


def is_told_in_full(told, text, cluster):
    """A bound session: what is believed of each member, the shape, what would be done otherwise; and that it stays where it is."""
    [group] = told["groups"]
    members = {member["cluster"]: member for member in group["members"]}
    decision = group["decision"]
    assert (told["outcome"], told["cluster"], told["group"], told["reason"]) == ("pinned", cluster, group["name"], "pinned to the session")
    assert [name for name, member in members.items() if member["chosen"]] == [cluster] and members[cluster]["p50Ms"] > 0
    assert decision["advice"] and not decision["mayExplore"] and len(decision["shape"]["key"]) == 32 and decision["attempts"]
    shown = [line for line in text if line.startswith(("Shape:", "Unpinned:", "Reason:", "Choice:"))]
    assert len(shown) == 4 and decision["shape"]["key"] in shown[0] and shown[3] == f"Choice:    {cluster} (pinned to the session)"
    return decision["shape"]


def test_bound_session(server):
    with group_of(server, "learner") as client:
        for n in range(3):
            client.execute(f"SELECT {n} + 1, replace('a', 'b', 'bound')")
        client.execute("BEGIN")
        client.execute("SELECT 1")
        for sql in ("SELECT 7 + 1, replace('a', 'b', 'bound')", "/*+ turnout(cluster=lite-2) */ SELECT 8 + 1, replace('a', 'b', 'bound')", "INSERT INTO nowhere_at_all VALUES (1)"):
            told = plan(client, sql)
            shape = is_told_in_full(told, lines(client, "EXPLAIN ROUTE " + sql), told["cluster"])
            assert shape["visits"] == (0 if "INSERT" in sql else 3)
        client.execute("ROLLBACK")
        assert plan(client, "SELECT 9 + 1, replace('a', 'b', 'bound')")["outcome"] == "runs"


def test_execute_of_sql(server):
    """The shape is that of the statement that it names, as when it runs."""
    with group_of(server, "ducks") as client:
        client.execute("SET turnout.cluster = 'duck-1'")
        client.execute("PREPARE named AS SELECT $1 + 1 AS named")
        before = plan(client, "EXECUTE named(5)")
        assert before["prepared"] == "SELECT ? + ? AS named"
        key = is_told_in_full(before, lines(client, "EXPLAIN ROUTE EXECUTE named(5)"), "duck-1")["key"]
        assert client.execute("EXECUTE named(5)").fetchone() == (6,)
        told = plan(client, "EXECUTE named(7)")
        assert (told["groups"][0]["decision"]["shape"]["key"], told["groups"][0]["decision"]["shape"]["visits"]) == (key, 1)
        text = lines(client, "EXPLAIN ROUTE EXECUTE named(7)")
        assert text[1] == "Prepared:  SELECT ? + ? AS named"
        usd = next(member["usd"] for member in told["groups"][0]["members"] if member["cluster"] == "duck-1")
        assert 0 < usd < 1e-6 and any("duck-1" in line and " 0.0000000" in line and " 0.000000 " not in line for line in text), "less than a millionth is not 0"
        told = plan(client, "EXECUTE unknown(7)")
        assert told["outcome"] == "pinned" and told["groups"][0]["decision"] is None and "prepared" not in told


def test_bound_session_of_mysql(server):
    pymysql = pytest.importorskip("pymysql")
    with pymysql.connect(host="127.0.0.1", port=server.mysql_port, user="tester", database="test", autocommit=True) as connection:
        cursor = connection.cursor()

        def asked(sql):
            cursor.execute(sql)
            return [row[0] for row in cursor.fetchall()]
        cursor.execute("SET @turnout_group = 'learner'")
        cursor.execute("SELECT 1 AS bound")
        cursor.execute("BEGIN")
        cursor.execute("SELECT 2 AS bound")
        told = json.loads(asked("EXPLAIN FORMAT=JSON ROUTE SELECT 7 AS bound")[0])
        assert is_told_in_full(told, asked("EXPLAIN ROUTE SELECT 7 AS bound"), told["cluster"])["visits"] == 2


def test_trino_execute(server):
    """A transaction, and EXECUTE, which are of Trino's own kind."""
    trino = pytest.importorskip("trino")

    def connect(**more):
        return trino.dbapi.connect(host="127.0.0.1", port=server.trino_port, user="tester", catalog="lite-1", schema="main",
                                   **more).cursor()

    def asked(cursor, sql):
        cursor.execute(sql)
        return [row[0] for row in cursor.fetchall()]
    cursor = connect()
    asked(cursor, "PREPARE one FROM SELECT ? AS executed")
    asked(cursor, "EXECUTE one USING 5")
    told = json.loads(asked(cursor, "EXPLAIN (FORMAT JSON) ROUTE EXECUTE one USING 7")[0])
    assert told["statement"]["class"] == "read" and told["text"] == "SELECT $1 AS executed"
    assert asked(cursor, "EXPLAIN ROUTE EXECUTE IMMEDIATE 'SELECT ? AS executed' USING 7")[1] == "Statement: read, 1 parameter"
    for sql, words in (("EXECUTE one", "expected 1 but found 0"), ("EXECUTE two USING 7", "not found: two")):
        with pytest.raises(trino.exceptions.TrinoUserError, match=words):
            asked(cursor, "EXPLAIN ROUTE " + sql)
    cursor = connect(isolation_level=trino.transaction.IsolationLevel.READ_COMMITTED)
    asked(cursor, "SELECT 1")
    told = json.loads(asked(cursor, "EXPLAIN (FORMAT JSON) ROUTE SELECT 7 AS bound")[0])
    assert told["outcome"] == "pinned" and [member["cluster"] for member in told["groups"][0]["members"] if member["chosen"]] == [told["cluster"]]


def test_own_statements(client):
    for sql in ("SET x.y = 1", "SHOW timezone", "BEGIN", "EXPLAIN ROUTE SELECT 1"):
        assert plan(client, sql)["outcome"] == "own", sql


# ---- strategies that learn ----

def group_of(server, name):
    return psycopg.connect(server.dsn(options=f"-c%20turnout.group%3D{name}"), autocommit=True)


def test_never_seen(server):
    with group_of(server, "learner") as client:
        told = plan(client, "SELECT 1 + 2 * 3 - abs(4)")
        [group] = told["groups"]
        decision = group["decision"]
        assert group["name"] == "learner" and group["strategy"] == "latency" and decision["mode"] == "act"
        assert not decision["shape"]["known"] and decision["reason"] == "firstSight" and len(decision["shape"]["key"]) == 32
        assert {attempt["cluster"] for attempt in decision["attempts"]} <= {"lite-1", "lite-2"}
        assert decision["attempts"][0]["cluster"] == told["cluster"]
        members = {member["cluster"]: member for member in group["members"]}
        assert members["lite-1"]["n"] == 0 and members["lite-1"]["rung"] in ("prior", "class") and "n" not in members["off-1"]
        assert "never seen" in "\n".join(lines(client, "EXPLAIN ROUTE SELECT 1 + 2 * 3 - abs(4)"))


def rungs(connection, sql):
    """Of the decision, and of the member that is chosen."""
    [group] = plan(connection, sql)["groups"]
    return group["decision"]["rung"], next(member["rung"] for member in group["members"] if member.get("chosen"))


def run_until(connection, texts, asked, rung):
    """TEXTS(0), TEXTS(1), ... until a plan for each of ASKED begins with what is known in this way; now and then one is for trying another member."""
    for n in range(400):
        for sql in texts(n):
            connection.execute(sql)
        if n % 8 == 7:
            told = [rungs(connection, sql) for sql in asked]
            if all(each == (rung, rung) for each in told):
                return
    assert False, told


def test_rungs_of_what_is_known(server):
    """The same text again, another one of its shape, and one of its size (statistics of their own, once sizes explain how long it takes)."""
    count = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT {}) SELECT count(*) FROM c"
    small, large = count.format(2), count.format(100000)
    same = "SELECT lower('ALWAYS') || ' the same'"  # a shape of no other test: of others' texts only the shape would be known
    with group_of(server, "learner") as client:
        run_until(client, lambda n: [same], [same], "exact")
        run_until(client, lambda n: [f"SELECT 'another', {n} % 7"], ["SELECT 'another', 5 % 7"], "shape")
        run_until(client, lambda n: [small, small, small, large], [small, large], "band")
        assert "known from: band" in "\n".join(lines(client, "EXPLAIN ROUTE " + large))


def test_known(server):
    with group_of(server, "learner") as client:
        for n in range(30):
            client.execute(f"SELECT {n}, {n} + 1, upper('x')")
        told = plan(client, "SELECT 4711, 17 + 1, upper('y')")
        decision = told["groups"][0]["decision"]
        assert decision["shape"]["known"] and decision["shape"]["visits"] == 30
        chosen = next(member for member in told["groups"][0]["members"] if member["chosen"])
        assert sum(member.get("n", 0) for member in told["groups"][0]["members"]) >= 25
        assert chosen["cluster"] == told["cluster"] and chosen["p50Ms"] > 0 and chosen["p95Ms"] >= chosen["p50Ms"]
        text = "\n".join(lines(client, "EXPLAIN ROUTE SELECT 4711, 17 + 1, upper('y')"))
        assert decision["shape"]["key"] in text and "seen 30 times" in text and "Predicted:" in text
        with psycopg.connect(server.dsn(database="turnout"), autocommit=True) as console:
            [(calls, group, statement)] = console.execute("SELECT calls, cluster_group, text FROM shapes WHERE shape = %s AND band IS NULL",
                                                          (decision["shape"]["key"],)).fetchall()
            assert (calls, group) == (30, "learner") and "?" in statement
            cells = dict(console.execute("SELECT cluster, n FROM cells WHERE shape = %s", (decision["shape"]["key"],)).fetchall())
            assert cells[told["cluster"]] == chosen["n"]
        listed = json.loads(server.cli("shapes", "--admin", server.admin_url, "--sort", "calls", "--group", "learner", "--json").stdout)
        assert decision["shape"]["key"] in [shape["shape"] for shape in listed["shapes"]]
        status, again = server.admin("/admin/explain?database=test&user=tester&group=learner&sql=" + urllib.parse.quote("SELECT 1, 2 + 1, upper('x')"))
        assert status == 200 and again["groups"][0]["decision"]["shape"]["key"] == decision["shape"]["key"]


def test_advice(server):
    asked = "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 20000) SELECT count(*) AS advised FROM t"  # more than a microsecond
    with group_of(server, "adviser") as client:
        client.execute(asked)
        told = plan(client, asked)
        decision = told["groups"][0]["decision"]
        assert decision["advice"] and decision["mode"] == "advise" and "turn" in told["reason"]
        assert any(line.startswith("Advice:") for line in lines(client, "EXPLAIN ROUTE " + asked))
        with psycopg.connect(server.dsn(database="turnout"), autocommit=True) as console:
            [(predicted, advised, advised_ms, explored, shadow, propensity)] = console.execute(
                "SELECT predicted_ms, advised, advised_ms, explored, shadow, propensity FROM decisions WHERE id = (SELECT max(id) FROM history "
                "WHERE text = %s)", (asked,)).fetchall()
        assert predicted > 0 and advised_ms > 0 and advised, "the estimated difference"
        assert (explored, shadow, propensity) == (False, False, None)


def test_frozen_and_forgotten(server):
    with group_of(server, "learner") as client, psycopg.connect(server.dsn(database="turnout"), autocommit=True) as console:
        for n in range(5):
            client.execute(f"SELECT lower('a') WHERE {n} >= 0")
        console.execute("FREEZE learner")
        shape = plan(client, "SELECT lower('b') WHERE 7 >= 0")["groups"][0]["decision"]
        assert shape["frozen"] and shape["exploreMode"] == "off"
        cells = console.execute("SELECT cluster, n FROM cells WHERE shape = %s ORDER BY 1", (shape["shape"]["key"],)).fetchall()
        for n in range(5):
            client.execute(f"SELECT lower('a') WHERE {n} >= 0")
        assert console.execute("SELECT cluster, n FROM cells WHERE shape = %s ORDER BY 1", (shape["shape"]["key"],)).fetchall() == cells
        console.execute("UNFREEZE learner")
        console.execute(f"RESET SHAPE {shape['shape']['key']}")
        assert console.execute("SELECT n FROM cells WHERE shape = %s", (shape["shape"]["key"],)).fetchall() == []
        assert plan(client, "SELECT lower('b') WHERE 7 >= 0")["groups"][0]["decision"]["shape"]["visits"] == 0


def test_a_write_is_not_tried_elsewhere(server):
    with group_of(server, "learner") as client:
        decision = plan(client, "INSERT INTO t VALUES (1)")["groups"][0]["decision"]
        assert not decision["mayExplore"] and not decision["explore"] and all(a["deadlineMs"] is None for a in decision["attempts"])


# ---- how it is asked ----

def test_extended(client):
    assert "$1" in lines(client, "EXPLAIN ROUTE SELECT * FROM t WHERE a = %s", (5,))[0]
    for _ in range(7):
        assert plan(client, "SELECT * FROM t WHERE a = %s AND b = %s", (5, "x"), prepare=True)["statement"]["parameters"] == 2
    assert plan(client, "SELECT 1", binary=True)["outcome"] == "runs"


def test_described(server):
    with wire.Wire(server.port) as raw:
        told = raw.ask(wire.parse("EXPLAIN ROUTE SELECT * FROM t WHERE a = $1 AND b = $2", "s"), wire.describe("S", "s"))
        assert [column.name for column in wire.columns(told)] == ["ROUTE PLAN"]
        assert [message.oids for message in told if message.type == "t"] == [[25, 25]]
        told = raw.ask(wire.bind(["1", "2"], "s"), wire.describe("P", ""), wire.execute())
        assert len(wire.texts(told)) > 5 and wire.tags(told) == ["EXPLAIN"]


def test_spelling(client):
    for sql in ("explain route select 1", "EXPLAIN\n  ROUTE\nSELECT 1", "EXPLAIN (FORMAT TEXT) ROUTE SELECT 1", "/* why */ EXPLAIN ROUTE SELECT 1 -- so"):
        assert lines(client, sql)[0].startswith("Query:"), sql
    for sql in ("EXPLAIN (VERBOSE, FORMAT JSON) ROUTE SELECT 1", "EXPLAIN FORMAT=JSON ROUTE SELECT 1", "explain verbose format = json route select 1"):
        assert json.loads(client.execute(sql).fetchone()[0])["outcome"] == "runs", sql
    assert lines(client, "EXPLAIN FORMAT=TRADITIONAL ROUTE SELECT 1")[0].startswith("Query:")


@pytest.mark.parametrize("sql, words", [
    ("EXPLAIN ROUTE", "no statement"), ("EXPLAIN ROUTE ;", "no statement"), ("EXPLAIN ROUTE -- nothing", "no statement"),
    ("EXPLAIN ANALYZE ROUTE SELECT 1", "ANALYZE"), ("EXPLAIN (ANALYZE) ROUTE SELECT 1", "ANALYZE"), ("EXPLAIN (FORMAT XML) ROUTE SELECT 1", "FORMAT"),
    ("EXPLAIN FORMAT=TREE ROUTE SELECT 1", "FORMAT"), ("EXPLAIN FORMAT=JSON ANALYZE ROUTE SELECT 1", "ANALYZE"), ("EXPLAIN FORMAT=JSON ROUTE", "no statement"),
])
def test_mistakes(client, sql, words):
    with pytest.raises(psycopg.Error, match=words) as problem:
        client.execute(sql)
    assert problem.value.sqlstate == "42601"
    assert client.execute("SELECT 1").fetchone() == (1,)


def test_other_explains_are_the_engines(client):
    assert [column.name for column in client.execute("EXPLAIN SELECT 1").description] != ["ROUTE PLAN"]


def test_many_lines_of_text(client):
    """A long statement is cut, and what it holds is no line of ours."""
    told = lines(client, "EXPLAIN ROUTE SELECT\n" + ",\n".join(f"column_{n}" for n in range(5000)) + "\nFROM \"a\nChoice: x\"")
    assert sum(line.startswith("Choice:") for line in told) == 1 and max(map(len, told)) < 1000


# ---- it changes nothing ----

def test_changes_nothing(server, client):
    def seen():
        with psycopg.connect(server.dsn(database="turnout"), autocommit=True) as console:
            shapes = console.execute("SELECT shape, calls, last_seen, total_ms FROM shapes ORDER BY shape").fetchall()
            cells = console.execute("SELECT * FROM cells ORDER BY shape, cluster").fetchall()
            records = console.execute("SELECT count(*) FROM history").fetchone()
            counters = console.execute("SELECT name, value FROM counters WHERE name LIKE 'queries%'").fetchall()
            clusters = console.execute("SELECT name, queries, failures FROM clusters ORDER BY name").fetchall()
            groups = console.execute("SELECT name, admitted, queued_total, spilled FROM groups ORDER BY name").fetchall()
        return shapes, cells, records, counters, clusters, groups
    client.execute("SET turnout.group = 'learner'")
    for n in range(5):
        client.execute(f"SELECT {n}")
    before, now = None, seen()
    while before != now:  # records are written by and by
        time.sleep(0.5)
        before, now = now, seen()
    for n in range(20):
        client.execute(f"EXPLAIN ROUTE SELECT {n}")
        client.execute(f"EXPLAIN ROUTE SELECT {n} FROM never_seen_{n}")
        client.execute("EXPLAIN ROUTE CREATE TABLE made_by_explain (a int)")
        server.admin("/admin/explain?sql=" + urllib.parse.quote(f"DELETE FROM t{n}"))
    after = seen()
    assert before == after
    with pytest.raises(psycopg.Error):
        client.execute("SELECT * FROM made_by_explain")


def test_turns_do_not_move(server):
    """roundRobin's next member is the same however often one asks, and then the query goes there."""
    with psycopg.connect(server.dsn(), autocommit=True) as one:
        for _ in range(4):
            wanted = {plan(one, "SELECT 1")["cluster"] for _ in range(5)}
            assert len(wanted) == 1
            one.execute("SELECT 1")
            with psycopg.connect(server.dsn(database="turnout"), autocommit=True) as console:
                assert console.execute("SELECT cluster FROM history ORDER BY id DESC LIMIT 1").fetchone()[0] in wanted


# ---- HTTP and command line ----

def test_http(server):
    status, told = server.admin("/admin/explain?sql=" + urllib.parse.quote("SELECT 1 FROM t") + "&user=closer")
    assert status == 200 and told["outcome"] == "refused" and told["router"] == "userGroup"
    status, told = server.admin("/admin/explain?tags=job:etl&sql=" + urllib.parse.quote("/*+ turnout(cluster=lite-2) */ SELECT 1;"), "POST")
    assert status == 200 and told["group"] == "etl" and told["cluster"] == "lite-2"
    status, text = server.admin("/admin/explain?format=text&sql=BEGIN")
    assert status == 200 and "itself" in text
    for query, words in (("", "no statement"), ("?sql=", "no statement"), ("?sql=SELECT%201;SELECT%202", "one statement"), ("?sql=SELECT%201&format=xml", "format"),
                         ("?sql=SELECT%201&group=nope", "nope"), ("?sql=SELECT%201&tags=:", "tag"), ("?sql=%FF", "UTF-8"), ("?nothing=1", "unknown parameter")):
        status, told = server.admin("/admin/explain" + query)
        assert status == 400 and words in told["detail"], (query, told)
    status, told = server.admin("/admin/explain?sql=SELECT%201&strategy=best")
    assert status == 200 and told["outcome"] == "refused" and told["error"]["sqlstate"] == "22023"
    assert server.running()


def test_command_line(server):
    def turnout(*arguments, **more):
        return subprocess.run([proxy_module.binary(), "explain", "--admin", server.admin_url, *arguments], capture_output=True, text=True, timeout=100,
                              check=False, **more)
    done = turnout("SELECT count(*) FROM t")
    assert done.returncode == 0 and "Choice:" in done.stdout and done.stderr == ""
    assert json.loads(turnout("--json", "--as", "closer", "SELECT 1").stdout)["outcome"] == "refused"
    assert json.loads(turnout("--json", "--tags", "job:etl", "--database", "d", "-", input="SELECT 1\n").stdout)["group"] == "etl"
    assert "lite-2" in turnout("--cluster", "lite-2", "SELECT 1").stdout.splitlines()[-1]
    for arguments, words in ((("SELECT 1; SELECT 2",), "one statement"), (("",), "no statement"), (("--group", "nope", "SELECT 1"), "nope")):
        done = turnout(*arguments)
        assert done.returncode == 1 and words in done.stderr and done.stdout == "", (arguments, done)
    assert turnout().returncode == 2 and "Usage" in turnout("--help").stdout
