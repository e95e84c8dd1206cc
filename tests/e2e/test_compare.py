"""turnout compare: fresh runs through DuckDB, SQLite and PostgreSQL behind one Turnout, and reports from what history kept."""

import collections
import copy
import csv
import html.parser
import io
import json
import os
import pty
import signal
import socket
import stat
import subprocess

import pytest

import ops
import proxy as proxy_module

ROWS = 400
PRICES = {"d": {"type": "perSecond", "usdPerHour": 2, "slots": 4}, "s": {"type": "perSecond", "usdPerHour": 0.2}, "p": {"type": "perQuery", "usdPerQuery": 0.0004}}
READS = """-- a look-up; with a semicolon
SELECT name FROM orders WHERE id = 7;
SELECT kind, count(*), sum(amount) FROM orders GROUP BY kind; /* ; */
SELECT id, name FROM orders WHERE name <> 'a;b' ORDER BY id LIMIT 50;
"""


class World:
    """Three engines with the same table behind one Turnout."""

    def __init__(self, make_engine, turnout=None):
        self.engines = {"d": make_engine("duckDb"), "s": make_engine("sqlite"), "p": make_engine("postgres")}
        clusters = {name: engine.cluster(price=PRICES[name]) for name, engine in self.engines.items()}
        self.proxy = proxy_module.Proxy({"turnout": {"persistence": {"type": "sqlite", "path": "turnout.db"}, **(turnout or {})}, "clusters": clusters,
                                         "clusterGroups": {"all": {"members": list(clusters), "strategy": {"type": "latency"}}},
                                         "routingFallback": "all"})

    def fill(self):
        values = ", ".join(f"({i}, 'name {i}', {i % 5}, {i}.50)" for i in range(1, ROWS + 1))
        self.everywhere("CREATE TABLE orders (id integer, name text, kind integer, amount double precision)")
        self.everywhere(f"INSERT INTO orders VALUES {values}")
        return self

    def everywhere(self, sql, names="dsp"):
        with ops.connect(self.proxy) as connection:
            for name in names:
                connection.execute(f"/*+ turnout(cluster={name}) */ {sql}")

    def arguments(self, *more):
        return ("compare", *more, "--admin", self.proxy.admin_url, "--config", "turnout.yaml")

    def run(self, sql, *more, clusters="d,s,p", check=True):
        with open(self.proxy.path("q.sql"), "w", encoding="utf-8") as file:
            file.write(sql)
        return self.proxy.cli(*self.arguments("--run", "q.sql", "--clusters", clusters, "--connect", self.proxy.dsn(), *more), check=check)


@pytest.fixture(scope="module")
def world(make_engine):
    made = World(make_engine)
    with made.proxy:
        yield made.fill()


def engines_of(report):
    return {engine["engine"]: engine for engine in report["engines"]}


def shape_of(report, part):
    found = [shape for shape in report["shapes"] if part in shape["text"]]
    assert len(found) == 1, (part, report["shapes"])
    return found[0]


def test_a_run(world):
    report = json.loads(world.run(READS, "--repeat", "4", "--warmup", "2", "--concurrency", "3", "--json").stdout)
    assert [engine["engine"] for engine in report["engines"]] == ["d", "s", "p"]
    for engine in report["engines"]:
        assert engine["runs"] == engine["ok"] == 12 and engine["success"] == 1 and engine["errors"] == engine["timeouts"] == 0
        for name in ("p50Ms", "p95Ms", "p99Ms", "meanMs"):
            assert 0 < engine[name]["low"] <= engine[name]["value"] <= engine[name]["high"], engine
        assert engine["bytesSent"] > 0
        assert engine["p50Ms"]["value"] <= engine["p95Ms"]["value"] <= engine["p99Ms"]["value"]
    named = engines_of(report)
    for name, per_ms in (("d", 2 / 4 / 3.6e6), ("s", 0.2 / 3.6e6)):  # perSecond: a share of the hour
        assert named[name]["usdPerQuery"]["value"] == pytest.approx(named[name]["meanMs"]["value"] * per_ms, rel=1e-6)
    assert named["p"]["usdPerQuery"]["value"] == pytest.approx(0.0004)
    assert report["shapesCompared"] == 3 and sum(engine["fastestShare"] for engine in report["engines"]) == pytest.approx(1)
    assert report["warnings"] == [] and report["answersCompared"] == 3 and report["answersComparedBy"] == "rows and values"
    assert "Above 5000 queries per hour d is cheaper than p; below, p is." in report["breakEven"]  # 2 / 0.0004
    assert not os.path.exists(world.proxy.path("q.sql.compare-state"))


