"""Reducers: questions about points, answered without keeping the points' values.

A reducer declares the edges it needs between potentials, and reads its answer off the
`Accumulator` that a pass over the points fills. A new reducer is one class.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from fastrest._core.validation import Frozen, as_float, is_number, public, remake, shown
from fastrest.models.quantities import Status
from fastrest.physiology.criteria import Criterion, quantity_to_json, resolved_quantity
from fastrest.points.points import Points
from fastrest.reductions.accumulator import Accumulator

#: The largest potential that counts as finite, so that differences of edges are finite.
BEYOND = 1e300


@public
class Reducer(Frozen):
    """The base of all reducers.

    Attributes
    ----------
    of : str or Criterion
        The quantity that is asked about: an output of the model, or an event.

    Examples
    --------
    >>> import fastrest as fr
    >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=[3.0, 5.0, 20.0])
    >>> summary, fraction = sweep.reduce(fr.Summary(), fr.Fraction(above=-55))
    >>> round(summary.mean, 2), round(fraction, 3)
    (-64.69, 0.333)
    """

    _hooks: ClassVar[tuple[str, ...]] = (
        *("answer", "arguments", "edges", "never", "passes", "spec", "sums", "wanted", "words"),
    )

    #: True if mean, sd or extrema are read, not counts alone
    sums: ClassVar[bool] = False
    #: the largest number of passes over the points; None if it is not known before
    passes: ClassVar[int | None] = 1
    of: str | Criterion = "V"

    def edges(self, points: Points, method: str, found: Sequence[Accumulator]) -> np.ndarray | None:
        """Return the edges to count between after the passes `found`; None if these suffice."""
        raise NotImplementedError

    def answer(self, points: Points, found: Sequence[Accumulator]) -> Any:
        """Return the answer from the accumulators of all passes."""
        raise NotImplementedError

    def never(self, points: Points, state: Accumulator) -> int:
        """Return the number of points whose time does not come: it is later than all others."""
        output, event = resolved_quantity(self.of, points.cell.model)
        reason = Status.INFINITE.name
        return state.reasons.get(str(reason), 0) if output.is_time and event is None else 0

    def arguments(self) -> dict[str, Any]:
        """Return the arguments that make an equal reducer."""
        return {} if self.of == "V" else {"of": self.of}

    def spec(self) -> tuple[str, dict[str, Any]]:
        """Return the reducer's name and arguments, as JSON holds them."""
        given = self.arguments()
        if "of" in given:
            given["of"] = quantity_to_json(self.of)
        return type(self).__name__, given

    def words(self) -> list[str]:
        """Return the words of the repr but for `of`."""
        return [f"{name}={x!r}" for name, x in self.arguments().items() if name != "of"]

    def __repr__(self) -> str:
        of = [] if self.of == "V" else [f"of={self.of!r}"]
        return f"{type(self).__name__}({', '.join(self.words() + of)})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Reducer):
            return NotImplemented
        return type(self) is type(other) and self.arguments() == other.arguments()

    def __hash__(self) -> int:
        return hash((type(self), repr(self.arguments())))

    def __reduce__(self) -> tuple[Any, ...]:
        return remake, (type(self), self.arguments())


class OnePass(Reducer):
    """A reducer whose edges are known from the beginning."""

    def wanted(self, points: Points) -> Sequence[float] | np.ndarray:
        """Return the edges between which to count."""
        return ()

    def edges(self, points: Points, method: str, found: Sequence[Accumulator]) -> np.ndarray | None:
        return None if found else np.array(self.wanted(points), np.float64)


# ---- checks ----


def is_regular(values: Any) -> bool:
    """Return True if rows are of equal length."""
    try:
        np.array(values)
    except ValueError:
        return False
    return True


def next_double(x: float) -> float:
    """Return the next double: V <= x is V < this."""
    return float(np.nextafter(x, np.inf))


def checked_potential(name: str, value: Any) -> float:
    """Return a finite potential as a float, or raise the error that names the argument."""
    if not is_number(value):
        raise TypeError(f"{name} must be a potential in mV, got {shown(value)}")
    number = as_float(name, value)
    if not abs(number) <= BEYOND:
        raise ValueError(f"{name} must be finite, got {shown(value)}")
    return number + 0.0  # -0.0 is 0


def checked_potentials(name: str, values: Any) -> np.ndarray:
    """Return finite potentials as an array, or raise the error that names the argument."""
    array = np.array(values) if is_regular(values) else np.empty(0, object)
    if array.ndim != 1 or array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be a number or edges in mV, a 1-D array, got {shown(values)}")
    array = array.astype(np.float64)
    bad = ~(np.abs(array) <= BEYOND)
    if bad.any():
        raise ValueError(f"{name} must be finite, got {float(array[bad][0])!r}")
    return array
