"""The definition in plain Python of the steady state of a cell that keeps itself.

V, the inside concentrations and the concentration X of impermeant solutes follow from five
statements: no net flux of Na, K and Cl, neutrality, and osmotic balance with the bath. At a given
pump current conductances give a closed form (Mori 2012; Keener & Sneyd 2009), and the constant
field one equation in V. The current of a saturating pump is a root, too. Roots are bisected.
Derivatives are imaginary parts beside the real axis (Squire & Trapp 1998), which need no other
formulas.
"""

import cmath
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from fastrest.models.pump_reference import bisected
from fastrest.models.quantities import FARADAY, Status
from fastrest.models.reference import FINE, MODERATE, NORMAL, input_status, phi

#: Parameters that may be of either sign; a saturating pump does not run backwards.
SIGNED = ("z_X", "pump_max")
LEAKS = ("Na", "K", "Cl", "NKCC", "KCC")
BATH = ("Na_out", "K_out", "Cl_out")
#: A margin that rounding may give to a cell without a steady state.
LEAST_MARGIN = 2.0**-50
#: The largest driving force in units of phi.
LARGEST_DRIVE = 700.0
#: Step beside the real axis: its square is lost in rounding.
STEP = 1e-60
#: Values of a state: V in units of phi and the current, where they are unknown.
State = tuple[complex, complex]
Numbers = Mapping[str, complex]


class NoStateError(Exception):
    """A state does not exist at a current.

    Attributes
    ----------
    status : Status
    change : int
        The sign of the change of the current's magnitude that would help, or 0.
    known : dict of str to float
        The margin of a closed form, which is at most 0.
    """

    def __init__(self, status: Status, change: int = 0, margin: float | None = None):
        super().__init__(status)
        self.status, self.change = status, change
        self.known = {} if margin is None else {"margin": min(margin, 0.0)}


def steady_state(model: Any, values: Mapping[str, float]) -> tuple[dict[str, float], Status]:
    """Return the outputs of the steady state by name, and its status; none without it."""
    signed = SIGNED if model.leak.pump == "constant" else ("z_X",)
    status = input_status(
        [abs(x) if n in signed else x for n, x in values.items() if n != "celsius"],
        values["celsius"],
    )
    if status:
        return {}, status
    try:
        x = _complete(model, values)
        found = _outputs(model, x, _solved(model, x))
    except NoStateError as error:
        closed = model.equation_name == "chord_steady"
        return error.known if closed else {}, error.status
    except (OverflowError, ZeroDivisionError):
        return {}, Status.RANGE
    return {name: value.real for name, value in found.items()}, FINE


def steady_state_gradient(model: Any, values: Mapping[str, float], of: str) -> dict[str, float]:
    """Return the derivatives of an output with respect to every parameter.

    The implicit function gives them from those of the outputs and of the equations of the state.
    """
    if of not in steady_state(model, values)[0]:
        return dict.fromkeys(model.parameters, math.nan)
    x = _complete(model, values)
    state = _solved(model, x)

    def along(name: str | int) -> tuple[float, float, float]:
        """Return the derivatives of the output and of both residuals."""
        beside, at = dict(x), list(state)
        if isinstance(name, int):
            at[name] += 1j * STEP
        elif x["Cl_out"] or name not in ("g_Cl", "g_NKCC", "g_KCC"):
            beside[name] += 1j * STEP
        u, current = at
        if of == "margin" and model.equation_name == "chord_steady":  # known without a state, too
            found = {"margin": 1 - _chord_sums(beside, current).r}
        else:
            found = _outputs(model, beside, (u, current))
        residuals = _residuals(model, beside, (u, current), found)
        return tuple(y.imag / STEP for y in (found[of], *residuals))  # type: ignore[return-value]

    (by_u, a, b), (by_current, c, d) = along(0), along(1)
    slopes = {}
    for name in model.parameters:
        own, e, f = along(name)
        whole = a * d - b * c
        slopes[name] = own - (by_u * (d * e - c * f) + by_current * (a * f - b * e)) / whole
    return slopes


# ---- parts of both leaks ----


