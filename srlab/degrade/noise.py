# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Noise: Gaussian (the amplifier's) and Poisson (the light's own), in colour or grey.

X. Wang, L. Xie, C. Dong, Y. Shan, "Real-ESRGAN", 2021, arXiv:2107.10833, section 3.1.

Two things differ from the authors' program. There, all images of a batch that get grey
Gaussian noise share one field of it; here each has its own. There, the brightest value
stands for as many photons as the picture has different values, rounded up to a power of
two; here it is always 256, which is what nearly every photograph comes to.
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch

from srlab.degrade.doors import beside, check, per_image, source

__all__ = ["PHOTONS", "gaussian_noise", "poisson_noise"]

PHOTONS = 256  # that the value 1 stands for
_COLUMNS = 256  # counts of a level: 128 on either side of the mean are 8 sigma
_GREY = (0.2989, 0.587, 0.114)  # the weights of R, G and B


def gaussian_noise(
    image: torch.Tensor,
    sigma: float | torch.Tensor,
    generator: torch.Generator,
    grey: bool | torch.Tensor = False,
) -> torch.Tensor:
    r"""$\mathrm{clip}(x + n)$, $n \sim N(0, (\sigma / 255)^2)$ at each value.

    Args:
        image: (B, C, H, W) in [0, 1], on any device.
        sigma: in levels of 255 ("noise level 30"), 0 to 255; or (B,) of them.
        generator: on the CPU; for an image on a GPU it seeds one there.
        grey: the same noise in R, G and B; or (B,) of bools.

    Returns:
        (B, C, H, W) in [0, 1], not rounded.
    """
    image = check(image)
    sigma = per_image(sigma, len(image), "sigma", 0, 255)
    return add_gaussian(image, sigma, _grey(grey, len(image)), generator)


def add_gaussian(
    image: torch.Tensor,
    sigma: torch.Tensor,
    grey: torch.Tensor,
    generator: torch.Generator,
) -> torch.Tensor:
    """`gaussian_noise` without its checks; sigma (B,), grey (B,) bool, on the CPU."""
    planes = _planes(grey, image.shape[1])
    noise = torch.randn(
        (int(planes.max()) + 1, *image.shape[-2:]),
        generator=source(generator, image.device),
        device=image.device,
        dtype=image.dtype,
    )
    noise = _spread(noise, planes)  # (B, C, H, W)
    return noise.mul_(_column(sigma / 255, image)).add_(image).clamp_(0, 1)


def poisson_noise(
    image: torch.Tensor,
    scale: float | torch.Tensor,
    generator: torch.Generator,
    grey: bool | torch.Tensor = False,
) -> torch.Tensor:
    r"""$\mathrm{clip}(x + s (p - x))$, $p = \mathrm{Poisson}(256 x) / 256$: shot noise.

    Its standard deviation, $s \sqrt{x} / 16$, grows with the light. x is rounded to 8
    bits for the draw. Grey noise is drawn from the grey picture and added to all three.

    Args:
        scale: s, 0 to 100; or (B,) of them.
        image, generator, grey: as for `gaussian_noise`, and so the result.
    """
    image = check(image)
    scale = per_image(scale, len(image), "scale", 0, 100)
    return add_poisson(image, scale, _grey(grey, len(image)), generator)


def add_poisson(
    image: torch.Tensor,
    scale: torch.Tensor,
    grey: torch.Tensor,
    generator: torch.Generator,
) -> torch.Tensor:
    """`poisson_noise` without its checks; scale (B,), grey (B,) bool, on the CPU."""
    grey = grey & (image.shape[1] == 3)
    coloured, greys = (~grey).nonzero()[:, 0], grey.nonzero()[:, 0]
    parts = []  # the planes that get noise of their own: first coloured, then grey
    if len(coloured):
        parts.append(image.index_select(0, beside(coloured, image)).flatten(0, 1))
    if len(greys):
        r, g, b = image.index_select(0, beside(greys, image)).unbind(1)
        parts.append(_GREY[0] * r + _GREY[1] * g + _GREY[2] * b)
    light = torch.cat(parts).mul_(255).round_().clamp_(0, 255)  # (planes, H, W)
    noise = _shots(light, source(generator, image.device))
    order = torch.cat((coloured, greys))
    planes = torch.empty(len(image), image.shape[1], dtype=torch.long)
    planes[order] = _planes(grey[order], image.shape[1])
    noise = _spread(noise, planes)
    return noise.mul_(_column(scale, image)).add_(image).clamp_(0, 1)


