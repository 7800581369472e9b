"""Importing mscmeta: light, quick, and the same names whatever is imported first. Each in an interpreter of its own."""

import subprocess
import sys

import pytest

import mscmeta

HEAVY = ("scipy.stats", "scipy.optimize", "pandas", "matplotlib", "IPython", "scipy.integrate")


def run(code):
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_import_leaves_heavy_packages_alone():
    loaded = run("import sys, mscmeta; print(*sys.modules)")
    assert "mscmeta" in loaded
    assert not {*HEAVY, "numpy", "mscmeta.pool"} & set(loaded)


def test_pooling_needs_no_heavy_package_either():
    code = (
        "import sys; from mscmeta import pool, tau2_interval, leave_one_out, gosh, meta_regression, subgroups;"
        "y, v = [1., 2., 4.], [1., 1., 1.]; fit = pool(y, v); fit.prediction_interval(); repr(fit); fit._repr_html_();"
        "tau2_interval(y, v, 'BJ'); tau2_interval(y, v, 'PL'); pool(y, v, tau2='ML', ci='PL'); gosh(y, v);"
        "meta_regression(y, v, [1, 2, 9]); subgroups(y, v, ['a', 'a', 'b']); print(*sys.modules)"
    )
    assert not set(HEAVY) & set(run(code))


@pytest.mark.parametrize(
    "first",
    [
        "from mscmeta import pool",
        "import mscmeta.pool; from mscmeta import pool",
        "import mscmeta.sensitivity; from mscmeta import pool",
        "from mscmeta.pool import Pooled; from mscmeta import pool",
        "import mscmeta.tau2, mscmeta.regression; from mscmeta import pool",
        "from mscmeta import leave_one_out, pool",
        "import importlib; importlib.import_module('mscmeta.pool'); from mscmeta import pool",
        "import mscmeta; pool = mscmeta.pool",
        "import mscmeta.sensitivity, mscmeta; pool = mscmeta.pool",
    ],
)
def test_pool_is_the_function_whatever_comes_first(first):
    assert run(f"{first}; print(pool([1.0, 3.0], [1.0, 1.0]).estimate, pool.__module__)") == ["2.0", "mscmeta.pool"]


def test_every_public_name_can_be_imported():
    assert "pool" in mscmeta.__all__
    assert set(mscmeta.__all__) <= set(dir(mscmeta))
    for name in mscmeta.__all__:
        assert callable(getattr(mscmeta, name)), name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'mscmeta' has no attribute 'pooled'"):
        _ = mscmeta.pooled
