"""Outputs of a cell under conditions, and their changes, against cells that are changed."""

import io
import math
import pickle
import pickletools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastrest as fr
from fastrest._core import _kernels

NEURON = fr.cells["mammalian neuron"]
CONDITIONS = {
    "high K": {"K_out": 8.0},
    "block": {"P_Na": fr.times(0.5), "P_Cl": 0.9},
    "cold": {"celsius": 20.0},
}
CELL = NEURON.under(CONDITIONS)
RISE = fr.change("control", "high K")
LIVING = NEURON.living(R_m=7)
#: Cells of every kind of model, a condition for each, and outputs to compare.
KINDS = {
    "constant field": (NEURON, {"K_out": 8.0, "P_Na": fr.times(2)}, ("V", "E_K")),
    "passive": (NEURON.passive("Cl"), {"Cl_out": fr.times(0.5), "K_out": 9.0}, ("V", "E_Cl")),
    "calcium": (
        NEURON.with_ions("Ca", P=0.1, out=2, inside=1e-4),
        {"Ca_out": 4.0},
        ("V", "E_Ca"),
    ),
    "conductances": (NEURON.to_chord(), {"g_K": fr.times(3), "celsius": 20.0}, ("V", "E_Na")),
    "pump current": (NEURON.absolute(R_m=7), {"pump_max": fr.times(0.0)}, ("V",)),
    "keeps itself": (LIVING, {"pump_max": fr.times(0.5)}, ("V", "Na_in", "relative_volume")),
    "in time": (
        LIVING.after({0: fr.states["pump block"]}, time=600, diameter=20),
        {"diameter": 10.0},
        ("V", "K_in"),
    ),
}
each_kind = pytest.mark.parametrize(
    ("cell", "condition", "outputs"), KINDS.values(), ids=list(KINDS)
)


def table_of(cell, n=700):
    """Return a table of the cell in which all but the temperature vary; some rows are bad."""
    draw = np.random.default_rng(7)
    names = [name for name in cell if name not in ("celsius", "z_X", "n_X", "X_out")]
    columns = {name: cell[name] * draw.uniform(0.7, 1.4, n) for name in names}
    columns[names[0]][5], columns["K_out"][9] = math.nan, -1.0
    return columns


@each_kind
def test_outputs_under_conditions_are_those_of_changed_cells(cell, condition, outputs, isa):
    columns = table_of(cell)
    changed = {
        name: x.factors * columns.get(name, cell[name]) if isinstance(x, fr.Times) else x
        for name, x in condition.items()
    }
    arrays = {name: np.broadcast_to(x, 700).copy() for name, x in {**columns, **changed}.items()}
    before, after = fr.table(cell, columns), fr.table(cell, arrays)
    compared = fr.table(cell.under({"other": condition}), columns)
    for of in outputs:
        first, last = (one.values(of=of, engine=isa) for one in (before, after))
        at, rise = fr.output(of, at="other"), fr.change("control", "other", of=of)
        assert compared.values(of=of, engine=isa).tobytes() == first.tobytes()
        assert compared.values(of=at, engine=isa).tobytes() == last.tobytes()
        np.testing.assert_array_equal(compared.values(of=rise, engine=isa), last - first)
        bits, other = before.status(of=of), after.status(of=of)
        assert (compared.status(of=at) == other).all()
        assert (compared.status(of=rise) == np.where(bits == 0, other, bits)).all()


@each_kind
def test_the_reference_agrees_about_conditions(cell, condition, outputs):
    cell = cell.under({"other": condition})
    for of in outputs:
        for name in (fr.output(of, at="other"), fr.change("control", "other", of=of)):
            plain = cell.value(of=name, engine="python")
            assert cell.value(of=name) == pytest.approx(plain, rel=1e-8, abs=1e-8)


@given(
    st.floats(0.01, 100),
    st.floats(0.01, 100),
    st.sampled_from([*CONDITIONS, "control"]),
    st.sampled_from([*CONDITIONS, "control"]),
)
@pytest.mark.property
def test_changes_are_antisymmetric(K_out, P_Na, a, b):
    cell = CELL.replace(K_out=K_out, P_Na=P_Na)
    if a != b:
        there, back = (cell.value(of=fr.change(*pair)) for pair in ((a, b), (b, a)))
        assert there == -back
        parts = [cell.value(of=fr.output("V", at=one)) for one in (a, b)]
        assert there == parts[1] - parts[0]


