"""Gradient kernels: agreement with the reference, identical bits on every route, and arguments."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastrest as fr
from fastrest._core import _kernels
from helpers.gradients import MODELS, body, each_model, rows, same_bits
from helpers.profiles import examples

# ---- agreement with the reference ----


@pytest.mark.property
@each_model
@examples(60)
@given(data=st.data())
def test_gradient_kernels_equal_the_reference_on_any_input(model, data):
    sweep = data.draw(rows(model))
    expected, status = sweep.gradient(engine="python"), sweep.status()
    for isa in _kernels.SUPPORTED:
        found = sweep.gradient(engine=isa)
        assert list(found) == list(model.parameters)
        for name, slopes in expected.items():
            assert np.isnan(slopes[status != 0]).all()
            assert np.isnan(found[name][status != 0]).all()
            finite = np.isfinite(slopes)  # an overflow may give inf or NaN
            # differences may cancel: the effect of +100 % is then right within 1e-10 mV
            x = np.abs(sweep.inputs[name])[finite]
            with np.errstate(divide="ignore", over="ignore"):
                allowed = 1e-10 * np.abs(slopes[finite]) + 1e-10 / x + 1e-290
            assert (np.abs(found[name][finite] - slopes[finite]) <= allowed).all()


def test_gradient_of_a_bad_row_leaves_its_neighbours_alone(isa):
    sweep = body(MODELS["three ions"], 1000)
    expected = sweep.gradient(engine=isa)
    K_out = sweep.inputs["K_out"].copy()
    K_out[::7] = -1.0
    found = fr.table(sweep.cell, {**sweep.inputs, "K_out": K_out}).gradient(engine=isa)
    for name, slopes in expected.items():
        assert np.isnan(found[name][::7]).all()
        good = np.arange(1000) % 7 != 0
        assert same_bits(found[name][good], slopes[good])


# ---- identical bits ----


@each_model
def test_instruction_sets_and_threads_do_not_change_gradient_bits(model):
    sweep = body(model, 200_003)
    expected = sweep.gradient(engine="base", threads=1)
    for isa in _kernels.SUPPORTED:
        for threads in (1, 3):
            found = sweep.gradient(engine=isa, threads=threads)
            assert all(same_bits(found[name], slopes) for name, slopes in expected.items())


@each_model
def test_other_requested_derivatives_do_not_change_gradient_bits(model, isa):
    sweep = body(model, 777)
    expected = sweep.gradient(engine=isa)
    for name in model.parameters:
        assert same_bits(sweep.gradient(name, engine=isa)[name], expected[name])
    assert same_bits(
        np.array([row.gradient(engine=isa)[name] for row in rows_of(sweep, 20) for name in row]),
        np.array([expected[name][i] for i in range(20) for name in model.parameters]),
    )


def rows_of(sweep, n):
    """Return the first rows of a table as cells."""
    for i in range(n):
        values = {name: column[i] for name, column in sweep.inputs.items()}
        yield sweep.cell.replace(**values)


OUT = np.empty(2)
READ_ONLY = np.empty(2)
READ_ONLY.flags.writeable = False

# ---- arguments of the kernels ----


@pytest.mark.parametrize(
    ("equation", "wanted", "out", "error", "message"),
    [
        ("ghk", [0], [], ValueError, "1 columns wanted into 0 arrays"),
        ("ghk", [0] * 39, [OUT] * 39, ValueError, "39 columns wanted into 39 arrays"),
        ("ghk", [0, 0], [OUT, OUT.copy()], ValueError, "numbers of columns without duplicates"),
        ("ghk", [4], [OUT], ValueError, "numbers of columns without duplicates"),
        ("ghk", [-1], [OUT], ValueError, "numbers of columns without duplicates"),
        ("ghk", [0], [np.empty(3)], ValueError, r"contiguous float64 of shape \(2,\)"),
        ("ghk", [0], [np.empty((2, 1))], ValueError, r"contiguous float64 of shape \(2,\)"),
        ("ghk", [0], [np.empty(4)[::2]], ValueError, r"contiguous float64 of shape \(2,\)"),
        ("ghk", [0], [np.empty(2, "f4")], ValueError, r"contiguous float64 of shape \(2,\)"),
        ("ghk", [0], [READ_ONLY], ValueError, r"contiguous float64 of shape \(2,\)"),
        ("ghk", [0], [[1.0, 2.0]], TypeError, "ndarray"),
        ("ghk", ["P"], [OUT], TypeError, None),
        ("log_num", [0], [OUT], ValueError, "log_num has no derivatives"),
    ],
)
def test_gradient_kernels_refuse_unreadable_arguments(equation, wanted, out, error, message):
    columns = [np.ones(2), np.ones(2), np.ones(2), np.full(2, 37.0)]
    with pytest.raises(error, match=message):
        _kernels.Equation(equation, (1,)).gradients(columns, 0, 2, wanted, out)


def test_gradient_kernels_check_ranges_and_instruction_sets():
    columns = [np.ones(2), np.ones(2), np.ones(2), np.full(2, 37.0)]
    equation = _kernels.Equation("ghk", (1,))
    with pytest.raises(ValueError, match="start and count must lie within the layout"):
        equation.gradients(columns, 1, 2, [0], [OUT])
    with pytest.raises(ValueError, match="unknown instruction set 'mmx'"):
        equation.gradients(columns, 0, 2, [0], [OUT], isa="mmx")
