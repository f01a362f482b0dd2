# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""A learned codec whose quantiser is finer where a map says so.

Our mean-scale codec has one step of quantisation for each channel and quality: y is
multiplied by a gain before it is rounded. Nothing but custom makes that gain the same
everywhere. Here each place of y, 16 x 16 pixels, has the gain of its own quality; the
decoder needs to know which, so the map of qualities is in the file and its bytes count.

The idea of gains that are sent: J. Cui et al., "Asymmetric gained deep image
compression", CVPR 2021, arXiv 2003.02012; of maps: M. Song, J. Choi, B. Han,
"Variable-rate deep image compression through spatially-adaptive feature transform",
ICCV 2021, arXiv 2108.09551. They train with maps; these networks were not.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from srlab.codecs import container
from srlab.codecs.base import CorruptStream, check_one
from srlab.codecs.learned import MeanScale, padded
from srlab.images import check_whole
from srlab.schemes.maps import SaliencyLike, resolve
from srlab.schemes.qualities import Rule, TwoPiece

__all__ = ["RoiLearned"]

_HEAD = struct.Struct("<4sHHB")  # weights, best quality, lowest, how many levels


@dataclass(frozen=True, repr=False, eq=False)
class RoiLearned:
    """mbt2018-mean in small, with a quality for each 16 x 16 pixels.

    Attributes:
        saliency: image -> map; or a map (1, 1, H, W); None: the same everywhere.
        quality: of the region of interest, as `srlab.codecs.MeanScale` has it.
        background: of the rest, at most `quality`.
        rule: from the map to qualities, see `srlab.schemes.qualities`.
        levels: how many qualities the map may hold.
        weights: as for `MeanScale`.
    """

    saliency: SaliencyLike
    quality: float = 4.0
    background: float = 2.0
    rule: Rule = field(default_factory=TwoPiece)
    levels: int = 2
    weights: str | nn.Module = "mean_scale"

    def __post_init__(self) -> None:
        best, low = (
            MeanScale(q, self.weights) for q in (self.quality, self.background)
        )
        if low.quality > best.quality:
            raise ValueError(
                f"the background's quality, {low.quality:g}, is above the region's, "
                f"{best.quality:g}"
            )
        object.__setattr__(self, "quality", best.quality)
        object.__setattr__(self, "background", low.quality)
        object.__setattr__(self, "levels", check_whole(self.levels, "levels", 2, 16))

    def __repr__(self) -> str:
        return f"RoiLearned(quality={self.quality:g}, background={self.background:g})"

    @cached_property
    def _codec(self) -> MeanScale:
        return MeanScale(self.quality, self.weights)

    def _gains(self, steps: np.ndarray, inverse: bool = False) -> torch.Tensor:
        """(h, w) numbers of levels -> the gain of each channel there, (1, M, h, w)."""
        steep = np.linspace(self.background, self.quality, self.levels)
        ladder = torch.from_numpy(steep).float()
        table = self._codec.net.gain(ladder, inverse).detach()[..., 0, 0]  # (levels, M)
        return table[torch.from_numpy(steps).long()].permute(2, 0, 1)[None]

    def steps(self, image: torch.Tensor) -> np.ndarray:
        """The number of the level at each place of y, (ceil(H/64) 4, ceil(W/64) 4).

        image: (1, C, H, W). ValueError if the rule gives no finite numbers.
        """
        rows, columns = (-(-n // 64) * 4 for n in check_one(image).shape[-2:])
        if self.saliency is None:
            return np.full((rows, columns), self.levels - 1, np.uint8)
        P = resolve(self.saliency, image)
        Q = self.rule(P, self.background, self.quality, 16)
        span = max(self.quality - self.background, 1e-9)
        steps = ((Q - self.background) / span * (self.levels - 1)).round()
        if not steps.isfinite().all():
            raise ValueError("the rule gives qualities that are no finite numbers")
        steps = steps.clamp(0, self.levels - 1)[None, None]
        down, right = rows - steps.shape[-2], columns - steps.shape[-1]
        steps = F.pad(steps, (0, right, 0, down), mode="replicate")
        return steps[0, 0].numpy().astype(np.uint8)

    @torch.inference_mode()
    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1], C = 1 or 3 -> bytes in the course's container."""
        steps = self.steps(image)
        channels, height, width = image.shape[1:]
        x = padded(image.float().cpu().expand(-1, 3, -1, -1), self._codec.net.multiple)
        y = self._codec.analyse(x) * self._gains(steps)
        limits = (round(q * 256) for q in (self.quality, self.background))
        head = _HEAD.pack(self._codec.tag, *limits, self.levels)
        payloads = [head, _deflated(steps), *self._codec.code(y)]
        return container.pack("roi", (height, width), channels, payloads)

    @torch.inference_mode()
    def decode(self, data: bytes) -> torch.Tensor:
        """Bytes -> (1, C, H, W) float32 on the 1/255 grid.

        Qualities, levels and map are read from the file.

        Raises CorruptStream for anything else than a whole file of such weights.
        """
        found = container.unpack(data, "roi")
        if len(found.payloads) != 4 or len(found.payloads[0]) != _HEAD.size:
            raise CorruptStream("not the payloads of a file with a map")
        tag, best, low, levels = _HEAD.unpack(found.payloads[0])
        if tag != self._codec.tag:
            raise CorruptStream("the file was written with other weights")
        try:
            wrote = RoiLearned(
                None, best / 256, low / 256, levels=levels, weights=self.weights
            )
        except ValueError as error:
            raise CorruptStream(str(error)) from None
        rows, columns = (-(-n // 64) * 4 for n in found.size)
        steps = _inflated(found.payloads[1], rows, columns, levels)
        y_hat = self._codec.uncode(found.payloads[2:], rows, columns).float()
        x_hat = self._codec.synthesise(y_hat * wrote._gains(steps, inverse=True))
        if not x_hat.isfinite().all():
            raise CorruptStream("the symbols are too large for a picture")
        x_hat = x_hat[..., : found.size[0], : found.size[1]].clamp(0, 1)
        x_hat = x_hat if found.channels == 3 else x_hat.mean(1, keepdim=True)
        return (x_hat * 255).round() / 255


def _deflated(steps: np.ndarray) -> bytes:
    """The map's bytes: each row but the first as its difference to the one above."""
    change = np.diff(steps, axis=0, prepend=np.uint8(0))  # wraps around
    return zlib.compress(change.tobytes(), 9, wbits=-15)


def _inflated(data: bytes, rows: int, columns: int, levels: int) -> np.ndarray:
    unpacker = zlib.decompressobj(wbits=-15)
    try:
        raw = unpacker.decompress(data, rows * columns + 1)
    except zlib.error as error:
        raise CorruptStream(f"the map is damaged: {error}") from None
    if len(raw) != rows * columns:
        raise CorruptStream(f"a map of {len(raw)} values, not {rows * columns}")
    change = np.frombuffer(raw, np.uint8).reshape(rows, columns)
    steps = np.cumsum(change, axis=0, dtype=np.uint8)
    if steps.max() >= levels:
        raise CorruptStream(f"level {steps.max()} in a map of {levels}")
    return steps
