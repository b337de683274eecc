"""Files of commands: compared with each other, and checked before anything is computed."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from fastrest.cli.printing import say
from fastrest.cli.report import row
from fastrest.runtime.storage import (
    CREATOR,
    as_path,
    check_writable,
    replacing,
    same_file,
)

#: The options that name files which commands write.
OUTPUTS = ("histogram", "plot", "out", "csv", "json", "tally", "checkpoint")
#: Endings of the files that stand beside an output, or stand there while it is written.
BESIDE = {
    ".npy": (".json", ".columns.npz", ".part", ".part.json", ".part.columns.npz"),
    ".zarr": (".part", ".part.json", ".part.old"),
    ".parquet": (".part", ".part.json", ".part.old"),
    ".csv": (".units.json",),
}
#: Formats of pictures whose metadata name the program that drew them.
SIGNED = (".png", ".pdf", ".svg", ".svgz", ".eps", ".ps")


def check_files(
    options: argparse.Namespace, inputs: Iterable[tuple[str, str | Path | None]] = ()
) -> None:
    """Raise the ValueError if an output of a command is one of its inputs, or another output.

    Parameters
    ----------
    options : Namespace
        The options of the command; OUTPUTS name those that are files to write.
    inputs : iterable of (str, path)
        The files that the command reads, each after the option that names it.
    """
    seen = [(name, Path(path)) for name, path in inputs if path and path != "-"]
    if sys.argv[0]:
        seen.append(("the running program", Path(sys.argv[0])))
    for option in OUTPUTS:
        path = getattr(options, option, None)
        if path is None or path == "-":
            continue
        name = f"--{option}"
        written = list(_written(as_path(path, name)))
        for other, taken in seen:
            for one in written:
                if _collide(one, taken):
                    raise ValueError(
                        f"every file needs its own name, got {taken}, {path}: {name} would replace "
                        f"the file of {other}"
                    )
        seen += [(name, one) for one in written]


def _written(path: Path) -> Iterator[Path]:
    yield path
    for ending in BESIDE.get(path.suffix.lower(), ()):
        yield path.with_name(path.name + ending)


def _collide(one: Path, other: Path) -> bool:
    """Return True if two paths lead to one file, or one to a file in the folder of the other."""
    a, b = Path(os.path.realpath(one)), Path(os.path.realpath(other))
    return a in b.parents or b in a.parents or same_file(a, b)


def check_outputs(options: argparse.Namespace, *names: str) -> None:
    """Raise the OSError if a file that an option names cannot be written."""
    for name in names:
        path = getattr(options, name)
        if path:
            check_writable(path, options.force)


def check_table(options: argparse.Namespace, name: str) -> None:
    """Raise an error if the table that an option names is no .csv, or cannot be written."""
    path = getattr(options, name)
    if path and Path(path).suffix.lower() != ".csv":
        raise ValueError(f"--{name} {path} must end in .csv")
    check_outputs(options, name)


# ---- pictures ----


def check_picture(options: argparse.Namespace, name: str) -> None:
    """Raise an error if the picture that an option names cannot be drawn or written."""
    option, path = f"--{name}", getattr(options, name)
    if not path:
        return
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
    except ImportError:
        raise ImportError(f"{option} needs matplotlib: pip install 'fastrest-ghk[plot]'") from None
    known = FigureCanvasAgg.get_supported_filetypes()
    if Path(path).suffix[1:].lower() not in known:
        raise ValueError(f"{option} must end in one of .{', .'.join(sorted(known))}, got {path!r}")
    check_outputs(options, name)


def draw(options: argparse.Namespace, name: str, draw_on: Callable[[Any], Any]) -> None:
    """Draw on a new figure and save it, if an option names a file for it."""
    path = getattr(options, name)
    if not path:
        return
    from matplotlib.backends.backend_pgf import LatexError
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    draw_on(figure)
    signed: dict[str, Any] = {"metadata": CREATOR} if Path(path).suffix.lower() in SIGNED else {}
    with replacing(path, overwrite=options.force) as new:
        try:
            figure.savefig(new, dpi=150, **signed)
        except (RuntimeError, ValueError, LatexError) as error:  # of LaTeX, or a format's limits
            raise OSError(f"{path} cannot be drawn: {error}") from None
    say(options, row("wrote", path))
