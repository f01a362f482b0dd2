# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The rules that every built notebook of the course keeps, one function each.

A rule takes a `Lesson` and returns its complaints, an empty list if there are none.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

from course_lesson import Lesson, is_prose, place, sections
from course_text import (
    code_numbers,
    known_number,
    output_text,
    prose_numbers,
    text_numbers,
)

from tools import notebooks

MOST_MB, MOST_PEAK_MB, MOST_MINUTES = 1.5, 1500, 2
TIME = r"minutes on two CPU cores: (\d+(?:\.\d+)?), on one GPU: (\d+(?:\.\d+)?)"


def numbers(lesson: Lesson) -> list[str]:
    """Decimal numbers in the prose stand in a cell's code or printed output."""
    known: list[float] = []
    for cell in lesson.outputs:
        if cell.cell_type == "code":
            known += [*code_numbers(cell.source), *text_numbers(output_text(cell))]
    complaints = []
    for section in sections(lesson.outputs):
        if section.title in ("Time", "References"):
            continue
        for cell in section.cells:
            if cell.cell_type == "markdown":
                complaints += [
                    f"{place(cell)} quotes {number}, which no cell shows"
                    for number in prose_numbers(cell.source)
                    if not known_number(number, known)
                ]
    return complaints


def same_as_source(lesson: Lesson) -> list[str]:
    """The notebook was built from the source as it is now."""

    def essence(cell: Any) -> tuple:
        kept = {key: cell.metadata.get(key) for key in ("tags", "slideshow")}
        return cell.cell_type, cell.source.strip(), kept

    build = f"make notebooks NB={lesson.number}"
    ours, theirs = map(essence, lesson.cells), map(essence, lesson.outputs)
    for cell, one, other in zip(lesson.cells, ours, theirs, strict=False):
        if one != other:
            return [f"{place(cell)} differs; run: {build}"]
    if len(lesson.cells) != len(lesson.outputs):
        return [f"it has another number of cells; run: {build}"]
    return []


def ran(lesson: Lesson) -> list[str]:
    """Every code cell was executed, and none failed unless it is meant to."""
    complaints = []
    for cell in lesson.outputs:
        if cell.cell_type != "code":
            continue
        if cell.execution_count is None:
            complaints.append(f"{place(cell)} was not executed")
        failed = any(output.output_type == "error" for output in cell.outputs)
        if failed and "raises-exception" not in cell.metadata.get("tags", ()):
            complaints.append(f"{place(cell)} holds an error")
    return complaints


def image_outputs(cell: Any) -> Iterator[tuple[str, Any]]:
    """(MIME type, output) of each picture of a code cell."""
    for output in cell.get("outputs", ()):
        for mime in output.get("data", {}):
            if mime.startswith("image/"):
                yield mime, output


def alternative_texts(lesson: Lesson) -> list[str]:
    """Every picture says in words what is to be seen, and none is SVG."""
    complaints = []
    for cell in lesson.outputs:
        for mime, output in image_outputs(cell):
            alt = output.metadata.get(mime, {}).get("alt", "")
            plain = output.data.get("text/plain", "")
            if mime not in ("image/png", "image/jpeg"):
                complaints.append(f"{place(cell)} holds {mime}")
            if len(alt) < 20:
                complaints.append(f"{place(cell)}: alternative text {alt!r} is short")
            if not plain.startswith("Figure: "):
                complaints.append(f"{place(cell)}: {plain[:40]!r} is no 'Figure: ...'")
    return complaints


def figures_are_read(lesson: Lesson) -> list[str]:
    """A sentence stands within two cells of every figure, in the same section."""
    complaints = []
    for section in sections(lesson.outputs):
        cells = [c for c in section.cells if not notebooks.is_notes(c)]
        for index, cell in enumerate(cells):
            near = cells[max(index - 2, 0) : index] + cells[index + 1 : index + 3]
            read = any(re.search(r"\w[.?:!]", c.source) for c in near if is_prose(c))
            if any(image_outputs(cell)) and not read:
                complaints.append(f"{place(cell)}: no sentence says what to see")
    return complaints


def twins(lesson: Lesson) -> list[str]:
    """A widget's cell holds a picture too, and no widget view without a kernel."""
    complaints = []
    for cell in lesson.outputs:
        datas = [output.get("data", {}) for output in cell.get("outputs", ())]
        if any(notebooks.WIDGET in data for data in datas):
            complaints.append(f"{place(cell)} keeps a widget without its kernel")
        plain = [str(data.get("text/plain", "")) for data in datas]
        is_panel = re.search(r"\bexplore\(", cell.source)
        shown = any(text.startswith("Widget: ") for text in plain)
        if is_panel and shown and not any(image_outputs(cell)):
            complaints.append(f"{place(cell)} has a widget and no picture")
    return complaints


def size(lesson: Lesson) -> list[str]:
    """The file is small enough for git and for a page."""
    megabytes = lesson.built.stat().st_size / 1e6
    return [f"{megabytes:.2f} MB"] if megabytes > MOST_MB else []


def minutes(lesson: Lesson) -> list[str]:
    """The promised minutes are those that were measured; so is the memory."""
    text = "\n".join(
        cell.source
        for section in sections(lesson.cells)
        if section.title == "Time"
        for cell in section.cells
        if is_prose(cell)
    )
    promised = re.search(TIME, " ".join(text.split()), re.I)
    if not promised:
        return ["Time does not say 'minutes on two CPU cores: 1, on one GPU: 1'"]
    row = measured(lesson)
    if row is None:
        return ["not measured yet; run: python tools/notebooks.py time"]
    least = row["seconds"] / 60
    complaints = []
    if not least <= float(promised[1]) <= math.ceil(least) + 1:
        complaints.append(f"promises {promised[1]} min, measured {least:.1f}")
    if least > MOST_MINUTES:
        complaints.append(f"takes {least:.1f} minutes, {MOST_MINUTES} are allowed")
    if row["peak_mb"] > MOST_PEAK_MB:
        complaints.append(f"takes {row['peak_mb']} MB, {MOST_PEAK_MB} are allowed")
    return complaints


def measured(lesson: Lesson) -> dict[str, Any] | None:
    """The row of this notebook on a CPU in data/results, if there is one."""
    if not lesson.minutes.exists():
        return None
    rows = tomllib.loads(lesson.minutes.read_text(encoding="utf-8"))["notebook"]
    name = lesson.source.stem
    found = [r for r in rows if r["name"] == name and r["device"] == "cpu"]
    return found[0] if found else None


BUILT_RULES: tuple[Callable[[Lesson], list[str]], ...] = (
    same_as_source,
    ran,
    numbers,
    alternative_texts,
    figures_are_read,
    twins,
    size,
    minutes,
)
