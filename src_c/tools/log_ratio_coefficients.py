"""Make the polynomial of ``log_ratio_tpl.h``; its output is pasted there.

With s = (m - 1)/(m + 1) and z = s**2, ln m = 2 artanh s = s * (2 + z * Q(z)).
``log_ratio_tpl.h`` reduces m to [2/3, 3/2], so 0 <= z <= 0.04.  This script finds the Q of degree 6
that minimises the largest relative error of ln m (Remez exchange in 60 digits), and rounds its
coefficients to doubles.

    python src_c/tools/log_ratio_coefficients.py
"""

import mpmath as mp

DEGREE = 6
Z_MAX = mp.mpf(4) / 100


def exact(z):
    """Return 2 artanh(s)/s from its series, which has no cancellation at small z."""
    return mp.nsum(lambda k: 2 * z**k / (2 * k + 1), [0, mp.inf]) if z else mp.mpf(2)


def remez(degree=DEGREE, rounds=8, samples=600):
    """Return the coefficients of Q, constant first, and the largest relative error of the fit."""
    n = degree + 2
    nodes = [Z_MAX * (1 - mp.cos(mp.pi * (2 * i + 1) / (2 * n))) / 2 for i in range(n)]
    grid = [Z_MAX * (1 - mp.cos(mp.pi * i / samples)) / 2 for i in range(1, samples + 1)]
    values = [exact(z) for z in grid]
    for _ in range(rounds):
        # 2 + z Q(z) - f(z) = +-E f(z) at the nodes, the sign alternating
        matrix = mp.matrix(n, n)
        right = mp.matrix(n, 1)
        for i, z in enumerate(nodes):
            f = exact(z)
            for j in range(degree + 1):
                matrix[i, j] = z ** (j + 1)
            matrix[i, degree + 1] = (-1) ** i * f
            right[i] = f - 2
        solution = mp.lu_solve(matrix, right)
        q = [solution[j] for j in range(degree + 1)]
        fitted = [2 + mp.fsum(c * z ** (k + 1) for k, c in enumerate(q)) for z in grid]
        error = [g / f - 1 for g, f in zip(fitted, values)]
        # one extremum in each stretch of equal sign
        nodes, best = [], None
        for z, e in zip(grid, error):
            if best is not None and (e > 0) != (best[1] > 0):
                nodes.append(best[0])
                best = None
            if best is None or abs(e) > abs(best[1]):
                best = (z, e)
        nodes.append(best[0])
        if len(nodes) != n:
            raise RuntimeError(f"expected {n} extrema, found {len(nodes)}")
    return [float(c) for c in q], max(abs(e) for e in error)


def main():
    mp.mp.dps = 60
    q, error = remez()
    print(f"/* largest relative error {mp.nstr(error, 3)} before rounding, |s| <= 0.2 */")
    for i, c in enumerate(q):
        print(f"#define FR_Q{i} {c.hex()} /* {c!r} */")


if __name__ == "__main__":
    main()
