"""Steady states of cells that keep themselves: the kernels, and the closed form in NumPy."""

import numpy as np
import pytest

import fastrest as fr
from fastrest.models.reference import phi

LEAK = fr.Chord("K", "Na", "Cl", pump="constant")
CELL = fr.Cell(
    fr.PumpLeak(LEAK, cotransport=("KCC", "NKCC")),
    **{"g_K": 0.3, "g_Na": 0.01, "g_Cl": 0.2, "g_KCC": 0.1, "g_NKCC": 0.01},
    **{"K_out": 5, "Na_out": 145, "Cl_out": 150, "X_out": 1, "z_X": -0.85},
    **{"celsius": 37, "pump_max": 0.3},
)
NEURON = fr.cells["mammalian neuron"]
CONSTANT_FIELD = {
    "constant": NEURON.living(R_m=7),
    "saturating": NEURON.living(R_m=7, pump="saturating", pump_Na_half=10, pump_K_half=1.5),
}
BLOCK = 8192
block = pytest.mark.benchmark(group=f"steady states, {BLOCK} rows, cached: how long?")
million = pytest.mark.benchmark(group="steady states, 1e6 rows: how long?")
field = pytest.mark.benchmark(group="steady states by the constant field, 8192 rows: how long?")


def rows(n, cell=CELL):
    draw = np.random.default_rng(15)
    names = [name for name, x in cell.items() if name not in ("celsius", "n_X") and x]
    columns = {name: cell[name] * draw.lognormal(0, 0.1, n) for name in names}
    return fr.table(cell, columns), columns


def numpy_steady_state(columns):
    """Return V by the published determinants, NaN where no steady state exists."""
    x = {**CELL, **columns}
    A, B, D = x["g_Na"], x["g_K"], x["g_Cl"]
    w, v, z = x["g_NKCC"], x["g_KCC"], x["z_X"]
    unit = phi(x["celsius"])
    det = A * B * D + w * (B * D + A * D + 4 * A * B) + v * A * (B + D) + w * v * (A + B + D)
    q = x["pump_max"] / unit / det
    a_na = -q * (3 * B * D + 3 * B * (4 * w + v) + D * (5 * w + 3 * v) + w * v)
    a_k = q * (2 * A * (D + 4 * w + v) + 5 * w * D - w * v)
    a_cl = q * (2 * A * (2 * w + v) - w * (6 * B + v))
    S = x["Na_out"] * np.exp(a_na) + x["K_out"] * np.exp(a_k)
    C = x["Cl_out"] * np.exp(-a_cl)
    total = x["Na_out"] + x["K_out"] + x["Cl_out"] + x["X_out"]
    root = np.sqrt((z * total) ** 2 + 4 * (1 - z * z) * S * C)
    negative, positive = (
        (root - z * total) / (2 * (1 - z) * S),
        2 * (1 + z) * C / (root + z * total),
    )
    theta = np.where(z <= 0, negative, positive)
    return np.where(total * total > 4 * S * C, -unit * np.log(theta), np.nan)


@pytest.fixture(scope="module")
def few():
    return rows(BLOCK)


@pytest.fixture(scope="module")
def many():
    return rows(1_000_000)


@block
@pytest.mark.parametrize("isa", fr.info()["supported"])
def test_steady_block(times_values, few, isa):
    sweep, columns = few
    times_values(sweep, numpy_steady_state(columns), isa)


@block
def test_steady_block_numpy(times_numpy, few):
    sweep, columns = few
    times_numpy(sweep, numpy_steady_state, columns)


@million
def test_steady_million(times_values, many):
    sweep, columns = many
    times_values(sweep, numpy_steady_state(columns), fr.info()["isa"])


@million
def test_steady_million_numpy(times_numpy, many):
    sweep, columns = many
    times_numpy(sweep, numpy_steady_state, columns)


@field
@pytest.mark.parametrize("pump", CONSTANT_FIELD)
def test_steady_field(benchmark, note, pump):
    sweep, columns = rows(BLOCK, CONSTANT_FIELD[pump])
    V = benchmark(sweep.values, threads=1)
    note(V.size, isa=fr.info()["isa"], threads=1)
    found = np.isfinite(V)
    assert found.mean() > 0.5
    some = np.flatnonzero(found)[:20]
    part = fr.table(sweep.cell, {name: x[some] for name, x in columns.items()})
    assert np.abs(part.values(engine="python") - V[some]).max() < 1e-9
