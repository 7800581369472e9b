"""What the chapters on small and early trials, on five opinions and to take home say, by other arithmetic."""

import ast
import csv
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import norm, rankdata, t

from mscmeta import data, egger, meta_regression, normal_normal, plots, pool, subgroups, trim_and_fill
from mscmeta.chances import chance_of_benefit
from mscmeta.priors import NormalPrior, normal_prior
from mscmeta.report._display import to_svg
from mscmeta.small_study import pet_peese
from tests.plotcases import made_up, marks, texts

ROOT = Path(__file__).resolve().parent.parent
TWO = ["placebo", "hyaluronic acid"]
MID = 1.5


def rows(table: str, **equal: str) -> list[dict]:
    """Rows of a table, read without mscmeta."""
    with (ROOT / "data" / f"{table}.csv").open(encoding="utf-8", newline="") as lines:
        return [row for row in csv.DictReader(lines) if all(row[key] == value for key, value in equal.items())]


@pytest.fixture(scope="module")
def pain():
    return data.contrasts("cochrane2025", "pain", 6)


@pytest.fixture(scope="module")
def placebo(pain):
    return pain[pain.comparator_class == "placebo"]


def reml(y, v):
    """Mean, variance factor floored at 1 (Hartung-Knapp), and tau2, by maximising the restricted likelihood."""

    def cost(tau2):
        w = 1 / (v + tau2)
        mean = w @ y / w.sum()
        return np.log(v + tau2).sum() + np.log(w.sum()) + w @ (y - mean) ** 2

    tau2 = minimize_scalar(cost, bounds=(0, 2000), method="bounded", options={"xatol": 1e-10}).x
    w = 1 / (v + tau2)
    mean = w @ y / w.sum()
    q = max(1.0, w @ (y - mean) ** 2 / (len(y) - 1))
    half = t.ppf(0.975, len(y) - 1) * math.sqrt(q / w.sum())
    return mean, mean - half, mean + half, tau2


# Small trials, early trials, comparators


@pytest.mark.parametrize(
    ("comparator", "k", "told"),
    [
        (None, 20, (-1.31, -1.98, -0.63)),
        ("placebo", 7, (-1.23, -2.88, 0.42)),
        ("hyaluronic acid", 6, (-1.38, -2.28, -0.48)),
    ],
)
def test_pooled_effects_of_the_first_table(pain, comparator, k, told):
    some = pain if comparator is None else pain[pain.comparator_class == comparator]
    found = reml(some.y.to_numpy(), some.v.to_numpy())
    assert len(some) == k
    assert found[:3] == pytest.approx(told, abs=0.005)
    fit = pool(some.y, some.v, tau2="REML", ci="HK-floor")
    assert (fit.estimate, *fit.ci) == pytest.approx(found[:3], abs=1e-4)


def test_egger_is_the_old_picture_of_1997(pain):
    """Effect over its standard error against precision, unweighted: the intercept and its t test."""
    se = np.sqrt(pain.v.to_numpy())
    x, z = 1 / se, pain.y.to_numpy() / se
    (slope, intercept), (_, of_intercept) = np.polyfit(x, z, 1), np.sqrt(np.diag(np.polyfit(x, z, 1, cov=True)[1]))
    p = 2 * t.sf(abs(intercept / of_intercept), len(x) - 2)
    test = egger(pain.y, pain.v)
    assert (test.bias, test.limit, test.p_value) == pytest.approx((intercept, slope, p))
    assert (intercept, slope, p) == pytest.approx((-0.91, -0.65, 0.444), abs=0.005)


def test_the_rule_takes_pet_and_no_trial_is_put_in(pain):
    found = pet_peese(pain.y, pain.v)
    assert found.chosen == "PET"
    assert tuple(found.pet.limit_ci) == pytest.approx((-2.09, 0.80), abs=0.005)
    y = -(pain.y.to_numpy() - reml(pain.y.to_numpy(), pain.v.to_numpy())[0])  # small trials lean to the left
    k, score = len(y), rankdata(abs(y))[y > 0].sum()
    assert round((4 * score - k * (k + 1)) / (2 * k - 1)) <= 0
    assert trim_and_fill(pain.y, pain.v, ci="HK-floor").k_missing == 0


