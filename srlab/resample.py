# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Interpolation kernels and `imresize`, which computes what MATLAB's does.

The rule (sampling positions, widened kernel, symmetric border, the 8-bit rounding
between the two passes) is the one that MATLAB documents and that the LR images of the
super-resolution papers were made with; it is checked bit for bit on such images.

R. Keys, "Cubic convolution interpolation for digital image processing", 1981,
doi:10.1109/TASSP.1981.1163711. N. Dodgson, "Quadratic interpolation for image
resampling", 1997, doi:10.1109/83.623195.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch

from srlab.images import FLOATS, check_image, check_tensor, check_whole

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

Banded = tuple[tuple[int, int, torch.Tensor], ...]
MAX_PIXELS = 2**28  # per channel of a result: 1 GB of float32
MAX_TAPS = 2**24  # weights of one axis: 128 MB of float64
_BLOCK = 64  # outputs per small matrix product: few of them, and each quick


@dataclass(frozen=True)
class Kernel:
    """An interpolation kernel h(t), t in samples.

    Attributes:
        name: as the tables print it.
        function: float64 tensor of distances t -> tensor of weights.
        width: h(t) = 0 for |t| > width / 2.
        antialias: False for what is never widened (nearest).
    """

    name: str
    function: Callable[[torch.Tensor], torch.Tensor]
    width: float
    antialias: bool = True

    def __post_init__(self) -> None:
        if not callable(self.function) or not 0 < _number(self.width) <= 1000:
            raise ValueError(
                f"a kernel needs a function and a width in samples, 0 to 1000, not "
                f"{self.function!r:.60} and {self.width!r}"
            )

    def __call__(self, t: torch.Tensor | float) -> torch.Tensor:
        """h(t) for any t, as float64."""
        return self.function(torch.as_tensor(t, dtype=torch.float64))


def _box(t: torch.Tensor) -> torch.Tensor:
    return ((t >= -0.5) & (t < 0.5)).to(t.dtype)


def _triangle(t: torch.Tensor) -> torch.Tensor:
    return (1 - t.abs()).clamp(min=0)


def _quadratic(t: torch.Tensor) -> torch.Tensor:
    """Dodgson's interpolating quadratic, r = 1: h(0) = 1, h(1) = 0."""
    t = t.abs()
    inner, outer = 1 - 2 * t**2, t**2 - 2.5 * t + 1.5
    return torch.where(t <= 0.5, inner, torch.where(t <= 1.5, outer, 0.0))


def _lanczos(t: torch.Tensor, lobes: int) -> torch.Tensor:
    return torch.where(t.abs() < lobes, torch.sinc(t) * torch.sinc(t / lobes), 0.0)


def _number(value: float) -> float:
    """A finite number as it is; NaN for everything else."""
    try:
        value = float("nan" if isinstance(value, str) else value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return math.nan
    return value if math.isfinite(value) else math.nan


@lru_cache
def keys(a: float = -0.5) -> Kernel:
    r"""Keys' cubic convolution kernel.

    $h(t) = (a + 2)|t|^3 - (a + 3)|t|^2 + 1$ for $|t| \le 1$,
    $a|t|^3 - 5a|t|^2 + 8a|t| - 4a$ for $1 < |t| < 2$, else 0.
    a = -0.5 is MATLAB's and Pillow's; OpenCV and torch (antialias=False) take -0.75.

    >>> keys()([0.0, 0.5, 1.0, 1.5]).tolist()
    [1.0, 0.5625, 0.0, -0.0625]
    """
    if math.isnan(_number(a)):
        raise ValueError(f"a must be a finite number, such as -0.5, not {a!r}")

    def cubic(t: torch.Tensor) -> torch.Tensor:
        t = t.abs()
        inner = (a + 2) * t**3 - (a + 3) * t**2 + 1
        outer = a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a
        return torch.where(t <= 1, inner, torch.where(t < 2, outer, 0.0))

    return Kernel("cubic" if a == -0.5 else f"cubic a={a:g}", cubic, 4)


KERNELS: dict[str, Kernel] = {
    "nearest": Kernel("nearest", _box, 1, antialias=False),
    "box": Kernel("box", _box, 1),
    "bilinear": Kernel("bilinear", _triangle, 2),
    "quadratic": Kernel("quadratic", _quadratic, 3),
    "cubic": keys(),
    "lanczos2": Kernel("lanczos2", lambda t: _lanczos(t, 2), 4),
    "lanczos3": Kernel("lanczos3", lambda t: _lanczos(t, 3), 6),
}


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
    kernel = _named(kernel)
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

    Returns:
        weights (n_out, P) float64, indices (n_out, P) in 0 .. n_in - 1.

    Raises:
        ValueError: sizes below 1, a senseless scale, or over 16 million weights.
    """
    kernel = _named(kernel)
    n_in, n_out = check_whole(n_in, "n_in", 1), check_whole(n_out, "n_out", 1)
    if not _number(scale) > 0:
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
    weights, indices = _taps(u, samples.shape[-1], _named(kernel))  # (M, P)
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


def _named(kernel: str | Kernel) -> Kernel:
    if isinstance(kernel, Kernel):
        return kernel
    if not isinstance(kernel, str) or kernel not in KERNELS:
        raise ValueError(f"no kernel {kernel!r}; there are {', '.join(KERNELS)}")
    return KERNELS[kernel]


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
        scales = [_number(s) for s in pair]
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


def banded(weights: torch.Tensor, indices: torch.Tensor) -> Banded:
    """A filter matrix, nearly all zeros, cut into the dense blocks on its diagonal.

    Args:
        weights, indices: (n_out, P) each, as `contributions` gives them.

    Returns:
        blocks (first, last, matrix (last - first, outputs)): each makes 64 outputs or
        fewer from the input samples first .. last - 1.
    """
    blocks = []
    for start in range(0, len(weights), _BLOCK):
        w, i = weights[start : start + _BLOCK], indices[start : start + _BLOCK]
        first, last = int(i.min()), int(i.max()) + 1
        matrix = w.new_zeros(len(w), last - first).scatter_add_(1, i - first, w)
        blocks.append((first, last, matrix.T.contiguous()))
    return tuple(blocks)


def apply_banded(image: torch.Tensor, blocks: Banded, axis: int) -> torch.Tensor:
    """Filter one axis (0 rows, 1 columns) of (..., H, W): a small product a block."""
    parts = []
    for first, last, matrix in blocks:
        matrix = matrix.to(image)  # (K, outputs)
        if axis == 0:
            parts.append(matrix.T @ image[..., first:last, :])
        else:
            parts.append(image[..., first:last] @ matrix)
    return torch.cat(parts, dim=axis - 2)
