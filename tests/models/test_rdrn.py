# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""RDRN: a block of level t is two of level t - 1, joined, weighed and added."""

import pytest
import torch
from torch import nn

from srlab.models.edsr import EDSR, EDSRBlock
from srlab.models.rcan import ChannelAttention
from srlab.models.rdrn import RDRB, RDRN, rdrb


def small(**settings):
    torch.manual_seed(0)
    defaults = {"width": 8, "blocks": 2, "recursion": 2, "reduction": 2}
    return RDRN(**{**defaults, **settings}).eval()


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("size", [(1, 1), (1, 5), (37, 53)])
def test_shape(scale, size):
    net = small(scale=scale)
    out = net(torch.rand(2, 3, *size))
    assert out.shape == (2, 3, scale * size[0], scale * size[1])
    assert (net.channels, net.upscale) == (3, scale)


def test_every_parameter_gets_a_gradient():
    net = small(reduction=1)
    net(torch.rand(4, 3, 5, 7)).square().mean().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_the_mean_is_no_weight():
    assert "mean" not in small().state_dict()


def test_a_block_is_its_equation():
    torch.manual_seed(0)
    block = RDRB(8, level=2)
    x = torch.randn(1, 8, 5, 6)
    a = block.first(x)
    b = block.second(a)
    joined = block.join(torch.cat([a, b], 1))
    assert torch.allclose(block(x), x + joined * block.attention.gains(joined))
    assert isinstance(block.first, RDRB) and isinstance(block.first.first, EDSRBlock)


@pytest.mark.parametrize("level", [0, 1, 2, 3, 4])
def test_the_recursion_doubles(level):
    """2^t blocks of level 0 and 2^t - 1 joins and attentions."""
    block = rdrb(4, level)
    count = [
        sum(isinstance(module, kind) for module in block.modules())
        for kind in (EDSRBlock, RDRB, ChannelAttention)
    ]
    assert count == [2**level, 2**level - 1, 2**level - 1]


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_the_count_is_a_recursion_too(level):
    """n(0) = 2 (9 w^2 + w); n(t) = 2 n(t-1) + 2 w^2 + w + attention."""
    w, r = 16, 4
    attention = 2 * w * (w // r) + w // r + w
    expected = 2 * (9 * w * w + w)
    for _ in range(level):
        expected = 2 * expected + 2 * w * w + w + attention
    assert sum(p.numel() for p in rdrb(w, level, r).parameters()) == expected


def test_no_weights_are_shared():
    names = [id(p) for p in small().parameters()]
    assert len(names) == len(set(names))


def test_without_recursion_it_is_edsr():
    net = small(recursion=0)
    twin = EDSR(width=8, blocks=2).eval()
    twin.load_state_dict(net.state_dict())
    x = torch.rand(1, 3, 7, 9)
    assert torch.equal(net(x), twin(x))


def test_a_join_of_nothing_is_the_identity():
    block = RDRB(4, 1)
    nn.init.zeros_(block.join.weight)
    nn.init.zeros_(block.join.bias)
    x = torch.randn(1, 4, 3, 3)
    assert torch.equal(block(x), x)


def test_a_negative_recursion_is_refused():
    with pytest.raises(ValueError, match="recursion is -1"):
        RDRN(recursion=-1)
