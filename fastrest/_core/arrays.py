"""Checks of arguments that are real numbers, and arrays that results hold."""

import contextlib
import math
import numbers
from typing import Any

import numpy as np


def as_float(name: str, value: Any) -> float:
    """Return one real number as a float, or raise the error that names the argument."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name} must be finite, got a number beyond 1e308") from None


def finite(name: str, value: Any) -> float:
    """Return one finite real number as a float, or raise the error that names the argument."""
    number = as_float(name, value)
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, got {number!r}")
    return number


def as_numbers(name: str, value: Any) -> np.ndarray:
    """Return an array of real numbers, masked elements as NaN, or raise an error with the name.

    The array keeps its dtype, which is an integer or a floating one.
    """
    if isinstance(value, np.ma.MaskedArray) and value.dtype.kind in "iuf":
        value = np.ma.filled(value.astype(np.float64), np.nan)
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if hasattr(value, "to_numpy") and kind in ("i", "u", "f"):
        # a data frame's column, whose missing values need not be floats
        with contextlib.suppress(ValueError, TypeError):
            value = value.to_numpy(dtype=np.float64, na_value=np.nan)
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must be numbers, got rows of unequal length") from None
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be numbers, got dtype {getattr(value, 'dtype', array.dtype)}")
    return array


def read_only(values: Any) -> np.ndarray:
    """Return a copy of an array that cannot be written to."""
    array = np.array(values, np.float64)
    array.flags.writeable = False
    return array


def equal(one: Any, other: Any) -> bool:
    """Return True if two attributes of results are equal; NaN equals NaN."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(x, other[key]) for key, x in one.items())
    if isinstance(one, np.ndarray | float):
        return np.array_equal(one, other, equal_nan=True)
    return bool(one == other)
