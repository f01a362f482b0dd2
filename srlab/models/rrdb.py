# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""ESRGAN's generator: residual-in-residual dense blocks, without normalisation.

X. Wang et al., "ESRGAN: enhanced super-resolution generative adversarial networks",
arXiv 1809.00219; scales 2 and 1 as in X. Wang et al., "Real-ESRGAN", arXiv 2107.10833.
Differences: a picture whose sides the unshuffle does not divide is padded by its last
row and column, and the surplus of the result is cut.

    x -> first -+-> RRDB ... RRDB -> body -(+)-> [nearest x2, conv] x 2 -> hr -> last
                +---------------------------^
    RRDB:   f -+-> dense -> dense -> dense -> times beta -(+)->
               +-------------------------------------------^
    dense:  f -+-> conv1 -> conv2 -> conv3 -> conv4 -> conv5 -> times beta -(+)->
               +-------------------------------------------------------------^
            each convolution reads f and what all convolutions before it gave
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from srlab.models.edsr import conv3
from srlab.models.tiling import finish

__all__ = ["RRDB", "DenseBlock", "RRDBNet", "lrelu"]

_UNSHUFFLE = {4: 1, 2: 2, 1: 4}  # by scale: the net itself enlarges four times


def lrelu(x: torch.Tensor) -> torch.Tensor:
    """max(x, 0.2 x), elementwise: the papers' one activation."""
    return F.leaky_relu(x, 0.2)


class DenseBlock(nn.Module):
    r"""$x + \beta f_5$; $f_i = \phi(W_i * [x, f_1 \dots f_{i-1}])$, $f_5$ linear.

    The paper's small initialisation: weights of He's deviation times 0.1, biases 0. A
    fresh block is nearly the identity, so depth does no harm when training begins.

    Args:
        width: features in and out.
        growth: features that each of the first four convolutions adds.
        residual_scale: $\beta$.
    """

    def __init__(self, width: int, growth: int, residual_scale: float = 0.2):
        super().__init__()
        self.residual_scale = residual_scale
        self.convs = nn.ModuleList(
            conv3(width + i * growth, growth if i < 4 else width) for i in range(5)
        )
        for conv in self.convs:
            weight, bias = conv.get_parameter("weight"), conv.get_parameter("bias")
            nn.init.kaiming_normal_(weight)  # He: deviation sqrt(2 / fan_in)
            with torch.no_grad():
                weight.mul_(0.1)
            nn.init.zeros_(bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width, h, w) -> the same shape."""
        known = [x]
        for conv in self.convs[:-1]:
            known.append(lrelu(conv(torch.cat(known, 1))))  # (B, growth, h, w)
        return x + self.residual_scale * self.convs[-1](torch.cat(known, 1))


class RRDB(nn.Module):
    r"""$x + \beta D_3(D_2(D_1(x)))$: dense blocks (residual) in a residual block.

    Fresh dense blocks are nearly the identity, so a fresh RRDB is nearly 1.2 x.
    """

    def __init__(self, width: int, growth: int, residual_scale: float = 0.2):
        super().__init__()
        self.residual_scale = residual_scale
        self.dense = nn.Sequential(
            *(DenseBlock(width, growth, residual_scale) for _ in range(3))
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width, h, w) -> the same shape."""
        return x + self.residual_scale * self.dense(x)


class RRDBNet(nn.Module):
    """The paper's net (x4: 16,697,987 parameters) unless told otherwise.

    For x2 and x1 the picture's pixels go into channels first (pixel unshuffle), so the
    body always works at a quarter of the result's size, and costs as little.

    Args:
        scale: how many times it enlarges: 4, 2 or 1 (a picture repaired at its size).
        width: number of features.
        blocks: number of RRDBs.
        growth: features that a convolution of a dense block adds.
        residual_scale: beta, the factor of each residual.
    """

    channels, local = 3, True

    def __init__(
        self,
        scale: int = 4,
        width: int = 64,
        blocks: int = 23,
        growth: int = 32,
        residual_scale: float = 0.2,
    ):
        super().__init__()
        if scale not in _UNSHUFFLE:
            raise ValueError(f"scale is {scale}; expected 4, 2 or 1")
        self.upscale, self.unshuffle = scale, _UNSHUFFLE[scale]
        self.first = conv3(3 * self.unshuffle**2, width)
        self.blocks = nn.Sequential(
            *(RRDB(width, growth, residual_scale) for _ in range(blocks))
        )
        self.body = conv3(width, width)
        self.enlarge = nn.ModuleList(conv3(width, width) for _ in range(2))
        self.hr, self.last = conv3(width, width), conv3(width, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, 3, h, w) RGB in [0, 1] -> (B, 3, scale h, scale w)."""
        h, w = x.shape[-2:]
        r = self.unshuffle
        if h % r or w % r:
            x = F.pad(x, (0, -w % r, 0, -h % r), mode="replicate")
        shallow = self.first(F.pixel_unshuffle(x, r))  # (B, width, h / r, w / r)
        deep = shallow + self.body(self.blocks(shallow))
        y = finish(self._end, deep, 4)
        return y[..., : self.upscale * h, : self.upscale * w]

    def _end(self, deep: torch.Tensor) -> torch.Tensor:
        for conv in self.enlarge:
            deep = lrelu(conv(F.interpolate(deep, scale_factor=2, mode="nearest")))
        return self.last(lrelu(self.hr(deep)))
