"""Cells read from TOML files."""

import math
import time
import tomllib

import pytest

import fastrest as fr

FILE = """\
name = "my neuron"
model = "GHK"
source = "my own recordings"
species = "mouse"
basis = "measured"
remark = "made for a test"
quoted = -71
threshold = -55.0
lower = -90.0
celsius = 36.0
pump_ratio = 1.25
K = { P = 1.0, out = 3.0, in = 140 }
Na = { P = 0.04, out = 145.0, in = 15.0 }
Cl = { out = 110.0, passive = true }
SO4 = { z = -2, P = 0.01, out = 1.0, in = 0.5 }
"""


@pytest.fixture
def read(tmp_path):
    """Return a function that writes a text to a file and reads it as a cell."""

    def read(text):
        path = tmp_path / "cell.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return fr.Cell.from_toml(path)

    return read


def test_a_cell_file_may_hold_every_field(read):
    cell = read(FILE)

    assert cell == fr.Cell(
        fr.GHK("K", "Na", "Cl", fr.Ion("SO4", -2), passive="Cl"),
        **{"name": "my neuron", "source": "my own recordings", "species": "mouse"},
        **{"basis": "measured", "remark": "made for a test"},
        **{"quoted": -71, "threshold": -55, "lower": -90, "celsius": 36, "pump_ratio": 1.25},
        **{"P_K": 1, "K_out": 3, "K_in": 140, "P_Na": 0.04, "Na_out": 145, "Na_in": 15},
        **{"Cl_out": 110, "P_SO4": 0.01, "SO4_out": 1, "SO4_in": 0.5},
    )
    assert cell.block == -40.0


def test_a_cell_file_may_hold_only_the_values_of_the_model(read):
    cell = read("celsius = 20\nK = { P = 1, out = 5, in = 140 }\n")

    assert cell == fr.Cell(fr.GHK("K"), P_K=1, K_out=5, K_in=140, celsius=20)


def test_a_cell_file_may_hold_conductances(read):
    cell = read('model = "Chord"\ncelsius = 20\nK = { g = 2, out = 5, in = 140 }\n')

    assert cell == fr.Cell(fr.Chord("K"), g_K=2, K_out=5, K_in=140, celsius=20)


def test_a_cell_file_may_hold_ions_as_tables(read):
    text = "celsius = 20\n[K]\nP = 1\nout = 5\nin = 140\n[Cl]\nout = 110\npassive = true\n"

    cell = read(text)

    assert cell.model == fr.GHK("K", "Cl", passive="Cl")


def test_a_cell_file_is_given_by_path_or_text(tmp_path):
    path = tmp_path / "cell.toml"
    path.write_text(FILE, encoding="utf-8")

    assert fr.Cell.from_toml(path) == fr.Cell.from_toml(str(path))


