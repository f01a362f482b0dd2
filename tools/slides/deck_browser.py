# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""A deck in headless Chromium: how far its slides reach, a picture of one, the PDF."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Error, Page, sync_playwright

from srlab.doctor import find_chromium

WIDTH, HEIGHT = 1280, 720
# A browser that asks nobody for anything: no updates, no sync, no look-ups.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


class ChromiumMissing(RuntimeError):
    """No Chromium on this machine."""


@dataclass(frozen=True)
class Extent:
    """How far one slide reaches when all its fragments are shown, in slide pixels."""

    number: int  # 1 for the first slide, as printed in the slide's corner
    heading: str  # the slide's first heading, or the nearest one before it
    bottom: float
    right: float
    picture: str  # height that deck.js allowed the pictures, e.g. "430px"
    text: float  # factor that deck.js gave the text: 1 is full size

    @property
    def overflow(self) -> float:
        """Pixels beyond the slide's edge; 0 where it fits, to half a pixel."""
        beyond = max(self.bottom - HEIGHT, self.right - WIDTH)
        return beyond if beyond > 0.5 else 0.0

    def line(self) -> str:
        """One row of the report."""
        mark = f"OVERFLOW by {self.overflow:.0f} px" if self.overflow else "ok"
        return (
            f"{self.number:4d}  bottom {self.bottom:5.0f}  right {self.right:5.0f}  "
            f"pictures {self.picture:>6}  text {self.text:4.2f}  {mark:<22} "
            f"{self.heading}"
        )


MEASURE = Path(__file__).with_name("measure.js")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser, closed at the end whatever happens."""
    path = find_chromium()
    if path is None:
        raise ChromiumMissing(
            "chromium is not installed (Debian: apt-get install chromium; or name a "
            "Chrome in the environment variable CHROMIUM)"
        )
    with sync_playwright() as play:
        try:
            browser = play.chromium.launch(executable_path=path, args=list(FLAGS))
        except Error as error:
            first = str(error).splitlines()[0]
            raise ChromiumMissing(f"{path} does not start: {first}") from error
        try:
            yield browser
        finally:
            browser.close()


def open_deck(page: Page, deck: Path, query: str = "") -> None:
    """Open a deck and wait until its slides are fitted and shown."""
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    page.goto(deck.resolve().as_uri() + query)
    page.wait_for_function("window.deckReady === true", timeout=60_000)


def measure(page: Page) -> list[Extent]:
    """Extents of all slides, horizontal and vertical, of the deck that `page` shows."""
    return [Extent(**row) for row in page.evaluate(MEASURE.read_text())]


def shoot(page: Page, number: int, target: Path) -> None:
    """PNG of slide `number` (from 1) with all its fragments."""
    shown = page.evaluate(
        """(number) => {
          const slide = Reveal.getSlides()[number - 1];
          if (!slide) return Reveal.getSlides().length;
          const { h, v } = Reveal.getIndices(slide);
          Reveal.slide(h, v);
          slide.querySelectorAll(".fragment").forEach(f => f.classList.add("visible"));
          return 0;
        }""",
        number,
    )
    if shown:
        raise ValueError(f"slide {number}: the deck has slides 1 to {shown}")
    page.screenshot(path=target)


def write_pdf(page: Page, deck: Path, target: Path) -> None:
    """Print a deck: one page a slide, fragments shown, answers open."""
    open_deck(page, deck, "?print-pdf")
    page.pdf(path=target, prefer_css_page_size=True, print_background=True)