def test_how_often_egger_sees_a_bias(pain):
    """The chapter's shares by the package's own test, with other random numbers: within three Monte-Carlo errors."""
    se, tau2 = np.sqrt(pain.v.to_numpy()), reml(pain.y.to_numpy(), pain.v.to_numpy())[3]
    random = np.random.default_rng(5)
    for lean, differ, told in [(0, 0, 0.05), (1, 0, 0.46), (1, 1, 0.14)]:
        draws = random.normal(-1.3 - lean * se, np.sqrt(se**2 + differ * tau2), (400, len(se)))
        seen = np.mean([egger(y, se**2).p_value < 0.05 for y in draws])
        assert seen == pytest.approx(told, abs=3 * math.sqrt(told * (1 - told) / 400) + 0.01)


def test_placebo_and_hyaluronic_acid_cannot_be_told_apart(pain):
    groups = [pain[pain.comparator_class == name] for name in TWO]
    fits = [reml(g.y.to_numpy(), g.v.to_numpy()) for g in groups]
    spread = [1 / (1 / (g.v.to_numpy() + fit[3])).sum() for g, fit in zip(groups, fits, strict=True)]
    q = (fits[0][0] - fits[1][0]) ** 2 / sum(spread)
    both = pain[pain.comparator_class.isin(TWO)]
    found = subgroups(both.y, both.v, both.comparator_class, ci="HK-floor")
    assert found.q_between == pytest.approx(q, abs=1e-4)
    assert q == pytest.approx(0.04, abs=0.005)
    fit = meta_regression(both.y, both.v, (both.comparator_class == TWO[1]).astype(float), ci="HK-floor")
    assert (fit.coefficients[1], fit.ci.low[1], fit.ci.high[1]) == pytest.approx((-0.20, -1.92, 1.51), abs=0.005)
    assert fit.ci.low[1] < -MID < 0 < MID < fit.ci.high[1]  # no difference, and one of an MID either way


def test_the_outside_check_is_two_millimetres_of_a_hundred():
    row = rows("priors", prior="other_injection")[0]
    assert "2.0 mm of 100" in row["where"]
    assert float(row["centre"]) == pytest.approx(2.0 / 100 * 10)


# Opinions


def test_opinions_rest_on_the_mid_and_name_a_source_or_a_reason():
    mid = float(rows("endpoints", review="cochrane2025", outcome="pain")[0]["mid"])
    found = {row["prior"]: row for row in rows("priors")}
    assert mid == MID
    assert set(found) == {"flat", "neutral", "sceptical", "other_injection", "enthusiastic"}
    assert float(found["sceptical"]["point"]) == float(found["enthusiastic"]["centre"]) == mid
    assert float(found["sceptical"]["centre"]) == float(found["enthusiastic"]["point"]) == 0
    for row in found.values():
        assert row["reason"]
        assert bool(row["source"]) == bool(row["where"]) == bool(row["how"])
        assert bool(row["centre"]) == bool(row["point"]) == bool(row["chance"])


@settings(max_examples=50)
@given(st.floats(-5, 5), st.floats(0.1, 5), st.floats(0.001, 0.499), st.booleans(), st.booleans())
def test_a_prior_gives_the_point_its_chance(centre, distance, chance, above, worse):
    point = centre + distance if above else centre - distance
    prior = normal_prior(centre, point, chance, higher_is="worse" if worse else "better")
    benefit = norm(-prior.mean if worse else prior.mean, prior.sd)
    assert (benefit.sf(point) if above else benefit.cdf(point)) == pytest.approx(chance)
    assert prior.probability_below(1.0) == pytest.approx(norm.cdf(1.0, prior.mean, prior.sd))
    assert prior.density([0.3])[0] == pytest.approx(norm.pdf(0.3, prior.mean, prior.sd))


