"""Sampled Sobol' indices by pick-freeze: of any model, and of events.

The sample is two Sobol' sequences A and B of the inputs. At each point the output is computed at
A, at B, and at A and at B with one input after the other taken from the other; the kernel adds up
the products that `estimators` turns into indices, and stores no values.

The points of a Sobol' sequence are not independent, so that a bootstrap of them has no meaning.
The sample therefore consists of replicates, scrambled independently, and the scatter of their
estimates gives the intervals.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fastrest._core.validation import as_float, public, whole_number
from fastrest.models.quantities import Status
from fastrest.physiology.plausibility import PlausibilityWarning
from fastrest.points.sample_points import SamplePoints
from fastrest.runtime.engines import opened
from fastrest.runtime.scheduler import Progress
from fastrest.sensitivity.estimators import (
    bounds,
    estimates,
    moments,
    widened_for_rare_events,
)
from fastrest.sensitivity.indices import SobolIndices
from fastrest.sensitivity.pick_freeze import ReplicateSums, SamplingDesign, add_points

if TYPE_CHECKING:
    import matplotlib.axes

#: Points of A and B in the first sample for `until`, and in the last if n is not given.
FIRST, LAST = 1 << 14, 1 << 30
#: Points at which the margin of steady states is looked at, and the part of its median at which
#: they are near the edge of existence.
TRIED, NEAR = 1 << 12, 0.1


@public
@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class SampledIndices(SobolIndices):
    """Sobol' indices from a sample, which can be extended: see `SobolIndices`.

    Attributes
    ----------
    plan : SamplingDesign
        Everything that sets the sample but its size.
    sums : tuple of ReplicateSums
        The sums of each replicate.

    Examples
    --------
    >>> import fastrest as fr
    >>> cell = fr.cells["mammalian neuron"]
    >>> space = fr.space(cell, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
    >>> r = space.sobol(2**10, rng=1)
    >>> bool((r["ST_conf"] < 0.05).all()), r.n, r.replicates
    (True, 1024, 4)
    """

    plan: SamplingDesign
    sums: tuple[ReplicateSums, ...]

    _hooks: ClassVar[tuple[str, ...]] = ("prefixes",)
    method = "sampled"

    @property
    def n(self) -> int:
        """The number of base points over all replicates."""
        return sum(one.points for one in self.sums)

    @property
    def replicates(self) -> int:
        """The number of independent parts of the sample."""
        return len(self.sums)

    @property
    def invalid(self) -> dict[str, int]:
        """The points left out for want of a potential, by the lowest bit of their `Status`."""
        counts = [sum(found) for found in zip(*(one.invalid for one in self.sums))]
        return {str(bit.name): count for bit, count in zip(Status, counts) if count}

    @property
    def rng(self) -> int:
        """A number that makes the same sample again."""
        return self.plan.seed

    def extend(
        self,
        n: int,
        *,
        threads: int | None = None,
        executor: Any = None,
        workers: int | None = None,
        progress: Progress = False,
    ) -> "SampledIndices":
        """Return the indices from n more base points, after those already seen.

        Parameters
        ----------
        n : int
            Further points over all replicates; rounded up to a multiple of their number.
        threads, executor, workers, progress
            As for ``space.sobol``.

        Returns
        -------
        SampledIndices
            To rounding, the indices of one sample of all points.

        Examples
        --------
        >>> import fastrest as fr
        >>> space = fr.space(fr.cells["mammalian neuron"], P_Na=fr.lognormal(cv=0.5),
        ...                  K_out=fr.uniform(3, 6))
        >>> r = space.sobol(2**12, rng=1)
        >>> r.extend(2**12).n
        8192
        """
        points = self.sums[0].points + self.plan.points(n)
        with opened(executor, workers) as engine:
            sums = add_points(self.plan, self.sums, points, threads, progress, engine)
        return answer(self.plan, sums)

    @property
    def evaluations(self) -> int:
        """The number of evaluations of the output in all."""
        return self.n * self.plan.evaluations

    def prefixes(self, stages: int, threads: int | None = None) -> list["SampledIndices"]:
        """Return the indices from a half, a quarter, ... of the sample, the fewest points first.

        Parameters
        ----------
        stages : int
            The largest number of prefixes, the whole sample included.
        threads : int, optional
            As for ``sweep.values``.

        Returns
        -------
        list of SampledIndices
        """
        most = self.sums[0].points
        sizes = {-(-most >> k) for k in range(whole_number("stages", stages, 1))}
        sums: Sequence[ReplicateSums] = []
        found = []
        for points in sorted(sizes - {most}):
            sums = add_points(self.plan, sums, points, threads, False)
            found.append(answer(self.plan, sums))
        return [*found, self]

    def plot_convergence(
        self,
        ax: "matplotlib.axes.Axes | None" = None,
        *,
        key: str | None = None,
        stages: int = 8,
        threads: int | None = None,
    ) -> "matplotlib.axes.Axes":
        """Draw an index of each input, with its interval, against the number of evaluations.

        The estimates are those of a half, a quarter, ... of the same sample, which is computed
        again. Needs matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default the axes of a new pyplot figure.
        key : {"ST", "S1", "dgsm", "vi"}, optional
            Which index; by default ST, or dgsm if there is no ST.
        stages : int
            The number of estimates, the last of which is that of the whole sample.
        threads : int, optional
            As for ``sweep.values``.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ValueError
            There is no such index, or another version of fastrest sampled it.
        """
        from fastrest.plotting.sensitivity import convergence

        allowed = [
            name for name, x in self.indices.items() if f"{name}_conf" in self and x.ndim < 2
        ]
        key = allowed[-1 if "ST" not in self else allowed.index("ST")] if key is None else key
        if key not in allowed:
            raise ValueError(f"key must be one of {', '.join(allowed)}, got {key!r}")
        found = self.prefixes(stages, threads)
        x = np.array([one.evaluations for one in found], float)
        names = [self["names"][i] for i in self.order]
        values, widths = (np.array([one[k] for one in found]) for k in (key, f"{key}_conf"))
        curves = {name: values[:, i] for name, i in zip(names, self.order)}
        bands = {name: widths[:, i] for name, i in zip(names, self.order)}
        note = f"{self.replicates} replicates, 95 % intervals"
        label = f"{key} of {self.quantity[0]}"
        return convergence(x, curves, bands, label, ax, self.space.cell.name, [note])


def sampled_indices(
    design: SamplingDesign,
    n: int | None,
    until: float | None,
    threads: int | None,
    progress: Progress,
    executor: Any = None,
    workers: int | None = None,
) -> SampledIndices:
    """Return sampled indices: see ``Space.sobol`` and ``Space.dgsm``."""
    if until is not None and not as_float("until", until) > 0:
        raise ValueError(f"until must be > 0, got {until!r}")
    _warn_of_volume(design)
    most = design.points(LAST if n is None else n)
    points = most if until is None else min(most, design.points(FIRST))
    sums: Sequence[ReplicateSums] = []
    with opened(executor, workers) as engine:
        while True:
            sums = add_points(design, sums, points, threads, progress, engine)
            found = answer(design, sums)
            if until is None or points == most:
                return found
            if max(found["S1_conf"].max(), found["ST_conf"].max()) <= until:  # which NaN never is
                return found
            points = min(2 * points, most)


def _warn_of_volume(design: SamplingDesign) -> None:
    """Warn if a volume may have no variance: it is in inverse proportion to the margin."""
    output = design.output
    if output.name != "relative_volume" or "margin" not in output.model.outputs:
        return
    few = SamplePoints(design.space, TRIED, 0, "sobol", True).asked("margin")
    margin, status = few.values_and_status()
    if status.any() or margin.min() < NEAR * np.median(margin):
        warnings.warn(
            "relative_volume may have no variance here, and its indices no meaning: it grows "
            "without bound where the margin of existence goes to 0; ask for X, which is in inverse "
            "proportion to the volume, or for the margin",
            PlausibilityWarning,
            stacklevel=4,
        )


def answer(design: SamplingDesign, sums: Sequence[ReplicateSums]) -> SampledIndices:
    """Return the indices that follow from the sums."""
    rows = np.array([one.floats() for one in sums])
    n = np.array([one.valid for one in sums], float)
    if n.sum() == 0:
        raise ValueError("no point of the sample has a potential")
    d, slopes = 1 + max(design.parts), 0 if design.logs is None else len(design.space)
    of_a, of_slopes, of_both = rows[:, :2], rows[:, 2 : 2 + slopes], rows[:, 2 + slopes :]
    if design.indices:
        of_points = np.hstack([of_a, of_both])
        mean, variance, values = estimates(of_points, n, d, design.second)
        if design.event is not None:
            values = widened_for_rare_events(values, of_points, n, d)
    else:
        mean, variance, values = *moments(of_a, n)[:2], {}
    if slopes:
        constants = np.array([one.poincare for one in design.space.distributions])
        values.update(bounds(of_a, of_slopes, n, constants))
    indices = {}
    for key, (value, width) in values.items():
        indices[key], indices[f"{key}_conf"] = value, width
    mean += design.pivot
    of = design.output.name if design.event is None else design.event
    groups = design.groups
    return SampledIndices(
        design.space, indices, mean, variance, of=of, groups=groups, plan=design, sums=tuple(sums)
    )
