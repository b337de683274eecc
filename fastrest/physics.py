"""What is declared once: constants, status bits, ions, and the domain of every kind of parameter.

No arrays and no equations: the reference and the models both stand on this page.
"""

import enum
import math
import operator
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

#: Gas constant, J/(mol K), and Faraday constant, C/mol: exact since the SI of 2019.
GAS_CONSTANT = 8.31446261815324
FARADAY = 96485.33212331001840
KELVIN_AT_0_CELSIUS = 273.15
CELSIUS_MIN, CELSIUS_MAX = -20.0, 100.0


class Status(enum.IntFlag):
    """What is wrong with a point: 0 is fine, the bits of bad inputs are ORed.

    A point with any bit set has no ordinary potential: V is NaN, except that ``INFINITE`` has
    V = -inf or +inf. Counts take a point once, under its lowest bit.
    """

    NOT_FINITE = 1  #: an input is NaN or infinite
    NEGATIVE = 2  #: a concentration, permeability, conductance or pump ratio is below 0
    TEMPERATURE = 4  #: celsius is outside -20 ... 100
    NO_PERMEANT = 8  #: nothing permeant on either side, or conductances without a common potential
    INFINITE = 16  #: permeant ions on one side only
    RANGE = 32  #: a sum leaves the range of doubles


@dataclass(frozen=True)
class Ion:
    """An ion: its name, as it stands in parameter names, and its valence.

    Parameters
    ----------
    name : str
        Letters and digits, beginning with a letter.
    z : int
        Valence: -2, -1, 1 or 2.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.GHK("K", "Na", fr.Ion("SO4", -2)).ions[2]
    Ion(name='SO4', z=-2)
    """

    name: str
    z: int

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and self.name.isalnum() and self.name[0].isalpha()):
            raise ValueError(f"an ion's name must be letters and digits, got {self.name!r}")
        if self.name in ("P", "g"):
            raise ValueError(
                f"an ion must not be called {self.name}: {self.name}_out would be two parameters"
            )
        if isinstance(self.z, bool) or self.z not in (-2, -1, 1, 2):
            raise ValueError(f"z of {self.name} must be -2, -1, 1 or 2, got {self.z!r}")
        object.__setattr__(self, "z", int(self.z))


#: Ions known by name.
IONS = {
    ion.name: ion
    for ion in (
        Ion("K", 1),
        Ion("Na", 1),
        Ion("Cl", -1),
        Ion("Ca", 2),
        Ion("Mg", 2),
        Ion("HCO3", -1),
    )
}


@dataclass(frozen=True)
class Parameter:
    """A parameter of a model: its name, unit ("" if dimensionless or relative) and what it is."""

    name: str
    unit: str
    meaning: str

    @property
    def domain(self) -> tuple[float, float]:
        """The lowest and the highest value allowed; NaN and infinity never are."""
        if self.name == "celsius":
            return CELSIUS_MIN, CELSIUS_MAX
        return 0.0, math.inf

    def rule(self, value: float) -> str | None:
        """The rule that a value breaks, as an error message without the name, or None."""
        low, high = self.domain
        if not math.isfinite(value):
            return f" must be finite, got {value!r}"
        if low <= value <= high:
            return None
        if high < math.inf:
            if low <= value - KELVIN_AT_0_CELSIUS <= high:
                kelvin = round(value - KELVIN_AT_0_CELSIUS, 9)
                return f"={value!r} looks like kelvin: pass {kelvin!r}"
            return f" must be between {low:g} and {high:g} {self.unit}, got {value!r}"
        return f" must be >= 0{self.unit and ' ' + self.unit}, got {value!r}"

    def check(self, value: float) -> None:
        """Raise the ValueError that names this parameter, the value and the rule, if broken."""
        rule = self.rule(value)
        if rule is not None:
            raise ValueError(self.name + rule)


class Frozen:
    """Objects whose attributes are set once, in ``__init__``, through ``vars(self).update``."""

    def __setattr__(self, name: str, value: object = None) -> None:
        raise AttributeError(f"a {type(self).__name__} cannot be changed: make another")

    __delattr__ = __setattr__


def whole_number(name: str, value: Any, least: int) -> int:
    """A whole number as an int; ValueError that names it if it is none, or below the least."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < least:
        raise ValueError(f"{name} must be a whole number >= {least}, got {value!r}")
    return number


def unknown(what: str, name: object, known: Iterable[object]) -> str:
    """A message for a name that is not known, with the nearest ones that are."""
    import difflib

    names = [str(one) for one in known]
    near = difflib.get_close_matches(str(name), names, n=3, cutoff=0.5)
    return f"unknown {what} {name!r}: " + (
        f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(names)}"
    )
