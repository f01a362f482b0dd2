# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The file of a baseline JPEG: its markers, written and read.

ITU-T T.81 (1992), Annex B. A marker is the byte FF and a code, then mostly a length of
two bytes (which counts itself) and content:

====  =======================================================================
code  content
====  =======================================================================
D8    begin of the picture; E0: "JFIF", so that the colours are known
DB    a quantisation table in zigzag order
C0    height, width; of each component its sampling and quantisation table
C4    a Huffman table: how many codes of each length, the symbols
DD    restart interval, in units
DA    begin of the scan: which Huffman tables; the picture's data follow
D0-7  restart, in turn, between two pieces of the data; D9: end
====  =======================================================================
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from srlab.codecs.base import CorruptStream
from srlab.codecs.huffman import STANDARD, Huffman
from srlab.images.files import MAX_PIXELS

__all__ = ["ZIGZAG", "Frame", "head", "read", "segments"]

# Place in the row-by-row block of each coefficient of the zigzag: along the diagonals,
# up the even ones and down the odd ones.
ZIGZAG = np.array(
    sorted(range(64), key=lambda k: (s := k // 8 + k % 8, k // 8 * (-1) ** (s + 1)))
)


@dataclass
class Frame:
    """What a file says of its picture.

    Attributes:
        sampling: (vertical, horizontal) blocks of a unit, one pair a component.
        tables: (8, 8) quantisation table of each component.
    """

    height: int
    width: int
    sampling: list[tuple[int, int]]
    tables: list[np.ndarray] = field(default_factory=list)

    @property
    def numbers(self) -> range:
        return range(len(self.sampling))

    @property
    def components(self) -> list[int]:
        """The component of each block of a unit: 0 0 0 0 1 2 with halved chroma."""
        return [c for c in self.numbers for _ in range(np.prod(self.sampling[c]))]

    @property
    def grid(self) -> tuple[int, int]:
        """How many units, downwards and across."""
        v, h = self.sampling[0]
        return -(-self.height // (8 * v)), -(-self.width // (8 * h))

    @property
    def units(self) -> int:
        return self.grid[0] * self.grid[1]


def _marker(code: int, content: bytes) -> bytes:
    """A marker and what belongs to it; the length counts itself."""
    return struct.pack(">BBH", 0xFF, code, len(content) + 2) + content


def head(frame: Frame, restart: int) -> bytes:
    """All markers before the picture's data."""
    n, kinds = len(frame.sampling), sorted({c > 0 for c in frame.numbers})
    parts = [b"\xff\xd8", _marker(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")]
    for kind in kinds:
        table = frame.tables[kind].reshape(64)[ZIGZAG]
        parts.append(_marker(0xDB, bytes((kind, *table.tolist()))))
    content = struct.pack(">BHHB", 8, frame.height, frame.width, n)
    for c, (v, h) in enumerate(frame.sampling):
        content += bytes((c + 1, h << 4 | v, c > 0))
    parts.append(_marker(0xC0, content))
    for kind in kinds:
        for is_ac in (0, 1):
            table = STANDARD[kind, is_ac]
            content = bytes((is_ac << 4 | kind, *table.counts)) + table.symbols
            parts.append(_marker(0xC4, content))
    if restart:
        parts.append(_marker(0xDD, struct.pack(">H", restart)))
    scan = bytes((n, *(x for c in frame.numbers for x in (c + 1, (c > 0) * 0x11))))
    parts.append(_marker(0xDA, scan + bytes((0, 63, 0))))
    return b"".join(parts)


def read(data: bytes) -> tuple[Frame, list[tuple], int, bytes]:
    """(frame, Huffman tables of each component, restart, the picture's data)."""
    if not data.startswith(b"\xff\xd8"):
        raise CorruptStream(f"these {len(data)} bytes are not a JPEG file")
    tables, codes, restart, sof, at = {}, {}, 0, b"", 2
    while True:
        found, kind, length = struct.unpack_from(">BBH", data, at)
        content = data[at + 4 : at + 2 + length]
        if found != 0xFF or length < 2 or len(content) != length - 2:
            raise CorruptStream(f"no marker at byte {at}, or it is cut off")
        at += 2 + length
        if kind == 0xDB:
            for k in range(0, len(content), 65):
                table = np.frombuffer(content, np.uint8, 64, k + 1)
                if content[k] > 3 or not table.all():
                    raise CorruptStream(f"quantisation table {content[k]} is damaged")
                tables[content[k]] = table[np.argsort(ZIGZAG)].reshape(8, 8).astype(int)
        elif kind == 0xC4:
            while content:
                counts, symbols = content[1:17], content[17 : 17 + sum(content[1:17])]
                codes[content[0]] = Huffman(counts, symbols)
                content = content[17 + len(symbols) :]
        elif kind == 0xDD:
            (restart,) = struct.unpack(">H", content)
        elif kind == 0xC0:
            sof = content
        elif kind == 0xDA:
            frame, used = _read_frame(sof, tables, content)
            huffman = [(codes[u >> 4], codes[16 | u & 15]) for u in used]
            end = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]", re.DOTALL).search(data, at)
            if end is None or end[0][-1] != 0xD9:
                end = None
            return frame, huffman, restart, data[at : end.start() if end else None]
        elif not (0xE0 <= kind <= 0xEF or kind == 0xFE):
            raise CorruptStream(f"marker {kind:#04x}: not a baseline file")


def _read_frame(sof: bytes, tables: dict, sos: bytes) -> tuple[Frame, list[int]]:
    """The frame, and which Huffman tables each component uses."""
    bits, height, width, n = struct.unpack_from(">BHHB", sof)
    if bits != 8 or n not in (1, 3) or len(sof) != 6 + 3 * n:
        raise CorruptStream(f"{n} components of {bits} bits; 1 or 3 of 8 are read")
    if not 0 < height * width <= MAX_PIXELS:
        raise CorruptStream(f"{height} x {width} pixels")
    sampling = [(sof[7 + 3 * c] & 15, sof[7 + 3 * c] >> 4) for c in range(n)]
    sampling = [(1, 1)] if n == 1 else sampling  # one component: always block by block
    if sampling[0] not in ((1, 1), (1, 2), (2, 1), (2, 2)) or {*sampling[1:]} - {
        (1, 1)
    }:
        raise CorruptStream(f"sampling {sampling} is not read")
    if len(sos) != 4 + 2 * n or sos[0] != n or sos[-3:-1] != b"\x00\x3f":
        raise CorruptStream("not one scan of all components")
    frame = Frame(height, width, sampling)
    frame.tables = [tables[sof[8 + 3 * c]] for c in range(n)]
    return frame, [sos[2 + 2 * c] for c in range(n)]


def segments(
    scan: bytes, step: int, units: int, keep: bool
) -> Iterator[tuple[int, bytes]]:
    """(number of its first unit, bytes) of each piece between restart markers."""
    pieces: Sequence[bytes] = re.split(rb"\xff+([\xd0-\xd7])", scan)
    wanted = -(-units // step)
    if not keep and len(pieces) != 2 * wanted - 1:
        raise CorruptStream(f"{len(pieces) // 2} restart markers, not {wanted - 1}")
    index = 0
    yield 0, pieces[0]
    for number, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        skipped = (number[0] - 0xD0 - index) % 8
        if skipped and not keep:
            raise CorruptStream(f"restart marker {number[0] - 0xD0} out of its order")
        index += 1 + skipped
        if index >= wanted:
            return
        yield index * step, piece
