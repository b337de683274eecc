"""Results of populations: distributions of parameters, balances, and changes of class."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fastrest._core.validation import Comparable, aligned, equal_to_nan, public, unknown

if TYPE_CHECKING:
    import pandas as pd


@public
@equal_to_nan
class Balance(NamedTuple):
    """The mean and standard deviation over accepted cells, mM; NaN without cells.

    Attributes
    ----------
    mean, sd : float

    Examples
    --------
    >>> import fastrest as fr
    >>> cell = fr.cells["mammalian neuron"]
    >>> space = fr.space(cell, K_in=fr.normal(sd=5, low=100), Na_in=fr.affine(155, K_in=-1))
    >>> list(space.population(1000, rng=1).balance)
    ['charge outside', 'charge inside', 'osmolarity inside - outside']
    """

    mean: float
    sd: float


@public
@dataclass(frozen=True, eq=False)
class Marginal(Comparable):
    """The distribution of one parameter among accepted cells, beside all candidates.

    Attributes
    ----------
    edges : ndarray, (bins + 1,)
        The bounds of the parameter's distribution, which may be infinite, and quantiles between
        them, in its unit. The edges of a derived parameter are quantiles of the first candidates.
    accepted : ndarray of int64, (bins,)
        Accepted cells in each bin, lower edge included.
    proposed : ndarray, (bins,)
        The part of all candidates in each bin.

    Examples
    --------
    >>> import fastrest as fr
    >>> cell = fr.cells["mammalian neuron"]
    >>> space = fr.space(cell, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
    >>> conditions = {"control": {}, "leaky": {"P_Na": fr.times(2)}}
    >>> accept = [fr.between(-75, -65)]
    >>> pop = space.population(10_000, rng=1, conditions=conditions, accept=accept)
    >>> one = pop.marginals["P_Na"]
    >>> int(one.accepted.sum()) == pop.accepted
    True
    """

    edges: np.ndarray
    accepted: np.ndarray
    proposed: np.ndarray

    def __repr__(self) -> str:
        n, bins = int(self.accepted.sum()), len(self.accepted)
        first, last = self.edges[[0, -1]]
        return f"<Marginal: {n:,} accepted cells in {bins} bins, {first:.4g} ... {last:.4g}>"


@public
@dataclass(frozen=True, eq=False)
class Transition(Comparable):
    """The numbers of cells that change class between two conditions.

    Attributes
    ----------
    before, after : str
        The conditions.
    classes : tuple of str
    counts : ndarray of int64, (classes, classes)
        Rows: the class before; columns: the class after.
    boundaries : dict of str to float
        The boundaries of the classes, mV. A fixed threshold is a convention.

    Examples
    --------
    >>> import fastrest as fr
    >>> cell = fr.cells["mammalian neuron"]
    >>> space = fr.space(cell, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
    >>> conditions = {"control": {}, "leaky": {"P_Na": fr.times(2)}}
    >>> accept = [fr.between(-75, -65)]
    >>> pop = space.population(10_000, rng=1, conditions=conditions, accept=accept)
    >>> pop.transition("control", "leaky")["resting", "suprathreshold"]
    395
    """

    before: str
    after: str
    classes: tuple[str, ...]
    counts: np.ndarray
    boundaries: dict[str, float]

    def __getitem__(self, classes: tuple[str, str]) -> int:
        """Return the number of cells that change from one class to another."""
        for name in classes:
            if name not in self.classes:
                raise KeyError(unknown("class", name, self.classes))
        before, after = (self.classes.index(name) for name in classes)
        return int(self.counts[before, after])

    def to_dataframe(self) -> "pd.DataFrame":
        """Return a pandas table: rows are classes before, columns those after.

        Returns
        -------
        pandas.DataFrame

        Examples
        --------
        >>> import fastrest as fr
        >>> cell = fr.cells["mammalian neuron"]
        >>> space = fr.space(cell, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
        >>> conditions = {"control": {}, "leaky": {"P_Na": fr.times(2)}}
        >>> accept = [fr.between(-75, -65)]
        >>> pop = space.population(10_000, rng=1, conditions=conditions, accept=accept)
        >>> table = pop.transition("control", "leaky").to_dataframe()
        >>> int(table.loc["resting", "suprathreshold"])
        395
        """
        import pandas as pd

        return pd.DataFrame(
            self.counts,
            index=pd.Index(self.classes, name=self.before),
            columns=pd.Index(self.classes, name=self.after),
        )

    def __repr__(self) -> str:
        rows = [["", *self.classes]]
        rows += [
            [name, *(f"{n:,}" for n in row)]
            for name, row in zip(self.classes, self.counts.tolist())
        ]
        head = f"<Transition from {self.before!r} (rows) to {self.after!r} (columns)"
        return "\n  ".join([head, *aligned(rows)]) + ">"
