"""Populations: the time and memory of ten times as many candidates as in the workload.

bench_workloads.py times the workload, and plain Python.
"""

import numpy as np
import pytest

import fastrest as fr
from fastrest.benchmark.workloads.catalogue import PopulationWorkload


class Large(PopulationWorkload):
    points = numpy_points = 10**7


@pytest.fixture(scope="module")
def judge():
    """Return the workload, its answer checked; larger populations differ from it only by chance."""
    judge = PopulationWorkload()
    judge.check(judge.run())
    return judge


large = pytest.mark.benchmark(group="population of 1e7, 3 conditions, 3 criteria: how long?")


@large
@pytest.mark.parametrize("threads", [1, 2], ids="threads={}".format)
def test_population(benchmark, note, judge, threads):
    pop = benchmark.pedantic(Large().run, (threads,), rounds=3)
    note(Large.points, isa=fr.info()["isa"], threads=threads)
    assert pop.n == Large.points
    assert judge.agrees((judge.means(pop), pop.fraction), Large.points)


@large
def test_numpy(benchmark, note, judge):
    found = benchmark.pedantic(Large().numpy, rounds=3)
    note(Large.points, peer=f"numpy {np.__version__}", threads=1)
    assert judge.agrees(found, Large.points)


SETUP = """
from fastrest.benchmark.workloads.catalogue import PopulationWorkload
class Other(PopulationWorkload):
    points = {points}
other = Other()
"""
ASK = "(lambda pop: (other.means(pop), pop.fraction))(other.run(threads=2))"


@pytest.mark.benchmark(group="peak memory of a population: does it grow with its candidates?")
@pytest.mark.parametrize("points", [10**5, 10**7], ids="{:.0e}".format)
def test_peak_memory(alone, judge, points):
    found, megabytes = alone(SETUP.format(points=points), ASK, points)
    assert judge.agrees(found, points)
    assert megabytes < 100
