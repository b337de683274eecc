"""Conditions: changes of a cell, and its outputs under them and from one to another."""

from __future__ import annotations

import ast
import contextlib
import functools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fastrest._core import _kernels
from fastrest._core.validation import unknown
from fastrest.models.outputs import Output

#: The condition in which nothing is changed.
CONTROL = "control"
#: The size of logarithms of sums of concentrations in mM, weighted by permeabilities.
LOG_SIZE = 8.0
#: The advice where a cell has no conditions.
UNDER = "cell.under(conditions) has outputs under conditions"
#: The longest text of an event, or of the name of an output, that is read: Python's reader takes
#: deep nesting from its own stack.
LONGEST = 2000


class Change(NamedTuple):
    """The new value of a parameter: `factor` times its own value, plus `constant`.

    Examples
    --------
    >>> import fastrest as fr
    >>> fr.change("control", "high K", 2, 8)
    change('control', 'high K', 2, 8)
    """

    name: str
    factor: float
    constant: float

    def of(self, own: float) -> float:
        """Return the new value of a parameter from its own."""
        return self.factor * own + self.constant if self.factor else self.constant


def changes_text(changes: tuple[Change, ...]) -> str:
    """Return the changes of a condition in words."""
    words = [
        f"{n} {constant:g}" if factor == 0 else f"{n} x {factor:g}"
        for n, factor, constant in changes
    ]
    return ", ".join(words) or "baseline"


def output(name: str, *, at: str | None = None) -> str:
    """Return the name of an output under a condition, for ``of=``.

    It is an output of the cells that ``cell.under`` makes.

    Parameters
    ----------
    name : str
        The name of an output of the model, such as "V" or "E_K".
    at : str, optional
        The name of a condition; without one, the output of the cell as it is.

    Returns
    -------
    str
        Such as ``"output('V', at='high K')"``, which may be written, too.

    Examples
    --------
    >>> import fastrest as fr
    >>> cell = fr.cells["mammalian neuron"].under({"high K": {"K_out": 8.0}})
    >>> round(cell.value(of=fr.output("V", at="high K")), 2)
    -64.61
    """
    for what, given in {"name": name, **({} if at is None else {"at": at})}.items():
        if not isinstance(given, str):
            raise TypeError(f"output: {what} must be text, got {given!r}")
    return name if at is None else f"output({name!r}, at={at!r})"


def change_name(before: str, after: str, of: str = "V") -> str:
    """Return the name of an output's change from one condition to another."""
    for what, given in {"before": before, "after": after, "of": of}.items():
        if not isinstance(given, str):
            raise TypeError(f"change: {what} must be text, got {given!r}")
    if before == after:
        raise ValueError(f"change: before and after must differ, got {before!r} twice")
    other = "" if of == "V" else f", of={of!r}"
    return f"change({before!r}, {after!r}{other})"


def _arguments(text: object) -> tuple[str, tuple[str, ...]] | None:
    """Return the output and the conditions that `output` or `change` makes a name of, or None."""
    if not isinstance(text, str) or "(" not in text or len(text) > LONGEST:
        return None
    with contextlib.suppress(SyntaxError, ValueError, MemoryError, RecursionError):
        match ast.parse(text.strip(), mode="eval").body:
            case (
                ast.Call(
                    func=ast.Name(id="output"),
                    args=[ast.Constant(value=str() as of)],
                    keywords=[ast.keyword(arg="at", value=ast.Constant(value=str() as at))],
                )
                | ast.Call(
                    func=ast.Name(id="output"),
                    args=[ast.Constant(value=str() as of), ast.Constant(value=str() as at)],
                    keywords=[],
                )
            ):
                return of, (at,)
            case ast.Call(
                func=ast.Name(id="change"),
                args=[ast.Constant(value=str() as before), ast.Constant(value=str() as after)],
                keywords=keywords,
            ) if before != after:
                match keywords:
                    case []:
                        return "V", (before, after)
                    case [ast.keyword(arg="of", value=ast.Constant(value=str() as of))]:
                        return of, (before, after)
    return None


