"""Ufuncs: what one call costs, and what a million elements cost."""

import math

import numpy as np
import pytest

import fastrest as fr
from fastrest import reference

from .baselines import numpy_ghk, python_ghk

# ---- one value ----

scalar = pytest.mark.benchmark(group="one scalar: what does a call cost?")


@scalar
def test_scalar(benchmark, note, cell):
    V = benchmark(fr.ufuncs.ghk, *cell.values())
    note(1, isa=fr.info()["isa"], threads=1)
    assert math.isclose(V, cell.potential(engine="python"), rel_tol=0, abs_tol=1e-12)


@scalar
def test_scalar_arctan2(benchmark, note):
    angle = benchmark(np.arctan2, 1.0, 2.0)
    note(1, peer=f"numpy {np.__version__}", threads=1)
    assert math.isclose(angle, math.atan2(1.0, 2.0))


@scalar
def test_scalar_cell_potential(benchmark, note, cell):
    V = benchmark(cell.potential)
    note(1, isa=fr.info()["isa"], threads=1)
    assert math.isclose(V, cell.potential(engine="python"), rel_tol=0, abs_tol=1e-12)


@scalar
def test_scalar_python_reference(benchmark, note, cell):
    V, status = benchmark(reference.ghk, cell.model, dict(cell))
    note(1, isa="python", threads=1)
    assert status == 0
    assert math.isclose(V, cell.potential(), rel_tol=0, abs_tol=1e-12)


@scalar
def test_scalar_python_list(benchmark, note, cell):
    values = [[value] for name, value in cell.items() if name not in ("celsius", "pump_ratio")]
    (V,) = benchmark(python_ghk, *values, celsius=cell["celsius"])
    note(1, isa="python", threads=1)
    assert math.isclose(V, cell.potential(), rel_tol=0, abs_tol=1e-12)


# ---- a million ----

million = pytest.mark.benchmark(group="ufunc on 9 arrays of 1e6: how long?")


@pytest.fixture(scope="module")
def arrays(columns):
    return {name: column[:1_000_000] for name, column in columns.items()}


@million
def test_ufunc(benchmark, note, agree, cell, arrays):
    out = np.full(1_000_000, np.nan)
    V = benchmark(fr.ufuncs.ghk, *arrays.values(), cell["celsius"], cell["pump_ratio"], out=out)
    note(V.size, isa=fr.info()["isa"], threads=1)
    assert V is out
    assert agree(V, numpy_ghk(**arrays, celsius=cell["celsius"]))


@million
def test_ufunc_numpy(benchmark, note, agree, cell, arrays):
    V = benchmark(numpy_ghk, **arrays, celsius=cell["celsius"])
    note(V.size, peer=f"numpy {np.__version__}", threads=1)
    assert agree(V, fr.ufuncs.ghk(*arrays.values(), cell["celsius"], cell["pump_ratio"]))
