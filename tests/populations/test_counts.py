"""Counts of a population: those of NumPy over tables of the same points."""

import math

import numpy as np
import pytest

import fastrest as fr
from helpers.populations import CELL, CONDITIONS, QUESTIONS, SPACE, Brute, N, check_counts

# ---- counts ----


def test_counts_equal_those_of_masks(pop, brute):
    assert (pop.n, pop.fraction) == (N, pop.accepted / N)
    assert 0.1 < pop.fraction < 0.9
    check_counts(pop, brute)


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("name", CONDITIONS)
def test_summaries_histograms_and_quantiles_equal_numpy(pop, brute, name, accepted):
    here = np.flatnonzero(brute.of(accepted))
    V = brute.V[name][here]
    s = pop.summary(name, accepted=accepted)
    assert (s.n, s.min, s.max) == (len(V), V.min(), V.max())
    assert (s.argmin, s.argmax) == (here[V.argmin()], here[V.argmax()])
    assert s.at_max["P_Na"] == brute.inputs["P_Na"][s.argmax]
    assert s.mean == pytest.approx(math.fsum(V) / len(V), abs=1e-12)
    assert s.sd == pytest.approx(V.std(), rel=1e-12)
    h = pop.histogram(name, bins=160, range=(-90, -50), accepted=accepted)
    below, above = np.searchsorted(np.sort(V), [h.edges[0], h.edges[-1]])
    assert (h.below, h.above) == (below, len(V) - above)
    assert (h.counts == np.histogram(V, h.edges)[0]).all()
    q = np.array([[0, 0.05, 0.5], [0.95, 0.999, 1]])
    ranks = np.maximum(np.ceil(q * len(V)).astype(int), 1)
    found = pop.quantile(name, q, accepted=accepted)
    np.testing.assert_allclose(found, np.sort(V)[ranks - 1], rtol=0, atol=0.025 + 1e-9)
    assert (found[0, 0], found[1, 2]) == (V.min(), V.max())


@pytest.mark.parametrize("accepted", [True, False])
def test_transitions_count_cells_from_class_to_class(pop, brute, accepted):
    here = brute.of(accepted)

    def classes(name):
        return np.digitize(brute.V[name][here], [CELL.threshold, CELL.block], right=True)

    for before, after in (("control", "high K"), ("leaky", "pump"), ("pump", "pump")):
        expected = np.zeros((3, 3), int)
        np.add.at(expected, (classes(before), classes(after)), 1)
        found = pop.transition(before, after, accepted=accepted)
        assert (found.counts == expected).all()
        assert found.classes == ("resting", "suprathreshold", "depolarisation block")
    assert found["resting", "resting"] == expected[0, 0]
    assert found.boundaries == {"threshold": -55.0, "block": -40.0}
    assert found == pop.transition("pump", "pump", accepted=accepted)
    assert found != pop.transition("control", "pump", accepted=accepted)
    assert found != 0
    frame = found.to_dataframe()
    assert (frame.index.name, frame.columns.name) == ("pump", "pump")
    assert frame.loc["suprathreshold", "resting"] == expected[1, 0]
    assert "suprathreshold" in repr(found)


def test_four_classes_of_a_cell_with_a_lower_boundary():
    space = fr.space(CELL.replace(lower=-75.0), P_Na=fr.lognormal(cv=1))
    pop = space.population(5000, rng=1)
    found, V = pop.transition("control", "control"), Brute(pop, 5000).V["control"]
    assert found.classes[0] == "below range"
    expected = np.bincount(np.digitize(V, [-75, -55, -40], right=True), minlength=4)
    assert (found.counts == np.diag(expected)).all()


# ---- valid and accepted candidates ----


def test_invalid_candidates_are_counted_by_their_first_reason_and_never_accepted():
    space = fr.space(CELL, Na_out=fr.uniform(0, 40), K_out=fr.affine(30, Na_out=-1))
    conditions = {
        "control": {},
        "no anion": {"P_Cl": 0, "P_Na": 0},
        "hot": {"celsius": fr.times(2.5)},
    }
    pop = space.population(N, rng=1, conditions={n: conditions[n] for n in ("control", "no anion")})
    brute = Brute(pop, N)
    check_counts(pop, brute)
    assert pop.accepted == np.count_nonzero(brute.inputs["K_out"] > 0)
    assert pop.invalid == {"NEGATIVE": N - pop.accepted}
    s = pop.summary(accepted=False)
    assert (s.n, s.invalid) == (pop.accepted, pop.invalid)
    assert s.argmax == np.flatnonzero(brute.valid)[brute.V["control"][brute.valid].argmax()]
    assert "without a potential" in repr(pop)


def test_a_population_whose_candidates_all_lack_a_potential():
    space = fr.space(CELL, celsius=fr.uniform(50, 60))
    with pytest.raises(ValueError, match=r"celsius must be between"):
        space.population(10, conditions={"hot": {"celsius": fr.times(2)}})
    space = fr.space(CELL, K_out=fr.uniform(1, 2), Na_out=fr.affine(-1, K_out=-1))
    pop = space.population(1000, rng=1, accept=[fr.between(-80, -60)])
    assert (pop.accepted, pop.invalid) == (0, {"NEGATIVE": 1000})
    assert pop.rejected_by == {fr.between(-80, -60): 0}
    assert pop.summary(accepted=False).n == 0
    assert len(pop.members()) == 0
    assert "none of 1,000 candidates accepted" in repr(pop)


def test_a_population_without_accepted_cells_counts_rejections_by_criterion():
    accept = [fr.between(10, 20), fr.between(-75, -65, at="high K")]
    pop = SPACE.population(N, rng=3, conditions=CONDITIONS, accept=accept)
    assert (pop.accepted, pop.fraction, pop.interval[0]) == (0, 0.0, 0.0)
    assert pop.rejected_by[accept[0]] == N
    assert pop.rejected_only_by[accept[1]] == 0
    for what in (pop.mean, pop.covariance, pop.correlation, pop.quantile("control", [0, 0.5, 1])):
        assert np.isnan(what).all()
    assert math.isnan(pop.summary("high K").mean)
    assert pop.histogram("pump").counts.sum() == 0
    assert pop.transition("control", "pump").counts.sum() == 0
    assert all(not one.accepted.any() for one in pop.marginals.values())
    assert len(pop.to_dataframe()) == 0
    first, *_, row, _ = repr(pop).splitlines()
    assert first.startswith("<Population: none of 135,393 candidates accepted (95 % interval 0 to")
    assert row.split() == ["between(10,", "20)", "135,393", "(100", "%)", *row.split()[5:]]


def test_a_population_without_criteria_accepts_every_valid_candidate():
    pop = SPACE.population(1000, rng=1)
    assert (pop.accepted, list(pop.conditions)) == (1000, ["control"])
    assert pop.rejected_by == pop.rejected_only_by == pop.rejected_pairs == {}
    assert pop.summary() == pop.summary("control", accepted=False)


@pytest.mark.parametrize("method", ["random", "sobol", "lhs"])
@pytest.mark.parametrize("n", [1, 65535, 65536, 65537])
def test_populations_of_awkward_sizes(n, method):
    pop = SPACE.population(n, **QUESTIONS, method=method)
    check_counts(pop, Brute(pop, n))
    assert len(pop.members()) == pop.accepted
