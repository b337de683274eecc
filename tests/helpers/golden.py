"""Golden files: inputs, and results computed with 60 digits."""

import csv
from decimal import Decimal
from pathlib import Path

import numpy as np

import fastrest as fr

GOLDEN = Path(__file__).parents[1] / "golden"


def read_golden(name):
    """Return the rows of a golden file: {input: float} without blank inputs, and the result."""
    with (GOLDEN / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [
        ({n: float.fromhex(x) for n, x in row.items() if x and n != "exact"}, Decimal(row["exact"]))
        for row in rows
    ]


def golden_tables(name):
    """Yield the rows of a golden file as tables, one per set of ions, with their exact results."""
    kind = fr.Chord if name == "chord" else fr.GHK
    groups = {}
    for values, exact in read_golden(name):
        groups.setdefault(tuple(values), []).append((values, exact))
    for names, rows in groups.items():
        ions = [n.removesuffix("_out") for n in names if n.endswith("_out")]
        model = kind(*(fr.Ion("SO4", -2) if ion == "SO4" else ion for ion in ions))
        columns = {n: np.array([values[n] for values, _ in rows]) for n in names}
        yield fr.table(fr.Cell(model, **rows[0][0]), columns), [exact for _, exact in rows]
