"""The functions that make events."""

from collections.abc import Iterable
from typing import overload

from fastrest.models.conditions import change_name
from fastrest.physiology.criteria import (
    Above,
    AtLeast,
    Below,
    Between,
    Change,
    Criterion,
    NernstBetween,
)


def between(low: float, high: float, *, at: str | None = None, of: str = "V") -> Between:
    """Return the event, or criterion, that an output lies in a range, both ends included.

    Parameters
    ----------
    low, high : float
        mV; either may be infinite.
    at : str, optional
        Name of the population's condition under which the output is taken; the first by default.
    of : str
        Name of an output of the model: "V", or "E_K" and the like.

    Returns
    -------
    Between

    Raises
    ------
    ValueError
        `low` is above `high`, or one is NaN.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.between(-80, -55)
    between(-80, -55)
    """
    return Between(low, high, at, of)


def above(x: float, *, at: str | None = None, of: str = "V") -> Above:
    """Return the event that an output is greater than a number.

    Parameters
    ----------
    x : float
        mV.
    at, of : str, optional
        As for `between`.

    Returns
    -------
    Above

    Raises
    ------
    ValueError
        `x` is NaN.

    Examples
    --------
    >>> import numpy as np, fastrest as fr
    >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=[3.0, 5.0, 20.0])
    >>> sweep.values(of=fr.above(-55) | fr.below(-90, of="E_K"))
    array([1., 0., 1.])
    """
    return Above(x, at, of)


def below(x: float, *, at: str | None = None, of: str = "V") -> Below:
    """Return the event that an output is less than a number.

    Parameters
    ----------
    x : float
        mV.
    at, of : str, optional
        As for `between`.

    Returns
    -------
    Below

    Raises
    ------
    ValueError
        `x` is NaN.

    Examples
    --------
    >>> import fastrest as fr
    >>> ~fr.below(-90, of="E_K")
    ~below(-90, of='E_K')
    """
    return Below(x, at, of)


def at_least(k: int, events: Iterable[Criterion]) -> AtLeast:
    """Return the event that at least k of some events hold.

    Where some of them are undefined, it holds if enough others do, does not hold if too few are
    left, and else is undefined.

    Parameters
    ----------
    k : int
        From 1 to the number of events.
    events : sequence of Criterion
        An event that is given twice counts twice.

    Returns
    -------
    AtLeast

    Raises
    ------
    ValueError
        `k` is not from 1 to the number of events.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.at_least(2, [fr.above(-75), fr.below(-65), fr.below(-90, of="E_K")])
    at_least(2, [above(-75), below(-65), below(-90, of='E_K')])
    """
    return AtLeast(k, tuple(events) if isinstance(events, Iterable) else events)


@overload
def change(before: str, after: str, *, of: str = "V") -> str: ...
@overload
def change(before: str, after: str, low: float, high: float) -> Change: ...
def change(
    before: str,
    after: str,
    low: float | None = None,
    high: float | None = None,
    *,
    of: str = "V",
) -> str | Change:
    """Return the name of a change between two conditions, or the event that it lies in a range.

    Parameters
    ----------
    before, after : str
        Names of two conditions: of a population, or of ``cell.under``.
    low, high : float, optional
        Range of V under `after` less V under `before`, both included, mV.
    of : str
        Name of the output that changes; of an event, V.

    Returns
    -------
    str or Change
        Without a range the name of a quantity, for ``of=``.

    Raises
    ------
    ValueError
        `low` is above `high`, one is NaN, or the conditions are the same.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.change("control", "high K", 2, 15)
    change('control', 'high K', 2, 15)
    >>> fr.change("control", "high K", of="E_K")
    "change('control', 'high K', of='E_K')"
    """
    if low is None and high is None:
        return change_name(before, after, of)
    if low is None or high is None:
        raise TypeError("change: a range needs both low and high")
    if of != "V":
        raise ValueError(
            f"change: of a range must be V: use between(low, high, of=change(..., of={of!r}))"
        )
    return Change(before, after, low, high)


def nernst_between(ion: str, low: float, high: float, *, at: str | None = None) -> NernstBetween:
    """Return the criterion that an ion's Nernst potential lies in a range, both ends included.

    The Nernst potential of a passive ion is V.

    Parameters
    ----------
    ion : str
        Name of an ion of the model.
    low, high : float
        mV; either may be infinite.
    at : str, optional
        Name of a condition of the population; the first by default.

    Returns
    -------
    NernstBetween

    Raises
    ------
    ValueError
        `low` is above `high`, or one is NaN.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.nernst_between("K", -100, -80)
    nernst_between('K', -100, -80)
    """
    return NernstBetween(ion, low, high, at)
