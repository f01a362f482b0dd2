"""The first standard codecs: real files, real rates, clear refusals."""

import io

import pytest
import torch
from PIL import Image

import srlab
from srlab.codecs import AVIF, JPEG, JPEG2000, Codec, CorruptStream, WebP, bpp

FLAT = ((16,) * 64, (40,) * 64)
CODECS = [JPEG(50), JPEG(90, subsampling="4:4:4"), WebP(50)]
CODECS += [JPEG(50, optimize=False), JPEG(50, progressive=True), JPEG(tables=FLAT)]
CODECS += [JPEG(50, optimize="arithmetic")]
CODECS += [JPEG2000(bpp=0.5), JPEG2000(dB=35), AVIF(50), AVIF(50, tune="psnr", speed=9)]


def rand(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("codec", CODECS, ids=repr)
@pytest.mark.parametrize("size", [(1, 1), (37, 53), (64, 64)])
@pytest.mark.parametrize("channels", [1, 3])
def test_round_trip_of_odd_sizes(codec, size, channels):
    image = rand(1, channels, *size)
    decoded = codec.decode(codec.encode(image))
    assert decoded.dtype == torch.float32 and decoded.shape[-2:] == size
    assert torch.equal(srlab.images.round8(decoded), decoded)
    assert isinstance(codec, Codec)


def test_the_bytes_are_a_file_and_the_rate_is_its_size():
    image = srlab.photo("chelsea")
    data = JPEG(50).encode(image)
    assert Image.open(io.BytesIO(data)).format == "JPEG"
    assert bpp(data, image) == 8 * len(data) / (300 * 451)
    for codec, kind in (
        (WebP(), "WEBP"),
        (JPEG2000(dB=40), "JPEG2000"),
        (AVIF(), "AVIF"),
    ):
        assert Image.open(io.BytesIO(codec.encode(image))).format == kind


@pytest.mark.parametrize("kind", [JPEG, WebP, AVIF])
def test_more_quality_is_more_bytes_and_more_decibels(kind):
    image = srlab.photo("coffee")
    files = [kind(q).encode(image) for q in (10, 50, 90)]
    quality = [srlab.metrics.psnr(kind().decode(f), image) for f in files]
    assert len(files[0]) < len(files[1]) < len(files[2])
    assert quality[0] < quality[1] < quality[2]


def test_subsampled_chroma_is_smaller():
    image = srlab.photo("astronaut")
    sizes = [len(JPEG(75, s).encode(image)) for s in ("4:4:4", "4:2:2", "4:2:0")]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("codec", CODECS, ids=repr)
def test_the_door(codec):
    with pytest.raises(ValueError, match="batch of 2"):
        codec.encode(rand(2, 3, 8, 8))
    with pytest.raises(ValueError, match="shape"):
        codec.encode(rand(3, 8, 8))
    with pytest.raises(TypeError, match="tensor"):
        codec.encode("astronaut")


@pytest.mark.parametrize("codec", CODECS, ids=repr)
def test_broken_streams(codec):
    data = codec.encode(rand(1, 3, 64, 64))
    for bad in (b"", b"nonsense", data[: len(data) // 2]):
        with pytest.raises(CorruptStream):
            codec.decode(bad)


@pytest.mark.parametrize("quality", [90, 100])
def test_noise_fits_too(quality):
    codec = JPEG(quality, subsampling="4:4:4")
    image = rand(1, 3, 300, 400)
    assert bpp(codec.encode(image), image) > 12


def test_settings_are_checked():
    for bad in (0, 101, float("nan"), True, "50"):
        with pytest.raises(ValueError, match="quality"):
            JPEG(bad)
    with pytest.raises(ValueError, match="optimize"):
        JPEG(50, optimize="guetzli")
    with pytest.raises(ValueError, match="4:2:0"):
        JPEG(50, subsampling="4:1:1")
    with pytest.raises(ValueError, match="method"):
        WebP(50, method=9)


def test_a_fraction_of_jpegs_quality_lies_between_its_neighbours():
    image = srlab.photo("coffee")
    sizes = [len(JPEG(q).encode(image)) for q in (60, 60.5, 61)]
    assert sizes == sorted(sizes) and len(set(sizes)) == 3
    assert JPEG(60.0) == JPEG(60) and repr(JPEG(60.5)).startswith("JPEG(quality=60.5")


def test_jpeg_2000_keeps_to_a_rate_or_comes_near_a_psnr():
    image = srlab.photo("coffee")
    for rate in (0.25, 1.0):
        assert 0.9 * rate < bpp(JPEG2000(bpp=rate).encode(image), image) <= rate
    for want in (30, 38):
        codec = JPEG2000(dB=want)
        got = srlab.metrics.psnr(codec.decode(codec.encode(image)), image)
        assert abs(got - want) < 1


def test_what_the_switches_of_jpeg_do():
    image = srlab.photo("chelsea")
    files = {
        name: JPEG(75, **options).encode(image)
        for name, options in {
            "plain": {"optimize": False},
            "optimised": {},
            "scans": {"progressive": True},
        }.items()
    }
    assert len(files["plain"]) > len(files["optimised"]) > len(files["scans"])
    pictures = [JPEG().decode(data) for data in files.values()]
    assert all(torch.equal(pictures[0], picture) for picture in pictures[1:])
    assert Image.open(io.BytesIO(files["scans"])).info["progressive"]
    read = Image.open(io.BytesIO(JPEG(tables=FLAT).encode(image))).quantization
    assert [tuple(table) for table in read.values()] == list(FLAT)


def test_avif_writes_the_same_bytes_every_time():
    image = srlab.photo("chelsea")[..., :128, :128]
    assert AVIF(40).encode(image) == AVIF(40).encode(image)


def test_a_codec_prints_what_it_is():
    assert repr(JPEG(50)) == "JPEG(quality=50, subsampling='4:2:0')"
    plain = JPEG(50, optimize=False, progressive=True)
    assert repr(plain).endswith("optimize=False, progressive=True)")
    assert repr(JPEG2000(bpp=0.5)) == "JPEG2000(bpp=0.5, dB=None)"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: JPEG2000(),
        lambda: JPEG2000(bpp=1, dB=30),
        lambda: JPEG2000(bpp=0),
        lambda: JPEG2000(dB="30"),
        lambda: JPEG2000(dB=float("nan")),
        lambda: AVIF(101),
        lambda: AVIF(50, speed=11),
        lambda: AVIF(50, tune="vmaf"),
        lambda: JPEG(tables=(FLAT[0], FLAT[1], FLAT[0])),
        lambda: JPEG(tables=((16,) * 63,)),
        lambda: JPEG(tables=((0,) * 64,)),
        lambda: JPEG(tables=((1.5,) * 64,)),
        lambda: JPEG(tables=3),
    ],
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValueError):
        wrong()


def test_arithmetic_coding_keeps_the_pixels_and_is_smaller():
    import jpeglib

    x = srlab.photo("coffee")[..., 40:173, 60:251]
    jpeglib.version.set("6b")
    for image in (x, x.mean(1, keepdim=True)):
        for subsampling in ("4:2:0", "4:4:4"):
            plain = JPEG(30, subsampling, optimize="mozjpeg")
            arithmetic = JPEG(30, subsampling, optimize="arithmetic")
            a, b = (codec.encode(image) for codec in (plain, arithmetic))
            assert len(b) < 0.97 * len(a)
            assert arithmetic.decode(b).equal(plain.decode(a))
    assert jpeglib.version.get() == "6b"  # what others chose stays
    with pytest.raises(ValueError, match="or 'arithmetic'"):
        JPEG(30, optimize="huffman")
