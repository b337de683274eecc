"""Problems of SALib's: a space as SALib describes it, and back."""

import math
from collections.abc import Mapping
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

#: Logarithms of numbers that a median may be.
MOST_LOG = 700.0
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
        A name is no parameter, a distribution has no counterpart or breaks a rule, the numbers of
        entries differ, or inputs are grouped.
    TypeError
        An entry is no list, a name no text, or a bound no number.

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
    return Space(cell, {n: _from_salib(n, d, b) for n, d, b in zip(names, dists, bounds)})


def _entries(problem: Mapping[str, Any], key: str) -> list[Any]:
    """A list of a problem's, with an entry for each input."""
    found = problem[key]
    if isinstance(found, str | Mapping) or not np.iterable(found):
        raise TypeError(f"problem: {key} must be a list, got {found!r}")
    return list(found)


def _from_salib(name: str, dist: Any, bounds: Any) -> Distribution:
    if not isinstance(dist, str) or dist not in DISTS:
        others = "; others are given to fr.space, as scipy.stats.weibull_min(...)"
        raise ValueError(f"{name}: {unknown('distribution of SALib', dist, DISTS)}{others}")
    wanted = DISTS[dist]
    given = [] if isinstance(bounds, str) or not np.iterable(bounds) else list(bounds)
    if len(given) != len(wanted):
        raise ValueError(f"{name}: bounds of {dist} must be [{', '.join(wanted)}], got {bounds!r}")
    numbers = [as_float(f"{name}: {what}", x) for what, x in zip(wanted, given)]
    try:
        found: Distribution = _MAKERS[dist](*numbers)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return found


def _triangular(low: float, high: float, place: float) -> Distribution:
    if not 0 <= place <= 1:
        raise ValueError(f"the mode's place must be between 0 and 1, got {place!r}")
    return triangular(low, min(low + place * (high - low), high), high)


def _lognormal(mean: float, sd: float) -> Distribution:
    if not abs(mean) <= MOST_LOG:
        raise ValueError(
            f"the mean of ln must be between {-MOST_LOG:g} and {MOST_LOG:g}, got {mean!r}"
        )
    # of the numbers with this logarithm the shortest, which is what somebody wrote
    rounded = math.exp(mean)
    near = (float(f"{rounded:.{digits}g}") for digits in range(1, 18))
    median = next((x for x in near if math.log(x) == mean), rounded)
    return lognormal(median=median, sigma_log=sd)


_MAKERS: dict[str, Any] = {
    "unif": uniform,
    "logunif": loguniform,
    "triang": _triangular,
    "norm": lambda mean, sd: normal(mean=mean, sd=sd),
    "truncnorm": lambda low, high, mean, sd: normal(mean=mean, sd=sd, low=low, high=high),
    "lognorm": _lognormal,
}
