"""The command line: argparse in front, one-line errors behind, sweeps between."""

import argparse
import contextlib
import csv
import functools
import importlib.util
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import (
    __version__,
    cells,
    csvfile,
    engine,
    info,
    members,
    output,
    pickfreeze,
    plans,
    plot,
    population,
    portraits,
    report,
)
from .cell import POTENTIALS, Cell, cell_named
from .criteria import Between
from .distributions import distribution_of
from .files import check_writable, replacing
from .grids import grid
from .physics import Status, unknown
from .population import Population
from .reduce import Classes, Histogram, HistogramAnswer, Quantile, Reducer, Summary
from .sensitivity import SobolIndices
from .spaces import Space
from .sweep import Sweep
from .tables import table
from .tally import merged_tally

#: Memory that a value on an axis takes while a grid is made of it, copies included.
AXIS_BYTES = 4 * 8
#: What --summary prints of the distribution.
QUANTILES = (0.05, 0.5, 0.95)
#: What is told in one line: bad input, and results that have changed.
FAILURES = (ValueError, TypeError, KeyError, OSError, MemoryError, ImportError, ArithmeticError)
#: Change of a ratio to a yardstick that is no change: as much as two runs may differ.
TOLERANCE = 0.25
#: Points from which on a bar is drawn.
LONG = 100_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 2 bad input, 130 interrupted.

    `bench --against` has two more: 1 slower, 3 inconclusive.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    with contextlib.suppress(AttributeError):  # of what stands in for a terminal
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a "±" in ASCII
    code = None
    try:
        with _reader_may_go():
            code = options.command(options)
            if sys.stdout is not None:  # closed before we began
                sys.stdout.flush()
    except KeyboardInterrupt:
        print("fastrest: interrupted", file=sys.stderr)
        return 130
    except FAILURES as error:
        text = error.args[0] if isinstance(error, KeyError) else error
        print("fastrest: error: " + " ".join(str(text).split()), file=sys.stderr)
        return 2
    return int(code or 0)


