"""How good is a method? Coverage, bias and width on made-up meta-analyses whose truth is known.

The work is cut into blocks of `BLOCK` meta-analyses. Each block draws from a stream of random numbers of its own, made
from the seed, the scenario and the number of the block. So a result depends on the seed and on nothing else: not on the
number of workers, the order in which they finish, a worker that died, or what else is in the grid.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

from . import _checks as check
from .effects import mean_difference, odds_ratio
from .pool import INTERVALS, pool
from .tau2 import ESTIMATORS

if TYPE_CHECKING:
    import pandas as pd

    from ._results import Pooled

__all__ = ["BLOCK", "METHODS", "Scenario", "grid", "run"]

#: Meta-analyses a block. Part of the result: another size would give other random numbers.
BLOCK = 4096
#: Every estimator of tau2 with every interval but the profile likelihood, which goes with ML only and is slow.
METHODS = tuple(product(ESTIMATORS, [rule for rule in INTERVALS if rule != "PL"]))
#: Seconds within which a scheduler must answer, and one of its workers be there.
PATIENCE = 60

Job = tuple["Scenario", tuple[tuple[str, str], ...], float, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What the made-up meta-analyses look like; true effects of trials are normal around `mean` with variance `tau2`.

    Three kinds, by what is given:

    * `variances`: each trial takes its sampling variance from these, with replacement, and it is known exactly;
    * `n`: each trial measures two arms of patients whose outcome has a standard deviation of 1, so that its variance
      is estimated too; effects are mean differences;
    * `n` and `risk`: each trial counts events in two arms; effects are log odds ratios, trials with a zero cell get
      1/2, and trials without any event (or with nothing else) drop out (Cochrane Handbook 10.4.4).

    Parameters
    ----------
    k : int
        Number of trials, at least 2.
    tau2 : float
        Variance of the true effects.
    mean : float
        The truth that intervals should hold.
    variances : sequence of float, optional
        Sampling variances to take from.
    n : int, optional
        Patients of a trial (of the middle one, when sizes differ).
    size_ratio : float
        How many times larger the largest trial is than the smallest; sizes between grow by equal factors.
    arm_ratio : float
        Patients of arm 1 for each patient of arm 2, the control.
    risk : float, optional
        Risk of the event in the control arm, between 0 and 1.

    Raises
    ------
    ValueError, TypeError
        For values out of these limits, and for options that do not go together.

    Examples
    --------
    >>> Scenario(k=4, tau2=0.1, n=50, size_ratio=9).arms()
    (array([ 8., 18., 36., 75.]), array([ 9., 17., 36., 75.]))
    """

    k: int
    tau2: float
    mean: float = 0.0
    variances: tuple[float, ...] | None = None
    n: int | None = None
    size_ratio: float = 1.0
    arm_ratio: float = 1.0
    risk: float | None = None

    def __post_init__(self) -> None:
        for name, value in _settled(asdict(self)).items():
            object.__setattr__(self, name, value)
        if self.n is not None and min(map(np.min, self.arms())) < 2:
            raise ValueError(
                f"n {self.n}, size_ratio {self.size_ratio:g} and arm_ratio {self.arm_ratio:g} leave an arm with fewer "
                "than 2 patients; make n larger or the ratios smaller"
            )

    def arms(self) -> tuple[np.ndarray, np.ndarray]:
        """Patients in arm 1 and in arm 2 of each trial."""
        sizes = np.round(self.n * self.size_ratio ** np.linspace(-0.5, 0.5, self.k))
        first = np.round(sizes * self.arm_ratio / (1 + self.arm_ratio))
        return first, sizes - first

    def draw(self, rng: np.random.Generator, replicates: int) -> tuple[np.ndarray, np.ndarray]:
        """Effects and variances, trials on axis 0, meta-analyses on axis 1; NaN marks a trial that drops out."""
        shape = (self.k, replicates)
        if self.variances is not None:
            v = rng.choice(self.variances, shape)
            return rng.normal(self.mean, np.sqrt(v + self.tau2)), v
        truth = rng.normal(self.mean, math.sqrt(self.tau2), shape)
        n1, n2 = (np.broadcast_to(n[:, None], shape) for n in self.arms())
        if self.risk is None:
            means = (truth + rng.normal(0, 1 / np.sqrt(n1)), rng.normal(0, 1 / np.sqrt(n2)))
            sds = (np.sqrt(rng.chisquare(n - 1) / (n - 1)) for n in (n1, n2))
            effect = mean_difference(means[0], next(sds), n1, means[1], next(sds), n2)
        else:
            events = rng.binomial(n1.astype(int), expit(logit(self.risk) + truth))
            control = rng.binomial(n2.astype(int), self.risk)
            effect = odds_ratio(events, n1, control, n2, double_zero="drop")
        return effect.y, effect.v


