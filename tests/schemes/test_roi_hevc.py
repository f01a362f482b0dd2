# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""HEVC with regions of interest: where the bits go, and sizes, maps, damaged bytes."""

import dataclasses
import io

import pytest
import torch

from srlab.codecs.base import CorruptStream
from srlab.images import photo
from srlab.metrics import psnr
from srlab.saliency import objects
from srlab.schemes import av_frames
from srlab.schemes.roi_hevc import RoiHEVC, cover

needs_x265 = pytest.mark.skipif(
    not RoiHEVC.available(), reason="no PyAV with libx265 here"
)


@pytest.fixture(scope="module")
def astronaut():
    return photo("astronaut"), objects.mask("astronaut", "aircraft or rocket")


def in_mask(x, y, mask):
    error = ((x - y) ** 2).mean(dim=1, keepdim=True)[mask > 0].mean()
    return -10 * error.log10().item()


def test_cover_holds_the_blocks_and_no_other():
    inside = torch.rand(13, 17, generator=torch.Generator().manual_seed(0)) > 0.4
    painted = torch.zeros(13 * 16 - 5, 17 * 16 - 3, dtype=torch.int)
    for x, y, w, h in cover(inside, 16, *painted.shape):
        painted[y : y + h, x : x + w] += 1
    wanted = inside.repeat_interleave(16, 0).repeat_interleave(16, 1)
    assert torch.equal(painted, wanted[:203, :269].int())


def test_cover_of_all_and_of_nothing_is_empty():
    assert cover(torch.ones(3, 4, dtype=torch.bool), 16, 48, 64) == []
    assert cover(torch.zeros(3, 4, dtype=torch.bool), 16, 48, 64) == []


def test_cover_of_a_rectangle_is_one():
    inside = torch.zeros(9, 9, dtype=torch.bool)
    inside[2:7, 3:8] = True
    assert cover(inside, 16, 144, 144) == [(48, 32, 80, 80)]


def test_a_whole_factor_and_a_rest():
    assert av_frames.split_crf(30.0) == (30, 0.0)
    whole, rest = av_frames.split_crf(28.75)
    assert whole + 51 * rest == pytest.approx(28.75)


@needs_x265
def test_the_region_gains_at_equal_bytes(astronaut):
    image, mask = astronaut
    codec = RoiHEVC(mask)
    data = codec.encode(image)
    low, high = 26.0, 30.0
    for _ in range(16):
        plain = RoiHEVC(None, (low + high) / 2)
        other = plain.encode(image)
        if abs(len(other) / len(data) - 1) < 0.005:
            break
        low, high = (plain.crf, high) if len(other) > len(data) else (low, plain.crf)
    assert len(other) == pytest.approx(len(data), rel=0.01)
    finer, even = codec.decode(data), plain.decode(other)
    assert in_mask(finer, image, mask) > in_mask(even, image, mask) + 3  # 4.3 measured
    assert psnr(finer, image) < psnr(even, image)  # what it costs


@needs_x265
def test_the_background_keeps_its_quality(astronaut):
    image, mask = astronaut
    plain, roi = RoiHEVC(None), RoiHEVC(mask)
    outside = [
        in_mask(c.decode(c.encode(image)), image, 1 - mask) for c in (plain, roi)
    ]
    assert outside[0] == pytest.approx(outside[1], abs=0.3)
    coarser = RoiHEVC(mask, offset=0.2)
    assert len(coarser.encode(image)) < len(plain.encode(image))


@needs_x265
def test_the_factor_is_a_real_number():
    image = photo("coffee")[..., :256, :256]
    sizes = [len(RoiHEVC(None, 30 + k / 4).encode(image)) for k in range(5)]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 5
    assert RoiHEVC(None, 29.999).encode(image) != b""
    near = len(RoiHEVC(None, 29.999).encode(image))
    assert near == pytest.approx(sizes[0], rel=0.01)


@needs_x265
@pytest.mark.parametrize("value", [0.0, 1.0, 0.3, 0.7])
def test_a_map_that_is_everywhere_the_same_gives_the_plain_file(value):
    image = photo("coffee")[..., :64, :80]
    even = torch.full((1, 1, 64, 80), value)
    assert RoiHEVC(even).encode(image) == RoiHEVC(None).encode(image)


