"""The course of living cells in time: scenarios, closed ends, invariants, and the reference."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastrest as fr
from fastrest._core import _kernels

FIELD, CHORD = fr.GHK("K", "Na", "Cl", pump="constant"), fr.Chord("K", "Na", "Cl", pump="constant")
LIVING = fr.cells["mammalian neuron"].living(
    R_m=7, pump="saturating", pump_Na_half=10, pump_K_half=1.5
)
OFF = {0: fr.states["pump block"]}
TIMES = (0.0, 60.0, 600.0, 1800.0, 3600.0)
#: Leaks by P or g of Na, K, Cl, NKCC and KCC; bath of Na, K, Cl and others; z_X; pump and its
#: half-saturations; what changes; whether the volume is fixed. V at TIMES, and the relative volume
#: after 600 and 3600 s: Radau's method at 1e-12, confirmed by an explicit one at 1e-13.
P, G = (4e-8, 1e-6, 4.5e-7, 0, 0), (0.01, 0.3, 0.2, 0, 0)
BATH, STOP = (145, 5, 110, 40), {"pump_max": 0.0}
RATE_LAW = 1.634210598883564
LAW = (RATE_LAW, 10, 1.5)
SCENARIOS = {
    "A": (P, BATH, -1, (0.5, 0, 0), STOP, "free",
          (-63.746148090277, -63.122670236364, -57.603308509444, -45.140628906325,
           -29.382775369304), (1.017934456374, 1.188234098364)),
    "B": (P, (145, 5, 150, 0), -1, (0.5, 0, 0), STOP, "free",
          (-64.093190290560, -63.491558073726, -58.171379798173, -46.515318745535,
           -32.496405964872), (1.023070508239, 1.234678390032)),
    "C": (P, BATH, -1, (0.5, 0, 0), STOP, "fixed",
          (-63.746148090277, -63.144151416680, -57.843241154336, -45.680038200041,
           -29.160511733154), (1, 1)),
    "D": (P, BATH, -1, (0.5, 0, 0), {**STOP, "P_Cl": 0.0}, "free",
          (-62.263058475930, -61.653091642351, -55.785995075559, -39.934607645345,
           -12.019916899880), (1, 1)),
    "E": (P, BATH, -1, LAW, {"pump_max": fr.times(0.5)}, "free",
          (-65.552342422712, -65.277473563971, -63.075462264449, -59.195298654064,
           -55.078870761948), (1.007668258989, 1.035334010706)),
    "F": (P, BATH, -1, LAW, {"K_out": 12.0, "Na_out": 138.0}, "free",
          (-57.516440815972, -57.250365528740, -56.294431002136, -56.206759994780,
           -56.258592749416), (1.026731118243, 1.033476381794)),
    "H": ((4e-8, 1e-6, 2e-5, 0, 0), BATH, -1, (0.5, 0, 0), STOP, "free",
          (-67.133097053905, -65.173847720426, -57.903038089215, -46.040404916712,
           -31.142041366902), (1.027173476063, 1.218791711684)),
    "I": (P, BATH, -1.2, (0.55, 0, 0), STOP, "free",
          (-70.581805601, -69.99344720279, -64.96128649346, -53.37838460008, -35.99983478064),
          (1.01409226262, 1.14070902197)),
    "K": (P, BATH, -0.7, (0.4, 0, 0), STOP, "free",
          (-49.685346686, -49.05123679790, -43.21768003309, -31.48495083859, -20.82989923059),
          (1.02669846928, 1.26606849712)),
    "L": (G, BATH, -1, (0.3, 0, 0), STOP, "free",
          (-70.77184761695, -70.20747805508, -65.48993371145, -54.60573090777, -39.90250801792),
          (1.01199816243, 1.12623178407)),
    "M": ((0.01, 0.3, 0.2, 0, 0.1), BATH, -0.85, (0.3, 0, 0), STOP, "free",
          (-68.82583257334, -68.24605636523, -63.13786109420, -51.54520732616, -37.16617843502),
          (1.01380520602, 1.14713820310)),
    "N": ((0.01, 0.3, 0.2, 0.01, 0), BATH, -0.85, (0.3, 0, 0), {"pump_max": fr.times(0.5)}, "free",
          (-43.18047451092, -42.74225866674, -39.23898357250, -33.83415387296, -29.33411702787),
          (1.02360750286, 1.13249191991)),
}  # fmt: skip


def scenario(name, tol=1e-7, time=3600.0):
    weights, bath, z, (top, *halves), changes, volume, *_ = SCENARIOS[name]
    kind, pump = (
        fr.GHK if weights[0] < 1e-6 else fr.Chord,
        "saturating" if any(halves) else "constant",
    )
    leak = kind("K", "Na", "Cl", pump=pump)
    model = fr.PumpLeak(leak, cotransport=("KCC", "NKCC") if leak.weight == "g" else ())
    names = [f"{leak.weight}_{one}" for one in ("Na", "K", "Cl", "NKCC", "KCC")]
    names += ["Na_out", "K_out", "Cl_out", "X_out", "pump_Na_half", "pump_K_half"]
    given = dict(zip(names, (*weights, *bath, *halves)))
    known = {name: x for name, x in given.items() if name in model.parameters}
    cell = fr.Cell(model, **known, z_X=z, celsius=37, pump_max=top)
    return cell.after({0: changes}, time=time, diameter=20, volume=volume, tol=tol)


@pytest.mark.golden
@pytest.mark.parametrize("isa", _kernels.SUPPORTED)
@pytest.mark.parametrize(("tol", "allowed"), [(1e-7, 1e-6), (1e-10, 1e-9)])
@pytest.mark.parametrize("name", SCENARIOS)
def test_scenarios_are_met(name, tol, allowed, isa):
    *_, V, volumes = SCENARIOS[name]
    sweep = fr.grid(scenario(name, tol), time=TIMES)
    assert np.abs(sweep.values(engine=isa) - V).max() <= allowed
    volume = sweep.values(of="relative_volume", engine=isa)
    assert np.abs(volume[[2, 4]] - volumes).max() <= 1e-8
    # neutrality is a linear invariant
    inside = sweep.values(of=["Na_in", "K_in", "Cl_in", "X"], engine=isa)
    charge = inside["Na_in"] + inside["K_in"] - inside["Cl_in"] + sweep.cell["z_X"] * inside["X"]
    assert np.abs(charge).max() < 1e-10


#: V and the relative volume after 2e6 s, in closed form.
ENDS = {
    "A": (0, 3.5291720464446223),
    "C": (-9.887721095054212, 1),
    "I": (-0.6841172717863698, 3.348388768596855),
    "K": (1.1317460182668408, 3.819657753039766),
}


@pytest.mark.golden
@pytest.mark.parametrize("name", ENDS)
def test_closed_ends_are_met(name):
    found = scenario(name, 1e-10, 2e6).value(of=["V", "relative_volume"])
    assert list(found.values()) == pytest.approx(ENDS[name], rel=1e-8, abs=1e-8)


#: Times at which the scenarios reach -55 and -40 mV, s.
REACHED = {
    "A": (852.928315829, 2313.864833534),
    "B": (922.942759230, 2537.541446567),
    "C": (886.676922959, 2361.763288121),
    "D": (667.644392266, 1795.620529637),
    "E": (3643.590485164, math.inf),
    "F": (math.inf, math.inf),
    "H": (891.894057329, 2450.458688374),
    "I": (1638.127373489, 3149.515687715),
    "K": (math.inf, 902.164938658),  # rests above -55 mV, and leaves it
    "L": (1756.70290350, 3585.64274313),
    "M": (1438.53255443, 3176.37678525),
}


def crossing(name, V, tol):
    return scenario(name, tol, 7200.0).value(of=fr.time_to(V))


@pytest.mark.golden
@pytest.mark.parametrize(("tol", "allowed"), [(1e-5, 1e-3), (1e-7, 1e-5), (1e-10, 1e-8)])
@pytest.mark.parametrize("name", REACHED)
def test_times_of_thresholds_are_met(name, tol, allowed):
    found = [crossing(name, V, tol) for V in (-55, -40)]
    assert found == pytest.approx(REACHED[name], rel=0, abs=allowed)


@pytest.mark.golden
def test_a_maximum_within_a_step_is_not_missed():
    # F has a maximum of -56.179542690 mV at 1180.8 s, and falls afterwards
    found = [crossing("F", V, 1e-7) for V in (-56.1796, -56.17955, -56.179543, -56.1795427)]
    assert np.all(np.diff(found) > 0)
    assert 1180 < found[-1] < 1180.8
    assert crossing("F", -56.1795426, 1e-7) == math.inf


@pytest.mark.golden
def test_a_pump_that_comes_back():
    # 600 s without a pump, then the pump again: V and the relative volume
    cell = fr.Cell(
        fr.PumpLeak(fr.GHK("K", "Na", "Cl", pump="saturating")),
        **{"P_K": 1e-6, "P_Na": 4e-8, "P_Cl": 4.5e-7, "K_out": 5, "Na_out": 145, "Cl_out": 110},
        **{"X_out": 40, "z_X": -1, "celsius": 37, "pump_max": RATE_LAW},
        **{"pump_Na_half": 10, "pump_K_half": 1.5},
    )
    run = cell.rundown({**OFF, 600: {}}, time=TIMES, diameter=20)
    V = (-63.746148090277, -63.122670236364, -62.232422838478, -65.329570032734, -66.900510321700)
    assert run.values() == pytest.approx(V, rel=0, abs=1e-6)
    volume = run.values(of="relative_volume")
    assert volume[[2, 4]] == pytest.approx([1.017934456374, 1.001551464652], abs=1e-8)


# ---- ends and invariants ----

CELLS = {
    "field": LIVING,
    "constant": fr.cells["mammalian neuron"].living(R_m=7),
    "chord": fr.Cell(
        fr.PumpLeak(CHORD, cotransport=("KCC", "NKCC")),
        **{"g_K": 0.3, "g_Na": 0.01, "g_Cl": 0.2, "g_KCC": 0.1, "g_NKCC": 0.01, "X_out": 10.0},
        **{"K_out": 5.0, "Na_out": 145.0, "Cl_out": 150.0, "z_X": -0.85, "celsius": 37.0},
        **{"pump_max": 0.3},
    ),
}
each_cell = pytest.mark.parametrize("cell", CELLS.values(), ids=list(CELLS))
one_cell_and_slow_ones = pytest.mark.parametrize(
    "cell",
    [
        pytest.param(one, id=name, marks=[] if name == "constant" else pytest.mark.slow)
        for name, one in CELLS.items()
    ],
)


@each_cell
def test_a_cell_that_nothing_changes_stays(cell):
    run = cell.rundown({}, time=np.linspace(0, 1e5, 11), diameter=20)
    for name in ("V", "Na_in", "K_in", "Cl_in", "X"):
        assert run.values(of=name) == pytest.approx(np.full(11, cell.value(of=name)), abs=1e-6)


@one_cell_and_slow_ones
def test_the_end_of_a_rundown_is_the_steady_state_of_what_is_left(cell):
    compared = 0
    for changes in ({"pump_max": fr.times(0.7)}, {"K_out": 8.0}, {"X_out": 60.0}, OFF[0]):
        condition = changes.of(cell) if isinstance(changes, fr.State) else changes
        end = cell.replace(**condition)
        run = cell.rundown({0: changes}, time=np.linspace(0, 2e7, 21), diameter=20)
        assert math.isfinite(end.potential()) == (run.status == 0)
        for name in ("V", "Na_in", "K_in", "Cl_in", "X", "relative_volume"):
            last, expected = run.values(of=name)[-1], end.value(of=name)
            assert last == pytest.approx(expected, rel=1e-5, abs=1e-5, nan_ok=True)
        compared += run.status == 0
    assert compared >= 3
    back = cell.rundown({0: {"K_out": 8.0}, 1800: {}}, time=[0, 3e6], diameter=20)
    assert back.values()[-1] == pytest.approx(cell.potential(), abs=1e-5)


@each_cell
def test_solutes_balance_the_bath_and_charges_each_other(cell):
    run = cell.rundown(
        {0: {"pump_max": 0.0}, 900: {"K_out": 12.0}}, time=range(0, 3601, 60), diameter=15
    )
    values = run.values(of=["Na_in", "K_in", "Cl_in", "X"])
    total = sum(values.values())
    bath = np.where(run.time < 900, cell.value(of="osmolarity"), cell.value(of="osmolarity") + 7)
    assert total == pytest.approx(bath, rel=1e-12)
    charge = values["Na_in"] + values["K_in"] - values["Cl_in"] + cell["z_X"] * values["X"]
    assert np.abs(charge).max() < 1e-9
    E = [run.values(of=f"E_{ion}") for ion in ("K", "Na", "Cl")]
    off = run.time < 900
    assert ((run.values() >= np.min(E, axis=0)) & (run.values() <= np.max(E, axis=0)))[off].all()
    assert run.values(of="I_pump")[off].max() == 0


@each_cell
def test_the_first_value_is_that_of_the_changed_cell_with_its_inside_held(cell):
    for changes in ({"pump_max": 0.0}, {"K_out": 9.0}, {"celsius": 30.0}):
        run = cell.rundown({0: changes}, time=[0], diameter=20)
        acute = cell.steady_state().replace(**changes)
        # water follows at once, and concentrates what is inside
        more = cell.replace(**changes)
        bath = sum(more[f"{ion}_out"] for ion in ("K", "Na", "Cl", "X"))
        factor = bath / cell.value(of="osmolarity")
        assert run.values(of="relative_volume")[0] == pytest.approx(1 / factor, rel=1e-12)
        acute = acute.replace(**{n: fr.times(factor) for n in ("K_in", "Na_in", "Cl_in")})
        assert run.values()[0] == pytest.approx(acute.potential(), abs=1e-9)


@one_cell_and_slow_ones
def test_the_reference_agrees(cell):
    protocol = {0: {"pump_max": fr.times(0.2)}, 300: {"K_out": 10.0}, 500: {}}
    how = {"time": [-10, 0, 150, 300, 500, 800], "diameter": 20}
    fast, plain = (cell.rundown(protocol, engine=engine, **how) for engine in (None, "python"))
    for name, values in fast.columns.items():
        assert values == pytest.approx(plain.columns[name], rel=1e-8, abs=1e-7), name
    assert plain.status == 0


def test_a_cell_with_a_fixed_volume():
    run = LIVING.rundown(OFF, time=[0, 600, 3600], diameter=20, volume="fixed")
    assert run.values(of="relative_volume").tolist() == [1, 1, 1]
    slow = LIVING.rundown(OFF, time=[0, 600, 3600], diameter=40, volume="fixed")
    assert (slow.values()[1:] < run.values()[1:]).all()


def test_an_exhausted_pump_is_told_with_its_time():
    cell = CELLS["constant"]
    run = cell.rundown({60: {"pump_max": 1.5}}, time=[0, 60, 100, 3600], diameter=20)
    assert run.status == fr.Status.NO_SOLUTION
    assert np.isnan(run.values()).tolist() == [False, False, False, True]
    assert 200 < run.stopped < 400
    assert "NO_SOLUTION at 2" in repr(run)


@pytest.mark.slow
def test_the_reference_tells_an_exhausted_pump():
    protocol = {60: {"pump_max": 1.5}}
    run = CELLS["constant"].rundown(protocol, time=[0, 60, 3600], diameter=20, engine="python")
    assert run.status == fr.Status.NO_SOLUTION


@pytest.mark.property
@given(
    st.floats(0, 2),
    st.floats(1, 20),
    st.floats(0.3, 3),
    st.floats(5, 50),
    st.sampled_from(list(CELLS)),
)
def test_smaller_tolerances_change_little(pump, K_out, leak, diameter, kind):
    cell = CELLS[kind]
    w = cell.model.weight
    changes = {"pump_max": fr.times(pump), "K_out": K_out, f"{w}_Na": fr.times(leak)}
    loose, strict = (
        cell.rundown({0: changes, 500: {}}, time=[0, 250, 1000], diameter=diameter, tol=tol)
        for tol in (1e-7, 1e-10)
    )
    assert loose.status == strict.status
    assert loose.values() == pytest.approx(strict.values(), abs=1e-5, nan_ok=True)


@pytest.mark.property
@given(
    st.lists(
        st.tuples(st.floats(0, 1.5), st.floats(2, 12), st.floats(0.3, 3)), min_size=1, max_size=3
    ),
    st.floats(-80, -40),
    st.sampled_from(list(CELLS)),
)
def test_no_crossing_is_missed_or_made_up(conditions, V, kind):
    cell = CELLS[kind]
    weight = f"{cell.model.weight}_Na"
    protocol = {
        400.0 * i: {"pump_max": fr.times(pump), "K_out": K_out, weight: fr.times(leak)}
        for i, (pump, K_out, leak) in enumerate(conditions)
    }
    dense = np.linspace(0, 1200, 2401)
    run = cell.rundown(protocol, time=[0, 1200], diameter=20)
    course = cell.rundown(protocol, time=dense, diameter=20, tol=1e-9).values()
    side = 1 if cell.potential() <= V else -1
    past = np.flatnonzero(side * (course - V) >= 0)
    reached = run.time_to(V)
    if past.size:
        assert reached <= dense[past[0]] + 1e-3 or side * (course[past[0]] - V) < 1e-5
    if math.isfinite(reached):
        before = np.flatnonzero(side * (course[dense < reached - 1e-3] - V) >= 1e-6)
        assert not before.size
        there = cell.rundown(protocol, time=[0, reached], diameter=20).values()[-1]
        assert side * (there - V) >= -1e-5


def test_times_to_potentials_are_on_the_axis_of_the_course():
    run = LIVING.rundown({100: OFF[0], 2000: {}}, time=[0, 5000], diameter=20)
    jump = LIVING.steady_state().replace(pump_max=0).potential()
    assert run.time_to(jump - 1) == 100  # it jumps there
    assert run.time_to(LIVING.potential()) == 0
    assert 100 < run.time_to(-60) < 2000
    assert run.time_to(-72) > 2000  # the pump comes back to more sodium
    assert run.time_to(0) == math.inf
    assert run.values(of=[fr.time_to(-60), "stopped"]) == {
        "time_to(-60)": run.time_to(-60),
        "stopped": math.inf,
    }
    with pytest.raises(TypeError, match="V must be a number"):
        run.time_to("block")


# ---- the answer ----


def test_forms_of_the_answer():
    run = LIVING.rundown({**OFF, 600: {}}, time=np.arange(0, 1201, 100), diameter=20)
    frame, dataset = run.to_dataframe(), run.to_xarray()
    assert frame.index.name == "time"
    assert frame["V"].to_numpy().tolist() == run.values().tolist()
    assert dataset["Na_in"].attrs["units"] == "mM"
    assert dataset["time"].attrs["units"] == "s"
    assert set(run.values(of=["V", "X"])) == {"V", "X"}
    assert pickle.loads(pickle.dumps(run)) == run
    assert repr(run).splitlines()[1:3] == ["  from 0 s: pump_max 0", "  from 600 s: baseline"]
    assert run != LIVING.rundown(OFF, time=np.arange(0, 1201, 100), diameter=20)


def test_a_picture_has_the_marks_and_the_times_of_changes():
    run = LIVING.rundown({**OFF, 600: {}}, time=np.arange(0, 1201, 100), diameter=20)
    axes = run.plot(["V", "Na_in", "relative_volume"])
    assert [ax.get_ylabel().replace("\n", " ") for ax in axes] == [
        "membrane potential (mV)",
        r"[Na$^{+}$]$_\mathrm{i}$ (mM)",
        "relative volume",
    ]
    assert axes[-1].get_xlabel() == "time (min)"
    assert axes[0].lines[0].get_ydata().tolist() == run.values().tolist()
    assert any("threshold" in text.get_text() for text in axes[0].texts)
    dotted = [line for line in axes[1].lines if line.get_linestyle() == ":"]
    assert [line.get_xdata()[0] for line in dotted] == [10.0]
    words = [text.get_text() for text in axes[0].texts]
    assert "shaded, 0 to 10 min: largest pump current 0 µA/cm²" in words
    (shaded,) = axes[1].patches
    assert shaded.get_window_extent().x1 == pytest.approx(axes[1].transData.transform((10, 0))[0])
    assert run.plot(ax=axes[0]) is axes[0]
    with pytest.raises(ValueError, match="ax must be axes for each output, 2, got 1"):
        run.plot(["V", "X"], ax=axes[0])


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (
            lambda r: fr.cells["glial cell"].rundown({}, time=[0], diameter=9),
            ValueError,
            "a living cell is needed",
        ),
        (lambda r: r({0: {"z_X": -2}}, [0]), ValueError, "z_X must stay"),
        (lambda r: r({0: {"K_oot": 2}}, [0]), ValueError, "did you mean K_out"),
        (lambda r: r({0: 3}, [0]), TypeError, "a condition must be a dict"),
        (lambda r: r([1], [0]), TypeError, "protocol must be a dict"),
        (lambda r: r({"a": {}}, [0]), TypeError, "time of a change must be a number"),
        (lambda r: r({}, [1, 0]), ValueError, "time must not decrease"),
        (lambda r: r({}, []), ValueError, "time must be a list of times"),
        (lambda r: r({}, [math.nan]), ValueError, "time must be a list of times"),
        (lambda r: r({}, [0], diameter=0), ValueError, "diameter must be > 0 um"),
        (lambda r: r({}, [0], tol=-1), ValueError, "tol must be > 0 mM"),
        (lambda r: r({}, [0], volume="big"), ValueError, "unknown volume 'big'"),
        (lambda r: r({}, [0]).values(of="Ca_in"), ValueError, "did you mean Na_in"),
    ],
)
def test_errors_say_what_to_do(make, error, text):
    def run(protocol, time, **options):
        return LIVING.rundown(protocol, time=time, **{"diameter": 20, **options})

    with pytest.raises(error, match=text):
        make(run)


def test_a_cell_without_a_steady_state_has_no_rundown():
    with pytest.raises(ValueError, match="no steady state from which"):
        LIVING.replace(pump_max=0, X_out=0, Cl_out=150).rundown({}, time=[0], diameter=20)