def _settled(given: dict) -> dict:
    """The values of a scenario, checked, as plain numbers: one scenario has one spelling, and so one stream."""
    if (given["variances"] is None) == (given["n"] is None):
        raise ValueError("give a scenario either variances or n, the one or the other")
    whole = {"k": _whole("k", given["k"], 2)}
    plain = {name: check.number(name, given[name]) for name in ("tau2", "mean", "size_ratio", "arm_ratio")}
    for name, wrong, rule in (
        ("tau2", plain["tau2"] < 0, "a variance is never negative"),
        ("size_ratio", plain["size_ratio"] < 1, "the largest trial is at least as large as the smallest"),
        ("arm_ratio", plain["arm_ratio"] <= 0, "it must be positive"),
    ):
        if wrong:
            raise ValueError(f"{name} is {plain[name]:g}; {rule}")
    if given["n"] is not None:
        whole["n"] = _whole("n", given["n"], 4)
    else:
        for name, usual in (("size_ratio", 1), ("arm_ratio", 1), ("risk", None)):
            if given[name] != usual:
                raise ValueError(f"{name} does not apply to trials with given variances; give n instead of variances")
        v = np.atleast_1d(check.floats("variances", given["variances"]))
        check.studies(np.zeros_like(v), v)
        plain["variances"] = tuple(v.tolist())
    if given["risk"] is not None:
        plain["risk"] = check.number("risk", given["risk"])
        if not 0 < plain["risk"] < 1:
            raise ValueError(f"risk is {plain['risk']:g}; it must lie strictly between 0 and 1")
    return whole | plain


def _whole(name: str, value: object, least: int) -> int:
    """A whole number that is large enough."""
    number = check.number(name, value)
    if number != int(number) or number < least:
        raise ValueError(f"{name} is {number:g}; it must be a whole number of at least {least}")
    return int(number)


def grid(**values: object) -> list[Scenario]:
    """All combinations of the values given for the fields of a `Scenario`; the last field varies fastest.

    Parameters
    ----------
    **values
        For each field one value, or a list of them (not a tuple: `variances` is one).

    Examples
    --------
    >>> [(s.k, s.risk) for s in grid(k=[3, 5], tau2=0.1, n=100, risk=[0.01, 0.1])]
    [(3, 0.01), (3, 0.1), (5, 0.01), (5, 0.1)]
    """
    lists = [value if isinstance(value, list) else [value] for value in values.values()]
    return [Scenario(**dict(zip(values, chosen, strict=True))) for chosen in product(*lists)]


def run(
    scenarios: Iterable[Scenario],
    *,
    seed: int,
    replicates: int = 10_000,
    methods: Sequence[tuple[str, str]] = METHODS,
    level: float = 0.95,
    workers: int = 1,
    scheduler: str | None = None,
) -> pd.DataFrame:
    """Give every method the same made-up meta-analyses and see how its intervals and estimates do.

    Parameters
    ----------
    scenarios : iterable of Scenario
        As from `grid`; each once.
    seed : int
        Not negative. The same seed gives the same table, whatever computes it.
    replicates : int
        Meta-analyses a scenario.
    methods : sequence of (tau2, ci)
        Pairs of an estimator and an interval of `pool`; all pairs unless given.
    level : float
        What the intervals promise.
    workers : int
        Processes on this machine. With more than one, a script must call `run` under ``if __name__ == "__main__":``.
    scheduler : str, optional
        Address of a Dask scheduler, such as "tcp://10.0.0.5:8786"; its workers need this version of mscmeta. Blocks
        of a worker that dies are computed again by the others.

    Returns
    -------
    DataFrame
        A row for each scenario and method: the fields of the scenario (`kind` instead of the variances), `tau2_method`,
        `ci_method`, `replicates`; `intervals`, the share of meta-analyses with an interval (trials without events can
        leave too few); among these `coverage`, the share that held the mean, and the mean `width`; `bias`, the mean of
        estimate minus truth; and `coverage_error` and `bias_error`, the Monte-Carlo standard errors (Morris, White &
        Crowther 2019, table 6).

    Raises
    ------
    ValueError, TypeError
        For options out of their limits, a scenario given twice, and both `workers` and `scheduler`.
    ImportError, ConnectionError
        If a scheduler is named but Dask is not installed, or no scheduler with a worker answers there.

    Examples
    --------
    >>> table = run(grid(k=3, tau2=[0.0, 1.0], variances=(1.0,)), methods=[("DL", "Wald")], replicates=2000, seed=7)
    >>> print(table[["tau2", "coverage", "width"]].round(2).to_string(index=False))
     tau2  coverage  width
      0.0      0.96   2.56
      1.0      0.91   3.16
    """
    scenarios, methods = list(scenarios), tuple((str(t), str(c)) for t, c in methods)
    replicates, workers = _whole("replicates", replicates, 1), _whole("workers", workers, 1)
    seed, level = _whole("seed", seed, 0), check.level(level)
    _refuse(scenarios, methods, workers, scheduler)
    jobs: list[Job] = [
        (scenario, methods, level, seed, number, min(BLOCK, replicates - start))
        for scenario in scenarios
        for number, start in enumerate(range(0, replicates, BLOCK))
    ]
    if scheduler is not None:
        sums = _by_dask(jobs, scheduler)
    else:
        sums = [_block(*job) for job in jobs] if workers == 1 else _by_processes(jobs, workers)
    return _table(scenarios, methods, replicates, np.array(sums))


