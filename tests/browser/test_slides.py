# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Every deck in headless Chromium: it fits, is whole, asks nobody for anything."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path

import deck_cells
import deck_parts
import nbformat
import pytest
import slides
from browser_paths import COURSE, ROOT
from deck_browser import measure, open_deck
from deck_report import WITHOUT_ALT, DeckReport, Traffic
from playwright.sync_api import Browser, Page
from pypdf import PdfReader

STEMS = [path.stem for path in COURSE] + ["99_sample"]
DECKS = [stem + end for stem in STEMS for end in (".html", ".solutions.html")]

every_deck = pytest.mark.parametrize("name", DECKS)
browser_test = pytest.mark.browser


@browser_test
@every_deck
def test_no_slide_overflows(reports: dict[str, DeckReport], name: str) -> None:
    full = [each.line() for each in reports[name].extents if each.overflow]
    assert reports[name].extents
    assert not full, f"{name} (see: python tools/slides.py --check)\n" + "\n".join(full)


@browser_test
@every_deck
def test_deck_is_offline_and_without_errors(
    reports: dict[str, DeckReport], name: str
) -> None:
    assert reports[name].outside == []
    assert reports[name].errors == []


@browser_test
@every_deck
def test_every_picture_has_words(reports: dict[str, DeckReport], name: str) -> None:
    assert reports[name].without_alt == []


@browser_test
@every_deck
def test_answers_open_when_shown(reports: dict[str, DeckReport], name: str) -> None:
    assert reports[name].closed == 0
    assert reports[name].notes > 0


@browser_test
@every_deck
def test_pdf_holds_every_slide(
    reports: dict[str, DeckReport], decks: dict[str, slides.Deck], name: str
) -> None:
    printed = PdfReader(decks[name].pdf)
    assert len(printed.pages) >= len(reports[name].extents)
    width, height = printed.pages[0].mediabox[2:]
    assert abs(width / height - 1280 / 720) < 0.02
    heading = reports[name].extents[0].heading.split()[0]
    assert heading in printed.pages[0].extract_text()


def step_to(page: Page, selector: str) -> None:
    """Press Space until the slide that is shown holds `selector`."""
    for _ in range(40):
        if page.locator(f"section.present:not(.stack) {selector}").count():
            return
        page.keyboard.press("Space")
    raise AssertionError(f"no slide shows {selector}")


@browser_test
def test_a_full_slide_and_a_foreign_picture_are_found(
    decks: dict[str, slides.Deck], browser: Browser
) -> None:
    context = browser.new_context()
    traffic = Traffic()
    traffic.watch(context)
    page = context.new_page()
    open_deck(page, decks["99_sample.html"].page)
    page.evaluate(
        """() => {
          const tall = "<div style='height:800px'>x</div>";
          const foreign = "<img src='https://example.org/x.png'>";
          Reveal.getSlides()[1].insertAdjacentHTML("beforeend", tall + foreign);
        }"""
    )
    full = [each for each in measure(page) if each.overflow]
    assert [(each.number, each.heading) for each in full] == [(2, "Setup")]
    assert "OVERFLOW by" in full[0].line()
    assert traffic.outside == ["https://example.org/x.png"]
    assert page.evaluate(WITHOUT_ALT) != []
    context.close()


@browser_test
def test_printed_slides_keep_their_margins(
    decks: dict[str, slides.Deck], browser: Browser
) -> None:
    page = browser.new_page()
    open_deck(page, decks["99_sample.html"].page, "?print-pdf")
    found = page.eval_on_selector_all(
        ".pdf-page section:not(.stack)",
        """(slides) => slides.map((slide) => [
          getComputedStyle(slide).paddingLeft, slide.scrollHeight, slide.scrollWidth,
        ])""",
    )
    assert found
    assert all(row == ["56px", 720, 1280] for row in found), found
    page.close()


@browser_test
def test_answer_comes_with_the_next_key(
    decks: dict[str, slides.Deck], browser: Browser
) -> None:
    page = browser.new_page()
    open_deck(page, decks["99_sample.html"].page)
    answer = page.locator("details.srlab-answer")
    step_to(page, "details.srlab-answer")
    assert not answer.is_visible()
    page.keyboard.press("Space")
    slide = page.locator("section.present:not(.stack)")
    assert slide.get_by_text("Which is larger?").is_visible()
    assert not answer.is_visible()
    page.keyboard.press("Space")
    assert answer.is_visible()
    assert slide.get_by_text("The second, by").is_visible()
    page.close()