class Outputs(dict[str, Output]):
    """The outputs that a model declares, and those that it finds by other names."""

    def __init__(self, model: Any):
        super().__init__({one.name: one for one in model.declared_outputs()})
        self.model = model

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or self.model.named_output(name) is not None

    def __missing__(self, name: str) -> Output:
        found: Output | None = self.model.named_output(name)
        if found is None:
            raise KeyError(name)
        return found


def is_compared(name: object) -> bool:
    """Return True if a name is one that `output` or `change` makes."""
    return _arguments(name) is not None


def compared_output(model: Any, name: object) -> ConditionOutput | None:
    """Return the output that a model has under a condition, by its name, or None."""
    found = _arguments(name) if model.conditions else None
    if found is None or found[0] not in model.outputs:
        return None
    of, conditions = found
    for one in conditions:
        if one not in model.conditions:
            raise ValueError(f"{name}: {unknown('condition', one, model.conditions)}")
    inner = model.outputs[of]
    if isinstance(inner, ConditionOutput):
        raise ValueError(f"{name}: an output under a condition has no further ones")
    if inner.is_time and len(conditions) == 2:
        raise ValueError(f"{name}: a time may be infinite, and then its change has no value")
    return ConditionOutput(inner, conditions)


class ConditionOutput(Output):
    """An output under a condition, or its change from one condition to another.

    Attributes
    ----------
    inner : Output
        The output itself.
    conditions : tuple of str
        One condition, or two.
    """

    no_derivatives = (
        "outputs under conditions have no derivatives here: ask for those of cell.replace(...), or "
        "for space.sobol(n, of=...)"
    )

    inner: Output
    conditions: tuple[str, ...]

    def __init__(self, inner: Output, conditions: tuple[str, ...]):
        if len(conditions) == 1:
            name = output(inner.name, at=conditions[0])
            text = f"{inner.description}, {conditions[0]}"
        else:
            name = change_name(conditions[0], conditions[1], inner.name)
            text = f"change of {inner.description} from {conditions[0]} to {conditions[1]}"
        super().__init__(inner.model, name, inner.unit, text)
        vars(self).update(inner=inner, conditions=conditions, is_time=inner.is_time)
        same_phi = all(one.name != "celsius" for some in self.changes() for one in some)
        logs = type(inner) is Output and inner.has_log_sums and same_phi
        vars(self).update(two_sided=False, separable=False, has_log_sums=logs)
        vars(self).update(cost=inner.cost * len(conditions))
        vars(self).update(log_size=LOG_SIZE if len(conditions) == 2 else 0.0)

    @property
    def columns(self) -> tuple[str | float, ...]:
        return self.inner.columns

    def changes(self) -> Iterator[tuple[Change, ...]]:
        """Yield the changes under each condition."""
        for name in self.conditions:
            yield self.model.conditions[name]

    @functools.cached_property
    def equation(self) -> _kernels.Equation:
        return self._under(self.inner.equation)

    @functools.cached_property
    def log_sums(self) -> dict[str, _kernels.Equation]:
        return {side: self._under(one) for side, one in self.inner.log_sums.items()}

    def _under(self, own: _kernels.Equation) -> _kernels.Equation:
        """Return an equation of the same columns under the conditions."""
        changes = tuple(
            {
                j: (one.factor, one.constant)
                for j, column in enumerate(self.columns)
                for one in of_condition
                if one.name == column
            }
            for of_condition in self.changes()
        )
        return _kernels.Equation(
            own.name, own.z, own.pump_ion, own.output, own.protocol, changes=changes
        )

    def reference(self, values: Mapping[str, float]) -> tuple[float, int]:
        found = [
            self.inner.reference({**values, **{one.name: one.of(values[one.name]) for one in some}})
            for some in self.changes()
        ]
        status = next((bits for _, bits in found if bits), 0)
        value = found[0][0] if len(found) == 1 else found[1][0] - found[0][0]
        return value, status

    def as_number(self) -> Output:
        return ConditionOutput(self.inner.as_number(), self.conditions)
