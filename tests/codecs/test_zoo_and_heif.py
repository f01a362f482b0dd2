"""CompressAI's networks and HEVC's pictures behind the course's protocol."""

import contextlib
import io

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import srlab
from srlab import metrics
from srlab.codecs import HEIF, Codec, CorruptStream

PHOTO = srlab.photo("chelsea")[..., :37, :53]


@pytest.mark.parametrize("name", ["bmshj2018-factorized", "mbt2018-mean", "mbt2018"])
def test_the_zoo_codes_what_its_networks_see(name):
    pytest.importorskip("compressai")
    from srlab.codecs import Zoo

    codec = Zoo(name, 1, pretrained=False)
    assert isinstance(codec, Codec)
    data = codec.encode(PHOTO)
    decoded = codec.decode(data)
    x = torch.nn.functional.pad(PHOTO, (0, 11, 0, 27), mode="replicate")
    with torch.inference_mode():
        forward = codec.net(x)["x_hat"][..., :37, :53].clamp(0, 1)
    assert (decoded - forward).abs().max() < 0.01
    with pytest.raises(CorruptStream):
        codec.decode(data[:-1])
    with pytest.raises(CorruptStream, match="not written by"):
        Zoo(name, 2, pretrained=False).decode(data)


def test_the_zoo_without_a_network_names_what_is_here(monkeypatch):
    pytest.importorskip("compressai")
    from compressai import zoo as theirs

    from srlab.codecs import Zoo

    def offline(*_, **__):
        raise OSError("no route")

    monkeypatch.setitem(theirs.image_models, "mbt2018", offline)
    with pytest.raises(FileNotFoundError, match="MeanScale"):
        Zoo("mbt2018", 8, "ms-ssim").encode(PHOTO)
    for bad in (("mbt", 3), ("mbt2018", 9), ("mbt2018", 3, "psnr")):
        with pytest.raises(ValueError):
            Zoo(*bad)


def test_heif_writes_files_of_its_quality():
    image = srlab.photo("coffee")
    files = [HEIF(q).encode(image) for q in (10, 50, 80)]
    quality = [metrics.psnr(HEIF().decode(f), image) for f in files]
    assert len(files[0]) < len(files[1]) < len(files[2])
    assert quality == sorted(quality) and quality[-1] > 32
    assert files[1] == HEIF(50).encode(image) and files[1][4:8] == b"ftyp"
    full = HEIF(50, "4:4:4")
    assert metrics.psnr(full.decode(full.encode(image)), image) > quality[1]


@pytest.mark.parametrize("channels", [1, 3])
def test_heif_of_odd_sizes(channels):
    image = PHOTO[:, :channels]
    decoded = HEIF().decode(HEIF().encode(image))
    assert decoded.shape[-2:] == (37, 53) and decoded.dtype == torch.float32
    with pytest.raises(ValueError, match="16 x 16"):
        HEIF().encode(image[..., :15, :40])


def test_any_reader_opens_a_heif():
    import pillow_heif

    file = pillow_heif.open_heif(io.BytesIO(HEIF().encode(PHOTO)))
    assert file.size == (53, 37)


FILE = HEIF(20, preset="ultrafast").encode(PHOTO)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(FILE) - 1), st.integers(1, 255), st.booleans())
def test_damaged_heif_files_are_refused_or_decode(place, change, cut):
    broken = bytearray(FILE)
    broken[place] ^= change
    data = bytes(broken[: place + 1] if cut else broken)
    with contextlib.suppress(CorruptStream):
        assert HEIF().decode(data).ndim == 4


def test_no_heif_at_all():
    for bad in (b"", b"nonsense of a few bytes"):
        with pytest.raises(CorruptStream):
            HEIF().decode(bad)
    for bad in ({"quality": 101}, {"subsampling": "4:1:1"}, {"preset": "best"}):
        with pytest.raises(ValueError):
            HEIF(**bad)
