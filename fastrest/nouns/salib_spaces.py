"""Spaces from problems of SALib."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastrest.nouns.spaces import Space
from fastrest.physiology.cell import Cell
from fastrest.sensitivity.salib_problem import distribution_from_salib


def space_from_salib(problem: Mapping[str, Any], cell: Cell) -> Space:
    """Return the space of a problem of SALib.

    Parameters
    ----------
    problem : mapping
        A dict or ``ProblemSpec`` with ``names``, which are parameters of the cell, ``bounds``, and
        ``dists`` if not all distributions are uniform.
    cell : Cell
        Values of the other parameters.

    Returns
    -------
    Space

    Raises
    ------
    ValueError
        A name is not a parameter, a distribution has no counterpart or breaks a rule, the numbers
        of entries differ, or inputs are grouped.
    TypeError
        An entry is not a list, a name not a text, or a bound not a number.

    Examples
    --------
    >>> import fastrest as fr
    >>> problem = {"names": ["P_Na", "K_out"], "bounds": [[0.01, 0.1], [3, 6]]}
    >>> fr.space_from_salib(problem, fr.cells["mammalian neuron"]).distributions
    (uniform(0.01, 0.1), uniform(3, 6))
    """
    if not isinstance(problem, Mapping):
        raise TypeError(f"problem must be a mapping with names and bounds, got {problem!r}")
    for key in ("names", "bounds"):
        if key not in problem:
            raise ValueError(f"problem needs {key!r}, got {', '.join(map(str, problem))}")
    names, bounds = _entries(problem, "names"), _entries(problem, "bounds")
    dists = ["unif"] * len(names) if problem.get("dists") is None else _entries(problem, "dists")
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"problem: a name must be text, got {name!r}")
    for key, found in (("bounds", bounds), ("dists", dists)):
        if len(found) != len(names):
            raise ValueError(f"problem has {len(names)} names, but {len(found)} {key}")
    if problem.get("num_vars", len(names)) != len(names):
        raise ValueError(f"problem has {len(names)} names, but num_vars {problem['num_vars']!r}")
    if len(set(names)) < len(names):
        raise ValueError(f"problem: each name once, got {', '.join(map(str, names))}")
    if problem.get("groups") is not None:
        groups = [str(one) for one in _entries(problem, "groups")]
        if len(set(groups)) != len(names):
            raise ValueError(
                f"problem: inputs in groups ({', '.join(groups)}) have no indices of their own "
                "here: leave 'groups' out"
            )
    rows = zip(names, dists, bounds)
    return Space(cell, {n: distribution_from_salib(n, d, b) for n, d, b in rows})


def _entries(problem: Mapping[str, Any], key: str) -> list[Any]:
    """Return a list of the problem that has an entry for each input."""
    found = problem[key]
    if isinstance(found, str | Mapping) or not np.iterable(found):
        raise TypeError(f"problem: {key} must be a list, got {found!r}")
    return list(found)
