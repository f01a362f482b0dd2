# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The whole chain of two codecs and their nets, with a gradient where there can be one.

x -> down -> codec 1 -> decoded -> up -> SR;  x - SR + 1/2 -> codec 2 -> + SR -> x'
"""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import torch
from torch import nn

from srlab import images, models
from srlab.codecs import JPEG, MeanScale
from srlab.models import TwoCodecsNet
from srlab.recipes.two_codecs import TwoCodecs
from srlab.schemes.two_layer import MIDDLE
from srlab.training.coded import CODINGS

__all__ = ["Layers", "Pipeline"]


class Layers(NamedTuple):
    """What the scheme makes of a batch x, (B, 3, H, W).

    small, decoded: (B, 3, H / 2, W / 2); sr, result: (B, 3, H, W), not clamped;
    bits, residual_bits: (B,) estimated, 0 without that codec or its estimate.
    """

    small: torch.Tensor
    decoded: torch.Tensor
    sr: torch.Tensor
    result: torch.Tensor
    bits: torch.Tensor
    residual_bits: torch.Tensor


class Pipeline(nn.Module):
    """The nets and codecs of a configuration, differentiable where it can be.

    Attributes:
        net: a `TwoCodecsNet`, what is trained. first, second: codecs' networks.
    """

    def __init__(self, plan: TwoCodecs):
        super().__init__()
        self.plan = plan
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed)
            self.net = TwoCodecsNet(**plan.net)
        if plan.start:
            models.warm_start(self.net.up, plan.start)
        self.level = CODINGS[plan.codec].level(plan.first)
        self.first = self.second = None
        if plan.codec == "mean_scale":
            self.first = _codec(plan.joint)
            self.second = _codec(plan.joint) if plan.second else None

    def learns(self) -> list[nn.Parameter]:
        """Parameters that are trained."""
        return [p for p in self.parameters() if p.requires_grad]

    def train(self, mode: bool = True) -> Pipeline:
        """Frozen codecs round; they are noisy only where their rate has a price."""
        super().train(mode)
        for codec in (self.first, self.second):
            if codec is not None:
                codec.train(mode and self.plan.price > 0)
        return self

    def forward(self, x: torch.Tensor, around: bool = False) -> Layers:
        """(B, 3, H, W), sides multiples of 128.

        Args:
            around: pass the codec over, as the way down's turn does.
        """
        small = _kept(self.net.small(x))
        none = x.new_zeros(len(x))
        decoded, bits = small, none
        if not around:
            decoded, bits = self._coded(self.first, small, self.plan.first)
        sr = self.net.large(decoded, self.level)
        if self.second is None:
            return Layers(small, decoded, sr, sr, bits, none)
        residual = _kept(x - sr + MIDDLE)
        coded, residual_bits = self._coded(self.second, residual, self.plan.second)
        return Layers(small, decoded, sr, sr + coded - MIDDLE, bits, residual_bits)

    def _coded(self, codec: Any, x: torch.Tensor, quality: float) -> Any:
        if codec is None:
            return _jpeg(x, quality), x.new_zeros(len(x))
        found = codec(x, torch.full((len(x),), float(quality), device=x.device))
        return _kept(found.x_hat, whole=True), found.bits


def _codec(joint: bool) -> nn.Module:
    return copy.deepcopy(MeanScale().net).requires_grad_(joint)


def _kept(x: torch.Tensor, whole: bool = False) -> torch.Tensor:
    """Clamped to [0, 1] and, if whole, on the 1/255 grid; the gradient passes."""
    kept = x.clamp(0, 1)
    if whole:
        kept = (kept * 255).round() / 255
    return x + (kept - x).detach()


def _jpeg(x: torch.Tensor, quality: float) -> torch.Tensor:
    """Through real files, without a gradient."""
    codec = JPEG(quality)
    eight = images.from_uint8(images.to_uint8(x.detach().cpu()))
    made = [codec.decode(codec.encode(one[None])) for one in eight]
    return torch.cat(made).to(x)
