"""Compare the speed of two versions that take turns in one job.

    python bench/compare/compare.py --base main --head HEAD
    python bench/compare/compare.py --base old.whl --head new.whl --only table,summary

Each version is built into an environment of its own. First two processes of the base are compared
with each other (A/A): their differences are noise, and show the smallest effect that can be seen.
Then base and head are compared (A/B). Each workload is run in the order A B B A, so that a machine
that becomes slower meanwhile slows both; processes are started anew several times, because their
places in memory make some faster than others. Further rounds follow for undecided workloads. Both
versions run the workloads of the head.

A workload is slower if its whole bootstrap interval lies above 1 + tolerance, and above the
difference of the base from itself. It passes if the whole interval lies below 1 + tolerance. The
exit code is 0 if no workload is slower, 1 if one is, 2 if the head has other results or a version
cannot be built, and 3 if the comparison is inconclusive.
"""

import argparse
import ast
import contextlib
import importlib.util
import math
import os
import signal
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
WORKER = Path(__file__).with_name("worker.py")
#: The folder of workloads in the sources, in a wheel and where a package is installed.
WORKLOADS = PurePosixPath("fastrest", "benchmark", "workloads")


def _by_path(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


#: The package's own statistics, loaded from their file: the package need not be installed here.
timing = _by_path("fastrest_timing", ROOT / "fastrest" / "benchmark" / "timing.py")

#: Pairs of processes: base against base; base against head; and the largest number of the latter,
#: reached while verdicts are open.
GENERATIONS = (4, 4, 16)
#: Seconds for one workload in one generation, and the least and most turns A B B A.
SECONDS, TURNS = 0.5, (3, 12)
#: The largest change that passes.
TOLERANCE = 0.03


class ComparisonError(Exception):
    """A reason to end a comparison without a verdict."""


# ---- versions ----


@dataclass(frozen=True)
class Version:
    """An installed version of the package: its name, its Python, and its folder of workloads."""

    name: str
    python: Path
    workloads: Path


def run(*command, **options):
    """Return the output of a command, whose process group Ctrl-C here ends."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, start_new_session=True, **pipes, **options) as process:
        try:
            out, errors = process.communicate()
        except BaseException:
            with contextlib.suppress(OSError, AttributeError):  # no groups on Windows
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            raise
    if process.returncode:
        words = " ".join(map(str, command))
        raise ComparisonError(f"{words}\n{out[-2000:]}{errors[-4000:]}")
    return out.strip()


def unpack(what, folder):
    """Return a name for a git reference or a wheel, and the path that pip can install."""
    folder.mkdir()
    if what.endswith(".whl"):
        if not Path(what).is_file():
            raise ComparisonError(f"there is no wheel {what}")
        return what, Path(what).resolve()
    commit = run("git", "-C", ROOT, "rev-parse", "--verify", "--quiet", f"{what or '?'}^{{commit}}")
    source = folder / "source"
    source.mkdir()
    run("git", "-C", ROOT, "archive", "-o", folder / "source.tar", commit)
    run("tar", "-xf", folder / "source.tar", "-C", source)
    return f"{what} ({commit[:10]})", source


def listed(source):
    """Return the texts of the files of workloads in sources or a wheel."""
    if source.is_dir():
        return [
            path.read_text(encoding="utf-8") for path in source.joinpath(WORKLOADS).glob("*.py")
        ]
    with zipfile.ZipFile(source) as wheel:
        names = [name for name in wheel.namelist() if PurePosixPath(name).parent == WORKLOADS]
        return [wheel.read(name).decode() for name in names]


def install(name, source, folder):
    """Install a version into an environment of its own."""
    environment = folder / "environment"
    temporary = folder / "temporary"
    temporary.mkdir(parents=True)
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    options = {"env": {**clean, "TMPDIR": str(temporary)}, "cwd": folder}
    run(sys.executable, "-m", "venv", environment, **options)
    scripts = environment / ("Scripts" if sys.platform == "win32" else "bin")
    python = scripts / "python"
    numpy = f"numpy=={timing.np.__version__}"  # the same for both versions
    try:
        run(python, "-m", "pip", "install", source, numpy, **options)
    except ComparisonError as error:
        raise ComparisonError(f"{name} cannot be built: {error}") from None
    where = Path(run(python, "-I", "-c", "import fastrest; print(fastrest.__file__)", **options))
    if not where.is_relative_to(environment):
        raise ComparisonError(f"{name} was installed, but {where} is imported")
    return Version(name, python, where.parents[1].joinpath(WORKLOADS))


# ---- processes ----


class Process:
    """A worker that has made its workloads ready."""

    def __init__(self, version, workloads, names, threads):
        command = [version.python, "-I", WORKER, workloads, str(threads), *names]
        self.version = version
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=tempfile.gettempdir(),
        )
        self.names = names

    def ready(self):
        """Return the names of workloads that can be run, and the reasons of the others."""
        able, unable = [], {}
        for name in self.names:
            how, _, rest = self.line().partition(" ")
            if how == "ready":
                able.append(name)
            else:
                unable[name] = f"{how}: {rest.partition(' ')[2]}"
        return able, unable

    def time(self, name):
        with contextlib.suppress(BrokenPipeError):  # `line` raises
            self.process.stdin.write(f"{name}\n")
            self.process.stdin.flush()
        return float(self.line())

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            code = self.process.wait()
            raise ComparisonError(f"a process that measures {self.version.name} ended with {code}")
        return line.strip()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()


class Pairs(dict):
    """Seconds of b and a, which took turns: for each workload, an array for each generation."""

    def ratio(self, name):
        return timing.ratio(self[name])

    def best(self, name):
        """Return the best seconds of a, and of b."""
        b, a = timing.np.concatenate(self[name]).T
        return timing.best(a), timing.best(b)


def generation(a, b, workloads, names, threads, pairs):
    """Start two processes, measure all workloads in turn, and add the times to the pairs.

    Returns the reasons why a cannot run workloads, by name.
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
    """A finished comparison: noise A/A, pairs A/B, and workloads that could not be compared."""

    base: Version
    head: Version
    tolerance: float
    threads: int
    noise: Pairs
    pairs: Pairs
    unable: dict

    def __post_init__(self):
        self.ratios = {name: self.pairs.ratio(name) for name in self.pairs}
        self.alone = {name: self.noise.ratio(name) for name in self.noise}

    def verdict(self, name):
        found = self.ratios[name].verdict(self.tolerance)
        alone = self.alone.get(name)
        if found == "slower" and alone and self.ratios[name].low <= max(alone.high, 1 / alone.low):
            return "inconclusive"  # base against base differs as much
        return found

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
    """Compare two versions; ComparisonError if results of the head do not have their checksums."""
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
    undecided = list(pairs)
    for k in range(first, most):
        undecided = [
            name for name in undecided if pairs.ratio(name).verdict(tolerance) == "inconclusive"
        ]
        if not undecided:
            break
        say(f"A/B {k + 1}, undecided: {', '.join(undecided)}")
        generation(base, head, workloads, undecided, threads, pairs)
    return Comparison(base, head, tolerance, threads, noise, pairs, unable)


def markdown(found):
    """Yield the lines of the comparison as a table."""
    yield f"### {found.head.name} against {found.base.name}: {summary(found)}"
    yield ""
    yield "| workload | base | head | times as long (bootstrap interval) | smallest effect | |"
    yield "|---|---|---|---|---|---|"
    for name, verdict in found.verdicts.items():
        base, head = (f"{1e3 * seconds:.3g} ms" for seconds in found.pairs.best(name))
        seen = "" if name not in found.noise else smallest(found, name)
        mark = f"**{verdict}**" if verdict in ("slower", "inconclusive") else verdict
        yield f"| {name} | {base} | {head} | {found.ratios[name]} | {seen} | {mark} |"
    for name, why in found.unable.items():
        yield f"| {name} | | | | | **not comparable**: the base is {why} |"
    yield ""
    yield (
        f"Best times; {found.threads} thread{'s' * (found.threads > 1)}; slower: the whole "
        f"interval beyond {1 + found.tolerance:g}. Smallest effect: how far base against base may "
        "be from 1, and the tolerance."
    )


def smallest(found, name):
    """Return the smallest slow-down that would be seen, from base against base."""
    alone = found.alone[name]
    return f"{100 * (max(alone.high, 1 / alone.low) - 1 + found.tolerance):.1f} %"


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
    if not 0 < options.tolerance < math.inf:
        parser.error(f"--tolerance must be > 0 and finite, got {options.tolerance:g}")
    if options.threads < 1:
        parser.error(f"--threads must be >= 1, got {options.threads}")
    if options.out is not None and not Path(options.out).absolute().parent.is_dir():
        parser.error(f"--out {options.out}: there is no such folder")
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            found = compared(Path(folder).resolve(), options)
        text = "\n".join(markdown(found)) + "\n"
        if options.out:
            Path(options.out).write_text(text, encoding="utf-8")
        print(text, end="")
    except (ComparisonError, OSError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("compare: interrupted", file=sys.stderr)
        return 130
    return found.exit_code


def compared(folder, options):
    """Build and compare the versions that the options name."""
    sides = {side: getattr(options, side) for side in ("base", "head")}
    sources = {side: unpack(what, folder / side) for side, what in sides.items()}
    names = chosen(listed(sources["head"][1]), options.only)
    if sources["base"][0].rpartition("(")[2] == sources["head"][0].rpartition("(")[2]:
        tell("note: base and head are the same; uncommitted changes are not measured")
    versions = []
    for side, (name, source) in sources.items():
        tell(f"building {name}")
        versions.append(install(name, source, folder / side))
    limits = {"threads": options.threads, "tolerance": options.tolerance}
    return compare(*versions, names, **limits, say=tell)


def chosen(texts, only):
    """Return the names of all workloads in these files, or those given by --only."""
    known = sorted(
        statement.value.value
        for text in texts
        for one in ast.parse(text).body
        if isinstance(one, ast.ClassDef)
        for statement in one.body
        if isinstance(statement, ast.Assign) and statement.targets[0].id == "name"
    )
    if not known:
        raise ComparisonError(f"the head has no workloads in {WORKLOADS}")
    names = known if only is None else list(dict.fromkeys(map(str.strip, only.split(","))))
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
