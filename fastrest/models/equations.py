"""The equations that users choose, as models and as functions that broadcast like NumPy."""

from __future__ import annotations  # help() shows npt.ArrayLike, not its 400 characters

import types
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from fastrest._core import _kernels
from fastrest._core.ufunc_names import ufunc_of
from fastrest._core.validation import as_float, unknown
from fastrest.models import reference as plain
from fastrest.models.broadcasting import broadcast, checked_arguments
from fastrest.models.current_outputs import current_outputs
from fastrest.models.model import Model
from fastrest.models.outputs import Output
from fastrest.models.pump_reference import (
    chord_with_pump,
    chord_with_pump_gradient,
    ghk_with_pump,
    ghk_with_pump_gradient,
)
from fastrest.models.quantities import Ion, Parameter


class PumpedModel(Model):
    """A base of models with one of several kinds of pump, chosen by the argument `pump`."""

    #: the kinds, and the attributes that each changes in the model
    pumps: ClassVar[Mapping[str, Mapping[str, Any]]]

    pump: str

    def __init__(
        self, *ions: str | Ion, passive: str | tuple[str, ...] | list[str] = (), pump: str
    ):
        if pump not in self.pumps:
            raise ValueError(unknown("pump", pump, self.pumps))
        vars(self).update(self.pumps[pump], pump=pump)
        super().__init__(*ions, passive=passive)
        permeant = [ion.name for ion in self.permeant]
        if pump == "saturating" and not {"Na", "K"} <= set(permeant):
            raise ValueError(
                f"a saturating pump needs permeant Na and K, got {', '.join(permeant)}: use "
                'pump="constant"'
            )
        if pump == "saturating" and len(self.ions) == _kernels.MAX_IONS:
            most = _kernels.MAX_IONS - 1
            raise ValueError(f"a model with a saturating pump has at most {most} ions")

    @property
    def arguments(self) -> dict[str, Any]:
        return {**super().arguments, "pump": self.pump}

    def declared_outputs(self) -> Iterator[Output]:
        yield from super().declared_outputs()
        pumped = self.pump != "none" and bool(self.pump_parameters())
        yield from current_outputs(self, absolute=self.weight_unit != "", pumped=pumped)

    @property
    def core_ions(self) -> tuple[Ion, ...]:
        """The ions; of a saturating pump, Na and K come first."""
        if self.pump != "saturating":
            return self.ions
        return tuple(sorted(self.ions, key=lambda ion: {"Na": 0, "K": 1}.get(ion.name, 2)))

    def pump_parameters(self) -> list[Parameter]:
        if self.pump not in ("constant", "saturating"):
            return super().pump_parameters()
        found = [Parameter("pump_max", "uA/cm2", "pump current, outward positive")]
        if self.pump == "saturating":
            found = [Parameter("pump_max", "uA/cm2", "largest pump current, outward positive")]
            for ion in ("Na", "K"):
                meaning = f"half-saturation of the pump by {ion}"
                found.append(Parameter(f"pump_{ion}_half", "mM", meaning))
        return found


#: Attributes of a GHK model with an explicit pump current.
_EXPLICIT = {
    "pumped": None,
    "largest_z": 3,
    "weight_unit": "cm/s",
    "weight_meaning": "permeability",
    "reference": ghk_with_pump,
    "reference_gradient": ghk_with_pump_gradient,
}


