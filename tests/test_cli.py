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
    (["--grid", "K_out=1:inf:3"], "--grid K_out must be finite, got inf"),
    (["--grid", "K_out=nan:2:3:log"], "--grid K_out must be finite, got nan"),
    (
        ["--grid", "K_out=1:2:9999999999", "--grid", "Na_in=1:2:9999999999"],
        "fewer than 2**63 points, got 9999999999 x 9999999999",
    ),
    (["--grid", "K_out=1,2", "--set", "name=5"], "--set: unknown parameter 'name'"),
    (["--grid", "K_out=1,2", "--set", "K_o=5"], "--set: unknown parameter 'K_o': did you mean"),
    (["--grid", "K_out=1,2", "--grid", "P_Na=1", "--plot", "v.png"], "two values or more on P_Na"),
    (["--grid", "K_out=1,2", "--grid", "K_out=3,4"], "--grid K_out stands twice"),
    (["--grid", "K_out"], "--grid takes NAME=..., got 'K_out'"),
    (["--grid", "K_out=1,2", "--set", "celsius=310.15"], "looks like kelvin: pass 37.0"),
    (["--grid", "K_out=1,2", "--set", "celsius=hot"], "--set celsius must be a number, got 'hot'"),
    (["--grid", "K_out=1,2", "--out", "v.csv"], "path must end in .npy, .zarr or .parquet"),
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
        "--part counts: it goes with --summary and --histogram",
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
    ([], "give --grid axes or a --table"),
    (["--table", "none.csv"], "No such file or directory: 'none.csv'"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[m for _, m in BAD])
def test_bad_input_is_one_line_and_exit_code_2(tmp_path, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, "sweep", NEURON, *arguments)
    assert (code, out) == (2, "")  # before anything is computed
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
    ("K_out\n", "line 1: no rows below the header"),
    ('K_out,"P_Na\n5,0.04\n', "line 1: unexpected end of data (a quote left open?)"),
    ('K_out,P_Na\n5,0.04\n5,"1\n5,abc\n', "line 3: unexpected end of data (a quote left open?)"),
    ('K_out,P_Na\n5,"1\n5,2\n5,"3\n', "line 2: ',' expected after '\"' (a quote left open?)"),
    ("K_out,P_Na\n5,0.04\n1_000,1\n", "line 3: column 'K_out' must be a number (nan if missing)"),
    ("K_out,P_Na\n5,0.04\n\u0665,1\n", "line 3: could not convert string"),
    ("K_out,P_Na\n5,0.04\n5," + "x" * 200_000 + "\n", "line 3: field larger than field limit"),
    ("K_out,P_Na\r5,0.04\rabc,1\r", "line 3: column 'K_out' must be a number"),
    ("K_out,P_Na\n" + 3000 * "5,0.04\n" + "5\udce9,1\n", "line 3002: 'utf-8' codec can't decode"),
    ("K_out,P_Na\n5,0.04,3\n5,0.04\n", "line 2: 3 values for 2 columns"),
]


@pytest.mark.parametrize(("text", "message"), CSV, ids=[m for _, m in CSV])
def test_malformed_csv_names_file_and_line(tmp_path, capsys, text, message):
    path = tmp_path / "rows.csv"
    content = text.encode("utf-8", "surrogateescape")
    path.write_bytes(content)
    code, _, err = run(capsys, "sweep", NEURON, "--table", str(path))
    assert code == 2
    assert message in err
    assert str(path) in err
    assert err.count("\n") == 1
    assert path.read_bytes() == content


