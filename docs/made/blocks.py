"""Blocks of code on a page of Markdown, and the pictures that belong to them.

A page follows one convention. Blocks marked ``python`` hold examples as doctests; blocks marked
``sh`` hold commands. Both are run in their order, in an empty folder. Other blocks are only shown.
A comment ``<!-- picture: TEXT -->`` stands for the pictures that the lines since the last such
comment draw; TEXT describes them to readers who cannot see them.
"""

import re

PICTURE = re.compile(r"^<!-- picture: (.+?) -->$", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(text: str, language: str) -> list[str]:
    """Return the texts of all blocks of a language on a page."""
    return [block for name, block in BLOCK.findall(text) if name == language]


def stretches(text: str) -> list[tuple[str, str]]:
    """Return a page in pieces, each with the text of the picture that follows it.

    Examples
    --------
    >>> stretches("one\\n<!-- picture: a curve -->\\ntwo")
    [('one\\n', 'a curve'), ('\\ntwo', '')]
    """
    *pieces, last = PICTURE.split(text)
    described = [" ".join(words.split()) for words in pieces[1::2]]
    return [*zip(pieces[::2], described, strict=True), (last, "")]