@browser_test
def test_speaker_notes_open_from_the_disk(
    decks: dict[str, slides.Deck], browser: Browser
) -> None:
    context = browser.new_context()
    traffic = Traffic()
    traffic.watch(context)
    page = context.new_page()
    open_deck(page, decks["99_sample.html"].page)
    with context.expect_page() as opened:
        page.keyboard.press("s")
    notes = opened.value.locator(".speaker-controls-notes .value")
    notes.get_by_text("Say first what the picture promises").wait_for(timeout=15_000)
    assert traffic.outside == []
    context.close()


@browser_test
def test_presenter_key_turns_the_slide_from_within_a_quiz(
    decks: dict[str, slides.Deck], browser: Browser
) -> None:
    page = browser.new_page()
    open_deck(page, decks["99_sample.html"].page)
    step_to(page, "fieldset")
    page.locator("input[type=radio]").first.check()
    before = page.evaluate("Reveal.getSlidePastCount()")
    page.keyboard.press("PageDown")
    page.wait_for_function("(n) => Reveal.getSlidePastCount() === n", arg=before + 1)
    page.close()


def test_solutions_and_skipped_cells(decks: dict[str, slides.Deck]) -> None:
    without = decks["99_sample.html"].page.read_text(encoding="utf-8")
    whole = decks["99_sample.solutions.html"].page.read_text(encoding="utf-8")
    assert "SOLVED" in whole
    for word in ("SOLVED", "SKIPPED", "a warning", "Figure:", "Widget:", "In&nbsp;["):
        assert word not in without, word
    assert 'alt="A gradient with stripes that grow finer' in without
    assert 'href="01_images.html"' in without
    assert "45 more lines in the notebook" in without


@pytest.mark.parametrize("path", COURSE, ids=lambda path: path.stem)
def test_solutions_of_every_exercise_are_in_their_deck(
    decks: dict[str, slides.Deck], path: Path
) -> None:
    without = decks[path.stem + ".html"].page.read_text(encoding="utf-8")
    whole = decks[path.stem + ".solutions.html"].page.read_text(encoding="utf-8")
    sources = slides.solution_sources(path.stem)
    assert sources
    for name in sources:
        assert f"Exercise {name}: one way to solve it" in whole
        assert f"Exercise {name}: one way to solve it" not in without


def test_index_lists_every_deck(decks: dict[str, slides.Deck]) -> None:
    folder = decks["99_sample.html"].page.parent
    assert len(decks) >= 2  # all that this worker has built
    index = (folder / "index.html").read_text(encoding="utf-8")
    for name in decks:
        assert f'href="{name}"' in index


def test_examples_of_the_cell_rules() -> None:
    assert doctest.testmod(deck_cells).failed == 0
    for kept in ("x = srlab.photo('coffee')", "not python(", "", "y.show"):
        assert deck_cells.slide_source(kept) == kept


def test_assertions_and_lists_of_names_stay_in_the_notebook() -> None:
    loop = "for k in x:\n    y += k\n    assert k"
    shown = {
        "x = 1\nassert x == (\n    1\n)\nx": "x = 1\nx",
        loop: "for k in x:\n    y += k",
        "for k in x:\n    assert k": "for k in x:\n    assert k",
        "x = 1; assert x": "x = 1; assert x",
        "t = frame()\nlist(t.index)": "t = frame()",
        "t = frame()\nlist(t)": "t = frame()\nlist(t)",
    }
    for source, slide in shown.items():
        assert deck_cells.slide_source(source) == slide


def test_a_slide_that_only_prepares_a_table_is_left_out() -> None:
    def cell(source: str, kind: str) -> nbformat.NotebookNode:
        made = nbformat.v4.new_code_cell(source)
        made.metadata["slideshow"] = {"slide_type": kind}
        return made

    prepares = cell("t = frame()\nlist(t.index)", "subslide")
    table, stays = cell("table(t)", "subslide"), cell("table(t)", "-")
    assert deck_cells.prepares_only(prepares, table)
    for first, after in ((prepares, stays), (prepares, None), (table, prepares)):
        assert not deck_cells.prepares_only(first, after)


def test_missing_npm_is_one_line_of_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "package.json").write_bytes((ROOT / "package.json").read_bytes())
    failing = [sys.executable, "-c", "raise SystemExit('no network')"]
    monkeypatch.setattr(deck_parts, "_npm", lambda: failing)
    with pytest.raises(deck_parts.PartsMissing, match=r"need the network once.*no net"):
        deck_parts.ensure_parts(tmp_path)


def test_unknown_notebook_is_one_line() -> None:
    command = [sys.executable, str(ROOT / "tools" / "slides.py"), "77"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.strip() == "slides: no notebook 77 in course/"
