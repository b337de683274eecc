"""Models: their parameters, their manners, and calling them with anything that broadcasts."""

import contextlib
import decimal
import fractions
import math
import pickle
import re

import dask.array
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import fastrest as fr

#: The cell of the check values: K, Na and Cl of a mammalian neuron at 37 °C.
NEURON = {
    "P_K": 1.0,
    "P_Na": 0.04,
    "P_Cl": 0.45,
    "K_out": 5.0,
    "Na_out": 145.0,
    "Cl_out": 110.0,
    "K_in": 140.0,
    "Na_in": 15.0,
    "Cl_in": 7.0,
    "celsius": 37.0,
}
V_NEURON = -69.811924278622484  # in 40-digit arithmetic
PHI_37 = 26.7266591125  # RT/F in mV, to 10 decimals

K_NA_CL = fr.GHK("K", "Na", "Cl")
MODELS = [
    fr.GHK("K"),
    fr.GHK("Na", "Cl"),
    K_NA_CL,
    fr.GHK("K", "Na", "Cl", passive="Cl"),
    fr.GHK("K", "Na", "Cl", "Ca"),
    fr.GHK("K", "Na", "Cl", "Ca", "Mg", "HCO3"),
    fr.GHK("K", fr.Ion("SO4", -2)),
    fr.Chord("K", "Na", "Cl"),
    fr.Chord("K", "Cl", "Ca", passive=["Cl"]),
]


def neuron(**changes):
    return K_NA_CL(**{**NEURON, **changes})


def values_for(model):
    """Some value for every parameter, no two ions alike."""
    found = {}
    for i, name in enumerate(model.parameters):
        found[name] = {"celsius": 37.0, "pump_ratio": 1.5}.get(name, 3.0 + 7.0 * i)
    return found


# ---- ions ----


@pytest.mark.parametrize(
    ("name", "z"), [("K", 1), ("Na", 1), ("Cl", -1), ("Ca", 2), ("Mg", 2), ("HCO3", -1)]
)
def test_common_ions_are_known_by_name_with_their_valence(name, z):
    assert fr.GHK(name).ions == (fr.Ion(name, z),)


@pytest.mark.parametrize("z", [-2, -1, 1, 2, np.int64(2), 1.0])
def test_an_ion_keeps_its_valence_as_an_int(z):
    ion = fr.Ion("X", z)

    assert ion.z == z
    assert type(ion.z) is int


@pytest.mark.parametrize("z", [0, 3, -3, 1.5, True, "1", None, [1], math.nan], ids=repr)
def test_a_valence_other_than_1_or_2_is_refused(z):
    with pytest.raises(ValueError, match=r"^z of X must be -2, -1, 1 or 2, got "):
        fr.Ion("X", z)


@pytest.mark.parametrize("name", ["", "K+", "1K", "K_out", "a b", "[K]", 3, None])
def test_an_ion_name_that_could_not_stand_in_a_parameter_is_refused(name):
    with pytest.raises(ValueError, match="an ion's name must be letters and digits, got"):
        fr.Ion(name, 1)


def test_two_ions_never_share_a_parameter_name():
    # P_out would be the permeability of "out" and the outside concentration of "P"
    ions = [("P", 1), ("out", 1)]

    with contextlib.suppress(ValueError):
        model = fr.GHK(*(fr.Ion(name, z) for name, z in ions))
        assert len(model.parameters) == 3 * len(ions) + 1


def test_a_known_ion_keeps_its_valence():
    with pytest.raises(ValueError, match="K has z = 1, got -1"):
        fr.GHK("Na", fr.Ion("K", -1))


def test_ions_are_immutable_comparable_hashable_and_pickle():
    ion = fr.Ion("SO4", -2)

    with pytest.raises(AttributeError):
        ion.z = 1
    assert ion == fr.Ion("SO4", -2) != fr.Ion("SO4", -1)
    assert hash(ion) == hash(fr.Ion("SO4", -2))
    assert pickle.loads(pickle.dumps(ion)) == ion
    assert repr(ion) == "Ion(name='SO4', z=-2)"


# ---- parameters ----


def test_parameters_come_weights_first_then_outside_then_inside():
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
def test_every_parameter_knows_its_name_and_unit(model):
    for name, parameter in model.parameters.items():
        end = name.rpartition("_")[2]
        assert parameter.name == name
        assert parameter.unit == {"out": "mM", "in": "mM", "celsius": "°C"}.get(end, "")
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


