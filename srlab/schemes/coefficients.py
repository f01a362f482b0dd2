# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The whole numbers in a JPEG file: read, made coarser where it matters less, written.

A file has one quantisation table for a component, so one quality. But nothing forbids
an encoder to round further than the table asks, block by block: what a decoder then
multiplies is still a valid number. jpeglib reads and writes these numbers without a
second look at the pixels.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

__all__ = ["Coefficients", "coarser"]


class Coefficients:
    """The quantised DCT coefficients of a .jpg, to be changed in place.

    Attributes:
        planes: of each component (h, w, 8, 8) int16, h and w in blocks.
        tables: of each component its quantisation table, (8, 8).
    """

    def __init__(self, data: bytes):
        import jpeglib

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "in.jpg"
            path.write_bytes(data)
            self._file = jpeglib.read_dct(str(path))
            self._file.load()
        found = (self._file.Y, self._file.Cb, self._file.Cr)
        self.planes = [plane for plane in found if plane is not None]
        numbers = self._file.quant_tbl_no[: len(self.planes)]
        self.tables = [self._file.qt[k].astype(np.int64) for k in numbers]

    def write(self) -> bytes:
        """The bytes of a .jpg with these coefficients and the standard's codes."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "out.jpg"
            self._file.write_dct(str(path))
            return path.read_bytes()


def coarser(
    blocks: np.ndarray, table: np.ndarray, wanted: np.ndarray, dead_zone: float | None
) -> np.ndarray:
    """Blocks as if a coarser table had been asked for, under the finer one they have.

    Args:
        blocks: (n, 8, 8) whole numbers, quantised by `table`.
        table: (8, 8), the steps of the file. wanted: (8, 8), coarser ones.
        dead_zone: amplitudes below this share of the wanted step become 0 and all
            others stay as they are; they cost bits already, so coarser ones would save
            few. None: each goes to the nearest multiple of the wanted step, then to
            the nearest multiple of the file's.

    Returns:
        (n, 8, 8) of the same kind. The dead zone leaves the mean of a block, its first
        coefficient, alone.

    >>> x = np.zeros((1, 8, 8), np.int16)
    >>> x[0, 0] = [9, 1, 2, 3, 4, 5, 6, 7]
    >>> fine, coarse = np.full((8, 8), 2), np.full((8, 8), 10)
    >>> coarser(x, fine, coarse, 0.5)[0, 0].tolist()  # below 5 / 2 steps: gone
    [9, 0, 0, 3, 4, 5, 6, 7]
    >>> coarser(x, fine, coarse, None)[0, 0].tolist()  # multiples of 10 / 2 steps
    [10, 0, 0, 5, 5, 5, 5, 5]
    """
    values = blocks * table
    if dead_zone is None:
        steps = np.sign(values) * np.floor(np.abs(values) / wanted + 0.5)
        return np.rint(steps * wanted / table).astype(blocks.dtype)
    kept = np.abs(values) >= dead_zone * wanted
    kept[:, 0, 0] = True
    return np.where(kept, blocks, 0).astype(blocks.dtype)