@pytest.mark.parametrize("note", ['"two\nlines"', '"""so"", he said"', '6" pipette', '"\n\n"', ""])
def test_every_row_of_a_table_with_notes_is_read(tmp_path, capsys, note):
    rows = tmp_path / "rows.csv"
    rows.write_text(f"K_out,note\n3,{note}\n\n5,{note}\n8,{note}")
    out = tmp_path / "v.npy"
    table = ["--table", str(rows), "--keep", "note"]
    code, *_ = run(capsys, "sweep", NEURON, *table, "--out", str(out))
    expected = fr.table(fr.cells[NEURON], {"K_out": [3.0, 5.0, 8.0]}).values()
    assert code == 0
    assert np.load(out).tobytes() == expected.tobytes()


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="needs /dev/fd")
def test_a_table_may_come_through_a_pipe(capsys):
    reader, writer = os.pipe()
    with open(reader, "rb"):
        with open(writer, "w") as file:
            file.write("K_out\n3\n5\n8\n")
        code, out, _ = run(capsys, "sweep", NEURON, "--table", f"/dev/fd/{reader}")
    assert code == 0
    assert "3 points" in out
    assert "min      -73.9478 mV at row 0: K_out=3 mM" in out


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

    monkeypatch.setattr(fr.Sweep, "reduce", fail)
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


@pytest.mark.parametrize("option", ["--out", "--plot"])
def test_a_read_only_file_is_not_replaced(tmp_path, capsys, monkeypatch, option):
    path = tmp_path / ("v.npy" if option == "--out" else "v.png")
    path.write_bytes(b"precious")
    path.chmod(0o444)
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)  # root may write all
    code, out, err = run(capsys, "sweep", NEURON, "--grid", "K_out=1,2", option, str(path))
    assert (code, out) == (2, "")
    assert f"{path} cannot be written: it is read-only" in err
    assert path.read_bytes() == b"precious"
    assert os.listdir(tmp_path) == [path.name]


def test_a_folder_is_refused_before_anything_is_computed(tmp_path, capsys):
    (tmp_path / "v.npy").mkdir()
    path = str(tmp_path / "v.npy")
    code, out, err = run(capsys, "sweep", NEURON, "--grid", "K_out=1,2", "--out", path)
    assert (code, out) == (2, "")
    assert "v.npy is a folder" in err


def test_a_link_stays_and_its_target_is_written(tmp_path, capsys):
    target, link = tmp_path / "far" / "data.npy", tmp_path / "v.npy"
    target.parent.mkdir()
    target.write_bytes(b"old")
    link.symlink_to(target)
    code, *_ = run(capsys, "sweep", NEURON, "--grid", "K_out=1,2", "--out", str(link))
    assert code == 0
    assert link.is_symlink()
    assert np.load(target).shape == (2,)
    assert sorted(os.listdir(target.parent)) == ["data.npy", "data.npy.json"]


def test_a_picture_that_fails_takes_no_values_with_it(tmp_path, capsys, monkeypatch):
    figure = pytest.importorskip("matplotlib.figure")

    def fail(*args, **kwargs):
        raise RuntimeError("latex was not able\nto process")

    monkeypatch.setattr(figure.Figure, "savefig", fail)
    paths = str(tmp_path / "v.npy"), str(tmp_path / "v.pgf")
    code, out, err = run(
        capsys, "sweep", NEURON, "--grid", "K_out=1,2", "--out", paths[0], "--plot", paths[1]
    )
    assert code == 2
    assert f"wrote    {paths[0]}\n" in out
    assert err == f"fastrest: error: {paths[1]} cannot be drawn: latex was not able to process\n"
    assert sorted(os.listdir(tmp_path)) == ["v.npy", "v.npy.json"]


def test_invalid_points_are_counted_without_an_array_of_their_own(tmp_path, capsys, monkeypatch):
    def status(*args, **kwargs):
        raise MemoryError("none left")

    monkeypatch.setattr(fr.Sweep, "status", status)
    axes = ["--set", "P_Na=0", "--set", "P_Cl=0", "--grid", "K_out=0,1,2", "--grid", "P_K=0,1"]
    code, out, _ = run(capsys, "sweep", NEURON, *axes)
    assert code == 0
    assert "invalid  4 (3 NO_PERMEANT, 1 INFINITE)" in out


