"""Excitability classes: counts of points between the boundaries that a cell marks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastrest._core.validation import Comparable, public
from fastrest.physiology.cell_forms import DEPOLARISATION_BLOCK
from fastrest.points.points import Points
from fastrest.reductions.accumulator import Accumulator
from fastrest.reductions.base import OnePass, checked_potential, next_double

#: The excitability classes, by the boundary at which each ends.
CLASSES = {
    "lower": "below range",
    "threshold": "resting",
    "block": "suprathreshold",
    "above": "depolarisation block",
}


@public
@dataclass(frozen=True, eq=False)
class ClassesAnswer(Comparable, Mapping[str, int]):
    """The answer of `Classes`: a mapping of class to count.

    Attributes
    ----------
    counts : dict of str to int
    boundaries : dict of str to float
        The boundaries used, mV.
    method : str
        "factored" or "pointwise".

    Examples
    --------
    >>> import fastrest as fr
    >>> cell = fr.cells["mammalian neuron"]
    >>> dict(fr.grid(cell, K_out=[3.0, 20.0, 60.0]).classify())
    {'resting': 1, 'suprathreshold': 1, 'depolarisation block': 1}
    """

    counts: dict[str, int]
    boundaries: dict[str, float]
    method: str

    def __getitem__(self, name: str) -> int:
        return self.counts[name]

    def __iter__(self) -> Any:
        return iter(self.counts)

    def __len__(self) -> int:
        return len(self.counts)

    def _rows(self) -> list[tuple[str, str, str]]:
        """Return name, count and share of each class."""
        total = max(1, sum(self.counts.values()))
        return [(name, f"{n:,}", f"{100 * n / total:.3g} %") for name, n in self.items()]

    def _bounds(self) -> str:
        bounds = ", ".join(f"{name} {V:g}" for name, V in self.boundaries.items())
        return f"{bounds} mV" if bounds else "no boundaries"

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {n} ({share})" for name, n, share in self._rows())
        return f"<Classes: {counts}; {self._bounds()}>"

    def _repr_html_(self) -> str:
        from fastrest.plotting import html

        table = html.table(["class", "points", ""], self._rows())
        return html.block("", table, html.line(self._bounds()))


@public
class Classes(OnePass):
    """Counts of valid points in the excitability classes.

    The classes are depolarisation block, V > block; suprathreshold, threshold < V <= block;
    resting, V <= threshold; and, if `lower` is given, below range, V <= lower. Boundaries that are
    not given are the cell's own. A fixed threshold is a convention.

    The answer is a `ClassesAnswer`.

    Parameters
    ----------
    threshold, block, lower : float, optional
        Boundaries, mV.
    of : str
        "V": excitability classes are those of the membrane potential.

    Examples
    --------
    >>> import fastrest as fr
    >>> cell = fr.cells["mammalian neuron"]
    >>> (found,) = fr.grid(cell, K_out=[3.0, 20.0, 60.0]).reduce(fr.Classes(threshold=-55))
    >>> dict(found)
    {'resting': 1, 'suprathreshold': 1, 'depolarisation block': 1}
    """

    _hooks = ("boundaries",)
    threshold: float | None
    block: float | None
    lower: float | None
    of = "V"

    def __init__(
        self,
        threshold: float | None = None,
        block: float | None = None,
        lower: float | None = None,
        *,
        of: str = "V",
    ):
        if of != "V":
            raise ValueError(f"excitability classes are those of V, got of={of!r}")
        given = {"threshold": threshold, "block": block, "lower": lower}
        vars(self).update(
            {n: None if v is None else checked_potential(n, v) for n, v in given.items()}
        )

    def arguments(self) -> dict[str, Any]:
        return {"threshold": self.threshold, "block": self.block, "lower": self.lower}

    def boundaries(self, points: Points) -> dict[str, float]:
        """Return the boundaries by the class below each, in order."""
        cell = points.cell
        given = {name: getattr(self, name) for name in ("lower", "threshold", "block")}
        chosen = {n: getattr(cell, n) if v is None else v for n, v in given.items()}
        if chosen["threshold"] is None:
            name = repr(cell.name) if cell.name else "the cell"
            raise ValueError(
                f"{name} has no threshold to classify its excitability by: pass threshold="
            )
        if chosen["block"] is None:
            chosen["block"] = DEPOLARISATION_BLOCK
        found = {n: checked_potential(n, v) for n, v in chosen.items() if v is not None}
        if sorted(found.values()) != list(found.values()):
            text = ", ".join(f"{n} {v:g}" for n, v in found.items())
            raise ValueError(f"boundaries must not decrease, got {text} mV")
        return found

    def wanted(self, points: Points) -> Sequence[float]:
        return [next_double(x) for x in self.boundaries(points).values()]

    def answer(self, points: Points, found: Sequence[Accumulator]) -> ClassesAnswer:
        state, boundaries = found[0], self.boundaries(points)
        counts, before = {}, 0
        for name, upto in zip(boundaries, state.below(self.wanted(points)).tolist()):
            counts[CLASSES[name]] = upto - before
            before = upto
        counts[CLASSES["above"]] = state.n - before
        return ClassesAnswer(counts, boundaries, state.method)
