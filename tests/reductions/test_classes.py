"""Classes of excitability: counts between a cell's boundaries."""

import math

import pytest

import fastrest as fr
from helpers.reductions import POTASSIUM, SWEEPS, NumPy, classes_of

NEURON = fr.cells["mammalian neuron"]
INF, NAN = math.inf, math.nan


def test_classes_have_the_cells_boundaries():
    sweep = SWEEPS["table"]()
    found = sweep.classify()
    assert dict(found) == classes_of(NumPy(sweep).v)
    assert list(found) == ["resting", "suprathreshold", "depolarisation block"]
    assert found.boundaries == {"threshold": NEURON.threshold, "block": NEURON.block}


def test_class_boundaries_belong_to_the_class_below(sweep_and_numpy):
    sweep, expected = sweep_and_numpy
    x = expected.edges(12)
    for lower, threshold, block in zip(x, x[1:], x[2:]):
        given = {"threshold": threshold, "block": block, "lower": lower}
        assert dict(sweep.classify(**given)) == classes_of(expected.v, **given)


def test_a_class_between_equal_boundaries_is_empty():
    sweep = SWEEPS["many zeros"]()
    found = sweep.classify(threshold=0.0, block=0.0, lower=0.0)
    assert list(found.items()) == [
        ("below range", 300),
        ("resting", 0),
        ("suprathreshold", 0),
        ("depolarisation block", 100),
    ]


def test_classify_refuses_a_cell_without_a_threshold():
    sweep = fr.table(fr.cells["glial cell"], {"K_out": [3.0, 30.0]})
    with pytest.raises(ValueError, match=r"'glial cell' has no threshold.*pass threshold="):
        sweep.classify()
    nameless = fr.table(POTASSIUM, {"K_out": [3.0]})
    with pytest.raises(ValueError, match="the cell has no threshold"):
        nameless.classify()


def test_classify_takes_a_threshold_for_a_cell_without_one():
    sweep = fr.table(fr.cells["glial cell"], {"K_out": [3.0, 20.0, 130.0]})
    assert dict(sweep.classify(threshold=-55)) == classes_of(sweep.values())


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        ({"threshold": "a"}, TypeError, "threshold must be a potential in mV, got 'a'"),
        ({"threshold": True}, TypeError, "threshold must be a potential in mV, got True"),
        ({"block": NAN}, ValueError, "block must be finite, got nan"),
        ({"lower": -INF}, ValueError, "lower must be finite, got -inf"),
        ({"threshold": -30}, ValueError, "must not decrease, got threshold -30, block -40 mV"),
        ({"block": -60}, ValueError, "must not decrease, got threshold -55, block -60 mV"),
        ({"lower": -50}, ValueError, "got lower -50, threshold -55, block -40 mV"),
    ],
)
def test_class_boundaries_are_checked(given, error, text):
    with pytest.raises(error, match=text):
        SWEEPS["one row"]().classify(**given)
