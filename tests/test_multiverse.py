"""The multiverse against plain loops: the same rows, the same pooled results, shares and importance counted by hand."""

import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from mscmeta import data, pool
from mscmeta.multiverse import MODEL_CHOICES, NAMES, ROW_CHOICES, importance, multiverse_of, options, shares
from mscmeta.versions import _own, versions

BOOK = Path(__file__).resolve().parents[1] / "book"
SMALL = {"numbers": ["own"], "kind": ["final"], "instrument": ["any"], "weak": ["keep", "clean"], "tau2": ["DL"]}


@pytest.fixture(scope="module")
def whole():
    return {(o, m): multiverse_of(o, m) for o, m in (("pain", 12), ("function", 6))}


def results(found, **chosen):
    at = found.of(**chosen)
    return found.k[at], found.estimate[at], found.low[at], found.high[at]


def test_the_defaults_are_the_chapters_own_settings(whole):
    for (outcome, month), found in whole.items():
        trials = data.contrasts("sadeghirad2024", outcome, month)
        fit = pool(trials.y, trials.v, tau2="REML", ci="HK-floor")
        assert results(found) == pytest.approx((len(trials), fit.estimate, fit.ci.low, fit.ci.high))


@pytest.mark.parametrize("comparator", ["any", "placebo"])
@pytest.mark.parametrize(("tau2", "ci"), list(product(options()["tau2"], options()["ci"])))
def test_combinations_are_what_pool_gives_for_the_contrasts(whole, comparator, tau2, ci):
    trials = data.contrasts("cochrane2025", "pain", 12, comparators=None if comparator == "any" else "placebo")
    fit = pool(trials.y, trials.v, tau2=tau2, ci=ci)
    chosen = {"trials": "cochrane2025", "comparator": comparator, "tau2": tau2, "ci": ci}
    assert results(whole["pain", 12], **chosen) == pytest.approx((fit.k, fit.estimate, fit.ci.low, fit.ci.high))


def test_dersimonian_laird_by_its_formulas(whole):
    trials = data.contrasts("cochrane2025", "function", 6)
    trials = trials[~trials.caveats.str.contains("total_score") & ~trials.caveats.str.contains("median_as_mean")]
    y, w = trials.y.to_numpy(), 1 / trials.v.to_numpy()
    q = w @ (y - w @ y / w.sum()) ** 2
    w = 1 / (1 / w + max(0, (q - len(y) + 1) / (w.sum() - w @ w / w.sum())))
    chosen = {"trials": "cochrane2025", "instrument": "one", "medians": "exclude", "tau2": "DL", "ci": "Wald"}
    assert results(whole["function", 6], **chosen)[:2] == pytest.approx((len(y), w @ y / w.sum()))


@pytest.mark.parametrize(("doses", "medians"), list(product(["combine", "split"], ["Luo-Wan", "QE", "exclude"])))
def test_own_numbers_take_the_place_of_the_extraction(doses, medians):
    found = versions("pain", 12)
    mask = found.mask(trials="cochrane2025", numbers="own", doses=doses, medians=medians)
    theirs = data.contrasts("cochrane2025", "pain", 12)
    wanted = theirs[theirs.trial != "lamoespinosa2016"]
    y = list(wanted.y)
    if medians != "exclude":
        y += list(data.contrasts("qu2021", "vas_pain", 12, arms=doses, medians=medians, trials=["lamoespinosa2016"]).y)
    assert sorted(found.rows.y[mask]) == pytest.approx(sorted(y))


def test_changes_are_taken_where_there_are_both():
    found = versions("pain", 6)
    final, change = (found.mask(trials="cochrane2025", numbers="own", kind=kind) for kind in ("final", "change"))
    differ = found.rows[final != change]
    assert set(differ.trial) == {"vega2015"}
    assert found.rows.kind[final & ~change].tolist() == ["final"]
    assert found.rows.kind[change & ~final].tolist() == ["change"]


def test_sets_of_trials_comparators_and_weak_rows():
    found = versions("function", 12)
    sad = data.contrasts("sadeghirad2024", "function", 12)
    assert set(found.rows.trial[found.mask(trials="sadeghirad2024")]) == set(sad.trial)
    assert set(found.rows.trial[found.mask(comparator="inactive")]) == set(sad.trial)
    assert set(found.rows.trial[found.mask(trials="qu2021", numbers="own")]) == {
        "gupta2016",
        "lamoespinosa2016",
        "vega2015",
    }
    placebo = found.mask(trials="qu2021", comparator="placebo")
    assert set(found.rows.trial[placebo]) == {
        "gupta2016"
    }  # Qu and Sun call its control placebo, Cochrane a co-intervention
    left = set(found.rows.caveats[found.mask(weak="clean")].str.split().explode())
    assert not left & {"imputed_sd", "read_off_figure", "unblinded", "paired"}


def test_distinct_analyses_are_the_different_sets_of_rows(whole):
    found, rows, axes = whole["pain", 12], versions("pain", 12), options()
    seen = set()
    for one in product(*(axes[choice] for choice in ROW_CHOICES)):
        mask = rows.mask(**dict(zip(ROW_CHOICES, one, strict=True)))
        if rows.rows.trial[mask].nunique() > 1:
            seen.add(mask.tobytes())
    assert found.distinct == len(seen) * len(axes["tau2"]) * len(axes["ci"])
    assert found.combinations == np.prod([len(axes[choice]) for choice in (*ROW_CHOICES, *MODEL_CHOICES)])
    assert set(np.unique(found.analysis)) == set(range(-1, found.distinct))


