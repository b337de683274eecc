"""Tables with bad rows, and NumPy's answers about their potentials."""

import math

import numpy as np
import pytest

import fastrest as fr
from fastrest.reductions.base import OnePass

NEURON = fr.cells["mammalian neuron"]
TOLERANCE = 1e-12  # mV, of mean and sd: all other answers are exact
INF, NAN = math.inf, math.nan


def table_of(n, seed=0, cell=NEURON, **columns):
    """Return a table of n rows around a cell; given columns replace random ones."""
    rng = np.random.default_rng(seed)
    names = [name for name in cell.model.parameters if name not in ("celsius", "pump_ratio")]
    random = {name: cell[name] * rng.uniform(0.5, 1.5, n) for name in names}
    return fr.table(cell, random | columns)


#: Values that make a row bad, by the reason that is counted: the lowest bit of its status.
SPOILT = {
    "NOT_FINITE": {"K_out": NAN, "Na_in": -1.0, "celsius": 101.0},
    "NEGATIVE": {"Cl_out": -1.0, "celsius": -21.0, "K_in": 0.0},
    "TEMPERATURE": {"celsius": 100.1, "P_K": 0.0, "P_Na": 0.0, "P_Cl": 0.0},
    "NO_PERMEANT": {"P_K": 0.0, "P_Na": 0.0, "P_Cl": 0.0},
    "INFINITE": {"K_out": 0.0, "Na_out": 0.0, "Cl_in": 0.0},
    "RANGE": {"P_K": 5e-324, "P_Na": 0.0, "P_Cl": 0.0},
}


def spoilt_table(n, where):
    """Return a table whose rows are bad for each reason where its mask is true."""
    columns = {name: c.copy() for name, c in table_of(n).inputs.items()}
    columns["celsius"] = np.random.default_rng(1).uniform(0, 40, n)
    for reason, mask in where.items():
        for name, value in SPOILT[reason].items():
            columns[name][mask] = value
    return fr.table(NEURON, columns)


def one_in_seven(n):
    """Return a table with bad rows of every kind, at most one kind in each row."""
    kind = np.random.default_rng(2).integers(0, 42, n)
    return spoilt_table(n, {reason: kind == i for i, reason in enumerate(SPOILT)})


POTASSIUM = fr.Cell(fr.GHK("K"), P_K=1.0, K_out=5.0, K_in=140.0, celsius=37.0, pump_ratio=1.0)


def potassium(V):
    """Return a table of one ion with about the given potentials, and exactly 0 for 0."""
    ratio = np.exp(np.asarray(V, float) / 26.7266591125)
    return fr.table(POTASSIUM, {"K_out": ratio, "K_in": np.ones(len(ratio))})


def cell_of(model):
    return fr.Cell(model, **{**dict.fromkeys(model.parameters, 1.0), "celsius": 30.0})


SWEEPS = {
    "one row": lambda: table_of(1),
    "table": lambda: table_of(70_001),
    "bad rows": lambda: one_in_seven(70_001),
    "all rows bad": lambda: spoilt_table(300, {"NEGATIVE": slice(None)}),
    "bad but one": lambda: spoilt_table(66_000, {"INFINITE": np.arange(66_000) != 65_700}),
    "equal rows": lambda: fr.table(NEURON, {"K_out": np.full(1000, 5.0)}),
    "exactly 0": lambda: potassium(np.zeros(300)),
    "many zeros": lambda: potassium(np.repeat([-1.0, 0.0, 0.0, 2.0], 100)),
    "few values": lambda: fr.table(
        NEURON, {"K_out": np.random.default_rng(3).integers(1, 9, 66_000).astype(float)}
    ),
    "long tails": lambda: potassium(np.linspace(-700, 500, 5001)),
    "narrow": lambda: fr.table(NEURON, {"K_out": 5 + np.arange(700.0) * 2.0**-50}),
    "one ion": lambda: table_of(5001, cell=POTASSIUM),
    "calcium": lambda: table_of(5001, cell=cell_of(fr.GHK("K", "Na", "Cl", "Ca"))),
    "chord": lambda: table_of(5001, cell=cell_of(fr.Chord("K", "Na", "Cl", "Ca"))),
    "grid": lambda: fr.grid(
        NEURON, K_out=np.linspace(1, 50, 61), P_Na=np.linspace(0, 1, 17), celsius=[20, 37]
    ),
    "calcium grid": lambda: fr.grid(
        cell_of(fr.GHK("K", "Ca")), K_out=np.geomspace(1, 50, 61), Ca_in=np.geomspace(1e-4, 1, 9)
    ),
}
each_sweep = pytest.mark.parametrize("name", SWEEPS)