def test_axes_that_do_not_fit_are_refused_before_one_is_made(capsys, monkeypatch):
    def make(*args):
        raise AssertionError("made an axis")

    monkeypatch.setattr(fr.engine, "memory_available", lambda: 10**9)
    monkeypatch.setattr(np, "linspace", make)
    axes = ["--grid", "K_out=1:50:20000000", "--grid", "Na_in=1:50:20000000"]
    code, _, err = run(capsys, "sweep", NEURON, *axes)
    assert code == 2
    assert "this needs 1.28 GB, available are 1 GB: --grid K_out and Na_in" in err


def test_a_sweep_larger_than_memory_is_summed_up(capsys):
    axes = ["--grid", "K_out=1:50:100000:log", "--grid", "K_in=50:200:100000"]
    code, out, _ = run(capsys, "sweep", NEURON, *axes, "--summary")
    assert code == 0
    assert "10,000,000,000 points" in out
    s = fr.grid(
        fr.cells[NEURON], K_out=np.geomspace(1, 50, 100_000), K_in=np.linspace(50, 200, 100_000)
    ).summary()
    assert f"mean     {s.mean:.4f} mV, sd {s.sd:.4f} mV" in out
    assert "(factored, " in out


def test_summary_adds_quantiles_and_classes(capsys):
    code, out, _ = run(capsys, "sweep", NEURON, "--grid", "K_out=1:50:1000", "--summary")
    sweep = fr.grid(fr.cells[NEURON], K_out=np.linspace(1, 50, 1000))
    q = sweep.quantile([0.05, 0.5, 0.95])
    assert code == 0
    assert f"quantile 5 % {q[0]:.4f}, 50 % {q[1]:.4f}, 95 % {q[2]:.4f} mV" in out
    assert "class    resting: 293 (29.3 %)" in out
    assert "class    depolarisation block: 335 (33.5 %)" in out


def test_a_cell_without_a_threshold_is_summed_up_without_classes(capsys):
    code, out, _ = run(capsys, "sweep", "glial cell", "--grid", "K_out=1:50:1000", "--summary")
    assert code == 0
    assert "quantile" in out
    assert "class " not in out


def test_parts_are_merged_into_what_the_whole_prints(tmp_path, capsys):
    rows = tmp_path / "rows.csv"
    K_out = np.random.default_rng(1).uniform(-0.1, 50, 150_000)
    np.savetxt(rows, K_out, header="K_out", comments="")
    sweep = ["sweep", NEURON, "--table", str(rows), "--histogram", str(tmp_path / "h.png")]
    tallies = [str(tmp_path / f"{k}.tally") for k in range(3)]
    for k, tally in enumerate(tallies):
        code, out, _ = run(capsys, *sweep, "--part", f"{k}/3", "--tally", tally)
        assert code == 0
        assert out.startswith(f"wrote    {tally}: <Tally of ")
    assert not (tmp_path / "h.png").exists()
    code, merged, _ = run(capsys, "merge", *tallies, "--histogram", str(tmp_path / "m.png"))
    assert code == 0
    assert (tmp_path / "m.png").stat().st_size > 5000
    code, whole, _ = run(capsys, *sweep)
    assert merged.splitlines()[:5] == whole.splitlines()[:5]
    assert (tmp_path / "h.png").read_bytes() == (tmp_path / "m.png").read_bytes()


def test_tallies_that_leave_points_out_are_not_merged(tmp_path, capsys):
    tally = str(tmp_path / "0.tally")
    axis = "K_out=1:50:200000"
    run(capsys, "sweep", NEURON, "--grid", axis, "--part", "0/2", "--tally", tally)
    code, out, err = run(capsys, "merge", tally)
    assert (code, out) == (2, "")
    assert "these tallies leave out the points 131,072 to 200,000" in err
    code, _, err = run(capsys, "merge", tally, tally)
    assert code == 2
    assert "are in two of these tallies" in err


def test_a_histogram_that_was_not_counted_cannot_be_drawn(tmp_path, capsys):
    tally = str(tmp_path / "t")
    run(capsys, "sweep", NEURON, "--grid", "K_out=1,2", "--part", "0/1", "--tally", tally)
    code, _, err = run(capsys, "merge", tally, "--histogram", str(tmp_path / "h.png"))
    assert code == 2
    assert "these tallies have none" in err
    assert os.listdir(tmp_path) == ["t"]


