"""Reports: what the command line prints of a population and of measured speed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .clinical import State
from .info import info, processor
from .population import Population
from .sensitivity import aligned

if TYPE_CHECKING:
    from .tracking import Change, Measured

#: What is printed of the distribution of V.
QUANTILES = (0.05, 0.95)


def population(pop: Population) -> Iterator[str]:
    """Lines: how many are accepted, what rejects the others, and what the accepted ones do."""
    name = pop.space.cell.name or repr(pop.space.cell.model)
    made = f"method {pop.method}, rng {pop.rng}"
    yield f"{name}: {pop.n:,} candidates, {len(pop.names)} parameters vary ({made})"
    reasons = ", ".join(f"{n:,} {reason}" for reason, n in pop.invalid.items())
    yield f"invalid  {sum(pop.invalid.values()):,}{reasons and f' ({reasons})'}"
    low, high = pop.interval
    interval = f"95 % interval {100 * low:.4g} ... {100 * high:.4g} %"
    yield f"accepted {pop.accepted:,} ({100 * pop.fraction:.4g} %, {interval})"
    yield from _rejections(pop)
    if not pop.n - sum(pop.invalid.values()):
        yield "nobody has a potential under every condition"
    elif not pop.accepted:
        rejected = ", ".join(f"{n:,} by {one!r}" for one, n in pop.rejected_by.items())
        yield f"nobody meets all criteria; rejected: {rejected}"
    if not pop.accepted:
        return
    yield from _potentials(pop)
    if pop.space.cell.threshold is not None:
        yield from _transitions(pop)


def sources(conditions: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Lines: which conditions are shipped states, and who says so."""
    for name, one in conditions.items():
        if isinstance(one, State):
            why = f"({one.basis}; {one.remark}). {one.source}"
            yield f"condition {name} is the state {one.name} {why}"


def _rejections(pop: Population) -> Iterator[str]:
    if not pop.accept:
        return
    alone, valid = pop.rejected_only_by, pop.n - sum(pop.invalid.values())
    rows = [["rejected by", "in all", "alone", "with others"]]
    for one, n in pop.rejected_by.items():
        counts = (n, alone[one], n - alone[one])
        rows.append([f"  {one!r}", *(_part(count, valid) for count in counts)])
    yield from aligned(rows)


def _potentials(pop: Population) -> Iterator[str]:
    head = [f"{100 * q:g} %" for q in QUANTILES]
    rows = [["accepted cells, mV", "mean", "sd", *head]]
    for name in pop.conditions:
        s = pop.summary(name)
        quantiles = (f"{V:.2f}" for V in pop.quantile(name, QUANTILES))
        rows.append([f"  {name}", f"{s.mean:.2f}", f"{s.sd:.2f}", *quantiles])
    yield from aligned(rows)


def _transitions(pop: Population) -> Iterator[str]:
    """Classes under each condition, and who is in another class than under the first."""
    first, *others = pop.conditions
    classes = pop.transition(first, first).classes
    rows = [["accepted cells", *classes]]
    moves = []
    for name in pop.conditions:
        found = pop.transition(first, name)
        rows.append([f"  {name}", *(_part(n, pop.accepted) for n in found.counts.sum(axis=0))])
        if name in others:
            moves += [
                f"from {first} to {name}: {_part(found[a, b], pop.accepted)} {a} -> {b}"
                for a in classes
                for b in classes
                if a != b and found[a, b]
            ]
    yield from aligned(rows)
    yield from moves


def _part(n: int, total: int) -> str:
    return f"{n:,} ({100 * n / max(1, total):.3g} %)"


# ---- speed ----

#: Seconds, from large to small.
UNITS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}


def speed(measured: "Sequence[Measured]") -> Iterator[str]:
    """Lines: a row for each workload, and what stands in their columns."""
    known, threads = info(), max(one.threads for one in measured)
    yield f"fastrest {known['version']}, {known['isa']}, threads: {threads}; {processor()}"
    rows = [["", "a point", "x reference", "x NumPy", "of the memory's limit"]]
    for one in measured:
        share = one.memory_share
        rows.append(
            [
                one.workload.title,
                duration(one.per_point / 1e9),
                *(_times(one.times(who)) for who in ("python", "numpy")),
                "" if share is None else f"{100 * share:.0f} %",
            ]
        )
    yield from aligned(rows)
    yield "Medians of calls that took turns; x: how many times as long the pure-Python reference"
    yield "and NumPy take for a point. The memory's limit: of a copy (table), of a fill (grid)."


def changes(
    found: "Sequence[Change]", others: Sequence[str], path: str, tolerance: float
) -> Iterator[str]:
    """Lines: how much longer each workload takes than it did, and what follows."""
    rows = [[f"against {path}", "times as long", "bootstrap interval", ""]]
    for one in found:
        r = one.ratio
        numbers = ["", ""] if r is None else [f"{r.value:.3f}", f"{r.low:.3f} ... {r.high:.3f}"]
        rows.append([one.workload, *numbers, "not comparable" if r is None else one.verdict])
    yield from aligned(rows)
    yield f"Times are those of yardsticks measured in turn; up to {1 + tolerance:g} is no change."
    if others:
        yield f"inconclusive: measured under other conditions: {'; '.join(others)}"


def duration(seconds: float) -> str:
    """A time for people, with three digits."""
    rounded = float(f"{seconds:.3g}")
    unit = next((unit for unit, size in UNITS.items() if rounded >= size), "ns")
    return f"{seconds / UNITS[unit]:.3g} {unit}"


def _times(ratio: float | None) -> str:
    if ratio is None:
        return ""
    return f"{ratio:,.1f}" if ratio < 10 else f"{float(f'{ratio:.2g}'):,.0f}"
