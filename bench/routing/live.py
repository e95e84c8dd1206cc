"""bench/routing live: DuckDB, SQLite and PostgreSQL for real, with the same TPC-H tables. Each query of a mix of look-ups, ranges,
aggregates and joins, never twice with the same literals, runs once on every engine (a session that names the cluster) and once where
Turnout sends it, in an order drawn for each query, so that what else the machine does hits all alike. Each of the four ways has a Turnout
of its own, so that all are equally warm, and the one that routes begins knowing nothing. The oracle is the fastest of the three single
runs of each query, so luck helps it; `each best` is the engine that was best for the template over the phase, which luck helps little."""
import contextlib
import datetime
import os
import pathlib
import random
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TABLES = ("region", "nation", "supplier", "part", "partsupp", "customer", "orders", "lineitem")
ENGINES = ("duckdb-1", "sqlite-1", "pg-1")
GROUP = {"type": "latency"}


def day(rng, first="1992-02-01", span=2300):
    return datetime.date.fromisoformat(first) + datetime.timedelta(days=rng.randrange(span))


def later(date, days):
    return date + datetime.timedelta(days=days)


def templates(rng, scale):
    """(kind, weight, text with literals). Texts that all three engines read alike."""
    order, customer, part, supplier = (rng.randrange(int(n * scale)) + 1 for n in (6_000_000, 150_000, 200_000, 10_000))
    d, year = day(rng), rng.randrange(1993, 1998)
    return [
        ("look-up", 14, f"SELECT o_totalprice, o_orderstatus FROM orders WHERE o_orderkey = {order}"),
        ("look-up", 12, f"SELECT c_name, c_acctbal FROM customer WHERE c_custkey = {customer}"),
        ("look-up", 8, f"SELECT l_linenumber, l_quantity, l_extendedprice FROM lineitem WHERE l_orderkey = {order}"),
        ("look-up", 6, f"SELECT ps_suppkey, ps_supplycost FROM partsupp WHERE ps_partkey = {part} ORDER BY ps_supplycost"),
        ("range", 6, f"SELECT count(*), sum(o_totalprice) FROM orders WHERE o_orderdate >= '{d}' AND o_orderdate < '{later(d, 3)}'"),
        ("range", 6, f"SELECT l_orderkey, l_extendedprice FROM lineitem WHERE l_shipdate = '{d}' ORDER BY l_extendedprice DESC LIMIT 10"),
        ("range", 4, f"SELECT l_partkey, l_quantity FROM lineitem WHERE l_suppkey = {supplier} AND l_shipdate >= '{year}-01-01'"),
        ("aggregate", 6, f"SELECT l_returnflag, l_linestatus, count(*), sum(l_extendedprice) FROM lineitem WHERE l_shipdate <= '{later(d, 90)}' "
                         "GROUP BY l_returnflag, l_linestatus ORDER BY 1, 2"),
        ("aggregate", 5, f"SELECT sum(l_extendedprice * l_discount) FROM lineitem WHERE l_shipdate >= '{year}-01-01' AND l_shipdate < '{year + 1}-01-01' "
                         f"AND l_quantity < {rng.randrange(20, 30)}"),
        ("aggregate", 4, f"SELECT o_orderpriority, count(*) FROM orders WHERE o_totalprice > {rng.randrange(1000, 300000)} GROUP BY o_orderpriority ORDER BY 1"),
        ("join", 8, f"SELECT o_orderkey, o_totalprice, c_name FROM customer JOIN orders ON o_custkey = c_custkey WHERE c_custkey = {customer} ORDER BY o_orderkey"),
        ("join", 4, f"SELECT p_name, s_name, ps_supplycost FROM part JOIN partsupp ON ps_partkey = p_partkey JOIN supplier ON s_suppkey = ps_suppkey "
                    f"WHERE p_partkey = {part} ORDER BY ps_supplycost"),
        ("join", 4, f"SELECT n_name, sum(o_totalprice) FROM orders JOIN customer ON c_custkey = o_custkey JOIN nation ON n_nationkey = c_nationkey "
                    f"WHERE o_orderdate >= '{year}-01-01' AND o_orderdate < '{year + 1}-01-01' GROUP BY n_name ORDER BY 2 DESC"),
        ("join", 4, f"SELECT count(*), sum(l_extendedprice) FROM lineitem JOIN part ON p_partkey = l_partkey WHERE p_size = {rng.randrange(1, 51)} "
                    f"AND l_quantity < {rng.randrange(5, 30)}"),
    ]


def stream(count, seed, scale):
    rng = random.Random(seed)
    for _ in range(count):
        listed = templates(rng, scale)
        at = rng.choices(range(len(listed)), [weight for _, weight, _ in listed])[0]
        yield at, listed[at][0], listed[at][2]


def make_data(folder, scale):
    done = subprocess.run([ROOT / "tools/make_demo", "--dir", folder, "--scale", str(scale), "--csv", folder / "csv"], check=False)
    if done.returncode != 0:
        sys.exit("bench/routing live: no TPC-H data")


