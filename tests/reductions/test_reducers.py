"""Reducers: value semantics and bad arguments."""

import math
import pickle

import numpy as np
import pytest

import fastrest as fr
from helpers.reductions import SWEEPS, plain

INF, NAN = math.inf, math.nan
REDUCERS = [
    fr.Summary(),
    fr.Histogram(),
    fr.Histogram(10, (-80, 0)),
    fr.Histogram([-80, -50, 0]),
    fr.Quantile(0.5),
    fr.Quantile([0.5]),
    fr.Quantile([[0, 1]]),
    fr.Fraction(below=-55),
    fr.Fraction(above=-55),
    fr.Fraction(between=(-60, -55)),
    fr.Classes(),
    fr.Classes(threshold=-50, lower=-90),
]

# ---- value semantics ----


@pytest.mark.parametrize("reducer", REDUCERS, ids=repr)
def test_a_reducer_survives_pickle(reducer):
    again = pickle.loads(pickle.dumps(reducer))
    assert again == reducer
    assert hash(again) == hash(reducer)
    assert repr(again) == repr(reducer)
    sweep = SWEEPS["bad rows"]()
    assert plain(sweep.reduce(again)[0]) == plain(sweep.reduce(reducer)[0])


def test_reducers_are_equal_exactly_if_their_arguments_are():
    assert [[a == b for a in REDUCERS] for b in REDUCERS] == np.eye(len(REDUCERS)).tolist()
    assert len(set(REDUCERS)) == len(REDUCERS)
    assert fr.Histogram(2, (-80, 0)) == fr.Histogram([-80, -40, 0])
    assert fr.Quantile(0.5) != 0.5
    assert fr.Histogram() != "Histogram()"
    assert fr.Fraction(below=1) != 1


@pytest.mark.parametrize(
    ("reducer", "text"),
    [
        (fr.Summary(), "Summary()"),
        (fr.Histogram(10, (-80, 0)), "Histogram(10 bins, -80 ... 0 mV)"),
        (fr.Quantile(0.5), "Quantile(0.5)"),
        (fr.Quantile([0, 1]), "Quantile([0.0, 1.0])"),
        (fr.Fraction(below=-55.0), "Fraction(below=-55.0)"),
        (fr.Fraction(above=-55.5), "Fraction(above=-55.5)"),
        (fr.Fraction(between=(-60.0, -55.0)), "Fraction(between=(-60.0, -55.0))"),
        (fr.Classes(), "Classes(threshold=None, block=None, lower=None)"),
    ],
    ids=str,
)
def test_a_reducer_prints_its_arguments(reducer, text):
    assert repr(reducer) == text


def test_a_reducer_keeps_its_own_numbers():
    edges, q = np.array([-80.0, 0.0]), np.array([0.25, 0.5])
    histogram, quantile = fr.Histogram(edges), fr.Quantile(q)
    edges[0], q[0] = -1.0, 1.0
    assert histogram == fr.Histogram([-80, 0])
    assert quantile == fr.Quantile([0.25, 0.5])
    for array in (histogram.bins, quantile.q):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.0


