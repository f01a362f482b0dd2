# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Films with regions of interest, films of positions, and collages with known truth."""

import io

import pytest
import torch

from srlab.codecs.base import CorruptStream
from srlab.metrics import psnr
from srlab.schemes import av_frames
from srlab.schemes.collages import BACKGROUNDS, CUTOUTS, collage, moving_collage
from srlab.schemes.motion import MotionSaliency
from srlab.schemes.positions import PositionVideo, trajectories
from srlab.schemes.video import RoiVideo, read_frames

needs_encoders = pytest.mark.skipif(
    not (av_frames.available("libx265") and av_frames.available("libx264")),
    reason="no PyAV with libx265 here",
)


@pytest.fixture(scope="module")
def clip():
    return moving_collage()


@pytest.fixture(scope="module")
def short():
    return moving_collage(frames=5, size=(64, 96))


def in_mask(x, y, masks):
    error = ((x - y) ** 2).mean(dim=1)[masks.amax(dim=1) > 0].mean()
    return -10 * error.log10().item()


def test_a_collage_knows_what_is_where(clip):
    assert clip.frames.shape == (24, 3, 240, 320)
    assert clip.masks.shape == (24, 2, 240, 320)
    assert clip.positions.shape == (24, 2, 2)
    area = clip.masks.sum((-2, -1))
    assert (area == area[0]).all()  # seen whole in every frame
    ys, xs = clip.masks[7, 1].nonzero().float().unbind(1)
    assert clip.positions[7, 1].tolist() == pytest.approx(
        [xs.mean().item(), ys.mean().item()]
    )
    still = clip.masks.amax((0, 1)) == 0  # no object comes here
    assert (clip.frames[0, :, still] == clip.frames[-1, :, still]).float().mean() > 0.97
    again = moving_collage()
    assert torch.equal(again.frames, clip.frames)
    assert not torch.equal(moving_collage(seed=1).frames, clip.frames)


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_still_collages(background):
    for names in (["coffee", "motorcycle"], list(CUTOUTS)):
        still = collage(names, background, size=(96, 160))
        assert still.image.shape == (1, 3, 96, 160)
        assert still.masks.shape == (1, len(names), 96, 160)
        assert still.labels == tuple(CUTOUTS[name] for name in names)
        assert (still.masks.sum((0, 2, 3)) > 20).all()


def test_bad_collages():
    with pytest.raises(ValueError, match="even"):
        moving_collage(size=(63, 96))
    with pytest.raises(ValueError, match="frames"):
        moving_collage(frames=0)
    with pytest.raises(ValueError, match="cut-out"):
        collage(["brick"])
    with pytest.raises(ValueError, match="one object"):
        collage([])
    with pytest.raises(ValueError, match="size"):
        collage(size=64)


@needs_encoders
def test_the_moving_region_gains_at_equal_bytes(clip):
    codec = RoiVideo(clip.masks)
    data = codec.encode(clip.frames)
    low, high = 23.5, 27.5
    for _ in range(10):
        plain = RoiVideo(None, (low + high) / 2)
        other = plain.encode(clip.frames)
        if abs(len(other) / len(data) - 1) < 0.01:
            break
        low, high = (plain.crf, high) if len(other) > len(data) else (low, plain.crf)
    assert len(other) == pytest.approx(len(data), rel=0.01)
    finer = in_mask(codec.decode(data), clip.frames, clip.masks)
    assert finer > in_mask(plain.decode(other), clip.frames, clip.masks) + 1  # 1.9


@needs_encoders
@pytest.mark.parametrize("codec", ["libx265", "libx264"])
def test_a_film_of_positions_is_small_and_true(clip, codec):
    positions = PositionVideo(clip.masks, codec=codec)
    data = positions.encode(clip.frames)
    assert 10 * len(data) < len(RoiVideo(clip.masks, codec=codec).encode(clip.frames))
    film = positions.decode(data)
    assert film.shape[:2] == (24, 1)
    table = trajectories(film, scale=positions.shrink)
    assert table.groupby("object").size().tolist() == [24, 24]
    for k in (0, 1):
        found = torch.tensor(table[table.object == k][["x", "y"]].to_numpy())
        assert (found - clip.positions[:, k]).abs().max() < 2


@needs_encoders
@pytest.mark.parametrize("codec", ["libx265", "libx264"])
def test_films_go_round(short, codec):
    film = RoiVideo(short.masks, crf=12, codec=codec)
    data = film.encode(short.frames)
    assert data == film.encode(frame for frame in short.frames)  # one by one
    back = film.decode(data)
    assert back.shape == short.frames.shape
    assert psnr(back, short.frames) > 33
    assert len(list(read_frames(data))) == 5
    with av_frames.load().open(io.BytesIO(data)) as file:
        assert file.streams.video[0].average_rate == 12


@needs_encoders
def test_maps_that_say_nothing_give_the_plain_film(short):
    plain = RoiVideo(None).encode(short.frames)
    for value in (0.0, 1.0):
        even = torch.full((1, 1, 64, 96), value)
        assert RoiVideo(even).encode(short.frames) == plain
    assert RoiVideo(short.masks).encode(short.frames) != plain
    black = PositionVideo(torch.zeros(1, 1, 64, 96))
    film = black.decode(black.encode(short.frames))
    assert film.max() < 0.1 and trajectories(film).empty


