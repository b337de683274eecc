"""Tables of the commands and their options, and the parser of the command line."""

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn, TypeAlias

from fastrest._core.validation import unknown
from fastrest._version import __version__
from fastrest.cli.completion import complete, completed_by
from fastrest.cli.examples import EXAMPLES
from fastrest.cli.option_values import number
from fastrest.cli.printing import filled, wrapped
from fastrest.physiology.presets import cells
from fastrest.sensitivity.estimators import NAN_POLICIES

#: Change of a ratio to a yardstick that `bench --against` ignores: two runs differ by as much.
TOLERANCE = 0.25
PICTURE = "(.png, .pdf, .svg)"
JSON = "print the answer as one JSON object: names, numbers and units, null for NaN"
#: Paragraphs at the end of the help.
NOTES = (
    "`fastrest COMMAND --help` shows the options of a command, and examples.",
    "Exit codes: 0 done, 1 no valid result, 2 bad usage or input, 130 interrupted; bench --against "
    "has its own.",
    "Completion by TAB: pip install 'fastrest-ghk[completion]', and in the shell's profile "
    'eval "$(register-python-argcomplete fastrest)"',
)

#: The name of an option, and the keywords of `add_argument`.
Option: TypeAlias = tuple[str, dict[str, Any]]


def count(text: str) -> int:
    """Return a whole number of ASCII digits."""
    if re.fullmatch(r"[+-]?\d{1,30}", text, re.ASCII):
        return int(text)
    raise argparse.ArgumentTypeError(f"must be a whole number, got {text!r}")


def real(text: str) -> float:
    """Return a number of ASCII digits."""
    try:
        return number(text, "it")
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number, got {text!r}") from None


