# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What a codec is, what its rate is, and the error of a broken stream.

`check_one` is the door of every encoder.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch

from srlab.images import check_one, check_tensor

__all__ = ["Codec", "CorruptStream", "bpp", "check_one"]


class CorruptStream(ValueError):
    """The bytes are not what the encoder wrote: cut off, damaged or of another kind."""


@runtime_checkable
class Codec(Protocol):
    """An image goes in, bytes come out, and an image comes back from them."""

    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1], C = 1 or 3 -> the bytes of a whole file."""

    def decode(self, data: bytes) -> torch.Tensor:
        """Bytes -> (1, C, H, W) float32 on the 1/255 grid; CorruptStream if broken."""


def bpp(data: bytes, image: torch.Tensor) -> float:
    """The rate in bits per pixel: 8 len(data) / (H W), of real bytes and nothing else.

    Args:
        data: all that a decoder gets. image: (B, C, H, W), or any (..., H, W).

    Raises:
        TypeError, ValueError: no bytes, or an image that is no tensor or empty.

    >>> bpp(bytes(16), torch.zeros(1, 3, 8, 8))
    2.0
    """
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"data is a {type(data).__name__}; expected a file's bytes")
    if not check_tensor(image).numel():
        raise ValueError(f"image is empty: its shape is {tuple(image.shape)}")
    return 8 * len(data) / (image.shape[-2] * image.shape[-1])
