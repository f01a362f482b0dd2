# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Interpolation by the kernels of `srlab.kernels`: `imresize`, as MATLAB's.

The rule (sampling positions, widened kernel, symmetric border, the 8-bit rounding
between the two passes) is the one that MATLAB documents and that the LR images of the
super-resolution papers were made with; it is checked bit for bit on such images.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch

from srlab.banded import Banded, apply_banded, banded
from srlab.images import FLOATS, check_image, check_tensor, check_whole
from srlab.kernels import KERNELS, Kernel, finite, keys, named

__all__ = [
    "KERNELS",
    "Interpolator",
    "Kernel",
    "apply_banded",
    "banded",
    "contributions",
    "imresize",
    "keys",
    "resample_1d",
]

MAX_PIXELS = 2**28  # per channel of a result: 1 GB of float32
MAX_TAPS = 2**24  # weights of one axis: 128 MB of float64


def imresize(
    image: torch.Tensor,
    scale: float | tuple[float, float] | None = None,
    size: Sequence[int] | None = None,
    kernel: str | Kernel = "cubic",
    antialias: bool = True,
) -> torch.Tensor:
    """Resize as MATLAB's `imresize` does.

    Float in, float out: linear and differentiable, not clamped, so that a cubic may
    overshoot [0, 1] by a little. uint8 in, uint8 out: rounded and clamped after each
    of the two passes, bit for bit what MATLAB gives for uint8.

    Args:
        image: (B, C, H, W), float of any range, or uint8.
        scale: factor, or (vertical, horizontal); the result has ceil(scale * n) pixels.
        size: (H, W) of the result instead; the scale is then new / old.
        kernel: a name in `KERNELS`, or a `Kernel` such as keys(-0.75).
        antialias: widen the kernel by 1 / scale when shrinking.

    Returns:
        (B, C, H', W') of the input's dtype.

    Raises:
        TypeError, ValueError: no tensor, a wrong shape, NaN, a senseless scale or size.

    >>> imresize(torch.ones(1, 3, 8, 6), scale=1/2).shape
    torch.Size([1, 3, 4, 3])
    """
    _check(image)
    scales, sizes = _target(image.shape[-2:], scale, size)
    kernel = named(kernel)
    result = image.float() if image.dtype == torch.uint8 else image
    for axis in sorted((0, 1), key=scales.__getitem__):  # MATLAB: the smaller first
        n_in, n_out = image.shape[axis - 2], sizes[axis]
        blocks = _blocks(n_in, n_out, scales[axis], kernel, antialias)
        result = apply_banded(result, blocks, axis)
        if image.dtype == torch.uint8:
            result.add_(0.5).floor_().clamp_(0, 255)
    return result.to(image.dtype)