def test_a_run_teaches_the_statistics(world):
    world.run("SELECT id + 1 AS taught FROM orders WHERE id = 12", "--repeat", "5", "--warmup", "1")
    shapes = json.loads(world.proxy.cli("shapes", "--json", "--limit", "500", "--admin", world.proxy.admin_url).stdout)["shapes"]
    taught = next(shape for shape in shapes if "taught" in shape["text"])
    assert {cluster["cluster"]: round(cluster["n"]) for cluster in taught["clusters"]} == {"d": 6, "s": 6, "p": 6}
    with ops.connect(world.proxy) as connection:  # and the next client's query is no guess any more
        plan = "\n".join(row[0] for row in connection.execute("EXPLAIN ROUTE SELECT id + 1 AS taught FROM orders WHERE id = 12").fetchall())
    assert "seen 18 times" in plan, plan


def test_a_hint_teaches_as_well(world):
    world.everywhere("SELECT id + 2 AS hinted, name FROM orders WHERE id = 5")
    shapes = json.loads(world.proxy.cli("shapes", "--json", "--limit", "500", "--admin", world.proxy.admin_url).stdout)["shapes"]
    hinted = next(shape for shape in shapes if "hinted" in shape["text"])
    assert {cluster["cluster"]: round(cluster["n"]) for cluster in hinted["clusters"]} == {"d": 1, "s": 1, "p": 1}


@pytest.mark.parametrize("source, what", [("server", "amount"), ("file", "amount, kind")])
def test_history_says_what_the_run_said(world, source, what):
    ran = json.loads(world.run(f"SELECT {what} AS from_{source} FROM orders WHERE id = 3;", "--repeat", "3", "--warmup", "2", "--json").stdout)
    where = ("--file", "turnout.db") if source == "file" else ("--admin", world.proxy.admin_url)
    told = json.loads(world.proxy.cli("compare", "--since", "1h", "--group", "all", "--config", "turnout.yaml", "--json", *where).stdout)
    ours, theirs = (shape_of(report, f"from_{source}") for report in (ran, told))
    assert len(ours["engines"]) == 3 and ours["fastest"] == theirs["fastest"]
    theirs = engines_of(theirs)
    for engine in ours["engines"]:  # without the warm-ups, in either
        other = theirs[engine["engine"]]
        assert engine["runs"] == other["runs"] == 3 and other["ok"] == 3
        for name in ("p50Ms", "p95Ms", "meanMs", "usdPerQuery"):
            assert engine[name]["value"] == pytest.approx(other[name]["value"]), name


def test_history_without_prices_has_the_bills_of_the_server(world):
    world.run("SELECT count(*) AS billed FROM orders", "--repeat", "2")
    told = json.loads(world.proxy.cli("compare", "--json", "--admin", world.proxy.admin_url).stdout)
    cells = engines_of(shape_of(told, "billed"))
    assert cells["p"]["usdPerQuery"]["value"] == pytest.approx(0.0004) and "--config" in told["breakEven"][0]


