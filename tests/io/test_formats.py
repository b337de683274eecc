"""The formats of saved potentials: their metadata, and how an output replaces another."""

import json
import shutil

import numpy as np
import pytest

import fastrest as fr
from fastrest.points import describe
from fastrest.runtime import storage
from helpers.outputs import CELL, SWEEPS, a_grid, a_table, names

# ---- metadata and readers ----


def test_npy_output_has_its_description(tmp_path):
    sweep = a_grid()
    sweep.save(tmp_path / "v.npy")
    assert names(tmp_path) == ["v.npy", "v.npy.json"]
    card = json.loads((tmp_path / "v.npy.json").read_text())["content"]
    assert np.load(tmp_path / "v.npy").shape == sweep.shape
    assert (card["fastrest"], card["dtype"], card["suffix"]) == (fr.__version__, "float64", ".npy")
    assert card["format"] == storage.FORMAT
    assert card["digest"] == storage.digest(describe.describe(sweep))
    assert card["sweep"]["cell"]["name"] == "mammalian neuron"
    assert [axis["name"] for axis in card["sweep"]["axes"]] == ["ringer", "celsius", "P_Na"]
    assert "rng" not in card


@pytest.mark.parametrize("kind", SWEEPS)
def test_zarr_opens_as_the_dataset_of_to_xarray(tmp_path, kind):
    pytest.importorskip("zarr")
    xr = pytest.importorskip("xarray")
    sweep = SWEEPS[kind]()
    sweep.save(tmp_path / "v.zarr")
    with xr.open_zarr(tmp_path / "v.zarr") as opened:
        found, expected = opened.load(), sweep.to_xarray()
    assert json.loads(found.attrs.pop("fastrest"))["content"]["fastrest"] == fr.__version__
    assert found.attrs == expected.attrs
    xr.testing.assert_equal(found, expected)
    for name, variable in expected.variables.items():
        assert found[name].attrs == variable.attrs


@pytest.mark.parametrize("kind", SWEEPS)
def test_parquet_reads_as_the_frame_of_to_dataframe(tmp_path, kind):
    pytest.importorskip("pyarrow")
    pd = pytest.importorskip("pandas")
    sweep = SWEEPS[kind]()
    sweep.save(tmp_path / "v.parquet")
    found, expected = pd.read_parquet(tmp_path / "v.parquet"), sweep.to_dataframe()
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


# ---- replacing an output ----


def test_save_replaces_an_output_and_its_companion_files(tmp_path, suffix):
    path = tmp_path / f"v{suffix}"
    for sweep in (a_table(), a_grid(), a_table()):
        sweep.save(path)
        assert fr.load(path) == sweep
    a_grid().save(path)
    assert names(tmp_path) == ["v.npy", "v.npy.json"] if suffix == ".npy" else [path.name]


def test_npy_output_replaces_any_file_and_follows_links(tmp_path):
    (tmp_path / "far").mkdir()
    np.save(tmp_path / "far" / "v.npy", np.zeros(3))
    (tmp_path / "link.npy").symlink_to(tmp_path / "far" / "v.npy")
    a_grid().save(tmp_path / "link.npy")
    assert (tmp_path / "link.npy").is_symlink()
    assert fr.load(tmp_path / "link.npy") == a_grid()


def test_save_may_replace_the_file_its_table_reads(tmp_path):
    np.save(tmp_path / "v.npy", np.linspace(1, 50, 1000))
    sweep = fr.table(CELL, {"K_out": np.load(tmp_path / "v.npy", mmap_mode="r")})
    expected = sweep.values()
    sweep.save(tmp_path / "v.npy")
    assert np.load(tmp_path / "v.npy").tobytes() == expected.tobytes()


@pytest.mark.parametrize("state", ["both", "old alone"])
def test_save_repairs_a_replacement_that_was_killed(tmp_path, state):
    pytest.importorskip("pyarrow")
    path, old = tmp_path / "v.parquet", tmp_path / "v.parquet.part.old"
    a_grid().save(path)
    if state == "both":
        shutil.copytree(path, old)
    else:
        path.rename(old)
    a_table().save(path)
    assert fr.load(path) == a_table()
    assert names(tmp_path) == ["v.parquet"]
