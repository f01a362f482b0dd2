"""Every notebook runs alone, within its time and memory."""

import pytest

from tools import notebooks

COURSE = notebooks.ROOT / "course"
SOURCES = notebooks.sources(COURSE)
MOST_MB = 1500  # these fit a Binder visitor's two gigabytes with room for Jupyter
MOST_SECONDS = 160  # fast mode, on one thread beside another test; 120 on two cores


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_a_fast_run_keeps_to_its_time_and_memory(path):
    measured = notebooks.execute(notebooks.read_source(path), COURSE, "fast")
    assert measured.peak_mb < MOST_MB
    assert measured.seconds < MOST_SECONDS
