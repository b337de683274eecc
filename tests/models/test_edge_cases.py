"""The table of edge cases, followed by the reference and by the kernels."""

import math
import sys

import numpy as np
import pytest

import fastrest as fr
from fastrest._core import _kernels
from fastrest.models import quantities, reference

NEURON = fr.Cell(
    fr.GHK("K", "Na", "Cl"),
    **{"P_K": 1.0, "P_Na": 0.04, "P_Cl": 0.45, "celsius": 37.0},
    **{"K_out": 5.0, "K_in": 140.0, "Na_out": 145.0, "Na_in": 15.0, "Cl_out": 110.0, "Cl_in": 7.0},
)
NAN, INF = math.nan, math.inf
TINY, LEAST, LARGEST = 5e-324, sys.float_info.min, sys.float_info.max
NOT_FINITE, NEGATIVE, TEMPERATURE, NO_PERMEANT, INFINITE, RANGE, *_ = fr.Status
FINE = fr.Status(0)
PHI = 1000 * quantities.GAS_CONSTANT / quantities.FARADAY * 310.15


def above(x):
    return math.nextafter(x, INF)


def below(x):
    return math.nextafter(x, -INF)


#: Ordinary cells; the rows below change some of their values.
CELLS = {
    "GHK": NEURON,
    "divalent": fr.Cell(
        fr.GHK("K", "Cl", "Ca", fr.Ion("SO4", -2)),
        **{"P_K": 1.0, "P_Cl": 0.5, "P_Ca": 0.25, "P_SO4": 0.125, "celsius": 37.0},
        **{"K_out": 5.0, "Cl_out": 110.0, "Ca_out": 2.0, "SO4_out": 1.0},
        **{"K_in": 140.0, "Cl_in": 7.0, "Ca_in": 1e-4, "SO4_in": 0.5},
    ),
    "Chord": fr.Cell(
        fr.Chord("K", "Cl", "Ca"),
        **{"g_K": 1.0, "g_Cl": 0.5, "g_Ca": 0.25, "celsius": 37.0},
        **{"K_out": 5.0, "Cl_out": 110.0, "Ca_out": 2.0},
        **{"K_in": 140.0, "Cl_in": 7.0, "Ca_in": 1e-4},
    ),
    "passive": fr.Cell(
        fr.GHK("K", "Na", "Cl", "Ca", passive=("Cl", "Ca")),
        **{"P_K": 1.0, "P_Na": 0.04, "celsius": 37.0, "Cl_out": 110.0, "Ca_out": 2.0},
        **{"K_out": 5.0, "K_in": 140.0, "Na_out": 145.0, "Na_in": 15.0},
    ),
}


def only(model, **values):
    """Return values that leave all other ions of a cell impermeant."""
    cell = CELLS[model]
    return {n: 0.0 for n in cell if n.startswith(cell.model.weight + "_")} | values


