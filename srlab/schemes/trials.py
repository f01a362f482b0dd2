# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The files of one picture, each made once: what an encoder that chooses looks at.

A file does not depend on the price of its bits, only the choice among files does. So
what one price asked for serves the next one: base streams, their decoded pictures and
what a restorer makes of them, which costs most. Residuals are first judged without a
file: the coder's tables say about how many bits each block takes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch

from srlab.codecs import container
from srlab.codecs.base import Codec, bpp, check_one
from srlab.codecs.residual import Residual, block_bits, transform, untransform
from srlab.resample import imresize
from srlab.schemes.kinds import Kind
from srlab.schemes.two_layer import HEAD, LUMA, MIDDLE, RESIDUAL, TwoLayer

__all__ = ["Layer", "Trial", "Trials", "lowest", "walk"]


class Trial(NamedTuple):
    """A file that was tried; distortion in grey values squared, rate in bpp."""

    mode: str
    codec: Codec
    data: bytes
    distortion: float
    rate: float

    def cost(self, slope: float) -> float:
        return self.distortion + slope * self.rate


class Layer(NamedTuple):
    """A first stream and what a restorer makes of it, (1, C, H, W)."""

    scheme: TwoLayer
    first: bytes
    sr: torch.Tensor
    trial: Trial


