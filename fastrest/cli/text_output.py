"""Potentials as text: the rows of a table as they were read, or points, with V and status."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fastrest.cli.csv_table import LabTable
from fastrest.models.quantities import Status
from fastrest.nouns.sweeps import Sweep
from fastrest.points.points import STATUS
from fastrest.runtime.scheduler import BLOCK_POINTS

#: Suffixes of text files, and the separator of their columns.
TEXTS = {".csv": ",", ".tsv": "\t"}


def is_text(path: str | None) -> bool:
    """Return True for the name of a text file."""
    return path is not None and Path(path).suffix.lower() in TEXTS


def write_text(path: Path, sweep: Sweep, of: str, read: LabTable | None, **how: Any) -> None:
    """Write a header and a row for each point; missing potentials are empty.

    The rows of a table stay as they are, and the new columns have the table's decimal mark. A
    table of semicolons stays one; the suffix ``.tsv`` stands for tabs.
    """
    values, status = sweep.values(of=of, **how), sweep.status(of=of, **how)
    separator, decimal = TEXTS[path.suffix.lower()], "."
    rows: Iterable[list[Any]]
    if read is None:
        rows = _points(sweep)
    else:
        decimal, rows = read.decimal, iter(read.lines)
        if separator == "," and read.separator == ";":
            separator = ";"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=separator, lineterminator="\n")
        rows = iter(rows)
        writer.writerow([*next(rows), of, STATUS])
        for row, value, bits in zip(rows, values.flat, status.flat, strict=True):
            text = "" if np.isnan(value) else repr(float(value)).replace(".", decimal)
            writer.writerow([*row, text, status_text(int(bits))])


def _points(sweep: Sweep) -> Iterator[list[Any]]:
    """Yield the names of the varied columns, and their values point by point."""
    for start in range(0, len(sweep), BLOCK_POINTS):
        columns = sweep.coordinates(start, min(start + BLOCK_POINTS, len(sweep)))
        if start == 0:
            yield list(columns)
        yield from map(list, zip(*(column.tolist() for column in columns.values())))


def status_text(bits: int) -> str:
    """Return the names of a status's bits, or OK."""
    return " ".join(str(bit.name) for bit in Status if bits & bit) or "OK"
