"""Every example in the docstrings, in the README and on the pages of docs/ runs and prints what it
says; every command of these pages runs.

A page follows one convention: blocks marked ``python`` hold examples, blocks marked ``sh`` hold
commands, and both are run in their order, in an empty folder. Other blocks are only shown.
"""

import ast
import doctest
import importlib.util
import inspect
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fastrest

PACKAGE = Path(fastrest.__file__).parent
MODULES = [
    name
    for _, name, is_room in pkgutil.walk_packages(fastrest.__path__, "fastrest.")
    if not is_room and not name.endswith("__main__")
]
ROOT = Path(__file__).parent.parent
DOCS = sorted((ROOT / "docs").glob("*.md"))
EXAMPLE = re.compile(r"^>>> ", re.MULTILINE)


def made(name):
    """A module of docs/made/, which is no package that is installed."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / "made" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def examples(page):
    return EXAMPLE.findall(page.read_text(encoding="utf-8"))


def commands(page):
    return made("blocks").blocks(page.read_text(encoding="utf-8"), "sh")


def pages_with(what, *pages):
    """Pages that have examples or commands, as parameters of a test."""
    found = [page for page in pages if what(page)]
    return pytest.mark.parametrize("page", found, ids=lambda page: page.name)


def defined(module):
    """Return the functions and classes that a module defines, by name.

    Public classes say that they are of `fastrest`, so doctest.testmod would pass over them.
    """
    path = Path(module.__file__)
    if path.suffix != ".py":
        return {}
    kinds = ast.FunctionDef | ast.ClassDef
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name: getattr(module, node.name) for node in tree.body if isinstance(node, kinds)}


@pytest.mark.parametrize("name", ["fastrest", *MODULES])
def test_docstring_examples_hold(name):
    module, finder = importlib.import_module(name), doctest.DocTestFinder(recurse=True)
    runner = doctest.DocTestRunner()
    tests = finder.find(module, name, module=False, globs=dict(vars(module)))[:1]
    for key, one in defined(module).items():
        tests += finder.find(one, f"{name}.{key}", module=False, globs=dict(vars(module)))
    for test in tests:
        runner.run(test)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
    assert runner.summarize().failed == 0


def test_docstring_examples_are_found():
    finder, kinds = doctest.DocTestFinder(), fastrest.Sweep.__mro__[:2]  # Sweep and SweepFiles
    found = [test for kind in kinds for test in finder.find(kind, "Sweep", module=False)]
    assert sum(bool(test.examples) for test in found) >= 8


@pytest.mark.parametrize("name", sorted(set(fastrest.__all__) - {"__version__", "ufuncs"}))
def test_public_names_are_documented(name):
    documented = getattr(fastrest, name)
    text = inspect.getdoc(type(documented) if name in ("cells", "states") else documented)
    assert text
    shown = [text]
    if inspect.isclass(documented):
        shown += [inspect.getdoc(method) or "" for method in vars(documented).values()]
    if inspect.isfunction(documented) or inspect.isclass(documented):
        assert any("Examples\n--------" in one for one in shown), f"{name} has no example"


@pages_with(examples, ROOT / "README.md", *DOCS)
def test_examples_of_pages_hold(page, tmp_path, monkeypatch):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pytest.importorskip("xarray")
    pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    results = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    pyplot.close("all")
    assert results.attempted == len(examples(page))
    assert results.failed == 0


def test_the_readme_has_examples():
    assert len(examples(ROOT / "README.md")) > 10


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="the commands are those of a POSIX shell")
@pages_with(commands, *DOCS)
def test_commands_of_pages_run(page, tmp_path):
    pytest.importorskip("matplotlib")
    programs, folder = tmp_path / "bin", tmp_path / "empty"
    for one in (programs, folder):
        one.mkdir()
    fastrest_command = programs / "fastrest"  # that of this interpreter
    fastrest_command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m fastrest "$@"\n')
    fastrest_command.chmod(0o755)
    lines = "".join(commands(page))
    done = subprocess.run(
        [shutil.which("bash") or "sh", "-euc", lines],
        cwd=folder,
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_links_of_pages_lead_to_files():
    for page in (ROOT / "README.md", *DOCS):
        text = page.read_text(encoding="utf-8")
        links = re.findall(r"\]\((?!https?:|#|pictures_of_cells/)([^)#]+)", text)
        absent = [link for link in links if not (page.parent / link).exists()]
        assert not absent, f"{page.name}: {absent}"


def test_the_reference_has_every_public_name():
    listed = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8").split()
    told = {"__version__", "cells", "states", "ufuncs"}  # in sentences
    assert not set(fastrest.__all__) - told - set(listed)


@pytest.mark.parametrize("name", ["blocks", "members"])
def test_what_the_build_of_the_documentation_makes_holds(name):
    assert doctest.testmod(made(name)).failed == 0
