"""The `dtype` and `out` of `values`."""

import contextlib
import copy
import math

import numpy as np
import pytest

import fastrest as fr
from helpers.sweeps import CALCIUM, assert_same_bits, random_table, read_only, unaligned

NEURON = fr.cells["mammalian neuron"]
SOME = {
    "factored": fr.grid(NEURON, K_out=np.linspace(2, 12, 60), K_in=np.linspace(100, 150, 70)),
    "pointwise": fr.grid(CALCIUM, K_out=np.linspace(2, 12, 60), K_in=np.linspace(100, 150, 70)),
    "table": fr.table(NEURON, random_table(NEURON, 4200)),
    "converted": fr.table(NEURON, {"K_out": np.linspace(2, 12, 4200).astype("f4")}),
}
LARGE = {
    "factored": fr.grid(NEURON, K_out=np.linspace(2, 12, 1100), K_in=np.linspace(100, 150, 1000)),
    "table": fr.table(NEURON, {"K_out": np.linspace(2, 12, 1_100_001)}),
}
EVERY_SWEEP = pytest.mark.parametrize("sweep", SOME.values(), ids=SOME)


@pytest.mark.parametrize("sweep", [*SOME.values(), *LARGE.values()], ids=[*SOME, *LARGE])
def test_values_in_float32_are_rounded_float64(sweep):
    V = sweep.values()

    for single in (sweep.values(dtype="float32"), sweep.values(out=np.empty(sweep.shape, "f4"))):
        assert single.dtype == np.float32
        np.testing.assert_array_equal(single, V.astype(np.float32))


def flat(shape, dtype):
    return np.full(shape, 7, dtype)


OUTS = {
    "contiguous": flat,
    "Fortran": lambda shape, dtype: np.full(shape, 7, dtype, order="F"),
    "strided": lambda shape, dtype: np.full((*shape[:-1], 2 * shape[-1]), 7, dtype)[..., ::2],
    "rows apart": lambda shape, dtype: np.full((2 * shape[0], *shape[1:]), 7, dtype)[::2],
    "reversed": lambda shape, dtype: np.full(shape, 7, dtype)[::-1],
    "reversed inside": lambda shape, dtype: np.full(shape, 7, dtype)[..., ::-1],
    "a field": lambda shape, dtype: np.zeros(shape, np.dtype([("a", "f8"), ("V", dtype)]))["V"],
    "off the cache line": lambda shape, dtype: np.full(math.prod(shape) + 1, 7, dtype)[1:].reshape(
        shape
    ),
}


@EVERY_SWEEP
@pytest.mark.parametrize("make", OUTS.values(), ids=OUTS)
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_out_of_any_layout_takes_the_values(sweep, make, dtype):
    out = make(sweep.shape, dtype)

    returned = sweep.values(out=out)

    assert returned is out
    np.testing.assert_array_equal(out, sweep.values().astype(dtype))


