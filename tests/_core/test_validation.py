"""Checks of arguments: what they return, what they refuse, and what their file imports."""

import math

import numpy as np
import pytest

from fastrest._core.validation import Frozen, as_float, as_numbers, finite, unknown, whole_number


def test_frozen_objects_refuse_changes():
    class Point(Frozen):
        def __init__(self, x):
            vars(self).update(x=x)

    point = Point(3)
    assert point.x == 3
    with pytest.raises(AttributeError, match="a Point cannot be changed: make another"):
        point.x = 4
    with pytest.raises(AttributeError, match="a Point cannot be changed"):
        del point.x


@pytest.mark.parametrize("value", [2, np.int8(2), np.uint64(2)])
def test_whole_number_returns_an_int(value):
    found = whole_number("n", value, 2)
    assert (found, type(found)) == (2, int)


@pytest.mark.parametrize("value", [1, -3, 2.0, True, "2", None, np.float64(2)])
def test_whole_number_refuses_other_values(value):
    with pytest.raises(ValueError, match="n must be a whole number >= 2, got"):
        whole_number("n", value, 2)


def test_unknown_names_similar_or_all_known_names():
    assert unknown("ion", "Kk", ["K", "Na"]) == "unknown ion 'Kk': did you mean K?"
    assert unknown("ion", "x", ["K", "Na"]) == "unknown ion 'x': known are K, Na"


@pytest.mark.parametrize("value", [3, 3.0, np.float32(3), np.array(3)])
def test_as_float_and_finite_return_a_float(value):
    for check in (as_float, finite):
        found = check("x", value)
        assert (found, type(found)) == (3.0, float)


@pytest.mark.parametrize("value", ["3", None, True, np.bool_(True), [3], 3j])
def test_as_float_and_finite_refuse_other_types(value):
    for check in (as_float, finite):
        with pytest.raises(TypeError, match="x must be a number, got"):
            check("x", value)


def test_finite_refuses_what_as_float_accepts():
    for value in (math.inf, -math.inf, math.nan):
        assert as_float("x", value) == pytest.approx(value, nan_ok=True)
        with pytest.raises(ValueError, match=f"x must be finite, got {value}"):
            finite("x", value)
    with pytest.raises(ValueError, match="x must be finite, got a number beyond 1e308"):
        as_float("x", 10**309)


def test_as_numbers_keeps_the_dtype_and_fills_masked_elements():
    assert as_numbers("x", [1, 2]).dtype.kind == "i"
    assert as_numbers("x", np.float32([1])).dtype == np.float32
    masked = np.ma.masked_array([1, 2], [False, True])
    np.testing.assert_array_equal(as_numbers("x", masked), [1.0, np.nan])


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (["a"], TypeError, "x must be numbers, got dtype"),
        ([True], TypeError, "x must be numbers, got dtype bool"),
        ([[1], [1, 2]], ValueError, "x must be numbers, got rows of unequal length"),
    ],
)
def test_as_numbers_refuses_other_values(value, error, message):
    with pytest.raises(error, match=message):
        as_numbers("x", value)
