"""Damaged standard files: refused or decoded, and nothing else happens."""

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import srlab
from srlab.codecs import AVIF, JPEG, JPEG2000, CorruptStream, Factorized, WebP

PHOTO = srlab.photo("coffee")[..., :40, :56]
FILES = {
    codec: codec.encode(PHOTO)
    for codec in (
        JPEG(40), JPEG(40, progressive=True), JPEG2000(bpp=0.8), WebP(40),
        AVIF(30, speed=9), Factorized(1),
    )
}  # fmt: skip


@pytest.mark.parametrize("codec", FILES, ids=repr)
@settings(max_examples=350, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255)), max_size=3),
    st.floats(0, 1.1),
    st.binary(max_size=20),
)
def test_flips_cuts_and_what_is_added(codec, flips, cut, more):
    data = bytearray(FILES[codec])
    for where, change in flips:
        data[min(int(where * len(data)), len(data) - 1)] ^= change
    data = bytes(data[: int(cut * len(data))]) + more
    with contextlib.suppress(CorruptStream):
        image = codec.decode(data)
        assert image.ndim == 4 and image.min() >= 0 and image.max() <= 1


@pytest.mark.parametrize("codec", FILES, ids=repr)
@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 40))
def test_noise_behind_a_true_beginning(codec, noise, kept):
    with contextlib.suppress(CorruptStream):
        codec.decode(FILES[codec][:kept] + noise)
