"""Sample points: random points of a space, drawn where they are needed and never stored."""

import functools
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from fastrest._core import _kernels, _samples
from fastrest._core.validation import shown, whole_number
from fastrest.models.outputs import Output
from fastrest.physiology.cell import Cell
from fastrest.points import derived, sobol_sequence
from fastrest.points.inputs import Inputs
from fastrest.points.points import ColumnChunks, Points, checked_indices, labels_of, over_points

#: The type of the argument rng. It is text, because the names would import numpy.random.
Rng: TypeAlias = "int | np.integer[Any] | np.random.SeedSequence | np.random.Generator | None"


class SamplePoints(Points):
    """Random points of uncertain inputs.

    Point i is a function of the space, the method, rng and i alone, for "lhs" also of n: its bits
    are the same on every machine.

    Attributes
    ----------
    space : Space
    method : str
    rng : int or None
        A number that recreates the sample; None for a Sobol' sequence without scrambling.
    scramble : bool
    """

    _hooks = ("drawn", "kept")
    kind = "Sample"
    bits = 1
    dims = ("sample",)
    blocks_per_task = 4  # a point costs ten times that of a grid: Ctrl-C stays quick

    space: Inputs
    method: str
    rng: int | None
    scramble: bool

    def __init__(self, space: Inputs, n: int, rng: Rng, method: str, scramble: bool):
        if method not in _samples.METHODS:
            raise ValueError(f"method must be one of {', '.join(_samples.METHODS)}, got {method!r}")
        n = whole_number("n", n, 1)
        if n > _samples.MAX_POINTS[method]:
            most = _samples.MAX_POINTS[method].bit_length() - 1
            raise ValueError(f"n must be at most 2**{most} for method={method!r}, got {shown(n)}")
        if not isinstance(scramble, bool):
            raise TypeError(f"scramble must be True or False, got {scramble!r}")
        if not scramble and method != "sobol":
            raise ValueError(f"scramble=False needs method='sobol', got method={method!r}")
        vars(self).update(
            cell=space.cell,
            shape=(int(n),),
            space=space,
            method=method,
            rng=seed_of(rng) if scramble else None,
            scramble=scramble,
            output=space.cell.model.outputs["V"],
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.space, self.shape[0], self.rng, self.method, self.scramble)

    def with_cell(self, cell: Cell) -> Self:
        kind, (_, given, pairs) = self.space.__reduce__()
        return type(self)(kind(cell, given, pairs), *self.__reduce__()[1][1:])

    @property
    def varied(self) -> tuple[str, ...]:
        return (*self.space.names, *self.space.derived)

    @functools.cached_property
    def drawn(self) -> _samples.Sample:
        """The sample for the kernels."""
        if self.method != "sobol":
            key = int(np.random.SeedSequence(self.rng).generate_state(1, np.uint64)[0])
            return kernel_sample(self.space, self.method, self.shape[0], key=key)
        n = len(self.space)
        if self.rng is None:
            ways, shifts = sobol_sequence.sobol_directions(n), np.zeros(n, np.uint64)
        else:
            seeds = [np.random.SeedSequence(self.rng)]
            (ways,), (shifts,) = sobol_sequence.scrambled_directions(n, seeds)
        return kernel_sample(self.space, "sobol", self.shape[0], directions=ways, shifts=shifts)

    def chunks(self) -> tuple[_kernels.Equation, ColumnChunks]:
        columns = drawn_columns(self.output, self.space, self.drawn, len(self))
        return self.output.equation, lambda start, stop: [(columns, 0, start, stop)]

    def parameters(self, indices: npt.ArrayLike) -> dict[str, np.ndarray]:
        places = checked_indices(indices, len(self))
        flat = np.ascontiguousarray(places.reshape(-1), np.int64)
        if flat.size and (np.diff(flat) == 1).all():
            found = self.drawn.draw(int(flat[0]), flat.size)
        else:
            found = self.drawn.draw_at(flat)
        return {name: x.reshape(places.shape) for name, x in zip(self.varied, found)}

    # ---- labels ----

    def dataset_coordinates(self) -> dict[str, Any]:
        parameters = self.cell.model.parameters
        return {
            name: ("sample", values, labels_of(parameters[name]))
            for name, values in self.coordinates(0, len(self)).items()
        }

    def coordinates(self, start: int, stop: int) -> dict[str, np.ndarray]:
        return dict(zip(self.varied, self.drawn.draw(start, stop - start)))

    def repr_lines(self) -> list[str]:
        scrambled = "" if self.scramble else ", not scrambled"
        return [*self.space.repr_lines(), f"method {self.method}, rng {self.rng}{scrambled}"]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SamplePoints) and self.__reduce__() == other.__reduce__()


def kernel_sample(space: Inputs, method: str, n: int, **how: Any) -> _samples.Sample:
    """Return the points of a space for the kernels."""
    quantiles = [one.quantile for one in space.distributions]
    follow = derived.matrix(space.names, space.derived)
    return _samples.Sample(method, n, quantiles, cholesky=space.cholesky, derived=follow, **how)


def drawn_columns(
    output: Output, space: Inputs, drawn: _samples.Sample, n: int
) -> list[float | np.ndarray | _kernels.Draw]:
    """Return the columns of an output's equation, those of inputs drawn from n sample points."""
    names = (*space.names, *space.derived)
    draws = {name: drawn.column(k) for k, name in enumerate(names)}
    return over_points(output.columns_of(space.cell.merged(draws)), (n,))


def seed_of(rng: Rng) -> int:
    """Return a whole number that represents the argument rng, a fresh one for None.

    Raises
    ------
    ValueError
        The number is negative.
    TypeError
        The argument is neither a number nor a source of random numbers.
    """
    if rng is None:
        entropy = np.random.SeedSequence().entropy
        assert isinstance(entropy, int)
        return entropy
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(0, 2**63))
    if isinstance(rng, np.random.SeedSequence):
        low, high = rng.generate_state(2, np.uint64).tolist()
        return int(high) << 64 | int(low)
    if isinstance(rng, bool) or not hasattr(rng, "__index__"):
        raise TypeError(
            f"rng must be a whole number, a SeedSequence, a Generator or None, got {rng!r}"
        )
    if rng < 0:
        raise ValueError(f"rng must be >= 0, got {rng!r}")
    return int(rng)
