# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Convolution with a kernel an image, and the sharpening that is built on it."""

from __future__ import annotations

from functools import lru_cache

import torch
import torch.nn.functional as F

from srlab.degrade import kernels
from srlab.degrade.doors import beside, check

__all__ = ["blur", "reflect", "usm_sharpen"]

_CACHED = 2**15  # pixels that are transformed together on a CPU


def blur(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """Convolve each image with its kernel: a point of light becomes the kernel.

    The border is mirrored (without repeating the border pixel). By Fourier transform,
    so that 51 taps cost hardly more than 7. Differentiable; not clamped.

    Args:
        image: (B, C, H, W) in [0, 1], C = 1 or 3, any size.
        kernel: (k, k), or (B, k, k) with one for each image; k odd.

    Returns:
        (B, C, H, W), float32 (float64 for float64).

    Raises:
        TypeError, ValueError: no image, or a kernel of another shape.

    >>> point = torch.zeros(1, 1, 5, 5); point[..., 2, 2] = 1
    >>> round(blur(point, torch.full((3, 3), 1 / 9))[0, 0, 1, 1].item(), 4)
    0.1111
    """
    image = check(image)
    return convolve(image, _check_kernel(kernel, len(image)))


def convolve(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """`blur` without its checks; kernel (1 or B, k, k).

    On a CPU a few images at a time, so that a transform finds its values in the cache.
    """
    kernel = beside(kernel, image, image.dtype).expand(len(image), -1, -1)
    few = len(image)
    if image.device.type == "cpu":
        few = max(1, _CACHED // (image.shape[-2] * image.shape[-1]))
    if few >= len(image):
        return _transformed(image, kernel)
    parts = zip(image.split(few), kernel.split(few), strict=True)
    return torch.cat([_transformed(x, k) for x, k in parts])


def _transformed(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """A transform has a real and an imaginary part, so two channels go through one.

    Those are red and green, then blue with itself. (B, C, H, W), (B, k, k).
    """
    channels, (height, width) = image.shape[1], image.shape[-2:]
    reach = kernel.shape[-1] // 2
    partner = image[:, 1:] if channels == 3 else image
    pairs = reflect(torch.complex(image[:, 0::2], partner), reach)  # (B, 1 or 2, ., .)
    size = [_fast(n) for n in pairs.shape[-2:]]
    spectrum = torch.fft.fft2(pairs, s=size) * torch.fft.fft2(kernel[:, None], s=size)
    first = 2 * reach  # before it, the circle's other end leaks in
    pairs = torch.fft.ifft2(spectrum)
    pairs = pairs[..., first : first + height, first : first + width]
    result = torch.empty_like(image)
    result[:, 0::2] = pairs.real
    if channels == 3:
        result[:, 1] = pairs.imag[:, 0]
    return result


def usm_sharpen(
    image: torch.Tensor, weight: float = 0.5, taps: int = 51, threshold: float = 10
) -> torch.Tensor:
    r"""Unsharp masking where an edge is: Real-ESRGAN's targets are sharpened so.

    With the blur b of x (Gaussian, sigma = 0.3 ((taps - 1) / 2 - 1) + 0.8: 8 pixels for
    51 taps) and m the blurred map of |x - b| > threshold / 255:
    $m \, \mathrm{clip}(x + w (x - b)) + (1 - m) \, x$.

    Args:
        image: (B, C, H, W) in [0, 1].
        weight: w, how strongly.
        taps: of the Gaussian, odd.
        threshold: in levels of 255; less is taken for noise and left alone.

    Returns:
        (B, C, H, W) in [0, 1] for an input in [0, 1].
    """
    image = check(image)
    kernel = kernels.isotropic(taps, 0.3 * ((taps - 1) * 0.5 - 1) + 0.8)[None]
    detail = image - convolve(image, kernel)
    edges = (detail.abs() * 255 > threshold).to(image)
    soft = convolve(edges, kernel).clamp(0, 1)
    sharp = (image + weight * detail).clamp(0, 1)
    return soft * sharp + (1 - soft) * image


def reflect(image: torch.Tensor, reach: int) -> torch.Tensor:
    """Mirror (..., H, W) at its border pixels, as often as it takes.

    (..., H, W) -> (..., H + 2 reach, W + 2 reach); of one pixel, copies of it.

    >>> reflect(torch.tensor([[[[1.0, 2.0, 3.0]]]]), 2)[0, 0, 2].tolist()
    [3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0]
    """
    if reach == 0:
        return image
    if reach < min(image.shape[-2:]):
        return F.pad(image, (reach,) * 4, mode="reflect")
    for axis in (-2, -1):
        n = image.shape[axis]
        period = max(2 * n - 2, 1)
        index = torch.arange(-reach, n + reach, device=image.device) % period
        index = torch.where(index < n, index, period - index)
        image = image.index_select(axis, index)
    return image


@lru_cache(maxsize=256)
def _fast(n: int) -> int:
    """The next size that the Fourier transform is quick at."""
    from scipy.fft import next_fast_len

    return next_fast_len(n, real=True)  # factors 2, 3 and 5 only


def _check_kernel(kernel: torch.Tensor, batch: int) -> torch.Tensor:
    """(k, k) or (B, k, k) -> (1 or B, k, k)."""
    good = isinstance(kernel, torch.Tensor) and kernel.is_floating_point()
    good = good and kernel.ndim in (2, 3) and kernel.shape[-1] == kernel.shape[-2]
    if good and kernel.ndim == 2:
        kernel = kernel[None]
    if not good or kernel.shape[-1] % 2 != 1 or len(kernel) not in (1, batch):
        shape = tuple(kernel.shape) if isinstance(kernel, torch.Tensor) else kernel
        raise ValueError(
            f"kernel must be float (k, k) or ({batch}, k, k), k odd, not {shape!r:.60}"
        )
    return kernel
