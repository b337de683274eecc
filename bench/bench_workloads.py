"""The workloads of fastrest/workloads.py: how long, beside plain Python, NumPy and other tools?

And the yardsticks, which tell how fast the machine is.
"""

import math
import platform

import numpy as np
import pytest

import fastrest as fr
from fastrest import engine
from fastrest.workloads import INPUTS, PHI_PER_KELVIN, WORKLOADS, close, numpy_ghk
from fastrest.yardsticks import YARDSTICKS

from . import baselines

PYTHON = f"python {platform.python_version()}"
NUMPY = f"numpy {np.__version__}"


@pytest.fixture(scope="module")
def ready():
    """Makes a workload, its result in it, and keeps the last: never two at once."""
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
    """Times this package: not before its result has the checksum, which is asked again after."""
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
    """That of an earlier call shall not be taken for that of the next."""
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
    ours(lambda: workload.run(threads), who="fastrest", isa=fr.info()["isa"], threads=threads)


@pytest.mark.parametrize("threads", [1, 2], ids="threads={}".format)
@pytest.mark.parametrize("isa", fr.info()["supported"])
@of("table")
def test_isa(ours, workload, isa, threads):
    def run():
        return workload.sweep.values(out=workload.out, engine=isa, threads=threads)

    ours(run, who=f"fastrest {isa}", isa=isa, threads=threads)


# ---- the others ----


@pytest.fixture
def other(benchmark, note, workload):
    """Times a counterpart or a peer, and judges its result."""
    benchmark.group = f"{workload.title}: how long?"

    def other(run, points, *, once=False, agrees=workload.agrees, threads=1, **facts):
        result = benchmark.pedantic(run, rounds=1) if once else benchmark(run)
        assert agrees(result, points)
        del result
        note(points, run, workload=workload.name, threads=threads, **facts)

    return other


@of(*(name for name, one in WORKLOADS.items() if one.python_points))
def test_python(other, workload):
    other(workload.python, workload.python_points, who="python", peer=PYTHON)


@of(*(name for name, one in WORKLOADS.items() if one.numpy_points))
def test_numpy(other, workload):
    other(workload.numpy, workload.numpy_points, who="numpy", peer=NUMPY)


@of("table")
def test_python_list(other, workload):
    """What Python takes for the expression alone: its counterpart above checks its inputs, too."""
    run, peer = baselines.python_list(workload, threads=1)
    other(run, workload.python_points, who="python list", peer=peer)


#: Threads are None where the tool takes as many as there are CPUs.
PEERS = [
    ("table", "numpy into out", baselines.numpy_into_out, 1),
    ("table", "numexpr", baselines.numexpr_table, 1),
    ("table", "numexpr", baselines.numexpr_table, 2),
    ("table", "numba", baselines.numba_table, 1),
    ("table", "numba", baselines.numba_table, 2),
    ("table", "jax", baselines.jax_table, None),
    ("grid", "numpy into out", baselines.numpy_into_out, 1),
    ("summary", "dask", baselines.dask_summary, 2),
    ("sampled", "scipy", baselines.scipy_indices, 1),
]
IDS = [f"{name}-{who}" + (f"-threads={n}" if n else "") for name, who, _, n in PEERS]


@pytest.mark.parametrize(
    ("workload", "who", "make", "threads"), PEERS, ids=IDS, indirect=["workload"]
)
def test_peer(other, workload, who, make, threads):
    run, peer = make(workload, threads)
    other(run, workload.points, who=who, peer=peer, threads=threads or engine.cpus())


@of("sampled")
def test_salib(benchmark, other, workload):
    n = 2**12 if benchmark.disabled else workload.n  # a second, not half a minute
    run, peer = baselines.salib_indices(workload, n)
    other(run, n * workload.evaluations, once=True, who="SALib", peer=peer)


@of("scalar")
def test_arctan2(other, workload):
    """A ufunc that computes next to nothing: what NumPy takes for a call."""

    def run():
        for _ in range(workload.points):
            angle = np.arctan2(1.0, 2.0)
        return angle

    def agrees(angle, points):
        return close(angle, math.atan2(1.0, 2.0))

    other(run, workload.points, agrees=agrees, who="arctan2", peer=NUMPY)


# ---- yardsticks ----


@pytest.fixture
def yardstick(request):
    return YARDSTICKS[request.param]()


def is_right(yardstick, result):
    """Whether a yardstick did its work: none has a checksum, as libm differs between systems."""
    match yardstick.name:
        case "libm":
            values = dict(zip(INPUTS, yardstick.columns))
            return close(result, numpy_ghk(**values, celsius=26.7 / PHI_PER_KELVIN - 273.15))
        case "fill":
            return bool((result == 1.0).all())
        case "copy":
            return np.array_equal(result, yardstick.source)
        case "arithmetic":  # x = 0.999 x + 0.001, so often that nothing is left of its start
            return close(result, 1.0)
    raise AssertionError(f"nobody knows what the yardstick {yardstick.name} should do")


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
    facts = {"workload": "yardstick", "who": yardstick.name, "peer": peer, "threads": threads}
    note(yardstick.points, lambda: yardstick.run(threads), **facts)
    if not benchmark.disabled:
        ns = benchmark.extra_info["ns_per_point"]
        if yardstick.bytes:
            benchmark.extra_info["gigabytes_per_second"] = yardstick.bytes / ns
        elif yardstick.name == "arithmetic":
            benchmark.extra_info["instructions_per_ns"] = threads / ns  # of each thread
