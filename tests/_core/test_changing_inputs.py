"""Inputs that another thread rewrites while kernels read them: c/changing_inputs.c explains.

FASTREST_STRESS_SECONDS sets the duration: 60 by hand.
"""

import ast
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src_c"
PROGRAM = Path(__file__).with_name("c") / "changing_inputs.c"
KERNELS = [*sorted(SOURCE.glob("*.c")), *sorted(SOURCE.glob("isa/*.c"))]
COMPILER = shlex.split(os.environ.get("CC", "cc"))
SECONDS = os.environ.get("FASTREST_STRESS_SECONDS", "2")


def shipped_flags():
    """The flags of setup.py, read without running it."""
    for statement in ast.parse((ROOT / "setup.py").read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id == "FLAGS":
            return ast.literal_eval(statement.value)["unix"]
    raise AssertionError("setup.py has no FLAGS")


@pytest.mark.skipif(sys.platform == "win32", reason="these are flags of gcc and clang")
@pytest.mark.skipif(shutil.which(COMPILER[0]) is None, reason=f"no C compiler {COMPILER[0]}")
@pytest.mark.slow
@pytest.mark.parametrize("flags", [[], ["-fsanitize=address", "-g"]], ids=["shipped", "sanitized"])
def test_results_are_those_of_some_mixture_of_the_inputs(flags, tmp_path):
    program = tmp_path / "changing_inputs"
    files = [*map(str, KERNELS), str(PROGRAM), "-o", str(program), "-lm"]
    command = [*COMPILER, *shipped_flags(), *flags, "-pthread", f"-I{SOURCE}", *files]
    subprocess.run(command, check=True)
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
    done = subprocess.run(
        [str(program), SECONDS], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
