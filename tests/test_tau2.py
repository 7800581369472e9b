"""tau2: equal to metafor, equal to 30 digits of mpmath, the global maximum, in any unit; and its intervals."""

import json
import math
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import chdtr, chdtri

from mscmeta import pool, tau2_interval
from mscmeta._likelihood import log_likelihood
from mscmeta._moments import Many, One
from mscmeta._roots import root_of_one, roots
from mscmeta.tau2 import weighted_chi2_cdf

ORACLES = Path(__file__).parent / "oracles"
CASES = json.loads((ORACLES / "metafor_open.json").read_text())["cases"]
INTERVALS = json.loads((ORACLES / "extra_open.json").read_text())["tau2_intervals"]
CLOSED, ITERATED = ("DL", "HE", "HS", "SJ"), ("ML", "REML", "EB", "PM")
#: metafor stops when tau2 moves by less than 1e-11 (of the variance of the effects when that is larger)
STOP = 2e-11

#: Sets with two modes of the likelihood: the estimator, effects, variances, and which mode is the higher one
TWO_MODES = [
    ("REML", [1.13, 1.98, -1.88, -0.26], [0.005, 0.6005, 2.0826, 1.866], "inside"),
    ("REML", [0.54, 2.11, 0.26, 0.19, 0.91, -2.74], [0.0062, 0.6975, 2.5422, 0.914, 0.9744, 1.7847], "inside"),
    ("ML", [-2.0, 1.31, 1.81], [0.0141, 1.572, 2.2522], "inside"),
    ("ML", [-0.94, -2.79, 0.32, 1.25], [0.0035, 1.1318, 1.5003, 0.5435], "inside"),
    ("REML", [-0.52, -1.21, 2.27, 4.13, -0.54], [0.0042, 0.5519, 3.7397, 3.7104, 1.7573], "zero"),
    ("REML", [-1.4, -0.29, -2.06, 3.18], [0.0775, 3.6296, 0.9747, 3.9332], "zero"),
    ("ML", [-0.84, 0.17, 1.39, 1.46, 0.86], [0.0012, 1.3808, 0.8673, 1.6774, 2.2911], "zero"),
]


@st.composite
def studies(draw, least=2, most=9):
    k = draw(st.integers(least, most))
    y = draw(st.lists(st.integers(-400, 400).map(lambda i: i / 100), min_size=k, max_size=k))
    v = draw(st.lists(st.integers(-20, 20).map(lambda i: 10 ** (i / 10)), min_size=k, max_size=k))
    return np.array(y), np.array(v)


def tau2_of(y, v, method):
    return pool(y, v, tau2=method, ci="Wald").tau2


def column(y, v):
    return Many(np.array(y, float)[:, None], np.array(v, float)[:, None])


def heights(method, y, v, tau2):
    return log_likelihood(method, column(y, v), np.asarray(tau2, float))


def dense_grid(y, v):
    far = max(v) + np.ptp(y) ** 2 * len(y)
    return np.append(0.0, np.geomspace(min(v) * 1e-4, far, 3000))


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
@pytest.mark.parametrize("method", CLOSED)
def test_closed_forms_equal_metafor(case, method):
    expected = case["fits"][method]["z"]["tau2"]
    assert tau2_of(case["yi"], case["vi"], method) == pytest.approx(expected, rel=1e-12, abs=1e-16)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
@pytest.mark.parametrize("method", ITERATED)
def test_iterated_estimates_equal_metafor(case, method):
    expected = case["fits"][method]["z"]["tau2"]
    slack = STOP * max(1, np.var(case["yi"], ddof=1))
    assert tau2_of(case["yi"], case["vi"], method) == pytest.approx(expected, rel=1e-9, abs=slack)


