# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Structural similarity, SSIM, and the three parts that it is the product of.

Z. Wang, A. Bovik, H. Sheikh, E. Simoncelli, "Image quality assessment: from error
visibility to structural similarity", 2004, doi:10.1109/TIP.2003.819861.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch

from srlab.banded import Banded, apply_banded, banded
from srlab.images import shave
from srlab.metrics.doors import check_weight, prepare, weighted_mean

__all__ = ["SSIMMap", "ssim", "ssim_map"]

WINDOW, SIGMA = 11, 1.5  # SSIM's Gaussian window: pixels, standard deviation
K1, K2 = 0.01, 0.03  # c1 = (K1 L)^2, c2 = (K2 L)^2 with the range L = 1


def ssim(
    x: torch.Tensor,
    y: torch.Tensor,
    border: int = 0,
    luma: bool = False,
    weight: torch.Tensor | None = None,
) -> float:
    """Structural similarity, the mean of `ssim_map`; 1 for equal images.

    Arguments and errors as for `mse`; at least 11 x 11 pixels after the border is cut.
    A weight counts at the centre of each window. RGB: the mean of the three channels.

    >>> ssim(torch.full((1, 1, 16, 16), 0.5), torch.full((1, 1, 16, 16), 0.5))
    1.0
    """
    x, y = prepare(x, y, border, luma, smallest=WINDOW, name="SSIM")
    values = _two_factors(*_moments(x, y)).to(torch.float64)  # (B, C, H - 10, W - 10)
    if weight is None:
        return values.mean(dim=(1, 2, 3)).mean().item()
    weight = shave(check_weight(weight, x, border), WINDOW // 2)
    return weighted_mean(values, weight).mean().item()


@dataclass(frozen=True)
class SSIMMap:
    """The three parts of SSIM and their product, each (B, C, H - 10, W - 10).

    Attributes:
        luminance: l = (2 mu_x mu_y + c1) / (mu_x^2 + mu_y^2 + c1), in (-1, 1].
        contrast: c = (2 sigma_x sigma_y + c2) / (sigma_x^2 + sigma_y^2 + c2).
        structure: s = (sigma_xy + c3) / (sigma_x sigma_y + c3), c3 = c2 / 2.
        ssim: l c s, computed in its two-factor form.
    """

    luminance: torch.Tensor
    contrast: torch.Tensor
    structure: torch.Tensor
    ssim: torch.Tensor


def ssim_map(x: torch.Tensor, y: torch.Tensor) -> SSIMMap:
    r"""SSIM at each place, from an 11 x 11 Gaussian window with sigma = 1.5.

    $\frac{(2\mu_x\mu_y + c_1)(2\sigma_{xy} + c_2)}
    {(\mu_x^2 + \mu_y^2 + c_1)(\sigma_x^2 + \sigma_y^2 + c_2)}$; only windows that lie
    wholly inside, no shrinking before, population covariance. Differentiable.

    Args:
        x, y: (B, C, H, W) in [0, 1], at least 11 x 11.
    """
    x, y = prepare(x, y, 0, False, smallest=WINDOW, name="SSIM")
    mu_x, mu_y, var_x, var_y, cov = moments = _moments(x, y)
    c2 = K2**2
    deviations = (var_x * var_y + 1e-20).sqrt()  # sigma_x sigma_y, with a gradient at 0
    return SSIMMap(
        luminance=_luminance(mu_x, mu_y),
        contrast=(2 * deviations + c2) / (var_x + var_y + c2),
        structure=(cov + c2 / 2) / (deviations + c2 / 2),
        ssim=_two_factors(*moments),
    )


def _moments(x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Local means, variances and covariance: five of (B, C, H - 10, W - 10)."""
    mu_x, mu_y, xx, yy, xy = _blur(torch.stack((x, y, x * x, y * y, x * y)))
    var_x, var_y = (xx - mu_x**2).clamp(min=0), (yy - mu_y**2).clamp(min=0)
    return mu_x, mu_y, var_x, var_y, xy - mu_x * mu_y


def _two_factors(
    mu_x: torch.Tensor,
    mu_y: torch.Tensor,
    var_x: torch.Tensor,
    var_y: torch.Tensor,
    cov: torch.Tensor,
) -> torch.Tensor:
    c2 = K2**2
    return _luminance(mu_x, mu_y) * (2 * cov + c2) / (var_x + var_y + c2)


def _luminance(mu_x: torch.Tensor, mu_y: torch.Tensor) -> torch.Tensor:
    c1 = K1**2
    return (2 * mu_x * mu_y + c1) / (mu_x**2 + mu_y**2 + c1)


@lru_cache(maxsize=1)
def _window() -> torch.Tensor:
    """(11,) float64 Gaussian that sums to one; the window is its outer product."""
    t = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    g = torch.exp(-(t**2) / (2 * SIGMA**2))
    return g / g.sum()


@lru_cache(maxsize=32)
def _window_blocks(n: int) -> Banded:
    """The window sliding along n samples, as `srlab.resample.banded` wants it."""
    starts = torch.arange(n - WINDOW + 1)[:, None]
    return banded(_window().expand(len(starts), -1), starts + torch.arange(WINDOW))


def _blur(images: torch.Tensor) -> torch.Tensor:
    """(..., H, W) -> (..., H - 10, W - 10): rows first, then columns.

    Banded products: three times as fast as conv2d with one channel on a CPU.
    """
    rows, columns = (_window_blocks(n) for n in images.shape[-2:])
    return apply_banded(apply_banded(images, rows, axis=0), columns, axis=1)
