"""The values of options: from text to names, numbers, a cell or a part."""

import argparse
from collections.abc import Sequence

from fastrest._core.validation import unknown
from fastrest.physiology.cell import Cell
from fastrest.physiology.cell_toml import POTENTIALS
from fastrest.physiology.presets import cell_named


def split(text: str, option: str) -> tuple[str, str]:
    """Return name and value of NAME=VALUE; names of columns (--rename) may contain an "="."""
    name, equals, value = text.rpartition("=") if option == "--rename" else text.partition("=")
    if not equals or not name or not value:
        raise ValueError(f"{option} takes NAME=..., got {text!r}")
    return name.strip(), value.strip()


def split_once(texts: Sequence[str], option: str) -> dict[str, str]:
    """Return the values of a repeated option by name; each name may be given once."""
    found: dict[str, str] = {}
    for text in texts:
        name, value = split(text, option)
        if name in found:
            raise ValueError(f"{option} {name} is given twice")
        found[name] = value
    return found


def number(text: str, name: str) -> float:
    """Return a number, or raise a ValueError that begins with a name."""
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} must be a number, got {text!r}") from None


def cell_of(options: argparse.Namespace) -> Cell:
    """Return the cell that is named, with the changes of --set."""
    cell = cell_named(options.cell)
    changes = [split(one, "--set") for one in options.set]
    for name, _ in changes:
        if name not in (*cell, *POTENTIALS):
            raise ValueError(f"--set: {unknown('parameter', name, (*cell, *POTENTIALS))}")
    return cell.replace(**{name: number(value, f"--set {name}") for name, value in changes})


def part_of(options: argparse.Namespace) -> tuple[int, int]:
    """Return k and n of --part K/N, which needs a --tally."""
    k, _, n = (options.part or "").partition("/")
    if not (k.isdecimal() and n.isdecimal() and options.tally):
        raise ValueError(f"--part K/N and --tally FILE go together, got {options.part!r}")
    return int(k), int(n)


def output_of(options: argparse.Namespace, cell: Cell) -> str:
    """Return the output that --of names, V by default."""
    try:
        return cell.model.output("V" if options.of is None else options.of).name
    except ValueError as error:
        raise ValueError(f"--of: {error}") from None
