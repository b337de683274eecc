"""Potentials that books and teaching material quote, and the shipped cells.

Sources round, and many use a rounded slope (26.7 mV, 58 mV per decade), so that each quoted value
has two tolerances: that of its own rounding, with the source's slope, and that of the slope's
rounding too, with exact constants. ``data/*.csv`` names the source of each row.
"""

import csv
import math
from pathlib import Path

import pytest

import fastrest as fr
from fastrest import reference

DATA = Path(__file__).with_name("data")


def rows(name):
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def each_row(name):
    """Runs a test on every row of a file, under the row's first entry."""
    found = rows(name)
    first = next(iter(found[0]))
    ids = [row[first].replace(" ", "-") for row in found]
    return pytest.mark.parametrize("row", found, ids=ids)


def half_unit(text):
    """Half a unit of the last printed decimal, and a hundredth of it for binary rounding."""
    return 0.505 * 10.0 ** -len(text.partition(".")[2])


# ---- Nernst ----


def slope_of(row):
    """The slope that a source used, mV per factor e."""
    slope = row["slope_used_by_source"]
    if slope == "RT/F":
        return reference.phi(float(row["T_C"]))
    number, unit = slope.split()
    return float(number) / {"mV": 1.0, "log10": math.log(10)}[unit]


@each_row("nernst_cases.csv")
def test_quoted_nernst_potentials_are_reproduced_with_the_sources_slope(row):
    ratio = float(row["c_out_mM"]) / float(row["c_in_mM"])
    E = slope_of(row) / float(row["z"]) * math.log(ratio)
    assert abs(E - float(row["quoted_mV"])) <= float(row["tol_rounding_mV"])
    recomputed = row["recomputed_with_source_slope_mV"]
    assert abs(E - float(recomputed)) <= half_unit(recomputed)


@each_row("nernst_cases.csv")
def test_quoted_nernst_potentials_are_met_with_exact_constants(row):
    E = fr.nernst(
        int(row["z"]),
        c_out=float(row["c_out_mM"]),
        c_in=float(row["c_in_mM"]),
        celsius=float(row["T_C"]),
    )
    assert abs(E - float(row["quoted_mV"])) <= float(row["tol_exact_mV"])
    assert abs(E - float(row["exact_mV_2019SI"])) <= half_unit(row["exact_mV_2019SI"])
    assert fr.GHK(row["ion"]).ions[0].z == int(row["z"])


# ---- Goldman, Hodgkin and Katz ----


def inputs(row):
    """A row's entries by parameter name."""
    places = {"_o": "_out", "_i": "_in"}
    found = {n: float(row[n]) for n in row if n.startswith("P_")}
    for name in row:
        ion, place = name[:-2], name[-2:]
        if place in places and not name.startswith("P_"):
            found[ion + places[place]] = float(row[name])
    return found


@each_row("ghk_cases.csv")
def test_quoted_potentials_are_reproduced_with_the_sources_slope(row):
    v = inputs(row)
    num = v["P_K"] * v["K_out"] + v["P_Na"] * v["Na_out"] + v["P_Cl"] * v["Cl_in"]
    den = v["P_K"] * v["K_in"] + v["P_Na"] * v["Na_in"] + v["P_Cl"] * v["Cl_out"]
    V = float(row["source_slope_mV_per_e"]) * math.log(num / den)
    assert abs(V - float(row["quoted_mV"])) <= float(row["tol_rounding_mV"])
    recomputed = row["recomputed_with_source_slope_mV"]
    assert abs(V - float(recomputed)) <= half_unit(recomputed)


@each_row("ghk_cases.csv")
def test_quoted_potentials_are_met_with_exact_constants(row):
    V = fr.ghk(**inputs(row), celsius=float(row["T_C"]))
    assert abs(V - float(row["quoted_mV"])) <= float(row["tol_exact_mV"])
    assert abs(V - float(row["exact_mV_2019SI"])) <= half_unit(row["exact_mV_2019SI"])


@pytest.mark.parametrize("name", ["nernst_cases.csv", "ghk_cases.csv"])
def test_every_quoted_value_has_a_source(name):
    assert all(len(row["source"]) > 10 for row in rows(name))


# ---- the shipped cells ----


@each_row("cells.csv")
def test_every_preset_has_its_check_value(row):
    cell = fr.cells[row["name"]]
    for engine in (None, "python"):
        assert abs(cell.potential(engine=engine) - float(row["model_mV_check"])) <= 1e-6
    assert cell.quoted == float(row["quoted_mV"])


def test_every_preset_has_a_check_value():
    assert list(fr.cells) == [row["name"] for row in rows("cells.csv")]


@pytest.mark.parametrize("name", list(fr.cells))
def test_every_preset_says_where_its_values_come_from(name):
    cell = fr.cells[name]
    assert cell.name == name
    assert cell.basis in ("textbook", "measured", "constructed")
    assert len(cell.source) > 20
    assert cell.remark
    assert cell.species


@pytest.mark.parametrize("name", list(fr.cells))
def test_every_preset_is_near_the_potential_that_its_source_quotes(name):
    # the furthest is skeletal muscle: -87.2 mV with Cl passive, quoted as about -90 mV
    cell = fr.cells[name]
    assert abs(cell.potential() - cell.quoted) <= 3.0
