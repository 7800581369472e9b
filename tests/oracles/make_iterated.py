"""Iterated tau2 with 40 digits: `python -m tests.oracles.make_iterated` writes iterated.json (about half a minute).

metafor stops iterating when tau2 moves by less than 1e-11, which a small tau2 feels in its seventh digit; such answers
cannot judge ten. Here the same equations are solved by mpmath in 40 digits for all sets of metafor_open.json and
engine.json: every sign change of the score on a fine grid is polished, and the highest of the tops, zero among them, is
taken. A test compares these with metafor as far as metafor's stopping rule allows. Nothing of mscmeta is used.
"""

import json
from pathlib import Path

import mpmath
import numpy as np
from mpmath import mpf

HERE = Path(__file__).parent
JSON = HERE / "iterated.json"
METHODS = ("ML", "REML", "EB", "PM")
LEVEL = 0.95


def sets() -> dict[str, tuple[list, list]]:
    """Name of a set to its effects and variances."""
    cases = json.loads((HERE / "metafor_open.json").read_text(encoding="utf-8"))["cases"]
    more = json.loads((HERE / "engine.json").read_text(encoding="utf-8"))["sets"]
    out = {case["id"]: (case["yi"], case["vi"]) for case in cases}
    return out | {f"engine_{name}": (one["yi"], one["vi"]) for name, one in more.items()}


class Set:
    """One set of studies in 40 digits."""

    def __init__(self, y: list, v: list) -> None:
        self.y, self.v = [mpf(float(x)) for x in y], [mpf(float(x)) for x in v]

    def at(self, tau2: mpf) -> tuple:
        """Weights, their sum, the mean and the weighted squares around it."""
        w = [1 / (v + tau2) for v in self.v]
        total = sum(w)
        mean = sum(a * b for a, b in zip(w, self.y, strict=True)) / total
        return w, total, mean, sum(a * (b - mean) ** 2 for a, b in zip(w, self.y, strict=True))

    def score(self, method: str, tau2: mpf) -> mpf:
        """Zero at a stationary point; positive where tau2 is too small."""
        w, total, mean, q = self.at(tau2)
        if method in ("EB", "PM"):
            return q - (len(w) - 1)
        score = sum((a * (b - mean)) ** 2 for a, b in zip(w, self.y, strict=True)) - total
        return score + (sum(a * a for a in w) / total if method == "REML" else 0)

    def height(self, method: str, tau2: mpf) -> mpf:
        """Log likelihood up to a constant."""
        w, total, _, q = self.at(tau2)
        height = sum(mpmath.log(a) for a in w) - q
        return height - mpmath.log(total) if method == "REML" else height

    def tau2(self, method: str) -> mpf:
        """The estimate: the root, or the highest top."""
        y, v = np.array(self.y, float), np.array(self.v, float)
        grid = [mpf(0), *(mpf(float(x)) for x in np.geomspace(1e-9 * v.min(), 100 * (np.ptp(y) ** 2 + v.max()), 500))]
        signs = [self.score(method, t) for t in grid]
        tops = [mpf(0)] if signs[0] <= 0 else []
        for low, high, before, after in zip(grid, grid[1:], signs, signs[1:], strict=False):
            if before > 0 >= after:
                tops.append(mpmath.findroot(lambda t: self.score(method, t), (low, high), solver="anderson", tol=1e-60))
        return max(tops, key=lambda t: self.height(method, t)) if method in ("ML", "REML") else tops[0]


def t_quantile(df: int) -> mpf:
    """Two-sided 95% quantile of Student's t."""
    tail = (1 - mpf(LEVEL)) / 2
    start = {1: 12.7, 2: 4.3, 3: 3.18}.get(df, 2.0 + 2.3 / df)

    def above(t: mpf) -> mpf:
        return mpmath.betainc(mpf(df) / 2, 0.5, 0, df / (df + t * t), regularized=True) / 2 - tail

    return mpmath.findroot(above, start)


def answers(one: Set, method: str) -> dict:
    """tau2, the pooled effect, its interval by four rules, and two prediction intervals."""
    tau2 = one.tau2(method)
    _, total, mean, q = one.at(tau2)
    df = len(one.y) - 1
    z, t = mpmath.sqrt(2) * mpmath.erfinv(mpf(LEVEL)), t_quantile(df)
    wald = mpmath.sqrt(1 / total)
    hk, floor = (mpmath.sqrt(factor / total) for factor in (q / df, max(mpf(1), q / df)))
    out = {"tau2": tau2, "estimate": mean}
    for name, half in {
        "Wald": z * wald, "t": t * wald, "HK": t * hk, "HK-floor": t * floor,
        "Wald, z": z * mpmath.sqrt(wald**2 + tau2), "HK, t(k-1)": t * mpmath.sqrt(hk**2 + tau2),
    }.items():  # fmt: skip
        out[name] = [mean - half, mean + half]
    return {name: [*map(float, x)] if isinstance(x, list) else float(x) for name, x in out.items()}


if __name__ == "__main__":
    with mpmath.workdps(40):
        found = {name: {m: answers(Set(*data), m) for m in METHODS} for name, data in sets().items()}
    made = {"made_with": f"mpmath {mpmath.__version__}, 40 digits", "level": LEVEL, "sets": found}
    JSON.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
