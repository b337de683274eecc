"""Tables as laboratories' programs write them: the same potentials whatever the program."""

import importlib.util
import io
import sys
from pathlib import Path

import numpy as np
import pytest

import fastrest as fr

NEURON = "mammalian neuron"
DATA = Path(__file__).parents[1] / "data"
EXPORTS = sorted((DATA / "exports").iterdir())


def maker():
    spec = importlib.util.spec_from_file_location("make_exports", DATA / "make_exports.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ROWS = maker().ROWS
COLUMNS = dict(zip(("K_out", "P_Na", "celsius"), np.array([row[1:] for row in ROWS]).T))
EXPECTED = fr.table(fr.cells[NEURON], COLUMNS).values()


def kept(path):
    """Return the options that carry the column of cells, where a file has one."""
    without = ("matlab", "clampfit", "igor", "r_row_names")
    return [] if path.name.startswith(without) else ["--keep", "cell"]


def test_exports_are_those_of_their_script():
    files = maker().FILES
    assert {path.name for path in EXPORTS} == {*files}
    assert len(files) >= 20
    for path in EXPORTS:
        content = files[path.name]
        assert path.read_bytes() == (content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize("path", EXPORTS, ids=lambda path: path.name)
def test_sweep_reads_every_export(tmp_path, run, path):
    out = tmp_path / "v.npy"
    code, _, err = run("sweep", NEURON, "--table", str(path), *kept(path), "--out", str(out))
    assert code == 0, err
    np.testing.assert_allclose(np.load(out), EXPECTED, atol=1e-9)
    converted = "excel_unicode" in path.name or "utf16" in path.name
    assert ("K_out [µM] converted to mM" in err) == converted
    if kept(path):
        loaded = fr.load(out)
        assert loaded.kept["cell"].tolist() == [row[0] for row in ROWS]


@pytest.mark.parametrize("path", EXPORTS, ids=lambda path: path.name)
@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_out_writes_the_callers_rows_with_their_potentials(tmp_path, run, path, suffix):
    out = tmp_path / f"v{suffix}"
    code, _, err = run("sweep", NEURON, "--table", str(path), *kept(path), "--out", str(out))
    assert code == 0, err
    lines = out.read_text(encoding="utf-8").splitlines()
    separator = "\t" if suffix == ".tsv" else ";" if ";" in lines[0] else ","
    assert lines[0].split(separator)[-2:] == ["V", "status"]
    assert len(lines) == 1 + len(ROWS)
    header = separator.join([*lines[0].split(separator)[:-2], "before", "state"])
    out.write_text("\n".join([header, *lines[1:]]), encoding="utf-8")
    again, more = tmp_path / "again.npy", ["--keep", "before", "--keep", "state"]
    table = ["--table", str(out), *kept(path), *more]
    code, _, err = run("sweep", NEURON, *table, "--out", str(again))
    assert code == 0, err
    np.testing.assert_allclose(np.load(again), EXPECTED, atol=1e-9)
    np.testing.assert_allclose(fr.load(again).kept["before"], EXPECTED, rtol=1e-15)
    assert fr.load(again).kept["state"].tolist() == ["OK"] * len(ROWS)


def sweep(run, tmp_path, text, *options, name="rows.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return run("sweep", NEURON, "--table", str(path), *options)


GAPS = ["", "NA", "n/a", "NaN", "nan", "#N/A", "N/A", "null", "NULL", "None", "-", ".", "#DIV/0!"]


@pytest.mark.parametrize("gap", GAPS)
def test_a_missing_value_is_a_counted_row(tmp_path, run, gap):
    out = tmp_path / "v.csv"
    text = f"name,K_out\na,5\nb,{gap}\nc,8\n"
    code, text, _ = sweep(run, tmp_path, text, "--keep", "name", "--out", str(out))
    assert code == 0
    assert "invalid  1 (1 NOT_FINITE)" in text
    assert out.read_text().splitlines()[2] == f"b,{gap},,NOT_FINITE"


REFUSED = [
    ("K_out\n5\nabc\n", "line 3: column 'K_out' must be a number, or empty if it is missing"),
    ("K_out\n5\n1_0\n", "line 3: column 'K_out'"),
    ("K_out\n5\n３\n", "line 3: column 'K_out'"),
    ('K_out,Na_out\n5,"1,145"\n', "'1,145' may have a separator of thousands"),
    ('K_out,Na_out\n5,"1,145,000"\n', "may have a separator of thousands"),
    ("K_out;P_Na\n5,5;0,04\n3.5;0,04\n", "got '3.5' (the decimal mark of this table is a comma)"),
    ("K_out;P_Na\n5.5;0.04\n3,5;0.04\n", "got '3,5' (the decimal mark of this table is a point)"),
    ("K_out (mV)\n5\n", "column 'K_out (mV)' must be in mM"),
    ("celsius (F)\n98\n", "column 'celsius (F)' must be in °C"),
    ("pump_ratio (mM)\n1\n", "must be in no unit"),
    ("P_Na (cm/s)\n1e-8\n", "columns P_K, P_Na, P_Cl must all have one unit, or none"),
    ("K_out,\n5,37\n", "line 2: 2 values for 1 columns"),
    ("K_out,,P_Na\n5,37,1\n", "line 1: each column needs its own name, got ''"),
    ("K_out,K_out\n5,5\n", "line 1: each column needs its own name, got 'K_out'"),
    ("PK\x03\x04rest", "this is a workbook or another archive: save the sheet as CSV"),
    (b"\x00\x01\x02\x03" * 100, "this is not a text file"),
    (",".join(f"a{i}" for i in range(10_001)) + "\n", "may have 10,000 columns, got 10,001"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[m for _, m in REFUSED])
def test_sweep_refuses_an_ambiguous_table(tmp_path, run, text, message):
    code, out, err = sweep(run, tmp_path, text)
    assert (code, out) == (2, "")
    assert message in err
    assert "rows.csv: " in err
    assert err.count("\n") == 1


def test_sweep_says_how_it_reads_a_table(tmp_path, run):
    text = "K_out (µM);celsius (K)\n5000,0;310,15\n".encode("cp1252")
    code, out, err = sweep(run, tmp_path, text)
    assert code == 0
    for words in (
        "columns separated by semicolons",
        "decimal commas",
        "K_out (µM) converted to mM",
        "celsius (K) converted to °C",
    ):
        assert words in err
    assert "-69.8119" in out
    assert sweep(run, tmp_path, "K_out\n5\n")[2] == ""


def test_permeabilities_may_have_one_common_unit(tmp_path, run):
    text = "P_K (cm/s),P_Na (cm/s),P_Cl (cm/s)\n1e-7,4e-9,4.5e-8\n"
    code, out, _ = sweep(run, tmp_path, text)
    assert code == 0
    assert "-69.8119" in out


def test_sweep_reads_the_standard_input(monkeypatch, run):
    stdin = io.TextIOWrapper(io.BytesIO(b"K_out;P_Na\n3,0;0,04\n"))
    monkeypatch.setattr(sys, "stdin", stdin)
    code, out, err = run("sweep", NEURON, "--table", "-")
    assert code == 0
    assert "-73.9478" in out
    assert "standard input: columns separated by semicolons" in err


def test_kept_columns_keep_their_digits(tmp_path, run):
    text = "id,batch,date,K_out\n123456789012345678,007,2026-03-01,5\n100000000000000001,012,,3\n"
    out = tmp_path / "v.npy"
    options = [word for name in ("id", "batch", "date") for word in ("--keep", name)]
    code, _, err = sweep(run, tmp_path, text, *options, "--out", str(out))
    assert code == 0, err
    columns = fr.load(out).kept
    assert columns["id"].tolist() == [123456789012345678, 100000000000000001]
    assert columns["batch"].tolist() == ["007", "012"]
    assert columns["date"].tolist() == ["2026-03-01", ""]


def test_out_as_text_writes_the_points_of_a_grid(tmp_path, run):
    out = tmp_path / "v.tsv"
    grid = ["--grid", "K_out=3,5", "--grid", "P_Na=0.04,0.05", "--out", str(out)]
    assert run("sweep", NEURON, *grid)[0] == 0
    rows = [line.split("\t") for line in out.read_text().splitlines()]
    assert rows[0] == ["K_out", "P_Na", "V", "status"]
    assert [row[:2] for row in rows[1:]] == [
        ["3.0", "0.04"],
        ["3.0", "0.05"],
        ["5.0", "0.04"],
        ["5.0", "0.05"],
    ]
    expected = fr.grid(fr.cells[NEURON], K_out=[3, 5], P_Na=[0.04, 0.05]).values()
    assert [float(row[2]) for row in rows[1:]] == expected.ravel().tolist()


def test_out_as_text_refuses_a_column_with_the_name_of_a_result(tmp_path, run):
    path = tmp_path / "v.csv"
    code, _, err = sweep(run, tmp_path, "K_out,V\n5,1\n", "--keep", "V", "--out", str(path))
    assert code == 2
    assert "'V' is the name of a result: rename the column" in err
    assert not path.exists()


# ---- exit codes and hints ----


def test_a_sweep_without_a_potential_ends_with_1_and_says_why(tmp_path, run):
    code, out, err = sweep(run, tmp_path, "K_out,celsius\n5,310\n3,309\n")
    assert code == 1
    assert "invalid  2 (2 TEMPERATURE)" in out
    assert err == (
        "fastrest: warning: implausible: celsius=310 (temperatures are in °C)\n"
        "fastrest: no point has a potential: 2 with celsius outside -20 ... 100; celsius looks "
        'like kelvin: name the column "celsius (K)"\n'
    )
    code, _, err = sweep(run, tmp_path, "K_out\n-5\n\nNA\n")
    assert code == 1
    assert "1 with an input that is missing or not finite, 1 with an input below 0" in err


HINTS = [
    (["sweep", "mammalian", "neuron", "--grid", "K_out=1:5:3"], 'quotes, "mammalian neuron"'),
    (["swep", NEURON], "unknown command 'swep': did you mean sweep"),
    (["sweep", NEURON, "--table", "none.csv"], "there is no file none.csv"),
    (["sweep", "none.toml", "--grid", "K_out=1:5:3"], "there is no file or folder none.toml"),
    (["sweep", NEURON, "--grid", "P_Na=0,04,0,05"], "with a decimal point, not a comma"),
    (["sweep", NEURON, "--grid", "P_Na=0,04"], "with a decimal point, not a comma"),
    (["sweep", NEURON, "--grid", "K_out=1:1_0:3"], "--grid K_out must be a number, got '1_0'"),
    (["sweep", NEURON, "--grid", "K_out=1:10:３"], "COUNT must be a whole number >= 1"),
    (["sweep", NEURON, "--grid", "K_out=1-50"], "FIRST:LAST:COUNT, as 1:50:50"),
    (["sobol", NEURON, "--vary", "K_out=3:6"], "(uniform:3,6?)"),
    (["sobol", NEURON, "--vary", "K_out=uniform:3,６"], "high must be a number"),
    (["sweep", NEURON, "--set", "K_out=3", "--set", "K_out=4"], "--set K_out is given twice"),
    (["sweep", NEURON, "--grid", "K_out=1:5:3", "--threads", "２"], "must be a whole number"),
]


@pytest.mark.parametrize(("arguments", "message"), HINTS, ids=[m for _, m in HINTS])
def test_the_command_line_hints_at_the_remedy(
    tmp_path, run, monkeypatch, capsys, arguments, message
):
    monkeypatch.chdir(tmp_path)
    try:
        code, _, err = run(*arguments)
    except SystemExit as end:  # argparse's own way
        code, err = end.code, capsys.readouterr().err
    assert code == 2
    assert message in err
