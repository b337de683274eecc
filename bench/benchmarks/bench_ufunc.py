"""Ufuncs: the cost of a million elements. bench_workloads.py times a call."""

import numpy as np
import pytest

import fastrest as fr

million = pytest.mark.benchmark(group="ufunc on 9 arrays of 1e6: how long?")


@pytest.fixture(scope="module")
def table(table_of):
    return table_of(1_000_000)


@million
def test_ufunc(benchmark, note, agree, table):
    out = np.full(table.points, np.nan)
    values = {**table.cell, **table.columns}.values()
    V = benchmark(fr.ufuncs.ghk, *values, out=out)
    note(V.size, isa=fr.info()["isa"], threads=1)
    assert V is out
    assert agree(V, table.numpy())


@million
def test_ufunc_numpy(benchmark, note, agree, table):
    V = benchmark(table.numpy)
    note(V.size, peer=f"numpy {np.__version__}", threads=1)
    assert agree(V, fr.ufuncs.ghk(*{**table.cell, **table.columns}.values()))
