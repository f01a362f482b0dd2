# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Training pairs whose small picture went through a real codec.

A restorer that was trained on clean small pictures takes a codec's artefacts for detail
and enlarges them. Here every picture is made smaller, coded and decoded at several
qualities before the training starts, in real files; the net is told the quality.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from srlab import codecs, images
from srlab.codecs.baseline import quantisation_table
from srlab.datasets.bank import Bank
from srlab.resample import imresize

__all__ = ["CODINGS", "CodedBank", "Coding", "coded", "coded_pairs"]


@dataclass(frozen=True)
class Coding:
    """A family of codecs and the qualities that a restorer learns.

    Attributes:
        make: quality -> codec. qualities: those that are trained on.
        full: the quality that is the plane's 1; the plane is quality / full.
    """

    make: Callable[[Any], codecs.Codec] | None
    qualities: tuple[float, ...]
    full: float = 100.0

    def level(self, quality: float) -> float:
        """The plane's value for a quality, on the 1/255 grid, as a file can hold it."""
        return round(255 * min(1.0, max(0.0, quality / self.full))) / 255


def _fine(quality: float) -> codecs.JPEG:
    """JPEG whose steps for the means of chroma's blocks are halved.

    With 4:2:0 such a block covers 16 x 16 pixels, and its two means are their tint.
    """
    luma, chroma = (
        quantisation_table(quality, of_chroma).flatten().tolist()
        for of_chroma in (False, True)
    )
    chroma[0] = (chroma[0] + 1) // 2
    return codecs.JPEG(quality, tables=(luma, chroma))


CODINGS: Mapping[str, Coding] = {
    "clean": Coding(None, (100,)),
    "jpeg": Coding(codecs.JPEG, (5, 8, 11, 15, 20, 26, 33, 42, 52, 64, 75, 85)),
    "jpeg_fine": Coding(_fine, (5, 8, 11, 15, 20, 26, 33, 42, 52, 64, 75, 85)),
    "webp": Coding(codecs.WebP, (1, 5, 12, 22, 34, 48, 62, 75, 85)),
    "avif": Coding(codecs.AVIF, (15, 24, 33, 42, 51, 60, 70, 80)),
    "mean_scale": Coding(
        lambda q: codecs.MeanScale(q), (1, 1.7, 2.4, 3.1, 3.8, 4.5, 5.2, 6), 6.0
    ),
}


def coded(
    picture: torch.Tensor, scale: int, coding: Coding, quality: float
) -> torch.Tensor:
    """What a decoder has of a picture, and the level of its quality.

    Args:
        picture: uint8 (3, H, W), sides multiples of the scale.

    Returns:
        uint8 (4, H / scale, W / scale): RGB and the plane.
    """
    small = imresize(picture[None], scale=1 / scale) if scale > 1 else picture[None]
    if coding.make is not None:
        codec = coding.make(quality)
        small = images.to_uint8(codec.decode(codec.encode(images.from_uint8(small))))
    plane = torch.full_like(small[:, :1], round(255 * coding.level(quality)))
    return torch.cat([small, plane], dim=1)[0]


class CodedBank(Bank):
    """`Bank` of pictures that were coded before.

    Args:
        pictures: uint8 (3, H, W).
        name: of `CODINGS`, or a `Coding` of your own.
        scale: how many times smaller than the picture it is coded.
        each: how many qualities of each picture, in turn; memory grows with it.
        device, seed: as for `Bank`.
    """

    def __init__(
        self,
        pictures: Iterable[torch.Tensor],
        name: str | Coding,
        scale: int,
        each: int = 4,
        device: torch.device | str = "cpu",
        seed: int = 0,
    ):
        coding = name if isinstance(name, Coding) else CODINGS[name]
        super().__init__(_in_turn(pictures, coding, scale, each), device, seed)


def _in_turn(pictures: Any, coding: Coding, scale: int, each: int) -> Iterator:
    from tqdm.auto import tqdm

    count, n = min(each, len(coding.qualities)), 0
    for whole in tqdm(list(pictures), desc="coding", leave=False, mininterval=0.5):
        y = images.crop_to_multiple(whole[None].cpu(), 2)[0]
        for _ in range(count):
            quality = coding.qualities[n % len(coding.qualities)]
            n += 1  # the next picture goes on where this one ends
            yield coded(y, scale, coding, quality), y


def coded_pairs(
    found: Iterable[torch.Tensor], name: str, scale: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """What to validate on: each picture at three qualities, low to high."""
    coding = CODINGS[name]
    last = len(coding.qualities) - 1
    for picture in found:
        y = images.crop_to_multiple(picture[None].cpu(), 2)[0]
        for k in sorted({last // 4, last // 2, 3 * last // 4}):
            yield coded(y, scale, coding, coding.qualities[k]), y
