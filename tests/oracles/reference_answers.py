"""The few reference answers that the methods chapters print: `python -m tests.oracles.reference_answers` writes
data/reference_answers.csv from the JSON beside this file; nothing in it is made by mscmeta."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
CSV = HERE.parents[1] / "data" / "reference_answers.csv"
COLUMNS = ("case", "study", "method", "quantity", "value", "made_with")
METAFOR, METADAT, META = "metafor 3.8-1, R 4.2.2", "metadat 1.2-0", "meta 8.4-0, R 4.2.2"
INTERVALS = {"z": "Wald", "t": "t", "hk": "HK", "hk_adhoc": "HK-floor"}
HYBRID = {"classic": "Wald", "hk": "HK", "hk_se": "HK-floor", "hk_ci": "HK-hybrid"}
#: meta's names of prediction intervals: (interval whose standard error is used, mscmeta's rule)
PREDICTION = {"S": "Wald, z", "V": "Wald, t(k-1)", "HTS": "Wald, t(k-2)", "HK": "HK, t(k-1)", "HK_PR": "HK, t(k-2)"}
MEASURES = {
    "normand1999_MD": "MD", "normand1999_SMD": "SMD", "normand1999_ROM": "ROM",
    "li2007_RR": "RR", "li2007_OR": "OR",
}  # fmt: skip
Rows = Iterator[tuple]


def load(name: str) -> dict:
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


def inputs(case: str, made_with: str, **columns: list) -> Rows:
    """The data of each study, which stand here as rows of the method "data"."""
    for name, values in columns.items():
        for i, value in enumerate(values):
            yield case, f"study {i + 1}", "data", name, value, made_with


def fits(metafor: dict) -> Rows:
    """All estimators of tau2 and all intervals on one set of mean differences."""
    one = next(c for c in metafor["cases"] if c["id"] == "normand1999_MD")
    yield from inputs("normand1999", METADAT, y=one["yi"], v=one["vi"])
    for estimator, by_interval in one["fits"].items():
        for interval, fit in by_interval.items():
            method = f"{estimator.replace('EE', 'FE')}, {INTERVALS[interval]}"
            for quantity in ("estimate", "ci_low", "ci_high", "tau2"):
                yield "normand1999", "all", method, quantity, fit[quantity], METAFOR


def hybrid(extra: dict) -> Rows:
    """The four intervals on three trials that agree by luck, and on three that do not quite."""
    for case in ("bcg_logrr_k3", "hom_k3"):
        one = next(c for c in extra["hk_hybrid"] if c["id"] == f"{case}_REML")
        yield from inputs(case, METADAT if case.startswith("bcg") else "made up", y=one["y"], v=one["v"])
        for rule, name in HYBRID.items():
            for quantity, key in (("ci_low", "lower"), ("ci_high", "upper")):
                yield case, "all", f"REML, {name}", quantity, one["rules"][rule][key], META


def prediction(extra: dict) -> Rows:
    """Five prediction intervals of one meta-analysis."""
    one = next(c for c in extra["prediction"] if c["id"] == "normand1999_md_REML")
    for rule, name in PREDICTION.items():
        for quantity, key in (("pi_low", "lower"), ("pi_high", "upper")):
            yield "normand1999", "all", f"REML, {name}", quantity, one["rules"][rule][key], f"{META}: {rule}"


def effects(metafor: dict) -> Rows:
    """Effect sizes of single studies, those with a zero cell among them."""
    for case, measure in MEASURES.items():
        one = next(c for c in metafor["cases"] if c["id"] == case)
        name, raw = case.rsplit("_", 1)[0], one["raw"]
        columns = [c for c in ("mean_1", "sd_1", "events_1", "n_1", "mean_2", "sd_2", "events_2", "n_2") if c in raw]
        first = measure in ("MD", "RR")
        chosen = [r for r in inputs(f"{name}_arms", METADAT, **{c: raw[c] for c in columns}) if first]
        yield from chosen
        for i, (y, v) in enumerate(zip(raw["escalc_yi"], raw["escalc_vi"], strict=True)):
            yield f"{name}_arms", f"study {i + 1}", measure, "y", y, METAFOR
            yield f"{name}_arms", f"study {i + 1}", measure, "v", v, METAFOR


def medians(extra: dict) -> Rows:
    """Means and SDs from quartiles."""
    for one in extra["quartiles"]:
        case = f"quartiles_{one['id']}"
        yield from inputs(case, "made up", **{name: [one[name]] for name in ("q1", "median", "q3", "n")})
        yield case, "study 1", "Luo-Wan", "mean", one["luo_mean"]["value"], "metaBLUE 1.0.0"
        yield case, "study 1", "Luo-Wan", "sd", one["wan_sd"]["value"], "metaBLUE 1.0.0"
        for method, block in (("QE", one["quantile_estimation"]), ("BC", one["box_cox"])):
            for quantity in ("mean", "sd"):
                yield case, "study 1", method, quantity, block["estmeansd"][quantity], "estmeansd 1.0.1"


def book() -> Rows:
    """Answers of R and metafor on trials of this book, after the trials as they stood when R was run."""
    trials, made = load("book_trials"), load("book")
    for case, columns in trials.items():
        yield from inputs(case, "data of this book", **{name: c for name, c in columns.items() if name != "trial"})
    for row in made["rows"]:
        yield *(row[name] for name in COLUMNS[:4]), float(row["value"]), row["made_with"]


def text() -> str:
    """The table as it has to be."""
    metafor, extra = load("metafor_open"), load("extra_open")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for make, source in ((fits, metafor), (hybrid, extra), (prediction, extra), (effects, metafor), (medians, extra)):
        writer.writerows((*row[:4], f"{row[4]:.15g}", row[5]) for row in make(source))
    writer.writerows((*row[:4], f"{row[4]:.17g}", row[5]) for row in book())
    return out.getvalue()


if __name__ == "__main__":
    CSV.write_text(text(), encoding="utf-8")
