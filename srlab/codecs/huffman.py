# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""The lossless half of baseline JPEG: whole numbers <-> bits by Huffman's codes.

ITU-T T.81 (1992), Annex F: how coefficients become symbols; Annex C: how a list of
lengths becomes a code; Annex K.3: the tables that encoders use who make none of their
own. Bits are written here as text of "0" and "1", for they are to be read.

A block is 64 whole numbers in zigzag order. The first, DC, is sent as the difference
from the last block's of the same component; each other one that is not zero as a symbol
(how many zeros stand before it, how many bits it has) and those bits.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import numpy as np

from srlab.codecs.base import CorruptStream

__all__ = ["STANDARD", "Huffman", "decode_segment", "encode_segment", "magnitude"]

END, ZEROS = 0x00, 0xF0  # end of block; sixteen zeros
_DC_BITS, _AC_BITS = 11, 10  # the most that a value of a baseline file may have


class Huffman:
    """A code, as a DHT marker gives it: how many codes of each length, and symbols.

    Codes of one length are consecutive numbers; a longer code begins where the shorter
    ones end, with a zero behind it. So the lengths alone tell the whole code.

    Attributes:
        counts: of codes with 1, 2, ... 16 bits. symbols: in the order of their codes.
        codes: symbol -> its bits, a text of "0" and "1".

    >>> Huffman([1, 0, 2] + 13 * [0], b"abc").codes
    {97: '0', 98: '100', 99: '101'}
    """

    def __init__(self, counts: Sequence[int], symbols: bytes):
        self.counts, self.symbols = tuple(counts), bytes(symbols)
        if len(self.counts) != 16 or sum(self.counts) != len(self.symbols):
            raise ValueError(
                "16 counts that add up to the number of symbols are wanted"
            )
        self.codes: dict[int, str] = {}
        code, rest = 0, iter(self.symbols)
        for length, count in enumerate(self.counts, 1):
            for symbol in (next(rest) for _ in range(count)):
                if code >= 2**length:
                    raise ValueError("more codes than there are bits for")
                self.codes[symbol] = f"{code:0{length}b}"
                code += 1
            code *= 2

    @functools.cached_property
    def lookup(self) -> list[tuple[int, int]]:
        """Any 16 bits -> (length of the first code, its symbol); (0, 0): none."""
        table = [(0, 0)] * 2**16
        for symbol, bits in self.codes.items():
            low, size = int(bits.ljust(16, "0"), 2), 2 ** (16 - len(bits))
            table[low : low + size] = [(len(bits), symbol)] * size
        return table


def magnitude(value: int) -> tuple[int, str]:
    """(how many bits, the bits) of a whole number; a negative one is sent less 1.

    >>> magnitude(5), magnitude(-5), magnitude(0)
    ((3, '101'), (3, '010'), (0, ''))
    """
    size = abs(value).bit_length()
    number = value if value > 0 else value + 2**size - 1
    return size, f"{number:0{size}b}" if size else ""


