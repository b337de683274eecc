"""Clinical states: what an illness or a drug changes in a cell, with sources. See states.toml."""

import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .cell import Cell, Times, change_of
from .physics import Frozen
from .presets import Presets


class State(Frozen, Mapping[str, float | Times]):
    """A clinical state: a mapping from parameters to what they become.

    The shipped ones are in `fastrest.states`; each is a condition of ``space.population``, and
    ``cell.replace(**state)`` is a cell in it. States are acute: whatever else an illness changes in
    time is left as it is.

    Attributes
    ----------
    name : str
    changes : mapping of str to float or Times
        A value for a parameter (mM for concentrations), or a multiple of its own by `times`.
    source : str
        Who says so.
    basis : str
        ``"measured"``, ``"textbook"``, or ``"convention"``: a round factor that nobody measured.
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
    _changes: dict[str, float | Times]

    def __init__(
        self, name: str, *, changes: Mapping[str, Any], source: str, basis: str, remark: str
    ):
        found = {key: change_of(key, value) for key, value in changes.items()}
        vars(self).update(name=name, source=source, basis=basis, remark=remark, _changes=found)

    @property
    def changes(self) -> Mapping[str, float | Times]:
        return types.MappingProxyType(self._changes)

    def __getitem__(self, parameter: str) -> float | Times:
        return self._changes[parameter]

    def __iter__(self) -> Iterator[str]:
        return iter(self._changes)

    def __len__(self) -> int:
        return len(self._changes)

    def __repr__(self) -> str:
        words = [
            f"{key} x {value.factors:g}" if isinstance(value, Times) else f"{key} {value:g}"
            for key, value in self.items()
        ]
        return f"<State {self.name!r}: {', '.join(words)} ({self.basis})>"

    def check(self, cell: Cell, varied: Iterable[str]) -> None:
        """Raise unless this state changes something in a cell, some of whose parameters vary.

        Raises
        ------
        ValueError
            A parameter that does not vary already has the value that the state gives it.
        """
        for key, value in self.items():
            if key not in varied and cell.get(key) == value:
                raise ValueError(
                    f"{self.name} sets {key} to {value:g}, which the cell's is already "
                    f"({self.remark})"
                )


def _state_of(table: Mapping[str, Any], name: str) -> State:
    return State(name, **table)


states = Presets("state", _state_of)
