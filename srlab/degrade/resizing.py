# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Resizing as the degradation pipelines do it: plain torch, no antialiasing.

`srlab.imresize` widens its kernel when it shrinks; these modes (area apart) do not, so
that they alias: one more thing that happens to pictures on the way to a phone.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from srlab.degrade.doors import check
from srlab.images import check_whole

__all__ = ["MODES", "resize"]

MODES = ("area", "bilinear", "bicubic")


def resize(
    image: torch.Tensor, size: tuple[int, int], mode: str = "bicubic"
) -> torch.Tensor:
    """To (H, W) by area (the mean of what a pixel covers), bilinear or bicubic.

    Args:
        image: (B, C, H, W) in [0, 1].
        size: (H', W'), at least 1 each.
        mode: one of `MODES`; bicubic has a = -0.75 and may overshoot [0, 1].

    Returns:
        (B, C, H', W').

    Raises:
        TypeError, ValueError: no image, no size, another mode.

    >>> x = torch.tensor([[[[0.0, 1.0], [0.0, 1.0]]]])
    >>> resize(x, (1, 1), "area").item()
    0.5
    """
    image = check(image)
    if mode not in MODES:
        raise ValueError(f"no mode {mode!r:.60}; there are {', '.join(MODES)}")
    if isinstance(size, str) or not hasattr(size, "__len__") or len(size) != 2:
        raise ValueError(f"size must be (H, W), not {size!r:.60}")
    names = ("the height of size", "the width of size")
    height, width = (
        check_whole(n, name, 1, 2**16) for n, name in zip(size, names, strict=True)
    )
    return interpolate(image, (height, width), mode)


def interpolate(image: torch.Tensor, size: tuple[int, int], mode: str) -> torch.Tensor:
    """`resize` without its checks; the image itself where the size is its own."""
    if size == tuple(image.shape[-2:]):
        return image
    if mode == "area":
        return F.interpolate(image, size=size, mode=mode)
    return F.interpolate(image, size=size, mode=mode, align_corners=False)
