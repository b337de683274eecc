"""Grids and tables: their points, their values, and whatever may stand in a table or take them."""

import contextlib
import copy
import itertools
import math
import pickle
import tracemalloc

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import fastrest as fr

NEURON = fr.cells["mammalian neuron"]
CALCIUM = fr.Cell(fr.GHK("K", "Na", "Cl", "Ca"), **NEURON, P_Ca=0.5, Ca_out=2.0, Ca_in=1e-4)
CELLS = {
    "neuron": NEURON,
    "pumped": NEURON.replace(pump_ratio=1.5),
    "passive": NEURON.passive("Cl"),
    "calcium": CALCIUM,
    "chord": NEURON.to_chord(),
    "six ions": fr.Cell(
        fr.GHK("K", "Na", "Cl", "HCO3", fr.Ion("NH4", 1), fr.Ion("Br", -1)),
        **NEURON,
        **{"P_HCO3": 0.1, "HCO3_out": 24.0, "HCO3_in": 12.0},
        **{"P_NH4": 0.2, "NH4_out": 0.1, "NH4_in": 0.2},
        **{"P_Br": 0.3, "Br_out": 1.0, "Br_in": 0.5},
    ),
    "no potassium": fr.Cell(
        fr.GHK("Na", "Cl"), **{n: v for n, v in NEURON.items() if "K" not in n and "pump" not in n}
    ),
}

#: Lengths around those of the kernels' chunks and the engine's blocks.
SIZES = [1, 3, 7, 8, 9, 255, 256, 257, 65535, 65536, 65537]
EVERY_CELL = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)


def bits(array):
    return np.ascontiguousarray(array).view(np.int64)


def assert_same_bits(found, expected):
    assert found.dtype == np.float64
    np.testing.assert_array_equal(bits(found), bits(expected))


def assert_same_potentials(found, expected):
    """Within 1e-12 mV, as promised up to 1 V; a few units in the last place beyond."""
    ordinary = np.abs(expected) <= 1000
    np.testing.assert_allclose(found[ordinary], expected[ordinary], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found[~ordinary], expected[~ordinary], rtol=4e-15, atol=0)


def table_of(grid):
    """The table of a grid's points."""
    return fr.table(grid.cell, grid.parameters(np.arange(len(grid))))


def random_table(cell, rows, seed=1):
    """Every parameter of a cell varied within its domain."""
    rng = np.random.default_rng(seed)
    columns = {n: v * rng.uniform(0.2, 5.0, rows) for n, v in cell.items()}
    columns["celsius"] = rng.uniform(0.0, 40.0, rows)
    return columns


def bad_table(cell, rows=4000, seed=2):
    """Every parameter of a cell, with every kind of bad or extreme value strewn in."""
    rng = np.random.default_rng(seed)
    strange = [0.0, -0.0, -1.0, math.nan, math.inf, -math.inf, 5e-324, 1e-300, 1e300]
    strange += [-5e-324, 310.15, -20.0, 100.0, np.nextafter(100.0, 101.0)]
    columns = random_table(cell, rows, seed)
    for values in columns.values():
        places = rng.random(rows) < 0.05
        values[places] = rng.choice(strange, places.sum())
    return columns


# ---- the points of a grid ----


def test_a_grid_has_a_dimension_for_every_axis_in_the_order_given():
    k = np.array([2.5, 5.0, 10.0])

    sweep = fr.grid(
        NEURON,
        fr.axis("ringer", K_out=k, Na_out=150 - k),
        fr.axis("state", K_in=[130.0, 140.0], labels=["low", "normal"]),
        P_Na=fr.times([0.5, 1, 2, 4]),
        celsius=[20, 37],
    )

    assert sweep.dims == ("ringer", "state", "P_Na", "celsius")
    assert sweep.shape == (3, 2, 4, 2)
    assert len(sweep) == 48
    assert sweep.cell == NEURON
    assert sweep.values().shape == sweep.shape
    assert sweep.status().shape == sweep.shape


def test_points_are_numbered_in_c_order():
    sweep = fr.grid(NEURON, fr.axis("ringer", K_out=[3, 5], Na_out=[147, 145]), P_Na=[0.01, 0.04])

    points = sweep.parameters([0, 1, 2, 3])
    one = sweep.parameters(2)
    square = sweep.parameters(np.array([[0, 1], [2, 3]]))

    assert {n: v.tolist() for n, v in points.items()} == {
        "K_out": [3, 3, 5, 5],
        "Na_out": [147, 147, 145, 145],
        "P_Na": [0.01, 0.04, 0.01, 0.04],
    }
    assert one == {"K_out": 5, "Na_out": 145, "P_Na": 0.01}
    assert square["K_out"].tolist() == [[3, 3], [5, 5]]


@pytest.mark.parametrize("make", [fr.grid, fr.table])
def test_points_that_are_not_there_are_refused(make):
    points = {"K_out": [3.0, 5.0]}
    sweep = make(NEURON, points) if make is fr.table else make(NEURON, **points)

    for bad in (2, -1, [0, 2]):
        with pytest.raises(IndexError, match="indices must be from 0 to 1, got"):
            sweep.parameters(bad)
    for bad in (0.5, [True], "a"):
        with pytest.raises(TypeError, match="indices must be whole numbers, got dtype"):
            sweep.parameters(bad)
    assert sweep.parameters([])["K_out"].shape == (0,)
    assert sweep.parameters(np.empty(0, int))["K_out"].shape == (0,)


def test_multiples_are_multiples_of_the_value_of_the_cell():
    sweep = fr.grid(NEURON, P_Na=fr.times([0.5, 1, 2]))

    assert sweep.parameters([0, 1, 2])["P_Na"].tolist() == [0.02, 0.04, 0.08]
    assert sweep == fr.grid(NEURON, P_Na=[0.02, 0.04, 0.08])


def test_a_coupled_axis_may_hold_multiples_and_the_temperature():
    sweep = fr.grid(NEURON, fr.axis("day", P_Na=fr.times([1, 3]), celsius=[20, 37]))

    V = sweep.values()

    assert V[0] == NEURON.replace(celsius=20).potential()
    assert V[1] == NEURON.replace(P_Na=fr.times(3)).potential()


