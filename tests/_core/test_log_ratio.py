"""The logarithm of a ratio: within 2.1 ulp, antisymmetric to the bit, on every instruction set.

The judge is the 64-bit mantissa of x87's long double where NumPy has it, else mpmath; the test of
the judge says how good it is.
"""

import importlib.util
import sys
from fractions import Fraction
from pathlib import Path

import mpmath
import numpy as np
import pytest

from fastrest._core import _kernels

SOURCES = Path(__file__).parents[2] / "src_c"
EQUATION = _kernels.Equation("log_ratio")
LEAST, LARGEST, EPSILON = sys.float_info.min, sys.float_info.max, sys.float_info.epsilon
ULPS = 2.1
PAIRS = 100_000

# ---- the function and its judge ----


def log_ratio(num, den, isa):
    num, den = np.broadcast_arrays(np.asarray(num, float), np.asarray(den, float))
    V, status = np.empty(num.size), np.empty(num.size, np.uint8)
    EQUATION.points([num, den], 0, num.size, V, status, isa=isa)
    assert not status.any()
    return V


def exact_by_mpmath(num, den):
    """ln(num/den) as the nearest double and what it lacks."""
    high, low = np.empty(num.size), np.empty(num.size)
    with mpmath.workprec(130):
        for i, (n, d) in enumerate(zip(num.tolist(), den.tolist(), strict=True)):
            exact = mpmath.log(mpmath.mpf(n) / d)
            high[i] = exact
            low[i] = exact - high[i]
    return high, low


def exact_by_long_double(num, den):
    """ln(num/den) to about 2^-63, as the nearest double and what it lacks.

    Within a factor of 2 num - den is exact (Sterbenz), so that log1p sees an argument with one
    rounding; elsewhere |ln| >= 0.69 and the rounding of the quotient, 2^-64, is little beside it.
    """
    n, d = np.asarray(num, np.longdouble), np.asarray(den, np.longdouble)
    near = (n <= 2 * d) & (d <= 2 * n)
    exact = np.where(near, np.log1p(np.where(near, (n - d) / d, 0)), np.log(n / d))
    high = exact.astype(float)
    return high, (exact - high).astype(float)


judge = exact_by_long_double if np.finfo(np.longdouble).nmant >= 63 else exact_by_mpmath


def ulps(found, exact):
    """Errors of `found` in units of the last place of the exact result."""
    high, low = exact
    return np.abs((found - high) - low) / np.spacing(np.abs(high))


# ---- pairs ----


def random_doubles(random, n, low, high):
    """Random mantissas with exponents from low to high, both included."""
    return np.ldexp(random.uniform(1, 2, n), random.integers(low, high, n, endpoint=True))


def wide_pairs(random):
    return random_doubles(random, PAIRS, -1022, 1023), random_doubles(random, PAIRS, -1022, 1023)


def physiological_pairs(random):
    return random_doubles(random, PAIRS, -3, 9), random_doubles(random, PAIRS, -3, 9)


def near_pairs(random):
    """Ratios 1 +- 2^-1 ... 1 +- 2^-52."""
    den = random_doubles(random, PAIRS, -1000, 1000)
    sign = random.choice([-1.0, 1.0], PAIRS)
    return den * (1 + sign * random_doubles(random, PAIRS, -53, -2)), den


def neighbours(random):
    """A double and one of the 50 on either side of it."""
    den = random_doubles(random, PAIRS, -1000, 1000)
    return (den.view(np.int64) + random.integers(-50, 50, PAIRS, endpoint=True)).view(float), den


def seams(random):
    """Both sides of where k changes: mantissas that differ by one half, within 3 ulp."""
    mantissa = random.uniform(1, 1.5, PAIRS)
    j = random.integers(-3, 3, PAIRS, endpoint=True)
    num = ((mantissa + 0.5).view(np.int64) + j).view(float)
    return (
        np.ldexp(num, random.integers(-500, 500, PAIRS)),
        np.ldexp(mantissa, random.integers(-500, 500, PAIRS)),
    )


def ratios_of_the_ends(random):
    """m = 2/3 and 3/2, where |s| is largest, within 3 ulp."""
    den = random_doubles(random, PAIRS, -500, 500)
    num = den * random.choice([2 / 3, 1.5, 0.75, 4 / 3], PAIRS)
    return (num.view(np.int64) + random.integers(-3, 3, PAIRS, endpoint=True)).view(float), den


def powers_of_two(random):
    """Powers of two and their neighbours, over all exponents."""
    exponents = np.arange(-1021, 1023)
    num = np.ldexp(random.choice([1 - EPSILON / 2, 1.0, 1 + EPSILON], exponents.size), exponents)
    den = np.ldexp(
        random.choice([1 - EPSILON / 2, 1.0, 1 + EPSILON], exponents.size),
        random.permutation(exponents),
    )
    return num, den


def logarithms_above_powers_of_two(random):
    """Where an error weighs most: the exact result has just reached a smaller unit."""
    den = random_doubles(random, PAIRS, -500, 500)
    logarithm = np.ldexp(random.uniform(1, 1.05, PAIRS), random.integers(-12, 8, PAIRS))
    return den * np.exp(logarithm * random.choice([-1.0, 1.0], PAIRS)), den


def extremes(random):
    ends = [LEAST, LEAST * (1 + EPSILON), LEAST * 1.5, 0.5, 2 / 3, np.nextafter(1, 0), 1.0]
    ends += [1 + EPSILON, 1.5, 2.0, LARGEST / 2, LARGEST * (1 - EPSILON), LARGEST]
    return tuple(side.ravel() for side in np.meshgrid(ends, ends))


