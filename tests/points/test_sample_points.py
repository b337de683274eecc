"""The points of a sample, which are drawn where they are needed, and their moments."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastrest as fr
from fastrest._core import _kernels
from helpers.profiles import examples
from helpers.samples import EVERY_METHOD, EVERY_SPACE, METHODS, SPACE, SPACES, points_of, same_bits

NEURON = fr.cells["mammalian neuron"]
properties = examples(40)


@EVERY_METHOD
@EVERY_SPACE
def test_sample_values_equal_the_table_of_its_points(space, method, isa):
    sample = space.sample(3001, rng=1, method=method)
    V = sample.values(engine=isa)
    assert same_bits(V, points_of(sample).values(engine=isa))
    assert np.isfinite(V).all()
    assert not sample.status().any()
    assert len(np.unique(V)) > 2900


@EVERY_SPACE
def test_sample_values_equal_the_reference(space):
    sample = space.sample(300, rng=1)
    assert np.abs(sample.values(engine="python") - sample.values()).max() <= 1e-12
    assert not sample.status(engine="python").any()


@EVERY_METHOD
@EVERY_SPACE
def test_sample_points_lie_within_the_bounds(space, method):
    found = space.sample(5000, rng=2, method=method).parameters(np.arange(5000))
    assert tuple(found) == space.names
    for name, one in zip(space.names, space.distributions):
        low, high = one.bounds
        assert low <= found[name].min()
        assert found[name].max() <= high


@pytest.mark.property
@properties
@given(st.sampled_from(METHODS), st.data())
def test_sample_parameters_of_any_indices_are_those_of_the_points(method, data):
    n = data.draw(st.sampled_from([1, 2, 300, 2**40]))
    sample = SPACE.sample(n, rng=3, method=method)
    places = st.lists(st.integers(0, n - 1), max_size=6)
    indices = np.array(data.draw(places), np.int64)
    found = sample.parameters(indices)
    for name, column in found.items():
        assert column.tolist() == [sample.parameters(int(i))[name] for i in indices]
    again = sample.parameters(np.tile(indices, (2, 1)))
    assert {n: x.shape for n, x in again.items()} == dict.fromkeys(found, (2, indices.size))


def test_sample_parameters_take_the_indices_that_grids_take():
    sample = SPACE.sample(100, rng=1)
    assert sample.parameters(7)["K_out"].shape == ()
    assert sample.parameters([])["K_out"].shape == (0,)
    assert sample.parameters(np.uint8(7)) == sample.parameters(7)
    with pytest.raises(IndexError, match="indices must be from 0 to 99, got 100"):
        sample.parameters([3, 100])
    with pytest.raises(TypeError, match="indices must be whole numbers"):
        sample.parameters([0.5])


@EVERY_METHOD
def test_ranges_and_threads_do_not_change_bits_of_a_sample(method):
    n = 300_001
    sample = SPACES["correlated"].sample(n, rng=5, method=method)
    expected = sample.values(threads=1)
    for threads in (2, 3, 7):
        assert same_bits(sample.values(threads=threads), expected)
    blocks = [block for _, block in sample.blocks(threads=2)]
    assert same_bits(np.concatenate(blocks), expected)
    compute, _ = sample.computer(_kernels.ISA, 1)
    found, start = np.zeros(n), 0
    for length in itertools.cycle([1, 3, 255, 256, 257, 65535, 2, 65537]):
        stop = min(n, start + length)
        compute(start, stop, found[start:stop], None, False)
        start = stop
        if start == n:
            break
    assert same_bits(found, expected)


def test_a_sample_of_the_largest_number_of_points():
    sample = SPACE.sample(2**62, rng=1)
    assert len(sample) == 2**62
    assert sample.parameters(2**62 - 1)["K_out"] > 3
    assert "4,611,686,018,427,387,904 points" in repr(sample)


def test_a_sample_prints_its_description():
    assert repr(SPACES["one input"].sample(10**6, rng=1)) == (
        "<Sample of 1,000,000 points: " + repr(NEURON) + "\n"
        "  P_Na: lognormal(median=0.04, cv=0.5)\n"
        "  method random, rng 1\n"
        "  values(): 8 MB; pointwise>"
    )
    correlated = repr(SPACES["correlated"].sample(8, rng=1))
    assert "\n  rank correlations K_out, Na_out: -0.8; K_out, P_Na: 0.2\n" in correlated
    plain = SPACES["one input"].sample(8, method="sobol", scramble=False)
    assert "method sobol, rng None, not scrambled" in repr(plain)
    assert (plain.dims, plain.shape, plain.varied) == (("sample",), (8,), ("P_Na",))


def exact_moments(space, nodes=24):
    """Mean and sd of V by tensor quadrature over the probabilities of independent inputs."""
    at, weights = np.polynomial.legendre.leggauss(nodes)
    grids = np.meshgrid(*[(at + 1) / 2] * len(space.names), indexing="ij")
    rows = {n: one.ppf(u) for n, one, u in zip(space.names, space.distributions, grids)}
    together = np.prod(np.meshgrid(*[weights / 2] * len(space.names), indexing="ij"), axis=0)
    V = fr.table(space.cell, {n: x.ravel() for n, x in rows.items()}).values()
    mean = float(together.ravel() @ V)
    return mean, math.sqrt(together.ravel() @ (V - mean) ** 2)


SMOOTH = fr.space(
    NEURON, P_Na=fr.loguniform(0.01, 0.1), K_out=fr.uniform(3, 6), celsius=fr.uniform(30, 40)
)

# ---- moments ----


@EVERY_METHOD
def test_sample_moments_equal_quadrature(method):
    n = 1 << 16
    mean, sd = exact_moments(SMOOTH)
    found = SMOOTH.sample(n, rng=11, method=method).summary()
    error = abs(found.mean - mean) / (sd / math.sqrt(n))
    assert error < (5 if method == "random" else 0.5)  # the others are much more even
    assert abs(found.sd - sd) < 5 * sd / math.sqrt(n)


@EVERY_METHOD
def test_sample_means_are_unbiased_over_seeds(method):
    mean, _ = exact_moments(SMOOTH)
    means = [SMOOTH.sample(16, rng=k, method=method).summary().mean for k in range(300)]
    assert abs(np.mean(means) - mean) < 5 * np.std(means) / math.sqrt(len(means))