def test_a_checkpoint_is_gone_on_with_and_refused_for_another_sweep(tmp_path, capsys):
    checkpoint = ["--checkpoint", str(tmp_path / "c")]
    first = run(capsys, "sweep", NEURON, "--grid", "K_out=1:50:1000", *checkpoint)
    again = run(capsys, "sweep", NEURON, "--grid", "K_out=1:50:1000", *checkpoint)
    assert first[0] == again[0] == 0
    assert first[1].splitlines()[:5] == again[1].splitlines()[:5]
    code, out, err = run(capsys, "sweep", NEURON, "--grid", "K_out=1:50:1001", *checkpoint)
    assert (code, out) == (2, "")
    assert "is of another sweep" in err


@pytest.mark.parametrize("name", ["v.zarr", "v.parquet"])
def test_out_writes_folders_too(tmp_path, capsys, name):
    path = str(tmp_path / name)
    code, out, _ = run(capsys, "sweep", NEURON, "--grid", "K_out=1:50:1000", "--out", path)
    assert code == 0
    assert f"wrote    {path}" in out
    assert fr.load(path) == fr.grid(fr.cells[NEURON], K_out=np.linspace(1, 50, 1000))


@pytest.mark.parametrize("arguments", [[], ["sweep"], ["nothing"], ["sweep", NEURON, "--no"]])
def test_wrong_usage_exits_with_2(capsys, arguments):
    with pytest.raises(SystemExit) as exit_:
        cli.main(arguments)
    assert exit_.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["sobol", NEURON, "--vary", "K_out=uniform:3,6", "--csv", "a.csv", "--csv", "b.csv"],
        ["sobol", NEURON, "--between", "-80", "-60", "--between", "-70", "-60"],
        ["sweep", NEURON, "--grid", "K_out=1,2", "--out", "a.npy", "--out", "a.npy"],
        ["sweep", NEURON, "--grid", "K_out=1,2", "--threads", "1", "--threads=2"],
    ],
)
def test_an_option_that_stands_once_is_not_given_twice(capsys, arguments):
    with pytest.raises(SystemExit) as exit_:
        cli.main(arguments)
    assert exit_.value.code == 2
    assert capsys.readouterr().err.endswith(": given twice\n")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_exits_with_130_and_leaves_no_whole_file(tmp_path):
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
    assert not out.exists()  # what is done stands beside it, to be gone on with
    assert set(os.listdir(tmp_path)) <= {"v.npy.part", "v.npy.part.json"}


def test_a_closed_pipe_is_not_an_error():
    command = f'"{sys.executable}" -m fastrest cells | head -1; exit ${{PIPESTATUS[0]}}'
    if sys.platform == "win32":
        pytest.skip("needs bash")
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""


@pytest.mark.parametrize("module", ["zarr", "pyarrow"])
def test_a_missing_package_is_told_before_anything_is_computed(
    tmp_path, capsys, monkeypatch, module
):
    for name in (module, "pyarrow.parquet"):  # the latter may have been imported before
        monkeypatch.setitem(sys.modules, name, None)
    suffix = {"zarr": "zarr", "pyarrow": "parquet"}[module]
    path = str(tmp_path / f"v.{suffix}")
    code, out, err = run(capsys, "sweep", NEURON, "--grid", "K_out=1,2", "--out", path)
    assert (code, out) == (2, "")
    assert f".{suffix} needs {module}: pip install 'fastrest-ghk[{suffix}]'" in err
    assert os.listdir(tmp_path) == []


# ---- populations ----

PLAN = """\
cell = "mammalian neuron"
n = 150_000
rng = 1
[vary]
P_Na = "lognormal:cv=0.5"
K_out = "uniform:3,6"
[conditions.control]
[conditions."high K"]
state = "hyperkalaemia"
[conditions.leaky]
P_Na = "times:3"
[[accept]]
between = [-75, -60]
[[accept]]
change = ["control", "high K"]
range = [2, 5]
"""


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(PLAN)
    return str(path)


