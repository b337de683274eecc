"""Derived parameters: those of a space that follow from others, so that its cells are consistent.

Concentrations cannot be drawn one by one: a bath keeps its osmolarity, a cytoplasm is neutral. What
follows is a sum of multiples of other parameters, which the kernel adds up where it draws these.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from .cell import Cell
from .model import as_float
from .physics import Frozen, unknown


class Linear(NamedTuple):
    """A constant, and what each uncertain input is times."""

    constant: float
    factors: dict[str, float]

    def of(self, inputs: Mapping[str, Any]) -> Any:
        """The sum, added up in the order of the kernel (`derive` in draws.h)."""
        total: Any = self.constant
        for name, factor in self.factors.items():
            total = total + factor * inputs[name]
        return total


class Derived(Frozen):
    """A parameter that follows from others: made by `affine` and `electroneutral`."""

    def terms(self, cell: Cell, name: str) -> tuple[float, dict[str, float]]:
        """A constant, and what each of the cell's other parameters is times."""
        raise NotImplementedError

    @property
    def text(self) -> str:
        """Its form for the command line and for plans."""
        raise NotImplementedError

    @property
    def _arguments(self) -> tuple[Any, ...]:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Derived):
            return NotImplemented
        return type(self) is type(other) and self._arguments == other._arguments

    def __hash__(self) -> int:
        return hash((type(self), self._arguments))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments


class Affine(Derived):
    """A constant plus multiples of other parameters: made by `affine`."""

    constant: float
    _factors: tuple[tuple[str, float], ...]

    def __init__(self, constant: float, factors: Mapping[str, float] | tuple[Any, ...]):
        found = {n: _finite(f"affine: factor of {n}", x) for n, x in dict(factors).items()}
        if not found:
            raise ValueError("affine needs another parameter, as in fr.affine(150, Na_out=-1)")
        constant = _finite("affine: constant", constant)
        vars(self).update(constant=constant, _factors=tuple(found.items()))

    @property
    def factors(self) -> dict[str, float]:
        """What each parameter is times."""
        return dict(self._factors)

    def terms(self, cell: Cell, name: str) -> tuple[float, dict[str, float]]:
        for other in self.factors:
            if other not in cell:
                raise ValueError(f"{name}: {unknown('parameter', other, cell)}")
            if other == name:
                raise ValueError(f"{name} cannot follow from itself")
        return self.constant, self.factors

    @property
    def text(self) -> str:
        words = [f"{self.constant!r}", *(f"{n}={x!r}" for n, x in self._factors)]
        return f"affine:{','.join(words)}"

    @property
    def _arguments(self) -> tuple[Any, ...]:
        return self.constant, self._factors

    def __repr__(self) -> str:
        words = [f"{self.constant:g}", *(f"{n}={x:g}" for n, x in self._factors)]
        return f"affine({', '.join(words)})"


class Electroneutral(Derived):
    """The concentration that makes its compartment neutral: made by `electroneutral`."""

    charge: float

    def __init__(self, charge: float):
        vars(self).update(charge=_finite("electroneutral: charge", charge))

    def terms(self, cell: Cell, name: str) -> tuple[float, dict[str, float]]:
        ion, _, place = name.rpartition("_")
        valences = {one.name: one.z for one in cell.model.ions}
        if ion not in valences or place not in ("out", "in"):
            raise ValueError(f"{name}: electroneutral is for concentrations, as K_in or Cl_out")
        if place == "in" and cell.model.passive:
            raise ValueError(
                f"{name}: electroneutral needs every ion's inside concentration, and that of "
                f"{', '.join(cell.model.passive)} follows from V"
            )
        others = {f"{j}_{place}": -z / valences[ion] for j, z in valences.items() if j != ion}
        return -self.charge / valences[ion], others

    @property
    def text(self) -> str:
        return f"electroneutral:charge={self.charge!r}"

    @property
    def _arguments(self) -> tuple[Any, ...]:
        return (self.charge,)

    def __repr__(self) -> str:
        return f"electroneutral(charge={self.charge:g})"


# ---- what users call ----


