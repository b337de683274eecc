"""Quantiles and density of V over a space, from exact probabilities.

Quantiles are roots of the distribution function, found by the secant method in the logarithm of the
smaller tail, on which the rules of most nodes are then asked once. The density is a central
difference of fourth order. Errors are those of two levels of rules and of two steps.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastrest._core.validation import as_float, public
from fastrest.models.outputs import Output
from fastrest.points.inputs import Inputs
from fastrest.points.sample_points import SamplePoints
from fastrest.sensitivity.probability import LEVELS, SAMPLE, check_exact, drivers, sides_of

#: Points of the sample in which quantiles are first looked for.
FEW = 1 << 12
#: The most steps of the secant method, the change of V (mV) at which it ends, and its longest step
#: in units of the sd.
STEPS, ENOUGH, LONGEST = 40, 1e-7, 3.0
#: The change between two levels at which no other driver is tried.
CONVERGED = 1e-6
#: The least sd of values that vary, as a part of the largest.
LEAST = 1e-12
#: The step of a difference, in units of the sd.
STEP = 0.1


@public
class Bounded(NamedTuple):
    """A number, or an array of numbers, with its bounds by the estimated error.

    Attributes
    ----------
    value : float or ndarray
    low, high : float or ndarray

    Examples
    --------
    >>> import fastrest as fr
    >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
    ...                  K_out=fr.uniform(3, 6))
    >>> V = space.quantile(0.5)
    >>> round(V.value, 4), V.high - V.low < 1e-6
    (-70.6631, True)
    """

    value: Any
    low: Any
    high: Any


class Law:
    """The distribution of V over a space, by rules of two levels."""

    def __init__(self, space: Inputs, output: Output, asked: str):
        check_exact(space, output, asked)
        self.space, self.output = space, output
        V = SamplePoints(space, FEW, 0, "sobol", True).values_and_status()[0]
        V = V[np.isfinite(V)]
        if not V.size or not V.std() > LEAST * np.abs(V).max():
            raise ValueError(f"V does not vary over the space, and has no {asked}")
        self.sample, self.sd = np.sort(V), float(V.std())

    def driver(self, v: float, upper: bool) -> str:
        """Return the input to integrate in closed form near a value: that which converges best."""

        best, least = "", math.inf
        for driver in drivers(self.space, self.output, v):
            few, more = (self.tail(v, upper, driver, level) for level in (0, 1))
            change = abs(more - few) / more if more > 0 else math.inf
            if change < least or not best:
                best, least = driver, change
            if least < CONVERGED:
                break
        return best

    def tail(self, v: float, upper: bool, driver: str, level: int) -> float:
        """Return the probability above, or below, a value."""
        return sides_of(self.space, self.output, v, driver, level)[int(upper)]


def quantiles(space: Inputs, output: Output, q: npt.ArrayLike, tolerance: float) -> Bounded:
    """Return quantiles of V: see ``Space.quantile``."""
    asked = np.asarray(q, float)
    if not ((asked > 0) & (asked < 1)).all():
        raise ValueError(f"q must be probabilities > 0 and < 1, got {q!r}")
    _positive("tolerance", tolerance)
    law = Law(space, output, "quantiles")
    found = [_quantile(law, p, tolerance) for p in asked.reshape(-1).tolist()]
    return _shaped(found, asked.shape)


def density(space: Inputs, output: Output, v: npt.ArrayLike, tolerance: float) -> Bounded:
    """Return the density of V, 1/mV: see ``Space.density``."""
    asked = np.asarray(v, float)
    if not np.isfinite(asked).all():
        raise ValueError(f"v must be finite potentials in mV, got {v!r}")
    _positive("tolerance", tolerance)
    law = Law(space, output, "density")
    found = [_density(law, x, tolerance) for x in asked.reshape(-1).tolist()]
    return _shaped(found, asked.shape)


def _positive(name: str, value: float) -> None:
    if not as_float(name, value) > 0:
        raise ValueError(f"{name} must be > 0, got {value!r}")


def _shaped(found: list[tuple[float, float]], shape: tuple[int, ...]) -> Bounded:
    """Return values with their errors as they were asked for: a number, or an array."""
    value, error = np.array(found).reshape(-1, 2).T
    columns = value, value - error, value + error
    if not shape:
        return Bounded(*(float(x[0]) for x in columns))
    return Bounded(*(x.reshape(shape) for x in columns))


def _quantile(law: Law, p: float, tolerance: float) -> tuple[float, float]:
    upper, target = p > 0.5, min(p, 1 - p)
    start = float(law.sample[min(law.sample.size - 1, int(p * law.sample.size))])
    driver, top = law.driver(start, upper), len(LEVELS) - 1

    def off(v: float, level: int) -> float:
        found = law.tail(v, upper, driver, level)
        return math.log(max(found, 1e-320) / target)

    v, slope = _root(lambda x: off(x, top - 1), start, law.sd)
    rough, fine = off(v, top - 1), off(v, top)
    v -= fine / slope  # one step more by the rules of most nodes
    error = abs(fine - rough) / abs(slope) + ENOUGH
    if not error <= tolerance:
        raise ValueError(
            f"the quantile {p:g} is {v:.6g} mV within {error:.2g} mV: pass a larger tolerance, or "
            "take that of a sample, as space.sample(10**6).quantile([0.5])"
        )
    return v, error


def _root(f: Callable[[float], float], start: float, sd: float) -> tuple[float, float]:
    """Return the root of a monotone function by the secant method within a bracket, and the slope.

    The bracket is what the signs have shown so far; a step beyond it halves it.
    """
    a, b = start, start + 0.1 * sd
    of_a, of_b = f(a), f(b)
    slope, low, high = (of_b - of_a) / (b - a), -math.inf, math.inf
    falling = of_b < of_a
    for _ in range(STEPS):
        if (of_b > 0) == falling:
            low = max(low, b)
        else:
            high = min(high, b)
        slope = (of_b - of_a) / (b - a) if b != a else slope
        step = -of_b / slope if slope else sd
        new = b + max(-LONGEST * sd, min(LONGEST * sd, step))
        if not low <= new <= high:
            new = (low + high) / 2 if math.isfinite(low + high) else b + math.copysign(sd, step)
        a, of_a = b, of_b
        b, of_b = new, f(new)
        if abs(b - a) <= ENOUGH or of_b == 0:
            break
    return b, slope


def _density(law: Law, v: float, tolerance: float) -> tuple[float, float]:
    upper = bool(v > law.sample[law.sample.size // 2])
    driver, top, h = law.driver(v, upper), len(LEVELS) - 1, STEP * law.sd
    sign = -1.0 if upper else 1.0

    def slopes(level: int) -> tuple[float, float]:
        """Return the derivative by two steps."""
        at = {k: law.tail(v + k * h, upper, driver, level) for k in (-2, -1, -0.5, 0.5, 1, 2)}

        def by(k: float) -> float:
            near, far = at[k] - at[-k], at[2 * k] - at[-2 * k]
            return sign * (8 * near - far) / (12 * k * h)

        return by(1), by(0.5)

    (_, rough), (wide, found) = slopes(top - 1), slopes(top)
    error = abs(found - wide) + abs(found - rough)
    if not error <= tolerance * max(found, 1e-300) and found > 0:
        raise ValueError(
            f"the density at {v:g} mV is {found:.3g} within {error:.2g} per mV: pass a larger "
            f"tolerance, or {SAMPLE}"
        )
    return max(0.0, found), error
