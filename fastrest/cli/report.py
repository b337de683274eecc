"""Reports: lines about sweeps, populations and speed, as the command line prints them."""

import importlib.util
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastrest._core.validation import aligned
from fastrest.models.outputs import with_unit
from fastrest.nouns.populations import Population
from fastrest.physiology.presets import State
from fastrest.reductions.base import Reducer
from fastrest.reductions.classes import Classes
from fastrest.reductions.summaries import Quantile, Summary
from fastrest.runtime.system import info, processor

if TYPE_CHECKING:
    from fastrest.benchmark.archive import Measured
    from fastrest.benchmark.tracking import SpeedChange

#: Quantiles in reports; the report of a population leaves out the middle one.
QUANTILES = (0.05, 0.5, 0.95)
#: The smallest number of points for which a progress bar is drawn.
LONG = 100_000_000
#: Below this number of points a time is that of the call, and a rate says nothing.
FEW = 100_000
#: Reasons why points have no potential, by the name of their status.
REASONS = {
    "NOT_FINITE": "an input that is missing or not finite",
    "NEGATIVE": "an input below 0",
    "TEMPERATURE": "celsius outside -20 ... 100",
    "NO_PERMEANT": "no permeant ion",
    "INFINITE": "permeant ions on one side only",
    "RANGE": "values beyond the range of doubles",
}


def row(label: str, text: str) -> str:
    """Return a line that begins with a label."""
    return f"{label:8} {text}"


def elapsed(seconds: float, count: int | None = None, unit: str = "") -> str:
    """Return a line with the time, and with the rate of so many points that it means something."""
    few = count is None or count < FEW
    rate = "" if few else f", {count / seconds / 1e6:.3g} M {unit}/s"  # type: ignore[operator]
    return row("time", f"{seconds:.3g} s{rate}")


def shows_progress(points: int) -> bool:
    """Return True for long work on a terminal, if tqdm is installed to draw a progress bar."""
    known = importlib.util.find_spec("tqdm") is not None
    return known and points >= LONG and sys.stderr.isatty()


def _counts(invalid: Mapping[str, int]) -> str:
    """Return a line with the number of points without a potential, by reason."""
    reasons = ", ".join(f"{n:,} {reason}" for reason, n in invalid.items())
    return row("invalid", f"{sum(invalid.values()):,}{reasons and f' ({reasons})'}")


def no_potential(points: Any, invalid: Mapping[str, int]) -> str:
    """Return the words for a sweep without a single potential."""
    reasons = ", ".join(f"{n:,} with {REASONS[reason]}" for reason, n in invalid.items())
    celsius = points.inputs.get("celsius")
    kelvin = celsius is not None and np.all((celsius > 250) & (celsius < 380))
    hint = '; celsius looks like kelvin: name the column "celsius (K)"' if kelvin else ""
    return f"fastrest: no point has a potential: {reasons}{hint}"


def _share(n: int, total: int) -> str:
    return f"{n:,} ({100 * n / max(1, total):.3g} %)"


# ---- sweeps ----


def sweep(points: Any, reducers: Sequence[Reducer], answers: Sequence[Any]) -> Iterator[str]:
    """Yield lines: the number of points, invalid ones, the extremes and their parameters."""
    name = points.cell.name or repr(points.cell.model)
    shape = " x ".join(f"{d} {n:,}" for d, n in zip(points.dims, points.shape, strict=True))
    of = "" if reducers[0].of == "V" else f", {reducers[0].of}"
    output = points.cell.model.outputs.get(reducers[0].of)
    yield f"{name}, {points.cell.model}{of}: {math.prod(points.shape):,} points ({shape})"
    for reducer, answer in zip(reducers, answers, strict=True):
        if isinstance(reducer, Summary):
            yield _counts(answer.invalid)
            if answer.n:
                least, mean, sd, most = (
                    with_unit(f"{x:.4f}", output)
                    for x in (answer.min, answer.mean, answer.sd, answer.max)
                )
                yield row("min", f"{least} at {_place(points, answer.argmin)}")
                yield row("mean", f"{mean}, sd {sd}" if len(reducers) > 1 else mean)
                yield row("max", f"{most} at {_place(points, answer.argmax)}")
        elif isinstance(reducer, Quantile):
            values = ", ".join(f"{100 * q:g} % {V:.4f}" for q, V in zip(QUANTILES, answer))
            yield row("quantile", with_unit(values, output))
        elif isinstance(reducer, Classes):
            for kind, count in answer.items():
                yield row("class", f"{kind}: {_share(count, sum(answer.values()))}")


def _place(points: Any, number: int) -> str:
    parameters = points.cell.model.parameters
    found = points.parameters(number)
    parts = [f"{n}={float(v):.6g} {parameters[n].unit}".rstrip() for n, v in found.items()]
    start = f"row {number}: " if points.dims == ("row",) else ""
    return start + ", ".join(parts)


# ---- populations ----


