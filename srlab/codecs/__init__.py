# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Codecs: image -> bytes -> image, and the rate in real bytes."""

from srlab.codecs.base import Codec, CorruptStream, bpp
from srlab.codecs.pillow import AVIF, JPEG, JPEG2000, WebP

__all__ = ["AVIF", "JPEG", "JPEG2000", "Codec", "CorruptStream", "WebP", "bpp"]
