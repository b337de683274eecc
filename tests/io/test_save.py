"""Saved potentials: those of `values` in every format, and bad arguments."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import fastrest as fr
from helpers.outputs import (
    CELL,
    NEEDS,
    SLOW_BUT_NPY,
    SWEEPS,
    a_grid,
    a_sample,
    a_table,
    names,
    read,
    small_blocks,
)

# ---- potentials ----


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", SWEEPS)
def test_save_and_load_give_the_bits_of_values_and_the_sweep(tmp_path, suffix, kind, dtype):
    sweep, path = SWEEPS[kind](), tmp_path / f"v{suffix}"
    sweep.save(path, dtype=dtype)
    written = read(path)
    assert written.dtype == dtype
    assert written.tobytes() == sweep.values(dtype=dtype).tobytes()
    assert fr.load(path) == sweep
    assert not [name for name in names(tmp_path) if ".part" in name]


@SLOW_BUT_NPY
def test_save_in_several_blocks_has_the_bits_of_values(tmp_path, suffix, monkeypatch):
    small_blocks(monkeypatch)
    ends, path = [], tmp_path / f"v{suffix}"
    for shape in [(200_001,), (3, 70_001), (70_001, 3), (5, 1, 1, 40_000), (2, 3, 65_536)]:
        axes = zip(["K_out", "Na_out", "P_Na", "celsius"], shape)
        sweep = fr.grid(CELL, **{name: np.linspace(1, 30, n) for name, n in axes})
        sweep.save(path, threads=2, progress=lambda *done: ends.append(done))
        assert read(path).tobytes() == sweep.values().tobytes()
        assert ends[-1] == (len(sweep), len(sweep))
        assert fr.load(path) == sweep
    for sweep in (a_table(200_001), a_sample(200_001)):
        sweep.save(path, threads=2)
        assert read(path).tobytes() == sweep.values().tobytes()
        assert fr.load(path) == sweep


def test_save_stores_only_potentials_and_description_of_a_sample(tmp_path):
    a_sample().save(tmp_path / "v.npy")
    assert names(tmp_path) == ["v.npy", "v.npy.json"]
    card = json.loads((tmp_path / "v.npy.json").read_text())["content"]["sweep"]
    assert card["inputs"] == [
        ["P_Na", {"family": "lognormal", "arguments": {"median": 0.04, "cv": 0.5}}],
        ["K_out", {"family": "uniform", "arguments": {"low": 3.0, "high": 6.0}}],
    ]
    assert card["correlation"] == [["P_Na", "K_out", 0.4]]
    assert (card["method"], card["rng"], card["scramble"]) == ("random", 1, True)


def test_save_takes_numpy_numbers_as_labels(tmp_path):
    sweep = fr.grid(CELL, fr.axis("n", labels=np.arange(2), K_out=[3.0, 5.0]))
    sweep.save(tmp_path / "v.npy")
    assert fr.load(tmp_path / "v.npy") == sweep


def test_save_takes_the_reference_engine(tmp_path, suffix):
    sweep, path = a_grid(), tmp_path / f"v{suffix}"
    sweep.save(path, engine="python")
    assert read(path).tobytes() == sweep.values(engine="python").tobytes()


def test_blocks_equal_values():
    sweep = fr.grid(CELL, K_out=np.linspace(1, 50, 1100), Na_in=np.linspace(5, 50, 1000))
    values, stops = sweep.values().reshape(-1), [0]
    for where, block in sweep.blocks(threads=2):
        assert where.start == stops[-1]
        assert block.tobytes() == values[where].tobytes()
        stops.append(where.stop)
    assert stops == [0, 1 << 20, 1_100_000]


def test_blocks_refuse_bad_arguments_at_once():
    with pytest.raises(ValueError, match="engine must be one of"):
        a_grid().blocks(engine="abacus")


class Thing:
    pass


BAD = [
    ({"path": "v.csv"}, ValueError, "path must end in .npy, .zarr or .parquet, got 'v.csv'"),
    ({"path": "v"}, ValueError, "path must end in"),
    ({"path": "no/v.npy"}, FileNotFoundError, "no/v.npy cannot be written: there is no folder"),
    ({"path": "folder.npy"}, IsADirectoryError, "folder.npy is a folder"),
    ({"path": "folder.zarr"}, FileExistsError, "folder.zarr is not an output of fastrest's save"),
    ({"path": "folder.parquet"}, FileExistsError, "folder.parquet is not an output of fastrest's"),
    ({"path": "file.parquet"}, FileExistsError, "file.parquet is not an output of fastrest's"),
    ({"path": "mine.npy"}, FileExistsError, "mine.npy.part is in the way"),
    ({"dtype": "int32"}, ValueError, "dtype must be float64 or float32, got int32"),
    ({"threads": 0}, ValueError, "threads must be a whole number >= 1, got 0"),
    ({"engine": "abacus"}, ValueError, "engine must be one of"),
    ({"progress": 3}, TypeError, "progress must be True, False or callable"),
]

# ---- bad arguments ----


@pytest.mark.parametrize(("options", "error", "message"), BAD, ids=[m for *_, m in BAD])
def test_save_with_bad_arguments_harms_no_file(tmp_path, monkeypatch, options, error, message):
    monkeypatch.chdir(tmp_path)
    for name in ("folder.npy", "folder.zarr", "folder.parquet"):
        Path(name).mkdir()
    for name in ("file.parquet", "mine.npy.part"):
        Path(name).write_text("mine")
    before = names(tmp_path)
    with pytest.raises(error) as caught:
        a_grid().save(**{"path": "v.npy", **options})
    assert message in str(caught.value)
    assert names(tmp_path) == before
    assert Path("file.parquet").read_text() == "mine"


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (np.array([Thing(), "a"], object), "must be numbers, text or dates, got dtype object"),
        (np.array([1j, 2j]), "must be numbers, text or dates, got dtype complex128"),
        (np.array([1, 2], np.longdouble), "must be numbers, text or dates"),
        (np.ma.array([1, 2], mask=[False, True]), "has gaps"),
    ],
    ids=["objects", "complex", "long", "masked"],
)
def test_save_refuses_columns_that_cannot_be_stored(tmp_path, column, message):
    sweep = fr.table(CELL, {"K_out": [3.0, 5.0], "x": column}, keep=["x"])
    with pytest.raises(TypeError, match=f"column 'x'.*{message}"):
        sweep.save(tmp_path / "v.npy")
    assert names(tmp_path) == []


def test_zarr_refuses_names_that_are_paths(tmp_path):
    pytest.importorskip("zarr")
    sweep = fr.table(CELL, {"K_out": [3.0], "a/b": [1]}, keep=["a/b"])
    with pytest.raises(ValueError, match="'a/b' cannot be the name of an array in zarr"):
        sweep.save(tmp_path / "v.zarr")
    assert names(tmp_path) == []


@pytest.mark.parametrize(("suffix", "package"), NEEDS.items())
def test_save_without_the_formats_package_names_the_extra(tmp_path, monkeypatch, suffix, package):
    for module in [m for m in sys.modules if m.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"pip install 'fastrest-ghk\[{suffix[1:]}\]'"):
        a_grid().save(tmp_path / f"v{suffix}")
    assert names(tmp_path) == []


def test_a_column_that_changes_during_a_save_is_named_and_nothing_is_published(tmp_path, suffix):
    columns = {"K_out": np.linspace(3.0, 5.0, 2000), "batch": np.arange(2000)}
    for name in columns:
        sweep, path = fr.table(CELL, columns, keep="batch"), tmp_path / f"{name}{suffix}"

        def change(done, total, name=name):
            columns[name][7] += 1

        with pytest.raises(RuntimeError, match=f"column '{name}' changed"):
            sweep.save(path, progress=change)
        assert names(tmp_path) == []
