# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""EDSR: residual blocks without batch normalisation.

B. Lim, S. Son, H. Kim, S. Nah, K. M. Lee, "Enhanced deep residual networks for single
image super-resolution", arXiv 1707.02921. Differences: pictures come and go in [0, 1]
(inside, the net computes in 0..255 as the authors' code does), and ``norm="batch"``
puts back the normalisation that the paper takes out, for comparison.

    255 (x - mean) -> head -+-> block ... block -> conv -(+)-> enlarge -> tail
                            +-----------------------------^      / 255 + mean
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

from srlab.models.tiling import finish

__all__ = ["DIV2K_MEAN", "EDSR", "EDSRBlock", "conv3", "enlarge"]

DIV2K_MEAN = (0.4488, 0.4371, 0.4040)  # mean RGB of DIV2K's training pictures
_NORMS = {"none": nn.Identity, "batch": nn.BatchNorm2d}


def conv3(inputs: int, outputs: int) -> nn.Conv2d:
    """3x3 convolution with biases that keeps height and width."""
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def enlarge(
    width: int, scale: int, activation: type[nn.Module] = nn.Identity
) -> nn.Sequential:
    """(B, width, h, w) -> (B, width, scale h, scale w) by convolutions and shuffles.

    One stage of factor 3 for scale 3, else one stage of factor 2 for each doubling;
    EDSR has no activation after a stage, SRResNet has one.
    """
    factors = {1: (), 2: (2,), 3: (3,), 4: (2, 2), 8: (2, 2, 2)}
    if scale not in factors:
        raise ValueError(f"scale is {scale}; expected 1, 2, 3, 4 or 8")
    stages = []
    for r in factors[scale]:
        stages += [conv3(width, r * r * width), nn.PixelShuffle(r), activation()]
    return nn.Sequential(*stages)


class EDSRBlock(nn.Module):
    r"""$x + s \, (W_2 * \max(0, W_1 * x + b_1) + b_2)$; a norm follows each conv.

    Args:
        width: number of features, in and out.
        residual_scale: s; 0.1 keeps a net of width 256 from diverging.
        norm: "none" (the paper) or "batch" (as in SRResNet's blocks).
    """

    def __init__(self, width: int, residual_scale: float = 1.0, norm: str = "none"):
        super().__init__()
        if norm not in _NORMS:
            raise ValueError(f"norm is {norm!r}; expected none or batch")
        self.residual_scale = residual_scale
        self.conv1, self.norm1 = conv3(width, width), _NORMS[norm](width)
        self.conv2, self.norm2 = conv3(width, width), _NORMS[norm](width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width, h, w) -> the same shape."""
        residual = torch.relu(self.norm1(self.conv1(x)))
        residual = self.norm2(self.conv2(residual))
        return x + self.residual_scale * residual


class EDSR(nn.Module):
    """The paper's baseline by default; its large net is (256, 32, 0.1).

    Args:
        scale: how many times it enlarges: 1, 2, 3, 4 or 8.
        width: number of features.
        blocks: number of residual blocks.
        residual_scale: factor of each block's residual.
        norm: "none" (the paper) or "batch": batch normalisation in the blocks.
        value_range: the units in which the net computes, 255 a white pixel. Without
            norms it weighs little; with them it decides what a deviation of 1 means.
    """

    channels, local = 3, True

    def __init__(
        self,
        scale: int = 2,
        width: int = 64,
        blocks: int = 16,
        residual_scale: float = 1.0,
        norm: Literal["none", "batch"] = "none",
        value_range: float = 255.0,
    ):
        super().__init__()
        self.upscale, self.value_range = scale, value_range
        mean = torch.tensor(DIV2K_MEAN).reshape(1, 3, 1, 1)
        self.mean: torch.Tensor
        self.register_buffer("mean", mean, persistent=False)
        self.head = conv3(3, width)
        self.blocks = nn.Sequential(
            *(self._block(width, residual_scale, norm) for _ in range(blocks))
        )
        self.body = conv3(width, width)
        self.enlarge = enlarge(width, scale)
        self.tail = conv3(width, 3)

    def _block(self, width: int, residual_scale: float, norm: str) -> nn.Module:
        return EDSRBlock(width, residual_scale, norm)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, 3, h, w) RGB in [0, 1] -> (B, 3, scale h, scale w)."""
        shallow = self.head(self.value_range * (x - self.mean))  # (B, width, h, w)
        deep = shallow + self.body(self.blocks(shallow))
        y = finish(lambda f: self.tail(self.enlarge(f)), deep, self.upscale)
        return y / self.value_range + self.mean
