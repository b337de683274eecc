"""Surveys: the one pass over the candidates of a population, and what it has counted so far.

Threads and executors are those of `passes`, checkpoints and parts as of `tally`.
"""

import functools
import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import engine, files, passes
from .candidates import Plan
from .census import Census, Counter
from .info import __version__
from .samples import Sample
from .sweep import Part
from .tally import Checkpoint

if TYPE_CHECKING:
    import concurrent.futures as cf
    import os

#: Blocks in a task: tens of milliseconds, which is what Ctrl-C waits for.
BLOCKS_PER_TASK = 4
#: Most candidates that a worker of an executor takes at once: a few seconds.
LARGEST_PIECE = 1 << 25
WHAT = "file of a population's counts"


class Survey:
    """What has been counted of a population so far: to be kept, gone on with, and merged.

    Attributes
    ----------
    plan : Plan
    done : list of (int, int)
        Ranges of candidates that were counted.
    census : Census
    accepted : ndarray of int32
        Of every block; members are found again by it.
    """

    def __init__(self, plan: Plan):
        blocks = -(-len(plan.sample) // engine.BLOCK)
        engine.check_memory(4 * blocks, None, "draw fewer candidates")
        self.plan = plan
        self.counter = Counter(plan)
        self.done: list[tuple[int, int]] = []
        self.census = self.counter.nothing()
        self.accepted = np.zeros(blocks, np.int32)

    @property
    def points(self) -> int:
        return len(self.plan.sample)

    @functools.cached_property
    def description(self) -> dict[str, Any]:
        return {**files.describe(self.plan.sample), **self.plan.to_json()}

    @functools.cached_property
    def digest(self) -> str:
        return files.digest(self.description)

    def add(self, found: Census, start: int, stop: int) -> None:
        """Add what a range says: all of it or, if Ctrl-C comes in between, nothing."""
        for block, n in found.blocks.items():
            self.accepted[block] = n  # the same if it is counted once more
        together = self.census + replace(found, blocks={})
        self.census, self.done = together, engine.join([*self.done, (start, stop)])

    # ---- files ----

    def save(self, path: "str | os.PathLike[str]") -> None:
        """Write to a file; an existing one is replaced only by the whole new one."""
        content = {
            "fastrest": __version__,
            "population": json.dumps(self.description),
            "census": self.census.to_json(),
            "accepted": files.packed(self.accepted),
            "done": self.done,
        }
        files.write_safely(Path(path), files.seal(content))

    @classmethod
    def load(cls, path: "str | os.PathLike[str]") -> "Survey":
        path = Path(path)
        data = files.unseal(path, WHAT)
        if not {"fastrest", "population"} <= data.keys():
            raise ValueError(f"{path} is no {WHAT}")
        files.check_version(path, data)
        description = json.loads(data["population"])
        sample = files.described(description)
        assert isinstance(sample, Sample)
        survey = cls(Plan.from_json(sample, description))
        survey.census = Census.from_json(data["census"])
        survey.accepted = files.unpacked(data["accepted"], np.dtype(np.int32))
        survey.done = [(start, stop) for start, stop in data["done"]]
        return survey

    def unlike(self, kept: "Survey") -> str:
        """What a kept count is of instead, if it is not of the same population."""
        return "" if kept.digest == self.digest else "another population"


def run(
    survey: Survey,
    ranges: engine.Ranges,
    threads: int | None,
    executor: "cf.Executor | None",
    progress: engine.Progress,
    file: Checkpoint | None,
) -> None:
    """Count what is left of some ranges."""
    plan = survey.plan
    left = engine.common(engine.gaps(survey.done, survey.points), ranges)
    points = sum(stop - start for start, stop in ranges)
    evaluations = points * len(plan.conditions)
    for_workers = 1 if threads is None else engine.thread_count(threads, evaluations)

    def submit(start: int, stop: int) -> "cf.Future[Census]":
        assert executor is not None
        return executor.submit(remote, plan, start, stop, for_workers)

    passes.gather(
        survey,
        survey.counter.count,
        submit,
        left=left,
        points=points,
        unit=engine.BLOCK,
        units=BLOCKS_PER_TASK,
        largest=LARGEST_PIECE,
        threads=engine.thread_count(threads, evaluations),
        executor=executor,
        progress=progress,
        file=file,
    )


def remote(plan: Plan, start: int, stop: int, threads: int) -> Census:
    """The census of a range: run by a worker."""
    counter, lock = Counter(plan), threading.Lock()
    found = counter.nothing()

    def work(lo: int, hi: int) -> None:
        nonlocal found
        one = counter.count(lo, hi)
        with lock:
            found = found + one

    left = [(start, stop)]
    engine.run(work, len(plan.sample), threads=threads, units=BLOCKS_PER_TASK, left=left)
    return found


def range_of(sample: Sample, part: Any) -> tuple[int, int]:
    """The candidates to count: all, or those of part k of n."""
    if part is None:
        return 0, len(sample)
    if not isinstance(part, tuple) or len(part) != 2:
        raise TypeError(f"part must be (k, n), part k of n, got {part!r}")
    return Part(sample, *part).range(engine.BLOCK)


def merged(surveys: Sequence[Survey]) -> Survey:
    """The survey of the whole population, from those of all its parts."""
    first = surveys[0]
    whole = Survey(first.plan)
    for one in surveys:
        if one.digest != first.digest:
            raise ValueError("these are parts of different populations")
        overlap = engine.common(whole.done, one.done)
        if overlap:
            start, stop = overlap[0]
            raise ValueError(f"candidates {start:,} to {stop:,} are in two of these parts")
        whole.done = engine.join([*whole.done, *one.done])
        whole.census = whole.census + one.census
        whole.accepted += one.accepted
    missing = engine.gaps(whole.done, whole.points)
    if missing:
        text = ", ".join(f"{a:,} to {b:,}" for a, b in missing)
        raise ValueError(f"these parts leave out the candidates {text}")
    return whole
