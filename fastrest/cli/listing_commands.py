"""`fastrest cells` and `fastrest info`."""

import argparse

from fastrest.physiology.presets import cells
from fastrest.runtime.system import info


def list_cells(options: argparse.Namespace) -> None:
    """Print the shipped cells with their potentials and sources."""
    for name, cell in cells.items():
        quoted = "" if cell.quoted is None else f" (source: {cell.quoted:g} mV)"
        print(f"{name}: {cell.potential():.2f} mV{quoted}")
        print(f"    {cell!r}")
        print(f"    {cell.species}; {cell.basis}. {cell.source}")
        print(f"    {cell.remark}")


def print_info(options: argparse.Namespace) -> None:
    """Print the version, instruction sets and threads."""
    for key, value in info().items():
        print(f"{key}: {' '.join(value) if isinstance(value, tuple) else value}")
