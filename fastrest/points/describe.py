"""Descriptions of points as JSON, and points from descriptions, with the same bits of numbers.

The description of a table has only the digests of its columns. That of a tally has only the
digests of long axes, too: a thousand tallies need not hold an axis of a million values each.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastrest._core.validation import whole_number
from fastrest.distributions.base import Distribution
from fastrest.distributions.families import FAMILIES
from fastrest.distributions.scipy_frozen import Tabulated
from fastrest.distributions.tabulated import HalfTable, QuantileTable
from fastrest.models.conditions import Change
from fastrest.models.model import Model
from fastrest.models.pump_leak import MODELS, PumpLeak
from fastrest.models.quantities import Ion
from fastrest.models.time_course import Condition, TimeCourse
from fastrest.physiology.cell import Cell
from fastrest.points.axes import Axis
from fastrest.points.course_points import CoursePoints
from fastrest.points.derived import derived_of
from fastrest.points.grid_points import GridPoints
from fastrest.points.inputs import Inputs
from fastrest.points.points import Points
from fastrest.points.sample_points import SamplePoints
from fastrest.points.table_points import TablePoints
from fastrest.runtime.storage import sha256

#: Classes of points by their names in files, and the class of a sample's inputs, "Space".
POINTS: dict[str, type[Any]] = {
    **{"Grid": GridPoints, "Sample": SamplePoints, "Space": Inputs, "Courses": CoursePoints}
}


#: The most values of an axis that a tally's description holds.
SHORT = 256


def described_shortly(points: Points) -> dict[str, Any]:
    """Return the description of points for a tally: long axes and times by their digests."""
    if isinstance(points, GridPoints):
        axes = [_short_axis(points, axis) for axis in points.axes]
        return {**_kind_and_cell(points), "axes": axes}
    if isinstance(points, CoursePoints):
        cells, time = described_shortly(points.cells), _short_list(points.time.tolist())
        return {**_courses(points, cells), "time": time}
    return describe(points)


def shortened(description: dict[str, Any]) -> dict[str, Any]:
    """Return the description for a tally that a full one amounts to: earlier tallies have these."""
    found = dict(description)
    if found["kind"] == "Courses":
        found["cells"] = shortened(found["cells"])
        found["time"] = _short_list(found["time"])
    if found["kind"] == "Grid":
        found["axes"] = [
            {
                **axis,
                "labels": _short_list(axis["labels"]),
                "parameters": {n: _short_list(x) for n, x in axis["parameters"].items()},
            }
            for axis in found["axes"]
        ]
    return found


def is_short(description: Mapping[str, Any]) -> bool:
    """Return True if values are missing in a description, of which it has the digest."""
    if description["kind"] == "Courses":
        return isinstance(description["time"], dict) or is_short(description["cells"])
    lists: list[Any] = []
    for axis in description.get("axes", ()):
        lists += [axis["labels"], *axis["parameters"].values()]
    return any(isinstance(one, dict) for one in lists)


def _short_axis(grid: GridPoints, axis: Axis) -> dict[str, Any]:
    if axis.length <= SHORT:
        return _described_axis(grid, axis)
    values = {n: _long(_digest(grid.inputs[n]), axis.length) for n in axis.parameters}
    return {"name": axis.name, "labels": _short_list(_labels(axis)), "parameters": values}


def _short_list(values: Any) -> Any:
    """Return a list, or its digest if it is long; nothing else is changed."""
    if not isinstance(values, list) or len(values) <= SHORT:
        return values
    if all(isinstance(x, int | float) for x in values):
        return _long(_digest(np.array(values, np.float64)), len(values))
    return _long(sha256(json.dumps(values).encode()), len(values))


def _long(found: str, n: int) -> dict[str, Any]:
    return {"sha256": found, "n": n}


def length_of(values: Any) -> int:
    """Return the number of values in a list of a description, or of one that has a digest."""
    return whole_number("n", values["n"], 0) if isinstance(values, dict) else len(values)


def _kind_and_cell(points: Points) -> dict[str, Any]:
    shape, cell = list(points.shape), cell_description(points.cell)
    return {"kind": points.kind, "shape": shape, "cell": cell}


def _courses(points: CoursePoints, cells: dict[str, Any]) -> dict[str, Any]:
    columns = {"columns": cells["columns"]} if "columns" in cells else {}
    return {**_kind_and_cell(points), **columns, "cells": cells}


def describe(points: Points) -> dict[str, Any]:
    """Return the description of points."""
    found = _kind_and_cell(points)
    if isinstance(points, GridPoints):
        return {**found, "axes": [_described_axis(points, axis) for axis in points.axes]}
    if isinstance(points, SamplePoints):
        return {**found, **_described_sample(points)}
    if isinstance(points, CoursePoints):
        return {**_courses(points, describe(points.cells)), "time": points.time.tolist()}
    assert isinstance(points, TablePoints)
    return {**found, "columns": {name: _digest(x) for name, x in points.inputs.items()}}


def cell_description(cell: Cell) -> dict[str, Any]:
    """Return the description of a cell."""
    return {**_described_model(cell.model), **cell.given_fields, "values": dict(cell)}


def _described_model(model: Model) -> dict[str, Any]:
    kind: dict[str, Any] = {"model": type(model).__name__}
    if model.conditions:
        kind["conditions"] = [  # lists, because the order matters
            [name, [list(one) for one in changes]] for name, changes in model.conditions.items()
        ]
    if isinstance(model, PumpLeak):
        leak = _described_model(model.leak)
        return {**kind, "leak": leak, "cotransport": list(model.cotransport)}
    if isinstance(model, TimeCourse):
        protocol = [[one.start, [list(change) for change in one.changes]] for one in model.protocol]
        living = _described_model(model.living)
        return {**kind, **model.arguments, "living": living, "protocol": protocol}
    return {
        **kind,
        "ions": [[ion.name, ion.z] for ion in model.ions],
        "passive": list(model.passive),
        **{k: x for k, x in model.arguments.items() if k != "passive" and x != "ratio"},
    }


def made(data: Mapping[str, Any], kinds: Mapping[str, type[Any]] = POINTS) -> Any:
    """Return the points of a description; None if it lacks values, as that of a table does."""
    if is_short(data):
        return None
    cell = described_cell(data)
    if data["kind"] == "Grid":
        axes = [Axis(a["name"], a["labels"], a["parameters"]) for a in data["axes"]]
        return kinds["Grid"](cell, axes)
    if data["kind"] == "Sample":
        distributions: dict[str, Any] = {name: _distribution(x) for name, x in data["inputs"]}
        distributions.update({name: derived_of(text) for name, text in data["derived"]})
        correlation = {(a, b): rho for a, b, rho in data["correlation"]}
        space = kinds["Space"](cell, distributions, correlation)
        how = data["rng"], data["method"], data["scramble"]
        return kinds["Sample"](space, data["shape"][0], *how)
    if data["kind"] == "Courses" and (cells := made(data["cells"], kinds)) is not None:
        return kinds["Courses"](cells, np.array(data["time"]))
    return None


def described_cell(data: Mapping[str, Any]) -> Cell:
    """Return the cell of a description."""
    fields = dict(data["cell"])
    model = _model_of(fields)
    return Cell(model, **fields.pop("values"), **fields)


def _model_of(fields: dict[str, Any]) -> Model:
    """Take the description of a model out of fields, and return the model."""
    conditions = fields.pop("conditions", ())
    found = {name: tuple(Change(*one) for one in changes) for name, changes in conditions}
    return _model_without_conditions(fields).under(found)


def _model_without_conditions(fields: dict[str, Any]) -> Model:
    name = fields.pop("model")
    if name == TimeCourse.__name__:
        living: Any = _model_of(dict(fields.pop("living")))
        conditions = tuple(Condition(start, tuple(x)) for start, x in fields.pop("protocol"))
        how = {"volume": fields.pop("volume"), "tol": fields.pop("tol")}
        return TimeCourse(living, protocol=conditions, **how)
    kind = MODELS[name]
    if kind is PumpLeak:
        leak: Any = _model_of(dict(fields.pop("leak")))
        return PumpLeak(leak, cotransport=fields.pop("cotransport"))
    ions = [Ion(n, z) for n, z in fields.pop("ions")]
    pump = {"pump": fields.pop("pump")} if "pump" in fields else {}
    return kind(*ions, passive=tuple(fields.pop("passive")), **pump)


def _labels(axis: Axis) -> list[Any] | None:
    labels = [x.item() if isinstance(x, np.generic) else x for x in axis.labels or ()]
    for label in labels:
        if not isinstance(label, str | int | float):
            raise TypeError(
                f"axis {axis.name!r}: labels must be text or numbers to be saved, got {label!r}"
            )
    return None if axis.labels is None else labels


def _described_axis(grid: GridPoints, axis: Axis) -> dict[str, Any]:
    return {
        "name": axis.name,
        "labels": _labels(axis),
        "parameters": {n: grid.inputs[n].tolist() for n in axis.parameters},
    }


def _digest(column: np.ndarray) -> str:
    with np.errstate(over="ignore"):
        plain = np.ascontiguousarray(column, "<f8")
    return sha256(plain.data)


def _described_sample(sample: SamplePoints) -> dict[str, Any]:
    space = sample.space
    return {
        "inputs": [  # a list, because the points depend on the order
            [n, _described_distribution(one)] for n, one in zip(space.names, space.distributions)
        ],
        "derived": [[name, one.text] for name, one in space.follow.items()],
        "correlation": [[*pair, rho] for pair, rho in (space.correlation or {}).items()],
        "method": sample.method,
        "rng": sample.rng,
        "scramble": sample.scramble,
    }


def _described_distribution(one: Distribution) -> dict[str, Any]:
    if not isinstance(one, Tabulated):
        return {"family": one.family, "arguments": dict(one.arguments)}
    sides = one.table.lower, one.table.upper
    return {
        "label": one.label,
        "bounds": list(one.bounds),
        "factor": one.factor,
        "pieces": [{"breaks": s.breaks.tolist(), "coefs": s.coefs.tolist()} for s in sides],
    }


def _distribution(data: Mapping[str, Any]) -> Distribution:
    if "family" in data:
        return FAMILIES[data["family"]](**data["arguments"])
    lower, upper = (HalfTable(np.array(s["breaks"]), np.array(s["coefs"])) for s in data["pieces"])
    return Tabulated(
        data["label"], tuple(data["bounds"]), QuantileTable(lower, upper), data["factor"]
    )
