"""Rounds that take turns, and the verdicts on their ratios."""

import math

import numpy as np
import pytest

from fastrest.benchmark import timing


def test_in_turn_goes_there_and_back():
    called = []
    runs = [lambda name=name: called.append(name) for name in "ABC"]
    found = timing.in_turn(runs, 0, (3, 5))
    assert "".join(called) == "ABCCBAABC"
    assert found.shape == (3, 3)
    assert (found > 0).all()
    assert len(timing.in_turn(runs, 60, (3, 5))) == 5


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (1.06, 1.2, "slower"),
        (1.04, 1.2, "inconclusive"),
        (0.5, 1.06, "inconclusive"),
        (0.97, 1.04, "pass"),
        (0.90, 1.01, "pass"),
        (0.90, 0.94, "faster"),
    ],
)
def test_verdict_is_that_of_the_whole_interval(low, high, verdict):
    assert timing.Ratio(math.sqrt(low * high), low, high).verdict(0.05) == verdict


def processes(rng, true, spread, n=6):
    """Make times of two calls in turn, in processes of differing luck, with busy neighbours."""
    found = []
    for _ in range(n):
        pairs = np.exp(rng.normal(0, 0.01, (15, 2)) + rng.normal(0, spread, 2))
        pairs *= 1 + 0.5 * (rng.random((15, 2)) < 0.5) * rng.random((15, 2))
        found.append(pairs * [true, 1])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.0, 0.01])
def test_ratio_interval_nearly_always_holds_the_true_ratio(spread):
    rng, held, widths = np.random.default_rng(1), 0, []
    for _ in range(40):
        r = timing.ratio(processes(rng, 1.1, spread))
        held += r.low <= 1.1 <= r.high
        assert r.low <= r.value <= r.high
        widths.append(math.sqrt(r.high / r.low) - 1)
    assert held >= 38
    assert np.median(widths) < 0.03  # and they are not merely wide


def test_ratio_is_divided_by_that_of_another_run():
    rng = np.random.default_rng(2)
    now, then = ([processes(rng, m, 0, n=1)[0]] for m in (3.3, 3.0))
    r = timing.ratio(now, then)
    assert abs(r.value - 1.1) < 0.02
    assert r.low < 1.1 < r.high < 1.2
