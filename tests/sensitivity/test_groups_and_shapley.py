"""Groups of inputs, and Shapley effects: algebra against all subsets, and against samples."""

import itertools
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastrest as fr
from fastrest._core import _samples

NEURON = fr.cells["mammalian neuron"]
INPUTS = {
    "P_Na": fr.lognormal(cv=0.5),
    "P_Cl": fr.times(fr.uniform(0.5, 1.5)),
    "K_out": fr.uniform(3, 6),
    "K_in": fr.normal(sd=10, low=100),
    "celsius": fr.uniform(20, 40),
}
SPACE = fr.space(NEURON, **INPUTS)
GROUPS = {"membrane": ["P_Na", "P_Cl"], "potassium": ["K_out", "K_in"]}


def closed_indices(space):
    """Return the part of the variance due to each set of inputs alone."""
    names = space.names
    found = {(): 0.0}
    for n in range(1, len(names) + 1):
        for some in itertools.combinations(names, n):
            found[some] = space.sobol(groups={"some": some})["S1"][0]
    return found


def test_effects_are_means_over_all_orders_of_the_inputs():
    closed, names, d = closed_indices(SPACE), SPACE.names, len(SPACE.names)
    expected = []
    for one in names:
        rest = [name for name in names if name != one]
        gains = [
            (closed[tuple(x for x in names if x in (*some, one))] - closed[some])
            / (d * math.comb(d - 1, n))
            for n in range(d)
            for some in itertools.combinations(rest, n)
        ]
        expected.append(math.fsum(gains))
    assert SPACE.shapley()["Sh"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.property
@given(st.sets(st.sampled_from(list(INPUTS)), min_size=1), st.floats(0.05, 1.5))
def test_effects_add_up_and_lie_between_the_orders(names, cv):
    inputs = {**INPUTS, "P_Na": fr.lognormal(cv=cv)}
    space = fr.space(NEURON, **{name: inputs[name] for name in inputs if name in names})
    effects, indices = space.shapley(), space.sobol()
    assert effects["Sh"].sum() == pytest.approx(1, abs=1e-12)
    assert (effects["Sh"] >= indices["S1"] - 1e-12).all()
    assert (effects["Sh"] <= indices["ST"] + 1e-12).all()
    assert (effects.mean, effects.variance) == (indices.mean, indices.variance)
    tight = space.shapley(tolerance=1e-9)
    assert np.abs(effects["Sh"] - tight["Sh"]).max() <= effects.tolerance


def test_groups_of_one_are_the_inputs():
    alone = SPACE.sobol(groups={name: [name] for name in SPACE.names})
    for key in ("S1", "ST"):
        assert alone[key] == pytest.approx(SPACE.sobol()[key], abs=1e-14)
    everything = SPACE.sobol(groups={"all": SPACE.names})
    assert everything["S1"] == pytest.approx([1], abs=1e-12)


def test_inputs_of_no_group_are_groups_of_their_own():
    found = SPACE.sobol(groups=GROUPS)
    assert found["names"] == ["membrane", "potassium", "celsius"]
    as_list = SPACE.sobol(groups=["membrane"] * 2 + ["potassium"] * 2 + ["celsius"])
    assert as_list["S1"].tolist() == found["S1"].tolist()
    assert list(found.to_dataframe().index) == found["names"]
    assert "potassium" in repr(found)
    assert [one.get_text() for one in found.plot().get_yticklabels()][::-1] == found["names"]
    assert pickle.loads(pickle.dumps(found)) == found


def test_sampled_groups_are_within_their_intervals():
    exact, sampled = SPACE.sobol(groups=GROUPS), SPACE.sobol(2**14, groups=GROUPS, rng=1)
    assert set(sampled) == {"names", "S1", "S1_conf", "ST", "ST_conf"}
    for key in ("S1", "ST"):
        assert (np.abs(sampled[key] - exact[key]) <= 2 * sampled[f"{key}_conf"]).all()
    longer = sampled.extend(2**14)
    assert longer["names"] == sampled["names"]
    assert longer["ST_conf"].max() < sampled["ST_conf"].max()


def test_groups_work_for_any_model_and_events():
    pump = fr.space(NEURON.absolute(R_m=7), P_Na=fr.lognormal(cv=0.3), K_out=fr.uniform(3, 6))
    both = pump.sobol(2**10, groups={"both": pump.names}, rng=1)
    assert both["S1"] == pytest.approx([1], abs=0.01)
    event = SPACE.sobol(2**10, groups=GROUPS, of=fr.above(-60), rng=1)
    assert event["names"] == ["membrane", "potassium", "celsius"]
    second = SPACE.sobol(2**12, groups=GROUPS, second=True, rng=1)
    assert second["S2"].shape == (3, 3)


def test_a_space_that_does_not_vary_has_no_effects():
    still = fr.space(NEURON, P_Na=fr.uniform(0.04, np.nextafter(0.04, 1)))
    assert np.isnan(still.shapley()["Sh"]).all()
    assert np.isnan(still.sobol(groups={"a": "P_Na"})["S1"]).all()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: SPACE.sobol(groups={"a": "P_K"}), "unknown input 'P_K': did you mean"),
        (lambda: SPACE.sobol(groups={"a": "P_Na", "b": ["P_Na"]}), "in two groups, a and b"),
        (lambda: SPACE.sobol(groups={"a": []}), "a has no inputs"),
        (lambda: SPACE.sobol(groups={"P_Cl": ["P_Na"]}), "P_Cl is an input of no group"),
        (lambda: SPACE.sobol(groups="abcde"), "groups must be a mapping"),
        (lambda: SPACE.sobol(groups=["a"]), "groups must be a mapping"),
        (lambda: SPACE.shapley(of=fr.above(-55)), "shapley needs an output"),
        (lambda: SPACE.shapley(tolerance=0), "tolerance must be > 0"),
    ],
)
def test_errors_say_what_to_do(make, text):
    with pytest.raises((ValueError, TypeError), match=text):
        make()


def test_the_binding_refuses_wrong_parts():
    equation = NEURON.model.outputs["V"].equation
    columns = [float(x) for x in range(1, 12)]
    for parts in ([], [0, -1], [0] * 99):
        with pytest.raises(ValueError, match="parts must have a number"):
            _samples.pick_freeze(
                equation, columns, columns, [0, 1, *[-1] * 9], 0, 1, n_inputs=1, parts=parts
            )
