# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""srlab: super-resolution and image compression, built step by step.

Four kinds of thing, and compositions of them: an *image* is a float32 tensor
``(B, C, H, W)`` in ``[0, 1]``; a *restorer* maps an image to an image; a *saliency*
maps an image to ``(B, 1, H, W)``; a *codec* turns an image into bytes and back.

``import srlab`` is light: everything below is imported when it is first used.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_MODULES = (
    "classroom",
    "codecs",
    "datasets",
    "degrade",
    "evaluation",
    "figures",
    "images",
    "losses",
    "metrics",
    "models",
    "recipes",
    "resample",
    "saliency",
    "schemes",
    "training",
    "weights",
    "widgets",
)
_SHORTCUTS = {
    "photo": "images",
    "imresize": "resample",
    "show": "figures",
    "compare": "figures",
    "zoom": "figures",
    "setup": "classroom",
    "check": "classroom",
    "hint": "classroom",
    "solution": "classroom",
    "quiz": "classroom",
    "ask": "classroom",
    "rating": "classroom",
    "load": "models",
}
__all__ = ["__version__", *_MODULES, *_SHORTCUTS]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"srlab.{name}")
    if name in _SHORTCUTS:
        return getattr(import_module(f"srlab.{_SHORTCUTS[name]}"), name)
    raise AttributeError(f"module 'srlab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
