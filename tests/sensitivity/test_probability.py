"""Probabilities of events: published digits, samples, and what bounds promise."""

import math
import pickle

import numpy as np
import pytest

import fastrest as fr
from fastrest.sensitivity.probability import tails

NEURON = fr.cells["mammalian neuron"]
FULL = fr.times(fr.uniform(0, 2))
SPACE = fr.space(
    NEURON,
    P_Na=fr.lognormal(cv=0.5),
    P_Cl=fr.times(fr.uniform(0.5, 1.5)),
    K_out=fr.uniform(3, 6),
    K_in=fr.normal(sd=10, low=0),
)
#: P(V >= v), mV: tensor rules of 20, 40 and 60 nodes agree to all digits.
GOLDEN = {
    -60: 5.8547547615e-2,
    -55: 1.4808891681e-2,
    -40: 8.8379519082e-5,
    -25: 1.3401587524e-7,
    0: 8.5057274617e-14,
}


@pytest.mark.golden
@pytest.mark.parametrize("v", GOLDEN)
def test_rare_events_are_met(v):
    found = SPACE.probability(of=fr.above(v))
    assert found.value == pytest.approx(GOLDEN[v], rel=1e-10)
    assert found.low < found.value < found.high
    assert found.high - found.low < 1e-9 * found.value


@pytest.mark.golden
@pytest.mark.parametrize(("v", "p"), [(-25, 2.48247e-6), (-10, 2.4875152e-9), (0, 1.3365239e-11)])
def test_nine_inputs_are_within_their_bounds(v, p):
    inputs = {
        name: fr.lognormal(median=x / math.sqrt(1.09), cv=0.3)
        for name, x in NEURON.items()
        if name not in ("celsius", "pump_ratio")
    }
    space = fr.space(NEURON, **inputs)
    found = space.probability(of=fr.above(v), tolerance=1e-5)
    assert found.low <= p <= found.high
    assert found.value == pytest.approx(p, rel=1e-6)
    rough = space.probability(of=fr.above(v))
    assert rough.low <= p <= rough.high
    assert rough.value == pytest.approx(p, rel=1e-5)


SPACES = {
    "four inputs": SPACE,
    "from 0": fr.space(NEURON, P_K=FULL, P_Na=FULL, P_Cl=FULL, celsius=fr.uniform(20, 40)),
    "one concentration": fr.space(
        NEURON, Cl_out=fr.normal(sd=20, low=0), celsius=fr.uniform(20, 40)
    ),
    "baths": fr.space(NEURON, K_out=fr.lognormal(cv=0.5), Na_out=fr.uniform(100, 150)),
    "insides": fr.space(NEURON, K_in=fr.triangular(80, 120, 150), Cl_in=fr.lognormal(cv=0.3)),
    "one permeability": fr.space(NEURON, P_Cl=fr.triangular(0.1, 0.3, 1)),
    "a pump": fr.space(
        NEURON.replace(pump_ratio=1.5), P_K=fr.loguniform(0.3, 3), Na_in=fr.uniform(5, 40)
    ),
    "glia": fr.space(
        fr.cells["glial cell"], P_Na=fr.lognormal(cv=1), K_out=fr.lognormal(median=3, cv=0.5)
    ),
}


@pytest.mark.parametrize("space", SPACES.values(), ids=list(SPACES))
def test_samples_agree(space):
    sample = space.sample(10**5, rng=1)
    for q in (0.02, 0.3, 0.7, 0.98):
        v = float(sample.quantile([q])[0])
        for event in (fr.above(v), fr.below(v), fr.between(v - 2, v + 3)):
            found = space.probability(of=event, tolerance=0.01)
            counted = sample.summary(of=event).mean
            sd = math.sqrt(max(counted, 1e-5) * (1 - counted) / len(sample))
            assert abs(found.value - counted) < 4.5 * sd + (found.high - found.low), event


def test_what_no_rule_sees_has_a_bound():
    impossible = fr.space(NEURON, K_out=fr.uniform(3, 6)).probability(of=fr.above(-40))
    assert impossible == (0.0, 0.0, 1e-12)


def test_both_sides_add_up():
    for v in (-90, -70, -50):
        below, above = (SPACE.probability(of=event(v)).value for event in (fr.below, fr.above))
        assert below + above == pytest.approx(1, abs=1e-9)
    whole = SPACE.probability(of=fr.between(-150, 100))
    assert whole.value == pytest.approx(1, abs=1e-9)
    assert whole.high <= 1
    assert pickle.loads(pickle.dumps(whole)) == whole


@pytest.mark.parametrize(
    "distribution",
    [
        fr.uniform(1, 4),
        fr.loguniform(1, 4),
        fr.lognormal(median=2, cv=0.5),
        fr.normal(mean=2, sd=1, low=0, high=5),
        fr.triangular(1, 1.5, 4),
        fr.triangular(1, 4, 4),
    ],
    ids=str,
)
def test_distribution_functions_invert_quantiles(distribution):
    u = np.array([1e-12, 1e-3, 0.2, 0.5, 0.9, 1 - 1e-3])
    below, above = tails(distribution, distribution.quantile(u, 1 - u))
    assert below == pytest.approx(u, rel=1e-9, abs=1e-15)
    assert above == pytest.approx(1 - u, rel=1e-9)
    below, above = tails(distribution, np.array([-1.0, 1e9]))
    assert below == pytest.approx([0, 1], abs=1e-100)
    assert above == pytest.approx([1, 0], abs=1e-100)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: SPACE.probability(of=fr.above(-55) & fr.below(-40)), "takes one event about V"),
        (lambda: SPACE.probability(of="V"), "takes one event about V"),
        (lambda: SPACE.probability(of=fr.above(-90, of="E_K")), "exact probabilities are those"),
        (lambda: SPACE.probability(of=fr.above(-55), tolerance=0), "tolerance must be > 0"),
        (
            lambda: fr.space(NEURON.absolute(R_m=7), P_K=fr.lognormal(cv=0.1)).probability(
                of=fr.above(-55)
            ),
            "without a pump current",
        ),
        (
            lambda: SPACES["from 0"].probability(of=fr.above(0), tolerance=1e-9),
            "pass a larger tolerance, or count a sample",
        ),
    ],
)
def test_errors_say_what_to_do(make, text):
    with pytest.raises(ValueError, match=text):
        make()
