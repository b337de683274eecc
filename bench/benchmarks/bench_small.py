"""Small work: the cost of one turn of a loop over cells, small grids and single potentials.

Every turn has new values, so that nothing that an earlier turn kept could help.
"""

import itertools

import numpy as np
import pytest

import fastrest as fr
from fastrest.benchmark.workloads.base import numpy_ghk

SIDES = pytest.mark.parametrize("side", [10, 30, 100], ids="{0} x {0}".format)
AXES = {"K_out": (3.0, 8.0), "P_Na": (0.01, 0.1)}


def loop(benchmark, turn):
    """Time a turn, which is called with the number of the turn; return the last result."""
    numbers = itertools.count()
    return benchmark.pedantic(lambda: turn(next(numbers)), rounds=200, iterations=5)


@pytest.fixture(scope="module")
def turns(cell):
    """Return functions that compute a grid of a side in a turn, by fastrest and by NumPy."""

    def axes_of(side):
        return {name: np.linspace(*span, side) for name, span in AXES.items()}

    def values_of(turn, axes):
        changed = 30.0 + turn * 1e-6
        return changed, {name: axis + turn * 1e-9 for name, axis in axes.items()}

    def by_fastrest(side):
        axes = axes_of(side)

        def turn(number):
            celsius, values = values_of(number, axes)
            return fr.grid(cell.replace(celsius=celsius), **values).values()

        return turn

    def by_numpy(side):
        axes, others = axes_of(side), dict(cell)

        def turn(number):
            celsius, values = values_of(number, axes)
            columns = {"K_out": values["K_out"][:, None], "P_Na": values["P_Na"]}
            return numpy_ghk(**{**others, **columns, "celsius": celsius})

        return turn

    return by_fastrest, by_numpy


@SIDES
@pytest.mark.benchmark(group="a cell and a grid of two axes, new in every turn: how long?")
def test_grid(benchmark, note, agree, turns, side):
    by_fastrest, by_numpy = turns
    loop(benchmark, by_fastrest(side))
    note(side**2, isa=fr.info()["isa"], threads=1)
    assert agree(by_fastrest(side)(7), by_numpy(side)(7))


@SIDES
@pytest.mark.benchmark(group="a cell and a grid of two axes, new in every turn: how long?")
def test_grid_numpy(benchmark, note, agree, turns, side):
    by_fastrest, by_numpy = turns
    loop(benchmark, by_numpy(side))
    note(side**2, peer=f"numpy {np.__version__}", threads=1)
    assert agree(by_numpy(side)(7), by_fastrest(side)(7))


@pytest.mark.benchmark(group="one cell or potential: how long?")
def test_replace(benchmark, cell):
    changed = loop(benchmark, lambda turn: cell.replace(K_out=5.0 + turn * 1e-9))
    assert changed == fr.Cell(cell.model, **cell.fields, **{**cell, "K_out": changed["K_out"]})


@pytest.mark.benchmark(group="one cell or potential: how long?")
def test_ghk_of_scalars(benchmark, cell):
    values = {name: cell[name] for name in cell if name != "K_out"}
    V = loop(benchmark, lambda turn: fr.ghk(K_out=5.0 + turn * 1e-9, **values))
    assert pytest.approx(cell.potential(), abs=1e-3) == V


@pytest.mark.benchmark(group="one cell or potential: how long?")
def test_potential(benchmark, cell):
    assert benchmark(cell.potential) == float(fr.ghk(**cell))