# name: model, changes of its cell, V in mV, status
EDGE_CASES = {
    # an ion without permeability contributes nothing, but its values are looked at
    "an impermeant ion counts for nothing": (
        "GHK", {"P_Cl": 0.0, "P_Na": 0.0, "Cl_in": 1e300, "Na_out": 0.0},
        PHI * math.log(5 / 140), FINE),
    "an impermeant divalent counts for nothing": (
        "divalent", only("divalent", P_K=1.0, Ca_out=1e300), PHI * math.log(5 / 140), FINE),
    "an impermeant ion may not be NaN": ("GHK", {"P_Cl": 0.0, "Cl_in": NAN}, NAN, NOT_FINITE),
    "an impermeant ion may not be infinite": ("GHK", {"P_Cl": 0.0, "Cl_in": INF}, NAN, NOT_FINITE),
    "an impermeant ion may not be negative": ("GHK", {"P_Cl": 0.0, "Cl_out": -1.0}, NAN, NEGATIVE),
    "an impermeant divalent may not be NaN": (
        "divalent", {"P_Ca": 0.0, "Ca_in": NAN}, NAN, NOT_FINITE),
    "an impermeant divalent may not be negative": (
        "divalent", {"P_SO4": 0.0, "SO4_in": -TINY}, NAN, NEGATIVE),
    "a passive ion may not be NaN": ("passive", {"Cl_out": NAN}, NAN, NOT_FINITE),
    "a passive ion may not be infinite": ("passive", {"Cl_out": INF}, NAN, NOT_FINITE),
    "a passive ion may not be negative": ("passive", {"Ca_out": -1.0}, NAN, NEGATIVE),
    "a passive ion may be absent": (
        "passive", {"Cl_out": 0.0, "P_Na": 0.0}, PHI * math.log(5 / 140), FINE),
    # one side without a contributing term
    "nothing drives inward": ("GHK", only("GHK", P_K=1.0, K_out=0.0), -INF, INFINITE),
    "nothing drives outward": ("GHK", only("GHK", P_K=1.0, K_in=0.0), INF, INFINITE),
    "an anion only inside": ("GHK", only("GHK", P_Cl=1.0, Cl_out=0.0), INF, INFINITE),
    "an anion only outside": ("GHK", only("GHK", P_Cl=1.0, Cl_in=0.0), -INF, INFINITE),
    "a divalent only outside": ("divalent", only("divalent", P_Ca=1.0, Ca_in=0.0), INF, INFINITE),
    "a divalent only inside": ("divalent", only("divalent", P_Ca=1.0, Ca_out=0.0), -INF, INFINITE),
    "a divalent anion only outside": (
        "divalent", only("divalent", P_SO4=1.0, SO4_in=0.0), -INF, INFINITE),
    "a divalent anion only inside": (
        "divalent", only("divalent", P_SO4=1.0, SO4_out=0.0), INF, INFINITE),
    "a = 0 with both kinds outside": (
        "divalent", only("divalent", P_K=1.0, P_Ca=1.0, K_in=0.0, Ca_in=0.0), INF, INFINITE),
    "c = 0 with both kinds inside": (
        "divalent", only("divalent", P_K=1.0, P_Ca=1.0, K_out=0.0, Ca_out=0.0), -INF, INFINITE),
    # D = 0 alone does not make V infinite where a divalent ion stands inside
    "one kind on each side": (
        "divalent", only("divalent", P_K=1.0, P_Ca=1.0, K_in=0.0, Ca_out=0.0, K_out=4.0, Ca_in=0.5),
        # N = 4, M_in = 1/2: 2 x^2 - 4 x - 4 = 0
        PHI * math.log(1 + math.sqrt(3)), FINE),
    # nothing on either side
    "all permeabilities 0": ("GHK", only("GHK"), NAN, NO_PERMEANT),
    "all concentrations 0": (
        "GHK", {n: 0.0 for n in NEURON if n.endswith(("_in", "_out"))}, NAN, NO_PERMEANT),
    "the permeant ion is absent": (
        "GHK", only("GHK", P_K=1.0, K_in=0.0, K_out=0.0), NAN, NO_PERMEANT),
    "all permeabilities 0, with divalents": ("divalent", only("divalent"), NAN, NO_PERMEANT),
    "the permeant divalent is absent": (
        "divalent", only("divalent", P_Ca=1.0, Ca_in=0.0, Ca_out=0.0), NAN, NO_PERMEANT),
    "all but the passive ions impermeant": (
        "passive", only("passive"), NAN, NO_PERMEANT),
    # values below 0
    "negative outside": ("GHK", {"K_out": -3.0}, NAN, NEGATIVE),
    "negative inside": ("GHK", {"Cl_in": -3.0}, NAN, NEGATIVE),
    "negative permeability": ("GHK", {"P_Na": -0.04}, NAN, NEGATIVE),
    "negative permeability of an absent ion": (
        "GHK", {"P_Na": -0.04, "Na_in": 0.0, "Na_out": 0.0}, NAN, NEGATIVE),
    "the least negative": ("GHK", {"K_out": -TINY}, NAN, NEGATIVE),
    "negative pump ratio": ("GHK", {"pump_ratio": -1.5}, NAN, NEGATIVE),
    "negative pump ratio of an impermeant K": (
        "GHK", {"pump_ratio": -1.5, "P_K": 0.0}, NAN, NEGATIVE),
    "negative permeability and negative pump ratio": (
        "GHK", {"pump_ratio": -1.0, "P_K": -1.0}, NAN, NEGATIVE),
    "negative divalent": ("divalent", {"Ca_out": -2.0}, NAN, NEGATIVE),
    "negative conductance": ("Chord", {"g_K": -1.0}, NAN, NEGATIVE),
    "negative conductance of an absent ion": (
        "Chord", {"g_Ca": -1.0, "Ca_in": 0.0, "Ca_out": 0.0}, NAN, NEGATIVE),
    "negative concentration of a chord": ("Chord", {"Ca_in": -1.0}, NAN, NEGATIVE),
    "negative concentration without conductance": (
        "Chord", {"g_Ca": 0.0, "Ca_in": -1.0}, NAN, NEGATIVE),
    # values that are not finite
    "NaN outside": ("GHK", {"K_out": NAN}, NAN, NOT_FINITE),
    "NaN with its sign bit set": ("GHK", {"Na_in": -NAN}, NAN, NOT_FINITE),
    "NaN permeability": ("GHK", {"P_Na": NAN}, NAN, NOT_FINITE),
    "NaN pump ratio": ("GHK", {"pump_ratio": NAN}, NAN, NOT_FINITE),
    "NaN pump ratio of an impermeant K": ("GHK", {"pump_ratio": NAN, "P_K": 0.0}, NAN, NOT_FINITE),
    "NaN temperature": ("GHK", {"celsius": NAN}, NAN, NOT_FINITE),
    "infinite inside": ("GHK", {"K_in": INF}, NAN, NOT_FINITE),
    "minus infinity": ("GHK", {"K_in": -INF}, NAN, NOT_FINITE),
    "infinite on both sides": ("GHK", {"K_in": INF, "K_out": INF}, NAN, NOT_FINITE),
    "infinite permeability": ("GHK", {"P_K": INF}, NAN, NOT_FINITE),
    "infinite permeability of an absent ion": (
        "GHK", {"P_K": INF, "K_in": 0.0, "K_out": 0.0}, NAN, NOT_FINITE),
    "infinite pump ratio": ("GHK", {"pump_ratio": INF}, NAN, NOT_FINITE),
    "infinite temperature": ("GHK", {"celsius": INF}, NAN, NOT_FINITE),
    "minus infinite temperature": ("GHK", {"celsius": -INF}, NAN, NOT_FINITE),
    "NaN divalent": ("divalent", {"SO4_in": NAN}, NAN, NOT_FINITE),
    "infinite divalent": ("divalent", {"P_Ca": INF}, NAN, NOT_FINITE),
    "NaN conductance": ("Chord", {"g_K": NAN}, NAN, NOT_FINITE),
    "infinite conductance": ("Chord", {"g_K": INF}, NAN, NOT_FINITE),
    "NaN without conductance": ("Chord", {"g_Ca": 0.0, "Ca_in": NAN}, NAN, NOT_FINITE),
    "infinite concentration of a chord": ("Chord", {"Cl_in": INF}, NAN, NOT_FINITE),
    # temperatures
    "the coldest": ("GHK", {"celsius": -20.0}, -69.811924278622484 * 253.15 / 310.15, FINE),
    "the hottest": ("GHK", {"celsius": 100.0}, -69.811924278622484 * 373.15 / 310.15, FINE),
    "too cold": ("GHK", {"celsius": below(-20.0)}, NAN, TEMPERATURE),
    "too hot": ("GHK", {"celsius": above(100.0)}, NAN, TEMPERATURE),
    "in kelvin": ("GHK", {"celsius": 310.15}, NAN, TEMPERATURE),
    "far too hot": ("GHK", {"celsius": LARGEST}, NAN, TEMPERATURE),
    "too hot with divalents": ("divalent", {"celsius": above(100.0)}, NAN, TEMPERATURE),
    "too cold for a chord": ("Chord", {"celsius": below(-20.0)}, NAN, TEMPERATURE),
    # the bits of bad inputs are ORed, and then no other is set
    "three bad inputs": (
        "GHK", {"K_out": NAN, "Na_in": -1.0, "celsius": 200.0}, NAN,
        NOT_FINITE | NEGATIVE | TEMPERATURE),
    "three bad inputs with divalents": (
        "divalent", {"K_out": INF, "Ca_in": -1.0, "celsius": -200.0}, NAN,
        NOT_FINITE | NEGATIVE | TEMPERATURE),
    "three bad inputs of a chord": (
        "Chord", {"g_Ca": NAN, "K_in": -1.0, "celsius": 200.0}, NAN,
        NOT_FINITE | NEGATIVE | TEMPERATURE),
    "NaN and negative": ("GHK", {"P_K": NAN, "pump_ratio": -1.0}, NAN, NOT_FINITE | NEGATIVE),
    "bad temperature where V would be infinite": (
        "GHK", only("GHK", P_K=1.0, K_out=0.0, celsius=101.0), NAN, TEMPERATURE),
    "negative where nothing is permeant": ("GHK", only("GHK", Na_in=-1.0), NAN, NEGATIVE),
    "NaN temperature where a sum is out of range": (
        "GHK", {"P_K": 1e300, "K_in": 1e300, "celsius": NAN}, NAN, NOT_FINITE),
    # N or D is not a normal number
    "a product overflows": ("GHK", {"P_K": 1e300, "K_in": 1e300}, NAN, RANGE),
    "a sum overflows": (
        "GHK", {"P_K": LARGEST, "K_in": 1.0, "P_Na": LARGEST, "Na_in": 1.0, "K_out": 1.0,
                "Na_out": 0.0, "P_Cl": 0.0}, NAN, RANGE),
    "a product underflows to 0": (
        "GHK", only("GHK", P_K=1e-200, K_in=1e-200, K_out=1.0), NAN, RANGE),
    "a product underflows to 0 and the other side is empty": (
        "GHK", only("GHK", P_K=1e-200, K_in=1e-200, K_out=0.0), NAN, RANGE),
    "a subnormal sum": ("GHK", only("GHK", P_K=1.0, K_in=below(LEAST), K_out=1.0), NAN, RANGE),
    "a subnormal permeability": ("GHK", only("GHK", P_K=TINY, K_in=1.0, K_out=1.0), NAN, RANGE),
    "a subnormal permeability of much potassium": (
        "GHK", only("GHK", P_K=LEAST / 2, K_in=8.0, K_out=4.0), PHI * math.log(0.5), FINE),
    "the least normal sum": (
        "GHK", only("GHK", P_K=1.0, K_in=LEAST, K_out=LEAST * 2), PHI * math.log(2), FINE),
    "the largest sum": (
        "GHK", only("GHK", P_K=1.0, K_in=LARGEST / 2, K_out=LARGEST), PHI * math.log(2), FINE),
    "a subnormal term in an ordinary sum": (
        "GHK", only("GHK", P_K=1.0, P_Na=1.0, Na_in=TINY, Na_out=0.0, K_out=5.0, K_in=140.0),
        PHI * math.log(5 / 140), FINE),
    "a huge pump": (
        "GHK", {"P_K": 1e200, "pump_ratio": 1e200}, NAN, RANGE),
    "no pump at all": (
        "GHK", {"pump_ratio": 0.0, "P_Cl": 0.0}, PHI * math.log(145 / 15), FINE),
    "a huge pump of an absent ion": (
        # P times pump_ratio is beyond the doubles, yet K's terms have a factor 0
        "GHK", only("GHK", P_K=1e300, pump_ratio=1e300, K_in=0.0, K_out=0.0), NAN, NO_PERMEANT),
    # with divalents: a and c within 2^-480 ... 2^480
    "the largest a": (
        "divalent", only("divalent", P_K=1.0, K_in=2.0**480, K_out=2.0**479),
        PHI * math.log(0.5), FINE),
    "a above the largest": (
        "divalent", only("divalent", P_K=1.0, K_in=above(2.0**480), K_out=2.0**479), NAN, RANGE),
    "the largest c, of a divalent": (
        "divalent", only("divalent", P_Ca=1.0, Ca_out=2.0**478, Ca_in=2.0**476),
        PHI * math.log(2), FINE),
    "c above the largest, of a divalent": (
        "divalent", only("divalent", P_Ca=1.0, Ca_out=above(2.0**478), Ca_in=1.0), NAN, RANGE),
    "the least a": (
        "divalent", only("divalent", P_Ca=1.0, Ca_in=2.0**-482, Ca_out=2.0**-480),
        PHI * math.log(2), FINE),
    "a below the least": (
        "divalent", only("divalent", P_Ca=1.0, Ca_in=below(2.0**-482), Ca_out=1.0), NAN, RANGE),
    "the least c": (
        "divalent", only("divalent", P_K=1.0, K_out=2.0**-480, K_in=2.0**-479),
        PHI * math.log(0.5), FINE),
    "c below the least": (
        "divalent", only("divalent", P_K=1.0, K_out=below(2.0**-480), K_in=1.0), NAN, RANGE),
    "a = 0 and c in range": (
        "divalent", only("divalent", P_K=1.0, K_in=0.0, K_out=2.0**480), INF, INFINITE),
    "a = 0 and c out of range": (
        "divalent", only("divalent", P_K=1.0, K_in=0.0, K_out=2.0**481), NAN, RANGE),
    "c = 0 and a out of range": (
        "divalent", only("divalent", P_Ca=1.0, Ca_out=0.0, Ca_in=2.0**-483), NAN, RANGE),
    "an underflow to 0 with divalents": (
        "divalent", only("divalent", P_Ca=1e-200, Ca_out=1e-200, Ca_in=1.0), NAN, RANGE),
    "an overflow with divalents": (
        "divalent", only("divalent", P_Ca=1e200, Ca_out=1e200, Ca_in=1.0), NAN, RANGE),
    # 2^480 is a limit of models with divalents only
    "2^481 without divalents": (
        "GHK", only("GHK", P_K=1.0, K_in=2.0**481, K_out=2.0**482), PHI * math.log(2), FINE),
    # chord conductance
    "terms without conductance are skipped": (
        "Chord", only("Chord", g_K=1.0, Cl_in=0.0, Ca_out=0.0, Ca_in=0.0),
        PHI * math.log(5 / 140), FINE),
    "subnormal values without conductance": (
        "Chord", only("Chord", g_K=1.0, Cl_in=TINY), PHI * math.log(5 / 140), FINE),
    "one infinite term, up": ("Chord", {"K_in": 0.0}, INF, INFINITE),
    "one infinite term, down": ("Chord", {"Ca_out": 0.0}, -INF, INFINITE),
    "an infinite term of an anion, up": ("Chord", {"Cl_out": 0.0}, INF, INFINITE),
    "an infinite term of an anion, down": ("Chord", {"Cl_in": 0.0}, -INF, INFINITE),
    "two infinite terms of one sign": ("Chord", {"K_in": 0.0, "Cl_out": 0.0}, INF, INFINITE),
    "infinite terms of both signs": ("Chord", {"K_in": 0.0, "Ca_out": 0.0}, NAN, NO_PERMEANT),
    "infinite terms of both signs, one an anion's": (
        "Chord", {"K_in": 0.0, "Cl_in": 0.0}, NAN, NO_PERMEANT),
    "a conducting ion on neither side": ("Chord", {"K_in": 0.0, "K_out": 0.0}, NAN, NO_PERMEANT),
    "no conductance": ("Chord", only("Chord"), NAN, NO_PERMEANT),
    "a subnormal concentration on one side only": (
        "Chord", {"Ca_out": TINY, "Ca_in": 0.0}, NAN, RANGE),
    "a subnormal concentration": ("Chord", {"K_in": TINY}, NAN, RANGE),
    "a subnormal sum of conductances": ("Chord", only("Chord", g_K=TINY), NAN, RANGE),
    "the least sum of conductances": (
        "Chord", only("Chord", g_K=LEAST), PHI * math.log(5 / 140), FINE),
    "a sum of conductances that overflows": (
        "Chord", {"g_K": LARGEST, "g_Cl": LARGEST}, NAN, RANGE),
    "a current that overflows": ("Chord", only("Chord", g_K=LARGEST), NAN, RANGE),
}  # fmt: skip
#: One row of the table above; the name goes with it.
EDGE_CASE = pytest.mark.parametrize(
    ("model", "changes", "V", "status"),
    [pytest.param(*row, id=name.replace(" ", "-")) for name, row in EDGE_CASES.items()],
)


