# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""srlab.schemes.AdaptiveTwoLayer: never worse than one layer, and any file decodes."""

import functools
from itertools import product

import pytest
import torch

from srlab import models, photo
from srlab.codecs import JPEG, CorruptStream, Factorized, WebP
from srlab.metrics import mse
from srlab.schemes import AdaptiveTwoLayer
from srlab.schemes.adaptive import MODES
from srlab.schemes.trials import Trial, lowest, walk

X = photo("chelsea")[..., 40:136, 90:191].contiguous()  # 96 x 101
FEW = (5, 12, 26, 50, 81)
Adaptive = functools.partial(AdaptiveTwoLayer, qualities=FEW)


@pytest.fixture(scope="module")
def clean() -> models.CodedRestorer:
    torch.manual_seed(0)
    return models.restorer(models.CodedNet(1, width=8, blocks=1))


def test_every_mode_decodes_to_what_was_judged(clean):
    slope = 60.0
    codec = Adaptive(slope, clean=clean)
    tried = codec.tried(X)
    assert [choice.mode for choice in tried] == list(MODES)
    for choice in tried:
        y = codec.decode(choice.data)
        assert y.equal(choice.codec.decode(choice.data))
        assert 255**2 * mse(y, X) == pytest.approx(choice.distortion)
        assert choice.cost == pytest.approx(choice.distortion + slope * choice.rate)
        assert choice.rate == 8 * len(choice.data) / X[0, 0].numel()


def test_files_are_those_of_the_codecs_that_they_name(clean):
    for choice in Adaptive(250.0, clean=clean).tried(X):
        assert choice.codec.encode(X) == choice.data


def test_a_curve_is_what_each_slope_chooses():
    slopes = (500.0, 30.0)
    modes = ("base", "base + luma residual")
    found = Adaptive(modes=modes).curve(X, slopes)
    for slope, choice in zip(slopes, found, strict=True):
        alone = Adaptive(slope, modes=modes)
        assert alone.choose(X)[2:] == choice[2:]
    assert len(found[0].data) < len(found[1].data)


def test_it_never_costs_more_than_any_direct_file():
    codec = Adaptive()
    assert len(codec.kinds) == 3
    found = codec.curve(X, (2.0, 60.0, 900.0))
    for (slope, best), kind, q in product(
        zip((2.0, 60.0, 900.0), found, strict=True), codec.kinds, FEW
    ):
        data = kind.make(q).encode(X)
        plain = 255**2 * mse(JPEG().decode(data), X)
        rate = 8 * len(data) / X[0, 0].numel()
        assert best.cost <= plain + slope * rate + 1e-6


def test_two_layers_win_on_a_photograph_at_low_rates():
    tried = Adaptive(250.0).tried(photo("coffee")[..., :256, 100:420])
    cost = {choice.mode: choice.cost for choice in tried}
    assert min(cost["base"], cost["base + residual"]) < 0.97 * cost["direct"]


def test_a_direct_file_is_a_plain_jpeg():
    choice = AdaptiveTwoLayer(30.0, modes=()).choose(X)
    assert choice.mode == "direct" and choice.data[:2] == b"\xff\xd8"
    assert JPEG().decode(choice.data).equal(AdaptiveTwoLayer().decode(choice.data))


def test_another_family():
    codec = Adaptive(60.0, family=WebP, others=(lambda q: WebP(q, method=0),))
    for choice in codec.tried(X):
        assert 255**2 * mse(codec.decode(choice.data), X) == pytest.approx(
            choice.distortion
        )


def test_the_family_says_how_all_its_kinds_are_coded_losslessly():
    arithmetic = functools.partial(JPEG, optimize="arithmetic")
    codec, huffman = Adaptive(60.0, family=arithmetic), Adaptive(60.0)
    assert {kind.make(20).optimize for kind in codec.kinds} == {"arithmetic"}
    assert {kind.make(20).optimize for kind in huffman.kinds} == {"mozjpeg"}
    for a, b in zip(codec.tried(X), huffman.tried(X), strict=True):
        assert codec.decode(a.data).shape == X.shape
        assert a.cost < b.cost


def test_a_family_with_a_container_of_ours():
    codec = AdaptiveTwoLayer(60.0, modes=("base",), family=Factorized, qualities=(2,))
    for choice in codec.tried(X):
        assert codec.decode(choice.data).equal(choice.codec.decode(choice.data))


def test_grey_and_tiny_pictures():
    codec = AdaptiveTwoLayer(30.0, qualities=(20, 60))
    for x in (X[:, :1], X[..., :1, :1], X[..., :17, :9]):
        for choice in codec.tried(x):
            assert codec.decode(choice.data).shape == x.shape


def test_damage_and_strangers():
    codec = Adaptive(60.0, modes=("base + residual",))
    layered = next(c for c in codec.tried(X) if c.mode == "base + residual").data
    with pytest.raises(CorruptStream):
        codec.decode(layered[:-4])
    with pytest.warns(UserWarning, match="the base alone"):
        assert codec.decode(layered[:-4], on_damage="base").shape == X.shape
    for bad in (b"", b"hello", layered[:12]):
        with pytest.raises(CorruptStream):
            codec.decode(bad)


@pytest.mark.parametrize(
    "settings",
    [
        {"slope": 0}, {"slope": float("inf")}, {"modes": ("three layers",)},
        {"qualities": ()}, {"qualities": (50, 20)},
    ],
)  # fmt: skip
def test_settings_that_make_no_sense(settings):
    with pytest.raises(ValueError):
        AdaptiveTwoLayer(**settings)
    with pytest.raises(ValueError):
        AdaptiveTwoLayer().curve(X, [0.0])


def test_walks_end_in_the_valley():
    costs = [9, 7, 4, 2, 3, 8]
    assert {walk(costs.__getitem__, start, 5) for start in range(-1, 8)} == {3}


def test_the_lowest_cost_is_found_beyond_a_ridge():
    # Costs at slope 1: 15, 12, 13, 11, 16: two valleys, files that grow all along.
    files = [(14, 1), (9, 3), (7, 6), (2, 9), (1, 15)]
    made = []

    def at(k: int) -> Trial:
        made.append(k)
        return Trial("direct", JPEG(), b"", *map(float, files[k]))

    assert {lowest(at, 1.0, start, 4) for start in range(5)} == {3}
    made.clear()
    assert lowest(at, 0.01, 4, 4) == 4 and 1 not in made
