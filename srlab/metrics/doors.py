# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The door of every measure: check, take the luma, cut the border."""

from __future__ import annotations

import torch

from srlab.images import check_pair, shave
from srlab.images import luma as as_luma

__all__ = ["prepare"]


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
