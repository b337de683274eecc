"""Convergence of a quadrature: the number of nodes of each input for a given error.

The error of a Gauss rule is its difference from a rule with more nodes, along lines through the
space on which one input varies. That costs little, because the lines of one input need no
combinations with the nodes of others. The output bends most where the other inputs leave little of
a sum: further lines are placed there.
"""

import itertools
import math
from collections.abc import Mapping

import numpy as np

from fastrest.distributions.gauss import gauss_rule
from fastrest.models.outputs import Output
from fastrest.models.quantities import Status
from fastrest.points.inputs import Inputs
from fastrest.points.table_points import TablePoints

#: Numbers of nodes by level. An input has at most MOST; larger numbers only estimate errors.
LEVELS = (3, 5, 7, 9, 13, 19, 29, 43, 64, 96, 144)
MOST = 64
#: The error of a rule is its difference from the rule two levels on.
AHEAD = 2
#: Lines spread evenly over the other inputs.
LINES = 64
#: Probabilities of further lines at the ends of another input; the part of its probability that
#: each line represents; and those where two other inputs are low at once.
ENDS = 16.0 ** -np.arange(1, 8)
STRETCH = 4 - 1 / 4
BOTH_LOW = slice(1, 4)
#: Lines for each of these ends, with the remaining inputs at as many different places.
REPEATS = 3
#: The advice if exact indices are out of reach.
SAMPLE = "sample instead: space.sobol(2**17)"


class TooManyNodesError(ValueError):
    """Gauss quadrature of the whole output is out of reach."""


class Lines:
    """Lines through a space along each of its inputs.

    Parameters
    ----------
    space : Inputs
    output : Output
    inputs : list of str
        The inputs that the output depends on.
    mean, sd : float
        Mean and standard deviation of the output, mV.
    """

    def __init__(self, space: Inputs, output: Output, inputs: list[str], mean: float, sd: float):
        self.space, self.output, self.mean, self.sd = space, output, mean, sd
        self.given = {n: d for n, d in zip(space.names, space.distributions) if n in inputs}
        u, self.weights = places(len(inputs))
        self.points = {n: d.ppf(x) for (n, d), x in zip(self.given.items(), u.T)}
        self._moments: dict[tuple[str, int], tuple[np.ndarray, np.ndarray]] = {}
        self._errors: dict[tuple[str, int], float] = {}

    def enough(self, levels: Mapping[str, int], allowed: float) -> dict[str, int]:
        """Return levels raised, the largest error first, until the errors are within the limit."""
        raised = dict(levels)
        while self.errors(raised) > allowed:
            name = max(raised, key=lambda one: self.error(one, raised[one]))
            if LEVELS[raised[name]] == MOST:
                raise TooManyNodesError(
                    f"{name}: {MOST} nodes do not reach the tolerance, and more are not tried: "
                    f"pass a larger tolerance, or {SAMPLE}"
                )
            raised[name] += 1
        return raised

    def errors(self, levels: Mapping[str, int]) -> float:
        """Return the sum of the errors of all inputs' rules."""
        return sum(self.error(name, level) for name, level in levels.items())

    def error(self, name: str, level: int) -> float:
        """Return the error of one input's rule, as a part of the variance."""
        key = name, level
        if key not in self._errors:
            pairs = zip(self.moments(name, level), self.moments(name, level + AHEAD))
            of_mean, of_square = (float(self.weights @ np.abs(a - b)) for a, b in pairs)
            # a part of the variance is a product of two means, neither of which exceeds the sd
            self._errors[key] = of_square + 2 * of_mean
        return self._errors[key]

    def moments(self, name: str, level: int) -> tuple[np.ndarray, np.ndarray]:
        """Return means of V and V^2 along each line by a rule; V is in sd from its mean."""
        key = name, level
        if key not in self._moments:
            one = gauss_rule(self.given[name], LEVELS[level])
            shape = len(one.nodes), len(self.weights)
            points = {**self.points, name: one.nodes[:, None]}
            inputs = {n: np.broadcast_to(x, shape) for n, x in points.items()}
            V = np.empty(math.prod(shape))
            columns = self.output.columns_of(self.space.cell.merged(inputs))
            self.output.equation.points(columns, 0, V.size, V)
            check_finite(self.space, self.output, V, inputs)
            V = (V.reshape(shape) - self.mean) / self.sd
            self._moments[key] = one.weights @ V, one.weights @ np.square(V)
        return self._moments[key]


def places(dims: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of lines as probabilities of the inputs, (lines, dims), and weights.

    The first lines fill the cube evenly, more densely near its faces. The others lie far out at one
    end of an input, or where two inputs are low, and have the probabilities of such places as
    weights.
    """
    ends = [{i: u} for i in range(dims) for u in (*ENDS, *(1 - ENDS))]
    for i, j in itertools.combinations(range(dims), 2):
        ends += [{i: u, j: u} for u in ENDS[BOTH_LOW]]
    ends *= REPEATS
    u = np.sin(np.pi / 2 * evenly(LINES + len(ends), dims)) ** 2
    weights = np.full(len(u), 1 / LINES)
    for line, end in enumerate(ends, LINES):
        u[line, [*end]] = [*end.values()]
        weights[line] = math.prod(STRETCH * min(x, 1 - x) for x in end.values()) / REPEATS
    return u, weights


def evenly(n: int, dims: int) -> np.ndarray:
    """Return n points that fill a cube evenly, (n, dims).

    They are fractional parts of multiples of powers of 1/x, where x^(dims + 1) = x + 1; in one
    dimension x is the golden ratio
    (Roberts 2018, https://extremelearning.com.au/unreasonable-effectiveness-of-quasirandom-sequences/).
    """
    x = 2.0
    for _ in range(64):
        x = (1 + x) ** (1 / (dims + 1))
    steps = x ** -np.arange(1.0, dims + 1)
    return np.asarray((0.5 + np.outer(np.arange(1, n + 1), steps)) % 1)


def check_finite(
    space: Inputs, output: Output, values: np.ndarray, inputs: Mapping[str, np.ndarray]
) -> None:
    """Raise the ValueError that gives the place and reason, unless all values are finite."""
    finite = np.isfinite(values)
    if finite.all():
        return
    place = int(np.argmin(finite))
    at = {name: float(x.flat[place]) for name, x in inputs.items()}
    point = {name: [x] for name, x in {**space.cell, **at}.items()}
    points = TablePoints(space.cell, point, {}, ()).asked(output.name)
    status = Status(int(points.values_and_status()[1][0])).name
    if not finite.any():  # the sum may be one that no input enters
        raise ValueError(
            f"the cell has no potential ({status}), whatever {' and '.join(space.names)} may be"
        )
    where = ", ".join(f"{name}={x:g}" for name, x in at.items())
    raise ValueError(
        f"exact indices need a finite potential at all values of the inputs, got {status} at "
        f"{where}: narrow the distributions, or sample and leave such points out: "
        "space.sobol(2**17, nan_policy='omit')"
    )
