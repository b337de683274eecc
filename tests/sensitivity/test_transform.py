"""Exact variances by Laplace transforms, and by quadrature: each method tests the other."""

import numpy as np
import pytest

import fastrest as fr
from fastrest.sensitivity import exact
from fastrest.sensitivity.transform import TransformVariances

NEURON = fr.cells["mammalian neuron"]
FULL = fr.times(fr.uniform(0, 2))
DESIGN = fr.space(NEURON, P_K=FULL, P_Na=FULL, P_Cl=FULL)
IONS = ["K", "Na", "Cl", fr.Ion("Li", 1), fr.Ion("Br", -1), fr.Ion("Rb", 1)]


def random_distribution(draw, x):
    cv = float(draw.choice([0.02, 0.1, 0.3, 0.6, 1.0]))
    kind = draw.integers(7)
    if kind == 0:
        return fr.uniform(x * (1 - 0.9 * draw.random()), x * (1.01 + 2 * draw.random()))
    if kind == 1:
        return fr.lognormal(median=x, cv=cv)
    if kind == 2:
        return fr.uniform(0, 2 * x)
    if kind == 3:
        return fr.loguniform(x / (1.01 + 5 * draw.random()), x * (1.01 + 5 * draw.random()))
    if kind == 4:
        return fr.normal(mean=x, sd=x * min(cv, 0.3), low=0)
    if kind == 5:
        return fr.triangular(x * 0.5, x, x * 1.7)
    return fr.normal(mean=x, sd=x * min(cv, 0.3), low=x * 0.4, high=x * 2)


def random_space(draw):
    ions = [IONS[i] for i in sorted(draw.choice(6, draw.integers(1, 7), replace=False))]
    model = fr.GHK(*ions)
    values = {
        name: 10 ** (draw.uniform(-2, 0) if name.startswith("P_") else draw.uniform(0.3, 2.2))
        for name in model.parameters
        if name not in ("celsius", "pump_ratio")
    }
    cell = fr.Cell(model, **values, celsius=37)
    names = draw.choice([*values, "celsius"], draw.integers(1, min(7, len(values)) + 1), False)
    inputs = {
        str(name): fr.uniform(20, 40)
        if name == "celsius"
        else random_distribution(draw, values[name])
        for name in names
    }
    return fr.space(cell, **inputs)


@pytest.mark.filterwarnings("ignore:implausible")
@pytest.mark.parametrize(
    "seed", [*range(40), *[pytest.param(s, marks=pytest.mark.slow) for s in range(40, 500)]]
)
def test_both_methods_agree_within_what_they_state(seed):
    draw = np.random.default_rng(seed)
    space = random_space(draw)
    output = space.cell.model.outputs["V"]
    by_transforms = exact._by_transforms(space, output, 1e-6)
    try:
        by_quadrature = exact._by_quadrature(space, output, 1e-6, 1, None)
    except exact.TooManyNodesError:
        assert by_transforms is not None  # one of both answers
        return
    if by_transforms is None:  # nothing but the temperature enters V, or nothing does
        assert by_quadrature[0].total[[n != "celsius" for n in space.names]].sum() < 1e-9
        return
    (a, reached), (b, stated) = by_transforms, by_quadrature
    allowed = reached + stated
    assert exact.difference(a, b) <= allowed
    shares = [one.shares(space.names) / one.variance for one in (a, b)]
    assert np.abs(shares[0] - shares[1]).max() <= allowed
    group = [name for name in space.names if draw.random() < 0.5]
    of_group = [np.array(one.of_group(group)) / one.variance for one in (a, b)]
    assert np.abs(of_group[0] - of_group[1]).max() <= allowed


