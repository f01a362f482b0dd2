# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""A map of small whole numbers to bytes, with a context that a decoder can follow.

Row by row each place's table depends on up to twelve neighbours; but places on a
slanted line, column + 3 row, do not depend on each other, so they are decoded together:
W + 3 (H - 1) steps in place of W H (wavefront). With a checkerboard it takes two steps.

The context network is computed in whole numbers (`WholeNumbers`), its softmax by a
table of integer weights, and the counts by integer division: encoder and decoder get
the same ones on any machine. A model that is wrong costs more than four bits a symbol;
then the symbols are sent plainly, and one byte says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from srlab.codecs.base import CorruptStream
from srlab.codecs.entropy import TOTAL
from srlab.codecs.whole_numbers import WholeNumbers

if TYPE_CHECKING:
    from srlab.models.side_info import Context

__all__ = ["DescriptorCoder", "steps", "wavefront"]

RAW, CODED = 0, 1
_FINEST = 256  # logits are multiples of 1 / 256
_LOWEST = 16 * _FINEST  # e^-16 and less count as that


def wavefront(height: int, width: int) -> list[np.ndarray]:
    """Places, counted row by row, of each step: column + 3 row is the same in one.

    >>> [at.tolist() for at in wavefront(2, 4)]
    [[0], [1], [2], [3, 4], [5], [6], [7]]
    """
    i, j = np.divmod(np.arange(height * width), width)
    at = j + 3 * i
    order = np.argsort(at, kind="stable")
    edges = np.flatnonzero(np.diff(at[order])) + 1
    return np.split(order, edges)


def steps(order: str, height: int, width: int) -> list[np.ndarray]:
    """Which places are coded together: "serial" as a wavefront, or "checkerboard",
    "none", or "one by one", the slow way of "serial"."""
    if order == "serial":
        return wavefront(height, width)
    places = np.arange(height * width)
    if order == "one by one":
        return list(places[:, None])
    if order == "checkerboard":
        i, j = np.divmod(places, width)
        odd = (i + j) % 2 == 1
        return [part for part in (places[~odd], places[odd]) if len(part)]
    return [places]


@lru_cache(maxsize=1)
def _weights() -> np.ndarray:
    """2^24 e^(-k / 256), rounded down, for k = 0 .. 4096, in exact decimals."""
    values = [(Decimal(-k) / _FINEST).exp() * 2**24 for k in range(_LOWEST + 1)]
    return np.array([max(1, int(value)) for value in values], np.int64)


def counts(logits: torch.Tensor) -> np.ndarray:
    """(n, classes) float64 multiples of 1/256 -> counts from 1 on, rows of 65,536."""
    whole = (logits.double() * _FINEST).round().long().numpy()
    below = (whole.max(axis=1, keepdims=True) - whole).clip(0, _LOWEST)
    weight = _weights()[below]
    free = TOTAL - weight.shape[1]
    made = 1 + weight * free // weight.sum(axis=1, keepdims=True)
    first = weight.argmax(axis=1)
    made[np.arange(len(made)), first] += TOTAL - made.sum(axis=1)
    return made


class DescriptorCoder:
    """Codes maps (h, w) of 0 .. classes - 1 with a `srlab.models.side_info.Context`.

    Args:
        context: the trained network.
        one_by_one: decode without a wavefront, to see what it is worth.
    """

    def __init__(self, context: Context, one_by_one: bool = False):
        self.classes = context.masked.in_channels
        self.order = "one by one" if one_by_one else context.order
        self.blind_first = context.order == "checkerboard"
        outputs, inputs = context.masked.weight.shape[:2]
        masked = nn.Conv2d(inputs, outputs, 5)
        masked.weight = nn.Parameter(context.masked.weight.detach() * context.mask)
        masked.bias = context.masked.bias
        self._net = WholeNumbers(nn.Sequential(masked, *context.head))

    def _tables(self, near: np.ndarray, at: np.ndarray, width: int) -> np.ndarray:
        """Counts (n, classes) of the places; near: one-hot (classes, h + 4, w + 4)."""
        i, j = np.divmod(at, width)
        span = np.arange(5)
        windows = near[
            :,
            (i[:, None] + span)[:, :, None],
            (j[:, None] + span)[:, None, :],
        ]  # (classes, n, 5, 5)
        seen = torch.from_numpy(windows.swapaxes(0, 1).astype(np.float64))
        return counts(self._net(seen).flatten(1))

    def _walk(
        self, shape: Sequence[int], known: np.ndarray | None, coder: Any
    ) -> np.ndarray:
        """Step by step: tables from what is known, symbols to or from the coder."""
        from constriction import stream

        family = stream.model.Categorical(perfect=False)
        height, width = shape
        found = np.zeros(height * width, np.int64)
        near = np.zeros((self.classes, height + 4, width + 4), np.int8)
        empty = near.copy()
        for number, at in enumerate(steps(self.order, height, width)):
            blind = self.order == "none" or (self.blind_first and not number)
            table = self._tables(empty if blind else near, at, width) / TOTAL
            if known is None:
                found[at] = coder.decode(family, table)
            else:
                found[at] = known[at]
                coder.encode(known[at].astype(np.int32), family, table)
            i, j = np.divmod(at, width)
            near[found[at], i + 2, j + 2] = 1
        return found

    def encode(self, symbols: np.ndarray) -> bytes:
        """(h, w) of 0 .. classes - 1 -> bytes: at most 4 bits a symbol, and one byte.

        Raises ValueError for other symbols.
        """
        from constriction import stream

        symbols = np.asarray(symbols)
        if symbols.ndim != 2 or not symbols.size:
            raise ValueError(f"a map (h, w) is wanted, not {symbols.shape}")
        if symbols.min() < 0 or symbols.max() >= self.classes:
            raise ValueError(f"symbols must be 0 to {self.classes - 1}")
        flat = symbols.reshape(-1).astype(np.int64)
        coder = stream.queue.RangeEncoder()
        self._walk(symbols.shape, flat, coder)
        coded = coder.get_compressed().astype("<u4").tobytes()
        if len(coded) <= (len(flat) + 1) // 2:
            return bytes((CODED,)) + coded
        pairs = np.append(flat, np.zeros(len(flat) % 2, np.int64)).reshape(-1, 2)
        return bytes((RAW,)) + (pairs[:, 0] << 4 | pairs[:, 1]).astype("u1").tobytes()

    def decode(self, data: bytes, shape: tuple[int, int]) -> np.ndarray:
        """What `encode` was given; CorruptStream where that cannot be."""
        from constriction import stream

        if not data or data[0] not in (RAW, CODED):
            raise CorruptStream("no descriptors: the first byte is another")
        size = shape[0] * shape[1]
        if data[0] == RAW:
            if len(data) != 1 + (size + 1) // 2:
                raise CorruptStream(f"{len(data)} bytes for {size} plain symbols")
            pairs = np.frombuffer(data[1:], "u1")
            flat = np.stack([pairs >> 4, pairs & 15], 1).reshape(-1)[:size]
            return flat.astype(np.int64).reshape(shape)
        if (len(data) - 1) % 4:
            raise CorruptStream(f"{len(data)} bytes of symbols are not whole words")
        words = np.frombuffer(data[1:], "<u4").astype(np.uint32)
        coder = stream.queue.RangeDecoder(words)
        try:
            return self._walk(shape, None, coder).reshape(shape)
        except (AssertionError, ValueError, RuntimeError) as error:
            raise CorruptStream(f"no such symbols were sent: {error}") from None
