# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Photographs with one label each, and the random crops that a classifier learns from.

Crops as of C. Szegedy et al., "Going deeper with convolutions", arXiv 1409.4842, with
milder bounds: 0.35 to 1 of the area, since what is cut off is erased, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from srlab import datasets, images
from srlab.images import to_uint8
from srlab.saliency.classifiers import prepared

__all__ = ["SQUARE", "Photographs", "crops", "photographs"]

SQUARE = 224  # pixels a side; Imagenette's photographs have it here


@dataclass(frozen=True)
class Photographs:
    """Labelled squares: uint8 (N, 3, 224, 224), (N,) class indices, classes' names."""

    squares: torch.Tensor
    labels: torch.Tensor
    names: list[str]


def photographs(data: str, limit: int = 0) -> Photographs:
    """A folder of classes of a set, "name/part"; or the shipped ones, one class each.

    Raises FileNotFoundError for a set that is not on this machine.
    """
    if data == "photos":
        names = images.photo_names()[: limit or None]
        pictures: Iterable[torch.Tensor] = [images.photo(n) for n in names]
        labels = [*range(len(names))]
    else:
        base, _, part = data.partition("/")
        folder = datasets.find(base)
        if folder is None or not (folder / part).is_dir():
            raise FileNotFoundError(
                f"{data} is not here: set SRLAB_DATA to a folder that holds it"
            )
        files = datasets.image_paths(folder / part)[: limit or None]
        kinds = sorted({file.parent.name for file in files})
        names = [kind.partition("_")[2].replace("_", " ") or kind for kind in kinds]
        labels = [kinds.index(file.parent.name) for file in files]
        pictures = (images.read(file) for file in files)
    squares = [_square(picture) for picture in pictures]
    return Photographs(torch.cat(squares), torch.tensor(labels), names)


def _square(picture: torch.Tensor) -> torch.Tensor:
    """(1, C, H, W) in [0, 1] -> its middle, uint8 (1, 3, 224, 224)."""
    whole = prepared(picture, SQUARE)
    top, left = ((n - SQUARE) // 2 for n in whole.shape[-2:])
    return to_uint8(whole[..., top : top + SQUARE, left : left + SQUARE])


def crops(squares: torch.Tensor, side: int, generator: torch.Generator) -> torch.Tensor:
    """Random resized crops (area 0.35 to 1), mirrored by half, in other light.

    Args:
        squares: uint8 (B, 3, S, S), one for each crop. generator: on the CPU.

    Returns:
        (B, 3, side, side) in [0, 1].
    """
    u = torch.rand(len(squares), 8, generator=generator).to(squares.device)
    return _in_other_light(_cut(squares, side, u[:, :5]), u[:, 5:])


def _cut(squares: torch.Tensor, side: int, u: torch.Tensor) -> torch.Tensor:
    """u (B, 5) uniform in [0, 1): area, aspect, two places, mirrored or not."""
    size, ratio = (0.35 + 0.65 * u[:, 0]).sqrt(), ((2 * u[:, 1] - 1) * 0.14).exp()
    a, b = (size * ratio).clamp(max=1), (size / ratio).clamp(max=1)
    x0, y0 = (2 * u[:, 2] - 1) * (1 - a), (2 * u[:, 3] - 1) * (1 - b)
    flip, none = torch.where(u[:, 4] < 0.5, -1.0, 1.0), torch.zeros_like(a)
    theta = torch.stack([a * flip, none, x0, none, b, y0], 1).view(-1, 2, 3)
    shape = [len(squares), 3, side, side]
    grid = F.affine_grid(theta, shape, align_corners=False)
    x = squares.float() / 255
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)


def _in_other_light(x: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
    """u (B, 3) uniform in [0, 1): light, contrast, saturation, each 0.7 to 1.3."""
    light, contrast, colour = (0.7 + 0.6 * u).T.reshape(3, -1, 1, 1, 1)
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * colour
    middle = x.mean(dim=(1, 2, 3), keepdim=True)
    return ((middle + (x - middle) * contrast) * light).clamp(0, 1)
