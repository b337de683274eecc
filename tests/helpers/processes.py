"""Programs in fresh processes, and threads that the package has started."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading

#: Seconds after which a program hangs.
LONGEST = 120


def our_threads():
    return [t.name for t in threading.enumerate() if t.name.startswith("fastrest")]


@contextlib.contextmanager
def started(command, **options):
    """Start a command in a session of its own, and kill all its processes at the end.

    A process that it has started would else hold the pipes open, for which `subprocess` waits
    without an end.
    """
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, start_new_session=True, **{**pipes, **options})
    try:
        yield process
    finally:
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.communicate()


def program(code, *arguments):
    """The command that runs a program in a fresh process."""
    return [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *map(str, arguments)]


def completed(command, *, timeout=LONGEST, **options):
    """Run a command, and return the completed process with its output and errors as text."""
    with started(command, **options) as process:
        out, err = process.communicate(timeout=timeout)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def python(code, *arguments, timeout=LONGEST, **environment):
    """Run a program in a fresh process, and return the completed process."""
    environment = {**os.environ, **environment}
    return completed(program(code, *arguments), timeout=timeout, env=environment)


def run(code, *arguments, timeout=LONGEST):
    """Run a program in a fresh process, and return its output and error text."""
    ran = python(code, *arguments, timeout=timeout)
    return ran.stdout, ran.stderr
