"""Living cells by the constant field and with saturating pumps, and cells that are made to live."""

import csv
import math
import pickle

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import fastrest as fr
from fastrest._core import _kernels
from helpers.golden import GOLDEN

NEURON = fr.cells["mammalian neuron"]
IONS = ("K", "Na", "Cl")
LEAKS = {
    "P constant": fr.GHK(*IONS, pump="constant"),
    "P saturating": fr.GHK(*IONS, pump="saturating"),
    "g saturating": fr.Chord(*IONS, pump="saturating"),
}
MODELS = {name: fr.PumpLeak(leak) for name, leak in LEAKS.items()}
each_model = pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
VALUES = {
    **{"P_K": 1e-6, "P_Na": 4e-8, "P_Cl": 4.5e-7, "g_K": 0.3, "g_Na": 0.01, "g_Cl": 0.2},
    **{"K_out": 5.0, "Na_out": 145.0, "Cl_out": 110.0, "X_out": 40.0, "z_X": -1.0},
    **{"celsius": 37.0, "pump_max": 0.5, "pump_Na_half": 10.0, "pump_K_half": 1.5},
}
SATURATING_MAX = 1.634210598883564  # carries 0.5 uA/cm2 in the steady state of the values above
LIVING = NEURON.living(R_m=7)
ENGINES = [None, "base", "python"]


def cell_of(model, **changes):
    known = {name: VALUES[name] for name in model.parameters if name in VALUES}
    if model.leak.pump == "saturating":
        known["pump_max"] = SATURATING_MAX
    return fr.Cell(model, **{**known, **changes})


# ---- golden values ----


