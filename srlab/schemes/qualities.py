# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""From a map to a quality for each block: the rules of a thesis, mended.

The thesis (the course's second source, section 3.2) gives five ways to turn the grey
value P of a map into the quality Q of JPEG. Three of its formulas have slips; here is
what its text means, P in [0, 1]:

- linear: Q = Q_start + (Q_end - Q_start) P. Printed is P range(P) / p_max + Q_start,
  which mixes the range of the map with that of the qualities.
- entropy: H = -sum_i p_i log2 p_i. Printed without the sum.
- mean quality: (1/N) sum_t n_t Q_t. Printed with N in place of 1/N, and with a
  lambda_t that nothing defines; here one lambda is solved for.

Each rule is a callable (P, start, end, block) -> Q: P is (1, 1, H, W), Q one quality
for each block of `block` x `block` pixels, (h, w) float32 from start to end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from srlab.images import check_whole
from srlab.schemes.maps import blocks

__all__ = [
    "Edges",
    "Linear",
    "Progressive",
    "Quantiles",
    "Rule",
    "TwoPiece",
    "block_entropy",
]

Rule = Callable[[torch.Tensor, float, float, int], torch.Tensor]
_CLOSE = 0.01  # how near a mean quality the bisection comes, if it can


def _check_unit(value: Any, name: str) -> None:
    good = isinstance(value, Real) and not isinstance(value, bool)
    if not good or not 0 <= value <= 1:
        raise ValueError(f"{name} must be 0 to 1, not {value!r:.40}")


@dataclass(frozen=True)
class Linear:
    """Q = start + (end - start) P."""

    def __call__(
        self, P: torch.Tensor, start: float, end: float, block: int = 8
    ) -> torch.Tensor:
        return start + (end - start) * blocks(P, block)


@dataclass(frozen=True)
class TwoPiece:
    """Q = end on the object, P >= threshold, and start on the background.

    Attributes:
        threshold: of the map. With start = 0 nothing but the object is left.
        share: if given, the threshold is chosen for each picture so that this share of
            its blocks becomes object, more where several have the same P, and
            `threshold` is not looked at.
    """

    threshold: float = 0.5
    share: float | None = None

    def __post_init__(self) -> None:
        _check_unit(self.threshold, "threshold")
        if self.share is not None:
            _check_unit(self.share, "share")

    def __call__(
        self, P: torch.Tensor, start: float, end: float, block: int = 8
    ) -> torch.Tensor:
        p = blocks(P, block)
        share = self.share
        inside = p >= self.threshold if share is None else _highest(p, share)
        return torch.where(inside, float(end), float(start))


@dataclass(frozen=True)
class Quantiles:
    """As many qualities as steps, from start to end, each for as many blocks.

    The thesis's has five: the fifth of the blocks where P is lowest gets start, the
    next one more. Blocks of the same P get the same quality, the lower one.
    """

    steps: int = 5

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", check_whole(self.steps, "steps", 2, 100))

    def __call__(
        self, P: torch.Tensor, start: float, end: float, block: int = 8
    ) -> torch.Tensor:
        step = (_ranks(blocks(P, block)) * self.steps).floor()
        step = step.clamp(max=self.steps - 1)
        return start + (end - start) * step / (self.steps - 1)


def _ranks(p: torch.Tensor) -> torch.Tensor:
    """The share of blocks that lie below each, in [0, 1)."""
    flat = p.flatten()
    below = torch.searchsorted(flat.sort().values, flat, side="left")
    return (below / flat.numel()).view(p.shape)


def _highest(p: torch.Tensor, share: float) -> torch.Tensor:
    """The share of blocks with the highest values, and those that equal the last."""
    count = round(share * p.numel())
    if not count:
        return torch.zeros_like(p, dtype=torch.bool)
    return p >= p.flatten().topk(count).values[-1]


@dataclass(frozen=True)
class Edges:
    """More quality where the map changes: its entropy in small blocks.

    Attributes:
        n: side of the blocks of which the entropy is taken: 4, 8 or 16 pixels.
        share: which share of the blocks, those of highest entropy, count as edges.
        base: a rule whose quality the edges raise by `extra`; None: the edges get end,
            everything else start.
        extra: qualities that an edge gets on top of the base's.
    """

    n: int = 8
    share: float = 0.2
    base: Rule | None = None
    extra: float = 20.0

    def __post_init__(self) -> None:
        if self.n not in (4, 8, 16):
            raise ValueError(f"n must be 4, 8 or 16, not {self.n!r:.40}")
        _check_unit(self.share, "share")

    def __call__(
        self, P: torch.Tensor, start: float, end: float, block: int = 8
    ) -> torch.Tensor:
        H = block_entropy(P, self.n)
        edge = (_highest(H, self.share) & (H > 0)).float()[None, None]
        edge = edge.repeat_interleave(self.n, -1).repeat_interleave(self.n, -2)
        edge = blocks(edge[..., : P.shape[-2], : P.shape[-1]], block) > 0
        if self.base is None:
            return torch.where(edge, float(end), float(start))
        Q = self.base(P, start, end, block)
        return (Q + self.extra * edge).clamp(min(start, end), max(start, end))


def block_entropy(P: torch.Tensor, n: int = 8) -> torch.Tensor:
    """H = -sum_i p_i log2 p_i of the 256 grey values of a map, in blocks of n x n.

    Args:
        P: (1, 1, H, W) in [0, 1].

    Returns:
        (ceil(H / n), ceil(W / n)) float32 in bits, from 0 to 2 log2 n. A block that
        the border cuts is filled up with its last row and column.

    >>> half = torch.zeros(1, 1, 8, 8)
    >>> half[..., :4] = 1
    >>> block_entropy(half).item()
    1.0
    """
    down, right = (-s % n for s in P.shape[-2:])
    grey = (F.pad(P, (0, right, 0, down), mode="replicate") * 255).round()
    h, w = grey.shape[-2] // n, grey.shape[-1] // n
    values = grey.view(h, n, w, n).transpose(1, 2).reshape(h * w, n * n)
    sorts = np.sort(values.numpy().astype(np.int32), axis=1)
    first = np.ones_like(sorts, dtype=bool)
    first[:, 1:] = sorts[:, 1:] != sorts[:, :-1]
    place = np.flatnonzero(first)  # where a run of equal values begins
    p = np.diff(np.append(place, sorts.size)) / (n * n)
    H = np.bincount(place // (n * n), -p * np.log2(p), minlength=h * w)
    return torch.from_numpy(H + 0.0).float().abs().view(h, w)


@dataclass(frozen=True)
class Progressive:
    """Q = start + (end - start) min(1, lambda P), lambda chosen for a mean quality.

    Attributes:
        mean: the mean of Q over the picture's blocks; lambda is found by bisection.
        gain: lambda itself, where no mean is asked for.
    """

    mean: float | None = None
    gain: float = field(default=1.0)

    def __post_init__(self) -> None:
        if not self.gain >= 0:
            raise ValueError(f"lambda must not be negative; it is {self.gain!r:.40}")

    def __call__(
        self, P: torch.Tensor, start: float, end: float, block: int = 8
    ) -> torch.Tensor:
        """ValueError where no lambda gives that mean: P = 0 stays at start."""
        p = blocks(P, block)
        gain = self.gain if self.mean is None else self._solve(p, start, end, self.mean)
        return _progressive(p, start, end, gain)

    def _solve(self, p: torch.Tensor, start: float, end: float, mean: float) -> float:
        low, high = 0.0, 1.0
        most = _progressive(p, start, end, 2.0**20).mean().item()
        least, most = sorted((float(start), most))
        if not least - 0.5 <= mean <= most + 0.5:
            raise ValueError(
                f"a mean quality of {self.mean:g} cannot be met: this map gives from "
                f"{least:.4g} to {most:.4g}, since {(p <= 0).float().mean():.0%} of "
                f"its blocks are 0 and stay at {start:g}"
            )
        rises = end >= start

        def short(gain: float) -> bool:
            found = _progressive(p, start, end, gain).mean().item()
            return found < mean if rises else found > mean

        while short(high) and high < 2**20:
            low, high = high, 2 * high
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if short(middle) else (low, middle)
        return high


def _progressive(
    p: torch.Tensor, start: float, end: float, gain: float
) -> torch.Tensor:
    return start + (end - start) * (gain * p).clamp(max=1)
