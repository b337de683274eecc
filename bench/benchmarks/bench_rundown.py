"""An hour of many cells without a pump, and one cell: the kernel, and LSODA of SciPy."""

import numpy as np
import pytest

import fastrest as fr
from fastrest.models.reference import phi

CELL = fr.Cell(
    fr.PumpLeak(fr.GHK("K", "Na", "Cl", pump="constant")),
    **{"P_K": 1e-6, "P_Na": 4e-8, "P_Cl": 4.5e-7, "K_out": 5, "Na_out": 145, "Cl_out": 110},
    **{"X_out": 40, "z_X": -1, "celsius": 37, "pump_max": 0.5},
)
PROTOCOL, HOUR, DIAMETER = {0: {"pump_max": 0.0}}, 3600.0, 20.0
SURFACE = 6e4 / DIAMETER  # 1/cm
#: SciPy takes a thousand times as long, and gets fewer cells.
CELLS, FEW = 20_000, 50
hour = pytest.mark.benchmark(group="an hour without a pump, random cells: how long?")


def courses(tol, n=CELLS):
    draw = np.random.default_rng(3)
    columns = {name: CELL[name] * draw.lognormal(0, 0.3, 2 * n) for name in ("P_K", "P_Na", "P_Cl")}
    alive = fr.table(CELL, columns).status() == 0
    columns = {name: x[alive][:n] for name, x in columns.items()}
    cell = CELL.after(PROTOCOL, time=HOUR, diameter=DIAMETER, tol=tol)
    return fr.table(cell, columns), columns


def equations(P_K, P_Na, P_Cl, X):
    """Return dn/dt of the amounts of Na, K and Cl, and V of them, in plain NumPy."""
    Na, K, Cl = CELL["Na_out"], CELL["K_out"], CELL["Cl_out"]
    total = Na + K + Cl + CELL["X_out"]

    def inside(n):
        volume = (n[0] + n[1] + n[2] + X) / total
        return n[0] / volume, n[1] / volume, n[2] / volume

    def drive(na, k, cl):
        return np.log((P_K * K + P_Na * Na + P_Cl * cl) / (P_K * k + P_Na * na + P_Cl * Cl))

    def rates(_, n):
        na, k, cl = inside(n)
        u = drive(na, k, cl)
        plus = u / np.expm1(u)
        minus = plus + u
        flows = P_Na * (na * minus - Na * plus), P_K * (k * minus - K * plus)
        return [-SURFACE * x for x in (*flows, P_Cl * (cl * plus - Cl * minus))]

    return rates, lambda n: phi(CELL["celsius"]) * drive(*inside(n))


def lsoda(columns, start):
    integrate = pytest.importorskip("scipy.integrate")
    V = []
    for i in range(FEW):
        weights = {name: x[i] for name, x in columns.items()}
        rates, V_of = equations(**weights, X=start["X"][i])
        n = [start[f"{ion}_in"][i] for ion in ("Na", "K", "Cl")]
        run = integrate.solve_ivp(rates, (0, HOUR), n, method="LSODA", rtol=1e-6, atol=1e-6)
        V.append(V_of(run.y[:, -1]))
    return np.array(V)


@pytest.fixture(scope="module")
def strict():
    sweep, _ = courses(1e-11)
    return sweep.values()


@hour
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("tol", "error"), [(1e-7, 1e-6), (1e-5, 1e-5)])
def test_rundown_of_cells(benchmark, note, strict, tol, error, threads):
    sweep, _ = courses(tol)
    V = benchmark(sweep.values, threads=threads)
    note(CELLS, isa=fr.info()["isa"], threads=threads, tol=tol)
    assert np.abs(V - strict).max() < error


@hour
def test_rundown_of_cells_scipy(benchmark, note, strict):
    _, columns = courses(1e-7)
    start = fr.table(CELL, columns).values(of=["Na_in", "K_in", "Cl_in", "X"])
    V = benchmark.pedantic(lsoda, (columns, start), rounds=5, warmup_rounds=1)
    note(FEW, peer="scipy solve_ivp LSODA", threads=1, tol=1e-6)
    assert np.abs(V - strict[:FEW]).max() < 1e-3


@pytest.mark.benchmark(group="an hour of one cell, a value each minute: how long?")
@pytest.mark.parametrize("output", ["V", fr.time_to(-40)])
def test_rundown_of_one_cell(benchmark, note, output):
    cell = CELL.after(PROTOCOL, time=HOUR, diameter=DIAMETER)
    grid = fr.grid(cell, time=np.linspace(0, HOUR, 61))
    values = benchmark(grid.values, of=output, threads=1)
    note(61, isa=fr.info()["isa"], threads=1)
    assert values[-1] == cell.value(of=output)
