"""What all rungs of the ladder use: every instruction set, and the golden values."""

import csv
import os
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

import fastrest as fr
from fastrest import _kernels

# Tests start Python from the source tree, whose fastrest/ may lack the compiled module.
os.environ["PYTHONSAFEPATH"] = "1"

GOLDEN = Path(__file__).with_name("golden")

#: Every compiled instruction set: one that this processor lacks shows as a skip, not as silence.
ISAS = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            name not in _kernels.SUPPORTED, reason=f"this processor does not run {name}"
        ),
    )
    for name in _kernels.COMPILED
]


@pytest.fixture(params=ISAS)
def isa(request):
    """The name of an instruction set: a test that asks for it runs on each."""
    return request.param


def read_golden(name):
    """Rows of a golden file: {input: float} without those left blank, and the exact result."""
    with (GOLDEN / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [
        ({n: float.fromhex(x) for n, x in row.items() if x and n != "exact"}, Decimal(row["exact"]))
        for row in rows
    ]


def golden_tables(name):
    """The rows of a golden file as tables, one for each set of ions, and their exact results."""
    kind = fr.Chord if name == "chord" else fr.GHK
    groups = {}
    for values, exact in read_golden(name):
        groups.setdefault(tuple(values), []).append((values, exact))
    for names, rows in groups.items():
        ions = [n.removesuffix("_out") for n in names if n.endswith("_out")]
        model = kind(*(fr.Ion("SO4", -2) if ion == "SO4" else ion for ion in ions))
        columns = {n: np.array([values[n] for values, _ in rows]) for n in names}
        yield fr.table(fr.Cell(model, **rows[0][0]), columns), [exact for _, exact in rows]


@pytest.fixture(scope="session")
def golden():
    """Golden files as lists of (inputs, exact result): ``golden("nernst")``."""
    return read_golden


@pytest.fixture(scope="session", params=["ghk", "divalent", "chord"])
def golden_sweeps(request):
    """Golden potentials of one family: pairs of a sweep and its exact potentials in mV."""
    return list(golden_tables(request.param))


@pytest.fixture(scope="session")
def largest_error():
    """The largest difference between computed doubles and exact Decimals."""

    def largest(values, exact):
        return max(abs(Decimal(float(v)) - e) for v, e in zip(values, exact, strict=True))

    return largest
