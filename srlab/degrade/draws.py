# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Drawing the parameters of a stage, one for each image, and saying what is drawn.

A draw is small, and made on the CPU from the caller's generator: the same numbers on
every machine and on every number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import torch

__all__ = [
    "Draw",
    "Draws",
    "Frame",
    "Range",
    "Stage",
    "check_ranges",
    "check_shares",
    "choice",
    "coin",
    "span",
    "uniform",
]

Range = tuple[float, float]  # drawn uniformly from low .. high
Draw = dict[str, torch.Tensor]  # parameter -> (count,)
Draws = dict[str, Draw]  # name of a stage -> its draw


@dataclass(frozen=True)
class Frame:
    """What a stage must know beside its draw.

    Attributes:
        size: (H, W) of the HR image.
        target: (H, W) of the LR image.
        generator: for noise fields, on the CPU.
    """

    size: tuple[int, int]
    target: tuple[int, int]
    generator: torch.Generator


class Stage(Protocol):
    """A frozen dataclass with a name; `str` of it says what it may draw."""

    @property
    def name(self) -> str: ...

    def sample(self, count: int, generator: torch.Generator) -> Draws:
        """Parameters for `count` images, each (count,) on the CPU."""

    def apply(self, image: torch.Tensor, drawn: Draws, frame: Frame) -> torch.Tensor:
        """(B, C, H, W) -> (B, C, H', W'), with parameters that `sample` drew."""

    def steps(self, drawn: Draws) -> tuple[Stage, ...]:
        """The stages that are run for this draw: itself, or those it is made of."""


class Single:
    """The `steps` of a stage that is made of no others."""

    def steps(self, drawn: Draws) -> tuple[Stage, ...]:
        return (cast(Stage, self),)


def uniform(
    count: int, generator: torch.Generator, low: float | torch.Tensor, high: float
) -> torch.Tensor:
    """(count,) float64 from low .. high."""
    u = torch.rand(count, generator=generator, dtype=torch.float64)
    return low + (high - low) * u


def coin(count: int, generator: torch.Generator, probability: float) -> torch.Tensor:
    """(count,) bool, true with the probability."""
    return uniform(count, generator, 0, 1) < probability


def choice(
    count: int, generator: torch.Generator, shares: Sequence[float]
) -> torch.Tensor:
    """(count,) whole numbers 0, 1, ... with these probabilities."""
    edges = torch.tensor(shares, dtype=torch.float64).cumsum(0)[:-1]
    return torch.bucketize(uniform(count, generator, 0, 1), edges, right=True)


def span(*values: float) -> str:
    """How a range is written, from its first to its last value.

    >>> span(0.2, 3.0), span(2.0, 2.0)
    ('0.2..3', '2')
    """
    low, high = f"{values[0]:.3g}", f"{values[-1]:.3g}"
    return low if low == high else f"{low}..{high}"


def check_shares(stage: Stage, *groups: Sequence[float]) -> None:
    """Each group of probabilities is in 0 .. 1 and sums to 1; else ValueError."""
    for group in groups:
        if min(group) < 0 or abs(sum(group) - 1) > 1e-9:
            raise ValueError(
                f"{type(stage).__name__} {stage.name!r}: the probabilities {group} "
                "must be from 0 to 1 and sum to 1"
            )


def check_ranges(stage: Stage, low: float, high: float, *ranges: Range) -> None:
    """Each range is (a, b) with low <= a <= b <= high; else ValueError."""
    for values in ranges:
        good = len(values) == 2 and low <= values[0] <= values[1] <= high
        if not good:
            raise ValueError(
                f"{type(stage).__name__} {stage.name!r}: a range must be (a, b) with "
                f"{low:.4g} <= a <= b <= {high:.4g}, not {values!r}"
            )
