"""What `import fastrest` loads, and the package without its optional dependencies."""

import json
import types

import numpy as np
import pytest

import fastrest as fr
from helpers.processes import python


def test_info_holds_a_bug_reports_facts():
    info = fr.info()

    assert {"version", "isa", "compiled", "threads"} <= set(info)
    assert info["version"] == fr.__version__
    assert info["isa"] in info["supported"]
    assert set(info["supported"]) <= set(info["compiled"])
    assert info["compiled"][-1] == "base"
    assert info["threads"] >= 1
    assert json.loads(json.dumps(info))["numpy"] == np.__version__


@pytest.mark.process
def test_import_fastrest_imports_no_extra():
    code = """
        import sys
        import numpy
        before = set(sys.modules)
        import fastrest
        fastrest.cells["mammalian neuron"].potential()
        print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
    """

    imported = set(python(code).stdout.split())

    extras = {"matplotlib", "xarray", "pandas", "tqdm", "dask", "scipy", "polars", "pyarrow"}
    assert "fastrest" in imported
    assert not imported & extras
    assert not imported & {"multiprocessing", "asyncio", "email", "http", "unittest", "argparse"}


@pytest.mark.process
def test_the_package_works_without_any_extra():
    code = """
        import sys
        for name in ("matplotlib", "xarray", "pandas", "tqdm", "dask", "scipy"):
            sys.modules[name] = None
        import numpy as np
        import fastrest as fr
        sweep = fr.grid(fr.cells["mammalian neuron"], K_out=np.linspace(1, 50, 200_000))
        print(sweep.values().shape, sweep.status().max())
        for verb, extra in [("to_xarray", "xarray"), ("to_dataframe", "pandas")]:
            try:
                getattr(sweep, verb)()
            except ImportError as error:
                print(extra in str(error))
    """

    assert python(code).stdout == "(200000,) 0\nTrue\nTrue\n"


#: Modules imported only where they are used: each takes milliseconds, or is an extra.
LATE = ["argparse", "base64", "concurrent.futures", "csv", "difflib", "hashlib", "json", "logging"]
LATE += ["numpy.random", "pyarrow", "scipy", "shutil", "tempfile", "textwrap", "tomllib", "zarr"]
LATE += ["zipfile"]
#: Rooms and modules of ours that answer questions, read or write files, or draw.
LATE_ROOMS = ["benchmark", "cli", "io", "plotting", "populations", "reductions", "sensitivity"]
LATE_ROOMS += ["nouns.loading", "nouns.merging", "nouns.population_plots", "nouns.populations"]
LATE_ROOMS += ["nouns.salib_spaces", "nouns.sweep_plots", "points.describe"]
LATE_ROOMS += ["runtime.checkpoint", "runtime.executors", "runtime.storage"]


@pytest.mark.process
def test_import_fastrest_stays_light():
    code = (
        "import sys, numpy; before = set(sys.modules); import fastrest; "
        "print(*set(sys.modules).difference(before))"
    )
    loaded = set(python(code).stdout.split())
    assert not loaded & {*LATE}
    rooms = [f"fastrest.{name}" for name in LATE_ROOMS]
    assert not [name for name in loaded if any(f"{name}.".startswith(f"{r}.") for r in rooms)]


# ---- the face ----


def test_dir_is_the_public_names():
    assert dir(fr) == sorted(fr.__all__)
    assert len(set(fr.__all__)) == len(fr.__all__)
    assert all(hasattr(fr, name) for name in fr.__all__)


def public_things():
    for name in fr.__all__:
        thing = getattr(fr, name)
        if isinstance(thing, type | types.FunctionType):
            yield name, thing


def test_public_names_live_in_the_package():
    for name, thing in public_things():
        assert thing.__name__ == name
        assert thing.__module__ == "fastrest", name


def test_names_that_are_found_late_live_in_the_package():
    # however they were imported: pickles of a program that never used fr.NAME name it too
    late = {name: module for module, names in fr._LATE.items() for name in names}
    code = f"""
        import importlib
        for name, module in {late}.items():
            print(name, getattr(importlib.import_module(module), name).__module__)
    """
    found = dict(line.split() for line in python(code).stdout.splitlines())
    functions = {"load", "merge", "space_from_salib"}  # which no pickle contains
    assert set(found) == set(late)
    assert {name for name, home in found.items() if home != "fastrest"} <= functions


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("sweep", ": use fr.grid or fr.table"),
        ("population", ": use space.population"),
        ("sobol", ""),
    ],
)
def test_unknown_name_is_an_attribute_error_with_a_hint(name, hint):
    with pytest.raises(AttributeError) as caught:
        getattr(fr, name)
    assert str(caught.value) == f"module 'fastrest' has no attribute '{name}'{hint}"
