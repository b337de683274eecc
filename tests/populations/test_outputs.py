"""Populations that count an output of the model other than V, or accept cells by one."""

import pickle

import numpy as np
import pytest

import fastrest as fr
from fastrest.models.outputs import phi
from fastrest.runtime import scheduler

CELL = fr.cells["mammalian neuron"]
CALCIUM = fr.Cell(
    fr.GHK("K", "Na", "Cl", "Ca"),
    threshold=-55,
    **CELL,
    P_Ca=0.1,
    Ca_out=2.0,
    Ca_in=0.01,
)
MUSCLE = fr.cells["mammalian skeletal muscle"]  # its chloride is passive
VALENCES = {"K": 1, "Cl": -1, "Ca": 2}
SPACE = fr.space(
    CALCIUM,
    K_out=fr.uniform(3, 6),
    K_in=fr.normal(sd=10, low=100),
    Cl_in=fr.uniform(5, 20),
    Ca_in=fr.lognormal(cv=0.5),
    celsius=fr.triangular(34, 37, 39),
    P_Na=fr.lognormal(cv=0.5),
)
CONDITIONS = {
    "control": {},
    "high K": {"K_out": 9.0},
    "cold": {"celsius": fr.times(0.8), "Ca_in": fr.times(2), "Cl_out": 120.0},
}
N = scheduler.BLOCK_POINTS + 1234


def nernst(ion, parameters, changes):
    """Return an ion's Nernst potential under a condition by NumPy."""
    values = {**CALCIUM, **parameters}
    for name, x in changes.items():
        values[name] = x.factors * values[name] if isinstance(x, fr.Times) else x
    ratio = values[f"{ion}_out"] / values[f"{ion}_in"]
    return phi(values["celsius"]) / VALENCES[ion] * np.log(ratio)


@pytest.fixture(scope="module")
def drawn():
    return SPACE.sample(N, rng=3).parameters(np.arange(N))


# ---- counts ----


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("ion", VALENCES)
def test_a_population_counts_an_output_as_numpy_does(drawn, ion, accepted):
    middle = float(np.median(nernst(ion, drawn, {})))
    accept = [fr.between(middle - 4, middle + 1, of=f"E_{ion}")]
    pop = SPACE.population(N, rng=3, conditions=CONDITIONS, accept=accept, of=f"E_{ion}")
    assert (pop.of, pop.invalid) == (f"E_{ion}", {})
    control = nernst(ion, drawn, {})
    here = (control >= middle - 4) & (control <= middle + 1)
    assert pop.accepted == np.count_nonzero(here)
    assert 0.02 < pop.fraction < 0.9
    for name, changes in CONDITIONS.items():
        V = nernst(ion, drawn, changes)[here if accepted else slice(None)]
        s = pop.summary(name, accepted=accepted)
        assert s.n == len(V)
        found = (s.mean, s.sd, s.min, s.max)
        assert found == pytest.approx((V.mean(), V.std(), V.min(), V.max()), rel=1e-11)
        centre = round(float(np.median(V)))
        h = pop.histogram(name, bins=8, range=(centre - 8, centre + 8), accepted=accepted)
        assert (h.counts == np.histogram(V, h.edges)[0]).all()
        q = [0.05, 0.5, 0.95]
        expected = np.quantile(V, q, method="inverted_cdf")
        assert pop.quantile(name, q, accepted=accepted) == pytest.approx(expected, abs=0.026)


@pytest.mark.parametrize("ion", VALENCES)
def test_members_have_the_output_that_was_counted(ion):
    pop = SPACE.population(N, rng=3, conditions=CONDITIONS, of=f"E_{ion}")
    members = pop.members(sample=500, rng=1)
    assert (members.of, len(members)) == (f"E_{ion}", 500)
    for name, changes in CONDITIONS.items():
        expected = nernst(ion, members.parameters, changes)
        np.testing.assert_allclose(members.potentials[name], expected, rtol=1e-12)
    one = pop.members(first=1).cells()[0]
    first = pop.members(first=1).potentials["control"][0]
    assert one.model(of=f"E_{ion}", **one) == first


def test_members_name_the_output_in_tables_and_files(tmp_path):
    pop = SPACE.population(2000, rng=3, conditions=CONDITIONS, of="E_Ca")
    members = pop.members(first=3)
    names = [f"E_Ca {name}" for name in CONDITIONS]
    assert list(members.columns) == ["candidate", *pop.names, *names]
    assert [members.units[name] for name in names] == ["mV"] * 3
    assert "; E_Ca under control, high K, cold;" in repr(members)
    members.save(tmp_path / "members.npz")
    with np.load(tmp_path / "members.npz") as file:
        assert (file["E_Ca cold"] == members.potentials["cold"]).all()


def test_members_of_an_output_as_a_dataset():
    pytest.importorskip("xarray")
    members = SPACE.population(2000, rng=3, conditions=CONDITIONS, of="E_Ca").members(first=3)
    ds = members.to_xarray()
    assert list(ds) == ["E_Ca"]
    assert ds.E_Ca.attrs == {"long_name": "Nernst potential of Ca", "units": "mV"}
    assert (ds.E_Ca.sel(condition="cold").values == members.potentials["cold"]).all()


