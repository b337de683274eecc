"""Currents at rest: golden currents and conductances, their sums, and cells with a scale."""

import csv
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastrest as fr
from fastrest.models.currents import constant_field, currents
from fastrest.models.quantities import Ion
from fastrest.models.reference import phi
from helpers.golden import GOLDEN
from helpers.profiles import examples

NEURON = fr.cells["mammalian neuron"]
MYOCYTE = fr.cells["cardiac ventricular myocyte"].replace(pump_ratio=1.5)
CALCIUM = NEURON.with_ions("Ca", P=0.1, out=2, inside=1e-4)


def golden_rows():
    with (GOLDEN / "currents.csv").open(newline="", encoding="utf-8") as file:
        return [*csv.DictReader(file)]


@pytest.mark.golden
@pytest.mark.parametrize("row", golden_rows(), ids=lambda row: f"{row['z']} {row['V']}")
def test_currents_are_golden(row):
    P, c_out, c_in, celsius, V = (float(row[n]) for n in ("P", "c_out", "c_in", "celsius", "V"))
    unit = phi(celsius)
    found = constant_field(Ion("X", int(row["z"])), P, c_out, c_in, V / unit)
    assert pytest.approx(float(row["I"]), abs=1e-14 * found.flow, rel=1e-12) == found.current
    assert found.g_slope / unit == pytest.approx(float(row["g_slope"]), rel=1e-12)
    assert found.g_chord / unit == pytest.approx(float(row["g_chord"]), rel=1e-12)


def test_the_table_of_the_base_cell():
    """The rows of a cell with P_K = 1e-6 cm/s, recomputed in 20 digits (section 7)."""
    cell = NEURON.absolute(R_m=7.04408790258189839)
    found = cell.currents()
    assert cell["P_K"] == pytest.approx(1e-6, rel=1e-13)
    expected = {
        "K": (
            -89.0586940367318901,
            19.2467697581094062,
            1.43432630871053476,
            0.0882537857528744651,
        ),
        "Na": (60.6343316430533934, -130.446255921675877, -1.56554033940564, 0.0182343234050491989),
        "Cl": (-73.6204591842969761, 3.80853490567449, 0.131214030695105379, 0.0354749120067420843),
    }
    for name, (E, driving_force, current, slope) in expected.items():
        row = found.rows[name]
        assert row[:3] == pytest.approx((E, driving_force, current), rel=1e-12)
        assert row.g_slope == pytest.approx(slope, rel=1e-12)
    assert found.rows["Na"].g_chord == pytest.approx(0.0120014202657195531, rel=1e-12)
    assert found.R_m == pytest.approx(7.04408790258189839, rel=1e-13)
    assert found.input_resistance(20) == pytest.approx(560.550704634865, rel=1e-12)
    assert found.rows.keys() == {"K", "Na", "Cl"}


@pytest.mark.parametrize("cell", [NEURON, MYOCYTE, CALCIUM], ids=repr)
def test_a_scale_keeps_the_potential_and_the_shares(cell):
    scaled = cell.absolute(R_m=12.5)
    found, relative = scaled.currents(), cell.currents()
    assert scaled.potential() == pytest.approx(cell.potential(), abs=1e-11)
    assert found.R_m == pytest.approx(12.5, rel=1e-12)
    assert found.rows.keys() == relative.rows.keys()
    for name, row in found.rows.items():
        assert row.share == pytest.approx(relative.rows[name].share, abs=1e-12)
        assert math.isnan(relative.rows[name].current)
    assert math.fsum(row.current for row in found.rows.values()) == pytest.approx(0, abs=1e-14)


def test_a_3_2_pump_carries_a_third_of_the_sodium_current():
    found = MYOCYTE.absolute(R_m=20).currents().rows
    assert pytest.approx(-found["Na"].current / 3, rel=1e-12) == found["pump"].current
    assert found["K"].share == pytest.approx(2 / 3, rel=1e-12)
    assert MYOCYTE.absolute(R_m=20)["pump_max"] == pytest.approx(found["pump"].current, rel=1e-12)


concentration = st.floats(1, 500)
sodium = st.just(0.0) | st.floats(1e-7, 5) | st.floats(1e-250, 1e-100)