def start(world, *arguments):
    return subprocess.Popen([proxy_module.binary(), *arguments], cwd=world.proxy.dir, env=world.proxy.environment(), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def items(world, state):
    try:
        with open(world.proxy.path(state), encoding="utf-8") as file:
            return [line["item"] for line in map(json.loads, file.read().splitlines()[1:])]
    except (OSError, ValueError):
        return []


def test_interrupted_and_resumed(world):
    with open(world.proxy.path("slow.sql"), "w", encoding="utf-8") as file:
        file.write("SELECT count(*) AS resumed FROM orders; SELECT pg_sleep(0.15);")
    arguments = world.arguments("--run", "slow.sql", "--clusters", "p", "--connect", world.proxy.dsn(), "--repeat", "20", "--warmup", "0", "--force",
                                "--state", "half", "--json")
    process = start(world, *arguments)
    world.proxy.wait_for(lambda: len(items(world, "half")) >= 6, seconds=60)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=100)
    half, report = items(world, "half"), json.loads(out)
    assert process.returncode == 1 and "goes on from there" in err
    assert 6 <= len(half) < 40 and report["interrupted"] and report["done"] == len(half) == report["runs"]
    assert f"{len(half)} of" in err and "40 runs" in err

    def refused(what, sql="slow.sql", clusters="p", repeat="20"):
        done = world.proxy.cli(*world.arguments("--run", sql, "--clusters", clusters, "--connect", world.proxy.dsn(), "--repeat", repeat, "--warmup", "0",
                                                "--force", "--state", "half"), check=False)
        assert done.returncode == 1 and f"another {what}" in done.stderr and items(world, "half") == half, done.stderr

    with open(world.proxy.path("other.sql"), "w", encoding="utf-8") as file:
        file.write("SELECT 1;")
    refused("SQL file", sql="other.sql")
    refused("--clusters", clusters="p,s")
    refused("--repeat", repeat="21")
    with open(world.proxy.path("half"), "a", encoding="utf-8") as file:
        file.write('{"item":39,"outco')  # a crash in the middle of a line
    done = world.proxy.cli(*arguments)
    report = json.loads(done.stdout)
    assert report["runs"] == 40 and not report["interrupted"] and f"{len(half)} of 40 runs are done already" in done.stderr
    assert not os.path.exists(world.proxy.path("half"))
    records = [r for r in ops.history(world.proxy, text="resumed") if r["outcome"] == "ok" and r["tags"].startswith("compare:")]
    items_run = collections.Counter(int(r["tags"].rsplit(":", 1)[1]) for r in records)
    assert len(items_run) == 20 and all(items_run[item] <= 1 for item in half) and len(records) <= 21  # but perhaps the one that was interrupted


@pytest.mark.parametrize("how", ["a full disk", "a closed pipe", "a page that cannot be written"])
def test_a_report_that_is_not_written_loses_nothing(world, how):
    arguments = world.arguments("--run", "kept.sql", "--clusters", "p", "--connect", world.proxy.dsn(), "--repeat", "3", "--warmup", "0", "--state", "kept")
    with open(world.proxy.path("kept.sql"), "w", encoding="utf-8") as file:
        file.write("SELECT count(*) AS kept FROM orders")
    reading, writing = os.pipe()
    os.close(reading)
    with open("/dev/full" if how == "a full disk" else os.devnull, "w", encoding="utf-8") as full:
        done = subprocess.run([proxy_module.binary(), *arguments, *(["--html", "no/such/folder/x.html"] if "page" in how else [])],
                              cwd=world.proxy.dir, env=world.proxy.environment(), stdout=writing if "pipe" in how else full, stderr=subprocess.PIPE,
                              text=True, timeout=100, check=False)
    os.close(writing)
    assert done.returncode == 1 and "nothing is lost: kept has" in done.stderr and "same command" in done.stderr, done.stderr
    before = len(ops.history(world.proxy, text="AS kept"))
    assert len(items(world, "kept")) == 3
    told = json.loads(world.proxy.cli(*arguments, "--json").stdout)
    assert told["runs"] == 3 and not told["interrupted"]
    assert len(ops.history(world.proxy, text="AS kept")) == before, "run again"
    assert not os.path.exists(world.proxy.path("kept"))


def test_interrupted_while_it_warms_up(world):
    """There is nothing to report yet, and no outcome for a file."""
    with open(world.proxy.path("cold.sql"), "w", encoding="utf-8") as file:
        file.write("SELECT pg_sleep(0.15)")
    process = start(world, *world.arguments("--run", "cold.sql", "--clusters", "p", "--connect", world.proxy.dsn(), "--warmup", "20", "--force",
                                            "--state", "warm", "--outcomes", "none.jsonl"))
    world.proxy.wait_for(lambda: items(world, "warm"), seconds=60)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=100)
    assert process.returncode == 1 and "goes on from there" in err, err
    assert os.path.getsize(world.proxy.path("none.jsonl")) == 0


def test_interrupted_while_it_connects(world):
    """Who listens there says nothing."""
    with open(world.proxy.path("early.sql"), "w", encoding="utf-8") as file:
        file.write("SELECT 1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        process = start(world, *world.arguments("--run", "early.sql", "--clusters", "p", "--connect",
                                                f"postgresql://127.0.0.1:{silent.getsockname()[1]}/x?sslmode=disable", "--state", "early"))
        silent.settimeout(60)
        connection, _ = silent.accept()
        with connection:
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=100)
    assert process.returncode == 1 and "interrupted while connecting" in err, err
    assert not os.path.exists(world.proxy.path("early"))


