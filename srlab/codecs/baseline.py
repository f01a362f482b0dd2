# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Baseline JPEG from its parts, written to be read: `BaselineJPEG`.

G. K. Wallace, "The JPEG still picture compression standard", Communications of the ACM
34 (1991); ITU-T T.81 (1992); the colours are JFIF's (BT.601, full range).

    RGB -> YCbCr -> halve Cb, Cr -> blocks -> DCT -> / table, round -> zigzag -> bits

Its files open anywhere. What differs from libjpeg: the DCT is computed with floating
point numbers, and the decoder repeats each pixel of halved chroma where libjpeg
interpolates. No progressive files, no optimised tables (they are read), no 12 bits.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import torch

from srlab.codecs.base import CorruptStream, check_name, check_one, set_whole
from srlab.codecs.huffman import STANDARD, Huffman, decode_segment, encode_segment
from srlab.codecs.jpeg_file import ZIGZAG, Frame, head, read, segments
from srlab.images import from_uint8, to_uint8

__all__ = ["ANNEX_K", "DCT", "ZIGZAG", "BaselineJPEG", "quantisation_table"]

_LUMA = """
16 11 10 16  24  40  51  61    12 12 14 19  26  58  60  55
14 13 16 24  40  57  69  56    14 17 22 29  51  87  80  62
18 22 37 56  68 109 103  77    24 35 55 64  81 104 113  92
49 64 78 87 103 121 120 101    72 92 95 98 112 100 103  99"""
_CHROMA = "17 18 24 47 " + 4 * "99 " + "18 21 26 66 " + 4 * "99 "
_CHROMA += "24 26 56 " + 5 * "99 " + "47 66 " + 38 * "99 "
ANNEX_K = np.array([_LUMA.split(), _CHROMA.split()], dtype=np.int64).reshape(2, 8, 8)
_N = np.arange(8)
DCT = np.sqrt(np.where(_N[:, None], 2, 1) / 8) * np.cos(
    np.pi / 16 * _N[:, None] * (2 * _N + 1)
)  # (8, 8), a row a frequency; DCT @ DCT.T = 1
_TO_YCC = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
)
_SAMPLING = {"4:4:4": (1, 1), "4:2:0": (2, 2)}
_GREY = 128


def quantisation_table(quality: float, chroma: bool = False) -> np.ndarray:
    """Annex K's table for a quality, by libjpeg's rule: (8, 8) whole numbers, 1 to 255.

    At quality 50 the table as it is; below, times 50 / quality; above, times
    (100 - quality) / 50. Fractions of a quality are allowed.

    >>> quantisation_table(50)[0, :4].tolist(), quantisation_table(75)[0, :4].tolist()
    ([16, 11, 10, 16], [8, 6, 5, 8])
    """
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    table = (ANNEX_K[int(chroma)] * scale + 50) // 100
    return np.clip(table, 1, 255).astype(np.int64)


