# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The map that a scheme is told to follow, and two that look at nothing.

A saliency is any callable image -> (B, 1, H, W) in [0, 1]; a map that was drawn or
computed beforehand may stand in its place.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

from srlab.images import check_one

__all__ = ["SaliencyLike", "blocks", "centre_map", "random_map", "resolve"]

SaliencyLike = Callable[[torch.Tensor], torch.Tensor] | torch.Tensor | None


def resolve(saliency: SaliencyLike, image: torch.Tensor) -> torch.Tensor:
    """The map of one image, (1, 1, H, W) float32 in [0, 1], checked.

    Args:
        saliency: asked for the image's map; or the map itself; None: 1 everywhere.
        image: (1, C, H, W) in [0, 1].

    Raises:
        TypeError: neither a callable nor a tensor, or a map of no floats.
        ValueError: a map of another size than the image, with NaN, or out of [0, 1].
    """
    size = check_one(image).shape[-2:]
    if saliency is None:
        return torch.ones(1, 1, *size)
    found = saliency
    if not isinstance(found, torch.Tensor):
        if not callable(saliency):
            raise TypeError(
                f"a saliency is a callable or a map (1, 1, H, W), not {saliency!r:.40}"
            )
        found = saliency(image)
    if not isinstance(found, torch.Tensor) or not found.is_floating_point():
        kind = getattr(found, "dtype", type(found).__name__)
        raise TypeError(f"the map holds {kind}; expected a float tensor (1, 1, H, W)")
    if tuple(found.shape) != (1, 1, *size):
        raise ValueError(
            f"the map has the shape {tuple(found.shape)}; this image needs "
            f"{(1, 1, *size)}"
        )
    found = found.detach().float().cpu()
    if not found.isfinite().all():
        raise ValueError("the map holds NaN or infinite values")
    if found.min() < 0 or found.max() > 1:
        raise ValueError(
            f"the map goes from {found.min():.4g} to {found.max():.4g}; expected [0, 1]"
        )
    return found


def blocks(P: torch.Tensor, n: int = 8) -> torch.Tensor:
    """The largest value in each block of n x n pixels: (1, 1, H, W) -> (h, w).

    The largest, so that a block with an edge of the object belongs to the object.

    >>> blocks(torch.eye(10)[None, None]).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return F.max_pool2d(P, n, ceil_mode=True)[0, 0]


def centre_map(image: torch.Tensor, width: float = 0.25) -> torch.Tensor:
    """A Gaussian in the middle, (1, 1, H, W): photographers put things there.

    Args:
        width: its standard deviation, of each side.
    """
    height, across = image.shape[-2:]
    row, column = (
        torch.exp(-(torch.linspace(-0.5, 0.5, n) ** 2) / (2 * width**2))
        for n in (height, across)
    )
    return (row[:, None] * column)[None, None]


def random_map(
    image: torch.Tensor, generator: torch.Generator, cells: int = 5
) -> torch.Tensor:
    """Smooth noise, (1, 1, H, W) in [0, 1], as coarse as a class activation map.

    Args:
        image: (B, C, H, W), for its size alone. generator: of the values.
        cells: how many random values lie along the shorter side.
    """
    height, width = image.shape[-2:]
    short = min(height, width)
    size = (max(1, cells * height // short), max(1, cells * width // short))
    noise = torch.rand(1, 1, *size, generator=generator)
    P = F.interpolate(noise, (height, width), mode="bicubic").clamp(0, 1)
    low, high = torch.aminmax(P)
    return (P - low) / (high - low).clamp(min=1e-6)
