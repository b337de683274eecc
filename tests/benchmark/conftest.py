"""Quick workloads in place of the eight, and an archive of their measurements."""

import copy

import numpy as np
import pytest

from fastrest.benchmark import archive, tracking
from fastrest.benchmark.workloads.base import Workload, close, numpy_ghk


class Small(Workload):
    """A quick workload with both counterparts."""

    name, title = "small", "a small table"
    points = numpy_points = 1000
    python_points = 10
    checksum = ""

    def __init__(self):
        super().__init__()
        self.K_out = np.linspace(1.0, 50.0, self.points)

    def run(self, threads=None):
        self.V = self.cell.model(**{**self.cell, "K_out": self.K_out})
        return self.V

    def pieces(self, V):
        return (V,)

    def python(self):
        return [self.cell.replace(K_out=k).potential(engine="python") for k in self.K_out[:10]]

    def numpy(self):
        return numpy_ghk(**{**self.cell, "K_out": self.K_out})

    def agrees(self, V, points):
        return close(V, self.V[:points])


Small.checksum = Small().digest(Small().run())


class Alone(Small):
    """A quick workload without counterparts."""

    name, title = "alone", "a table on its own"
    python_points = numpy_points = 0


@pytest.fixture
def small(monkeypatch):
    """Two quick workloads, by name, in place of the eight."""
    workloads = {"small": Small, "alone": Alone}
    monkeypatch.setattr(tracking, "WORKLOADS", workloads)
    monkeypatch.setattr(tracking, "TRACKED", (0.05, (9, 60)))
    return workloads


@pytest.fixture
def steady(small):
    """An archive with little noise."""
    kept = archive.archived(tracking.measure_all(1, lambda title: None))
    for entry in kept["workloads"].values():
        entry["seconds"] = np.linspace(0.99, 1.01, 21).tolist()
        entry["yardstick_seconds"] = [0.5] * 21
    return kept


@pytest.fixture
def slowed(steady):
    """Return a function that makes the archive of a version that takes longer."""

    def slowed(factor):
        slow = copy.deepcopy(steady)
        for entry in slow["workloads"].values():
            entry["seconds"] = [factor * seconds for seconds in entry["seconds"]]
        return slow

    return slowed
