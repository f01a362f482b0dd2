# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""SRCNN: what its three layers do, its rates, its start."""

import pytest
import torch

from srlab.models import SRCNN


@pytest.mark.parametrize("size", [(1, 1), (37, 53)])
@pytest.mark.parametrize("f2", [1, 5])
def test_the_size_stays(size, f2):
    assert SRCNN(f2=f2)(torch.rand(2, 1, *size)).shape == (2, 1, *size)


def test_a_pixel_sees_seventeen_by_seventeen():
    y = torch.rand(1, 1, 41, 41, requires_grad=True)
    net = SRCNN()
    torch.nn.init.normal_(net.reconstruct.weight)
    net(y)[0, 0, 20, 20].backward()
    seen = y.grad[0, 0].abs() > 0
    rows = seen.any(1).nonzero().flatten()
    assert (rows.min(), rows.max()) == (20 - 8, 20 + 8)


def test_started_as_the_identity_it_gives_the_picture_back():
    y = torch.rand(1, 1, 20, 20)
    net = SRCNN()
    for p in net.reconstruct.parameters():
        torch.nn.init.zeros_(p)
    net.start_as_identity()
    assert (net(y) - y).abs().max() < 1e-6


def test_the_last_layer_learns_at_a_tenth():
    groups = SRCNN().parameter_groups()
    assert [g["factor"] for g in groups] == [1.0, 0.1]
    assert sum(p.numel() for g in groups for p in g["params"]) == 57281


def test_every_parameter_gets_a_gradient():
    net = SRCNN()
    net(torch.rand(2, 1, 12, 12)).square().mean().backward()
    assert all(p.grad.abs().sum() > 0 for p in net.parameters())


def test_even_kernels_are_refused():
    with pytest.raises(ValueError, match="9-4-5: each must be odd"):
        SRCNN(f2=4)
