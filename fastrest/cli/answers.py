"""The answers of commands as mappings of numbers, which --json prints, with their units."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastrest.cli.report import QUANTILES
from fastrest.nouns.populations import Population
from fastrest.physiology.currents import Current, Currents
from fastrest.physiology.rundown import Rundown
from fastrest.reductions.base import Reducer
from fastrest.reductions.classes import Classes
from fastrest.reductions.histograms import Histogram
from fastrest.reductions.summaries import Quantile, Summary
from fastrest.sensitivity.indices import SobolIndices

#: The numbers of a summary.
SUMMARY = ("n", "invalid", "mean", "sd", "min", "max", "argmin", "argmax", "at_min", "at_max")

Answer = tuple[dict[str, Any], dict[str, str]]


def of_sweep(points: Any, reducers: Sequence[Reducer], found: Sequence[Any]) -> Answer:
    """Return the answers of reducers about a sweep, and their units."""
    of = reducers[0].of
    output = points.cell.model.outputs.get(of)
    values: dict[str, Any] = {
        "of": of,
        "shape": dict(zip(points.dims, points.shape, strict=True)),
    }
    for reducer, one in zip(reducers, found, strict=True):
        if isinstance(reducer, Summary):
            values |= {name: getattr(one, name) for name in (*SUMMARY, "method")}
        elif isinstance(reducer, Quantile):
            values["quantiles"] = _by_probability(one)
        elif isinstance(reducer, Classes):
            values["classes"] = dict(one)
        elif isinstance(reducer, Histogram):
            counts = ("counts", "edges", "below", "above")
            values["histogram"] = {name: getattr(one, name) for name in counts}
    names = ("mean", "sd", "min", "max", "quantiles", "edges")
    return values, dict.fromkeys(names, "" if output is None else output.unit)


def of_population(pop: Population) -> Answer:
    """Return counts, potentials and classes of a population, and their units."""
    alone = pop.rejected_only_by
    values: dict[str, Any] = {
        "of": pop.of,
        "method": pop.method,
        "rng": pop.rng,
        "n": pop.n,
        "invalid": pop.invalid,
        "accepted": pop.accepted,
        "fraction": pop.fraction,
        "fraction_interval": pop.interval,
        "rejected": [
            {"criterion": repr(one), "total": n, "alone": alone[one]}
            for one, n in pop.rejected_by.items()
        ],
        "conditions": [],
        "transitions": [],
    }
    unit = pop.space.cell.model.outputs[pop.of].unit
    units = dict.fromkeys(("mean", "sd", "quantiles"), unit)
    if not pop.accepted:
        return values, units
    tails = QUANTILES[::2]
    for name in pop.conditions:
        s = pop.summary(name)
        quantiles = _by_probability(pop.quantile(name, tails), tails)
        values["conditions"].append(
            {"condition": name, "mean": s.mean, "sd": s.sd, "quantiles": quantiles}
        )
    if pop.tally.counter.boundaries:
        first, *others = pop.conditions
        for name in others:
            moves = pop.transition(first, name)
            values["transitions"] += [
                {"before": first, "after": name, "from": a, "to": b, "cells": moves[a, b]}
                for a in moves.classes
                for b in moves.classes
            ]
    return values, units


def _by_probability(
    values: Iterable[float], probabilities: Sequence[float] = QUANTILES
) -> dict[str, float]:
    return {f"{q:g}": value for q, value in zip(probabilities, values, strict=True)}


def of_currents(found: Currents, diameter: float | None) -> Answer:
    """Return the currents of a cell at rest, and their units."""
    fields = Current._fields
    values = {
        "V": found.V,
        "absolute": found.absolute,
        "R_m": found.R_m if found.absolute else None,
        "diameter": diameter,
        "R_in": None if diameter is None else found.input_resistance(diameter),
        "currents": [
            {"name": name, **dict(zip(fields, row, strict=True))}
            for name, row in found.rows.items()
        ],
    }
    units = {
        **dict.fromkeys(("V", "E", "driving_force"), "mV"),
        **dict.fromkeys(("g_slope", "g_chord"), "mS/cm2"),
        **{"current": "uA/cm2", "R_m": "kOhm cm2", "R_in": "MOhm", "diameter": "um"},
    }
    return values, units


def of_indices(found: SobolIndices, second: bool) -> Answer:
    """Return Sobol' indices or Shapley effects, and the units of mean and sd."""
    what, unit = found.quantity
    keys = [key for key, values in found.indices.items() if values.ndim == 1]
    columns = [found[key].tolist() for key in keys]
    values: dict[str, Any] = {
        "of": what,
        "method": found.method,
        "tolerance": found.tolerance,
        "n": found.n,
        "replicates": found.replicates,
        "rng": found.rng,
        "invalid": found.invalid,
        "mean": found.mean,
        "sd": found.sd,
        "inputs": [
            {"name": name, **dict(zip(keys, row, strict=True))}
            for name, *row in zip(found["names"], *columns, strict=True)
        ],
    }
    if second:
        values["pairs"] = [
            {"names": [a, b], "S2": S2, "S2_conf": conf} for a, b, S2, conf in found.pairs
        ]
    return values, {"mean": unit, "sd": unit}


def of_rundown(run: Rundown, names: Sequence[str], reached: Mapping[str, float]) -> Answer:
    """Return outputs over time, and the times at which V reaches the marks of the cell."""
    marks = run.cell.marks
    courses = {name: run.values(of=name) for name in names}
    values = {
        "time": run.time,
        "status": run.status.name if run.status else None,
        "stopped": run.stopped,
        "courses": courses,
        "marks": [{"name": n, "V": marks[n], "reached": t} for n, t in reached.items()],
    }
    units = {name: run.model.outputs[name].unit for name in names}
    return values, {**units, "time": "s", "stopped": "s", "reached": "s", "V": "mV"}
