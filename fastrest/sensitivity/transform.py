"""Exact variances by Laplace transforms: N and D are sums of independent terms, one for each ion.

With ln x = int_0^inf (exp(-t) - exp(-t x))/t dt, the covariance of ln X and ln Y', two of N and D
of which Y' is a copy that shares only the inputs of a set u, is

    int int [prod_i L_i(t, s) - prod_i L_i(t) L_i(s)] dt ds/(t s)

with the transforms L_i(t, s) = E exp(-t x_i - s y_i') of the terms of single ions. Three such
covariances, of N and N', N and D', and D and D', give the part of the variance of V that u causes
alone. The cost is that of one ion at a time, whatever the number of inputs, and a permeability may
be 0. Tables hold delta = L(t, s) - L(t) L(s), as centred sums, so that nothing cancels.

Nodes are t = exp(y - exp(-y)), y equally spaced (Takahasi & Mori 1974). Shapley effects follow from
the multilinear extension of the variance of a random set (Owen 1972).
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from fastrest.distributions.base import Distribution
from fastrest.distributions.gauss import gauss_rule
from fastrest.models.outputs import Output, phi
from fastrest.models.quantities import Ion
from fastrest.points.inputs import Inputs

#: Where the nodes in y begin, how far they may go, and the transform beyond which they end.
FIRST, LAST, NEGLIGIBLE = -4.0, 60.0, 1e-17
#: Steps in y, and nodes of an input, by level.
LEVELS = ((0.4, 20), (0.25, 32), (0.125, 64), (0.125, 96))
#: Rounding of a covariance, as a part of the sum of both logarithms' variances.
ROUNDING = 1e-15
#: The covariances of the two sums, and their signs in the variance of ln N - ln D.
KINDS = {("num", "num"): 1.0, ("num", "den"): -2.0, ("den", "den"): 1.0}


class Rule(NamedTuple):
    """Nodes of a quantity, and their weights, which are probabilities."""

    nodes: np.ndarray
    weights: np.ndarray


class Term(NamedTuple):
    """The term of an ion in one of both sums, at all nodes t.

    Attributes
    ----------
    mean : ndarray, (t,)
        The transform.
    by_weight, by_c : ndarray, (nodes, t)
        Deviations of the transform at given permeabilities, and at given concentrations.
    by_both : ndarray, (nodes, t)
    """

    mean: np.ndarray
    by_weight: np.ndarray
    by_other: np.ndarray
    by_both: np.ndarray


class Place(NamedTuple):
    """The place of an input: its ion, and "P", or the sum that its concentration enters."""

    ion: int
    role: str


class Transforms:
    """The transforms of a space: means and covariances of U = ln N - ln D.

    Attributes
    ----------
    places : dict of str to Place
        The place of each input but the temperature.
    mean, variance : float
    rounding : float
        The rounding error of covariances, as a part of the variance.
    """

    def __init__(self, space: Inputs, output: Output, level: int):
        step, nodes = LEVELS[level]
        model, cell = output.model, space.cell
        given = dict(zip(space.names, space.distributions))

        def rule(name: str) -> Rule:
            return _rule(given[name], nodes) if name in given else constant(cell[name])

        self.places: dict[str, Place] = {}
        factors: dict[str, list[tuple[Rule, Rule]]] = {"num": [], "den": []}
        for i, ion in enumerate(model.permeant):
            weight, pump = f"{model.weight}_{ion.name}", cell.get("pump_ratio", 1.0)
            P = rule(weight)
            if ion.name == model.pump_ion:
                P = Rule(P.nodes * pump, P.weights)
            if weight in given:
                self.places[weight] = Place(i, "P")
            for side, name in zip(("num", "den"), concentrations(ion)):
                factors[side].append((P, rule(name)))
                if name in given:
                    self.places[name] = Place(i, side)
        self.ions = len(model.permeant)
        self.terms, self.weights = {}, {}
        log_means = {}
        for side, pairs in factors.items():
            unit = math.fsum(_mean(P) * _mean(c) for P, c in pairs)
            t, w = _nodes(pairs, unit, step)
            terms = [_term(P, c, t / unit) for P, c in pairs]
            self.terms[side], self.weights[side] = terms, w
            product = np.prod([term.mean for term in terms], axis=0)
            log_means[side] = math.log(unit) + float(w @ (np.exp(-t) - product))
        self.mean = log_means["num"] - log_means["den"]
        self.deltas = {kind: list(self._deltas(*kind)) for kind in KINDS}
        everything = frozenset(self.places)
        self.variance = max(0.0, self.closed(everything))
        spread = sum(self._closed((s, s), everything) for s in self.terms)
        self.rounding = ROUNDING * spread / self.variance if self.variance > 0 else math.inf

    def _deltas(self, first: str, second: str) -> Iterator[dict[str, np.ndarray]]:
        """Yield the tables of each ion by the inputs that are shared."""
        for a, b in zip(self.terms[first], self.terms[second], strict=True):
            if first != second:  # its concentrations are independent
                yield {"P": a.by_weight.T @ b.by_weight}
            else:
                yield {
                    "P": a.by_weight.T @ a.by_weight,
                    "c": a.by_other.T @ a.by_other,
                    "Pc": a.by_both.T @ a.by_both,
                }

    def _means(self, kind: tuple[str, str], i: int) -> tuple[np.ndarray, np.ndarray]:
        return self.terms[kind[0]][i].mean, self.terms[kind[1]][i].mean

    def _delta(self, kind: tuple[str, str], i: int, names: frozenset[str]) -> np.ndarray | None:
        """Return the table of an ion if some inputs are shared; None if that changes nothing."""
        roles = {self.places[name].role for name in names if self.places[name].ion == i}
        key = "P" * ("P" in roles) + "c" * (kind[0] == kind[1] and kind[0] in roles)
        return self.deltas[kind][i].get(key)

    def _sum(self, kind: tuple[str, str], table: np.ndarray) -> float:
        return float(self.weights[kind[0]] @ table @ self.weights[kind[1]])

    def _closed(self, kind: tuple[str, str], names: frozenset[str]) -> float:
        """Return the covariance of two sums that share some inputs."""
        return self._telescoped(kind, [self._delta(kind, i, names) for i in range(self.ions)])

    def _telescoped(self, kind: tuple[str, str], deltas: list[np.ndarray | None]) -> float:
        """Return the sum of a product over ions less that of the means, ion by ion."""
        before: np.ndarray | float = 1.0
        total = 0.0
        after = [np.ones(len(self.weights[side])) for side in kind]
        later = [after]
        for i in reversed(range(self.ions)):
            after = [x * mean for x, mean in zip(after, self._means(kind, i))]
            later.append(after)
        for i in range(self.ions):
            delta, (a, b) = deltas[i], self._means(kind, i)
            left, right = later[self.ions - 1 - i]
            if delta is not None:
                total += self._sum(kind, before * delta * left[:, None] * right)
            own = a[:, None] * b
            before = before * (own if delta is None else own + delta)
        return total

    def closed(self, names: frozenset[str]) -> float:
        """Return the part of the variance that some inputs cause alone."""
        return sum(sign * self._closed(kind, names) for kind, sign in KINDS.items())

    def _among_means(self, kind: tuple[str, str], table: np.ndarray, *ions: int) -> float:
        """Return the sum of a table of some ions, times the means of all others."""
        sides = []
        for side in kind:
            means = [term.mean for i, term in enumerate(self.terms[side]) if i not in ions]
            sides.append(math.prod(means, start=self.weights[side]))
        return float(sides[0] @ table @ sides[1])

    def closed_singles(self) -> dict[str, float]:
        """Return the part of the variance that each input causes alone."""
        found = dict.fromkeys(self.places, 0.0)
        for name, place in self.places.items():
            for kind, sign in KINDS.items():
                delta = self._delta(kind, place.ion, frozenset([name]))
                if delta is not None:
                    found[name] += sign * self._among_means(kind, delta, place.ion)
        return found

    def totals(self) -> dict[str, float]:
        """Return the part of the variance that each input causes alone or with others."""
        found = dict.fromkeys(self.places, 0.0)
        everything = frozenset(self.places)
        for kind, sign in KINDS.items():
            others = _without_each([self._full(kind, i, everything) for i in range(self.ions)])
            for name, place in self.places.items():
                whole = self._delta(kind, place.ion, everything)
                rest = self._delta(kind, place.ion, everything - {name})
                change = (0.0 if whole is None else whole) - (0.0 if rest is None else rest)
                if isinstance(change, np.ndarray):
                    found[name] += sign * self._sum(kind, change * others[place.ion])
        return found

    def _full(self, kind: tuple[str, str], i: int, names: frozenset[str]) -> np.ndarray:
        a, b = self._means(kind, i)
        delta = self._delta(kind, i, names)
        return np.asarray(a[:, None] * b + (0.0 if delta is None else delta))

    def pairs(self, first: str, second: str) -> float:
        """Return the part of the variance that two inputs cause together, beyond their own."""
        a, b, both = frozenset([first]), frozenset([second]), frozenset([first, second])
        if not both <= self.places.keys():
            return 0.0
        i, j = self.places[first].ion, self.places[second].ion
        total = 0.0
        for kind, sign in KINDS.items():
            if i == j:
                parts = [self._delta(kind, i, names) for names in (both, a, b)]
                if any(part is None for part in parts):
                    continue  # the sum depends on one of them alone
                table = parts[0] - parts[1] - parts[2]  # type: ignore[operator]
            else:
                one, other = self._delta(kind, i, a), self._delta(kind, j, b)
                if one is None or other is None:
                    continue
                table = one * other
            total += sign * self._among_means(kind, table, i, j)
        return total

    def shares(self, others: int = 0) -> tuple[dict[str, float], float]:
        """Return the parts of the variance if each set's is shared equally among its inputs.

        If a further input is in every set, `others` is 1, and its own share is returned, too.
        """
        found, last = dict.fromkeys(self.places, 0.0), 0.0
        x, w = np.polynomial.legendre.leggauss(self.ions + 1)
        by_ion: list[dict[str, str]] = [{} for _ in range(self.ions)]
        for name, (i, role) in self.places.items():
            by_ion[i][role] = name
        for q, weight in zip((x + 1) / 2, w / 2):
            for kind, sign in KINDS.items():
                factors = [self._random(kind, i, by_ion[i], q) for i in range(self.ions)]
                if others:
                    deltas = [delta for _, _, delta in factors]
                    last += weight * sign * self._telescoped(kind, deltas)
                rest = _without_each([factor for factor, _, _ in factors])
                for (_, slopes, _), product in zip(factors, rest):
                    for name, slope in slopes.items():
                        part = sign * self._sum(kind, slope * product)
                        found[name] += weight * q**others * part
        return found, last

    def _random(
        self, kind: tuple[str, str], i: int, inputs: dict[str, str], q: float
    ) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray | None]:
        """Return an ion's factor if each input is shared with probability q.

        And its slopes by the probabilities of the inputs, and what it has beyond the means.
        """
        P, c = inputs.get("P"), inputs.get(kind[0]) if kind[0] == kind[1] else None
        table = self._delta(kind, i, frozenset(x for x in (P, c) if x is not None))
        a, b = self._means(kind, i)
        factor = a[:, None] * b
        if table is None:
            return factor, {}, None
        if P is None or c is None:
            return factor + q * table, {str(P or c): table}, q * table
        by_P, by_c = (self._delta(kind, i, frozenset([name])) for name in (P, c))
        assert by_P is not None
        assert by_c is not None
        beyond = table - by_P - by_c
        delta = q * (by_P + by_c) + q * q * beyond
        return factor + delta, {P: by_P + q * beyond, c: by_c + q * beyond}, delta


def _without_each(factors: list[np.ndarray]) -> list[np.ndarray | float]:
    """Return for each factor the product of all others."""
    before: list[Any] = [1.0]
    for factor in factors[:-1]:
        before.append(before[-1] * factor)
    after: Any = 1.0
    for i in reversed(range(len(factors))):
        before[i] = before[i] * after
        after = after * factors[i]
    return before


class TransformVariances:
    """Mean (mV) and variance (mV^2) of an output, and parts of the variance: see `Variances`."""

    def __init__(self, space: Inputs, output: Output, level: int):
        self.U = Transforms(space, output, level)
        one = dict(zip(space.names, space.distributions)).get("celsius")
        celsius = constant(space.cell["celsius"]) if one is None else _rule(one, 64)
        of_phi = output.scale * phi(celsius.nodes)
        mean = float(celsius.weights @ of_phi)
        self.square, self.spread = mean**2, float(celsius.weights @ np.square(of_phi - mean))
        self.mean, self.rounding = mean * self.U.mean, self.U.rounding
        both = self.square + self.spread
        self.alone = self.spread * self.U.mean**2  # of the temperature
        self.variance = both * self.U.variance + self.alone
        names, n = space.names, len(space.names)
        self.total, self.pairs = np.zeros(n), np.zeros((n, n))
        nothing = dict.fromkeys(names, 0.0)  # of inputs that do not enter, as those of passive ions
        singles = nothing | self.U.closed_singles()
        totals = nothing | self.U.totals()
        for i, name in enumerate(names):
            if name == "celsius":
                self.total[i] = self.spread * self.U.variance + self.alone
                self.pairs[i, i] = self.alone
                continue
            self.total[i], self.pairs[i, i] = both * totals[name], self.square * singles[name]
            for j, other in enumerate(names[:i]):
                part = (
                    self.spread * singles[name]
                    if other == "celsius"
                    else self.square * self.U.pairs(other, name)
                )
                self.pairs[i, j] = self.pairs[j, i] = part
        if "celsius" in names:
            t = names.index("celsius")
            for j in range(t):
                self.pairs[t, j] = self.pairs[j, t] = self.spread * singles[names[j]]

    def shares(self, names: Sequence[str]) -> np.ndarray:
        """Return the parts of the variance if each set's is shared equally among its inputs."""
        shares, _ = self.U.shares()
        found = dict.fromkeys(names, 0.0) | {n: self.square * x for n, x in shares.items()}
        if "celsius" in names:
            shares, last = self.U.shares(others=1)
            found |= {name: found[name] + self.spread * x for name, x in shares.items()}
            found["celsius"] = self.alone + self.spread * last
        return np.array([found[name] for name in names])

    def of_group(self, group: Sequence[str]) -> tuple[float, float]:
        """Return the parts due to a group of inputs alone, and alone or with others."""
        inside = frozenset(group) & self.U.places.keys()
        alone = self.U.closed(inside)
        beyond = self.U.variance - self.U.closed(frozenset(self.U.places) - inside)
        if "celsius" not in group:
            return self.square * alone, (self.square + self.spread) * beyond
        both = (self.square + self.spread) * alone + self.alone
        return both, self.square * beyond + self.spread * self.U.variance + self.alone


