"""How many nodes each input of a quadrature needs: V is followed along lines, one input varied.

Along a line a rule with more nodes shows what a rule leaves out. That costs little, as the lines
of one input need no combinations with the nodes of others; and V bends where the others leave
little of a sum, so that lines are drawn there too.
"""

import itertools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .physics import Status
from .quadrature import rule
from .tables import table

if TYPE_CHECKING:
    from .spaces import Space

#: Numbers of nodes: an input has at most MOST, more only show what fewer leave out.
LEVELS = (3, 5, 7, 9, 13, 19, 29, 43, 64, 96, 144)
MOST = 64
#: What a rule leaves out is its difference from the rule two levels on.
AHEAD = 2
#: Lines all over the other inputs.
LINES = 64
#: Further lines at the ends of another input, at these probabilities, each for the stretch around
#: it; and where two others are low at once, at some of them.
ENDS = 16.0 ** -np.arange(1, 8)
STRETCH = 4 - 1 / 4
BOTH_LOW = slice(1, 4)
#: Lines for each of these ends, with the rest of the inputs at as many different places.
REPEATS = 3
#: The way out.
SAMPLE = "sample instead: space.sobol(2**17)"


class Lines:
    """Lines through a space along each of its inputs.

    Parameters
    ----------
    space : Space
    inputs : list of str
        Those that V depends on.
    mean, sd : float
        Of V, mV.
    """

    def __init__(self, space: "Space", inputs: list[str], mean: float, sd: float):
        self.space, self.mean, self.sd = space, mean, sd
        self.given = {n: d for n, d in zip(space.names, space.distributions) if n in inputs}
        u, self.weights = places(len(inputs))
        self.points = {n: d.ppf(x) for (n, d), x in zip(self.given.items(), u.T)}
        self._moments: dict[tuple[str, int], tuple[np.ndarray, np.ndarray]] = {}
        self._errors: dict[tuple[str, int], float] = {}

    def enough(self, levels: Mapping[str, int], allowed: float) -> dict[str, int]:
        """Levels raised, where it helps most, until the rules leave out no more than is allowed."""
        raised = dict(levels)
        while self.errors(raised) > allowed:
            name = max(raised, key=lambda one: self.error(one, raised[one]))
            if LEVELS[raised[name]] == MOST:
                raise ValueError(
                    f"{name}: {MOST} nodes do not reach the tolerance, and more are not tried: "
                    f"pass a larger tolerance, or {SAMPLE}"
                )
            raised[name] += 1
        return raised

    def errors(self, levels: Mapping[str, int]) -> float:
        """What the rules of all inputs leave out."""
        return sum(self.error(name, level) for name, level in levels.items())

    def error(self, name: str, level: int) -> float:
        """What the rule of one input leaves out of V^2, as a part of the variance, and V, in sd."""
        key = name, level
        if key not in self._errors:
            pairs = zip(self.moments(name, level), self.moments(name, level + AHEAD))
            of_mean, of_square = (float(self.weights @ np.abs(a - b)) for a, b in pairs)
            # a part of the variance is a product of two means, each of them up to the sd
            self._errors[key] = of_square + 2 * of_mean
        return self._errors[key]

    def moments(self, name: str, level: int) -> tuple[np.ndarray, np.ndarray]:
        """Means of V and of V^2 along each line by a rule; V is taken from its mean, in sd."""
        key = name, level
        if key not in self._moments:
            one = rule(self.given[name], LEVELS[level])
            shape = len(one.nodes), len(self.weights)
            points = {**self.points, name: one.nodes[:, None]}
            inputs = {n: np.broadcast_to(x, shape) for n, x in points.items()}
            model, V = self.space.cell.model, np.empty(math.prod(shape))
            columns = model.columns({**self.space.cell, **inputs})
            model.equation().points(columns, 0, V.size, V)
            check_finite(self.space, V, inputs)
            V = (V.reshape(shape) - self.mean) / self.sd
            self._moments[key] = one.weights @ V, one.weights @ np.square(V)
        return self._moments[key]


def places(dims: int) -> tuple[np.ndarray, np.ndarray]:
    """Where lines stand, as probabilities of the inputs, (lines, dims), and what each weighs.

    Evenly but for the ends of the inputs, near which more stand; then far out at one end, or with
    two inputs low: these weigh as much as such places are probable.
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
    """n points that fill a cube evenly, (n, dims): multiples of a few numbers, less their wholes.

    The numbers are powers of 1/x with x^(dims + 1) = x + 1; in one dimension x is the golden ratio
    (Roberts 2018, https://extremelearning.com.au/unreasonable-effectiveness-of-quasirandom-sequences/).
    """
    x = 2.0
    for _ in range(64):
        x = (1 + x) ** (1 / (dims + 1))
    steps = x ** -np.arange(1.0, dims + 1)
    return np.asarray((0.5 + np.outer(np.arange(1, n + 1), steps)) % 1)


def check_finite(space: "Space", values: np.ndarray, inputs: Mapping[str, np.ndarray]) -> None:
    """Raise the ValueError that says where V, or the logarithm of a sum, is not finite, and why."""
    finite = np.isfinite(values)
    if finite.all():
        return
    place = int(np.argmin(finite))
    at = {name: float(x.flat[place]) for name, x in inputs.items()}
    point = {name: [x] for name, x in {**space.cell, **at}.items()}
    status = Status(int(table(space.cell, point).status()[0])).name
    if not finite.any():  # perhaps of a sum that no input enters
        raise ValueError(
            f"the cell has no potential ({status}), whatever {' and '.join(space.names)} may be"
        )
    where = ", ".join(f"{name}={x:g}" for name, x in at.items())
    raise ValueError(
        f"exact indices need a finite potential at all values of the inputs, got {status} at "
        f"{where}: narrow the distributions, or sample and leave such points out: "
        "space.sobol(2**17, nan_policy='omit')"
    )
