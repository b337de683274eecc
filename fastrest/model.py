"""Models: an equation for named ions, its parameters, its kernel and its reference.

A new model is a subclass that says what its per-ion weight is called, which equation of the C core
computes it and which functions of `reference` define it and its gradient.
"""

import contextlib
import functools
import numbers
import types
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from . import _kernels, reference
from .physics import IONS, Frozen, Ion, Parameter, unknown


class Model(Frozen):
    """An equation for named ions.

    Use the subclasses `GHK` and `Chord`. Models are immutable, comparable and picklable.

    Parameters
    ----------
    *ions : str or Ion
        K, Na, Cl, Ca, Mg, HCO3 are known by name; others are given as ``fr.Ion("SO4", -2)``.
    passive : str or sequence of str
        Ions at equilibrium: they carry no current, do not enter V, and have no inside
        concentration of their own, which follows from V.

    Attributes
    ----------
    ions : tuple of Ion
    passive : tuple of str
        Names of the passive ions.
    permeant : tuple of Ion
        The ions that set V.
    parameters : mapping of str to Parameter
        Names, units and meanings, in order.
    """

    #: prefix, name and article of the per-ion weight
    weight: ClassVar[str]
    weight_meaning: ClassVar[str]
    #: name of the equation in the C core, and its definition and gradient in plain Python
    equation_name: ClassVar[str]
    reference: ClassVar[Any]
    reference_gradient: ClassVar[Any]
    #: the ion that an electrogenic pump couples to in this equation
    pumped: ClassVar[str | None] = None

    ions: tuple[Ion, ...]
    passive: tuple[str, ...]

    def __init__(self, *ions: str | Ion, passive: str | tuple[str, ...] | list[str] = ()):
        found = tuple(_ion(ion) for ion in ions)
        names = [ion.name for ion in found]
        if not names:
            raise ValueError(f"{type(self).__name__} needs at least one ion")
        if len(set(names)) < len(names):
            raise ValueError(f"each ion once, got {', '.join(names)}")
        if len(names) > _kernels.MAX_IONS:
            raise ValueError(f"at most {_kernels.MAX_IONS} ions, got {len(names)}")
        wanted = {passive} if isinstance(passive, str) else set(passive)
        for name in wanted - set(names):
            raise ValueError(unknown("passive ion", name, names))
        vars(self).update(ions=found, passive=tuple(name for name in names if name in wanted))

    @functools.cached_property
    def permeant(self) -> tuple[Ion, ...]:
        return tuple(ion for ion in self.ions if ion.name not in self.passive)

    @functools.cached_property
    def pump_ion(self) -> str | None:
        """Name of the ion that `pump_ratio` acts on, if the model has that parameter."""
        return next((ion.name for ion in self.permeant if ion.name == self.pumped), None)

    @functools.cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        found = [
            Parameter(f"{self.weight}_{ion.name}", "", f"{self.weight_meaning} of {ion.name}")
            for ion in self.permeant
        ]
        found += [Parameter(f"{i.name}_out", "mM", f"{i.name} outside") for i in self.ions]
        found += [Parameter(f"{i.name}_in", "mM", f"{i.name} inside") for i in self.permeant]
        found.append(Parameter("celsius", "°C", "temperature"))
        if self.pump_ion:
            found.append(Parameter("pump_ratio", "", f"pump coupling on {self.pump_ion}"))
        return types.MappingProxyType({parameter.name: parameter for parameter in found})

    @property
    def defaults(self) -> dict[str, float]:
        """Values of the parameters that may be left out."""
        return {"pump_ratio": 1.0} if self.pump_ion else {}

    @functools.cached_property
    def separable(self) -> bool:
        """Whether V = phi (ln N - ln D), so that grids need logarithms of N and D only."""
        return self.two_sided and all(abs(ion.z) == 1 for ion in self.permeant)

    @property
    def two_sided(self) -> bool:
        """Whether V is set by what drives charge inward and outward, two sums of their own."""
        return self.equation_name == "ghk"

    def sides(self, parameter: str) -> frozenset[str]:
        """Which parts of a two-sided model a parameter enters: "num", "den", "phi"."""
        if parameter == "celsius":
            return frozenset({"phi"})
        kind, _, place = parameter.rpartition("_")
        if kind == self.weight or parameter == "pump_ratio":
            return frozenset({"num", "den"})
        if kind in self.passive:
            return frozenset()
        inward = (place == "out") == (next(i.z for i in self.ions if i.name == kind) > 0)
        return frozenset({"num" if inward else "den"})

    # ---- the way to the kernels ----

    def equation(self, name: str | None = None) -> _kernels.Equation:
        """This model's equation in the C core, or a part of it."""
        z = tuple(1 if ion.name in self.passive else ion.z for ion in self.ions)
        names = [ion.name for ion in self.ions]
        pump = names.index(self.pump_ion) if self.pump_ion else -1
        return _kernels.Equation(name or self.equation_name, z, pump)

    def columns(self, values: Mapping[str, Any]) -> list[Any]:
        """Parameter values in the order of the C core's columns.

        A passive ion has weight 0 and stands inside as outside: it adds nothing to any sum, and
        its concentration is still looked at.
        """
        weights, outside, inside = [], [], []
        for ion in self.ions:
            c_out = values[f"{ion.name}_out"]
            passive = ion.name in self.passive
            weights.append(0.0 if passive else values[f"{self.weight}_{ion.name}"])
            outside.append(c_out)
            inside.append(c_out if passive else values[f"{ion.name}_in"])
        pump = [values["pump_ratio"]] if self.pump_ion else []
        return [*weights, *outside, *inside, values["celsius"], *pump]

    @property
    def ufunc(self) -> np.ufunc:
        """The equation as a NumPy ufunc of the columns, shared by models of the same valences."""
        return self.equation().ufunc()

    def complete(self, values: Mapping[str, Any], what: str) -> dict[str, Any]:
        """Values for every parameter, in order: defaults added, names checked."""
        for name in values:
            if name not in self.parameters:
                raise ValueError(f"{what}: {unknown('parameter', name, self.parameters)}")
        merged = {**self.defaults, **values}
        missing = [name for name in self.parameters if name not in merged]
        if missing:
            raise ValueError(f"{what} needs {', '.join(missing)}")
        return {name: merged[name] for name in self.parameters}

    def __call__(self, **values: npt.ArrayLike) -> Any:
        """Membrane potential of broadcast parameter values.

        Parameters
        ----------
        **values : array_like
            A value for every parameter (`pump_ratio` may be left out), any shapes that broadcast.
            xarray and Dask arrays stay what they are.

        Returns
        -------
        ndarray or scalar
            Potential in mV, of the broadcast shape. NaN where an array element lies outside its
            parameter's domain, +-inf where permeant ions are on one side only.

        Raises
        ------
        ValueError
            A parameter is unknown or missing, or a scalar lies outside its domain.

        Examples
        --------
        >>> import numpy as np, fastrest as fr
        >>> model = fr.GHK("K", "Na")
        >>> V = model(P_K=1, P_Na=[0.01, 0.04], K_out=4.5, Na_out=145, K_in=140, Na_in=15,
        ...           celsius=37)
        >>> np.round(V, 4)
        array([-84.4381, -69.8575])
        """
        complete = self.complete(values, str(self))
        checked = {n: checked_argument(self.parameters[n], v) for n, v in complete.items()}
        return broadcast(self.ufunc, self.columns(checked), checked)

    # ---- manners ----

    def __repr__(self) -> str:
        ions = [
            ion.name if IONS.get(ion.name) == ion else f"Ion({ion.name!r}, {ion.z})"
            for ion in self.ions
        ]
        passive = f"; passive {', '.join(self.passive)}" if self.passive else ""
        return f"{type(self).__name__}({', '.join(ions)}{passive})"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Model)
            and type(self) is type(other)
            and (self.ions, self.passive) == (other.ions, other.passive)
        )

    def __hash__(self) -> int:
        return hash((type(self), self.ions, self.passive))

    def __reduce__(self) -> tuple[Any, ...]:
        return _make, (type(self), self.ions, self.passive)


