# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Images at the door: read, write, check, and the luma that every table is in.

An image is a float32 tensor ``(B, C, H, W)`` in ``[0, 1]``, RGB unless it says luma.
"""

from srlab.images.doors import (
    FLOATS,
    check_image,
    check_one,
    check_pair,
    check_tensor,
    check_whole,
)
from srlab.images.files import make_room, photo, photo_names, read, to_pillow, write
from srlab.images.values import (
    crop_to_multiple,
    from_uint8,
    luma,
    rgb,
    round8,
    shave,
    to_uint8,
    ycbcr,
)

__all__ = [
    "FLOATS",
    "check_image",
    "check_one",
    "check_pair",
    "check_tensor",
    "check_whole",
    "crop_to_multiple",
    "from_uint8",
    "luma",
    "make_room",
    "photo",
    "photo_names",
    "read",
    "rgb",
    "round8",
    "shave",
    "to_pillow",
    "to_uint8",
    "write",
    "ycbcr",
]
