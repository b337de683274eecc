"""Has a change made fastrest slower? Two versions, measured in turn in one job.

    python bench/compare.py --base main --head HEAD
    python bench/compare.py --base old.whl --head new.whl --only table,summary

Each version is built into an environment of its own. First two processes of the base are compared
with each other (A/A): what differs between them is noise, and shows the smallest effect that can be
seen. Then base and head are compared (A/B). Each workload is run in the order A B B A, so that a
machine that gets slower meanwhile slows both; processes are started anew several times, because
their places in memory make some faster than others. Where it is still open whether the head is
slower, further rounds follow.

A workload is slower if its whole 99 % interval lies beyond 1 + tolerance, and passes if it lies
below that. Exit code: 0 nothing is slower, 1 something is, 2 the head has other results or cannot
be built, 3 it cannot be told.
"""

import argparse
import contextlib
import importlib.util
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORKER = Path(__file__).with_name("worker.py")


def _by_path(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


#: The package's own statistics, whether or not it is installed here; they need NumPy alone.
timing = _by_path("fastrest_timing", ROOT / "fastrest" / "timing.py")

#: Times that processes are started anew: base against base; base against head; and at most, while
#: a verdict is open.
GENERATIONS = (4, 4, 16)
#: Seconds for one workload in one generation, and turns A B B A.
SECONDS, TURNS = 0.5, (3, 12)
#: A change up to this is no change.
TOLERANCE = 0.03


class ComparisonError(Exception):
    """What ends a comparison before there is a verdict."""


# ---- versions ----


@dataclass(frozen=True)
class Version:
    """A version of the package, installed: its name, its Python, and its list of workloads."""

    name: str
    python: Path
    workloads: Path


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        raise ComparisonError(
            f"{' '.join(map(str, command))}\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
        )
    return done.stdout.strip()


def build(what, folder):
    """Install a wheel, a folder, or what a git reference names, into an environment of its own."""
    folder.mkdir()
    if what.endswith(".whl") or Path(what).is_dir():
        name, source = Path(what).name, Path(what).resolve()
    else:
        commit = run("git", "-C", ROOT, "rev-parse", "--verify", f"{what}^{{commit}}")
        name, source = f"{what} ({commit[:10]})", folder / "source"
        source.mkdir()
        run("git", "-C", ROOT, "archive", "-o", folder / "source.tar", commit)
        run("tar", "-xf", folder / "source.tar", "-C", source)
    environment = folder / "environment"
    run(sys.executable, "-m", "venv", environment)
    scripts = environment / ("Scripts" if sys.platform == "win32" else "bin")
    python = scripts / "python"
    numpy = f"numpy=={timing.np.__version__}"  # of both, that NumPy makes no difference
    run(python, "-m", "pip", "install", "--disable-pip-version-check", source, numpy)
    where = run(python, "-P", "-c", "import fastrest; print(fastrest.__file__)", cwd=folder)
    return Version(name, python, Path(where).with_name("workloads.py"))


# ---- processes ----


class Process:
    """A worker that has made its workloads ready."""

    def __init__(self, version, workloads, names, threads):
        command = [version.python, "-P", WORKER, workloads, str(threads), *names]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=tempfile.gettempdir(),
        )
        self.names = names

    def ready(self):
        """Names of workloads that can be run, and of others why not."""
        able, unable = [], {}
        for name in self.names:
            how, _, rest = self.line().partition(" ")
            if how == "ready":
                able.append(name)
            else:
                unable[name] = f"{how}: {rest.partition(' ')[2]}"
        return able, unable

    def time(self, name):
        self.process.stdin.write(f"{name}\n")
        self.process.stdin.flush()
        return float(self.line())

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            raise ComparisonError(f"a process that measures has ended with {self.process.wait()}")
        return line.strip()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Pairs(dict):
    """Seconds of b and a, run in turn: by workload, an array of pairs for each generation."""

    def ratio(self, name):
        return timing.ratio(self[name])

    def best(self, name):
        """Best seconds of a, and of b."""
        b, a = timing.np.concatenate(self[name]).T
        return timing.best(a), timing.best(b)


def generation(a, b, workloads, names, threads, pairs):
    """Start two processes, measure everything in turn, and add it to the pairs.

    Returns why a cannot run workloads, by name.
    """
    with contextlib.ExitStack() as stack:
        sides = [stack.enter_context(Process(one, workloads, names, threads)) for one in (a, b)]
        (able, unable), _ = (side.ready() for side in sides)
        for name in able:
            took = sum(side.time(name) for side in sides)
            turns = min(max(round(SECONDS / (2 * took)), TURNS[0]), TURNS[1])
            rows = []
            for turn in range(turns):
                for order in ((0, 1), (1, 0)) if turn % 2 == 0 else ((1, 0), (0, 1)):
                    seconds = {side: sides[side].time(name) for side in order}
                    rows.append((seconds[1], seconds[0]))
            pairs.setdefault(name, []).append(timing.np.array(rows))
    return unable


# ---- the comparison ----


