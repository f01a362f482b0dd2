"""Every notebook is rehearsed: each full cell makes two steps.

Beside `test_runs.py` and not in it, since a worker takes whole files.
"""

import pytest

from tools import notebooks

COURSE = notebooks.ROOT / "course"
SOURCES = notebooks.sources(COURSE)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_full_cell_is_rehearsed(path):
    notebooks.execute(notebooks.read_source(path), COURSE, "rehearse")
