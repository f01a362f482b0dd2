# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""SRResNet: its layers in the paper's order, its shapes, its gradients."""

import pytest
import torch
from torch import nn

from srlab.models.srresnet import SRResNet, SRResNetBlock


def small(**settings):
    torch.manual_seed(0)
    return SRResNet(**{"width": 8, "blocks": 2, **settings})


def kinds(module):
    return [type(layer).__name__ for layer in module]


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("size", [(1, 1), (5, 1), (37, 53)])
def test_shape(scale, size):
    net = small(scale=scale).eval()
    out = net(torch.rand(1, 3, *size))
    assert out.shape == (1, 3, scale * size[0], scale * size[1])
    assert (net.channels, net.upscale) == (3, scale)


def test_every_parameter_gets_a_gradient():
    """Every one but the biases that batch normalisation takes out again."""
    net = small().train()
    net(torch.rand(2, 3, 6, 7)).square().mean().backward()
    useless = {f"blocks.{i}.residual.{k}.bias" for i in range(2) for k in (0, 3)}
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        if name not in useless | {"body.0.bias"}:
            assert parameter.grad.abs().sum() > 0, name


def test_layers_are_the_papers():
    net = SRResNet()
    block = ["Conv2d", "BatchNorm2d", "PReLU", "Conv2d", "BatchNorm2d"]
    assert len(net.blocks) == 16
    assert kinds(net.blocks[0].residual) == block
    assert kinds(net.body) == ["Conv2d", "BatchNorm2d"]
    assert kinds(net.enlarge) == ["Conv2d", "PixelShuffle", "PReLU"] * 2
    assert net.head[0].kernel_size == net.tail.kernel_size == (9, 9)


def test_a_block_adds_to_its_input():
    """Nothing stands behind the sum: with the last norm at zero x passes untouched."""
    block = SRResNetBlock(4)
    nn.init.zeros_(block.residual[-1].weight)
    x = torch.randn(2, 4, 5, 6)  # negative values too: no activation behind the sum
    assert torch.equal(block(x), x)


def test_the_long_skip_passes_the_blocks_by():
    net = small(scale=2).eval()
    nn.init.zeros_(net.body[1].weight)
    x = torch.rand(1, 3, 6, 7)
    assert torch.equal(net(x), net.tail(net.enlarge(net.head(x))))


def test_other_scales_are_refused():
    with pytest.raises(ValueError, match="expected 1, 2, 3, 4 or 8"):
        SRResNet(scale=5)
