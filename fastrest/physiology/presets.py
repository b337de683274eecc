"""Presets: cells and clinical states that ship with the package as TOML files."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from fastrest._core.validation import FrozenMapping, unknown
from fastrest.physiology.cell import Cell
from fastrest.physiology.cell_toml import cell_arguments

T = TypeVar("T")


class Presets(FrozenMapping[T]):
    """The presets of one TOML file by name, read on first use.

    Parameters
    ----------
    what : str
        The kind of preset: ``"cell"`` reads ``cells.toml``.
    make : callable
        Makes a preset of its table and its name.
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
    """Return a shipped cell by its name, or the cell of a TOML file in a folder."""
    if text in cells:
        return cells[text]
    if text.lower().endswith(".toml"):
        return Cell.from_toml(Path(text) if folder is None else folder / text)
    raise ValueError(f"{unknown('cell', text, cells)} (or give the name of a .toml file)")


cells = Presets("cell", cell_of)
