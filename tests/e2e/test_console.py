"""The console: database `turnout` on the PostgreSQL port, as an operator and as somebody hostile uses it."""

import asyncio
import base64
import json
import os
import socket
import subprocess
import threading
import time
import urllib.request

import asyncpg
import psycopg
import pytest

import ops
import proxy as proxy_module
import wire

SECRET = "tops3cret-passw0rd"
TABLES = {"help", "table_columns", "clusters", "groups", "shapes", "cells", "queries", "sessions", "history", "decisions", "settings", "counters"}

BOSS = {"Authorization": "Basic " + base64.b64encode(f"boss:{SECRET}".encode()).decode()}

CONFIG = {
    "turnout": {"adminApi": {"username": "boss", "password": SECRET}, "frontends": {"mysqlWire": {"port": 0}}},
    "clusters": {
        "lite-1": {"engine": "sqlite", "healthCheck": {"enabled": False}, "initSql": [f"SELECT '{SECRET}'"]},
        "lite-2": {"engine": "sqlite", "healthCheck": {"enabled": False}},
        "pg-off": {"engine": "postgres", "enabled": False, "endpoint": "postgresql://127.0.0.1:1/x",
                   "auth": {"type": "basic", "username": "u", "password": SECRET}},
    },
    "clusterGroups": {"main": {"members": ["lite-1", "lite-2"]}, "single": {"members": ["lite-2"], "fallbackGroup": "main"}},
    "routers": [{"type": "queryRegex", "rules": [{"regex": "(?i)forbidden", "action": "deny", "error": "not here"}]}],
    "routingFallback": "main",
}

# counts to a number that takes long, in SQLite's own words
ENDLESS = "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) SELECT count(*) FROM t"


@pytest.fixture(scope="module")
def server():
    with proxy_module.Proxy(CONFIG) as started:
        with psycopg.connect(started.dsn(application_name="client-1"), autocommit=True) as user:
            for n in range(25):
                user.execute(f"SELECT {n}")
            with pytest.raises(psycopg.Error):
                user.execute("SELECT 'forbidden'")
        yield started


@pytest.fixture
def console(server):
    with psycopg.connect(server.dsn(database="turnout"), autocommit=True) as connection:
        yield connection
    assert server.running()
    server.check_sanitizers()


def rows(connection, sql, *values):
    return connection.execute(sql, *values).fetchall()


# ---- what can be read ----

@pytest.mark.quick
def test_every_table(console):
    names = {name for name, in rows(console, "SELECT name FROM help WHERE kind = 'table'")}
    assert names >= TABLES
    for name in names:
        cursor = console.execute(f"SELECT * FROM {name}")
        told = [column.name for column in cursor.description]
        assert told == [c for c, in rows(console, "SELECT column_name FROM table_columns WHERE table_name = %s ORDER BY position", (name,))]
        cursor = console.execute(f"SELECT * FROM {name} WHERE 1 = 0", prepare=True)
        assert [column.name for column in cursor.description] == told and cursor.fetchall() == []


def test_types(console):
    cursor = console.execute("SELECT id, started_at, user, total_ms FROM history LIMIT 1", binary=True)
    [(number, started, user, total)] = cursor.fetchall()
    assert isinstance(number, int) and started.tzinfo is not None and user == "tester" and isinstance(total, float)
    assert rows(console, "SELECT usable, maintenance FROM clusters WHERE name = 'lite-2'") == [(True, False)]


def test_clusters_and_groups(console):
    assert rows(console, "SELECT name, engine, usable FROM clusters ORDER BY name") == [
        ("lite-1", "sqlite", True), ("lite-2", "sqlite", True), ("pg-off", "postgres", False)]
    assert rows(console, "SELECT name, member, position, fallback FROM groups ORDER BY name, position") == [
        ("main", "lite-1", 1, None), ("main", "lite-2", 2, None), ("single", "lite-2", 1, "main")]


