"""The door for labelled input: it uses, keeps or refuses by name all that a column knows.

Columns may come from NumPy, pandas, Dask, polars, Arrow and xarray, and may be quantities of pint,
astropy or quantities. The objects are recognised by their attributes; nothing is imported. The
caller passes the unit that it wants: values are converted where the object can convert itself.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from fastrest._core.validation import as_numbers

#: Factor and offset of units as people write them, by the unit of a parameter.
UNITS: dict[str, dict[str, tuple[float, float]]] = {
    "mM": {
        **dict.fromkeys(["mM", "mmol/L", "mmol/l", "mmol/dm3", "mmol/dm^3", "millimolar"], (1, 0)),
        **dict.fromkeys(["mmol L-1", "mmol l-1", "mmol L^-1", "mol/m3", "mol/m^3"], (1, 0)),
        **dict.fromkeys(["mol m-3", "mol m^-3", "mol/m**3", "mol/m³", "meq/L"], (1, 0)),
        **dict.fromkeys(["M", "mol/L", "mol/l", "mol L-1", "molar"], (1e3, 0)),
        **dict.fromkeys(["uM", "umol/L", "umol/l", "micromolar"], (1e-3, 0)),
        **dict.fromkeys(["nM", "nmol/L", "nmol/l", "nanomolar"], (1e-6, 0)),
    },
    "°C": {
        **dict.fromkeys(["°C", "degC", "deg C", "deg_C", "C", "celsius", "Celsius"], (1, 0)),
        **dict.fromkeys(["degree_Celsius", "degrees_Celsius", "degree_C", "degrees C"], (1, 0)),
        **dict.fromkeys(["K", "kelvin", "Kelvin", "degK"], (1, -273.15)),
    },
    "": dict.fromkeys(["", "1", "dimensionless", "none", "relative"], (1, 0)),
}
#: Names of the parameters' units that libraries of quantities understand.
TARGETS = {"mM": ("mmol/L", "mmol/l", "mM", "mol/m**3"), "°C": ("degC", "deg_C"), "": ("",)}


def written(unit: object) -> str:
    """Return a unit as the table of units writes it."""
    text = str(unit).strip().replace("µ", "u").replace("μ", "u").replace("º", "°")
    return re.sub(r"\s*/\s*", "/", text)


def is_ours(text: str, unit: str) -> bool:
    """Return whether a text means the unit of a parameter."""
    return text == unit or UNITS.get(unit, {}).get(text) == (1, 0)


#: Types that know nothing beside their numbers.
PLAIN = frozenset({float, int, list, tuple, dict, str, type(None), np.ndarray, np.float64})


def is_plain(value: object) -> bool:
    """Return whether a value has neither a unit nor labels: most do not, and calls are quick."""
    return type(value) in PLAIN


# ---- units ----


def unit_of(value: Any) -> Any:
    """Return the unit that an object carries, or None."""
    if is_plain(value):
        return None
    for name in ("units", "unit"):  # pint, quantities; astropy
        found = getattr(value, name, None)
        if found is not None and not callable(found) and not _is_frame_attribute(value, name):
            return found
    attributes = getattr(value, "attrs", None)
    found = attributes.get("units") if isinstance(attributes, Mapping) else None
    if isinstance(found, Mapping):  # of all columns of a frame, as a population's members have it
        found = found.get(getattr(value, "name", None))
    return None if found is None or found == "" else found


def _is_frame_attribute(value: Any, name: str) -> bool:
    """Return whether the name is a resolution of dates, or a column of a frame, and no unit."""
    return hasattr(value, "to_numpy") and not hasattr(value, "magnitude")


def without_unit(name: str, value: Any, unit: str) -> Any:
    """Return a value in a unit, without its own.

    Parameters
    ----------
    name : str
        The subject of errors.
    value : object
        Anything with a unit, or without one.
    unit : str
        The unit that the parameter has, empty for a pure number.

    Raises
    ------
    ValueError
        The unit is another one, and the object cannot convert itself.
    """
    found = unit_of(value)
    if found is None:
        return value
    text = written(getattr(found, "dimensionality", found) if _is_rescaled(value) else found)
    if hasattr(value, "attrs"):
        if not is_ours(text, unit):
            raise ValueError(_refusal(name, unit, text))
        return value
    quantity = getattr(value, "quantity", value)  # astropy's columns
    for target in TARGETS.get(unit, ()):
        for convert in (_to, _rescale, _equivalent):
            converted = convert(quantity, target)
            if converted is not None:
                return _magnitude(converted)
    if is_ours(text, unit):
        return _magnitude(quantity)
    raise ValueError(_refusal(name, unit, text))


def _refusal(name: str, unit: str, text: str) -> str:
    return f"{name} must be in {unit or 'no unit'}, got {text!r}: convert it"


def _is_rescaled(value: Any) -> bool:
    return hasattr(value, "rescale")


def _to(value: Any, target: str) -> Any:
    """Convert a quantity of pint or astropy, or return None."""
    try:
        return value.to(target) if hasattr(value, "to") else None
    except Exception:  # libraries of quantities raise errors of their own
        return None


def _rescale(value: Any, target: str) -> Any:
    """Convert a quantity of quantities, or return None; its temperatures have no zero."""
    if not _is_rescaled(value) or target in ("degC", "deg_C"):
        return None
    try:
        return value.rescale(target or "dimensionless")
    except Exception:
        return None


def _equivalent(value: Any, target: str) -> Any:
    """Convert a temperature of astropy, whose zero is that of its unit, or return None."""
    units = sys.modules.get("astropy.units")
    try:
        return value.to(target, equivalencies=units.temperature())  # type: ignore[union-attr]
    except Exception:
        return None


def _magnitude(value: Any) -> Any:
    for name in ("magnitude", "value"):
        found = getattr(value, name, None)
        if found is not None and not callable(found):
            return found
    return np.asarray(value)


def of_one_unit(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return values of which some count relative to each other alone, all in one unit.

    Parameters
    ----------
    values : mapping of str to object
    names : iterable of str
        Permeabilities or conductances, which all have a unit of one dimension, or none has.

    Raises
    ------
    ValueError
        One has a unit and another one has none, or units do not convert.
    """
    found = dict(values)
    if all(map(is_plain, found.values())):
        return found
    units = {name: unit_of(values.get(name)) for name in names}
    given = {name: unit for name, unit in units.items() if unit is not None}
    if not given or all(is_ours(written(unit), "") for unit in given.values()):
        return found
    first, unit = next(iter(given.items()))
    for name in units:
        if name not in given:
            raise ValueError(
                f"{first} has the unit {written(unit)!r} and {name} has none: give one to all of "
                f"{', '.join(units)}, or to none, as only their ratios count"
            )
        value = getattr(values[name], "quantity", values[name])
        same = written(given[name]) == written(unit)
        if same and hasattr(values[name], "attrs"):
            found[name] = _bare(values[name])
            continue
        converted = (
            value
            if same
            else next(
                (one for one in (_to(value, unit), _rescale(value, unit)) if one is not None), None
            )
        )
        if converted is None:
            raise ValueError(
                f"{name} must be in the unit of {first}, {written(unit)!r}, got "
                f"{written(given[name])!r}"
            )
        found[name] = _magnitude(converted)
    return found


