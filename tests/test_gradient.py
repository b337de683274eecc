"""Gradients: against golden derivatives, the reference, and what derivatives must satisfy; and what
is made of them, elasticities and uncertainties."""

import csv
import importlib
import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastrest as fr
from fastrest import _kernels, engine, physics

GOLDEN = Path(__file__).with_name("golden")
NEURON = fr.cells["mammalian neuron"]
SO4 = fr.Ion("SO4", -2)
ENGINES = [None, "base", "python"]

MODELS = {
    "three ions": fr.GHK("K", "Na", "Cl"),
    "no pump": fr.GHK("Na", "Cl"),
    "five ions": fr.GHK("Na", "K", "Cl", "HCO3", fr.Ion("Li", 1)),
    "calcium": fr.GHK("K", "Cl", "Ca", SO4),
    "divalents only": fr.GHK("Mg", "Ca", SO4),
    "passive": fr.GHK("K", "Na", "Cl", "Ca", passive=("Cl", "Ca")),
    "chord": fr.Chord("K", "Cl", "Ca"),
}
each_model = pytest.mark.parametrize(
    "model", MODELS.values(), ids=[name.replace(" ", "-") for name in MODELS]
)
each_engine = pytest.mark.parametrize("engine", ENGINES, ids=str)


def body(model, n, seed=0):
    """A table of n rows of ordinary values for every parameter."""
    rng = np.random.default_rng(seed)
    columns = {name: rng.uniform(0.1, 150, n) for name in model.parameters}
    columns["celsius"] = rng.uniform(-20, 100, n)
    if model.pump_ion:
        columns["pump_ratio"] = rng.uniform(0.5, 2, n)
    return fr.table(fr.Cell(model, **dict.fromkeys(model.parameters, 1.0)), columns)


def same_bits(a, b):
    return a.tobytes() == b.tobytes()


# ---- golden derivatives ----


