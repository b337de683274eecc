"""Grids: few inputs and many results, so that memory is written far more than read."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

import fastrest as fr

from .baselines import numpy_ghk, numpy_ghk_calcium, numpy_ghk_into

ISAS = pytest.mark.parametrize("isa", fr.info()["supported"])
THREADS = pytest.mark.parametrize("threads", [1, 2], ids="threads={}".format)

#: Lengths of the axes, in the order of the dimensions.
LAYOUTS = {
    "concentrations first": {"K_out": 80, "Na_in": 80, "P_Na": 80, "P_Cl": 80},
    "permeabilities first": {"P_Na": 80, "P_Cl": 80, "K_out": 80, "Na_in": 80},
    "inner axes of 10": {"K_out": 640, "Na_in": 640, "P_Na": 10, "P_Cl": 10},
}
SPANS = {
    "K_out": (1.0, 50.0),
    "Na_in": (5.0, 50.0),
    "P_Na": (0.005, 0.5),
    "P_Cl": (0.05, 1.0),
    "Ca_out": (0.5, 5.0),
    "P_Ca": (0.01, 10.0),
}


def grid_of(cell, lengths):
    """The sweep, and its parameters as arrays that broadcast to it."""
    axes = {name: np.geomspace(*SPANS[name], n) for name, n in lengths.items()}
    values = {**cell, **dict(zip(axes, np.ix_(*axes.values()), strict=True))}
    del values["pump_ratio"]
    return SimpleNamespace(sweep=fr.grid(cell, **axes), values=values)


# ---- two concentrations, two permeabilities ----


@pytest.fixture(scope="module", params=LAYOUTS)
def grid(request, cell, large_buffer):
    grid = grid_of(cell, LAYOUTS[request.param])
    assert grid.sweep.route == "factored"
    assert len(grid.sweep) == large_buffer.size
    grid.layout = request.param
    grid.expected = np.empty(grid.sweep.shape)
    numpy_ghk_into(grid.expected, **grid.values)
    return grid


@pytest.fixture
def out(request, benchmark, grid, large_out):
    """float64, or as a benchmark asks with `indirect`."""
    benchmark.group = f"grid of 4e7 points, {grid.layout}: how long?"
    dtype = getattr(request, "param", "float64")
    return large_out.view(dtype)[: large_out.size].reshape(grid.sweep.shape)


@THREADS
@pytest.mark.parametrize("out", ["float64", "float32"], indirect=True)
def test_fastrest(benchmark, note, agree, grid, out, threads):
    V = benchmark(grid.sweep.values, out=out, threads=threads)
    note(out.size, isa=fr.info()["isa"], threads=threads)
    assert V is out
    assert agree(V, grid.expected)


def test_fill(benchmark, note, out):
    benchmark(out.fill, 1.0)
    note(out.size, peer=f"numpy {np.__version__}", threads=1)
    assert (out == 1.0).all()


def test_numpy_into_out(benchmark, note, agree, grid, out):
    V = benchmark(numpy_ghk_into, out, **grid.values)
    note(out.size, peer=f"numpy {np.__version__}", threads=1)
    assert agree(V, grid.sweep.values(out=out))


def test_numpy(benchmark, note, agree, grid, out):
    V = benchmark(numpy_ghk, **grid.values)
    note(out.size, peer=f"numpy {np.__version__}", threads=1)
    assert agree(V, grid.sweep.values(out=out))


# ---- with a divalent ion: no logarithm can be shared, every point is computed ----

calcium = pytest.mark.benchmark(group="grid of 4e6 points with calcium: how long?")
CALCIUM = {"K_out": 45, "Ca_out": 45, "P_Na": 45, "P_Ca": 45}


@pytest.fixture(scope="module")
def calcium_grid(cell):
    model = fr.GHK("K", "Na", "Cl", "Ca")
    grid = grid_of(fr.Cell(model, **cell, P_Ca=1.0, Ca_out=2.0, Ca_in=1e-4), CALCIUM)
    assert grid.sweep.route == "pointwise"
    return grid


@calcium
@THREADS
@ISAS
def test_calcium(benchmark, note, agree, calcium_grid, isa, threads):
    out = np.full(calcium_grid.sweep.shape, np.nan)
    V = benchmark(calcium_grid.sweep.values, out=out, engine=isa, threads=threads)
    note(out.size, isa=isa, threads=threads)
    assert agree(V, numpy_ghk_calcium(**calcium_grid.values))


@calcium
def test_calcium_numpy(benchmark, note, agree, calcium_grid):
    V = benchmark(numpy_ghk_calcium, **calcium_grid.values)
    note(math.prod(CALCIUM.values()), peer=f"numpy {np.__version__}", threads=1)
    assert agree(V, calcium_grid.sweep.values())
