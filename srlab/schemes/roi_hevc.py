# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""HEVC that codes a region finer: one standard stream, by x265's regions of interest.

ITU-T H.265 / ISO/IEC 23008-2 lets the quantisation parameter (QP) change from block to
block and says so in the stream, so any decoder reads it. x265 takes the regions as
rectangles; six QP more double the quantisation step.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from srlab.codecs.base import CorruptStream, check_name, check_one
from srlab.schemes import av_frames as frames
from srlab.schemes.maps import SaliencyLike, blocks, resolve

__all__ = ["RoiHEVC", "cover", "region"]


@dataclass(frozen=True, eq=False)
class RoiHEVC:
    """HEVC's intra pictures with a finer region, by x265.

    Attributes:
        saliency: image -> (1, 1, H, W) in [0, 1], or such a map; None: the plain codec,
            with the very same settings. So does a map that is the same everywhere
            after the threshold.
        crf: x265's constant rate factor of the background, 0 (finest) to 51.
        offset: -1 to 1; 51 times it is added to the region's QP, so -0.25 is 13 steps
            finer, a quantisation step 4.4 times smaller.
        threshold: blocks in which the map reaches it anywhere are the region.
        subsampling: of the chroma, "4:2:0" (even sides) or "4:4:4" (any).
        preset: x265's, from "ultrafast" to "slow".
        block: side in pixels of the blocks that get one QP: 16, 32 or 64.
    """

    saliency: SaliencyLike = field(default=None, repr=False)
    crf: float = 30.0
    offset: float = -0.25
    threshold: float = 0.5
    subsampling: str = "4:2:0"
    preset: str = "medium"
    block: int = 16

    grades = ("crf", tuple(51 - k / 4 for k in range(205)))

    def __post_init__(self) -> None:
        frames.check_number(self, "crf", 0, 51)
        frames.check_number(self, "offset", -1, 1)
        frames.check_number(self, "threshold", 0, 1)
        check_name(self.subsampling, "subsampling", tuple(frames.FORMATS))
        check_name(self.preset, "preset", frames.PRESETS)
        frames.check_block(self.block)

    @staticmethod
    def available() -> bool:
        """Is PyAV here, with libx265 and the filter addroi?"""
        return frames.available("libx265")

    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1], C = 1 or 3 -> the bytes of an .hevc stream.

        The same bytes every time. Sides of 16 pixels at least, even for "4:2:0".

        Raises:
            ImportError: no PyAV, or one without x265.
            ValueError: a size that does not go, or a map as in `maps.resolve`.
        """
        av = frames.load("libx265")
        channels, height, width = check_one(image).shape[1:]
        form = frames.pixel_format(channels, self.subsampling)
        frames.check_size(height, width, form)
        rectangles = cover(self.blocks(image), self.block, height, width)
        whole, rest = frames.split_crf(self.crf)
        frame = frames.frame_of(image, form)
        frame = frames.mark(frame, rectangles if self.offset else [], self.offset, rest)
        context = av.CodecContext.create("libx265", "w")
        context.width, context.height, context.pix_fmt = width, height, form
        context.time_base = frame.time_base
        frames.colours(context)
        context.options = frames.still_options(whole, self.preset, self.block)
        packets = [*context.encode(frame), *context.encode(None)]
        return b"".join(bytes(packet) for packet in packets)

    def decode(self, data: bytes) -> torch.Tensor:
        """The bytes of an .hevc stream -> (1, C, H, W) float32 on the 1/255 grid.

        Raises:
            CorruptStream: no such stream, or cut off. HEVC has no checksum, so other
                damage may go unnoticed and show in the picture.
        """
        av = frames.load("libx265")
        data = frames.check_bytes(data)
        if not data.startswith((b"\0\0\1", b"\0\0\0\1")):
            raise CorruptStream(f"these {len(data)} bytes are no HEVC stream")
        context = av.CodecContext.create("hevc", "r")
        context.options = frames.DECODING
        try:
            found = []
            for packet in [*context.parse(data), *context.parse(None), None]:
                found += context.decode(packet)
        except (av.FFmpegError, ValueError) as error:
            raise CorruptStream(f"damaged HEVC stream: {error}") from None
        if len(found) != 1:
            raise CorruptStream(f"expected one picture, found {len(found)}")
        return frames.image_of(found[0])

    def blocks(self, image: torch.Tensor) -> torch.Tensor:
        """(h, w) bool: which blocks of the image are coded finer."""
        return region(resolve(self.saliency, image), self.threshold, self.block)


def region(P: torch.Tensor, threshold: float, block: int) -> torch.Tensor:
    """The blocks in which a map (1, 1, H, W) reaches the threshold: (h, w) bool.

    A threshold of 0 means above 0, or there would be no background at all.
    """
    highest = blocks(P, block)
    return highest >= threshold if threshold else highest > 0


def cover(
    inside: torch.Tensor, block: int, height: int, width: int
) -> list[frames.Rectangle]:
    """Few rectangles that hold the chosen blocks and no other, in pixels.

    Greedy: from the first block that is left, as far right as it goes, then as far
    down as the whole row of blocks goes. None where all blocks are chosen: a region
    that is everywhere says nothing.

    Args:
        inside: (h, w) bool. block: their side. height, width: of the picture, which
            the last blocks may overhang.

    Returns:
        (x, y, width, height) of rectangles that do not overlap.

    >>> cover(torch.tensor([[True, True], [True, True], [True, False]]), 16, 40, 32)
    [(0, 0, 32, 32), (0, 32, 16, 8)]
    """
    left = inside.cpu().numpy().copy()
    if left.all():
        return []
    found = []
    for i, j in np.argwhere(left):
        if not left[i, j]:
            continue  # a rectangle above took it
        right = j + _run(left[i, j:])
        down = i + _run(left[i:, j:right].all(axis=1))
        left[i:down, j:right] = False
        x, y = int(j) * block, int(i) * block
        w, h = min(int(right) * block, width) - x, min(int(down) * block, height) - y
        found.append((x, y, w, h))
    return found


def _run(values: np.ndarray) -> int:
    """How many are true before the first that is not."""
    return len(values) if values.all() else int(values.argmin())
