"""Presets: cells and clinical states that ship with the package as TOML files, with sources."""

import functools
import types
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from fastrest._core.validation import FrozenMapping, unknown
from fastrest.physiology.cell import Cell
from fastrest.physiology.cell_forms import cell_arguments
from fastrest.physiology.multiples import Times, change_of

T = TypeVar("T")


class Presets(FrozenMapping[T]):
    """The presets of one TOML file by name, read on first use.

    Parameters
    ----------
    what : str
        The kind of preset: ``"cell"`` reads ``cells.toml``.
    make : callable
        Makes a preset of its table and its name.

    Examples
    --------
    >>> import fastrest as fr
    >>> list(fr.cells)[:2], len(fr.states)
    (['squid giant axon', 'mammalian neuron'], 6)
    """

    _make: Callable[[Mapping[str, Any], str], T]

    def __init__(self, what: str, make: Callable[[Mapping[str, Any], str], T]):
        vars(self).update(_what=what, _make=make)

    def __reduce__(self) -> str:
        return f"{self._what}s"

    @functools.cached_property
    def _values(self) -> dict[str, T]:  # type: ignore[override]
        import tomllib

        path = Path(__file__).with_name(f"{self._what}s.toml")
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return {name: self._make(table, name) for name, table in tables.items()}

    def __repr__(self) -> str:
        return f"<fastrest.{self._what}s: {', '.join(self)}>"


def cell_of(table: Mapping[str, Any], name: str = "") -> Cell:
    """Return the cell of a TOML table."""
    model, given = cell_arguments(table, name)
    return Cell(model, **given)


def cell_named(text: str, folder: Path | None = None) -> Cell:
    """Return a shipped cell by its name, or the cell of a TOML file in a folder.

    The beginnings of some words of the name are enough, in any case, if one cell alone has them:
    "neuron", or "Squid".
    """
    file = cell_file(text, folder)
    if file is not None:
        return Cell.from_toml(file)
    return cells[preset_name(text, "cell", cells, " (or give the name of a .toml file)")]


def preset_name(text: str, what: str, names: Iterable[str], hint: str = "") -> str:
    """Return the name that a text means: in any case, and the beginnings of some words suffice.

    Parameters
    ----------
    text : str
    what : str
        The kind of name in errors.
    names : iterable of str
    hint : str
        The end of the error for an unknown name.

    Raises
    ------
    ValueError
        No name, or more than one, begins so.

    Examples
    --------
    >>> from fastrest.physiology.presets import preset_name
    >>> preset_name("HIGH", "condition", ["high K", "low K"])
    'high K'
    """
    known, given = list(names), text.casefold().split()
    if text in known:
        return text
    same = [name for name in known if name.casefold().split() == given]
    found = same or [
        name for name in known if given and all(f" {x}" in f" {name.casefold()}" for x in given)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"{what} {text!r} may be {' or '.join(map(repr, found))}: give more words")
    raise ValueError(unknown(what, text, known) + hint)


def short_name(name: str) -> str:
    """Return the first word of a shipped cell's name that no other cell's name has.

    Examples
    --------
    >>> from fastrest.physiology.presets import short_name
    >>> short_name("mammalian neuron")
    'neuron'
    """
    others = {word for other in cells if other != name for word in other.split()}
    return next((word for word in name.split() if word not in others), name)


def cell_file(text: str, folder: Path | None = None) -> Path | None:
    """Return the file in a folder that a text names; None if it names a shipped cell."""
    if text in cells or not text.lower().endswith(".toml"):
        return None
    return Path(text) if folder is None else folder / text


cells = Presets("cell", cell_of)


class State(FrozenMapping[float | Times]):
    """A clinical state: a mapping from parameters to their new values.

    The shipped states are in `fastrest.states`. Each can be a condition of ``space.population``,
    and ``cell.replace(**state)`` is a cell in that state. States are acute: they leave out the
    changes that an illness causes in the course of time.

    Attributes
    ----------
    name : str
    changes : mapping of str to float or Times
        A value for a parameter (mM for concentrations), or a multiple of its own by `times`.
    source : str
        The reference.
    basis : str
        ``"measured"``, ``"textbook"``, or ``"convention"``: a round factor without measurement.
    remark : str

    Examples
    --------
    >>> import fastrest as fr
    >>> state = fr.states["hyperkalaemia"]
    >>> state["K_out"], state.basis
    (6.5, 'textbook')
    >>> round(fr.cells["mammalian neuron"].replace(**state).potential(), 2)
    -67.08
    """

    name: str
    source: str
    basis: str
    remark: str
    _what = "parameter"

    def __init__(
        self, name: str, *, changes: Mapping[str, Any], source: str, basis: str, remark: str
    ):
        found = {key: change_of(key, value) for key, value in changes.items()}
        vars(self).update(name=name, source=source, basis=basis, remark=remark, _values=found)

    @property
    def changes(self) -> Mapping[str, float | Times]:
        """The new values, or multiples of the old ones, by parameter."""
        return types.MappingProxyType(self._values)

    def __repr__(self) -> str:
        words = [
            f"{key} x {value.factors:g}" if isinstance(value, Times) else f"{key} {value:g}"
            for key, value in self.items()
        ]
        return f"<State {self.name!r}: {', '.join(words)} ({self.basis})>"

    def of(self, cell: Cell) -> "State":
        """Return this state with the changes that act on a cell's kind of pump.

        ``pump_ratio=1`` becomes ``pump_max=0`` for a cell with an explicit pump current.

        Parameters
        ----------
        cell : Cell
            The cell in its baseline state.

        Returns
        -------
        State

        Raises
        ------
        ValueError
            The state changes the pump, and the cell has none.

        Examples
        --------
        >>> import fastrest as fr
        >>> cell = fr.Cell(fr.GHK("K", "Cl", pump="constant"), P_K=1e-6, P_Cl=1e-7, K_out=5,
        ...                Cl_out=110, K_in=140, Cl_in=7, celsius=37, pump_max=0.5)
        >>> cell.replace(**fr.states["pump block"].of(cell))["pump_max"]
        0.0
        """
        if self.get("pump_ratio") != 1.0 or "pump_ratio" in cell:
            return self
        if "pump_max" not in cell:
            raise ValueError(
                f"{self.name} changes nothing: this cell has no pump; cell.living() has"
            )
        changes = {key: value for key, value in self.items() if key != "pump_ratio"}
        return State(
            self.name,
            changes={**changes, "pump_max": 0.0},
            source=self.source,
            basis=self.basis,
            remark=self.remark,
        )

    def check(self, cell: Cell, varied: Iterable[str]) -> None:
        """Raise the ValueError if this state changes nothing in a cell.

        Parameters
        ----------
        cell : Cell
            The cell in its baseline state.
        varied : iterable of str
            Names of parameters that vary, so that they have no single value.

        Raises
        ------
        ValueError
            A parameter that does not vary already has the value that the state gives it.
        """
        for key, value in self.items():
            if key not in varied and cell.get(key) == value:
                raise ValueError(
                    f"{self.name} sets {key} to {value:g}, which is already the cell's value "
                    f"({self.remark})"
                )


states = Presets("state", lambda table, name: State(name, **table))
