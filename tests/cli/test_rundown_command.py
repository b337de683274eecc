"""`fastrest rundown`: the example, the report, files, and one line for a mistake."""

import csv

import numpy as np
import pytest

import fastrest as fr
from fastrest.cli.plan import RUNDOWN_EXAMPLE

EXAMPLE = RUNDOWN_EXAMPLE.read_text(encoding="utf-8")


@pytest.fixture
def plan(tmp_path):
    """Write the example with some of its text replaced, and return the path."""

    def write(*changes):
        text = EXAMPLE
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "plan.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_the_example_runs_and_reports(run, plan, tmp_path):
    assert run("rundown", "--example")[1] == EXAMPLE
    table, picture = tmp_path / "course.csv", tmp_path / "course.png"
    code, out, err = run("rundown", plan(), "--out", str(table), "--plot", str(picture))
    assert (code, err) == (0, "")
    assert "threshold -55 mV at 904.4 s" in out
    assert "block    -40 mV not reached" in out
    assert picture.stat().st_size > 10_000
    living = fr.cells["mammalian neuron"].living(
        R_m=7, pump="saturating", pump_Na_half=10, pump_K_half=1.5
    )
    protocol = {0: fr.states["pump block"], 1800: {}}
    course = living.rundown(protocol, time=np.linspace(0, 7200, 721), diameter=20)
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["V"]) for row in rows] == course.values().tolist()
    assert [float(row["time"]) for row in rows] == course.time.tolist()


def test_parameters_of_conditions_and_the_choices_of_the_plan(run, plan):
    changes = ('state = "pump block"', 'K_out = 8\nP_Na = "times:1.5"'), ('"free"', '"fixed"')
    code, out, _ = run("rundown", plan(*changes))
    assert code == 0
    assert "from 0 s: K_out 8, P_Na 7.83847e-08" in out
    assert "relative_volume 1.00" in out.splitlines()[5]


@pytest.mark.parametrize(
    ("changes", "options", "text"),
    [
        ([('"pump block"', '"pumpp"')], [], "protocol 1: conditions: 1: unknown state 'pumpp'"),
        ([("at = 0 ", "# ")], [], "protocol 1: at is missing"),
        ([("pump_K_half", "pump_K_haf")], [], "living: living takes"),
        ([("[living]", "[livin]")], [], "unknown key 'livin': did you mean living?"),
        ([("721]", "0]")], [], "time: the number of times must be a whole number >= 1, got 0"),
        ([("time = [0, 7200, 721]", "time = 3600")], [], "time: must be [from, to, number]"),
        ([("diameter = 20", "diameter = -20")], [], "diameter must be > 0 um, got -20"),
        ([("diameter = 20 ", "#")], [], "diameter is missing"),
        ([], ["--of", "V,Foo"], "unknown output 'Foo'"),
        ([], ["--out", "course.txt"], "--out course.txt must end in .csv"),
        ([], ["--plot", "course.doc"], "--plot must end in one of"),
    ],
)
def test_a_mistake_is_told_in_one_line(run, plan, changes, options, text):
    code, out, err = run("rundown", plan(*changes), *options)
    assert code == 2
    assert out == ""
    assert text in err
    assert err.count("\n") == 1


def test_outputs_never_replace_inputs(run, plan, tmp_path):
    path = plan()
    code, _, err = run("rundown", path, "--out", path)
    assert code == 2
    assert "must end in .csv" in err or "every file needs its own name" in err
    (tmp_path / "mine.csv").write_text("my data")
    code, _, err = run("rundown", path, "--out", str(tmp_path / "mine.csv"))
    assert code == 2
    assert (tmp_path / "mine.csv").read_text() == "my data"
    assert (
        run("rundown")[2] == "fastrest: error: give a PLAN.toml, or --example, which prints one\n"
    )
