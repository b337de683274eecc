"""Sampled Shapley effects, and Sobol' indices of dependent inputs, of any output.

Correlated inputs are functions of independent normal scores, x = F(L z). If the inputs of a set
come first in the order of the Cholesky factor L, their values depend on the first scores alone, and
the other scores redraw the other inputs under the condition of these values: pick-freeze of scores
is that of conditional distributions. The first order of an input (or group) is estimated with it in
front, the total order with it at the end (Kucherenko, Tarantola & Annoni 2012,
doi:10.1016/j.cpc.2011.12.020). Shapley effects take all sets of inputs (Song, Nelson & Staum 2016,
doi:10.1137/15M1048070), in chains of sets that share an order, or sets along random permutations.
Derived parameters follow the inputs.
"""

import itertools
import math
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fastrest._core import _samples
from fastrest._core.validation import public, whole_number
from fastrest.models.outputs import Output
from fastrest.physiology.criteria import InRange
from fastrest.points import derived, sobol_sequence
from fastrest.points.inputs import Inputs, cholesky_factor
from fastrest.points.points import over_points
from fastrest.reductions.accumulator import UNIT, whole
from fastrest.runtime import scheduler
from fastrest.runtime.scheduler import Progress
from fastrest.sensitivity.estimators import moments, ratio_estimate
from fastrest.sensitivity.indices import ShapleyEffects, SobolIndices
from fastrest.sensitivity.pick_freeze import invalid_points, pivot_of

#: Points that are computed at once: a few hundred kilobytes.
PIECE = 1 << 13
#: The most inputs of which all sets are taken; the number of sets along permutations beyond.
ALL_SETS, SETS = 12, 4096
#: Sets that are computed with the same samples A and B, if any sets can be.
LINE = 64

#: A set of inputs, and an order of all inputs, by their places.
Members = tuple[int, ...]


class Scores:
    """Outputs at points whose scores come from sample A, or for some inputs from sample B.

    Parameters
    ----------
    space : Inputs
    output : Output
    event : InRange or None
    seed, replicates, n : int
        `n` points in each of the replicates.
    """

    def __init__(
        self,
        space: Inputs,
        output: Output,
        event: InRange | None,
        seed: int,
        replicates: int,
        n: int,
    ):
        if n > _samples.MAX_POINTS["sobol"]:
            raise ValueError(f"n must be at most 2**{_samples.BITS} for each replicate")
        self.space, self.output, self.event, self.n = space, output, event, n
        self.pivot = pivot_of(space, output, event)
        seeds = [np.random.SeedSequence(seed, spawn_key=(r,)) for r in range(replicates)]
        found = sobol_sequence.scrambled_directions(2 * len(space), seeds)
        self.directions, self.shifts = found
        self.quantiles = [one.quantile for one in space.distributions]
        self._factors: dict[Members, np.ndarray] = {}
        self.pairs = {(b, a): rho for (a, b), rho in space.pairs.items()} | space.pairs

    def columns(self, r: int, order: Members, from_b: Iterable[int]) -> list[Any]:
        """Return the columns of a replicate, with the scores of some inputs from sample B."""
        second = frozenset(from_b)
        dims = [2 * i + (i in second) for i in order]  # neighbours fill their square most evenly
        names = tuple(self.space.names[i] for i in order)
        drawn = _samples.Sample(
            "sobol",
            self.n,
            [self.quantiles[i] for i in order],
            cholesky=self.factor(order) if self.pairs else None,
            derived=derived.matrix(names, self.space.derived),
            directions=self.directions[r, dims],
            shifts=self.shifts[r, dims],
        )
        draws = {name: drawn.column(k) for k, name in enumerate((*names, *self.space.derived))}
        return over_points(self.output.columns_of(self.space.cell.merged(draws)), (self.n,))

    def factor(self, order: Members) -> np.ndarray:
        """Return the Cholesky factor for an order of the inputs."""
        if order not in self._factors:
            names = tuple(self.space.names[i] for i in order)
            self._factors[order] = cholesky_factor(names, self.pairs)
        return self._factors[order]

    def values(self, columns: list[Any], start: int, count: int) -> np.ndarray:
        """Return the output, less the pivot, at a range of points."""
        V, status = np.empty(count), np.empty(count, np.uint8)
        self.output.equation.points(columns, start, count, V, status)
        if status.any():
            bits = [int(np.count_nonzero(status >> k & 1)) for k in range(8)]
            raise invalid_points(np.array(bits), self.output, omit=False)
        if self.event is not None:
            V = np.where((self.event.low <= V) & (self.event.high >= V), 1.0, 0.0)
        return V - self.pivot

    def pieces(self) -> Iterator[tuple[int, int]]:
        """Yield the ranges of a replicate's points, as start and count."""
        for start in range(0, self.n, PIECE):
            yield start, min(PIECE, self.n - start)


