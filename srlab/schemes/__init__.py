# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Codecs that are made of other things: a saliency and a codec, a codec and a restorer.

They have `encode` and `decode` like any codec, and their rates are real bytes.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PLACES = {
    "AdaptiveTwoLayer": "adaptive",
    "BlockTwoLayer": "block_choice",
    "Clip": "collages",
    "Edges": "qualities",
    "InYCbCr": "end_to_end",
    "Linear": "qualities",
    "MotionSaliency": "motion",
    "PositionVideo": "positions",
    "Progressive": "qualities",
    "Quantiles": "qualities",
    "RoiFiltered": "roi_filtered",
    "RoiHEVC": "roi_hevc",
    "RoiJPEG": "roi_jpeg",
    "RoiLearned": "roi_learned",
    "RoiVideo": "video",
    "SideInfo": "side_info",
    "Stitched": "stitched",
    "TwoLayer": "two_layer",
    "TwoPiece": "qualities",
    "block_entropy": "qualities",
    "centre_map": "maps",
    "collage": "collages",
    "fit_bytes": "roi_jpeg",
    "joint": "joint",
    "moving_collage": "collages",
    "random_map": "maps",
    "trajectories": "positions",
    "two_codecs": "end_to_end",
}
__all__ = [*_PLACES]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(f"srlab.schemes.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'srlab.schemes' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