def test_a_cell_file_with_byte_order_mark_and_other_line_ends_is_read(read):
    windows = b"\xef\xbb\xbf" + FILE.replace("\n", "\r\n").encode()

    assert read(FILE.replace("\n", "\r\n")) == read(FILE)
    assert read(windows) == read(FILE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FILE + "x = = 3\n", r"not a TOML file: .*line 16"),
        (FILE.replace("pump_ratio = 1.25", "pump_ratio = "), r"not a TOML file: .*line 11"),
        (FILE + "K = { P = 1 }\n", r"not a TOML file: .*line 16"),
        (b"name = '\xff'\n", r"not a TOML file: line 1: .*utf-8"),
        (FILE.encode() + b"# \xb0C\n", r"not a TOML file: line 16: .*utf-8"),
        (FILE.replace("36.0", "9" * 5000), r"not a TOML file: .*4300"),
        ("a = " + "[" * 5000 + "]" * 5000, r"not a TOML file: "),
        (b"#" * (1 << 20) + b"\n", r"larger than 1048576 bytes"),
        ("", r"GHK needs at least one ion"),
        (FILE + "foo = 3\n", r"unknown key 'foo'"),
        (FILE + "source_url = 'x'\n", r"unknown key 'source_url': did you mean source\?"),
        (FILE + "P_K = 1.0\n", r"unknown key 'P_K'"),
        (FILE + "K_out = 3.0\n", r"unknown key 'K_out'"),
        (FILE + "Foo = { P = 1, out = 1, in = 1 }\n", r"unknown ion 'Foo'"),
        (FILE + "Mg = { P = 1, out = 1, in = 1, outt = 1 }\n", r"Mg: unknown key 'outt'.*out\?"),
        (FILE + "Mg = { g = 1, out = 1, in = 1 }\n", r"Mg: unknown key 'g'"),
        (FILE + "Mg = 1.0\n", r"Mg must be a table"),
        (FILE + "[[Mg]]\nP = 1.0\n", r"Mg must be a table"),
        (FILE + "Mg = { P = 1, out = 1 }\n", r"needs Mg_in$"),
        (FILE + "Mg = {}\n", r"needs P_Mg, Mg_out, Mg_in$"),
        (FILE + "Mg = { P = 1, out = '1', in = 1 }\n", r"Mg_out must be a number, got '1'"),
        (FILE + "Mg = { P = 1, out = true, in = 1 }\n", r"Mg_out must be a number, got True"),
        (FILE + "Mg = { P = 1, out = -1, in = 1 }\n", r"Mg_out must be >= 0 mM, got -1\.0"),
        (FILE + "Mg = { P = 1, out = nan, in = 1 }\n", r"Mg_out must be finite, got nan"),
        (FILE + "Mg = { P = 1, out = 1e400, in = 1 }\n", r"Mg_out must be finite, got inf"),
        (FILE + f"Mg = {{ P = 1, out = {10**400}, in = 1 }}\n", r"Mg_out must be finite"),
        (FILE + "Mg = { out = 1, passive = 1 }\n", r"Mg: passive must be true or false, got 1"),
        (FILE + "Mg = { out = 1, in = 1, passive = true }\n", r"Mg is passive: leave out in"),
        (FILE + "Mg = { P = 1, out = 1, passive = true }\n", r"Mg is passive: leave out P"),
        (FILE + "X = { z = 4, P = 1, out = 1, in = 1 }\n", r"z of X must be .* got 4"),
        (FILE + "X = { z = 3, P = 1, out = 1, in = 1 }\n", r"takes ions with z from -2 to 2"),
        (FILE + "X = { z = 'a', P = 1, out = 1, in = 1 }\n", r"z of X must be .* got 'a'"),
        (FILE + "'K+' = { z = 1, P = 1, out = 1, in = 1 }\n", r"letters and digits, got 'K\+'"),
        (FILE.replace('"GHK"', '"HH"'), r"unknown model 'HH': known are GHK, Chord"),
        (FILE.replace('"GHK"', '["GHK"]'), r"(unknown model|model must be).*GHK"),
        (FILE.replace('"my neuron"', "3"), r"name must be text, got 3"),
        (FILE.replace("-55.0", "'x'"), r"threshold must be a number, got 'x'"),
        (FILE.replace("-55.0", "-30.0"), r"lower < threshold < block must hold"),
        (FILE.replace("36.0", "310.15"), r"celsius=310\.15 looks like kelvin: pass 37\.0"),
        (FILE.replace("36.0", "2020-01-01"), r"celsius must be a number, got datetime"),
        (FILE.replace("celsius = 36.0\n", ""), r"needs celsius$"),
        ("[cell]\n" + FILE, r"cell: unknown key 'name'"),
    ],
    ids=lambda value: None if isinstance(value, bytes | str) else value,
)
def test_a_bad_cell_file_is_named_with_the_reason(read, tmp_path, text, message):
    with pytest.raises(ValueError, match=message) as error:
        read(text)

    assert str(error.value).startswith(f"{tmp_path / 'cell.toml'}: ")
    raw = text if isinstance(text, bytes) else text.encode()
    assert (tmp_path / "cell.toml").read_bytes() == raw


def test_a_missing_cell_file_is_an_os_error_that_names_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        fr.Cell.from_toml(tmp_path / "nowhere.toml")
    with pytest.raises(OSError, match=tmp_path.name):
        fr.Cell.from_toml(tmp_path)


def test_a_cell_file_of_the_largest_size_is_read(read):
    text = FILE + "#" * ((1 << 20) - len(FILE.encode()) - 1) + "\n"

    assert read(text) == read(FILE)


def test_the_example_in_the_documentation_of_from_toml_is_a_cell(read):
    lines = fr.Cell.from_toml.__doc__.splitlines()
    example = [line.strip() for line in lines if " = " in line]

    cell = read("\n".join(example))

    assert cell.name == tomllib.loads("\n".join(example))["name"]
    assert math.isfinite(cell.potential())


@pytest.mark.parametrize(
    "text",
    [
        ".".join("a" * 100_000) + " = 1",
        "[" + ".".join("a" * 100_000) + "]",
        "K = {" + " . ".join(['"b c"'] * 50_000) + " = 1}",
        '"\\' * 200_000 + "." * 40,  # a string without an end
    ],
    ids=["key", "table", "inline table", "string"],
)
def test_a_key_of_too_many_parts_is_refused_at_once(tmp_path, text):
    path = tmp_path / "cell.toml"
    path.write_text("celsius = 37\n" + text)
    started = time.perf_counter()
    with pytest.raises(ValueError, match=r"not a TOML file: .*(line 2: a key has more than 32|Un)"):
        fr.Cell.from_toml(path)
    assert time.perf_counter() - started < 5


def test_dots_in_texts_and_comments_are_not_counted(tmp_path):
    path = tmp_path / "cell.toml"
    path.write_text(
        f'# {"a." * 50}\nremark = "{"b." * 50}"\nsource = """\n{"c.d " * 50}"""\ncelsius = 37\n'
        "K = {P = 1.0, out = 5.0, in = 140.0}\n"
    )
    assert fr.Cell.from_toml(path).remark == "b." * 50


@pytest.mark.parametrize("path", [5, None, b"cell.toml", True])
def test_a_cell_file_must_have_a_name(path):
    with pytest.raises(TypeError, match="path must be the name of a file, as str"):
        fr.Cell.from_toml(path)


@pytest.mark.parametrize("path", ["a\0b.toml", ""])
def test_a_path_with_a_nul_is_named(path):
    with pytest.raises(ValueError, match="path must be the name of a file, got '"):
        fr.Cell.from_toml(path)
