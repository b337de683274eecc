"""The course of a living cell in time, after its pump, its bath or its membrane change."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastrest._core.validation import Comparable, as_numbers, finite, shown, unknown
from fastrest.models.conditions import Change
from fastrest.models.labels import output_label, periods
from fastrest.models.outputs import Output
from fastrest.models.pump_leak import PumpLeak
from fastrest.models.quantities import Status
from fastrest.models.time_course import Condition, TimeCourse, time_to
from fastrest.physiology.conditions import changes_of
from fastrest.runtime import scheduler

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


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
    model : TimeCourse
    parameters : dict of str to float
        The values of the model's parameters at the last time.

    Examples
    --------
    >>> import fastrest as fr
    >>> live = fr.cells["mammalian neuron"].living(R_m=7)
    >>> run = live.rundown({0: fr.states["pump block"]}, time=[0, 600, 1200], diameter=20)
    >>> run.values().round(1), round(run.time_to(-55))
    (array([-65.2, -58.5, -51.6]), 904)
    """

    _compared = ("cell", "protocol", "time", "columns", "status", "stopped")

    cell: Any
    protocol: dict[float, dict[str, Any]]
    time: np.ndarray
    columns: dict[str, np.ndarray]
    status: Status
    stopped: float
    model: TimeCourse
    parameters: dict[str, float]

    def values(self, *, of: str | Sequence[str] = "V") -> Any:
        """Return an output at each time.

        Parameters
        ----------
        of : str or list of str
            "V", "E_K" and the like, "K_in", "Na_in", "Cl_in", "X", "relative_volume", "I_pump"; or
            a time, as ``fr.time_to(-40)``.

        Returns
        -------
        ndarray, float, or dict of str to them
            At the time of a change, the value after it. A time is one number. A list gives a dict.

        Examples
        --------
        >>> import fastrest as fr
        >>> live = fr.cells["mammalian neuron"].living(R_m=7)
        >>> run = live.rundown({0: fr.states["pump block"]}, time=[0, 600, 1200], diameter=20)
        >>> run.values(of=["V", "Na_in"])["Na_in"].round(1)
        array([15. , 48.3, 76.4])
        """
        if not isinstance(of, str):
            return {name: self.values(of=name) for name in of}
        if of in self.model.outputs and self.model.outputs[of].is_time:
            return self.model.outputs[of].value_at(self.parameters)
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
        return float(self.values(of=time_to(V)))

    def to_dataframe(self) -> pd.DataFrame:
        """Return all outputs as a pandas data frame, with the time as its index.

        Returns
        -------
        pandas.DataFrame

        Examples
        --------
        >>> import fastrest as fr
        >>> live = fr.cells["mammalian neuron"].living(R_m=7)
        >>> run = live.rundown({0: fr.states["pump block"]}, time=[0, 600, 1200], diameter=20)
        >>> run.to_dataframe()["V"].round(1).tolist()
        [-65.2, -58.5, -51.6]
        """
        import pandas as pd

        return pd.DataFrame(self.columns, index=pd.Index(self.time, name="time"))

    def to_xarray(self) -> xr.Dataset:
        """Return all outputs as an xarray Dataset along the dimension ``time``.

        Returns
        -------
        xarray.Dataset

        Examples
        --------
        >>> import fastrest as fr
        >>> live = fr.cells["mammalian neuron"].living(R_m=7)
        >>> run = live.rundown({0: fr.states["pump block"]}, time=[0, 600, 1200], diameter=20)
        >>> float(run.to_xarray().V.sel(time=600).round(1))
        -58.5
        """
        import xarray as xr

        units = {name: self.model.outputs[name].unit for name in self.columns}
        variables = {n: ("time", x, {"units": units[n]}) for n, x in self.columns.items()}
        return xr.Dataset(variables, {"time": ("time", self.time, {"units": "s"})})

    def plot(self, of: str | Sequence[str] = "V", ax: Any = None) -> Any:
        """Draw outputs against time, with the periods of changes shaded; it needs matplotlib.

        Parameters
        ----------
        of : str or list of str
            Outputs, as for `values`; each of a list has axes of its own.
        ax : matplotlib.axes.Axes, or sequence of them, optional
            Axes to draw on, one for each output; by default those of a new pyplot figure.

        Returns
        -------
        matplotlib.axes.Axes, or ndarray of them

        Examples
        --------
        >>> import fastrest as fr
        >>> live = fr.cells["mammalian neuron"].living(R_m=7)
        >>> run = live.rundown({0: fr.states["pump block"]}, time=[0, 600, 1200], diameter=20)
        >>> axes = run.plot(["V", "relative_volume"])
        """
        from fastrest.plotting.charts import courses
        from fastrest.plotting.primitives import Quantity

        names = [of] if isinstance(of, str) else list(of)
        values = [self.values(of=name) for name in names]
        quantities = [
            Quantity(output_label(self.model.outputs[name]), self.cell.marks if name == "V" else {})
            for name in names
        ]
        given = None if ax is None else np.ravel(ax).tolist()
        shaded = periods(self.model, self.time)
        drawn = courses(self.time, values, quantities, shaded, self.cell.name, given)
        return drawn[0] if isinstance(of, str) else np.array(drawn)

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