class _Once(argparse.Action):
    """Keeps the value of an option, and refuses a second one: argparse would take the last."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        if option_string and getattr(namespace, self.dest) is not None:
            raise argparse.ArgumentError(self, "given twice")
        setattr(namespace, self.dest, values)


class _Parser(argparse.ArgumentParser):
    """Whose options stand once, unless they say otherwise; those of its commands too."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.register("action", None, _Once)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="fastrest", description="Resting membrane potentials over many parameter combinations."
    )
    parser.add_argument("--version", action="version", version=f"fastrest {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listing = commands.add_parser("cells", help="the shipped cells, with their sources")
    listing.set_defaults(command=_cells)

    report = commands.add_parser("info", help="version, instruction sets and threads")
    report.set_defaults(command=_info)

    sweep = commands.add_parser(
        "sweep",
        help="potentials over a grid or a table",
        description="Potentials of a cell over every combination of --grid axes, or over the rows "
        "of a --table.",
    )
    _add_cell(sweep)
    sweep.add_argument(
        "--grid",
        metavar="NAME=VALUES",
        action="append",
        default=[],
        help="an axis: FIRST:LAST:COUNT, FIRST:LAST:COUNT:log, or values with commas between",
    )
    sweep.add_argument("--table", metavar="CSV", help="a file with a column per parameter")
    sweep.add_argument(
        "--rename",
        metavar="COLUMN=NAME",
        action="append",
        default=[],
        help="the parameter a column of the table stands for",
    )
    sweep.add_argument(
        "--keep",
        metavar="COLUMN",
        action="append",
        default=[],
        help="a column of the table that is no parameter",
    )
    sweep.add_argument(
        "--summary",
        action="store_true",
        help="print sd, quantiles and excitability classes as well",
    )
    sweep.add_argument("--histogram", metavar="FILE", help="draw a histogram (.png, .pdf, .svg)")
    sweep.add_argument("--plot", metavar="FILE", help="draw a curve or heat map (.png, .pdf, .svg)")
    sweep.add_argument(
        "--out",
        metavar="FILE",
        help="write the potentials (mV): .npy, .zarr, or .parquet; goes on where it was stopped",
    )
    _add_counting(sweep)
    sweep.set_defaults(command=_sweep)

    cohort = commands.add_parser(
        "population",
        help="which candidates for a cell do what recordings say",
        description="Draws candidates, puts each under several conditions, and keeps those that "
        "meet criteria: a TOML file says all this.",
    )
    cohort.add_argument("plan", metavar="PLAN.toml", nargs="?", help="what to draw and to accept")
    cohort.add_argument("--example", action="store_true", help="print a plan that explains itself")
    cohort.add_argument("--n", type=int, metavar="N", help="candidates, in place of the plan's")
    cohort.add_argument("--rng", type=int, metavar="SEED", help="in place of the plan's")
    _add_members(cohort)
    _add_counting(cohort)
    cohort.set_defaults(command=_population)

    merging = commands.add_parser(
        "merge", help="answers from the tallies of all parts of a sweep or population (--part)"
    )
    merging.add_argument("tallies", metavar="FILE", nargs="+")
    merging.add_argument("--histogram", metavar="FILE", help="draw the histogram, if it was asked")
    _add_members(merging)
    merging.set_defaults(command=_merge)

    slopes = commands.add_parser(
        "gradient",
        help="how the potential of a cell follows each of its parameters",
        description="Derivatives of the resting potential: mV per unit of each parameter, and mV "
        "per +1 % of it (celsius: per +1 °C).",
    )
    _add_cell(slopes)
    slopes.set_defaults(command=_gradient)

    indices = commands.add_parser(
        "sobol",
        help="which uncertain parameter makes which part of the potential's variance",
        description="Sobol' indices of the resting potential. They are exact for GHK models of "
        "monovalent ions unless a sample is asked for.",
    )
    _add_cell(indices)
    indices.add_argument(
        "--vary",
        metavar="NAME=DISTRIBUTION",
        action="append",
        default=[],
        help="an uncertain parameter: uniform:LOW,HIGH, loguniform:LOW,HIGH, "
        "triangular:LOW,MODE,HIGH, normal:mean=,sd=,low=,high=, lognormal:median=,cv=, or times: "
        "and one of these, in multiples of the cell's value; a mean or median left out is the "
        "cell's value",
    )
    indices.add_argument(
        "--samples", type=int, metavar="N", help="sample at N base points instead, best 2^k"
    )
    indices.add_argument(
        "--until", type=float, metavar="WIDTH", help="sample until all half-widths are at most this"
    )
    indices.add_argument(
        "--between",
        type=float,
        nargs=2,
        metavar=("LOW", "HIGH"),
        help="ask of a sample whether V lies between two potentials (mV)",
    )
    indices.add_argument("--rng", type=int, metavar="SEED", help="what the sample is made from")
    indices.add_argument(
        "--nan-policy",
        choices=pickfreeze.NAN_POLICIES,
        help="points of a sample without a potential: an error, or counted and left out",
    )
    indices.add_argument("--plot", metavar="FILE", help="draw the indices (.png, .pdf, .svg)")
    indices.add_argument("--csv", metavar="FILE", help="write the indices as a table")
    indices.add_argument("--threads", type=int, metavar="N", help="threads to use")
    indices.set_defaults(command=_sobol)

    speed = commands.add_parser(
        "bench",
        help="how fast fastrest is here, beside the reference, NumPy and the memory",
        description="Measures every kind of work in some 15 seconds. The results are checked "
        "first. With --against, exits with 0 if nothing is slower, 1 if something is, 3 if that "
        "cannot be told.",
    )
    speed.add_argument("--json", metavar="FILE", help="keep what was measured (.json)")
    speed.add_argument(
        "--against", metavar="FILE", help="compare with what --json kept on the same machine"
    )
    speed.add_argument(
        "--tolerance",
        type=float,
        metavar="SHARE",
        help=f"with --against: change that is no change (default {TOLERANCE})",
    )
    speed.add_argument("--threads", type=int, metavar="N", help="threads to use")
    speed.set_defaults(command=_bench)
    return parser


def _add_cell(command: argparse.ArgumentParser) -> None:
    command.add_argument("cell", metavar="CELL", help="a shipped cell's name, or a TOML file")
    command.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="another value for a parameter of the cell",
    )


