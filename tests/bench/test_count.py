"""The verdicts on instruction counts, with counts that are made up: no valgrind is needed."""

import ast
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COUNT = ROOT / "bench" / "count"
COMPILER = shlex.split(os.environ.get("CC", "cc"))
GCC = "gcc 12.2.0, x86_64"
COUNTS = {"table": 100.0, "grid": 8.0}


@pytest.fixture
def count(monkeypatch, tmp_path):
    """Load bench/count/count.py, with valgrind at hand and nothing written yet."""
    spec = importlib.util.spec_from_file_location("count_py", COUNT / "count.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "WRITTEN", tmp_path / "counts.json")
    monkeypatch.setattr(module.shutil, "which", lambda name: name)
    return module


@pytest.fixture
def found(count, monkeypatch):
    """Return a function that sets the counts of base, and on request of avx2."""

    def found(base, compiler=GCC, **others):
        monkeypatch.setattr(count, "measure", lambda source: (compiler, {"base": base, **others}))

    found(COUNTS)
    return found


def test_count_passes_with_the_written_counts(count, found, capsys):
    assert count.main(["--write"]) == 0
    capsys.readouterr()
    assert count.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"instructions per point, {GCC}"
    assert lines[2].split() == ["table", "base", "100.00", "100.00", "+0.0", "%"]
    assert lines[3].split() == ["grid", "base", "8.00", "8.00", "+0.0", "%"]
    assert len(lines) == 4


def test_count_fails_on_a_rise_of_3_percent_and_says_how_to_rewrite(count, found, capsys):
    count.main(["--write"])
    found({**COUNTS, "table": 103.0})
    capsys.readouterr()
    assert count.main([]) == 1
    said = capsys.readouterr().out
    assert "FAILED: table takes 103.00 instructions per point, 3.0% more than written" in said
    assert "FAILED: grid" not in said
    assert "python bench/count/count.py --write" in said
    assert "+3.0 %" in said
    assert count.main(["--write"]) == 0
    assert count.main([]) == 0


@pytest.mark.parametrize("now", [101.0, 99.0])
def test_count_passes_a_change_of_1_percent_silently(count, found, capsys, now):
    count.main(["--write"])
    found({**COUNTS, "table": now})
    capsys.readouterr()
    assert count.main([]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_count_passes_a_fall_of_3_percent_with_a_hint(count, found, capsys):
    count.main(["--write"])
    found({**COUNTS, "table": 97.0})
    capsys.readouterr()
    assert count.main([]) == 0
    said = capsys.readouterr().out
    assert "better: table takes 97.00 instructions per point, 3.0% fewer than written" in said
    assert "python bench/count/count.py --write" in said
    assert "FAILED" not in said


def test_count_judges_only_base(count, found, capsys):
    found(COUNTS, avx2=COUNTS)
    count.main(["--write"])
    found(COUNTS, avx2={**COUNTS, "table": 200.0})
    capsys.readouterr()
    assert count.main([]) == 0
    said = capsys.readouterr().out
    assert "+100.0 %" in said
    assert "FAILED" not in said


def test_count_passes_a_compiler_without_counts(count, found, capsys):
    count.main(["--write"])
    found({"table": 500.0, "grid": 500.0}, compiler="clang 14.0.6, x86_64")
    capsys.readouterr()
    assert count.main([]) == 0
    said = capsys.readouterr().out
    assert "counts.json has no counts of clang 14.0.6, x86_64: nothing is compared" in said


def test_count_keeps_compilers_apart(count, found):
    count.main(["--write"])
    found({"table": 500.0, "grid": 5.0}, compiler="clang 14.0.6, x86_64")
    count.main(["--write"])
    assert count.main([]) == 0
    found({**COUNTS, "table": 400.0})
    assert count.main([]) == 1


def test_count_keeps_instruction_sets_that_do_not_run_here(count, found):
    found(COUNTS, avx2=COUNTS)
    count.main(["--write"])
    found({"table": 50.0})
    count.main(["--write"])
    written = json.loads(count.WRITTEN.read_text(encoding="utf-8"))
    assert written == {GCC: {"base": {"table": 50.0}, "avx2": COUNTS}}


@pytest.mark.parametrize(
    ("kernels", "complaint"),
    [
        ({**COUNTS, "nernst": 50.0}, "FAILED: nernst is not in counts.json"),
        ({"table": 100.0}, "FAILED: grid is in counts.json, but is not counted"),
    ],
)
def test_count_needs_the_written_kernels(count, found, capsys, kernels, complaint):
    count.main(["--write"])
    found(kernels)
    capsys.readouterr()
    assert count.main([]) == 1
    said = capsys.readouterr().out
    assert complaint in said
    assert "python bench/count/count.py --write" in said


def test_count_without_valgrind_prints_one_line(count, found, capsys, monkeypatch):
    monkeypatch.setattr(count.shutil, "which", lambda name: None)
    monkeypatch.setattr(count, "measure", lambda source: pytest.fail("must not be called"))
    assert count.main([]) == 0
    said = capsys.readouterr().out
    assert said == "valgrind is not installed: instructions are not counted\n"
    assert count.main(["--write"]) == 1
    assert not count.WRITTEN.exists()


def test_own_instructions_leave_out_libraries_and_sums_of_calls(count):
    profile = """\
version: 1
positions: line
events: Ir
ob=/lib/libc.so.6
fl=memcpy.S
fn=memcpy
7 1000
ob=/x/count
fl=kernel.c
fn=points
10 5
cob=/lib/libc.so.6
cfn=memcpy
calls=2 7
11 1000
12 30
ob=/lib/libc.so.6
fn=memset
8 2000
totals: 3035
"""
    assert count.own_instructions(profile, "/x/count") == 35
    assert count.own_instructions(profile, "/x/other") == 0


def test_flags_are_those_of_setup_py(count):
    text = (ROOT / "setup.py").read_text(encoding="utf-8")
    unix = re.search(r'"unix": (\[.*?\])', text, re.DOTALL)
    assert count.flags() == ast.literal_eval(unix[1])
    assert "-O3" in count.flags()


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="these are flags of gcc and clang")
@pytest.mark.skipif(shutil.which(COMPILER[0]) is None, reason=f"no C compiler {COMPILER[0]}")
def test_count_program_compiles_cleanly_and_runs_every_kernel(tmp_path):
    program = tmp_path / "count"
    flags = ["-std=c11", "-O0", "-Wall", "-Wextra", "-Wno-missing-field-initializers"]
    flags += ["-Wconversion", "-Wshadow", "-Werror"]
    sources = [COUNT / "count.c", *sorted((ROOT / "src_c").rglob("*.c"))]
    command = [*COMPILER, *flags, f"-I{ROOT / 'src_c'}", *sources, "-lm", "-o", program]
    subprocess.run(command, check=True)

    told = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    assert re.match(r"compiler (gcc|clang) \d+\.\d+\.\d+\n", told)
    kernels = re.findall(r"^kernel (\w+)$", told, re.MULTILINE)
    for kernel in kernels:
        done = subprocess.run([program, kernel, "base", "65536"], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
    for wrong in (["tables", "base", "65536"], ["table", "sse9", "65536"], ["table", "base", "1"]):
        done = subprocess.run([program, *wrong], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (2, "usage: count KERNEL ISA POINTS\n")

    written = json.loads((COUNT / "counts.json").read_text(encoding="utf-8"))
    for counts in written.values():
        assert set(counts["base"]) == set(kernels)


@pytest.mark.parametrize(
    ("compiler", "said"),
    [("no-such-cc", "there is no C compiler no-such-cc"), ('gcc "', "CC: No closing quotation")],
)
def test_count_without_a_compiler_is_no_regression(count, monkeypatch, capsys, compiler, said):
    monkeypatch.setenv("CC", compiler)
    monkeypatch.setattr(
        count.shutil, "which", lambda name: "valgrind" if name == "valgrind" else None
    )
    assert count.main([]) == 2
    assert said in capsys.readouterr().err
