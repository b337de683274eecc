"""Criteria: what a potential may be asked to satisfy."""

import math
from dataclasses import dataclass

from .model import as_float


@dataclass(frozen=True)
class Between:
    """Whether V lies in a range, both ends included: made by `between`."""

    low: float
    high: float

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            value = as_float(name, getattr(self, name))
            if math.isnan(value):
                raise ValueError(f"{name} must be a potential in mV, got {value!r}")
            object.__setattr__(self, name, value)
        if not self.low <= self.high:
            raise ValueError(f"low <= high must hold, got {self.low!r} and {self.high!r}")

    def __repr__(self) -> str:
        return f"between({self.low:g}, {self.high:g})"


def between(low: float, high: float) -> Between:
    """Whether V lies between two potentials, mV, both included.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.between(-80, -55)
    between(-80, -55)
    """
    return Between(low, high)
