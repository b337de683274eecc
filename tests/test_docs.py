"""Every example in the docstrings and in the README runs and prints what it says."""

import doctest
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import fastrest

MODULES = [m.name for m in pkgutil.iter_modules(fastrest.__path__) if m.name != "__main__"]
README = Path(__file__).parent.parent / "README.md"


@pytest.mark.parametrize("name", ["", *MODULES])
def test_docstring_examples_hold(name):
    module = importlib.import_module(f"fastrest.{name}" if name else "fastrest")
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("name", sorted(set(fastrest.__all__) - {"__version__", "ufuncs"}))
def test_public_names_are_documented(name):
    documented = getattr(fastrest, name)
    text = inspect.getdoc(type(documented) if name in ("cells", "states") else documented)
    assert text
    if inspect.isfunction(documented):
        assert "Examples\n--------" in text, f"{name} has no example"


def test_readme_examples_hold():
    pytest.importorskip("matplotlib")
    pytest.importorskip("xarray")
    pytest.importorskip("pandas")
    results = doctest.testfile(str(README), module_relative=False, encoding="utf-8")
    assert results.attempted > 10
    assert results.failed == 0
