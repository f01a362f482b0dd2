# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Training pairs whose small picture comes through a degradation, made as needed.

X. Wang et al., "Real-ESRGAN", arXiv 2107.10833: the large picture is sharpened, the
small one is made from it, and a pool mixes the pairs, since all pictures that are
degraded together share one size and one way of resizing. Differences: the authors' pool
is a queue that each batch is swapped with; ours is made in blocks, from the seed and
the block's number alone, so that a run that was stopped goes on with the same pairs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch

from srlab import degrade, images
from srlab.datasets.bank import Bank

__all__ = ["DegradedBank", "degradation"]

MARGIN = 8  # small pixels around a crop, so that it can lie anywhere in its picture


def degradation(name: str, scale: int) -> Callable:
    """ "real_esrgan" or "first_order": a pipeline of `srlab.degrade` for that scale."""
    return getattr(degrade, name)(scale=scale)


class DegradedBank:
    """Crops of whole pictures, degraded: `batch` gives what `Bank.batch` gives.

    Args:
        pictures: uint8 (3, H, W).
        pipeline: (B, 3, H, W) in [0, 1], generator -> (B, 3, H / scale, W / scale).
        scale: how many times the small picture is smaller.
        sharpen: sharpen the target (USM) and make the small picture from that.
        pool: pairs that are made together and shuffled.
        device: where all that happens. seed: fixes every batch, with its step.
    """

    def __init__(
        self,
        pictures: Iterable[torch.Tensor],
        pipeline: Callable,
        scale: int,
        sharpen: bool = True,
        pool: int = 180,
        device: torch.device | str = "cpu",
        seed: int = 0,
    ):
        # Pictures alone: the "input" of each pair is the picture itself.
        self.large = Bank(((p, p) for p in pictures), device, seed)
        self.pipeline, self.ratio = pipeline, scale
        self.sharpen, self.pool, self.seed = sharpen, pool, seed
        self.device = self.large.device
        self._block: tuple = ()
        self._held: tuple[torch.Tensor, ...] = ()

    def __len__(self) -> int:
        return len(self.large)

    def batch(
        self, step: int, count: int, size: int, rank: int = 0, world: int = 1
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Small pictures, targets, and the targets as they were before sharpening.

        The last is what a discriminator is shown as real. Arguments as `Bank.batch`.

        Returns:
            (count / world, 3, size, size) and twice (..., scale size, scale size).
        """
        batches = max(1, round(self.pool / count))  # in a block
        block, place = divmod(step, batches)
        key = (block, count, size, batches)
        if key != self._block:
            self._held = self._make(*key)
            self._block = key
        mine = slice(place * count + rank, (place + 1) * count, world)
        small, target, plain = (t[mine] for t in self._held)
        return small, target, plain

    def _make(
        self, block: int, count: int, size: int, batches: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """All pairs of a block in random order, each part on the device."""
        parts: list[tuple[torch.Tensor, ...]] = []
        for k in range(batches):
            number = block * batches + k
            parts.append(self._pairs(number, count, size))
        order = torch.randperm(count * batches, generator=self._generator(~block))
        order = order.to(self.device)
        found = (torch.cat(part)[order] for part in zip(*parts, strict=True))
        small, target, plain = found
        return small, target, plain

    @torch.no_grad()
    def _pairs(self, number: int, count: int, size: int) -> tuple[torch.Tensor, ...]:
        """One call of the pipeline, and a crop of each of its pictures."""
        generator = self._generator(number)
        side = (size + MARGIN) * self.ratio
        plain, _ = self.large.batch(number, count, side)  # (count, 3, side, side)
        plain = plain.contiguous()
        target = degrade.usm_sharpen(plain) if self.sharpen else plain
        small = self.pipeline(target, generator)
        top, left = torch.randint(MARGIN + 1, (2,), generator=generator).tolist()
        return tuple(
            t[..., r * top : r * (top + size), r * left : r * (left + size)].clone()
            for t, r in ((small, 1), (target, self.ratio), (plain, self.ratio))
        )

    def _generator(self, number: int) -> torch.Generator:
        seed = (self.seed * 1_000_003 + number) % 2**63
        return torch.Generator().manual_seed(seed)


def degraded_pairs(
    found: Iterable[torch.Tensor], pipeline: Callable, scale: int
) -> Iterable[tuple[torch.Tensor, torch.Tensor]]:
    """What to validate on: each picture (uint8) degraded once, by its own number.

    Yields uint8 (3, h, w) and (3, scale h, scale w); the target is not sharpened.
    """
    for number, picture in enumerate(found):
        side = math.lcm(scale, 4)
        y = images.crop_to_multiple(picture[None], side)
        generator = torch.Generator().manual_seed(number)
        x = pipeline(images.from_uint8(y), generator)
        yield images.to_uint8(x)[0], y[0]
