"""Counts of a population, made block by block and added exactly.

All but the extrema are whole numbers: neither the order nor the grouping of blocks can change them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fastrest._core import _kernels, _samples
from fastrest._core.edges import Edges
from fastrest._core.validation import Comparable
from fastrest.models.quantities import Status
from fastrest.populations.candidates import Candidates, PopulationDesign, compute
from fastrest.reductions.accumulator import Accumulator, whole, with_all_reasons
from fastrest.reductions.classes import Classes
from fastrest.runtime import scheduler
from fastrest.runtime.ranges import Ranges, cut

#: Edges in a mV between which values are counted.
PER_MV = 20
#: Bins of a parameter, in which equal numbers of candidates are expected.
BINS = 64


@dataclass(eq=False)
class Counts(Comparable):
    """Counts of some candidates; the counts of other candidates can be added.

    Attributes
    ----------
    counts : dict of str to ndarray of int64
        ``invalid``, by reason; ``failed``, by two criteria; ``alone``, by one criterion and no
        other; ``classes`` and ``accepted classes``, above two boundaries, see `Counter.above`;
        ``accepted NAME`` and ``proposed NAME``, between the edges of a parameter.
    accumulators : list of Accumulator
        For each condition that of all valid candidates, then that of the accepted ones.
    sums : list of (int or None)
        Sums of accepted parameters and of products of two, see `Counter.moments`; None if beyond
        the doubles.
    blocks : dict of int to int
        The number of accepted candidates in each block.
    """

    counts: dict[str, np.ndarray]
    accumulators: list[Accumulator]
    sums: list[int | None]
    blocks: dict[int, int] = field(default_factory=dict)

    @property
    def valid(self) -> int:
        """The number of candidates with a value under every condition."""
        return self.accumulators[0].n

    @property
    def accepted(self) -> int:
        """The number of accepted candidates."""
        return self.accumulators[1].n

    def __add__(self, other: "Counts") -> "Counts":
        accumulators = [one.empty() for one in self.accumulators]
        for together, *parts in zip(accumulators, self.accumulators, other.accumulators):
            for part in parts:
                together.add(part)
        return Counts(
            {name: mine + other.counts[name] for name, mine in self.counts.items()},
            accumulators,
            [None if a is None or b is None else a + b for a, b in zip(self.sums, other.sums)],
            {**self.blocks, **other.blocks},
        )

    def check(self, done: Ranges, points: int) -> None:
        """Raise the ValueError that names a field of a file which contradicts another.

        Parameters
        ----------
        done : sequence of (start, stop)
            The ranges of candidates that were counted, `points` in all.
        """
        valid, accepted = self.valid, self.accepted
        if valid + sum(self.counts["invalid"].tolist()) != points:
            raise ValueError(f"counts: n and invalid must be the {points:,} points of done")
        for i, state in enumerate(self.accumulators):
            state.check(done, accepted if i % 2 else valid, True)
        for name, counts in self.counts.items():
            total = {"accepted": accepted, "proposed": valid}.get(name.partition(" ")[0])
            of_pairs = "classes" in name
            if total is not None and not of_pairs and sum(counts.tolist()) != total:
                raise ValueError(f"counts: {name} must have {total:,} candidates")
            most = points if total is None else total
            if counts.size and not 0 <= counts.min() <= counts.max() <= most:
                raise ValueError(f"counts: {name} must be from 0 to {most:,}")
        failed, alone = np.diag(self.counts["failed"]), self.counts["alone"]
        rejected = valid - accepted
        if not max(failed.tolist(), default=0) <= rejected <= sum(failed.tolist()):
            raise ValueError(f"counts: failed must explain {rejected:,} rejected candidates")
        if (self.counts["failed"] > failed).any() or (alone > failed).any():
            raise ValueError("counts: failed and alone must be parts of the failed candidates")

    # ---- as JSON, without blocks ----

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON holds them."""
        return {
            "counts": {name: counts.tolist() for name, counts in self.counts.items()},
            "accumulators": [{**one.to_json(), "edges": None} for one in self.accumulators],
            "sums": [None if total is None else hex(total) for total in self.sums],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], nothing: "Counts") -> "Counts":
        """Return the counts of `to_json`, in arrays of the shapes that no candidates have."""
        edges = [edge.hex() for edge in nothing.accumulators[0].edges.tolist()]
        found = cls(
            {
                name: whole_numbers(name, data["counts"][name], counts.shape)
                for name, counts in nothing.counts.items()
            },
            [Accumulator.from_json({**one, "edges": edges}) for one in data["accumulators"]],
            [None if total is None else int(total, 16) for total in data["sums"]],
        )
        alike = [a.counts_like(b) for a, b in zip(nothing.accumulators, found.accumulators)]
        if not all(alike) or not (
            len(alike) == len(nothing.accumulators) == len(found.accumulators)
            and len(nothing.sums) == len(found.sums)
        ):
            raise ValueError("accumulators and sums must have one for each condition and pair")
        return found


