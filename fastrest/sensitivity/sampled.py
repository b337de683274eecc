"""Sampled Sobol' indices by pick-freeze: of any model, and of events.

The sample is two Sobol' sequences A and B of the inputs. At each point the output is computed at
A, at B, and at A and at B with one input after the other taken from the other; the kernel adds up
the products that `estimators` turns into indices, and stores no values.

The points of a Sobol' sequence are not independent, so that a bootstrap of them has no meaning.
The sample therefore consists of replicates, scrambled independently, and the scatter of their
estimates gives the intervals.
"""

import math
import threading
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fastrest._core import _kernels, _samples
from fastrest._core.validation import as_float, public, whole_number
from fastrest.models.outputs import Output
from fastrest.models.quantities import Status
from fastrest.physiology.criteria import InRange
from fastrest.physiology.plausibility import PlausibilityWarning
from fastrest.points import sobol_sequence
from fastrest.points.inputs import Inputs
from fastrest.points.sample_points import SamplePoints, drawn_columns, kernel_sample
from fastrest.reductions.accumulator import UNIT, whole
from fastrest.runtime import scheduler
from fastrest.runtime.scheduler import Progress
from fastrest.sensitivity.estimators import (
    NAN_POLICIES,
    bounds,
    estimates,
    moments,
    widened_for_rare_events,
)
from fastrest.sensitivity.indices import SobolIndices

if TYPE_CHECKING:
    import matplotlib.axes

#: The number of the way in which a design draws its points and adds up its sums.
BITS = 2
#: Points of A and B in a task: a few milliseconds.
PIECE = 1 << 14
#: Points of A and B in the first sample for `until`, and in the last if n is not given.
FIRST, LAST = 1 << 14, 1 << 30
#: Points at which the margin of steady states is looked at, and the part of its median at which
#: they are near the edge of existence.
TRIED, NEAR = 1 << 12, 0.1


