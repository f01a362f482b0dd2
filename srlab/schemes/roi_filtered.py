# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""A region of interest for any codec: the background is smoothed before it is coded.

WebP, AVIF and JPEG 2000 as their libraries write them take no map from outside. But
detail that is gone costs no bits. The file is any file of that codec; its decoder knows
nothing. Inside the region the codec gets the picture as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from numbers import Real

import torch

from srlab.codecs.base import Codec, check_one
from srlab.degrade.filters import blur
from srlab.degrade.kernels import isotropic
from srlab.schemes.maps import SaliencyLike, resolve

__all__ = ["RoiFiltered"]

_SHARES = (0.0, 0.125, 0.25, 0.5, 1.0)  # of the strength: blurs between are mixed


@dataclass(frozen=True, repr=False, eq=False)
class RoiFiltered:
    """Another codec, told of the region by what is left of the rest.

    Attributes:
        saliency: image -> map; or a map (1, 1, H, W); None: nothing is smoothed.
        codec: what writes the file, any of the course's.
        strength: standard deviation of the blur where P = 0, in pixels, 0 to 32; where
            P is between, sigma = strength (1 - P).
        threshold: if given, P counts as 1 from there on and as 0 below.
    """

    saliency: SaliencyLike
    codec: Codec
    strength: float = 2.0
    threshold: float | None = 0.5

    def __post_init__(self) -> None:
        if not isinstance(self.codec, Codec):
            raise TypeError(
                f"{self.codec!r:.60} is no codec: it lacks encode or decode"
            )
        for name, most in (("strength", 32), ("threshold", 1)):
            value = getattr(self, name)
            if name == "threshold" and value is None:
                continue
            good = isinstance(value, Real) and not isinstance(value, bool)
            if not good or not 0 <= value <= most:
                raise ValueError(f"{name} must be 0 to {most}, not {value!r:.40}")

    def __repr__(self) -> str:
        return f"RoiFiltered({self.codec!r}, strength={self.strength:g})"

    def filtered(self, image: torch.Tensor) -> torch.Tensor:
        """What the codec is given: (1, C, H, W), smooth where P is low."""
        P = resolve(self.saliency, image)
        if self.threshold is not None:
            P = (P >= self.threshold).float()
        if not self.strength or P.min() == 1:
            return image
        wanted = self.strength * (1 - P)
        image = image.float()
        result, below = image, image
        for low, high in pairwise(_SHARES):
            above = _smooth(image, self.strength * high)
            share = (wanted / self.strength - low) / (high - low)
            mixed = torch.lerp(below, above, share.clamp(0, 1))
            result = torch.where(share > 0, mixed, result)
            below = above
        return result.clamp(0, 1)

    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1], C = 1 or 3 -> the bytes of the codec's file."""
        return self.codec.encode(self.filtered(check_one(image)))

    def decode(self, data: bytes) -> torch.Tensor:
        """As the codec does."""
        return self.codec.decode(data)


def _smooth(image: torch.Tensor, sigma: float) -> torch.Tensor:
    taps = min(2 * int(3 * sigma + 0.5) + 1, 2 * min(image.shape[-2:]) - 1)
    if sigma < 0.1 or taps < 3:
        return image
    return blur(image, isotropic(taps, torch.tensor([float(sigma)])))
