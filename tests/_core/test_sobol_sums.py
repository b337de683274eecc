"""The kernel of sampled Sobol' indices: its sums are those of NumPy over the same points."""

import itertools

import numpy as np
import pytest

import fastrest as fr
from fastrest._core import _kernels, _samples
from helpers.spaces import lognormals, two_samples

CELL = fr.cells["mammalian neuron"]


def plain_sums(space, A, B, pivot, f=lambda V: V):
    """Return the sums of fastrest.h, computed by NumPy from potentials of tables."""

    def ask(x):
        return f(fr.table(space.cell, x).values()) - pivot

    names = space.names
    a, b = ask(A), ask(B)
    ab = [ask({**A, name: B[name]}) for name in names]
    ba = [ask({**B, name: A[name]}) for name in names]
    found = [a.sum(), a @ a, b.sum(), b @ b, a @ b]
    steps = [(one - a, b - other) for one, other in zip(ab, ba)]
    for d, e in steps:
        found += [d.sum(), d @ d, e.sum(), e @ e, d @ e, d @ a, d @ b, e @ a, e @ b]
    pairs = itertools.combinations(steps, 2)
    second = [e @ d_k + e_k @ d for (d, e), (d_k, e_k) in pairs]
    return np.array(found), np.array(second)


@pytest.mark.parametrize("isa", _kernels.SUPPORTED)
@pytest.mark.parametrize("n", [1, 31, 255, 256, 257, 3000])
def test_sobol_sums_equal_numpy(isa, n):
    space = lognormals(("P_Na", "K_out", "Cl_in", "pump_ratio"))
    (a, b), inputs, (A, B) = two_samples(space, n)
    equation = CELL.model.outputs["V"].equation
    question = {"n_inputs": 4, "pivot": -70.0, "second": True}
    invalid, sums = _samples.pick_freeze(equation, a, b, inputs, 0, n, isa=isa, **question)
    first, second = plain_sums(space, A, B, -70.0)
    np.testing.assert_allclose(sums.sum(axis=1), [*first, *second], rtol=1e-12, atol=1e-9 * n)
    assert not invalid.any()


def test_sobol_sums_of_draws_equal_those_of_arrays():
    space = lognormals()
    (a, b), inputs, (A, B) = two_samples(space, 1000)
    equation, model = CELL.model.outputs["V"].equation, CELL.model
    question = {"n_inputs": len(space), "pivot": -70.0, "second": True, "logs": [True] * 9}
    _, drawn = _samples.pick_freeze(equation, a, b, inputs, 0, 1000, **question)
    arrays = [model.outputs["V"].columns_of({**CELL, **x}) for x in (A, B)]
    _, given = _samples.pick_freeze(equation, *arrays, inputs, 0, 1000, **question)
    assert (drawn == given).all()
    for isa in _kernels.SUPPORTED:
        _, other = _samples.pick_freeze(equation, a, b, inputs, 0, 1000, isa=isa, **question)
        assert (drawn == other).all()


def test_sobol_sums_of_an_indicator_count_potentials_within_a_range():
    space = lognormals(("P_Na", "K_out"))
    (a, b), inputs, (A, B) = two_samples(space, 2000)
    _, sums = _samples.pick_freeze(
        CELL.model.outputs["V"].equation,
        a,
        b,
        inputs,
        0,
        2000,
        n_inputs=2,
        between=(-72.0, -66.0),
        pivot=0.5,
    )
    first, _ = plain_sums(space, A, B, 0.5, lambda V: 1.0 * ((V >= -72) & (V <= -66)))
    assert (sums.sum(axis=1) == first).all()


def test_sobol_sums_of_slopes_are_squared_gradients_in_the_natural_coordinate():
    space = fr.space(CELL, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
    (a, b), inputs, (A, _) = two_samples(space, 777)
    question = {"n_inputs": 2, "logs": [True, False]}
    _, sums = _samples.pick_freeze(
        CELL.model.outputs["V"].equation, a, b, inputs, 0, 777, **question
    )
    slopes = fr.table(CELL, A).gradient("P_Na", "K_out")
    wanted = [np.sum((slopes["P_Na"] * A["P_Na"]) ** 2), np.sum(slopes["K_out"] ** 2)]
    np.testing.assert_allclose(sums[2:4].sum(axis=1), wanted, rtol=1e-12)
    _, alone = _samples.pick_freeze(
        CELL.model.outputs["V"].equation, a, None, inputs, 0, 777, **question
    )
    assert (alone == sums[:4]).all()


def test_sobol_sums_leave_out_and_count_points_without_a_potential():
    space = lognormals(("P_Na", "K_out"))
    _, inputs, (A, B) = two_samples(space, 1000)
    A["K_out"][[5, 700]] = np.nan, -1.0
    B["P_Na"][[5, 8]] = -1.0, np.inf
    model = CELL.model
    arrays = [model.outputs["V"].columns_of({**CELL, **x}) for x in (A, B)]
    question = {"n_inputs": 2, "pivot": -70.0, "second": True}
    invalid, sums = _samples.pick_freeze(
        model.outputs["V"].equation, *arrays, inputs, 0, 1000, **question
    )
    assert invalid.tolist() == [2, 1, 0, 0, 0, 0, 0, 0]  # by the lowest bit: point 5 has two
    good = np.delete(np.arange(1000), [5, 8, 700])
    parts = [{n: x[good] for n, x in side.items()} for side in (A, B)]
    first, second = plain_sums(space, *parts, -70.0)
    np.testing.assert_allclose(sums.sum(axis=1), [*first, *second], rtol=1e-12)


def test_sobol_sums_refuse_misuse():
    space = lognormals(("P_Na", "K_out"))
    (a, b), inputs, _ = two_samples(space, 10)
    equation = CELL.model.outputs["V"].equation
    with pytest.raises(ValueError, match="within the layout"):
        _samples.pick_freeze(equation, a, b, inputs, 5, 6, n_inputs=2)
    with pytest.raises(ValueError, match="inputs must have 11 numbers"):
        _samples.pick_freeze(equation, a, b, inputs[1:], 0, 10, n_inputs=2)
    most = 3 * _kernels.MAX_IONS + 2  # FR_MAX_COLUMNS
    for n_inputs in (0, most + 1):
        with pytest.raises(ValueError, match=rf"n_inputs must be 1 \.\.\. {most}, got {n_inputs}"):
            _samples.pick_freeze(equation, a, b, inputs, 0, 10, n_inputs=n_inputs)
    with pytest.raises(ValueError, match="logs must have 2 elements"):
        _samples.pick_freeze(equation, a, b, inputs, 0, 10, n_inputs=2, logs=[True])
    with pytest.raises(ValueError, match=r"columns .* inputs must be < n_inputs"):
        _samples.pick_freeze(equation, a, b, [2] * 11, 0, 10, n_inputs=2)
    with pytest.raises(ValueError, match="the layout needs"):  # drawn columns are of some input
        _samples.pick_freeze(equation, a, b, [-1] * 11, 0, 10, n_inputs=2)
    with pytest.raises(ValueError, match="ghk takes 11 columns, got 10"):
        _samples.pick_freeze(equation, a, b[:-1], inputs, 0, 10, n_inputs=2)
    separable = CELL.model.equation("separable")
    with pytest.raises(ValueError, match="separable has no derivatives"):
        _samples.pick_freeze(
            separable, [1.0] * 3, [1.0] * 3, [0, 1, 2], 0, 1, n_inputs=3, logs=[False] * 3
        )
