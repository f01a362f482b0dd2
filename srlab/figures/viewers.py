# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""``compare`` and ``zoom``: two small viewers in self-contained HTML.

No kernel, no network, no script element: pages and JupyterLab insert outputs through
innerHTML, where ``<script>`` is not run but inline handlers are. The pictures' own
``onload`` turns the viewer on; where handlers are taken away (a notebook that is not
trusted yet, GitHub) both pictures stay visible side by side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import torch
from PIL import Image

from srlab.figures import pictures, viewer_parts
from srlab.figures.pictures import Crop, check_alt
from srlab.images import check_one

__all__ = ["Viewer", "compare", "zoom"]

BUDGET = 240_000  # characters of one viewer
ENLARGED = 480  # pixels: small pictures are enlarged up to this
SLIDE = 400  # pixels: height of a picture that fits on a slide
PANEL = 320  # pixels: side of the magnifier's window
QUALITY = 92  # of the JPEG under the magnifier, where pixels are looked at


@dataclass(frozen=True)
class Viewer:
    """Self-contained HTML with its alternative text ("Figure: ..." as text/plain)."""

    html: str
    alt: str

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": repr(self)}

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"Figure: {self.alt}"


def compare(
    a: torch.Tensor,
    b: torch.Tensor,
    labels: Sequence[str] = ("before", "after"),
    alt: str = "",
    crop: Crop | None = None,
) -> Viewer:
    """Lay b over a, with a line to drag between them; the last line of a cell.

    Args:
        a, b: (1, C, H, W) in [0, 1]; a is left of the line. One may be smaller by a
            whole number (an LR image): its pixels are enlarged to squares.
        labels: two short names.
        alt: required: what the two pictures show, in a sentence.
        crop: (top, left, height, width) in pixels of the larger one.

    The line follows mouse, finger and arrow keys. Small pictures are enlarged by whole
    numbers, those above 900 pixels reduced; the note says so. JPEG, quality 85, or for
    enlarged pixels a PNG where that is smaller.

    Raises:
        ValueError, TypeError: no alt, not two labels, sizes that do not fit.
    """
    alt = check_alt(alt)
    if isinstance(labels, str) or len(labels) != 2 or not all(map(str, labels)):
        raise ValueError(f"labels is {labels!r}; expected two names")
    pair = [_single(a, "a"), _single(b, "b")]
    cut = pictures.crop_all(pair, crop)
    return Viewer(_compare_html(_same_size(*cut), labels, alt), alt)


