"""Sensitivity: what indices, samples and gradients cost beside SALib, scipy and NumPy."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest

import fastrest as fr

from .baselines import numpy_ghk
from .conftest import random_columns

NAMES = ("P_K", "P_Na", "P_Cl", "K_out", "Na_out", "Cl_out", "K_in", "Na_in", "Cl_in")


@pytest.fixture(scope="module")
def lognormals(cell):
    return fr.space(cell, **{name: fr.lognormal(cv=0.5) for name in NAMES})


@pytest.fixture(scope="module")
def exact(lognormals):
    return lognormals.sobol(tolerance=1e-9)


# ---- Sobol' indices ----

indices = pytest.mark.benchmark(group="indices of 9 lognormal inputs, N = 2^17: how long?")
N = 2**17


@indices
@pytest.mark.parametrize("threads", [1, 2], ids="threads={}".format)
def test_sampled(benchmark, note, lognormals, exact, threads):
    r = benchmark(lognormals.sobol, N, rng=1, threads=threads)
    note(N * 11, isa=fr.info()["isa"], threads=threads)
    for key in ("S1", "ST"):
        assert np.abs(r[key] - exact[key]).max() < 5e-3


@indices
def test_salib(benchmark, note, lognormals, cell, exact):
    ProblemSpec = pytest.importorskip("SALib", reason="needs the extra bench-peers").ProblemSpec
    from importlib.metadata import version

    def evaluate(X):
        return numpy_ghk(**dict(zip(NAMES, X.T)), celsius=cell["celsius"])

    def analyse():
        problem = ProblemSpec(lognormals.salib_problem())
        problem.sample_sobol(N, calc_second_order=False, seed=1)
        problem.evaluate(evaluate)
        problem.analyze_sobol(calc_second_order=False, num_resamples=100, seed=1)
        return problem.analysis

    r = benchmark.pedantic(analyse, rounds=1)
    note(N * 11, peer=f"SALib {version('SALib')}", threads=1)
    for key in ("S1", "ST"):
        assert np.abs(r[key] - exact[key]).max() < 5e-3


@indices
def test_scipy(benchmark, note, lognormals, cell, exact):
    stats = pytest.importorskip("scipy.stats", reason="needs the extra bench-peers")
    import scipy

    sigma = math.sqrt(math.log(1.25))
    dists = [stats.lognorm(sigma, scale=cell[name]) for name in NAMES]

    def func(x):
        return numpy_ghk(**dict(zip(NAMES, x)), celsius=cell["celsius"])

    r = benchmark(stats.sobol_indices, func=func, n=N, dists=dists, rng=1)
    note(N * 11, peer=f"scipy {scipy.__version__}", threads=1)
    assert np.abs(r.first_order - exact["S1"]).max() < 5e-3
    assert np.abs(r.total_order - exact["ST"]).max() < 5e-3


exactly = pytest.mark.benchmark(group="exact indices of 9 inputs to 1e-6: how long?")


@exactly
@pytest.mark.parametrize("kind", ["uniform", "lognormal"])
def test_exact(benchmark, cell, kind):
    def make():
        one = fr.times(fr.uniform(0.5, 1.5)) if kind == "uniform" else fr.lognormal(cv=0.5)
        return fr.space(cell, **dict.fromkeys(NAMES, one)).sobol(threads=2)

    r = benchmark(make)
    benchmark.extra_info.update(threads=2, tolerance=r.tolerance)
    assert r.tolerance <= 1e-6
    better = r.space.sobol(tolerance=1e-9)
    for key in ("S1", "ST"):
        assert np.abs(r[key] - better[key]).max() <= 1e-6


# ---- samples ----

sampling = pytest.mark.benchmark(group="summary of 1e6 points, 9 lognormal inputs: how long?")
POINTS = 10**6


@sampling
@pytest.mark.parametrize("threads", [1, 2], ids="threads={}".format)
@pytest.mark.parametrize("method", ["random", "sobol", "lhs"])
def test_sample(benchmark, note, lognormals, exact, method, threads):
    sample = lognormals.sample(POINTS, rng=1, method=method)
    s = benchmark(sample.summary, threads=threads)
    note(POINTS, isa=fr.info()["isa"], threads=threads)
    assert abs(s.mean - exact.mean) < 5 * exact.sd / math.sqrt(POINTS)
    assert abs(s.sd / exact.sd - 1) < 0.01


@sampling
def test_numpy(benchmark, note, lognormals, cell, exact):
    rng = np.random.default_rng(1)
    sigma = math.sqrt(math.log(1.25))

    def summary():
        x = {name: rng.lognormal(math.log(cell[name]), sigma, POINTS) for name in NAMES}
        V = numpy_ghk(**x, celsius=cell["celsius"])
        return V.mean(), V.std(), V.min(), V.max()

    mean, sd, *_ = benchmark(summary)
    note(POINTS, peer=f"numpy {np.__version__}", threads=1)
    assert abs(mean - exact.mean) < 5 * exact.sd / math.sqrt(POINTS)
    assert abs(sd / exact.sd - 1) < 0.01


# ---- gradients ----

gradients = pytest.mark.benchmark(group="gradients at 8192 rows, cached: how long?")
ROWS = 8192


@pytest.fixture(scope="module")
def rows(cell):
    return cell.model.columns({**cell, **random_columns(cell, ROWS)})


@gradients
def test_potential_alone(benchmark, note, cell, rows):
    blocks, _ = benchmark(cell.model.equation().reduce, rows, 0, ROWS)
    note(ROWS, isa=fr.info()["isa"], threads=1)
    assert blocks["n"][0] == ROWS


@gradients
def test_slopes_of_all_inputs(benchmark, note, cell, rows):
    """The potential, and squares of its nine derivatives, which bound indices, summed up."""
    equation = cell.model.equation()
    inputs = [*range(9), -1, -1]
    _, sums = benchmark(equation.pick_freeze, rows, None, inputs, 0, ROWS, logs=[False] * 9)
    note(ROWS, isa=fr.info()["isa"], threads=1)
    found = fr.table(cell, dict(zip(NAMES, rows))).gradient(*NAMES)
    squares = [np.sum(found[name] ** 2) for name in NAMES]
    np.testing.assert_allclose(sums.sum(axis=1)[2:], squares, rtol=1e-12)


# ---- memory ----


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")
@pytest.mark.benchmark(group="peak memory of sampled indices: does it grow with N?")
@pytest.mark.parametrize("log2", [14, 24])
def test_peak_memory(benchmark, log2):
    code = (
        "import fastrest as fr\n"
        'cell = fr.cells["mammalian neuron"]\n'
        f"names = {NAMES!r}\n"
        "space = fr.space(cell, **{name: fr.lognormal(cv=0.5) for name in names})\n"
        f"r = space.sobol(2**{log2}, rng=1, threads=2)\n"
        # unlike ru_maxrss, not that of the process which started this one
        "lines = open('/proc/self/status').read().split('VmHWM:')\n"
        "print(r['ST'][0], lines[1].split()[0])"
    )

    def run():
        # -P: the installed package, not the sources beside it
        command = [sys.executable, "-P", "-c", code]
        done = subprocess.run(command, capture_output=True, check=True)
        return [float(word) for word in done.stdout.split()]

    index, kilobytes = benchmark.pedantic(run, rounds=1)
    benchmark.extra_info.update(points=2**log2, megabytes=kilobytes / 1000)
    assert abs(index - 0.1174) < 0.01
