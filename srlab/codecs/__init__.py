# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Codecs: image -> bytes -> image, and the rate in real bytes."""

from importlib import import_module
from typing import Any

from srlab.codecs.base import Codec, CorruptStream, bpp
from srlab.codecs.pillow import AVIF, JPEG, JPEG2000, WebP

_LATER = {"HEIF": "heif", "Factorized": "learned", "MeanScale": "learned"}
_LATER |= {"Zoo": "zoo", "BaselineJPEG": "baseline"}
_LATER |= {"Progressive": "progressive", "WithContext": "with_context"}
_LATER |= {"Residual": "residual"}

__all__ = ["AVIF", "HEIF", "JPEG", "JPEG2000", "Codec", "CorruptStream", "Factorized"]
__all__ += ["BaselineJPEG", "MeanScale", "Progressive", "Residual", "WebP"]
__all__ += ["WithContext", "Zoo", "bpp"]


def __getattr__(name: str) -> Any:
    """The codecs that need more than Pillow are imported when they are first used."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"srlab.codecs.{_LATER[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
