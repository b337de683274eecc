"""Checks of the arguments of calls that broadcast like NumPy."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from fastrest._core.validation import as_float
from fastrest.models.quantities import Parameter
from fastrest.runtime.columns import aligned, numbers, of_one_unit, without_unit


def checked_argument(parameter: Parameter, value: Any) -> Any:
    """Return an argument of a broadcasting call: scalars are checked, arrays become float64.

    Arrays with ufuncs of their own (xarray, Dask, pandas) are returned as they are, if they hold
    numbers.
    """
    name = parameter.name
    if type(value) is float:  # the usual case, without the questions below
        parameter.check(value)
        return value
    value = without_unit(name, value, parameter.unit)
    if not isinstance(value, np.ndarray) and hasattr(value, "__array_ufunc__"):
        kind = getattr(getattr(value, "dtype", None), "kind", "f")
        if kind not in "iuf":
            raise TypeError(f"{name} must be numbers, got dtype {value.dtype}")
        if not isinstance(value, np.generic):
            return value
    if isinstance(value, str | bytes | dict) or not (np.iterable(value) or np.ndim(value)):
        number = as_float(name, value)
        parameter.check(number)
        return number
    array = numbers(name, value, parameter.unit)
    with np.errstate(over="ignore"):  # a long double beyond doubles becomes infinite: invalid
        return array.astype(np.float64, copy=False)


def checked_arguments(
    parameters: Mapping[str, Parameter], given: Mapping[str, Any], weights: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the arguments of a broadcasting call without units, and with their labels aligned.

    The weights are the permeabilities or conductances, which have one unit or none.
    """
    plain = aligned(of_one_unit(given, weights))
    return {n: checked_argument(parameters[n], v) for n, v in plain.items()}


def broadcast(
    ufunc: np.ufunc, columns: list[Any], named: Mapping[str, Any], label: tuple[str, str, str]
) -> Any:
    """Call a ufunc, and give the result of labelled arrays their label: name, unit, description.

    Raises
    ------
    ValueError
        Shapes do not broadcast; the error names them.
    """
    arrays = {name: value for name, value in named.items() if type(value) is np.ndarray}
    try:
        np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"shapes do not broadcast: {shapes}") from None
    found = ufunc(*columns)
    name, unit, description = label
    if hasattr(found, "name") and hasattr(found, "index"):  # pandas
        found.name = name
    elif hasattr(found, "name") and isinstance(getattr(found, "attrs", None), dict):  # xarray
        found.name, found.attrs = name, {"long_name": description, "units": unit}
    return found