def test_a_file_that_is_no_state_is_left_alone(world):
    with open(world.proxy.path("precious"), "w", encoding="utf-8") as file:
        file.write("not yours\n")
    done = world.run(READS, "--state", "precious", check=False)
    assert done.returncode == 1 and "no state" in done.stderr
    with open(world.proxy.path("precious"), encoding="utf-8") as file:
        assert file.read() == "not yours\n"


@pytest.mark.parametrize("what", ["pipe", "device"])
def test_what_is_no_file_is_no_state(world, what):
    """A pipe would be waited for, and what is done is removed: as root, a device, too."""
    path = world.proxy.path("state-" + what)
    if what == "pipe":
        os.mkfifo(path)
    elif os.getuid() == 0:
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    else:
        pytest.skip("only root makes devices")
    done = world.run("SELECT 1", "--state", path, check=False)
    assert done.returncode == 1 and "is no file" in done.stderr and os.path.exists(path), done.stderr


def test_a_byte_order_mark(world):
    report = json.loads(world.run("\ufeffSELECT 1 AS marked", "--repeat", "1", "--warmup", "0", "--json", clusters="s").stdout)
    assert report["runs"] == 1 and report["engines"][0]["ok"] == 1


def test_answers_that_differ(world):
    world.everywhere("CREATE TABLE odd (a integer)")
    for name, count in (("d", 2), ("s", 2), ("p", 3)):
        world.everywhere("INSERT INTO odd VALUES " + ", ".join(f"({n if name != 's' else n + 5})" for n in range(count)), name)
    report = json.loads(world.run("SELECT a FROM odd; SELECT name FROM orders WHERE id < 9", "--repeat", "2", "--json").stdout)
    assert [(w["kind"], w["engine"], w["other"]) for w in report["warnings"]] == [("values", "d", "s"), ("rows", "d", "p")]
    assert all(w["sql"] == "SELECT a FROM odd" for w in report["warnings"]) and report["answersCompared"] == 2
    text = world.run("SELECT a FROM odd", "--repeat", "1").stdout
    assert "warning: answers differ: d gives 2 rows, p gives 3: SELECT a FROM odd" in text


def test_the_same_answer_written_otherwise(world):
    """Sums of floats, decimals, rows in another order: no warning."""
    sql = """SELECT sum(amount / 3) FROM orders; SELECT avg(amount) FROM orders WHERE id < 100; SELECT cast(amount AS numeric(10, 2)) FROM orders WHERE id = 8;
             SELECT id, NULL, name FROM orders WHERE id < 20 ORDER BY name DESC; SELECT count(*) * 1.0 FROM orders; SELECT kind, amount FROM orders"""
    report = json.loads(world.run(sql, "--repeat", "1", "--warmup", "0", "--json").stdout)
    assert report["warnings"] == [] and report["answersCompared"] == 6, report["warnings"]


def test_an_unstable_answer_is_not_compared(world):
    report = json.loads(world.run("SELECT random() AS r FROM orders WHERE id = 1", "--repeat", "3", "--json", "--force", clusters="d,p").stdout)
    assert [w["kind"] for w in report["warnings"]] == ["unstable", "unstable"] and report["answersCompared"] == 0


@pytest.mark.parametrize("sql, why", [("SELECT 1;\nDELETE FROM orders", "statement 2 (line 2) is not a read"), ("SELECT my_own(1)", "might change something"),
                                      ("SET x = 1", "no answer"), ("BEGIN; SELECT 1", "no answer"), ("-- nothing", "no statement"),
                                      ("/*+ turnout(cluster=d) */ SELECT 1", "--clusters says where"), ("SELECT 1; WITH a AS (DELETE FROM orders RETURNING 1) SELECT * FROM a", "not a read")])
def test_what_is_no_read_is_refused(world, sql, why):
    done = world.run(sql, check=False)
    assert done.returncode == 1 and why in done.stderr, done.stderr
    with ops.connect(world.proxy) as connection:
        assert ops.ask(connection, "/*+ turnout(cluster=p) */ SELECT count(*) FROM orders") == ROWS


