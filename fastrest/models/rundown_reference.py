"""The inside of a cell in time, in plain Python: the definition that the C kernel is tested with.

The amount n of an ion changes by its current and by what the pump and the cotransporters carry:

    dn/dt = -(A/w0) (I + I_pump)/(z F)

V is that of zero net current at every instant, and water follows at once. The classical method of
Runge and Kutta takes equal steps, which are halved until the result stays.
"""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastrest.models.currents import currents
from fastrest.models.pump_reference import pump_current
from fastrest.models.quantities import FARADAY, Ion, Status
from fastrest.models.reference import nernst_of

#: Change of the amounts, mM, that ends the halving; and the most steps of an interval.
AGREEMENT, MOST_STEPS = 1e-10, 1 << 14
#: The number of equal steps that tells that an ion is used up if one of them leaves the domain.
MOST_FAILED = 1 << 8
#: Steps of a condition in which a crossing is looked for, and halvings of one of them.
SOUGHT, HALVINGS = 256, 40
IONS = {"Na": 1, "K": 1, "Cl": -1}
NAMES = ("V", "Na_in", "K_in", "Cl_in", "relative_volume", "I_pump")


class UsedUpError(Exception):
    """An ion is used up, or no potential balances the currents."""


@dataclass
class Segment:
    """One condition of a course: from its start to its end, with the values and amounts then."""

    start: float
    end: float
    values: dict[str, float]
    amounts: list[float]


class Course:
    """The course of a cell from its steady state on, under one condition after the other."""

    def __init__(
        self,
        model: Any,
        values: Mapping[str, float],
        conditions: Sequence[tuple[float, Mapping[str, float]]],
        fixed: bool,
    ):
        self.model, self.fixed = model, fixed
        self.time, self.surface = values["time"], 6e4 / values["diameter"]
        baseline = {**values, "n_X": 1.0}
        rest, self.status = model.reference(model, {n: baseline[n] for n in model.parameters})
        self.segments: list[Segment] = []
        if self.status:
            return
        self.rest = rest["V"]
        baseline["n_X"] = rest["X"]
        n = [rest[f"{ion}_in"] for ion in IONS]
        self.segments.append(Segment(-math.inf, conditions[0][0], baseline, n))
        ends = [*(start for start, _ in conditions[1:]), math.inf]
        for (start, changes), end in zip(conditions, ends):
            if start <= self.time:
                segment = Segment(start, end, {**baseline, **changes}, n)
                self.segments.append(segment)
                if end <= self.time:
                    n = self._amounts(segment, end)
                    if not n:
                        break

    def value(self, name: str, V: float, never: float) -> tuple[float, int]:
        """Return an output and its status; V and never are those of "time_to"."""
        if self.status:
            return math.nan, self.status
        stop = self.stop
        if name in ("time_to", "stopped"):
            found = stop if name == "stopped" else self._reached(V)
            if found <= self.time:
                return found, Status(0)
            if name == "time_to" and stop <= self.time:
                return math.nan, Status.NO_SOLUTION
            return never, Status.INFINITE if math.isinf(never) else Status(0)
        if stop <= self.time:
            return math.nan, Status.NO_SOLUTION
        segment = self.segments[-1]
        assert self.last is not None
        outputs = dict(zip(NAMES, self.last))
        if name in outputs:
            return outputs[name], Status(0)
        now = {**segment.values, **outputs}
        bath = math.fsum(now[f"{ion}_out"] for ion in ("Na", "K", "Cl", "X"))
        if name in ("X", "osmolarity"):
            return now["n_X"] / now["relative_volume"] if name == "X" else bath, Status(0)
        return nernst_of(Ion(name[2:], IONS[name[2:]]), now)

    def _row(self, segment: Segment, n: list[float]) -> list[float] | None:
        try:
            return _rates(self.model, segment.values, n, self.surface, self.fixed)[0] if n else None
        except UsedUpError:
            return None

    def _amounts(self, segment: Segment, time: float) -> list[float]:
        """Return the amounts at a time of a condition; none if an ion is used up before."""

        def rates(n: Sequence[float]) -> list[float]:
            return _rates(self.model, segment.values, n, self.surface, self.fixed)[1]

        try:
            rates(segment.amounts)
            span = time - segment.start
            return (
                _interval(rates, segment.amounts, span) if 0 < span < math.inf else segment.amounts
            )
        except UsedUpError:
            return []

    @functools.cached_property
    def last(self) -> list[float] | None:
        """The values of NAMES at the time of the answer; None if an ion is used up before."""
        segment = self.segments[-1]
        return self._row(segment, self._amounts(segment, min(segment.end, self.time)))

    @functools.cached_property
    def stop(self) -> float:
        """The time at which an ion is used up, or infinity."""
        if self.last is not None:
            return math.inf
        segment = self.segments[-1]
        return self._first(segment, lambda n: self._row(segment, n) is None)

    def _reached(self, V: float) -> float:
        """Return the time at which a potential is reached from that of rest, or infinity."""
        side = 1 if self.rest <= V else -1
        if self.rest == V:
            return min(0.0, self.segments[0].end)

        def is_beyond(n: list[float]) -> bool:
            row = self._row(segment, n)
            return row is not None and side * (row[0] - V) >= 0

        for segment in self.segments[1:]:
            found = self._first(segment, is_beyond)
            if found < math.inf:
                return found
        return math.inf

    def _first(self, segment: Segment, holds: Callable[[list[float]], bool]) -> float:
        """Return the first time of a condition at which something holds, or infinity."""
        end, last = min(segment.end, self.time), segment
        if holds(segment.amounts):
            return segment.start
        for i in range(1, SOUGHT + 1):
            time = segment.start + (end - segment.start) * i / SOUGHT
            n = self._amounts(last, time)
            if holds(n):
                before = last.start
                for _ in range(HALVINGS):
                    middle = 0.5 * (before + time)
                    if holds(self._amounts(last, middle)):
                        time = middle
                    else:
                        before = middle
                return time
            if not n:
                break
            last = Segment(time, end, segment.values, n)
        return math.inf


