"""Clinical states: what they change, their sources, and cells in which they change nothing."""

import copy
import pickle

import pytest

import fastrest as fr

NEURON = fr.cells["mammalian neuron"]


def test_shipped_states_are_the_clinical_ones():
    assert {name: dict(state) for name, state in fr.states.items()} == {
        "hypokalaemia": {"K_out": 2.5},
        "hyperkalaemia": {"K_out": 6.5},
        "pump block": {"pump_ratio": 1.0},
        "K-leak loss": {"P_K": fr.times(0.5)},
        "K-leak gain": {"P_K": fr.times(2)},
        "raised P_Na": {"P_Na": fr.times(2)},
    }
    assert repr(fr.states).startswith("<fastrest.states: hypokalaemia, hyperkalaemia")


@pytest.mark.parametrize("state", fr.states.values(), ids=fr.states)
def test_every_state_has_a_source_with_a_year_and_a_basis(state):
    assert any(str(year) in state.source for year in range(1950, 2030))
    assert state.basis in ("measured", "textbook", "convention")
    assert state.remark


@pytest.mark.parametrize("state", fr.states.values(), ids=fr.states)
def test_a_state_factor_without_a_measurement_is_called_a_convention(state):
    is_factor = any(isinstance(value, fr.Times) for value in state.values())
    assert is_factor == (state.basis == "convention") == ("is a convention" in state.remark)


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("hypokalaemia", -1),
        ("hyperkalaemia", 1),
        ("pump block", 1),
        ("K-leak loss", 1),
        ("K-leak gain", -1),
        ("raised P_Na", 1),
    ],
)
def test_a_state_moves_the_potential_in_the_clinical_direction(name, sign):
    cell = NEURON.replace(pump_ratio=1.5)
    assert sign * (cell.replace(**fr.states[name]).potential() - cell.potential()) > 1


def test_a_state_prints_its_changes_and_their_basis():
    assert repr(fr.states["hyperkalaemia"]) == "<State 'hyperkalaemia': K_out 6.5 (textbook)>"
    assert repr(fr.states["K-leak gain"]) == "<State 'K-leak gain': P_K x 2 (convention)>"


@pytest.mark.parametrize("remade", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_states_are_immutable(remade):
    state = fr.states["raised P_Na"]
    again = remade(state)
    assert again == state == {"P_Na": fr.times(2)}
    assert (again.name, again.source, again.remark) == (state.name, state.source, state.remark)
    assert state != fr.states["K-leak gain"]
    with pytest.raises(AttributeError, match="State cannot be changed"):
        state.name = "x"
    with pytest.raises(TypeError):
        state.changes["P_Na"] = 1


def test_an_unknown_state_is_named_with_similar_names():
    with pytest.raises(KeyError, match="unknown state 'hyperkalemia': did you mean hyperkalaemia"):
        fr.states["hyperkalemia"]


def test_a_pump_state_refuses_a_cell_without_a_pump():
    block = fr.states["pump block"]
    with pytest.raises(ValueError, match=r"pump block sets pump_ratio to 1.*pump_ratio 1\.5"):
        block.check(NEURON, ())
    block.check(NEURON.replace(pump_ratio=1.5), ())
    block.check(NEURON, ("pump_ratio",))


def test_a_state_that_changes_a_factor_always_changes_something():
    fr.states["K-leak loss"].check(NEURON, ())


def test_a_population_refuses_a_state_that_changes_nothing():
    space = fr.space(NEURON, P_Na=fr.lognormal(cv=0.5))
    conditions = {"control": {}, "off": fr.states["pump block"]}
    with pytest.raises(
        ValueError, match=r"condition 'off': pump block sets pump_ratio to 1, which"
    ):
        space.population(10, rng=1, conditions=conditions)


def test_state_hyperkalaemia_makes_cells_suprathreshold():
    space = fr.space(NEURON.replace(threshold=-65), P_Na=fr.lognormal(cv=0.5))
    conditions = {"control": {}, "high K": fr.states["hyperkalaemia"]}
    pop = space.population(10_000, rng=1, conditions=conditions)
    found = pop.transition("control", "high K")
    assert found["resting", "suprathreshold"] > 500
    assert found["suprathreshold", "resting"] == 0
