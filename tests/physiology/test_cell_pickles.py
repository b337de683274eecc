"""Cells and tables of pickles are checked as new ones are."""

import copy
import copyreg
import pickle

import numpy as np
import pytest

import fastrest as fr

CELL = fr.cells["mammalian neuron"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"K_out": -1.0}, "K_out must be >= 0 mM, got -1.0"),
        ({"P_Ca": 1.0}, "P_Ca"),
        ({"celsius": "warm"}, "celsius must be a number"),
    ],
)
def test_a_pickled_cell_with_changed_values_is_refused(changed, message):
    state = {**vars(CELL), "_values": {**CELL, **changed}}
    data = pickle.dumps(_Pickled(state))
    with pytest.raises((ValueError, TypeError), match=message):
        pickle.loads(data)


class _Pickled:
    """An object whose pickle is that of a cell with some state."""

    def __init__(self, state):
        self.state = state

    def __reduce__(self):
        return copyreg._reconstructor, (fr.Cell, object, None), self.state


def test_an_unchanged_cell_survives_pickles_and_copies():
    assert pickle.loads(pickle.dumps(_Pickled(vars(CELL)))) == CELL
    assert pickle.loads(pickle.dumps(CELL)) == copy.copy(CELL) == copy.deepcopy(CELL) == CELL


def test_a_pickled_table_with_changed_columns_is_refused():
    table = fr.table(CELL, {"K_out": [3.0, 5.0]})
    vars(table)["inputs"] = {"K_out": np.array([3.0, 5.0]), "P_Na": np.array([1.0])}
    with pytest.raises(ValueError, match=r"P_Na.* has 1 rows"):
        pickle.loads(pickle.dumps(table))