def test_joins(console):
    got = rows(console, "SELECT g.name, count(DISTINCT c.name), count(h.id) FROM groups g JOIN clusters c ON c.name = g.member "
                        "LEFT JOIN history h ON h.cluster = c.name AND h.cluster_group = g.name GROUP BY g.name ORDER BY 1")
    assert got == [("main", 2, 25), ("single", 1, 0)]
    assert rows(console, "SELECT count(*) FROM history h JOIN decisions d USING (id)")[0][0] >= 26
    assert rows(console, "SELECT count(*) FROM sessions s, sessions t WHERE s.pid = t.pid")[0][0] >= 1


def test_history_pages_and_filters(console):
    ids = [i for i, in rows(console, "SELECT id FROM history")]
    assert ids == sorted(ids, reverse=True) and len(ids) >= 26
    assert [i for i, in rows(console, "SELECT id FROM history ORDER BY id")] == sorted(ids)
    middle = ids[len(ids) // 2]
    assert rows(console, "SELECT id FROM history WHERE id = %s", (middle,)) == [(middle,)]
    assert [i for i, in rows(console, "SELECT id FROM history WHERE id < %s", (middle,))] == [i for i in ids if i < middle]
    assert [i for i, in rows(console, "SELECT id FROM history WHERE id <= %s AND cluster = 'lite-1' ORDER BY id DESC", (middle,))] == [
        i for i, cluster in rows(console, "SELECT id, cluster FROM history") if i <= middle and cluster == "lite-1"]
    for nothing in ("id = -1", "id < 0", "id = 'x'", "user = ''", "cluster = NULL", "id = 1.5"):
        assert rows(console, f"SELECT id FROM history WHERE {nothing}") == [], nothing
    [(outcome, sqlstate, text)] = rows(console, "SELECT outcome, sqlstate, text FROM history WHERE outcome = 'denied'")
    assert (outcome, sqlstate) == ("denied", "42501") and "forbidden" in text


def test_many_pages(server, console):
    """More records than a page has."""
    before = rows(console, "SELECT count(*) FROM history")[0][0]
    with psycopg.connect(server.dsn(), autocommit=True) as user:
        with user.pipeline():
            for n in range(2500):
                user.execute("SELECT 1")
    got = rows(console, "SELECT count(*), count(DISTINCT id) FROM history")[0]
    assert got[0] == got[1] == before + 2500
    assert rows(console, "SELECT count(*) FROM decisions WHERE id > (SELECT max(id) - 1500 FROM history)")[0][0] == 1500


def test_decisions(console):
    [(router, rule, trace, reason)] = rows(console, "SELECT router, rule, trace, reason FROM decisions WHERE outcome = 'denied'")
    assert router == "queryRegex" and rule == "1" and "matched" in trace
    [(trace, reason)] = rows(console, "SELECT trace, reason FROM decisions WHERE outcome = 'ok' LIMIT 1")
    assert "routingFallback" in trace and "roundRobin" in reason


def test_sessions_and_queries(server, console):
    with psycopg.connect(server.dsn(application_name="watched"), autocommit=True) as user:
        user.execute("BEGIN")
        user.execute("SELECT 1")
        [(state, transaction)] = rows(console, "SELECT state, transaction_state FROM sessions WHERE application = 'watched'")
        assert (state, transaction) == ("ready", "open")
        user.execute("COMMIT")
    me = rows(console, "SELECT user, cluster_group, text FROM queries WHERE database = 'turnout'")
    assert me[0][:2] == ("tester", "console") and "FROM queries" in me[0][2]


def test_sessions_of_other_protocols(server, console):
    pymysql = pytest.importorskip("pymysql")
    with pymysql.connect(host="127.0.0.1", port=server.mysql_port, user="somebody", database="shop") as user:
        user.begin()
        found = rows(console, "SELECT user, database, pid, state, transaction_state FROM sessions WHERE protocol = 'mysqlWire'")
        assert found == [("somebody", "shop", user.thread_id(), "ready", "open")]
    address = f"http://127.0.0.1:{server.trino_port}/v1/statement"
    post = urllib.request.Request(address, data=ENDLESS.encode(), headers={"X-Trino-User": "tri", "X-Trino-Source": "watched"})
    with urllib.request.urlopen(post) as answer:
        link = json.load(answer)["nextUri"]
    found = rows(console, "SELECT user, application, pid, state FROM sessions WHERE protocol = 'trinoHttp'")
    assert found == [("tri", "watched", None, "busy")]
    urllib.request.urlopen(urllib.request.Request(link, method="DELETE")).close()
    assert rows(console, "SELECT count(*) FROM sessions WHERE protocol = 'postgresWire'")[0][0] >= 1


def test_counters_count(server, console):
    sql = "SELECT value FROM counters WHERE name = 'queries_ok'"
    before = rows(console, sql)[0][0]
    with psycopg.connect(server.dsn(), autocommit=True) as user:
        user.execute("SELECT 1")
    assert rows(console, sql)[0][0] == before + 1  # and the console's own are not counted


def test_not_recorded(console):
    before = rows(console, "SELECT count(*) FROM history")[0][0]
    for _ in range(5):
        console.execute("SELECT 1")
    assert rows(console, "SELECT count(*) FROM history")[0][0] == before


def test_settings_have_no_secrets(server, console):
    seen = json.dumps([[str(cell) for cell in row] for name in TABLES for row in rows(console, f"SELECT * FROM {name}")])
    assert SECRET not in seen
    assert rows(console, "SELECT value FROM settings WHERE name = 'adminApi.password'") == [("(secret)",)]
    assert rows(console, "SELECT value FROM settings WHERE object = 'pg-off' AND name = 'auth.password'") == [("(secret)",)]
    assert rows(console, "SELECT value FROM settings WHERE object = 'lite-1' AND name = 'initSql'") == [("SELECT ?",)]
    assert rows(console, "SELECT value, is_default FROM settings WHERE name = 'log.level'") == [("debug", False)]
    assert rows(console, "SELECT value, is_default FROM settings WHERE name = 'queryTimeout' AND scope = 'turnout'") == [("0s", True)]
    assert SECRET not in server.log()


# ---- clients ----

def test_psql(server, tool):
    def psql(*commands):
        arguments = [part for command in commands for part in ("-c", command)]
        return subprocess.run([tool("psql"), "-X", "-A", "-t", server.dsn(database="turnout"), *arguments], capture_output=True,
                              text=True, timeout=100, check=False)
    done = psql("SHOW TABLES", "\\dt", "\\d", "SELECT name FROM clusters ORDER BY 1 LIMIT 1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("clusters|") >= 1 and "main|history|view|turnout" in done.stdout and done.stdout.rstrip().endswith("lite-1")
    told = psql("\\d groups")
    assert told.returncode == 0 and told.stderr == "", told.stderr
    assert "member|text" in told.stdout and "running|bigint" in told.stdout and "frozen|boolean" in told.stdout
    assert "nothing" in psql("\\d nothing").stderr
    assert psql("SELECT * FROM nothing").stderr.count("SHOW HELP") == 1


def test_asyncpg(server):
    async def talk():
        console = await asyncpg.connect(server.dsn(database="turnout"))
        assert await console.fetchval("SELECT count(*) FROM groups WHERE name = $1", "main") == 2
        assert (await console.fetch("SELECT started_at FROM history LIMIT 1"))[0]["started_at"].tzinfo is not None
        assert "in service" in (await console.fetch("MAINTENANCE OFF lite-2"))[0]["result"]
        async with console.transaction():
            assert [row["name"] async for row in console.cursor("SELECT name FROM clusters ORDER BY name")] == ["lite-1", "lite-2", "pg-off"]
        await console.close()
    asyncio.run(talk())


def test_prepared(server):
    with psycopg.connect(server.dsn(database="turnout")) as console:  # a transaction each
        for name, count in (("main", 2), ("single", 1), ("none", 0)) * 3:
            assert len(console.execute("SELECT member FROM groups WHERE name = %s", (name,), prepare=True).fetchall()) == count
        console.commit()
        with console.cursor() as cursor:
            cursor.execute("SELECT id FROM history LIMIT 7")
            assert len(cursor.fetchmany(3)) == 3
        console.rollback()


def test_information_schema(console):
    assert {t for t, in rows(console, "SELECT table_name FROM information_schema.tables")} >= TABLES
    assert rows(console, "SELECT data_type FROM information_schema.columns WHERE table_name = 'history' AND column_name = 'started_at'") == [
        ("TIMESTAMPTZ",)]
    assert rows(console, "SELECT current_database(), version()")[0][0] == "turnout"


# ---- commands ----

def test_help(console):
    names = {name for _, name, _ in rows(console, "SHOW HELP")}
    assert {"RELOAD", "KILL id", "MAINTENANCE ON cluster", "clusters"} <= names
    assert {name for name, _ in rows(console, "show tables;")} >= TABLES


def test_maintenance(server, console):
    for on in (True, False):
        cursor = console.execute(f"MAINTENANCE {'ON' if on else 'off'} lite-2")
        assert cursor.statusmessage.startswith("MAINTENANCE") and "lite-2" in cursor.fetchone()[0]
        assert rows(console, "SELECT maintenance FROM clusters WHERE name = 'lite-2'") == [(on,)]
    assert server.log_contains("action=maintenance target=lite-2 result=off")
    for bad, state in (("MAINTENANCE ON nowhere", "42704"), ("MAINTENANCE ON", "42601"), ("RELOAD now", "42601")):
        with pytest.raises(psycopg.Error) as problem:
            console.execute(bad)
        assert problem.value.sqlstate == state, bad


def test_describing_a_command_does_nothing(server):
    with wire.Wire(server.port, database="turnout") as client:
        told = client.ask(wire.parse("MAINTENANCE ON lite-2", "m"), wire.describe("S", "m"))
        assert [column.name for column in wire.columns(told)] == ["result"]
    with psycopg.connect(server.dsn(database="turnout"), autocommit=True) as console:
        assert rows(console, "SELECT maintenance FROM clusters WHERE name = 'lite-2'") == [(False,)]


def test_freeze(server, console):
    frozen = "SELECT DISTINCT name FROM groups WHERE frozen ORDER BY 1"
    assert rows(console, frozen) == []
    assert "frozen" in rows(console, "FREEZE main")[0][0] and rows(console, "freeze 'single';")
    assert rows(console, frozen) == [("main",), ("single",)]
    assert [g["name"] for g in server.admin("/admin/groups", headers=BOSS)[1] if g["frozen"]] == ["main", "single"]
    assert rows(console, "UNFREEZE main")
    env = {**os.environ, "TURNOUT_ADMIN": server.admin_url, "TURNOUT_ADMIN_USER": "boss", "TURNOUT_ADMIN_PASSWORD": SECRET}
    for arguments, code, words in (("freeze", "single", "--off"), 0, "learns again"), (("freeze", "nothing"), 1, "no group"), (("freeze",), 2, ""):
        done = subprocess.run([proxy_module.binary(), *arguments], env=env, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == code and words in done.stdout + done.stderr, done
    assert rows(console, frozen) == []
    with pytest.raises(psycopg.Error) as problem:
        console.execute("FREEZE nothing")
    assert problem.value.sqlstate == "42704"


def test_reset_shape(console):
    key = "00112233445566778899aabbccddeeff"
    assert "forgotten" in rows(console, "RESET SHAPE ALL")[0][0]
    for sql in (f"RESET SHAPE {key}", f"RESET {key}", f"reset shape '{key.upper()}'"):  # of one that is known: test_shapes.py
        with pytest.raises(psycopg.Error) as problem:
            console.execute(sql)
        assert problem.value.sqlstate == "42704", sql
    for sql in ("RESET SHAPE", "RESET SHAPE x", f"RESET SHAPE {key}0"):
        with pytest.raises(psycopg.Error) as problem:
            console.execute(sql)
        assert problem.value.sqlstate in ("22023", "42601"), sql
    console.execute("SET statement_timeout = '5s'")
    console.execute("RESET statement_timeout")  # the session's, as ever
    console.execute("RESET ALL")


def test_reload(proxies):
    server = proxies(CONFIG)
    with psycopg.connect(server.dsn(database="turnout"), autocommit=True) as console:
        changed = json.loads(json.dumps(CONFIG))
        changed["clusterGroups"]["more"] = {"members": ["lite-1"]}
        server.write_config(proxy_module.merge(changed, {"turnout": {"log": {"level": "debug"}}}))
        assert "reloaded" in rows(console, "RELOAD")[0][0]
        assert rows(console, "SELECT count(*) FROM groups WHERE name = 'more'") == [(1,)]
        server.write_config("turnout: { nothing: here }\n")
        with pytest.raises(psycopg.Error) as problem:
            console.execute("RELOAD")
        assert "line" in problem.value.diag.message_detail
        assert rows(console, "SELECT count(*) FROM groups WHERE name = 'more'") == [(1,)]
        server.write_config(changed)


def test_kill(server, console):
    ended = []

    def run():
        try:
            with psycopg.connect(server.dsn(application_name="victim"), autocommit=True) as user:
                user.execute(ENDLESS)
        except psycopg.Error as problem:
            ended.append(problem.sqlstate)
    victim = threading.Thread(target=run)
    victim.start()
    sql = "SELECT id FROM queries WHERE application = 'victim' AND state = 'running'"
    [(number,)] = server.wait_for(lambda: rows(console, sql), what="the victim runs")
    assert str(number) in rows(console, f"KILL {number}")[0][0]
    victim.join(60)
    assert ended == ["57014"]
    with pytest.raises(psycopg.Error) as problem:
        console.execute(f"KILL {number}")
    assert problem.value.sqlstate == "42704"


# ---- who is hostile ----

@pytest.mark.parametrize("sql", [
    "INSERT INTO history VALUES (1)", "DELETE FROM history", "UPDATE settings SET value = 'x'", "CREATE TABLE t (a int)",
    "CREATE TEMP TABLE t (a int)", "CREATE VIEW v AS SELECT 1", "CREATE TEMP TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; END",
    "DROP TABLE history", "ALTER TABLE history RENAME TO h", "ATTACH '/etc/passwd' AS p", "ATTACH ':memory:' AS p", "DETACH information_schema",
    "PRAGMA journal_mode = wal", "PRAGMA temp_store_directory = '/'", "PRAGMA writable_schema = 1", "PRAGMA database_list",
    "VACUUM INTO '/tmp/turnout-console-test'", "SELECT load_extension('/lib/x.so')", "ANALYZE",
    "CREATE VIRTUAL TABLE f USING fts5(a)", "INSERT INTO information_schema.tables VALUES (1, 2, 3, 4)",
    "WITH x AS (SELECT 1) INSERT INTO help SELECT 1, 2, 3", "DELETE FROM sqlite_schema",
])
def test_nothing_is_written(console, sql):
    with pytest.raises(psycopg.Error) as problem:
        console.execute(sql)
    assert problem.value.sqlstate in ("42501", "42000", "42601", "42P01"), (problem.value.sqlstate, problem.value)
    assert not os.path.exists("/tmp/turnout-console-test")


def test_cancel(server, console):
    with ops.repeated(console.cancel), pytest.raises(psycopg.errors.QueryCanceled):
        console.execute(ENDLESS)
    assert rows(console, "SELECT 1") == [(1,)]


def test_statement_timeout(console):
    console.execute("SET statement_timeout = '200ms'")
    for sql in (ENDLESS, "SELECT count(*) FROM settings a, settings b, settings c, settings d"):
        with pytest.raises(psycopg.errors.QueryCanceled):
            console.execute(sql)
    console.execute("SET statement_timeout = 0")
    assert rows(console, "SELECT 1") == [(1,)]


def test_memory_is_bounded(server, console):
    before = server.memory()
    with pytest.raises(psycopg.Error) as problem:  # every row is kept, to see whether it came before
        console.execute("WITH RECURSIVE t(x, y) AS (SELECT 1, 'x' UNION SELECT x + 1, hex(zeroblob(5000)) FROM t) SELECT count(*) FROM t")
    assert problem.value.sqlstate == "54000"
    with pytest.raises(psycopg.Error) as problem:
        console.execute("SELECT length(zeroblob(1000000000))")
    assert problem.value.sqlstate in ("54000", "53200")
    with pytest.raises(psycopg.Error) as problem:
        console.execute("WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t LIMIT 4000) "
                        "SELECT group_concat(hex(zeroblob(5000))) FROM t")
    assert problem.value.sqlstate in ("54000", "53200")
    assert server.memory() < before + 900e6


def test_slow_reader(server, console):
    """A result without an end, and nobody reads it: the console waits, the process does not grow."""
    before = server.memory()
    with wire.Wire(server.port, database="turnout") as slow:
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        slow.send(wire.query("WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) SELECT x, hex(zeroblob(500)) FROM t"))
        server.wait_for(lambda: rows(console, "SELECT 1 FROM queries WHERE text LIKE 'WITH RECURSIVE%zeroblob(500)%'"), what="it runs")
        time.sleep(0.5)
        assert server.memory() < before + 200e6
    server.wait_for(lambda: not rows(console, "SELECT 1 FROM queries WHERE text LIKE 'WITH RECURSIVE%zeroblob(500)%'"), what="its end")


@pytest.mark.parametrize("sql", [
    "SELECT " + "(" * 5000 + "1" + ")" * 5000, "SELECT " + "+".join("1" for _ in range(5000)),
    " UNION ALL ".join("SELECT 1" for _ in range(1000)), "SELECT * FROM " + ",".join(f"help h{n}" for n in range(100)),
    "SELECT '" + "x" * 2_000_000 + "'", "KILL " + "9" * 100, "KILL -1", "MAINTENANCE ON '", "SHOW HELP x", "SELECT printf('%.*c', 999999999, 'x')",
    "SELECT * FROM pragma_database_list", "SELECT * FROM json_each((SELECT group_concat('[') FROM history)) WHERE",
])
def test_odd_statements(console, sql):
    """Whatever it says, it says it soon, and the next statement is served."""
    try:
        console.execute(sql)
    except psycopg.Error as problem:
        assert problem.sqlstate not in (None, "XX000"), problem
    assert rows(console, "SELECT 1") == [(1,)]


def test_many_at_once(server, console):
    """More than run at once: the others wait, all are answered, and queries of users are not kept."""
    answers, threads = [], []

    def ask():
        with psycopg.connect(server.dsn(database="turnout"), autocommit=True) as one:
            answers.append(rows(one, "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t LIMIT 100000) SELECT count(*) FROM t"))
    for _ in range(20):
        threads.append(threading.Thread(target=ask))
        threads[-1].start()
    with psycopg.connect(server.dsn(), autocommit=True) as user:
        assert rows(user, "SELECT 1") == [(1,)]
    for thread in threads:
        thread.join(100)
    assert answers == [[(100000,)]] * 20


# ---- who may ----

def test_only_from_this_machine(proxies):
    """With auth.provider none an administrator is who works on the machine."""
    addresses = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=False).stdout.split()
    mine = [a for a in addresses if ":" not in a and not a.startswith("127.")]
    if not mine:
        pytest.skip("this machine has no address but loopback")
    server = proxies(proxy_module.merge(CONFIG, {"turnout": {"auth": {"force": True}, "frontends": {"postgresWire": {"host": "0.0.0.0"}}}}))
    elsewhere = server.dsn(database="turnout").replace("127.0.0.1", mine[0])
    with pytest.raises(psycopg.OperationalError, match="no administrator"):
        psycopg.connect(elsewhere)
    with psycopg.connect(server.dsn().replace("127.0.0.1", mine[0])) as user:
        user.execute("SELECT 1")
    with psycopg.connect(server.dsn(database="turnout")) as console:
        console.execute("SELECT 1 FROM settings")
