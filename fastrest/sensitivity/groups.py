"""Groups of uncertain inputs, whose sensitivity is asked for together."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastrest._core.validation import shown, unknown

EXAMPLE = '{"bath": ["K_out", "Na_out"]}'


def checked_groups(names: Sequence[str], given: Any) -> dict[str, tuple[str, ...]]:
    """Return the inputs of each group; inputs of no group are groups of their own.

    Parameters
    ----------
    names : sequence of str
        The inputs of a space.
    given : mapping or sequence of str
        Inputs by the name of their group; or, as in SALib, the name of each input's group.

    Returns
    -------
    dict of str to tuple of str

    Raises
    ------
    ValueError
        An input is unknown or in two groups, or there is no group.
    """
    if isinstance(given, Mapping):
        groups = {
            str(group): (members,) if isinstance(members, str) else tuple(members)
            for group, members in given.items()
        }
    elif isinstance(given, Sequence) and not isinstance(given, str) and len(given) == len(names):
        groups = {}
        for name, group in zip(names, given):
            groups[str(group)] = (*groups.get(str(group), ()), name)
    else:
        raise TypeError(
            f"groups must be a mapping, as {EXAMPLE}, or a group for each of {len(names)} inputs, "
            f"got {shown(given)}"
        )
    seen: dict[str, str] = {}
    for group, members in groups.items():
        for name in members:
            if name not in names:
                raise ValueError(f"groups: {unknown('input', name, names)}")
            if name in seen:
                raise ValueError(f"groups: {name} is in two groups, {seen[name]} and {group}")
            seen[name] = group
        if not members:
            raise ValueError(f"groups: {group} has no inputs")
    alone = {name: (name,) for name in names if name not in seen}
    for name in alone.keys() & groups.keys():
        raise ValueError(f"groups: {name} is an input of no group, and the name of one: rename it")
    return {**groups, **alone}
