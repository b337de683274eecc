"""`fastrest sweep`."""

import argparse
import functools
import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fastrest._core.validation import unknown
from fastrest.cli import csv_table, report
from fastrest.cli.option_values import cell_of, number, output_of, part_of, split, split_once
from fastrest.cli.output_files import check_names, check_picture, draw, new_files
from fastrest.io import save
from fastrest.nouns.sweep_kinds import grid, table
from fastrest.nouns.sweep_plots import check
from fastrest.nouns.sweeps import Sweep
from fastrest.physiology.cell import Cell
from fastrest.reductions.base import Reducer
from fastrest.reductions.classes import Classes
from fastrest.reductions.histograms import Histogram
from fastrest.reductions.summaries import Quantile, Summary
from fastrest.runtime import scheduler, system
from fastrest.runtime.storage import check_writable

#: Bytes for each value on an axis while a grid is made, copies included.
AXIS_BYTES = 4 * 8


def run_sweep(options: argparse.Namespace) -> None:
    """Compute a grid or table, report on it, and write the files that are asked for."""
    sweep = _sweep(options)
    of = output_of(options, sweep.cell)
    check_picture("--plot", options.plot)
    if options.plot:
        check(sweep)
    if not options.part:
        check_picture("--histogram", options.histogram)
    check_names(options.histogram, options.plot, options.out, options.checkpoint)
    if options.part or options.tally:
        _count_part(sweep, options)
        return
    if options.out:
        save.check_output(sweep.asked(of), options.out)
    with new_files(options.histogram, options.plot) as new:
        long = {"threads": options.threads, "progress": report.shows_progress(len(sweep))}
        reducers = _reducers(sweep, options)
        started = time.perf_counter()
        answers = sweep.reduce(*reducers, checkpoint=options.checkpoint, **long)
        seconds = time.perf_counter() - started
        print("\n".join(report.sweep(sweep, reducers, answers)))
        threads = scheduler.thread_count(options.threads, len(sweep))
        workers = f"{threads} thread{'s' * (threads > 1)}"
        print(report.elapsed(seconds, len(sweep), "points") + f" ({answers[0].method}, {workers})")
        if options.out:
            sweep.save(options.out, of=of, **long)
            print(report.row("wrote", options.out))
        counts = answers[-1]
        draw(options.histogram, new, lambda f: counts.plot(f.subplots(), sweep.cell))
        draw(options.plot, new, lambda f: sweep.plot(f.subplots(), of=of))


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
    check_writable(Path(options.tally))
    reducers = _reducers(sweep, options)
    tally = part.tally(*reducers, threads=options.threads, checkpoint=options.checkpoint)
    tally.save(options.tally)
    print(report.row("wrote", f"{options.tally}: {tally!r}"))


# ---- points ----


def _sweep(options: argparse.Namespace) -> Sweep:
    cell = cell_of(options)
    if bool(options.grid) == bool(options.table):
        raise ValueError("give either --grid axes or a --table")
    if (options.rename or options.keep) and not options.table:
        raise ValueError("--rename and --keep go with --table")
    return _table(cell, options) if options.table else _grid(cell, options)


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
        values = np.array([number(part, f"--grid {name}") for part in text.split(",")])
        return values.size, lambda: values
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
    if not parts[2].isdecimal() or int(parts[2]) < 1:
        raise ValueError(f"--grid {name}: COUNT must be a whole number >= 1, got {parts[2]!r}")
    if scale == "log" and not (first > 0 and last > 0):
        raise ValueError(f"--grid {name}: a log axis needs ends > 0, got {first:g} and {last:g}")
    space = np.linspace if scale == "lin" else np.geomspace
    return int(parts[2]), functools.partial(space, first, last, int(parts[2]))


def _table(cell: Cell, options: argparse.Namespace) -> Sweep:
    rename = dict(split(text, "--rename") for text in options.rename)

    def is_parameter(name: str) -> bool:
        if name in options.keep:
            return False
        if rename.get(name, name) not in cell:
            raise ValueError(
                f"column {name!r}: {unknown('parameter', name, cell)} "
                "(--rename gives the column another name, --keep ignores it)"
            )
        return True

    columns = csv_table.read(options.table, [*rename, *options.keep], is_parameter)
    return table(cell, columns, rename=rename)
