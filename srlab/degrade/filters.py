# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Convolution with a kernel an image, and the sharpening that is built on it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import torch
import torch.nn.functional as F
from scipy import fft

from srlab.degrade import kernels
from srlab.degrade.doors import beside, check

__all__ = ["blur", "reflect", "usm_sharpen"]


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
    """`blur` without its checks; kernel (1 or B, k, k)."""
    kernel = beside(kernel, image, image.dtype).expand(len(image), -1, -1)
    reach = kernel.shape[-1] // 2
    padded = reflect(image, reach)
    if image.device.type == "cpu" and not (
        padded.requires_grad or kernel.requires_grad
    ):
        full = _one_by_one(padded, kernel)
    else:
        size = [_fast(n, image.device.type) for n in padded.shape[-2:]]
        spectrum = torch.fft.rfft2(kernel[:, None], s=size)
        spectrum = torch.fft.rfft2(padded, s=size) * spectrum
        full = torch.fft.irfft2(spectrum, s=size)
    height, width = image.shape[-2:]
    first = 2 * reach  # before it, the circle's other end leaks in
    return full[..., first : first + height, first : first + width]


def _one_by_one(padded: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """Each image's transforms by one thread, the images by as many as torch may use.

    So the values do not depend on the number of threads, as torch's own transforms do,
    and an image finds its values in the cache.
    """
    size = [_fast(n, "cpu") for n in padded.shape[-2:]]
    result = torch.empty(*padded.shape[:2], *size, dtype=padded.dtype)
    images, kernels, found = (t.numpy() for t in (padded, kernel, result))

    def filtered(i: int) -> None:
        spectrum = fft.rfft2(images[i], s=size)
        spectrum *= fft.rfft2(kernels[i], s=size)
        found[i] = fft.irfft2(spectrum, s=size, overwrite_x=True)

    threads = min(torch.get_num_threads(), len(images))
    if threads == 1:
        for i in range(len(images)):
            filtered(i)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(filtered, range(len(images))))
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


@lru_cache(maxsize=1024)
def _fast(n: int, device: str) -> int:
    """The next size that the Fourier transform is quick at.

    Elsewhere than on a CPU, one of few sizes, since each new one has to be planned.
    """
    if device != "cpu":
        return -(-n // 32) * 32
    return fft.next_fast_len(n, real=True)  # factors 2, 3 and 5 only


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
