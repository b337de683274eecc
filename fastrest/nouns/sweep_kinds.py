"""The kinds of sweeps: grids, tables and samples."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from fastrest.nouns.sweeps import Sweep
from fastrest.physiology.cell import Cell
from fastrest.physiology.criteria import resolved_quantity
from fastrest.physiology.plausibility import refuse_ratios, warn_if_implausible
from fastrest.points.axes import Axis, axis_of
from fastrest.points.course_points import CoursePoints
from fastrest.points.grid_points import GridPoints
from fastrest.points.sample_points import SamplePoints
from fastrest.points.table_points import TablePoints


class Grid(GridPoints, Sweep):
    """Every combination of the values on some axes: see `grid` and `Sweep`.

    Examples
    --------
    >>> import fastrest as fr
    >>> sweep = fr.grid(fr.cells["mammalian neuron"], K_out=[3.0, 5.0], P_Na=[0.02, 0.04, 0.08])
    >>> sweep.shape, sweep.dims
    ((2, 3), ('K_out', 'P_Na'))
    """


class Table(TablePoints, Sweep):
    """One point per row of a table: see `table` and `Sweep`.

    Attributes
    ----------
    kept : mapping of str to ndarray
        Columns that are carried along.

    Examples
    --------
    >>> import fastrest as fr
    >>> sweep = fr.table(fr.cells["mammalian neuron"], {"K_out": [3.0, 5.0], "P_Na": [0.04, 0.05]})
    >>> sweep.values().round(2)
    array([-73.95, -67.19])
    """


class Sample(SamplePoints, Sweep):
    """Random points of a space: made by ``space.sample``; see `Sweep`.

    Point i depends only on the space, the method, rng and i, and for "lhs" on n: every machine
    draws the same bits.

    Attributes
    ----------
    space : Space
    method : str
        The method: "random", "sobol" or "lhs".
    rng : int or None
        A number that makes the same sample again; None for a Sobol' sequence without scrambling.
    scramble : bool
        True if a Sobol' sequence is scrambled.

    Examples
    --------
    >>> import fastrest as fr
    >>> cell = fr.cells["mammalian neuron"]
    >>> space = fr.space(cell, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
    >>> sample = space.sample(10**6, rng=1)
    >>> round(sample.summary().mean, 2)
    -70.14
    """


class Courses(CoursePoints, Sweep):
    """Many cells, each at several times: made by ``sweep.rundown``; see `Sweep`.

    The last dimension is ``time``. A time, such as ``fr.time_to(-40)``, has a value for each cell:
    its latest is the last of the times.

    Attributes
    ----------
    cells : Sweep
        The cells, at the last time.
    time : ndarray
        s.

    Examples
    --------
    >>> import fastrest as fr
    >>> live = fr.cells["mammalian neuron"].living(R_m=7)
    >>> cells = fr.grid(live, P_Na=fr.times([1.0, 1.1]))
    >>> runs = cells.rundown({0: fr.states["pump block"]}, time=[0, 600, 1200], diameter=20)
    >>> runs.values().round(1)
    array([[-65.2, -58.5, -51.6],
           [-58.8, -51.3, -43.8]])
    """

    def points_of(self, quantities: Iterable[Any]) -> Sweep:
        """Return the points that have values of some quantities: times are those of the cells."""
        outputs = [resolved_quantity(of, self.cell.model)[0] for of in quantities]
        times = [one.name for one in outputs if one.is_time]
        if times and len(times) < len(outputs):
            raise ValueError(
                f"{times[0]} has a value for each cell, other quantities have one at each time: "
                "ask for them separately"
            )
        return cast(Sweep, self.cells) if times else self


#: Nouns by the names that files give them; `spaces` adds the space of a sample.
KINDS: dict[str, type[Any]] = {
    **{"Grid": Grid, "Table": Table, "Sample": Sample, "Courses": Courses}
}
Sweep.courses = Courses


def grid(cell: Cell, *axes: Axis, **parameters: Any) -> Grid:
    """Return every combination of the values on axes, the other parameters as in the cell.

    Parameters
    ----------
    cell : Cell
        Values of the parameters that do not vary.
    *axes : Axis
        Axes made by `axis`: parameters that change together, or labelled values.
    **parameters : array_like or Times
        One axis for each parameter: 1-D values, or multiples of the cell's own value by `times`.
        Dimensions are in the order of the arguments.

    Returns
    -------
    Grid
        A `Sweep`.

    Raises
    ------
    ValueError
        A parameter is unknown, is on two axes, or has a value outside its domain; an axis is empty;
        there are 2^63 points or more.

    Examples
    --------
    >>> import numpy as np, fastrest as fr
    >>> cell = fr.cells["mammalian neuron"]
    >>> sweep = fr.grid(cell, K_out=np.linspace(2, 12, 201), P_Na=fr.times([0.5, 1, 2]))
    >>> sweep.dims, sweep.shape
    (('K_out', 'P_Na'), (201, 3))
    """
    found = Grid(cell, (*axes, *[axis_of(name, x) for name, x in parameters.items()]))
    refuse_ratios(cell.model, found.inputs)
    warn_if_implausible(found.inputs)
    return found


def table(
    cell: Cell,
    data: Any,
    *,
    rename: Mapping[str, str] | None = None,
    keep: Sequence[str] = (),
) -> Table:
    """Return one point per row of a table, the other parameters as in the cell.

    Parameters
    ----------
    cell : Cell
        Values of the parameters that are not in the table.
    data : mapping or data frame
        Columns by parameter name: 1-D arrays of one length and any numeric dtype, stride and byte
        order, or one number for a whole column. Pandas, polars and xarray objects are accepted.
        Arrays are not copied: the table reads them each time it computes. If they change
        meanwhile, each result is that of some mixture of the values that its row had.
    rename : mapping of str to str, optional
        Parameter names of columns that have other names, as in ``{"[K]o": "K_out"}``.
    keep : sequence of str, optional
        Columns that are not parameters and are carried along.

    Returns
    -------
    Table
        A `Sweep`. A row with a value outside its domain has the potential NaN and a status bit.

    Raises
    ------
    ValueError
        A column is neither a parameter nor kept, has another length, or there are no rows.
    TypeError
        A column does not hold numbers.

    Examples
    --------
    >>> import numpy as np, fastrest as fr
    >>> rows = {"[K]o": [3.0, 5.0], "P_Na": [0.04, 0.02], "cell_id": ["a", "b"]}
    >>> sweep = fr.table(fr.cells["mammalian neuron"], rows, rename={"[K]o": "K_out"},
    ...                  keep=["cell_id"])
    >>> np.round(sweep.values(), 2)
    array([-73.95, -76.  ])
    """
    found = Table(cell, data, rename or {}, keep)
    refuse_ratios(cell.model, found.inputs)
    warn_if_implausible(found.inputs)
    return found
