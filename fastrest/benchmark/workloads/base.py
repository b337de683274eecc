"""The base class of workloads, and the helpers that several workloads share.

`fastrest bench`, `pytest bench` and `bench/compare/compare.py` all measure these workloads. They
use the public names of fastrest only, so that one list can measure two versions of it.

Tables and grids are made with whole numbers and + - * / alone, and samples by the kernels, so that
inputs and checksums are the same on every machine.
"""

from __future__ import annotations  # a version that lacks some of these types can run the rest

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

import fastrest as fr

#: R/F, mV per kelvin.
PHI_PER_KELVIN = 1000 * 8.31446261815324 / 96485.33212331001
#: Largest difference, mV, between results that agree: other tools may use fast maths.
TOLERANCE = 1e-9
#: The parameters of the cell that vary in tables and spaces.
INPUTS = ("P_K", "P_Na", "P_Cl", "K_out", "Na_out", "Cl_out", "K_in", "Na_in", "Cl_in")

#: A function that computes potentials of arrays that broadcast.
Potentials = Callable[..., Any]


def numpy_ghk(**x: Any) -> Any:
    """Compute potentials of arrays that broadcast: a table's columns, or a grid's axes."""
    num, den = sums(x)
    return PHI_PER_KELVIN * (x["celsius"] + 273.15) * np.log(num / den)


def sums(x: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the numerator and the denominator of the equation."""
    return (
        x["P_K"] * x["K_out"] + x["P_Na"] * x["Na_out"] + x["P_Cl"] * x["Cl_in"],
        x["P_K"] * x["K_in"] + x["P_Na"] * x["Na_in"] + x["P_Cl"] * x["Cl_out"],
    )


class Workload:
    """A computation made ready: an instance holds the inputs and room for the results.

    Attributes
    ----------
    name, title : str
    points : int
        Potentials, evaluations of the model or candidates that `run` computes.
    moved : (float, float)
        Bytes read from and written to memory for each point; zeros if the data stay in the caches.
    yardstick : str
        The yardstick that its times are compared with: ``"libm"``, ``"fill"`` or ``"copy"``.
    checksum : str
        The checksum of the result of `run`, the same on every machine.
    python_points, numpy_points : int
        Points that the counterparts compute, 0 if there is no counterpart.
    numpy_ghk : callable
        The equation in plain NumPy, for the NumPy counterpart.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    points: ClassVar[int]
    moved: ClassVar[tuple[float, float]] = (0, 0)
    yardstick: ClassVar[str] = "libm"
    checksum: ClassVar[str]
    python_points: ClassVar[int] = 0
    numpy_points: ClassVar[int] = 0
    numpy_ghk = staticmethod(numpy_ghk)

    def __init__(self) -> None:
        self.cell = fr.cells["mammalian neuron"]

    def run(self, threads: int | None = None) -> Any:
        """Compute the result with fastrest."""
        raise NotImplementedError

    def pieces(self, result: Any) -> Iterable[Any]:
        """Return the arrays and numbers of a result that its checksum is made of."""
        return (result,)

    def answer(self, points: int, ghk: Potentials) -> Any:
        """Compute so many points with NumPy and a function that gives the potentials."""
        raise NotImplementedError

    def agrees(self, other: Any, points: int) -> bool:
        """Return whether a counterpart's result for so many points agrees with fastrest's."""
        raise NotImplementedError

    def python(self) -> Any:
        """Compute `python_points` points; the potentials are those of the reference."""
        return self.answer(self.python_points, self.reference)

    def numpy(self) -> Any:
        """Compute `numpy_points` points with plain NumPy."""
        return self.answer(self.numpy_points, self.numpy_ghk)

    def reference(self, **values: Any) -> np.ndarray:
        """Compute potentials of arrays that broadcast, one after the other in plain Python."""
        model, arrays = self.cell.model, np.broadcast_arrays(*values.values())
        rows = zip(*(array.ravel().tolist() for array in arrays))
        V = [model.reference(model, dict(zip(values, row)))[0] for row in rows]
        return np.reshape(V, arrays[0].shape)

    def digest(self, result: Any) -> str:
        """Return the checksum of a result: of its numbers' bits, as little-endian doubles."""
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


def evenly(cell: fr.Cell, **axes: tuple[float, float, int]) -> fr.Grid:
    """Make a grid with evenly spaced values on each axis."""
    return fr.grid(cell, **{name: np.linspace(*span) for name, span in axes.items()})


def broadcast(sweep: fr.Grid) -> dict[str, Any]:
    """Return a grid's parameters as arrays that broadcast to its shape."""
    axes = np.ix_(*(sweep.axis_values(name) for name in sweep.dims))
    return {**sweep.cell, **dict(zip(sweep.dims, axes))}


def close(V: Any, expected: Any) -> bool:
    """Return whether potentials are equal within the tolerance."""
    return bool(np.allclose(V, expected, rtol=0, atol=TOLERANCE))
