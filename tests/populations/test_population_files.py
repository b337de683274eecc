"""Populations: value semantics, and files of counts."""

import json
import math
import pickle

import numpy as np
import pytest
from scipy import stats

import fastrest as fr
from fastrest.points.sample_points import SamplePoints
from fastrest.runtime import storage, system
from helpers.populations import ACCEPT, CELL, CONDITIONS, QUESTIONS, SPACE, N


def test_populations_pickle_compare_and_do_not_change(pop):
    again = pickle.loads(pickle.dumps(pop))
    assert again == pop
    assert pop != 1
    assert pop != SPACE.population(N, **{**QUESTIONS, "rng": 4})
    with pytest.raises(TypeError, match="unhashable"):
        hash(pop)
    with pytest.raises(AttributeError, match="cannot be changed"):
        pop.n = 3
    assert (pop.space, pop.method, pop.rng) == (SPACE, "random", 3)


def test_a_population_records_its_fresh_seed():
    pop = SPACE.population(1000)
    assert pop == SPACE.population(1000, rng=pop.rng)


def test_population_files_keep_every_kind_of_condition_and_criterion(tmp_path):
    accept = [*ACCEPT, fr.between(-math.inf, -40, at="high K")]
    measured = stats.rv_histogram(([1, 3, 2], [3.0, 4.0, 5.0, 6.0]))
    space = fr.space(CELL, K_out=measured, Na_out=fr.affine(150, K_out=-1))
    pop = space.population(100, rng=1, conditions=CONDITIONS, accept=accept)
    pop.save_counts(tmp_path / "p")
    again = fr.Population.load(tmp_path / "p")
    assert again == pop
    assert (again.space, again.accept, again.conditions) == (space, tuple(accept), pop.conditions)


def test_a_foreign_file_is_refused_as_population(pop, tmp_path):
    path = tmp_path / "p"
    SPACE.sample(10, rng=1).part(0, 1).tally(fr.Summary()).save(path)
    with pytest.raises(ValueError, match=r"p is not a file of a population's counts$"):
        fr.Population.load(path)
    pop.save_counts(path)
    path.write_bytes(path.read_bytes()[:-100])
    for read in (fr.Population.load, lambda path: fr.merge([path])):
        with pytest.raises(ValueError, match=r"or was cut off or changed$"):
            read(path)


def test_a_population_file_of_a_later_format_is_refused(pop, tmp_path, monkeypatch):
    path = tmp_path / "p"
    with monkeypatch.context() as patch:
        patch.setattr(storage, "FORMAT", storage.FORMAT + 1)
        pop.save_counts(path)
    readers = (
        fr.Population.load,
        lambda path: fr.merge([path]),
        lambda path: SPACE.population(N, **QUESTIONS, checkpoint=path),
    )
    message = r"has format 3, .* formats up to 2: upgrade with pip"
    for read in readers:
        with pytest.raises(ValueError, match=message) as error:
            read(path)
        assert str(path) in str(error.value)


def test_a_population_file_of_another_release_is_read(pop, tmp_path, monkeypatch):
    path = tmp_path / "p"
    with monkeypatch.context() as patch:
        patch.setattr(storage, "__version__", "0.0.0")
        pop.save_counts(path)
    assert json.loads(path.read_text())["content"]["fastrest"] == "0.0.0"
    assert fr.Population.load(path) == fr.merge([path]) == pop
    assert SPACE.population(N, **QUESTIONS, checkpoint=path) == pop
    assert np.array_equal(fr.Population.load(path).members().indices, pop.members().indices)


