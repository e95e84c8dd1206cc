#!/usr/bin/env python3
"""Writes belief.cases: what is believed of one shape and learned across shapes, computed apart from the program: conditioning of
joint normal distributions with exact fractions, and quadrature where a bound or a saving is involved.
usage: belief.py > belief.cases"""
import math
import random
from fractions import Fraction as Fr


def condition(cov, mean, seen):
    """Mean and covariance of a normal vector given SEEN {index: value}; by elimination, exact."""
    n = len(mean)
    cov, mean = [[Fr(x) for x in row] for row in cov], [Fr(x) for x in mean]
    for i, value in seen.items():
        d, s = Fr(value) - mean[i], cov[i][i]
        gain = [cov[j][i] / s for j in range(n)]
        mean = [mean[j] + gain[j] * d for j in range(n)]
        cov = [[cov[j][k] - gain[j] * cov[i][k] for k in range(n)] for j in range(n)]
    return mean, cov


def density(z):
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def integrate(f, low, high, steps=40_000):
    h = (high - low) / steps
    return h / 3 * sum((1 if i in (0, steps) else 4 if i % 2 else 2) * f(low + i * h) for i in range(steps + 1))


def tail_moments(m, s, c):
    """Mean and variance of a normal above c."""
    z = (c - m) / s
    p = integrate(density, z, max(z, 0) + 30)
    mean = integrate(lambda x: (m + s * x) * density(x), z, max(z, 0) + 30) / p
    return mean, integrate(lambda x: (m + s * x - mean) ** 2 * density(x), z, max(z, 0) + 30) / p


def level_given_bound(B, VB, a, V, c):
    """Level l ~ N(B, VB); l + a + N(0, V) lies above c: moments of l, by quadrature over l."""
    survives = lambda l: .5 * math.erfc((c - l - a) / math.sqrt(2 * V))
    s = math.sqrt(VB)
    w = lambda x: density(x) * survives(B + s * x)
    total = integrate(w, -12, 12)
    mean = integrate(lambda x: (B + s * x) * w(x), -12, 12) / total
    return mean, integrate(lambda x: (B + s * x - mean) ** 2 * w(x), -12, 12) / total


def show(key, values):
    return f"{key}> " + " ".join(f"{float(x):.12g}" for x in values)



def main():
    rng = random.Random(5)
    u = lambda low, high: round(rng.uniform(low, high), 3)
    print("# belief.cases - made by belief.py, exact fractions and quadrature.")
    print("# level> B VB, each known> m P o Vo v; want level and its variance")
    for count in (1, 2, 3, 5):
        B, VB = u(-2, 2), u(.3, 4)
        cells = [(u(-4, 4), u(.001, .5), u(-1, 1), u(.01, 1), u(.1, 2)) for _ in range(count)]
        cov = [[VB] * (count + 1) for _ in range(count + 1)]
        mean = [B] * (count + 1)
        for i, (m, P, o, Vo, v) in enumerate(cells, 1):
            cov[i][i] = Fr(VB) + Fr(v) + Fr(Vo) + Fr(P) + Fr(1, 100)
            mean[i] = Fr(B) + Fr(o)
        mean, cov = condition(cov, mean, {i: cells[i - 1][0] for i in range(1, count + 1)})
        print("\n" + show("level", (B, VB)))
        for cell in cells:
            print(show("known", cell))
        print(show("want", (mean[0], cov[0][0])))

    print("\n# bound> B VB o Vo v c: level, and the mean and variance of another cluster> o Vo v")
    for c in (-1, .5, 2, 3.5):
        B, VB, o, Vo, v = u(-1, 1), u(.3, 4), u(-1, 1), u(.01, 1), u(.1, 2)
        other = (u(-1, 1), u(.01, 1), u(.1, 2))
        b, vb = level_given_bound(B, VB, o, v + Vo, c)
        print("\n" + show("bound", (B, VB, o, Vo, v, c)))
        print(show("cluster", other))
        print(show("want", (b, vb, b + other[0], vb + other[1] + other[2])))

    print("\n# joint> o Vo c Vc v w B VB VM n s2, level> b vb known, y> y cut; want o Vo c Vc B VM v VB")
    for cut in (0, 1):
        for known in (0, 1):
            for _ in range(3):
                o, Vo, c, Vc, v, w = u(-1, 1), u(.05, 2), u(-.3, .3), u(.02, .15), u(.2, 2), rng.randint(4, 80)
                B, VB, VM, n, s2 = u(-1, 1), u(.5, 4), u(.05, 4), rng.randint(0, 50), .12
                b, vb, y = u(-1, 1), u(.05, 2), u(-2, 3)
                M = 0 if known else VM
                expected = Fr(b) + Fr(o) + Fr(c)
                if cut:
                    value, vobs = tail_moments(float(expected), math.sqrt(vb + v + Vo + Vc), y)
                else:
                    value, vobs = y, s2
                # o, c and the mean level are uncertain; the shape's own level, its deviation and the observation are noise
                noise = Fr(v) + Fr(vb) + Fr(vobs)
                cov = [[Fr(Vo), 0, 0, Fr(Vo)], [0, Fr(Vc), 0, Fr(Vc)], [0, 0, Fr(M), Fr(M)], [Fr(Vo), Fr(Vc), Fr(M), Fr(Vo) + Fr(Vc) + Fr(M) + noise]]
                mean, after = condition(cov, [o, c, B, expected], {3: value})
                d = value - float(expected)
                left = min(d * d, 16) + (vobs if cut else -vobs) - vb - Vo - Vc - v - M
                r = v / (v + vb)
                v2 = min(9, max(.05, v + max(.02, 1 / (w + 1)) * r * left))
                VB2 = VB if known else min(9, max(.25, VB + max(.02, 1 / (n + 4)) * (1 - r) * left))
                print("\n" + show("joint", (o, Vo, c, Vc, v, w, B, VB, VM, n, s2)))
                print(show("level", (b, vb, known)))
                print(show("y", (y, cut)))
                print(show("want", (mean[0], after[0][0] + Fr(1, 10000), mean[1], after[1][1], mean[2],
                                    VM if known else after[2][2] + Fr(1, 10000), v2, VB2)))

    print("\n# gain> I m P k: E[(I - e^x)+ ; x < m + k sqrt P] of a normal x (m, P), k at most where e^x = I; want it")
    for _ in range(6):
        m, P = u(-2, 1), u(.02, 2)
        I = math.exp(u(-2, 1.5))
        k = min((math.log(I) - m) / math.sqrt(P), u(-2, 2))
        gain = integrate(lambda x: (I - math.exp(m + math.sqrt(P) * x)) * density(x), k - 30, k)
        print("\n" + show("gain", (I, m, P, k)))
        print(show("want", (gain,)))


if __name__ == "__main__":
    main()
