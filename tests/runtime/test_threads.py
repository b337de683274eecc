"""Threads: every point is computed once, and settings choose the number of threads."""

import itertools
import os

import numpy as np
import pytest

import fastrest as fr
from fastrest.runtime import cgroup, scheduler
from helpers.processes import python

pytestmark = pytest.mark.usefixtures("no_thread_setting", "no_thread_is_left")


NEURON = fr.cells["mammalian neuron"]
POINTS = [1, 65535, 65536, 65537, 100_000, 16 * 65536, 2_000_001]
#: Enough points for every thread to get several tasks.
LONG = fr.table(NEURON, {"K_out": np.linspace(1, 50, 2_000_001)})

# ---- covering the points ----


@pytest.mark.process
@pytest.mark.parametrize("points", POINTS)
@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_threads_compute_every_point_once_in_whole_blocks(points, threads):
    ranges = []

    scheduler.run(lambda start, stop: ranges.append((start, stop)), points, threads=threads)

    ranges.sort()
    assert ranges[0][0] == 0
    assert ranges[-1][1] == points
    assert all(before[1] == after[0] for before, after in itertools.pairwise(ranges))
    assert all(start % scheduler.BLOCK_POINTS == 0 for start, _ in ranges)


@pytest.mark.process
def test_threads_do_nothing_for_no_points():
    scheduler.run(lambda start, stop: pytest.fail("there is nothing to do"), 0, threads=2)


@pytest.mark.parametrize("threads", [2, 3, 7, 16])
def test_thread_count_does_not_change_bits(threads):
    grid = fr.grid(NEURON, K_out=np.linspace(2, 12, 1201), K_in=np.linspace(100, 150, 1003))

    for sweep in (LONG, grid):
        expected = sweep.values(threads=1)
        np.testing.assert_array_equal(sweep.values(threads=threads), expected)
        np.testing.assert_array_equal(sweep.status(threads=threads), 0)


def test_more_threads_than_points_are_allowed():
    sweep = fr.grid(NEURON, K_out=[3.0, 5.0])

    np.testing.assert_array_equal(sweep.values(threads=1000), sweep.values(threads=1))


# ---- the number of threads ----


def test_a_small_sweep_runs_on_one_thread_and_a_large_one_on_all_cpus():
    assert scheduler.thread_count(None, 1000) == 1
    assert scheduler.thread_count(None, 10**9) == scheduler.cpus()
    assert fr.info()["threads"] == scheduler.cpus()


def test_the_environment_sets_the_number_of_threads(monkeypatch):
    monkeypatch.setenv("FASTREST_NUM_THREADS", "3")

    assert scheduler.thread_count(None, 10) == 3
    assert scheduler.thread_count(None, 10**9) == 3
    assert fr.info()["threads"] == 3


def test_threads_argument_overrides_the_environment(monkeypatch):
    monkeypatch.setenv("FASTREST_NUM_THREADS", "3")

    assert scheduler.thread_count(2, 10**9) == 2
    assert scheduler.thread_count(np.int64(2), 10) == 2


def test_an_empty_thread_setting_is_ignored(monkeypatch):
    monkeypatch.setenv("FASTREST_NUM_THREADS", "")

    assert scheduler.thread_count(None, 1000) == 1


@pytest.mark.parametrize("setting", ["0", "-1", "1.5", "two", " ", "1 2", "1e3", "²"])
def test_a_bad_thread_setting_is_refused_by_name(monkeypatch, setting):
    monkeypatch.setenv("FASTREST_NUM_THREADS", setting)

    with pytest.raises(ValueError, match=r"^FASTREST_NUM_THREADS must be a whole number >= 1, got"):
        fr.grid(NEURON, K_out=[3.0, 5.0]).values()
    assert fr.grid(NEURON, K_out=[3.0, 5.0]).values(threads=1).shape == (2,)


@pytest.mark.parametrize("threads", [0, -1, 1.5, 2.0, "2", True, [2]], ids=repr)
def test_a_bad_number_of_threads_is_refused_by_name(threads):
    with pytest.raises(ValueError, match=r"^threads must be a whole number >= 1, got "):
        fr.grid(NEURON, K_out=[3.0, 5.0]).values(threads=threads)


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs CPU affinity")
def test_cpu_affinity_limits_threads():
    code = """
        import os
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        import fastrest
        print(fastrest.info()["threads"])
    """

    assert python(code).stdout == "1\n"


@pytest.mark.parametrize(
    ("quota", "cpus"),
    [
        ("max 100000", 64),
        ("150000 100000", 2),
        ("10000 100000", 1),
        ("400000 100000", 4),
        ("nonsense", 64),
        ("", 64),
    ],
)
def test_cgroup_quota_limits_threads(monkeypatch, tmp_path, quota, cpus):
    monkeypatch.setattr(os, "process_cpu_count", lambda: 64, raising=False)
    monkeypatch.setattr(cgroup, "ROOT", tmp_path)
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/cpu.max").write_text(quota)

    assert scheduler.cpus() == cpus
