"""What the methods chapters print, by other arithmetic; and all answers of R on this book's trials."""

import re
from importlib import import_module
from pathlib import Path

import nbformat
import numpy as np
import pytest
from scipy import integrate, optimize, stats

import mscmeta
from mscmeta import data, normal_normal, pool
from mscmeta.absolute import risk_change
from mscmeta.accuracy import lre
from mscmeta.exercises import verdict
from mscmeta.scales import read_against_mid
from mscmeta.small_study import pet_peese

ROOT = Path(__file__).parents[1]
OWN = ("meta_regression", "small_study_effects", "bayes", "rare_events", "summary_of_findings")
ANSWERS = data.table("reference_answers")
COUNTS = ("events_1", "n_1", "events_2", "n_2")


def stored(case):
    rows = ANSWERS[(ANSWERS.case == case) & (ANSWERS.method == "data")]
    order = list(dict.fromkeys(rows.study))
    return rows.pivot(index="study", columns="quantity", values="value").loc[order]


def wanted(case, method):
    rows = ANSWERS[(ANSWERS.case == case) & (ANSWERS.method == method) & (ANSWERS.study == "all")]
    return rows.set_index("quantity").value


# ---------------------------------------------------------------- all answers of R on this book's trials


@pytest.mark.parametrize("method", [m for m in ANSWERS[ANSWERS.case == "pain6_placebo"].method.unique() if "," in m])
def test_pooling_and_prediction(method):
    estimator, interval, *rule = method.split(", ")
    t = stored("pain6_placebo")
    fit = pool(t.y, t.v, tau2=estimator, ci=interval)
    got = {"estimate": fit.estimate, "ci_low": fit.ci.low, "ci_high": fit.ci.high, "tau2": fit.tau2}
    if rule:
        got = dict(zip(("pi_low", "pi_high"), fit.prediction_interval(rule[0]), strict=True))
    want = wanted("pain6_placebo", method)
    assert set(got) == set(want.index)
    assert min(lre(list(got.values()), [want[q] for q in got])) >= (
        10 if estimator in ("ML", "REML", "EB", "PM") else 12
    )


@pytest.mark.parametrize(
    ("case", "moderators"),
    [("pain6", ["inactive"]), ("pain6_dose", ["log_dose"]), ("pain6_dose", ["log_dose", "inactive"])],
)
@pytest.mark.parametrize("tau2", ["DL", "REML"])
@pytest.mark.parametrize("ci", ["Wald", "HK", "HK-floor"])
def test_meta_regression(case, moderators, tau2, ci):
    t, want = stored(case), wanted(case, f"{tau2}, {ci}, {' and '.join(moderators)}")
    fit = mscmeta.meta_regression(t.y, t.v, t[moderators], tau2=tau2, ci=ci)
    got = [
        fit.coefficients[1],
        fit.se[1],
        fit.ci.low[1],
        fit.ci.high[1],
        fit.p_values[1],
        fit.tau2,
        fit.r2,
        fit.qm,
        fit.qm_p_value,
        fit.qe,
    ]
    names = ["slope", "slope_se", "slope_low", "slope_high", "p", "tau2", "r2", "qm", "qm_p", "qe"]
    assert min(lre(got, want[names])) >= (9 if tau2 == "REML" else 11)


def test_exact_permutation():
    t = stored("pain6_placebo_dose")
    found = mscmeta.permutation_test(t.y, t.v, t.log_dose, tau2="DL", ci="Wald", permutations=5040)
    assert found.exact
    assert found.p_values[1] == pytest.approx(
        wanted("pain6_placebo_dose", "DL, Wald, exact permutation")["p"], rel=1e-12
    )


@pytest.mark.parametrize("case", ["adverse_any", "adverse_serious"])
@pytest.mark.parametrize(
    ("measure", "function"), [("RR", mscmeta.risk_ratio), ("OR", mscmeta.odds_ratio), ("RD", mscmeta.risk_difference)]
)
def test_events(case, measure, function):
    t = stored(case)
    counts = [t[name].to_numpy() for name in COUNTS]
    effect = function(*counts)
    single = (
        ANSWERS[(ANSWERS.case == case) & (ANSWERS.method == measure)]
        .pivot(index="study", columns="quantity", values="value")
        .loc[t.index]
    )
    assert lre([effect.y, effect.v], [single.y, single.v]).min() >= 12
    dl = pool(effect.y, effect.v, tau2="DL", ci="Wald")
    for name, fit in (
        (f"Mantel-Haenszel {measure}", mscmeta.mantel_haenszel(*counts, measure)),
        (f"DL, Wald, {measure}", dl),
    ):
        assert min(lre([fit.estimate, *fit.ci], wanted(case, name)[["estimate", "ci_low", "ci_high"]])) >= 12
    if measure == "OR":
        fit, test = mscmeta.peto(*counts), mscmeta.peters(*counts)
        assert min(lre([fit.estimate, *fit.ci], wanted(case, "Peto OR")[["estimate", "ci_low", "ci_high"]])) >= 12
        assert (
            min(lre([test.bias, test.statistic, test.p_value], wanted(case, "Peters")[["slope", "statistic", "p"]]))
            >= 11
        )


