"""`fastrest gradient`, `fastrest solve`, `fastrest currents` and `fastrest sobol`."""

import argparse
import csv
import time
from collections.abc import Iterator
from pathlib import Path

from fastrest.cli import answers, report
from fastrest.cli.option_values import cell_of, distribution_of, output_of, split_once
from fastrest.cli.output_files import check_files, check_picture, check_table, draw
from fastrest.cli.printing import answer, say
from fastrest.distributions.base import Distribution, Scaled
from fastrest.models.outputs import with_unit
from fastrest.models.quantities import Status
from fastrest.nouns.spaces import Space
from fastrest.nouns.sweep_kinds import table
from fastrest.physiology.criteria import Criterion
from fastrest.physiology.event_text import event_of
from fastrest.physiology.events import between
from fastrest.physiology.presets import cell_file
from fastrest.runtime.storage import replacing
from fastrest.sensitivity.indices import SobolIndices


def run_gradient(options: argparse.Namespace) -> None:
    """Print the derivatives of a cell's potential."""
    cell = cell_of(options)
    of = output_of(options, cell)
    values, bits = table(cell, {"celsius": [cell["celsius"]]}).asked(of).values_and_status()
    if bits[0]:
        status = Status(int(bits[0])).name
        raise ValueError(f"{cell!r} has no potential, hence no gradient: {status}")
    slopes, percent = cell.gradient(of=of), cell.elasticity(of=of)
    quantity = "" if of == "V" else f"{of} "
    output = cell.model.outputs[of]
    head = f"{cell.name or repr(cell.model)}: {quantity}{with_unit(f'{values[0]:.4f}', output)}"
    per_unit, per_cent = (with_unit("", output) + text for text in (" per unit", " per +1 %"))
    columns = (f"{'value':>10} {'':4}", f"{per_unit.strip():>12}", f"{per_cent.strip():>12}")
    say(options, head, f"{'parameter':12} {' '.join(columns)}")
    rows = []
    for name, slope in slopes.items():
        unit = cell.model.parameters[name].unit
        per = " (per +1 °C)" * (name == "celsius")
        numbers = f"{cell[name]:10.6g} {unit:4} {slope:12.6g} {percent[name]:12.6g}"
        say(options, f"{name:12} {numbers}{per}")
        one = {"value": cell[name], "per_unit": slope, "per_percent": percent[name]}
        rows.append({"name": name, "unit": unit, **one})
    units = {"at": output.unit, "per_unit": f"{output.unit}/unit", "per_percent": output.unit}
    answer(options, cell, {"of": of, "at": values[0], "parameters": rows}, units)


def run_solve(options: argparse.Namespace) -> None:
    """Print the values of a parameter at which the potential is on target."""
    cell, name = cell_of(options), options.parameter
    of = output_of(options, cell)
    unit = cell.model.parameter(name).unit
    head = f"{cell.name or repr(cell.model)}: {name} is {cell[name]:g} {unit}".rstrip()
    solutions = cell.solve(name, **{of: options.V}).tolist()
    pairs = [*zip(options.V, solutions, strict=True)]
    lines = (f"{of} {target:g} mV: {name} {found:.10g} {unit}".rstrip() for target, found in pairs)
    say(options, head, *lines)
    values = {
        "of": of,
        "parameter": name,
        "baseline": cell[name],
        "solutions": [{"target": target, "value": found} for target, found in pairs],
    }
    answer(options, cell, values, {"target": "mV", "value": unit, "baseline": unit})


def run_currents(options: argparse.Namespace) -> None:
    """Print the currents of a cell at rest, and draw them if that is asked for."""
    cell = cell_of(options)
    check_files(options, [("CELL", cell_file(options.cell))])
    check_picture(options, "plot")
    if options.R_m is not None:
        cell = cell.absolute(R_m=options.R_m)
    found = cell.currents()
    if options.diameter is not None and not found.absolute:
        raise ValueError("--diameter needs permeabilities in cm/s: give the membrane's --R-m too")
    lines = [cell.name or repr(cell.model), repr(found)]
    if options.diameter is not None:
        resistance = found.input_resistance(options.diameter)
        what = f"input resistance of a sphere of {options.diameter:g} um"
        lines.append(f"  {what}: {resistance:.4g} MOhm")
    say(options, *lines)
    answer(options, cell, *answers.of_currents(found, options.diameter))
    draw(options, "plot", lambda figure: found.plot(figure.subplots()))


