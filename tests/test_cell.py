"""Cells: the presets, other cells made from them, what they can be asked, and their files."""

import contextlib
import copy
import math
import pickle
import tomllib

import numpy as np
import pytest

import fastrest as fr

NEURON = fr.cells["mammalian neuron"]
MUSCLE = fr.cells["mammalian skeletal muscle"]
HEART = fr.cells["cardiac ventricular myocyte"]
PRESETS = [
    "squid giant axon",
    "mammalian neuron",
    "mammalian skeletal muscle",
    "cardiac ventricular myocyte",
    "glial cell",
]


def fresh():
    """A cell that shares nothing with the presets, to be mistreated."""
    return pickle.loads(pickle.dumps(NEURON))


# ---- the presets ----


def test_the_presets_are_a_mapping_in_a_fixed_order():
    assert list(fr.cells) == PRESETS
    assert len(fr.cells) == len(PRESETS)
    assert "mammalian neuron" in fr.cells
    assert "neuron" not in fr.cells
    assert 3 not in fr.cells
    assert fr.cells.get("neuron") is None
    assert all(isinstance(cell, fr.Cell) for cell in fr.cells.values())
    assert all(name in repr(fr.cells) for name in PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_says_where_its_values_come_from(name):
    cell = fr.cells[name]

    assert cell.name == name
    assert cell.basis in {"textbook", "measured", "constructed"}
    assert cell.source
    assert cell.species
    assert cell.remark
    assert math.isfinite(cell.quoted)
    assert (cell.threshold is None) == (name == "glial cell")
    assert cell.block == (None if name == "glial cell" else -40.0)


@pytest.mark.parametrize(
    ("name", "V"),
    [
        ("squid giant axon", -59.517834),
        ("mammalian neuron", -69.811924),
        ("mammalian skeletal muscle", -87.150498),
        ("cardiac ventricular myocyte", -88.635013),
        ("glial cell", -88.620352),
    ],
)
def test_a_preset_rests_where_its_inputs_say(name, V):
    assert fr.cells[name].potential() == pytest.approx(V, rel=0, abs=0.5001e-6)


def test_an_unknown_preset_is_named_with_near_ones():
    with pytest.raises(KeyError, match="unknown cell 'mammalian': did you mean mammalian neuron"):
        fr.cells["mammalian"]
    with pytest.raises(KeyError, match="unknown cell 'x': known are squid giant axon"):
        fr.cells["x"]


def test_the_presets_cannot_be_changed():
    with pytest.raises(TypeError):
        fr.cells["mammalian neuron"] = MUSCLE
    with pytest.raises(TypeError):
        del fr.cells["mammalian neuron"]


# ---- a mapping of parameters ----


def test_a_cell_maps_every_parameter_to_a_float():
    assert list(NEURON) == list(NEURON.model.parameters)
    assert len(NEURON) == 11
    assert NEURON["K_out"] == 5.0
    assert NEURON["pump_ratio"] == 1.0
    assert all(type(value) is float for value in NEURON.values())
    assert NEURON.model(**NEURON) == NEURON.potential()


def test_an_unknown_parameter_is_named_with_near_ones():
    with pytest.raises(KeyError, match="unknown parameter 'Kout': did you mean K_out"):
        NEURON["Kout"]
    assert NEURON.get("Kout") is None
    assert "Kout" not in NEURON
    assert 3 not in NEURON


def test_a_cell_is_made_of_a_model_and_a_value_for_every_parameter():
    cell = fr.Cell(
        fr.GHK("K", "Na"),
        **{"P_K": 1, "P_Na": np.float32(0.5), "K_out": np.array(4), "K_in": 150},
        **{"Na_out": 145, "Na_in": 20, "celsius": 37},
        source="a paper",
        threshold=-50,
    )

    assert cell["P_Na"] == 0.5
    assert cell["K_out"] == 4.0
    assert cell.source == "a paper"
    assert (cell.lower, cell.threshold, cell.block) == (None, -50.0, -40.0)
    assert cell.name == cell.species == cell.basis == cell.remark == ""
    assert cell.quoted is None


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"K_out": -3.0}, ValueError, "K_out must be >= 0 mM, got -3.0"),
        ({"P_Na": -0.04}, ValueError, "P_Na must be >= 0, got -0.04"),
        ({"K_out": math.nan}, ValueError, "K_out must be finite, got nan"),
        ({"celsius": 310.15}, ValueError, "celsius=310.15 looks like kelvin: pass 37.0"),
        ({"celsius": -30}, ValueError, "celsius must be between -20 and 100 °C, got -30.0"),
        ({"K_out": "5"}, TypeError, "K_out must be a number, got '5'"),
        ({"K_out": None}, TypeError, "K_out must be a number, got None"),
        ({"K_out": True}, TypeError, "K_out must be a number, got True"),
        ({"K_out": [5.0]}, TypeError, "K_out must be a number, got [5.0]"),
        ({"K_out": 1j}, TypeError, "K_out must be a number, got 1j"),
        ({"threshold": "x"}, TypeError, "threshold must be a number, got 'x'"),
        ({"quoted": math.nan}, ValueError, "quoted must be finite, got nan"),
    ],
    ids=str,
)
def test_a_bad_value_is_named_with_its_rule(changes, error, message):
    with pytest.raises(error) as made:
        fr.Cell(NEURON.model, **{**NEURON, **changes})
    with pytest.raises(error) as replaced:
        NEURON.replace(**changes)

    assert str(made.value) == str(replaced.value) == message


