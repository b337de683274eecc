"""Summaries: mean, standard deviation and extremes are those of NumPy."""

import decimal
import fractions
import math

import numpy as np
import pytest

import fastrest as fr
from helpers.reductions import SWEEPS, assert_summary


def test_summary_equals_numpy(sweep_and_numpy, isa):
    sweep, expected = sweep_and_numpy
    assert_summary(sweep.summary(engine=isa), expected)


def test_summary_names_the_parameters_of_the_extremes(sweep_and_numpy):
    sweep, _ = sweep_and_numpy
    s = sweep.summary()
    assert s.at_min == {n: float(v) for n, v in sweep.parameters(s.argmin).items()}
    assert s.at_max == {n: float(v) for n, v in sweep.parameters(s.argmax).items()}


def test_summary_sd_of_narrow_potentials_keeps_its_digits():
    sweep = SWEEPS["narrow"]()
    V = [fractions.Fraction(v) for v in sweep.values().tolist()]
    mean = sum(V) / len(V)
    expected = math.sqrt(sum((v - mean) ** 2 for v in V) / len(V))
    assert 1e-13 < expected < 1e-12
    assert abs(sweep.summary().sd / expected - 1) < 1e-12


@pytest.mark.parametrize("outlier", [-30.0, -100.0, -150.0])
def test_summary_sd_of_a_block_that_begins_with_an_outlier(outlier):
    cell = fr.Cell(fr.GHK("K"), P_K=1, K_out=5, K_in=140, celsius=37)
    n = 65536
    for shift in range(40):
        K_out = np.full(n, 5 + shift * 0.01)
        K_out[0] = 5 * math.exp(outlier / 26.7266591125)
        sweep = fr.table(cell, {"K_out": K_out})
        first, other = (fractions.Fraction(float(v)) for v in sweep.values()[:2])
        variance = (first - other) ** 2 * (n - 1) / n**2
        with decimal.localcontext() as context:
            context.prec = 40
            exact = decimal.Decimal(variance.numerator) / decimal.Decimal(variance.denominator)
            difference = decimal.Decimal(sweep.summary().sd) - exact.sqrt()
            assert abs(difference) <= decimal.Decimal("1e-12")
