"""Tables for the READMEs, made of what pytest-benchmark kept: no figure in them is typed.

    pytest bench/bench_workloads.py --benchmark-json=new.json
    python bench/table.py new.json    # keeps it as results.json, and writes the tables
    python bench/table.py --check     # fails if the tables are not those of results.json

Ratios are of medians on as many threads as were tried.
"""

import argparse
import json
import sys
from pathlib import Path

from fastrest.report import duration

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
COUNTS = HERE / "counts.json"

#: Who stands beside fastrest in the README, and what it is called there.
OTHERS = {
    "python list": "list comprehension",
    "numexpr": "numexpr",
    "numba": "Numba",
    "jax": "JAX",
    "dask": "Dask",
    "scipy": "scipy.stats",
    "SALib": "SALib",
    "arctan2": "np.arctan2",
}
#: What a point of a workload takes of which counted kernels (bench/count.py), at least. A base
#: point of `sampled` has 11 evaluations; `factored` has 2e5 entries for 1e9 points.
KERNELS = {
    "table": {"table": 1},
    "grid": {"grid": 1},
    "summary": {"summary": 1},
    "factored": {"factored": 2e-4},
    "sampled": {"sampled": 1 / 11},
    "population": {"sample": 1, "table": 3},
}


class Results:
    """What was measured, by workload, who, and threads."""

    def __init__(self, archive, counts):
        self.machine, self.commit = archive["machine_info"], archive["commit_info"]
        self.date = archive["datetime"][:10]
        self.notes, self.groups = {}, {}
        for one in archive["benchmarks"]:
            note = one["extra_info"]
            self.notes[note["workload"], note["who"], note["threads"]] = note
            self.groups.setdefault(note["workload"], one["group"])
        self.threads = max(threads for _, who, threads in self.notes if who == "fastrest")
        self.workloads = [name for name in self.groups if name != "yardstick"]
        self.counts = counts

    def title(self, workload):
        return self.groups[workload].removesuffix(": how long?")

    def note(self, workload, who):
        """What is noted of somebody on the most threads that were tried, or None."""
        tried = [n for one, other, n in self.notes if (one, other) == (workload, who)]
        return self.notes[workload, who, max(tried)] if tried else None

    def ns(self, workload, who):
        """Nanoseconds a point, or None."""
        note = self.note(workload, who)
        return note and note["ns_per_point"]

    def ratio(self, workload, who):
        """How many times as long somebody takes as fastrest."""
        other = self.ns(workload, who)
        return None if other is None else other / self.ns(workload, "fastrest")

    def where(self):
        info = self.machine["fastrest"]
        return (
            f"{self.machine['cpu']['brand_raw']}, {self.threads} threads, {info['isa']}, "
            f"Python {info['python']}, NumPy {info['numpy']}, {self.date}, "
            f"commit {self.commit['id'][:10]}"
        )


# ---- figures for people ----


def digits(x):
    """Three digits; two for a ratio is `times`."""
    return f"{x:.3g}" if x < 999.5 else f"{float(f'{x:.3g}'):,.0f}"


def times(x):
    return "" if x is None else digits(float(f"{x:.2g}"))


def percent(x):
    return f"{100 * x:.0f} %"


def rows(*lines):
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


# ---- the tables ----


def speed(results):
    """For the README: a point of every workload, and how many times as long others take."""
    lines = [["a point of", "fastrest", "the reference", "NumPy", "others"], ["---"] * 5]
    for name in results.workloads:
        others = [
            f"{label} × {times(results.ratio(name, who))}"
            for who, label in OTHERS.items()
            if results.ratio(name, who) is not None
        ]
        beside = [results.ratio(name, who) for who in ("python", "numpy")]
        lines.append(
            [
                results.title(name),
                duration(results.ns(name, "fastrest") / 1e9),
                *("" if x is None else f"× {times(x)}" for x in beside),
                ", ".join(others),
            ]
        )
    return (
        f"{rows(*lines)}\n\nMedians; ×: how many times as long. The reference is plain Python that "
        f"checks its inputs, one point at a time. {results.where()}."
    )


