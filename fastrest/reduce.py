"""Reducers: what can be asked of a sweep without keeping its potentials.

A pass over a sweep collects one `State`: how many points are valid and why others are not, sums,
extrema, and how many potentials lie between some edges. Every answer is read off such states, so
that a new reducer is one class here: it says which edges it needs and makes its answer.

States of parts of a sweep are merged exactly: counts and sums are whole numbers, and an answer is
rounded once, at the end. Neither order nor grouping can matter.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from .cell import BLOCK as CONVENTIONAL_BLOCK
from .cell import Cell
from .physics import Frozen, Status

if TYPE_CHECKING:
    import matplotlib.axes

    from .sweep import Sweep

#: Sums are whole multiples of 2^-UNIT, those of squares of 2^-2 UNIT: every double is one.
UNIT = 1074
#: No potential is beyond, mV: phi times the logarithm of the largest ratio of doubles is 48,000.
LARGEST = 1e6
#: What is larger is taken for infinity: differences of edges stay finite.
BEYOND = 1e300
#: The excitability classes, by the boundary that each ends at.
CLASSES = {
    "lower": "below range",
    "threshold": "resting",
    "block": "suprathreshold",
    "above": "depolarisation block",
}
#: Edges per quantile and pass. Pointwise a pass costs the same for any number of them.
POINTWISE_EDGES, FACTORED_EDGES = 1 << 13, 1 << 6


# ---- states ----


def whole(x: float) -> int:
    """A double as a multiple of 2^-UNIT."""
    numerator, denominator = float(x).as_integer_ratio()
    return numerator << (UNIT + 1 - denominator.bit_length())


@dataclass(eq=False)
class State:
    """What some points of a sweep say; states of other points can be added."""

    method: str
    edges: np.ndarray
    n: int = 0
    invalid: list[int] = field(default_factory=lambda: [0] * len(Status))
    total: int = 0
    squares: int = 0
    min: float = math.inf
    argmin: int = -1
    max: float = -math.inf
    argmax: int = -1
    counts: np.ndarray = field(default_factory=lambda: np.zeros(1, np.int64))

    def __post_init__(self) -> None:
        if len(self.counts) != len(self.edges) + 1:
            self.counts = np.zeros(len(self.edges) + 1, np.int64)

    def add_blocks(self, blocks: np.ndarray, counts: np.ndarray, first: int, sums: bool) -> None:
        """Add what the C core found; `first` is the point that it took for number 0."""
        self.counts += counts
        if not sums:
            self.n += int(blocks["n"].sum())
            self.invalid = (np.array(self.invalid) + blocks["invalid"].sum(axis=0)).tolist()
            return
        for n, invalid, pivot, s, s_rest, q, q_rest, low, high, argmin, argmax in blocks.tolist():
            self.invalid = [a + int(b) for a, b in zip(self.invalid, invalid)]
            self.n += n
            if n == 0:
                continue
            about, deviation = whole(pivot), whole(s) + whole(s_rest)
            self.total += n * about + deviation
            squares = (whole(q) + whole(q_rest)) << UNIT
            self.squares += squares + about * (2 * deviation + n * about)
            self._widen(low, first + argmin, high, first + argmax)

    def add(self, other: "State") -> None:
        """Add the state of other points."""
        self.n += other.n
        self.invalid = [a + b for a, b in zip(self.invalid, other.invalid)]
        self.total += other.total
        self.squares += other.squares
        self.counts += other.counts
        self._widen(other.min, other.argmin, other.max, other.argmax)

    def move(self, first: int) -> None:
        """Number the points from `first` on."""
        self.argmin += first if self.argmin >= 0 else 0
        self.argmax += first if self.argmax >= 0 else 0

    def _widen(self, low: float, argmin: int, high: float, argmax: int) -> None:
        """Take extrema into account; the number of a point is -1 if there is none."""
        if argmin >= 0 and (self.argmin < 0 or (low, argmin) < (self.min, self.argmin)):
            self.min, self.argmin = low, argmin
        if argmax >= 0 and (self.argmax < 0 or (-high, argmax) < (-self.max, self.argmax)):
            self.max, self.argmax = high, argmax

    def below(self, *edges: float) -> list[int]:
        """How many valid potentials are less than each of some edges that were counted between."""
        places = np.searchsorted(self.edges, edges)
        for edge, place in zip(edges, places):
            if place == len(self.edges) or self.edges[place] != edge:
                raise ValueError(f"{edge!r} is none of the edges that were counted")
        found: list[int] = np.cumsum(self.counts)[places].tolist()
        return found

    @property
    def mean(self) -> float:
        return self.total / (self.n << UNIT) if self.n else math.nan

    @property
    def sd(self) -> float:
        if not self.n:
            return math.nan
        return math.sqrt((self.n * self.squares - self.total**2) / (self.n**2 << 2 * UNIT))

    @property
    def reasons(self) -> dict[str, int]:
        return {str(bit.name): n for bit, n in zip(Status, self.invalid) if n}

    # ---- as JSON ----

    def to_json(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "edges": [float(e).hex() for e in self.edges],
            "n": self.n,
            "invalid": self.invalid,
            "total": hex(self.total),
            "squares": hex(self.squares),
            "min": [self.min.hex(), self.argmin],
            "max": [self.max.hex(), self.argmax],
            "counts": self.counts.tolist(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "State":
        return cls(
            method=data["method"],
            edges=np.array([float.fromhex(e) for e in data["edges"]]),
            n=data["n"],
            invalid=data["invalid"],
            total=int(data["total"], 16),
            squares=int(data["squares"], 16),
            min=float.fromhex(data["min"][0]),
            argmin=data["min"][1],
            max=float.fromhex(data["max"][0]),
            argmax=data["max"][1],
            counts=np.array(data["counts"], np.int64),
        )


# ---- answers ----


@dataclass(frozen=True)
class SummaryAnswer:
    """What `Summary` says. Invalid points are counted, by reason, and left out of the rest.

    Attributes
    ----------
    n : int
        Valid points.
    invalid : dict of str to int
        Other points, by the lowest bit of their `Status`.
    mean, sd, min, max : float
        mV; sd divides by n. NaN if no point is valid.
    argmin, argmax : int or None
        Flat number of the first point with that potential.
    at_min, at_max : dict of str to float
        The varied parameters there.
    method : str
        How it was found: "factored" or "pointwise".
    """

    n: int
    invalid: dict[str, int]
    mean: float
    sd: float
    min: float
    max: float
    argmin: int | None
    argmax: int | None
    at_min: dict[str, float]
    at_max: dict[str, float]
    method: str


@dataclass(frozen=True, eq=False)
class HistogramAnswer:
    """What `Histogram` says: counts between edges (mV), and how many lie below and above."""

    counts: np.ndarray
    edges: np.ndarray
    below: int
    above: int
    method: str

    def plot(
        self, ax: "matplotlib.axes.Axes | None" = None, cell: Cell | None = None
    ) -> "matplotlib.axes.Axes":
        """Draw the counts as steps, with the threshold and block of a cell if one is given.

        Needs matplotlib.

        Returns
        -------
        matplotlib Axes
        """
        from . import plot

        return plot.histogram(self, ax, cell)


@dataclass(frozen=True)
class ClassesAnswer(Mapping[str, int]):
    """What `Classes` says: a mapping of class to count, and the boundaries used (mV)."""

    counts: dict[str, int]
    boundaries: dict[str, float]
    method: str

    def __getitem__(self, name: str) -> int:
        return self.counts[name]

    def __iter__(self) -> Any:
        return iter(self.counts)

    def __len__(self) -> int:
        return len(self.counts)


# ---- reducers ----


class Reducer(Frozen):
    """What all reducers have: see the classes below for what each of them asks."""

    #: whether mean, sd or extrema are read, not counts alone
    sums: ClassVar[bool] = False
    #: how many passes over the sweep at most, where that is known before
    passes: ClassVar[int | None] = 1

    def edges(self, sweep: "Sweep", method: str, found: Sequence[State]) -> np.ndarray | None:
        """Edges to count between in the next pass, after those `found`; None: no more."""
        raise NotImplementedError

    def answer(self, sweep: "Sweep", found: Sequence[State]) -> Any:
        """The answer, from the states of all passes."""
        raise NotImplementedError

    def arguments(self) -> dict[str, Any]:
        """Arguments that make an equal reducer, as JSON holds them."""
        raise NotImplementedError

    def spec(self) -> tuple[str, dict[str, Any]]:
        return type(self).__name__, self.arguments()

    def __reduce__(self) -> tuple[Any, ...]:
        return _reducer, self.spec()


class OnePass(Reducer):
    """A reducer whose edges are known from the beginning."""

    def wanted(self, sweep: "Sweep") -> Sequence[float]:
        return ()

    def edges(self, sweep: "Sweep", method: str, found: Sequence[State]) -> np.ndarray | None:
        return None if found else np.array(self.wanted(sweep), np.float64)


@dataclass(frozen=True)
class Summary(OnePass):
    """Number, mean, sd, extrema and where they occur, and invalid points by reason.

    Answered by a `SummaryAnswer`.

    Examples
    --------
    >>> import numpy as np, fastrest as fr
    >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 1000))
    >>> s = sweep.summary()
    >>> s.n, round(s.mean, 2), round(s.max, 2), s.at_max
    (1000, -48.37, -31.29, {'K_out': 50.0})
    """

    sums = True

    def arguments(self) -> dict[str, Any]:
        return {}

    def answer(self, sweep: "Sweep", found: Sequence[State]) -> SummaryAnswer:
        state = found[0]
        low, high = _found(sweep, state.argmin), _found(sweep, state.argmax)
        return SummaryAnswer(
            n=state.n,
            invalid=state.reasons,
            mean=state.mean,
            sd=state.sd,
            min=state.min if state.n else math.nan,
            max=state.max if state.n else math.nan,
            argmin=state.argmin if state.n else None,
            argmax=state.argmax if state.n else None,
            at_min=low,
            at_max=high,
            method=state.method,
        )


def _found(sweep: "Sweep", place: int) -> dict[str, float]:
    if place < 0:
        return {}
    return {name: float(value) for name, value in sweep.parameters(place).items()}


class Histogram(OnePass):
    """Counts between edges, as `numpy.histogram` of the valid potentials.

    Answered by a `HistogramAnswer`.

    Parameters
    ----------
    bins : int or array_like
        Number of bins of equal width, or their edges, increasing, in mV.
    range : tuple of float
        First and last edge, mV, if `bins` is a number.

    Examples
    --------
    >>> import numpy as np, fastrest as fr
    >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 1000))
    >>> h = sweep.histogram(bins=4, range=(-100, 0))
    >>> h.counts, h.below, h.above
    (array([ 32, 363, 605,   0]), 0, 0)
    """

    bins: np.ndarray

    def __init__(self, bins: int | npt.ArrayLike = 200, range: tuple[float, float] = (-100.0, 0.0)):
        if _is_regular(bins) and np.ndim(bins) == 0:
            n = bins.__index__() if hasattr(bins, "__index__") else 0
            if isinstance(bins, bool) or n < 1:
                raise ValueError(f"bins must be a whole number >= 1 or edges, got {bins!r}")
            if not isinstance(range, tuple | list | np.ndarray) or len(range) != 2:
                raise TypeError(f"range must be two potentials in mV, got {range!r}")
            low, high = (_number("range", x) for x in range)
            if not low < high:
                raise ValueError(f"range must increase, got {range!r}")
            edges = np.linspace(low, high, n + 1)
        else:
            edges = _numbers("bins", bins)
            if len(edges) < 2:
                raise ValueError(f"bins must be at least 2 edges, got {len(edges)}")
        if not (np.diff(edges) > 0).all():
            raise ValueError("bins must be increasing edges")
        edges += 0.0  # -0.0 is 0
        edges.flags.writeable = False
        vars(self).update(bins=edges)

    def arguments(self) -> dict[str, Any]:
        return {"bins": self.bins.tolist()}

    def wanted(self, sweep: "Sweep") -> Sequence[float]:
        return [*self.bins[:-1].tolist(), _after(self.bins[-1])]  # the last bin is closed

    def answer(self, sweep: "Sweep", found: Sequence[State]) -> HistogramAnswer:
        state = found[0]
        below = state.below(*self.wanted(sweep))
        counts = np.diff(np.array(below, np.int64))
        return HistogramAnswer(counts, self.bins, below[0], state.n - below[-1], state.method)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and np.array_equal(self.bins, other.bins)

    def __hash__(self) -> int:
        return hash(self.bins.tobytes())

    def __repr__(self) -> str:
        return f"Histogram({len(self.bins) - 1} bins, {self.bins[0]:g} ... {self.bins[-1]:g} mV)"


class Fraction(OnePass):
    """The part of the valid points with V below, above, or between given potentials (mV).

    Answered by a float; NaN if no point is valid.

    Parameters
    ----------
    below, above : float
        V < below; V > above.
    between : tuple of float
        a <= V <= b.
    """

    _given: dict[str, Any]
    _from: float
    _to: float

    def __init__(
        self,
        *,
        below: float | None = None,
        above: float | None = None,
        between: tuple[float, float] | None = None,
    ):
        if sum(x is not None for x in (below, above, between)) != 1:
            raise TypeError("a fraction needs one of below=, above=, between=")
        given: dict[str, Any]
        if below is not None:
            given = {"below": _number("below", below)}
            ends = [-np.inf, given["below"]]
        elif above is not None:
            given = {"above": _number("above", above)}
            ends = [_after(given["above"]), np.inf]
        else:
            if not isinstance(between, tuple | list) or len(between) != 2:
                raise TypeError(f"between must be two potentials, got {between!r}")
            low, high = (_number("between", x) for x in between)
            if low > high:
                raise ValueError(f"between must not decrease, got {between!r}")
            given, ends = {"between": (low, high)}, [low, _after(high)]
        vars(self).update(_given=given, _from=ends[0], _to=ends[1])

    def arguments(self) -> dict[str, Any]:
        return dict(self._given)

    def wanted(self, sweep: "Sweep") -> Sequence[float]:
        return [edge for edge in (self._from, self._to) if math.isfinite(edge)]

    def answer(self, sweep: "Sweep", found: Sequence[State]) -> float:
        state = found[0]
        lower = state.below(self._from)[0] if math.isfinite(self._from) else 0
        upper = state.below(self._to)[0] if math.isfinite(self._to) else state.n
        return (upper - lower) / state.n if state.n else math.nan

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fraction) and (self._from, self._to) == (other._from, other._to)

    def __hash__(self) -> int:
        return hash((self._from, self._to))

    def __repr__(self) -> str:
        return "Fraction({}={})".format(*next(iter(self._given.items())))


@dataclass(frozen=True)
class Classes(OnePass):
    """How many valid points are in each excitability class.

    Depolarisation block V > block; suprathreshold threshold < V <= block; resting V <= threshold;
    with `lower` given, below range V <= lower. A fixed threshold is a convention: boundaries that
    are not given are the cell's own.

    Answered by a `ClassesAnswer`.

    Parameters
    ----------
    threshold, block, lower : float, optional
        Boundaries, mV.
    """

    threshold: float | None = None
    block: float | None = None
    lower: float | None = None

    def __post_init__(self) -> None:
        given = {n: _number(n, v) for n, v in self.arguments().items() if v is not None}
        vars(self).update(given)

    def arguments(self) -> dict[str, Any]:
        return {"threshold": self.threshold, "block": self.block, "lower": self.lower}

    def boundaries(self, sweep: "Sweep") -> dict[str, float]:
        """Boundaries by the class below each, in order."""
        cell = sweep.cell
        given = {name: getattr(self, name) for name in ("lower", "threshold", "block")}
        chosen = {n: getattr(cell, n) if v is None else v for n, v in given.items()}
        if chosen["threshold"] is None:
            whose = f"{cell.name!r} has" if cell.name else "the cell has"
            raise ValueError(
                f"{whose} no threshold, so that its excitability is not classified: pass threshold="
            )
        if chosen["block"] is None:
            chosen["block"] = CONVENTIONAL_BLOCK
        found = {n: _number(n, v) for n, v in chosen.items() if v is not None}
        if sorted(found.values()) != list(found.values()):
            text = ", ".join(f"{n} {v:g}" for n, v in found.items())
            raise ValueError(f"boundaries must not decrease, got {text} mV")
        return found

    def wanted(self, sweep: "Sweep") -> Sequence[float]:
        return [_after(x) for x in self.boundaries(sweep).values()]

    def answer(self, sweep: "Sweep", found: Sequence[State]) -> ClassesAnswer:
        state, boundaries = found[0], self.boundaries(sweep)
        counts, before = {}, 0
        for name, upto in zip(boundaries, state.below(*self.wanted(sweep))):
            counts[CLASSES[name]] = upto - before
            before = upto
        counts[CLASSES["above"]] = state.n - before
        return ClassesAnswer(counts, boundaries, state.method)


class Bracket(NamedTuple):
    """Where an order statistic is: low <= V < high."""

    low: float
    high: float


class Quantile(Reducer):
    """Order statistics of the valid points: the potential of rank ceil(q n), exactly.

    Found by repeated passes that count between ever closer edges. Answered by an ndarray of the
    shape of `q`, mV; NaN if no point is valid.

    Parameters
    ----------
    q : array_like of float
        From 0 (the minimum) to 1 (the maximum).
    """

    passes = None
    q: np.ndarray

    def __init__(self, q: npt.ArrayLike):
        given = np.array(q) if _is_regular(q) else np.empty(0, object)
        if given.dtype.kind not in "iuf":
            raise TypeError(f"q must be numbers from 0 to 1, got {q!r}")
        given = given.astype(np.float64) + 0.0  # -0.0 is 0
        bad = ~((given >= 0) & (given <= 1))
        if bad.any():
            raise ValueError(f"q must be from 0 to 1, got {float(given[bad].flat[0])!r}")
        given = np.asarray(given)
        given.flags.writeable = False
        vars(self).update(q=given)

    def arguments(self) -> dict[str, Any]:
        return {"q": self.q.tolist()}

    def edges(self, sweep: "Sweep", method: str, found: Sequence[State]) -> np.ndarray | None:
        per_pass = FACTORED_EDGES if method == "factored" else POINTWISE_EDGES
        if not found:
            return np.linspace(-150.0, 100.0, per_pass + 1)
        wide = {b for b in self.brackets(found) if np.nextafter(b.low, np.inf) < b.high}
        if not wide:
            return None
        return np.unique(np.concatenate([_between(b, max(2, per_pass // len(wide))) for b in wide]))

    def brackets(self, found: Sequence[State]) -> list[Bracket]:
        """Where each order statistic is, after some passes; empty if no point is valid."""
        n = found[0].n
        if n == 0:
            return []
        brackets = []
        for q in self.q.ravel().tolist():
            rank = _rank(q, n)
            low, high = -LARGEST, LARGEST
            for state in found:
                if not len(state.edges):
                    continue
                below = np.cumsum(state.counts[:-1])
                place = int(np.searchsorted(below, rank))  # the first edge with rank points below
                if place < len(below):
                    high = min(high, float(state.edges[place]))
                if place > 0:
                    low = max(low, float(state.edges[place - 1]))
            brackets.append(Bracket(low, high))
        return brackets

    def answer(self, sweep: "Sweep", found: Sequence[State]) -> np.ndarray:
        brackets = self.brackets(found)
        values = [b.low for b in brackets] or [math.nan] * self.q.size
        return np.array(values).reshape(self.q.shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantile) and np.array_equal(self.q, other.q)

    def __hash__(self) -> int:
        return hash(self.q.tobytes())

    def __repr__(self) -> str:
        return f"Quantile({self.q.tolist()!r})"


def _rank(q: float, n: int) -> int:
    return min(n, max(1, math.ceil(q * n)))


def _keys(x: np.ndarray) -> np.ndarray:
    """Doubles as integers in the same order, neighbours next to each other."""
    bits = np.asarray(x, np.float64).view(np.int64)
    return np.where(bits < 0, np.int64(-(2**63)) - bits, bits)


def _between(bracket: Bracket, n: int) -> np.ndarray:
    """About n edges within a bracket, both ends among them, evenly spaced among the doubles."""
    first, last = (int(k) for k in _keys(np.array(bracket)))
    n = min(n, last - first)
    keys = np.array([first + (last - first) * i // n for i in range(n + 1)], np.int64)
    return np.where(keys < 0, np.int64(-(2**63)) - keys, keys).view(np.float64)


def _reducer(name: str, arguments: Mapping[str, Any]) -> Any:
    return REDUCERS[name](**arguments)


#: Reducers by name, for files.
REDUCERS: dict[str, type[Any]] = {
    one.__name__: one for one in (Summary, Histogram, Fraction, Classes, Quantile)
}


# ---- checks ----


def _is_regular(values: Any) -> bool:
    """Whether rows are of equal length."""
    try:
        np.array(values)
    except ValueError:
        return False
    return True


def _after(x: float) -> float:
    """The next double: V <= x means V < this."""
    return float(np.nextafter(x, np.inf))


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not np.isscalar(value) or isinstance(value, str | bytes):
        raise TypeError(f"{name} must be a potential in mV, got {value!r}")
    number = float(value)  # type: ignore[arg-type]
    if not abs(number) <= BEYOND:
        raise ValueError(f"{name} must be finite, got {value!r}")
    return number


def _numbers(name: str, values: Any) -> np.ndarray:
    array = np.array(values) if _is_regular(values) else np.empty(0, object)
    if array.ndim != 1 or array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be a number or a 1-D array of edges in mV, got {values!r}")
    array = array.astype(np.float64)
    bad = ~(np.abs(array) <= BEYOND)
    if bad.any():
        raise ValueError(f"{name} must be finite, got {float(array[bad][0])!r}")
    return array
