"""Streams for bench/routing: from measured matrices and synthetic worlds through the reference's streams.py, and of texts that are
new, made here in the same format. All are kept in the work folder; the same arguments give the same bytes."""
import gzip
import json
import math
import pathlib
import random
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROWS = {  # name: matrix or world, templates
    "regular-400": ("100gb_regular", 400),
    "adhoc-2000": ("100gb_adhoc", 2000),
    "20gb-40": ("20gb_regular", 40),
    "bimodal": ("bimodal", None),
    "scales": ("scales", None),
    "onebest": ("onebest", None),
    "specialist": ("specialist", None),
    # not in the table of goals: other sizes, and worlds that nothing was tuned on
    "regular-100": ("100gb_regular", 100),
    "20gb-400": ("20gb_regular", 400),
    "adhoc-200": ("100gb_adhoc", 200),
    "even": ("even", None),
    "tails": ("tails", None),
    "drawn": ("drawn", None),  # another one for each seed
}
SCENARIOS = ["stationary", "slow5x", "dies", "newengine", "growth", "bursty"]
TIMEOUT = 200.0
NOISE = .3
IN_FLIGHT = 4.0  # queries under way on average if an oracle routed


def data(args, source):
    return args.reference.parent.parent / "data" / "imdb-runtimes" / f"{source}.tsv.gz"


def read_matrix(args, source):
    with gzip.open(data(args, source), "rt") as file:
        head, *lines = file.readlines()
    return head, lines


def write_once(path, make):
    """Another run of the benchmark may write the same file."""
    if not path.exists():
        part = path.with_name(f"{path.name}.{random.SystemRandom().getrandbits(32):08x}")
        make(part)
        part.rename(path)
    return path


def matrix_of(args, row, seed):
    source, count = ROWS[row]

    def make(out):
        if count is None:
            subprocess.run([sys.executable, HERE / "worlds.py", source, str(seed), out], check=True)
            return
        head, lines = read_matrix(args, source)
        random.Random(f"{row}-{seed}").shuffle(lines)
        out.write_text(head + "".join(lines[:count]))
    return write_once(args.work / f"{row}-{seed}.tsv", make)


def prices_of(args):
    """The built-in price list of the judge, and the same with scans four times cheaper and one engine four times dearer."""
    base = {"athena": {"per_tb": 5.0, "min_bytes": 10_000_000}, "aurora": {"per_hour": .52}, "redshift": {"per_hour": .50}}
    if args.prices in ("scans4", "scans4one4"):
        base["athena"] = {"per_tb": 1.25, "min_bytes": 10_000_000}
    if args.prices == "scans4one4":
        base["aurora"] = {"per_hour": 2.08}
    return base


def reprice(args, source, out):
    """The same stream with other bills."""
    factor = {name: price.get("per_tb", 0) / 5.0 if "per_tb" in price else price["per_hour"] / {"aurora": .52, "redshift": .50}[name]
              for name, price in prices_of(args).items()}
    with open(source, encoding="utf-8") as lines, open(out, "w", encoding="utf-8") as file:
        for line in lines:
            record = json.loads(line)
            for name, outcome in record["outcomes"].items():
                if outcome["usd"] is not None:
                    outcome["usd"] = round(outcome["usd"] * factor.get(name, 1), 9)
            file.write(json.dumps(record, separators=(",", ":")) + "\n")


