"""Axes, colours, texts, titles and scales, which all pictures share.

A picture without given axes has a pyplot figure of its own, which notebooks and ``plt.show()``
display, and which is closed again if drawing fails. On given axes a picture keeps the labels and
titles of users, and refuses axes on which an earlier picture shows another quantity.
"""

import contextlib
import re
import textwrap
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The most labels along an axis that can be read.
MOST_LABELS = 20
#: The most letters of all labels along the x axis; labels with more are turned.
LINE = 50
#: Tells the texts of pictures from those of users.
OURS = "fastrest"
#: Height of a line of small letters, and mean width of a letter of a label, points.
LINE_HEIGHT, LETTER = 13.0, 5.6
#: Colours that people of every colour vision tell apart, by Okabe & Ito, 2008.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#333333")


class Quantity(NamedTuple):
    """The quantity on an axis.

    Attributes
    ----------
    label : str
    marks : mapping of str to float
        Values to mark by lines.
    event : bool
        True if the only values are 0, "no", and 1, "yes".
    signed : bool
        True if the sign means a direction, so that colours go both ways from 0.
    """

    label: str
    marks: Mapping[str, float] = types.MappingProxyType({})
    event: bool = False
    signed: bool = False


@contextlib.contextmanager
def axes_or_new(ax: "Axes | None") -> Iterator["Axes"]:
    """Yield the given axes, or those of a new pyplot figure, which is closed after an error."""
    if ax is not None:
        use_colours(ax)
        yield ax
        return
    with new_figure() as figure:
        ax = figure.subplots()
        use_colours(ax)
        yield ax


@contextlib.contextmanager
def new_figure(size: tuple[float, float] | None = None) -> Iterator[Any]:
    """Yield a new pyplot figure, which is closed after an error."""
    figure = pyplot().figure(layout="constrained", figsize=size)
    try:
        yield figure
    except BaseException:
        pyplot().close(figure)
        raise


def pyplot() -> Any:
    """Return matplotlib.pyplot, or raise an ImportError that names the extra to install."""
    try:
        import matplotlib.pyplot
    except ImportError:
        raise ImportError("plot needs matplotlib: pip install 'fastrest-ghk[plot]'") from None
    return matplotlib.pyplot


# ---- colours ----


def colours() -> Sequence[Any]:
    """Return `COLOURS`, or the colours that the user has told matplotlib to use."""
    from matplotlib import rcParams, rcParamsDefault

    wanted = rcParams["axes.prop_cycle"]
    if wanted == rcParamsDefault["axes.prop_cycle"]:
        return COLOURS
    return tuple(wanted.by_key().get("color", COLOURS))


def colour(i: int) -> Any:
    """Return the colour of the thing with the number i."""
    return colours()[i % len(colours())]


def shades(n: int) -> list[Any]:
    """Return n colours from dark to light, for values in order."""
    from matplotlib import colormaps

    return [colormaps["viridis"](x) for x in np.linspace(0.0, 0.85, n)]


def use_colours(ax: "Axes") -> None:
    """Let empty axes draw in `colours`."""
    if not ax.has_data():
        ax.set_prop_cycle(color=colours())


# ---- texts ----


def number_text(value: float, digits: int = 6) -> str:
    """Return a number as pictures write it, with a minus sign unless matplotlib is told not to.

    A whole number keeps all its digits.
    """
    whole = len(f"{abs(value):.0f}") if np.isfinite(value) and abs(value) < 1e6 else 0
    text = f"{value:g}" if float(value).is_integer() else f"{value:.{max(digits, whole)}g}"
    mantissa, is_power, exponent = text.partition("e")
    power = f"×10$^{{{int(exponent)}}}$" if is_power else ""
    return real_minus(mantissa) + power


def real_minus(text: str) -> str:
    """Return a text of numbers with minus signs for hyphens, as ``axes.unicode_minus`` says."""
    from matplotlib.ticker import Formatter

    return str(Formatter.fix_minus(text))


def texts_of(values: np.ndarray) -> list[str]:
    """Return numbers as texts, with as many digits as tell different numbers apart."""
    for digits in (3, 4, 5, 6):
        texts = [number_text(value, digits) for value in values.tolist()]
        if len(set(texts)) == len(np.unique(values)):
            return texts
    return [real_minus(repr(value)) for value in values.tolist()]


def visible(text: str) -> str:
    """Return a text without the signs of mathtext, which take no place."""
    return re.sub(r"\\[a-z]+|[${}^_]", "", text)


def wrapped(text: str, letters: int) -> str:
    """Return a text in lines of at most so many visible letters."""
    lines = textwrap.wrap(visible(text), max(letters, 12), break_long_words=False)
    words, found = text.split(), []
    for line in lines:
        n = len(line.split())
        found.append(" ".join(words[:n]))
        words = words[n:]
    return "\n".join([*found, *filter(None, [" ".join(words)])])


def note_of_invalid(
    invalid: int, n: int, points: str = "points", mark: str = "", lacks: str = "potential"
) -> str:
    """Return the note that some of n points have no potential, or '' if all have one."""
    if not invalid:
        return ""
    have = "has" if invalid == 1 else "have"
    return f"{invalid:,} of {n:,} {points} {have} no {lacks}{mark and f' ({mark})'}"


