"""`fastrest population`, and `fastrest merge` of its parts or those of a sweep."""

import argparse
import time
from collections.abc import Mapping
from pathlib import Path

from fastrest.cli import report
from fastrest.cli.option_values import part_of
from fastrest.cli.output_files import check_names, check_picture, draw, new_files
from fastrest.cli.plan import EXAMPLE, read_plan
from fastrest.nouns import population_plots
from fastrest.nouns.load_and_merge import is_of_population, merged_population, merged_sweep
from fastrest.nouns.populations import Population, count_candidates
from fastrest.populations import members
from fastrest.reductions.histograms import HistogramAnswer
from fastrest.runtime.storage import check_writable


def run_population(options: argparse.Namespace) -> None:
    """Count the candidates of a plan, report on them, and write the accepted cells."""
    if options.example:
        print(EXAMPLE.read_text(encoding="utf-8"), end="")
        return
    if not options.plan:
        raise ValueError("give a PLAN.toml, or --example, which prints one")
    plan = read_plan(options.plan, n=options.n, rng=options.rng)
    check_names(
        *(options.plan, options.checkpoint, options.tally, options.plot), *_written(options.out)
    )
    long = {
        "threads": options.threads,
        "progress": report.shows_progress(len(plan.design.sample)),
        "checkpoint": options.checkpoint,
    }
    if options.part or options.tally:
        part = part_of(options)
        if options.out or options.plot:
            raise ValueError("--part only counts: give --out and --plot to `fastrest merge`")
        check_writable(Path(options.tally))
        pop = count_candidates(plan.design, part=part, **long)
        pop.save_counts(options.tally)
        counts = f"{pop.accepted:,} of {pop.n:,} candidates accepted"
        print(report.row("wrote", f"{options.tally}: {counts}"))
        return
    _check_members(options)
    with new_files(options.plot) as new:
        started = time.perf_counter()
        pop = count_candidates(plan.design, **long)
        seconds = time.perf_counter() - started
        print("\n".join([*report.population(pop), *report.sources(plan.states)]))
        print(report.elapsed(seconds, pop.n, "candidates"))
        _write_members(pop, options, new)


def run_merge(options: argparse.Namespace) -> None:
    """Combine the tallies of all parts, and report as the whole sweep or population does."""
    tallies = dict.fromkeys(options.tallies)  # merging reports a file that is given twice
    check_names(*tallies, options.histogram, options.plot, *_written(options.out))
    if any(is_of_population(path) for path in options.tallies):
        _merge_population(options)
    else:
        _merge_sweep(options)


def _merge_population(options: argparse.Namespace) -> None:
    if options.histogram:
        raise ValueError(
            "--histogram is for a sweep, and these tallies are of a population: give --plot"
        )
    _check_members(options)
    with new_files(options.plot) as new:
        pop = merged_population(options.tallies)
        print("\n".join(report.population(pop)))
        _write_members(pop, options, new)


def _merge_sweep(options: argparse.Namespace) -> None:
    if options.out or options.plot:
        raise ValueError("--out and --plot are for a population, and these tallies are of a sweep")
    check_picture("--histogram", options.histogram)
    merged = merged_sweep(options.tallies)
    answers = merged.answers()
    print("\n".join(report.sweep(merged.sweep, merged.reducers, answers)))
    if not options.histogram:
        return
    drawn = [one for one in answers if isinstance(one, HistogramAnswer)]
    if not drawn:
        raise ValueError("these tallies have no histogram: give --histogram to each --part")
    counts, cell = drawn[0], merged.sweep.cell
    with new_files(options.histogram) as new:
        draw(options.histogram, new, lambda f: counts.plot(f.subplots(), cell))


# ---- accepted cells ----


def _written(out: str | None) -> list[str]:
    """Return the files that --out of a population writes."""
    return [str(path) for path in members.written_files(out)] if out else []


def _check_members(options: argparse.Namespace) -> None:
    """Raise an error if --out or --plot cannot be written."""
    if options.out:
        members.check_members_file(options.out)
        for path in _written(options.out):
            check_writable(Path(path))
    check_picture("--plot", options.plot)


def _write_members(pop: Population, options: argparse.Namespace, new: Mapping[str, Path]) -> None:
    if options.out:
        pop.members().save(options.out)
        print(report.row("wrote", f"{options.out}: {pop.accepted:,} cells"))
    draw(options.plot, new, lambda figure: population_plots.page(pop, figure))
