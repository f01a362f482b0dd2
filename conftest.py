# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""pytest for package and course: what nbval compares, what may be skipped, and when.

* Outputs of notebooks are compared as text/plain; warnings and HTML are not.
* Without a Chromium the browser tests are skipped, each by its name.
* With CI=true a skip whose reason is not in tests/allowed_skips.txt is a failure.
* Speed is measured last, after the tests that share the machine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from srlab.doctor import find_chromium
from tools.notebooks import NOT_COMPARED

os.environ.setdefault("TQDM_DISABLE", "1")  # in the notebooks' kernels, too
ALLOWED_SKIPS = Path(__file__).parent / "tests" / "allowed_skips.txt"
# Cells, exercises and tools are not modules to look for doctests in; a student's
# working copies are nobody's tests.
collect_ignore_glob = [
    "course/source/*",
    "course/exercises/*",
    "tests/course_sample/*",
    "tools/*",
    "work/*",
    "build/*",
    "runs/*",
    ".venv/*",
]


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Tell nbval what beside its own list is not compared."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += NOT_COMPARED


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser") and find_chromium() is None:
        pytest.skip(f"chromium is not installed: {item.name}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # On a busy machine a kernel may take longer than nbval's 5 s to say it is idle.
    for item in items:
        if hasattr(item, "output_timeout"):
            item.output_timeout = 60
    items.sort(key=lambda item: item.get_closest_marker("timing") is not None)


def allowed_skips() -> list[str]:
    """The patterns of reasons for which CI may skip, one a line."""
    lines = ALLOWED_SKIPS.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip that is not on the list into a failure, in CI only."""
    if os.environ.get("CI") != "true" or not report.skipped:
        return
    if hasattr(report, "wasxfail"):
        return
    *_, reason = report.longrepr if isinstance(report.longrepr, tuple) else ("",)
    reason = reason.removeprefix("Skipped: ")
    if not any(re.search(pattern, reason) for pattern in allowed_skips()):
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} may not be skipped here: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    report = yield
    _refuse_skip(report)
    return report