def run_sobol(options: argparse.Namespace) -> None:
    """Compute Sobol' indices, print them, and write the files that are asked for."""
    space = _space(options)
    check_files(options, [("CELL", cell_file(options.cell))])
    check_picture(options, "plot")
    check_table(options, "csv")
    if options.samples is None and options.until is None:
        for option in ("between", "rng", "nan_policy"):
            if getattr(options, option) is not None:
                name = option.replace("_", "-")
                raise ValueError(f"--{name} goes with a sample: give --samples N or --until WIDTH")
    of = _quantity(options, space)
    groups = {name: text.split(",") for name, text in split_once(options.group, "--group").items()}
    started = time.perf_counter()
    found: SobolIndices
    if options.second and groups:
        raise ValueError("--second goes without --group: give one of them")
    if options.shapley:
        for option, given in (
            ("samples", options.samples),
            ("until", options.until),
            ("group", groups),
            ("second", options.second),
        ):
            if given:
                raise ValueError(
                    f"--shapley goes without --{option}: its effects are exact, of single inputs"
                )
        found = space.shapley(of=of, threads=options.threads)
    else:
        found = space.sobol(
            options.samples,
            of=of,
            groups=groups or None,
            second=options.second and (options.samples or options.until) is not None,
            rng=options.rng,
            nan_policy=options.nan_policy,
            until=options.until,
            threads=options.threads,
        )
    seconds = time.perf_counter() - started
    say(options, repr(found), *(_pairs(found) if options.second else ()))
    say(options, report.elapsed(seconds))
    values, units = answers.of_indices(found, options.second)
    answer(options, space.cell, {**values, "seconds": seconds}, {**units, "seconds": "s"})
    draw(options, "plot", lambda figure: found.plot(figure.subplots()))
    if options.csv:
        with replacing(options.csv, overwrite=options.force) as new:
            _write_indices(found, new)
        say(options, report.row("wrote", options.csv))


def _pairs(found: SobolIndices) -> Iterator[str]:
    """Yield a line for the part of each two inputs together."""
    width = max((len(f"{a} x {b}") for a, b, *_ in found.pairs), default=0)
    for a, b, S2, conf in found.pairs:
        yield f"  {f'{a} x {b}':{width}}  {S2:.4f}" + (f" ± {conf:.4f}" if conf else "")


def _quantity(options: argparse.Namespace, space: Space) -> str | Criterion:
    """Return the output or event of --of, or the event of --between."""
    of = options.of
    if of is not None and "(" in of and of not in space.cell.model.outputs:
        if options.between:
            raise ValueError(f"--between goes with an output, got the event --of {options.of!r}")
        if options.samples is None and options.until is None:
            raise ValueError("an event needs a sample: give --samples N or --until WIDTH")
        try:
            return event_of(options.of)
        except ValueError as error:
            raise ValueError(f"--of: {error}") from None
    of = output_of(options, space.cell)
    return between(*options.between, of=of) if options.between else of


def _space(options: argparse.Namespace) -> Space:
    cell = cell_of(options)
    inputs: dict[str, Distribution | Scaled] = {}
    for name, text in split_once(options.vary, "--vary").items():
        try:
            inputs[name] = distribution_of(text)
        except ValueError as error:
            raise ValueError(f"--vary {name}: {error}") from None
    if not inputs:
        raise ValueError("give --vary NAME=DISTRIBUTION, such as --vary K_out=uniform:3,6")
    return Space(cell, inputs)


def _write_indices(found: SobolIndices, path: Path) -> None:
    """Write a row for each input: its name, and every index of a single input."""
    keys = [key for key, values in found.indices.items() if values.ndim == 1]
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["input", *keys])
        rows = zip(found["names"], *(found[key].tolist() for key in keys), strict=True)
        table.writerows(rows)