def test_a_population_drawn_with_other_bits_gives_counts_only(pop, tmp_path, monkeypatch):
    path = tmp_path / "p"
    with monkeypatch.context() as patch:
        patch.setattr(SamplePoints, "bits", SamplePoints.bits + 1)
        half = SPACE.population(N, **QUESTIONS, part=(0, 2))
        SPACE.population(N, **QUESTIONS).save_counts(path)
    other = fr.Population.load(path)
    assert (other.accepted, other.rejected_by) == (pop.accepted, pop.rejected_by)
    with pytest.raises(ValueError, match=r"by another version of fastrest \(bits 2, here 1\)"):
        other.members()
    with pytest.raises(
        ValueError, match=r"another version of fastrest \(bits 2, not 1\): delete it or"
    ):
        SPACE.population(N, **QUESTIONS, checkpoint=path)
    rest = SPACE.population(N, **QUESTIONS, part=(1, 2))
    for some, bits in (([half, rest], "bits 1, not 2"), ([rest, half], "bits 2, not 1")):
        with pytest.raises(ValueError, match=rf"by another version of fastrest \({bits}\)"):
            fr.merge(some)


def test_parts_of_different_populations_are_refused(tmp_path):
    parts = [SPACE.population(N, **QUESTIONS, part=(k, 3)) for k in range(3)]
    other = SPACE.population(N, **{**QUESTIONS, "rng": 4}, part=(2, 3))
    for some, error, message in (
        ([*parts[:2], other], ValueError, "one is of another population"),
        ([*parts, parts[1]], ValueError, r"candidates 65,536 to 131,072 are in two"),
        (parts[::2], ValueError, r"leave out the candidates 65,536 to 131,072"),
        ([*parts, 3], TypeError, r"^merge: expected parts of a population, got 3$"),
        (parts[0], TypeError, r"merge takes a list of tallies, populations or paths, got <Pop"),
    ):
        with pytest.raises(error, match=message):
            fr.merge(some)


def test_a_population_file_is_small(pop, tmp_path):
    pop.save_counts(tmp_path / "p")
    assert (tmp_path / "p").stat().st_size < 300_000
    json.loads((tmp_path / "p").read_text())


def test_a_population_beyond_memory_is_refused(monkeypatch):
    monkeypatch.setattr(system, "memory_available", lambda: 10**9)
    with pytest.raises(MemoryError, match=r"^this needs 61 GB, .*: draw fewer candidates$"):
        SPACE.population(10**15, rng=1)


ALTERED = {
    "rng": (["population"], lambda text: text.replace('"rng": 3', '"rng": 4'), "digest is not"),
    "done": (["done"], [[0, 65_536]], "n and invalid must be the 65,536 points of done"),
    "accepted": (["accepted"], lambda text: storage.packed(np.zeros(3, np.int32)), "accepted must"),
    "too long": (["accepted"], lambda text: storage.packed(np.zeros(10**7, np.int32)), "packed"),
    "counts": (["counts", "counts", "alone"], [0], "counts: alone must be whole"),
    "more alone": (["counts", "counts", "alone", 0], 10**6, "alone must be from 0 to"),
    "invalid": (["counts", "counts", "invalid", 0], lambda n: n + 1, "n and invalid must be"),
    "not whole": (["counts", "counts", "alone", 0], 0.5, "counts: alone must be whole numbers"),
    "sums": (["counts", "sums"], [], "accumulators and sums must have one for each"),
    "n": (["counts", "accumulators", 1, "n"], lambda n: n - 1, "counts must have n = "),
    "nothing": (["counts"], None, "not subscriptable"),
}


@pytest.mark.parametrize("what", ALTERED)
def test_an_altered_population_that_was_sealed_again_is_refused(pop, tmp_path, what):
    path, (keys, to, message) = tmp_path / "p", ALTERED[what]
    pop.save_counts(path)
    content = storage.unseal(path, "")
    *most, last = keys
    holder = content
    for key in most:
        holder = holder[key]
    holder[last] = to(holder[last]) if callable(to) else to
    path.write_bytes(storage.seal(content))
    for read in (fr.Population.load, lambda path: fr.merge([path])):
        with pytest.raises(ValueError, match=rf"p is damaged, or was cut off or .*{message}"):
            read(path)