@public
@dataclass(frozen=True)
class SamplingDesign:
    """Everything that sets the bits of the sums but the number of points."""

    space: Inputs
    output: Output
    event: InRange | None
    second: bool
    seed: int
    replicates: int
    nan_policy: str
    indices: bool = True
    groups: Mapping[str, Sequence[str]] | None = None
    bits: int = field(default_factory=lambda: BITS, init=False)

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update({"bits": 1, **state})  # earlier pickles have no number

    def __post_init__(self) -> None:
        measures = "Sobol' indices" if self.indices else "derivative-based measures"
        self.space.check_independent(measures)
        if not self.indices and self.output.no_derivatives:
            raise ValueError(f"dgsm needs derivatives, which {self.output.name} has not: use sobol")
        if not isinstance(self.second, bool):
            raise TypeError(f"second must be True or False, got {self.second!r}")
        if self.nan_policy not in NAN_POLICIES:
            policies = ", ".join(NAN_POLICIES)
            raise ValueError(f"nan_policy must be one of {policies}, got {self.nan_policy!r}")
        vars(self).update(replicates=whole_number("replicates", self.replicates, 2))

    def points(self, n: int) -> int:
        """Return the points of each replicate, of at least n in all."""
        return -(-whole_number("n", n, 1) // self.replicates)

    @property
    def pivot(self) -> float:
        """A value near the middle of the quantity: less it, sums of squares keep their digits."""
        return pivot_of(self.space, self.output, self.event)

    @property
    def parts(self) -> list[int]:
        """For each input, the number of its group; or its own."""
        if not self.groups:
            return list(range(len(self.space)))
        return [
            next(k for k, names in enumerate(self.groups.values()) if name in names)
            for name in self.space.names
        ]

    @property
    def evaluations(self) -> int:
        """The number of evaluations of the output at a point."""
        return 2 * (1 + max(self.parts)) + 2 if self.indices else 1

    @property
    def logs(self) -> list[bool] | None:
        """For each input, True if its derivative is taken with respect to its logarithm."""
        if self.event is not None or self.groups or self.output.no_derivatives:
            return None
        return [one.log for one in self.space.distributions]

    def columns(self, points: int) -> list[tuple[list[Any], list[Any]]]:
        """Return the equation's columns at A and at B for each replicate.

        A and B are one sequence, with twice as many dimensions as there are inputs. An input has
        neighbouring dimensions in both, which fill their square most evenly.
        """
        space, d = self.space, len(self.space)
        seeds = [np.random.SeedSequence(self.seed, spawn_key=(r,)) for r in range(self.replicates)]
        ways, shifts = sobol_sequence.scrambled_directions(2 * d, seeds)

        def half(r: int, dims: slice) -> list[Any]:
            scrambled = {"directions": ways[r, dims].copy(), "shifts": shifts[r, dims].copy()}
            drawn = kernel_sample(space, "sobol", points, **scrambled)
            return drawn_columns(self.output, space, drawn, points)

        return [(half(r, slice(0, None, 2)), half(r, slice(1, None, 2))) for r in range(len(ways))]


@public
@dataclass
class ReplicateSums:
    """Sums of one replicate, as whole numbers: the order of adding cannot change them.

    None stands for a sum beyond the doubles, which only squares of derivatives can reach.
    """

    points: int = 0
    invalid: list[int] = field(default_factory=lambda: [0] * len(Status))
    totals: list[int | None] = field(default_factory=list)

    def add(self, points: int, invalid: np.ndarray, sums: np.ndarray) -> None:
        """Add the sums of some more points, as the kernel returns them."""
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
        """The number of points with a potential."""
        return self.points - sum(self.invalid)

    def floats(self) -> list[float]:
        """Return the sums as doubles; infinite beyond them."""
        return [math.inf if total is None else total / (1 << UNIT) for total in self.totals]


@public
@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class SampledIndices(SobolIndices):
    """Sobol' indices from a sample, which can be extended: see `SobolIndices`.

    Attributes
    ----------
    plan : SamplingDesign
        Everything that sets the sample but its size.
    sums : tuple of ReplicateSums
        The sums of each replicate.
    """

    plan: SamplingDesign
    sums: tuple[ReplicateSums, ...]

    _hooks: ClassVar[tuple[str, ...]] = ("prefixes",)
    method = "sampled"

    @property
    def n(self) -> int:
        """The number of base points over all replicates."""
        return sum(one.points for one in self.sums)

    @property
    def replicates(self) -> int:
        """The number of independent parts of the sample."""
        return len(self.sums)

    @property
    def invalid(self) -> dict[str, int]:
        """The points left out for want of a potential, by the lowest bit of their `Status`."""
        counts = [sum(found) for found in zip(*(one.invalid for one in self.sums))]
        return {str(bit.name): count for bit, count in zip(Status, counts) if count}

    @property
    def rng(self) -> int:
        """A number that makes the same sample again."""
        return self.plan.seed

    def extend(
        self, n: int, *, threads: int | None = None, progress: Progress = False
    ) -> "SampledIndices":
        """Return the indices from n more base points, after those already seen.

        Parameters
        ----------
        n : int
            Further points over all replicates; rounded up to a multiple of their number.
        threads, progress
            As for ``sweep.values``.

        Returns
        -------
        SampledIndices
            To rounding, the indices of one sample of all points.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
        ...                  K_out=fr.uniform(3, 6))
        >>> r = space.sobol(2**12, rng=1)
        >>> r.extend(2**12).n
        8192
        """
        points = self.sums[0].points + self.plan.points(n)
        return answer(self.plan, add_points(self.plan, self.sums, points, threads, progress))

    @property
    def evaluations(self) -> int:
        """The number of evaluations of the output in all."""
        return self.n * self.plan.evaluations

    def prefixes(self, stages: int, threads: int | None = None) -> list["SampledIndices"]:
        """Return the indices from a half, a quarter, ... of the sample, the fewest points first.

        Parameters
        ----------
        stages : int
            The largest number of prefixes, the whole sample included.
        threads : int, optional
            As for ``sweep.values``.

        Returns
        -------
        list of SampledIndices
        """
        most = self.sums[0].points
        sizes = {-(-most >> k) for k in range(whole_number("stages", stages, 1))}
        sums: Sequence[ReplicateSums] = []
        found = []
        for points in sorted(sizes - {most}):
            sums = add_points(self.plan, sums, points, threads, False)
            found.append(answer(self.plan, sums))
        return [*found, self]

    def plot_convergence(
        self,
        ax: "matplotlib.axes.Axes | None" = None,
        *,
        key: str | None = None,
        stages: int = 8,
        threads: int | None = None,
    ) -> "matplotlib.axes.Axes":
        """Draw an index of each input, with its interval, against the number of evaluations.

        The estimates are those of a half, a quarter, ... of the same sample, which is computed
        again. Needs matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default the axes of a new pyplot figure.
        key : {"ST", "S1", "dgsm", "vi"}, optional
            Which index; by default ST, or dgsm if there is no ST.
        stages : int
            The number of estimates, the last of which is that of the whole sample.
        threads : int, optional
            As for ``sweep.values``.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ValueError
            There is no such index, or another version of fastrest sampled it.
        """
        from fastrest.plotting.sensitivity import convergence

        allowed = [
            name for name, x in self.indices.items() if f"{name}_conf" in self and x.ndim < 2
        ]
        key = allowed[-1 if "ST" not in self else allowed.index("ST")] if key is None else key
        if key not in allowed:
            raise ValueError(f"key must be one of {', '.join(allowed)}, got {key!r}")
        found = self.prefixes(stages, threads)
        x = np.array([one.evaluations for one in found], float)
        names = [self["names"][i] for i in self.order]
        values, widths = (np.array([one[k] for one in found]) for k in (key, f"{key}_conf"))
        curves = {name: values[:, i] for name, i in zip(names, self.order)}
        bands = {name: widths[:, i] for name, i in zip(names, self.order)}
        note = f"{self.replicates} replicates, 95 % intervals"
        label = f"{key} of {self.quantity[0]}"
        return convergence(x, curves, bands, label, ax, self.space.cell.name, [note])


def sampled_indices(
    design: SamplingDesign,
    n: int | None,
    until: float | None,
    threads: int | None,
    progress: Progress,
) -> SampledIndices:
    """Return sampled indices: see ``Space.sobol`` and ``Space.dgsm``."""
    if until is not None and not as_float("until", until) > 0:
        raise ValueError(f"until must be > 0, got {until!r}")
    _warn_of_volume(design)
    most = design.points(LAST if n is None else n)
    points = most if until is None else min(most, design.points(FIRST))
    sums: Sequence[ReplicateSums] = []
    while True:
        sums = add_points(design, sums, points, threads, progress)
        found = answer(design, sums)
        if until is None or points == most:
            return found
        if max(found["S1_conf"].max(), found["ST_conf"].max()) <= until:  # which NaN never is
            return found
        points = min(2 * points, most)


def _warn_of_volume(design: SamplingDesign) -> None:
    """Warn if a volume may have no variance: it is in inverse proportion to the margin."""
    output = design.output
    if output.name != "relative_volume" or "margin" not in output.model.outputs:
        return
    few = SamplePoints(design.space, TRIED, 0, "sobol", True).asked("margin")
    margin, status = few.values_and_status()
    if status.any() or margin.min() < NEAR * np.median(margin):
        warnings.warn(
            "relative_volume may have no variance here, and its indices no meaning: it grows "
            "without bound where the margin of existence goes to 0; ask for X, which is in inverse "
            "proportion to the volume, or for the margin",
            PlausibilityWarning,
            stacklevel=4,
        )


def add_points(
    design: SamplingDesign,
    before: Sequence[ReplicateSums],
    points: int,
    threads: int | None,
    progress: Progress,
) -> list[ReplicateSums]:
    """Return the sums of every replicate's first points, given those of fewer points."""
    if design.bits != BITS:
        raise ValueError(
            f"another version of fastrest sampled these indices (bits {design.bits}, not {BITS}), "
            "which cannot be extended: sample anew"
        )
    equation, parts = design.output.equation, design.parts
    d = 1 + max(parts)
    if points > _samples.MAX_POINTS["sobol"]:
        raise ValueError(f"n must be at most 2**{_samples.BITS} for each replicate")
    columns = design.columns(points)
    inputs = [c.input if isinstance(c, _kernels.Draw) else -1 for c in columns[0][0]]
    asked: dict[str, Any] = {
        "n_inputs": d,
        "parts": parts if design.groups else None,
        "between": (design.event.low, design.event.high) if design.event is not None else None,
        "pivot": design.pivot,
        "second": design.second,
        "logs": design.logs,
    }
    done = before[0].points if before else 0
    sums = [replace(one) for one in before] or [ReplicateSums() for _ in columns]
    lock = threading.Lock()

    def work(start: int, stop: int) -> None:
        r, first = divmod(start, points)
        a, b = columns[r]
        both = a, b if design.indices else None
        invalid, found = _samples.pick_freeze(equation, *both, inputs, first, stop - start, **asked)
        if design.nan_policy == "raise" and invalid.any():
            raise invalid_points(invalid, design.output)
        with lock:
            sums[r].add(stop - start, invalid, found)

    total = design.replicates * points
    threads = scheduler.thread_count(threads, total * design.evaluations)
    left = [(r * points + done, (r + 1) * points) for r in range(design.replicates)]
    to_do = scheduler.ToDo(total, PIECE, 1, left)
    scheduler.run(work, to_do, threads=threads, progress=progress)
    return sums


def pivot_of(space: Inputs, output: Output, event: InRange | None) -> float:
    """Return a value near the middle of a quantity: less it, sums of squares keep their digits."""
    if event is not None:
        return 0.5
    medians = np.array([[float(one.ppf(0.5))] for one in space.distributions])
    at = {name: float(x[0]) for name, x in space.with_derived(medians).items()}
    V = output.value_at({**space.cell, **at})
    return V if math.isfinite(V) else 0.0


def invalid_points(invalid: np.ndarray, output: Output, omit: bool = True) -> ValueError:
    """Return the error that counts points without an output, by the bits of their status."""
    counts = {bit: n for bit, n in zip(Status, invalid.tolist()) if n}
    if output.is_time and Status.INFINITE in counts:
        return ValueError(
            f"{output.name} does not come at {counts[Status.INFINITE]} points or more of the "
            "sample, and has no variance: give it a value there, as fr.time_to(-40, never=7200), "
            "or ask for an event, as fr.below(600, of=fr.time_to(-40))"
        )
    reasons = ", ".join(f"{n} {bit.name}" for bit, n in counts.items())
    advice = ", or pass nan_policy='omit' to leave them out" if omit else ""
    return ValueError(
        f"at least {int(invalid.sum())} points of the sample have no potential ({reasons}): narrow "
        f"the distributions{advice}"
    )


def answer(design: SamplingDesign, sums: Sequence[ReplicateSums]) -> SampledIndices:
    """Return the indices that follow from the sums."""
    rows = np.array([one.floats() for one in sums])
    n = np.array([one.valid for one in sums], float)
    if n.sum() == 0:
        raise ValueError("no point of the sample has a potential")
    d, slopes = 1 + max(design.parts), 0 if design.logs is None else len(design.space)
    of_a, of_slopes, of_both = rows[:, :2], rows[:, 2 : 2 + slopes], rows[:, 2 + slopes :]
    if design.indices:
        of_points = np.hstack([of_a, of_both])
        mean, variance, values = estimates(of_points, n, d, design.second)
        if design.event is not None:
            values = widened_for_rare_events(values, of_points, n, d)
    else:
        mean, variance, values = *moments(of_a, n)[:2], {}
    if slopes:
        constants = np.array([one.poincare for one in design.space.distributions])
        values.update(bounds(of_a, of_slopes, n, constants))
    indices = {}
    for key, (value, width) in values.items():
        indices[key], indices[f"{key}_conf"] = value, width
    mean += design.pivot
    of = design.output.name if design.event is None else design.event
    groups = design.groups
    return SampledIndices(
        design.space, indices, mean, variance, of=of, groups=groups, plan=design, sums=tuple(sums)
    )
