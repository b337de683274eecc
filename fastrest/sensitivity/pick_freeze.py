"""The sums that sampled Sobol' indices are made of: the sample, its pieces, and adding them up."""

import functools
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from fastrest._core import _kernels, _samples
from fastrest._core.validation import public, whole_number
from fastrest.models.outputs import Output
from fastrest.models.quantities import Status
from fastrest.physiology.criteria import InRange
from fastrest.points import sobol_sequence
from fastrest.points.inputs import Inputs
from fastrest.points.sample_points import drawn_columns, kernel_sample
from fastrest.reductions.accumulator import UNIT, whole
from fastrest.runtime import scheduler
from fastrest.runtime.engines import Pool
from fastrest.runtime.executors import Remote, Sender
from fastrest.runtime.scheduler import Progress
from fastrest.sensitivity.estimators import NAN_POLICIES

#: The number of the way in which a design draws its points and adds up its sums.
BITS = 2
#: Points of A and B in a task: a few milliseconds.
PIECE = 1 << 14
#: The time of an evaluation, in plain points.
COST = 4


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

    def join(self, other: "ReplicateSums") -> None:
        """Add the sums of other points."""
        self.points += other.points
        self.invalid = [a + b for a, b in zip(self.invalid, other.invalid)]
        pairs = zip(self.totals or [0] * len(other.totals), other.totals)
        self.totals = [None if a is None or b is None else a + b for a, b in pairs]

    @property
    def valid(self) -> int:
        """The number of points with a potential."""
        return self.points - sum(self.invalid)

    def floats(self) -> list[float]:
        """Return the sums as doubles; infinite beyond them."""
        return [math.inf if total is None else total / (1 << UNIT) for total in self.totals]


class Sampler:
    """The sample of a design, whose pieces are added up here or in a worker."""

    def __init__(self, design: SamplingDesign, points: int):
        self.design, self.points = design, points

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.design, self.points)

    @functools.cached_property
    def columns(self) -> list[tuple[list[Any], list[Any]]]:
        """The equation's columns at A and at B for each replicate."""
        return self.design.columns(self.points)

    @functools.cached_property
    def asked(self) -> dict[str, Any]:
        """The arguments of the kernel beside the columns."""
        design, parts = self.design, self.design.parts
        return {
            "n_inputs": 1 + max(parts),
            "parts": parts if design.groups else None,
            "between": (design.event.low, design.event.high) if design.event is not None else None,
            "pivot": design.pivot,
            "second": design.second,
            "logs": design.logs,
        }

    def sums(self, start: int, stop: int) -> "ReplicateSums":
        """Return the sums of a piece, which lies in one replicate."""
        r, first = divmod(start, self.points)
        a, b = self.columns[r]
        inputs = [c.input if isinstance(c, _kernels.Draw) else -1 for c in a]
        both = a, b if self.design.indices else None
        equation = self.design.output.equation
        n = stop - start
        invalid, found = _samples.pick_freeze(equation, *both, inputs, first, n, **self.asked)
        one = ReplicateSums()
        one.add(stop - start, invalid, found)
        return one


def sums_remotely(sampler: Sampler, start: int, stop: int, threads: int) -> "ReplicateSums":
    """Return the sums of some pieces of one replicate, in a worker."""
    found, lock, _ = ReplicateSums(), threading.Lock(), sampler.columns

    def work(lo: int, hi: int) -> None:
        one = sampler.sums(lo, hi)
        with lock:
            found.join(one)

    to_do = scheduler.ToDo(stop - start, PIECE, 1, [(start, stop)])
    scheduler.run(work, to_do, threads=threads)
    return found


def add_points(
    design: SamplingDesign,
    before: Sequence[ReplicateSums],
    points: int,
    threads: int | None,
    progress: Progress,
    engine: Pool | None = None,
) -> list[ReplicateSums]:
    """Return the sums of every replicate's first points, given those of fewer points."""
    if design.bits != BITS:
        raise ValueError(
            f"another version of fastrest sampled these indices (bits {design.bits}, not {BITS}), "
            "which cannot be extended: sample anew"
        )
    if points > _samples.MAX_POINTS["sobol"]:
        raise ValueError(f"n must be at most 2**{_samples.BITS} for each replicate")
    sampler = Sampler(design, points)
    done = before[0].points if before else 0
    sums = [replace(one) for one in before] or [ReplicateSums() for _ in range(design.replicates)]
    lock = threading.Lock()

    def add(found: ReplicateSums, start: int, stop: int) -> None:
        if design.nan_policy == "raise" and any(found.invalid):
            raise invalid_points(np.array(found.invalid), design.output)
        with lock:
            sums[start // points].join(found)

    def work(start: int, stop: int) -> None:
        add(sampler.sums(start, stop), start, stop)

    total = design.replicates * points
    left = [(r * points + done, (r + 1) * points) for r in range(design.replicates)]
    if engine is not None:
        arguments = (1 if threads is None else threads,)
        carried = (engine.carry(sampler),)
        remote = Remote(sums_remotely, carried, arguments, (sampler,), "repeat the call")
        to_do = scheduler.ToDo(total, PIECE, 1, left, COST * design.evaluations)
        Sender(engine, remote, to_do).run(progress, add)
        return sums
    _ = sampler.columns, sampler.asked  # before the threads
    threads = scheduler.thread_count(threads, total * design.evaluations)
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