def test_a_passive_ion_does_not_enter_the_potential():
    values = {"P_K": 1, "P_Na": 0.04, "K_out": 5, "Na_out": 145, "K_in": 140, "Na_in": 15}

    without = fr.GHK("K", "Na")(**values, celsius=37)
    passive = fr.GHK("K", "Cl", "Na", passive="Cl")(**values, Cl_out=110, celsius=37)

    assert passive == without


@pytest.mark.parametrize("kind", [fr.GHK, fr.Chord])
def test_ions_that_make_no_model_are_refused(kind):
    with pytest.raises(ValueError, match=f"{kind.__name__} needs at least one ion"):
        kind()
    with pytest.raises(ValueError, match="each ion once, got K, Na, K"):
        kind("K", "Na", "K")
    with pytest.raises(ValueError, match="at most 12 ions, got 13"):
        kind(*(fr.Ion(f"X{i}", 1) for i in range(13)))
    with pytest.raises(ValueError, match=r'unknown ion .Kk.: did you mean K\?.*fr.Ion\("Kk", z\)'):
        kind("Kk")
    with pytest.raises(ValueError, match="unknown passive ion 'Na': known are K, Cl"):
        kind("K", "Cl", passive="Na")
    for not_an_ion in (3, None, ["K", "Na"]):
        with pytest.raises(TypeError, match=r"an ion is a name or fr.Ion\(name, z\), got"):
            kind(not_an_ion)


def test_a_model_takes_as_many_ions_as_it_says():
    model = fr.GHK(*(fr.Ion(f"X{i}", (-2, -1, 1, 2)[i % 4]) for i in range(12)))

    assert math.isfinite(model(**values_for(model)))


# ---- manners ----


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


# ---- values ----


def test_the_potential_of_the_neuron_is_that_of_40_digit_arithmetic():
    assert neuron() == pytest.approx(V_NEURON, rel=0, abs=1e-12)


@pytest.mark.parametrize(
    ("P_Ca", "V", "decimals"),
    [
        (0, -69.811924278622, 12),
        (0.01, -69.669563566, 9),
        (1, -58.690509624, 9),
        (10, -25.956623509, 9),
    ],
)
def test_calcium_acts_as_in_the_table_of_the_quadratic(P_Ca, V, decimals):
    model = fr.GHK("K", "Na", "Cl", "Ca")

    found = model(**NEURON, P_Ca=P_Ca, Ca_out=2.0, Ca_in=1e-4)

    assert found == pytest.approx(V, rel=0, abs=0.5000001 * 10.0**-decimals)


@pytest.mark.parametrize(
    ("P_Na", "ratio", "V"),
    [
        (0.01, 1, -84.4381),
        (0.01, 1.5, -86.6929),
        (0.04, 1, -69.8575),
        (0.04, 1.5, -75.3756),
        (0.1, 1, -53.6634),
        (0.1, 1.5, -61.4143),
    ],
)
def test_the_pump_acts_as_in_the_table_of_mullins_and_noda(P_Na, ratio, V):
    cell = {"K_out": 4.5, "K_in": 140, "Na_out": 145, "Na_in": 15, "celsius": 37}

    found = fr.GHK("K", "Na")(P_K=1, P_Na=P_Na, **cell, pump_ratio=ratio)

    assert found == pytest.approx(V, rel=0, abs=0.5001e-4)


def test_the_chord_potential_is_the_mean_of_nernst_potentials_weighted_by_conductance():
    g = {"K": 10.0, "Na": 1.0, "Ca": 0.5}
    c_out = {"K": 5.0, "Na": 145.0, "Ca": 2.0}
    c_in = {"K": 140.0, "Na": 15.0, "Ca": 1e-4}
    E = {ion: fr.nernst(z, c_out=c_out[ion], c_in=c_in[ion], celsius=37)
         for ion, z in (("K", 1), ("Na", 1), ("Ca", 2))}  # fmt: skip

    V = fr.Chord(*g)(
        **{f"g_{ion}": v for ion, v in g.items()},
        **{f"{ion}_out": v for ion, v in c_out.items()},
        **{f"{ion}_in": v for ion, v in c_in.items()},
        celsius=37,
    )

    expected = sum(g[ion] * E[ion] for ion in g) / sum(g.values())
    assert pytest.approx(expected, rel=0, abs=1e-12) == V


