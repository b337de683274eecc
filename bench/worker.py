"""One side of a paired comparison: runs workloads as it is told, and says how long they took.

    python -I worker.py WORKLOADS.PY THREADS NAME…

Reads the name of a workload from each line of its input, runs it once, and answers with seconds.
Before that it makes the workloads ready, and says of each "ready NAME", or "changed NAME WHY" if
its result is not the one that the list expects, or "absent NAME WHY" if it cannot be run. The list
may be of another version than the package that is measured.
"""

import importlib.util
import signal
import sys
import time


def load(path):
    spec = importlib.util.spec_from_file_location("workloads_to_compare", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.WORKLOADS


def made(kind, name, threads):
    """The workload, warmed up, and what to say of it."""
    try:
        workload = kind()
        workload.check(workload.run(threads))
    except ArithmeticError as error:
        return None, f"changed {name} {error}"
    except Exception as error:  # an older version lacks what it lacks
        return None, f"absent {name} {type(error).__name__}: {error}"
    return workload, f"ready {name}"


def main(path, threads, *names):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is its parent's to answer
    kinds, workloads = load(path), {}
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
