"""Problems of SALib's: a space as SALib describes it, and back."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .cell import Cell
from .distributions import (
    Distribution,
    LogNormal,
    LogUniform,
    Normal,
    Triangular,
    Uniform,
    lognormal,
    loguniform,
    normal,
    triangular,
    uniform,
)
from .model import as_float
from .physics import unknown
from .spaces import Space

#: SALib's distributions that have a counterpart here, and what their bounds are.
DISTS = {
    "unif": ("low", "high"),
    "logunif": ("low", "high"),
    "triang": ("low", "high", "mode's place from 0 to 1"),
    "norm": ("mean", "sd"),
    "truncnorm": ("low", "high", "mean", "sd"),
    "lognorm": ("mean of ln", "sd of ln"),
}


def problem(space: Space) -> dict[str, Any]:
    """A space as a problem of SALib's: see ``Space.salib_problem``.

    Examples
    --------
    >>> import fastrest as fr
    >>> from fastrest import salib
    >>> space = fr.space(fr.cells["mammalian neuron"], K_out=fr.normal(mean=5, sd=1, low=0))
    >>> salib.problem(space)["dists"], salib.problem(space)["bounds"]
    (['truncnorm'], [[0.0, inf, 5.0, 1.0]])
    """
    found = {}
    for name, distribution in zip(space.names, space.distributions):
        try:
            found[name] = _to_salib(distribution)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return {
        "num_vars": len(found),
        "names": list(found),
        "bounds": [bounds for _, bounds in found.values()],
        "dists": [dist for dist, _ in found.values()],
    }


def _to_salib(given: Distribution) -> tuple[str, list[float]]:
    match given:
        case Uniform():
            return "unif", [given.low, given.high]
        case LogUniform():
            return "logunif", [given.low, given.high]
        case Triangular():
            if given.mode == given.high:
                raise ValueError(f"SALib's triang needs its mode below high, got {given!r}")
            if given.high < 0:
                raise ValueError(f"SALib's triang needs high >= 0, got {given!r}")
            return "triang", [given.low, given.high, given.fraction]
        case Normal(mean=float(mean)):
            if given.bounds == (-math.inf, math.inf):
                return "norm", [mean, given.sd]
            return "truncnorm", [given.low, given.high, mean, given.sd]
        case LogNormal(median=float(median)):
            return "lognorm", [math.log(median), given.sigma_log]
        case _:
            raise ValueError(
                f"SALib has no distribution like {given!r}: sample it with space.sample, or give "
                "one of fr.uniform, loguniform, triangular, normal, lognormal"
            )


def space_from_salib(problem: Mapping[str, Any], cell: Cell) -> Space:
    """A space from a problem of SALib's.

    Parameters
    ----------
    problem : mapping
        ``names`` are parameters of the cell; ``bounds``, and ``dists`` if not all are uniform.
        A ``ProblemSpec`` will do.
    cell : Cell
        Values of the other parameters.

    Returns
    -------
    Space

    Raises
    ------
    ValueError
        A name is no parameter, a distribution has no counterpart or breaks a rule, or inputs are
        grouped.

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
    names, bounds = list(problem["names"]), list(problem["bounds"])
    dists = problem.get("dists")
    dists = ["unif"] * len(names) if dists is None else list(dists)
    for key, found in (("bounds", bounds), ("dists", dists)):
        if len(found) != len(names):
            raise ValueError(f"problem has {len(names)} names, but {len(found)} {key}")
    if len(set(names)) < len(names):
        raise ValueError(f"problem: each name once, got {', '.join(map(str, names))}")
    groups = problem.get("groups")
    if groups is not None and len(set(groups)) != len(names):
        raise ValueError(
            f"problem: inputs in groups ({', '.join(map(str, groups))}) have no indices of their "
            "own here: leave 'groups' out"
        )
    return Space(cell, {n: _from_salib(n, d, b) for n, d, b in zip(names, dists, bounds)})


def _from_salib(name: str, dist: str, bounds: Sequence[float]) -> Distribution:
    if dist not in DISTS:
        others = "; others are given to fr.space, as scipy.stats.weibull_min(...)"
        raise ValueError(f"{name}: {unknown('distribution of SALib', dist, DISTS)}{others}")
    wanted = DISTS[dist]
    if np.ndim(bounds) != 1 or len(bounds) != len(wanted):
        raise ValueError(f"{name}: bounds of {dist} must be [{', '.join(wanted)}], got {bounds!r}")
    numbers = [as_float(f"{name}: {what}", x) for what, x in zip(wanted, bounds)]
    try:
        found: Distribution = _MAKERS[dist](*numbers)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return found


def _triangular(low: float, high: float, place: float) -> Distribution:
    if not 0 <= place <= 1:
        raise ValueError(f"the mode's place must be between 0 and 1, got {place!r}")
    return triangular(low, min(low + place * (high - low), high), high)


_MAKERS: dict[str, Any] = {
    "unif": uniform,
    "logunif": loguniform,
    "triang": _triangular,
    "norm": lambda mean, sd: normal(mean=mean, sd=sd),
    "truncnorm": lambda low, high, mean, sd: normal(mean=mean, sd=sd, low=low, high=high),
    "lognorm": lambda mean, sd: lognormal(median=math.exp(mean), sigma_log=sd),
}