def exact_root(method, y, v, start):
    """The root of the estimating equation nearest to `start`, with 40 digits."""
    with mpmath.workdps(40):
        y, v = [mpmath.mpf(float(x)) for x in y], [mpmath.mpf(float(x)) for x in v]

        def equation(t):
            w = [1 / (vi + t) for vi in v]
            total = sum(w)
            mean = sum(wi * yi for wi, yi in zip(w, y, strict=True)) / total
            if method in ("PM", "EB"):
                return sum(wi * (yi - mean) ** 2 for wi, yi in zip(w, y, strict=True)) - (len(y) - 1)
            score = sum((wi * (yi - mean)) ** 2 for wi, yi in zip(w, y, strict=True)) - total
            return score + (sum(wi * wi for wi in w) / total if method == "REML" else 0)

        return float(mpmath.findroot(equation, (start, start * (1 + 1e-7))))


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
@pytest.mark.parametrize("method", ITERATED)
def test_iterated_estimates_are_roots_to_thirteen_digits(case, method):
    tau2 = tau2_of(case["yi"], case["vi"], method)
    if tau2 > 0:
        # where tau2 is small beside the variances, rounding of v + tau2 limits what can be known
        limit = 1e-13 * (1 + np.median(case["vi"]) / tau2)
        assert tau2 == pytest.approx(exact_root(method, case["yi"], case["vi"], tau2), rel=limit)
    elif method in ("ML", "REML"):
        assert heights(method, case["yi"], case["vi"], [0, 1e-6 * min(case["vi"])]).argmax() == 0
    else:
        assert case["fits"]["EE"]["z"]["q"] <= case["k"] - 1


@pytest.mark.parametrize(("method", "y", "v", "which"), TWO_MODES)
def test_the_higher_of_two_modes_is_found(method, y, v, which):
    grid = dense_grid(y, v)
    height = heights(method, y, v, grid)
    rising = np.diff(height) > 0
    assert not rising[0]  # the score at 0 is negative: a local maximum there
    assert (rising[:-1] & ~rising[1:]).sum() == 1  # and one inside
    tau2 = tau2_of(y, v, method)
    assert (tau2 == 0) == (which == "zero")
    assert heights(method, y, v, [tau2])[0] >= height.max() - 1e-12
    assert tau2 == pytest.approx(grid[height.argmax()], rel=0.01, abs=1e-300)


@given(studies(), st.sampled_from(["ML", "REML"]))
def test_no_point_of_a_grid_is_more_likely(data, method):
    y, v = data
    tau2 = tau2_of(y, v, method)
    assert tau2 >= 0
    assert heights(method, y, v, [tau2])[0] >= heights(method, y, v, dense_grid(y, v)).max() - 1e-9


def test_no_point_of_a_grid_is_more_likely_in_many_hard_sets():
    rng = np.random.default_rng(20)
    k, n = 4, 400
    v = np.exp(rng.normal(0, 2.5, (k, n)))
    y = rng.normal(0, 1, (k, n)) * np.sqrt(v) + rng.normal(0, 1, (k, n))
    grid = v.min(0) * np.geomspace(1, 1e7, 1500)[:, None] - v.min(0)
    several = 0
    for method in ("ML", "REML"):
        best = log_likelihood(method, Many(y, v), tau2_of(y, v, method))
        height = np.array([log_likelihood(method, Many(y, v), t) for t in grid])
        assert (best >= height.max(axis=0) - 1e-9).all()
        rising = np.diff(height, axis=0) > 0
        several += int(((rising[:-1] & ~rising[1:]).sum(axis=0) + ~rising[0] > 1).sum())
    assert several > 20  # the sets are as hard as they are meant to be


def test_a_peak_between_grid_points_is_found():
    """Scale one effect until the score only just becomes positive, away from 0."""
    y, v = np.array([0.0, 1.5, -1.8]), np.array([0.01, 1.0, 1.0])
    found = 0
    for scale in np.linspace(0.5, 1.5, 201):
        tau2 = tau2_of(y * scale, v, "REML")
        grid = dense_grid(y * scale, v)
        assert heights("REML", y * scale, v, [tau2])[0] >= heights("REML", y * scale, v, grid).max() - 1e-10
        found += 0 < tau2 < 0.3
    assert found


