# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What a page does to the cells of a notebook; the notebook itself is not changed.

Pictures become files with their alternative text; the view of a widget, which needs a
kernel, becomes one line below the picture that it began with; the styles that every
card repeats go to one file; links between notebooks become links between pages, and
paths of the repository plain text; notes for the lecturer are folded; the hints stand
closed below each exercise.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import nbformat
from book_html import apart, details
from nbformat import NotebookNode
from nbformat.v4 import new_output
from PIL import Image

NOTES = "*For the lecturer.*"
ENDINGS = {"image/png": "png", "image/jpeg": "jpg"}
MARKDOWN_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)")
STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
CHECKED = re.compile(r"Exercise (\d+\.\d+): not tried yet")
DISPLAYED = re.compile(r"^(\$\$.*?\$\$)[ \t]*$", re.MULTILINE | re.DOTALL)
# A call that only places a card: on a page the card says it all.
PLACING = re.compile(r"srlab\.(?:classroom\.)?(?:ask|quiz|claims)\([^()]*\)")


@dataclass
class Assets:
    """What the pages share, collected while they are made."""

    folder: Path  # _static of the sources
    styles: dict[str, None] = field(default_factory=dict)  # each once, in order

    def picture(self, data: bytes, ending: str) -> str:
        """Keep a picture under the name of its content; its address in the pages."""
        name = f"{hashlib.sha256(data).hexdigest()[:16]}.{ending}"
        (self.folder / "figures").mkdir(parents=True, exist_ok=True)
        (self.folder / "figures" / name).write_bytes(data)
        return f"_static/figures/{name}"

    def write_styles(self) -> None:
        """outputs.css: the styles of cards, tables and viewers."""
        path = self.folder / "outputs.css"
        path.write_text("\n".join(self.styles), encoding="utf-8")


def page_links(text: str, pages: set[str]) -> str:
    """Markdown links to notebooks lead to pages; other paths become plain code.

    >>> page_links("[next](02_b.ipynb#x), [t](../data/a.csv)", {"02_b"})
    '[next](02_b.ipynb#x), `data/a.csv`'
    """

    def changed(found: re.Match) -> str:
        words, target = found[1], found[2]
        if re.match(r"[a-z]+:|#", target):
            return found[0]
        path, _, anchor = target.partition("#")
        stem = Path(path).stem
        if path.endswith(".ipynb") and stem in pages:
            return f"[{words}]({path}{'#' * bool(anchor)}{anchor})"
        return f"`{path.removeprefix('../')}`"

    return MARKDOWN_LINK.sub(changed, text)


def image_html(data: dict[str, str], mime: str, assets: Assets) -> str:
    """An image of an output as an element: a file, its size, its words."""
    content = base64.b64decode(data[mime])
    alt = data.get("text/plain", "").removeprefix("Figure:").strip()
    with Image.open(io.BytesIO(content)) as picture:
        wide, high = picture.size
    return (
        f'<img class="figure" loading="lazy" alt="{escape(alt)}" width="{wide}" '
        f'height="{high}" src="{assets.picture(content, ENDINGS[mime])}">'
    )


def html_output(html: str, assets: Assets) -> str:
    """HTML of an output: styles are taken out, links lead to pages."""
    for style in STYLE.findall(html):
        assets.styles[style.strip()] = None
    html = apart(STYLE.sub("", html))
    return re.sub(r'href="(\d\d_\w+)\.ipynb', r'href="\1.html', html)


def hints_html(name: str) -> str:
    """The three hints of an exercise, each closed."""
    from srlab.classroom.coursework import find_entry

    hints = find_entry("EXERCISES", name).hints
    return (
        '<div class="hints">'
        + "".join(
            details(f"Hint {grade} of {len(hints)}", hint)
            for grade, hint in enumerate(hints, 1)
        )
        + "</div>"
    )


def page_output(output: NotebookNode, assets: Assets) -> NotebookNode | None:
    """An output as a page shows it; None for warnings, which a page leaves out."""
    if output.output_type == "stream":
        return output if output.name == "stdout" else None
    if output.output_type == "error":
        return output
    data = output.data
    text = data.get("text/plain", "")
    mime = next((one for one in ENDINGS if one in data), "")
    if mime:
        html = image_html(data, mime, assets)
    elif text.startswith("Widget:"):
        about = escape(text.removeprefix("Widget:").strip().rstrip("."))
        html = f'<p class="live"><b>Live in the notebook:</b> {about}.</p>'
    elif "text/html" in data:
        html = html_output(data["text/html"], assets)
        tried = CHECKED.match(text)
        html += hints_html(tried[1]) if tried else ""
    else:
        return output
    return new_output("display_data", data={"text/html": html})


def page_markdown(source: str, pages: set[str]) -> str:
    """Markdown of a page; what is for the lecturer is folded."""
    source = DISPLAYED.sub(r"\n\1\n", page_links(source, pages))
    if not source.startswith(NOTES):
        return source
    body = source.removeprefix(NOTES).strip()
    return (
        "``````{admonition} For the lecturer\n:class: lecturer\n"
        f":collapsible: closed\n\n{body}\n``````"
    )


def page_notebook(
    path: Path, pages: set[str], assets: Assets, below_title: str = ""
) -> NotebookNode:
    """A notebook as a page of the book.

    path: the notebook; pages: the stems of all; below_title: Markdown that stands
    under the title. Outputs are those that the file holds.
    """
    nb = nbformat.read(path, as_version=4)
    nb.metadata.pop("widgets", None)
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            cell.source = page_markdown(cell.source, pages)
        elif cell.cell_type == "code":
            outputs = [page_output(output, assets) for output in cell.outputs]
            cell.outputs = [output for output in outputs if output is not None]
            cell.execution_count = None
            if PLACING.fullmatch(cell.source.strip()):
                cell.metadata["tags"] = [*cell.metadata.get("tags", []), "remove-input"]
    first = next(cell for cell in nb.cells if cell.cell_type == "markdown")
    title, _, rest = first.source.partition("\n")
    first.source = f"{title}\n\n{below_title}\n{rest}"
    return nb
