"""Sums of inputs and of their products, against those of the kernel that sums potentials."""

import itertools
import math

import numpy as np
import pytest

from fastrest._core import _kernels, _samples


def sums_of(a, b):
    """Return pivot, sum and rounding error of a product by the kernel of phi (a - 0)."""
    block = _kernels.Equation("separable").reduce([a, 0.0, b], 0, len(a), isa="base")[0][0]
    return [block["pivot"], block["sum"], block["sum_error"]]


@pytest.mark.parametrize("n", [1, 31, 32, 33, 255, 256, 257, 5000, _kernels.BLOCK])
@pytest.mark.parametrize("n_inputs", [1, 2, 9])
def test_products_have_the_bits_of_reduced_products(n, n_inputs, isa):
    draw = np.random.default_rng(n)
    x = np.exp(draw.standard_normal((n_inputs, n + 3)))[:, 2:-1]  # rows apart
    centre, scale = draw.uniform(-1, 1, n_inputs), draw.uniform(0.5, 2, n_inputs)
    scaled = (x - centre[:, None]) / scale[:, None]
    expected = [sums_of(a, 1.0) for a in scaled]
    expected += [
        sums_of(scaled[i], scaled[j])
        for i, j in itertools.combinations_with_replacement(range(n_inputs), 2)
    ]
    found = _samples.products(x, centre, scale, isa=isa)
    assert found.tobytes() == np.array(expected).tobytes()


def test_sums_of_products_are_those_of_whole_numbers():
    x = np.random.default_rng(3).integers(-9, 10, (3, 10_000)).astype(float)
    found = _samples.products(x, np.zeros(3), np.ones(3))
    whole = [row.sum() for row in x] + [x[i] @ x[j] for i in range(3) for j in range(i, 3)]
    np.testing.assert_allclose(len(x[0]) * found[:, 0] + found[:, 1] + found[:, 2], whole, 1e-12)


def test_products_beyond_the_doubles_are_not_finite():
    x = np.array([[1e200, 1.0], [1.0, 2.0]])
    found = np.isfinite(_samples.products(x, np.zeros(2), np.ones(2))).all(axis=1)
    assert found.tolist() == [True, True, False, True, True]
    x[0, 0] = math.nan
    found = np.isfinite(_samples.products(x, np.zeros(2), np.ones(2))).all(axis=1)
    assert found.tolist() == [False, True, False, False, True]


@pytest.mark.parametrize(
    ("x", "error"),
    [
        (np.ones((2, 0)), ValueError),
        (np.ones((0, 4)), ValueError),
        (np.ones((39, 4)), ValueError),
        (np.ones((1, _kernels.BLOCK + 1)), ValueError),
        (np.ones((2, 8))[:, ::2], ValueError),
        (np.ones((2, 8), np.float32), TypeError),
        (np.ones(8), TypeError),
    ],
)
def test_products_refuse_other_arrays(x, error):
    with pytest.raises(error, match="x must"):
        _samples.products(x, np.zeros(len(x)), np.ones(len(x)))


def test_products_need_a_centre_and_a_scale_for_each_input():
    with pytest.raises(ValueError, match="2"):
        _samples.products(np.ones((2, 3)), np.zeros(3), np.ones(2))
