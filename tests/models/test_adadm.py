# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""AdaDM: the factor that gives back what batch normalisation divides out."""

import math

import pytest
import torch
from torch import nn

from srlab.models.adadm import AdaDM, AdaDMBlock


def small(**settings):
    torch.manual_seed(0)
    return AdaDM(**{"width": 8, "blocks": 2, **settings}).eval()


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("size", [(1, 1), (1, 5), (37, 53)])
def test_shape(scale, size):
    net = small(scale=scale)
    out = net(torch.rand(2, 3, *size))
    assert out.shape == (2, 3, scale * size[0], scale * size[1])
    assert (net.channels, net.upscale) == (3, scale)


def test_every_parameter_gets_a_gradient():
    net = small().train()
    net(torch.rand(2, 3, 5, 7)).square().mean().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_at_the_start_the_factor_is_the_deviation():
    """The four numbers -3, -1, 1, 3 have the (sample) deviation sqrt(20 / 3)."""
    x = torch.tensor([-3.0, -1.0, 1.0, 3.0]).reshape(1, 1, 2, 2)
    factor = AdaDMBlock(1).modulation(x)
    assert factor.shape == (1, 1, 1, 1)
    assert factor.item() == pytest.approx(math.sqrt(20 / 3), abs=1e-6)


def test_the_factor_is_a_power_of_the_deviation():
    block = AdaDMBlock(4)
    nn.init.constant_(block.weight, 0.5)
    nn.init.constant_(block.bias, math.log(3))
    x = torch.randn(2, 4, 6, 5)
    expected = 3 * x.std(dim=(1, 2, 3)).sqrt()
    assert torch.allclose(block.modulation(x).flatten(), expected)


def test_each_picture_has_its_own_factor():
    x = torch.randn(1, 4, 6, 5)
    one, two = AdaDMBlock(4).modulation(torch.cat([x, 2 * x])).flatten().tolist()
    assert two == pytest.approx(2 * one, rel=1e-5)


def test_the_residual_keeps_the_contrast():
    """BN alone gives x and x / 2 one residual (test_edsr.py); here it halves too."""
    torch.manual_seed(0)
    block = AdaDMBlock(8).train()
    x = 10 * torch.randn(4, 8, 6, 6)
    assert torch.allclose((block(x) - x) / 2, block(x / 2) - x / 2, atol=1e-2)


def test_flat_features_have_a_finite_gradient():
    x = torch.zeros(1, 4, 3, 3, requires_grad=True)
    block = AdaDMBlock(4)
    block(x).sum().backward()
    assert x.grad.isfinite().all()
    assert all(p.grad.isfinite().all() for p in block.parameters())


def test_residual_scale():
    torch.manual_seed(0)
    block = AdaDMBlock(4).eval()
    x = torch.randn(1, 4, 5, 5)
    whole = block(x) - x
    block.residual_scale = 0.1
    assert torch.allclose(block(x) - x, 0.1 * whole, atol=1e-6)
