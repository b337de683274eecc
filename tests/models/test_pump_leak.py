"""Cells that keep themselves: golden steady states, the statements that define them, existence."""

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

LEAK = fr.Chord("K", "Na", "Cl", pump="constant")
PLAIN = fr.PumpLeak(LEAK)
MODEL = fr.PumpLeak(LEAK, cotransport=("KCC", "NKCC"))
ENGINES = [None, "base", "python"]
each_engine = pytest.mark.parametrize("engine", ENGINES, ids=str)
VALUES = {
    **{"g_K": 0.3, "g_Na": 0.01, "g_Cl": 0.2, "g_KCC": 0.1, "g_NKCC": 0.01},
    **{"K_out": 5.0, "Na_out": 145.0, "Cl_out": 150.0, "z_X": -0.85},
    **{"celsius": 37.0, "pump_max": 0.3},
}
CELL = fr.Cell(MODEL, **VALUES)
NO_SOLUTION, NO_PERMEANT = fr.Status.NO_SOLUTION, fr.Status.NO_PERMEANT


def golden_rows():
    with (GOLDEN / "pump_leak.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            values = {name: float.fromhex(row[name]) for name in MODEL.parameters}
            yield values, {name: x for name, x in row.items() if name not in values}


# ---- golden values ----


@pytest.mark.golden
@pytest.mark.parametrize("engine", [*_kernels.SUPPORTED, "python"])
def test_steady_states_are_golden(engine):
    rows = list(golden_rows())
    columns = {name: np.array([values[name] for values, _ in rows]) for name in MODEL.parameters}
    table = fr.table(CELL, columns)
    exact = {n: np.array([float(r[n] or "nan") for _, r in rows]) for n in ("V", "margin", "X")}
    found = table.values(of=list(MODEL.outputs), engine=engine)
    exists = np.isfinite(exact["V"])
    assert 100 < exists.sum() < len(rows)
    assert table.status(engine=engine).tolist() == np.where(exists, 0, NO_SOLUTION).tolist()
    assert np.nanmax(np.abs(found["V"] - exact["V"])) <= 1e-12
    assert np.nanmax(np.abs(found["margin"] - exact["margin"])) <= 1e-14
    # X, and the larger of the other solutes, lose digits as the margin does
    allowed = 1e-13 + 1e-15 / exact["margin"]
    assert np.all((np.abs(found["X"] / exact["X"] - 1) <= allowed)[exists])
    for name in ("Na_in", "K_in", "Cl_in"):
        wanted = np.array([float(r[name] or "nan") for _, r in rows])
        assert np.nanmax(np.abs(found[name] / wanted - 1)) <= 1e-12
    assert found["osmolarity"][0] == pytest.approx(300, rel=1e-15)
    assert found["I_pump"][exists].tolist() == columns["pump_max"][exists].tolist()


@pytest.mark.golden
@pytest.mark.parametrize("engine", [*_kernels.SUPPORTED, "python"])
@pytest.mark.parametrize("of", ["V", "Na_in", "X"])
def test_derivatives_are_golden(engine, of):
    rows = [(values, r) for values, r in golden_rows() if r["V"]]
    columns = {name: np.array([values[name] for values, _ in rows]) for name in MODEL.parameters}
    slopes = fr.table(CELL, columns).gradient(of=of, engine=engine)
    assert not slopes.pop("n_X").any()
    size = np.abs([float(r[of]) for _, r in rows]) if of != "V" else 26.7
    margin = np.array([float(r["margin"]) for _, r in rows])
    for name, found in slopes.items():
        exact = np.array([float(r[f"d_{of}_d_{name}"]) for _, r in rows])
        # +100 % of the parameter is right to the same digits as the output
        whole = size / np.maximum(np.abs(columns[name]), 1e-3) / margin
        assert np.all(np.abs(found - exact) <= 1e-12 * np.abs(exact) + 3e-13 * whole), name


# ---- the five statements ----

positive = st.floats(1e-3, 1e3)
conductances = st.one_of(positive, positive, st.just(0.0))


@st.composite
def living_cells(draw):
    values = {name: draw(positive) for name in ("g_Na", "g_K", "g_Cl", "Na_out", "K_out", "Cl_out")}
    values |= {name: draw(conductances) for name in ("g_KCC", "g_NKCC", "X_out")}
    values["z_X"] = draw(st.one_of(st.floats(-4, 3), st.sampled_from([-1.0, 0.0, 1.0])))
    values["celsius"] = draw(st.floats(-20, 100))
    limit = 50 * values["g_Na"]
    values["pump_max"] = draw(st.floats(-limit, limit))
    return fr.Cell(MODEL, **values)


@pytest.mark.property
@given(living_cells())
def test_a_steady_state_obeys_its_five_statements(cell):
    found = cell.value(of=list(MODEL.outputs))
    assume(found["margin"] > 1e-6 and min(found["Na_in"], found["K_in"]) > 1e-100)
    V, I_pump = found["V"], cell["pump_max"]
    # the Nernst potentials are outputs: they are those of the concentrations inside
    for ion, z in (("Na", 1), ("K", 1), ("Cl", -1)):
        E = fr.nernst(z, c_out=cell[f"{ion}_out"], c_in=found[f"{ion}_in"], celsius=cell["celsius"])
        assert found[f"E_{ion}"] == pytest.approx(float(E), rel=1e-12, abs=1e-9)
    na, k, cl = (V - found[f"E_{ion}"] for ion in ("Na", "K", "Cl"))
    terms = [
        [cell["g_Na"] * na, cell["g_NKCC"] * (na + k - 2 * cl), 3 * I_pump],
        [cell["g_K"] * k, cell["g_NKCC"] * (na + k - 2 * cl), cell["g_KCC"] * (k - cl)],
        [cell["g_Cl"] * cl, -2 * cell["g_NKCC"] * (na + k - 2 * cl), -cell["g_KCC"] * (k - cl)],
    ]
    terms[1].append(-2 * I_pump)
    forces = abs(V) + sum(abs(found[f"E_{ion}"]) for ion in ("Na", "K", "Cl"))
    rounding = 1e-13 * forces * sum(x for name, x in cell.items() if name.startswith("g_"))
    for sum_of in terms:
        assert abs(math.fsum(sum_of)) <= rounding + 1e-13 * sum(map(abs, sum_of))
    charges = [found["Na_in"], found["K_in"], -found["Cl_in"], cell["z_X"] * found["X"]]
    total = [cell[f"{ion}_out"] for ion in ("Na", "K", "Cl", "X")]
    assert found["osmolarity"] == pytest.approx(sum(total), rel=1e-15)
    solutes = [found["Na_in"], found["K_in"], found["Cl_in"], found["X"]]
    precise = 1e-13 + 1e-15 / found["margin"]
    assert abs(math.fsum(charges)) <= precise * sum(map(abs, charges)) + 1e-13 * sum(total)
    assert math.fsum(solutes) == pytest.approx(sum(total), rel=precise)


@pytest.mark.property
@given(living_cells(), st.floats(1e-3, 1e3))
def test_only_ratios_of_conductances_and_current_count(cell, factor):
    names = [name for name in cell if name.startswith("g_") or name == "pump_max"]
    scaled = cell.replace(**{name: cell[name] * factor for name in names})
    for of in ("V", "Na_in", "X"):
        a, b = cell.value(of=of), scaled.value(of=of)
        assert a == pytest.approx(b, rel=1e-9, abs=1e-9, nan_ok=True)


@pytest.mark.property
@given(living_cells())
def test_without_cotransport_chloride_is_at_equilibrium(cell):
    alone = cell.replace(g_KCC=0.0, g_NKCC=0.0)
    found = alone.value(of=["margin", "Na_in", "K_in"])
    assume(found["margin"] > 1e-9 and min(found["Na_in"], found["K_in"]) > 1e-100)
    V, E = alone.potential(), alone.nernst()
    assert E["Cl"] == V
    # the chord form of Mullins & Noda's equation, with 3/2
    weighted = 1.5 * cell["g_K"] * E["K"] + cell["g_Na"] * E["Na"]
    largest = max(map(abs, E.values()))
    expected = weighted / (1.5 * cell["g_K"] + cell["g_Na"])
    assert pytest.approx(expected, rel=1e-12, abs=1e-12 * largest) == V
    assert alone.replace(g_Cl=cell["g_Cl"] * 3).potential() == pytest.approx(
        V, rel=1e-12, abs=1e-12
    )
    assert alone.steady_state().potential() == pytest.approx(
        V, rel=1e-12, abs=1e-11 + 1e-13 * largest
    )


@pytest.mark.property
@given(living_cells())
def test_engines_agree(cell):
    for of in MODEL.outputs:
        fast, plain = (cell.value(of=of, engine=engine) for engine in (None, "python"))
        allowed = 1e-11 + 1e-14 / max(cell.value(of="margin"), 1e-15)
        assert fast == pytest.approx(plain, rel=allowed, abs=1e-11, nan_ok=True)


def test_the_amount_of_impermeant_solute_sets_the_volume_alone():
    other = CELL.replace(n_X=2 * CELL["n_X"])
    assert CELL.value(of="relative_volume") == 1
    assert other.value(of="relative_volume") == 2
    assert other.value(of="X") == CELL.value(of="X") == CELL["n_X"]
    assert CELL.replace(pump_max=0.28).value(of="relative_volume") > 1
    assert CELL.replace(pump_max=0.28)["n_X"] == CELL["n_X"]
    with pytest.raises(ValueError, match="relative_volume needs n_X"):
        MODEL(of="relative_volume", **VALUES)
    assert MODEL(of="relative_volume", **VALUES, n_X=1.0) == pytest.approx(1 / CELL["n_X"])


# ---- existence ----


@pytest.mark.property
def test_existence_is_judged_rightly_at_any_ratio():
    rng = np.random.default_rng(15)
    n = 200_000
    columns = {name: 10.0 ** rng.uniform(-7.5, 7.5, n) for name in MODEL.parameters}
    columns["celsius"] = rng.uniform(-20, 100, n)
    columns["z_X"] = rng.uniform(-3, 3, n)
    columns["pump_max"] = columns["g_Na"] * rng.choice([-1, 1], n) * 10 ** rng.uniform(-2, 3, n)
    for name in ("g_KCC", "g_NKCC"):
        columns[name] *= rng.random(n) < 0.7
    status = fr.table(CELL, columns).status()
    x = {name: values.astype(np.longdouble) for name, values in columns.items()}
    margin = margin_of(x)
    sure = np.abs(margin) > 1e-14
    assert 0.3 < (margin > 0).mean() < 0.9
    assert not ((status == 0) != (margin > 0))[sure].any()
    assert set(np.unique(status)) == {0, int(NO_SOLUTION)}


def margin_of(x):
    """The margin in extended precision."""
    A, B, D, w, v = (x[f"g_{name}"] for name in ("Na", "K", "Cl", "NKCC", "KCC"))
    phi = np.longdouble("0.08617333262145177") * (x["celsius"] + np.longdouble("273.15"))
    q = x["pump_max"] / phi
    det = A * B * D + w * (B * D + A * D + 4 * A * B) + v * A * (B + D) + w * v * (A + B + D)
    d_na = (
        -q
        / det
        * (3 * B * D + 6 * B * w + 3 * B * v + 5 * D * w + 3 * D * v + 4 * A * w + 2 * A * v)
    )
    d_k = q / det * (2 * A * D + 4 * A * w + 5 * D * w + 6 * B * w)
    with np.errstate(over="ignore"):
        S = x["Na_out"] * np.exp(d_na) + x["K_out"] * np.exp(d_k)
    return 1 - 4 * S * x["Cl_out"] / (x["Na_out"] + x["K_out"] + x["Cl_out"] + x["X_out"]) ** 2


@each_engine
def test_statuses(engine):
    leaks = dict.fromkeys(("g_K", "g_Na", "g_Cl", "g_KCC", "g_NKCC"), 0.0)
    idle = {"pump_max": 0.0}
    cases = [
        ({}, 0),
        (idle, NO_SOLUTION),  # the bath has no impermeant solute: the cell swells
        ({**idle, "X_out": 3.0}, 0),
        ({"pump_max": 20.0}, NO_SOLUTION),
        ({"pump_max": -20.0, "X_out": 30.0}, NO_SOLUTION),
        ({"pump_max": 1e9}, NO_SOLUTION),
        ({"pump_max": 1e300}, NO_SOLUTION),
        ({"pump_max": math.inf}, fr.Status.NOT_FINITE),
        ({"z_X": -math.inf}, fr.Status.NOT_FINITE),
        ({"n_X": math.nan}, fr.Status.NOT_FINITE),
        ({"n_X": -1.0}, fr.Status.NEGATIVE),
        ({"X_out": -1.0, "celsius": 310.0}, fr.Status.NEGATIVE | fr.Status.TEMPERATURE),
        (leaks, NO_SOLUTION),
        ({**leaks, **idle}, NO_PERMEANT),
        ({**leaks, "g_K": 0.3, "g_Na": 0.01}, NO_PERMEANT),  # Cl_in stays what it is
        ({**leaks, "g_K": 0.3, "g_Cl": 0.2}, NO_SOLUTION),  # Na leaves without limit
        ({**leaks, "g_K": 0.3, "g_Cl": 0.2, "X_out": 9.0, **idle}, NO_PERMEANT),
        ({"g_Cl": 0.0}, 0),  # cotransporters move Cl
        ({"g_K": 0.0}, 0),
        ({"g_K": 0.0, "g_Cl": 0.0}, 0),
        ({"g_Na": 0.0, "g_KCC": 0.0}, 0),
        ({"g_Na": 0.0, "g_NKCC": 0.0}, NO_SOLUTION),
        ({"K_out": 0.0}, NO_SOLUTION),
        ({"K_out": 0.0, "X_out": 5.0, **idle}, 0),
        ({"K_out": 0.0, "Na_out": 0.0, "Cl_out": 0.0}, NO_PERMEANT),
        ({"K_out": 0.0, "Na_out": 0.0, **idle}, NO_SOLUTION),
        ({"K_out": 0.0, "Na_out": 0.0, "z_X": 1.0, **idle}, 0),
        ({"Cl_out": 0.0, "X_out": 150.0}, 0),
        ({"Cl_out": 0.0, "z_X": 0.0}, NO_SOLUTION),
        ({"Cl_out": 0.0, "g_NKCC": 0.0, "g_KCC": 0.0, "g_Cl": 0.0}, 0),
        ({"K_out": 1e-160}, fr.Status.RANGE),
        ({"z_X": -1e300}, fr.Status.RANGE),
        ({**leaks, "g_K": 1e-160, "g_Na": 1e-160, "g_Cl": 1e-160}, fr.Status.RANGE),
    ]
    columns = {
        n: np.array([{**CELL, **changed}[n] for changed, _ in cases]) for n in MODEL.parameters
    }
    for of in MODEL.outputs:
        table = fr.table(CELL, columns)
        V, status = table.values(of=of, engine=engine), table.status(of=of, engine=engine)
        for (changed, expected), x, bits in zip(cases, V, status, strict=True):
            absent = {"E_K": "K_out", "E_Na": "Na_out", "E_Cl": "Cl_out"}.get(of)
            if expected == 0 and absent and changed.get(absent) == 0:
                expected = NO_PERMEANT
            if of == "margin" and expected == NO_SOLUTION and "g_Na" not in changed:
                continue  # the test below
            assert (fr.Status(bits), math.isnan(x)) == (fr.Status(expected), expected != 0), changed


@each_engine
def test_the_margin_is_known_where_no_state_exists(engine):
    sweep = fr.grid(CELL, pump_max=np.linspace(-1, 40, 83))
    margin, status = (sweep.values(of="margin", engine=engine), sweep.status(engine=engine))
    assert ((margin > 0) == (status == 0)).all()
    assert not sweep.status(of="margin", engine=engine).any()
    assert margin.min() < -10
    idle = CELL.replace(pump_max=0.0)  # the margin of a neutral bath is 0, whatever is rounded
    assert -1e-15 < idle.value(of="margin", engine=engine) <= 0
    slopes = sweep.gradient(of="margin", engine=engine)
    high, low = (
        fr.table(CELL, {"pump_max": sweep.inputs["pump_max"] + h}).values(of="margin")
        for h in (1e-6, -1e-6)
    )
    assert np.allclose(slopes["pump_max"], (high - low) / 2e-6, rtol=1e-6, atol=1e-6)
    space = fr.space(CELL, pump_max=fr.uniform(0, 20), g_Na=fr.lognormal(cv=0.5))
    exists = space.sobol(4096, rng=1, of=fr.above(0, of="margin"))
    assert exists["ST"].min() > 0.05


@each_engine
def test_a_cell_without_one_of_the_ions(engine):
    bath = {"K_out": 0.0, "Na_out": 0.0, "z_X": 1.0, "pump_max": 0.0}
    cations = CELL.replace(**bath)
    assert cations.value(of="Na_in", engine=engine) == cations.value(of="K_in", engine=engine) == 0
    assert cations.value(of="Cl_in", engine=engine) == pytest.approx(75)
    chloride = CELL.replace(Cl_out=0.0, X_out=150.0, z_X=-1.0)
    found = chloride.value(of=["Cl_in", "X", "Na_in", "K_in"], engine=engine)
    assert found["Cl_in"] == 0
    assert found["X"] == pytest.approx(150)
    assert found["Na_in"] + found["K_in"] == pytest.approx(150)
    for cell in (cations, chloride, CELL.replace(K_out=0.0, X_out=5.0, pump_max=0.0)):
        for of in ("V", "Na_in", "Cl_in", "X", "relative_volume", "margin"):
            slopes, plain = (
                cell.gradient(of=of, engine=engine),
                cell.gradient(of=of, engine="python"),
            )
            assert slopes == pytest.approx(plain, rel=1e-12, abs=1e-12)
            assert np.isfinite(list(slopes.values())).all()


# ---- cells ----


def test_acute_and_long_run_start_from_one_state():
    rest = CELL.steady_state()
    assert rest.model == LEAK
    assert rest.potential() == pytest.approx(CELL.potential(), abs=1e-12)
    for ion, inside_and_out in rest.concentrations().items():
        assert inside_and_out == pytest.approx(CELL.concentrations()[ion], rel=1e-15)
    assert rest.nernst() == pytest.approx(CELL.nernst(), abs=1e-12)
    assert repr(CELL.currents()) == repr(rest.currents())
    acute, long_run = (one.replace(pump_max=0.2).potential() for one in (rest, CELL))
    # the electrogenic share at once, the gradients later
    assert CELL.potential() < acute < long_run
    with pytest.raises(ValueError, match="swells without bound"):
        CELL.replace(pump_max=0.0).steady_state()
    with pytest.raises(ValueError, match=r"needs a cell of fr\.PumpLeak"):
        rest.steady_state()


def test_a_donnan_equilibrium_rests_without_a_pump():
    cell = fr.Cell(PLAIN, **{n: VALUES[n] for n in PLAIN.parameters if n in VALUES}, X_out=12.0)
    cell = cell.replace(pump_max=0.0)
    E = cell.nernst()
    assert E["K"] == E["Na"] == E["Cl"] == cell.potential()


def test_sweeps_know_the_outputs_and_count_cells_that_burst():
    sweep = fr.grid(CELL, pump_max=np.linspace(0, 5, 51), K_out=[2.5, 5.0, 10.0])
    summary = sweep.summary(of="Na_in")
    assert summary.invalid["NO_SOLUTION"] == np.isnan(sweep.values()).sum() > 0
    assert sweep.to_xarray(of="Na_in")["Na_in"].attrs["units"] == "mM"
    assert sweep.fraction(of="relative_volume", above=1.0) > 0.1
    V = sweep.values(of=["V", "X"])
    assert V["X"].shape == V["V"].shape == (51, 3)
    space = fr.space(CELL, g_Na=fr.lognormal(cv=0.2), pump_max=fr.uniform(0.2, 0.4))
    indices = space.sobol(1024, rng=1, of="X")
    assert min(indices["ST"]) > 0.1
    assert sum(indices["S1"]) == pytest.approx(1, abs=0.1)
    members = space.population(2000, rng=1, accept=[fr.between(-60, -30)]).members(first=20)
    assert len(members) == 20


def test_models_and_cells_are_kept(tmp_path):
    assert pickle.loads(pickle.dumps(CELL)) == CELL
    for name in ("V", "Na_in"):
        assert pickle.loads(pickle.dumps(MODEL.outputs[name])) == MODEL.outputs[name]
    assert PLAIN != MODEL == fr.PumpLeak(LEAK, cotransport=["NKCC", "KCC"])
    assert len({PLAIN, MODEL, fr.PumpLeak(LEAK, cotransport="KCC")}) == 3
    assert repr(MODEL) == "PumpLeak(Chord(K, Na, Cl; pump constant), KCC, NKCC)"
    sweep = fr.grid(CELL, pump_max=[0.2, 0.3])
    sweep.save(tmp_path / "x.npy", of="X")
    again = fr.load(tmp_path / "x.npy")
    assert again.cell == CELL
    assert again.values(of="X").tolist() == sweep.values(of="X").tolist()
    (tmp_path / "cell.toml").write_text(
        'model = "PumpLeak"\ncelsius = 37\npump_max = 0.3\nz_X = -0.85\ng_KCC = 0.1\n'
        "g_NKCC = 0.01\nK = { g = 0.3, out = 5 }\nNa = { g = 0.01, out = 145 }\n"
        "Cl = { g = 0.2, out = 150 }\n"
    )
    assert fr.Cell.from_toml(tmp_path / "cell.toml") == CELL
    (tmp_path / "cell.toml").write_text('model = "GHK"\nz_X = -1\nK = { P = 1, out = 5, in = 140 }')
    with pytest.raises(ValueError, match="unknown key 'z_X'"):
        fr.Cell.from_toml(tmp_path / "cell.toml")


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: fr.PumpLeak("Chord"), TypeError, "leak must be a model, such as"),
        (
            lambda: fr.PumpLeak(fr.Chord("K", "Na", "Cl")),
            ValueError,
            "leak must have a pump current",
        ),
        (
            lambda: fr.PumpLeak(fr.Chord("K", "Na", pump="constant")),
            ValueError,
            "K, Na and Cl alone",
        ),
        (lambda: fr.PumpLeak(LEAK.with_passive("Cl")), ValueError, "permeant K, Na and Cl alone"),
        (lambda: fr.PumpLeak(LEAK, cotransport="NKC"), ValueError, "did you mean NKCC"),
        (lambda: fr.Cell(MODEL, **{**VALUES, "K_in": 3}), ValueError, "unknown parameter 'K_in'"),
        (lambda: fr.Cell(MODEL, g_K=1.0), ValueError, "needs g_Na, g_Cl, g_KCC"),
        (lambda: CELL.value(of="Ca_in"), ValueError, "did you mean Na_in"),
        (lambda: CELL.solve("K_out", V=-60), ValueError, r"cell\.steady_state\(\) has them"),
        (lambda: CELL.passive("Cl"), ValueError, "has no passive ions"),
        (
            lambda: CELL.with_ions("Ca", g=1, out=2, inside=1e-4),
            ValueError,
            "takes no further ions",
        ),
    ],
)
def test_errors_say_what_to_do(make, error, text):
    with pytest.raises(error, match=text):
        make()