def _add_counting(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--checkpoint",
        metavar="FILE",
        help="keep the count there every few seconds; the same command goes on from it",
    )
    command.add_argument(
        "--part",
        metavar="K/N",
        help="count only part K (from 0) of N, for `fastrest merge`; needs --tally",
    )
    command.add_argument("--tally", metavar="FILE", help="where to write what --part counted")
    command.add_argument("--threads", type=int, metavar="N", help="threads to use")


def _add_members(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--out",
        metavar="FILE",
        help="of a population: write the accepted cells (.csv, .npz, .parquet)",
    )
    command.add_argument(
        "--plot",
        metavar="FILE",
        help="of a population: draw potentials, classes and parameters (.png, .pdf, .svg)",
    )


# ---- commands ----


def _cells(options: argparse.Namespace) -> None:
    for name, cell in cells.items():
        quoted = "" if cell.quoted is None else f" (source: {cell.quoted:g} mV)"
        print(f"{name}: {cell.potential():.2f} mV{quoted}")
        print(f"    {cell!r}")
        print(f"    {cell.species}; {cell.basis}. {cell.source}")
        print(f"    {cell.remark}")


def _info(options: argparse.Namespace) -> None:
    for key, value in info().items():
        print(f"{key}: {' '.join(value) if isinstance(value, tuple) else value}")


def _sweep(options: argparse.Namespace) -> None:
    cell = _cell(options)
    if bool(options.grid) == bool(options.table):
        raise ValueError("give --grid axes or a --table, one of the two")
    if (options.rename or options.keep) and not options.table:
        raise ValueError("--rename and --keep go with --table")
    sweep = _table(cell, options) if options.table else _grid(cell, options)
    if options.plot:
        _check_picture("--plot", options.plot)
        plot.check(sweep)
    if options.histogram and not options.part:
        _check_picture("--histogram", options.histogram)
    _check_names(options.histogram, options.plot, options.out, options.checkpoint)
    reducers = _reducers(sweep, options)
    if options.part or options.tally:
        return _part(sweep, reducers, options)
    if options.out:
        output.check(sweep, options.out)

    with contextlib.ExitStack() as files:
        # every file is known to be writable before anything is computed
        pictures = {
            path: files.enter_context(replacing(Path(path), Path(path).suffix.lower()))
            for path in (options.histogram, options.plot)
            if path
        }
        long = {"threads": options.threads, "progress": _progress(len(sweep))}
        started = time.perf_counter()
        answers = sweep.reduce(*reducers, checkpoint=options.checkpoint, **long)
        seconds = time.perf_counter() - started
        _describe(sweep, reducers, answers)
        threads = engine.thread_count(options.threads, len(sweep))
        workers = f"{threads} thread{'s' * (threads > 1)}"
        rate = len(sweep) / seconds / 1e6
        print(f"time     {seconds:.3g} s, {rate:.3g} M points/s ({answers[0].method}, {workers})")
        if options.out:
            sweep.save(options.out, **long)
            print(f"wrote    {options.out}")
        if options.histogram:
            histogram = answers[-1]
            _draw(histogram.plot, pictures[options.histogram], options.histogram, sweep.cell)
        if options.plot:
            _draw(sweep.plot, pictures[options.plot], options.plot)
    for path in pictures:
        print(f"wrote    {path}")


