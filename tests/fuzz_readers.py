"""Change files that fastrest reads, at random: each is refused with a ValueError, or read right.

``python tests/fuzz_readers.py [N] [READER ...]`` makes N changes for every reader, 300 by default,
and prints any other exception, a reader that takes long, and more than 100 MB of memory. A change
is of bytes, or of one field of a sealed text, which is then sealed again. An answer that a changed
file gives is compared with that of the whole file where the seal holds.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

import fastrest as fr
from fastrest.cli import csv_table
from fastrest.cli.plan import EXAMPLE, read_plan
from fastrest.runtime import storage

CELL = fr.cells["mammalian neuron"]
GRID = fr.grid(CELL, K_out=[3.0, 5.0, 8.0], P_Na=[0.02, 0.04])
TABLE = fr.table(
    CELL, {"K_out": [3.0, 5.0, -1.0], "id": ["a", "b", "c"], "n": [1, 2, 3]}, keep=["id", "n"]
)
SPACE = fr.space(CELL, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
TOML = """name = "my neuron"
threshold = -55.0
celsius = 36.0
K = { P = 1.0, out = 3.0, in = 140.0 }
Na = { P = 0.04, out = 145.0, in = 15.0 }
SO4 = { z = -2, P = 0.01, out = 1.0, in = 0.5 }
"""
CSV = 'K_out,P_Na,id\n3,0.04,a\n5,nan,b\n8,0.02,"c"\n'
#: Seconds and bytes that a reader may take.
SECONDS, BYTES = 20, 100 << 20


def tally(path):
    asked = fr.Summary(), fr.Histogram(5), fr.Fraction(below=-60)
    GRID.part(0, 1).tally(*asked).save(path)


def table_tally(path):
    TABLE.part(0, 1).tally(fr.Summary(), fr.Classes()).save(path)


def checkpoint(path):
    GRID.reduce(fr.Quantile([0.1, 0.5]), checkpoint=path)


def population(path):
    conditions = {"control": {}, "high K": {"K_out": 6.5}}
    accept = [fr.between(-75, -65), fr.change("control", "high K", 1, 9)]
    SPACE.population(500, rng=1, conditions=conditions, accept=accept).save_counts(path)


def record(path):
    """Write the record of an unfinished save, whose part is there."""
    output = path.with_name("v.npy.part.json")

    def stop(done, total):
        raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        GRID.save(path.with_name("v.npy"), progress=stop, threads=1)
    assert output.exists(), os.listdir(path.parent)


def merged(path):
    return [repr(one) for one in fr.merge([path])]


def columns(path):
    found = csv_table.read(str(path), CELL.model, {}, ["id"])
    return {name: column.tolist() for name, column in found.columns.items()}


#: Readers: the name of a file, how it is written, how it is read, and the file to change in it.
READERS = {
    "npy": ("v.npy", GRID.save, fr.load, "v.npy"),
    "npy sidecar": ("v.npy", GRID.save, fr.load, "v.npy.json"),
    "npy columns": ("v.npy", TABLE.save, fr.load, "v.npy.columns.npz"),
    "npy table sidecar": ("v.npy", TABLE.save, fr.load, "v.npy.json"),
    "record": ("v", record, lambda path: GRID.save(path.with_name("v.npy")), "v.npy.part.json"),
    "tally": ("t", tally, merged, "t"),
    "table tally": ("t", table_tally, merged, "t"),
    "checkpoint": ("t", checkpoint, lambda path: repr(fr.Tally.load(path)), "t"),
    "population": ("t", population, fr.Population.load, "t"),
    "parquet": ("v.parquet", TABLE.save, fr.load, "v.parquet/part-00000.parquet"),
    "parquet card": ("v.parquet", TABLE.save, fr.load, "v.parquet/_fastrest.json"),
    "zarr": ("v.zarr", TABLE.save, fr.load, "v.zarr/zarr.json"),
    "zarr array": ("v.zarr", TABLE.save, fr.load, "v.zarr/K_out/zarr.json"),
    "zarr numbers": ("v.zarr", TABLE.save, fr.load, "v.zarr/K_out/c/0"),
    "zarr text": ("v.zarr", TABLE.save, fr.load, "v.zarr/id/c/0"),
    "cell": ("c.toml", lambda path: path.write_text(TOML), fr.Cell.from_toml, "c.toml"),
    "plan": ("p.toml", lambda path: shutil.copy(EXAMPLE, path), read_plan, "p.toml"),
    "csv": ("t.csv", lambda path: path.write_text(CSV), columns, "t.csv"),
}
#: Text that is put into files.
WORDS = [
    *(b"0", b"-1", b"1e999", b"nan", b"null", b"true", b"[]", b"{}", b'""', b"9" * 30, b"9" * 5000),
    *(
        b"[" * 3000,
        b'{"a":' * 3000,
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b'"',
        b"'",
        b"\n",
        b",",
        b".",
    ),
    *(b"\\ud800", b"K_out", b"factored", b"a." * 2000, b"0x", b"-0.0", b"1" + b"0" * 12, b","),
]
VALUES = [
    *(None, True, False, 0, 1, -1, 2**31, 2**63, 10**30, 0.5, -0.0, 1e300, float("nan")),
    *(float("inf"), "", "a", "K_out", "NaN", [], {}, [[]], [0], {"a": 1}, "0x7", "pointwise"),
]


def change_bytes(random, data):
    """Return bytes with a few changes."""
    data = bytearray(data)
    for _ in range(random.choice([1, 1, 1, 2, 5])):
        i = random.randrange(len(data) + 1)
        j = min(len(data), i + random.choice([0, 1, 1, 2, 8, 100]))
        kind = random.randrange(6)
        if kind == 0 and i < len(data):
            data[i] ^= 1 << random.randrange(8)
        elif kind == 1:
            del data[i:j]
        elif kind == 2:
            data[i:j] = random.choice(WORDS)
        elif kind == 3:
            data[i:i] = data[i:j] * random.choice([1, 2, 50])
        elif kind == 4:
            data[i:j] = random.randbytes(j - i)
        else:
            del data[i:]
    return bytes(data)


def places(value, path=()):
    """Yield the places of all values in nested JSON."""
    yield path
    if isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(one, (*path, key))


def change_json(random, value):
    """Change a value somewhere in nested JSON."""
    chosen = random.choice(list(places(value)))
    if not chosen:
        return random.choice(VALUES)
    holder = value
    for key in chosen[:-1]:
        holder = holder[key]
    key = chosen[-1]
    kind = random.randrange(4)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder[key], int | float):
        holder[key] += random.choice([1, -1, 10**6, 0.5])
    elif kind == 2 and isinstance(holder, list):
        holder.append(holder[key])
    else:
        holder[key] = random.choice(VALUES)
    return value


def change_sealed(random, data):
    """Return a sealed text with another value somewhere, and sealed again."""
    content = json.loads(data)["content"]
    for key in ("sweep", "population"):  # texts of JSON in tallies
        if isinstance(content.get(key), str) and random.random() < 0.5:
            content[key] = json.dumps(change_json(random, json.loads(content[key])))
            if random.random() < 0.5:
                content["digest"] = storage.digest(json.loads(content[key]))
            return storage.seal(content)
    content = change_json(random, content)
    return storage.seal(content if isinstance(content, dict) else {"content": content})


def change_nested_card(random, data):
    """Return a zarr.json whose card was changed and sealed again."""
    whole = json.loads(data)
    card = whole["attributes"]["fastrest"].encode()
    whole["attributes"]["fastrest"] = change_sealed(random, card).decode()
    return json.dumps(whole).encode()


def changed(random, name, data):
    """Return the changed content of a file, and True if it was sealed again."""
    if random.random() < 0.5 and data[:1] == b"{" and name != "zarr array":
        return (change_nested_card if name == "zarr" else change_sealed)(random, data), True
    if random.random() < 0.2 and data[:1] == b"{":
        return json.dumps(change_json(random, json.loads(data))).encode(), False
    return change_bytes(random, data), False


def alarm(*_):
    raise TimeoutError(f"takes more than {SECONDS} s")


def memory():
    """Return the resident memory of this process, bytes; 0 if the system does not tell."""
    with contextlib.suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    return 0


def peak():
    """Return the largest resident memory since the last call, bytes."""
    with contextlib.suppress(OSError):
        lines = Path("/proc/self/status").read_text().splitlines()
        found = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
        Path("/proc/self/clear_refs").write_text("5")  # resets the peak to the present use
        return found
    return 0


def fuzz(name, n, seed, folder):
    """Change the file of one reader n times; return the failures as text."""
    file, write, read, target = READERS[name]
    path, failures, longest = folder / file, [], 0.0
    write(path)
    whole = {one: one.read_bytes() for one in folder.rglob("*") if one.is_file()}
    data = whole[folder / target]
    expected = None if name == "record" else read(path)
    peak()
    refused = 0
    for i in range(n):
        rng = random.Random(f"{name} {seed} {i}")
        new, sealed = changed(rng, name, data)
        for one, content in whole.items():
            one.parent.mkdir(parents=True, exist_ok=True)
            one.write_bytes(content)
        (folder / target).write_bytes(new)
        before, started = memory(), time.perf_counter()
        if hasattr(signal, "SIGALRM"):
            signal.alarm(SECONDS)
        try:
            found = read(path)
            if not (sealed or found == expected or file.endswith((".toml", ".csv"))):
                failures.append(f"{name} {i}: the answer is {found!r}")
        except (ValueError, TypeError) as error:
            refused += 1  # a plan or a cell may have a value of another type
            if folder.name not in str(error) or (isinstance(error, TypeError) and name != "plan"):
                failures.append(f"{name} {i}: {error!r}")
        except BaseException as error:
            failures.append(f"{name} {i}: {error!r}")
        finally:
            if hasattr(signal, "SIGALRM"):
                signal.alarm(0)
        longest = max(longest, time.perf_counter() - started)
        if (grown := peak() - before) > BYTES:
            failures.append(f"{name} {i}: takes {grown >> 20} MiB")
        if len(failures) > 20:
            break
    print(f"{name}: {n} changes, {refused} refused, at most {longest:.2f} s", flush=True)
    return failures


def main(arguments):
    """Run the readers that are named, and return the exit code."""
    n = int(arguments[0]) if arguments else 300
    seed = int(os.environ.get("FUZZ_SEED", "1"))
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, alarm)
    failures = []
    for name in arguments[1:] or READERS:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            failures += fuzz(name, n, seed, Path(folder))
    print("\n".join(failures[:200]))
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