def test_where_only_medians_are_known_and_left_out_nothing_is_read():
    for medians, known in (("Luo-Wan", True), ("exclude", False)):
        rows = _own("function", 12, ["lamoespinosa2016"], "final", "combine", medians)
        assert (rows is not None) == known


def test_shares_count_analyses_by_hand(whole):
    found = whole["pain", 12]
    told, n = shares(found), found.distinct
    assert told["better"] == sum(x < 0 for x in found.estimate) / n
    assert told["beyond"] == sum(x <= -1.5 for x in found.estimate) / n
    assert told["proven"] == sum(x < 0 for x in found.high) / n
    assert told["excluded"] == sum(x > -1.5 for x in found.low) / n
    assert told["proven_beyond"] == sum(x <= -1.5 for x in found.high) / n
    assert (told["worse"], told["harm"], told["undefined"]) == (0, 0, 0)


def test_importance_by_a_plain_loop_over_pairs():
    found = multiverse_of("pain", 12, choices=SMALL)
    moved = importance(found).set_index("choice")
    names = list(found.choices)
    known = {key: i for key, i in np.ndenumerate(found.analysis) if i >= 0}
    every = np.array([found.estimate[i] for i in known.values()])
    for axis, choice in enumerate(names):
        apart, turned = [], []
        for key, i in known.items():
            for option in range(key[axis] + 1, len(found.choices[choice])):
                j = known.get((*key[:axis], option, *key[axis + 1 :]))
                if j is not None:
                    apart.append(abs(found.estimate[i] - found.estimate[j]))
                    turned.append((found.high[i] < 0) != (found.high[j] < 0))
        assert moved.change[choice] == pytest.approx(np.mean(apart) if apart else 0)
        assert moved.verdict[choice] == pytest.approx(np.mean(turned) if turned else 0)
        groups = [
            [found.estimate[i] for key, i in known.items() if key[axis] == o] for o in range(len(found.choices[choice]))
        ]
        between = sum(len(g) * (np.mean(g) - every.mean()) ** 2 for g in groups if g) / len(every) / every.var()
        assert moved.variance[choice] == pytest.approx(between)
    assert moved.change.is_monotonic_decreasing


def test_the_options_of_a_choice_share_every_analysis(whole):
    for found in whole.values():
        for choice, names in found.choices.items():
            assert sum(found.share_of(choice, name) for name in names) == pytest.approx(np.ones(found.distinct))


def test_a_single_set_of_rows_moves_nothing():
    moved = importance(multiverse_of("pain", 24))
    assert (moved.change == 0).all()
    assert (moved.variance == 0).all()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"choices": {"luck": ["good"]}}, "choice is 'luck'"),
        ({"choices": {"tau2": ["FE"]}}, "tau2 is 'FE'"),
        ({"choices": {"doses": []}}, "choices gives no option for 'doses'"),
        (
            {"choices": {"trials": ["qu2021"], "comparator": ["placebo"], "weak": ["clean"]}, "month": 12},
            "leaves two trials",
        ),
        ({"outcome": "function", "month": 24}, "no combination of choices leaves two trials for function at month 24"),
        ({"outcome": "stiffness"}, "outcome is 'stiffness'"),
        ({"month": 7}, "month is 7"),
    ],
)
def test_refusals(given, says):
    with pytest.raises(ValueError, match=says):
        multiverse_of(**{"outcome": "pain", "month": 6} | given)


def test_asking_for_an_analysis_that_is_not_there(whole):
    found = whole["pain", 12]
    with pytest.raises(ValueError, match="leaves fewer than two trials for pain at month 12"):
        found.of(trials="qu2021", comparator="placebo")
    with pytest.raises(ValueError, match="choice is 'luck'"):
        found.of(luck="good")
    with pytest.raises(ValueError, match="comparator is 'steroid'"):
        found.of(comparator="steroid")


def test_the_table_of_choices_is_one_the_code_can_follow():
    table = data.table("choices")
    assert set(table.choice) == {*ROW_CHOICES, *MODEL_CHOICES} == set(NAMES)
    defaults = table[table.default.astype(bool)]
    assert sorted(defaults.choice) == sorted(NAMES)  # one for each
    assert defaults.defensible.all()
    assert {
        pair for pair in zip(table.choice, table.option, strict=True) if pair[1] in ("FE", "as_published", "smd")
    } == set(zip(*(table[~table.defensible.astype(bool)][c] for c in ("choice", "option")), strict=True)) - {
        ("medians", "median-as-mean"),
        ("instrument", "as_printed"),
        ("weak", "by_result"),
        ("tau2", "by_test"),
    }
    known = {key for name in ("references.bib", "methods.bib") for key in
             re.findall(r"^@\w+\{(\w+),", (BOOK / name).read_text(encoding="utf-8"), re.M)}  # fmt: skip
    assert set(table.reference) <= known
    assert table.label.is_unique