class GHK(Model):
    """The Goldman-Hodgkin-Katz voltage equation, for ions with valence +-1 and +-2.

    V = phi ln(N/D) with phi = RT/F; N sums P c_out of cations and P c_in of anions, D the opposite
    sides (Goldman 1943; Hodgkin & Katz 1949). As soon as a divalent ion is present V follows from
    the quadratic of Spangler (1972) and Lewis (1979). If K is among the ions, `pump_ratio` (1 is
    no pump; 1.5 for the Na/K-ATPase's 3:2) multiplies its terms (Mullins & Noda 1963).
    Only ratios of permeabilities matter.

    Not modelled: surface charge, activity coefficients, voltage-dependent permeability, changes of
    the concentrations with time.

    See `Model` for parameters and attributes.

    Examples
    --------
    >>> import fastrest as fr
    >>> list(fr.GHK("K", "Na").parameters)
    ['P_K', 'P_Na', 'K_out', 'Na_out', 'K_in', 'Na_in', 'celsius', 'pump_ratio']
    """

    weight = "P"
    weight_meaning = "permeability (relative)"
    equation_name = "ghk"
    reference_gradient = staticmethod(reference.ghk_gradient)
    reference = staticmethod(reference.ghk)  # last: from here on `reference` is this
    pumped = "K"


class Chord(Model):
    """The chord conductance equation: V = sum(g E) / sum(g), E the Nernst potentials.

    Only ratios of conductances matter; they are not ratios of permeabilities: see
    `Cell.to_chord`. See `Model` for parameters and attributes.

    Examples
    --------
    >>> import fastrest as fr
    >>> V = fr.Chord("K", "Na")(g_K=10, g_Na=1, K_out=5, K_in=140, Na_out=145, Na_in=15, celsius=37)
    >>> round(float(V), 3)
    -75.45
    """

    weight = "g"
    weight_meaning = "conductance (relative)"
    equation_name = "chord"
    reference_gradient = staticmethod(reference.chord_gradient)
    reference = staticmethod(reference.chord)  # last: from here on `reference` is this


