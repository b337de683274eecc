"""Spaces: what goes in, what is checked, correlations, and potentials of given inputs."""

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastrest as fr

properties = settings(max_examples=60, deadline=None, derandomize=True, database=None)

CELL = fr.cells["mammalian neuron"]


def space(**options):
    """A space of four inputs, or with other correlations."""
    return fr.space(
        CELL,
        P_Na=fr.lognormal(cv=0.5),
        K_out=fr.times(fr.uniform(0.5, 1.5)),
        celsius=fr.normal(sd=1, low=30, high=40),
        K_in=fr.triangular(120, 140, 150),
        **options,
    )


# ---- what goes in ----


def test_inputs_keep_their_order_and_take_what_is_left_out_from_the_cell():
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


def test_spaces_are_values():
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


def test_a_distribution_of_the_users_own_goes_in():
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
def test_inputs_that_cannot_be_are_named(inputs, message):
    with pytest.raises(ValueError, match=message):
        fr.space(CELL, **inputs)


@pytest.mark.parametrize("value", [5, 5.0, "uniform:3,6", [3.0, 6.0], None, fr.times(2)])
def test_what_is_no_distribution_is_told_where_it_belongs(value):
    with pytest.raises(TypeError, match=r"K_out must be a distribution, .* cell.replace"):
        fr.space(CELL, K_out=value)


def test_a_cell_is_needed():
    with pytest.raises(TypeError, match=r"cell must be a fr.Cell"):
        fr.space("mammalian neuron", K_out=fr.uniform(3, 6))


def test_values_of_0_have_no_multiples_and_no_lognormal():
    cell = CELL.replace(P_Na=0.0)
    with pytest.raises(ValueError, match=r"P_Na: fr.times needs a value > 0 in the cell, got 0.0"):
        fr.space(cell, P_Na=fr.times(fr.uniform(0.5, 1.5)))
    with pytest.raises(ValueError, match=r"P_Na: lognormal: median must be > 0, got 0.0"):
        fr.space(cell, P_Na=fr.lognormal(cv=0.5))


def test_errors_of_the_users_own_distributions_name_the_input():
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
    with pytest.raises(ValueError, match=r"K_out: gamma needs its parameters \(a\), as gamma\("):
        fr.space(CELL, K_out=stats.gamma)
    with pytest.raises(ValueError, match=r"beta needs its parameters \(a, b\)"):
        fr.times(stats.beta)


def test_multiples_of_distributions_are_for_spaces_only():
    scaled = fr.times(fr.uniform(0.5, 1.5))
    with pytest.raises(TypeError, match=r"K_out must be a number, got times\(uniform\(0.5, 1.5\)"):
        CELL.replace(K_out=scaled)
    with pytest.raises(TypeError, match="K_out must be numbers"):
        fr.grid(CELL, K_out=scaled)


# ---- correlations ----


def test_pairs_are_ordered_and_zeros_left_out():
    one = space(
        correlation={("K_in", "P_Na"): 0.25, ("K_out", "P_Na"): -0.5, ("K_in", "celsius"): 0}
    )
    assert list(one.correlation.items()) == [(("P_Na", "K_out"), -0.5), (("P_Na", "K_in"), 0.25)]
    assert one == space(correlation={("P_Na", "K_in"): 0.25, ("P_Na", "K_out"): -0.5})
    assert space(correlation={("K_in", "P_Na"): 0.0}) == space() == space(correlation={})
    twice = {("P_Na", "K_out"): -0.5, ("K_out", "P_Na"): -0.5}
    assert space(correlation=twice).correlation == {("P_Na", "K_out"): -0.5}


@properties
@given(st.floats(-0.999, 0.999))
def test_spearmans_correlation_is_turned_into_that_of_normal_variables(rho):
    one = space(correlation={("P_Na", "K_out"): rho})
    normal = 2 * math.sin(math.pi * rho / 6)
    triangle = np.eye(4) if one.cholesky is None else one.cholesky
    np.testing.assert_allclose((triangle @ triangle.T)[0, 1], normal, rtol=1e-15, atol=1e-300)
    assert triangle[1, 1] == pytest.approx(math.sqrt(1 - normal**2), rel=1e-12)