def touches_zero(distribution: Distribution) -> bool:
    """Return True if an input may be 0, where logarithms of sums change fast."""
    if distribution.log or distribution.bounds[0] > 0.0:
        return False
    least, middle = distribution.ppf([2.0**-30, 0.5])
    return bool(least < 1e-3 * middle)


def applies(space: Inputs, output: Output) -> bool:
    """Return True if an output has transforms: the potential of monovalent ions on both sides."""
    if not (output.two_sided and output.separable) or "pump_ratio" in space.names:
        return False
    cell, weight = space.cell, output.model.weight

    def enters(name: str) -> bool:
        return name in space.names or cell[name] > 0

    entering = [ion for ion in output.model.permeant if enters(f"{weight}_{ion.name}")]
    return all(any(enters(concentrations(ion)[side]) for ion in entering) for side in (0, 1))


def concentrations(ion: Ion) -> tuple[str, str]:
    """Return the names of the concentrations of a monovalent ion in N and in D."""
    out, inside = f"{ion.name}_out", f"{ion.name}_in"
    return (out, inside) if ion.z > 0 else (inside, out)


# ---- rules ----


def constant(value: float) -> Rule:
    return Rule(np.array([value]), np.ones(1))


def _rule(distribution: Distribution, m: int) -> Rule:
    """Return a Gauss rule, or near 0 one that is denser there (Takahasi & Mori 1974)."""
    if not touches_zero(distribution):
        rule = gauss_rule(distribution, m)
        return Rule(rule.nodes, rule.weights)
    y = np.linspace(-3.2, 3.2, m)
    far = np.exp(math.pi / 2 * 2 * np.sinh(y))  # u/(1 - u)
    u, v = far / (1 + far), 1 / (1 + far)
    w = np.cosh(y) * u * v
    return Rule(distribution.quantile(u, v), w / w.sum())


