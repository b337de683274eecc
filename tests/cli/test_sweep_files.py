"""`fastrest sweep --out --plot --histogram`: files are checked first and replaced as a whole."""

import os
import sys

import numpy as np
import pytest

import fastrest as fr

NEURON = "mammalian neuron"


@pytest.mark.parametrize("name", ["v.png", "v.pdf", "v.svg"])
@pytest.mark.parametrize("axes", [["K_out=1:50:20"], ["K_out=1:50:20:log", "P_Na=0.01:0.5:9"]])
def test_plot_writes_a_picture(tmp_path, run, name, axes):
    pytest.importorskip("matplotlib")
    path = tmp_path / name
    grid = [part for axis in axes for part in ("--grid", axis)]
    code, *_ = run("sweep", NEURON, *grid, "--plot", str(path))
    assert code == 0
    assert path.stat().st_size > 5000
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", ["v.zarr", "v.parquet"])
def test_out_writes_zarr_and_parquet(tmp_path, run, name):
    path = str(tmp_path / name)
    code, out, _ = run("sweep", NEURON, "--grid", "K_out=1:50:1000", "--out", path)
    assert code == 0
    assert f"wrote    {path}" in out
    assert fr.load(path) == fr.grid(fr.cells[NEURON], K_out=np.linspace(1, 50, 1000))


@pytest.mark.parametrize("option", ["--out", "--plot"])
def test_failed_sweep_leaves_existing_files_as_they_were(tmp_path, run, monkeypatch, option):
    path = tmp_path / ("v.npy" if option == "--out" else "v.png")
    path.write_bytes(b"precious")

    def fail(*args, **kwargs):
        raise MemoryError("none left")

    monkeypatch.setattr(fr.Sweep, "reduce", fail)
    code, _, err = run("sweep", NEURON, "--grid", "K_out=1,2", option, str(path))
    assert code == 2
    assert "none left" in err
    assert path.read_bytes() == b"precious"
    assert os.listdir(tmp_path) == [path.name]


def test_out_replaces_an_existing_file(tmp_path, run):
    path = tmp_path / "v.npy"
    path.write_bytes(b"old")
    code, *_ = run("sweep", NEURON, "--grid", "K_out=1,2", "--out", str(path))
    assert code == 0
    assert np.load(path).shape == (2,)


@pytest.mark.parametrize("option", ["--out", "--plot"])
def test_out_and_plot_do_not_replace_a_read_only_file(tmp_path, run, monkeypatch, option):
    path = tmp_path / ("v.npy" if option == "--out" else "v.png")
    path.write_bytes(b"precious")
    path.chmod(0o444)
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)  # root may write all
    code, out, err = run("sweep", NEURON, "--grid", "K_out=1,2", option, str(path))
    assert (code, out) == (2, "")
    assert f"{path} cannot be written: it is read-only" in err
    assert path.read_bytes() == b"precious"
    assert os.listdir(tmp_path) == [path.name]


def test_out_refuses_a_folder_before_anything_is_computed(tmp_path, run):
    (tmp_path / "v.npy").mkdir()
    path = str(tmp_path / "v.npy")
    code, out, err = run("sweep", NEURON, "--grid", "K_out=1,2", "--out", path)
    assert (code, out) == (2, "")
    assert "v.npy is a folder" in err


def test_out_writes_the_target_of_a_link(tmp_path, run):
    target, link = tmp_path / "far" / "data.npy", tmp_path / "v.npy"
    target.parent.mkdir()
    target.write_bytes(b"old")
    link.symlink_to(target)
    code, *_ = run("sweep", NEURON, "--grid", "K_out=1,2", "--out", str(link))
    assert code == 0
    assert link.is_symlink()
    assert np.load(target).shape == (2,)
    assert sorted(os.listdir(target.parent)) == ["data.npy", "data.npy.json"]


def test_failed_plot_leaves_the_values_of_out(tmp_path, run, monkeypatch):
    figure = pytest.importorskip("matplotlib.figure")

    def fail(*args, **kwargs):
        raise RuntimeError("latex was not able\nto process")

    monkeypatch.setattr(figure.Figure, "savefig", fail)
    paths = str(tmp_path / "v.npy"), str(tmp_path / "v.pgf")
    code, out, err = run(
        "sweep", NEURON, "--grid", "K_out=1,2", "--out", paths[0], "--plot", paths[1]
    )
    assert code == 2
    assert f"wrote    {paths[0]}\n" in out
    assert err == f"fastrest: error: {paths[1]} cannot be drawn: latex was not able to process\n"
    assert sorted(os.listdir(tmp_path)) == ["v.npy", "v.npy.json"]


@pytest.mark.parametrize("module", ["zarr", "pyarrow"])
def test_out_reports_a_missing_package_before_anything_is_computed(
    tmp_path, run, monkeypatch, module
):
    for name in (module, "pyarrow.parquet"):  # the latter may have been imported before
        monkeypatch.setitem(sys.modules, name, None)
    suffix = {"zarr": "zarr", "pyarrow": "parquet"}[module]
    path = str(tmp_path / f"v.{suffix}")
    code, out, err = run("sweep", NEURON, "--grid", "K_out=1,2", "--out", path)
    assert (code, out) == (2, "")
    assert f".{suffix} needs {module}: pip install 'fastrest-ghk[{suffix}]'" in err
    assert os.listdir(tmp_path) == []
