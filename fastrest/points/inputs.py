"""Uncertain inputs of a cell: distributions, correlations and derived parameters.

The Gaussian copula's arithmetic is plain and in a fixed order, so that the bits of the Cholesky
factor, and with it of samples, are the same on every machine.
"""

import math
import types
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastrest._core.validation import Frozen, as_float, unknown
from fastrest.distributions.base import Distribution, Scaled
from fastrest.distributions.families import Normal
from fastrest.distributions.scipy_frozen import as_distribution, is_distribution
from fastrest.models.quantities import Parameter
from fastrest.physiology.cell import Cell, checked_cell
from fastrest.points.derived import Derived, Linear, resolved

#: Least part of an input's variance that the correlations with the other inputs leave free.
LEAST_FREE = 1e-10


def checked_pairs(names: tuple[str, ...], correlation: Any) -> dict[tuple[str, str], float]:
    """Return the correlations other than 0 by pair of names, in the order of the names."""
    if correlation is None:
        return {}
    if not isinstance(correlation, Mapping):
        raise TypeError(
            f'correlation must be a mapping, as {{("K_out", "Na_out"): -0.8}}, got {correlation!r}'
        )
    given: dict[tuple[str, str], float] = {}
    for pair, value in correlation.items():
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError(f"correlation: a key must be a pair of names, got {pair!r}")
        for name in pair:
            if name not in names:
                raise ValueError(f"correlation: {unknown('input', name, names)}")
        if pair[0] == pair[1]:
            raise ValueError(f"correlation: a pair must be of two inputs, got {pair!r}")
        a, b = sorted(pair, key=names.index)
        rho = as_float(f"correlation of {a} and {b}", value)
        if not -1 < rho < 1:
            raise ValueError(f"correlation of {a} and {b} must be > -1 and < 1, got {rho!r}")
        if given.setdefault((a, b), rho) != rho:
            raise ValueError(f"correlation of {a} and {b} is given as {given[a, b]!r} and {rho!r}")
    ordered = sorted(given, key=lambda pair: (names.index(pair[0]), names.index(pair[1])))
    return {pair: given[pair] for pair in ordered if given[pair] != 0}


def _pearson(spearman: float) -> float:
    """Return the correlation of normal variables with a rank correlation, 2 sin(pi rho / 6)."""
    x = math.pi * spearman / 6
    term = total = x
    for k in range(1, 9):  # |x| <= pi/6: the next term is below 1e-20
        term *= -x * x / ((2 * k) * (2 * k + 1))
        total += term
    return 2 * total


def cholesky_factor(names: tuple[str, ...], pairs: Mapping[tuple[str, str], float]) -> np.ndarray:
    """Return the Cholesky factor of the copula, or raise the error for impossible correlations."""
    n = len(names)
    found = [[0.0] * n for _ in names]
    for i in range(n):
        for j in range(i + 1):
            rest = 1.0 if i == j else _pearson(pairs.get((names[j], names[i]), 0.0))
            for k in range(j):
                rest -= found[i][k] * found[j][k]
            if i > j:
                found[i][j] = rest / found[j][j]
            elif rest > LEAST_FREE:
                found[i][i] = math.sqrt(rest)
            else:
                raise ValueError(
                    f"impossible correlations: those of {', '.join(names[:i])} with each other "
                    f"and with {names[i]} contradict each other"
                )
    triangle = np.array(found)
    triangle.flags.writeable = False
    return triangle


