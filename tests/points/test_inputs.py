"""The inputs of a space: order, text, value semantics, and bad inputs."""

import copy
import pickle

import pytest

import fastrest as fr
from helpers.spaces import space

CELL = fr.cells["mammalian neuron"]


def test_inputs_keep_their_order_and_take_other_values_from_the_cell():
    one = space()
    assert one.names == ("P_Na", "K_out", "celsius", "K_in")
    assert len(one) == 4
    assert one.distributions == (
        fr.lognormal(median=0.04, cv=0.5),
        fr.uniform(2.5, 7.5),
        fr.normal(mean=37, sd=1, low=30, high=40),
        fr.triangular(120, 140, 150),
    )
    assert one.cell == CELL
    assert one.correlation is None
    assert one.cholesky is None


def test_a_space_shows_a_line_per_input():
    text = repr(space(correlation={("celsius", "K_out"): -0.25}))
    assert text.splitlines()[1:] == [
        "  P_Na: lognormal(median=0.04, cv=0.5)",
        "  K_out: uniform(2.5, 7.5) mM",
        "  celsius: normal(mean=37, sd=1, low=30, high=40) °C",
        "  K_in: triangular(120, 140, 150) mM",
        "  rank correlations K_out, celsius: -0.25>",
    ]
    assert repr(fr.space(CELL, K_out=fr.uniform(3, 6))).startswith("<Space of 1 input: <Cell")


def test_spaces_are_equal_to_their_copies():
    one = space(correlation={("P_Na", "K_out"): 0.5})
    one.sample(3, rng=1).values()
    for same in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
        assert same == one
        assert hash(same) == hash(one)
        assert same.cholesky.tolist() == one.cholesky.tolist()
        assert same.sample(3, rng=1).values().tolist() == one.sample(3, rng=1).values().tolist()
    with pytest.raises(AttributeError, match="cannot be changed"):
        one.names = ()
    with pytest.raises(ValueError, match="read-only"):
        one.cholesky[0, 0] = 2
    with pytest.raises(TypeError):
        one.correlation["P_Na", "K_out"] = 0.1


def test_spaces_that_differ_are_not_equal():
    k, na = fr.uniform(3, 6), fr.uniform(140, 150)
    spaces = [
        fr.space(CELL, K_out=k, Na_out=na),
        fr.space(CELL, Na_out=na, K_out=k),  # the order sets the points of a sample
        fr.space(CELL, K_out=k),
        fr.space(CELL.replace(P_Na=0.05), K_out=k),
        fr.space(CELL, K_out=k, Na_out=na, correlation={("K_out", "Na_out"): 0.1}),
    ]
    for i, one in enumerate(spaces):
        assert [other == one for other in spaces] == [j == i for j in range(len(spaces))]
    assert spaces[0] != "space"


def test_a_space_takes_a_user_defined_distribution():
    stats = pytest.importorskip("scipy.stats")
    one = fr.space(CELL, K_out=stats.gamma(50, scale=0.1), Na_in=fr.times(stats.beta(2, 2)))
    assert repr(one.distributions[0]) == "<gamma(50, scale=0.1)>"
    assert one.distributions[1].bounds == (0, 15)
    assert pickle.loads(pickle.dumps(one)) == one
    assert hash(pickle.loads(pickle.dumps(one))) == hash(one)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "a space needs at least one distribution"),
        ({"Kout": fr.uniform(3, 6)}, "unknown parameter 'Kout': did you mean K_out"),
        ({"K_out": fr.uniform(-3, 6)}, r"K_out must be >= 0 mM, got -3.0: uniform\(-3, 6\) reach"),
        (
            {"K_out": fr.normal(mean=5, sd=1)},
            r"K_out: normal\(mean=5, sd=1\) reaches below 0 mM: give low=0, or take fr.lognormal",
        ),
        (
            {"P_Na": fr.normal(sd=0.01)},
            r"P_Na: normal\(mean=0.04, sd=0.01\) reaches below 0: give low=0",
        ),
        ({"celsius": fr.normal(sd=1)}, "celsius: .* reaches below -20 °C: give low=-20$"),
        ({"celsius": fr.normal(sd=1, low=0)}, "celsius: .* reaches above 100 °C: give high=100$"),
        ({"celsius": fr.lognormal(cv=0.1)}, "celsius: .* reaches above 100 °C: truncate it$"),
        ({"celsius": fr.uniform(30, 101)}, "celsius must be between -20 and 100 °C, got 101.0"),
        ({"celsius": fr.uniform(300, 310)}, "celsius=300.0 looks like kelvin: pass 26.85"),
        ({"K_out": fr.normal(sd=1, low=20)}, "K_out: normal.*: the bounds must leave at least"),
    ],
)
def test_bad_inputs_are_named(inputs, message):
    with pytest.raises(ValueError, match=message):
        fr.space(CELL, **inputs)


@pytest.mark.parametrize("value", [5, 5.0, "uniform:3,6", [3.0, 6.0], None, fr.times(2)])
def test_an_input_that_is_not_a_distribution_is_refused_with_a_remedy(value):
    with pytest.raises(TypeError, match=r"K_out must be a distribution, .* cell.replace"):
        fr.space(CELL, K_out=value)


def test_a_space_needs_a_cell():
    with pytest.raises(TypeError, match=r"cell must be a fr.Cell"):
        fr.space("mammalian neuron", K_out=fr.uniform(3, 6))


def test_inputs_of_value_0_refuse_multiples_and_lognormal():
    cell = CELL.replace(P_Na=0.0)
    with pytest.raises(ValueError, match=r"P_Na: fr.times needs a value > 0 in the cell, got 0.0"):
        fr.space(cell, P_Na=fr.times(fr.uniform(0.5, 1.5)))
    with pytest.raises(ValueError, match=r"P_Na: lognormal: median must be > 0, got 0.0"):
        fr.space(cell, P_Na=fr.lognormal(cv=0.5))


def test_errors_of_user_defined_distributions_name_the_input():
    def failing(error):
        def ppf(u):
            if len(u) > 2:
                raise error("no quantile")
            return u

        return type("Own", (), {"ppf": staticmethod(ppf)})()

    for error in (TypeError, ValueError, RuntimeError, ZeroDivisionError, KeyError, OSError):
        message = f"K_out: the distribution fails with {error.__name__}: .*no quantile"
        with pytest.raises(ValueError, match=message) as e:
            fr.space(CELL, K_out=failing(error))
        assert isinstance(e.value.__cause__, error)


def test_distributions_without_their_parameters_are_refused():
    stats = pytest.importorskip("scipy.stats")
    with pytest.raises(
        ValueError, match=r"K_out: gamma needs its parameters \(a, loc, scale\), as gamma\("
    ):
        fr.space(CELL, K_out=stats.gamma)
    with pytest.raises(ValueError, match=r"beta needs its parameters \(a, b, loc, scale\)"):
        fr.times(stats.beta)


def test_multiples_of_distributions_are_for_spaces_only():
    scaled = fr.times(fr.uniform(0.5, 1.5))
    with pytest.raises(TypeError, match=r"K_out must be a number, got times\(uniform\(0.5, 1.5\)"):
        CELL.replace(K_out=scaled)
    with pytest.raises(TypeError, match="K_out must be numbers"):
        fr.grid(CELL, K_out=scaled)
