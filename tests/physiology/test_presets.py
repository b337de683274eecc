"""The shipped cells: their values, sources, and potentials."""

import math

import pytest

import fastrest as fr
from fastrest.physiology.presets import cell_named
from helpers.quoted import each_row, rows

MUSCLE = fr.cells["mammalian skeletal muscle"]
PRESETS = [
    "squid giant axon",
    "mammalian neuron",
    "mammalian skeletal muscle",
    "cardiac ventricular myocyte",
    "glial cell",
]

# ---- the mapping ----


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
def test_a_preset_names_its_source(name):
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
def test_a_preset_has_the_potential_of_its_inputs(name, V):
    assert fr.cells[name].potential() == pytest.approx(V, rel=0, abs=0.5001e-6)


def test_an_unknown_preset_is_named_with_similar_names():
    with pytest.raises(KeyError, match="unknown cell 'mammalian': did you mean mammalian neuron"):
        fr.cells["mammalian"]
    with pytest.raises(KeyError, match="unknown cell 'x': known are squid giant axon"):
        fr.cells["x"]


def test_the_presets_cannot_be_changed():
    with pytest.raises(TypeError):
        fr.cells["mammalian neuron"] = MUSCLE
    with pytest.raises(TypeError):
        del fr.cells["mammalian neuron"]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_lies_between_the_nernst_potentials_of_its_permeant_ions(name):
    cell = fr.cells[name]
    E = cell.nernst()

    V = cell.potential()

    permeant = [E[ion.name] for ion in cell.model.permeant]
    assert min(permeant) < V < max(permeant)


# ---- sources and quoted potentials ----


@each_row("cells.csv")
def test_every_preset_equals_its_check_value(row):
    cell = fr.cells[row["name"]]
    for engine in (None, "python"):
        assert abs(cell.potential(engine=engine) - float(row["model_mV_check"])) <= 1e-6
    assert cell.quoted == float(row["quoted_mV"])


def test_every_preset_has_a_check_value():
    assert list(fr.cells) == [row["name"] for row in rows("cells.csv")]


@pytest.mark.parametrize("name", list(fr.cells))
def test_every_preset_names_its_sources_and_basis(name):
    cell = fr.cells[name]
    assert cell.name == name
    assert cell.basis in ("textbook", "measured", "constructed")
    assert len(cell.source) > 20
    assert cell.remark
    assert cell.species


@pytest.mark.parametrize("name", list(fr.cells))
def test_every_preset_is_near_the_potential_of_its_source(name):
    # the furthest is skeletal muscle: -87.2 mV with Cl passive, quoted as about -90 mV
    cell = fr.cells[name]
    assert abs(cell.potential() - cell.quoted) <= 3.0


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("neuron", "mammalian neuron"),
        ("Squid", "squid giant axon"),
        ("MAMMALIAN MUSCLE", "mammalian skeletal muscle"),
        ("glia", "glial cell"),
        ("giant axon", "squid giant axon"),
        ("ventricular", "cardiac ventricular myocyte"),
        ("mammalian neuron", "mammalian neuron"),
    ],
)
def test_words_of_a_name_are_enough_for_a_command(text, name):
    assert cell_named(text) is fr.cells[name]


def test_words_that_several_cells_have_are_refused():
    with pytest.raises(ValueError, match="'mammalian neuron' or 'mammalian skeletal muscle'"):
        cell_named("mammalian")
    for text in ("", " ", "uron", "neuron x", "neurons"):
        with pytest.raises(ValueError, match="unknown cell"):
            cell_named(text)
    with pytest.raises(KeyError, match="unknown cell 'neuron': known are squid"):
        fr.cells["neuron"]


def test_notebooks_complete_keys():
    assert fr.cells._ipython_key_completions_() == list(fr.cells)
    assert "K_out" in fr.cells["glial cell"]._ipython_key_completions_()
