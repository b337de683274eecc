"""The stack that kernels need: threads with small stacks compute, too."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from helpers.processes import python

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src_c"

WRAPPERS = sorted((SOURCE / "isa").glob("*.c"))
OTHERS = sorted(set(SOURCE.rglob("*.c")) - set(WRAPPERS) - set(SOURCE.glob("yardsticks/*.c")))
COMPILER = shlex.split(os.environ.get("CC", "cc"))
needs_a_compiler = pytest.mark.skipif(
    sys.platform == "win32" or shutil.which(COMPILER[0]) is None, reason="no gcc"
)
#: The promise of fastrest.h, in bytes.
MOST = 32 << 10
#: What functions of the C library, such as memcpy, may need.
LIBRARY = 512


def shipped_flags():
    """The flags of setup.py, read without running it."""
    for statement in ast.parse((ROOT / "setup.py").read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id == "FLAGS":
            return ast.literal_eval(statement.value)["unix"]
    raise AssertionError("setup.py has no FLAGS")


def stack_usage(source, folder):
    """Return the frame of each function of a file, and the functions that it calls."""
    found = folder / "unit.ci"
    flags = [*shipped_flags(), "-fPIC", f"-I{SOURCE}", "-fcallgraph-info=su"]
    command = [*COMPILER, *flags, "-c", str(source), "-o", str(folder / "unit.o")]
    if subprocess.run(command, capture_output=True, check=False).returncode or not found.exists():
        pytest.skip("this compiler does not tell the stack usage")
    text = found.read_text(encoding="utf-8")
    frames = {
        title: int(size)
        for title, size in re.findall(r'node: \{ title: "(.*?)" .*?(\d+) bytes \(.*?\)"', text)
    }
    calls = defaultdict(set)
    for caller, called in re.findall(r'sourcename: "(.*?)" targetname: "(.*?)"', text):
        calls[caller].add(called)
    assert len(re.findall(r"bytes \(dynamic\)", text)) == 0  # no alloca, no array of unknown length
    return frames, calls


def deepest(function, frames, calls, above=()):
    """Return the most stack that a function and those that it calls need."""
    assert function not in above, f"{function} calls itself"
    if function == "__indirect_call":  # any kernel of a table
        tables = [f for f in frames if re.search(r"(_chunk|_point|_rows)(\.\w+)*$", f)]
        assert tables
        tables = [f for f in tables if f not in above]
        return max(deepest(f, frames, calls, (*above, function)) for f in tables)
    if function not in frames:
        return LIBRARY
    below = (deepest(f, frames, calls, (*above, function)) for f in calls[function])
    return frames[function] + max(below, default=0)


@needs_a_compiler
@pytest.mark.slow
@pytest.mark.parametrize("source", WRAPPERS, ids=lambda source: source.stem)
def test_a_kernel_call_needs_less_than_32_kib_of_stack(source, tmp_path):
    frames, calls = stack_usage(source, tmp_path)
    if not frames:
        pytest.skip("this instruction set is not compiled here")

    entries = [f for f in frames if re.search(r"(^|:)enter_\w+$", f)]
    needed = {entry: deepest(entry, frames, calls) for entry in entries}

    assert len(entries) == 13
    assert max(needed.values()) < MOST, needed


@needs_a_compiler
@pytest.mark.parametrize("source", OTHERS, ids=lambda source: source.stem)
def test_the_other_functions_need_hardly_any_stack(source, tmp_path):
    frames, _ = stack_usage(source, tmp_path)
    assert max(frames.values()) < 1024


#: Sweeps on a thread with the smallest stack that musl gives.
SWEEPS = """
import threading
import numpy as np
import fastrest as fr
from fastrest import ufuncs

cell = fr.cells["mammalian neuron"]
rows = np.linspace(3.0, 50.0, 300_000)
table = fr.table(cell, {"K_out": rows, "Na_in": rows[::-1].copy()})
drawn = fr.space(cell, K_out=fr.uniform(3, 5), P_Na=fr.uniform(0.01, 0.1))
bounds = fr.between(-90.0, -40.0)
done = []

def sweeps():
    table.values(threads=2)
    table.summary(threads=2)
    table.histogram(bins=100, threads=2)
    table.fraction(below=-60.0, threads=2)
    fr.grid(cell, K_out=rows[:1000], P_Na=rows[:300] / 1000).values(threads=2)
    drawn.sample(300_000, method="lhs", rng=1).summary(threads=2)
    drawn.sobol(1024, rng=1)
    table.gradient("K_out", "P_Na", threads=2)
    ufuncs.nernst(1.0, rows, 140.0, 37.0)
    drawn.population(20_000, accept=[bounds], rng=1)
    done.append(True)

sweeps()
done.clear()
threading.stack_size(131072)
thread = threading.Thread(target=sweeps)
thread.start()
thread.join()
assert done == [True]
"""


@pytest.mark.process
def test_threads_with_small_stacks_compute_every_answer():
    # the first, ordinary, thread imports what is imported late: imports need more stack
    done = python(SWEEPS)
    assert done.returncode == 0, done.stderr
