"""Compiled modules that are missing or stale: importing fastrest names the remedy."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fastrest
from fastrest import _core
from fastrest._core import _kernels

PACKAGE = Path(fastrest.__file__).parent


@pytest.fixture
def sources(tmp_path):
    """A folder that shadows the installed package with its sources: nothing is compiled there."""
    compiled = shutil.ignore_patterns("*.so", "*.pyd", "*.c", "__pycache__")
    shutil.copytree(PACKAGE, tmp_path / "fastrest", ignore=compiled)
    return tmp_path


def import_in(folder):
    """The last line of what Python says of an import in a folder."""
    # not isolated from the folder, as a user's Python is not
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(folder)!r})\n"
               "import fastrest"]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stderr.splitlines()[-1]


def test_the_compiled_modules_have_the_interface_that_is_needed():
    assert _kernels.INTERFACE == _core.INTERFACE


def test_a_missing_extension_is_an_import_error_with_its_remedy(sources):
    said = import_in(sources)
    assert said.startswith("ImportError: No module named 'fastrest._core._kernels'")
    assert f"not built in {sources / 'fastrest'}" in said
    assert "Run `pip install -e .` in the clone, or start Python in another folder" in said


def test_an_extension_that_lacks_beside_the_kernels_is_an_import_error_too(sources):
    fake = f"INTERFACE = {_core.INTERFACE}\n"
    (sources / "fastrest" / "_core" / "_kernels.py").write_text(fake, encoding="utf-8")
    assert "No module named 'fastrest._core._samples'" in import_in(sources)


@pytest.mark.parametrize("stale", ["", "INTERFACE = 0\n"])
def test_a_stale_extension_is_an_import_error_with_its_remedy(sources, stale):
    (sources / "fastrest" / "_core" / "_kernels.py").write_text(stale, encoding="utf-8")
    said = import_in(sources)
    had = 0 if stale else None
    assert said.startswith(f"ImportError: the compiled modules of fastrest have interface {had}, ")
    assert f"need {_core.INTERFACE}: run `pip install` again" in said


def test_another_missing_module_is_left_as_it_is(sources):
    (sources / "fastrest" / "_core" / "_kernels.py").write_text("import nothing_of_this_name\n")
    assert import_in(sources) == "ModuleNotFoundError: No module named 'nothing_of_this_name'"