@pytest.mark.parametrize("copies", [1, 8])
@pytest.mark.parametrize(("square", "higher"), [(7.47, False), (7.475, True), (7.48, True), (7.495, True)])
def test_a_peak_that_falls_between_two_points_of_the_scan(square, higher, copies):
    """Effects 0, r, -r with variances 1, 3, 3: the sign of the score of ML is that of a quadratic in tau2."""
    y, v = np.tile([0.0, square**0.5, -(square**0.5)], copies), np.tile([1.0, 3.0, 3.0], copies)
    c = square - 3
    peak = ((2 * c - 8) + math.sqrt((8 - 2 * c) ** 2 - 12 * (9 - 2 * c))) / 6
    at_zero, at_peak = heights("ML", y, v, [0.0, peak])
    assert (at_peak > at_zero) == higher
    tau2 = tau2_of(y, v, "ML")
    assert tau2 == pytest.approx(peak if higher else 0.0, rel=1e-11)
    calm, far = 0.1 * y, 3 * y  # the same in company, wherever it stands
    for columns in ((y, calm, far), (calm, far, y), (far, y, y), (calm, calm, y)):
        many = tau2_of(np.column_stack(columns), np.column_stack([v] * 3), "ML")
        assert many.tolist() == [tau2_of(column, v, "ML") for column in columns]


@given(studies(), st.sampled_from(CLOSED + ITERATED), st.sampled_from([1e-3, 1e3, 1e-12, 1e15]))
def test_units_do_not_matter(data, method, c):
    y, v = data
    tau2 = tau2_of(y, v, method)
    # closed forms are differences: they keep 1e-9 of the variance they are taken from
    assert tau2_of(c * y, c * c * v, method) / c**2 == pytest.approx(tau2, rel=1e-9, abs=1e-12 * v.min())


@given(studies(), st.sampled_from(CLOSED + ITERATED), st.integers(-1000, 1000))
def test_a_shift_does_not_matter(data, method, c):
    y, v = data
    assert tau2_of(y + c, v, method) == pytest.approx(tau2_of(y, v, method), rel=1e-9, abs=1e-9 * v.min())


@given(studies(), st.sampled_from(CLOSED + ITERATED))
def test_order_does_not_matter(data, method):
    y, v = data
    assert tau2_of(y[::-1], v[::-1], method) == pytest.approx(tau2_of(y, v, method), rel=1e-9, abs=1e-12 * v.min())


@given(studies(least=3), st.floats(0.01, 100))
def test_with_equal_variances_the_moment_estimators_and_reml_agree(data, v):
    y, _ = data
    expected = max(0.0, np.var(y, ddof=1) - v)
    for method in ("DL", "HE", "PM", "EB", "REML"):
        assert tau2_of(y, np.full(len(y), v), method) == pytest.approx(expected, rel=1e-9, abs=1e-12 * v)
    assert tau2_of(y, np.full(len(y), v), "ML") == pytest.approx(max(0.0, np.var(y) - v), rel=1e-9, abs=1e-12 * v)


@given(studies())
def test_eb_and_pm_solve_the_same_equation(data):
    assert tau2_of(*data, "EB") == tau2_of(*data, "PM")


@given(st.integers(2, 9), st.floats(-5, 5), st.sampled_from(CLOSED + ITERATED))
def test_identical_effects_leave_nothing_between_studies(k, y, method):
    fit = pool(np.full(k, y), np.linspace(0.5, 2, k), tau2=method)
    assert fit.tau2 == 0
    assert fit.tau2_at_boundary is True
    assert fit.q == 0


