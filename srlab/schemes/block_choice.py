# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""One layer or two, block by block of 64 x 64.

    x -> blocks of one layer, in a column -> codec ------------------> y_1 -+-> x_hat
      -> small blocks of two layers, in a column -> codec -> decoded        |
         with y_1 made smaller in the gaps -> restorer -> SR -(+)- residual +

A column of blocks and not the picture with holes: a JPEG pays for holes too, at least
a bit for each 8 x 8. 64 is four of JPEG's units of 16 in either picture. The gaps of
the small picture are filled with what the decoder has, so that the restorer sees
pictures beyond each border. The residual's own flags choose between base alone and
base + residual, 8 x 8 pixels at a time.

Which blocks: each goes where D + slope R is less, the two whole files having been made;
the bits of a block are guessed by reverse water-filling (T. Berger, "Rate distortion
theory", 1971) and scaled to the file's true size.

It has not paid on any photograph that it was tried on, so `AdaptiveTwoLayer` has no
such mode: where two layers win they win nearly everywhere, and a second stream has a
second header and worse neighbours to predict from.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F

from srlab.codecs import container
from srlab.codecs.base import Codec, CorruptStream, check_name, check_one
from srlab.codecs.residual import Residual, transform
from srlab.resample import imresize
from srlab.schemes.block_columns import (
    MOST,
    SIDE,
    column,
    fill,
    join,
    pixels_of,
    put_choices,
    split,
    take_choices,
)
from srlab.schemes.two_layer import MIDDLE, TwoLayer, identity_of

__all__ = ["SIDE", "BlockTwoLayer", "better_blocks", "chosen", "shares"]

_HEAD = struct.Struct("<BB4s")  # 0 (no scale), level of the restorer, restorer


@dataclass(frozen=True, repr=False, eq=False)
class BlockTwoLayer:
    """A codec for some blocks, and two layers for the others.

    Attributes:
        choices: (ceil(H / 64), ceil(W / 64)) bool, True for one layer.
        direct: codes blocks as they are. base: codes those of half the size.
        restorer, residual, level: as for `TwoLayer`, whose scale is 2.
    """

    choices: torch.Tensor | None
    direct: Codec
    base: Codec
    restorer: Callable[[torch.Tensor], torch.Tensor] | None = None
    residual: Residual | None = None
    level: float = 0.5

    def __repr__(self) -> str:
        return (
            f"BlockTwoLayer({self.direct!r}, {self.base!r}, residual={self.residual!r})"
        )

    @property
    def _layers(self) -> TwoLayer:
        return TwoLayer(self.base, self.restorer, level=self.level)

    def encode(self, image: torch.Tensor) -> bytes:
        """(1, C, H, W) in [0, 1] -> a file of the choices and up to three streams.

        Raises ValueError where the choices are not of this picture's blocks.
        """
        check_one(image)
        size = (image.shape[-2], image.shape[-1])
        one = self._checked(size)
        filled = fill(image, SIDE)
        streams = [b"", b"", b""]
        y = torch.zeros_like(filled)
        if one.any():
            streams[0] = self.direct.encode(column(filled, one, SIDE))
            y = self._placed(self.direct, streams[0], y, one, SIDE)
        if not one.all():
            small = self._layers.small(filled)
            streams[1] = self.base.encode(column(small, ~one, SIDE // 2))
            sr = self._restored(streams[1], y, one, size)
            if self.residual is not None:
                missing = (image - sr + MIDDLE).clamp(0, 1)
                missing[pixels_of(one, size).expand_as(missing)] = MIDDLE
                streams[2] = self.residual.encode(missing)
        head = _HEAD.pack(0, round(255 * self.level), identity_of(self.restorer))
        payloads = [head + put_choices(one), *streams]
        return container.pack("two-layer", size, image.shape[1], payloads)

    def _checked(self, size: tuple[int, int]) -> torch.Tensor:
        shape = tuple(-(-n // SIDE) for n in size)
        if self.choices is None or tuple(self.choices.shape) != shape:
            given = None if self.choices is None else tuple(self.choices.shape)
            raise ValueError(f"this picture has {shape} blocks, the choices {given}")
        return self.choices.bool()

    def _placed(
        self,
        codec: Any,
        data: bytes,
        canvas: torch.Tensor,
        chosen: torch.Tensor,
        side: int,
    ) -> torch.Tensor:
        """The canvas with a stream's blocks where they belong."""
        count, y = int(chosen.sum()), codec.decode(data)
        columns = -(-count // MOST)
        if tuple(y.shape[-2:]) != (min(count, MOST) * side, columns * side):
            raise CorruptStream(f"{count} blocks in {tuple(y.shape[-2:])} pixels")
        if canvas.shape[1] < y.shape[1]:
            y = y.mean(1, keepdim=True)
        blocks = split(canvas, side)
        blocks[chosen.flatten()] = split(y, side, True)[:count]
        return join(blocks, (canvas.shape[-2], canvas.shape[-1]), side)

    def _restored(
        self, data: bytes, y: torch.Tensor, one: torch.Tensor, size: tuple[int, int]
    ) -> torch.Tensor:
        """The picture with one layer's blocks, and SR for the others."""
        half = tuple(n // 2 for n in y.shape[-2:])
        canvas = imresize(y, size=half).clamp(0, 1) if one.any() else y[..., ::2, ::2]
        small = self._placed(self.base, data, canvas, ~one, SIDE // 2)
        small = small[..., : -(-size[0] // 2), : -(-size[1] // 2)]
        sr = self._layers.restore(small.contiguous(), size)
        return torch.where(pixels_of(one, size), y[..., : size[0], : size[1]], sr)

    def decode(self, data: bytes, on_damage: str = "raise") -> torch.Tensor:
        """Bytes -> (1, C, H, W) float32 on the 1/255 grid.

        Args:
            on_damage: "raise", or "base": where the residual is damaged or cut off,
                the picture without it, with a warning.

        Raises:
            CorruptStream: no whole file of this scheme, or of another restorer.
        """
        check_name(on_damage, "on_damage", ("raise", "base"))
        found = container.unpack(data, "two-layer", partial=on_damage == "base")
        whole = [payload for payload in found.payloads[:3] if payload is not None]
        if len(found.payloads) != 4 or len(whole) != 3:
            raise CorruptStream("the choices or one of the first streams are damaged")
        head, directs, bases = whole
        one, level = self._opened(head, found.size)
        channels, filled = found.channels, [n * SIDE for n in one.shape]
        y = torch.zeros(1, channels, *filled)
        if one.any():
            y = self._placed(self.direct, directs, y, one, SIDE)
        size = found.size
        if one.all():
            return y[..., : size[0], : size[1]].contiguous()
        codec = BlockTwoLayer(None, self.direct, self.base, self.restorer, level=level)
        sr = codec._restored(bases, y, one, size)
        if found.payloads[3] is None:
            warnings.warn("the residual is damaged: the base alone", stacklevel=2)
        if not found.payloads[3]:
            return sr
        coded = Residual().decode(found.payloads[3])
        if coded.shape != sr.shape:
            raise CorruptStream(f"a residual of {tuple(coded.shape[1:])}")
        both = codec._layers.add(sr, coded)
        return torch.where(pixels_of(one, size), sr, both)

    def _opened(self, head: bytes, size: Sequence[int]) -> tuple[torch.Tensor, float]:
        """(choices, level) of a file."""
        if len(head) < _HEAD.size:
            raise CorruptStream("the head is cut off")
        blocks, level, identity = _HEAD.unpack_from(head)
        if blocks:
            raise CorruptStream("a file of two layers without blocks")
        if identity != identity_of(self.restorer):
            raise CorruptStream("the file was written with another restorer")
        shape = tuple(-(-n // SIDE) for n in size)
        return take_choices(head[_HEAD.size :], (shape[0], shape[1])), level / 255


def shares(image: torch.Tensor, distortion: float, side: int) -> torch.Tensor:
    """How a file's bits are spread over blocks, about: (rows, columns), sum 1.

    Each coefficient c takes half the logarithm of c^2 / D, where that is positive.

    Args:
        image: (1, C, H, W), what was coded. distortion: the file's mean squared error
            in grey values squared. side: of blocks, a multiple of 16.
    """
    total = np.zeros(())
    for number, plane in enumerate(transform(fill(image, side))):
        bits = 0.5 * np.log2(np.maximum(plane**2 / max(distortion, 0.1), 1)).sum(-1)
        n = side // (16 if number else 8)
        h, w = bits.shape
        total = total + bits.reshape(h // n, n, w // n, n).sum((1, 3)) + 0.5 * n * n
    return torch.from_numpy(total / total.sum())


def better_blocks(
    image: torch.Tensor, slope: float, one: tuple, two: tuple
) -> torch.Tensor:
    """Where one layer costs less, (rows, columns) bool.

    Args:
        one, two: the picture that a whole file decodes to, and each block's bits.
    """
    down, right = (-n % SIDE for n in image.shape[-2:])
    costs = []
    for y, bits in (one, two):
        error = (y - image).square().mean(1, keepdim=True) * 255**2
        error = F.pad(error, (0, right, 0, down))  # what is not there has no error
        costs.append(SIDE**2 * F.avg_pool2d(error, SIDE)[0, 0] + slope * bits)
    return costs[0] < costs[1]


def chosen(
    image: torch.Tensor, slope: float, one: tuple[Codec, bytes],
    two: tuple[TwoLayer, bytes],
) -> BlockTwoLayer:  # fmt: skip
    """Block by block the better of two files of a picture, as a codec.

    Args:
        slope: grey values squared for a bit per pixel.
        one: a codec and its file. two: two layers of scale 2, the same.
    """
    (direct, data), (scheme, layered) = one, two
    y, z = direct.decode(data), scheme.decode(layered)
    streams, small = scheme.streams(layered), scheme.small(image)
    decoded = scheme.base.decode(container.unpack(layered, "two-layer").payloads[1])
    first = shares(small, _error(decoded, small), SIDE // 2) * streams["base"]
    bits = 8 * first
    if scheme.residual is not None:
        sr = scheme.restore(decoded, (image.shape[-2], image.shape[-1]))
        missing = (image - sr + MIDDLE).clamp(0, 1)
        bits = bits + 8 * shares(missing, _error(z, image), SIDE) * streams["residual"]
    mine = 8 * shares(image, _error(y, image), SIDE) * len(data)
    return BlockTwoLayer(
        better_blocks(image, slope, (y, mine), (z, bits)), direct, scheme.base,
        scheme.restorer, cast(Any, scheme.residual), scheme.level,
    )  # fmt: skip


def _error(y: torch.Tensor, x: torch.Tensor) -> float:
    return 255**2 * float((y - x).square().mean())
