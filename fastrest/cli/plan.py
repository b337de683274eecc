"""Plans: TOML files of a population or a rundown. See population.toml and rundown.toml."""

import argparse
import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fastrest._core.validation import finite, unknown, whole_number
from fastrest.cli.option_values import distribution_of
from fastrest.distributions.base import Distribution, Scaled
from fastrest.nouns.spaces import Space
from fastrest.physiology.cell import Cell
from fastrest.physiology.cell_forms import POTENTIALS, read_toml
from fastrest.physiology.criteria import Criterion, resolved_quantity
from fastrest.physiology.event_text import event_of
from fastrest.physiology.events import between, change, nernst_between
from fastrest.physiology.multiples import Times, change_of
from fastrest.physiology.presets import State, cell_file, cell_named, cell_of, states
from fastrest.points.derived import Derived, derived_of
from fastrest.populations.candidates import PopulationDesign as Design

EXAMPLE = Path(__file__).with_name("population.toml")
RUNDOWN_EXAMPLE = Path(__file__).with_name("rundown.toml")
RUNDOWN_KEYS = ("cell", "set", "living", "diameter", "time", "volume", "tol", "protocol")
KEYS = ("cell", "set", "n", "rng", "method", "of", "vary", "correlation", "conditions", "accept")
#: The families of derived parameters, which `derived_of` reads.
DERIVED = ("affine", "electroneutral")
#: Each kind of criterion, and the keys that may stand beside it.
CRITERIA = {"between": ("at", "of"), "change": ("range",), "nernst": ("range", "at")}


class Plan(NamedTuple):
    """The checked content of a plan.

    Attributes
    ----------
    design : Design
        The candidates, conditions and criteria.
    states : dict of str to State
        The conditions that are shipped states.
    """

    design: Design
    states: dict[str, State]


def read_plan(path: str | Path, *, n: int | None = None, rng: int | None = None) -> Plan:
    """Read a plan.

    Parameters
    ----------
    path : str or Path
    n, rng : int, optional
        Values that replace those of the plan.

    Returns
    -------
    Plan

    Raises
    ------
    ValueError, TypeError
        The file is not a TOML file; a key is unknown or missing, or its value breaks a rule. The
        message begins with the file and the key.
    OSError
        The file, or that of its cell, cannot be read.

    Examples
    --------
    >>> from fastrest.cli.plan import EXAMPLE, read_plan
    >>> design = read_plan(EXAMPLE).design
    >>> len(design.sample), list(design.conditions)
    (1000000, ['control', 'high K', 'pump block', 'leaky'])
    """
    path = Path(path)
    instead = {key: x for key, x in (("n", n), ("rng", rng)) if x is not None}
    table = {**read_toml(path, "plan"), **instead}
    with _at(str(path)):
        return _plan(table, path.parent)


def prints_example(options: argparse.Namespace, example: Path) -> bool:
    """Print the example if a command is asked for it; else there must be a plan."""
    if options.example:
        print(example.read_text(encoding="utf-8"), end="")
    elif not options.plan:
        raise ValueError("give a PLAN.toml, or --example, which prints one")
    return bool(options.example)


def cell_file_of(path: str | Path) -> Path | None:
    """Return the file of the cell that a plan names; None if the cell has no file of its own."""
    cell = read_toml(path, "plan").get("cell")
    return cell_file(cell, Path(path).parent) if isinstance(cell, str) else None


def read_rundown(path: str | Path) -> tuple[Cell, dict[str, Any]]:
    """Read a plan of a rundown: see rundown.toml.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Cell
        The living cell.
    dict
        The arguments of `Cell.rundown`.

    Raises
    ------
    ValueError, TypeError
        As for `read_plan`.
    OSError
        The file, or that of its cell, cannot be read.

    Examples
    --------
    >>> from fastrest.cli.plan import RUNDOWN_EXAMPLE, read_rundown
    >>> cell, arguments = read_rundown(RUNDOWN_EXAMPLE)
    >>> list(arguments["protocol"]), len(arguments["time"])
    ([0.0, 1800.0], 721)
    """
    path = Path(path)
    with _at(str(path)):
        table = read_toml(path, "plan")
        _check_keys(table, RUNDOWN_KEYS)
        for key in ("cell", "diameter", "time"):
            if key not in table:
                raise ValueError(f"{key} is missing")
        cell = _changed(_cell(table["cell"], path.parent), _table(table, "set"))
        if "living" in table:
            with _at("living"):
                cell = cell.living(**_table(table, "living"))
        given = table.get("protocol", [])
        if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
            raise TypeError(f"protocol must be a list of tables, [[protocol]], got {given!r}")
        protocol = {}
        for number, one in enumerate(given, 1):
            with _at(f"protocol {number}"):
                if "at" not in one:
                    raise ValueError("at is missing, the time at which the condition begins, s")
                condition = {key: x for key, x in one.items() if key != "at"}
                protocol[finite("at", one["at"])] = _condition(str(number), condition)
        first, last, n = _times(table["time"])
        arguments: dict[str, Any] = {"protocol": protocol, "time": np.linspace(first, last, n)}
        return cell, arguments | {k: table[k] for k in ("diameter", "volume", "tol") if k in table}


