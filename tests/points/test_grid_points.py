"""The points of a grid: dimensions, order, and axes."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import fastrest as fr

NEURON = fr.cells["mammalian neuron"]


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


def test_grid_points_are_numbered_in_c_order():
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
def test_parameters_refuses_bad_indices(make):
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


def test_times_on_an_axis_multiplies_the_value_of_the_cell():
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
