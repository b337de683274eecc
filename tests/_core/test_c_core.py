"""The C core alone, without Python: compiled with sanitizers and as it is shipped, and run.

c/test_core.c says what it promises. CC chooses the compiler.
"""

import ast
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "src_c"
SOURCES = sorted(CORE.rglob("*.c"))
HEADERS = sorted(CORE.rglob("*.h"))
#: Those that are no part of a text compiled once per instruction set.
PLAIN_HEADERS = [header for header in HEADERS if not header.name.endswith("_tpl.h")]
PROGRAM = Path(__file__).with_name("c") / "test_core.c"
COMPILER = shlex.split(os.environ.get("CC", "cc"))

WARNINGS = [
    "-Wall",
    "-Wextra",
    "-Wno-missing-field-initializers",
    "-Wconversion",
    "-Wshadow",
    "-Werror",
]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
CHECKED = ["-std=c11", "-O1", "-g", *WARNINGS, "-ffp-contract=off", *SANITIZERS]
#: What compilers call of their own accord: to copy, to guard the stack, to ask the processor.
HELPERS = r"(mem(cpy|set|move)|bzero)(_chk|_pattern16)?|stack_chk_\w+|cpu_\w+|GLOBAL_OFFSET_TABLE_"

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="these are flags of gcc and clang"),
    pytest.mark.skipif(shutil.which(COMPILER[0]) is None, reason=f"no C compiler {COMPILER[0]}"),
]


def shipped_flags():
    """The flags of setup.py, read without running it: they are declared there and nowhere else."""
    tree = ast.parse((ROOT / "setup.py").read_text(encoding="utf-8"))
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id == "FLAGS":
            return ast.literal_eval(statement.value)["unix"]
    raise AssertionError("setup.py has no FLAGS")


def compiled(directory, flags, *libraries):
    """The test program, built from the sources with some flags."""
    program = directory / "test_core"
    include = f"-I{CORE}"
    command = [*COMPILER, *flags, include, *map(str, SOURCES), str(PROGRAM), *libraries]
    done = subprocess.run(
        [*command, "-o", str(program)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stderr}"
    return program


def run(program):
    # nothing in src_c allocates (tested below), and where a debugger is attached or forbidden the
    # search for leaks fails by itself
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": ""}
    return subprocess.run(
        [str(program)], env=environment, capture_output=True, text=True, check=False
    )


def assert_all_kept(done):
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "tested: base"


@pytest.mark.skipif(
    sys.platform == "linux" and platform.libc_ver()[0] != "glibc",
    reason="gcc has no sanitizers on this C library",
)
@pytest.mark.slow
def test_the_core_keeps_its_promises_without_undefined_behaviour(tmp_path):
    # at -O1 sqrt() may be called, to set errno: hence libm
    assert_all_kept(run(compiled(tmp_path, CHECKED, "-lm")))


@pytest.mark.slow
def test_the_core_keeps_its_promises_with_the_flags_it_is_shipped_with(tmp_path):
    assert_all_kept(run(compiled(tmp_path, [*shipped_flags(), *WARNINGS], "-lm")))


#: What a packager's CFLAGS may ask for; they come before the flags of setup.py.
FAST = ["-ffast-math", "-Ofast", "-ffinite-math-only", "-funsafe-math-optimizations"]


@pytest.mark.slow
def test_fast_math_in_cflags_changes_no_instruction(tmp_path):
    text, code = tmp_path / "base.s", []
    for flags in ([], FAST):
        source = str(CORE / "isa" / "base.c")
        command = [*flags, *shipped_flags(), f"-I{CORE}", "-S", source, "-o", str(text)]
        subprocess.run([*COMPILER, *command], check=True)
        code.append(text.read_text(encoding="utf-8"))
    assert code[0] == code[1]


@pytest.mark.parametrize("flag", ["-ffast-math", "-ffinite-math-only"])
def test_fast_math_after_our_flags_is_refused(flag, tmp_path):
    source = str(CORE / "isa" / "base.c")
    command = [*COMPILER, *shipped_flags(), flag, f"-I{CORE}", "-fsyntax-only", source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "fastrest cannot be compiled with -ffast-math" in done.stderr


@pytest.mark.slow
def test_the_core_as_shipped_needs_no_libm(tmp_path):
    # libm's bits change with its version and the processor
    if shutil.which("nm") is None:
        pytest.skip("no nm to list the symbols with")
    objects = []
    kernels = [source for source in SOURCES if source.name != "yardsticks.c"]
    for source in kernels:
        objects.append(str(tmp_path / f"{source.stem}.o"))
        flags = [*shipped_flags(), "-fPIC", f"-I{CORE}", "-c", str(source)]
        subprocess.run([*COMPILER, *flags, "-o", objects[-1]], check=True)
    listed = subprocess.run(["nm", "-u", *objects], capture_output=True, text=True, check=True)
    lines = [line.split() for line in listed.stdout.splitlines()]
    undefined = {words[-1].lstrip("_") for words in lines if words and words[-1][-1] != ":"}
    assert "memcpy" in undefined
    assert {n for n in undefined if not re.fullmatch(f"fr_\\w+|{HELPERS}", n)} == set()


def in_core(path):
    """The name by which another file of the core includes this one."""
    return path.relative_to(CORE).as_posix()


@pytest.mark.parametrize("path", [*SOURCES, *HEADERS], ids=in_core)
def test_the_core_neither_allocates_nor_prints_nor_knows_python(path):
    included = set(re.findall(r"#include [<\"](.*?)[>\"]", path.read_text(encoding="utf-8")))
    own = {in_core(header) for header in HEADERS} | {"yardsticks.h"}
    assert included - own <= {
        "stddef.h",
        "stdint.h",
        "float.h",
        "math.h",
        "string.h",
        "immintrin.h",
        "emmintrin.h",
    }


@pytest.mark.parametrize("header", PLAIN_HEADERS, ids=in_core)
def test_a_header_compiles_by_itself(header, tmp_path):
    program, line = tmp_path / "alone.c", f'#include "{in_core(header)}"\n'
    program.write_text(f"{line}{line}int unused;\n", encoding="utf-8")
    flags = ["-std=c11", *WARNINGS, f"-I{CORE}", "-c", str(program)]
    subprocess.run([*COMPILER, *flags, "-o", str(tmp_path / "alone.o")], check=True)
