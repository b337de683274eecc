"""Tallies: what has been counted of a sweep so far, to be saved, gone on with, and merged."""

import functools
import json
import math
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

import numpy as np

from . import engine, files
from .info import __version__
from .reduce import REDUCERS, Reducer, State

if TYPE_CHECKING:
    from .population import Population

#: Seconds between two saves of a checkpoint.
SAVE_EVERY = 5.0
WHAT = "file of fastrest's tallies"


class Recorded:
    """Of a table in another process: its cell, and the parameters at the extremes."""

    def __init__(self, description: dict[str, Any], places: dict[str, dict[str, float]]):
        self.cell = files.described_cell(description)
        self.dims = ("row",)
        self.shape: tuple[int, ...] = tuple(description["shape"])
        self.places = places

    def __len__(self) -> int:
        return self.shape[0]

    def parameters(self, place: int) -> dict[str, Any]:
        return dict(self.places[str(place)])


class Tally:
    """What has been counted of a sweep: made by ``sweep.part(k, n).tally(...)``, put together by
    `merge`.

    Attributes
    ----------
    reducers : tuple of Reducer
    method : str
        "factored" or "pointwise".
    done : list of (int, int)
        Ranges of points counted in the present pass.
    """

    def __init__(
        self,
        sweep: Any,
        description: dict[str, Any],
        digest: str,
        method: str,
        reducers: Sequence[Reducer],
    ):
        self.sweep, self.description, self.digest = sweep, description, digest
        self.method, self.reducers = method, tuple(reducers)
        self.found: list[State] = []
        self.state: State | None = None
        self.done: list[tuple[int, int]] = []

    @property
    def points(self) -> int:
        points: int = math.prod(self.description["shape"])
        return points

    @property
    def complete(self) -> bool:
        return not engine.gaps(self.done, self.points)

    def next_pass(self) -> bool:
        """Whether another pass is needed; then `state` is what it adds to."""
        passes = self._whole_passes()
        edges = [one.edges(self.sweep, self.method, passes) for one in self.reducers]
        wanted = [e for e in edges if e is not None]
        if not wanted:
            return False
        self.sums = any(one.sums for one, e in zip(self.reducers, edges) if e is not None)
        if self.state is None or self.complete:
            state = State(self.method, np.unique(np.concatenate(wanted)))
            self.found, self.state, self.done = passes, state, []
        return True

    def _whole_passes(self) -> list[State]:
        """The states of all passes that are done."""
        last = [self.state] if self.state is not None and self.complete else []
        return [*self.found, *last]

    def add(self, state: State, start: int, stop: int) -> None:
        """Add what a range of points says: all of it or, if Ctrl-C comes in between, nothing."""
        assert self.state is not None
        together = State(self.method, self.state.edges)
        together.add(self.state)
        together.add(state)
        done = engine.join([*self.done, (start, stop)])
        self.state, self.done = together, done

    def answers(self) -> tuple[Any, ...]:
        """What each reducer says, once everything is counted."""
        return tuple(one.answer(self.sweep, self._whole_passes()) for one in self.reducers)

    def unlike(self, kept: "Tally") -> str:
        """What a kept tally is of instead, if it does not answer the same questions."""
        if kept.digest != self.digest:
            return "another sweep"
        if kept.reducers != self.reducers:
            return f"other reducers, {', '.join(map(repr, kept.reducers))}"
        return "" if kept.method == self.method else f"method={kept.method!r}"

    def __repr__(self) -> str:
        done = sum(stop - start for start, stop in self.done)
        asked = ", ".join(map(repr, self.reducers))
        return f"<Tally of {done:,} of {self.points:,} points: {asked}; {self.method}>"

    # ---- files ----

    @functools.cached_property
    def _text(self) -> str:
        """The description, made text once: with long axes that takes longer than all the rest."""
        return json.dumps(self.description)

    def save(self, path: "str | os.PathLike[str]") -> None:
        """Write to a file; an existing one is replaced only by the whole new one."""
        states = [*self.found, *([self.state] if self.state is not None else [])]
        extremes = {p for s in states for p in (s.argmin, s.argmax) if p >= 0}
        places = {
            str(p): {n: float(v) for n, v in self.sweep.parameters(p).items()} for p in extremes
        }
        files.write_safely(
            Path(path),
            files.seal(
                {
                    "fastrest": __version__,
                    "sweep": self._text,
                    "digest": self.digest,
                    "method": self.method,
                    "reducers": [one.spec() for one in self.reducers],
                    "found": [state.to_json() for state in self.found],
                    "state": None if self.state is None else self.state.to_json(),
                    "done": self.done,
                    "places": places,
                }
            ),
        )

    @classmethod
    def load(cls, path: "str | os.PathLike[str]") -> "Tally":
        """Read a file written by `save`.

        Raises
        ------
        ValueError
            The file is not of this kind, was cut off or changed, or is of another version.
        """
        path = Path(path)
        data = files.unseal(path, WHAT)
        if not {"fastrest", "reducers"} <= data.keys():
            raise ValueError(f"{path} is no {WHAT}")
        files.check_version(path, data)
        description = json.loads(data["sweep"])
        sweep = files.described(description) or Recorded(description, data["places"])
        reducers = [REDUCERS[name](**arguments) for name, arguments in data["reducers"]]
        tally = cls(sweep, description, data["digest"], data["method"], reducers)
        tally.found = [State.from_json(state) for state in data["found"]]
        tally.state = None if data["state"] is None else State.from_json(data["state"])
        tally.done = [(start, stop) for start, stop in data["done"]]
        return tally


