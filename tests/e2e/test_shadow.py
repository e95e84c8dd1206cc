"""Copies in the background: what they learn, when there is none, and that nobody waits for them."""

import contextlib
import json
import os
import threading
import time

import pytest

import ops
import proxy as proxy_module
from test_adaptive import config, learned, look_up, member

SHADOW = {"mode": "shadow", "shadowPercent": 100}
SLOW = "SELECT v FROM slow WHERE v < {}"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("shadow"))
    return {"scans": member(os.path.join(folder, "scans.sqlite"), False), "seeks": member(os.path.join(folder, "seeks.sqlite"), True)}


@pytest.fixture(scope="module")
def sleepers(postgres_server):
    """`slow` sleeps for a good second in steady and for a minute in hanging."""
    made = {}
    for name, seconds in (("steady", 1.5), ("hanging", 60)):
        database = postgres_server.create_database(f"shadow_{name}_{time.monotonic_ns()}")
        postgres_server.sql(f"CREATE VIEW slow AS SELECT 7 AS v FROM pg_sleep({seconds}); CREATE TABLE quick (v int); INSERT INTO quick VALUES (1); "
                            f"CREATE TABLE me (name text); INSERT INTO me VALUES ('{name}')",
                            database=database)
        made[name] = postgres_server.cluster(database)
    return made


def count(proxy, what):
    return ops.metric(proxy, f"turnout_shadow_{what}_total")


def running(proxy):
    return ops.metric(proxy, "turnout_shadow_running")


def copies(proxy):
    return [q for q in proxy.running_queries() if q.get("shadow")]


def cell(proxy, text, cluster):
    """What is known of the shape with TEXT on CLUSTER."""
    shapes = json.loads(proxy.cli("shapes", "--json", "--admin", proxy.admin_url).stdout)["shapes"]
    found = [c for s in shapes if text in s["text"] for c in s["clusters"] if c["cluster"] == cluster]
    return found[0] if found else {"n": 0}


def start_a_copy(proxy, connection):
    """Until one runs on `hanging`: the shape is known on `steady`, as a session that names it learns. It ends at a deadline of a second or so."""
    connection.execute("SET turnout.cluster = 'steady'")
    ops.ask(connection, SLOW.format(100))
    connection.execute("RESET turnout.cluster")
    for n in range(8):
        assert ops.ask(connection, SLOW.format(200 + n)) == 7
        with contextlib.suppress(proxy_module.Failed):
            return proxy.wait_for(lambda: [q for q in copies(proxy) if q["state"] == "running"], seconds=1, what="a copy")[0]
    raise AssertionError("no copy was made\n" + proxy.tail())


def active(server):
    return server.sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%FROM slow%' AND state = 'active' AND pid <> pg_backend_pid()")[0][0]


def test_learned_where_no_query_went(files):
    with proxy_module.Proxy(config(files, explore=SHADOW)) as proxy, ops.connect(proxy) as connection:
        for n in range(60):
            look_up(connection, 1, first=n)
            proxy.wait_for(lambda: running(proxy) == 0, what="the end of copies")
            if cell(proxy, "points", "seeks")["n"] > 0 and count(proxy, "answered") >= 1:  # on a busy machine the first one may be cut
                break
        asked = n + 1
        assert {r["cluster"] for r in ops.history(proxy, asked)} == {"scans"}, "learned by the users' own queries"
        assert count(proxy, "answered") >= 1 and count(proxy, "engine_seconds") > 0
        records = learned(proxy, connection, count=asked)  # and no record of a copy
        assert not [r for r in records if "explore" in r["reason"]]
        assert ops.metric(proxy, "turnout_queries_started_total") == len(records)


