"""Derived parameters: parameters of a space that follow from others and keep its cells consistent.

Concentrations cannot be drawn one by one: a bath keeps its osmolarity, and a cytoplasm is neutral.
A derived parameter is a linear combination of other parameters. The kernel computes it where it
draws the other parameters.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from fastrest._core.validation import Frozen, finite, parsed_number, unknown
from fastrest.physiology.cell import Cell


class Linear(NamedTuple):
    """A linear combination of the uncertain inputs of a space.

    Attributes
    ----------
    constant : float
        In the unit of the derived parameter.
    factors : dict of str to float
        The factor of each input, by its name.
    """

    constant: float
    factors: dict[str, float]

    def of(self, inputs: Mapping[str, Any]) -> Any:
        """Return the value of the derived parameter for values of the inputs.

        The order of the sum is that of the kernel (`derive` in draws.h): the bits are equal.

        Parameters
        ----------
        inputs : mapping of str to float or ndarray
            Values of the uncertain inputs, by name.

        Returns
        -------
        float or ndarray
        """
        total: Any = self.constant
        for name, factor in self.factors.items():
            total = total + factor * inputs[name]
        return total


class Derived(Frozen):
    """A parameter that follows from others: made by `affine` and `electroneutral`.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.affine(150, K_out=-1)
    affine(150, K_out=-1)
    """

    def terms(self, cell: Cell, name: str) -> tuple[float, dict[str, float]]:
        """Return the linear combination of a cell's other parameters.

        Parameters
        ----------
        cell : Cell
            The cell of the space.
        name : str
            The name of the derived parameter.

        Returns
        -------
        constant : float
        factors : dict of str to float
            The factor of each other parameter, by its name.

        Raises
        ------
        ValueError
            The cell lacks a parameter that is needed, or has the derived one itself in the sum.
        """
        raise NotImplementedError

    @property
    def text(self) -> str:
        """The form for plans, which `derived_of` reads.

        Returns
        -------
        str
        """
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Derived):
            return NotImplemented
        return self.__reduce__() == other.__reduce__()

    def __hash__(self) -> int:
        return hash(self.__reduce__())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(vars(self).values())


class Affine(Derived):
    """A constant plus multiples of other parameters: made by `affine`.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.affine(150, K_out=-1).factors
    {'K_out': -1.0}
    """

    constant: float
    _factors: tuple[tuple[str, float], ...]

    def __init__(self, constant: float, factors: Mapping[str, float] | tuple[Any, ...]):
        found = {n: finite(f"affine: factor of {n}", x) for n, x in dict(factors).items()}
        if not found:
            raise ValueError("affine needs another parameter, as in fr.affine(150, Na_out=-1)")
        constant = finite("affine: constant", constant)
        vars(self).update(constant=constant, _factors=tuple(found.items()))

    @property
    def factors(self) -> dict[str, float]:
        """The factor of each parameter, by its name.

        Returns
        -------
        dict of str to float
        """
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
        """The form for plans, as in ``affine:150.0,Na_out=-1.0``."""
        words = [f"{self.constant!r}", *(f"{n}={x!r}" for n, x in self._factors)]
        return f"affine:{','.join(words)}"

    def __repr__(self) -> str:
        words = [f"{self.constant:g}", *(f"{n}={x:g}" for n, x in self._factors)]
        return f"affine({', '.join(words)})"


class Electroneutral(Derived):
    """The concentration that makes its compartment neutral: made by `electroneutral`.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.electroneutral(charge=-130)
    electroneutral(charge=-130)
    """

    charge: float

    def __init__(self, charge: float):
        vars(self).update(charge=finite("electroneutral: charge", charge))

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
        """The form for plans, as in ``electroneutral:charge=-148.0``."""
        return f"electroneutral:charge={self.charge!r}"

    def __repr__(self) -> str:
        return f"electroneutral(charge={self.charge:g})"


# ---- the public functions ----


def affine(constant: float, /, **factors: float) -> Affine:
    """Return a derived parameter: a constant plus multiples of other parameters, for `space`.

    Parameters
    ----------
    constant : float
        In the unit of the derived parameter.
    **factors : float
        The factor of each other parameter, by its name. A parameter that is not uncertain has the
        cell's value.

    Returns
    -------
    Affine

    Raises
    ------
    ValueError
        No other parameter is given, or a number is not finite.

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
    """Return a derived parameter: the concentration that makes a compartment neutral, for `space`.

    Parameters
    ----------
    charge : float
        The concentration of fixed charges in the compartment, beside the model's ions, in mM of
        elementary charges: negative for the impermeant anions of a cytoplasm.

    Returns
    -------
    Electroneutral

    Raises
    ------
    ValueError
        The charge is not finite.

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
    """Return the derived parameter that a text of a plan stands for.

    Parameters
    ----------
    text : str
        As ``affine:150,Na_out=-1`` or ``electroneutral:charge=-148``.

    Returns
    -------
    Derived

    Raises
    ------
    ValueError
        The text names no known derived parameter, or its arguments break a rule.

    Examples
    --------
    >>> from fastrest.points.derived import derived_of
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
        raise ValueError(f"{text}: a parameter is given twice")
    return Affine(_number(text, constant), {name: _number(text, x) for name, _, x in others})


def _number(text: str, word: str) -> float:
    try:
        return parsed_number(word)
    except ValueError:
        raise ValueError(f"{text}: {word!r} is not a number") from None


# ---- for spaces ----


def resolved(cell: Cell, names: tuple[str, ...], given: Mapping[str, Derived]) -> dict[str, Linear]:
    """Express each derived parameter as a linear combination of the uncertain inputs.

    Parameters
    ----------
    cell : Cell
        Has the values of parameters that are neither uncertain nor derived.
    names : tuple of str
        The uncertain inputs.
    given : mapping of str to Derived
        The derived parameters, by name.

    Returns
    -------
    dict of str to Linear

    Raises
    ------
    ValueError
        A parameter follows from itself, or from another that is given after it.
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
    """Return the linear combinations as the kernel takes them.

    Parameters
    ----------
    names : tuple of str
        The uncertain inputs.
    derived : mapping of str to Linear
        The derived parameters, by name.

    Returns
    -------
    ndarray of shape (derived, 1 + inputs) or None
        Constants and factors, a row for each derived parameter; None without any.
    """
    if not derived:
        return None
    rows = [[one.constant, *(one.factors.get(n, 0.0) for n in names)] for one in derived.values()]
    return np.array(rows)
