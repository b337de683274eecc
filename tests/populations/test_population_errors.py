"""Populations that cannot be made, and questions that cannot be answered."""

import pytest

import fastrest as fr
from fastrest.reductions.accumulator import whole
from helpers.populations import CELL, SPACE


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"conditions": {}}, ValueError, r"^conditions must name at least one, as "),
        ({"conditions": [1]}, TypeError, r"^conditions must be a mapping, as .* got \[1\]$"),
        ({"conditions": {1: {}}}, TypeError, r"^conditions: a name must be text, got 1$"),
        ({"conditions": {"": {}}}, TypeError, r"^conditions: a name must be text, got ''$"),
        ({"conditions": {"a": 6.5}}, TypeError, r"^condition 'a' must be a mapping .* got 6\.5$"),
        (
            {"conditions": {"a": {"K_oot": 3}}},
            ValueError,
            r"^condition 'a': unknown parameter 'K_oot': did you mean K_out",
        ),
        (
            {"conditions": {"a": {"K_out": -3.0}}},
            ValueError,
            r"^condition 'a': K_out must be >= 0 mM, got -3\.0$",
        ),
        (
            {"conditions": {"a": {"K_out": "3"}}},
            TypeError,
            r"^condition 'a': K_out must be a number, got '3'$",
        ),
        (
            {"conditions": {"a": {"celsius": 310.15}}},
            ValueError,
            r"^condition 'a': celsius=310\.15 looks like kelvin: pass 37\.0$",
        ),
        (
            {"conditions": {"a": {"K_out": fr.times(-1)}}},
            ValueError,
            r"^condition 'a': times of K_out must be finite and >= 0, got -1\.0$",
        ),
        (
            {"conditions": {"a": {"K_out": fr.times([1, 2])}}},
            TypeError,
            r"^condition 'a': times of K_out must be a number",
        ),
        (
            {"conditions": {"a": {"K_out": fr.times(fr.uniform(1, 2))}}},
            TypeError,
            r"^condition 'a': K_out must be a number or fr\.times of one, got times",
        ),
        (
            {"conditions": {"a": {"celsius": fr.times(3)}}},
            ValueError,
            r"^condition 'a': celsius must be between -20 and 100 °C, got 111\.0$",
        ),
        (
            {"accept": fr.between(-80, -60)},
            TypeError,
            r"^accept must be a list of criteria, as .*, got between\(-80, -60\)$",
        ),
        ({"accept": 3}, TypeError, r"^accept must be a list of criteria, as .*, got 3$"),
        ({"accept": [3]}, TypeError, r"^accept must be a list of criteria, as .*, got 3 in it$"),
        (
            {"accept": [fr.between(-80, -60), fr.between(-80, -60, at="control")]},
            ValueError,
            r"^accept must have each criterion once, got between\(-80, -60, at='control'\) twice$",
        ),
        (
            {"accept": [fr.between(-80, -60, at="contrl")]},
            ValueError,
            r"^between\(-80, -60, at='contrl'\): unknown condition 'contrl': did you mean control",
        ),
        (
            {"accept": [fr.change("control", "high K", 2, 15)]},
            ValueError,
            r"^change\('control', 'high K', 2, 15\): unknown condition 'high K'",
        ),
        (
            {"accept": [fr.nernst_between("Ca", 2, 15)]},
            ValueError,
            r"^nernst_between\('Ca', 2, 15, at='control'\): unknown output 'E_Ca'",
        ),
        ({"part": 3}, TypeError, r"^part must be \(k, n\), part k of n, got 3$"),
        ({"part": (3, 3)}, ValueError, r"^k must be from 0 to n - 1 = 2, got 3$"),
        ({"threads": 0}, ValueError, r"^threads must be a whole number >= 1, got 0$"),
        ({"executor": 3}, TypeError, r"^executor must be a concurrent.futures.Executor"),
        ({"method": "grid"}, ValueError, r"^method must be one of random, sobol, lhs, got 'grid'$"),
        ({"n": 0}, ValueError, r"^n must be a whole number >= 1, got 0$"),
    ],
)
def test_a_population_with_bad_arguments_is_refused_by_name(given, error, message):
    with pytest.raises(error, match=message):
        SPACE.population(**{"n": 10, "rng": 1, **given})


def test_a_condition_that_moves_inputs_out_of_their_domain_is_refused():
    space = fr.space(CELL, celsius=fr.uniform(20, 40))
    with pytest.raises(ValueError, match=r"^condition 'hot': celsius must be between .* 120\.0$"):
        space.population(10, conditions={"hot": {"celsius": fr.times(3)}})


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda pop: pop.summary("hgh K"), ValueError, "unknown condition 'hgh K': did you mean"),
        (lambda pop: pop.transition("control", "x"), ValueError, "unknown condition 'x'"),
        (lambda pop: pop.quantile("control", 2), ValueError, r"q must be from 0 to 1, got 2\.0"),
        (
            lambda pop: pop.histogram(bins=3, range=(-80, -60)),
            ValueError,
            r"edges must be multiples of 0\.05 mV between -150 and 100, got -73\.3",
        ),
        (
            lambda pop: pop.histogram(bins=2, range=(-200, 0)),
            ValueError,
            r"between -150 and 100, got -200\.0",
        ),
        (
            lambda pop: pop.transition("control", "pump")["resting", "rest"],
            KeyError,
            "unknown class 'rest': did you mean resting",
        ),
    ],
)
def test_a_population_refuses_unanswerable_questions_by_name(pop, ask, error, message):
    with pytest.raises(error, match=message):
        ask(pop)


def test_a_cell_without_a_threshold_has_no_transitions():
    space = fr.space(CELL.replace(threshold=None, block=None), P_Na=fr.lognormal(cv=0.5))
    pop = space.population(100, rng=1)
    with pytest.raises(ValueError, match=r"^the cell has no threshold"):
        pop.transition("control", "control")


@pytest.mark.parametrize(("of", "low", "high"), [("V", -3000, 2001), ("E_K", -10_000, 10_001)])
def test_population_edges_are_decimals(of, low, high):
    decimals = [float(f"{k * 0.05:.2f}") for k in range(low, high)]
    pop = fr.space(CELL, P_Na=fr.lognormal(cv=0.5)).population(10, rng=1, of=of)
    for one in pop.tally.counts.accumulators:
        assert one.edges.tolist() == decimals
    assert whole(1.0) == 1 << 1074


def test_conditions_of_a_population_cannot_be_changed():
    pop = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5)).population(
        100, rng=1, conditions={"hk": {"K_out": 6.5}}
    )
    with pytest.raises(TypeError):
        pop.conditions["hk"]["K_out"] = 60.0


def test_a_population_of_many_criteria_tells_them_apart():
    space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5))
    pop = space.population(100, rng=1, accept=[fr.between(100 + i, 1000) for i in range(257)])
    assert set(pop.rejected_only_by.values()) == {0}
    assert repr(fr.between(-69.8119251, -69.8119241)) == "between(-69.8119251, -69.8119241)"


def test_a_population_plot_of_no_parameters_is_refused():
    pytest.importorskip("matplotlib")
    space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5))
    pop = space.population(100, rng=1)
    with pytest.raises(ValueError, match="names must name at least one of P_Na, got none"):
        pop.plot_pairs([])
