# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What passes as an image, and one clear sentence about what does not."""

from __future__ import annotations

import math

import torch

__all__ = [
    "FLOATS",
    "check_image",
    "check_one",
    "check_pair",
    "check_tensor",
    "check_whole",
]

FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
_OVERSHOOT = 0.5  # interpolation leaves [0, 1] a little; 0..255 does so by far


def check_image(
    image: torch.Tensor, name: str = "image", channels: tuple[int, ...] = (1, 3)
) -> torch.Tensor:
    """Let a good image through; say in one sentence what is wrong with another.

    Args:
        image: (B, C, H, W) float in [0, 1]. The overshoot of an interpolation, up to
            0.5 on either side, is let through; 0..255 is not.
        name: what the message calls it.
        channels: the numbers of channels that are accepted.

    Raises:
        TypeError: not a float tensor.
        ValueError: wrong shape, empty, NaN or infinite, or out of range.
    """
    check_tensor(image, name)
    if image.dtype not in FLOATS:
        raise TypeError(
            f"{name} holds {image.dtype}; expected float in [0, 1]: "
            "srlab.images.from_uint8 divides by 255"
        )
    if image.ndim != 4 or image.shape[1] not in channels:
        wanted = " or ".join(str(c) for c in channels)
        raise ValueError(
            f"{name} has the shape {tuple(image.shape)}; expected (B, C, H, W) "
            f"with C = {wanted}; image[None] adds a missing batch axis"
        )
    if image.numel() == 0:
        raise ValueError(f"{name} is empty: its shape is {tuple(image.shape)}")
    low, high = (v.item() for v in torch.aminmax(image.detach()))
    if not math.isfinite(low) or not math.isfinite(high):
        raise ValueError(f"{name} holds NaN or infinite values")
    if low < -_OVERSHOOT or high > 1 + _OVERSHOOT:
        raise ValueError(
            f"{name} goes from {low:.4g} to {high:.4g}; expected [0, 1]: "
            "divide 0..255 by 255, or .clamp(0, 1) what overshoots"
        )
    return image


def check_one(image: torch.Tensor, name: str = "image") -> torch.Tensor:
    """A single image (1, C, H, W), C = 1 or 3, as `check_image` wants it."""
    if check_image(image, name).shape[0] != 1:
        raise ValueError(
            f"{name} holds a batch of {image.shape[0]}; expected one image "
            "(1, C, H, W): image[:1] takes the first"
        )
    return image


def check_tensor(image: torch.Tensor, name: str = "image") -> torch.Tensor:
    """A dense image (..., H, W) with values in it; else TypeError or ValueError.

    name: what the message calls it.
    """
    if not isinstance(image, torch.Tensor):
        raise TypeError(
            f"{name} is a {type(image).__name__}; expected a torch tensor "
            "(B, C, H, W) in [0, 1], as srlab.photo or srlab.images.read give it"
        )
    if image.layout != torch.strided or image.is_meta:
        raise TypeError(f"{name} is sparse or without values; expected a dense tensor")
    if image.ndim < 2:
        raise ValueError(
            f"{name} has the shape {tuple(image.shape)}; expected (B, C, H, W)"
        )
    return image


def check_whole(value: int, name: str, low: int, high: int = 2**31) -> int:
    """A value from low to high as an int; else ValueError that says its name."""
    try:
        whole = int(value)
        good = not isinstance(value, bool | str) and whole == value
    except (TypeError, ValueError, OverflowError):
        good = False
    if not good or not low <= whole <= high:
        limits = f"{low} to {high}" if high < 2**31 else f"at least {low}"
        raise ValueError(f"{name} must be a whole number, {limits}, not {value!r:.60}")
    return whole


def check_pair(
    x: torch.Tensor, y: torch.Tensor, channels: tuple[int, ...] = (1, 3)
) -> None:
    """Two images of one shape, each as `check_image` wants it; else ValueError."""
    check_image(x, "the first image", channels)
    check_image(y, "the second image", channels)
    if x.shape != y.shape:
        raise ValueError(
            f"the images differ in shape: {tuple(x.shape)} and {tuple(y.shape)}; "
            "compare images of one size (srlab.imresize, srlab.images.shave)"
        )
