"""Notebooks: small, escaped HTML of nouns and answers, short texts, and completion of keys."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import fastrest as fr

NEURON = fr.cells["mammalian neuron"]
SPACE = fr.space(NEURON, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
GRID = fr.grid(NEURON, fr.axis("<b>", K_out=[2.5, 4.5], labels=["&", "<"]), P_Na=[0.01, 0.1])
BAD = fr.table(NEURON, {"K_out": [3.0, -1.0, np.nan], "who": ["a", "b", "c"]}, keep=["who"])
POPULATION = SPACE.population(
    1000,
    rng=1,
    conditions={"control": {}, "high <K>": {"K_out": 6.5}},
    accept=[fr.between(-75, -65, at="control")],
)
NOUNS = {
    "cell": NEURON,
    "cell with tags": NEURON.replace(name="<script>alert(1)</script>", remark='"&<'),
    "cell without a name or source": NEURON.replace(name="", source="", remark=""),
    "passive": NEURON.passive("Cl"),
    "living": NEURON.living(R_m=7),
    "absolute": NEURON.absolute(R_m=7),
    "chord": fr.cells["squid giant axon"].to_chord(),
    "no potential": NEURON.replace(P_K=0, P_Na=0, P_Cl=0),
    "grid": GRID,
    "table": BAD,
    "sample": SPACE.sample(1000, rng=1),
    "summary": GRID.summary(),
    "summary without a potential": fr.table(NEURON, {"K_out": [-1.0]}).summary(),
    "summary of an event": GRID.summary(of=fr.above(-70)),
    "histogram": SPACE.sample(1000, rng=1).histogram(),
    "histogram of many bins": GRID.histogram(bins=100_000),
    "histogram of nothing": BAD.histogram(range=(0, 1)),
    "classes": GRID.classify(),
    "population": POPULATION,
    "population that accepts none": SPACE.population(100, rng=1, accept=[fr.above(50)]),
}


@pytest.fixture(params=NOUNS.values(), ids=list(NOUNS))
def noun(request):
    return request.param


def test_html_is_small_and_well_formed(noun):
    text = noun._repr_html_()
    assert len(text) < 6000
    tags = {one.tag for one in ET.fromstring(text).iter()}
    assert tags <= {
        *("div", "b", "table", "thead", "tbody", "tr", "th", "td", "details", "summary"),
        *("svg", "path", "text"),
    }


def test_html_leaves_colours_to_the_notebook(noun):
    text = noun._repr_html_()
    colours = re.findall(r'(?:color:|background[^:]*:|fill="|stroke=")([^;"]*)', text)
    assert {*colours} <= {"inherit", "currentColor"}


@pytest.mark.parametrize(
    ("noun", "words"),
    [
        (NEURON, ["mammalian neuron: -69.81 mV", "K⁺", "140", "-89.06", "Purves", "37 °C"]),
        (NEURON.passive("Cl"), ["Cl⁻", "passive", "from V", "-68.59"]),
        (NEURON.with_ions("Ca", P=0.1, out=2.0, inside=1e-4), ["Ca²⁺", "0.0001"]),
        (GRID, ["Grid of 4 points", "&lt;b&gt; (2)", "K_out 2.5 ... 4.5 mM", "32 B; pointwise"]),
        (BAD, ["Table of 3 points", "carried along", "who"]),
        (BAD.summary(), ["1 point; invalid: 1 NOT_FINITE, 1 NEGATIVE", "-73.95 mV", "K_out 3"]),
        (GRID.classify(), ["resting", "threshold -55, block -40 mV"]),
        (POPULATION, ["candidates accepted", "high &lt;K&gt;", "at=&#x27;control&#x27;)"]),
        (NOUNS["cell with tags"], ["&lt;script&gt;alert(1)&lt;/script&gt;", "&quot;&amp;&lt;"]),
    ],
    ids=lambda one: type(one).__name__,
)
def test_html_shows(noun, words):
    text = noun._repr_html_()
    assert [word for word in words if word not in text] == []


def test_html_of_a_histogram_has_a_bar_for_each_group_of_bins():
    h = SPACE.sample(1000, rng=1).histogram(bins=[-100, -80, -70, -60, 0])
    assert h._repr_html_().count("M") == sum(h.counts > 0) + 1  # and the axis


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (
            fr.grid(NEURON, K_out=[3.0, 5.0, 8.0]).summary(),
            "<Summary of V: 3 points\n  mean -69.46 mV\n  sd 3.822 mV\n"
            "  min -73.95 mV at K_out 3\n  max -64.61 mV at K_out 8>",
        ),
        (NOUNS["summary without a potential"], "<Summary of V: 0 points; invalid: 1 NEGATIVE>"),
        (
            GRID.histogram(bins=3, range=(-80, -50)),
            "<Histogram of V: 4 points, 3 bins; 2 below, 0 above\n  edges -80 ... -50 mV>",
        ),
        (
            fr.grid(NEURON, K_out=[3.0, 50.0]).classify(),
            "<Classes: resting 1 (50 %), suprathreshold 0 (0 %), depolarisation block 1 (50 %); "
            "threshold -55, block -40 mV>",
        ),
        (NEURON.pump_effect(ratio=1.5), "PumpEffect(effect=-3.973, ceiling=10.84)"),
        (
            NEURON.uncertainty(K_out=0.1, P_Na=0.01),
            "<Uncertainty: sd 2.764 mV; shares K_out 0.481 %, P_Na 99.5 %>",
        ),
    ],
    ids=lambda one: type(one).__name__,
)
def test_repr_is_short_and_rounded(answer, text):
    assert repr(answer) == text


def test_repr_of_an_event_has_no_unit():
    assert "mean 0.5\n" in repr(fr.grid(NEURON, K_out=[3.0, 8.0]).summary(of=fr.above(-70)))
    assert "mV" not in repr(fr.grid(NEURON, K_out=[3.0, 8.0]).summary(of=fr.above(-70)))


@pytest.mark.parametrize("mapping", [fr.cells, fr.states, NEURON], ids=["cells", "states", "cell"])
def test_notebooks_complete_the_keys(mapping):
    assert mapping._ipython_key_completions_() == list(mapping)
