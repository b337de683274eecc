"""Make the polynomials of ``exp_tpl.h`` and ``normal_tpl.h``; its output is pasted there.

The exponential function is exp r = 1 + (r + r**2 E(r)) for abs(r) <= ln(2)/2. The upper tail of the
normal distribution is Q(z) = exp(-z**2/2) T(w)/(z + 4/5) with w = (z - 5)/(z + 5), for
0 <= z <= 38: T is one smooth function from the middle to the least normal double, as in Shepherd &
Laframboise 1981 for erfc. Both E and T are fitted at Chebyshev points in 40 digits.

    python src_c/tools/quantile_coefficients.py
"""

import mpmath as mp

EXP_DEGREE, TAIL_DEGREE = 9, 22
LARGEST_R = mp.log(2) / 2 * mp.mpf("1.001")
Z_MAX, MIDDLE, SHIFT = mp.mpf(38), mp.mpf(5), mp.mpf(4) / 5


def exp_remainder(r):
    """Return (exp(r) - 1 - r)/r**2 from its series, which has no cancellation at small r."""
    return mp.fsum(r**k / mp.factorial(k + 2) for k in range(30))


def tail_factor(w):
    z = MIDDLE * (1 + w) / (1 - w)
    return mp.erfc(z / mp.sqrt(2)) / 2 * mp.exp(z * z / 2) * (z + SHIFT)


def show(name, function, interval, degree, weight):
    coefficients, error = mp.chebyfit(function, interval, degree + 1, error=True)
    print(f"/* largest relative error {mp.nstr(error * weight, 2)} before rounding */")
    numbers = [float(c) for c in reversed(coefficients)]
    print(f"static const double {name}[{degree + 1}] = {{")
    for i in range(0, len(numbers), 4):
        print("    " + " ".join(f"{c.hex()}," for c in numbers[i : i + 4]))
    print("};")


def main():
    mp.mp.dps = 40
    show("exp_terms", exp_remainder, [-LARGEST_R, LARGEST_R], EXP_DEGREE, LARGEST_R**2 * mp.sqrt(2))
    ends = [mp.mpf(-1), (Z_MAX - MIDDLE) / (Z_MAX + MIDDLE)]
    show("tail_terms", tail_factor, ends, TAIL_DEGREE, 1 / mp.mpf("0.39"))


if __name__ == "__main__":
    main()