def test_a_number_too_large_for_a_double_is_refused_by_name():
    with pytest.raises(ValueError, match=r"^K_out must be finite, got "):
        NEURON.replace(K_out=10**400)


def test_a_cell_lacks_no_parameter_and_has_no_other():
    with pytest.raises(ValueError, match=r"a cell of GHK\(K\) needs K_in, celsius$"):
        fr.Cell(fr.GHK("K"), P_K=1, K_out=5)
    with pytest.raises(ValueError, match=r"unknown parameter 'Ca_out': did you mean"):
        fr.Cell(NEURON.model, **NEURON, Ca_out=2.0)
    with pytest.raises(TypeError, match=r"model must be a fr\.GHK or fr\.Chord, got 'GHK'"):
        fr.Cell("GHK", K_out=5)


@pytest.mark.parametrize(
    "bounds",
    [
        {"threshold": -30.0},
        {"threshold": -55.0, "block": -55.0},
        {"lower": -50.0},
        {"lower": -90.0, "threshold": -95.0},
    ],
    ids=str,
)
def test_the_classes_of_excitability_must_be_in_order(bounds):
    with pytest.raises(ValueError, match="lower < threshold < block must hold, got"):
        NEURON.replace(**bounds)


# ---- manners ----


def test_cells_are_equal_exactly_if_all_they_say_is_equal():
    assert NEURON.replace() == NEURON == fresh()
    assert hash(NEURON.replace()) == hash(NEURON) == hash(fresh())
    assert NEURON.replace(K_out=5) == NEURON
    assert NEURON.replace(K_out=5.1) != NEURON
    assert NEURON.replace(name="other") != NEURON
    assert NEURON.replace(threshold=-50) != NEURON
    assert NEURON.passive() == NEURON
    assert NEURON.passive("Cl") != NEURON
    assert dict(NEURON) != NEURON
    assert {NEURON: 1}[fresh()] == 1


@pytest.mark.parametrize("cell", [*fr.cells.values(), NEURON.to_chord(), NEURON.passive("Cl")])
@pytest.mark.parametrize(
    "again",
    [lambda cell: pickle.loads(pickle.dumps(cell)), copy.copy, copy.deepcopy],
    ids=["pickle", "copy", "deepcopy"],
)
def test_a_copy_of_a_cell_is_the_same_cell(cell, again):
    other = again(cell)

    assert other == cell
    assert hash(other) == hash(cell)
    assert repr(other) == repr(cell)
    assert other.potential() == cell.potential()


def test_a_cell_prints_what_it_is_with_units():
    text = repr(NEURON.passive("Cl").replace(pump_ratio=1.5))

    for part in ("mammalian neuron", "GHK(K, Na, Cl; passive Cl)", "K 5/140", "Na 145/15", "mM"):
        assert part in text
    assert "Cl 110/passive" in text
    assert "37 °C" in text
    assert "pump_ratio 1.5" in text


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        *[("name", "x"), ("source", "x"), ("threshold", -50.0), ("block", None)],
        *[("model", fr.GHK("K")), ("K_out", 8.0), ("Kout", 8.0)],
    ],
)
def test_a_cell_cannot_be_changed_by_assignment(attribute, value):
    cell = fresh()

    with pytest.raises(AttributeError):
        setattr(cell, attribute, value)
    assert cell == NEURON


def test_a_cell_cannot_be_changed_by_items():
    cell = fresh()

    with pytest.raises(TypeError):
        cell["K_out"] = 8.0
    with pytest.raises(TypeError):
        del cell["K_out"]
    assert cell == NEURON


