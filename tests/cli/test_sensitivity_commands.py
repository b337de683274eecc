"""`fastrest gradient`, `fastrest solve`, `fastrest currents` and `fastrest sobol`."""

import re

import pytest

import fastrest as fr
from fastrest.cli.main import main

NEURON = "mammalian neuron"


def test_gradient_of_a_cell_is_printed(capsys):
    assert main(["gradient", "mammalian neuron", "--set", "K_out=5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    slopes = {line.split()[0]: line.split() for line in lines[2:]}
    assert float(slopes["K_out"][3]) == pytest.approx(1.91589, abs=1e-5)
    assert slopes["celsius"][-1] == "°C)"


def test_gradient_of_a_cell_without_a_potential_is_an_error(capsys):
    off = ["--set", "P_K=0", "--set", "P_Na=0", "--set", "P_Cl=0"]
    assert main(["gradient", "mammalian neuron", *off]) == 2
    assert "has no potential, hence no gradient: NO_PERMEANT" in capsys.readouterr().err


def test_solutions_are_printed(capsys):
    assert main(["solve", NEURON, "K_out", "--set", "P_Na=0.05", "--V", "-60", "-55"]) == 0
    lines = capsys.readouterr().out.splitlines()
    expected = fr.cells[NEURON].replace(P_Na=0.05).solve("K_out", V=[-60, -55])
    found = [float(line.split()[-2]) for line in lines[1:]]
    assert found == pytest.approx(expected.tolist(), rel=1e-9)
    assert main(["solve", NEURON, "K_out", "--of", "E_K", "--V=-90"]) == 0
    assert "E_K -90 mV: K_out 4.826966291 mM" in capsys.readouterr().out


def test_potentials_out_of_reach_are_an_error(capsys):
    assert main(["solve", NEURON, "P_Cl", "--V", "-68"]) == 2
    assert "V reaches from -68.59 mV (P_Cl = 0)" in capsys.readouterr().err


def test_currents_are_printed_and_drawn(tmp_path, capsys):
    picture = tmp_path / "currents.png"
    options = ["--R-m", "7", "--diameter", "20", "--plot", str(picture)]
    assert main(["currents", NEURON, *options]) == 0
    text = capsys.readouterr().out
    assert str(fr.cells[NEURON].absolute(R_m=7).currents()) in text
    assert "input resistance of a sphere of 20 um: 557 MOhm" in text
    assert picture.stat().st_size > 1000
    assert main(["currents", NEURON]) == 0
    assert "share" in capsys.readouterr().out


def test_an_input_resistance_needs_a_scale(capsys):
    assert main(["currents", NEURON, "--diameter", "20"]) == 2
    assert "give the membrane's --R-m too" in capsys.readouterr().err


VARY = ["--vary", "P_Na=lognormal:cv=0.5", "--vary", "K_out=uniform:3,6"]


def test_sobol_prints_and_writes_indices(tmp_path, capsys):
    csv_file, picture = tmp_path / "i.csv", tmp_path / "i.png"
    asked = ["sobol", "mammalian neuron", *VARY, "--csv", str(csv_file), "--plot", str(picture)]
    assert main(asked) == 0
    text = capsys.readouterr().out
    assert "exact within" in text
    rows = csv_file.read_text().splitlines()
    assert rows[0] == "input,S1,S1_conf,ST,ST_conf"
    space = fr.space(
        fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6)
    )
    assert float(rows[1].split(",")[3]) == pytest.approx(space.sobol()["ST"][0], abs=1e-9)
    assert picture.stat().st_size > 1000


def test_sobol_takes_groups_and_tells_shapley_effects(tmp_path, capsys):
    space = fr.space(
        fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6)
    )
    both = ["--group", "both=P_Na,K_out"]
    assert main(["sobol", "mammalian neuron", *VARY, *both]) == 0
    found = space.sobol(groups={"both": space.names})
    assert capsys.readouterr().out.startswith(f"{found!r}\n")
    sampled = ["--samples", "256", "--rng", "1"]
    assert main(["sobol", "mammalian neuron", *VARY, *both, *sampled]) == 0
    found = space.sobol(256, rng=1, groups={"both": space.names})
    assert capsys.readouterr().out.startswith(f"{found!r}\n")
    csv_file = tmp_path / "shares.csv"
    assert main(["sobol", "mammalian neuron", *VARY, "--shapley", "--csv", str(csv_file)]) == 0
    assert capsys.readouterr().out.startswith(f"{space.shapley()!r}\n")
    rows = csv_file.read_text().splitlines()
    assert rows[0] == "input,Sh,Sh_conf"
    assert sum(float(row.split(",")[1]) for row in rows[1:]) == pytest.approx(1)


