# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Printed pages for students: aims, what to remember, exercises, words."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import nbformat
from book_cells import DISPLAYED, MARKDOWN_LINK
from book_html import raw
from book_tree import title_of
from nbformat import NotebookNode

from srlab.classroom.coursework import read_glossary
from srlab.classroom.quizzes import inline

PDF_LINK = "<!-- as a PDF -->"  # filled where one was printed
MOST_WORDS = 60  # a notebook that lists the whole glossary gives the words it explains
FIRST_COLUMN = re.compile(r"<tr><td[^>]*>(.*?)</td>")
AIMS, REMEMBER = "You will be able to", "What to remember"


def sections(nb: NotebookNode) -> dict[str, list[NotebookNode]]:
    """Heading of the second level -> the cells below it, its own cell included."""
    found: dict[str, list[NotebookNode]] = {}
    name = ""
    for cell in nb.cells:
        heading = re.match(r"## +(.+)", cell.source)
        if cell.cell_type == "markdown" and heading:
            name = heading[1].strip()
        found.setdefault(name, []).append(cell)
    return found


def prose(cells: list[NotebookNode], title: str) -> str:
    """The words under a heading up to the next one, as Markdown, links as words."""
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    text = "\n\n".join(texts).partition(f"## {title}")[2]
    text = re.split(r"^## ", text, flags=re.MULTILINE)[0]
    return DISPLAYED.sub(r"\n\1\n", MARKDOWN_LINK.sub(r"\1", text)).strip()


def exercise_texts(cells: list[NotebookNode]) -> str:
    """The exercises with their empty functions; no answers, no cells around them."""
    parts, wanted = [], False
    for cell in cells:
        if cell.cell_type == "markdown":
            wanted = cell.source.startswith("### Exercise")
            if wanted:
                parts.append(MARKDOWN_LINK.sub(r"\1", cell.source))
        elif wanted and "raise NotImplementedError" in cell.source:
            stub = cell.source.split("\n\n\nsrlab.check")[0]
            stub = re.split(r"^(?:\w+ = )?srlab\.check", stub, flags=re.MULTILINE)[0]
            parts.append(f"```python\n{stub.rstrip()}\n```")
            wanted = False
    return DISPLAYED.sub(r"\n\1\n", "\n\n".join(parts))


def words(cells: list[NotebookNode], number: str) -> str:
    """The words of a notebook in three languages, in two columns."""
    html = "".join(
        output.get("data", {}).get("text/html", "")
        for cell in cells
        for output in cell.get("outputs", ())
    )
    terms = [
        unescape(re.sub(r"<[^>]+>", "", one)) for one in FIRST_COLUMN.findall(html)
    ]
    rows = read_glossary(terms)
    if len(rows) > MOST_WORDS:
        rows = [row for row in rows if row["notebook"] == number]
    lines = []
    for row in rows:
        letter = f" <i>{inline(row['letter'])}</i>" if row["letter"] else ""
        names = f"{inline(row['ru'])} · {inline(row['zh'])}"
        lines.append(f"<p><b>{inline(row['en'])}</b>{letter}: {names}</p>")
    return raw(f'<div class="words">{"".join(lines)}</div>')


def handout_page(path: Path) -> str:
    """handout_NN.md of a notebook."""
    parts = sections(nbformat.read(path, as_version=4))
    return (
        f"# {title_of(path)}: handout\n\n"
        + raw(f'<p class="book-links">For paper: print this page{PDF_LINK}.</p>')
        + "\n"
        + f"## {AIMS}\n\n{prose(parts.get(AIMS, []), AIMS)}\n\n"
        + f"## {REMEMBER}\n\n{prose(parts.get(REMEMBER, []), REMEMBER)}\n\n"
        + f"## Exercises\n\n{exercise_texts(parts.get('Exercises', []))}\n\n"
        + f"## Words\n\n{words(parts.get('Words', []), path.stem[:2])}"
    )
