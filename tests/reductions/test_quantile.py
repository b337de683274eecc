"""Quantiles: order statistics, exact for any potentials."""

import numpy as np
import pytest

from helpers.reductions import SWEEPS, NumPy, assert_quantile, potassium

Q = [0, 1e-300, 0.05, 0.25, 0.3, 0.5, 0.77, 0.95, 1 - 2.0**-53, 1]


def test_quantiles_are_order_statistics(sweep_and_numpy, isa):
    sweep, expected = sweep_and_numpy
    assert_quantile(sweep.quantile(Q, engine=isa), expected, Q)


@pytest.mark.parametrize("q", [0, 1.0, np.float32(0.5), [0.5], [[0.1, 0.2, 0.2], [1, 0, 0.9]]])
def test_quantiles_have_the_shape_of_q(q):
    sweep = SWEEPS["table"]()
    assert_quantile(sweep.quantile(q), NumPy(sweep), q)


def test_quantiles_of_every_rank_of_a_short_table():
    sweep = SWEEPS["many zeros"]()
    q = np.concatenate([np.arange(401) / 400, np.nextafter(np.arange(1, 400) / 400, 1)])
    assert_quantile(sweep.quantile(q), NumPy(sweep), q)


def test_quantiles_of_an_empty_q_are_empty():
    assert SWEEPS["table"]().quantile([]).shape == (0,)


def test_quantiles_beyond_the_usual_potentials_are_exact():
    sweep = potassium(np.concatenate([np.linspace(-900, -151, 99), np.linspace(101, 900, 99)]))
    expected, q = NumPy(sweep), np.linspace(0, 1, 23)
    assert expected.v.min() < -800
    assert expected.v.max() > 800
    assert_quantile(sweep.quantile(q), expected, q)