def test_explained(files):
    """A plan that has a copy says so; explaining makes none."""
    with proxy_module.Proxy(config(files, explore=SHADOW)) as proxy, ops.connect(proxy) as connection:
        plan = "\n".join(row[0] for row in connection.execute("EXPLAIN ROUTE SELECT v FROM points WHERE k = 5").fetchall())
        assert "shadow, budget 5 % of users' time, copies in the background 100 % of the engines'" in plan
        for _ in range(20):
            connection.execute("EXPLAIN ROUTE SELECT v FROM points WHERE k = 5")
        assert count(proxy, "started") == 0


def test_inline_makes_none(files):
    with proxy_module.Proxy(config(files)) as proxy, ops.connect(proxy) as connection:
        look_up(connection, 30)
        assert count(proxy, "started") == count(proxy, "skipped") == 0


def test_both(files):
    with proxy_module.Proxy(config(files, explore={**SHADOW, "mode": "both"})) as proxy, ops.connect(proxy) as connection:
        learned(proxy, connection, share=.75)


def test_check_has_no_objection(files):
    with proxy_module.Proxy(config(files, explore=SHADOW)) as proxy:
        assert "explore" not in proxy.cli("check", proxy.path("turnout.yaml")).stdout


def test_parameters_are_copied(files):
    """The session's own are gone when the copy runs. On a busy machine copies are cut; others come when their budget is there."""
    def of_kin():
        return [r for r in ops.history(proxy) if r["reason"].startswith("affinity")]

    with proxy_module.Proxy(config(files, explore=SHADOW)) as proxy, ops.connect(proxy) as connection:
        for n in range(900):
            assert ops.ask(connection, "SELECT v FROM points WHERE k = %s AND v <> %s", (n % 60, "x" * 5000)) == f"value {n % 60}"
            if count(proxy, "answered") > 0 or (n % 60 == 59 and of_kin()):
                break
        proxy.wait_for(lambda: running(proxy) == 0, what="the end of copies")
        if not of_kin():
            assert count(proxy, "answered") >= 1
        assert count(proxy, "failed") == 0


def test_the_memory_of_copies_is_bounded(files):
    with proxy_module.Proxy(config(files, explore=SHADOW)) as proxy, ops.connect(proxy) as connection:
        connection.execute("SET turnout.cluster = 'scans'")
        for n in range(3):
            ops.ask(connection, "SELECT v FROM points WHERE k = %s AND v <> %s", (n, "x"))
        connection.execute("RESET turnout.cluster")
        for n in range(30):
            assert ops.ask(connection, "SELECT v FROM points WHERE k = %s AND v <> %s", (n, "x" * 33_000_000)) == f"value {n}"
            if count(proxy, "refused") > 0:
                break
        assert count(proxy, "refused") > 0 and count(proxy, "started") == 0
        assert running(proxy) == 0 and ops.metric(proxy, "turnout_shadow_bytes") == 0


def test_no_slot_no_copy(files):
    clusters = {"scans": files["scans"], "seeks": {**files["seeks"], "maxRunningQueries": 1}}
    with proxy_module.Proxy(config(clusters, explore=SHADOW)) as proxy, ops.connect(proxy) as connection, ops.connect(proxy, autocommit=False) as holder:
        holder.execute("/*+ turnout(cluster=seeks) */ SELECT 1")
        look_up(connection, 20)
        assert count(proxy, "started") == 0
        holder.rollback()
        for n in range(20, 60):
            look_up(connection, 1, first=n)
            proxy.wait_for(lambda: running(proxy) == 0, what="the end of copies")
        assert count(proxy, "started") >= 1


def test_only_plain_reads(files, postgres_server):
    """A control shows that the same read outside of all that has a copy."""
    with proxy_module.Proxy(config(files, explore=SHADOW)) as proxy, ops.connect(proxy) as connection:
        for n in range(10):
            with connection.transaction():
                look_up(connection, 3, first=3 * n)
        for n in range(20):
            connection.execute(f"INSERT INTO log VALUES ({n})")
        connection.execute("/*+ turnout(cluster=scans) */ CREATE TEMP TABLE mine (v text)")
        look_up(connection, 20)
        assert count(proxy, "started") == 0 and running(proxy) == 0
    with proxy_module.Proxy(config(files, explore=SHADOW)) as proxy, ops.connect(proxy) as connection:
        for n in range(60):
            look_up(connection, 1, first=n)
            if count(proxy, "started") > 0:
                return
        raise AssertionError("no copy of a plain read either")


