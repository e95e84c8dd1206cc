#!/usr/bin/env python3
"""Writes price.cases: bills computed with exact fractions, apart from the program. usage: price.py > price.cases"""
import itertools
import math
from fractions import Fraction as F

print("# price.cases - made by price.py: bills in micro-dollars, computed with exact fractions.\n"
      "# price> options of the cluster; run> seconds bytes utilisation awake cut; want> average marginal, each to 1e-9 of its value.")


def clamp(x, low, high):
    return min(max(x, low), high)


def bill(p, seconds, size, use, awake, cut):
    kind = p["type"]
    if kind == "free":
        return F(0), F(0)
    if kind in ("perSecond", "autoSuspend"):
        hour = p["usdPerHour"] if kind == "perSecond" else p["creditsPerHour"] * p["usdPerCredit"]
        second = hour * 10**6 / 3600
        average = second / p.get("slots", F(1)) * seconds
        if kind == "perSecond":
            return average, average * clamp((use - F(1, 2)) / F(4, 10), F(1, 10), F(1))
        until = seconds + p["idleSeconds"]
        return average, second * (max(F(0), until - awake) if awake > 0 else max(p["minSeconds"], until))
    total = F(0) if cut and not p.get("fullOnCancel") else p.get("usdPerQuery", F(0)) * 10**6
    if kind == "perScan":
        size = max(F(size), p.get("minBytes", F(0)), F(0))
        step = p.get("roundBytes", F(0))
        if step:
            size = math.ceil(size / step) * step
        total += size * p["usdPerTb"] / 10**6
    return total, total


PRICES = [
    dict(type="free"),
    dict(type="perSecond", usdPerHour=F(36, 100)),
    dict(type="perSecond", usdPerHour=F(20, 100), slots=F(4)),
    dict(type="perScan", usdPerTb=F(5), minBytes=F(10**7), roundBytes=F(10**6)),
    dict(type="perScan", usdPerTb=F(625, 100), usdPerQuery=F(1, 1000), fullOnCancel=True),
    dict(type="perScan", usdPerTb=F(5), usdPerQuery=F(1, 1000)),
    dict(type="perScan", usdPerTb=F(5), minBytes=F(10**7), roundBytes=F(3_000_007)),
    dict(type="perScan", usdPerTb=F(625, 100), minBytes=F(10**12)),
    dict(type="perQuery", usdPerQuery=F(2, 100)),
    dict(type="perSecond", usdPerHour=F(36, 100), usdPerQuery=F(3)),
    dict(type="autoSuspend", creditsPerHour=F(8), usdPerCredit=F(3), minSeconds=F(60), idleSeconds=F(0)),
    dict(type="autoSuspend", creditsPerHour=F(1), usdPerCredit=F(2), minSeconds=F(0), idleSeconds=F(0), slots=F(3)),
    dict(type="autoSuspend", creditsPerHour=F(8), usdPerCredit=F(3), minSeconds=F(60), idleSeconds=F(300), slots=F(8)),
]
RUNS = itertools.product((F(0), F(1, 4), F(90)), (-1, 0, 1, 9_999_999, 4_437_625_542), (F(0), F(3, 4), F(2)), (F(0), F(200), F(500)), (0, 1))
RUNS = [run for i, run in enumerate(RUNS) if i % 7 == 0]
for price in PRICES:
    for run in RUNS:
        text = " ".join(f"{k}={int(v) if isinstance(v, bool) else v if isinstance(v, str) else float(v):{'' if isinstance(v, (str, bool)) else '.10g'}}"
                        for k, v in price.items())
        average, marginal = bill(price, *run)
        print(f"\nprice> {text}\nrun> {float(run[0]):g} {run[1]} {float(run[2]):g} {float(run[3]):g} {run[4]}"
              f"\nwant> {float(average):.17g} {float(marginal):.17g}")
