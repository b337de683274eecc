"""--json prints one object with the keys of every command, its units, and null for NaN."""

import json
import math

import numpy as np
import pytest

import fastrest as fr
from fastrest.cli.options import COMMANDS
from fastrest.cli.printing import FORMAT, plain

NEURON = fr.cells["mammalian neuron"]
KEYS = ["format", "fastrest", "command", "cell", "answer", "units", "files"]


def strict(text):
    """Read JSON that has no NaN."""

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture
def asked(run):
    """Run a command with --json: its answer, with the whole object at hand."""

    def asked(*arguments, code=0):
        found_code, out, err = run(*arguments, "--json")
        assert found_code == code, err
        found = strict(out)
        assert list(found) == KEYS
        assert (found["format"], found["command"]) == (FORMAT, arguments[0])
        return found["answer"], found

    return asked


def test_cells_answers_with_potentials_and_sources(asked):
    answer, whole = asked("cells")
    assert [one["name"] for one in answer["cells"]] == list(fr.cells)
    assert answer["cells"][1]["potential"] == NEURON.potential()
    assert answer["cells"][1]["nernst"] == NEURON.nernst()
    assert whole["units"]["potential"] == "mV"
    assert whole["cell"] is None
    one, whole = asked("cells", "neuron")
    assert one["cells"] == answer["cells"][1:2]
    assert whole["cell"]["parameters"] == dict(NEURON)
    assert whole["units"]["K_out"] == "mM"


def test_info_answers_with_info(asked):
    assert asked("info")[0] == json.loads(json.dumps(fr.info()))


def test_sweep_answers_with_the_numbers_of_python(asked, tmp_path):
    out = str(tmp_path / "v.npy")
    grid = ("--grid", "K_out=1,2,4", "--summary", "--out", out)
    answer, whole = asked("sweep", "neuron", *grid)
    sweep = fr.grid(NEURON, K_out=[1.0, 2.0, 4.0])
    s = sweep.summary()
    assert [answer[k] for k in ("n", "mean", "sd", "min", "at_max")] == [
        *(s.n, s.mean, s.sd, s.min, s.at_max)
    ]
    assert answer["shape"] == {"K_out": 3}
    assert answer["classes"] == dict(sweep.classify())
    assert answer["quantiles"] == {"0.05": s.min, "0.5": sweep.quantile(0.5), "0.95": s.max}
    assert whole["units"]["mean"] == "mV"
    assert whole["files"] == {"out": out}


def test_sweep_without_a_potential_answers_null(asked, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("K_out\n-1\nNA\n")
    answer, _ = asked("sweep", "neuron", "--table", str(table), code=1)
    assert answer["n"] == 0
    assert answer["mean"] is None
    assert answer["argmin"] is None
    assert answer["invalid"] == {"NOT_FINITE": 1, "NEGATIVE": 1}


def test_sweep_of_an_event_has_no_unit(asked):
    answer, whole = asked("sweep", "neuron", "--grid", "K_out=1,2,4", "--of", "E_K")
    assert answer["of"] == "E_K"
    assert whole["units"]["mean"] == "mV"


def test_parts_and_their_merger_answer(asked, tmp_path):
    tallies = [str(tmp_path / f"{k}.tally") for k in range(2)]
    grid = ("--grid", "K_out=1:50:200000")
    for k, path in enumerate(tallies):
        answer, whole = asked("sweep", "neuron", *grid, "--part", f"{k}/2", "--tally", path)
        assert answer["part"] == [k, 2]
        assert whole["files"] == {"tally": path}
    answer, _ = asked("merge", *tallies)
    assert answer["n"] == 200_000


def test_population_answers_with_counts_and_conditions(asked, plan):
    answer, whole = asked("population", plan)
    assert answer["n"] == 150_000
    assert answer["fraction"] == answer["accepted"] / answer["n"]
    assert [one["condition"] for one in answer["conditions"]] == ["control", "high K", "leaky"]
    moved = [t for t in answer["transitions"] if t["after"] == "leaky"]
    assert sum(one["cells"] for one in moved) == answer["accepted"]
    assert len(answer["rejected"]) == 2
    assert whole["units"]["mean"] == "mV"


def test_rundown_answers_with_courses_and_null_for_never(asked, run, tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(run("rundown", "--example")[1])
    answer, whole = asked("rundown", str(path), "--of", "V,I_pump")
    assert list(answer["courses"]) == ["V", "I_pump"]
    assert len(answer["time"]) == len(answer["courses"]["V"]) == 721
    assert [one["reached"] is None for one in answer["marks"]] == [False, True]
    assert whole["units"]["time"] == "s"
    assert whole["units"]["I_pump"] == "uA/cm2"


def test_currents_answer_null_where_only_shares_are_known(asked):
    answer, whole = asked("currents", "neuron")
    assert answer["currents"][0]["current"] is None
    assert answer["R_m"] is None
    answer, whole = asked("currents", "neuron", "--R-m", "7", "--diameter", "20")
    found = NEURON.absolute(R_m=7).currents()
    assert answer["currents"][0]["current"] == found.rows["K"].current
    assert answer["R_in"] == found.input_resistance(20)
    assert whole["units"]["R_in"] == "MOhm"
    assert whole["units"]["P_K"] == "cm/s"


def test_gradient_and_solve_answer_with_the_numbers_of_python(asked):
    answer, _ = asked("gradient", "neuron")
    slopes = {one["name"]: one["per_unit"] for one in answer["parameters"]}
    assert slopes == NEURON.gradient()
    assert answer["at"] == NEURON.potential()
    answer, whole = asked("solve", "neuron", "K_out", "--V", "-60", "-50")
    found = [one["value"] for one in answer["solutions"]]
    assert found == NEURON.solve("K_out", V=[-60, -50]).tolist()
    assert whole["units"]["value"] == "mM"


def test_sobol_answers_with_a_row_for_each_input(asked):
    vary = ("--vary", "P_Na=lognormal:cv=0.5", "--vary", "K_out=uniform:3,6")
    answer, whole = asked("sobol", "neuron", *vary, "--second")
    space = fr.space(NEURON, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
    r = space.sobol()
    assert [one["ST"] for one in answer["inputs"]] == r["ST"].tolist()
    assert answer["pairs"][0]["S2"] == r["S2"][0, 1]
    assert whole["units"]["sd"] == "mV"


def test_error_prints_no_object(run):
    code, out, err = run("gradient", "nothing", "--json")
    assert code == 2
    assert out == ""
    assert "unknown cell" in err


def test_plain_has_no_number_that_json_lacks():
    found = plain({"a": np.array([1.0, np.nan]), "b": (-math.inf, np.int64(2)), "c": fr.Status(2)})
    assert found == {"a": [1.0, None], "b": [None, 2], "c": 2}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_json(command):
    from fastrest.cli.options import parser

    needed = {"gradient": ["neuron"], "currents": ["neuron"], "sobol": ["neuron"]}
    needed |= {"sweep": ["neuron"], "solve": ["neuron", "K_out", "--V", "0"], "merge": ["a"]}
    options = parser().parse_args([command, *needed.get(command, []), "--json"])
    assert options.json == "-" if command == "bench" else options.as_json
