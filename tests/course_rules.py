# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The rules that every source of the course keeps, one function each.

A rule takes a `Lesson` and returns its complaints, an empty list if there are none.
"""

from __future__ import annotations

import ast
import re
import statistics
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from course_lesson import Lesson, anchors, headings, is_prose, place, sections
from course_text import link_targets, prose_numbers

from tools import notebooks

FRAME_BEFORE = ("You will be able to", "Before you start", "Time", "Setup")
FRAME_AFTER = (
    "Exercises",
    "Quiz",
    "What to remember",
    "Words",
    "Where this stands in the sources",
    "References",
)
SLIDE_TYPES = {"slide", "subslide", "fragment", "skip", "notes", "-"}
SETUP_LINES, CELL_LINES, MEDIAN_LINES = 6, 25, 15


def frame(lesson: Lesson) -> list[str]:
    """Title, the fixed headings in their order, sections numbered from 1."""
    titles = [name for cell in lesson.cells for name in headings(cell, 1)]
    if len(titles) != 1 or not titles[0].startswith(f"{lesson.number} "):
        return [f"one heading '# {lesson.number} Title' is wanted, got {titles}"]
    names = [name for cell in lesson.cells for name in headings(cell, 2)]
    numbered = [name for name in names if re.match(r"\d", name)]
    complaints = [
        f"section {name!r} should begin with '{number} '"
        for number, name in enumerate(numbered, 1)
        if not name.startswith(f"{number} ")
    ]
    wanted = [*FRAME_BEFORE, *numbered, *FRAME_AFTER]
    if names != wanted:
        complaints.append(f"the headings are {names}, they should be {wanted}")
    if not numbered:
        complaints.append("there is no numbered section")
    return complaints


def promise(lesson: Lesson) -> list[str]:
    """A picture stands under the title, before anything else."""
    first = next(s for s in sections(lesson.cells) if s.title)
    if any(c.cell_type == "code" and "show" in c.source for c in first.cells):
        return []
    return ["no cell that shows a picture under the title"]


def slide_types(lesson: Lesson) -> list[str]:
    """Every cell says what it is in the deck."""
    types = [c.metadata.get("slideshow", {}).get("slide_type") for c in lesson.cells]
    return [
        f"{place(cell)} has the slide_type {kind!r}"
        for cell, kind in zip(lesson.cells, types, strict=True)
        if kind not in SLIDE_TYPES
    ]


def notes(lesson: Lesson) -> list[str]:
    """Speaker's notes say so, are sentences, and every numbered section has one."""
    complaints = []
    mark = "*For the lecturer.*\n"  # students see the cell too, folded
    for cell in filter(notebooks.is_notes, lesson.cells):
        text = cell.source.removeprefix(mark).strip()
        if cell.cell_type != "markdown" or not cell.source.startswith(mark):
            complaints.append(f"{place(cell)} is a note and does not begin with {mark}")
        elif len(text) < 40 or not re.search(r"[.?!]$", text):
            complaints.append(f"{place(cell)} is not a sentence to speak from: {text}")
    complaints += [
        f"section {section.title!r} has no speaker's note: a markdown cell with "
        f"slideshow={{'slide_type': 'notes'}} that begins with {mark.strip()}"
        for section in sections(lesson.cells)
        if section.numbered and not any(map(notebooks.is_notes, section.cells))
    ]
    return complaints


def cell_lengths(lesson: Lesson) -> list[str]:
    """Code cells are short."""
    code = [cell for cell in lesson.cells if cell.cell_type == "code"]
    lines = [len(cell.source.splitlines()) for cell in code]
    complaints = [
        f"{place(cell)} has {count} lines, {CELL_LINES} are allowed"
        for cell, count in zip(code, lines, strict=True)
        if count > CELL_LINES
    ]
    median = statistics.median(lines)
    if median > MEDIAN_LINES:
        complaints.append(f"the median of the code cells is {median} lines")
    return complaints


def setup_cell(lesson: Lesson) -> list[str]:
    """The set-up is one short cell that names the notebook."""
    setup = next((s for s in sections(lesson.cells) if s.title == "Setup"), None)
    code = [c.source for c in setup.cells if c.cell_type == "code"] if setup else []
    call = rf"srlab\.setup\(['\"]{lesson.number}['\"]\)"
    if len(code) != 1 or not re.search(call, code[0]):
        return [f"Setup wants one code cell with srlab.setup('{lesson.number}')"]
    count = sum(bool(line.strip()) for line in code[0].splitlines())
    return [f"Setup has {count} lines"] if count > SETUP_LINES else []


