"""Answers without arrays: their cost compared with the points, and for very many points.

bench_workloads.py times a summary, NumPy and Dask.
"""

import numpy as np
import pytest

import fastrest as fr
from fastrest._core import _kernels
from fastrest.benchmark.workloads.catalogue import moments
from fastrest.runtime import storage

# ---- streaming: the bare kernel, and the answers ----

cached = pytest.mark.benchmark(group="table of 524288 rows, cached: what do answers cost?")
#: Eight blocks: 38 MB of columns, which fit a third-level cache.
ROWS = 8 * _kernels.BLOCK
EDGES = np.linspace(-100, 0, 201)
Q = [0.05, 0.5, 0.95]


@pytest.fixture(scope="module")
def few(table_of):
    return table_of(ROWS)


@pytest.fixture(scope="module")
def table(few):
    return few.sweep


@cached
@pytest.mark.parametrize("isa", fr.info()["supported"])
def test_bare_kernel(benchmark, note, agree, few, isa):
    columns = few.cell.model.outputs["V"].columns_of({**few.cell, **few.columns})
    out = np.full(ROWS, np.nan)
    benchmark(few.cell.model.outputs["V"].equation.points, columns, 0, ROWS, out, isa=isa)
    note(ROWS, isa=isa, threads=1)
    assert agree(out, few.numpy())


@cached
@pytest.mark.parametrize("isa", fr.info()["supported"])
def test_summary(benchmark, note, table, isa):
    answer = benchmark(table.summary, threads=1, engine=isa)
    note(ROWS, isa=isa, threads=1)
    V = table.values()
    assert (answer.n, answer.min, answer.max) == (ROWS, V.min(), V.max())
    assert abs(answer.mean - V.mean()) < 1e-9


@cached
def test_histogram(benchmark, note, table):
    answer = benchmark(table.histogram, 200, (-100, 0), threads=1)
    note(ROWS, isa=fr.info()["isa"], threads=1)
    assert np.array_equal(answer.counts, np.histogram(table.values(), EDGES)[0])


@cached
def test_classes(benchmark, note, table):
    answer = benchmark(table.classify, threads=1)
    note(ROWS, isa=fr.info()["isa"], threads=1)
    assert answer["resting"] == (table.values() <= -55).sum()


@cached
def test_numpy(benchmark, note, few, table):
    mean, sd, *others = benchmark(lambda: moments(few.numpy()))
    note(ROWS, peer=f"numpy {np.__version__}", threads=1)
    answer = table.summary()
    expected = answer.mean, answer.sd, answer.min, answer.max, answer.argmin, answer.argmax
    assert np.allclose((mean, sd, *others), expected, rtol=0, atol=1e-9)


@cached
def test_quantiles(benchmark, note, table):
    answer = benchmark(table.quantile, Q, threads=1)
    note(ROWS, isa=fr.info()["isa"], threads=1)
    assert np.array_equal(answer, np.quantile(table.values(), Q, method="inverted_cdf"))


@cached
def test_quantiles_numpy(benchmark, note, few, table):
    answer = benchmark(lambda: np.quantile(few.numpy(), Q, method="inverted_cdf"))
    note(ROWS, peer=f"numpy {np.__version__}", threads=1)
    assert np.allclose(answer, table.quantile(Q), rtol=0, atol=1e-9)


# ---- without visiting the points ----


@pytest.fixture(scope="module")
def settings(cell):
    """Return a function that makes grids of 10 x 10 permeabilities and twice n table entries."""
    axes = {"P_Na": np.linspace(0.01, 0.1, 10), "P_Cl": np.linspace(0.1, 1, 10)}

    def settings(n):
        return fr.grid(cell, **axes, K_out=np.linspace(1, 50, n), K_in=np.linspace(50, 200, n))

    return settings


@pytest.mark.benchmark(group="grid of 1e12 points, 100 x (1e5 + 1e5) entries: how long?")
def test_trillion(benchmark, note, settings):
    grid = settings(100_000)
    answers = benchmark.pedantic(
        grid.reduce, args=(fr.Summary(), fr.Fraction(below=-55)), kwargs={"threads": 2}, rounds=3
    )
    note(len(grid), isa=fr.info()["isa"], threads=2)
    assert answers[0].n == 10**12
    small = settings(1000)
    assert abs(answers[1] - small.fraction(below=-55)) < 1e-3


