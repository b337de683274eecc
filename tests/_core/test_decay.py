"""exp(-a) with 1 - exp(-a), B(y), s(y) and M(y) of the C core, against 60 digits.

c/decay.c is compiled for each instruction set; golden/make_decay.py says what decay.csv holds.
"""

import csv
import os
import platform
import shlex
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from fastrest._core import _kernels
from helpers.golden import GOLDEN

CORE = Path(__file__).parents[2] / "src_c"
SOURCE = Path(__file__).with_name("c") / "decay.c"
COMPILER = shlex.split(os.environ.get("CC", "cc"))
FLAGS = ["-std=c11", "-O3", "-ffp-contract=off", "-fno-trapping-math"]
TARGETS = {"base": []}
if platform.machine() == "x86_64":
    TARGETS["avx2"] = ["-mavx2"]
    TARGETS["avx512"] = ["-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl"]
NAMES = ["E", "one_minus_E", "B", "s", "M"]

pytestmark = [
    pytest.mark.golden,
    pytest.mark.skipif(sys.platform == "win32", reason="these are flags of gcc and clang"),
    pytest.mark.skipif(shutil.which(COMPILER[0]) is None, reason=f"no C compiler {COMPILER[0]}"),
]


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """Return the function that computes the five values of an array, for an instruction set."""
    folder = tmp_path_factory.mktemp("decay")
    for name, flags in TARGETS.items():
        command = [*COMPILER, *FLAGS, *flags, f"-I{CORE}", str(SOURCE), "-o", str(folder / name)]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)

    def compute(y, target="base"):
        program = [str(folder / target)]
        done = subprocess.run(program, input=y.tobytes(), capture_output=True, check=True)
        return dict(zip(NAMES, np.frombuffer(done.stdout).reshape(len(NAMES), len(y))))

    return compute


def golden():
    with (GOLDEN / "decay.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    y = np.array([float.fromhex(row["y"]) for row in rows])
    return y, {name: [Decimal(row[name]) for row in rows] for name in NAMES}


def ulps(found, exact):
    """Return the errors in units in the last place of the exact values."""
    unit = np.spacing(np.abs([float(one) for one in exact]))
    return np.array([abs(Decimal(float(x)) - one) for x, one in zip(found, exact)], float) / unit


@pytest.mark.parametrize(("name", "most"), [("E", 1.5), ("one_minus_E", 1.5), ("B", 4), ("M", 4)])
def test_the_values_have_all_their_digits(name, most, computed):
    y, exact = golden()
    # the functions clip at 700, where E and M still are normal doubles
    assert ulps(computed(y)[name], exact[name]).max() <= most


def test_both_shares_have_all_their_digits(computed):
    y, exact = golden()
    assert ulps(computed(y)["s"], exact["s"]).max() <= 8


def test_the_limits_at_zero_are_exact(computed):
    found = computed(np.array([0.0, -0.0, 5e-324]))
    for name, limit in {"E": 1.0, "B": 1.0, "s": 0.5, "M": 1.0}.items():
        np.testing.assert_array_equal(found[name], limit)
    np.testing.assert_array_equal(found["one_minus_E"][:2], 0.0)


@pytest.mark.skipif(len(TARGETS) == 1, reason="one instruction set")
@pytest.mark.parametrize("isa", ["avx2", "avx512"])
@pytest.mark.parametrize("n", [1, 3, 8, 9, 4097])
def test_instruction_sets_give_the_same_bits(n, isa, computed):
    if isa not in _kernels.SUPPORTED:
        pytest.skip(f"this processor has no {isa}")
    draw = np.random.default_rng(14)
    y = draw.choice([-1.0, 1.0], n) * 10.0 ** draw.uniform(-12, 2.8, n)
    base, wide = computed(y), computed(y, isa)
    for name in NAMES:
        np.testing.assert_array_equal(base[name].view(np.uint64), wide[name].view(np.uint64))
