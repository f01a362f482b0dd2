# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What one deck does in a browser: its slides, requests, errors and pictures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from deck_browser import Extent, measure, open_deck
from playwright.sync_api import Browser, BrowserContext, Page

if TYPE_CHECKING:
    from slides import Deck

LOCAL_SCHEMES = {"file", "data", "blob", "about"}
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

# Pictures that say nothing to who cannot see them; nbconvert fills a missing alt.
WITHOUT_ALT = """() => [...document.images].filter((image) => {
  const alt = (image.getAttribute("alt") ?? "").trim();
  // reveal.js hides the slides that are not shown: that makes no picture a decoration
  const hidden = "[aria-hidden=true]:not(section), [role=presentation]:not(section)";
  const decoration = image.closest(hidden);
  return !decoration && (alt.length < 3 || alt.startsWith("No description has been"));
}).map((image) => image.closest("section")?.innerText.slice(0, 80) ?? image.src)"""


@dataclass
class Traffic:
    """What a page asked for beyond this machine, and the errors of its scripts."""

    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Note and refuse every request that would leave the machine."""

        def sort(route) -> None:
            if is_local(route.request.url):
                route.continue_()
            else:
                self.outside.append(route.request.url)
                route.abort()

        context.route("**/*", sort)
        context.on("page", self._watch_page)

    def _watch_page(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("websocket", lambda socket: self._note(socket.url))

    def _note(self, url: str) -> None:
        if not is_local(url):
            self.outside.append(url)


def is_local(url: str) -> bool:
    """True for a file, for data, and for a server on this machine's loopback.

    >>> is_local("file:///a.html"), is_local("https://127.0.0.1.example.org/x.js")
    (True, False)
    """
    parts = urlsplit(url)
    return parts.scheme in LOCAL_SCHEMES or parts.hostname in LOOPBACK


@dataclass(frozen=True)
class DeckReport:
    """One deck, opened from the disk and walked through."""

    extents: list[Extent]
    outside: list[str]
    errors: list[str]
    without_alt: list[str]  # the slides' first words
    answers: int  # answers that wait for a key
    closed: int  # answers that would still be closed after it
    notes: int


def inspect_deck(browser: Browser, deck: Deck) -> DeckReport:
    """Open a deck in a context of its own and read everything off it."""
    context = browser.new_context()
    traffic = Traffic()
    traffic.watch(context)
    page = context.new_page()
    open_deck(page, deck.page)
    count = "(selector) => document.querySelectorAll(selector).length"
    report = DeckReport(
        extents=measure(page),
        outside=traffic.outside,
        errors=traffic.errors,
        without_alt=page.evaluate(WITHOUT_ALT),
        answers=page.evaluate(count, "details.srlab-answer.fragment"),
        closed=page.evaluate(count, "details.srlab-answer:not([open])"),
        notes=page.evaluate(count, "aside.notes"),
    )
    context.close()
    return report
