"""Checks of arguments that need no NumPy: immutable objects, whole numbers, unknown names.

The plain-Python reference may import this file, so it imports neither NumPy nor the kernels; the
checks of real numbers and arrays are in `fastrest._core.arrays`.
"""

import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Hooked:
    """A base of objects with hooks: attributes for other rooms, hidden from tab completion."""

    #: the hooks that a class adds to those of its bases
    _hooks: ClassVar[tuple[str, ...]] = ()

    def __dir__(self) -> list[str]:
        hidden = {name for kind in type(self).__mro__ for name in vars(kind).get("_hooks", ())}
        return [name for name in super().__dir__() if name not in hidden and name != "_hooks"]


class Frozen(Hooked):
    """A base of immutable objects: ``vars(self).update`` in ``__init__`` sets attributes once."""

    def __setattr__(self, name: str, value: object = None) -> None:
        raise AttributeError(f"a {type(self).__name__} cannot be changed: make another")

    __delattr__ = __setattr__


class FrozenMapping(Frozen, Mapping[str, T_co]):
    """A base of immutable mappings: ``_values`` are the values, ``_what`` is the kind of key."""

    _what: str
    _values: Mapping[str, T_co]

    def __getitem__(self, key: str) -> T_co:
        if key not in self._values:
            raise KeyError(unknown(self._what, key, self._values))
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def whole_number(name: str, value: Any, least: int) -> int:
    """Return a whole number >= least as an int, or raise the ValueError that names the argument."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < least:
        raise ValueError(f"{name} must be a whole number >= {least}, got {value!r}")
    return number


def unknown(what: str, name: object, known: Iterable[object]) -> str:
    """Return the error text for an unknown name, with the most similar known names."""
    import difflib

    names = [str(one) for one in known]
    near = difflib.get_close_matches(str(name), names, n=3, cutoff=0.5)
    return f"unknown {what} {name!r}: " + (
        f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(names)}"
    )


def remake(kind: Any, arguments: Mapping[str, Any]) -> Any:
    """Return an object made of keyword arguments: pickles name this function."""
    return kind(**arguments)


def public(thing: T) -> T:
    """Give a class or function to `fastrest`, under which pickles name it wherever it stands."""
    thing.__module__ = "fastrest"
    return thing
