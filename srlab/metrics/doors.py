# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The door of every measure: check, take the luma, cut the border, weigh."""

from __future__ import annotations

import torch

from srlab.images import check_pair, shave
from srlab.images import luma as as_luma

__all__ = ["check_weight", "prepare", "weighted_mean"]


def prepare(
    x: torch.Tensor, y: torch.Tensor, border: int, luma: bool, smallest: int, name: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Check, take the luma, cut the border, and name the smallest size."""
    check_pair(x, y)
    dtype = torch.promote_types(torch.promote_types(x.dtype, y.dtype), torch.float32)
    x, y = x.to(dtype), y.to(dtype)  # half precision would lose SSIM's variances
    if luma:
        x, y = as_luma(x), as_luma(y)
    x, y = shave(x, border), shave(y, border)
    if min(x.shape[-2:]) < smallest:
        raise ValueError(
            f"{name} needs at least {smallest} x {smallest} pixels, "
            f"got {x.shape[-2]} x {x.shape[-1]}"
            + (f" after the border of {border}" if border else "")
        )
    return x, y


def check_weight(weight: torch.Tensor, x: torch.Tensor, border: int) -> torch.Tensor:
    """Check a weight map of the uncut image and cut the border from it too."""
    batch, _, height, width = x.shape
    border = int(border)
    height, width = height + 2 * border, width + 2 * border
    good = isinstance(weight, torch.Tensor) and weight.is_floating_point()
    if not good or tuple(weight.shape) not in {
        (1, 1, height, width),
        (batch, 1, height, width),
    }:
        shape = tuple(weight.shape) if isinstance(weight, torch.Tensor) else weight
        raise ValueError(
            f"weight must be a float map (1 or {batch}, 1, {height}, {width}), "
            f"not {shape}"
        )
    if not torch.isfinite(weight).all() or (weight < 0).any():
        raise ValueError("weight holds negative, NaN or infinite values")
    return shave(weight, border)


def weighted_mean(values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """(B, C, H, W), (1 or B, 1, H, W) -> (B,)."""
    weight = weight.to(values).expand_as(values)
    total = weight.sum(dim=(1, 2, 3))
    if (total == 0).any():
        raise ValueError("weight is zero everywhere (inside the border)")
    return (values * weight).sum(dim=(1, 2, 3)) / total
