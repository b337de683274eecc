"""Make the table of sensitivity tools: one problem, each tool's indices, errors and time.

pip install '.[bench-peers]' openturns
python bench/report/sensitivity.py     # writes bench/report/sensitivity_table.md

The problem is the resting potential of a neuron with nine lognormal inputs. Every tool computes it
by the same function, `space.evaluate`, with about as many evaluations. Errors are root mean squares
over the inputs and over seeds, against exact indices. The script fails if a tool's indices are not
those of the problem, or if fastrest's intervals do not hold their share of the exact indices.
"""

import os
import platform
import statistics
import subprocess
import textwrap
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
import openturns
import scipy
from SALib.analyze import sobol as analyze
from SALib.sample import sobol as sample
from scipy import stats

import fastrest as fr

TABLE = Path(__file__).with_name("sensitivity_table.md")
CELL = fr.cells["mammalian neuron"]
NAMES = ("P_K", "P_Na", "P_Cl", "K_out", "Na_out", "Cl_out", "K_in", "Na_in", "Cl_in")
SIGMA = 0.3
SPACE = fr.space(CELL, **{name: fr.lognormal(sigma_log=SIGMA) for name in NAMES})
#: Base points of designs of D + 2 and of 2 D + 2 evaluations a point.
SHORT, LONG = 2**15, 2**14
SEEDS = range(5)
#: The largest error of any tool, and the least part of intervals that hold the exact value.
LARGEST, LEAST = 0.01, 0.85

Indices = tuple[np.ndarray, np.ndarray]


class Tool(NamedTuple):
    """A tool: its name, its evaluations, and the function that returns S1 and ST for a seed."""

    name: str
    evaluations: int
    intervals: str
    indices: Callable[[int], Indices]


def of_fastrest(seed: int) -> Indices:
    r = SPACE.sobol(LONG, rng=seed, threads=1)
    return r["S1"], r["ST"]


def of_exact(seed: int) -> Indices:
    r = fr.space(CELL, **dict(zip(NAMES, SPACE.distributions))).sobol(threads=1)
    return r["S1"], r["ST"]


def of_scipy(seed: int) -> Indices:
    func = SPACE.scipy_func
    r = stats.sobol_indices(func=func, n=SHORT, dists=SPACE.scipy_dists, rng=seed)
    return r.first_order, r.total_order


def of_salib(seed: int) -> Indices:
    problem = SPACE.salib_problem()
    Y = SPACE.evaluate(sample.sample(problem, LONG, calc_second_order=True, seed=seed))
    r = analyze.analyze(problem, Y, calc_second_order=True, num_resamples=100, seed=seed)
    return r["S1"], r["ST"]


def of_openturns(seed: int) -> Indices:
    openturns.RandomGenerator.SetSeed(seed)
    openturns.ResourceMap.SetAsString("SobolIndicesExperiment-SamplingMethod", "QMC")
    logs = [float(np.log(CELL[name])) for name in NAMES]
    inputs = openturns.JointDistribution([openturns.LogNormal(mu, SIGMA) for mu in logs])
    potential = openturns.PythonFunction(
        len(NAMES), 1, func_sample=lambda X: SPACE.evaluate(np.asarray(X))[:, None]
    )
    X = openturns.SobolIndicesExperiment(inputs, SHORT, False).generate()
    found = openturns.SaltelliSensitivityAlgorithm(X, potential(X), SHORT)
    return np.array(found.getFirstOrderIndices()), np.array(found.getTotalOrderIndices())


D = len(NAMES)
TOOLS = [
    Tool(f"fastrest {fr.__version__}, exact", 0, "exact within 1e-6", of_exact),
    Tool(f"fastrest {fr.__version__}, sampled", LONG * (2 * D + 2), "replicates", of_fastrest),
    Tool(f"SciPy {scipy.__version__}", SHORT * (D + 2), "bootstrap on request", of_scipy),
    Tool(f"OpenTURNS {openturns.__version__}", SHORT * (D + 2), "asymptotic", of_openturns),
    Tool(f"SALib {version('SALib')}", LONG * (2 * D + 2), "bootstrap", of_salib),
]


def row(tool: Tool, exact: Indices) -> tuple[float, list[str]]:
    """Return the time of a tool, and its row without it."""
    times, errors = [], []
    for seed in SEEDS:
        start = time.perf_counter()
        found = tool.indices(seed)
        times.append(time.perf_counter() - start)
        errors.append([np.square(x - y).mean() for x, y in zip(found, exact)])
    S1, ST = np.sqrt(np.mean(errors, axis=0))
    if max(S1, ST) > LARGEST:
        raise AssertionError(f"{tool.name}: errors {S1:.1e} and {ST:.1e}")
    evaluations = f"{tool.evaluations:,}" if tool.evaluations else "none"
    accuracy = ["< 1e-6"] * 2 if not tool.evaluations else [f"{S1:.1e}", f"{ST:.1e}"]
    return statistics.median(times), [tool.name, evaluations, *accuracy, tool.intervals]


def check_intervals(exact: Indices) -> None:
    """Raise the AssertionError if fastrest's intervals hold too few of the exact indices."""
    held = []
    for seed in range(20):
        r = SPACE.sobol(LONG, rng=seed)
        held += [np.abs(r[k] - x) <= r[f"{k}_conf"] for k, x in zip(("S1", "ST"), exact)]
    if np.mean(held) < LEAST:
        raise AssertionError(f"intervals hold {np.mean(held):.0%} of the exact indices")


def main() -> None:
    """Measure every tool and write the table."""
    r = SPACE.sobol(tolerance=1e-8)
    exact = r["S1"], r["ST"]
    check_intervals(exact)
    rows = [row(tool, exact) for tool in TOOLS]
    base = rows[1][0]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    about = (
        f'The resting potential of the preset "{CELL.name}" with {D} lognormal inputs of sigma '
        f"{SIGMA}. Every tool computes it by the same function, on one thread, with about as many "
        f"evaluations. Errors are root mean squares over the inputs and {len(SEEDS)} seeds, "
        f"against exact indices. Times are medians, relative to the {1000 * base:.3g} ms of the "
        "second row."
    )
    made = (
        f"Made by `python bench/report/sensitivity.py` at commit {commit}, on {platform.machine()} "
        f"with {os.cpu_count()} CPUs at a load of {os.getloadavg()[0]:.0f}, where times are rough."
    )
    lines = ["# Sobol' indices of one problem by several tools", "", *textwrap.wrap(about, 100), ""]
    lines += ["| tool | evaluations | error of S1 | error of ST | intervals | time |"]
    lines += ["|---|---|---|---|---|---|"]
    for seconds, words in rows:
        lines.append(f"| {' | '.join(words)} | × {seconds / base:.3g} |")
    lines += ["", *textwrap.wrap(made, 100), ""]
    TABLE.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
