"""CSV files with a header: columns of numbers, with errors that name the line."""

import csv
from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO, TypeAlias

import numpy as np

from fastrest._core.validation import unknown

Columns: TypeAlias = dict[str, np.ndarray]


def read(path: str, needed: Sequence[str], wanted: Callable[[str], bool]) -> Columns:
    """Read the wanted columns of a CSV file.

    Parameters
    ----------
    path : str
        The file, which may be a pipe: it is opened once.
    needed : sequence of str
        Columns that the file must have.
    wanted : callable
        Called with the name of a column; returns True if it is to be read, and may raise a
        ValueError for one that should not be there.

    Returns
    -------
    dict of str to ndarray

    Raises
    ------
    ValueError
        The file breaks a rule; the message begins with the file and the line.
    """
    with open(path, newline="", encoding="utf-8-sig") as file:
        records = _Records(file)
        rows = iter(records)
        try:
            names = _header(next(rows, []))
            for name in needed:
                if name not in names:
                    raise ValueError(unknown("column", name, names))
            return _columns(rows, names, [name for name in names if wanted(name)])
        except ValueError as error:
            raise ValueError(f"{path}: line {records.line}: {error}") from None


class _Records:
    """The fields of each record of a CSV file; blank lines are left out.

    Attributes
    ----------
    line : int
        The line in which the latest record begins: a quoted field may span several lines.
    """

    def __init__(self, file: TextIO):
        self.line = 1
        lines = (line if line.strip() else "\n" for line in file)
        self._reader = csv.reader(lines, strict=True)

    def __iter__(self) -> Iterator[list[str]]:
        while True:
            line = self._reader.line_num + 1
            try:
                fields = next(self._reader, None)
            except csv.Error as error:
                self.line = line
                raise ValueError(f"{error} (a quote left open?)") from None
            except UnicodeDecodeError as error:  # text is decoded some lines ahead
                self.line = line + error.object.count(b"\n", 0, error.start)
                raise
            if fields is None:
                return
            if fields:
                self.line = line
                yield fields


def _header(names: list[str]) -> list[str]:
    names = [name.strip() for name in names]
    if not any(names):
        raise ValueError("a header with column names is needed")
    for name in names:
        if names.count(name) > 1 or not name:
            raise ValueError(f"each column needs its own name, got {name!r}")
    return names


def _columns(rows: Iterator[list[str]], names: list[str], wanted: list[str]) -> Columns:
    found = {name: array("d") for name in wanted}
    columns = [(j, name, found[name]) for j, name in enumerate(names) if name in found]
    fields = None
    for fields in rows:
        if len(fields) != len(names):
            raise ValueError(f"{len(fields)} values for {len(names)} columns")
        for j, name, column in columns:
            column.append(_number(name, fields[j]))
    if fields is None:
        raise ValueError("no rows below the header")
    return {name: np.asarray(column) for name, column in found.items()}


def _number(name: str, text: str) -> float:
    try:
        if text.isascii() and "_" not in text:  # Python alone reads 1_000 as a number
            return float(text)
    except ValueError:
        pass
    raise ValueError(f"column {name!r} must be a number (nan if missing), got {text!r}")