def _bare(value: Any) -> Any:
    """Return a copy of a labelled array without its unit."""
    found = value.copy()
    found.attrs = {key: x for key, x in value.attrs.items() if key != "units"}
    return found


# ---- numbers and kept columns ----


def numbers(name: str, value: Any, unit: str) -> np.ndarray:
    """Return a column of real numbers in a unit, missing ones as NaN."""
    if type(value) is np.ndarray and value.dtype.kind in "iuf":  # the usual case
        return value
    kind = None if is_plain(value) else getattr(value, "dtype", getattr(value, "type", None))
    if str(kind).lower() == "null":  # of Arrow and polars: all values are missing
        return np.full(len(value), np.nan)
    return as_numbers(name, without_unit(name, value, unit))


def carried(value: Any) -> np.ndarray:
    """Return a column that is no parameter: integers and truth values keep their gaps as a mask."""
    if isinstance(value, np.ma.MaskedArray):
        return value
    kind = str(getattr(value, "dtype", getattr(value, "type", ""))).lower()
    fill = getattr(value, "fill_null", getattr(value, "fillna", None))
    if fill is None or not kind.startswith(("int", "uint", "bool")):
        return np.asarray(value)
    gaps = np.asarray(value.is_null() if hasattr(value, "is_null") else value.isna())
    if not gaps.any():
        return np.asarray(value)
    truth = kind.startswith("bool")
    filled = np.asarray(fill(False if truth else 0)).astype(bool if truth else kind)
    return np.ma.MaskedArray(filled, gaps)


# ---- labels ----


def labels_along(value: Any) -> dict[str, Any]:
    """Return the index of a labelled array along each of its dimensions that has one."""
    if hasattr(value, "dims") and hasattr(value, "indexes"):  # xarray
        return {str(dim): value.indexes[dim] for dim in value.dims if dim in value.indexes}
    index = getattr(value, "index", None)
    if index is None or callable(index) or not hasattr(value, "reindex"):
        return {}
    return {"": index}


