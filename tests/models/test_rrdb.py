# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""RRDBNet: its blocks are their equations, small at first, at every scale and size."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from srlab.models.rrdb import RRDB, DenseBlock, RRDBNet, lrelu


def small(**settings):
    torch.manual_seed(0)
    return RRDBNet(**{"width": 8, "blocks": 2, "growth": 4, **settings}).eval()


@pytest.mark.parametrize("scale", [4, 2, 1])
@pytest.mark.parametrize("size", [(1, 1), (1, 5), (37, 53), (8, 12)])
def test_shape(scale, size):
    net = small(scale=scale)
    out = net(torch.rand(2, 3, *size))
    assert out.shape == (2, 3, scale * size[0], scale * size[1])
    assert (net.channels, net.upscale) == (3, scale)


def test_every_parameter_gets_a_gradient():
    net = small().train()
    net(torch.rand(2, 3, 5, 7)).square().mean().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_the_activation():
    assert lrelu(torch.tensor([-5.0, 0.0, 3.0])).tolist() == [-1.0, 0.0, 3.0]


def test_a_dense_block_is_its_equation():
    """Each convolution reads the input and all that came before it."""
    torch.manual_seed(0)
    block = DenseBlock(6, 4, residual_scale=0.2)
    x = torch.randn(1, 6, 5, 7)
    f = [x]
    for i, conv in enumerate(block.convs):
        assert conv.in_channels == 6 + 4 * i
        y = conv(torch.cat(f, 1))
        f.append(torch.where(y > 0, y, 0.2 * y) if i < 4 else y)
    assert len(block.convs) == 5
    assert torch.allclose(block(x), x + 0.2 * f[-1])


def test_an_rrdb_scales_its_three_blocks():
    torch.manual_seed(0)
    block = RRDB(6, 4)
    x = torch.randn(1, 6, 5, 7)
    one, two, three = block.dense
    assert torch.allclose(block(x), x + 0.2 * three(two(one(x))))


def test_the_initialisation_is_a_tenth_of_he():
    torch.manual_seed(0)
    for conv in DenseBlock(64, 32).convs:
        he = (2 / (9 * conv.in_channels)) ** 0.5
        assert conv.weight.std().item() == pytest.approx(0.1 * he, rel=0.03)
        assert torch.equal(conv.bias, torch.zeros_like(conv.bias))


def test_fresh_blocks_do_nearly_nothing():
    """A dense block is x, so an RRDB is x + 0.2 x: the picture, a fifth stronger."""
    torch.manual_seed(0)
    x = torch.randn(1, 64, 9, 9)
    for block, gain in ((DenseBlock(64, 32), 1.0), (RRDB(64, 32), 1.2)):
        change = (block(x) - gain * x).std() / x.std()
        assert 0 < change < 0.02


def test_there_is_no_batch_normalisation():
    assert not any(isinstance(m, nn.BatchNorm2d) for m in RRDBNet().modules())


def test_enlarging_is_by_nearest_neighbour():
    """A flat picture stays flat inside; a net of ones at 1x1 repeats every pixel."""
    net = small(blocks=0, width=3)
    for parameter in net.parameters():
        nn.init.zeros_(parameter)
    for conv in (net.first, *net.enlarge, net.hr, net.last):
        for c in range(3):
            conv.weight.data[c, c, 1, 1] = 1.0
    x = torch.rand(1, 3, 4, 5)
    assert torch.equal(net(x), F.interpolate(x, scale_factor=4, mode="nearest"))


def test_padding_repeats_the_border():
    """An odd picture gives what the same picture padded by hand gives."""
    net = small(scale=2)
    x = torch.rand(1, 3, 7, 9)
    padded = F.pad(x, (0, 1, 0, 1), mode="replicate")
    assert torch.equal(net(x), net(padded)[..., :14, :18])


def test_half_precision_and_the_layout():
    """bfloat16 under autocast, in channels_last: near the same picture."""
    net = small().to(memory_format=torch.channels_last)
    x = torch.rand(2, 3, 12, 16).to(memory_format=torch.channels_last)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        y = net(x)
    assert y.dtype == torch.bfloat16
    assert torch.allclose(y.float(), net(x), atol=0.02)


@pytest.mark.parametrize("scale", [0, 3, 8, -1])
def test_other_scales_are_refused(scale):
    with pytest.raises(ValueError, match="expected 4, 2 or 1"):
        RRDBNet(scale=scale)
