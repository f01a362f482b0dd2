# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Every codec of the course in one list.

A family is one way to make files with one knob, from small files to large, whatever is
behind it: a standard, a network, a region of interest, two layers, a restorer behind
the decoder, or side information. The rate of all is the size of the whole file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
import torch

from srlab import codecs, models, schemes
from srlab.codecs.base import Codec

__all__ = ["FAMILIES", "SHARE", "Family"]

SHARE = 0.2  # of the blocks are the region of interest
_BACKGROUNDS = (2, 6, 10, 18, 27, 38, 52, 65)  # of ROI JPEG, and its regions' qualities
_REGIONS = (8, 25, 40, 60, 75, 85, 92, 95)

repacked = partial(codecs.JPEG, optimize="mozjpeg")


@dataclass(frozen=True)
class Family:
    """One way to make files.

    Attributes:
        kind: "standard", "learned", "region", "restored" or "told".
        make: (a setting, a map or None) -> a codec. Only "region" looks at the map,
            (1, 1, H, W) in [0, 1].
        settings: from the smallest files to the largest; budgets are met by these.
        curve: the settings of the curves in data/results/bakeoff.csv.
    """

    kind: str
    make: Callable[[float, torch.Tensor | None], Codec]
    settings: tuple[float, ...]
    curve: tuple[float, ...]

    def codec(self, setting: float, P: torch.Tensor | None = None) -> Codec:
        """The codec at a setting; ValueError where a region is wanted and P is None."""
        if self.kind == "region" and P is None:
            raise ValueError("this family favours a region: give its map P")
        return self.make(setting, P)


_Make = Callable[[float, torch.Tensor | None], Codec]


def _plain(make: Callable[[float], Codec]) -> _Make:
    return lambda setting, P: make(setting)


@lru_cache(maxsize=4)
def _restorer(name: str) -> torch.nn.Module:
    return models.load(name)


def _level(quality: float) -> float:
    """What the restorers of JPEGs are told, as they were trained."""
    return min(1.0, quality / 100)


def _restored(weights: str, scale: int) -> _Make:
    """JPEG, and a restorer behind its decoder; `scale` 2: of a small picture."""

    def make(quality: float) -> Codec:
        return schemes.TwoLayer(
            repacked(quality), _restorer(weights), scale=scale, level=_level(quality)
        )

    return _plain(make)


def _adaptive(slope: float) -> Codec:
    """The best of one layer, a cleaned one and two (notebook 19)."""
    return schemes.AdaptiveTwoLayer(
        slope, enlarge=_restorer("decoded_jpeg_x2"), clean=_restorer("decoded_jpeg_x1"),
        family=partial(codecs.JPEG, optimize="arithmetic"),
        qualities=(4, 8, 15, 26, 41, 58, 74, 87, 96),
    )  # fmt: skip


def _roi_jpeg(background: float, P: torch.Tensor | None) -> Codec:
    quality = round(float(np.interp(background, _BACKGROUNDS, _REGIONS)))
    rule = schemes.TwoPiece(share=SHARE)
    return schemes.RoiJPEG(P, quality, background, rule=rule)


def _roi_learned(quality: float, P: torch.Tensor | None) -> Codec:
    rule = schemes.TwoPiece(share=SHARE)
    return schemes.RoiLearned(P, quality, max(1.0, quality - 1), rule=rule)


def _told(quality: float) -> Codec:
    return schemes.SideInfo(repacked(quality), "side_info", _level(quality))


_LEARNED = tuple(1 + k / 8 for k in range(41))
_QUALITIES = (5, 10, 20, 40, 60, 80)
FAMILIES: dict[str, Family] = {
    "JPEG": Family(
        "standard", _plain(partial(codecs.JPEG, optimize=False)), tuple(range(1, 101)),
        _QUALITIES,
    ),
    "JPEG repacked": Family(
        "standard", _plain(repacked), tuple(range(1, 101)), _QUALITIES
    ),
    "JPEG arithmetic": Family(
        "standard", _plain(partial(codecs.JPEG, optimize="arithmetic")),
        tuple(range(1, 101)), _QUALITIES,
    ),
    "JPEG 2000": Family(
        "standard", _plain(lambda rate: codecs.JPEG2000(bpp=rate)),
        tuple(round(0.02 * 1.08**k, 4) for k in range(72)),
        (0.15, 0.25, 0.4, 0.65, 1.0, 1.5),
    ),
    "WebP": Family(
        "standard", _plain(partial(codecs.WebP, method=6)), tuple(range(101)),
        (1, 10, 25, 50, 70, 85),
    ),
    "AVIF": Family(
        "standard", _plain(partial(codecs.AVIF, subsampling="4:4:4", tune="psnr")),
        tuple(range(101)), (3, 12, 22, 32, 44, 56, 68, 82),
    ),
    "HEIF": Family(
        "standard", _plain(partial(codecs.HEIF, subsampling="4:4:4")),
        tuple(range(101)), (16, 23, 30, 38, 46, 54),
    ),
    "factorized": Family(
        "learned", _plain(codecs.Factorized), _LEARNED, (1, 2, 3, 4, 5, 6)
    ),
    "mean-scale": Family(
        "learned", _plain(codecs.MeanScale), _LEARNED, (1, 2, 3, 4, 5, 6)
    ),
    "ROI JPEG": Family(
        "region", _roi_jpeg, tuple(range(2, 66)), (3, 6, 10, 18, 32, 52)
    ),
    "ROI learned": Family("region", _roi_learned, _LEARNED, (1.5, 2, 3, 4, 5, 6)),
    "JPEG + restorer": Family(
        "restored", _restored("decoded_jpeg_x1", 1), tuple(range(1, 101)), _QUALITIES
    ),
    "half-size JPEG + SR": Family(
        "restored", _restored("decoded_jpeg_x2", 2), tuple(range(1, 101)),
        (10, 20, 40, 60, 80, 92),
    ),
    "adaptive two-layer": Family(
        "restored", _plain(_adaptive), tuple(2.0 ** (k / 4) for k in range(52, 7, -1)),
        (4800, 900, 180, 35),
    ),
    "side information": Family(
        "told", _plain(_told), tuple(range(10, 41)), (10, 20, 30, 40)
    ),
}  # fmt: skip
