# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""A small notebook with everything that a slide can hold, made without a kernel."""

from __future__ import annotations

import base64
import io

import nbformat
import numpy as np
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from srlab.classroom.quizzes import Ask, Question, ask_card, quiz_card

SLIDER = """\
import srlab
from srlab.widgets import explore

photo = srlab.photo("coffee")

def darker(share):
    return photo * share / 10

twin = [{"share": 3}, {"share": 6}]
explore(darker, twin, alt="A cup of coffee, darkened.", share=(1, 10, 1, 5))"""


def photo_bytes(kind: str, height: int, width: int) -> str:
    """Base64 of a picture with a gradient and stripes."""
    rows, columns = np.mgrid[0:height, 0:width]
    stripes = 128 + 100 * np.sin(columns**1.5 / 40)
    rgb = np.stack([rows * 255 / height, columns * 255 / width, stripes], -1)
    file = io.BytesIO()
    Image.fromarray(rgb.astype(np.uint8)).save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


def figure(alt: str, kind: str = "jpeg", height: int = 600, width: int = 900):
    """An output as srlab.show makes it."""
    mime = f"image/{kind}"
    data = {mime: photo_bytes(kind, height, width), "text/plain": f"Figure: {alt}"}
    return new_output("display_data", data=data, metadata={mime: {"alt": alt}})


def page(text: str, mime: str = "text/html", plain: str = "Card"):
    """An output of HTML with its words."""
    return new_output("display_data", data={mime: text, "text/plain": plain})


def cell(source: str, slide: str, *outputs, tags=()) -> nbformat.NotebookNode:
    """A code cell on a slide."""
    metadata = {"slideshow": {"slide_type": slide}, "tags": list(tags)}
    return new_code_cell(source, metadata=metadata, outputs=list(outputs))


def text(source: str, slide: str) -> nbformat.NotebookNode:
    """A Markdown cell on a slide."""
    return new_markdown_cell(source, metadata={"slideshow": {"slide_type": slide}})


def _pictures() -> list[nbformat.NotebookNode]:
    shown = figure("A gradient with stripes that grow finer to the right.")
    long_code = "\n".join(f"value_{n} = {n} * scale  # line {n}" for n in range(1, 15))
    curve = figure("A curve that falls.", "png", 480, 640)
    return [
        text("# 99 A sample deck", "slide"),
        cell('srlab.show(x, alt="A gradient with stripes.")', "-", shown),
        text("Say first what the picture promises. Then ask who has seen it.", "notes"),
        text("## Setup", "slide"),
        cell("import torch\nimport srlab\n", "-"),
        text("## 1 Formulas", "slide"),
        text(r"The error is $e = x - y$ and $$\mathrm{MSE} = \frac1N \sum e^2$$", "-"),
        cell(long_code, "subslide", curve),
        text("The curve falls: see its **left** end.", "-"),
    ]


def _questions() -> list[nbformat.NotebookNode]:
    ask = ask_card("9.a", Ask("Which is larger?", "The second, by `0.5` dB."))
    options = ("the first one", "the second one", "neither of the two")
    question = Question("Which of these is right?", options, "b", "It is larger.")
    quiz = quiz_card("99", [question] * 4)
    row = "<tr>" + "<td>12.34</td>" * 7 + "</tr>"
    table = f"<table><caption>PSNR, dB</caption><tbody>{row * 8}</tbody></table>"
    lines = "".join(f"line {n}\n" for n in range(60))
    noise = new_output("stream", name="stderr", text="a warning\n")
    long = new_output("stream", name="stdout", text=lines)
    return [
        text("## 2 Questions", "slide"),
        cell('srlab.ask("9.a")', "fragment", page(ask.html)),
        text("Wait for hands before the next key.", "notes"),
        cell("srlab.quiz(99)", "subslide", page(quiz.html)),
        text("## 3 Tables and long text", "slide"),
        cell("table", "-", page(table)),
        cell("print(lines)", "subslide", long, noise),
        text("This is not on a slide: SKIPPED.", "skip"),
    ]


def _panel() -> list[nbformat.NotebookNode]:
    twin = figure("Three settings of the panel, side by side.", height=240)
    plain = new_output("display_data", data={"text/plain": "Widget: a level"})
    answer = "def solve(x):\n    return x  # SOLVED"
    return [
        text("## 4 A panel", "slide"),
        cell(SLIDER, "-", twin, plain),
        text("## Exercises", "slide"),
        cell("def solve(x):\n    raise NotImplementedError('9.1')", "-"),
        cell(answer, "-", tags=["solution"]),
        text("See [the next notebook](01_images.ipynb).", "-"),
    ]


def sample_notebook() -> nbformat.NotebookNode:
    """Slides with pictures, formulas, code, questions, a table, a panel, solutions."""
    nb = new_notebook(cells=[*_pictures(), *_questions(), *_panel()])
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nb.metadata["kernelspec"] = spec
    for number, each in enumerate(nb.cells):
        each["id"] = f"sample-{number}"
    return nb


def slider_notebook() -> nbformat.NotebookNode:
    """A notebook that can be run: one panel of one slider and one picture."""
    nb = sample_notebook()
    nb.cells = [text("# 98 A slider", "slide"), cell(SLIDER, "slide")]
    nb.cells[0]["id"], nb.cells[1]["id"] = "title", "panel"
    return nb
