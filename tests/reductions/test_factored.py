"""Factored answers: those of all points, on grids of every kind."""

import numpy as np
import pytest

import fastrest as fr
from fastrest._core import _kernels
from helpers.factored import GRIDS, assert_all_pairs, random_axis, state_of

NEURON = fr.cells["mammalian neuron"]
MUSCLE = fr.cells["mammalian skeletal muscle"]  # chloride is passive there
CELLS = {
    "neuron": NEURON,
    "muscle": MUSCLE,
    "without chloride": NEURON.replace(P_Na=0.0, P_Cl=0.0),
    "five ions": fr.Cell(
        fr.GHK("K", "Na", "Cl", "HCO3", fr.Ion("Li", 1), passive="Li"),
        **dict(NEURON) | {"P_HCO3": 0.1, "HCO3_out": 24.0, "HCO3_in": 12.0, "Li_out": 1.0},
    ),
    "not permeant": NEURON.replace(P_K=0.0, P_Na=0.0, P_Cl=0.0),
}


def random_grid(seed):
    """Return a grid that factors: an axis for each sum, and up to three others, in any order."""
    rng = np.random.default_rng(seed)
    cell = CELLS[rng.choice(list(CELLS), p=[0.45, 0.2, 0.1, 0.2, 0.05])]
    names = rng.permutation(list(cell)).tolist()
    sides = {name: cell.model.sides[name] for name in names}
    num = [n for n in names if tuple(sides[n]) == ("num",)]
    den = [n for n in names if tuple(sides[n]) == ("den",)]
    other = [n for n in names if n not in num + den]
    axes = [random_axis("n", num, 9, 16, rng), random_axis("d", den, 9, 16, rng)]
    for i in range(rng.integers(0, 3)):
        axes.append(random_axis(f"o{i}", other, 1, 5, rng))
    if num and rng.random() < 0.4:
        mixed = [num.pop(), *(other[:1] if rng.random() < 0.5 else [])]
        axes.append(random_axis("m", mixed, 1, 4, rng))
    return fr.grid(cell, *(axes[i] for i in rng.permutation(len(axes))))


# ---- random grids ----


@pytest.mark.parametrize("first", range(0, 160, 20))
def test_factored_equals_pointwise_on_random_grids(first):
    for seed in range(first, first + 20):
        grid = random_grid(seed)
        assert grid.route == "factored", seed
        assert_all_pairs(grid, seed, threads=1 + seed % 3)


@pytest.mark.parametrize("seed", range(0, 160, 20))
def test_instruction_sets_and_threads_do_not_change_factored_bits(seed):
    grid = random_grid(seed)
    states = [
        state_of(grid, engine=isa, threads=threads).to_json()
        for isa in _kernels.SUPPORTED
        for threads in (1, 2, 3, 7)
    ]
    assert all(state == states[0] for state in states)


# ---- grids of special kinds ----


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name == "thousands of settings"))
        for name in GRIDS
    ],
)
def test_factored_equals_pointwise(name, isa):
    grid = GRIDS[name]()
    assert grid.route == "factored"
    assert_all_pairs(grid, engine=isa)


@pytest.mark.parametrize("name", ["settings on three axes", "ends equal"])
def test_threads_do_not_change_factored_bits_of_settings(name, isa):
    grid = GRIDS[name]()
    once = state_of(grid, threads=1, engine=isa).to_json()
    for threads in (2, 3, 7):
        assert state_of(grid, threads=threads, engine=isa).to_json() == once


def test_factored_extremes_are_the_first_of_all_settings():
    grid = fr.grid(NEURON, P_Na=[1, 2, 1, 1, 2], K_out=[9, 1] * 6, K_in=[5, *[2, 5] * 9])
    s = grid.summary(method="factored")
    v = grid.values()
    assert (s.argmin, s.argmax) == (v.argmin(), v.argmax())
    assert (v == s.min).sum() > 1
    assert (v == s.max).sum() > 1


def test_factored_extremes_made_equal_by_rounding_are_the_first():
    # the sums differ by an ulp: a further term rounds the difference away
    narrow = 5 * (1 + np.array([3, 1, 2, 0, 3, 0, 1, 2, 2, 1]) * 2.0**-52)
    grid = fr.grid(NEURON, K_out=narrow, K_in=np.geomspace(1, 1000, 20)[::-1])
    s, V = grid.summary(method="factored"), grid.values()
    assert (s.min, s.max) == (V.min(), V.max())
    assert (s.argmin, s.argmax) == (V.argmin(), V.argmax())


@pytest.mark.parametrize("ulps", [1, 3, 100, 10_000])
def test_factored_equals_pointwise_on_narrow_axes(ulps):
    narrow = 140 + np.arange(100) * ulps * np.spacing(140.0)
    grid = fr.grid(NEURON, K_out=np.linspace(1, 50, 20), K_in=narrow)
    edges = np.unique(grid.values())[::7]
    h = grid.histogram(edges, method="factored")
    assert h.counts.tolist() == np.histogram(grid.values(), edges)[0].tolist()
