"""The yardsticks: frozen, correct, and on any number of threads."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from fastrest._core import _yardsticks
from fastrest.benchmark.workloads.base import INPUTS, PHI_PER_KELVIN, numpy_ghk
from fastrest.benchmark.yardsticks import YARDSTICKS

#: SHA-256 of src_c/yardsticks/yardsticks.c: a change would make archived figures meaningless.
FROZEN = "ab2d5fd8a9758a90a68a6b5e722402970bbd916d4d87e90328d31d9afcd30fc0"


def test_yardsticks_are_frozen():
    # figures of different years are compared by their ratios to these
    path = Path(__file__).resolve().parents[2] / "src_c" / "yardsticks" / "yardsticks.c"
    text = path.read_text(encoding="utf-8")
    assert hashlib.sha256(text.encode()).hexdigest() == FROZEN
    sizes = {name: (one.points, one.bytes) for name, one in YARDSTICKS.items()}
    assert sizes == {
        "libm": (131072, 0),
        "fill": (16_000_000, 8),
        "copy": (16_000_000, 16),
        "arithmetic": (9_600_000, 0),
    }


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_yardsticks_do_all_their_work_on_any_number_of_threads(threads):
    for kind in YARDSTICKS.values():
        stick = kind()
        result = stick.run(threads)
        result.fill(-7.0)
        assert (stick.run(threads) != -7.0).all()


@pytest.mark.parametrize("n", [0, 1, 2, 3, 1001])
def test_yardsticks_compute_fill_and_copy(n):
    rng = np.random.default_rng(1)
    columns = [rng.uniform(0.5, 2.0, n) for _ in range(9)]
    V, to = np.empty(n), np.empty(n)
    _yardsticks.libm(columns, 26.7, V)
    values = dict(zip(INPUTS, columns))
    expected = numpy_ghk(**values, celsius=26.7 / PHI_PER_KELVIN - 273.15)
    np.testing.assert_allclose(V, expected, rtol=0, atol=1e-12)
    _yardsticks.copy(V, to)
    assert np.array_equal(to, V)
    _yardsticks.fill(2.5, to)
    assert (to == 2.5).all()


def test_arithmetic_yardstick_multiplies_and_adds():
    x = np.arange(_yardsticks.CHAINS, dtype=float)
    _yardsticks.arithmetic(2, x)
    expected = np.arange(_yardsticks.CHAINS, dtype=float)
    for _ in range(2):
        expected = expected * 0.999 + 0.001
    assert np.array_equal(x, expected)


def test_yardsticks_refuse_arrays_that_do_not_fit():
    good, other = np.empty(8), np.empty(9)
    with pytest.raises(ValueError, match="one length: got 8 and 9"):
        _yardsticks.copy(good, other)
    with pytest.raises(ValueError, match="nine columns are needed, got 8"):
        _yardsticks.libm([good] * 8, 1.0, good)
    with pytest.raises(ValueError, match="one length: got 8 and 24"):
        _yardsticks.arithmetic(1, good)
    with pytest.raises(TypeError, match="float64"):
        _yardsticks.fill(1.0, np.empty(8, np.float32))
    shifted = np.empty(9 * 8 + 8, np.uint8)
    shifted = shifted[(8 - shifted.ctypes.data) % 16 :][:64].view(np.float64)
    with pytest.raises(ValueError, match="aligned to 16 bytes"):
        _yardsticks.fill(1.0, shifted)
