"""Answers of tables of any length, with bad rows of any kind, and columns of any layout."""

import math

import numpy as np
import pytest

import fastrest as fr
from helpers.reductions import (
    SPOILT,
    NumPy,
    assert_histogram,
    assert_quantile,
    assert_summary,
    classes_of,
    one_in_seven,
    potassium,
    spoilt_table,
    table_of,
)

NEURON = fr.cells["mammalian neuron"]
THREADS = (1, 2, 3, 7)
#: Chunks are 256 points, lanes 32, blocks 65536.
SIZES = [1, 2, 3, 31, 32, 33, 255, 256, 257, 65535, 65536, 65537, 131073]
Q = [0, 1e-300, 0.05, 0.25, 0.3, 0.5, 0.77, 0.95, 1 - 2.0**-53, 1]


def assert_all_as_numpy(sweep, **options):
    expected = NumPy(sweep)
    edges = expected.edges(20)
    s, h, q, f, c = sweep.reduce(
        fr.Summary(),
        fr.Histogram(edges),
        fr.Quantile(Q),
        fr.Fraction(above=edges[3]),
        fr.Classes(),
        **options,
    )
    assert_summary(s, expected)
    assert_histogram(h, expected, edges)
    assert_quantile(q, expected, Q)
    assert f == (expected.v > edges[3]).sum() / expected.n
    assert dict(c) == classes_of(expected.v)


@pytest.mark.parametrize("n", SIZES)
def test_answers_of_tables_of_any_length_equal_numpy(n, isa):
    assert_all_as_numpy(table_of(n, seed=n), engine=isa)


@pytest.mark.parametrize("n", [n for n in SIZES if n > 30])
def test_bad_rows_of_every_kind_are_counted_and_left_out(n, isa):
    sweep = one_in_seven(n)
    assert_all_as_numpy(sweep, engine=isa)
    if n > 1000:
        assert set(sweep.summary().invalid) == set(SPOILT)


@pytest.mark.parametrize("reason", SPOILT)
def test_a_bad_row_is_counted_under_its_lowest_bit(reason, isa):
    sweep = spoilt_table(600, {reason: np.arange(600) % 2 == 0})
    s = sweep.summary(engine=isa)
    assert (s.n, s.invalid) == (300, {reason: 300})
    assert_all_as_numpy(sweep, engine=isa)


@pytest.mark.parametrize("bad", [1, 31, 32, 33, 255, 256, 257, 1000, 65535, 65536, 65537])
def test_a_block_may_begin_with_bad_rows(bad, isa):
    sweep = spoilt_table(66_000, {"INFINITE": slice(0, bad)})
    assert_all_as_numpy(sweep, engine=isa)


@pytest.mark.parametrize("good", [0, 31, 32, 255, 256, 65535, 65536, 69_999])
def test_a_table_with_a_single_good_row(good, isa):
    sweep = spoilt_table(70_000, {"NOT_FINITE": np.arange(70_000) != good})
    s = sweep.summary(engine=isa)
    assert (s.n, s.argmin, s.argmax, s.sd) == (1, good, good, 0.0)
    assert s.min == s.max == s.mean == sweep.quantile(0.3, engine=isa) == sweep.values()[good]


@pytest.mark.parametrize("reason", SPOILT)
@pytest.mark.parametrize("n", [1, 300, 65_537])
def test_a_table_without_good_rows_has_nan_answers(reason, n):
    sweep = spoilt_table(n, {reason: slice(None)})
    s, h, q, f, c = sweep.reduce(
        fr.Summary(), fr.Histogram(), fr.Quantile([[0.1, 1]]), fr.Fraction(below=0), fr.Classes()
    )
    assert (s.n, s.invalid) == (0, {reason: n})
    assert all(map(math.isnan, (s.mean, s.sd, s.min, s.max, f)))
    assert (s.argmin, s.argmax, s.at_min, s.at_max) == (None, None, {}, {})
    assert (h.counts.sum(), h.below, h.above, sum(c.values())) == (0, 0, 0, 0)
    assert q.shape == (1, 2)
    assert np.isnan(q).all()


@pytest.mark.parametrize("dtype", ["f4", ">f8", "i4", "u1", ">f4"])
def test_answers_of_columns_of_any_dtype_equal_numpy(dtype):
    K_out = np.random.default_rng(5).uniform(1, 200, 66_000).astype(dtype)
    assert_all_as_numpy(fr.table(NEURON, {"K_out": K_out, "K_in": K_out[::-1]}))


@pytest.mark.parametrize("step", [2, 3, -1, -2])
def test_answers_of_columns_of_any_stride_equal_numpy(step):
    wide = np.random.default_rng(6).uniform(1, 200, 140_000)
    assert_all_as_numpy(fr.table(NEURON, {"K_out": wide[::step], "K_in": wide[::step][::-1]}))


def test_answers_of_columns_of_a_record_array_equal_numpy():
    records = np.zeros(66_000, [("flag", "u1"), ("K_out", "f8"), ("Cl_in", ">f4")])
    records["K_out"], records["Cl_in"] = np.random.default_rng(7).uniform(1, 9, (2, 66_000))
    assert_all_as_numpy(fr.table(NEURON, {n: records[n] for n in ("K_out", "Cl_in")}))


def test_equal_extremes_in_several_blocks_are_found_first(isa):
    V = np.full(200_000, -50.0)
    V[[70_000, 70_001, 140_000]] = -90.0
    V[[66_000, 66_500, 199_999]] = 10.0
    for threads in THREADS:
        s = potassium(V).summary(engine=isa, threads=threads)
        assert (s.argmin, s.argmax) == (70_000, 66_000)
