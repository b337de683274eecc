"""The workloads of `fastrest bench` compared with NumPy and other tools, and the yardsticks."""

import math
import platform

import numpy as np
import pytest

import fastrest as fr
from fastrest.benchmark.workloads.base import INPUTS, PHI_PER_KELVIN, close, numpy_ghk
from fastrest.benchmark.workloads.catalogue import WORKLOADS
from fastrest.benchmark.yardsticks import YARDSTICKS
from fastrest.runtime import scheduler

from . import peers

PYTHON = f"python {platform.python_version()}"
NUMPY = f"numpy {np.__version__}"


@pytest.fixture(scope="module")
def ready():
    """Return a function that makes a workload and runs it once; only the last one is kept."""
    kept = {}

    def ready(name):
        if name not in kept:
            kept.clear()
            made = WORKLOADS[name]()
            made.check(made.run())
            kept[name] = made
        return kept[name]

    return ready


@pytest.fixture
def workload(request, ready):
    return ready(request.param)


def of(*names):
    return pytest.mark.parametrize("workload", names, indirect=True)


# ---- fastrest ----


@pytest.fixture
def ours(benchmark, note, workload):
    """Return a function that times this package, and checks the result before and after."""
    benchmark.group = f"{workload.title}: how long?"

    def ours(run, **facts):
        forget_result(workload)
        workload.check(run())
        forget_result(workload)
        workload.check(benchmark(run))
        facts |= {"workload": workload.name, "checksum": workload.checksum}
        facts |= {"moved": workload.moved, "yardstick": workload.yardstick}
        note(workload.points, run, **facts)

    return ours


def forget_result(workload):
    """Remove an earlier result, so that it is not taken for the next one."""
    if hasattr(workload, "out"):
        workload.out.fill(np.nan)


RUNS = [
    pytest.param(name, threads, id=f"{name}-threads={threads}")
    for name in WORKLOADS
    for threads in (1, 2)
    if (name, threads) != ("scalar", 2)  # one value has no second thread
]


@pytest.mark.parametrize(("workload", "threads"), RUNS, indirect=["workload"])
def test_fastrest(ours, workload, threads):
    ours(lambda: workload.run(threads), tool="fastrest", isa=fr.info()["isa"], threads=threads)


@pytest.mark.parametrize("threads", [1, 2], ids="threads={}".format)
@pytest.mark.parametrize("isa", fr.info()["supported"])
@of("table")
def test_isa(ours, workload, isa, threads):
    def run():
        return workload.sweep.values(out=workload.out, engine=isa, threads=threads)

    ours(run, tool=f"fastrest {isa}", isa=isa, threads=threads)


# ---- the others ----


@pytest.fixture
def other(benchmark, note, workload):
    """Return a function that times a counterpart or a peer, and checks its result."""
    benchmark.group = f"{workload.title}: how long?"

    def other(run, points, *, once=False, agrees=workload.agrees, threads=1, **facts):
        result = benchmark.pedantic(run, rounds=1) if once else benchmark(run)
        assert agrees(result, points)
        del result
        note(points, run, workload=workload.name, threads=threads, **facts)

    return other


@of(*(name for name, one in WORKLOADS.items() if one.python_points))
def test_python(other, workload):
    other(workload.python, workload.python_points, tool="python", peer=PYTHON)


@of(*(name for name, one in WORKLOADS.items() if one.numpy_points))
def test_numpy(other, workload):
    other(workload.numpy, workload.numpy_points, tool="numpy", peer=NUMPY)


@of("table")
def test_python_list(other, workload):
    """Time the expression alone in Python; the counterpart above also checks its inputs."""
    run, peer = peers.python_list(workload, threads=1)
    other(run, workload.python_points, tool="list comprehension", peer=peer)


#: Peers of each workload; threads are None if the tool takes as many as there are CPUs.
PEERS = [
    ("table", "numpy into out", peers.numpy_into_out, 1),
    ("table", "numexpr", peers.numexpr_table, 1),
    ("table", "numexpr", peers.numexpr_table, 2),
    ("table", "Numba", peers.numba_table, 1),
    ("table", "Numba", peers.numba_table, 2),
    ("table", "JAX", peers.jax_table, None),
    ("grid", "numpy into out", peers.numpy_into_out, 1),
    ("summary", "Dask", peers.dask_summary, 2),
    ("sampled", "scipy.stats", peers.scipy_indices, 1),
]
IDS = [f"{name}-{tool}" + (f"-threads={n}" if n else "") for name, tool, _, n in PEERS]


@pytest.mark.parametrize(
    ("workload", "tool", "make", "threads"), PEERS, ids=IDS, indirect=["workload"]
)
def test_peer(other, workload, tool, make, threads):
    run, peer = make(workload, threads)
    other(run, workload.points, tool=tool, peer=peer, threads=threads or scheduler.cpus())


@of("sampled")
def test_salib(benchmark, other, workload):
    n = 2**12 if benchmark.disabled else workload.n  # a second, not half a minute
    run, peer = peers.salib_indices(workload, n)
    other(run, n * workload.evaluations, once=True, tool="SALib", peer=peer)


@of("scalar")
def test_arctan2(other, workload):
    """Time a ufunc with next to no arithmetic: the cost of a call in NumPy."""

    def run():
        for _ in range(workload.points):
            angle = np.arctan2(1.0, 2.0)
        return angle

    def agrees(angle, points):
        return close(angle, math.atan2(1.0, 2.0))

    other(run, workload.points, agrees=agrees, tool="np.arctan2", peer=NUMPY)


# ---- yardsticks ----


@pytest.fixture
def yardstick(request):
    return YARDSTICKS[request.param]()


def is_right(yardstick, result):
    """Return whether a result is right. There is no checksum, because libm differs by system."""
    match yardstick.name:
        case "libm":
            values = dict(zip(INPUTS, yardstick.columns))
            return close(result, numpy_ghk(**values, celsius=26.7 / PHI_PER_KELVIN - 273.15))
        case "fill":
            return bool((result == 1.0).all())
        case "copy":
            return np.array_equal(result, yardstick.source)
        case "arithmetic":  # x = 0.999 x + 0.001 tends to 1 from any start
            return close(result, 1.0)
    raise AssertionError(f"unknown yardstick {yardstick.name}")


STICKS = [
    pytest.param(name, threads, id=f"{name}-threads={threads}")
    for name in YARDSTICKS
    for threads in (1, 2)
]


@pytest.mark.benchmark(group="yardsticks: how fast is this machine?")
@pytest.mark.parametrize(("yardstick", "threads"), STICKS, indirect=["yardstick"])
def test_yardstick(benchmark, note, yardstick, threads):
    result = yardstick.run(threads)
    result.fill(0.0)  # no earlier result
    assert not is_right(yardstick, result)
    result = benchmark(yardstick.run, threads)
    assert is_right(yardstick, result)
    peer = f"C, {' '.join(platform.libc_ver())}".strip(", ")
    facts = {"workload": "yardstick", "tool": yardstick.name, "peer": peer, "threads": threads}
    note(yardstick.points, lambda: yardstick.run(threads), **facts)
    if not benchmark.disabled:
        ns = benchmark.extra_info["ns_per_point"]
        if yardstick.bytes:
            benchmark.extra_info["gigabytes_per_second"] = yardstick.bytes / ns
        elif yardstick.name == "arithmetic":
            benchmark.extra_info["instructions_per_ns"] = threads / ns  # of each thread
