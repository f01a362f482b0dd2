# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""srlab.schemes.AdaptiveTwoLayer: never worse than one layer, and any file decodes."""

import pytest
import torch

from srlab import models, photo
from srlab.codecs import JPEG, CorruptStream
from srlab.metrics import mse
from srlab.schemes import AdaptiveTwoLayer
from srlab.schemes.adaptive import MODES, QUALITIES

X = photo("chelsea")[..., 40:136, 90:191].contiguous()  # 96 x 101


@pytest.fixture(scope="module")
def clean() -> models.CodedRestorer:
    torch.manual_seed(0)
    return models.restorer(models.CodedNet(1, width=8, blocks=1))


def test_every_mode_decodes_to_what_was_judged(clean):
    slope = 60.0
    codec = AdaptiveTwoLayer(slope, clean=clean)
    tried = codec.tried(X)
    assert [choice.mode for choice in tried] == list(MODES)
    for choice in tried:
        y = codec.decode(choice.data)
        assert 255**2 * mse(y, X) == pytest.approx(choice.distortion)
        assert choice.cost == pytest.approx(choice.distortion + slope * choice.rate)
        assert choice.rate == 8 * len(choice.data) / X[0, 0].numel()
    best = codec.choose(X)
    assert best.cost == min(choice.cost for choice in tried)
    assert codec.encode(X) == best.data


def test_it_never_costs_more_than_a_plain_file():
    for slope in (2.0, 200.0):
        best = AdaptiveTwoLayer(slope).choose(X)
        for q in QUALITIES[::3]:
            data = JPEG(q, optimize="mozjpeg").encode(X)
            plain = 255**2 * mse(JPEG().decode(data), X)
            rate = 8 * len(data) / X[0, 0].numel()
            assert best.cost <= 1.005 * (plain + slope * rate)


def test_files_shrink_as_the_slope_grows():
    sizes = [len(AdaptiveTwoLayer(s).encode(X)) for s in (6, 250)]
    assert sizes == sorted(sizes, reverse=True)


def test_two_layers_win_on_a_photograph_at_low_rates():
    tried = AdaptiveTwoLayer(250.0).tried(photo("coffee")[..., :256, 100:420])
    cost = {choice.mode: choice.cost for choice in tried}
    assert min(cost["base"], cost["base + residual"]) < 0.97 * cost["direct"]


def test_a_direct_file_is_a_plain_jpeg():
    choice = AdaptiveTwoLayer(30.0, modes=()).choose(X)
    assert choice.mode == "direct" and choice.data[:2] == b"\xff\xd8"
    assert JPEG().decode(choice.data).equal(AdaptiveTwoLayer().decode(choice.data))


def test_grey_and_tiny_pictures():
    codec = AdaptiveTwoLayer(30.0)
    for x in (X[:, :1], X[..., :1, :1], X[..., :17, :9]):
        for choice in codec.tried(x):
            assert codec.decode(choice.data).shape == x.shape


def test_damage_and_strangers():
    codec = AdaptiveTwoLayer(60.0, modes=("base + residual",))
    layered = next(c for c in codec.tried(X) if c.mode == "base + residual").data
    with pytest.raises(CorruptStream):
        codec.decode(layered[:-4])
    with pytest.warns(UserWarning, match="the base alone"):
        assert codec.decode(layered[:-4], on_damage="base").shape == X.shape
    for bad in (b"", b"hello", layered[:12]):
        with pytest.raises(CorruptStream):
            codec.decode(bad)


@pytest.mark.parametrize(
    "settings", [{"slope": 0}, {"slope": float("inf")}, {"modes": ("three layers",)}]
)
def test_settings_that_make_no_sense(settings):
    with pytest.raises(ValueError):
        AdaptiveTwoLayer(**settings)
