"""`fastrest sweep`: points, report, parts, and one line for a mistake."""

import os

import numpy as np
import pytest

import fastrest as fr
from fastrest.runtime import system

NEURON = "mammalian neuron"


def test_sweep_prints_points_extremes_and_their_parameters(run):
    code, out, _ = run("sweep", NEURON, "--grid", "K_out=1:50:5", "--grid", "P_Na=0.01,0.1")
    values = fr.grid(fr.cells[NEURON], K_out=np.linspace(1, 50, 5), P_Na=[0.01, 0.1]).values()
    assert code == 0
    assert "10 points (K_out 5 x P_Na 2)" in out
    assert f"min      {values.min():.4f} mV at K_out=1 mM, P_Na=0.01" in out
    assert f"mean     {values.mean():.4f} mV" in out
    assert f"max      {values.max():.4f} mV at K_out=50 mM, P_Na=0.1" in out
    assert "invalid  0" in out


def test_grid_log_axis_is_geometric(tmp_path, run):
    out = tmp_path / "v.npy"
    code, *_ = run("sweep", NEURON, "--grid", "K_out=1:50:7:log", "--out", str(out))
    expected = fr.grid(fr.cells[NEURON], K_out=np.geomspace(1, 50, 7)).values()
    assert code == 0
    assert np.load(out).tobytes() == expected.tobytes()


def test_set_changes_the_cell(tmp_path, run):
    out = tmp_path / "v.npy"
    run("sweep", NEURON, "--grid", "K_out=3,5", "--set", "celsius=36", "--out", str(out))
    expected = fr.grid(fr.cells[NEURON].replace(celsius=36.0), K_out=[3.0, 5.0]).values()
    assert np.load(out).tobytes() == expected.tobytes()


def test_sweep_of_a_cell_from_a_toml_file(tmp_path, run):
    path = tmp_path / "my.toml"
    path.write_text(
        "celsius = 37.0\nK = { P = 1.0, out = 4.5, in = 140.0 }\n"
        "Na = { P = 0.01, out = 145.0, in = 15.0 }\n"
    )
    code, out, _ = run("sweep", str(path), "--grid", "pump_ratio=1,1.5")
    assert code == 0
    assert "min      -86.6929 mV at pump_ratio=1.5" in out
    assert "max      -84.4381 mV at pump_ratio=1" in out


def test_sweep_of_an_unknown_cell_names_the_nearest(run):
    code, _, err = run("sweep", "mamalian neuron", "--grid", "K_out=1,2")
    assert code == 2
    assert "did you mean mammalian neuron" in err


