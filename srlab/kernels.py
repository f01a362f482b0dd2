# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Interpolation kernels h(t): how much a sample counts at a distance of t samples.

R. Keys, "Cubic convolution interpolation for digital image processing", 1981,
doi:10.1109/TASSP.1981.1163711. N. Dodgson, "Quadratic interpolation for image
resampling", 1997, doi:10.1109/83.623195.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch

__all__ = ["KERNELS", "Kernel", "finite", "keys", "named"]


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
        if not callable(self.function) or not 0 < finite(self.width) <= 1000:
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


def finite(value: float) -> float:
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
    ValueError for an a that is not finite.

    >>> keys()([0.0, 0.5, 1.0, 1.5]).tolist()
    [1.0, 0.5625, 0.0, -0.0625]
    """
    if math.isnan(finite(a)):
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


def named(kernel: str | Kernel) -> Kernel:
    """The kernel of a name in `KERNELS`, or as it is; ValueError lists the names."""
    if isinstance(kernel, Kernel):
        return kernel
    if not isinstance(kernel, str) or kernel not in KERNELS:
        raise ValueError(f"no kernel {kernel!r}; there are {', '.join(KERNELS)}")
    return KERNELS[kernel]
