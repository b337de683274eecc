"""Reports: what the command line prints of a population, most asked first."""

from collections.abc import Iterator, Mapping
from typing import Any

from .clinical import State
from .population import Population
from .sensitivity import aligned

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
