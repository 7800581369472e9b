"""To how many digits are the answers right? Writes data/accuracy.csv; a few seconds.

    .venv/bin/python -m benchmarks.accuracy

Every stored answer of another computation (tests/oracles) on every set is compared with mscmeta's. What counts is the
worst answer of a kind, as digits (`mscmeta.accuracy.lre`), beside what is asked of that kind.
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mscmeta import meta_regression, pool, tau2_interval
from mscmeta.accuracy import lre

ROOT = Path(__file__).parents[1]
CSV = ROOT / "data" / "accuracy.csv"
COLUMNS = ["kind", "reference", "sets", "answers", "least", "median", "required"]
INTERVALS = {"z": "Wald", "t": "t", "hk": "HK", "hk_adhoc": "HK-floor"}
CLOSED = ("EE", "DL", "HE", "HS", "SJ")
ITERATED = ("ML", "REML", "EB", "PM")
PREDICTION = {
    "S": ("Wald", "z"), "V": ("Wald", "t(k-1)"), "HTS": ("Wald", "t(k-2)"),
    "HK": ("HK", "t(k-1)"), "HK_PR": ("HK", "t(k-2)"),
}  # fmt: skip
TESTS = {"z": "Wald", "t": "t", "knha": "HK", "adhoc": "HK-floor"}
#: Kind of answer to the digits asked of it: 12 for closed forms, 10 for an iterated tau2, 9 for limits of intervals.
REQUIRED = {
    "tau², closed form": 12,
    "pooled effect and its SE, closed form": 12,
    "limits of the interval, tau² in closed form": 9,
    "tau², iterated": 10,
    "pooled effect, tau² iterated": 10,
    "limits of the interval, tau² iterated": 9,
    "limits of prediction intervals, tau² in closed form": 9,
    "limits of prediction intervals, tau² iterated": 9,
    "limits of the Q-profile interval of tau²": 9,
    "meta-regression in closed form: coefficients, SE, tau²": 12,
}
METAFOR, META, EXACT = "metafor", "meta", "40 digits"
Answers = Iterator[tuple[str, str, str, float, float]]


def load(name: str) -> dict:
    """A file of reference answers."""
    return json.loads((ROOT / "tests" / "oracles" / f"{name}.json").read_text(encoding="utf-8"))


def closed(cases: list) -> Answers:
    """Estimators with a formula, four intervals each, against metafor."""
    for case in cases:
        for method in CLOSED:
            for name, rule in INTERVALS.items():
                want = case["fits"][method][name]
                fit = pool(case["yi"], case["vi"], tau2=method.replace("EE", "FE"), ci=rule)
                yield "tau², closed form", METAFOR, case["id"], fit.tau2, want["tau2"]
                for key, got in (("estimate", fit.estimate), ("se", fit.se)):
                    yield "pooled effect and its SE, closed form", METAFOR, case["id"], got, want[key]
                for key, got in (("ci_low", fit.ci.low), ("ci_high", fit.ci.high)):
                    yield "limits of the interval, tau² in closed form", METAFOR, case["id"], got, want[key]
        one = tau2_interval(case["yi"], case["vi"], "QP")
        for got, want in zip(one, case["extra"]["qprofile_tau2"], strict=True):
            yield "limits of the Q-profile interval of tau²", METAFOR, case["id"], got, want


def iterated(data: dict, found: dict) -> Answers:
    """Estimators found by iteration, against the same equations solved in 40 digits."""
    for name, (y, v) in data.items():
        for method in ITERATED:
            want = found[name][method]
            fits = {rule: pool(y, v, tau2=method, ci=rule) for rule in INTERVALS.values()}
            yield "tau², iterated", EXACT, name, fits["HK"].tau2, want["tau2"]
            yield "pooled effect, tau² iterated", EXACT, name, fits["HK"].estimate, want["estimate"]
            for rule, fit in fits.items():
                for got, limit in zip(fit.ci, want[rule], strict=True):
                    yield "limits of the interval, tau² iterated", EXACT, name, got, limit
            for key, rule in (("Wald", "z"), ("HK", "t(k-1)")):
                new = fits[key].prediction_interval(rule)
                for got, limit in zip(new, want[f"{key}, {rule}"], strict=True):
                    yield "limits of prediction intervals, tau² iterated", EXACT, name, got, limit


def prediction(cases: list) -> Answers:
    """The five prediction intervals after DerSimonian-Laird, against meta."""
    for case in cases:
        for name, (interval, rule) in PREDICTION.items():
            want = case["rules"][name]
            if case["tau2_method"] != "DL" or want is None or want["lower"] is None:
                continue
            got = pool(case["y"], case["v"], tau2="DL", ci=interval).prediction_interval(rule)
            for ours, limit in zip(got, (want["lower"], want["upper"]), strict=True):
                yield "limits of prediction intervals, tau² in closed form", META, case["id"], ours, limit


def regressions(engine: dict) -> Answers:
    """Regressions with tau2 in closed form, against metafor."""
    for want in engine["regressions"]:
        one = engine["sets"][want["id"]]
        if want["method"] in CLOSED:
            method = want["method"].replace("EE", "FE")
            fit = meta_regression(one["yi"], one["vi"], one["x"], tau2=method, ci=TESTS[want["test"]])
            for got, answer in (*zip(fit.coefficients, want["b"], strict=True), *zip(fit.se, want["se"], strict=True),
                                (fit.tau2, want["tau2"])):  # fmt: skip
                yield "meta-regression in closed form: coefficients, SE, tau²", METAFOR, want["id"], got, answer


def rows() -> list[dict]:
    """One row a kind: the worst and the middle answer, in digits."""
    from tests.oracles.make_iterated import sets

    metafor, extra, engine, exact = map(load, ("metafor_open", "extra_open", "engine", "iterated"))
    answers = [*closed(metafor["cases"]), *iterated(sets(), exact["sets"]), *prediction(extra["prediction"]),
               *regressions(engine)]  # fmt: skip
    made = {METAFOR: "metafor 3.8-1", META: f"meta {extra['made_with']['meta']}", EXACT: exact["made_with"]}
    out = []
    for kind, required in REQUIRED.items():
        some = [a for a in answers if a[0] == kind]
        digits = np.sort(lre([a[3] for a in some], [a[4] for a in some]))
        shown = (f"{digits[0]:.1f}", f"{np.median(digits):.1f}", required)
        row = (kind, made[some[0][1]], len({a[2] for a in some}), len(some), *shown)
        out.append(dict(zip(COLUMNS, row, strict=True)))
    return out


def write(path: Path = CSV) -> None:
    """Write the table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows())


if __name__ == "__main__":
    write()