@properties
@given(st.lists(st.floats(-1, 1), min_size=6, max_size=6))
def test_sets_that_are_possible_are_taken_and_others_refused(rhos):
    names = space().names
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    matrix = np.eye(4)
    for (a, b), rho in zip(pairs, rhos):
        i, j = names.index(a), names.index(b)
        matrix[i, j] = matrix[j, i] = 2 * math.sin(math.pi * rho / 6)
    least = np.linalg.eigvalsh(matrix)[0]
    if least > 1e-6 and max(map(abs, rhos)) < 1:
        triangle = space(correlation=dict(zip(pairs, rhos))).cholesky
        triangle = np.eye(4) if triangle is None else triangle
        np.testing.assert_allclose(triangle @ triangle.T, matrix, atol=1e-14)
        assert (np.triu(triangle, 1) == 0).all()
    elif least < -1e-6:
        with pytest.raises(ValueError, match=r"impossible correlations|must be > -1 and < 1"):
            space(correlation=dict(zip(pairs, rhos)))


def test_samples_have_the_rank_correlations_asked_for():
    stats = pytest.importorskip("scipy.stats")
    one = space(correlation={("P_Na", "K_out"): -0.8, ("celsius", "K_in"): 0.4})
    x = one.sample(2**16, rng=1).parameters(np.arange(2**16))
    found = stats.spearmanr(np.array([x[name] for name in one.names]).T).statistic
    wanted = np.eye(4)
    wanted[0, 1] = wanted[1, 0] = -0.8
    wanted[2, 3] = wanted[3, 2] = 0.4
    np.testing.assert_allclose(found, wanted, atol=0.02)


@pytest.mark.parametrize(
    ("correlation", "message"),
    [
        ({("P_Na", "Kout"): 0.5}, "correlation: unknown input 'Kout': did you mean K_out"),
        ({("P_Na", "Na_in"): 0.5}, "correlation: unknown input 'Na_in'"),
        ({("P_Na", "P_Na"): 0.5}, "a pair is of two inputs, got"),
        ({("K_out", "P_Na"): 1}, "of P_Na and K_out must be > -1 and < 1, got 1.0"),
        ({("K_out", "P_Na"): -1.5}, "must be > -1 and < 1, got -1.5"),
        ({("K_out", "P_Na"): math.nan}, "must be > -1 and < 1, got nan"),
        (
            {("K_out", "P_Na"): 0.5, ("P_Na", "K_out"): 0.4},
            "correlation of P_Na and K_out is given as 0.5 and 0.4",
        ),
        (
            {("P_Na", "K_out"): 0.9, ("K_out", "celsius"): 0.9, ("P_Na", "celsius"): -0.9},
            "impossible correlations: those of P_Na, K_out with each other and with celsius",
        ),
    ],
)
def test_correlations_that_cannot_be_are_named(correlation, message):
    with pytest.raises(ValueError, match=message):
        space(correlation=correlation)


@pytest.mark.parametrize(
    ("correlation", "message"),
    [
        (0.5, "correlation must be a mapping"),
        ({"K_out": 0.5}, "correlation: a key is a pair of names, got 'K_out'"),
        ({("P_Na", "K_out", "K_in"): 0.5}, "a key is a pair of names"),
        ({("P_Na", "K_out"): "0.5"}, "correlation of P_Na and K_out must be a number, got '0.5'"),
    ],
)
def test_correlations_are_a_mapping_of_pairs(correlation, message):
    with pytest.raises(TypeError, match=message):
        space(correlation=correlation)


# ---- potentials of given inputs ----


def points(one, n=100):
    return np.stack(list(one.sample(n, rng=2).parameters(np.arange(n)).values()), axis=1)


def test_rows_and_columns_give_the_potentials_of_a_sample():
    one = space()
    X = points(one)
    V = one.sample(100, rng=2).values()
    assert one.evaluate(X).tolist() == V.tolist()
    assert one.evaluate(np.asfortranarray(X)).tolist() == V.tolist()
    assert one.evaluate(X.tolist()).tolist() == V.tolist()
    assert one.scipy_func(X.T).tolist() == V.tolist()
    assert one.evaluate(X[:1]).tolist() == V[:1].tolist()


