"""Grids: the cost of axes in other orders and lengths, and of calcium.

bench_workloads.py times the everyday grid: concentrations first, axes of one length.
"""

import numpy as np
import pytest

import fastrest as fr
from fastrest.benchmark.workloads.base import broadcast
from fastrest.benchmark.workloads.catalogue import GridWorkload, SummaryWorkload, numpy_ghk_calcium

from .peers import numpy_ghk_into

THREADS = pytest.mark.parametrize("threads", [1, 2], ids="threads={}".format)

#: Lengths of the axes, in the order of the dimensions.
LAYOUTS = {
    "permeabilities first": {"P_Na": 80, "P_Cl": 80, "K_out": 80, "Na_in": 80},
    "inner axes of 10": {"K_out": 640, "Na_in": 640, "P_Na": 10, "P_Cl": 10},
}
SPANS = {"K_out": (1.0, 50.0), "Na_in": (5.0, 50.0), "P_Na": (0.005, 0.5), "P_Cl": (0.05, 1.0)}


# ---- two concentrations, two permeabilities ----


@pytest.fixture(scope="module")
def buffer():
    """Return an array for the largest grid, with its memory already mapped."""
    return np.zeros(GridWorkload.points)


@pytest.fixture(scope="module", params=LAYOUTS)
def layout(request):
    return request.param


@pytest.fixture(scope="module")
def sweep(cell, layout):
    axes = {name: np.geomspace(*SPANS[name], n) for name, n in LAYOUTS[layout].items()}
    sweep = fr.grid(cell, **axes)
    assert sweep.route == "factored"
    return sweep


@pytest.fixture(scope="module")
def expected(sweep):
    return numpy_ghk_into(np.empty(sweep.shape), **broadcast(sweep))


@pytest.fixture
def out(request, benchmark, buffer, layout, sweep):
    """Return an array without an earlier result: float64, or the dtype of the benchmark."""
    benchmark.group = f"grid of 4e7 points, {layout}: how long?"
    buffer.fill(np.nan)
    dtype = getattr(request, "param", "float64")
    return buffer.view(dtype)[: buffer.size].reshape(sweep.shape)


@THREADS
@pytest.mark.parametrize("out", ["float64", "float32"], indirect=True)
def test_fastrest(benchmark, note, agree, sweep, expected, out, threads):
    V = benchmark(sweep.values, out=out, threads=threads)
    note(out.size, isa=fr.info()["isa"], threads=threads)
    assert V is out
    assert agree(V, expected)


def test_numpy_into_out(benchmark, note, agree, sweep, out):
    V = benchmark(numpy_ghk_into, out, **broadcast(sweep))
    note(out.size, peer=f"numpy {np.__version__}", threads=1)
    assert agree(V, sweep.values())


# ---- with a divalent ion: no logarithm can be shared, every point is computed ----

calcium = pytest.mark.benchmark(group="grid of 4e6 points with calcium: how long?")


@pytest.fixture(scope="module")
def calcium_grid():
    grid = SummaryWorkload()
    assert grid.sweep.route == "pointwise"
    return grid


@calcium
@THREADS
@pytest.mark.parametrize("isa", fr.info()["supported"])
def test_calcium(benchmark, note, agree, calcium_grid, isa, threads):
    out = np.full(calcium_grid.sweep.shape, np.nan)
    V = benchmark(calcium_grid.sweep.values, out=out, engine=isa, threads=threads)
    note(out.size, isa=isa, threads=threads)
    assert V is out
    assert agree(V, numpy_ghk_calcium(**broadcast(calcium_grid.sweep)))


@calcium
def test_calcium_numpy(benchmark, note, agree, calcium_grid):
    V = benchmark(numpy_ghk_calcium, **broadcast(calcium_grid.sweep))
    note(V.size, peer=f"numpy {np.__version__}", threads=1)
    assert agree(V, calcium_grid.sweep.values())
