"""Gradients: how the potential follows each parameter, of a cell and at every point of a sweep.

The derivatives themselves are computed by the kernels (`gradients.h`) or by `reference`; here they
are asked for, and first-order answers are made of them.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import engine
from .cell import Cell, Times
from .model import Model, as_float
from .physics import unknown
from .sweep import Sweep

if TYPE_CHECKING:
    import matplotlib.axes


def column_of(model: Model) -> dict[str, int]:
    """For each parameter the number of the column in the C core that it is."""
    names = model.columns({name: name for name in model.parameters})
    # a passive ion's outside concentration stands for the inside one too, which comes later
    return {name: names.index(name) for name in model.parameters}


# ---- cells ----


def of_cell(cell: Cell, choice: str | None) -> dict[str, float]:
    """The gradient at a cell's values: see `Cell.gradient`."""
    model = cell.model
    isa = engine.choose(choice)
    if isa == engine.PYTHON:
        return dict(model.reference_gradient(model, dict(cell)))
    columns = column_of(model)
    slopes = np.empty((len(columns), 1))
    equation = model.equation()
    equation.gradients(model.columns(cell), 0, 1, list(columns.values()), list(slopes), isa=isa)
    return dict(zip(columns, slopes[:, 0].tolist()))


def elasticity(cell: Cell) -> dict[str, float]:
    """The effects of small changes: see `Cell.elasticity`."""
    changes = {name: 1.0 if name == "celsius" else 0.01 * value for name, value in cell.items()}
    return {name: _effect(slope, changes[name]) for name, slope in of_cell(cell, None).items()}


def uncertainty(cell: Cell, sds: Mapping[str, Any]) -> "Uncertainty":
    """First-order propagation of standard deviations: see `Cell.uncertainty`."""
    if not sds:
        raise ValueError("uncertainty needs an sd, as in cell.uncertainty(K_out=0.1)")
    slopes = of_cell(cell, None)
    contributions = {
        name: abs(_effect(slopes[name], sd)) for name, sd in _checked(cell, sds).items()
    }
    sd = math.hypot(*contributions.values())
    shares = {name: (one / sd) ** 2 if sd else 0.0 for name, one in contributions.items()}
    return Uncertainty(sd, shares, contributions)


def _effect(slope: float, change: float) -> float:
    """Of a change; none if nothing changes, unless there is no potential to change."""
    return slope * change if change or math.isnan(slope) else 0.0


def _checked(cell: Cell, sds: Mapping[str, Any]) -> dict[str, float]:
    """Standard deviations in the parameters' own units."""
    found = {}
    for name, value in sds.items():
        if name not in cell:
            raise ValueError(f"uncertainty: {unknown('parameter', name, cell)}")
        own = value.of(name, cell[name]) if isinstance(value, Times) else value
        sd = as_float(f"sd of {name}", own)
        if not math.isfinite(sd):
            raise ValueError(f"sd of {name} must be finite, got {sd!r}")
        if sd < 0:
            unit = cell.model.parameters[name].unit
            raise ValueError(f"sd of {name} must be >= 0{unit and ' ' + unit}, got {sd!r}")
        found[name] = sd
    return found


@dataclass(frozen=True)
class Uncertainty:
    """How surely a potential is known, to first order: what `Cell.uncertainty` returns.

    Attributes
    ----------
    sd : float
        Standard deviation of the potential, mV.
    shares : dict of str to float
        Each input's fraction of the variance: 1 together, or all 0 if the sd is 0.
    contributions : dict of str to float
        The sd that each input alone would cause, mV.
    """

    sd: float
    shares: dict[str, float]
    contributions: dict[str, float]

    def plot(self, ax: "matplotlib.axes.Axes | None" = None) -> "matplotlib.axes.Axes":
        """Draw the contributions as horizontal bars, the largest on top. Needs matplotlib.

        Returns
        -------
        matplotlib Axes
        """
        from . import plot

        return plot.tornado(self.contributions, "sd of the potential (mV)", ax)


# ---- sweeps ----


def of_sweep(
    sweep: Sweep,
    parameters: tuple[str, ...],
    choice: str | None,
    threads: int | None,
    progress: engine.Progress,
    max_memory: int | None,
) -> dict[str, np.ndarray]:
    """The gradient at every point: see `Sweep.gradient`."""
    model, points = sweep.cell.model, len(sweep)
    for name in parameters:
        if name not in model.parameters:
            raise ValueError(f"gradient: {unknown('parameter', name, model.parameters)}")
    isa = engine.choose(choice)
    names = list(dict.fromkeys(parameters or model.parameters))
    need = 8 * points * len(names)
    instead = f"{points:,} points by {len(names)} parameters; ask for fewer of them, or of points"
    engine.check_memory(need, max_memory, instead)
    slopes = {name: np.empty(sweep.shape) for name in names}
    flat = [array.reshape(-1) for array in slopes.values()]
    if isa == engine.PYTHON:
        work, threads = _python(sweep, names, flat), 1
    else:
        work = _kernel(sweep, names, flat, isa)
    engine.run(work, points, threads=threads, progress=progress)
    return slopes


def _kernel(
    sweep: Sweep, names: list[str], flat: list[np.ndarray], isa: str
) -> Callable[[int, int], None]:
    columns = column_of(sweep.cell.model)
    wanted = [columns[name] for name in names]
    equation, pieces = sweep._points()

    def work(start: int, stop: int) -> None:
        for loaded, first, lo, hi in pieces(start, stop):
            out = [array[lo:hi] for array in flat]
            equation.gradients(loaded, lo - first, hi - lo, wanted, out, isa=isa)

    return work


def _python(sweep: Sweep, names: list[str], flat: list[np.ndarray]) -> Callable[[int, int], None]:
    model = sweep.cell.model

    def work(start: int, stop: int) -> None:
        for i, values in sweep._values_of(start, stop):
            slopes = model.reference_gradient(model, values)
            for name, array in zip(names, flat):
                array[i] = slopes[name]

    return work