def whole_numbers(name: str, given: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return an array of the counts that a file holds, or raise the ValueError."""
    if name == "invalid" and isinstance(given, list):
        given = with_all_reasons(given)
    found = np.array(given)
    if found.size != math.prod(shape) or (found.size and found.dtype != np.int64):
        raise ValueError(f"counts: {name} must be whole numbers of shape {shape}")
    return found.astype(np.int64).reshape(shape)


class Counter:
    """The counter of a design's candidates, with the edges that all blocks share.

    Attributes
    ----------
    edges : dict of str to ndarray
        The inner edges of each parameter's bins: quantiles of its distribution, mostly BINS - 1.
    counted : set of str
        Parameters with unequal bins, of which all candidates are counted as well.
    boundaries : dict of str to float
        Boundaries of the excitability classes, by the class below. Empty if the cell has no
        threshold, or if another output than V is counted.
    """

    def __init__(self, design: PopulationDesign):
        self.design = design
        cell, space = design.cell, design.sample.space
        classified = cell.threshold is not None and design.of == "V"
        self.boundaries = Classes().boundaries(design.sample) if classified else {}
        self.edges: dict[str, np.ndarray] = {}
        levels = np.arange(1, BINS) / BINS
        for name, one in zip(space.names, space.distributions):
            self.edges[name] = np.unique(one.ppf(levels))
        if space.derived:  # no quantile is known: those of the first candidates are taken
            n = min(len(design.sample), scheduler.BLOCK_POINTS)
            ranks = (levels * n).astype(np.int64)
            first = design.sample.drawn.draw(0, n)[len(space.names) :]
            for name, x in zip(space.derived, first):
                self.edges[name] = np.unique(np.sort(x)[ranks])
        self.counted = {
            name
            for name in design.names
            if name in space.derived or len(self.edges[name]) < BINS - 1
        }
        # parameters are brought to the size of 1, so that sums of products keep their digits
        self.centre = np.array([e[len(e) // 2] for e in self.edges.values()])
        spread = np.array([e[-1] - e[0] for e in self.edges.values()]) / 4
        self.scale = np.where(spread > 0, spread, 1.0)
        p = len(design.names)
        self._n_sums = p + p * (p + 1) // 2  # of parameters, and of products of two
        self._sum = _kernels.Equation("separable")
        low, high = design.limits
        self._edges = Edges(np.arange(PER_MV * low, PER_MV * high + 1) / PER_MV)
        self._edges_of = {name: Edges(edges) for name, edges in self.edges.items()}

    def nothing(self) -> Counts:
        """Return the counts of no candidates."""
        design, k = self.design, len(self.design.accept)
        m = len(design.conditions) * len(self.boundaries)
        shapes: dict[str, Any] = {"invalid": len(Status), "failed": (k, k), "alone": k}
        shapes.update({"classes": (m, m), "accepted classes": (m, m)})
        shapes.update({f"accepted {n}": len(edges) + 1 for n, edges in self.edges.items()})
        shapes.update({f"proposed {n}": len(self.edges[n]) + 1 for n in self.counted})
        return Counts(
            {name: np.zeros(shape, np.int64) for name, shape in shapes.items()},
            [
                Accumulator("pointwise", self._edges.numbers)
                for _ in range(2 * len(design.conditions))
            ],
            [0] * self._n_sums,
        )

    def count(self, start: int, stop: int) -> Counts:
        """Return the counts of a range that begins with a block."""
        n = min(stop - start, scheduler.BLOCK_POINTS)
        drawn, accepted = np.empty((2, len(self.design.names), n))  # new memory would take time
        found = self.nothing()
        for lo, hi in cut([(start, stop)], scheduler.BLOCK_POINTS):
            found += self._count_block(compute(self.design, lo, hi, drawn), lo, accepted)
        return found

    def _count_block(self, block: Candidates, start: int, room: np.ndarray) -> Counts:
        found = self.nothing()
        counts, accepted = found.counts, np.flatnonzero(block.accepted)
        found.blocks[start // scheduler.BLOCK_POINTS] = len(accepted)
        counts["invalid"] = block.invalid
        counts["failed"] = count_pairs(block.fails)
        once = np.sum(block.fails, axis=0, dtype=np.int32) == 1
        counts["alone"] = np.array([np.count_nonzero(f & once) for f in block.fails], np.int64)
        n = len(accepted)
        inputs = room[:, :n]
        for x, to in zip(block.inputs, inputs):
            np.take(x, accepted, out=to, mode="clip")
        V = np.take(block.V, accepted, axis=1)
        counts["classes"] = count_pairs(self.above(block.V))
        counts["accepted classes"] = count_pairs(self.above(V))
        for i, (all_V, accepted_V) in enumerate(zip(block.V, V)):
            of_all, of_accepted = found.accumulators[2 * i : 2 * i + 2]
            of_all.add_values(all_V, block.numbers, self._edges)
            of_accepted.add_values(accepted_V, block.numbers[accepted], self._edges)
        for name, every, x in zip(self.design.names, block.inputs, inputs):
            counts[f"accepted {name}"] = self._counts(x, self._edges_of[name])
            if name in self.counted:
                counts[f"proposed {name}"] = self._counts(every, self._edges_of[name])
        found.sums = self.moments(inputs)
        return found

    # ---- sums by the C core: those of V = phi (a - b), of an array a with b = 0 ----

    def _counts(self, x: np.ndarray, edges: Edges) -> np.ndarray:
        if not len(x):
            return np.zeros(len(edges.numbers) + 1, np.int64)
        _, counts = self._sum.reduce([x, 0.0, 1.0], 0, len(x), edges, sums=False)
        assert counts is not None
        return counts

    def moments(self, inputs: np.ndarray) -> list[int | None]:
        """Return sums over candidates of parameters, scaled to about 1, and of products of two."""
        n = inputs.shape[1]
        if not n:
            return [0] * self._n_sums
        sums = _samples.products(inputs, self.centre, self.scale)
        exists = np.isfinite(sums).all(axis=1).tolist()
        return [
            n * whole(pivot) + whole(total) + whole(rest) if finite else None
            for finite, (pivot, total, rest) in zip(exists, sums.tolist())
        ]

    def above(self, V: np.ndarray) -> list[np.ndarray]:
        """Return masks of the candidates above each boundary of the classes, by condition."""
        return [row > boundary for row in V for boundary in self.boundaries.values()]


def count_pairs(masks: Sequence[np.ndarray]) -> np.ndarray:
    """Return the number of members that each two of some sets have in common."""
    found = np.zeros((len(masks), len(masks)), np.int64)
    for i, a in enumerate(masks):
        for j, b in enumerate(masks[: i + 1]):
            found[i, j] = found[j, i] = np.count_nonzero(a & b)
    return found
