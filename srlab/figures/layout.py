# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Pictures in rows, with titles: pixels stay squares, words stay whole.

Laid out with Pillow, not with matplotlib, so that a pixel of the tensor is a whole
number of pixels of the page, or one reduction that is named, never a blur.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from srlab.figures.pictures import to_pil

__all__ = ["MAX_WIDTH", "Cell", "add_colour_bar", "stack", "strip"]

MAX_WIDTH = 840  # pixels: what JupyterLab, an export and a slide all have room for
NATIVE_HEIGHT = 512  # a picture higher than this is reduced ...
ENLARGED_HEIGHT = 384  # ... and a small one is enlarged up to this
GAP, LINE, FOOT = 12, 22, 18  # pixels between cells, of a title's line, of a note
BAR = 90  # pixels that a colour bar and its numbers take
PAPER, INK, PALE, FRAME = (255,) * 3, (20,) * 3, (105,) * 3, (200,) * 3


@dataclass(frozen=True)
class Cell:
    """One picture of a strip, RGB, with the title above it."""

    picture: Image.Image
    title: str = ""


def strip(
    cells: Sequence[Cell],
    columns: int,
    height: int | None = None,
    room: int = MAX_WIDTH,
) -> tuple[Image.Image, list[Image.Image], bool]:
    """Lay cells out in a grid with titles above; nothing overlaps, nothing is cut.

    Returns the canvas, the pictures as they were drawn, and whether one was enlarged.
    """
    pictures, notes = _fit([cell.picture for cell in cells], columns, height, room)
    widths = [
        max(
            *(picture.width for picture in pictures[c::columns]),
            *(min(_widest_word(cell.title), 300) for cell in cells[c::columns]),
            *(90 if note else 1 for note in notes[c::columns]),
        )
        for c in range(columns)
    ]
    lines = [_wrap(cell.title, widths[i % columns]) for i, cell in enumerate(cells)]
    rows = [slice(r, r + columns) for r in range(0, len(cells), columns)]
    heads = [LINE * max(len(text) for text in lines[row]) for row in rows]
    bodies = [max(picture.height for picture in pictures[row]) for row in rows]
    feet = [FOOT if any(notes[row]) else 0 for row in rows]
    total_h = sum(heads) + sum(bodies) + sum(feet) + GAP * (len(rows) + 1)
    canvas = Image.new("RGB", (sum(widths) + GAP * (columns + 1), total_h), PAPER)
    y = GAP
    for row, head, body, foot in zip(rows, heads, bodies, feet, strict=True):
        x = GAP
        for i in range(*row.indices(len(cells))):
            width = widths[i - row.start]
            top = y + head + (body - pictures[i].height) // 2
            _place(
                canvas, pictures[i], lines[i], notes[i], (x + width // 2, y + head, top)
            )
            x += width + GAP
        y += head + body + foot + GAP
    return canvas, pictures, any(note.startswith("pixels") for note in notes)


def stack(cells: Sequence[Cell]) -> Image.Image:
    """Lay cells out at their own size, as many in a row as there is room for."""
    wide = max(cell.picture.width for cell in cells)
    columns = min(len(cells), max(1, MAX_WIDTH // wide))
    height = max(cell.picture.height for cell in cells)
    canvas, _, _ = strip(cells, columns, height, columns * (wide + GAP) + GAP)
    return canvas


def _place(
    canvas: Image.Image,
    picture: Image.Image,
    title: Sequence[str],
    note: str,
    where: tuple[int, int, int],
) -> None:
    """Paste one picture, framed, between title and note; where: middle, base, top."""
    middle, base, top = where
    left, draw = middle - picture.width // 2, ImageDraw.Draw(canvas)
    canvas.paste(picture, (left, top))
    right, bottom = left + picture.width, top + picture.height
    draw.rectangle((left - 1, top - 1, right, bottom), outline=FRAME)
    for n, line in enumerate(reversed(title), 1):
        draw.text((middle, base - LINE * n), line, INK, _font(16), anchor="ma")
    draw.text((middle, bottom + 3), note, PALE, _font(12), anchor="ma")


def _fit(
    pictures: Sequence[Image.Image], columns: int, height: int | None, room: int
) -> tuple[list[Image.Image], list[str]]:
    """Bring pictures to one height: whole-number enlargement, or one reduction."""
    tall, wide = max(p.height for p in pictures), max(p.width for p in pictures)
    own = [  # 5 per cent of slack: an LR image of a size that does not divide
        max(1, int(1.05 * min(tall / p.height, wide / p.width))) for p in pictures
    ]
    each = (room - GAP * (columns + 1)) / columns
    tall = max(k * p.height for k, p in zip(own, pictures, strict=True))
    wide = max(k * p.width for k, p in zip(own, pictures, strict=True))
    if height is None:
        common = min(1.0, NATIVE_HEIGHT / tall)
        common = max(common, ENLARGED_HEIGHT // tall)
    else:
        common = height / tall
    common = min(common, each / wide)
    if common >= 1:
        common = float(int(common))
    else:  # rather a little smaller, if the enlarged ones become whole numbers so
        snapped = int(max(own) * common) / max(own)
        common = snapped if snapped > 0.75 * common else common
    drawn = [_resize(p, k, common) for p, k in zip(pictures, own, strict=True)]
    return drawn, [_note(k * common) for k in own]


def _resize(picture: Image.Image, own: int, common: float) -> Image.Image:
    scale = own * common
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    if scale < 1:
        return picture.resize(size, Image.Resampling.LANCZOS)
    whole = picture.width * own, picture.height * own
    if common < 1:  # pixels stay blocks; only their edges are averaged
        blocks = picture.resize(whole, Image.Resampling.NEAREST)
        return blocks.resize(size, Image.Resampling.BOX)
    return picture.resize(size, Image.Resampling.NEAREST)


def _note(scale: float) -> str:
    if scale == 1:
        return ""
    return f"pixels ×{scale:.3g}" if scale > 1 else f"shown at {100 * scale:.0f} %"


def add_colour_bar(
    canvas: Image.Image, cmap: str, limits: tuple[float, float], height: int
) -> Image.Image:
    """Put a colour bar of that height to the right, with three numbers."""
    low, high = limits
    texts = [f"{v:.3g}" for v in (high, (low + high) / 2, low)]
    wide = 30 + int(max(_font(13).getlength(text) for text in texts))
    wider = Image.new("RGB", (canvas.width + wide, max(canvas.height, height)), PAPER)
    wider.paste(canvas, (0, 0))
    height = max(60, min(height, wider.height - 2 * GAP))
    top, left = (wider.height - height) // 2, canvas.width
    ramp = torch.linspace(1, 0, height).view(1, 1, height, 1).expand(1, 1, height, 14)
    wider.paste(to_pil(ramp, cmap), (left, top))
    draw = ImageDraw.Draw(wider)
    for text, y in zip(texts, (top, top + height // 2, top + height), strict=True):
        draw.text((left + 20, y), text, INK, _font(13), anchor="lm")
    return wider


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """Matplotlib ships DejaVu Sans, so that every machine draws the same letters."""
    file = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    return ImageFont.truetype(str(file), size)


def _widest_word(text: str) -> int:
    words = text.split() or [""]
    return int(np.ceil(max(_font(16).getlength(word) for word in words)))


def _wrap(text: str, width: int) -> list[str]:
    """Break a title into lines of at most that many pixels."""
    lines: list[str] = []
    for paragraph in str(text).splitlines():
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if _font(16).getlength(longer) <= width:
                line = longer
                continue
            lines += [line] if line else []
            while (n := _fitting(word, width)) < len(word):
                lines.append(word[:n])
                word = word[n:]
            line = word
        lines += [line] if line else []
    return lines


def _fitting(word: str, width: int) -> int:
    """Count the letters, at least one, that fit into the width."""
    n = len(word)
    while n > 1 and _font(16).getlength(word[:n]) > width:
        n -= 1
    return n
