"""Count the instructions of each kernel per point, and compare them with the recorded counts.

    python bench/count/count.py            # compares with counts.json; fails if a kernel takes more
    python bench/count/count.py --write    # records the counts in counts.json

On a shared machine, times vary by more than most changes cost. Counts by valgrind's callgrind are
the same in every run and on every processor. They depend on the compiler, so counts.json has one
record for each compiler version. They do not tell how long an instruction takes: only counts of the
base kernels are judged, and those of other instruction sets are shown.

The count of a kernel is the difference between a call with 2N points and a call with N points,
divided by N. Only code of this package counts, because the code of the C library (memcpy, memset)
depends on the processor. count.c makes the inputs of the kernels.
"""

import argparse
import ast
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SOURCE = ROOT / "src_c"
WRITTEN = HERE / "counts.json"
REWRITE = "python bench/count/count.py --write"
#: N, the points of the shorter call: a block of `reduce`, 256 chunks.
POINTS = 65536
#: The largest relative change of a count that is not reported.
LIMIT = 0.02
#: The instruction set that is judged.
BASE = "base"

#: Instructions per point, by instruction set, then by kernel.
Counts = dict[str, dict[str, float]]


class CountError(Exception):
    """A reason why the instructions cannot be counted."""


# ---- counting ----


def flags() -> list[str]:
    """Return the compiler flags of setup.py, where alone they are declared, without running it."""
    tree = ast.parse((ROOT / "setup.py").read_text(encoding="utf-8"))
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="FLAGS")], value=value):
                return list(ast.literal_eval(value)["unix"])
    raise CountError("setup.py has no FLAGS")


def run(*command: str | Path) -> str:
    """Return the output of a command; if it fails, raise an error with all of its output."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CountError(f"{shlex.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def build(source: Path, program: Path) -> None:
    try:
        compiler = shlex.split(os.environ.get("CC") or "cc")
    except ValueError as error:
        raise CountError(f"CC: {error}, got {os.environ['CC']!r}") from None
    if shutil.which(compiler[0]) is None:
        raise CountError(f"there is no C compiler {compiler[0]}: CC chooses another")
    files = [HERE / "count.c", *sorted(source.glob("*.c")), *sorted(source.glob("isa/*.c"))]
    run(*compiler, *flags(), f"-I{source}", *files, "-o", program)


def callgrind(program: Path, *arguments: str) -> tuple[str, str]:
    """Return the program's output, and the profile of its function `measured`."""
    profile = program.with_suffix(".profile")
    options = ["--command-line-only=yes", "--tool=callgrind", "--toggle-collect=measured*"]
    options += ["--compress-strings=no", "--compress-pos=no", f"--callgrind-out-file={profile}"]
    printed = run("valgrind", *options, program, *arguments)
    return printed, profile.read_text(encoding="utf-8", errors="replace")


def own_instructions(profile: str, program: str) -> int:
    """Return the number of instructions of the program itself in a profile, without libraries."""
    total, own, called = 0, False, False
    for line in profile.splitlines():
        if line.startswith("ob="):
            own = line.removeprefix("ob=") == program
        elif line.startswith("calls="):
            called = True  # the next line is the sum of the called function, listed elsewhere
        elif line[:1].isdigit():
            total += int(line.split()[1]) if own and not called else 0
            called = False
    return total


