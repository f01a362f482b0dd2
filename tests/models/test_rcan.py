# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""RCAN: its blocks are their equations, its gains are between 0 and 1."""

import pytest
import torch
from torch import nn

from srlab.models.rcan import RCAB, RCAN, ChannelAttention, ResidualGroup


def small(**settings):
    torch.manual_seed(0)
    defaults = {"width": 8, "groups": 2, "blocks": 2, "reduction": 4}
    return RCAN(**{**defaults, **settings}).eval()


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("size", [(1, 1), (1, 5), (37, 53)])
def test_shape(scale, size):
    net = small(scale=scale)
    out = net(torch.rand(2, 3, *size))
    assert out.shape == (2, 3, scale * size[0], scale * size[1])
    assert (net.channels, net.upscale) == (3, scale)


def test_every_parameter_gets_a_gradient():
    net = small(reduction=1)  # wide enough that no squeezed number is always cut to 0
    net(torch.rand(4, 3, 5, 7)).square().mean().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_the_mean_is_no_weight():
    net = small()
    assert "mean" not in net.state_dict()
    for parameter in net.parameters():
        nn.init.zeros_(parameter)
    out = net(torch.rand(1, 3, 4, 4))
    assert torch.equal(out, net.mean.expand(1, 3, 8, 8))


def test_gains_by_hand():
    """Means 1 and 3; down gives 1 + 3 = 4, up gives 4 and -4: sigmoid of both."""
    attention = ChannelAttention(2, reduction=2)
    for parameter in attention.parameters():
        nn.init.zeros_(parameter)
    nn.init.ones_(attention.down.weight)
    attention.up.weight.data[:, 0, 0, 0] = torch.tensor([1.0, -1.0])
    x = torch.tensor([[0.0, 2.0], [2.0, 4.0]]).reshape(1, 2, 1, 2)
    gains = attention.gains(x)
    assert gains.shape == (1, 2, 1, 1)
    assert gains.flatten().tolist() == pytest.approx([0.982014, 0.017986], abs=1e-6)
    assert torch.equal(attention(x), x * gains)


def test_gains_do_not_know_where():
    """The mean forgets the place: the same pixels in any order give the same gains."""
    torch.manual_seed(0)
    attention = ChannelAttention(8, 2)
    x = torch.randn(2, 8, 5, 6)
    shuffled = x.flatten(2)[:, :, torch.randperm(30)].reshape_as(x)
    assert torch.allclose(attention.gains(x), attention.gains(shuffled), atol=1e-6)
    assert (attention.gains(x) > 0).all() and (attention.gains(x) < 1).all()


def test_each_picture_has_its_own_gains():
    torch.manual_seed(0)
    attention = ChannelAttention(8, 1)
    x = torch.randn(3, 8, 5, 6) + torch.randn(3, 8, 1, 1)
    alone = torch.cat([attention.gains(one) for one in x.split(1)])
    assert torch.allclose(attention.gains(x), alone, atol=1e-6)
    assert not torch.allclose(alone[0], alone[1])


@pytest.mark.parametrize(("width", "reduction", "squeezed"), [(64, 16, 4), (8, 16, 1)])
def test_reduction(width, reduction, squeezed):
    assert ChannelAttention(width, reduction).down.out_channels == squeezed


def test_blocks_are_their_equations():
    torch.manual_seed(0)
    block = RCAB(8, 4)
    x = torch.randn(1, 8, 5, 6)
    residual = block.conv2(block.conv1(x).clamp_min(0))
    assert torch.allclose(block(x), x + residual * block.attention.gains(residual))
    group = ResidualGroup(8, 2, 4)
    inner = group.blocks[1](group.blocks[0](x))
    assert torch.allclose(group(x), x + group.conv(inner))


def test_every_pixel_depends_on_every_pixel():
    """A net of 13 convolutions sees 13 pixels far; the means see all the picture."""
    net = small()
    x = torch.rand(1, 3, 40, 40)
    y = x.clone()
    y[..., 39, 39] = 1 - y[..., 39, 39]
    far = (net(x) - net(y))[..., :2, :2].abs().max()
    assert far > 1e-8
    for module in net.modules():
        if isinstance(module, ChannelAttention):
            module.gains = torch.ones_like
    assert (net(x) - net(y))[..., :2, :2].abs().max() == 0
