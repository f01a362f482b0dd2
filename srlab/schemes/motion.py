# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""A saliency for a camera that stands still: what differs from the usual picture."""

from __future__ import annotations

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from skimage.filters import threshold_otsu

from srlab.images import check_one, check_whole, from_uint8, to_uint8
from srlab.schemes.video import Frames, each

__all__ = ["MotionSaliency"]


_GREY = 1 / 255  # one grey value, for the logarithm of no distance


class MotionSaliency:
    """P = min(1, d / 2t), d the smoothed distance from the film's median picture.

    The distance is the mean of the channels' absolute differences, smoothed by a
    Gaussian. t is Otsu's threshold (IEEE Trans. SMC 9 (1979) 62-66) of the logarithms
    of the distances in the film, so that 0.5 parts what moves from what stays: of the
    distances themselves it would part bright cars from dark ones. The scale is the
    film's, not the frame's: where nothing moves the map stays dark.

    Args:
        frames: (T, 3, H, W) in [0, 1], or frames one by one; `kept` of them, evenly
            spread, are held in memory.
        sigma: of the Gaussian, in pixels.
        kept: frames that the median is taken of, 3 to 200.

    A thing that stands still for more than half of the film belongs to its background,
    and a camera that moves makes everything move.
    """

    def __init__(self, frames: Frames, sigma: float = 4.0, kept: int = 50):
        if not 0 < sigma <= 100:
            raise ValueError(f"sigma must be above 0 to 100, not {sigma!r:.40}")
        self.sigma = float(sigma)
        some = _spread(frames, check_whole(kept, "kept", 3, 200))
        median = torch.cat(some).median(dim=0, keepdim=True).values
        self.background = from_uint8(median)  # (1, 3, H, W)
        distances = np.stack([self._distance(from_uint8(frame)) for frame in some])
        self.threshold = _between(distances)

    def __call__(self, image: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) in [0, 1] -> (B, 1, H, W) in [0, 1]."""
        maps = [self._distance(check_one(one[None])) for one in image]
        P = torch.from_numpy(np.stack(maps))[:, None] / (2 * self.threshold)
        return P.clamp(max=1)

    def _distance(self, image: torch.Tensor) -> np.ndarray:
        """(H, W) float32."""
        if image.shape[-2:] != self.background.shape[-2:]:
            raise ValueError(
                f"the image has {tuple(image.shape[-2:])} pixels, the film that the "
                f"saliency knows {tuple(self.background.shape[-2:])}"
            )
        apart = (image.detach().cpu() - self.background).abs().mean(dim=1)[0]
        return gaussian_filter(apart.numpy(), self.sigma)


def _between(distances: np.ndarray) -> float:
    """What parts small distances from large ones; 1 where all are the same."""
    logarithms = np.log(distances + _GREY)
    if np.ptp(logarithms) < 1e-6:
        return 1.0
    return float(np.exp(threshold_otsu(logarithms)) - _GREY) or 1.0


def _spread(frames: Frames, kept: int) -> list[torch.Tensor]:
    """At most `kept` frames, evenly spread, of a film of unknown length; uint8.

    Every `step`-th; when twice as many are there, every second of them goes.
    """
    some, step = [], 1
    for t, image in enumerate(each(frames)):
        if t % step:
            continue
        some.append(to_uint8(image))
        if len(some) > kept:
            some, step = some[::2], 2 * step
    return some
