"""Exact Sobol' indices: the variance of V taken apart by Gauss quadrature of its two sums.

With independent inputs V = phi U, U = ln N - ln D, is a series of products of polynomials of the
inputs, each orthonormal under its input's distribution. What a set of inputs together adds to the
variance is the sum of the squared coefficients of the products of just these inputs (Sobol' 2001,
https://doi.org/10.1016/S0378-4754(00)00270-6). Gauss rules give the coefficients. As a permeability
enters N and D, but a concentration only one of them, two small grids of nodes do for all inputs:
coefficients in permeabilities alone are those of ln N less those of ln D, the others are those of
one of the two. Temperature only scales. `lines` tells how many nodes each input needs.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from . import engine
from .grids import SIDES
from .lines import LEVELS, SAMPLE, Lines, check_finite
from .model import as_float, phi
from .quadrature import Rule, rule
from .sensitivity import SobolIndices

if TYPE_CHECKING:
    from .spaces import Space

#: How many times the error is reported that the lines show.
SAFETY = 4.0
#: Rounding of coefficients, as a part of the largest logarithm.
ROUNDING = 2.0**-48
#: Multiplications in a product of matrices for which NumPy's BLAS starts no threads.
SMALL = 1 << 18
#: Nodes in all.
MOST_NODES = 10**8


class Variances(NamedTuple):
    """Mean (mV) and variance (mV^2) of V, and parts of the variance.

    ``total`` is what each input takes part in; ``pairs`` what two inputs add together and, on the
    diagonal, what each adds alone; ``rounding`` the error of all this as a part of the variance.
    """

    mean: float
    variance: float
    total: np.ndarray
    pairs: np.ndarray
    rounding: float


def sobol(
    space: "Space",
    *,
    tolerance: float = 1e-6,
    threads: int | None = None,
    max_memory: int | None = None,
) -> SobolIndices:
    """Exact Sobol' indices: see ``Space.sobol``, which takes the same arguments.

    Examples
    --------
    >>> import fastrest as fr
    >>> from fastrest import anova
    >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
    ...                  K_out=fr.uniform(3, 6))
    >>> anova.sobol(space)["ST"].round(4)
    array([0.913 , 0.0903])
    """
    if not 0 < as_float("tolerance", tolerance) < 1:
        raise ValueError(f"tolerance must be > 0 and < 1, got {tolerance!r}")
    _check(space)
    factored = Factored(space, threads, max_memory)
    levels = dict.fromkeys(factored.inputs, 0)
    rough = factored.at(levels)
    if rough.variance == 0:
        return _result(space, rough, 0.0)
    rounding = rough.rounding
    if rounding >= tolerance:
        raise ValueError(
            f"tolerance must be >= {2 * rounding:.1g} here, as potentials are rounded, "
            f"got {tolerance!r}"
        )
    lines = Lines(space, factored.inputs, rough.mean, math.sqrt(rough.variance))
    margin = SAFETY
    while True:
        levels = lines.enough(levels, (tolerance - rounding) / margin)
        found = factored.at(levels)
        lower = {name: max(level - 1, 0) for name, level in levels.items()}
        # lines are samples: the change from the levels below tells how well they speak for the rest
        change = difference(factored.at(lower), found)
        margin = SAFETY * max(1.0, change / (lines.errors(lower) + rounding))
        reached = margin * lines.errors(levels) + rounding
        if reached <= tolerance:
            return _result(space, found, reached)


def _check(space: "Space") -> None:
    """Raise the ValueError for a space without exact indices."""
    space._check_independent("Sobol' indices")
    if not space.cell.model.separable:
        raise ValueError(
            f"exact indices need a GHK model of monovalent ions, got {space.cell.model}: {SAMPLE}"
        )


def _result(space: "Space", found: Variances, reached: float) -> SobolIndices:
    n = len(space.names)
    with np.errstate(invalid="ignore"):  # what does not vary has no parts
        pairs, total = found.pairs / found.variance, found.total / found.variance
    upper = np.triu(np.ones((n, n), bool), 1)
    indices = {
        "S1": pairs.diagonal(),
        "S1_conf": np.zeros(n),
        "ST": total,
        "ST_conf": np.zeros(n),
        "S2": np.where(upper, pairs, np.nan),
        "S2_conf": np.where(upper, 0.0, np.nan),
    }
    return SobolIndices(space, indices, found.mean, found.variance, "exact", tolerance=reached)


def difference(a: Variances, b: Variances) -> float:
    """The largest difference of indices, of means in sd, and of variances as a part of them."""
    parts = [abs(a.mean - b.mean) / math.sqrt(b.variance), abs(a.variance / b.variance - 1)]
    for one, other in ((a.total, b.total), (a.pairs, b.pairs)):
        parts.append(float(np.abs(one / a.variance - other / b.variance).max()))
    return max(parts)


# ---- the analysis of variance ----


def coefficients(
    values: np.ndarray, rules: Sequence[Rule], threads: int | None = None
) -> np.ndarray:
    """Coefficients of orthonormal polynomials, from values at all combinations of nodes.

    Parameters
    ----------
    values : ndarray
        In C order over the nodes of the rules.
    rules : sequence of Rule
        One for each dimension.
    threads : int, optional

    Returns
    -------
    ndarray
        In C order over the degrees; as many as values.
    """
    threads = engine.thread_count(threads, values.size)
    for _, matrix in rules:
        values = _last(values.reshape(len(matrix), -1), matrix * matrix[0], threads)
    return values.reshape(-1)


def _last(values: np.ndarray, matrix: np.ndarray, threads: int) -> np.ndarray:
    """A matrix times the first dimension, which comes to stand last."""
    found = np.empty(values.shape[::-1])

    def work(start: int, stop: int) -> None:
        np.matmul(values[:, start:stop].T, matrix.T, out=found[start:stop])

    # large products would start threads beside ours
    engine.run(work, len(found), threads=threads, unit=max(1, SMALL // matrix.size), units=1)
    return found


def by_subset(squares: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Sums of squared coefficients by the inputs that have a degree above 0.

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
    for degrees in shape:  # the first dimension comes to stand last
        squares = squares.reshape(degrees, -1)
        squares = np.stack([squares[0], squares[1:].sum(axis=0)], axis=-1)
    return squares.reshape(-1)


class Logs(NamedTuple):
    """Coefficients of the logarithm of one sum, and the largest logarithm.

    ``coefs[i, j]`` is that of product i of polynomials in the inputs of both sums and product j in
    those of this one.
    """

    coefs: np.ndarray
    largest: float


class Factored:
    """V = phi (ln N - ln D) of a space, to be computed on nodes.

    Attributes
    ----------
    inputs : list of str
        The inputs that V depends on.
    """

    inputs: list[str]

    def __init__(self, space: "Space", threads: int | None, max_memory: int | None):
        self.space, self.threads, self.max_memory = space, threads, max_memory
        sides = {name: space.cell.model.sides(name) for name in space.names}
        self.inputs = [name for name in space.names if sides[name]]
        self.both = [name for name in space.names if sides[name] == {*SIDES}]
        self.one = {s: [name for name in space.names if sides[name] == {s}] for s in SIDES}

    def at(self, levels: Mapping[str, int]) -> Variances:
        """Variances by the rules of given levels."""
        given = dict(zip(self.space.names, self.space.distributions))
        rules = {name: rule(given[name], LEVELS[level]) for name, level in levels.items()}
        self._check_size(rules)
        num, den = (self._logs(side, rules) for side in SIDES)
        alone = num.coefs[:, 0] - den.coefs[:, 0]
        num.coefs[:, 0] = den.coefs[:, 0] = 0.0
        mean = float(alone[0])
        alone[0] = 0.0

        n = len(self.space.names)
        total, pairs, variance = np.zeros(n), np.zeros((n, n)), 0.0
        parts = [(self.both, alone)]
        parts += [(self.both + self.one[s], x.coefs) for s, x in zip(SIDES, (num, den))]
        for names, coefs in parts:
            sums = by_subset(np.square(coefs), [len(rules[name].nodes) for name in names])
            places = [self.space.names.index(name) for name in names]
            bits = 1 << np.arange(len(names))[::-1]
            pairs[np.ix_(places, places)] += sums[bits[:, None] | bits]
            members = np.arange(len(sums))[:, None] & bits > 0
            total[places] += sums @ members
            variance += float(sums.sum())
        noise = ROUNDING * (num.largest + den.largest)
        if variance <= noise**2:  # V does not vary, or with temperature alone
            total, pairs, variance = np.zeros(n), np.zeros((n, n)), 0.0
        if abs(mean) <= noise:
            mean = 0.0
        return self._times_phi(Variances(mean, variance, total, pairs, noise), rules)

    def _times_phi(self, U: Variances, rules: Mapping[str, Rule]) -> Variances:
        """Variances of V from those of U = V/phi."""
        if "celsius" in rules:
            one = rules["celsius"]
            of_phi = coefficients(phi(one.nodes), [one])
        else:
            of_phi = np.array([phi(self.space.cell["celsius"])])
        square, spread = float(of_phi[0] ** 2), float(np.square(of_phi[1:]).sum())
        total, pairs = (square + spread) * U.total, square * U.pairs
        variance = (square + spread) * U.variance + spread * U.mean**2
        if "celsius" in rules:
            t = self.space.names.index("celsius")
            total[t] = spread * (U.variance + U.mean**2)
            pairs[t, :] = pairs[:, t] = spread * U.pairs.diagonal()
            pairs[t, t] = spread * U.mean**2
        rounding = math.sqrt((square + spread) / variance) * U.rounding if variance else 0.0
        return Variances(float(of_phi[0]) * U.mean, variance, total, pairs, rounding)

    def _logs(self, side: str, rules: Mapping[str, Rule]) -> Logs:
        """The logarithm of one sum, on all nodes of the inputs that enter it."""
        cell, inner = self.space.cell, self.one[side]
        rows, columns = (_product([rules[n].nodes for n in names]) for names in (self.both, inner))
        shape = (_count(self.both, rules), _count(inner, rules))
        given = dict(zip(self.both, (x[:, None] for x in rows)))
        given.update(zip(inner, columns))
        inputs = {name: np.broadcast_to(x, shape) for name, x in given.items()}
        equation = cell.model.equation(f"log_{side}")
        values = cell.model.columns({**cell, **inputs})
        logs = np.empty(math.prod(shape))

        def work(start: int, stop: int) -> None:
            equation.points(values, start, stop - start, logs[start:stop])

        engine.run(work, logs.size, threads=self.threads)
        check_finite(self.space, logs, inputs)
        largest, middle = float(max(logs.max(), -logs.min())), float(logs[logs.size // 2])
        logs -= middle  # small numbers round less
        along = [rules[name] for name in (*self.both, *inner)]
        found = coefficients(logs, along, self.threads).reshape(shape)
        found[0, 0] += middle
        return Logs(found, largest)

    def _check_size(self, rules: Mapping[str, Rule]) -> None:
        """Raise for more nodes than are sensible, or than memory holds."""
        both, inner = _count(self.both, rules), [_count(self.one[s], rules) for s in SIDES]
        if both * sum(inner) > MOST_NODES:
            raise ValueError(
                f"exact indices of {len(rules)} inputs take {both * sum(inner):.1e} nodes, "
                f"more than {MOST_NODES:.0e}: {SAMPLE}, or pass a larger tolerance"
            )
        nodes = both * len(self.both) + sum(n * len(self.one[s]) for n, s in zip(inner, SIDES))
        need = 8 * (both * (sum(inner) + 2 * max(inner)) + nodes)
        engine.check_memory(need, self.max_memory, SAMPLE)


def _count(names: Sequence[str], rules: Mapping[str, Rule]) -> int:
    return math.prod(len(rules[name].nodes) for name in names)


def _product(nodes: Sequence[np.ndarray]) -> list[np.ndarray]:
    """All combinations, in C order: an array for each input."""
    return [one.ravel() for one in np.meshgrid(*nodes, indexing="ij")]
