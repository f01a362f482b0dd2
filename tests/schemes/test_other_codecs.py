"""RoiFiltered, RoiLearned, Stitched: a region for codecs that know of none."""

import pytest
import torch

from srlab import photo
from srlab.codecs import AVIF, JPEG, CorruptStream, MeanScale, WebP, container
from srlab.evaluation import compare_regions, meet_size
from srlab.metrics import psnr
from srlab.saliency import objects
from srlab.schemes import Quantiles, RoiFiltered, RoiLearned, Stitched, TwoPiece
from srlab.schemes.roi_learned import _deflated, _inflated

X = photo("coffee")[..., :256, 100:420].contiguous()
MASK = objects.region("coffee")[..., :256, 100:420].contiguous()
ODD, ODD_MASK = X[..., :67, :101].contiguous(), MASK[..., :67, :101].contiguous()


def gain(codec, data, plain, same) -> float:
    table = compare_regions({"a": (codec, data), "b": (plain, same)}, X, MASK)
    assert table.attrs["spread"] <= 0.01
    return table.roi_psnr[0] - table.roi_psnr[1]


@pytest.mark.parametrize("family", [WebP, AVIF, JPEG])
def test_filtered_background_pays_for_the_region(family):
    plain = family(55)
    same = plain.encode(X)
    codec, data = meet_size(
        lambda s: RoiFiltered(MASK, family(65), s), X, len(same), 0, 16
    )
    assert gain(codec, data, plain, same) > 0.2
    assert codec.decode(data).equal(plain.decode(data))  # a file like any other


def test_filter_leaves_the_inside_alone():
    y = RoiFiltered(MASK, WebP(), 4).filtered(X)
    inside = MASK.bool().expand_as(X)
    assert y[inside].equal(X[inside])
    assert y[~inside].std() < X[~inside].std() and not y.equal(X)
    assert RoiFiltered(MASK, WebP(), 0).filtered(X).equal(X)
    assert RoiFiltered(None, WebP(), 4).filtered(X).equal(X)


def test_filter_grows_with_the_distance_from_one():
    ramp = torch.linspace(0, 1, 320).view(1, 1, 1, 320).expand(1, 1, 256, 320)
    noise = torch.rand(X.shape, generator=torch.Generator().manual_seed(0))
    y = RoiFiltered(ramp.contiguous(), WebP(), 8, threshold=None).filtered(noise)
    change = (y - noise).abs().mean((0, 1, 2))
    assert change[:40].mean() > change[140:180].mean() > change[-40:].mean()
    constant = RoiFiltered(ramp * 0 + 0.5, WebP(), 8, threshold=None).filtered(X)
    half = RoiFiltered(ramp * 0, WebP(), 4).filtered(X)
    assert (constant - half).abs().max() < 1e-4  # sigma = strength (1 - P)


def test_filter_takes_odd_and_tiny_pictures():
    for size in ((1, 1), (2, 3), (37, 53)):
        x = torch.rand(1, 3, *size)
        codec = RoiFiltered(torch.zeros(1, 1, *size), WebP(), 10)
        assert codec.decode(codec.encode(x)).shape == x.shape


def test_learned_region_gains_at_equal_bytes():
    codec = RoiLearned(MASK, 5, 2)
    data = codec.encode(X)
    plain, same = meet_size(MeanScale, X, len(data), 1, 6)
    assert gain(codec, data, plain, same) > 0.8
    map_bytes = len(container.unpack(data, "roi").payloads[1])
    assert 10 < map_bytes < 100 and map_bytes < 0.02 * len(data)


def test_learned_without_a_map_is_the_plain_codec():
    codec, plain = RoiLearned(None, 4, 2), MeanScale(4)
    assert codec.decode(codec.encode(ODD)).equal(plain.decode(plain.encode(ODD)))
    assert len(codec.encode(ODD)) - len(plain.encode(ODD)) < 25


@pytest.mark.parametrize("levels", [2, 5])
def test_learned_round_trip(levels):
    codec = RoiLearned(ODD_MASK, 4.5, 1.25, rule=Quantiles(4), levels=levels)
    data = codec.encode(ODD)
    other = RoiLearned(None)  # all that is needed is in the file
    assert other.decode(data).equal(codec.decode(data))
    assert codec.decode(data).shape == ODD.shape
    grey = ODD.mean(1, keepdim=True)
    assert codec.decode(codec.encode(grey)).shape == grey.shape


def test_learned_zero_map_is_the_background_quality():
    zeros = torch.zeros_like(ODD_MASK)
    codec, plain = RoiLearned(zeros, 5, 2), MeanScale(2)
    assert codec.decode(codec.encode(ODD)).equal(plain.decode(plain.encode(ODD)))


def test_learned_refuses_what_is_broken():
    codec = RoiLearned(ODD_MASK, 4, 2)
    data = codec.encode(ODD)
    for bad in (data[:-1], data[:40], b"", data[:60] + b"\0" + data[61:]):
        with pytest.raises(CorruptStream):
            codec.decode(bad)
    with pytest.raises(CorruptStream, match="not of roi"):
        codec.decode(MeanScale(3).encode(ODD))
    parts = list(container.unpack(data, "roi").payloads)
    for number, payload, words in (
        (0, b"\0" * 9, "other weights"), (0, b"short", "not the payloads"),
        (0, parts[0][:4] + b"\0\xff\0\x01\x02", "quality must be"),
        (1, b"\xff\xff", "map"), (1, parts[1][:-3], "map"),
        (1, _deflated(torch.full((8, 8), 9).byte().numpy()), "level 9 in a map of 2"),
    ):  # fmt: skip
        broken = [*parts]
        broken[number] = payload
        with pytest.raises(CorruptStream, match=words):
            codec.decode(container.pack("roi", (67, 101), 3, broken))


def test_map_bytes_round_trip():
    steps = torch.randint(0, 16, (9, 13)).byte().numpy()
    assert (_inflated(_deflated(steps), 9, 13, 16) == steps).all()


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: RoiFiltered(None, "webp"), TypeError, "no codec"),
        (lambda: RoiFiltered(None, WebP(), -1), ValueError, "strength must be 0 to 32"),
        (lambda: RoiFiltered(None, WebP(), 1, 2), ValueError, "threshold must be 0"),
        (lambda: RoiLearned(None, 9), ValueError, "quality must be"),
        (lambda: RoiLearned(None, 2, 3), ValueError, "above the region's"),
        (lambda: RoiLearned(None, levels=1), ValueError, "levels"),
        (lambda: Stitched(None, 0), ValueError, "quality must be"),
        (lambda: Stitched(None, slack=-1), ValueError, "slack"),
    ],
)
def test_settings_that_make_no_sense(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize("slack", [0.01, 0.2])
def test_stitching_stays_within_its_slack(slack):
    codec = Stitched(MASK, 57, 30, 90, rule=TwoPiece(), slack=slack)
    data, plain = codec.encode(X), JPEG(57, optimize="mozjpeg").encode(X)
    assert 0.9 * len(plain) < len(data) <= (1 + slack) * len(plain)
    y = JPEG(57).decode(plain)
    assert psnr(codec.decode(data), X, weight=MASK) > psnr(y, X, weight=MASK)


def test_stitching_takes_each_pixel_from_its_jpeg():
    codec = Stitched(ODD_MASK, 50, 10, 100, rule=TwoPiece())
    mixture = codec.stitched(ODD)
    fine = JPEG(100)
    inside = ODD_MASK.bool().expand_as(ODD)
    assert mixture[inside].equal(fine.decode(fine.encode(ODD))[inside])
