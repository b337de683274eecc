"""Exact Sobol' indices by pseudo-spectral polynomial chaos: Gauss quadrature of two sums.

An output V = phi U, U = ln N - ln D, of independent inputs is a series of products of polynomials,
each orthonormal under the distribution of its input. The part of the variance due to a set of
inputs together is the sum of the squared coefficients of the products of just these inputs
(Sobol' 2001, https://doi.org/10.1016/S0378-4754(00)00270-6). Gauss rules give the coefficients.
A permeability enters N and D, but a concentration only one of them. Two small grids of nodes
therefore suffice: coefficients in permeabilities alone are those of ln N less those of ln D, and
all others are those of one of the two. Temperature only scales. `convergence` chooses the number of
nodes of each input.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from fastrest._core.validation import as_float
from fastrest.distributions.gauss import GaussRule, gauss_rule
from fastrest.models.conditions import ConditionOutput
from fastrest.models.outputs import SIDES, Output, phi
from fastrest.points.inputs import Inputs
from fastrest.runtime import scheduler, system
from fastrest.sensitivity import transform
from fastrest.sensitivity.convergence import (
    LEVELS,
    SAMPLE,
    Lines,
    TooManyNodesError,
    check_finite,
)
from fastrest.sensitivity.indices import ShapleyEffects, SobolIndices
from fastrest.sensitivity.transform import TransformVariances, applies, touches_zero

#: Safety factor on the estimated quadrature error.
SAFETY = 4.0
#: Rounding of coefficients, as a part of the largest logarithm.
ROUNDING = 2.0**-48
#: Multiplications in a product of matrices for which NumPy's BLAS starts no threads.
SMALL = 1 << 18
#: The most nodes in all.
MOST_NODES = 10**8


class Variances(NamedTuple):
    """Mean (mV) and variance (mV^2) of an output, and parts of the variance.

    ``total`` is the part due to each input, alone or together with others; ``pairs`` the part due
    to two inputs together beyond the parts of each and, on the diagonal, to each input alone;
    ``rounding`` the rounding error of these parts as a part of the variance. ``parts`` are the
    parts due to every set of inputs: names, and an array numbered as that of `by_subset`.
    """

    mean: float
    variance: float
    total: np.ndarray
    pairs: np.ndarray
    rounding: float
    parts: list[tuple[list[str], np.ndarray]]

    def shares(self, names: Sequence[str]) -> np.ndarray:
        """Return the parts of the variance if each set's is shared equally among its inputs."""
        found = np.zeros(len(names))
        for inputs, sums in self.parts:
            members = _members(inputs, inputs)
            sizes = np.maximum(1, members.sum(axis=1))
            found[[names.index(name) for name in inputs]] += (sums / sizes) @ members
        return found

    def of_group(self, group: Sequence[str]) -> tuple[float, float]:
        """Return the parts due to a group of inputs alone, and alone or with others."""
        alone = total = 0.0
        for inputs, sums in self.parts:
            inside = _members(inputs, [name for name in inputs if name in group]).any(axis=1)
            others = _members(inputs, [name for name in inputs if name not in group]).any(axis=1)
            alone += float(sums[inside & ~others].sum())
            total += float(sums[inside].sum())
        return alone, total


#: An analysis of variance, by one method or the other.
Analysis = Variances | TransformVariances


def _members(inputs: Sequence[str], wanted: Sequence[str]) -> np.ndarray:
    """Return whether each wanted input is in each set of inputs, numbered as by `by_subset`."""
    sets, last = np.arange(1 << len(inputs)), len(inputs) - 1
    bits = [1 << last - inputs.index(name) for name in wanted]
    return (sets[:, None] & np.array(bits, np.int64)) > 0


def exact_indices(
    space: Inputs,
    output: Output,
    groups: Mapping[str, Sequence[str]] | None,
    tolerance: float = 1e-6,
    threads: int | None = None,
    max_memory: int | None = None,
) -> SobolIndices:
    """Return the exact Sobol' indices of an output: see ``Space.sobol``."""
    found, reached = exact_variances(space, output, tolerance, threads, max_memory)
    indices = _of_inputs(found) if groups is None else _of_groups(found, groups)
    mean, variance, of = found.mean, found.variance, output.name
    return SobolIndices(space, indices, mean, variance, tolerance=reached, of=of, groups=groups)