BAD = [
    (["--grid", "K_out=1:50"], "--grid K_out takes FIRST:LAST:COUNT"),
    (["--grid", "K_out=1:50:ten"], "COUNT must be a whole number >= 1, got 'ten'"),
    (["--grid", "K_out=1:50:0"], "COUNT must be a whole number >= 1, got '0'"),
    (["--grid", "K_out=0:5:5:log"], "a log axis needs ends > 0, got 0 and 5"),
    (["--grid", "K_out=a,b"], "--grid K_out must be a number, got 'a'"),
    (["--grid", "K_o=1,2"], "unknown parameter 'K_o': did you mean K_out or K_in?"),
    (["--grid", "K_out=-1,2"], "K_out must be >= 0 mM, got -1.0 (value 0 of 2)"),
    (["--grid", "K_out=1:inf:3"], "--grid K_out must be finite, got inf"),
    (["--grid", "K_out=nan:2:3:log"], "--grid K_out must be finite, got nan"),
    (
        ["--grid", "K_out=1:2:9999999999", "--grid", "Na_in=1:2:9999999999"],
        "fewer than 2**63 points, got 9999999999 x 9999999999",
    ),
    (["--grid", "K_out=1,2", "--set", "name=5"], "--set: unknown parameter 'name'"),
    (["--grid", "K_out=1,2", "--set", "K_o=5"], "--set: unknown parameter 'K_o': did you mean"),
    (["--grid", "K_out=1,2", "--grid", "K_out=3,4"], "--grid K_out is given twice"),
    (["--grid", "K_out"], "--grid takes NAME=..., got 'K_out'"),
    (["--grid", "K_out=1,2", "--set", "celsius=310.15"], "looks like kelvin: pass 37.0"),
    (["--grid", "K_out=1,2", "--set", "celsius=hot"], "--set celsius must be a number, got 'hot'"),
    (["--grid", "K_out=1,2", "--out", "v.txt"], "path must end in .npy, .zarr or .parquet"),
    (["--grid", "K_out=1,2", "--histogram", "h.csv"], "--histogram must end in one of"),
    (
        ["--grid", "K_out=1,2", "--histogram", "same.png", "--plot", "./same.png"],
        "every file needs its own name, got same.png, ./same.png",
    ),
    (
        ["--grid", "K_out=1,2", "--part", "0/1", "--tally", "no/t"],
        "no/t cannot be written: there is no folder",
    ),
    (["--grid", "K_out=1,2", "--part", "0/2"], "--part K/N and --tally FILE go together"),
    (["--grid", "K_out=1,2", "--tally", "t"], "--part K/N and --tally FILE go together"),
    (["--grid", "K_out=1,2", "--part", "2/2", "--tally", "t"], "k must be from 0 to n - 1 = 1"),
    (
        ["--grid", "K_out=1,2", "--part", "0/2", "--tally", "t", "--out", "v.npy"],
        "--part only counts: it does not go with --out and --plot, which need all points",
    ),
    (["--grid", "K_out=1,2", "--plot", "v.xyz"], "--plot must end in one of"),
    (["--grid", "K_out=1,2", "--threads", "0"], "threads must be a whole number >= 1, got 0"),
    (
        [f"--grid={n}=1:2:1000000" for n in ("K_out", "K_in")]
        + ["--grid", "celsius=1:2:100", "--out", "v.npy"],
        "v.npy: 100,000,000,000,000 points need 800 TB, free are",
    ),
    (["--grid", "K_out=1:2:99999999999999"], "this needs 3 PB"),
    (
        ["--grid", "K_out=1,2", "--out", "no/v.npy"],
        "no/v.npy cannot be written: there is no folder",
    ),
    (["--grid", "K_out=1,2", "--rename", "a=b"], "--rename and --keep go with --table"),
    ([], "give either --grid axes or a --table"),
    (["--table", "none.csv"], "there is no file none.csv"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[m for _, m in BAD])
def test_sweep_reports_bad_input_in_one_line(tmp_path, run, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = run("sweep", NEURON, *arguments)
    assert (code, out) == (2, "")  # before anything is computed
    assert message in err
    assert err.startswith("fastrest: error: ")
    assert err.count("\n") == 1
    assert os.listdir(tmp_path) == []


def test_table_counts_invalid_rows_by_reason(tmp_path, run):
    rows = tmp_path / "rows.csv"
    rows.write_text('id,"[K]o",P_Na\na,5,0.04\nb,-1,0.04\nc,3,nan\nd,-2,nan\n')
    code, out, _ = run(
        "sweep", NEURON, "--table", str(rows), "--rename", "[K]o=K_out", "--keep", "id"
    )
    assert code == 0
    assert "invalid  3 (2 NOT_FINITE, 1 NEGATIVE)" in out
    assert "min      -69.8119 mV at row 0: K_out=5 mM, P_Na=0.04" in out


def test_sweep_counts_invalid_points_without_a_status_array(tmp_path, run, monkeypatch):
    def status(*args, **kwargs):
        raise MemoryError("none left")

    monkeypatch.setattr(fr.Sweep, "status", status)
    axes = ["--set", "P_Na=0", "--set", "P_Cl=0", "--grid", "K_out=0,1,2", "--grid", "P_K=0,1"]
    code, out, _ = run("sweep", NEURON, *axes)
    assert code == 0
    assert "invalid  4 (3 NO_PERMEANT, 1 INFINITE)" in out


def test_grid_axes_that_do_not_fit_are_refused_before_one_is_made(run, monkeypatch):
    def make(*args):
        raise AssertionError("made an axis")

    monkeypatch.setattr(system, "memory_available", lambda: 10**9)
    monkeypatch.setattr(np, "linspace", make)
    axes = ["--grid", "K_out=1:50:20000000", "--grid", "Na_in=1:50:20000000"]
    code, _, err = run("sweep", NEURON, *axes)
    assert code == 2
    assert "this needs 1.28 GB, available are 1 GB: --grid K_out and Na_in" in err


def test_summary_of_a_sweep_larger_than_memory(run):
    axes = ["--grid", "K_out=1:50:100000:log", "--grid", "K_in=50:200:100000"]
    code, out, _ = run("sweep", NEURON, *axes, "--summary")
    assert code == 0
    assert "10,000,000,000 points" in out
    s = fr.grid(
        fr.cells[NEURON], K_out=np.geomspace(1, 50, 100_000), K_in=np.linspace(50, 200, 100_000)
    ).summary()
    assert f"mean     {s.mean:.4f} mV, sd {s.sd:.4f} mV" in out
    assert "(factored, " in out


def test_summary_adds_quantiles_and_classes(run):
    code, out, _ = run("sweep", NEURON, "--grid", "K_out=1:50:1000", "--summary")
    sweep = fr.grid(fr.cells[NEURON], K_out=np.linspace(1, 50, 1000))
    q = sweep.quantile([0.05, 0.5, 0.95])
    assert code == 0
    assert f"quantile 5 % {q[0]:.4f}, 50 % {q[1]:.4f}, 95 % {q[2]:.4f} mV" in out
    assert "class    resting: 293 (29.3 %)" in out
    assert "class    depolarisation block: 335 (33.5 %)" in out


def test_summary_of_a_cell_without_a_threshold_has_no_classes(run):
    code, out, _ = run("sweep", "glial cell", "--grid", "K_out=1:50:1000", "--summary")
    assert code == 0
    assert "quantile" in out
    assert "class " not in out


def test_sweep_resumes_a_checkpoint_and_refuses_that_of_another(tmp_path, run):
    checkpoint = ["--checkpoint", str(tmp_path / "c")]
    first = run("sweep", NEURON, "--grid", "K_out=1:50:1000", *checkpoint)
    again = run("sweep", NEURON, "--grid", "K_out=1:50:1000", *checkpoint)
    assert first[0] == again[0] == 0
    assert first[1].splitlines()[:5] == again[1].splitlines()[:5]
    code, out, err = run("sweep", NEURON, "--grid", "K_out=1:50:1001", *checkpoint)
    assert (code, out) == (2, "")
    assert "is of another sweep" in err
