"""Members of a population: found again with the bits of the pass, and written with units."""

import csv
import json
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastrest as fr
from fastrest.populations import candidates, counts
from fastrest.populations.members import _ranks
from fastrest.runtime import scheduler
from helpers.profiles import examples

CELL = fr.cells["mammalian neuron"]
SPACE = fr.space(
    CELL,
    P_Na=fr.lognormal(cv=0.5),
    K_out=fr.uniform(3, 6),
    Na_out=fr.affine(150, K_out=-1),
)
CONDITIONS = {"control": {}, "high K": {"K_out": 6.5}, "leaky": {"P_Na": fr.times(1.5)}}
QUESTIONS = {
    "rng": 3,
    "conditions": CONDITIONS,
    "accept": [fr.between(-75, -65), fr.change("control", "high K", 2, 6)],
}
N = 3 * scheduler.BLOCK_POINTS + 21


@pytest.fixture(scope="module")
def pop():
    return SPACE.population(N, **QUESTIONS)


@pytest.fixture(scope="module")
def everyone(pop):
    return pop.members()


def same(a, b, rows=slice(None)):
    """Return whether two sets of members are bit-for-bit identical."""
    columns = [one.columns for one in (a, b)]
    return columns[0].keys() == columns[1].keys() and all(
        np.array_equal(x, columns[1][name][rows]) for name, x in columns[0].items()
    )


# ---- the members ----


@pytest.mark.parametrize("threads", [1, 2])
def test_members_have_the_bits_of_the_pass(threads, monkeypatch):
    seen, lock, compute = {}, threading.Lock(), candidates.compute

    def noted(plan, start, stop, room):
        found = compute(plan, start, stop)  # in memory of its own, which the next block leaves
        with lock:
            seen[start] = found
        return found

    monkeypatch.setattr(counts, "compute", noted)
    pop = SPACE.population(N, **QUESTIONS, threads=threads)
    monkeypatch.undo()
    blocks = [seen[start] for start in sorted(seen)]
    members = pop.members(threads=3 - threads)
    expected = {
        "candidate": [b.numbers[b.accepted] for b in blocks],
        **{n: [b.inputs[i, b.accepted] for b in blocks] for i, n in enumerate(pop.names)},
        **{f"V {n}": [b.V[i, b.accepted] for b in blocks] for i, n in enumerate(CONDITIONS)},
    }
    for name, parts in expected.items():
        assert members.columns[name].tobytes() == np.concatenate(parts).tobytes()


def test_members_are_points_of_the_sample_and_of_its_tables(pop, everyone):
    sample = SPACE.sample(N, rng=3)
    assert len(everyone) == pop.accepted
    inputs = sample.parameters(everyone.indices)
    assert inputs.keys() == everyone.parameters.keys()
    assert all((inputs[name] == x).all() for name, x in everyone.parameters.items())
    for name, changes in {"control": {}, "high K": {"K_out": np.full(len(everyone), 6.5)}}.items():
        V = fr.table(CELL, {**inputs, **changes}).values()
        assert (everyone.potentials[name] == V).all()
    assert everyone.potentials["control"].min() == pop.summary().min
    assert everyone.parameters["P_Na"].mean() == pytest.approx(pop.mean[0], rel=1e-12)


@pytest.mark.parametrize("first", [0, 1, 1000, 40_000, 10**9])
def test_members_first_returns_the_first(pop, everyone, first):
    assert same(pop.members(first=first), everyone, slice(first))


def test_members_sample_has_no_repeats_and_is_repeated_by_its_seed(pop, everyone):
    some = pop.members(sample=1000, rng=2)
    rows = np.searchsorted(everyone.indices, some.indices)
    assert (np.diff(rows) > 0).all()
    assert same(some, everyone, rows)
    assert same(some, pop.members(sample=1000, rng=2, threads=1))
    assert not same(some, pop.members(sample=1000, rng=3))
    assert same(pop.members(sample=10**9), everyone)
    assert len(pop.members(sample=0)) == 0


@pytest.mark.property
@examples(200)
@given(total=st.integers(1, 10**12), n=st.integers(0, 50), seed=st.integers(0, 2**64))
def test_member_ranks_are_distinct_sorted_and_below_the_total(total, n, seed):
    n = min(n, total)
    ranks = _ranks(total, n, np.random.SeedSequence(seed))
    assert len(ranks) == n
    assert (np.diff(ranks) > 0).all()
    assert ((ranks >= 0) & (ranks < total)).all()


def test_every_member_is_as_likely_as_any_other():
    counts = np.zeros(10, int)
    for seed in range(3000):
        counts[_ranks(10, 3, np.random.SeedSequence(seed))] += 1
    assert np.abs(counts - 900).max() < 5 * np.sqrt(900 * 0.7)


def test_members_of_a_part_are_those_of_its_blocks(everyone):
    parts = [SPACE.population(N, **QUESTIONS, part=(k, 3)).members() for k in range(3)]
    for name, column in everyone.columns.items():
        assert np.array_equal(np.concatenate([one.columns[name] for one in parts]), column)


