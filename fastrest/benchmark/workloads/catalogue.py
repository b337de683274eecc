"""The workloads: values in memory, reductions of a grid, and a cell with uncertain inputs."""

from __future__ import annotations  # a version that lacks some of these types can run the rest

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

import fastrest as fr
from fastrest.benchmark.workloads.base import (
    INPUTS,
    PHI_PER_KELVIN,
    Potentials,
    Workload,
    broadcast,
    close,
    evenly,
    sums,
)

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
    """Sobol' indices of nine inputs, with their intervals, from 20 evaluations a point."""

    name = "sampled"
    title = "sampled indices of 9 lognormal inputs, N = 2^17"
    n = 2**17
    evaluations = 2 * len(INPUTS) + 2
    points = n * evaluations
    python_points = 1000 * evaluations
    numpy_points = n * evaluations
    checksum = "8f012b3fdbfb018f"

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


def numpy_ghk_calcium(**x: Any) -> Any:
    """Compute potentials with a divalent ion, from the positive root of a quadratic."""
    num, den = sums(x)
    a, b, c = den + 4 * x["P_Ca"] * x["Ca_in"], den - num, num + 4 * x["P_Ca"] * x["Ca_out"]
    root = np.sqrt(b * b + 4 * a * c)
    ratio = np.where(b < 0, (root - b) / (2 * a), 2 * c / (root + b))
    return PHI_PER_KELVIN * (x["celsius"] + 273.15) * np.log(ratio)


def figures(s: Any) -> tuple[float, ...]:
    """Return the figures of a summary."""
    return s.mean, s.sd, s.min, s.max, s.argmin, s.argmax


def moments(V: np.ndarray) -> tuple[float, ...]:
    """Compute the figures of a summary with NumPy."""
    return V.mean(), V.std(), V.min(), V.max(), float(V.argmin()), float(V.argmax())


class ReductionWorkload(Workload):
    """Answers about the potentials of a grid."""

    sweep: fr.Grid

    def of(self, points: int) -> fr.Grid:
        """Make the grid of so many points."""
        raise NotImplementedError

    def asked(self, sweep: fr.Grid, threads: int | None = None) -> tuple[Any, ...]:
        """Return the answers about a grid."""
        raise NotImplementedError

    def run(self, threads: int | None = None) -> tuple[Any, ...]:
        return self.asked(self.sweep, threads)

    def pieces(self, found: tuple[Any, ...]) -> Iterable[Any]:
        return found

    def agrees(self, found: tuple[Any, ...], points: int) -> bool:
        return all(close(one, other) for one, other in zip(found, self.asked(self.of(points))))


class SummaryWorkload(ReductionWorkload):
    """A summary that computes every point and stores none."""

    name = "summary"
    title = "summary of a grid with calcium, 4e6 points"
    points = numpy_points = 45**4
    python_points = 6**4
    checksum = "ee8e6a4517527f11"
    numpy_ghk = staticmethod(numpy_ghk_calcium)

    def __init__(self) -> None:
        super().__init__()
        values: dict[str, Any] = {**self.cell, "P_Ca": 1.0, "Ca_out": 2.0, "Ca_in": 1e-4}
        self.cell = fr.Cell(fr.GHK("K", "Na", "Cl", "Ca"), **values)
        self.sweep = self.of(self.points)

    def of(self, points: int) -> fr.Grid:
        n = round(points**0.25)
        concentrations = {"K_out": (1, 50, n), "Ca_out": (0.5, 5, n)}
        return evenly(self.cell, **concentrations, P_Na=(0.005, 0.5, n), P_Ca=(0.01, 10, n))

    def asked(self, sweep: fr.Grid, threads: int | None = None) -> tuple[Any, ...]:
        s = sweep.summary(threads=threads)
        return s.n, figures(s)

    def answer(self, points: int, ghk: Potentials) -> tuple[Any, ...]:
        V = ghk(**broadcast(self.of(points)))
        return V.size, moments(V)