def _reducers(sweep: Sweep, options: argparse.Namespace) -> list[Reducer]:
    found: list[Reducer] = [Summary()]
    if options.summary and not options.part:
        found.append(Quantile(QUANTILES))
    if options.summary and sweep.cell.threshold is not None:
        found.append(Classes())
    if options.histogram:
        found.append(Histogram())
    return found


def _part(sweep: Sweep, reducers: list[Reducer], options: argparse.Namespace) -> None:
    k, n = _parts(options)
    if options.out or options.plot:
        raise ValueError("--part counts: it goes with --summary and --histogram, not files")
    part = sweep.part(k, n)
    check_writable(Path(options.tally))
    tally = part.tally(*reducers, threads=options.threads, checkpoint=options.checkpoint)
    tally.save(options.tally)
    print(f"wrote    {options.tally}: {tally!r}")


def _parts(options: argparse.Namespace) -> tuple[int, int]:
    """Part k of n, whose tally has a name."""
    k, _, n = (options.part or "").partition("/")
    if not (k.isdecimal() and n.isdecimal() and options.tally):
        raise ValueError(f"--part K/N and --tally FILE go together, got {options.part!r}")
    return int(k), int(n)


def _population(options: argparse.Namespace) -> None:
    if options.example:
        print(plans.EXAMPLE.read_text(encoding="utf-8"), end="")
        return
    if not options.plan:
        raise ValueError("give a PLAN.toml, or --example, which prints one")
    asked = plans.read(options.plan, n=options.n, rng=options.rng)
    long = {
        "threads": options.threads,
        "progress": _progress(asked.n),
        "checkpoint": options.checkpoint,
    }
    _check_names(
        *(options.plan, options.checkpoint, options.tally, options.plot), *_written(options.out)
    )
    if options.part or options.tally:
        part = _parts(options)
        if options.out or options.plot:
            raise ValueError("--part counts: give --out and --plot to `fastrest merge`")
        check_writable(Path(options.tally))
        pop = asked.population(part=part, **long)
        pop.save_counts(options.tally)
        print(f"wrote    {options.tally}: {pop.accepted:,} of {pop.n:,} candidates accepted")
        return
    with _handing_over(options) as hand_over:
        started = time.perf_counter()
        pop = asked.population(**long)
        seconds = time.perf_counter() - started
        print("\n".join([*report.population(pop), *report.sources(asked.conditions)]))
        print(f"time     {seconds:.3g} s, {pop.n / seconds / 1e6:.3g} M candidates/s")
        hand_over(pop)


@contextlib.contextmanager
def _handing_over(options: argparse.Namespace) -> Iterator[Callable[[Population], None]]:
    """What writes and draws a population, once files are known to be writable."""
    with contextlib.ExitStack() as files:
        if options.out:
            members.check(options.out)
            for path in members.written(options.out):
                check_writable(path)
        if options.plot:
            _check_picture("--plot", options.plot)
            suffix = Path(options.plot).suffix.lower()
            picture = files.enter_context(replacing(Path(options.plot), suffix))

        def hand_over(pop: Population) -> None:
            if options.out:
                pop.members().save(options.out)
                print(f"wrote    {options.out}: {pop.accepted:,} cells")
            if options.plot:
                _draw_page(pop, picture, options.plot)

        yield hand_over
    if options.plot:
        print(f"wrote    {options.plot}")


