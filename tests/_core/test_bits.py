"""The last rungs: the bits are the same on every instruction set, with any number of threads,
however a sweep is cut, and on every machine and compiler.

    python tests/_core/test_bits.py

writes golden/bits.json, the digests that all builds are compared with, from the base kernels. Do
so only when a change is meant to move bits, and say so in the change log.

Inputs are made by integer arithmetic alone: no library function, no rounding, no random generator
can make them differ from one machine to the next.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

import fastrest as fr
from fastrest._core import _kernels
from fastrest.distributions.scipy_frozen import Tabulated
from fastrest.distributions.tabulated import EIGHTHS, HalfTable, QuantileTable
from fastrest.reductions.base import OnePass

DIGESTS = Path(__file__).parents[1] / "golden" / "bits.json"
POINTS = 10_000_000
THREADS = (1, 2, 3, 7)
SLOW_BUT_ONE_AND_SEVEN = [
    pytest.param(n, marks=[] if n in (1, 7) else pytest.mark.slow) for n in THREADS
]

# ---- inputs ----


def hashed(n, seed=0):
    """n well-mixed 64-bit words: a Weyl sequence, scrambled once (as in SplitMix64)."""
    words = np.arange(1 + seed, 1 + seed + n, dtype=np.uint64)
    words *= np.uint64(0x9E3779B97F4A7C15)
    words ^= words >> np.uint64(30)
    words *= np.uint64(0xBF58476D1CE4E5B9)
    words ^= words >> np.uint64(27)
    return words


def positive_doubles(n, seed=0):
    """Doubles from 2^-8 to 2^8: 16 exponents and all mantissas, put together from bits."""
    words = hashed(n, seed)
    mantissas = words & np.uint64(2**52 - 1)
    words >>= np.uint64(60)
    words += np.uint64(1023 - 8)
    words <<= np.uint64(52)
    words |= mantissas
    return words.view(np.float64)


def temperatures(n, seed=0):
    """Doubles from 0 to 64 degrees, in steps of 2^-46: exact."""
    return (hashed(n, seed) >> np.uint64(12)).astype(np.float64) * 2.0**-46


def windows(base, n, names):
    """One column per name, each a shifted window of one array: 80 MB for nine columns, not 720."""
    step = (base.size - n) // max(1, len(names) - 1)
    return {name: base[j * step : j * step + n] for j, name in enumerate(names)}


# ---- sweeps ----

K_NA_CL = fr.GHK("K", "Na", "Cl")


def cell(model, **values):
    return fr.Cell(model, **{**dict.fromkeys(model.parameters, 1.0), "celsius": 37.0, **values})


def table_of(model, n):
    """Every parameter varies; but for K, Na and Cl temperature and pump stay, the usual case."""
    names = [name for name in model.parameters if name not in ("celsius", "pump_ratio")]
    base = positive_doubles(n + 1009 * len(names))
    columns = windows(base, n, names)
    if model != K_NA_CL:
        columns["celsius"] = temperatures(n, seed=1)
    if model != K_NA_CL and model.pump_ion:
        columns["pump_ratio"] = positive_doubles(n, seed=2)
    return fr.table(cell(model), columns)


def living_table(n):
    """Steady states; some of these cells have none."""
    model = fr.PumpLeak(fr.Chord("K", "Na", "Cl", pump="constant"), cotransport=["KCC", "NKCC"])
    columns = {name: np.array(x) for name, x in table_of(model, n).inputs.items()}
    columns["z_X"] *= -1.0
    columns["pump_max"] *= columns["g_Na"]
    return fr.table(cell(model), columns)


def course_table(n, pump):
    """Cells at a time after their pump has slowed down; some have used up their Na."""
    law = {"pump_Na_half": 10.0, "pump_K_half": 1.5} if pump == "saturating" else {}
    living = fr.Cell(
        fr.PumpLeak(fr.GHK("K", "Na", "Cl", pump=pump)),
        **{"P_K": 1e-6, "P_Na": 4e-8, "P_Cl": 4.5e-7, "K_out": 5.0, "Na_out": 145.0},
        **{"Cl_out": 110.0, "X_out": 40.0, "z_X": -1.0, "celsius": 37.0, "pump_max": 0.5, **law},
    )
    protocol = {0: {"pump_max": fr.times(0.25)}, 600: {"K_out": fr.times(2.0)}, 1200: {}}
    cell = living.after(protocol, time=1800.0, diameter=20.0)
    names = ("P_K", "P_Na", "P_Cl", "pump_max", "time", "diameter")
    draws = np.random.default_rng(12).integers(0, 2**20, (len(names), n)) / 2**20
    columns = {name: cell[name] * (0.875 + 0.25 * u) for name, u in zip(names, draws, strict=True)}
    return fr.table(cell, columns)


def four_axes():
    """56 x 56 x 56 x 57 points: axes that enter one sum, both sums, and phi."""
    axes = {
        "K_out": positive_doubles(56, seed=3),
        "P_Na": positive_doubles(56, seed=4),
        "celsius": temperatures(56, seed=5),
        "K_in": positive_doubles(57, seed=6),
    }
    values = {"K_out": 5.0, "K_in": 140.0, "Na_out": 145.0, "Na_in": 15.0, "Cl_out": 110.0}
    return fr.grid(cell(K_NA_CL, P_Cl=0.5, Cl_in=7.0, **values), **axes)


def tabulated():
    """From 1 to 2, straight from one eighth of an octave to the next."""
    left, width = EIGHTHS[:-1], np.diff(EIGHTHS)
    lower, upper = np.zeros((2, left.size, 8))
    lower[:, 0], lower[:, 1] = 1.0 + left, width
    upper[:, 0], upper[:, 1] = 2.0 - left, -width
    return Tabulated(
        "1 + u", (1.0, 2.0), QuantileTable(HalfTable(EIGHTHS, lower), HalfTable(EIGHTHS, upper))
    )


def sample_of(method, n, **options):
    """Inputs of every family, on both sides of the sums and in phi."""
    values = {"K_in": 140.0, "Na_out": 145.0, "Cl_out": 110.0}
    inputs = {
        "P_Na": fr.lognormal(median=0.04, cv=0.5),
        "K_out": fr.uniform(3, 6),
        "Na_in": fr.normal(mean=15, sd=4, low=2),
        "P_Cl": fr.loguniform(0.1, 1),
        "Cl_in": fr.triangular(5, 7, 12),
        "celsius": fr.normal(mean=37, sd=1, low=30, high=45),
        "pump_ratio": tabulated(),
    }
    correlation = options.pop("correlation", None)
    space = fr.space(cell(K_NA_CL, **values), correlation=correlation, **inputs)
    return space.sample(n, rng=2**70 + 1, method=method, **options)


CORRELATION = {("P_Na", "K_out"): 0.5, ("Na_in", "celsius"): -0.7, ("P_Na", "Na_in"): 0.2}
SO4 = fr.Ion("SO4", -2)
SLOW_TABLE = "table of courses with a saturating pump"
SWEEPS = {
    "table of nine columns": lambda: table_of(K_NA_CL, POINTS),
    "grid of four axes": four_axes,
    "table with two ions": lambda: table_of(fr.GHK("K", "Na"), 300_001),
    "table with six ions": lambda: table_of(
        fr.GHK("K", "Na", "Cl", "HCO3", fr.Ion("Li", 1), fr.Ion("Br", -1)), 300_001
    ),
    "table with calcium": lambda: table_of(fr.GHK("K", "Na", "Cl", "Ca"), 300_001),
    "table with divalents alone": lambda: table_of(fr.GHK("Ca", "Mg", SO4), 300_001),
    "table of conductances": lambda: table_of(fr.Chord("K", "Na", "Cl", "Ca", SO4), 300_001),
    "table of conductances and a pump": lambda: table_of(
        fr.Chord("K", "Na", "Cl", "Ca", SO4, pump="constant"), 300_001
    ),
    "table of cells that keep themselves": lambda: living_table(300_001),
    "table of courses": lambda: course_table(20_001, "constant"),
    SLOW_TABLE: lambda: course_table(20_001, "saturating"),
    "table of conductances and a saturating pump": lambda: table_of(
        fr.Chord("K", "Na", "Cl", pump="saturating"), 300_001
    ),
    "grid with calcium": lambda: fr.grid(
        cell(fr.GHK("K", "Ca"), K_in=140.0),
        K_out=positive_doubles(301, seed=7),
        P_Ca=positive_doubles(7, seed=8),
        Ca_out=positive_doubles(101, seed=9),
    ),
    "random sample": lambda: sample_of("random", 200_001),
    "Sobol' sequence": lambda: sample_of("sobol", 200_001),
    "plain Sobol' sequence": lambda: sample_of("sobol", 200_001, scramble=False),
    "Latin hypercube": lambda: sample_of("lhs", 200_001),
    "correlated sample": lambda: sample_of("random", 200_001, correlation=CORRELATION),
}
#: Samples of which the inputs are compared too: at the first points and the last there can be.
DRAWS = {
    "draws at random": lambda: sample_of("random", 2**62),
    "draws of a Sobol' sequence": lambda: sample_of("sobol", 2**52),
    "draws of a plain Sobol' sequence": lambda: sample_of("sobol", 2**52, scramble=False),
    "draws of a Latin hypercube": lambda: sample_of("lhs", 2**40 - 1),
    "correlated draws": lambda: sample_of("sobol", 2**52, correlation=CORRELATION),
}


def equation_columns(name):
    """Inputs of the equations that no sweep calls directly."""
    columns = list(windows(positive_doubles(300_000 + 1009), 300_000, "ab").values())
    if name == "nernst":
        choice = (hashed(300_000, seed=10) >> np.uint64(62)).astype(int)
        z = np.array([-2.0, -1.0, 1.0, 2.0])[choice]
        return [z, *columns, temperatures(300_000, seed=11)]
    return columns


#: Sweeps of which every derivative is compared.
GRADIENTS = {
    "gradients of a table": lambda: table_of(K_NA_CL, 300_001),
    "gradients with calcium": SWEEPS["table with calcium"],
    "gradients of conductances": SWEEPS["table of conductances"],
    "gradients with a pump current": SWEEPS["table of conductances and a pump"],
    "gradients of cells that keep themselves": SWEEPS["table of cells that keep themselves"],
    "gradients of a sample": SWEEPS["random sample"],
}


def pumped_table(n):
    """Permeabilities in cm/s beside a pump: powers of two times those of the other tables."""
    model = fr.GHK("K", "Na", "Cl", "Ca", pump="saturating")
    names = [name for name in model.parameters if name != "celsius"]
    columns = windows(positive_doubles(n + 1009 * len(names)), n, names)
    columns = {k: x * 2.0**-24 if k.startswith("P_") else x for k, x in columns.items()}
    return fr.table(cell(model, **{k: 1e-6 for k in columns if k.startswith("P_")}), columns)


#: Tables of which all currents, shares and conductances are compared.
CURRENTS = {
    "currents of a table": lambda: table_of(fr.GHK("K", "Na", "Ca", SO4), 30_001),
    "currents of a table with a pump": lambda: pumped_table(30_001),
    "currents of conductances": lambda: table_of(
        fr.Chord("K", "Na", "Cl", "Ca", pump="constant"), 30_001
    ),
}

# ---- answers ----


class Everything(OnePass):
    """The state that answers are read off: counts between some edges, sums and extrema."""

    sums = True

    def wanted(self, sweep):
        return np.arange(-128.0, 129.0, 8.0)

    def answer(self, sweep, found):
        return found[0]


def spoilt_table(n):
    """A table with bad rows of several kinds, one in 64."""
    columns = {name: np.array(c) for name, c in table_of(K_NA_CL, n).inputs.items()}
    kind = hashed(n, seed=13) >> np.uint64(56)
    columns["K_out"][kind == 0] = -1.0
    columns["Na_in"][kind == 1] = np.nan
    for name in ("K_in", "Na_in", "Cl_out"):
        columns[name][kind == 2] = 0.0
    return fr.table(cell(K_NA_CL), columns)


ANSWERS = {
    "answers of a table": (lambda: spoilt_table(300_001), "pointwise"),
    "answers of a table with calcium": (SWEEPS["table with calcium"], "pointwise"),
    "answers of a sample": (SWEEPS["Sobol' sequence"], "pointwise"),
    "answers of a grid, point by point": (four_axes, "pointwise"),
    "answers of a grid, factored": (four_axes, "factored"),
}


def first_reasons(invalid):
    """The counts by the first six reasons; those of models with a pump current are later ones."""
    assert not any(invalid[6:])
    return invalid[:6]


def recorded(state):
    """What was recorded of a state: digests outlive the layout of saved files."""
    found = state.to_json()
    kept = {name: found[name] for name in ("method", "edges", "n", "invalid", "total", "squares")}
    kept["edges"] = [float(edge).hex() for edge in state.edges]
    kept["invalid"] = first_reasons(kept["invalid"])
    extrema = {end: [found[end], found[f"arg{end}"]] for end in ("min", "max")}
    return {**kept, **extrema, "counts": state.counts.tolist()}


def digest_of_answers(name, **options):
    """SHA-256 of a state."""
    make, method = ANSWERS[name]
    state = make().reduce(Everything(), method=method, **options)[0]
    return hashlib.sha256(json.dumps(recorded(state)).encode()).hexdigest()


def digest_of_population():
    """SHA-256 of what is counted of a population, and of its first members."""
    space = SWEEPS["correlated sample"]().space
    pop = space.population(
        200_001,
        rng=2**70 + 1,
        conditions={"control": {}, "high K": {"K_out": 6.5}, "leaky": {"P_Na": fr.times(1.5)}},
        accept=[fr.between(-75, -55), fr.change("control", "high K", 2, 15)],
    )
    counts = pop.tally.counts
    states = [{**recorded(one), "edges": None} for one in counts.accumulators]
    found = counts.to_json()
    found["counts"]["invalid"] = first_reasons(found["counts"]["invalid"])
    counted = json.dumps({"counts": found["counts"], "states": states, "sums": found["sums"]})
    V = pop.members(first=1000).potentials.values()
    return hashlib.sha256(counted.encode() + digest(np.stack(list(V))).encode()).hexdigest()


# ---- digests ----


def digest(V):
    """SHA-256 of float64 results, little-endian, in C order."""
    return hashlib.sha256(np.ascontiguousarray(V, "<f8")).hexdigest()


def digest_of_equation(name, isa):
    columns = equation_columns(name)
    V = np.empty(columns[0].size)
    _kernels.Equation(name).points(columns, 0, V.size, V, isa=isa)
    return digest(V)


def digest_of_gradients(name, **options):
    """SHA-256 of all derivatives, one parameter after the other."""
    return digest(np.stack(list(GRADIENTS[name]().gradient(**options).values())))


def digest_of_currents(name, **options):
    """SHA-256 of all outputs but V and the Nernst potentials, and of solutions, one by one."""
    sweep = CURRENTS[name]()
    names = [of for of in sweep.cell.model.outputs if of != "V" and not of.startswith("E_")]
    if sweep.cell.model.arguments["pump"] == "ratio":
        names += [fr.solution(one, V=-20) for one in ("P_K", "K_out", "Ca_in", "pump_ratio")]
    assert len(names) > 4
    return digest(np.stack([sweep.values(of=of, **options) for of in names]))


def digest_of_draws(name, isa):
    """SHA-256 of all inputs at some points, one input after the other."""
    sample = DRAWS[name]()
    first, last = (sample.drawn.draw(at, 5000, isa=isa) for at in (0, len(sample) - 5000))
    return digest(np.concatenate([first, last]))


@pytest.fixture(scope="module")
def digests():
    return json.loads(DIGESTS.read_text(encoding="utf-8"))


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=pytest.mark.slow if name == SLOW_TABLE else []) for name in SWEEPS
    ],
)
def named_sweep(request):
    """One sweep at a time: the largest take 160 MB with their results."""
    return request.param, SWEEPS[request.param]()


def same_bits(a, b):
    return np.array_equal(a.reshape(-1).view(np.uint64), b.reshape(-1).view(np.uint64))


# ---- tests ----


def test_the_bits_are_those_of_every_other_build(named_sweep, digests, isa):
    name, sweep = named_sweep
    assert digest(sweep.values(engine=isa, threads=2)) == digests[name]


@pytest.mark.parametrize("name", ["nernst", "log_ratio"])
def test_the_bits_of_single_equations_are_those_of_every_other_build(name, digests, isa):
    assert digest_of_equation(name, isa) == digests[name]


@pytest.mark.parametrize("name", GRADIENTS)
def test_the_bits_of_gradients_are_those_of_every_other_build(name, digests, isa):
    assert digest_of_gradients(name, engine=isa, threads=2) == digests[name]


@pytest.mark.parametrize("name", CURRENTS)
def test_the_bits_of_currents_are_those_of_every_other_build(name, digests, isa):
    assert digest_of_currents(name, engine=isa, threads=2) == digests[name]


@pytest.mark.parametrize("name", DRAWS)
def test_the_bits_of_draws_are_those_of_every_other_build(name, digests, isa):
    assert digest_of_draws(name, isa) == digests[name]


@pytest.mark.parametrize("threads", SLOW_BUT_ONE_AND_SEVEN)
@pytest.mark.parametrize("name", ANSWERS)
def test_the_bits_of_answers_are_those_of_every_other_build(name, threads, digests, isa):
    assert digest_of_answers(name, engine=isa, threads=threads) == digests[name]


def test_the_bits_of_a_population_are_those_of_every_other_build(digests):
    assert digest_of_population() == digests["population"]


def test_instruction_sets_and_threads_do_not_change_the_bits(named_sweep):
    _, sweep = named_sweep
    expected = sweep.values(engine="base", threads=1)
    assert np.isfinite(expected).mean() > 0.8
    found = np.empty_like(expected)
    for isa in _kernels.SUPPORTED:
        for threads in THREADS:
            found.fill(0)
            sweep.values(found, engine=isa, threads=threads)
            assert same_bits(found, expected), (isa, threads)


def test_threads_do_not_change_the_status(isa):
    n = 300_001
    columns = {name: np.array(c) for name, c in table_of(K_NA_CL, n).inputs.items()}
    bad = hashed(n, seed=12) >> np.uint64(57) == 0  # one row in 128
    columns["K_out"][bad] = -1.0
    columns["Na_in"][np.roll(bad, 1)] = np.nan
    sweep = fr.table(cell(K_NA_CL), columns)
    expected = np.where(bad, 2, 0) | np.where(np.roll(bad, 1), 1, 0)
    for threads in THREADS:
        assert np.array_equal(sweep.status(engine=isa, threads=threads), expected)


#: Lengths of pieces, taken in turn: odd ones, chunks and blocks with a point more or less.
PIECES = [1, 3, 7, 8, 9, 255, 256, 257, 1, 65535, 2, 65536, 65537, 131]


def cuts(n):
    """Ranges of odd lengths that cover n points."""
    start, i = 0, 0
    while start < n:
        stop = min(n, start + PIECES[i % len(PIECES)])
        yield start, stop
        start, i = stop, i + 1


def test_how_a_sweep_is_cut_does_not_change_the_bits(named_sweep, isa):
    _, sweep = named_sweep
    if len(sweep) > 1_000_000 and sweep.route == "pointwise":
        sweep = fr.table(sweep.cell, {n: c[:300_001] for n, c in sweep.inputs.items()})
    expected = sweep.values(engine=isa).reshape(-1)
    compute, _ = sweep.computer(isa, 1)  # what the engine calls for each of its tasks
    for stream in (False, True):
        found = np.zeros_like(expected)
        for start, stop in cuts(expected.size):
            compute(start, stop, found[start:stop], None, stream)
        assert same_bits(found, expected)


@pytest.mark.parametrize("threads", THREADS)
def test_the_layout_of_the_result_does_not_change_the_bits(threads, isa):
    sweep = SWEEPS["grid with calcium"]()
    expected = sweep.values(engine=isa, threads=1)
    for out in (
        np.empty(sweep.shape, order="F"),
        np.empty((*sweep.shape, 2))[..., 1],
        np.empty(sweep.shape)[::-1, :, ::-1],
        np.empty(sweep.shape[::-1]).transpose(),
    ):
        assert same_bits(sweep.values(out, engine=isa, threads=threads), expected)


def test_the_layout_of_a_tables_columns_does_not_change_the_bits(isa):
    sweep = table_of(K_NA_CL, 300_001)
    expected = sweep.values(engine=isa)
    records = np.empty(len(sweep), [(name, "f8") for name in sweep.inputs])
    for name, column in sweep.inputs.items():
        records[name] = column
    assert same_bits(fr.table(sweep.cell, records).values(engine=isa), expected)
    swapped = {name: column.astype(">f8") for name, column in sweep.inputs.items()}
    assert same_bits(fr.table(sweep.cell, swapped).values(engine=isa), expected)


def main():
    made = {name: digest(make().values(engine="base")) for name, make in SWEEPS.items()}
    made |= {name: digest_of_equation(name, "base") for name in ("nernst", "log_ratio")}
    made |= {name: digest_of_gradients(name, engine="base", threads=1) for name in GRADIENTS}
    made |= {name: digest_of_currents(name, engine="base", threads=1) for name in CURRENTS}
    made |= {name: digest_of_draws(name, "base") for name in DRAWS}
    made |= {name: digest_of_answers(name, engine="base", threads=1) for name in ANSWERS}
    made["population"] = digest_of_population()
    DIGESTS.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
