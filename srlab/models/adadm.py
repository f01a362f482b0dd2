# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""AdaDM: EDSR with batch normalisation whose loss of deviation is given back.

J. Liu, J. Tang, G. Wu, "AdaDM: Enabling normalization for image super-resolution",
arXiv 2111.13905. Difference: the authors' EDSR with AdaDM leaves out the subtraction
of the mean RGB; here it stays, so that only the blocks differ from `EDSR`.
"""

from __future__ import annotations

import torch
from torch import nn

from srlab.models.edsr import EDSR, conv3

__all__ = ["AdaDM", "AdaDMBlock"]


class AdaDMBlock(nn.Module):
    r"""$x + s \, e^{w \ln \sigma(x) + b} \, r(x)$ with the normalised residual r.

    r(x) = conv(BN(relu(conv(BN(x))))); $\sigma(x)$ is the standard deviation of one
    picture's features over channels, height and width: normalisation divides it out,
    the factor puts it back. w = 1, b = 0 at the start: the factor is $\sigma(x)$.

    Args:
        width: number of features, in and out.
        residual_scale: s.
    """

    smallest = 1e-6  # of sigma: flat features have no logarithm

    def __init__(self, width: int, residual_scale: float = 1.0):
        super().__init__()
        self.residual_scale = residual_scale
        self.norm1, self.conv1 = nn.BatchNorm2d(width), conv3(width, width)
        self.norm2, self.conv2 = nn.BatchNorm2d(width), conv3(width, width)
        self.weight = nn.Parameter(torch.ones(()))
        self.bias = nn.Parameter(torch.zeros(()))

    def modulation(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width, h, w) -> (B, 1, 1, 1): exp(w ln sigma + b)."""
        sigma = x.std(dim=(1, 2, 3), keepdim=True).clamp_min(self.smallest)
        return torch.exp(self.weight * sigma.log() + self.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width, h, w) -> the same shape."""
        residual = torch.relu(self.conv1(self.norm1(x)))
        residual = self.conv2(self.norm2(residual))
        return x + self.residual_scale * self.modulation(x) * residual


class AdaDM(EDSR):
    """EDSR (see there) with `AdaDMBlock`; the default is the baseline's size.

    Args:
        scale: how many times it enlarges: 1, 2, 3, 4 or 8.
        width: number of features.
        blocks: number of residual blocks.
        residual_scale: factor of each block's residual.
        value_range: the units in which the net computes, 255 a white pixel.
    """

    local = False  # a deviation is of the whole picture

    def __init__(
        self,
        scale: int = 2,
        width: int = 64,
        blocks: int = 16,
        residual_scale: float = 1.0,
        value_range: float = 255.0,
    ):
        super().__init__(scale, width, blocks, residual_scale, value_range=value_range)

    def _block(self, width: int, residual_scale: float, norm: str) -> nn.Module:
        return AdaDMBlock(width, residual_scale)