@pytest.mark.parametrize("case", ["pain12_placebo", "pain6_placebo"])
@pytest.mark.parametrize("method", ["half-normal 0.5", "half-normal 1", "half-normal 2", "half-cauchy 1"])
def test_posteriors(case, method):
    t, (family, scale) = stored(case), method.split()
    f = normal_normal(t.y, t.v, tau_prior=family, scale=float(scale))
    got = [f.mean, f.median, *f.ci, f.tau_mean, f.probability_below(-1.5), f.predictive_probability_below(-1.5)]
    names = ["mean", "median", "ci_low", "ci_high", "tau_mean", "p_mid", "p_mid_new"]
    assert min(lre(got, wanted(case, method)[names])) >= 11


# ---------------------------------------------------------------- what the chapters print, by other arithmetic


def pain(month=6, **more):
    trials = data.contrasts("cochrane2025", "pain", month, **more)
    return trials, trials.y.to_numpy(), trials.v.to_numpy()


def test_regression_on_the_control_by_generalised_least_squares():
    trials, y, v = pain()
    x = np.column_stack([np.ones(len(y)), trials.comparator_class.isin(["placebo", "same co-intervention"])]).astype(
        float
    )

    def solve(t2):
        w = 1 / (v + t2)
        xwx = x.T @ (w[:, None] * x)
        beta = np.linalg.solve(xwx, x.T @ (w * y))
        return w, xwx, beta, float(w @ (y - x @ beta) ** 2)

    def restricted(t2):
        w, xwx, _, q = solve(t2)
        return 0.5 * (np.linalg.slogdet(xwx)[1] - np.log(w).sum() + q)

    t2 = optimize.minimize_scalar(restricted, bounds=(0, 20), method="bounded", options={"xatol": 1e-12}).x
    _, xwx, beta, q = solve(t2)
    fit = mscmeta.meta_regression(y, v, x[:, 1], tau2="REML", ci="HK-floor")
    assert fit.tau2 == pytest.approx(t2, rel=1e-5)
    assert fit.coefficients == pytest.approx(beta, rel=1e-5)
    se = np.sqrt(np.linalg.inv(xwx)[1, 1] * max(1.0, q / (len(y) - 2)))
    half = stats.t.ppf(0.975, len(y) - 2) * se
    assert [fit.ci.low[1], fit.ci.high[1]] == pytest.approx([beta[1] - half, beta[1] + half], rel=1e-4)
    groups = mscmeta.subgroups(y, v, x[:, 1], tau2="REML", ci="Wald", common_tau2=True).pooled
    assert groups["1.0"].estimate - groups["0.0"].estimate == pytest.approx(fit.coefficients[1], rel=1e-9)


def test_egger_pet_and_peese_by_ordinary_least_squares_of_scaled_rows():
    _, y, v = pain()
    for x, found in ((np.sqrt(v), pet_peese(y, v).pet), (v, pet_peese(y, v).peese)):
        rows = np.column_stack([np.ones(len(y)), x]) / np.sqrt(v)[:, None]
        beta, (rss,), *_ = np.linalg.lstsq(rows, y / np.sqrt(v), rcond=None)
        se = np.sqrt(rss / (len(y) - 2) * np.diag(np.linalg.inv(rows.T @ rows)))
        assert [found.limit, found.bias] == pytest.approx(beta, rel=1e-9)
        assert [found.limit_se, found.bias_se] == pytest.approx(se, rel=1e-9)
    classic = stats.linregress(1 / np.sqrt(v), y / np.sqrt(v))
    t = classic.intercept / classic.intercept_stderr
    assert mscmeta.egger(y, v).p_value == pytest.approx(2 * stats.t.sf(abs(t), len(y) - 2), rel=1e-9)


