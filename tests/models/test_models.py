"""Models: their parameters, and value semantics."""

import contextlib
import math
import pickle

import pytest

import fastrest as fr
from helpers.models import K_NA_CL, MODELS, values_for

# ---- parameters ----


def test_model_parameters_are_weights_then_outside_then_inside():
    model = fr.GHK("K", "Na", "Cl", "Ca")

    assert list(model.parameters) == [
        *["P_K", "P_Na", "P_Cl", "P_Ca"],
        *["K_out", "Na_out", "Cl_out", "Ca_out"],
        *["K_in", "Na_in", "Cl_in", "Ca_in"],
        *["celsius", "pump_ratio"],
    ]


def test_a_chord_model_has_conductances_and_no_pump():
    model = fr.Chord("K", "Na")

    assert list(model.parameters) == [
        *["g_K", "g_Na", "K_out", "Na_out", "K_in", "Na_in", "celsius"],
    ]


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_model_parameters_have_names_and_units(model):
    for name, parameter in model.parameters.items():
        end = name.rpartition("_")[2]
        assert parameter.name == name
        units = {"out": "mM", "in": "mM", "celsius": "°C", "max": "uA/cm2", "half": "mM"}
        assert parameter.unit == units.get(end, model.weight_unit)
        assert parameter.meaning


@pytest.mark.parametrize(
    ("model", "has_pump"),
    [
        (fr.GHK("K"), True),
        (fr.GHK("Na", "Cl", "K"), True),
        (fr.GHK("Na", "Cl"), False),
        (fr.GHK("K", "Na", passive="K"), False),
        (fr.Chord("K", "Na"), False),
    ],
    ids=repr,
)
def test_pump_ratio_exists_only_in_a_ghk_model_with_permeant_potassium(model, has_pump):
    assert ("pump_ratio" in model.parameters) == has_pump
    assert model.defaults == ({"pump_ratio": 1.0} if has_pump else {})


@pytest.mark.parametrize("passive", ["Cl", ["Cl"], ("Cl",), {"Cl"}, ["Cl", "Cl"]], ids=repr)
def test_a_passive_ion_keeps_only_its_outside_concentration(passive):
    model = fr.GHK("K", "Cl", passive=passive)

    assert list(model.parameters) == ["P_K", "K_out", "Cl_out", "K_in", "celsius", "pump_ratio"]
    assert model.passive == ("Cl",)
    assert model.permeant == (fr.Ion("K", 1),)


def test_a_passive_ion_does_not_change_the_potential():
    values = {"P_K": 1, "P_Na": 0.04, "K_out": 5, "Na_out": 145, "K_in": 140, "Na_in": 15}

    without = fr.GHK("K", "Na")(**values, celsius=37)
    passive = fr.GHK("K", "Cl", "Na", passive="Cl")(**values, Cl_out=110, celsius=37)

    assert passive == without


@pytest.mark.parametrize("kind", [fr.GHK, fr.Chord])
def test_a_model_of_bad_ions_is_refused(kind):
    with pytest.raises(ValueError, match=f"{kind.__name__} needs at least one ion"):
        kind()
    with pytest.raises(ValueError, match="each ion must be given once, got K, Na, K"):
        kind("K", "Na", "K")
    with pytest.raises(ValueError, match="at most 12 ions, got 13"):
        kind(*(fr.Ion(f"X{i}", 1) for i in range(13)))
    with pytest.raises(ValueError, match=r'unknown ion .Kk.: did you mean K\?.*fr.Ion\("Kk", z\)'):
        kind("Kk")
    with pytest.raises(ValueError, match="unknown passive ion 'Na': known are K, Cl"):
        kind("K", "Cl", passive="Na")
    for not_an_ion in (3, None, ["K", "Na"]):
        with pytest.raises(TypeError, match=r"an ion must be a name or fr.Ion\(name, z\), got"):
            kind(not_an_ion)


def test_a_model_takes_its_largest_number_of_ions():
    model = fr.GHK(*(fr.Ion(f"X{i}", (-2, -1, 1, 2)[i % 4]) for i in range(12)))

    assert math.isfinite(model(**values_for(model)))


# ---- value semantics ----


def test_models_are_equal_exactly_if_kind_ions_and_passive_ions_are():
    assert fr.GHK("K", "Na") == fr.GHK("K", fr.Ion("Na", 1))
    assert hash(fr.GHK("K", "Na")) == hash(fr.GHK("K", fr.Ion("Na", 1)))
    assert len({*MODELS, *MODELS}) == len(MODELS)
    assert fr.GHK("K", "Na") != fr.GHK("Na", "K")
    assert fr.GHK("K") != fr.Chord("K")
    assert fr.GHK("K", "Cl") != fr.GHK("K", "Cl", passive="Cl")
    assert fr.GHK("K") != "GHK(K)"


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_a_pickled_model_is_the_same_model(model):
    again = pickle.loads(pickle.dumps(model))

    assert again == model
    assert hash(again) == hash(model)
    assert again.parameters == model.parameters
    assert again(**values_for(model)) == model(**values_for(model))


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (K_NA_CL, "GHK(K, Na, Cl)"),
        (fr.GHK("K", "Cl", passive="Cl"), "GHK(K, Cl; passive Cl)"),
        (fr.Chord("K", fr.Ion("SO4", -2)), "Chord(K, Ion('SO4', -2))"),
    ],
)
def test_a_model_prints_its_equation_and_ions(model, text):
    assert repr(model) == text


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("ions", ()), ("passive", ("Na",)), ("permeant", ()), ("parameters", {}), ("anything", 1)],
)
def test_a_model_cannot_be_changed_by_assignment(attribute, value):
    model = fr.GHK("K", "Na")

    with pytest.raises(AttributeError):
        setattr(model, attribute, value)


def test_a_model_cannot_be_changed_through_its_parameters():
    model = fr.GHK("K", "Na")
    before = list(model.parameters)

    with contextlib.suppress(TypeError):
        del model.parameters["P_Na"]

    assert list(model.parameters) == before
