"""Plans: a population of cells as a TOML file, for the command line. See population.toml."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import candidates, tomlfile
from .cell import POTENTIALS, Cell, Times, cell_named, cell_of, change_of
from .clinical import states
from .criteria import Criterion, between, change, nernst_between
from .derived import Derived, derived_of
from .distributions import Distribution, Scaled, distribution_of
from .physics import unknown
from .spaces import Space

if TYPE_CHECKING:
    from .population import Population

EXAMPLE = Path(__file__).with_name("population.toml")
KEYS = ("cell", "set", "n", "rng", "method", "vary", "correlation", "conditions", "accept")
#: Families of texts that `derived_of` reads.
DERIVED = ("affine", "electroneutral")
#: Each kind of criterion, and what may stand beside it.
CRITERIA = {"between": ("at",), "change": ("range",), "nernst": ("range", "at")}


@dataclass(frozen=True)
class Request:
    """What a plan asks for: a space, and the arguments of ``space.population``."""

    space: Space
    n: int
    rng: int | None
    method: str
    conditions: Mapping[str, Mapping[str, float | Times]]
    accept: tuple[Criterion, ...]

    def population(self, **options: Any) -> "Population":
        """The population, with options of ``space.population`` beside what the plan says."""
        return self.space.population(
            self.n,
            rng=self.rng,
            method=self.method,
            conditions=self.conditions,
            accept=self.accept,
            **options,
        )


def read(path: str | Path, *, n: int | None = None, rng: int | None = None) -> Request:
    """Read a plan.

    Parameters
    ----------
    path : str or Path
    n, rng : int, optional
        In place of what the plan says.

    Raises
    ------
    ValueError, TypeError
        The file is no TOML file; a key is unknown or missing, or its value breaks a rule. The
        message begins with the file and the key.
    OSError
        The file, or that of its cell, cannot be read.

    Examples
    --------
    >>> from fastrest import plans
    >>> plan = plans.read(plans.EXAMPLE)
    >>> plan.n, list(plan.conditions)
    (1000000, ['control', 'high K', 'pump block', 'leaky'])
    """
    path = Path(path)
    instead = {key: x for key, x in (("n", n), ("rng", rng)) if x is not None}
    table = {**tomlfile.read(path, "plan"), **instead}
    with _at(str(path)):
        asked = _request(table, path.parent)
        # what a population would refuse is refused here, under the name of the file
        sample = asked.space.sample(asked.n, rng=asked.rng, method=asked.method)
        candidates.Plan.checked(sample, asked.conditions, asked.accept)
    return asked


def _request(table: Mapping[str, Any], folder: Path) -> Request:
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
    return Request(
        space,
        table["n"],
        table.get("rng"),
        table.get("method", "random"),
        {name: _condition(name, one) for name, one in given.items()} or candidates.CONTROL,
        tuple(_criteria(table.get("accept", []))),
    )


def _cell(given: Any, folder: Path) -> Cell:
    with _at("cell"):
        if isinstance(given, Mapping):
            return cell_of(given)
        if isinstance(given, str):
            return cell_named(given, folder)
        raise TypeError(f"must be a cell's name, a .toml file or a table, got {given!r}")


def _changed(cell: Cell, changes: Mapping[str, Any]) -> Cell:
    with _at("set"):
        _check_keys(changes, (*cell, *POTENTIALS), "parameter")
        return cell.replace(**{name: change_of(name, given) for name, given in changes.items()})


def _input(name: str, given: Any) -> Distribution | Scaled | Derived:
    with _at(f"vary: {name}"):
        if not isinstance(given, str):
            raise TypeError(
                f'must be a distribution, as "lognormal:cv=0.5", got {given!r}: a value that is '
                "certain goes into [set]"
            )
        return derived_of(given) if given.partition(":")[0] in DERIVED else distribution_of(given)


def _pairs(table: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], float]]:
    """Correlations: K_out.Na_out = -0.8 is a table in a table."""
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
            raise ValueError("state stands alone: its source says what changes")
        if given["state"] not in list(states):
            raise ValueError(unknown("state", given["state"], states))
        return states[given["state"]]


def _criteria(given: Any) -> Iterator[Criterion]:
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        raise TypeError(f"accept must be tables, [[accept]], got {given!r}")
    for number, one in enumerate(given, 1):
        with _at(f"accept {number}"):
            yield _criterion(one)


def _criterion(given: Mapping[str, Any]) -> Criterion:
    kinds = [kind for kind in CRITERIA if kind in given]
    if len(kinds) != 1:
        raise ValueError(f"needs one of {', '.join(CRITERIA)}, got {', '.join(given) or 'nothing'}")
    (kind,) = kinds
    _check_keys(given, (kind, *CRITERIA[kind]))
    at = given.get("at")
    if kind == "between":
        low, high = _two("between", given["between"])
        return between(low, high, at=at)
    low, high = _two("range", given.get("range"))
    if kind == "nernst":
        return nernst_between(given["nernst"], low, high, at=at)
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
    """Errors begin with the place where they are."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise type(error)(f"{place}: {error}") from None