def _merge(options: argparse.Namespace) -> None:
    _check_names(*{*options.tallies}, options.histogram, options.plot, *_written(options.out))
    if any(population.is_one(path) for path in options.tallies):
        if options.histogram:
            raise ValueError("--histogram is of a sweep: give --plot")
        with _handing_over(options) as hand_over:
            pop = population.merged(options.tallies)
            print("\n".join(report.population(pop)))
            hand_over(pop)
        return
    if options.out or options.plot:
        raise ValueError("--out and --plot are of a population, and these tallies are of a sweep")
    if options.histogram:
        _check_picture("--histogram", options.histogram)
    merged = merged_tally(options.tallies)
    answers = merged.answers()
    _describe(merged.sweep, merged.reducers, answers)
    drawn = [one for one in answers if isinstance(one, HistogramAnswer)]
    if options.histogram:
        if not drawn:
            raise ValueError("--histogram: these tallies have none: count with --histogram too")
        path = Path(options.histogram)
        with replacing(path, path.suffix.lower()) as file:
            _draw(drawn[0].plot, file, options.histogram, merged.sweep.cell)
        print(f"wrote    {options.histogram}")


def _gradient(options: argparse.Namespace) -> None:
    cell = _cell(options)
    status = Status(int(table(cell, {"celsius": [cell["celsius"]]}).status()[0]))
    if status:
        raise ValueError(f"{cell!r} has no potential, hence no gradient: {status.name}")
    slopes, percent = cell.gradient(), cell.elasticity()
    print(f"{cell.name or cell.model!r}: {cell.potential():.4f} mV")
    print(f"{'parameter':12} {'value':>10} {'':4} {'mV per unit':>12} {'mV per +1 %':>12}")
    for name, slope in slopes.items():
        unit = cell.model.parameters[name].unit
        per = " (per +1 °C)" * (name == "celsius")
        print(f"{name:12} {cell[name]:10.6g} {unit:4} {slope:12.6g} {percent[name]:12.6g}{per}")


def _sobol(options: argparse.Namespace) -> None:
    cell = _cell(options)
    inputs: dict[str, Any] = {}
    for text in options.vary:
        name, given = _split(text, "--vary")
        if name in inputs:
            raise ValueError(f"--vary {name} stands twice")
        try:
            inputs[name] = distribution_of(given)
        except ValueError as error:
            raise ValueError(f"--vary {name}: {error}") from None
    if not inputs:
        raise ValueError("give --vary NAME=DISTRIBUTION, as --vary K_out=uniform:3,6")
    space = Space(cell, inputs)
    if options.plot:
        _check_picture("--plot", options.plot)
    _check_names(options.plot, options.csv)
    if options.samples is None and options.until is None:
        for option in ("between", "rng", "nan_policy"):
            if getattr(options, option) is not None:
                name = option.replace("_", "-")
                raise ValueError(f"--{name} goes with a sample: give --samples N or --until WIDTH")
    with contextlib.ExitStack() as files:
        # every file is known to be writable before anything is computed
        places = {
            path: files.enter_context(replacing(Path(path), suffix))
            for path, suffix in (
                (options.plot, Path(options.plot or "").suffix.lower()),
                (options.csv, ".csv"),
            )
            if path
        }
        started = time.perf_counter()
        found = space.sobol(
            options.samples,
            of=Between(*options.between) if options.between else None,
            rng=options.rng,
            nan_policy=options.nan_policy,
            until=options.until,
            threads=options.threads,
        )
        seconds = time.perf_counter() - started
        print(found)
        print(f"time     {seconds:.3g} s")
        if options.plot:
            _draw(found.plot, places[options.plot], options.plot)
        if options.csv:
            _write_indices(found, places[options.csv])
    for path in places:
        print(f"wrote    {path}")


def _write_indices(found: SobolIndices, path: Path) -> None:
    """A row per input: its name and what there is a number of for each."""
    keys = [key for key, values in found.indices.items() if values.ndim == 1]
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["input", *keys])
        rows = zip(found["names"], *(found[key].tolist() for key in keys), strict=True)
        table.writerows(rows)


def _progress(points: int) -> bool:
    """Whether to draw a bar: for long work, on a terminal, if tqdm is there."""
    known = importlib.util.find_spec("tqdm") is not None
    return known and points >= LONG and sys.stderr.isatty()


