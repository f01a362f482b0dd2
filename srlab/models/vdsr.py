# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""VDSR: twenty convolutions that compute what bicubic interpolation left out.

J. Kim, J. K. Lee, K. M. Lee, "Accurate image super-resolution using very deep
convolutional networks", arXiv 1511.04587. Two things differ: the layers have no biases,
as in its widely used PyTorch version, and the last one begins close to zero. With He's
numbers there too a fresh net would lie 5 to 25 dB below bicubic, and the first steps of
Adam would switch many of its rectifiers off for good.
"""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["VDSR"]


class VDSR(nn.Module):
    """(B, 1, H, W) luma enlarged by any factor -> the same size: y + r(y).

    Args:
        depth: number of convolutions, at least 2; the paper has 20.
        width: filters in each of the inner ones.
    """

    channels, local = 1, True
    upscale = 1

    def __init__(self, depth: int = 20, width: int = 64):
        super().__init__()
        if depth < 2:
            raise ValueError(f"depth is {depth}; expected at least 2")
        self.first = nn.Conv2d(1, width, 3, padding=1, bias=False)
        self.inner = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(depth - 2)
        )
        self.last = nn.Conv2d(width, 1, 3, padding=1, bias=False)
        for layer in (self.first, *self.inner):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        nn.init.normal_(self.last.weight, std=1e-3)

    def forward(self, y: torch.Tensor) -> torch.Tensor:
        """(B, 1, H, W) in [0, 1] -> (B, 1, H, W)."""
        features = torch.relu(self.first(y))  # (B, width, H, W)
        for layer in self.inner:
            features = torch.relu(layer(features))
        return y + self.last(features)
