# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Every notebook keeps to its time and memory: conftest.py measures nbval's run."""

import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest

from tools import notebooks

ROOT = notebooks.ROOT
SOURCES = notebooks.sources(ROOT / "course")
# Cells that show something large, seldom; a cell that takes a while.
LARGE = """class Large:
    def __init__(self):
        self.held = bytearray(b"x") * (8 << 20)
    def __repr__(self):
        return "large"
"""
KILLER = """import os, time
def pytest_runtest_setup(item):
    if item.nodeid == "dead.ipynb::time and memory":
        os.kill(item.parent.kernel.km.provisioner.pid, 9)
        time.sleep(1)
"""
BOUNDS = "[pytest]\nmarkers =\n    browser: x\n    timing: x\nnotebook_mb = 200\n"


@pytest.fixture
def project(tmp_path):
    """A folder with our conftest.py, where a notebook may take 200 MB."""
    shutil.copy(ROOT / "conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text(BOUNDS)
    (tmp_path / "killer.py").write_text(KILLER)
    return tmp_path


def add(folder, name, *cells):
    """Write a notebook of code cells (source, text that it shows)."""
    notebook = nbformat.v4.new_notebook()
    for number, (source, shown) in enumerate(cells, 1):
        out = nbformat.v4.new_output(
            "execute_result", {"text/plain": shown}, execution_count=number
        )
        cell = nbformat.v4.new_code_cell(source, execution_count=number)
        cell.outputs = [out] if shown else []
        notebook.cells.append(cell)
    nbformat.write(notebook, folder / f"{name}.ipynb")


def failures(folder, *arguments):
    """Run all notebooks of a folder: item that failed -> why."""
    command = [sys.executable, "-m", "pytest", "-rf", "-p", "no:cacheprovider"]
    told = ["--nbval", "--nbval-current-env", *arguments]
    known = f"{ROOT}{os.pathsep}{folder}"
    done = subprocess.run(
        [*command, *told],
        cwd=folder,
        env=dict(os.environ, CI="", COLUMNS="200", PYTHONPATH=known),
        capture_output=True,
        text=True,
        check=False,
    )
    assert " passed" in done.stdout, done.stdout + done.stderr
    return dict(re.findall(r"^FAILED (\S+::[\w ]+?)(?: - (.*))?$", done.stdout, re.M))


def test_each_notebook_is_measured_in_the_run_that_compares_it(project):
    add(project, "small", ("1 + 1", "2"), ("2 + 2", "4"))
    add(project, "large", (LARGE, ""), *[("Large()", "large")] * 24)
    add(project, "wrong", ("1 + 1", "3"))
    add(project, "part", ("1 + 1", "2"), ("# NBVAL_SKIP\n2 + 2", "4"))
    found = failures(project, "-n", "2", "--dist", "loadfile")
    late = "time and memory"
    named = {"wrong.ipynb::Cell 0", f"large.ipynb::{late}", f"part.ipynb::{late}"}
    assert set(found) == named
    words = r"large.ipynb took 2\d\d mb, 200 are allowed"
    assert re.search(words, found[f"large.ipynb::{late}"])
    assert "not measured: cells [1] were not run" in found[f"part.ipynb::{late}"]


def test_slow_ones_and_dead_ones_are_found(project):
    add(project, "slow", ("1 + 1", "2"))
    add(project, "dead", ("1 + 1", "2"))
    found = failures(project, "-o", "notebook_seconds=0.1", "-p", "killer")
    assert set(found) == {f"{name}.ipynb::time and memory" for name in ("slow", "dead")}
    assert "seconds, 0 are allowed" in found["slow.ipynb::time and memory"]
    assert "the kernel died" in found["dead.ipynb::time and memory"]


def test_every_source_has_a_notebook_that_nbval_runs():
    """Built, and run by `make test` with outputs compared: none goes unmeasured."""
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "--nbval " in recipe and " tests srlab course\n" in recipe
    for path in SOURCES:
        built = ROOT / "course" / f"{path.stem}.ipynb"
        assert built.exists(), f"{path.stem} is not built; run: make notebooks"
        cells = nbformat.read(built, as_version=4).cells
        assert any(cell.cell_type == "code" and cell.outputs for cell in cells)