LONG = "WITH RECURSIVE r(i) AS (SELECT {} UNION ALL SELECT i + 1 FROM r WHERE i < 100000) SELECT count(*) FROM r, (SELECT 1 FROM points LIMIT 1) AS p"


def test_what_a_member_cannot_do_is_not_copied_again(files, postgres_server):
    """The statement takes so long that a copy has the time to log in and to fail before its deadline."""
    empty = postgres_server.cluster(postgres_server.create_database(f"shadow_empty_{time.monotonic_ns()}"))
    with proxy_module.Proxy(config({"scans": files["scans"], "empty": empty}, explore=SHADOW)) as proxy, ops.connect(proxy) as connection:
        def ask(first):
            ops.ask(connection, LONG.format(first))
            proxy.wait_for(lambda: running(proxy) == 0, what="the end of copies")

        connection.execute("SET turnout.cluster = 'scans'")
        for _ in range(3):
            ask(1)
        connection.execute("RESET turnout.cluster")
        asked = 3
        while count(proxy, "failed") == 0 and asked < 200:
            ask(asked)
            asked += 1
        for _ in range(20):
            ask(asked)
            asked += 1
        assert {r["cluster"] for r in ops.history(proxy, asked)} == {"scans"}
        assert count(proxy, "failed") == 1


def test_nextval_is_not_copied(postgres_server):
    clusters = {}
    for name in ("one", "two"):
        database = postgres_server.create_database(f"sequence_{name}_{time.monotonic_ns()}")
        postgres_server.sql("CREATE SEQUENCE s; CREATE FUNCTION mine() RETURNS bigint LANGUAGE sql AS 'SELECT nextval(''s'')'", database=database)
        clusters[name] = postgres_server.cluster(database)
    with proxy_module.Proxy(config(clusters, explore=SHADOW)) as proxy, ops.connect(proxy) as connection:
        for n in range(15):
            connection.execute(f"SELECT nextval('s') + {n}")
            connection.execute(f"SELECT mine() + {n}")
        assert count(proxy, "started") == 0
        drawn = sum(int(postgres_server.sql("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM s",
                                            database=c["endpoint"].rsplit("/", 1)[1])[0][0]) for c in clusters.values())
        assert drawn == 30


def test_cut_at_its_deadline_and_nobody_waits(sleepers, postgres_server):
    with proxy_module.Proxy(config(sleepers, explore=SHADOW)) as proxy, ops.connect(proxy) as connection:
        beside = 0
        for _ in range(5):
            copy = start_a_copy(proxy, connection)
            assert copy["cluster"] == "hanging" and copy["group"] == "all" and "copy" in copy["reason"]
            while copies(proxy):
                assert ops.ask(connection, "/*+ turnout(cluster=steady) */ SELECT v FROM quick") == 1
                beside += 1
            if beside > 0:  # else its deadline was faster
                break
            proxy.cli("reset", "all", "--admin", proxy.admin_url)
        assert beside > 0
        proxy.wait_for(lambda: count(proxy, "cut") >= 1, what="the cut is counted")
        proxy.wait_for(lambda: active(postgres_server) == "0", what="the copy's end on the engine")
        known = cell(proxy, "slow", "hanging")
        assert known["n"] == 0 and known["longerThanMs"] > 100, known
        assert all(r["cluster"] == "steady" and r["outcome"] == "ok" for r in ops.history(proxy))


