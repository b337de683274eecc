"""Merging: one answer or population from parts that were counted on their own."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fastrest.nouns.populations import Population
from fastrest.populations.population_tally import PopulationTally, merged_tallies
from fastrest.reductions.tally import Tally, merged_tally
from fastrest.runtime.checkpoint import loaded
from fastrest.runtime.storage import StrPath, unseal


def merge(parts: Iterable[Tally | Population | StrPath]) -> Any:
    """Return the answers of a sweep, or the population, that was counted in parts.

    Parameters
    ----------
    parts : iterable of Tally, Population or path
        All parts, in any order.

    Returns
    -------
    tuple or Population
        The answers of ``sweep.reduce`` or the population of ``Space.population``, bit-for-bit
        identical.

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
    if isinstance(parts, Tally | Population | str | os.PathLike):
        raise TypeError(f"merge takes a list of tallies, populations or paths, got {parts!r}")
    given = list(parts)
    if any(is_of_population(one) for one in given):
        return merged_population(given)
    return merged_sweep(given).answers()


def is_of_population(part: Any) -> bool:
    """Return True if a part is a population or a file of one."""
    if isinstance(part, str | os.PathLike):
        return PopulationTally.key in unseal(Path(part), Tally.file_kind)
    return isinstance(part, Population)


def merged_population(parts: Iterable[Any]) -> Population:
    """Return the population that was counted in parts."""
    found = loaded(parts, Population.load)
    for one in found:
        if not isinstance(one, Population):
            raise TypeError(f"merge: expected parts of a population, got {one!r}")
    return Population(merged_tallies([one.tally for one in found]))


def merged_sweep(parts: Iterable[Any]) -> Tally:
    """Return the tally of the sweep that was counted in parts."""
    found = loaded(parts, Tally.load)
    if not found:
        raise ValueError("nothing to merge: no tallies were given")
    return merged_tally(found)
