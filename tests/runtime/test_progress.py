"""Progress callables and errors during a threaded run."""

import sys
import threading
import time

import numpy as np
import pytest

import fastrest as fr
from fastrest.runtime import scheduler
from helpers.processes import our_threads

pytestmark = pytest.mark.usefixtures("no_thread_setting", "no_thread_is_left")


NEURON = fr.cells["mammalian neuron"]
#: Enough points for every thread to get several tasks.
LONG = fr.table(NEURON, {"K_out": np.linspace(1, 50, 2_000_001)})

# ---- progress ----


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("verb", ["values", "status"])
def test_progress_is_reported_to_the_end_in_the_calling_thread(threads, verb):
    calls, callers = [], set()

    def progress(done, total):
        calls.append((done, total))
        callers.add(threading.get_ident())

    getattr(LONG, verb)(threads=threads, progress=progress)

    done = [done for done, _ in calls]
    assert {total for _, total in calls} == {len(LONG)}
    assert done == sorted(done)
    assert done[-1] == len(LONG)
    assert callers == {threading.get_ident()}


@pytest.mark.parametrize("threads", [1, 2])
def test_progress_reports_the_end_once(threads):
    for _ in range(20):
        calls = []
        LONG.status(threads=threads, progress=lambda done, total: calls.append(done))  # noqa: B023
        assert calls.count(len(LONG)) == 1


@pytest.mark.parametrize("threads", [1, 2])
def test_progress_true_draws_a_bar(capsys, threads):
    LONG.values(threads=threads, progress=True)

    assert "100%" in capsys.readouterr().err


def test_progress_true_without_tqdm_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)

    with pytest.raises(ImportError, match=r"tqdm.*fastrest-ghk\[progress\]"):
        LONG.values(progress=True)


@pytest.mark.parametrize("progress", [3, "bar", [print]], ids=repr)
def test_bad_progress_is_refused(progress):
    with pytest.raises(TypeError, match=r"^progress must be True, False or callable\(done"):
        LONG.values(progress=progress)


@pytest.mark.process
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_error_in_progress_stops_the_run(threads, kind):
    calls, ranges = [], []

    def work(start, stop):
        ranges.append(start)
        time.sleep(0.0001)

    def progress(done, total):
        calls.append(done)
        raise kind("enough")

    with pytest.raises(kind, match="enough"):
        scheduler.run(work, 100_000 * scheduler.BLOCK_POINTS, threads=threads, progress=progress)

    assert len(calls) == 1
    assert len(ranges) < 1000
    assert not our_threads()


# ---- errors ----


@pytest.mark.process
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("kind", [RuntimeError, MemoryError, KeyboardInterrupt])
def test_an_error_in_any_thread_is_raised_in_the_caller(threads, kind):
    ranges = []

    def work(start, stop):
        ranges.append(start)
        if start == 20 * scheduler.BLOCK_POINTS * scheduler.BLOCKS_PER_TASK:
            raise kind("block 320")
        time.sleep(0.0001)

    with pytest.raises(kind, match="block 320"):
        scheduler.run(work, 100_000 * scheduler.BLOCK_POINTS, threads=threads)

    assert len(ranges) < 1000
    assert not our_threads()


@pytest.mark.process
@pytest.mark.parametrize("whose", ["the caller's", "another's"])
def test_an_error_in_one_thread_stops_the_others(whose):
    caller, ranges = threading.current_thread(), []

    def work(start, stop):
        ranges.append(start)
        if (threading.current_thread() is caller) == (whose == "the caller's"):
            raise RuntimeError(whose)
        time.sleep(0.001)

    with pytest.raises(RuntimeError, match=whose):
        scheduler.run(work, 100_000 * scheduler.BLOCK_POINTS, threads=3)

    assert len(ranges) < 1000


@pytest.mark.process
@pytest.mark.parametrize("kind", [MemoryError, KeyboardInterrupt])
def test_a_thread_that_cannot_be_started_stops_those_that_were(monkeypatch, kind):
    # a full process table, or Ctrl-C before all threads run: no thread may compute on to the end
    start_new_thread, started, ranges = scheduler.start_new_thread, [], []

    def reluctant(*args):
        if started:
            raise kind("can't start new thread")
        started.append(start_new_thread(*args))
        return started[0]

    def work(start, stop):
        ranges.append(start)
        time.sleep(0.0001)

    monkeypatch.setattr(scheduler, "start_new_thread", reluctant)
    with pytest.raises(kind, match="can't start new thread"):
        scheduler.run(work, 100_000 * scheduler.BLOCK_POINTS, threads=3)

    assert len(ranges) < 1000


@pytest.mark.parametrize("allowed", [0, 1])
def test_refused_threads_are_survived(monkeypatch, allowed):
    start_new_thread, started = scheduler.start_new_thread, []

    def reluctant(*args):
        if len(started) == allowed:
            raise RuntimeError("can't start new thread")
        started.append(start_new_thread(*args))
        return started[-1]

    expected = LONG.values(threads=1)
    monkeypatch.setattr(scheduler, "start_new_thread", reluctant)
    assert LONG.values(threads=4).tobytes() == expected.tobytes()
    assert len(started) == allowed


def test_a_sweep_can_be_computed_after_an_error():
    def fail(done, total):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        LONG.values(threads=2, progress=fail)

    np.testing.assert_array_equal(LONG.values(threads=2), LONG.values(threads=1))
