"""The definition in plain Python of the steady state of a cell that keeps itself.

V, the inside concentrations and the concentration X of impermeant solutes follow from five
statements: no net flux of Na, K and Cl, neutrality, and osmotic balance with the bath. With
conductances and a constant pump current they have a closed form (Mori 2012; Keener & Sneyd 2009).
Derivatives are imaginary parts of its value beside the real axis (Squire & Trapp 1998), which
needs no other formula.
"""

import cmath
import math
from collections.abc import Mapping
from typing import Any

from fastrest.models.quantities import Status
from fastrest.models.reference import FINE, MODERATE, NORMAL, input_status, phi

#: Parameters that may be of either sign.
SIGNED = ("z_X", "pump_max")
LEAKS = ("g_Na", "g_K", "g_Cl", "g_NKCC", "g_KCC")
BATH = ("Na_out", "K_out", "Cl_out")
#: A margin that rounding may give to a cell without a steady state.
LEAST_MARGIN = 2.0**-50
#: The largest driving force in units of phi.
LARGEST_DRIVE = 700.0
#: Step beside the real axis: its square is lost in rounding.
STEP = 1e-60


def chord_steady(model: Any, values: Mapping[str, float]) -> tuple[dict[str, float], Status]:
    """Return the outputs of the steady state by name, and its status; none without it."""
    status = input_status(
        [abs(x) if n in SIGNED else x for n, x in values.items() if n != "celsius"],
        values["celsius"],
    )
    x = {**dict.fromkeys(LEAKS, 0.0), **values}
    status = status or _case(x)
    if status:
        return {}, status
    if any(x[name] and not MODERATE[0] <= x[name] <= MODERATE[1] for name in BATH):
        return {}, Status.RANGE
    try:
        found = _closed_form({name: complex(value) for name, value in x.items()})
    except (OverflowError, ZeroDivisionError):
        return {}, Status.RANGE
    if not isinstance(found, dict):
        return {}, found
    return {name: value.real for name, value in found.items()}, FINE


def chord_steady_gradient(model: Any, values: Mapping[str, float], of: str) -> dict[str, float]:
    """Return the derivatives of an output with respect to every parameter."""
    if of not in chord_steady(model, values)[0]:
        return dict.fromkeys(model.parameters, math.nan)
    x = {**dict.fromkeys(LEAKS, 0.0), **values}
    _case(x)
    slopes = {}
    for name in model.parameters:
        beside = {n: complex(value) for n, value in x.items()}
        if x["Cl_out"] or name not in ("g_Cl", "g_NKCC", "g_KCC"):
            beside[name] += 1j * STEP
        found = _closed_form(beside)
        slopes[name] = found[of].imag / STEP if isinstance(found, dict) else math.nan
    return slopes


def _case(x: dict[str, float]) -> Status:
    """Judge a cell that lacks an ion or a conductance.

    Without Cl outside the cotransporters stand still and the leak of Cl does not matter: their
    values are changed.
    """
    na, k, cl = (x[name] > 0 for name in BATH)
    z, pump = x["z_X"], x["pump_max"]
    if not (na or k or cl):
        return Status.NO_PERMEANT
    if pump != 0 and not (na and k):
        return Status.NO_SOLUTION
    if (not cl and z >= 0) or (not na and not k and z <= 0):
        return Status.NO_SOLUTION  # nothing balances the charge of X, or V is infinite
    if not cl:
        x |= {"g_NKCC": 0.0, "g_KCC": 0.0, "g_Cl": 1.0}
    g_na, g_k, g_cl, nkcc, kcc = (x[name] > 0 for name in LEAKS)
    pairs = (g_na and g_k, g_na and g_cl, g_k and g_cl)
    if (
        all(pairs)
        or (nkcc and any(pairs))
        or (kcc and any(pairs[:2]))
        or (nkcc and kcc and (g_na or g_k or g_cl))
    ):
        return FINE
    return Status.NO_SOLUTION if pump != 0 and not pairs[0] else Status.NO_PERMEANT


