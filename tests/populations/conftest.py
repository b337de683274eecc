"""A population, and the same population counted by NumPy."""

import pytest

from helpers.populations import QUESTIONS, SPACE, Brute, N


@pytest.fixture(scope="module")
def pop():
    return SPACE.population(N, **QUESTIONS)


@pytest.fixture(scope="module")
def brute(pop):
    return Brute(pop, N)
