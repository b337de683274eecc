"""Course points: many cells, each at several times after a change."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fastrest._core import _kernels
from fastrest.physiology.criteria import Criterion, resolved_quantity
from fastrest.points.points import ColumnChunks, Points, checked_indices, labels_of, over_points
from fastrest.runtime import scheduler
from fastrest.runtime.ranges import cut

#: Returns the columns of some points, from one number to another.
Columns = Callable[[int, int], dict[str, np.ndarray]]


class CoursePoints(Points):
    """Each of some points at several times, which are the last dimension.

    Attributes
    ----------
    cells : Points
        The points, of a cell that `Cell.after` has made. They are at the last time.
    time : ndarray
        s, not decreasing.
    """

    _hooks = ("cells", "time")
    kind = "Courses"

    cells: Points
    time: np.ndarray

    def __init__(self, cells: Points, time: np.ndarray):
        if "time" in cells.varied:
            raise ValueError("time varies already: leave it out of the sweep")
        last = cells.cell.replace(time=float(time[-1]))
        vars(self).update(cells=cells.with_cell(last), time=time, cell=last)
        vars(self).update(dims=(*cells.dims, "time"), shape=(*cells.shape, len(time)))
        vars(self).update(output=last.model.outputs["V"], index=self._repeated_index())
        vars(self).update(inputs={**cells.inputs, "time": time}, kept=cells.kept)
        vars(self).update(levels=cells.levels)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.cells, self.time)

    def asked(self, of: str | Criterion) -> Any:
        """Return the points with an output or an event to compute: of a time, one for each cell."""
        output, _ = resolved_quantity(of, self.cell.model)
        return self.cells.asked(of) if output.is_time else super().asked(of)

    @property
    def varied(self) -> tuple[str, ...]:
        return (*self.cells.varied, "time")

    def parameters(self, indices: npt.ArrayLike) -> dict[str, np.ndarray]:
        places = checked_indices(indices, len(self))
        rows, times = np.divmod(places, len(self.time))
        return {**self.cells.parameters(rows), "time": self.time[times]}

    def _repeated(self, columns: Columns, start: int, stop: int) -> dict[str, np.ndarray]:
        """Return columns of the cells, and the times, at the points of a range."""
        rows, times = np.divmod(np.arange(start, stop), len(self.time))
        first, last = (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 0)
        found = {name: x[rows - first] for name, x in columns(first, last).items()}
        return {**found, "time": self.time[times]}

    def stored_columns(self) -> dict[str, np.ndarray]:
        return self.cells.stored_columns()

    def stored_range(
        self, stored: Mapping[str, np.ndarray], start: int, stop: int
    ) -> dict[str, np.ndarray]:
        return self._repeated(lambda a, b: self.cells.stored_range(stored, a, b), start, stop)

    @property
    def short_coordinates(self) -> bool:
        return True

    def chunks(self) -> tuple[_kernels.Equation, ColumnChunks]:
        output, cells = self.output, self.cells

        def of_rows(first: int, last: int) -> dict[str, np.ndarray]:
            return cells.parameters(np.arange(first, last))

        def pieces(start: int, stop: int) -> Iterator[tuple[list[Any], int, int, int]]:
            for lo, hi in cut([(start, stop)], scheduler.BLOCK_POINTS):
                values = self.cell.merged(self._repeated(of_rows, lo, hi))
                yield over_points(output.columns_of(values), (hi - lo,)), lo, lo, hi

        return output.equation, pieces

    def rows(self, start: int, stop: int) -> tuple[Points, int]:
        n = len(self.time)
        cells, first = self.cells.rows(start // n, -(-stop // n))
        return type(self)(cells, self.time), first * n

    def bare(self) -> Points:
        return type(self)(self.cells.bare(), self.time)

    # ---- labels ----

    def coordinates(self, start: int, stop: int) -> dict[str, np.ndarray]:
        return self._repeated(self.cells.coordinates, start, stop)

    def dataset_coordinates(self) -> dict[str, Any]:
        labels = labels_of(self.cell.model.parameters["time"])
        return {**self.cells.dataset_coordinates(), "time": ("time", self.time, labels)}

    def _repeated_index(self) -> Any:
        index = self.cells.index
        return None if index is None else index.repeat(len(self.time))

    def repr_lines(self) -> list[str]:
        ends = f"{self.time[0]:g} ... {self.time[-1]:g} s"
        return [*self.cells.repr_lines(), f"time ({len(self.time):,}): {ends}"]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, CoursePoints)
            and self.cells == other.cells
            and np.array_equal(self.time, other.time)
        )
