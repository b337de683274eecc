"""Descriptions of sweeps as text, and their digests."""

import json

import numpy as np
import pytest

import fastrest as fr
from fastrest.nouns.sweep_kinds import KINDS
from fastrest.points import describe
from fastrest.runtime import storage
from helpers.counting import GRID, NEURON

pytestmark = pytest.mark.usefixtures("small_tasks")


def described(sweep):
    return describe.made(json.loads(json.dumps(describe.describe(sweep))), KINDS)


SULPHATE = fr.Cell(
    fr.GHK("K", "Na", fr.Ion("SO4", -2)),
    K_out=5, K_in=140, Na_out=145, Na_in=10, SO4_out=1, SO4_in=0.5, celsius=22,
    P_K=1, P_Na=1 / 3, P_SO4=1e-3, quoted=-70.1, threshold=-55.5, remark="Größe ≥ 5 µm",
)  # fmt: skip
GRIDS = {
    "plain": GRID,
    "integers": fr.grid(NEURON, K_out=[3, 5], celsius=[20, 37]),
    "coupled": fr.grid(NEURON, fr.axis("ringer", K_out=[3.0, 5.0], Na_out=[150, 148.0])),
    "labelled": fr.grid(
        NEURON,
        fr.axis("age", labels=["P7", "P21 · é", ""], K_in=[90.0, 120.0, 140.0]),
        fr.axis("dose", labels=[1, 2.5], P_Na=[0.01, 0.02]),
    ),
    "times": fr.grid(NEURON, K_out=fr.times([0.5, 1, 2]), P_Na=fr.times(np.array([1 / 3, 7]))),
    "passive": fr.grid(NEURON.passive("Cl"), K_out=[3.0, 5.0]),
    "chord": fr.grid(NEURON.to_chord(), K_out=[3.0, 5.0], g_Na=[0.1, 0.2]),
    "own ions": fr.grid(SULPHATE, SO4_out=[0.0, 1 / 3], K_out=[3.0, 5.0]),
    "odd numbers": fr.grid(
        NEURON, K_out=[5e-324, 2.2250738585072014e-308, 1 / 3, 0.1, 1e300, 0.0], P_Na=[1e-300, 1e22]
    ),
    "float32": fr.grid(NEURON, K_out=np.float32([0.1, 0.3])),
    **{name: fr.grid(cell, K_out=[1.0, 2.0]) for name, cell in fr.cells.items()},
}


@pytest.mark.parametrize("name", GRIDS)
def test_a_grid_equals_the_one_made_from_its_description(name):
    grid = GRIDS[name]

    again = described(grid)

    assert again == grid
    assert again.cell == grid.cell
    assert storage.digest(describe.describe(again)) == storage.digest(describe.describe(grid))
    assert again.values().tobytes() == grid.values().tobytes()
    assert [a.labels for a in again.axes] == [a.labels for a in grid.axes]


def test_every_grid_has_its_own_digest():
    assert len({storage.digest(describe.describe(grid)) for grid in GRIDS.values()}) == len(GRIDS)


def test_a_digest_depends_on_the_order_of_axes_but_not_of_keys():
    one, other = ({"K_out": [3.0, 5.0], "K_in": [90.0, 99.0]}, {"K_in": [90.0, 99.0]})
    other["K_out"] = [3.0, 5.0]
    first = describe.describe(fr.grid(NEURON, **one))

    assert storage.digest(first) != storage.digest(describe.describe(fr.grid(NEURON, **other)))
    assert storage.digest(dict(reversed(first.items()))) == storage.digest(first)


@pytest.mark.parametrize("label", [None, b"P7", 1j], ids=repr)
def test_a_label_that_cannot_be_saved_names_its_axis(path, label):
    grid = fr.grid(NEURON, fr.axis("age", labels=["P7", label], K_in=[90.0, 120.0]))

    with pytest.raises(TypeError, match=r"^axis 'age': labels must be text or numbers .* got "):
        describe.describe(grid)
    with pytest.raises(TypeError, match="axis 'age'"):
        grid.summary(checkpoint=path)
    assert grid.summary().n == 2


def test_a_digest_of_a_table_does_not_depend_on_the_layout_of_columns():
    K = np.float32([3.0, 5.25, 8.5])
    same = [K, K.astype("f8"), K.astype(">f4"), np.repeat(K, 2)[::2], K.tolist()]

    found = {storage.digest(describe.describe(fr.table(NEURON, {"K_out": one}))) for one in same}

    assert len(found) == 1
