# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Pictures and films with known objects: cut from photographs, laid on another.

The objects are cut along the outlines drawn by hand (`srlab.saliency.objects`), so it
is known to the pixel what is where, in every frame.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from scipy.ndimage import gaussian_filter

from srlab.images import check_whole, photo, round8
from srlab.resample import imresize
from srlab.saliency import objects

__all__ = ["BACKGROUNDS", "CUTOUTS", "Clip", "Still", "collage", "moving_collage"]

CUTOUTS = {  # photograph -> the object on it that stands free of the picture's edge
    "coffee": "cup",
    "flower": "flower",
    "motorcycle": "motorcycle or moped",
    "astronaut": "aircraft or rocket",
    "chelsea": "cat",
}
BACKGROUNDS = ("brick", "china", "grass", "gravel")
_FEATHER = 1.0  # pixels over which an object's edge fades


@dataclass(frozen=True, eq=False)
class Still:
    """A picture (1, 3, H, W), masks (1, n, H, W) of 0 and 1, and their n labels."""

    image: torch.Tensor
    masks: torch.Tensor
    labels: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Clip:
    """A film with known objects.

    Attributes:
        frames: (T, 3, H, W) in [0, 1], on the 1/255 grid.
        masks: (T, n, H, W), 1 where an object is seen, 0 elsewhere.
        labels: of the n objects.
        positions: (T, n, 2), x to the right and y down in pixels: the mean place of
            each mask's pixels, counted from the middle of the top left one.
    """

    frames: torch.Tensor
    masks: torch.Tensor
    labels: tuple[str, ...]
    positions: torch.Tensor