def load_postgres(server, folder):
    name = server.create_database("tpch")
    schema = (folder / "csv/schema.sql").read_text().splitlines()
    tables, indexes = ([line for line in schema if line.startswith("CREATE INDEX") == which] for which in (False, True))
    done = server.psql("-q", "-f", "-", database=name, text="\n".join(
        tables + [f"\\copy {table} FROM '{folder}/csv/{table}.csv' CSV" for table in TABLES] + indexes + ["VACUUM ANALYZE;"]))
    if done.returncode != 0:
        sys.exit(f"bench/routing live: PostgreSQL: {done.stderr}")
    return server.cluster(name)


def config(folder, postgres):
    clusters = {"duckdb-1": {"engine": "duckDb", "databasePath": str(folder / "tpch.duckdb"), "readOnly": True},
                "sqlite-1": {"engine": "sqlite", "databasePath": str(folder / "tpch.sqlite"), "readOnly": True}, "pg-1": postgres}
    return {"turnout": {"log": {"level": "info"}}, "clusters": clusters, "routingFallback": "all",
            "clusterGroups": {"all": {"members": list(ENGINES), "strategy": GROUP}}}


def timed(connection, sql):
    start = time.perf_counter()
    rows = connection.execute(sql).fetchall()
    return time.perf_counter() - start, len(rows)


def run_phase(ways, queries, rng, name):
    """Seconds of each query each way."""
    results = []
    for number, (template, kind, sql) in enumerate(queries):
        took, rows = {}, {}
        for way in rng.sample(list(ways), len(ways)):
            took[way], rows[way] = timed(ways[way], sql)
        if len(set(rows.values())) > 1:
            sys.exit(f"bench/routing live: engines differ in rows {rows}: {sql}")
        results.append({"template": template, "kind": kind, **took})
        if sys.stderr.isatty():
            print(f"\r{name}: {number + 1}", end="", file=sys.stderr)
    return results


def totals(results):
    mine = {way: sum(r[way] for r in results) for way in (*ENGINES, "turnout")}
    mine["oracle"] = sum(min(r[engine] for engine in ENGINES) for r in results)
    mine["each best"] = sum(min(sum(r[engine] for r in results if r["template"] == template) for engine in ENGINES)
                            for template in {r["template"] for r in results})
    return mine


def saving(total, oracle="oracle"):
    """Share of what the oracle saves over the best single engine."""
    best = min(total[engine] for engine in ENGINES)
    return (best - total["turnout"]) / (best - total[oracle])


def show(name, results):
    ways = (*ENGINES, "oracle", "each best", "turnout")
    print(f"{name}: {len(results)} queries, seconds in all     " + "".join(f"{way:>10}" for way in ways))
    for kind in dict.fromkeys(r["kind"] for r in results):
        mine = [r for r in results if r["kind"] == kind]
        total = totals(mine)
        print(f"  {kind:10} {len(mine):5}                        " + "".join(f"{total[way]:10.3f}" for way in ways))
    total = totals(results)
    best = min(ENGINES, key=total.get)
    print(f"  {'all':10} {len(results):5}                        " + "".join(f"{total[way]:10.3f}" for way in ways))
    print(f"  best single engine: {best}; over the oracle: {total['turnout'] / total['oracle']:.3f}, {best} {total[best] / total['oracle']:.2f}; "
          f"share of the oracle's saving {100 * saving(total):.1f} %, of `each best` {100 * saving(total, 'each best'):.1f} %")
    return {"phase": name, "queries": len(results), **total, "saving": saving(total)}


def live(args):
    sys.path.insert(0, str(ROOT / "tests" / "e2e"))
    os.environ["TURNOUT_BINARY"] = str(args.turnout)
    import psycopg
    import proxy as proxy_module
    import servers
    folder = ROOT / "build/cache/tpch" if args.scale == .1 else args.work / f"tpch-{args.scale}"
    make_data(folder, args.scale)
    summary = []
    with servers.PostgresServer() as server:
        wanted = config(folder, load_postgres(server, folder))
        for seed in args.seeds:
            with contextlib.ExitStack() as stack:
                ways = {way: stack.enter_context(psycopg.connect(stack.enter_context(proxy_module.Proxy(wanted)).dsn(), autocommit=True))
                        for way in (*ENGINES, "turnout")}
                for engine in ENGINES:
                    ways[engine].execute(f"SET turnout.cluster = '{engine}'")
                    for _, _, sql in stream(40, 0, args.scale):  # files into memory, connections made
                        ways[engine].execute(sql).fetchall()
                rng = random.Random(seed)
                for phase, name in enumerate(("learning", "after learning")):
                    summary.append({"seed": seed, **show(f"seed {seed}, {name}", run_phase(ways, stream(args.queries, 10 * seed + phase, args.scale), rng, name))})
    after = [s for s in summary if "after" in s["phase"]]
    print(f"after learning, {len(after)} seeds: {100 * sum(map(saving, after)) / len(after):.1f} % of the oracle's saving, "
          f"{100 * sum(saving(s, 'each best') for s in after) / len(after):.1f} % of `each best` (goal: 90 %)")
    return summary
