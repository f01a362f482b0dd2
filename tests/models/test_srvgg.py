# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""SRVGG: its sizes, its skip, and the public weights in our class."""

import os
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from srlab import evaluation, models
from srlab.models import SRVGG

PUBLIC = "realesr-animevideov3.pth"


def public_weights() -> Path | None:
    """In SRLAB_WEIGHTS, or in weights/ beside a folder of SRLAB_DATA."""
    folders = [Path(os.environ.get("SRLAB_WEIGHTS") or "/nonexistent")]
    data = os.environ.get("SRLAB_DATA", "").split(os.pathsep)
    folders += [Path(d).parent / "weights" for d in data if d]
    found = [f / PUBLIC for f in folders if (f / PUBLIC).is_file()]
    return found[0] if found else None


@pytest.fixture(scope="module")
def public() -> SRVGG:
    file = public_weights()
    if file is None:
        pytest.skip("no local copy of the set of public weights (SRLAB_WEIGHTS)")
    net = SRVGG(scale=4)
    theirs = torch.load(file, map_location="cpu", weights_only=True)
    net.load_state_dict(theirs["params"])
    return net.eval()


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (37, 53)])
def test_shape(scale, size):
    net = SRVGG(scale=scale, width=8, convs=2)
    out = net(torch.rand(2, 3, *size))
    assert out.shape == (2, 3, scale * size[0], scale * size[1])
    assert (net.channels, net.upscale) == (3, scale)


def test_it_adds_to_the_nearest_neighbour():
    net = SRVGG(scale=3, width=8, convs=1)
    nn.init.zeros_(net.body[-1].weight)
    nn.init.zeros_(net.body[-1].bias)
    x = torch.rand(1, 3, 4, 5)
    assert torch.equal(net(x), F.interpolate(x, scale_factor=3, mode="nearest"))


def test_every_parameter_gets_a_gradient():
    torch.manual_seed(0)
    net = SRVGG(width=8, convs=2)
    net(torch.rand(2, 3, 6, 7)).square().mean().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_the_layers_in_order():
    kinds = [type(layer).__name__ for layer in SRVGG(width=8, convs=2).body]
    assert kinds == ["Conv2d", "PReLU"] * 3 + ["Conv2d"]
    assert SRVGG(width=8).body[1].weight.shape == (8,)


def test_no_scale_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        SRVGG(scale=0)


def test_the_public_weights_load_and_enlarge(public):
    """animevideov3 (BSD-3-Clause): a flat grey picture stays flat and grey."""
    x = torch.full((1, 3, 24, 24), 0.5)
    with torch.no_grad():
        inside = public(x)[..., 32:-32, 32:-32]
    assert (inside - 0.5).abs().max() < 0.02


def test_the_public_weights_give_their_measured_decibels(public):
    """28.23 dB on Set5 x4 by protocol C: trained on drawings, under bicubic's 28.43."""
    try:
        evaluation.benchmark_set("Set5")
    except FileNotFoundError:
        pytest.skip("no local copy of the benchmark set Set5")
    row = evaluation.benchmark(models.restorer(public), "Set5", 4, protocol="C")
    assert row.psnr == pytest.approx(28.23, abs=0.02)