def _planes(grey: torch.Tensor, channels: int) -> torch.Tensor:
    """Which plane of noise each channel takes, (B, C): one for grey, else C."""
    used = torch.where(grey, 1, channels)
    first = used.cumsum(0) - used
    step = torch.arange(channels).expand(len(grey), -1)
    return first[:, None] + torch.where(grey[:, None], 0, step)


def _spread(noise: torch.Tensor, planes: torch.Tensor) -> torch.Tensor:
    """(planes, H, W) -> (B, C, H, W)."""
    noise = noise.index_select(0, beside(planes.flatten(), noise))
    return noise.unflatten(0, planes.shape)


def _grey(grey: bool | torch.Tensor, batch: int) -> torch.Tensor:
    return per_image(grey, batch, "grey", 0, 1) > 0.5


def _column(values: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    """(B,) on the CPU -> (B, 1, 1, 1) beside the image."""
    return beside(values, image, image.dtype).view(-1, 1, 1, 1)


def _shots(light: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Poisson(256 x) / 256 - x of levels 255 x = 0 .. 255, by Walker's alias method.

    A level's distribution is a row of 256 equal columns, each shared by two counts at
    most: one uniform number picks the column and then one of the two. It is exact, the
    same on every number of threads, and several times as fast as torch.poisson.
    """
    columns, lowest = _tables(str(light.device), light.dtype)
    u = torch.rand(light.shape, generator=generator, device=light.device)
    u = (u * 2**24).int()  # all the bits that a uniform float32 has
    level = light.int()
    column = u >> 16
    entry = columns.index_select(0, (level << 8).add_(column).flatten()).view_as(u)
    moved = (u.bitwise_and_(0xFFFF) >= (entry & 0xFFFF)) * (entry >> 16)
    noise = lowest.index_select(0, level.flatten()).view_as(light)
    return noise.add_(column.add_(moved), alpha=1 / PHOTONS)


@lru_cache(maxsize=8)
def _tables(device: str, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    """Alias tables of the 256 levels: columns (256 * 256,) and what is added (256,).

    A column is one whole number: its own count's share of it in the low 16 bits, how
    far away the other count is above them. Column 0 of a level is its lowest count;
    that count / 256 - x is what is added.
    """
    columns, lowest = [], []
    for level in range(256):
        mean = level / 255 * PHOTONS
        first = max(0, round(mean) - _COLUMNS // 2)
        weights = [_poisson(first + i, mean) for i in range(_COLUMNS)]
        for i, (share, other) in enumerate(zip(*_alias(weights), strict=True)):
            columns.append(min(round(share * 2**16), 2**16 - 1) + ((other - i) << 16))
        lowest.append(first / PHOTONS - level / 255)
    return (
        torch.tensor(columns, dtype=torch.int32, device=device),
        torch.tensor(lowest, dtype=dtype, device=device),
    )


def _poisson(count: int, mean: float) -> float:
    r"""$e^{-\mu} \mu^n / n!$."""
    if mean == 0:
        return float(count == 0)
    return math.exp(count * math.log(mean) - mean - math.lgamma(count + 1))


def _alias(weights: list[float]) -> tuple[list[float], list[int]]:
    """Vose's way to fill the columns: the poor are topped up by the rich."""
    n, total = len(weights), sum(weights)
    share = [w * n / total for w in weights]
    other = list(range(n))
    poor = [i for i in range(n) if share[i] < 1]
    rich = [i for i in range(n) if share[i] >= 1]
    while poor and rich:
        low, high = poor.pop(), rich[-1]
        other[low] = high
        share[high] -= 1 - share[low]
        if share[high] < 1:
            poor.append(rich.pop())
    for i in poor + rich:  # what rounding has left over
        share[i] = 1.0
    return share, other
