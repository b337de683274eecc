"""Public members of classes: those that users call, without the hooks of other modules."""

import enum
import importlib
import inspect


def members_of(full: str) -> list[str]:
    """Return the names of a class's public members, those of a public base left to its own page.

    Examples
    --------
    >>> members_of("fastrest.Rundown")
    ['values', 'time_to', 'to_dataframe', 'to_xarray', 'plot']
    """
    module, _, name = full.rpartition(".")
    cls = getattr(importlib.import_module(module), name)
    if issubclass(cls, enum.Enum):
        return list(cls.__members__)
    hooks = {hook for base in cls.__mro__ for hook in vars(base).get("_hooks", ())}
    public = set(importlib.import_module("fastrest").__all__)
    documented = {  # on the page of a public base
        one for base in cls.__mro__[1:] if base.__name__ in public for one in base.__mro__
    }
    found = []
    for base in cls.__mro__:
        if base in documented or not base.__module__.startswith("fastrest"):
            continue
        for member, thing in vars(base).items():
            plain = not member.startswith("_") and member not in hooks | set(found)
            if plain and (inspect.getdoc(getattr(cls, member)) or inspect.isfunction(thing)):
                found.append(member)
    return found
