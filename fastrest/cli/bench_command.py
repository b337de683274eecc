"""`fastrest bench`."""

import argparse
import contextlib
import json
import math
import sys
import time
from pathlib import Path

from fastrest.cli import report
from fastrest.cli.options import TOLERANCE
from fastrest.cli.output_files import check_files, check_outputs
from fastrest.cli.printing import answer, say
from fastrest.runtime.storage import write_safely


def run_bench(options: argparse.Namespace) -> int:
    """Measure every workload, compare with an earlier file if one is given, and report."""
    # here, because other commands do not need the workloads
    from fastrest.benchmark import archive, history, tracking

    tolerance = _checked_tolerance(options)
    if options.history:
        history.check_history(Path(options.history), options.force)
    before = archive.read_archive(options.against) if options.against else None

    def tell(text: str) -> None:
        print(f"measuring {text}", file=sys.stderr)

    started = time.perf_counter()
    measured = tracking.measure_all(options.threads, tell)
    seconds = time.perf_counter() - started
    after = archive.archived(measured)
    if options.json and not options.as_json:
        content = json.dumps(after, indent=1) + "\n"
        write_safely(options.json, content.encode(), overwrite=options.force)
    code, lines = 0, [*report.speed(measured), *report.budget(seconds, tracking.BUDGET)]
    if options.history:
        path, differs = history.add(Path(options.history), after)
        lines += [report.row("wrote", str(path)), *report.environment(differs)]
    if options.json and not options.as_json:
        lines.append(report.row("wrote", options.json))
    if before is not None:
        others = tracking.differences(before, after)
        changes = tracking.settled(before, after, tolerance, options.threads, tell)
        lines += report.changes(changes, others, options.against, tolerance)
        code = tracking.exit_code(changes, others)
    with contextlib.suppress(BrokenPipeError):  # the exit code is the same
        say(options, *lines)
        sys.stdout.flush()
    answer(options, None, after, {"ns_per_point": "ns", "seconds": "s", "yardstick_seconds": "s"})
    return code


def _checked_tolerance(options: argparse.Namespace) -> float:
    """Check that the options fit together, and return the tolerance."""
    tolerance: float = TOLERANCE if options.tolerance is None else options.tolerance
    if not 0 < tolerance < math.inf:
        raise ValueError(f"--tolerance must be > 0, got {tolerance:g}")
    if options.tolerance is not None and options.against is None:
        raise ValueError("--tolerance goes with --against")
    for option in ("json", "against", "history"):  # a variable of CI that is not set, for example
        if getattr(options, option) == "":
            what = "folder" if option == "history" else "file"
            raise ValueError(f"--{option} needs the name of a {what}, got ''")
    check_files(options, [("--against", options.against)])
    if options.json and not options.as_json:
        if not options.json.lower().endswith(".json"):
            raise ValueError(f"--json {options.json} must end in .json")
        check_outputs(options, "json")
    return tolerance
