"""Baseline JPEG from its parts: libjpeg's sizes and pixels, and no way to hurt it."""

import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import srlab
from srlab.codecs import JPEG, BaselineJPEG, Codec, CorruptStream
from srlab.codecs.baseline import DCT, ZIGZAG, quantisation_table
from srlab.codecs.huffman import STANDARD, Huffman, magnitude

ALL = [BaselineJPEG(50), BaselineJPEG(90, "4:4:4"), BaselineJPEG(20, restart=3)]


def rand(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def smooth(*shape):
    """Smooth light with a little colour in it."""
    coarse = 0.8 * rand(1, 1, 5, 6) + 0.2 * rand(1, shape[1], 5, 6)
    return srlab.imresize(coarse, size=shape[2:]).clamp(0, 1)


def pillow(data):
    """(1, C, H, W) of Pillow's decoder."""
    return srlab.images.read(data, keep_grey=True)


def saved(image, **options):
    buffer = io.BytesIO()
    srlab.images.to_pillow(image).save(buffer, "JPEG", optimize=False, **options)
    return buffer.getvalue()


def differs(a, b):
    return (255 * (a - b)).abs().round()


# --- known values -------------------------------------------------------------------


def test_the_zigzag_and_the_transform():
    assert ZIGZAG[:10].tolist() == [0, 1, 8, 16, 9, 2, 3, 10, 17, 24]
    assert ZIGZAG[-3:].tolist() == [55, 62, 63] and sorted(ZIGZAG) == list(range(64))
    flat = DCT @ np.full((8, 8), 3.0) @ DCT.T
    assert flat[0, 0] == pytest.approx(24) and abs(flat).sum() == pytest.approx(24)
    assert np.allclose(DCT @ DCT.T, np.eye(8))


@pytest.mark.parametrize("quality", [1, 10, 49, 50, 51, 75, 99, 100])
def test_the_tables_are_libjpegs(quality):
    head = Image.open(io.BytesIO(saved(rand(1, 3, 8, 8), quality=quality)))
    for chroma in (False, True):
        ours = quantisation_table(quality, chroma).reshape(64).tolist()
        assert ours == list(head.quantization[int(chroma)])


def test_the_standard_codes_are_libjpegs():
    for image, kinds in ((rand(1, 3, 8, 8), (0, 1)), (rand(1, 1, 8, 8), (0,))):
        data = saved(image, quality=50)
        for kind in kinds:
            for is_ac in (0, 1):
                table = STANDARD[kind, is_ac]
                head = bytes((is_ac << 4 | kind, *table.counts)) + table.symbols
                assert head in data


def test_a_huffman_code_is_its_lengths():
    code = Huffman([0, 1, 2, 1] + 12 * [0], b"wxyz")
    assert list(code.codes.values()) == ["00", "010", "011", "1000"]
    assert code.lookup[0b0110 << 12] == (3, ord("y"))
    assert code.lookup[0xFFFF] == (0, 0)
    for bad in ([3] + 15 * [0], [2, 1] + 14 * [0], [1] + 14 * [0]):
        with pytest.raises(ValueError):
            Huffman(bad, b"abc")


@pytest.mark.parametrize(
    "value, bits", [(0, (0, "")), (1, (1, "1")), (-1, (1, "0")), (-7, (3, "000"))]
)
def test_magnitudes(value, bits):
    assert magnitude(value) == bits


# --- beside libjpeg -----------------------------------------------------------------


@pytest.mark.parametrize("subsampling, number", [("4:4:4", 0), ("4:2:0", 2)])
@pytest.mark.parametrize("quality", [10, 50, 90])
def test_sizes_and_pixels_are_libjpegs(subsampling, number, quality):
    image = srlab.photo("chelsea")
    codec = BaselineJPEG(quality, subsampling)
    data, theirs = (
        codec.encode(image),
        saved(image, quality=quality, subsampling=number),
    )
    assert abs(len(data) / len(theirs) - 1) < 0.02
    assert Image.open(io.BytesIO(data)).format == "JPEG"
    ours = codec.decode(data)
    if number == 0:
        off = differs(ours, pillow(data))
        assert off.max() <= 3 and (off > 2).float().mean() < 1e-3
    else:  # libjpeg interpolates chroma; the brightness is the same
        off = srlab.images.luma(ours) - srlab.images.luma(pillow(data))
        assert (255 * off).abs().mean() < 0.2
        assert differs(ours, pillow(data)).mean() < 0.5
    assert (
        srlab.metrics.psnr(ours, image) > srlab.metrics.psnr(pillow(data), image) - 0.5
    )


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("optimize", [False, True])
def test_it_reads_what_libjpeg_writes(subsampling, optimize):
    image = smooth(1, 3, 61, 83)
    data = JPEG(80, ("4:4:4", "4:2:2", "4:2:0")[subsampling], optimize).encode(image)
    assert differs(BaselineJPEG().decode(data), pillow(data)).mean() < 1.2


def test_grey():
    image = srlab.images.luma(srlab.photo("coffee"))
    codec = BaselineJPEG(60)
    data, theirs = codec.encode(image), saved(image, quality=60)
    assert abs(len(data) / len(theirs) - 1) < 0.02
    assert codec.decode(data).shape == image.shape
    assert differs(codec.decode(data), pillow(data)).max() <= 1
    assert Image.open(io.BytesIO(data)).mode == "L"


@pytest.mark.parametrize("codec", ALL, ids=repr)
@pytest.mark.parametrize("size", [(1, 1), (8, 8), (37, 53), (17, 200)])
@pytest.mark.parametrize("channels", [1, 3])
def test_round_trip_of_odd_sizes(codec, size, channels):
    image = smooth(1, channels, *size)
    data = codec.encode(image)
    decoded = codec.decode(data)
    assert isinstance(codec, Codec) and decoded.dtype == torch.float32
    assert decoded.shape == image.shape == pillow(data).shape
    assert torch.equal(srlab.images.round8(decoded), decoded)
    assert srlab.metrics.psnr(decoded, image) > 20
    assert differs(decoded, pillow(data)).mean() < 3


@pytest.mark.parametrize("codec", [BaselineJPEG(100, "4:4:4"), BaselineJPEG(1)])
def test_noise_and_extremes(codec):
    for image in (rand(1, 3, 40, 56), (rand(1, 3, 40, 56) > 0.5).float()):
        data = codec.encode(image)
        assert differs(codec.decode(data), pillow(data)).mean() < 20
    near = codec.decode(codec.encode(image))
    assert codec.quality == 1 or srlab.metrics.psnr(near, image) > 40


# --- restart markers and damage -----------------------------------------------------


def test_restart_markers_cost_bytes_and_change_no_pixel():
    image = srlab.photo("chelsea")[..., :160, :200]
    plain, marked = BaselineJPEG(50), BaselineJPEG(50, restart=5)
    a, b = plain.encode(image), marked.encode(image)
    assert len(a) < len(b) < 1.2 * len(a)
    assert torch.equal(plain.decode(a), marked.decode(b))
    assert torch.equal(pillow(a), pillow(b))
    units = 10 * 13
    assert sum(b.count(bytes((0xFF, 0xD0 + k))) for k in range(8)) == -(-units // 5) - 1


def test_damage_ends_at_the_next_restart_marker():
    image = srlab.photo("chelsea")[..., :160, :208]
    codec = BaselineJPEG(50, restart=13)  # a row of units
    data = codec.encode(image)
    whole = codec.decode(data)
    at = data.index(b"\xff\xd3") + 20  # in the fifth row
    bad = data[:at] + bytes((data[at] ^ 0x40,)) + data[at + 1 :]
    kept = codec.decode(bad, keep=True)
    hurt = (kept - whole).abs().amax(dim=(0, 1, 3)) > 0
    rows = torch.arange(160)[hurt]
    assert len(rows) > 0 and rows.min() >= 64 and rows.max() < 80


def test_a_lost_segment_leaves_the_others_in_place():
    image = smooth(1, 3, 64, 64)
    codec = BaselineJPEG(50, restart=4)
    data = codec.encode(image)
    first, second = data.index(b"\xff\xd0"), data.index(b"\xff\xd1")
    bad = data[:first] + data[second:]
    with pytest.raises(CorruptStream, match="restart"):
        codec.decode(bad)
    kept, whole = codec.decode(bad, keep=True), codec.decode(data)
    same = (kept == whole).all(dim=1)[0].all(dim=1)
    assert same[:16].all() and same[32:].all() and not same[16:32].any()


def test_a_cut_file_keeps_its_beginning():
    image = srlab.photo("chelsea")[..., :96, :96]
    codec = BaselineJPEG(50)
    data = codec.encode(image)
    cut = data[: len(data) * 3 // 4]
    with pytest.raises(CorruptStream):
        codec.decode(cut)
    kept = codec.decode(cut, keep=True)
    assert torch.equal(kept[..., :16, :], codec.decode(data)[..., :16, :])


SMALL = BaselineJPEG(40, restart=4).encode(smooth(1, 3, 40, 56))


def outcome(data, keep=False):
    """A picture of a sound shape, or None for CorruptStream; else it raises."""
    try:
        image = BaselineJPEG().decode(data, keep=keep)
    except CorruptStream:
        return None
    assert image.ndim == 4 and image.shape[1] in (1, 3)
    return image


@settings(max_examples=300, deadline=None)
@given(
    where=st.lists(st.integers(0, len(SMALL) * 8 - 1), min_size=1, max_size=4),
    keep=st.booleans(),
)
def test_flipped_bits_raise_or_decode(where, keep):
    data = bytearray(SMALL)
    for bit in where:
        if 156 < bit // 8 < 168:  # not its size: 65535 x 65535 is refused anyway
            bit += 8 * 40
        data[bit // 8] ^= 1 << bit % 8
    outcome(bytes(data), keep)


@settings(max_examples=200, deadline=None)
@given(length=st.integers(0, len(SMALL) - 1))
def test_cut_files_raise(length):
    cut = SMALL[:length]
    if len(SMALL) - length > 2:  # the end marker alone is not missed
        assert outcome(cut) is None
    outcome(cut, keep=True)


@settings(max_examples=200, deadline=None)
@given(junk=st.binary(max_size=300), head=st.booleans())
def test_random_bytes_raise_or_decode(junk, head):
    start = SMALL[: SMALL.index(b"\xff\xda") + 14] if head else b"\xff\xd8"
    assert outcome(junk) is None
    outcome(start + junk)
    outcome(start + junk, keep=True)


def test_no_size_is_believed_without_data():
    at = SMALL.index(b"\xff\xc0") + 5
    for size in (b"\xff\xff\xff\xff", b"\x27\x10\x27\x10", b"\0\0\0\1"):
        with pytest.raises(CorruptStream):
            BaselineJPEG().decode(SMALL[:at] + size + SMALL[at + 4 :])


def test_what_is_refused():
    image = smooth(1, 3, 40, 40)
    progressive = JPEG(50, progressive=True).encode(image)
    for bad in (progressive, b"", b"nonsense", srlab.codecs.WebP().encode(image)):
        with pytest.raises(CorruptStream):
            BaselineJPEG().decode(bad)
    with pytest.raises(TypeError, match="bytes"):
        BaselineJPEG().decode("a file")
    with pytest.raises(ValueError, match="batch of 2"):
        BaselineJPEG().encode(rand(2, 3, 8, 8))
    with pytest.raises(ValueError, match="pixels"):
        BaselineJPEG().encode(rand(1, 1, 1, 65536))
    for bad in ({"quality": 0}, {"restart": -1}, {"subsampling": "4:2:2"}):
        with pytest.raises(ValueError):
            BaselineJPEG(**bad)
