"""CPUs that batch systems grant, and threads in processes of a pool."""

import sys
import textwrap

import pytest

import fastrest as fr
from fastrest.runtime import scheduler
from helpers.executors import processes
from helpers.processes import completed

pytestmark = pytest.mark.usefixtures("no_thread_setting")


@pytest.fixture(autouse=True)
def sixteen(monkeypatch):
    """A process that may use 16 CPUs, without a quota."""
    for name in ("process_cpu_count", "sched_getaffinity", "cpu_count"):
        many = range(16) if name == "sched_getaffinity" else 16
        if hasattr(scheduler.os, name):
            monkeypatch.setattr(scheduler.os, name, lambda *_, many=many: many)
    monkeypatch.setattr(scheduler.cgroup, "cpu_quotas", lambda: [])


@pytest.mark.parametrize("name", scheduler.GRANTS)
@pytest.mark.parametrize(("text", "expected"), [("4", 4), ("1", 1), ("64", 16), ("4,2", 4)])
def test_a_grant_limits_the_threads(monkeypatch, name, text, expected):
    monkeypatch.setenv(name, text)
    assert scheduler.thread_count(None, 10**9) == expected
    assert fr.info()["threads"] == expected


@pytest.mark.parametrize("text", ["", "0", "-3", "all", "4.5", "٣"])
def test_other_texts_grant_nothing(monkeypatch, text):
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", text)
    assert scheduler.cpus() == 16


def test_the_least_of_several_grants_holds(monkeypatch):
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "8")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert scheduler.cpus() == 2


def test_our_own_variable_and_argument_go_before_grants(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert scheduler.thread_count(5, 10**9) == 5
    monkeypatch.setenv("FASTREST_NUM_THREADS", "3")
    assert scheduler.thread_count(None, 10**9) == 3


@pytest.mark.process
def test_a_process_of_a_pool_has_one_thread_unless_told_otherwise(monkeypatch):
    with processes() as pool:
        assert pool.submit(scheduler.thread_count, None, 10**9).result() == 1
        assert pool.submit(scheduler.thread_count, 3, 10**9).result() == 3


@pytest.mark.process
@pytest.mark.slow
def test_a_process_of_loky_has_one_thread():
    pytest.importorskip("loky")
    code = """
        from loky import get_reusable_executor
        from fastrest.runtime import scheduler

        if __name__ == "__main__":
            executor = get_reusable_executor(2)
            print(executor.submit(scheduler.thread_count, None, 10**9).result())
            executor.shutdown()
    """
    ran = completed([sys.executable, "-c", textwrap.dedent(code)])
    assert ran.stdout == "1\n", ran.stderr
