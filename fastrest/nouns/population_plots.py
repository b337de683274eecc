"""Pictures of populations, on matplotlib axes."""

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastrest._core.validation import unknown
from fastrest.models.labels import axis_label, output_label
from fastrest.nouns.sweep_plots import EVERYDAY, marks_of
from fastrest.plotting.legends import draw_marks, finish, legend_text
from fastrest.plotting.primitives import (
    axes_or_new,
    colour,
    note_of_invalid,
    number_text,
    pyplot,
    set_label,
    use_colours,
)
from fastrest.populations.members import find_members
from fastrest.populations.statistics import PopulationAnswers
from fastrest.populations.transition import Transition

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Widths of the bins of potentials in twentieths of a mV, and the largest number of bins.
WIDTHS, MOST_BINS = (1, 2, 5, 10, 20, 30, 40, 50, 100), 100
#: Quantiles of all candidates' potentials between which they are drawn: tails would be too wide.
MIDDLE = (0.001, 0.999)
#: Accepted cells that a bin of a parameter should have, so that its height is reliable.
PER_BIN = 20
#: The largest number of dots in a pair plot.
MOST_DOTS = 2000
#: Parameters in a row, changes of class in a row of a page, and letters in a line.
PER_ROW, CHANGES, LINE = 4, 3, 24
#: The smallest width and height of a new figure, inches.
LEAST = 4.8, 3.6
#: The height of the axis in multiples of all candidates' largest density: a few accepted cells may
#: have far larger densities, beside which the line of all candidates would be flat.
TOWER = 4.0
KEY = "filled: accepted, line: all candidates"


def potentials(pop: PopulationAnswers, ax: "Axes | None") -> "Axes":
    """Draw V under each condition: see `Population.plot`."""
    edges, tops = _edges(pop), {True: 0.0, False: 0.0}
    output = pop.tally.output
    with axes_or_new(ax) as ax:
        set_label(ax, "x", output_label(output))
        set_label(ax, "y", f"density (1/{output.unit})")
        for i, name in enumerate(pop.conditions):
            for accepted in (True, False):
                found = pop.histogram(name, bins=edges, accepted=accepted)
                density = _density(found.counts, edges, pop.summary(name, accepted=accepted).n)
                how: dict[str, Any] = {"label": legend_text(name)}
                if accepted:
                    how = {"fill": True, "alpha": 0.4}
                ax.stairs(density, edges, color=colour(i), **how)
                tops[accepted] = max(tops[accepted], float(density.max()))
        highest, most = max(tops.values()), TOWER * tops[False]
        top = min(highest, most) or 1.0
        marks = marks_of(pop.space.cell, pop.of)
        seen = [*edges[[0, -1]], *marks.values()]
        margin = 0.04 * (max(seen) - min(seen))  # for the label beside a mark
        ax.set_xlim(min(seen) - margin, max(seen) + margin)
        ax.set_ylim(0, 1.4 * top)  # labels stand above the steps
        draw_marks(marks, ax, "x")
        cut = f"the highest step, {number_text(highest)}, is cut" if highest > 1.4 * top else ""
        key = KEY.replace(", ", "\n")
        finish(ax, _headline(pop), [note(pop), cut], key, top=top, fontsize="medium")
        return ax


def marginals(pop: PopulationAnswers, axes: Any) -> np.ndarray:
    """Draw parameters of accepted cells and of all candidates: see `Population.plot_marginals`."""
    found = pop.marginals
    panels = _panels(axes, len(pop.names), PER_ROW, (3.2, 2.4))
    for ax, (name, one) in zip(panels, found.items()):
        edges = _finite(one.edges)
        starts = _starts(len(one.accepted), pop.accepted)
        counts, wide = np.add.reduceat(one.accepted, starts), np.append(edges[starts], edges[-1])
        accepted = _density(counts, wide, pop.accepted)
        proposed = _density(one.proposed, edges, 1.0)
        ax.stairs(accepted, wide, fill=True, alpha=0.4)
        ax.stairs(proposed, edges, color="0.3")
        ax.set(xlabel=_label(pop, name), yticks=[])
        ax.set_xlim(_possible(pop, name, edges))
        ax.locator_params("x", nbins=5)
        top = min(max(accepted.max(), proposed.max()), TOWER * proposed.max())
        ax.set_ylim(0, 1.05 * top or 1.0)
    head = "\n".join(filter(None, [_headline(pop), note(pop), KEY]))
    panels[0].set_title(head, loc="left", fontsize="small")
    return panels


