# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Training pictures that stay on the device as uint8, and random crops out of them.

A loader that opens a file for each crop spends its time on decoding PNG. Here every
picture is decoded once and laid end to end in one long tensor; a batch is then one
look-up with computed indices, flips and turns included, on the CPU or the GPU.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch

from srlab.images import check_tensor, check_whole

__all__ = ["Bank"]

Pair = tuple[torch.Tensor, torch.Tensor]


class Bank:
    """Pairs (input, target) of whole pictures; `batch` cuts the same place of both.

    Args:
        pairs: uint8, (C, h, w) and (D, r h, r w); C, D and r, a whole number, are the
            same for all.
        device: where they stay.
        seed: with the step, it fixes what a batch holds.

    Raises:
        ValueError, TypeError: no pair, another dtype, C, D or r.
    """

    def __init__(
        self,
        pairs: Iterable[Pair],
        device: torch.device | str = "cpu",
        seed: int = 0,
    ):
        pairs = [_checked(i, *pair) for i, pair in enumerate(pairs)]
        if not pairs:
            raise ValueError("no pictures to train on")
        self.ratio = pairs[0][1].shape[-1] // pairs[0][0].shape[-1]
        channels, targets = (t.shape[0] for t in pairs[0])
        for i, (x, y) in enumerate(pairs):
            wanted = (targets, *(n * self.ratio for n in x.shape[1:]))
            if x.shape[0] != channels or tuple(y.shape) != wanted:
                raise ValueError(
                    f"pair {i} is {tuple(x.shape)} and {tuple(y.shape)}; expected "
                    f"{channels} channels and a target {self.ratio} times as large"
                )
        self.seed = seed
        self.device = torch.device(device)
        self.sizes = torch.tensor([x.shape[1:] for x, _ in pairs])  # (n, 2): h, w
        areas = self.sizes.prod(1)
        self.starts = torch.cumsum(areas, 0) - areas  # of each input in the long tensor
        self.x = _lay_out([x for x, _ in pairs]).to(self.device)  # (pixels, C)
        self.y = _lay_out([y for _, y in pairs]).to(self.device)
        self._generator = torch.Generator()

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def pixels(self) -> int:
        """Of all targets together."""
        return len(self.y)

    def batch(
        self,
        step: int,
        count: int,
        size: int,
        rank: int = 0,
        world: int = 1,
        grid: int = 1,
    ) -> Pair:
        """The batch of one step; the same seed and step give the same batch.

        Args:
            step: number of the step.
            count: crops in the whole batch, at least one for each process.
            size: side of an input crop in pixels. Pictures smaller than that are
                passed over; the others are drawn by their number of places.
            rank, world: process `rank` of `world` gets its share, every world-th crop.
            grid: crops begin at multiples of so many input pixels, as a codec's blocks.

        Returns:
            (count / world, C, size, size) and (..., D, r size, r size), in [0, 1], in
            memory order channels_last, each in one of its 8 positions at random.
        """
        image, top, left, position = self._draw(step, count, size)
        top, left = (n // grid * grid for n in (top, left))
        mine = slice(rank, None, world)
        spot = torch.stack([image, top, left, position])[:, mine]
        _height, width = self.sizes[spot[0]].T
        rows = torch.stack([self.starts[spot[0]], width, *spot[1:]])
        rows = rows.to(self.device, non_blocking=True)
        return (
            _cut(self.x, rows, size, 1),
            _cut(self.y, rows, size, self.ratio),
        )

    def _draw(self, step: int, count: int, size: int) -> list[torch.Tensor]:
        """Which picture, top, left and which of 8 positions, (count,) each."""
        free = (self.sizes - size + 1).clamp(min=0)  # (n, 2)
        places = free.prod(1).double()
        if not places.any():
            raise ValueError(
                f"no picture is as large as a crop of {size} pixels; the largest has "
                f"{self.sizes.amin(1).max().item()} on its shorter side"
            )
        self._generator.manual_seed(self.seed * 1_000_003 + step)
        u = torch.rand(count, 3, generator=self._generator, dtype=torch.float64)
        position = torch.randint(8, (count,), generator=self._generator)
        edges = places.cumsum(0)
        image = torch.searchsorted(edges, u[:, 0] * edges[-1], right=True)
        corner = (u[:, 1:] * free[image]).long()  # (count, 2)
        return [image, corner[:, 0], corner[:, 1], position]


def _checked(i: int, x: torch.Tensor, y: torch.Tensor) -> Pair:
    for tensor in (x, y):
        check_tensor(tensor, f"a picture of pair {i}")
        if tensor.dtype != torch.uint8 or tensor.ndim != 3:
            raise TypeError(
                f"a picture of pair {i} is {tensor.dtype} {tuple(tensor.shape)}; "
                "expected uint8 (C, H, W): srlab.images.to_uint8(image)[0]"
            )
    return x, y


def _lay_out(pictures: Sequence[torch.Tensor]) -> torch.Tensor:
    """(C, H, W) pictures end to end, the channels of a pixel together."""
    return torch.cat([p.permute(1, 2, 0).reshape(-1, p.shape[0]) for p in pictures])


def _cut(long: torch.Tensor, rows: torch.Tensor, size: int, ratio: int) -> torch.Tensor:
    """(B, C, ratio * size, ratio * size) float32: one gather for the whole batch.

    The positions are those of `srlab.datasets.dihedral`: bit 1 flips left and right,
    bit 2 up and down, bit 4 swaps rows and columns.
    """
    start, width, top, left, position = (row.view(-1, 1, 1) for row in rows)
    side = check_whole(size, "size", 1) * ratio
    a = torch.arange(side, device=long.device).view(1, -1, 1)
    b = a.transpose(1, 2)
    swap = (position & 4).bool()
    i, j = torch.where(swap, b, a), torch.where(swap, a, b)  # (B, side, side)
    i = torch.where((position & 2).bool(), side - 1 - i, i) + top * ratio
    j = torch.where((position & 1).bool(), side - 1 - j, j) + left * ratio
    index = start * ratio**2 + i * (width * ratio) + j
    return long[index].permute(0, 3, 1, 2).to(torch.float32) / 255
