# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Calmer maps: of several views, of the principal component, of several methods.

The first two are what the common implementation calls augmentation and eigen smoothing;
the thesis that the course follows sums maps of several methods.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import torch

from srlab.saliency.base import Saliency, Seen, Target, normalise
from srlab.saliency.eigencam import principal

__all__ = ["Augmented", "Ensemble", "Principal"]


class Augmented:
    """Mean of the maps of a picture, its mirror image, and both darker and brighter.

    Args:
        saliency: image, target -> map.
        gains: factors of the brightness.
        mirror: whether the mirror image is looked at too.

    The result is not stretched again: 1 means that all views agree.
    """

    def __init__(
        self,
        saliency: Callable[..., torch.Tensor],
        gains: Sequence[float] = (0.9, 1.0, 1.1),
        mirror: bool = True,
    ):
        if not gains or not all(0 < gain <= 1.5 for gain in gains):
            raise ValueError(f"gains are {gains}; expected factors above 0, up to 1.5")
        self.saliency, self.gains, self.mirror = saliency, tuple(gains), mirror

    def __call__(self, image: torch.Tensor, target: Target = None) -> torch.Tensor:
        """(B, 1, H, W) in [0, 1], of the class that the picture itself is given."""
        if target is None and isinstance(self.saliency, Saliency):
            target = self.saliency.look(image).target
        seen = []
        for gain in self.gains:
            seen.append(self.saliency(image * gain, target))
            if self.mirror:
                turned = self.saliency(image.flip(-1) * gain, target)
                seen.append(turned.flip(-1))
        return reduce(torch.add, seen) / (len(self.gains) * (1 + self.mirror))


class Principal(Saliency):
    """A method's weighted channels, their first principal component for their sum.

    What many channels share stays, what a few do alone goes. Signed as `EigenCAM` says.
    """

    def __init__(self, saliency: Saliency):
        self.inner = saliency
        self.model, self.layer = saliency.model, saliency.layer
        self.layer_name, self.reshape = saliency.layer_name, saliency.reshape
        self.gradients = saliency.gradients

    def combine(self, seen: Seen) -> torch.Tensor:
        """(B, 1, h, w), of mean 0."""
        weights = self.inner.weigh(seen)[:, :, None, None]
        return principal(weights * seen.activations)


class Ensemble:
    """One map of several methods: their mean, or at each place the highest.

    Args:
        saliencies: image, target -> map, each.
        how: "mean" or "max".
    """

    def __init__(
        self, saliencies: Sequence[Callable[..., torch.Tensor]], how: str = "mean"
    ):
        if not saliencies:
            raise ValueError("an ensemble needs at least one saliency")
        if how not in ("mean", "max"):
            raise ValueError(f"how is {how!r}; expected mean or max")
        self.saliencies, self.how = list(saliencies), how

    def __call__(self, image: torch.Tensor, target: Target = None) -> torch.Tensor:
        """(B, 1, H, W) in [0, 1], stretched again."""
        maps = torch.stack([one(image, target) for one in self.saliencies])
        return normalise(maps.mean(dim=0) if self.how == "mean" else maps.amax(dim=0))
