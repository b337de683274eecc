"""Conditions as users give them: by name, each a dict of new values or one of `fr.states`."""

from collections.abc import Mapping
from typing import Any

from fastrest._core.validation import shown
from fastrest.models.conditions import CONTROL, Change
from fastrest.physiology.multiples import Times

#: The most characters of the name of a condition.
LONGEST_NAME = 200


def changes_of(cell: Any, condition: Any) -> tuple[Change, ...]:
    """Return the changes of a condition, which is checked."""
    if hasattr(condition, "of"):
        condition = condition.of(cell)
    if not isinstance(condition, Mapping):
        raise TypeError(f"a condition must be a dict or one of fr.states, got {condition!r}")
    changed = cell.replace(**condition)
    return tuple(
        Change(name, float(x.factors), 0.0) if isinstance(x, Times) else Change(name, 0.0, new)
        for name, x in condition.items()
        for new in [changed[name]]
    )


def conditions_of(cell: Any, given: Any) -> dict[str, tuple[Change, ...]]:
    """Return the cell's conditions and checked new ones by name; "control" is the first."""
    example = '{"high K": {"K_out": 6.5}}'
    if not isinstance(given, Mapping) or not given:
        raise TypeError(f"conditions must be a dict, as {example}, got {shown(given)}")
    found: dict[str, tuple[Change, ...]] = {CONTROL: (), **cell.model.conditions}
    for name, condition in given.items():
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
            raise TypeError(
                f"conditions: a name must be text of 1 to {LONGEST_NAME} characters, got "
                f"{shown(name)}"
            )
        if name == CONTROL and condition:
            raise ValueError(f"conditions: {CONTROL!r} changes nothing, got {shown(condition)}")
        try:
            found[name] = changes_of(cell, condition)
        except (TypeError, ValueError) as error:
            raise type(error)(f"condition {name!r}: {error}") from None
    return found


def as_given(changes: tuple[Change, ...]) -> dict[str, float | Times]:
    """Return changes as a user gives them."""
    return {name: Times(factor) if factor else constant for name, factor, constant in changes}
