"""Tables of the page on validation, each computed by the kernels while the page is built."""

import csv
import json
from collections.abc import Callable, Iterator
from decimal import Decimal

import numpy as np

import fastrest as fr
from made.sources import ROOT, markdown, minus, module_of

ISAS = fr.info()["supported"]


def rows_of(path: str) -> list[dict[str, str]]:
    """Return the rows of a file of tests/."""
    with (ROOT / "tests" / path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# ---- quoted potentials ----


def quoted_nernst() -> str:
    """Return all quoted Nernst potentials beside the computed ones."""
    lines = []
    for row in rows_of("data/nernst_cases.csv"):
        z, out, inside = int(row["z"]), float(row["c_out_mM"]), float(row["c_in_mM"])
        E = float(fr.nernst(z, c_out=out, c_in=inside, celsius=float(row["T_C"])))
        conditions = f"{row['c_out_mM']} / {row['c_in_mM']} mM, {row['T_C']} °C"
        quoted = float(row["quoted_mV"])
        lines.append([row["ion"], conditions, *compared(E, quoted), row["source"]])
    return markdown(["ion", "out / in", "quoted", "fastrest", "difference", "source"], lines)


def quoted_ghk() -> str:
    """Return all quoted potentials of the GHK equation beside the computed ones."""
    cases, lines = module_of("tests/models/test_quoted_potentials"), []
    for row in rows_of("data/ghk_cases.csv"):
        values = cases.inputs(row)
        V = float(fr.ghk(**values, celsius=float(row["T_C"])))
        conditions = "; ".join(
            f"{ion} {values[f'{ion}_out']:g} / {values[f'{ion}_in']:g}, P {values[f'P_{ion}']:g}"
            for ion in ("K", "Na", "Cl")
        )
        text = f"{conditions}; {row['T_C']} °C"
        lines.append([text, *compared(V, float(row["quoted_mV"])), row["source"]])
    return markdown(["out / in, mM", "quoted", "fastrest", "difference", "source"], lines)


def compared(V: float, quoted: float) -> list[str]:
    """Return a quoted potential, the computed one, and their difference."""
    return [minus(quoted, 1), minus(V, 2), minus(V - quoted, 2)]


def presets() -> str:
    """Return the shipped cells with the potentials that their sources quote."""
    lines = []
    quoted = {row["name"]: float(row["quoted_mV"]) for row in rows_of("data/cells.csv")}
    for name, cell in fr.cells.items():
        lines.append([name, *compared(cell.potential(), quoted[name]), cell.source])
    return markdown(["cell", "quoted", "fastrest", "difference", "source"], lines)


# ---- golden values ----


def largest(found: np.ndarray, exact: list[Decimal | str]) -> float:
    """Return the largest difference of doubles from exact values."""
    pairs = zip(found.tolist(), map(Decimal, exact), strict=True)
    return max(float(abs(Decimal(x) - y)) for x, y in pairs if y.is_finite())


def families() -> Iterator[tuple[str, Callable[[str], tuple[int, float]]]]:
    """Yield names of models, and functions that compare their golden values in an engine."""
    golden = module_of("tests/helpers/golden")
    titles = {
        "ghk": "GHK, K, Na and Cl",
        "divalent": "GHK with divalent ions",
        "chord": "chord conductances",
    }
    for file, title in titles.items():

        def of_tables(engine: str, file: str = file) -> tuple[int, float]:
            pairs = [*golden.golden_tables(file)]
            errors = [largest(table.values(engine=engine), exact) for table, exact in pairs]
            return sum(len(exact) for _, exact in pairs), max(errors)

        yield title, of_tables

    def of_living(engine: str) -> tuple[int, float]:
        tests, count, worst = module_of("tests/models/test_living"), 0, 0.0
        for model, columns, exact in tests.golden_tables():
            V = fr.table(tests.cell_of(model), columns).values(engine=engine)
            exists = np.isfinite(exact["V"])
            count += len(V)
            worst = max(worst, float(np.abs(V - exact["V"])[exists].max()))
        return count, worst

    yield "living cells, constant field", of_living

    def of_pump_leak(engine: str) -> tuple[int, float]:
        tests = module_of("tests/models/test_pump_leak")
        rows = [(values, row) for values, row in tests.golden_rows() if row["V"]]
        names = tests.MODEL.parameters
        columns = {name: np.array([values[name] for values, _ in rows]) for name in names}
        V = fr.table(tests.CELL, columns).values(engine=engine)
        return len(rows), largest(V, [row["V"] for _, row in rows])

    yield "living cells, conductances, KCC, NKCC", of_pump_leak


def golden() -> str:
    """Return the largest errors against values of 60 digits, by model and engine."""
    engines, lines = [*ISAS, "python"], []
    for title, compare in families():
        found = [compare(engine) for engine in engines]
        lines.append([title, found[0][0], *(f"{error:.1e}" for _, error in found)])
    return markdown(["potentials of", "values", *engines], lines)


# ---- bits ----


def bits() -> str:
    """Return, for many sweeps, whether each instruction set gives the recorded bits."""
    tests = module_of("tests/_core/test_bits")
    recorded = json.loads(tests.DIGESTS.read_text(encoding="utf-8"))
    lines = []
    for name, make in tests.SWEEPS.items():
        sweep, seen = make(), []
        for isa in ISAS:
            same = tests.digest(sweep.values(engine=isa)) == recorded[name]
            seen.append("the recorded bits" if same else "**other bits**")
        lines.append([name, f"{len(sweep):,}", f"`{recorded[name][:12]}`", *seen])
    return markdown(["sweep", "points", "SHA-256 begins", *ISAS], lines)


# ---- intervals ----


def coverage(spaces: int = 150) -> str:
    """Return the share of sampled 95 % intervals that contain the exact index."""
    tests = module_of("tests/sensitivity/test_estimators")
    rng, inside = np.random.default_rng(7), {"S1": [], "ST": []}
    for seed in range(spaces):
        space = tests.random_space(rng)
        exact, sampled = space.sobol(), space.sobol(2**12, rng=seed)
        for key, seen in inside.items():
            seen += (np.abs(sampled[key] - exact[key]) <= sampled[f"{key}_conf"]).tolist()
    lines = [[key, len(seen), f"{100 * np.mean(seen):.1f} %"] for key, seen in inside.items()]
    total = [*inside["S1"], *inside["ST"]]
    lines.append(["all", len(total), f"{100 * np.mean(total):.1f} %"])
    return markdown(["index", "intervals", "contain the exact index"], lines)
