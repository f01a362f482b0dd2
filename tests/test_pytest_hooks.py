# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""conftest.py: skips in CI, browser tests without a browser, the order of tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TESTS = """
import pytest

@pytest.mark.timing
def test_speed(): pass

@pytest.mark.skip(reason="no GPU here")
def test_allowed(): pass

def test_lazy(): pytest.skip("I do not feel like it")

@pytest.mark.browser
def test_page(): pass

@pytest.mark.xfail(reason="known")
def test_known(): assert False
"""


@pytest.fixture
def project(tmp_path):
    return fill(tmp_path)


@pytest.fixture(scope="module")
def at_home(tmp_path_factory):
    """What the run of an untouched project says without CI."""
    return run(fill(tmp_path_factory.mktemp("project")), ci="")


def fill(tmp_path):
    """A project with our conftest.py and tests that skip."""
    shutil.copy(ROOT / "conftest.py", tmp_path)
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "allowed_skips.txt", tmp_path / "tests")
    (tmp_path / "test_some.py").write_text(TESTS)
    markers = "[pytest]\nmarkers =\n    browser: x\n    timing: x\n"
    (tmp_path / "pytest.ini").write_text(markers)
    return tmp_path


def run(folder, *arguments, ci):
    environment = dict(os.environ, CI=ci, PYTHONPATH=str(ROOT), CHROMIUM="")
    environment["PATH"] = str(folder)  # no browser there
    command = [sys.executable, "-m", "pytest", "-v", "-rs", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_skips_stay_skips_at_home(at_home):
    assert at_home.returncode == 0, at_home.stdout
    assert "chromium is not installed: test_page" in at_home.stdout
    assert "1 passed, 3 skipped, 1 xfailed" in at_home.stdout


def test_a_skip_that_is_not_allowed_fails_in_ci(project):
    result = run(project, ci="true")
    assert result.returncode == 1
    assert "1 failed, 1 passed, 1 skipped, 1 xfailed, 1 error" in result.stdout
    assert "may not be skipped here: I do not feel like it" in result.stdout
    assert "test_allowed SKIPPED" in result.stdout


def test_a_module_that_skips_itself_fails_in_ci(project):
    text = "import pytest\npytest.importorskip('no_such_module')\n"
    (project / "test_some.py").write_text(text)
    assert run(project, ci="").returncode in (0, 5)
    result = run(project, ci="true")
    assert result.returncode != 0 and "may not be skipped here" in result.stdout


def test_speed_is_measured_last(at_home):
    lines = at_home.stdout.splitlines()
    order = [line.split("::")[1].split()[0] for line in lines if "::test_" in line]
    assert order[-1] == "test_speed"
