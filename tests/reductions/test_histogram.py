"""Histograms and fractions: their counts are those of NumPy."""

import math

import numpy as np
import pytest

import fastrest as fr
from fastrest._core.edges import Edges
from fastrest.models.outputs import phi as phi_of
from helpers.reductions import assert_histogram, potassium

NEURON = fr.cells["mammalian neuron"]


def test_histogram_between_any_edges_equals_numpy(sweep_and_numpy, isa):
    sweep, expected = sweep_and_numpy
    edges = expected.edges()
    assert_histogram(sweep.histogram(edges, engine=isa), expected, edges)


@pytest.mark.parametrize("n_edges", [2, 3, 7, 8, 9, 10])
def test_histogram_of_few_edges_equals_numpy(sweep_and_numpy, n_edges, isa):
    sweep, expected = sweep_and_numpy
    found = expected.edges()
    edges = found[np.linspace(0, len(found) - 1, n_edges).astype(int)]
    assert_histogram(sweep.histogram(edges, engine=isa), expected, edges)


@pytest.mark.parametrize(
    ("bins", "ends"),
    [(1, (-70, -60)), (7, (-90.5, -30)), (200, (-100, 0)), (10, (0, 1)), (3000, (-150, 100))],
)
def test_histogram_of_equal_bins_equals_numpy(sweep_and_numpy, bins, ends):
    sweep, expected = sweep_and_numpy
    h = sweep.histogram(bins, range=ends)
    counts, edges = np.histogram(expected.v, bins, ends)
    assert np.array_equal(h.edges, edges)
    assert np.array_equal(h.counts, counts)
    assert h.below + h.counts.sum() + h.above == expected.n


def test_histogram_closes_only_its_last_bin():
    sweep = potassium([-1.0, 0.0, 0.0, 2.0])  # 0 is met exactly
    assert sweep.histogram([-5, 0]).counts.tolist() == [3]
    assert sweep.histogram([-5, 0, 5]).counts.tolist() == [1, 3]
    assert sweep.histogram([0, 1]).below == 1
    assert sweep.histogram([-2, -0.0]).above == 1


def test_fractions_on_and_beside_potentials_equal_numpy(sweep_and_numpy):
    sweep, expected = sweep_and_numpy
    x, v = expected.edges(20), expected.v
    asked = [fr.Fraction(below=t) for t in x] + [fr.Fraction(above=t) for t in x]
    between = [(a, b) for i, a in enumerate(x) for b in x[i : i + 4]]
    asked += [fr.Fraction(between=pair) for pair in between]
    counts = [(v < t).sum() for t in x] + [(v > t).sum() for t in x]
    counts += [((v >= a) & (v <= b)).sum() for a, b in between]
    assert list(sweep.reduce(*asked)) == [count / expected.n for count in counts]


# ---- counts without logarithms ----


@pytest.mark.parametrize("n_edges", [1, 2, 4])
def test_counts_without_logarithms_equal_counts_of_potentials(n_edges, isa):
    # round permeabilities: many potentials are equal, and edges lie on them
    grid = fr.grid(
        NEURON,
        P_Na=np.round(np.geomspace(0.01, 1, 40), 3),
        P_K=np.round(np.linspace(0.5, 2, 31), 2),
        P_Cl=np.arange(10) / 10,
    )
    V, random = grid.values().ravel(), np.random.default_rng(n_edges)
    phi = float(phi_of(NEURON["celsius"]))
    equation, columns = grid.cell.model.outputs["V"].equation, grid.columns_over(None)
    for _ in range(100):
        values = random.choice(V, n_edges)
        steps = random.choice([-math.inf, 0.0, math.inf], n_edges)
        edges = np.where(steps == 0, values, np.nextafter(values, steps))
        edges = np.unique(edges)
        free = Edges(edges, phi)
        assert free.ratios is not None
        _, counts = equation.reduce(columns, 0, V.size, free, sums=False, isa=isa)
        assert np.cumsum(counts)[:-1].tolist() == np.searchsorted(np.sort(V), edges).tolist()


def test_bad_rows_are_counted_without_logarithms_too(isa):
    K_out = np.where(np.arange(100_000) % 1000 == 7, -1.0, np.linspace(1, 50, 100_000))
    sweep = fr.table(NEURON, {"K_out": K_out})
    V = sweep.values()
    valid = V[np.isfinite(V)]
    assert sweep.fraction(below=-55, engine=isa) == (valid < -55).sum() / valid.size
