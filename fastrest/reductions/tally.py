"""Tallies: the counts of a sweep so far, which can be saved, resumed and merged."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastrest._core.validation import Comparable, as_float, public, unknown, whole_number
from fastrest.physiology.criteria import quantity_from_json, quantity_to_json, resolved_quantity
from fastrest.points.describe import cell_description, describe, described_cell, made
from fastrest.reductions.accumulator import Accumulator
from fastrest.reductions.base import Reducer
from fastrest.reductions.classes import Classes
from fastrest.reductions.histograms import Fraction, Histogram
from fastrest.reductions.summaries import Quantile, Summary
from fastrest.runtime.checkpoint import PartialResult, check_parts
from fastrest.runtime.ranges import join
from fastrest.runtime.storage import StrPath, digest, undamaged

#: The ways of counting; every kind of sweep has the last.
METHODS = ("factored", "pointwise")
#: Reducers by name, for files.
REDUCERS: dict[str, type[Any]] = {
    one.__name__: one for one in (Summary, Histogram, Fraction, Classes, Quantile)
}


class RecordedTable:
    """The table of a file: its cell, and the parameters at the extremes, but no rows.

    Its rows may be at several times each.
    """

    def __init__(self, description: dict[str, Any], places: dict[str, dict[str, float]]):
        self.cell, self.places = described_cell(description), places
        columns, shape = description["columns"], description["shape"]
        self.shape = tuple([whole_number("shape", length, 1) for length in shape])
        again = {"kind": "Table", "shape": shape, "cell": cell_description(self.cell)}
        names, rows = list(columns), shape[:1]
        if description["kind"] == "Courses":
            names.append("time")
            cells = RecordedTable(description["cells"], {})
            again |= {"kind": "Courses", "cells": description["cells"], "time": description["time"]}
            rows = [*cells.shape, len(np.array(description["time"], np.float64))]
        if digest({**again, "columns": columns}) != digest(description) or rows != shape:
            raise ValueError("sweep must be the description of a table")
        self.dims = ("row", "time")[: len(shape)]
        for name in columns:
            if name not in self.cell:
                raise ValueError(f"sweep: {unknown('parameter', name, self.cell)}")
        for place, values in places.items():
            if values.keys() != set(names) or not place.isdecimal():
                raise ValueError(f"places: {place} must have a value for {', '.join(names)}")
            for name, value in values.items():
                as_float(f"places: {name}", value)

    def parameters(self, place: int) -> dict[str, float]:
        """Return the parameters at an extreme."""
        return self.places[str(place)]


@public
class Tally(Comparable, PartialResult):
    """Counts of a sweep so far: made by ``sweep.part(k, n).tally(...)``, put together by `merge`.

    Attributes
    ----------
    reducers : tuple of Reducer
    method : str
        "factored" or "pointwise".
    done : list of (int, int)
        Ranges of points counted in the present pass.

    Examples
    --------
    >>> import fastrest as fr
    >>> cell = fr.cells["mammalian neuron"]
    >>> tally = fr.grid(cell, K_out=[3.0, 5.0, 20.0]).part(0, 1).tally(fr.Summary())
    >>> tally.points, round(tally.answers()[0].mean, 2)
    (3, -64.69)
    """

    _hooks = ("methods", "next_pass", "passes", "state", "sums", "sweep")
    _compared = ("description", "methods", "reducers", "done", "passes")
    file_kind = "file of fastrest's tallies"
    key = "sweep"

    def __init__(
        self,
        sweep: Any,
        description: dict[str, Any],
        methods: dict[Any, str],
        reducers: Sequence[Reducer],
    ):
        self.sweep, self.description, self.bits = sweep, description, getattr(sweep, "bits", None)
        self.methods, self.reducers = methods, tuple(reducers)
        self.passes: list[Accumulator] = []
        self.done = []

    def __reduce__(self) -> tuple[Any, ...]:
        state = {**vars(self), "passes": [one.to_json() for one in self.passes]}
        state.pop("_text", None)
        return restored_tally, (state,)

    @property
    def method(self) -> str:
        """The method of counting: "factored" or "pointwise", or both for several quantities."""
        return ", ".join(dict.fromkeys(self.methods.values()))

    @property
    def points(self) -> int:
        """The number of points of the whole sweep."""
        return math.prod(self.description["shape"])

    @property
    def state(self) -> Accumulator:
        """The accumulator of the present pass."""
        return self.passes[-1]

    def next_pass(self) -> bool:
        """Return True if another pass is needed, for which `state` is then ready."""
        finished = self.passes if self.complete else self.passes[:-1]
        wanted = self._wanted(finished)
        if wanted is None:
            return False
        empty, self.sums = wanted
        if len(finished) == len(self.passes):
            self.passes, self.done = [*finished, empty], []
        return True

    def _wanted(self, finished: Sequence[Accumulator]) -> tuple[Accumulator, bool] | None:
        """Return the empty state of the pass after some, and True if it needs sums."""
        for of, method in self.methods.items():
            mine = [one for one in self.reducers if one.of == of]
            found = [state for state in finished if state.of == of]
            edges = [one.edges(self.sweep, method, found) for one in mine]
            wanted = [e for e in edges if e is not None]
            if wanted:
                sums = any(one.sums for one, e in zip(mine, edges) if e is not None)
                return Accumulator(method, np.unique(np.concatenate(wanted)), of), sums
        return None

    def add(self, found: Accumulator, start: int, stop: int) -> None:
        """Add the counts of a range: all of them or, if Ctrl-C comes in between, none."""
        together = self.state.empty()
        together.add(self.state)
        together.add(found)
        passes, done = [*self.passes[:-1], together], join([*self.done, (start, stop)])
        self.passes, self.done = passes, done

    def answers(self) -> tuple[Any, ...]:
        """Return the answer of each reducer, once everything is counted.

        Returns
        -------
        tuple
            In the order of `reducers`.

        Examples
        --------
        >>> import fastrest as fr
        >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=[3.0, 5.0, 20.0])
        >>> sweep.part(0, 1).tally(fr.Fraction(above=-55)).answers()
        (0.3333333333333333,)
        """
        return tuple(
            one.answer(self.sweep, [state for state in self.passes if state.of == one.of])
            for one in self.reducers
        )

    def differs(self, other: "Tally") -> str:
        """Return the difference of a tally that cannot be put together with this one, or ''."""
        found = super().differs(other)
        if not found and other.reducers != self.reducers:
            found = f"other reducers, {', '.join(map(repr, other.reducers))}"
        if not found and other.methods != self.methods:
            found = f"method={other.method!r}"
        return found

    def __repr__(self) -> str:
        done = sum(stop - start for start, stop in self.done)
        asked = ", ".join(map(repr, self.reducers))
        return f"<Tally of {done:,} of {self.points:,} points: {asked}; {self.method}>"

    # ---- files ----

    def content(self) -> dict[str, Any]:
        """Return the content of a file beside the description, as JSON."""
        extremes = {p for one in self.passes for p in (one.argmin, one.argmax) if p >= 0}
        return {
            "methods": [[quantity_to_json(of), method] for of, method in self.methods.items()],
            "reducers": [one.spec() for one in self.reducers],
            "passes": [one.to_json() for one in self.passes],
            "places": {
                str(p): {n: float(v) for n, v in self.sweep.parameters(p).items()} for p in extremes
            },
        }

    @classmethod
    def load(cls, path: StrPath) -> "Tally":
        """Read a file written by `save`.

        Parameters
        ----------
        path : path
            The file.

        Returns
        -------
        Tally

        Raises
        ------
        ValueError
            The file is not of this kind, was cut off or changed, or is of a later format.
        """
        data = cls.read(path)
        with undamaged(path):
            description = data["description"]
            sweep = made(description)
            if sweep is None:
                sweep = RecordedTable(description, data["places"])
            else:
                again = describe(sweep)
                if again != description and digest(again) != data["digest"]:
                    raise ValueError("sweep must be the description of a grid or sample")
                description = again
            methods = {quantity_from_json(of): method for of, method in data["methods"]}
            reducers = [_reducer(*spec) for spec in data["reducers"]]
            tally = cls(sweep, description, methods, reducers)
            tally.passes = [Accumulator.from_json(one) for one in data["passes"]]
            return tally.restore(data)

    def check(self) -> None:
        """Raise the ValueError that names a field of a file which contradicts another."""
        asked = dict.fromkeys(one.of for one in self.reducers)
        if not asked or asked.keys() != self.methods.keys():
            raise ValueError("methods must have one for each quantity of the reducers")
        known = METHODS if self.description["kind"] == "Grid" else METHODS[-1:]
        for of, method in self.methods.items():
            resolved_quantity(of, self.sweep.cell.model)
            if method not in known:
                raise ValueError(f"methods must be {' or '.join(known)}, got {method!r}")
        if not self.passes:
            raise ValueError("passes must be at least one")
        everything = [(0, self.points)]
        for i, state in enumerate(self.passes):
            earlier = self.passes[:i]
            wanted = self._wanted(earlier)
            place = f"passes, number {i + 1}: "
            if wanted is not None and any(one.of == state.of for one in earlier):
                wanted[0].edges = state.edges  # another version may narrow intervals by others
            if wanted is None or not wanted[0].counts_like(state):
                raise ValueError(f"{place}method, edges and of must be those of the reducers")
            done = self.done if i + 1 == len(self.passes) else everything
            try:
                state.check(done, sum(stop - start for start, stop in done), wanted[1])
            except ValueError as error:
                raise ValueError(f"{place}{error}") from None
            known_places = getattr(self.sweep, "places", None)
            for extreme in (state.argmin, state.argmax):
                if extreme >= 0 and known_places is not None and str(extreme) not in known_places:
                    raise ValueError(f"places must have the parameters of point {extreme}")


@public
def restored_tally(state: dict[str, Any]) -> Tally:
    """Return the tally of a pickle, which names this function."""
    tally = Tally.__new__(Tally)
    passes = [Accumulator.from_json(one) for one in state["passes"]]
    vars(tally).update({**state, "passes": passes})
    return tally


def merged_tally(tallies: Sequence[Tally], files: Sequence[str] = ()) -> Tally:
    """Return the tally of the whole sweep from those of all its parts."""
    first, places = tallies[0], dict[str, Any]()
    for one in tallies:
        if len(one.passes) != 1:
            raise ValueError(f"{one!r} has several passes, which cannot be merged")
        places.update(getattr(one.sweep, "places", {}))
    check_parts(tallies, "tallies", files)
    # a table that was not read from a file knows the parameters of all rows
    known = [one.sweep for one in tallies if not isinstance(one.sweep, RecordedTable)]
    sweep = known[-1] if known else RecordedTable(first.description, places)
    whole = Tally(sweep, first.description, first.methods, first.reducers)
    whole.bits = first.bits
    whole.next_pass()
    for one in tallies:
        whole.state.add(one.state)
    whole.done = [(0, whole.points)]
    if whole.next_pass():
        raise ValueError(f"{first!r} needs several passes, which cannot be merged")
    return whole


def _reducer(name: str, arguments: dict[str, Any]) -> Reducer:
    if "of" in arguments:
        arguments = {**arguments, "of": quantity_from_json(arguments["of"])}
    found: Reducer = REDUCERS[name](**arguments)
    return found