def measure(source: Path) -> tuple[str, Counts]:
    """Return the compiler's name, and the counts."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder).resolve() / "count"
        build(source, program)
        told: dict[str, list[str]] = {"compiler": [], "kernel": [], "isa": []}
        for line in callgrind(program)[0].splitlines():  # isa: one that valgrind supports
            what, name = line.split(maxsplit=1)
            told[what].append(name)

        def instructions(kernel: str, isa: str, points: int) -> int:
            profile = callgrind(program, kernel, isa, str(points))[1]
            return own_instructions(profile, str(program))

        def per_point(kernel: str, isa: str) -> float:
            more = instructions(kernel, isa, 2 * POINTS) - instructions(kernel, isa, POINTS)
            if more <= 0:
                raise CountError(f"{kernel}, {isa}: valgrind saw no instructions")
            return round(more / POINTS, 2)

        counts = {
            isa: {kernel: per_point(kernel, isa) for kernel in told["kernel"]}
            for isa in reversed(told["isa"])  # base first
        }
    return f"{told['compiler'][0]}, {platform.machine()}", counts


# ---- judging ----


def table(counts: Counts, written: Counts) -> list[str]:
    lines = [f"{'kernel':12}{'isa':8}{'now':>10}{'written':>10}{'change':>10}"]
    for kernel in counts[BASE]:
        for isa in counts:
            now, was = counts[isa][kernel], written.get(isa, {}).get(kernel)
            beside = f"{'-':>10}{'-':>10}"
            if was is not None:
                beside = f"{was:10.2f}{100 * (now / was - 1):+8.1f} %"
            lines.append(f"{kernel:12}{isa:8}{now:10.2f}{beside}")
    return lines


def judge(now: dict[str, float], written: dict[str, float]) -> tuple[list[str], list[str]]:
    """Return the faults and the improvements of the base kernels' counts, a line for each."""
    wrong, better = [], []
    for kernel in {**now, **written}:
        if kernel not in written:
            wrong.append(f"{kernel} is not in {WRITTEN.name}")
        elif kernel not in now:
            wrong.append(f"{kernel} is in {WRITTEN.name}, but is not counted")
        else:
            change = now[kernel] / written[kernel] - 1
            says = f"{kernel} takes {now[kernel]:.2f} instructions per point, {abs(change):.1%}"
            if change > LIMIT:
                wrong.append(f"{says} more than written")
            elif change < -LIMIT:
                better.append(f"{says} fewer than written")
    return wrong, better


def write(compiler: str, counts: Counts) -> None:
    """Record the counts; instruction sets that this processor does not support keep theirs."""
    everything = read()
    everything[compiler] = {**everything.get(compiler, {}), **counts}
    text = json.dumps(everything, indent=2, sort_keys=True)
    WRITTEN.write_text(text + "\n", encoding="utf-8")


def read() -> dict[str, Counts]:
    return json.loads(WRITTEN.read_text(encoding="utf-8")) if WRITTEN.exists() else {}


# ---- the command ----


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="Count the instructions of each kernel per point; compare with counts.json.",
        epilog="CC chooses the compiler. Exit status 1: a base kernel takes more than written; "
        "2: nothing can be counted.",
    )
    parser.add_argument("--write", action="store_true", help="record the counts in counts.json")
    parser.add_argument(
        "--source", type=Path, default=SOURCE, metavar="DIR", help="count these kernels, not src_c"
    )
    options = parser.parse_args(arguments)
    if shutil.which("valgrind") is None:
        print("valgrind is not installed: instructions are not counted")
        return int(options.write)  # --write fails, a comparison is left out

    if not (options.source / "fastrest.h").is_file():
        parser.error(f"--source must be a folder with fastrest.h, got {options.source}")
    try:
        compiler, counts = measure(options.source)
    except CountError as error:
        print(f"count: {error}", file=sys.stderr)
        return 2
    written = read().get(compiler, {})
    print(f"instructions per point, {compiler}", *table(counts, written), sep="\n")
    if options.write:
        write(compiler, counts)
        print(f"written to {WRITTEN}")
        return 0
    if not written:
        print(f"{WRITTEN.name} has no counts of {compiler}: nothing is compared; to add: {REWRITE}")
        return 0
    wrong, better = judge(counts[BASE], written.get(BASE, {}))
    for line in wrong:
        print(f"FAILED: {line}")
    for line in better:
        print(f"better: {line}")
    if wrong:
        print(f"if the change is intended: {REWRITE}")
    elif better:
        print(f"to keep it: {REWRITE}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
