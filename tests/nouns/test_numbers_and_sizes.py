"""One rule of what a number is, at every door; sizes refused before memory is taken; few words."""

import decimal
import fractions
import pydoc

import numpy as np
import pandas as pd
import pytest

import fastrest as fr

NEURON = fr.cells["mammalian neuron"]
GRID = fr.grid(NEURON, K_out=[3.0, 5.0, 8.0])

NO_NUMBERS = [
    10**400,
    -(10**4000),
    np.timedelta64(5),
    pd.Timedelta(5),
    np.datetime64("2020-01-01"),
    5 + 0j,
    True,
    np.True_,
    "5",
    "５",
    b"5",
    {},
    {5.0},
    object(),
]
#: Doors for one number, each with the name that its errors have.
DOORS = {
    "K_out": lambda x: NEURON.replace(K_out=x),
    "celsius": lambda x: NEURON.replace(celsius=x),
    "low": lambda x: fr.uniform(x, 8),
    "high": lambda x: fr.uniform(3, x),
    "sd": lambda x: fr.normal(mean=5, sd=x),
    "mean": lambda x: fr.normal(mean=x, sd=1),
    "normal: low": lambda x: fr.normal(mean=5, sd=1, low=x),
    "median": lambda x: fr.lognormal(median=x, sigma_log=0.1),
    "low of": lambda x: fr.between(x, -60),
    "constant": lambda x: fr.affine(x, K_out=1),
    "threshold": lambda x: GRID.classify(x),
    "range": lambda x: GRID.histogram(bins=10, range=(x, 0)),
    "below": lambda x: GRID.fraction(below=x),
    "q": lambda x: GRID.quantile(x),
    "bins": lambda x: GRID.histogram(bins=x),
    "threads": lambda x: GRID.values(threads=x),
    "z": lambda x: fr.nernst(z=x, c_out=5, c_in=140, celsius=37),
    "c_out": lambda x: fr.nernst(z=1, c_out=x, c_in=140, celsius=37),
    "z of X": lambda x: fr.Ion("X", x),
    "fr.times": lambda x: fr.times(x),
    "dtype": lambda x: GRID.values(dtype=x),
    "n": lambda x: fr.space(NEURON, K_out=fr.uniform(3, 8)).sample(x),
}


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("name", DOORS)
def test_every_door_refuses_what_is_no_number_in_few_words(name, value):
    with pytest.raises((TypeError, ValueError)) as caught:
        DOORS[name](value)
    assert name.split()[0].removesuffix(":") in str(caught.value)
    assert len(str(caught.value)) < 400


def test_integers_that_python_does_not_write_are_refused_too():
    with pytest.raises(ValueError, match="K_out must be finite, got a number beyond 1e308"):
        NEURON.replace(K_out=10**5000)
    with pytest.raises(ValueError, match=r"threads must be at most .* too long to write"):
        GRID.values(threads=10**5000)


@pytest.mark.parametrize(
    "value",
    [decimal.Decimal(5), fractions.Fraction(5), np.float32(5), np.int8(5), np.array(5.0)],
    ids=lambda value: type(value).__name__,
)
def test_every_real_number_is_taken(value):
    assert NEURON.replace(K_out=value).potential() == NEURON.replace(K_out=5.0).potential()
    assert fr.grid(NEURON, K_out=[value, value]).values()[0] == NEURON.replace(K_out=5).potential()
    assert fr.uniform(value, 8) == fr.uniform(5.0, 8)


@pytest.mark.parametrize("value", [True, np.False_, None, 1j, "5"], ids=repr)
def test_a_list_holds_numbers_alone(value):
    for given in ([3.0, value], (value, 3), [3, value]):
        with pytest.raises(TypeError, match="K_out must be numbers"):
            fr.grid(NEURON, K_out=given)


@pytest.mark.parametrize(
    ("ask", "name"),
    [
        (lambda n: GRID.histogram(bins=n), "bins"),
        (lambda n: GRID.values(threads=n), "threads"),
        (lambda n: GRID.part(1, n), "n"),
    ],
    ids=["bins", "threads", "parts"],
)
@pytest.mark.parametrize("n", [10**9, 10**30])
def test_impossible_sizes_are_refused_by_name(ask, name, n):
    with pytest.raises(ValueError, match=f"^{name} must be at most [0-9,]+, got {n}"):
        ask(n)


def test_more_quantiles_than_are_useful_are_refused_before_any_pass():
    with pytest.raises(ValueError, match="q must have at most 100,000 elements, got 1,000,000"):
        GRID.quantile(np.full(10**6, 0.5))
    assert GRID.quantile(np.full(1000, 0.5)).tolist() == [GRID.quantile(0.5)] * 1000


@pytest.mark.parametrize("labels", ["abc", b"abc", {"a", "b", "c"}, {"a": 1, "b": 2, "c": 3}, 3])
def test_labels_have_an_order(labels):
    with pytest.raises(TypeError, match="axis 'ringer': labels must be a sequence, got"):
        fr.axis("ringer", labels=labels, K_out=[3.0, 5.0, 8.0])


@pytest.mark.parametrize("dtype", [5, "nonsense", "int32", [5], object(), True])
def test_a_bad_dtype_is_refused_by_name(dtype):
    with pytest.raises(ValueError, match="dtype must be float64 or float32, got"):
        GRID.values(dtype=dtype)


@pytest.mark.parametrize(("name", "near"), [("K+", "K"), ("Ca2+", "Ca"), ("HCO3-", "HCO3")])
def test_an_ion_with_its_charge_is_no_hint_at_another_ion(name, near):
    with pytest.raises(ValueError, match=f"did you mean {near}[?]$"):
        fr.GHK(name)


@pytest.mark.parametrize("name", ["ghk", "nernst", "Histogram", "Quantile"])
def test_help_shows_names_of_types_and_not_what_they_stand_for(name):
    signature = pydoc.plain(pydoc.render_doc(getattr(fr, name))).split("\n")[2]
    assert "numpy._typing" not in signature
    assert len(signature) < 700


def test_a_population_has_limits_of_conditions_and_criteria():
    space = fr.space(NEURON, K_out=fr.uniform(3, 8))
    many = {f"c{i}": {"K_out": 5.0} for i in range(1001)}
    with pytest.raises(ValueError, match="conditions must be at most 1,000, got 1,001"):
        space.population(10, conditions=many)
    with pytest.raises(ValueError, match="accept must have at most 500 criteria"):
        space.population(10, accept=[fr.between(-80 - i, -60) for i in range(501)])