# ---- bad arguments ----


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: fr.Histogram(0), ValueError, "bins must be a whole number >= 1, got 0"),
        (lambda: fr.Histogram(-3), ValueError, "bins must be a whole number >= 1, got -3"),
        (lambda: fr.Histogram(2.5), ValueError, "bins must be a whole number .*, got 2.5"),
        (lambda: fr.Histogram("x"), ValueError, "bins must be a whole number .*, got 'x'"),
        (lambda: fr.Histogram(None), ValueError, "bins must be a whole number .*, got None"),
        (lambda: fr.Histogram(True), ValueError, "bins must be a whole number .*, got True"),
        (lambda: fr.Histogram([]), ValueError, "bins must be at least 2 edges, got 0"),
        (lambda: fr.Histogram([1]), ValueError, "bins must be at least 2 edges, got 1"),
        (lambda: fr.Histogram([1, 1]), ValueError, "bins must be increasing edges"),
        (lambda: fr.Histogram([2, 3, 1]), ValueError, "bins must be increasing edges"),
        (lambda: fr.Histogram([1, NAN]), ValueError, "bins must be finite"),
        (lambda: fr.Histogram([-INF, 1]), ValueError, "bins must be finite"),
        (lambda: fr.Histogram([[1, 2]]), TypeError, r"bins must be .* 1-D .*, got \[\[1, 2\]\]"),
        (lambda: fr.Histogram(["a", "b"]), TypeError, r"bins must be .*, got \['a', 'b'\]"),
        (lambda: fr.Histogram([False, True]), TypeError, "bins must be .*, got"),
        (lambda: fr.Histogram(5, (0, 0)), ValueError, r"range must increase, got \(0, 0\)"),
        (lambda: fr.Histogram(5, (1, 0)), ValueError, r"range must increase, got \(1, 0\)"),
        (lambda: fr.Histogram(5, (0, NAN)), ValueError, "range must be finite, got nan"),
        (lambda: fr.Histogram(5, (-INF, 0)), ValueError, "range must be finite, got -inf"),
        (lambda: fr.Histogram(5, ("a", 0)), TypeError, "range must be a potential .*, got 'a'"),
        (lambda: fr.Histogram(9, (0, 5e-324)), ValueError, "bins must be increasing edges"),
        (lambda: fr.Quantile(1.5), ValueError, r"q must be from 0 to 1, got .*1\.5"),
        (lambda: fr.Quantile([0.5, -0.1]), ValueError, "must be from 0 to 1, got .*-0.1"),
        (lambda: fr.Quantile(NAN), ValueError, "q must be from 0 to 1, got .*nan"),
        (lambda: fr.Fraction(), TypeError, "needs one of below=, above=, between="),
        (lambda: fr.Fraction(below=1, above=2), TypeError, "needs one of below=, above=, between="),
        (lambda: fr.Fraction(below=NAN), ValueError, "below must be finite, got nan"),
        (lambda: fr.Fraction(above=INF), ValueError, "above must be finite, got inf"),
        (lambda: fr.Fraction(below="a"), TypeError, "below must be a potential in mV, got 'a'"),
        (lambda: fr.Fraction(above=[1]), TypeError, r"above must be a potential in mV, got \[1\]"),
        (lambda: fr.Fraction(below=True), TypeError, "below must be a potential in mV, got True"),
        (lambda: fr.Fraction(between=1), TypeError, "between must be two potentials, got 1"),
        (lambda: fr.Fraction(between=(1,)), TypeError, r"must be two potentials, got \(1,\)"),
        (lambda: fr.Fraction(between="ab"), TypeError, "between must be two potentials, got 'ab'"),
        (lambda: fr.Fraction(between=(2, 1)), ValueError, r"must not decrease, got \(2, 1\)"),
        (lambda: fr.Fraction(between=(1, NAN)), ValueError, "between must be finite, got nan"),
    ],
)
def test_a_reducer_refuses_bad_arguments(make, error, text):
    with pytest.raises(error, match=text):
        make()


@pytest.mark.parametrize("ends", [(0,), (0, 1, 2), None, 5])
def test_a_histogram_range_that_is_not_a_pair_is_refused_by_name(ends):
    with pytest.raises((TypeError, ValueError), match="range"):
        fr.Histogram(10, ends)


@pytest.mark.parametrize(
    "make",
    [
        lambda: fr.Quantile("a"),
        lambda: fr.Quantile(1j),
        lambda: fr.Quantile([[0.1], [0.2, 0.3]]),
    ],
)
def test_a_bad_quantile_is_refused_by_name(make):
    with pytest.raises((TypeError, ValueError), match="q must"):
        make()


def test_histogram_bins_beyond_the_doubles_are_refused():
    for ends in ([-100, np.finfo(float).max], [-1.7e308, 1.7e308], [-np.inf, 0]):
        with pytest.raises(ValueError, match="bins must be finite, got"):
            fr.Histogram(ends)


def test_equal_reducers_have_equal_hashes():
    assert fr.Quantile([0.0]) == fr.Quantile([-0.0])
    assert hash(fr.Quantile([0.0])) == hash(fr.Quantile([-0.0]))
    assert hash(fr.Histogram([0.0, 1])) == hash(fr.Histogram([-0.0, 1]))


@pytest.mark.parametrize("reducer", [fr.Histogram(), fr.Quantile(0.5), fr.Fraction(below=0)])
def test_reducers_are_immutable(reducer):
    with pytest.raises(AttributeError):
        reducer.bins = reducer.q = reducer._to = 1.0


def test_arrays_of_reducers_stay_read_only_through_pickle():
    assert not pickle.loads(pickle.dumps(fr.Histogram())).bins.flags.writeable
