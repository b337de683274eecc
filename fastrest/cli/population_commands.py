"""`fastrest population`, and `fastrest merge` of its parts or those of a sweep."""

import argparse
import sys
import time

from fastrest.cli import answers, report
from fastrest.cli.option_values import part_of
from fastrest.cli.output_files import check_files, check_outputs, check_picture, draw
from fastrest.cli.plan import EXAMPLE, cell_file_of, prints_example, read_plan
from fastrest.cli.printing import answer, say, wrapped
from fastrest.nouns import population_plots
from fastrest.nouns.load_and_merge import is_of_population, merged_population, merged_sweep
from fastrest.nouns.populations import Population, count_candidates
from fastrest.populations import members
from fastrest.reductions.histograms import HistogramAnswer


def run_population(options: argparse.Namespace) -> None:
    """Count the candidates of a plan, report on them, and write the accepted cells."""
    if prints_example(options, EXAMPLE):
        return
    plan = read_plan(options.plan, n=options.n, rng=options.rng)
    check_files(options, [("PLAN", options.plan), ("the plan's cell", cell_file_of(options.plan))])
    long = {
        "threads": options.threads,
        "progress": report.shows_progress(len(plan.design.sample)),
        "checkpoint": options.checkpoint,
    }
    if options.part or options.tally:
        part = part_of(options)
        if options.out or options.plot:
            raise ValueError("--part only counts: give --out and --plot to `fastrest merge`")
        check_outputs(options, "tally")
        pop = count_candidates(plan.design, part=part, **long)
        pop.save_counts(options.tally, overwrite=options.force)
        counts = f"{pop.accepted:,} of {pop.n:,} candidates accepted"
        say(options, report.row("wrote", f"{options.tally}: {counts}"))
        values = {"part": part, "n": pop.n, "accepted": pop.accepted}
        answer(options, pop.space.cell, values, {})
        return
    _check_members(options)
    started = time.perf_counter()
    pop = count_candidates(plan.design, **long)
    seconds = time.perf_counter() - started
    lines = [*report.population(pop), *report.sources(plan.states)]
    say(options, *(wrapped(line, sys.stdout) for line in lines))
    say(options, report.elapsed(seconds, pop.n, "candidates"))
    _write_members(pop, options)
    values, units = answers.of_population(pop)
    answer(options, pop.space.cell, {**values, "seconds": seconds}, {**units, "seconds": "s"})


def run_merge(options: argparse.Namespace) -> None:
    """Combine the tallies of all parts, and report as the whole sweep or population does."""
    check_files(options, [("the tally", path) for path in options.tallies])
    if is_of_population(options.tallies[0]):
        _merge_population(options)
    else:
        _merge_sweep(options)


def _merge_population(options: argparse.Namespace) -> None:
    if options.histogram:
        raise ValueError(
            "--histogram is for a sweep, and these tallies are of a population: give --plot"
        )
    _check_members(options)
    pop = merged_population(options.tallies)
    say(options, *report.population(pop))
    _write_members(pop, options)
    answer(options, pop.space.cell, *answers.of_population(pop))


def _merge_sweep(options: argparse.Namespace) -> None:
    if options.out or options.plot:
        raise ValueError("--out and --plot are for a population, and these tallies are of a sweep")
    check_picture(options, "histogram")
    merged = merged_sweep(options.tallies)
    found = merged.answers()
    say(options, *report.sweep(merged.sweep, merged.reducers, found))
    answer(options, merged.sweep.cell, *answers.of_sweep(merged.sweep, merged.reducers, found))
    if not options.histogram:
        return
    drawn = [one for one in found if isinstance(one, HistogramAnswer)]
    if not drawn:
        raise ValueError("these tallies have no histogram: give --histogram to each --part")
    counts, cell = drawn[0], merged.sweep.cell
    draw(options, "histogram", lambda f: counts.plot(f.subplots(), cell))


# ---- accepted cells ----


def _check_members(options: argparse.Namespace) -> None:
    """Raise an error if --out or --plot cannot be written."""
    if options.out:
        members.check_members_file(options.out, options.force)
    check_picture(options, "plot")


def _write_members(pop: Population, options: argparse.Namespace) -> None:
    if options.out:
        pop.members().save(options.out, overwrite=options.force)
        say(options, report.row("wrote", f"{options.out}: {pop.accepted:,} cells"))
    draw(options, "plot", lambda figure: population_plots.page(pop, figure))
