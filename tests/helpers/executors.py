"""Executors, and sweeps that they count."""

import concurrent.futures as cf
import multiprocessing
import os
import time

import pytest

import fastrest as fr
from fastrest.reductions import running
from helpers.counting import GRID, NEURON, ROWS, TABLE

SAMPLE = fr.space(NEURON, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6)).sample(ROWS, rng=1)
SWEEPS = pytest.mark.parametrize(
    ("sweep", "method"),
    [(TABLE, "pointwise"), (GRID, "pointwise"), (GRID, "factored"), (SAMPLE, "pointwise")],
    ids=["table", "grid pointwise", "grid factored", "sample"],
)


def processes(initializer=None):
    """Two processes that are not forked, as threads of the tests and of libraries may run."""
    spawn = multiprocessing.get_context("spawn")
    return cf.ProcessPoolExecutor(2, mp_context=spawn, initializer=initializer)


def die_at_the_third_task():
    """Make this process die with its third task: an initializer of workers."""
    find_remotely, calls = running.find_remotely, []

    def dying(*arguments):
        calls.append(arguments)
        time.sleep(0.05)
        if len(calls) == 3:
            os._exit(1)
        return find_remotely(*arguments)

    running.find_remotely = dying


class Recorder(cf.Executor):
    """An executor that runs each task when it is submitted, and records it.

    `sent` has a tuple for each: the function, the task and its parcels.
    """

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
