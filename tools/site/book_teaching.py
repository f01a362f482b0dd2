# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The lecturer's pages: a lecture, two weeks, what to show live, minutes of the decks.

The plans are data (site/lecture.toml, site/two_weeks.toml): notebooks, headings and
questions that they name must exist, and their minutes must add up.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
from book_html import Html, link, raw, table
from book_tree import ROOT, Book, minutes, title_of
from docutils.nodes import make_id

from srlab.classroom import exercises
from srlab.classroom.coursework import find_entry

SOURCES = ROOT / "site"
# How long a lecturer speaks: an assumption, printed with the table that it makes.
SLIDE_MINUTES, STEP_MINUTES, ASK_MINUTES = 1.0, 0.5, 1.0
ASK = re.compile(r"srlab\.ask\(\s*[\"'](\d+\.\w+)[\"']")


class PlanWrong(ValueError):
    """A plan names something that is not there; says what."""


def read_plan(name: str) -> dict[str, Any]:
    """A plan of the folder site/."""
    return tomllib.loads((SOURCES / name).read_text(encoding="utf-8"))


def guide_page(book: Book) -> str:
    """teach_guide.md: written, but for nothing that could be counted."""
    return (SOURCES / "teach_guide.md").read_text(encoding="utf-8")


def headings(path: Path) -> list[str]:
    """All headings of a notebook."""
    cells = nbformat.read(path, as_version=4).cells
    text = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    return [name.strip() for name in re.findall(r"^#+ +(.+)$", text, re.MULTILINE)]


def slug(heading: str) -> str:
    """The anchor that Sphinx gives a heading: a number in front is left out."""
    return make_id(re.sub(r"[`$*]", "", heading))


def place(book: Book, number: str, heading: str) -> Html | str:
    """A link to a section; PlanWrong where the notebook has no such heading."""
    stem = book.page_of(number)
    if stem is None:
        if list((ROOT / "course").glob(f"{number}_*.ipynb")):
            return f"{number}, {heading}"  # a book of some notebooks only
        raise PlanWrong(f"there is no notebook {number}")
    path = next(path for path in book.notebooks if path.stem == stem)
    if heading not in headings(path):
        raise PlanWrong(f"notebook {number} has no heading {heading!r}")
    return Html(f'<a href="{stem}.html#{slug(heading)}">{number}, {heading}</a>')


def ask_text(name: str) -> str:
    """'1.c: the question', of an existing question; empty for none."""
    return f"{name}: {find_entry('ASKS', name).question}" if name else ""


def lecture_page(book: Book) -> str:
    """teach_lecture.md: 90 minutes in the order of the source lecture."""
    plan = read_plan("lecture.toml")
    rows, start = [], 0
    for stop in plan["stop"]:
        rows.append([
            f"{start} to {start + stop['minutes']}", stop["theme"],
            place(book, stop["notebook"], stop["heading"]),
            stop["show"], ask_text(stop.get("ask", "")),
        ])  # fmt: skip
        start += stop["minutes"]
    if start != plan["minutes"]:
        raise PlanWrong(f"the lecture takes {start} minutes, not {plan['minutes']}")
    names = ["minutes", "theme", "where", "show live", "ask the room"]
    return f"# {plan['title']}\n\n{plan['text']}\n\n" + raw(
        table(names, rows, f"{start} minutes")
    )


def weeks_page(book: Book) -> str:
    """teach_weeks.md: ten days, each with its notebooks, exercises and run time."""
    plan, took = read_plan("two_weeks.toml"), minutes()
    rows = []
    for day, entry in enumerate(plan["day"], 1):
        places, seconds, count = [], 0.0, 0
        for number in entry["notebooks"]:
            stem = book.page_of(number)
            count += len(exercises(number).EXERCISES)
            seconds += sum(r["seconds"] for n, r in took.items() if n[:2] == number)
            places.append(f'<a href="{stem}.html">{number}</a>' if stem else number)
        rows.append([day, entry["theme"], Html(", ".join(places)), count,
                     f"{seconds:.0f}", entry["work"]])  # fmt: skip
    names = ["day", "theme", "notebooks", "exercises", "s to run, 2 cores", "work"]
    return f"# {plan['title']}\n\n{plan['text']}\n\n" + raw(
        table(names, rows, f"{len(rows)} days")
    )


def widgets(path: Path) -> list[tuple[str, str]]:
    """(heading above, what it lets one see) of each panel of a notebook."""
    found, above = [], ""
    for cell in nbformat.read(path, as_version=4).cells:
        names = re.findall(r"^#+ +(.+)$", cell.source, re.MULTILINE)
        if cell.cell_type == "markdown" and names:
            above = names[-1].strip()
        for output in cell.get("outputs", ()):
            text = output.get("data", {}).get("text/plain", "")
            if text.startswith("Widget:"):
                found.append((above, text.removeprefix("Widget:").strip()))
    return found


def demos_page(book: Book) -> str:
    """teach_demos.md: the panels and the questions to the room of every notebook."""
    rows, asks = [], []
    for path in book.notebooks:
        number = path.stem[:2]
        rows += [[place(book, number, above), text] for above, text in widgets(path)]
        module = exercises(number)
        asks += [[name, one.question] for name, one in module.ASKS.items()]
    text = (
        "# What to show live\n\nA panel needs the running notebook; open it with "
        "`make lab` before the lecture and run all cells once. Let the room predict "
        "before you move a slider: the twin picture above each panel has the answer "
        "for three or four settings.\n\n"
    )
    text += raw(table(["where", "what it lets one see"], rows, "Panels"))
    return text + "\n" + raw(table(["", "question"], asks, "Questions", "filter"))


def deck_counts(path: Path) -> Counter:
    """Slides, steps (fragments) and questions of a deck, from the slide metadata."""
    counts: Counter = Counter(slides=0, steps=0, questions=0)
    for cell in nbformat.read(path, as_version=4).cells:
        kind = cell.metadata.get("slideshow", {}).get("slide_type", "-")
        counts["slides"] += kind in ("slide", "subslide")
        counts["steps"] += kind == "fragment"
        if kind not in ("skip", "notes") and cell.cell_type == "code":
            counts["questions"] += len(ASK.findall(cell.source))
    return counts


def deck_minutes(counts: Counter) -> float:
    """How long a deck takes, by the assumption on top of this file."""
    return (
        SLIDE_MINUTES * counts["slides"]
        + STEP_MINUTES * counts["steps"]
        + ASK_MINUTES * counts["questions"]
    )


def decks_page(book: Book) -> str:
    """teach_decks.md: slides, steps, questions and minutes of every deck."""
    rows = []
    for path in book.notebooks:
        counts, stem = deck_counts(path), path.stem
        deck = link("slides", f"slides/{stem}.html") if book.has_deck(stem) else ""
        keyed = f"{stem}.solutions"
        keyed = (
            link("solutions", f"slides/{keyed}.html") if book.has_deck(keyed) else ""
        )
        rows.append([
            link(title_of(path), f"{stem}.html"), counts["slides"], counts["steps"],
            counts["questions"], f"{deck_minutes(counts):.0f}", deck, keyed,
        ])  # fmt: skip
    text = (
        "# Decks\n\n`make slides` writes a deck and a PDF for each notebook. The "
        f"minutes are an estimate: {SLIDE_MINUTES:g} a slide, {STEP_MINUTES:g} a step, "
        f"{ASK_MINUTES:g} more for a question to the room; counted from the notebooks' "
        "slide metadata.\n\n"
    )
    names = ["notebook", "slides", "steps", "questions", "minutes", "", ""]
    return text + raw(table(names, rows, "Minutes of the decks"))
