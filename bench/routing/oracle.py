"""The cost oracle that knows everything but chance: of each query the noise-free time on every engine, computed again from the matrix
and the rules of streams.py, and one price of being late, the least with which at most 5 % are expected to be late."""
import bisect
import gzip
import json
import math
import random
import sys

import workload

SHARE = .05  # of the queries may be late


def reference(args):
    """The modules of the folder that streams and judge come from."""
    if str(args.reference) not in sys.path:
        sys.path.insert(0, str(args.reference))
    import judge
    import streams
    return judge, streams


def templates_of(args, row, seed, scenario):
    """(engines, seconds, ok, places in the order of the Zipf law) as streams.py draws them."""
    judge, _ = reference(args)
    matrix = judge.load(str(workload.matrix_of(args, row, seed)), "hot", None, workload.TIMEOUT, {})
    seconds = [[max(judge.FLOOR, min(workload.TIMEOUT, x)) for x in line] for line in matrix.lat]
    ok = [[good and x < workload.TIMEOUT for good, x in zip(*pair)] for pair in zip(matrix.ok, seconds)]
    order = [i for i in range(len(matrix)) if any(ok[i])]
    random.Random(f"turnout-{seed}-{scenario}").shuffle(order)
    return matrix.engines, seconds, ok, order


def victim_of(seconds, ok, order):
    share = [0.0] * len(seconds[0])
    for rank, i in enumerate(order):
        share[min((e for e in range(len(share)) if ok[i][e]), key=lambda e: seconds[i][e])] += (rank + 1) ** -1.1
    return max(range(len(share)), key=lambda e: share[e])


def medians(args, stream, row, seed, scenario):
    """Of each line {engine: (noise-free seconds or None where it fails, bytes, bill of this very run)}."""
    _, streams = reference(args)
    engines, seconds, ok, order = templates_of(args, row, seed, scenario)
    victim, grows = victim_of(seconds, ok, order), set(order[0::2])
    lines = [json.loads(line) for line in open(stream, encoding="utf-8")]
    keys = [line.rstrip("\n").split("\t") for line in gzip.open(f"{stream}.key.gz", "rt")]
    for n, (line, (_, text, phase)) in enumerate(zip(lines, keys)):
        i, out = int(text), {}
        for e, name in enumerate(engines):
            if name not in line["outcomes"]:
                continue
            m = seconds[i][e]
            if phase == "grows" and i in grows:
                m *= (10 ** (n / len(lines))) ** streams.exponent(name)
            if phase == "slow" and e == victim:
                m *= 5
            answers = ok[i][e] and m < workload.TIMEOUT and not (phase == "dead" and e == victim)
            run = line["outcomes"][name]
            out[name] = (m if answers else None, run["bytes"], run["usd"])
        yield out


def expectations(judge, prices, name, median, size, bound):
    """(expected bill, chance to be late)"""
    price, noise, limit = prices[name], workload.NOISE, workload.TIMEOUT
    if median is None:
        return price.get("per_hour", 0) * limit / 3600, 1.0
    beyond = lambda seconds: .5 * math.erfc(math.log(seconds / median) / noise / math.sqrt(2))
    if "per_tb" in price:
        return (judge.price_of(price, 0, size) or 0) * (1 - beyond(limit)), beyond(bound)
    k = math.log(limit / median) / noise
    mean = median * math.exp(noise ** 2 / 2) * .5 * math.erfc(-(k - noise) / math.sqrt(2)) + limit * beyond(limit)
    return price["per_hour"] * mean / 3600, beyond(bound)


def noise_free(args, stream, row, seed, scenario, bound):
    """dict(usd, late, mu, least): bills that its choices really came to, expected share late, price of being late; the share that
    anybody must expect who does not know chance, whatever he pays."""
    judge, _ = reference(args)
    prices, choices = workload.prices_of(args), []
    for line in medians(args, stream, row, seed, scenario):
        answers = {name: run for name, run in line.items() if run[0] is not None} or line  # no query is left unanswered on purpose
        choices.append([(*expectations(judge, prices, name, median, size, bound), usd) for name, (median, size, usd) in answers.items()])

    def at(mu):
        picks = [min(choice, key=lambda c: (c[0] + mu * c[1], c[1])) for choice in choices]
        return sum(p[2] for p in picks), sum(p[1] for p in picks) / len(picks)
    mean = sum(min(c[0] for c in choice) for choice in choices) / len(choices)
    grid = [0.0] + [mean * 1.05 ** k for k in range(-100, 240)]
    place = min(bisect.bisect_left(range(len(grid)), True, key=lambda k: at(grid[k])[1] <= SHARE), len(grid) - 1)
    usd, late = at(grid[place])
    least = sum(min(c[1] for c in choice) for choice in choices) / len(choices)
    return dict(usd=usd, late=late, mu=grid[place] / mean, least=least)