@dataclass(frozen=True)
class BaselineJPEG:
    """Baseline JPEG with Annex K's tables, in NumPy.

    Attributes:
        quality: 1 (smallest) to 100.
        subsampling: of the chroma: "4:4:4" or "4:2:0".
        restart: units (8x8 or 16x16 pixels) from one restart marker to the next, so
            that damage ends there; 0: no markers.
    """

    quality: int = 75
    subsampling: str = "4:2:0"
    restart: int = 0

    grades = ("quality", range(1, 101))

    def __post_init__(self) -> None:
        set_whole(self, "quality", 1, 100)
        set_whole(self, "restart", 0, 65535)
        check_name(self.subsampling, "subsampling", tuple(_SAMPLING))

    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1], C = 1 or 3 -> the bytes of a .jpg file.

        ValueError for a side above 65,535 pixels.
        """
        pixels = to_uint8(check_one(image))[0].permute(1, 2, 0).cpu().numpy()
        height, width, channels = pixels.shape
        if max(height, width) > 65535:
            raise ValueError(f"JPEG cannot hold {height} x {width} pixels")
        sampling = _SAMPLING[self.subsampling] if channels == 3 else (1, 1)
        frame = Frame(height, width, [sampling, (1, 1), (1, 1)][:channels])
        frame.tables = [quantisation_table(self.quality, c > 0) for c in frame.numbers]
        units = _to_units(pixels, frame)
        step = self.restart or len(units)
        parts = [head(frame, self.restart)]
        for k, start in enumerate(range(0, len(units), step)):
            if k:
                parts.append(bytes((0xFF, 0xD0 + (k - 1) % 8)))
            part = units[start : start + step]
            parts.append(encode_segment(part, frame.components, _standard(channels)))
        return b"".join((*parts, b"\xff\xd9"))

    def decode(self, data: bytes, keep: bool = False) -> torch.Tensor:
        """The bytes of a baseline .jpg -> (1, C, H, W) float32 on the 1/255 grid.

        Args:
            data: a whole file, of this class or another baseline encoder.
            keep: where the picture's data are damaged, go on at the next restart
                marker; what is lost is grey. Else CorruptStream.

        TypeError for what is no bytes.
        """
        try:
            data = bytes(memoryview(data))
        except TypeError:
            given = type(data).__name__
            raise TypeError(f"decode takes a file's bytes, not a {given}") from None
        try:
            frame, huffman, restart, scan = read(data)
        except (IndexError, struct.error, KeyError, ValueError) as error:
            if isinstance(error, CorruptStream):
                raise
            raise CorruptStream(f"the head is damaged: {error}") from None
        bits = 8 * len(scan)
        if 2 * frame.units * len(frame.components) > bits and not keep:
            raise CorruptStream("the picture's data are cut off")
        units = np.zeros((frame.units, len(frame.components), 64), np.int32)
        step = restart or frame.units
        for start, segment in segments(scan, step, frame.units, keep):
            part = units[start : start + step]
            try:
                decode_segment(segment, part, frame.components, huffman)
            except CorruptStream:
                if not keep:
                    raise
        pixels = _to_pixels(units, frame)
        return from_uint8(torch.from_numpy(pixels).permute(2, 0, 1)[None].contiguous())


def _standard(channels: int) -> list[tuple[Huffman, Huffman]]:
    return [(STANDARD[c > 0, 0], STANDARD[c > 0, 1]) for c in range(channels)]


def _to_units(pixels: np.ndarray, frame: Frame) -> np.ndarray:
    """(H, W, C) uint8 -> (units, blocks of a unit, 64) quantised, in zigzag order."""
    rows, columns = frame.grid
    v, h = frame.sampling[0]
    more = (8 * v * rows - frame.height, 8 * h * columns - frame.width)
    planes = np.pad(pixels, ((0, more[0]), (0, more[1]), (0, 0)), mode="edge")
    planes = planes.astype(np.float64)
    if len(frame.sampling) == 3:
        planes = np.rint(planes @ _TO_YCC.T + [0, 128, 128]).clip(0, 255)
    blocks = []
    for c in frame.numbers:
        plane = planes[..., c]
        if c and (v, h) != (1, 1):
            plane = plane.reshape(8 * rows, v, 8 * columns, h).mean(axis=(1, 3))
        vc, hc = frame.sampling[c]
        part = plane.reshape(rows, vc, 8, columns, hc, 8).transpose(0, 3, 1, 4, 2, 5)
        part = np.round(DCT @ (part - _GREY) @ DCT.T, 6)  # ties the same everywhere
        part = np.rint(part / frame.tables[c]).astype(np.int32)
        blocks.append(part.reshape(rows * columns, vc * hc, 64)[..., ZIGZAG])
    return np.concatenate(blocks, axis=1)


def _to_pixels(units: np.ndarray, frame: Frame) -> np.ndarray:
    """The inverse of `_to_units`, but for what was rounded away: (H, W, C) uint8."""
    rows, columns = frame.grid
    v, h = frame.sampling[0]
    planes, begin = [], 0
    for c in frame.numbers:
        vc, hc = frame.sampling[c]
        part = units[:, begin : begin + vc * hc, np.argsort(ZIGZAG)]
        begin += vc * hc
        part = part.reshape(rows, columns, vc, hc, 8, 8) * frame.tables[c]
        part = np.rint(DCT.T @ part @ DCT + _GREY).clip(0, 255).astype(np.float32)
        plane = part.transpose(0, 2, 4, 1, 3, 5).reshape(
            8 * vc * rows, 8 * hc * columns
        )
        plane = plane.repeat(v // vc, axis=0).repeat(h // hc, axis=1)
        planes.append(plane[: frame.height, : frame.width])
    pixels = np.stack(planes, axis=-1)
    if len(planes) == 3:
        back = np.linalg.inv(_TO_YCC).astype(np.float32)
        pixels = (pixels - np.array([0, 128, 128], np.float32)) @ back.T
    return np.rint(pixels).clip(0, 255).astype(np.uint8)
