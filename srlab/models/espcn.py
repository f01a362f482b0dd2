# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""ESPCN: convolutions on the small picture, and one shuffle of numbers to enlarge it.

W. Shi et al., "Real-time single image and video super-resolution using an efficient
sub-pixel convolutional neural network", arXiv 1609.05158.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

__all__ = ["ESPCN"]

_ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU}


class ESPCN(nn.Module):
    r"""$f^l = \phi(W_l * f^{l-1} + b_l)$, and at the end PS$(W_L * f^{L-1} + b_L)$.

    Args:
        scale: r, how many times it enlarges.
        activation: phi; the paper compares tanh with relu and keeps tanh.
        n1, n2: numbers of filters of the two inner layers.
    """

    channels, local = 1, True

    def __init__(
        self,
        scale: int = 3,
        activation: Literal["tanh", "relu"] = "tanh",
        n1: int = 64,
        n2: int = 32,
    ):
        super().__init__()
        if activation not in tuple(_ACTIVATIONS):
            raise ValueError(f"activation is {activation!r}; expected tanh or relu")
        if scale < 1:
            raise ValueError(f"scale is {scale}; expected a whole number from 1")
        self.upscale = scale
        self.layers = nn.Sequential(
            nn.Conv2d(1, n1, 5, padding=2),
            _ACTIVATIONS[activation](),
            nn.Conv2d(n1, n2, 3, padding=1),
            _ACTIVATIONS[activation](),
            nn.Conv2d(n2, scale**2, 3, padding=1),
        )
        self.shuffle = nn.PixelShuffle(scale)

    def forward(self, y: torch.Tensor) -> torch.Tensor:
        """(B, 1, h, w) luma in [0, 1] -> (B, 1, r h, r w)."""
        features = self.layers(y)  # (B, r * r, h, w)
        return self.shuffle(features)
