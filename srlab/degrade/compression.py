# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""JPEG twice: real files through Pillow, and the same sums as differentiable steps.

The standard: ITU-T T.81 (the tables are its K.1 and K.2) and JFIF's colours. The second
form follows libjpeg: its scaling of the tables, 4:2:0 chroma by means of 2 x 2 pixels,
and the triangle filter that enlarges chroma again.

Rounding has no useful derivative; here its gradient is taken to be 1 (straight-through:
Y. Bengio, N. Leonard, A. Courville, 2013, arXiv:1308.3432), so that the forward values
stay those of a real file.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F

from srlab.codecs import JPEG
from srlab.degrade.doors import beside, check, per_image

__all__ = ["diff_jpeg", "jpeg"]

_LUMA = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMA = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)


def jpeg(image: torch.Tensor, quality: int | torch.Tensor) -> torch.Tensor:
    """Each image through the bytes of a real JPEG file (Pillow, chroma 4:2:0).

    Args:
        image: (B, C, H, W) in [0, 1], on any device (the work is done on the CPU).
        quality: 1 to 100, fractions allowed; or (B,) of them.

    Returns:
        (B, C, H, W) on the 1/255 grid; no gradient.
    """
    image = check(image)
    each = per_image(quality, len(image), "quality", 1, 100).tolist()
    files = []
    for one, q in zip(image.detach().cpu().clamp(0, 1).split(1), each, strict=True):
        codec = JPEG(q)
        files.append(codec.decode(codec.encode(one)))
    return torch.cat(files).to(image)


def diff_jpeg(image: torch.Tensor, quality: float | torch.Tensor) -> torch.Tensor:
    """What `jpeg` gives, batched on the image's device and with a gradient.

    Args:
        image: (B, C, H, W), clamped to [0, 1] first.
        quality: 1 to 100, fractions allowed; or (B,) of them.

    Returns:
        (B, C, H, W) on the 1/255 grid. The real file's transform is computed in whole
        numbers: many values differ from it by a level or two, a few by tens, where an
        amplitude falls on the other side of a rounding. The two are equally far from
        the original (but for quality 99 and 100 of grey pictures, where those whole
        numbers cost the real file half a dB of 58).
    """
    image = check(image)
    return code(image, per_image(quality, len(image), "quality", 1, 100))


def code(image: torch.Tensor, quality: torch.Tensor) -> torch.Tensor:
    """`diff_jpeg` without its checks; quality (B,) float32 on the CPU."""
    tables = _quantisers(quality)
    luma, chroma = (beside(t, image, image.dtype) for t in tables)  # (B, 64) each
    height, width = image.shape[-2:]
    levels = (image * 255).clamp_(0, 255)
    if image.shape[1] == 1:
        y = _code(_fill(_round(levels), 8) - 128, luma)[..., :height, :width]
        return (y + 128) / 255
    y, c = _to_ycc(_fill(levels, 16))
    y = _code(y, luma)[..., :height, :width]
    c = _code(_round(_halve(c)), chroma)
    c = c[..., : (height + 1) // 2, : (width + 1) // 2]
    c = F.interpolate(c, scale_factor=2, mode="bilinear", align_corners=False)
    rgb = _to_rgb(y, _round(c)[..., :height, :width])
    return _round(rgb).clamp_(0, 255).div_(255)


def _code(planes: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    """Blocks -> DCT -> round to multiples of the table -> back; -128 .. 127."""
    b, c, h, w = planes.shape
    blocks = planes.view(b, c, h // 8, 8, w // 8, 8).transpose(3, 4)
    blocks = blocks.reshape(b, -1, 64)
    basis = _basis(str(blocks.device), blocks.dtype)  # (64, 64)
    table = table[:, :, None]  # (B, 64, 1)
    with torch.autocast(planes.device.type, enabled=False):  # bf16 would be too coarse
        steps = _round(blocks @ (basis / table).mT)  # the whole numbers in the file
        blocks = _round(steps @ (basis * table)).clamp_(-128, 127)
    return blocks.view(b, c, h // 8, w // 8, 8, 8).transpose(3, 4).reshape(b, c, h, w)


def _halve(planes: torch.Tensor) -> torch.Tensor:
    """The means of 2 x 2 values, (..., H, W) -> (..., H / 2, W / 2)."""
    rows = planes[..., 0::2, :] + planes[..., 1::2, :]
    return (rows[..., 0::2] + rows[..., 1::2]).div_(4)


def _quantisers(quality: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """libjpeg's rule: (B,) -> the luma and the chroma table, (B, 64) each.

    Quality 50 is the printed table; 25 twice, 75 half of it; 100 is all ones.
    """
    slope = torch.where(quality < 50, (5000 / quality).floor(), 200 - 2 * quality)
    tables = (torch.tensor(t).flatten() for t in (_LUMA, _CHROMA))
    luma, chroma = (
        ((t * slope[:, None] + 50) / 100).floor().clamp(1, 255) for t in tables
    )
    return luma, chroma


@lru_cache(maxsize=8)
def _basis(device: str, dtype: torch.dtype) -> torch.Tensor:
    """The 64 DCT patterns as rows (64, 64): one product transforms a whole block."""
    with torch.inference_mode(False):  # the cache also serves what needs a gradient
        k = torch.arange(8, dtype=torch.float64)
        rows = torch.cos((2 * k + 1) * k[:, None] * torch.pi / 16) / 2
        rows[0] /= 2**0.5
        return torch.kron(rows, rows).to(device, dtype)


def _fill(levels: torch.Tensor, multiple: int) -> torch.Tensor:
    """Repeat the last row and column up to a multiple, as encoders do."""
    down, right = (-n % multiple for n in levels.shape[-2:])
    if not down and not right:
        return levels
    return F.pad(levels, (0, right, 0, down), mode="replicate")


def _to_ycc(levels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """RGB -> JFIF's full-range Y - 128 (B, 1, H, W) and Cb, Cr - 128 (B, 2, H, W)."""
    r, g, b = levels.split(1, dim=1)
    y = (r * 0.299).add_(g, alpha=0.587).add_(b, alpha=0.114)
    c = torch.cat((b, r), dim=1).sub_(y)
    c[:, 0].div_(1.772)
    c[:, 1].div_(1.402)
    return _round(y.sub_(128)), _round(c)


def _to_rgb(y: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    """The inverse of `_to_ycc`, (B, 3, H, W)."""
    cb, cr = c.split(1, dim=1)
    rgb = (y + 128).repeat(1, 3, 1, 1)
    rgb[:, 0:1].add_(cr, alpha=1.402)
    rgb[:, 1:2].sub_(cb, alpha=0.114 * 1.772 / 0.587)
    rgb[:, 1:2].sub_(cr, alpha=0.299 * 1.402 / 0.587)
    rgb[:, 2:3].add_(cb, alpha=1.772)
    return rgb


class _Round(torch.autograd.Function):
    """Round in place; backward as if nothing had been done."""

    @staticmethod
    def forward(context: Any, values: torch.Tensor) -> torch.Tensor:
        context.mark_dirty(values)
        return values.round_()

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> torch.Tensor:
        return gradient


_round = _Round.apply
