"""The process around the computing: its import, and its answer to Ctrl-C."""

import functools
import signal
import subprocess
import sys

import numpy as np
import pytest

import fastrest as fr


@pytest.mark.benchmark(group="import: how much beyond NumPy?")
@pytest.mark.parametrize("module", ["numpy", "fastrest"])
def test_import(benchmark, note, module):
    command = [sys.executable, "-P", "-c", f"import {module}"]  # -P: as installed
    done = benchmark.pedantic(subprocess.run, args=(command,), rounds=20, warmup_rounds=1)
    note()
    assert done.returncode == 0


#: Seconds until the signal: a small part of the sweep's time, but long enough to write the longest
#: axes to a checkpoint.
DELAY = 0.2


@pytest.fixture
def alarm_is_ctrl_c():
    """Let the timer raise KeyboardInterrupt in the main thread, as Ctrl-C does."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGALRM, before)


def interrupted(ask):
    """Interrupt a long call with Ctrl-C; the user waits for the time beyond DELAY."""
    signal.setitimer(signal.ITIMER_REAL, DELAY)
    try:
        with pytest.raises(KeyboardInterrupt):
            ask()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def calcium_grid(cell):
    """Make a grid of 3e8 points that are computed one by one."""
    calcium = fr.Cell(fr.GHK("K", "Na", "Cl", "Ca"), **cell, P_Ca=1.0, Ca_out=2.0, Ca_in=1e-4)
    axes = {"K_out": 640, "Ca_out": 80, "P_Na": 80, "P_Ca": 80}
    return fr.grid(calcium, **{name: np.geomspace(0.1, 10, n) for name, n in axes.items()})


#: With celsius 3e8 points, 1.3 GB of potentials as float32.
AXES = {"P_Na": np.geomspace(0.1, 10, 1000), "P_Cl": np.geomspace(0.1, 10, 1000)}


def factored_grid(cell):
    """Make a grid of 1e13 points: 1000 times 1e5 and 1e5 logarithms."""
    axes = {"P_Na": 10, "P_Cl": 100, "K_out": 100_000, "K_in": 100_000}
    return fr.grid(cell, **{name: np.geomspace(0.1, 10, n) for name, n in axes.items()})


#: The verbs that may take long: each entry is a function of the cell, a folder and options, and it
#: returns the call.
VERBS = {
    "values": lambda cell, folder, **options: functools.partial(
        fr.grid(cell, celsius=np.linspace(0, 40, 320), **AXES).values, dtype="float32", **options
    ),
    "summary": lambda cell, folder, **options: functools.partial(
        calcium_grid(cell).summary, checkpoint=folder / "c", **options
    ),
    "factored summary": lambda cell, folder, **options: functools.partial(
        factored_grid(cell).summary, checkpoint=folder / "c", **options
    ),
    "factored histogram": lambda cell, folder, **options: functools.partial(
        factored_grid(cell).histogram, **options
    ),
    "save": lambda cell, folder, **options: functools.partial(
        calcium_grid(cell).save, folder / "v.npy", **options
    ),
}


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX interval timers")
@pytest.mark.filterwarnings(  # a file is opened, and Ctrl-C comes before it is in `with`
    "ignore::pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.benchmark(group="Ctrl-C: how soon?")
@pytest.mark.parametrize("threads", [1, 2], ids="threads={}".format)
@pytest.mark.parametrize("verb", VERBS)
def test_ctrl_c(benchmark, note, cell, tmp_path, alarm_is_ctrl_c, verb, threads):
    ask = VERBS[verb](cell, tmp_path, threads=threads)

    def start_anew():
        for path in tmp_path.iterdir():
            path.unlink()
        return (ask,), {}

    benchmark.pedantic(interrupted, setup=start_anew, rounds=20)

    note(threads=threads)
    if benchmark.stats is not None:
        benchmark.extra_info["seconds_to_answer"] = benchmark.stats["median"] - DELAY
        benchmark.extra_info["worst_seconds_to_answer"] = benchmark.stats["max"] - DELAY
    if (tmp_path / "c").exists():  # not if Ctrl-C came before the sweep was described
        assert fr.Tally.load(tmp_path / "c").reducers == (fr.Summary(),)
    few = fr.grid(cell, K_out=[1.0, 5.0, 25.0])
    V = few.values(threads=threads)
    assert np.allclose(V, few.values(engine="python"), rtol=0, atol=1e-12)