def test_every_verb_of_a_sweep_takes_a_change():
    grid = fr.grid(CELL, P_Na=fr.times(np.linspace(0.2, 3, 50)), K_in=np.linspace(100, 150, 40))
    V = grid.values(of=RISE)
    assert grid.values(of=["V", RISE])[RISE].tobytes() == V.tobytes()
    assert grid.summary(of=RISE).mean == pytest.approx(V.mean(), rel=1e-13)
    assert grid.fraction(above=5, of=RISE) == (V > 5).mean()
    assert grid.quantile(0.5, of=RISE) == np.sort(V.ravel())[999]
    assert (grid.values(of=fr.between(4, 6, of=RISE)) == ((V >= 4) & (V <= 6))).all()
    assert (grid.values(of=fr.change("control", "high K", 4, 6)) == ((V >= 4) & (V <= 6))).all()
    dataset = grid.to_xarray(of=RISE)
    assert dataset[RISE].attrs["units"] == "mV"
    assert "from control to high K" in dataset[RISE].attrs["long_name"]


def test_events_may_name_conditions():
    grid = fr.grid(CELL, K_out=np.linspace(2, 20, 181))
    high = grid.values(of=fr.output("V", at="high K"))
    own = grid.values()
    event = fr.above(-65, at="high K") & ~fr.above(-60)
    assert (grid.values(of=event) == ((high > -65) & ~(own > -60))).all()
    assert CELL.value(of=fr.above(-65, at="high K")) == 1.0


