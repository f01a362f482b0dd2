# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Context models: what a place may see, the same picture in other bytes."""

import pytest
import torch

import srlab
from srlab.codecs import CorruptStream, MeanScale, WithContext, with_context
from srlab.codecs.context import ORDERS, ContextNet, context_mask, passes, spread
from srlab.codecs.networks import MeanScaleNet
from srlab.codecs.whole_numbers import WholeNumbers
from srlab.datasets import find
from srlab.training import contexts


def rand(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def toy(order):
    """A small codec with a context that does something."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        net = MeanScaleNet(N=8, M=8).eval().requires_grad_(False)
        rule = ContextNet(order, M=8, width=4, hidden=8)
        with torch.no_grad():
            for parameter in (*rule.head[2].parameters(), rule.own):
                parameter.normal_(0, 0.1)
    return WithContext(4, net, rule.eval().requires_grad_(False))


TOYS = {order: toy(order) for order in ORDERS}


def seen(rule, place, size=9):
    """Which places the prediction at one place depends on, (size, size)."""
    symbols = torch.zeros(1, rule.M, size, size, requires_grad=True)
    shift, index = rule(symbols, torch.full((1, rule.M, size, size), 20.0))
    (shift + index)[..., place[0], place[1]].sum().backward()
    return symbols.grad.abs().sum((0, 1)) > 0


def test_a_serial_context_sees_only_what_came_before():
    found = seen(TOYS["serial"].rule, (4, 4))
    assert found.sum() == 12
    assert not found[4, 4:].any() and not found[5:].any()


def test_anchors_of_a_checkerboard_see_nothing_and_the_others_only_anchors():
    rule = TOYS["checkerboard"].rule
    assert not seen(rule, (4, 4)).any()
    found = seen(rule, (4, 5))
    assert found.sum() == 12
    i, j = torch.meshgrid(torch.arange(9), torch.arange(9), indexing="ij")
    assert not found[(i + j) % 2 == 1].any()


def test_the_control_sees_nothing():
    assert not seen(TOYS["none"].rule, (4, 4)).any()


def test_masks_and_passes():
    assert context_mask("serial").sum() == 12 == context_mask("checkerboard").sum()
    with pytest.raises(ValueError, match="serial, checkerboard"):
        context_mask("zigzag")
    for order, count in (("serial", 15), ("checkerboard", 2), ("none", 1)):
        found = list(passes(order, 3, 5))
        assert len(found) == count
        assert torch.equal(torch.cat(found).sort()[0], torch.arange(15))
    assert len(list(passes("checkerboard", 1, 1))) == 1


def test_a_fresh_net_is_the_hyperprior_alone():
    symbols, index = torch.randn(1, 8, 4, 4).round(), torch.full((1, 8, 4, 4), 20.0)
    shift, corrected = ContextNet("serial", M=8)(symbols, index)
    assert not shift.any() and torch.equal(corrected, index)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("size", [(1, 1), (37, 53), (64, 128)])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_picture_is_that_without_context(order, size, channels):
    codec, image = TOYS[order], rand(1, channels, *size)
    plain = MeanScale(4, codec.net)
    decoded = codec.decode(codec.encode(image))
    assert decoded.shape == image.shape
    assert torch.equal(decoded, plain.decode(plain.encode(image)))


@pytest.mark.parametrize("order", ["serial", "checkerboard"])
def test_the_file_is_as_large_as_the_estimate(order):
    codec, image = TOYS[order], rand(1, 3, 128, 192)
    data, believed = codec.encode(image), codec.estimate(image) / 8
    assert abs(len(data) - believed) < 0.02 * believed + 45


@pytest.mark.parametrize("order", ["serial", "checkerboard"])
def test_whole_numbers_agree_with_floats(order):
    codec = TOYS[order]
    symbols = (3 * torch.randn(1, 8, 6, 6)).round()
    index = torch.randint(0, 40, (1, 8, 6, 6)).float()
    shift, corrected = codec.rule(symbols, index)
    exact, wide = codec._exact, spread(index)
    near = torch.nn.functional.pad(exact.near(symbols.double(), wide), (2,) * 4)
    low, table = exact.tables(near, wide, index.double())
    sighted = codec.rule.sighted(6, 6).bool()
    part = (table % 8 - 4) / 8
    assert ((low + part - shift).abs()[..., sighted] < 0.1).all()
    wanted = corrected.round().clamp(0, 63)
    assert ((table // 8 - wanted).abs()[..., sighted] <= 1).all()


def test_the_same_on_any_number_of_threads():
    image, files = rand(1, 3, 64, 128), []
    threads = torch.get_num_threads()
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            files.append(TOYS["checkerboard"].encode(image))
    finally:
        torch.set_num_threads(threads)
    assert files[0] == files[1]


@pytest.mark.parametrize("order", ["serial", "checkerboard"])
def test_broken_files_are_refused(order):
    codec = TOYS[order]
    data = codec.encode(rand(1, 3, 37, 53))
    for cut in range(0, len(data), 7):
        with pytest.raises(CorruptStream):
            codec.decode(data[:cut])
    for at in range(len(data)):
        broken = bytearray(data)
        broken[at] ^= 1 << at % 8
        with pytest.raises(CorruptStream):
            codec.decode(bytes(broken))


def test_another_context_is_not_taken_for_this_one():
    data = TOYS["serial"].encode(rand(1, 3, 37, 53))
    with pytest.raises(CorruptStream, match="other weights"):
        TOYS["checkerboard"].decode(data)
    with pytest.raises(CorruptStream, match="a file of"):
        MeanScale(4, TOYS["serial"].net).decode(data)


def test_escaped_symbols_come_back():
    codec = TOYS["serial"]
    shape = (1, 8, 4, 4)
    symbols = torch.zeros(8, 16, dtype=torch.float64)
    symbols[3, 5], symbols[0, 0] = 5000, -70_000
    writer = with_context._Writer()
    codec._walk(torch.zeros(128).long().numpy(), shape, symbols, writer)
    reader = with_context._Reader(writer.bytes())
    found = codec._walk(torch.zeros(128).long().numpy(), shape, None, reader)
    assert torch.equal(found.flatten(2)[0], symbols)


def test_no_weights_of_that_name():
    with pytest.raises(FileNotFoundError, match="no weights"):
        _ = WithContext(3, context="no_such_context").rule


@pytest.mark.parametrize("order", ["serial", "checkerboard"])
def test_what_is_shipped_saves_bits(order):
    codec, image = WithContext(3, context=f"context_{order}"), srlab.photo("chelsea")
    image = image[..., 20:148, 60:252]
    assert isinstance(codec._exact.context, WholeNumbers)
    assert codec.estimate(image) < MeanScale(3).estimate(image)


def test_its_training_lowers_the_bits():
    if find("BSDS500_train") is None:
        pytest.skip("no local copy of the set BSDS500_train")
    net, made = contexts.fit_context("serial", minutes=1.0, steps=2, limit=1)
    assert made["steps"] == 2 and net.own.abs().sum() > 0
