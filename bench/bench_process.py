"""What is felt around the computing: the import, and Ctrl-C."""

import signal
import subprocess
import sys

import numpy as np
import pytest

import fastrest as fr


@pytest.mark.benchmark(group="import: how much beyond NumPy?")
@pytest.mark.parametrize("module", ["numpy", "fastrest"])
def test_import(benchmark, module):
    command = [sys.executable, "-P", "-c", f"import {module}"]  # -P: as installed
    done = benchmark.pedantic(subprocess.run, args=(command,), rounds=20, warmup_rounds=1)
    assert done.returncode == 0


#: Seconds after which the signal comes: a small part of the sweep.
DELAY = 0.02


@pytest.fixture
def alarm_is_ctrl_c():
    """Lets the timer raise KeyboardInterrupt as Ctrl-C does: in the main thread, by Python."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGALRM, before)


def interrupted(sweep, out, threads):
    """Run a sweep into a Ctrl-C; the time beyond DELAY is what one waits."""
    signal.setitimer(signal.ITIMER_REAL, DELAY)
    try:
        sweep.values(out=out, threads=threads)
    except KeyboardInterrupt:
        return True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return False


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX interval timers")
@pytest.mark.benchmark(group="Ctrl-C during a sweep of 4e7 points: how soon?")
@pytest.mark.parametrize("threads", [1, 2], ids="threads={}".format)
def test_ctrl_c(benchmark, cell, large_out, alarm_is_ctrl_c, threads):
    calcium = fr.Cell(fr.GHK("K", "Na", "Cl", "Ca"), **cell, P_Ca=1.0, Ca_out=2.0, Ca_in=1e-4)
    axes = {"K_out": 80, "Ca_out": 80, "P_Na": 80, "P_Ca": 80}
    sweep = fr.grid(calcium, **{name: np.geomspace(0.1, 10, n) for name, n in axes.items()})
    out = large_out.reshape(sweep.shape)

    was_interrupted = benchmark.pedantic(interrupted, args=(sweep, out, threads), rounds=20)

    benchmark.extra_info.update(points=len(sweep), threads=threads)
    if benchmark.stats is not None:
        benchmark.extra_info["seconds_to_answer"] = benchmark.stats["median"] - DELAY
    assert was_interrupted
    assert np.isnan(out[-1, -1, -1, -1])
    few = fr.grid(calcium, K_out=[1.0, 5.0, 25.0])
    V = few.values(threads=threads)
    assert np.allclose(V, few.values(engine="python"), rtol=0, atol=1e-12)