def test_pump_ratio_left_out_is_no_pump():
    assert neuron() == neuron(pump_ratio=1.0)
    assert neuron() != neuron(pump_ratio=1.5)


# ---- what a call takes and gives ----


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_scalars_give_a_scalar(model):
    V = model(**values_for(model))

    assert isinstance(V, float)
    assert math.isfinite(V)


@pytest.mark.parametrize(
    "five",
    [
        5,
        5.0,
        np.float32(5),
        np.float64(5),
        np.int8(5),
        np.uint64(5),
        np.longdouble(5),
        np.array(5.0),
        fractions.Fraction(5),
    ],
    ids=lambda five: type(five).__name__,
)
def test_any_real_number_will_do_for_a_scalar(five):
    V = neuron(K_out=five)

    assert isinstance(V, float)
    assert neuron(K_out=5.0) == V


@pytest.mark.parametrize(
    "shapes",
    [
        [(3,), ()],
        [(3,), (2, 1)],
        [(4, 1, 1), (1, 3, 1), (1, 1, 2)],
        [(1,), (1, 1)],
        [(0,), ()],
        [(0, 3), (3,)],
        [(2, 0), (1,)],
    ],
    ids=str,
)
def test_arguments_broadcast_as_in_numpy(shapes):
    names = ["K_out", "P_Na", "celsius"][: len(shapes)]
    arrays = {
        name: np.linspace(1, 2, math.prod(shape)).reshape(shape)
        for name, shape in zip(names, shapes, strict=True)
    }

    V = neuron(**arrays)

    assert V.shape == np.broadcast_shapes(*shapes)
    assert V.dtype == np.float64
    for place in np.ndindex(V.shape):
        at = {n: np.broadcast_to(a, V.shape)[place] for n, a in arrays.items()}
        assert V[place] == neuron(**at)


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_every_parameter_of_every_model_broadcasts(model):
    values = values_for(model)
    for name in model.parameters:
        V = model(**{**values, name: np.array([[values[name]], [values[name] + 1]])})

        assert V.shape == (2, 1)
        assert V[0, 0] == model(**values)


@pytest.mark.parametrize(
    "like",
    [
        list,
        tuple,
        np.array,
        lambda v: np.array(v, ">f8"),
        lambda v: np.array(v, "f2"),
        lambda v: np.array(v, "u1"),
        lambda v: np.array(v, np.longdouble),
        lambda v: range(3, 6),
        lambda v: np.array([v, v]).T[:, 0],
    ],
    ids=["list", "tuple", "f8", ">f8", "f2", "u1", "longdouble", "range", "strided"],
)
def test_sequences_of_any_real_numbers_will_do(like):
    V = neuron(K_out=like([3, 4, 5]))

    np.testing.assert_array_equal(V, [neuron(K_out=c) for c in (3.0, 4.0, 5.0)])


@pytest.mark.parametrize("dtype", [float, int, np.float32])
def test_masked_elements_are_nan(dtype):
    K_out = np.ma.array([3, 4, 5], mask=[0, 1, 0], dtype=dtype)

    V = neuron(K_out=K_out)

    np.testing.assert_array_equal(V, [neuron(K_out=3.0), np.nan, neuron(K_out=5.0)])


@pytest.mark.parametrize("bad", [-3.0, math.nan, math.inf, -math.inf])
def test_an_array_element_outside_its_domain_is_nan_and_spoils_no_other(bad):
    V = neuron(K_out=np.array([3.0, bad, 5.0]))

    np.testing.assert_array_equal(V, [neuron(K_out=3.0), np.nan, neuron(K_out=5.0)])


def test_a_kelvin_among_array_elements_is_nan():
    V = neuron(celsius=np.array([37.0, 310.15]))

    np.testing.assert_array_equal(V, [neuron(), np.nan])


def test_ions_on_one_side_only_give_infinite_potentials():
    model = fr.GHK("K")

    V = model(P_K=1.0, K_out=[0.0, 5.0, 0.0], K_in=[140.0, 0.0, 0.0], celsius=37)

    np.testing.assert_array_equal(V, [-np.inf, np.inf, np.nan])


def test_a_series_keeps_its_index():
    K_out = pd.Series([3.0, 5.0], index=["a", "b"], name="K_out")

    V = neuron(K_out=K_out)

    assert isinstance(V, pd.Series)
    assert list(V.index) == ["a", "b"]
    np.testing.assert_array_equal(V, neuron(K_out=[3.0, 5.0]))