def _complete(model: Any, values: Mapping[str, float]) -> dict[str, complex]:
    """Return the values, with 0 for cotransporters that are absent, or raise NoStateError.

    Without Cl outside the cotransporters stand still and the leak of Cl does not matter: their
    values are changed.
    """
    weights = [f"{model.weight}_{name}" for name in LEAKS]
    x = {**dict.fromkeys(weights, 0.0), **values}
    na, k, cl = (x[name] > 0 for name in BATH)
    z, pump = x["z_X"], _largest_current(model, x).real
    if not (na or k or cl):
        raise NoStateError(Status.NO_PERMEANT)
    if pump != 0 and not (na and k):
        raise NoStateError(Status.NO_SOLUTION)
    if (not cl and z >= 0) or (not na and not k and z <= 0):
        raise NoStateError(Status.NO_SOLUTION)  # nothing balances the charge of X, or V is infinite
    if not cl and model.weight == "g":
        x |= {"g_NKCC": 0.0, "g_KCC": 0.0, "g_Cl": 1.0}
    leak_na, leak_k, leak_cl, nkcc, kcc = (x[name] > 0 for name in weights)
    leak_cl |= not cl
    pairs = (leak_na and leak_k, leak_na and leak_cl, leak_k and leak_cl)
    if not (
        all(pairs)
        or (nkcc and any(pairs))
        or (kcc and any(pairs[:2]))
        or (nkcc and kcc and (leak_na or leak_k or leak_cl))
    ):
        opposed = pump == 0 or pairs[0]
        raise NoStateError(Status.NO_PERMEANT if opposed else Status.NO_SOLUTION)
    low, high = MODERATE
    closed = model.equation_name == "chord_steady"
    some = BATH if closed else (*BATH, *weights)
    if any(x[name] and not low <= x[name] <= high for name in some):
        raise NoStateError(Status.RANGE)
    if not closed and (abs(pump) > high or abs(z) > math.sqrt(high)):
        raise NoStateError(Status.RANGE)
    return {name: complex(value) for name, value in x.items()}


def _largest_current(model: Any, x: Mapping[str, Any]) -> Any:
    """Return the current of a constant pump, or of a saturating one that is full of Na."""
    if model.leak.pump == "constant":
        return x["pump_max"]
    if x["Na_out"] == 0:
        return 0.0
    return x["pump_max"] * _occupied(x["K_out"], x["pump_K_half"]) ** 2


def _occupied(c: Any, half: Any) -> Any:
    return c / (c + half) if c else 0.0


def _solved(model: Any, x: Numbers) -> State:
    """Return V in units of phi, of the constant field, and the pump current; or raise the error."""
    top = _largest_current(model, x).real
    if model.leak.pump == "constant" or top == 0 or not x["pump_Na_half"]:
        return _potential(model, x, top), complex(top)

    def state_at(na: float) -> State:
        current = top * _occupied(na, x["pump_Na_half"].real) ** 3
        return _potential(model, x, current), complex(current)

    def surplus(na: float) -> float:
        """Return the inside Na that leaks keep against the pump that binds it, less that Na."""
        try:
            return _outputs(model, x, state_at(na))["Na_in"].real - na
        except NoStateError as error:
            if error.status != Status.NO_SOLUTION:
                raise
            return math.copysign(math.inf, error.change)

    most = _bath(x).real
    if surplus(0.0) < 0 or surplus(most) > 0:
        raise NoStateError(Status.NO_SOLUTION)
    na = bisected(lambda one: -surplus(one), 0.0, most)
    ends = [surplus(one) for one in (math.nextafter(na, 0), na, math.nextafter(na, most))]
    if not all(map(math.isfinite, ends)) and min(map(abs, ends)) > 1e-9 * most:
        raise NoStateError(Status.NO_SOLUTION)  # it jumps where a state ceases to exist
    return state_at(na)


def _potential(model: Any, x: Numbers, current: float) -> complex:
    return complex(0) if model.weight == "g" else complex(_field_root(x, current))


def _outputs(model: Any, x: Numbers, state: State) -> dict[str, complex]:
    """Return the outputs that have a value by name, or raise NoStateError."""
    parts = _chord_parts(x, state) if model.weight == "g" else _field_parts(x, state)
    found = {
        **parts,
        "relative_volume": x["n_X"] / parts["X"],
        "osmolarity": _bath(x),
        "I_pump": state[1],
    }
    return {n: y for n, y in found.items() if not (n[:2] == "E_" and not x[f"{n[2:]}_out"])}


def _residuals(
    model: Any, x: Numbers, state: State, found: Mapping[str, complex]
) -> tuple[complex, complex]:
    """Return what is 0 in a steady state: the equation for V, and the pump's law."""
    current = _largest_current(model, x)
    if model.leak.pump == "saturating":
        current = current * _occupied(found["Na_in"], x["pump_Na_half"]) ** 3
    balance = state[0] if model.weight == "g" else _field_balance(x, state)[0]
    return balance, current - state[1]


