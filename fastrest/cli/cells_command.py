"""`fastrest cells`: the shipped cells, and one of them as a file to start from."""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from fastrest.cli.printing import answer, say, wrapped
from fastrest.models.model import Model
from fastrest.models.pump_leak import PumpLeak
from fastrest.models.quantities import IONS
from fastrest.physiology.cell import Cell
from fastrest.physiology.presets import cell_named, cells, short_name

#: The units of the names in the answer.
UNITS = dict.fromkeys(("potential", "quoted", "threshold", "block", "lower", "nernst"), "mV")


def run_cells(options: argparse.Namespace) -> None:
    """Print the shipped cells with their potentials and sources, or one cell whole, as TOML."""
    found = [*cells.values()] if options.name is None else [cell_named(options.name)]
    if options.name is None:
        for cell in found:
            say(options, *_listed(cell))
    else:
        say(options, *toml_lines(found[0]))
    one = None if options.name is None else found[0]
    answer(options, one, {"cells": [_described(cell) for cell in found]}, UNITS)


def _listed(cell: Cell) -> Iterator[str]:
    """Yield the lines of a cell in the list."""
    quoted = "" if cell.quoted is None else f" (source: {cell.quoted:g} mV)"
    short = short_name(cell.name)
    yield f"{cell.name}: {cell.potential():.2f} mV{quoted}; short name: {short}"
    for text in (repr(cell), f"{cell.species}; {cell.basis}. {cell.source}", cell.remark):
        yield wrapped(text, sys.stdout, "    ")


def _described(cell: Cell) -> dict[str, Any]:
    return {
        **cell.given_fields,
        "model": repr(cell.model),
        "parameters": dict(cell),
        "potential": cell.potential(),
        "nernst": cell.nernst(),
    }


# ---- a cell as a file ----


def toml_lines(cell: Cell) -> Iterator[str]:
    """Yield the lines of a TOML file of a cell; what follows from the values is a comment.

    Examples
    --------
    >>> import fastrest as fr
    >>> from fastrest.cli.cells_command import toml_lines
    >>> for line in toml_lines(fr.cells["glial cell"].replace(source="", remark="")):
    ...     print(line)
    # V -88.62 mV; E_K -89.04, E_Na 59.16 mV. Concentrations in mM, potentials in mV
    name = "glial cell"
    species = "Necturus"
    basis = "constructed"
    quoted = -89.0
    model = "GHK"
    celsius = 25.0
    K = { P = 1.0, out = 3.0, in = 96.0 }
    Na = { P = 0.0005, out = 100.0, in = 10.0 }
    """
    model = cell.model
    potentials = ", ".join(f"E_{ion} {E:.2f}" for ion, E in cell.nernst().items())
    yield (
        f"# V {cell.potential():.2f} mV; {potentials} mV. Concentrations in mM, potentials in mV"
    )
    for name, value in cell.given_fields.items():
        yield f"{name} = {_toml(value)}"
    yield f"model = {_toml(type(model).__name__)}"
    leak = model.leak if isinstance(model, PumpLeak) else model
    pump = leak.arguments.get("pump")
    if pump in ("constant", "saturating"):
        yield f"pump = {_toml(pump)}"
    of_ions = {f"{part}{ion.name}{end}" for ion in model.ions for part, end in _parts(model)}
    for name, value in cell.items():
        default = name == "pump_ratio" and value == 1.0
        if name not in of_ions and not default:
            yield f"{name} = {_toml(value)}"
    for ion in model.ions:
        entries = {
            key: cell[f"{part}{ion.name}{end}"]
            for key, (part, end) in zip((model.weight, "out", "in"), _parts(model))
            if f"{part}{ion.name}{end}" in cell
        }
        words = [f"{key} = {_toml(value)}" for key, value in entries.items()]
        words += [f"z = {ion.z}"] * (IONS.get(ion.name) != ion)
        words += ["passive = true"] * (ion.name in model.passive)
        yield f"{ion.name} = {{ {', '.join(words)} }}"


def _parts(model: Model) -> tuple[tuple[str, str], ...]:
    """Return beginning and end of the names of an ion's parameters: weight, outside, inside."""
    return (f"{model.weight}_", ""), ("", "_out"), ("", "_in")


def _toml(value: Any) -> str:
    """Return a number or text of TOML, whose strings are those of JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(float(value))
