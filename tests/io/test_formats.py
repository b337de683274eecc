"""The formats of saved potentials: their metadata, and how an output replaces another."""

import contextlib
import json
import os
import shutil

import numpy as np
import pytest

import fastrest as fr
from fastrest.io import save
from fastrest.points import describe
from fastrest.runtime import storage
from helpers.outputs import CELL, SLOW_BUT_NPY, SWEEPS, a_grid, a_table, names, read

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


def test_an_output_follows_links(tmp_path):
    (tmp_path / "far").mkdir()
    a_table().save(tmp_path / "far" / "v.npy")
    (tmp_path / "link.npy").symlink_to(tmp_path / "far" / "v.npy")
    a_grid().save(tmp_path / "link.npy")
    assert (tmp_path / "link.npy").is_symlink()
    assert fr.load(tmp_path / "link.npy") == a_grid()
    assert names(tmp_path) == ["far", "link.npy"]
    assert names(tmp_path / "far") == ["v.npy", "v.npy.json"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_save_never_replaces_the_file_that_its_table_reads(tmp_path, overwrite):
    np.save(tmp_path / "v.npy", np.linspace(1, 50, 1000))
    (tmp_path / "w.npy").hardlink_to(tmp_path / "v.npy")
    before = (tmp_path / "v.npy").read_bytes()
    sweep = fr.table(CELL, {"K_out": np.load(tmp_path / "v.npy", mmap_mode="r")[::2]})
    for name in ("v.npy", "w.npy"):
        with pytest.raises(ValueError, match=rf"{name} holds column 'K_out' of the sweep"):
            sweep.save(tmp_path / name, overwrite=overwrite)
    assert (tmp_path / "v.npy").read_bytes() == before
    assert names(tmp_path) == ["v.npy", "w.npy"]


def change(path):
    """Change an output so that it is no longer what fastrest wrote."""
    file = path if path.is_file() else path / "notes.txt"
    file.write_bytes(b"mine")


@pytest.mark.parametrize("what", ["stranger", "changed output", "no card"])
def test_save_replaces_what_fastrest_did_not_write_only_if_told(tmp_path, suffix, what):
    path = tmp_path / f"v{suffix}"
    if what == "stranger":
        path.write_bytes(b"mine") if suffix == ".npy" else path.mkdir()
    else:
        a_grid().save(path)
        (tmp_path / "v.npy.json").unlink(missing_ok=True) if what == "no card" else change(path)
        if what == "no card" and path.is_dir():
            next(path.glob("*fastrest.json"), path / "zarr.json").unlink()
    before = names(tmp_path)
    with pytest.raises(FileExistsError, match=r"is not an output of fastrest's save, and is not"):
        a_table().save(path)
    assert names(tmp_path) == before
    a_table().save(path, overwrite=True)
    assert fr.load(path) == a_table()
    assert len(names(tmp_path)) == (3 if suffix == ".npy" else 1)


@pytest.mark.parametrize("ending", [".json", ".columns.npz", ".part", ".part.columns.npz"])
def test_save_leaves_companions_that_are_not_its_own(tmp_path, ending):
    mine = tmp_path / f"v.npy{ending}"
    mine.write_bytes(b"mine")
    with pytest.raises(FileExistsError, match=rf"{ending} is (not an output|in the way)"):
        a_table().save(tmp_path / "v.npy")
    mine.unlink()
    mine.symlink_to(tmp_path / "elsewhere")  # a link that leads nowhere yet
    if ".part" in ending:
        with pytest.raises(FileExistsError, match="in the way"):
            a_table().save(tmp_path / "v.npy")
    assert not (tmp_path / "elsewhere").exists()


def test_an_output_has_the_permissions_of_the_umask_or_of_the_replaced_one(tmp_path, suffix):
    path, mask = tmp_path / f"v{suffix}", os.umask(0o027)
    try:
        a_grid().save(path)
        assert path.stat().st_mode & 0o777 == (0o640 if suffix == ".npy" else 0o750)
        path.chmod(0o700)
        a_table().save(path)
        assert path.stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(mask)


@SLOW_BUT_NPY
@pytest.mark.parametrize("step", range(1, 9))
def test_a_publication_stopped_at_any_step_is_finished(tmp_path, suffix, monkeypatch, step):
    """Each step of a publication renames, removes or writes: an exception comes instead."""
    path, left = tmp_path / f"v{suffix}", [step]

    class Killed(BaseException):
        pass

    def dying(work):
        def step(*arguments, **options):
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            return work(*arguments, **options)

        return step

    a_grid().save(path)
    with monkeypatch.context() as patch:
        publish = save.Output.publish

        def dangerous(output):
            for name in ("rename", "replace", "unlink"):
                patch.setattr(type(path), name, dying(getattr(type(path), name)))
            patch.setattr(os, "replace", dying(os.replace))
            publish(output)

        patch.setattr(save.Output, "publish", dangerous)
        with contextlib.suppress(Killed):
            a_table().save(path)
    a_table().save(path)
    assert fr.load(path) == a_table()
    assert read(path).tobytes() == a_table().values().tobytes()
    expected = ["v.npy", "v.npy.columns.npz", "v.npy.json"] if suffix == ".npy" else [path.name]
    assert names(tmp_path) == expected


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
