"""TOML files of users: of a limited size, with errors that name the file and the line."""

from pathlib import Path
from typing import Any

LARGEST = 1 << 20


def read_toml(path: str | Path, what: str) -> dict[str, Any]:
    """Read the tables of a TOML file.

    Parameters
    ----------
    path : str or Path
    what : str
        Subject of the file in errors, such as "cell".

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        The file is not TOML (with the line), or larger than 1 MiB.
    OSError
        The file cannot be read.
    """
    import tomllib

    with open(path, "rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"{path}: larger than {LARGEST} bytes, the limit for a {what}")
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path}: not a TOML file: line {line}: {error}") from None
    except ValueError as error:  # of the syntax, or an integer of thousands of digits
        raise ValueError(f"{path}: not a TOML file: {error}") from None
    except RecursionError:
        raise ValueError(f"{path}: not a TOML file: nested too deeply") from None
