"""Set-up that the benchmarks share: data, buffers, and what is noted beside a time.

The large arrays live as long as one module, so that a run never holds those of two.
"""

import os

# Numba's OpenMP threads spin for a while after each call and would steal the CPUs from the
# benchmark that runs next; the variable is read when the OpenMP runtime is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import pytest

import fastrest as fr

#: Largest difference that is still the same answer, mV. Peers may use fast maths.
TOLERANCE = 1e-9
#: 9 columns of them are 288 MB: far beyond the caches.
ROWS = 4_000_000
#: Of a grid: 80 to the 4th power.
POINTS = 40_960_000


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(config, machine_info):
    machine_info["fastrest"] = fr.info()


@pytest.fixture
def note(benchmark):
    """Writes what a time means into the report: points, ns per point, instruction set, threads.

    To be called after the benchmark. The time per point is that of the median round.
    """

    def note(points, **facts):
        benchmark.extra_info.update(facts, points=points)
        if benchmark.stats is not None:  # None with --benchmark-disable
            benchmark.extra_info["ns_per_point"] = benchmark.stats["median"] / points * 1e9

    return note


@pytest.fixture
def agree():
    """Whether two arrays of potentials are the same within the tolerance, NaN where NaN."""

    def agree(V, expected):
        assert V.shape == expected.shape
        rounding = 2**-24 if V.dtype == np.float32 else 0.0
        # slice by slice: a difference of whole grids would need another 330 MB
        slices = range(len(V)) if V.ndim > 1 else (slice(None),)
        return all(
            np.allclose(V[i], expected[i], rtol=rounding, atol=TOLERANCE, equal_nan=True)
            for i in slices
        )

    return agree


@pytest.fixture(scope="session")
def cell():
    return fr.cells["mammalian neuron"]


def random_columns(cell, rows):
    """Nine columns around a cell's values: all its permeabilities and concentrations."""
    rng = np.random.default_rng(1)
    names = [name for name in cell if name not in ("celsius", "pump_ratio")]
    return {name: cell[name] * rng.uniform(0.5, 1.5, rows) for name in names}


@pytest.fixture(scope="module")
def columns(cell):
    return random_columns(cell, ROWS)


@pytest.fixture(scope="module")
def few_columns(cell):
    """8192 rows, 0.65 MB: they stay in a second-level or third-level cache."""
    return random_columns(cell, 8192)


@pytest.fixture(scope="module")
def large_buffer():
    return np.empty(POINTS)


@pytest.fixture
def large_out(large_buffer):
    """Room for a grid, its memory mapped already, with no result of an earlier benchmark in it."""
    large_buffer.fill(np.nan)
    return large_buffer
