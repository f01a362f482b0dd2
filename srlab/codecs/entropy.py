# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""From symbols and their probabilities to bytes, the same on every machine.

A range coder (constriction's) needs the same whole numbers at both ends: one float that
is rounded the other way, and all that follows is noise. So probabilities become counts
that add up to 65,536 before they are used, and a symbol that no table foresees is sent
as an escape and 32 plain bits.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from srlab.codecs.base import CorruptStream

__all__ = ["TOTAL", "Decoder", "Encoder", "Tables", "decode", "encode"]
__all__ += ["gaussian_tables", "whole"]

TOTAL = 2**16  # what the counts of a table add up to
_OFFSET = 2**31


@dataclass(frozen=True)
class Tables:
    """Frequency tables of whole numbers, one a kind of symbol.

    Attributes:
        lows: the lowest symbol of each table.
        counts: of each table, one count a symbol from there on, and the escape's.
    """

    lows: tuple[int, ...]
    counts: tuple[np.ndarray, ...]

    def bits(self, symbols: np.ndarray, which: np.ndarray) -> float:
        """What a perfect coder would need, in bits; an escape costs 32 on top."""
        total = 0.0
        for k in np.unique(which):
            place, escaped = _places(self, k, symbols[which == k])
            total -= np.log2(self.counts[k][place] / TOTAL).sum()
            total += 32 * escaped.sum()
        return float(total)


def whole(p: np.ndarray) -> np.ndarray:
    """Probabilities -> counts from 1 on that add up to 65,536; what is left over goes
    to the likeliest.

    >>> whole(np.array([0.5, 0.25, 0.25])).tolist()
    [32768, 16384, 16384]
    """
    p = np.asarray(p, dtype=np.float64)
    if p.ndim != 1 or not 1 <= len(p) <= TOTAL // 2 or not np.isfinite(p).all():
        raise ValueError(f"1 to {TOTAL // 2} finite probabilities, not {p.shape}")
    if p.min() < 0 or p.sum() <= 0:
        raise ValueError("probabilities must not be negative, nor all of them 0")
    # Less 1e-6, so that the last digit of a logarithm decides nothing.
    counts = 1 + np.floor(p / p.sum() * (TOTAL - len(p)) - 1e-6).clip(0).astype(int)
    counts[p.argmax()] += TOTAL - counts.sum()
    return counts


@functools.cache
def gaussian_tables(scales: tuple[float, ...]) -> Tables:
    """A table for each standard deviation of a rounded N(0, scale^2)."""
    from scipy.special import ndtr

    lows, counts = [], []
    for scale in scales:
        reach = int(np.ceil(4.5 * scale))
        edges = ndtr((np.arange(-reach, reach + 2) - 0.5) / scale)
        p = np.diff(edges)
        lows.append(-reach)
        counts.append(whole(np.append(p, max(1 - p.sum(), 0))))
    return Tables(tuple(lows), tuple(counts))


def _places(
    tables: Tables, k: int, symbols: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where symbols stand in table k, and which of them only the escape can send."""
    last = len(tables.counts[k]) - 1
    place = symbols.astype(np.int64) - tables.lows[k]
    escaped = (place < 0) | (place >= last)
    return np.where(escaped, last, place), escaped


def _model(tables: Tables, k: int) -> Any:
    from constriction import stream

    return stream.model.Categorical(tables.counts[k] / TOTAL, perfect=False)


class Encoder:
    """A stream that is written in passes, so that later ones may look at earlier ones.

    A decoder that knows the symbols of a pass can compute the tables of the next.
    """

    def __init__(self) -> None:
        from constriction import stream

        self._stream = stream
        self._coder = stream.queue.RangeEncoder()

    def put(self, symbols: np.ndarray, which: np.ndarray, tables: Tables) -> None:
        """The symbols of each table one after another, then the escaped ones.

        Args and errors as for `encode`.
        """
        symbols, which = np.asarray(symbols), np.asarray(which)
        if symbols.ndim != 1 or symbols.shape != which.shape:
            raise ValueError(f"{symbols.shape} symbols, {which.shape} tables")
        if symbols.size and np.abs(symbols.astype(np.int64)).max() >= _OFFSET:
            raise ValueError("a symbol takes more than 32 bits")
        late = []
        for k in np.unique(which):
            here = symbols[which == k]
            place, escaped = _places(tables, k, here)
            self._coder.encode(place.astype(np.int32), _model(tables, k))
            late.append(here[escaped].astype(np.int64) + _OFFSET)
        rest = np.concatenate(late) if late else np.zeros(0, np.int64)
        if rest.size:
            halves = np.stack([rest >> 16, rest & 0xFFFF], axis=1).reshape(-1)
            uniform = self._stream.model.Uniform(2**16)
            self._coder.encode(halves.astype(np.int32), uniform)

    def data(self) -> bytes:
        """Everything so far."""
        return self._coder.get_compressed().astype("<u4").tobytes()


class Decoder:
    """Reads what `Encoder` wrote, pass by pass."""

    def __init__(self, data: bytes):
        from constriction import stream

        if len(data) % 4:
            raise CorruptStream(f"{len(data)} bytes of symbols are not whole words")
        self._stream = stream
        words = np.frombuffer(data, "<u4").astype(np.uint32)
        self._coder = stream.queue.RangeDecoder(words)

    def take(self, which: np.ndarray, tables: Tables) -> np.ndarray:
        """The symbols of one pass; CorruptStream where none can have been sent."""
        which = np.asarray(which)
        symbols = np.zeros(which.shape, np.int64)
        late: Sequence = []
        try:
            for k in np.unique(which):
                mine = np.flatnonzero(which == k)
                place = self._coder.decode(_model(tables, k), len(mine))
                symbols[mine] = place.astype(np.int64) + tables.lows[k]
                late = [*late, mine[place == len(tables.counts[k]) - 1]]
            rest = np.concatenate(late) if late else np.zeros(0, np.int64)
            if len(rest):
                uniform = self._stream.model.Uniform(2**16)
                halves = self._coder.decode(uniform, 2 * len(rest)).astype(np.int64)
                symbols[rest] = (halves[::2] << 16 | halves[1::2]) - _OFFSET
        except (AssertionError, ValueError, RuntimeError) as error:
            raise CorruptStream(
                f"no such symbols can have been sent: {error}"
            ) from None
        return symbols


def encode(symbols: np.ndarray, which: np.ndarray, tables: Tables) -> bytes:
    """The symbols of each table one after another, then the escaped ones.

    Args:
        symbols: whole numbers, (n,). which: the table of each, (n,).

    Raises ValueError for symbols beyond 32 bits or of another length than `which`.
    """
    coder = Encoder()
    coder.put(symbols, which, tables)
    return coder.data()


def decode(data: bytes, which: np.ndarray, tables: Tables) -> np.ndarray:
    """What `encode` was given; CorruptStream where that cannot be.

    The checksum of the container finds damage; this one only never crashes.
    """
    return Decoder(data).take(which, tables)