def _refuse(scenarios: list, methods: tuple, workers: int, scheduler: object) -> None:
    """Say what is wrong before anything is computed."""
    for number, scenario in enumerate(scenarios):
        if not isinstance(scenario, Scenario):
            raise TypeError(f"scenarios holds {scenario!r}; make them by Scenario or grid")
        if scenario in scenarios[:number]:
            raise ValueError(f"scenarios holds {scenario} twice; give each once")
    if not scenarios or not methods:
        raise ValueError(f"{'methods' if scenarios else 'scenarios'} is empty; give at least one")
    for estimator, interval in methods:
        pool([0.0, 1.0], [1.0, 1.0], tau2=estimator, ci=interval)  # refuses what it does not know
    if scheduler is not None and not isinstance(scheduler, str):
        raise TypeError(f"scheduler must be an address such as 'tcp://10.0.0.5:8786', but is {scheduler!r}")
    if scheduler is not None and workers != 1:
        raise ValueError("workers does not apply with a scheduler, which has workers of its own; give one of the two")


def _stream(scenario: Scenario, seed: int, number: int) -> np.random.Generator:
    """Random numbers of one block: a child of the seed, as `SeedSequence.spawn` makes them, with a key of its own."""
    name = sha256(repr(sorted(asdict(scenario).items())).encode()).digest()
    key = (*np.frombuffer(name, "<u4").tolist(), number)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def _block(scenario: Scenario, methods: tuple, level: float, seed: int, number: int, size: int) -> np.ndarray:
    """What `_sums` gives for each method, on the same meta-analyses."""
    y, v = scenario.draw(_stream(scenario, seed, number), size)
    some = ~np.isnan(y).all(axis=0)
    if not some.any():
        return np.zeros((len(methods), 6))
    y, v = y[:, some], v[:, some]
    return np.array([_sums(pool(y, v, tau2=t, ci=c, level=level), scenario.mean) for t, c in methods])


def _sums(fit: Pooled, truth: float) -> list[float]:
    """Estimates, their errors and squared errors summed; intervals, those that hold the truth, and their width."""
    error, width = fit.estimate - truth, fit.ci.high - fit.ci.low
    there = np.isfinite(width)
    held = (fit.ci.low <= truth) & (truth <= fit.ci.high)
    return [error.size, error.sum(), (error * error).sum(), there.sum(), held.sum(), width[there].sum()]


def _by_processes(jobs: list[Job], workers: int) -> list[np.ndarray]:
    """Compute the blocks in processes of this machine."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as processes:
        return list(processes.map(_block, *zip(*jobs, strict=True)))


def _by_dask(jobs: list[Job], scheduler: str) -> list[np.ndarray]:
    """Compute the blocks by the workers of a Dask scheduler; they come back in the order of the jobs."""
    try:
        from distributed import Client
    except ImportError:
        raise ImportError("scheduler needs Dask, which is not installed: pip install 'mscmeta[dask]'") from None
    try:
        client = Client(scheduler, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConnectionError(f"no Dask scheduler answers at {scheduler!r}: {error}") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise ConnectionError(f"the Dask scheduler at {scheduler!r} has no worker; start one") from None
        return client.gather(client.map(_block, *zip(*jobs, strict=True), pure=False))


def _table(scenarios: list[Scenario], methods: tuple, replicates: int, sums: np.ndarray) -> pd.DataFrame:
    """A row for each scenario and method from the sums of the blocks, added up in their order."""
    import pandas as pd

    sums = sums.reshape(len(scenarios), -1, len(methods), 6).sum(axis=1).reshape(-1, 6)
    estimates, error, squares, intervals, held, width = sums.T
    with np.errstate(invalid="ignore", divide="ignore"):  # no estimate or no interval: NaN says so
        coverage, bias = held / intervals, error / estimates
        spread = np.sqrt(np.maximum(squares / estimates - bias**2, 0) / estimates)
        found = {
            "replicates": replicates, "intervals": intervals / replicates, "coverage": coverage,
            "coverage_error": np.sqrt(coverage * (1 - coverage) / intervals), "bias": bias, "bias_error": spread,
            "width": width / intervals,
        }  # fmt: skip
    about = [
        {"kind": _kind(scenario)} | asdict(scenario) | {"tau2_method": estimator, "ci_method": interval}
        for scenario, (estimator, interval) in product(scenarios, methods)
    ]
    return pd.DataFrame(about).drop(columns="variances").assign(**found)


def _kind(scenario: Scenario) -> str:
    """What trials of a scenario report."""
    if scenario.variances is not None:
        return "variances"
    return "means" if scenario.risk is None else "events"
