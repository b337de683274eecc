"""The third and fourth rungs: the kernels of every instruction set against golden values and
against the reference, and what `Equation.points` accepts and refuses."""

import math
import pickle
import sys

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastrest as fr
from fastrest._core import _kernels
from fastrest.models import quantities
from fastrest.models.outputs import phi as phi_of

# ---- golden values ----


def test_golden_potentials_are_met_within_1e_12_mV(golden_sweeps, isa, largest_error):
    for sweep, exact in golden_sweeps:
        assert largest_error(sweep.values(engine=isa), exact) <= 1e-12, sweep
        assert not sweep.status(engine=isa).any()


def test_golden_nernst_potentials_are_met_within_1e_12_mV(golden, isa, largest_error):
    rows = golden("nernst")
    names = ("z", "c_out", "c_in", "celsius")
    columns = [np.array([values[n] for values, _ in rows]) for n in names]
    V, status = np.empty(len(rows)), np.empty(len(rows), np.uint8)
    _kernels.Equation("nernst").points(columns, 0, len(rows), V, status, isa=isa)
    assert largest_error(V, [exact for _, exact in rows]) <= 1e-12
    assert not status.any()


def test_golden_potentials_are_met_by_factored_grids(golden, isa, largest_error):
    # a grid of equal values: 2 x 20 logarithms for 400 points, so that it factors
    routes = set()
    for values, exact in golden("ghk"):
        cell = fr.Cell(fr.GHK("K", "Na", "Cl"), **values)
        axes = {name: np.full(20, cell[name]) for name in ("K_out", "K_in")}
        sweep = fr.grid(cell, **axes)
        routes.add(sweep.route)
        assert largest_error(sweep.values(engine=isa)[[0, 7], [0, 19]], [exact] * 2) <= 1e-12
    assert "factored" in routes


# ---- the reference, on inputs that hypothesis makes ----

MODELS = {
    "three ions": fr.GHK("K", "Na", "Cl"),
    "no pump": fr.GHK("Na", "Cl"),
    "five ions": fr.GHK("Na", "K", "Cl", "HCO3", fr.Ion("Li", 1)),
    "calcium": fr.GHK("K", "Cl", "Ca", fr.Ion("SO4", -2)),
    "divalents only": fr.GHK("Mg", "Ca", fr.Ion("SO4", -2)),
    "passive": fr.GHK("K", "Na", "Cl", "Ca", passive=("Cl", "Ca")),
    "chord": fr.Chord("K", "Cl", "Ca"),
    "chord with a pump": fr.Chord("K", "Cl", "Ca", pump="constant"),
    "chord with a saturating pump": fr.Chord("K", "Cl", "Na", pump="saturating"),
}

SPECIAL = [0.0, -0.0, 1.0, -1.0, 5e-324, sys.float_info.min, sys.float_info.max]
SPECIAL += [math.inf, -math.inf, math.nan, 1e200, 1e-200, 2.0**480, 2.0**-480]
ordinary = st.floats(1e-6, 1e3)
#: Mostly ordinary values, so that a row has few special ones.
extraordinary = st.one_of(ordinary, ordinary, ordinary, st.sampled_from(SPECIAL), st.floats())
#: Chord potentials are sums of Nernst potentials of both signs: where these are thousands of mV
#: their rounding alone is more than 1e-12, so that concentrations stay near each other here.
near_or_special = st.one_of(ordinary, ordinary, ordinary, st.sampled_from(SPECIAL[:5]))
temperatures = st.one_of(st.floats(-20, 100), st.floats(-20, 100), st.floats())


@st.composite
def rows(draw, model):
    """A few rows of a model's parameters, and the cell whose parameters they vary."""
    n = draw(st.integers(1, 4))
    values = {}
    for name in model.parameters:
        chord = isinstance(model, fr.Chord) and not name.startswith("g_")
        strategy = near_or_special if chord else extraordinary
        strategy = temperatures if name == "celsius" else strategy
        values[name] = np.array(draw(st.lists(strategy, min_size=n, max_size=n)))
    return fr.table(fr.Cell(model, **dict.fromkeys(model.parameters, 1.0)), values)