#: Models by name, for files.
MODELS: dict[str, type[Model]] = {"GHK": GHK, "Chord": Chord}


def _make(kind: type[Model], ions: tuple[Ion, ...], passive: tuple[str, ...]) -> Model:
    return kind(*ions, passive=passive)


def _ion(ion: str | Ion) -> Ion:
    if isinstance(ion, Ion):
        if ion.name in IONS and ion != IONS[ion.name]:
            raise ValueError(f"{ion.name} has z = {IONS[ion.name].z}, got {ion.z}")
        return ion
    if not isinstance(ion, str):
        raise TypeError(f"an ion is a name or fr.Ion(name, z), got {ion!r}")
    if ion not in IONS:
        message = unknown("ion", ion, IONS)
        raise ValueError(f'{message}; others are given with their valence: fr.Ion("{ion}", z)')
    return IONS[ion]


def as_float(name: str, value: Any) -> float:
    """One real number as a float, or the error that names the parameter."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name} must be finite, got a number beyond 1e308") from None


def as_numbers(name: str, value: Any) -> np.ndarray:
    """An array of real numbers of any dtype, masked elements as NaN, or a named error."""
    if isinstance(value, np.ma.MaskedArray) and value.dtype.kind in "iuf":
        value = np.ma.filled(value.astype(np.float64), np.nan)
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if hasattr(value, "to_numpy") and kind in ("i", "u", "f"):
        # a data frame's column, whose missing values may be no floats
        with contextlib.suppress(ValueError, TypeError):
            value = value.to_numpy(dtype=np.float64, na_value=np.nan)
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must be numbers, got rows of unequal length") from None
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be numbers, got dtype {getattr(value, 'dtype', array.dtype)}")
    return array


def checked_argument(parameter: Parameter, value: Any) -> Any:
    """An argument of a broadcasting call: scalars are checked, arrays made float64.

    What brings its own ufuncs (xarray, Dask, pandas) is passed on, if it holds numbers.
    """
    name = parameter.name
    if not isinstance(value, np.ndarray) and hasattr(value, "__array_ufunc__"):
        kind = getattr(getattr(value, "dtype", None), "kind", "f")
        if kind not in "iuf":
            raise TypeError(f"{name} must be numbers, got dtype {value.dtype}")
        if not isinstance(value, np.generic):
            return value
    if isinstance(value, str | bytes | dict) or not (np.iterable(value) or np.ndim(value)):
        number = as_float(name, value)
        parameter.check(number)
        return number
    array = as_numbers(name, value)
    with np.errstate(over="ignore"):  # long doubles beyond doubles become infinite: a bad element
        return array.astype(np.float64, copy=False)


def broadcast(ufunc: np.ufunc, columns: list[Any], named: Mapping[str, Any]) -> Any:
    """Call a ufunc; shapes that do not broadcast get an error that names them."""
    arrays = {name: value for name, value in named.items() if type(value) is np.ndarray}
    try:
        np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"shapes do not broadcast: {shapes}") from None
    return ufunc(*columns)


def phi(celsius: Any) -> Any:
    """RT/F in mV, with the bits that the kernels give it."""
    return _kernels.PHI_PER_KELVIN * (celsius + _kernels.KELVIN_AT_0_CELSIUS)


def nernst(z: int, *, c_out: npt.ArrayLike, c_in: npt.ArrayLike, celsius: npt.ArrayLike) -> Any:
    """Nernst potential E = (RT/zF) ln(c_out/c_in) (Nernst 1888).

    Parameters
    ----------
    z : int
        Valence, any integer but 0.
    c_out, c_in : array_like
        Concentrations outside and inside, mM (only their ratio matters).
    celsius : array_like
        Temperature, °C.

    Returns
    -------
    ndarray or scalar
        Potential in mV, inside minus outside, of the broadcast shape; NaN where an array element
        is outside its domain. `fastrest.ufuncs.nernst` is the ufunc below.

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
    given = (("c_out", "mM", c_out), ("c_in", "mM", c_in), ("celsius", "°C", celsius))
    values = {n: checked_argument(Parameter(n, unit, ""), value) for n, unit, value in given}
    return broadcast(nernst_ufunc, [charge, *values.values()], values)


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
    """Goldman-Hodgkin-Katz potential of K, Na and Cl: ``fr.GHK("K", "Na", "Cl")`` as a function.

    Parameters
    ----------
    P_K, P_Na, P_Cl : array_like
        Permeabilities in any common unit: only ratios matter.
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
        is outside its domain. `fastrest.ufuncs.ghk` is the ufunc below.

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
    values = dict(locals())
    return K_NA_CL(**values)


K_NA_CL = GHK("K", "Na", "Cl")
nernst_ufunc: np.ufunc = _kernels.Equation("nernst").ufunc()
ghk_ufunc: np.ufunc = K_NA_CL.ufunc
