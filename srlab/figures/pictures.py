# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Tensors on their way to a page: the door, crops, colour maps, JPEG and PNG bytes.

``srlab.figures``, its viewers and ``srlab.widgets`` draw with what stands here.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import torch
from PIL import Image

from srlab.images import check_image, make_room

__all__ = ["Crop", "Picture", "check_alt", "crop_all", "encode", "gather", "to_pil"]

QUALITY = 85  # of the JPEG bytes that a page holds
DPI = 100

Crop = tuple[int, int, int, int]


@dataclass(frozen=True)
class Picture:
    """Encoded bytes and their alternative text; a notebook draws it as an image.

    Attributes:
        data: JPEG or PNG bytes.
        mime: "image/jpeg" or "image/png".
        alt: what the picture shows, in words; also the text/plain ("Figure: ...").
    """

    data: bytes
    mime: str
    alt: str

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        encoded = base64.b64encode(self.data).decode("ascii")
        bundle = {self.mime: encoded, "text/plain": repr(self)}
        return bundle, {self.mime: {"alt": self.alt}}

    def __repr__(self) -> str:
        return f"Figure: {self.alt}"


def check_alt(alt: str) -> str:
    """Give the alternative text back in one line; ValueError if it says too little.

    >>> check_alt("a  cat, enlarged\\nfour times")
    'a cat, enlarged four times'
    """
    text = " ".join(alt.split()) if isinstance(alt, str) else ""
    if len(text) < 10:
        raise ValueError(
            f"alt is {alt!r}: say in a sentence what the figure shows (10 characters "
            "or more), for those who do not see it"
        )
    return text


def gather(
    images: Any, titles: Sequence[str] | None = None, maps: bool = False
) -> list[tuple[str, torch.Tensor]]:
    """Turn an image, a list or a dict title -> image into [(title, (1, C, H, W))].

    A batch counts as B images. With ``maps`` a one-channel image may hold any finite
    numbers. Raises TypeError or ValueError (wrong kind, empty, titles too few or many).
    """
    if isinstance(images, Mapping):
        if titles is not None:
            raise ValueError("titles come from the dict: leave titles= out")
        named = [(str(key), one) for key, one in images.items()]
    elif isinstance(images, list | tuple):
        named = [("", one) for one in images]
    else:
        named = [("", images)]
    if not named:
        raise ValueError("there is no image to show: the list is empty")
    found = []
    for i, (title, one) in enumerate(named):
        _check_shown(one, "image" if len(named) == 1 else f"image {i + 1}", maps)
        parts = one.detach().float().cpu().split(1)
        numbered = title and len(parts) > 1
        found += [
            (f"{title} {n}" if numbered else title, p) for n, p in enumerate(parts, 1)
        ]
    if titles is None:
        return found
    if isinstance(titles, str):
        titles = [titles]
    if len(titles) != len(found):
        raise ValueError(f"{len(titles)} titles for {len(found)} images")
    return [(str(title), one) for title, (_, one) in zip(titles, found, strict=True)]


def _check_shown(image: Any, name: str, maps: bool) -> None:
    """An image, or with ``maps`` one channel of any finite numbers."""
    one_channel = (
        maps
        and isinstance(image, torch.Tensor)
        and image.is_floating_point()
        and image.ndim == 4
        and image.shape[1] == 1
        and image.numel() > 0
    )
    if not one_channel:
        check_image(image, name)
    elif not torch.isfinite(image).all():
        raise ValueError(f"{name} holds NaN or infinite values")


def crop_all(images: Sequence[torch.Tensor], crop: Crop | None) -> list[torch.Tensor]:
    """Cut (top, left, height, width) out of every image.

    The four are pixels of the largest image; in a smaller one (an LR image beside its
    HR original) the same part of the scene is cut. ValueError if it lies outside.
    """
    if crop is None:
        return list(images)
    full_h = max(x.shape[-2] for x in images)
    full_w = max(x.shape[-1] for x in images)
    try:
        top, left, height, width = (int(v) for v in crop)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            f"crop is {crop!r}; expected (top, left, height, width)"
        ) from None
    inside = top >= 0 and left >= 0 and height >= 1 and width >= 1
    if not inside or top + height > full_h or left + width > full_w:
        raise ValueError(
            f"crop (top, left, height, width) = {(top, left, height, width)} does not "
            f"lie inside an image of {full_h} x {full_w} pixels"
        )
    cut = []
    for x in images:
        (h, w), sy, sx = x.shape[-2:], x.shape[-2] / full_h, x.shape[-1] / full_w
        t, m = min(round(top * sy), h - 1), min(round(left * sx), w - 1)
        rows, columns = max(1, round(height * sy)), max(1, round(width * sx))
        cut.append(x[..., t : t + rows, m : m + columns])
    return cut


def to_pil(
    image: torch.Tensor, cmap: str | None = None, limits: tuple[float, float] = (0, 1)
) -> Image.Image:
    """Make an RGB picture of (1, C, H, W), values clamped to [0, 1].

    With ``cmap`` the one channel is drawn in colour, from limits[0] to limits[1].
    """
    if cmap is None:
        grid = image[0].clamp(0, 1).mul(255).round().byte().permute(1, 2, 0)
        return Image.fromarray(grid.expand(-1, -1, 3).contiguous().numpy())
    low, high = limits
    level = (image[0, 0].numpy() - low) / max(high - low, 1e-12)
    return Image.fromarray(
        matplotlib.colormaps[cmap](level, bytes=True)[..., :3].copy()
    )


def encode(
    canvas: Image.Image, mime: str, quality: int = QUALITY, chroma: bool = False
) -> bytes:
    """Give JPEG or PNG bytes, 100 dpi; ``chroma`` keeps full colour resolution.

    A PNG holds curves: 64 colours draw them, in a quarter of the bytes.
    """
    buffer = io.BytesIO()
    dpi = (DPI, DPI)
    if mime == "image/png":
        canvas = canvas.convert("RGB").quantize(64, dither=Image.Dither.NONE)
        canvas.save(buffer, "PNG", dpi=dpi, optimize=True)
    else:
        sampling = 0 if chroma else 2  # 4:4:4 or 4:2:0
        make_room(3 * canvas.width * canvas.height)
        options = {"quality": quality, "subsampling": sampling, "dpi": dpi}
        canvas.save(buffer, "JPEG", optimize=True, progressive=True, **options)
    return buffer.getvalue()
