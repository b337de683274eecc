"""Potentials of a space at given inputs."""

import math

import numpy as np
import pytest

import fastrest as fr
from helpers.spaces import space

CELL = fr.cells["mammalian neuron"]


def points(one, n=100):
    return np.stack(list(one.sample(n, rng=2).parameters(np.arange(n)).values()), axis=1)


def test_space_potentials_of_rows_and_columns_equal_a_sample():
    one = space()
    X = points(one)
    V = one.sample(100, rng=2).values()
    assert one.evaluate(X).tolist() == V.tolist()
    assert one.evaluate(np.asfortranarray(X)).tolist() == V.tolist()
    assert one.evaluate(X.tolist()).tolist() == V.tolist()
    assert one.scipy_func(X.T).tolist() == V.tolist()
    assert one.evaluate(X[:1]).tolist() == V[:1].tolist()


def test_space_potentials_are_fresh_and_writable():
    one = space()
    X = points(one)
    before = X.copy()
    for call, x in ((one.evaluate, X), (one.scipy_func, X.T)):
        first, second = call(x), call(x)
        assert first.dtype == np.float64
        assert first.shape == (100,)
        first -= first.mean()
        assert not np.shares_memory(first, second)
        assert not np.shares_memory(first, X)
    np.testing.assert_array_equal(X, before)


def test_a_point_without_potential_is_an_error_with_count_and_place():
    one = space()
    X = points(one)
    X[17, 1], X[40, 1], X[50, 2] = -3.0, math.nan, 310.0
    message = "3 of 100 points have no potential, the first is number 17: K_out must be >= 0 mM"
    for call, x in ((one.evaluate, X), (one.scipy_func, X.T)):
        with pytest.raises(ValueError, match=message):
            call(x)
    with pytest.raises(ValueError, match=r"first is number 0: celsius=310.0 looks like kelvin"):
        one.evaluate(X[50:])


def test_a_point_with_valid_inputs_is_refused_with_its_status():
    one = fr.space(CELL.replace(P_Na=0, P_Cl=0), K_out=fr.uniform(0, 1))
    with pytest.raises(ValueError, match=r"1 of 2 points .* number 1: INFINITE"):
        one.evaluate([[0.5], [0.0]])


@pytest.mark.parametrize("end", [math.inf, -math.inf])
def test_an_infinite_input_is_refused_with_a_remedy(end):
    one = space()
    X = points(one)
    X[3, 0] = end
    message = f"P_Na must be finite, got {end}. Methods .* 0 and 1, as Morris's, .* both sides"
    with pytest.raises(ValueError, match=message):
        one.evaluate(X)
    X[3, 0] = math.nan
    with pytest.raises(ValueError, match=r"P_Na must be finite, got nan$"):
        one.evaluate(X)


def test_columns_of_a_data_frame_are_found_by_their_names():
    pd = pytest.importorskip("pandas")
    one = space()
    X = points(one)
    V = one.evaluate(X).tolist()
    frame = pd.DataFrame(X, columns=one.names)
    shuffled = frame[["K_in", "P_Na", "celsius", "K_out"]]
    for rows in (frame, shuffled, pd.DataFrame(X)):
        assert one.evaluate(rows).tolist() == V
        assert one.scipy_func(rows.T).tolist() == V


@pytest.mark.parametrize(
    "names",
    [
        ["P_Na", "K_out", "celsius", "Na_in"],
        ["P_Na", "K_out", "celsius", "K_in", "Na_in"],
        ["P_Na", "K_out", "celsius", "celsius"],
        ["P_Na", "K_out", "celsius"],
        [1, 2, 3, 4],
    ],
)
def test_other_columns_of_a_data_frame_are_refused(names):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(np.ones((4, len(names))), columns=names)
    text = ", ".join(map(str, names))
    wanted = "must be P_Na, K_out, celsius, K_in, in any order, or have no names, got " + text
    with pytest.raises(ValueError, match=f"columns of X {wanted}"):
        space().evaluate(frame)
    with pytest.raises(ValueError, match=f"rows of x {wanted}"):
        space().scipy_func(frame.T)


def test_a_data_frame_of_rows_is_refused_as_columns():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(np.ones((4, 4)), columns=space().names)
    with pytest.raises(ValueError, match=r"rows of x are inputs, columns are points: pass x\.T"):
        space().scipy_func(frame)


@pytest.mark.parametrize("shape", [(4,), (100, 3), (4, 100), (0, 4), (2, 2, 4)])
def test_rows_of_a_bad_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"X must have shape \(N, 4\) .* P_Na, K_out.*, got \("):
        space().evaluate(np.ones(shape))


@pytest.mark.parametrize("shape", [(4,), (3, 100), (100, 4), (4, 0), (4, 2, 2)])
def test_columns_of_a_bad_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"x must have shape \(4, N\) .* P_Na, K_out.*, got \("):
        space().scipy_func(np.ones(shape))


def test_inputs_that_are_not_numbers_are_refused():
    with pytest.raises(TypeError, match="X must be numbers"):
        space().evaluate([["a"] * 4])
    with pytest.raises(TypeError, match="x must be numbers"):
        space().scipy_func([["a"]] * 4)