@pytest.mark.parametrize("model", MODELS.values(), ids=[name.replace(" ", "-") for name in MODELS])
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_kernels_agree_with_the_reference_on_any_input(model, data):
    sweep = data.draw(rows(model))
    expected, status = sweep.values(engine="python"), sweep.status(engine="python")
    for isa in _kernels.SUPPORTED:
        found = sweep.values(engine=isa)
        assert sweep.status(engine=isa).tolist() == status.tolist()
        finite = np.isfinite(expected)
        assert np.array_equal(found[~finite], expected[~finite], equal_nan=True)
        # promised up to 1000 mV; beyond, the same in proportion
        allowed = 1e-12 * np.maximum(1, np.abs(expected[finite]) / 1000)
        assert (np.abs(found[finite] - expected[finite]) <= allowed).all()


def test_the_unit_of_permeabilities_may_meet_any_pump(isa):
    # P times pump_ratio, 2^-1060, has few bits left as a double; the terms are ordinary numbers
    model = fr.GHK("K", "Na")
    rest = {"Na_out": 145.0, "Na_in": 15.0, "celsius": 37.0}
    P = 1.0 + 2.0**-20
    plain = fr.Cell(model, P_K=P * 2.0**-60, P_Na=2.0**-60, K_out=5.0, K_in=140.0, **rest)
    tiny = plain.replace(
        P_K=P * 2.0**-530, pump_ratio=2.0**-530, K_out=5.0 * 2.0**1000, K_in=140.0 * 2.0**1000
    )
    assert abs(tiny.potential(engine=isa) - plain.potential(engine=isa)) <= 1e-12


# ---- equations for the tests below: every loop of the kernels ----

EQUATIONS = {
    "nernst": _kernels.Equation("nernst"),
    "ghk of 1": _kernels.Equation("ghk", (-1,)),
    "ghk of 2": _kernels.Equation("ghk", (1, 1)),
    "ghk of 3": _kernels.Equation("ghk", (1, 1, -1), 0),
    "ghk of 4": _kernels.Equation("ghk", (1, -1, 1, -1), 2),
    "ghk of 5": _kernels.Equation("ghk", (1, 1, -1, -1, 1), 1),
    "ghk of 12": _kernels.Equation("ghk", (1, -1) * 6),
    "divalent": _kernels.Equation("ghk", (1, 1, -1, 2), 0),
    "divalents alone": _kernels.Equation("ghk", (2, -2)),
    "divalent of 12": _kernels.Equation("ghk", (1, -1, 2, -2) * 3, 11),
    "chord": _kernels.Equation("chord", (1, -1, 2, -2)),
    "chord_pump": _kernels.Equation("chord_pump", (1, -1, 2, -2)),
    "log_num": _kernels.Equation("log_num", (1, 1, -1), 0),
    "log_den": _kernels.Equation("log_den", (1, 1, -1), 0),
    "separable": _kernels.Equation("separable"),
    "log_ratio": _kernels.Equation("log_ratio"),
}
SIZES = [0, 1, 3, 7, 8, 9, 255, 256, 257, 65535, 65536, 65537]

each_equation = pytest.mark.parametrize(
    "equation", EQUATIONS.values(), ids=[name.replace(" ", "-") for name in EQUATIONS]
)


def ordinary_columns(equation, n, seed=1):
    """Columns of ordinary values for an equation."""
    random = np.random.default_rng(seed)
    columns = [np.exp2(random.uniform(-7, 7, n)) for _ in range(equation.n_columns)]
    if equation.name == "nernst":
        columns[0] = random.choice([-2.0, -1.0, 1.0, 2.0], n)
        columns[3] = random.uniform(-20, 100, n)
    elif equation.z:
        columns[3 * len(equation.z)] = random.uniform(-20, 100, n)
    return columns


def computed(equation, columns, isa, start=0, count=None):
    n = columns[0].size - start if count is None else count
    V, status = np.empty(n), np.empty(n, np.uint8)
    equation.points(columns, start, n, V, status, isa=isa)
    return V, status


def same_bits(a, b):
    return np.array_equal(a.view(np.uint64), b.view(np.uint64))


