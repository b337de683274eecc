"""How many instructions each kernel takes per point, beside what it took when that was written.

    python bench/count.py            # compares with counts.json; fails if a kernel takes more
    python bench/count.py --write    # writes what it counts there

On a shared machine times wander by more than most changes cost. Instructions that valgrind's
callgrind counts are the same in every run, on every processor; they depend on the compiler, under
whose version they are written. They do not tell how long an instruction takes: only those of the
base kernels are judged. Those of other instruction sets are shown.

Counted is what a call of one kernel executes at 2N points less what it does at N, in code of this
package: what the C library does meanwhile (memcpy, memset) depends on the processor. count.c says
what the kernels are given.
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
SOURCE = HERE.parent / "src_c"
WRITTEN = HERE / "counts.json"
REWRITE = "python bench/count.py --write"
#: A block of `reduce`, 256 chunks.
POINTS = 65536
#: What a count may rise or fall, as a part of what is written, without a word.
LIMIT = 0.02
#: What is judged.
BASE = "base"

#: Instructions per point, by instruction set, then by kernel.
Counts = dict[str, dict[str, float]]


class CountError(Exception):
    """Why nothing can be counted."""


# ---- counting ----


def flags() -> list[str]:
    """The compiler flags of setup.py, read without running it: that is their one home."""
    tree = ast.parse((HERE.parent / "setup.py").read_text(encoding="utf-8"))
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="FLAGS")], value=value):
                return list(ast.literal_eval(value)["unix"])
    raise CountError("setup.py has no FLAGS")


def run(*command: str | Path) -> str:
    """What a command prints; one that fails is shown with all that it says."""
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
    files = [HERE / "count.c", *sorted(source.glob("*.c"))]
    # libm is for the yardsticks, which are not counted
    run(*compiler, *flags(), f"-I{source}", *files, "-lm", "-o", program)


def callgrind(program: Path, *arguments: str) -> tuple[str, str]:
    """What the program prints, and the profile of what it did in `measured`."""
    profile = program.with_suffix(".profile")
    options = ["--command-line-only=yes", "--tool=callgrind", "--toggle-collect=measured*"]
    options += ["--compress-strings=no", "--compress-pos=no", f"--callgrind-out-file={profile}"]
    printed = run("valgrind", *options, program, *arguments)
    return printed, profile.read_text(encoding="utf-8", errors="replace")


def own_instructions(profile: str, program: str) -> int:
    """Instructions in a profile that are of the program itself, not of a library."""
    total, own, called = 0, False, False
    for line in profile.splitlines():
        if line.startswith("ob="):
            own = line.removeprefix("ob=") == program
        elif line.startswith("calls="):
            called = True  # the next line sums up what was called, which has lines of its own
        elif line[:1].isdigit():
            total += int(line.split()[1]) if own and not called else 0
            called = False
    return total


def measure(source: Path) -> tuple[str, Counts]:
    """The compiler's name, and the counts."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder).resolve() / "count"
        build(source, program)
        told: dict[str, list[str]] = {"compiler": [], "kernel": [], "isa": []}
        for line in callgrind(program)[0].splitlines():  # isa: that valgrind can run
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
    """What is wrong with counts of the base kernels, and what is better than written."""
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
    """Instruction sets that this processor does not run keep what is written."""
    everything = read()
    everything[compiler] = {**everything.get(compiler, {}), **counts}
    text = json.dumps(everything, indent=2, sort_keys=True)
    WRITTEN.write_text(text + "\n", encoding="utf-8")


def read() -> dict[str, Counts]:
    return json.loads(WRITTEN.read_text(encoding="utf-8")) if WRITTEN.exists() else {}


# ---- the command ----


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="Count the instructions of each kernel per point, beside those in counts.json.",
        epilog="CC chooses the compiler. Exit status 1: a base kernel takes more than written; "
        "2: nothing can be counted.",
    )
    parser.add_argument("--write", action="store_true", help="write what is counted to counts.json")
    parser.add_argument(
        "--source", type=Path, default=SOURCE, metavar="DIR", help="count these kernels, not src_c"
    )
    options = parser.parse_args(arguments)
    if shutil.which("valgrind") is None:
        print("valgrind is not installed: instructions are not counted")
        return int(options.write)  # asked for what cannot be had

    if not (options.source / "fastrest.h").is_file():
        parser.error(f"--source {options.source}: there are no kernels")
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
        print(f"if that is meant: {REWRITE}")
    elif better:
        print(f"to keep it: {REWRITE}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
