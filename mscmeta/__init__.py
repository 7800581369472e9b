"""Meta-analysis for two reviews of stem cells for the arthritic knee: small, pure, arrays in, frozen results out.

Every public name is imported at first use, so ``import mscmeta`` costs next to nothing and neither pandas nor
matplotlib is loaded until a table or a figure is asked for.
"""

import sys
from importlib import import_module
from types import ModuleType

_HOME = {
    "effects": "Effect mean_difference standardized_mean_difference ratio_of_means risk_ratio odds_ratio "
    "risk_difference mantel_haenszel peto",
    "convert": "MeanSD Arm combine_arms split_control mean_sd_from_quartiles mean_sd_from_range sd_from_ci se_from_p "
    "sd_of_change",
    "tau2": "tau2_interval",
    "pool": "Pooled Interval Ratio pool",
    "sensitivity": "leave_one_out cumulative influence gosh multiverse",
    "regression": "subgroups meta_regression permutation_test",
    "small_study": "egger begg peters trim_and_fill",
    "bayes": "Posterior normal_normal",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> object:
    if name in _MODULE_OF:
        value = getattr(import_module(f"mscmeta.{_MODULE_OF[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'mscmeta' has no attribute '{name}'")


def __dir__() -> list[str]:
    return [*globals(), *__all__]


class _Package(ModuleType):
    """Keeps `pool` the function, which Python would replace by the module of that name whenever that is imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _MODULE_OF and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
