"""What the package is compared with: the same equation, as one writes it with each tool.

None of them checks its inputs. Where a tool is not installed its benchmark is skipped.
"""

import math

import numpy as np
import pytest

#: R/F, mV per kelvin.
PHI_PER_KELVIN = 1000 * 8.31446261815324 / 96485.33212331001


def python_ghk(P_K, P_Na, P_Cl, K_out, Na_out, Cl_out, K_in, Na_in, Cl_in, *, celsius):
    """Lists in, a list out."""
    phi = PHI_PER_KELVIN * (celsius + 273.15)
    return [
        phi * math.log((pk * ko + pna * nao + pcl * cli) / (pk * ki + pna * nai + pcl * clo))
        for pk, pna, pcl, ko, nao, clo, ki, nai, cli in zip(
            P_K, P_Na, P_Cl, K_out, Na_out, Cl_out, K_in, Na_in, Cl_in, strict=True
        )
    ]


def numpy_ghk(*, P_K, P_Na, P_Cl, K_out, Na_out, Cl_out, K_in, Na_in, Cl_in, celsius):
    """Arrays that broadcast: a table's columns, or a grid's axes."""
    phi = PHI_PER_KELVIN * (celsius + 273.15)
    num = P_K * K_out + P_Na * Na_out + P_Cl * Cl_in
    den = P_K * K_in + P_Na * Na_in + P_Cl * Cl_out
    return phi * np.log(num / den)


def numpy_ghk_into(out, *, P_K, P_Na, P_Cl, K_out, Na_out, Cl_out, K_in, Na_in, Cl_in, celsius):
    """The same without temporary arrays of the size of the result."""
    phi = PHI_PER_KELVIN * (celsius + 273.15)
    num = P_K * K_out + P_Na * Na_out + P_Cl * Cl_in
    den = P_K * K_in + P_Na * Na_in + P_Cl * Cl_out
    np.divide(num, den, out=out)
    np.log(out, out=out)
    return np.multiply(phi, out, out=out)


def numpy_ghk_calcium(
    *, P_K, P_Na, P_Cl, P_Ca, K_out, Na_out, Cl_out, Ca_out, K_in, Na_in, Cl_in, Ca_in, celsius
):
    """With a divalent ion: the positive root of a quadratic."""
    phi = PHI_PER_KELVIN * (celsius + 273.15)
    num = P_K * K_out + P_Na * Na_out + P_Cl * Cl_in
    den = P_K * K_in + P_Na * Na_in + P_Cl * Cl_out
    a, b, c = den + 4 * P_Ca * Ca_in, den - num, num + 4 * P_Ca * Ca_out
    root = np.sqrt(b * b + 4 * a * c)
    return phi * np.log(np.where(b < 0, (root - b) / (2 * a), 2 * c / (root + b)))


def numexpr_ghk(threads):
    numexpr = pytest.importorskip("numexpr", reason="needs the extra bench-peers")
    numexpr.set_num_threads(threads)
    ghk = (
        "phi * log((P_K * K_out + P_Na * Na_out + P_Cl * Cl_in)"
        " / (P_K * K_in + P_Na * Na_in + P_Cl * Cl_out))"
    )

    def evaluate(out, *, celsius, **columns):
        phi = PHI_PER_KELVIN * (celsius + 273.15)
        return numexpr.evaluate(ghk, local_dict={**columns, "phi": phi}, out=out)

    return evaluate, f"numexpr {numexpr.__version__}"


def numba_ghk(threads):
    numba = pytest.importorskip("numba", reason="needs the extra bench-peers")
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))

    @numba.njit(parallel=True, fastmath=True)
    def ghk(out, P_K, P_Na, P_Cl, K_out, Na_out, Cl_out, K_in, Na_in, Cl_in, celsius):
        phi = PHI_PER_KELVIN * (celsius + 273.15)
        for i in numba.prange(out.size):
            num = P_K[i] * K_out[i] + P_Na[i] * Na_out[i] + P_Cl[i] * Cl_in[i]
            den = P_K[i] * K_in[i] + P_Na[i] * Na_in[i] + P_Cl[i] * Cl_out[i]
            out[i] = phi * math.log(num / den)
        return out

    return ghk, f"numba {numba.__version__}"


def jax_ghk():
    """Takes and gives JAX arrays; its threads are one for each CPU."""
    jax = pytest.importorskip("jax", reason="needs the extra bench-peers")
    jax.config.update("jax_enable_x64", True)

    @jax.jit
    def ghk(*, P_K, P_Na, P_Cl, K_out, Na_out, Cl_out, K_in, Na_in, Cl_in, celsius):
        phi = PHI_PER_KELVIN * (celsius + 273.15)
        num = P_K * K_out + P_Na * Na_out + P_Cl * Cl_in
        den = P_K * K_in + P_Na * Na_in + P_Cl * Cl_out
        return phi * jax.numpy.log(num / den)

    def until_ready(**columns):
        return ghk(**columns).block_until_ready()

    return until_ready, jax.device_put, f"jax {jax.__version__}"


def dask_summary(grid):
    """Mean and extremes of a grid with calcium by Dask's threads over NumPy's expression."""
    dask_array = pytest.importorskip("dask.array", reason="needs the extra bench-peers")
    import dask

    values = dict(grid.cell)
    del values["pump_ratio"]
    axes = {name: grid.axis_values(name) for name in grid.dims}
    for d, (name, axis) in enumerate(axes.items()):
        shape = [-1 if i == d else 1 for i in range(len(axes))]
        chunks = [2 if i == d == 0 else -1 for i in range(len(axes))]
        values[name] = dask_array.from_array(axis.reshape(shape), chunks=chunks)
    V = dask_array.map_blocks(
        lambda *c: numpy_ghk_calcium(**dict(zip(values, c))), *values.values()
    )
    answers = V.mean(), V.min(), V.max()
    return lambda: dask.compute(*answers, scheduler="threads", num_workers=2), (
        f"dask {dask.__version__}, numpy {np.__version__}"
    )
