# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The pages of claims and of words, drawn from data/claims.toml and the glossary."""

from __future__ import annotations

from collections import Counter

from book_html import Html, counted, link, raw, table
from book_tree import Book

from srlab.classroom.coursework import VERDICTS, read_claims, read_glossary

DOCUMENTS = {
    "000": "a task report on two codecs",
    "001": "a post on side information",
    "002": "a thesis on compression guided by class activation maps",
    "003": "a lecture on image enhancement",
    "004": "a post on the ESRGAN family",
}


def to_notebook(book: Book, number: str) -> Html | str:
    """A link to notebook NN, or its number where it has no page."""
    page = book.page_of(number)
    return link(number, f"{page}.html") if page else number


def verdict(word: str) -> Html:
    """A verdict in its colour."""
    return Html(f'<span class="verdict-{word}">{word}</span>')


def claims_page(book: Book) -> str:
    """claims.md: what the five documents claim, and what was found, all rows."""
    rows = read_claims()
    total = Counter(row["verdict"] for row in rows)
    sums = []
    for source in sorted({row["source"] for row in rows}):
        found = Counter(row["verdict"] for row in rows if row["source"] == source)
        line = [found.get(word, 0) for word in VERDICTS]
        sums.append([source, DOCUMENTS.get(source, ""), *line, sum(line)])
    text = (
        "# Claims of the sources\n\nThe course grew out of five documents. Each thing "
        f"that they claim was tried where it can be: of {len(rows)} claims, "
        f"{counted({w: total[w] for w in VERDICTS if total[w]})}.\n\n"
        + raw(table(["", "document", *VERDICTS, "all"], sums, "Verdicts"))
    )
    for source, name, *_ in sums:
        body = [
            [row["place"], row["says"], verdict(row["verdict"]),
             to_notebook(book, row["notebook"]), row["shown_by"], row["note"]]
            for row in rows if row["source"] == source
        ]  # fmt: skip
        names = ["place", "says", "verdict", "notebook", "shown by", "note"]
        heading = f"{source}: {name}"
        text += f"\n## {heading}\n\n" + raw(table(names, body, heading, "filter"))
    return text


def glossary_page(book: Book) -> str:
    """glossary.md: the words in three languages, with the papers' letters."""
    rows = [
        [row["en"], row["ru"], row["zh"], row["letter"],
         to_notebook(book, row["notebook"]), row["meaning"]]
        for row in read_glossary()
    ]  # fmt: skip
    names = ["English", "Русский", "中文", "letter", "notebook", "meaning"]
    return (
        f"# Glossary\n\n{len(rows)} words, with the letters that papers use for them "
        "and the notebook that explains them first.\n\n"
        + raw(table(names, rows, "Words", "filter"))
    )