def sums_of(*rows: np.ndarray) -> list[int]:
    """Return exact sums of rows, then of their products in pairs, in units of 2^-UNIT."""
    x = np.array(rows)
    zero, one = np.zeros(len(x)), np.ones(len(x))
    found = _samples.products(x, zero, one).tolist()
    return [x.shape[1] * whole(pivot) + whole(s) + whole(rest) for pivot, s, rest in found]


def _added(a: Sequence[int], b: Sequence[int]) -> list[int]:
    return [x + y for x, y in itertools.zip_longest(a, b, fillvalue=0)]


class Sampled:
    """Answers from replicates: the properties of a sample that cannot be extended."""

    how: tuple[int, int, int]
    method = "sampled"

    @property
    def n(self) -> int:
        """The number of base points over all replicates."""
        return self.how[0]

    @property
    def replicates(self) -> int:
        """The number of independent parts of the sample."""
        return self.how[1]

    @property
    def rng(self) -> int:
        """A number that makes the same sample again."""
        return self.how[2]


@public
@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class DependentIndices(Sampled, SobolIndices):
    """Sampled Sobol' indices of dependent inputs, or with derived parameters: see `SobolIndices`.

    With correlated inputs S1 and ST keep their definitions, the variance of the mean of V given an
    input, and the mean of its variance given all others. They do not add up, and S1 may exceed ST.

    Attributes
    ----------
    how : tuple of int
        The number of points, that of replicates, and rng.
    """

    how: tuple[int, int, int]

    @property
    def remark(self) -> str:
        """A sentence that belongs to the numbers, or an empty text."""
        if not self.space.pairs:
            return ""
        return "inputs are correlated: indices do not add up, and S1 may exceed ST"


@public
@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class SampledShapley(Sampled, ShapleyEffects):
    """Sampled Shapley effects: see `ShapleyEffects`.

    Attributes
    ----------
    how : tuple of int
        The number of points, that of replicates, and rng.
    """

    how: tuple[int, int, int]


# ---- Sobol' indices ----


def dependent_indices(
    scores: Scores,
    groups: Mapping[str, Sequence[str]] | None,
    rng: int,
    threads: int | None,
    progress: Progress,
) -> DependentIndices:
    """Return sampled Sobol' indices of inputs that may be correlated: see ``Space.sobol``."""
    space, d = scores.space, len(scores.space)
    everyone = tuple(range(d))
    parts: list[Members] = [(i,) for i in everyone]
    if groups is not None:
        parts = [tuple(space.names.index(name) for name in group) for group in groups.values()]
    places = [(k, end) for k in range(len(parts)) for end in ((0, 1) if space.pairs else (0,))]
    replicates = len(scores.directions)
    found: dict[tuple[int, int, int], list[int]] = {}
    lock = threading.Lock()

    def work(start: int, stop: int) -> None:
        for task in range(start, stop):
            r, place = divmod(task, len(places))
            k, end = places[place]
            part, rest = parts[k], tuple(i for i in everyone if i not in parts[k])
            order = rest + part if end else part + rest if space.pairs else everyone
            sums = _of_quartet(scores, r, order, part, rest)
            with lock:
                found[r, k, end] = sums

    _run(work, replicates * len(places), scores.n * 4, threads, progress)
    rows = np.array([[_floats(found[r, *one]) for one in places] for r in range(replicates)])
    n = np.full(replicates, float(scores.n))
    # sums of d, e, a, b; then d d, d e, d a, d b, e e, e a, e b, a a, a b, b b
    of_ab, squares = rows[:, :, 2:4].mean(axis=(1, 2)), rows[:, :, [11, 13]].mean(axis=(1, 2))
    mean, variance, spread = moments(np.stack([of_ab, squares], axis=1), n)
    first = rows[:, [p for p, (_, end) in enumerate(places) if end == 0]]
    total = rows[:, [p for p, (_, end) in enumerate(places) if end == max(places)[1]]]
    S1 = ratio_estimate(first[:, :, 5] / 2, spread)
    ST = ratio_estimate((total[:, :, 4] + total[:, :, 8]) / 4, spread)
    indices = dict(zip(("S1", "S1_conf", "ST", "ST_conf"), (*S1, *ST)))
    of = scores.output.name if scores.event is None else scores.event
    how = replicates * scores.n, replicates, rng
    mean += scores.pivot
    return DependentIndices(space, indices, mean, variance, of=of, groups=groups, how=how)


