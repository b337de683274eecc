"""Probabilities of events, exactly: V >= v where a sum of independent terms is at least 0.

V >= v if and only if N >= x D with x = exp(v/phi), that is if the sum over ions of
T_i = P_i (n_i - x d_i) is at least 0, n_i and d_i being the concentrations in N and D. The terms of
ions are independent. Each is compressed, on either side of 0, to a Gauss rule in ln |T|; the
probability over one input, the driver, is known in closed form. No sample sees what happens
once in 10^14 cells.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from fastrest._core import _samples
from fastrest._core.validation import public
from fastrest.distributions.base import Distribution
from fastrest.distributions.gauss import gauss_rule, stieltjes
from fastrest.models.conditions import ConditionOutput
from fastrest.models.outputs import Output, phi
from fastrest.physiology.criteria import InRange
from fastrest.points.inputs import Inputs
from fastrest.sensitivity.transform import Rule, applies, concentrations, constant

#: The advice if a probability is out of reach.
SAMPLE = "count a sample, as space.sample(10**6).fraction(above=-55)"
#: Nodes of an input; nodes of a term on either side of 0, by level.
NODES, LEVELS = (20, 28, 40), (12, 18, 26)
#: A bound of a probability that no rule has seen.
UNSEEN = 1e-12
#: The part of a probability that rounding may change.
ROUNDING = 1e-11
#: The most nodes of a sum that is not compressed.
MOST = 1 << 12
#: Families whose distribution function is known in closed form, smooth ones first.
CLOSED = ("normal", "uniform", "triangular")


@public
class Probability(NamedTuple):
    """A probability, as ``space.probability`` returns it.

    Attributes
    ----------
    value : float
    low, high : float
        The value less and plus the estimated error: the change from rules of fewer nodes.

    Examples
    --------
    >>> import fastrest as fr
    >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
    ...                  K_out=fr.uniform(3, 6))
    >>> p = space.probability(of=fr.above(0))
    >>> f"{p.value:.3g}", bool(p.high - p.low < 1e-3 * p.value)
    ('2.65e-14', True)
    """

    value: float
    low: float
    high: float


def exact_probability(
    space: Inputs, output: Output, event: InRange, tolerance: float
) -> Probability:
    """Return the probability of an event about V: see ``Space.probability``."""
    check_exact(space, output, repr(event))
    found, error = math.nan, math.inf
    for driver in drivers(space, output, next(filter(math.isfinite, (event.low, event.high)), 0.0)):
        now = _in_range(space, output, event, driver, 0)
        for level in range(1, len(LEVELS)):
            before, now = now, _in_range(space, output, event, driver, level)
            change = max(abs(now - before), ROUNDING * now)
            if not change >= error:
                found, error = now, change
            if 0.0 < error <= tolerance * found:
                return Probability(found, max(0.0, found - error), min(1.0, found + error))
    if found == error == 0.0:  # by all rules, which end at what happens once in 10^12 draws
        return Probability(0.0, 0.0, UNSEEN)
    raise ValueError(
        f"the probability is {found:.3g} within {error:.2g}: pass a larger tolerance, or {SAMPLE}"
    )


def check_exact(space: Inputs, output: Output, asked: str) -> None:
    """Raise the ValueError for a quantity whose distribution is not known exactly."""
    space.check_independent("Exact probabilities")
    if isinstance(output, ConditionOutput):
        raise ValueError(
            f"exact probabilities are those of cells without a condition, got {asked}: "
            f"cell.replace makes a condition the cell's own; or {SAMPLE}"
        )
    if output.name != "V" or not applies(space, output):
        raise ValueError(
            "exact probabilities are those of V by a GHK model of monovalent ions without a pump "
            f"current, got {asked} of {output.model}: {SAMPLE}"
        )


def _in_range(space: Inputs, output: Output, event: InRange, driver: str, level: int) -> float:
    """Return the probability of a range by rules of a level, as a difference of the small tails."""
    ends = [x for x in (event.low, event.high) if math.isfinite(x)]
    sides = {x: sides_of(space, output, x, driver, level) for x in ends}
    below_low, above_low = sides.get(event.low, (0.0, 1.0))
    below_high, above_high = sides.get(event.high, (1.0, 0.0))
    return max(0.0, above_low - above_high if above_low < 0.5 else below_high - below_low)


def sides_of(
    space: Inputs, output: Output, v: float, driver: str, level: int
) -> tuple[float, float]:
    """Return the probabilities of V below and above a value, mV, by rules of a level."""
    given = dict(zip(space.names, space.distributions))
    if "celsius" not in given:
        u = v / float(phi(space.cell["celsius"]))
        return _tails(space, output, given, u, driver, level)
    rule = gauss_rule(given["celsius"], NODES[0])
    parts = [
        _tails(space, output, given, v / float(phi(celsius)), driver, level)
        for celsius in rule.nodes
    ]
    below, above = rule.weights @ np.array(parts)
    return float(below), float(above)


def _tails(
    space: Inputs,
    output: Output,
    given: Mapping[str, Distribution],
    u: float,
    driver: str,
    level: int,
) -> tuple[float, float]:
    """Return the probabilities of V/phi below and above u."""
    model, cell, k, x = output.model, space.cell, LEVELS[level], math.exp(u)

    def rule(name: str) -> Rule:
        if name not in given:
            return constant(cell[name])
        found = gauss_rule(given[name], NODES[level])
        return Rule(found.nodes, found.weights)

    ions: dict[str, Ion] = {}
    for ion in model.permeant:
        weight = f"{model.weight}_{ion.name}"
        n, d = concentrations(ion)
        factor = cell.get("pump_ratio", 1.0) if ion.name == model.pump_ion else 1.0
        ions[ion.name] = Ion((weight, n, d), scaled(rule(weight), factor), rule(n), rule(d), factor)
    rest = constant(0.0)
    for ion in ions.values():
        if driver not in ion.names:
            term = _product(ion.P, compressed(ion.force(x), k))
            rest = _outer(rest, compressed(term, k))
            rest = compressed(rest, k) if rest.nodes.size > MOST else rest
    ion = next(one for one in ions.values() if driver in one.names)
    role = ion.names.index(driver)
    R = rest.nodes[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        if role == 0:  # P (n - x d) >= -R
            other = compressed(ion.force(x), k)
            at, sign = -R / (other.nodes * ion.factor), other.nodes
        else:  # n >= x d - R/P, or d <= (n + R/P)/x
            P, beside = ion.P, (ion.d if role == 1 else ion.n)
            weights = np.multiply.outer(P.weights, beside.weights).reshape(-1)
            per_P = -R[:, :, None] / P.nodes[:, None]
            at = x * beside.nodes + per_P if role == 1 else (beside.nodes - per_P) / x
            at = at.reshape(len(R), -1)
            sign = np.repeat(P.nodes, beside.nodes.size) * (1.0 if role == 1 else -1.0)
            other = Rule(sign, weights)
    less, more = tails(given[driver], at)
    sure = np.where(R >= 0, 1.0, 0.0)  # where the driver has no force
    above = np.where(sign > 0, more, np.where(sign < 0, less, sure))
    below = np.where(sign > 0, less, np.where(sign < 0, more, 1.0 - sure))
    return float(rest.weights @ below @ other.weights), float(rest.weights @ above @ other.weights)


class Ion(NamedTuple):
    """The rules of an ion: its permeability, and the concentrations n and d.

    Attributes
    ----------
    names : tuple of str
        Of the three parameters.
    P, n, d : Rule
    factor : float
        The pump ratio, which the rule of P includes.
    """

    names: tuple[str, str, str]
    P: Rule
    n: Rule
    d: Rule
    factor: float

    def force(self, x: float) -> Rule:
        """Return the rule of n - x d."""
        return _outer(self.n, scaled(self.d, -x))


def drivers(space: Inputs, output: Output, v: float) -> list[str]:
    """Return the inputs that may be integrated in closed form, the most promising first.

    These are permeabilities with smooth and wide distributions, of an ion without which the sum of
    the terms keeps its sign: where that is near 0, a probability changes abruptly.
    """
    model = output.model
    medians = {name: float(one.ppf(0.5)) for name, one in zip(space.names, space.distributions)}
    at = {**space.cell, **medians}
    x = math.exp(v / float(phi(at["celsius"])))
    forces = {}
    for ion in model.permeant:
        weight, (n, d) = f"{model.weight}_{ion.name}", concentrations(ion)
        forces[weight, n, d] = at[weight] * (at[n] - x * at[d])

    found = []
    for name, one in zip(space.names, space.distributions):
        if name != "celsius" and one.recipe.base in CLOSED:
            others = [force for names, force in forces.items() if name not in names]
            up = math.fsum(max(0.0, force) for force in others)
            down = math.fsum(max(0.0, -force) for force in others)
            pure = 1 - min(up, down) / max(up, down) if up or down else 1.0
            spread = float((one.ppf(0.9) - one.ppf(0.1)) / one.ppf(0.5))
            concentration = not name.startswith(f"{model.weight}_")
            found.append((concentration, CLOSED.index(one.recipe.base), -spread * pure, name))
    if not found:
        raise ValueError(f"no uncertain input has a distribution in closed form: {SAMPLE}")
    return [name for *_, name in sorted(found)]


# ---- rules ----


def scaled(rule: Rule, factor: float) -> Rule:
    """Return the rule of a multiple."""
    return Rule(factor * rule.nodes, rule.weights)


def _outer(a: Rule, b: Rule) -> Rule:
    """Return the rule of the sum of two independent values."""
    nodes = np.add.outer(a.nodes, b.nodes).reshape(-1)
    return Rule(nodes, np.multiply.outer(a.weights, b.weights).reshape(-1))


def _product(a: Rule, b: Rule) -> Rule:
    nodes = np.multiply.outer(a.nodes, b.nodes).reshape(-1)
    return Rule(nodes, np.multiply.outer(a.weights, b.weights).reshape(-1))


def compressed(rule: Rule, k: int) -> Rule:
    """Return a rule of k nodes on either side of 0, exact for polynomials in ln |x| there."""
    parts = [Rule(np.zeros(1), rule.weights[rule.nodes == 0].sum(keepdims=True))]
    for sign in (-1.0, 1.0):
        side = sign * rule.nodes > 0
        y, w = np.log(np.abs(rule.nodes[side])), rule.weights[side]
        mass = float(w.sum())
        if mass == 0.0:
            continue
        w = w / mass
        mean = float(w @ y)
        sd = math.sqrt(float(w @ np.square(y - mean)))
        if y.size <= k or sd < 1e-12:
            parts.append(Rule(rule.nodes[side], rule.weights[side]))
            continue
        a, b = stieltjes((y - mean) / sd, w, k)
        nodes, vectors = np.linalg.eigh(np.diag(a) + np.diag(b, 1) + np.diag(b, -1))
        parts.append(Rule(sign * np.exp(mean + sd * nodes), mass * np.square(vectors[0])))
    return Rule(*(np.concatenate(columns) for columns in zip(*parts)))


# ---- distribution functions ----


def tails(distribution: Distribution, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the probabilities of values below and above x, both to their last digits."""
    recipe = distribution.recipe
    with np.errstate(divide="ignore", invalid="ignore"):
        natural = np.log(np.maximum(x, 0.0) / recipe.offset) if recipe.log else x - recipe.offset
        y = natural / recipe.scale
    if recipe.base == "normal":
        lower, upper = _samples.all_normal_tails(y)
        below = np.clip((lower - recipe.a) / recipe.c, 0.0, 1.0)
        return below, np.clip((upper - recipe.b) / recipe.c, 0.0, 1.0)
    y = np.clip(y, 0.0, 1.0)
    if recipe.base == "uniform":
        return y, 1.0 - y
    mode = recipe.a
    rising, falling = y * y / max(mode, 1e-300), np.square(1.0 - y) / max(1.0 - mode, 1e-300)
    return np.where(y < mode, rising, 1.0 - falling), np.where(y < mode, 1.0 - rising, falling)
