"""Output files of commands: checked before anything is computed, replaced when all is done."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fastrest.cli.report import row
from fastrest.runtime.storage import replacing


def check_names(*paths: str | None) -> None:
    """Raise a ValueError if two paths are one file."""
    named = [path for path in paths if path]
    if len({os.path.realpath(path) for path in named}) < len(named):
        raise ValueError(f"every file needs its own name, got {', '.join(named)}")


@contextlib.contextmanager
def new_files(*paths: str | None, suffix: str | None = None) -> Iterator[dict[str, Path]]:
    """Yield a temporary file for each path; if nothing fails, these replace the files at the paths.

    Parameters
    ----------
    *paths : str or None
        Files to replace; None is left out.
    suffix : str, optional
        The suffix that the paths must have.

    Yields
    ------
    dict of str to Path
        The temporary files by path.
    """
    asked = [path for path in paths if path]
    with contextlib.ExitStack() as files:
        yield {path: files.enter_context(replacing(Path(path), suffix)) for path in asked}
    for path in asked:
        print(row("wrote", path))


# ---- pictures ----


def check_picture(option: str, path: str | None) -> None:
    """Raise an error if matplotlib is missing, or does not know the suffix."""
    if not path:
        return
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
    except ImportError:
        raise ImportError(f"{option} needs matplotlib: pip install 'fastrest-ghk[plot]'") from None
    known = FigureCanvasAgg.get_supported_filetypes()
    if Path(path).suffix[1:].lower() not in known:
        raise ValueError(f"{option} must end in one of .{', .'.join(sorted(known))}, got {path!r}")


def draw(path: str | None, new: Mapping[str, Path], draw_on: Callable[[Any], Any]) -> None:
    """Draw on a new figure and save it to the temporary file of a path, if a path is given."""
    if not path:
        return
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    draw_on(figure)
    try:
        figure.savefig(new[path], dpi=150)
    except Exception as error:  # backends raise anything: .pgf needs LaTeX
        raise OSError(f"{path} cannot be drawn: {error}") from None
