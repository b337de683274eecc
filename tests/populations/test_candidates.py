"""Candidates of every kind of cell, under any conditions and criteria."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastrest as fr
from helpers.populations import CELL, SPACE, Brute, check_counts
from helpers.profiles import examples

CHORD = fr.Cell(
    fr.Chord("K", "Na"), g_K=10, g_Na=1, K_out=5, K_in=140, Na_out=145, Na_in=15, celsius=37
)
MUSCLE = fr.cells["mammalian skeletal muscle"]
WITH_CA = fr.Cell(fr.GHK("K", "Na", "Cl", "Ca"), **CELL, P_Ca=0.1, Ca_out=2.0, Ca_in=1e-4)


@pytest.mark.parametrize(
    ("space", "conditions", "accept"),
    [
        (fr.space(CHORD, g_Na=fr.lognormal(cv=0.5)), {"a": {}, "b": {"K_out": 8}}, "K"),
        (fr.space(MUSCLE, K_out=fr.uniform(3, 6)), {"a": {}, "b": {"K_out": 8}}, "Cl"),
        (fr.space(WITH_CA, Ca_in=fr.lognormal(cv=1)), {"a": {"Ca_in": 1e-4}}, "Ca"),
        (
            fr.space(CELL, K_out=fr.uniform(3, 6), K_in=fr.uniform(130, 150), correlation=None),
            {"a": {"K_out": 4, "K_in": 140}, "b": {"Na_in": fr.times(2)}},
            "K",
        ),
    ],
    ids=["chord", "passive chloride", "divalent", "all overridden"],
)
def test_candidates_of_every_model_equal_its_tables(space, conditions, accept):
    low, high = np.sort(np.random.default_rng(1).uniform(-100, 150, 2))
    criteria = [fr.between(-1000, -70), fr.nernst_between(accept, low, high)]
    pop = space.population(3000, rng=1, conditions=conditions, accept=criteria)
    check_counts(pop, Brute(pop, 3000))


def test_candidates_with_an_ion_on_one_side_have_an_infinite_nernst_potential():
    space = fr.space(CELL.replace(Na_in=0.0), P_Na=fr.lognormal(cv=0.1))
    narrow, wide = fr.nernst_between("Na", 0, 1e4), fr.nernst_between("Na", 0, math.inf)
    assert space.population(100, rng=1, accept=[narrow]).accepted == 0
    assert space.population(100, rng=1, accept=[wide]).accepted == 100


def test_clinical_states_serve_as_conditions():
    conditions = {"control": {}, "high K": fr.states["hyperkalaemia"]}
    pop = SPACE.population(1000, rng=1, conditions=conditions)
    assert pop.conditions["high K"] == {"K_out": 6.5}
    with pytest.raises(ValueError, match=r"condition 'block': .*pump_ratio to 1"):
        SPACE.population(10, conditions={"block": fr.states["pump block"]})


spaces = st.builds(
    lambda names, cv: fr.space(CELL, **{name: fr.lognormal(cv=cv) for name in sorted(names)}),
    st.sets(st.sampled_from(list(CELL)[:9]), min_size=1, max_size=4),
    st.sampled_from([1e-6, 0.3, 2.0]),
)
changes = st.dictionaries(
    st.sampled_from(list(CELL)[:9]),
    st.sampled_from([0.0, 7.0, 100.0, fr.times(0), fr.times(0.5), fr.times(3)]),
    max_size=3,
)
ranges = st.tuples(st.floats(-150, 50), st.floats(-150, 50)).map(sorted)


@pytest.mark.property
@examples(40)
@given(
    space=spaces, a=changes, b=changes, one=ranges, two=ranges, three=ranges, seed=st.integers(0)
)
def test_candidates_of_any_population_equal_its_tables(space, a, b, one, two, three, seed):
    accept = [
        fr.between(*one, at="b"),
        fr.change("a", "b", two[0] / 5, two[1] / 5),
        fr.nernst_between("Cl", *three),
    ]
    pop = space.population(500, rng=seed, conditions={"a": a, "b": b}, accept=accept)
    brute = Brute(pop, 500)
    check_counts(pop, brute)
    assert (pop.members().indices == np.flatnonzero(brute.accepted)).all()