def test_data_arrays_broadcast_by_the_names_of_their_dimensions():
    K_out = xr.DataArray([3.0, 5.0], dims="k", coords={"k": ["low", "high"]})
    P_Na = xr.DataArray([0.01, 0.04, 0.1], dims="na")

    V = neuron(K_out=K_out, P_Na=P_Na)

    assert isinstance(V, xr.DataArray)
    assert V.sizes == {"k": 2, "na": 3}
    assert list(V.k.values) == ["low", "high"]
    V = V.transpose("k", "na")
    np.testing.assert_array_equal(V, neuron(K_out=[[3.0], [5.0]], P_Na=[0.01, 0.04, 0.1]))


def test_a_dask_array_stays_lazy_and_chunked():
    K_out = dask.array.from_array(np.linspace(1, 9, 10), chunks=4)

    V = neuron(K_out=K_out)

    assert isinstance(V, dask.array.Array)
    assert V.chunks == ((4, 4, 2),)
    np.testing.assert_array_equal(V.compute(), neuron(K_out=np.linspace(1, 9, 10)))


def test_arguments_are_not_changed():
    K_out = np.ma.array([3.0, 5.0], mask=[0, 1])

    neuron(K_out=K_out)

    assert K_out.data.tolist() == [3.0, 5.0]
    assert K_out.mask.tolist() == [False, True]


