"""Quantiles and density of V: samples, exact probabilities, and what bounds promise."""

import math
import pickle

import numpy as np
import pytest

import fastrest as fr

NEURON = fr.cells["mammalian neuron"]
FULL = fr.times(fr.uniform(0, 2))
SPACES = {
    "two inputs": fr.space(NEURON, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6)),
    "four inputs": fr.space(
        NEURON,
        P_Na=fr.lognormal(cv=0.5),
        P_Cl=fr.times(fr.uniform(0.5, 1.5)),
        K_out=fr.uniform(3, 6),
        K_in=fr.normal(sd=10, low=0),
    ),
    "from 0": fr.space(NEURON, P_K=FULL, P_Na=FULL, P_Cl=FULL),
    "temperature": fr.space(NEURON, P_Na=fr.lognormal(cv=0.3), celsius=fr.uniform(20, 40)),
}
each_space = pytest.mark.parametrize("space", SPACES.values(), ids=list(SPACES))
LOOSE = {"tolerance": 0.1}


@each_space
def test_quantiles_agree_with_a_sample(space):
    q = np.array([0.05, 0.3, 0.7, 0.95])
    found = space.quantile(q, **LOOSE)
    sample = space.sample(10**5, rng=1).values()
    for p, V, error in zip(q, found.value, found.high - found.value):
        sd = math.sqrt(p * (1 - p) / sample.size)
        assert abs(np.mean(sample < V) - p) < 4.5 * sd + 0.1 * error
    assert (np.diff(found.value) > 0).all()


def test_quantiles_are_the_roots_of_exact_probabilities():
    space = SPACES["four inputs"]
    q = [1e-9, 1e-4, 0.02, 0.5, 0.9, 1 - 1e-6]
    found = space.quantile(q)
    for p, V, low, high in zip(q, *found):
        assert low < V < high
        assert high - low < 1e-3
        side = fr.below(V) if p <= 0.5 else fr.above(V)
        asked = space.probability(of=side).value
        assert asked == pytest.approx(min(p, 1 - p), rel=1e-5)


def test_a_quantile_in_closed_form_is_met():
    # one ion: V = phi ln(K_out / K_in) with a lognormal K_out
    cell = fr.Cell(fr.GHK("K"), P_K=1, K_out=5, K_in=140, celsius=25)
    space = fr.space(cell, K_out=fr.lognormal(sigma_log=0.3))
    for q, score in ((0.5, 0.0), (0.975, 1.959963984540054), (1e-10, -6.361340902404056)):
        V = cell.replace(K_out=5 * math.exp(0.3 * score)).potential()
        assert space.quantile(q).value == pytest.approx(V, abs=1e-6)
    phi = 25.692579
    center = cell.potential()
    top = 1 / (math.sqrt(2 * math.pi) * 0.3 * phi)
    assert space.density(center).value == pytest.approx(top, rel=1e-4)
    assert space.density(center).low <= top * (1 + 1e-6)


@each_space
def test_densities_add_up_to_probabilities(space):
    # by Simpson's rule over a part of the range
    low, high = space.quantile([0.3, 0.6], **LOOSE).value
    v = np.linspace(low, high, 13)
    found = space.density(v, tolerance=0.2)
    weights = np.array([1, 4] + [2, 4] * 5 + [1]) / 3 * (v[1] - v[0])
    inside = space.probability(of=fr.between(low, high), tolerance=0.05).value
    assert weights @ found.value == pytest.approx(inside, rel=5e-3)
    assert (found.low <= found.value).all()


def test_results_have_the_shape_of_the_question():
    space = SPACES["two inputs"]
    assert isinstance(space.quantile(0.5).value, float)
    assert space.quantile([[0.1, 0.2]]).high.shape == (1, 2)
    assert space.quantile([]).value.shape == (0,)
    assert isinstance(space.density(-70).low, float)
    found = space.density(-70)
    assert pickle.loads(pickle.dumps(found)) == found
    assert type(found) is fr.Bounded
    assert space.density(60.0).value == 0.0


TIED = fr.space(
    NEURON,
    P_Na=fr.lognormal(cv=0.5),
    K_out=fr.uniform(3, 6),
    correlation={("P_Na", "K_out"): 0.5},
)
CHORD = fr.space(NEURON.to_chord(), g_Na=fr.lognormal(cv=0.5))
STILL = fr.space(NEURON, P_Na=fr.uniform(0.04, np.nextafter(0.04, 1)))


@pytest.mark.parametrize(
    ("ask", "text"),
    [
        (lambda: SPACES["two inputs"].quantile(1.0), "q must be probabilities > 0 and < 1, got 1"),
        (lambda: SPACES["two inputs"].quantile([0.5, np.nan]), "q must be probabilities"),
        (lambda: SPACES["two inputs"].density(np.inf), "v must be finite potentials in mV"),
        (lambda: SPACES["two inputs"].quantile(0.5, tolerance=0), "tolerance must be > 0, got 0"),
        (lambda: SPACES["from 0"].quantile(0.05, tolerance=1e-6), "the quantile 0.05 is .* within"),
        (lambda: SPACES["from 0"].density(-85, tolerance=1e-6), "the density at -85 mV is"),
        (lambda: TIED.quantile(0.5), "inputs must be independent, but P_Na and K_out"),
        (lambda: CHORD.density(-70), "exact probabilities are those of V by a GHK model"),
        (lambda: STILL.quantile(0.5), "V does not vary over the space"),
    ],
)
def test_errors_say_what_to_do(ask, text):
    with pytest.raises(ValueError, match=text):
        ask()
