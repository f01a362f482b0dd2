# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""EDSR: its size, its blocks, its stages, and the twin with batch normalisation."""

import pytest
import torch
from torch import nn

from srlab.models.edsr import EDSR, EDSRBlock, enlarge


def small(**settings):
    torch.manual_seed(0)
    return EDSR(**{"width": 8, "blocks": 2, **settings}).eval()


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("size", [(1, 1), (1, 5), (37, 53)])
def test_shape(scale, size):
    net = small(scale=scale)
    out = net(torch.rand(2, 3, *size))
    assert out.shape == (2, 3, scale * size[0], scale * size[1])
    assert (net.channels, net.upscale) == (3, scale)


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_every_parameter_gets_a_gradient(norm):
    net = small(norm=norm).train()
    net(torch.rand(2, 3, 5, 7)).square().mean().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_the_mean_is_no_weight():
    """It is subtracted and added, and is neither learned nor kept in the file."""
    net = small()
    assert "mean" not in net.state_dict()
    for parameter in net.parameters():
        nn.init.zeros_(parameter)
    out = net(torch.rand(1, 3, 4, 4))
    assert torch.equal(out, net.mean.expand(1, 3, 8, 8))


def test_a_block_is_its_equation():
    torch.manual_seed(0)
    block = EDSRBlock(4, residual_scale=0.1)
    x = torch.randn(1, 4, 5, 6)
    expected = x + 0.1 * block.conv2(block.conv1(x).clamp_min(0))
    assert torch.allclose(block(x), expected)
    assert isinstance(block.norm1, nn.Identity)


def test_a_scale_of_nothing_is_the_identity():
    x = torch.randn(1, 4, 5, 6)
    assert torch.equal(EDSRBlock(4, residual_scale=0.0)(x), x)


def test_nothing_bounds_the_features():
    """Without normalisation features keep the contrast of the picture (section 3.1).

    With all biases at zero the net is homogeneous: f(a x) = a f(x) for a >= 0.
    """
    net = small()
    for name, parameter in net.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(parameter)
    x = torch.rand(1, 3, 6, 7) - 0.5 + net.mean
    half = net.mean + 0.5 * (x - net.mean)
    whole = net(x) - net.mean
    assert torch.allclose(net(half) - net.mean, 0.5 * whole, atol=1e-6)


def test_the_range_is_a_matter_of_the_biases():
    """A net in 0..255 is a net in 0..1 whose biases are 255 times smaller."""
    wide, narrow = small(), small(value_range=1.0)
    for name, parameter in narrow.named_parameters():
        if name.endswith("bias"):
            parameter.data /= 255
    x = torch.rand(1, 3, 6, 7)
    assert torch.allclose(wide(x), narrow(x), atol=1e-5)


def test_batch_statistics_forget_the_contrast():
    """In training, a normalised residual of x and of x / 2 are the same numbers."""
    torch.manual_seed(0)
    block = EDSRBlock(8, norm="batch").train()
    x = 10 * torch.randn(4, 8, 6, 6)
    nn.init.zeros_(block.conv1.bias)
    assert torch.allclose(block(x) - x, block(x / 2) - x / 2, atol=1e-3)


def test_the_twin_differs_by_its_norms_alone():
    plain, twin = small(), small(norm="batch")
    extra = set(twin.state_dict()) - set(plain.state_dict())
    assert all(".norm" in name for name in extra) and len(extra) == 2 * 2 * 5
    assert set(plain.state_dict()) <= set(twin.state_dict())


def test_stages():
    assert [type(layer).__name__ for layer in enlarge(4, 4)] == [
        *("Conv2d", "PixelShuffle", "Identity") * 2
    ]
    assert enlarge(4, 3)[0].weight.shape == (36, 4, 3, 3)
    assert len(enlarge(4, 1)) == 0


@pytest.mark.parametrize("scale", [0, 5, 6, -2])
def test_other_scales_are_refused(scale):
    with pytest.raises(ValueError, match="expected 1, 2, 3, 4 or 8"):
        EDSR(scale=scale)


def test_other_norms_are_refused():
    with pytest.raises(ValueError, match="expected none or batch"):
        EDSR(norm="layer")
