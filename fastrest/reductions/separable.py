"""Grid algebra: answers about a separable grid without visiting its points.

V = phi (a - b), where a is the logarithm of one sum and b that of the other. Axes that enter both
sums, or phi, are *settings*. For each setting the points are all pairs of an a (over the axes of
the first sum alone) and a b (over those of the second). Their sums, extrema and counts follow from
the two lists, so the cost grows with the sum of the lists' lengths. V is the same phi (a - b),
rounded as in ``values()``, so counts and extrema are bit-for-bit identical. With divalent ions
only counts factor.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeGuard

import numpy as np

from fastrest._core import _kernels, pair_kernels
from fastrest._core.edges import count_pairs
from fastrest.models.outputs import SIDES, phi
from fastrest.models.quantities import Status
from fastrest.models.reference import MODERATE
from fastrest.points.grid_points import GridPoints
from fastrest.points.points import Points
from fastrest.reductions.accumulator import UNIT, Accumulator, whole

INFINITE, RANGE = (list(Status).index(bit) for bit in (Status.INFINITE, Status.RANGE))
NO_PERMEANT = list(Status).index(Status.NO_PERMEANT)
#: Relative guard of a test with divalent ions: more than 4 times the largest rounding error.
GUARD = 64 * 2.0**-53
#: Bytes per entry of a list: its logarithm, its number, a sorted copy, and two keys with a bin.
BYTES = 48
#: Entries of a list that is not cut: a thread's lists take some 500 MB at most.
LONGEST = 8_000_000
#: Pairs whose potentials are computed at once.
AT_ONCE = 1 << 20
#: Seconds per point pointwise; per entry of a list, per entry and edge, and per setting. Only the
#: choice of the method and the length of tasks depend on them.
POINT, ENTRY, PAIR, SETTING = 1e-9, 6e-8, 1e-9, 2e-4


class Settings:
    """The dimensions of a grid, by the sums of its output that they enter.

    Axes that enter both sums, or phi, are settings. For each setting the points are all pairs of
    an entry of the first list (over `num`) and an entry of the second (over `den`), once for
    every place on the `free` axes. Where a list would be too long for the memory, an axis of it is
    cut into equal parts: the axis of the parts is a setting, too.
    """

    remedy = "the lists of method='factored' are long: use threads=1, or method='pointwise'"

    def __init__(self, grid: GridPoints):
        num, den = grid.table_dims()
        celsius = grid.dim_of.get("celsius")
        settings = (num & den) | ({celsius} if celsius is not None else set())
        self.grid, self.separable = grid, grid.output.separable
        #: length of every dimension, and difference of the numbers of neighbouring points along it
        self.shape: list[int] = []
        self.strides: list[int] = []
        self.settings: list[int] = []
        self.num: list[int] = []
        self.den: list[int] = []
        self.free: list[int] = []
        self.celsius: int | None = None
        parts = {
            **cuts({d: grid.shape[d] for d in sorted(num - settings)}),
            **cuts({d: grid.shape[d] for d in sorted(den - settings)}),
        }
        for d, length in enumerate(grid.shape):
            stride = math.prod(grid.shape[d + 1 :])
            if d == celsius:
                self.celsius = len(self.shape)
            in_lists = self.num if d in num else self.den if d in den else self.free
            within = length // parts.get(d, 1)
            if d not in settings and within < length:
                self._add(self.settings, length // within, within * stride)
            self._add(self.settings if d in settings else in_lists, within, stride)
        self.entries = self.size(self.num) + self.size(self.den)
        #: points of one setting
        self.unit = len(grid) // self.size(self.settings)
        #: approximate memory that a thread takes for a setting
        self.list_bytes = BYTES * self.entries

    def _add(self, dims: list[int], length: int, stride: int) -> None:
        dims.append(len(self.shape))
        self.shape.append(length)
        self.strides.append(stride)

    def size(self, dims: list[int]) -> int:
        """Return the number of places on some axes together."""
        return math.prod(self.shape[d] for d in dims)

    def numbers(self, dims: list[int], places: np.ndarray) -> np.ndarray:
        """Return the share of places on some axes in the number of a point."""
        indices = np.unravel_index(places, [self.shape[d] for d in dims]) if dims else ()
        found = np.zeros(len(places), np.int64)
        for d, along in zip(dims, indices):
            found += along * self.strides[d]
        return found

    def first(self, place: dict[int, int]) -> int:
        """Return the number of the first point of a setting."""
        return sum(i * self.strides[d] for d, i in place.items())

    def places(self, start: int = 0, stop: int | None = None) -> Iterator[dict[int, int]]:
        """Yield settings from one number to another: the place on each of their dimensions."""
        shape = [self.shape[d] for d in self.settings]
        for setting in range(start, math.prod(shape) if stop is None else stop):
            indices = np.unravel_index(setting, shape) if shape else ()
            yield {d: int(i) for d, i in zip(self.settings, indices)}

    def seconds(self, n_edges: int) -> float:
        """Return the approximate time that a setting takes."""
        if self.separable:
            return SETTING + (ENTRY + n_edges * PAIR) * self.entries
        return n_edges * (SETTING + 2 * ENTRY * self.entries)

    def pays(self, n_edges: int) -> bool:
        """Return True if the algebra is likely faster than visiting the points."""
        return self.seconds(n_edges) < (POINT if self.separable else 4 * POINT) * self.unit

    # ---- a pass: see `running.Pointwise` ----

    def units_per_task(self, n_edges: int) -> int:
        """Return the number of settings that take 20 ms, so that Ctrl-C is quick."""
        return max(1, int(0.02 / max(1e-4, self.seconds(n_edges))))

    def total_seconds(self, points: int, n_edges: int) -> float:
        """Return the approximate time of so many points in one thread."""
        return self.seconds(n_edges) * -(-points // self.unit)

    def work_bytes(self, workers: int, points: int) -> int:
        """Return the approximate memory that workers take for so many points."""
        return min(workers, -(-points // self.unit)) * self.list_bytes

    def adder(
        self, empty: Accumulator, isa: str, sums: bool, threads: int | None
    ) -> Callable[[Accumulator, int, int], None]:
        """Return a function that adds the points of a range of settings to an accumulator."""
        pairs = (Monovalent if self.separable else Divalent)(self, isa)

        def add(state: Accumulator, start: int, stop: int) -> None:
            for place in self.places(start // self.unit, -(-stop // self.unit)):
                state.add(pairs.at(place, state, sums))

        return add


def cuts(lengths: dict[int, int]) -> dict[int, int]:
    """Return the number of equal parts into which each axis of a list is cut."""
    parts: dict[int, int] = {}
    pieces = -(-math.prod(lengths.values()) // LONGEST)
    while pieces > 1:
        left = {d: n for d, n in lengths.items() if d not in parts}
        enough = [(divisor(n, pieces), d) for d, n in left.items() if n >= pieces]
        p, d = min(enough) if enough else max((n, d) for d, n in left.items())
        parts[d] = p
        pieces = -(-pieces // p)
    return parts


def divisor(n: int, least: int) -> int:
    """Return a divisor of n, not less than another number: the next one, unless that is far."""
    return next((p for p in range(least, min(n, 100 * least)) if n % p == 0), n)


def applies(points: Points, sums: bool) -> TypeGuard[GridPoints]:
    """Return True if the algebra answers: with divalent ions it counts, but gives no sums."""
    if points.event is not None or not isinstance(points, GridPoints):
        return False
    if points.output.two_sided and not points.output.separable:
        return not sums
    return points.route == "factored"


class Pairs:
    """The pairs of entries of a grid's two lists, at any of its settings."""

    def __init__(self, axes: Settings, isa: str):
        self.grid, self.isa, self.axes = axes.grid, isa, axes
        self.dims = (axes.num, axes.den)
        self.copies = axes.size(axes.free)

    def columns(self, columns: list[Any], side: int, place: dict[int, int]) -> list[Any]:
        """Return the grid's columns along one list, at a setting."""
        dims = self.dims[side]
        where = tuple(
            slice(None) if d in dims else place.get(d, 0) for d in range(len(self.axes.shape))
        )
        at = [c if isinstance(c, float) else c.reshape(self.axes.shape)[where] for c in columns]
        return at if dims else [float(c) for c in at]

    def phi(self, place: dict[int, int]) -> float:
        """Return RT/F in mV at a setting."""
        celsius = self.grid.cell["celsius"]
        if self.axes.celsius is not None:
            celsius = self.grid.inputs["celsius"][place[self.axes.celsius]]
        return float(phi(celsius))

    def at(self, place: dict[int, int], so_far: Accumulator, sums: bool) -> Accumulator:
        """Return the accumulator of a setting; extrema only if they may beat those so far."""
        raise NotImplementedError

    def counted(
        self, so_far: Accumulator, sizes: Any, valid: Any, empty: Any, beyond: Any
    ) -> Accumulator:
        """Return an accumulator of the pairs' statuses.

        Each argument holds, for both lists, a number of entries: of all, of those that are valid,
        of empty sums, and of sums out of range.
        """
        one = so_far.empty()
        (n_a, n_b), (a, b), (a_empty, b_empty) = sizes, valid, empty
        numbers = (n_a - beyond[0]) * (n_b - beyond[1])
        one.n = a * b * self.copies
        one.counts[-1] = one.n
        one.invalid[RANGE] = (n_a * n_b - numbers) * self.copies
        one.invalid[NO_PERMEANT] = a_empty * b_empty * self.copies
        one.invalid[INFINITE] = (a_empty * b + a * b_empty) * self.copies
        return one

    def count(self, one: Accumulator, below: np.ndarray) -> None:
        """Set the counts between edges, from the number of pairs below each edge."""
        one.counts = np.diff(below * self.copies, prepend=0, append=one.n)


