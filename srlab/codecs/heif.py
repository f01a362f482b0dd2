# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""HEVC's intra pictures in .heic files: the stand-in for BPG.

BPG (F. Bellard, 2014) is an HEVC intra picture in a container of its own, and no kept
Python library writes it. The .heic files here hold the same kind of picture, by the
same encoder as BPG's usual one (x265), newer and with other settings: near BPG's
published curve, not on it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import torch

from srlab.codecs.base import CorruptStream, check_name, check_one, set_whole
from srlab.images import from_uint8, to_pillow
from srlab.images.files import MAX_PIXELS

__all__ = ["HEIF"]

_CHROMA = {"4:4:4": 444, "4:2:2": 422, "4:2:0": 420}
_BROKEN = (ValueError, RuntimeError, LookupError, EOFError, OSError, SyntaxError)
_PRESETS = ("ultrafast", "veryfast", "fast", "medium", "slow")


@dataclass(frozen=True)
class HEIF:
    """Lossy HEIF: HEVC intra, by x265.

    Attributes:
        quality: 0 (smallest) to 100; x265's QP is about (100 - quality) / 2.
        subsampling: of the chroma: "4:4:4", "4:2:2" or "4:2:0".
        preset: x265's, from "ultrafast" to "slow".
    """

    quality: int = 50
    subsampling: str = "4:2:0"
    preset: str = "slow"

    grades = ("quality", range(101))

    def __post_init__(self) -> None:
        set_whole(self, "quality", 0, 100)
        check_name(self.subsampling, "subsampling", tuple(_CHROMA))
        check_name(self.preset, "preset", _PRESETS)

    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1], C = 1 or 3 -> the bytes of a .heic file.

        ValueError for a side below 16 pixels: x265 takes no less.
        """
        import pillow_heif

        if min(check_one(image).shape[-2:]) < 16:
            raise ValueError(
                f"HEIF takes pictures from 16 x 16 pixels, not {tuple(image.shape[2:])}"
            )
        file = pillow_heif.from_pillow(to_pillow(image))
        target = io.BytesIO()
        file.save(
            target, quality=self.quality, chroma=_CHROMA[self.subsampling],
            enc_params={"preset": self.preset},
        )  # fmt: skip
        return target.getvalue()

    def decode(self, data: bytes) -> torch.Tensor:
        """The bytes of a .heic -> (1, C, H, W) float32 on the 1/255 grid.

        CorruptStream if they are none.
        """
        import numpy as np
        import pillow_heif

        data = bytes(memoryview(data))
        if data[4:8] != b"ftyp":
            raise CorruptStream(f"these {len(data)} bytes are no .heic file")
        try:
            file = pillow_heif.open_heif(data, convert_hdr_to_8bit=True)
            if file.size[0] * file.size[1] > MAX_PIXELS:
                raise ValueError(f"{file.size[0]} x {file.size[1]} pixels are too many")
            array = np.asarray(file)
        except _BROKEN as error:
            raise CorruptStream(f"damaged .heic file: {error}") from None
        array = array[:, :, None] if array.ndim == 2 else array[..., :3]
        image = torch.from_numpy(array.copy()).permute(2, 0, 1)[None]
        return from_uint8(image)
