"""Answers are equal if their contents are: arrays by elements, NaN to NaN, also after pickling."""

import functools
import math
import pickle

import numpy as np
import pytest

import fastrest as fr
from fastrest._core.validation import equal

CELL = fr.cells["mammalian neuron"]
DEAD = CELL.replace(P_K=0, P_Na=0, P_Cl=0)  # has no potential
SPACE = fr.space(CELL, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
NOWHERE = fr.space(DEAD, K_out=fr.uniform(3, 6))
BIG = fr.grid(CELL, K_out=np.linspace(2, 12, 300), K_in=np.linspace(90, 150, 400))
ROWS = fr.table(CELL, {"K_out": [3.0, np.nan, -1.0]})
REDUCERS = [fr.Summary(), fr.Histogram(), fr.Fraction(below=-60), fr.Classes()]


@functools.cache
def population(accept=-65.0):
    conditions = {"control": {}, "high K": {"K_out": 8.0}}
    criteria = [fr.between(-75, accept)]
    return SPACE.population(1000, rng=1, conditions=conditions, accept=criteria)


ANSWERS = {
    "summary": BIG.summary,
    "summary of nothing": fr.grid(DEAD, K_out=[1.0, 2]).summary,
    "histogram": BIG.histogram,
    "histogram of an event": lambda: BIG.histogram([0, 1, 2], of=fr.between(-80, -60)),
    "classes": BIG.classify,
    "reduced": lambda: BIG.reduce(*REDUCERS),
    "part": lambda: BIG.part(0, 2),
    "part of rows": lambda: ROWS.part(0, 1),
    "part of a sample": lambda: SPACE.sample(100, rng=1).part(0, 1),
    "tally": lambda: BIG.part(0, 2).tally(*REDUCERS),
    "tally of rows": lambda: ROWS.part(0, 1).tally(*REDUCERS),
    "population": population,
    "population histogram": lambda: population().histogram(),
    "members": lambda: population().members(first=3),
    "marginals": lambda: population().marginals,
    "balance": lambda: population().balance,
    "balance of nothing": lambda: population(-74.999).balance,
    "transition": lambda: population().transition("control", "high K"),
    "exact indices": SPACE.sobol,
    "sampled indices": lambda: SPACE.sobol(64, rng=1),
    "bounds": lambda: SPACE.dgsm(64, rng=1),
    "swings": SPACE.swings,
    "swings of nothing": NOWHERE.swings,
    "uncertainty": lambda: CELL.uncertainty(K_out=0.1, of="E_K"),
    "uncertainty of nothing": lambda: DEAD.uncertainty(K_out=0.1),
    "pump effect": DEAD.pump_effect,
    "grid of labels": lambda: fr.grid(
        CELL, fr.axis("dose", K_out=[3.0, 5.0], labels=[math.nan, "b"])
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_equals_itself_made_again_and_pickled(name):
    one = ANSWERS[name]()
    for same in (ANSWERS[name](), pickle.loads(pickle.dumps(one))):
        assert one == same
        assert (one != same) is False
        try:
            number = hash(one)
        except TypeError:
            with pytest.raises(TypeError, match="unhashable"):
                hash(same)
        else:
            assert hash(same) == number


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (BIG.histogram, lambda: BIG.histogram(199)),
        (BIG.histogram, lambda: BIG.histogram(of="E_K")),
        (BIG.summary, lambda: BIG.summary(of="E_K")),
        (BIG.classify, lambda: dict(BIG.classify())),
        (lambda: BIG.part(0, 2), lambda: BIG.part(1, 2)),
        (lambda: BIG.part(0, 2), lambda: ROWS.part(0, 2)),
        (
            lambda: BIG.part(0, 2).tally(fr.Summary()),
            lambda: BIG.part(1, 2).tally(fr.Summary()),
        ),
        (
            lambda: BIG.part(0, 1).tally(fr.Summary()),
            lambda: BIG.part(0, 1).tally(fr.Histogram()),
        ),
        (population, lambda: population(-66.0)),
        (lambda: population().members(first=3), lambda: population().members(first=2)),
        (SPACE.sobol, lambda: SPACE.sobol(64, rng=1)),
        (lambda: CELL.uncertainty(K_out=0.1), lambda: CELL.uncertainty(K_in=0.1)),
        (DEAD.pump_effect, CELL.pump_effect),
    ],
)
def test_other_answers_differ(one, other):
    assert one() != other()
    assert (one() == other()) is False


def test_merged_answers_equal_those_of_the_whole():
    tallies = [BIG.part(k, 2).tally(*REDUCERS) for k in range(2)]
    assert fr.merge(tallies) == BIG.reduce(*REDUCERS)


@pytest.mark.parametrize(("one", "other"), [(0.0, -0.0), (60, 60.0)])
def test_equal_reducers_have_one_hash(one, other):
    for make in (lambda x: fr.Fraction(below=x), lambda x: fr.Fraction(between=(-90, x))):
        assert make(one) == make(other)
        assert hash(make(one)) == hash(make(other))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (math.nan, np.float64("nan"), True),
        ((1, math.nan), (1, float("nan")), True),
        ((1, 2), [1, 2], False),
        ((1, 2), (1, 2, 3), False),
        ({"a": np.array([1, np.nan])}, {"a": np.array([1, np.nan])}, True),
        ({"a": np.array([1, 2])}, {"a": np.array([[1, 2]])}, False),
        ({"a": 1}, {"b": 1}, False),
        (np.array(["a"]), np.array(["a"]), True),
        (np.array([1.0]), 2, False),
        (None, np.array([1.0]), False),
    ],
)
def test_attributes_are_equal_by_elements(one, other, same):
    assert equal(one, other) is same
    assert equal(other, one) is same
