"""The workloads whose speed is tracked, each with its size, its counterparts and its checksum.

`fastrest bench`, `pytest bench` and `bench/compare.py` all measure these. What stands here uses
fastrest as its users do, so that one list can measure two versions of the package.

Tables and grids are made with whole numbers and + - * / alone, samples by the kernels: they, and
with them the checksums, are the same on every machine.
"""

from __future__ import annotations  # a version without some of these names has the others

import bisect
import hashlib
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

import fastrest as fr
from fastrest import reference

#: R/F, mV per kelvin.
PHI_PER_KELVIN = 1000 * 8.31446261815324 / 96485.33212331001
#: Largest difference, mV, that is still the same answer: others may use fast maths.
TOLERANCE = 1e-9
#: Uncertain inputs, each lognormal with a coefficient of variation of 0.5.
INPUTS = ("P_K", "P_Na", "P_Cl", "K_out", "Na_out", "Cl_out", "K_in", "Na_in", "Cl_in")
CV = 0.5
SIGMA = math.sqrt(math.log(1 + CV * CV))


class Workload:
    """Something to compute, made ready: an instance holds the inputs and room for the results.

    Attributes
    ----------
    name, title : str
    points : int
        Potentials (or evaluations of the model, or candidates) that `run` computes.
    moved : (float, float)
        Bytes read from and written to memory for each point; zeros if it lives in the caches.
    yardstick : str
        What its times are compared with: ``"libm"``, ``"fill"`` or ``"copy"``.
    checksum : str
        Of the result of `run`, on every machine.
    python_points, numpy_points : int
        Points that the counterparts compute: 0 where there is none.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    points: ClassVar[int]
    moved: ClassVar[tuple[float, float]] = (0, 0)
    yardstick: ClassVar[str] = "libm"
    checksum: ClassVar[str]
    python_points: ClassVar[int] = 0
    numpy_points: ClassVar[int] = 0

    def __init__(self) -> None:
        self.cell = fr.cells["mammalian neuron"]

    def run(self, threads: int | None = None) -> Any:
        """The result, by fastrest."""
        raise NotImplementedError

    def pieces(self, result: Any) -> Iterable[Any]:
        """What the checksum is made of: arrays, or numbers."""
        raise NotImplementedError

    def python(self) -> Any:
        """The same, of `python_points` points, in plain Python, by the reference."""
        raise NotImplementedError

    def numpy(self) -> Any:
        """The same, of `numpy_points` points, as one writes it with NumPy."""
        raise NotImplementedError

    def agrees(self, other: Any, points: int) -> bool:
        """Whether a counterpart's result, of so many points, is the same answer."""
        raise NotImplementedError

    def digest(self, result: Any) -> str:
        """The checksum of a result: of its numbers' bits, as little-endian doubles."""
        found = hashlib.sha256()
        for piece in self.pieces(result):
            found.update(np.ascontiguousarray(piece, "<f8").data)
        return found.hexdigest()[:16]

    def check(self, result: Any) -> None:
        """Raise ArithmeticError if a result does not have the checksum."""
        found = self.digest(result)
        if found != self.checksum:
            raise ArithmeticError(
                f"{self.title}: the result has changed: its checksum is {found}, "
                f"expected {self.checksum}"
            )


# ---- the equation, as one writes it ----


def numpy_ghk(
    *,
    P_K: Any,
    P_Na: Any,
    P_Cl: Any,
    K_out: Any,
    Na_out: Any,
    Cl_out: Any,
    K_in: Any,
    Na_in: Any,
    Cl_in: Any,
    celsius: float,
) -> Any:
    """Of arrays that broadcast: a table's columns, or a grid's axes."""
    phi = PHI_PER_KELVIN * (celsius + 273.15)
    num = P_K * K_out + P_Na * Na_out + P_Cl * Cl_in
    den = P_K * K_in + P_Na * Na_in + P_Cl * Cl_out
    return phi * np.log(num / den)


def numpy_ghk_calcium(*, P_Ca: Any, Ca_out: Any, Ca_in: Any, celsius: float, **others: Any) -> Any:
    """With a divalent ion: the positive root of a quadratic."""
    P_K, P_Na, P_Cl = others["P_K"], others["P_Na"], others["P_Cl"]
    phi = PHI_PER_KELVIN * (celsius + 273.15)
    num = P_K * others["K_out"] + P_Na * others["Na_out"] + P_Cl * others["Cl_in"]
    den = P_K * others["K_in"] + P_Na * others["Na_in"] + P_Cl * others["Cl_out"]
    a, b, c = den + 4 * P_Ca * Ca_in, den - num, num + 4 * P_Ca * Ca_out
    root = np.sqrt(b * b + 4 * a * c)
    return phi * np.log(np.where(b < 0, (root - b) / (2 * a), 2 * c / (root + b)))