def test_a_cell_cannot_be_changed_by_deleting_what_it_says():
    cell = fresh()

    with pytest.raises(AttributeError):
        del cell.name
    assert cell.name == NEURON.name


def test_a_cell_cannot_be_changed_through_its_model():
    cell = fresh()

    with contextlib.suppress(AttributeError, TypeError):
        cell.model.passive = ("Cl",)

    assert repr(cell) == repr(NEURON)
    assert list(cell.model.parameters) == list(NEURON)


def test_answers_of_a_cell_are_not_the_cell():
    cell = fresh()

    cell.nernst().clear()
    cell.concentrations().clear()

    assert cell == NEURON
    assert cell.nernst() == NEURON.nernst()


# ---- other cells ----


def test_replace_gives_another_cell_and_keeps_this_one():
    other = NEURON.replace(K_out=8.0, name="other", threshold=-50)

    assert (other["K_out"], other.name, other.threshold) == (8.0, "other", -50.0)
    assert (other["K_in"], other.source) == (140.0, NEURON.source)
    assert NEURON["K_out"] == 5.0
    assert round(other.potential(), 2) == -64.61


@pytest.mark.parametrize("factor", [2, 0.5, np.float64(3.0), np.array(0.1), 0])
def test_replace_takes_multiples_of_the_present_value(factor):
    assert NEURON.replace(P_Na=fr.times(factor))["P_Na"] == float(factor) * 0.04


def test_replace_refuses_multiples_that_are_no_single_number():
    with pytest.raises(TypeError, match=r"^K_out must be a number, got "):
        NEURON.replace(K_out=fr.times([1.0, 2.0]))
    with pytest.raises(TypeError, match=r"^K_out must be a number, got 'x'"):
        NEURON.replace(K_out=fr.times("x"))
    with pytest.raises(ValueError, match=r"^K_out must be >= 0 mM, got -10.0"):
        NEURON.replace(K_out=fr.times(-2))


def test_replace_names_an_unknown_parameter():
    with pytest.raises(ValueError, match="unknown parameter 'Kout': did you mean K_out"):
        NEURON.replace(Kout=8.0)
    with pytest.raises(ValueError, match="unknown parameter 'Kout': did you mean K_out"):
        NEURON.replace(Kout=fr.times(2))


@pytest.mark.parametrize("field", ["name", "source", "species", "basis", "remark"])
def test_what_a_cell_says_about_itself_is_text(field):
    with pytest.raises(TypeError, match=f"^{field} must be text, got 5$"):
        NEURON.replace(**{field: 5})
    with pytest.raises(TypeError, match=f"^{field} must be text, got b'x'$"):
        fr.Cell(NEURON.model, **NEURON, **{field: b"x"})


def test_a_passive_ion_has_the_resting_potential_as_its_nernst_potential():
    cell = NEURON.passive("Cl")

    assert cell.model == fr.GHK("K", "Na", "Cl", passive="Cl")
    assert cell.nernst()["Cl"] == cell.potential() != NEURON.potential()
    assert "P_Cl" not in cell
    assert "Cl_in" not in cell
    assert cell.name == NEURON.name


def test_the_inside_concentration_of_a_passive_ion_follows_from_the_potential():
    c_out, c_in = MUSCLE.concentrations()["Cl"]

    assert c_out == 116.0
    E = fr.nernst(-1, c_out=c_out, c_in=c_in, celsius=MUSCLE["celsius"])
    assert pytest.approx(MUSCLE.potential(), rel=0, abs=1e-12) == E
    assert MUSCLE.concentrations()["K"] == (4.5, 155.0)


def test_passive_chloride_lets_potassium_move_the_muscle_cell_twice_as_far():
    # EQUATIONS: doubling K_out moves V by about 15 mV, 7 mV if Cl_in were held with P_Cl/P_K = 2
    doubled = MUSCLE.replace(K_out=fr.times(2))
    fixed = fr.Cell(
        fr.GHK("K", "Na", "Cl"), **MUSCLE, P_Cl=2.0, Cl_in=MUSCLE.concentrations()["Cl"][1]
    )

    assert round(doubled.potential() - MUSCLE.potential()) == 15
    assert round(fixed.replace(K_out=9.0).potential() - fixed.potential()) == 7


def test_making_ions_passive_is_repeatable_and_adds_up():
    both = NEURON.passive("Cl").passive("Na")

    assert both == NEURON.passive("Na", "Cl")
    assert both.passive("Cl") == both
    assert both.potential() == pytest.approx(both.nernst()["K"], rel=0, abs=1e-12)
    with pytest.raises(ValueError, match="unknown passive ion 'Ca': "):
        NEURON.passive("Ca")


