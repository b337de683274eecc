"""Rows of the files of quoted potentials."""

import csv
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "data"


def rows(name):
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def each_row(name):
    """Run a test on every row of a file, with the row's first entry as its id."""
    found = rows(name)
    first = next(iter(found[0]))
    ids = [row[first].replace(" ", "-") for row in found]
    return pytest.mark.parametrize("row", found, ids=ids)


def half_unit(text):
    """Return half a unit of the last printed decimal, and 1 % more for binary rounding."""
    return 0.505 * 10.0 ** -len(text.partition(".")[2])