def _bath(x: Numbers) -> complex:
    return sum(x[name] for name in (*BATH, "X_out"))


def _unit(x: Numbers) -> complex:
    return phi(x["celsius"])  # type: ignore[arg-type]


def _shares(r: complex, z: complex) -> tuple[complex, complex, complex]:
    """Return the root sqrt(r + z^2 m), and two parts of the osmolarity, from r = 1 - m.

    With r = 4 cations Cl_in/osmolarity^2, neutrality and osmotic balance are quadratic: the parts
    are those of the cations, or of Cl if z > 0, and of X.
    """
    size, margin = (z if z.real > 0 else -z), 1 - r
    root = cmath.sqrt(r + size * size * margin)
    return root, (root + r + size * margin) / (1 + root) / 2, margin / (1 + root)


def _exp(x: complex) -> complex:
    """Return exp(x), 0 where it is below the range of doubles, and the largest where above."""
    return 0j if x.real < -LARGEST_DRIVE else cmath.exp(complex(min(x.real, LARGEST_DRIVE), x.imag))


# ---- conductances ----


def drives(x: Numbers) -> tuple[complex, complex, complex, complex]:
    """Return the determinants of the linear system of driving forces a_j = (V - E_j)/phi.

    With q = I/phi, the current of a 3:2 pump, the conductances and the cotransporters of Na, K, 2
    Cl and of K, Cl give

        (diag(g_Na, g_K, g_Cl) + g_NKCC w w' + g_KCC v v') a = (-3q, 2q, 0),
        w = (1, 1, -2),  v = (0, 1, -1)

    Returned are its determinant, and those of -(a_Na - a_Cl)/q, (a_K - a_Cl)/q and a_Cl/q.
    """
    A, B, D, w, v = (x[f"g_{name}"] for name in LEAKS)
    whole = A * B * D + w * (B * D + A * D + 4 * A * B) + v * A * (B + D) + w * v * (A + B + D)
    na = 3 * B * D + w * (6 * B + 5 * D + 4 * A) + v * (3 * B + 3 * D + 2 * A)
    k = 2 * A * D + w * (4 * A + 5 * D + 6 * B)
    cl = 2 * A * (2 * w + v) - w * (6 * B + v)
    return whole, na, k, cl


class _Sums(NamedTuple):
    """Driving forces in units of phi, and the cations that they make room for."""

    d_na: complex
    d_k: complex
    a_cl: complex
    S_na: complex
    S_k: complex
    r: complex
    growth: complex  #: the sign of the change of both cations with the current


def _chord_sums(x: Numbers, current: complex) -> _Sums:
    whole, na, k, cl = drives(x)
    bath = _bath(x)
    if not (NORMAL[0] <= whole.real <= NORMAL[1] and MODERATE[0] <= bath.real <= MODERATE[1]):
        raise NoStateError(Status.RANGE)
    q = current / _unit(x) / whole
    d_na, d_k, a_cl = -q * na, q * k, q * cl
    if not all(math.isfinite(d.real) for d in (d_na, d_k, a_cl)):
        raise NoStateError(Status.RANGE)
    S_na, S_k = x["Na_out"] * _exp(d_na), x["K_out"] * _exp(d_k)
    r = 4 * (S_na + S_k) * x["Cl_out"] / bath**2
    return _Sums(d_na, d_k, a_cl, S_na, S_k, r, S_k * k - S_na * na)


def _chord_parts(x: Numbers, state: State) -> dict[str, complex]:
    """Return the outputs at a current by their closed form."""
    d_na, d_k, a_cl, S_na, S_k, r, growth = _chord_sums(x, state[1])
    unit, bath, S, Cl_out, z = _unit(x), _bath(x), S_na + S_k, x["Cl_out"], x["z_X"]
    if 1 - r.real <= LEAST_MARGIN:
        change = 1 if (growth.real < 0) == (state[1].real >= 0) else -1
        raise NoStateError(Status.NO_SOLUTION, change, 1 - r.real)
    root, part, X = _shares(r, z)
    if max(d_na.real, d_k.real) > LARGEST_DRIVE or not MODERATE[0] <= root.real <= MODERATE[1]:
        raise NoStateError(Status.RANGE)
    larger = bath * part
    # with theta = exp(-E_Cl/phi) the cations inside are S theta, and Cl is Cl_out/theta
    theta = Cl_out / larger if z.real > 0 else larger / S
    E_Cl = -unit * cmath.log(theta)
    return {
        "V": E_Cl + unit * a_cl,
        **{"E_K": E_Cl - unit * d_k, "E_Na": E_Cl - unit * d_na, "E_Cl": E_Cl},
        **{"K_in": theta * S_k, "Na_in": theta * S_na},
        "Cl_in": larger if z.real > 0 else S * Cl_out / larger,
        "X": bath * X,
        "margin": 1 - r,
    }


