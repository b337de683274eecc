"""Programs in fresh processes, and threads that the package has started."""

import os
import subprocess
import sys
import textwrap
import threading


def our_threads():
    return [t.name for t in threading.enumerate() if t.name.startswith("fastrest")]


def python(code, **environment):
    """Run a program in a fresh process, and return the completed process."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def run(code, *arguments, timeout=120):
    """Run a program in a fresh process, and return its output and error text."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return ran.stdout, ran.stderr