@needs_x265
def test_the_same_bytes_every_time_from_map_and_callable():
    image = photo("coffee")[..., :96, :128]
    P = torch.zeros(1, 1, 96, 128)
    P[..., 20:50, 30:70] = 1
    data = RoiHEVC(P, 27.3).encode(image)
    assert data == RoiHEVC(P, 27.3).encode(image)
    assert data == RoiHEVC(lambda x: P, 27.3).encode(image)
    assert data != RoiHEVC(None, 27.3).encode(image)


@needs_x265
@pytest.mark.parametrize("size", [(16, 16), (17, 33), (37, 53), (16, 200), (65, 16)])
@pytest.mark.parametrize("channels", [1, 3])
def test_odd_and_small_sizes(size, channels):
    image = photo("coffee")[:, :channels, 100 : 100 + size[0], 200 : 200 + size[1]]
    P = torch.zeros(1, 1, *size)
    P[..., -1, -1] = 1
    codec = RoiHEVC(P, 15, subsampling="4:4:4")
    back = codec.decode(codec.encode(image))
    assert back.shape == image.shape
    assert psnr(back, image) > 36


@needs_x265
def test_sizes_that_do_not_go():
    with pytest.raises(ValueError, match='subsampling="4:4:4"'):
        RoiHEVC(None).encode(torch.zeros(1, 3, 37, 54))
    with pytest.raises(ValueError, match="16 x 16"):
        RoiHEVC(None).encode(torch.zeros(1, 3, 8, 54))


@needs_x265
@pytest.mark.parametrize(
    "bad", [torch.full((1, 1, 32, 32), torch.nan), torch.zeros(1, 1, 32, 31)]
)
def test_bad_maps(bad):
    with pytest.raises(ValueError, match="map"):
        RoiHEVC(bad).encode(torch.zeros(1, 3, 32, 32))


@pytest.mark.parametrize(
    "setting",
    [{"crf": 52}, {"crf": "30"}, {"offset": -2}, {"threshold": 1.5}, {"block": 8},
     {"subsampling": "4:1:1"}, {"preset": "placebo"}, {"crf": float("nan")}],
)  # fmt: skip
def test_bad_settings(setting):
    with pytest.raises(ValueError, match=next(iter(setting))):
        RoiHEVC(None, **setting)
    assert dataclasses.replace(RoiHEVC(None), crf=20).crf == 20


@needs_x265
def test_damaged_streams():
    image = photo("coffee")[..., :64, :64]
    codec = RoiHEVC(None)
    data = codec.encode(image)
    for bad in (b"", b"no stream", data[:40], data[3:]):
        with pytest.raises(CorruptStream):
            codec.decode(bad)
    for k in range(0, len(data), 37):  # no crash; HEVC has no checksum
        try:
            back = codec.decode(data[:k] + bytes([data[k] ^ 255]) + data[k + 1 :])
        except CorruptStream:
            continue
        assert back.ndim == 4
    with pytest.raises(TypeError, match="bytes"):
        codec.decode("text")


@needs_x265
def test_the_stream_is_a_standard_one_without_a_banner():
    av = av_frames.load()
    data = RoiHEVC(None).encode(photo("coffee")[..., :64, :96])
    assert b"x265" not in data
    with av.open(io.BytesIO(data)) as file:  # guessed by its content
        frames = list(file.decode(video=0))
    assert [(f.width, f.height, f.format.name) for f in frames] == [(96, 64, "yuv420p")]


def test_without_the_encoder(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    assert not RoiHEVC.available()
    with pytest.raises(ImportError, match="pip install av"):
        RoiHEVC(None).encode(torch.zeros(1, 3, 32, 32))


def test_the_fastest_preset_follows_the_region_too():
    """It switches adaptive quantisation off, on which regions ride."""
    image = photo("coffee")[..., :128, 100:260]
    mask = torch.zeros(1, 1, 128, 160)
    mask[..., 32:96, 48:112] = 1
    fine, plain = (RoiHEVC(m, preset="ultrafast").encode(image) for m in (mask, None))
    assert len(fine) > 1.05 * len(plain)
