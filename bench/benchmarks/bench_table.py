"""Tables: the cost of kernel and call in a cache, and of bad rows, threads and float32 in memory.

bench_workloads.py times the whole table, and other tools.
"""

import numpy as np
import pytest

import fastrest as fr
from fastrest.benchmark.workloads.catalogue import TableWorkload
from fastrest.runtime import scheduler

ISAS = pytest.mark.parametrize("isa", fr.info()["supported"])


# ---- from the cache ----

cache = pytest.mark.benchmark(group="table of 8192 rows, cached: what do kernel and call cost?")


@pytest.fixture(scope="module")
def few(table_of):
    """Return 8192 rows (0.65 MB), which fit a second-level or third-level cache."""
    return table_of(8192)


@pytest.fixture(scope="module")
def few_expected(few):
    return few.numpy()


@cache
@ISAS
def test_cached_kernel(benchmark, note, agree, few, few_expected, isa):
    values = {name: np.broadcast_to(value, few.points) for name, value in few.cell.items()}
    columns = few.cell.model.outputs["V"].columns_of({**values, **few.columns})
    out = np.full(few.points, np.nan)
    equation = few.cell.model.outputs["V"].equation
    benchmark(equation.points, columns, 0, few.points, out, isa=isa)
    note(few.points, isa=isa, threads=1)
    assert agree(out, few_expected)


@cache
@ISAS
def test_cached_values(benchmark, note, agree, few, few_expected, isa):
    out = np.full(few.points, np.nan)
    V = benchmark(few.sweep.values, out=out, engine=isa, threads=1)
    note(few.points, isa=isa, threads=1)
    assert V is out
    assert agree(V, few_expected)


@cache
def test_cached_numpy(benchmark, note, agree, few):
    V = benchmark(few.numpy)
    note(few.points, peer=f"numpy {np.__version__}", threads=1)
    assert agree(V, few.sweep.values())


# ---- from memory ----


@pytest.fixture(scope="module")
def table():
    return TableWorkload()


@pytest.fixture(scope="module")
def expected(table):
    return table.numpy()


@pytest.fixture
def out(table):
    return np.full(table.points, np.nan)


@pytest.mark.benchmark(group="table of 4e6 rows: what do bad rows cost?")
@pytest.mark.parametrize("percent", [0, 1])
def test_bad_rows(benchmark, note, agree, table, expected, out, percent):
    bad = np.random.default_rng(2).random(out.size) < percent / 100
    K_out = np.where(bad, -1.0, table.columns["K_out"])
    sweep = fr.table(table.cell, {**table.columns, "K_out": K_out})
    V = benchmark(sweep.values, out=out, threads=1)
    note(out.size, isa=fr.info()["isa"], threads=1, bad=int(bad.sum()))
    assert agree(V, np.where(bad, np.nan, expected))


@pytest.mark.parametrize("threads", [1, 2, 4], ids="threads={}".format)
@pytest.mark.parametrize("rows", [scheduler.SMALL, TableWorkload.points])
def test_threads(benchmark, note, agree, table, expected, out, rows, threads):
    benchmark.group = f"table of {rows:.0e} rows: what do threads bring?"
    sweep = fr.table(table.cell, {name: x[:rows] for name, x in table.columns.items()})
    V = benchmark(sweep.values, out=out[:rows], threads=threads)
    note(rows, isa=fr.info()["isa"], threads=threads)
    assert agree(V, expected[:rows])
    assert np.array_equal(V, sweep.values(threads=1))


@pytest.mark.benchmark(group="table of 4e6 rows: what does a float32 result cost or save?")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_dtype(benchmark, note, agree, table, expected, dtype):
    out = np.full(table.points, np.nan, dtype)
    V = benchmark(table.sweep.values, out=out, threads=2)
    note(table.points, isa=fr.info()["isa"], threads=2)
    assert agree(V, expected)
    assert np.array_equal(V, table.sweep.values().astype(dtype))