histograms = pytest.mark.benchmark(group="200 bins of 1e8 points, 100 x (1e3 + 1e3): which method?")


@histograms
@pytest.mark.parametrize("method", ["factored", "pointwise"])
def test_histogram_of_a_grid(benchmark, note, settings, method):
    grid = settings(1000)
    answer = benchmark.pedantic(
        grid.histogram, args=(EDGES,), kwargs={"method": method, "threads": 2}, rounds=3
    )
    note(len(grid), isa=fr.info()["isa"], threads=2)
    assert answer.method == method
    other = {"factored": "pointwise", "pointwise": "factored"}[method]
    assert np.array_equal(answer.counts, grid.histogram(EDGES, method=other).counts)


larger = pytest.mark.benchmark(group="200 bins of 1e10 points, 100 x (1e4 + 1e4): which method?")


@larger
@pytest.mark.parametrize("method", ["factored", "pointwise"])
def test_histogram_of_a_large_grid(benchmark, note, settings, method):
    quick = benchmark.disabled and method == "pointwise"  # seconds, not half a minute
    grid = settings(100 if quick else 10_000)
    answer = benchmark.pedantic(
        grid.histogram, args=(EDGES,), kwargs={"method": method, "threads": 2}, rounds=1
    )
    note(len(grid), isa=fr.info()["isa"], threads=2)
    assert answer.method == method
    assert answer.counts.sum() + answer.below + answer.above == len(grid)
    if method == "pointwise":
        assert np.array_equal(answer.counts, grid.histogram(EDGES, method="factored").counts)
    small = settings(300)  # the same distribution, seen more coarsely
    expected = small.histogram(EDGES, method="pointwise").counts / len(small)
    assert np.allclose(answer.counts / len(grid), expected, rtol=0, atol=2e-3)


# ---- to a file ----

files = pytest.mark.benchmark(group="grid of 4e7 points to a .npy file: how long?")


@pytest.fixture(scope="module")
def grid_to_save(settings):
    return settings(640)


@files
def test_save(benchmark, note, grid_to_save, tmp_path):
    path = tmp_path / "v.npy"
    benchmark.pedantic(grid_to_save.save, args=(path,), kwargs={"threads": 2}, rounds=3)
    note(len(grid_to_save), isa=fr.info()["isa"], threads=2)
    assert np.array_equal(np.load(path), grid_to_save.values())


@files
def test_save_numpy(benchmark, note, grid_to_save, tmp_path):
    path = tmp_path / "v.npy"

    def save():
        np.save(path, grid_to_save.values())
        storage.sync(path)  # as `save` does: the data are on the disk

    benchmark.pedantic(save, rounds=3)
    note(len(grid_to_save), peer=f"numpy {np.__version__}", threads=2)
    assert np.array_equal(np.load(path), grid_to_save.values())


# ---- memory ----

SETUP = """
import numpy as np, fastrest as fr
axes = dict(K_out=np.geomspace(1, 50, {n}), K_in=np.geomspace(50, 200, {n}))
grid = fr.grid(fr.cells["mammalian neuron"], **axes)
"""
ASK = "(lambda s: (s.n, s.min, s.max))(grid.summary(method='pointwise', threads=2))"


@pytest.mark.benchmark(group="peak memory of summary() pointwise: does it grow with the sweep?")
@pytest.mark.parametrize("n", [3_163, 31_623, 100_000], ids=["1e7", "1e9", "1e10"])
def test_peak_memory(benchmark, alone, cell, n):
    n = min(n, 31_623) if benchmark.disabled else n
    (points, *extremes), megabytes = alone(SETUP.format(n=n), ASK, n * n)
    corners = fr.grid(cell, K_out=[1, 50], K_in=[50, 200]).values()
    assert points == n * n
    assert np.allclose(extremes, (corners.min(), corners.max()), rtol=0, atol=1e-9)
    assert megabytes < 30