def collage(
    names: Sequence[str] = ("coffee", "motorcycle"),
    background: str = "gravel",
    size: tuple[int, int] = (256, 384),
    height: int | None = None,
) -> Still:
    """A still with objects side by side, each in the middle of its column.

    Args:
        names: photographs whose object is cut out: any in `CUTOUTS`.
        background: a shipped photograph. size: height and width in pixels, even.
        height: of the objects in pixels; by default three fifths of the picture's,
            less where a column is too narrow.

    Raises:
        ValueError: no object, an unknown one, or a size that is odd or too small.

    >>> collage().masks.shape
    torch.Size([1, 2, 256, 384])
    """
    H, W = _size(size)
    names = list(names)
    if not names:
        raise ValueError("a collage needs one object at least")
    column = W // len(names)
    height = check_whole(height or round(0.6 * H), "height", 8, H)
    parts = [_cutout(name, height, column) for name in names]
    places = [
        (k * column + (column - part.shape[-1]) // 2, (H - part.shape[-2]) // 2)
        for k, part in enumerate(parts)
    ]
    image, masks = _paste(_background(background, H, W), parts, places)
    return Still(image, masks, tuple(CUTOUTS[name] for name in names))


def moving_collage(
    frames: int = 24, size: tuple[int, int] = (240, 320), seed: int = 0
) -> Clip:
    """Two objects that move over a still photograph, one straight, one on a curve.

    Each stays in its own half of the picture and inside it, so that both are seen
    whole in every frame. Objects, background and directions are drawn from the seed.

    Args:
        frames: how many, from 1. size: height and width in pixels, even.
    """
    T = check_whole(frames, "frames", 1, 100_000)
    H, W = _size(size)
    generator = torch.Generator().manual_seed(seed)
    names = list(CUTOUTS)
    order = torch.randperm(len(names), generator=generator).tolist()
    names = [names[k] for k in order[:2]]
    which = int(torch.randint(len(BACKGROUNDS), (1,), generator=generator))
    still = _background(BACKGROUNDS[which], H, W)
    parts = [_cutout(name, round(0.3 * H), W // 3) for name in names]
    turns = torch.rand(2, generator=generator).tolist()
    paths = [_path(k, part, T, (H, W), turns[k] < 0.5) for k, part in enumerate(parts)]
    shots = [_paste(still, parts, [path[t] for path in paths]) for t in range(T)]
    masks = torch.cat([masks for _, masks in shots])
    labels = tuple(CUTOUTS[name] for name in names)
    return Clip(torch.cat([s for s, _ in shots]), masks, labels, _centres(masks))


def _size(size: tuple[int, int]) -> tuple[int, int]:
    try:
        H, W = (check_whole(n, "size", 32, 4096) for n in size)
    except TypeError:
        raise ValueError(f"size is height and width, not {size!r:.40}") from None
    if H % 2 or W % 2:
        raise ValueError(f"{H} x {W}: both sides must be even, for 4:2:0 films")
    return H, W


def _path(
    k: int, part: torch.Tensor, T: int, size: tuple[int, int], back: bool
) -> list[tuple[int, int]]:
    """Top left corners in whole pixels, in the upper (k = 0) or the lower half."""
    h, w = part.shape[-2:]
    wide, high = size[1] - w, size[0] // 2 - h  # the room it has
    places = []
    for t in range(T):
        s = t / max(1, T - 1)
        s = 1 - s if back else s
        fall = s if k == 0 else 0.5 - 0.5 * math.cos(2 * math.pi * s)
        places.append((round(s * wide), k * (size[0] // 2) + round(fall * high)))
    return places


def _background(name: str, H: int, W: int) -> torch.Tensor:
    """The middle of a photograph, shrunk or enlarged to fill (1, 3, H, W)."""
    image = photo(name)
    scale = max(H / image.shape[-2], W / image.shape[-1])
    h, w = (
        max(n, math.ceil(side * scale))
        for n, side in zip((H, W), image.shape[-2:], strict=True)
    )
    image = imresize(image, size=(h, w))
    top, left = (h - H) // 2, (w - W) // 2
    return round8(image[..., top : top + H, left : left + W])


def _cutout(name: str, height: int, width: int) -> torch.Tensor:
    """(1, 4, h, w): an object and its alpha, h = height unless w would exceed width."""
    if name not in CUTOUTS:
        raise ValueError(
            f"{name!r} has no cut-out object; expected {', '.join(CUTOUTS)}"
        )
    thing = next(t for t in objects.objects(name) if t.label == CUTOUTS[name])
    image = photo(name)
    alpha = objects.filled([thing.polygon], *image.shape[-2:])
    x0, y0, x1, y1 = (int(v) for v in thing.box)
    both = [part[..., max(0, y0) : y1, max(0, x0) : x1] for part in (image, alpha)]
    scale = min(height / both[0].shape[-2], width / both[0].shape[-1])
    h, w = (max(2, round(n * scale)) for n in both[0].shape[-2:])
    colour, alpha = (imresize(part, size=(h, w)).clamp(0, 1) for part in both)
    soft = gaussian_filter(alpha[0, 0].numpy(), _FEATHER, mode="constant")
    alpha = (2 * torch.from_numpy(soft) - 1).clamp(min=0)  # fades inwards: the outline
    return torch.cat([colour, alpha[None, None]], 1)  # drawn lies outside the object


def _paste(
    still: torch.Tensor, parts: list[torch.Tensor], places: list[tuple[int, int]]
) -> tuple[torch.Tensor, torch.Tensor]:
    """The picture with the parts on it, and what is seen of each: (1, n, H, W)."""
    image = still.clone()
    masks = torch.zeros(1, len(parts), *still.shape[-2:])
    for k, (part, (x, y)) in enumerate(zip(parts, places, strict=True)):
        there = (..., slice(y, y + part.shape[-2]), slice(x, x + part.shape[-1]))
        colour, alpha = part[:, :3], part[:, 3:]
        image[there] = image[there] + alpha * (colour - image[there])
        seen = (alpha >= 0.5).float()
        masks[there] = masks[there] * (1 - seen)  # what lies below is hidden
        masks[:, k : k + 1][there] = seen
    return round8(image), masks


def _centres(masks: torch.Tensor) -> torch.Tensor:
    """(T, n, H, W) of 0 and 1 -> (T, n, 2), the mean x and y of each mask."""
    H, W = masks.shape[-2:]
    area = masks.sum((-2, -1)).clamp(min=1)
    x = (masks.sum(-2) * torch.arange(W)).sum(-1) / area
    y = (masks.sum(-1) * torch.arange(H)).sum(-1) / area
    return torch.stack([x, y], dim=-1)