def among_ordinary_rows(model, changes, at=7, rows=19):
    """Return a table whose row `at` has the changed values, and whose others are the cell."""
    cell = CELLS[model]
    columns = {name: np.full(rows, value) for name, value in cell.items()}
    for name, value in changes.items():
        columns[name][at] = value
    return fr.table(cell, columns)


def assert_is(found, expected):
    """Assert equal NaN or infinity, or equality within the promised accuracy."""
    if math.isnan(expected) or math.isinf(expected):
        assert str(float(found)) == str(expected)
    else:
        assert abs(found - expected) <= 1e-12


@EDGE_CASE
def test_reference_equals_the_table_of_edge_cases(model, changes, V, status):
    sweep = among_ordinary_rows(model, changes, at=1, rows=3)
    assert fr.Status(int(sweep.status(engine="python")[1])) == status
    assert_is(sweep.values(engine="python")[1], V)


@EDGE_CASE
def test_kernels_equal_the_table_of_edge_cases(model, changes, V, status, isa):
    sweep = among_ordinary_rows(model, changes)
    found = sweep.status(engine=isa)
    assert fr.Status(int(found[7])) == status
    assert_is(sweep.values(engine=isa)[7], V)
    assert not np.delete(found, 7).any()


@pytest.mark.parametrize("model", CELLS)
def test_minus_zero_equals_zero_in_every_parameter(model, isa):
    cell = CELLS[model]
    for name in cell:
        plus, minus = (among_ordinary_rows(model, {name: zero}) for zero in (0.0, -0.0))
        for engine in ("python", isa):
            assert minus.status(engine=engine)[7] == plus.status(engine=engine)[7], name
            V = np.array([sweep.values(engine=engine)[7] for sweep in (plus, minus)])
            assert len(set(V.view(np.uint64))) == 1, name