class Once(argparse.Action):
    """Keep the value of an option and refuse a second one: argparse would take the last."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        if option_string and getattr(namespace, self.dest) is not None:
            raise argparse.ArgumentError(self, "given twice")
        setattr(namespace, self.dest, values)


def _option(
    name: str, metavar: str | tuple[str, str] | None, help: str | None, **keywords: Any
) -> Option:
    return name, {"action": Once, "metavar": metavar, "help": help, **keywords}


def _repeated(name: str, metavar: str, help: str) -> Option:
    return name, {"action": "append", "default": [], "metavar": metavar, "help": help}


def _switch(name: str, help: str) -> Option:
    return name, {"action": "store_true", "help": help}


# ---- options that several commands share ----

THREADS = _option("--threads", "N", "number of threads", type=count)
FORCE = _switch("--force", "replace files that fastrest did not write")

#: The cell that a command computes; an option of all these commands belongs here.
CELL = (
    _option("cell", "CELL", "name of a shipped cell, or a word of it; or a TOML file"),
    _repeated("--set", "NAME=VALUE", "change the value of a parameter of the cell"),
    _repeated(
        "--under",
        "CONDITION",
        "a condition for --of: the name of a published state, or NAME:PARAMETER=VALUE,... with "
        "numbers or times:FACTOR",
    ),
    _option(
        "--of",
        "OUTPUT",
        "another output of the model than V: E_K, a Nernst potential; or \"change('control', "
        "'hyperkalaemia')\", which is what that condition of --under does",
    ),
)

#: A pass over many points.
COUNTING = (
    _option("--checkpoint", "FILE", "save the counts here; the same command resumes from them"),
    _option("--part", "K/N", "count part K of N alone, from 0 to N - 1; needs --tally"),
    _option("--tally", "FILE", "write the counts of --part to a file"),
    THREADS,
    FORCE,
)

#: The accepted cells of a population.
MEMBERS = (
    _option("--out", "FILE", "write a population's accepted cells (.csv, .npz, .parquet)"),
    _option("--plot", "FILE", f"draw a population's potentials and parameters {PICTURE}"),
)

# ---- commands ----


class Command(NamedTuple):
    """A command: its line in the list of commands, the head of its own help, and its options."""

    help: str
    description: str
    options: tuple[Option, ...] = ()


COMMANDS = {
    "cells": Command(
        "list the shipped cells and their sources, or print one as a file",
        "List the shipped cells with their potentials and sources; or print one cell whole, as a "
        "TOML file from which a cell of your own can start.",
        (_option("name", "NAME", "name of a cell, or a word of it; or a TOML file", nargs="?"),),
    ),
    "info": Command(
        "print the version, instruction sets and threads",
        "Print the version, the instruction sets and the number of threads.",
    ),
}

COMMANDS["sweep"] = Command(
    "compute potentials over a grid or a table",
    "Compute the potentials of a cell over every combination of values on the --grid axes, or over "
    "the rows of a --table.",
    (
        *CELL,
        _repeated(
            "--grid",
            "NAME=VALUES",
            "an axis: FIRST:LAST:COUNT, FIRST:LAST:COUNT:log, or values separated by commas",
        ),
        _option(
            "--table",
            "FILE",
            "a text file with a column for each parameter, or - for the standard input; separator, "
            "decimal mark, encoding and units in the header are found out",
        ),
        _repeated("--rename", "COLUMN=NAME", "the parameter that a column of the table holds"),
        _repeated("--keep", "COLUMN", "carry a column of the table that is not a parameter"),
        _switch("--summary", "print sd, quantiles and excitability classes as well"),
        _option("--histogram", "FILE", f"draw a histogram {PICTURE}"),
        _option("--plot", "FILE", f"draw a curve or heat map {PICTURE}"),
        _option(
            "--nernst",
            "IONS",
            "draw Nernst potentials (K,Na or all) beside the curve of --plot, and the point at "
            "rest",
        ),
        _option(
            "--out",
            "FILE",
            "write the potentials, mV: .npy, .zarr or .parquet, which the same command resumes, or "
            "the rows with V and status (.csv, .tsv)",
        ),
        *COUNTING,
    ),
)

COMMANDS["population"] = Command(
    "draw candidate cells and keep those that match recordings",
    "Draw candidate cells, compute each under several conditions, and keep those that meet all "
    "criteria. A TOML file gives distributions, conditions and criteria.",
    (
        _option("plan", "PLAN.toml", "the distributions, conditions and criteria", nargs="?"),
        _switch("--example", "print a plan with comments that explain it"),
        _option("--n", "N", "number of candidates, in place of the plan's", type=count),
        _option("--rng", "SEED", "seed, in place of the plan's", type=count),
        *MEMBERS,
        *COUNTING,
    ),
)

COMMANDS["merge"] = Command(
    "combine the tallies of all parts of a sweep or population (--part)",
    "Combine the tallies of all parts of a sweep or population, and report as the whole does.",
    (
        _option("tallies", "FILE", "the tallies of all parts", nargs="+"),
        _option("--histogram", "FILE", f"draw the --histogram of a sweep's parts {PICTURE}"),
        *MEMBERS,
        FORCE,
    ),
)

COMMANDS["rundown"] = Command(
    "follow a living cell in time, while its pump stops or its bath changes",
    "Integrate the inside of a living cell by the plan of a TOML file: what changes, and when.",
    (
        _option("plan", "PLAN.toml", "the cell and the protocol", nargs="?"),
        _switch("--example", "print a plan with comments that explain it"),
        _option("--of", "OUTPUTS", "outputs to draw, separated by commas"),
        _option("--out", "FILE", "write the course as a table (.csv)"),
        _option("--plot", "FILE", f"draw the course {PICTURE}"),
        FORCE,
    ),
)

COMMANDS["currents"] = Command(
    "print the currents of a cell at rest",
    "Print the current of every ion at rest: Nernst potential, driving force, current (outward "
    "positive), share, slope and chord conductance. With relative permeabilities only shares are "
    "known, unless the membrane resistance is given.",
    (
        *CELL[:2],
        _option("--R-m", "KOHM_CM2", "specific membrane resistance at rest", type=real),
        _option("--diameter", "UM", "also print the input resistance of a sphere", type=real),
        _option("--plot", "FILE", f"draw the currents as bars {PICTURE}"),
        FORCE,
    ),
)

COMMANDS["gradient"] = Command(
    "print the derivatives of a cell's potential",
    "Print the derivatives of the resting potential: mV per unit of each parameter, and mV per "
    "+1 % of it (celsius: per +1 °C).",
    CELL,
)

COMMANDS["solve"] = Command(
    "find the value of a parameter at which the potential has a given value",
    "Print the value of a parameter at which the resting potential of a cell, or another output, "
    "is V, the other parameters being kept.",
    (
        CELL[0],
        _option("parameter", "NAME", "the parameter to solve for, such as K_out"),
        *CELL[1:],
        _option("--V", "MV", "the potential, mV; or several", type=real, nargs="+", required=True),
    ),
)

COMMANDS["sobol"] = Command(
    "divide the variance of the potential among uncertain parameters",
    "Compute Sobol' indices of the resting potential. They are exact for GHK models of monovalent "
    "ions unless a sample is asked for.",
    (
        *CELL,
        _repeated(
            "--vary",
            "NAME=DISTRIBUTION",
            "an uncertain parameter: uniform:LOW,HIGH, loguniform:LOW,HIGH, "
            "triangular:LOW,MODE,HIGH, normal:mean=,sd=,low=,high=, lognormal:median=,cv=, or "
            "times: and one of these, in multiples of the cell's value; a mean or median left out "
            "is the cell's value",
        ),
        _option("--samples", "N", "sample at N base points, best a power of 2", type=count),
        _option("--until", "WIDTH", "sample until no half-width is above WIDTH", type=real),
        _option(
            "--between",
            ("LOW", "HIGH"),
            "analyse whether the potential lies in a range, mV; needs a sample",
            type=real,
            nargs=2,
        ),
        _repeated(
            "--group",
            "NAME=INPUT,INPUT",
            "inputs that are taken together; inputs of no group are groups of their own",
        ),
        _switch("--second", "print the part of two inputs together as well, the largest first"),
        _switch("--shapley", "Shapley effects, which add up to 1; without a sample and groups"),
        _option("--rng", "SEED", "seed of the sample", type=count),
        _option(
            "--nan-policy",
            None,
            "points of a sample without a potential: an error, or counted and left out",
            choices=NAN_POLICIES,
        ),
        _option("--plot", "FILE", f"draw the indices {PICTURE}"),
        _option("--csv", "FILE", "write the indices as a table"),
        THREADS,
        FORCE,
    ),
)

COMMANDS["bench"] = Command(
    "measure the speed of fastrest on this machine",
    "Measure every kind of work beside the reference, NumPy and the memory, in some 15 seconds. "
    "The results are checked first. With --against, exit with 0 if no workload is slower, 1 if one "
    "is, and 3 if the comparison is inconclusive.",
    (
        _option(
            "--json",
            "FILE",
            "write the measurements to a file (.json); without a file print one JSON object",
            nargs="?",
            const="-",
        ),
        _option(
            "--history",
            "DIR",
            "add a file for the commit of the current folder, which pytest-benchmark compare "
            "reads, and DIR/otava.yaml, with which apache-otava finds the commit that changed a "
            "speed",
        ),
        _option("--against", "FILE", "compare with what --json wrote on the same machine"),
        _option(
            "--tolerance",
            "SHARE",
            f"with --against: largest change that does not count (default {TOLERANCE})",
            type=real,
        ),
        THREADS,
        FORCE,
    ),
)


def parsed(arguments: Sequence[str]) -> argparse.Namespace | None:
    """Return the options of a command line; without arguments print the help and return None."""
    found = parser()
    complete(found)
    if not arguments:
        found.print_help()
        return None
    if not arguments[0].startswith("-") and arguments[0] not in COMMANDS:
        found.error(unknown("command", arguments[0], COMMANDS))
    options, left = found.parse_known_args(arguments)
    if options.command == "bench":  # whose measurements go to a file or to the output
        options.as_json = options.json == "-"
    if left:
        words = [getattr(options, "cell", None) or "", *left]
        name = next((name for name in cells if name.split() == words[: len(name.split())]), None)
        hint = f': put the name in quotes, "{name}"' if name else ""
        found.error(f"unrecognized arguments: {' '.join(left)}{hint}")
    return options


class Parser(argparse.ArgumentParser):
    """A parser that keeps the lines of examples, and wraps its errors between words."""

    def __init__(self, **keywords: Any):
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **keywords)

    def error(self, message: str) -> NoReturn:
        """Print the usage and the error, and exit."""
        self.print_usage(sys.stderr)
        text = wrapped(f"{self.prog}: error: {message}", sys.stderr)
        self.exit(2, f"{text}\n")


def parser() -> argparse.ArgumentParser:
    """Return a parser; ``command`` of its result is the name of a command."""
    found = Parser(
        prog="fastrest",
        description=filled(["Resting membrane potentials over many parameter combinations."]),
        epilog=filled([*NOTES]),
    )
    found.add_argument("--version", action="version", version=f"fastrest {__version__}")
    commands = found.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, one in COMMANDS.items():
        lines = "".join(f"  {line}" for line in EXAMPLES[name].splitlines(keepends=True))
        command = commands.add_parser(
            name,
            help=one.help,
            description=filled([one.description]),
            epilog=f"examples:\n{lines}",
        )
        for option, keywords in one.options:
            completed_by(command.add_argument(option, **keywords), option)
        if name != "bench":  # which has its own
            command.add_argument("--json", dest="as_json", action="store_true", help=JSON)
    return found
