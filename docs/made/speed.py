"""Tables of speed, from the results that the README's table is made of."""

import json

from made.sources import module_of


def results():
    """Return the published results, as the script of the READMEs reads them."""
    table = module_of("bench/report/table")
    archive = json.loads(table.RESULTS.read_text(encoding="utf-8"))
    first, *_ = json.loads(table.COUNTS.read_text(encoding="utf-8")).values()
    return table.Results(table.kept(archive), first)


def times() -> str:
    """Return the time of a point of each workload, and how many times as long other tools take."""
    return module_of("bench/report/table").speed(results())


def limits() -> str:
    """Return the limits of each workload, and the share reached."""
    return module_of("bench/report/table").roofline(results())


def instructions() -> str:
    """Return the counted instructions of each kernel per point."""
    from made.sources import markdown

    table = module_of("bench/report/table")
    counts = json.loads(table.COUNTS.read_text(encoding="utf-8"))
    parts = []
    for compiler, sets in counts.items():
        kernels = list(dict.fromkeys(kernel for one in sets.values() for kernel in one))
        lines = [
            [kernel, *(f"{one[kernel]:.4g}" if kernel in one else "" for one in sets.values())]
            for kernel in kernels
        ]
        parts.append(f"Compiled by {compiler}:\n\n{markdown(['kernel', *sets], lines)}")
    return "\n\n".join(parts)