# ---- one point's bits depend on its inputs alone ----


@each_equation
@pytest.mark.parametrize("bad", [0.0, -0.0, -1.0, math.nan, -math.nan, math.inf, -math.inf, 5e-324])
def test_a_bad_row_leaves_the_bits_of_its_neighbours(equation, bad, isa):
    columns = ordinary_columns(equation, 600)
    V, status = computed(equation, columns, isa)
    assert np.isfinite(V).all()
    assert not status.any()
    for column in columns:
        ordinary_value, column[300] = column[300], bad
        found, found_status = computed(equation, columns, isa)
        column[300] = ordinary_value
        assert same_bits(np.delete(found, 300), np.delete(V, 300))
        assert not np.delete(found_status, 300).any()


@pytest.mark.parametrize("name", [name for name, e in EQUATIONS.items() if e.z])
def test_the_scalar_path_gives_the_bits_of_the_vector_path(name, isa):
    # -0.0 is suspect to the loops, so that its row goes through the scalar functions
    equation = EQUATIONS[name]
    for j in range(len(equation.z)):
        columns = ordinary_columns(equation, 1000)
        columns[j][:] = 0.0
        by_loop, status = computed(equation, columns, isa)
        columns[j][:] = -0.0
        by_point, point_status = computed(equation, columns, isa)
        assert same_bits(by_loop, by_point)
        assert np.array_equal(status, point_status)


