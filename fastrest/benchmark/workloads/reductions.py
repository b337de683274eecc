"""Workloads that reduce a grid without storing its potentials."""

from __future__ import annotations  # a version that lacks some of these types can run the rest

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

import fastrest as fr
from fastrest.benchmark.workloads.base import (
    PHI_PER_KELVIN,
    Potentials,
    Workload,
    broadcast,
    close,
    evenly,
    sums,
)


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