def aligned(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return labelled arrays with their labels in one order, that of the first.

    Raises
    ------
    ValueError
        Two arrays have other labels along a dimension.
    """
    found, first = dict(values), {}
    if all(map(is_plain, found.values())):
        return found
    for name, value in values.items():
        for dim, index in labels_along(value).items():
            if dim not in first:
                first[dim] = name, index
                continue
            other, wanted = first[dim]
            if index.equals(wanted):
                continue
            same = len(index) == len(wanted) and index.is_unique and wanted.is_unique
            if not same or not index.isin(wanted).all():
                where = f"along {dim}" if dim else "in its index"
                raise ValueError(f"{name} has other labels {where} than {other}: align them")
            value = found[name]
            found[name] = value.reindex({dim: wanted}) if dim else value.reindex(wanted)
    return found


# ---- tables ----


class Rows(NamedTuple):
    """The columns of a table, and the labels of its rows.

    Attributes
    ----------
    names : list
        The names of columns, and those of levels of the index that are wanted.
    column : callable
        Returns a column by its name.
    index : object or None
        The index of pandas, if rows have labels of their own.
    levels : tuple of str
        The names that are levels of the index.
    """

    names: list[Any]
    column: Callable[[Any], Any]
    index: Any = None
    levels: tuple[Any, ...] = ()


def rows_of(data: Any, wanted: set[Any]) -> Rows:
    """Return the columns of a table, wanted coordinates and levels of an index among them."""
    if hasattr(data, "collect") and hasattr(data, "collect_schema"):  # a lazy frame of polars
        data = data.collect()
    elif hasattr(data, "compute") and hasattr(data, "divisions"):  # a frame of Dask
        data = data.compute()
    if hasattr(data, "data_vars") and hasattr(data, "coords"):
        return _of_dataset(data, wanted)
    if hasattr(data, "index") and hasattr(data, "columns") and hasattr(data, "iloc"):
        return _of_pandas(data, wanted)
    for names in (
        getattr(data, "column_names", None),
        getattr(getattr(data, "dtype", None), "names", None),
        getattr(data, "keys", None),
        getattr(data, "columns", None),
    ):
        if names is not None:
            names = list(names() if callable(names) else names)
            return _of_mapping(names, data)
    raise TypeError(f"data must be a mapping or data frame of columns, got {type(data).__name__}")


def _of_pandas(data: Any, wanted: set[Any]) -> Rows:
    columns = list(data.columns)
    levels = tuple(name for name in data.index.names if name is not None and name in wanted)
    for name in levels:
        if name in columns:
            raise ValueError(f"{name!r} is a column and a level of the index: rename one of them")

    def column(name: Any) -> Any:
        return data.index.get_level_values(name) if name in levels else data[name]

    return Rows([*columns, *levels], column, _own_index(data.index), levels)


def _own_index(index: Any) -> Any:
    """Return an index unless it only counts the rows."""
    counts = type(index).__name__ == "RangeIndex" and index.name is None
    return None if counts and index.start == 0 and index.step == 1 else index


def _of_mapping(names: list[Any], data: Any) -> Rows:
    """Return the columns of a mapping: labelled ones have one order of labels."""
    labelled = {name: data[name] for name in names if labels_along(data[name])}
    found = aligned({f"column {name!r}": value for name, value in labelled.items()})
    columns = dict(zip(labelled, found.values()))
    along = {str(dim): name for name, one in columns.items() for dim in getattr(one, "dims", ())}
    if len(along) > 1:
        _refuse_dimensions(along)
    index = next(
        (_own_index(one.index) for one in columns.values() if "" in labels_along(one)), None
    )
    return Rows(names, lambda name: columns[name] if name in columns else data[name], index)


def _of_dataset(data: Any, wanted: set[Any]) -> Rows:
    names = [*data.data_vars, *(name for name in data.coords if name in wanted)]
    along = {str(dim): name for name in names for dim in data[name].dims if data[name].ndim == 1}
    if len(along) > 1:
        _refuse_dimensions(along)
    dim = next(iter(along), None)
    index = data.indexes.get(dim) if dim is not None else None
    own = None if index is None or index.name in wanted else _own_index(index)
    return Rows(names, lambda name: data[name], own)


def _refuse_dimensions(along: Mapping[str, Any]) -> None:
    parts = ", ".join(f"{name!r} along {dim}" for dim, name in along.items())
    raise ValueError(f"columns of a table must lie along one dimension, got {parts}")
