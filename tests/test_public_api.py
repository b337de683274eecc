"""The public face: names, signatures, texts, tables and bits are those that users have.

    python tests/test_public_api.py --write

writes data/public_api.json, which all of it is compared with. Do so only when a change of the face
is meant, read the difference, and say so in the change log.

Nothing here knows where in the package a thing lives: all is reached from ``import fastrest`` and
from the command line. So the package may be rearranged under this test, which then says whether
users can tell.
"""

import functools
import inspect
import json
import re
import subprocess
import sys
import types
from collections.abc import Mapping
from pathlib import Path

import pytest

import fastrest as fr
from helpers.nouns import NEURON, NOUNS, RIG, noun
from helpers.public_values import VALUES

KEPT = Path(__file__).with_name("data") / "public_api.json"

# ---- names and signatures ----

#: What a class may let its instances do, by the method that does it.
SPECIAL = ("__call__", "__contains__", "__eq__", "__getitem__", "__hash__", "__iter__", "__len__")


def public(names):
    return sorted(name for name in names if not name.startswith("_"))


def names():
    """Public names of the package. Modules that are not promised may come and go."""
    seen = [n for n in public(dir(fr)) if not isinstance(getattr(fr, n), types.ModuleType)]
    found = dict.fromkeys(seen, "visible")
    return found | {name: f"promised: {kind_of(getattr(fr, name))}" for name in fr.__all__}


def kind_of(thing):
    if inspect.isclass(thing):
        return "class"
    if inspect.isfunction(thing):
        return "function"
    if inspect.ismodule(thing):
        return "module"
    return f"a {type(thing).__name__}"


def signature_of(thing):
    """Names, kinds and defaults of parameters, without annotations: these may move."""
    if isinstance(thing, type) and issubclass(thing, Warning):
        return None  # Python's own, which has none
    found = inspect.signature(thing)
    bare = [p.replace(annotation=p.empty) for p in found.parameters.values()]
    return str(found.replace(parameters=bare, return_annotation=found.empty))


def of_the_package(cls):
    """Whether a class is the package's own: others' members differ between versions of Python."""
    return cls.__module__.partition(".")[0] == "fastrest"


def classes():
    """All public classes by name, and those of all the nouns."""
    given = [getattr(fr, name) for name in fr.__all__]
    found = {one for one in given if inspect.isclass(one)}
    found |= {type(noun(name)) for name in NOUNS}
    by_name = {one.__name__: one for one in found}
    assert len(by_name) == len(found), "two public classes have one name"
    return by_name


def described(static):
    """A member of a class, as it stands in the class."""
    if isinstance(static, property | functools.cached_property):
        return "property"
    if isinstance(static, classmethod | staticmethod):
        return f"{type(static).__name__} {signature_of(static.__func__)}"
    if inspect.isfunction(static):
        return signature_of(static)
    return "attribute"


def members_of(cls):
    """Public members of a class that it has from the package, and what its instances can do."""
    found = {}
    for base in reversed([one for one in cls.__mro__ if of_the_package(one)]):
        for name, static in vars(base).items():
            if not name.startswith("_"):
                found[name] = described(static)
            elif name == "__call__":
                found[name] = signature_of(static)
    given = set().union(*(vars(base) for base in cls.__mro__ if base is not object))
    own = [name for name in SPECIAL if name in given]
    if "__hash__" in own:
        own[own.index("__hash__")] = "__hash__" if cls.__hash__ else "unhashable"
    found["(special)"] = ", ".join(own)
    found["(is a)"] = ", ".join(
        kind.__name__ for kind in (Mapping, fr.Sweep, fr.Model, int, tuple) if issubclass(cls, kind)
    )
    return {f"{cls.__name__}.{name}": text for name, text in found.items() if text}