def test_a_population_of_an_output_names_it():
    pop = SPACE.population(2000, rng=3, conditions=CONDITIONS, of="E_K")
    text = f"E_K of accepted cells, mean ± sd: control {pop.summary().mean:.2f} ± "
    assert text in repr(pop)


# ---- criteria ----


@pytest.mark.parametrize("of", ["V", "E_K"])
def test_between_of_an_output_equals_nernst_between(of):
    ranges = {"K": (-95, -85), "Cl": (-75, -50), "Ca": (62, 72)}
    for ion, ends in ranges.items():
        for at in (None, "cold"):
            one = fr.between(*ends, at=at, of=f"E_{ion}")
            other = fr.nernst_between(ion, *ends, at=at)
            asked = {"rng": 3, "conditions": CONDITIONS, "of": of}
            found = SPACE.population(10_000, accept=[one], **asked)
            same = SPACE.population(10_000, accept=[other], **asked)
            assert 0 < found.accepted == same.accepted < 10_000
            assert found.summary("cold") == same.summary("cold")
            assert (found.members().indices == same.members().indices).all()


def test_counting_an_output_does_not_change_which_cells_are_accepted():
    accept = [fr.between(-80, -60), fr.change("control", "high K", 2, 30)]
    asked = {"rng": 3, "conditions": CONDITIONS, "accept": accept}
    of_v, of_k = (SPACE.population(N, of=of, **asked) for of in ("V", "E_K"))
    assert of_v != of_k
    assert 0 < of_v.accepted == of_k.accepted < N
    assert of_v.rejected_by == of_k.rejected_by
    assert (of_v.covariance == of_k.covariance).all()
    assert (of_v.members().indices == of_k.members().indices).all()


def test_candidates_without_a_potential_may_have_the_counted_output():
    space = fr.space(CELL, K_out=fr.uniform(3, 6), P_Na=fr.affine(1, K_out=-0.2))  # below 0 from 5
    of_v, of_k = (space.population(10_000, rng=3, of=of) for of in ("V", "E_K"))
    assert of_v.invalid == {"NEGATIVE": 10_000 - of_v.accepted}
    assert 0 < of_v.accepted < 10_000
    assert (of_k.invalid, of_k.accepted) == ({}, 10_000)
    judged = space.population(10_000, rng=3, of="E_K", accept=[fr.between(-200, 200)])
    assert judged.accepted == of_v.accepted


def test_a_population_of_a_passive_ion_is_that_of_v():
    space = fr.space(MUSCLE, K_out=fr.uniform(3, 6), P_Na=fr.lognormal(cv=0.5))
    conditions = {"control": {}, "cold": {"celsius": 20}}
    asked = {"rng": 3, "conditions": conditions, "accept": [fr.between(-100, -85)]}
    of_v, of_cl = (space.population(N, of=of, **asked) for of in ("V", "E_Cl"))
    for name in conditions:
        assert of_cl.summary(name) == of_v.summary(name)
    members = of_cl.members(first=10)
    assert members.potentials["cold"].tolist() == of_v.members(first=10).potentials["cold"].tolist()
    assert members.of == "E_Cl"
    by_ion = {**asked, "accept": [fr.nernst_between("Cl", -100, -85)]}
    assert space.population(N, **by_ion).accepted == of_v.accepted


# ---- files ----


def test_a_population_of_an_output_survives_files_and_merging(tmp_path):
    asked = {"rng": 3, "conditions": CONDITIONS, "accept": [fr.between(-95, -85, of="E_K")]}
    pop = SPACE.population(N, of="E_K", **asked)
    pop.save_counts(tmp_path / "counts")
    for same in (fr.Population.load(tmp_path / "counts"), pickle.loads(pickle.dumps(pop))):
        assert (same, same.of) == (pop, "E_K")
        assert same.members(first=3).of == "E_K"
    parts = [SPACE.population(N, of="E_K", part=(k, 2), **asked) for k in range(2)]
    assert fr.merge(parts) == pop
    other = SPACE.population(N, part=(1, 2), **asked)
    with pytest.raises(ValueError, match="of another population"):
        fr.merge([parts[0], other])


# ---- errors ----


def test_transitions_are_refused_for_an_output_other_than_v():
    pop = SPACE.population(2000, rng=3, conditions=CONDITIONS, of="E_K")
    with pytest.raises(ValueError, match=r"^excitability classes are those of V, .* E_K"):
        pop.transition("control", "cold")
    assert SPACE.population(2000, rng=3, conditions=CONDITIONS).transition("control", "cold")


def test_a_population_refuses_unknown_outputs_and_events():
    with pytest.raises(ValueError, match="unknown output 'E_Mg': did you mean"):
        SPACE.population(100, of="E_Mg")
    with pytest.raises(ValueError, match="unknown output 'E_Mg'"):
        SPACE.population(100, accept=[fr.between(-95, -85, of="E_Mg")])
    event = fr.between(-95, -85, of="E_K")
    with pytest.raises(ValueError, match=r"counts an output, got .*: pass events as accept="):
        SPACE.population(100, of=event)
    with pytest.raises(TypeError, match="of must be the name of an output"):
        SPACE.population(100, of=3)
