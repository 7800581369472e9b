"""Every figure of the book. matplotlib is imported here and nowhere else, and only when a figure is asked for."""

from importlib import import_module

_HOME = {
    "_forest": "forest",
    "small_study": "funnel radial",
    "trials": "labbe baujat bubble",
    "diagnostics": "gosh influence_panel",
    "curves": "drapery",
    "bias": "risk_of_bias risk_of_bias_summary",
    "flow": "flow_diagram",
    "against_mid": "results_against_mid",
    "missing": "missing_region",
    "evidence": "evidence_map",
    "sets": "sets_against_printed",
    "sequential": "sequential_path",
    "certainty": "certainty_profile",
    "priors": "opinions",
    "methods": "likelihood coverage",
    "contributions": "waterfall contribution_ranges",
    "multiverse": "specification_curve multiverse_spread",
    "plain": "lines rank_histogram within_between",
    "heterogeneity": "i2_by_size",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> object:
    if name in _MODULE_OF:
        value = getattr(import_module(f"mscmeta.plots.{_MODULE_OF[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'mscmeta.plots' has no attribute '{name}'")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
