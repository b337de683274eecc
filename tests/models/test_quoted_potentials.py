"""Potentials that books and teaching material quote."""

import math

import pytest

import fastrest as fr
from fastrest.models import reference
from helpers.quoted import each_row, half_unit, rows


def slope_of(row):
    """Return the slope that a source used, in mV per factor e."""
    slope = row["slope_used_by_source"]
    if slope == "RT/F":
        return reference.phi(float(row["T_C"]))
    number, unit = slope.split()
    return float(number) / {"mV": 1.0, "log10": math.log(10)}[unit]


# ---- Nernst ----


@each_row("nernst_cases.csv")
def test_nernst_equals_quoted_values_with_the_slope_of_the_source(row):
    ratio = float(row["c_out_mM"]) / float(row["c_in_mM"])
    E = slope_of(row) / float(row["z"]) * math.log(ratio)
    assert abs(E - float(row["quoted_mV"])) <= float(row["tol_rounding_mV"])
    recomputed = row["recomputed_with_source_slope_mV"]
    assert abs(E - float(recomputed)) <= half_unit(recomputed)


@each_row("nernst_cases.csv")
def test_nernst_equals_quoted_values_with_exact_constants(row):
    E = fr.nernst(
        int(row["z"]),
        c_out=float(row["c_out_mM"]),
        c_in=float(row["c_in_mM"]),
        celsius=float(row["T_C"]),
    )
    assert abs(E - float(row["quoted_mV"])) <= float(row["tol_exact_mV"])
    assert abs(E - float(row["exact_mV_2019SI"])) <= half_unit(row["exact_mV_2019SI"])
    assert fr.GHK(row["ion"]).ions[0].z == int(row["z"])


def inputs(row):
    """Return a row's entries by parameter name."""
    places = {"_o": "_out", "_i": "_in"}
    found = {n: float(row[n]) for n in row if n.startswith("P_")}
    for name in row:
        ion, place = name[:-2], name[-2:]
        if place in places and not name.startswith("P_"):
            found[ion + places[place]] = float(row[name])
    return found


# ---- Goldman, Hodgkin and Katz ----


@each_row("ghk_cases.csv")
def test_ghk_equals_quoted_values_with_the_slope_of_the_source(row):
    v = inputs(row)
    num = v["P_K"] * v["K_out"] + v["P_Na"] * v["Na_out"] + v["P_Cl"] * v["Cl_in"]
    den = v["P_K"] * v["K_in"] + v["P_Na"] * v["Na_in"] + v["P_Cl"] * v["Cl_out"]
    V = float(row["source_slope_mV_per_e"]) * math.log(num / den)
    assert abs(V - float(row["quoted_mV"])) <= float(row["tol_rounding_mV"])
    recomputed = row["recomputed_with_source_slope_mV"]
    assert abs(V - float(recomputed)) <= half_unit(recomputed)


@each_row("ghk_cases.csv")
def test_ghk_equals_quoted_values_with_exact_constants(row):
    V = fr.ghk(**inputs(row), celsius=float(row["T_C"]))
    assert abs(V - float(row["quoted_mV"])) <= float(row["tol_exact_mV"])
    assert abs(V - float(row["exact_mV_2019SI"])) <= half_unit(row["exact_mV_2019SI"])


@pytest.mark.parametrize("name", ["nernst_cases.csv", "ghk_cases.csv"])
def test_every_quoted_value_has_a_source(name):
    assert all(len(row["source"]) > 10 for row in rows(name))
