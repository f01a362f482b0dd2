# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""CodedNet: it begins as its shortcut, and the quality reaches its result."""

import pytest
import torch

from srlab import models
from srlab.models import CodedNet, CodedRestorer
from srlab.resample import imresize

SETTINGS = {"width": 8, "blocks": 1}


def trained(scale: int) -> CodedNet:
    """With a last layer that does something."""
    torch.manual_seed(0)
    net = CodedNet(scale, **SETTINGS)
    torch.nn.init.normal_(net.tail.weight, std=0.05)
    return net.eval()


@pytest.mark.parametrize("size", [(1, 1), (7, 10), (16, 16)])
def test_it_begins_as_its_shortcut(size):
    x = torch.rand(2, 4, *size)
    assert CodedNet(1, **SETTINGS)(x).equal(x[:, :3])
    large = CodedNet(2, **SETTINGS)(x)
    assert large.shape == (2, 3, 2 * size[0], 2 * size[1])


def test_the_shortcut_is_the_courses_bicubic_but_for_the_border():
    x = torch.rand(1, 4, 12, 12)
    inside = (..., slice(4, -4), slice(4, -4))
    wanted = imresize(x[:, :3], scale=2)
    found = CodedNet(2, **SETTINGS)(x)
    assert (found - wanted)[inside].abs().max() < 1e-5


@pytest.mark.parametrize("scale", [1, 2])
def test_the_quality_matters(scale):
    restorer = models.restorer(trained(scale))
    assert isinstance(restorer, CodedRestorer)
    x = torch.rand(1, 3, 9, 11)
    low, high = restorer.at(0.1)(x), restorer.at(0.9)(x)
    assert low.shape == (1, 3, 9 * scale, 11 * scale) and not low.equal(high)
    assert restorer.at(0.1)(x).equal(low) and restorer.level == 0.5
    assert restorer(x[:, :1]).shape == (1, 1, 9 * scale, 11 * scale)
    with pytest.raises(ValueError, match="level must be 0 to 1"):
        restorer.at(1.5)


def test_other_scales_are_refused():
    with pytest.raises(ValueError, match="1 or 2"):
        CodedNet(3)


def test_gradients_reach_every_weight():
    for scale in (1, 2):
        net = trained(scale).train()
        net(torch.rand(1, 4, 8, 8)).sum().backward()
        assert all(p.grad is not None and p.grad.any() for p in net.parameters())