def exact_shapley(
    space: Inputs,
    output: Output,
    tolerance: float = 1e-6,
    threads: int | None = None,
    max_memory: int | None = None,
) -> ShapleyEffects:
    """Return the exact Shapley effects of an output: see ``Space.shapley``."""
    found, reached = exact_variances(space, output, tolerance, threads, max_memory)
    with np.errstate(invalid="ignore"):
        effects = found.shares(space.names) / found.variance
    indices = {"Sh": effects, "Sh_conf": np.zeros(len(effects))}
    mean, variance = found.mean, found.variance
    return ShapleyEffects(space, indices, mean, variance, tolerance=reached, of=output.name)


def exact_variances(
    space: Inputs,
    output: Output,
    tolerance: float,
    threads: int | None,
    max_memory: int | None,
) -> tuple[Analysis, float]:
    """Return the variances of an output, and the tolerance that they keep."""
    if not 0 < as_float("tolerance", tolerance) < 1:
        raise ValueError(f"tolerance must be > 0 and < 1, got {tolerance!r}")
    space.check_independent("Sobol' indices")
    if isinstance(output, ConditionOutput) and not output.has_log_sums:
        raise ValueError(
            "exact indices under conditions are those of V by a GHK model of monovalent ions "
            "without a pump current, where no condition changes celsius, got "
            f"{output.name} of {space.cell.model}: {SAMPLE}"
        )
    if not output.has_log_sums and space.cell.model.outputs["V"].has_log_sums:
        raise ValueError(
            "exact indices are those of V, of Nernst potentials and of their changes, got "
            f"{output.name}: {SAMPLE}"
        )
    if not output.has_log_sums:
        raise ValueError(
            "exact indices need a GHK model of monovalent ions without a pump current, got "
            f"{space.cell.model}: {SAMPLE}"
        )
    if applies(space, output) and any(touches_zero(one) for one in space.distributions):
        found = _by_transforms(space, output, tolerance)
        if found is not None:
            return found
    try:
        return _by_quadrature(space, output, tolerance, threads, max_memory)
    except TooManyNodesError:
        found = _by_transforms(space, output, tolerance)
        if found is None:
            raise
        return found


def _by_transforms(
    space: Inputs, output: Output, tolerance: float
) -> tuple[TransformVariances, float] | None:
    """Return the variances by Laplace transforms, or None if they are out of reach, too."""
    if not applies(space, output):
        return None
    before = TransformVariances(space, output, 0)
    for level in range(1, len(transform.LEVELS)):
        found = TransformVariances(space, output, level)
        if not found.rounding < tolerance:
            return None
        reached = difference(before, found) + found.rounding
        if reached <= tolerance:
            return found, reached
        before = found
    return None


def _by_quadrature(
    space: Inputs,
    output: Output,
    tolerance: float,
    threads: int | None,
    max_memory: int | None,
) -> tuple[Variances, float]:
    """Return the variances by Gauss quadrature of the two sums."""
    factored = Factored(space, output, threads, max_memory)
    levels = dict.fromkeys(factored.inputs, 0)
    rough = factored.at(levels)
    if rough.variance == 0:
        return rough, 0.0
    rounding = rough.rounding
    if rounding >= tolerance:
        raise ValueError(
            f"tolerance must be >= {2 * rounding:.1g} here, as potentials are rounded, "
            f"got {tolerance!r}"
        )
    lines = Lines(space, output, factored.inputs, rough.mean, math.sqrt(rough.variance))
    margin = SAFETY
    while True:
        levels = lines.enough(levels, (tolerance - rounding) / margin)
        found = factored.at(levels)
        lower = {name: max(level - 1, 0) for name, level in levels.items()}
        # lines are samples: the change from the levels below shows how far to trust their error
        change = difference(factored.at(lower), found)
        margin = SAFETY * max(1.0, change / (lines.errors(lower) + rounding))
        reached = margin * lines.errors(levels) + rounding
        if reached <= tolerance:
            return found, reached


def _of_inputs(found: Analysis) -> dict[str, np.ndarray]:
    n = len(found.total)
    with np.errstate(invalid="ignore"):  # parts of a variance of 0 are NaN
        pairs, total = found.pairs / found.variance, found.total / found.variance
    upper = np.triu(np.ones((n, n), bool), 1)
    return {
        "S1": pairs.diagonal(),
        "S1_conf": np.zeros(n),
        "ST": total,
        "ST_conf": np.zeros(n),
        "S2": np.where(upper, pairs, np.nan),
        "S2_conf": np.where(upper, 0.0, np.nan),
    }


