"""Cells: mappings of parameters that cannot change."""

import contextlib
import copy
import math
import pickle

import numpy as np
import pytest

import fastrest as fr

NEURON = fr.cells["mammalian neuron"]


def fresh():
    """Return a cell that shares nothing with the presets."""
    return pickle.loads(pickle.dumps(NEURON))


# ---- a mapping of parameters ----


def test_a_cell_maps_every_parameter_to_a_float():
    assert list(NEURON) == list(NEURON.model.parameters)
    assert len(NEURON) == 11
    assert NEURON["K_out"] == 5.0
    assert NEURON["pump_ratio"] == 1.0
    assert all(type(value) is float for value in NEURON.values())
    assert NEURON.model(**NEURON) == NEURON.potential()


def test_an_unknown_cell_parameter_is_named_with_similar_names():
    with pytest.raises(KeyError, match="unknown parameter 'Kout': did you mean K_out"):
        NEURON["Kout"]
    assert NEURON.get("Kout") is None
    assert "Kout" not in NEURON
    assert 3 not in NEURON


def test_a_cell_is_made_of_a_model_and_a_value_for_every_parameter():
    cell = fr.Cell(
        fr.GHK("K", "Na"),
        **{"P_K": 1, "P_Na": np.float32(0.5), "K_out": np.array(4), "K_in": 150},
        **{"Na_out": 145, "Na_in": 20, "celsius": 37},
        source="a paper",
        threshold=-50,
    )

    assert cell["P_Na"] == 0.5
    assert cell["K_out"] == 4.0
    assert cell.source == "a paper"
    assert (cell.lower, cell.threshold, cell.block) == (None, -50.0, -40.0)
    assert cell.name == cell.species == cell.basis == cell.remark == ""
    assert cell.quoted is None


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"K_out": -3.0}, ValueError, "K_out must be >= 0 mM, got -3.0"),
        ({"P_Na": -0.04}, ValueError, "P_Na must be >= 0, got -0.04"),
        ({"K_out": math.nan}, ValueError, "K_out must be finite, got nan"),
        ({"celsius": 310.15}, ValueError, "celsius=310.15 looks like kelvin: pass 37.0"),
        ({"celsius": -30}, ValueError, "celsius must be between -20 and 100 °C, got -30.0"),
        ({"K_out": "5"}, TypeError, "K_out must be a number, got '5'"),
        ({"K_out": None}, TypeError, "K_out must be a number, got None"),
        ({"K_out": True}, TypeError, "K_out must be a number, got True"),
        ({"K_out": [5.0]}, TypeError, "K_out must be a number, got [5.0]"),
        ({"K_out": 1j}, TypeError, "K_out must be a number, got 1j"),
        ({"threshold": "x"}, TypeError, "threshold must be a number, got 'x'"),
        ({"quoted": math.nan}, ValueError, "quoted must be finite, got nan"),
    ],
    ids=str,
)
def test_a_bad_cell_value_is_named_with_its_rule(changes, error, message):
    with pytest.raises(error) as made:
        fr.Cell(NEURON.model, **{**NEURON, **changes})
    with pytest.raises(error) as replaced:
        NEURON.replace(**changes)

    assert str(made.value) == str(replaced.value) == message


def test_a_cell_value_too_large_for_a_double_is_refused_by_name():
    with pytest.raises(ValueError, match=r"^K_out must be finite, got "):
        NEURON.replace(K_out=10**400)


def test_a_cell_has_exactly_the_parameters_of_its_model():
    with pytest.raises(ValueError, match=r"a cell of GHK\(K\) needs K_in, celsius$"):
        fr.Cell(fr.GHK("K"), P_K=1, K_out=5)
    with pytest.raises(ValueError, match=r"unknown parameter 'Ca_out': .* has no Ca"):
        fr.Cell(NEURON.model, **NEURON, Ca_out=2.0)
    with pytest.raises(TypeError, match=r"must be a fr\.GHK, .* or fr\.PumpLeak, got 'GHK'"):
        fr.Cell("GHK", K_out=5)


@pytest.mark.parametrize(
    "bounds",
    [
        {"threshold": -30.0},
        {"threshold": -55.0, "block": -55.0},
        {"lower": -50.0},
        {"lower": -90.0, "threshold": -95.0},
    ],
    ids=str,
)
def test_cell_boundaries_must_be_in_order(bounds):
    with pytest.raises(ValueError, match="lower < threshold < block must hold, got"):
        NEURON.replace(**bounds)


# ---- value semantics ----


def test_cells_are_equal_exactly_if_all_fields_are():
    assert NEURON.replace() == NEURON == fresh()
    assert hash(NEURON.replace()) == hash(NEURON) == hash(fresh())
    assert NEURON.replace(K_out=5) == NEURON
    assert NEURON.replace(K_out=5.1) != NEURON
    assert NEURON.replace(name="other") != NEURON
    assert NEURON.replace(threshold=-50) != NEURON
    assert NEURON.passive() == NEURON
    assert NEURON.passive("Cl") != NEURON
    assert dict(NEURON) != NEURON
    assert {NEURON: 1}[fresh()] == 1


@pytest.mark.parametrize("cell", [*fr.cells.values(), NEURON.to_chord(), NEURON.passive("Cl")])
@pytest.mark.parametrize(
    "again",
    [lambda cell: pickle.loads(pickle.dumps(cell)), copy.copy, copy.deepcopy],
    ids=["pickle", "copy", "deepcopy"],
)
def test_a_copy_of_a_cell_is_equal(cell, again):
    other = again(cell)

    assert other == cell
    assert hash(other) == hash(cell)
    assert repr(other) == repr(cell)
    assert other.potential() == cell.potential()


def test_a_cell_prints_its_fields_with_units():
    text = repr(NEURON.passive("Cl").replace(pump_ratio=1.5))

    for part in ("mammalian neuron", "GHK(K, Na, Cl; passive Cl)", "K 5/140", "Na 145/15", "mM"):
        assert part in text
    assert "Cl 110/passive" in text
    assert "37 °C" in text
    assert "pump_ratio 1.5" in text


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        *[("name", "x"), ("source", "x"), ("threshold", -50.0), ("block", None)],
        *[("model", fr.GHK("K")), ("K_out", 8.0), ("Kout", 8.0)],
    ],
)
def test_a_cell_cannot_be_changed_by_assignment(attribute, value):
    cell = fresh()

    with pytest.raises(AttributeError):
        setattr(cell, attribute, value)
    assert cell == NEURON


def test_a_cell_cannot_be_changed_by_items():
    cell = fresh()

    with pytest.raises(TypeError):
        cell["K_out"] = 8.0
    with pytest.raises(TypeError):
        del cell["K_out"]
    assert cell == NEURON


def test_a_cell_cannot_be_changed_by_deletion():
    cell = fresh()

    with pytest.raises(AttributeError):
        del cell.name
    assert cell.name == NEURON.name


def test_a_cell_cannot_be_changed_through_its_model():
    cell = fresh()

    with contextlib.suppress(AttributeError, TypeError):
        cell.model.passive = ("Cl",)

    assert repr(cell) == repr(NEURON)
    assert list(cell.model.parameters) == list(NEURON)


def test_changing_an_answer_of_a_cell_does_not_change_the_cell():
    cell = fresh()

    cell.nernst().clear()
    cell.concentrations().clear()

    assert cell == NEURON
    assert cell.nernst() == NEURON.nernst()