def _rates(
    model: Any, values: Mapping[str, float], n: Sequence[float], surface: float, fixed: bool
) -> tuple[list[float], list[float]]:
    bath = math.fsum(values[f"{name}_out"] for name in ("Na", "K", "Cl", "X"))
    volume = 1.0 if fixed else (math.fsum(n) + values["n_X"]) / bath
    inside = {f"{ion}_in": amount / volume for ion, amount in zip(IONS, n, strict=True)}
    if min(inside.values()) <= 0:
        raise UsedUpError
    leak, now = model.leak, {**values, **inside}
    now = {name: now[name] for name in leak.parameters}
    V, status = leak.reference(leak, now)
    if status:
        raise UsedUpError
    flows = currents(leak, now, V)
    I_pump = pump_current(now)
    total = {ion: flows[ion].current for ion in IONS}
    total["Na"] += 3 * I_pump
    total["K"] -= 2 * I_pump
    if model.cotransport:
        from_E = {ion: V - leak.outputs[f"E_{ion}"].reference(now)[0] for ion in IONS}
        kcc = values.get("g_KCC", 0.0) * (from_E["K"] - from_E["Cl"])
        nkcc = values.get("g_NKCC", 0.0) * (from_E["Na"] + from_E["K"] - 2 * from_E["Cl"])
        total["Na"] += nkcc
        total["K"] += nkcc + kcc
        total["Cl"] -= 2 * nkcc + kcc
    row = [V, *inside.values(), volume, I_pump]
    return row, [-surface * total[ion] / (z * FARADAY) for ion, z in IONS.items()]


def _interval(rates: Any, n: list[float], span: float) -> list[float]:
    steps, found = 1, _equal_steps(rates, n, span, 1)
    while steps < MOST_STEPS:
        steps *= 2
        finer = _equal_steps(rates, n, span, steps)
        if found and finer and max(abs(a - b) for a, b in zip(found, finer)) < AGREEMENT:
            return finer
        if not (found or finer) and steps >= MOST_FAILED:
            break
        found = finer
    if found:
        return found
    raise UsedUpError


def _equal_steps(rates: Any, n: list[float], span: float, steps: int) -> list[float] | None:
    """Return the amounts after so many steps, or None if one leaves the domain."""
    h = span / steps
    try:
        for _ in range(steps):
            a = rates(n)
            b = rates([x + h / 2 * y for x, y in zip(n, a)])
            c = rates([x + h / 2 * y for x, y in zip(n, b)])
            d = rates([x + h * y for x, y in zip(n, c)])
            slopes = ((p + 2 * q + 2 * r + s) / 6 for p, q, r, s in zip(a, b, c, d))
            n = [x + h * slope for x, slope in zip(n, slopes)]
    except UsedUpError:
        return None
    return n