def encode_segment(
    blocks: np.ndarray, components: Sequence[int], tables: Sequence[tuple]
) -> bytes:
    """Blocks -> the entropy-coded bytes between two markers.

    Args:
        blocks: (M, K, 64) whole numbers, zigzag; M units of K blocks.
        components: whose block each of the K is: 0, or 0, 1 and 2.
        tables: (DC, AC) of each component.
    """
    bits: list[str] = []
    last = [0, 0, 0]
    for unit in blocks:
        for block, component in zip(unit.tolist(), components, strict=True):
            dc, ac = tables[component]
            size, extra = magnitude(block[0] - last[component])
            last[component] = block[0]
            bits += (dc.codes[size], extra)
            zeros = 0
            for value in block[1:]:
                if not value:
                    zeros += 1
                    continue
                for _ in range(zeros // 16):
                    bits.append(ac.codes[ZEROS])
                size, extra = magnitude(value)
                bits += (ac.codes[zeros % 16 << 4 | size], extra)
                zeros = 0
            if zeros:
                bits.append(ac.codes[END])
    text = "".join(bits)
    text += "1" * (-len(text) % 8)  # the last byte is filled up with ones
    data = int(text, 2).to_bytes(len(text) // 8, "big")
    return data.replace(b"\xff", b"\xff\x00")  # no marker by accident


def decode_segment(
    data: bytes, blocks: np.ndarray, components: Sequence[int], tables: Sequence[tuple]
) -> None:
    """The inverse of `encode_segment`: fills blocks (M, K, 64), given as zeros.

    Raises CorruptStream where no such bits can have been sent; what was read until then
    stands in the blocks.
    """
    reader = _Bits(data.replace(b"\xff\x00", b"\xff"))
    last = [0, 0, 0]
    for unit in blocks:
        for block, component in zip(unit, components, strict=True):
            dc, ac = tables[component]
            size = reader.symbol(dc)
            if size > _DC_BITS:
                raise CorruptStream(f"a difference of {size} bits")
            last[component] += reader.number(size)
            block[0] = max(-(2**15), min(2**15, last[component]))
            for place, value in _ac_values(reader, ac):
                block[place] = value
            if reader.place > reader.end:
                block[:] = 0  # made of the padding
                raise CorruptStream("the picture's data are cut off")


def _ac_values(reader: _Bits, table: Huffman) -> Iterator[tuple[int, int]]:
    """(place, value) of the coefficients of a block that are not zero."""
    place = 0
    while place < 63:
        symbol = reader.symbol(table)
        if symbol == END:
            return
        zeros, size = symbol >> 4, symbol & 15
        place += zeros + 1
        if place > 63 or size > _AC_BITS or (not size and symbol != ZEROS):
            raise CorruptStream(f"symbol {symbol:#04x} at coefficient {place}")
        if size:
            yield place, reader.number(size)


class _Bits:
    """Reads bits one after another; zeros come after the end."""

    def __init__(self, data: bytes):
        self.data, self.place, self.end = data + bytes(4), 0, 8 * len(data)

    def peek(self) -> int:
        """The next 16 bits as a number."""
        if self.place > self.end:
            raise CorruptStream("the picture's data are cut off")
        at = self.place >> 3
        number = int.from_bytes(self.data[at : at + 3], "big")
        return number >> 8 - (self.place & 7) & 0xFFFF

    def symbol(self, table: Huffman) -> int:
        length, symbol = table.lookup[self.peek()]
        if not length:
            raise CorruptStream(f"no code begins so, at bit {self.place}")
        self.place += length
        return symbol

    def number(self, size: int) -> int:
        """The inverse of `magnitude`."""
        if not size:
            return 0
        number = self.peek() >> 16 - size
        self.place += size
        return number if number >> size - 1 else number - 2**size + 1


def _standard(counts: str, symbols: str) -> Huffman:
    return Huffman([int(n) for n in counts.split()], bytes.fromhex(symbols))


def _frequent_first(first: str) -> str:
    """The symbols of an AC table: some by name, then the rest in their order."""
    named = bytes.fromhex(first)
    every = [END, ZEROS] + [
        run << 4 | size for run in range(16) for size in range(1, 11)
    ]
    return first + bytes(sorted(s for s in every if s not in named)).hex()


STANDARD = {  # (is chroma, is AC) -> T.81's tables K.3 to K.6
    (0, 0): _standard("0 1 5 1 1 1 1 1 1 0 0 0 0 0 0 0", "000102030405060708090a0b"),
    (1, 0): _standard("0 3 1 1 1 1 1 1 1 1 1 0 0 0 0 0", "000102030405060708090a0b"),
    (0, 1): _standard(
        "0 2 1 3 3 2 4 3 5 5 4 4 0 0 1 125",
        _frequent_first(
            "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282"
        ),
    ),
    (1, 1): _standard(
        "0 2 1 2 4 4 3 4 7 5 4 4 0 1 2 119",
        _frequent_first(
            "000102031104052131061241510761711322328108144291a1b1c109233352f0"
            "156272d10a162434e125f1"
        ),
    ),
}