class FactoredWorkload(ReductionWorkload):
    """Three reducers of a grid whose points are not visited: 10 settings of two lists of logs."""

    name = "factored"
    title = "summary, fraction and 200 bins of a grid of 1e9 points, factored"
    points = 10 * 10_000**2
    python_points = 10 * 30**2
    numpy_points = 10 * 300**2
    checksum = "511ff41bef95dc46"
    edges = np.linspace(-100, 0, 201)

    def __init__(self) -> None:
        super().__init__()
        self.sweep = self.of(self.points)

    def of(self, points: int) -> fr.Grid:
        n = math.isqrt(points // 10)
        return evenly(self.cell, P_Na=(0.01, 0.1, 10), K_out=(1, 50, n), K_in=(50, 200, n))

    def asked(self, sweep: fr.Grid, threads: int | None = None) -> tuple[Any, ...]:
        reducers = fr.Summary(), fr.Fraction(below=-55), fr.Histogram(self.edges)
        s, fraction, h = sweep.reduce(*reducers, threads=threads)
        return figures(s), fraction, h.counts

    def answer(self, points: int, ghk: Potentials) -> tuple[Any, ...]:
        V = ghk(**broadcast(self.of(points)))
        return moments(V), (V < -55).mean(), np.histogram(V, self.edges)[0]


def uniform(low: float, high: float, n: int, bits: np.random.BitGenerator) -> np.ndarray:
    """Draw random numbers that are identical on all machines and with all NumPy versions."""
    return low + (high - low) * ((bits.random_raw(n) >> np.uint64(11)) * 2.0**-53)


class ValuesWorkload(Workload):
    """All potentials of a sweep, written into an array that exists already."""

    sweep: fr.Sweep
    out: np.ndarray

    def run(self, threads: int | None = None) -> np.ndarray:
        return self.sweep.values(out=self.out, threads=threads)


class TableWorkload(ValuesWorkload):
    """Every row has its own nine values: far more memory is read than written."""

    name = "table"
    title = "table of 9 columns, 4e6 rows"
    points = numpy_points = 4_000_000
    python_points = 10_000
    moved = (72, 8)
    yardstick = "copy"
    checksum = "e502bd1c5b456358"

    def __init__(self) -> None:
        super().__init__()
        bits = np.random.PCG64(1)
        self.columns = {
            name: uniform(0.5 * self.cell[name], 1.5 * self.cell[name], self.points, bits)
            for name in INPUTS
        }
        self.sweep = fr.table(self.cell, self.columns)
        self.out = np.empty(self.points)

    def answer(self, points: int, ghk: Potentials) -> Any:
        return ghk(**{**self.cell, **{name: x[:points] for name, x in self.columns.items()}})

    def agrees(self, V: Any, points: int) -> bool:
        return close(V, self.out[:points])


class GridWorkload(ValuesWorkload):
    """Few inputs and many results: memory is written and hardly read."""

    name = "grid"
    title = "grid of 2 concentration and 2 permeability axes, 4e7 points"
    points = numpy_points = 80**4
    python_points = 10**4
    moved = (0, 8)
    yardstick = "fill"
    checksum = "36851a956536f086"

    def __init__(self) -> None:
        super().__init__()
        self.sweep = self.of(self.points)
        self.out = np.empty(self.sweep.shape)

    def of(self, points: int) -> fr.Grid:
        """Make the grid of so many points, with axes of one length."""
        n = round(points**0.25)
        concentrations = {"K_out": (1, 50, n), "Na_in": (5, 50, n)}
        return evenly(self.cell, **concentrations, P_Na=(0.005, 0.5, n), P_Cl=(0.05, 1, n))

    def answer(self, points: int, ghk: Potentials) -> Any:
        return ghk(**broadcast(self.of(points)))

    def agrees(self, V: Any, points: int) -> bool:
        expected = self.out if points == self.points else self.of(points).values()
        return all(close(V[i], expected[i]) for i in range(len(V)))  # all at once take 330 MB


class ScalarWorkload(Workload):
    """The cost of a call: 10 000 calls, each for one potential."""

    name = "scalar"
    title = "one potential a call"
    points = python_points = numpy_points = 10_000
    checksum = "d9cfc00a79bfd09c"

    def __init__(self) -> None:
        super().__init__()
        self.values = tuple(self.cell.values())

    def run(self, threads: int | None = None) -> Any:
        ghk, values, V = fr.ufuncs.ghk, self.values, None
        for _ in range(self.points):
            V = ghk(*values)
        return V

    def answer(self, points: int, ghk: Potentials) -> Any:
        values = dict(self.cell)
        for _ in range(points):
            V = ghk(**values)
        return V

    def reference(self, **values: Any) -> Any:
        return self.cell.model.reference(self.cell.model, values)[0]

    def agrees(self, V: Any, points: int) -> bool:
        return close(V, self.cell.potential())


#: The workloads by name, in the order in which they are measured and shown.
WORKLOADS: dict[str, type[Workload]] = {
    one.name: one
    for one in (
        TableWorkload,
        GridWorkload,
        SummaryWorkload,
        FactoredWorkload,
        SampledWorkload,
        ExactWorkload,
        PopulationWorkload,
        ScalarWorkload,
    )
}
