"""The `fastrest` command, as ``python -m fastrest``."""

from fastrest.cli.main import main

raise SystemExit(main())