def _mean(rule: Rule) -> float:
    return float(rule.weights @ rule.nodes)


def _nodes(
    pairs: list[tuple[Rule, Rule]], unit: float, step: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes t and weights of dt/t, up to where the transform of the sum ends."""
    end = 4.0
    while end < LAST:
        t = np.array([math.exp(end - math.exp(-end))])
        if math.prod(float(_transform(P, c, t / unit)[0]) for P, c in pairs) < NEGLIGIBLE:
            break
        end += 1.0
    y = np.arange(FIRST, end + step / 2, step)
    return np.exp(y - np.exp(-y)), step * (1 + np.exp(-y))


def _transform(P: Rule, c: Rule, t: np.ndarray) -> np.ndarray:
    values = np.exp(-t[:, None, None] * P.nodes[:, None] * c.nodes)
    return np.asarray(values @ c.weights @ P.weights)


def _term(P: Rule, c: Rule, t: np.ndarray) -> Term:
    values = np.exp(-np.multiply.outer(np.multiply.outer(P.nodes, c.nodes), t))
    by_P = np.tensordot(c.weights, values, (0, 1))
    by_c = np.tensordot(P.weights, values, (0, 0))
    mean = P.weights @ by_P
    both = (P.weights[:, None] * c.weights).reshape(-1)
    return Term(
        mean,
        np.sqrt(P.weights)[:, None] * (by_P - mean),
        np.sqrt(c.weights)[:, None] * (by_c - mean),
        np.sqrt(both)[:, None] * (values.reshape(len(both), -1) - mean),
    )
