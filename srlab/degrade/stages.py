# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The other stages as data: resize, noise, JPEG, the last size, either of two orders.

X. Wang, L. Xie, C. Dong, Y. Shan, "Real-ESRGAN", 2021, arXiv:2107.10833; the defaults
are its first order's. What decides a tensor's size or the order of steps (the scale and
mode of a resize, the last step's order) is the first image's draw, for the whole batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from srlab.degrade.compression import code
from srlab.degrade.doors import beside
from srlab.degrade.draws import (
    Draws,
    Frame,
    Range,
    Single,
    Stage,
    check_ranges,
    check_shares,
    choice,
    coin,
    span,
    uniform,
)
from srlab.degrade.noise import add_gaussian, add_poisson
from srlab.degrade.resizing import MODES, interpolate

__all__ = ["Compress", "EitherOrder", "Fit", "Noise", "Resize"]


@dataclass(frozen=True)
class Resize(Single):
    """Up, down or not at all, by one of the modes, which are equally likely."""

    name: str = "resize"
    shares: tuple[float, float, float] = (0.2, 0.7, 0.1)  # of up, down, keep
    up: Range = (1.0, 1.5)  # factors
    down: Range = (0.15, 1.0)
    of_target: bool = False  # factors of the LR size; else of the HR size
    modes: tuple[str, ...] = MODES

    def __post_init__(self) -> None:
        _check_modes(self)
        check_shares(self, self.shares)
        check_ranges(self, 1.0, 16.0, self.up)
        check_ranges(self, 1e-3, 1.0, self.down)

    def sample(self, count: int, generator: torch.Generator) -> Draws:
        way = choice(count, generator, self.shares)
        up = uniform(count, generator, *self.up)
        down = uniform(count, generator, *self.down)
        drawn = {
            "scale": torch.where(way == 0, up, torch.where(way == 1, down, 1.0)),
            "mode": choice(count, generator, _equal(self.modes)),
        }
        return {self.name: drawn}

    def apply(self, image: torch.Tensor, drawn: Draws, frame: Frame) -> torch.Tensor:
        scale = drawn[self.name]["scale"][0].item()
        mode = self.modes[int(drawn[self.name]["mode"][0])]
        whole = frame.target if self.of_target else frame.size
        height, width = (max(1, int(n * scale)) for n in whole)
        return interpolate(image, (height, width), mode)

    def __str__(self) -> str:
        words = "up {:.0%} to {:g}", "down {:.0%} to {:g}", "keep {:.0%}"
        ends = (self.up[1],), (self.down[0],), ()
        parts = [
            word.format(share, *end)
            for word, share, end in zip(words, self.shares, ends, strict=True)
            if share
        ]
        return ", ".join(parts) + " (of the LR size)" * self.of_target


@dataclass(frozen=True)
class Fit(Single):
    """To the LR size, by one of the modes, which are equally likely."""

    name: str = "fit"
    modes: tuple[str, ...] = MODES

    def __post_init__(self) -> None:
        _check_modes(self)

    def sample(self, count: int, generator: torch.Generator) -> Draws:
        return {self.name: {"mode": choice(count, generator, _equal(self.modes))}}

    def apply(self, image: torch.Tensor, drawn: Draws, frame: Frame) -> torch.Tensor:
        mode = self.modes[int(drawn[self.name]["mode"][0])]
        return interpolate(image, frame.target, mode)

    def __str__(self) -> str:
        return "to the LR size"


@dataclass(frozen=True)
class Noise(Single):
    """Gaussian or Poisson, in colour or grey, for each image."""

    name: str = "noise"
    gaussian: float = 0.5  # probability; else Poisson
    sigma: Range = (1.0, 30.0)  # of Gaussian noise, levels of 255
    scale: Range = (0.05, 3.0)  # of Poisson noise
    grey: float = 0.4  # probability of the same noise in R, G and B

    def __post_init__(self) -> None:
        check_shares(self, (self.gaussian, 1 - self.gaussian))
        check_shares(self, (self.grey, 1 - self.grey))
        check_ranges(self, 0.0, 255.0, self.sigma)
        check_ranges(self, 0.0, 100.0, self.scale)

    def sample(self, count: int, generator: torch.Generator) -> Draws:
        drawn = {
            "gaussian": coin(count, generator, self.gaussian),
            "sigma": uniform(count, generator, *self.sigma),
            "scale": uniform(count, generator, *self.scale),
            "grey": coin(count, generator, self.grey),
        }
        return {self.name: drawn}

    def apply(self, image: torch.Tensor, drawn: Draws, frame: Frame) -> torch.Tensor:
        draw, parts, order = drawn[self.name], [], []
        for function, which, strength in (
            (add_gaussian, draw["gaussian"], draw["sigma"]),
            (add_poisson, ~draw["gaussian"], draw["scale"]),
        ):
            index = which.nonzero()[:, 0]  # known on the CPU: nobody waits for a GPU
            if len(index):
                some = image.index_select(0, beside(index, image))
                options = strength[index], draw["grey"][index], frame.generator
                parts.append(function(some, *options))
                order.append(index)
        place = beside(torch.cat(order).argsort(), image)
        return torch.cat(parts).index_select(0, place)

    def __str__(self) -> str:
        kinds = (
            ("Gaussian", self.gaussian, f"sigma {span(*self.sigma)}"),
            ("Poisson", 1 - self.gaussian, f"scale {span(*self.scale)}"),
        )
        text = ", ".join(f"{n} {share:.0%} {how}" for n, share, how in kinds if share)
        return f"{text}; grey {self.grey:.0%}"


@dataclass(frozen=True)
class Compress(Single):
    """JPEG of a quality for each image, as `diff_jpeg` computes it."""

    name: str = "JPEG"
    quality: Range = (30.0, 95.0)

    def __post_init__(self) -> None:
        check_ranges(self, 1.0, 100.0, self.quality)

    def sample(self, count: int, generator: torch.Generator) -> Draws:
        return {self.name: {"quality": uniform(count, generator, *self.quality)}}

    def apply(self, image: torch.Tensor, drawn: Draws, frame: Frame) -> torch.Tensor:
        return code(image, drawn[self.name]["quality"].float())

    def __str__(self) -> str:
        return f"quality {span(*self.quality)}"


@dataclass(frozen=True)
class EitherOrder:
    """`first` then `second`, or with the probability `turned` the other way round."""

    first: tuple[Stage, ...]
    second: tuple[Stage, ...]
    name: str = "order"
    turned: float = 0.5

    def __post_init__(self) -> None:
        check_shares(self, (self.turned, 1 - self.turned))

    def sample(self, count: int, generator: torch.Generator) -> Draws:
        drawn = {self.name: {"turned": coin(count, generator, self.turned)}}
        for stage in (*self.first, *self.second):
            drawn |= stage.sample(count, generator)
        return drawn

    def steps(self, drawn: Draws) -> tuple[Stage, ...]:
        if drawn[self.name]["turned"][0]:
            return self.second + self.first
        return self.first + self.second

    def apply(self, image: torch.Tensor, drawn: Draws, frame: Frame) -> torch.Tensor:
        for stage in self.steps(drawn):
            image = stage.apply(image, drawn, frame)
        return image

    def __str__(self) -> str:
        one, other = (
            ", ".join(stage.name for stage in stages)
            for stages in (self.first, self.second)
        )
        return f"{1 - self.turned:.0%} {one}, {other}; {self.turned:.0%} {other}, {one}"


def _equal(modes: tuple[str, ...]) -> tuple[float, ...]:
    return (1 / len(modes),) * len(modes)


def _check_modes(stage: Resize | Fit) -> None:
    if not stage.modes or set(stage.modes) - set(MODES):
        raise ValueError(
            f"{type(stage).__name__} {stage.name!r}: the modes are some of "
            f"{', '.join(MODES)}, not {stage.modes!r:.60}"
        )
