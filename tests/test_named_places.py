# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Every path and make target that README.md and CONTRIBUTING.md name is there."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MADE = ("build", "work", "runs", ".venv")  # by a command, on the reader's machine
BASES = (ROOT, ROOT / "data", ROOT / "tests")  # a row of a table may leave these out


def words(page):
    """The words of everything that stands between backticks, or in a block of code."""
    text = (ROOT / page).read_text(encoding="utf-8")
    pieces = re.findall(r"```\w*\n(.*?)```", text, re.S)
    text = re.sub(r"```.*?```", "", text, flags=re.S)
    return [piece.split() for piece in [*pieces, *re.findall(r"`([^`]+)`", text)]]


def is_there(path):
    if path.split("/")[0] in MADE:
        return True
    pattern = path.rstrip("/").replace("NN", "[0-9][0-9]").replace("slug", "*")
    return any(next(base.glob(pattern), None) for base in BASES)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_paths_are_there(page):
    shaped = r"\w[\w.]*/(?:[\w.*]+/?)*|\w+\.(?:toml|txt|md|cff)"
    found = {w.rstrip(":,;") for piece in words(page) for w in piece}
    paths = {w for w in found if re.fullmatch(shaped, w)}
    assert len(paths) > 10
    assert not sorted(path for path in paths if not is_there(path))


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_make_knows_what_it_is_asked_for(page):
    known = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M)
    asked = [
        after
        for piece in words(page)
        for word, after in pairwise(piece)
        if word == "make" and re.fullmatch(r"[a-z-]+", after)
    ]
    assert asked and not set(asked) - set(known)
