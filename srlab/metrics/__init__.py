# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""How far is one picture from another: MSE, PSNR, SSIM, and kept libraries' measures.

MSE and PSNR are written out here and SSIM in `structural`, because the course teaches
them; MS-SSIM comes from pytorch-msssim, VIFp and LPIPS from piq, PSNR-HVS and
PSNR-HVS-M from psnr-hvsm.
How sharp a picture is, and what piq says without fetching weights: `perception`.

Every measure takes the picture x that is judged, the original y, and returns the mean
over the images of a batch as a float. They do not round and, but for the library-backed
ones, do not clamp: give them ``srlab.images.round8(x)`` to measure what a file holds.
"""

from __future__ import annotations

import contextlib
import io
import math
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from srlab.images import luma
from srlab.metrics.doors import check_weight, prepare, weighted_mean
from srlab.metrics.perception import (
    fsim,
    gmsd,
    haarpsi,
    mdsi,
    sharpness,
    spectrum,
)
from srlab.metrics.structural import SSIMMap, ssim, ssim_map

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


def ms_ssim(
    x: torch.Tensor, y: torch.Tensor, border: int = 0, luma: bool = False
) -> float:
    """Multi-scale SSIM over five scales (pytorch-msssim); at least 161 x 161 pixels.

    In [0, 1], 1 for equal images. Arguments and errors as for `mse`.

    Z. Wang, E. Simoncelli, A. Bovik, 2003, doi:10.1109/ACSSC.2003.1292216.
    """
    from pytorch_msssim import ms_ssim as library

    x, y = prepare(x, y, border, luma, smallest=161, name="MS-SSIM")
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

    x, y = prepare(x, y, border, luma, smallest=41, name="VIFp")
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
    x, y = prepare(x, y, border, luma, smallest=32, name="LPIPS")
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
    x, y = prepare(x, y, border, luma, smallest=8, name=name)
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
    x, y = prepare(x, y, border, luma, smallest=1, name="MSE")
    error = (x.to(torch.float64) - y.to(torch.float64)) ** 2  # (B, C, H, W)
    if weight is None:
        return error.mean(dim=(1, 2, 3)).tolist()
    return weighted_mean(error, check_weight(weight, x, border)).tolist()


def _decibel(error: float) -> float:
    return math.inf if error == 0 else -10 * math.log10(error)