class Monovalent(Pairs):
    """V = phi (a - b) of two lists of logarithms."""

    def __init__(self, axes: Settings, isa: str):
        super().__init__(axes, isa)
        self.all_columns = self.grid.columns_over(None, self.grid.scale or 1.0)
        self.equations = [self.grid.output.log_sums[side] for side in SIDES]

    def logs(self, side: int, place: dict[int, int]) -> np.ndarray:
        """Return one list: the logarithms of a sum at a setting."""
        columns = self.columns(self.all_columns, side, place)
        found = np.empty(self.axes.size(self.dims[side]))
        self.equations[side].points(columns, 0, found.size, found, isa=self.isa)
        return found

    def moments(self, logs: np.ndarray) -> Accumulator:
        """Return the sums and extrema of a list's finite entries."""
        state = Accumulator("factored", np.empty(0))
        state.add_values(logs, isa=self.isa)
        return state

    def at(self, place: dict[int, int], so_far: Accumulator, sums: bool) -> Accumulator:
        a, b, scale = self.logs(0, place), self.logs(1, place), self.phi(place)
        A, B = self.moments(a), self.moments(b)
        one = self.counted(
            so_far,
            (a.size, b.size),
            (A.n, B.n),
            (A.invalid[INFINITE], B.invalid[INFINITE]),
            (A.invalid[RANGE], B.invalid[RANGE]),
        )
        if one.n and len(one.edges):
            self.count(one, self.below(scale, _finite(a), _finite(b), one.edges))
        if one.n and sums:
            _set_sums(one, A, B, scale, self.copies)
            first = self.axes.first(place)
            low, high = scale * (A.min - B.max), scale * (A.max - B.min)
            if so_far.argmin < 0 or low <= so_far.min:
                one.min = low
                one.argmin = first + self.first_pair(a, b, A.min, B.max, low, scale)
            if so_far.argmax < 0 or high >= so_far.max:
                one.max = high
                one.argmax = first + self.first_pair(a, b, A.max, B.min, high, scale)
        return one

    def below(self, scale: float, a: np.ndarray, b: np.ndarray, edges: np.ndarray) -> np.ndarray:
        """Count the pairs with V < each edge; the kernel goes through the first list."""
        if len(a) > len(b):  # V < t where -V = scale (b - a) > -t, to the bit
            mirrored = np.nextafter(-edges[::-1], np.inf)
            return len(a) * len(b) - self.below(scale, b, a, mirrored)[::-1]
        return count_pairs(scale, a, b, edges, isa=self.isa)

    def between(
        self, place: dict[int, int], intervals: Sequence[tuple[float, float]]
    ) -> list[np.ndarray]:
        """Return the potentials of a setting in intervals, once for each pair, in no order."""
        a, b = (_finite(self.logs(side, place)) for side in (0, 1))
        if not (len(a) and len(b)):
            return [np.empty(0)] * len(intervals)
        scale = self.phi(place)
        return [pair_kernels.list_pairs(scale, a, b, *ends, isa=self.isa) for ends in intervals]

    def first_pair(
        self, a: np.ndarray, b: np.ndarray, a_best: float, b_best: float, V: float, scale: float
    ) -> int:
        """Return the lowest number of a pair with potential V, an extremum."""
        with np.errstate(invalid="ignore"):
            a_places = np.flatnonzero(scale * (a - b_best) == V)
            b_places = np.flatnonzero(scale * (a_best - b) == V)
        a_numbers = self.axes.numbers(self.dims[0], a_places)
        b_numbers = self.axes.numbers(self.dims[1], b_places)
        a_values, first_a = np.unique(a[a_places], return_index=True)
        b_values, first_b = np.unique(b[b_places], return_index=True)
        found: list[int] = []
        for x, number in zip(a_values, a_numbers[first_a].tolist()):
            equal = scale * (x - b_values) == V
            if equal.any():
                found.append(number + int(b_numbers[first_b][equal].min()))
        return min(found)


