# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Three discriminators: pictures in, logits out; positive means "a real photograph".

SRGAN's: C. Ledig et al., arXiv 1609.04802, figure 4. ESRGAN's VGG style: X. Wang et
al., arXiv 1809.00219, from the authors' code. Real-ESRGAN's U-Net with spectral
normalisation: X. Wang et al., arXiv 2107.10833. Differences: the last sigmoid belongs
to the losses; convolutions before batch normalisation have no biases, which it would
take away; the first two take other sizes than the papers'; the U-Net takes any size.
"""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from srlab.models.edsr import conv3
from srlab.models.rrdb import lrelu

__all__ = ["SRGANDiscriminator", "UNetDiscriminator", "VGGDiscriminator"]


def _normed(inputs: int, outputs: int, kernel: int, stride: int) -> list[nn.Module]:
    """Convolution, batch normalisation, leaky ReLU; stride 2 halves the size."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=1, bias=False)
    return [conv, nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)]


class _SizedDiscriminator(nn.Module):
    """Convolutions that halve the picture several times, then two dense layers."""

    def __init__(self, size: int, halvings: int, features: nn.Sequential, dense: int):
        super().__init__()
        if size < 1 or size % 2**halvings:
            raise ValueError(f"size is {size}; expected a multiple of {2**halvings}")
        self.size, self.features = size, features
        channels = cast(nn.BatchNorm2d, features[-2]).num_features
        self.classify = nn.Sequential(
            nn.Linear(channels * (size >> halvings) ** 2, dense),
            nn.LeakyReLU(0.2),
            nn.Linear(dense, 1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, 3, size, size) in [0, 1] -> (B, 1) logits."""
        if x.shape[-2:] != (self.size, self.size):
            raise ValueError(
                f"the discriminator was built for {self.size} x {self.size} pixels, "
                f"not {x.shape[-2]} x {x.shape[-1]}: crop, or build it with size="
            )
        return self.classify(self.features(x).flatten(1))


class SRGANDiscriminator(_SizedDiscriminator):
    """3x3 convolutions of 64, 64, 128, 128 ... 512, 512; every second one halves.

    Args:
        size: height and width of what it judges; a multiple of 16, 96 in the paper.
        width: features of the first convolution.
    """

    def __init__(self, size: int = 96, width: int = 64):
        layers = [conv3(3, width), nn.LeakyReLU(0.2), *_normed(width, width, 3, 2)]
        for i in (1, 2, 4):
            layers += _normed(i * width, 2 * i * width, 3, 1)
            layers += _normed(2 * i * width, 2 * i * width, 3, 2)
        super().__init__(size, 4, nn.Sequential(*layers), dense=16 * width)


class VGGDiscriminator(_SizedDiscriminator):
    """Five stages of a 3x3 convolution and a 4x4 one that halves: 64, 128 ... 512, 512.

    Args:
        size: height and width of what it judges; a multiple of 32, 128 in the paper.
        width: features of the first stage.
    """

    def __init__(self, size: int = 128, width: int = 64):
        layers = [conv3(3, width), nn.LeakyReLU(0.2), *_normed(width, width, 4, 2)]
        stages = [width, 2 * width, 4 * width, 8 * width, 8 * width]
        for before, after in pairwise(stages):
            layers += [*_normed(before, after, 3, 1), *_normed(after, after, 4, 2)]
        super().__init__(size, 5, nn.Sequential(*layers), dense=100)


class _Conv(nn.Conv2d):
    """A convolution whose weight is normalised in float32, under autocast too.

    Autocast would compute the largest singular value with bfloat16's three digits.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.autocast(x.device.type, enabled=False):
            weight = self.weight
        return self._conv_forward(x, weight, self.bias)


def _spectral(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Module:
    r"""Convolution by $W / \sigma(W)$, $\sigma$ the largest singular value; no bias.

    W is read as a matrix of outputs rows (T. Miyato et al., arXiv 1802.05957); one
    step of the power iteration follows every forward pass in training.
    """
    return spectral_norm(_Conv(inputs, outputs, kernel, stride, padding=1, bias=False))


class UNetDiscriminator(nn.Module):
    """One logit a pixel: which places look real; 4,376,897 parameters at width 64.

        x -> conv0 -> down -> down -> down -> up -(+)-> up -(+)-> up -(+)-> two convs
               |       |       +------------------^      |         |       -> logits
               |       +---------------------------------^         |
               +---------------------------------------------------^

    An up step is: bilinear enlargement, convolution, leaky ReLU; then the features that
    the way down had at that size are added. The size halves three times.

    Args:
        width: features at the full size.
    """

    def __init__(self, width: int = 64):
        super().__init__()
        widths = [width, 2 * width, 4 * width, 8 * width]
        steps = list(pairwise(widths))
        self.first = conv3(3, width)
        self.down = nn.ModuleList(_spectral(a, b, 4, 2) for a, b in steps)
        self.up = nn.ModuleList(_spectral(b, a, 3, 1) for a, b in reversed(steps))
        self.refine = nn.ModuleList(_spectral(width, width, 3, 1) for _ in range(2))
        self.last = conv3(width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) in [0, 1], at least 8 x 8 -> (B, 1, H, W) logits."""
        if min(x.shape[-2:]) < 8:
            h, w = x.shape[-2:]
            raise ValueError(f"the picture is {h} x {w}; expected at least 8 x 8")
        x = lrelu(self.first(x))  # (B, width, H, W)
        skips = []
        for conv in self.down:
            skips.append(x)
            x = lrelu(conv(x))  # twice the width, half the size
        for conv, skip in zip(self.up, reversed(skips), strict=True):
            x = F.interpolate(x, skip.shape[-2:], mode="bilinear")
            x = lrelu(conv(x)) + skip
        for conv in self.refine:
            x = lrelu(conv(x))
        return self.last(x)