def course_of(
    cell: Any, protocol: Any, time: float, diameter: float, volume: str, tol: float
) -> tuple[TimeCourse, dict[str, float]]:
    """Return the model and values of a living cell after changes: see `Cell.after`."""
    if not isinstance(cell.model, PumpLeak):
        raise ValueError(f"a living cell is needed, as cell.living(R_m=7), got {cell.model}")
    if not isinstance(protocol, Mapping):
        raise TypeError(f"protocol must be a dict of conditions by time, got {shown(protocol)}")
    found = [(finite("time of a change", t), _changes(cell, c)) for t, c in protocol.items()]
    conditions = tuple(Condition(t, changes) for t, changes in sorted(found))
    living: Any = cell.model.under({})
    model = TimeCourse(living, protocol=conditions, volume=volume, tol=tol)
    model = model.under(cell.model.conditions)
    kept = {name: x for name, x in cell.items() if name != "n_X"}
    values = {**kept, "time": finite("time", time), "diameter": finite("diameter", diameter)}
    model.parameters["diameter"].check(values["diameter"])
    return model, values


def _changes(cell: Any, condition: Any) -> tuple[Change, ...]:
    """Return the changes of a condition in time."""
    found = changes_of(cell, condition)
    for one in found:
        if one.name in ("z_X", "n_X"):
            raise ValueError(f"{one.name} must stay in a rundown: impermeant solutes do not move")
    return found


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
    times = checked_times(time)
    model, values = course_of(cell, protocol, float(times[-1]), diameter, volume, tol)
    if not math.isfinite(cell.potential()):
        raise ValueError(f"{cell} has no steady state from which a rundown could begin")
    isa = scheduler.choose_engine(engine)
    status = np.zeros(times.size, np.uint8)
    columns = {
        name: _course(output, values, times, status, isa)
        for name, output in model.outputs.items()
        if name != "osmolarity"
    }
    stopped = min(float(columns.pop("stopped")[-1]), float(times[-1]))
    changes = {
        one.start: {c.name: c.of(cell[c.name]) for c in one.changes} for one in model.protocol
    }
    bits = Status(int(np.bitwise_or.reduce(status)))
    return Rundown(cell, changes, times, columns, bits, stopped, model, values)


def checked_times(time: npt.ArrayLike) -> np.ndarray:
    """Return times in order, s, or raise the error that names the argument."""
    times = as_numbers("time", time).astype(np.float64)
    if times.ndim != 1 or not times.size or not np.isfinite(times).all():
        raise ValueError(f"time must be a list of times in s, got {shown(time)}")
    if np.any(np.diff(times) < 0):
        raise ValueError("time must not decrease")
    return times


def _course(
    output: Output, values: dict[str, float], times: np.ndarray, status: np.ndarray, isa: str
) -> np.ndarray:
    """Return an output at each time; `status` becomes that of V."""
    if isa == scheduler.PYTHON:
        found = [output.reference({**values, "time": time}) for time in times.tolist()]
        if output.name == "V":
            status[:] = [bits for _, bits in found]
        return np.array([x for x, _ in found])
    columns = output.columns_of({**values, "time": times})
    x = np.empty(times.size)
    output.equation.points(
        columns, 0, times.size, x, status if output.name == "V" else None, isa=isa
    )
    return x
