"""CSV files with a header: NumPy reads them, and errors name the line."""

import csv
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TextIO

import numpy as np

from .physics import unknown


def read(path: str, needed: Sequence[str], wanted: Callable[[str], bool]) -> dict[str, np.ndarray]:
    """The wanted columns of a CSV file as numbers; a ValueError names file and line.

    Parameters
    ----------
    path : str
        Opened once: it may be a pipe.
    needed : sequence of str
        Columns that must be there.
    wanted : callable
        Whether to read a column; may raise ValueError for one that should not be there.
    """
    with open(path, newline="", encoding="utf-8-sig") as file:
        records = Records(file)
        try:
            names = _header(next(iter(records), ""))
            for name in needed:
                if name not in names:
                    raise ValueError(unknown("column", name, names))
            return _columns(records, names, [name for name in names if wanted(name)])
        except (ValueError, csv.Error) as error:
            raise ValueError(f"{path}: line {records.line}: {error}") from None


class Records:
    """The records of a CSV file as they stand there, and the line where the latest begins.

    A record ends with its line, unless a quoted field goes on in the next.
    """

    def __init__(self, file: TextIO):
        self.line = 1
        self.latest = ""
        self._file = file
        self._lines_read = 0

    def __iter__(self) -> Iterator[str]:
        while text := self._next():
            self.line = self._lines_read
            if '"' in text:
                text = self._to_closing_quote(text)
            if text.strip():
                self.latest = text
                yield text

    def _next(self) -> str:
        try:
            text = next(self._file, "")
        except UnicodeDecodeError as error:  # found where text is decoded, some lines ahead
            self.line = self._lines_read + 1 + error.object.count(b"\n", 0, error.start)
            raise
        self._lines_read += 1
        return text

    def _to_closing_quote(self, text: str) -> str:
        """The record that begins with a line: NumPy would take a quote left open for a long one."""
        parts = [text]

        def lines() -> Iterator[str]:
            yield text
            while more := self._next():
                parts.append(more)
                yield more

        try:
            next(csv.reader(lines(), strict=True))
        except csv.Error as error:
            raise ValueError(f"{error} (a quote left open?)") from None
        return "".join(parts)


def _fields(record: str) -> list[str]:
    return next(csv.reader([record], strict=True), [])


def _header(record: str) -> list[str]:
    """The column names in the first record of a CSV file."""
    names = [name.strip() for name in _fields(record)]
    if not any(names):
        raise ValueError("a header with column names is needed")
    for name in names:
        if names.count(name) > 1 or not name:
            raise ValueError(f"each column needs its own name, got {name!r}")
    return names


def _columns(records: Records, names: list[str], wanted: list[str]) -> dict[str, np.ndarray]:
    """Some columns of the records below the header; `records` then knows of which an error is."""
    passed_over: dict[int | str, Any] = {
        j: lambda text: 0.0 for j, name in enumerate(names) if name not in wanted
    }
    rest = iter(records)
    first = next(rest, None)
    if first is None:
        raise ValueError("no rows below the header")
    _check_record(first, names, wanted)  # NumPy takes its number of columns for that of the table
    try:
        rows = np.loadtxt(
            itertools.chain([first], rest),
            delimiter=",",
            ndmin=2,
            quotechar='"',
            comments=None,
            converters=passed_over or None,
        )
    except ValueError:
        _check_record(records.latest, names, wanted)
        raise
    return {name: rows[:, j] for j, name in enumerate(names) if name in wanted}


def _check_record(record: str, names: list[str], wanted: list[str]) -> None:
    """Raise for the first value of a record that is no number, or for their number."""
    fields = _fields(record)
    if len(fields) != len(names):
        raise ValueError(f"{len(fields)} values for {len(names)} columns")
    for name, text in zip(names, fields):
        try:
            if name in wanted:
                float(text.replace("_", "?"))  # Python's 1_000 is no number to others
        except ValueError:
            raise ValueError(
                f"column {name!r} must be a number (nan if missing), got {text!r}"
            ) from None
