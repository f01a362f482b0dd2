# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Nine ways to hide parts while a classifier learns, so that it looks at the rest too.

A classifier needs the most telling part of an object only, and its class activation map
shows no more than that. Who hides parts during training makes the others count:

    of the picture, blindly     HideAndSeek, RandomErasing, Cutout, GridMask
    of the features             AttentionDropout (ADL), DropBlock, FickleNet
    where the network looks     AdversarialErasing (AE-PSL), SPG

Pictures: ``eraser(x, generator) -> x``. Features: modules that are the identity in eval
mode. Each has a mask to be drawn, 1 where something is kept and 0 where it is erased.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PLACES = {
    "AttentionDropout": "features",
    "Cutout": "pictures",
    "DropBlock": "features",
    "FickleNet": "features",
    "GridMask": "pictures",
    "HideAndSeek": "pictures",
    "RandomErasing": "pictures",
    "SPG": "guided",
    "AdversarialErasing": "guided",
    "guidance": "guided",
}
__all__ = [*_PLACES]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(f"srlab.saliency.erasing.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'srlab.saliency.erasing' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
