"""The values of a table, and the status of its rows."""

import math

import numpy as np
import pytest

import fastrest as fr
from helpers.sweeps import EVERY_CELL, SIZES, assert_same_bits, assert_same_potentials, random_table

NEURON = fr.cells["mammalian neuron"]


def bad_table(cell, rows=4000, seed=2):
    """Return columns for every parameter of a cell, with bad and extreme values strewn in."""
    rng = np.random.default_rng(seed)
    strange = [0.0, -0.0, -1.0, math.nan, math.inf, -math.inf, 5e-324, 1e-300, 1e300]
    strange += [-5e-324, 310.15, -20.0, 100.0, np.nextafter(100.0, 101.0)]
    columns = random_table(cell, rows, seed)
    for values in columns.values():
        places = rng.random(rows) < 0.05
        values[places] = rng.choice(strange, places.sum())
    return columns


@EVERY_CELL
@pytest.mark.parametrize("rows", SIZES)
def test_a_table_equals_the_broadcasting_call(cell, rows):
    columns = random_table(cell, rows)

    sweep = fr.table(cell, columns)

    assert sweep.shape == (rows,)
    assert sweep.dims == ("row",)
    assert_same_bits(sweep.values(), cell.model(**columns))
    assert not sweep.status().any()


@EVERY_CELL
def test_engines_agree_on_ordinary_rows(cell):
    sweep = fr.table(cell, random_table(cell, 3000))

    V = sweep.values()

    assert_same_potentials(sweep.values(engine="python"), V)
    for isa in fr.info()["supported"]:
        assert_same_bits(sweep.values(engine=isa), V)


@EVERY_CELL
def test_engines_agree_on_bad_and_extreme_rows(cell):
    sweep = fr.table(cell, bad_table(cell))

    V, status = sweep.values(), sweep.status()

    np.testing.assert_array_equal(sweep.status(engine="python"), status)
    assert len(set(status.tolist())) >= 6
    assert_same_potentials(sweep.values(engine="python"), V)
    for isa in fr.info()["supported"]:
        np.testing.assert_array_equal(sweep.status(engine=isa), status)
        np.testing.assert_array_equal(sweep.values(engine=isa), V)


def test_values_and_status_agree_on_bad_rows():
    sweep = fr.table(NEURON, bad_table(NEURON))

    V, status = sweep.values(), sweep.status()

    infinite = status == fr.Status.INFINITE
    np.testing.assert_array_equal(np.isinf(V), infinite)
    np.testing.assert_array_equal(np.isnan(V), (status != 0) & ~infinite)


@pytest.mark.parametrize(
    ("row", "status", "V"),
    [
        ({}, 0, NEURON.potential()),
        ({"K_out": -0.0}, 0, NEURON.replace(K_out=0).potential()),
        ({"K_out": math.nan}, fr.Status.NOT_FINITE, math.nan),
        ({"K_out": math.inf}, fr.Status.NOT_FINITE, math.nan),
        ({"celsius": -math.inf}, fr.Status.NOT_FINITE, math.nan),
        ({"P_Na": -0.04}, fr.Status.NEGATIVE, math.nan),
        ({"K_out": -5e-324}, fr.Status.NEGATIVE, math.nan),
        ({"pump_ratio": -1.0}, fr.Status.NEGATIVE, math.nan),
        ({"celsius": 310.15}, fr.Status.TEMPERATURE, math.nan),
        ({"celsius": -20.5}, fr.Status.TEMPERATURE, math.nan),
        ({"K_out": -1.0, "celsius": 310.15}, fr.Status.NEGATIVE | fr.Status.TEMPERATURE, math.nan),
        ({"P_K": 0.0, "K_out": math.nan}, fr.Status.NOT_FINITE, math.nan),
        ({"P_K": 0.0, "P_Na": 0.0, "P_Cl": 0.0}, fr.Status.NO_PERMEANT, math.nan),
        ({"K_out": 0.0, "Na_out": 0.0, "Cl_in": 0.0}, fr.Status.INFINITE, -math.inf),
        ({"K_in": 0.0, "Na_in": 0.0, "Cl_out": 0.0}, fr.Status.INFINITE, math.inf),
        ({"P_K": 1e300, "K_out": 1e300}, fr.Status.RANGE, math.nan),
    ],
    ids=str,
)
def test_a_bad_row_has_its_status_and_spoils_no_other(row, status, V):
    columns = {name: [value, row.get(name, value), value] for name, value in NEURON.items()}

    sweep = fr.table(NEURON, columns)

    assert sweep.status().tolist() == [0, status, 0]
    np.testing.assert_array_equal(sweep.values(), [NEURON.potential(), V, NEURON.potential()])