def contributions(
    n_in: int,
    n_out: int,
    scale: float,
    kernel: str | Kernel = "cubic",
    antialias: bool = True,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Which samples make each output sample, and with which weights.

    The centre of output o lies at u = (o + 1/2) / scale - 1/2 in the input; weights are
    h(u - i), or scale * h(scale * (u - i)) when the kernel is widened, divided by their
    sum; indices beyond the border are mirrored (the border sample counts twice).

    Args:
        n_in, n_out: samples before and after. scale: of the positions.
        kernel, antialias: as for `imresize`.

    Returns:
        weights (n_out, P) float64, indices (n_out, P) in 0 .. n_in - 1.

    Raises:
        ValueError: sizes below 1, a senseless scale, or over 16 million weights.
    """
    kernel = named(kernel)
    n_in, n_out = check_whole(n_in, "n_in", 1), check_whole(n_out, "n_out", 1)
    if not finite(scale) > 0:
        raise ValueError(f"scale must be finite and above 0, not {scale!r:.60}")
    stretch = scale if scale < 1 and antialias and kernel.antialias else 1.0
    u = (torch.arange(n_out, dtype=torch.float64) + 0.5) / scale - 0.5
    weights, indices = _taps(u, n_in, kernel, stretch)
    used = (weights != 0).any(dim=0)
    return weights[:, used], indices[:, used]


def resample_1d(
    samples: torch.Tensor, positions: torch.Tensor, kernel: str | Kernel = "cubic"
) -> torch.Tensor:
    """The curve that a kernel lays through samples, read at any positions.

    Args:
        samples: (..., N), at the positions 0 .. N - 1; mirrored beyond.
        positions: (M,) in samples, fractions allowed.

    Returns:
        (..., M) of the samples' dtype.

    Raises:
        TypeError, ValueError: no float samples, or positions that are not finite.

    >>> resample_1d(torch.tensor([0.0, 2.0, 4.0]), torch.tensor([0.5]), "bilinear")
    tensor([1.])
    """
    u = _positions(samples, positions)
    weights, indices = _taps(u, samples.shape[-1], named(kernel))  # (M, P)
    return (samples[..., indices] * weights.to(samples.dtype)).sum(dim=-1)


@dataclass(frozen=True)
class Interpolator:
    """A restorer: enlarge by interpolation and clamp to [0, 1].

    (B, C, H, W) in [0, 1] -> (B, C, ceil(scale * H), ceil(scale * W)) in [0, 1].
    """

    scale: float
    kernel: str | Kernel = "cubic"

    def __call__(self, image: torch.Tensor) -> torch.Tensor:
        check_image(image)  # uint8 or 0..255 would be clamped to white
        return imresize(image, scale=self.scale, kernel=self.kernel).clamp(0, 1)


def _positions(samples: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """The door of `resample_1d`: positions (M,) as float64."""
    if not isinstance(samples, torch.Tensor) or samples.dtype not in FLOATS:
        kind = getattr(samples, "dtype", type(samples).__name__)
        raise TypeError(f"samples must be a float tensor (..., N), not {kind}")
    check_tensor(samples[None], "samples (with one axis more)")
    if not samples.numel():
        raise ValueError(f"samples are empty: their shape is {tuple(samples.shape)}")
    try:
        u = torch.as_tensor(positions, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"positions must be numbers, not {positions!r:.60}") from None
    if u.ndim != 1 or not u.isfinite().all():
        raise ValueError(
            f"positions must be finite numbers (M,), got the shape {tuple(u.shape)}"
        )
    return u


def _taps(
    u: torch.Tensor, n: int, kernel: Kernel, stretch: float = 1.0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights and mirrored indices, (M, P) each, for reading n samples at u (M,)."""
    width = kernel.width / stretch
    taps = math.ceil(width) + 2
    if len(u) * taps > MAX_TAPS:
        raise ValueError(
            f"{len(u)} values, each from {taps} others: more than {MAX_TAPS} weights; "
            "take a smaller size, or a scale that is less extreme"
        )
    indices = (u - width / 2).floor().long()[:, None] + torch.arange(taps)
    weights = kernel.function(stretch * (u[:, None] - indices))
    weights = weights / weights.sum(dim=1, keepdim=True)
    if not weights.isfinite().all():
        raise ValueError(f"the weights of the kernel {kernel.name!r} cannot sum to one")
    indices = indices % (2 * n)
    return weights, torch.where(indices < n, indices, 2 * n - 1 - indices)


def _check(image: torch.Tensor) -> None:
    check_tensor(image)
    if image.dtype not in (torch.uint8, *FLOATS):
        raise TypeError(f"expected float or uint8 values, got {image.dtype}")
    if image.ndim != 4 or image.numel() == 0:
        raise ValueError(
            f"expected a tensor (B, C, H, W) that is not empty, got the shape "
            f"{tuple(image.shape)}; image[None] adds a missing batch axis"
        )
    if image.is_floating_point():
        low, high = torch.aminmax(image.detach())
        if not math.isfinite(low) or not math.isfinite(high):
            raise ValueError("the image holds NaN or infinite values")


def _target(
    old: Sequence[int],
    scale: float | tuple[float, float] | None,
    size: Sequence[int] | None,
) -> tuple[tuple[float, float], tuple[int, int]]:
    """(scales, sizes) of the two axes from either of the two arguments."""
    if (scale is None) == (size is None):
        raise ValueError("give either scale or size")
    if size is not None:
        if isinstance(size, str) or not hasattr(size, "__len__") or len(size) != 2:
            raise ValueError(f"size must be (H, W), not {size!r:.60}")
        names = ("the height of size", "the width of size")
        new = [check_whole(n, name, 1) for n, name in zip(size, names, strict=True)]
        scales = [n / before for n, before in zip(new, old, strict=True)]
    else:
        pair: Sequence[Any] = (
            scale if isinstance(scale, tuple | list) else (scale, scale)
        )
        scales = [finite(s) for s in pair]
        if len(scales) != 2 or not all(s > 0 for s in scales):
            raise ValueError(
                "scale must be a number or (vertical, horizontal), finite and above "
                f"0, not {scale!r:.60}"
            )
        exact = (min(old[i] * scales[i], 2**31) for i in (0, 1))
        new = [math.ceil(n - 1e-9) for n in exact]  # 3 * (1 / 3) may exceed 1
    height, width = (max(n, 1) for n in new)
    if height * width > MAX_PIXELS:
        raise ValueError(f"{height} x {width} pixels are more than {MAX_PIXELS}")
    return (scales[0], scales[1]), (height, width)


@lru_cache(maxsize=64)
def _blocks(
    n_in: int, n_out: int, scale: float, kernel: Kernel, antialias: bool
) -> Banded:
    return banded(*contributions(n_in, n_out, scale, kernel, antialias))
