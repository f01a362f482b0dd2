# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""One notebook of the course, as the rules see it: source, cells, sections."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from tools import notebooks


@dataclass(frozen=True)
class Section:
    """A stretch of cells under one heading of level 1 or 2."""

    title: str
    cells: tuple[Any, ...]

    @property
    def numbered(self) -> bool:
        return bool(re.match(r"\d+ ", self.title))


@dataclass(frozen=True)
class Lesson:
    """One notebook of the course: its source, and what was built from it."""

    source: Path
    minutes: Path = notebooks.MINUTES

    @property
    def number(self) -> str:
        return self.source.name[:2]

    @property
    def course(self) -> Path:
        return self.source.parents[1]

    @property
    def built(self) -> Path:
        return self.course / f"{self.source.stem}.ipynb"

    @functools.cached_property
    def cells(self) -> list[Any]:
        return notebooks.read_source(self.source).cells

    @functools.cached_property
    def outputs(self) -> list[Any]:
        """The cells of the built notebook."""
        return nbformat.read(self.built, as_version=4).cells

    @functools.cached_property
    def code(self) -> str:
        return "\n".join(c.source for c in self.cells if c.cell_type == "code")


def is_prose(cell: Any) -> bool:
    """True for markdown that is not a speaker's note."""
    return cell.cell_type == "markdown" and not notebooks.is_notes(cell)


def headings(cell: Any, level: int) -> list[str]:
    """The headings of one level in a markdown cell."""
    if cell.cell_type != "markdown":
        return []
    text = re.sub(r"```.*?```", "", cell.source, flags=re.S)
    return re.findall(rf"^#{{{level}}} +(.+?)\s*$", text, flags=re.M)


def sections(cells: list[Any]) -> list[Section]:
    """Cells by their headings of level 1 and 2."""
    found: list[tuple[str, list[Any]]] = [("", [])]
    for cell in cells:
        names = headings(cell, 1) + headings(cell, 2)
        found += [(name, []) for name in names]
        found[-1][1].append(cell)
    return [Section(title, tuple(inside)) for title, inside in found]


def place(cell: Any) -> str:
    """Which cell: its id, which tells heading and place."""
    return f"cell {cell.get('id', '?')}"


def anchors(cells: list[Any]) -> set[str]:
    """What "#..." may name in a notebook: headings, blanks as hyphens."""
    levels = range(1, 7)
    names = [n for c in cells for level in levels for n in headings(c, level)]
    return {name.replace(" ", "-") for name in names}
