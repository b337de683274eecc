"""Seeds of samples."""

import itertools

import numpy as np
import pytest

from helpers.samples import EVERY_METHOD, SPACE


def draws(rng, **options):
    return SPACE.sample(9, rng=rng, **options).values().tolist()


@EVERY_METHOD
def test_seeds_are_recorded_and_repeat(method):
    for rng in (0, 1, 2**64 + 5, 10**100, np.uint8(3), np.random.SeedSequence(5), None):
        sample = SPACE.sample(9, rng=rng, method=method)
        assert type(sample.rng) is int
        assert SPACE.sample(9, rng=sample.rng, method=method) == sample
        assert draws(sample.rng, method=method) == sample.values().tolist()


def test_a_whole_number_seed_is_recorded_unchanged():
    for rng in (0, 7, 2**200):
        assert SPACE.sample(9, rng=rng).rng == rng


@EVERY_METHOD
def test_different_seeds_differ(method):
    seeds = [0, 1, 2**64, 2**64 + 1, 2**128, np.random.SeedSequence(1)]
    seeds += np.random.SeedSequence(1).spawn(2)
    found = [draws(rng, method=method) for rng in seeds]
    assert all(a != b for a, b in itertools.combinations(found, 2))


def test_a_sample_without_seed_gets_a_fresh_seed():
    assert SPACE.sample(9) != SPACE.sample(9)


def test_a_generator_as_seed_gives_each_sample_one_draw():
    ours, theirs = np.random.default_rng(3), np.random.default_rng(3)
    samples = [SPACE.sample(9, rng=ours) for _ in range(3)]
    assert [one.rng for one in samples] == theirs.integers(0, 2**63, 3).tolist()
    assert ours.random() == theirs.random()


def test_a_seed_sequence_is_not_used_up():
    sequence = np.random.SeedSequence(3)
    assert SPACE.sample(9, rng=sequence) == SPACE.sample(9, rng=sequence)
    assert sequence.n_children_spawned == 0


def test_a_plain_sobol_sequence_needs_no_seed():
    plain = SPACE.sample(9, method="sobol", scramble=False)
    assert plain.rng is None
    assert plain == SPACE.sample(9, rng=5, method="sobol", scramble=False)
    assert plain != SPACE.sample(9, rng=5, method="sobol")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"rng": -1}, ValueError, "rng must be >= 0, got -1"),
        ({"rng": np.int64(-4)}, ValueError, "rng must be >= 0"),
        ({"rng": True}, TypeError, "rng must be a whole number, a SeedSequence, a Generator"),
        ({"rng": 1.0}, TypeError, "or None, got 1.0"),
        ({"rng": "1"}, TypeError, "or None, got '1'"),
        ({"rng": np.random.RandomState(1)}, TypeError, "rng must be a whole number"),
        ({"n": 0}, ValueError, "n must be a whole number >= 1, got 0"),
        ({"n": -3}, ValueError, "n must be a whole number >= 1, got -3"),
        ({"n": 1e6}, ValueError, "n must be a whole number >= 1, got 1000000.0"),
        ({"n": True}, ValueError, "n must be a whole number >= 1, got True"),
        ({"n": 2**62 + 1}, ValueError, r"n must be at most 2\*\*62 for method='random'"),
        ({"n": 2**53, "method": "sobol"}, ValueError, r"at most 2\*\*52 for method='sobol'"),
        ({"n": 2**41, "method": "lhs"}, ValueError, r"at most 2\*\*40 for method='lhs'"),
        (
            {"method": "halton"},
            ValueError,
            "method must be one of random, sobol, lhs, got 'halton'",
        ),
        ({"scramble": False}, ValueError, "scramble=False needs method='sobol'"),
        ({"method": "sobol", "scramble": 0}, TypeError, "scramble must be True or False, got 0"),
    ],
)
def test_bad_sample_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        SPACE.sample(**{"n": 9, **arguments})
