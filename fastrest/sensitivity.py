"""What sensitivity analyses answer: Sobol' indices, exact or sampled, and swings."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .model import as_float
from .physics import unknown
from .tables import table

if TYPE_CHECKING:
    import matplotlib.axes
    import pandas as pd

    from .spaces import Space


@dataclass(frozen=True, eq=False, repr=False)
class SobolIndices(Mapping[str, Any]):
    """Sobol' indices of V: which input makes which part of its variance.

    A mapping with the keys of SALib. Arrays follow ``space.names``:

    ``S1``
        First order: the part of the variance that an input makes alone.
    ``ST``
        Total order: the part that it has a share in, alone or together with others. An input whose
        ST is about 0 may as well be fixed.
    ``S2``
        Second order, (D, D): the part that two inputs make together, above the diagonal; NaN
        elsewhere.
    ``S1_conf``, ``ST_conf``, ``S2_conf``
        Half-widths of 95 % intervals; 0 if exact.
    ``names``
        List of the inputs.

    Exact indices always have S2, sampled ones if asked; ``Space.sobol`` says what these have
    beside. Where V does not vary, it has no parts: the indices are NaN.

    Attributes
    ----------
    space : Space
    indices : dict of str to ndarray
        What the mapping holds, but for the names; read-only.
    mean, variance : float
        Of V, mV and mV^2.
    method : str
        "exact" or "sampled".
    tolerance : float or None
        If exact: no index has a larger error, nor the variance as a part of itself, nor the mean
        as a part of the sd.
    n, replicates : int or None
        If sampled: base points in all, and the independent parts they are divided into.
    invalid : dict of str to int
        Points without a potential, which were left out, by the lowest bit of their `Status`.

    Examples
    --------
    >>> import fastrest as fr
    >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
    ...                  K_out=fr.uniform(3, 6))
    >>> space.sobol(tolerance=1e-4)["S1"].round(3)
    array([0.91 , 0.087])
    """

    space: "Space"
    indices: dict[str, np.ndarray]
    mean: float
    variance: float
    method: str
    tolerance: float | None = None
    n: int | None = None
    replicates: int | None = None
    invalid: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        indices = {key: np.array(values, np.float64) for key, values in self.indices.items()}
        for values in indices.values():
            values.flags.writeable = False
        vars(self).update(indices=indices)

    @property
    def sd(self) -> float:
        """Standard deviation of V, mV."""
        return math.sqrt(self.variance)

    @property
    def rng(self) -> int | None:
        """What makes the same sample again; None if exact."""
        return None

    @property
    def quantity(self) -> tuple[str, str]:
        """What varies, and its unit."""
        return "V", "mV"

    # ---- a mapping ----

    def __getitem__(self, key: str) -> Any:
        if key == "names":
            return list(self.space.names)
        if key not in self.indices:
            raise KeyError(unknown("key", key, self))
        return self.indices[key]

    def __iter__(self) -> Iterator[str]:
        return iter((*self.indices, "names"))

    def __len__(self) -> int:
        return len(self.indices) + 1

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        mine, theirs = dict(vars(self)), dict(vars(other))
        some, others = mine.pop("indices"), theirs.pop("indices")
        return (
            mine == theirs
            and some.keys() == others.keys()
            and all(np.array_equal(x, others[key], equal_nan=True) for key, x in some.items())
        )

    __hash__ = None  # type: ignore[assignment]

    # ---- for people ----

    @property
    def order(self) -> list[int]:
        """Places of the inputs in ``names``, the most important first: that of the largest ST."""
        total = self["ST"] if "ST" in self else self["dgsm"]
        return [int(place) for place in np.argsort(-np.nan_to_num(total), kind="stable")]

    def to_dataframe(self) -> "pd.DataFrame":
        """A pandas table, a row per input: S1, S1_conf, ST, ST_conf, and others that there are.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
        ...                  K_out=fr.uniform(3, 6))
        >>> list(space.sobol().to_dataframe().columns)
        ['S1', 'S1_conf', 'ST', 'ST_conf']
        """
        import pandas as pd

        columns = {key: values for key, values in self.indices.items() if values.ndim == 1}
        return pd.DataFrame(columns, index=pd.Index(self["names"], name="input"))

    def plot(self, ax: "matplotlib.axes.Axes | None" = None) -> "matplotlib.axes.Axes":
        """Draw S1 and ST of each input as bars, with their intervals, the largest ST on top.

        Needs matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; the current axes by default.

        Returns
        -------
        matplotlib Axes
        """
        from . import plot

        return plot.indices(self, ax)

    def __repr__(self) -> str:
        what, unit = self.quantity
        if self.method == "exact":
            how = f"exact within {self.tolerance:.2g}"
        else:
            how = f"sampled, n = {self.n:,} in {self.replicates} replicates"
            how += "" if self.rng is None else f", rng {self.rng}"
        numbers = f"mean {self.mean:.4g} {unit}".rstrip() + f", sd {self.sd:.3g} {unit}".rstrip()
        lines = [f"<Sobol' indices of {what}: {numbers}; {how}"]
        if self.invalid:
            counts = ", ".join(f"{count:,} {reason}" for reason, count in self.invalid.items())
            lines.append(f"left out: {counts}")
        keys = [key for key in ("S1", "ST", "dgsm") if key in self]
        rows = [["", *keys]]
        for i in self.order:
            words = [f"{self[key][i]:.4f}" for key in keys]
            if self.method != "exact":
                words = [f"{w} ± {self[f'{k}_conf'][i]:.4f}" for w, k in zip(words, keys)]
            rows.append([self.space.names[i], *words])
        return "\n  ".join([*lines, *aligned(rows)]) + ">"


def aligned(rows: list[list[str]]) -> list[str]:
    """Rows of words as lines, the first column to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        "   ".join([first.ljust(widths[0]), *(w.rjust(n) for w, n in zip(rest, widths[1:]))])
        for first, *rest in rows
    ]


