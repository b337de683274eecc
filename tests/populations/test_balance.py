"""Balances of charge and osmolarity, from means and covariances of accepted cells."""

import math

import numpy as np
import pytest

import fastrest as fr

CELL = fr.cells["mammalian neuron"]


def test_balance_equals_that_of_the_members():
    space = fr.space(
        CELL,
        K_out=fr.uniform(2.5, 8),
        K_in=fr.normal(sd=10, low=50),
        Cl_in=fr.lognormal(cv=0.3),
        Na_out=fr.affine(150, K_out=-1),
    )
    pop = space.population(20_000, rng=1, accept=[fr.between(-80, -60)])
    x = {**CELL, **pop.members().parameters}
    outside = x["K_out"] + x["Na_out"] - x["Cl_out"]
    inside = x["K_in"] + x["Na_in"] - x["Cl_in"]
    osmoles = x["K_in"] + x["Na_in"] + x["Cl_in"] - x["K_out"] - x["Na_out"] - x["Cl_out"]
    found = pop.balance
    for name, values in (
        ("charge outside", outside),
        ("charge inside", inside),
        ("osmolarity inside - outside", osmoles),
    ):
        assert found[name].mean == pytest.approx(np.mean(values), rel=1e-10)
        assert found[name].sd == pytest.approx(np.std(values), rel=1e-6, abs=1e-6)


def test_balance_of_a_derived_concentration_is_neutral():
    loose = {"K_in": fr.normal(sd=10, low=50), "Cl_in": fr.lognormal(cv=0.3)}
    tight = {"Cl_in": fr.lognormal(cv=0.3), "K_in": fr.electroneutral(charge=-148)}
    sds = [
        fr.space(CELL, **inputs).population(10_000, rng=1).balance["charge inside"]
        for inputs in (loose, tight)
    ]
    assert sds[0].sd > 9
    assert sds[1].sd < 1e-5
    assert sds[1].mean == pytest.approx(148, rel=1e-9)


def test_balance_leaves_out_passive_ions_inside():
    muscle = fr.cells["mammalian skeletal muscle"]
    space = fr.space(muscle, K_in=fr.uniform(140, 160), Cl_out=fr.uniform(100, 120))
    found = space.population(10_000, rng=1).balance
    assert found["charge inside"].mean == pytest.approx(150 + muscle["Na_in"], rel=1e-3)
    assert found["charge outside"].sd == pytest.approx(20 / math.sqrt(12), rel=0.02)


def test_balance_of_no_accepted_cells_is_nan():
    space = fr.space(CELL, K_in=fr.uniform(140, 160))
    pop = space.population(100, rng=1, accept=[fr.between(500, 600)])
    assert all(math.isnan(x) for one in pop.balance.values() for x in one)
