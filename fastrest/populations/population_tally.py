"""Tallies of populations: the counts so far, and the pass over the candidates."""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from fastrest._core.validation import Comparable
from fastrest.models.outputs import Output
from fastrest.points.describe import POINTS, describe, made
from fastrest.points.sample_points import SamplePoints
from fastrest.populations.candidates import PopulationDesign
from fastrest.populations.counts import Counter, Counts
from fastrest.runtime import scheduler, system
from fastrest.runtime.checkpoint import PartialResult, Parts
from fastrest.runtime.executors import Means, Remote, gather
from fastrest.runtime.ranges import Ranges, checked_part, common, gaps, joined_with
from fastrest.runtime.storage import StrPath, digest, packed, undamaged, unpacked

#: Blocks in a task: those of tens of milliseconds, for which Ctrl-C waits.
BLOCKS_PER_TASK = 4
#: The time of a condition of a candidate, in plain points.
COST = 8


class PopulationTally(Comparable, PartialResult):
    """The counts of a population so far: to be saved, resumed, and merged.

    Attributes
    ----------
    design : PopulationDesign
    done : list of (int, int)
        Ranges of candidates that were counted.
    counts : Counts
    accepted : ndarray of int32
        The number of accepted candidates in every block, from which members are found.
    """

    _compared = ("digest", "done", "counts", "accepted")
    file_kind = "file of a population's counts"
    key = "population"
    unit_name = "candidates"

    def __init__(self, design: PopulationDesign):
        blocks = -(-len(design.sample) // scheduler.BLOCK_POINTS)
        system.check_memory(4 * blocks, None, "draw fewer candidates")
        self.design, self.bits = design, design.sample.bits
        self.counter = Counter(design)
        self.done = []
        self.counts = self.counter.nothing()
        self.accepted = np.zeros(blocks, np.int32)

    @property
    def output(self) -> Output:
        """The output that is counted."""
        return self.design.cell.model.outputs[self.design.of]

    @property
    def points(self) -> int:
        """The number of candidates in all."""
        return len(self.design.sample)

    @functools.cached_property
    def description(self) -> dict[str, Any]:  # type: ignore[override]
        """The candidates, conditions and criteria, as JSON holds them."""
        return {**describe(self.design.sample), **self.design.to_json()}

    def add(self, found: Counts, start: int, stop: int) -> None:
        """Add the counts of a range: all of them or, if Ctrl-C comes in between, none."""
        for block, n in found.blocks.items():
            self.accepted[block] = n  # counted again, a block has the same number
        together = self.counts + replace(found, blocks={})
        self.counts, self.done = together, joined_with(self.done, start, stop)

    def content(self) -> dict[str, Any]:
        """Return the content of a file beside the description, as JSON."""
        accepted = np.where(self._room() > 0, self.accepted, 0)  # Ctrl-C may have left others
        return {"counts": self.counts.to_json(), "accepted": packed(accepted)}

    def _room(self) -> np.ndarray:
        """Return the most candidates that each block can have, 0 beyond `done`."""
        room, size = np.zeros(len(self.accepted), self.accepted.dtype), scheduler.BLOCK_POINTS
        for start, stop in self.done:
            room[start // size : -(-stop // size)] = size
        return room

    @classmethod
    def load(cls, path: StrPath, kinds: Mapping[str, type[Any]] = POINTS) -> "PopulationTally":
        """Read a file; the sample and space are made of these classes."""
        data = cls.read(path)
        with undamaged(path):
            return cls.of_content(data, kinds)

    @classmethod
    def of_content(cls, data: dict[str, Any], kinds: Mapping[str, type[Any]]) -> "PopulationTally":
        """Return the tally of a file's content."""
        description = data["description"]
        sample = made(description, kinds)
        if not isinstance(sample, SamplePoints):
            raise ValueError("population must be the description of a sample")
        blocks = -(-len(sample) // scheduler.BLOCK_POINTS)
        if blocks > 1024 * len(data["accepted"]):  # more than can be compressed so far
            raise ValueError("accepted must have a number for each block")
        tally = cls(PopulationDesign.from_json(sample, description))
        if tally.description != description and digest(tally.description) != data.get("digest"):
            raise ValueError("population must be the description of candidates and criteria")
        tally.counts = Counts.from_json(data["counts"], tally.counts)
        tally.accepted = unpacked(data["accepted"], np.dtype(np.int32), blocks)
        return tally.restore(data)

    def check(self) -> None:
        """Raise the ValueError that names a field of a file which contradicts another."""
        points = sum(stop - start for start, stop in self.done)
        self.counts.check(self.done, points)
        wrong = (self.accepted < 0) | (self.accepted > self._room())
        if wrong.any() or sum(self.accepted.tolist()) != self.counts.accepted:
            raise ValueError("accepted must have the accepted candidates of each block of done")


def run_pass(tally: PopulationTally, ranges: Ranges, means: Means) -> None:
    """Count the candidates of some ranges that were not counted before."""
    design, engine = tally.design, means.engine
    left = common(gaps(tally.done, tally.points), ranges)
    points = sum(stop - start for start, stop in ranges)
    evaluations = points * len(design.conditions)
    remote = None
    if engine is not None:
        one = means.threads is None
        for_workers = 1 if one else scheduler.thread_count(means.threads, evaluations)
        remote = Remote(count_remotely, (engine.carry(design),), (for_workers,), (design,))
    cost = COST * len(design.conditions)
    to_do = scheduler.ToDo(points, units=BLOCKS_PER_TASK, left=left, cost=cost)
    means = means._replace(threads=scheduler.thread_count(means.threads, evaluations))
    gather(tally, tally.counter.count, remote, to_do, means)


def count_remotely(design: PopulationDesign, start: int, stop: int, threads: int) -> Counts:
    """Return the counts of a range, in a worker."""
    counter, found = Counter(design), list[Counts]()

    def work(lo: int, hi: int) -> None:
        found.append(counter.count(lo, hi))

    left = [(start, stop)]
    to_do = scheduler.ToDo(len(design.sample), units=BLOCKS_PER_TASK, left=left)
    scheduler.run(work, to_do, threads=threads)
    return sum(found, counter.nothing())


def checked_range(sample: SamplePoints, part: Any) -> tuple[int, int]:
    """Return the candidates to count: all, or those of part k of n."""
    if part is None:
        return 0, len(sample)
    if not isinstance(part, tuple) or len(part) != 2:
        raise TypeError(f"part must be (k, n), part k of n, got {part!r}")
    return system.part_of_points(len(sample), *checked_part(*part), scheduler.BLOCK_POINTS)


def merged_tallies(tallies: Iterable[tuple[PopulationTally, str]]) -> PopulationTally:
    """Return the tally of the whole population, from those of all its parts, with their files."""
    whole: PopulationTally | None = None
    for one, file in tallies:
        if whole is None:
            whole, parts = PopulationTally(one.design), Parts(one, "parts")
            whole.bits = one.bits
        parts.take(one, file)
        whole.counts = whole.counts + one.counts
        whole.accepted += one.accepted
    if whole is None:
        raise ValueError("nothing to merge: no parts were given")
    parts.check_complete()
    whole.done = [(0, whole.points)]
    return whole