class Trials:
    """Every file of a picture that was asked for.

    Args:
        image: (1, C, H, W) in [0, 1]. qualities: the grid, rising.
        restorers: scale -> restorer, or None for bicubic.
    """

    def __init__(
        self,
        image: torch.Tensor,
        qualities: tuple[float, ...],
        restorers: dict[int, Callable | None],
    ):
        self.image = check_one(image)
        self.qualities = qualities
        self.restorers = restorers
        size = [-(-n // 2) for n in image.shape[-2:]]
        self._small = imresize(image.float(), size=size).clamp(0, 1)
        self._made: dict[tuple, object] = {}

    def _once(self, key: tuple, make: Callable) -> Any:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def _file(self, scale: int, kind: Kind, k: int) -> tuple[Codec, bytes]:
        codec = kind.make(self.qualities[k])
        x = self.image if scale == 1 else self._small
        return codec, self._once(("file", scale, kind, k), lambda: codec.encode(x))

    def small_file(self, kind: Kind, k: int) -> bytes:
        """The stream of the small picture."""
        return self._file(2, kind, k)[1]

    def _decoded(self, scale: int, kind: Kind, k: int) -> torch.Tensor:
        codec, data = self._file(scale, kind, k)
        y = codec.decode(data)
        grey = self.image.shape[1] == 1 and y.shape[1] == 3
        return y.mean(1, keepdim=True) if grey else y

    def _judged(self, mode: str, codec: Codec, data: bytes, y: torch.Tensor) -> Trial:
        return Trial(mode, codec, data, self.distortion(y), bpp(data, self.image))

    def distortion(self, y: torch.Tensor) -> float:
        """Mean squared error in grey values squared."""
        apart = (y - self.image).square().mean(dtype=torch.float64)
        return 255**2 * float(apart)

    def direct(self, kind: Kind, k: int) -> Trial:
        """One layer, as it is."""

        def make() -> Trial:
            y = self._decoded(1, kind, k)
            return self._judged("direct", *self._file(1, kind, k), y)

        return self._once(("direct", kind, k), make)

    def rough(self, kind: Kind, k: int) -> tuple[float, float]:
        """(distortion, rate) of a small picture that bicubic enlarges."""

        def make() -> tuple[float, float]:
            h, w = self.image.shape[-2:]
            y = imresize(self._decoded(2, kind, k), scale=2)[..., :h, :w]
            rate = bpp(self._file(2, kind, k)[1], self.image)
            return self.distortion(y.clamp(0, 1)), rate

        return self._once(("rough", kind, k), make)

    def layered(self, scale: int, kind: Kind, k: int) -> Layer:
        """A first layer alone, restored."""

        def make() -> Layer:
            base, first = self._file(scale, kind, k)
            scheme = TwoLayer(
                base, self.restorers[scale], scale=scale,
                level=kind.level(self.qualities[k], scale),
            )  # fmt: skip
            size = (self.image.shape[-2], self.image.shape[-1])
            sr = scheme.restore(self._decoded(scale, kind, k), size)
            mode = "cleaned" if scale == 1 else "base"
            data = self._packed(scheme, [first])
            return Layer(scheme, first, sr, self._judged(mode, scheme, data, sr))

        return self._once(("layered", scale, kind, k), make)

    def _packed(self, scheme: TwoLayer, streams: list[bytes]) -> bytes:
        """The bytes that `scheme.encode` would write, of streams that are there."""
        channels, height, width = self.image.shape[1:]
        flags = RESIDUAL * (len(streams) > 1) + LUMA * scheme.luma
        level = round(255 * scheme.level)
        head = HEAD.pack(scheme.scale, level, flags, scheme.identity)
        return container.pack(
            "two-layer", (height, width), channels, [head, *streams]
        )  # fmt: skip

    def guess(
        self, kind: Kind, k: int, residual: Residual, luma: bool
    ) -> tuple[float, float]:
        """The distortion that a residual leaves, and about the rate it leads to."""
        key = ("guess", kind, k, residual)
        both = self._once(key, lambda: self._guessed(kind, k, residual))
        return both[0 if luma else -1]

    def _guessed(self, kind: Kind, k: int, residual: Residual) -> list:
        """Of luma's planes alone, and of all."""
        layer = self.layered(2, kind, k)
        planes = self._once(("planes", kind, k), lambda: self._planes(layer.sr))
        rate, found, coded = layer.trial.rate, [], []
        for number, plane in enumerate(planes):
            q = residual.quantise(plane, number > 0)
            rate += _bits(q, number > 0) / self.image[0, 0].numel()
            coded.append(q * residual.step_of(number > 0))
            if number != 1:
                y = untransform(coded, *self.image.shape[-2:])
                found.append((self.distortion(layer.scheme.add(layer.sr, y)), rate))
        return found

    def with_residual(
        self, mode: str, kind: Kind, k: int, residual: Residual, luma: bool
    ) -> Trial:
        """Both layers, in a file."""
        first = self.layered(2, kind, k)
        scheme = replace(first.scheme, residual=residual, luma=luma)
        second = residual.encode(scheme.missing(self.image, first.sr))
        y = scheme.add(first.sr, residual.decode(second))
        data = self._packed(scheme, [first.first, second])
        return self._judged(mode, scheme, data, y)

    def _planes(self, sr: torch.Tensor) -> list[np.ndarray]:
        missing = (self.image - sr + MIDDLE).clamp(0, 1)
        return [plane.astype(np.float32) for plane in transform(missing)]


def _bits(q: np.ndarray, chroma: bool) -> float:
    """About the bits of a plane, (h, w, 64): amplitudes, and which blocks are kept."""
    kept = q.any(-1)
    share = min(max(kept.mean(), 1e-6), 1 - 1e-6)
    flags = -share * np.log2(share) - (1 - share) * np.log2(1 - share)
    return float(block_bits(q, int(chroma))[kept].sum() + flags * kept.size)


def walk(cost: Callable[[int], float], start: int, last: int) -> int:
    """Where a cost of one valley is least, 0 to last, by steps from a start."""
    best = min(max(start, 0), last)
    for way in (1, -1):
        moved = False
        while 0 <= best + way <= last and cost(best + way) < cost(best):
            best, moved = best + way, True
        if moved:
            break
    return best


def lowest(at: Callable[[int], Trial], slope: float, start: int, last: int) -> int:
    """Where the cost is least of all, of files that grow and errors that shrink with k.

    Away from the valley only what can still be better is made: where the bits alone, or
    the error alone, cost more than the best, so does everything beyond.
    """
    k = walk(lambda k: at(k).cost(slope), start, last)
    best = k
    for way in (1, -1):
        near = k + way
        while 0 <= near <= last:
            trial = at(near)
            best = min(best, near, key=lambda k: at(k).cost(slope))
            bound = slope * trial.rate if way > 0 else trial.distortion
            if bound >= at(best).cost(slope):
                break
            near += way
    return best