def exercises(lesson: Lesson) -> list[str]:
    """2-4 exercises, each with its heading, an empty function and its check."""
    section = next((s for s in sections(lesson.cells) if s.title == "Exercises"), None)
    if section is None:
        return ["no section Exercises"]
    titles = [name for cell in section.cells for name in headings(cell, 3)]
    prefix = f"Exercise {int(lesson.number)}."
    ids = [t.removeprefix("Exercise ").split()[0] for t in titles]
    complaints = [
        f"heading {title!r} should be '{prefix}{n} ...'"
        for n, title in enumerate(titles, 1)
        if not title.startswith(f"{prefix}{n} ")
    ]
    if not 2 <= len(titles) <= 4:
        complaints.append(f"{len(titles)} exercises; 2 to 4 are wanted")
    code = [cell.source for cell in section.cells if cell.cell_type == "code"]
    stubs = sum("raise NotImplementedError" in source for source in code)
    if stubs < len(titles):
        complaints.append(f"{stubs} empty functions for {len(titles)} exercises")
    complaints += [
        f"exercise {name} is not checked"
        for name in ids
        if not any(re.search(rf"check\(\s*['\"]{name}['\"]", s) for s in code)
    ]
    return complaints


def cards(lesson: Lesson) -> list[str]:
    """Quiz, words and claims are drawn; questions are asked in every notebook."""
    number = int(lesson.number)
    wanted = {
        "Quiz": rf"quiz\(['\"]?0?{number}['\"]?",
        "Words": r"glossary\(",
        "Where this stands in the sources": rf"claims\(\s*['\"]?0?{number}\b",
    }
    complaints = []
    for section in sections(lesson.cells):
        code = "\n".join(c.source for c in section.cells if c.cell_type == "code")
        pattern = wanted.get(section.title)
        if pattern and not re.search(pattern, code):
            complaints.append(f"section {section.title!r} does not call {pattern}")
    if not re.search(r"\bask\(", lesson.code):
        complaints.append("no question to the room: srlab.ask(...)")
    return complaints


def widget(lesson: Lesson) -> list[str]:
    """There is a panel to play with, and it has a static twin."""
    calls = [c for c in _calls(lesson.code) if _name(c.func) == "explore"]
    if not calls:
        return ["no widget: srlab.widgets.explore(...)"]
    return [
        f"the widget in line {call.lineno} has no twin="
        for call in calls
        if "twin" not in {word.arg for word in call.keywords} and len(call.args) < 2
    ]


def _calls(code: str) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def asserts(lesson: Lesson) -> list[str]:
    """A section that quotes decimal numbers asserts something."""
    complaints = []
    for section in sections(lesson.cells):
        if not section.numbered:
            continue
        quoted = any(prose_numbers(c.source) for c in section.cells if is_prose(c))
        code = [c.source for c in section.cells if c.cell_type == "code"]
        if quoted and not any(re.search(r"^\s*assert\b", s, re.M) for s in code):
            complaints.append(f"section {section.title!r} quotes numbers, no assert")
    return complaints


def links(lesson: Lesson) -> list[str]:
    """Relative links lead somewhere; external ones are https and well formed."""
    complaints = []
    for cell in lesson.cells:
        if cell.cell_type == "markdown":
            for target in link_targets(cell.source):
                wrong = _wrong_link(lesson, target)
                if wrong:
                    complaints.append(f"{place(cell)}: {target} {wrong}")
    return complaints


def _wrong_link(lesson: Lesson, target: str) -> str:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        fine = parts.scheme == "https" and re.fullmatch(
            r"[\w-]+(\.[\w-]+)+", parts.netloc
        )
        return "" if fine else "is not a well-formed https address"
    path = lesson.course / unquote(parts.path)
    cells = lesson.cells
    if parts.path:
        source = lesson.course / "source" / f"{path.stem}.py"
        if path.suffix == ".ipynb" and source.exists():
            cells = notebooks.read_source(source).cells
        elif not path.exists():
            return "leads nowhere"
        elif parts.fragment:
            return ""
    if parts.fragment and unquote(parts.fragment) not in anchors(cells):
        return "names no heading"
    return ""


SOURCE_RULES: tuple[Callable[[Lesson], list[str]], ...] = (
    frame,
    promise,
    slide_types,
    notes,
    cell_lengths,
    setup_cell,
    exercises,
    cards,
    widget,
    asserts,
    links,
)
