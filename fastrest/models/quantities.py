"""Quantities that all models share: constants, status bits, ions, and parameters' domains.

There are no arrays and no equations here: the reference and the models both import this module.
"""

import enum
import functools
import math
import reprlib
import unicodedata
from dataclasses import dataclass

#: Gas constant, J/(mol K), and Faraday constant, C/mol: exact since the SI of 2019.
GAS_CONSTANT = 8.31446261815324
FARADAY = 96485.33212331001840
KELVIN_AT_0_CELSIUS = 273.15
CELSIUS_MIN, CELSIUS_MAX = -20.0, 100.0
#: A number above it is hardly a permeability in cm/s.
LARGEST_PERMEABILITY = 1e-2


class Status(enum.IntFlag):
    """The reason why a point has no finite potential: 0 is fine, several bits are ORed.

    V is NaN at a point with any bit set, except that with ``INFINITE`` it is -inf or +inf. Counts
    of invalid points count a point once, under its lowest bit.

    Examples
    --------
    >>> import fastrest as fr
    >>> status = fr.table(fr.cells["mammalian neuron"], {"K_out": [5.0, -1.0]}).status()
    >>> [fr.Status(int(one)).name for one in status[1:]]
    ['NEGATIVE']
    """

    NOT_FINITE = 1  #: an input is NaN or infinite
    NEGATIVE = 2  #: a concentration, permeability, conductance or pump ratio is below 0
    TEMPERATURE = 4  #: celsius is outside -20 ... 100
    NO_PERMEANT = 8  #: no permeant ion on either side, or no potential common to all conductances
    INFINITE = 16  #: permeant ions are on one side only; or a time does not come
    RANGE = 32  #: a sum leaves the range of doubles
    NO_SOLUTION = 64  #: no potential balances the currents
    UNFINISHED = 128  #: an iteration met its limit, which must not happen; V is the last value


def unit_named(parameter: str) -> str:
    """Return the unit of a parameter of any model by its name; weights and ratios have none."""
    if parameter == "celsius":
        return "°C"
    if parameter == "pump_max":
        return "uA/cm2"
    if parameter in ("time", "diameter"):
        return "s" if parameter == "time" else "um"
    return "mM" if parameter.endswith(("_out", "_in", "_half", "n_X")) else ""


@dataclass(frozen=True)
class Ion:
    """An ion with its valence.

    Parameters
    ----------
    name : str
        Letters and digits, beginning with a letter; parameters are named after it.
    z : int
        Valence: -3 to 3, not 0. Models without an explicit pump current take -2 to 2.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.GHK("K", "Na", fr.Ion("SO4", -2)).ions[2]
    Ion(name='SO4', z=-2)
    """

    name: str
    z: int

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and _is_name(self.name)):
            raise ValueError(f"an ion's name must be letters and digits, got {self.name!r}")
        if self.name in ("P", "g"):
            raise ValueError(
                f"an ion must not be named {self.name}: {self.name}_out would be two parameters"
            )
        kind = type(self.z)
        if kind.__name__ in ("bool", "bool_", "timedelta64") or self.z not in (-3, -2, -1, 1, 2, 3):
            raise ValueError(
                f"z of {self.name} must be -3, -2, -1, 1, 2 or 3, got {reprlib.repr(self.z)}"
            )
        object.__setattr__(self, "z", int(self.z))


def _is_name(text: str) -> bool:
    """Return True for letters and ASCII digits that Python keeps as they are in a keyword.

    Python folds look-alike letters: two ions could else share the names of their parameters.
    """
    normal = unicodedata.normalize("NFKC", text) == text and text.isidentifier()
    return normal and all(one.isalpha() or one in "0123456789" for one in text)


#: Valences of the ions that are known by name.
VALENCES = {"K": 1, "Na": 1, "Cl": -1, "Ca": 2, "Mg": 2, "HCO3": -1}
IONS = {name: Ion(name, z) for name, z in VALENCES.items()}


@dataclass(frozen=True)
class Parameter:
    """A parameter of a model.

    Attributes
    ----------
    name : str
    unit : str
        Empty for a dimensionless or relative quantity.
    meaning : str

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.GHK("K", "Na").parameters["K_out"].unit
    'mM'
    """

    name: str
    unit: str
    meaning: str

    @functools.cached_property
    def domain(self) -> tuple[float, float]:
        """The lowest and the highest value allowed; NaN and infinity are never allowed."""
        if self.name == "celsius":
            return CELSIUS_MIN, CELSIUS_MAX
        if self.name in ("pump_max", "z_X", "time"):
            return -math.inf, math.inf
        return 0.0, math.inf

    def rule(self, value: float) -> str | None:
        """Return the rule that a value breaks, as the end of an error message, or None.

        Parameters
        ----------
        value : float
            A value of the parameter.

        Returns
        -------
        str or None
        """
        low, high = self.domain
        if not math.isfinite(value):
            return f" must be finite, got {value!r}"
        if self.unit == "cm/s" and value > LARGEST_PERMEABILITY:
            return (
                f" = {value!r} cm/s is almost surely a ratio: beside a pump current it must be an "
                "absolute permeability, such as 1e-6"
            )
        if self.name == "diameter" and value <= 0:
            return f" must be > 0 um, got {value!r}"
        if low <= value <= high:
            return None
        if high < math.inf:
            if low <= value - KELVIN_AT_0_CELSIUS <= high:
                kelvin = round(value - KELVIN_AT_0_CELSIUS, 9)
                return f"={value!r} looks like kelvin: pass {kelvin!r}"
            return f" must be between {low:g} and {high:g} {self.unit}, got {value!r}"
        return f" must be >= 0{self.unit and ' ' + self.unit}, got {value!r}"

    def check(self, value: float) -> None:
        """Raise the ValueError for a value outside the domain.

        Parameters
        ----------
        value : float
            A value of the parameter.
        """
        rule = self.rule(value)
        if rule is not None:
            raise ValueError(self.name + rule)
