"""The `fastrest` command, also as ``python -m fastrest``."""

from fastrest._startup import loaded
from fastrest.cli.main import main as run


def main() -> int:
    """Run the command line."""
    loaded()
    return run()


if __name__ == "__main__":
    raise SystemExit(main())
