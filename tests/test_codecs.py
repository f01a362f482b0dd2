"""The first standard codecs: real files, real rates, clear refusals."""

import io

import pytest
import torch
from PIL import Image

import srlab
from srlab.codecs import JPEG, Codec, CorruptStream, WebP, bpp

CODECS = [JPEG(50), JPEG(90, subsampling="4:4:4"), WebP(50)]


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
    assert Image.open(io.BytesIO(WebP(50).encode(image))).format == "WEBP"


@pytest.mark.parametrize("kind", [JPEG, WebP])
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
    for bad in (0, 101, 50.5, True, "50"):
        with pytest.raises(ValueError, match="quality"):
            JPEG(bad)
    with pytest.raises(ValueError, match="4:2:0"):
        JPEG(50, subsampling="4:1:1")
    with pytest.raises(ValueError, match="method"):
        WebP(50, method=9)