def test_members_skip_candidates_without_a_potential():
    space = fr.space(CELL, K_out=fr.uniform(3, 6), Na_out=fr.affine(4, K_out=-1))
    pop = space.population(N, rng=1)
    members = pop.members()
    assert 0 < len(members) == pop.accepted < N
    assert members.parameters["Na_out"].min() >= 0
    assert (members.parameters["Na_out"] == 4 - members.parameters["K_out"]).all()


def test_members_as_cells_have_their_parameters(pop):
    members = pop.members(first=5)
    for i, cell in enumerate(members.cells()):
        assert cell.potential() == members.potentials["control"][i]
        assert cell["Na_out"] == 150 - cell["K_out"]
        assert cell.name == CELL.name


UNITS = {
    "P_Na": "1",
    "K_out": "mM",
    "Na_out": "mM",
    "V control": "mV",
    "V high K": "mV",
    "V leaky": "mV",
}

# ---- tables and files ----


def test_data_frame_of_members_has_numbers_parameters_potentials_and_units(pop, everyone):
    frame = pop.to_dataframe()
    assert list(frame.columns) == ["candidate", *UNITS]
    assert frame.attrs["units"] == UNITS
    assert all((frame[name] == x).all() for name, x in everyone.columns.items())
    again = fr.table(CELL, frame, keep=[n for n in frame if n not in CELL])
    assert (again.values() == frame["V control"]).all()


def test_dataset_of_members_has_conditions_and_units(pop):
    members = pop.members(first=7)
    ds = members.to_xarray()
    assert ds.V.dims == ("condition", "member")
    assert (ds.V.sel(condition="leaky").values == members.potentials["leaky"]).all()
    assert (ds.K_out.dims, ds.K_out.attrs["units"]) == (("member",), "mM")
    assert float(ds.K_in) == CELL["K_in"]
    assert (ds.candidate.values == members.indices).all()
    assert len(pop.members(first=0).to_xarray().member) == 0


@pytest.mark.parametrize("rows", [0, 1000])
def test_csv_file_of_members_has_every_digit_and_units(pop, tmp_path, rows):
    members = pop.members(first=rows)
    members.save(tmp_path / "m.csv")
    with (tmp_path / "m.csv").open(newline="", encoding="utf-8") as file:
        header, *lines = csv.reader(file)
    assert header == list(members.columns)
    for i, x in enumerate(members.columns.values()):
        assert [float(line[i]) for line in lines] == x.tolist()
    assert json.loads((tmp_path / "m.csv.units.json").read_text()) == UNITS


def test_npz_file_of_members_has_an_array_per_column_and_units(pop, tmp_path):
    members = pop.members(first=1000)
    members.save(str(tmp_path / "m.npz"))
    with np.load(tmp_path / "m.npz") as file:
        assert json.loads(str(file["units"])) == UNITS
        assert all(np.array_equal(file[name], x) for name, x in members.columns.items())


def test_parquet_file_of_members_has_units_in_its_metadata(pop, tmp_path):
    pd, pq = pytest.importorskip("pandas"), pytest.importorskip("pyarrow.parquet")
    members = pop.members(first=1000)
    members.save(tmp_path / "m.parquet")
    frame = pd.read_parquet(tmp_path / "m.parquet")
    assert all((frame[name] == x).all() for name, x in members.columns.items())
    schema = pq.read_schema(tmp_path / "m.parquet")
    assert json.loads(schema.metadata[b"units"]) == UNITS
    assert schema.field("K_out").metadata == {b"units": b"mM"}


def test_members_without_pandas_name_the_extra(pop, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"needs pyarrow: pip install 'fastrest-ghk\[parquet\]'$"):
        pop.members(first=1).save(tmp_path / "m.parquet")


def test_members_print_their_description(pop):
    assert repr(pop.members(first=3)).startswith(
        "<3 members: P_Na, K_out, Na_out; V under control, high K, leaky; <Cell 'mammalian neuron'"
    )


# ---- bad arguments ----


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"first": -1}, ValueError, r"^first must be a whole number >= 0, got -1$"),
        ({"first": 1.5}, ValueError, r"^first must be a whole number >= 0, got 1\.5$"),
        ({"sample": True}, ValueError, r"^sample must be a whole number >= 0, got True$"),
        ({"first": 1, "sample": 1}, ValueError, r"^members are the first or a sample, not both"),
        ({"rng": 1}, ValueError, r"^rng= goes with sample=$"),
        ({"sample": 1, "rng": -1}, ValueError, r"^rng must be >= 0, got -1$"),
        ({"max_memory": 1000}, MemoryError, r"max_memory is 1 kB: .* members; ask for some, as "),
    ],
)
def test_members_refuse_bad_arguments_by_name(pop, options, error, message):
    with pytest.raises(error, match=message):
        pop.members(**options)
    if options.keys() == {"max_memory"}:
        with pytest.raises(error, match=message):
            pop.to_dataframe(**options)


def test_members_refuse_an_unknown_suffix(pop, tmp_path):
    with pytest.raises(ValueError, match=r"^unknown suffix '\.cvs': did you mean \.csv\?$"):
        pop.members(first=1).save(tmp_path / "m.cvs")