def _times(given: Any) -> tuple[float, float, int]:
    with _at("time"):
        if not isinstance(given, list) or len(given) != 3:
            raise TypeError(f"must be [from, to, number], as [0, 7200, 721], got {given!r}")
        number = whole_number("the number of times", given[2], 1, 10_000_000)
        return finite("from", given[0]), finite("to", given[1]), number


def _plan(table: Mapping[str, Any], folder: Path) -> Plan:
    _check_keys(table, KEYS)
    for key in ("cell", "n", "vary"):
        if key not in table:
            raise ValueError(f"{key} is missing")
    space = Space(
        _changed(_cell(table["cell"], folder), _table(table, "set")),
        {name: _input(name, given) for name, given in _table(table, "vary").items()},
        dict(_pairs(_table(table, "correlation"))),
    )
    given = _table(table, "conditions")
    conditions = {name: _condition(name, one) for name, one in given.items()}
    accept = tuple(_criteria(table.get("accept", [])))
    sample = space.sample(table["n"], rng=table.get("rng"), method=table.get("method", "random"))
    shipped = {name: one for name, one in conditions.items() if isinstance(one, State)}
    with _at("of"):
        of = resolved_quantity(table.get("of", "V"), space.cell.model)[0].name
    return Plan(Design.checked(sample, conditions or None, accept, of), shipped)


def _cell(given: Any, folder: Path) -> Cell:
    with _at("cell"):
        if isinstance(given, Mapping):
            return cell_of(given)
        if isinstance(given, str):
            return cell_named(given, folder)
        raise TypeError(f"must be the name of a cell, a .toml file or a table, got {given!r}")


def _changed(cell: Cell, changes: Mapping[str, Any]) -> Cell:
    with _at("set"):
        _check_keys(changes, (*cell, *POTENTIALS), "parameter")
        return cell.replace(**{name: change_of(name, given) for name, given in changes.items()})


def _input(name: str, given: Any) -> Distribution | Scaled | Derived:
    with _at(f"vary: {name}"):
        if not isinstance(given, str):
            raise TypeError(
                f'must be a distribution, such as "lognormal:cv=0.5", got {given!r}: put a fixed '
                "value into [set]"
            )
        return derived_of(given) if given.partition(":")[0] in DERIVED else distribution_of(given)


def _pairs(table: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], float]]:
    """Yield pairs of names and their correlation: K_out.Na_out = -0.8 is a table in a table."""
    for a, others in table.items():
        if not isinstance(others, Mapping):
            raise TypeError(f"correlation: write {a}.OTHER = -0.8, got {a} = {others!r}")
        for b, rho in others.items():
            yield (a, b), rho


def _condition(name: str, given: Any) -> Mapping[str, float | Times]:
    with _at(f"conditions: {name}"):
        if not isinstance(given, Mapping):
            raise TypeError(f"must be a table of parameters, got {given!r}")
        if "state" not in given:
            return {key: change_of(key, value) for key, value in given.items()}
        if len(given) > 1:
            raise ValueError("state must be the only key: a state sets all that changes")
        if given["state"] not in list(states):
            raise ValueError(unknown("state", given["state"], states))
        return states[given["state"]]


def _criteria(given: Any) -> Iterator[Criterion]:
    if not isinstance(given, list) or not all(isinstance(one, Mapping | str) for one in given):
        raise TypeError(
            "accept must be a list of tables, [[accept]], or of events such as "
            f'"above(-55)", got {given!r}'
        )
    for number, one in enumerate(given, 1):
        with _at(f"accept {number}"):
            yield event_of(one) if isinstance(one, str) else _criterion(one)


def _criterion(given: Mapping[str, Any]) -> Criterion:
    kinds = [kind for kind in CRITERIA if kind in given]
    if len(kinds) != 1:
        raise ValueError(f"needs one of {', '.join(CRITERIA)}, got {', '.join(given) or 'nothing'}")
    (kind,) = kinds
    _check_keys(given, (kind, *CRITERIA[kind]))
    others = {key: given[key] for key in ("at", "of") if key in given}
    if kind == "between":
        return between(*_two("between", given["between"]), **others)
    low, high = _two("range", given.get("range"))
    if kind == "nernst":
        return nernst_between(given["nernst"], low, high, **others)
    before, after = _two("change", given["change"])
    return change(before, after, low, high)


def _two(key: str, given: Any) -> list[Any]:
    if not isinstance(given, list) or len(given) != 2:
        raise TypeError(f"{key} must be a list of two, got {given!r}")
    return given


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    given = table.get(key, {})
    if not isinstance(given, Mapping):
        raise TypeError(f"{key} must be a table, [{key}], got {given!r}")
    return given


def _check_keys(table: Mapping[str, Any], known: tuple[str, ...], what: str = "key") -> None:
    for key in table:
        if key not in known:
            raise ValueError(unknown(what, key, known))


@contextlib.contextmanager
def _at(place: str) -> Iterator[None]:
    """Begin the message of an error with the place in the file."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise type(error)(f"{place}: {error}") from None
