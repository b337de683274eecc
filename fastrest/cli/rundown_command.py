"""`fastrest rundown`: the course of a living cell in time, by a plan."""

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np

from fastrest.cli import answers, report
from fastrest.cli.output_files import check_files, check_picture, check_table, draw
from fastrest.cli.plan import RUNDOWN_EXAMPLE, cell_file_of, prints_example, read_rundown
from fastrest.cli.printing import answer, say
from fastrest.physiology.rundown import Rundown
from fastrest.runtime.storage import replacing

#: Outputs that are drawn if none are asked for.
DRAWN = ("V", "Na_in", "K_in", "relative_volume")


def run_rundown(options: argparse.Namespace) -> None:
    """Integrate a plan, print its course, and write the files that are asked for."""
    if prints_example(options, RUNDOWN_EXAMPLE):
        return
    cell, arguments = read_rundown(options.plan)
    check_files(options, [("PLAN", options.plan), ("the plan's cell", cell_file_of(options.plan))])
    check_picture(options, "plot")
    check_table(options, "out")
    run = cell.rundown(**arguments)
    wanted = options.of.split(",") if options.of else list(DRAWN)
    run.values(of=wanted)  # or the error for an unknown output
    reached = {name: run.time_to(V) for name, V in cell.marks.items()}
    say(options, repr(cell), repr(run))
    for name, time in reached.items():
        when = f"at {time:.4g} s" if time < np.inf else "not reached"
        say(options, report.row(name, f"{cell.marks[name]:g} mV {when}"))
    draw(options, "plot", lambda figure: _draw(run, wanted, figure))
    if options.out:
        with replacing(options.out, overwrite=options.force) as new:
            _write(run, new)
        say(options, report.row("wrote", f"{options.out}: {len(run.time):,} times"))
    answer(options, cell, *answers.of_rundown(run, wanted, reached))


def _draw(run: Rundown, names: list[str], figure: Any) -> None:
    figure.set_size_inches(6.4, 1 + 2.2 * len(names))
    run.plot(names, figure.subplots(len(names), sharex=True))


def _write(run: Rundown, path: Path) -> None:
    """Write a row for each time: s, and every output."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["time", *run.columns])
        rows = zip(run.time.tolist(), *(x.tolist() for x in run.columns.values()), strict=True)
        table.writerows(rows)
