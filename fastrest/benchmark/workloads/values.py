"""Workloads that compute potentials: a table and a grid into memory, and single values."""

from __future__ import annotations  # a version that lacks some of these types can run the rest

from typing import Any

import numpy as np

import fastrest as fr
from fastrest.benchmark.workloads.base import (
    INPUTS,
    Potentials,
    Workload,
    broadcast,
    close,
    evenly,
)


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