@pytest.fixture(scope="module")
def pop():
    space = fr.space(fr.cells[NEURON], P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
    return space.population(
        150_000,
        rng=1,
        conditions={
            "control": {},
            "high K": fr.states["hyperkalaemia"],
            "leaky": {"P_Na": fr.times(3)},
        },
        accept=[fr.between(-75, -60), fr.change("control", "high K", 2, 5)],
    )


def test_the_example_plan_is_printed_and_runs(tmp_path, capsys):
    code, text, _ = run(capsys, "population", "--example")
    assert code == 0
    path = tmp_path / "plan.toml"
    path.write_text(text)
    code, out, _ = run(capsys, "population", str(path), "--n", "10000")
    assert code == 0
    assert "10,000 candidates, 7 parameters vary (method random, rng 1)" in out


def test_a_population_is_reported_with_all_that_is_asked_first(plan, capsys, pop):
    code, out, _ = run(capsys, "population", plan)
    text = " ".join(out.split())
    low, high = (f"{100 * x:.4g}" for x in pop.interval)
    alone = pop.rejected_only_by
    assert code == 0
    assert f"accepted {pop.accepted:,} (" in text
    assert f"95 % interval {low} ... {high} %" in text
    for one, n in pop.rejected_by.items():
        line = next(line for line in out.splitlines() if line.startswith(f"  {one!r}"))
        counts = [f"{count:,}" for count in (n, alone[one], n - alone[one])]
        words = line.removeprefix(f"  {one!r}").split()
        assert [word for word in words if word.replace(",", "").isdecimal()] == counts
    for name in pop.conditions:
        s, (q5, q95) = pop.summary(name), pop.quantile(name, [0.05, 0.95])
        assert f"{name} {s.mean:.2f} {s.sd:.2f} {q5:.2f} {q95:.2f}" in text
    n = pop.transition("control", "leaky")["resting", "suprathreshold"]
    assert f"from control to leaky: {n:,} (" in text
    assert "condition high K is the state hyperkalaemia (textbook; " in text
    assert fr.states["hyperkalaemia"].source in text


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".parquet"])
def test_accepted_cells_are_written(tmp_path, plan, capsys, pop, suffix):
    pd = pytest.importorskip("pandas")
    path = tmp_path / f"a{suffix}"
    code, out, _ = run(capsys, "population", plan, "--out", str(path))
    assert code == 0
    assert f"wrote    {path}: {pop.accepted:,} cells" in out
    read = {
        ".csv": pd.read_csv,
        ".parquet": pd.read_parquet,
        ".npz": lambda p: pd.DataFrame({n: x for n, x in np.load(p).items() if n != "units"}),
    }[suffix]
    pd.testing.assert_frame_equal(read(path), pop.to_dataframe())


def test_a_population_is_drawn(tmp_path, plan, capsys):
    path = tmp_path / "p.png"
    code, out, _ = run(capsys, "population", plan, "--n", "1000", "--plot", str(path))
    assert code == 0
    assert out.endswith(f"wrote    {path}\n")
    assert path.stat().st_size > 20_000


def test_another_number_of_candidates_and_seed_may_be_asked_for(plan, capsys):
    code, out, _ = run(capsys, "population", plan, "--n", "123", "--rng", "9")
    assert code == 0
    assert "123 candidates, 2 parameters vary (method random, rng 9)" in out


def test_a_calibration_that_nobody_meets_names_the_counts_and_is_no_error(tmp_path, plan, capsys):
    (tmp_path / "plan.toml").write_text(PLAN.replace("[-75, -60]", "[10, 20]"))
    files = ["--out", str(tmp_path / "a.csv"), "--plot", str(tmp_path / "p.png")]
    code, out, err = run(capsys, "population", plan, "--n", "10000", *files)
    assert (code, err) == (0, "")
    assert "accepted 0 (0 %, 95 % interval 0 ... 0.0384 %)" in out
    assert "nobody meets all criteria; rejected: 10,000 by between(10, 20), " in out
    assert (tmp_path / "a.csv").read_text().count("\n") == 1
    assert (tmp_path / "p.png").exists()