@pytest.mark.property
@given(concentration, concentration, concentration, sodium, st.floats(1, 2))
@examples(100)
def test_shares_and_slopes_hold_for_any_cell(K_out, K_in, Na_in, P_Na, ratio):
    cell = fr.Cell(
        fr.GHK("K", "Na"),
        **{"P_K": 1, "P_Na": P_Na, "K_out": K_out, "K_in": K_in, "Na_out": 145, "Na_in": Na_in},
        celsius=37,
        pump_ratio=ratio,
    )
    found = cell.absolute(R_m=5).currents()
    shares = [row.share for row in found.rows.values()]
    outward = math.fsum(x for x in shares if x > 0)
    assert outward == pytest.approx(1) or not any(shares)
    assert math.fsum(shares) == pytest.approx(0, abs=1e-6)
    # dV/dy = -(dI/dy)/(sum of slopes), with the pump held: the slopes of V tell the same
    slope = cell.absolute(R_m=5).gradient()["pump_max"]
    assert slope == pytest.approx(-5, rel=1e-9)


def test_an_ion_at_equilibrium_carries_no_current():
    cell = fr.Cell(fr.GHK("K"), P_K=1, K_out=5, K_in=140, celsius=37)
    row = cell.absolute(R_m=5).currents().rows["K"]
    assert (row.current, row.share) == (0, 0)
    assert row.g_slope == pytest.approx(0.2)
    assert row.g_chord == pytest.approx(0.2)


def test_chord_cells_carry_the_currents_of_their_conductances():
    chord = NEURON.to_chord()
    shares = {name: row.share for name, row in chord.currents().rows.items()}
    expected = {name: row.share for name, row in NEURON.currents().rows.items()}
    assert shares == pytest.approx(expected, rel=1e-9)
    one = currents(chord.model, chord, -60.0)["K"]
    assert pytest.approx(chord["g_K"] * (-60 - chord.nernst()["K"])) == one.current


def test_chord_cells_are_made_absolute():
    chord = NEURON.to_chord().absolute(R_m=7)
    assert chord.potential() == pytest.approx(NEURON.potential(), abs=1e-10)
    assert math.fsum(chord[g] for g in ("g_K", "g_Na", "g_Cl")) == pytest.approx(1 / 7)
    assert chord.currents().R_m == pytest.approx(7)
    assert chord.currents().input_resistance(20) == pytest.approx(557.0423, rel=1e-6)


def test_the_table_prints_and_converts():
    pd = pytest.importorskip("pandas")
    found = MYOCYTE.absolute(R_m=20).currents()
    frame = found.to_dataframe()
    assert [*frame.index] == ["K", "Na", "pump"]
    assert frame.loc["Na", "current"] == found.rows["Na"].current
    assert pd.isna(frame.loc["pump", "E"])
    lines = repr(found).splitlines()
    assert lines[0] == "Currents at -91.11 mV, outward positive:"
    assert lines[2].split() == ["K", "-96.87", "5.76", "0.2525", "+0.667", "0.04626", "0.04382"]
    assert lines[4].split() == ["pump", "0.1262", "+0.333"]


def test_the_picture_shows_inward_currents_to_the_left():
    pytest.importorskip("matplotlib").use("agg")
    ax = MYOCYTE.absolute(R_m=20).currents().plot()
    widths = [bar.get_width() for bar in ax.patches]
    names = [text.get_text() for text in ax.get_yticklabels()]
    assert dict(zip(names, np.sign(widths), strict=True)) == {"pump": 1, "Na": -1, "K": 1}
    assert ax.get_xlabel() == "current (µA/cm²), outward positive"


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: NEURON.absolute(R_m=0), r"R_m must be > 0 kOhm cm2, got 0"),
        (lambda: NEURON.absolute(R_m=7).absolute(R_m=7), "the cell's are in cm/s"),
        (
            lambda: NEURON.to_chord().absolute(R_m=7).absolute(R_m=7),
            "absolute needs relative conductances; the cell's are in mS/cm2",
        ),
        (lambda: NEURON.currents().input_resistance(20), r"cell\.absolute\(R_m=\) makes them"),
        (lambda: NEURON.currents().input_resistance(0), "diameter must be > 0 um, got 0"),
        (
            lambda: fr.Cell(fr.GHK("K"), P_K=0, K_out=5, K_in=140, celsius=37).currents(),
            "need a finite potential, got nan",
        ),
    ],
)
def test_errors_name_the_reason(make, text):
    with pytest.raises(ValueError, match=text):
        make()
