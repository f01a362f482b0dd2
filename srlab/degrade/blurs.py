# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The stages that convolve: `Blur` draws one of six bells, `Sinc` a filter that rings.

X. Wang, L. Xie, C. Dong, Y. Shan, "Real-ESRGAN", 2021, arXiv:2107.10833; the defaults
are its first order's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from srlab.degrade import kernels
from srlab.degrade.doors import beside
from srlab.degrade.draws import (
    Draw,
    Draws,
    Frame,
    Range,
    Single,
    check_ranges,
    check_shares,
    choice,
    coin,
    span,
    uniform,
)
from srlab.degrade.filters import convolve

__all__ = ["KINDS", "Blur", "Sinc"]

KINDS = (
    "isotropic",
    "anisotropic",
    "generalised isotropic",
    "generalised anisotropic",
    "plateau isotropic",
    "plateau anisotropic",
)
_PLAIN, _PLATEAU = 2, 4  # of KINDS: those before 2 have no beta, those from 4 a plateau
_SMALL = 13  # taps: sinc filters of fewer do not cut below pi / 3


@dataclass(frozen=True)
class Blur(Single):
    """A kernel for each image: one of six bells, or a sinc filter."""

    name: str = "blur"
    probability: float = 1.0  # of being blurred at all
    sigma: Range = (0.2, 3.0)  # pixels, of both axes
    angle: Range = (-math.pi, math.pi)  # of the oval kinds
    beta: Range = (0.5, 4.0)  # generalised: half of the draws below 1, half above
    beta_plateau: Range = (1.0, 2.0)  # so that it is exactly 1 half of the time
    kinds: tuple[float, ...] = (0.45, 0.25, 0.12, 0.03, 0.12, 0.03)  # as in KINDS
    sizes: tuple[int, ...] = kernels.SIZES  # taps a side, equally likely
    sinc: float = 0.1  # probability of a sinc filter instead

    def __post_init__(self) -> None:
        check_shares(self, self.kinds, _two(self.probability), _two(self.sinc))
        check_ranges(self, 1e-6, 1e3, self.sigma, self.beta, self.beta_plateau)

    def sample(self, count: int, generator: torch.Generator) -> Draws:
        kind = choice(count, generator, self.kinds)
        oval = kind % 2 == 1
        sigma_x = uniform(count, generator, *self.sigma)
        sigma_y = uniform(count, generator, *self.sigma)
        angle = uniform(count, generator, *self.angle)
        size = _sizes(count, generator, self.sizes)
        lowest = torch.where(size < _SMALL, math.pi / 3, math.pi / 5)
        drawn = {
            "on": coin(count, generator, self.probability),
            "sinc": coin(count, generator, self.sinc),
            "size": size,
            "kind": kind,
            "sigma_x": sigma_x,
            "sigma_y": torch.where(oval, sigma_y, sigma_x),
            "angle": torch.where(oval, angle, 0.0),
            "beta": self._beta(kind, generator),
            "cutoff": uniform(count, generator, lowest, math.pi),
        }
        return {self.name: drawn}

    def _beta(self, kind: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Half of the draws from low .. 1, half from 1 .. high; 1 for a Gaussian."""
        above = coin(len(kind), generator, 0.5)
        bell, flat = (
            torch.where(
                above,
                uniform(len(kind), generator, 1, high),
                uniform(len(kind), generator, low, 1),
            )
            for low, high in (self.beta, self.beta_plateau)
        )
        beta = torch.where(kind < _PLATEAU, bell, flat)
        return torch.where(kind < _PLAIN, 1.0, beta)

    def kernels(self, drawn: Draw) -> torch.Tensor:
        """The kernels of a draw, (count, k, k), k the largest size."""
        to = max(self.sizes)
        names = ("size", "sigma_x", "sigma_y", "angle", "beta")
        bell = {name: drawn[name] for name in names}
        result = kernels.bells(drawn["kind"] >= _PLATEAU, to=to, **bell)
        for index, kernel in (
            (drawn["sinc"], _sincs(drawn, drawn["sinc"], to)),
            (~drawn["on"], kernels.pulse(to)),
        ):
            result[index] = kernel
        return result

    def apply(self, image: torch.Tensor, drawn: Draws, frame: Frame) -> torch.Tensor:
        return _filtered(image, self, drawn[self.name])

    def __str__(self) -> str:
        text = f"{span(*self.sizes)} taps, sigma {span(*self.sigma)}"
        text += f"; sinc {self.sinc:.0%}" if self.sinc else ""
        return text + (f"; {self.probability:.0%} of images" * (self.probability < 1))


@dataclass(frozen=True)
class Sinc(Single):
    """A sinc filter for each image: the ringing of what was sharpened and sent on."""

    name: str = "sinc"
    probability: float = 0.8  # else the image is left as it is
    sizes: tuple[int, ...] = kernels.SIZES  # taps a side, equally likely
    cutoff: Range = (math.pi / 3, math.pi)  # radians a pixel

    def __post_init__(self) -> None:
        check_shares(self, _two(self.probability))
        check_ranges(self, 1e-6, math.pi, self.cutoff)

    def sample(self, count: int, generator: torch.Generator) -> Draws:
        drawn = {
            "on": coin(count, generator, self.probability),
            "size": _sizes(count, generator, self.sizes),
            "cutoff": uniform(count, generator, *self.cutoff),
        }
        return {self.name: drawn}

    def kernels(self, drawn: Draw) -> torch.Tensor:
        """The kernels of a draw, (count, k, k), k the largest size."""
        to = max(self.sizes)
        result = kernels.pulse(to).repeat(len(drawn["on"]), 1, 1)
        result[drawn["on"]] = _sincs(drawn, drawn["on"], to)
        return result

    def apply(self, image: torch.Tensor, drawn: Draws, frame: Frame) -> torch.Tensor:
        return _filtered(image, self, drawn[self.name])

    def __str__(self) -> str:
        low, high = (c / math.pi for c in self.cutoff)
        text = f"{span(*self.sizes)} taps, cutoff {span(low, high)} pi"
        return text + (f"; {self.probability:.0%} of images" * (self.probability < 1))


def _filtered(image: torch.Tensor, stage: Blur | Sinc, drawn: Draw) -> torch.Tensor:
    """Each image that is to be filtered, by its kernel; the others as they were.

    On a GPU those others get a kernel that changes nothing: a batch of always the same
    size is quicker there than a smaller one.
    """
    if drawn["on"].all() or image.device.type != "cpu":
        return convolve(image, stage.kernels(drawn))
    index = drawn["on"].nonzero()[:, 0]
    if not len(index):
        return image
    kernels = stage.kernels({name: values[index] for name, values in drawn.items()})
    place = beside(index, image)
    some = convolve(image.index_select(0, place), kernels)
    return image.index_copy(0, place, some)


def _two(probability: float) -> tuple[float, float]:
    return probability, 1 - probability


def _sizes(
    count: int, generator: torch.Generator, sizes: tuple[int, ...]
) -> torch.Tensor:
    index = choice(count, generator, [1 / len(sizes)] * len(sizes))
    return torch.tensor(sizes)[index]


def _sincs(drawn: Draw, picked: torch.Tensor, to: int) -> torch.Tensor:
    """The sinc kernels of those that are picked, (n, to, to)."""
    if not picked.any():
        return torch.empty(0, to, to)
    return kernels.sinc(drawn["size"][picked], drawn["cutoff"][picked], to=to)