@pytest.mark.parametrize("sweep", LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("make", OUTS.values(), ids=OUTS)
def test_a_large_out_of_any_layout_takes_the_values_from_every_thread(sweep, make):
    out = make(sweep.shape, "f8")

    sweep.values(out=out, threads=3)

    assert_same_bits(out, sweep.values(threads=1))


@EVERY_SWEEP
@pytest.mark.parametrize(
    "part", [np.s_[:, ::2], np.s_[::-2], np.s_[1::2, -1::-3], np.s_[3:]], ids=str
)
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_out_leaves_the_memory_between_its_elements_alone(sweep, part, dtype):
    memory, mine = np.full((9000, 210), 7, dtype), np.zeros((9000, 210), bool)
    place = np.s_[:60, :70] if len(sweep.shape) == 2 else np.s_[:4200, 0]

    sweep.values(out=memory[part][place])

    mine[part][place] = True
    assert np.all(memory[~mine] == 7)
    np.testing.assert_array_equal(memory[part][place], sweep.values(dtype=dtype))


@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_out_may_be_a_memory_map(tmp_path, dtype):
    sweep = SOME["factored"]
    path = tmp_path / "v.npy"
    out = np.lib.format.open_memmap(path, "w+", dtype, sweep.shape)

    sweep.values(out=out)
    out.flush()

    np.testing.assert_array_equal(np.load(path), sweep.values().astype(dtype))


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        (np.empty((3, 1)), ValueError, r"out must have shape \(3,\), got \(3, 1\)"),
        (np.empty(4), ValueError, r"out must have shape \(3,\), got \(4,\)"),
        (np.empty(3, "i8"), ValueError, r"out must be .*float64 or float32, got dtype int64"),
        (np.empty(3, ">f8"), ValueError, r"out must be .*float64 or float32, got dtype >f8"),
        (np.empty(3, "f2"), ValueError, r"out must be .*float64 or float32, got dtype float16"),
        (np.empty(3, "c16"), ValueError, r"out must be .*float64 or float32, got dtype complex"),
        (np.empty(3, object), ValueError, r"out must be .*float64 or float32, got dtype object"),
        (np.broadcast_to(0.0, 3), ValueError, r"out must be writeable, got a read-only array"),
        (read_only(np.empty(3)), ValueError, r"out must be writeable, got a read-only array"),
        (unaligned(np.zeros(3)), ValueError, r"out must be aligned"),
        ([0.0, 0.0, 0.0], TypeError, r"out must be a NumPy array, got list"),
        ("v.txt", ValueError, r"out must be an array or end in \.npy, got 'v.txt'"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else type(value).__name__,
)
def test_a_bad_out_is_refused(out, error, message):
    before = copy.deepcopy(out)

    with pytest.raises(error, match=message):
        fr.grid(NEURON, K_out=[3.0, 5.0, 8.0]).values(out=out)

    assert repr(out) == repr(before)


def test_a_masked_out_shows_every_value():
    # either refused, or no value stays behind a mask
    out = np.ma.masked_all(3)

    with contextlib.suppress(ValueError, TypeError):
        fr.grid(NEURON, K_out=[3.0, 5.0, 8.0]).values(out=out)
        assert not np.ma.getmaskarray(out).any()


@pytest.mark.parametrize(
    "dtype", ["f2", "i8", ">f8", "c16", "object", np.longdouble], ids=lambda d: np.dtype(d).str
)
def test_a_dtype_other_than_float64_and_float32_is_refused(dtype):
    with pytest.raises(ValueError, match=r"^dtype must be float64 or float32, got "):
        fr.grid(NEURON, K_out=[3.0]).values(dtype=dtype)


@pytest.mark.parametrize("part", [slice(None), slice(None, None, -1), slice(3, None), slice(0, 3)])
def test_out_must_not_share_memory_with_a_column(part):
    memory = np.linspace(3, 9, 6)
    column = memory[part]
    sweep = fr.table(NEURON, {"P_Na": np.ones(column.size), "K_out": column})
    out = memory[: column.size]
    if not np.shares_memory(out, column):
        sweep.values(out=out)
        return
    before = memory.copy()

    with pytest.raises(ValueError, match=r"^out must not share memory with K_out"):
        sweep.values(out=out)

    np.testing.assert_array_equal(memory, before)


def test_out_may_lie_between_the_elements_of_a_column():
    rows = np.full((1000, 3), 5.0)
    rows[:, 0] = np.linspace(1, 50, 1000)

    fr.table(NEURON, {"K_out": rows[:, 0], "Na_out": rows[:, 1]}).values(out=rows[:, 2])

    expected = NEURON.model(**{**NEURON, "K_out": rows[:, 0].copy(), "Na_out": 5.0})
    assert_same_bits(rows[:, 2], expected)
    np.testing.assert_array_equal(rows[:, 1], 5.0)


def test_out_may_be_the_memory_an_axis_was_made_of():
    K_out = np.linspace(1, 50, 100)
    sweep = fr.grid(NEURON, K_out=K_out)
    expected = sweep.values()

    sweep.values(out=K_out)

    assert_same_bits(K_out, expected)