def test_a_write_when_forced(world):
    world.everywhere("CREATE TABLE written (a integer)")
    world.run("INSERT INTO written VALUES (1)", "--force", "--repeat", "2", "--warmup", "1")
    with ops.connect(world.proxy) as connection:
        for name in "dsp":
            assert ops.ask(connection, f"/*+ turnout(cluster={name}) */ SELECT count(*) FROM written") == 3


def test_a_query_runs_out_of_time(world):
    report = json.loads(world.run(f"{ops.ENDLESS}; SELECT id AS in_time FROM orders WHERE id = 2", "--repeat", "1", "--warmup", "0", "--timeout", "4s", "--json",
                                  clusters="s").stdout)
    engine = engines_of(report)["s"]
    assert engine["runs"] == 2 and engine["ok"] == 1 and engine["timeouts"] == 1
    assert engine["meanMs"]["atLeast"] and engine["p99Ms"]["atLeast"]
    endless = shape_of(report, "RECURSIVE")["engines"][0]
    assert endless["p50Ms"]["value"] >= 3900 and endless["p50Ms"]["atLeast"]  # never counted as fast
    world.proxy.wait_for(lambda: ops.quiet(world.proxy), seconds=60)


def test_an_engine_that_cannot(world):
    report = json.loads(world.run("SELECT DISTINCT ON (1) 1 AS only_there", "--repeat", "2", "--json", clusters="s,p").stdout)
    cells = engines_of(shape_of(report, "only_there"))
    assert cells["s"]["success"] == 0 and cells["s"]["errors"] == 2 and cells["p"]["success"] == 1
    assert shape_of(report, "only_there")["fastest"] == "p" and any("first error: s: " in note for note in report["notes"])


