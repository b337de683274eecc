"""Random grids that factor, and NumPy's answers about all of their points."""

import math

import numpy as np

import fastrest as fr
from fastrest.reductions.base import OnePass

NEURON = fr.cells["mammalian neuron"]
MUSCLE = fr.cells["mammalian skeletal muscle"]  # chloride is passive there
TOLERANCE = 1e-12  # mV, of mean and sd: all other answers are exact
INF = math.inf
Q = [0, 0.05, 0.3, 0.5, 0.77, 1]


def asked_of(V, rng):
    """Return edges on potentials, one ulp beside them, and elsewhere, and thresholds among them."""
    picked = rng.choice(V, 12) if len(V) else np.empty(0)
    beside = [np.nextafter(picked[:6], -INF), np.nextafter(picked[:6], INF)]
    edges = np.unique(np.concatenate([picked, *beside, np.linspace(-120, 60, 31)]))
    low, middle, high = np.sort(rng.choice(edges, 3))
    return edges, float(low), float(middle), float(high)


def assert_counts(found, v, edges, low, middle, high):
    h, q, below, above, between, classes = found
    assert h.counts.tolist() == np.histogram(v, edges)[0].tolist()
    assert (h.below, h.above) == ((v < edges[0]).sum(), (v > edges[-1]).sum())
    assert (below, above) == ((v < middle).sum() / len(v), (v > middle).sum() / len(v))
    assert between == ((low <= v) & (v <= high)).sum() / len(v)
    upto = [(v <= x).sum() for x in (low, middle, high)]
    assert list(classes.values()) == np.diff(upto, prepend=0, append=len(v)).tolist()
    assert np.array_equal(q, np.quantile(v, Q, method="inverted_cdf"))


def reducers(edges, low, middle, high):
    return (
        fr.Histogram(edges),
        fr.Quantile(Q),
        fr.Fraction(below=middle),
        fr.Fraction(above=middle),
        fr.Fraction(between=(low, high)),
        fr.Classes(lower=low, threshold=middle, block=high),
    )


def exact_moments(V):
    mean = math.fsum(V) / len(V)
    return mean, math.sqrt(math.fsum((V - mean) ** 2) / len(V))


def invalid_of(status):
    lowest = status & -status.astype(np.int16)
    counts = {bit.name: int((lowest == bit).sum()) for bit in fr.Status}
    return {name: n for name, n in counts.items() if n}


def assert_summary(s, V, status):
    valid = np.flatnonzero(status == 0)
    mean, sd = exact_moments(V[valid])
    low, high = V[valid].argmin(), V[valid].argmax()  # the first among equals
    assert (s.n, s.invalid) == (len(valid), invalid_of(status))
    assert (s.min, s.max) == (V[valid][low], V[valid][high])
    assert (s.argmin, s.argmax) == (valid[low], valid[high])
    assert abs(s.mean - mean) <= TOLERANCE
    assert abs(s.sd - sd) <= TOLERANCE


def assert_all_pairs(grid, seed=0, methods=("factored", "pointwise"), **options):
    """Assert that both methods give the answers of NumPy on all potentials."""
    V, status = grid.values().ravel(), grid.status().ravel()
    valid = V[status == 0]
    asked = asked_of(valid, np.random.default_rng(seed))
    for method in methods:
        s, *counts = grid.reduce(fr.Summary(), *reducers(*asked), method=method, **options)
        assert s.method == counts[0].method == counts[-1].method == method
        if len(valid):
            assert_summary(s, V, status)
            assert_counts(counts, valid, *asked)
        else:
            assert (s.n, s.invalid) == (0, invalid_of(status))
            assert np.isnan([s.mean, s.sd, s.min, s.max, *counts[1]]).all()


def values_for(name, n, rng):
    """Return values of a parameter: often rounded, so that many are equal, and sometimes 0."""
    if name == "celsius":
        return (
            rng.choice([0.0, 20.0, 37.0, 40.0], n) if rng.random() < 0.5 else rng.uniform(0, 40, n)
        )
    if rng.random() < 0.1:
        return np.full(n, round(rng.lognormal(1, 1), 3))
    x = np.round(rng.lognormal(1, 1.5, n), rng.integers(0, 8))
    if rng.random() < 0.3:
        x[rng.random(n) < 0.2] = 0.0
    return x


def random_axis(name, pool, shortest, longest, rng):
    """Return an axis over one or two parameters of a pool, sometimes with labels."""
    n = int(rng.integers(shortest, longest))
    mine = [pool.pop() for _ in range(min(len(pool), rng.integers(1, 3)))]
    labels = [f"{name}{i}" for i in range(n)] if rng.random() < 0.2 else None
    return fr.axis(name, labels=labels, **{p: values_for(p, n, rng) for p in mine})


