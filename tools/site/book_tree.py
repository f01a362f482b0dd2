# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The source tree that Sphinx reads: notebooks as pages, beside the drawn pages."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from book_cells import Assets, page_notebook
from book_html import link, raw, table, toctree
from deck_parts import ensure_parts

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@dataclass(frozen=True)
class Book:
    """What a build is made of."""

    notebooks: Sequence[Path]  # NN_slug.ipynb, in their order
    decks: Path | None  # the folder of decks, where they were built
    answers: bool = True  # pages with solutions and keys, for the lecturer

    @property
    def stems(self) -> list[str]:
        """The names of the pages of notebooks."""
        return [path.stem for path in self.notebooks]

    def page_of(self, number: str) -> str | None:
        """The page of notebook NN; None where it is not in the book."""
        return next((stem for stem in self.stems if stem[:2] == number), None)

    def has_deck(self, stem: str, ending: str = ".html") -> bool:
        """True where the deck (or, with ".pdf", its print) was built."""
        return self.decks is not None and (self.decks / f"{stem}{ending}").is_file()


def title_of(path: Path) -> str:
    """The heading of a notebook."""
    nb = nbformat.read(path, as_version=4)
    text = "\n".join(c.source for c in nb.cells if c.cell_type == "markdown")
    found = re.search(r"^# +(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else path.stem


def minutes() -> dict[str, dict]:
    """Stem of a notebook -> its row of data/results/notebook_minutes.toml."""
    path = ROOT / "data" / "results" / "notebook_minutes.toml"
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["notebook"]
    return {row["name"]: row for row in rows if row["device"] == "cpu"}


def questions() -> dict[str, str]:
    """Stem of a notebook -> what it answers, as the README's table says."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    row = re.compile(r"^\| \[[^\]]+\]\(course/(\d\d_\w+)\.ipynb\) \| (.+?) \|", re.M)
    return dict(row.findall(readme))


def below_title(book: Book, stem: str) -> str:
    """One line under a notebook's title: deck, handout, how to open it live."""
    links = []
    if book.has_deck(stem):
        links.append(link("Slides", f"slides/{stem}.html"))
    if book.has_deck(stem, ".pdf"):
        links.append(link("Slides as PDF", f"slides/{stem}.pdf"))
    links.append(link("Handout", f"handout_{stem[:2]}.html"))
    row = minutes().get(stem)
    if row:
        links.append(f"{row['seconds']:.0f} s to run on two cores")
    live = f"live: <code>make lab</code>, then <code>work/{stem}.ipynb</code>"
    line = " · ".join(map(cell_text, [*links, live]))
    return raw(f'<p class="book-links">{line}</p>')


def cell_text(one: object) -> str:
    """A link or a text of that line."""
    return getattr(one, "text", one)


def contents(book: Book) -> str:
    """The table of notebooks on the first page."""
    asked, took = questions(), minutes()
    rows = []
    for path in book.notebooks:
        stem = path.stem
        deck = link("slides", f"slides/{stem}.html") if book.has_deck(stem) else ""
        seconds = f"{took[stem]['seconds']:.0f}" if stem in took else ""
        page = link(title_of(path), f"{stem}.html")
        handout = link("handout", f"handout_{stem[:2]}.html")
        rows.append([page, asked.get(stem, ""), seconds, handout, deck])
    return raw(
        table(["notebook", "what it answers", "s, 2 cores", "", ""], rows, "The course")
    )


def front_page(book: Book, teaching: Sequence[str]) -> str:
    """index.md: the words of site/index.md, the contents, the navigation."""
    text = (ROOT / "site" / "index.md").read_text(encoding="utf-8")
    enlarging = [s for s in book.stems if s[:2] < "13"]
    coding = [s for s in book.stems if s[:2] >= "13"]
    trees = [
        toctree(enlarging, "Super-resolution") if enlarging else "",
        toctree(coding, "Compression") if coding else "",
        toctree(["results", "tables", "claims", "glossary"], "Numbers and words"),
        toctree(list(teaching), "Teaching"),
    ]
    return text.replace("<!-- contents -->", contents(book)) + "\n" + "\n".join(trees)


def copy_static(target: Path) -> None:
    """Styles, scripts and MathJax into _static."""
    target.mkdir(parents=True)
    for name in ("book.css", "book.js"):
        shutil.copyfile(HERE / name, target / name)
    (target / "mathjax").mkdir()
    for name in ("es5/tex-svg-full.js", "LICENSE"):
        source = ensure_parts() / "mathjax" / name
        shutil.copyfile(source, target / "mathjax" / source.name)
    shutil.copyfile(ROOT / "course" / "picture.jpg", target / "picture.jpg")


def copy_tables(static: Path) -> None:
    """The measured tables themselves, to be downloaded."""
    (static / "results").mkdir(parents=True)
    for path in (ROOT / "data" / "results").glob("*.csv"):
        shutil.copyfile(path, static / "results" / path.name)


def write_tree(
    book: Book,
    sources: Path,
    pages: dict[str, str],
    teaching: Sequence[str],
    progress: Callable[[str], None] = print,
) -> None:
    """Write all sources of the book into an empty folder.

    pages: name -> Markdown of the drawn pages; teaching: those of the last part.
    """
    assets = Assets(sources / "_static")
    copy_static(assets.folder)
    copy_tables(assets.folder)
    shutil.copyfile(HERE / "conf.py", sources / "conf.py")
    for path in book.notebooks:
        page = page_notebook(
            path, set(book.stems), assets, below_title(book, path.stem)
        )
        nbformat.write(page, sources / path.name)
    for name, text in pages.items():
        (sources / f"{name}.md").write_text(text, encoding="utf-8")
    front = front_page(book, teaching)
    (sources / "index.md").write_text(front, encoding="utf-8")
    assets.write_styles()
    progress(f"{len(book.notebooks)} notebooks and {len(pages) + 1} pages drawn")