@each_equation
@pytest.mark.parametrize("n", SIZES)
def test_every_count_gives_the_bits_of_single_points(equation, n, isa):
    if n > 1000 and len(equation.z) > 5:
        n = 1000 + n % 100  # 38 columns: enough is enough
    columns = ordinary_columns(equation, n)
    V, status = computed(equation, columns, isa)
    assert not status.any()
    chosen = {0, n // 2, n - 257, n - 256, n - 9, n - 8, n - 7, n - 1} & set(range(n))
    for i in chosen:
        alone, _ = computed(equation, columns, isa, i, 1)
        assert same_bits(alone, V[i : i + 1])


def outputs(n):
    """Places for n results: at every offset from a cache line, strided, backwards, float32."""
    room = np.zeros(n + 16)
    first = -room.ctypes.data // 8 % 8
    for offset in range(8):
        yield f"offset {offset}", room[first + offset : first + offset + n]
    yield "stride 3", np.zeros(3 * n + 1)[1::3]
    yield "backwards", np.zeros(n)[::-1]
    yield "float32", np.zeros(n, np.float32)
    yield "float32 at an odd place", np.zeros(n + 1, np.float32)[1:]
    yield "float32 strided", np.zeros(2 * n, np.float32)[::2]
    yield "field of records", np.zeros(n, [("id", "i8"), ("V", "f8")])["V"]


@pytest.mark.parametrize("name", ["ghk of 3", "divalent", "separable"])
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("stream", [False, True], ids=["cached", "streamed"])
def test_the_layout_of_the_output_does_not_change_the_values(name, n, stream, isa):
    equation = EQUATIONS[name]
    columns = ordinary_columns(equation, n)
    V, _ = computed(equation, columns, isa)
    for layout, out in outputs(n):
        # a call writes its own results and nothing beside them
        room = out if out.base is None else out.base
        room.view(np.uint8).fill(0xAB)
        equation.points(columns, 0, n, out, stream=stream, isa=isa)
        assert np.array_equal(out, V.astype(out.dtype)), layout
        out.view(f"u{out.itemsize}")[...] = int.from_bytes(b"\xab" * out.itemsize)
        assert (room.view(np.uint8) == 0xAB).all(), layout


@each_equation
def test_the_layout_of_the_inputs_does_not_change_the_bits(equation, isa):
    columns = ordinary_columns(equation, 1001)
    V, _ = computed(equation, columns, isa)
    layouts = {
        "strided": [np.repeat(c, 3)[::3] for c in columns],
        "backwards": [c[::-1].copy()[::-1] for c in columns],
        "rows of one matrix": list(np.array(columns).T.copy().T),
        "three dimensions": [c.reshape(7, 11, 13) for c in columns],
        "Fortran order": [np.asfortranarray(c.reshape(7, 11, 13)) for c in columns],
        "every other column strided": [
            np.repeat(c, 2)[::2] if j % 2 else c for j, c in enumerate(columns)
        ],
    }
    for name, columns_so_laid in layouts.items():
        found = np.empty(1001)
        equation.points(columns_so_laid, 0, 1001, found, isa=isa)
        assert same_bits(found, V), name


@each_equation
def test_a_column_of_one_value_gives_the_bits_of_its_copies(equation, isa):
    columns = ordinary_columns(equation, 999)
    for j in range(equation.n_columns):
        constant = [np.broadcast_to(c[:1], 999) if i == j else c for i, c in enumerate(columns)]
        copied = [np.array(c) for c in constant]
        assert same_bits(computed(equation, constant, isa)[0], computed(equation, copied, isa)[0])


def test_broadcast_layouts_give_the_bits_of_their_expansion(isa):
    # rows shorter and longer than a chunk, dimensions of length 1, and axes in any order
    random = np.random.default_rng(2)
    equation = EQUATIONS["ghk of 3"]
    for shape in [(3, 1, 5, 7), (2, 300), (300, 2), (1, 1, 1), (1, 513, 1), (5, 255, 2, 1), (0, 3)]:
        single = ordinary_columns(equation, math.prod(max(1, length) for length in shape))
        columns = []
        for j, column in enumerate(single):
            varies = [length if random.random() < 0.5 else 1 for length in shape]
            values = column[: math.prod(varies)].reshape(varies)
            columns.append(np.broadcast_to(values[..., ::-1] if j % 2 else values, shape))
        n = math.prod(shape)
        found, expected = np.empty(n), np.empty(n)
        equation.points(columns, 0, n, found, isa=isa)
        equation.points([c.ravel() for c in columns], 0, n, expected, isa=isa)
        assert same_bits(found, expected), shape


def test_status_alone_and_values_alone_are_those_of_both(isa):
    for equation in EQUATIONS.values():
        columns = ordinary_columns(equation, 700)
        for j, column in enumerate(columns):
            column[10 * j : 10 * j + 3] = [math.nan, -1.0, 0.0]
        V, status = computed(equation, columns, isa)
        only_values, only_status = np.empty(700), np.full(700, 255, np.uint8)
        equation.points(columns, 0, 700, only_values, isa=isa)
        equation.points(columns, 0, 700, None, only_status, isa=isa)
        assert np.array_equal(only_values, V, equal_nan=True)
        assert np.array_equal(only_status, status)
        assert (np.isfinite(V) == (status == 0)).all()


def test_float32_is_the_float64_result_rounded_once(isa):
    equation = EQUATIONS["ghk of 3"]
    columns = ordinary_columns(equation, 5000)
    columns[0][7], columns[3][8], columns[6][8] = math.nan, 0.0, math.inf
    V, _ = computed(equation, columns, isa)
    rounded = np.empty(5000, np.float32)
    equation.points(columns, 0, 5000, rounded, isa=isa)
    assert np.array_equal(rounded, V.astype(np.float32), equal_nan=True)


# ---- parts of the GHK equation ----


@pytest.mark.parametrize("z", [(1,), (1, 1, -1), (-1, 1, -1, 1, 1)])
def test_the_parts_compose_to_the_whole(z, isa):
    pump = z.index(1)
    whole, *parts = (_kernels.Equation(name, z, pump) for name in ("ghk", "log_num", "log_den"))
    columns = ordinary_columns(whole, 2000)
    V, _ = computed(whole, columns, isa)
    logs = [computed(part, columns, isa)[0] for part in parts]
    phi = phi_of(columns[3 * len(z)])
    composed, status = computed(_kernels.Equation("separable"), [*logs, phi], isa)
    assert np.abs(composed - V).max() <= 1e-12
    assert same_bits(composed, phi * (logs[0] - logs[1]))
    assert not status.any()


INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("log_num", "log_den", "V", "status"),
    [
        (2.0, 1.0, 25.0, 0),
        (-INF, 1.0, -INF, fr.Status.INFINITE),
        (1.0, -INF, INF, fr.Status.INFINITE),
        (-INF, -INF, NAN, fr.Status.NO_PERMEANT),
        (NAN, 1.0, NAN, fr.Status.RANGE),
        (1.0, NAN, NAN, fr.Status.RANGE),
        (NAN, -INF, NAN, fr.Status.RANGE),
        (NAN, NAN, NAN, fr.Status.RANGE),
    ],
)
def test_separable_points_tell_what_their_logarithms_mean(log_num, log_den, V, status, isa):
    columns = [np.array([2.0, x, 2.0]) for x in (log_num, log_den)] + [np.full(3, 25.0)]
    found, bits = computed(_kernels.Equation("separable"), columns, isa)
    assert np.array_equal(found, [0.0, V, 0.0], equal_nan=True)
    assert bits.tolist() == [0, status, 0]