def _compare_html(pair: Sequence[torch.Tensor], labels: Sequence[str], alt: str) -> str:
    high, wide = pair[0].shape[-2:]
    enlarge = max(1, min(ENLARGED // wide, ENLARGED // high))
    drawn, scale, sources = viewer_parts.embed(pair, enlarge, pictures.SHARP, BUDGET)
    wide, high = drawn[0].size
    said = viewer_parts.note(
        "Side by side; run this cell (or trust the notebook) for a line to drag.",
        "Drag the line, or use the arrow keys.",
        _scale_note(scale),
    )
    return viewer_parts.fill(
        viewer_parts.COMPARE,
        **viewer_parts.COMPARE_HANDLERS,
        alt=escape(alt),
        key=viewer_parts.key(pair, alt, *labels),
        wide=wide,
        both=2 * wide + 16,
        slide=round(SLIDE * wide / high),
        a=escape(str(labels[0])),
        b=escape(str(labels[1])),
        src_a=sources[0],
        src_b=sources[1],
        note=said,
    )


def zoom(
    image: torch.Tensor, alt: str = "", factor: int = 4, crop: Crop | None = None
) -> Viewer:
    """Show an image with a frame to move and what lies under it, enlarged.

    Args:
        image: (1, C, H, W) in [0, 1].
        alt: required: what the picture shows, in a sentence.
        factor: 2 to 16: one pixel becomes a square of factor x factor.
        crop: (top, left, height, width).

    The frame follows mouse, finger and two sliders (arrow keys). The picture is JPEG of
    quality 92 with full colour resolution; what is above 900 pixels is reduced.

    Raises:
        ValueError, TypeError: no alt, a wrong image or factor.
    """
    alt = check_alt(alt)
    if not isinstance(factor, int) or not 2 <= factor <= 16:
        raise ValueError(f"factor is {factor!r}; expected a whole number from 2 to 16")
    one = pictures.crop_all([_single(image, "image")], crop)[0]
    return Viewer(_zoom_html(one, alt, factor), alt)


def _zoom_html(one: torch.Tensor, alt: str, factor: int) -> str:
    high, wide = one.shape[-2:]
    panel_w, panel_h = min(PANEL, wide * factor), min(PANEL, high * factor)
    still = _middle(pictures.to_pil(one), panel_w, panel_h, factor)
    budget = BUDGET - len(still)
    drawn, scale, sources = viewer_parts.embed([one], 1, QUALITY, budget)
    wide, high = drawn[0].size
    lens_w = min(1.0, panel_w / factor / wide)
    lens_h = min(1.0, panel_h / factor / high)
    shown = _shown(wide, high)
    said = viewer_parts.note(
        "The picture and its middle; run this cell (or trust the notebook) to move.",
        "Move the frame with the mouse, a finger or the sliders.",
        f"One pixel is drawn as {factor} × {factor}. {_scale_note(scale)}",
    )
    return viewer_parts.fill(
        viewer_parts.ZOOM,
        **viewer_parts.ZOOM_HANDLERS,
        alt=escape(alt),
        key=viewer_parts.key([one], alt, str(factor)),
        shown=shown,
        crisp="srlab-crisp" if shown > wide else "srlab-smooth",
        room=shown + panel_w + 24,
        src=sources[0],
        lens_w=f"{lens_w:.5f}",
        lens_h=f"{lens_h:.5f}",
        free_w=f"{1 - lens_w:.5f}",
        free_h=f"{1 - lens_h:.5f}",
        factor=factor,
        panel_w=panel_w,
        panel_h=panel_h,
        full_w=wide * factor,
        full_h=high * factor,
        middle=still,
        note=said,
    )


def _single(image: torch.Tensor, name: str) -> torch.Tensor:
    """Check one image at the door: (1, C, H, W) in [0, 1], on the CPU, float32."""
    return check_one(image, name).detach().float().cpu()


def _same_size(a: torch.Tensor, b: torch.Tensor) -> list[torch.Tensor]:
    """Enlarge the smaller one by a whole number, each pixel to a square."""
    pair, high = [a, b], max(a.shape[-2], b.shape[-2])
    sized = []
    for x in pair:
        k = high // x.shape[-2]
        sized.append(x.repeat_interleave(k, -2).repeat_interleave(k, -1))
    if sized[0].shape[-2:] != sized[1].shape[-2:]:
        raise ValueError(
            f"a has {tuple(a.shape[-2:])} pixels, b {tuple(b.shape[-2:])}; expected "
            "the same size, or one a whole number of times the other"
        )
    return sized


def _middle(picture: Image.Image, panel_w: int, panel_h: int, factor: int) -> str:
    """Cut the middle out and enlarge it: what the magnifier shows without handlers."""
    w, h = max(1, round(panel_w / factor)), max(1, round(panel_h / factor))
    left, top = (picture.width - w) // 2, (picture.height - h) // 2
    part = picture.crop((left, top, left + w, top + h))
    part = part.resize((panel_w, panel_h), Image.Resampling.NEAREST)
    return viewer_parts.address(part, pictures.SHARP, True)


def _shown(wide: int, high: int) -> int:
    """Choose the width on the page: small pictures grow, large ones shrink."""
    grow = max(1, PANEL // max(wide, high))
    return min(wide * grow, 560, max(1, round(SLIDE * wide / high)))


def _scale_note(scale: float) -> str:
    if scale == 1:
        return ""
    if scale > 1:
        return f"Pixels enlarged {scale:.0f} times."
    return f"Reduced to {100 * scale:.0f} % of its size."
