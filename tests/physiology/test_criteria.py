"""Criteria: their arguments and their text."""

import math

import pytest

import fastrest as fr
from helpers.populations import SPACE


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: fr.between(-60, -80), ValueError, r"^low <= high must hold, got -60\.0 and -80"),
        (lambda: fr.between(math.nan, 0), ValueError, r"^low must be a potential in mV, got nan$"),
        (lambda: fr.between(0, 1, at=3), TypeError, r"^at must be the name of a condition, got 3$"),
        (
            lambda: fr.change(None, "b", 0, 1),
            TypeError,
            r"^before must be the name of a condition, got None$",
        ),
        (lambda: fr.change("a", "a", 0, 1), ValueError, r"before and after must differ, got 'a'"),
        (lambda: fr.change("a", "b", 1, 0), ValueError, r"^low <= high must hold, got 1\.0 and 0"),
        (lambda: fr.nernst_between(1, 0, 1), TypeError, r"^ion must be the name of an ion, got 1$"),
        (lambda: fr.nernst_between("K", "a", 1), TypeError, r"^low must be a number, got 'a'$"),
    ],
)
def test_a_bad_criterion_is_refused_by_name(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_criteria_print_as_their_calls():
    for text in (
        "between(-80, -60)",
        "between(-80, -60, at='high K')",
        "between(-inf, -60)",
        "change('a', 'b', 2, 15)",
        "nernst_between('K', -100, -80)",
        "nernst_between('K', -100, -80, at='a')",
    ):
        names = {n: getattr(fr, n) for n in ("between", "change", "nernst_between")}
        one = eval(text, {**names, "inf": math.inf})
        assert repr(one) == text
        assert one == eval(text, {**names, "inf": math.inf})


def test_sobol_refuses_a_criterion_at_a_condition():
    with pytest.raises(ValueError, match=r"^of must name no condition, .* at='control'\)$"):
        SPACE.sobol(2**10, of=fr.between(-80, -60, at="control"))
