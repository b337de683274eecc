"""First-order effects from the gradient of a cell: elasticities and propagated uncertainty."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastrest._core.validation import Comparable, finite
from fastrest.models.labels import output_label, symbol
from fastrest.models.outputs import Output, with_unit
from fastrest.physiology.multiples import Times

if TYPE_CHECKING:
    import matplotlib.axes


def elasticity(output: Output, values: Mapping[str, float]) -> dict[str, float]:
    """Return the effects of small changes: see `Cell.elasticity`."""
    changes = {name: 1.0 if name == "celsius" else 0.01 * value for name, value in values.items()}
    slopes = output.gradient_at(values)
    return {name: _effect(slope, changes[name]) for name, slope in slopes.items()}


def uncertainty(
    output: Output, values: Mapping[str, float], sds: Mapping[str, Any]
) -> "Uncertainty":
    """Propagate standard deviations to first order: see `Cell.uncertainty`."""
    if not sds:
        raise ValueError("uncertainty needs an sd, as in cell.uncertainty(K_out=0.1)")
    slopes = output.gradient_at(values)
    contributions = {}
    for name, given in sds.items():
        unit = output.model.parameter(name).unit
        own = given.of(name, values[name]) if isinstance(given, Times) else given
        sd = finite(f"sd of {name}", own)
        if sd < 0:
            raise ValueError(f"sd of {name} must be >= 0{unit and ' ' + unit}, got {sd!r}")
        contributions[name] = abs(_effect(slopes[name], sd))
    sd = math.hypot(*contributions.values())
    shares = {name: (one / sd) ** 2 if sd else 0.0 for name, one in contributions.items()}
    return Uncertainty(sd, shares, contributions, output)


def _effect(slope: float, change: float) -> float:
    """Return the effect of a change: 0 for no change, NaN without a potential."""
    return slope * change if change or math.isnan(slope) else 0.0


@dataclass(frozen=True, eq=False)
class Uncertainty(Comparable):
    """The uncertainty of an output, to first order, as `Cell.uncertainty` returns it.

    Attributes
    ----------
    sd : float
        Standard deviation of the output, mV.
    shares : dict of str to float
        The fraction of the variance of each input. The sum is 1, or 0 if the sd is 0.
    contributions : dict of str to float
        The sd that each input alone would cause, mV.
    output : Output or None
        The output, V by default; None if an earlier version pickled the answer.

    Examples
    --------
    >>> import fastrest as fr
    >>> u = fr.cells["mammalian neuron"].uncertainty(K_out=0.1, P_Na=fr.times(0.2))
    >>> round(u.sd, 2), max(u.shares, key=u.shares.get)
    (2.21, 'P_Na')
    """

    _compared = ("sd", "shares", "contributions")

    sd: float
    shares: dict[str, float]
    contributions: dict[str, float]
    output: Output | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        shares = ", ".join(f"{name} {100 * x:.3g} %" for name, x in self.shares.items())
        return f"<Uncertainty: sd {with_unit(f'{self.sd:.4g}', self.output)}; shares {shares}>"

    def plot(self, ax: "matplotlib.axes.Axes | None" = None) -> "matplotlib.axes.Axes":
        """Draw the contributions as horizontal bars, the largest on top.

        The plot needs matplotlib.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; by default those of a new pyplot figure.

        Returns
        -------
        matplotlib.axes.Axes

        Examples
        --------
        >>> import fastrest as fr
        >>> ax = fr.cells["mammalian neuron"].uncertainty(K_out=0.1, P_Na=fr.times(0.2)).plot()
        """
        from fastrest.plotting.bars import tornado

        if self.output is None:
            return tornado(self.contributions, "sd of the output (mV)", ax)
        model, unit = self.output.model, self.output.unit
        bars = {symbol(model, name): sd for name, sd in self.contributions.items()}
        note = f"together {self.sd:.3g} {unit}".rstrip()
        return tornado(bars, f"sd of the {output_label(self.output)}", ax, [note])
