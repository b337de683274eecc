"""Texts of distributions: what the command line's form must look like."""

import pytest

from fastrest.cli.option_values import distribution_of


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unknown distribution ''"),
        ("unifrom:3,6", "unknown distribution 'unifrom': did you mean uniform"),
        ("uniform", "^uniform takes LOW,HIGH, got 'uniform'$"),
        ("uniform:3", "uniform takes LOW,HIGH, got 'uniform:3'"),
        ("uniform:3,6,9", "uniform takes LOW,HIGH, got '9'"),
        ("uniform:low=3,high=6", "uniform takes LOW,HIGH, got 'low=3'"),
        ("uniform:three,6", "uniform:three,6: low must be a number, got 'three'"),
        ("uniform:6,3", "^uniform: low must be < high, got low 6.0, high 3.0"),
        ("normal:5,1", "normal takes mean=...,sd=...,low=...,high=..., got '5'"),
        ("normal:mean=5", "normal takes mean=...,sd=..."),
        ("normal:sd=1,sd=2", "sd is given twice"),
        ("normal:sd=1,hi=2", "normal takes .*, got 'hi=2'"),
        ("lognormal", "^lognormal: needs either cv= or sigma_log=$"),
        ("lognormal:median=1", "^lognormal: needs either cv= or sigma_log="),
        ("times:", "unknown distribution ''"),
        ("times:times:uniform:1,2", "times stands once"),
    ],
)
def test_distribution_of_refuses_other_texts_with_a_reason(text, message):
    with pytest.raises(ValueError, match=message):
        distribution_of(text)
