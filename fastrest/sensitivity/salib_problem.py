"""SALib problems, and values of given rows, as SALib and most samplers call a model."""

import math
from typing import Any

import numpy as np

from fastrest._core.validation import as_float, unknown
from fastrest.distributions.base import Distribution
from fastrest.distributions.families import (
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
from fastrest.models.quantities import Status
from fastrest.physiology.criteria import Criterion
from fastrest.points.inputs import Inputs
from fastrest.points.table_points import TablePoints
from fastrest.runtime.columns import unit_of, without_unit

#: The largest logarithm of a median, of either sign.
MOST_LOG = 700.0


def problem(space: Inputs) -> dict[str, Any]:
    """Return a space as a SALib problem: see ``Space.salib_problem``.

    Examples
    --------
    >>> import fastrest as fr
    >>> from fastrest.sensitivity import salib_problem
    >>> space = fr.space(fr.cells["mammalian neuron"], K_out=fr.normal(mean=5, sd=1, low=0))
    >>> salib_problem.problem(space)["dists"], salib_problem.problem(space)["bounds"]
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


def distribution_from_salib(name: str, dist: Any, bounds: Any) -> Distribution:
    """Return the distribution of an input, from SALib's name and bounds of it."""
    if not isinstance(dist, str) or dist not in DISTS:
        others = "; others are given to fr.space, as scipy.stats.weibull_min(...)"
        raise ValueError(f"{name}: {unknown('distribution of SALib', dist, DISTS)}{others}")
    make, *wanted = DISTS[dist]
    given = [] if isinstance(bounds, str) or not np.iterable(bounds) else list(bounds)
    if len(given) != len(wanted):
        raise ValueError(f"{name}: bounds of {dist} must be [{', '.join(wanted)}], got {bounds!r}")
    numbers = [as_float(f"{name}: {what}", x) for what, x in zip(wanted, given)]
    try:
        found: Distribution = make(*numbers)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return found


def _triangular(low: float, high: float, place: float) -> Distribution:
    if not 0 <= place <= 1:
        raise ValueError(f"the mode's place must be between 0 and 1, got {place!r}")
    return triangular(low, min(low + place * (high - low), high), high)


def _truncated(low: float, high: float, mean: float, sd: float) -> Distribution:
    return normal(mean=mean, sd=sd, low=low, high=high)


def _lognormal(mean: float, sd: float) -> Distribution:
    if not abs(mean) <= MOST_LOG:
        raise ValueError(
            f"the mean of ln must be between {-MOST_LOG:g} and {MOST_LOG:g}, got {mean!r}"
        )
    # of all numbers with this logarithm take the shortest decimal: most likely what was typed
    rounded = math.exp(mean)
    near = (float(f"{rounded:.{digits}g}") for digits in range(1, 18))
    median = next((x for x in near if math.log(x) == mean), rounded)
    return lognormal(median=median, sigma_log=sd)


#: For each distribution of SALib's that has a counterpart: its function, and names of its bounds.
DISTS: dict[str, tuple[Any, ...]] = {
    "unif": (uniform, "low", "high"),
    "logunif": (loguniform, "low", "high"),
    "triang": (_triangular, "low", "high", "mode's place from 0 to 1"),
    "norm": (lambda mean, sd: normal(mean=mean, sd=sd), "mean", "sd"),
    "truncnorm": (_truncated, "low", "high", "mean", "sd"),
    "lognorm": (_lognormal, "mean of ln", "sd of ln"),
}


#: Advice for infinite inputs.
ENDS = (
    ". Methods that ask for the quantiles 0 and 1, as Morris's, need distributions with bounds on "
    "both sides: uniform, loguniform, triangular, or normal with low= and high="
)


def in_order(space: Inputs, what: str, given: Any, axis: str) -> Any:
    """Return a labelled matrix with its inputs in the order of the space, and without its unit.

    The inputs are along the axis, "columns" or "index". A matrix without names is in order.
    """
    given = _without_unit(space, what, given)
    dim = None
    if hasattr(given, "dims") and hasattr(given, "indexes"):  # xarray
        dim = given.dims[-1 if axis == "columns" else 0]
        if dim not in given.indexes:
            return given
    elif not hasattr(given, "columns") or not hasattr(given, axis):
        return given
    labels = list(getattr(given, axis) if dim is None else given.indexes[dim])
    if dim is None and axis == "index" and not {*space.names}.isdisjoint(given.columns):
        raise ValueError(f"{what} are inputs, columns are points: pass x.T")
    if labels == list(range(len(labels))):
        return given
    if len(labels) != len(space) or {*labels} != {*space.names}:
        raise ValueError(
            f"{what} must be {', '.join(space.names)}, in any order, or have no names, got "
            f"{', '.join(map(str, labels))}"
        )
    names = list(space.names)
    if dim is not None:
        return given.sel({dim: names})
    return given[names] if axis == "columns" else given.loc[names]


def _without_unit(space: Inputs, what: str, given: Any) -> Any:
    """Return a matrix in the unit that all inputs have, or raise the error that names its unit."""
    if unit_of(given) is None:
        return given
    units = {space.cell.model.parameters[name].unit for name in space.names}
    if len(units) > 1:
        raise ValueError(f"{what} must be plain numbers, as inputs have other units each")
    return without_unit(what, given, units.pop())


def values_of_rows(space: Inputs, columns: np.ndarray, of: str | Criterion) -> np.ndarray:
    """Return the values of rows of inputs, given by columns, or raise the error for a bad row."""
    points = TablePoints(space.cell, space.with_derived(columns), {}, ()).asked(of)
    values, status = points.values_and_status()
    if status.any():
        first = int(np.argmax(status != 0))
        raise ValueError(
            f"{np.count_nonzero(status)} of {len(values)} points have no potential, the "
            f"first is number {first}: {_reason(points, first, int(status[first]))}"
        )
    return values


def _reason(points: TablePoints, point: int, status: int) -> str:
    """Return the rule that an input of a point without a potential breaks, else the status."""
    parameters = points.cell.model.parameters
    for name, value in points.parameters(point).items():
        rule = parameters[name].rule(float(value))
        if rule is not None:
            return name + rule + (ENDS if math.isinf(value) else "")
    return str(Status(status).name)