def test_candidates_without_potentials_are_counted_by_reason(plan, tmp_path, capsys):
    nothing = "[set]\nP_K = 0\nP_Cl = 0\n[vary]\nK_out = 'uniform:3,6'\n"
    (tmp_path / "plan.toml").write_text(
        f"cell = '{NEURON}'\nn = 9\n{nothing}[conditions.a]\nP_Na = 0\n"
    )
    code, out, _ = run(capsys, "population", plan)
    assert code == 0
    assert "invalid  9 (9 NO_PERMEANT)" in out
    assert "nobody has a potential under every condition" in out


def test_a_cell_without_a_threshold_has_a_population_without_classes(plan, tmp_path, capsys):
    text = PLAN.replace(NEURON, "glial cell").replace("[-75, -60]", "[-95, -60]")
    (tmp_path / "plan.toml").write_text(text.replace("[2, 5]", "[-50, 50]"))
    code, out, _ = run(capsys, "population", plan, "--n", "1000")
    assert code == 0
    assert "accepted cells, mV" in out
    assert "resting" not in out


def test_parts_of_a_population_are_merged_into_the_whole(tmp_path, plan, capsys):
    tallies = [str(tmp_path / f"{k}.tally") for k in range(3)]
    for k, tally in enumerate(tallies):
        code, out, _ = run(capsys, "population", plan, "--part", f"{k}/3", "--tally", tally)
        assert code == 0
        assert out.startswith(f"wrote    {tally}: ")
    outs = [str(tmp_path / name) for name in ("m.csv", "w.csv")]
    plots = [str(tmp_path / name) for name in ("m.png", "w.png")]
    code, merged, _ = run(capsys, "merge", *tallies, "--out", outs[0], "--plot", plots[0])
    assert code == 0
    code, whole, _ = run(capsys, "population", plan, "--out", outs[1], "--plot", plots[1])
    lines = merged.splitlines()[:-2]
    assert lines == whole.splitlines()[: len(lines)]
    for a, b in (outs, plots):
        with open(a, "rb") as one, open(b, "rb") as other:
            assert one.read() == other.read()


def test_a_checkpoint_of_a_population_is_gone_on_with(tmp_path, plan, capsys):
    checkpoint = ["--checkpoint", str(tmp_path / "c"), "--threads", "1"]
    first = run(capsys, "population", plan, *checkpoint)
    again = run(capsys, "population", plan, *checkpoint)
    assert first[0] == again[0] == 0
    assert first[1].splitlines()[:-1] == again[1].splitlines()[:-1]
    code, out, err = run(capsys, "population", plan, "--n", "9", *checkpoint)
    assert (code, out) == (2, "")
    assert "is of another population" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give a PLAN.toml, or --example"),
        (["nowhere.toml"], "nowhere.toml"),
        (["PLAN", "--n", "0"], "plan.toml: n must be a whole number >= 1, got 0"),
        (["PLAN", "--out", "a.xlsx"], "unknown suffix '.xlsx': known are .csv, .npz, .parquet"),
        (["PLAN", "--plot", "a.foo"], "--plot must end in one of"),
        (["PLAN", "--out", "a.csv", "--plot", "a.csv"], "every file needs its own name, got"),
        (["PLAN", "--out", "no/a.csv"], "no/a.csv cannot be written: there is no folder"),
        (["PLAN", "--part", "0/2"], "--part K/N and --tally FILE go together"),
        (["PLAN", "--part", "x", "--tally", "t"], "--part K/N and --tally FILE go together"),
        (
            ["PLAN", "--part", "0/2", "--tally", "no/t"],
            "no/t cannot be written: there is no folder",
        ),
        (["PLAN", "--part", "0/2", "--tally", "t", "--out", "a.csv"], "--part counts: give --out"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_request_for_a_population_is_one_line(
    plan, tmp_path, capsys, monkeypatch, options, message
):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, "population", *(plan if o == "PLAN" else o for o in options))
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert os.listdir(tmp_path) == ["plan.toml"]