def moments(V: np.ndarray) -> tuple[float, ...]:
    """What `summary` answers, by NumPy."""
    return V.mean(), V.std(), V.min(), V.max(), float(V.argmin()), float(V.argmax())


def python_moments(V: list[float]) -> tuple[float, ...]:
    """The same by the standard library."""
    mean = math.fsum(V) / len(V)
    sd = math.sqrt(math.fsum((v - mean) ** 2 for v in V) / len(V))
    least, greatest = min(V), max(V)
    return mean, sd, least, greatest, V.index(least), V.index(greatest)


def uniform(low: float, high: float, n: int, bits: np.random.BitGenerator) -> np.ndarray:
    """Random numbers that are the same on every machine and with every NumPy."""
    return low + (high - low) * ((bits.random_raw(n) >> np.uint64(11)) * 2.0**-53)


def evenly(cell: fr.Cell, **axes: tuple[float, float, int]) -> fr.Grid:
    """A grid whose axes go evenly from a first to a last value."""
    return fr.grid(cell, **{name: np.linspace(*span) for name, span in axes.items()})


def broadcast(sweep: fr.Grid) -> dict[str, Any]:
    """The parameters of a grid as arrays that broadcast to it, but for the pump's."""
    axes = np.ix_(*(sweep.axis_values(name) for name in sweep.dims))
    values = {**sweep.cell, **dict(zip(sweep.dims, axes))}
    del values["pump_ratio"]
    return values


def close(V: Any, expected: Any) -> bool:
    """Whether potentials are the same within the tolerance."""
    return bool(np.allclose(V, expected, rtol=0, atol=TOLERANCE))


# ---- tables and grids: potentials in memory ----


class Values(Workload):
    """All potentials of a sweep, into an array that is there already."""

    sweep: fr.Sweep
    few: fr.Sweep
    out: np.ndarray

    def run(self, threads: int | None = None) -> np.ndarray:
        return self.sweep.values(out=self.out, threads=threads)

    def pieces(self, V: np.ndarray) -> Iterable[Any]:
        return (V,)

    def python(self) -> np.ndarray:
        return self.few.values(engine="python")


class Table(Values):
    """Every row has its own nine values: memory is read far more than written."""

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
        self.few = fr.table(
            self.cell, {name: column[: self.python_points] for name, column in self.columns.items()}
        )
        self.out = np.empty(self.points)

    def numpy(self) -> Any:
        return numpy_ghk(**self.columns, celsius=self.cell["celsius"])

    def agrees(self, V: Any, points: int) -> bool:
        return close(V, self.out[:points])


class Grid(Values):
    """Few inputs and many results: memory is written and hardly read."""

    name = "grid"
    title = "grid of 2 concentration and 2 permeability axes, 4e7 points"
    side = 80
    points = numpy_points = side**4
    python_points = 10**4
    moved = (0, 8)
    yardstick = "fill"
    checksum = "36851a956536f086"

    def __init__(self) -> None:
        super().__init__()
        self.sweep = self.of_side(self.side)
        self.few = self.of_side(10)
        self.values = broadcast(self.sweep)
        self.out = np.empty(self.sweep.shape)

    def of_side(self, n: int) -> fr.Grid:
        concentrations = {"K_out": (1, 50, n), "Na_in": (5, 50, n)}
        return evenly(self.cell, **concentrations, P_Na=(0.005, 0.5, n), P_Cl=(0.05, 1, n))

    def numpy(self) -> Any:
        return numpy_ghk(**self.values)

    def agrees(self, V: Any, points: int) -> bool:
        if points == self.python_points:
            return close(V, self.few.values())
        return all(close(V[i], self.out[i]) for i in range(len(V)))  # not 330 MB of differences


# ---- answers without arrays ----


class Summary(Workload):
    """Every point is computed and none is kept."""

    name = "summary"
    title = "summary of a grid with calcium, 4e6 points"
    side = 45
    points = numpy_points = side**4
    python_points = 6**4
    checksum = "ee8e6a4517527f11"

    def __init__(self) -> None:
        super().__init__()
        model = fr.GHK("K", "Na", "Cl", "Ca")
        values: dict[str, Any] = {**self.cell, "P_Ca": 1.0, "Ca_out": 2.0, "Ca_in": 1e-4}
        self.cell = fr.Cell(model, **values)
        self.sweep = self.of_side(self.side)
        self.few = self.of_side(6)
        self.values = broadcast(self.sweep)

    def of_side(self, n: int) -> fr.Grid:
        concentrations = {"K_out": (1, 50, n), "Ca_out": (0.5, 5, n)}
        return evenly(self.cell, **concentrations, P_Na=(0.005, 0.5, n), P_Ca=(0.01, 10, n))

    def run(self, threads: int | None = None) -> Any:
        return self.sweep.summary(threads=threads)

    def pieces(self, s: Any) -> Iterable[Any]:
        return s.n, self.numbers(s)

    def numbers(self, s: Any) -> tuple[float, ...]:
        return s.mean, s.sd, s.min, s.max, s.argmin, s.argmax

    def python(self) -> tuple[float, ...]:
        return python_moments(self.few.values(engine="python").ravel().tolist())

    def numpy(self) -> tuple[float, ...]:
        return moments(numpy_ghk_calcium(**self.values))

    def agrees(self, found: tuple[float, ...], points: int) -> bool:
        sweep = self.few if points == self.python_points else self.sweep
        return close(found, self.numbers(sweep.summary()))


