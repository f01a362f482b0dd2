# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The ways in which papers measure "the PSNR on Set5".

Four are in use and differ by up to two decibels for the same method. They have letters
here, and every row of a table says its letter:

- A: LR and result are 8-bit RGB, made by MATLAB's uint8 `imresize`; luma rounded to
  8 bits. SelfExSR's tables; the LR files of EDSR, RCAN and SwinIR.
- B: luma is taken first and rounded to 8 bits; the LR luma is not rounded, the result
  once. SRCNN's and VDSR's demos, and the "Bicubic" row of every paper.
- C: RGB in floating point, LR rounded once, result rounded once, luma not rounded.
- E: as C, but the error is that of RGB instead of luma.

All cut `scale` pixels from each side; PSNR's peak is 255; SSIM has the 11 x 11 window.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from srlab import metrics
from srlab.images import (
    FLOATS,
    check_one,
    crop_to_multiple,
    from_uint8,
    luma,
    round8,
    to_uint8,
)
from srlab.resample import Interpolator, imresize

__all__ = ["PROTOCOLS", "Restorer", "score"]

Restorer = Callable[[torch.Tensor], torch.Tensor]
Pair = tuple[torch.Tensor, torch.Tensor]  # (result, original), what is compared


def score(
    restorer: Restorer, scale: int, protocol: str, image: torch.Tensor
) -> tuple[float, float]:
    """(PSNR in dB, SSIM) of one image (1, C, H, W) in [0, 1]."""
    check_one(image)
    with torch.no_grad():
        x, y = PROTOCOLS[protocol](restorer, crop_to_multiple(image, scale), scale)
    x, y = x.to(torch.float64), y.to(torch.float64)
    return metrics.psnr(x, y, border=scale), metrics.ssim(x, y, border=scale)


def _restore(restorer: Restorer, lr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    result = restorer(lr.to(torch.float32))
    if not isinstance(result, torch.Tensor) or result.dtype not in FLOATS:
        kind = getattr(result, "dtype", type(result).__name__)
        raise TypeError(f"the restorer gave {kind}; expected a float tensor in [0, 1]")
    if result.shape != hr.shape:
        raise ValueError(
            f"the restorer made {tuple(result.shape)} of {tuple(lr.shape)}; "
            f"expected {tuple(hr.shape)}"
        )
    low, high = (v.item() for v in torch.aminmax(result))
    if not max(-low, high) < 8:  # 0..255, or NaN; an untrained net may go beyond 1
        raise ValueError(
            f"the restorer's result goes from {low:.4g} to {high:.4g}; expected [0, 1]"
        )
    return result


def _protocol_a(restorer: Restorer, hr: torch.Tensor, scale: int) -> Pair:
    lr = imresize(to_uint8(hr), scale=1 / scale)
    if isinstance(restorer, Interpolator):  # the tables enlarge in uint8 too
        result = from_uint8(imresize(lr, scale=scale, kernel=restorer.kernel))
    else:
        result = round8(_restore(restorer, from_uint8(lr), hr))
    return round8(luma(result)), round8(luma(hr))


def _protocol_b(restorer: Restorer, hr: torch.Tensor, scale: int) -> Pair:
    hr = round8(luma(hr.to(torch.float64)))  # (1, 1, H, W)
    lr = imresize(hr, scale=1 / scale)
    return round8(_restore(restorer, lr, hr)), hr


def _protocol_e(restorer: Restorer, hr: torch.Tensor, scale: int) -> Pair:
    lr = round8(imresize(hr.to(torch.float64), scale=1 / scale))
    return round8(_restore(restorer, lr, hr)), hr


def _protocol_c(restorer: Restorer, hr: torch.Tensor, scale: int) -> Pair:
    result, hr = _protocol_e(restorer, hr, scale)
    return luma(result.to(torch.float64)), luma(hr.to(torch.float64))


PROTOCOLS: dict[str, Callable[[Restorer, torch.Tensor, int], Pair]] = {
    "A": _protocol_a,
    "B": _protocol_b,
    "C": _protocol_c,
    "E": _protocol_e,
}
