"""Small HTML for notebooks: escaped text, tables and bars, without scripts.

Colours are those of the notebook (``currentColor``), so that dark themes show them as well.
"""

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

#: The most bars of a histogram: neighbouring bins are drawn as one.
MOST_BARS = 100
#: The size of a histogram in pixels.
WIDTH, HEIGHT = 400, 80
NUMBER = 'style="text-align:right;padding:1px 8px"'
TEXT = 'style="text-align:left;padding:1px 8px"'
HEAD = 'style="text-align:{};padding:1px 8px;font-weight:600"'
FAINT = "opacity:0.7;font-size:90%"


def block(title: str, *parts: str) -> str:
    """Return parts of HTML below a title."""
    head = f"<div><b>{escape(title)}</b></div>" if title else ""
    return f'<div style="overflow-x:auto">{head}{"".join(parts)}</div>'


def line(text: str) -> str:
    """Return a line of small text."""
    return f'<div style="{FAINT}">{escape(text)}</div>' if text else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1) -> str:
    """Return a table whose first columns hold texts, and whose others hold numbers.

    Parameters
    ----------
    head : sequence of str
        Headings of the columns; empty for none.
    rows : iterable of sequence of str
    texts : int
        Number of columns with texts.

    Examples
    --------
    >>> from fastrest.plotting.html import table
    >>> table([], [["<K>", "5"]]).count("&lt;K&gt;")
    1
    """
    lines = []
    if head:
        sides = ["left" if i < texts else "right" for i in range(len(head))]
        words = (f"<th {HEAD.format(s)}>{escape(x)}</th>" for x, s in zip(head, sides))
        lines.append(f"<thead><tr>{''.join(words)}</tr></thead>")
    lines.append("<tbody>")
    for row in rows:
        cells = (f"<td {TEXT if i < texts else NUMBER}>{escape(x)}</td>" for i, x in enumerate(row))
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f'<table style="margin:2px 0">{"".join(lines)}</tbody></table>'


def folded(title: str, content: str) -> str:
    """Return HTML that opens at a click on its title."""
    return f'<details style="{FAINT}"><summary>{escape(title)}</summary>{content}</details>'


def bars(counts: np.ndarray, first: str, last: str) -> str:
    """Return a histogram: a bar for each bin, and texts at both ends of the axis."""
    together = -(-len(counts) // MOST_BARS)
    heights = np.add.reduceat(counts, np.arange(0, len(counts), together))
    top, step = max(1, int(heights.max(initial=0))), WIDTH / max(1, len(heights))
    path = "".join(
        f"M{i * step:.1f} {HEIGHT}v{-n / top * HEIGHT:.1f}h{step:.1f}V{HEIGHT}z"
        for i, n in enumerate(heights.tolist())
        if n
    )
    picture = (
        f'<svg width="{WIDTH}" height="{HEIGHT + 18}" viewBox="0 0 {WIDTH} {HEIGHT + 18}" '
        f'role="img" style="max-width:100%;color:inherit" fill="currentColor">'
        f'<path d="{path}" opacity="0.6"/>'
        f'<path d="M0 {HEIGHT}.5h{WIDTH}" stroke="currentColor" opacity="0.5"/>'
    )
    style = 'font-size="11" opacity="0.8"'
    return (
        f'{picture}<text x="0" y="{HEIGHT + 14}" {style}>{escape(first)}</text>'
        f'<text x="{WIDTH}" y="{HEIGHT + 14}" text-anchor="end" {style}>{escape(last)}</text></svg>'
    )