class Inputs(Frozen):
    """A cell with uncertain inputs.

    Attributes
    ----------
    cell : Cell
    names : tuple of str
        The uncertain inputs, in the given order, which is that of columns and indices.
    distributions : tuple of Distribution
        The distributions of the inputs; omitted arguments are taken from the cell.
    derived : dict of str to Linear
        Parameters that follow from the inputs, in the given order, as a constant and a factor for
        each input. Points have no potential where a derived value lies outside its domain.
    correlation : mapping or None
        Spearman's correlations that are not 0, by pair of names.
    cholesky : ndarray or None
        Lower triangle L with L L' = Pearson's correlations of the underlying normal variables.
    """

    _hooks = ("check_independent", "check_no_derived", "follow", "pairs", "repr_lines")

    cell: Cell
    names: tuple[str, ...]
    distributions: tuple[Distribution, ...]
    cholesky: np.ndarray | None
    derived: dict[str, Linear]
    follow: dict[str, Derived]
    pairs: dict[tuple[str, str], float]

    def __init__(
        self,
        cell: Cell,
        distributions: Mapping[str, Any],
        correlation: Mapping[tuple[str, str], float] | None = None,
    ):
        model = checked_cell(cell).model
        if not distributions:
            raise ValueError(
                "a space needs at least one distribution, as in "
                "fr.space(cell, K_out=fr.uniform(3, 6))"
            )
        found, follow = {}, {}
        for name, given in distributions.items():
            parameter = model.parameter(name)
            if isinstance(given, Derived):
                follow[name] = given
            else:
                found[name] = _resolved(parameter, given, cell[name])
        if not found:
            raise ValueError(
                f"a space needs an input with a distribution beside {', '.join(follow)}"
            )
        names = tuple(found)
        pairs = checked_pairs(names, correlation)
        vars(self).update(
            cell=cell,
            names=names,
            distributions=tuple(found.values()),
            pairs=pairs,
            cholesky=cholesky_factor(names, pairs) if pairs else None,
            derived=resolved(cell, names, follow),
            follow=follow,
        )

    @property
    def correlation(self) -> Mapping[tuple[str, str], float] | None:
        """Spearman's correlations that are not 0, by pair of names, or None."""
        return types.MappingProxyType(self.pairs) if self.pairs else None

    def with_derived(self, columns: np.ndarray) -> dict[str, np.ndarray]:
        """Return the values of inputs and derived parameters by name.

        Parameters
        ----------
        columns : ndarray
            A row for each input, in the order of `names`.

        Returns
        -------
        dict of str to ndarray
        """
        inputs = dict(zip(self.names, columns))
        return {**inputs, **{name: one.of(inputs) for name, one in self.derived.items()}}

    def check_independent(self, what: str) -> None:
        """Raise the ValueError for correlated inputs; `what` needs independent ones."""
        if self.pairs:
            pairs = ", ".join(f"{a} and {b}" for a, b in self.pairs)
            raise ValueError(f"{what}: inputs must be independent, but {pairs} are correlated")

    def check_no_derived(self, what: str) -> None:
        """Raise the ValueError for derived parameters, with which `what` are not defined."""
        if self.derived:
            raise ValueError(
                f"{what} are not computed where parameters are derived, as "
                f"{', '.join(self.derived)}: let SALib sample space.evaluate"
            )

    # ---- manners ----

    def __len__(self) -> int:
        return len(self.names)

    @property
    def _identity(self) -> tuple[Any, ...]:
        pairs, follow = tuple(self.pairs.items()), tuple(self.follow.items())
        return self.cell, self.names, self.distributions, pairs, follow

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Inputs) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    def __reduce__(self) -> tuple[Any, ...]:
        given = {**dict(zip(self.names, self.distributions)), **self.follow}
        return type(self), (self.cell, given, self.pairs)

    def __repr__(self) -> str:
        plural = "s" * (len(self.names) > 1)
        first = f"<Space of {len(self.names)} input{plural}: {self.cell!r}"
        return "\n  ".join([first, *self.repr_lines()]) + ">"

    def repr_lines(self) -> list[str]:
        """Return a line for each input and derived parameter, and one for correlations."""
        lines = []
        for name, one in zip(self.names, self.distributions):
            lines.append(f"{name}: {one!r} {self.cell.model.parameters[name].unit}".rstrip())
        lines += [f"{name}: {one!r}" for name, one in self.follow.items()]
        if self.pairs:
            words = [f"{a}, {b}: {rho:g}" for (a, b), rho in self.pairs.items()]
            lines.append(f"rank correlations {'; '.join(words)}")
        return lines


# ---- checks ----


def _resolved(parameter: Parameter, given: Any, value: float) -> Distribution:
    """Return the distribution of one input, or raise the error that names the input."""
    name = parameter.name
    if not isinstance(given, Scaled) and not is_distribution(given):
        raise TypeError(
            f"{name} must be a distribution, as fr.uniform(3, 6), got {given!r}: give a certain "
            f"value to the cell by cell.replace({name}=...), and a measured sample to "
            "scipy.stats.rv_histogram"
        )
    try:
        scaled = isinstance(given, Scaled)
        found = given.of(value) if scaled else as_distribution(given).resolved(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from error.__cause__  # a user's own error
    _check_domain(parameter, found)
    return found


def _check_domain(parameter: Parameter, found: Distribution) -> None:
    """Raise the ValueError if a distribution reaches beyond the parameter's domain."""
    ends = zip(("low", "high"), ("below", "above"), found.bounds, parameter.domain)
    for argument, where, bound, limit in ends:
        rule = parameter.rule(bound)
        if rule is None or bound == limit:
            continue
        if math.isfinite(bound):
            raise ValueError(f"{parameter.name}{rule}: {found!r} reaches there")
        advice = f"give {argument}={limit:g}" if isinstance(found, Normal) else "truncate it"
        if parameter.domain[1] == math.inf:
            advice += ", or take fr.lognormal"
        unit = parameter.unit and " " + parameter.unit
        raise ValueError(f"{parameter.name}: {found!r} reaches {where} {limit:g}{unit}: {advice}")
