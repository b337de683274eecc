"""The command line as a user meets it: output, files, one-line errors, exit codes."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import fastrest as fr
from fastrest import cli

NEURON = "mammalian neuron"


def run(capsys, *arguments):
    code = cli.main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_cells_lists_every_preset_with_its_source(capsys):
    code, out, _ = run(capsys, "cells")
    assert code == 0
    for name, cell in fr.cells.items():
        assert f"{name}: {cell.potential():.2f} mV" in out
        assert cell.source in out


def test_info_prints_what_info_returns(capsys):
    code, out, _ = run(capsys, "info")
    assert code == 0
    assert f"isa: {fr.info()['isa']}" in out.splitlines()


def test_sweep_prints_points_extremes_and_their_parameters(capsys):
    code, out, _ = run(capsys, "sweep", NEURON, "--grid", "K_out=1:50:5", "--grid", "P_Na=0.01,0.1")
    values = fr.grid(fr.cells[NEURON], K_out=np.linspace(1, 50, 5), P_Na=[0.01, 0.1]).values()
    assert code == 0
    assert "10 points (K_out 5 x P_Na 2)" in out
    assert f"min      {values.min():.4f} mV at K_out=1 mM, P_Na=0.01" in out
    assert f"mean     {values.mean():.4f} mV" in out
    assert f"max      {values.max():.4f} mV at K_out=50 mM, P_Na=0.1" in out
    assert "invalid  0" in out


def test_log_axis_is_geometric(tmp_path, capsys):
    out = tmp_path / "v.npy"
    code, *_ = run(capsys, "sweep", NEURON, "--grid", "K_out=1:50:7:log", "--out", str(out))
    expected = fr.grid(fr.cells[NEURON], K_out=np.geomspace(1, 50, 7)).values()
    assert code == 0
    assert np.load(out).tobytes() == expected.tobytes()


def test_set_changes_the_cell(tmp_path, capsys):
    out = tmp_path / "v.npy"
    run(capsys, "sweep", NEURON, "--grid", "K_out=3,5", "--set", "celsius=36", "--out", str(out))
    expected = fr.grid(fr.cells[NEURON].replace(celsius=36.0), K_out=[3.0, 5.0]).values()
    assert np.load(out).tobytes() == expected.tobytes()


def test_table_counts_invalid_rows_by_reason_and_keeps_the_others(tmp_path, capsys):
    rows = tmp_path / "rows.csv"
    rows.write_text('id,"[K]o",P_Na\na,5,0.04\nb,-1,0.04\nc,3,nan\nd,-2,nan\n')
    code, out, _ = run(
        capsys, "sweep", NEURON, "--table", str(rows), "--rename", "[K]o=K_out", "--keep", "id"
    )
    assert code == 0
    assert "invalid  3 (2 NOT_FINITE, 1 NEGATIVE)" in out
    assert "min      -69.8119 mV at row 0: K_out=5 mM, P_Na=0.04" in out


def test_a_cell_may_come_from_a_toml_file(tmp_path, capsys):
    path = tmp_path / "my.toml"
    path.write_text(
        "celsius = 37.0\nK = { P = 1.0, out = 4.5, in = 140.0 }\n"
        "Na = { P = 0.01, out = 145.0, in = 15.0 }\n"
    )
    code, out, _ = run(capsys, "sweep", str(path), "--grid", "pump_ratio=1,1.5")
    assert code == 0
    assert "min      -86.6929 mV at pump_ratio=1.5" in out
    assert "max      -84.4381 mV at pump_ratio=1" in out


@pytest.mark.parametrize("name", ["v.png", "v.pdf", "v.svg"])
@pytest.mark.parametrize("axes", [["K_out=1:50:20"], ["K_out=1:50:20:log", "P_Na=0.01:0.5:9"]])
def test_plot_writes_a_picture(tmp_path, capsys, name, axes):
    pytest.importorskip("matplotlib")
    path = tmp_path / name
    grid = [part for axis in axes for part in ("--grid", axis)]
    code, *_ = run(capsys, "sweep", NEURON, *grid, "--plot", str(path))
    assert code == 0
    assert path.stat().st_size > 5000
    assert os.listdir(tmp_path) == [name]


BAD = [
    (["--grid", "K_out=1:50"], "--grid K_out takes FIRST:LAST:COUNT"),
    (["--grid", "K_out=1:50:ten"], "COUNT must be a whole number >= 1, got 'ten'"),
    (["--grid", "K_out=1:50:0"], "COUNT must be a whole number >= 1, got '0'"),
    (["--grid", "K_out=0:5:5:log"], "a log axis needs ends > 0, got 0 and 5"),
    (["--grid", "K_out=a,b"], "--grid K_out must be a number, got 'a'"),
    (["--grid", "K_o=1,2"], "unknown parameter 'K_o': did you mean K_out or K_in?"),
    (["--grid", "K_out=-1,2"], "K_out must be >= 0 mM, got -1.0 (value 0 of 2)"),
    (["--grid", "K_out=1,2", "--grid", "K_out=3,4"], "--grid K_out stands twice"),
    (["--grid", "K_out"], "--grid takes NAME=..., got 'K_out'"),
    (["--grid", "K_out=1,2", "--set", "celsius=310.15"], "looks like kelvin: pass 37.0"),
    (["--grid", "K_out=1,2", "--set", "celsius=hot"], "--set celsius must be a number, got 'hot'"),
    (["--grid", "K_out=1,2", "--out", "v.csv"], "v.csv must end in .npy"),
    (["--grid", "K_out=1,2", "--plot", "v.xyz"], "--plot must end in one of"),
    (["--grid", "K_out=1,2", "--threads", "0"], "threads must be a whole number >= 1, got 0"),
    (["--grid", "K_out=1:2:1000000", "--grid", "P_Na=1:2:1000000"], "this needs 8 TB"),
    (["--grid", "K_out=1:2:99999999999999"], "this needs 800 TB"),
    (["--grid", "K_out=1,2", "--out", "no/v.npy"], "no/v.npy cannot be written: No such file"),
    (["--grid", "K_out=1,2", "--rename", "a=b"], "--rename and --keep go with --table"),
    ([], "give --grid axes or a --table"),
    (["--table", "none.csv"], "No such file or directory: 'none.csv'"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[m for _, m in BAD])
def test_bad_input_is_one_line_and_exit_code_2(tmp_path, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, _, err = run(capsys, "sweep", NEURON, *arguments)
    assert code == 2
    assert message in err
    assert err.startswith("fastrest: error: ")
    assert err.count("\n") == 1
    assert os.listdir(tmp_path) == []


CSV = [
    ("K_out,P_Na\n5,0.04\nabc,0.04\n", "line 3: column 'K_out' must be a number"),
    ("K_out,P_Na\n5,0.04\n\n1,0.04,3\n", "line 4: 3 values for 2 columns"),
    ("K_out,P_Na\n5,0.04\n5\n", "line 3: 1 values for 2 columns"),
    ("K_out,P_Na\n5,\n", "line 2: column 'P_Na' must be a number (nan if missing), got ''"),
    ("K_out,K_out\n5,5\n", "line 1: each column needs its own name, got 'K_out'"),
    ("K_out,cell\n5,5\n", "column 'cell': unknown parameter 'cell'"),
    ("", "line 1: a header with column names is needed"),
    ("K_out\n", "no rows below the header"),
]


@pytest.mark.parametrize(("text", "message"), CSV, ids=[m for _, m in CSV])
def test_malformed_csv_names_file_and_line(tmp_path, capsys, text, message):
    path = tmp_path / "rows.csv"
    path.write_text(text)
    code, _, err = run(capsys, "sweep", NEURON, "--table", str(path))
    assert code == 2
    assert message in err
    assert str(path) in err
    assert path.read_text() == text


def test_an_unknown_cell_gets_the_nearest_names(capsys):
    code, _, err = run(capsys, "sweep", "mamalian neuron", "--grid", "K_out=1,2")
    assert code == 2
    assert "did you mean mammalian neuron" in err


@pytest.mark.parametrize("option", ["--out", "--plot"])
def test_an_error_leaves_existing_files_as_they_were(tmp_path, capsys, monkeypatch, option):
    path = tmp_path / ("v.npy" if option == "--out" else "v.png")
    path.write_bytes(b"precious")

    def fail(*args, **kwargs):
        raise MemoryError("none left")

    monkeypatch.setattr(fr.Sweep, "values", fail)
    code, _, err = run(capsys, "sweep", NEURON, "--grid", "K_out=1,2", option, str(path))
    assert code == 2
    assert "none left" in err
    assert path.read_bytes() == b"precious"
    assert os.listdir(tmp_path) == [path.name]


def test_success_replaces_an_existing_file(tmp_path, capsys):
    path = tmp_path / "v.npy"
    path.write_bytes(b"old")
    code, *_ = run(capsys, "sweep", NEURON, "--grid", "K_out=1,2", "--out", str(path))
    assert code == 0
    assert np.load(path).shape == (2,)


@pytest.mark.parametrize("arguments", [[], ["sweep"], ["nothing"], ["sweep", NEURON, "--no"]])
def test_wrong_usage_exits_with_2(capsys, arguments):
    with pytest.raises(SystemExit) as exit_:
        cli.main(arguments)
    assert exit_.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_exits_with_130_and_leaves_no_file(tmp_path):
    out = tmp_path / "v.npy"
    grid = ["--grid", "K_out=1:50:20000", "--grid", "P_Na=0.01:0.5:20000"]  # 3.2 GB, to a file
    command = [sys.executable, "-m", "fastrest", "sweep", NEURON, *grid, "--out", str(out)]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, cwd=tmp_path
    )
    deadline = time.monotonic() + 30
    while not os.listdir(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.01)  # the temporary file shows that the sweep is about to run
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert err == "fastrest: interrupted\n"
    assert os.listdir(tmp_path) == []


def test_a_closed_pipe_is_not_an_error():
    command = f'"{sys.executable}" -m fastrest cells | head -1; exit ${{PIPESTATUS[0]}}'
    if sys.platform == "win32":
        pytest.skip("needs bash")
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
