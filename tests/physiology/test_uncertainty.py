"""Elasticities and linearised uncertainties of a cell's potential."""

import math

import numpy as np
import pytest

import fastrest as fr
from helpers.notation import K_OUT

NEURON = fr.cells["mammalian neuron"]

# ---- elasticity ----


def test_elasticity_is_the_effect_of_one_percent():
    elasticity, slopes = NEURON.elasticity(), NEURON.gradient()
    for name, slope in slopes.items():
        change = 1.0 if name == "celsius" else 0.01 * NEURON[name]
        assert elasticity[name] == pytest.approx(slope * change, rel=1e-15)
        changed = NEURON.replace(**{name: NEURON[name] + change})
        effect = changed.potential() - NEURON.potential()
        assert elasticity[name] == pytest.approx(effect, rel=0.02, abs=1e-12)


def test_elasticity_of_a_zero_parameter_is_zero():
    cell = NEURON.to_chord().replace(g_Na=0.0, Na_in=0.0)
    assert cell.gradient()["g_Na"] == math.inf
    assert cell.elasticity()["g_Na"] == 0.0


def test_elasticity_without_a_potential_is_nan():
    cell = fr.Cell(fr.GHK("K"), P_K=0.0, K_out=5.0, K_in=140.0, celsius=0.0)
    assert all(math.isnan(effect) for effect in cell.elasticity().values())


# ---- uncertainty ----


def test_uncertainty_equals_monte_carlo():
    sds = {"K_out": 0.05, "P_Na": 0.0005, "Cl_in": 0.1, "celsius": 0.5, "pump_ratio": 0.01}
    u = NEURON.uncertainty(**sds)
    rng = np.random.default_rng(1)
    columns = {name: rng.normal(NEURON[name], sd, 10**6) for name, sd in sds.items()}
    V = fr.table(NEURON, columns).values()
    assert u.sd == pytest.approx(V.std(), rel=0.005)
    for name, column in columns.items():
        alone = fr.table(NEURON, {name: column}).values().std()
        assert u.contributions[name] == pytest.approx(alone, rel=0.005)
        assert u.shares[name] == pytest.approx((alone / V.std()) ** 2, rel=0.02)


def test_uncertainty_shares_are_of_the_variance():
    u = NEURON.uncertainty(K_out=0.1, P_Na=0.01, P_K=0.2)
    assert list(u.shares) == list(u.contributions) == ["K_out", "P_Na", "P_K"]
    assert sum(u.shares.values()) == pytest.approx(1, abs=1e-15)
    assert u.sd == pytest.approx(math.sqrt(sum(c**2 for c in u.contributions.values())))
    assert u.contributions["P_K"] == 0.2 * abs(NEURON.gradient()["P_K"])
    assert u == NEURON.uncertainty(K_out=0.1, P_Na=0.01, P_K=0.2)


def test_uncertainty_takes_an_sd_as_a_multiple_of_the_value():
    assert NEURON.uncertainty(P_Na=fr.times(0.25)) == NEURON.uncertainty(P_Na=0.25 * 0.04)


def test_uncertainty_share_of_a_certain_parameter_is_zero():
    u = NEURON.uncertainty(K_out=0.0, P_Na=0)
    assert u == fr.Uncertainty(0.0, {"K_out": 0.0, "P_Na": 0.0}, {"K_out": 0.0, "P_Na": 0.0})
    cell = NEURON.to_chord().replace(g_Na=0.0, Na_in=0.0)
    assert cell.uncertainty(g_Na=0.0, K_out=0.1).shares == {"g_Na": 0.0, "K_out": 1.0}
    assert cell.uncertainty(g_Na=0.1, K_out=0.1).sd == math.inf


def test_uncertainty_without_a_potential_is_nan():
    cell = fr.Cell(fr.GHK("K"), P_K=0.0, K_out=5.0, K_in=140.0, celsius=0.0)
    u = cell.uncertainty(K_out=0.1, K_in=0.0)
    assert all(math.isnan(x) for x in (u.sd, *u.shares.values(), *u.contributions.values()))


@pytest.mark.parametrize(
    ("sds", "error", "message"),
    [
        ({}, ValueError, r"uncertainty needs an sd, as in cell\.uncertainty\(K_out=0\.1\)"),
        ({"K_ou": 1}, ValueError, r"GHK\(.*\): unknown parameter 'K_ou': did you mean K_out"),
        ({"K_out": -0.1}, ValueError, r"sd of K_out must be >= 0 mM, got -0\.1"),
        ({"P_K": -0.1}, ValueError, r"sd of P_K must be >= 0, got -0\.1"),
        ({"K_out": fr.times(-0.1)}, ValueError, r"sd of K_out must be >= 0 mM, got -0\.5"),
        ({"K_out": math.inf}, ValueError, "sd of K_out must be finite, got inf"),
        ({"K_out": math.nan}, ValueError, "sd of K_out must be finite, got nan"),
        ({"K_out": "0.1"}, TypeError, "sd of K_out must be a number, got '0.1'"),
        ({"K_out": fr.times([0.1, 0.2])}, TypeError, "sd of K_out must be a number, got array"),
    ],
)
def test_uncertainty_refuses_bad_sds(sds, error, message):
    with pytest.raises(error, match=message):
        NEURON.uncertainty(**sds)


def test_uncertainty_plot_has_its_largest_bar_on_top():
    figure = pytest.importorskip("matplotlib.figure")
    ax = figure.Figure().subplots()
    u = NEURON.uncertainty(K_out=0.1, P_Na=0.01, Na_in=3)
    assert u.plot(ax) is ax
    assert [text.get_text() for text in ax.get_yticklabels()] == [
        r"[Na$^{+}$]$_\mathrm{i}$",
        K_OUT[:-5],
        r"$P_\mathrm{Na}$",
    ]
    assert {f"together {u.sd:.3g} mV", f"{u.contributions['P_Na']:.3g}"} <= {
        text.get_text() for text in ax.texts
    }
    assert [bar.get_width() for bar in ax.patches] == sorted(u.contributions.values())
    assert ax.get_xlabel() == "sd of the membrane potential (mV)"
