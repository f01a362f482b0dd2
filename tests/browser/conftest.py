# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Fixtures of the browser tests: one Chromium, one build of all decks."""

from __future__ import annotations

from collections.abc import Iterator

import browser_paths
import nbformat
import pytest
import slides
from deck_browser import chromium, write_pdf
from deck_report import DeckReport, inspect_deck
from playwright.sync_api import Browser
from sample_notebook import sample_notebook


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium for all tests; each opens a context of its own."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def decks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, slides.Deck]:
    """Both decks of each notebook of the course and of the sample, by file name."""
    folder = tmp_path_factory.mktemp("decks")
    sample = folder / "99_sample.ipynb"
    nbformat.write(sample_notebook(), sample)
    built = slides.build([*browser_paths.COURSE, sample], folder / "slides")
    return {deck.page.name: deck for deck in built}


@pytest.fixture(scope="session")
def reports(decks: dict[str, slides.Deck], browser: Browser) -> dict[str, DeckReport]:
    """Each deck opened once, its slides measured, and printed."""
    found = {name: inspect_deck(browser, deck) for name, deck in decks.items()}
    page = browser.new_page()
    for deck in decks.values():
        write_pdf(page, deck.page, deck.pdf)
    page.close()
    return found
