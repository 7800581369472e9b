"""Answers of notebooks/comparison/opinions.ipynb: pain at six months, opinions of data/priors.csv, cm of ten."""

from __future__ import annotations

import numpy as np

from mscmeta import data, normal_normal
from mscmeta.chances import chance_of_benefit
from mscmeta.exercises import Answer
from mscmeta.priors import normal_prior


def _trials(comparator=None):
    trials = data.contrasts("cochrane2025", "pain", 6)
    return trials if comparator is None else trials[trials.comparator_class == comparator]


def _mid():
    return _trials().attrs["mid"]


def _sd(chance):
    return normal_prior(0, _mid(), chance, higher_is="worse").sd


def _posterior(opinion, comparator=None):
    row = data.table("priors").set_index("prior").loc[opinion]
    prior = normal_prior(row.centre, row.point, row.chance, higher_is="worse")
    every, trials = _trials(), _trials(comparator)
    scale = every[["sd_1", "sd_2"]].stack().median() / 2
    return normal_normal(trials.y, trials.v, scale=scale, mu_mean=prior.mean, mu_sd=prior.sd)


def _chance(opinion, threshold, comparator=None):
    return chance_of_benefit(_posterior(opinion, comparator), threshold, higher_is="worse")


ANSWERS = {
    1: Answer(
        lambda: _sd(0.01),
        tolerance=0.002,
        unit="cm",
        wrong={
            lambda: _sd(0.05): "that gives the MID 1 chance in 20; 1 in 100 is asked for",
            lambda: _sd(0.005): "that is the two-sided quantile; the chance is on one side only",
            lambda: _sd(0.01) ** 2: "that is the variance; the standard deviation is asked for",
            lambda: _mid() * _mid() / _sd(0.01): "divide the MID by the quantile, do not multiply",
        },
    ),
    2: Answer(
        lambda: _chance("sceptical", _mid()).mean,
        tolerance=0.002,
        wrong={
            lambda: _chance("flat", _mid()).mean: "that is with the flat prior",
            lambda: _chance("sceptical", 0).mean: "that is the chance of any benefit; the MID is the threshold",
            lambda: _chance("sceptical", _mid(), "placebo").mean: "that is against placebo; take all trials",
            lambda: _chance("sceptical", _mid()).new: "that is the next trial; the mean is asked for",
            lambda: 100 * _chance("sceptical", _mid()).mean: "give a share from 0 to 1, not a percentage",
        },
    ),
    3: Answer(
        lambda: 1 - _chance("flat", 0, "placebo").new,
        tolerance=0.002,
        wrong={
            lambda: _chance("flat", 0, "placebo").new: "that is the chance of a benefit; take the other side",
            lambda: (
                1 - _chance("flat", 0, "placebo").mean
            ): "that is about the mean; the next trial scatters by tau too",
            lambda: 1 - _chance("flat", 0).new: "that is with all comparators; take those against placebo",
            lambda: float(
                np.mean(_trials("placebo").y > 0)
            ): "that counts the trials seen; ask the posterior for a new one",
        },
    ),
}
