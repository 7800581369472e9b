"""Checks that need only printed numbers, all aware of rounding.

Inputs are strings as printed; a verdict is ``contradicted`` only when no unrounded values could agree
(`mscmeta.audit._printed` states the box convention). A flag says what cannot be true, never why.
"""

from mscmeta.audit._printed import VERDICTS, Box, Finding, box, count, decimals, p_box
from mscmeta.audit.intervals import (
    centred,
    df_implied,
    direction,
    inside,
    interval_from_p,
    p_from_interval,
    p_from_statistic,
    significance,
)
from mscmeta.audit.numbers import (
    adds_up,
    effect_within_scale,
    grim,
    near_identical,
    percentage,
    percentage_possible,
    ratio_possible,
    same,
    sd_possible,
    spans,
    within_limits,
)
from mscmeta.audit.readings import other_end, se_for_sd, slipped_point
from mscmeta.audit.rows import Row, analysed_randomised, arms_on_scale, effect_from_arms, large_effect, report_itself
from mscmeta.audit.statements import (
    among,
    counted,
    every,
    exceeds,
    method_fits,
    most,
    same_words,
    standard_error,
    threshold_kept,
    within_mid,
)
from mscmeta.audit.trials import audit_rows, repeated_visit, shared_control, spread, spreads_across
from mscmeta.audit.visits import counts_exchanged, jumps, one_baseline, smallest_spread

__all__ = [
    "VERDICTS",
    "Box",
    "Finding",
    "Row",
    "adds_up",
    "among",
    "analysed_randomised",
    "arms_on_scale",
    "audit_rows",
    "box",
    "centred",
    "count",
    "counted",
    "counts_exchanged",
    "decimals",
    "df_implied",
    "direction",
    "effect_from_arms",
    "effect_within_scale",
    "every",
    "exceeds",
    "grim",
    "inside",
    "interval_from_p",
    "jumps",
    "large_effect",
    "method_fits",
    "most",
    "near_identical",
    "one_baseline",
    "other_end",
    "p_box",
    "p_from_interval",
    "p_from_statistic",
    "percentage",
    "percentage_possible",
    "ratio_possible",
    "repeated_visit",
    "report_itself",
    "same",
    "same_words",
    "sd_possible",
    "se_for_sd",
    "shared_control",
    "significance",
    "slipped_point",
    "smallest_spread",
    "spans",
    "spread",
    "spreads_across",
    "standard_error",
    "threshold_kept",
    "within_limits",
    "within_mid",
]
