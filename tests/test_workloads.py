"""What speed is measured with: the workloads, and the yardsticks beside them."""

import ast
import hashlib
import inspect
from pathlib import Path

import numpy as np
import pytest

from fastrest import _kernels, workloads
from fastrest.workloads import WORKLOADS
from fastrest.yardsticks import YARDSTICKS

#: SHA-256 of src_c/yardsticks.c: if this must change, archived figures mean nothing any more.
FROZEN = "ab2d5fd8a9758a90a68a6b5e722402970bbd916d4d87e90328d31d9afcd30fc0"


@pytest.fixture(scope="module", params=WORKLOADS)
def workload(request):
    return WORKLOADS[request.param]()


def test_workloads_have_their_checksums(workload):
    workload.check(workload.run(threads=1))
    workload.check(workload.run(threads=3))


def test_counterparts_give_the_same_answers(workload):
    workload.run()
    if workload.python_points:
        assert workload.agrees(workload.python(), workload.python_points)
    if workload.numpy_points:
        assert workload.agrees(workload.numpy(), workload.numpy_points)


def test_a_last_bit_changes_a_checksum():
    grid = WORKLOADS["grid"]()
    V = grid.run()
    V[0, 1, 2, 3] = np.nextafter(V[0, 1, 2, 3], 0)
    with pytest.raises(ArithmeticError, match=r"4e7 points: the result has changed: .* is \w{16}"):
        grid.check(V)


def test_another_answer_does_not_agree():
    table = WORKLOADS["table"]()
    table.run()
    V = table.python()
    V[17] += 1e-8
    assert not table.agrees(V, table.python_points)
    sampled = WORKLOADS["sampled"]()
    first, total = sampled.numpy()
    assert not sampled.agrees((total[::-1], first[::-1]), sampled.numpy_points)


def test_workloads_use_the_package_as_its_users_do():
    # bench/compare.py runs this one file against other versions of the package
    imported = [
        (getattr(node, "module", None), [alias.name for alias in node.names])
        for node in ast.walk(ast.parse(inspect.getsource(workloads)))
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    ours = [(module, names) for module, names in imported if "fastrest" in (module, *names)]
    assert ours == [(None, ["fastrest"]), ("fastrest", ["reference"])]
    assert "." not in {(module or "x")[0] for module, _ in imported}


# ---- yardsticks ----


def test_yardsticks_are_frozen():
    # a figure of last year is compared with one of today by its ratio to these
    path = Path(__file__).resolve().parent.parent / "src_c" / "yardsticks.c"
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
def test_yardsticks_do_what_they_are_called(n):
    rng = np.random.default_rng(1)
    columns = [rng.uniform(0.5, 2.0, n) for _ in range(9)]
    V, to = np.empty(n), np.empty(n)
    _kernels.yardstick_libm(columns, 26.7, V)
    values = dict(zip(workloads.INPUTS, columns))
    expected = workloads.numpy_ghk(**values, celsius=26.7 / workloads.PHI_PER_KELVIN - 273.15)
    np.testing.assert_allclose(V, expected, rtol=0, atol=1e-12)
    _kernels.yardstick_copy(V, to)
    assert np.array_equal(to, V)
    _kernels.yardstick_fill(2.5, to)
    assert (to == 2.5).all()


def test_the_arithmetic_yardstick_multiplies_and_adds():
    x = np.arange(_kernels.CHAINS, dtype=float)
    _kernels.yardstick_arithmetic(2, x)
    expected = np.arange(_kernels.CHAINS, dtype=float)
    for _ in range(2):
        expected = expected * 0.999 + 0.001
    assert np.array_equal(x, expected)


def test_yardsticks_refuse_what_they_would_read_or_write_beyond():
    good, other = np.empty(8), np.empty(9)
    with pytest.raises(ValueError, match="one length: got 8 and 9"):
        _kernels.yardstick_copy(good, other)
    with pytest.raises(ValueError, match="nine columns are needed, got 8"):
        _kernels.yardstick_libm([good] * 8, 1.0, good)
    with pytest.raises(ValueError, match="one length: got 8 and 24"):
        _kernels.yardstick_arithmetic(1, good)
    with pytest.raises(TypeError, match="float64"):
        _kernels.yardstick_fill(1.0, np.empty(8, np.float32))
    shifted = np.empty(9 * 8 + 8, np.uint8)
    shifted = shifted[(8 - shifted.ctypes.data) % 16 :][:64].view(np.float64)
    with pytest.raises(ValueError, match="aligned to 16 bytes"):
        _kernels.yardstick_fill(1.0, shifted)
