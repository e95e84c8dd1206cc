#!/usr/bin/env python3
"""Writes learn.cases: what ended attempts do to a cell and its cluster, computed apart from the program from the rules as they are
written (stats/learn.h, stats/belief.h, stats/constants.def): runs by conditioning a joint normal distribution with exact fractions, cut ones
by quadrature, counts and spreads by sums over all that came. usage: learn.py > learn.cases"""
import math
import random
from fractions import Fraction as Fr

from belief import condition, tail_moments

Q, S2_LEAST, SURPRISE, T = .0005, .01, 2, 200


def clip(x, most):
    return max(-most, min(most, x))


class Learner:
    """One cell and its cluster."""

    def __init__(self, cell, cluster, visits):
        self.m, self.P, self.n, self.run, self.succ, self.fail = cell
        self.s2, self.A, self.A0, self.G, self.pe, self.tf, self.v = cluster
        self.last, (self.visits, self.step) = 0, visits
        self.squares, self.cen, self.ncen = [0.] * self.n, None, 0
        self.shift_looks = 0

    def now(self):
        """Mean and variance before this look: moved with the cluster, wider by the visits since."""
        return self.m + self.A - self.A0, min(self.P + Q * (self.visits - self.last), self.v + .5)

    def looked(self):
        self.last, self.visits = self.visits, self.visits + self.step

    def ran(self, y):
        m, P = self.now()
        deviation = y - m
        z = deviation / math.sqrt(P + self.s2)
        if self.n >= 2:
            before = self.run if self.run * z > 0 else 0
            self.run = before + clip(z, 3)
            if abs(self.run) > 4 and abs(clip(z, 3)) > 1.2 and abs(before) >= SURPRISE:  # a second surprise: believed
                P, self.run = max(P, deviation ** 2 / 2), 0
            else:  # a lone one: winsorised at three deviations
                deviation = clip(deviation, 3 * math.sqrt(P + self.s2))
        (mean, cov), S = condition([[Fr(P), Fr(P)], [Fr(P), Fr(P) + Fr(self.s2)]], [m, m], {1: m + deviation}), P + self.s2
        if self.n >= 2:
            self.s2 = max(S2_LEAST, .98 * self.s2 + .02 * min(deviation ** 2 * self.s2 / S, 1))
            self.G = .9 * self.G + .1 * clip(deviation, 2)
            if abs(self.G) > .4:
                self.A, self.G = self.A + 2 * self.G, 0
        self.squares.append(min(deviation ** 2, 9) if self.n else 0.)
        self.m, self.P, self.n, self.A0 = float(mean[0]), max(float(cov[0][0]), 1e-4), self.n + 1, self.A
        self.looked()

    def cut(self, y):
        m, P = self.now()
        s = math.sqrt(P + self.s2)
        if y > m - s / 2:
            K = P / (P + self.s2 + .1)
            self.m, self.A0, self.P = m + K * (tail_moments(m, s, y)[0] - m), self.A, P * (1 - K / 2)
        self.looked()

    def answered(self):
        self.succ, self.fail, self.pe = .9 * self.succ + 1, .9 * self.fail, self.pe + (1 - self.pe) / 10

    def failed(self, seconds):
        self.succ, self.fail, self.tf, self.pe = .9 * self.succ, .9 * self.fail + 1, .7 * self.tf + .3 * seconds, .9 * self.pe
        self.looked()

    def was_late(self, y, seconds):
        m, P = self.now()
        if self.n >= 2 and y >= m + 2.5 * math.sqrt(P + self.s2):
            self.succ, self.fail, self.tf = .9 * self.succ, .9 * self.fail + 1, .95 * self.tf + .05 * seconds

    def spread(self):
        """Mean square, of which those before 256 runs count alike and older ones fade."""
        total = 0.
        for i, square in enumerate(self.squares):
            weight = max(1 / (i + 1), 1 / 256)
            total = total * (1 - weight) + square * weight
        return total

    def state(self):
        return (self.m, self.P, self.n, self.run, self.s2, self.A, self.G, self.pe, self.tf, self.succ, self.fail, self.spread())