@pytest.mark.parametrize(
    ("P", "c", "logarithm", "status"),
    [
        (0.0, 5.0, -INF, 0),
        (2.0, 0.0, -INF, 0),
        (0.5, 2.0, 0.0, 0),
        (1e-200, 1e-200, NAN, fr.Status.RANGE),
        (1e200, 1e200, NAN, fr.Status.RANGE),
        (1.0, 5e-324, NAN, fr.Status.RANGE),
        (-0.0, 5.0, -INF, 0),
    ],
)
def test_the_logarithm_of_a_sum_tells_an_empty_sum_from_an_underflow(P, c, logarithm, status, isa):
    for name, place in (("log_num", 1), ("log_den", 2)):
        columns = [np.ones(3), np.ones(3), np.ones(3), np.full(3, 37.0)]
        columns[0][1], columns[place][1] = P, c
        found, bits = computed(_kernels.Equation(name, (1,)), columns, isa)
        assert np.array_equal(found, [0.0, logarithm, 0.0], equal_nan=True)
        assert bits.tolist() == [0, status, 0]


# ---- what is declared twice is equal ----


def test_status_bits_are_those_of_the_c_core():
    assert {bit.name: bit.value for bit in fr.Status} == _kernels.STATUS


def test_constants_are_those_of_the_c_core():
    exact = 1000 * quantities.GAS_CONSTANT / quantities.FARADAY
    assert abs(exact - _kernels.PHI_PER_KELVIN) <= math.ulp(exact)
    assert _kernels.KELVIN_AT_0_CELSIUS == quantities.KELVIN_AT_0_CELSIUS
    assert _kernels.CELSIUS_RANGE == (quantities.CELSIUS_MIN, quantities.CELSIUS_MAX)


def test_phi_per_kelvin_is_the_double_nearest_to_the_exact_value():
    with mpmath.workdps(40):
        exact = 1000 * mpmath.mpf("8.31446261815324") / mpmath.mpf("96485.33212331001840")
        assert float(exact) == _kernels.PHI_PER_KELVIN


# ---- instruction sets ----


def test_an_unsupported_instruction_set_is_an_error(monkeypatch):
    monkeypatch.setattr(_kernels, "SUPPORTED", ())
    columns = ordinary_columns(EQUATIONS["log_ratio"], 1)
    with pytest.raises(ValueError, match="'base' is not supported by this processor"):
        EQUATIONS["log_ratio"].points(columns, 0, 1, isa="base")


# ---- what equations refuse ----


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("ghk", ()), ValueError, "cannot have this number of ions"),
        (("ghk", (1,) * 13), ValueError, "at most 12 ions, got 13"),
        (("ghk", (0,)), ValueError, "these valences"),
        (("ghk", (3,)), ValueError, "these valences"),
        (("chord", (-3,)), ValueError, "these valences"),
        (("log_num", (2,)), ValueError, "these valences"),
        (("log_den", (-2,)), ValueError, "these valences"),
        (("ghk", (1,), 1), ValueError, "cannot have this number of ions"),
        (("ghk", (1,), -2), ValueError, "cannot have this number of ions"),
        (("chord", (1,), 0), ValueError, "cannot have this number of ions"),
        (("ghk", (1000,)), OverflowError, None),
        (("ghk", (1.5,)), TypeError, None),
        (("goldman", (1,)), KeyError, "goldman"),
        ((None,), TypeError, "name"),
    ],
    ids=repr,
)
def test_equations_that_the_core_cannot_compute_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        _kernels.Equation(*arguments)