def _finite(logs: np.ndarray) -> np.ndarray:
    """Return the finite ones of some logarithms, sorted."""
    finite = np.isfinite(logs)
    found = logs if finite.all() else logs[finite]
    increase = (found[1:] >= found[:-1]).all()  # as along most axes; a test is quick
    return found if increase else np.sort(found)


def listed(
    grid: GridPoints, intervals: Sequence[tuple[float, float]]
) -> tuple[list[np.ndarray], int]:
    """List the potentials of a grid in intervals low <= V < high.

    Returns
    -------
    potentials : list of ndarray
        Sorted, for each interval.
    copies : int
        The number of points that have each potential.
    """
    axes = Settings(grid)
    pairs = Monovalent(axes, _kernels.ISA)
    found = [pairs.between(place, intervals) for place in axes.places()]
    return [np.sort(np.concatenate(parts)) for parts in zip(*found)], pairs.copies


def _set_sums(one: Accumulator, A: Accumulator, B: Accumulator, scale: float, copies: int) -> None:
    """Set the sums over all pairs of phi (a - b) and of its square, as whole numbers."""
    factor = whole(scale)
    total = B.n * A.total - A.n * B.total
    squares = B.n * A.squares - 2 * A.total * B.total + A.n * B.squares
    one.total = copies * factor * total >> UNIT
    one.squares = copies * factor**2 * squares >> 2 * UNIT


