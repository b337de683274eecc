"""A user's own distributions: those of scipy, histograms, and any quantile function."""

import math
import pickle
import subprocess
import sys

import numpy as np
import pytest

import fastrest as fr
from fastrest.distributions.scipy_frozen import as_distribution


class Own:
    """A distribution known by a function of probabilities alone."""

    def __init__(self, ppf, name="own"):
        self.ppf, self.name = ppf, name

    def __str__(self):
        return self.name


def test_as_distribution_takes_histograms_of_measured_samples():
    stats = pytest.importorskip("scipy.stats")
    sample = np.random.default_rng(3).gamma(20, 0.2, 500)
    frozen = stats.rv_histogram(np.histogram(sample, bins=20))
    one = as_distribution(frozen)
    assert one.bounds == (sample.min(), sample.max())
    u = np.random.default_rng(4).random(10_000)
    np.testing.assert_allclose(one.ppf(u), frozen.ppf(u), rtol=1e-12)


def test_as_distribution_takes_scipys_new_distributions_by_their_icdf():
    stats = pytest.importorskip("scipy.stats")
    if not hasattr(stats, "Normal"):
        pytest.skip("this scipy has no new distributions")
    one = as_distribution(stats.Normal(mu=5.0, sigma=2.0))
    u = np.random.default_rng(5).random(1000)
    np.testing.assert_allclose(one.ppf(u), stats.norm(5, 2).ppf(u), rtol=1e-12, atol=1e-12)
    assert one.bounds == (-math.inf, math.inf)
    assert repr(one) == "<Normal(mu=5.0, sigma=2.0)>"


def test_as_distribution_takes_a_quantile_function_alone():
    one = as_distribution(Own(lambda u: u**2))
    t = 2.0 ** -np.arange(1.0, 40.0)
    np.testing.assert_allclose(one.ppf(t), t**2, rtol=1e-12)
    np.testing.assert_allclose(one.ppf(1 - t), (1 - t) ** 2, rtol=1e-12)
    assert one.bounds == (0, 1)


@pytest.mark.parametrize(
    ("ppf", "message"),
    [
        (
            lambda u: np.where(abs(u - 0.2) < 0.1, np.nan, u),
            "quantiles must be finite, got nan at probab",
        ),
        (
            lambda u: np.where(abs(u - 0.8) < 0.1, np.inf, u),
            "quantiles must be finite, got inf at probab",
        ),
        (lambda u: np.where(abs(u - 0.4) < 0.05, 0.8 - u, u), "quantiles must not decrease"),
        (lambda u: u + 0.01 * np.sin(1000 * u), "quantiles must not decrease"),
        (lambda u: u + 1e-6 * np.floor(u * 1e5), "too rough: it takes more than 65536 polynomials"),
        (lambda u: np.array([0.0, 1.0]), "must give one quantile for each probability, got shape"),
        (
            lambda u: u + 0j,
            "fails with TypeError: real numbers are needed, got dtype complex",
        ),
        (lambda u: ["a"] * len(u), "the distribution fails with ValueError: could not convert"),
        (lambda u: -u, "bounds must be two numbers, low < high"),
        (lambda u: 0 * u + 3, "bounds must be two numbers, low < high"),
        (lambda u: u[:, None] * [1, 2], "bounds must be two numbers, low < high"),
    ],
)
def test_as_distribution_refuses_functions_that_give_no_quantiles(ppf, message):
    with pytest.raises(ValueError, match=message):
        as_distribution(Own(ppf))


def test_tabulated_distributions_compare_and_hash_by_value():
    one, same = (as_distribution(Own(lambda u: u**2)) for _ in range(2))
    other = as_distribution(Own(lambda u: u**3))
    named = as_distribution(Own(lambda u: u**2, "another"))
    assert one == same
    assert hash(one) == hash(same)
    assert one not in (other, named, one.scaled(2.0), fr.uniform(0, 1))
    assert one.table != 3
    assert one.table.lower != 3
    assert hash(one.table) == hash(same.table)
    assert repr(one) == "<own>"
    assert repr(one.scaled(2.0)) == "<2 times own>"
    assert repr(as_distribution(type("Nameless", (), {"ppf": staticmethod(np.sqrt)})())) == (
        "<Nameless>"
    )
    with pytest.raises(ValueError, match="read-only"):
        one.table.lower.coefs[0, 0] = 1
    with pytest.raises(AttributeError, match="cannot be changed"):
        one.table.lower = None


def test_times_of_a_tabulated_distribution():
    one = fr.times(Own(lambda u: 0.5 + u)).of(4.0)
    assert one.bounds == (2, 6)
    assert one.ppf([0, 0.25, 0.5, 1]) == pytest.approx([2, 3, 4, 6])


@pytest.mark.process
def test_tabulated_distributions_are_unpickled_without_scipy(tmp_path):
    stats = pytest.importorskip("scipy.stats")
    one = as_distribution(stats.gamma(2))
    (tmp_path / "one").write_bytes(pickle.dumps((one, one.ppf(0.3))))
    code = (
        "import pickle, sys; one, x = pickle.load(open(sys.argv[1], 'rb'));"
        "assert one.ppf(0.3) == x and 'scipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "one"], check=True)
