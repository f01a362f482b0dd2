# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""ComCNN and RecCNN: a learned small picture in front of a codec, and the way back.

F. Jiang et al., "An end-to-end compression framework based on convolutional neural
networks", 2017, arXiv 1708.00838.

    ComCNN: conv 64, ReLU, conv 64 of stride 2, ReLU, conv 3
    RecCNN: bicubic x2 -+-> conv 64, ReLU, 18 x (conv 64, BN, ReLU), conv 3 -(+)->
                        +-----------------------------------------------------+

Widths and depth may be smaller here. RecCNN's last layer starts at zero, so that it
begins as bicubic interpolation.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from srlab.models.edsr import conv3

__all__ = ["ComCNN", "RecCNN"]


class ComCNN(nn.Sequential):
    """(B, 3, H, W) in [0, 1] -> (B, 3, ceil(H / 2), ceil(W / 2)), not clamped.

    Args:
        width: number of features; 40,451 parameters with 64.
    """

    channels = 3

    def __init__(self, width: int = 64):
        super().__init__(
            conv3(3, width), nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, stride=2, padding=1), nn.ReLU(inplace=True),
            conv3(width, 3),
        )  # fmt: skip
        self.width = width


class RecCNN(nn.Module):
    """(B, 3, h, w) in [0, 1] -> (B, 3, 2 h, 2 w): bicubic, and what it lacks.

    Args:
        width: number of features. layers: convolutions, 2 or more; the paper has 20.
    """

    channels, upscale = 3, 2

    def __init__(self, width: int = 64, layers: int = 20):
        super().__init__()
        if layers < 2:
            raise ValueError(f"layers is {layers}; expected 2 or more")
        body = [conv3(3, width), nn.ReLU(inplace=True)]
        for _ in range(layers - 2):
            body += [
                nn.Conv2d(width, width, 3, padding=1, bias=False),
                nn.BatchNorm2d(width), nn.ReLU(inplace=True),
            ]  # fmt: skip
        self.body = nn.Sequential(*body, conv3(width, 3))
        for start in self.body[-1].parameters():
            nn.init.zeros_(start)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # With antialiasing, because only so PyTorch's cubic is Keys' (a = -1/2).
        large = F.interpolate(x, scale_factor=2, mode="bicubic", antialias=True)
        return large + self.body(large)
