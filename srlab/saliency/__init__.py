# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Where a network looks, and the classifier that it is asked about.

A saliency maps an image to ``(B, 1, H, W)`` in ``[0, 1]``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PLACES = {
    "Augmented": "smoothing",
    "CAM": "cam",
    "EigenCAM": "eigencam",
    "Ensemble": "smoothing",
    "Fused": "fusion",
    "GradCAM": "gradcam",
    "GradCAMPlusPlus": "gradcam",
    "MSROI": "msroi",
    "PhotoNet": "classifiers",
    "Principal": "smoothing",
    "Saliency": "base",
    "ScoreCAM": "scorecam",
    "imagenet": "adapters",
    "labels": "classifiers",
    "photo_classifier": "classifiers",
    "transfer": "transferring",
}
__all__ = [*_PLACES]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(f"srlab.saliency.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'srlab.saliency' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
