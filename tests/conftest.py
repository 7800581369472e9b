"""What all tests share: the same examples on every run, figures closed after each test, one browser a module."""

import os
import sys

import pytest
from hypothesis import settings

from tests.tinybook import CHROMIUM, QUIET

settings.register_profile("book", derandomize=True, deadline=None, database=None, max_examples=60)
settings.register_profile("thorough", deadline=None, database=None, max_examples=5000)
settings.load_profile("book")

# Groups that take minutes come first, the longest before the others: then all processes of pytest-xdist end together.
LONGEST = (
    "tests/test_site.py::TestCopyOfHostileData",
    "tests/test_site.py::TestInTheBrowser",
    "tests/test_pdf.py::TestWholeBook",
    "tests/test_build.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long groups first; the order within a group, and of all others, stays."""
    items.sort(
        key=lambda item: next((i for i, name in enumerate(LONGEST) if item.nodeid.startswith(name)), len(LONGEST))
    )


@pytest.fixture(autouse=True)
def _close_figures():
    """Close what a test has drawn; one that draws nothing does not load matplotlib for it."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="module")
def chromium() -> str:
    """Find Chromium; where there is none the tests are skipped, unless a browser is required."""
    if CHROMIUM is None:
        if os.environ.get("MSCMETA_REQUIRE_BROWSER") == "1":
            pytest.fail("Chromium is not installed, and MSCMETA_REQUIRE_BROWSER is set")
        pytest.skip("Chromium is not installed (Debian: apt install chromium)")
    return CHROMIUM


@pytest.fixture(scope="module")
def browser(chromium):
    """Start Chromium once for the tests of a module."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield started
        started.close()
