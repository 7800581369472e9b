"""Small made-up meta-analyses for the tests of figures and reports, and what those tests ask of a figure."""

import numpy as np
import pandas as pd
from matplotlib.text import Text

NAMES = ["Vega 2015", "Gupta 2016", "Emadedin 2018", "Lamo-Espinosa 2016", "Lee 2019", "Ha 2018", "Saw 2013"]
ATTRS = {
    "outcome_label": "WOMAC function",
    "unit": "points",
    "low": 0.0,
    "high": 100.0,
    "higher_is": "worse",
    "mid": 8.0,
}


def made_up(k: int = 7, seed: int = 1) -> pd.DataFrame:
    """Return k contrasts of means with all columns of mscmeta.data.contrasts that a plot may use."""
    random = np.random.default_rng(seed)
    n_1, n_2 = random.integers(8, 40, (2, k))
    mean_2 = random.normal(40, 6, k).round(1)
    mean_1 = (mean_2 - random.normal(6, 6, k)).round(1)
    sd_1, sd_2 = random.uniform(9, 22, (2, k)).round(1)
    frame = pd.DataFrame(
        {
            "trial": [f"t{i}" for i in range(k)],
            "label": [NAMES[i] if i < len(NAMES) else f"Trial {i}" for i in range(k)],
            "comparator_class": [("placebo", "usual care")[i % 2] for i in range(k)],
            "rob": [("low", "unclear", "high", "")[i % 4] for i in range(k)],
            "n_1": n_1,
            "mean_1": mean_1,
            "sd_1": sd_1,
            "n_2": n_2,
            "mean_2": mean_2,
            "sd_2": sd_2,
            "y": mean_1 - mean_2,
            "v": sd_1**2 / n_1 + sd_2**2 / n_2,
            "kind": [("final", "change")[i == 2] for i in range(k)],
            "how": [("reported", "secondary", "converted")[i % 3] for i in range(k)],
        }
    )
    frame.attrs.update(ATTRS, measure="MD")
    return frame


def made_up_events() -> pd.DataFrame:
    """Return three contrasts of events, effects as log risk ratios."""
    frame = pd.DataFrame(
        {
            "label": NAMES[:3],
            "events_1": [5, 8, 3],
            "n_1": [15, 40, 12],
            "events_2": [3, 2, 2],
            "n_2": [15, 10, 12],
        }
    )
    frame["y"] = np.log(frame.events_1 / frame.n_1) - np.log(frame.events_2 / frame.n_2)
    frame["v"] = 1 / frame.events_1 - 1 / frame.n_1 + 1 / frame.events_2 - 1 / frame.n_2
    frame.attrs.update(measure="RR", higher_is="worse")
    return frame


def texts(drawn) -> list[str]:
    """Return every text that a figure shows."""
    figure = getattr(drawn, "figure", None) or drawn
    figure.draw_without_rendering()
    return [text.get_text() for text in figure.findobj(Text) if text.get_visible() and text.get_text()]


def marks(drawn, gid: str) -> list:
    """Return the artists of a figure that carry this name."""
    figure = getattr(drawn, "figure", None) or drawn
    return figure.findobj(lambda artist: artist.get_gid() == gid)


def boxes(ax) -> list[tuple[str, object]]:
    """Return each text written into these axes with the box that it takes, in pixels."""
    ax.figure.draw_without_rendering()
    return [(text.get_text(), text.get_window_extent()) for text in ax.texts if text.get_text()]
