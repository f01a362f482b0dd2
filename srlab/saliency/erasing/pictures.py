# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Erasing on the picture: cells, a rectangle, a square, a grid; no network is asked.

- K. K. Singh, Y. J. Lee, "Hide-and-Seek: forcing a network to be meticulous for
  weakly-supervised object and action localization", arXiv 1704.04025
- Z. Zhong, L. Zheng, G. Kang, S. Li, Y. Yang, "Random erasing data augmentation", arXiv
  1708.04896
- T. DeVries, G. W. Taylor, "Improved regularization of convolutional neural networks
  with Cutout", arXiv 1708.04552
- P. Chen, S. Liu, H. Zhao, J. Jia, "GridMask data augmentation", arXiv 2001.04086

Differences: lengths are shares of the picture's shorter side, where the papers give
pixels of a fixed size (stated at each field), so that any size and shape works; Random
Erasing's largest area is 0.33, the paper's 0.4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from srlab.images import check_image
from srlab.saliency.classifiers import MEAN

__all__ = ["Cutout", "GridMask", "HideAndSeek", "PictureEraser", "RandomErasing"]


@dataclass(frozen=True)
class PictureEraser:
    """x -> x with a part of each picture replaced by the mean colour of photographs.

    After the network's normalisation that colour is 0, as if nothing were there.
    """

    def __call__(
        self, x: torch.Tensor, generator: torch.Generator, share: float = 1.0
    ) -> torch.Tensor:
        """(B, 1|3, H, W) in [0, 1] -> the same shape; each picture has its own draw.

        Args:
            x: the pictures; anything else than images is refused.
            generator: of any device.
            share: how much of the training is over, 0 to 1: GridMask begins gently.
        """
        mask = self.mask(check_image(x), generator, share)
        return torch.where(mask > 0, x, self.filling(x, generator))

    def mask(
        self, x: torch.Tensor, generator: torch.Generator, share: float = 1.0
    ) -> torch.Tensor:
        """(B, 1, H, W), 1 where the pictures x stay and 0 where they are erased."""
        height, width = x.shape[-2:]
        masks = [
            self.one(height, width, generator, share).to(x.dtype) for _ in range(len(x))
        ]
        return torch.stack(masks)[:, None].to(x.device)

    def one(
        self, height: int, width: int, generator: torch.Generator, share: float
    ) -> torch.Tensor:
        """The mask of one picture, bool (height, width), on the generator's device."""
        raise NotImplementedError

    def filling(self, x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """What stands in the erased part; it broadcasts to x."""
        colour = x.new_tensor(MEAN).view(1, 3, 1, 1)
        return colour if x.shape[1] == 3 else colour.mean(1, keepdim=True)


@dataclass(frozen=True)
class HideAndSeek(PictureEraser):
    """Square cells of a grid; each is hidden with probability `rate`."""

    cells: int = 4  # along the shorter side: the paper's 56 pixels of 224
    rate: float = 0.5

    def one(
        self, height: int, width: int, generator: torch.Generator, share: float
    ) -> torch.Tensor:
        side = math.ceil(min(height, width) / self.cells)
        rows, columns = math.ceil(height / side), math.ceil(width / side)
        kept = _uniform((rows, columns), generator) >= self.rate
        kept = kept.repeat_interleave(side, 0).repeat_interleave(side, 1)
        return kept[:height, :width]


@dataclass(frozen=True)
class RandomErasing(PictureEraser):
    """One rectangle of random area and aspect (height : width), filled with noise."""

    probability: float = 0.5  # that a picture loses anything
    area: tuple[float, float] = (0.02, 0.33)  # share of the picture; the paper: to 0.4
    aspect: tuple[float, float] = (0.3, 1 / 0.3)
    tries: int = 100  # a rectangle that does not fit is drawn again

    def one(
        self, height: int, width: int, generator: torch.Generator, share: float
    ) -> torch.Tensor:
        kept = torch.ones(height, width, dtype=torch.bool, device=generator.device)
        if _uniform((), generator) >= self.probability:
            return kept
        for _ in range(self.tries):
            u = _uniform((4,), generator).tolist()
            pixels = _between(u[0], *self.area) * height * width
            ratio = _between(u[1], *self.aspect)
            h, w = round(math.sqrt(pixels * ratio)), round(math.sqrt(pixels / ratio))
            if 1 <= h < height and 1 <= w < width:
                top, left = int(u[2] * (height - h + 1)), int(u[3] * (width - w + 1))
                kept[top : top + h, left : left + w] = False
                return kept
        return kept

    def filling(self, x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        noise = torch.rand(x.shape, generator=generator, device=generator.device)
        return noise.to(x)


@dataclass(frozen=True)
class Cutout(PictureEraser):
    """A square of fixed side; its centre is any pixel, so that borders clip it."""

    side: float = 0.5  # of the shorter side: the paper's 16 pixels of CIFAR-10's 32

    def one(
        self, height: int, width: int, generator: torch.Generator, share: float
    ) -> torch.Tensor:
        kept = torch.ones(height, width, dtype=torch.bool, device=generator.device)
        side = max(1, round(self.side * min(height, width)))
        u = _uniform((2,), generator).tolist()
        top, left = int(u[0] * height) - side // 2, int(u[1] * width) - side // 2
        kept[max(0, top) : top + side, max(0, left) : left + side] = False
        return kept


@dataclass(frozen=True)
class GridMask(PictureEraser):
    """Squares at the points of a square lattice of period d, whose place is random.

    The erased squares have the side (1 - ratio) d, so that a share of 1 - (1 - ratio)^2
    is kept (84 % with the default).
    """

    period: tuple[float, float] = (96 / 224, 1.0)  # of the shorter side, in pixels ...
    ratio: float = 0.6  # ... and how much of it the bars between squares take
    probability: float = 0.8  # that a picture loses anything ...
    rise: float = 0.8  # ... once so much of the training is over; linear from 0

    def one(
        self, height: int, width: int, generator: torch.Generator, share: float
    ) -> torch.Tensor:
        kept = torch.ones(height, width, dtype=torch.bool, device=generator.device)
        now = self.probability * min(1.0, share / self.rise if self.rise else 1.0)
        u = _uniform((4,), generator).tolist()
        if u[0] >= now:
            return kept
        low, high = (round(v * min(height, width)) for v in self.period)
        period = max(2, low + int(u[1] * (high - low + 1)))
        side = min(period - 1, max(1, round((1 - self.ratio) * period)))
        rows, columns = (
            (torch.arange(n, device=kept.device) + int(v * period)) % period < side
            for n, v in ((height, u[2]), (width, u[3]))
        )
        return ~(rows[:, None] & columns[None, :])


def _uniform(shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    return torch.rand(shape, generator=generator, device=generator.device)


def _between(u: float, low: float, high: float) -> float:
    return low + u * (high - low)
