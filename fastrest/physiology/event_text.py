"""Events from text, as the command line and plans write them: the text is the event's repr.

The text is read by Python's grammar, of which names, calls, texts, numbers, lists and the operators
``&``, ``|`` and ``~`` are allowed. Nothing is evaluated.
"""

import ast
import math
from typing import Any

from fastrest._core.validation import unknown
from fastrest.models.conditions import LONGEST
from fastrest.physiology.criteria import Criterion
from fastrest.physiology.events import above, at_least, below, between, change, nernst_between

#: The functions that may be called, by their names in a text.
FUNCTIONS: dict[str, Any] = {
    one.__name__: one for one in (above, at_least, below, between, change, nernst_between)
}


def event_of(text: str) -> Criterion:
    """Return the event that a text stands for, or raise the error that points to the place.

    Parameters
    ----------
    text : str
        As in ``above(-55) & ~below(-90, of='E_K')``.

    Returns
    -------
    Criterion
    """
    if len(text) > LONGEST:
        raise ValueError(f"an event must have at most {LONGEST:,} characters, got {len(text):,}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise _error(text, (error.offset or 1) - 1, "the text of an event ends or breaks") from None
    except (MemoryError, RecursionError, ValueError):
        raise ValueError("an event must be plain text without deep nesting") from None
    found = _read(tree, text.strip())
    if not isinstance(found, Criterion):
        raise _error(text.strip(), 0, "an event such as above(-55) is needed")
    return found


def _read(node: ast.expr, text: str) -> Any:
    match node:
        case ast.Constant(value=str() as found):
            return found
        case ast.Constant(value=int() | float() as found) if not isinstance(found, bool):
            return found
        case ast.Name(id="inf"):
            return math.inf
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() | ast.Name() as one):
            found = _read(one, text)
            if isinstance(found, int | float):
                return -found
        case ast.UnaryOp(op=ast.Invert(), operand=one):
            found = _read(one, text)
            if isinstance(found, Criterion):
                return ~found
        case ast.BinOp(left=a, op=ast.BitAnd() | ast.BitOr() as symbol, right=b):
            one, other = _read(a, text), _read(b, text)
            if isinstance(one, Criterion) and isinstance(other, Criterion):
                return one & other if isinstance(symbol, ast.BitAnd) else one | other
        case ast.List(elts=nodes):
            return [_read(one, text) for one in nodes]
        case ast.Call(func=ast.Name(id=name)):
            return _called(node, name, text)
    raise _error(text, _place(node, text), "not allowed in the text of an event")


def _called(node: ast.Call, name: str, text: str) -> Criterion:
    place = _place(node, text)
    if name not in FUNCTIONS:
        raise _error(text, place, unknown("event", name, FUNCTIONS))
    if any(one.arg is None for one in node.keywords):
        raise _error(text, place, "not allowed in the text of an event")
    given = [_read(one, text) for one in node.args]
    named = {str(one.arg): _read(one.value, text) for one in node.keywords}
    try:
        found: Criterion = FUNCTIONS[name](*given, **named)
    except (TypeError, ValueError) as error:
        raise _error(text, place, str(error)) from None
    return found


def _place(node: ast.expr, text: str) -> int:
    """Return the number of the character at which a node begins."""
    lines = text.splitlines(keepends=True)
    before = sum(len(line) for line in lines[: node.lineno - 1])
    return before + len(lines[node.lineno - 1].encode()[: node.col_offset].decode())


def _error(text: str, place: int, why: str) -> ValueError:
    return ValueError(f"{why}, at character {place + 1} of {text!r}")
