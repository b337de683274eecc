"""Checks of arguments, objects that cannot change, and text of aligned columns."""

import contextlib
import math
import numbers
import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, TypeVar

import numpy as np

#: The most characters of a value that an error quotes.
LONGEST = 160

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

    _hooks: ClassVar[tuple[str, ...]] = ("merged",)
    _what: str
    _values: Mapping[str, T_co]

    def __getitem__(self, key: str) -> T_co:
        if key not in self._values:
            raise KeyError(unknown(self._what, key, self._values))
        return self._values[key]

    def merged(self, *others: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values in a dict, with those of other mappings added or in their place."""
        found: dict[str, Any] = dict(self._values)
        for other in others:
            found.update(other)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def _ipython_key_completions_(self) -> list[str]:
        """Return the keys that notebooks complete."""
        return list(self._values)

    def __len__(self) -> int:
        return len(self._values)


def whole_number(name: str, value: Any, least: int, most: int | None = None) -> int:
    """Return a whole number in a range as an int, or raise the error that names the argument."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < least:
        raise ValueError(f"{name} must be a whole number >= {least}, got {shown(value)}")
    if most is not None and number > most:
        raise ValueError(f"{name} must be at most {most:,}, got {shown(value)}")
    return number


def parsed_number(text: str) -> float:
    """Return the number that a text holds in ASCII digits, or raise the ValueError."""
    with contextlib.suppress(ValueError):
        if text.isascii() and "_" not in text:  # Python alone reads 1_000 as a number
            return float(text)
    raise ValueError(f"must be a number, got {text!r}")


def shown(value: object) -> str:
    """Return a value as errors quote it: of a long one its beginning and its end."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no integer of some thousand digits
        return f"a number of type {type(value).__name__} that is too long to write"
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} ... {text[-LONGEST // 4 :]}"


def unknown(what: str, name: object, known: Iterable[object]) -> str:
    """Return the error text for an unknown name, with the most similar known names."""
    import difflib

    names = [str(one) for one in known]
    likeness = 0.5 if len(str(name)) < 4 else 0.55
    near = difflib.get_close_matches(str(name), names, n=3, cutoff=likeness)
    return f"unknown {what} {shown(name)}: " + (
        f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(names)}"
    )


def remake(kind: Any, arguments: Mapping[str, Any]) -> Any:
    """Return an object made of keyword arguments: pickles name this function."""
    return kind(**arguments)


def public(thing: T) -> T:
    """Give a class or function to `fastrest`, under which pickles name it wherever it stands."""
    thing.__module__ = "fastrest"
    return thing


def aligned(rows: list[list[str]], gap: str = "   ") -> list[str]:
    """Return rows of words as lines, the first column to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        gap.join([first.ljust(widths[0]), *(w.rjust(n) for w, n in zip(rest, widths[1:]))])
        for first, *rest in rows
    ]


def is_number(value: object) -> bool:
    """Return whether a value is one real number: no truth value, no time, nothing complex."""
    if type(value) is float or type(value) is int:
        return True
    if isinstance(value, bool | np.bool_ | np.timedelta64):
        return False
    return isinstance(value, numbers.Real) or hasattr(type(value), "as_integer_ratio")  # decimals


def as_float(name: str, value: Any) -> float:
    """Return one real number as a float, or raise the error that names the argument."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if not is_number(value):
        raise TypeError(f"{name} must be a number, got {shown(value)}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name} must be finite, got a number beyond 1e308") from None


def finite(name: str, value: Any) -> float:
    """Return one finite real number as a float, or raise the error that names the argument."""
    number = as_float(name, value)
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, got {number!r}")
    return number


def as_numbers(name: str, value: Any) -> np.ndarray:
    """Return an array of real numbers, masked elements as NaN, or raise an error with the name.

    The array keeps its dtype, which is an integer or a floating one.
    """
    if isinstance(value, np.ma.MaskedArray) and value.dtype.kind in "iuf":
        value = np.ma.filled(value.astype(np.float64), np.nan)
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if hasattr(value, "to_numpy") and kind in ("i", "u", "f"):
        # a data frame's column, whose missing values need not be floats
        with contextlib.suppress(ValueError, TypeError):
            value = value.to_numpy(dtype=np.float64, na_value=np.nan)
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must be numbers, got rows of unequal length") from None
    if isinstance(value, list | tuple) and array.dtype == object and all(map(is_number, value)):
        array = np.array([as_float(name, one) for one in value])  # decimals, long integers
    elif isinstance(value, list | tuple) and array.dtype.kind in "iuf" and _has_truth(value):
        raise TypeError(f"{name} must be numbers, got a truth value among them")
    if array.dtype.kind not in "iuf":
        kind = getattr(value, "dtype", array.dtype)
        hint = ": .infer_objects() or .astype(float) converts it" if array.dtype == object else ""
        raise TypeError(f"{name} must be numbers, got dtype {kind}{hint}")
    return array


def _has_truth(values: Iterable[Any]) -> bool:
    """Return whether a truth value is among numbers, which NumPy would take for 0 or 1."""
    return any(
        isinstance(one, bool | np.bool_) or (isinstance(one, list | tuple) and _has_truth(one))
        for one in values
    )


def read_only(values: Any) -> np.ndarray:
    """Return a copy of an array that cannot be written to."""
    array = np.array(values, np.float64)
    array.flags.writeable = False
    return array


def equal(one: Any, other: Any) -> bool:
    """Return True if two attributes of results are equal: arrays by elements, NaN to NaN."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(x, other[key]) for key, x in one.items())
    if isinstance(one, tuple | list) and isinstance(other, type(one)):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.array_equal(one, other, equal_nan=np.asarray(one).dtype.kind == "f")
    return one is other or bool(one == other) or bool(one != one and other != other)


class Comparable:
    """A base of results: two of one class are equal if their attributes are, by `equal`.

    Results hold arrays and dictionaries, so they have no hash.
    """

    #: the attributes that equal results have in common; all if there are none
    _compared: ClassVar[tuple[str, ...]] = ()

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        names = self._compared or vars(self).keys() | vars(other).keys()
        return all(equal(getattr(self, name), getattr(other, name)) for name in names)

    __hash__ = None  # type: ignore[assignment]


def equal_to_nan(kind: type[Any]) -> Any:
    """Let named tuples of a class be equal, and have one hash, where both have NaN."""

    def same(one: tuple[Any, ...], other: object) -> bool:
        return isinstance(other, tuple) and equal(tuple(one), tuple(other))

    def differs(one: tuple[Any, ...], other: object) -> bool:
        return not same(one, other)

    def hashed(one: tuple[Any, ...]) -> int:
        return hash(tuple(None if x != x else x for x in one))

    kind.__eq__, kind.__ne__, kind.__hash__ = same, differs, hashed  # type: ignore[assignment]
    return kind