def test_a_cell_without_permeant_ions_has_no_potential():
    cell = NEURON.passive("K", "Na", "Cl")

    assert math.isnan(cell.potential())
    assert math.isnan(cell.concentrations()["K"][1])


def test_to_chord_gives_the_conductances_at_rest():
    chord = NEURON.to_chord()

    assert chord.model == fr.Chord("K", "Na", "Cl")
    assert [round(chord[f"g_{ion}"], 3) for ion in ("K", "Na", "Cl")] == [1.0, 0.161, 0.462]
    assert chord.name == NEURON.name


@pytest.mark.parametrize(
    "cell",
    [
        *fr.cells.values(),
        NEURON.replace(celsius=20),
        NEURON.replace(P_K=0.0),
        NEURON.replace(K_out=140.0, Na_in=145.0),
        fr.Cell(
            fr.GHK("K", "Na", "Ca"),
            **{"P_K": 1, "P_Na": 0.04, "P_Ca": 1, "K_out": 5, "Na_out": 145, "Ca_out": 2},
            **{"K_in": 140, "Na_in": 15, "Ca_in": 1e-4, "celsius": 37},
        ),
    ],
)
def test_the_chord_cell_rests_where_the_ghk_cell_does(cell):
    assert cell.to_chord().potential() == pytest.approx(cell.potential(), rel=0, abs=1e-10)


def test_to_chord_works_at_a_potential_of_zero():
    # here the two ions are mirror images
    cell = fr.Cell(fr.GHK("K", "Na"), P_K=1, P_Na=1, K_out=10, K_in=90, Na_out=90, Na_in=10,
                   celsius=20)  # fmt: skip

    chord = cell.to_chord()

    assert cell.potential() == 0
    assert chord["g_Na"] == pytest.approx(chord["g_K"], rel=1e-14, abs=0)


def test_to_chord_names_what_it_cannot_do():
    with pytest.raises(ValueError, match=r"to_chord needs pump_ratio = 1, got 1\.5"):
        NEURON.replace(pump_ratio=1.5).to_chord()
    with pytest.raises(ValueError, match=r"to_chord needs a GHK cell, got Chord\(K, Na, Cl\)"):
        NEURON.to_chord().to_chord()
    with pytest.raises(ValueError, match=r"to_chord needs K on both sides, got 5\.0, 0\.0"):
        NEURON.replace(K_in=0).to_chord()
    with pytest.raises(ValueError, match=r"to_chord needs a finite potential, got nan"):
        NEURON.replace(P_K=0, P_Na=0, P_Cl=0).to_chord()


# ---- what a cell can be asked ----


def test_the_numbers_of_the_mammalian_neuron():
    nernst = {ion: round(E, 2) for ion, E in NEURON.nernst().items()}

    assert round(NEURON.potential(), 2) == -69.81
    assert nernst == {"K": -89.06, "Na": 60.63, "Cl": -73.62}
    assert all(type(E) is float for E in NEURON.nernst().values())
    assert type(NEURON.potential()) is float


@pytest.mark.parametrize("name", PRESETS)
def test_the_potential_lies_between_the_nernst_potentials_of_permeant_ions(name):
    cell = fr.cells[name]
    E = cell.nernst()

    V = cell.potential()

    permeant = [E[ion.name] for ion in cell.model.permeant]
    assert min(permeant) < V < max(permeant)


@pytest.mark.parametrize("cell", [*fr.cells.values(), NEURON.to_chord(), NEURON.passive("Cl")])
def test_engines_agree_on_a_cell(cell):
    V = cell.potential()

    assert cell.potential(engine="python") == pytest.approx(V, rel=0, abs=1e-12)
    for isa in fr.info()["supported"]:
        assert cell.potential(engine=isa) == V


def test_an_unknown_engine_is_named_with_those_there_are():
    with pytest.raises(ValueError, match=r"engine must be one of 'python', .*'base', got 'numpy'"):
        NEURON.potential(engine="numpy")


def test_a_cell_with_ions_on_one_side_only_has_an_infinite_potential():
    assert NEURON.replace(K_out=0, Na_out=0, Cl_in=0).potential() == -math.inf
    assert NEURON.replace(K_in=0, Na_in=0, Cl_out=0).potential() == math.inf
    assert NEURON.replace(K_out=0).nernst()["K"] == -math.inf


