#!/usr/bin/env python3
"""Writes normal.cases: integrals of normal and log-normal variables by numerical quadrature, apart from the program's formulas.
usage: normal.py > normal.cases"""
import math

print("# normal.cases - made by normal.py: by quadrature with 200,000 steps. capped> m s ln(d), want E[min(X,d)] P(X>d); above> m s c, want mean variance.")


def density(z):
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def integrate(f, low, high, steps=200_000):
    h = (high - low) / steps
    return h / 3 * sum((1 if i in (0, steps) else 4 if i % 2 else 2) * f(low + i * h) for i in range(steps + 1))


for m, s, ld in ((0, 1, 0), (-3, .35, -2.5), (2, 2.5, 4), (5.3, .1, 5.29), (-7, 3, 5), (1, 1, -1.5)):
    k = (ld - m) / s
    mean = integrate(lambda z: math.exp(m + s * z) * density(z), min(k, 12) - 40, min(k, 12)) if k < 12 else integrate(lambda z: math.exp(m + s * z) * density(z), -12, 12)
    beyond = integrate(density, k, k + 40) if k < 12 else 0
    print(f"\ncapped> {m} {s} {ld}\nwant> {mean + math.exp(ld) * beyond:.12g} {beyond:.12g}")
for m, s, c in ((0, 1, 0), (0, 1, 2.5), (3, .4, 2.9), (-2, 1.7, 1), (1, 2, -3), (0, 1, 4.5)):
    z = (c - m) / s
    p = integrate(density, z, z + 40)
    mean = integrate(lambda x: (m + s * x) * density(x), z, z + 40) / p
    var = integrate(lambda x: (m + s * x - mean) ** 2 * density(x), z, z + 40) / p
    print(f"\nabove> {m} {s} {c}\nwant> {mean:.12g} {var:.12g}")