def set_label(ax: "Axes", which: str, text: str) -> None:
    """Label an axis of the picture, or raise the ValueError if it shows another quantity.

    A label that the user has written stays.
    """
    axis = ax.xaxis if which == "x" else ax.yaxis
    earlier = axis.label.get_text()
    if not earlier:
        length = ax.bbox.width if which == "x" else ax.bbox.height
        letters = int(length * 72 / ax.figure.dpi / LETTER)
        axis.set_label_text(wrapped(text, letters), gid=f"{OURS} {which}")
    elif axis.label.get_gid() == f"{OURS} {which}" and earlier.replace("\n", " ") != text:
        raise ValueError(
            f"the {which} axis of ax shows {earlier!r}, and this picture would show {text!r} "
            "there: pass other axes, or none for a new figure"
        )


def set_head(ax: "Axes", title: str, notes: Iterable[str] = (), **style: Any) -> None:
    """Write the title, and notes in small letters between it and the axes, from the left.

    The title of a user stays, and makes room for notes. If an earlier picture of another cell is in
    the axes, the title names both.
    """
    from matplotlib import rcParams
    from matplotlib.text import Text

    texts = [one for one in ax.get_children() if isinstance(one, Text)]
    ours = next((one.get_text() for one in texts if one.get_gid() == OURS), "")
    note = next((one for one in ax.texts if one.get_gid() == f"{OURS} notes"), None)
    lines = note.get_text().splitlines() if note else []
    lines += filter(None, notes)
    if lines:
        if note is None:
            how: Any = {"textcoords": "offset points", "fontsize": "small", "gid": f"{OURS} notes"}
            where: Any = {"ha": "left", "va": "bottom", "xycoords": "axes fraction"}
            note = ax.annotate("", (0, 1), xytext=(0, 3), color="0.3", **where, **how)
        note.set_text("\n".join(lines))
    pad = rcParams["axes.titlepad"] + LINE_HEIGHT * len(lines)
    places: Any = ("left", "center", "right")
    given = {loc: ax.get_title(loc) for loc in places if ax.get_title(loc) not in ("", ours)}
    for loc, text in given.items() if lines else ():
        one = next(one for one in texts if one.get_text() == text)
        font: Any = {"size": one.get_fontsize(), "weight": one.get_fontweight()}
        font["color"] = one.get_color()
        ax.set_title(text, loc=loc, pad=pad, **font)
    if ours and title not in ("", *ours.split(", ")):
        title = f"{ours}, {title}"
    elif ours:
        title = ours
    if title and not given:
        ax.set_title(title, loc="left", pad=pad, gid=OURS, **style)


# ---- axes ----


def set_texts(ax: "Axes", which: str, texts: Sequence[str]) -> None:
    """Label the places 0, 1, 2, ... of an axis; if there are many, only every second or third."""
    step = -(-len(texts) // MOST_LABELS)
    places = np.arange(0, len(texts), step)
    ax.set(**{f"{which}ticks": places, f"{which}ticklabels": texts[::step]})
    room = LINE * ax.bbox.width * 72 / ax.figure.dpi / 345
    if which == "x" and len(" ".join(texts[::step])) > room:
        ax.tick_params("x", rotation=90)


def set_scale(ax: "Axes", which: str, values: np.ndarray) -> None:
    """Make an axis logarithmic if its values are spread so: see `is_logarithmic`."""
    if not is_logarithmic(values):
        return
    from matplotlib.ticker import AutoLocator, FuncFormatter, LogLocator, NullFormatter

    ax.set(**{f"{which}scale": "log"})
    side = ax.xaxis if which == "x" else ax.yaxis
    decades = np.log10(values.max() / values.min())
    if decades < 1:  # the range may contain no 1, 2 or 5
        side.set_major_locator(AutoLocator())
    else:
        side.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 4 else (1,)))
    side.set_major_formatter(FuncFormatter(lambda value, _: number_text(value)))
    side.set_minor_formatter(NullFormatter())


def is_logarithmic(values: np.ndarray) -> bool:
    """Return True for a geometric series, and for values such as 1, 2, 5, 10, 20, 50.

    The steps between neighbouring logarithms are then equal, or differ less than half as much as
    those between the values.
    """
    if len(values) < 3 or values.min() <= 0:
        return False
    ordered = np.unique(values)
    if len(ordered) < len(values):
        return False
    steps = np.diff(ordered)
    with np.errstate(over="ignore"):
        ratios = np.log(ordered[1:] / ordered[:-1])
    linear, logarithmic = steps.max() / steps.min(), ratios.max() / ratios.min()
    if logarithmic >= linear:
        return False
    return bool(logarithmic < 1 + 1e-6 or 2 * logarithmic < linear)


def say_yes_or_no(ax: "Axes", which: str) -> None:
    """Label the values 0 and 1 of an event."""
    ax.set(**{f"{which}ticks": (0, 1), f"{which}ticklabels": ("no", "yes")})
