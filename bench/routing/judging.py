"""Decisions on a stream and what they came to. Policies of the program and simple ones run in `turnout replay`; the reference's
(`priced`, `cheap`) in its judge.py, which also judges everything exactly. Results are kept by what they depend on."""
import functools
import hashlib
import json
import math
import pathlib
import subprocess
import sys

OWN = {"turnout": "latency", "cost": "cost", "throughput": "throughput", "balanced": "balanced"}
SIMPLE = ["oracle", "random", "roundRobin", "rule20total", "rule20each", "eps5", "lcb"]


@functools.lru_cache(None)
def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()[:16]


def kept(args, parts, make):
    name = hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:32]
    path = args.work / "results" / f"{name}.json"
    if path.exists():
        return json.loads(path.read_text())
    result = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(result))
    part.rename(path)
    return result


def replayed(args, stream, policy, seed, more=(), decisions=None):
    """Totals of `turnout replay`."""
    command = [args.turnout, "replay", "--outcomes", stream, "--strategy", OWN.get(policy, policy), "--seed", seed, "--json", *more]
    if policy in OWN:
        command += args.options
    if decisions:
        command += ["--decisions", decisions]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr}")
    return json.loads(done.stdout)


def from_totals(t):
    oracle = t.get("oracleSeconds", t["leastSeconds"])
    return dict(whole=t["seconds"] / oracle, half=t["lastHalf"], static=t["seconds"] / t["bestStaticSeconds"], failed=t["failed"],
                greedy=t["seconds"] / t["greedySeconds"] if "greedySeconds" in t else None, usd=t["usd"], seconds=t["seconds"],
                explored=100 * t["explored"] / t["queries"], cut=t["cutSeconds"] / t["seconds"], late=t["late"] / t["queries"],
                shadow=t["shadowSeconds"] / (t["shadowSeconds"] + t["engineSeconds"]))


def judged(args, stream, decisions, boot=0, bound=None):
    """judge.py's own words, and the same names as from_totals()."""
    cut = decisions.with_suffix(".cut")
    cut.write_text("".join("\t".join(line.rstrip("\n").split("\t")[:3]) + "\n" for line in decisions.open()))
    done = subprocess.run([sys.executable, args.reference / "judge.py", "score", stream, cut, "--boot", str(boot), "--json", "--world", "imdb"]
                          + (["--p95-s", str(bound)] if bound else []), check=True, capture_output=True, text=True)
    cut.unlink()
    r = json.loads(done.stdout)
    return dict(whole=r["to_oracle"], half=math.exp(sum(map(math.log, r["tenths"][5:])) / 5), static=r["to_best_static"], failed=r["failed"],
                greedy=r.get("to_greedy_load_oracle"), usd=r.get("usd"), seconds=r["total_s"], explored=r["explored_pct"], cut=r["cut_s"] / r["total_s"],
                shadow=r["shadow_pct"] / 100, interval=r.get("ci", {}).get("to_oracle"), to_cost_oracle=r.get("usd_to_cost_oracle"))


def result_of(args, stream, policy, seed, more=()):
    """Judged exactly; with --totals by the program's own totals, which tests hold equal to the judge's."""
    own = policy in OWN
    depends = [digest(stream), policy, seed, *map(str, more)] + ([digest(args.turnout), *args.options] if own else [])
    if args.totals and (own or policy in SIMPLE):
        return kept(args, depends + ["totals"], lambda: from_totals(replayed(args, stream, policy, seed, more)))

    def judge():
        decisions = args.work / f"{hashlib.sha256(chr(10).join(map(str, depends)).encode()).hexdigest()[:16]}.tsv"
        if own or policy in SIMPLE:
            replayed(args, stream, policy, seed, more, decisions)
        else:
            with decisions.open("w") as file:
                subprocess.run([sys.executable, args.reference / "judge.py", "play", stream, "--policy", policy, "--seed", str(seed), "--world", "imdb"],
                               check=True, stdout=file)
        result = judged(args, stream, decisions, args.boot)
        decisions.unlink()
        return result
    return kept(args, depends + ["judged", args.boot], judge)
