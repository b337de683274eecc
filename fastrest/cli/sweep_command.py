"""`fastrest sweep`."""

import argparse
import functools
import math
import re
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from fastrest.cli import csv_table, report
from fastrest.cli.answers import of_sweep
from fastrest.cli.csv_table import LabTable
from fastrest.cli.option_values import cell_of, number, output_of, part_of, split_once, whole
from fastrest.cli.output_files import check_files, check_outputs, check_picture, draw
from fastrest.cli.printing import answer, say
from fastrest.cli.text_output import is_text, write_text
from fastrest.io import save
from fastrest.nouns.sweep_kinds import grid, table
from fastrest.nouns.sweep_plots import axes_in, check
from fastrest.nouns.sweeps import Sweep
from fastrest.physiology.cell import Cell
from fastrest.physiology.presets import cell_file
from fastrest.reductions.base import Reducer
from fastrest.reductions.classes import Classes
from fastrest.reductions.histograms import Histogram
from fastrest.reductions.summaries import Quantile, Summary
from fastrest.runtime import scheduler, system
from fastrest.runtime.storage import replacing

#: Bytes for each value on an axis while a grid is made, copies included.
AXIS_BYTES = 4 * 8


def run_sweep(options: argparse.Namespace) -> int:
    """Compute a grid or table, report on it, and write the files that are asked for.

    Returns 1 if no point has a potential.
    """
    check_files(options, [("--table", options.table), ("CELL", cell_file(options.cell))])
    sweep, read = _sweep(options)
    of = output_of(options, sweep.cell)
    check_picture(options, "plot")
    lines = _lines(options)
    if options.plot:
        check(sweep.asked(of), **lines)
    if not options.part:
        check_picture(options, "histogram")
    if options.part or options.tally:
        _count_part(sweep, options)
        return 0
    if is_text(options.out):
        check_outputs(options, "out")
    elif options.out:
        save.check_output(sweep.asked(of), options.out, options.force)
    long = {"threads": options.threads, "progress": report.shows_progress(len(sweep))}
    reducers = _reducers(sweep, options)
    started = time.perf_counter()
    answers = sweep.reduce(*reducers, checkpoint=options.checkpoint, **long)
    seconds = time.perf_counter() - started
    say(options, *report.sweep(sweep, reducers, answers))
    threads = scheduler.thread_count(options.threads, len(sweep))
    threads = min(threads, -(-len(sweep) // scheduler.BLOCK_POINTS))  # a block has one thread
    workers = f"{threads} thread{'s' * (threads > 1)}"
    rate = report.elapsed(seconds, len(sweep), "points")
    say(options, f"{rate} ({answers[0].method}, {workers})")
    values, units = of_sweep(sweep, reducers, answers)
    values |= {"threads": threads, "seconds": seconds}
    answer(options, sweep.cell, values, {**units, "seconds": "s"})
    if is_text(options.out):
        with replacing(options.out, overwrite=options.force) as new:
            write_text(new, sweep, of, read, **long)
    elif options.out:
        sweep.save(options.out, of=of, overwrite=options.force, **long)
    if options.out:
        say(options, report.row("wrote", options.out))
    counts = answers[-1]
    draw(options, "histogram", lambda f: counts.plot(f.subplots(), sweep.cell))
    draw(options, "plot", lambda f: sweep.plot(axes_in(f, sweep), of=of, **lines))
    if answers[0].n == 0:
        print(report.no_potential(sweep, answers[0].invalid), file=sys.stderr)
    return int(answers[0].n == 0)


def _lines(options: argparse.Namespace) -> dict[str, Any]:
    """Return what the picture of a curve shows beside it."""
    if options.nernst is None:
        return {}
    if not options.plot:
        raise ValueError("--nernst draws on the picture of --plot FILE: give both")
    ions = options.nernst
    return {"nernst": True if ions == "all" else ions.split(","), "rest": True}


def _reducers(sweep: Sweep, options: argparse.Namespace) -> list[Reducer]:
    """Return the reducers that answer the options; a histogram is the last."""
    of = output_of(options, sweep.cell)
    found: list[Reducer] = [Summary(of=of)]
    if options.summary and not options.part:  # a quantile needs several passes
        found.append(Quantile(report.QUANTILES, of=of))
    if options.summary and of == "V" and sweep.cell.threshold is not None:
        found.append(Classes())
    if options.histogram:
        found.append(Histogram(of=of))
    return found


def _count_part(sweep: Sweep, options: argparse.Namespace) -> None:
    k, n = part_of(options)
    if options.out or options.plot:
        raise ValueError("--part only counts: it does not go with --out and --plot")
    part = sweep.part(k, n)
    check_outputs(options, "tally")
    reducers = _reducers(sweep, options)
    tally = part.tally(*reducers, threads=options.threads, checkpoint=options.checkpoint)
    tally.save(options.tally, overwrite=options.force)
    say(options, report.row("wrote", f"{options.tally}: {tally!r}"))
    answer(options, sweep.cell, {"part": (k, n), "points": len(sweep)}, {})


# ---- points ----


def _sweep(options: argparse.Namespace) -> tuple[Sweep, LabTable | None]:
    cell = cell_of(options)
    if bool(options.grid) == bool(options.table):
        raise ValueError("give either --grid axes or a --table")
    if (options.rename or options.keep) and not options.table:
        raise ValueError("--rename and --keep go with --table")
    return _table(cell, options) if options.table else (_grid(cell, options), None)


def _grid(cell: Cell, options: argparse.Namespace) -> Sweep:
    given = split_once(options.grid, "--grid")
    axes = {name: _axis(name, text) for name, text in given.items()}
    counts = [count for count, _ in axes.values()]
    if math.prod(counts) >= 2**63:
        text = " x ".join(map(str, counts))
        raise ValueError(f"a grid must have fewer than 2**63 points, got {text}")
    need = AXIS_BYTES * sum(counts)
    system.check_memory(need, None, f"--grid {' and '.join(axes)} with fewer values")
    return grid(cell, **{name: values() for name, (_, values) in axes.items()})


def _axis(name: str, text: str) -> tuple[int, Callable[[], np.ndarray]]:
    """Return the number of values on an axis, and a function that makes the array."""
    if ":" not in text:
        return _listed(name, text)
    parts = text.split(":")
    scale = parts.pop() if len(parts) == 4 else "lin"
    if len(parts) != 3 or scale not in ("lin", "log"):
        raise ValueError(
            f"--grid {name} takes FIRST:LAST:COUNT or FIRST:LAST:COUNT:log, got {text!r}"
        )
    first, last = (number(part, f"--grid {name}") for part in parts[:2])
    for end in (first, last):
        if not math.isfinite(end):
            raise ValueError(f"--grid {name} must be finite, got {end!r}")
    count = whole(parts[2], f"--grid {name}: COUNT", 1)
    if scale == "log" and not (first > 0 and last > 0):
        raise ValueError(f"--grid {name}: a log axis needs ends > 0, got {first:g} and {last:g}")
    space = np.linspace if scale == "lin" else np.geomspace
    return count, functools.partial(space, first, last, count)


def _listed(name: str, text: str) -> tuple[int, Callable[[], np.ndarray]]:
    """Return the number of values in a list, and a function that makes the array."""
    parts = text.split(",")
    if len(parts) == 1 and re.fullmatch(r"[\d.]+-[\d.]+", text, re.ASCII):
        first, last = text.split("-")
        raise ValueError(
            f"--grid {name} takes FIRST:LAST:COUNT, as {first}:{last}:50, got {text!r}"
        )
    values = [number(part, f"--grid {name}") for part in parts]
    whole = len(parts) > 2 and len(parts) % 2 == 0 and all(part.isdecimal() for part in parts)
    zigzag = whole and values not in (sorted(values), sorted(values, reverse=True))  # 2,5,3,7
    padded = any(re.match(r"\s*0\d", part) for part in parts)
    if zigzag or padded or len({*values}) < len(values):
        raise ValueError(
            f"--grid {name} takes each value once, with a decimal point, not a comma: got {text!r}"
        )
    return len(values), lambda: np.array(values)


def _table(cell: Cell, options: argparse.Namespace) -> tuple[Sweep, LabTable]:
    rename = split_once(options.rename, "--rename")
    keep = list(dict.fromkeys(options.keep))
    lines = is_text(options.out)
    read = csv_table.read(options.table, cell.model, rename, keep, lines)
    if read.remarks:
        name = csv_table.name_of(options.table)
        print(f"fastrest: {name}: {', '.join(read.remarks)}", file=sys.stderr)
    return table(cell, read.columns, rename=rename, keep=keep), read