def stream_of(args, row, seed, scenario):
    name = f"{row}-{seed}-{scenario}-{args.n}{'-vary' if args.vary else ''}"
    path = args.work / f"{name}.jsonl"
    key = pathlib.Path(f"{path}.key.gz")
    if not path.exists() or not key.exists():
        part = args.work / f"part-{random.SystemRandom().getrandbits(32):08x}.jsonl"
        subprocess.run([sys.executable, args.reference / "streams.py", matrix_of(args, row, seed), "--scenario", scenario, "--seed", str(seed),
                        "--n", str(args.n), "--world", "imdb", "--out", part] + (["--vary"] if args.vary else []), check=True,
                       stdout=subprocess.DEVNULL)
        pathlib.Path(f"{part}.key.gz").rename(key)
        part.rename(path)
    if args.prices == "default":
        return path
    other = args.work / f"{name}-{args.prices}.jsonl"
    if not other.exists():
        write_once(pathlib.Path(f"{other}.key.gz"), lambda out: out.write_bytes(key.read_bytes()))
        write_once(other, lambda out: reprice(args, path, out))
    return other


# ---- texts that are new ----

def split(args, source, seed):
    """(head, history, stream): disjoint texts."""
    head, lines = read_matrix(args, source)
    random.Random(f"split-{source}-{seed}").shuffle(lines)
    seen, history, rest = set(), [], []
    new = {"100gb_regular": 2000, "100gb_adhoc": 1557}[source]
    for line in lines:
        sql = line.rstrip("\n").split("\t")[-1]
        if sql in seen:
            continue
        seen.add(sql)
        (rest if len(rest) < new else history).append(line)
    return head, history, rest


def times_of(head, line):
    """[(engine, seconds, ok)] and the text."""
    names, fields = head.rstrip("\n").split("\t"), line.rstrip("\n").split("\t")
    runs = []
    for name, field in zip(names, fields):
        if name.endswith("_s"):
            seconds = min(float(field), TIMEOUT) if field else TIMEOUT
            runs.append((name[:-2], max(seconds, .001), bool(field) and seconds < TIMEOUT))
    return runs, fields[-1]


def order_of(count, visits, rng):
    """Each of COUNT texts once, or one to four times, within a window behind its first visit."""
    order = list(range(count))
    rng.shuffle(order)
    if visits == 1:
        return order
    places = [(at + (k > 0) * rng.random() * .5 * count, text) for at, text in enumerate(order) for k in range(rng.randint(1, 4))]
    return [text for _, text in sorted(places)]


def first_sight(args, source, seed, visits):
    """Stream and history file. Outcomes as in streams.py's scenario `stationary`, without bills."""
    name = f"new-{source}-{seed}-{visits}"
    stream, history = args.work / f"{name}.jsonl", args.work / f"{name}-history.tsv"
    key = pathlib.Path(f"{stream}.key.gz")
    if stream.exists() and history.exists() and key.exists():
        return stream, history
    rng = random.Random(f"turnout-{name}")
    head, old, lines = split(args, source, seed)
    texts = [t for t in (times_of(head, line) for line in lines) if any(ok for _, _, ok in t[0])]
    best = [min((seconds, engine) for engine, seconds, ok in runs if ok)[1] for runs, _ in texts]
    order = order_of(len(texts), visits, rng)
    gap = sum(min(s for _, s, ok in texts[i][0] if ok) for i in order) / len(order) / IN_FLIGHT
    clock, rows, keys = 0.0, [], []
    for i in order:
        clock += rng.expovariate(1 / gap)
        outcomes = {}
        for engine, seconds, ok in texts[i][0]:
            took = seconds * math.exp(NOISE * rng.gauss(0, 1)) if ok else TIMEOUT
            ok = ok and took < TIMEOUT
            outcomes[engine] = {"latency_ms": round(1000 * min(took, TIMEOUT), 3), "ok": ok, "bytes": None, "usd": None}
        rows.append(json.dumps({"t_ms": round(clock * 1000), "sql": texts[i][1], "outcomes": outcomes}, separators=(",", ":")))
        keys.append(f"{best[i]}\t{i}\t-\n")
    write_once(history, lambda out: out.write_text(head + "".join(old)))
    write_once(key, lambda out: out.write_bytes(gzip.compress("".join(keys).encode(), mtime=0)))
    write_once(stream, lambda out: out.write_text("\n".join(rows) + "\n"))
    return stream, history