class Divalent(Pairs):
    """Zero net current with divalent ions: with x = exp(t/phi)

        V < t  <=>  N (1 + x) + 4 M_out < x (1 + x) D + 4 x^2 M_in

    The left side follows from one list and the right side from the other. Where rounding could
    decide, V itself is computed and compared.
    """

    def __init__(self, axes: Settings, isa: str):
        super().__init__(axes, isa)
        self.all_columns = self.grid.columns_over(None)
        self.equation = self.grid.output.equation

    def terms(self, side: int, place: dict[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the sums of the terms of charges 1 and 2, and a mask of the live sums."""
        model = self.grid.cell.model
        columns, n = self.columns(self.all_columns, side, place), len(model.ions)
        size = self.axes.size(self.dims[side])
        sums, alive = (np.zeros(size), np.zeros(size)), np.zeros(size, bool)
        for j, ion in enumerate(model.ions):
            if ion.name in model.passive:
                continue
            weight, c = columns[j], columns[(n if (ion.z > 0) == (side == 0) else 2 * n) + j]
            if ion.name == model.pump_ion:
                weight = weight * columns[3 * n + 1]
            sums[abs(ion.z) - 1][...] += np.ravel(weight * c)
            alive |= np.ravel(np.not_equal(weight, 0) & np.not_equal(c, 0))
        return (*sums, alive)

    def at(self, place: dict[int, int], so_far: Accumulator, sums: bool) -> Accumulator:
        sides = [self.terms(side, place) for side in (0, 1)]
        lowest, highest = MODERATE
        totals = [mono + 4.0 * di for mono, di, _ in sides]
        within = [(t >= lowest) & (t <= highest) for t in totals]
        good = [np.flatnonzero(w) for w in within]
        one = self.counted(
            so_far,
            [t.size for t in totals],
            [g.size for g in good],
            [int((~alive).sum()) for _, _, alive in sides],
            [int((alive & ~w).sum()) for (_, _, alive), w in zip(sides, within)],
        )
        if one.n and len(one.edges):
            (N, M_out, _), (D, M_in, _) = sides
            left, right = (N[good[0]], M_out[good[0]]), (D[good[1]], M_in[good[1]])
            rows = self.axes.first(place) + self.axes.numbers(self.dims[0], good[0])
            columns, scale = self.axes.numbers(self.dims[1], good[1]), self.phi(place)
            below = [self.below(t, scale, left, right, rows, columns) for t in one.edges.tolist()]
            self.count(one, np.array(below, np.int64))
        return one

    def below(self, t: float, scale: float, left: Any, right: Any, rows: Any, columns: Any) -> int:
        """Count the pairs with V < t, of entries and their shares in the numbers of points."""
        u = t / scale
        x = math.exp(-abs(u))
        outer, inner = (x * (1.0 + x), 4.0 * x * x), (1.0 + x, 4.0)
        if u > 0:  # divide both sides by exp(2u), so that the larger one stays within the doubles
            inner, outer = outer, inner
        L = inner[0] * left[0] + inner[1] * left[1]
        R = outer[0] * right[0] + outer[1] * right[1]
        order = np.argsort(R)
        guard = GUARD * (1.0 + abs(u))
        start = np.searchsorted(R[order], L * (1.0 - guard), side="left")
        stop = np.searchsorted(R[order], L * (1.0 + guard), side="right")
        sure = int((len(order) - stop).sum())
        return sure + self.below_one_by_one(t, rows, columns[order], start, stop)

    def below_one_by_one(
        self, t: float, rows: np.ndarray, columns: np.ndarray, start: np.ndarray, stop: np.ndarray
    ) -> int:
        """Count the pairs with V < t among those of row i and the columns from start to stop."""
        found = 0
        ends = np.cumsum(stop - start)
        for lo in range(0, int(ends[-1]), AT_ONCE):
            pairs = np.arange(lo, min(lo + AT_ONCE, int(ends[-1])))
            i = np.searchsorted(ends, pairs, side="right")
            points = rows[i] + columns[stop[i] - (ends[i] - pairs)]
            values = {**self.grid.cell, **self.grid.parameters(points)}
            V = np.empty(len(points))
            inputs = self.grid.output.columns_of(values)
            self.equation.points(inputs, 0, len(points), V, isa=self.isa)
            found += int(np.count_nonzero(np.less(V, t)))
        return found