def test_money_for_a_day(sleepers):
    """What trying costs is counted: a copy that the day's money does not pay is not made."""
    priced = {name: {**cluster, "price": {"type": "perSecond", "usdPerHour": 3600, "slots": 1}} for name, cluster in sleepers.items()}
    with proxy_module.Proxy(config(priced, explore={**SHADOW, "maxUsdPerDay": 0.1})) as proxy, ops.connect(proxy) as connection:
        connection.execute("SET turnout.cluster = 'steady'")
        ops.ask(connection, SLOW.format(100))
        connection.execute("RESET turnout.cluster")
        for n in range(4):
            ops.ask(connection, SLOW.format(n + 10))
        assert count(proxy, "started") == 0


@pytest.mark.parametrize("how", ["freeze", "maintenance", "freeze by SQL", "cancel"])
def test_an_operator_ends_it(sleepers, how):
    with proxy_module.Proxy(config(sleepers, explore=SHADOW)) as proxy, ops.connect(proxy) as connection:
        copy = start_a_copy(proxy, connection)
        if how == "freeze":
            proxy.cli("freeze", "all", "--admin", proxy.admin_url)
        elif how == "maintenance":
            proxy.cli("maintenance", "on", "hanging", "--admin", proxy.admin_url)
        elif how == "cancel":
            assert proxy.admin(f"/admin/queries/{copy['id']}/cancel", method="POST")[0] == 200
        else:
            with ops.connect(proxy, dbname="turnout") as console:
                console.execute("FREEZE \"all\"")
        proxy.wait_for(lambda: not copies(proxy), what="the end of the copy")
        made = count(proxy, "started")
        assert count(proxy, "stopped") + count(proxy, "cut") == made  # its deadline may have been faster
        if how.startswith("freeze"):
            assert ops.ask(connection, SLOW.format(300)) == 7
            assert count(proxy, "started") == made and not copies(proxy)
            assert cell(proxy, "slow", "hanging").get("longerThanMs") is None or count(proxy, "cut") >= 1


def test_it_gives_way_to_a_query(sleepers):
    """One slot, which the copy holds: who comes for it does not wait for the copy's deadline."""
    clusters = {"steady": sleepers["steady"], "hanging": {**sleepers["hanging"], "maxRunningQueries": 1}}
    with proxy_module.Proxy(config(clusters, explore=SHADOW)) as proxy, ops.connect(proxy) as connection:
        for _ in range(5):
            start_a_copy(proxy, connection)
            assert ops.ask(connection, "/*+ turnout(cluster=hanging) */ SELECT v FROM quick") == 1
            if count(proxy, "gave_way") > 0:
                break
            proxy.cli("reset", "all", "--admin", proxy.admin_url)
        assert count(proxy, "gave_way") == 1
        proxy.wait_for(lambda: ops.quiet(proxy), what="all slots are free")


def test_nobody_spills_or_waits_for_it(sleepers):
    """The group has two slots, one with the copy: two queries have both at once, and none goes to the fallback group."""
    wanted = config(sleepers, explore=SHADOW)
    wanted["clusterGroups"]["all"].update(maxRunningQueries=2, fallbackGroup="other")
    wanted["clusterGroups"]["other"] = {"members": ["steady"]}
    with proxy_module.Proxy(wanted) as proxy, ops.connect(proxy) as connection:
        for _ in range(5):
            start_a_copy(proxy, connection)
            with ops.Holder(proxy), ops.Holder(proxy):
                assert ops.group(proxy, "all")["running"] == 2
                assert ops.group(proxy, "other")["running"] == 0
                proxy.wait_for(lambda: not copies(proxy), what="the end of the copy")
            if count(proxy, "gave_way") > 0:  # else its deadline was faster
                break
            proxy.cli("reset", "all", "--admin", proxy.admin_url)
        assert count(proxy, "gave_way") == 1
        assert ops.group(proxy, "all")["spilled"] == 0 and ops.metric(proxy, "turnout_queries_queued_total") == 0
        proxy.wait_for(lambda: ops.quiet(proxy), what="all slots are free")