def _bench(options: argparse.Namespace) -> int:
    from . import tracking  # with the workloads, which other commands do without

    tolerance = TOLERANCE if options.tolerance is None else options.tolerance
    if not 0 < tolerance < math.inf:
        raise ValueError(f"--tolerance must be > 0, got {tolerance:g}")
    if options.tolerance is not None and options.against is None:
        raise ValueError("--tolerance goes with --against")
    for option in ("json", "against"):  # such as a variable of CI that is not set
        if getattr(options, option) == "":
            raise ValueError(f"--{option} needs the name of a file, got ''")
    _check_names(options.json, options.against)
    before = tracking.read(options.against) if options.against else None

    def tell(text: str) -> None:
        print(f"measuring {text}", file=sys.stderr)

    with contextlib.ExitStack() as files:
        if options.json:
            kept = files.enter_context(replacing(Path(options.json), ".json"))
        measured = tracking.measure_all(options.threads, tell)
        after = tracking.archive(measured)
        if options.json:
            kept.write_text(json.dumps(after, indent=1) + "\n", encoding="utf-8")
    code, lines = 0, [*report.speed(measured)]
    if options.json:
        lines.append(f"wrote    {options.json}")
    if before is not None:
        others = tracking.differences(before, after)
        changes = tracking.settled(before, after, tolerance, options.threads, tell)
        lines += report.changes(changes, others, options.against, tolerance)
        code = tracking.exit_code(changes, others)
    with _reader_may_go():  # the verdict holds all the same
        print("\n".join(lines), flush=True)
    return code


