# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Standard files through Pillow: bytes that any viewer opens."""

from __future__ import annotations

import io
from dataclasses import dataclass

import torch

from srlab.codecs.base import CorruptStream, check_one
from srlab.images import check_whole, make_room, read, to_pillow

__all__ = ["JPEG", "WebP"]

_SUBSAMPLING = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}  # Pillow's numbers
_SIGNATURES = {"JPEG": (0, b"\xff\xd8"), "WEBP": (8, b"WEBP")}  # kind -> place, bytes


@dataclass(frozen=True)
class JPEG:
    """Baseline JPEG with optimised Huffman tables.

    Attributes:
        quality: 1 (smallest) to 100, libjpeg's scale of the quantisation tables.
        subsampling: of the chroma: "4:4:4", "4:2:2" or "4:2:0".
    """

    quality: int = 75
    subsampling: str = "4:2:0"

    def __post_init__(self) -> None:
        _set_whole(self, "quality", 1, 100)
        if self.subsampling not in tuple(_SUBSAMPLING):
            raise ValueError(
                f"subsampling must be one of {', '.join(_SUBSAMPLING)}, "
                f"not {self.subsampling!r}"
            )

    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1], C = 1 or 3 -> the bytes of a .jpg file."""
        options = {"quality": self.quality, "optimize": True}
        if check_one(image).shape[1] == 3:
            options["subsampling"] = _SUBSAMPLING[self.subsampling]
        return _encode(image, "JPEG", **options)

    def decode(self, data: bytes) -> torch.Tensor:
        """The bytes of a .jpg -> (1, C, H, W) float32 on the 1/255 grid."""
        return _decode(data, "JPEG")


@dataclass(frozen=True)
class WebP:
    """Lossy WebP.

    Attributes:
        quality: 0 (smallest) to 100.
        method: 0 (fast) to 6 (small files).
    """

    quality: int = 75
    method: int = 4

    def __post_init__(self) -> None:
        _set_whole(self, "quality", 0, 100)
        _set_whole(self, "method", 0, 6)

    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1], C = 1 or 3 -> the bytes of a .webp file."""
        return _encode(image, "WEBP", quality=self.quality, method=self.method)

    def decode(self, data: bytes) -> torch.Tensor:
        """The bytes of a .webp -> (1, 3, H, W) float32 on the 1/255 grid."""
        return _decode(data, "WEBP")


def _set_whole(codec: JPEG | WebP, name: str, low: int, high: int) -> None:
    """Check one setting; numpy's and a slider's numbers become Python's."""
    value = check_whole(getattr(codec, name), name, low, high)
    object.__setattr__(codec, name, value)  # the dataclass is frozen


def _encode(image: torch.Tensor, kind: str, **options) -> bytes:
    picture = to_pillow(image)
    make_room(image.numel())
    buffer = io.BytesIO()
    try:
        picture.save(buffer, kind, **options)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{kind} cannot hold {picture.height} x {picture.width} pixels: {error}"
        ) from None
    return buffer.getvalue()


def _decode(data: bytes, kind: str) -> torch.Tensor:
    try:
        data = bytes(memoryview(data))
    except TypeError:
        given = type(data).__name__
        raise TypeError(f"decode takes the bytes of a file, not a {given}") from None
    place, signature = _SIGNATURES[kind]
    if not data.startswith(signature, place):
        raise CorruptStream(f"these {len(data)} bytes are not a {kind} file")
    try:
        return read(data, keep_grey=True)
    except ValueError as error:
        raise CorruptStream(f"broken {kind} file: {error}") from None