def golden_tables():
    """Yield the model, the columns and the outputs of each kind of rows."""
    with (GOLDEN / "living.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for name, model in MODELS.items():
        kind, pump = name.split()
        mine = [
            row
            for row in rows
            if row["leak"] == kind
            and (float.fromhex(row["pump_Na_half"]) == 0) == (pump == "constant")
        ]
        names = {n: n.replace(f"{kind}_", "w_") for n in model.parameters if n != "n_X"}
        columns = {n: np.array([float.fromhex(row[w]) for row in mine]) for n, w in names.items()}
        outputs = ("V", "Na_in", "K_in", "Cl_in", "X", "I_pump")
        exact = {n: np.array([float(row[n] or "nan") for row in mine]) for n in outputs}
        yield model, columns, exact


@pytest.mark.golden
@pytest.mark.parametrize("engine", [*_kernels.SUPPORTED, "python"])
def test_steady_states_are_golden(engine):
    compared = 0
    for model, columns, exact in golden_tables():
        table = fr.table(cell_of(model), columns)
        found = table.values(of=list(exact), engine=engine)
        exists = np.isfinite(exact["V"])
        expected = np.where(exists, 0, fr.Status.NO_SOLUTION)
        assert table.status(engine=engine).tolist() == expected.tolist()
        assert np.nanmax(np.abs(found["V"] - exact["V"])) <= 1e-12
        for name in ("K_in", "Cl_in", "X", "I_pump"):
            assert np.nanmax(np.abs(found[name] / exact[name] - 1)) <= 1e-12
        # a difference of two fluxes of about Na_out exp(-V/phi)
        assert np.nanmax(np.abs(found["Na_in"] - exact["Na_in"])) <= 1e-11
        compared += exists.sum()
    assert compared > 60


@pytest.mark.golden
def test_states_of_a_rate_law_are_golden():
    # V, Na_in and K_in to 18 digits: pump_max x 0.5 and x 0.1, high and low K, other charges
    for changes, V, Na_in, K_in in [
        ({}, -67.4038934996594168, 40.6666600111331629, 109.333339988866837),
        ({"pump_max": 0.5}, -48.6735266131914294, 97.8212296692642719, 52.1787703307357281),
        ({"pump_max": 0.1}, -10.6070359193030986, 140.562135499465389, 9.43786450053461091),
        (
            {"Na_out": 138, "K_out": 12},
            -56.263782023698704,
            21.8759290783605597,
            128.12407092163944,
        ),
        (
            {"Na_out": 147, "K_out": 3},
            -65.8233321665591869,
            70.6569963175033183,
            79.3430036824966817,
        ),
        ({"z_X": -0.8}, -64.0566444023946862, 38.040181772988303, 96.4055557301682866),
        ({"z_X": -1.2}, -69.9048807994689551, 42.7971715874176915, 120.107915586513405),
    ]:
        scaled = {n: x * SATURATING_MAX if n == "pump_max" else x for n, x in changes.items()}
        cations = changes.get("Na_out", 145) + changes.get("K_out", 5)
        scaled["X_out"] = 300 - 110 - cations
        cell = cell_of(MODELS["P saturating"], **scaled)
        assert cell.potential() == pytest.approx(V, rel=0, abs=1e-12)
        assert cell.value(of="Na_in") == pytest.approx(Na_in, rel=1e-13)
        assert cell.value(of="K_in") == pytest.approx(K_in, rel=1e-13)


@pytest.mark.golden
def test_v_is_proportional_to_the_current_in_a_symmetric_cell():
    # z_X = -1 and cations that are half of all solutes outside: V = -phi kappa/(Na_out + K_out)
    for current, V in [
        (0.1, -13.480778699931895319),
        (0.3, -40.442336099795685957),
        (0.5, -67.403893499659476595),
        (0.56, -75.492360719618613786),
    ]:
        cell = cell_of(MODELS["P constant"], pump_max=current)
        assert cell.potential() == pytest.approx(V, rel=0, abs=1e-12)
    limit = 0.560738987104487893  # where Na_in would be 0
    assert math.isfinite(cell.replace(pump_max=limit * (1 - 1e-12)).potential())
    assert math.isnan(cell.replace(pump_max=limit * (1 + 1e-12)).potential())


# ---- what must hold ----


@st.composite
def living_cells(draw):
    model = draw(st.sampled_from(list(MODELS.values())))
    values = dict(cell_of(model))
    for name in values:
        if name not in ("z_X", "celsius", "n_X"):
            values[name] *= 10 ** draw(st.floats(-0.5, 0.5))
    values["z_X"] = draw(st.one_of(st.floats(-3, 1), st.sampled_from([-1.0, 0.0, 1.0])))
    values["celsius"] = draw(st.floats(0, 40))
    return fr.Cell(model, **values)


@pytest.mark.property
@given(living_cells())
def test_a_steady_state_rests_and_loses_no_ion(cell):
    found = cell.value(of=list(cell.model.outputs))
    assume(found["margin"] > 1e-6)
    rest = cell.steady_state()
    assert rest.model == cell.model.leak
    V, current = found["V"], found["I_pump"]
    assert rest.potential() == pytest.approx(V, rel=0, abs=1e-9)
    rows = rest.currents().rows
    flows = 1e-9 * max(
        abs(row.g_slope * 100) for row in rows.values() if row.g_slope == row.g_slope
    )
    assert rows["Na"].current == pytest.approx(-3 * current, rel=1e-9, abs=flows)
    assert rows["K"].current == pytest.approx(2 * current, rel=1e-9, abs=flows)
    assert rows["Cl"].current == pytest.approx(0, abs=flows)
    charges = [found["Na_in"], found["K_in"], -found["Cl_in"], cell["z_X"] * found["X"]]
    assert abs(math.fsum(charges)) <= 1e-10 * found["osmolarity"]
    solutes = [found["Na_in"], found["K_in"], found["Cl_in"], found["X"]]
    assert math.fsum(solutes) == pytest.approx(found["osmolarity"], rel=1e-10)


@pytest.mark.property
@given(living_cells())
def test_engines_and_their_derivatives_agree(cell):
    for of in ("V", "Na_in", "X", "relative_volume", "E_Na", "I_pump"):
        fast, plain = (cell.value(of=of, engine=engine) for engine in (None, "python"))
        margin = max(cell.value(of="margin"), 1e-15)
        assert fast == pytest.approx(plain, rel=1e-9 / margin, abs=1e-8, nan_ok=True)
        if margin < 1e-3 or cell.value(of="Na_in") < 1e-2:
            continue
        slopes, exact = (cell.gradient(of=of, engine=engine) for engine in (None, "python"))
        for name in slopes:
            whole = max(abs(plain), 10) / max(abs(cell[name]), 1e-3)
            assert slopes[name] == pytest.approx(
                exact[name], rel=1e-6, abs=1e-7 * whole, nan_ok=True
            )


@each_model
@pytest.mark.parametrize("of", ["V", "Na_in", "K_in", "Cl_in", "X", "margin", "E_K", "I_pump"])
def test_derivatives_are_those_of_differences(model, of):
    cell = cell_of(model, z_X=-1.1)
    for name, slope in cell.gradient(of=of).items():
        step = 1e-5 * max(abs(cell[name]), 1e-9)
        low, high = (cell.replace(**{name: cell[name] + h}).value(of=of) for h in (-step, step))
        difference = (high - low) / (2 * step)
        assert slope == pytest.approx(difference, rel=1e-6, abs=1e-9 / max(abs(cell[name]), 1e-3))


@each_model
def test_instruction_sets_threads_and_neighbours_change_no_bit(model):
    rng = np.random.default_rng(1)
    cell = cell_of(model)
    columns = {n: x * rng.uniform(0.5, 2, 3000) for n, x in cell.items() if n != "z_X"}
    columns["z_X"] = rng.uniform(-2.5, 1.5, 3000)
    columns["celsius"] = rng.uniform(0, 40, 3000)
    table = fr.table(cell, columns)
    V = table.values(engine="base", threads=1)
    assert np.isfinite(V).mean() > 0.3
    for isa in _kernels.SUPPORTED:
        assert table.values(engine=isa, threads=3).tobytes() == V.tobytes()
    alone = [float(model(**{n: x[i] for n, x in columns.items()})) for i in range(100)]
    assert np.array(alone).tobytes() == V[:100].tobytes()


@pytest.mark.parametrize(
    "engine", [None, "base", pytest.param("python", marks=pytest.mark.slow)], ids=str
)
@each_model
def test_statuses(model, engine):
    w = model.weight
    NO_SOLUTION, NO_PERMEANT = fr.Status.NO_SOLUTION, fr.Status.NO_PERMEANT
    saturating = model.leak.pump == "saturating"
    cases = [
        ({}, 0),
        ({"pump_max": 0.0}, 0),  # the bath has impermeant solutes
        ({"pump_max": 0.0, "Cl_out": 150.0, "X_out": 0.0}, NO_SOLUTION),
        ({"pump_max": 1e3}, 0 if saturating else NO_SOLUTION),
        ({"pump_max": math.inf}, fr.Status.NOT_FINITE),
        ({"pump_max": -0.01}, fr.Status.NEGATIVE if saturating else 0),
        ({f"{w}_Na": 0.0}, NO_SOLUTION),
        ({f"{w}_K": 0.0}, NO_SOLUTION),
        ({f"{w}_Cl": 0.0}, NO_PERMEANT),
        ({f"{w}_Na": 0.0, "pump_max": 0.0}, NO_PERMEANT),
        ({"Na_out": 0.0}, 0 if saturating else NO_SOLUTION),
        ({"K_out": 0.0}, 0 if saturating else NO_SOLUTION),
        ({"Cl_out": 0.0, "X_out": 150.0}, 0),
        ({"Cl_out": 0.0, "z_X": 0.5}, NO_SOLUTION),
        ({"Cl_out": 0.0, "K_out": 0.0, "Na_out": 0.0}, NO_PERMEANT),
        ({f"{w}_Na": 1e-200}, fr.Status.RANGE),
        ({"celsius": 310.0}, fr.Status.TEMPERATURE),
    ]
    if saturating:
        cases += [
            ({"pump_Na_half": math.nan}, fr.Status.NOT_FINITE),
            ({"pump_K_half": -1.0}, fr.Status.NEGATIVE),
            ({"pump_Na_half": 1e9}, 0),
            ({"pump_K_half": 0.0}, 0),
        ]
    base = cell_of(model)
    columns = {n: np.array([{**base, **changed}[n] for changed, _ in cases]) for n in base}
    table = fr.table(base, columns)
    for of in ("V", "Na_in", "X"):
        found, status = table.values(of=of, engine=engine), table.status(of=of, engine=engine)
        for (changed, expected), x, bits in zip(cases, found, status, strict=True):
            assert (fr.Status(bits), math.isnan(x)) == (fr.Status(expected), expected != 0), changed


# ---- cells that are made to live ----


@pytest.mark.parametrize("pump", ["constant", "saturating"])
@pytest.mark.parametrize("kind", ["GHK", "absolute", "Chord", "squid"])
def test_a_living_cell_keeps_what_it_was(kind, pump):
    cells = {
        "GHK": NEURON,
        "absolute": NEURON.absolute(R_m=5),
        "Chord": NEURON.to_chord(),
        "squid": fr.cells["squid giant axon"],
    }
    cell = cells[kind]
    halves = {"pump_Na_half": 10.0, "pump_K_half": 1.5} if pump == "saturating" else {}
    R_m = None if kind == "absolute" else 7
    living = cell.living(R_m=R_m, pump=pump, **halves)
    assert living.potential() == pytest.approx(cell.potential(), rel=0, abs=1e-12)
    for name in ("Na_in", "K_in"):
        assert living.value(of=name) == pytest.approx(cell[name], rel=0, abs=1e-12 * 300)
    assert living.value(of="relative_volume") == pytest.approx(1, rel=1e-13)
    assert living.name == cell.name
    assert "keeps V, Na_in and K_in; changed: " in living.remark
    assert "keeps V, Na_in and K_in; changed: " in repr(living)
    if R_m:
        assert living.currents().R_m == pytest.approx(R_m, rel=1e-12)
    else:
        assert living["P_K"] == cell["P_K"]
    # it rests without a sodium of its own: no pump, no gradient
    assert living.replace(pump_max=fr.times(0.01)).potential() > cell.potential() + 20


def test_the_neuron_lives_with_more_sodium_leak():
    living = NEURON.living(R_m=7)
    assert living["P_Na"] / living["P_K"] == pytest.approx(0.0550, abs=5e-5)
    assert living["pump_max"] * 1e-6 / living["P_K"] == pytest.approx(0.717, abs=5e-4)
    assert living.value(of="Cl_in") == pytest.approx(8.07, abs=5e-3)
    assert living["n_X"] == pytest.approx(136.9, abs=5e-2)
    assert living["z_X"] == pytest.approx(-1.073, abs=5e-4)
    assert living["X_out"] == 40


def test_acute_and_chronic_hypokalaemia_may_differ_in_sign():
    leaky = cell_of(MODELS["P saturating"])  # Na_in is 40.7 at rest
    tight = NEURON.living(R_m=7, pump="saturating", pump_Na_half=10, pump_K_half=1.5)
    for cell, long_run in ((leaky, 4.5), (tight, -5.8)):
        rest = cell.potential()
        acute = cell.steady_state().replace(K_out=2.5).potential() - rest
        assert acute < -3
        assert cell.replace(K_out=2.5).potential() - rest == pytest.approx(long_run, abs=0.3)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: NEURON.living(), r"permeabilities are relative: living\(R_m=\)"),
        (lambda: NEURON.living(R_m=-7), "R_m must be > 0 kOhm cm2, got -7"),
        (lambda: NEURON.living(R_m=7, pump="ratio"), "unknown pump 'ratio'"),
        (lambda: NEURON.living(R_m=7, pump="saturating"), "needs pump_Na_half, pump_K_half"),
        (lambda: NEURON.living(R_m=7, K_in=3), "living keeps K_in: change it by replace"),
        (lambda: NEURON.living(R_m=7, z_X=-1), "living takes .*, got z_X: the others follow"),
        (lambda: LIVING.living(R_m=7), "the cell lives already"),
        (lambda: fr.cells["glial cell"].living(R_m=7), "needs P_Cl, Cl_out"),
        (lambda: fr.cells["mammalian skeletal muscle"].living(R_m=7), "needs P_Cl"),
        (lambda: NEURON.replace(K_out=100).living(R_m=7), "no pump current keeps"),
        (lambda: NEURON.replace(K_in=400).living(R_m=7), "leave no room for impermeant solutes"),
        (
            lambda: NEURON.with_ions("Ca", P=0.1, out=2, inside=1e-4).living(R_m=7),
            "K, Na and Cl alone: Ca must be left out",
        ),
        (lambda: fr.PumpLeak(fr.GHK(*IONS)), "leak must have a pump current"),
        (
            lambda: fr.PumpLeak(LEAKS["P constant"], cotransport="KCC"),
            "leaks that are conductances",
        ),
    ],
)
def test_errors_say_what_to_do(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_missing_values_may_be_given():
    muscle = fr.cells["mammalian skeletal muscle"]
    living = muscle.living(R_m=2, P_Cl=2.0)
    assert living.potential() == pytest.approx(muscle.potential(), abs=1e-12)
    assert living.value(of="Cl_in") == pytest.approx(muscle.concentrations()["Cl"][1])
    assert living["P_Cl"] / living["P_K"] == pytest.approx(2 / muscle["P_K"])


def test_files_keep_living_cells(tmp_path):
    for model in MODELS.values():
        cell = cell_of(model)
        assert pickle.loads(pickle.dumps(cell)) == cell
        fr.grid(cell, K_out=[3.0, 5.0]).save(tmp_path / "x.npy", of="Na_in")
        assert fr.load(tmp_path / "x.npy").cell == cell
    (tmp_path / "cell.toml").write_text(
        'model = "PumpLeak"\npump = "saturating"\npump_max = 1.634210598883564\ncelsius = 37\n'
        "pump_Na_half = 10\npump_K_half = 1.5\nz_X = -1\nX_out = 40\n"
        "K = { P = 1e-6, out = 5 }\nNa = { P = 4e-8, out = 145 }\nCl = { P = 4.5e-7, out = 110 }\n"
    )
    assert fr.Cell.from_toml(tmp_path / "cell.toml") == cell_of(MODELS["P saturating"])


# ---- the chord equation with a saturating pump ----


def test_a_saturating_pump_carries_what_its_law_says():
    values = {"g_K": 0.3, "g_Na": 0.02, "g_Cl": 0.2, "celsius": 37.0}
    ions = {n: NEURON[n] for n in NEURON if n.endswith(("_in", "_out"))}
    pump = {"pump_max": 1.6, "pump_Na_half": 10.0, "pump_K_half": 1.5}
    cell = fr.Cell(fr.Chord(*IONS, pump="saturating"), **values, **ions, **pump)
    current = 1.6 * (15 / 25) ** 3 * (5 / 6.5) ** 2
    same = fr.Cell(fr.Chord(*IONS, pump="constant"), **values, **ions, pump_max=current)
    for engine in ENGINES:
        assert cell.potential(engine=engine) == pytest.approx(same.potential(), rel=1e-15)
    assert cell.currents().rows["pump"].current == pytest.approx(current, rel=1e-12)
    for name in ("pump_max", "pump_Na_half", "pump_K_half", "g_K", "Na_out", "celsius"):
        target = cell.replace(**{name: cell[name] * 1.1}).potential()
        assert cell.solve(name, V=target) == pytest.approx(cell[name] * 1.1, rel=1e-9)
    with pytest.raises(ValueError, match="sets both the pump current and a Nernst potential"):
        cell.solve("Na_in", V=-70)
    with pytest.raises(ValueError, match="a saturating pump needs permeant Na and K"):
        fr.Chord("K", "Cl", pump="saturating")
