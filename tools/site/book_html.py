# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Small pieces of HTML and Markdown that the pages of the site are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from srlab.classroom.quizzes import inline

SHORT, LONG = 28, 50  # characters: one line; a wider column
NUMBER = re.compile(r"[-+]?[\d.,]+( ?%)?")


def cell(value: Any) -> str:
    """A value of a table as HTML; None and NaN are empty, links stay links.

    >>> cell(33.66), cell(None), cell("`a < b`")
    ('33.66', '', '<code>a &lt; b</code>')
    """
    if value is None or value != value:
        return ""
    if isinstance(value, Html):
        return value.text
    return inline(str(value))


class Html:
    """Text that is HTML already."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        """The words without the marks, as a row is sorted and tested by."""
        return re.sub(r"<[^>]+>", "", self.text)


def link(text: str, target: str) -> Html:
    """A link to a page of the site or to an address."""
    return Html(f'<a href="{escape(target)}">{inline(text)}</a>')


def table(
    names: Sequence[str], rows: Iterable[Sequence[Any]], caption: str, kind: str = ""
) -> str:
    """A table that book.js makes sortable; numbers stand at the right.

    names: the columns; rows: as many values each; kind: "filter" adds a box that
    leaves the rows with a word. Raises ValueError for a row of another length.
    """
    rows = [list(row) for row in rows]
    wrong = [row for row in rows if len(row) != len(names)]
    if wrong:
        raise ValueError(f"{caption}: {len(names)} columns, and a row {wrong[0]}")
    head = "".join(f'<th scope="col">{inline(name)}</th>' for name in names)
    body = []
    for row in rows:
        cells = ""
        for value in row:
            count = len(str(value))
            kind_of = "short" if count <= SHORT else "long" if count > LONG else ""
            if NUMBER.fullmatch(str(value)) or isinstance(value, int | float):
                kind_of = "number"
            cells += f'<td class="{kind_of}">{cell(value)}</td>'
        body.append(f"<tr>{cells}</tr>")
    return apart(
        f'<div class="data-table {kind}"><table class="data">'
        f"<caption>{inline(caption)}</caption><thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{chr(10).join(body)}\n</tbody></table></div>\n"
    )


def apart(html: str) -> str:
    """A line end after each cell and paragraph: Sphinx's index drops tags, not spaces.

    >>> apart("<td>a</td><td>b</td>")
    '<td>a</td>\\n<td>b</td>\\n'
    """
    return re.sub(r"(</(?:td|th|p|li|legend|summary|caption|label)>)", r"\1\n", html)


def raw(html: str) -> str:
    """HTML as a block of a MyST page."""
    return f"``````{{raw}} html\n{html}\n``````\n"


def details(summary: str, body: str) -> str:
    """A closed answer."""
    return (
        f'<details class="srlab-answer"><summary>{inline(summary)}</summary>'
        f"<p>{inline(body)}</p></details>"
    )


def toctree(pages: Sequence[str], caption: str = "", hidden: bool = True) -> str:
    """A part of the navigation."""
    options = ["hidden:" if hidden else "maxdepth: 1"]
    options += [f"caption: {caption}"] * bool(caption)
    lines = "\n".join([*(f":{option}" for option in options), "", *pages])
    return f"```{{toctree}}\n{lines}\n```\n"


def counted(values: Mapping[str, int]) -> str:
    """'3 confirmed, 1 refused' of a count.

    >>> counted({"confirmed": 3, "refused": 1})
    '3 confirmed, 1 refused'
    """
    return ", ".join(f"{count} {word}" for word, count in values.items())
