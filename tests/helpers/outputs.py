"""Sweeps that are saved, and readers of saved potentials."""

import os

import numpy as np
import pytest

import fastrest as fr
from fastrest.io import npy, parquet, save, zarr

CELL = fr.cells["mammalian neuron"]
#: Formats of a test that takes more than a second with Zarr and Parquet.
SLOW_BUT_NPY = pytest.mark.parametrize(
    "suffix",
    [
        ".npy",
        pytest.param(".zarr", marks=pytest.mark.slow),
        pytest.param(".parquet", marks=pytest.mark.slow),
    ],
    indirect=True,
)
NEEDS = {".zarr": "zarr", ".parquet": "pyarrow"}


def a_grid():
    ringer = fr.axis("ringer", labels=["a", "bc", "d"], K_out=[2.0, 5.0, 9.0], Na_out=[9, 8, 7])
    return fr.grid(CELL, ringer, celsius=np.linspace(10, 40, 7), P_Na=fr.times([0.5, 1.0]))


def a_table(rows=9):
    columns = {
        "K_out": np.linspace(1, 50, rows).astype(">f4"),
        "Na_in": np.arange(rows) - 1,  # the first is below 0
        "P_Na": 0.03,
        "id": np.array([f"cell {i}" for i in range(rows)], object),
        "day": np.datetime64("2024-01-01") + np.arange(rows),
        "ok": np.arange(rows) % 2 == 0,
    }
    return fr.table(CELL, columns, keep=["id", "day", "ok"])


def a_sample(n=9):
    uncertain = {"P_Na": fr.lognormal(cv=0.5), "K_out": fr.uniform(3, 6)}
    return fr.space(CELL, correlation={("P_Na", "K_out"): 0.4}, **uncertain).sample(n, rng=1)


SWEEPS = {
    "grid": a_grid,
    "table": a_table,
    "sample": a_sample,
    "one point": lambda: fr.grid(CELL, K_out=[4.0]),
    "chord": lambda: fr.grid(fr.Cell(fr.Chord("K", "Na"), **CHORD), K_out=[4.0, 5.0]),
}
CHORD = {
    "g_K": 1.0,
    "g_Na": 0.1,
    "K_out": 5,
    "K_in": 140,
    "Na_out": 145,
    "Na_in": 15,
    "celsius": 37,
}


def read(path):
    """Read the potentials of an output by the library of its format."""
    if path.suffix == ".npy":
        return np.load(path, mmap_mode="r")
    if path.suffix == ".zarr":
        import zarr

        return zarr.open_group(path, mode="r")["V"][...]
    return pytest.importorskip("pandas").read_parquet(path)["V"].to_numpy()


def names(folder):
    return sorted(os.listdir(folder))


def small_blocks(monkeypatch, points=1 << 16):
    """Make blocks of an output, and tasks, of few points."""
    for module in (save, zarr):
        monkeypatch.setattr(module, "TASK", points)
    monkeypatch.setattr(parquet.Parquet, "unit", points)
    monkeypatch.setattr(npy.Npy, "units", 1)
