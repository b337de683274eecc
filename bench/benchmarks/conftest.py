"""Fixtures that the benchmarks share: data, notes beside each time, and peak memory.

Large arrays live as long as one module or workload, so that a run never holds those of two.
"""

import os

# Numba's OpenMP threads spin for a while after each call and would steal the CPUs from the
# benchmark that runs next; the variable is read when the OpenMP runtime is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import contextlib
import ctypes
import gc
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastrest as fr
from fastrest.benchmark.workloads.base import TOLERANCE
from fastrest.benchmark.workloads.catalogue import WORKLOADS, TableWorkload

STATUS = Path("/proc/self/status")


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(config, machine_info):
    machine_info["fastrest"] = fr.info()
    machine_info.pop("node", None)  # the machine's name is private


def pytest_collection_modifyitems(items):
    """Put benchmarks of one workload side by side: a minute later a machine may be slower."""
    files = list(dict.fromkeys(item.path for item in items))
    order = {name: place for place, name in enumerate(WORKLOADS)}

    def place(item):
        params = item.callspec.params if hasattr(item, "callspec") else {}
        return files.index(item.path), order.get(params.get("workload"), len(order))

    items.sort(key=place)


@pytest.fixture
def note(benchmark):
    """Return a function that notes points, ns per point, instruction set and threads in the report.

    Call it after the benchmark. The time per point is that of the median round. `again` is the
    call that was timed: it is repeated once, untimed, to measure its peak memory.
    """

    def note(points=None, again=None, **facts):
        benchmark.extra_info.update(facts, points=points)
        if benchmark.stats is None:  # with --benchmark-disable
            return
        if points is not None:
            benchmark.extra_info["ns_per_point"] = benchmark.stats["median"] / points * 1e9
        if again is not None:
            benchmark.extra_info["peak_megabytes"] = peak_megabytes(again)

    return note


# ---- memory ----


def peak_megabytes(call):
    """Return the megabytes by which the memory of this process rises during a call.

    None if the system does not report it. Results written to memory already in use do not count.
    """
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        # memory that glibc keeps after it was freed would be used again, and not be counted
        ctypes.CDLL(None).malloc_trim(0)
    try:
        Path("/proc/self/clear_refs").write_text("5")  # resets the peak to the present use
        before = STATUS.read_text()
    except OSError:
        return None
    call()
    return growth(before, STATUS.read_text())


def growth(before, after):
    """Return the MB between the use before and the peak after, from two /proc/self/status texts."""
    # not getrusage, which counts the memory of the parent process, too
    kilobytes = [
        int(status.split(f"{field}:")[1].split()[0])
        for status, field in ((before, "VmRSS"), (after, "VmHWM"))
    ]
    return max(0.0, round((kilobytes[1] - kilobytes[0]) * 1024 / 1e6, 1))


ASKED_ALONE = """
import json
from pathlib import Path
status = Path("/proc/self/status")
{setup}
before = status.read_text()
answer = {ask}
print(json.dumps([answer, before, status.read_text()]))
"""


@pytest.fixture
def alone(benchmark, note):
    """Return a function that evaluates an expression in a process of its own.

    It returns the value, which must be JSON, and the megabytes that the expression took; the
    memory of the set-up does not count.
    """
    if not STATUS.exists():
        pytest.skip("needs /proc/self/status")

    def alone(setup, ask, points):
        code = ASKED_ALONE.format(setup=setup, ask=ask)
        command = [sys.executable, "-P", "-c", code]  # -P: the installed package, not the sources

        def run():
            return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)

        answer, before, after = benchmark.pedantic(run, rounds=1)
        megabytes = growth(before, after)
        note(points, isa=fr.info()["isa"], threads=2, peak_megabytes=megabytes)
        return answer, megabytes

    return alone


# ---- data ----


@pytest.fixture
def agree():
    """Return a function that tells whether two arrays agree within the tolerance, NaN with NaN."""

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


@pytest.fixture
def times_values(benchmark, note, agree):
    """Return a function that times the values of a table on one thread, and compares them."""

    def times(sweep, expected, engine):
        out = np.full(sweep.shape, np.nan)
        V = benchmark(sweep.values, out=out, engine=engine, threads=1)
        note(V.size, isa=engine, threads=1)
        assert V is out
        assert agree(V, expected)

    return times


@pytest.fixture
def times_numpy(benchmark, note, agree):
    """Return a function that times NumPy on columns, and compares the values of their table."""

    def times(sweep, function, columns):
        V = benchmark(function, columns)
        note(V.size, peer=f"numpy {np.__version__}", threads=1)
        assert agree(V, sweep.values())

    return times


@pytest.fixture(scope="session")
def cell():
    return fr.cells["mammalian neuron"]


@pytest.fixture(scope="session")
def table_of():
    """Return a function that makes the table workload with another number of rows."""

    def table_of(rows):
        class Rows(TableWorkload):
            points = numpy_points = rows

        return Rows()

    return table_of
