"""Pictures of the command line: no pyplot figure stays open, and labels are those of Python."""

import pytest

import fastrest as fr

plt = pytest.importorskip("matplotlib.pyplot")

NEURON = "mammalian neuron"
K_OUT = ["--grid", "K_out=1:50:30"]
COMMANDS = {
    "curve": ["sweep", NEURON, *K_OUT, "--plot", "x.png"],
    "Nernst lines": ["sweep", NEURON, *K_OUT, "--nernst", "K,Na", "--plot", "x.png"],
    "family": ["sweep", NEURON, *K_OUT, "--grid", "P_Na=0.01,0.04,0.1", "--plot", "x.png"],
    "one value": ["sweep", NEURON, *K_OUT, "--grid", "P_Na=0.04", "--plot", "x.png"],
    "histogram": ["sweep", NEURON, *K_OUT, "--histogram", "x.png"],
    "sobol": ["sobol", NEURON, "--vary", "K_out=uniform:3,6", "--plot", "x.png"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_opens_no_pyplot_figure(name, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = plt.get_fignums()
    code, _, err = run(*COMMANDS[name])
    assert (code, err) == (0, "")
    assert (tmp_path / "x.png").stat().st_size > 1000
    assert plt.get_fignums() == before


def test_a_histogram_has_the_label_of_python(run, tmp_path, monkeypatch, ax):
    labels = []
    plot = type(fr.grid(fr.cells[NEURON], K_out=[3.0]).histogram()).plot

    def kept(answer, *arguments):
        found = plot(answer, *arguments)
        labels.append(found.get_xlabel())
        return found

    monkeypatch.setattr("fastrest.reductions.histograms.HistogramAnswer.plot", kept)
    run("sweep", NEURON, *K_OUT, "--of", "E_K", "--histogram", str(tmp_path / "x.png"))
    assert labels == [fr.grid(fr.cells[NEURON], K_out=[3, 5, 8]).plot(ax, of="E_K").get_ylabel()]
