"""The values of options: from text to names, numbers, a cell, a part or a distribution."""

import argparse
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastrest._core.validation import parsed_number, unknown
from fastrest.distributions.base import Distribution, Scaled
from fastrest.distributions.families import FAMILIES
from fastrest.physiology.cell import Cell
from fastrest.physiology.cell_forms import POTENTIALS
from fastrest.physiology.multiples import Times
from fastrest.physiology.presets import cell_named, preset_name, states


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
        return parsed_number(text)
    except ValueError as error:
        raise ValueError(f"{name} {error}") from None


def whole(text: str, name: str, least: int = 0) -> int:
    """Return a whole number, or raise a ValueError that begins with a name."""
    if re.fullmatch(r"\d{1,18}", text, re.ASCII) and int(text) >= least:
        return int(text)
    raise ValueError(f"{name} must be a whole number >= {least}, got {text!r}")


def cell_of(options: argparse.Namespace) -> Cell:
    """Return the cell that is named, with the changes of --set."""
    cell = cell_named(options.cell)
    changes = split_once(options.set, "--set")
    for name in changes:
        if name not in (*cell, *POTENTIALS):
            raise ValueError(f"--set: {unknown('parameter', name, (*cell, *POTENTIALS))}")
    cell = cell.replace(**{name: number(x, f"--set {name}") for name, x in changes.items()})
    conditions: dict[str, Any] = {}
    for text in getattr(options, "under", ()):  # a command without --of has no conditions
        name, condition = _condition(text)
        if name in conditions:
            raise ValueError(f"--under {name} is given twice")
        conditions[name] = condition
    try:
        return cell.under(conditions) if conditions else cell
    except (TypeError, ValueError) as error:
        raise ValueError(f"--under: {error}") from None


def _condition(text: str) -> tuple[str, Mapping[str, Any]]:
    """Return the name and the changes of a condition."""
    name, colon, changes = text.partition(":")
    if not colon:
        try:
            name = preset_name(name, "state", states, ", or NAME:K_out=8")
        except ValueError as error:
            raise ValueError(f"--under: {error}") from None
        return name, states[name]
    found: dict[str, Any] = {}
    for parameter, value in split_once(changes.split(","), "--under").items():
        x = number(value.removeprefix("times:"), f"--under {parameter}")
        found[parameter] = Times(x) if value.startswith("times:") else x
    return name.strip(), found


def part_of(options: argparse.Namespace) -> tuple[int, int]:
    """Return k and n of --part K/N, which needs a --tally."""
    k, slash, n = (options.part or "").partition("/")
    if not (slash and options.tally):
        raise ValueError(f"--part K/N and --tally FILE go together, got {options.part!r}")
    return whole(k, "--part K"), whole(n, "--part N")


def output_of(options: argparse.Namespace, cell: Cell) -> str:
    """Return the output that --of names, V by default."""
    try:
        return cell.model.output("V" if options.of is None else options.of).name
    except ValueError as error:
        raise ValueError(f"--of: {error}") from None


def distribution_of(text: str) -> Distribution | Scaled:
    """Return the distribution that a text of the command line stands for.

    Parameters
    ----------
    text : str
        As ``uniform:3,6``, ``lognormal:median=0.04,cv=0.5``, or ``times:uniform:0.5,1.5``.

    Returns
    -------
    Distribution or Scaled
        `Scaled` for a text that begins with ``times:``.

    Raises
    ------
    ValueError
        The text names no known distribution, or its arguments break a rule.

    Examples
    --------
    >>> from fastrest.cli.option_values import distribution_of
    >>> distribution_of("normal:sd=0.5,low=3")
    normal(sd=0.5, low=3)
    """
    family, _, rest = text.partition(":")
    if family == "times":
        inner = distribution_of(rest)
        if isinstance(inner, Scaled):
            raise ValueError(f"{text}: times stands once")
        return Scaled(inner)
    if family not in FAMILIES:
        interval = re.fullmatch(r"([\d.]+)[:,-]([\d.]+)", text, re.ASCII)
        hint = f" (uniform:{interval[1]},{interval[2]}?)" if interval else ""
        raise ValueError(unknown("distribution", family, [*FAMILIES, "times"]) + hint)
    kind = FAMILIES[family]
    given: dict[str, float] = {}
    for i, word in enumerate(rest.split(",") if rest else []):
        name, equals, value = word.rpartition("=")
        if not kind.named and not equals and i < len(kind.takes):
            name = kind.takes[i]
        elif not kind.named or name not in kind.takes:
            raise ValueError(f"{_usage(kind)}, got {word!r} in {text!r}")
        if name in given:
            raise ValueError(f"{text}: {name} is given twice")
        given[name] = number(value, f"{text}: {name}")
    if not given.keys() >= {*kind.needs}:
        raise ValueError(f"{_usage(kind)}, got {text!r}")
    try:
        return kind(**given)
    except (TypeError, ValueError) as error:
        raise ValueError(str(error)) from None


def _usage(kind: type[Distribution]) -> str:
    words = [f"{name}=..." if kind.named else name.upper() for name in kind.takes]
    return f"{kind.family} takes {','.join(words)}"
