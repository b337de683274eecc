"""Every example in the docstrings and in the README runs and prints what it says."""

import ast
import doctest
import importlib
import inspect
import pkgutil
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
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


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
    if inspect.isfunction(documented):
        assert "Examples\n--------" in text, f"{name} has no example"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_of_pages_hold(page):
    pytest.importorskip("matplotlib")
    pytest.importorskip("xarray")
    pytest.importorskip("pandas")
    results = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert results.attempted > 10
    assert results.failed == 0
