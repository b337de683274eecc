"""Sweeps in forked processes, in processes of multiprocessing, and in several threads."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import fastrest as fr
from helpers.processes import python

pytestmark = pytest.mark.usefixtures("no_thread_setting", "no_thread_is_left")


NEURON = fr.cells["mammalian neuron"]
#: Enough points for every thread to get several tasks.
LONG = fr.table(NEURON, {"K_out": np.linspace(1, 50, 2_000_001)})
FORK = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="needs fork"
)


@pytest.mark.process
@FORK
def test_a_forked_child_computes_with_threads():
    code = """
        import os, sys
        import numpy as np
        import fastrest as fr

        sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 300_000))
        before = sweep.values(threads=2)
        child = os.fork()
        if child == 0:
            os._exit(0 if np.array_equal(sweep.values(threads=2), before) else 3)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert np.array_equal(sweep.values(threads=2), before)
        print("ok")
    """

    ran = python(code)

    assert (ran.stdout, ran.stderr) == ("ok\n", "")


@pytest.mark.process
@FORK
def test_a_fork_during_a_sweep_of_another_thread_is_harmless():
    code = """
        import os, threading, warnings
        import numpy as np
        import fastrest as fr

        warnings.simplefilter("ignore", DeprecationWarning)  # about fork with threads
        cell = fr.cells["mammalian neuron"]
        small = fr.grid(cell, K_out=np.linspace(1, 50, 300_000))
        long = fr.table(cell, {"K_out": np.broadcast_to(5.0, 10**12)})
        out = np.lib.stride_tricks.as_strided(np.zeros(1), (10**12,), (0,), writeable=True)
        running, stop = threading.Event(), threading.Event()

        def progress(done, total):
            running.set()
            if stop.is_set():
                raise RuntimeError("stop")

        def background():
            try:
                long.values(out=out, threads=2, progress=progress)
            except RuntimeError:
                pass

        thread = threading.Thread(target=background)
        thread.start()
        running.wait()
        child = os.fork()
        if child == 0:
            V = small.values(threads=2)
            os._exit(0 if np.array_equal(V, small.values(threads=1)) else 3)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        stop.set()
        thread.join()
        print("ok")
    """

    ran = python(code)

    assert (ran.stdout, ran.stderr) == ("ok\n", "")


@pytest.mark.process
@FORK
def test_forked_workers_of_an_executor_count():
    code = """
        import multiprocessing, warnings
        from concurrent.futures import ProcessPoolExecutor
        import numpy as np
        import fastrest as fr

        warnings.simplefilter("ignore", DeprecationWarning)  # about fork with threads
        sweep = fr.table(fr.cells["mammalian neuron"], {"K_out": np.linspace(1, 50, 400_000)})
        expected = sweep.reduce(fr.Summary(), fr.Fraction(below=-60))
        with ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as executor:
            found = sweep.reduce(fr.Summary(), fr.Fraction(below=-60), executor=executor)
        assert found == expected
        print("ok")
    """

    ran = python(code)

    assert (ran.stdout, ran.stderr) == ("ok\n", "")


@pytest.mark.process
@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_sweeps_run_in_multiprocessing_workers(method):
    code = f"""
        import multiprocessing
        import numpy as np
        import fastrest as fr

        if __name__ == "__main__":
            sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 200_000))
            expected = sweep.values(threads=2)
            with multiprocessing.get_context({method!r}).Pool(2) as pool:
                jobs = [pool.apply_async(sweep.values, (), {{"threads": 2}}) for _ in range(3)]
                assert all(np.array_equal(job.get(60), expected) for job in jobs)
            print("ok")
    """

    ran = python(code)

    assert (ran.stdout, ran.stderr) == ("ok\n", "")


@pytest.mark.parametrize("threads", [1, 2])
def test_sweeps_run_in_several_threads_at_once(threads):
    sweeps = [
        fr.table(NEURON, {"K_out": np.linspace(1, 40 + i, 700_000), "P_Na": 0.01 * (i + 1)})
        for i in range(4)
    ]
    grid = fr.grid(NEURON, K_out=np.linspace(1, 50, 900), K_in=np.linspace(100, 150, 800))
    expected = [sweep.values(threads=1) for sweep in (*sweeps, grid)]

    with ThreadPoolExecutor(5, thread_name_prefix="caller") as pool:
        for _ in range(3):
            jobs = [pool.submit(sweep.values, threads=threads) for sweep in (*sweeps, grid)]
            for job, V in zip(jobs, expected):
                np.testing.assert_array_equal(job.result(), V)


def test_one_sweep_may_be_computed_by_several_threads_at_once():
    grid = fr.grid(NEURON, K_out=np.linspace(1, 50, 900), K_in=np.linspace(100, 150, 800))
    expected = grid.values(threads=1)

    with ThreadPoolExecutor(4, thread_name_prefix="caller") as pool:
        jobs = [pool.submit(grid.values, threads=2) for _ in range(8)]

    for job in jobs:
        np.testing.assert_array_equal(job.result(), expected)


def test_a_progress_callable_may_compute_a_sweep():
    inner = []

    def progress(done, total):
        inner.append(fr.grid(NEURON, K_out=[3.0, 5.0]).values(threads=2)[1])

    LONG.values(threads=2, progress=progress)

    assert set(inner) == {NEURON.potential()}
