# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""How far is one picture from another: MSE, PSNR, SSIM, and kept libraries' measures.

MSE, PSNR and SSIM are written out here because the course teaches them; MS-SSIM comes
from pytorch-msssim, VIFp and LPIPS from piq, PSNR-HVS and PSNR-HVS-M from psnr-hvsm.
How sharp a picture is, and what piq says without fetching weights: `perception`.

Every measure takes the picture x that is judged, the original y, and returns the mean
over the images of a batch as a float. They do not round and, but for the library-backed
ones, do not clamp: give them ``srlab.images.round8(x)`` to measure what a file holds.

Z. Wang, A. Bovik, H. Sheikh, E. Simoncelli, "Image quality assessment: from error
visibility to structural similarity", 2004, doi:10.1109/TIP.2003.819861.
"""

from __future__ import annotations

import contextlib
import io
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from srlab.images import luma, shave
from srlab.metrics.doors import prepare as _prepare
from srlab.metrics.perception import (
    fsim,
    gmsd,
    haarpsi,
    mdsi,
    sharpness,
    spectrum,
)
from srlab.resample import Banded, apply_banded, banded

__all__ = [
    "SSIMMap",
    "fsim",
    "gmsd",
    "haarpsi",
    "lpips",
    "mdsi",
    "ms_ssim",
    "mse",
    "psnr",
    "psnr_hvs",
    "psnr_hvs_m",
    "sharpness",
    "spectrum",
    "ssim",
    "ssim_map",
    "vifp",
]

_luma = luma  # the measures have an argument of that name
WINDOW, SIGMA = 11, 1.5  # SSIM's Gaussian window: pixels, standard deviation
K1, K2 = 0.01, 0.03  # c1 = (K1 L)^2, c2 = (K2 L)^2 with the range L = 1


def mse(
    x: torch.Tensor,
    y: torch.Tensor,
    border: int = 0,
    luma: bool = False,
    weight: torch.Tensor | None = None,
) -> float:
    r"""Mean squared error $\frac{1}{CHW} \sum (x - y)^2$, of values in [0, 1].

    Args:
        x, y: (B, C, H, W) in [0, 1], C = 1 or 3.
        border: pixels cut from each side first.
        luma: measure BT.601 luma (studio swing) instead of RGB.
        weight: (B or 1, 1, H, W), not negative: a weighted mean over the pixels.

    Raises:
        TypeError, ValueError: see `srlab.images.check_image`; also for a bad weight.

    >>> round(mse(torch.full((1, 3, 8, 8), 0.1), torch.zeros(1, 3, 8, 8)), 6)
    0.01
    """
    values = _mse_per_image(x, y, border, luma, weight)
    return sum(values) / len(values)


def psnr(
    x: torch.Tensor,
    y: torch.Tensor,
    border: int = 0,
    luma: bool = False,
    weight: torch.Tensor | None = None,
) -> float:
    r"""Peak signal-to-noise ratio $10 \log_{10}(1 / \mathrm{MSE})$ in dB.

    The peak is 1. Arguments and errors as for `mse`; `inf` for equal images. Of a
    batch, the mean of the images' PSNR (not the PSNR of their mean error).

    >>> round(psnr(torch.full((1, 3, 8, 8), 0.1), torch.zeros(1, 3, 8, 8)), 4)
    20.0
    """
    values = _mse_per_image(x, y, border, luma, weight)
    return sum(_decibel(value) for value in values) / len(values)


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
    x, y = _prepare(x, y, border, luma, smallest=WINDOW, name="SSIM")
    values = _two_factors(*_moments(x, y)).to(torch.float64)  # (B, C, H - 10, W - 10)
    if weight is None:
        return values.mean(dim=(1, 2, 3)).mean().item()
    weight = shave(_weight(weight, x, border), WINDOW // 2)
    return _weighted_mean(values, weight).mean().item()


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
    x, y = _prepare(x, y, 0, False, smallest=WINDOW, name="SSIM")
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


def ms_ssim(
    x: torch.Tensor, y: torch.Tensor, border: int = 0, luma: bool = False
) -> float:
    """Multi-scale SSIM over five scales (pytorch-msssim); at least 161 x 161 pixels.

    In [0, 1], 1 for equal images. Arguments and errors as for `mse`.

    Z. Wang, E. Simoncelli, A. Bovik, 2003, doi:10.1109/ACSSC.2003.1292216.
    """
    from pytorch_msssim import ms_ssim as library

    x, y = _prepare(x, y, border, luma, smallest=161, name="MS-SSIM")
    return library(x.clamp(0, 1), y.clamp(0, 1), data_range=1.0).mean().item()


def vifp(
    x: torch.Tensor, y: torch.Tensor, border: int = 0, luma: bool = False
) -> float:
    """Visual information fidelity in the pixel domain (piq); at least 41 x 41 pixels.

    y is the original: swapping the two gives another number. 1 for equal images; above
    1 where x has more contrast. RGB is turned to grey by the library. Arguments and
    errors as for `mse`.

    H. Sheikh, A. Bovik, 2006, doi:10.1109/TIP.2005.859378.
    """
    from piq import vif_p

    x, y = _prepare(x, y, border, luma, smallest=41, name="VIFp")
    return vif_p(x.clamp(0, 1), y.clamp(0, 1), data_range=1.0).mean().item()


def psnr_hvs(
    x: torch.Tensor, y: torch.Tensor, border: int = 0, luma: bool = False
) -> float:
    """PSNR-HVS in dB: squared errors of 8 x 8 DCT blocks, weighed by the eye's contrast
    sensitivity (psnr-hvsm), on luma; at least 8 x 8 pixels.

    K. Egiazarian et al., "A new full-reference quality metrics based on HVS", 2006.
    Right and bottom are cut to a multiple of 8. `inf` for equal images. Arguments and
    errors as for `mse`.
    """
    return _hvs(x, y, border, luma, index=0, name="PSNR-HVS")


def psnr_hvs_m(
    x: torch.Tensor, y: torch.Tensor, border: int = 0, luma: bool = False
) -> float:
    """PSNR-HVS-M in dB: PSNR-HVS with masking, so that an error hides in texture.

    N. Ponomarenko et al., "On between-coefficient contrast masking of DCT basis
    functions", 2007. Else as `psnr_hvs`.
    """
    return _hvs(x, y, border, luma, index=1, name="PSNR-HVS-M")


def lpips(
    x: torch.Tensor, y: torch.Tensor, border: int = 0, luma: bool = False
) -> float:
    """LPIPS (piq, VGG16): a distance of deep features, 0 for equal; 32 x 32 pixels up.

    R. Zhang et al., 2018, arXiv:1801.03924. piq fetches its weights (over 500 MB) on
    first use. Arguments and errors as for `mse`, and

    Raises:
        RuntimeError: the weights are not there and cannot be fetched.
    """
    x, y = _prepare(x, y, border, luma, smallest=32, name="LPIPS")
    if x.shape[1] == 1:
        x, y = x.expand(-1, 3, -1, -1), y.expand(-1, 3, -1, -1)
    with torch.no_grad():
        return _lpips()(x.clamp(0, 1), y.clamp(0, 1)).mean().item()


@lru_cache(maxsize=1)
def _lpips() -> torch.nn.Module:
    from urllib.error import URLError

    from piq import LPIPS

    try:
        return LPIPS(reduction="none")
    except (URLError, OSError) as error:
        raise RuntimeError(
            "LPIPS needs VGG16's weights, which could not be fetched "
            f"({error}); offline, ms_ssim and vifp need none"
        ) from None


def _hvs(
    x: torch.Tensor, y: torch.Tensor, border: int, luma: bool, index: int, name: str
) -> float:
    function = _hvs_library()
    x, y = _prepare(x, y, border, luma, smallest=8, name=name)
    x, y = (_luma(v.detach()).to(torch.float64).clamp(0, 1) for v in (x, y))
    h, w = (n - n % 8 for n in x.shape[-2:])
    pairs = zip(x[:, 0, :h, :w].cpu(), y[:, 0, :h, :w].cpu(), strict=True)
    with np.errstate(invalid="ignore"):  # it divides by the variance of flat blocks
        values = [
            math.inf  # the library answers 100 dB for equal images
            if torch.equal(a, b)
            else float(function(b.numpy(), a.numpy())[index])
            for a, b in pairs
        ]
    return sum(values) / len(values)


@lru_cache(maxsize=1)
def _hvs_library() -> Any:
    with contextlib.redirect_stdout(io.StringIO()):  # it prints on import
        from psnr_hvsm.numpy import psnr_hvs_hvsm
    return psnr_hvs_hvsm


def _mse_per_image(
    x: torch.Tensor,
    y: torch.Tensor,
    border: int,
    luma: bool,
    weight: torch.Tensor | None,
) -> list[float]:
    x, y = _prepare(x, y, border, luma, smallest=1, name="MSE")
    error = (x.to(torch.float64) - y.to(torch.float64)) ** 2  # (B, C, H, W)
    if weight is None:
        return error.mean(dim=(1, 2, 3)).tolist()
    return _weighted_mean(error, _weight(weight, x, border)).tolist()


def _decibel(error: float) -> float:
    return math.inf if error == 0 else -10 * math.log10(error)


def _weight(weight: torch.Tensor, x: torch.Tensor, border: int) -> torch.Tensor:
    """Check a weight map of the uncut image and cut the border from it too."""
    batch, _, height, width = x.shape
    border = int(border)
    height, width = height + 2 * border, width + 2 * border
    good = isinstance(weight, torch.Tensor) and weight.is_floating_point()
    if not good or tuple(weight.shape) not in {
        (1, 1, height, width),
        (batch, 1, height, width),
    }:
        shape = tuple(weight.shape) if isinstance(weight, torch.Tensor) else weight
        raise ValueError(
            f"weight must be a float map (1 or {batch}, 1, {height}, {width}), "
            f"not {shape}"
        )
    if not torch.isfinite(weight).all() or (weight < 0).any():
        raise ValueError("weight holds negative, NaN or infinite values")
    return shave(weight, border)


def _weighted_mean(values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """(B, C, H, W), (1 or B, 1, H, W) -> (B,)."""
    weight = weight.to(values).expand_as(values)
    total = weight.sum(dim=(1, 2, 3))
    if (total == 0).any():
        raise ValueError("weight is zero everywhere (inside the border)")
    return (values * weight).sum(dim=(1, 2, 3)) / total


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
