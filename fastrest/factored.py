"""Grid algebra: answers about a separable grid without visiting its points.

V = phi (a - b), a the logarithm of one sum, b that of the other. Axes that enter both sums, or
phi, are *settings*; for each setting the points are all pairs of an a (over the axes of the first
sum alone) and a b (over those of the second). Their sums, extrema and counts follow from the two
lists: the cost grows with the sum of their lengths. What V is, is the same: phi (a - b), rounded
as in ``values()``, so that counts and extrema are equal to the bit. With divalent ions counts alone
factor.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _kernels
from .grids import SIDES, Grid
from .model import phi
from .physics import Status
from .reduce import UNIT, State, whole
from .reference import MODERATE

if TYPE_CHECKING:
    from .sweep import Sweep

INFINITE, RANGE = (list(Status).index(bit) for bit in (Status.INFINITE, Status.RANGE))
NO_PERMEANT = list(Status).index(Status.NO_PERMEANT)
#: Of two sides of a test with divalent ions: what rounding could move, times 4 and more.
GUARD = 64 * 2.0**-53
#: Bytes per entry of a list: its logarithm, its number, sorted copies.
BYTES = 40
#: Entries times edges in one call of the kernel: some 20 ms.
AT_ONCE = 1 << 24
#: Seconds per point pointwise; per entry of a list, per entry and edge, and per setting: they
#: choose a method and the length of tasks, and nothing else depends on them.
POINT, ENTRY, PAIR, SETTING = 1e-9, 6e-8, 1e-9, 2e-4


class Axes:
    """The dimensions of a grid by what they enter."""

    def __init__(self, grid: "Grid"):
        num, den = (grid._table_dims(side) for side in ("num", "den"))
        celsius = {grid._dim_of["celsius"]} if "celsius" in grid._dim_of else set()
        everything = set(range(len(grid.shape)))
        self.settings = sorted((num & den) | celsius)
        self.num = sorted(num - set(self.settings))
        self.den = sorted(den - set(self.settings))
        self.free = sorted(everything - num - den - celsius)
        self.shape = grid.shape

    def size(self, dims: list[int]) -> int:
        return math.prod(self.shape[d] for d in dims)

    def numbers(self, dims: list[int]) -> np.ndarray:
        """What each place on some axes adds to a point's number."""
        found = np.zeros((), np.int64)
        for d in dims:
            stride = math.prod(self.shape[d + 1 :])
            found = np.add.outer(found, np.arange(self.shape[d], dtype=np.int64) * stride)
        return found.ravel()


def possible(sweep: "Sweep", sums: bool) -> bool:
    """Whether the algebra answers: with divalent ions it counts, but does not sum."""
    if isinstance(sweep, Grid) and sweep.cell.model.two_sided and not sweep.cell.model.separable:
        return not sums
    return sweep.route == "factored"


def seconds(sweep: "Sweep", n_edges: int) -> float:
    """About how long a setting takes."""
    axes = Axes(sweep)  # type: ignore[arg-type]
    entries = axes.size(axes.num) + axes.size(axes.den)
    if sweep.cell.model.separable:
        return SETTING + (ENTRY + n_edges * PAIR) * entries
    return n_edges * (SETTING + 2 * ENTRY * entries)


def work_bytes(sweep: "Sweep") -> int:
    """About the memory that a thread takes for a setting."""
    axes = Axes(sweep)  # type: ignore[arg-type]
    return BYTES * (axes.size(axes.num) + axes.size(axes.den))


def pays(sweep: "Sweep", n_edges: int) -> bool:
    """Whether the algebra, if it is possible, is likely faster than the points."""
    point = POINT if sweep.cell.model.separable else 4 * POINT
    return seconds(sweep, n_edges) < point * unit(sweep)


def unit(sweep: "Sweep") -> int:
    """Points of one setting."""
    axes = Axes(sweep)  # type: ignore[arg-type]
    return len(sweep) // axes.size(axes.settings)