def affine(constant: float, /, **factors: float) -> Affine:
    """A parameter that follows from others: a constant plus multiples of them, for `space`.

    Parameters
    ----------
    constant : float
        In the parameter's unit.
    **factors : float
        What each other parameter is times; those that are not uncertain have the cell's value.

    Examples
    --------
    >>> import fastrest as fr
    >>> space = fr.space(fr.cells["mammalian neuron"], K_out=fr.uniform(2.5, 8),
    ...                  Na_out=fr.affine(150, K_out=-1))     # the bath keeps its cations
    >>> bath = space.sample(1000, rng=1).parameters(range(1000))
    >>> float((bath["K_out"] + bath["Na_out"]).max())
    150.0
    """
    return Affine(constant, factors)


def electroneutral(*, charge: float) -> Electroneutral:
    """The concentration of an ion that makes its compartment neutral, for `space`.

    Parameters
    ----------
    charge : float
        Concentration of what is charged there beside the model's ions, in mM of elementary
        charges: negative for the impermeant anions of a cytoplasm.

    Examples
    --------
    >>> import fastrest as fr
    >>> space = fr.space(fr.cells["mammalian neuron"], Cl_in=fr.lognormal(cv=0.3),
    ...                  K_in=fr.electroneutral(charge=-148))
    >>> space.derived["K_in"]                # K_in = 148 - Na_in + Cl_in, where Na_in is 15 mM
    Linear(constant=133.0, factors={'Cl_in': 1.0})
    """
    return Electroneutral(charge)


def derived_of(text: str) -> Derived:
    """The derived parameter that a text of a plan stands for.

    Examples
    --------
    >>> from fastrest.derived import derived_of
    >>> derived_of("affine:150,Na_out=-1"), derived_of("electroneutral:charge=-148")
    (affine(150, Na_out=-1), electroneutral(charge=-148))
    """
    family, _, rest = text.partition(":")
    words = [word.partition("=") for word in rest.split(",")]
    if family == "electroneutral":
        if len(words) != 1 or words[0][0] != "charge":
            raise ValueError(f"{text}: electroneutral takes charge=...")
        return Electroneutral(_number(text, words[0][2]))
    if family != "affine":
        raise ValueError(unknown("derived parameter", family, ("affine", "electroneutral")))
    (constant, equals, _), *others = words
    if equals or not others or any(not eq for _, eq, _ in others):
        raise ValueError(f"{text}: affine takes CONSTANT,NAME=FACTOR,...")
    if len({name for name, *_ in others}) < len(others):
        raise ValueError(f"{text}: each parameter stands once")
    return Affine(_number(text, constant), {name: _number(text, x) for name, _, x in others})


# ---- for spaces ----


def resolved(cell: Cell, names: tuple[str, ...], given: Mapping[str, Derived]) -> dict[str, Linear]:
    """What each derived parameter is in terms of the uncertain inputs.

    Raises
    ------
    ValueError
        One follows from itself, or from another that is given after it.
    """
    found: dict[str, Linear] = {}
    for name, one in given.items():
        constant, terms = one.terms(cell, name)
        factors = dict.fromkeys(names, 0.0)
        for other, factor in terms.items():
            if other in names:
                factors[other] += factor
            elif other in found:
                constant += factor * found[other].constant
                for input_, times in found[other].factors.items():
                    factors[input_] += factor * times
            elif other in given:
                raise ValueError(
                    f"{name} follows from {other}, which is derived too: give {other} first"
                )
            else:
                constant += factor * cell[other]
        found[name] = Linear(constant, {n: x for n, x in factors.items() if x != 0})
    return found


def matrix(names: tuple[str, ...], derived: Mapping[str, Linear]) -> np.ndarray | None:
    """What the kernel adds up: a row for each derived parameter, or None without any."""
    if not derived:
        return None
    rows = [[one.constant, *(one.factors.get(n, 0.0) for n in names)] for one in derived.values()]
    return np.array(rows)


def _finite(what: str, value: Any) -> float:
    number = as_float(what, value)
    if not math.isfinite(number):
        raise ValueError(f"{what} must be finite, got {number!r}")
    return number


def _number(text: str, word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise ValueError(f"{text}: {word!r} is no number") from None