FAMILIES = {
    family.__name__: family
    for family in (
        wide_pairs,
        physiological_pairs,
        near_pairs,
        neighbours,
        seams,
        ratios_of_the_ends,
        powers_of_two,
        logarithms_above_powers_of_two,
        extremes,
    )
}


@pytest.fixture(scope="module", params=FAMILIES)
def pairs(request):
    num, den = FAMILIES[request.param](np.random.default_rng(20_000))
    assert min(num.min(), den.min()) >= LEAST
    assert max(num.max(), den.max()) <= LARGEST
    return num, den


@pytest.fixture(scope="module")
def exact(pairs):
    """The logarithms of the pairs, judged once for all instruction sets."""
    return judge(*pairs)


# ---- properties ----


def test_the_judge_is_right_to_a_hundredth_of_an_ulp(pairs, exact):
    few = slice(None, None, max(1, pairs[0].size // 300))
    high, low = exact_by_mpmath(*(side[few] for side in pairs))
    difference = (exact[0][few] - high) + (exact[1][few] - low)
    assert (np.abs(difference) <= 0.01 * np.spacing(np.abs(high))).all()


def test_the_error_is_at_most_2_1_ulp(pairs, exact, isa):
    assert ulps(log_ratio(*pairs, isa), exact).max() <= ULPS


def test_golden_logarithms_are_met_within_2_1_ulp(golden, isa):
    rows = golden("log_ratio")
    found = log_ratio([v["num"] for v, _ in rows], [v["den"] for v, _ in rows], isa)
    for value, (_, exact) in zip(found.tolist(), rows, strict=True):
        unit = Fraction(float(np.spacing(abs(float(exact)))))
        assert abs(Fraction(value) - Fraction(exact)) <= Fraction(ULPS) * unit


def test_swapping_the_arguments_flips_the_sign_exactly(pairs, isa):
    num, den = pairs
    forth, back = log_ratio(num, den, isa), log_ratio(den, num, isa)
    assert np.array_equal(forth, -back)


def test_equal_arguments_give_exactly_0(pairs, isa):
    for side in pairs:
        assert not log_ratio(side, side, isa).view(np.uint64).any()


def test_powers_of_two_give_multiples_of_ln_2_rounded_once(isa):
    k = np.arange(-1022, 1024)
    found = log_ratio(np.ldexp(1.0, k), 1.0, isa)
    with mpmath.workprec(160):
        assert found.tolist() == [float(int(n) * mpmath.ln2) for n in k]


def test_a_common_power_of_two_does_not_change_the_bits(isa):
    random = np.random.default_rng(1)
    num, den = random_doubles(random, 1000, -500, 500), random_doubles(random, 1000, -500, 500)
    assert np.array_equal(log_ratio(num * 2.0**500, den * 2.0**500, isa), log_ratio(num, den, isa))


def test_the_result_grows_with_the_ratio_at_every_seam(isa):
    # where k steps the formula changes; a step down would show as a fold in V
    den = np.repeat(np.linspace(1, 1.49, 50), 101)
    num = ((den + 0.5).view(np.int64) + np.tile(np.arange(-50, 51), 50)).view(float)
    steps = np.diff(log_ratio(num, den, isa).reshape(50, 101), axis=1)
    assert (steps >= -2 * ULPS * np.spacing(0.5)).all()


@pytest.mark.parametrize(
    "bad", [0.0, -0.0, -1.0, 5e-324, np.nextafter(LEAST, 0), np.inf, -np.inf, np.nan, -np.nan]
)
def test_arguments_that_are_not_normal_and_positive_give_nan_and_a_status(bad, isa):
    for pair in ([bad, 1.0], [1.0, bad], [bad, bad]):
        V, status = np.zeros(3), np.zeros(3, np.uint8)
        columns = [np.array([2.0, x, 3.0]) for x in pair]
        EQUATION.points(columns, 0, 3, V, status, isa=isa)
        assert np.isnan(V[1])
        assert status.tolist() == [0, _kernels.STATUS["RANGE"], 0]
        assert V[[0, 2]].tolist() == [0.0, 0.0]


# ---- the coefficients ----


def coefficients_script():
    path = SOURCES / "tools" / "log_ratio_coefficients.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def defines():
    """The numbers that log_ratio_tpl.h defines, by name."""
    lines = (SOURCES / "math" / "log_ratio_tpl.h").read_text(encoding="utf-8").splitlines()
    words = [line.split() for line in lines if line.startswith("#define FR_")]
    return {w[1]: float.fromhex(w[2]) for w in words if w[2].startswith("0x")}


@pytest.mark.slow
def test_the_coefficients_are_those_that_their_script_makes():
    with mpmath.workdps(60):
        made, error = coefficients_script().remez()
    assert [defines()[f"FR_Q{i}"] for i in range(7)] == made
    assert error < 2.0**-55  # a quarter of the half ulp of one rounding


def test_the_two_parts_of_ln_2_are_exact_enough():
    high, low = defines()["FR_LN2_HIGH"], defines()["FR_LN2_LOW"]
    # 11 bits of k times 42 bits fit a double: k times the high part is exact
    assert (Fraction(high) * 2**42).denominator == 1
    with mpmath.workprec(200):
        assert low == float(mpmath.ln2 - mpmath.mpf(high))
