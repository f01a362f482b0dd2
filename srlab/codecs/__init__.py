# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Codecs: image -> bytes -> image, and the rate in real bytes."""

from srlab.codecs.base import Codec, CorruptStream, bpp
from srlab.codecs.pillow import JPEG, WebP

__all__ = ["JPEG", "Codec", "CorruptStream", "WebP", "bpp"]
