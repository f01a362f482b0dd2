# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""CodedNet: a restorer of decoded pictures, told at which quality they were coded.

    x -+-> [head] -> [block] x n -> [tail] -> pixel shuffle -(+)->
       |                ^ the quality, as one more plane       ^
       +-> bicubic (scale 2), or as it is (scale 1) -----------+

The blocks are EDSR's (B. Lim et al., arXiv 1707.02921: no batch normalisation); the
quality as a plane is the noise level map of K. Zhang et al., FFDNet, arXiv 1710.04026.
At scale 1 it removes a codec's artefacts. There it works on 2 x 2 pixels at a time, so
that nets of both scales have the same size and the same work for each pixel they make.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from srlab.models.edsr import conv3

__all__ = ["CodedNet"]


class _Block(nn.Module):
    """x + conv(ReLU(conv(x)))."""

    def __init__(self, width: int):
        super().__init__()
        self.body = nn.Sequential(
            conv3(width, width), nn.ReLU(inplace=True), conv3(width, width)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x)


class CodedNet(nn.Module):
    """97,132 parameters at scale 2 unless told otherwise, 99,724 at scale 1.

    Args:
        scale: 2 enlarges, 1 cleans.
        width: number of features. blocks: how many.
        shortcut: without it the net makes the whole picture, not what bicubic lacks.
    """

    channels, local = 4, True  # RGB and the quality

    def __init__(
        self, scale: int = 2, width: int = 32, blocks: int = 5, shortcut: bool = True
    ):
        super().__init__()
        if scale not in (1, 2):
            raise ValueError(f"scale is {scale}; expected 1 or 2")
        self.upscale, self.shortcut = scale, shortcut
        self.unshuffle = 2 if scale == 1 else 1
        inputs = 4 if scale == 2 else 13
        self.head = conv3(inputs, width)
        self.blocks = nn.Sequential(*(_Block(width) for _ in range(blocks)))
        self.tail = conv3(width, 12)
        for start in self.tail.parameters():  # it begins as its shortcut
            nn.init.zeros_(start)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, 4, h, w): RGB and the quality in [0, 1] -> (B, 3, scale h, scale w)."""
        picture, quality = x[:, :3], x[:, 3:]
        if self.upscale == 2 and not self.shortcut:
            return F.pixel_shuffle(self._body(x), 2)
        if self.upscale == 2:
            # With antialiasing, because only so PyTorch's cubic is Keys' (a = -1/2).
            large = F.interpolate(
                picture, scale_factor=2, mode="bicubic", antialias=True
            )
            return large + F.pixel_shuffle(self._body(x), 2)
        h, w = x.shape[-2:]
        filled = F.pad(picture, (0, w % 2, 0, h % 2), mode="replicate")
        folded = F.pixel_unshuffle(filled, 2)  # (B, 12, h / 2, w / 2)
        plane = quality[..., ::2, ::2]
        detail = F.pixel_shuffle(self._body(torch.cat([folded, plane], 1)), 2)
        detail = detail[..., :h, :w]
        return picture + detail if self.shortcut else detail

    def _body(self, x: torch.Tensor) -> torch.Tensor:
        features = self.head(x)
        return self.tail(features + self.blocks(features))
