"""The floating-point environment of the caller changes no bit that the kernels compute."""

import contextlib
import ctypes
import os
import platform
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastrest as fr
import fastrest.ufuncs
from fastrest._core import _kernels, _samples, edges, pair_kernels

CELL = fr.cells["mammalian neuron"]
SOURCE = Path(__file__).with_name("c") / "environment.c"
COMPILER = shlex.split(os.environ.get("CC", "cc"))
DEFAULT = {"x86_64": 0x1F80, "aarch64": 0}
#: Control words of MXCSR and FPCR. The last one traps every exception.
MODES = {
    "flush to zero": {"x86_64": 0x9FC0, "aarch64": 1 << 24},
    "down": {"x86_64": 0x3F80, "aarch64": 2 << 22},
    "up": {"x86_64": 0x5F80, "aarch64": 1 << 22},
    "towards zero": {"x86_64": 0x7F80, "aarch64": 3 << 22},
    "all at once": {"x86_64": 0xFFC0, "aarch64": 7 << 22},
    "trapped": {"x86_64": 0x0000, "aarch64": 0x9F00},
}
#: The flags of exceptions in these words.
FLAGS = {"x86_64": 0x3F, "aarch64": 0}
MACHINE = {"AMD64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())

pytestmark = [
    pytest.mark.skipif(MACHINE not in DEFAULT, reason="the kernels leave the environment alone"),
    pytest.mark.skipif(sys.platform == "win32", reason="compiled as on Unix"),
    pytest.mark.skipif(shutil.which(COMPILER[0]) is None, reason=f"no C compiler {COMPILER[0]}"),
]


@pytest.fixture(scope="module")
def control(tmp_path_factory):
    library = tmp_path_factory.mktemp("environment") / "environment.so"
    command = [*COMPILER, "-shared", "-fPIC", "-O1", str(SOURCE), "-o", str(library)]
    subprocess.run(command, check=True)
    loaded = ctypes.CDLL(str(library))
    loaded.get_control.restype = ctypes.c_uint64
    loaded.set_control.argtypes = [ctypes.c_uint64]
    return loaded


@contextlib.contextmanager
def environment(control, mode, by_python=False):
    """Compute in another environment; Python may compute within if its flags do not count."""
    control.set_control(MODES[mode][MACHINE])
    try:
        yield
        left = control.get_control()
    finally:
        control.set_control(DEFAULT[MACHINE])
    if by_python:
        left &= ~FLAGS[MACHINE]
    assert left == MODES[mode][MACHINE]  # else flags included: none was raised


def columns(n=2000):
    """Columns of the GHK equation: ordinary, subnormal, tiny, huge, zero and negative numbers."""
    rng = np.random.default_rng(5)
    found = list(2.0 ** rng.uniform(-8, 8, (9, n)))
    for j, column in enumerate(found):
        special = [5e-324, 1e-310, 3e-308, 1e-200, 1e300, 0.0, -1.0]
        column[j::30] = np.resize(special, len(column[j::30]))
    return [*found, 37.0 * rng.random(n), np.ones(n)]


COLUMNS = columns()
GHK = _kernels.Equation("ghk", (1, 1, -1), 0)
ORDINARY = [np.where(x > 1e-3, x, 1.0) for x in COLUMNS]
EDGES = edges.Edges(np.linspace(-100.0, 100.0, 40))
LOGS = np.sort(np.log(ORDINARY[0])), edges.SortedIndex(np.sort(np.log(ORDINARY[1])))
NORMAL = _samples.Quantile("normal", True, 5.0, 0.3, 0.0, 0.0, 1.0)
SAMPLE = _samples.Sample("random", 3000, [NORMAL, NORMAL], key=7)
TENTHS = np.linspace(0.01, 0.99, 99)


def points(isa):
    V, status = np.empty(2000), np.empty(2000, np.uint8)
    GHK.points(COLUMNS, 0, 2000, V, status, isa=isa)
    return V, status


def reduce(isa):
    return GHK.reduce(COLUMNS, 0, 2000, EDGES, isa=isa)


def gradients(isa):
    out = [np.empty(2000) for _ in COLUMNS]
    GHK.gradients(COLUMNS, 0, 2000, list(range(11)), out, isa=isa)
    return out


def pick_freeze(isa):
    numbers = list(range(11))
    return _samples.pick_freeze(
        GHK, ORDINARY, ORDINARY[::-1], numbers, 0, 2000, n_inputs=11, pivot=-70.0, isa=isa
    )


def count_pairs(isa):
    below = np.zeros(40, np.int64)
    a, b = LOGS
    pair_kernels.count_pairs(26.7, a, b, EDGES.numbers, below, isa=isa)
    pair_kernels.walk_pairs(26.7, a, b.numbers, EDGES.numbers, below, isa=isa)
    listed = pair_kernels.list_pairs(26.7, a, b.numbers, -50.0, -49.0, isa=isa)
    return [below, listed, pair_kernels.index_numbers(b.numbers, b.scale, b.n_cells, isa=isa)]


def draw(isa):
    return [SAMPLE.draw(0, 3000, isa=isa), SAMPLE.draw_at(np.arange(5), isa=isa)]


def quantiles(isa):
    return [NORMAL(TENTHS, TENTHS[::-1], isa=isa), *_samples.normal_tails(1.25, isa)]


KERNELS = [points, reduce, gradients, pick_freeze, count_pairs, draw, quantiles]


def bits(arrays):
    return [np.asarray(x).tobytes() for x in arrays]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("isa", _kernels.SUPPORTED)
def test_no_environment_changes_the_bits_of_a_kernel(kernel, mode, isa, control):
    expected = kernel(isa)
    with environment(control, mode):
        found = kernel(isa)
    assert bits(found) == bits(expected)


@pytest.mark.parametrize("mode", MODES)
def test_no_environment_changes_the_bits_of_a_ufunc(mode, control):
    expected, V = fastrest.ufuncs.ghk(*COLUMNS), np.empty(2000)
    with environment(control, mode):
        fastrest.ufuncs.ghk(*COLUMNS, V)
    assert V.tobytes() == expected.tobytes()


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "trapped"])
def test_no_environment_changes_the_bits_of_a_sweep(mode, control):
    names = ["P_K", "P_Na", "P_Cl", "K_out", "Na_out", "Cl_out", "K_in", "Na_in", "Cl_in"]
    sweep = fr.table(CELL, dict(zip(names, COLUMNS, strict=False)))
    expected = [sweep.values(threads=2), sweep.status(threads=2)]
    with environment(control, mode, by_python=True):  # which looks at the clock
        found = [sweep.values(threads=2), sweep.status(threads=2)]
    assert bits(found) == bits(expected)