class GHK(PumpedModel):
    """The Goldman-Hodgkin-Katz voltage equation, for ions with valence +-1 and +-2.

    V = phi ln(N/D) with phi = RT/F. N sums P c_out of cations and P c_in of anions, D the opposite
    sides (Goldman 1943; Hodgkin & Katz 1949). If a divalent ion is present, V follows from the
    quadratic of Spangler (1972) and Lewis (1979). If K is among the ions, `pump_ratio` multiplies
    its terms (Mullins & Noda 1963): 1 is no pump, 1.5 is the 3:2 of the Na/K-ATPase. Only ratios
    of permeabilities matter.

    The equation does not model surface charge, activity coefficients, voltage-dependent
    permeability, or changes of the concentrations with time.

    With ``pump="constant"`` or ``"saturating"`` an explicit pump current takes the place of
    `pump_ratio`. V is where the constant-field currents of all ions, z from -3 to 3, and the pump
    current sum to zero. Permeabilities then are absolute, in cm/s, and currents are uA/cm2, outward
    positive. The parameter `pump_max` is the current of a constant pump. A saturating pump carries

        I_pump = pump_max (Na_in/(Na_in + pump_Na_half))^3 (K_out/(K_out + pump_K_half))^2

    A point at which nothing opposes the pump has the status ``NO_SOLUTION``.

    Parameters
    ----------
    *ions, passive
        As for `Model`.
    pump : {"ratio", "constant", "saturating"}
        What `pump_ratio`, or `pump_max` and the half-saturations, mean. A saturating pump needs
        permeant Na and K.

    Examples
    --------
    >>> import fastrest as fr
    >>> list(fr.GHK("K", "Na").parameters)
    ['P_K', 'P_Na', 'K_out', 'Na_out', 'K_in', 'Na_in', 'celsius', 'pump_ratio']
    >>> pumped = fr.GHK("K", "Na", "Cl", pump="constant")
    >>> V = pumped(P_K=1e-6, P_Na=4e-8, P_Cl=4.5e-7, K_out=5, Na_out=145, Cl_out=110,
    ...            K_in=140, Na_in=15, Cl_in=7, celsius=37, pump_max=0.5)
    >>> round(float(V), 4)
    -73.428
    """

    weight = "P"
    weight_meaning = "permeability (relative)"
    equation_name = "ghk"
    reference = staticmethod(plain.ghk)
    reference_gradient = staticmethod(plain.ghk_gradient)
    pumped = "K"
    pumps = types.MappingProxyType(
        {
            "ratio": {},
            "constant": {**_EXPLICIT, "equation_name": "pump_constant"},
            "saturating": {**_EXPLICIT, "equation_name": "pump_saturating"},
        }
    )

    def __init__(
        self,
        *ions: str | Ion,
        passive: str | tuple[str, ...] | list[str] = (),
        pump: str = "ratio",
    ):
        super().__init__(*ions, passive=passive, pump=pump)


#: Attributes of a chord model with a pump current.
_ABSOLUTE = {
    "weight_unit": "mS/cm2",
    "weight_meaning": "conductance",
    "reference": chord_with_pump,
    "reference_gradient": chord_with_pump_gradient,
}


class Chord(PumpedModel):
    """The chord conductance equation: V = sum(g E) / sum(g), E the Nernst potentials.

    Only ratios of conductances matter. They are not ratios of permeabilities: `Cell.to_chord`
    converts these.

    With ``pump="constant"`` or ``"saturating"`` a pump current adds to those of the ions:
    V = (sum(g E) - I_pump) / sum(g). Conductances then are absolute, in mS/cm2, and currents are
    uA/cm2, outward positive. The pump is that of `GHK`. A point at which no conductance opposes it
    has the status ``NO_SOLUTION``.

    Parameters
    ----------
    *ions, passive
        As for `Model`.
    pump : {"none", "constant", "saturating"}

    Examples
    --------
    >>> import fastrest as fr
    >>> V = fr.Chord("K", "Na")(g_K=10, g_Na=1, K_out=5, K_in=140, Na_out=145, Na_in=15, celsius=37)
    >>> round(float(V), 3)
    -75.45
    >>> pumped = fr.Chord("K", "Na", pump="constant")
    >>> V = pumped(g_K=0.1, g_Na=0.01, K_out=5, K_in=140, Na_out=145, Na_in=15, celsius=37,
    ...            pump_max=0.3)
    >>> round(float(V), 3)
    -78.178
    """

    weight = "g"
    weight_meaning = "conductance (relative)"
    equation_name = "chord"
    reference = staticmethod(plain.chord)
    reference_gradient = staticmethod(plain.chord_gradient)
    pumps = types.MappingProxyType(
        {
            "none": {},
            "constant": {**_ABSOLUTE, "equation_name": "chord_pump"},
            "saturating": {**_ABSOLUTE, "equation_name": "chord_saturating"},
        }
    )

    def __init__(
        self,
        *ions: str | Ion,
        passive: str | tuple[str, ...] | list[str] = (),
        pump: str = "none",
    ):
        super().__init__(*ions, passive=passive, pump=pump)