def merge(parts: "Iterable[Tally | Population | str | os.PathLike[str]]") -> Any:
    """The answers of a sweep, or the population, that was counted in parts.

    Parameters
    ----------
    parts : iterable of Tally, Population or path
        All the parts, in any order.

    Returns
    -------
    tuple or Population
        The answers, as from ``sweep.reduce``, or the population, as from ``Space.population``: the
        same to the bit.

    Raises
    ------
    ValueError
        The parts are of different sweeps, reducers, methods or populations, overlap, or leave
        points out; a reducer needs several passes.

    Examples
    --------
    >>> import numpy as np, fastrest as fr
    >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 200_000))
    >>> parts = [sweep.part(k, 3).tally(fr.Summary()) for k in range(3)]
    >>> fr.merge(parts) == sweep.reduce(fr.Summary())
    True
    """
    from . import population

    if isinstance(parts, Tally | population.Population | str | os.PathLike):
        raise TypeError(f"merge takes a list of tallies, populations or paths, got {parts!r}")
    given: list[Any] = list(parts)
    if any(population.is_one(one) for one in given):
        return population.merged(given)
    return merged_tally(given).answers()


def merged_tally(tallies: "Iterable[Tally | str | os.PathLike[str]]") -> Tally:
    """The tally of the whole sweep: see `merge`."""
    loaded = [t if isinstance(t, Tally) else Tally.load(t) for t in tallies]
    if not loaded:
        raise ValueError("nothing to merge: no tallies were given")
    first = loaded[0]
    whole = Tally(first.sweep, first.description, first.digest, first.method, first.reducers)
    places: dict[str, Any] = {}
    whole.next_pass()
    for one in loaded:
        if one.digest != first.digest:
            raise ValueError("these tallies are of different sweeps")
        if (one.method, one.reducers) != (first.method, first.reducers):
            raise ValueError(f"these tallies answer different questions: {first!r} and {one!r}")
        if one.found or one.state is None:
            raise ValueError(f"{one!r} has several passes, which cannot be merged")
        for start, stop in one.done:
            if any(start < b and a < stop for a, b in whole.done):
                raise ValueError(f"points {start:,} to {stop:,} are in two of these tallies")
            whole.done = engine.join([*whole.done, (start, stop)])
        assert whole.state is not None
        whole.state.add(one.state)
        if isinstance(one.sweep, Recorded):
            places.update(one.sweep.places)
        else:
            whole.sweep = one.sweep  # knows the parameters at every point
    if not whole.complete:
        missing = ", ".join(f"{a:,} to {b:,}" for a, b in engine.gaps(whole.done, whole.points))
        raise ValueError(f"these tallies leave out the points {missing}")
    if isinstance(whole.sweep, Recorded):
        whole.sweep = Recorded(whole.description, places)
    if whole.next_pass():
        raise ValueError(f"{first!r} needs several passes, which cannot be merged")
    return whole


class Kept(Protocol):
    """What can be kept in a checkpoint: a tally, or the count of a population."""

    done: list[tuple[int, int]]

    def save(self, path: "str | os.PathLike[str]") -> None: ...

    @classmethod
    def load(cls, path: "str | os.PathLike[str]") -> Self: ...

    def unlike(self, kept: Self) -> str:
        """What a kept one is of instead, if it does not answer the same questions."""


K = TypeVar("K", bound=Kept)


class Checkpoint:
    """The file of a tally, written now and then while that grows."""

    def __init__(self, path: "str | os.PathLike[str]"):
        self.path = Path(path)
        self.saved = time.monotonic()

    def resume(self, tally: K, ranges: engine.Ranges | None = None) -> K:
        """The tally as the file has it, if there is one: it must be of the same questions, and of
        the same ranges if it is of some only."""
        temporary = self.path.with_name(self.path.name + files.TEMPORARY)
        temporary.unlink(missing_ok=True)  # of a save that was killed
        if not self.path.exists():
            tally.save(self.path)  # better refused now than after an hour
            return tally
        kept = tally.load(self.path)
        other = tally.unlike(kept)
        if not other and ranges and engine.common(kept.done, ranges) != kept.done:
            other = "another part"
        if other:
            raise ValueError(
                f"checkpoint {self.path} is of {other}: delete it or name another file"
            )
        return kept

    def due(self) -> bool:
        return time.monotonic() - self.saved >= SAVE_EVERY

    def save(self, tally: Kept) -> None:
        tally.save(self.path)
        self.saved = time.monotonic()
