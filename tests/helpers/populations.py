"""A population, and the same population counted by NumPy."""

import math

import numpy as np

import fastrest as fr
from fastrest.runtime import scheduler

CELL = fr.cells["mammalian neuron"]
SPACE = fr.space(
    CELL,
    P_Na=fr.lognormal(cv=0.5),
    P_Cl=fr.times(fr.uniform(0.5, 1.5)),
    K_out=fr.uniform(3, 6),
    K_in=fr.normal(sd=10, low=100),
)
CONDITIONS = {
    "control": {},
    "high K": {"K_out": 6.5},
    "pump": {"pump_ratio": 1.5},
    "leaky": {"P_Na": fr.times(1.5), "celsius": fr.times(0.9)},
}
ACCEPT = (
    fr.between(-75, -65),
    fr.change("control", "high K", 2, 6),
    fr.nernst_between("K", -95, -85),
    fr.between(-80, -60, at="leaky"),
)
QUESTIONS = {"rng": 3, "conditions": CONDITIONS, "accept": ACCEPT}
N = 2 * scheduler.BLOCK_POINTS + 4321


class Brute:
    """The same population by NumPy: tables of the points, and masks of accepted candidates."""

    def __init__(self, pop, n):
        cell, sample = pop.space.cell, pop.space.sample(n, rng=pop.rng, method=pop.method)
        self.inputs = sample.parameters(np.arange(n))
        values = {**dict(cell), **self.inputs}
        self.V, self.under, status = {}, {}, []
        for name, changes in pop.conditions.items():
            under = dict(self.inputs)
            for key, x in changes.items():
                under[key] = x.factors * values[key] if isinstance(x, fr.Times) else x
            self.under[name] = under
            table = fr.table(cell, {key: np.full(n, x) for key, x in under.items()})
            self.V[name] = table.values()
            status.append(table.status())
        first = np.zeros(n, np.uint8)
        for bits in reversed(status):
            first = np.where(bits, bits, first)
        self.valid = first == 0
        self.invalid = {}
        for bit in fr.Status:
            count = np.count_nonzero((first & (bit - 1) == 0) & (first & bit != 0))
            if count:
                self.invalid[bit.name] = count
        self.fails, control = [], next(iter(pop.conditions))
        for one in pop.accept:
            at = getattr(one, "at", None) or control
            if isinstance(one, fr.Change):
                x = self.V[one.after] - self.V[one.before]
            elif isinstance(one, fr.Between) or one.ion in cell.model.passive:
                x = self.V[at]
            else:
                now = {**values, **self.under[at]}
                z = next(ion.z for ion in cell.model.ions if ion.name == one.ion)
                names = (f"{one.ion}_out", f"{one.ion}_in", "celsius")
                with np.errstate(all="ignore"):
                    x = fr.ufuncs.nernst(z, *(now[name] for name in names))
            self.fails.append(self.valid & ~((x >= one.low) & (x <= one.high)))
        self.accepted = self.valid & ~np.any([self.valid & False, *self.fails], axis=0)

    def of(self, accepted):
        return self.accepted if accepted else self.valid


def check_counts(pop, brute):
    assert pop.accepted == np.count_nonzero(brute.accepted)
    assert pop.invalid == brute.invalid
    fails = dict(zip(pop.accept, brute.fails))
    assert pop.rejected_by == {one: np.count_nonzero(f) for one, f in fails.items()}
    for one, alone in pop.rejected_only_by.items():
        others = [f for other, f in fails.items() if other is not one]
        assert alone == np.count_nonzero(fails[one] & ~np.any([0 * fails[one], *others], axis=0))
    assert len(pop.rejected_pairs) == math.comb(len(pop.accept), 2)
    for (a, b), both in pop.rejected_pairs.items():
        assert both == np.count_nonzero(fails[a] & fails[b])
