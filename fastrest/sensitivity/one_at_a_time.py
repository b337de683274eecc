"""Swings: an output with one input at a time at a low and a high quantile (a tornado chart)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fastrest._core.validation import Comparable, aligned, as_float, public, read_only
from fastrest.models.outputs import with_unit
from fastrest.points.inputs import Inputs
from fastrest.points.table_points import TablePoints

if TYPE_CHECKING:
    import matplotlib.axes


@public
@dataclass(frozen=True, eq=False, repr=False)
class Swings(Comparable):
    """An output at a low and a high quantile of each input, the others at their medians.

    Made by ``Space.swings``.

    Attributes
    ----------
    space : Space
    quantiles : tuple of float
        The two probabilities.
    low, high : ndarray
        Quantiles of each input, in its unit.
    V_low, V_high : ndarray
        V, or the output `of`, at these quantiles, mV; NaN or infinite where it has no value.
    V : float
        The same with all inputs at their medians, mV.
    of : str
        Name of the output.

    Examples
    --------
    >>> import fastrest as fr
    >>> cell = fr.cells["mammalian neuron"]
    >>> space = fr.space(cell, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
    >>> swings = space.swings()
    >>> list(swings.names)
    ['P_Na', 'K_out']
    """

    space: Inputs
    quantiles: tuple[float, float]
    low: np.ndarray
    high: np.ndarray
    V_low: np.ndarray
    V_high: np.ndarray
    V: float
    of: str = "V"

    def __post_init__(self) -> None:
        arrays = ("low", "high", "V_low", "V_high")
        vars(self).update({name: read_only(getattr(self, name)) for name in arrays})

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
        """Draw a tornado chart: a bar from the low to the high value of each input, widest on top.

        The values stand at the ends of the bars. Needs matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default the axes of a new pyplot figure.

        Returns
        -------
        matplotlib Axes

        Examples
        --------
        >>> import fastrest as fr
        >>> cell = fr.cells["mammalian neuron"]
        >>> space = fr.space(cell, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
        >>> ax = space.swings().plot()
        """
        from fastrest.models.labels import output_label, symbol
        from fastrest.plotting.bars import swings as draw
        from fastrest.plotting.primitives import number_text

        order, cell = self.order, self.space.cell
        fixed = {name: x for name, x in dict(cell).items() if name not in self.names}
        names = [symbol(cell.model, self.names[i], fixed) for i in order]
        ends = {q: V[order] for q, V in zip(self.quantiles, (self.V_low, self.V_high))}
        texts = [[number_text(x[i], 3) for i in order] for x in (self.low, self.high)]
        label = output_label(cell.model.output(self.of))
        notes = ["correlations are ignored"] if self.space.pairs else []
        return draw(names, ends, texts, self.V, label, ax, cell.name, notes)

    def __repr__(self) -> str:
        parameters = self.space.cell.model.parameters
        output = self.space.cell.model.output(self.of)
        ends = [f"{q:g} quantile" for q in self.quantiles]
        rows = [["", ends[0], self.of, ends[1], self.of]]
        for i in self.order:
            unit = parameters[self.names[i]].unit
            words = [self.names[i]]
            for x, V in ((self.low[i], self.V_low[i]), (self.high[i], self.V_high[i])):
                words += [f"{x:.4g} {unit}".rstrip(), with_unit(f"{V:.2f}", output)]
            rows.append(words)
        about = with_unit(f"{self.V:.2f}", output)
        head = f"<Swings of {self.of} about {about}, one input at a time"
        lines = [head, *aligned(rows)]
        if self.space.pairs:
            pairs = ", ".join(f"{a} and {b}" for a, b in self.space.pairs)
            lines.append(f"although {pairs} are correlated")
        return "\n  ".join(lines) + ">"


def swings(space: Inputs, low: float, high: float, of: str = "V") -> Swings:
    """Return an output at a low and a high quantile of each input: see ``Space.swings``.

    Examples
    --------
    >>> import fastrest as fr
    >>> from fastrest.sensitivity.one_at_a_time import swings
    >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
    ...                  K_out=fr.uniform(3, 6))
    >>> swings(space, 0.05, 0.95)
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
    points = TablePoints(space.cell, space.with_derived(rows.T), {}, ()).asked(of)
    V = points.values_and_status()[0]
    V_low, V_high, middle = V[:n], V[n:-1], float(V[-1])
    ends = (float(low), float(high))
    return Swings(space, ends, quantiles[:, 0], quantiles[:, 2], V_low, V_high, middle, of)
