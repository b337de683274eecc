"""Sensitivity: the cost of samples and gradients, and the memory of indices.

bench_workloads.py times indices, SALib and scipy.
"""

import math

import numpy as np
import pytest

import fastrest as fr
from fastrest._core import _samples
from fastrest.benchmark.workloads.base import INPUTS, numpy_ghk
from fastrest.benchmark.workloads.catalogue import lognormals, moments, random_cells


@pytest.fixture(scope="module")
def space(cell):
    return lognormals(cell)


@pytest.fixture(scope="module")
def exact(space):
    return space.sobol(tolerance=1e-9)


# ---- samples ----

sampling = pytest.mark.benchmark(group="summary of 1e6 points, 9 lognormal inputs: how long?")
POINTS = 10**6


@sampling
@pytest.mark.parametrize("threads", [1, 2], ids="threads={}".format)
@pytest.mark.parametrize("method", ["random", "sobol", "lhs"])
def test_sample(benchmark, note, space, exact, method, threads):
    sample = space.sample(POINTS, rng=1, method=method)
    s = benchmark(sample.summary, threads=threads)
    note(POINTS, isa=fr.info()["isa"], threads=threads)
    assert s.n == POINTS
    assert abs(s.mean - exact.mean) < 5 * exact.sd / math.sqrt(POINTS)
    assert abs(s.sd / exact.sd - 1) < 0.01


@sampling
def test_numpy(benchmark, note, cell, exact):
    rng = np.random.default_rng(1)
    mean, sd, *_ = benchmark(lambda: moments(numpy_ghk(**random_cells(cell, POINTS, rng))))
    note(POINTS, peer=f"numpy {np.__version__}", threads=1)
    assert abs(mean - exact.mean) < 5 * exact.sd / math.sqrt(POINTS)
    assert abs(sd / exact.sd - 1) < 0.01


# ---- gradients ----

gradients = pytest.mark.benchmark(group="gradients at 8192 rows, cached: how long?")
ROWS = 8192


@pytest.fixture(scope="module")
def table(table_of):
    return table_of(ROWS)


@pytest.fixture(scope="module")
def rows(table):
    return table.cell.model.outputs["V"].columns_of({**table.cell, **table.columns})


@gradients
def test_potential_alone(benchmark, note, table, rows):
    blocks, _ = benchmark(table.cell.model.outputs["V"].equation.reduce, rows, 0, ROWS)
    note(ROWS, isa=fr.info()["isa"], threads=1)
    assert blocks["n"][0] == ROWS


@gradients
def test_slopes_of_all_inputs(benchmark, note, table, rows):
    """Sum the potential and the squares of its nine derivatives, which bound the indices."""
    equation = table.cell.model.outputs["V"].equation
    inputs = [*range(9), -1, -1]
    options = {"n_inputs": 9, "logs": [False] * 9}
    _, sums = benchmark(_samples.pick_freeze, equation, rows, None, inputs, 0, ROWS, **options)
    note(ROWS, isa=fr.info()["isa"], threads=1)
    found = fr.table(table.cell, dict(zip(INPUTS, rows))).gradient(*INPUTS)
    squares = [np.sum(found[name] ** 2) for name in INPUTS]
    np.testing.assert_allclose(sums.sum(axis=1)[2:], squares, rtol=1e-12)


# ---- memory ----

SETUP = """
from fastrest.benchmark.workloads.catalogue import SampledWorkload
class Other(SampledWorkload):
    n = 2**{log2}
other = Other()
"""
ASK = "other.run(threads=2)['ST'].tolist()"


@pytest.mark.benchmark(group="peak memory of sampled indices: does it grow with N?")
@pytest.mark.parametrize("log2", [14, 24])
def test_peak_memory(alone, exact, log2):
    found, megabytes = alone(SETUP.format(log2=log2), ASK, 11 * 2**log2)
    assert np.abs(np.subtract(found, exact["ST"])).max() < 0.01
    assert megabytes < 30
