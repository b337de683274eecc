"""Prove that the paired comparison detects a slow-down of 10 %, and raises no false alarm.

    python bench/compare/prove.py --times 20

The script builds HEAD, and HEAD with one slower kernel: `reduce`, which sums up points without
storing them, computes one chunk in nine twice. It compares both builds with HEAD as `compare.py`
does, `--times` times each, and counts the verdicts.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

import compare

KERNEL = Path("src_c", "kernel", "reduce_tpl.h")
#: The line of the kernel, and its slower form.
BEFORE = "            const int any = compute(&walk, n, V, status);\n"
AFTER = (
    BEFORE + "            if (done / CHUNK % 9 == 0 && !walk.by_rows) {\n"
    "                uint64_t again[CHUNK];\n"
    "                walk.equation.chunk(walk.model, n, &walk.loaded, V, again);\n"
    "            }\n"
)
#: The workload that runs this kernel.
SLOWED = "summary"


def slow_down(source):
    """Make the kernel slower in the sources."""
    text = (source / KERNEL).read_text(encoding="utf-8")
    if text.count(BEFORE) != 1:
        raise compare.ComparisonError(f"{KERNEL} has changed: prove.py no longer knows its loop")
    (source / KERNEL).write_text(text.replace(BEFORE, AFTER), encoding="utf-8")


def judged(base, head, names):
    """Return the names of slower workloads, and a line for the report."""
    found = compare.compare(base, head, names, generations=(0, *compare.GENERATIONS[1:]))
    verdicts = found.verdicts
    slower = [name for name, verdict in verdicts.items() if verdict == "slower"]
    counts = ", ".join(f"{n} {verdict}" for verdict, n in Counter(verdicts.values()).items())
    return slower, f"{SLOWED} {found.ratios[SLOWED]}; {counts}; slower: {slower}"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=20, help="comparisons of each kind")
    times = parser.parse_args().times
    seen = alarms = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        versions = []
        for side in ("base", "same", "slower"):
            folder = Path(name).resolve() / side
            _, source = compare.unpack("HEAD", folder)
            if side == "slower":
                slow_down(source)
            versions.append(compare.install(side, source, folder))
        base, same, slow = versions
        names = compare.chosen(compare.listed(source), None)
        for k in range(times):
            slower, line = judged(base, slow, names)
            seen += SLOWED in slower
            print(f"{k + 1:3} slowed: {line}", flush=True)
            slower, line = judged(base, same, names)
            alarms += bool(slower)
            print(f"{k + 1:3} the same: {line}", flush=True)
    print(f"slowed by 10 %: {SLOWED} reported as slower in {seen} of {times}")
    print(f"the same: anything reported as slower in {alarms} of {times}")
    return 0 if seen >= 0.95 * times and alarms <= 0.05 * times else 1


if __name__ == "__main__":
    sys.exit(main())
