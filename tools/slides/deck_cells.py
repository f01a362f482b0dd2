# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What a deck does to the cells of a notebook before nbconvert draws them.

The notebook itself is not changed. A deck drops cells tagged `solution` (the deck with
solutions keeps them, and shows those of the exercises file behind each exercise),
warnings, and the controls of panels, which need a kernel; it hides the last call of a
cell where that only places a picture or a question, assertions, which are there for the
tests, and a last list of row names, with its cell where that has a slide of its own; it
shortens long text.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from traitlets import Bool, Dict

LONGEST_TEXT = 16  # lines of a text output that a slide shows
LIVE = '<p class="live">In the notebook this is live.</p>'
EXERCISE = re.compile(r"""(?:\bcheck\(["']|["']Exercise )(\d+\.\d+)""")

# A last call of these places something: on a slide the thing itself says it all.
PLACING = {
    *("ask", "claims", "compare", "curves", "explore", "glossary", "hint", "quiz"),
    *("rating", "show", "solution", "table", "zoom"),
    *("draw", "draw_bands", "plot_rd", "strips"),  # notebooks' own, with alt texts
}
BAR = re.compile(r"\d+%\|")  # of a progress bar
NAMES = re.compile(r"(?:^|\n)list\(\w+\.index\)\s*$")  # the table itself comes next


def _last_call(source: str) -> tuple[str, int]:
    """The name of what the last statement calls, "" for none, and its first line."""
    body = ast.parse(source).body
    if not body or not isinstance(body[-1], ast.Expr):
        return "", 0
    name = getattr(body[-1].value, "func", None)
    return getattr(name, "attr", getattr(name, "id", "")), body[-1].lineno


def _without_assertions(source: str) -> str:
    """Asserts that stand on lines of their own, and leave a block behind, go."""
    lines, gone = source.split("\n"), set()
    for node in ast.walk(ast.parse(source)):
        for block in (getattr(node, name, None) for name in ("body", "orelse")):
            if not isinstance(block, list):
                continue
            tests = [part for part in block if isinstance(part, ast.Assert)]
            if len(tests) == len(block) and not isinstance(node, ast.Module):
                continue
            for test in tests:
                end = test.end_lineno or test.lineno
                own = lines[test.lineno - 1].lstrip().startswith("assert")
                if own and ";" not in lines[end - 1]:
                    gone |= set(range(test.lineno, end + 1))
    return "\n".join(v for k, v in enumerate(lines, 1) if k not in gone)


def slide_source(source: str) -> str:
    """The code that a slide shows, without assertions and a last call that only places.

    >>> slide_source('y = 2 * x\\nassert y > 1\\nsrlab.show(y, alt="A cat")')
    'y = 2 * x'
    >>> slide_source('srlab.ask("1.a")')
    ''
    """
    try:
        name, line = _last_call(source)
        if name in PLACING or NAMES.search(source):
            source = "\n".join(source.split("\n")[: line - 1])
        return _without_assertions(source).strip("\n")
    except SyntaxError:
        return source


def shorten(text: str, longest: int = LONGEST_TEXT) -> str:
    """The first lines of a long text, and how many more the notebook has.

    >>> shorten("a\\nb\\nc\\nd", 3)
    'a\\nb\\n... 2 more lines in the notebook'
    """
    lines = text.rstrip("\n").split("\n")
    if len(lines) <= longest:
        return text
    rest = len(lines) - longest + 1
    return "\n".join([*lines[: longest - 1], f"... {rest} more lines in the notebook"])


def slide_output(output: NotebookNode) -> NotebookNode | None:
    """An output as a slide shows it; None where a slide does not show it."""
    if output.output_type == "stream":
        if output.name == "stderr":
            return None
        output.text = shorten(output.text)
        return output
    if output.output_type == "error":
        return output
    data = output.data
    data.pop("application/vnd.jupyter.widget-view+json", None)
    text = data.get("text/plain", "")
    if BAR.search(text):
        return None
    if not data or ": not tried yet" in text:
        return None
    if text.startswith("Widget:"):
        data["text/html"] = LIVE
    if "text/plain" in data:
        data["text/plain"] = shorten(text)
    return output


def slide_cell(cell: NotebookNode) -> NotebookNode:
    """A code cell as a slide shows it."""
    tags = set(cell.metadata.get("tags", []))
    if "srlab.setup(" in cell.source:
        cell.metadata["tags"] = sorted(tags | {"slide-small"})
    names_only = bool(NAMES.search(cell.source))
    cell.source = re.sub(r"\n{3,}", "\n\n", slide_source(cell.source))
    if {"remove-input", "hide-input"} & tags or not cell.source:
        cell.metadata["transient"] = {"remove_source": True}
    outputs = [] if {"remove-output", "hide-output"} & tags else cell.outputs
    if names_only:
        outputs = [out for out in outputs if out.output_type != "execute_result"]
    cell.outputs = [kept for kept in map(slide_output, outputs) if kept is not None]
    return cell


def prepares_only(cell: NotebookNode, after: NotebookNode | None) -> bool:
    """Whether a cell fills a slide of its own with what the next slide's table needs.

    It ends with a list of the table's row names, for students who run it step by step.
    """
    begins = [
        part and _slide_type(part) in ("slide", "subslide") for part in (cell, after)
    ]
    return cell.cell_type == "code" and all(begins) and bool(NAMES.search(cell.source))


def _slide_type(cell: NotebookNode) -> str:
    return cell.metadata.get("slideshow", {}).get("slide_type", "-")


def solution_slide(name: str, source: str) -> list[NotebookNode]:
    """A slide with one way to solve exercise `name`."""
    heading = new_markdown_cell(f"#### Exercise {name}: one way to solve it")
    heading.metadata["slideshow"] = {"slide_type": "subslide"}
    code = new_code_cell(source)
    code.metadata["slideshow"] = {"slide_type": "-"}
    return [heading, code]


def add_solutions(
    cells: list[NotebookNode], sources: dict[str, str]
) -> list[NotebookNode]:
    """Put each solution behind the slide of its exercise: the last that checks it."""
    place = {}
    for number, cell in enumerate(cells):
        if cell.cell_type == "code":
            place.update(dict.fromkeys(EXERCISE.findall(cell.source), number))
    told: list[NotebookNode] = []
    waiting: list[NotebookNode] = []
    for number, cell in enumerate(cells):
        if _slide_type(cell) in ("slide", "subslide"):
            told += waiting
            waiting = []
        told.append(cell)
        for name, source in sources.items():
            if place.get(name) == number:
                waiting += solution_slide(name, source)
    return told + waiting


class SlideCells(Preprocessor):
    """nbconvert's step that makes slide cells of notebook cells."""

    with_solutions = Bool(False, help="keep cells tagged `solution`").tag(config=True)
    solutions = Dict(help="exercise -> source of its solution").tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """nb: a copy that nbconvert made; cells not for this deck are removed."""
        unwanted = {"remove-cell", "hide-cell"}
        if self.with_solutions:
            nb.cells = add_solutions(nb.cells, dict(self.solutions))
        else:
            unwanted.add("solution")
        shown = [
            cell
            for cell in nb.cells
            if not unwanted & set(cell.metadata.get("tags", []))
            and _slide_type(cell) != "skip"
        ]
        kept = []
        for cell, after in zip(shown, [*shown[1:], None], strict=True):
            if prepares_only(cell, after):
                continue
            kept.append(slide_cell(cell) if cell.cell_type == "code" else cell)
        nb.cells = kept
        return nb, resources