class Factored(Workload):
    """A grid asked without visiting its points: 10 settings of two lists of 1e4 logarithms."""

    name = "factored"
    title = "summary, fraction and 200 bins of a grid of 1e9 points, factored"
    entries = 10_000
    points = 10 * entries**2
    python_points = 10 * 30**2
    numpy_points = 10 * 300**2
    checksum = "511ff41bef95dc46"

    def __init__(self) -> None:
        super().__init__()
        self.sweep = self.of_entries(self.entries)
        self.edges = np.linspace(-100, 0, 201)

    def of_entries(self, n: int) -> fr.Grid:
        return evenly(self.cell, P_Na=(0.01, 0.1, 10), K_out=(1, 50, n), K_in=(50, 200, n))

    def asked(self, sweep: fr.Grid, threads: int | None = None) -> tuple[Any, ...]:
        reducers = fr.Summary(), fr.Fraction(below=-55), fr.Histogram(self.edges)
        s, fraction, h = sweep.reduce(*reducers, threads=threads)
        return (s.mean, s.sd, s.min, s.max, s.argmin, s.argmax), fraction, h.counts

    def run(self, threads: int | None = None) -> tuple[Any, ...]:
        return self.asked(self.sweep, threads)

    def pieces(self, found: tuple[Any, ...]) -> Iterable[Any]:
        return found

    def python(self) -> tuple[Any, ...]:
        V = self.of_entries(30).values(engine="python").ravel().tolist()
        counts = [0] * (len(self.edges) - 1)
        for v in V:
            if -100 <= v <= 0:
                counts[bisect.bisect_right(self.edges, v, hi=len(counts)) - 1] += 1
        return python_moments(V), sum(v < -55 for v in V) / len(V), counts

    def numpy(self) -> tuple[Any, ...]:
        V = numpy_ghk(**broadcast(self.of_entries(300)))
        return moments(V), (V < -55).mean(), np.histogram(V, self.edges)[0]

    def agrees(self, found: tuple[Any, ...], points: int) -> bool:
        ours = self.asked(self.of_entries(math.isqrt(points // 10)))
        return all(close(one, other) for one, other in zip(found, ours))


# ---- sensitivity ----


def lognormals(cell: fr.Cell) -> fr.Space:
    inputs: dict[str, Any] = {name: fr.lognormal(cv=CV) for name in INPUTS}
    return fr.space(cell, **inputs)


def random_cell(cell: Mapping[str, float], rng: random.Random) -> dict[str, float]:
    """A candidate, by the standard library."""
    draws = {name: rng.lognormvariate(math.log(cell[name]), SIGMA) for name in INPUTS}
    return {**cell, **draws}


def random_cells(cell: Mapping[str, float], n: int, rng: np.random.Generator) -> dict[str, Any]:
    """Candidates, by NumPy."""
    draws = {name: rng.lognormal(math.log(cell[name]), SIGMA, n) for name in INPUTS}
    return {**draws, "celsius": cell["celsius"]}


class Sampled(Workload):
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

    def python(self) -> tuple[list[float], list[float]]:
        rng, n = random.Random(1), self.python_points // self.evaluations
        values, first, total = [], [0.0] * len(INPUTS), [0.0] * len(INPUTS)
        for _ in range(n):
            a, b = random_cell(self.cell, rng), random_cell(self.cell, rng)
            V_a, V_b = (reference.ghk(self.cell.model, x)[0] for x in (a, b))
            values += [V_a, V_b]
            for k, name in enumerate(INPUTS):
                V_ab, _ = reference.ghk(self.cell.model, {**a, name: b[name]})
                first[k] += (V_b - V_ab) ** 2 / 2 / n
                total[k] += (V_a - V_ab) ** 2 / 2 / n
        mean = sum(values) / len(values)
        variance = sum((V - mean) ** 2 for V in values) / len(values)
        return [1 - x / variance for x in first], [x / variance for x in total]

    def numpy(self) -> tuple[list[float], list[float]]:
        rng = np.random.default_rng(1)
        a, b = (random_cells(self.cell, self.n, rng) for _ in range(2))
        V_a, V_b = numpy_ghk(**a), numpy_ghk(**b)
        variance = np.concatenate([V_a, V_b]).var()
        first, total = [], []
        for name in INPUTS:
            V_ab = numpy_ghk(**{**a, name: b[name]})
            first.append(1 - ((V_b - V_ab) ** 2).mean() / 2 / variance)
            total.append(((V_a - V_ab) ** 2).mean() / 2 / variance)
        return first, total

    def agrees(self, found: tuple[Sequence[float], Sequence[float]], points: int) -> bool:
        chance = 8 / math.sqrt(points / self.evaluations)
        r = self.space.sobol(self.n, rng=1)
        return all(np.abs(x - r[key]).max() < chance for x, key in zip(found, ("S1", "ST")))


class Exact(Workload):
    """Sobol' indices without a sample: what a space costs from its making to its answer."""

    name = "exact"
    title = "exact indices of 9 lognormal inputs to 1e-6"
    points = 1
    checksum = "ec4af64d3890d173"

    def run(self, threads: int | None = None) -> fr.SobolIndices:
        return lognormals(self.cell).sobol(threads=threads)

    def pieces(self, r: fr.SobolIndices) -> Iterable[Any]:
        return [np.round(r[key], 9) for key in ("S1", "ST")]


# ---- populations ----


class Population(Workload):
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
        return [pop.summary(name, accepted=False).mean for name in self.conditions]

    def python(self) -> tuple[list[float], float]:
        rng, n, model = random.Random(1), self.python_points, self.cell.model
        means, accepted = [0.0, 0.0, 0.0], 0
        phi = PHI_PER_KELVIN * (self.cell["celsius"] + 273.15)
        for _ in range(n):
            x = random_cell(self.cell, rng)
            control, _ = reference.ghk(model, x)
            high_K, _ = reference.ghk(model, {**x, "K_out": 6.5})
            leaky, _ = reference.ghk(model, {**x, "P_Na": 1.5 * x["P_Na"]})
            means = [mean + V / n for mean, V in zip(means, (control, high_K, leaky))]
            E_K = phi * math.log(x["K_out"] / x["K_in"])
            rests = -80 <= control <= -60 and 2 <= high_K - control <= 15
            accepted += rests and -100 <= E_K <= -80
        return means, accepted / n

    def numpy(self) -> tuple[list[float], float]:
        x = random_cells(self.cell, self.numpy_points, np.random.default_rng(1))
        control = numpy_ghk(**x)
        high_K = numpy_ghk(**{**x, "K_out": 6.5})
        leaky = numpy_ghk(**{**x, "P_Na": 1.5 * x["P_Na"]})
        E_K = PHI_PER_KELVIN * (x["celsius"] + 273.15) * np.log(x["K_out"] / x["K_in"])
        change = high_K - control
        accepted = (control >= -80) & (control <= -60) & (change >= 2) & (change <= 15)
        accepted &= (E_K >= -100) & (E_K <= -80)
        return [V.mean() for V in (control, high_K, leaky)], accepted.mean()

    def agrees(self, found: tuple[list[float], float], points: int) -> bool:
        means, fraction = found
        pop = self.run()
        chance = 6 * math.sqrt(1 / points + 1 / self.points)  # sds: of V below 20 mV
        off = np.abs(np.subtract(means, self.means(pop))).max()
        return bool(abs(fraction - pop.fraction) < 0.5 * chance and off < 20 * chance)


# ---- one value ----


class Scalar(Workload):
    """What a call costs: 10 000 of them, for one potential each."""

    name = "scalar"
    title = "one potential a call"
    points = python_points = numpy_points = 10_000
    checksum = "d9cfc00a79bfd09c"

    def __init__(self) -> None:
        super().__init__()
        self.values = tuple(self.cell.values())
        self.named = {name: x for name, x in self.cell.items() if name != "pump_ratio"}

    def run(self, threads: int | None = None) -> Any:
        ghk, values, V = fr.ufuncs.ghk, self.values, None
        for _ in range(self.points):
            V = ghk(*values)
        return V

    def pieces(self, V: Any) -> Iterable[Any]:
        return (V,)

    def python(self) -> float:
        model, values = self.cell.model, dict(self.cell)
        for _ in range(self.points):
            V, _ = reference.ghk(model, values)
        return V

    def numpy(self) -> Any:
        for _ in range(self.points):
            V = numpy_ghk(**self.named)
        return V

    def agrees(self, V: Any, points: int) -> bool:
        return close(V, self.cell.potential())


#: All of them, in the order in which they are shown.
WORKLOADS: dict[str, type[Workload]] = {
    one.name: one for one in (Table, Grid, Summary, Factored, Sampled, Exact, Population, Scalar)
}
