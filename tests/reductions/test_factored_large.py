"""Factored answers of a grid of 10^9 points."""

import tracemalloc

import numpy as np
import pytest

import fastrest as fr
from fastrest._core import _kernels
from fastrest.reductions import separable
from fastrest.reductions.accumulator import Accumulator
from helpers.factored import GRIDS, TEN, assert_all_pairs, state_of

NEURON = fr.cells["mammalian neuron"]
LARGE = {
    "P_Na": np.linspace(0.01, 1, 10),
    "K_out": np.geomspace(1, 50, 10_000),
    "K_in": np.linspace(50, 200, 10_000),
}


def large_grid(**changed):
    """10^9 points."""
    return fr.grid(NEURON, **LARGE | changed)


ASKED = (fr.Summary(), fr.Histogram(50), fr.Fraction(below=-55), fr.Classes())


def test_method_auto_is_factored_for_many_points_and_pointwise_for_few():
    assert large_grid().summary().method == "factored"
    assert GRIDS["axes of one value"]().summary().method == "pointwise"
    assert fr.table(NEURON, {"K_out": TEN}).summary().method == "pointwise"


def test_factored_answers_allocate_no_array_of_the_grids_size():
    grid = large_grid()
    tracemalloc.start()
    s, h, *_ = grid.reduce(*ASKED)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (s.n, h.below + h.counts.sum() + h.above) == (10**9, 10**9)
    assert peak < 8e6  # bytes: some lists of 10,000 numbers


def test_factored_accumulators_of_settings_add_in_any_order():
    grid = GRIDS["settings on three axes"]()
    expected, unit = state_of(grid), separable.Settings(grid).unit
    add, states = separable.Settings(grid).adder(expected, _kernels.ISA, True, 1), []
    for start in range(0, len(grid), unit):
        states.append(Accumulator("factored", expected.edges))
        add(states[-1], start, start + unit)
    for seed in range(20):
        total = Accumulator("factored", expected.edges)
        for i in np.random.default_rng(seed).permutation(len(states)):
            total.add(states[i])
        assert total.to_json() == expected.to_json()


def test_factored_extremes_of_a_monotonic_grid_are_at_its_corners():
    s = large_grid().summary()
    assert s.at_min == {"P_Na": 0.01, "K_out": 1.0, "K_in": 200.0}
    assert s.at_max["K_out"] == 50.0
    assert s.at_max["K_in"] == 50.0


@pytest.mark.parametrize(
    "longest",
    [pytest.param(1, marks=pytest.mark.slow), 5, pytest.param(40, marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("name", sorted({*GRIDS} - {"thousands of settings", "one setting"}))
def test_lists_that_are_cut_give_the_same_answers(name, longest, monkeypatch):
    monkeypatch.setattr(separable, "LONGEST", longest)
    grid = GRIDS[name]()
    lists = separable.Settings(grid)
    assert max(lists.size(lists.num), lists.size(lists.den)) <= longest
    assert_all_pairs(grid)


@pytest.mark.parametrize(
    ("lengths", "longest", "parts"),
    [
        ({0: 1000, 1: 1000, 2: 100}, 8_000_000, {0: 20}),
        ({0: 1000, 1: 1000, 2: 1000}, 8_000_000, {0: 125}),
        ({1: 7, 4: 11}, 20, {1: 7}),
        ({1: 101}, 20, {1: 101}),
        ({1: 10, 2: 10}, 5, {2: 10, 1: 2}),
        ({1: 10, 2: 10}, 100, {}),
        ({}, 100, {}),
    ],
)
def test_axes_of_long_lists_are_cut_into_equal_parts(lengths, longest, parts, monkeypatch):
    monkeypatch.setattr(separable, "LONGEST", longest)
    assert separable.cuts(lengths) == parts


@pytest.mark.parametrize("threads", [1, 3])
def test_interrupting_a_factored_pass_stops_it(threads):
    grid, calls = large_grid(), []

    def progress(done, total):
        calls.append(done)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grid.summary(method="factored", progress=progress, threads=threads)
    assert len(calls) == 1
