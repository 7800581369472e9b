"""Times of the Python peers on the data of bench.py: seconds for the whole task, CPU time, as JSON.

Usage: python peers.py DATA.npz (run by bench.py with the interpreter of the peers' own environment).
Loops are timed on a part and scaled up; the batch of PyMARE is timed as it is.
"""

import json
import sys
import time
import warnings

import numpy as np


def seconds(work, repeats=3):
    """CPU time of one call, the least of a few."""
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def pymare_batch(y, v, estimator):
    from pymare import Dataset, estimators

    fit = getattr(estimators, estimator)()
    fit.fit_dataset(Dataset(y=y, v=v, X=None, add_intercept=True))
    summary = fit.summary()
    summary.get_fe_stats()
    return summary


def loop(one, y, v, n=200):
    """Time of one(y, v) over all columns, from the first n of them."""
    part = seconds(lambda: [one(y[:, i], v[:, i]) for i in range(n)], 2)
    return part / n * y.shape[1]


def main(path):
    warnings.simplefilter("ignore")
    data = np.load(path)
    y, v, one_y, one_v, out_y, out_v = (data[k] for k in ("y", "v", "one_y", "one_v", "out_y", "out_v"))
    times = {}

    import pymare

    times["PyMARE, batch"] = {
        "dl": seconds(lambda: pymare_batch(y, v, "DerSimonianLaird")),
        "reml": seconds(lambda: pymare_batch(y, v, "VarianceBasedLikelihoodEstimator"), 1),
        "one": seconds(lambda: pymare.meta_regression(y=one_y, v=one_v, method="REML").get_fe_stats(), 20),
    }

    from meta_analyze import meta_analysis

    def pma(y, v, method):
        return meta_analysis(effect=y, variance=v, tau2_method=method, ci_method="hartung_knapp")

    times["PyMetaAnalysis"] = {
        "dl": loop(lambda a, b: pma(a, b, "DL"), y, v),
        "reml": loop(lambda a, b: pma(a, b, "REML"), y, v),
        "one": seconds(lambda: pma(one_y, one_v, "REML"), 20),
        "out": seconds(lambda: pma(out_y, out_v, "REML").leave_one_out(), 3),
    }

    import pimeta

    times["pimeta"] = {
        "dl": loop(lambda a, b: pimeta.rma(a, b, method="DL", test="knha"), y, v),
        "reml": loop(lambda a, b: pimeta.rma(a, b, method="REML", test="knha"), y, v),
        "one": seconds(lambda: pimeta.rma(one_y, one_v, method="REML", test="knha"), 20),
        "out": seconds(lambda: pimeta.leave1out(out_y, out_v, method="REML"), 3),
    }

    from statsmodels.stats.meta_analysis import combine_effects

    times["statsmodels"] = {
        "dl": loop(lambda a, b: combine_effects(a, b, method_re="dl").conf_int(use_t=True), y, v),
    }
    print(json.dumps(times))


if __name__ == "__main__":
    main(sys.argv[1])
