# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Random views of photographs: what a classifier learns from, and how they are kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F

from srlab import datasets, images
from srlab.resample import imresize

__all__ = ["gather", "views"]

STORE = 256  # side of the squares that are kept of each photograph
SHIPPED_AGAIN = 4  # the shipped photographs are seen that many times as often


def gather(names: tuple[str, ...], limit: int = 0) -> torch.Tensor:
    """Squares of photographs, uint8 (N, 3, 256, 256): the middle and, of long pictures,
    both ends. "name/part" takes a folder of a set; "photos" are the shipped ones.

    Raises FileNotFoundError for a set that is not on this machine.
    """
    squares = []
    for name in names:
        again = SHIPPED_AGAIN if name == "photos" else 1
        for picture in _pictures(name, limit):
            squares += again * _squares(picture)
    return torch.stack(squares)


def _pictures(name: str, limit: int) -> Iterator[Any]:
    if name == "photos":
        for shipped in images.photo_names()[: limit or None]:
            yield images.photo(shipped)
        return
    base, _, part = name.partition("/")
    folder = datasets.find(base)
    if folder is None or not (folder / part).is_dir():
        raise FileNotFoundError(
            f"{name} is not here: set SRLAB_DATA to a folder that holds it"
        )
    for file in datasets.image_paths(folder / part)[: limit or None]:
        yield images.read(file)


def _squares(picture: torch.Tensor) -> list[torch.Tensor]:
    """(1, C, H, W) in [0, 1] -> one to three uint8 (3, 256, 256)."""
    height, width = picture.shape[-2:]
    short, long = sorted((height, width))
    spare = long - short
    places = (0, spare // 2, spare) if long > 1.15 * short else (spare // 2,)
    found = []
    for at in places:
        top, left = (at, 0) if height > width else (0, at)
        square = picture[..., top : top + short, left : left + short]
        small = imresize(square, size=(STORE, STORE)).expand(-1, 3, -1, -1)
        found.append(images.to_uint8(small)[0])
    return found


def views(
    squares: torch.Tensor, count: int, side: int, generator: torch.Generator
) -> torch.Tensor:
    """Random views (count, 3, side, side) in [0, 1], half of them mixed of two.

    Args:
        squares: uint8 (N, 3, S, S) on the device where the views are made.
        generator: of that device.
    """

    def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
        u = torch.rand(count, *shape, generator=generator, device=squares.device)
        return low + (high - low) * u

    place = (uniform(0, len(squares)).long()).clamp(max=len(squares) - 1)
    size = uniform(0.12, 1).sqrt()  # share of the side, so that areas are even
    ratio = (uniform(-1, 1) * math.log(4 / 3) / 2).exp()
    a, b = (size * ratio).clamp(max=1), (size / ratio).clamp(max=1)
    x0, y0 = uniform(-1, 1) * (1 - a), uniform(-1, 1) * (1 - b)
    angle = uniform(-0.25, 0.25)
    flip = (uniform(0, 1) < 0.5) * 2.0 - 1
    sin, cos = angle.sin(), angle.cos()
    rows = [a * cos * flip, -b * sin, x0, a * sin * flip, b * cos, y0]
    theta = torch.stack(rows, dim=1).view(count, 2, 3)
    grid = F.affine_grid(theta, [count, 3, side, side], align_corners=False)
    x = squares[place].to(torch.float32) / 255
    x = F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)
    x = _recoloured(x, uniform)
    noise = torch.randn(x.shape, generator=generator, device=x.device)
    x = x + noise * (uniform(-0.1, 0.06, 1, 1, 1).clamp(min=0))
    return _mixed(x.clamp(0, 1), uniform, generator)


def _recoloured(x: torch.Tensor, uniform: Callable[..., torch.Tensor]) -> torch.Tensor:
    """Other light: gains of the channels, brightness, contrast, saturation."""
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * uniform(-0.1, 1.7, 1, 1, 1).clamp(min=0)
    middle = x.mean(dim=(1, 2, 3), keepdim=True)
    x = middle + (x - middle) * uniform(0.6, 1.4, 1, 1, 1)
    return x * uniform(0.6, 1.4, 1, 1, 1) * uniform(0.9, 1.1, 3, 1, 1)


def _mixed(
    x: torch.Tensor, uniform: Callable[..., torch.Tensor], generator: torch.Generator
) -> torch.Tensor:
    """A quarter blended with another view, a quarter with a box of another view."""
    count, side = len(x), x.shape[-1]
    other = x[torch.randperm(count, generator=generator, device=x.device)]
    kind, share = uniform(0, 1, 1, 1, 1), uniform(0, 1, 1, 1, 1)
    at = torch.arange(side, device=x.device)
    half = (1 - share).sqrt() * side / 2
    cx, cy = uniform(0, side, 1, 1, 1), uniform(0, side, 1, 1, 1)
    inside = ((at.view(1, 1, 1, -1) - cx).abs() < half) & (
        (at.view(1, 1, -1, 1) - cy).abs() < half
    )
    blended = share * x + (1 - share) * other
    boxed = torch.where(inside, other, x)
    return torch.where(kind < 0.25, blended, torch.where(kind < 0.5, boxed, x))
