"""The `fastrest` command line, which reports a failure in one line and an exit code."""

import argparse
import contextlib
import importlib
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from fastrest.cli.options import parsed
from fastrest.cli.printing import answer, print_answer, say, wrapped
from fastrest.physiology.plausibility import PlausibilityWarning
from fastrest.runtime.system import info


def run_info(options: argparse.Namespace) -> None:
    """Print the version, instruction sets and threads."""
    known = info()
    for key, value in known.items():
        say(options, f"{key}: {' '.join(value) if isinstance(value, tuple) else value}")
    answer(options, None, known, {})


#: The modules of this room with the function run_<command>; each is imported when it is needed.
MODULES = {
    "cells": "cells_command",
    "info": "main",
    "sweep": "sweep_command",
    **dict.fromkeys(("population", "merge"), "population_commands"),
    "rundown": "rundown_command",
    **dict.fromkeys(("currents", "gradient", "solve", "sobol"), "sensitivity_commands"),
    "bench": "bench_command",
}
#: Errors that are reported in one line: bad input, and results that have changed.
FAILURES = (ValueError, TypeError, KeyError, OSError, MemoryError, ImportError, ArithmeticError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    It is 0 if the command is done, 1 if no valid result came out, 2 after bad usage or input, and
    130 if it was interrupted. `bench --against` has its own: 1 slower, 3 inconclusive.
    """
    options = parsed(sys.argv[1:] if arguments is None else arguments)
    if options is None:
        return 2
    with contextlib.suppress(AttributeError):  # the output may be another object than a terminal
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a "±" in ASCII
    code = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", PlausibilityWarning)
            warnings.showwarning = _show
            module = importlib.import_module(f"fastrest.cli.{MODULES[options.command]}")
            code = getattr(module, f"run_{options.command}")(options)
            print_answer(options)
            if sys.stdout is not None:  # it may have been closed before
                sys.stdout.flush()
    except BrokenPipeError:  # the reader of the standard output has stopped
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("fastrest: interrupted", file=sys.stderr)
        return 130
    except FAILURES as error:
        text = "fastrest: error: " + " ".join(_words(error).split())
        print(wrapped(text, sys.stderr), file=sys.stderr)
        return 2
    return code or 0


def _show(message: Warning | str, *_: Any, **__: Any) -> None:
    """Print a warning in one line, which a terminal wraps between words."""
    print(wrapped(f"fastrest: warning: {message}", sys.stderr), file=sys.stderr)


def _words(error: BaseException) -> str:
    """Return the message of an error; those of the system begin with the name of the file."""
    if isinstance(error, FileNotFoundError) and error.filename is not None:
        return f"there is no file or folder {error.filename}"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {(error.strerror or 'cannot be used').lower()}"
    return str(error.args[0] if isinstance(error, KeyError) and error.args else error)
