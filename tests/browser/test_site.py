# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The course book in a browser: viewers, search, dark mode, no request abroad."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_paths import ROOT
from deck_report import Traffic
from playwright.sync_api import Browser, Page

from tools import site as site_tool

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # Sphinx, once

NOTEBOOK = "01_images_and_metrics"
OVERFLOW = "() => document.documentElement.scrollWidth - window.innerWidth"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book of one notebook, with all of the drawn pages."""
    folder = tmp_path_factory.mktemp("site")
    notebook = ROOT / "course" / f"{NOTEBOOK}.ipynb"
    site_tool.build([notebook], folder / "site", folder / "no-slides")
    return folder / "site"


@pytest.fixture
def traffic() -> Traffic:
    return Traffic()


@pytest.fixture
def page(browser: Browser, traffic: Traffic) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 720}, color_scheme="light"
    )
    traffic.watch(context)
    yield context.new_page()
    context.close()


def address(built: Path, name: str) -> str:
    return (built / f"{name}.html").as_uri()


def background(page: Page) -> str:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_the_line_between_two_pictures_moves(built, page):
    page.goto(address(built, NOTEBOOK))
    viewer = page.locator(".srlab-compare").first
    viewer.scroll_into_view_if_needed()
    page.wait_for_selector(".srlab-compare.srlab-live")
    slider = viewer.locator("input[type=range]")
    before = viewer.evaluate("e => e.style.getPropertyValue('--x')")
    slider.focus()
    page.keyboard.press("End")
    assert viewer.evaluate("e => e.style.getPropertyValue('--x')") == "100%" != before


def test_search_finds_a_word(built, page):
    page.goto(address(built, "index"))
    page.fill(".sidebar-search", "luma")
    page.keyboard.press("Enter")
    page.wait_for_selector("ul.search li a")
    found = page.locator("ul.search li a").all_inner_texts()
    assert any("Images and metrics" in text for text in found)


def test_dark_mode_is_a_click_and_stays(built, page):
    page.goto(address(built, "index"))
    light = background(page)
    for _ in range(3):  # auto, light, dark: the theme's own order
        if page.evaluate("document.body.dataset.theme") == "dark":
            break
        page.locator(".theme-toggle:visible").first.click()
    assert page.evaluate("document.body.dataset.theme") == "dark"
    assert background(page) != light
    page.goto(address(built, "claims"))
    assert page.evaluate("document.body.dataset.theme") == "dark"


def test_tables_sort_and_filter(built, page):
    page.goto(address(built, "glossary"))
    first = page.locator("table.data tbody tr:visible td:first-child").first
    page.get_by_role("button", name="English").click()
    up = first.inner_text()
    page.get_by_role("button", name="English").click()
    assert first.inner_text().lower() > up.lower()
    page.locator(".filter-box input").fill("интерполяция")
    shown = page.locator("table.data tbody tr:visible").count()
    assert 1 <= shown < 20


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    "name", [NOTEBOOK, "index", "results", "claims", "teach_lecture", "handout_01"]
)
def test_a_page_fits_asks_nobody_and_has_no_errors(built, page, traffic, name, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(address(built, name))
    page.wait_for_load_state("networkidle")
    if page.locator(".math").count():
        page.wait_for_selector("mjx-container")
    assert traffic.outside == [] and traffic.errors == []
    assert page.evaluate(OVERFLOW) <= 1


def test_a_handout_prints_on_few_pages(built, page):
    from book_print import write_page_pdf
    from pypdf import PdfReader

    pdf = write_page_pdf(page, built / "handout_01.html")
    assert len(PdfReader(pdf).pages) <= 2