# ---- mistakes ----


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("K_out", -3.0, "K_out must be >= 0 mM, got -3.0"),
        ("K_out", -3, "K_out must be >= 0 mM, got -3.0"),
        ("K_out", np.float64(-3.0), "K_out must be >= 0 mM, got -3.0"),
        ("K_out", np.array(-3.0), "K_out must be >= 0 mM, got -3.0"),
        ("Cl_in", -0.5, "Cl_in must be >= 0 mM, got -0.5"),
        ("P_Na", -0.04, "P_Na must be >= 0, got -0.04"),
        ("pump_ratio", -1.5, "pump_ratio must be >= 0, got -1.5"),
        ("K_out", math.nan, "K_out must be finite, got nan"),
        ("K_out", math.inf, "K_out must be finite, got inf"),
        ("P_K", -math.inf, "P_K must be finite, got -inf"),
        ("celsius", math.nan, "celsius must be finite, got nan"),
        ("celsius", 310.15, "celsius=310.15 looks like kelvin: pass 37.0"),
        ("celsius", 293.15, "celsius=293.15 looks like kelvin: pass 20.0"),
        ("celsius", 310, "celsius=310.0 looks like kelvin: pass 36.85"),
        ("celsius", -30.0, "celsius must be between -20 and 100 °C, got -30.0"),
        ("celsius", 101.0, "celsius must be between -20 and 100 °C, got 101.0"),
        ("celsius", 1000.0, "celsius must be between -20 and 100 °C, got 1000.0"),
    ],
)
def test_a_scalar_outside_its_domain_is_named_with_value_and_rule(name, value, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        neuron(**{name: value})


@pytest.mark.parametrize(
    "value",
    [
        "5",
        None,
        True,
        np.True_,
        1j,
        np.complex64(1),
        {"a": 5.0},
        decimal.Decimal(5),
        np.datetime64("2020"),
        object(),
        ["5"],
        [True],
        [1j],
        [None],
        np.array(["5"]),
        np.array([5.0], object),
        [[1.0, 2.0], [3.0]],
        np.array(["2020"], "M8[D]"),
        pd.Series(["five"]),
        pd.Series([True]),
        iter([5.0]),
    ],
    ids=lambda value: f"{type(value).__name__} {value!r}".split(" object at ")[0],
)
def test_what_is_no_number_is_refused_by_the_name_of_its_parameter(value):
    with pytest.raises((TypeError, ValueError), match=r"^K_out must be (a number|numbers)"):
        neuron(K_out=value)


def test_a_number_too_large_for_a_double_is_refused_by_name():
    with pytest.raises(ValueError, match=r"^K_out must be finite, got "):
        neuron(K_out=10**400)


def test_a_parameter_that_the_model_does_not_have_is_named_with_near_ones():
    with pytest.raises(ValueError, match=r"unknown parameter 'Kout': did you mean K_out"):
        neuron(Kout=5.0)
    with pytest.raises(ValueError, match=r"unknown parameter 'g_K': did you mean P_K"):
        neuron(g_K=5.0)
    with pytest.raises(ValueError, match=r"unknown parameter 'pump_ratio'"):
        fr.GHK("Na")(P_Na=1, Na_out=1, Na_in=1, celsius=37, pump_ratio=1.5)


def test_missing_parameters_are_all_named_the_temperature_too():
    with pytest.raises(ValueError, match=r"^GHK\(K, Na\) needs P_Na, Na_in, celsius$"):
        fr.GHK("K", "Na")(P_K=1, K_out=5, K_in=140, Na_out=145)


def test_parameters_are_keyword_only():
    with pytest.raises(TypeError):
        K_NA_CL(1.0)


# ---- nernst and ghk as functions ----


@pytest.mark.parametrize("z", [-3, -2, -1, 1, 2, 3])
def test_nernst_is_phi_over_z_times_the_log_of_the_ratio(z):
    E = fr.nernst(z, c_out=5.0, c_in=140.0, celsius=37.0)

    assert pytest.approx(PHI_37 / z * math.log(5 / 140), rel=0, abs=2e-10) == E


@pytest.mark.parametrize("z", [1, 1.0, np.int8(1), np.float32(1)])
def test_nernst_takes_any_whole_number_as_valence(z):
    assert round(float(fr.nernst(z, c_out=5, c_in=140, celsius=37)), 2) == -89.06


def test_nernst_broadcasts_and_keeps_labels():
    c_out = [2.5, 5.0]

    E = fr.nernst(1, c_out=c_out, c_in=140.0, celsius=[[20.0], [37.0]])
    labelled = fr.nernst(1, c_out=xr.DataArray(c_out, dims="k"), c_in=140.0, celsius=37.0)

    assert E.shape == (2, 2)
    assert labelled.dims == ("k",)
    np.testing.assert_array_equal(labelled, E[1])


def test_equal_concentrations_have_a_nernst_potential_of_exactly_zero():
    c = np.array([1e-6, 0.1, 7.0, 150.0])

    assert np.all(fr.nernst(1, c_out=c, c_in=c, celsius=37) == 0)


def test_nernst_of_one_empty_side_is_infinite_and_of_two_nan():
    E = fr.nernst(-1, c_out=[0.0, 7.0, 0.0], c_in=[7.0, 0.0, 0.0], celsius=37)

    np.testing.assert_array_equal(E, [np.inf, -np.inf, np.nan])


@pytest.mark.parametrize("z", [0, 1.5, math.nan, math.inf], ids=str)
def test_nernst_refuses_a_valence_that_is_no_whole_number_or_zero(z):
    with pytest.raises(ValueError, match=r"^z must be an integer other than 0, got "):
        fr.nernst(z, c_out=5, c_in=140, celsius=37)


@pytest.mark.parametrize("z", ["K", None, True, [1, 2]], ids=repr)
def test_nernst_refuses_a_valence_that_is_no_number(z):
    with pytest.raises(TypeError, match=r"^z must be a number, got "):
        fr.nernst(z, c_out=5, c_in=140, celsius=37)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"c_out": -3.0}, "c_out must be >= 0 mM, got -3.0"),
        ({"c_in": math.nan}, "c_in must be finite, got nan"),
        ({"celsius": 310.15}, "celsius=310.15 looks like kelvin: pass 37.0"),
    ],
)
def test_nernst_names_parameter_value_and_rule(changes, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fr.nernst(1, **{"c_out": 5.0, "c_in": 140.0, "celsius": 37.0, **changes})


def test_the_ghk_function_is_the_model_of_potassium_sodium_and_chloride():
    K_out = np.linspace(0.0, 50.0, 1001)

    V = fr.ghk(**{**NEURON, "K_out": K_out}, pump_ratio=1.5)

    np.testing.assert_array_equal(V, neuron(K_out=K_out, pump_ratio=1.5))
    assert fr.ghk(**NEURON) == neuron()


def test_the_ghk_function_is_keyword_only_and_checks_its_arguments():
    with pytest.raises(TypeError):
        fr.ghk(*NEURON.values())
    with pytest.raises(TypeError, match="celsius"):
        fr.ghk(**{n: v for n, v in NEURON.items() if n != "celsius"})
    with pytest.raises(TypeError, match="Ca_out"):
        fr.ghk(**NEURON, Ca_out=2.0)
    with pytest.raises(ValueError, match=r"^K_out must be >= 0 mM, got -3\.0$"):
        fr.ghk(**{**NEURON, "K_out": -3.0})