def test_what_is_of_sweeps_and_what_of_populations_is_told_apart(tmp_path, plan, capsys):
    sweep, cohort = str(tmp_path / "s"), str(tmp_path / "p")
    run(capsys, "sweep", NEURON, "--grid", "K_out=1,2", "--part", "0/1", "--tally", sweep)
    run(capsys, "population", plan, "--n", "9", "--part", "0/1", "--tally", cohort)
    code, _, err = run(capsys, "merge", sweep, "--plot", str(tmp_path / "m.png"))
    assert code == 2
    assert "--out and --plot are of a population, and these tallies are of a sweep" in err
    code, _, err = run(capsys, "merge", cohort, "--histogram", str(tmp_path / "m.png"))
    assert code == 2
    assert "--histogram is of a sweep: give --plot" in err


@pytest.mark.parametrize("suffix", [".csv", ".npz"])
def test_members_that_fail_to_be_written_leave_the_old_file(
    tmp_path, plan, capsys, monkeypatch, suffix
):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"precious")

    def fail(*args, **kwargs):
        raise OSError("the disk is full")

    monkeypatch.setitem(fr.members.WRITERS, suffix, fail)
    code, _, err = run(capsys, "population", plan, "--n", "99", "--out", str(path))
    assert code == 2
    assert "the disk is full" in err
    assert path.read_bytes() == b"precious"
    assert sorted(os.listdir(tmp_path)) == [path.name, "plan.toml"]


def test_a_missing_pyarrow_is_told_before_a_population_is_drawn(
    tmp_path, plan, capsys, monkeypatch
):
    for name in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)
    code, out, err = run(capsys, "population", plan, "--out", str(tmp_path / "a.parquet"))
    assert (code, out) == (2, "")
    assert ".parquet needs pyarrow: pip install 'fastrest-ghk[parquet]'" in err


# ---- sensitivity ----

VARY = ["--vary", "P_Na=lognormal:cv=0.5", "--vary", "K_out=uniform:3,6"]


def test_indices_are_printed_and_written(tmp_path, capsys):
    csv_file, picture = tmp_path / "i.csv", tmp_path / "i.png"
    asked = ["sobol", "mammalian neuron", *VARY, "--csv", str(csv_file), "--plot", str(picture)]
    assert cli.main(asked) == 0
    text = capsys.readouterr().out
    assert "exact within" in text
    rows = csv_file.read_text().splitlines()
    assert rows[0] == "input,S1,S1_conf,ST,ST_conf"
    space = fr.space(
        fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6)
    )
    assert float(rows[1].split(",")[3]) == pytest.approx(space.sobol()["ST"][0], abs=1e-9)
    assert picture.stat().st_size > 1000


def test_indices_of_a_range_are_sampled(capsys):
    options = ["--samples", "4096", "--between", "-72", "-66", "--rng", "1"]
    assert cli.main(["sobol", "mammalian neuron", *VARY, *options]) == 0
    first = capsys.readouterr().out.split("time")[0]
    assert "-72 <= V <= -66 mV" in first
    assert "rng 1" in first
    assert cli.main(["sobol", "mammalian neuron", *VARY, *options, "--threads", "2"]) == 0
    assert capsys.readouterr().out.split("time")[0] == first
    assert cli.main(["sobol", "mammalian neuron", *VARY, "--until", "0.05"]) == 0
    assert "rng" in capsys.readouterr().out  # fresh entropy is told


def test_points_without_a_potential_can_be_left_out(capsys):
    # where Na_in is below 1e-148, its product with P_Na leaves the normal doubles
    tiny = ["--set", "P_K=0", "--set", "P_Cl=0", "--set", "P_Na=1e-160"]
    asked = ["sobol", NEURON, *tiny, "--vary", "Na_in=loguniform:1e-200,1", "--rng", "1"]
    assert cli.main([*asked, "--samples", "256"]) == 2
    assert "of the sample have no potential" in capsys.readouterr().err
    assert cli.main([*asked, "--samples", "256", "--nan-policy", "omit"]) == 0
    assert "RANGE" in capsys.readouterr().out