NERNST_CASES = {
    "ordinary": ((1.0, 5.0, 140.0, 37.0), PHI * math.log(5 / 140), FINE),
    "any integer valence": ((-3.0, 5.0, 140.0, 37.0), PHI / -3 * math.log(5 / 140), FINE),
    "equal": ((2.0, 7.0, 7.0, 37.0), 0.0, FINE),
    "cation absent inside": ((1.0, 5.0, 0.0, 37.0), INF, INFINITE),
    "cation absent outside": ((2.0, 0.0, 5.0, 37.0), -INF, INFINITE),
    "anion absent inside": ((-1.0, 5.0, 0.0, 37.0), -INF, INFINITE),
    "anion absent outside": ((-2.0, 0.0, 5.0, 37.0), INF, INFINITE),
    "absent": ((1.0, 0.0, 0.0, 37.0), NAN, NO_PERMEANT),
    "no charge": ((0.0, 5.0, 140.0, 37.0), NAN, NO_PERMEANT),
    "minus no charge": ((-0.0, 5.0, 140.0, 37.0), NAN, NO_PERMEANT),
    # no such valence exists, but an infinite E needs a status
    "a valence so small that E overflows": ((LEAST, 5.0, 140.0, 37.0), NAN, RANGE),
    "subnormal": ((1.0, TINY, 140.0, 37.0), NAN, RANGE),
    "subnormal and absent": ((1.0, TINY, 0.0, 37.0), NAN, RANGE),
    "negative": ((1.0, -5.0, 140.0, 37.0), NAN, NEGATIVE),
    "NaN": ((1.0, 5.0, NAN, 37.0), NAN, NOT_FINITE),
    "NaN charge": ((NAN, 5.0, 140.0, 37.0), NAN, NOT_FINITE),
    "infinite charge": ((INF, 5.0, 140.0, 37.0), NAN, NOT_FINITE),
    "infinite": ((1.0, INF, 140.0, 37.0), NAN, NOT_FINITE),
    "too hot": ((1.0, 5.0, 140.0, above(100.0)), NAN, TEMPERATURE),
    "too cold": ((1.0, 5.0, 140.0, below(-20.0)), NAN, TEMPERATURE),
    "all bad": ((NAN, -5.0, INF, 400.0), NAN, NOT_FINITE | NEGATIVE | TEMPERATURE),
    "minus zero": ((1.0, -0.0, 140.0, 37.0), -INF, INFINITE),
}

# ---- the edge cases of Nernst's equation ----


@pytest.mark.parametrize(
    ("inputs", "E", "status"),
    [pytest.param(*row, id=name.replace(" ", "-")) for name, row in NERNST_CASES.items()],
)
def test_nernst_equals_its_table_of_edge_cases(inputs, E, status, isa):
    found, found_status = reference.nernst(*inputs)
    assert found_status == status
    assert_is(found, E)

    columns = [np.array([ordinary, bad]) for ordinary, bad in zip((1, 5, 7, 20.0), inputs)]
    V, bits = np.empty(2), np.empty(2, np.uint8)
    _kernels.Equation("nernst").points(columns, 0, 2, V, bits, isa=isa)
    assert bits.tolist() == [0, status]
    assert_is(V[1], E)
