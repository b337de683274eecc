"""Public members of classes: those that users call, without the hooks of other modules."""

import enum
import importlib
import inspect


def members_of(full: str) -> list[str]:
    """Return the names of a class's public members, those of a public base left to its own page.

    Examples
    --------
    >>> members_of("fastrest.Ion")
    ['name', 'z']
    """
    module, _, name = full.rpartition(".")
    cls = getattr(importlib.import_module(module), name)
    if issubclass(cls, enum.Enum):
        return list(cls.__members__)
    hooks = {hook for base in cls.__mro__ for hook in vars(base).get("_hooks", ())}
    public = set(importlib.import_module("fastrest").__all__)
    found = []
    for base in cls.__mro__:
        documented_elsewhere = base is not cls and base.__name__ in public
        if documented_elsewhere or not base.__module__.startswith("fastrest"):
            continue
        for member, thing in vars(base).items():
            plain = not member.startswith("_") and member not in hooks | set(found)
            if plain and (inspect.getdoc(getattr(cls, member)) or inspect.isfunction(thing)):
                found.append(member)
    return found
