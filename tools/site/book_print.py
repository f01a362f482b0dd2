# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""A page of the site as a PDF of A4, formulas drawn."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

MARGIN = {"top": "14mm", "bottom": "14mm", "left": "16mm", "right": "16mm"}
DRAWN = """() => !document.querySelector(".math") ||
  (window.MathJax?.startup?.promise?.then(() => true) ?? false)"""


def write_page_pdf(page: Page, source: Path) -> Path:
    """Print a page of the site beside itself; the light colours, whoever prints."""
    page.emulate_media(media="print", color_scheme="light")
    page.goto(source.resolve().as_uri())
    page.wait_for_function(DRAWN, timeout=60_000)
    target = source.with_suffix(".pdf")
    page.pdf(path=target, format="A4", margin=MARGIN, print_background=False)
    return target
