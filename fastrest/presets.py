"""What ships with the package as TOML files: a table each, by name."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from .physics import unknown

T = TypeVar("T")


class Presets(Mapping[str, T], Generic[T]):
    """What ships in one file, by name: read when first asked for.

    Parameters
    ----------
    what : str
        What one of them is called; ``"cell"`` are in ``cells.toml``.
    make : callable
        Makes one of its table and its name.
    """

    def __init__(self, what: str, make: Callable[[Mapping[str, Any], str], T]):
        self._what, self._make = what, make
        self._made: dict[str, T] = {}

    def _read(self) -> dict[str, T]:
        if not self._made:
            import tomllib

            path = Path(__file__).with_name(f"{self._what}s.toml")
            tables = tomllib.loads(path.read_text(encoding="utf-8"))
            self._made = {name: self._make(table, name) for name, table in tables.items()}
        return self._made

    def __getitem__(self, name: str) -> T:
        if name not in self._read():
            raise KeyError(unknown(self._what, name, self._read()))
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return f"<fastrest.{self._what}s: {', '.join(self)}>"
