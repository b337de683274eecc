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
    code, _, err = run("sweep", NEURON, "--grid", "K_out=1,2", option, str(path), "--force")
    assert code == 2
    assert "none left" in err
    assert path.read_bytes() == b"precious"
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("--out", "v.npy"),
        ("--out", "v.parquet"),
        ("--plot", "v.png"),
        ("--histogram", "v.svg"),
        ("--plot", "v.jpg"),
    ],
)
def test_a_file_that_fastrest_did_not_write_is_replaced_only_with_force(
    tmp_path, run, option, name
):
    path = tmp_path / name
    path.write_bytes(b"precious")
    command = "sweep", NEURON, "--grid", "K_out=1,2", option, str(path)
    code, out, err = run(*command)
    assert (code, out) == (2, "")
    assert f"{path} is not a" in err
    assert "and is not replaced: name another file, or give --force" in err
    assert path.read_bytes() == b"precious"
    assert os.listdir(tmp_path) == [name]
    assert run(*command, "--force")[0] == 0
    again, *_ = run(*command)  # a .jpg has no room for its creator's name
    assert again == (2 if name == "v.jpg" else 0)


@pytest.mark.parametrize("name", ["v.png", "v.pdf", "v.svg", "v.svgz", "v.eps", "v.ps"])
def test_pictures_tell_that_fastrest_drew_them(tmp_path, run, name):
    path = tmp_path / name
    command = "sweep", NEURON, "--grid", "K_out=1,2,3", "--plot", str(path)
    assert run(*command)[0] == run(*command)[0] == 0
    figure = pytest.importorskip("matplotlib.figure").Figure()
    figure.subplots().set_title("fastrest")
    figure.savefig(path)  # somebody else's
    assert run(*command)[0] == 2


def test_a_command_never_replaces_its_inputs(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write = {
        "t.png": "K_out\n3\n5\n",
        "c.toml": "celsius = 37\nK = {P = 1, out = 5, in = 140}\n",
    }
    for name, text in write.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "link.png").symlink_to("t.png")
    (tmp_path / "hard.png").hardlink_to("t.png")
    (tmp_path / "cell.tally").symlink_to(tmp_path / "c.toml")
    before = sorted(os.listdir())
    for picture in ("t.png", "./t.png", str(tmp_path / "t.png"), "link.png", "hard.png"):
        for option in ("--plot", "--histogram"):
            code, out, err = run("sweep", NEURON, "--table", "t.png", option, picture, "--force")
            assert (code, out) == (2, "")
            assert f"got t.png, {picture}: {option} would replace the file of --table" in err
    for option in ("--checkpoint", "--tally"):
        code, _, err = run(
            "sweep", "c.toml", "--grid", "K_out=1,2", option, "cell.tally", "--part", "0/1"
        )
        assert code == 2
        assert f"got c.toml, cell.tally: {option} would replace the file of CELL" in err
    assert sorted(os.listdir()) == before
    assert {name: (tmp_path / name).read_text() for name in write} == write


@pytest.mark.parametrize(
    "outputs",
    [
        ("--out", "v.npy", "--checkpoint", "v.npy.json"),
        ("--out", "v.npy", "--checkpoint", "v.npy.part"),
        ("--out", "v.zarr", "--plot", "v.zarr/p.png"),
        ("--plot", "a.png", "--histogram", "link.png"),
    ],
)
def test_outputs_of_a_command_do_not_replace_each_other(tmp_path, run, monkeypatch, outputs):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.png").symlink_to("a.png")
    code, out, err = run("sweep", NEURON, "--grid", "K_out=1,2", *outputs, "--force")
    assert (code, out) == (2, "")
    assert "every file needs its own name, got" in err
    assert os.listdir() == ["link.png"]


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
    code, *_ = run("sweep", NEURON, "--grid", "K_out=1,2", "--out", str(link), "--force")
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
