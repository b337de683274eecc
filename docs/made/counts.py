"""Numbers of tests, counted by collecting them.

`python docs/made/counts.py` prints them as JSON: pytest has a process of its own.
"""

import csv
import functools
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MARKERS = {
    "golden": "compare with values of 60 digits",
    "property": "draw their cases at random (Hypothesis), and shrink a case that fails",
    "process": "start processes, or send signals to them",
    "slow": "take more than a second",
}


class Counting:
    """A plugin of pytest that counts the tests that are collected."""

    def __init__(self) -> None:
        self.folders: Counter[str] = Counter()
        self.markers: Counter[str] = Counter()

    def pytest_collection_finish(self, session) -> None:
        """Count by folder and by marker."""
        for item in session.items:
            inside = item.path.relative_to(ROOT / "tests").parts
            self.folders[inside[0] if len(inside) > 1 else "tests"] += 1
            self.markers.update({mark.name for mark in item.iter_markers()} & MARKERS.keys())


@functools.cache
def counted() -> dict[str, dict[str, int]]:
    """Return the numbers of tests by folder and by marker."""
    done = subprocess.run(
        [sys.executable, __file__], capture_output=True, text=True, check=False, cwd=ROOT
    )
    if done.returncode:
        raise RuntimeError(f"tests are not collected:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def by_folder() -> str:
    """Return the numbers of tests by what they test."""
    from made.sources import markdown

    folders = dict(sorted(counted()["folders"].items(), key=lambda pair: -pair[1]))
    whole = folders.pop("tests", 0)
    lines = [[f"`{name}`", f"{n:,}"] for name, n in folders.items()]
    lines += [["the whole (language, documents, releases)", f"{whole:,}"]]
    lines += [["**all**", f"**{sum(folders.values()) + whole:,}**"]]
    return markdown(["room", "tests"], lines)


def by_marker() -> str:
    """Return the numbers of tests by what is special about them."""
    from made.sources import markdown

    found = counted()["markers"]
    return markdown(
        ["marker", "tests", "these tests"],
        [[f"`{name}`", f"{found[name]:,}", text] for name, text in MARKERS.items()],
    )


def golden_files() -> str:
    """Return the numbers of golden values by file."""
    from made.sources import markdown

    lines = []
    for path in sorted((ROOT / "tests" / "golden").glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            head, *rows = csv.reader(file)
        lines.append([f"`{path.name}`", f"{len(rows):,}", len(head)])
    return markdown(["file", "rows", "columns"], lines)


def main() -> int:
    """Print the counts; return the exit code of pytest."""
    import contextlib
    import io

    import pytest

    plugin, said = Counting(), io.StringIO()
    with contextlib.redirect_stdout(said):
        code = pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", "tests"], [plugin])
    if code:
        print(said.getvalue())
    print(json.dumps({"folders": plugin.folders, "markers": plugin.markers}))
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
