"""Answers carry the output that they are about, and populations count each output where it lies."""

import numpy as np
import pytest

import fastrest as fr
from fastrest.populations.candidates import LIMITS_OF_OTHERS, LIMITS_OF_V, PopulationDesign

NEURON = fr.cells["mammalian neuron"]
CALCIUM = fr.Cell(fr.GHK("K", "Na", "Cl", "Ca"), **NEURON, P_Ca=0.1, Ca_out=2.0, Ca_in=1e-4)
SPACE = fr.space(CALCIUM, Ca_out=fr.lognormal(cv=0.3), K_out=fr.uniform(3, 6))


def test_answers_carry_their_output():
    output = CALCIUM.model.outputs["E_Ca"]
    sample = SPACE.sample(100, rng=1)
    assert sample.histogram(of="E_Ca").output == output
    assert sample.histogram([0, 1, 2], of=fr.between(120, 130, of="E_Ca")).output == output
    assert SPACE.population(100, rng=1, of="E_Ca").histogram().output == output
    assert CALCIUM.uncertainty(of="E_Ca", Ca_out=0.1).output == output
    assert sample.histogram().output == CALCIUM.model.outputs["V"]


def test_histograms_count_points_without_a_potential():
    table = fr.table(NEURON, {"K_out": [3.0, -1, np.nan, 5]})
    assert table.histogram().invalid == table.summary().invalid == {"NOT_FINITE": 1, "NEGATIVE": 1}
    parts = [table.part(0, 1).tally(fr.Histogram())]
    assert fr.merge(parts)[0].invalid == table.summary().invalid


def test_an_answer_of_an_earlier_version_is_drawn(ax, monkeypatch):
    pytest.importorskip("matplotlib")
    h = fr.grid(NEURON, K_out=[3.0, 5.0]).histogram(of="E_K")
    u = NEURON.uncertainty(K_out=0.1)
    for one, names in ((h, ("output", "invalid")), (u, ("output",))):
        for name in names:
            del vars(one)[name]  # as unpickling leaves it
    assert h.plot(ax).get_xlabel() == "E_K (mV)"
    assert u.plot(ax.figure.add_subplot()).get_xlabel() == "sd of the output (mV)"


@pytest.mark.parametrize("of", ["E_Ca", "E_K", "E_Na"])
def test_a_population_counts_an_output_where_it_lies(of, ax):
    pytest.importorskip("matplotlib")
    pop = SPACE.population(5000, rng=1, of=of)
    h, s = pop.histogram(range=(-500, 500)), pop.summary()
    assert (h.below, h.above) == (0, 0)
    assert h.counts.sum() == s.n == 5000
    values = SPACE.sample(5000, rng=1).values(of=of)
    middle = np.quantile(values, 0.5, method="inverted_cdf")
    assert abs(pop.quantile(None, 0.5) - middle) <= 0.0251
    low, high = pop.plot(ax).get_xlim()
    assert low < middle < high
    assert any(steps.get_data()[0].sum() > 0 for steps in ax.patches)


def test_a_population_picture_ends_at_the_limits_of_its_bins(ax):
    pytest.importorskip("matplotlib")
    leaky = fr.space(CALCIUM, P_Ca=fr.loguniform(1e-3, 1e5))
    pop = leaky.population(2000, rng=1)
    assert pop.summary().max > 100
    edges = pop.plot(ax).patches[0].get_data().edges
    assert edges[-1] == 100


def test_limits_of_populations_outlive_a_release():
    design = SPACE.population(10, rng=1, of="E_Ca").tally.design
    content = design.to_json()
    assert PopulationDesign.from_json(design.sample, content).limits == LIMITS_OF_OTHERS
    earlier = {name: x for name, x in content.items() if name != "limits"}
    assert PopulationDesign.from_json(design.sample, earlier).limits == LIMITS_OF_V
    assert "limits" not in SPACE.population(10, rng=1).tally.design.to_json()
    with pytest.raises(ValueError, match=r"limits must be \(-500, 500\), got 0 and 7"):
        PopulationDesign.from_json(design.sample, {**content, "limits": [0, 7]})


def test_edges_beyond_the_limits_are_refused():
    pop = SPACE.population(10, rng=1, of="E_Ca")
    with pytest.raises(ValueError, match=r"multiples of 0.05 mV between -500 and 500, got 500.05"):
        pop.histogram(bins=[0, 500.05])


def test_units_of_members_are_those_of_their_output():
    units = SPACE.population(100, rng=1, of="E_Ca").members(first=2).units
    assert units["E_Ca control"] == CALCIUM.model.outputs["E_Ca"].unit
