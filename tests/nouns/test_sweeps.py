"""Sweeps: their text, and value semantics."""

import contextlib
import copy
import itertools
import pickle

import numpy as np
import pytest

import fastrest as fr
from helpers.sweeps import SWEEPS, assert_same_bits

NEURON = fr.cells["mammalian neuron"]


def test_a_factored_grid_prints_its_points_memory_and_route():
    sweep = fr.grid(NEURON, K_out=np.linspace(2, 12, 2001), K_in=np.linspace(100, 150, 2001))

    text = repr(sweep)

    for part in ("4,004,001 points", "mammalian neuron", "K_out (2,001)", "2 ... 12 mM", "32 MB"):
        assert part in text
    assert "factored" in text
    assert sweep.route == "factored"


def test_a_pointwise_table_prints_its_points_memory_and_route():
    sweep = fr.table(NEURON, {"K_out": np.ones(1000), "id": np.arange(1000)}, keep=["id"])

    text = repr(sweep)

    for part in ("1,000 points", "columns: K_out", "carried along: id", "8 kB", "pointwise"):
        assert part in text


def test_a_coupled_axis_prints_all_its_parameters():
    text = repr(fr.grid(NEURON, fr.axis("ringer", K_out=[3, 5], Na_out=[147, 145])))

    for part in ("ringer (2)", "K_out 3 ... 5 mM", "Na_out 147 ... 145 mM"):
        assert part in text


@pytest.mark.parametrize("make", SWEEPS.values(), ids=SWEEPS)
@pytest.mark.parametrize(
    "again",
    [lambda sweep: pickle.loads(pickle.dumps(sweep)), copy.copy, copy.deepcopy],
    ids=["pickle", "copy", "deepcopy"],
)
def test_a_copy_of_a_sweep_is_equal(make, again):
    sweep = make()
    other = again(sweep)

    assert other == sweep
    assert repr(other) == repr(sweep)
    assert_same_bits(other.values(), sweep.values())


def test_sweeps_are_equal_exactly_if_cell_points_and_labels_are():
    for one, other in itertools.combinations(SWEEPS, 2):
        assert SWEEPS[one]() != SWEEPS[other]()
    for make in SWEEPS.values():
        assert make() == make()
    grid = fr.grid(NEURON, K_out=[3.0, 5.0])
    assert grid == fr.grid(NEURON, K_out=[3, 5])
    assert grid != fr.grid(NEURON, K_out=[3.0, 6.0])
    assert grid != fr.grid(NEURON.replace(P_Na=0.1), K_out=[3.0, 5.0])
    assert grid != fr.grid(NEURON, K_in=[3.0, 5.0])
    assert grid != fr.grid(NEURON, fr.axis("k", K_out=[3.0, 5.0]))
    assert grid != fr.table(NEURON, {"K_out": [3.0, 5.0]})
    assert grid != "grid"
    table = fr.table(NEURON, {"K_out": [3.0, 5.0]})
    assert table != fr.table(NEURON, {"K_out": [3.0, 6.0]})
    assert table != fr.table(NEURON, {"K_out": [3.0, 5.0], "id": [1, 2]}, keep=["id"])


@pytest.mark.parametrize("make", SWEEPS.values(), ids=SWEEPS)
def test_a_sweep_cannot_be_changed_by_assignment(make):
    sweep = make()

    for name, value in [("cell", NEURON), ("shape", (1,)), ("dims", ("x",)), ("route", "x")]:
        with pytest.raises(AttributeError):
            setattr(sweep, name, value)
    assert sweep == make()


def test_a_sweep_cannot_be_changed_through_its_arrays():
    grid, table = SWEEPS["labels"](), SWEEPS["kept"]()

    with contextlib.suppress(TypeError, AttributeError):
        grid.axes[0].parameters.clear()
    with contextlib.suppress(TypeError, AttributeError):
        table.kept.clear()
    for values in grid.parameters([0]).values():
        values[...] = 99.0

    assert grid == SWEEPS["labels"]()
    assert repr(grid) == repr(SWEEPS["labels"]())
    assert table == SWEEPS["kept"]()


def test_a_pickled_grid_is_small():
    sweep = fr.grid(NEURON, K_out=np.linspace(2, 12, 100), K_in=np.linspace(100, 150, 100))

    assert len(pickle.dumps(sweep)) < 10_000