@pytest.mark.parametrize("method", CLOSED + ITERATED)
def test_one_dominant_study_costs_no_digits(method):
    y, v = [5.0, 1.0, 2.0, 9.0], [1e-12, 1.0, 2.0, 3.0]
    tau2 = tau2_of(y, v, method)
    if method in ITERATED and tau2 > 0:
        assert tau2 == pytest.approx(exact_root(method, y, v, tau2), rel=1e-12)
    if method == "DL":
        with mpmath.workdps(60):
            w = [1 / mpmath.mpf(x) for x in v]
            total = sum(w)
            mean = sum(a * b for a, b in zip(w, y, strict=True)) / total
            q = sum(a * (b - mean) ** 2 for a, b in zip(w, y, strict=True))
            exact = (q - 3) / (total - sum(a * a for a in w) / total)
        assert tau2 == pytest.approx(float(exact), rel=1e-13)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_q_profile_equals_metafor(case):
    interval = tau2_interval(case["yi"], case["vi"])
    np.testing.assert_allclose([*interval], case["extra"]["qprofile_tau2"], rtol=1e-9)
    assert not interval.is_empty


@pytest.mark.parametrize("case", INTERVALS, ids=lambda c: c["id"])
@pytest.mark.parametrize(
    ("name", "options", "rtol"),
    [
        ("q_profile", {"method": "QP"}, 1e-9),
        ("profile_likelihood_ml", {"method": "PL", "likelihood": "ML"}, 1e-9),
        ("profile_likelihood_reml", {"method": "PL"}, 1e-9),
        ("biggerstaff_jackson", {"method": "BJ"}, 1e-6),  # the reference integrates numerically
        ("jackson_sqrt_weights", {"method": "J"}, 1e-6),
    ],
)
def test_intervals_equal_the_reference(case, name, options, rtol):
    expected = case["intervals"][name]
    interval = tau2_interval(case["y"], case["v"], level=case["level"], **options)
    np.testing.assert_allclose([*interval], [expected["lower"], expected["upper"]], rtol=rtol)
    assert interval.is_empty == expected.get("set_is_empty", name == "q_profile" and case["id"] == "hom_k3")