def test_shutdown_does_not_wait_for_it(sleepers, postgres_server):
    with proxy_module.Proxy(config(sleepers, explore=SHADOW, turnout={"shutdownTimeout": "200s"})) as proxy:
        with ops.connect(proxy) as connection:
            start_a_copy(proxy, connection)
        proxy.stop()
        assert "cancelling queries at shutdown" not in proxy.log()
    end = time.monotonic() + 60
    while active(postgres_server) != "0" and time.monotonic() < end:
        time.sleep(.05)
    assert active(postgres_server) == "0"


def test_a_reload_and_lost_clients(files):
    """Copies go on with the snapshot that they were decided in, and without the client."""
    wanted = config(files, explore=SHADOW)
    with proxy_module.Proxy(wanted) as proxy:
        stopped = threading.Event()
        problems = []

        def come_and_go():
            n = 0
            while not stopped.is_set():
                try:
                    with ops.connect(proxy) as connection:
                        for _ in range(2):
                            connection.execute(f"SELECT v, {n} AS c{n % 40} FROM points WHERE k = {n % 1000}")
                            n += 1
                except Exception as problem:  # pylint: disable=broad-except
                    problems.append(problem)
                    return

        with ops.connect(proxy) as connection:  # known where they are slow: a copy elsewhere is worth it
            connection.execute("SET turnout.cluster = 'scans'")
            for n in range(40):
                connection.execute(f"SELECT v, {n} AS c{n} FROM points WHERE k = {n}")
        threads = [threading.Thread(target=come_and_go, daemon=True) for _ in range(3)]
        for thread in threads:
            thread.start()
        for n in range(4):
            proxy.reload(config({name: {**cluster, "maxRunningQueries": 4 + n} for name, cluster in files.items()}, explore=SHADOW))
            time.sleep(.3)
        proxy.wait_for(lambda: count(proxy, "started") > 0, what="copies")
        stopped.set()
        for thread in threads:
            thread.join(100)
        assert not problems, problems
        proxy.wait_for(lambda: running(proxy) == 0 and ops.quiet(proxy), what="all ends")


def may_explore(connection, sql):
    """As EXPLAIN ROUTE sees it; of statements that nothing is learned of there is no decision."""
    route = json.loads(connection.execute(f"EXPLAIN (FORMAT JSON) ROUTE {sql}").fetchall()[0][0])
    decisions = [g["decision"] for g in route["groups"] if g.get("decision")]
    return any(d["mayExplore"] or d["explore"] for d in decisions)


PLAIN = "SELECT v FROM points WHERE k = 5"


def test_never_explored(files):
    """Each statement that exploration 8 forbids, beside the plain read that is allowed, before and after."""
    with proxy_module.Proxy(config(files, explore={**SHADOW, "mode": "both"})) as proxy, ops.connect(proxy) as connection:
        for sql in ("INSERT INTO log VALUES (1)", "UPDATE points SET v = 'x' WHERE k = 5", "CREATE TABLE made (a int)", f"CREATE TABLE made AS {PLAIN}",
                    f"{PLAIN} FOR UPDATE", "SELECT v, random() FROM points", "SELECT nextval('s') FROM points", "SELECT unknown_to_us(v) FROM points",
                    "WITH gone AS (DELETE FROM points RETURNING v) SELECT v FROM gone", "SELECT v INTO made FROM points",
                    f"DECLARE c CURSOR FOR {PLAIN}", "COPY points TO STDOUT", f"COPY ({PLAIN}) TO STDOUT",
                    f"/*+ turnout(cluster=seeks) */ {PLAIN}"):
            assert may_explore(connection, PLAIN)
            assert not may_explore(connection, sql), sql
        with connection.transaction():
            connection.execute(PLAIN)
            assert not may_explore(connection, PLAIN)
        assert may_explore(connection, PLAIN)
        connection.execute("/*+ turnout(cluster=scans) */ CREATE TEMP TABLE mine (v text)")
        assert not may_explore(connection, PLAIN)
