"""Exact Sobol' indices: what they must satisfy, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastrest as fr
from fastrest.models.outputs import phi
from fastrest.sensitivity import exact
from helpers.exact import SPACES, moments_of_log
from helpers.profiles import examples

properties = examples(40)
CELL = fr.cells["mammalian neuron"]
MUSCLE = fr.cells["mammalian skeletal muscle"]  # its chloride is passive


def inputs(*names):
    return st.fixed_dictionaries({name: st.floats(0.05, 0.8) for name in names})


# ---- identities ----


@pytest.mark.property
@properties
@given(inputs("P_K", "P_Na", "K_out", "K_in", "Cl_out"))
def test_exact_indices_are_consistent_parts_of_the_variance(spreads):
    space = fr.space(CELL, **{n: fr.times(fr.uniform(1 - s, 1 + s)) for n, s in spreads.items()})
    r = space.sobol(tolerance=1e-4)
    rounding = 1e-12
    assert (r["S1"] >= 0).all()
    assert (r["ST"] >= r["S1"] - rounding).all()
    assert np.nansum(r["S2"]) + r["S1"].sum() <= 1 + rounding
    assert r["ST"].sum() >= 1 - rounding
    opposite = sorted(space.names.index(name) for name in ("K_out", "K_in"))
    assert r["S2"][*opposite] == 0.0  # they stand in different sums
    both = r["S1"] + np.nansum(r["S2"], axis=0) + np.nansum(r["S2"], axis=1)
    assert (both <= r["ST"] + rounding).all()


@pytest.mark.property
@properties
@given(inputs("P_K", "K_out", "celsius"), st.permutations(range(3)))
def test_exact_indices_follow_the_order_of_inputs(spreads, order):
    given_ = {n: fr.times(fr.uniform(1 - s / 10, 1 + s / 10)) for n, s in spreads.items()}
    names = [list(given_)[i] for i in order]
    r = fr.space(CELL, **given_).sobol()
    other = fr.space(CELL, **{name: given_[name] for name in names}).sobol()
    assert other["names"] == names
    for key in ("S1", "ST"):
        assert other[key] == pytest.approx(r[key][list(order)], abs=1e-11)


def test_exact_indices_of_two_inputs_add_up():
    r = fr.space(CELL, P_Na=fr.lognormal(cv=1), K_out=fr.uniform(1, 20)).sobol()
    assert r["S1"].sum() + r["S2"][0, 1] == pytest.approx(1, abs=1e-13)
    assert r["ST"] == pytest.approx(r["S1"] + r["S2"][0, 1], abs=1e-13)


def test_exact_indices_of_an_inert_input_are_0():
    r = SPACES["passive"].sobol()
    assert r["S1"][0] == r["ST"][0] == 0.0
    assert r["S2"][0, 1:].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "space",
    [
        fr.space(MUSCLE, Cl_out=fr.uniform(100, 130)),
        fr.space(CELL.replace(P_Na=0, P_Cl=0), P_K=fr.uniform(1, 2)),
        fr.space(CELL, P_K=fr.times(fr.uniform(1, 1 + 1e-15))),
    ],
    ids=["passive", "one permeant ion", "no spread"],
)
def test_exact_indices_of_a_constant_potential_are_nan(space):
    r = space.sobol()
    assert (r.variance, r.sd, r.tolerance) == (0.0, 0.0, 0.0)
    assert r.mean == pytest.approx(space.cell.potential(), abs=1e-12)
    assert np.isnan(r["S1"]).all()
    assert np.isnan(r["ST"]).all()


def test_exact_variance_of_an_equilibrium_is_0():
    even = CELL.replace(**{f"{ion}_in": CELL[f"{ion}_out"] for ion in ("K", "Na", "Cl")})
    r = fr.space(even, celsius=fr.uniform(20, 37), P_Na=fr.lognormal(cv=0.5)).sobol()
    assert (r.mean, r.variance) == (0.0, 0.0)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_threads_do_not_change_bits_of_exact_indices(threads):
    space = fr.space(CELL, **{n: fr.lognormal(cv=0.4) for n in CELL if n[:1] in "PKN"})
    assert space.sobol(tolerance=1e-5, threads=threads) == space.sobol(tolerance=1e-5, threads=3)


def test_exact_result_holds_its_method_and_error():
    space = SPACES["lognormal"]
    r = space.sobol(tolerance=1e-4)
    assert (r.space, r.method, r.n, r.replicates, r.invalid) == (space, "exact", None, None, {})
    assert 0 < r.tolerance <= 1e-4
    assert r == space.sobol(tolerance=1e-4)


def refused(message, space, **options):
    with pytest.raises(ValueError, match=message):
        space.sobol(**options)


# ---- bad arguments ----


def test_exact_indices_refuse_correlated_inputs():
    given = {"K_out": fr.uniform(3, 6), "Na_out": fr.uniform(130, 150)}
    space = fr.space(CELL, **given, correlation={("K_out", "Na_out"): -0.5})
    refused("need independent inputs, but K_out and Na_out are correlated", space)


def test_exact_indices_refuse_models_that_do_not_factor():
    calcium = fr.Cell(fr.GHK("K", "Ca"), P_K=1, P_Ca=1, K_out=5, Ca_out=2, K_in=140, Ca_in=1e-4,
                      celsius=37)  # fmt: skip
    pumped = CELL.absolute(R_m=7)
    for cell in (calcium, CELL.to_chord(), pumped):
        space = fr.space(cell, K_out=fr.uniform(3, 6))
        message = r"monovalent ions without a pump current, got .*: sample instead: space.sobol\(2"
        refused(message, space)


def test_exact_indices_refuse_infinite_potentials_with_their_place():
    stats = pytest.importorskip("scipy.stats")
    cell = CELL.replace(P_Na=0, P_Cl=0)
    space = fr.space(cell, K_out=stats.randint(0, 3), K_in=fr.uniform(100, 150))
    refused(r"finite potential .* got INFINITE at K_out=0.*nan_policy='omit'", space)


def test_exact_indices_see_infinite_potentials_between_nodes():
    # the products of few nodes are doubles, those of the ends are not
    space = fr.space(CELL, K_in=fr.lognormal(sigma_log=80), P_K=fr.lognormal(sigma_log=80))
    refused("finite potential at all values of the inputs, got RANGE at K_in=.*, P_K=", space)


@pytest.mark.parametrize(
    ("values", "status"),
    [({"K_out": 0}, "INFINITE"), ({"K_out": 0, "K_in": 0}, "NO_PERMEANT")],
)
@pytest.mark.parametrize("name", ["Na_in", "Cl_in", "celsius"])  # in the other sum, or in none
def test_exact_indices_refuse_a_cell_without_a_potential(values, status, name):
    cell = CELL.replace(P_Na=0, P_Cl=0, **values)
    space = fr.space(cell, **{name: fr.uniform(10, 20)})
    refused(rf"^the cell has no potential \({status}\), whatever {name} may be$", space)


def test_a_tolerance_that_is_not_reached_is_an_error():
    space = fr.space(CELL, P_Na=fr.lognormal(cv=1e3), K_out=fr.lognormal(cv=1e3))
    with pytest.raises(ValueError, match="nodes do not reach the tolerance") as e:
        space.sobol(tolerance=1e-9)
    assert "without bound" not in str(e.value)


def test_an_unbounded_potential_needs_too_many_nodes_but_has_transforms(monkeypatch):
    space = fr.space(CELL.replace(P_Na=0, P_Cl=0), K_out=fr.uniform(0, 5))
    variance = moments_of_log(1e-300, 5)[1] * phi(CELL["celsius"]) ** 2
    r = space.sobol()
    assert abs(r.variance / variance - 1) <= r.tolerance < 1e-6
    monkeypatch.setattr(exact, "applies", lambda space, output: False)
    message = "K_out: 64 nodes do not reach the tolerance.*: pass a larger tolerance, or sample"
    refused(message, space)
    r = space.sobol(tolerance=0.1)
    assert abs(r.variance / variance - 1) <= r.tolerance


def test_too_many_nodes_are_refused_before_computing(monkeypatch):
    monkeypatch.setattr(exact, "MOST_NODES", 3**4)
    monkeypatch.setattr(exact, "applies", lambda space, output: False)
    refused(r"exact indices of 6 inputs take .* nodes, more than .*: sample", SPACES["uniform"])


def test_exact_indices_check_memory_before_allocation():
    with pytest.raises(MemoryError, match=r"sample instead: space.sobol\(2\*\*17\)"):
        SPACES["uniform"].sobol(max_memory=20_000)


@pytest.mark.parametrize("tolerance", [0, -1e-6, 1, math.nan])
def test_a_tolerance_must_be_between_0_and_1(tolerance):
    refused("tolerance must be > 0 and < 1", SPACES["uniform"], tolerance=tolerance)
    with pytest.raises(TypeError, match="tolerance must be a number, got '1e-6'"):
        SPACES["uniform"].sobol(tolerance="1e-6")


def test_a_tolerance_below_rounding_is_refused_with_the_smallest():
    space = fr.space(CELL, K_out=fr.uniform(5, 5 + 1e-9))
    with pytest.raises(ValueError, match=r">= .* here, as potentials are rounded") as e:
        space.sobol(tolerance=1e-9)
    possible = float(str(e.value).split()[4])
    assert 1e-6 < possible < 1e-2
    assert space.sobol(tolerance=possible).tolerance <= possible
    refused("tolerance must be >= .*, got 1e-15", SPACES["uniform"], tolerance=1e-15)


def test_pairs_are_a_table_with_the_largest_first():
    space = fr.space(
        fr.cells["mammalian neuron"],
        P_Na=fr.lognormal(cv=0.5),
        K_out=fr.uniform(3, 6),
        P_Cl=fr.lognormal(cv=0.4),
    )
    r = space.sobol()
    table = r.to_dataframe(second=True)
    assert list(table.index) == [("P_Na", "P_Cl"), ("P_Na", "K_out"), ("K_out", "P_Cl")]
    assert (table["S2"].diff().dropna() <= 0).all()
    assert table["S2"].iloc[0] == r["S2"][0, 2]
    assert (table["S2_conf"] == 0).all()
    one = fr.space(fr.cells["mammalian neuron"], K_out=fr.uniform(3, 6)).sobol()
    assert one.to_dataframe(second=True).empty
    with pytest.raises(ValueError, match="have no S2: sample with second=True"):
        space.sobol(2**8, rng=1).to_dataframe(second=True)
