"""Sorted numbers with an index, and the arrays of it that the kernels read."""

import numpy as np
import pytest

from fastrest._core import _kernels
from fastrest._core.edges import Edges, SortedIndex, count_pairs

MODERATE = np.array([-90.0, -70.5, -70.0, -12.0, 40.0])


@pytest.mark.parametrize(
    "numbers",
    [MODERATE, np.array([3.0]), np.array([1.0, 1.0]), np.array([-1.7e308, 1.7e308]),
     np.linspace(0, 1, 5000) ** 3],
    ids=["moderate", "one", "equal", "far apart", "many"],
)  # fmt: skip
def test_the_index_counts_the_numbers_below_each_cell(numbers):
    index = SortedIndex(numbers)
    with np.errstate(over="ignore", invalid="ignore"):
        places = np.nan_to_num((numbers - numbers[0]) * index.scale)
    cells = np.clip(places, 0, index.n_cells).astype(int)
    expected = [(cells < cell).sum() for cell in range(index.n_cells + 2)]
    assert index.first.tolist() == expected
    assert index.first.dtype == np.int32
    assert np.isfinite(index.scale)


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        (np.empty(0), "1-D array of float64, not empty"),
        (np.ones((2, 2)), "1-D array of float64, not empty"),
        (np.arange(3), "1-D array of float64, not empty"),
        (np.array([1.0, 1.0]), "finite and increasing"),
        (np.array([2.0, 1.0]), "finite and increasing"),
        (np.array([0.0, np.inf]), "finite and increasing"),
        (np.array([np.nan]), "finite and increasing"),
    ],
)
def test_edges_that_cannot_be_counted_between_are_refused(edges, message):
    with pytest.raises(ValueError, match=message):
        Edges(edges)


def test_edges_have_ratios_where_they_help():
    assert Edges(MODERATE).ratios is None
    np.testing.assert_allclose(Edges(MODERATE, 25.0).ratios, np.exp(MODERATE / 25.0), 1e-15)
    assert Edges(np.array([1e5]), 25.0).ratios is None  # beyond the doubles


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("first", np.zeros(3, np.int32), ValueError),
        ("first", np.zeros(1026), TypeError),
        ("first", None, TypeError),
        ("numbers", np.ones(5, np.float32), TypeError),
        ("numbers", np.ones(10)[::2], TypeError),
        ("ratios", np.ones(4), ValueError),
    ],
)
def test_the_kernels_read_no_array_beyond_its_end(name, value, error):
    edges = Edges(MODERATE, 25.0)
    setattr(edges, name, value)
    columns = [0.0, 1.0, 26.0]
    with pytest.raises(error, match="array"):
        _kernels.Equation("separable").reduce(columns, 0, 1, edges)


def test_pairs_are_those_of_two_loops():
    a, b = np.sort(np.random.default_rng(1).normal(size=(2, 70)))
    edges = np.array([-30.0, 0.0, 30.0])
    V = 25.0 * (a[:, None] - b)
    assert count_pairs(25.0, a, b, edges).tolist() == [(edge > V).sum() for edge in edges]
