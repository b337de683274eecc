"""Cells, sweeps and tables that several tests share, and comparisons of potentials."""

import itertools
import math

import numpy as np
import pytest

import fastrest as fr
from fastrest._core import _kernels

NEURON = fr.cells["mammalian neuron"]
CALCIUM = fr.Cell(fr.GHK("K", "Na", "Cl", "Ca"), **NEURON, P_Ca=0.5, Ca_out=2.0, Ca_in=1e-4)
CELLS = {
    "neuron": NEURON,
    "pumped": NEURON.replace(pump_ratio=1.5),
    "passive": NEURON.passive("Cl"),
    "calcium": CALCIUM,
    "chord": NEURON.to_chord(),
    "six ions": fr.Cell(
        fr.GHK("K", "Na", "Cl", "HCO3", fr.Ion("NH4", 1), fr.Ion("Br", -1)),
        **NEURON,
        **{"P_HCO3": 0.1, "HCO3_out": 24.0, "HCO3_in": 12.0},
        **{"P_NH4": 0.2, "NH4_out": 0.1, "NH4_in": 0.2},
        **{"P_Br": 0.3, "Br_out": 1.0, "Br_in": 0.5},
    ),
    "no potassium": fr.Cell(
        fr.GHK("Na", "Cl"), **{n: v for n, v in NEURON.items() if "K" not in n and "pump" not in n}
    ),
}
#: Lengths around those of the kernels' chunks and the engine's blocks.
SIZES = [1, 3, 7, 8, 9, 255, 256, 257, 65535, 65536, 65537]
EVERY_CELL = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)


def bits(array):
    return np.ascontiguousarray(array).view(np.int64)


def assert_same_bits(found, expected):
    assert found.dtype == np.float64
    np.testing.assert_array_equal(bits(found), bits(expected))


def assert_same_potentials(found, expected):
    """Assert equality within 1e-12 mV up to 1 V, and within a few ulp beyond."""
    ordinary = np.abs(expected) <= 1000
    np.testing.assert_allclose(found[ordinary], expected[ordinary], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found[~ordinary], expected[~ordinary], rtol=4e-15, atol=0)


def random_table(cell, rows, seed=1):
    """Return columns for every parameter of a cell, varied within its domain."""
    rng = np.random.default_rng(seed)
    columns = {n: v * rng.uniform(0.2, 5.0, rows) for n, v in cell.items()}
    columns["celsius"] = rng.uniform(0.0, 40.0, rows)
    return columns


SWEEPS = {
    "grid": lambda: fr.grid(NEURON, K_out=[3.0, 5.0], P_Na=fr.times([1.0, 2.0])),
    "labels": lambda: fr.grid(NEURON, fr.axis("state", K_out=[3.0, 5.0], labels=["a", "b"])),
    "table": lambda: fr.table(NEURON, {"K_out": np.array([3.0, math.nan, 5.0]), "P_Na": 0.1}),
    "kept": lambda: fr.table(
        NEURON,
        {"K_out": [3.0, 5.0], "id": ["a", "b"], "V_measured": [-70.0, math.nan]},
        keep=["id", "V_measured"],
    ),
}


def unaligned(values):
    array = np.empty(values.nbytes + 1, np.uint8)[1:].view(values.dtype)
    array[:] = values
    assert values.itemsize == 1 or not array.flags.aligned
    return array


def read_only(values):
    values = values.copy()
    values.flags.writeable = False
    return values


def assert_bits_of_points_alone(table, outputs):
    """Compare outputs of rows with those on other engines and threads, in another order, alone."""
    cell, n = table.cell, len(table)
    shuffled = np.random.default_rng(4).permutation(n)
    mixed = fr.table(cell, {name: column[shuffled] for name, column in table.inputs.items()})
    one = {name: float(column[17]) for name, column in table.inputs.items()}
    for of in outputs:
        whole = table.values(of=of, engine="base", threads=1)
        for engine, threads in itertools.product(_kernels.SUPPORTED, (1, 3)):
            found = table.values(of=of, engine=engine, threads=threads)
            np.testing.assert_array_equal(found.view(np.uint64), whole.view(np.uint64))
        np.testing.assert_array_equal(
            mixed.values(of=of).view(np.uint64), whole[shuffled].view(np.uint64)
        )
        np.testing.assert_equal(cell.model.outputs[of].value_at(one), whole[17])
