"""The effect of an electrogenic pump on a cell's potential."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

from fastrest._core.validation import equal_to_nan, finite
from fastrest.models.outputs import phi


@equal_to_nan
class PumpEffect(NamedTuple):
    """The effect of an electrogenic pump on the potential, and its upper limit.

    Attributes
    ----------
    effect, ceiling : float
        V with the pump less V without, and the largest possible size of this difference, mV.

    Examples
    --------
    >>> import fastrest as fr
    >>> found = fr.cells["mammalian neuron"].pump_effect(ratio=1.5)
    >>> round(found.effect, 2), round(found.ceiling, 2)
    (-3.97, 10.84)
    """

    effect: float
    ceiling: float

    def __repr__(self) -> str:
        return f"PumpEffect(effect={self.effect:.4g}, ceiling={self.ceiling:.4g})"


def pump_effect(
    cell: Mapping[str, float], potential: Callable[[float], float], ratio: float
) -> PumpEffect:
    """Return the effect of a pump ratio: see ``Cell.pump_effect``."""
    if "pump_ratio" not in cell:
        raise ValueError(
            f"pump_effect needs a GHK model with permeant K and pump_ratio, got {cell!r}"
        )
    ratio = finite("ratio", ratio)
    if ratio <= 0:
        raise ValueError(f"ratio must be > 0, got {ratio!r}")
    ceiling = float(phi(cell["celsius"])) * abs(math.log(ratio))
    return PumpEffect(potential(ratio) - potential(1.0), ceiling)
