"""Axes of grids: parameters that vary together along one dimension."""

import types
from collections.abc import Mapping, Sequence, Set
from typing import Any

import numpy as np

from fastrest._core.validation import Frozen, equal, shown
from fastrest.models.quantities import unit_named
from fastrest.physiology.multiples import Times
from fastrest.runtime.columns import aligned, numbers


class Axis(Frozen):
    """Parameters that vary together along one dimension: made by `axis`.

    Examples
    --------
    >>> import fastrest as fr
    >>> bath = fr.axis("bath", K_out=[3.0, 5.0], Na_out=[147.0, 145.0])
    >>> fr.grid(fr.cells["mammalian neuron"], bath).values().round(2)
    array([-73.77, -69.81])
    """

    _hooks = ("label_name",)

    name: str
    parameters: Mapping[str, Any]
    length: int
    labels: tuple[Any, ...] | None

    def __init__(self, name: str, labels: Sequence[Any] | None, parameters: Mapping[str, Any]):
        if not isinstance(name, str) or not name:
            raise TypeError(f"an axis needs a name, got {name!r}")
        if not parameters:
            raise ValueError(f"axis {name!r} needs at least one parameter")
        given, lengths = {}, {}
        for n, v in aligned(parameters).items():
            values = _axis_values(n, v.factors if isinstance(v, Times) else v, isinstance(v, Times))
            given[n], lengths[n] = v if isinstance(v, Times) else values, len(values)
        first, length = next(iter(lengths.items()))
        for other, n_values in lengths.items():
            if n_values != length:
                raise ValueError(
                    f"axis {name!r}: {other} has {n_values} values, {first} has {length}"
                )
        if labels is not None:
            ordered = np.iterable(labels) and not isinstance(labels, str | bytes | Set | Mapping)
            if not ordered:
                raise TypeError(f"axis {name!r}: labels must be a sequence, got {shown(labels)}")
            labels = tuple(labels)
            if any(np.ndim(label) for label in labels):
                raise TypeError(f"axis {name!r}: a label must be one value, got {labels!r}")
            if len(labels) != length:
                raise ValueError(
                    f"axis {name!r}: {len(labels)} labels for {length} values of {first}"
                )
        vars(self).update(
            name=name, parameters=types.MappingProxyType(given), length=length, labels=labels
        )

    def __len__(self) -> int:
        return self.length

    def __reduce__(self) -> tuple[Any, ...]:
        return Axis, (self.name, self.labels, dict(self.parameters))

    @property
    def label_name(self) -> str:
        """The name of the column of labels."""
        return f"{self.name}_label" if self.name in self.parameters else self.name

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Axis)
            and equal((self.name, self.labels), (other.name, other.labels))
            and self.parameters.keys() == other.parameters.keys()
            # equal arrays, or equal `Times`, which NumPy compares as one object each
            and all(np.array_equal(v, other.parameters[n]) for n, v in self.parameters.items())
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<axis {self.name!r}: {', '.join(self.parameters)}, {self.length} values>"


def axis(name: str, *, labels: Sequence[Any] | None = None, **parameters: Any) -> Axis:
    """Return an axis of a grid along which one or more parameters vary together.

    Parameters
    ----------
    name : str
        Name of the dimension.
    labels : sequence, optional
        A label for each place on the axis.
    **parameters : array_like or Times
        A value of each parameter for each place: arrays of equal length, or `times` of such arrays.

    Returns
    -------
    Axis

    Raises
    ------
    ValueError
        There is no parameter, or lengths differ.

    Examples
    --------
    >>> import numpy as np, fastrest as fr
    >>> k = np.array([2.5, 5.0, 10.0])
    >>> cell = fr.cells["mammalian neuron"]
    >>> sweep = fr.grid(cell, fr.axis("ringer", K_out=k, Na_out=150 - k))
    >>> np.round(sweep.values(), 2)
    array([-74.86, -69.81, -61.91])
    """
    return Axis(name, labels, parameters)


def axis_of(name: str, values: Any) -> Axis:
    """Return the axis along which one parameter varies, and which has its name."""
    if type(values) is np.ndarray and values.ndim == 1 and values.dtype == np.float64:
        found = object.__new__(Axis)  # the usual case, without the questions of `Axis`
        given = types.MappingProxyType({name: values.copy()})
        vars(found).update(name=name, parameters=given, length=len(values), labels=None)
        return found
    return Axis(name, None, {name: values})


# ---- checks ----


def _axis_values(name: str, values: Any, factors: bool) -> np.ndarray:
    unit = "" if factors else unit_named(name)
    array = np.array(numbers(name, values, unit))  # a copy: the caller may change the original
    if array.ndim == 0:
        raise ValueError(
            f"{name} must be a 1-D array of values, got {values!r}; for one value use "
            f"cell.replace({name}={values!r})"
        )
    if array.ndim > 1:
        raise ValueError(f"{name} must be 1-D, got shape {array.shape}")
    return array
