"""Kill processes that write files, at random moments: nothing is lost, torn or left over.

``python tests/kill_writers.py [N]`` sends N SIGKILLs, 30 by default, to processes that write
checkpoints, tallies, populations and outputs, two of them to one checkpoint. After each the files
are read; after some the same work is done to its end, which must find the bits of a work that was
never killed, keep what was done, and leave no other file.
"""

import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

import numpy as np

import fastrest as fr
from fastrest.io import format, npy, parquet, save, zarr
from fastrest.runtime import checkpoint, scheduler

CELL = fr.cells["mammalian neuron"]
GRID = fr.grid(CELL, P_Na=np.geomspace(0.01, 0.1, 40), K_out=np.geomspace(1, 50, 10_000))
OLD = fr.grid(CELL, K_out=np.linspace(1, 50, 1000))
ASKED = fr.Summary(), fr.Histogram(), fr.Quantile([0.1, 0.5])
SPACE = fr.space(CELL, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
#: The exit code of a process that is refused because another has its file.
REFUSED = 3


def small():
    """Make blocks small and saves frequent, so that kills meet every step."""
    checkpoint.SAVE_EVERY = format.SAVE_EVERY = 0.0
    scheduler.BLOCKS_PER_TASK = 1
    save.TASK = zarr.TASK = parquet.Parquet.unit = 1 << 16
    npy.Npy.units = 1


def plain(answers):
    s, h, q = answers
    return repr((s, h.counts.tolist(), q.tolist()))


class Work:
    """Work that writes one file, which is killed and done again."""

    name = "t"

    def prepare(self, path):
        """Write what stands in the place of the file before."""

    def do(self, path):
        """Do the work to its end, and raise unless its result is right."""
        raise NotImplementedError

    def look(self, path):
        """Return how much is done, after checking that nothing is torn."""
        return 0

    def left(self, path):
        """Return the names that the finished work leaves."""
        return [path.name]


class Checkpoint(Work):
    def do(self, path):
        found = GRID.reduce(*ASKED, method="pointwise", checkpoint=path, threads=2)
        assert plain(found) == plain(GRID.reduce(*ASKED, method="pointwise"))

    def look(self, path):
        if not path.exists():
            return 0
        tally = fr.Tally.load(path)
        done = sum(stop - start for start, stop in tally.done)
        return (len(tally.passes) - 1) * len(GRID) + done


class LinkedCheckpoint(Checkpoint):
    """A checkpoint that is a link: the link stays."""

    def prepare(self, path):
        path.symlink_to(path.with_name("target"))

    def look(self, path):
        assert path.is_symlink()
        return super().look(path)

    def left(self, path):
        return ["t", "target"]


class Population(Work):
    def count(self, **options):
        accept = [fr.between(-75, -65)]
        return SPACE.population(6 << 16, rng=1, accept=accept, **options)

    def do(self, path):
        assert self.count(checkpoint=path) == self.count()

    def look(self, path):
        return fr.Population.load(path).n if path.exists() else 0


class Tally(Work):
    """A tally that is replaced again and again."""

    def prepare(self, path):
        OLD.part(0, 1).tally(fr.Summary()).save(path)

    def do(self, path):
        for sweep in (OLD, GRID) * 20:
            sweep.part(0, 1).tally(fr.Summary()).save(path)

    def look(self, path):
        (found,) = fr.merge([path])
        assert found in (OLD.summary(), GRID.summary())
        return 0


class Save(Work):
    def __init__(self, suffix):
        self.name = f"v{suffix}"

    def prepare(self, path):
        OLD.save(path)

    def do(self, path):
        GRID.save(path, threads=2)
        assert fr.load(path) == GRID
        if path.suffix == ".npy":
            values = np.load(path)
        elif path.suffix == ".zarr":
            import zarr

            values = zarr.open_group(path, mode="r")["V"][...]
        else:
            import pyarrow.parquet

            values = pyarrow.parquet.read_table(path)["V"].to_numpy()
        assert values.tobytes() == GRID.values().tobytes()

    def look(self, path):
        try:
            found = fr.load(path)
        except FileNotFoundError:  # between two steps of a publication
            with tempfile.TemporaryDirectory() as folder:
                old = path.with_name(f"{path.name}.part.old")
                found = fr.load(shutil.copytree(old, Path(folder, path.name)))
        except ValueError as error:  # likewise
            if "has no v.npy.json beside it" not in str(error):
                raise
            assert path.with_name("v.npy.part.json").exists()
            return 0
        assert found in (OLD, GRID)
        return 0

    def left(self, path):
        return ["v.npy", "v.npy.json"] if path.suffix == ".npy" else [path.name]


def start(function, *arguments):
    """Call a function in a child, which ends with 0, or with 1 and its error, or REFUSED."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        function(*arguments)
        code = 0
    except OSError as error:
        code = REFUSED if "is in use: another process writes it" in str(error) else 1
        if code == 1:
            traceback.print_exc()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def end(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def looked(work, path):
    """Return the amount that is done, which a child finds; raise if something is torn."""
    out, into = os.pipe()
    child = start(lambda: os.write(into, str(work.look(path)).encode()))
    os.close(into)
    with os.fdopen(out) as file:
        text = file.read()
    assert end(child) == 0, f"{work.name} is torn: {os.listdir(path.parent)}"
    return int(text)


def kill(rng, work, path):
    """Let one process work, or two, kill each at a random moment; return the number of kills."""
    children = [start(work.do, path) for _ in range(rng.choice([1, 1, 2]))]
    rng.shuffle(children)
    kills, codes = 0, []
    for child in children:
        time.sleep(rng.choice([rng.uniform(0, 0.02), rng.uniform(0, 0.4)]))
        os.kill(child, signal.SIGKILL)
    for child in children:
        codes.append(end(child))
        kills += codes[-1] == -signal.SIGKILL
    wrong = set(codes) - {0, REFUSED, -signal.SIGKILL}
    assert not wrong, f"{work.name} ended with {wrong}"
    return kills


def finish(work, path):
    """Do the work to its end, with another process that may come in between; check what is left."""
    children = [start(work.do, path), start(work.do, path)]
    codes = [end(child) for child in children]
    assert 0 in codes, codes
    assert set(codes) <= {0, REFUSED}, codes
    assert end(start(work.do, path)) == 0
    found = sorted(os.listdir(path.parent))
    assert found == sorted(work.left(path)), f"left over: {found}"


def main(arguments):
    """Send the kills, and print what was seen."""
    wanted = int(arguments[0]) if arguments else 30
    seed = int(os.environ.get("KILL_SEED", "1"))
    rng = random.Random(seed)
    small()
    works = [Checkpoint(), LinkedCheckpoint(), Population(), Tally()]
    works.append(Save(".npy"))
    for suffix, package in ((".zarr", "zarr"), (".parquet", "pyarrow")):
        with contextlib.suppress(ImportError):
            __import__(package)
            works.append(Save(suffix))
    kills = finished = 0
    while kills < wanted:
        work = rng.choice(works)
        with tempfile.TemporaryDirectory(prefix="kill-") as folder:
            path, done = Path(folder) / work.name, 0
            assert end(start(work.prepare, path)) == 0
            for _ in range(rng.choice([1, 2, 3, 5])):
                kills += kill(rng, work, path)
                so_far, done = done, looked(work, path)
                assert done >= so_far, f"{work.name}: of {so_far} done, {done} are left"
            finish(work, path)
            finished += 1
    print(f"{kills} kills, {finished} works finished: nothing lost, torn or left over")


if __name__ == "__main__":
    main(sys.argv[1:])