class Everything(OnePass):
    """A reducer whose answer is the accumulator itself."""

    sums = True

    def wanted(self, sweep):
        return np.linspace(-90, -20, 15)

    def answer(self, sweep, found):
        return found[0]


def state_of(grid, **options):
    return grid.reduce(Everything(), method="factored", **options)[0]


TEN = np.linspace(1, 50, 10)
K = {"K_out": TEN, "K_in": 3 * TEN}
GRIDS = {
    "one setting": lambda: fr.grid(
        NEURON, K_out=np.geomspace(1, 90, 211), K_in=np.linspace(9, 200, 97)
    ),
    "thousands of settings": lambda: fr.grid(
        NEURON, celsius=np.linspace(0, 40, 1001), Na_out=TEN, K_in=TEN
    ),
    "settings on three axes": lambda: fr.grid(
        NEURON, P_Na=[0.1, 0, 2], K_out=TEN, celsius=[9, 8], K_in=TEN, P_K=[1, 3, 0]
    ),
    "temperature goes with an amount": lambda: fr.grid(
        NEURON, fr.axis("t", celsius=TEN[:5], K_out=TEN[:5]), Na_out=TEN, Na_in=TEN
    ),
    "both sums on one axis": lambda: fr.grid(
        NEURON, fr.axis("x", K_out=TEN, K_in=TEN[::-1]), Na_out=TEN, Na_in=TEN
    ),
    "labelled": lambda: fr.grid(
        NEURON, fr.axis("salt", labels=[*"abcdefghij"], K_out=TEN, Cl_in=TEN[::-1]), K_in=TEN
    ),
    "pump": lambda: fr.grid(NEURON, K_out=TEN, pump_ratio=[1, 1.5, 0, 3], K_in=TEN),
    "pump alone": lambda: fr.grid(NEURON, pump_ratio=TEN, celsius=TEN),
    "temperature alone": lambda: fr.grid(NEURON, celsius=np.linspace(0, 40, 50)),
    "one list of a single point": lambda: fr.grid(
        NEURON, K_out=np.geomspace(1, 90, 99), celsius=TEN
    ),
    "the other list of a single point": lambda: fr.grid(
        NEURON, celsius=TEN, Na_in=np.geomspace(1, 90, 99)
    ),
    "axes of one value": lambda: fr.grid(NEURON, K_out=TEN, Na_out=[145], K_in=TEN, celsius=[37]),
    "passive ion": lambda: fr.grid(MUSCLE, Cl_out=[5, 9, 7], K_out=TEN, K_in=TEN),
    "passive ion alone": lambda: fr.grid(MUSCLE, Cl_out=TEN),
    "passive ion goes with an amount": lambda: fr.grid(
        MUSCLE, fr.axis("KCl", Cl_out=TEN, K_out=TEN), K_in=TEN
    ),
    "blocked ion": lambda: fr.grid(NEURON.replace(P_Cl=0.0), Cl_out=TEN, Cl_in=TEN, K_out=TEN),
    "equal values": lambda: fr.grid(NEURON, K_out=np.full(50, 5.0), K_in=np.full(40, 140.0)),
    "few values": lambda: fr.grid(NEURON, K_out=np.tile([5.0, 7.0, 6.0], 30), K_in=np.tile(TEN, 9)),
    "zero potentials": lambda: fr.grid(NEURON.replace(P_Na=0.0, P_Cl=0.0), K_out=TEN, K_in=TEN),
    "empty sums": lambda: fr.grid(
        NEURON.replace(P_Cl=0.0, Na_out=0.0, Na_in=0.0), K_out=[0, *TEN, 0], K_in=[*TEN, 0, 1, 0]
    ),
    "one sum always empty": lambda: fr.grid(
        NEURON.replace(P_Cl=0.0, Na_out=0.0), K_out=np.zeros(9), K_in=[*TEN, 0]
    ),
    "nothing permeant in some settings": lambda: fr.grid(
        NEURON.replace(P_Cl=0.0, P_Na=0.0), P_K=[1, 0, 2], K_out=TEN, K_in=[*TEN, 0]
    ),
    "wide": lambda: fr.grid(
        NEURON, K_out=np.geomspace(1e-6, 1e9, 61), K_in=np.geomspace(1e-9, 1e6, 71)
    ),
    "decreasing": lambda: fr.grid(NEURON, K_out=TEN[::-1], K_in=TEN[::-1], P_Na=[3, 2, 1]),
    "ends equal": lambda: fr.grid(NEURON, P_Na=[1, 2, 1], K_out=[*TEN, *TEN], K_in=[*TEN, *TEN]),
}
