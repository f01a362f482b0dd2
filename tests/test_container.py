# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Our own container: a broken file is told, whatever is broken."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srlab.codecs import CorruptStream, container
from srlab.codecs.container import KINDS, MOST_PIXELS, pack, unpack

FILE = pack("two-layer", (37, 530), 3, [b"the base", b"", b"what is left" * 20])


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(KINDS)),
    st.integers(1, 9000),
    st.integers(1, 7000),
    st.sampled_from((1, 3)),
    st.lists(st.binary(max_size=300), min_size=1, max_size=5),
)
def test_what_goes_in_comes_out(kind, height, width, channels, payloads):
    data = pack(kind, (height, width), channels, payloads)
    got = unpack(data, kind)
    assert got == unpack(bytearray(data), kind)
    assert (got.size, got.channels) == ((height, width), channels)
    assert list(got.payloads) == payloads
    extra = len(data) - sum(map(len, payloads))
    assert extra <= 19 + 8 * len(payloads)


def test_a_small_file_costs_what_the_table_says():
    assert len(pack("factorized", (100, 100), 1, [b""])) == 18
    assert len(pack("factorized", (8000, 8000), 3, [bytes(2**21)])) - 2**21 <= 27


def test_every_change_of_a_single_byte_is_found():
    for place in range(len(FILE)):
        for value in range(256):
            if value != FILE[place]:
                broken = FILE[:place] + bytes((value,)) + FILE[place + 1 :]
                with pytest.raises(CorruptStream):
                    unpack(broken, "two-layer")


def test_every_cut_is_found():
    for length in range(len(FILE)):
        with pytest.raises(CorruptStream):
            unpack(FILE[:length], "two-layer")
    with pytest.raises(CorruptStream, match="1 bytes too many"):
        unpack(FILE + b"x", "two-layer")


@settings(max_examples=2000, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_noise_is_refused_and_nothing_else_happens(noise, with_magic):
    data = (container.MAGIC + b"\x01" if with_magic else b"") + noise
    with pytest.raises(CorruptStream):
        unpack(data, "two-layer")


def test_the_rest_of_a_layered_file_is_still_there():
    whole = unpack(FILE, "two-layer").payloads
    cut = unpack(FILE[:-1], "two-layer", partial=True)
    assert cut.payloads == (*whole[:2], None) and cut.size == (37, 530)
    place = FILE.index(b"the base")
    damaged = FILE[:place] + b"T" + FILE[place + 1 :]
    assert unpack(damaged, "two-layer", partial=True).payloads == (None, *whole[1:])
    for k in random.Random(0).sample(range(place), 20):  # the header must be whole
        broken = FILE[:k] + bytes((FILE[k] ^ 1,)) + FILE[k + 1 :]
        with pytest.raises(CorruptStream):
            unpack(broken, "two-layer", partial=True)


def test_another_codecs_file_and_a_later_version_are_named():
    with pytest.raises(CorruptStream, match="a file of two-layer, not of factorized"):
        unpack(FILE, "factorized")
    with pytest.raises(CorruptStream, match="not a file of srlab's"):
        unpack(b"\xff\xd8\xff\xe0", "factorized")


def _forged(height: int, width: int, version: int = 1, count: int = 1) -> bytes:
    """A header with a right checksum and wrong contents."""
    import struct
    import zlib

    number = container._number
    head = container.MAGIC + bytes((version, KINDS["factorized"], 3))
    head += number(height) + number(width) + bytes((count,))
    head += number(0) * count + struct.pack("<I", 0) * count
    return head + struct.pack("<I", zlib.crc32(head))


def test_a_bomb_is_refused_by_its_header():
    assert unpack(_forged(10, 10), "factorized").payloads == (b"",)
    for bad in (_forged(2**27, 2**27), _forged(0, 5), _forged(5, 5, count=0)):
        with pytest.raises(CorruptStream, match="pixels"):
            unpack(bad, "factorized")
    with pytest.raises(CorruptStream, match="version 2"):
        unpack(_forged(10, 10, version=2), "factorized")


@pytest.mark.parametrize(
    "given",
    [
        ("jpeg", (8, 8), 3, [b""]),
        ("roi", (0, 8), 3, [b""]),
        ("roi", (MOST_PIXELS, 2), 3, [b""]),
        ("roi", (8, 8), 4, [b""]),
        ("roi", (8, 8), 3, []),
    ],
)
def test_the_door(given):
    with pytest.raises(ValueError):
        pack(*given)
    with pytest.raises(TypeError, match="str"):
        unpack("a path", "roi")