@given(studies(), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_q_at_the_limits_is_the_quantile_of_chi_squared(data, level):
    y, v = data
    interval, df = tau2_interval(y, v, level=level), len(y) - 1
    q = [float(column(y, v).moments(np.array([t])).q[0]) for t in (0.0, *interval)]
    upper, lower = chdtri(df, (1 - level) / 2), chdtri(df, (1 + level) / 2)
    assert interval.is_empty == (q[0] < lower)
    if not interval.is_empty:
        assert interval.low <= interval.high
        assert q[1] == pytest.approx(upper, rel=1e-9) or (interval.low == 0 and q[0] <= upper)
        assert q[2] == pytest.approx(lower, rel=1e-9) or interval.high == 0
        median = 0.5 * (1 + level)
        if q[0] > df and lower < df < upper and median:
            assert interval.low <= tau2_of(y, v, "PM") <= interval.high


@given(studies(), st.sampled_from(["ML", "REML"]))
def test_the_likelihood_drops_by_half_a_quantile_at_the_limits(data, likelihood):
    y, v = data
    interval = tau2_interval(y, v, "PL", likelihood=likelihood)
    best = tau2_of(y, v, likelihood)
    peak, low, high = heights(likelihood, y, v, [best, *interval])
    drop = chdtri(1, 0.05) / 2
    assert interval.low <= best <= interval.high
    assert peak - high == pytest.approx(drop, abs=1e-8)
    assert peak - low == pytest.approx(drop, abs=1e-8) if interval.low > 0 else peak - low <= drop


@given(studies(), st.sampled_from(["BJ", "J"]))
def test_exact_intervals_are_ordered_and_scale(data, method):
    y, v = data
    interval = tau2_interval(y, v, method)
    scaled = tau2_interval(1000 * y, 1e6 * v, method)
    np.testing.assert_allclose([*scaled], [1e6 * limit for limit in interval], rtol=1e-8)
    assert interval.low <= interval.high
    if len(y) == 2:  # the three tests are then the same
        np.testing.assert_allclose([*interval], [*tau2_interval(y, v)], rtol=1e-9, atol=1e-12 * v.min())


def test_a_profile_interval_spans_the_gap_between_two_modes():
    for method, y, v, _ in TWO_MODES:
        interval = tau2_interval(y, v, "PL", likelihood=method)
        grid = dense_grid(y, v)
        height = heights(method, y, v, grid)
        inside = grid[height >= height.max() - chdtri(1, 0.05) / 2]
        assert interval.low <= inside.min() * (1 + 1e-9)
        assert interval.high >= inside.max() * (1 - 1e-9)


@pytest.mark.parametrize("c", [1e-4, 1.0, 1e4])
@pytest.mark.parametrize(("likelihood", "r", "upper_is_higher"), [("REML", 6.5, False), ("ML", 7.0, True)])
def test_a_profile_interval_spans_the_gap_between_two_modes_inside(likelihood, r, upper_is_higher, c):
    """Ten precise studies ask for a small tau2, two others for a large one: neither mode is at 0, whatever the unit."""
    y, v = c * np.array([0.03, -0.03] * 5 + [r, -r]), c**2 * np.array([1e-4] * 10 + [1.0] * 2)
    best = tau2_of(y, v, likelihood)
    assert (best > c**2) == upper_is_higher
    interval = tau2_interval(y, v, "PL", likelihood=likelihood)
    grid = c**2 * np.geomspace(1e-6, 1e3, 3000)
    height = heights(likelihood, y, v, grid)
    peak, low, high = heights(likelihood, y, v, [best, *interval])
    drop = chdtri(1, 0.05) / 2
    inside = grid[height >= peak - drop]
    assert 0 < interval.low < 1e-3 * c**2 < c**2 < interval.high
    assert np.ptp(np.log(inside)) > 3 * len(inside) * np.log(grid[1] / grid[0]) / 2  # most of it is gap
    np.testing.assert_allclose([interval.low, interval.high], inside[[0, -1]], rtol=0.02)
    np.testing.assert_allclose([peak - low, peak - high], drop, rtol=1e-8)


@pytest.mark.parametrize("likelihood", ["ML", "REML"])
@pytest.mark.parametrize("v", [0.01, 1.0, 3.0])
def test_the_profile_interval_of_equal_variances_has_a_formula(v, likelihood):
    """Then twice the log likelihood is -n log(v + tau2) - S / (v + tau2), with S the sum of squares about the mean."""
    y = np.array([0.0, 1.0, 3.0, -1.0, 2.0])
    n, total = len(y) - (likelihood == "REML"), np.var(y) * len(y)

    def height(tau2):
        return -0.5 * (n * math.log(v + tau2) + total / (v + tau2))

    low, high = tau2_interval(y, np.full(5, v), "PL", likelihood=likelihood)
    least = height(max(total / n - v, 0.0)) - chdtri(1, 0.05) / 2
    assert height(high) == pytest.approx(least, rel=1e-9)
    assert height(low) == pytest.approx(least, rel=1e-9) if low > 0 else height(0.0) >= least


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("q", [0.4, 1.0, 3.0, 6.0, 9.0, 9.8])
def test_at_zero_the_interval_of_biggerstaff_and_jackson_is_cochran_s_test(q, level):
    y, v = np.array([0.0, 1.0, 3.0, -1.0]), np.array([1.0, 2.0, 0.5, 4.0])
    y = y * math.sqrt(q / pool(y, v).q)
    p, alpha = float(chdtr(3, q)), 1 - level
    interval = tau2_interval(y, v, "BJ", level=level)
    assert interval.is_empty == (p < alpha / 2)
    assert (interval.low > 0) == (p > 1 - alpha / 2)
    assert (interval.high > 0) == (p >= alpha / 2)


@pytest.mark.parametrize("level", [0.6, 0.9])
@pytest.mark.parametrize("method", ["BJ", "J"])
def test_the_limits_of_the_exact_intervals_reject_in_a_distribution_of_our_own(method, level):
    """Three studies: two weights, and the distribution in polar coordinates."""
    y, v = np.array([0.0, 2.0, 9.0]), np.array([0.5, 1.0, 3.0])
    a = 1 / v if method == "BJ" else 1 / np.sqrt(v)
    form = np.diag(a) - np.outer(a, a) / a.sum()
    angle = (np.arange(2000) + 0.5) * math.pi / 1000
    interval = tau2_interval(y, v, method, level=level)
    for tau2, below in zip(interval, (0.5 + level / 2, 0.5 - level / 2), strict=True):
        _, b, c = np.sort(np.linalg.eigvals(form @ np.diag(v + tau2)).real)
        spread = b * np.cos(angle) ** 2 + c * np.sin(angle) ** 2
        assert np.mean(-np.expm1(-(y @ form @ y) / (2 * spread))) == pytest.approx(below, rel=1e-9)


def test_a_level_next_to_one_has_an_upper_limit():
    low, high = tau2_interval([1.0, 2.0, 5.0], [1.0, 1.0, 1.0], level=1 - 2**-53)
    assert low == 0
    # Q = 26/3 / (1 + tau2), and with two degrees of freedom P(chi-squared < x) is x / 2 where it is small
    assert high == pytest.approx(26 / 3 / 2**-53, rel=1e-9)


@pytest.mark.parametrize("method", ["QP", "BJ", "J"])
def test_an_empty_set_says_so(method):
    interval = tau2_interval([1.0, 1.0, 1.0], [1.0, 2.0, 3.0], method)
    assert (interval.low, interval.high, interval.is_empty) == (0, 0, True)
    assert 0 not in interval


@pytest.mark.parametrize("method", ["QP", "PL", "BJ", "J"])
def test_one_study_says_nothing_about_tau2(method):
    assert [*tau2_interval([1.0], [2.0], method)] == [0, math.inf]


def test_the_sum_of_weighted_chi_squares_against_closed_forms():
    for df in (1, 2, 5, 20, 100):
        for p in (0.005, 0.025, 0.5, 0.975, 0.995):
            x = chdtri(df, 1 - p)
            assert weighted_chi2_cdf(3 * x, np.full(df, 3.0)) == pytest.approx(chdtr(df, x), abs=2e-13)
    # two pairs of equal weights: a mixture of exponentials
    a, b = 1.0, 4.0
    for x in (0.1, 1.0, 5.0, 30.0):
        exact = 1 - (a * math.exp(-x / (2 * a)) - b * math.exp(-x / (2 * b))) / (a - b)
        assert weighted_chi2_cdf(x, np.array([a, a, b, b])) == pytest.approx(exact, abs=2e-13)


POWERS = np.array([1.0, 9.0, 0.5])


class Powers:
    """Equations x**power = 2, one a column."""

    def __init__(self, power, shift):
        self.power, self.v_min = power, np.full(len(power), shift)

    def select(self, columns):
        return Powers(self.power[columns], self.v_min[0])


@pytest.mark.parametrize("shift", [0.1, 1e-9, 1e9])
def test_roots_of_one_and_of_many_take_the_same_steps(shift):
    """Also where the function is nothing like a line, so that bisection has to step in."""
    low, high = np.zeros(3), np.full(3, 7.0)
    many = roots(lambda x, data: x**data.power - 2, Powers(POWERS, shift), (), low, high, low - 2, high**POWERS - 2)
    for power, found in zip(POWERS.tolist(), many, strict=True):
        one = root_of_one(lambda x, p=power: x**p - 2, 0.0, 7.0, -2.0, 7.0**power - 2, shift)
        assert one == pytest.approx(2 ** (1 / power), rel=1e-14)
        assert found == pytest.approx(one, rel=1e-15)


#: functions of x and their roots: straight, bent, very bent, two that jump, and one that is steep at 0
AWKWARD = [
    (lambda x: x - 2.0, 2.0),
    (lambda x: 2.0 - x * x, math.sqrt(2)),
    (lambda x: x * x * x * x * x * x * x * x * x - 2.0, 2 ** (1 / 9)),
    (lambda x: (x > 2.0) * 2.0 - 1.0, 2.0),
    (lambda x: 1.0 - (x > 1e-7) * 2.0, 1e-7),
    (lambda x: (x - 2.0) / (x + 1e-9), 2.0),
]


class Awkward:
    """A column for each awkward equation that is still to be solved; counts what it is asked."""

    def __init__(self, which, asked, v_min):
        self.which, self.asked, self.v_min = which, asked, np.full(len(which), v_min)

    def select(self, columns):
        return Awkward(self.which[columns], self.asked, self.v_min[0])

    def __call__(self, x):
        np.add.at(self.asked, self.which, 1)
        return np.array([AWKWARD[i][0](float(at)) for i, at in zip(self.which, x, strict=True)])


@pytest.mark.parametrize(
    ("ends", "v_min", "steps", "together"),
    [
        ((0.0, 7.0), 0.1, (1, 13, 33, 61, 68, 4), 203),
        ((7.0, 0.0), 0.1, (1, 17, 33, 61, 72, 5), 209),
        ((0.0, 7.0), 1e-9, (1, 13, 29, 56, 70, 4), 192),
        ((7.0, 0.0), 1e-9, (1, 17, 24, 55, 68, 5), 181),
    ],
)
def test_roots_take_few_steps_even_where_a_secant_is_of_no_use(ends, v_min, steps, together):
    """To the last digit, in no more steps than were counted when this was written."""
    n = len(AWKWARD)
    asked = np.zeros(n, int)
    equations = Awkward(np.arange(n), asked, v_min)
    a, b = (np.full(n, end) for end in ends)
    many = roots(lambda x, data: data(x), equations, (), a, b, equations(a), equations(b))
    assert asked.sum() - 2 * n <= together  # solved columns are dropped, though not at once
    for found, (f, root), most in zip(many.tolist(), AWKWARD, steps, strict=True):
        seen = []
        one = root_of_one(lambda x, f=f, seen=seen: seen.append(x) or f(x), *ends, f(ends[0]), f(ends[1]), v_min)
        assert one == found == pytest.approx(root, rel=4e-16)
        assert len(seen) <= most


def evaluations(monkeypatch, y, v, method):
    """How often the weighted sums are computed for an estimate, a column at one tau2 being one."""
    sizes = []
    with monkeypatch.context() as patch:
        for kind in (One, Many):
            usual = kind.moments

            def counted(self, tau2, usual=usual, **asked):
                sizes.append(np.broadcast(self.v[0], tau2).size)
                return usual(self, tau2, **asked)

            patch.setattr(kind, "moments", counted)
        tau2_of(y, v, method)
    return sum(sizes) - 2 * (np.size(y) // len(y))  # without those of the pooled effect


def test_an_estimate_costs_few_evaluations(monkeypatch):
    """A promise of speed that needs no clock: the mean counts when this was written, and two in a hundred to spare."""
    rng = np.random.default_rng(5)
    v = np.exp(rng.normal(0, 1, (9, 500)))
    y = rng.normal(0, 1, (9, 500)) * np.sqrt(v + rng.choice([0, 0.5, 3], 500))
    for method, one_by_one, at_once in (("ML", 10.78, 9.83), ("REML", 10.84, 9.75), ("PM", 3.94, 3.93)):
        counts = [evaluations(monkeypatch, case["yi"], case["vi"], method) for case in CASES]
        assert np.mean(counts) <= 1.02 * one_by_one
        assert evaluations(monkeypatch, y, v, method) / 500 <= 1.02 * at_once


def test_an_end_of_the_bracket_may_be_the_root():
    assert root_of_one(lambda x: x - 7, 0.0, 7.0, -7.0, 0.0, 1.0) == 7
    many = roots(lambda x, data: x - 7, Powers(POWERS, 1.0), (), *(np.full(3, z) for z in (0.0, 7.0, -7.0, 0.0)))
    assert many.tolist() == [7, 7, 7]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "GENQ"}, "method is 'GENQ'; choose one of QP, PL, BJ, J"),
        ({"method": "QP", "likelihood": "ML"}, "likelihood applies to method 'PL' only, not to 'QP'"),
        ({"method": "PL", "likelihood": "FE"}, "likelihood is 'FE'; choose one of REML, ML"),
        ({"level": 95}, "level is 95; it must lie strictly between 0 and 1, such as 0.95"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        tau2_interval([1.0, 2.0, 5.0], [1.0, 1.0, 1.0], **arguments)


def test_bad_studies_are_refused_by_name():
    with pytest.raises(ValueError, match=r"variance of study 'vega2015' is -1\.2; variances must be positive"):
        tau2_interval([1.0, 2.0], [1.0, -1.2], labels=["lim2021", "vega2015"])
    with pytest.raises(ValueError, match="y has 2 axes; an interval for tau2 takes one meta-analysis at a time"):
        tau2_interval(np.ones((2, 2)), np.ones((2, 2)))


def test_the_likelihood_at_given_values_is_the_density_of_the_effects():
    """Against the density of k - 1 contrasts of the effects (REML) and of the effects themselves (ML), written out."""
    from mscmeta.tau2 import likelihood_at

    y, v = np.array([-0.9, -0.3, -1.2, -0.5]), np.array([0.10, 0.05, 0.20, 0.08])
    contrasts = np.column_stack([-np.ones(3), np.eye(3)])
    for likelihood in ("REML", "ML"):
        direct = []
        for tau2 in (0.0, 0.046, 1.0):
            total = np.diag(v + tau2)
            if likelihood == "REML":
                cov, z = contrasts @ total @ contrasts.T, contrasts @ y
            else:
                cov, z = total, y - np.average(y, weights=1 / (v + tau2))
            direct.append(-0.5 * (np.linalg.slogdet(cov)[1] + z @ np.linalg.solve(cov, z)))
        found = likelihood_at(y, v, [0.0, 0.046, 1.0], likelihood)
        assert np.allclose(np.diff(found), np.diff(direct), rtol=1e-12)


def test_the_likelihood_refuses_a_negative_tau2_many_at_once_and_unknown_names():
    from mscmeta.tau2 import likelihood_at

    with pytest.raises(ValueError, match=r"^tau2 holds a value that is negative or not finite; a variance is 0"):
        likelihood_at([1, 2], [1, 1], [-0.1])
    with pytest.raises(ValueError, match=r"negative or not finite; a variance is 0 or more$"):
        likelihood_at([1, 2], [1, 1], math.inf)
    with pytest.raises(TypeError, match=r"^tau2 must hold numbers, but holds '0\.1'$"):
        likelihood_at([1, 2], [1, 1], ["0.1"])
    with pytest.raises(ValueError, match="variance of study 'vega' is 0"):
        likelihood_at([1, 2], [1, 0], [0.1], labels=["saw", "vega"])
    with pytest.raises(ValueError, match="one meta-analysis at a time"):
        likelihood_at(np.ones((2, 3)), np.ones((2, 3)), [0.1])
    with pytest.raises(ValueError, match=r"^likelihood is 'PL'"):
        likelihood_at([1, 2], [1, 1], [0.1], "PL")
