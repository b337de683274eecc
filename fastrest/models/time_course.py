"""Cells that keep themselves, at a time after their pump, bath or membrane has changed."""

from __future__ import annotations

import functools
import math
import re
import types
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

from fastrest._core import _kernels
from fastrest._core.validation import finite, is_number, parsed_number, shown, unknown
from fastrest.models.conditions import Change, changes_text
from fastrest.models.model import Model
from fastrest.models.outputs import Output
from fastrest.models.pump_leak import PumpLeak
from fastrest.models.quantities import Ion, Parameter
from fastrest.models.rundown_reference import Course

VOLUMES = ("free", "fixed")
#: Outputs of a steady state that a course does not have.
STEADY_ONLY = ("margin",)
#: A time that is later than any other, s.
LATEST = 1e300
#: Texts of the output that `time_to` names.
TIME_TO = re.compile(r"time_to\(([^,()]+)(?:, *never=([^,()]+))?\)")


class Condition(NamedTuple):
    """Changes against the baseline, which last from a time on, s."""

    start: float
    changes: tuple[Change, ...]

    def __str__(self) -> str:
        return changes_text(self.changes)


class TimeCourse(Model):
    """A cell that keeps itself, at a time after its pump, bath or membrane has changed.

    ``cell.after(protocol, time=, diameter=)`` makes a cell of this model: before the first change
    it is in its steady state. Two parameters are added to those of the living cell, and `n_X` is
    left out, because the relative volume is 1 at first:

    - `time`: s;
    - `diameter`: of a sphere, um. Its membrane stays what it is.

    Outputs are those of a living cell but for the margin, and two times, s: `stopped`, at which a
    pump has used up an ion, so that no potential balances the currents any more; and
    ``fr.time_to(V)``. A time that does not come by `time` is infinite, with the status
    ``INFINITE``.

    Attributes
    ----------
    living : PumpLeak
        The model of the cell.
    protocol : tuple of Condition
        The changes, by the time at which each condition begins.
    volume : str
        "free", or "fixed" if no water moves.
    tol : float
        Error of the amounts in a step, mM of the first volume.

    Examples
    --------
    >>> import fastrest as fr
    >>> living = fr.cells["mammalian neuron"].living(R_m=7)
    >>> cell = living.after({0: fr.states["pump block"]}, time=600, diameter=20)
    >>> cell.model.living == living.model
    True
    >>> {name: round(cell.value(of=name), 2) for name in ("V", "Na_in", fr.time_to(-40))}
    {'V': -58.45, 'Na_in': 48.29, 'time_to(-40)': inf}
    """

    _hooks: ClassVar[tuple[str, ...]] = ("protocol_numbers",)

    living: PumpLeak
    protocol: tuple[Condition, ...]
    volume: str
    tol: float

    def __init__(
        self,
        living: PumpLeak,
        *,
        protocol: tuple[Condition, ...],
        volume: str = "free",
        tol: float = 1e-7,
    ):
        if volume not in VOLUMES:
            raise ValueError(unknown("volume", volume, VOLUMES))
        if not finite("tol", tol) > 0:
            raise ValueError(f"tol must be > 0 mM, got {tol!r}")
        if len(protocol) > _kernels.MAX_CONDITIONS:
            raise ValueError(
                f"protocol must have at most {_kernels.MAX_CONDITIONS:,} conditions, got "
                f"{len(protocol):,}"
            )
        found = tuple(Condition(t, tuple(Change(*c) for c in changes)) for t, changes in protocol)
        vars(self).update(living=living, volume=volume, tol=float(tol))
        vars(self).update(protocol=found or (Condition(0.0, ()),), ions=living.ions, passive=())
        vars(self).update(weight=living.weight, weight_unit=living.weight_unit)
        vars(self).update(equation_name="ghk_rundown" if living.weight == "P" else "chord_rundown")

    @functools.cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """The parameters by name, in order."""
        found = [p for name, p in self.living.parameters.items() if name != "n_X"]
        found.append(Parameter("time", "s", "time"))
        found.append(Parameter("diameter", "um", "diameter"))
        return types.MappingProxyType({parameter.name: parameter for parameter in found})

    @property
    def defaults(self) -> dict[str, float]:
        return {"X_out": 0.0}

    @property
    def arguments(self) -> dict[str, Any]:
        return {"protocol": self.protocol, "volume": self.volume, "tol": self.tol}

    def with_passive(self, *names: str) -> Model:
        raise ValueError(f"{self} has no passive ions: those of cell.steady_state() can be")

    def with_ions(self, *ions: str | Ion) -> Model:
        raise ValueError(f"{self} takes no further ions")

    def declared_outputs(self) -> Iterator[Output]:
        for name, one in self.living.outputs.items():
            if name not in STEADY_ONLY:
                yield CourseOutput(self, name, one.unit, one.description)
        yield CourseOutput(self, "stopped", "s", "time at which a pump has used up an ion")

    def named_output(self, name: object) -> Output | None:
        threshold = _threshold_of(name)
        if threshold is None:
            return super().named_output(name)
        V, never = threshold
        text = f"time to {V:g} mV" + ("" if never == math.inf else f" ({never:g} s if never)")
        return CourseOutput(self, time_to(V, never=never), "s", text)

    @functools.cached_property
    def columns(self) -> tuple[str | float, ...]:
        living = (1.0 if one == "n_X" else one for one in self.living.living_columns)
        return (*living, "time", "diameter")

    @functools.cached_property
    def protocol_numbers(self) -> tuple[tuple[float, ...], ...]:
        """The protocol as the C core reads it: start, a factor and a constant for each column."""
        found = []
        for start, changes in self.protocol:
            new = {name: (factor, constant) for name, factor, constant in changes}
            of_columns = [new.get(str(one), (1.0, 0.0)) for one in self.living.living_columns]
            factors, constants = zip(*of_columns)
            found.append((start, *factors, *constants))
        return tuple(found)

    def reference(self, values: Mapping[str, float]) -> Any:
        """Return the course in plain Python."""
        return _plain_course(self, tuple(values.items()))

    def __repr__(self) -> str:
        words = "; ".join(f"{one.start:g} s: {one}" for one in self.protocol)
        return f"TimeCourse({self.living}, {words}{self.under_text})"

    def __getstate__(self) -> dict[str, Any]:
        return {"living": self.living, **self.arguments, **self.compared}