def test_potentials_are_fresh_and_writable():
    one = space()
    X = points(one)
    before = X.copy()
    for call, x in ((one.evaluate, X), (one.scipy_func, X.T)):
        first, second = call(x), call(x)
        assert first.dtype == np.float64
        assert first.shape == (100,)
        first -= first.mean()
        assert not np.shares_memory(first, second)
        assert not np.shares_memory(first, X)
    np.testing.assert_array_equal(X, before)


def test_a_point_without_potential_is_an_error_that_counts_and_names():
    one = space()
    X = points(one)
    X[17, 1], X[40, 1], X[50, 2] = -3.0, math.nan, 310.0
    message = "3 of 100 points have no potential, the first is number 17: K_out must be >= 0 mM"
    for call, x in ((one.evaluate, X), (one.scipy_func, X.T)):
        with pytest.raises(ValueError, match=message):
            call(x)
    with pytest.raises(ValueError, match=r"first is number 0: celsius=310.0 looks like kelvin"):
        one.evaluate(X[50:])


def test_a_point_whose_inputs_are_fine_says_its_status():
    one = fr.space(CELL.replace(P_Na=0, P_Cl=0), K_out=fr.uniform(0, 1))
    with pytest.raises(ValueError, match=r"1 of 2 points .* number 1: INFINITE"):
        one.evaluate([[0.5], [0.0]])


@pytest.mark.parametrize("end", [math.inf, -math.inf])
def test_an_infinite_input_is_told_with_what_helps(end):
    one = space()
    X = points(one)
    X[3, 0] = end
    message = f"P_Na must be finite, got {end}. Methods .* 0 and 1, as Morris's, .* both sides"
    with pytest.raises(ValueError, match=message):
        one.evaluate(X)
    X[3, 0] = math.nan
    with pytest.raises(ValueError, match=r"P_Na must be finite, got nan$"):
        one.evaluate(X)


def test_columns_of_a_data_frame_are_found_by_their_names():
    pd = pytest.importorskip("pandas")
    one = space()
    X = points(one)
    V = one.evaluate(X).tolist()
    frame = pd.DataFrame(X, columns=one.names)
    shuffled = frame[["K_in", "P_Na", "celsius", "K_out"]]
    for rows in (frame, shuffled, pd.DataFrame(X)):
        assert one.evaluate(rows).tolist() == V
        assert one.scipy_func(rows.T).tolist() == V


@pytest.mark.parametrize(
    "names",
    [
        ["P_Na", "K_out", "celsius", "Na_in"],
        ["P_Na", "K_out", "celsius", "K_in", "Na_in"],
        ["P_Na", "K_out", "celsius", "celsius"],
        ["P_Na", "K_out", "celsius"],
        [1, 2, 3, 4],
    ],
)
def test_other_columns_of_a_data_frame_are_refused(names):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(np.ones((4, len(names))), columns=names)
    text = ", ".join(map(str, names))
    wanted = "must be P_Na, K_out, celsius, K_in, in any order, or have no names, got " + text
    with pytest.raises(ValueError, match=f"columns of X {wanted}"):
        space().evaluate(frame)
    with pytest.raises(ValueError, match=f"rows of x {wanted}"):
        space().scipy_func(frame.T)


def test_a_data_frame_of_rows_is_none_of_columns():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(np.ones((4, 4)), columns=space().names)
    with pytest.raises(ValueError, match=r"rows of x are inputs, columns are points: pass x\.T"):
        space().scipy_func(frame)


@pytest.mark.parametrize("shape", [(4,), (100, 3), (4, 100), (0, 4), (2, 2, 4)])
def test_shapes_of_rows_are_named(shape):
    with pytest.raises(ValueError, match=r"X must have shape \(N, 4\) .* P_Na, K_out.*, got \("):
        space().evaluate(np.ones(shape))


@pytest.mark.parametrize("shape", [(4,), (3, 100), (100, 4), (4, 0), (4, 2, 2)])
def test_shapes_of_columns_are_named(shape):
    with pytest.raises(ValueError, match=r"x must have shape \(4, N\) .* P_Na, K_out.*, got \("):
        space().scipy_func(np.ones(shape))


def test_inputs_of_potentials_are_numbers():
    with pytest.raises(TypeError, match="X must be numbers"):
        space().evaluate([["a"] * 4])
    with pytest.raises(TypeError, match="x must be numbers"):
        space().scipy_func([["a"]] * 4)
