# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""RCAN: very deep, with a gain for each channel computed from the channel's mean.

Y. Zhang, K. Li, K. Li, L. Wang, B. Zhong, Y. Fu, "Image super-resolution using very
deep residual channel attention networks", arXiv 1807.02758. Differences: pictures
come and go in [0, 1] (inside, the net computes in 0..255 as the authors' code does),
and the mean RGB is a constant, not two frozen 1x1 convolutions (24 parameters in the
authors' count).

    255 (x - mean) -> head -+-> group ... group -> conv -(+)-> enlarge -> tail
                            +-----------------------------^       / 255 + mean
    group:  f -+-> block ... block -> conv -(+)->
               +-----------------------------^
    block:  f -+-> conv -> relu -> conv -> channel attention -(+)->
               +-----------------------------------------------^
"""

from __future__ import annotations

import torch
from torch import nn

from srlab.models.edsr import DIV2K_MEAN, conv3, enlarge
from srlab.models.tiling import finish

__all__ = ["RCAB", "RCAN", "ChannelAttention", "ResidualGroup"]


class ChannelAttention(nn.Module):
    r"""$\hat{x}_c = s_c x_c$ with $s = \sigma(W_U \max(0, W_D z))$ (equations 4, 5).

    $z_c$ is the mean of channel c over height and width, $\sigma$ the logistic
    function: every gain is between 0 and 1, one number a channel and picture.

    Args:
        width: number of channels.
        reduction: r; $W_D$ makes width / r numbers of z, at least one.
    """

    def __init__(self, width: int, reduction: int = 16):
        super().__init__()
        squeezed = max(width // reduction, 1)
        self.down = nn.Conv2d(width, squeezed, 1)
        self.up = nn.Conv2d(squeezed, width, 1)

    def gains(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width, h, w) -> (B, width, 1, 1) in (0, 1): s."""
        z = x.mean(dim=(2, 3), keepdim=True)  # (B, width, 1, 1)
        return torch.sigmoid(self.up(torch.relu(self.down(z))))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width, h, w) -> the same shape."""
        return x * self.gains(x)


class RCAB(nn.Module):
    r"""Residual channel attention block: $x + CA(W_2 * \max(0, W_1 * x))$, biased."""

    def __init__(self, width: int, reduction: int):
        super().__init__()
        self.conv1 = conv3(width, width)
        self.conv2 = conv3(width, width)
        self.attention = ChannelAttention(width, reduction)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width, h, w) -> the same shape."""
        return x + self.attention(self.conv2(torch.relu(self.conv1(x))))


class ResidualGroup(nn.Module):
    """Blocks and a convolution inside a skip: the paper's residual in residual."""

    def __init__(self, width: int, blocks: int, reduction: int):
        super().__init__()
        self.blocks = nn.Sequential(*(RCAB(width, reduction) for _ in range(blocks)))
        self.conv = conv3(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width, h, w) -> the same shape."""
        return x + self.conv(self.blocks(x))


class RCAN(nn.Module):
    """The paper's net (10 groups of 20 blocks, 64 features) unless told otherwise.

    The means of channel attention are taken over the whole picture: every pixel of the
    result depends on every pixel of the input, and a tile gives other gains.

    Args:
        scale: how many times it enlarges: 1, 2, 3, 4 or 8.
        width: number of features.
        groups, blocks: number of residual groups, and of blocks in each.
        reduction: of channel attention.
        value_range: the units in which the net computes; 255 is a white pixel.
    """

    channels = 3

    def __init__(
        self,
        scale: int = 2,
        width: int = 64,
        groups: int = 10,
        blocks: int = 20,
        reduction: int = 16,
        value_range: float = 255.0,
    ):
        super().__init__()
        self.upscale, self.value_range = scale, value_range
        mean = torch.tensor(DIV2K_MEAN).reshape(1, 3, 1, 1)
        self.mean: torch.Tensor
        self.register_buffer("mean", mean, persistent=False)
        self.head = conv3(3, width)
        self.groups = nn.Sequential(
            *(ResidualGroup(width, blocks, reduction) for _ in range(groups))
        )
        self.body = conv3(width, width)
        self.enlarge = enlarge(width, scale)
        self.tail = conv3(width, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, 3, h, w) RGB in [0, 1] -> (B, 3, scale h, scale w)."""
        shallow = self.head(self.value_range * (x - self.mean))  # (B, width, h, w)
        deep = shallow + self.body(self.groups(shallow))
        y = finish(lambda f: self.tail(self.enlarge(f)), deep, self.upscale)
        return y / self.value_range + self.mean