def test_a_grid_keeps_its_own_values():
    k = np.array([3.0, 5.0])
    sweep = fr.grid(NEURON, K_out=k)

    k[:] = 8.0

    assert sweep.parameters([0, 1])["K_out"].tolist() == [3.0, 5.0]


def test_an_axis_keeps_its_own_values():
    k = np.array([3.0, 5.0])
    one = fr.axis("k", K_out=k)

    k[:] = 8.0

    assert fr.grid(NEURON, one).parameters([0, 1])["K_out"].tolist() == [3.0, 5.0]


@pytest.mark.parametrize(
    "values",
    [
        *[[3, 5], (3, 5), range(3, 6, 2), np.array([3, 5], "u1"), np.array([3, 5], ">f4")],
        *[pd.Series([3.0, 5.0]), xr.DataArray([3.0, 5.0], dims="x"), np.array([5.0, 3.0])[::-1]],
        *[np.array([3, 5], np.longdouble), np.ma.array([3, 5]), pd.array([3, 5], dtype="Int64")],
    ],
    ids=lambda values: f"{type(values).__name__} {getattr(values, 'dtype', '')}",
)
def test_any_sequence_of_numbers_is_an_axis(values):
    assert fr.grid(NEURON, K_out=values) == fr.grid(NEURON, K_out=[3.0, 5.0])


# ---- what a sweep says of itself ----


def test_a_factored_grid_says_its_points_memory_and_route():
    sweep = fr.grid(NEURON, K_out=np.linspace(2, 12, 2001), K_in=np.linspace(100, 150, 2001))

    text = repr(sweep)

    for part in ("4,004,001 points", "mammalian neuron", "K_out (2,001)", "2 ... 12 mM", "32 MB"):
        assert part in text
    assert "factored" in text
    assert sweep.route == "factored"


def test_a_pointwise_table_says_its_points_memory_and_route():
    sweep = fr.table(NEURON, {"K_out": np.ones(1000), "id": np.arange(1000)}, keep=["id"])

    text = repr(sweep)

    for part in ("1,000 points", "columns: K_out", "carried along: id", "8 kB", "pointwise"):
        assert part in text


def test_a_coupled_axis_names_all_its_parameters():
    text = repr(fr.grid(NEURON, fr.axis("ringer", K_out=[3, 5], Na_out=[147, 145])))

    for part in ("ringer (2)", "K_out 3 ... 5 mM", "Na_out 147 ... 145 mM"):
        assert part in text


SWEEPS = {
    "grid": lambda: fr.grid(NEURON, K_out=[3.0, 5.0], P_Na=fr.times([1.0, 2.0])),
    "labels": lambda: fr.grid(NEURON, fr.axis("state", K_out=[3.0, 5.0], labels=["a", "b"])),
    "table": lambda: fr.table(NEURON, {"K_out": np.array([3.0, math.nan, 5.0]), "P_Na": 0.1}),
    "kept": lambda: fr.table(
        NEURON,
        {"K_out": [3.0, 5.0], "id": ["a", "b"], "V_measured": [-70.0, math.nan]},
        keep=["id", "V_measured"],
    ),
}


@pytest.mark.parametrize("make", SWEEPS.values(), ids=SWEEPS)
@pytest.mark.parametrize(
    "again",
    [lambda sweep: pickle.loads(pickle.dumps(sweep)), copy.copy, copy.deepcopy],
    ids=["pickle", "copy", "deepcopy"],
)
def test_a_copy_of_a_sweep_is_the_same_sweep(make, again):
    sweep = make()
    other = again(sweep)

    assert other == sweep
    assert repr(other) == repr(sweep)
    assert_same_bits(other.values(), sweep.values())


def test_sweeps_are_equal_exactly_if_cell_points_and_labels_are():
    for one, other in itertools.combinations(SWEEPS, 2):
        assert SWEEPS[one]() != SWEEPS[other]()
    for make in SWEEPS.values():
        assert make() == make()
    grid = fr.grid(NEURON, K_out=[3.0, 5.0])
    assert grid == fr.grid(NEURON, K_out=[3, 5])
    assert grid != fr.grid(NEURON, K_out=[3.0, 6.0])
    assert grid != fr.grid(NEURON.replace(P_Na=0.1), K_out=[3.0, 5.0])
    assert grid != fr.grid(NEURON, K_in=[3.0, 5.0])
    assert grid != fr.grid(NEURON, fr.axis("k", K_out=[3.0, 5.0]))
    assert grid != fr.table(NEURON, {"K_out": [3.0, 5.0]})
    assert grid != "grid"
    table = fr.table(NEURON, {"K_out": [3.0, 5.0]})
    assert table != fr.table(NEURON, {"K_out": [3.0, 6.0]})
    assert table != fr.table(NEURON, {"K_out": [3.0, 5.0], "id": [1, 2]}, keep=["id"])


@pytest.mark.parametrize("make", SWEEPS.values(), ids=SWEEPS)
def test_a_sweep_cannot_be_changed_by_assignment(make):
    sweep = make()

    for name, value in [("cell", NEURON), ("shape", (1,)), ("dims", ("x",)), ("route", "x")]:
        with pytest.raises(AttributeError):
            setattr(sweep, name, value)
    assert sweep == make()


def test_a_sweep_cannot_be_changed_through_what_it_shows():
    grid, table = SWEEPS["labels"](), SWEEPS["kept"]()

    with contextlib.suppress(TypeError, AttributeError):
        grid.axes[0].parameters.clear()
    with contextlib.suppress(TypeError, AttributeError):
        table.kept.clear()
    for values in grid.parameters([0]).values():
        values[...] = 99.0

    assert grid == SWEEPS["labels"]()
    assert repr(grid) == repr(SWEEPS["labels"]())
    assert table == SWEEPS["kept"]()


def test_a_pickled_grid_is_small():
    sweep = fr.grid(NEURON, K_out=np.linspace(2, 12, 100), K_in=np.linspace(100, 150, 100))

    assert len(pickle.dumps(sweep)) < 10_000


