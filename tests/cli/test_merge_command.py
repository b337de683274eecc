"""`fastrest merge`: parts of a sweep or of a population give the report of the whole."""

import os

import numpy as np
import pytest

import fastrest as fr
from fastrest.cli.main import main

NEURON = "mammalian neuron"


@pytest.mark.slow
def test_merge_of_a_sweep_prints_the_report_of_the_whole(tmp_path, run):
    rows = tmp_path / "rows.csv"
    K_out = np.random.default_rng(1).uniform(-0.1, 50, 150_000)
    np.savetxt(rows, K_out, header="K_out", comments="")
    sweep = ["sweep", NEURON, "--table", str(rows), "--histogram", str(tmp_path / "h.png")]
    tallies = [str(tmp_path / f"{k}.tally") for k in range(3)]
    for k, tally in enumerate(tallies):
        code, out, _ = run(*sweep, "--part", f"{k}/3", "--tally", tally)
        assert code == 0
        assert out.startswith(f"wrote    {tally}: <Tally of ")
    assert not (tmp_path / "h.png").exists()
    code, merged, _ = run("merge", *tallies, "--histogram", str(tmp_path / "m.png"))
    assert code == 0
    assert (tmp_path / "m.png").stat().st_size > 5000
    code, whole, _ = run(*sweep)
    assert merged.splitlines()[:5] == whole.splitlines()[:5]
    assert (tmp_path / "h.png").read_bytes() == (tmp_path / "m.png").read_bytes()


def test_merge_refuses_tallies_that_leave_points_out(tmp_path, run):
    tally = str(tmp_path / "0.tally")
    axis = "K_out=1:50:200000"
    run("sweep", NEURON, "--grid", axis, "--part", "0/2", "--tally", tally)
    code, out, err = run("merge", tally)
    assert (code, out) == (2, "")
    assert f"these tallies ({tally}) leave out the points 131,072 to 200,000" in err
    code, _, err = run("merge", tally, tally)
    assert code == 2
    assert "are in two of these tallies" in err


def test_merge_cannot_draw_a_histogram_that_was_not_counted(tmp_path, run):
    tally = str(tmp_path / "t")
    run("sweep", NEURON, "--grid", "K_out=1,2", "--part", "0/1", "--tally", tally)
    code, _, err = run("merge", tally, "--histogram", str(tmp_path / "h.png"))
    assert code == 2
    assert "these tallies have no histogram" in err
    assert os.listdir(tmp_path) == ["t"]


@pytest.mark.slow
def test_merge_of_a_population_gives_the_whole(tmp_path, plan, run):
    tallies = [str(tmp_path / f"{k}.tally") for k in range(3)]
    for k, tally in enumerate(tallies):
        code, out, _ = run("population", plan, "--part", f"{k}/3", "--tally", tally)
        assert code == 0
        assert out.startswith(f"wrote    {tally}: ")
    outs = [str(tmp_path / name) for name in ("m.csv", "w.csv")]
    plots = [str(tmp_path / name) for name in ("m.png", "w.png")]
    code, merged, _ = run("merge", *tallies, "--out", outs[0], "--plot", plots[0])
    assert code == 0
    code, whole, _ = run("population", plan, "--out", outs[1], "--plot", plots[1])
    lines = merged.splitlines()[:-2]
    assert lines == whole.splitlines()[: len(lines)]
    for a, b in (outs, plots):
        with open(a, "rb") as one, open(b, "rb") as other:
            assert one.read() == other.read()


def test_merge_tells_options_of_sweeps_and_populations_apart(tmp_path, plan, run):
    sweep, cohort = str(tmp_path / "s"), str(tmp_path / "p")
    run("sweep", NEURON, "--grid", "K_out=1,2", "--part", "0/1", "--tally", sweep)
    run("population", plan, "--n", "9", "--part", "0/1", "--tally", cohort)
    code, _, err = run("merge", sweep, "--plot", str(tmp_path / "m.png"))
    assert code == 2
    assert "--out and --plot are for a population, and these tallies are of a sweep" in err
    code, _, err = run("merge", cohort, "--histogram", str(tmp_path / "m.png"))
    assert code == 2
    assert "--histogram is for a sweep, and these tallies are of a population: give --plot" in err


def test_merge_does_not_overwrite_a_tally(tmp_path, capsys):
    space = fr.space(fr.cells[NEURON], P_Na=fr.lognormal(cv=0.5))
    tally = tmp_path / "t.csv"
    space.population(1000, rng=1).save_counts(tally)
    before = tally.read_bytes()
    assert main(["merge", str(tally), "--out", str(tally)]) == 2
    assert "every file needs its own name" in capsys.readouterr().err
    assert tally.read_bytes() == before
