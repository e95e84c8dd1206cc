"""Which group, which member, and when: routers, hints, strategies, admission, seen by a client and in the history."""

import random
import threading
import time

import psycopg
import pytest

import ops
import proxy as proxy_module
import wire

# ---- routers and hints: one proxy, a group for every router, a member of the same name in each ----

GROUPS = ("plain", "byheader", "byregex", "bytags", "byuser", "bytables", "bywrite", "bymulti", "bycompound", "bynot", "late")
ROUTERS = [
    {"type": "deny", "rules": [{"regex": r"(?i)\bsecret\b"}, {"tables": ["hr.*", "salaries"]}], "message": "ask hr first",
     "sqlstate": "42501"},
    {"type": "deny", "user": "mallory", "message": "not you", "sqlstate": "28000"},
    {"type": "header", "headerName": "application_name", "headerValueToGroup": {"loader": "byheader"}},
    {"type": "queryRegex", "rules": [{"regex": "(?i)/\\* *first *\\*/", "targetGroup": "plain"},
                                     {"regex": "(?i)/\\* *regex *\\*/", "targetGroup": "byregex"},
                                     {"regex": "(?i)^truncate|^commit|^rollback", "action": "deny", "error": "no truncation here"}]},
    {"type": "tags", "rules": [{"tags": {"team": "bi", "nightly": None}, "targetGroup": "bytags"}]},
    {"type": "userGroup", "userToGroup": {"alice": "byuser"}},
    {"type": "tables", "rules": [{"tables": ["n", "wide_*"], "match": "any", "targetGroup": "bytables"}]},
    {"type": "compound", "combine": "all", "targetGroup": "bycompound",
     "conditions": [{"type": "user", "username": "carol"}, {"type": "statementClass", "class": "read"}]},
    {"type": "compound", "combine": "not", "targetGroup": "bynot",
     "conditions": [{"type": "clientTag", "tag": "calm"}, {"type": "header", "headerName": "database", "headerValue": "test"}]},
    {"type": "statementClass", "write": "bywrite", "multi": "bymulti"},
    {"type": "timeOfDay", "timeZone": "UTC", "rules": [
        {"days": ["mon"], "targetGroup": "late"},
        {"days": ["tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "to": "12:00", "targetGroup": "late"},
        {"days": ["tue", "wed", "thu", "fri", "sat", "sun"], "from": "12:00", "to": "00:00", "targetGroup": "late"}]},
    {"type": "protocolBased", "postgresWire": "plain"},
]


@pytest.fixture(scope="module")
def routed(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("routed"))
    config = {
        "clusters": {name: ops.sqlite_member(folder, name, rows=3) for name in GROUPS},
        "clusterGroups": {name: {"members": [name]} for name in GROUPS},
        "routers": ROUTERS, "routingFallback": "plain",
    }
    config["clusterGroups"]["bytags"]["defaultTags"] = {"cost": "center-1", "team": "nobody"}
    config["clusterGroups"]["both"] = {"members": ["plain", "late"], "strategy": {"type": "failover"}}
    with proxy_module.Proxy(config) as started:
        yield started


# name: start-up parameters, settings, statement, group, router, rule (counted from 1, "" = none)
CASES = {
    "header": ({"application_name": "loader"}, {}, "SELECT name FROM me", "byheader", "header", "1"),
    "regex": ({}, {}, "SELECT name FROM me /* regex */", "byregex", "queryRegex", "2"),
    "first rule wins": ({}, {}, "SELECT name FROM me /* regex */ /* first */", "plain", "queryRegex", "1"),
    "tags": ({}, {"turnout.tags": "team:bi,nightly"}, "SELECT name FROM me", "bytags", "tags", "1"),
    "tags as json": ({}, {"turnout.tags": '{"team": "bi", "nightly": "yes"}'}, "SELECT name FROM me", "bytags", "tags", "1"),
    "not all tags": ({}, {"turnout.tags": "team:bi"}, "SELECT name FROM me", "late", "timeOfDay", None),
    "user": ({"user": "alice"}, {}, "SELECT name FROM me", "byuser", "userGroup", "1"),
    "tables": ({}, {}, "SELECT name FROM me, n WHERE n.i = 1", "bytables", "tables", "1"),
    "a table in a literal": ({}, {}, "SELECT name FROM me WHERE 'n' <> 'wide_x'", "late", "timeOfDay", None),
    "compound all": ({"user": "carol"}, {}, "SELECT name FROM me", "bycompound", "compound", None),
    "compound not": ({"database": "elsewhere"}, {}, "SELECT name FROM me", "bynot", "compound", None),
    "compound not, but tagged": ({"database": "elsewhere"}, {"turnout.tags": "calm"}, "SELECT name FROM me", "late", "timeOfDay", None),
    "write": ({}, {}, "INSERT INTO seen (who) SELECT name FROM me RETURNING who", "bywrite", "statementClass", None),
    "time of day": ({}, {}, "SELECT name FROM me", "late", "timeOfDay", None),
    "header before tables": ({"application_name": "loader"}, {}, "SELECT name FROM me, n WHERE i = 2", "byheader", "header", "1"),
    "hint: group": ({}, {"turnout.group": "byregex"}, "SELECT name FROM me", "byregex", "hint", None),
    "hint: cluster": ({}, {"turnout.cluster": "bywrite"}, "SELECT name FROM me", "bywrite", "hint", None),
    "hint: comment": ({}, {}, "/*+ turnout(group=bytags) */ SELECT name FROM me", "bytags", "hint", None),
    "hint: comment with a cluster": ({}, {}, "/*+ turnout(group=both, cluster=late) */ SELECT name FROM me", "both", "hint", None),
    "hint: comment before setting": ({}, {"turnout.group": "byregex"}, "/*+ turnout(group=bytags) */ SELECT name FROM me",
                                     "bytags", "hint", None),
    "hint: tags in a comment": ({}, {}, "/*+ turnout(tags='team:bi,nightly') */ SELECT name FROM me", "bytags", "tags", "1"),
    "hint: options": ({"options": "-c turnout.group=byuser"}, {}, "SELECT name FROM me", "byuser", "hint", None),
    "hint: options, tags": ({"options": "-c turnout.tags=team:bi,nightly"}, {}, "SELECT name FROM me", "bytags", "tags", "1"),
}


@pytest.mark.parametrize("case", CASES)
def test_routers(routed, case):
    startup, settings, sql, group, router, rule = CASES[case]
    with wire.Wire(routed.port, **startup) as client:
        for name, value in settings.items():
            client.run(f"SET {name} = '{value}'")
        member = client.value(sql + f" -- {case}.")
    assert member == ("late" if group == "both" else group)
    record, = ops.history(routed, 1, text=f"-- {case}.")
    assert (record["group"], record["router"], record["cluster"]) == (group, router, member)
    assert rule is None or record["rule"] == rule
    assert router in record["trace"]
    # the trace tells what was asked before, and why it did not match
    if router == "timeOfDay":
        for asked in ("deny", "header", "queryRegex", "tags", "userGroup", "tables", "compound", "statementClass"):
            assert asked in record["trace"], record["trace"]


def test_the_extended_protocol_is_routed_alike(routed):
    with psycopg.connect(routed.dsn(application_name="loader"), autocommit=True) as client:
        assert client.execute("SELECT name FROM me WHERE name <> %s", ("x",)).fetchall() == [("byheader",)]
        assert client.execute("/*+ turnout(group=byregex) */ SELECT name FROM me WHERE name <> %s", ("x",), prepare=True).fetchall() \
            == [("byregex",)]
    with ops.connect(routed) as client:
        assert client.execute("SELECT name FROM me, n WHERE i = %s", (1,), binary=True).fetchall() == [("bytables",)]


def test_several_statements_are_multi(routed):
    with wire.Wire(routed.port) as client:
        messages = wire.check(client.query("SELECT name FROM me; SELECT name FROM me"))
        assert wire.texts(messages) == [["bymulti"], ["bymulti"]]
        assert client.value("SELECT name FROM me;") == "late"  # one statement all the same
        # what denies one statement is not got round by a second one
        assert wire.error(client.query("SELECT 1; SELECT * FROM hr.people")).sqlstate == "42501"


DENIED = {
    "regex": ("tester", "SELECT 'secret'", "42501", "ask hr first"),
    "table": ("tester", "SELECT * FROM hr.people", "42501", "ask hr first"),
    "table in a join": ("tester", "SELECT 1 FROM me JOIN Salaries ON true", "42501", "ask hr first"),
    "user": ("mallory", "SELECT 1", "28000", "not you"),
    "rule of a regex router": ("tester", "TRUNCATE seen", "42501", "no truncation here"),
    "a hint lifts no denial": ("tester", "/*+ turnout(group=plain) */ SELECT 'secret'", "42501", "ask hr first"),
}


@pytest.mark.parametrize("case", DENIED)
def test_deny(routed, case):
    user, sql, sqlstate, text = DENIED[case]
    with wire.Wire(routed.port, user=user) as client:
        error = client.fails(sql + f" -- deny {case}.")
        assert (error.sqlstate, error.message) == (sqlstate, text)
        assert wire.error(client.extended(sql)).sqlstate == sqlstate
        assert client.run("SET turnout.priority = 'high'") == ["SET"]  # and the session goes on
    record, = ops.history(routed, 1, text=f"-- deny {case}.")
    assert (record["outcome"], record["sqlstate"], record["cluster"], record["attempts"]) == ("denied", sqlstate, "", 0)


def test_denied_inside_a_transaction_fails_it(routed):
    with wire.Wire(routed.port) as client:
        client.run("BEGIN")
        client.value(ops.WHO)
        assert wire.status(client.query("SELECT 'secret'")) == "E"
        assert client.fails("SELECT 1").sqlstate == "25P02"
        assert client.run("ROLLBACK") == ["ROLLBACK"]


@pytest.mark.parametrize("protocol", ["postgresWire", "trinoHttp"])
def test_no_router_denies_the_end_of_a_transaction(routed, protocol):
    """Its statements were answered, though a rule of queryRegex forbids such a text."""
    trino = pytest.importorskip("trino")
    for n, end in enumerate(("commit", "rollback")):
        if protocol == "postgresWire":
            client = psycopg.connect(routed.dsn())
        else:
            client = trino.dbapi.connect(host="127.0.0.1", port=routed.trino_port, user="ender", isolation_level=trino.transaction.IsolationLevel.SERIALIZABLE)
        cursor = client.cursor()
        cursor.execute(f"INSERT INTO seen (who) VALUES ('{protocol} {n}') /* first */")
        if protocol == "trinoHttp":
            cursor.fetchall()
        getattr(client, end)()
        client.close()
    with ops.connect(routed) as client:
        found = ops.ask(client, f"SELECT group_concat(who) FROM seen WHERE who LIKE '{protocol}%' /* first */")
    assert found == f"{protocol} 0"


def test_hints_last_until_reset(routed):
    with wire.Wire(routed.port) as client:
        assert client.value("SHOW turnout.group") == ""
        client.run("SET turnout.group = 'byregex'")
        assert client.value("SHOW turnout.group") == "byregex"
        assert client.value(ops.WHO) == "byregex"
        client.run("RESET turnout.group")
        assert client.value(ops.WHO) == "late"
        client.run("SET turnout.group TO byuser")
        client.run("DISCARD ALL")
        assert client.value(ops.WHO) == "late"
        client.run("BEGIN")
        client.run("SET LOCAL turnout.group = 'bytags'")
        assert client.value(ops.WHO) == "bytags"
        client.run("COMMIT")
        assert client.value(ops.WHO) == "late"


BAD_HINTS = {
    "group": ("SET turnout.group = 'byregexx'", "42704", "byregexx"),
    "cluster": ("SET turnout.cluster = 'nowhere'", "42704", "nowhere"),
    "strategy": ("SET turnout.strategy = 'magic'", "22023", "magic"),
    "priority": ("SET turnout.priority = 'urgent'", "22023", "urgent"),
    "tags": ("SET turnout.tags = '{\"team\": '", "22023", "tags"),
    "unknown setting": ("SET turnout.nonsense = 1", "42704", "turnout.nonsense"),
    "show unknown": ("SHOW turnout.nonsense", "42704", "turnout.nonsense"),
    "comment: group": ("/*+ turnout(group=nowhere) */ SELECT 1", "42704", "nowhere"),
    "comment: key": ("/*+ turnout(grup=plain) */ SELECT 1", "42601", "grup"),
    "comment: not closed": ("/*+ turnout(group=plain */ SELECT 1", "42601", "turnout"),
    "cluster of another group": ("/*+ turnout(group=plain, cluster=late) */ SELECT 1", "42704", "late"),
}


@pytest.mark.parametrize("case", BAD_HINTS)
def test_bad_hints(routed, case):
    sql, sqlstate, word = BAD_HINTS[case]
    with wire.Wire(routed.port) as client:
        error = client.fails(sql)
        assert error.sqlstate == sqlstate, error
        assert word in error.message + error.fields.get("hint", "")
        assert client.value(ops.WHO) == "late"


def test_bad_hint_at_start_up_is_refused(routed):
    with pytest.raises(wire.ServerError, match="nowhere"):
        wire.Wire(routed.port, options="-c turnout.group=nowhere")


def test_default_tags(routed):
    with wire.Wire(routed.port) as client:
        client.value("/*+ turnout(tags='team:bi,nightly') */ SELECT name FROM me -- default tags.")
    record, = ops.history(routed, 1, text="-- default tags.")
    assert sorted(record["tags"].split(",")) == ["cost:center-1", "nightly", "team:bi"]  # the client's word goes first


# ---- strategies: members a, b, c that may be written, r that may not; a group for every strategy ----

@pytest.fixture(scope="module")
def members(tmp_path_factory, make_engine):
    make_engine("duckDb")  # skips without its library
    folder = str(tmp_path_factory.mktemp("members"))
    config = {
        "clusters": {
            **{name: ops.sqlite_member(folder, name, maxRunningQueries=8) for name in "abc"},
            "r": ops.sqlite_member(folder, "r", readOnly=True),
            "d": ops.duckdb_member(folder, "d"),
        },
        "clusterGroups": {
            "robin": {"members": ["a", "b", "c"]},
            "weighted": {"members": ["a", "b", "c"], "strategy": {"type": "weighted", "weights": {"a": 50, "b": 30, "c": 20}}},
            "failover": {"members": ["a", "b", "c"], "strategy": {"type": "failover", "preference": ["b", "c", "a"]}},
            "least": {"members": ["a", "b", "c"], "strategy": {"type": "leastLoaded"}},
            "affinity": {"members": ["a", "d", "b"], "strategy": {"type": "engineAffinity", "preference": ["duckDb", "sqlite"]}},
            "readers": {"members": ["r", "a"], "strategy": {"type": "failover"}},
            "readonly": {"members": ["r"]},
            "off": {"members": ["a"], "enabled": False},
        },
        "routingFallback": "robin",
    }
    with proxy_module.Proxy(config) as started:
        yield started


def in_group(proxy, name):
    client = wire.Wire(proxy.port)
    client.run(f"SET turnout.group = '{name}'")
    return client


def test_round_robin(members):
    with in_group(members, "robin") as client:
        answers = [client.value(ops.WHO) for _ in range(12)]
    assert sorted(answers[:3]) == ["a", "b", "c"]
    assert answers == answers[:3] * 4


def test_weighted_is_exact_over_any_hundred(members):
    with in_group(members, "weighted") as client:
        client.value(ops.WHO)  # any window, not only that of the first pick
        answers = "".join(client.value(ops.WHO) for _ in range(230))
    for start in range(len(answers) - 100):
        window = answers[start:start + 100]
        assert (window.count("a"), window.count("b"), window.count("c")) == (50, 30, 20), start
    records = ops.history(members, 231, group="weighted")
    assert "".join(record["cluster"] for record in reversed(records))[1:] == answers
    assert all(record["reason"].startswith("weighted") for record in records)


def test_weighted_is_exact_with_many_clients(members):
    before = {name: 0 for name in "abc"}

    def one(number):
        with in_group(members, "weighted") as client:
            answers[number] = [client.value(ops.WHO) for _ in range(25)]
    answers = [None] * 4
    threads = [threading.Thread(target=one, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for got in answers:
        for name in got:
            before[name] += 1
    assert before == {"a": 50, "b": 30, "c": 20}


def maintenance(proxy, name, on):
    assert proxy.admin(f"/admin/clusters/{name}/maintenance?on={'true' if on else 'false'}", "POST")[0] == 200


def test_failover(members):
    with in_group(members, "failover") as client:
        assert client.value(ops.WHO) == "b"
        maintenance(members, "b", True)
        try:
            assert client.value(ops.WHO) == "c"
            maintenance(members, "c", True)
            assert client.value(ops.WHO) == "a"
        finally:
            maintenance(members, "b", False)
            maintenance(members, "c", False)
        assert [client.value(ops.WHO) for _ in range(3)] == ["b"] * 3


def test_nobody_left(members):
    with in_group(members, "readonly") as client:
        maintenance(members, "r", True)
        try:
            error = client.fails(ops.WHO)
            assert error.sqlstate == "57P03"
            assert "maintenance" in error.fields["detail"]
        finally:
            maintenance(members, "r", False)
        assert client.value(ops.WHO) == "r"
    with in_group(members, "off") as client:
        error = client.fails(ops.WHO)
        assert error.sqlstate == "57P03" and "`off` is disabled" in error.message


def test_least_loaded(members):
    hint = "/*+ turnout(group=least) */ "
    with ops.Holder(members, hint) as first, ops.Holder(members, hint) as second, ops.Holder(members, hint) as third:
        assert sorted((first.member, second.member, third.member)) == ["a", "b", "c"]
        first.release()
        with wire.Wire(members.port) as client:
            assert [client.value(hint + ops.WHO) for _ in range(4)] == [first.member] * 4


def test_engine_affinity(members):
    with in_group(members, "affinity") as client:
        assert [client.value(ops.WHO) for _ in range(4)] == ["d"] * 4
        maintenance(members, "d", True)
        try:
            assert {client.value(ops.WHO) for _ in range(4)} == {"a", "b"}
        finally:
            maintenance(members, "d", False)


def test_strategy_hint(members):
    with in_group(members, "robin") as client:
        client.run("SET turnout.strategy = 'failover'")
        assert [client.value(ops.WHO) for _ in range(5)] == ["a"] * 5
        client.run("RESET turnout.strategy")
        assert {client.value(ops.WHO) for _ in range(3)} == {"a", "b", "c"}
        assert [client.value("/*+ turnout(strategy=failover) */ " + ops.WHO) for _ in range(3)] == ["a"] * 3


def test_a_write_never_goes_to_a_read_only_member(members):
    write = "INSERT INTO seen (who) SELECT name FROM me RETURNING who"
    with in_group(members, "readers") as client:
        assert client.value(ops.WHO) == "r"
        assert [client.value(write) for _ in range(5)] == ["a"] * 5
        assert [client.value(f"WITH x AS (SELECT 1) {write}") for _ in range(2)] == ["a"] * 2
        assert wire.tags(client.query("CREATE TABLE IF NOT EXISTS made (i integer)")) == ["CREATE TABLE"]
        assert wire.texts(wire.check(client.extended(write))) == [["a"]]
        # a prepared statement of a write, too
        client.ask(wire.parse(write, name="w"))
        assert wire.texts(wire.check(client.ask(wire.bind(statement="w"), wire.execute()))) == [["a"]]
    with in_group(members, "readonly") as client:
        error = client.fails(write)
        assert error.sqlstate == "25006"
        assert "read-only" in error.fields["detail"]
        assert client.fails("/*+ turnout(cluster=r) */ DELETE FROM seen").sqlstate == "25006"
        assert client.fails("DROP TABLE seen").sqlstate == "25006"


def test_a_transaction_stays_on_one_member(members):
    with in_group(members, "robin") as client:
        firsts = set()
        for _ in range(3):
            client.run("BEGIN")
            answers = {client.value(ops.WHO) for _ in range(4)}
            client.run("SAVEPOINT s")
            answers.add(client.value("INSERT INTO seen (who) SELECT name FROM me RETURNING who"))
            client.run("ROLLBACK TO SAVEPOINT s")
            client.run("SET turnout.cluster = 'c'")  # no hint moves it
            answers.add(client.value(ops.WHO))
            client.run("ROLLBACK")
            client.run("RESET turnout.cluster")
            assert len(answers) == 1
            firsts |= answers
        assert firsts == {"a", "b", "c"}


def test_begin_alone_takes_no_slot(members):
    with in_group(members, "robin") as client:
        client.run("BEGIN")
        assert ops.group(members, "robin")["running"] == 0
        client.value(ops.WHO)
        assert ops.group(members, "robin")["running"] == 1
        client.run("COMMIT")
        assert ops.group(members, "robin")["running"] == 0


def test_a_transaction_that_may_write_begins_where_it_can(members):
    with in_group(members, "readers") as client:
        client.run("BEGIN")
        assert client.value(ops.WHO) == "a"
        assert client.value("INSERT INTO seen (who) SELECT name FROM me RETURNING who") == "a"
        client.run("ROLLBACK")
        for begin in ("BEGIN READ ONLY", "START TRANSACTION READ ONLY", "BEGIN; SET TRANSACTION READ ONLY"):
            client.run(begin)
            assert client.value(ops.WHO) == "r", begin
            assert client.fails("DELETE FROM seen").sqlstate == "25006"
            client.run("ROLLBACK")
    with in_group(members, "readonly") as client:  # where none can write, it begins all the same
        client.run("BEGIN")
        assert client.value(ops.WHO) == "r"
        client.run("COMMIT")


# ---- admission ----

@pytest.fixture(scope="module")
def narrow(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("narrow"))
    config = {
        "clusters": {
            "one": ops.sqlite_member(folder, "one", maxRunningQueries=1),
            "two": ops.sqlite_member(folder, "two"),
            "wide": ops.sqlite_member(folder, "wide"),
            "last": ops.sqlite_member(folder, "last"),
        },
        "clusterGroups": {
            "cluster": {"members": ["one"], "queueTimeout": "200s"},
            "group": {"members": ["two"], "maxRunningQueries": 2, "maxQueuedQueries": 3, "queueTimeout": "200s"},
            "hasty": {"members": ["one"], "maxRunningQueries": 1, "queueTimeout": "300ms"},
            "never": {"members": ["one"], "maxQueuedQueries": 0},
            "spills": {"members": ["wide"], "maxRunningQueries": 1, "fallbackGroup": "further"},
            "further": {"members": ["two"], "maxRunningQueries": 1, "fallbackGroup": "end"},
            "end": {"members": ["last"], "queueTimeout": "50s"},
            "line": {"members": ["last"], "maxRunningQueries": 1, "queueTimeout": "200s"},
        },
        "routingFallback": "cluster",
    }
    with proxy_module.Proxy(config) as started:
        yield started
        started.wait_for(lambda: ops.quiet(started), what="free slots")


class Waiter(threading.Thread):
    """Runs SQL on a connection of its own; `answer` or `error` when it has ended."""

    def __init__(self, proxy, sql, user="tester", settings=()):
        super().__init__(daemon=True)
        self.wire = wire.Wire(proxy.port, user=user, timeout=100)
        for setting in settings:
            self.wire.run(setting)
        self.sql, self.answer, self.error = sql, None, None
        self.start()

    def run(self):
        try:
            self.answer = wire.texts(wire.check(self.wire.query(self.sql)))
        except (wire.ServerError, wire.Closed, OSError) as problem:
            self.error = problem

    def end(self):
        self.join(60)
        assert not self.is_alive(), f"{self.sql} waits for ever"
        self.wire.close()
        return self


def queued(proxy, name, count):
    proxy.wait_for(lambda: ops.group(proxy, name)["queued"] == count, what=f"{count} waiting in {name}")


def test_the_limit_of_a_cluster(narrow):
    with ops.Holder(narrow) as holder:
        waiters = [Waiter(narrow, ops.WHO) for _ in range(2)]
        queued(narrow, "cluster", 2)
        assert ops.cluster(narrow, "one")["running"] == 1
        rows = [q for q in narrow.running_queries() if q["state"] == "queued"]
        assert sorted(q["queuePosition"] for q in rows) == [1, 2]
        assert len(narrow.admin("/admin/queries?state=queued&group=cluster")[1]["queries"]) == 2
        holder.release()
        assert [w.end().answer for w in waiters] == [[["one"]], [["one"]]]
    records = ops.history(narrow, 3, group="cluster", outcome="ok", text="from me")
    assert sorted(r["queueMs"] > 0 for r in records) == [False, True, True]
    assert ops.metric(narrow, "turnout_queries_queued_total") >= 2


def test_the_limit_of_a_group_and_the_full_queue(narrow):
    hint = "/*+ turnout(group=group) */ "
    with ops.Holder(narrow, hint) as first, ops.Holder(narrow, hint):
        waiters = [Waiter(narrow, hint + ops.WHO) for _ in range(3)]
        queued(narrow, "group", 3)
        with wire.Wire(narrow.port) as client:
            error = client.fails(hint + ops.WHO)
            assert error.sqlstate == "53300" and "is full" in error.message, error
            assert "group" in error.message and error.fields.get("hint")
            assert client.value("/*+ turnout(cluster=wide) */ " + ops.WHO) == "wide"  # the others go on
        assert ops.group(narrow, "group")["running"] == 2
        first.release()
        assert [w.end().answer for w in waiters] == [[["two"]]] * 3
    assert ops.group(narrow, "group")["refused"] == 1
    with ops.Holder(narrow), wire.Wire(narrow.port) as client:
        assert client.fails("/*+ turnout(group=never) */ " + ops.WHO).sqlstate == "53300"


def test_queue_timeout(narrow):
    with ops.Holder(narrow), wire.Wire(narrow.port) as client:
        seconds, error = wire.elapsed(client.fails, "/*+ turnout(group=hasty) */ SELECT name FROM me -- too late.")
        assert error.sqlstate == "53300" and seconds > 0.25
        assert "queue" in error.message and error.fields.get("hint")
        assert wire.status(client.query("SHOW turnout.group")) == "I"
    record, = ops.history(narrow, 1, text="-- too late.")
    assert (record["outcome"], record["sqlstate"]) == ("refused", "53300")
    assert record["queueMs"] >= 250
    assert ops.metric(narrow, "turnout_queue_timed_out_total") == 1


def test_place_in_the_queue_is_told_after_five_seconds(narrow):
    with ops.Holder(narrow) as holder:
        clients = [wire.Wire(narrow.port, timeout=100) for _ in range(2)]
        begin = time.monotonic()
        for place, client in enumerate(clients, 1):
            client.send(wire.query(ops.WHO))
            queued(narrow, "cluster", place)
        for place, client in enumerate(clients, 1):  # it comes while they wait, not with the answer
            got = client.read()
            assert got.type == "N" and got.fields["severity"] == "NOTICE"
            assert f"position {place}" in got.fields["message"] and "cluster" in got.fields["message"]
        assert time.monotonic() - begin > 4
        holder.release()
        for client in clients:
            assert wire.texts(wire.check(client.until("Z"))) == [["one"]]
            client.close()


def test_cancel_while_queued(narrow):
    with ops.Holder(narrow):
        by_client, by_operator, gone = (Waiter(narrow, ops.WHO, user=name) for name in ("client", "operator", "gone"))
        queued(narrow, "cluster", 3)
        by_timeout = Waiter(narrow, ops.WHO, user="timeout", settings=["SET statement_timeout = 400"])
        by_client.wire.cancel()
        assert by_client.end().error.sqlstate == "57014"
        ident, = [q["id"] for q in narrow.running_queries() if q["user"] == "operator"]
        assert narrow.admin(f"/admin/queries/{ident}/cancel", "POST")[0] == 200
        assert by_operator.end().error.sqlstate == "57014"
        assert "administrator" in by_operator.error.message
        assert by_timeout.end().error.sqlstate == "57014"
        queued(narrow, "cluster", 1)
        gone.wire.socket.shutdown(2)
        queued(narrow, "cluster", 0)
        gone.end()
    narrow.wait_for(lambda: ops.quiet(narrow), what="free slots")
    expected = {"client": "cancelled", "operator": "cancelled", "timeout": "timeout", "gone": "cancelled"}
    assert {user: ops.history(narrow, 1, user=user)[0]["outcome"] for user in expected} == expected


def test_the_cancelled_slot_goes_to_the_next(narrow):
    """A cancel of one waiter moves up the others and is never felt by the next query of its session."""
    with ops.Holder(narrow) as holder:
        waiters = [Waiter(narrow, ops.WHO) for _ in range(3)]
        queued(narrow, "cluster", 3)
        waiters[1].wire.cancel()
        waiters[1].join(60)
        assert waiters[1].error.sqlstate == "57014"
        holder.release()
        assert waiters[1].wire.value(ops.WHO) == "one"
        assert [w.end().answer for w in (waiters[0], waiters[2])] == [[["one"]]] * 2
        waiters[1].end()


def test_spill(narrow):
    hint = "/*+ turnout(group=spills) */ "
    with ops.Holder(narrow, hint) as first, ops.Holder(narrow, hint) as second, wire.Wire(narrow.port) as client:
        assert (first.member, second.member) == ("wide", "two")  # the fallback group's member
        assert client.value(hint + "SELECT name FROM me -- spilled.") == "last"  # and its fallback's
    record, = ops.history(narrow, 1, text="-- spilled.")
    assert record["group"] == "end" and "spilled" in record["reason"]
    assert ops.group(narrow, "spills")["spilled"] == 2
    assert ops.metric(narrow, "turnout_queries_spilled_total") == 2


def order_of(narrow, waiters):
    """Users in the order in which the waiters wrote."""
    for waiter in waiters:
        assert waiter.end().error is None, waiter.error
    with wire.Wire(narrow.port) as client:
        rows = client.rows("/*+ turnout(group=line) */ SELECT who FROM seen ORDER BY id")
        client.run("/*+ turnout(group=line) */ DELETE FROM seen")
    return "".join(row[0] for row in rows)


def wait_in_line(narrow, plan, settings=None):
    hint = "/*+ turnout(group=line) */ "
    waiters = []
    with ops.Holder(narrow, hint) as holder:
        for user in plan:
            waiters.append(Waiter(narrow, f"{hint}INSERT INTO seen (who) VALUES ('{user}')", user=user,
                                  settings=(settings or {}).get(user, ())))
            queued(narrow, "line", len(waiters))
        holder.release()
        return order_of(narrow, waiters)


def test_users_take_turns(narrow):
    assert wait_in_line(narrow, "aaaabbc") == "abcabaa"


def test_priorities_go_first(narrow):
    settings = {"l": ["SET turnout.priority = 'low'"], "h": ["SET turnout.priority = 'high'"]}
    assert wait_in_line(narrow, "lnlhnh", settings) == "hhnnll"


def test_a_storm_leaks_no_slot(tmp_path, postgres_server, proxies):
    """Cancels, time-outs, lost clients, terminated back-ends, errors: in the end nothing runs and nothing waits."""
    proxy = proxies({
        "clusters": {"pg": ops.postgres_member(postgres_server, "pg", maxRunningQueries=4, circuitBreaker={"consecutiveFailures": 1000,
                                                                                          "minRequests": 10000}),
                     "lite": ops.sqlite_member(str(tmp_path), "lite", maxRunningQueries=3)},
        "clusterGroups": {"all": {"members": ["pg", "lite"], "maxRunningQueries": 6, "maxQueuedQueries": 8, "queueTimeout": "400ms"}},
        "routingFallback": "all",
    })
    stop = time.monotonic() + 8
    counts = dict.fromkeys(("ok", "cancel", "timeout", "reset", "error", "transaction", "terminate", "unread"), 0)
    last, early = {}, []

    def storm(seed):
        rand = random.Random(seed)
        while time.monotonic() < stop or min(counts.values()) < 4 and time.monotonic() < stop + 120:
            with wire.Wire(proxy.port, user=f"u{seed % 3}", timeout=100) as client:
                for _ in range(rand.randrange(1, 4)):
                    what = rand.choice(list(counts))
                    counts[what] += 1
                    last[seed] = what
                    if not blow(client, what, rand):
                        break

    def cancel(client):
        client.cancel()
        while client.quiet(30):  # it may have come before the query did: then it was nobody's, and the log says so
            early.append(client.pid)
            client.cancel()
        client.until("Z")

    def blow(client, what, rand):
        slow = "/*+ turnout(cluster=pg) */ SELECT pg_sleep(5)" if rand.random() < 0.5 else \
            "/*+ turnout(cluster=lite) */ " + ops.ENDLESS
        if what == "ok":
            client.query(ops.WHO)
        elif what == "error":
            client.query("SELECT * FROM missing")
        elif what == "transaction":
            client.query("BEGIN")
            client.query(ops.WHO)
            return rand.random() < 0.3 and bool(client.query("COMMIT"))
        elif what == "timeout":
            client.query(f"SET statement_timeout = {rand.randrange(1, 200)}")
            client.query(slow)
            client.query("RESET statement_timeout")
        elif what == "terminate":
            client.query("/*+ turnout(cluster=pg) */ SELECT pg_terminate_backend(pg_backend_pid())")
        else:
            client.send(wire.query(slow))
            time.sleep(rand.random() * 0.3)
            if what == "cancel":
                cancel(client)
                return True
            if what == "reset":
                client.reset()
            return False
        return True
    problems = []

    def guarded(seed):
        try:
            storm(seed)
        except Exception as problem:  # pylint: disable=broad-except
            problems.append((repr(problem), last.get(seed), proxy.running_queries(), proxy.admin("/admin/groups")[1]))
    threads = [threading.Thread(target=guarded, args=(n,), daemon=True) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(280)
    assert not any(thread.is_alive() for thread in threads), "a client hangs"
    assert problems == []
    assert min(counts.values()) > 3, counts
    for pid in early:
        assert proxy.log_contains(rf'cancel request session={pid} result="nothing runs"', seconds=0), "a cancel was lost"
    proxy.wait_for(lambda: ops.quiet(proxy), what="all slots free")
    assert ops.metric(proxy, "turnout_queries_in_flight") == 0
    with wire.Wire(proxy.port) as client:  # and all of them can be had again
        holders = [ops.Holder(proxy) for _ in range(6)]
        assert ops.group(proxy, "all")["running"] == 6
        assert sorted(h.member for h in holders) == ["lite"] * 3 + ["pg"] * 3
        for holder in holders:
            holder.wire.close()
        assert client.value("SELECT 1") == "1"
