"""Sampled indices by the workers of an executor: the bits of the plain call."""

import numpy as np
import pytest

import fastrest as fr
from helpers.executors import Recorder, processes

SPACE = fr.space(
    fr.cells["mammalian neuron"],
    P_Na=fr.lognormal(cv=0.5),
    K_out=fr.uniform(3, 6),
    K_in=fr.normal(sd=10, low=0),
)
QUESTIONS = pytest.mark.parametrize(
    "asked",
    [
        {"n": 2**17, "second": True},
        {"n": 2**16, "of": fr.between(-75, -65)},
        {"n": 2**16, "groups": {"both": ["P_Na", "K_in"]}},
        {"until": 0.02},
    ],
    ids=["second", "event", "groups", "until"],
)


def equal(one, other):
    for key in one:
        np.testing.assert_array_equal(one[key], other[key])
    return one.sums == other.sums


@QUESTIONS
def test_workers_find_the_bits_of_the_plain_call(asked):
    executor = Recorder()
    plain = SPACE.sobol(rng=1, **asked)

    assert equal(SPACE.sobol(rng=1, executor=executor, workers=3, **asked), plain)
    assert equal(plain.extend(2**16, executor=executor, threads=2, workers=1), plain.extend(2**16))
    assert len(executor.sent) > 3


@pytest.mark.process
def test_processes_find_the_bits_of_the_plain_call():
    with processes() as pool:
        found = SPACE.sobol(2**17, rng=1, executor=pool)
    assert equal(found, SPACE.sobol(2**17, rng=1))


def test_an_executor_without_a_sample_is_refused():
    with pytest.raises(ValueError, match="goes with a sample: give n, as"):
        SPACE.sobol(executor=Recorder())
