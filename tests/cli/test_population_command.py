"""`fastrest population`: report, files, checkpoints, and one line for a mistake."""

import os
import sys

import numpy as np
import pytest

import fastrest as fr
from fastrest.cli.main import main
from fastrest.populations import members

NEURON = "mammalian neuron"


@pytest.fixture(scope="module")
def pop():
    space = fr.space(fr.cells[NEURON], P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
    return space.population(
        150_000,
        rng=1,
        conditions={
            "control": {},
            "high K": fr.states["hyperkalaemia"],
            "leaky": {"P_Na": fr.times(3)},
        },
        accept=[fr.between(-75, -60), fr.change("control", "high K", 2, 5)],
    )


def test_population_example_is_printed_and_runs(tmp_path, run):
    code, text, _ = run("population", "--example")
    assert code == 0
    path = tmp_path / "plan.toml"
    path.write_text(text)
    code, out, _ = run("population", str(path), "--n", "10000")
    assert code == 0
    assert "10,000 candidates, 7 parameters vary (method random, rng 1)" in out


def test_population_report_has_counts_potentials_classes_and_sources(plan, run, pop):
    code, out, _ = run("population", plan)
    text = " ".join(out.split())
    low, high = (f"{100 * x:.4g}" for x in pop.interval)
    alone = pop.rejected_only_by
    assert code == 0
    assert f"accepted {pop.accepted:,} (" in text
    assert f"95 % interval {low} ... {high} %" in text
    for one, n in pop.rejected_by.items():
        line = next(line for line in out.splitlines() if line.startswith(f"  {one!r}"))
        counts = [f"{count:,}" for count in (n, alone[one], n - alone[one])]
        words = line.removeprefix(f"  {one!r}").split()
        assert [word for word in words if word.replace(",", "").isdecimal()] == counts
    for name in pop.conditions:
        s, (q5, q95) = pop.summary(name), pop.quantile(name, [0.05, 0.95])
        assert f"{name} {s.mean:.2f} {s.sd:.2f} {q5:.2f} {q95:.2f}" in text
    n = pop.transition("control", "leaky")["resting", "suprathreshold"]
    assert f"from control to leaky: {n:,} (" in text
    assert "condition high K is the state hyperkalaemia (textbook; " in text
    assert fr.states["hyperkalaemia"].source in text


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".parquet"])
def test_population_out_writes_accepted_cells(tmp_path, plan, run, pop, suffix):
    pd = pytest.importorskip("pandas")
    path = tmp_path / f"a{suffix}"
    code, out, _ = run("population", plan, "--out", str(path))
    assert code == 0
    assert f"wrote    {path}: {pop.accepted:,} cells" in out
    read = {
        ".csv": pd.read_csv,
        ".parquet": pd.read_parquet,
        ".npz": lambda p: pd.DataFrame({n: x for n, x in np.load(p).items() if n != "units"}),
    }[suffix]
    pd.testing.assert_frame_equal(read(path), pop.to_dataframe())


def test_population_plot_writes_a_picture(tmp_path, plan, run):
    path = tmp_path / "p.png"
    code, out, _ = run("population", plan, "--n", "1000", "--plot", str(path))
    assert code == 0
    assert out.endswith(f"wrote    {path}\n")
    assert path.stat().st_size > 20_000


def test_population_n_and_rng_replace_those_of_the_plan(plan, run):
    code, out, _ = run("population", plan, "--n", "123", "--rng", "9")
    assert code == 0
    assert "123 candidates, 2 parameters vary (method random, rng 9)" in out


def test_population_without_accepted_cells_reports_rejections(tmp_path, plan, run):
    path = tmp_path / "plan.toml"
    path.write_text(path.read_text().replace("[-75, -60]", "[10, 20]"))
    files = ["--out", str(tmp_path / "a.csv"), "--plot", str(tmp_path / "p.png")]
    code, out, err = run("population", plan, "--n", "10000", *files)
    assert (code, err) == (0, "")
    assert "accepted 0 (0 %, 95 % interval 0 ... 0.0384 %)" in out
    assert "no candidate meets all criteria; rejected: 10,000 by between(10, 20), " in out
    assert (tmp_path / "a.csv").read_text().count("\n") == 1
    assert (tmp_path / "p.png").exists()


def test_population_counts_candidates_without_potentials_by_reason(plan, tmp_path, run):
    nothing = "[set]\nP_K = 0\nP_Cl = 0\n[vary]\nK_out = 'uniform:3,6'\n"
    (tmp_path / "plan.toml").write_text(
        f"cell = '{NEURON}'\nn = 9\n{nothing}[conditions.a]\nP_Na = 0\n"
    )
    code, out, _ = run("population", plan)
    assert code == 0
    assert "invalid  9 (9 NO_PERMEANT)" in out
    assert "no candidate has a potential under every condition" in out


