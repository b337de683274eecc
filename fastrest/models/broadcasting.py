"""Checks of the arguments of calls that broadcast like NumPy."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastrest._core.validation import as_float, as_numbers
from fastrest.models.quantities import Parameter


def checked_argument(parameter: Parameter, value: Any) -> Any:
    """Return an argument of a broadcasting call: scalars are checked, arrays become float64.

    Arrays with ufuncs of their own (xarray, Dask, pandas) are returned as they are, if they hold
    numbers.
    """
    name = parameter.name
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
    array = as_numbers(name, value)
    with np.errstate(over="ignore"):  # a long double beyond doubles becomes infinite: invalid
        return array.astype(np.float64, copy=False)


def broadcast(ufunc: np.ufunc, columns: list[Any], named: Mapping[str, Any]) -> Any:
    """Call a ufunc, or raise the ValueError that names shapes which do not broadcast."""
    arrays = {name: value for name, value in named.items() if type(value) is np.ndarray}
    try:
        np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"shapes do not broadcast: {shapes}") from None
    return ufunc(*columns)
