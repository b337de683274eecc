"""Pictures of pages: the examples of a page are run, and what they draw is put into the page.

Doctests on a page of Markdown end with an empty line, which readers need not see.
"""

import contextlib
import doctest
import os
import re
import tempfile
from pathlib import Path
from typing import Any

import matplotlib as mpl

from made.blocks import stretches

mpl.use("Agg")
DOTS_PER_INCH = 144
LAST_LINE = re.compile(r"(^```python\n.*?\n)\n+(^```$)", re.MULTILINE | re.DOTALL)


def saved(folder: Path, name: str) -> list[str]:
    """Save and close all open figures as files that begin with a name; return the files' names."""
    from matplotlib import pyplot as plt

    names = []
    for number in plt.get_fignums():
        names.append(f"{name}_{number}.png")
        plt.figure(number).savefig(folder / names[-1], dpi=DOTS_PER_INCH)
    plt.close("all")
    return names


def with_pictures(app: Any, page: str, source: list[str]) -> None:
    """Put pictures in the places that a page has for them; its examples must hold."""
    from sphinx.util import logging

    pieces = stretches(source[0])
    folder = Path(app.srcdir) / "drawn"
    folder.mkdir(exist_ok=True)
    said, names, line, result = logging.getLogger(__name__), {"__name__": page}, 0, ""
    runner = doctest.DocTestRunner(verbose=False)
    with tempfile.TemporaryDirectory() as empty, contextlib.chdir(empty):
        for i, (piece, words) in enumerate(pieces):
            result += piece
            if words:
                test = doctest.DocTestParser().get_doctest(piece, names, page, f"{page}.md", line)
                report: list[str] = []
                runner.run(test, out=report.append, clear_globs=False)
                names, line = test.globs, line + piece.count("\n")
                drawn = saved(folder, f"{page}_{i}")
                if report or not drawn:
                    said.warning("%s", "".join(report) or f"no picture: {words}", location=page)
                result += "\n\n".join(f"![{words}](drawn/{name})" for name in drawn)
    source[0] = LAST_LINE.sub(r"\1\2", result)


def setup(app: Any) -> dict[str, Any]:
    """Connect to Sphinx."""
    os.environ["MPLBACKEND"] = "Agg"
    app.connect("source-read", with_pictures)
    return {"parallel_read_safe": True}
