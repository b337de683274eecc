"""Swings of one input at a time."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest

import fastrest as fr
from fastrest.sensitivity.one_at_a_time import Swings
from helpers.notation import K_OUT, P_NA

CELL = fr.cells["mammalian neuron"]
SPACE = fr.space(
    CELL, K_out=fr.uniform(3, 6), P_Na=fr.lognormal(cv=0.5), celsius=fr.uniform(35, 39)
)


def lengths(container):
    return [bar.get_width() for bar in container]


def test_swings_are_the_potentials_at_the_quantiles():
    s = SPACE.swings(0.1, 0.8)
    medians = {n: d.ppf(0.5) for n, d in zip(SPACE.names, SPACE.distributions)}
    middle = CELL.replace(**medians)
    assert middle.potential() == s.V
    for i, (name, one) in enumerate(zip(SPACE.names, SPACE.distributions)):
        for q, x, V in ((0.1, s.low[i], s.V_low[i]), (0.8, s.high[i], s.V_high[i])):
            assert x == one.ppf(q)
            assert middle.replace(**{name: x}).potential() == V
    assert s.names == SPACE.names
    assert s.quantiles == (0.1, 0.8)


def test_swings_are_ordered_by_their_width():
    s = SPACE.swings()
    assert s.quantiles == (0.05, 0.95)
    assert s.order == [1, 0, 2]
    lines = repr(s).splitlines()
    assert lines[0] == f"<Swings of V about {s.V:.2f} mV, one input at a time"
    assert [line.split()[0] for line in lines[2:]] == ["P_Na", "K_out", "celsius"]
    assert f"{s.V_high[2]:.2f} mV>" in lines[-1]


def test_swings_are_equal_to_their_copies_and_cannot_be_changed():
    s = SPACE.swings()
    assert s == SPACE.swings() == pickle.loads(pickle.dumps(s)) == copy.deepcopy(s)
    assert s != SPACE.swings(0.1, 0.9)
    assert s != "swings"
    assert s != dataclasses.replace(s, V_low=s.V_low + 1e-9)
    with pytest.raises(ValueError, match="read-only"):
        s.V_low[0] = 0.0
    with pytest.raises(TypeError, match="unhashable"):
        hash(s)


@pytest.mark.parametrize(
    ("quantiles", "message"),
    [
        ((-0.1, 0.9), "low must be a probability from 0 to 1, got -0.1"),
        ((0.1, 1.5), "high must be a probability from 0 to 1, got 1.5"),
        ((0.1, float("nan")), "high must be a probability from 0 to 1, got nan"),
        ((0.5, 0.5), "low < high must hold, got 0.5 and 0.5"),
    ],
)
def test_swings_refuse_bad_quantiles(quantiles, message):
    with pytest.raises(ValueError, match=message):
        SPACE.swings(*quantiles)


def test_swings_refuse_quantiles_that_are_not_numbers():
    with pytest.raises(TypeError, match="low must be a number, got '5 %'"):
        SPACE.swings("5 %", 0.9)


def test_plot_of_swings_has_bars_from_the_middle_to_each_end(ax):
    s = SPACE.swings()
    assert s.plot(ax) is ax
    for container, V in zip(ax.containers, (s.V_low, s.V_high)):
        bars = [V[i] - s.V for i in s.order[::-1]]
        assert lengths(container) == pytest.approx(bars, abs=1e-12)
        ends = [min(bar.get_x(), bar.get_x() + bar.get_width()) for bar in container]
        assert ends == pytest.approx([min(s.V, V[i]) for i in s.order[::-1]])
    assert ax.lines[0].get_xdata()[0] == s.V
    names = ["temperature", K_OUT.removesuffix(" (mM)"), P_NA]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == names
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["5 % quantile", "95 % quantile"]
    assert {f"{s.low[i]:.3g}" for i in range(3)} <= {text.get_text() for text in ax.texts}
    assert ax.get_title("left") == "mammalian neuron"


def test_swings_without_a_potential_are_printed_and_not_drawn(ax):
    only_potassium = CELL.replace(P_Na=0, P_Cl=0)
    s = fr.space(only_potassium, K_out=fr.uniform(0, 5), K_in=fr.uniform(0, 9)).swings(0, 0.5)
    assert isinstance(s, Swings)
    assert s.V_low.tolist() == [-np.inf, np.inf]
    assert s.order == [0, 1]
    assert "-inf mV" in repr(s)
    s.plot(ax)
    assert np.isnan(lengths(ax.containers[0])).all()
    ax.figure.draw_without_rendering()