# ---- the values of a grid ----

GRIDS = {
    "one axis": lambda cell: fr.grid(cell, Na_out=np.linspace(0.5, 200, 501)),
    "one point": lambda cell: fr.grid(cell, Na_out=[145.0]),
    "outside and inside": lambda cell: fr.grid(
        cell, Na_out=np.linspace(1, 200, 41), Na_in=np.linspace(1, 50, 43)
    ),
    "weight too": lambda cell: fr.grid(
        cell,
        **{
            f"{cell.model.weight}_Na": np.geomspace(0.01, 10, 9),
            "Na_out": np.linspace(1, 200, 17),
            "Na_in": np.linspace(1, 50, 15),
        },
    ),
    "celsius first": lambda cell: fr.grid(
        cell, celsius=[6.3, 20, 37], Na_out=np.linspace(1, 200, 23), Na_in=np.linspace(1, 50, 19)
    ),
    "celsius last": lambda cell: fr.grid(
        cell, Na_out=np.linspace(1, 200, 23), Na_in=np.linspace(1, 50, 19), celsius=[6.3, 20, 37]
    ),
    "coupled outside": lambda cell: fr.grid(
        cell,
        fr.axis("ringer", Na_out=np.linspace(100, 150, 21), celsius=np.linspace(0, 40, 21)),
        Na_in=np.linspace(1, 50, 31),
    ),
    "coupled across": lambda cell: fr.grid(
        cell,
        fr.axis("swap", Na_out=np.linspace(100, 150, 21), Na_in=np.linspace(50, 1, 21)),
        celsius=np.linspace(0, 40, 31),
    ),
    "multiples": lambda cell: fr.grid(
        cell,
        Na_in=fr.times(np.linspace(0.5, 2, 20)),
        **{f"{cell.model.weight}_Na": fr.times([0.5, 1, 2])},
        Na_out=fr.times(np.linspace(0.5, 2, 20)),
    ),
    "zeros": lambda cell: fr.grid(
        cell,
        **{f"{cell.model.weight}_Na": [0.0, 1.0]},
        Na_out=[0.0, 1.0, 1e-9, 150.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        Na_in=[0.0, 15.0, 1e-9, -0.0, 2.0, 3.0, 4.0, 5.0, 6.0],
    ),
    "huge": lambda cell: fr.grid(
        cell, Na_out=np.geomspace(1e-300, 1e300, 41), Na_in=np.geomspace(1e-300, 1e300, 43)
    ),
}


@EVERY_CELL
@pytest.mark.parametrize("make", GRIDS.values(), ids=GRIDS)
def test_a_grid_equals_the_table_of_the_same_points(cell, make):
    grid = make(cell)

    table = table_of(grid)

    np.testing.assert_array_equal(grid.status().ravel(), table.status())
    assert_same_potentials(grid.values().ravel(), table.values())


@EVERY_CELL
@pytest.mark.parametrize("make", GRIDS.values(), ids=GRIDS)
def test_a_grid_equals_the_broadcasting_call(cell, make):
    grid = make(cell)
    axes = {}
    for d, one in enumerate(grid.axes):
        shape = [-1 if i == d else 1 for i in range(len(grid.shape))]
        axes.update({n: grid.axis_values(n).reshape(shape) for n in one.parameters})

    expected = cell.model(**{**cell, **axes})

    assert_same_potentials(grid.values(), expected)


def test_axes_may_stand_in_any_order():
    k = np.linspace(2, 12, 13)
    axes = [
        fr.axis("ringer", K_out=k, Na_out=150 - k),
        fr.axis("P_Na", P_Na=[0.01, 0.04, 0.1]),
        fr.axis("inside", K_in=np.linspace(100, 150, 7), labels="abcdefg"),
        fr.axis("celsius", celsius=[20.0, 37.0]),
    ]
    expected = fr.grid(NEURON, *axes).values()

    for order in itertools.permutations(range(4)):
        sweep = fr.grid(NEURON, *(axes[i] for i in order))
        assert sweep.route == "factored"
        assert_same_bits(sweep.values(), expected.transpose(order))


@pytest.mark.parametrize(
    ("cell", "axes", "route"),
    [
        (NEURON, {"K_out": 50, "K_in": 50}, "factored"),
        (NEURON, {"K_out": 50, "Na_in": 50, "P_Na": 2, "celsius": 3}, "factored"),
        (NEURON, {"Cl_in": 50, "Cl_out": 50}, "factored"),
        (NEURON, {"K_out": 50, "celsius": 50}, "factored"),
        (NEURON.passive("Cl"), {"K_out": 50, "K_in": 50, "Cl_out": 3}, "factored"),
        (NEURON, {"K_out": 50}, "pointwise"),
        (NEURON, {"P_K": 50, "P_Na": 50}, "pointwise"),
        (NEURON, {"K_out": 50, "Na_out": 50}, "pointwise"),
        (CALCIUM, {"K_out": 50, "K_in": 50}, "pointwise"),
        (NEURON.to_chord(), {"K_out": 50, "K_in": 50}, "pointwise"),
    ],
    ids=str,
)
def test_a_grid_is_factored_where_that_saves_logarithms(cell, axes, route):
    sweep = fr.grid(cell, **{name: np.linspace(1, 50, n) for name, n in axes.items()})

    assert sweep.route == route


@pytest.mark.parametrize("name", ["P", "g"])
def test_an_ion_must_not_be_called_like_a_weight(name):
    # P_out would be an ion's permeability or another's concentration
    with pytest.raises(ValueError, match=f"an ion must not be called {name}"):
        fr.Ion(name, 1)


@pytest.mark.parametrize("points", SIZES)
def test_awkward_lengths_of_a_grid_are_computed_to_the_end(points):
    K_out = np.linspace(2.0, 12.0, points)

    V = fr.grid(NEURON, K_out=K_out).values()

    assert_same_bits(V, NEURON.model(**{**NEURON, "K_out": K_out}))


@pytest.mark.parametrize("shape", [(1, 1), (257, 257), (2, 65537), (65537, 2), (3, 5, 7, 11)])
def test_awkward_shapes_of_a_grid_are_computed_to_the_end(shape):
    names = ["K_out", "K_in", "Na_out", "Na_in"]
    axes = {n: NEURON[n] * np.linspace(0.5, 2, m) for n, m in zip(names, shape)}
    grid = fr.grid(NEURON, **axes)

    V = grid.values()

    expected = NEURON.model(**{**NEURON, **dict(zip(axes, np.ix_(*axes.values())))})
    assert_same_potentials(V, expected)


def test_a_grid_of_many_axes_works():
    names = list(NEURON)

    sweep = fr.grid(NEURON, **{name: [NEURON[name]] * 2 for name in names})

    assert sweep.shape == (2,) * 11
    np.testing.assert_allclose(sweep.values(), NEURON.potential(), rtol=0, atol=1e-12)


# ---- the values of a table ----


@EVERY_CELL
@pytest.mark.parametrize("rows", SIZES)
def test_a_table_equals_the_broadcasting_call(cell, rows):
    columns = random_table(cell, rows)

    sweep = fr.table(cell, columns)

    assert sweep.shape == (rows,)
    assert sweep.dims == ("row",)
    assert_same_bits(sweep.values(), cell.model(**columns))
    assert not sweep.status().any()


@EVERY_CELL
def test_engines_agree_on_ordinary_points(cell):
    sweep = fr.table(cell, random_table(cell, 3000))

    V = sweep.values()

    assert_same_potentials(sweep.values(engine="python"), V)
    for isa in fr.info()["supported"]:
        assert_same_bits(sweep.values(engine=isa), V)


@EVERY_CELL
def test_engines_agree_on_bad_and_extreme_points(cell):
    sweep = fr.table(cell, bad_table(cell))

    V, status = sweep.values(), sweep.status()

    np.testing.assert_array_equal(sweep.status(engine="python"), status)
    assert len(set(status.tolist())) >= 6
    assert_same_potentials(sweep.values(engine="python"), V)
    for isa in fr.info()["supported"]:
        np.testing.assert_array_equal(sweep.status(engine=isa), status)
        np.testing.assert_array_equal(sweep.values(engine=isa), V)


@EVERY_CELL
@pytest.mark.parametrize("make", GRIDS.values(), ids=GRIDS)
def test_engines_agree_on_grids(cell, make):
    grid = make(cell)

    V, status = grid.values(), grid.status()

    np.testing.assert_array_equal(grid.status(engine="python"), status)
    assert_same_potentials(grid.values(engine="python"), V)


def test_values_and_status_agree_on_which_points_are_bad():
    sweep = fr.table(NEURON, bad_table(NEURON))

    V, status = sweep.values(), sweep.status()

    infinite = status == fr.Status.INFINITE
    np.testing.assert_array_equal(np.isinf(V), infinite)
    np.testing.assert_array_equal(np.isnan(V), (status != 0) & ~infinite)


@pytest.mark.parametrize(
    ("row", "status", "V"),
    [
        ({}, 0, NEURON.potential()),
        ({"K_out": -0.0}, 0, NEURON.replace(K_out=0).potential()),
        ({"K_out": math.nan}, fr.Status.NOT_FINITE, math.nan),
        ({"K_out": math.inf}, fr.Status.NOT_FINITE, math.nan),
        ({"celsius": -math.inf}, fr.Status.NOT_FINITE, math.nan),
        ({"P_Na": -0.04}, fr.Status.NEGATIVE, math.nan),
        ({"K_out": -5e-324}, fr.Status.NEGATIVE, math.nan),
        ({"pump_ratio": -1.0}, fr.Status.NEGATIVE, math.nan),
        ({"celsius": 310.15}, fr.Status.TEMPERATURE, math.nan),
        ({"celsius": -20.5}, fr.Status.TEMPERATURE, math.nan),
        ({"K_out": -1.0, "celsius": 310.15}, fr.Status.NEGATIVE | fr.Status.TEMPERATURE, math.nan),
        ({"P_K": 0.0, "K_out": math.nan}, fr.Status.NOT_FINITE, math.nan),
        ({"P_K": 0.0, "P_Na": 0.0, "P_Cl": 0.0}, fr.Status.NO_PERMEANT, math.nan),
        ({"K_out": 0.0, "Na_out": 0.0, "Cl_in": 0.0}, fr.Status.INFINITE, -math.inf),
        ({"K_in": 0.0, "Na_in": 0.0, "Cl_out": 0.0}, fr.Status.INFINITE, math.inf),
        ({"P_K": 1e300, "K_out": 1e300}, fr.Status.RANGE, math.nan),
    ],
    ids=str,
)
def test_a_bad_row_has_its_status_and_spoils_no_other(row, status, V):
    columns = {name: [value, row.get(name, value), value] for name, value in NEURON.items()}

    sweep = fr.table(NEURON, columns)

    assert sweep.status().tolist() == [0, status, 0]
    np.testing.assert_array_equal(sweep.values(), [NEURON.potential(), V, NEURON.potential()])


# ---- what may stand in a table ----

COUNTS = np.arange(1, 101) % 50 + 1


def unaligned(values):
    array = np.empty(values.nbytes + 1, np.uint8)[1:].view(values.dtype)
    array[:] = values
    assert values.itemsize == 1 or not array.flags.aligned
    return array


def read_only(values):
    values = values.copy()
    values.flags.writeable = False
    return values


def field(values):
    rows = np.zeros(values.size, np.dtype([("flag", "u1"), ("K_out", values.dtype)]))
    rows["K_out"] = values
    return rows["K_out"]


LAYOUTS = {
    "contiguous": lambda v: v,
    "strided": lambda v: np.repeat(v, 3)[::3],
    "reversed": lambda v: v[::-1].copy()[::-1],
    "column of a C array": lambda v: np.stack([v, v, v], axis=1)[:, 1],
    "column of a Fortran array": lambda v: np.asfortranarray(np.stack([v, v], axis=1))[:, 1],
    "unaligned": unaligned,
    "read-only": read_only,
    "packed field": field,
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize(
    "dtype",
    [
        "f8",
        "f4",
        "f2",
        "i1",
        "i2",
        "i4",
        "i8",
        "u1",
        "u2",
        "u4",
        "u8",
        "g",
        ">f8",
        ">f4",
        ">f2",
        ">i2",
        ">i4",
        ">i8",
        ">u4",
        ">g",
        "<f8",
    ],
)
def test_any_dtype_and_layout_gives_the_bits_of_contiguous_float64(dtype, layout):
    values = COUNTS.astype(dtype)
    column = layout(values / 8 if values.dtype.kind == "f" else values)

    sweep = fr.table(NEURON, {"K_out": column, "Na_out": np.linspace(100, 150, 100)})

    plain = np.array(column.tolist() if dtype in ("g", ">g") else column, np.float64)
    expected = fr.table(NEURON, {"K_out": plain, "Na_out": np.linspace(100, 150, 100)})
    assert_same_bits(sweep.values(), expected.values())
    assert_same_bits(sweep.parameters(np.arange(100))["K_out"], plain)


@pytest.mark.parametrize("rows", SIZES)
@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", ">f8", "g"])
def test_columns_of_any_length_are_converted_to_the_end(rows, dtype):
    column = np.linspace(1, 50, 2 * rows).astype(dtype)[::-2]

    sweep = fr.table(NEURON, {"K_out": column})

    assert_same_bits(
        sweep.values(threads=2), NEURON.model(**{**NEURON, "K_out": column.astype(np.float64)})
    )


def test_a_long_double_beyond_doubles_is_a_bad_row():
    column = np.array(["1e400", "5"], np.longdouble)
    if not np.isfinite(column[0]):
        pytest.skip("long double is double here")

    sweep = fr.table(NEURON, {"K_out": column})

    assert sweep.status().tolist() == [fr.Status.NOT_FINITE, 0]


class Frame:
    """A data frame of another library: columns by name, which convert to NumPy."""

    class Column:
        def __init__(self, values):
            self.values = values

        def __array__(self, dtype=None, copy=None):
            return np.array(self.values, dtype)

    def __init__(self, columns):
        self.columns = list(columns)
        self._columns = columns

    def __getitem__(self, name):
        return self.Column(self._columns[name])


class Arrow(Frame):
    """A table like pyarrow's, whose `columns` are not names."""

    def __init__(self, columns):
        super().__init__(columns)
        self.column_names = list(columns)
        self.columns = [self[name] for name in columns]


FRAMES = {
    "dict of lists": dict,
    "dict of arrays": lambda c: {n: np.array(v) for n, v in c.items()},
    "pandas": pd.DataFrame,
    "pandas nullable": lambda c: pd.DataFrame(c).convert_dtypes(),
    "pandas with an index": lambda c: pd.DataFrame(c, index=["c", "a", "b"]),
    "pandas of objects to numbers": lambda c: pd.DataFrame(c).astype("Float32"),
    "records": lambda c: pd.DataFrame(c).to_records(index=False),
    "structured": lambda c: np.array(
        list(zip(*c.values())), [(n, np.array(v).dtype) for n, v in c.items()]
    ),
    "xarray": lambda c: xr.Dataset({n: ("row", v) for n, v in c.items()}),
    "like polars": Frame,
    "like pyarrow": Arrow,
}


@pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
def test_any_mapping_or_data_frame_is_a_table(make):
    columns = {"K_out": [3, 5, 8], "P_Na": [0.25, 0.125, 0.5]}

    sweep = fr.table(NEURON, make(columns))

    assert_same_bits(sweep.values(), NEURON.model(**{**NEURON, **columns}))


def test_a_series_of_text_columns_keeps_its_order_of_rows():
    frame = pd.DataFrame({"K_out": [3.0, 5.0, 8.0], "id": list("abc")}).sort_values(
        "K_out", ascending=False
    )

    sweep = fr.table(NEURON, frame, keep="id")

    assert sweep.to_dataframe()["id"].tolist() == ["c", "b", "a"]
    assert sweep.values()[0] == NEURON.replace(K_out=8.0).potential()


def test_missing_values_of_a_data_frame_are_bad_rows():
    frame = pd.DataFrame(
        {"K_out": pd.array([3, None, 5], dtype="Int64"), "Na_out": [145.0, 145.0, math.nan]}
    )

    sweep = fr.table(NEURON, frame)

    assert sweep.status().tolist() == [0, fr.Status.NOT_FINITE, fr.Status.NOT_FINITE]


@pytest.mark.parametrize("dtype", ["f8", "f4", "i4"])
def test_masked_elements_are_bad_rows(dtype):
    column = np.ma.array([3, 4, 5], mask=[0, 1, 0], dtype=dtype)

    sweep = fr.table(NEURON, {"K_out": column})

    assert sweep.status().tolist() == [0, fr.Status.NOT_FINITE, 0]
    assert math.isnan(sweep.values()[1])


def test_the_coordinates_of_a_dataset_are_columns_too():
    dataset = xr.Dataset(
        {"P_Na": ("cell", [0.01, 0.04])}, coords={"K_out": ("cell", [3.0, 8.0]), "celsius": 20.0}
    )

    sweep = fr.table(NEURON, dataset)

    expected = {"P_Na": [0.01, 0.04], "K_out": [3.0, 8.0], "celsius": 20.0}
    assert_same_bits(sweep.values(), NEURON.model(**{**NEURON, **expected}))


@pytest.mark.parametrize("scalar", [20, 20.0, np.float32(20), np.array(20.0)], ids=repr)
def test_a_number_stands_for_a_whole_column(scalar):
    sweep = fr.table(NEURON, {"celsius": scalar, "K_out": [3.0, 5.0]})

    assert_same_bits(
        sweep.values(), fr.table(NEURON.replace(celsius=20), {"K_out": [3, 5]}).values()
    )
    assert sweep.parameters([0, 1])["celsius"].tolist() == [20.0, 20.0]


def test_a_table_shows_its_inputs_as_they_are():
    K_out = np.array([3.0, 5.0])
    before = K_out.copy()

    fr.table(NEURON, {"K_out": K_out}).values()

    np.testing.assert_array_equal(K_out, before)
    assert K_out.flags.writeable


def test_columns_may_be_renamed():
    sweep = fr.table(NEURON, {"[K]o": [3.0, 5.0], "K_in": [140, 130]}, rename={"[K]o": "K_out"})

    assert sweep == fr.table(NEURON, {"K_out": [3.0, 5.0], "K_in": [140, 130]})


def test_columns_may_exchange_their_names():
    exchanged = fr.table(
        NEURON, {"K_out": [140.0], "K_in": [5.0]}, rename={"K_out": "K_in", "K_in": "K_out"}
    )

    assert exchanged.values()[0] == NEURON.potential()


def test_kept_columns_are_carried_along():
    sweep = fr.table(NEURON, {"K_out": [3.0, 5.0], "cell_id": ["a", "b"]}, keep=["cell_id"])

    assert sweep.to_dataframe()["cell_id"].tolist() == ["a", "b"]
    assert sweep.to_xarray().cell_id.values.tolist() == ["a", "b"]
    assert sweep.to_xarray().cell_id.dims == ("row",)


def test_a_kept_column_is_never_mistaken_for_an_input():
    # a parameter that is only carried along would stand beside a V that was computed without it
    with pytest.raises(ValueError, match="K_out"):
        fr.table(NEURON, {"K_out": [3.0, 8.0], "P_Na": [0.04, 0.1]}, keep=["K_out"])


def test_a_renamed_column_that_is_kept_is_refused_or_used():
    columns = {"[K]o": [3.0, 8.0], "P_Na": [0.04, 0.1]}
    used = fr.table(NEURON, columns, rename={"[K]o": "K_out"}).values()

    try:
        sweep = fr.table(NEURON, columns, rename={"[K]o": "K_out"}, keep=["[K]o"])
    except ValueError as error:
        assert "[K]o" in str(error)  # noqa: PT017
        return

    np.testing.assert_array_equal(sweep.values(), used)


@pytest.mark.parametrize("name", ["V", "status"])
def test_a_kept_column_called_like_a_result_is_refused_or_kept_apart(name):
    try:
        sweep = fr.table(NEURON, {"K_out": [3.0, 8.0], name: [1.0, 2.0]}, keep=[name])
    except ValueError as error:
        assert name in str(error)  # noqa: PT017
        return

    frame, dataset = sweep.to_dataframe(), sweep.to_xarray()

    np.testing.assert_array_equal(frame[name], getattr(sweep, "values" if name == "V" else name)())
    assert any(frame[column].tolist() == [1.0, 2.0] for column in frame)
    assert any(dataset[column].values.tolist() == [1.0, 2.0] for column in dataset.variables)


@pytest.mark.parametrize("name", ["V", "status"])
@pytest.mark.parametrize("labels", [None, ["a", "b"]], ids=["bare", "labelled"])
def test_an_axis_called_like_a_result_is_refused_when_the_sweep_is_made(name, labels):
    with pytest.raises(ValueError, match=name):
        fr.grid(NEURON, fr.axis(name, K_out=[3.0, 8.0], labels=labels))


# ---- dtype and out ----

SOME = {
    "factored": fr.grid(NEURON, K_out=np.linspace(2, 12, 60), K_in=np.linspace(100, 150, 70)),
    "pointwise": fr.grid(CALCIUM, K_out=np.linspace(2, 12, 60), K_in=np.linspace(100, 150, 70)),
    "table": fr.table(NEURON, random_table(NEURON, 4200)),
    "converted": fr.table(NEURON, {"K_out": np.linspace(2, 12, 4200).astype("f4")}),
}
LARGE = {
    "factored": fr.grid(NEURON, K_out=np.linspace(2, 12, 1100), K_in=np.linspace(100, 150, 1000)),
    "table": fr.table(NEURON, {"K_out": np.linspace(2, 12, 1_100_001)}),
}
EVERY_SWEEP = pytest.mark.parametrize("sweep", SOME.values(), ids=SOME)


@pytest.mark.parametrize("sweep", [*SOME.values(), *LARGE.values()], ids=[*SOME, *LARGE])
def test_float32_is_the_rounded_float64(sweep):
    V = sweep.values()

    for single in (sweep.values(dtype="float32"), sweep.values(out=np.empty(sweep.shape, "f4"))):
        assert single.dtype == np.float32
        np.testing.assert_array_equal(single, V.astype(np.float32))


def flat(shape, dtype):
    return np.full(shape, 7, dtype)


OUTS = {
    "contiguous": flat,
    "Fortran": lambda shape, dtype: np.full(shape, 7, dtype, order="F"),
    "strided": lambda shape, dtype: np.full((*shape[:-1], 2 * shape[-1]), 7, dtype)[..., ::2],
    "rows apart": lambda shape, dtype: np.full((2 * shape[0], *shape[1:]), 7, dtype)[::2],
    "reversed": lambda shape, dtype: np.full(shape, 7, dtype)[::-1],
    "reversed inside": lambda shape, dtype: np.full(shape, 7, dtype)[..., ::-1],
    "a field": lambda shape, dtype: np.zeros(shape, np.dtype([("a", "f8"), ("V", dtype)]))["V"],
    "off the cache line": lambda shape, dtype: np.full(math.prod(shape) + 1, 7, dtype)[1:].reshape(
        shape
    ),
}


@EVERY_SWEEP
@pytest.mark.parametrize("make", OUTS.values(), ids=OUTS)
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_out_of_any_layout_takes_the_values(sweep, make, dtype):
    out = make(sweep.shape, dtype)

    returned = sweep.values(out=out)

    assert returned is out
    np.testing.assert_array_equal(out, sweep.values().astype(dtype))


@pytest.mark.parametrize("sweep", LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("make", OUTS.values(), ids=OUTS)
def test_a_large_out_of_any_layout_takes_the_values_from_every_thread(sweep, make):
    out = make(sweep.shape, "f8")

    sweep.values(out=out, threads=3)

    assert_same_bits(out, sweep.values(threads=1))


@EVERY_SWEEP
@pytest.mark.parametrize(
    "part", [np.s_[:, ::2], np.s_[::-2], np.s_[1::2, -1::-3], np.s_[3:]], ids=str
)
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_out_leaves_the_memory_between_its_elements_alone(sweep, part, dtype):
    memory, mine = np.full((9000, 210), 7, dtype), np.zeros((9000, 210), bool)
    place = np.s_[:60, :70] if len(sweep.shape) == 2 else np.s_[:4200, 0]

    sweep.values(out=memory[part][place])

    mine[part][place] = True
    assert np.all(memory[~mine] == 7)
    np.testing.assert_array_equal(memory[part][place], sweep.values(dtype=dtype))


@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_a_memory_map_is_filled(tmp_path, dtype):
    sweep = SOME["factored"]
    path = tmp_path / "v.npy"
    out = np.lib.format.open_memmap(path, "w+", dtype, sweep.shape)

    sweep.values(out=out)
    out.flush()

    np.testing.assert_array_equal(np.load(path), sweep.values().astype(dtype))


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        (np.empty((3, 1)), ValueError, r"out must have shape \(3,\), got \(3, 1\)"),
        (np.empty(4), ValueError, r"out must have shape \(3,\), got \(4,\)"),
        (np.empty(3, "i8"), ValueError, r"out must be .*float64 or float32, got dtype int64"),
        (np.empty(3, ">f8"), ValueError, r"out must be .*float64 or float32, got dtype >f8"),
        (np.empty(3, "f2"), ValueError, r"out must be .*float64 or float32, got dtype float16"),
        (np.empty(3, "c16"), ValueError, r"out must be .*float64 or float32, got dtype complex"),
        (np.empty(3, object), ValueError, r"out must be .*float64 or float32, got dtype object"),
        (np.broadcast_to(0.0, 3), ValueError, r"out must be writeable, got a read-only array"),
        (read_only(np.empty(3)), ValueError, r"out must be writeable, got a read-only array"),
        (unaligned(np.zeros(3)), ValueError, r"out must be aligned"),
        ([0.0, 0.0, 0.0], TypeError, r"out must be a NumPy array, got list"),
        ("v.npy", TypeError, r"out must be a NumPy array, got str"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else type(value).__name__,
)
def test_an_out_that_cannot_be_used_is_refused(out, error, message):
    before = copy.deepcopy(out)

    with pytest.raises(error, match=message):
        fr.grid(NEURON, K_out=[3.0, 5.0, 8.0]).values(out=out)

    assert repr(out) == repr(before)


def test_a_masked_out_shows_every_value():
    # either refused, or no value stays behind a mask
    out = np.ma.masked_all(3)

    with contextlib.suppress(ValueError, TypeError):
        fr.grid(NEURON, K_out=[3.0, 5.0, 8.0]).values(out=out)
        assert not np.ma.getmaskarray(out).any()


@pytest.mark.parametrize(
    "dtype", ["f2", "i8", ">f8", "c16", "object", np.longdouble], ids=lambda d: np.dtype(d).str
)
def test_a_dtype_other_than_float64_and_float32_is_refused(dtype):
    with pytest.raises(ValueError, match=r"^dtype must be float64 or float32, got "):
        fr.grid(NEURON, K_out=[3.0]).values(dtype=dtype)


@pytest.mark.parametrize("part", [slice(None), slice(None, None, -1), slice(3, None), slice(0, 3)])
def test_out_must_not_share_memory_with_a_column(part):
    memory = np.linspace(3, 9, 6)
    column = memory[part]
    sweep = fr.table(NEURON, {"P_Na": np.ones(column.size), "K_out": column})
    out = memory[: column.size]
    if not np.shares_memory(out, column):
        sweep.values(out=out)
        return
    before = memory.copy()

    with pytest.raises(ValueError, match=r"^out must not share memory with K_out"):
        sweep.values(out=out)

    np.testing.assert_array_equal(memory, before)


def test_out_may_lie_between_the_elements_of_a_column():
    rows = np.full((1000, 3), 5.0)
    rows[:, 0] = np.linspace(1, 50, 1000)

    fr.table(NEURON, {"K_out": rows[:, 0], "Na_out": rows[:, 1]}).values(out=rows[:, 2])

    expected = NEURON.model(**{**NEURON, "K_out": rows[:, 0].copy(), "Na_out": 5.0})
    assert_same_bits(rows[:, 2], expected)
    np.testing.assert_array_equal(rows[:, 1], 5.0)


def test_out_may_be_the_memory_an_axis_was_made_of():
    K_out = np.linspace(1, 50, 100)
    sweep = fr.grid(NEURON, K_out=K_out)
    expected = sweep.values()

    sweep.values(out=K_out)

    assert_same_bits(K_out, expected)


# ---- answers with labels ----


def test_a_dataset_has_values_status_coordinates_and_units():
    sweep = fr.grid(NEURON, fr.axis("ringer", K_out=[3.0, 5.0], Na_out=[147.0, 145.0]),
                    P_Na=[0.01, 0.04, 0.1])  # fmt: skip

    dataset = sweep.to_xarray()

    assert set(dataset.data_vars) == {"V", "status"}
    assert dataset.V.dims == dataset.status.dims == ("ringer", "P_Na")
    assert dataset.V.attrs["units"] == "mV"
    np.testing.assert_array_equal(dataset.V, sweep.values())
    np.testing.assert_array_equal(dataset.status, sweep.status())
    assert dataset.status.dtype == np.uint8
    assert dataset.K_out.dims == dataset.Na_out.dims == ("ringer",)
    assert dataset.K_out.attrs["units"] == "mM"
    assert dataset.P_Na.dims == ("P_Na",)
    assert float(dataset.V.sel(P_Na=0.04)[1]) == NEURON.potential()


def test_a_dataset_holds_the_other_values_of_the_cell_as_scalars():
    dataset = fr.grid(NEURON, K_out=[3.0, 5.0]).to_xarray()

    assert set(dataset.coords) == set(NEURON)
    for name in set(NEURON) - {"K_out"}:
        assert dataset[name].ndim == 0
        assert float(dataset[name]) == NEURON[name]
    assert dataset.celsius.attrs["units"] == "°C"
    assert dataset.attrs["model"] == "GHK(K, Na, Cl)"
    assert dataset.attrs["source"] == NEURON.source


def test_a_dataset_explains_its_status():
    status = fr.table(NEURON, {"K_out": [-1.0]}).to_xarray().status

    names = status.attrs["flag_meanings"].split()

    assert dict(zip(names, status.attrs["flag_masks"])) == {b.name: b.value for b in fr.Status}


def test_labels_name_the_places_on_their_axis():
    state = fr.axis("state", K_out=[2.5, 4.5, 6.5], labels=["low", "normal", "high"])
    sweep = fr.grid(NEURON, state, P_Na=[0.01, 0.04])

    dataset, frame = sweep.to_xarray(), sweep.to_dataframe()

    assert dataset.state.values.tolist() == ["low", "normal", "high"]
    assert float(dataset.V.sel(state="high", P_Na=0.04)) == sweep.values()[2, 1]
    assert frame.state.tolist() == ["low", "low", "normal", "normal", "high", "high"]


def test_labels_of_an_axis_called_like_its_parameter_have_a_name_of_their_own():
    sweep = fr.grid(NEURON, fr.axis("K_out", K_out=[2.5, 4.5], labels=["low", "normal"]))

    dataset, frame = sweep.to_xarray(), sweep.to_dataframe()

    assert dataset.K_out.values.tolist() == [2.5, 4.5]
    assert dataset.K_out_label.values.tolist() == ["low", "normal"]
    assert frame.K_out_label.tolist() == ["low", "normal"]


def test_a_dataset_survives_a_netcdf_like_round_trip():
    dataset = fr.grid(NEURON.passive("Cl"), K_out=[3.0, 5.0]).to_xarray()

    again = xr.Dataset.from_dict(dataset.to_dict())

    assert dataset.identical(again)
    for value in [*dataset.attrs.values(), *dataset.V.attrs.values()]:
        assert isinstance(value, str | float | int)


def test_a_data_frame_has_a_row_for_every_point():
    sweep = fr.grid(NEURON, fr.axis("ringer", K_out=[3.0, 5.0], Na_out=[147.0, 145.0]),
                    P_Na=[0.01, 0.04, 0.1])  # fmt: skip

    frame = sweep.to_dataframe()

    assert list(frame.columns) == ["K_out", "Na_out", "P_Na", "V", "status"]
    assert len(frame) == len(sweep)
    np.testing.assert_array_equal(frame.V, sweep.values().ravel())
    np.testing.assert_array_equal(frame.V, NEURON.model(
        **{**NEURON, "K_out": frame.K_out.values, "Na_out": frame.Na_out.values,
           "P_Na": frame.P_Na.values}))  # fmt: skip


def test_a_data_frame_of_a_table_keeps_its_columns():
    frame = fr.table(
        NEURON, {"K_out": [3, -5], "id": ["a", "b"], "celsius": 37}, keep=["id"]
    ).to_dataframe()

    assert list(frame.columns) == ["id", "K_out", "celsius", "V", "status"]
    assert frame.status.tolist() == [0, fr.Status.NEGATIVE]
    assert math.isnan(frame.V[1])
    assert frame.celsius.tolist() == [37, 37]


@pytest.mark.parametrize("dtype", [">f8", ">f4", ">f2", "=f2", ">i4", ">u2"])
def test_results_hold_columns_as_pandas_and_netcdf_take_them(dtype):
    columns = {"K_out": np.array([3, 5], dtype), "kept": np.array([7, 8], dtype)}
    sweep = fr.table(NEURON, columns, keep=["kept"])

    frame, dataset = sweep.to_dataframe(), sweep.to_xarray()

    for name, values in columns.items():
        for result in (frame[name], dataset[name]):
            assert result.dtype.isnative
            assert result.dtype != np.float16
            np.testing.assert_array_equal(result, values)


def test_changing_a_result_changes_no_input():
    columns = {"K_out": np.array([3.0, 5.0]), "kept": np.array([7, 8])}
    sweep = fr.table(NEURON, columns, keep=["kept"])

    frame, dataset = sweep.to_dataframe(), sweep.to_xarray()
    for name in columns:
        frame.loc[:, name] = 0
        dataset[name][:] = 0

    assert columns["K_out"].tolist() == [3.0, 5.0]
    assert columns["kept"].tolist() == [7, 8]


def test_masked_elements_of_a_kept_column_are_missing_in_results():
    def make(mask):
        kept = np.ma.array([7, 8], mask=mask)
        return fr.table(NEURON, {"K_out": [3.0, 5.0], "kept": kept}, keep=["kept"])

    sweep = make([0, 1])

    for result in (sweep.to_dataframe(), sweep.to_xarray()):
        np.testing.assert_array_equal(result["kept"], [7, np.nan])
    assert sweep == make([0, 1])
    assert sweep != make([0, 0])


@pytest.mark.parametrize("make", SWEEPS.values(), ids=SWEEPS)
def test_answers_take_the_options_of_values(make):
    sweep = make()
    calls = []

    def options():
        return {"threads": 2, "progress": lambda *call: calls.append(call), "max_memory": 10**6}

    dataset = sweep.to_xarray(**options(), engine="base")
    frame = sweep.to_dataframe(**options(), engine="python")
    sweep.status(**options())

    np.testing.assert_array_equal(dataset.V, sweep.values(engine="base"))
    np.testing.assert_array_equal(frame.V, sweep.values(engine="python").ravel())
    assert calls.count((len(sweep), len(sweep))) >= 3


@pytest.mark.parametrize("bytes_per_point", [9, 20, 33, 40, 50, 66, 90, 120])
def test_a_data_frame_takes_no_more_memory_than_it_was_allowed(bytes_per_point):
    values = np.linspace(1, 50, 60)
    sweep = fr.grid(NEURON, K_out=values, K_in=values, P_Na=values)
    allowed = bytes_per_point * len(sweep)
    fr.grid(NEURON, K_out=values).to_dataframe()  # imports pandas

    tracemalloc.start()
    try:
        with contextlib.suppress(MemoryError):
            sweep.to_dataframe(max_memory=allowed)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 1.1 * allowed
