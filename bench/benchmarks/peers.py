"""Other tools for the comparison of workloads, in addition to plain Python and NumPy.

Each function takes a workload and a number of threads, and compiles if the tool needs it. It
returns a function without arguments, and the peer's name and version. The workload's `agrees`
judges the result of that function. No peer checks its inputs. A benchmark is skipped if its tool is
not installed.
"""

import math
import platform
from importlib.metadata import version

import numpy as np
import pytest

from fastrest.benchmark.workloads.base import INPUTS, PHI_PER_KELVIN, broadcast, numpy_ghk, sums
from fastrest.benchmark.workloads.catalogue import SIGMA, numpy_ghk_calcium


def needs(module):
    return pytest.importorskip(module, reason="needs the extra bench-peers")


def versioned(name):
    return f"{name} {version(name)}"


def phi_of(workload):
    return PHI_PER_KELVIN * (workload.cell["celsius"] + 273.15)


# ---- tables and grids ----


def python_list(table, threads):
    """Compute a list from lists, of as many rows as the plain Python counterpart."""
    columns = [table.columns[name][: table.python_points].tolist() for name in INPUTS]
    phi = phi_of(table)

    def ghk():
        return [
            phi * math.log((pk * ko + pna * nao + pcl * cli) / (pk * ki + pna * nai + pcl * clo))
            for pk, pna, pcl, ko, nao, clo, ki, nai, cli in zip(*columns)
        ]

    return ghk, f"python {platform.python_version()}"


def numpy_ghk_into(out, **x):
    """Compute a grid without temporary arrays of the size of the result."""
    num, den = sums(x)
    np.divide(num, den, out=out)
    np.log(out, out=out)
    return np.multiply(PHI_PER_KELVIN * (x["celsius"] + 273.15), out, out=out)


def numpy_into_out(workload, threads):
    if workload.name == "table":
        values = {**workload.cell, **workload.columns}
    else:
        values = broadcast(workload.sweep)
    out = np.full_like(workload.out, np.nan)
    return lambda: numpy_ghk_into(out, **values), versioned("numpy")


def numexpr_table(table, threads):
    numexpr = needs("numexpr")
    numexpr.set_num_threads(threads)
    ghk = (
        "phi * log((P_K * K_out + P_Na * Na_out + P_Cl * Cl_in)"
        " / (P_K * K_in + P_Na * Na_in + P_Cl * Cl_out))"
    )
    values = {**table.columns, "phi": phi_of(table)}
    out = np.full_like(table.out, np.nan)
    return lambda: numexpr.evaluate(ghk, local_dict=values, out=out), versioned("numexpr")


def numba_table(table, threads):
    numba = needs("numba")
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))

    @numba.njit(parallel=True, fastmath=True)
    def ghk(out, P_K, P_Na, P_Cl, K_out, Na_out, Cl_out, K_in, Na_in, Cl_in, phi):
        for i in numba.prange(out.size):
            num = P_K[i] * K_out[i] + P_Na[i] * Na_out[i] + P_Cl[i] * Cl_in[i]
            den = P_K[i] * K_in[i] + P_Na[i] * Na_in[i] + P_Cl[i] * Cl_out[i]
            out[i] = phi * math.log(num / den)
        return out

    columns = [table.columns[name] for name in INPUTS]
    phi = phi_of(table)
    out = np.full_like(table.out, np.nan)
    ghk(np.empty(1), *(column[:1] for column in columns), phi)  # compiles
    return lambda: ghk(out, *columns, phi), versioned("numba")


def jax_table(table, threads):
    """Compute with JAX's own copies of the columns; JAX takes as many threads as there are CPUs."""
    jax = needs("jax")
    jax.config.update("jax_enable_x64", True)

    @jax.jit
    def ghk(*, P_K, P_Na, P_Cl, K_out, Na_out, Cl_out, K_in, Na_in, Cl_in, phi):
        num = P_K * K_out + P_Na * Na_out + P_Cl * Cl_in
        den = P_K * K_in + P_Na * Na_in + P_Cl * Cl_out
        return phi * jax.numpy.log(num / den)

    values = {name: jax.device_put(table.columns[name]) for name in INPUTS}
    values["phi"] = phi_of(table)
    ghk(**values).block_until_ready()  # compiles
    return lambda: ghk(**values).block_until_ready(), versioned("jax")


# ---- summary ----


def dask_summary(workload, threads):
    """Run Dask's threads over NumPy's expression, in pieces that stay in a cache."""
    array, dask = needs("dask.array"), needs("dask")
    values = {
        name: value if np.ndim(value) == 0 else array.from_array(value, chunks=-1)
        for name, value in broadcast(workload.sweep).items()
    }
    first = workload.sweep.dims[0]
    values[first] = values[first].rechunk({0: 2})
    arrays = [value for value in values.values() if np.ndim(value)]
    V = array.map_blocks(
        lambda *x: numpy_ghk_calcium(**dict(zip(values, x))),
        *values.values(),
        chunks=array.broadcast_arrays(*arrays)[0].chunks,
        dtype=float,
    )
    answers = V.mean(), V.std(), V.min(), V.max(), V.argmin(), V.argmax()

    def summary():
        found = dask.compute(*answers, scheduler="threads", num_workers=threads)
        return V.size, found

    return summary, f"{versioned('dask')}, {versioned('numpy')}"


# ---- sensitivity ----


def scipy_indices(workload, threads):
    stats = needs("scipy.stats")
    cell = workload.cell
    dists = [stats.lognorm(SIGMA, scale=cell[name]) for name in INPUTS]

    def evaluate(x):
        return numpy_ghk(**dict(zip(INPUTS, x)), celsius=cell["celsius"])

    def indices():
        r = stats.sobol_indices(func=evaluate, n=workload.n, dists=dists, rng=1)
        return r.first_order, r.total_order

    return indices, versioned("scipy")


def salib_indices(workload, n):
    """Compute the indices of n samples, with the intervals of 100 resamples."""
    problem_spec = needs("SALib").ProblemSpec

    def evaluate(X):
        return numpy_ghk(**dict(zip(INPUTS, X.T)), celsius=workload.cell["celsius"])

    def indices():
        problem = problem_spec(workload.space.salib_problem())
        problem.sample_sobol(n, calc_second_order=False, seed=1)
        problem.evaluate(evaluate)
        problem.analyze_sobol(calc_second_order=False, num_resamples=100, seed=1)
        return problem.analysis["S1"], problem.analysis["ST"]

    return indices, versioned("SALib")
