"""Grid algebra: answers about a separable grid without visiting its points.

V = phi (a - b), a the logarithm of one sum, b that of the other. Axes that enter both sums, or
phi, are *settings*; for each setting the points are all pairs of an a (over the axes of the first
sum alone) and a b (over those of the second). Their sums, extrema and counts follow from the two
lists: the cost grows with the sum of their lengths. What V is, is the same: phi (a - b), rounded
as in ``values()``, so that counts and extrema are equal to the bit.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _kernels
from .model import phi
from .physics import Status
from .reduce import UNIT, State, whole

if TYPE_CHECKING:
    from .grids import Grid
    from .sweep import Sweep

INFINITE, RANGE = (list(Status).index(bit) for bit in (Status.INFINITE, Status.RANGE))
NO_PERMEANT = list(Status).index(Status.NO_PERMEANT)
#: Seconds per point pointwise, per table entry, and per setting: what decides, nothing else.
POINT, ENTRY, SETTING = 1e-9, 1e-7, 2e-4


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


def pays(sweep: "Sweep") -> bool:
    """Whether the algebra is likely faster than the points."""
    if sweep.route != "factored":
        return False
    axes = Axes(sweep)  # type: ignore[arg-type]
    entries = axes.size(axes.num) + axes.size(axes.den)
    cost = axes.size(axes.settings) * (SETTING + ENTRY * entries)
    return cost < POINT * len(sweep)


def unit(sweep: "Sweep") -> int:
    """Points of one setting."""
    axes = Axes(sweep)  # type: ignore[arg-type]
    return len(sweep) // axes.size(axes.settings)


def part(grid: Any, isa: str, sums: bool) -> Callable[[State, int, int], None]:
    """A function that adds a range of settings, each counted as `unit` points, to a state."""
    axes = Axes(grid)
    per_setting, copies = unit(grid), axes.size(axes.free)
    tables = [
        (grid.cell.model.equation(f"log_{side}"), grid._columns(None, grid._scale()))
        for side in ("num", "den")
    ]
    dims = (axes.num, axes.den)
    separable = _kernels.Equation("separable")
    setting_shape = [axes.shape[d] for d in axes.settings]
    numbers = axes.numbers(axes.settings)

    def logs(side: int, place: dict[int, int]) -> np.ndarray:
        """The logarithms of one sum at a setting."""
        equation, columns = tables[side]
        where = tuple(
            slice(None) if d in dims[side] else place.get(d, 0) for d in range(len(axes.shape))
        )
        at = [c if isinstance(c, float) else c[where] for c in columns]
        found = np.empty(axes.size(dims[side]))
        if found.size == 1:
            at = [float(c) for c in at]
        equation.points(at, 0, found.size, found, isa=isa)
        return found

    def add(state: State, start: int, stop: int) -> None:
        for setting in range(start // per_setting, -(-stop // per_setting)):
            indices = np.unravel_index(setting, setting_shape) if setting_shape else ()
            place = {d: int(i) for d, i in zip(axes.settings, indices)}
            a, b = logs(0, place), logs(1, place)
            scale = _phi_at(grid, place)
            one = State(state.method, state.edges)
            A, B = (_moments(separable, x, isa) for x in (a, b))
            _count_invalid(one, A, B, a.size, b.size, copies)
            if one.n:
                a_finite, b_finite = (x[np.isfinite(x)] for x in (a, b))
                a_sorted, b_sorted = np.sort(a_finite), np.sort(b_finite)
                if len(state.edges):
                    below = np.zeros(len(state.edges), np.int64)
                    _kernels.pairs(scale, a_sorted, b_sorted, state.edges, below, isa=isa)
                    one.counts = np.diff(below * copies, prepend=0, append=one.n)
                if sums:
                    _add_sums(one, A, B, scale, copies)
                    low, high = scale * (A.min - B.max), scale * (A.max - B.min)
                    # numbers of points cost more than potentials: only where they may be wanted
                    first = int(numbers[setting])
                    if low <= state.min:
                        one.min = low
                        one.argmin = first + _first_pair(a, b, A.min, B.max, low, scale, axes)
                    if high >= state.max:
                        one.max = high
                        one.argmax = first + _first_pair(a, b, A.max, B.min, high, scale, axes)
            state.add(one)

    return add


def _phi_at(grid: Any, place: dict[int, int]) -> float:
    d = grid._dim_of.get("celsius")
    celsius = grid.cell["celsius"] if d is None else grid._inputs["celsius"][place[d]]
    return float(phi(celsius))


def _moments(separable: _kernels.Equation, x: np.ndarray, isa: str) -> State:
    """Sums and extrema of the finite elements: V = 1 (x - 0)."""
    state = State("factored", np.empty(0))
    blocks, _ = separable.reduce([x, 0.0, 1.0], 0, x.size, isa=isa)
    state.add_blocks(blocks, blocks["n"].sum(keepdims=True), 0, True)
    return state


def _count_invalid(one: State, A: State, B: State, n_a: int, n_b: int, copies: int) -> None:
    a_empty, b_empty = A.invalid[INFINITE], B.invalid[INFINITE]
    numbers = (n_a - A.invalid[RANGE]) * (n_b - B.invalid[RANGE])
    one.n = A.n * B.n * copies
    one.counts = np.array([one.n], np.int64)
    one.invalid[RANGE] = (n_a * n_b - numbers) * copies
    one.invalid[NO_PERMEANT] = a_empty * b_empty * copies
    one.invalid[INFINITE] = (a_empty * B.n + A.n * b_empty) * copies


def _add_sums(one: State, A: State, B: State, scale: float, copies: int) -> None:
    """Sums over all pairs of phi (a - b) and its square, in whole numbers."""
    factor = whole(scale)
    total = B.n * A.total - A.n * B.total
    squares = B.n * A.squares - 2 * A.total * B.total + A.n * B.squares
    one.total = copies * factor * total >> UNIT
    one.squares = copies * factor**2 * squares >> 2 * UNIT


def _first_pair(
    a: np.ndarray,
    b: np.ndarray,
    a_best: float,
    b_best: float,
    V: float,
    scale: float,
    axes: Axes,
) -> int:
    """The lowest number of a point with potential V, an extremum; of its setting's first one."""
    with np.errstate(invalid="ignore"):
        a_places = np.flatnonzero(scale * (a - b_best) == V)
        b_places = np.flatnonzero(scale * (a_best - b) == V)
    a_numbers, b_numbers = axes.numbers(axes.num)[a_places], axes.numbers(axes.den)[b_places]
    a_values, first_a = np.unique(a[a_places], return_index=True)
    b_values, first_b = np.unique(b[b_places], return_index=True)
    best: int | None = None
    for x, i in zip(a_values, a_numbers[first_a].tolist()):
        equal = scale * (x - b_values) == V
        if equal.any():
            number = i + int(b_numbers[first_b][equal].min())
            best = number if best is None else min(best, number)
    assert best is not None
    return best
