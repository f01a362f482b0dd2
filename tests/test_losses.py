# SPDX-License-Identifier: MIT
# Copyright (c) The srlab authors
"""Losses: known values, gradients, and what is compared before or after activation."""

import math

import pytest
import torch
from torch import nn

from srlab import losses, models


class Toy(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 4, 1)
        self.b = nn.Conv2d(4, 2, 1)

    def forward(self, x):
        return self.b(self.a(x).relu())


@pytest.fixture
def pair():
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(2, 3, 16, 16, generator=generator) for _ in range(2)]


def test_pixel_losses():
    x, y = torch.full((1, 1, 2, 2), 0.5), torch.zeros(1, 1, 2, 2)
    assert losses.l1(x, y) == 0.5 and losses.mse(x, y) == 0.25


def test_vanilla_by_hand():
    real, fake = torch.tensor([[2.0]]), torch.tensor([[-1.0]])
    sigmoid = [1 / (1 + math.exp(-v)) for v in (2, -1)]
    wanted = -math.log(sigmoid[0]) - math.log(1 - sigmoid[1])
    assert losses.Vanilla().discriminator(real, fake).item() == pytest.approx(wanted)
    generator = losses.Vanilla().generator(None, fake).item()
    assert generator == pytest.approx(-math.log(sigmoid[1]))


def test_relativistic_by_hand():
    real, fake = torch.tensor([[3.0], [1.0]]), torch.tensor([[0.0], [2.0]])

    def bce(logits, label):
        p = torch.sigmoid(logits)
        return -(p if label else 1 - p).log().mean()

    wanted = (bce(real - 1.0, 1) + bce(fake - 2.0, 0)) / 2  # means: fake 1, real 2
    loss = losses.RelativisticAverage()
    assert loss.discriminator(real, fake).item() == pytest.approx(wanted.item())
    swapped = (bce(real - 1.0, 0) + bce(fake - 2.0, 1)) / 2
    assert loss.generator(real, fake).item() == pytest.approx(swapped.item())


def test_the_relativistic_generator_learns_from_real_pictures_too():
    for kind, wanted in ((losses.RelativisticAverage, True), (losses.Vanilla, False)):
        real = torch.zeros(2, 1, requires_grad=True)
        fake = torch.ones(2, 1, requires_grad=True)
        kind().generator(real, fake).backward()
        assert fake.grad.abs().sum() > 0
        assert (real.grad is not None and bool(real.grad.abs().sum() > 0)) == wanted


def test_logits_that_are_large_stay_finite():
    large = torch.full((1, 1, 4, 4), 500.0)
    for loss in (losses.Vanilla(), losses.RelativisticAverage()):
        assert loss.discriminator(-large, large).isfinite()
        assert loss.generator(large, -large).isfinite()


def test_features_come_before_activation(pair):
    net = Toy()
    found = losses.Features(net, ["a", "b"])(pair[0])
    assert list(found) == ["a", "b"]
    assert torch.equal(found["a"], net.a(pair[0])) and found["a"].min() < 0


@pytest.mark.parametrize("distance", ["l1", "l2"])
@pytest.mark.parametrize("before", [True, False])
def test_perceptual_by_hand(pair, distance, before):
    x, y = pair
    net = Toy()
    loss = losses.Perceptual(
        losses.Features(net, ["a"]), {"a": 0.5}, before, distance=distance
    )
    a, b = net.a(x), net.a(y)
    if not before:
        a, b = a.relu(), b.relu()
    size = b.square().mean().sqrt()
    apart = (a - b) / size
    wanted = 0.5 * (apart.abs() if distance == "l1" else apart.square()).mean()
    assert loss(x, y).item() == pytest.approx(wanted.item(), rel=1e-5)
    assert loss(y, y) == 0


def test_perceptual_has_a_gradient_and_leaves_the_features_alone(pair):
    loss = losses.Perceptual()  # the photo classifier's
    x = pair[0].clone().requires_grad_()
    before = {k: v.clone() for k, v in loss.features.net.state_dict().items()}
    loss.train()
    loss(x, pair[1]).backward()
    assert x.grad.abs().sum() > 0
    assert all(p.grad is None for p in loss.features.net.parameters())
    after = loss.features.net.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before)
    assert set(loss.weights.values()) == {0.1, 1.0}


def test_feature_matching():
    ones, twos = torch.ones(1, 2, 3, 3), torch.full((1, 2, 3, 3), 2.0)
    assert losses.feature_matching([ones, ones], [ones, twos]) == 0.5
    fake = twos.clone().requires_grad_()
    real = ones.clone().requires_grad_()
    losses.feature_matching([real], [fake]).backward()
    assert fake.grad is not None and real.grad is None


def test_wrong_calls():
    with pytest.raises(ValueError, match="no layers"):
        losses.Features(Toy(), ["c"])
    features = losses.Features(Toy(), ["a"])
    with pytest.raises(ValueError, match="no such layers"):
        losses.Perceptual(features, {"z": 1.0})
    with pytest.raises(ValueError, match="l1 or l2"):
        losses.Perceptual(features, distance="l3")
    with pytest.raises(ValueError, match="no features"):
        losses.feature_matching([], [])
    with pytest.raises(ValueError, match="VGG19 has"):
        losses.vgg19_features(["conv9_9"])


def test_a_map_of_logits_serves_as_well_as_one():
    net = models.UNetDiscriminator(width=8)
    x = torch.rand(1, 3, 16, 16)
    assert losses.Vanilla().discriminator(net(x), net(1 - x)).ndim == 0