def _of_groups(found: Analysis, groups: Mapping[str, Sequence[str]]) -> dict[str, np.ndarray]:
    parts = np.array([found.of_group(group) for group in groups.values()])
    with np.errstate(invalid="ignore"):
        alone, total = parts.T / found.variance
    zero = np.zeros(len(groups))
    return {"S1": alone, "S1_conf": zero, "ST": total, "ST_conf": zero}


def difference(a: Analysis, b: Analysis) -> float:
    """Return the largest difference: of indices, of means in sd, of variances as a part."""
    parts = [abs(a.mean - b.mean) / math.sqrt(b.variance), abs(a.variance / b.variance - 1)]
    for one, other in ((a.total, b.total), (a.pairs, b.pairs)):
        parts.append(float(np.abs(one / a.variance - other / b.variance).max()))
    return max(parts)


# ---- the analysis of variance ----


def coefficients(
    values: np.ndarray, rules: Sequence[GaussRule], threads: int | None = None
) -> np.ndarray:
    """Return coefficients of orthonormal polynomials, from values at all combinations of nodes.

    Parameters
    ----------
    values : ndarray
        In C order over the nodes of the rules.
    rules : sequence of GaussRule
        One for each dimension.
    threads : int, optional

    Returns
    -------
    ndarray
        In C order over the degrees; as many as values.
    """
    threads = scheduler.thread_count(threads, values.size)
    for _, matrix in rules:
        values = _last(values.reshape(len(matrix), -1), matrix * matrix[0], threads)
    return values.reshape(-1)


