"""Hatching is made of strokes: no fill pattern, which Chromium prints as a picture of dots."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.transforms import Bbox

from mscmeta import plots
from mscmeta.plots._hatch import Hatched, _strokes
from mscmeta.report._display import to_svg


def bar(width, **look):
    """An SVG of one bar of this width."""
    figure, ax = plt.subplots(figsize=(3, 1))
    ax.barh(0, width, color="white", edgecolor="black", **look)
    return to_svg(figure)


@pytest.mark.parametrize("angle", [0, 45, 90, 135])
def test_strokes_are_parallel_one_gap_apart_and_cover_the_box(angle):
    box, gap = Bbox([[10, 20], [70, 50]]), 4.0
    ends = _strokes(box, np.deg2rad(angle), gap).vertices.reshape(-1, 2, 2)
    normal = np.array([-np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))])
    across = ends[:, 0] @ normal
    np.testing.assert_allclose(np.diff(across), gap)
    np.testing.assert_allclose(ends[:, 1] @ normal, across)
    corners = np.array([(x, y) for x in (10, 70) for y in (20, 50)]) @ normal
    assert across.min() - gap < corners.min()
    assert across.max() + gap > corners.max()


def test_a_hatched_bar_is_clipped_strokes_and_no_pattern():
    plain, hatched = bar(2), bar(2, path_effects=[Hatched(45)])
    assert "<pattern" in bar(2, hatch="//")
    assert "<pattern" not in hatched
    assert hatched.count("<clipPath") == plain.count("<clipPath") + 1
    strokes = re.findall(r'<path d="((?:M[^MLz]*L[^MLz]*){3,})" clip-path="url', hatched)
    assert len(strokes) == 1
    assert len(re.findall(r"clip-path", bar(2, path_effects=[Hatched(45, 135)]))) > hatched.count("clip-path")
    assert hatched == bar(2, path_effects=[Hatched(45)])


def test_a_bar_of_no_width_has_no_strokes():
    assert bar(0, path_effects=[Hatched(45)]).count("clip-path") == bar(0).count("clip-path")


def test_levels_of_bias_keep_their_hatching_in_bars_and_key():
    marks = pd.DataFrame({"overall": ["low", "unclear", "high", "no information"]}, index=list("ABCD"))
    svg = to_svg(plots.risk_of_bias_summary(marks).figure)
    assert "<pattern" not in svg
    plain = to_svg(plots.risk_of_bias_summary(marks.replace(["unclear", "high", "no information"], "low")).figure)
    assert svg.count("<clipPath") - plain.count("<clipPath") == 2 * 3  # three levels, in the bar and in the key