@dataclass(frozen=True, eq=False, repr=False)
class Swings:
    """V at a low and a high quantile of each input, the others at their medians.

    Made by ``Space.swings``.

    Attributes
    ----------
    space : Space
    quantiles : tuple of float
        The two probabilities.
    low, high : ndarray
        Quantiles of each input, in its unit.
    V_low, V_high : ndarray
        V there, mV; NaN or infinite where there is no ordinary potential.
    V : float
        With all inputs at their medians, mV.
    """

    space: "Space"
    quantiles: tuple[float, float]
    low: np.ndarray
    high: np.ndarray
    V_low: np.ndarray
    V_high: np.ndarray
    V: float

    def __post_init__(self) -> None:
        for name in ("low", "high", "V_low", "V_high"):
            values = np.array(getattr(self, name))
            values.flags.writeable = False
            vars(self).update({name: values})

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs."""
        return self.space.names

    @property
    def order(self) -> list[int]:
        """Places of the inputs in `names`, the widest swing first."""
        with np.errstate(invalid="ignore"):
            width = np.nan_to_num(np.abs(self.V_high - self.V_low))
        return [int(place) for place in np.argsort(-width, kind="stable")]

    def plot(self, ax: "matplotlib.axes.Axes | None" = None) -> "matplotlib.axes.Axes":
        """Draw a tornado: a bar from the low to the high potential of each input, widest on top.

        Needs matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; the current axes by default.

        Returns
        -------
        matplotlib Axes
        """
        from . import plot

        return plot.swings(self, ax)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Swings):
            return NotImplemented
        same = (self.space, self.quantiles) == (other.space, other.quantiles)
        return same and all(
            np.array_equal(getattr(self, name), getattr(other, name), equal_nan=True)
            for name in ("low", "high", "V_low", "V_high", "V")
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        parameters = self.space.cell.model.parameters
        ends = [f"{q:g} quantile" for q in self.quantiles]
        rows = [["", ends[0], "V", ends[1], "V"]]
        for i in self.order:
            unit = parameters[self.names[i]].unit
            words = [self.names[i]]
            for x, V in ((self.low[i], self.V_low[i]), (self.high[i], self.V_high[i])):
                words += [f"{x:.4g} {unit}".rstrip(), f"{V:.2f} mV"]
            rows.append(words)
        head = f"<Swings of V about {self.V:.2f} mV, one input at a time"
        return "\n  ".join([head, *aligned(rows)]) + ">"


def swings(space: "Space", low: float = 0.05, high: float = 0.95) -> Swings:
    """V at a low and a high quantile of each input: see ``Space.swings``.

    Examples
    --------
    >>> import fastrest as fr
    >>> from fastrest.sensitivity import swings
    >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
    ...                  K_out=fr.uniform(3, 6))
    >>> swings(space)
    <Swings of V about -70.79 mV, one input at a time
              0.05 quantile           V   0.95 quantile           V
      P_Na          0.01839   -77.83 mV           0.087   -59.93 mV
      K_out         3.15 mM   -73.61 mV         5.85 mM   -68.23 mV>
    """
    for name, q in (("low", low), ("high", high)):
        if not 0 <= as_float(name, q) <= 1:
            raise ValueError(f"{name} must be a probability from 0 to 1, got {q!r}")
    if not low < high:
        raise ValueError(f"low < high must hold, got {low!r} and {high!r}")
    n = len(space.names)
    quantiles = np.array([one.ppf([low, 0.5, high]) for one in space.distributions])
    rows = np.tile(quantiles[:, 1], (2 * n + 1, 1))
    each = np.arange(n)
    rows[each, each], rows[n + each, each] = quantiles[:, 0], quantiles[:, 2]
    V = table(space.cell, space.with_derived(rows.T)).values()
    V_low, V_high, middle = V[:n], V[n:-1], float(V[-1])
    return Swings(
        space, (float(low), float(high)), quantiles[:, 0], quantiles[:, 2], V_low, V_high, middle
    )