def part(grid: Any, isa: str, sums: bool) -> Callable[[State, int, int], None]:
    """A function that adds a range of settings, each counted as `unit` points, to a state."""
    pairs = (Monovalent if grid.cell.model.separable else Divalent)(grid, isa)
    per_setting, shape = unit(grid), [grid.shape[d] for d in pairs.axes.settings]

    def add(state: State, start: int, stop: int) -> None:
        for setting in range(start // per_setting, -(-stop // per_setting)):
            indices = np.unravel_index(setting, shape) if shape else ()
            place = {d: int(i) for d, i in zip(pairs.axes.settings, indices)}
            state.add(pairs.at(place, state, sums))

    return add


class Pairs:
    """The two lists of a grid at any of its settings."""

    def __init__(self, grid: Grid, isa: str):
        self.grid, self.isa, self.axes = grid, isa, Axes(grid)
        self.dims = (self.axes.num, self.axes.den)
        self.copies = self.axes.size(self.axes.free)

    def columns(self, columns: list[Any], side: int, place: dict[int, int]) -> list[Any]:
        """Columns of the whole grid where one list is, at a setting."""
        dims = self.dims[side]
        where = tuple(
            slice(None) if d in dims else place.get(d, 0) for d in range(len(self.axes.shape))
        )
        at = [c if isinstance(c, float) else c[where] for c in columns]
        return at if dims else [float(c) for c in at]

    def phi(self, place: dict[int, int]) -> float:
        celsius = self.grid.cell["celsius"]
        if "celsius" in self.grid._dim_of:
            celsius = self.grid._inputs["celsius"][place[self.grid._dim_of["celsius"]]]
        return float(phi(celsius))

    def at(self, place: dict[int, int], so_far: State, sums: bool) -> State:
        """What the points of a setting say; extrema only if they may beat those found so far."""
        raise NotImplementedError

    def count_invalid(self, one: State, sizes: Any, valid: Any, empty: Any, beyond: Any) -> None:
        """Pairs by what their members are: a number, a sum of nothing, or out of range."""
        (n_a, n_b), (a, b), (a_empty, b_empty) = sizes, valid, empty
        numbers = (n_a - beyond[0]) * (n_b - beyond[1])
        one.n = a * b * self.copies
        one.counts = np.zeros(len(one.edges) + 1, np.int64)
        one.counts[-1] = one.n
        one.invalid[RANGE] = (n_a * n_b - numbers) * self.copies
        one.invalid[NO_PERMEANT] = a_empty * b_empty * self.copies
        one.invalid[INFINITE] = (a_empty * b + a * b_empty) * self.copies

    def count(self, one: State, below: np.ndarray) -> None:
        one.counts = np.diff(below * self.copies, prepend=0, append=one.n)


class Monovalent(Pairs):
    """V = phi (a - b) of two lists of logarithms."""

    def __init__(self, grid: Grid, isa: str):
        super().__init__(grid, isa)
        model, columns = grid.cell.model, grid._columns(None, grid._scale() or 1.0)
        self.tables = [(model.equation(f"log_{side}"), columns) for side in SIDES]
        self.identity = _kernels.Equation("separable")
        self.numbers = [self.axes.numbers(dims) for dims in self.dims]

    def logs(self, side: int, place: dict[int, int]) -> np.ndarray:
        equation, columns = self.tables[side]
        found = np.empty(self.axes.size(self.dims[side]))
        equation.points(self.columns(columns, side, place), 0, found.size, found, isa=self.isa)
        return found

    def moments(self, x: np.ndarray) -> State:
        """Sums and extrema of the finite elements: as potentials 1 (x - 0)."""
        state = State("factored", np.empty(0))
        blocks, _ = self.identity.reduce([x, 0.0, 1.0], 0, x.size, isa=self.isa)
        state.add_blocks(blocks, blocks["n"].sum(keepdims=True), 0, True)
        return state

    def at(self, place: dict[int, int], so_far: State, sums: bool) -> State:
        a, b, scale = self.logs(0, place), self.logs(1, place), self.phi(place)
        A, B = self.moments(a), self.moments(b)
        one = State(so_far.method, so_far.edges)
        self.count_invalid(
            one,
            (a.size, b.size),
            (A.n, B.n),
            (A.invalid[INFINITE], B.invalid[INFINITE]),
            (A.invalid[RANGE], B.invalid[RANGE]),
        )
        if one.n and len(one.edges):
            a_sorted, b_sorted = (np.sort(x[np.isfinite(x)]) for x in (a, b))
            self.count(one, self.below(scale, a_sorted, b_sorted, one.edges))
        if one.n and sums:
            _add_sums(one, A, B, scale, self.copies)
            first = sum(i * math.prod(self.axes.shape[d + 1 :]) for d, i in place.items())
            low, high = scale * (A.min - B.max), scale * (A.max - B.min)
            if so_far.argmin < 0 or low <= so_far.min:
                one.min = low
                one.argmin = first + self.first_pair(a, b, A.min, B.max, low, scale)
            if so_far.argmax < 0 or high >= so_far.max:
                one.max = high
                one.argmax = first + self.first_pair(a, b, A.max, B.min, high, scale)
        return one

    def below(self, scale: float, a: np.ndarray, b: np.ndarray, edges: np.ndarray) -> np.ndarray:
        """How many pairs have V < each edge: the kernel goes through the first list."""
        if len(a) > len(b):  # V < t where -V = scale (b - a) > -t, to the bit
            mirrored = np.nextafter(-edges[::-1], np.inf)
            return len(a) * len(b) - self.below(scale, b, a, mirrored)[::-1]
        found = np.zeros(len(edges), np.int64)
        step = max(1, AT_ONCE // len(a))  # Ctrl-C is seen between the calls
        for i in range(0, len(edges), step):
            some = slice(i, i + step)
            _kernels.pairs(scale, a, b, edges[some], found[some], isa=self.isa)
        return found

    def first_pair(
        self, a: np.ndarray, b: np.ndarray, a_best: float, b_best: float, V: float, scale: float
    ) -> int:
        """The lowest number of a pair with potential V, an extremum."""
        with np.errstate(invalid="ignore"):
            a_places = np.flatnonzero(scale * (a - b_best) == V)
            b_places = np.flatnonzero(scale * (a_best - b) == V)
        a_numbers, b_numbers = self.numbers[0][a_places], self.numbers[1][b_places]
        a_values, first_a = np.unique(a[a_places], return_index=True)
        b_values, first_b = np.unique(b[b_places], return_index=True)
        found: list[int] = []
        for x, number in zip(a_values, a_numbers[first_a].tolist()):
            equal = scale * (x - b_values) == V
            if equal.any():
                found.append(number + int(b_numbers[first_b][equal].min()))
        return min(found)


def _add_sums(one: State, A: State, B: State, scale: float, copies: int) -> None:
    """Sums over all pairs of phi (a - b) and its square, in whole numbers."""
    factor = whole(scale)
    total = B.n * A.total - A.n * B.total
    squares = B.n * A.squares - 2 * A.total * B.total + A.n * B.squares
    one.total = copies * factor * total >> UNIT
    one.squares = copies * factor**2 * squares >> 2 * UNIT


class Divalent(Pairs):
    """Zero net current with divalent ions: with x = exp(t/phi)

        V < t  <=>  N (1 + x) + 4 M_out < x (1 + x) D + 4 x^2 M_in

    whose left side is known by one list and whose right side by the other. Where rounding could
    decide, V itself is computed and compared.
    """

    def __init__(self, grid: Grid, isa: str):
        super().__init__(grid, isa)
        self.all_columns = grid._columns(None)
        self.numbers = [self.axes.numbers(dims) for dims in self.dims]
        self.equation = grid.cell.model.equation()

    def terms(self, side: int, place: dict[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Sums of the terms of charges 1 and 2, and whether any is not 0."""
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

    def at(self, place: dict[int, int], so_far: State, sums: bool) -> State:
        sides = [self.terms(side, place) for side in (0, 1)]
        lowest, highest = MODERATE
        totals = [mono + 4.0 * di for mono, di, _ in sides]
        within = [(t >= lowest) & (t <= highest) for t in totals]
        good = [np.flatnonzero(w) for w in within]
        one = State(so_far.method, so_far.edges)
        self.count_invalid(
            one,
            [t.size for t in totals],
            [g.size for g in good],
            [int((~alive).sum()) for _, _, alive in sides],
            [int((alive & ~w).sum()) for (_, _, alive), w in zip(sides, within)],
        )
        if one.n and len(one.edges):
            (N, M_out, _), (D, M_in, _) = sides
            left, right = (N[good[0]], M_out[good[0]]), (D[good[1]], M_in[good[1]])
            numbers = [self.numbers[side][good[side]] for side in (0, 1)]
            first = sum(i * math.prod(self.axes.shape[d + 1 :]) for d, i in place.items())
            below = [
                self.below(t, self.phi(place), left, right, numbers, first)
                for t in one.edges.tolist()
            ]
            self.count(one, np.array(below, np.int64))
        return one

    def below(self, t: float, scale: float, left: Any, right: Any, numbers: Any, first: int) -> int:
        """How many pairs have V < t."""
        u = t / scale
        x = math.exp(-abs(u))
        outer, inner = (x * (1.0 + x), 4.0 * x * x), (1.0 + x, 4.0)
        if u > 0:  # both sides divided by exp(2u), so that the larger one stays within the doubles
            inner, outer = outer, inner
        L = inner[0] * left[0] + inner[1] * left[1]
        R = outer[0] * right[0] + outer[1] * right[1]
        order = np.argsort(R)
        guard = GUARD * (1.0 + abs(u))
        start = np.searchsorted(R[order], L * (1.0 - guard), side="left")
        stop = np.searchsorted(R[order], L * (1.0 + guard), side="right")
        sure = int((len(order) - stop).sum())
        return sure + self.below_one_by_one(t, first + numbers[0], numbers[1][order], start, stop)

    def below_one_by_one(
        self, t: float, rows: np.ndarray, columns: np.ndarray, start: np.ndarray, stop: np.ndarray
    ) -> int:
        """How many of some pairs have V < t, by their potentials: of row i the columns from start
        to stop."""
        found = 0
        ends = np.cumsum(stop - start)
        for lo in range(0, int(ends[-1]), AT_ONCE >> 4):
            pairs = np.arange(lo, min(lo + (AT_ONCE >> 4), int(ends[-1])))
            i = np.searchsorted(ends, pairs, side="right")
            points = rows[i] + columns[stop[i] - (ends[i] - pairs)]
            values = {**self.grid.cell, **self.grid.parameters(points)}
            V = np.empty(len(points))
            inputs = self.grid.cell.model.columns(values)
            self.equation.points(inputs, 0, len(points), V, isa=self.isa)
            found += int(np.count_nonzero(np.less(V, t)))
        return found
