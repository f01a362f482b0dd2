# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""pytest for package and course: what nbval compares, what may be skipped, and when.

* Outputs of notebooks are compared as text/plain; warnings and HTML are not.
* A notebook's last item says whether that run kept to its time and memory.
* Without a Chromium the browser tests are skipped, each by its name.
* With CI=true a skip whose reason is not in tests/allowed_skips.txt is a failure.
* The longest come first, so that two workers end together; speed is measured last,
  after the tests that share the machine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from srlab.doctor import find_chromium
from tools.notebooks import NOT_COMPARED, peak_mb

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


MOST_SECONDS = 240  # of a notebook, one thread beside another one; 120 on two cores
SLOW_SECONDS = 60  # of a test on a busy machine; 30 on a core of its own
MOST_MB = 1500  # fits a Binder visitor's two gigabytes with room for Jupyter
LONGEST = "test_rehearsals.py"  # a file of minutes, before all else
SECONDS = pytest.StashKey[dict[tuple[str, int], float]]()  # ("call", cell) -> its time


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("notebook_seconds", "most of a notebook", default=str(MOST_SECONDS))
    parser.addini("notebook_mb", "most of its kernel", default=str(MOST_MB))


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Tell nbval what beside its own list is not compared."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += NOT_COMPARED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    if item.get_closest_marker("browser") and find_chromium() is None:
        pytest.skip(f"chromium is not installed: {item.name}")
    yield
    if is_cell(item) and SECONDS not in item.parent.stash:
        item.parent.stash[SECONDS] = {}
        _keep_history(item.parent.kernel.kc)


def is_cell(item: pytest.Item) -> bool:
    """True for a cell of a notebook that nbval runs."""
    return hasattr(item, "cell_num")


def _keep_history(client: Any) -> None:
    """What a cell shows stays in Out, as in Jupyter; nbval would let it go."""
    execute = client.execute

    def execute_and_keep(*args: Any, **options: Any) -> str:
        return execute(*args, **options | {"store_history": True})

    client.execute = execute_and_keep


class Cost(pytest.Item):
    """The last item of a notebook: what nbval's run of all its cells took."""

    def runtest(self) -> None:
        seconds = self.parent.stash.get(SECONDS, {})
        cells = [c for c in self.parent.nb.cells if c.cell_type == "code"]
        missing = [n for n in range(len(cells)) if ("call", n) not in seconds]
        if missing:
            pytest.fail(f"not measured: cells {missing} were not run", pytrace=False)
        kernel = self.parent.kernel
        if not kernel.is_alive():
            pytest.fail("not measured: the kernel died", pytrace=False)
        self._keeps("seconds", sum(seconds.values()))
        self._keeps("mb", peak_mb(kernel.km.provisioner.pid))

    def _keeps(self, unit: str, value: float) -> None:
        most = float(self.config.getini(f"notebook_{unit}"))
        self.user_properties.append((unit, round(value, 1)))
        if not value < most:
            text = f"{self.parent.name} took {value:.0f} {unit}, {most:.0f} are allowed"
            pytest.fail(text, pytrace=False)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"{self.parent.name}: {self.name}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # On a busy machine a kernel may take longer than nbval's 5 s to say it is idle.
    cells = [item for item in items if is_cell(item)]
    for item in cells:
        item.output_timeout = 60
    last = {item.parent: item for item in cells}
    for notebook, cell in last.items():
        cost = Cost.from_parent(notebook, name="time and memory")
        items.insert(items.index(cell) + 1, cost)
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    """Where it stands in the order: rehearsals, notebooks, others, speeds."""
    if item.get_closest_marker("timing"):
        return 3
    return 0 if item.path.name == LONGEST else 1 if item.path.suffix == ".ipynb" else 2


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Name the tests that took a minute and are not marked as slow."""
    for report in terminalreporter.getreports("passed"):
        is_test = ".ipynb" not in report.nodeid and LONGEST not in report.nodeid
        known = {"slow", "timing", "browser"} & set(report.keywords)
        if is_test and not known and report.duration > SLOW_SECONDS:
            text = f"{report.nodeid}: {report.duration:.0f} s, not marked slow"
            terminalreporter.write_line(text, yellow=True)


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
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[None]:
    report = yield
    if is_cell(item) and not report.skipped:  # the kernel starts in the first setup
        seconds = item.parent.stash.setdefault(SECONDS, {})
        seconds[call.when, item.cell_num] = call.duration
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    report = yield
    _refuse_skip(report)
    return report
