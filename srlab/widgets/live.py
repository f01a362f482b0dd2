# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What all panels need: a result drawn into an image widget, errors in plain words."""

import io
from html import escape
from typing import Any

import ipywidgets
from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image

from srlab import figures
from srlab.figures import layout, pictures
from srlab.figures.layout import Cell

__all__ = [
    "PLAIN",
    "UNSEEN",
    "complaint",
    "display_widget",
    "parts",
    "picture_widget",
    "plain",
    "put",
    "render",
]

PLAIN = "white-space:pre-line;min-height:1.5em"
# ipywidgets.Image has no alternative text (and a tooltip breaks its view), so that a
# caption carries the words for a screen reader.
UNSEEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"
_BAD = "padding:6px 10px;border-left:4px solid #D55E00;white-space:pre-line"


def parts(result: Any) -> tuple[Any, str]:
    """Split what a function gave into the picture and its caption."""
    if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], str):
        return result
    return result, ""


def render(result: Any) -> tuple[Image.Image, str, bool, str]:
    """Draw what a function gave: canvas, mime, full colour resolution, caption."""
    result, caption = parts(result)
    if result is None:
        raise TypeError("the function gave nothing back: is the return missing?")
    if isinstance(result, Figure):
        result = figures.show(result, alt="what the function drew")
    if isinstance(result, pictures.Picture):
        canvas = Image.open(io.BytesIO(result.data)).convert("RGB")
        return canvas, result.mime, True, caption
    found = pictures.gather(result)
    cells = [Cell(pictures.to_pil(one), name) for name, one in found]
    canvas, _, enlarged = layout.strip(cells, min(4, len(cells)))
    return canvas, "image/jpeg", enlarged, caption


def plain(value: Any) -> str:
    """Write an option or a value as a reader would: on, 0.5, a kernel's name.

    >>> plain(True), plain(0.1 + 0.2), plain(abs)
    ('on', '0.3', 'abs')
    """
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(
        getattr(value, "__name__", None) or getattr(value, "name", None) or value
    )


def picture_widget() -> ipywidgets.Image:
    """Make an image widget that takes no room until ``put`` gives it something."""
    image = ipywidgets.Image(format="jpeg")
    image.layout.max_width = "100%"
    image.layout.align_self = "flex-start"  # a box would stretch, and so blur, it
    image.layout.display = "none"
    return image


def put(target: ipywidgets.Image, canvas: Image.Image, mime: str, chroma: bool) -> None:
    """Show a canvas in an image widget."""
    with target.hold_sync():  # format and bytes reach the page together
        target.format = mime.removeprefix("image/")
        target.value = pictures.encode(canvas, mime, chroma=chroma)
        target.layout.display = None


def complaint(sentence: str, error: Exception) -> str:
    """Give HTML that says in plain words what went wrong."""
    text = f"{sentence}\n{type(error).__name__}: {error}"
    return f'<div role="alert" style="{_BAD}">{escape(text)}</div>'


def display_widget(box: ipywidgets.Widget, text: str) -> None:
    """Display a widget whose text/plain is the same on every machine."""
    data = dict(box._repr_mimebundle_())
    data["text/plain"] = text
    display(data, raw=True)
