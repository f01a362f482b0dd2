# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Is every link of a built site alive, every picture described, every part at hand?

Pages are read with the standard library's parser: links and anchors within the site,
pictures, styles and scripts. What a page would fetch from elsewhere is a complaint; a
link that a reader may follow to elsewhere is not, and is not tried.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Elements that fetch what they name as soon as the page is open.
FETCHED = {
    ("img", "src"), ("script", "src"), ("iframe", "src"), ("source", "src"),
    ("video", "src"), ("audio", "src"), ("embed", "src"), ("object", "data"),
    ("video", "poster"),
}  # fmt: skip
FETCHING_RELATIONS = {"stylesheet", "icon", "preload", "preconnect", "manifest"}
CSS_URL = re.compile(r"""url\(\s*['"]?([^'")]+)|@import\s+['"]([^'"]+)""")


@dataclass
class Page:
    """What one page says of itself and asks for."""

    ids: Counter = field(default_factory=Counter)
    links: list[str] = field(default_factory=list)  # a reader may follow them
    parts: list[str] = field(default_factory=list)  # the page fetches them
    without_alt: int = 0


class Reader(HTMLParser):
    """Collects a Page from HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self.inside = ""

    def handle_starttag(self, tag: str, attributes: list) -> None:
        given = {name: value or "" for name, value in attributes}
        self.inside = tag
        if "id" in given:
            self.page.ids[given["id"]] += 1
        if tag == "a" and "name" in given:
            self.page.ids[given["name"]] += 0
        if tag == "a" and "href" in given:
            self.page.links.append(given["href"])
        if tag == "link" and set(given.get("rel", "").split()) & FETCHING_RELATIONS:
            self.page.parts.append(given.get("href", ""))
        self.page.parts += [
            given[name] for name in given if (tag, name) in FETCHED and given[name]
        ]
        self.page.parts += _addresses(given.get("style", ""))
        if tag == "img" and not given.get("alt", "").strip():
            self.page.without_alt += given.get("role") != "presentation"

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "style":
            self.page.parts += _addresses(data)


def _addresses(css: str) -> list[str]:
    return [first or second for first, second in CSS_URL.findall(css)]


def read_page(path: Path) -> Page:
    """The links, parts and anchors of an HTML file."""
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader.page


def _target(site: Path, page: Path, address: str) -> tuple[Path, str] | None:
    """The file and the anchor that an address means; None for one from elsewhere."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return None
    if not parts.path:
        return page, unquote(parts.fragment)
    start = site if parts.path.startswith("/") else page.parent
    path = (start / unquote(parts.path).lstrip("/")).resolve()
    return (path / "index.html" if path.is_dir() else path), unquote(parts.fragment)


def check_site(site: Path) -> list[str]:
    """All complaints about the pages and styles below `site`; none for a sound one."""
    site = site.resolve()
    pages = {path: read_page(path) for path in sorted(site.rglob("*.html"))}
    complaints = []
    for path, page in pages.items():
        name = path.relative_to(site)
        wrong = [_wrong_part(site, path, part) for part in page.parts]
        wrong += [_wrong_link(site, pages, path, one) for one in page.links]
        wrong += [f"the id {i} stands twice" for i, n in page.ids.items() if n > 1]
        if page.without_alt:
            wrong.append(f"{page.without_alt} pictures without words")
        complaints += [f"{name}: {one}" for one in dict.fromkeys(wrong) if one]
    for path in sorted(site.rglob("*.css")):
        addresses = _addresses(path.read_text(encoding="utf-8"))
        wrong = [_wrong_part(site, path, one) for one in addresses]
        complaints += [f"{path.relative_to(site)}: {one}" for one in wrong if one]
    return complaints


def _wrong_part(site: Path, page: Path, address: str) -> str:
    if address.startswith(("data:", "blob:", "#")):
        return ""
    target = _target(site, page, address)
    if target is None:
        return f"fetches {address} from elsewhere"
    return "" if target[0].is_file() else f"{address} is not there"


def _wrong_link(site: Path, pages: dict, page: Path, address: str) -> str:
    target = _target(site, page, address)
    if target is None:
        scheme = urlsplit(address).scheme
        fine = scheme in ("http", "https", "mailto", "data")
        return "" if fine else f"{address} is no address for a page"
    path, anchor = target
    if site not in path.parents:
        return f"{address} leaves the site"
    if not path.is_file():
        return f"{address} is not there"
    if anchor and path in pages and anchor not in pages[path].ids:
        # reveal.js writes slide addresses itself: #/3
        return "" if anchor.startswith("/") else f"{address} names no place there"
    return ""
