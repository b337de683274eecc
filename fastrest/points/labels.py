"""Labels of a picture's quantity: an output, or an event."""

import re

from fastrest.models.labels import output_label, symbol, unit_text
from fastrest.models.outputs import Output
from fastrest.physiology.criteria import Above, Below, Between, Criterion


def quantity_label(output: Output, of: str | Criterion) -> str:
    """Return the text along a picture's axis of an output, or of an event."""
    return output_label(output) if isinstance(of, str) else event_label(output, of)


def event_label(output: Output, event: Criterion) -> str:
    """Return an event about one output as a condition in its unit, and others as they are made."""
    if not isinstance(event, Above | Below | Between):
        return repr(event)
    x, unit = symbol(output.model, event.of), unit_text(output.unit)
    x = x if x.startswith(("$", "[")) else event.of
    if isinstance(event, Between):
        text = f"{event.low:g} ≤ {x} ≤ {event.high:g}"
    else:
        text = f"{x} {'>' if isinstance(event, Above) else '<'} {event.x:g}"
    where = f", {event.at}" if event.at else ""
    return re.sub(r"-(?=\d)", "\N{MINUS SIGN}", f"{text} {unit}".rstrip()) + where