def _last(values: np.ndarray, matrix: np.ndarray, threads: int) -> np.ndarray:
    """Return a matrix times the first dimension, which becomes the last one."""
    found = np.empty(values.shape[::-1])

    def work(start: int, stop: int) -> None:
        np.matmul(values[:, start:stop].T, matrix.T, out=found[start:stop])

    # NumPy would run large products on threads of its own
    to_do = scheduler.ToDo(len(found), unit=max(1, SMALL // matrix.size), units=1)
    scheduler.run(work, to_do, threads=threads)
    return found


def by_subset(squares: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Return sums of squared coefficients by the set of inputs that have a degree above 0.

    Parameters
    ----------
    squares : ndarray
        In C order over the degrees.
    shape : sequence of int
        Number of degrees of each input.

    Returns
    -------
    ndarray, (2 ** len(shape),)
        Numbered by sets of inputs: the last input is bit 0.
    """
    for degrees in shape:  # the first dimension becomes the last one
        squares = squares.reshape(degrees, -1)
        squares = np.stack([squares[0], squares[1:].sum(axis=0)], axis=-1)
    return squares.reshape(-1)


class Factored:
    """An output phi (ln N - ln D) of a space, computed on nodes.

    Attributes
    ----------
    inputs : list of str
        The inputs that the output depends on.
    """

    def __init__(self, space: Inputs, output: Output, threads: int | None, max_memory: int | None):
        self.space, self.output = space, output
        self.threads, self.max_memory = threads, max_memory
        sides = {name: output.sides[name] for name in space.names}
        self.inputs = [name for name in space.names if sides[name]]
        self.both = [name for name in space.names if sides[name] == {*SIDES}]
        self.one = {s: [name for name in space.names if sides[name] == {s}] for s in SIDES}

    def at(self, levels: Mapping[str, int]) -> Variances:
        """Return the variances by the rules of given levels."""
        given = dict(zip(self.space.names, self.space.distributions))
        rules = {name: gauss_rule(given[name], LEVELS[level]) for name, level in levels.items()}
        self._check_size(rules)
        (num, largest_num), (den, largest_den) = (self._logs(side, rules) for side in SIDES)
        alone = num[:, 0] - den[:, 0]
        num[:, 0] = den[:, 0] = 0.0
        mean = float(alone[0])
        alone[0] = 0.0

        n = len(self.space.names)
        total, pairs, variance = np.zeros(n), np.zeros((n, n)), 0.0
        products = [(self.both, alone)]
        products += [(self.both + self.one[side], x) for side, x in zip(SIDES, (num, den))]
        parts = [
            (names, by_subset(np.square(coefs), [len(rules[name].nodes) for name in names]))
            for names, coefs in products
        ]
        for names, sums in parts:
            places = [self.space.names.index(name) for name in names]
            bits = 1 << np.arange(len(names))[::-1]
            pairs[np.ix_(places, places)] += sums[bits[:, None] | bits]
            members = np.arange(len(sums))[:, None] & bits > 0
            total[places] += sums @ members
            variance += float(sums.sum())
        noise = ROUNDING * (largest_num + largest_den)
        if variance <= noise**2:  # the output does not vary, or with temperature alone
            total, pairs, variance, parts = np.zeros(n), np.zeros((n, n)), 0.0, []
        if abs(mean) <= noise:
            mean = 0.0
        return self._times_phi(Variances(mean, variance, total, pairs, noise, parts), rules)

    def _times_phi(self, U: Variances, rules: Mapping[str, GaussRule]) -> Variances:
        """Return the variances of V from those of U = V/phi."""
        one = rules.get("celsius")
        celsius = np.array([self.space.cell["celsius"]]) if one is None else one.nodes
        of_phi = self.output.scale * coefficients(phi(celsius), [one] if one else [])
        square, spread = float(of_phi[0] ** 2), float(np.square(of_phi[1:]).sum())
        total, pairs = (square + spread) * U.total, square * U.pairs
        variance = (square + spread) * U.variance + spread * U.mean**2
        if one is not None:
            t = self.space.names.index("celsius")
            total[t] = spread * (U.variance + U.mean**2)
            pairs[t, :] = pairs[:, t] = spread * U.pairs.diagonal()
            pairs[t, t] = spread * U.mean**2
        rounding = math.sqrt((square + spread) / variance) * U.rounding if variance else 0.0
        parts = [(names, square * sums) for names, sums in U.parts]
        if one is not None:  # each set with the temperature, too
            parts += [
                ([*names, "celsius"], np.stack([0.0 * sums, spread * sums], axis=-1).reshape(-1))
                for names, sums in U.parts
            ]
            parts.append((["celsius"], np.array([0.0, spread * U.mean**2])))
        return Variances(float(of_phi[0]) * U.mean, variance, total, pairs, rounding, parts)

    def _logs(self, side: str, rules: Mapping[str, GaussRule]) -> tuple[np.ndarray, float]:
        """Return the coefficients of the logarithm of one sum, and the largest logarithm.

        Row i, column j is that of product i of polynomials in the inputs of both sums and product j
        in the inputs of this sum alone.
        """
        cell, inner = self.space.cell, self.one[side]
        rows, columns = (_product([rules[n].nodes for n in names]) for names in (self.both, inner))
        shape = (_count(self.both, rules), _count(inner, rules))
        given = dict(zip(self.both, (x[:, None] for x in rows)))
        given.update(zip(inner, columns))
        inputs = {name: np.broadcast_to(x, shape) for name, x in given.items()}
        equation = self.output.log_sums[side]
        values = self.output.log_columns({**cell, **inputs})
        logs = np.empty(math.prod(shape))

        def work(start: int, stop: int) -> None:
            equation.points(values, start, stop - start, logs[start:stop])

        scheduler.run(work, logs.size, threads=self.threads)
        check_finite(self.space, self.output, logs, inputs)
        largest = float(max(logs.max(), -logs.min(), self.output.log_size))
        middle = float(logs[logs.size // 2])
        logs -= middle  # the rounding of small numbers is smaller
        along = [rules[name] for name in (*self.both, *inner)]
        found = coefficients(logs, along, self.threads).reshape(shape)
        found[0, 0] += middle
        return found, largest

    def _check_size(self, rules: Mapping[str, GaussRule]) -> None:
        """Raise the error for too many nodes, or for more than memory holds."""
        both, inner = _count(self.both, rules), [_count(self.one[s], rules) for s in SIDES]
        if both * sum(inner) > MOST_NODES:
            raise TooManyNodesError(
                f"exact indices of {len(rules)} inputs take {both * sum(inner):.1e} nodes, "
                f"more than {MOST_NODES:.0e}: {SAMPLE}, or pass a larger tolerance"
            )
        nodes = both * len(self.both) + sum(n * len(self.one[s]) for n, s in zip(inner, SIDES))
        need = 8 * (both * (sum(inner) + 2 * max(inner)) + nodes)
        system.check_memory(need, self.max_memory, SAMPLE)


def _count(names: Sequence[str], rules: Mapping[str, GaussRule]) -> int:
    return math.prod(len(rules[name].nodes) for name in names)


def _product(nodes: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return all combinations of nodes in C order, an array for each input."""
    return [one.ravel() for one in np.meshgrid(*nodes, indexing="ij")]
