"""Censuses: what is counted of a population, block by block, and put together exactly.

All of it is whole numbers, but for extrema: neither order nor grouping can matter.
"""

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import _kernels, candidates, engine
from ._kernels import Edges
from .candidates import Candidates, Plan
from .reduce import Classes, State, whole

#: Edges between which potentials are counted, mV: RESOLUTION apart.
RESOLUTION = 0.05
EDGES = np.arange(-3000, 2001) / 20
#: Bins of a parameter: as many candidates are expected in each.
BINS = 64


@dataclass(eq=False)
class Census:
    """What is counted of some candidates; that of others can be added.

    Attributes
    ----------
    counts : dict of str to ndarray of int64
        ``invalid``, by reason; ``failed``, by two criteria, ``alone``, by one and no other;
        ``classes`` and ``accepted classes``: above two boundaries, see `Counter.above`;
        ``accepted NAME`` and ``proposed NAME``: between the edges of a parameter.
    states : list of State
        Of the potentials under each condition, of all and of those accepted.
    sums : list of (int or None)
        Of accepted parameters and of products of two, see `Counter.moments`; None if beyond the
        doubles.
    blocks : dict of int to int
        Accepted candidates in each block.
    """

    counts: dict[str, np.ndarray]
    states: list[State]
    sums: list[int | None]
    blocks: dict[int, int] = field(default_factory=dict)

    @property
    def valid(self) -> int:
        return self.states[0].n

    @property
    def accepted(self) -> int:
        return self.states[1].n

    def __add__(self, other: "Census") -> "Census":
        states = []
        for mine, theirs in zip(self.states, other.states):
            states.append(State(mine.method, mine.edges))
            states[-1].add(mine)
            states[-1].add(theirs)
        return Census(
            {name: mine + other.counts[name] for name, mine in self.counts.items()},
            states,
            [None if a is None or b is None else a + b for a, b in zip(self.sums, other.sums)],
            {**self.blocks, **other.blocks},
        )

    # ---- as JSON, but for blocks ----

    def to_json(self) -> dict[str, Any]:
        return {
            "counts": {name: counts.tolist() for name, counts in self.counts.items()},
            "states": [{**state.to_json(), "edges": None} for state in self.states],
            "sums": [None if total is None else hex(total) for total in self.sums],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Census":
        edges = [edge.hex() for edge in EDGES.tolist()]
        return cls(
            {name: np.array(counts, np.int64) for name, counts in data["counts"].items()},
            [State.from_json({**state, "edges": edges}) for state in data["states"]],
            [None if total is None else int(total, 16) for total in data["sums"]],
        )


class Counter:
    """Counts the candidates of a plan: holds what all blocks are measured by.

    Attributes
    ----------
    edges : dict of str to ndarray
        Of each parameter, those within its distribution: quantiles, mostly BINS - 1.
    counted : set of str
        Parameters whose candidates are counted too, since their bins do not hold equal parts.
    boundaries : dict of str to float
        Of the excitability classes, by the class below; empty if the cell has no threshold.
    """

    def __init__(self, plan: Plan):
        self.plan = plan
        cell, space = plan.cell, plan.sample.space
        self.boundaries = {} if cell.threshold is None else Classes().boundaries(plan.sample)
        self.edges: dict[str, np.ndarray] = {}
        levels = np.arange(1, BINS) / BINS
        for name, one in zip(space.names, space.distributions):
            self.edges[name] = np.unique(one.ppf(levels))
        if space.derived:  # of those that follow no quantile is known: the first ones' are taken
            n = min(len(plan.sample), engine.BLOCK)
            ranks = (levels * n).astype(np.int64)
            first = plan.sample._drawn.draw(0, n)[len(space.names) :]
            for name, x in zip(space.derived, first):
                self.edges[name] = np.unique(np.sort(x)[ranks])
        self.counted = {
            name for name in plan.names if name in space.derived or len(self.edges[name]) < BINS - 1
        }
        # parameters are brought to the size of 1, so that sums of products keep their digits
        self.centre = np.array([e[len(e) // 2] for e in self.edges.values()])
        spread = np.array([e[-1] - e[0] for e in self.edges.values()]) / 4
        self.scale = np.where(spread > 0, spread, 1.0)
        self._sum = _kernels.Equation("separable")

    @functools.cached_property
    def _indexed(self) -> tuple[Edges, dict[str, Edges]]:
        return Edges(EDGES), {name: Edges(edges) for name, edges in self.edges.items()}

    def __reduce__(self) -> tuple[Any, ...]:
        return Counter, (self.plan,)

    def nothing(self) -> Census:
        """The census of no candidates."""
        plan, k = self.plan, len(self.plan.accept)
        m = len(plan.conditions) * len(self.boundaries)
        p = len(plan.names)
        shapes: dict[str, Any] = {"invalid": 6, "failed": (k, k), "alone": k}
        shapes.update({"classes": (m, m), "accepted classes": (m, m)})
        shapes.update({f"accepted {n}": len(edges) + 1 for n, edges in self.edges.items()})
        shapes.update({f"proposed {n}": len(self.edges[n]) + 1 for n in self.counted})
        return Census(
            {name: np.zeros(shape, np.int64) for name, shape in shapes.items()},
            [State("pointwise", EDGES) for _ in range(2 * len(plan.conditions))],
            [0] * (p + p * (p + 1) // 2),
        )

    def count(self, start: int, stop: int) -> Census:
        """The census of a range that begins with a block."""
        found = self.nothing()
        for lo, hi in engine.cut([(start, stop)], engine.BLOCK):
            found = found + self._count_block(candidates.compute(self.plan, lo, hi), lo)
        return found

    def _count_block(self, block: Candidates, start: int) -> Census:
        found = self.nothing()
        counts, accepted = found.counts, np.flatnonzero(block.accepted)
        found.blocks[start // engine.BLOCK] = len(accepted)
        counts["invalid"] = block.invalid
        if block.fails:
            counts["failed"] = both(block.fails)
            failed = np.sum(block.fails, axis=0, dtype=np.int32)
            counts["alone"] = np.array([np.count_nonzero(f & (failed == 1)) for f in block.fails])
        inputs = np.take(block.inputs, accepted, axis=1)
        V = np.take(block.V, accepted, axis=1)
        counts["classes"] = both(self.above(block.V))
        counts["accepted classes"] = both(self.above(V))
        edges, of_parameters = self._indexed
        for i, (all_V, accepted_V) in enumerate(zip(block.V, V)):
            self._add(found.states[2 * i], all_V, block.numbers, edges)
            self._add(found.states[2 * i + 1], accepted_V, block.numbers[accepted], edges)
        for name, every, x in zip(self.plan.names, block.inputs, inputs):
            counts[f"accepted {name}"] = self._counts(x, of_parameters[name])
            if name in self.counted:
                counts[f"proposed {name}"] = self._counts(every, of_parameters[name])
        found.sums = self.moments(inputs)
        return found

    # ---- what the C core sums up: V = phi (a - b), of an array a with b = 0 ----

    def _add(self, state: State, V: np.ndarray, numbers: np.ndarray, edges: Edges) -> None:
        if not len(V):
            return
        blocks, counts = self._sum.reduce([V, 0.0, 1.0], 0, len(V), edges)
        assert counts is not None
        for place in ("argmin", "argmax"):
            blocks[place] = numbers[blocks[place]]
        state.add_blocks(blocks, counts, 0, sums=True)

    def _counts(self, x: np.ndarray, edges: Edges) -> np.ndarray:
        if not len(x):
            return np.zeros(len(edges.edges) + 1, np.int64)
        _, counts = self._sum.reduce([x, 0.0, 1.0], 0, len(x), edges, sums=False)
        assert counts is not None
        return counts

    def moments(self, inputs: np.ndarray) -> list[int | None]:
        """Sums over candidates of parameters, brought to the size of 1, and of products of two."""
        if not inputs.size:
            return list(self.nothing().sums)
        with np.errstate(over="ignore"):
            y = (inputs - self.centre[:, None]) / self.scale[:, None]
        pairs = [(a, 1.0) for a in y] + [(a, b) for i, a in enumerate(y) for b in y[i:]]
        return [self._total(a, b) for a, b in pairs]

    def _total(self, a: np.ndarray, b: Any) -> int | None:
        blocks, _ = self._sum.reduce([a, 0.0, b], 0, len(a))
        n, _, pivot, total, rest, *_ = blocks[0].tolist()
        if n < len(a) or not math.isfinite(total) or not math.isfinite(rest):
            return None
        return int(n) * whole(pivot) + whole(total) + whole(rest)

    def above(self, V: np.ndarray) -> list[np.ndarray]:
        """Which candidates lie above each boundary of the classes, condition by condition."""
        return [row > boundary for row in V for boundary in self.boundaries.values()]


def both(masks: Sequence[np.ndarray]) -> np.ndarray:
    """How many are in each two of some sets."""
    found = np.zeros((len(masks), len(masks)), np.int64)
    for i, a in enumerate(masks):
        for j, b in enumerate(masks[: i + 1]):
            found[i, j] = found[j, i] = np.count_nonzero(a & b)
    return found
