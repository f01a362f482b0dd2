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
import numpy as np
import torch
from PIL import Image

from srlab.images import check_image, make_room

__all__ = ["Crop", "Picture", "check_alt", "crop_all", "encode", "encode_squares"]
__all__ += ["gather", "to_pil"]

QUALITY = 80  # of the JPEG bytes that a page holds
SHARP = 85  # of a viewer's, where two pictures are told apart under the hand
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

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict, dict]:
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


def encode_squares(canvas: Image.Image) -> tuple[bytes, str]:
    """Give bytes and mime of enlarged pixels: JPEG, or a PNG where that is smaller.

    Flat squares are what JPEG is bad at; a PNG of few colours often takes half of the
    bytes. It is refused where its root-mean-square error is above 3.5 of 255; 64
    colours are for grey pictures, and must be within 2.
    """
    canvas = canvas.convert("RGB")
    jpeg = encode(canvas, "image/jpeg", chroma=True)
    for colours, most in ((64, 2), (128, 3.5), (256, 3.5)):
        few = _few_colours(canvas, colours, most)
        if few is not None:
            png = _png(few)
            return (png, "image/png") if len(png) < len(jpeg) else (jpeg, "image/jpeg")
    return jpeg, "image/jpeg"


def _few_colours(canvas: Image.Image, colours: int, most: float) -> Image.Image | None:
    """Give a picture of that many colours, None if its RMS error is above most."""
    few = canvas.quantize(colours, dither=Image.Dither.NONE, kmeans=3)
    wrong = np.asarray(few.convert("RGB"), np.float32) - np.asarray(canvas)
    return few if np.square(wrong).mean() ** 0.5 <= most else None


def _png(canvas: Image.Image) -> bytes:
    buffer = io.BytesIO()
    canvas.save(buffer, "PNG", dpi=(DPI, DPI), optimize=True)
    return buffer.getvalue()


def encode(
    canvas: Image.Image, mime: str, quality: int = QUALITY, chroma: bool = False
) -> bytes:
    """Give JPEG or PNG bytes, 100 dpi; ``chroma`` keeps full colour resolution.

    mozjpeg looks for the scans that make a JPEG smallest, its pixels kept. A PNG holds
    curves: 32 or 64 colours draw them, in a quarter of the bytes.
    """
    if mime == "image/png":
        canvas = canvas.convert("RGB")
        few = _few_colours(canvas, 32, 2.5)
        return _png(few or canvas.quantize(64, dither=Image.Dither.NONE))
    from mozjpeg_lossless_optimization import optimize

    sampling = 0 if chroma else 2  # 4:4:4 or 4:2:0
    make_room(3 * canvas.width * canvas.height)
    buffer = io.BytesIO()
    options = {"quality": quality, "subsampling": sampling, "dpi": (DPI, DPI)}
    canvas.save(buffer, "JPEG", **options)
    return optimize(buffer.getvalue())