def test_sobol_between_is_sampled(capsys):
    options = ["--samples", "4096", "--between", "-72", "-66", "--rng", "1"]
    assert main(["sobol", "mammalian neuron", *VARY, *options]) == 0
    first = capsys.readouterr().out.split("time")[0]
    assert "-72 <= V <= -66 mV" in first
    assert "rng 1" in first
    assert main(["sobol", "mammalian neuron", *VARY, *options, "--threads", "2"]) == 0
    assert capsys.readouterr().out.split("time")[0] == first
    assert main(["sobol", "mammalian neuron", *VARY, "--until", "0.05"]) == 0
    assert "rng" in capsys.readouterr().out  # fresh entropy is told


def test_sobol_nan_policy_leaves_out_points_without_a_potential(capsys):
    # where Na_in is below 1e-148, its product with P_Na leaves the normal doubles
    tiny = ["--set", "P_K=0", "--set", "P_Cl=0", "--set", "P_Na=1e-160"]
    asked = ["sobol", NEURON, *tiny, "--vary", "Na_in=loguniform:1e-200,1", "--rng", "1"]
    assert main([*asked, "--samples", "256"]) == 2
    assert "of the sample have no potential" in capsys.readouterr().err
    assert main([*asked, "--samples", "256", "--nan-policy", "omit"]) == 0
    assert "RANGE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give --vary NAME=DISTRIBUTION, such as --vary K_out=uniform:3,6"),
        (["--vary", "K_out=uniform"], "--vary K_out: uniform"),
        (["--vary", "K_out=unifrm:3,6"], "--vary K_out: unknown distribution 'unifrm'"),
        ([*VARY, "--vary", "K_out=uniform:3,6"], "--vary K_out is given twice"),
        ([*VARY, "--between", "-80", "-60"], "--between goes with a sample: give --samples N"),
        ([*VARY, "--shapley", "--samples", "9"], "--shapley goes without --samples"),
        ([*VARY, "--shapley", "--group", "a=P_Na"], "--shapley goes without --group"),
        ([*VARY, "--group", "a=P_K"], "groups: unknown input 'P_K'"),
        ([*VARY, "--rng", "5"], "--rng goes with a sample: give --samples N or --until WIDTH"),
        ([*VARY, "--nan-policy", "omit"], "--nan-policy goes with a sample"),
        ([*VARY, "--csv", "x.txt"], "x.txt must end in .csv"),
        ([*VARY, "--csv", "./x.svg", "--plot", "x.svg"], "every file needs its own name"),
        ([*VARY, "--samples", "0"], "n must be a whole number >= 1, got 0"),
        ([*VARY, "--plot", "x.doc"], "--plot must end in one of"),
        (["--vary", "K_out=normal:sd=1"], "K_out: normal(mean=5, sd=1) reaches below 0 mM"),
    ],
)
def test_sobol_reports_a_mistake_in_one_line(options, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["sobol", "mammalian neuron", *options]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error
    assert not list(tmp_path.iterdir())


TWO = [
    "sobol",
    "mammalian neuron",
    "--vary",
    "P_Na=lognormal:cv=0.5",
    "--vary",
    "K_out=uniform:3,6",
]


@pytest.mark.parametrize(
    ("options", "pattern"),
    [
        ([], r"\n  P_Na x K_out  0\.0034\n"),
        (["--samples", "1024", "--rng", "1"], r"\n  P_Na x K_out  0\.\d{4} ± 0\.\d{4}\n"),
        (["--until", "0.2", "--rng", "1"], r"\n  P_Na x K_out  -?0\.\d{4} ± 0\.\d{4}\n"),
    ],
    ids=["exact", "sampled", "until"],
)
def test_second_prints_the_part_of_two_inputs_together(options, pattern, run):
    code, out, _ = run(*TWO, "--second", *options)
    assert code == 0
    assert re.search(pattern, out)


@pytest.mark.parametrize("other", [["--group", "a=P_Na,K_out"], ["--shapley"]])
def test_second_goes_without_groups_and_shapley_effects(other, run):
    code, out, err = run(*TWO, "--second", *other)
    assert (code, out) == (2, "")
    assert "goes without" in err