@dataclass
class Comparison:
    """What came out: noise A/A, pairs A/B, and workloads that could not be compared."""

    base: Version
    head: Version
    tolerance: float
    threads: int
    noise: Pairs
    pairs: Pairs
    unable: dict

    def verdict(self, name):
        return self.pairs.ratio(name).verdict(self.tolerance)

    @property
    def verdicts(self):
        return {name: self.verdict(name) for name in self.pairs}

    @property
    def exit_code(self):
        found = set(self.verdicts.values())
        if "slower" in found:
            return 1
        return 3 if "inconclusive" in found or self.unable or not found else 0


def compare(
    base,
    head,
    names,
    *,
    threads=1,
    tolerance=TOLERANCE,
    generations=GENERATIONS,
    say=lambda text: None,
):
    """Compare two versions; ComparisonError if the head has other results than its list says."""
    workloads = head.workloads
    with Process(head, workloads, names, threads) as process:
        _, broken = process.ready()
    if broken:
        raise ComparisonError("\n".join(f"{name} {why}" for name, why in broken.items()))
    noise, pairs, unable = Pairs(), Pairs(), {}
    alone, first, most = generations
    for k in range(alone):
        say(f"A/A {k + 1} of {alone}")
        generation(base, base, workloads, names, threads, noise)
    for k in range(first):
        say(f"A/B {k + 1} of {first}")
        unable = generation(base, head, workloads, names, threads, pairs)
    for k in range(first, most):
        undecided = [
            name for name in pairs if pairs.ratio(name).verdict(tolerance) == "inconclusive"
        ]
        if not undecided:
            break
        say(f"A/B {k + 1}, undecided: {', '.join(undecided)}")
        generation(base, head, workloads, undecided, threads, pairs)
    return Comparison(base, head, tolerance, threads, noise, pairs, unable)


def markdown(found):
    """The comparison as a table."""
    yield f"### {found.head.name} against {found.base.name}: {summary(found)}"
    yield ""
    yield "| workload | base | head | times as long, 99 % interval | smallest effect | |"
    yield "|---|---|---|---|---|---|"
    for name, verdict in found.verdicts.items():
        base, head = (f"{1e3 * seconds:.3g} ms" for seconds in found.pairs.best(name))
        seen = "" if name not in found.noise else smallest(found, name)
        mark = f"**{verdict}**" if verdict in ("slower", "inconclusive") else verdict
        yield f"| {name} | {base} | {head} | {found.pairs.ratio(name)} | {seen} | {mark} |"
    for name, why in found.unable.items():
        yield f"| {name} | | | | | **not comparable**: the base is {why} |"
    yield ""
    yield (
        f"Best times; {found.threads} thread{'s' * (found.threads > 1)}; slower: the whole "
        f"interval beyond {1 + found.tolerance:g}. Smallest effect: half the interval of base "
        "against base, and the tolerance."
    )


def smallest(found, name):
    return f"{100 * (found.noise.ratio(name).resolution + found.tolerance):.1f} %"


def summary(found):
    names = {verdict: [] for verdict in ("slower", "inconclusive", "faster")}
    for name, verdict in found.verdicts.items():
        if verdict in names:
            names[verdict].append(name)
    words = [f"{verdict}: {', '.join(some)}" for verdict, some in names.items() if some]
    return "; ".join(words) or "pass"


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", required=True, metavar="REF", help="git reference, or a wheel")
    parser.add_argument("--head", default="HEAD", metavar="REF", help="the same (default HEAD)")
    parser.add_argument("--only", metavar="NAMES", help="workloads, with commas between")
    parser.add_argument("--threads", type=int, default=1, help="(default 1: less noise)")
    parser.add_argument("--tolerance", type=float, default=TOLERANCE, help=f"(default {TOLERANCE})")
    parser.add_argument("--out", metavar="FILE", help="write the table there too (Markdown)")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            versions = []
            for what, side in ((options.base, "base"), (options.head, "head")):
                tell(f"building {what}")
                versions.append(build(what, Path(folder, side)))
            names = chosen(versions[1].workloads, options.only)
            found = compare(
                *versions,
                names,
                threads=options.threads,
                tolerance=options.tolerance,
                say=tell,
            )
    except ComparisonError as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("compare: interrupted", file=sys.stderr)
        return 130
    text = "\n".join(markdown(found)) + "\n"
    print(text, end="")
    if options.out:
        Path(options.out).write_text(text, encoding="utf-8")
    return found.exit_code


def chosen(workloads, only):
    """Names of the list's workloads, or of some of them."""
    if not workloads.exists():
        raise ComparisonError("the head has no list of workloads (fastrest/workloads.py)")
    source = workloads.read_text(encoding="utf-8")
    known = [line.split('"')[1] for line in source.splitlines() if line.startswith("    name = ")]
    names = known if only is None else only.split(",")
    for name in names:
        if name not in known:
            raise ComparisonError(
                f"--only: unknown workload {name!r}: known are {', '.join(known)}"
            )
    return names


def tell(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