@functools.lru_cache(64)
def _plain_course(model: TimeCourse, items: tuple[tuple[str, float], ...]) -> Course:
    """Return a course in plain Python: all outputs of a point come from one."""
    values = dict(items)
    conditions = [
        (start, {change.name: change.of(values[change.name]) for change in changes})
        for start, changes in model.protocol
    ]
    return Course(model.living, values, conditions, model.volume == "fixed")


class CourseOutput(Output):
    """A quantity of a `TimeCourse` model at its time; or the time of an event."""

    cost = 64
    no_derivatives = (
        "a course in time has no derivatives here: compare values at neighbouring parameters, or "
        "ask for space.sobol()"
    )

    def __init__(self, model: TimeCourse, name: str, unit: str, description: str):
        super().__init__(model, name, unit, description)
        vars(self).update(is_time=unit == "s")

    @functools.cached_property
    def threshold(self) -> tuple[float, float]:
        """The threshold, mV, and the value of a time that does not come, s."""
        return _threshold_of(self.name) or (0.0, math.inf)

    @functools.cached_property
    def equation(self) -> _kernels.Equation:
        model = self.model
        core = _kernels.OUTPUTS[self.name.partition("(")[0]]
        protocol = (model.protocol_numbers, model.volume == "fixed", model.tol, *self.threshold)
        return _kernels.Equation(model.equation_name, output=core, protocol=protocol)

    def reference(self, values: Mapping[str, float]) -> tuple[float, int]:
        found: tuple[float, int] = self.model.reference(values).value(
            self.name.partition("(")[0], *self.threshold
        )
        return found

    def as_number(self) -> Output:
        threshold = _threshold_of(self.name)
        if threshold is None or math.isfinite(threshold[1]):
            return self
        found: Output = self.model.output(time_to(threshold[0], never=LATEST))
        return found


def time_to(V: float, *, never: float = math.inf) -> str:
    """Return the name of the time at which the potential first reaches a value, for ``of=``.

    It is an output of the cells that ``cell.after`` makes, and of ``sweep.rundown``.

    Parameters
    ----------
    V : float
        The potential, mV, which is reached from the side of the resting potential: 0 s if the cell
        rests there, and the time of a change if V jumps there or beyond.
    never : float
        The value, s, if V is not reached by the cell's `time`. An infinite one has the status
        ``INFINITE``: it is counted, ranks last among quantiles, and is left out of means.

    Returns
    -------
    str
        Such as ``"time_to(-40)"``, which may be written, too.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.time_to(-40), fr.time_to(-40, never=7200)
    ('time_to(-40)', 'time_to(-40, never=7200)')
    """
    if not is_number(never) or math.isnan(never):
        raise TypeError(f"time_to: never must be a number of s, got {shown(never)}")
    numbers = [repr(float(x)).removesuffix(".0") for x in (finite("time_to: V", V), never)]
    return (
        f"time_to({numbers[0]})" if never == math.inf else "time_to({}, never={})".format(*numbers)
    )


def _threshold_of(name: object) -> tuple[float, float] | None:
    """Return the arguments that `time_to` makes a name of, or None."""
    match = TIME_TO.fullmatch(name) if isinstance(name, str) else None
    if match is None:
        return None
    try:
        V, never = parsed_number(match[1]), parsed_number(match[2] or "inf")
    except ValueError:
        return None
    return None if not math.isfinite(V) or math.isnan(never) else (V, never)
