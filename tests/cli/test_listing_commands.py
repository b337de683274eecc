"""`fastrest cells` and `fastrest info`, and the names by which cells and states are found."""

import json

import pytest

import fastrest as fr
from fastrest.cli.cells_command import toml_lines
from fastrest.physiology.presets import cell_named, preset_name, short_name

PUMP_LEAK = fr.PumpLeak(fr.Chord("K", "Na", "Cl", pump="constant"), cotransport="KCC")
LIVING = fr.cells["mammalian neuron"].living(
    R_m=7, pump="saturating", pump_Na_half=10, pump_K_half=1.5
)
CELLS = [
    *fr.cells.values(),
    fr.cells["mammalian neuron"].replace(pump_ratio=1.5, lower=-90.0, remark='a "quote"\tand µ'),
    fr.cells["mammalian neuron"].absolute(R_m=7),
    fr.cells["mammalian neuron"].replace(pump_ratio=1.5).absolute(R_m=7),
    LIVING,
    LIVING.steady_state(),
    fr.cells["squid giant axon"].to_chord(),
    fr.cells["mammalian neuron"].with_ions(fr.Ion("SO4", -2), P=0.1, out=2.0, inside=1e-4),
    fr.cells["mammalian neuron"].with_ions(fr.Ion("Li", 1), P=0.1, out=2.0, inside=1e-4),
    fr.Cell(
        PUMP_LEAK,
        **{"g_K": 0.3, "g_Na": 0.01, "g_Cl": 0.2, "g_KCC": 0.1, "K_out": 5, "Na_out": 145},
        **{"Cl_out": 150, "z_X": -0.85, "celsius": 37, "pump_max": 0.3},
    ),
]


def test_cells_lists_every_preset_with_its_source(run):
    code, out, _ = run("cells")
    assert code == 0
    for name, cell in fr.cells.items():
        assert f"{name}: {cell.potential():.2f} mV" in out
        assert cell.source in out


def test_info_prints_every_value_of_info(run):
    code, out, _ = run("info")
    assert code == 0
    assert f"isa: {fr.info()['isa']}" in out.splitlines()


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{cell.name}-{cell.model}"[:50])
def test_toml_of_a_cell_is_read_as_that_cell(tmp_path, cell):
    path = tmp_path / "cell.toml"
    path.write_text("\n".join(toml_lines(cell)), encoding="utf-8")
    assert fr.Cell.from_toml(path) == cell


def test_printed_cell_is_a_file_for_other_commands(run, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(run("cells", "Neuron")[1], encoding="utf-8")
    again = run("cells", str(path))
    assert again == (0, path.read_text(encoding="utf-8"), "")
    assert run("gradient", str(path)) == run("gradient", "mammalian neuron")


@pytest.mark.parametrize("name", fr.cells)
def test_short_name_and_any_case_lead_to_the_cell(name):
    for text in (short_name(name), name.upper(), short_name(name).title(), name.title()):
        assert cell_named(text) == fr.cells[name]


def test_ambiguous_name_lists_the_candidates():
    with pytest.raises(ValueError, match="may be 'mammalian neuron' or 'mammalian skeletal muscl"):
        cell_named("Mammalian")


def test_exact_name_is_preferred_to_a_beginning():
    assert preset_name("HIGH K", "state", ["high K", "high K and Na"]) == "high K"


def test_unknown_cell_names_the_remedy(run):
    code, _, err = run("cells", "neurone")
    assert code == 2
    assert "known are squid giant axon" in err
    assert ".toml" in err


def test_states_are_found_in_any_case(run):
    of = ("--of", "change('control', 'hyperkalaemia')")
    grid = ("sweep", "neuron", "--grid", "K_out=3,5", "--json", "--under")
    short, whole = (run(*grid, name, *of) for name in ("HyperKal", "hyperkalaemia"))
    assert short[0] == 0
    answers = [json.loads(one[1])["answer"] for one in (short, whole)]
    assert answers[0]["mean"] == answers[1]["mean"] > 0
    code, _, err = run("gradient", "neuron", "--under", "nothing")
    assert code == 2
    assert "--under: unknown state 'nothing'" in err
    assert "NAME:K_out=8" in err
