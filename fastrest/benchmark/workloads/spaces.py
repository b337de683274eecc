"""Workloads of a cell with uncertain inputs: Sobol' indices and a population."""

from __future__ import annotations  # a version that lacks some of these types can run the rest

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

import fastrest as fr
from fastrest.benchmark.workloads.base import INPUTS, PHI_PER_KELVIN, Potentials, Workload

#: The coefficient of variation of each lognormal input, and the sd of its logarithm.
CV = 0.5
SIGMA = math.sqrt(math.log(1 + CV * CV))


def lognormals(cell: fr.Cell) -> fr.Space:
    """Make the space of nine lognormal inputs."""
    inputs: dict[str, Any] = {name: fr.lognormal(cv=CV) for name in INPUTS}
    return fr.space(cell, **inputs)


def random_cells(cell: Mapping[str, float], n: int, rng: np.random.Generator) -> dict[str, Any]:
    """Draw `n` candidates with NumPy."""
    draws = {name: rng.lognormal(math.log(cell[name]), SIGMA, n) for name in INPUTS}
    return {**cell, **draws}


class SampledWorkload(Workload):
    """Sobol' indices of nine inputs, with their intervals, from 11 evaluations a point."""

    name = "sampled"
    title = "sampled indices of 9 lognormal inputs, N = 2^17"
    n = 2**17
    evaluations = len(INPUTS) + 2
    points = n * evaluations
    python_points = 1000 * evaluations
    numpy_points = n * evaluations
    checksum = "8b6be4d6d77a287f"

    def __init__(self) -> None:
        super().__init__()
        self.space = lognormals(self.cell)

    def run(self, threads: int | None = None) -> fr.SobolIndices:
        return self.space.sobol(self.n, rng=1, threads=threads)

    def pieces(self, r: fr.SobolIndices) -> Iterable[Any]:
        return [np.round(r[key], 9) for key in ("S1", "S1_conf", "ST", "ST_conf")]

    def answer(self, points: int, ghk: Potentials) -> tuple[list[float], list[float]]:
        rng, n = np.random.default_rng(1), points // self.evaluations
        a, b = (random_cells(self.cell, n, rng) for _ in range(2))
        V_a, V_b = ghk(**a), ghk(**b)
        variance = np.concatenate([V_a, V_b]).var()
        first, total = [], []
        for name in INPUTS:
            V_ab = ghk(**{**a, name: b[name]})
            first.append(1 - ((V_b - V_ab) ** 2).mean() / 2 / variance)
            total.append(((V_a - V_ab) ** 2).mean() / 2 / variance)
        return first, total

    def agrees(self, found: tuple[Sequence[float], Sequence[float]], points: int) -> bool:
        chance = 8 / math.sqrt(points / self.evaluations)
        r = self.space.sobol(self.n, rng=1)
        return all(np.abs(x - r[key]).max() < chance for x, key in zip(found, ("S1", "ST")))


class ExactWorkload(Workload):
    """Exact Sobol' indices, including the construction of the space."""

    name = "exact"
    title = "exact indices of 9 lognormal inputs to 1e-6"
    points = 1
    checksum = "ec4af64d3890d173"

    def run(self, threads: int | None = None) -> fr.SobolIndices:
        return lognormals(self.cell).sobol(threads=threads)

    def pieces(self, r: fr.SobolIndices) -> Iterable[Any]:
        return [np.round(r[key], 9) for key in ("S1", "ST")]


class PopulationWorkload(Workload):
    """Candidates under three conditions, kept if they meet three criteria."""

    name = "population"
    title = "population of 1e6 candidates, 3 conditions, 3 criteria"
    points = numpy_points = 1_000_000
    python_points = 2000
    checksum = "9a022955bc4ee3a4"

    def __init__(self) -> None:
        super().__init__()
        self.conditions: dict[str, Any] = {
            "control": {},
            "high K": {"K_out": 6.5},
            "leaky": {"P_Na": fr.times(1.5)},
        }
        self.criteria = (
            fr.between(-80, -60, at="control"),
            fr.change("control", "high K", 2, 15),
            fr.nernst_between("K", -100, -80),
        )

    def run(self, threads: int | None = None) -> fr.Population:
        return lognormals(self.cell).population(
            self.points, rng=1, conditions=self.conditions, accept=self.criteria, threads=threads
        )

    def pieces(self, pop: fr.Population) -> Iterable[Any]:
        return pop.accepted, self.means(pop)

    def means(self, pop: fr.Population) -> list[float]:
        """Return the mean potential under each condition, of all candidates."""
        return [pop.summary(name, accepted=False).mean for name in self.conditions]

    def answer(self, points: int, ghk: Potentials) -> tuple[list[float], float]:
        x = random_cells(self.cell, points, np.random.default_rng(1))
        control = ghk(**x)
        high_K = ghk(**{**x, "K_out": 6.5})
        leaky = ghk(**{**x, "P_Na": 1.5 * x["P_Na"]})
        E_K = PHI_PER_KELVIN * (x["celsius"] + 273.15) * np.log(x["K_out"] / x["K_in"])
        change = high_K - control
        accepted = (control >= -80) & (control <= -60) & (change >= 2) & (change <= 15)
        accepted &= (E_K >= -100) & (E_K <= -80)
        return [V.mean() for V in (control, high_K, leaky)], accepted.mean()

    def agrees(self, found: tuple[list[float], float], points: int) -> bool:
        means, fraction = found
        pop = self.run()
        chance = 6 * math.sqrt(1 / points + 1 / self.points)  # the sd of V is below 20 mV
        off = np.abs(np.subtract(means, self.means(pop))).max()
        return bool(abs(fraction - pop.fraction) < 0.5 * chance and off < 20 * chance)
