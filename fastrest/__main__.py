"""``python -m fastrest`` is the ``fastrest`` command."""

from .cli import main

raise SystemExit(main())
