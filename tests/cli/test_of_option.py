"""`--of`, and `of` in plans: another output of the model than V."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

import fastrest as fr
from helpers.notation import E_K, K_OUT

NEURON = "mammalian neuron"
GRID = ["--grid", "K_out=1:50:200000"]
VARY = ["--vary", "P_Na=lognormal:cv=0.5", "--vary", "K_out=uniform:3,6"]


@pytest.fixture(scope="module")
def sweep():
    return fr.grid(fr.cells[NEURON], K_out=np.linspace(1, 50, 200_000))


@pytest.fixture(scope="module")
def space():
    return fr.space(fr.cells[NEURON], P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))


def drawn_labels(monkeypatch):
    """Return a list that is filled with the labels and texts of every figure that is saved."""
    found = []

    def savefig(figure, path, **options):
        for ax in figure.axes:
            found.extend([ax.get_xlabel(), ax.get_ylabel(), *(one.get_text() for one in ax.texts)])

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", savefig)
    return found


def test_sweep_of_an_output_is_reported_by_its_name(run, sweep):
    code, out, _ = run("sweep", NEURON, *GRID, "--of", "E_K", "--summary")
    s, quantiles = sweep.summary(of="E_K"), sweep.quantile([0.05, 0.5, 0.95], of="E_K")
    assert code == 0
    assert "GHK(K, Na, Cl), E_K: 200,000 points" in out
    assert f"mean     {s.mean:.4f} mV, sd {s.sd:.4f} mV" in out
    assert f"5 % {quantiles[0]:.4f}" in out
    assert "class " not in out  # excitability is a matter of V


def test_sweep_of_v_is_reported_as_ever(run):
    _, asked, _ = run("sweep", NEURON, "--grid", "K_out=3,5", "--of", "V")
    _, default, _ = run("sweep", NEURON, "--grid", "K_out=3,5")
    lines = [[x for x in out.splitlines() if x[:4] != "time"] for out in (asked, default)]
    assert lines[0] == lines[1]
    assert "GHK(K, Na, Cl): 2 points" in asked


def test_sweep_of_an_output_is_written(tmp_path, run):
    out = tmp_path / "v.npy"
    assert run("sweep", NEURON, "--grid", "K_out=3,5", "--of", "E_K", "--out", str(out))[0] == 0
    expected = fr.grid(fr.cells[NEURON], K_out=[3.0, 5.0]).values(of="E_K")
    assert np.load(out).tobytes() == expected.tobytes()


@pytest.mark.parametrize("option", ["--plot", "--histogram"])
def test_sweep_of_an_output_is_drawn_without_the_marks_of_v(option, tmp_path, run, monkeypatch):
    pytest.importorskip("matplotlib")
    found = drawn_labels(monkeypatch)
    run("sweep", NEURON, *GRID[:1], "K_out=3:9:50", "--of", "E_K", option, str(tmp_path / "x.png"))
    assert E_K in found
    assert not [text for text in found if "threshold" in text or "membrane" in text]


def test_histogram_of_v_has_the_marks_of_the_cell(tmp_path, run, monkeypatch):
    pytest.importorskip("matplotlib")
    found = drawn_labels(monkeypatch)
    run("sweep", NEURON, *GRID[:1], "K_out=3:9:50", "--histogram", str(tmp_path / "x.png"))
    assert {"membrane potential (mV)", "threshold −55 mV", "block −40 mV"} <= {*found}


def test_parts_of_a_sweep_of_an_output_merge(tmp_path, run, sweep, monkeypatch):
    pytest.importorskip("matplotlib")
    found = drawn_labels(monkeypatch)
    picture = ["--histogram", str(tmp_path / "x.png")]
    tallies = [str(tmp_path / f"{k}.tally") for k in range(2)]
    for k, tally in enumerate(tallies):
        part = ["--part", f"{k}/2", "--tally", tally, "--of", "E_K", *picture]
        assert run("sweep", NEURON, *GRID, *part)[0] == 0
    code, out, _ = run("merge", *tallies, *picture)
    assert code == 0
    assert "GHK(K, Na, Cl), E_K: 200,000 points" in out
    assert f"mean     {sweep.summary(of='E_K').mean:.4f} mV" in out
    assert E_K in found


def test_gradient_of_an_output(run):
    code, out, _ = run("gradient", NEURON, "--of", "E_K")
    lines = out.splitlines()
    slopes = {line.split()[0]: float(line.split()[3]) for line in lines[2:] if "P_" not in line}
    E_K = fr.table(fr.cells[NEURON], {"celsius": [37.0]}).values(of="E_K")[0]
    assert code == 0
    assert lines[0] == f"{NEURON}: E_K {E_K:.4f} mV"
    assert slopes["K_out"] == pytest.approx(fr.cells[NEURON].gradient(of="E_K")["K_out"], 1e-5)
    assert slopes["Na_in"] == 0


def test_sobol_of_an_output(run, space):
    code, out, _ = run("sobol", NEURON, *VARY, "--of", "E_K")
    assert code == 0
    assert out.startswith(f"{space.sobol(of='E_K')!r}\n")
    assert "<Sobol' indices of E_K: " in out


def test_sobol_of_an_event_of_an_output(run, space):
    event = ["--between", "-100", "-90", "--of", "E_K"]
    code, out, _ = run("sobol", NEURON, *VARY, *event, "--samples", "256", "--rng", "1")
    assert code == 0
    assert out.startswith(repr(space.sobol(256, of=fr.between(-100, -90, of="E_K"), rng=1)))
    assert "-100 <= E_K <= -90 mV" in out


@pytest.mark.parametrize(
    "command", [["sweep", NEURON, *GRID], ["gradient", NEURON], ["sobol", NEURON, *VARY]]
)
def test_of_an_unknown_output_is_refused_with_the_known_ones(command, run):
    code, out, err = run(*command, "--of", "E_Ca")
    assert code == 2
    assert out == ""
    assert err.startswith("fastrest: error: --of: ")
    assert "'E_Ca'" in err
    assert "E_Na" in err


# ---- plans ----


def with_output(plan, tmp_path):
    """Return the path of a plan of E_K, with a criterion of its own for E_Na."""
    text = Path(plan).read_text().replace("rng = 1\n", 'rng = 1\nof = "E_K"\n')
    path = tmp_path / "of.toml"
    path.write_text(text + '[[accept]]\nbetween = [50, 70]\nof = "E_Na"\n')
    return str(path)


def test_population_plan_of_an_output(plan, tmp_path, run, space):
    code, out, _ = run("population", with_output(plan, tmp_path))
    pop = space.population(
        150_000,
        rng=1,
        of="E_K",
        conditions={
            "control": {},
            "high K": fr.states["hyperkalaemia"],
            "leaky": {"P_Na": fr.times(3)},
        },
        accept=[
            fr.between(-75, -60),
            fr.change("control", "high K", 2, 5),
            fr.between(50, 70, of="E_Na"),
        ],
    )
    s = pop.summary("high K")
    assert code == 0
    assert f"accepted {pop.accepted:,} (" in out
    assert "E_K of accepted cells, mV" in out
    assert f"{s.mean:.2f}" in next(x for x in out.splitlines() if x.startswith("  high K"))
    assert "between(50, 70, of='E_Na')" in out
    assert "from control to" not in out  # excitability is a matter of V


def test_population_plan_of_an_output_is_drawn(plan, tmp_path, run, monkeypatch):
    pytest.importorskip("matplotlib")
    found = drawn_labels(monkeypatch)
    picture = str(tmp_path / "x.png")
    code, *_ = run("population", with_output(plan, tmp_path), "--n", "10000", "--plot", picture)
    assert code == 0
    assert E_K in found
    assert not [text for text in found if "threshold" in text or "membrane" in text]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('of = "E_K"', 'of = "E_Ca"', ": of: "),
        ('of = "E_K"', "of = 3", ": of: "),
        ('of = "E_Na"', 'of = "E_Ca"', "'E_Ca'"),
        ('of = "E_Na"', "of = 3", ": accept 3: of must be the name of an output, got 3"),
        ("range = [2, 5]", 'range = [2, 5]\nof = "E_K"', ": accept 2: unknown key 'of'"),
    ],
)
def test_population_plan_with_a_wrong_output_is_refused(plan, tmp_path, run, old, new, message):
    path = Path(with_output(plan, tmp_path))
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    code, _, err = run("population", str(path))
    assert code == 2
    assert err.count("\n") == 1
    assert message in err


RISE = "change('control', 'high K')"


def test_under_names_conditions_that_of_compares(tmp_path, run):
    out = tmp_path / "v.csv"
    condition = ("--under", "high K:K_out=8,P_Na=times:2", "--of", RISE)
    code, printed, _ = run("sweep", NEURON, "--grid", "K_out=2:6:5", *condition, "--out", str(out))
    assert code == 0
    assert "change('control', 'high K')" in printed
    cell = fr.cells[NEURON]
    before = fr.grid(cell, K_out=np.linspace(2, 6, 5)).values()
    after = cell.replace(K_out=8, P_Na=fr.times(2)).potential()
    rows = out.read_text(encoding="utf-8").splitlines()[1:]
    assert [float(row.split(",")[1]) for row in rows] == (after - before).tolist()


def test_under_takes_published_states_and_several_conditions(run):
    conditions = ("--under", "hyperkalaemia", "--under", "low:K_out=3")
    for of, sign in (("change('control', 'hyperkalaemia')", 1), ("change('control', 'low')", -1)):
        vary = ("--vary", "P_Na=lognormal:cv=0.5", "--samples", "1024", "--rng", "1")
        code, out, _ = run("sobol", NEURON, *vary, *conditions, "--of", of)
        assert code == 0
        mean = float(out.partition("mean ")[2].partition(" ")[0])
        assert math.copysign(1, mean) == sign
    event = "above(-60, at='low')"
    assert run("sobol", NEURON, *vary, *conditions, "--of", event)[0] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--under", "x"], "--under: unknown state 'x'"),
        (["--under", "x:K_ou=3"], "--under: condition 'x': .*did you mean K_out"),
        (["--under", "x:K_out"], r"--under takes NAME=..., got 'K_out'"),
        (["--under", "x:K_out=a"], "--under K_out"),
        (["--under", "x:K_out=3", "--under", "x:K_out=4"], "--under x is given twice"),
        (["--of", RISE], r"cell.under\(conditions\) has outputs"),
        (["--under", "x:K_out=3", "--of", RISE], "unknown condition 'high K'"),
    ],
)
def test_errors_about_conditions_name_the_option(options, message, run):
    code, out, err = run("sweep", NEURON, "--grid", "K_out=2,3", *options)
    assert (code, out) == (2, "")
    assert re.search(message, err)


def test_a_grid_of_three_axes_is_drawn_as_panels(tmp_path, run, monkeypatch):
    pytest.importorskip("matplotlib")
    found = drawn_labels(monkeypatch)
    axes = ["--grid", "K_out=3:9:20", "--grid", "Na_in=5:30:10", "--grid", "P_Na=0.02,0.04"]
    assert run("sweep", NEURON, *axes, "--plot", str(tmp_path / "x.png"))[0] == 0
    assert found.count(K_OUT) == 2
    assert found.count("membrane potential (mV)") == 1


def test_solutions_and_shares_are_outputs_of_every_command(run):
    of = "solution('K_in', V=-60)"
    code, out, _ = run("sweep", NEURON, "--grid", "K_out=3,5", "--of", of, "--summary")
    assert code == 0
    assert "solution('K_in', V=-60.0): 2 points" in out
    code, out, _ = run("sobol", NEURON, *VARY, "--of", of, "--samples", "256")
    assert code == 0
    assert "Sobol' indices of solution('K_in', V=-60.0)" in out
    code, _, err = run("sobol", NEURON, *VARY, "--of", "share_K")
    assert code == 2
    assert "exact indices are those of V" in err