def nernst(z: int, *, c_out: npt.ArrayLike, c_in: npt.ArrayLike, celsius: npt.ArrayLike) -> Any:
    """Return the Nernst potential E = (RT/zF) ln(c_out/c_in) (Nernst 1888).

    Parameters
    ----------
    z : int
        Valence, any integer other than 0.
    c_out, c_in : array_like
        Concentrations outside and inside, mM; only their ratio matters.
    celsius : array_like
        Temperature, °C.

    Returns
    -------
    ndarray or scalar
        Potential in mV, inside minus outside, of the broadcast shape; NaN where an array element
        lies outside its domain. The function calls the ufunc `fastrest.ufuncs.nernst`.

    Raises
    ------
    ValueError
        A scalar lies outside its domain.

    Examples
    --------
    >>> import fastrest as fr
    >>> round(float(fr.nernst(1, c_out=5, c_in=140, celsius=37)), 2)
    -89.06
    """
    charge = as_float("z", z)
    if charge == 0 or not charge.is_integer():
        raise ValueError(f"z must be an integer other than 0, got {z!r}")
    units = {"c_out": "mM", "c_in": "mM", "celsius": "°C"}
    parameters = {name: Parameter(name, unit, "") for name, unit in units.items()}
    given = {"c_out": c_out, "c_in": c_in, "celsius": celsius}
    values = checked_arguments(parameters, given)
    columns = [charge, *values.values()]
    return broadcast(nernst_ufunc, columns, values, ("E", "mV", "Nernst potential"))


def ghk(
    *,
    P_K: npt.ArrayLike,
    P_Na: npt.ArrayLike,
    P_Cl: npt.ArrayLike,
    K_out: npt.ArrayLike,
    Na_out: npt.ArrayLike,
    Cl_out: npt.ArrayLike,
    K_in: npt.ArrayLike,
    Na_in: npt.ArrayLike,
    Cl_in: npt.ArrayLike,
    celsius: npt.ArrayLike,
    pump_ratio: npt.ArrayLike = 1.0,
) -> Any:
    """Return the Goldman-Hodgkin-Katz potential of K, Na and Cl.

    The model is ``fr.GHK("K", "Na", "Cl")``.

    Parameters
    ----------
    P_K, P_Na, P_Cl : array_like
        Permeabilities in any common unit; only ratios matter.
    K_out, Na_out, Cl_out, K_in, Na_in, Cl_in : array_like
        Concentrations, mM.
    celsius : array_like
        Temperature, °C.
    pump_ratio : array_like
        Mullins-Noda coupling ratio: 1 is no pump, 1.5 the Na/K-ATPase.

    Returns
    -------
    ndarray or scalar
        Potential in mV, inside minus outside, of the broadcast shape; NaN where an array element
        lies outside its domain. The function calls the ufunc `fastrest.ufuncs.ghk`.

    Raises
    ------
    ValueError
        A scalar lies outside its domain.

    Notes
    -----
    Goldman 1943; Hodgkin & Katz 1949; Mullins & Noda 1963.

    Examples
    --------
    >>> import fastrest as fr
    >>> V = fr.ghk(P_K=1, P_Na=0.04, P_Cl=0.45, K_out=5, Na_out=145, Cl_out=110,
    ...            K_in=140, Na_in=15, Cl_in=7, celsius=37)
    >>> round(float(V), 6)
    -69.811924
    """
    return K_NA_CL(**locals())


K_NA_CL = GHK("K", "Na", "Cl")
nernst_ufunc: np.ufunc = ufunc_of(_kernels.Equation("nernst"))
ghk_ufunc: np.ufunc = K_NA_CL.ufunc
