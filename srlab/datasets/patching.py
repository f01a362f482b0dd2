# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Training patches: random squares out of images, turned and flipped in 8 ways.

The usual training data of super-resolution since SRCNN (Dong et al., "Image
super-resolution using deep convolutional networks", arXiv 1501.00092); the 8 positions
are those of EDSR's augmentation (Lim et al., arXiv 1707.02921).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from srlab.images import check_tensor, check_whole

__all__ = ["dihedral", "patch_pairs", "patches"]


def patches(
    images: Sequence[torch.Tensor],
    size: int,
    count: int,
    generator: torch.Generator,
    augment: bool = True,
) -> torch.Tensor:
    """Cut random square patches for training.

    Args:
        images: each (C, H, W) or (1, C, H, W), uint8 or float, all of one C and dtype.
        size: side of a patch in pixels.
        count: how many, at least 1; each picks an image, then a place, uniformly.
        generator: a CPU generator; the same state gives the same patches.
        augment: turn and flip each at random into one of its 8 positions.

    Returns:
        (count, C, size, size), of the images' dtype.

    Raises:
        ValueError: no image, a batch, another C, or one smaller than a patch.
    """
    images = [_single(image, i, size) for i, image in enumerate(images)]
    _same_kind(images)
    drawn = [
        _draw(images, size, generator) for _ in range(check_whole(count, "count", 1))
    ]
    cut = [_cut(images[i], top, left, size, k * augment) for i, top, left, k in drawn]
    return torch.stack(cut)


def patch_pairs(
    low: Sequence[torch.Tensor],
    high: Sequence[torch.Tensor],
    size: int,
    count: int,
    generator: torch.Generator,
    augment: bool = True,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Cut the same places out of small images and their large originals.

    Args:
        low: as `patches` wants them. high: each a whole number s times as large.
        size: side of a low patch. count, generator, augment: as in `patches`.

    Returns:
        (count, C, size, size) and (count, C, s * size, s * size).

    Raises:
        ValueError: as `patches`, or sizes that do not fit each other.
    """
    if len(low) != len(high):
        raise ValueError(f"{len(low)} low images, but {len(high)} high ones")
    low = [_single(image, i, size) for i, image in enumerate(low)]
    high = [_single(image, i, size) for i, image in enumerate(high)]
    _same_kind(low)
    _same_kind(high)
    s = _scale(low, high)
    xs, ys = [], []
    for _ in range(check_whole(count, "count", 1)):
        i, top, left, k = _draw(low, size, generator)
        k *= augment
        xs.append(_cut(low[i], top, left, size, k))
        ys.append(_cut(high[i], s * top, s * left, s * size, k))
    return torch.stack(xs), torch.stack(ys)


def _cut(image: torch.Tensor, top: int, left: int, size: int, k: int) -> torch.Tensor:
    """The square of (C, H, W) that starts there, in position k of `dihedral`."""
    return dihedral(image[:, top : top + size, left : left + size], k)


def dihedral(image: torch.Tensor, k: int) -> torch.Tensor:
    """One of the 8 positions of a square: (..., H, W), k = 0 (unchanged) .. 7.

    Bit 1 of k flips left and right, bit 2 up and down, bit 4 swaps rows and columns.
    ValueError for another k.

    >>> dihedral(torch.tensor([[1, 2], [3, 4]]), 1).tolist()
    [[2, 1], [4, 3]]
    """
    check_tensor(image)
    if not 0 <= k < 8:
        raise ValueError(f"k must be 0..7, not {k}")
    if k & 1:
        image = image.flip(-1)
    if k & 2:
        image = image.flip(-2)
    return image.transpose(-2, -1) if k & 4 else image


def _single(image: torch.Tensor, i: int, size: int) -> torch.Tensor:
    """(C, H, W) of one image that a patch fits into."""
    check_tensor(image, f"image {i}")
    if image.ndim == 4 and image.shape[0] == 1:
        image = image[0]
    if image.ndim != 3:
        raise ValueError(
            f"image {i} has the shape {tuple(image.shape)}; expected (C, H, W)"
        )
    height, width = image.shape[1:]
    if not 0 < size <= min(height, width):
        raise ValueError(
            f"image {i} is {height} x {width}; a patch of {size} does not fit into it"
        )
    return image


def _same_kind(images: list[torch.Tensor]) -> None:
    kinds = {(image.shape[0], image.dtype) for image in images}
    if not images:
        raise ValueError("no image to cut patches from")
    if len(kinds) > 1:
        found = ", ".join(sorted(f"{c} x {dtype}" for c, dtype in kinds))
        raise ValueError(f"images of one C and dtype are needed, not {found}")


def _scale(low: list[torch.Tensor], high: list[torch.Tensor]) -> int:
    """How many times as large the high images are; ValueError unless all agree."""
    s = high[0].shape[-1] // low[0].shape[-1]
    for i, (x, y) in enumerate(zip(low, high, strict=True)):
        if [s * n for n in x.shape[1:]] != list(y.shape[1:]):
            raise ValueError(
                f"pair {i} is {tuple(x.shape[1:])} and {tuple(y.shape[1:])}; expected "
                f"the high image {s} times as large, like the first pair"
            )
    return s


def _draw(
    images: list[torch.Tensor], size: int, generator: torch.Generator
) -> tuple[int, int, int, int]:
    """Which image, top, left, and which of the 8 positions."""

    def below(n: int) -> int:
        return int(torch.randint(n, (), generator=generator))

    i = below(len(images))
    height, width = images[i].shape[1:]
    return i, below(height - size + 1), below(width - size + 1), below(8)
