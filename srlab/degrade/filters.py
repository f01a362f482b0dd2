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

_SMALL = (0, 1, 3, 5)  # reaches of kernels that are quicker tap by tap
_NOTHING = 2.0**-22  # a share that no float32 sum of such a kernel shows


def blur(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """Convolve each image with its kernel: a point of light becomes the kernel.

    The border is mirrored (without repeating the border pixel). On a CPU kernels that
    are in truth small, up to 11 taps, are applied tap by tap, and larger ones by
    Fourier transform, so that 51 taps cost hardly more than 13; on a GPU all go the
    second way. Differentiable; not clamped.

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
    if image.device.type != "cpu":
        return _by_fourier(image, kernel)
    reach = _reach(kernel)
    parts, order = [], []
    for r in reach.unique().tolist():
        index = (reach == r).nonzero()[:, 0]
        order.append(index)
        whole = len(index) == len(image)
        some = image if whole else image.index_select(0, index)
        middle = slice(kernel.shape[-1] // 2 - r, kernel.shape[-1] // 2 + r + 1)
        taps = kernel[index, middle, middle]
        parts.append((_by_taps if r in _SMALL else _by_fourier)(some, taps))
    if len(parts) == 1:
        return parts[0]
    return torch.cat(parts).index_select(0, torch.cat(order).argsort())


def _reach(kernel: torch.Tensor) -> torch.Tensor:
    """How far from the middle each kernel has weight, (B, k, k) -> (B,) whole.

    Rounded up to one of `_SMALL`, or else to k // 2. What is left out sums to less than
    float32 can tell from nothing.
    """
    k = kernel.shape[-1]
    weight = kernel.detach().abs()
    total = weight.sum(dim=(1, 2))
    reach = torch.full((len(kernel),), k // 2)
    for r in reversed([r for r in _SMALL if r < k // 2]):
        middle = slice(k // 2 - r, k // 2 + r + 1)
        outside = total - weight[:, middle, middle].sum(dim=(1, 2))
        reach[outside <= _NOTHING * total] = r
    return reach


def _by_taps(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """(B, C, H, W), (B, k, k): one convolution, each channel a group of its own."""
    if kernel.shape[-1] == 1:
        return image * kernel[:, None]
    padded = reflect(image, kernel.shape[-1] // 2).flatten(0, 1)[None]
    taps = kernel.flip(1, 2)  # conv2d correlates
    taps = taps.repeat_interleave(image.shape[1], dim=0)[:, None]
    with torch.autocast("cpu", enabled=False):
        return F.conv2d(padded, taps, groups=len(taps)).view_as(image)


def _by_fourier(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """Two channels are the real and the imaginary part of one transform."""
    height, width = image.shape[-2:]
    reach = kernel.shape[-1] // 2
    padded = reflect(image, reach)
    size = [_fast(n) for n in padded.shape[-2:]]
    odd = torch.zeros_like(padded[:, 0::2])
    odd[:, : padded.shape[1] // 2] = padded[:, 1::2]
    pairs = torch.complex(padded[:, 0::2], odd)  # (B, ceil(C / 2), ...)
    spectrum = torch.fft.fft2(pairs, s=size)
    spectrum = spectrum * torch.fft.fft2(kernel[:, None], s=size)
    first = 2 * reach  # before it, the circle's other end leaks in
    pairs = torch.fft.ifft2(spectrum)
    pairs = pairs[..., first : first + height, first : first + width]
    result = torch.empty_like(image)
    result[:, 0::2] = pairs.real
    result[:, 1::2] = pairs.imag[:, : image.shape[1] // 2]
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
