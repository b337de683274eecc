"""The `fastrest` command line, which reports a failure in one line and an exit code."""

import argparse
import contextlib
import sys
from collections.abc import Callable, Sequence

from fastrest.cli.bench_command import run_bench
from fastrest.cli.options import parser
from fastrest.cli.population_commands import run_merge, run_population
from fastrest.cli.report import ignoring_closed_output
from fastrest.cli.sensitivity_commands import run_gradient, run_sobol
from fastrest.cli.sweep_command import run_sweep
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


COMMANDS: dict[str, Callable[[argparse.Namespace], int | None]] = {
    "cells": list_cells,
    "info": print_info,
    "sweep": run_sweep,
    "population": run_population,
    "merge": run_merge,
    "gradient": run_gradient,
    "sobol": run_sobol,
    "bench": run_bench,
}
#: Errors that are reported in one line: bad input, and results that have changed.
FAILURES = (ValueError, TypeError, KeyError, OSError, MemoryError, ImportError, ArithmeticError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 2 bad input, 130 interrupted.

    `bench --against` has two more: 1 slower, 3 inconclusive.
    """
    options = parser().parse_args(arguments)
    with contextlib.suppress(AttributeError):  # the output may be another object than a terminal
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a "±" in ASCII
    code = None
    try:
        with ignoring_closed_output():
            code = COMMANDS[options.command](options)
            if sys.stdout is not None:  # it may have been closed before
                sys.stdout.flush()
    except KeyboardInterrupt:
        print("fastrest: interrupted", file=sys.stderr)
        return 130
    except FAILURES as error:
        text = error.args[0] if isinstance(error, KeyError) else error
        print("fastrest: error: " + " ".join(str(text).split()), file=sys.stderr)
        return 2
    return code or 0