def test_trim_and_fill_finds_more_trials_under_a_common_effect():
    _, y, v = pain()
    counts = {tau2: mscmeta.trim_and_fill(y, v, tau2=tau2, ci="Wald").k_missing for tau2 in ("FE", "REML")}
    assert counts["FE"] > counts["REML"]


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_chance_beyond_the_mid_by_a_double_integral(scale):
    _, y, v = pain(12, comparators="placebo")

    def joint(mu, tau):
        return np.exp(-0.5 * (tau / scale) ** 2 - 0.5 * np.sum((y - mu) ** 2 / (v + tau**2) + np.log(v + tau**2)))

    part, whole = (
        integrate.dblquad(joint, 0, 9 * scale, low, high, epsabs=1e-9)[0] for low, high in ((-25, -1.5), (-25, 25))
    )
    assert normal_normal(y, v, scale=scale).probability_below(-1.5) == pytest.approx(part / whole, abs=1e-4)


def test_serious_events_by_hand():
    trials = data.contrasts("cochrane2025", "adverse_serious")
    a, n_1, c, n_2 = (trials[name].to_numpy().astype(float) for name in COUNTS)
    total = n_1 + n_2
    ratio = np.sum(a * (n_2 - c) / total) / np.sum((n_1 - a) * c / total)
    assert np.exp(mscmeta.mantel_haenszel(a, n_1, c, n_2, "OR").estimate) == pytest.approx(ratio, rel=1e-12)
    none = (a == 0) & (c == 0)
    invented = np.exp(mscmeta.risk_ratio(a, n_1, c, n_2).y[none])
    assert invented == pytest.approx(((n_2 + 1) / (n_1 + 1))[none], rel=1e-12)  # the halves cancel, the arms do not
    arm = n_1 / total, n_2 / total  # added to events and to non-events
    odds = arm[0] / (n_1 + arm[0]) / (arm[1] / (n_2 + arm[1]))
    assert odds[none] == pytest.approx(1.0, rel=1e-12)


def test_summary_of_findings_by_hand():
    trials = data.contrasts("sadeghirad2024", "adverse_any")
    fit = pool(trials.y, trials.v, tau2="REML", ci="HK-floor")
    risk = float(np.median(trials.events_2 / trials.n_2))
    change = risk_change(fit.estimate, fit.ci, risk)
    for got, log_ratio in zip((change.difference, *change.interval), (fit.estimate, *fit.ci), strict=True):
        assert got == pytest.approx(min(risk * np.exp(log_ratio), 1) - risk, rel=1e-12)
    for outcome in ("pain", "function"):
        t = data.contrasts("sadeghirad2024", outcome, 6)
        f, mid = pool(t.y, t.v, tau2="REML", ci="HK-floor"), t.attrs["mid"]
        said = read_against_mid(f.estimate, f.ci.low, f.ci.high, mid, higher_is="worse").verdict
        by_hand = {(True, False): "may reach MID", (False, False): "within MID", (True, True): "spans benefit and harm"}
        if f.ci.high > -mid:  # else all of it is beyond
            assert said == by_hand[f.ci.low <= -mid, f.ci.high >= mid]


# ---------------------------------------------------------------- the pages themselves


@pytest.mark.parametrize("name", OWN)
def test_a_chapter_has_its_parts_and_every_exercise_its_check(name):
    nb = nbformat.read(ROOT / "notebooks" / "methods" / f"{name}.ipynb", 4)
    prose = "\n".join(c.source for c in nb.cells if c.cell_type == "markdown")
    code = "\n".join(c.source for c in nb.cells if c.cell_type == "code")
    for part in (
        "What you will learn",
        "| you need | minutes |",
        "agree with others?",
        "differ\n",
        "How you would report this",
        "## Exercises",
        "## Summary",
    ):
        assert part in prose, part
    assert re.search(r"\(eq-[a-z-]+\)", prose), "no formula"
    assert prose.count("{cite:") >= 2, "no source"
    checked = [int(n) for n in re.findall(rf'check\("{name}", (\d)', code)]
    answers = import_module(f"mscmeta.exercises.{name}").ANSWERS
    assert checked == sorted(answers) == list(range(1, prose.count("{exercise-start}") + 1))
    assert 3 <= len(checked) <= 5
    for number, answer in answers.items():
        assert verdict(name, number, answer.value()) == "Right."
        for wrong, _ in answer.mistakes():
            assert verdict(name, number, wrong).startswith("Not yet")
    assert "rows_agreement" in code


@pytest.mark.parametrize("name", ["pooling", "prediction"])
def test_the_older_chapters_show_metafor_on_this_books_trials(name):
    nb = nbformat.read(ROOT / "notebooks" / "methods" / f"{name}.ipynb", 4)
    code = "\n".join(c.source for c in nb.cells if c.cell_type == "code")
    assert "rows_agreement" in code
    assert "pain6_placebo" in code
    assert ('data.table("accuracy")' in code) == (name == "pooling")