# ---- constant field ----


def _growth(u: complex) -> complex:
    """Return (exp(u) - 1)/u, for complex numbers beside the real axis."""
    if u.real == 0:
        return 1 + u / 2
    real = math.expm1(u.real) / u.real
    slope = (math.exp(u.real) - real) / u.real
    if abs(u.real) < 0.1:
        slope = math.fsum(k * u.real ** (k - 1) / math.factorial(k + 1) for k in range(1, 14))
    return complex(real, slope * u.imag)


def _field_balance(x: Numbers, state: State) -> tuple[complex, complex, complex]:
    """Return F, which is 0 at u = V/phi of the steady state, and A and B.

    With n(u) = (exp(u) - 1)/u, A = 3 I/(F P_Na) and B = 2 I/(F P_K) the balances of Na and K give

        Na_in = exp(-u) (Na_out - A n),   K_in = exp(-u) (K_out + B n)

    and Cl_in = exp(u) Cl_out. F compares the larger charge with the part that neutrality and
    osmotic balance give it. Where no room is left for X that part is 1/2.
    """
    u, current = state
    A = 3 * current / (FARADAY * x["P_Na"]) if current else 0j
    B = 2 * current / (FARADAY * x["P_K"]) if current else 0j
    bath, n = _bath(x), _growth(u)
    S = x["Na_out"] + x["K_out"] - (A - B) * n
    r = 4 * x["Cl_out"] * S / bath**2 if S.real > 0 else 0j
    part = _shares(r, x["z_X"])[1] if r.real < 1 else complex(0.5)
    if x["z_X"].real > 0:
        return u - cmath.log(bath * part / x["Cl_out"]), A, B
    if S.real <= 0:
        return complex(math.inf), A, B
    return u - cmath.log(S / (bath * part)), A, B


def _field_root(x: Numbers, current: float) -> float:
    """Return V in units of phi at a current."""

    def F(u: float) -> float:
        return _field_balance(x, (complex(u), complex(current)))[0].real

    start = -_field_balance(x, (0j, 0j))[0].real
    _, A, B = _field_balance(x, (0j, complex(current)))
    if A == B:
        return start
    if A.real > B.real and x["z_X"].real <= 1:
        return bisected(F, -LARGEST_DRIVE, start)
    low, width = start, 2.0**-5  # F is negative at the start
    while start + width < LARGEST_DRIVE and F(start + width) < 0:
        low, width = start + width, 1.25 * width
    return bisected(F, low, min(start + width, LARGEST_DRIVE))


def _field_parts(x: Numbers, state: State) -> dict[str, complex]:
    """Return the outputs at a current and the V that belongs to it."""
    u, unit, bath = state[0], _unit(x), _bath(x)
    _, A, B = _field_balance(x, state)
    falling = _growth(-u)  # exp(-u) n(u)
    na, k = x["Na_out"] / cmath.exp(u) - A * falling, x["K_out"] / cmath.exp(u) + B * falling
    Cl_in = x["Cl_out"] * cmath.exp(u)
    r = 4 * x["Cl_out"] * (x["Na_out"] + x["K_out"] - (A - B) * _growth(u)) / bath**2
    if na.real < 0 or k.real < 0 or (na == 0 and A != 0):
        raise NoStateError(Status.NO_SOLUTION, -1)
    if 1 - r.real <= LEAST_MARGIN:
        helps = (3 / x["P_Na"] - 2 / x["P_K"]).real > 0
        raise NoStateError(Status.NO_SOLUTION, 1 if helps == (state[1].real >= 0) else -1)
    E = {
        f"E_{ion}": unit * cmath.log(x[f"{ion}_out"] / c) if c.real else 0j
        for ion, c in (("K", k), ("Na", na))
    }
    return {
        "V": unit * u,
        **E,
        "E_Cl": unit * u,
        **{"K_in": k, "Na_in": na, "Cl_in": Cl_in},
        "X": bath * _shares(r, x["z_X"])[2],
        "margin": 1 - r,
    }