def case(rng, events, n, P=None, stale=None):
    u = lambda low, high: round(rng.uniform(low, high), 3)
    cell = (u(-3, 3), P if P is not None else u(.002, .4), n, 0, u(0, 5), u(0, 2))
    cluster = (u(.02, .3), u(-.5, .5), u(-.5, .5), u(-.2, .2), u(.5, 1), u(.1, 3), u(.3, 1.5))
    visits = (stale if stale is not None else rng.randint(1, 400), rng.randint(1, 5))
    learner, told = Learner(cell, cluster, visits), []
    for kind, x in events:
        m, P1 = learner.now()
        y = round(m + x * math.sqrt(P1 + learner.s2), 6)  # x in deviations from what is expected
        told.append(f"{kind}:{x if kind in 'ae' else y:g}" if kind in "ae" else f"{kind}:{y:.6f}")
        if kind == "r":
            learner.ran(y)
        elif kind == "c":
            learner.cut(y)
        elif kind == "l":
            learner.was_late(y, math.exp(y))
        elif kind == "a":
            learner.answered()
        else:
            learner.failed(x)
    print("\n" + "\n".join(f"{key}> " + " ".join(f"{v:.12g}" for v in values) for key, values in
                           (("cell", cell), ("cluster", cluster), ("visits", visits))))
    print("events> " + " ".join(told))
    print("want> " + " ".join(f"{float(x):.12g}" for x in learner.state()))


if __name__ == "__main__":
    rng = random.Random(8)
    print("# learn.cases - made by learn.py.\n# cell> m P n run succ fail, cluster> s2 A A0 G pe tf v, visits> since the last look, per event; events> r(un) c(ut) "
          "l(ate): ln seconds,\n# a(nswer), e(rror): seconds; want m P n run s2 A G pe tf succ fail M2. Every event but l and a is a look.")
    for n in (1, 2, 3, 40):  # single runs near what is expected
        for x in (-2.5, .1, 1.9):
            case(rng, [("r", x)], n)
    for x in (-3.5, 3.01, 6, 40):  # lone surprises
        case(rng, [("r", x)], 10)
    case(rng, [("r", 2.5)], 10, P=2.5, stale=1)   # no wider than the shapes around
    case(rng, [("r", .5)], 10, P=.0001, stale=0)  # no narrower than that
    for side in (-1, 1):
        case(rng, [("r", side * x) for x in (2.2, 2.2, .3, 0, -.5)], 20)          # two surprises: believed, then quiet
        case(rng, [("r", side * x) for x in (1.5, 2.9)], 20)                      # the first was none
        case(rng, [("r", side * x) for x in (2.2, -.2, 2.2, -2.2, 2.9)], 20)      # a run ends where the side changes
        case(rng, [("r", side * x) for x in (9, 9, 9, 9)], 20)                    # a change of the cell
        case(rng, [("r", side * 2) for _ in range(40)], 30)                       # of the whole cluster: its shift
    case(rng, [("r", rng.gauss(0, 1)) for _ in range(60)], 1)
    case(rng, [("r", rng.gauss(0, 1)) for _ in range(400)], 1)                    # old squares fade
    case(rng, [("r", rng.gauss(0, 1) * (1 if i % 9 else 6)) for i in range(120)], 2)
    for x in (-2, -.5001, -.4999, 0, 1, 3, 4.5):  # cut: what is known moves only if that says something
        case(rng, [("c", x)], 5)
    case(rng, [("c", 1), ("c", 1.5), ("r", 2), ("c", 3)], 6)
    case(rng, [("a", 0)] * 25 + [("e", 2.5)] * 3 + [("a", 0)] * 4, 7)
    for x in (2.4, 2.6):
        case(rng, [("l", x), ("c", x)], 9)
    case(rng, [(rng.choice("rrrcae"), rng.uniform(.2, 2)) for _ in range(80)], 3)
