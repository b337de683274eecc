"""Fixtures of threads and of workers."""

import concurrent.futures as cf

import pytest

from fastrest.reductions import running
from fastrest.runtime import scheduler
from helpers.executors import processes
from helpers.processes import our_threads


@pytest.fixture
def no_thread_setting(monkeypatch):
    for name in ("FASTREST_NUM_THREADS", *scheduler.GRANTS):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def no_thread_is_left():
    yield
    assert not our_threads()


@pytest.fixture(scope="module", params=["processes", "threads"])
def pool(request):
    """An executor with two workers for all tests of a module."""
    with cf.ThreadPoolExecutor(2) if request.param == "threads" else processes() as executor:
        yield executor


@pytest.fixture(autouse=True)
def factored_passes_are_sent(monkeypatch):
    """Send factored passes to workers, too, although they are short."""
    monkeypatch.setattr(running, "FACTORED_HERE", 0.0)