def pairs(pop: PopulationAnswers, names: Sequence[str] | None, axes: Any) -> np.ndarray:
    """Draw accepted cells over pairs of parameters: see `Population.plot_pairs`."""
    names = pop.names if names is None else _checked_names(pop, names)
    k = len(names)
    x = find_members(pop.tally, None, MOST_DOTS, 0, None, None).parameters
    panels = _panels(axes, k * k, k, (1.8, 1.6)).reshape(k, k)

    def label(name: str) -> str:
        return _label(pop, name).replace(" ", "\n")

    edges = {name: _finite(one.edges) for name, one in pop.marginals.items()}
    spans = {name: _possible(pop, name, np.append(edges[name], x[name])) for name in names}
    for (i, j), ax in np.ndenumerate(panels):
        if j > i:
            ax.set_axis_off()
            continue
        across, up = names[j], names[i]
        if i == j:
            bins = max(8, round(2 * len(x[across]) ** (1 / 3)))
            ax.hist(x[across], bins, range=spans[across], alpha=0.4, color=colour(0))
            ax.set_yticks([])
        else:
            ax.plot(x[across], x[up], ".", markersize=2, alpha=0.6, rasterized=True)
            ax.set_ylim(spans[up])
        ax.set_xlim(spans[across])
        ax.locator_params("x", nbins=3)
        ax.ticklabel_format(useOffset=False)
        ax.tick_params(labelsize="x-small", labelbottom=i == k - 1, labelleft=j == 0 < i)
        if i == k - 1:
            ax.set_xlabel(label(across), fontsize="small")
        if j == 0 < i:
            ax.set_ylabel(label(up), fontsize="small")
    drawn = f"{MOST_DOTS:,} of them are drawn" if pop.accepted > MOST_DOTS else ""
    lines = [line for line in (_headline(pop), drawn, note(pop)) if line]
    if k == 1:
        panels[0, 0].set_title("\n".join(lines), loc="left", fontsize="small")
    else:  # over panels that are switched off, so that no panel shrinks for it
        words = "\n".join(textwrap.fill(line, LINE) for line in lines)
        text = panels[0, -1].text(1, 1, words, ha="right", va="top", fontsize="small")
        text.set_in_layout(False)
    return panels


def transition(
    found: Transition, ax: "Axes | None", title: str = "", notes: Sequence[str] = ()
) -> "Axes":
    """Draw counts from class to class: see `Population.plot_transition`."""
    with axes_or_new(ax) as ax:
        _draw_transition(found, ax)
        finish(ax, title, notes)
        return ax


def _draw_transition(found: Transition, ax: "Axes") -> None:
    total = max(1, int(found.counts.sum()))
    ax.imshow(found.counts / total, cmap="Blues", vmin=0, vmax=1)
    for (i, j), n in np.ndenumerate(found.counts):
        color = "white" if n > 0.6 * total else "0.2"
        text = f"{n:,}\n{100 * n / total:.3g} %" if n else "0"
        ax.text(j, i, text, ha="center", va="center", color=color, fontsize="small")
    texts = [name.replace(" ", "\n") for name in found.classes]
    size = "small" if len(texts) < 4 else "x-small"
    turned: dict[str, Any] = {} if len(texts) < 4 else {"rotation": 30, "ha": "right"}
    ax.set_xticks(range(len(texts)), texts, fontsize=size, **turned)
    ax.set_yticks(range(len(texts)), texts, fontsize=size)
    ax.tick_params(length=0, pad=2)  # all fits below axes that the user has laid out
    ax.set_xlabel(textwrap.fill(found.after, LINE), fontweight="bold", labelpad=2)
    ax.set_ylabel(textwrap.fill(found.before, LINE), fontweight="bold")


