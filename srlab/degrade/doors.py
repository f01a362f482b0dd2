# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What the degradations let in: images, numbers an image, and a generator."""

from __future__ import annotations

import torch

from srlab.images import FLOATS, check_image, check_tensor

__all__ = ["beside", "check", "check_generator", "per_image", "source", "to_grid"]


def check(image: torch.Tensor, name: str = "image") -> torch.Tensor:
    """An image (B, C, H, W), C = 1 or 3, as float32, or float64 where it is that.

    Values are looked at on the CPU only: reading them would make a GPU wait.

    Raises:
        TypeError, ValueError: as `srlab.images.check_image`.
    """
    if isinstance(image, torch.Tensor) and image.device.type == "cpu":
        check_image(image, name)
    else:
        check_tensor(image, name)
        if image.dtype not in FLOATS or image.ndim != 4 or not image.numel():
            check_image(image, name)  # it says what is wrong
        if image.shape[1] not in (1, 3):
            check_image(image, name)
    return image if image.dtype == torch.float64 else image.float()


def check_generator(generator: torch.Generator) -> torch.Generator:
    """A torch.Generator on the CPU, which draws alike on every machine."""
    if not isinstance(generator, torch.Generator):
        raise TypeError(
            f"generator is a {type(generator).__name__}; expected a torch.Generator: "
            "torch.Generator().manual_seed(0)"
        )
    if generator.device.type != "cpu":
        raise ValueError(
            f"the generator is on {generator.device}; expected one on the CPU, for "
            "images on any device: torch.Generator().manual_seed(0)"
        )
    return generator


def source(generator: torch.Generator, device: torch.device) -> torch.Generator:
    """The generator for values on the device: itself, or one that it seeds."""
    check_generator(generator)
    if device.type == "cpu":
        return generator
    seed = int(torch.randint(2**62, (), generator=generator).item())
    return torch.Generator(device).manual_seed(seed)


def per_image(
    value: float | torch.Tensor, batch: int, name: str, low: float, high: float
) -> torch.Tensor:
    """One number, or (B,) of them, as (B,) float32 on the CPU, each in low .. high.

    Raises:
        ValueError: no numbers, another length, or out of range.
    """
    try:
        values = torch.as_tensor(value, dtype=torch.float32, device="cpu")
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"{name} must be numbers, not {value!r:.60}") from None
    if values.ndim > 1 or values.numel() not in (1, batch):
        raise ValueError(
            f"{name} must be a number or {batch} of them, one for each image, "
            f"not the shape {tuple(values.shape)}"
        )
    if not ((values >= low) & (values <= high)).all():
        raise ValueError(f"{name} must be from {low:g} to {high:g}, not {value!r:.60}")
    return values.expand(batch)


def beside(
    values: torch.Tensor, image: torch.Tensor, dtype: torch.dtype | None = None
) -> torch.Tensor:
    """Values from the CPU on the image's device; the CPU does not wait for a GPU."""
    return values.to(device=image.device, dtype=dtype, non_blocking=True)


def to_grid(image: torch.Tensor) -> torch.Tensor:
    """Clamped and rounded to the 1/255 grid, as `srlab.images.round8`.

    Without its look at the values, for which a GPU would have to wait.
    """
    return (image * 255 + 0.5).clamp_(0, 255).floor_() / 255