def test_the_gradient_of_a_cell_is_printed(capsys):
    assert cli.main(["gradient", "mammalian neuron", "--set", "K_out=5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    slopes = {line.split()[0]: line.split() for line in lines[2:]}
    assert float(slopes["K_out"][3]) == pytest.approx(1.91589, abs=1e-5)
    assert slopes["celsius"][-1] == "°C)"


def test_text_that_a_terminal_cannot_show_does_not_fail():
    command = [sys.executable, "-m", "fastrest", "sobol", "mammalian neuron", *VARY]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [*command, "--samples", "64", "--rng", "1"], capture_output=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert b"P_Na" in done.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give --vary NAME=DISTRIBUTION, as --vary K_out=uniform:3,6"),
        (["--vary", "K_out=uniform"], "--vary K_out: uniform"),
        (["--vary", "K_out=unifrm:3,6"], "--vary K_out: unknown distribution 'unifrm'"),
        ([*VARY, "--vary", "K_out=uniform:3,6"], "--vary K_out stands twice"),
        ([*VARY, "--between", "-80", "-60"], "--between goes with a sample: give --samples N"),
        ([*VARY, "--rng", "5"], "--rng goes with a sample: give --samples N or --until WIDTH"),
        ([*VARY, "--nan-policy", "omit"], "--nan-policy goes with a sample"),
        ([*VARY, "--csv", "x.txt"], "x.txt must end in .csv"),
        ([*VARY, "--csv", "./x.svg", "--plot", "x.svg"], "every file needs its own name"),
        ([*VARY, "--samples", "0"], "n must be a whole number >= 1, got 0"),
        ([*VARY, "--plot", "x.doc"], "--plot must end in one of"),
        (["--vary", "K_out=normal:sd=1"], "K_out: normal(mean=5, sd=1) reaches below 0 mM"),
    ],
)
def test_a_mistake_about_indices_is_one_line(options, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["sobol", "mammalian neuron", *options]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error
    assert not list(tmp_path.iterdir())


def test_a_cell_without_a_potential_has_no_gradient(capsys):
    off = ["--set", "P_K=0", "--set", "P_Na=0", "--set", "P_Cl=0"]
    assert cli.main(["gradient", "mammalian neuron", *off]) == 2
    assert "has no potential, hence no gradient: NO_PERMEANT" in capsys.readouterr().err


# ---- files keep out of each other's way ----


def test_what_is_merged_is_not_written_over(tmp_path, capsys):
    space = fr.space(fr.cells[NEURON], P_Na=fr.lognormal(cv=0.5))
    tally = tmp_path / "t.csv"
    space.population(1000, rng=1).save_counts(tally)
    before = tally.read_bytes()
    assert cli.main(["merge", str(tally), "--out", str(tally)]) == 2
    assert "every file needs its own name" in capsys.readouterr().err
    assert tally.read_bytes() == before


def test_units_beside_members_take_nobodys_place(tmp_path, capsys):
    plan, out = tmp_path / "plan.toml", tmp_path / "x.csv"
    assert cli.main(["population", "--example"]) == 0
    plan.write_text(capsys.readouterr().out)
    asked = ["population", str(plan), "--n", "2000", "--out", str(out)]
    beside = tmp_path / "x.csv.units.json"
    assert cli.main([*asked, "--checkpoint", str(beside)]) == 2
    assert "every file needs its own name" in capsys.readouterr().err
    beside.write_text("my own notes")
    mine = tmp_path / "x.csv.writing"
    mine.write_text("mine")
    assert cli.main(asked) == 2
    assert "x.csv.units.json is in the way" in capsys.readouterr().err
    assert beside.read_text() == "my own notes"
    assert not out.exists()
    beside.unlink()
    assert cli.main(asked) == 0
    assert cli.main(asked) == 0  # units of an earlier run are replaced
    assert mine.read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "plan.toml",
        "x.csv",
        "x.csv.units.json",
        "x.csv.writing",
    ]
