# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Every notebook is rehearsed: each full cell makes two steps.

A notebook whose code never asks for the mode does the same in all of them: nbval has
then run every full cell already, and it is not executed again here.
"""

import re

import pytest

from tools import notebooks

COURSE = notebooks.ROOT / "course"


def asks_for_the_mode(path):
    """Whether a code cell reads the mode; unclear uses count as reading."""
    cells = notebooks.read_source(path).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    known = r"^run$|\brun\.(?:generator|device|nb)\b|\brun = srlab\.setup\("
    rest = re.sub(known, "", code, flags=re.M)
    return re.search(r"\brun\b|SRLAB_MODE", rest) is not None


SOURCES = notebooks.sources(COURSE)
ASKING = [path for path in SOURCES if asks_for_the_mode(path)]


@pytest.mark.slow
@pytest.mark.parametrize("path", ASKING, ids=lambda path: path.stem)
def test_every_full_cell_is_rehearsed(path):
    notebooks.execute(notebooks.read_source(path), COURSE, "rehearse")


def test_only_notebooks_without_a_mode_are_left_out(tmp_path):
    left_out = set(SOURCES) - set(ASKING)
    assert len(ASKING) > len(left_out)
    for path in left_out:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"run\.(fast|full|rehearse|mode|pick)", text)
    head = "# %%\nrun = srlab.setup(1)\nrun\n\n# %%\n"
    cases = {"x = 1": False, "x.to(run.device)": False, "train(run)": True}
    cases |= {"run.pick(fast=1, full=9, rehearse=2)": True, "if run.full:\n    y": True}
    for number, (code, asks) in enumerate(cases.items()):
        path = tmp_path / f"{number}.py"
        path.write_text(head + code + "\n", encoding="utf-8")
        assert asks_for_the_mode(path) is asks, code
