"""Text for people: aligned columns."""


def aligned(rows: list[list[str]]) -> list[str]:
    """Return rows of words as lines, the first column to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        "   ".join([first.ljust(widths[0]), *(w.rjust(n) for w, n in zip(rest, widths[1:]))])
        for first, *rest in rows
    ]
