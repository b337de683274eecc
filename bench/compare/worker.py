"""Run workloads on request, as one side of a paired comparison, and print their seconds.

    python -I worker.py WORKLOADS THREADS NAME…

First the worker prepares the workloads and prints a line for each: "ready NAME", "changed NAME WHY"
if the result does not have the checksum, or "absent NAME WHY" if the workload cannot be run. Then
it reads names from its input, runs each workload once and prints the seconds. The folder WORKLOADS
may come from another version of the package than the measured one.
"""

import importlib.util
import signal
import sys
import time
from pathlib import Path

#: The name under which the workloads import each other.
PACKAGE = "fastrest.benchmark.workloads"


def load(folder):
    """Import the workloads of a folder in place of the installed ones."""
    spec = importlib.util.spec_from_file_location(
        PACKAGE, Path(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    sys.modules[PACKAGE] = importlib.util.module_from_spec(spec)
    return importlib.import_module(f"{PACKAGE}.catalogue").WORKLOADS


def made(kind, name, threads):
    """Return the workload, warmed up, and the line to print of it."""
    try:
        workload = kind()
        workload.check(workload.run(threads))
    except ArithmeticError as error:
        return None, f"changed {name} {error}"
    except Exception as error:  # an older version may lack anything
        return None, f"absent {name} {type(error).__name__}: {error}"
    return workload, f"ready {name}"


def main(folder, threads, *names):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers to Ctrl-C
    kinds, workloads = load(folder), {}
    for name in names:
        workloads[name], said = made(kinds[name], name, int(threads))
        print(" ".join(said.split()), flush=True)
    for line in sys.stdin:
        workload = workloads[line.strip()]
        started = time.perf_counter()
        workload.run(int(threads))
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
