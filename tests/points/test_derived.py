"""Derived parameters: their values in the kernel and by definition, texts, and errors."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastrest as fr
from fastrest._core import _kernels, _samples
from fastrest.nouns.sweep_kinds import KINDS
from fastrest.points import describe
from fastrest.points.derived import Linear, derived_of

CELL = fr.cells["mammalian neuron"]
MUSCLE = fr.cells["mammalian skeletal muscle"]


def space(**more):
    inputs = {"K_out": fr.uniform(2.5, 8), "Cl_in": fr.lognormal(cv=0.3)}
    return fr.space(CELL, **inputs, **more)


BOTH = {"Na_out": fr.affine(150, K_out=-1), "K_in": fr.electroneutral(charge=-148)}


@pytest.mark.parametrize("method", ["random", "sobol", "lhs"])
@pytest.mark.parametrize("isa", _kernels.SUPPORTED)
def test_derived_parameters_of_the_kernel_equal_the_definition(method, isa):
    sample = space(**BOTH).sample(1000, rng=1, method=method)
    x = sample.parameters(np.arange(1000))
    assert list(x) == ["K_out", "Cl_in", "Na_out", "K_in"]
    np.testing.assert_array_equal(x["Na_out"], 150 - x["K_out"])
    np.testing.assert_array_equal(x["K_in"], 133 + x["Cl_in"])
    V = sample.values(engine=isa)
    np.testing.assert_array_equal(V, fr.table(CELL, x).values())
    np.testing.assert_allclose(V, sample.values(engine="python"), rtol=0, atol=1e-12)


def test_electroneutral_and_affine_balance_inside_and_bath():
    x = space(**BOTH).sample(5000, rng=2).parameters(np.arange(5000))
    charge = x["K_in"] + CELL["Na_in"] - x["Cl_in"] - 148
    assert np.abs(charge).max() < 1e-12
    assert np.abs(x["K_out"] + x["Na_out"] - 150).max() < 1e-12


def test_electroneutral_counts_divalents_twice():
    cell = fr.Cell(fr.GHK("K", "Na", "Cl", "Ca"), **CELL, P_Ca=0.1, Ca_out=2.0, Ca_in=1e-4)
    made = fr.space(cell, K_out=fr.uniform(3, 6), Cl_out=fr.electroneutral(charge=-40))
    # K + Na + 2 Ca - Cl - 40 = 0
    assert made.derived["Cl_out"] == Linear(145 + 2 * 2.0 - 40, {"K_out": 1.0})
    other = fr.space(cell, K_out=fr.uniform(3, 6), Ca_out=fr.electroneutral(charge=0))
    assert other.derived["Ca_out"] == Linear((110 - 145) / 2, {"K_out": -0.5})


def test_derived_parameter_may_follow_from_an_earlier_one():
    made = space(Na_out=fr.affine(150, K_out=-1), Cl_out=fr.electroneutral(charge=-30))
    # Cl = K + Na - 30 = 120, whatever K is
    assert made.derived["Cl_out"] == Linear(120.0, {})
    x = made.sample(100, rng=1).parameters(np.arange(100))
    assert (x["Cl_out"] == 120.0).all()


@pytest.mark.property
@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(
    constant=st.floats(-200, 200),
    factors=st.lists(st.floats(-3, 3), min_size=3, max_size=3),
    correlated=st.booleans(),
)
def test_affine_parameter_is_its_sum(constant, factors, correlated):
    names = ("K_out", "Na_out", "Na_in")
    made = fr.space(
        CELL,
        K_out=fr.uniform(3, 6),
        Na_out=fr.normal(sd=5, low=0),
        correlation={("K_out", "Na_out"): -0.5} if correlated else None,
        K_in=fr.affine(constant, **dict(zip(names, factors))),
    )
    x = made.sample(50, rng=1).parameters(np.arange(50))
    expected = constant + factors[2] * CELL["Na_in"]
    expected = expected + factors[0] * x["K_out"] + factors[1] * x["Na_out"]
    np.testing.assert_allclose(x["K_in"], expected, rtol=1e-13, atol=1e-12)


def test_affine_values_outside_the_domain_are_counted():
    made = fr.space(CELL, K_out=fr.uniform(0, 10), Na_out=fr.affine(5, K_out=-1))
    s = made.sample(10_000, rng=1).summary()
    assert s.invalid["NEGATIVE"] == pytest.approx(5000, abs=300)
    assert s.n + s.invalid["NEGATIVE"] == 10_000


def test_derived_parameters_follow_in_evaluate_and_swings():
    made = space(**BOTH)
    sample = made.sample(500, rng=3)
    x = sample.parameters(np.arange(500))
    rows = np.stack([x[name] for name in made.names], axis=1)
    np.testing.assert_array_equal(made.evaluate(rows), sample.values())
    swings = made.swings()
    low = CELL.replace(K_out=swings.low[0], Na_out=150 - swings.low[0], K_in=140.0)
    assert swings.V_low[0] == pytest.approx(low.potential(), abs=1e-10)


def test_derived_parameters_stay_in_spaces_and_samples():
    made = space(**BOTH)
    assert pickle.loads(pickle.dumps(made)) == made != space()
    assert hash(made) == hash(space(**BOTH))
    sample = made.sample(100, rng=1)
    assert describe.made(describe.describe(sample), KINDS) == sample
    assert "Na_out: affine(150, K_out=-1)" in repr(made)
    assert "K_in: electroneutral(charge=-148)" in repr(sample)


def test_derived_parameters_gradients_hold_the_others():
    sample = space(**BOTH).sample(100, rng=1)
    table = fr.table(CELL, sample.parameters(np.arange(100)))
    for name, slopes in sample.gradient("Na_out", "K_out").items():
        np.testing.assert_array_equal(slopes, table.gradient(name)[name])


@pytest.mark.parametrize("text", ["affine:150.0,Na_out=-1.0", "electroneutral:charge=-148.0"])
def test_derived_of_reads_its_own_text(text):
    one = derived_of(text)
    assert one.text == text
    assert derived_of(one.text) == one


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fr.affine(1), "affine needs another parameter, as in"),
        (lambda: fr.affine(np.nan, K_out=1), "affine: constant must be finite, got nan"),
        (lambda: fr.affine(1, K_out=np.inf), "affine: factor of K_out must be finite, got inf"),
        (lambda: fr.electroneutral(charge=np.inf), "electroneutral: charge must be finite"),
        (lambda: space(Na_in=fr.affine(1, Q=2)), "Na_in: unknown parameter 'Q'"),
        (lambda: space(Na_in=fr.affine(1, Na_in=2)), "Na_in cannot follow from itself"),
        (
            lambda: fr.space(CELL, K_out=fr.affine(1, Na_out=2)),
            "a space needs an input with a distribution beside K_out",
        ),
        (
            lambda: space(Na_in=fr.affine(1, Na_out=2), Na_out=fr.affine(3, K_out=1)),
            "Na_in follows from Na_out, which is derived too: give Na_out first",
        ),
        (lambda: space(P_K=fr.electroneutral(charge=1)), "electroneutral is for concentrations"),
        (
            lambda: fr.space(MUSCLE, K_out=fr.uniform(3, 6), K_in=fr.electroneutral(charge=1)),
            "electroneutral needs every ion's inside concentration, and that of Cl follows from V",
        ),
        (lambda: space(**BOTH).sobol(), "Sobol' indices are not computed where parameters are"),
        (lambda: space(**BOTH).dgsm(64), "derivative-based measures are not computed where"),
        (lambda: derived_of("afine:1,K_out=2"), "unknown derived parameter 'afine'"),
        (lambda: derived_of("affine:1"), "affine takes CONSTANT,NAME=FACTOR"),
        (lambda: derived_of("affine:K_out=2"), "affine takes CONSTANT,NAME=FACTOR"),
        (lambda: derived_of("affine:1,K_out=a"), "'a' is not a number"),
        (lambda: derived_of("affine:1,K_out=1,K_out=2"), "a parameter is given twice"),
        (lambda: derived_of("electroneutral:3"), "electroneutral takes charge="),
    ],
)
def test_derived_parameters_refuse_mistakes(make, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        make()


def test_kernel_sample_refuses_derived_tables_of_another_shape():
    one = fr.uniform(0, 1).quantile
    with pytest.raises(ValueError, match="of shape"):
        _samples.Sample("random", 10, [one], derived=np.zeros((1, 3)))
    with pytest.raises(ValueError, match="1 to 38 inputs"):
        _samples.Sample("random", 10, [one] * 38, derived=np.zeros((1, 39)))
