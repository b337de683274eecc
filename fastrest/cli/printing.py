"""The output of commands: lines of text, or with --json one object that programs read.

The object has the same keys for every command:

``format``
    The version of this schema, a number that grows when a name changes its meaning.
``fastrest``, ``command``
    The version of the package, and the command.
``cell``
    Name, model and parameters of the cell; null for a command without a cell.
``answer``
    The answer, whose names each command keeps. NaN and infinite numbers are null.
``units``
    The unit of each name in `cell` and `answer` that has one.
``files``
    The files that were written, by the option that names them.
"""

import argparse
import json
import math
import shutil
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

import numpy as np

from fastrest._version import __version__
from fastrest.physiology.cell import Cell

#: The version of the schema.
FORMAT = 1
#: The options whose files the object lists.
FILES = ("out", "plot", "histogram", "csv", "tally", "json")


def say(options: argparse.Namespace, *lines: str) -> None:
    """Print lines of text, unless an object is asked for."""
    if not options.as_json:
        print("\n".join(lines))


def answer(
    options: argparse.Namespace,
    cell: Cell | None,
    values: Mapping[str, Any],
    units: Mapping[str, str],
) -> None:
    """Keep the answer of a command, which `print_answer` prints when the command is done.

    Parameters
    ----------
    options : Namespace
    cell : Cell or None
    values : mapping
        Numbers, texts, arrays, and mappings and lists of them.
    units : mapping of str to str
        Units of names in `values`; those of the cell's parameters are added.
    """
    known = {} if cell is None else {n: p.unit for n, p in cell.model.parameters.items()}
    options.answer = {
        "cell": None if cell is None else _description(cell),
        "answer": plain(values),
        "units": {name: unit for name, unit in {**known, **units}.items() if unit},
    }


def print_answer(options: argparse.Namespace) -> None:
    """Print the object with the answer of a command, if it is asked for."""
    if not options.as_json or not hasattr(options, "answer"):  # --example prints a plan
        return
    files = {name: getattr(options, name, None) for name in FILES}
    found = {
        "format": FORMAT,
        "fastrest": __version__,
        "command": options.command,
        **options.answer,
        "files": {name: path for name, path in files.items() if path and path != "-"},
    }
    print(json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False))


def _description(cell: Cell) -> dict[str, Any]:
    values = {"name": cell.name, "model": repr(cell.model), "parameters": dict(cell)}
    return {key: plain(value) for key, value in values.items()}


def plain(value: Any) -> Any:
    """Return a value as JSON has it: null for NaN and infinite numbers, lists for arrays."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)


# ---- lines that fit ----


def wrapped(text: str, stream: TextIO | None, indent: str = "") -> str:
    """Return a text in lines that fit a terminal; one long line for files and pipes.

    Parameters
    ----------
    text : str
    stream : file or None
        Where the text goes.
    indent : str
        The beginning of every line; further lines have two spaces more if it is empty.
    """
    if stream is None or not stream.isatty():
        return indent + text
    width = max(40, shutil.get_terminal_size().columns)
    return _filled(text, width, indent, indent or "  ")


def filled(texts: Iterable[str]) -> str:
    """Return paragraphs of help in lines as long as those of argparse."""
    width = max(40, shutil.get_terminal_size().columns - 2)
    return "\n\n".join(_filled(text, width, "", "") for text in texts)


def _filled(text: str, width: int, first: str, further: str) -> str:
    return textwrap.fill(
        text,
        width,
        initial_indent=first,
        subsequent_indent=further,
        break_long_words=False,  # of paths, for example
        break_on_hyphens=False,
    )