def roofline(results):
    """For bench/README.md: what limits every workload, and how near to that it is."""
    n = results.threads
    gigabytes = {
        who: results.notes["yardstick", who, n]["gigabytes_per_second"] for who in ("fill", "copy")
    }
    rate = results.notes["yardstick", "arithmetic", n]["instructions_per_ns"]
    isa = results.machine["fastrest"]["isa"]
    head = ["a point of", "bytes", "instructions", "memory's limit", "processor's limit"]
    lines = [[*head, "measured", "share reached", "bound by"], ["---"] * 8]
    for name in results.workloads:
        note = results.note(name, "fastrest")
        moved = sum(note["moved"])
        memory = moved / gigabytes[note["yardstick"]] if moved else 0.0
        instructions = sum(k * results.counts[isa][one] for one, k in KERNELS.get(name, {}).items())
        limits = {"memory": memory, "instructions": instructions / rate}
        binding = max(limits, key=limits.get)
        measured = note["ns_per_point"]
        lines.append(
            [
                results.title(name),
                " + ".join(f"{b:g}" for b in note["moved"]) if moved else "in the caches",
                digits(instructions) if instructions else "not counted",
                *(duration(x / 1e9) if x else "" for x in limits.values()),
                duration(measured / 1e9),
                percent(limits[binding] / measured) if limits[binding] else "",
                binding if limits[binding] else "",
            ]
        )
    return (
        f"{rows(*lines)}\n\n{n} threads; memory filled at {gigabytes['fill']:.1f} GB/s, copied at "
        f"{gigabytes['copy']:.1f} GB/s (read and written); {rate:.1f} instructions a ns. "
        f"{results.where()}."
    )


#: What stands where, between <!-- NAME: ... --> and <!-- /NAME -->.
TABLES = {"speed": (HERE.parent / "README.md", speed), "roofline": (HERE / "README.md", roofline)}


def replaced(text, name, table):
    """A page with another table between its marks."""
    start, end = f"<!-- {name}: made by bench/table.py -->\n", f"<!-- /{name} -->"
    if text.count(start) != 1 or text.count(end) != 1:
        raise SystemExit(f"the page needs one {start.strip()} and one {end}")
    before, _, rest = text.partition(start)
    return f"{before}{start}\n{table}\n\n{end}{rest.partition(end)[2]}"


def kept(archive):
    """What is worth keeping of an archive: not its rounds, nor all that the processor can do."""
    for one in archive["benchmarks"]:
        one["stats"] = {k: v for k, v in one["stats"].items() if k != "data"}
    machine = {k: archive["machine_info"][k] for k in ("machine", "system", "fastrest")}
    cpu = {"brand_raw": archive["machine_info"]["cpu"]["brand_raw"]}
    return {**archive, "machine_info": {**machine, "cpu": cpu}}


def counts_of(path):
    """Instructions per point: of the first compiler that has been counted."""
    return next(iter(json.loads(path.read_text(encoding="utf-8")).values()))


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    parser.add_argument("new", nargs="?", type=Path, metavar="JSON", help="what was measured")
    options = parser.parse_args(arguments)
    if options.new and options.check:
        parser.error("--check is of what is kept: give no file")
    source = options.new or RESULTS
    try:
        archive = kept(json.loads(source.read_text(encoding="utf-8")))
        if archive["commit_info"]["dirty"]:
            raise ValueError("the sources had uncommitted changes")
        results = Results(archive, counts_of(COUNTS))
        old = {page: page.read_text(encoding="utf-8") for page, _ in TABLES.values()}
        new = {
            page: replaced(old[page], name, make(results)) for name, (page, make) in TABLES.items()
        }
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        parser.error(f"{source} cannot be made into tables: {type(error).__name__}: {error}")
    stale = [page.relative_to(HERE.parent).as_posix() for page in old if old[page] != new[page]]
    if not options.check:  # all of it could be made: only now is anything written
        if options.new:
            RESULTS.write_text(json.dumps(archive, indent=1) + "\n", encoding="utf-8")
        for page, text in new.items():
            page.write_text(text, encoding="utf-8")
        return 0
    if stale:
        print(f"not the figures of {RESULTS.name}: {' and '.join(stale)}")
        print("to mend: python bench/table.py")
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
