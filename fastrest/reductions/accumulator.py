"""Accumulators: exact counts, sums and extrema of points, which merge in any order.

Counts and sums are whole numbers, and an answer is rounded once, at the end: neither the order nor
the grouping of points can change it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from fastrest._core import _kernels
from fastrest._core.edges import Edges
from fastrest._core.validation import Comparable, whole_number
from fastrest.models.quantities import Status
from fastrest.physiology.criteria import Criterion, quantity_from_json, quantity_to_json
from fastrest.runtime.ranges import Ranges
from fastrest.runtime.storage import packed, unpacked

#: Sums are whole multiples of 2^-UNIT, those of squares of 2^-2 UNIT: every double is one.
UNIT = 1074
#: The longest array that a file holds as a list; longer ones are packed.
FEW = 256
#: The most numbers that a character of a packed array can stand for.
MOST_PACKED = 1024
#: The arrays of an accumulator.
LONG: dict[str, type[Any]] = {"edges": np.float64, "counts": np.int64}


def whole(x: float) -> int:
    """Return a double as a multiple of 2^-UNIT."""
    numerator, denominator = float(x).as_integer_ratio()
    return numerator << (UNIT + 1 - denominator.bit_length())


@dataclass(eq=False)
class Accumulator(Comparable):
    """Counts, sums and extrema of some points; those of other points can be added.

    Attributes
    ----------
    method : str
        "factored" or "pointwise".
    edges : ndarray
        Values between which valid points are counted.
    of : str or Criterion
        The quantity that is accumulated.
    n : int
        Valid points.
    invalid : list of int
        The other points, by the lowest bit of their status.
    total, squares : int
        Exact sums of values and of their squares, in units of 2^-UNIT and 2^-2 UNIT.
    min, argmin, max, argmax
        Extrema, and the numbers of the first points that have them; -1 if there is none.
    counts : ndarray of int64
        Valid points below the first edge, between two edges, and from the last edge on.
    """

    method: str
    edges: np.ndarray
    of: str | Criterion = "V"
    n: int = 0
    invalid: list[int] = field(default_factory=lambda: [0] * len(Status))
    total: int = 0
    squares: int = 0
    min: float = math.inf
    argmin: int = -1
    max: float = -math.inf
    argmax: int = -1
    counts: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        if len(self.counts) == 0:
            self.counts = np.zeros(len(self.edges) + 1, np.int64)

    def empty(self) -> "Accumulator":
        """Return the accumulator of no points, with the same method, edges and quantity."""
        return Accumulator(self.method, self.edges, self.of)

    def counts_like(self, other: "Accumulator") -> bool:
        """Return True if another accumulator has the same method, edges and quantity."""
        same = (self.method, self.of) == (other.method, other.of)
        return same and np.array_equal(self.edges, other.edges)

    def add_blocks(
        self, blocks: np.ndarray, counts: np.ndarray | None, first: int, sums: bool
    ) -> None:
        """Add the results of the C core; it numbered the points from `first` on."""
        self.counts += blocks["n"].sum() if counts is None else counts
        if not sums:
            self.n += int(blocks["n"].sum())
            self.add_invalid(blocks["invalid"].sum(axis=0))
            return
        for n, invalid, pivot, s, s_rest, q, q_rest, low, high, argmin, argmax in blocks.tolist():
            self.add_invalid(invalid)
            self.n += n
            if n == 0:
                continue
            about, deviation = whole(pivot), whole(s) + whole(s_rest)
            self.total += n * about + deviation
            squares = (whole(q) + whole(q_rest)) << UNIT
            self.squares += squares + about * (2 * deviation + n * about)
            self._widen(low, first + argmin, high, first + argmax)

    def add_values(
        self,
        values: np.ndarray,
        numbers: np.ndarray | None = None,
        edges: Edges | None = None,
        isa: str | None = None,
    ) -> None:
        """Add values that were computed before; those that are not finite are invalid.

        Parameters
        ----------
        values : ndarray
        numbers : ndarray of int, optional
            Numbers of the points; by default their places in `values`.
        edges : Edges, optional
            The index of the accumulator's edges; none if it has no edges.
        isa : str, optional
        """
        if not len(values):
            return
        identity = _kernels.Equation("separable")  # phi (a - b) with b = 0 and phi = 1
        blocks, counts = identity.reduce([values, 0.0, 1.0], 0, len(values), edges, isa=isa)
        if numbers is not None:
            for place in ("argmin", "argmax"):
                blocks[place] = numbers[blocks[place]]
        self.add_blocks(blocks, counts, 0, True)

    def add_events(self, holds: np.ndarray, status: np.ndarray, first: int) -> None:
        """Add consecutive points, at which an event holds (1) or does not (0); NaN if invalid."""
        self.add_invalid(count_reasons(status))
        for value in (0, 1):
            places = np.flatnonzero(holds == value)
            n = len(places)
            self.n += n
            self.total += n * value << UNIT
            self.squares += n * value << 2 * UNIT
            self.counts[np.searchsorted(self.edges, value, side="right")] += n
            number = first + int(places[0]) if n else -1
            self._widen(float(value), number, float(value), number)

    def add_invalid(self, counts: Any) -> None:
        """Add numbers of invalid points, by the lowest bit of their status."""
        self.invalid = [a + int(b) for a, b in zip(self.invalid, counts)]

    def add(self, other: "Accumulator") -> None:
        """Add the accumulator of other points."""
        self.n += other.n
        self.add_invalid(other.invalid)
        self.total += other.total
        self.squares += other.squares
        self.counts += other.counts
        self._widen(other.min, other.argmin, other.max, other.argmax)

    def _widen(self, low: float, argmin: int, high: float, argmax: int) -> None:
        """Take extrema into account; the number of a point is -1 if there is none."""
        if argmin >= 0 and (self.argmin < 0 or (low, argmin) < (self.min, self.argmin)):
            self.min, self.argmin = low, argmin
        if argmax >= 0 and (self.argmax < 0 or (-high, argmax) < (-self.max, self.argmax)):
            self.max, self.argmax = high, argmax

    def below(self, edges: npt.ArrayLike) -> np.ndarray:
        """Return the number of valid values below each of some edges that were counted between."""
        wanted = np.asarray(edges, np.float64)
        places = np.searchsorted(self.edges, wanted)
        other = np.append(self.edges, np.nan)[places] != wanted
        if other.any():
            edge = float(wanted[other][0])
            raise ValueError(f"{edge!r} is none of the edges that were counted")
        return np.asarray(np.cumsum(self.counts)[places])

    def between(self, edges: npt.ArrayLike) -> tuple[np.ndarray, int, int]:
        """Return the numbers of valid values between edges, below the first, from the last on."""
        below = self.below(edges)
        return np.diff(below), int(below[0]), self.n - int(below[-1])

    @property
    def mean(self) -> float:
        """The mean; NaN if no point is valid."""
        return self.total / (self.n << UNIT) if self.n else math.nan

    @property
    def sd(self) -> float:
        """The standard deviation, with divisor n; NaN if no point is valid."""
        if not self.n:
            return math.nan
        return math.sqrt(max(0, self.variance) / (self.n**2 << 2 * UNIT))

    @property
    def variance(self) -> int:
        """The variance in units of 2^-2 UNIT, times n^2."""
        return self.n * self.squares - self.total**2

    @property
    def reasons(self) -> dict[str, int]:
        """The numbers of invalid points by the name of their status."""
        return {str(bit.name): n for bit, n in zip(Status, self.invalid) if n}

    # ---- as JSON ----

    def to_json(self) -> dict[str, Any]:
        """Return the accumulator as JSON holds it: integers of any size, and doubles to the bit."""
        return {
            **vars(self),
            "edges": _as_json(self.edges, [float(e).hex() for e in self.edges[:FEW]]),
            "of": quantity_to_json(self.of),
            "total": hex(self.total),
            "squares": hex(self.squares),
            "min": self.min.hex(),
            "max": self.max.hex(),
            "counts": _as_json(self.counts, self.counts[:FEW].tolist()),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Accumulator":
        """Return the accumulator of `to_json`."""
        found = {one.name: data[one.name] for one in fields(cls)}
        edges, counts = (_of_json(data[name], dtype) for name, dtype in LONG.items())
        found["edges"] = np.array([float.fromhex(e) if isinstance(e, str) else e for e in edges])
        found["of"] = quantity_from_json(data["of"])
        found["counts"] = np.array([whole_number("counts", n, 0) for n in counts], np.int64)
        invalid = [whole_number("invalid", one, 0) for one in data["invalid"]]
        found["invalid"] = with_all_reasons(invalid)
        for name, least in (("n", 0), ("argmin", -1), ("argmax", -1)):
            found[name] = whole_number(name, data[name], least)
        for name in ("total", "squares"):
            found[name] = int(data[name], 16)
        for name in ("min", "max"):
            found[name] = float.fromhex(data[name])
        return cls(**found)

    def check(self, done: Ranges, points: int, sums: bool) -> None:
        """Raise the ValueError that names a field which contradicts another.

        Parameters
        ----------
        done : sequence of (start, stop)
            The ranges of points that were accumulated.
        points : int
            The number of points, valid and invalid.
        sums : bool
            True if sums and extrema are wanted.
        """
        counted, invalid = sum(self.counts.tolist()), sum(self.invalid)
        if len(self.counts) != len(self.edges) + 1 or counted != self.n:
            raise ValueError(f"counts must have n = {self.n:,} points, got {counted:,}")
        if len(self.invalid) != len(Status) or self.n + invalid != points:
            raise ValueError(
                f"n and invalid must have the {points:,} points of done, got {self.n + invalid:,}"
            )
        for name in ("argmin", "argmax"):
            place = getattr(self, name)
            if place >= 0 and not any(start <= place < stop for start, stop in done):
                raise ValueError(f"{name} must be a point of done, got {place}")
        extremes = self.argmin, self.argmax, self.min, self.max
        if not self.n or min(extremes[:2]) < 0:
            nothing = (-1, -1, math.inf, -math.inf), 0, 0
            if (extremes, self.total, self.squares) != nothing or (self.n and sums):
                raise ValueError("total, squares, min and max must be those of n points")
            return
        if not -math.inf < self.min <= self.max < math.inf:
            raise ValueError(f"min <= max must hold, got {self.min!r} and {self.max!r}")
        lowest, highest = (
            self.min - 1e-9 * abs(self.min),
            self.max + 1e-9 * abs(self.max),
        )  # rounding
        if not whole(lowest) * self.n <= self.total <= whole(highest) * self.n:
            raise ValueError(f"total must be n times a mean from min to max, got {self.mean!r}")
        largest = whole(max(abs(lowest), abs(highest)))
        if self.variance < -(1 << UNIT) or self.squares > self.n * largest**2:
            raise ValueError("squares must be the sum of n squares from min to max")


def _as_json(array: np.ndarray, few: list[Any]) -> Any:
    """Return an array for JSON: as a list, or packed if it is long."""
    return few if len(array) <= FEW else {"length": len(array), "packed": packed(array)}


def _of_json(data: Any, dtype: type[Any]) -> list[Any]:
    """Return the list that `_as_json` has made of an array."""
    if not isinstance(data, Mapping):
        return list(data)
    length = whole_number("length", data["length"], 0, MOST_PACKED * len(data["packed"]))
    found: list[Any] = unpacked(data["packed"], dtype, length).tolist()
    return found


def with_all_reasons(invalid: list[Any]) -> list[Any]:
    """Return numbers of invalid points for every status; earlier files lack the last two."""
    return [*invalid, 0, 0] if len(invalid) == len(Status) - 2 else invalid


def count_reasons(status: np.ndarray) -> np.ndarray:
    """Count invalid points by the lowest bit of their status."""
    lowest = status & (~status + np.uint8(1))
    return np.array([np.count_nonzero(lowest == bit) for bit in Status], np.int64)
