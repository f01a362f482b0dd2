# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Meeting a size: the member of a family of codecs whose file has so many bytes."""

from __future__ import annotations

from collections.abc import Callable

import torch

from srlab.codecs.base import Codec
from srlab.images import check_whole

__all__ = ["meet_size"]

_HALVINGS = 24


def meet_size(
    family: Callable[[float], Codec],
    image: torch.Tensor,
    size: int,
    low: float,
    high: float,
    tolerance: float = 0.01,
) -> tuple[Codec, bytes]:
    """The codec of a family whose file is nearest to a size.

    Args:
        family: a real number -> a codec; its files grow, or shrink, from low to high.
        image: what they encode, (1, C, H, W), or a film's frames. size: bytes.
        tolerance: how far off the size may be, relative: 0.01 is 1 %.

    Returns:
        The codec and its file. Halving the range ends when a quarter of the tolerance
        is met, or after 24 files.

    Raises:
        ValueError: the ends do not enclose the size, or sizes jump over it; the message
            says what was reached.

    >>> from srlab import photo
    >>> from srlab.codecs import JPEG
    >>> codec, data = meet_size(JPEG, photo("coffee"), 20_000, 10, 95)
    >>> abs(len(data) / 20_000 - 1) < 0.01
    True
    """
    size = check_whole(size, "size", 1)
    small, large = sorted(
        ((family(at).encode(image), at) for at in (low, high)),
        key=lambda pair: len(pair[0]),
    )
    best = min(small, large, key=lambda pair: abs(len(pair[0]) - size))
    for (data, at), word, good in (
        (small, "fewer", len(small[0]) <= size * (1 + tolerance)),
        (large, "more", len(large[0]) >= size * (1 - tolerance)),
    ):
        if not good:
            raise ValueError(
                f"{size:,} bytes are {word} than the {len(data):,} of this picture by "
                f"{family(at)!r:.100}"
            )
    a, b = small[1], large[1]
    for _ in range(_HALVINGS):
        if abs(len(best[0]) / size - 1) <= tolerance / 4:
            break
        middle = (a + b) / 2
        data = family(middle).encode(image)
        best = min(best, (data, middle), key=lambda pair: abs(len(pair[0]) - size))
        a, b = (middle, b) if len(data) < size else (a, middle)
    if abs(len(best[0]) / size - 1) > tolerance:
        raise ValueError(
            f"sizes jump over {size:,} bytes: the nearest is {len(best[0]):,} by "
            f"{family(best[1])!r:.100}"
        )
    return family(best[1]), best[0]