class NumPy:
    """The answers by their definitions, from all potentials at once."""

    def __init__(self, sweep):
        V, self.status = sweep.values().ravel(), sweep.status().ravel()
        self.places = np.flatnonzero(self.status == 0)
        self.v = V[self.places]
        self.n = len(self.v)

    @property
    def invalid(self):
        lowest = self.status & -self.status.astype(np.int16)
        found = {bit.name: int((lowest == bit).sum()) for bit in fr.Status}
        return {name: n for name, n in found.items() if n}

    @property
    def mean(self):
        return math.fsum(self.v) / self.n

    @property
    def sd(self):
        return math.sqrt(math.fsum((self.v - self.mean) ** 2) / self.n)

    def edges(self, most=60):
        """Return edges on potentials, the extremes among them, beside them, and elsewhere."""
        chosen = np.random.default_rng(4).choice(self.v, min(self.n, most // 4))
        chosen = np.concatenate([chosen, [self.v.min(), self.v.max()], np.linspace(-90, -20, 9)])
        return np.unique([np.nextafter(chosen, -INF), chosen, np.nextafter(chosen, INF)])


def assert_summary(s, expected):
    assert (s.n, s.invalid) == (expected.n, expected.invalid)
    assert abs(s.mean - expected.mean) <= TOLERANCE
    assert abs(s.sd - expected.sd) <= TOLERANCE
    low, high = expected.v.argmin(), expected.v.argmax()  # the first among equals
    assert (s.min, s.max) == (expected.v[low], expected.v[high])
    assert (s.argmin, s.argmax) == (expected.places[low], expected.places[high])


def assert_histogram(h, expected, edges):
    assert h.counts.tolist() == np.histogram(expected.v, edges)[0].tolist()
    assert (h.below, h.above) == ((expected.v < edges[0]).sum(), (expected.v > edges[-1]).sum())


def assert_quantile(found, expected, q):
    assert found.shape == np.shape(q)
    assert np.array_equal(found, np.quantile(expected.v, q, method="inverted_cdf"))


def classes_of(v, threshold=-55.0, block=-40.0, lower=None):
    below = -INF if lower is None else lower
    found = {} if lower is None else {"below range": (v <= lower).sum()}
    return found | {
        "resting": ((v <= threshold) & (v > below)).sum(),
        "suprathreshold": ((v > threshold) & (v <= block)).sum(),
        "depolarisation block": (v > block).sum(),
    }


def plain(answer):
    """Return an answer as text, which == compares."""
    return str(answer.tolist() if isinstance(answer, np.ndarray) else answer)


class Everything(OnePass):
    """A reducer whose answer is the accumulator itself."""

    sums = True

    def __init__(self, *edges):
        vars(self).update(wanted_edges=edges)

    def wanted(self, sweep):
        return self.wanted_edges

    def answer(self, sweep, found):
        return found[0]


EDGES = (-80.0, -70.0, -65.0, -60.0, -59.5, -55.0, -50.0, -40.0, -30.0, 0.0)


def state_of(sweep, edges=EDGES, **options):
    return sweep.reduce(Everything(*edges), **options)[0]
