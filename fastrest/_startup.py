"""The `fastrest` command while its modules load: errors and Ctrl-C end it in one line.

`fastrest/__init__.py` imports this file before all others; programs that import fastrest are left
as they are.
"""

import os
import sys
from typing import Any


def _is_command() -> bool:
    """Return True in the `fastrest` command and in ``python -m fastrest``."""
    words = sys.orig_argv
    if sys.argv[:1] == ["-m"]:
        return words[words.index("-m") + 1 :][:1] == ["fastrest"] if "-m" in words else False
    return os.path.basename("".join(sys.argv[:1])).removesuffix(".exe") == "fastrest"


def _end(kind: type[BaseException], error: BaseException, _: Any) -> None:
    stopped = issubclass(kind, KeyboardInterrupt)
    text = "interrupted" if stopped else "error: " + " ".join(str(error).split())
    print(f"fastrest: {text}", file=sys.stderr, flush=True)
    os._exit(130 if stopped else 2)


def loaded() -> None:
    """Report further errors in Python's way."""
    sys.excepthook = sys.__excepthook__


if _is_command():
    sys.excepthook = _end
