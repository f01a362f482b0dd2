# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""srlab.schemes.SideInfo: a base file, a few bytes beside it, and what damage does."""

import numpy as np
import pytest
import torch

from srlab import photo
from srlab.codecs import JPEG, CorruptStream, Factorized, WebP
from srlab.models import SideInfoNet
from srlab.models.side_info import soft_quantise, soft_to_hard
from srlab.schemes import SideInfo

X = photo("chelsea")[..., 40:141, 90:223].contiguous()  # 101 x 133


def net(**settings) -> SideInfoNet:
    torch.manual_seed(0)
    settings = {"width": 8, "blocks": 2, "fold": 2, "extractor": 4} | settings
    made = SideInfoNet(**settings).eval().requires_grad_(False)
    torch.nn.init.normal_(made.tail.weight, std=0.05)
    for block in made.blocks:
        if block.gate is not None:
            torch.nn.init.normal_(block.gate.weight, std=0.5)
    return made


NET, TWIN = net(), net(descriptors=False)


@pytest.mark.parametrize("base", [JPEG(20), WebP(20), Factorized(2)], ids=repr)
@pytest.mark.parametrize("size", [(101, 133), (16, 16), (1, 1), (17, 5)])
def test_round_trip(base, size):
    codec = SideInfo(base, NET, 0.2)
    x = X[..., : size[0], : size[1]]
    for image in (x, x.mean(1, keepdim=True)):
        data = codec.encode(image)
        y = codec.decode(data)
        assert y.shape == image.shape
        first = codec.base_file(data)
        assert first == base.encode(image)
        decoded = base.decode(first)
        if image.shape[1] == 1:
            decoded = decoded.mean(1, keepdim=True)
        symbols = codec.descriptors(image, decoded)
        assert y.equal(codec.mend(decoded, symbols))
        places = -(-size[0] // 16) * -(-size[1] // 16)
        parts = codec.streams(data)
        assert sum(parts.values()) == len(data)
        assert parts["descriptors"] <= 1 + (places + 1) // 2


def test_descriptors_are_heard():
    codec = SideInfo(JPEG(20), NET)
    decoded = JPEG().decode(JPEG(20).encode(X))
    maps = [np.full((7, 9), k) for k in (3, 11)]
    a, b = (codec.mend(decoded, m) for m in maps)
    assert not a.equal(b)
    assert codec.decode(codec.write(X, maps[0])).equal(a)
    poked = maps[0].copy()
    poked[6, 8] = 11  # the last place: far away nothing changes
    assert codec.mend(decoded, poked)[..., :48, :64].equal(a[..., :48, :64])


def test_a_searched_map_is_no_worse_than_the_extractors():
    codec = SideInfo(JPEG(20), NET)
    decoded = JPEG().decode(JPEG(20).encode(X))
    own, found = codec.descriptors(X, decoded), codec.search(X, decoded)
    assert found.shape == own.shape
    errors = [(codec.mend(decoded, m) - X).square().mean() for m in (found, own)]
    assert errors[0] <= errors[1]
    trials = codec.trials(X, decoded)
    assert trials.shape == (16, *own.shape)
    assert (codec.search(X, decoded, trials=trials) == found).all()


def test_a_search_with_a_price_sends_fewer_bits():
    codec = SideInfo(JPEG(20), NET)
    decoded = JPEG().decode(JPEG(20).encode(X))
    maps = [codec.search(X, decoded, price) for price in (0.0, 1.0, 1e6)]
    sizes = [len(codec._coder.encode(m)) for m in maps]
    assert sizes[0] >= sizes[1] >= sizes[2]
    assert len(np.unique(maps[2])) == 1  # bits are all that counts


def test_the_twin_sends_nothing():
    codec = SideInfo(JPEG(20), TWIN)
    data = codec.encode(X)
    assert set(codec.streams(data)) == {"header", "base"}
    assert codec.decode(data).shape == X.shape


def test_damage():
    codec = SideInfo(JPEG(20), NET)
    data = codec.encode(X)
    decoded = JPEG().decode(JPEG(20).encode(X))
    broken = bytearray(data)
    broken[-1] ^= 1
    for bad in (data[:-3], bytes(broken)):
        with pytest.raises(CorruptStream):
            codec.decode(bad)
        with pytest.warns(UserWarning, match="the base alone"):
            assert codec.decode(bad, on_damage="base").equal(decoded)
        assert codec.base_file(bad) == JPEG(20).encode(X)
    other = SideInfo(JPEG(20), net(blocks=1))
    for bad in (b"", b"hello", data[:20], other.encode(X)):
        with pytest.raises(CorruptStream):
            codec.decode(bad, on_damage="base")
    with pytest.raises(ValueError):
        codec.decode(data, on_damage="ignore")


def test_the_level_is_in_the_file():
    low, high = (SideInfo(JPEG(20), NET, level) for level in (0.1, 0.9))
    assert high.decode(low.encode(X)).equal(low.decode(low.encode(X)))


def test_soft_and_hard():
    """x^sigma, normalised: at 1 it is x itself, and large sigmas give the hard one."""
    x = torch.rand(2, 16, 3, 4, generator=torch.Generator().manual_seed(1))
    x = (8 * x).softmax(dim=1)  # no near ties
    assert (soft_quantise(x, 1.0) - x).abs().max() < 1e-6
    power = x**2.5 / (x**2.5).sum(1, keepdim=True)
    assert (soft_quantise(x, 2.5) - power).abs().max() < 1e-6
    hard = soft_to_hard(x, 1.0)
    assert (soft_quantise(x, 5000.0) - hard).abs().max() < 1e-2
    assert hard.sum(1).eq(1).all() and (hard.amax(1) > 0.999).all()
    leaf = x.clone().requires_grad_()
    weight = torch.rand_like(x)
    (soft_to_hard(leaf, 2.0) * weight).sum().backward()
    other = x.clone().requires_grad_()
    (soft_quantise(other, 2.0) * weight).sum().backward()
    assert leaf.grad.equal(other.grad)


def test_both_directions_of_the_divergence():
    x, c = torch.tensor([0.2, 0.8]), torch.tensor([0.0, 1.0])
    forward = torch.where(c > 0, c * (c / x).log(), torch.zeros(2)).sum()
    assert forward.item() == pytest.approx(-np.log(0.8))
    assert torch.isinf(x * (x / c).log()).any()


def test_settings_that_make_no_sense():
    with pytest.raises(TypeError, match="lacks encode"):
        SideInfo("jpeg", NET)
    with pytest.raises(ValueError, match="level"):
        SideInfo(JPEG(20), NET, 2.0)
    with pytest.raises(FileNotFoundError, match="no weights are called"):
        SideInfo(JPEG(20), "side_nothing").encode(X)
    with pytest.raises(ValueError, match="not of SideInfoNet"):
        SideInfo(JPEG(20), "edsr_x2").encode(X)
    with pytest.raises(ValueError, match="a map of"):
        SideInfo(JPEG(20), NET).write(X, np.zeros((2, 2), int))
    with pytest.raises(ValueError, match="fold"):
        SideInfoNet(fold=3)