def golden_gradients(name):
    """Tables of one golden file, one per set of ions, and their exact derivatives by parameter."""
    with (GOLDEN / f"{name}_gradient.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    kind = fr.Chord if name == "chord" else fr.GHK
    groups = {}
    for row in rows:
        inputs = {n: float.fromhex(x) for n, x in row.items() if x and not n.startswith("d_")}
        groups.setdefault(tuple(inputs), []).append((inputs, row))
    for names, members in groups.items():
        ions = [n.removesuffix("_out") for n in names if n.endswith("_out")]
        model = kind(*(SO4 if ion == "SO4" else ion for ion in ions))
        columns = {n: np.array([inputs[n] for inputs, _ in members]) for n in names}
        yield (
            fr.table(fr.Cell(model, **members[0][0]), columns),
            {n: [row[f"d_{n}"] for _, row in members] for n in names},
        )


def test_the_golden_files_are_what_their_script_makes(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(GOLDEN))
    script = importlib.import_module("make_gradients")
    monkeypatch.setattr(script, "__file__", str(tmp_path / "make_gradients.py"))
    script.main()
    for name in script.FILES:
        made = (tmp_path / f"{name}_gradient.csv").read_text(encoding="utf-8")
        assert made == (GOLDEN / f"{name}_gradient.csv").read_text(encoding="utf-8"), name


@pytest.mark.parametrize("choice", [*_kernels.SUPPORTED, "python"])
@pytest.mark.parametrize("name", ["ghk", "divalent", "chord"])
def test_golden_derivatives_are_met(name, choice):
    compared = 0
    for sweep, exact in golden_gradients(name):
        found = sweep.gradient(engine=choice)
        for parameter, texts in exact.items():
            for i, text in enumerate(texts):
                x = abs(sweep._inputs[parameter][i]) + (273.15 if parameter == "celsius" else 0)
                if not text:
                    assert not math.isfinite(found[parameter][i])
                    continue
                # 5e-14 of itself; where it is a difference, +100 % is right within 2e-13 mV
                allowed = 5e-14 * abs(float(text)) + (2e-13 / float(x) if x else 0)
                assert abs(Decimal(float(found[parameter][i])) - Decimal(text)) <= allowed
                compared += 1
    assert compared > 250


def test_the_check_values_are_met():
    for choice in ENGINES:
        slopes = NEURON.gradient(engine=choice)
        assert slopes["K_out"] == pytest.approx(1.915889542117797, rel=1e-14)
        assert slopes["P_Na"] == pytest.approx(275.695094145281, rel=1e-14)
        assert slopes["pump_ratio"] == pytest.approx(-10.10352059954283, rel=1e-14)
        pumped = NEURON.replace(pump_ratio=1.5).gradient(engine=choice)
        assert pumped["pump_ratio"] == pytest.approx(-6.262140411350936, rel=1e-14)


# ---- the reference, on inputs that hypothesis makes ----

SPECIAL = [0.0, -0.0, 1.0, -1.0, 5e-324, 1e-300, 1e300, math.inf, -math.inf, math.nan]
SPECIAL += [1e200, 1e-200, 2.0**480, 2.0**-480]
ordinary = st.floats(1e-6, 1e3)
extraordinary = st.one_of(ordinary, ordinary, ordinary, st.sampled_from(SPECIAL))
temperatures = st.one_of(st.floats(-20, 100), st.floats(-20, 100), st.sampled_from(SPECIAL))


@st.composite
def rows(draw, model):
    n = draw(st.integers(1, 4))
    values = {}
    for name in model.parameters:
        strategy = temperatures if name == "celsius" else extraordinary
        values[name] = np.array(draw(st.lists(strategy, min_size=n, max_size=n)))
    return fr.table(fr.Cell(model, **dict.fromkeys(model.parameters, 1.0)), values)


@each_model
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_kernels_agree_with_the_reference_on_any_input(model, data):
    sweep = data.draw(rows(model))
    expected, status = sweep.gradient(engine="python"), sweep.status()
    for isa in _kernels.SUPPORTED:
        found = sweep.gradient(engine=isa)
        assert list(found) == list(model.parameters)
        for name, slopes in expected.items():
            assert np.isnan(slopes[status != 0]).all()
            assert np.isnan(found[name][status != 0]).all()
            finite = np.isfinite(slopes)  # what leaves the doubles may do so in two ways
            # differences may cancel: what +100 % does is then right within 1e-10 mV
            x = np.abs(sweep._inputs[name])[finite]
            with np.errstate(divide="ignore", over="ignore"):
                allowed = 1e-10 * np.abs(slopes[finite]) + 1e-10 / x + 1e-290
            assert (np.abs(found[name][finite] - slopes[finite]) <= allowed).all()


# ---- what derivatives must satisfy ----


@each_model
@each_engine
def test_temperature_scales_the_potential(model, engine):
    sweep = body(model, 300)
    V, slopes = sweep.values(engine=engine), sweep.gradient("celsius", engine=engine)
    # to the bit: the potential that derivatives are made with is that of values()
    assert same_bits(slopes["celsius"], V / (sweep._inputs["celsius"] + 273.15))


@each_model
def test_only_ratios_matter(model):
    # V(s P) = V(P) and V(s c) = V(c) for every s: their derivatives by s vanish
    sweep = body(model, 300)
    slopes = sweep.gradient()
    for kind in (f"{model.weight}_", "_out _in"):
        names = [n for n in slopes if any(part in n for part in kind.split())]
        names = [n for n in names if n != "pump_ratio"]
        effects = [sweep._inputs[n] * slopes[n] for n in names]
        assert np.abs(sum(effects)).max() <= 1e-11


@each_model
def test_no_derivative_is_larger_than_small_steps_show(model):
    sweep = body(model, 50)
    slopes = sweep.gradient()
    for name, x in sweep._inputs.items():
        step = 1e-5 * np.maximum(np.abs(x), 1)
        sides = [{**sweep._inputs, name: x + s} for s in (-step, step)]
        inside = np.abs(x - 40) < 59 if name == "celsius" else x > 1e-3
        low, high = (fr.table(sweep.cell, side).values() for side in sides)
        assert np.allclose((high - low)[inside], (2 * step * slopes[name])[inside], atol=1e-9)


def test_one_permeant_ion_alone_needs_no_permeability(isa):
    cell = fr.Cell(fr.GHK("K"), P_K=0.37, K_out=5.0, K_in=140.0, celsius=37.0)
    slopes = cell.gradient(engine=isa)
    assert abs(slopes["P_K"]) <= 1e-12
    assert slopes["K_out"] == pytest.approx(float(fr.model.phi(37.0)) / 5.0, rel=1e-15)
    assert slopes["K_in"] == pytest.approx(-float(fr.model.phi(37.0)) / 140.0, rel=1e-15)


@each_engine
def test_a_passive_ion_has_no_say(engine):
    cell = NEURON.passive("Cl")
    v = dict(cell)
    without = fr.Cell(fr.GHK("K", "Na"), **{n: v[n] for n in v if n != "Cl_out"})
    assert cell.gradient(engine=engine) == {**without.gradient(engine=engine), "Cl_out": 0.0}
    sweep = fr.grid(cell, Cl_out=[50.0, 100.0])
    assert (sweep.gradient("Cl_out", engine=engine)["Cl_out"] == 0).all()


# ---- zeros ----


@each_engine
@pytest.mark.parametrize("ion", ["K", "Na", "Cl", "Ca", "SO4"])
def test_an_ion_that_does_not_permeate_would_if_it_could(ion, engine):
    model = fr.GHK("K", "Na", "Cl", "Ca", SO4)
    cell = fr.Cell(
        model,
        **dict(NEURON),
        **{"P_Ca": 0.2, "Ca_out": 2.0, "Ca_in": 1e-4, "P_SO4": 0.1, "SO4_out": 1.0, "SO4_in": 0.5},
    )
    blocked = cell.replace(**{f"P_{ion}": 0.0})
    slopes = blocked.gradient(engine=engine)
    step = 1e-7
    effect = blocked.replace(**{f"P_{ion}": step}).potential() - blocked.potential()
    assert slopes[f"P_{ion}"] == pytest.approx(effect / step, rel=1e-4)
    for place in ("out", "in"):
        assert math.copysign(1, slopes[f"{ion}_{place}"]) == 1  # and no -0.0
        assert slopes[f"{ion}_{place}"] == 0


@each_engine
def test_a_concentration_of_zero_can_only_grow(engine):
    cell = NEURON.replace(Na_in=0.0, Cl_in=-0.0)
    slopes = cell.gradient(engine=engine)
    for name in ("Na_in", "Cl_in"):
        effect = cell.replace(**{name: 1e-6}).potential() - cell.potential()
        assert slopes[name] == pytest.approx(effect / 1e-6, rel=1e-4)


@each_engine
def test_a_pump_that_moves_no_potassium_has_a_slope(engine):
    cell = NEURON.replace(pump_ratio=0.0)
    slopes = cell.gradient(engine=engine)
    effect = cell.replace(pump_ratio=1e-6).potential() - cell.potential()
    assert slopes["pump_ratio"] == pytest.approx(effect / 1e-6, rel=1e-4)
    assert slopes["P_K"] == slopes["K_out"] == slopes["K_in"] == 0


@each_engine
def test_an_ion_without_conductance_may_be_anywhere(engine):
    cell = NEURON.to_chord().replace(g_Na=0.0)

    def slopes(**changes):
        return cell.replace(**changes).gradient(engine=engine)

    E_Na = cell.nernst()["Na"]
    here = slopes()
    expected = (E_Na - cell.potential()) / (cell["g_K"] + cell["g_Cl"])
    assert here["g_Na"] == pytest.approx(expected, rel=1e-13)
    assert here["Na_out"] == here["Na_in"] == 0
    # the least conductance of an ion on one side only takes V there
    assert slopes(Na_in=0)["g_Na"] == math.inf
    assert slopes(Na_out=0)["g_Na"] == -math.inf
    assert math.isnan(slopes(Na_out=0, Na_in=0)["g_Na"])
    assert math.isnan(slopes(Na_in=5e-324)["g_Na"])
    assert slopes(Na_in=0)["Na_in"] == slopes(Na_in=0)["Na_out"] == 0
    assert slopes(Na_in=0)["K_out"] == here["K_out"]
    blocked = NEURON.to_chord().replace(g_Cl=0.0)
    assert blocked.replace(Cl_in=0).gradient(engine=engine)["g_Cl"] == -math.inf


# ---- units and extremes ----


@each_engine
@pytest.mark.parametrize("exponent", [-1000, -960, -500, 300, 500, 900])
def test_the_unit_of_permeabilities_is_the_unit_of_their_derivatives(exponent, engine):
    unit = 2.0**exponent
    here = NEURON.gradient(engine=engine)
    P = {name: fr.times(unit) for name in NEURON if name.startswith("P_")}
    there = NEURON.replace(**P).gradient(engine=engine)
    for name, slope in here.items():
        expected = slope / unit if name in P else slope
        assert there[name] == pytest.approx(expected, rel=1e-13)


@each_engine
@pytest.mark.parametrize("name", ["three ions", "chord"])
def test_sums_near_the_end_of_the_doubles_have_derivatives(name, engine):
    model = MODELS[name]
    cell = fr.Cell(
        model, **{n: 1.0 + i / 7 for i, n in enumerate(model.parameters) if n != "celsius"},
        celsius=20,
    )  # fmt: skip
    here = cell.gradient(engine=engine)
    for P, c in ((1e-300, 1.0), (1.0, 1e-300), (1e-150, 1e-157), (1e150, 1e150), (1e300, 1e-250)):
        changes = {}
        for parameter in cell:
            weight = parameter.startswith(model.weight + "_")
            if parameter not in ("celsius", "pump_ratio"):
                changes[parameter] = P if weight else c
        there = cell.replace(**{n: fr.times(s) for n, s in changes.items()})
        for parameter, slope in there.gradient(engine=engine).items():
            expected = here[parameter] / changes.get(parameter, 1.0)
            assert slope == pytest.approx(expected, rel=1e-12), (P, c, parameter)


@each_engine
def test_the_unit_of_permeabilities_may_meet_any_pump(engine):
    # P times pump_ratio, 2^-1060, has few bits left as a double; the terms are ordinary numbers
    model = fr.GHK("K", "Na")
    rest = {"Na_out": 145.0, "Na_in": 15.0, "celsius": 37.0}
    P = 1.0 + 2.0**-20
    plain = fr.Cell(model, P_K=P * 2.0**-60, P_Na=2.0**-60, K_out=5.0, K_in=140.0, **rest)
    tiny = plain.replace(
        P_K=P * 2.0**-530, pump_ratio=2.0**-530, K_out=5.0 * 2.0**1000, K_in=140.0 * 2.0**1000
    )
    scale = {"P_K": 2.0**-470, "pump_ratio": 2.0**-530, "K_out": 2.0**1000, "K_in": 2.0**1000}
    here, there = plain.gradient(engine=engine), tiny.gradient(engine=engine)
    for name, slope in here.items():
        assert there[name] == pytest.approx(slope / scale.get(name, 1.0), rel=1e-13)


# ---- points without a potential ----


@each_engine
def test_points_without_a_potential_have_no_derivatives(engine):
    columns = {
        "K_out": [5.0, -1.0, np.nan, 5.0, 5.0, 0.0],
        "celsius": [37.0, 37.0, 37.0, 310.15, 37.0, 37.0],
        "P_K": [1.0, 1.0, 1.0, 1.0, 0.0, 1.0],
    }
    cell = fr.Cell(fr.GHK("K"), P_K=1.0, K_out=5.0, K_in=140.0, celsius=37.0)
    sweep = fr.table(cell, columns)
    assert sweep.status().tolist() == [0, 2, 1, 4, 8, 16]
    for slopes in sweep.gradient(engine=engine).values():
        assert np.isfinite(slopes).tolist() == [True, *[False] * 5]
        assert np.isnan(slopes[1:]).all()
    assert all(math.isnan(s) for s in cell.replace(K_in=0).gradient(engine=engine).values())
    chord = fr.Cell(fr.Chord("K"), g_K=0.0, K_out=5.0, K_in=140.0, celsius=37.0)
    assert all(math.isnan(s) for s in chord.gradient(engine=engine).values())


def test_a_bad_row_leaves_its_neighbours_alone(isa):
    sweep = body(MODELS["three ions"], 1000)
    expected = sweep.gradient(engine=isa)
    K_out = sweep._inputs["K_out"].copy()
    K_out[::7] = -1.0
    found = fr.table(sweep.cell, {**sweep._inputs, "K_out": K_out}).gradient(engine=isa)
    for name, slopes in expected.items():
        assert np.isnan(found[name][::7]).all()
        good = np.arange(1000) % 7 != 0
        assert same_bits(found[name][good], slopes[good])


# ---- bits ----


@each_model
def test_instruction_sets_and_threads_do_not_change_the_bits(model):
    sweep = body(model, 200_003)
    expected = sweep.gradient(engine="base", threads=1)
    for isa in _kernels.SUPPORTED:
        for threads in (1, 3):
            found = sweep.gradient(engine=isa, threads=threads)
            assert all(same_bits(found[name], slopes) for name, slopes in expected.items())


@each_model
def test_what_else_is_asked_does_not_change_the_bits(model, isa):
    sweep = body(model, 777)
    expected = sweep.gradient(engine=isa)
    for name in model.parameters:
        assert same_bits(sweep.gradient(name, engine=isa)[name], expected[name])
    assert same_bits(
        np.array([row.gradient(engine=isa)[name] for row in rows_of(sweep, 20) for name in row]),
        np.array([expected[name][i] for i in range(20) for name in model.parameters]),
    )


def rows_of(sweep, n):
    """The first rows of a table as cells."""
    for i in range(n):
        values = {name: column[i] for name, column in sweep._inputs.items()}
        yield sweep.cell.replace(**values)


# ---- sweeps ----


@pytest.mark.parametrize("cell", [NEURON, NEURON.passive("Cl"), NEURON.to_chord()], ids=repr)
def test_a_grid_is_a_table_of_its_points(cell):
    weight = f"{cell.model.weight}_Na"
    grid = fr.grid(
        cell,
        fr.axis("ringer", K_out=[2.5, 5.0, 10.0], Na_out=[147.5, 145.0, 140.0]),
        celsius=np.linspace(0, 40, 7),
        K_in=np.linspace(100, 150, 11),
        **{weight: fr.times([0.5, 1.0, 2.0])},
    )
    table = fr.table(cell, grid.parameters(np.arange(len(grid))))
    assert grid.route == ("pointwise" if weight == "g_Na" else "factored")
    by_grid, by_table = grid.gradient(), table.gradient()
    by_python = grid.gradient(engine="python")
    assert list(by_grid) == list(cell.model.parameters)
    for name, slopes in by_grid.items():
        assert slopes.shape == grid.shape
        assert slopes.dtype == np.float64
        assert same_bits(slopes.reshape(-1), by_table[name])
        assert np.allclose(slopes, by_python[name], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("method", ["random", "sobol", "lhs"])
def test_a_sample_is_a_table_of_its_points(method):
    space = fr.space(NEURON, P_Na=fr.lognormal(cv=0.5), K_out=fr.uniform(3, 6))
    sample = space.sample(5000, rng=1, method=method)
    found = sample.gradient()
    expected = fr.table(NEURON, sample.parameters(np.arange(5000))).gradient()
    assert list(found) == list(NEURON.model.parameters)
    assert all(same_bits(found[name], slopes) for name, slopes in expected.items())
    by_python = space.sample(50, rng=1, method="random").gradient("P_Na", engine="python")
    by_kernel = space.sample(50, rng=1, method="random").gradient("P_Na")
    assert np.allclose(by_python["P_Na"], by_kernel["P_Na"], rtol=1e-13)


def test_columns_of_any_type_and_layout_are_read():
    sweep = body(MODELS["three ions"], 70_000)
    expected = sweep.gradient("P_Na", "K_out")
    records = np.empty(len(sweep), [(name, "f8") for name in sweep._inputs])
    for name, column in sweep._inputs.items():
        records[name] = column
    swapped = {name: column.astype(">f8") for name, column in sweep._inputs.items()}
    for data in (records, swapped):
        found = fr.table(sweep.cell, data).gradient("P_Na", "K_out")
        assert all(same_bits(found[name], slopes) for name, slopes in expected.items())


def test_the_gradient_has_what_was_asked_for():
    sweep = fr.grid(NEURON, K_out=[3.0, 5.0])
    assert list(sweep.gradient("celsius", "K_out", "celsius")) == ["celsius", "K_out"]
    assert list(sweep.gradient()) == list(NEURON.model.parameters)
    assert sweep.gradient("K_out")["K_out"][1] == NEURON.gradient()["K_out"]


def test_progress_is_told():
    said = []
    sweep = fr.grid(NEURON, K_out=np.linspace(1, 50, 300_000))
    sweep.gradient("K_out", threads=1, progress=lambda done, total: said.append((done, total)))
    assert said[-1] == (300_000, 300_000)


def test_memory_is_checked_before_it_is_taken():
    sweep = fr.grid(NEURON, K_out=np.linspace(1, 50, 1000), Na_out=np.linspace(1, 50, 1000))
    with pytest.raises(MemoryError, match=r"this needs 16 MB, max_memory is 15 MB: 1,000,000 poi"):
        sweep.gradient("K_out", "P_Na", max_memory=15_000_000)
    huge = fr.grid(NEURON, **{n: np.linspace(1, 2, 10**5) for n in ("K_out", "K_in", "P_K")})
    with pytest.raises(MemoryError, match="by 11 parameters; ask for fewer of them, or of points"):
        huge.gradient()


def test_what_a_gradient_cannot_be_asked_is_said():
    sweep = fr.grid(NEURON, K_out=[3.0, 5.0])
    with pytest.raises(ValueError, match="gradient: unknown parameter 'K_ou': did you mean K_out"):
        sweep.gradient("P_Na", "K_ou")
    with pytest.raises(ValueError, match="unknown parameter 'Cl_in'"):
        fr.grid(NEURON.passive("Cl"), K_out=[3.0]).gradient("Cl_in")
    for ask in (sweep.gradient, NEURON.gradient):
        with pytest.raises(ValueError, match="engine must be one of 'python'"):
            ask(engine="fortran")


# ---- the border to C ----

OUT = np.empty(2)
READ_ONLY = np.empty(2)
READ_ONLY.flags.writeable = False


@pytest.mark.parametrize(
    ("equation", "wanted", "out", "error", "message"),
    [
        ("ghk", [0], [], ValueError, "1 columns wanted into 0 arrays"),
        ("ghk", [0] * 39, [OUT] * 39, ValueError, "39 columns wanted into 39 arrays"),
        ("ghk", [0, 0], [OUT, OUT.copy()], ValueError, "numbers of columns, each once"),
        ("ghk", [4], [OUT], ValueError, "numbers of columns, each once"),
        ("ghk", [-1], [OUT], ValueError, "numbers of columns, each once"),
        ("ghk", [0], [np.empty(3)], ValueError, r"contiguous float64 of shape \(2,\)"),
        ("ghk", [0], [np.empty((2, 1))], ValueError, r"contiguous float64 of shape \(2,\)"),
        ("ghk", [0], [np.empty(4)[::2]], ValueError, r"contiguous float64 of shape \(2,\)"),
        ("ghk", [0], [np.empty(2, "f4")], ValueError, r"contiguous float64 of shape \(2,\)"),
        ("ghk", [0], [READ_ONLY], ValueError, r"contiguous float64 of shape \(2,\)"),
        ("ghk", [0], [[1.0, 2.0]], TypeError, "ndarray"),
        ("ghk", ["P"], [OUT], TypeError, None),
        ("log_num", [0], [OUT], ValueError, "log_num has no derivatives"),
    ],
)
def test_arguments_that_the_kernels_cannot_read_are_refused(equation, wanted, out, error, message):
    columns = [np.ones(2), np.ones(2), np.ones(2), np.full(2, 37.0)]
    with pytest.raises(error, match=message):
        _kernels.Equation(equation, (1,)).gradients(columns, 0, 2, wanted, out)


def test_ranges_and_instruction_sets_are_checked():
    columns = [np.ones(2), np.ones(2), np.ones(2), np.full(2, 37.0)]
    equation = _kernels.Equation("ghk", (1,))
    with pytest.raises(ValueError, match="start and count must lie within the lattice"):
        equation.gradients(columns, 1, 2, [0], [OUT])
    with pytest.raises(ValueError, match="unknown instruction set 'mmx'"):
        equation.gradients(columns, 0, 2, [0], [OUT], isa="mmx")


# ---- elasticity ----


def test_elasticity_is_the_effect_of_one_percent():
    elasticity, slopes = NEURON.elasticity(), NEURON.gradient()
    for name, slope in slopes.items():
        change = 1.0 if name == "celsius" else 0.01 * NEURON[name]
        assert elasticity[name] == pytest.approx(slope * change, rel=1e-15)
        changed = NEURON.replace(**{name: NEURON[name] + change})
        effect = changed.potential() - NEURON.potential()
        assert elasticity[name] == pytest.approx(effect, rel=0.02, abs=1e-12)


def test_one_percent_of_nothing_is_nothing():
    cell = NEURON.to_chord().replace(g_Na=0.0, Na_in=0.0)
    assert cell.gradient()["g_Na"] == math.inf
    assert cell.elasticity()["g_Na"] == 0.0


def test_without_a_potential_there_is_no_elasticity():
    cell = fr.Cell(fr.GHK("K"), P_K=0.0, K_out=5.0, K_in=140.0, celsius=0.0)
    assert all(math.isnan(effect) for effect in cell.elasticity().values())


# ---- uncertainty ----


def test_uncertainty_is_that_of_a_monte_carlo():
    sds = {"K_out": 0.05, "P_Na": 0.0005, "Cl_in": 0.1, "celsius": 0.5, "pump_ratio": 0.01}
    u = NEURON.uncertainty(**sds)
    rng = np.random.default_rng(1)
    columns = {name: rng.normal(NEURON[name], sd, 10**6) for name, sd in sds.items()}
    V = fr.table(NEURON, columns).values()
    assert u.sd == pytest.approx(V.std(), rel=0.005)
    for name, column in columns.items():
        alone = fr.table(NEURON, {name: column}).values().std()
        assert u.contributions[name] == pytest.approx(alone, rel=0.005)
        assert u.shares[name] == pytest.approx((alone / V.std()) ** 2, rel=0.02)


def test_shares_are_of_the_variance():
    u = NEURON.uncertainty(K_out=0.1, P_Na=0.01, P_K=0.2)
    assert list(u.shares) == list(u.contributions) == ["K_out", "P_Na", "P_K"]
    assert sum(u.shares.values()) == pytest.approx(1, abs=1e-15)
    assert u.sd == pytest.approx(math.sqrt(sum(c**2 for c in u.contributions.values())))
    assert u.contributions["P_K"] == 0.2 * abs(NEURON.gradient()["P_K"])
    assert u == NEURON.uncertainty(K_out=0.1, P_Na=0.01, P_K=0.2)


def test_an_sd_may_be_a_multiple_of_the_value():
    assert NEURON.uncertainty(P_Na=fr.times(0.25)) == NEURON.uncertainty(P_Na=0.25 * 0.04)


def test_what_is_certain_has_no_share():
    u = NEURON.uncertainty(K_out=0.0, P_Na=0)
    assert u == fr.Uncertainty(0.0, {"K_out": 0.0, "P_Na": 0.0}, {"K_out": 0.0, "P_Na": 0.0})
    cell = NEURON.to_chord().replace(g_Na=0.0, Na_in=0.0)
    assert cell.uncertainty(g_Na=0.0, K_out=0.1).shares == {"g_Na": 0.0, "K_out": 1.0}
    assert cell.uncertainty(g_Na=0.1, K_out=0.1).sd == math.inf


def test_without_a_potential_nothing_is_known():
    cell = fr.Cell(fr.GHK("K"), P_K=0.0, K_out=5.0, K_in=140.0, celsius=0.0)
    u = cell.uncertainty(K_out=0.1, K_in=0.0)
    assert all(math.isnan(x) for x in (u.sd, *u.shares.values(), *u.contributions.values()))


@pytest.mark.parametrize(
    ("sds", "error", "message"),
    [
        ({}, ValueError, r"uncertainty needs an sd, as in cell\.uncertainty\(K_out=0\.1\)"),
        ({"K_ou": 1}, ValueError, "uncertainty: unknown parameter 'K_ou': did you mean K_out"),
        ({"K_out": -0.1}, ValueError, r"sd of K_out must be >= 0 mM, got -0\.1"),
        ({"P_K": -0.1}, ValueError, r"sd of P_K must be >= 0, got -0\.1"),
        ({"K_out": fr.times(-0.1)}, ValueError, r"sd of K_out must be >= 0 mM, got -0\.5"),
        ({"K_out": math.inf}, ValueError, "sd of K_out must be finite, got inf"),
        ({"K_out": math.nan}, ValueError, "sd of K_out must be finite, got nan"),
        ({"K_out": "0.1"}, TypeError, "sd of K_out must be a number, got '0.1'"),
        ({"K_out": fr.times([0.1, 0.2])}, TypeError, "sd of K_out must be a number, got array"),
    ],
)
def test_uncertainties_that_cannot_be_are_refused(sds, error, message):
    with pytest.raises(error, match=message):
        NEURON.uncertainty(**sds)


def test_a_tornado_has_its_largest_bar_on_top():
    figure = pytest.importorskip("matplotlib.figure")
    ax = figure.Figure().subplots()
    u = NEURON.uncertainty(K_out=0.1, P_Na=0.01, Na_in=3)
    assert u.plot(ax) is ax
    assert [text.get_text() for text in ax.get_yticklabels()] == ["Na_in", "K_out", "P_Na"]
    assert [bar.get_width() for bar in ax.patches] == sorted(u.contributions.values())
    assert ax.get_xlabel() == "sd of the potential (mV)"


# ---- every model says what its gradient is ----


def test_every_model_has_both_derivatives():
    for kind in fr.model.MODELS.values():
        model = kind("K", "Na")
        cell = fr.Cell(model, **dict.fromkeys(model.parameters, 1.0))
        assert set(model.reference_gradient(model, dict(cell))) == set(model.parameters)
        assert cell.gradient() == pytest.approx(cell.gradient(engine=engine.PYTHON), abs=1e-12)
        assert physics.Status(0) == model.reference(model, dict(cell))[1]