def population(pop: Population) -> Iterator[str]:
    """Yield lines: the accepted cells, what each criterion rejects, potentials and classes."""
    name = pop.space.cell.name or repr(pop.space.cell.model)
    made = f"method {pop.method}, rng {pop.rng}"
    yield f"{name}: {pop.n:,} candidates, {len(pop.names)} parameters vary ({made})"
    yield _counts(pop.invalid)
    low, high = pop.interval
    interval = f"95 % interval {100 * low:.4g} ... {100 * high:.4g} %"
    yield row("accepted", f"{pop.accepted:,} ({100 * pop.fraction:.4g} %, {interval})")
    yield from _rejections(pop)
    if not pop.n - sum(pop.invalid.values()):
        yield "no candidate has a potential under every condition"
    elif not pop.accepted:
        rejected = ", ".join(f"{n:,} by {one!r}" for one, n in pop.rejected_by.items())
        yield f"no candidate meets all criteria; rejected: {rejected}"
    if not pop.accepted:
        return
    yield from _potentials(pop)
    if pop.tally.counter.boundaries:
        yield from _transitions(pop)


def sources(states: Mapping[str, State]) -> Iterator[str]:
    """Yield a line for each condition that is a shipped state, with the state's source."""
    for name, one in states.items():
        why = f"({one.basis}; {one.remark}). {one.source}"
        yield f"condition {name} is the state {one.name} {why}"


def _rejections(pop: Population) -> Iterator[str]:
    if not pop.accept:
        return
    alone, valid = pop.rejected_only_by, pop.n - sum(pop.invalid.values())
    rows = [["rejected by", "in all", "alone", "with others"]]
    for one, n in pop.rejected_by.items():
        counts = (n, alone[one], n - alone[one])
        rows.append([f"  {one!r}", *(_share(count, valid) for count in counts)])
    yield from aligned(rows)


def _potentials(pop: Population) -> Iterator[str]:
    tails = QUANTILES[::2]
    of = "" if pop.of == "V" else f"{pop.of} of "
    unit = pop.space.cell.model.outputs[pop.of].unit
    head = f"{of}accepted cells, {unit}" if unit else f"{of}accepted cells"
    rows = [[head, "mean", "sd", *(f"{100 * q:g} %" for q in tails)]]
    for name in pop.conditions:
        s = pop.summary(name)
        quantiles = (f"{V:.2f}" for V in pop.quantile(name, tails))
        rows.append([f"  {name}", f"{s.mean:.2f}", f"{s.sd:.2f}", *quantiles])
    yield from aligned(rows)


def _transitions(pop: Population) -> Iterator[str]:
    """Yield lines: classes under each condition, and changes of class from the first condition."""
    first, *others = pop.conditions
    classes = pop.transition(first, first).classes
    rows = [["accepted cells", *classes]]
    moves = []
    for name in pop.conditions:
        found = pop.transition(first, name)
        rows.append([f"  {name}", *(_share(n, pop.accepted) for n in found.counts.sum(axis=0))])
        if name in others:
            moves += [
                f"from {first} to {name}: {_share(found[a, b], pop.accepted)} {a} -> {b}"
                for a in classes
                for b in classes
                if a != b and found[a, b]
            ]
    yield from aligned(rows)
    yield from moves


# ---- speed ----

#: Units of time in seconds, from large to small.
UNITS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}


def speed(measured: "Sequence[Measured]") -> Iterator[str]:
    """Yield lines: a row for each workload, and an explanation of the columns."""
    known, threads = info(), max(one.threads for one in measured)
    yield f"fastrest {known['version']}, {known['isa']}, threads: {threads}; {processor()}"
    rows = [["", "a point", "x reference", "x NumPy", "of the memory's limit"]]
    for one in measured:
        share = one.memory_share
        rows.append(
            [
                one.workload.title,
                duration(one.per_point / 1e9),
                *(_times(one.times(other)) for other in ("python", "numpy")),
                "" if share is None else f"{100 * share:.0f} %",
            ]
        )
    yield from aligned(rows)
    yield "Medians of calls in turn; x: time that the pure-Python reference and NumPy take for a"
    yield "point, as a multiple of ours. The memory's limit: of a copy (table), of a fill (grid)."


def budget(seconds: float, most: float) -> Iterator[str]:
    """Yield a line if the measurements took longer than they should."""
    if seconds > most:
        yield (
            f"This took {seconds:.0f} s in place of {most:.0f}: the machine is slow, or other "
            "programs ran. Late workloads had the fewest rounds."
        )


def environment(differs: Sequence[str]) -> Iterator[str]:
    """Yield a line with the conditions that have changed since the file before in a history."""
    if differs:
        yield f"the environment differs from that of the file before: {'; '.join(differs)}"


def changes(
    found: "Sequence[SpeedChange]", others: Sequence[str], path: str, tolerance: float
) -> Iterator[str]:
    """Yield lines: the time of each workload as a multiple of its earlier time, and a verdict."""
    rows = [[f"against {path}", "times as long", "bootstrap interval", ""]]
    for one in found:
        r = one.ratio
        numbers = ["", ""] if r is None else [f"{r.value:.3f}", f"{r.low:.3f} ... {r.high:.3f}"]
        rows.append([one.workload, *numbers, "not comparable" if r is None else one.verdict])
    yield from aligned(rows)
    yield f"Times relative to yardsticks measured in turn; up to {1 + tolerance:g} is no change."
    if others:
        yield f"inconclusive: measured under other conditions: {'; '.join(others)}"


def duration(seconds: float) -> str:
    """Return a time in a readable unit, with three digits."""
    rounded = float(f"{seconds:.3g}")
    unit = next((unit for unit, size in UNITS.items() if rounded >= size), "ns")
    return f"{seconds / UNITS[unit]:.3g} {unit}"


def _times(ratio: float | None) -> str:
    if ratio is None:
        return ""
    return f"{ratio:,.1f}" if ratio < 10 else f"{float(f'{ratio:.2g}'):,.0f}"
