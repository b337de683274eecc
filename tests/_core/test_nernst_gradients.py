"""Derivatives of the Nernst equation, by the kernels: against exact values and differences."""

import itertools
import math
import sys

import mpmath
import numpy as np
import pytest

from fastrest._core import _kernels, _samples


def same_bits(a, b):
    return a.tobytes() == b.tobytes()


NERNST = _kernels.Equation("nernst")


def nernst_gradients(columns, isa=None):
    """Derivatives of the Nernst potential with respect to each column, beside its status."""
    n = len(columns[0])
    slopes, status = np.full((4, n), 7.0), np.zeros(n, np.uint8)
    NERNST.gradients(list(columns), 0, n, [0, 1, 2, 3], list(slopes), isa=isa)
    NERNST.points(list(columns), 0, n, np.empty(n), status, isa=isa)
    return slopes, status


def nernst_rows(n, seed=4):
    rng = np.random.default_rng(seed)
    z = rng.choice([-2.0, -1.0, 1.0, 2.0, 0.5, -3.25], n)
    c_out, c_in = np.exp(rng.uniform(-12, 8, (2, n)))
    return np.array([z, c_out, c_in, rng.uniform(-20, 100, n)])


def exact_nernst_gradient(z, c_out, c_in, celsius):
    T = mpmath.mpf(celsius) + mpmath.mpf(_kernels.KELVIN_AT_0_CELSIUS)
    z, phi = mpmath.mpf(z), _kernels.PHI_PER_KELVIN * T
    E = phi / z * mpmath.log(mpmath.mpf(c_out) / mpmath.mpf(c_in))
    return -E / z, phi / (z * mpmath.mpf(c_out)), -phi / (z * mpmath.mpf(c_in)), E / T


@pytest.mark.parametrize("isa", _kernels.SUPPORTED)
def test_nernst_derivatives_are_within_a_few_roundings(isa):
    columns = nernst_rows(300)
    slopes, _ = nernst_gradients(columns, isa)
    with mpmath.workdps(50):
        for i in range(300):
            exact = exact_nernst_gradient(*columns[:, i].tolist())
            for found, expected in zip(slopes[:, i].tolist(), exact):
                assert abs(found - expected) <= 2e-15 * abs(expected)


def test_nernst_derivatives_are_those_of_finite_differences():
    columns = nernst_rows(50)
    slopes, _ = nernst_gradients(columns)
    for j in range(4):
        step = 1e-5 * np.abs(columns[j])
        ends = []
        for sign in (-1, 1):
            moved, E = columns.copy(), np.empty(50)
            moved[j] += sign * step
            NERNST.points(list(moved), 0, 50, E)
            ends.append(E)
        np.testing.assert_allclose((ends[1] - ends[0]) / (2 * step), slopes[j], 1e-5, 1e-6)


EXTREMES = [0.0, -0.0, -1.0, 1.0, 5e-324, 2.0**-1022, 1e-300, 1e300, 1.7e308]
EXTREMES += [math.inf, -math.inf, math.nan]


def test_nernst_derivatives_at_the_ends_of_the_doubles():
    columns = np.array(list(itertools.product(EXTREMES, EXTREMES, EXTREMES, [37.0, 101.0]))).T
    columns = columns.copy()
    slopes, status = nernst_gradients(columns)
    assert np.isnan(slopes[:, status != 0]).all()
    assert (status == 0).sum() > 100
    with mpmath.workdps(50):
        for i in np.flatnonzero(status == 0):
            exact = exact_nernst_gradient(*columns[:, i].tolist())
            for found, expected in zip(slopes[:, i].tolist(), exact):
                assert math.copysign(1, found) == 1 or found != 0  # never -0.0
                if abs(expected) > sys.float_info.max:
                    assert found == math.copysign(math.inf, expected)
                else:
                    assert abs(found - expected) <= 4e-15 * abs(expected) + 1e-323
    for isa in _kernels.SUPPORTED:
        assert same_bits(nernst_gradients(columns, isa)[0], slopes)


def test_nernst_derivatives_depend_on_their_point_alone():
    columns = nernst_rows(600)
    columns[1, ::7], columns[0, ::5] = 0.0, 1e-200
    whole, _ = nernst_gradients(columns)
    for i in range(600):
        assert same_bits(nernst_gradients(columns[:, i : i + 1].copy())[0], whole[:, i : i + 1])


def test_pick_freeze_sums_squares_of_nernst_derivatives():
    columns, n = nernst_rows(400), 400
    slopes, _ = nernst_gradients(columns)
    given = [float(columns[0, 0]), *columns[1:]]
    slopes, _ = nernst_gradients([np.full(n, given[0]), *columns[1:]])
    question = {"n_inputs": 3, "logs": [True, False, False]}
    _, sums = _samples.pick_freeze(NERNST, given, None, [-1, 0, 1, 2], 0, n, **question)
    expected = [(slopes[1] * columns[1]), slopes[2], slopes[3]]
    for found, one in zip(sums[2:].sum(axis=1), expected):
        assert found == pytest.approx((one**2).sum(), rel=1e-12)
