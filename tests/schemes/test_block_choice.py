# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""srlab.schemes.block_choice: one layer or two, block by block."""

import pytest
import torch

from srlab import models, photo
from srlab.codecs import JPEG, CorruptStream, WebP, container
from srlab.codecs.residual import Residual
from srlab.schemes import TwoLayer
from srlab.schemes.block_choice import (
    BlockTwoLayer,
    better_blocks,
    chosen,
    shares,
)
from srlab.schemes.block_columns import put_choices, take_choices

X = photo("chelsea")[..., 40:170, 90:243].contiguous()  # 130 x 153: 3 x 3 blocks


def some(shape: tuple[int, int], share: float = 0.5) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(3)) < share


def coder(choices: torch.Tensor, **settings) -> BlockTwoLayer:
    return BlockTwoLayer(choices, JPEG(50), JPEG(60), **settings)


@pytest.mark.parametrize("size", [(130, 153), (64, 128), (1, 1), (37, 65)])
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_of_any_size(size, channels):
    x = X[:, :channels, : size[0], : size[1]]
    shape = tuple(-(-n // 64) for n in size)
    for choices in (some(shape), torch.ones(shape) > 0, torch.zeros(shape) > 0):
        codec = coder(choices, residual=Residual(14.0))
        y = codec.decode(codec.encode(x))
        assert y.shape == x.shape and (y * 255 - (y * 255).round()).abs().max() < 1e-3
        assert 255**2 * (y - x).square().mean() < 60


def test_blocks_are_what_their_choice_says():
    x, choices = X[..., :128, :128].contiguous(), torch.eye(2) > 0
    y = coder(choices).decode(coder(choices).encode(x))
    alone = JPEG(50).decode(JPEG(50).encode(x[..., :64, :64].contiguous()))
    # Halved chroma is interpolated across blocks, but not far.
    assert (y[..., :48, :48] - alone[..., :48, :48]).abs().mean() < 0.01
    base = TwoLayer(JPEG(60)).layers(x)["sr"]
    apart = (y - base)[..., 16:48, 80:112].abs().mean()
    assert apart < 0.01 < (y - base)[..., :48, :48].abs().mean()


def test_a_residual_is_of_two_layers_alone():
    choices = some((3, 3))
    plain, more = coder(choices), coder(choices, residual=Residual(8.0))
    y, z = (c.decode(c.encode(X)) for c in (plain, more))
    large = choices.repeat_interleave(64, 0).repeat_interleave(64, 1)[:130, :153]
    assert y[..., large].equal(z[..., large])
    assert (z - X)[..., ~large].square().mean() < (y - X)[..., ~large].square().mean()


def test_nets_and_other_codecs():
    torch.manual_seed(0)
    net = models.restorer(models.CodedNet(2, width=8, blocks=1))
    codec = BlockTwoLayer(some((3, 3)), WebP(50), WebP(60), net, level=0.6)
    data = codec.encode(X)
    assert codec.decode(data).shape == X.shape
    with pytest.raises(CorruptStream, match="another restorer"):
        BlockTwoLayer(None, WebP(50), WebP(60)).decode(data)


@pytest.mark.parametrize("share", [0, 0.05, 0.5, 0.9, 1])
def test_choices_come_back_and_cost_little(share):
    choices = some((8, 12), share)
    data = put_choices(choices)
    assert take_choices(data, (8, 12)).equal(choices) and len(data) <= 21


def test_bits_are_where_the_detail_is():
    x = torch.full((1, 3, 64, 128), 0.5)
    x[..., 64:] = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    found = shares(x, 30.0, 64)
    assert found.shape == (1, 2) and found.sum() == pytest.approx(1)
    assert found[0, 1] > 0.95


def test_each_block_goes_where_it_costs_less():
    x = torch.zeros(1, 3, 64, 128)
    good, bad = x, x + 2 / 255  # 4 grey values squared
    bits = torch.tensor([[100.0, 900.0]])
    for slope, wanted in ((1.0, [True, True]), (24.0, [True, False])):
        found = better_blocks(x, slope, (good, bits), (bad, torch.zeros(1, 2)))
        assert found.tolist() == [wanted]


def test_choosing_between_two_files():
    one, two = JPEG(20), TwoLayer(JPEG(50), residual=Residual(30.0))
    files = (one, one.encode(X)), (two, two.encode(X))
    few, many = (chosen(X, slope, *files) for slope in (1e-3, 1e5))
    assert few.choices.shape == (3, 3)
    assert few.decode(few.encode(X)).shape == many.decode(many.encode(X)).shape


def test_damage():
    codec = coder(some((3, 3)), residual=Residual(8.0))
    data = codec.encode(X)
    with pytest.raises(CorruptStream):
        codec.decode(data[:-4])
    with pytest.warns(UserWarning, match="the base alone"):
        y = codec.decode(data[:-4], on_damage="base")
    assert y.equal(coder(some((3, 3))).decode(coder(some((3, 3))).encode(X)))
    streams = container.unpack(data, "two-layer").payloads
    for payloads in (streams[:3], [b"", *streams[1:]], [streams[0][:6] + b"\x63"]):
        bad = container.pack("two-layer", (130, 153), 3, payloads)
        with pytest.raises(CorruptStream):
            codec.decode(bad)
    with pytest.raises(CorruptStream):
        codec.decode(TwoLayer(JPEG(60)).encode(X))
    with pytest.raises(CorruptStream):
        TwoLayer(JPEG(60)).decode(data)
    moved = container.pack("two-layer", (64, 64), 3, streams)
    with pytest.raises(CorruptStream):
        codec.decode(moved)


def test_choices_of_another_picture():
    with pytest.raises(ValueError, match="blocks"):
        coder(some((2, 3))).encode(X)
