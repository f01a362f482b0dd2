# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The numbers of an image: 8 bits, luma and chroma, cropping.

Luma and chroma: ITU-R BT.601, studio swing, as MATLAB's ``rgb2ycbcr`` computes them;
Pillow's and OpenCV's YCbCr are full range and give other numbers.
"""

from __future__ import annotations

import torch

from srlab.images.doors import FLOATS, check_image, check_tensor, check_whole

__all__ = [
    "crop_to_multiple",
    "from_uint8",
    "luma",
    "rgb",
    "round8",
    "shave",
    "to_uint8",
    "ycbcr",
]

# R, G, B in [0, 1] -> Y, Cb, Cr of BT.601 in studio swing, before the offsets.
_FROM_RGB = torch.tensor(
    [
        [65.481, 128.553, 24.966],
        [-37.797, -74.203, 112.0],
        [112.0, -93.786, -18.214],
    ],
    dtype=torch.float64,
)
_OFFSET = torch.tensor([16.0, 128.0, 128.0], dtype=torch.float64)


def to_uint8(image: torch.Tensor) -> torch.Tensor:
    """An image in [0, 1] -> 0..255, clamped, rounded half up as MATLAB does.

    >>> to_uint8(torch.tensor([0.0, 0.5, 1.0, 1.2])).tolist()
    [0, 128, 255, 255]
    """
    _check_float(image)
    return (image * 255 + 0.5).clamp_(0, 255).to(torch.uint8)  # cuts the fraction off


def from_uint8(image: torch.Tensor) -> torch.Tensor:
    """An image of 0..255 -> float32 in [0, 1]; TypeError if it is not uint8."""
    if not isinstance(image, torch.Tensor) or image.dtype != torch.uint8:
        kind = getattr(image, "dtype", type(image).__name__)
        raise TypeError(f"expected uint8 values, got {kind}")
    return image.to(torch.float32) / 255


def round8(image: torch.Tensor) -> torch.Tensor:
    """The image clamped to [0, 1], on the 1/255 grid: what a file would hold."""
    _check_float(image)
    return (image * 255 + 0.5).clamp(0, 255).floor() / 255


def _check_float(image: torch.Tensor) -> None:
    """Any shape, but numbers that mean [0, 1]: 0..255 would come out all white."""
    if not isinstance(image, torch.Tensor) or image.dtype not in FLOATS:
        kind = getattr(image, "dtype", type(image).__name__)
        raise TypeError(f"expected a float tensor in [0, 1], got {kind}")
    if image.isnan().any():
        raise ValueError("the image holds NaN; no 8-bit value stands for it")


def ycbcr(image: torch.Tensor) -> torch.Tensor:
    r"""RGB -> Y, Cb, Cr of BT.601 in studio swing, divided by 255.

    $Y = (16 + 65.481 R + 128.553 G + 24.966 B) / 255$: black is 16/255, white 235/255.

    Args:
        image: (B, 3, H, W) in [0, 1].

    Returns:
        (B, 3, H, W); Y in [16, 235] / 255, Cb and Cr in [16, 240] / 255.
    """
    check_image(image, channels=(3,))
    matrix = (_FROM_RGB / 255).to(image)
    offset = (_OFFSET / 255).to(image)
    return torch.einsum("ij,bjhw->bihw", matrix, image) + offset.view(1, 3, 1, 1)


def rgb(image: torch.Tensor) -> torch.Tensor:
    """The inverse of `ycbcr`: (B, 3, H, W) Y, Cb, Cr -> RGB, not clamped."""
    check_image(image, "the YCbCr image", channels=(3,))
    matrix = torch.linalg.inv(_FROM_RGB / 255).to(image)
    offset = (_OFFSET / 255).to(image)
    return torch.einsum("ij,bjhw->bihw", matrix, image - offset.view(1, 3, 1, 1))


def luma(image: torch.Tensor) -> torch.Tensor:
    """The Y of `ycbcr`: (B, 3, H, W) -> (B, 1, H, W) in [16, 235] / 255.

    An image of one channel is luma already and comes back as it is.

    >>> round(luma(torch.ones(1, 3, 1, 1)).item() * 255)
    235
    """
    check_image(image)
    if image.shape[1] == 1:
        return image
    r, g, b = image.split(1, dim=1)  # (B, 1, H, W) each
    kr, kg, kb = _FROM_RGB[0].tolist()  # numbers: no rounding to the image's dtype
    return (r * kr + g * kg + b * kb + _OFFSET[0].item()) / 255


def crop_to_multiple(image: torch.Tensor, multiple: int) -> torch.Tensor:
    """Cut right and bottom so that H and W are multiples (the papers' mod-crop).

    (..., H, W) -> (..., H - H mod m, W - W mod m) with m = multiple, a view.
    ValueError where nothing is left.
    """
    multiple = check_whole(multiple, "multiple", 1)
    height, width = (n - n % multiple for n in check_tensor(image).shape[-2:])
    if not height or not width:
        raise ValueError(
            f"an image of {image.shape[-2]} x {image.shape[-1]} pixels has no "
            f"multiple of {multiple} in it"
        )
    return image[..., :height, :width]


def shave(image: torch.Tensor, border: int) -> torch.Tensor:
    """Cut `border` pixels from each side, as the tables do before they measure.

    (..., H, W) -> (..., H - 2 border, W - 2 border), a view. ValueError where nothing
    is left.
    """
    border = check_whole(border, "border", 0)
    check_tensor(image)
    if 2 * border >= min(image.shape[-2:]):
        raise ValueError(
            f"nothing is left of {image.shape[-2]} x {image.shape[-1]} pixels "
            f"after {border} are cut from each side"
        )
    end = -border or None
    return image[..., border:end, border:end]
