"""Tables of `fastrest sweep --table`: columns are read, and errors name the file and the line."""

import os

import numpy as np
import pytest

import fastrest as fr

NEURON = "mammalian neuron"


MALFORMED = [
    ("K_out,P_Na\n5,0.04\nabc,0.04\n", "line 3: column 'K_out' must be a number"),
    ("K_out,P_Na\n5,0.04\n\n1,0.04,3\n", "line 4: 3 values for 2 columns"),
    ("K_out,P_Na\n5,0.04\n5\n", "line 3: 1 values for 2 columns"),
    ("K_out,K_out\n5,5\n", "line 1: each column needs its own name, got 'K_out'"),
    ("K_out,cell\n5,5\n", "column 'cell': unknown parameter 'cell'"),
    ("", "line 1: a header with column names is needed"),
    ("K_out\n", "line 1: no rows below the header"),
    ('K_out,"P_Na\n5,0.04\n', "line 1: unexpected end of data (a quote left open?)"),
    ('K_out,P_Na\n5,0.04\n5,"1\n5,abc\n', "line 3: unexpected end of data (a quote left open?)"),
    ('K_out,P_Na\n5,"1\n5,2\n5,"3\n', "line 2: ',' expected after '\"' (a quote left open?)"),
    (
        "K_out,P_Na\n5,0.04\n1_000,1\n",
        "empty if it is missing, got '1_000'",
    ),
    (
        "K_out,P_Na\n5,0.04\n\u0665,1\n",
        "empty if it is missing, got '\u0665'",
    ),
    ("K_out,P_Na\n5,0.04\n5," + "x" * 200_000 + "\n", "line 3: field larger than field limit"),
    ("K_out,P_Na\r5,0.04\rabc,1\r", "line 3: column 'K_out' must be a number"),
    (
        "K_out,P_Na\n" + 3000 * "5,0.04\n" + "5\udce9,1\n",
        "line 3002: column 'K_out' must be",
    ),
    ("K_out,P_Na\n5,0.04,3\n5,0.04\n", "line 2: 3 values for 2 columns"),
    ("\n \nK_out,P_Na\n \n5,0.04\n\n5,x\n", "line 7: column 'P_Na' must be a number"),
    ('K_out,"P_Na"\n"5","0.04"\n"5\n","x\n"\n', "line 3: column 'P_Na' must be a number"),
]


@pytest.mark.parametrize(("text", "message"), MALFORMED, ids=[m for _, m in MALFORMED])
def test_csv_error_names_file_and_line(tmp_path, run, text, message):
    path = tmp_path / "rows.csv"
    content = text.encode("utf-8", "surrogateescape")
    path.write_bytes(content)
    code, _, err = run("sweep", NEURON, "--table", str(path))
    assert code == 2
    assert message in err
    assert str(path) in err
    assert err.count("\n") == 1
    assert path.read_bytes() == content


@pytest.mark.parametrize("note", ['"two\nlines"', '"""so"", he said"', '6" pipette', '"\n\n"', ""])
def test_csv_rows_with_notes_are_all_read(tmp_path, run, note):
    rows = tmp_path / "rows.csv"
    rows.write_text(f"K_out,note\n3,{note}\n\n5,{note}\n8,{note}")
    out = tmp_path / "v.npy"
    table = ["--table", str(rows), "--keep", "note"]
    code, *_ = run("sweep", NEURON, *table, "--out", str(out))
    expected = fr.table(fr.cells[NEURON], {"K_out": [3.0, 5.0, 8.0]}).values()
    assert code == 0
    assert np.load(out).tobytes() == expected.tobytes()


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="needs /dev/fd")
def test_csv_may_come_through_a_pipe(run):
    reader, writer = os.pipe()
    with open(reader, "rb"):
        with open(writer, "w") as file:
            file.write("K_out\n3\n5\n8\n")
        code, out, _ = run("sweep", NEURON, "--table", f"/dev/fd/{reader}")
    assert code == 0
    assert "3 points" in out
    assert "min      -73.9478 mV at row 0: K_out=3 mM" in out
