"""The Sobol' sequence: direction numbers, scrambling, and the points that the kernels draw."""

import math

import numpy as np
import pytest

from fastrest._core import _samples
from fastrest.points.sobol_sequence import scrambled_directions, sobol_directions

BITS = _samples.BITS
UNIFORM = _samples.Quantile("uniform", False, 0.0, 1.0, 0.0, 0.0, 1.0)


def sequence(n, inputs, seed):
    """A Sobol' sequence as the kernels draw it, plain if seed is None."""
    ways, shifts = sobol_directions(inputs), np.zeros(inputs, np.uint64)
    if seed is not None:
        (ways,), (shifts,) = scrambled_directions(inputs, [np.random.SeedSequence(seed)])
    return _samples.Sample("sobol", n, [UNIFORM] * inputs, directions=ways, shifts=shifts)


def whole(u):
    """The whole numbers k of u = (k + 1/2) 2^-52."""
    k = np.floor(np.asarray(u) * 2.0**BITS)
    assert np.array_equal((k + 0.5) * 2.0**-BITS, u)
    return k.astype(np.int64)


def test_sobol_directions_draw_scipys_sequence():
    qmc = pytest.importorskip("scipy.stats.qmc")
    theirs = qmc.Sobol(d=32, scramble=False, bits=BITS).random_base2(16)
    ours = sequence(2**16, 32, seed=None).draw(0, 2**16)
    assert np.array_equal(ours - 2.0**-53, theirs.T)


def sobol_number(j, point):
    """The definition: directions of the bits in the Gray code of the point, by exclusive or."""
    gray, x = point ^ point >> 1, 0
    for bit, way in enumerate(sobol_directions(j + 1)[j].tolist()):
        x ^= way * (gray >> bit & 1)
    return x


@pytest.mark.parametrize("point", [0, 1, 255, 256, 2**31, 2**40 + 77, 2**52 - 1])
def test_sobol_directions_draw_far_points_by_definition(point):
    k = whole(sequence(2**52, 6, seed=None).draw(point, 1))[:, 0]
    assert k.tolist() == [sobol_number(j, point) for j in range(6)]


def test_sobol_directions_exist_for_twice_the_most_inputs():
    assert sobol_directions(76).shape == (76, BITS)
    first = sobol_directions(76) >> np.uint64(BITS - 1)
    assert (first[:, 0] == 1).all()
    with pytest.raises(ValueError, match=r"at most \d+ dimensions, got 1000"):
        sobol_directions(1000)


@pytest.mark.parametrize("seed", [None, 1, 2])
@pytest.mark.parametrize("log2", [1, 5, 12])
def test_sobol_sequence_has_one_point_in_each_equal_interval(seed, log2):
    n = 1 << log2
    for start in (0, 3 * n, 2**45 // n * n):
        k = whole(sequence(2**52, 38, seed=seed).draw(start, n)) >> (BITS - log2)
        assert np.array_equal(np.sort(k, axis=1), np.tile(np.arange(n), (38, 1)))


def counts_in_boxes(k, log2, split):
    """How many of 2^log2 points lie in each box of a plane, cut by powers of 2."""
    x, y = k[0] >> (BITS - split), k[1] >> (BITS - (log2 - split))
    return np.bincount(x << (log2 - split) | y, minlength=1 << log2)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_scrambled_directions_are_as_even_in_planes_as_plain_ones(seed):
    log2 = 10
    plain = whole(sequence(1 << log2, 38, seed=None).draw(0, 1 << log2))
    mixed = whole(sequence(1 << log2, 38, seed=seed).draw(0, 1 << log2))
    for pair in [(0, 1), (0, 2), (1, 2), (0, 37), (5, 6), (20, 31)]:
        for split in range(log2 + 1):
            before, after = (counts_in_boxes(k[list(pair)], log2, split) for k in (plain, mixed))
            assert np.array_equal(np.sort(before), np.sort(after))
            if pair == (0, 1):  # the best pair: one point in every box
                assert (after == 1).all()


def test_scrambled_directions_make_every_point_uniform():
    seeds = 4000
    ways, shifts = scrambled_directions(3, [np.random.SeedSequence(s) for s in range(seeds)])
    points = [(k + 0.5) * 2.0**-BITS for k in (shifts, shifts ^ ways[..., 0])]
    for u in points:
        assert np.abs(u.mean(axis=0) - 0.5).max() < 5 / math.sqrt(12 * seeds)
        assert np.abs((u**2).mean(axis=0) - 1 / 3).max() < 5 * math.sqrt(4 / 45 / seeds)
    first, second = points
    assert ((first < 0.5) != (second < 0.5)).all()  # one in each half, where they are free
    within = np.concatenate([first % 0.5, second % 0.5], axis=1)
    assert np.abs(np.corrcoef(within.T) - np.eye(6)).max() < 5 / math.sqrt(seeds)