@contextlib.contextmanager
def _reader_may_go() -> Iterator[None]:
    """Let whoever reads our output stop reading: that is their right."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# ---- input ----


def _cell(options: argparse.Namespace) -> Cell:
    """The cell that is named, with what --set changes."""
    cell = cell_named(options.cell)
    changes = [_split(one, "--set") for one in options.set]
    for name, _ in changes:
        if name not in (*cell, *POTENTIALS):
            raise ValueError(f"--set: {unknown('parameter', name, (*cell, *POTENTIALS))}")
    return cell.replace(**{name: _number(value, f"--set {name}") for name, value in changes})


def _split(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.rpartition("=") if option == "--rename" else text.partition("=")
    if not equals or not name or not value:
        raise ValueError(f"{option} takes NAME=..., got {text!r}")
    return name.strip(), value.strip()


def _number(text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{what} must be a number, got {text!r}") from None


def _grid(cell: Cell, options: argparse.Namespace) -> Sweep:
    axes: dict[str, tuple[int, Callable[[], np.ndarray]]] = {}
    for text in options.grid:
        name, given = _split(text, "--grid")
        if name in axes:
            raise ValueError(f"--grid {name} stands twice")
        axes[name] = _axis(name, given)
    counts = [count for count, _ in axes.values()]
    if math.prod(counts) >= 2**63:
        text = " x ".join(map(str, counts))
        raise ValueError(f"a grid must have fewer than 2**63 points, got {text}")
    need = AXIS_BYTES * sum(counts)
    engine.check_memory(need, None, f"--grid {' and '.join(axes)} with fewer values")
    return grid(cell, **{name: values() for name, (_, values) in axes.items()})


def _axis(name: str, text: str) -> tuple[int, Callable[[], np.ndarray]]:
    """How many values an axis has, and a function that makes them once there is room."""
    if ":" not in text:
        values = np.array([_number(part, f"--grid {name}") for part in text.split(",")])
        return values.size, lambda: values
    parts = text.split(":")
    scale = parts.pop() if len(parts) == 4 else "lin"
    if len(parts) != 3 or scale not in ("lin", "log"):
        raise ValueError(
            f"--grid {name} takes FIRST:LAST:COUNT or FIRST:LAST:COUNT:log, got {text!r}"
        )
    first, last = (_number(part, f"--grid {name}") for part in parts[:2])
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
    rename = dict(_split(text, "--rename") for text in options.rename)

    def is_parameter(name: str) -> bool:
        if name in options.keep:
            return False
        if rename.get(name, name) not in cell:
            raise ValueError(
                f"column {name!r}: {unknown('parameter', name, cell)} "
                "(--rename gives it another name, --keep passes over it)"
            )
        return True

    columns = csvfile.read(options.table, [*rename, *options.keep], is_parameter)
    return table(cell, columns, rename=rename)


# ---- output ----


def _describe(sweep: Any, reducers: Sequence[Reducer], answers: Sequence[Any]) -> None:
    """Print what a physiologist asks first: how many, how many bad, the extremes and where."""
    name = sweep.cell.name or repr(sweep.cell.model)
    shape = " x ".join(f"{d} {n:,}" for d, n in zip(sweep.dims, sweep.shape, strict=True))
    print(f"{name}, {sweep.cell.model}: {len(sweep):,} points ({shape})")
    for reducer, answer in zip(reducers, answers, strict=True):
        if isinstance(reducer, Summary):
            reasons = ", ".join(f"{n:,} {name}" for name, n in answer.invalid.items())
            print(f"invalid  {sum(answer.invalid.values()):,}{reasons and f' ({reasons})'}")
            if answer.n:
                print(f"min      {answer.min:.4f} mV at {_place(sweep, answer.argmin)}")
                sd = f", sd {answer.sd:.4f} mV" if len(reducers) > 1 else ""
                print(f"mean     {answer.mean:.4f} mV{sd}")
                print(f"max      {answer.max:.4f} mV at {_place(sweep, answer.argmax)}")
        elif isinstance(reducer, Quantile):
            values = ", ".join(f"{100 * q:g} % {V:.4f}" for q, V in zip(QUANTILES, answer))
            print(f"quantile {values} mV")
        elif isinstance(reducer, Classes):
            n = max(1, sum(answer.values()))
            for kind, count in answer.items():
                print(f"class    {kind}: {count:,} ({100 * count / n:.3g} %)")


def _place(sweep: Any, point: int) -> str:
    parameters = sweep.cell.model.parameters
    found = sweep.parameters(point)
    parts = [f"{n}={float(v):.6g} {parameters[n].unit}".rstrip() for n, v in found.items()]
    row = f"row {point}: " if sweep.dims == ("row",) else ""
    return row + ", ".join(parts)


def _written(out: str | None) -> list[str]:
    """The files that --out of a population writes."""
    return [str(path) for path in members.written(out)] if out else []


def _check_names(*paths: str | None) -> None:
    named = [path for path in paths if path]
    if len({os.path.realpath(path) for path in named}) < len(named):
        raise ValueError(f"every file needs its own name, got {', '.join(named)}")


def _check_picture(option: str, path: str) -> None:
    """Refuse what cannot be drawn before anything is computed."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
    except ImportError:
        raise ImportError(f"{option} needs matplotlib: pip install 'fastrest-ghk[plot]'") from None
    known = FigureCanvasAgg.get_supported_filetypes()
    if Path(path).suffix[1:].lower() not in known:
        raise ValueError(f"{option} must end in one of .{', .'.join(sorted(known))}, got {path!r}")


def _draw(draw: Callable[..., Any], path: Path, name: str, *more: Any) -> None:
    """Let something draw itself on a figure of its own, and save that."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    draw(figure.subplots(), *more)
    _save(figure, path, name)


def _draw_page(pop: Population, path: Path, name: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained")
    portraits.page(pop, figure)
    _save(figure, path, name)


def _save(figure: Any, path: Path, name: str) -> None:
    try:
        figure.savefig(path, dpi=150)
    except Exception as error:  # of a backend, which may raise anything: .pgf wants LaTeX
        raise OSError(f"{name} cannot be drawn: {error}") from None
