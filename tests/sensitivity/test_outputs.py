"""Sensitivity of the outputs of a model: the Nernst potentials E_K, E_Cl and E_Ca, and events."""

import copy
import itertools
import math

import numpy as np
import pytest

import fastrest as fr
from fastrest.models.outputs import phi
from helpers.exact import moments_of_log

CELL = fr.cells["mammalian neuron"]
#: A cell with a divalent ion, of which the exact indices of V are not known.
CALCIUM = fr.Cell(fr.GHK("K", "Na", "Cl", "Ca"), **CELL, P_Ca=0.1, Ca_out=2.0, Ca_in=1e-4)
MUSCLE = fr.cells["mammalian skeletal muscle"]  # its chloride is passive
VALENCES = {"K": 1, "Cl": -1, "Ca": 2}
RANGES = {"K": ((3, 6), (100, 150)), "Cl": ((100, 130), (5, 20)), "Ca": ((1, 3), (5e-5, 5e-4))}
NAMES = list(VALENCES)


def space_of(name, temperature=True):
    """Return a space of one ion's concentrations, the temperature and a permeability."""
    (a, b), (c, d) = RANGES[name]
    celsius = {"celsius": fr.uniform(20, 40)} if temperature else {}
    return fr.space(
        CALCIUM,
        **{f"{name}_out": fr.uniform(a, b), "P_Na": fr.lognormal(cv=0.5)},
        **celsius,
        **{f"{name}_in": fr.uniform(c, d)},
    )


def nernst(name, values):
    """Return the Nernst potential by NumPy."""
    ratio = values[f"{name}_out"] / values[f"{name}_in"]
    return phi(values.get("celsius", CELL["celsius"])) / VALENCES[name] * np.log(ratio)


def at(space, columns):
    return dict(zip(space.names, columns))


# ---- exact indices ----


@pytest.mark.parametrize("name", NAMES)
def test_exact_indices_of_an_output_equal_the_closed_form(name):
    # E = phi/z (ln out - ln in), all three uniform
    space = space_of(name)
    r = space.sobol(of=f"E_{name}", tolerance=1e-12)
    (m_out, v_out), (m_in, v_in) = (moments_of_log(*ends) for ends in RANGES[name])
    z = VALENCES[name]
    unit, spread = phi(30.0) / z, ((phi(40.0) - phi(20.0)) / z) ** 2 / 12
    u, v_u = m_out - m_in, v_out + v_in
    variance = (unit**2 + spread) * (v_u + u**2) - (unit * u) ** 2
    assert space.names == (f"{name}_out", "P_Na", "celsius", f"{name}_in")
    assert r.mean == pytest.approx(unit * u, rel=1e-13)
    assert r.variance == pytest.approx(variance, rel=1e-10)
    first = np.array([unit**2 * v_out, 0.0, spread * u**2, unit**2 * v_in]) / variance
    assert r["S1"] == pytest.approx(first, abs=1e-11)
    whole = unit**2 + spread
    total = np.array([whole * v_out, 0.0, spread * (v_u + u**2), whole * v_in]) / variance
    assert r["ST"] == pytest.approx(total, abs=1e-11)
    pairs = np.zeros((4, 4))
    pairs[0, 2], pairs[2, 3] = spread * v_out / variance, spread * v_in / variance
    places = np.triu_indices(4, 1)
    assert r["S2"][places] == pytest.approx(pairs[places], abs=1e-11)
    assert r.of == f"E_{name}"
    assert r.method == "exact"


