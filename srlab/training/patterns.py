# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What descriptors mean at first: the patterns that say most of what is missing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import torch
import torch.nn.functional as F

from srlab.models import SideInfoNet
from srlab.models.side_info import SPACING
from srlab.recipes.side_info import Side
from srlab.training.coded import CodedBank

__all__ = ["Patterns", "quantiser"]


@dataclass
class Patterns:
    """What the 16 descriptors mean at first: patterns of what is missing.

    An entropy-constrained vector quantiser of what is missing in 16 x 16 pixels of
    red, green and blue, in its root mean square at that quality; pattern 0 is none.
    Of all three, since a file says less of colour than of luma: what a descriptor can
    add best is a tint.

    Attributes:
        mended: (decoded, level) -> picture, without help.
        patterns: (16, 768), as pixel_unshuffle orders them. bits: (16,), -log2 p.
        levels, sizes: (n,), the qualities' levels, rising, and root mean squares.
    """

    mended: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    patterns: torch.Tensor
    bits: torch.Tensor
    levels: torch.Tensor
    sizes: torch.Tensor
    price = 2.0  # squares of the root mean square that a bit must earn

    @classmethod
    @torch.no_grad()
    def found(
        cls, plan: Side, net: SideInfoNet, data: CodedBank, steps: int = 64
    ) -> Patterns:
        """From crops of the training pictures, mended by what the run starts from.

        The same at each start of a run, so a run that was stopped goes on with them.
        """
        plain_net = SideInfoNet(**{**plan.net, "descriptors": False}).to(data.device)
        plain_net.load_state_dict(net.state_dict(), strict=False)
        plain_net.requires_grad_(False)
        known = cls(
            lambda d, level: plain_net.mend(d, level, None), *cast(Any, [None] * 4)
        )
        rows, levels = [], []
        for step in range(steps):
            x, y = data.batch(step, plan.batch, plan.patch, grid=SPACING)
            blocks = known.missing(y, x)  # (B, 768, h, w)
            rows.append(blocks.flatten(2).movedim(1, 2))  # (B, h w, 256)
            levels.append(x[:, 3, 0, 0])
        blocks, level = torch.cat(rows), torch.cat(levels)
        known.levels = level.unique()
        which = torch.searchsorted(known.levels, level)
        known.sizes = torch.stack(
            [blocks[which == k].square().mean().sqrt() for k in range(which.max() + 1)]
        ).clamp(min=1e-4)
        blocks = (blocks / known.sizes[which].view(-1, 1, 1)).flatten(0, 1)
        known.patterns, known.bits = quantiser(blocks, net.classes, cls.price)
        return known

    def missing(self, y: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """(B, 768, h, w), what is missing, a square's pixels together."""
        return F.pixel_unshuffle(y - self.mended(x[:, :3], x[:, 3:]), SPACING)

    @torch.no_grad()
    def labels(self, y: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """(B, h, w) of 0 to 15: the pattern of least squares and bits.

        Args:
            y: (B, 3, 16 h, 16 w), the original. x: (B, 4, ...), decoded and level.
        """
        at = torch.searchsorted(self.levels, x[:, 3, 0, 0].contiguous() - 1e-4)
        sizes = self.sizes[at.clamp(max=len(self.sizes) - 1)].view(-1, 1, 1, 1)
        blocks = self.missing(y, x) / sizes
        return _nearest(blocks.movedim(1, -1), self.patterns, self.price * self.bits)

    def begin(self, net: SideInfoNet) -> None:
        """The extractor as matched filters for the patterns; the painter adds them."""
        size = self.sizes.log().mean().exp()
        patterns = self.patterns / size  # of a difference in [-1, 1]
        costs = self.patterns.square().sum(1) + self.price * self.bits
        net.extractor.begin_with(patterns, costs)
        if net.painter is not None:
            net.painter.begin_with(self.patterns, self.levels, self.sizes)


def quantiser(rows: torch.Tensor, count: int, price: float, rounds: int = 30) -> Any:
    """Patterns (count, n) and their bits (count,) that code rows (m, n) cheaply.

    Lloyd's algorithm with the rate in its choice: P. A. Chou, T. Lookabaugh,
    R. M. Gray, "Entropy-constrained vector quantization", IEEE Trans. ASSP 37 (1989).
    """
    energies, axes = torch.linalg.eigh(rows.T @ rows / len(rows))  # rising
    patterns = torch.zeros(count, rows.shape[1]).to(rows)  # none, and both ways along
    for k in range(1, count):  # the directions in which most is missing
        at = -((k + 1) // 2)
        patterns[k] = (-1) ** k * energies[at].clamp(min=0).sqrt() * axes[:, at]
    bits = rows.new_full((count,), math.log2(count))
    for _ in range(rounds):
        chosen = _nearest(rows, patterns, price * bits)
        counts = torch.bincount(chosen, minlength=count).to(rows)
        bits = -((counts + 0.5) / (counts.sum() + count / 2)).log2()
        sums = torch.zeros_like(patterns).index_add_(0, chosen, rows)
        means = sums / counts.clamp(min=1)[:, None]
        patterns[1:] = torch.where(counts[1:, None] > 0, means[1:], patterns[1:])
    return patterns, bits


def _nearest(
    rows: torch.Tensor, patterns: torch.Tensor, costs: torch.Tensor
) -> torch.Tensor:
    """Of rows (..., n) the pattern of least squared error and cost, (...)."""
    errors = patterns.square().sum(1) + costs - 2 * rows @ patterns.T
    return errors.argmin(dim=-1)
