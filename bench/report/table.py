"""Make the tables of the READMEs from the results of pytest-benchmark.

pytest bench/benchmarks/bench_workloads.py --benchmark-json=new.json
python bench/report/table.py new.json    # keeps the file as results.json, and writes the tables
python bench/report/table.py --check     # fails if the tables do not agree with results.json
"""

import argparse
import json
import sys
from pathlib import Path

from fastrest.cli.report import duration

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).with_name("results.json")
COUNTS = ROOT / "bench" / "count" / "counts.json"

#: Tools in the last column of the README's table.
OTHERS = [
    "list comprehension",
    "numexpr",
    "Numba",
    "JAX",
    "Dask",
    "scipy.stats",
    "SALib",
    "np.arctan2",
]
#: The least number of calls of each counted kernel per point of a workload. A base point of
#: `sampled` has 20 evaluations; `factored` has 2e5 entries for 1e9 points.
KERNELS = {
    "table": {"table": 1},
    "grid": {"grid": 1},
    "summary": {"summary": 1},
    "factored": {"factored": 2e-4},
    "sampled": {"sampled": 1 / 20},
    "population": {"sample": 1, "table": 3},
}


class Results:
    """The notes of each workload and tool, on the largest number of threads."""

    def __init__(self, archive, counts):
        self.notes, self.titles = {}, {}
        for one in sorted(archive["benchmarks"], key=lambda one: one["extra_info"]["threads"]):
            note = one["extra_info"]
            self.notes[note["workload"], note["tool"]] = note
            self.titles.setdefault(note["workload"], one["group"].removesuffix(": how long?"))
        del self.titles["yardstick"]
        self.threads = max(self.notes[name, "fastrest"]["threads"] for name in self.titles)
        info, cpu = archive["machine_info"]["fastrest"], archive["machine_info"]["cpu"]
        self.counts = counts.get(info["isa"], {})  # valgrind has no AVX-512
        self.where = (
            f"{cpu['brand_raw']}, {self.threads} threads, {info['isa']}, Python {info['python']}, "
            f"NumPy {info['numpy']}, {archive['datetime'][:10]}, "
            f"commit {archive['commit_info']['id'][:10]}"
        )

    def times(self, workload, tool):
        """Return the time of a tool per point, in units of fastrest's time, or ''."""
        if (workload, tool) not in self.notes:
            return ""
        ours, other = (self.notes[workload, one]["ns_per_point"] for one in ("fastrest", tool))
        return f"× {digits(float(f'{other / ours:.2g}'))}"


def digits(x):
    return f"{x:.3g}" if x < 999.5 else f"{float(f'{x:.3g}'):,.0f}"


def markdown(head, lines):
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *lines))


def speed(results):
    """Return the table of the README: the time per point, and the ratios of other tools."""
    lines = []
    for name, title in results.titles.items():
        ours = duration(results.notes[name, "fastrest"]["ns_per_point"] / 1e9)
        beside = [results.times(name, tool) for tool in ("python", "numpy")]
        others = [f"{o} {results.times(name, o)}" for o in OTHERS if (name, o) in results.notes]
        lines.append([title, ours, *beside, ", ".join(others)])
    table = markdown(["a point of", "fastrest", "the reference", "NumPy", "others"], lines)
    return (
        f"{table}\n\nMedians; ×: how many times as long. The reference is plain Python that "
        f"checks its inputs, one point at a time. {results.where}."
    )


def roofline(results):
    """Return the table of bench/README.md: the limits of each workload, and the share reached."""
    fill, copy, arithmetic = (
        results.notes["yardstick", tool] for tool in ("fill", "copy", "arithmetic")
    )
    rates = {one["tool"]: one["gigabytes_per_second"] for one in (fill, copy)}
    rate = arithmetic["instructions_per_ns"]
    lines = []
    for name, title in results.titles.items():
        note = results.notes[name, "fastrest"]
        moved, measured = sum(note["moved"]), note["ns_per_point"]
        kernels = KERNELS.get(name, {}) if results.counts else {}
        counted = sum(n * results.counts[kernel] for kernel, n in kernels.items())
        memory = moved / rates[note["yardstick"]] if moved else 0.0
        limit = max(memory, counted / rate)
        bound_by = "memory" if memory == limit else "instructions"
        line = [title, " + ".join(f"{b:g}" for b in note["moved"]) if moved else "in the caches"]
        line += [digits(counted) if counted else "not counted"]
        line += [duration(ns / 1e9) if ns else "" for ns in (memory, counted / rate)]
        line += [duration(measured / 1e9)]
        lines.append(line + ([f"{100 * limit / measured:.0f} %", bound_by] if limit else ["", ""]))
    head = ["a point of", "bytes", "instructions", "memory's limit", "processor's limit"]
    table = markdown([*head, "measured", "share reached", "bound by"], lines)
    return (
        f"{table}\n\n{results.threads} threads; memory filled at {rates['fill']:.1f} GB/s, "
        f"copied at {rates['copy']:.1f} GB/s (read and written); {rate:.1f} instructions a ns. "
        f"{results.where}."
    )


#: Pages and their tables, which stand between <!-- NAME: ... --> and <!-- /NAME -->.
TABLES = {"README.md": speed, "bench/README.md": roofline}


def replaced(text, name, table):
    """Return a page with another table between its marks."""
    start, end = f"<!-- {name}: made by bench/report/table.py -->\n", f"<!-- /{name} -->"
    if text.count(start) != 1 or text.count(end) != 1:
        raise SystemExit(f"the page needs one {start.strip()} and one {end}")
    before, _, rest = text.partition(start)
    return f"{before}{start}\n{table}\n\n{end}{rest.partition(end)[2]}"


def kept(archive):
    """Return the part of an archive that the tables need."""
    if archive["commit_info"]["dirty"]:
        raise ValueError("the sources had uncommitted changes")
    machine = archive["machine_info"]
    cpu = {"brand_raw": machine["cpu"]["brand_raw"]}
    benchmarks = [
        {key: one[key] for key in ("group", "extra_info")} for one in archive["benchmarks"]
    ]
    return {
        "machine_info": {"fastrest": machine["fastrest"], "cpu": cpu},
        "commit_info": archive["commit_info"],
        "datetime": archive["datetime"],
        "benchmarks": benchmarks,
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    parser.add_argument("new", nargs="?", type=Path, metavar="JSON", help="new results")
    options = parser.parse_args(arguments)
    if options.new and options.check:
        parser.error("--check judges the results that are kept: give no file")
    source = options.new or RESULTS
    try:
        archive = kept(json.loads(source.read_text(encoding="utf-8")))
        first, *_ = json.loads(COUNTS.read_text(encoding="utf-8")).values()
        results = Results(archive, first)
        old = {page: (ROOT / page).read_text(encoding="utf-8") for page in TABLES}
        new = {p: replaced(old[p], make.__name__, make(results)) for p, make in TABLES.items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        parser.error(f"{source} cannot be made into tables: {type(error).__name__}: {error}")
    if options.check:
        stale = [page for page in TABLES if old[page] != new[page]]
        if stale:
            print(f"not the figures of {RESULTS.name}: {' and '.join(stale)}")
            print("to write the tables again: python bench/report/table.py")
        return int(bool(stale))
    if options.new:
        RESULTS.write_text(json.dumps(archive, indent=1) + "\n", encoding="utf-8")
    for page, text in new.items():
        (ROOT / page).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
