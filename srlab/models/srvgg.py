# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""SRVGG: Real-ESRGAN's compact net, a plain stack of convolutions in the small size.

X. Wang et al., "Real-ESRGAN", arXiv 2107.10833; the net is of the authors' later code
("realesr-animevideov3", "realesr-general-x4v3"), not of the paper. Differences: none.

    x -+-> [conv, PReLU] x (1 + convs) -> conv -> pixel shuffle -(+)->
       +-> nearest neighbour ------------------------------------^
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from srlab.models.edsr import conv3

__all__ = ["SRVGG"]


class SRVGG(nn.Module):
    """The size of animevideov3 (x4: 621,424 parameters) unless told otherwise.

    Everything but the last rearrangement happens in the small size: cheap and quick.

    Args:
        scale: how many times it enlarges, at least 1.
        width: number of features; each has its own slope in every PReLU.
        convs: convolutions between the first and the last.
    """

    channels, local = 3, True

    def __init__(self, scale: int = 4, width: int = 64, convs: int = 16):
        super().__init__()
        if scale < 1:
            raise ValueError(f"scale is {scale}; expected at least 1")
        self.upscale = scale
        layers: list[nn.Module] = [conv3(3, width), nn.PReLU(width)]
        for _ in range(convs):
            layers += [conv3(width, width), nn.PReLU(width)]
        self.body = nn.Sequential(*layers, conv3(width, 3 * scale**2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, 3, h, w) RGB in [0, 1] -> (B, 3, scale h, scale w)."""
        detail = F.pixel_shuffle(self.body(x), self.upscale)
        return detail + F.interpolate(x, scale_factor=self.upscale, mode="nearest")