def test_population_of_a_cell_without_a_threshold_has_no_classes(plan, tmp_path, run):
    path = tmp_path / "plan.toml"
    text = path.read_text().replace(NEURON, "glial cell").replace("[-75, -60]", "[-95, -60]")
    path.write_text(text.replace("[2, 5]", "[-50, 50]"))
    code, out, _ = run("population", plan, "--n", "1000")
    assert code == 0
    assert "accepted cells, mV" in out
    assert "resting" not in out


def test_population_resumes_a_checkpoint_and_refuses_that_of_another(tmp_path, plan, run):
    checkpoint = ["--checkpoint", str(tmp_path / "c"), "--threads", "1"]
    first = run("population", plan, *checkpoint)
    again = run("population", plan, *checkpoint)
    assert first[0] == again[0] == 0
    assert first[1].splitlines()[:-1] == again[1].splitlines()[:-1]
    code, out, err = run("population", plan, "--n", "9", *checkpoint)
    assert (code, out) == (2, "")
    assert "is of another population" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give a PLAN.toml, or --example"),
        (["nowhere.toml"], "nowhere.toml"),
        (["PLAN", "--n", "0"], "plan.toml: n must be a whole number >= 1, got 0"),
        (["PLAN", "--out", "a.xlsx"], "unknown suffix '.xlsx': known are .csv, .npz, .parquet"),
        (["PLAN", "--plot", "a.foo"], "--plot must end in one of"),
        (["PLAN", "--out", "a.csv", "--plot", "a.csv"], "every file needs its own name, got"),
        (["PLAN", "--out", "no/a.csv"], "no/a.csv cannot be written: there is no folder"),
        (["PLAN", "--part", "0/2"], "--part K/N and --tally FILE go together"),
        (["PLAN", "--part", "x", "--tally", "t"], "--part K/N and --tally FILE go together"),
        (["PLAN", "--part", "1/x", "--tally", "t"], "--part N must be a whole number >= 0"),
        (
            ["PLAN", "--part", "0/2", "--tally", "no/t"],
            "no/t cannot be written: there is no folder",
        ),
        (
            ["PLAN", "--part", "0/2", "--tally", "t", "--out", "a.csv"],
            "--part only counts: give --out",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_population_reports_a_mistake_in_one_line(
    plan, tmp_path, run, monkeypatch, options, message
):
    monkeypatch.chdir(tmp_path)
    code, out, err = run("population", *(plan if o == "PLAN" else o for o in options))
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert os.listdir(tmp_path) == ["plan.toml"]


@pytest.mark.parametrize("suffix", [".csv", ".npz"])
def test_population_out_that_fails_leaves_the_old_file(tmp_path, plan, run, monkeypatch, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"precious")

    def fail(*args, **kwargs):
        raise OSError("the disk is full")

    monkeypatch.setitem(members.WRITERS, suffix, fail)
    code, _, err = run("population", plan, "--n", "99", "--out", str(path), "--force")
    assert code == 2
    assert "the disk is full" in err
    assert path.read_bytes() == b"precious"
    assert sorted(os.listdir(tmp_path)) == [path.name, "plan.toml"]


def test_population_out_reports_missing_pyarrow_before_anything_is_computed(
    tmp_path, plan, run, monkeypatch
):
    for name in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)
    code, out, err = run("population", plan, "--out", str(tmp_path / "a.parquet"))
    assert (code, out) == (2, "")
    assert ".parquet needs pyarrow: pip install 'fastrest-ghk[parquet]'" in err


def test_population_out_does_not_replace_another_file_with_units(tmp_path, capsys):
    plan, out = tmp_path / "plan.toml", tmp_path / "x.csv"
    assert main(["population", "--example"]) == 0
    plan.write_text(capsys.readouterr().out)
    asked = ["population", str(plan), "--n", "2000", "--out", str(out)]
    beside = tmp_path / "x.csv.units.json"
    assert main([*asked, "--checkpoint", str(beside)]) == 2
    assert "every file needs its own name" in capsys.readouterr().err
    beside.write_text("my own notes")
    mine = tmp_path / "x.csv.writing"
    mine.write_text("mine")
    assert main(asked) == 2
    assert "x.csv.units.json is not a file that fastrest wrote" in capsys.readouterr().err
    assert beside.read_text() == "my own notes"
    assert not out.exists()
    beside.unlink()
    assert main(asked) == 0
    assert main(asked) == 2  # a .csv does not tell that fastrest wrote it
    assert "x.csv is not a file that fastrest wrote, and is not" in capsys.readouterr().err
    assert main([*asked, "--force"]) == 0
    assert mine.read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "plan.toml",
        "x.csv",
        "x.csv.units.json",
        "x.csv.writing",
    ]
