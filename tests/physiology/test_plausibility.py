"""Plausibility: one warning for values that can hardly be meant, and none for all others."""

import warnings

import numpy as np
import pytest

import fastrest as fr

NEURON = fr.cells["mammalian neuron"]


def warnings_of(call):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        call()
    assert all(one.category is fr.PlausibilityWarning for one in found)
    assert all(one.filename == __file__ for one in found), "it names the user's line"
    return [str(one.message) for one in found]


IMPLAUSIBLE = {
    "K_out=0.005": lambda: NEURON.replace(K_out=0.005),
    "pump_ratio=0.666667": lambda: NEURON.replace(pump_ratio=2 / 3),
    "K_out=0.003": lambda: fr.grid(NEURON, K_out=[0.003, 0.005]),
    "Na_out=0.145": lambda: fr.grid(NEURON, fr.axis("x", Na_out=[0.145, 0], K_out=[3, 5])),
    "K_in=0.14": lambda: fr.table(NEURON, {"K_in": np.full(5000, 0.14)}),
    "celsius=310.15": lambda: fr.table(NEURON, {"celsius": [310.15, np.nan]}),
    "K_out=0.004": lambda: fr.space(NEURON, K_out=fr.uniform(0.003, 0.005)),
    "Cl_in=0.007, Cl_out=0.11": lambda: fr.table(NEURON, {"Cl_in": [0.007], "Cl_out": [0.11]}),
}


@pytest.mark.parametrize("start", IMPLAUSIBLE)
def test_implausible_values_give_one_warning(start):
    found = warnings_of(IMPLAUSIBLE[start])
    assert len(found) == 1
    for part in start.split(", "):
        assert part in found[0]


PLAUSIBLE = {
    "log axis": lambda: fr.grid(NEURON, K_out=np.geomspace(1e-3, 50, 20)),
    "no sodium": lambda: NEURON.replace(Na_out=0),
    "calcium": lambda: NEURON.with_ions("Ca", P=0.1, out=2, inside=1e-4),
    "one good row": lambda: fr.table(NEURON, {"K_out": [0.003, 5.0]}),
    "pump": lambda: NEURON.replace(pump_ratio=1.5),
    "presets": lambda: [cell.replace(name="x") for cell in fr.cells.values()],
    "states": lambda: [
        NEURON.replace(**{n: v for n, v in state.items() if n in NEURON})
        for state in fr.states.values()
    ],
}


@pytest.mark.parametrize("name", PLAUSIBLE)
def test_plausible_values_give_no_warning(name):
    assert warnings_of(PLAUSIBLE[name]) == []


def test_parts_and_slices_do_not_warn_again():
    sweep = fr.table(NEURON, {"K_out": np.full(10, 0.004)})
    assert warnings_of(lambda: (sweep.summary(), sweep.values(), sweep.part(0, 2))) == []


def test_the_command_line_warns_in_one_line(capsys):
    from fastrest.cli.main import main

    assert main(["sweep", "mammalian neuron", "--grid", "K_out=0.003:0.005:5"]) == 0
    err = capsys.readouterr().err
    assert err == "fastrest: warning: implausible: K_out=0.003 (concentrations are in mM)\n"


def test_scipy_distributions_without_parameters_are_refused():
    stats = pytest.importorskip("scipy.stats")
    for one in (stats.uniform, stats.norm, stats.gamma):
        with pytest.raises(ValueError, match=f"{one.name} needs its parameters .*loc, scale"):
            fr.space(NEURON, K_out=one)


def test_with_ions_keeps_all_that_a_cell_has():
    found = NEURON.with_ions("Ca", P=0.1, out=2, inside=1e-4)
    assert found == NEURON.with_ions("Ca", P_Ca=0.1, Ca_out=2, Ca_in=1e-4)
    assert found.fields == NEURON.fields
    assert {n: found[n] for n in NEURON} == dict(NEURON)
    two = NEURON.with_ions(
        "Ca", fr.Ion("SO4", -2), P_Ca=1, Ca_out=2, Ca_in=1e-4, P_SO4=0, SO4_out=1, SO4_in=1
    )
    assert [ion.name for ion in two.model.ions] == ["K", "Na", "Cl", "Ca", "SO4"]
    with pytest.raises(ValueError, match=r"needs P_Ca"):
        NEURON.with_ions("Ca", out=2, inside=1e-4)
    with pytest.raises(ValueError, match=r"has no Ca, cell.with_ions\('Ca', ...\) adds it"):
        NEURON.replace(P_Ca=0.1)


SCALED = NEURON.absolute(R_m=7)
RATIO = "is almost surely a ratio"


@pytest.mark.parametrize(
    "make",
    [
        lambda: SCALED.replace(P_Na=0.04),
        lambda: fr.grid(SCALED, P_Na=np.geomspace(0.02, 1, 9)),
        lambda: fr.grid(SCALED, P_Na=[0.04]),
        lambda: fr.table(SCALED, {"P_K": np.ones(5000), "K_out": np.full(5000, 5.0)}),
        lambda: fr.space(SCALED, P_Na=fr.lognormal(median=0.04, cv=0.5)),
    ],
)
def test_ratios_are_refused_where_permeabilities_have_a_unit(make):
    with pytest.raises(ValueError, match=RATIO):
        make()


def test_one_permeability_in_cm_per_s_is_enough():
    fr.grid(SCALED, P_Na=np.geomspace(1e-9, 0.1, 9))
    fr.grid(SCALED, P_Na=[0.0])
    fr.grid(NEURON, P_Na=[0.04])


def test_a_pump_current_in_other_units_is_implausible():
    with pytest.warns(fr.PlausibilityWarning, match=r"pump_max=500 \(pump currents are in uA/cm2"):
        SCALED.replace(pump_max=500)