def _of_quartet(scores: Scores, r: int, order: Members, part: Members, rest: Members) -> list[int]:
    """Return the sums of d = f(A_B) - f(A), e = f(B) - f(B_A), f(A) and f(B)."""
    chosen = ((), (*part, *rest), part, rest)
    columns = [scores.columns(r, order, from_b) for from_b in chosen]
    total: list[int] = []
    for start, count in scores.pieces():
        a, b, ab, ba = (scores.values(one, start, count) for one in columns)
        total = _added(total, sums_of(ab - a, b - ba, a, b))
    return total


# ---- Shapley effects ----


def sampled_shapley(
    scores: Scores, rng: int, threads: int | None, progress: Progress
) -> SampledShapley:
    """Return sampled Shapley effects: see ``Space.shapley``.

    The effects share the variance of f(A) - f(B), of which sets of inputs leave parts.
    """
    space, d, replicates = scores.space, len(scores.space), len(scores.directions)
    plans = [_plan(d, rng, r, replicates, bool(space.pairs)) for r in range(replicates)]
    tasks = [(r, k) for r in range(replicates) for k in range(len(plans[r].lines))]
    done: dict[tuple[int, int], Left] = {}
    lock = threading.Lock()

    def work(start: int, stop: int) -> None:
        for r, k in tasks[start:stop]:
            found = _of_line(scores, r, *plans[r].lines[k])
            with lock:
                done[r, k] = found

    sets = sum(len(members) for _, members in plans[0].lines)
    evaluations = replicates * scores.n * (sets + 2 * len(plans[0].lines))
    _run(work, len(tasks), evaluations // len(tasks), threads, progress)
    of_values, whole_variance, shares = [], np.zeros(replicates), np.zeros((replicates, d))
    for r, (lines, weights) in enumerate(plans):
        own = [done[r, k] for k in range(len(lines))]
        total, squares, count = (sum(column) for column in zip(*(one.values for one in own)))
        of_values.append([x / count for x in _floats([total, squares])])
        whole_variance[r] = sum(_floats([one.all for one in own])) / len(lines)
        left: dict[frozenset[int], list[int]] = {}
        for one in own:
            for members, square in one.sets:
                left.setdefault(members, []).append(square)
        for members, weight in weights.items():
            shares[r] += weight * math.fsum(_floats(left[members])) / len(left[members])
    mean, variance, _ = moments(np.array(of_values), np.full(replicates, float(scores.n)))
    # a set of no inputs leaves the whole variance, to be shared equally
    value, width = ratio_estimate(shares + whole_variance[:, None] / d, whole_variance)
    of = scores.output.name if scores.event is None else scores.event
    how = replicates * scores.n, replicates, rng
    indices = {"Sh": value, "Sh_conf": width}
    return SampledShapley(space, indices, mean + scores.pivot, variance, of=of, how=how)


class Left(NamedTuple):
    """Exact sums over the points of a line.

    Attributes
    ----------
    values : tuple of int
        Of the values and of their squares, and how many values a point has.
    all : int
        Of squared differences of independent values.
    sets : list of (frozenset of int, int)
        Of squared differences of values that share the inputs of a set.
    """

    values: tuple[int, int, int]
    all: int
    sets: list[tuple[frozenset[int], int]]


def _of_line(scores: Scores, r: int, order: Members, sets: Sequence[Members]) -> Left:
    """Return the sums of a line: in one order, each set shares its inputs with sample A.

    Without correlations the other inputs are shared with sample B.
    """
    everyone = frozenset(order)
    of_a, of_b = (scores.columns(r, order, from_b) for from_b in ((), everyone))
    others = [scores.columns(r, order, everyone.difference(members)) for members in sets]
    total = squares = everything = 0
    shared, beside = [0] * len(sets), [0] * len(sets)
    for start, count in scores.pieces():
        a, b = (scores.values(one, start, count) for one in (of_a, of_b))
        x, y, _, xx, _, difference, yy, _, _ = sums_of(a, b, a - b)
        total, squares, everything = total + x + y, squares + xx + yy, everything + difference
        for k, columns in enumerate(others):
            f = scores.values(columns, start, count)
            _, _, x, aa, _, _, bb, _, xx = sums_of(a - f, b - f, f)
            total, squares = total + x, squares + xx
            shared[k], beside[k] = shared[k] + aa, beside[k] + bb
    found = [(frozenset(members), x) for members, x in zip(sets, shared)]
    if not scores.pairs:
        found += [(everyone.difference(members), x) for members, x in zip(sets, beside)]
    return Left((total, squares, 2 + len(sets)), everything, found)


class Plan(NamedTuple):
    """The sets of a replicate, in lines, and by set the weight of what it leaves, by input."""

    lines: list[tuple[Members, list[Members]]]
    weights: dict[frozenset[int], np.ndarray]


def _plan(d: int, rng: int, r: int, replicates: int, ordered: bool) -> Plan:
    """Return the sets of a replicate; if they are ordered, a line has the sets of one order."""
    if d <= ALL_SETS:
        lines = list(chains(d))
        weights = {frozenset(one): _weight(d, one) for _, sets in lines for one in sets}
    else:
        lines, weights = _permutations(d, rng, r, replicates)
    if not ordered:
        every, unique = tuple(range(d)), sorted(tuple(sorted(one)) for one in weights)
        lines = [(every, unique[i : i + LINE]) for i in range(0, len(unique), LINE)]
    # squared differences have twice the variance
    return Plan(lines, {members: weight / 2 for members, weight in weights.items()})


def _weight(d: int, members: Members) -> np.ndarray:
    """Return the weight of a set among all sets, by input."""
    inside, size = np.zeros(d, bool), len(members)
    inside[list(members)] = True
    before, after = 1 / (d * math.comb(d - 1, size)), 1 / (d * math.comb(d - 1, size - 1))
    return np.where(inside, -after, before)


def chains(d: int) -> Iterator[tuple[Members, list[Members]]]:
    """Yield orders of the inputs and sets of their first inputs: all that are some of the inputs.

    They are the symmetric chains of Greene & Kleitman 1976: zeros and ones of a set are matched
    like brackets, and unmatched zeros become ones from the left.
    """
    for bits in itertools.product((0, 1), repeat=d):
        free: list[int] = []
        for i, bit in enumerate(bits):
            if bit == 0:
                free.append(i)
            elif free:
                free.pop()
            else:
                break  # an unmatched one: not the first of a chain
        else:
            first = [i for i in range(d) if bits[i]]
            rest = [i for i in range(d) if not bits[i] and i not in free]
            order = (*first, *free, *rest)
            sizes = range(max(1, len(first)), min(d, len(first) + len(free) + 1))
            if sizes:
                yield order, [order[:size] for size in sizes]


def _permutations(
    d: int, rng: int, r: int, replicates: int
) -> tuple[list[tuple[Members, list[Members]]], dict[frozenset[int], np.ndarray]]:
    """Return orders of the inputs at random, each also backwards, and the weights of their sets."""
    words = np.random.Philox(np.random.SeedSequence(rng, spawn_key=(r, 1)))
    pairs = max(1, SETS // (2 * (d - 1) * replicates))
    lines: list[tuple[Members, list[Members]]] = []
    weights: dict[frozenset[int], np.ndarray] = {}
    for _ in range(pairs):
        order = tuple(np.argsort(words.random_raw(d), kind="stable").tolist())
        for one in (order, order[::-1]):
            lines.append((one, [one[:size] for size in range(1, d)]))
            for size in range(1, d):
                weight = weights.setdefault(frozenset(one[:size]), np.zeros(d))
                weight[one[size]] += 1 / (2 * pairs)
                weight[one[size - 1]] -= 1 / (2 * pairs)
    return lines, weights


# ---- both ----


def _floats(sums: Sequence[int]) -> list[float]:
    return [x / (1 << UNIT) for x in sums]


def _run(work: Any, tasks: int, evaluations: int, threads: int | None, progress: Progress) -> None:
    """Run tasks with threads; `evaluations` are those of one."""
    threads = scheduler.thread_count(threads, tasks * evaluations)
    scheduler.run(work, scheduler.ToDo(tasks, 1, 1), threads=threads, progress=progress)


def scores_of(
    space: Inputs, output: Output, event: InRange | None, seed: int, n: Any, replicates: Any
) -> Scores:
    """Return the scores of at least n points in all, in replicates."""
    replicates = whole_number("replicates", replicates, 2)
    return Scores(space, output, event, seed, replicates, -(-whole_number("n", n, 1) // replicates))
