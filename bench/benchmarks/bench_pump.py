"""The potential beside an explicit pump current: the kernel, and the same iteration in NumPy."""

import numpy as np
import pytest

import fastrest as fr
from fastrest.models.quantities import FARADAY
from fastrest.models.reference import phi

CELL = fr.Cell(
    fr.GHK("K", "Na", "Cl", pump="constant"),
    **{name: x for name, x in fr.cells["mammalian neuron"].items() if name != "pump_ratio"}
    | {"P_K": 1e-6, "P_Na": 4e-8, "P_Cl": 4.5e-7, "pump_max": 0.5},
)
BLOCK = 8192
block = pytest.mark.benchmark(group=f"pump current, {BLOCK} rows, cached: how long?")
million = pytest.mark.benchmark(group="pump current, 1e6 rows: how long?")


def rows(n):
    draw = np.random.default_rng(14)
    varied = {name: x * draw.uniform(0.5, 1.5, n) for name, x in CELL.items() if name != "celsius"}
    columns = {**varied, "pump_max": draw.uniform(-1, 2, n)}
    return fr.table(CELL, columns), columns


def numpy_pump(columns):
    """Return V of K, Na and Cl by Newton's method on ln(P/M), 1e-9 before the last step."""
    x = columns
    inward = x["P_K"] * x["K_out"] + x["P_Na"] * x["Na_out"] + x["P_Cl"] * x["Cl_in"]
    outward = x["P_K"] * x["K_in"] + x["P_Na"] * x["Na_in"] + x["P_Cl"] * x["Cl_out"]
    p = x["pump_max"] / FARADAY
    out, into = np.maximum(p, 0), np.maximum(-p, 0)
    alone = -p / np.where(p > 0, inward, outward)
    u = np.log(inward / outward)
    u = np.where(p > 0, np.minimum(u, alone), np.maximum(u, alone))
    low, high = np.minimum(0, -(outward + p) / inward), np.maximum(0, (inward - p) / outward)
    u = np.clip(u, low, high)
    for _ in range(24):
        u = np.where(np.abs(u) < 1e-6, 1e-6, u)
        E = np.exp(-u)
        per = 1 / (1 - E)
        per_inside, per_outside = u * per, u * E * per  # B(-u), B(u)
        share = (1 - E - u * E) * per * per
        push, pull = outward * per_inside + out, inward * per_outside + into
        slope = outward * share / push + inward * (1 - share) / pull
        step = np.log(push / pull) / slope
        u = u - step
        if np.max(np.abs(step)) < 1e-9 * max(1, np.max(np.abs(u))):
            break
    return phi(CELL["celsius"]) * u


@pytest.fixture(scope="module")
def few():
    return rows(BLOCK)


@pytest.fixture(scope="module")
def many():
    return rows(1_000_000)


@block
@pytest.mark.parametrize("isa", fr.info()["supported"])
def test_pump_block(times_values, few, isa):
    sweep, columns = few
    times_values(sweep, numpy_pump(columns), isa)


@block
def test_pump_block_numpy(times_numpy, few):
    sweep, columns = few
    times_numpy(sweep, numpy_pump, columns)


@million
def test_pump_million(times_values, many):
    sweep, columns = many
    times_values(sweep, numpy_pump(columns), fr.info()["isa"])


@million
def test_pump_million_numpy(times_numpy, many):
    sweep, columns = many
    times_numpy(sweep, numpy_pump, columns)