ONE = np.ones(5)
OUT = np.zeros(5)
READ_ONLY = np.empty(5)
READ_ONLY.flags.writeable = False
UNALIGNED = np.zeros(5 * 8 + 1, np.uint8)[1:].view(float)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([ONE], 0, 5), ValueError, "log_ratio takes 2 columns, got 1"),
        (([ONE] * 3, 0, 5), ValueError, "log_ratio takes 2 columns, got 3"),
        ((None, 0, 5), TypeError, "columns"),
        (((ONE, ONE), 0, 5), TypeError, "list"),
        (([ONE, [1.0] * 5], 0, 5), TypeError, "ndarray"),
        (([ONE, ONE.astype("f4")], 0, 5), TypeError, "column 1 must be native aligned float64"),
        (([ONE.astype(">f8" if sys.byteorder == "little" else "<f8"), ONE], 0, 5), TypeError,
         "column 0 must be native aligned float64"),
        (([ONE, UNALIGNED], 0, 5), TypeError, "column 1 must be native aligned float64"),
        (([ONE, ONE[:4]], 0, 4), ValueError, "columns must have one shape"),
        (([ONE, ONE.reshape(5, 1)], 0, 5), ValueError, "columns must have one shape"),
        (([np.array(1.0), np.array(1.0)], 0, 1), ValueError, "1 to 64 dimensions"),
        (([ONE, ONE], -1, 5), ValueError, "start and count must lie within"),
        (([ONE, ONE], 0, -1), ValueError, "start and count must lie within"),
        (([ONE, ONE], 1, 5), ValueError, "start and count must lie within"),
        (([ONE, ONE], 6, 0), ValueError, "start and count must lie within"),
        (([ONE, ONE], sys.maxsize, sys.maxsize), ValueError, "start and count must lie within"),
        (([ONE, ONE], 0, 5, OUT[:4]), ValueError, r"out must have shape \(5,\)"),
        (([ONE, ONE], 0, 5, OUT.reshape(5, 1)), ValueError, r"out must have shape \(5,\)"),
        (([ONE, ONE], 0, 5, OUT.astype("i8")), TypeError, "out must be native float64 or float32"),
        (([ONE, ONE], 0, 5, UNALIGNED), TypeError, "out must be native float64 or float32"),
        (([ONE, ONE], 0, 5, [0.0] * 5), TypeError, "ndarray"),
        (([ONE, ONE], 0, 5, READ_ONLY), ValueError, "out is read-only"),
        (([ONE, ONE], 0, 5, None, np.zeros(5)), ValueError, "status must be contiguous uint8"),
        (([ONE, ONE], 0, 5, None, np.zeros(4, "u1")), ValueError, "status must be contiguous"),
        (([ONE, ONE], 0, 5, None, np.zeros(10, "u1")[::2]), ValueError, "must be contiguous"),
        (([ONE, ONE], 0, 5, None, np.zeros((5, 1), "u1")), ValueError, "must be contiguous"),
        (([ONE, ONE], 0, 5, None, np.frombuffer(b"12345", "u1")), ValueError, "contiguous uint8"),
    ],
)  # fmt: skip
def test_arguments_that_the_kernels_cannot_read_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        EQUATIONS["log_ratio"].points(*arguments)


def test_an_unknown_instruction_set_is_refused():
    with pytest.raises(ValueError, match=r"unknown instruction set 'mmx': compiled are .*base"):
        EQUATIONS["log_ratio"].points([ONE, ONE], 0, 5, OUT, isa="mmx")


def test_no_points_are_fine_at_both_ends(isa):
    for start in (0, 5):
        EQUATIONS["log_ratio"].points([ONE, ONE], start, 0, np.empty(0), isa=isa)


def test_equations_pickle(isa):
    for equation in EQUATIONS.values():
        copy = pickle.loads(pickle.dumps(equation))
        columns = ordinary_columns(equation, 100)
        assert same_bits(computed(copy, columns, isa)[0], computed(equation, columns, isa)[0])
