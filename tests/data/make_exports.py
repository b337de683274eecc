"""Write tests/data/exports: one table of three cells, as programs of laboratories export it.

    python tests/data/make_exports.py

The files imitate what each program writes: separators, marks, quotes, encodings, ends of lines.
"""

from pathlib import Path

FOLDER = Path(__file__).parent / "exports"
CRLF = "\r\n"
#: name of a cell, [K]o in mM, P_Na, temperature in degrees Celsius
ROWS = [("c01", 5.0, 0.04, 37.0), ("c02", 3.5, 0.045, 35.5), ("c03", 8.0, 0.0405, 22.0)]


def lines(separator, header, rows, end="\n"):
    return end.join([separator.join(row) for row in [header, *rows]]) + end


def numbers(decimal=".", form="{:g}"):
    return [[name, *(form.format(x).replace(".", decimal) for x in rest)] for name, *rest in ROWS]


def quoted(rows, columns):
    return [[f'"{x}"' if j in columns else x for j, x in enumerate(row)] for row in rows]


HEADER = ["cell", "K_out", "P_Na", "celsius"]
UNITS = ["cell", "K_out (mM)", "P_Na", "celsius (°C)"]
MICRO = ["cell", "K_out [µM]", "P_Na", "celsius [K]"]
COMMA = numbers(",")
PLAIN = numbers()


def scaled():
    return [[n, f"{1000 * k:g}", f"{p:g}", f"{c + 273.15:g}"] for n, k, p, c in ROWS]


def without_names(rows):
    return [row[1:] for row in rows]


def numbered(rows, start):
    return [[str(i), *row] for i, row in enumerate(rows, start)]


FILES = {
    "excel_us.csv": lines(",", HEADER, PLAIN, CRLF),
    "excel_german.csv": lines(";", UNITS, COMMA, CRLF).encode("cp1252"),
    "excel_french_utf8.csv": lines(";", UNITS, COMMA, CRLF).encode("utf-8-sig"),
    "excel_unicode_text.txt": lines("\t", MICRO, scaled(), CRLF).encode("utf-16"),
    "excel_sep_line.csv": "sep=;" + CRLF + lines(";", HEADER, COMMA, CRLF),
    "excel_empty_rows.csv": lines(",", [*HEADER, "", ""], [[*r, "", ""] for r in PLAIN], CRLF)
    + (",,,,," + CRLF) * 3,
    "excel_trailing_commas.csv": lines(",", HEADER, [[*row, ""] for row in PLAIN], CRLF),
    "excel_mac.csv": lines(",", HEADER, PLAIN, "\r"),
    "pandas_to_csv.csv": lines(",", ["", *HEADER], numbered(PLAIN, 0)),
    "pandas_tsv.tsv": lines("\t", ["", *HEADER], numbered(PLAIN, 0)),
    "polars.csv": lines(",", HEADER, numbers(form="{!r}")),
    "r_write_csv.csv": lines(
        ",", ['""', *(f'"{n}"' for n in HEADER)], quoted(numbered(PLAIN, 1), (0, 1))
    ),
    "r_write_csv2.csv": lines(
        ";", ['""', *(f'"{n}"' for n in HEADER)], quoted(numbered(COMMA, 1), (0, 1))
    ),
    "r_write_table.txt": lines(" ", [f'"{n}"' for n in HEADER], quoted(numbered(PLAIN, 1), (0, 1))),
    "r_row_names.txt": lines("\t", HEADER[1:], PLAIN),
    "matlab_writetable.csv": lines(",", HEADER[1:], without_names(numbers(form="{:.15g}"))),
    "matlab_comments.csv": "% recorded 2026-03-01\n% three cells\n"
    + lines(",", HEADER[1:], without_names(numbers(form="{:.4e}"))),
    "libreoffice_quoted.csv": lines(",", [f'"{n}"' for n in HEADER], quoted(COMMA, (0, 1, 2, 3))),
    "libreoffice_utf16be.csv": b"\xfe\xff" + lines(",", MICRO, scaled()).encode("utf-16-be"),
    "clampfit.atf": "ATF\t1.0\r\n2\t3\r\n"
    + '"AcquisitionMode=Episodic Stimulation"\r\n"Comment="\r\n'
    + lines("\t", ['"K_out (mM)"', '"P_Na"', '"celsius"'], without_names(PLAIN), CRLF),
    "igor.itx": "IGOR\rWAVES/D\tK_out\tP_Na\tcelsius\rBEGIN\r"
    + "".join("\t" + "\t".join(row) + "\r" for row in without_names(PLAIN))
    + 'END\rX SetScale/P x 0,1,"", K_out\r',
    "notes.csv": "# pipette 4 MOhm; bath 35 degrees\n#\n" + lines(", ", HEADER, PLAIN),
}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, content in FILES.items():
        (FOLDER / name).write_bytes(content if isinstance(content, bytes) else content.encode())
