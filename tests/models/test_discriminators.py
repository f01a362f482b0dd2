# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Discriminators: shapes, gradients, and a spectral norm that is 1."""

import copy

import pytest
import torch
from torch.nn.utils import parametrize

from srlab import models
from srlab.models import SRGANDiscriminator, UNetDiscriminator, VGGDiscriminator

SIZED = [(SRGANDiscriminator, 16), (VGGDiscriminator, 32)]


@pytest.mark.parametrize(("kind", "size"), SIZED)
@pytest.mark.parametrize("factor", [1, 3])
def test_one_logit_a_picture(kind, size, factor):
    torch.manual_seed(0)
    net = kind(size=factor * size, width=4)
    x = torch.rand(3, 3, factor * size, factor * size)
    assert net(x).shape == (3, 1)
    assert net.eval()(x[:1]).shape == (1, 1)


@pytest.mark.parametrize("size", [(8, 8), (9, 8), (37, 53), (64, 32)])
def test_one_logit_a_pixel(size):
    net = UNetDiscriminator(width=4)
    assert net(torch.rand(2, 3, *size)).shape == (2, 1, *size)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (SRGANDiscriminator, {"size": 32}),
        (VGGDiscriminator, {"size": 64}),
        (UNetDiscriminator, {}),
    ],
)
def test_gradients_reach_every_weight_and_the_picture(kind, settings):
    torch.manual_seed(0)
    net = kind(width=4, **settings)
    x = torch.rand(4, 3, 64, 64, requires_grad=True)
    judged = x[..., : settings.get("size", 64), : settings.get("size", 64)]
    net(judged).square().mean().backward()
    assert x.grad.abs().sum() > 0
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_the_papers_layers():
    """Figure 4 of SRGAN: 64 to 512 with eight convolutions; ESRGAN's has ten."""
    kinds = [(SRGANDiscriminator, 96, 8, 6), (VGGDiscriminator, 128, 10, 4)]
    for kind, size, convolutions, last in kinds:
        with torch.device("meta"):
            net = kind()
        convs = [m for m in net.features if isinstance(m, torch.nn.Conv2d)]
        assert net.size == size and len(convs) == convolutions
        assert [c.stride[0] for c in convs] == [1, 2] * (convolutions // 2)
        assert net.classify[0].in_features == 512 * last**2


@pytest.mark.parametrize(("kind", "size"), SIZED)
def test_other_sizes_are_refused(kind, size):
    with pytest.raises(ValueError, match=f"expected a multiple of {size}"):
        kind(size=size + 1, width=4)
    with pytest.raises(ValueError, match=f"built for {size} x {size} pixels, not 8 x"):
        kind(size=size, width=4)(torch.rand(1, 3, 8, 9))


def test_the_u_net_refuses_what_it_cannot_halve_three_times():
    with pytest.raises(ValueError, match="at least 8 x 8"):
        UNetDiscriminator(width=4)(torch.rand(1, 3, 7, 20))


def normalised(net):
    found = [m for m in net.modules() if parametrize.is_parametrized(m)]
    assert len(found) == 8
    return found


def largest_singular_values(net):
    return [torch.linalg.matrix_norm(m.weight.flatten(1), 2) for m in normalised(net)]


def test_the_spectral_norm_is_one():
    """The power iteration has found the largest singular value: it is 1 afterwards."""
    torch.manual_seed(0)
    net = UNetDiscriminator(width=8)
    for _ in range(100):
        net(torch.rand(1, 3, 8, 8))
    norms = torch.stack(largest_singular_values(net.eval()))
    assert torch.allclose(norms, torch.ones(8), atol=0.01)


def test_the_norm_stays_one_when_weights_grow():
    torch.manual_seed(0)
    net = UNetDiscriminator(width=4).eval()
    x = torch.rand(1, 3, 16, 16)
    before = net(x)
    grown = copy.deepcopy(net)
    for module in normalised(grown):
        module.parametrizations.weight.original.data *= 7
    assert torch.allclose(grown(x), before, atol=1e-5)


def test_the_first_and_the_last_convolution_are_free():
    net = UNetDiscriminator(width=4)
    for conv in (net.first, net.last):
        assert not parametrize.is_parametrized(conv) and conv.bias is not None
    assert all(module.bias is None for module in normalised(net))


def test_the_skip_is_added_after_the_activation():
    """With the way up silenced, the full-size features alone reach the logits."""
    torch.manual_seed(0)
    net = UNetDiscriminator(width=4).eval()
    x = torch.rand(1, 3, 16, 24)
    net.up[-1].forward = lambda y: torch.zeros_like(y[:, :4])
    act = torch.nn.LeakyReLU(0.2)
    skip = act(net.first(x))
    for conv in net.refine:
        skip = act(conv(skip))
    assert torch.allclose(net(x), net.last(skip), atol=1e-6)


def test_half_precision_normalises_in_full_precision():
    torch.manual_seed(0)
    net = UNetDiscriminator(width=4).to(memory_format=torch.channels_last).eval()
    x = torch.rand(2, 3, 16, 16).to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        assert net.down[0](net.first(x)).dtype == torch.bfloat16
        logits = net(x)
    assert torch.allclose(logits.float(), net(x), atol=0.02)


def test_a_discriminator_is_no_restorer():
    with pytest.raises(ValueError, match="no network is called 'UNetDiscriminator'"):
        models.build("UNetDiscriminator", {})
    assert not hasattr(UNetDiscriminator(width=4), "upscale")
