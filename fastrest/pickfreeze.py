"""Sampled Sobol' indices: of any model, and of whether V lies in a range.

Two Sobol' sequences A and B of the inputs are walked through together, and at each point V is
computed at A, at B, and at A with one input after the other taken from B: the total-order index is
Jansen's (1999, doi:10.1016/S0010-4655(98)00154-4), the first-order index that of Saltelli et al.
(2010, doi:10.1016/j.cpc.2009.09.018), V less its mean. The kernel adds up what these need, nothing
is stored.

Points of a Sobol' sequence are not independent, and a bootstrap of them means nothing: the sample
is made of replicates, scrambled independently, and their scatter gives the intervals.
"""

import functools
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _kernels, directions, engine
from .criteria import Between
from .model import as_float
from .physics import Status, whole_number
from .reduce import UNIT, whole
from .samples import Rng, draws, kernel_sample, seed_of
from .sensitivity import SobolIndices
from .tables import table

if TYPE_CHECKING:
    from .spaces import Space

#: Points of A and B in a task: a few milliseconds.
PIECE = 1 << 14
#: Points of A and B that `until` begins with, and ends with if n does not say otherwise.
FIRST, LAST = 1 << 14, 1 << 30
#: With fewer events than these in a replicate, their scatter over the replicates tells too little.
FEW_EVENTS = 16
NAN_POLICIES = ("raise", "omit")


@dataclass(frozen=True)
class Plan:
    """What is sampled: everything that sets the bits of the sums but the number of points."""

    space: "Space"
    of: Between | None
    second: bool
    seed: int
    replicates: int
    nan_policy: str
    indices: bool = True

    @property
    def pivot(self) -> float:
        """About the middle of what is asked about, so that sums of squares keep their digits."""
        if self.of:
            return 0.5
        medians = [[one.ppf(0.5)] for one in self.space.distributions]
        V = float(table(self.space.cell, dict(zip(self.space.names, medians))).values()[0])
        return V if math.isfinite(V) else 0.0

    @property
    def logs(self) -> list[bool] | None:
        """For each input whether its derivative is taken with respect to its logarithm."""
        return None if self.of else [one.log for one in self.space.distributions]

    def columns(self, points: int) -> list[tuple[list[Any], list[Any]]]:
        """For each replicate the model's columns at A and at B: its sequence has twice as many
        dimensions as there are inputs."""
        space, d = self.space, len(self.space)
        seeds = [np.random.SeedSequence(self.seed, spawn_key=(r,)) for r in range(self.replicates)]
        ways, shifts = directions.scrambled(2 * d, seeds)

        def half(r: int, dims: slice) -> list[Any]:
            scrambled = {"directions": ways[r, dims], "shifts": shifts[r, dims]}
            drawn = kernel_sample(space, "sobol", points, **scrambled)
            return space.cell.model.columns({**space.cell, **draws(space, drawn)})

        return [(half(r, slice(d)), half(r, slice(d, 2 * d))) for r in range(self.replicates)]


@dataclass
class Sums:
    """Sums of one replicate: of whole numbers, so that no order of adding changes them.

    None stands for one beyond the doubles, which only squares of derivatives can be.
    """

    points: int = 0
    invalid: list[int] = field(default_factory=lambda: [0] * len(Status))
    totals: list[int | None] = field(default_factory=list)

    def add(self, points: int, invalid: np.ndarray, sums: np.ndarray) -> None:
        """Add what the kernel found at some points."""
        self.points += points
        self.invalid = [a + b for a, b in zip(self.invalid, invalid.tolist())]
        found = [
            whole(x) + whole(rest) if math.isfinite(x) and math.isfinite(rest) else None
            for x, rest in sums.tolist()
        ]
        pairs = zip(self.totals or [0] * len(found), found)
        self.totals = [None if a is None or b is None else a + b for a, b in pairs]

    @property
    def valid(self) -> int:
        return self.points - sum(self.invalid)

    def floats(self) -> list[float]:
        return [math.inf if total is None else total / (1 << UNIT) for total in self.totals]


