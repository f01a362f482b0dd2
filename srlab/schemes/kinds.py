# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The ways to code a picture that an encoder tries, and JPEG's tables for small errors.

The standard's tables are made for the eye. Whoever measures the squared error and lets
JPEG keep them compares with less than JPEG can do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from srlab.codecs.base import Codec
from srlab.codecs.pillow import JPEG

__all__ = ["Kind", "flat", "flat_level", "whole_chroma"]


class Kind(NamedTuple):
    """A way to code pictures: quality -> codec; quality, scale -> restorer's level."""

    make: Callable[[float], Codec]
    level: Callable[[float, int], float]


def flat(q: float, optimize: bool | str = "mozjpeg") -> JPEG:
    """JPEG with tables for the squared error, as coarse as the standard's at q.

    One step for all frequencies at high rates; at low ones, where most amplitudes
    become 0, steps that grow with the frequency. Halved chroma counts for four pixels,
    so its step is smaller. The slant and the chroma's .6 were tuned by trials on a few
    Kodak pictures, so results on those are a little flattered.
    """
    step, slant = 22 * (50 / q if q < 50 else 2 - q / 50), 0.9 * max(0.0, 1 - q / 50)
    steps = [
        step * (1 + slant * ((i + j) / 7 - 0.5)) for i in range(8) for j in range(8)
    ]
    tables = [
        tuple(round(min(255, max(1, share * s))) for s in steps) for share in (1, 0.6)
    ]
    return JPEG(tables=tuple(tables), optimize=optimize)


def flat_level(q: float, scale: int) -> float:
    """The level at which the course's nets do best with them.

    They learned the standard's tables, which are finer at low frequencies and coarser
    at high ones. Tuned by trials on parts of three Kodak pictures.
    """
    line = 0.016 * q - 0.07 if scale == 1 else 0.019 * q - 0.085
    return min(1.0, max(0.0105 * q, line))


def whole_chroma(q: float, optimize: bool | str = "mozjpeg") -> JPEG:
    """JPEG at a quality, without halved chroma."""
    return JPEG(q, "4:4:4", optimize=optimize)
