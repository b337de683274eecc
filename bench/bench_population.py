"""Populations: what candidates under several conditions cost beside NumPy, in time and memory."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest

import fastrest as fr

from .baselines import PHI_PER_KELVIN, numpy_ghk

NAMES = ("P_K", "P_Na", "P_Cl", "K_out", "Na_out", "Cl_out", "K_in", "Na_in", "Cl_in")
CONDITIONS = {"control": {}, "high K": {"K_out": 6.5}, "leaky": {"P_Na": fr.times(1.5)}}
CRITERIA = [
    fr.between(-80, -60, at="control"),
    fr.change("control", "high K", 2, 15),
    fr.nernst_between("K", -100, -80),
]
#: Of other candidates, whose answers both sides of a pair are judged by.
JUDGES = 4 * 10**6


def numpy_population(cell, candidates, seed):
    """Means of V under each condition and the accepted fraction, as one writes them with NumPy."""
    rng = np.random.default_rng(seed)
    sigma = math.sqrt(math.log(1.25))
    x = {name: rng.lognormal(math.log(cell[name]), sigma, candidates) for name in NAMES}
    celsius = cell["celsius"]
    control = numpy_ghk(**x, celsius=celsius)
    high_K = numpy_ghk(**{**x, "K_out": 6.5}, celsius=celsius)
    leaky = numpy_ghk(**{**x, "P_Na": 1.5 * x["P_Na"]}, celsius=celsius)
    E_K = PHI_PER_KELVIN * (celsius + 273.15) * np.log(x["K_out"] / x["K_in"])
    change = high_K - control
    accepted = (control >= -80) & (control <= -60) & (change >= 2) & (change <= 15)
    accepted &= (E_K >= -100) & (E_K <= -80)
    return [V.mean() for V in (control, high_K, leaky)], accepted.mean()


@pytest.fixture(scope="module")
def lognormals(cell):
    return fr.space(cell, **{name: fr.lognormal(cv=0.5) for name in NAMES})


@pytest.fixture(scope="module")
def expected(cell):
    return numpy_population(cell, JUDGES, seed=2)


def agree(means, fraction, expected, candidates):
    """Whether answers differ by chance only: sds of V are below 20 mV, of a fraction below 0.5."""
    chance = 6 * math.sqrt(1 / candidates + 1 / JUDGES)
    return (
        abs(fraction - expected[1]) < 0.5 * chance
        and np.abs(np.subtract(means, expected[0])).max() < 20 * chance
    )


population = pytest.mark.benchmark(
    group="population of 9 lognormals, 3 conditions, 3 criteria: how long?"
)
candidates = pytest.mark.parametrize("candidates", [10**6, 10**7], ids="{:.0e}".format)


@population
@candidates
@pytest.mark.parametrize("threads", [1, 2], ids="threads={}".format)
def test_population(benchmark, note, lognormals, expected, candidates, threads):
    options = {"rng": 1, "conditions": CONDITIONS, "accept": CRITERIA, "threads": threads}
    pop = benchmark.pedantic(lognormals.population, (candidates,), options, rounds=3)
    note(candidates, isa=fr.info()["isa"], threads=threads)
    means = [pop.summary(name, accepted=False).mean for name in CONDITIONS]
    assert agree(means, pop.fraction, expected, candidates)


@population
@candidates
def test_numpy(benchmark, note, cell, expected, candidates):
    means, fraction = benchmark.pedantic(numpy_population, (cell, candidates, 1), rounds=3)
    note(candidates, peer=f"numpy {np.__version__}", threads=1)
    assert agree(means, fraction, expected, candidates)


# ---- memory ----


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")
@pytest.mark.benchmark(group="peak memory of a population: does it grow with its candidates?")
@pytest.mark.parametrize("candidates", [10**5, 10**7], ids="{:.0e}".format)
def test_peak_memory(benchmark, candidates):
    code = (
        "import os, sys, fastrest as fr\n"
        "sys.path.append(os.getcwd())\n"
        "from bench.bench_population import CONDITIONS, CRITERIA, NAMES\n"
        "def peak():\n"  # unlike ru_maxrss, not that of the process which started this one
        "    lines = open('/proc/self/status').read().split('VmHWM:')\n"
        "    return int(lines[1].split()[0])\n"
        'cell = fr.cells["mammalian neuron"]\n'
        "space = fr.space(cell, **{name: fr.lognormal(cv=0.5) for name in NAMES})\n"
        "before = peak()\n"
        f"pop = space.population({candidates}, rng=1, conditions=CONDITIONS, accept=CRITERIA,\n"
        "                       threads=2)\n"
        "print(pop.fraction, before, peak())"
    )

    def run():
        # -P: the installed package, not the sources beside it
        command = [sys.executable, "-P", "-c", code]
        done = subprocess.run(command, capture_output=True, check=True)
        return [float(word) for word in done.stdout.split()]

    fraction, before, after = benchmark.pedantic(run, rounds=1)
    growth = (after - before) / 1000
    benchmark.extra_info.update(points=candidates, megabytes=after / 1000, growth=growth)
    assert 0 < fraction < 1
    assert growth < 100