@needs_encoders
def test_sizes_and_maps_that_do_not_go(short):
    odd = torch.rand(2, 3, 65, 67, generator=torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match='subsampling="4:4:4"'):
        RoiVideo(None).encode(odd)
    whole = RoiVideo(None, subsampling="4:4:4")
    assert whole.decode(whole.encode(odd)).shape == odd.shape
    with pytest.raises(ValueError, match="64 x 64"):  # x265 would crash
        RoiVideo(None).encode(torch.zeros(2, 3, 32, 40))
    tiny = RoiVideo(None, codec="libx264")
    assert tiny.decode(tiny.encode(torch.zeros(1, 3, 16, 18))).shape == (1, 3, 16, 18)
    with pytest.raises(ValueError, match="too few"):
        RoiVideo(short.masks[:3]).encode(short.frames)
    with pytest.raises(ValueError, match="NaN"):
        RoiVideo(short.masks * torch.nan).encode(short.frames)
    with pytest.raises(ValueError, match="shape"):
        RoiVideo(short.masks[..., 2:]).encode(short.frames)


@needs_encoders
def test_frames_that_do_not_go(short):
    for bad in ([], short.frames[:0]):
        with pytest.raises(ValueError, match="one frame"):
            RoiVideo(None).encode(bad)
    with pytest.raises(TypeError, match="iterable"):
        RoiVideo(None).encode(7)
    with pytest.raises(ValueError, match="frame 1"):
        RoiVideo(None).encode([short.frames[0], short.frames[1, :, 2:]])
    with pytest.raises(ValueError, match="T, 3, H, W"):
        RoiVideo(None).encode(short.frames[0])


@needs_encoders
def test_damaged_films(short):
    film = RoiVideo(None)
    data = film.encode(short.frames)
    for bad in (b"", b"no film", data[:200], data[: len(data) - 300]):
        with pytest.raises(CorruptStream):
            film.decode(bad)
    for k in range(0, len(data), 131):
        try:
            back = film.decode(data[:k] + bytes([data[k] ^ 255]) + data[k + 1 :])
        except CorruptStream:
            continue
        assert back.shape[1] == 3
    with pytest.raises(TypeError, match="bytes"):
        film.decode(None)


@pytest.mark.parametrize("kind", [RoiVideo, PositionVideo])
@pytest.mark.parametrize(
    "setting", [{"crf": 60}, {"fps": 0}, {"codec": "mpeg2"}, {"threshold": -1}]
)
def test_bad_settings(kind, setting):
    with pytest.raises(ValueError, match=next(iter(setting))):
        kind(None, **setting)


def test_smoothing_lets_go_slowly():
    P = torch.zeros(5, 1, 64, 64)
    P[0] = P[2, :, :16, :16] = 1
    frames = torch.zeros(5, 3, 64, 64)

    def shares(smoothing):
        film = RoiVideo(P, smoothing=smoothing)
        return [inside.float().mean().item() for _, inside in film.regions(frames)]

    assert shares(0.8) == [1, 1, 1, 1, 1 / 16]  # 0.8 ** 3 > 0.5 > 0.8 ** 4
    assert shares(0) == [1, 0, 1 / 16, 0, 0]


def test_what_moves_is_seen(clip):
    saliency = MotionSaliency(clip.frames)
    P = saliency(clip.frames[[12]])
    assert P.shape == (1, 1, 240, 320) and 0 <= P.min() and P.max() <= 1
    there, true = P[0, 0] >= 0.5, clip.masks[12].amax(0) > 0
    assert (there & true).sum() > 0.95 * true.sum()
    assert there.float().mean() < 2 * true.float().mean()
    assert saliency(saliency.background).max() == 0
    assert MotionSaliency(f for f in clip.frames).threshold == saliency.threshold
    still = MotionSaliency(clip.frames[:1].expand(4, -1, -1, -1))
    assert still(clip.frames[:1]).max() == 0
    with pytest.raises(ValueError, match="pixels"):
        saliency(torch.zeros(1, 3, 8, 8))


def test_long_films_are_held_in_part():
    frames = (torch.full((3, 8, 8), t / 1000) for t in range(1000))
    saliency = MotionSaliency(frames, kept=9)
    assert saliency.background.mean() == pytest.approx(0.5, abs=0.13)


def test_trajectories_follow_two_that_cross_a_gap():
    film = torch.zeros(9, 1, 40, 90)
    for t in range(9):
        if t != 4:  # both are missing once
            film[t, 0, 5:11, 8 * t : 8 * t + 6] = 1
            film[t, 0, 25:33, 80 - 8 * t : 88 - 8 * t] = 1
    film[3, 0, 0, 0] = 1  # a speck
    table = trajectories(film)
    assert table.object.unique().tolist() == [0, 1] and len(table) == 16
    first = table[table.object == 0]
    assert first.x.tolist() == [8 * t + 2.5 for t in range(9) if t != 4]
    assert (first.area == 36).all() and (first.y == 7.5).all()
    scaled = trajectories(film, scale=2)
    assert scaled.x[0] == 2 * table.x[0] + 0.5 and scaled.area[0] == 4 * 36
