"""Executors, and sweeps that they count."""

import concurrent.futures as cf
import multiprocessing

import pytest

import fastrest as fr
from helpers.counting import GRID, NEURON, ROWS, TABLE

FORK = [
    pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork"),
    # Python >= 3.12 warns if a thread is alive; these tests fork on purpose
    pytest.mark.filterwarnings("ignore:.*use of fork\\(\\) may lead to deadlocks"),
]
SAMPLE = fr.space(NEURON, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6)).sample(ROWS, rng=1)
SWEEPS = pytest.mark.parametrize(
    ("sweep", "method"),
    [(TABLE, "pointwise"), (GRID, "pointwise"), (GRID, "factored"), (SAMPLE, "pointwise")],
    ids=["table", "grid pointwise", "grid factored", "sample"],
)


def processes(method):
    return cf.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method))


class Recorder(cf.Executor):
    """An executor that runs each task when it is submitted, and records it."""

    def __init__(self):
        self.sent = []

    def submit(self, work, *arguments):
        self.sent.append((work, arguments))
        future = cf.Future()
        try:
            future.set_result(work(*arguments))
        except BaseException as error:
            future.set_exception(error)
        return future