@pytest.mark.parametrize("name", NAMES)
def test_exact_indices_of_an_output_equal_tensor_quadrature(name):
    space, nodes = space_of(name), 24
    x, weights = np.polynomial.legendre.leggauss(nodes)
    rows = [one.ppf((x + 1) / 2) for one in space.distributions]
    rows[1] = rows[1][[0]]  # the permeability has no effect
    grid = np.array([one.ravel() for one in np.meshgrid(*rows, indexing="ij")])
    values = space.evaluate(grid.T, of=f"E_{name}").reshape(nodes, nodes, nodes)

    def variance_due_to(inputs):
        """Return the variance of the mean over all other inputs."""
        others = [i for i in range(3) if i not in inputs]
        found = values
        for i in reversed(others):
            found = np.tensordot(found, weights / 2, (i, 0))
        square = np.square(found - mean)
        for _ in inputs:
            square = square @ (weights / 2)
        return float(square)

    mean = float(np.einsum("ijk,i,j,k", values, *3 * [weights / 2]))
    variance = variance_due_to((0, 1, 2))
    r = space.sobol(of=f"E_{name}", tolerance=1e-9)
    assert (r.mean, r.variance) == (pytest.approx(mean), pytest.approx(variance, rel=1e-8))
    first = [variance_due_to((i,)) / variance for i in range(3)]
    assert r["S1"][[0, 2, 3]] == pytest.approx(first, abs=1e-8)
    total = [1 - variance_due_to(pair) / variance for pair in ((1, 2), (0, 2), (0, 1))]
    assert r["ST"][[0, 2, 3]] == pytest.approx(total, abs=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_exact_indices_of_inputs_that_do_not_enter_the_output_are_zero(name):
    r = space_of(name).sobol(of=f"E_{name}")
    assert (r["S1"][1], r["ST"][1]) == (0.0, 0.0)
    assert r["S2"][0, 1] == r["S2"][1, 2] == r["S2"][1, 3] == 0.0
    other = fr.space(CALCIUM, P_Na=fr.lognormal(cv=0.5), Na_out=fr.uniform(120, 150))
    none = other.sobol(of=f"E_{name}")
    assert none.variance == 0
    assert none.mean == pytest.approx(nernst(name, dict(CALCIUM)), rel=1e-14)
    assert np.isnan(none["ST"]).all()


def test_exact_indices_of_an_output_of_temperature_alone():
    r = fr.space(CALCIUM, celsius=fr.uniform(20, 37), P_Ca=fr.uniform(0, 1)).sobol(of="E_Ca")
    unit = nernst("Ca", dict(CALCIUM)) / phi(37.0)
    assert r.mean == pytest.approx(unit * phi(28.5), rel=1e-13)
    assert r.sd == pytest.approx(abs(unit) * (phi(37.0) - phi(20.0)) / math.sqrt(12), rel=1e-12)
    assert (r["S1"], r["ST"]) == (pytest.approx([1.0, 0.0]), pytest.approx([1.0, 0.0]))


def test_exact_indices_of_an_output_need_no_monovalent_model():
    space = space_of("K")
    with pytest.raises(
        ValueError, match="exact indices need a GHK model of monovalent ions without a pump current"
    ):
        space.sobol()
    assert space.sobol(of="E_K")["ST"].sum() > 1
    chord = fr.Cell(fr.Chord("K", "Na"), g_K=1, g_Na=0.1, **{n: CELL[n] for n in CHORD})
    inputs = {"K_out": fr.uniform(3, 6), "K_in": fr.uniform(100, 150)}
    ghk = fr.space(CELL, **inputs).sobol(of="E_K")
    assert fr.space(chord, **inputs).sobol(of="E_K").indices.keys() == ghk.indices.keys()
    assert (fr.space(chord, **inputs).sobol(of="E_K")["ST"] == ghk["ST"]).all()


CHORD = ("K_out", "K_in", "Na_out", "Na_in", "celsius")


# ---- sampled indices ----


@pytest.mark.parametrize(("name", "temperature"), [("K", True), ("Cl", False), ("Ca", True)])
def test_sampled_indices_of_an_output_agree_with_exact_ones(name, temperature):
    space = space_of(name, temperature)
    exact = space.sobol(of=f"E_{name}")
    r = space.sobol(2**14, of=f"E_{name}", second=True, rng=1)
    assert r.mean == pytest.approx(exact.mean, abs=1e-3 * exact.sd)
    assert r.variance == pytest.approx(exact.variance, rel=2e-3)
    for key in ("S1", "ST", "S2"):
        off = np.abs(r[key] - exact[key])
        assert (off <= 2 * r[f"{key}_conf"] + 1e-12)[np.isfinite(exact[key])].all()
    assert (r["ST_conf"] < 0.02).all()
    assert (r.method, r.of) == ("sampled", f"E_{name}")
    assert r == space.sobol(2**13, of=f"E_{name}", second=True, rng=1).extend(2**13)
    assert r == space.sobol(2**14, of=f"E_{name}", second=True, rng=1, threads=3)


def test_sampled_indices_of_inputs_that_do_not_enter_the_output_are_zero():
    r = space_of("Ca").sobol(2**10, of="E_Ca", second=True, rng=1)
    for key in ("S1", "S1_conf", "ST", "ST_conf", "vi", "dgsm"):
        assert r[key][1] == 0.0
        assert not key.endswith("conf") or (r[key][[0, 2, 3]] > 0).all()


def test_derivative_measures_of_an_output_equal_the_closed_form():
    # dE/dK_out = phi / K_out, and the mean of 1/x^2, x uniform from a to b, is 1/(a b)
    space = fr.space(CELL, K_out=fr.uniform(3, 6), K_in=fr.lognormal(cv=0.2), P_Na=fr.uniform(0, 1))
    r = space.dgsm(2**14, of="E_K", rng=1)
    unit = phi(CELL["celsius"])
    assert r["vi"] == pytest.approx([unit**2 / 18, unit**2, 0.0], rel=1e-4)
    assert (r["dgsm"] >= space.sobol(of="E_K")["ST"] - 1e-3).all()
    calcium = fr.space(CALCIUM, Ca_in=fr.lognormal(cv=0.5)).dgsm(2**8, of="E_Ca", rng=1)
    assert calcium["vi"] == pytest.approx([unit**2 / 4], rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_indices_of_an_event_of_an_output_equal_the_closed_form(name):
    # with one input that enters the output, the event is a range of this input
    (a, b), _ = RANGES[name]
    space = fr.space(CALCIUM, **{f"{name}_out": fr.uniform(a, b), "P_Na": fr.lognormal(cv=0.5)})
    ends = [nernst(name, {**CALCIUM, f"{name}_out": a + part * (b - a)}) for part in (0.2, 0.55)]
    event = fr.between(*sorted(ends), of=f"E_{name}")
    r = space.sobol(2**14, of=event, rng=1)
    assert r.mean == pytest.approx(0.35, abs=1e-3)
    assert r.variance == pytest.approx(0.35 * 0.65, abs=1e-3)
    assert r["S1"] == pytest.approx([1.0, 0.0], abs=0.01)
    assert r["ST"] == pytest.approx([1.0, 0.0], abs=0.01)
    assert r.of == event
    assert "vi" not in r


def test_indices_of_an_event_of_an_output_differ_from_those_of_v():
    space = fr.space(CELL, K_out=fr.uniform(3, 6), P_Na=fr.lognormal(cv=0.5))
    of_v, of_k = (space.sobol(2**10, of=fr.between(-95, -85, of=of), rng=1) for of in ("V", "E_K"))
    assert of_v != of_k
    assert of_v == space.sobol(2**10, of=fr.between(-95, -85), rng=1)


# ---- passive ions ----


def test_sensitivity_of_a_passive_ion_is_that_of_v():
    space = fr.space(
        MUSCLE,
        **{"Cl_out": fr.uniform(100, 130), "K_out": fr.uniform(3, 6)},
        **{"P_Na": fr.lognormal(cv=0.5), "celsius": fr.uniform(30, 40)},
    )
    for arguments in ({}, {"n": 2**10, "rng": 1}):
        passive, V = (space.sobol(**arguments, of=of) for of in ("E_Cl", "V"))
        assert passive != V
        assert (passive.of, passive.mean, passive.variance) == ("E_Cl", V.mean, V.variance)
        for key, values in V.indices.items():
            np.testing.assert_array_equal(passive[key], values)
    assert space.sobol(of="E_Cl")["ST"][0] == 0.0
    passive, V = (space.dgsm(2**8, rng=1, of=of) for of in ("E_Cl", "V"))
    assert (passive["vi"] == V["vi"]).all()
    passive, V = (space.swings(of=of) for of in ("E_Cl", "V"))
    assert passive != V
    assert (passive.V, *passive.V_low, *passive.V_high) == (V.V, *V.V_low, *V.V_high)


# ---- values of given inputs ----


@pytest.mark.parametrize("name", NAMES)
def test_evaluate_computes_an_output(name):
    space = space_of(name)
    X = space.sample(1000, rng=1).parameters(np.arange(1000))
    rows = np.array(list(X.values()))
    expected = nernst(name, X)
    np.testing.assert_allclose(space.evaluate(rows.T, of=f"E_{name}"), expected, rtol=1e-12)
    assert (space.scipy_func(rows, of=f"E_{name}") == space.evaluate(rows.T, of=f"E_{name}")).all()
    low, high = np.quantile(expected, [0.3, 0.7])
    found = space.evaluate(rows.T, of=fr.between(low, high, of=f"E_{name}"))
    assert (found == ((expected >= low) & (expected <= high))).all()


def test_evaluate_computes_an_output_that_no_input_enters():
    space = fr.space(CALCIUM, P_Na=fr.uniform(0, 1))
    assert (
        space.evaluate([[0.1], [0.2]], of="E_Ca").tolist()
        == [CALCIUM.model(of="E_Ca", **CALCIUM)] * 2
    )


# ---- swings ----


@pytest.mark.parametrize("name", NAMES)
def test_swings_of_an_output_are_its_values_at_the_quantiles(name):
    space = space_of(name)
    s = space.swings(0.1, 0.8, of=f"E_{name}")
    medians = at(space, [one.ppf(0.5) for one in space.distributions])
    np.testing.assert_allclose(s.V, nernst(name, medians), rtol=1e-12)
    for i, (input_name, one) in enumerate(zip(space.names, space.distributions)):
        for q, V in ((0.1, s.V_low[i]), (0.8, s.V_high[i])):
            expected = nernst(name, {**medians, input_name: one.ppf(q)})
            np.testing.assert_allclose(V, expected, rtol=1e-12)
    assert s.V_low[1] == s.V_high[1] == s.V
    assert s.of == f"E_{name}"


def test_swings_of_outputs_are_equal_only_to_their_copies():
    space = space_of("K")
    s = space.swings(of="E_K")
    assert s == copy.deepcopy(s) == space.swings(of="E_K")
    every = [space.swings(of=of) for of in CALCIUM.model.outputs]
    assert all(one != other for one, other in itertools.combinations(every, 2))


# ---- texts ----


def test_texts_of_swings_name_the_output(ax):
    s = space_of("Ca").swings(of="E_Ca")
    head, columns, *_ = repr(s).splitlines()
    assert head == f"<Swings of E_Ca about {s.V:.2f} mV, one input at a time"
    assert columns.split() == ["0.05", "quantile", "E_Ca", "0.95", "quantile", "E_Ca"]
    s.plot(ax)
    label = "Nernst potential $E_\\mathrm{Ca}$ (mV)"
    assert ax.get_xlabel() == label
    with pytest.raises(ValueError, match="the x axis of ax shows 'Nernst potential"):
        space_of("Ca").swings().plot(ax)
    assert ax.get_xlabel() == label
    other = ax.figure.add_subplot()
    space_of("Ca").swings().plot(other)
    assert other.get_xlabel() == "membrane potential (mV)"


def test_texts_of_indices_name_the_output(ax):
    exact, sampled = space_of("K").sobol(of="E_K"), space_of("K").sobol(64, of="E_K", rng=1)
    for one in (exact, sampled):
        start = f"<Sobol' indices of E_K: mean {one.mean:.4g} mV, sd {one.sd:.3g} mV; "
        assert repr(one).startswith(start)
        assert one.quantity == ("E_K", "mV")
    exact.plot(ax)
    assert ax.get_xlabel() == "part of the variance of E_K"
    event = space_of("K").sobol(64, of=fr.between(-95, -85, of="E_K"), rng=1)
    assert repr(event).startswith("<Sobol' indices of -95 <= E_K <= -85 mV: mean 0.")
    ax = event.plot(ax.figure.add_subplot())
    assert ax.get_xlabel() == "part of the variance of −95 ≤ $E_\\mathrm{K}$ ≤ −85 mV"


@pytest.mark.parametrize(
    "verb",
    [
        lambda space, of: space.sobol(of=of),
        lambda space, of: space.sobol(64, of=of),
        lambda space, of: space.dgsm(64, of=of),
        lambda space, of: space.swings(of=of),
        lambda space, of: space.evaluate([[4.0]], of=of),
        lambda space, of: space.scipy_func([[4.0]], of=of),
    ],
    ids=["exact", "sampled", "dgsm", "swings", "evaluate", "scipy_func"],
)
def test_sensitivity_refuses_unknown_outputs(verb):
    space = fr.space(CELL, K_out=fr.uniform(3, 6))
    with pytest.raises(ValueError, match="unknown output 'E_Ca': did you mean E_"):
        verb(space, "E_Ca")
    with pytest.raises(TypeError, match="of must be the name of an output"):
        verb(space, 3)


def test_sensitivity_refuses_events_where_it_needs_an_output():
    space, event = fr.space(CELL, K_out=fr.uniform(3, 6)), fr.between(-95, -85, of="E_K")
    with pytest.raises(ValueError, match=r"of=between\(-95, -85, of='E_K'\) goes with a sample"):
        space.sobol(of=event)
    with pytest.raises(ValueError, match=r"dgsm needs an output, got .*, which has no derivative"):
        space.dgsm(64, of=event)
    with pytest.raises(ValueError, match="unknown output 'E_Ca'"):
        space.sobol(64, of=fr.between(-95, -85, of="E_Ca"))


def test_sobol_of_none_is_that_of_V():
    space = fr.space(CELL, K_out=fr.uniform(3, 6), P_Na=fr.lognormal(cv=0.5))
    assert space.sobol(of=None) == space.sobol(of="V") != space.sobol(of="E_K")
