# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""`WithContext`: real bytes for the context models, in an order that a decoder can go.

The networks are those of `srlab.codecs.context`; here they are computed in whole
numbers, pass after pass, by the encoder in the same steps as by the decoder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import torch
from torch import nn

from srlab.codecs import entropy, learned
from srlab.codecs.base import CorruptStream, check_one
from srlab.codecs.context import (
    FARTHEST,
    ORDERS,
    SIDE,
    ContextNet,
    context_net,
    passes,
    spread,
)
from srlab.codecs.learned import MeanScale
from srlab.codecs.networks import SCALES, scale_of
from srlab.codecs.whole_numbers import WholeNumbers

__all__ = ["WithContext"]

EIGHTHS = 8  # a shift is sent to the tables in eighths of a step


class _InWholeNumbers:
    """A ContextNet that gives the same numbers on every machine."""

    def __init__(self, net: ContextNet):
        self.net = net
        self.context = WholeNumbers(nn.Sequential(net.masked()))
        self.head = WholeNumbers(net.head)
        own = (net.own.detach() * net.mask).double().cpu()
        self.own = torch.floor(own * 4096 + 0.5) / 4096

    def near(self, symbols: torch.Tensor, wide: torch.Tensor) -> torch.Tensor:
        """Symbols in units of their spread, in 256ths; a division is exact enough:
        IEEE 754 says how it is rounded."""
        near = (symbols / wide).clamp(-FARTHEST, FARTHEST)
        return torch.floor(near * 256 + 0.5) / 256

    def tables(
        self,
        near: torch.Tensor,
        wide: torch.Tensor,
        index: torch.Tensor,
        blind: bool = False,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The whole part of the shift and the table of each place, both int64.

        Args:
            near: (1, M, h + 4, w + 4), 0 where nothing is known.
            wide, index: (1, M, h, w) float64. blind: the context counts for nothing.
        """
        near = torch.cat((near, near.abs()), 1)
        height, width = index.shape[2:]
        own: Any = sum(  # whole multiples of 2^-20: exact in any order
            near[..., i : i + height, j : j + width] * self.own[:, i, j, None, None]
            for i, j in self.net.mask.nonzero().tolist()
        )
        seen = self.context(near)
        if blind:
            seen, own = torch.zeros_like(seen), 0.0
        found = self.head(torch.cat((seen, index / 16), 1)) + own
        shift, change = found.chunk(2, 1)
        eighths = torch.floor(shift * wide * EIGHTHS + 0.5).long()
        index = torch.floor(index + 16 * change + 0.5).clamp(0, SCALES - 1).long()
        whole = torch.div(eighths + EIGHTHS // 2, EIGHTHS, rounding_mode="floor")
        part = eighths - EIGHTHS * whole + EIGHTHS // 2  # 0 to 7: -1/2 to 3/8 of a step
        return whole, EIGHTHS * index + part


@lru_cache
def _shifted_gaussians() -> entropy.Tables:
    """A table for each scale and each eighth that a mean lies beside a whole number."""
    from scipy.special import ndtr

    lows, counts = [], []
    for scale in scale_of(torch.arange(SCALES, dtype=torch.float64)).tolist():
        reach = int(np.ceil(4.5 * scale)) + 1
        for part in range(EIGHTHS):
            mean = (part - EIGHTHS // 2) / EIGHTHS
            edges = (np.arange(-reach, reach + 2) - 0.5 - mean) / scale
            p = np.diff(ndtr(edges))
            lows.append(-reach)
            counts.append(entropy.whole(np.append(p, max(1 - p.sum(), 0))))
    return entropy.Tables(tuple(lows), tuple(counts))


@dataclass(frozen=True, repr=False)
class WithContext(MeanScale):
    """`MeanScale`'s symbols, hence its picture, in fewer bits.

    Attributes:
        context: a name in data/weights, or a `ContextNet`.
    """

    context: str | ContextNet = "context_checkerboard"

    kind = "mean-scale-context"

    @cached_property
    def rule(self) -> ContextNet:
        """The context's network."""
        if isinstance(self.context, ContextNet):
            return self.context
        return context_net(str(self.context))

    @cached_property
    def tag(self) -> bytes:
        own = hashlib.sha256(super().tag)
        for tensor in self.rule.state_dict().values():
            own.update(tensor.float().numpy().tobytes())
        return own.digest()[:3] + bytes((ORDERS.index(self.rule.order),))

    @cached_property
    def _exact(self) -> _InWholeNumbers:
        return _InWholeNumbers(self.rule)

    def _written_with(self, head: bytes) -> WithContext:
        found = super()._written_with(head)
        return type(self)(found.quality, self.weights, self.context)

    def code(self, y: torch.Tensor) -> list[bytes]:
        z = self.net.h_a(y).round().long()
        mean, which = self._prior(z)
        symbols = (y.double() - mean).round()
        side = entropy.encode(
            z.numpy().reshape(-1), _channels(z.shape[1:]), self._side_tables
        )
        writer = _Writer()
        self._walk(which, symbols.shape, symbols.flatten(2)[0], writer)
        return [side, writer.bytes()]

    def uncode(
        self, payloads: Sequence[bytes], rows: int, columns: int
    ) -> torch.Tensor:
        mean, which = self._sent_prior(payloads[0], rows, columns)
        reader = _Reader(payloads[1])
        return self._walk(which, mean.shape, None, reader) + mean

    def _walk(
        self, which: np.ndarray, shape: Sequence[int], known: Any, coder: Any
    ) -> torch.Tensor:
        """Pass after pass: tables from what is known, then symbols to or from them.

        The encoder goes the decoder's way, step by step: it is as slow, but certain to
        see what the decoder will see.

        Args:
            which: the hyperprior's tables. shape: (1, M, h, w).
            known: the symbols, (M, h w), or None where they are to be read.
        """
        _, channels, height, width = shape
        index = torch.from_numpy(which).reshape(shape).double()
        wide, r, order = spread(index), SIDE // 2, self.rule.order
        symbols = torch.zeros(channels, height * width, dtype=torch.float64)
        near = torch.zeros(1, channels, height + 2 * r, width + 2 * r).double()
        for number, at in enumerate(passes(order, height, width)):
            i, j = at // width, at % width
            if order == "serial":
                window = near[..., i : i + SIDE, j : j + SIDE]
                low, table = self._exact.tables(
                    window, wide[..., i, j, None], index[..., i, j, None]
                )
            else:
                blind = order == "none" or number == 0
                low, table = self._exact.tables(near, wide, index, blind)
                low, table = (t.flatten(2)[..., at] for t in (low, table))
            low, places = low.reshape(-1), table.reshape(-1).numpy()
            if known is None:
                values = torch.from_numpy(coder.get(places)) + low
            else:
                values = known[:, at].reshape(-1).long()
                coder.put((values - low).numpy(), places)
            symbols[:, at] = values.double().reshape(channels, -1)
            fresh = self._exact.near(symbols[:, at], wide.flatten(2)[0, :, at])
            near[0, :, i + r, j + r] = fresh
        return symbols.reshape(shape)

    @torch.inference_mode()
    def estimate(self, image: torch.Tensor) -> float:
        """Bits that the model believes the image takes, headers not counted."""
        x = learned.padded(
            check_one(image).float().expand(-1, 3, -1, -1), self.net.multiple
        )
        y = self.net.analysis(x) * self._gain()
        z = self.net.h_a(y).round()
        mean, which = self._prior(z.long())
        index = torch.from_numpy(which).reshape(y.shape).float()
        symbols = (y.double() - mean).round().float()
        return (self.rule.bits(symbols, index) + self.net._bits(z).sum()).item()


def _channels(shape: Sequence[int]) -> np.ndarray:
    """The number of its channel for each place of (C, h, w), in one row."""
    return np.repeat(np.arange(shape[0]), int(np.prod(shape[1:])))


class _Writer:
    """`entropy.encode` a few symbols at a time."""

    def __init__(self) -> None:
        from constriction import stream

        self._coder, self._plain = stream.queue.RangeEncoder(), stream.model.Uniform
        self._tables = _shifted_gaussians()

    def put(self, symbols: np.ndarray, which: np.ndarray) -> None:
        for k in np.unique(which):
            mine = symbols[which == k]
            place, escaped = entropy._places(self._tables, k, mine)
            self._coder.encode(place.astype(np.int32), entropy._model(self._tables, k))
            late = mine[escaped].astype(np.int64) + 2**31
            if late.size:
                halves = np.stack([late >> 16, late & 0xFFFF], axis=1).reshape(-1)
                self._coder.encode(halves.astype(np.int32), self._plain(2**16))

    def bytes(self) -> bytes:
        return self._coder.get_compressed().astype("<u4").tobytes()


class _Reader:
    """What `_Writer` was given, a few symbols at a time."""

    def __init__(self, data: bytes):
        from constriction import stream

        if len(data) % 4:
            raise CorruptStream(f"{len(data)} bytes of symbols are not whole words")
        words = np.frombuffer(data, "<u4").astype(np.uint32)
        self._coder, self._plain = (
            stream.queue.RangeDecoder(words),
            stream.model.Uniform,
        )
        self._tables = _shifted_gaussians()

    def get(self, which: np.ndarray) -> np.ndarray:
        symbols = np.zeros(which.shape, np.int64)
        try:
            for k in np.unique(which):
                model = entropy._model(self._tables, k)
                mine = np.flatnonzero(which == k)
                place = self._coder.decode(model, len(mine)).astype(np.int64)
                symbols[mine] = place + self._tables.lows[k]
                late = mine[place == len(self._tables.counts[k]) - 1]
                if late.size:
                    halves = self._coder.decode(self._plain(2**16), 2 * len(late))
                    halves = halves.astype(np.int64)
                    symbols[late] = (halves[::2] << 16 | halves[1::2]) - 2**31
        except (AssertionError, ValueError, RuntimeError) as error:
            raise CorruptStream(f"no such symbols were sent: {error}") from None
        return symbols
