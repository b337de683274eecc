"""Ufuncs by name: the names, docs and cache of the equations' ufuncs.

Pickle finds a ufunc as an attribute of a module: `fastrest.ufuncs` has one for every name here.
"""

import numpy as np

from fastrest._core import _kernels, _ufuncs

#: Valences and number of the pump's ion of the equation that has the shortest name.
EVERYDAY = ((1, 1, -1), 0)

#: Ends of the names of equations of cells that keep themselves.
STEADY = ("_steady", "_living")

_made: dict[str, np.ufunc] = {}


def ufunc_of(equation: _kernels.Equation) -> np.ufunc:
    """Return an equation as a NumPy ufunc: made once, kept for good."""
    name = name_of(equation)
    if name not in _made:
        _made.setdefault(name, _ufuncs.make_ufunc(equation, name, _doc(equation)))
    return _made[name]


def ufunc_named(name: str) -> np.ufunc:
    """Return the ufunc of a name; KeyError, ValueError or OverflowError if it means none."""
    if name not in _made:
        models = [one for one in _kernels.EQUATIONS if not one.startswith("log_")]
        known = [one for one in models if f"{name}_".startswith(f"{one}_")]
        equation = max(known, key=len, default="")
        rest = name.removeprefix(equation).removeprefix("_")
        if equation.endswith(STEADY) and rest in _kernels.OUTPUTS:
            made = _kernels.Equation(equation, output=_kernels.OUTPUTS[rest])
        else:
            made = _equation_of_ions(equation, rest)
        if name_of(made) != name:
            raise KeyError(name)
        return ufunc_of(made)
    return _made[name]


def _equation_of_ions(name: str, rest: str) -> _kernels.Equation:
    """Return an equation from the end of its ufunc's name: valences, pump, and output."""
    z: list[int] = []
    pump, parts = -1, rest.split("_") if rest else []
    while parts and parts[0].removeprefix("m").isdecimal():
        z.append(int(parts.pop(0).replace("m", "-")))
    if parts and parts[0].removeprefix("pump").isdecimal():
        pump = int(parts.pop(0)[4:])
    output = _kernels.REST_OUTPUTS["_".join(parts) or "V"]
    if not z and name != "nernst":
        z, pump = [*EVERYDAY[0]], EVERYDAY[1]
    return _kernels.Equation(name, tuple(z), pump, output)


def name_of(equation: _kernels.Equation) -> str:
    """Return the name of an equation's ufunc: ghk_1_1_m1_pump0, or ghk for the everyday one."""
    if equation.protocol is not None or equation.changes:
        from hashlib import blake2b  # slow to import, and hash(-1.0) == hash(-2.0)

        own = equation.z, equation.pump_ion, equation.output
        key = repr((equation.protocol, equation.changes, own)).encode()
        return f"{equation.name}_{blake2b(key, digest_size=8).hexdigest()}"
    if _is_steady(equation):
        return f"{equation.name}_{tuple(_kernels.OUTPUTS)[equation.output]}"
    output = f"_{tuple(_kernels.REST_OUTPUTS)[equation.output]}" if equation.output else ""
    if equation.name == "nernst" or (equation.z, equation.pump_ion) == EVERYDAY:
        return f"{equation.name}{output}"
    z = "_".join(str(charge).replace("-", "m") for charge in equation.z)
    pump = f"_pump{equation.pump_ion}" if equation.pump_ion >= 0 else ""
    return f"{equation.name}_{z}{pump}{output}"


def _is_steady(equation: _kernels.Equation) -> bool:
    """Return True for the steady states of cells that keep themselves."""
    return equation.name.endswith(STEADY)


def _doc(equation: _kernels.Equation) -> str:
    if equation.changes:
        return "An output under a condition, or its change from one condition to another."
    if equation.protocol is not None:
        output = tuple(_kernels.OUTPUTS)[equation.output]
        return (
            f"Output {output} of a course in time: the columns of a steady state, time, diameter."
        )
    if _is_steady(equation):
        output = tuple(_kernels.OUTPUTS)[equation.output]
        weights = "g_Na, g_K, g_Cl, g_NKCC, g_KCC (mS/cm2)"
        if equation.name == "ghk_living":
            weights = "P_Na, P_K, P_Cl (cm/s), 0, 0"
        halves = "" if equation.name == "chord_steady" else ", pump_Na_half, pump_K_half (mM)"
        return (
            f"Output {output} of the steady state of {weights}, Na_out, K_out, Cl_out, X_out (mM), "
            f"z_X, celsius, pump_max (uA/cm2), n_X (mM){halves}."
        )
    if equation.name == "nernst":
        return "Nernst potential in mV of valence, outside and inside (mM), celsius."
    ions = ", ".join(f"{z:+d}" for z in equation.z)
    pump = f", pump_ratio (of ion {equation.pump_ion + 1})" if equation.pump_ion >= 0 else ""
    if equation.name in ("pump_constant", "chord_pump"):
        pump = ", pump_max (uA/cm2)"
    if equation.name in ("pump_saturating", "chord_saturating"):
        pump = ", pump_max (uA/cm2), pump_Na_half, pump_K_half (mM); the first ions are Na and K"
    what = "Membrane potential in mV"
    if equation.output:
        what = f"Output {tuple(_kernels.REST_OUTPUTS)[equation.output]} at the resting potential"
    return (
        f"{what} ({equation.name}) of ions with valences {ions}: the weight of "
        "each (permeability or conductance), the concentrations of each outside, of each inside "
        f"(mM), celsius{pump}."
    )
