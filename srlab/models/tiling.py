# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""A restorer made of a restorer: in tiles, for memory; in eight positions, for quality.

Both take any callable LR (B, C, h, w) -> HR (B, C, r h, r w), and are one themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import nn

from srlab.images import check_image, check_whole

__all__ = ["SelfEnsemble", "Tiled", "finish", "in_tiles", "reach", "spans"]

Call = Callable[[torch.Tensor], torch.Tensor]
LARGE = 2**21  # pixels: from here on a picture is worked on in tiles
TILE = 512  # pixels a side of what a network sees then; a multiple of 8


class Tiled(nn.Module):
    """Restore a picture tile by tile: the restorer never sees more than one tile.

    Tiles overlap, and each gives only its middle to the result, except at the borders
    of the picture: padding happens where it happened without tiles. For a restorer
    whose receptive field reaches no further than the overlap, the result is that of
    the whole picture. It is not for those that look at all of it (RCAN's means,
    AdaDM's deviations), nor quite for SwinIR, whose field is larger than any overlap
    worth its time; there tile and overlap must be multiples of the window (8), as the
    defaults are, so that its windows stay where they were.

    The picture stays on its device; the restorer moves each tile to its own.

    Args:
        restorer: LR -> HR.
        tile: largest side, in LR pixels, of what the restorer sees.
        overlap: LR pixels around the middle of a tile that are computed in vain.
        scale: of the restorer; by default read off the first tile's result.
    """

    def __init__(
        self,
        restorer: Call,
        tile: int = 128,
        overlap: int = 16,
        scale: int | None = None,
    ):
        super().__init__()
        self.restorer = restorer
        self.tile = check_whole(tile, "tile", 1)
        self.overlap = check_whole(overlap, "overlap", 0)
        self.scale = scale if scale is None else check_whole(scale, "scale", 1)
        if 2 * self.overlap >= self.tile:
            raise ValueError(
                f"a tile of {tile} has no middle with an overlap of {overlap} on both "
                f"sides; expected a tile above {2 * overlap}"
            )

    def spans(self, n: int) -> Iterator[tuple[int, int, int, int]]:
        """As the function `spans`, with the tiles of this restorer."""
        return spans(n, self.tile, self.overlap)

    @torch.no_grad()
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(B, C, h, w) in [0, 1] -> (B, C, scale h, scale w), on the image's device."""
        check_image(image)
        return in_tiles(self.restorer, image, self.tile, self.overlap, self.scale)


def spans(n: int, tile: int, overlap: int) -> Iterator[tuple[int, int, int, int]]:
    """Along a side of n pixels, for each tile: its start and stop, its middle's.

    >>> list(spans(10, tile=8, overlap=2))
    [(0, 6, 0, 4), (2, 10, 4, 8), (6, 10, 8, 10)]
    """
    step = n if n <= tile else tile - 2 * overlap
    for low in range(0, n, step):
        high = min(low + step, n)
        yield max(low - overlap, 0), min(high + overlap, n), low, high


def in_tiles(
    call: Call, x: torch.Tensor, tile: int, overlap: int, scale: int | None = None
) -> torch.Tensor:
    """call(x), of tiles of x; see `Tiled` for when the two are the same.

    Args:
        call: (B, C, h, w) -> (B, C', scale h, scale w).
        x: (B, C, h, w), pictures or features.
        tile, overlap, scale: as for `Tiled`.
    """
    height, width = x.shape[2:]
    result, r = None, scale
    for top, bottom, y0, y1 in spans(height, tile, overlap):
        for left, right, x0, x1 in spans(width, tile, overlap):
            part = call(x[:, :, top:bottom, left:right])
            r = r or max(part.shape[2] // (bottom - top), 1)
            _check(part, r * (bottom - top), r * (right - left))
            if result is None:
                shape = (*part.shape[:2], r * height, r * width)
                result = part.new_empty(shape, device=x.device)
            middle = part[
                :,
                :,
                r * (y0 - top) : r * (y1 - top),
                r * (x0 - left) : r * (x1 - left),
            ]
            result[:, :, r * y0 : r * y1, r * x0 : r * x1] = middle
    assert result is not None  # an image has at least one tile
    return result


def _check(part: torch.Tensor, height: int, width: int) -> None:
    if part.ndim != 4 or part.shape[2:] != (height, width):
        raise ValueError(
            f"the restorer gave {tuple(part.shape)} for a tile; expected "
            f"(B, C, {height}, {width}): tiles need a whole scale, the same on "
            "both axes"
        )


def reach(net: nn.Module) -> int | None:
    """How far a network looks to each side, in pixels of its input, or more.

    A multiple of 8. None: over the whole picture, or nobody knows: a class says with
    ``local = True`` that nothing in it but convolutions and interpolation mixes pixels.

    >>> from srlab.models import ESPCN
    >>> reach(ESPCN(scale=3))  # 2 + 1 + 1 pixels, and 4 for an interpolation's
    8
    """
    if not getattr(net, "local", False):
        return None
    sides = [
        max(m.kernel_size[0] // 2 * m.dilation[0], m.kernel_size[1] // 2)
        for m in net.modules()
        if isinstance(m, nn.Conv2d)
    ]
    pixels = getattr(net, "unshuffle", 1) * (sum(sides) + 4)
    return -(-pixels // 8) * 8


def finish(enlarge: Call, x: torch.Tensor, scale: int) -> torch.Tensor:
    """enlarge(x), of a large picture in tiles where nothing learns.

    The end of a network has the most features at the most places: the whole of it
    takes 3 GB for 12 megapixels and 32 features.

    Args:
        enlarge: (B, width, h, w) -> (B, 3, scale h, scale w), looking at most 8 pixels
            of x far.
        x: features, (B, width, h, w).
    """
    pixels = scale**2 * x.shape[2] * x.shape[3]
    if torch.is_grad_enabled() or pixels <= LARGE:
        return enlarge(x)
    return in_tiles(enlarge, x, max(TILE // scale, 64), 8, scale)


class SelfEnsemble(nn.Module):
    r"""$\frac{1}{8} \sum_i T_i^{-1}(f(T_i(x)))$ over the 8 positions of a square.

    The geometric self-ensemble of EDSR (arXiv 1707.02921, section 3.4, there written
    EDSR+): four rotations, with and without a flip. For eight times the time; a
    restorer that treats all positions alike gives what it gave.

    Args:
        restorer: LR -> HR.
    """

    def __init__(self, restorer: Call):
        super().__init__()
        self.restorer = restorer

    @torch.no_grad()
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(B, C, h, w) in [0, 1] -> (B, C, scale h, scale w)."""
        check_image(image)
        total = None
        for flip in (False, True):
            for turns in range(4):
                x = image.flip(3) if flip else image
                y = self.restorer(x.rot90(turns, (2, 3)))  # T_i, then f
                y = y.rot90(-turns, (2, 3))
                y = y.flip(3) if flip else y
                total = y.clone() if total is None else total.add_(y)
        assert total is not None
        return total / 8
