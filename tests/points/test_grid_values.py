"""The values of a grid: those of the table of its points, on every route."""

import itertools

import numpy as np
import pytest

import fastrest as fr
from helpers.sweeps import CALCIUM, EVERY_CELL, SIZES, assert_same_bits, assert_same_potentials

NEURON = fr.cells["mammalian neuron"]


def table_of(grid):
    """Return the table of a grid's points."""
    return fr.table(grid.cell, grid.parameters(np.arange(len(grid))))


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


def test_the_order_of_axes_does_not_change_grid_values():
    k = np.linspace(2, 12, 13)
    axes = [
        fr.axis("ringer", K_out=k, Na_out=150 - k),
        fr.axis("P_Na", P_Na=[0.01, 0.04, 0.1]),
        fr.axis("inside", K_in=np.linspace(100, 150, 7), labels=[*"abcdefg"]),
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
    with pytest.raises(ValueError, match=f"an ion must not be named {name}"):
        fr.Ion(name, 1)


@pytest.mark.parametrize("points", SIZES)
def test_a_grid_of_awkward_length_is_computed_to_the_end(points):
    K_out = np.linspace(2.0, 12.0, points)

    V = fr.grid(NEURON, K_out=K_out).values()

    assert_same_bits(V, NEURON.model(**{**NEURON, "K_out": K_out}))


@pytest.mark.parametrize("shape", [(1, 1), (257, 257), (2, 65537), (65537, 2), (3, 5, 7, 11)])
def test_a_grid_of_awkward_shape_is_computed_to_the_end(shape):
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


@EVERY_CELL
@pytest.mark.parametrize("make", GRIDS.values(), ids=GRIDS)
def test_engines_agree_on_grids(cell, make):
    grid = make(cell)

    V, status = grid.values(), grid.status()

    np.testing.assert_array_equal(grid.status(engine="python"), status)
    assert_same_potentials(grid.values(engine="python"), V)
