# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Fixtures of the browser tests: one Chromium, one build of each deck."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import browser_paths
import nbformat
import pytest
import slides
from deck_browser import chromium, write_pdf
from deck_report import DeckReport, inspect_deck
from playwright.sync_api import Browser
from sample_notebook import sample_notebook
from xdist.scheduler import LoadScopeScheduling


class ByNotebook(LoadScopeScheduling):
    """One worker has all tests of a notebook's decks, so that they are built once."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, name = nodeid.partition("::")
        notebook = re.search(r"\[(\d\d_\w+)", name)
        if notebook:
            return notebook[1]
        return "99_sample" if file.endswith("test_slides.py") else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByNotebook:
    return ByNotebook(config, log)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium for all tests; each opens a context of its own."""
    with chromium() as running:
        yield running


class Decks(dict[str, slides.Deck]):
    """File name -> deck; both decks of a notebook are built when one is asked for.

    Two workers share the notebooks of the course, and neither builds the other's.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        sample = folder / "99_sample.ipynb"
        nbformat.write(sample_notebook(), sample)
        self.notebooks = {path.stem: path for path in [*browser_paths.COURSE, sample]}

    def __missing__(self, name: str) -> slides.Deck:
        notebook = self.notebooks[name.split(".")[0]]
        built = slides.build([notebook], self.folder / "slides")
        self.update({deck.page.name: deck for deck in built})
        return self[name]


class Reports(dict[str, DeckReport]):
    """File name -> report; a deck is opened, measured and printed when it is asked."""

    def __init__(self, decks: Decks, browser: Browser) -> None:
        super().__init__()
        self.decks, self.browser = decks, browser

    def __missing__(self, name: str) -> DeckReport:
        deck = self.decks[name]
        self[name] = inspect_deck(self.browser, deck)
        page = self.browser.new_page()
        write_pdf(page, deck.page, deck.pdf)
        page.close()
        return self[name]


@pytest.fixture(scope="session")
def decks(tmp_path_factory: pytest.TempPathFactory) -> Decks:
    """Both decks of each notebook of the course and of the sample, by file name."""
    return Decks(tmp_path_factory.mktemp("decks"))


@pytest.fixture(scope="session")
def reports(decks: Decks, browser: Browser) -> Reports:
    """Each deck opened once, its slides measured, and printed."""
    return Reports(decks, browser)