def signatures():
    found = {}
    for name in fr.__all__:
        thing = getattr(fr, name)
        if inspect.isfunction(thing):
            found[name] = signature_of(thing)
    for name, cls in classes().items():
        if issubclass(cls, fr.Status):
            found[name] = ", ".join(f"{one.name} = {one.value}" for one in cls)
        else:
            found[name] = signature_of(cls)
        found.update(members_of(cls))
    for name in NOUNS:  # what instances have beside it
        one = noun(name)
        for attribute in public(getattr(one, "__dict__", ())):
            found.setdefault(f"{type(one).__name__}.{attribute}", "attribute")
    for name in public(fr.ufuncs.__all__):
        one = getattr(fr.ufuncs, name)
        found[f"ufuncs.{name}"] = f"{type(one).__name__} of {one.nin}, giving {one.nout}"
    return found


# ---- tables for other libraries ----


def dataset(found):
    """Names, dimensions and attributes of a Dataset; of numbers also their types."""
    return {
        "attrs": found.attrs,
        "sizes": dict(found.sizes),
        "data": list(found.data_vars),
        "coords": {
            name: [list(one.dims), one.attrs, one.dtype.str[1:] if one.dtype.kind in "fiu" else ""]
            for name, one in found.variables.items()
        },
    }


def frame(found):
    """Names of columns and of the index, and attributes; of numbers also their types."""
    return {
        "columns": {
            str(name): kind.str[1:] if getattr(kind, "kind", "") in ("f", "i", "u") else ""
            for name, kind in found.dtypes.items()
        },
        "names": [str(found.columns.name), str(found.index.name)],
        "index": [str(one) for one in found.index[:4]],
        "rows": len(found),
        "attrs": found.attrs,
    }


FRAMES = {
    "grid": lambda: RIG.grid,
    "grid with labels": lambda: RIG.labelled,
    "table": lambda: RIG.table,
    "sample": lambda: RIG.related.sample(8, rng=1),
    "population": lambda: RIG.population,
    "members": lambda: RIG.members,
    "transition": lambda: RIG.transition,
    "indices, exact": lambda: RIG.exact,
    "indices, sampled": lambda: RIG.sampled,
    "indices, dgsm": lambda: RIG.dgsm,
}
DATASETS = ("grid", "grid with labels", "table", "sample", "members")


def tables():
    found = {f"to_dataframe: {name}": frame(FRAMES[name]().to_dataframe()) for name in FRAMES}
    found |= {f"to_xarray: {name}": dataset(FRAMES[name]().to_xarray()) for name in DATASETS}
    return found


# ---- the command line ----

#: Their help is read; commands that are added show up beside them.
COMMANDS = ("sweep", "population", "merge", "gradient", "sobol", "cells", "info", "bench")
PRINTED = {
    "cells": ["cells"],
    "gradient": ["gradient", NEURON],
    "sweep": ["sweep", NEURON, "--grid", "K_out=1:50:5", "--grid", "P_Na=0.01,0.1", "--summary"],
    "sobol": ["sobol", NEURON, "--vary", "K_out=uniform:3,6", "--vary", "P_Na=times:uniform:0.5,2"],
    "population": ["population", "--example"],
}

#: Runs several commands in one process: each gives its exit status, and what it printed.
SCRIPT = """
import contextlib, io, json, os, sys
from importlib.metadata import entry_points
os.environ["COLUMNS"], os.environ["NO_COLOR"] = "100", "1"
(entry,) = entry_points(group="console_scripts", name="fastrest")
main = entry.load()
found = []
for arguments in json.loads(sys.argv[1]):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            sys.argv = ["fastrest", *arguments]
            code = main()
        except SystemExit as stop:
            code = stop.code
    found.append([int(code or 0), out.getvalue()])
print(json.dumps(found))
"""


