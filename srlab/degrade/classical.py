# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The three degradations that papers have tables of: BI, BD and DN.

Y. Zhang, Y. Tian, Y. Kong, B. Zhong, Y. Fu, "Residual dense network for image
super-resolution", 2018, arXiv:1802.08797, section 5.3; the sizes and phases of BD are
those of the authors' program. Each is a callable image, generator -> image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch

from srlab.degrade.doors import check, to_grid
from srlab.degrade.noise import gaussian_noise
from srlab.images import check_whole, from_uint8, to_uint8
from srlab.resample import apply_banded, banded, imresize

__all__ = ["BD", "BI", "DN"]


@dataclass(frozen=True)
class BI:
    """Bicubic: MATLAB's `imresize` of 8-bit pictures, for x2, x3 and x4.

    (B, C, H, W) in [0, 1] -> (B, C, ceil(H / scale), ceil(W / scale)) on the 1/255
    grid. The generator is not used.
    """

    scale: int = 4

    def __post_init__(self) -> None:
        check_whole(self.scale, "scale", 1, 64)

    def __call__(
        self, image: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        small = imresize(to_uint8(check(image)), scale=1 / self.scale)
        return from_uint8(small)


@dataclass(frozen=True)
class BD:
    """Blur, then down: a Gaussian of sigma 1.6, then each third pixel (x3).

    7 x 7 taps at x3, the published case; 11 a side at other odd scales and 12 at even
    ones, where the middle lies between two pixels. The border pixel is repeated. Shapes
    as for `BI`.
    """

    scale: int = 3
    sigma: float = 1.6

    def __post_init__(self) -> None:
        check_whole(self.scale, "scale", 1, 64)
        if not 0 < self.sigma <= 64:
            raise ValueError(f"sigma must be above 0, up to 64, not {self.sigma!r}")

    @property
    def taps(self) -> int:
        """A side of the kernel."""
        if self.scale == 3 and self.sigma == 1.6:
            return 7
        return 2 * math.ceil(3 * self.sigma) + (1 if self.scale % 2 else 2)

    def __call__(
        self, image: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        image = check(image)
        for axis in (0, 1):  # the Gaussian is a product of a row and a column
            image = apply_banded(image, self._blocks(image.shape[axis - 2]), axis)
        return to_grid(image)

    def _blocks(self, n: int) -> Any:
        """The samples that make each output, and their weights."""
        outputs = torch.arange(math.ceil(n / self.scale), dtype=torch.float64)
        middle = self.scale * outputs + (self.scale - 1) / 2
        first = (middle - (self.taps - 1) / 2).round().long()
        indices = first[:, None] + torch.arange(self.taps)
        distance = (indices - middle[:, None]) / self.sigma
        weights = torch.exp(-0.5 * distance**2)
        weights = weights / weights.sum(dim=1, keepdim=True)
        return banded(weights, indices.clamp(0, n - 1))


@dataclass(frozen=True)
class DN:
    """Down, then noise: `BI` at x3, then Gaussian noise of level 30, rounded again.

    Shapes as for `BI`; the generator is needed.
    """

    scale: int = 3
    level: float = 30  # standard deviation in levels of 255

    def __post_init__(self) -> None:
        check_whole(self.scale, "scale", 1, 64)

    def __call__(self, image: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        small = BI(self.scale)(image)
        return to_grid(gaussian_noise(small, self.level, generator))
