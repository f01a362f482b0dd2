# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The file that the course's own codecs write: a short header, and payloads in order.

Standard codecs write standard files. Ours need to say how large the picture was and
where each payload ends, and a broken file must never become a wrong picture:

======  =====================================================================
bytes   meaning
======  =====================================================================
3       ``f5 73 72`` (no text begins so)
1       version, 1
1       kind: which codec wrote it, `KINDS`
1       channels, 1 or 3
1..4    height, width of the picture, 7 bits a byte, the last below 128
1       number of payloads
1..4    length of each, as above
4       CRC-32 of each
4       CRC-32 of all before it
...     the payloads
======  =====================================================================

A single payload costs 18 to 27 bytes on top of its own. They count in every rate.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar, overload

from srlab.codecs.base import CorruptStream
from srlab.images import check_whole
from srlab.images.files import MAX_PIXELS

__all__ = ["KINDS", "MOST_PIXELS", "Container", "pack", "unpack"]

MAGIC, VERSION = b"\xf5sr", 1
KINDS = {"factorized": 1, "mean-scale": 2, "mean-scale-context": 3, "progressive": 4}
KINDS |= {"bmshj2018-factorized": 8, "bmshj2018-hyperprior": 9, "mbt2018-mean": 10}
KINDS |= {"mbt2018": 11, "two-layer": 16, "side-info": 17, "roi": 18}
MOST_PIXELS = MAX_PIXELS  # what a header may ask a decoder to make room for
_MOST_BYTES = 2**28  # of one payload: four bytes of seven bits


Payload = TypeVar("Payload", bound=bytes | None, covariant=True)


@dataclass(frozen=True)
class Container(Generic[Payload]):
    """What is in a file of ours.

    Attributes:
        kind: which codec wrote it, one of `KINDS`.
        size: (height, width) of the picture, not padded.
        channels: 1 or 3.
        payloads: their bytes; None for one that is cut off or damaged, if `unpack` was
            told to go on.
    """

    kind: str
    size: tuple[int, int]
    channels: int
    payloads: tuple[Payload, ...]


def pack(
    kind: str, size: Sequence[int], channels: int, payloads: Sequence[bytes]
) -> bytes:
    """The bytes of a file.

    Raises:
        ValueError: an unknown kind, no size, no payload, or too many bytes.

    >>> data = pack("factorized", (37, 53), 3, [b"symbols"])
    >>> len(data), unpack(data, "factorized").size
    (25, (37, 53))
    """
    if kind not in KINDS:
        raise ValueError(f"no codec is called {kind!r}: {', '.join(KINDS)}")
    height, width = (check_whole(n, "a side", 1, MOST_PIXELS) for n in size)
    if height * width > MOST_PIXELS:
        raise ValueError(f"{height} x {width} pixels; {MOST_PIXELS:,} at most")
    if channels not in (1, 3):
        raise ValueError(f"channels must be 1 or 3, not {channels!r:.20}")
    if not 1 <= len(payloads) <= 255 or max(map(len, payloads)) >= _MOST_BYTES:
        raise ValueError("1 to 255 payloads of less than 256 MiB each are wanted")
    head = MAGIC + bytes((VERSION, KINDS[kind], channels))
    head += _number(height) + _number(width) + bytes((len(payloads),))
    head += b"".join(_number(len(payload)) for payload in payloads)
    head += b"".join(struct.pack("<I", zlib.crc32(payload)) for payload in payloads)
    return head + struct.pack("<I", zlib.crc32(head)) + b"".join(payloads)


@overload
def unpack(
    data: bytes, kind: str, partial: Literal[False] = False
) -> Container[bytes]: ...
@overload
def unpack(data: bytes, kind: str, partial: bool) -> Container[bytes | None]: ...
def unpack(
    data: bytes, kind: str, partial: bool = False
) -> Container[bytes] | Container[bytes | None]:
    """What `pack` was given.

    Args:
        data: the bytes of a file. kind: which codec should have written it.
        partial: give None in place of a payload that is damaged or cut off, so that a
            layered codec can decode the rest; the header must be whole all the same.

    Raises:
        TypeError: no bytes.
        CorruptStream: not a file of this kind, of a later version, damaged, cut off,
            too long, or of more than `MOST_PIXELS` pixels.
    """
    try:
        data = bytes(memoryview(data))
    except TypeError:
        given = type(data).__name__
        raise TypeError(f"the bytes of a file are wanted, not a {given}") from None
    if not data.startswith(MAGIC):
        raise CorruptStream(f"these {len(data)} bytes are not a file of srlab's")
    try:
        version, wrote, channels = data[3:6]
        height, at = _read_number(data, 6)
        width, at = _read_number(data, at)
        count, at = data[at], at + 1
        lengths, checks = [], []
        for _ in range(count):
            length, at = _read_number(data, at)
            lengths.append(length)
        for _ in range(count):
            checks.append(struct.unpack_from("<I", data, at)[0])
            at += 4
        (check,) = struct.unpack_from("<I", data, at)
    except (IndexError, ValueError, struct.error):
        raise CorruptStream("the header is cut off") from None
    if check != zlib.crc32(data[:at]):
        raise CorruptStream("the header is damaged: its checksum is another")
    _check_header(version, wrote, channels, height * width, count, kind)
    payloads: list[bytes | None] = []
    at += 4
    for number, (length, check) in enumerate(zip(lengths, checks, strict=True)):
        payload = data[at : at + length]
        at += length
        good = len(payload) == length and zlib.crc32(payload) == check
        if not good and not partial:
            what = "damaged" if len(payload) == length else "cut off"
            raise CorruptStream(f"payload {number + 1} of {count} is {what}")
        payloads.append(payload if good else None)
    if len(data) > at and not partial:
        raise CorruptStream(f"{len(data) - at} bytes too many")
    return Container(kind, (height, width), channels, tuple(payloads))


def _check_header(
    version: int, wrote: int, channels: int, pixels: int, count: int, kind: str
) -> None:
    """What a whole header may still get wrong."""
    if version != VERSION:
        raise CorruptStream(f"version {version}; this srlab reads {VERSION}")
    names = {number: name for name, number in KINDS.items()}
    if names.get(wrote) != kind:
        found = names.get(wrote, f"codec number {wrote}")
        raise CorruptStream(f"a file of {found}, not of {kind}")
    if channels not in (1, 3) or not count or not 1 <= pixels <= MOST_PIXELS:
        raise CorruptStream(f"{channels} channels, {pixels:,} pixels, {count} payloads")


def _number(value: int) -> bytes:
    """7 bits a byte, the lowest first; all but the last have the top bit set."""
    digits = bytearray()
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes((*digits, value))


def _read_number(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins at a place, and the place behind it."""
    value = 0
    for shift in range(0, 28, 7):
        digit = data[at]
        value, at = value | (digit & 127) << shift, at + 1
        if digit < 128:
            return value, at
    raise ValueError("a number of more than four bytes")
