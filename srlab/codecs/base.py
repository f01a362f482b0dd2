# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""What a codec is, what its rate is, and the error of a broken stream.

`check_one` is the door of every encoder; `check_name` and `set_whole` are those of
their settings. A family of codecs says in `grades` which setting is its quality, and
its values from the smallest files to the largest.
"""

from __future__ import annotations

from numbers import Real
from typing import Protocol, runtime_checkable

import torch

from srlab.images import check_one, check_tensor, check_whole

__all__ = ["Codec", "CorruptStream", "bpp", "check_name", "check_one", "set_quality"]
__all__ += ["set_whole"]


class CorruptStream(ValueError):
    """The bytes are not what the encoder wrote: cut off, damaged or of another kind."""


@runtime_checkable
class Codec(Protocol):
    """An image goes in, bytes come out, and an image comes back from them."""

    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1], C = 1 or 3 -> the bytes of a whole file."""

    def decode(self, data: bytes) -> torch.Tensor:
        """Bytes -> (1, C, H, W) float32 on the 1/255 grid; CorruptStream if broken.

        data: a whole file, as `encode` gives it.
        """


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


def check_name(value: object, name: str, known: tuple[str, ...]) -> None:
    """ValueError unless a setting is one of the known words."""
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}, not {value!r:.40}")


def set_whole(codec: object, name: str, low: int, high: int) -> None:
    """Check a setting of a frozen dataclass; a slider's numbers become Python's."""
    value = check_whole(getattr(codec, name), name, low, high)
    object.__setattr__(codec, name, value)


def set_quality(codec: object, name: str, low: float, high: float) -> None:
    """Check a setting that may be a fraction; a whole one becomes an int."""
    value = getattr(codec, name)
    good = isinstance(value, Real) and not isinstance(value, bool)
    if not good or not low <= value <= high:
        raise ValueError(f"{name} must be {low} to {high}, not {value!r:.40}")
    value = float(value)
    object.__setattr__(codec, name, int(value) if value == int(value) else value)
