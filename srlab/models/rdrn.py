# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""RDRN: a residual block made of two residual blocks, each made of two, and so on.

A. Panaetov, K. E. Daou, I. Samenko, E. Tetin, I. Ivanov, "RDRN: Recursively defined
residual network for image super-resolution", ACCV 2022, arXiv 2211.09462.

From the abstract: there is a recursively defined residual block (RDRB), it helps
features through many layers, and the network built of it places its attention blocks
efficiently. Our reading, for the authors gave no code that we know: level 0 is EDSR's
block; level t runs two blocks of level t - 1 one after the other, joins both results
by a 1x1 convolution, weighs them by RCAN's channel attention, and adds its input. So
attention stands once at every level, not once a convolution pair. The sizes are ours
too; do not compare them with the paper's table.

    level t:  x -+-> level t-1 -+-> level t-1 -> [ . , . ] -> 1x1 -> attention -(+)->
                 |              +-----------------^                              |
                 +---------------------------------------------------------------^
"""

from __future__ import annotations

import torch
from torch import nn

from srlab.models.edsr import EDSR, EDSRBlock
from srlab.models.rcan import ChannelAttention

__all__ = ["RDRB", "RDRN", "rdrb"]


def rdrb(width: int, level: int, reduction: int = 16) -> nn.Module:
    """The block of a level: EDSR's residual block for 0, else `RDRB`."""
    if level < 0:
        raise ValueError(f"recursion is {level}; expected 0 or more")
    return EDSRBlock(width) if level == 0 else RDRB(width, level, reduction)


class RDRB(nn.Module):
    r"""$R_t(x) = x + CA(W [a, b])$ with $a = R_{t-1}(x)$ and $b = R'_{t-1}(a)$.

    The two inner blocks have weights of their own; W is a 1x1 convolution from twice
    the width. A block of level t holds $2^t$ blocks of level 0.

    Args:
        width: number of features, in and out.
        level: t, at least 1.
        reduction: of the channel attention CA.
    """

    def __init__(self, width: int, level: int, reduction: int = 16):
        super().__init__()
        self.first = rdrb(width, level - 1, reduction)
        self.second = rdrb(width, level - 1, reduction)
        self.join = nn.Conv2d(2 * width, width, 1)
        self.attention = ChannelAttention(width, reduction)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width, h, w) -> the same shape."""
        a = self.first(x)
        b = self.second(a)
        joined = self.join(torch.cat([a, b], dim=1))  # (B, 2 width, h, w) -> width
        return x + self.attention(joined)


class RDRN(EDSR):
    """EDSR with blocks of one level in the place of its own.

    Args:
        scale: how many times it enlarges: 1, 2, 3, 4 or 8.
        width: number of features.
        blocks: number of blocks of the highest level.
        recursion: their level; with 0 the net is EDSR.
        reduction: of channel attention.
        value_range: the units in which the net computes; 255 is a white pixel.
    """

    local = False  # means over the whole picture

    def __init__(
        self,
        scale: int = 2,
        width: int = 64,
        blocks: int = 8,
        recursion: int = 3,
        reduction: int = 16,
        value_range: float = 255.0,
    ):
        self._of_blocks = recursion, reduction  # EDSR's constructor makes the blocks
        super().__init__(scale, width, blocks, value_range=value_range)

    def _block(self, width: int, residual_scale: float, norm: str) -> nn.Module:
        return rdrb(width, *self._of_blocks)
