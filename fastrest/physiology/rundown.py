"""The course of a living cell in time, after its pump, its bath or its membrane change."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastrest._core import _kernels
from fastrest._core.validation import Comparable, as_numbers, finite, shown, unknown
from fastrest.models.outputs import Output, output_label, phi
from fastrest.models.pump_leak import PumpLeak
from fastrest.models.quantities import Status
from fastrest.models.rundown_reference import course
from fastrest.runtime import scheduler

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

#: Columns of the kernel's result, and the other outputs of a course.
COLUMNS = ("V", "Na_in", "K_in", "Cl_in", "relative_volume", "I_pump")
OUTPUTS = ("V", "E_K", "E_Na", "E_Cl", "K_in", "Na_in", "Cl_in", "X", "relative_volume", "I_pump")
VOLUMES = ("free", "fixed")
#: The first step, s.
FIRST_STEP = 1.0


class Method(NamedTuple):
    """The choices of an integration: area of the membrane over the first volume in 1/cm."""

    surface: float
    fixed_volume: bool
    tol: float
    isa: str


@dataclass(frozen=True, eq=False, repr=False)
class Rundown(Comparable):
    """The course of a living cell in time, as `Cell.rundown` returns it.

    Attributes
    ----------
    cell : Cell
        The cell before the first change, in its steady state.
    protocol : dict of float to dict
        The changes against the baseline, by the time at which each condition begins, s.
    time : ndarray
        s.
    columns : dict of str to ndarray
        Each output at each time; NaN from `stopped` on.
    status : Status
        0, or ``NO_SOLUTION`` if an ion is used up: no current balances the pump then.
    stopped : float
        The time that was reached, s.
    method : Method
        The choices of the integration.
    """

    _compared = ("cell", "protocol", "time", "columns", "status", "stopped")

    cell: Any
    protocol: dict[float, dict[str, Any]]
    time: np.ndarray
    columns: dict[str, np.ndarray]
    status: Status
    stopped: float
    method: Method

    def values(self, *, of: str | Sequence[str] = "V") -> Any:
        """Return an output at each time.

        Parameters
        ----------
        of : str or list of str
            "V", "E_K" and the like, "K_in", "Na_in", "Cl_in", "X", "relative_volume", "I_pump".

        Returns
        -------
        ndarray, or dict of str to ndarray
            At the time of a change, the value after it. A list gives a dict.
        """
        if not isinstance(of, str):
            return {name: self.values(of=name) for name in of}
        if of not in self.columns:
            raise ValueError(unknown("output", of, self.columns))
        return self.columns[of]

    def time_to(self, V: float) -> float:
        """Return the time at which the potential first reaches a value.

        Parameters
        ----------
        V : float
            The potential, mV: it is reached from below or above the resting potential.

        Returns
        -------
        float
            Time on the axis of the course, s: that of a change if V jumps there to the value or
            beyond it, inf if V is not reached before the last time.

        Notes
        -----
        The crossing is found within a step of the integration, and so is an extremum that touches
        the value and comes back.

        Examples
        --------
        >>> import fastrest as fr
        >>> living = fr.cells["mammalian neuron"].living(R_m=7)
        >>> run = living.rundown({0: fr.states["pump block"]}, time=[0, 7200], diameter=20)
        >>> round(run.time_to(living.threshold), 1), run.time_to(10)
        (904.4, inf)
        """
        target, rest = finite("V", V), self.cell.potential()
        side = 1 if target >= rest else -1
        *_, crossed = _integrated(self.cell, self.protocol, self.time, self.method, (target, side))
        return math.inf if math.isnan(crossed) else crossed

    def to_dataframe(self) -> pd.DataFrame:
        """Return all outputs as a pandas data frame, with the time as its index.

        Returns
        -------
        pandas.DataFrame
        """
        import pandas as pd

        return pd.DataFrame(self.columns, index=pd.Index(self.time, name="time"))

    def to_xarray(self) -> xr.Dataset:
        """Return all outputs as an xarray Dataset along the dimension ``time``.

        Returns
        -------
        xarray.Dataset
        """
        import xarray as xr

        units = {name: self._output(name).unit for name in self.columns}
        variables = {n: ("time", x, {"units": units[n]}) for n, x in self.columns.items()}
        return xr.Dataset(variables, {"time": ("time", self.time, {"units": "s"})})

    def plot(self, of: str | Sequence[str] = "V", ax: Any = None) -> Any:
        """Draw outputs against time, with the times of changes; it needs matplotlib.

        Parameters
        ----------
        of : str or list of str
            Outputs, as for `values`; each of a list has axes of its own.
        ax : matplotlib.axes.Axes, or sequence of them, optional
            Axes to draw on, one for each output; by default those of a new pyplot figure.

        Returns
        -------
        matplotlib.axes.Axes, or ndarray of them
        """
        from fastrest.plotting.charts import courses
        from fastrest.plotting.primitives import Quantity

        names = [of] if isinstance(of, str) else list(of)
        values = [self.values(of=name) for name in names]
        quantities = [
            Quantity(output_label(self._output(name)), self.cell.marks if name == "V" else {})
            for name in names
        ]
        changes = [time for time in self.protocol if self.time[0] < time < self.time[-1]]
        given = None if ax is None else np.ravel(ax).tolist()
        drawn = courses(self.time, values, quantities, changes, self.cell.name, given)
        return drawn[0] if isinstance(of, str) else np.array(drawn)

    def _output(self, name: str) -> Output:
        found: Output = self.cell.model.outputs[name]
        return found

    def __repr__(self) -> str:
        name = f" of {self.cell.name!r}" if self.cell.name else ""
        ends = f"{self.time[0]:g} to {self.time[-1]:g} s"
        lines = [f"<Rundown{name}: {len(self.time):,} times, {ends}"]
        for time, changes in self.protocol.items():
            words = ", ".join(f"{n} {x:g}" for n, x in changes.items()) or "baseline"
            lines.append(f"  from {time:g} s: {words}")
        names = ("V", "Na_in", "K_in", "relative_volume")
        for place, i in (("first", 0), ("last", -1)):
            words = ", ".join(f"{n} {self.columns[n][i]:.2f}" for n in names)
            lines.append(f"  {place}: {words}")
        if self.status:
            lines.append(f"  {self.status.name} at {self.stopped:g} s")
        return "\n".join(lines) + ">"


def run_down(
    cell: Any,
    protocol: Mapping[float, Any],
    time: npt.ArrayLike,
    diameter: float,
    volume: str,
    tol: float,
    engine: str | None,
) -> Rundown:
    """Return the course of a living cell: see `Cell.rundown`."""
    if not isinstance(cell.model, PumpLeak):
        raise ValueError(f"rundown needs a living cell, as cell.living(R_m=7), got {cell.model}")
    if volume not in VOLUMES:
        raise ValueError(unknown("volume", volume, VOLUMES))
    if not (finite("diameter", diameter) > 0 and finite("tol", tol) > 0):
        raise ValueError(f"diameter and tol must be > 0, got {diameter!r} um, {tol!r} mM")
    times = as_numbers("time", time)
    if times.ndim != 1 or not times.size or not np.isfinite(times).all():
        raise ValueError(f"time must be a list of times in s, got {shown(time)}")
    if np.any(np.diff(times) < 0):
        raise ValueError("time must not decrease")
    if not math.isfinite(cell.potential()):
        raise ValueError(f"{cell} has no steady state from which a rundown could begin")
    if not isinstance(protocol, Mapping):
        raise TypeError(f"protocol must be a dict of conditions by time, got {shown(protocol)}")
    changes = {finite("time of a change", t): _changes(cell, c) for t, c in protocol.items()}
    changes = dict(sorted(changes.items()))
    isa = scheduler.choose_engine(engine)
    how = Method(6e4 / diameter, volume == "fixed", float(tol), isa)
    columns, status, stopped, _ = _integrated(cell, changes, times, how)
    return Rundown(cell, changes, times, columns, status, stopped, how)


def _changes(cell: Any, condition: Any) -> dict[str, float]:
    """Return the new values of a condition, which is checked."""
    if hasattr(condition, "of"):
        condition = condition.of(cell)
    if not isinstance(condition, Mapping):
        raise TypeError(f"a condition must be a dict or one of fr.states, got {condition!r}")
    for name in ("z_X", "n_X"):
        if name in condition:
            raise ValueError(f"{name} must stay in a rundown: impermeant solutes do not move")
    changed = cell.replace(**condition)
    return {name: changed[name] for name in condition}


def _integrated(
    cell: Any,
    changes: Mapping[float, Mapping[str, float]],
    times: np.ndarray,
    how: Method,
    target: tuple[float, int] = (0.0, 0),
) -> tuple[dict[str, np.ndarray], Status, float, float]:
    """Return the outputs at the times, the status, the time reached, and that of a crossing or NaN.

    The conditions are integrated one after the other; nothing is smooth where they meet. The
    target is a potential and the side from which it is reached: 1 is from below, 0 is none.
    """
    start = cell.value(of=["Na_in", "K_in", "Cl_in", "X"])
    amounts = np.array([start["Na_in"], start["K_in"], start["Cl_in"]])
    columns = {name: np.full(times.size, np.nan) for name in OUTPUTS}
    borders = {min([times[0], *changes]), *(t for t in changes if t <= times[-1]), times[-1]}
    longest, crossed, ordered = FIRST_STEP, math.nan, sorted(borders)
    for first, last in zip(ordered, [*ordered[1:], math.inf]):
        at = np.flatnonzero((times >= first) & (times < last))
        wanted = np.array([first, *times[at], *([last] if last < math.inf else [])], np.float64)
        begun = [t for t in changes if t <= first]
        now = {**cell, **(changes[max(begun)] if begun else {}), "n_X": start["X"]}
        side = target[1] if math.isnan(crossed) else 0
        rows, status, stopped, longest, found = _segment(
            cell.model, now, wanted, amounts, longest, how, (target[0], side)
        )
        crossed = found if math.isnan(crossed) else crossed
        _fill(columns, at[: max(0, len(rows) - 1)], rows[1 : 1 + at.size], now)
        if status:
            return columns, status, stopped, crossed
    return columns, Status(0), float(times[-1]), crossed


def _segment(
    model: PumpLeak,
    values: Mapping[str, float],
    times: np.ndarray,
    amounts: np.ndarray,
    longest: float,
    how: Method,
    target: tuple[float, int],
) -> tuple[np.ndarray, Status, float, float, float]:
    """Integrate under one condition; the amounts become those at the end."""
    if how.isa == scheduler.PYTHON and not target[1]:
        found, after, status = course(
            model, values, list(amounts), list(times), how.surface, how.fixed_volume
        )
        amounts[:] = after
        table = np.array(found).reshape(-1, len(COLUMNS))
        return table, status, float(times[max(0, len(found) - 1)]), longest, math.nan
    x = np.array([values[one] if isinstance(one, str) else one for one in model.living_columns])
    isa = None if how.isa == scheduler.PYTHON else how.isa
    rows, bits, stopped, longest, crossed = _kernels.run_down(
        *(model.weight == "P", how.fixed_volume, how.surface, how.tol, x, times, amounts, longest),
        threshold=target[0],
        side=target[1],
        isa=isa,
    )
    return rows, Status(bits), stopped, longest, crossed


def _fill(
    columns: dict[str, np.ndarray], at: np.ndarray, rows: np.ndarray, values: Mapping[str, float]
) -> None:
    """Put the kernel's rows, and what follows from them, into the columns."""
    for name, column in zip(COLUMNS, rows.T):
        columns[name][at] = column
    unit = float(phi(values["celsius"]))
    for ion, z in (("K", 1), ("Na", 1), ("Cl", -1)):
        outside = values[f"{ion}_out"]
        with np.errstate(divide="ignore"):
            columns[f"E_{ion}"][at] = unit / z * np.log(outside / columns[f"{ion}_in"][at])
    columns["X"][at] = values["n_X"] / columns["relative_volume"][at]