@dataclass(frozen=True, eq=False, repr=False)
class SampledIndices(SobolIndices):
    """Sobol' indices from a sample, which can be extended: see `SobolIndices`."""

    plan: Plan | None = None
    sums: tuple[Sums, ...] = ()

    @property
    def rng(self) -> int | None:
        """What makes the same sample again."""
        return self.plan.seed if self.plan else None

    @property
    def quantity(self) -> tuple[str, str]:
        of = self.plan.of if self.plan else None
        return (f"{of.low:g} <= V <= {of.high:g} mV", "") if of else super().quantity

    def extend(
        self, n: int, *, threads: int | None = None, progress: engine.Progress = False
    ) -> "SampledIndices":
        """The indices from n more base points, after those already seen.

        Parameters
        ----------
        n : int
            How many more, over all the replicates; rounded up to a multiple of these.
        threads, progress
            As for ``sweep.values``.

        Returns
        -------
        SampledIndices
            As if all points had been asked for at once, to rounding.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
        ...                  K_out=fr.uniform(3, 6))
        >>> r = space.sobol(2**12, rng=1)
        >>> r.extend(2**12).n
        8192
        """
        assert self.plan is not None
        more = -(-whole_number("n", n, 1) // self.plan.replicates)
        found = run(self.plan, self.sums, self.sums[0].points + more, threads, progress)
        return result(self.plan, found)


def sobol(
    space: "Space",
    n: int | None,
    *,
    of: Between | None,
    second: bool,
    rng: Rng,
    replicates: int,
    until: float | None,
    nan_policy: str,
    threads: int | None,
    progress: engine.Progress,
) -> SampledIndices:
    """Sampled Sobol' indices: see ``Space.sobol``."""
    space._check_independent("Sobol' indices")
    if of is not None and not isinstance(of, Between):
        raise TypeError(f"of must be fr.between(low, high), got {of!r}")
    if of is not None and of.at is not None:
        raise ValueError(f"of must name no condition, which populations have, got {of!r}")
    if not isinstance(second, bool):
        raise TypeError(f"second must be True or False, got {second!r}")
    if until is not None and not as_float("until", until) > 0:
        raise ValueError(f"until must be > 0, got {until!r}")
    _check(replicates, nan_policy)
    most = -(-whole_number("n", LAST if n is None else n, 1) // replicates)
    plan = Plan(space, of, second, seed_of(rng), int(replicates), nan_policy)
    points = most if until is None else min(most, -(-FIRST // replicates))
    found: Sequence[Sums] = []
    while True:
        found = run(plan, found, points, threads, progress)
        answer = result(plan, found)
        widest = max(float(np.max(answer[key])) for key in ("S1_conf", "ST_conf"))
        if until is None or points == most or widest <= until:  # which NaN never is
            return answer
        points = min(2 * points, most)


def dgsm(
    space: "Space",
    n: int,
    *,
    rng: Rng,
    replicates: int,
    nan_policy: str,
    threads: int | None,
    progress: engine.Progress,
) -> SampledIndices:
    """Derivative-based measures alone: see ``Space.dgsm``."""
    space._check_independent("derivative-based measures")
    _check(replicates, nan_policy)
    points = -(-whole_number("n", n, 1) // replicates)
    seed = seed_of(rng)
    plan = Plan(space, None, False, seed, int(replicates), nan_policy, indices=False)
    return result(plan, run(plan, [], points, threads, progress))


def _check(replicates: int, nan_policy: str) -> None:
    if nan_policy not in NAN_POLICIES:
        raise ValueError(f"nan_policy must be one of {', '.join(NAN_POLICIES)}, got {nan_policy!r}")
    whole_number("replicates", replicates, 2)


def run(
    plan: Plan,
    before: Sequence[Sums],
    points: int,
    threads: int | None,
    progress: engine.Progress,
) -> list[Sums]:
    """Sums of every replicate's first points, if those of fewer are known already."""
    space = plan.space
    equation, d = space.cell.model.equation(), len(space)
    if points > _kernels.MAX_POINTS["sobol"]:
        raise ValueError(f"n must be at most 2**{_kernels.BITS} for each replicate")
    columns = plan.columns(points)
    inputs = [c.input if isinstance(c, _kernels.Draw) else -1 for c in columns[0][0]]
    evaluations = d + 2 if plan.indices else 1
    between = (plan.of.low, plan.of.high) if plan.of else None
    question: dict[str, Any] = {
        "between": between,
        "pivot": plan.pivot,
        "second": plan.second,
        "logs": plan.logs,
    }
    done = before[0].points if before else 0
    found = [replace(one) for one in before] or [Sums() for _ in range(plan.replicates)]
    lock = threading.Lock()

    def work(start: int, stop: int) -> None:
        r, first = divmod(start, points)
        a, b = columns[r]
        both = a, b if plan.indices else None
        invalid, sums = equation.pick_freeze(*both, inputs, first, stop - start, **question)
        if plan.nan_policy == "raise" and invalid.any():
            raise _invalid(invalid)
        with lock:
            found[r].add(stop - start, invalid, sums)

    total = plan.replicates * points
    engine.run(
        work,
        total,
        threads=engine.thread_count(threads, total * evaluations),
        progress=progress,
        unit=PIECE,
        units=1,
        left=[(r * points + done, (r + 1) * points) for r in range(plan.replicates)],
    )
    return found


def _invalid(invalid: np.ndarray) -> ValueError:
    reasons = ", ".join(f"{n} {bit.name}" for bit, n in zip(Status, invalid.tolist()) if n)
    return ValueError(
        f"at least {int(invalid.sum())} points of the sample have no potential ({reasons}): narrow "
        "the distributions, or pass nan_policy='omit' to leave them out"
    )


def result(plan: Plan, found: Sequence[Sums]) -> SampledIndices:
    """What the sums say."""
    rows = np.array([one.floats() for one in found])
    n = np.array([one.valid for one in found], float)
    if n.sum() == 0:
        raise ValueError("no point of the sample has a potential")
    d, slopes = len(plan.space), 0 if plan.logs is None else len(plan.space)
    of_a, of_slopes, of_both = rows[:, :2], rows[:, 2 : 2 + slopes], rows[:, 2 + slopes :]
    if plan.indices:
        sums = np.hstack([of_a, of_both])
        mean, variance, values = estimates(sums, n, d, plan.second)
        if plan.of:
            values = widened(values, sums, n, d)
    else:
        mean, variance, values = *moments(of_a, n)[:2], {}
    if slopes:
        constants = np.array([one.poincare for one in plan.space.distributions])
        values.update(bounds(of_a, of_slopes, n, constants))
    indices = {}
    for key, (value, width) in values.items():
        indices[key], indices[f"{key}_conf"] = value, width
    invalid = [sum(counts) for counts in zip(*(one.invalid for one in found))]
    return SampledIndices(
        plan.space,
        indices,
        mean + plan.pivot,
        variance,
        "sampled",
        n=sum(one.points for one in found),
        replicates=plan.replicates,
        invalid={str(bit.name): count for bit, count in zip(Status, invalid) if count},
        plan=plan,
        sums=tuple(found),
    )


# ---- estimators: sums of each replicate in the rows, in the order of fastrest.h ----

Estimate = tuple[np.ndarray, np.ndarray]


def moments(sums: np.ndarray, n: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Mean and variance, and each replicate's share of the sum of squared deviations.

    From sums of f and f^2 at n points of each replicate.
    """
    total, squares = sums.T
    mean = float(total.sum() / n.sum())
    spread = squares - 2 * mean * total + n * mean**2
    return mean, float(spread.sum() / n.sum()), spread


def estimates(
    sums: np.ndarray, n: np.ndarray, d: int, second: bool, centre: float | None = None
) -> tuple[float, float, dict[str, Estimate]]:
    """Mean, variance, and indices with half-widths of their 95 % intervals.

    Parameters
    ----------
    sums : ndarray, (replicates, sums)
        Without those of derivatives.
    n : ndarray, (replicates,)
        Points.
    d : int
        Inputs.
    second : bool
        Whether there are sums for indices of second order, the last ones.
    centre : float, optional
        What f is less in products: its mean at A and B by default.
    """
    a, aa, b, bb, ab = sums[:, :5].T
    mean, variance, spread = moments(np.stack([a + b, aa + bb], axis=1) / 2, n)
    centre = mean if centre is None else centre
    of_inputs = sums[:, 5 : 5 + 3 * d].reshape(len(sums), d, 3)
    step, step_squared, step_b = np.moveaxis(of_inputs, 2, 0)
    first = step_b - centre * step
    found = {"S1": ratio(first, spread), "ST": ratio(step_squared / 2, spread)}
    if second:
        j, k = np.triu_indices(d, 1)
        of_ba, of_pairs = np.split(sums[:, 5 + 3 * d :], [2 * d], axis=1)
        ba, ba_a = np.moveaxis(of_ba.reshape(len(sums), d, 2), 2, 0)
        # f(B_A) of j times f(A_B) = f(A) + d of k, less f(A) f(B), all less the centre
        closed = of_pairs + ba_a[:, j] - centre * (ba[:, j] + step[:, k]) - ab[:, None]
        closed += centre * b[:, None]
        square = np.full((d, d), np.nan)
        found["S2"] = square, square.copy()
        for place, values in zip(found["S2"], ratio(closed - first[:, j] - first[:, k], spread)):
            place[j, k] = values
    return mean, variance, found


def widened(
    found: dict[str, Estimate], sums: np.ndarray, n: np.ndarray, d: int
) -> dict[str, Estimate]:
    """Estimates for an indicator, with wider intervals where they rest on few events.

    A replicate without an event shows no scatter. With N events in all, the rarer of inside and
    outside, an interval is at least 1.96 sqrt(N + 2.4) of them wide to either side: Poisson's, and
    3 for none. Events are, for a first order, points at which both f(B) and f(A_B), or f(A), are
    1; for a total order those at which one input changes f; for the variance all at which f is 1.
    """
    a, _, b, _, ab, *_ = sums.sum(axis=0)
    total, few = n.sum(), FEW_EVENTS * len(n)
    rare = 1.0 if a + b < 0 else -1.0  # f - 1/2, or the same of its opposite
    step, changes, step_b = sums[:, 5 : 5 + 3 * d].sum(axis=0).reshape(d, 3).T
    hits = rare * (a + b) + total
    variance = hits / (2 * total) * (1 - hits / (2 * total))
    both = ab + rare * (a + b) / 2 + total / 4
    with_input = ab + step_b + rare * (a + b + step) / 2 + total / 4

    def least(events: np.ndarray, scale: float, value: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            own = np.where(events < few, 1.96 * np.sqrt(events + 2.4) * scale, 0.0)
            relative = 1.96 / np.sqrt(hits) if hits < few else 0.0
            return np.asarray(own / (total * variance) + np.abs(value) * relative)

    wider = {}
    for key, (value, width) in found.items():
        if key == "S1":
            floor = least(with_input + both, 1.0, value)
        elif key == "ST":
            floor = least(changes, 0.5, value)
        else:  # second orders are what first orders leave
            first = least(with_input + both, 1.0, found["S1"][0])
            floor = np.hypot(first[:, None], first) + least(np.asarray(both), 1.0, value)
        wider[key] = value, np.fmax(width, floor) if hits else np.full_like(value, np.nan)
    return wider


def bounds(
    of_a: np.ndarray, squares: np.ndarray, n: np.ndarray, constants: np.ndarray
) -> dict[str, Estimate]:
    """Mean squared derivatives, and the bounds of total-order indices that follow from them.

    The total-order index of an input is at most its Poincare constant times the mean squared
    derivative over the variance (Lamboni, Iooss, Popelin & Gamboa 2013,
    doi:10.1016/j.matcom.2013.02.002).
    """
    _, _, spread = moments(of_a, n)
    with np.errstate(invalid="ignore"):
        return {"vi": ratio(squares, n), "dgsm": ratio(constants * squares, spread)}


def ratio(above: np.ndarray, below: np.ndarray) -> Estimate:
    """Ratios of sums over all replicates, and half-widths of their 95 % intervals.

    Those are Student's, of what each replicate deviates by (the delta method).
    """
    replicates = len(above)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = above.sum(axis=0) / below.sum()
        deviation = (above - value * below[:, None]) / below.mean()
        if replicates == 1:
            return value, np.full_like(value, np.nan)
        sd = deviation.std(axis=0, ddof=1)
    return value, student(replicates - 1) * sd / math.sqrt(replicates)


@functools.cache
def student(freedom: int, level: float = 0.95) -> float:
    """What Student's t of so many degrees of freedom exceeds in size with probability 1 - level.

    Examples
    --------
    >>> from fastrest.pickfreeze import student
    >>> round(student(15), 4)
    2.1314
    """

    def within(t: float) -> float:  # Abramowitz & Stegun 1964, 26.7.3 and 26.7.4
        angle = math.atan(t / math.sqrt(freedom))
        cosine, odd = math.cos(angle), freedom % 2
        term = total = 0.0
        for k in range(odd, freedom - 1, 2):
            term = term * (cosine**2 * (k - 1) / k) if k > 1 else (cosine if odd else 1.0)
            total += term
        total *= math.sin(angle)
        return 2 / math.pi * (angle + total) if odd else total

    low, high = 0.0, 1e3
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if within(middle) > level else (middle, high)
    return high
