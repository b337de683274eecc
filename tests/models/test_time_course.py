"""Cells at a time after a change: each point alone, and all verbs over many of them."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastrest as fr
from fastrest._core import _kernels

NEURON = fr.cells["mammalian neuron"]
LEAK = fr.Chord("K", "Na", "Cl", pump="constant")
LIVING = {
    "constant": NEURON.living(R_m=7),
    "saturating": NEURON.living(R_m=7, pump="saturating", pump_Na_half=10, pump_K_half=1.5),
    "chord": fr.Cell(
        fr.PumpLeak(LEAK, cotransport=("KCC", "NKCC")),
        **{"g_K": 0.3, "g_Na": 0.01, "g_Cl": 0.2, "g_KCC": 0.1, "g_NKCC": 0.01, "X_out": 10.0},
        **{"K_out": 5.0, "Na_out": 145.0, "Cl_out": 150.0, "z_X": -0.85, "celsius": 37.0},
        **{"pump_max": 0.3},
    ),
}
#: The pump slows down, and K rises outside; then the pump stops; then all is as before.
PROTOCOL = {
    0: {"pump_max": fr.times(0.5), "K_out": fr.times(1.5)},
    300: fr.states["pump block"],
    900: {},
}
each_cell = pytest.mark.parametrize("living", LIVING.values(), ids=list(LIVING))
#: The reference takes seconds for cells with a pump.
one_cell_and_slow_ones = pytest.mark.parametrize(
    "living",
    [
        pytest.param(one, id=name, marks=[] if name == "chord" else pytest.mark.slow)
        for name, one in LIVING.items()
    ],
)
OUTPUTS = ("V", "Na_in", "K_in", "Cl_in", "X", "relative_volume", "E_K", "E_Cl", "I_pump")


def after(living, time=600.0, **options):
    return living.after(PROTOCOL, time=time, diameter=20, **options)


def rows(living, n, seed=1):
    draw = np.random.default_rng(seed)
    varied = [name for name in living if name[:2] in ("P_", "g_")] + ["pump_max", "K_out"]
    columns = {name: living[name] * draw.lognormal(0, 0.15, n) for name in varied}
    return {**columns, "time": draw.uniform(-50, 1500, n), "diameter": draw.uniform(10, 40, n)}


# ---- each point alone ----


@each_cell
@pytest.mark.parametrize("of", [*OUTPUTS, "time_to(-60)", "stopped"])
def test_a_point_depends_on_itself_alone(living, of):
    columns = rows(living, 333)
    table = fr.table(after(living), columns)
    values, status = table.values(of=of), table.status(of=of)
    order = np.random.default_rng(2).permutation(333)
    shuffled = fr.table(after(living), {name: x[order] for name, x in columns.items()})
    assert shuffled.values(of=of).tobytes() == values[order].tobytes()
    assert shuffled.status(of=of).tobytes() == status[order].tobytes()
    for i in (0, 1, 332):
        one = after(living).replace(**{name: float(x[i]) for name, x in columns.items()})
        assert one.value(of=of) == values[i] or math.isnan(values[i])
    assert np.isin(status, (0, 16)).mean() > 0.2


@each_cell
def test_a_value_at_a_time_does_not_depend_on_the_other_times(living):
    times = np.unique(np.concatenate([np.linspace(-100, 2000, 50), [0.0, 300.0, 900.0]]))
    for of in ("V", "Na_in", "time_to(-60)"):
        among = fr.grid(after(living), diameter=[10.0, 20.0], time=times).values(of=of)[1]
        backwards = fr.grid(after(living), time=times[::-1]).values(of=of)[::-1]
        alone = [after(living, float(t)).value(of=of) for t in times]
        assert among.tolist() == backwards.tolist() == alone


@each_cell
def test_instruction_sets_and_threads_give_the_same_bits(living):
    table = fr.table(after(living), rows(living, 1000))
    for of in ("V", "time_to(-60)"):
        found = {
            table.values(of=of, engine=isa, threads=threads).tobytes()
            for isa in _kernels.SUPPORTED
            for threads in (1, 3)
        }
        assert len(found) == 1


@one_cell_and_slow_ones
def test_the_reference_agrees(living):
    table = fr.table(after(living), {name: x[:6] for name, x in rows(living, 6).items()})
    for of in OUTPUTS:
        plain = table.values(of=of, engine="python")
        assert table.values(of=of) == pytest.approx(plain, rel=1e-8, abs=1e-6, nan_ok=True)
        assert (table.status(of=of) == table.status(of=of, engine="python")).all()


@one_cell_and_slow_ones
def test_the_reference_agrees_about_times(living):
    for V, never in ((-60, math.inf), (-75, 1e4)):
        cell, of = after(living, 1400.0), fr.time_to(V, never=never)
        plain, bits = cell.model.output(of).reference(cell)
        assert cell.value(of=of) == pytest.approx(plain, abs=1e-3)
        assert int(bits) == (16 if math.isinf(plain) else 0)


def test_arrays_have_the_times_of_their_own_threshold():
    cell = LIVING["constant"].after({0: fr.states["pump block"]}, time=7e4, diameter=20)
    found = [  # hash(-1.0) == hash(-2.0)
        cell.model(of=fr.time_to(V), **{**cell, "time": np.array([600.0, 7e4])}).tolist()
        for V in (-1.0, -2.0)
    ]
    assert found[0] == [math.inf, math.inf]
    assert found[1] == [math.inf, cell.value(of=fr.time_to(-2.0))]
    assert 5e4 < found[1][1] < 7e4


def test_an_ion_that_is_used_up_is_told_with_its_time():
    cell = LIVING["constant"].after({60: {"pump_max": 1.5}}, time=3600, diameter=20)
    grid = fr.grid(cell, time=[0.0, 100.0, 1000.0, 3600.0])
    assert grid.status().tolist() == [0, 0, 64, 64]
    stopped = grid.values(of="stopped")
    assert np.isinf(stopped).tolist() == [True, True, False, False]
    assert 200 < stopped[-1] < 400
    assert grid.status(of=fr.time_to(0)).tolist() == [16, 16, 64, 64]


@pytest.mark.slow
def test_the_reference_agrees_about_the_time_at_which_an_ion_is_used_up():
    cell = LIVING["constant"].after({60: {"pump_max": 1.5}}, time=3600, diameter=20)
    plain, _ = cell.model.output("stopped").reference(cell)
    assert cell.value(of="stopped") == pytest.approx(plain, abs=0.1)


def test_multiples_are_of_each_points_own_value():
    living = LIVING["saturating"]
    cell = living.after({0: {"P_Na": fr.times(2)}}, time=500, diameter=20)
    P_Na = living["P_Na"] * np.array([0.8, 1.0, 1.1])
    for x, V in zip(P_Na, fr.grid(cell, P_Na=P_Na).values(), strict=True):
        own = living.replace(P_Na=x)
        assert own.after({0: {"P_Na": 2 * x}}, time=500, diameter=20).potential() == V


def test_a_rundown_is_a_grid_of_times():
    living, times = LIVING["saturating"], np.linspace(0, 1200, 13)
    run = living.rundown(PROTOCOL, time=times, diameter=20)
    grid = fr.grid(after(living), time=times)
    for of in OUTPUTS:
        assert run.values(of=of).tolist() == grid.values(of=of).tolist()
    assert run.time_to(-60) == after(living, 1200.0).value(of=fr.time_to(-60))


@pytest.mark.property
@given(
    st.lists(st.floats(0, 1200), min_size=1, max_size=5, unique=True),
    st.floats(0, 1200),
    st.sampled_from(list(LIVING)),
)
def test_conditions_that_change_nothing_change_little(starts, time, kind):
    living = LIVING[kind]
    off = {"pump_max": 0.0}
    whole = living.after({0: off}, time=time, diameter=20).value(of=["V", "Na_in", "stopped"])
    cut = living.after({0: off, **dict.fromkeys(starts, off)}, time=time, diameter=20)
    assert cut.value(of=["V", "Na_in", "stopped"]) == pytest.approx(whole, abs=1e-6)


@pytest.mark.parametrize(
    ("column", "x", "bits"),
    [
        ("time", math.nan, 1),
        ("time", math.inf, 1),
        ("diameter", -1.0, 2),
        ("diameter", 0.0, 32),
        ("K_out", -1.0, 2),
        ("celsius", 200.0, 4),
        ("P_K", math.nan, 1),
    ],
)
def test_a_bad_row_is_told_and_harms_no_other(column, x, bits):
    values = np.array([600.0, x, 600.0]) if column == "time" else np.array([20.0, x, 20.0])
    if column not in ("time", "diameter"):
        values = np.array([LIVING["saturating"][column], x, LIVING["saturating"][column]])
    table = fr.table(after(LIVING["saturating"]), {column: values})
    assert table.status().tolist() == [0, bits, 0]
    assert np.isnan(table.values()).tolist() == [False, True, False]


# ---- all verbs ----


@pytest.fixture(scope="module")
def space():
    cell = LIVING["saturating"].after({0: fr.states["pump block"]}, time=3600, diameter=20)
    return fr.space(
        cell, P_Na=fr.lognormal(cv=0.3), P_K=fr.lognormal(cv=0.3), diameter=fr.uniform(10, 30)
    )


def test_reductions_are_those_of_the_values(space):
    sample = space.sample(3000, rng=1)
    V = sample.values()
    found = sample.summary()
    assert (found.n, found.min, found.max) == (3000, V.min(), V.max())
    assert found.mean == pytest.approx(V.mean(), rel=1e-12)
    assert (
        sample.quantile([0, 0.5, 1]).tolist()
        == np.quantile(V, [0, 0.5, 1], method="inverted_cdf").tolist()
    )


def test_times_that_do_not_come_rank_last(space):
    sample, of = space.sample(3000, rng=1), fr.time_to(-40)
    times = sample.values(of=of)
    late = np.isinf(times)
    assert 0.05 < late.mean() < 0.5
    assert (sample.status(of=of) == np.where(late, 16, 0)).all()
    q = [0.1, 0.5, float(1 - late.mean()), 0.99]
    expected = np.quantile(times, q, method="inverted_cdf")
    assert sample.quantile(q, of=of).tolist() == expected.tolist()
    assert math.isinf(expected[-1])
    assert sample.fraction(above=1800, of=of) == (times > 1800).mean()
    assert sample.fraction(below=1800, of=of) == (times < 1800).mean()
    histogram = sample.histogram([0, 1800, 3600], of=of)
    assert histogram.above == late.sum()
    found = sample.summary(of=of)
    assert found.invalid == {"INFINITE": late.sum()}
    assert found.mean == pytest.approx(times[~late].mean())
    event = fr.below(1800, of=of)
    assert sample.values(of=event).tolist() == (times < 1800).astype(float).tolist()
    never = sample.values(of=fr.time_to(-40, never=7200))
    assert never.tolist() == np.where(late, 7200, times).tolist()


def test_indices_of_a_course(space):
    of_V = space.sobol(2**10, rng=1)
    assert set(of_V) == {"names", "S1", "S1_conf", "ST", "ST_conf"}
    assert of_V.mean == pytest.approx(
        space.sample(2**12, rng=2, method="sobol").summary().mean, abs=1
    )
    event = space.sobol(2**10, rng=1, of=fr.below(1800, of=fr.time_to(-40)))
    number = space.sobol(2**10, rng=1, of=fr.below(1800, of=fr.time_to(-40, never=7200)))
    assert event["S1"].tolist() == number["S1"].tolist()
    above = space.sobol(2**10, rng=1, of=fr.above(-30))
    fraction = space.sample(2**12, rng=2, method="sobol").fraction(above=-30)
    assert 0.2 < fraction < 0.9
    assert above.mean == pytest.approx(fraction, abs=0.02)
    with pytest.raises(ValueError, match=r"time_to\(-40\) does not come .* never=7200"):
        space.sobol(2**10, rng=1, of=fr.time_to(-40))
    with pytest.raises(ValueError, match="dgsm needs derivatives"):
        space.dgsm(2**8)


def test_populations_have_times_as_conditions(space):
    conditions = {"10 min": {"time": 600.0}, "1 h": {}}
    accept = [fr.below(-50, at="10 min"), fr.above(1200, of=fr.time_to(-40), at="1 h")]
    found = space.population(2000, rng=1, conditions=conditions, accept=accept)
    sample = space.sample(2000, rng=1)
    early = fr.space(
        space.cell.replace(time=600),
        **dict(zip(space.names, space.distributions, strict=True)),
    ).sample(2000, rng=1)
    kept = (early.values() < -50) & (sample.values(of=fr.time_to(-40)) > 1200)
    assert found.accepted == kept.sum()


def test_files_and_pickles_keep_a_course(space, tmp_path):
    grid = fr.grid(after(LIVING["chord"]), time=np.linspace(0, 1000, 11))
    grid.save(tmp_path / "v.npy")
    assert fr.load(tmp_path / "v.npy") == grid
    assert pickle.loads(pickle.dumps(grid)) == grid
    part = space.sample(500, rng=1).part(0, 1).tally(fr.Summary(of=fr.time_to(-40)))
    part.save(tmp_path / "t.json")
    (merged,) = fr.merge([tmp_path / "t.json"])
    assert merged == space.sample(500, rng=1).summary(of=fr.time_to(-40))


# ---- errors ----


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: NEURON.after({}, time=0, diameter=9), "a living cell is needed"),
        (lambda: after(LIVING["chord"], diameter=9), "multiple values"),
        (lambda: after(LIVING["chord"], math.nan), "time must be finite"),
        (lambda: after(LIVING["chord"]).gradient(), "no derivatives here"),
        (lambda: after(LIVING["chord"]).currents(), "not known here"),
        (lambda: after(LIVING["chord"]).value(of="margin"), "unknown output 'margin'"),
        (lambda: after(LIVING["chord"]).value(of="time_to(x)"), "unknown output"),
        (lambda: fr.time_to(math.inf), "time_to: V must be finite"),
        (lambda: fr.time_to(0, never="no"), "never must be a number"),
        (
            lambda: LIVING["chord"].after({float(t): {} for t in range(1001)}, time=0, diameter=9),
            "at most 1,000 conditions, got 1,001",
        ),
    ],
)
def test_errors_say_what_to_do(make, text):
    with pytest.raises((ValueError, TypeError), match=text):
        make()


def test_points_without_a_solution_are_left_out_of_indices():
    space = fr.space(LIVING["constant"], P_Na=fr.lognormal(cv=0.3), K_out=fr.uniform(3, 8))
    found = space.sobol(2**10, rng=1, nan_policy="omit")
    assert 500 < found.invalid["NO_SOLUTION"] < 1000
    valid = space.sample(2**14, rng=2, method="sobol").summary()
    assert found.mean == pytest.approx(valid.mean, abs=3)  # others than these are left out