@pytest.mark.golden
def test_permeabilities_from_0_to_twice_their_value():
    # a tensor rule of 89^3 nodes, transforms, and a sample of 2^22 points agree
    found = DESIGN.sobol()
    assert found.variance == pytest.approx(135.346166859, rel=1e-8)
    assert found["S1"] == pytest.approx([0.48377950, 0.39146693, 0.01679191], abs=1e-8)
    assert found["ST"] == pytest.approx([0.57940511, 0.43716502, 0.09648159], abs=1e-8)
    assert found.tolerance < 1e-6
    fine = DESIGN.sobol(tolerance=1e-8)
    assert np.abs(fine["ST"] - found["ST"]).max() <= found.tolerance
    assert abs(fine.mean - found.mean) <= found.tolerance * found.sd
    assert DESIGN.shapley()["Sh"].sum() == pytest.approx(1, abs=1e-12)


def test_samples_agree():
    space = fr.space(
        NEURON, P_K=FULL, P_Na=FULL, K_out=fr.uniform(3, 6), celsius=fr.uniform(20, 40)
    )
    found, sampled = space.sobol(), space.sobol(2**15, rng=1, second=True)
    for key in ("S1", "ST"):
        assert (np.abs(found[key] - sampled[key]) <= 2.5 * sampled[f"{key}_conf"]).all()
    upper = np.triu_indices(4, 1)
    apart = np.abs(found["S2"] - sampled["S2"])[upper]
    assert (apart <= 3 * sampled["S2_conf"][upper]).all()
    groups = {"some": ["P_K", "celsius"]}
    exact_groups = space.sobol(groups=groups)
    sampled_groups = space.sobol(2**15, groups=groups, rng=1)
    apart = np.abs(exact_groups["ST"] - sampled_groups["ST"])
    assert (apart <= 2.5 * sampled_groups["ST_conf"]).all()


def test_twelve_ions_with_36_inputs():
    ions = ["K", "Na", "Cl", *(fr.Ion(f"X{i}", 1 if i % 2 else -1) for i in range(9))]
    model, draw = fr.GHK(*ions), np.random.default_rng(0)
    values = {
        name: 10 ** (draw.uniform(-2, 0) if name.startswith("P_") else draw.uniform(0, 2))
        for name in model.parameters
        if name not in ("celsius", "pump_ratio")
    }
    cell = fr.Cell(model, **values, celsius=37)
    space = fr.space(cell, **dict.fromkeys(values, fr.lognormal(cv=0.3)))
    assert len(space) == 36
    found, effects = space.sobol(), space.shapley()
    assert effects["Sh"].sum() == pytest.approx(1, abs=1e-10)
    assert (found["S1"] <= effects["Sh"] + 1e-10).all()
    assert (effects["Sh"] <= found["ST"] + 1e-10).all()
    sampled = space.sobol(2**14, rng=1)
    assert (np.abs(found["ST"] - sampled["ST"]) <= 3 * sampled["ST_conf"]).all()


@pytest.mark.slow
def test_the_stated_error_is_never_below_the_true_one():
    for seed in range(60):
        space = random_space(np.random.default_rng(1000 + seed))
        output = space.cell.model.outputs["V"]
        found = exact._by_transforms(space, output, 1e-4)
        if found is not None:
            best = TransformVariances(space, output, 3)
            assert exact.difference(found[0], best) <= found[1]


def test_the_first_error_is_told_if_both_methods_fail():
    wide = fr.space(NEURON, P_Na=fr.lognormal(cv=1e3), K_out=fr.lognormal(cv=1e3))
    with pytest.raises(ValueError, match="64 nodes do not reach the tolerance"):
        wide.sobol(tolerance=1e-9)
    ratio = fr.uniform(1, 2)  # it multiplies a permeability: there are no transforms
    design = fr.space(NEURON, P_K=FULL, P_Na=FULL, P_Cl=FULL, pump_ratio=ratio)
    with pytest.raises(ValueError, match="64 nodes do not reach the tolerance"):
        design.sobol()


def test_a_sum_that_is_always_0_is_told():
    empty = NEURON.replace(K_out=0, Na_out=0, Cl_in=0)
    with pytest.raises(ValueError, match="no potential"):
        fr.space(empty, P_K=FULL).sobol()
