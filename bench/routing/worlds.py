#!/usr/bin/env python3
"""Synthetic worlds: matrices of run times of shapes on engines, as TSV (ENGINE_s columns, sql). usage: worlds.py NAME SEED OUT.tsv

  bimodal    50 shapes, 8 engines; one answers in 1 ms on a quarter of them and never ends on 60 %
  scales     400 shapes, 5 engines whose usual times are 1 to 50 times each other's
  onebest    30 shapes, one of 4 engines is always the best, 1.1 to 3 times
  specialist 500 shapes, 8 engines; two are 30 times faster on a tenth of the shapes and 10 times slower on the rest
  even       200 shapes, 3 engines within 30 % of each other: little to gain, little to lose
  tails      150 shapes, 5 engines whose times have heavy tails (Cauchy around their level, within e^4), a twelfth never ends
  drawn      all of it drawn from the seed: 2 to 6 engines, 15 to 500 shapes, scales, how engines follow one another, tails, what never
             ends; in a quarter of the seeds one engine is always the best"""
import math
import random
import sys

TIMEOUT = 200.0


def times(world, rng):
    level = lambda sd: math.exp(rng.gauss(0, sd))
    if world == "bimodal":
        effect = [level(.7) for _ in range(8)]
        for _ in range(50):
            base = 2 * level(1.2)
            row = [base * effect[e] * level(.6) for e in range(8)]
            draw = rng.random()
            row[0] = .001 if draw < .25 else 1e9 if draw < .85 else row[0]
            yield row
    elif world == "scales":
        effect = [1, 2.7, 7, 19, 50]
        for _ in range(400):
            base = .5 * level(1.3)
            yield [base * effect[e] * level(1.3) for e in range(5)]
    elif world == "onebest":
        for _ in range(30):
            best = 2 * level(1)
            yield [best] + [best * rng.uniform(1.1, 3) for _ in range(3)]
    elif world == "specialist":
        effect = [level(.4) for _ in range(8)]
        for _ in range(500):
            base = 2 * level(1)
            row = [base * effect[e] * level(.5) for e in range(8)]
            for e in (0, 1):
                row[e] *= 1 / 30 if rng.random() < .1 else 10
            yield row
    elif world == "even":
        for _ in range(200):
            base = 1.5 * level(1.1)
            yield [base * level(.13) for _ in range(3)]
    elif world == "tails":
        effect = [level(.6) for _ in range(5)]
        for _ in range(150):
            base = level(1.2)
            cauchy = lambda: max(-4, min(4, .4 * math.tan(math.pi * (rng.random() - .5))))
            yield [1e9 if rng.random() < 1 / 12 else base * effect[e] * math.exp(cauchy()) for e in range(5)]
    elif world == "drawn":
        yield from drawn(rng, level)
    else:
        sys.exit(f"worlds: no world {world}")


def drawn(rng, level):
    engines, wide, shapes = rng.randint(2, 6), rng.choice([.5, 1, 1.5]), rng.choice([15, 30, 80, 200, 500])
    kind = rng.choice(["dominated", "slope one", "slopes", "pairs"])
    scale, own, tailed = rng.choice([.3, .8, 1.6]), rng.choice([.15, .3, .6, 1.2]), rng.random() < .3
    effect = [rng.gauss(0, scale) for _ in range(engines)]
    slope = [1 if kind in ("dominated", "slope one") else rng.uniform(.2, 1.3) for _ in range(engines)]
    never = [rng.choice([0, 0, .03, .15]) for _ in range(engines)]
    deviation = lambda: rng.gauss(0, 1) / math.sqrt(rng.gammavariate(1.5, 1 / 1.5)) if tailed else rng.gauss(0, 1)
    for _ in range(shapes):
        base, second = rng.gauss(0, wide), rng.gauss(0, wide)
        if kind == "dominated":
            best = 2 * math.exp(base)
            yield [best] + [best * math.exp(abs(effect[e]) + .1 + abs(own * deviation())) for e in range(1, engines)]
            continue
        common = lambda e: base + second * (e % 2) if kind == "pairs" else base
        yield [1e9 if rng.random() < never[e] else 2 * math.exp(effect[e] + slope[e] * common(e) + own * deviation()) for e in range(engines)]


def main():
    world, seed, out = sys.argv[1:]
    rng = random.Random(f"{world}-{seed}")
    rows = list(times(world, rng))
    with open(out, "w") as f:
        f.write("\t".join([f"e{e}_s" for e in range(len(rows[0]))] + ["sql"]) + "\n")
        for i, row in enumerate(rows):
            sql = f"SELECT a{i % 7}, count(*) FROM t{i} JOIN u{i % 13} ON t{i}.id = u{i % 13}.id WHERE x{i} > {i} GROUP BY a{i % 7}"
            f.write("\t".join(["" if t >= TIMEOUT else f"{max(t, .001):.6f}" for t in row] + [sql]) + "\n")


main()
