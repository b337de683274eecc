"""Tables and options with two meanings are refused, and never read in silence as one of them."""

import numpy as np
import pytest

import fastrest as fr
from fastrest.cli.option_values import distribution_of
from fastrest.physiology.multiples import change_of
from fastrest.points.derived import derived_of

NEURON = "mammalian neuron"
CELL = fr.cells[NEURON]


@pytest.mark.parametrize(
    "header", ["K_out (mM),K_out (M)", "K_out,K_out (uM)", "T (K),celsius", "T (K),T (C)"]
)
def test_two_columns_of_one_parameter_are_refused(tmp_path, run, header):
    path = tmp_path / "rows.csv"
    path.write_text(f"{header}\n5,5\n")
    code, out, err = run("sweep", NEURON, "--table", str(path))
    assert (code, out) == (2, "")
    assert "line 1: columns" in err
    assert "both have values of" in err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# a\nK_out,P_Na\n3,0.04\n# b\n8,0.04\n", [3, 8]),
        ("K_out\n3\n# b, with a comma\n% c\n8\n", [3, 8]),
        ("K_out,P_Na\n#N/A,0.04\n#NV,0.04\n8,0.04\n", [np.nan, np.nan, 8]),
        ("K_out,T (K)\n3,310.15\n", [3]),
        ("K_out,Temperature [\u00b0C]\n3,37\n", [3]),
        ("K_out\n\u22123\n8\n", [-3, 8]),
    ],
)
def test_comments_between_rows_and_names_of_temperatures_are_read(tmp_path, run, text, expected):
    path, out = tmp_path / "rows.csv", tmp_path / "v.npy"
    path.write_text(text, encoding="utf-8")
    code, _, err = run("sweep", NEURON, "--table", str(path), "--out", str(out))
    assert code == 0, err
    want = fr.table(CELL, {"K_out": np.array(expected, float)}).values()
    np.testing.assert_allclose(np.load(out), want, rtol=1e-13)
    assert ("comments left out" in err) == ("# b" in text)


def test_rows_whose_names_begin_with_a_number_sign_are_rows(tmp_path, run):
    path = tmp_path / "rows.csv"
    path.write_text("id,K_out\n#1,3\n#2,8\n")
    code, out, _ = run("sweep", NEURON, "--table", str(path), "--keep", "id")
    assert code == 0
    assert "2 points" in out


@pytest.mark.parametrize("text", ["K_out\n" + "z" * 50_000 + "\n", "z" * 50_000 + "\n5\n"])
def test_errors_do_not_quote_long_fields(tmp_path, run, text):
    path = tmp_path / "rows.csv"
    path.write_text(text)
    code, _, err = run("sweep", NEURON, "--table", str(path))
    assert code == 2
    assert len(err) < 1000


@pytest.mark.parametrize("option", ["--out", "--plot", "--histogram", "--checkpoint"])
@pytest.mark.parametrize("name", ["t.csv", "t.png"])
def test_table_is_not_replaced_by_an_output(tmp_path, run, option, name):
    path = tmp_path / name
    path.write_text("K_out\n3\n8\n")
    code, out, err = run("sweep", NEURON, "--table", str(path), option, str(path))
    assert (code, out) == (2, "")
    assert err.startswith("fastrest: error: ")
    assert path.read_text() == "K_out\n3\n8\n"


@pytest.mark.parametrize("text", ["2,5,3,7", "0,5,1,5", "8,5,7,5,6,5", "0,04,0,05", "3,3"])
def test_lists_with_decimal_commas_are_refused(run, text):
    code, _, err = run("sweep", NEURON, "--grid", f"K_out={text}")
    assert code == 2
    assert "with a decimal point, not a comma" in err


@pytest.mark.parametrize("text", ["3,5", "2,3,5,7", "7,5,3,2", "5,3,8", "2.0,5.0,3.0,7.0"])
def test_lists_in_any_order_are_read(run, text):
    code, out, err = run("sweep", NEURON, "--grid", f"K_out={text}")
    assert code == 0, err
    assert f"{text.count(',') + 1} points" in out


@pytest.mark.parametrize("text", ["\u0663", "\uff13", "1_0"])
def test_numbers_in_text_are_ascii(monkeypatch, text):
    with pytest.raises(ValueError, match="must be a number"):
        distribution_of(f"uniform:{text},6")
    with pytest.raises(ValueError, match="must be a number"):
        change_of("P_Na", f"times:{text}")
    with pytest.raises(ValueError, match="is not a number"):
        derived_of(f"affine:{text},Na_out=-1")
    monkeypatch.setenv("FASTREST_NUM_THREADS", text)
    with pytest.raises(ValueError, match="FASTREST_NUM_THREADS must be a whole number >= 1"):
        fr.grid(CELL, K_out=[3.0, 5.0]).values()


@pytest.mark.parametrize(
    "name", ["\uff2b", "K\uff12", "S\u00b2", "Ca\u0662", "\u212b", "a b", "2K", ""]
)
def test_names_of_ions_are_letters_and_ascii_digits(name):
    with pytest.raises(ValueError, match="must be letters and digits"):
        fr.Ion(name, 1)


def test_classes_are_not_distributions():
    stats = pytest.importorskip("scipy.stats")
    for given in (stats.Uniform, stats.Normal, fr.Distribution):
        with pytest.raises(ValueError, match=r"K_out: \w+ is a class, and must be given"):
            fr.space(CELL, K_out=given)


def test_interval_in_place_of_a_distribution_is_seen(run):
    for text in ("3:6", "3,6", "3-6"):
        code, _, err = run("sobol", NEURON, "--vary", f"K_out={text}")
        assert code == 2
        assert "(uniform:3,6?)" in err
