# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""SRResNet: residual blocks with batch normalisation, then sub-pixel enlargement.

C. Ledig et al., "Photo-realistic single image super-resolution using a generative
adversarial network", arXiv 1609.04802 (the generator, trained for squared error).
Differences: the paper's target is in [-1, 1], here both ends are in [0, 1]; it names
x4 alone, here x3 is one stage of factor 3. Each PReLU has one slope.

    x -> conv9, PReLU -+-> block ... block -> conv, BN -(+)-> stages -> conv9
                       +----------------------------------^
"""

from __future__ import annotations

import torch
from torch import nn

from srlab.models.edsr import conv3, enlarge
from srlab.models.tiling import finish

__all__ = ["SRResNet", "SRResNetBlock"]


class SRResNetBlock(nn.Module):
    r"""$x + \mathrm{BN}(W_2 * \phi(\mathrm{BN}(W_1 * x)))$, $\phi$ = PReLU.

    He's first residual block (arXiv 1512.03385) has one more activation, after the
    sum; here nothing stands between one block's sum and the next block.
    """

    def __init__(self, width: int):
        super().__init__()
        self.residual = nn.Sequential(
            conv3(width, width),
            nn.BatchNorm2d(width),
            nn.PReLU(),
            conv3(width, width),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width, h, w) -> the same shape."""
        return x + self.residual(x)


class SRResNet(nn.Module):
    """The paper's net (x4, 64 features, 16 blocks) unless told otherwise.

    Args:
        scale: how many times it enlarges: 1, 2, 3, 4 or 8.
        width: number of features.
        blocks: number of residual blocks.
    """

    channels, local = 3, True

    def __init__(self, scale: int = 4, width: int = 64, blocks: int = 16):
        super().__init__()
        self.upscale = scale
        self.head = nn.Sequential(nn.Conv2d(3, width, 9, padding=4), nn.PReLU())
        self.blocks = nn.Sequential(*(SRResNetBlock(width) for _ in range(blocks)))
        self.body = nn.Sequential(conv3(width, width), nn.BatchNorm2d(width))
        self.enlarge = enlarge(width, scale, nn.PReLU)
        self.tail = nn.Conv2d(width, 3, 9, padding=4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, 3, h, w) RGB in [0, 1] -> (B, 3, scale h, scale w)."""
        shallow = self.head(x)  # (B, width, h, w)
        deep = shallow + self.body(self.blocks(shallow))
        return finish(lambda f: self.tail(self.enlarge(f)), deep, self.upscale)