def test_the_pump_effect_is_that_of_mullins_and_noda_below_its_ceiling():
    cell = fr.Cell(fr.GHK("K", "Na"), P_K=1, P_Na=0.04, K_out=4.5, K_in=140, Na_out=145, Na_in=15,
                   celsius=37)  # fmt: skip

    effect, ceiling = cell.pump_effect(ratio=1.5)

    assert effect == pytest.approx(-75.3756 + 69.8575, rel=0, abs=1.0001e-4)
    assert round(ceiling, 2) == 10.84
    assert cell.pump_effect() == (effect, ceiling)
    assert cell.pump_effect().effect == effect
    assert cell.pump_effect().ceiling == ceiling


@pytest.mark.parametrize("ratio", [0.5, 1.0, 1.5, 2.0, 1e6])
def test_the_pump_never_moves_the_potential_beyond_its_ceiling(ratio):
    for cell in (NEURON, MUSCLE, HEART):
        effect, ceiling = cell.pump_effect(ratio=ratio)
        assert abs(effect) <= ceiling + 1e-12


def test_the_pump_effect_does_not_depend_on_the_pump_of_the_cell():
    assert NEURON.replace(pump_ratio=1.5).pump_effect() == NEURON.pump_effect()


def test_the_pump_effect_names_what_it_cannot_do():
    for cell in (NEURON.to_chord(), NEURON.passive("K")):
        with pytest.raises(ValueError, match="pump_effect needs a GHK model with permeant K"):
            cell.pump_effect()
    for ratio in (0, -1.5, math.nan):
        with pytest.raises(ValueError, match=f"^ratio must be > 0, got {ratio}"):
            NEURON.pump_effect(ratio=ratio)
    with pytest.raises(ValueError, match=r"ratio must be finite, got inf"):
        NEURON.pump_effect(ratio=math.inf)
    for ratio in ("1.5", None):
        with pytest.raises(TypeError, match=f"^ratio must be a number, got {ratio!r}"):
            NEURON.pump_effect(ratio=ratio)


# ---- files ----

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
    """A function that writes a text to a file and reads it as a cell."""

    def read(text):
        path = tmp_path / "cell.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return fr.Cell.from_toml(path)

    return read


def test_a_file_says_all_that_a_cell_can_say(read):
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


def test_a_file_may_say_no_more_than_the_model_needs(read):
    cell = read("celsius = 20\nK = { P = 1, out = 5, in = 140 }\n")

    assert cell == fr.Cell(fr.GHK("K"), P_K=1, K_out=5, K_in=140, celsius=20)


def test_a_file_may_hold_conductances(read):
    cell = read('model = "Chord"\ncelsius = 20\nK = { g = 2, out = 5, in = 140 }\n')

    assert cell == fr.Cell(fr.Chord("K"), g_K=2, K_out=5, K_in=140, celsius=20)


def test_ions_may_be_written_as_tables(read):
    text = "celsius = 20\n[K]\nP = 1\nout = 5\nin = 140\n[Cl]\nout = 110\npassive = true\n"

    cell = read(text)

    assert cell.model == fr.GHK("K", "Cl", passive="Cl")


def test_a_file_is_named_by_path_or_text(tmp_path):
    path = tmp_path / "cell.toml"
    path.write_text(FILE, encoding="utf-8")

    assert fr.Cell.from_toml(path) == fr.Cell.from_toml(str(path))


def test_a_file_of_another_editor_is_read_too(read):
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
        (FILE + "X = { z = 3, P = 1, out = 1, in = 1 }\n", r"z of X must be .* got 3"),
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
def test_a_bad_file_is_named_with_the_reason(read, tmp_path, text, message):
    with pytest.raises(ValueError, match=message) as error:
        read(text)

    assert str(error.value).startswith(f"{tmp_path / 'cell.toml'}: ")
    raw = text if isinstance(text, bytes) else text.encode()
    assert (tmp_path / "cell.toml").read_bytes() == raw


def test_a_file_that_is_not_there_is_an_os_error_that_names_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        fr.Cell.from_toml(tmp_path / "nowhere.toml")
    with pytest.raises(OSError, match=tmp_path.name):
        fr.Cell.from_toml(tmp_path)


def test_a_file_as_large_as_allowed_is_read(read):
    text = FILE + "#" * ((1 << 20) - len(FILE.encode()) - 1) + "\n"

    assert read(text) == read(FILE)


def test_the_example_in_the_documentation_of_from_toml_is_a_cell(read):
    lines = fr.Cell.from_toml.__doc__.splitlines()
    example = [line.strip() for line in lines if " = " in line]

    cell = read("\n".join(example))

    assert cell.name == tomllib.loads("\n".join(example))["name"]
    assert math.isfinite(cell.potential())