def test_without_numbers_the_prior_is_flat():
    flat = normal_prior(math.nan, math.nan, math.nan, higher_is="worse")
    assert flat == NormalPrior(0.0, math.inf)
    assert math.isnan(flat.probability_below(0))
    assert flat.density([0.0, 1.0]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("numbers", "direction", "message"),
    [
        ((0, 1.5, math.nan), "worse", "centre, point and chance belong together"),
        ((0, 1.5, 0.5), "worse", "chance is 0.5; it must lie between 0 and 0.5"),
        ((0, 1.5, 0.0), "worse", "chance is 0; it must lie"),
        ((1.5, 1.5, 0.05), "worse", "point and centre are both 1.5"),
        ((0, 1.5, 0.05), "lower", "higher_is is 'lower'"),
        ((0, math.inf, 0.05), "worse", "point"),
    ],
)
def test_a_prior_that_says_nothing_is_refused(numbers, direction, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        normal_prior(*numbers, higher_is=direction)


def by_grid(y, v, scale, mean, sd):
    """Chances by a plain grid over mu and tau: mean below 0 and below -MID, next trial the same."""
    mu, tau = np.arange(-14.99, 15, 0.02), np.arange(0.005, 8, 0.01)  # 0 and -MID are edges of cells
    spread = v + tau[:, None, None] ** 2
    log = -0.5 * (np.log(spread) + (y - mu[:, None]) ** 2 / spread).sum(-1)
    log += norm.logpdf(tau, 0, scale)[:, None] + norm.logpdf(mu, mean, sd)
    mass = np.exp(log - log.max())
    mass /= mass.sum()
    now = [mass[:, mu < x].sum() for x in (0, -MID)]
    return now + [(mass * norm.cdf((x - mu) / tau[:, None])).sum() for x in (0, -MID)]


@pytest.mark.parametrize(
    ("opinion", "told"),
    [
        ("sceptical", (0.92, 0.11, 0.72, 0.33)),
        ("neutral", (0.96, 0.32, 0.79, 0.42)),
        ("enthusiastic", (0.99, 0.38, 0.82, 0.46)),
    ],
)
def test_chances_of_the_answer(pain, placebo, opinion, told):
    row = rows("priors", prior=opinion)[0]
    centre, point, chance = (float(row[name]) for name in ("centre", "point", "chance"))
    scale = np.median([*pain.sd_1, *pain.sd_2]) / 2
    sd = abs(point - centre) / norm.ppf(1 - chance)
    found = by_grid(placebo.y.to_numpy(), placebo.v.to_numpy(), scale, -centre, sd)
    assert found == pytest.approx(told, abs=0.0055)
    posterior = normal_normal(placebo.y, placebo.v, scale=scale, mu_mean=-centre, mu_sd=sd)
    some, enough = (chance_of_benefit(posterior, x, higher_is="worse") for x in (0, MID))
    assert (some.mean, enough.mean, some.new, enough.new) == pytest.approx(found, abs=0.002)


def test_no_opinion_makes_a_noticeable_mean_benefit_likelier_than_not(pain, placebo):
    scale = np.median([*pain.sd_1, *pain.sd_2]) / 2
    for row in rows("priors"):
        numbers = [float(row[name] or "nan") for name in ("centre", "point", "chance")]
        prior = normal_prior(*numbers, higher_is="worse")
        fit = normal_normal(placebo.y, placebo.v, scale=scale, mu_mean=prior.mean, mu_sd=prior.sd)
        assert 0.05 < fit.probability_below(-MID) < 0.5 < fit.probability_below(0)


# Figures


class Bell:
    """A normal density, as the figure of opinions asks for it."""

    def __init__(self, mean, sd):
        self.mean, self.sd = mean, sd

    def density(self, x):
        return norm.pdf(x, self.mean, self.sd)


def opinions(count=2):
    return [
        {"label": f"Reader {i}", "prior": Bell(0, 1), "posterior": Bell(-1, 0.5), "note": "27%"} for i in range(count)
    ]


@pytest.mark.parametrize("compact", [False, True])
def test_opinions_have_a_panel_each_with_prior_and_posterior(compact):
    figure = plots.opinions(opinions(), MID, unit="cm", compact=compact)
    assert len(figure.axes) == 2
    drawn = [[artist.axes for artist in marks(figure.axes[0], name)] for name in ("prior", "posterior", "noticed")]
    assert drawn == [figure.axes] * 3
    shown = " ".join(texts(figure))
    for word in ("Reader 0", "Reader 1", "27%", "cm; lower is better", "MID 1.5"):
        assert word in shown
    assert to_svg(figure) == to_svg(plots.opinions(opinions(), MID, unit="cm", compact=compact))


@pytest.mark.parametrize(("higher_is", "side"), [("worse", -1), ("better", 1)])
def test_the_strong_colour_lies_beyond_the_mid_on_the_side_of_benefit(higher_is, side):
    rows_of = [{"label": "One", "prior": Bell(0, 1), "posterior": Bell(0, 1)}]
    ax = plots.opinions(rows_of, MID, higher_is=higher_is).axes[0]
    reached = marks(ax, "noticed")[0].get_datalim(ax.transData)
    inner = reached.x1 if side < 0 else reached.x0
    assert inner == pytest.approx(side * MID, abs=0.05)


def test_a_flat_prior_has_no_curve_and_no_note_needs_no_room():
    one = [{"label": "Flat", "prior": NormalPrior(0.0, math.inf), "posterior": Bell(-1, 0.5)}]
    assert marks(plots.opinions(one, MID).axes[0], "prior") == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.opinions([], MID), "rows is empty"),
        (lambda: plots.opinions(opinions(), 0), "mid is 0; give"),
        (lambda: plots.opinions(opinions(), MID, higher_is="up"), "higher_is is 'up'"),
        (lambda: plots.funnel(made_up(), groups="colour"), "groups is 'colour'; name a column"),
        (lambda: plots.funnel(made_up(7), groups="label"), "gives 7 groups; no more than 6"),
    ],
)
def test_figures_refuse_in_one_sentence(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


@pytest.mark.parametrize("compact", [False, True])
def test_a_funnel_by_group_shows_every_trial_once_under_its_name(compact):
    frame = made_up()
    ax = plots.funnel(frame, groups="comparator_class", compact=compact)
    drawn = marks(ax, "trials")
    assert sorted(len(line.get_xdata()) for line in drawn) == [3, 4]
    assert len({line.get_marker() for line in drawn}) == len({line.get_color() for line in drawn}) == 2
    assert {"placebo", "usual care"} <= set(texts(ax))


# To take home

LINK = re.compile(r"\{+(?:ref|numref)\}+`([\w-]+)`")


def lines_of(cell):
    """What a cell claims: every bullet of a text, every line of a computed sentence or answer."""
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return [line for line in source.splitlines() if line.startswith("* ")]
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    shown = [call for call in calls if getattr(call.func, "attr", "") in ("sentence", "answer")]
    return [line for call in shown for part in call.args for line in ast.literal_eval(part).split("\n") if line]


def claims(notebook):
    return [line for cell in notebook["cells"] for line in lines_of(cell)]


def without_target(notebook, targets):
    """Claims that lead nowhere."""
    found = []
    for line in claims(notebook):
        contents = re.fullmatch(r"\* \{ref\}`[\w-]+`", line)  # the page's own table of contents claims nothing
        named = LINK.findall(line if contents else line.partition("→")[2])
        if not named or set(named) - targets:
            found.append(line)
    return found


@pytest.fixture(scope="module")
def take_home():
    return json.loads((ROOT / "notebooks" / "comparison" / "take_home.ipynb").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def targets():
    text = "".join(
        "".join(cell["source"]) + "\n"
        for path in ROOT.glob("notebooks/*/*.ipynb")
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
    ) + (ROOT / "notebooks" / "front_page.ipynb").read_text(encoding="utf-8")
    return set(re.findall(r"\(((?:chap|take-home)[\w-]*)\)=", text))


def test_every_line_to_take_home_leads_to_a_chapter_that_exists(take_home, targets):
    assert len(claims(take_home)) >= 40
    assert without_target(take_home, targets) == []


def test_every_page_points_at_other_chapters_and_the_checklist_at_many(take_home):
    text = "\n".join("".join(cell["source"]) for cell in take_home["cells"])
    pages = re.split(r"\(take-home-(?:patient|clinician|author)\)=", text)[1:]
    assert len(pages) == 3
    named = [set(LINK.findall(page)) - {"chap-take-home"} for page in pages]
    assert [len(one) >= least for one, least in zip(named, (8, 12, 16), strict=True)] == [True] * 3


@pytest.mark.parametrize(
    "line", ["* A claim.", "* A claim. → {ref}`chap-nowhere`", "* See {ref}`chap-bayes` for a claim."]
)
def test_a_line_without_a_target_is_found(line, targets):
    cell = {"cell_type": "markdown", "source": [line]}
    sentence = {"cell_type": "code", "source": [f"report.sentence({line.replace('{', '{{').replace('}', '}}')!r})"]}
    assert without_target({"cells": [cell, sentence]}, targets) == [
        line,
        ast.literal_eval(sentence["source"][0][16:-1]),
    ]


def test_no_number_is_typed_into_a_line_to_take_home(take_home):
    """Whatever is a digit in a template is a field's format, a follow-up, a scale's limit or a promise of 95 or 50%."""
    allowed = (
        r"\{[^{}]*\}|`[^`]*`|\b(?:6|12) months\b|0 to 100|\b100\b|0 to 10|95%|50%|SF-36|\(MID\)|\bTable 1\b|above 1\b"
    )
    for cell in take_home["cells"]:
        if cell["cell_type"] == "code":
            for line in lines_of(cell):
                assert not re.search(r"\d", re.sub(allowed, "", line.replace("{{", "").replace("}}", ""))), line


def test_facts_of_the_checklist():
    results = rows("published", review="qu2021")
    assert (sum(row["instrument"].endswith("_unknown") for row in results), len(results)) == (16, 20)
    verdicts = [row["verdict"] for row in rows("claims", review="qu2021")]
    assert (verdicts.count("contradicted"), verdicts.count("unverifiable"), len(verdicts)) == (45, 89, 523)
    arms = [row["trial"] for row in rows("characteristics", source="qu2021") if row["arm"] != "control"]
    assert sum(arms.count(trial) > 1 for trial in set(arms)) == 3
    judged = [row["judgement"] for row in rows("risk_of_bias", review="qu2021")]
    assert (judged.count("low"), len(judged)) == (4, 9)
    mids = [row["mid"] for row in rows("endpoints", review="qu2021")]
    assert (mids.count(""), len(mids)) == (2, 6)
    covariates = {row["claim"].split(".")[2] for row in rows("claims") if row["claim"].startswith("qu2021.table2.")}
    assert len(covariates) == 5


def test_events_of_one_trial_differ_between_two_sources():
    counted = {}
    for row in rows("events", trial="chen2021", event="adverse_any"):
        if row["arm"] != "control" and (row["month"] == "6" or row["source"] == "cochrane2025"):
            events, n = counted.get(row["source"], (0, 0))
            counted[row["source"]] = events + int(row["events"]), n + int(row["n"])
    assert counted == {"cochrane2025": (28, 49), "chen2021": (40, 49)}


def test_final_values_or_changes_turn_the_sign_of_womac_total():
    both = [data.contrasts("qu2021", "womac_total", 6, kind=kind) for kind in ("final", "change")]
    estimates = [reml(f.y.to_numpy(), f.v.to_numpy())[0] for f in both]
    assert estimates == pytest.approx([-1.03, 1.23], abs=0.01)


def test_people_with_a_complaint_of_a_hundred():
    frame = data.contrasts("sadeghirad2024", "adverse_any")
    ratio = np.exp(reml(frame.y.to_numpy(), frame.v.to_numpy())[:3])
    risk = frame.events_2.sum() / frame.n_2.sum()
    assert 100 * risk == pytest.approx(29, abs=0.5)
    assert 100 * risk * ratio == pytest.approx([43, 29, 63], abs=0.6)