def page(pop: PopulationAnswers, figure: "Figure") -> None:
    """Draw potentials, changes of class from the first condition, and parameters on a figure."""
    first, *others = pop.conditions
    if not pop.accepted or not pop.tally.counter.boundaries:
        others = []
    changes, parameters = -(-len(others) // CHANGES), -(-len(pop.names) // PER_ROW)
    heights = [4.5, 3.8 * changes, 2.2 * parameters]
    figure.set_size_inches(12, sum(heights))
    ratios = [max(height, 0.01) for height in heights]
    rows: Any = figure.subfigures(3, height_ratios=ratios)
    potentials(pop, rows[0].subplots())
    if others:
        panels = _panels(rows[1].subplots(changes, CHANGES), len(others), CHANGES)
        for ax, name in zip(panels, others):
            transition(pop.transition(first, name), ax)  # the note stands over the potentials
    marginals(pop, rows[2].subplots(parameters, PER_ROW))


# ---- panels, bins and words ----


def _panels(axes: Any, n: int, columns: int, size: tuple[float, float] = (1.0, 1.0)) -> np.ndarray:
    """Return the first n of the given axes, or n new axes; switch off further axes."""
    if axes is None:
        rows, columns = -(-n // columns), min(n, columns)
        inches = (max(size[0] * columns, LEAST[0]), max(size[1] * rows, LEAST[1]))
        _, axes = pyplot().subplots(rows, columns, figsize=inches, layout="constrained")
    found = np.ravel(axes)
    if len(found) < n:
        raise ValueError(f"axes must be at least {n}, got {len(found)}")
    for ax in found[:n]:
        use_colours(ax)
    for ax in found[n:]:
        ax.set_axis_off()
    return found[:n]


def _edges(pop: PopulationAnswers) -> np.ndarray:
    """Return edges for the potentials of all candidates and of accepted cells, mV."""
    found = [pop.quantile(name, MIDDLE, accepted=False) for name in pop.conditions]
    if pop.accepted:
        found += [pop.quantile(name, (0, 1)) for name in pop.conditions]
    first, last = pop.tally.design.limits
    ends = np.clip(found, first, last) if pop.summary(accepted=False).n else np.array([EVERYDAY])
    low, high = math.floor(20 * ends.min()), math.ceil(20 * ends.max())
    width = next((w for w in WIDTHS if high - low <= w * MOST_BINS), WIDTHS[-1])
    low, high = low // width, -(-high // width)
    places = np.arange(low, max(high, low + 1) + 1) * width
    return np.unique(np.clip(places, 20 * first, 20 * last)) / 20


def _finite(edges: np.ndarray) -> np.ndarray:
    """Return edges with infinite ones replaced: such a bin is as wide as the four beside it."""
    found, inner = edges.copy(), edges[1:-1]
    if math.isinf(edges[0]):
        found[0] = inner[0] - (inner[:5][-1] - inner[0] or 1.0)
    if math.isinf(edges[-1]):
        found[-1] = inner[-1] + (inner[-1] - inner[-5:][0] or 1.0)
    return found


def _possible(pop: PopulationAnswers, name: str, values: np.ndarray) -> tuple[float, float]:
    """Return the range of values of a parameter, without those that no cell can have."""
    low, high = np.clip([values.min(), values.max()], *pop.space.cell.model.parameters[name].domain)
    return float(low), float(high)


def _starts(bins: int, cells: int) -> np.ndarray:
    """Return the first bins of groups that are large enough for a number of accepted cells."""
    size = 1
    while size < bins / 8 and cells * size < PER_BIN * bins:
        size *= 2
    return np.arange(0, bins, size)


def _density(counts: np.ndarray, edges: np.ndarray, total: float) -> np.ndarray:
    return np.asarray(counts / (max(total, 1) * np.diff(edges)))


def note(pop: PopulationAnswers) -> str:
    """Return the note on candidates without a potential, or '' if there are none."""
    return note_of_invalid(sum(pop.invalid.values()), pop.n, "candidates")


def words_of_transition(pop: PopulationAnswers, accepted: bool) -> tuple[str, list[str]]:
    """Return the title and the notes of a picture of a transition."""
    some = "accepted cells" if pop.accept else "cells"
    cells = f"{pop.accepted:,} {some}" if accepted else "all candidates"
    return pop.space.cell.name, [f"{cells}, by class before and after", note(pop)]


def _label(pop: PopulationAnswers, name: str) -> str:
    cell = pop.space.cell
    fixed = {one: x for one, x in dict(cell).items() if one not in pop.names}
    return axis_label(cell.model, name, fixed)


def _headline(pop: PopulationAnswers) -> str:
    name = pop.space.cell.name or repr(pop.space.cell.model)
    accepted = f"{pop.accepted:,}" if pop.accepted else "none"
    return f"{name}: {accepted} of {pop.n:,} candidates accepted"


def _checked_names(pop: PopulationAnswers, names: Sequence[str]) -> Sequence[str]:
    names = [names] if isinstance(names, str) else list(names)
    if not names:
        raise ValueError(f"names must name at least one of {', '.join(pop.names)}, got none")
    for name in names:
        if name not in pop.names:
            raise ValueError(unknown("parameter", name, pop.names))
    return names