def commands():
    """The options that each command has, and what some of them print but for times."""
    asked = [["--help"], *([name, "--help"] for name in COMMANDS), *PRINTED.values()]
    ran = subprocess.run(
        [sys.executable, "-P", "-c", SCRIPT, json.dumps(asked)],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    results = json.loads(ran.stdout)
    assert all(code == 0 for code, _ in results), results
    (_, top), *rest = results
    helps, printed = rest[: len(COMMANDS)], rest[len(COMMANDS) :]
    found = {"commands": sorted(re.findall(r"^    ([a-z]+)\b", top, re.MULTILINE))}
    for name, (_, text) in zip(COMMANDS, helps):
        text, _, _ = text.partition("\nexamples:\n")  # in which other commands may stand
        found[f"{name}: options"] = sorted(set(re.findall(r"--[a-z][a-z-]*", text)))
    for name, (_, text) in zip(PRINTED, printed):
        found[f"{name}: prints"] = [x for x in text.splitlines() if not x.startswith("time ")]
    return found


# ---- the record ----


def record():
    """All of it, as JSON holds it."""
    found = {
        "names": names(),
        "signatures": signatures(),
        "repr": {name: repr(noun(name)).split("\n") for name in NOUNS},
        "values": {name: make() for name, make in VALUES.items()},
        "commands": commands(),
        "tables": tables(),
    }
    return json.loads(json.dumps(found))


def text_of(found):
    """JSON with a line for each entry, so that differences can be read."""
    parts = []
    for part, entries in sorted(found.items()):
        lines = [
            f"  {json.dumps(name, ensure_ascii=False)}: {json.dumps(entry, ensure_ascii=False)}"
            for name, entry in sorted(entries.items())
        ]
        parts.append(f" {json.dumps(part)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def differences(kept, found, where=""):
    """Entries that were added, removed or changed, a line each."""
    lines = []
    for name in sorted(kept.keys() | found.keys()):
        here = f"{where}{name}"
        if name not in kept:
            lines.append(f"added    {here}: {found[name]}")
        elif name not in found:
            lines.append(f"removed  {here}: {kept[name]}")
        elif kept[name] != found[name]:
            if isinstance(kept[name], dict) and isinstance(found[name], dict):
                lines += differences(kept[name], found[name], f"{here}: ")
            else:
                lines.append(f"changed  {here}\n    was  {kept[name]}\n    is   {found[name]}")
    return lines


@pytest.fixture(scope="module")
def kept():
    return json.loads(KEPT.read_text(encoding="utf-8"))


def check(kept, found):
    found = json.loads(json.dumps(found))
    lines = differences(kept, found)
    if lines:
        pytest.fail(
            "the public face has changed. If this is meant: python tests/test_public_api.py "
            "--write\n" + "\n".join(lines),
            pytrace=False,
        )


def test_public_names_are_those_that_users_have(kept):
    assert len(set(fr.__all__)) == len(fr.__all__)
    check(kept["names"], names())


def test_signatures_are_those_that_users_call(kept):
    check(kept["signatures"], signatures())


@pytest.mark.parametrize("name", NOUNS)
def test_nouns_show_themselves_as_ever(kept, name):
    check({name: kept["repr"].get(name)}, {name: repr(noun(name)).split("\n")})


def test_no_noun_is_kept_that_is_not_made(kept):
    assert sorted(kept["repr"]) == sorted(NOUNS)
    assert sorted(kept["values"]) == sorted(VALUES)


@pytest.mark.parametrize("name", VALUES)
def test_values_have_the_same_bits(kept, name):
    check({name: kept["values"].get(name)}, {name: VALUES[name]()})


def test_tables_for_other_libraries_have_the_same_names_and_units(kept):
    pytest.importorskip("pandas")
    pytest.importorskip("xarray")
    check(kept["tables"], tables())


def test_the_command_line_has_the_same_options_and_prints_the_same(kept):
    check(kept["commands"], commands())


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python tests/test_public_api.py --write")
    made = record()
    before = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    KEPT.write_text(text_of(made), encoding="utf-8")
    assert json.loads(KEPT.read_text(encoding="utf-8")) == made
    print("\n".join(differences(before, made)) if before else "written for the first time")
    print(f"{sum(map(len, made.values()))} entries")
