"""The directive ``made``: a table that the build makes from the code.

Its argument names a function of a module in this folder, as in ``validation.quoted_ghk``. The
function returns Markdown.
"""

import importlib
from typing import Any

from sphinx.util.docutils import SphinxDirective


class Made(SphinxDirective):
    """The text that a function of a module in this folder returns."""

    required_arguments = 1

    def run(self) -> list[Any]:
        """Return the parsed text."""
        self.env.note_reread()  # a changed number changes the page
        module, _, function = self.arguments[0].partition(".")
        text = getattr(importlib.import_module(f"made.{module}"), function)()
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def setup(app: Any) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.add_directive("made", Made)
    return {"parallel_read_safe": True}