def test_samples_and_indices_know_conditions():
    space = fr.space(CELL, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
    sample = space.sample(5000, rng=1)
    x = sample.parameters(np.arange(5000))
    expected = fr.table(NEURON, {**x, "K_out": np.full(5000, 8.0)}).values() - sample.values()
    assert (sample.values(of=RISE) == expected).all()
    r = space.sobol(2**14, of=RISE, rng=1)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    u, w = (nodes + 1) / 2, weights / 2
    P, K = (one.ppf(u) for one in space.distributions)
    V = fr.grid(CELL, P_Na=P, K_out=K).values(of=RISE)
    mean = w @ V @ w
    parts = (w @ (V @ w) ** 2, w @ (w @ V) ** 2)
    exact = [(part - mean**2) / (w @ V**2 @ w - mean**2) for part in parts]
    assert r.mean == pytest.approx(mean, abs=0.01)
    assert (np.abs(r["S1"] - exact) < 2 * r["S1_conf"] + 1e-3).all()
    event = fr.change("control", "high K", 4, 6)
    assert space.sobol(2**10, of=event, rng=1)["ST"].shape == (2,)


@pytest.mark.parametrize(
    "of",
    [
        RISE,
        fr.change("high K", "block"),
        fr.output("V", at="block"),
        fr.change("control", "pump"),
        fr.change("control", "saline"),
    ],
)
def test_exact_indices_of_changes_equal_brute_force_quadrature(of):
    more = {"pump": {"pump_ratio": 1.5}, "saline": {"Na_out": fr.times(0.5), "Cl_in": 20.0}}
    cell = NEURON.under({**CONDITIONS, **more})
    inputs = {"P_Na": (0.01, 0.08), "K_out": (3, 6), "Cl_in": (5, 12), "celsius": (20, 37)}
    space = fr.space(cell, **{name: fr.uniform(*ends) for name, ends in inputs.items()})
    nodes, weights = np.polynomial.legendre.leggauss(16)
    grid = {n: (a + b) / 2 + (b - a) / 2 * nodes for n, (a, b) in inputs.items()}
    V, w = fr.grid(cell, **grid).values(of=of), weights / 2

    def over(x, axes):
        for axis in sorted(axes, reverse=True):
            x = np.moveaxis(x, axis, -1) @ w
        return x

    mean = over(V, range(4))
    variance = over((V - mean) ** 2, range(4))
    r = space.sobol(of=of)
    assert r.mean == pytest.approx(mean, rel=1e-6)
    assert r.sd**2 == pytest.approx(variance, rel=2e-6)
    for i in range(4):
        rest = [j for j in range(4) if j != i]
        alone = w @ (over(V, rest) - mean) ** 2
        without = over((over(V, [i]) - mean) ** 2, range(3))
        assert r["S1"][i] == pytest.approx(alone / variance, abs=1e-6)
        assert r["ST"][i] == pytest.approx(1 - without / variance, abs=1e-6)
    assert space.shapley(of=of)["Sh"].sum() == pytest.approx(1, abs=1e-12)


def test_a_population_has_the_conditions_of_its_cell():
    space = fr.space(CELL, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
    accept = [fr.between(-80, -60), fr.change("control", "high K", 2, 9)]
    own = space.population(5000, rng=1, accept=accept)
    same = fr.space(NEURON, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6)).population(
        5000, rng=1, accept=accept, conditions={"control": {}, **CONDITIONS}
    )
    assert list(own.conditions) == ["control", *CONDITIONS]
    assert (own.accepted, own.rejected_by) == (same.accepted, same.rejected_by)


def test_pickles_and_files_keep_conditions(tmp_path):
    data = pickle.dumps(CELL)
    assert pickle.loads(data) == CELL != NEURON
    names = {arg for op, arg, _ in pickletools.genops(data) if isinstance(arg, str)}
    assert not {name for name in names if name.startswith("fastrest.")}
    grid = fr.grid(CELL, P_Na=[0.02, 0.04])
    grid.save(tmp_path / "v.npy", of=RISE)
    loaded = fr.load(tmp_path / "v.npy")
    assert loaded == grid
    assert loaded.cell.model.conditions == CELL.model.conditions
    assert (loaded.values(of=RISE) == np.load(tmp_path / "v.npy")).all()
    part = grid.part(0, 1).tally(fr.Summary(of=RISE))
    part.save(tmp_path / "t")
    assert fr.merge([tmp_path / "t"])[0] == grid.summary(of=RISE)


def test_derived_cells_keep_conditions():
    assert CELL.replace(K_out=4.0).value(of=RISE) == pytest.approx(
        NEURON.replace(K_out=8.0).potential() - NEURON.replace(K_out=4.0).potential(), abs=1e-12
    )
    assert CELL.passive("K").model.conditions == CELL.model.conditions
    with pytest.raises(ValueError, match="unknown parameter 'P_Na'"):
        CELL.passive("Na")
    assert CELL.potential() == NEURON.potential()
    assert "under control, high K, block, cold" in repr(CELL)
    every = NEURON.under(fr.states)
    assert every.value(of=fr.change("control", "hyperkalaemia")) > 0


def test_an_ordinary_output_is_computed_as_without_conditions():
    grid = fr.grid(CELL, K_out=np.linspace(2, 9, 300), K_in=np.linspace(90, 150, 300))
    assert "factored" in repr(grid)
    assert grid.values().tobytes() == grid.with_cell(NEURON).values().tobytes()
    assert fr.space(CELL, P_Na=fr.lognormal(cv=0.5)).sobol().mean == pytest.approx(-69.11, abs=0.1)


def population(**options):
    return fr.space(CELL, K_out=fr.uniform(3, 6)).population(1000, rng=1, **options)


def test_a_criterion_about_a_change_is_that_of_the_event():
    named = population(accept=[fr.between(2, 6, of=RISE)])
    event = population(accept=[fr.change("control", "high K", 2, 6)])
    assert named.accepted == event.accepted > 0


def test_courses_of_a_cell_with_conditions_know_them():
    cell = LIVING.under({"k": {"K_out": 5.5}})
    protocol, rise = {0: fr.states["pump block"]}, fr.change("control", "k")
    options = {"diameter": 20.0}
    found = cell.after(protocol, time=600.0, **options).value(of=rise)
    plain = [
        one.after(protocol, time=600.0, **options).potential()
        for one in (LIVING, LIVING.replace(K_out=5.5))
    ]
    assert found == plain[1] - plain[0]
    grid = fr.grid(cell, P_Na=fr.times([1.0, 1.1]))
    courses = grid.rundown(protocol, time=[0, 600], **options)
    assert courses.values(of=rise)[0, 1] == found


def test_further_conditions_are_added():
    cell = CELL.under({"low K": {"K_out": 3.0}, "cold": {"celsius": 10.0}})
    assert list(cell.model.conditions) == ["control", *CONDITIONS, "low K"]
    assert cell.value(of=fr.output("V", at="cold")) == NEURON.replace(celsius=10.0).potential()
    assert cell.value(of="output('V', 'low K')") == NEURON.replace(K_out=3.0).potential()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: NEURON.under({}), TypeError, r'conditions must be a dict, as \{"high K"'),
        (lambda: NEURON.under({"a": 3}), TypeError, "condition 'a': a condition must be a dict"),
        (lambda: NEURON.under({"a": {"K": 3}}), ValueError, "'a': .*unknown parameter 'K'"),
        (lambda: NEURON.under({"a": {"K_out": -3}}), ValueError, "'a': K_out must be >= 0 mM"),
        (lambda: NEURON.under({3: {}}), TypeError, "a name must be text of 1 to 200 .*, got 3"),
        (lambda: NEURON.under({"x" * 201: {}}), TypeError, "a name must be text of 1 to 200"),
        (lambda: NEURON.under({"control": {"K_out": 3}}), ValueError, "'control' changes nothing"),
        (lambda: CELL.absolute(R_m=7), ValueError, "absolute makes .*: call under after it"),
        (lambda: CELL.to_chord(), ValueError, "call under after it"),
        (lambda: CELL.living(R_m=7), ValueError, "call under after it"),
        (
            lambda: LIVING.under({"a": {"K_out": 8.0}}).steady_state(),
            ValueError,
            "call under after it",
        ),
        (
            lambda: population(conditions={"x": {"K_out": 4.0}}),
            ValueError,
            "conditions: the cell has its own, control, high K, block, cold",
        ),
        (lambda: population(of=RISE), ValueError, "counts an output under every condition"),
        (
            lambda: population(accept=[fr.between(1, 2, of=RISE, at="high K")]),
            ValueError,
            "in of= and in at=: leave one",
        ),
        (
            lambda: fr.space(CELL, K_out=fr.uniform(3, 6)).probability(of=fr.above(3, of=RISE)),
            ValueError,
            "without a condition",
        ),
        (lambda: fr.change("a", "a"), ValueError, "before and after must differ"),
        (lambda: fr.change("a", "b", 3), TypeError, "needs both low and high"),
        (lambda: fr.change("a", "b", 1, 2, of="E_K"), ValueError, "use between"),
        (lambda: fr.output("V", at=3), TypeError, "at must be text"),
        (lambda: CELL.value(of=fr.output("V", at="x")), ValueError, "unknown condition 'x'"),
        (lambda: CELL.value(of=fr.output("W", at="cold")), ValueError, "unknown output"),
        (lambda: NEURON.value(of=RISE), ValueError, r"cell.under\(conditions\)"),
        (lambda: NEURON.value(of=fr.above(3, at="x")), ValueError, r"cell.under\(conditions\)"),
        (lambda: CELL.gradient(of=RISE), ValueError, "no derivatives"),
        (lambda: CELL.solve("P_Na", **{RISE: 5}), ValueError, "without a condition"),
        (
            lambda: fr.space(CELL, K_out=fr.uniform(3, 6)).sobol(of=fr.change("control", "cold")),
            ValueError,
            "no condition changes celsius, got change.*sample instead",
        ),
        (
            lambda: fr.space(CELL, K_out=fr.uniform(3, 6)).dgsm(64, of=RISE),
            ValueError,
            "needs derivatives",
        ),
    ],
)
def test_errors_about_conditions_say_what_to_do(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_time_has_no_change():
    cell = KINDS["in time"][0].under({"small": {"diameter": 10.0}})
    assert cell.value(of=fr.output(fr.time_to(-55), at="small")) < 600
    with pytest.raises(ValueError, match="a time may be infinite"):
        cell.value(of=fr.change("control", "small", of=fr.time_to(-55)))


def test_equations_refuse_bad_changes():
    with pytest.raises(ValueError, match="at most 2 conditions"):
        _kernels.Equation("nernst", (1,), changes=({}, {}, {}))
    with pytest.raises(ValueError, match="columns, got number 9"):
        _kernels.Equation("nernst", (1,), changes=({9: (1.0, 0.0)},))


def test_ufuncs_of_changes_are_their_own():
    outputs = [CELL.model.output(one) for one in ("V", RISE, fr.change("high K", "control"))]
    assert len({one.ufunc.__name__ for one in outputs}) == 3
    values = {**CELL, "K_out": np.array([3.0, 5.0])}
    assert (CELL.model(of=RISE, **values) == -CELL.model(of=outputs[2].name, **values)).all()
    assert "condition" in outputs[1].ufunc.__doc__


def test_saved_outputs_without_conditions_have_no_trace_of_them():
    file = io.BytesIO()
    pickle.dump(NEURON, file)
    assert b"conditions" not in file.getvalue()