def drives(x: Mapping[str, complex]) -> tuple[complex, complex, complex, complex]:
    """Return the determinants of the linear system of driving forces a_j = (V - E_j)/phi.

    With q = I/phi, the current of a 3:2 pump, the conductances and the cotransporters of Na, K, 2
    Cl and of K, Cl give

        (diag(g_Na, g_K, g_Cl) + g_NKCC w w' + g_KCC v v') a = (-3q, 2q, 0),
        w = (1, 1, -2),  v = (0, 1, -1)

    Returned are its determinant, and those of -(a_Na - a_Cl)/q, (a_K - a_Cl)/q and a_Cl/q.
    """
    A, B, D, w, v = (x[name] for name in LEAKS)
    whole = A * B * D + w * (B * D + A * D + 4 * A * B) + v * A * (B + D) + w * v * (A + B + D)
    na = 3 * B * D + w * (6 * B + 5 * D + 4 * A) + v * (3 * B + 3 * D + 2 * A)
    k = 2 * A * D + w * (4 * A + 5 * D + 6 * B)
    cl = 2 * A * (2 * w + v) - w * (6 * B + v)
    return whole, na, k, cl


def _closed_form(x: Mapping[str, complex]) -> dict[str, complex] | Status:
    """Return the outputs that have a value by name, or the reason why there are none."""
    whole, na, k, cl = drives(x)
    unit = phi(x["celsius"])  # type: ignore[arg-type]
    bath = sum(x[name] for name in (*BATH, "X_out"))
    if not (NORMAL[0] <= whole.real <= NORMAL[1] and MODERATE[0] <= bath.real <= MODERATE[1]):
        return Status.RANGE
    q = x["pump_max"] / unit / whole
    d_na, d_k, a_cl = -q * na, q * k, q * cl
    if not all(math.isfinite(d.real) for d in (d_na, d_k, a_cl)):
        return Status.RANGE
    S_na, S_k = x["Na_out"] * _exp(d_na), x["K_out"] * _exp(d_k)
    S, Cl_out, z = S_na + S_k, x["Cl_out"], x["z_X"]
    # with theta = exp(-E_Cl/phi) the cations inside are S theta, and Cl is Cl_out/theta
    r = 4 * S * Cl_out / bath**2
    margin = 1 - r
    if margin.real <= LEAST_MARGIN:
        return Status.NO_SOLUTION
    size = z if z.real > 0 else -z
    root = cmath.sqrt(r + size * size * margin)
    if max(d_na.real, d_k.real) > LARGEST_DRIVE or not MODERATE[0] <= root.real <= MODERATE[1]:
        return Status.RANGE
    X = bath * margin / (1 + root)
    larger = bath * (root + r + size * margin) / (1 + root) / 2
    smaller = S * Cl_out / larger
    chloride = larger if z.real > 0 else smaller
    theta = Cl_out / larger if z.real > 0 else larger / S
    E_Cl = -unit * cmath.log(theta)
    found = {
        "V": E_Cl + unit * a_cl,
        "E_K": E_Cl - unit * d_k,
        "E_Na": E_Cl - unit * d_na,
        "E_Cl": E_Cl,
        "Na_in": theta * S_na,
        "K_in": theta * S_k,
        "Cl_in": chloride,
        "X": X,
        "relative_volume": x["n_X"] / X,
        "margin": margin,
        "osmolarity": bath,
        "I_pump": x["pump_max"],
    }
    for ion in ("K", "Na", "Cl"):
        if not x[f"{ion}_out"].real:
            del found[f"E_{ion}"]
    return found


def _exp(x: complex) -> complex:
    """Return exp(x), 0 where it is below the range of doubles, and the largest where above."""
    return 0j if x.real < -LARGEST_DRIVE else cmath.exp(complex(min(x.real, LARGEST_DRIVE), x.imag))
