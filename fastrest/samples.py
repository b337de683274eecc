"""Samples: random points of a space, computed where they are needed and never stored."""

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from . import _kernels, derived, directions
from ._kernels import Equation
from .physics import whole_number
from .sweep import Pieces, Sweep, checked_indices, labelled

if TYPE_CHECKING:
    from .spaces import Space

#: What `Space.sample` takes for rng: as text, or every import of fastrest would load numpy.random.
Rng: TypeAlias = "int | np.integer[Any] | np.random.SeedSequence | np.random.Generator | None"


class Sample(Sweep):
    """Random points of a space: made by ``space.sample``; see `Sweep`.

    Point i is a function of the space, the method, rng and i, for "lhs" also of n, alone: whatever
    asks for it, on whatever machine, gets the same bits.

    Attributes
    ----------
    space : Space
    method : str
    rng : int or None
        What makes the same sample again; None for a Sobol' sequence without scrambling.
    scramble : bool
    """

    dims = ("sample",)
    blocks_per_task = 4  # a point costs ten times that of a grid: Ctrl-C stays quick
    _inputs: Mapping[str, np.ndarray] = {}

    space: "Space"
    method: str
    rng: int | None
    scramble: bool

    def __init__(self, space: "Space", n: int, rng: Rng, method: str, scramble: bool):
        if method not in _kernels.METHODS:
            raise ValueError(f"method must be one of {', '.join(_kernels.METHODS)}, got {method!r}")
        n = whole_number("n", n, 1)
        if n > _kernels.MAX_POINTS[method]:
            most = _kernels.MAX_POINTS[method].bit_length() - 1
            raise ValueError(f"n must be at most 2**{most} for method={method!r}, got {n!r}")
        if not isinstance(scramble, bool):
            raise TypeError(f"scramble must be True or False, got {scramble!r}")
        if not scramble and method != "sobol":
            raise ValueError(f"scramble=False goes with method='sobol', got method={method!r}")
        vars(self).update(
            cell=space.cell,
            shape=(int(n),),
            space=space,
            method=method,
            rng=seed_of(rng) if scramble else None,
            scramble=scramble,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return Sample, (self.space, self.shape[0], self.rng, self.method, self.scramble)

    @property
    def varied(self) -> tuple[str, ...]:
        return (*self.space.names, *self.space.derived)

    @functools.cached_property
    def _drawn(self) -> _kernels.Sample:
        """The sample as the kernels draw it."""
        if self.method != "sobol":
            assert self.rng is not None  # only a Sobol' sequence goes without
            key = int(_sequence(self.rng).generate_state(1, np.uint64)[0])
            return kernel_sample(self.space, self.method, self.shape[0], key=key)
        n = len(self.space)
        if self.rng is None:
            ways, shifts = directions.plain(n), np.zeros(n, np.uint64)
        else:
            (ways,), (shifts,) = directions.scrambled(n, [_sequence(self.rng)])
        return kernel_sample(self.space, "sobol", self.shape[0], directions=ways, shifts=shifts)

    def _points(self) -> tuple[Equation, Pieces]:
        model = self.cell.model
        columns = model.columns({**self.cell, **draws(self.space, self._drawn)})
        return model.equation(), lambda start, stop: [(columns, 0, start, stop)]

    def parameters(self, indices: npt.ArrayLike) -> dict[str, np.ndarray]:
        places = checked_indices(indices, len(self))
        flat = np.ascontiguousarray(places.reshape(-1), np.int64)
        if flat.size and (np.diff(flat) == 1).all():
            found = self._drawn.draw(int(flat[0]), flat.size)
        else:
            found = self._drawn.draw_at(flat)
        return {name: x.reshape(places.shape) for name, x in zip(self.varied, found)}

    # ---- labels ----

    def _coordinates(self) -> dict[str, Any]:
        parameters = self.cell.model.parameters
        return {
            name: ("sample", values, labelled(parameters[name]))
            for name, values in self._beside(0, len(self)).items()
        }

    def _beside(self, start: int, stop: int) -> dict[str, np.ndarray]:
        return dict(zip(self.varied, self._drawn.draw(start, stop - start)))

    def _repr_lines(self) -> list[str]:
        scrambled = "" if self.scramble else ", not scrambled"
        return [*self.space._repr_lines(), f"method {self.method}, rng {self.rng}{scrambled}"]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sample) and self.__reduce__() == other.__reduce__()


def kernel_sample(space: "Space", method: str, n: int, **how: Any) -> _kernels.Sample:
    """Points of a space as the kernels draw them."""
    quantiles = [one.quantile for one in space.distributions]
    follow = derived.matrix(space.names, space.derived)
    return _kernels.Sample(method, n, quantiles, cholesky=space.cholesky, derived=follow, **how)


def draws(space: "Space", drawn: _kernels.Sample) -> dict[str, _kernels.Draw]:
    """The columns that are drawn, by parameter."""
    return {name: drawn.column(k) for k, name in enumerate((*space.names, *space.derived))}


def _sequence(seed: int) -> "np.random.SeedSequence":
    return np.random.SeedSequence(seed)


def seed_of(rng: Rng) -> int:
    """A whole number that stands for what was given as rng, fresh if that is None.

    Raises
    ------
    ValueError
        A number is negative.
    TypeError
        It is nothing that gives random numbers.
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
