"""Tables: every row has its own nine values, so that memory is read far more than written."""

import numpy as np
import pytest

import fastrest as fr
from fastrest import engine

from .baselines import jax_ghk, numba_ghk, numexpr_ghk, numpy_ghk, numpy_ghk_into, python_ghk

ISAS = pytest.mark.parametrize("isa", fr.info()["supported"])
THREADS = pytest.mark.parametrize("threads", [1, 2], ids="threads={}".format)
#: As many rows as pure Python gets: compare by ns per point.
FEW = 10_000


@pytest.fixture(scope="module")
def sweep(cell, columns):
    return fr.table(cell, columns)


@pytest.fixture(scope="module")
def expected(cell, columns):
    return numpy_ghk(**columns, celsius=cell["celsius"])


@pytest.fixture
def out(sweep):
    return np.full(len(sweep), np.nan)


# ---- from memory, and the others ----

memory = pytest.mark.benchmark(group="table of 9 columns, 4e6 rows: how long?")


@memory
@THREADS
@ISAS
def test_fastrest(benchmark, note, agree, sweep, expected, out, isa, threads):
    V = benchmark(sweep.values, out=out, engine=isa, threads=threads)
    note(len(sweep), isa=isa, threads=threads)
    assert V is out
    assert agree(V, expected)


@memory
def test_python_reference_on_10000_rows(benchmark, note, agree, cell, columns, expected):
    few = fr.table(cell, {name: column[:FEW] for name, column in columns.items()})
    V = benchmark(few.values, engine="python")
    note(FEW, isa="python", threads=1)
    assert agree(V, expected[:FEW])


@memory
def test_python_list_on_10000_rows(benchmark, note, agree, cell, columns, expected):
    few = {name: column[:FEW].tolist() for name, column in columns.items()}
    V = benchmark(python_ghk, **few, celsius=cell["celsius"])
    note(FEW, isa="python", threads=1)
    assert agree(np.array(V), expected[:FEW])


@memory
def test_numpy(benchmark, note, agree, cell, columns, sweep, expected):
    V = benchmark(numpy_ghk, **columns, celsius=cell["celsius"])
    note(V.size, peer=f"numpy {np.__version__}", threads=1)
    assert agree(V, sweep.values())


@memory
def test_numpy_into_out(benchmark, note, agree, cell, columns, expected, out):
    V = benchmark(numpy_ghk_into, out, **columns, celsius=cell["celsius"])
    note(V.size, peer=f"numpy {np.__version__}", threads=1)
    assert agree(V, expected)


@memory
@THREADS
def test_numexpr(benchmark, note, agree, cell, columns, expected, out, threads):
    ghk, peer = numexpr_ghk(threads)
    V = benchmark(ghk, out, **columns, celsius=cell["celsius"])
    note(V.size, peer=peer, threads=threads)
    assert agree(V, expected)


@memory
@THREADS
def test_numba(benchmark, note, agree, cell, columns, expected, out, threads):
    ghk, peer = numba_ghk(threads)
    ghk(np.empty(1), *(column[:1] for column in columns.values()), cell["celsius"])  # compiles
    V = benchmark(ghk, out, *columns.values(), cell["celsius"])
    note(V.size, peer=peer, threads=threads)
    assert agree(V, expected)


@memory
def test_jax(benchmark, note, agree, cell, columns, expected):
    ghk, device_put, peer = jax_ghk()
    columns = {name: device_put(column) for name, column in columns.items()}
    ghk(**columns, celsius=cell["celsius"])  # compiles
    V = benchmark(ghk, **columns, celsius=cell["celsius"])
    note(V.size, peer=peer, threads=engine.cpus())
    assert agree(np.asarray(V), expected)


# ---- from the cache ----

cache = pytest.mark.benchmark(group="table of 8192 rows, cached: what do kernel and call cost?")


@cache
@ISAS
def test_cached_kernel(benchmark, note, agree, cell, few_columns, isa):
    rows = len(few_columns["K_out"])
    values = {name: np.broadcast_to(value, rows) for name, value in cell.items()}
    columns = cell.model.columns({**values, **few_columns})
    out = np.empty(rows)
    benchmark(cell.model.equation().points, columns, 0, rows, out, isa=isa)
    note(rows, isa=isa, threads=1)
    assert agree(out, numpy_ghk(**few_columns, celsius=cell["celsius"]))


@cache
@ISAS
def test_cached_values(benchmark, note, agree, cell, few_columns, isa):
    few = fr.table(cell, few_columns)
    out = np.empty(len(few))
    V = benchmark(few.values, out=out, engine=isa, threads=1)
    note(len(few), isa=isa, threads=1)
    assert agree(V, numpy_ghk(**few_columns, celsius=cell["celsius"]))


@cache
def test_cached_numpy(benchmark, note, agree, cell, few_columns):
    V = benchmark(numpy_ghk, **few_columns, celsius=cell["celsius"])
    note(V.size, peer=f"numpy {np.__version__}", threads=1)
    assert agree(V, fr.table(cell, few_columns).values())


# ---- bad rows ----


@pytest.mark.benchmark(group="table of 4e6 rows: what do bad rows cost?")
@pytest.mark.parametrize("percent", [0, 1])
def test_bad_rows(benchmark, note, agree, cell, columns, expected, out, percent):
    bad = np.random.default_rng(2).random(out.size) < percent / 100
    K_out = np.where(bad, -1.0, columns["K_out"])
    sweep = fr.table(cell, {**columns, "K_out": K_out})
    V = benchmark(sweep.values, out=out, threads=1)
    note(out.size, isa=fr.info()["isa"], threads=1, bad=int(bad.sum()))
    assert agree(V, np.where(bad, np.nan, expected))


# ---- threads ----


@pytest.mark.parametrize("threads", [1, 2, 4], ids="threads={}".format)
@pytest.mark.parametrize("rows", [engine.SMALL, 4_000_000])
def test_threads(benchmark, note, cell, columns, out, rows, threads):
    benchmark.group = f"table of {rows:.0e} rows: what do threads bring?"
    sweep = fr.table(cell, {name: column[:rows] for name, column in columns.items()})
    V = benchmark(sweep.values, out=out[:rows], threads=threads)
    note(rows, isa=fr.info()["isa"], threads=threads)
    assert np.array_equal(V, sweep.values(threads=1))


# ---- float32 ----


@pytest.mark.benchmark(group="table of 4e6 rows: what does a float32 result cost or save?")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_dtype(benchmark, note, sweep, dtype):
    out = np.full(len(sweep), np.nan, dtype)
    V = benchmark(sweep.values, out=out, threads=2)
    note(len(sweep), isa=fr.info()["isa"], threads=2)
    assert np.array_equal(V, sweep.values().astype(dtype))
