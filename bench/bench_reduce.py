"""Answers without arrays: what they cost beside the points themselves, NumPy, and Dask."""

import subprocess
import sys

import numpy as np
import pytest

import fastrest as fr
from fastrest import _kernels
from fastrest import files as files_module

from .baselines import dask_summary, numpy_ghk
from .conftest import random_columns

# ---- streaming: the bare kernel, and what is asked of it ----

cached = pytest.mark.benchmark(group="table of 524288 rows, cached: what do answers cost?")
#: Eight blocks: 38 MB of columns, which stay in a third-level cache.
ROWS = 8 * _kernels.BLOCK
EDGES = np.linspace(-100, 0, 201)
Q = [0.05, 0.5, 0.95]


@pytest.fixture(scope="module")
def table(cell):
    return fr.table(cell, random_columns(cell, ROWS))


@cached
@pytest.mark.parametrize("isa", fr.info()["supported"])
def test_bare_kernel(benchmark, note, agree, cell, table, isa):
    columns = cell.model.columns({**cell, **table._inputs})
    out = np.empty(ROWS)
    benchmark(cell.model.equation().points, columns, 0, ROWS, out, isa=isa)
    note(ROWS, isa=isa, threads=1)
    assert agree(out, table.values())


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
def test_numpy(benchmark, note, cell, table):
    def summary():
        V = numpy_ghk(**table._inputs, celsius=cell["celsius"])
        return V.mean(), V.std(), V.min(), V.max(), V.argmin(), V.argmax()

    mean, *_ = benchmark(summary)
    note(ROWS, peer=f"numpy {np.__version__}", threads=1)
    assert abs(mean - table.summary().mean) < 1e-9


@cached
def test_quantiles(benchmark, note, table):
    answer = benchmark(table.quantile, Q, threads=1)
    note(ROWS, isa=fr.info()["isa"], threads=1)
    assert np.array_equal(answer, np.quantile(table.values(), Q, method="inverted_cdf"))


@cached
def test_quantiles_numpy(benchmark, note, cell, table):
    def quantiles():
        V = numpy_ghk(**table._inputs, celsius=cell["celsius"])
        return np.quantile(V, Q, method="inverted_cdf")

    answer = benchmark(quantiles)
    note(ROWS, peer=f"numpy {np.__version__}", threads=1)
    assert np.allclose(answer, table.quantile(Q), rtol=0, atol=1e-9)


# ---- larger than a cache: beside Dask with NumPy ----

streaming = pytest.mark.benchmark(group="summary of a grid of 4e7 points with calcium: how long?")
AXES = {"K_out": (1.0, 50.0), "Ca_out": (0.5, 5.0), "P_Na": (0.005, 0.5), "P_Ca": (0.01, 10.0)}


@pytest.fixture(scope="module")
def calcium(cell):
    model = fr.GHK("K", "Na", "Cl", "Ca")
    cell = fr.Cell(model, **cell, P_Ca=1.0, Ca_out=2.0, Ca_in=1e-4)
    return fr.grid(cell, **{name: np.geomspace(*span, 80) for name, span in AXES.items()})


@streaming
@pytest.mark.parametrize("threads", [1, 2], ids="threads={}".format)
def test_streaming(benchmark, note, calcium, threads):
    answer = benchmark(calcium.summary, threads=threads)
    note(len(calcium), isa=fr.info()["isa"], threads=threads)
    assert answer.method == "pointwise"
    assert answer.n == len(calcium)


@streaming
def test_streaming_dask(benchmark, note, calcium):
    compute, peer = dask_summary(calcium)
    mean, least, greatest = benchmark.pedantic(compute, rounds=3)
    note(len(calcium), peer=peer, threads=2)
    answer = calcium.summary()
    assert np.allclose((mean, least, greatest), (answer.mean, answer.min, answer.max), atol=1e-9)


# ---- without visiting the points ----


def settings(cell, entries):
    """10 x 10 permeability settings, and so many table entries on either side."""
    axes = {"P_Na": np.geomspace(0.01, 0.1, 10), "P_Cl": np.geomspace(0.1, 1, 10)}
    axes |= {"K_out": np.geomspace(1, 50, entries), "K_in": np.geomspace(50, 200, entries)}
    return fr.grid(cell, **axes)


@pytest.mark.benchmark(group="grid of 1e12 points, 100 x (1e5 + 1e5) entries: how long?")
def test_trillion(benchmark, note, cell):
    grid = settings(cell, 100_000)
    answers = benchmark.pedantic(
        grid.reduce, args=(fr.Summary(), fr.Fraction(below=-55)), kwargs={"threads": 2}, rounds=3
    )
    note(len(grid), isa=fr.info()["isa"], threads=2)
    assert answers[0].n == 10**12
    small = settings(cell, 1000)
    assert abs(answers[1] - small.fraction(below=-55)) < 1e-3


histograms = pytest.mark.benchmark(group="200 bins of 1e8 points, 100 x (1e3 + 1e3): which method?")


@histograms
@pytest.mark.parametrize("method", ["factored", "pointwise"])
def test_histogram_of_a_grid(benchmark, note, cell, method):
    grid = settings(cell, 1000)
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
def test_histogram_of_a_large_grid(benchmark, note, cell, method):
    if benchmark.disabled and method == "pointwise":
        grid, other = settings(cell, 100), "factored"  # seconds, not half a minute
    else:
        grid, other = settings(cell, 10_000), "factored"
    answer = benchmark.pedantic(
        grid.histogram, args=(EDGES,), kwargs={"method": method, "threads": 2}, rounds=1
    )
    note(len(grid), isa=fr.info()["isa"], threads=2)
    assert np.array_equal(answer.counts, grid.histogram(EDGES, method=other).counts)
    assert answer.counts.sum() + answer.below + answer.above == len(grid)


# ---- to a file ----

files = pytest.mark.benchmark(group="grid of 4e7 points to a .npy file: how long?")


@pytest.fixture(scope="module")
def grid_to_save(cell):
    return settings(cell, 640)


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
        files_module.sync(path)  # as save does: on the disk, not only on its way

    benchmark.pedantic(save, rounds=3)
    note(len(grid_to_save), peer=f"numpy {np.__version__}", threads=2)
    assert np.load(path, mmap_mode="r").shape == grid_to_save.shape


# ---- memory ----

PEAK = """
import sys, numpy as np, fastrest as fr
n = int(sys.argv[1])
cell = fr.cells["mammalian neuron"]
grid = fr.grid(cell, K_out=np.geomspace(1, 50, n), K_in=np.geomspace(50, 200, n))
answer = grid.summary(method="pointwise", threads=2)
assert answer.n == n * n
# not getrusage, which counts what the process was forked from
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/status")
@pytest.mark.benchmark(group="peak memory of summary() pointwise: does it grow with the sweep?")
@pytest.mark.parametrize("n", [3_163, 31_623, 100_000], ids=["1e7", "1e9", "1e10"])
def test_peak_memory(benchmark, n):
    n = min(n, 31_623) if benchmark.disabled else n
    command = [sys.executable, "-P", "-c", PEAK]

    def peak(n):
        done = subprocess.run([*command, str(n)], capture_output=True, text=True, check=True)
        return int(done.stdout)

    kilobytes = benchmark.pedantic(peak, args=(n,), rounds=1)
    benchmark.extra_info.update(points=n * n, peak_megabytes=kilobytes / 1024)
    assert kilobytes - peak(3_163) < 16 * 1024