def test_an_engine_that_dies(world):
    """What cannot be reached has failed; it is not left out, as what waited in a queue is."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    gone = {"engine": "postgres", "endpoint": f"postgresql://127.0.0.1:{port}/x", "sslMode": "disable", "healthCheck": {"enabled": False},
            "circuitBreaker": {"consecutiveFailures": 3}}
    config = copy.deepcopy(world.proxy.config)
    config["clusters"]["gone"] = gone
    config["clusterGroups"]["all"]["members"].append("gone")
    world.proxy.reload(config)
    try:
        report = json.loads(world.run("SELECT count(*) AS dies FROM orders", "--repeat", "6", "--json", clusters="s,gone").stdout)
    finally:
        world.proxy.reload(world.proxy.config)
    engine = engines_of(report)["gone"]
    assert engine["runs"] == engine["errors"] == 6 and engine["success"] == 0, report
    assert engines_of(report)["s"]["success"] == 1 and not any("never reached" in note for note in report["notes"])
    assert any("first error: gone: " in note for note in report["notes"])


def test_wrong_use(world):
    assert "needs --clusters" in world.proxy.cli("compare", "--run", "x.sql", check=False).stderr
    assert "goes with --run" in world.proxy.cli("compare", "--repeat", "2", check=False).stderr
    done = world.run(READS, clusters="d,nobody", check=False)
    assert done.returncode == 1 and "cluster nobody" in done.stderr
    for option, value in (("--repeat", "0"), ("--timeout", "soon"), ("--concurrency", "1000"), ("--seed", "x")):
        assert world.run(READS, option, value, check=False).returncode == 2
    assert world.run(READS, clusters="d,d", check=False).returncode == 2
    done = world.proxy.cli("compare", "--run", "q.sql", "--clusters", "d", "--connect", "host=127.0.0.1 port=1", check=False)
    assert done.returncode == 1 and "Is Turnout running?" in done.stderr


class Page(html.parser.HTMLParser):
    """What a browser would make of it: open elements, and everything that would be loaded or run."""

    VOID = {"meta", "br"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.text, self.loads = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "srcset", "data", "action", "poster", "xlink:href") or name.startswith("on") or "url(" in (value or ""):
                self.loads.append((tag, name, value))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()

    def handle_data(self, data):
        self.text.append(data)


def test_the_page(world):
    hostile = "SELECT '</code><script>alert(1)</script>' AS \"<img src=x onerror=alert(2)>\", name FROM orders WHERE name <> '&amp;\"''>' AND id < 5"
    world.run(READS + hostile, "--repeat", "2", "--html", "page.html")
    with open(world.proxy.path("page.html"), encoding="utf-8") as file:
        text = file.read()
    page = Page()
    page.feed(text)
    page.close()
    assert page.open == [] and page.loads == [] and not {"script", "img", "link", "iframe"} & set(page.tags)
    assert "@import" not in text and "http:" not in text and "https:" not in text and "url(" not in text
    shown = "".join(page.text)
    assert "<img src=x onerror=alert(2)>" in shown and "<img src" not in text
    assert page.tags.count("svg") == 3 and page.tags.count("figure") == 3 and "prefers-color-scheme" in text
    assert "5000 queries per hour" in shown and "★" in shown


def test_csv(world):
    rows = list(csv.DictReader(io.StringIO(world.run(READS + "SELECT 'a,\"b\nc' AS \"q,\"\"r\"", "--repeat", "2", "--csv").stdout)))
    assert len(rows) == 3 + 4 * 3 and [row["engine"] for row in rows[:3]] == ["d", "s", "p"]
    assert all(row["runs"] == "8" and float(row["p50_low"]) <= float(row["p50_ms"]) <= float(row["p50_high"]) for row in rows[:3])
    shapes = [row for row in rows if row["level"] == "shape"]
    assert {row["shape"] for row in shapes} >= {"SELECT name FROM orders WHERE id = ?"} and len({row["shape"] for row in shapes}) == 4


def test_outcomes_are_replayed(world):
    """The platform engineer: measure once, then ask what each strategy would have done with it."""
    world.run(READS, "--repeat", "5", "--outcomes", "out.jsonl")
    with open(world.proxy.path("out.jsonl"), encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    assert len(lines) == 15 and all(set(line["outcomes"]) == {"d", "s", "p"} for line in lines)
    assert [line["t_ms"] for line in lines] == sorted(line["t_ms"] for line in lines)
    assert all(o["ok"] and o["latency_ms"] > 0 and o["usd"] is not None for line in lines for o in line["outcomes"].values())
    for strategy in ("latency", "cost"):
        totals = json.loads(world.proxy.cli("replay", "--outcomes", "out.jsonl", "--strategy", strategy, "--config", "turnout.yaml", "--json").stdout)
        assert totals["queries"] == 15 and totals["failed"] == 0 and set(totals["engines"]) == {"d", "s", "p"}
    assert json.loads(world.proxy.cli("replay", "--outcomes", "out.jsonl", "--history", "out.jsonl", "--json").stdout)["queries"] == 15


def test_the_same_seed_gives_the_same_order(world):
    def order(seed):
        world.run("SELECT 1 AS ordered; SELECT 2 AS ordered_too; SELECT 3 AS ordered_three", "--repeat", "4", "--warmup", "0", "--seed", seed)
        records = [r for r in ops.history(world.proxy, text="AS ordered") if r["tags"].startswith("compare:")][:36]
        return [(r["text"], r["cluster"]) for r in records]

    one, again, other = order("7"), order("7"), order("8")
    assert one == again != other and sorted(one) == sorted(other)


def test_a_server_without_history(make_engine):
    made = World(make_engine, {"history": {"enabled": False}})
    with made.proxy:
        made.fill()
        report = json.loads(made.run(READS, "--repeat", "2", "--json").stdout)
        assert all(engine["ok"] == 6 and engine["meanMs"]["value"] > 0 for engine in report["engines"])
        assert any("the client saw" in note for note in report["notes"])


def test_a_bar_on_a_terminal(world):
    with open(world.proxy.path("bar.sql"), "w", encoding="utf-8") as file:
        file.write("SELECT pg_sleep(0.1)")
    mine, theirs = pty.openpty()
    try:
        done = subprocess.run([proxy_module.binary(), *world.arguments("--run", "bar.sql", "--clusters", "p", "--connect", world.proxy.dsn(), "--repeat", "8",
                                                                      "--force")], cwd=world.proxy.dir, env=world.proxy.environment(), stdout=subprocess.PIPE,
                              stderr=theirs, text=True, timeout=100, check=True)
        shown = os.read(mine, 65536).decode()
    finally:
        os.close(mine)
        os.close(theirs)
    assert shown.count("\r[") >= 2 and "ETA" in shown and "9/9  100 %" in shown and "\r[" not in done.stdout
